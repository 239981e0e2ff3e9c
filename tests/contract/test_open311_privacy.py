"""Open311 shows the public no more than every other door does: the same words, and nothing that nobody looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib import aws, cities
from chalicelib.settings import utc_now
from chalicelib.store import complaints
from chalicelib.usecases import api_keys, privacy
from tests import stack as stacks
from tests.contract.conftest import Api, Reply, a_report, officer
from tests.contract.test_open311 import AT, BASE, CITY, PNG, Client, multipart

LINK = "https://foto.example.id/rumah.jpg"
SAID = (
    "Jalan berlubang di depan rumah Pak Made Sudana, hubungi 0812-3456-7890 atau made@contoh.id. "
    "Sudah dua minggu."
)


@pytest.fixture
def o3(api: Api) -> Iterator[Client]:
    cities.lend(stacks.CITY, CITY)
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    yield Client(api, api_keys.issue("Uji", scopes, now=utc_now(), per_hour=0)[1])
    cities.lend(stacks.CITY, None)


def triage() -> str:
    return officer("triage@diskominfos", office="diskominfos", identity="pemilah")


def act(o3: Client, code: str, name: str, body: dict[str, Any], method: str = "POST") -> None:
    version = complaints.get_head(code).complaint.version
    reply = o3.api.call(
        method,
        f"/v1/office/complaints/{code}/{name}",
        body,
        token=triage(),
        headers={"If-Match": f'"{version}"'},
    )
    assert reply.status in (200, 201), reply.text


def test_both_doors_show_the_same_words_before_and_after_triage_mends_them(o3: Client) -> None:
    code = o3.filed(
        service_code="jalan_rusak",
        description=SAID,
        address_string="Gang IV, telp 0812-3456-7890",
        media_url=LINK,
    )

    def shown() -> Any:
        """What the other door says, held against the list, the single request and both formats of this one."""
        words = o3.api.call("GET", f"/v1/complaints/{code}").json.get("text")
        one = o3.both(f"requests/{code}", extensions="true")[0]
        (listed,) = o3.both("requests", extensions="true")
        assert one == listed
        assert one["description"] == words
        assert one["media_url"] is None  # nobody can release what another server may change tomorrow
        return one

    assert (shown()["description"], shown()["address"]) == (None, None)
    act(o3, code, "release", {})
    found = shown()
    for secret in ("7890", "made@contoh.id"):
        assert secret not in o3.raw("GET", "requests.json", extensions="true").text
    assert "Sudah dua minggu." in found["description"]
    assert found["address"].startswith("Gang IV")
    act(o3, code, "public-text", {"text": "Jalan berlubang.", "reason": "Nama orang."}, "PUT")
    assert (shown()["description"], shown()["address"]) == ("Jalan berlubang.", None)
    # Updates, too: the numbers that an office wrote are dots at both doors.
    o3.update(service_request_id=code, status="OPEN", description="Hubungi pelapor di 0812-3456-7890.")
    (told,) = o3.both("servicerequestupdates")
    timeline = o3.api.call("GET", f"/v1/complaints/{code}").json["timeline"]
    assert told["description"] == timeline[-1]["text"]
    assert "7890" not in told["description"]
    # Staff see what was sent, or nobody would ever have looked at it.
    seen = o3.api.call("GET", f"/v1/office/complaints/{code}", token=triage())
    assert seen.json["media_url"] == LINK
    path = f"/o/{code.partition('-')[2].replace('-', '')}"
    page = o3.api.call("GET", path, headers={"Cookie": f"sesi={triage()}"})
    assert f'href="{LINK}"' in page.text


def test_an_erasure_takes_what_only_open311_kept_and_says_so(o3: Client) -> None:
    said = {"address_string": "Rumah Made, 0812", "address_id": "A-77", "media_url": LINK}
    bare = {"lat": None, "long": None, "address_id": "A-78", "media_url": LINK}
    for sent in ({**said, "description": "Halo semua."}, bare):
        code = o3.filed(**sent)
        privacy._erase_case(code, utc_now())
        assert complaints.get(code).spoken == {}


def test_an_erasure_still_finds_where_a_report_came_from_and_forgets_it(o3: Client) -> None:
    from chalicelib.store import bans

    headers = {"Idempotency-Key": "k" * 32, "Device-Id": "hp-" + "1" * 20}
    code = o3.api.call("POST", "/v1/complaints", a_report(), headers=headers).json["code"]
    kept = (complaints.get(code).spoken or {})["key"]
    assert bans.origin(code, kept)
    privacy._erase_case(code, utc_now())
    assert complaints.get(code).spoken == {"key": kept}
    assert bans.origin(code, kept) == {}
    privacy._erase_case(code, utc_now())  # as a restore does once more


def refused_post(o3: Client, status: int, **said: str) -> Reply:
    given = {"api_key": o3.key, "service_code": "uji_biasa", **AT, **said}
    kind, body = multipart(given, ("media", "a.png", PNG), ("media", "b.png", PNG))
    reply = o3.api.call("POST", f"{BASE}/requests.json", body, headers={"Content-Type": kind})
    assert reply.status == status, reply.text
    return reply


def test_a_refused_post_leaves_no_photo_behind_and_names_what_was_too_much(o3: Client) -> None:
    from chalicelib import photos
    from chalicelib.store.tables import PhotoRow
    from chalicelib.usecases import photos as evidence
    from chalicelib.usecases.intake import PER_PERSON_DAY

    def left() -> tuple[list[str], list[str]]:
        for key, _ in list(photos._versions("todo/")):
            evidence.arrived(key, now=utc_now())  # as the Lambda does when the bucket tells it
        return [row.pk for row in PhotoRow.scan()], [key for key, _ in photos._versions("in/")]

    _, o3.key = api_keys.issue("Warga", [api_keys.FILE], now=utc_now(), per_hour=600)
    for _ in range(PER_PERSON_DAY):
        o3.post(email="ibu@contoh.id")
    before = left()
    assert "phone, email" in refused_post(o3, 429, email="ibu@contoh.id").text
    # What only the filing itself refuses: the place is the city's, and the village that it names is not known yet.
    refused_post(o3, 400, lat="48.85", long="2.35")
    assert left() == before
    # A bucket that fails at the second photo.
    events, sent = aws.client("s3").meta.events, list[str]()

    def fail(params: dict[str, Any], **_: Any) -> None:
        sent.append(params["Key"])
        if len(sent) == 2:
            raise EndpointConnectionError(endpoint_url="s3")

    events.register("before-parameter-build.s3.PutObject", fail)
    try:
        refused_post(o3, 503)
    finally:
        events.unregister("before-parameter-build.s3.PutObject", fail)
    assert [key.partition("/")[0] for key in sent] == ["in", "in", "todo"]
    assert left() == before


def test_a_key_without_a_rate_may_send_more_photos_than_an_address(
    o3: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.usecases import photos

    monkeypatch.setattr(photos, "PER_ADDRESS_HOUR", 1)
    for _ in range(2):
        refused_post(o3, 201)


def test_what_was_taken_out_of_sight_says_so_and_not_that_it_waits_to_be_read(o3: Client) -> None:
    code = o3.filed(service_code="jalan_rusak", description="Jalan berlubang sekali.")
    waits = o3.get(f"requests/{code}.json", lang="en")[0]["service_notice"]
    act(o3, code, "hiding", {"reason": "Nama orang."})
    hidden = o3.get(f"requests/{code}.json", lang="en")[0]["service_notice"]
    assert "read by the city before" in waits
    assert hidden == "The text is not shown in public."


def test_an_update_shows_the_proof_of_a_fix_while_it_may_be_seen(o3: Client) -> None:
    from chalicelib import photos as bucket
    from chalicelib.domain.people import Duty, Officer, Role
    from chalicelib.usecases import handling
    from chalicelib.usecases import photos as evidence

    code = o3.filed(description="Lampu padam di tikungan.")
    complaint = complaints.get(code).complaint
    office = complaint.office
    staff = Officer("petugas-uji", "Ni Uji", "", office, (Duty(Role.STAFF, office),))
    now = utc_now()
    proof = evidence.ask_for_proof(complaint, staff, "image/png", client="x", now=now).photo.id
    bucket.write(f"in/{proof}", PNG, "image/png")
    handling.resolve(code, staff, "Sudah menyala.", sent=[proof], if_match=complaint.version, now=now)
    evidence.work(proof, now=now)
    (told,) = o3.both("servicerequestupdates")
    assert told["media_url"].endswith(f"/media/{proof}.jpg")
    assert o3.api.call("GET", f"{BASE}/media/{proof}.jpg").status == 302
    photo = evidence.store.get(proof)
    evidence.store.put(replace(photo, shown=evidence.rules.Shown.HIDDEN), timedelta(days=9))
    (told,) = o3.both("servicerequestupdates")
    assert told["media_url"] is None


def test_a_reporter_s_long_update_reaches_the_office_with_its_link_and_nobody_else(o3: Client) -> None:
    scopes = [api_keys.FILE, api_keys.UPDATE]
    _, theirs = api_keys.issue("Warga", scopes, now=utc_now(), per_hour=0)
    code = o3.filed(api_key=theirs, description="Lampu padam di tikungan.")
    said = {"service_request_id": code, "status": "OPEN", "description": "Masih padam. " * 300}
    o3.update(api_key=theirs, update_id="1", media_url=LINK, **said)
    o3.update(400, api_key=theirs, update_id="2", **{**said, "description": "a" * 4001})
    message = complaints.get(code).history[-1].text
    assert message == f"{said['description'].strip()}\n{LINK}"
    for path in ("servicerequestupdates.json", f"requests/{code}.json"):
        shown = o3.raw("GET", path, extensions="true").text
        assert LINK not in shown
        assert "Masih padam" not in shown
