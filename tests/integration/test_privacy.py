"""People's own data and the public side of cases: shown before filing, masked, moderated, copied, corrected, erased."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pynamodb.transactions import TransactWrite

from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import NotFound
from chalicelib.domain.personal import MASK
from chalicelib.settings import utc_now
from chalicelib.store import bans, complaints, guards, people, privacy
from chalicelib.store.tables import PersonRow, connection
from chalicelib.usecases import escalation, handling, reading
from chalicelib.usecases import privacy as rights
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, a_case, an_officer
from tests.integration.test_http import REPORT, Api, api, etag, problem
from tests.stack import Stack

__all__ = ["api"]
NAMED = "Sampah dibuang Pak Wayan Sudarma, motor DK 1234 AB, hubungi 0812-0000-4321."
CLEANED = "Sampah dibuang ke saluran."


def filed(api: Api, **changes: object) -> tuple[str, str]:
    answer = api.post("/v1/complaints", {**REPORT, **changes}, Idempotency_Key=cast.a_key())
    assert answer.status == 201, answer.body
    return answer.body["code"], answer.body["secret"]


def bearer(api: Api, code: str, secret: str) -> Api:
    return Api(api.client, api.post("/v1/auth/links", {"code": code, "secret": secret}).body["token"])


# The public side ----------------------------------------------------------------------------------------------


def test_what_somebody_types_is_shown_before_it_is_filed_and_masked_if_it_stays(api: Api) -> None:
    shown = api.post("/v1/suggestions", {"text": NAMED}).body["personal"]
    assert [(each["kind"], each["effect"], each["words"]) for each in shown] == [
        ("person", "held", "Wayan Sudarma"),
        ("plate", "masked", "DK 1234 AB"),
        ("phone", "masked", "0812-0000-4321"),
    ]
    assert all(NAMED[each["start"] : each["end"]] == each["words"] for each in shown)

    triage = an_officer(f"triage@{TRIAGE_OFFICE}")
    code, _ = filed(api, text=NAMED)
    office = api.as_officer(triage)
    assert office.get(f"/v1/office/complaints/{code}").body["text"] == NAMED
    office.post(f"/v1/office/complaints/{code}/release", If_Match="1")
    public = api.get(f"/v1/complaints/{code}").body["text"]
    assert public == f"Sampah dibuang Pak Wayan Sudarma, motor {MASK}, hubungi {MASK}."
    listed = api.get("/v1/complaints").body["complaints"][0]["excerpt"]
    assert "DK 1234" not in listed


def test_moderators_mend_what_is_public_keep_the_original_and_take_it_back(api: Api) -> None:
    code, secret = filed(api, text=NAMED)
    triage, desk = an_officer(f"triage@{TRIAGE_OFFICE}"), an_officer("duty@dlhk")
    office, path = api.as_officer(triage), f"/v1/office/complaints/{code}"
    mending = {"text": CLEANED, "reason": "Nama orang dihapus."}
    assert office.call("PUT", f"{path}/public-text", mending).status == 428
    assert office.call("PUT", f"{path}/public-text", mending, If_Match="1").status == 200
    stale = office.call("PUT", f"{path}/public-text", {**mending, "text": "Lain."}, If_Match="1")
    assert problem(stale)[0] == 412
    same = office.call("PUT", f"{path}/public-text", mending, If_Match="2")
    assert problem(same)[0] == 422
    assert office.post(f"{path}/release", If_Match="2").status == 201
    assert api.get(f"/v1/complaints/{code}").body["text"] == CLEANED

    side = office.get(f"{path}/public-text")
    assert (side.body["text"], side.body["moderated"], etag(side)) == (NAMED, True, '"3"')
    assert [line["act"] for line in side.body["history"]] == ["moderate", "release"]
    assert side.body["history"][0]["reason"] == "Nama orang dihapus."
    # Nobody else reads what was before, nor why.
    others = api.as_officer(desk)
    assert problem(others.get(f"{path}/public-text"))[0] == 403
    for reader in (others.get(path), others.get(f"{path}/dossier"), api.get(f"/v1/complaints/{code}")):
        assert "Nama orang dihapus" not in json.dumps(reader.body)
    me = bearer(api, code, secret)
    assert me.get(f"/v1/me/complaints/{code}").body["text"] == NAMED
    assert "Nama orang dihapus" not in json.dumps(me.get(f"/v1/me/complaints/{code}/dossier").body)

    assert office.post(f"{path}/public-text/undo", If_Match="3").status == 201  # the release
    assert api.get(f"/v1/complaints/{code}").body["screening"]["state"] == "held"
    assert office.post(f"{path}/public-text/undo", If_Match="4").status == 201  # the mending
    assert office.get(f"{path}/public-text").body["moderated"] is False
    assert problem(office.post(f"{path}/public-text/undo", If_Match="5"))[0] == 409


def test_a_text_that_is_held_is_not_told_by_any_answer_about_it(api: Api) -> None:
    """Neither its words nor that somebody works on them: no ETag, the same moment, the same size of the state."""
    triage = an_officer(f"triage@{TRIAGE_OFFICE}")
    code, _ = filed(api, text=NAMED)
    before = api.get(f"/v1/complaints/{code}"), api.get(f"/v1/complaints/{code}/status")
    mending = {"text": CLEANED, "reason": "Nama orang dihapus."}
    api.as_officer(triage).call("PUT", f"/v1/office/complaints/{code}/public-text", mending, If_Match="1")
    after = api.get(f"/v1/complaints/{code}"), api.get(f"/v1/complaints/{code}/status")
    assert [answer.body for answer in before] == [answer.body for answer in after]
    assert not any("etag" in answer.headers for answer in (*before, *after))
    # Asking with a version learns nothing either: the public has none.
    assert api.get(f"/v1/complaints/{code}", If_None_Match='"2"').status == 200


def test_late_screening_raises_an_alarm_and_releases_nothing(stack: Stack) -> None:
    an_officer(f"office_head@{TRIAGE_OFFICE}")
    code = a_case(text=NAMED).complaint.code
    clock = cast.stored(code).clocks
    screening = next(c for c in clock if c.name == "screening")
    for days in range(4):
        escalation.sweep(now=screening.due + timedelta(days=days, minutes=1))
    assert cast.stored(code).screening == "held"
    climbs = [e for e in complaints.get(code).history if e.data.get("clock") == "screening"]
    assert climbs
    assert "text" not in reading.public_list(reading.Filters(), now=screening.due).cards[0].excerpt


def test_what_a_banned_sender_files_waits_for_triage_and_nobody_is_told(api: Api) -> None:
    triage, desk = an_officer(f"triage@{TRIAGE_OFFICE}"), an_officer("duty@dlhk")
    device = {"Device_Id": "a-device-of-somebody"}
    first = api.post("/v1/complaints", REPORT, Idempotency_Key=cast.a_key(), **device).body
    office, path = api.as_officer(triage), f"/v1/office/complaints/{first['code']}"
    side = office.get(f"{path}/public-text").body
    assert (side["bannable"], side["banned"]) == (["device", "address"], False)
    wanted = {"by": ["device"], "days": 30, "reason": "Laporan palsu berulang."}
    assert problem(api.as_officer(desk).post(f"{path}/bans", wanted))[0] == 403
    assert problem(office.post(f"{path}/bans", {**wanted, "by": ["person"]}))[0] == 422
    (ban,) = office.post(f"{path}/bans", wanted).body["bans"]

    second = api.post("/v1/complaints", REPORT, Idempotency_Key=cast.a_key(), **device)
    assert (second.status, set(second.body)) == (201, set(first))
    stored = cast.stored(second.body["code"])
    assert (stored.office, stored.category, stored.sorted) == (TRIAGE_OFFICE, "sampah", False)
    mine = bearer(api, second.body["code"], second.body["secret"])
    told = json.dumps(mine.get(f"/v1/me/complaints/{second.body['code']}").body)
    assert "palsu" not in told
    third = api.post(
        "/v1/complaints", REPORT, Idempotency_Key=cast.a_key(), Device_Id="another-device-of-all"
    )
    assert cast.stored(third.body["code"]).office == "dlhk"

    assert office.get("/v1/office/bans").body["bans"][0]["id"] == ban
    assert "a-device-of-somebody" not in cast.everything()
    assert problem(api.as_officer(desk).get("/v1/office/bans"))[0] == 404
    assert office.call("DELETE", f"/v1/office/bans/{ban}").status == 200
    fourth = api.post("/v1/complaints", REPORT, Idempotency_Key=cast.a_key(), **device)
    assert cast.stored(fourth.body["code"]).office == "dlhk"


def test_where_an_erased_report_came_from_is_forgotten_and_its_key_stays_taken(stack: Stack) -> None:
    marks = {"address": "a-hash", "device": "another"}
    for key in (cast.a_key(), None):
        guard = guards.Guard(key, "body", "DPS-11111-11111", NOW, marks) if key else None
        with TransactWrite(connection=connection()) as transaction:
            if guard:
                transaction.save(guards.row(guard))
            else:
                bans.note_origin(transaction, "DPS-11111-11111", marks, until=NOW + timedelta(days=90))
        assert bans.origin("DPS-11111-11111", key) == marks
        assert bans.origin("DPS-22222-22222", key) == {}, "another case's"
        for _ in range(2):
            bans.forget_origin("DPS-11111-11111", key)
        assert bans.origin("DPS-11111-11111", key) == {}
        if key:
            assert guards.earlier(key, now=NOW) == ("body", "DPS-11111-11111")


# A person's own data ------------------------------------------------------------------------------------------


def test_a_copy_holds_the_contact_every_case_what_was_joined_and_which_consent_was_shown(api: Api) -> None:
    version = api.get("/v1/city").body["consent"]["version"]
    phone, other = cast.a_phone(), cast.a_phone()
    contact = {"phone": phone, "name": "Made Contoh"}
    code, secret = filed(
        api, contact=contact, consent_version=version, text="Sampah menumpuk di depan pasar."
    )
    old = api.post("/v1/complaints", {**REPORT, "consent_version": "2020-01-01"})
    assert problem(old)[0] == 422
    foreign, _ = filed(api, contact={"phone": other})
    triage = an_officer(f"triage@{TRIAGE_OFFICE}")
    api.as_officer(triage).post(f"/v1/office/complaints/{foreign}/release", If_Match="1")
    me = api.signed_in(phone)
    assert me.post(f"/v1/me/complaints/{foreign}/joins", {}, Idempotency_Key=cast.a_key()).status == 201

    copy = me.get("/v1/me/data").body
    assert copy["contact"] == {"phone": phone, "email": "", "name": "Made Contoh", "language": "id"}
    assert [(case["code"], case["consent_version"]) for case in copy["complaints"]] == [(code, version)]
    assert copy["complaints"][0]["text"] == "Sampah menumpuk di depan pasar."
    assert copy["complaints"][0]["entries"][0]["entry"]["act"] == "file"
    assert [message["template"] for message in copy["complaints"][0]["messages"]]
    assert [join["code"] for join in copy["joined"]] == [foreign]

    by_link = bearer(api, code, secret).get("/v1/me/data").body
    assert [case["code"] for case in by_link["complaints"]] == [code]
    assert phone not in json.dumps(by_link)
    assert by_link["contact"]["phone"].endswith(phone[-3:])
    assert problem(api.as_officer(triage).get("/v1/me/data"))[0] == 404


def test_who_signed_in_corrects_their_data_and_nobody_else_does(api: Api) -> None:
    phone = cast.a_phone()
    code, secret = filed(api, contact={"phone": phone, "name": "Mde"})
    me = api.signed_in(phone)
    fixed = me.call(
        "PUT", "/v1/me/data", {"name": "Made Contoh", "email": "made@example.id", "language": "en"}
    )
    assert fixed.body == {"phone": phone, "email": "made@example.id", "name": "Made Contoh", "language": "en"}
    assert me.get("/v1/me/data").body["contact"] == fixed.body
    assert problem(me.call("PUT", "/v1/me/data", {"email": "x"}))[0] == 422
    assert problem(me.call("PUT", "/v1/me/data", {"phone": cast.a_phone()}))[0] == 422
    assert problem(bearer(api, code, secret).call("PUT", "/v1/me/data", {"name": "Lain"}))[0] == 404


def test_erasure_takes_words_and_person_keeps_what_happened_and_leaves_a_tombstone(api: Api) -> None:
    phone = cast.a_phone()
    words = "Sampah menumpuk di gang rahasia Seroja."
    code, secret = filed(api, contact={"phone": phone, "name": "Made Contoh"}, text=words)
    desk = an_officer("duty@dlhk")
    api.as_officer(desk).post(
        f"/v1/office/complaints/{code}/replies", {"text": "Tim ke gang Seroja."}, If_Match="1"
    )
    me = api.signed_in(phone)
    me.post(f"/v1/me/complaints/{code}/messages", {"text": "Lihat di Seroja."})
    assert problem(me.post("/v1/me/erasure", {}))[0] == 422
    assert problem(me.post("/v1/me/erasure", {"sure": False}))[0] == 422
    done = me.post("/v1/me/erasure", {"sure": True})
    assert (done.status, done.body["done"], done.body["complaints"]) == (202, True, 1)

    for trace in ("Seroja", "Made Contoh", phone):
        assert trace not in cast.everything()
    stored = complaints.get(code)
    assert (stored.complaint.status, stored.complaint.citizen) == (Status.WITHDRAWN, None)
    assert (stored.complaint.category, stored.complaint.area) == ("sampah", cast.PANJER)
    assert reading.flaws(stored) == ()
    assert [event.act for event in stored.history][-2:] == ["withdraw", "erase"]
    assert problem(api.post("/v1/auth/links", {"code": code, "secret": secret}))[0] == 401
    assert problem(me.get(f"/v1/me/complaints/{code}"))[0] == 404
    assert problem(me.get("/v1/me/data"))[0] == 404
    tombstones = list(PersonRow.by_office.query(privacy.DONE))
    assert len(tombstones) == 1


def test_an_erasure_that_was_cut_off_is_finished_by_the_job_and_may_run_twice(stack: Stack) -> None:
    phone = cast.a_phone()
    codes = [a_case(phone=phone, text=f"Sampah nomor {n} di Seroja.").complaint.code for n in range(7)]
    who = cast.citizen(phone)
    started = rights.erase(who, now=cast.NOW)
    assert started.done_at is None
    assert cast.everything().count("Seroja") > 0  # two are left
    with pytest.raises(NotFound):
        people.citizen(who.id)  # the contact went at once
    for _ in range(2):
        ran = rights.retain(now=cast.later(hours=1))
        assert ran.finished
    assert "Seroja" not in cast.everything()
    assert privacy.open_erasures() == []
    assert all(complaints.get(code).complaint.citizen is None for code in codes)
    # Done again by an impatient person: nothing is left to do.
    with pytest.raises(NotFound):
        rights.erase(who, now=cast.later(hours=2))


def test_a_contact_is_wiped_when_its_time_is_over_and_no_sooner(stack: Stack) -> None:
    phone = cast.a_phone()
    done = a_case(phone=phone).complaint.code
    open_still = a_case(phone=phone, text="Sampah lain di pasar.").complaint.code
    who = cast.citizen(phone)
    handling.withdraw(done, who, "other", now=cast.later(days=1))
    assert rights.retain(now=cast.later(days=2)).wiped == 0  # one case is open
    handling.withdraw(open_still, who, "other", now=cast.later(days=20))
    # Looked at when the first may be over; by then the second says how much longer.
    assert rights.retain(now=cast.later(days=370)).wiped == 0
    assert rights.retain(now=cast.later(days=390)).wiped == 1
    assert rights.retain(now=cast.later(days=390)).wiped == 0
    with pytest.raises(NotFound):
        people.citizen(who.id)
    assert complaints.get(done).complaint.text == cast.RUBBISH  # the record follows the archive schedule


def test_the_job_tells_what_it_did(stack: Stack) -> None:
    a_case(phone=cast.a_phone())
    told = cast.invoke("send_lists", cast.a_tick())
    assert {"erased", "wiped"} <= set(told)
    assert utc_now() is not None
