"""A reporter's choices on record: what staff may narrow and never widen, which consent text was shown; bans."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.complaint import CONSENT, CONSENT_IN_FORCE, CONSENT_LANGUAGE
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import short
from chalicelib.store import complaints
from tests.integration import people as cast
from tests.integration import test_pages as pages
from tests.integration.people import TRIAGE_OFFICE, an_officer
from tests.integration.test_http import REPORT, Api, api, problem
from tests.stack import Stack

__all__ = ["api"]
CONTACT = {"phone": "0812-0000-4321", "name": "Made Contoh"}


def filed(api: Api, path: str = "/v1/complaints", **changes: Any) -> tuple[str, Any]:
    answer = api.post(path, {**REPORT, **changes}, Idempotency_Key=cast.a_key())
    assert answer.status == 201, answer.body
    return answer.body["code"], answer.body


def told_at_filing(code: str) -> dict[str, Any]:
    (event,) = [each for each in complaints.get(code, consistent=True).history if each.act is Act.FILE]
    names = (CONSENT, CONSENT_LANGUAGE, CONSENT_IN_FORCE)
    return {name: event.data[name] for name in names if name in event.data}


def test_staff_narrow_what_the_reporter_allowed_and_nobody_of_the_city_widens_it_again(api: Api) -> None:
    code, own = filed(api, contact=CONTACT, identity="shown", publication="public")
    clerk, triage = (
        api.as_officer(an_officer("staff@dlhk")),
        api.as_officer(an_officer(f"triage@{TRIAGE_OFFICE}")),
    )
    case = f"/v1/office/complaints/{code}"
    assert triage.post(f"{case}/release", If_Match="1").status == 201
    assert api.get(f"/v1/complaints/{code}").body["text"] == REPORT["text"]

    narrowing = {"publication": "private", "identity": "hidden", "reason": "Menyebut isi rumah."}
    for loosening in ({"publication": "public"}, {"identity": "shown"}, {"private": False}, {}):
        refused = clerk.post(f"{case}/tightening", {**loosening, "reason": "Uji coba."}, If_Match="2")
        assert problem(refused)[0] == 422, loosening
    other = api.as_officer(an_officer("staff@pupr"))
    assert problem(other.post(f"{case}/tightening", narrowing, If_Match="2"))[0] in (403, 404)
    assert problem(clerk.post(f"{case}/tightening", narrowing, If_Match="1"))[0] == 412
    done = clerk.post(f"{case}/tightening", narrowing, If_Match="2")
    assert done.status == 201

    seen = clerk.get(case).body
    assert (seen["publication"], seen["reporter"]["contact"]) == ("private", "hidden")
    assert "tighten" not in seen["may"]
    assert "text" not in api.get(f"/v1/complaints/{code}").body
    assert code not in [row["code"] for row in api.get("/v1/complaints").body["complaints"]]
    # What was narrowed stays so, whoever tries and whatever they call it.
    assert problem(triage.post(f"{case}/release", If_Match="3"))[0] == 409
    assert problem(clerk.post(f"{case}/tightening", narrowing, If_Match="3"))[0] == 422
    assert problem(clerk.post(f"{case}/contact", If_Match="3"))[0] in (403, 409)
    again = triage.post(
        f"{case}/sorting", {"category": REPORT["category"], "accusation": False}, If_Match="3"
    )
    assert again.status == 201
    assert complaints.get_head(code).complaint.private
    assert not complaints.get_head(code).complaint.identity_shown
    # The reporter reads that it was done; why is for triage.
    reporter = Api(
        api.client, api.post("/v1/auth/links", {"code": code, "secret": own["secret"]}).body["token"]
    )
    mine = reporter.get(f"/v1/me/complaints/{code}").body
    (line,) = [each for each in mine["timeline"] if each["act"] == "tighten"]
    assert "isi rumah" not in str(mine)
    assert line["what"]
    (told,) = [each for each in triage.get(case).body["timeline"] if each["act"] == "tighten"]
    assert told["data"]["reason"] == "Menyebut isi rumah."


def test_the_desk_narrows_too(stack: Stack) -> None:
    code = pages.code_of(pages.file(**{"contact.phone": "0812-0000-4321", "identity": "shown"}))
    path = f"/o/{short(code)}"
    desk = pages.officer_browser("staff@pupr")
    shown = pages.text_of(desk.get(path))
    assert "Batasi siapa yang melihat" in shown
    nothing = desk.post(f"{path}/tighten", {"version": 1, "reason": "Rumah orang."})
    assert nothing.status_code == 422
    done = desk.post(f"{path}/tighten", {"version": 1, "identity": "hidden", "reason": "Diminta pelapor."})
    assert done.status_code == 303
    complaint = complaints.get_head(code).complaint
    assert (complaint.private, complaint.identity_shown) == (False, False)


def test_every_road_that_takes_a_contact_records_the_consent_text_and_its_language(api: Api) -> None:
    version = api.get("/v1/city").body["consent"]["version"]
    named, _ = filed(api, "/v1/complaints?lang=en", contact=CONTACT, consent_version=version)
    assert told_at_filing(named) == {CONSENT: version, CONSENT_LANGUAGE: "en"}
    unnamed, _ = filed(api, contact=CONTACT)
    assert told_at_filing(unnamed) == {CONSENT: version, CONSENT_LANGUAGE: "id", CONSENT_IN_FORCE: True}
    without, _ = filed(api)
    assert told_at_filing(without) == {}
    signed_in, _ = filed(api.signed_in("0812-0000-4321"), "/v1/me/complaints")
    counter = api.as_officer(an_officer("staff@pupr"))
    for_somebody, _ = filed(counter, "/v1/office/complaints", contact=CONTACT, consent=True)
    for code in (signed_in, for_somebody):
        assert told_at_filing(code)[CONSENT] == version
    page = pages.code_of(
        pages.file(
            pages.Browser(language="en"), **{"contact.phone": "081200004321", "consent_version": version}
        )
    )
    assert told_at_filing(page) == {CONSENT: version, CONSENT_LANGUAGE: "en"}

    triage = api.as_officer(an_officer(f"triage@{TRIAGE_OFFICE}"))
    assert triage.post(f"/v1/office/complaints/{without}/release", If_Match="1").status == 201
    joined = api.post(f"/v1/complaints/{without}/joins", {"contact": {"phone": "0812-0000-9998"}})
    assert joined.status == 201, joined.body
    copy = api.signed_in("0812-0000-9998").get("/v1/me/data").body
    assert [each["consent_version"] for each in copy["joined"]] == [version]
    held = api.signed_in("0812-0000-4321").get("/v1/me/data").body["complaints"]
    assert {each["consent_version"] for each in held} == {version}
    assert {each["consent_language"] for each in held} == {"id", "en"}
    assert [each["code"] for each in held if each["consent_in_force"]]


def test_triage_makes_and_ends_bans_on_a_page_that_nobody_else_finds(stack: Stack) -> None:
    code = pages.code_of(pages.file(**{"contact.phone": "0812-0000-4321"}))
    triage, clerk = pages.officer_browser(f"triage@{TRIAGE_OFFICE}"), pages.officer_browser("staff@pupr")
    page = f"/tinjauan?kasus={short(code)}"
    assert clerk.get(page).status_code == 404
    assert "/tinjauan" not in clerk.get(f"/o/{short(code)}").body.decode()
    assert f"/tinjauan?kasus={short(code)}" in triage.get(f"/o/{short(code)}").body.decode()
    shown = triage.get(page).body.decode()
    assert "Telepon atau surel pelapor" in shown
    assert "4321" not in shown.partition("<main")[2]

    ban = {"kasus": short(code), "by": ["person", "address"], "days": "30", "reason": "Laporan palsu."}
    assert clerk.post("/tinjauan", ban).status_code in (403, 404)
    assert triage.post("/tinjauan", {**ban, "days": "x"}).status_code == 422
    assert triage.post("/tinjauan", {**ban, "by": []}).status_code == 422
    assert triage.post("/tinjauan", ban).status_code == 303
    listed = triage.get("/tinjauan").body.decode()
    assert listed.count("Laporan palsu.") == 2
    later = pages.code_of(pages.file(**{"contact.phone": "0812-0000-4321"}))
    assert complaints.get_head(later).complaint.office == TRIAGE_OFFICE
    ids = [part.partition('"')[0] for part in listed.split('name="akhiri" value="')[1:]]
    assert clerk.post("/tinjauan", {"akhiri": ids[0]}).status_code == 404
    for each in ids:
        assert triage.post("/tinjauan", {"akhiri": each}).status_code == 303
    assert "Laporan palsu." not in triage.get("/tinjauan").body.decode()


@pytest.mark.parametrize(
    "path",
    ["https://jahat.example", "//jahat.example", "/tinjauan/../..//jahat.example", "/o\r\nSet-Cookie: x=1"],
)
def test_signing_in_leads_nowhere_else(path: str, stack: Stack) -> None:
    answer = pages.Browser().post("/masuk", {"as": "citizen", "phone": "0812-0000-4321", "lanjut": path})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/masuk/kode?tantangan=")
    assert "jahat" not in answer.headers["Location"]
    assert "\n" not in str(answer.headers)
