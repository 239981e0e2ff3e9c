"""Photos on the real tables and an S3: whatever comes twice, too early, too late or never, the end is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from chalicelib import aws, photos
from chalicelib import pictures as judge
from chalicelib.domain import photos as rules
from chalicelib.domain.city import Proof
from chalicelib.domain.errors import (
    IllegalMove,
    Invalid,
    NoProof,
    NotFound,
    QuestionClosed,
    StaleComplaint,
    TooMany,
)
from chalicelib.domain.people import Officer
from chalicelib.domain.photos import For, Photo, Shown, State
from chalicelib.domain.proof import demanded
from chalicelib.settings import settings
from chalicelib.store import photos as store
from chalicelib.usecases import handling, intake
from chalicelib.usecases import photos as evidence
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, a_case, a_key, an_officer, citizen, later
from tests.stack import Stack

PLACE = {1: "S", 2: (8.0, 40.0, 12.0), 3: "E", 4: (115.0, 13.0, 30.0)}


def a_jpeg(seed: int = 1, *, gps: dict[int, Any] | None = None, at: str = "") -> bytes:
    picture = Image.new("RGB", (640, 480), (90, 120, 150))
    pen = ImageDraw.Draw(picture)
    for step in range(40):
        x, y = seed * 7919 * (step + 3) % 600, seed * 104729 * (step + 5) % 440
        pen.rectangle(
            (x, y, x + 70, y + 50), ((step * 37) % 255, (seed * 91 + step) % 255, (step * 53) % 255)
        )
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps or {})
    if at:
        exif.get_ifd(0x8769).update({0x9003: at, 0x9011: "+08:00"})
    out = BytesIO()
    picture.save(out, "JPEG", quality=85, exif=exif)
    return out.getvalue()


def send(photo_id: str, data: bytes) -> None:
    """What the form of a link does."""
    aws.client("s3").put_object(Bucket=settings().photo_bucket, Key=f"in/{photo_id}", Body=data)


def objects() -> set[str]:
    """Every version of every object that has anything to do with photos, by key; and marks of deleted ones."""
    found = aws.client("s3").list_object_versions(Bucket=settings().photo_bucket)
    return {each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))}


@pytest.fixture(autouse=True)
def empty_bucket(stack: Stack) -> Iterator[None]:
    photos.delete("")
    yield
    photos.delete("")


def draft(key: str, data: bytes | None = None, *, now: Any = NOW) -> str:
    asked = evidence.ask_for_draft(key, "image/jpeg", client="203.0.113.9", now=now)
    if data is not None:
        send(asked.photo.id, data)
    return asked.photo.id


def file_with(key: str, *ids: str, **changes: Any) -> str:
    retry = intake.Retry(key, "hash")
    return a_case(retry=retry, phone=cast.a_phone(), photos=tuple(ids), **changes).complaint.code


def case_with(data: bytes, **changes: Any) -> tuple[str, Photo]:
    key = a_key()
    photo_id = draft(key, data)
    code = file_with(key, photo_id, **changes)
    words()
    return code, store.get(photo_id)


def words() -> None:
    """Let the Lambda hear of every word to hurry, as the bucket tells it."""
    for key in sorted(key for key in objects() if key.startswith("todo/")):
        cast.invoke("on_photo", an_event(key))


def an_event(key: str) -> dict[str, Any]:
    text = (cast_events() / "s3-by-eventbridge.json").read_text(encoding="utf-8")
    event: dict[str, Any] = json.loads(text.replace("$bucket", settings().photo_bucket).replace("$key", key))
    return event


def cast_events() -> Any:
    from tests.stack import PROJECT

    return PROJECT / "tests" / "events"


def triage() -> Officer:
    return an_officer(f"triage@{TRIAGE_OFFICE}", office=TRIAGE_OFFICE).officer


def test_a_photo_goes_from_the_phone_to_the_evidence_and_is_shown_only_when_it_was_released() -> None:
    key = a_key()
    photo_id = draft(key, a_jpeg(gps=PLACE))
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    seen = evidence.state_of(photo_id, now=NOW)
    assert (seen.state, seen.kind, seen.width, seen.height) == (State.FIT, "jpeg", 640, 480)
    assert seen.place is not None
    assert (seen.place.lat, seen.place.lon) == (-8.67, 115.225)

    code = file_with(key, photo_id)
    complaint = cast.stored(code)
    assert complaint.place.point is None  # offered, not taken
    words()
    photo = store.get(photo_id)
    assert photo.settled
    assert photo.ready
    expected = {f"copies/{photo.folder}/{name}" for name in rules.COPIES} | {f"kept/{photo_id}"}
    assert objects() == expected
    assert photos.read(f"kept/{photo_id}") == a_jpeg(gps=PLACE)
    for name in rules.COPIES:
        assert not dict(Image.open(BytesIO(photos.read(f"copies/{photo.folder}/{name}"))).getexif())
    with pytest.raises(NotFound):
        evidence.state_of(photo_id, now=NOW)  # it is the case's now

    officer = triage()
    assert evidence.of_public(complaint) == []
    handling.release(code, officer, if_match=1, now=NOW)
    assert evidence.of_public(cast.stored(code)) == []  # the text is, the photo is not
    evidence.release(code, photo_id, officer, if_match=photo.version, now=NOW)
    (shown,) = evidence.of_public(cast.stored(code))
    link = evidence.copies(shown)["large.webp"]
    assert f"copies/{photo.folder}/large.webp" in link
    assert "X-Amz-Expires=300" in link


Way = Callable[[str, str], str]


def _event_then_claim(key: str, photo_id: str) -> str:
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    code = file_with(key, photo_id)
    words()
    return code


def _claim_then_event(key: str, photo_id: str) -> str:
    code = file_with(key, photo_id)
    words()
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    return code


def _every_event_twice(key: str, photo_id: str) -> str:
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    code = file_with(key, photo_id)
    cast.invoke("on_photo", an_event(f"todo/{photo_id}"))
    words()
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    return code


def _every_event_lost(key: str, photo_id: str) -> str:
    code = file_with(key, photo_id)
    photos.delete("todo/")
    assert evidence.sweep(now=later(minutes=16)) == (1, 0, True)
    return code


def _event_after_the_case_was_withdrawn(key: str, photo_id: str) -> str:
    code = file_with(key, photo_id)
    handling.withdraw(code, cast.holder_of(intake.Filed(cast.stored(code), "")), "", now=later(minutes=1))
    words()
    cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    return code


def _killed_at_every_step(key: str, photo_id: str) -> str:
    code = file_with(key, photo_id)
    photos.delete("todo/")
    for step in range(1, 40):
        with dying_after(step) as died:
            evidence.sweep(now=later(minutes=16))
        if not died:
            return code
    raise AssertionError("never came to its end")


@contextmanager
def dying_after(calls: int) -> Iterator[list[str]]:
    """Break S3 off after so many calls, as a Lambda that ends in the middle: what was done stays done."""
    events, left, died = aws.client("s3").meta.events, [calls], list[str]()

    def die(model: Any, **_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            died.append(model.name)
            raise SystemError("killed")

    events.register("before-call.s3", die)
    try:
        yield died
    finally:
        events.unregister("before-call.s3", die)


@pytest.mark.parametrize(
    "way",
    [
        _event_then_claim,
        _claim_then_event,
        _every_event_twice,
        _every_event_lost,
        _event_after_the_case_was_withdrawn,
        _killed_at_every_step,
    ],
)
def test_whatever_happens_on_the_way_the_end_is_the_same(way: Way) -> None:
    key = a_key()
    photo_id = draft(key, a_jpeg(gps=PLACE))
    code = way(key, photo_id)
    evidence.sweep(now=later(minutes=20))
    (photo,) = store.of_case(code)
    assert photo.settled
    plain = replace(photo, version=1, folder="", folders=(), case=None, owner="", id="", tries=1)
    found = judge.draw(a_jpeg(gps=PLACE))
    fresh = Photo("", "", For.FILING, NOW, claimed_at=NOW, size=len(a_jpeg(gps=PLACE)), tries=1)
    assert plain == replace(
        rules.judged(fresh, found, fresh.size),
        drawn=0,
        kept=True,
        large=(640, 480),
        small=(400, 300),
    )
    assert objects() == {f"kept/{photo_id}"} | {f"copies/{photo.folder}/{name}" for name in rules.COPIES}
    assert evidence.sweep(now=later(hours=30)) == (0, 0, True)


def test_what_nobody_claims_is_forgotten() -> None:
    key = a_key()
    good, bad, never = draft(key, a_jpeg()), draft(key, b"no picture at all"), draft(key)
    for photo_id in (good, bad, never):
        cast.invoke("on_photo", an_event(f"in/{photo_id}"))
    assert store.get(bad).reason == "not_a_picture"
    assert objects() == {f"in/{good}"}  # what was refused is not kept
    evidence.sweep(now=later(minutes=16))
    assert store.get(never).reason == "never_came"
    evidence.sweep(now=later(hours=25))
    assert objects() == set()
    for photo_id in (good, bad, never):
        with pytest.raises(NotFound):
            store.get(photo_id)
    send(good, a_jpeg())  # its link was kept and used again
    cast.invoke("on_photo", an_event(f"in/{good}"))
    assert objects() == set()


def test_a_photo_is_claimed_by_whoever_asked_for_it_and_once() -> None:
    key, other = a_key(), a_key()
    photo_id = draft(key, a_jpeg())

    def faults(with_key: str, *ids: str, now: Any = NOW) -> list[tuple[str, str]]:
        with pytest.raises(Invalid) as caught:
            a_case(retry=intake.Retry(with_key, "h"), photos=ids, now=now)
        return [(fault.field, fault.reason) for fault in caught.value.faults]

    assert faults(other, photo_id) == [("photos.0", "photo_unknown")]
    assert faults(key, photo_id, now=later(hours=25)) == [("photos.0", "photo_unknown")]
    bad = draft(key, b"nothing")
    cast.invoke("on_photo", an_event(f"in/{bad}"))
    assert faults(key, photo_id, bad, "a" * 26) == [
        ("photos.1", "photo_refused"),
        ("photos.2", "photo_unknown"),
    ]
    filed = a_case(retry=intake.Retry(key, "h"), photos=(photo_id,))
    again = a_case(retry=intake.Retry(key, "h"), photos=(photo_id,))  # the same request once more
    assert again.complaint.code == filed.complaint.code
    assert [photo.id for photo in store.of_case(filed.complaint.code)] == [photo_id]
    assert faults("another-" + key, photo_id) == [("photos.0", "photo_unknown")]


def test_a_draft_has_so_many_links_and_no_more() -> None:
    key = a_key()
    for _ in range(rules.PER_DRAFT):
        draft(key)
    with pytest.raises(TooMany):
        draft(key)


def test_a_citizen_may_send_photos_while_a_question_waits_and_an_office_with_its_proof() -> None:
    office = an_officer("staff@dlhk", office="dlhk").officer
    phone = cast.a_phone()
    filed = a_case(phone=phone)
    code, me = filed.complaint.code, citizen(phone)
    with pytest.raises(QuestionClosed):
        evidence.ask_for_answer(filed.complaint, me, "image/jpeg", client="x", now=NOW)
    asked = handling.ask(code, office, "Di sisi mana?", if_match=1, now=NOW)
    mine = evidence.ask_for_answer(asked, me, "image/jpeg", client="x", now=NOW).photo.id
    send(mine, a_jpeg(2, gps=PLACE, at="2026:11:23 09:00:00"))
    handling.answer(code, me, 1, "Sisi timur.", sent=[mine], now=later(minutes=5))
    complaint = cast.stored(code)
    proof = evidence.ask_for_proof(complaint, office, "image/jpeg", client="x", now=NOW).photo.id
    near = {**PLACE, 2: (8.0, 40.0, 12.36)}
    send(proof, a_jpeg(3, gps=near, at="2026:11:24 09:30:00"))
    stranger = an_officer("staff@pupr", office="pupr").officer
    with pytest.raises(NotFound):
        evidence.ask_for_proof(complaint, stranger, "image/jpeg", client="x", now=NOW)
    with pytest.raises(Invalid):  # not theirs
        handling.resolve(code, office, "Sudah.", sent=[mine], if_match=complaint.version, now=later(hours=8))
    handling.resolve(
        code, office, "Sudah diangkut.", sent=[proof], if_match=complaint.version, now=later(hours=8)
    )
    words()
    found = store.of_case(code)
    assert {photo.purpose for photo in found} == {For.ANSWER, For.PROOF}
    (pair,), reused = evidence.compared(found, cast.stored(code), office)
    assert (pair.proof, pair.before, pair.metres, pair.minutes) == (proof, mine, 11, 24 * 60 + 30)
    assert not pair.same_picture
    assert reused == []


def test_where_the_profile_demands_a_photo_a_second_person_approves_only_upon_one_that_can_be_seen() -> None:
    doer = an_officer("staff@dishub", office="dishub").officer
    head = an_officer("division_head@dishub", office="dishub").officer
    code = a_case(phone=cast.a_phone(), category="lampu_lalu_lintas").complaint.code
    assert demanded(cast.stored(code), cast.city()) is Proof.PHOTO

    def photo(data: bytes) -> str:
        asked = evidence.ask_for_proof(cast.stored(code), doer, "image/jpeg", client="x", now=NOW).photo.id
        send(asked, data)
        return asked

    def claim(*sent: str, minutes: int) -> None:
        version = cast.stored(code).version
        handling.resolve(
            code,
            doer,
            "Lampu menyala.",
            "Berita acara 12.",
            sent,
            if_match=version,
            now=later(minutes=minutes),
        )

    def approve(minutes: int) -> None:
        handling.approve(code, head, if_match=cast.stored(code).version, now=later(minutes=minutes))

    with pytest.raises(Invalid) as refused:
        claim(minutes=1)
    assert [(each.field, each.reason) for each in refused.value.faults] == [("photos", "proof_photo")]
    assert cast.stored(code).version == 1
    claim(photo(b"no picture at all"), minutes=2)
    with pytest.raises(NoProof):  # nobody has opened it yet
        approve(3)
    words()
    with pytest.raises(NoProof):  # and it shows nothing
        approve(4)
    handling.send_back(code, head, "Fotonya tidak dapat dibuka.", if_match=2, now=later(minutes=5))
    claim(photo(a_jpeg(41)), minutes=6)
    words()
    approve(7)
    assert cast.stored(code).status == "resolved"


def test_a_photo_that_is_looked_at_while_it_is_claimed_loses_no_answer_and_no_fix() -> None:
    """The job that an upload wakes writes the photo's row at the very moment at which the act claims it."""
    office = an_officer("staff@dlhk", office="dlhk").officer
    phone = cast.a_phone()
    filed = a_case(phone=phone)
    code, me = filed.complaint.code, citizen(phone)
    asked = handling.ask(code, office, "Di sisi mana?", if_match=1, now=NOW)
    mine = evidence.ask_for_answer(asked, me, "image/jpeg", client="x", now=NOW).photo.id
    proof = evidence.ask_for_proof(asked, office, "image/jpeg", client="x", now=NOW).photo.id
    for photo, seed in ((mine, 2), (proof, 3)):
        send(photo, a_jpeg(seed))
    waits = [mine]

    def slip_in(**_: object) -> None:
        if waits:
            evidence.work(waits.pop(), now=NOW)

    with cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", slip_in):
        complaint = handling.answer(code, me, 1, "Sisi timur.", sent=[mine], now=later(minutes=5))
        waits.append(proof)
        handling.resolve(code, office, "Sudah.", sent=[proof], if_match=complaint.version, now=later(hours=8))
    assert {photo.id for photo in store.of_case(code)} == {mine, proof}


def test_a_proof_that_was_seen_on_another_case_is_flagged_to_whoever_may_read_that_case() -> None:
    earlier, _ = case_with(a_jpeg(5))
    office = an_officer("staff@dlhk", office="dlhk").officer
    code = a_case(phone=cast.a_phone()).complaint.code
    proof = evidence.ask_for_proof(cast.stored(code), office, "image/jpeg", client="x", now=NOW).photo.id
    smaller = Image.open(BytesIO(a_jpeg(5))).resize((500, 375))
    out = BytesIO()
    smaller.save(out, "WEBP", quality=60)
    send(proof, out.getvalue())
    handling.resolve(code, office, "Sudah.", sent=[proof], if_match=1, now=NOW)
    words()
    _, reused = evidence.compared(store.of_case(code), cast.stored(code), office)
    assert [(one.photo, one.code) for one in reused] == [(proof, earlier)]
    village = an_officer("village_head@51.71.01.1003", office="51.71.01.1003").officer
    assert evidence.compared(store.of_case(code), cast.stored(code), village)[1] == []


def test_hiding_and_blackening_make_new_names_and_leave_no_version_of_the_old() -> None:
    code, photo = case_with(a_jpeg(6))
    officer = triage()
    office = an_officer("staff@dlhk", office="dlhk").officer
    handling.release(code, officer, if_match=1, now=NOW)
    with pytest.raises(Exception, match="not"):
        evidence.release(code, photo.id, office, if_match=photo.version, now=NOW)
    shown = evidence.release(code, photo.id, officer, if_match=photo.version, now=NOW)
    assert shown.folder == photo.folder
    with pytest.raises(StaleComplaint):
        evidence.hide(code, photo.id, officer, "Ada wajah.", if_match=photo.version, now=NOW)

    hidden = evidence.hide(code, photo.id, officer, "Ada wajah anak.", if_match=shown.version, now=NOW)
    assert evidence.of_public(cast.stored(code)) == []  # at once, before anything was deleted
    assert evidence.copies(hidden) == {}
    words()
    moved = store.get(photo.id)
    assert moved.folder != photo.folder
    assert objects() == {f"kept/{photo.id}"} | {f"copies/{moved.folder}/{name}" for name in rules.COPIES}
    assert (moved.shown, moved.why) == (Shown.HIDDEN, "Ada wajah anak.")

    boxes = [(0.0, 0.0, 1.0, 1.0)]
    evidence.redact(code, photo.id, officer, boxes, if_match=moved.version, now=NOW)
    words()
    black = store.get(photo.id)
    copy = Image.open(BytesIO(photos.read(f"copies/{black.folder}/small.jpg"))).convert("L")
    assert max(copy.tobytes()) < 30
    evidence.redact(code, photo.id, officer, [], if_match=black.version, now=NOW)
    words()
    whole = store.get(photo.id)
    copy = Image.open(BytesIO(photos.read(f"copies/{whole.folder}/small.jpg"))).convert("L")
    assert max(copy.tobytes()) > 100  # drawn anew from the original
    evidence.release(code, photo.id, officer, if_match=whole.version, now=NOW)
    words()
    final = store.get(photo.id)
    assert len({photo.folder, moved.folder, black.folder, whole.folder, final.folder}) == 5
    assert objects() == {f"kept/{photo.id}"} | {f"copies/{final.folder}/{name}" for name in rules.COPIES}
    assert [entry["act"] for entry in final.log] == ["release", "hide", "redact", "redact", "release"]
    (public,) = evidence.of_public(cast.stored(code))
    assert public.id == photo.id


def test_a_private_case_shows_no_photo_to_anybody() -> None:
    code, photo = case_with(a_jpeg(7), private=True)
    officer = triage()
    evidence.release(code, photo.id, officer, if_match=photo.version, now=NOW)
    assert evidence.of_public(cast.stored(code)) == []


def test_an_erased_case_keeps_no_version_of_any_photo_and_a_late_event_brings_nothing_back() -> None:
    code, photo = case_with(a_jpeg(8))
    assert store.alike(photo.mark) == [(code, photo.id, photo.mark)]
    evidence.erase_of(code, now=NOW)
    assert store.alike(photo.mark) == []
    evidence.sweep(now=later(minutes=5))
    assert objects() == set()
    assert (store.get(photo.id).state, store.get(photo.id).mark) == (State.ERASED, "")
    send(photo.id, a_jpeg(8))
    cast.invoke("on_photo", an_event(f"in/{photo.id}"))
    assert objects() == set()
    evidence.erase_of(code, now=NOW)  # once more, as a job that was killed does
    with pytest.raises(IllegalMove):
        evidence.hide(code, photo.id, triage(), "x y z", if_match=store.get(photo.id).version, now=NOW)


def test_a_case_that_is_erased_while_its_photo_is_drawn_is_not_found_by_that_photo() -> None:
    key = a_key()
    photo_id = draft(key, a_jpeg(12))
    code = file_with(key, photo_id)
    events = aws.client("s3").meta.events

    def erase_meanwhile(params: dict[str, Any], **_: Any) -> None:
        if "/small.jpg" in params["Key"]:  # the last copy: the next write is the row's
            evidence.erase_of(code, now=NOW)

    events.register("before-parameter-build.s3.PutObject", erase_meanwhile)
    try:
        words()
    finally:
        events.unregister("before-parameter-build.s3.PutObject", erase_meanwhile)
    assert store.get(photo_id).state is State.ERASED
    assert store.alike(judge.draw(a_jpeg(12), copies=False).mark) == []
    evidence.sweep(now=later(minutes=5))
    assert objects() == set()


def test_the_original_goes_when_its_time_after_the_case_is_over() -> None:
    code, photo = case_with(a_jpeg(9))
    days = timedelta(days=cast.city().retention_days["photo"])
    evidence.sweep(now=NOW + days + timedelta(hours=1))  # the case is open still
    assert store.get(photo.id).kept
    ended = NOW + days + timedelta(days=1)
    handling.withdraw(code, cast.holder_of(intake.Filed(cast.stored(code), "")), "", now=ended)
    evidence.sweep(now=ended + days - timedelta(days=1))
    assert store.get(photo.id).kept
    evidence.sweep(now=ended + days + timedelta(days=1))
    assert objects() == set()
    assert store.get(photo.id).state is State.ERASED


def test_a_file_that_ends_its_judge_three_times_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    key = a_key()
    photo_id = draft(key, a_jpeg())

    def fall(*_: Any, **__: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(judge, "examine", fall)
        for minutes in (16, 21, 26):
            assert evidence.sweep(now=later(minutes=minutes)) == (1, 1, True)
    assert evidence.sweep(now=later(minutes=31)) == (1, 0, True)
    assert (store.get(photo_id).state, store.get(photo_id).reason) == (State.REFUSED, "too_heavy")
