"""The main journeys as HTTP callers see them, through Chalice's own router and authorizer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import keys
from chalicelib.http import views
from chalicelib.observability import logger
from chalicelib.settings import move_clock, utc_now
from chalicelib.store import complaints
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import escalation
from tests.integration import people as cast
from tests.integration.people import PANJER, TRIAGE_OFFICE, Employee, Sent, an_officer
from tests.stack import Stack

REPORT = {
    "kind": "complaint",
    "category": "sampah",
    "text": cast.RUBBISH,
    "place": {"area": PANJER, "words": "Depan Pasar Nyanggelan"},
}


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Api:
    client: Client
    token: str = ""

    def call(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> Answer:
        sent = {"Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        answer = self.client.http.request(method, path, headers=sent, body=data)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, found, json.loads(answer.body) if answer.body else None)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return self.call("POST", path, {} if body is None else body, **headers)

    def signed_in(self, phone: str, kind: str = "citizen") -> Api:
        challenge = self.post("/v1/auth/codes", {"phone": phone, "as": kind}).body["challenge"]
        digits = keys.one_time_digits(challenge)
        own = {"pin": "240681"} if kind == "officer" else {}
        answer = self.post("/v1/auth/tokens", {"challenge": challenge, "digits": digits, **own})
        assert answer.status == 201, answer.body
        return Api(self.client, answer.body["token"])

    def as_officer(self, employee: Employee) -> Api:
        return self.signed_in(employee.phone, "officer")


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    # An ordinary working Monday in Denpasar, whatever day the machine has.
    move_clock(cast.NOW + timedelta(days=7) - datetime.now(UTC))
    with Client(app) as client:
        yield Api(client)
    move_clock(timedelta(0))


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    assert "Traceback" not in json.dumps(answer.body)
    return answer.status, answer.body["type"].rpartition("/")[2]


def etag(answer: Answer) -> str:
    return answer.headers["etag"]


# Journeys -----------------------------------------------------------------------------------------------------


def test_from_filing_to_a_rating_over_http(api: Api, stack: Stack) -> None:
    desk, phone = an_officer("duty@dlhk", desk=True), cast.a_phone()
    triage = an_officer(f"triage@{TRIAGE_OFFICE}")
    sent = Sent(stack)
    filed = api.post("/v1/complaints", {**REPORT, "contact": {"phone": phone}}, Idempotency_Key=cast.a_key())
    assert filed.status == 201
    code = filed.body["code"]
    cast.deliver(utc_now())
    assert {m["to"] for m in sent.new()} == {desk.phone, desk.email, phone}

    public = api.get(f"/v1/complaints/{code}")
    assert "text" not in public.body
    assert public.body["status"] == "received"
    office, sorter, me = api.as_officer(desk), api.as_officer(triage), api.signed_in(phone)
    assert [row["code"] for row in office.get("/v1/office/complaints").body["complaints"]] == [code]
    case = office.get(f"/v1/office/complaints/{code}")
    assert case.body["text"] == cast.RUBBISH
    answer = sorter.post(f"/v1/office/complaints/{code}/release", If_Match=etag(case))
    assert api.get(f"/v1/complaints/{code}").body["text"] == cast.RUBBISH
    answer = office.post(
        f"/v1/office/complaints/{code}/replies", {"text": "Tim berangkat."}, If_Match=etag(answer)
    )
    answer = office.post(
        f"/v1/office/complaints/{code}/resolution", {"text": "Sudah diangkut."}, If_Match=etag(answer)
    )
    assert (answer.status, answer.body["status"]) == (201, "resolved")
    assert "rate" in me.get(f"/v1/me/complaints/{code}").body["may"]
    rated = me.post(f"/v1/me/complaints/{code}/rating", {"score": 5, "words": "Terima kasih."})
    assert (rated.status, rated.body["status"]) == (201, "closed")
    assert api.get(f"/v1/complaints/{code}/status").body["status"] == "closed"


def test_a_deadline_that_passes_shows_to_the_reporter_and_reaches_the_next_rung(
    api: Api, stack: Stack
) -> None:
    head, phone = an_officer("division_head@dlhk"), cast.a_phone()
    code = api.post("/v1/complaints", {**REPORT, "contact": {"phone": phone}}).body["code"]
    cast.deliver(utc_now())
    sent = Sent(stack)
    now = utc_now() + timedelta(days=3)
    escalation.sweep(now=now)
    cast.deliver(now)
    assert {m["channel"] for m in sent.to(head.phone, head.email)} == {"sms", "email"}
    own = api.signed_in(phone).get(f"/v1/me/complaints/{code}").body
    assert "escalate" in [line["act"] for line in own["timeline"]]
    assert own["level"] >= 1


def test_an_accusation_over_http_is_nobodys_but_triages(api: Api, stack: Stack) -> None:
    desk = an_officer("duty@dlhk", "office_head@dlhk", desk=True)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}")
    sent = Sent(stack)
    report = {**REPORT, "about_staff": {"office": "dlhk", "words": "sopir truk"}}
    filed = api.post("/v1/complaints", report)
    code = filed.body["code"]
    cast.deliver(utc_now())
    assert filed.body["office"] is None
    assert sent.to(desk.phone, desk.email) == []
    office, sorter = api.as_officer(desk), api.as_officer(triage)
    assert problem(office.get(f"/v1/office/complaints/{code}")) == (404, "not-found")
    unknown = office.get("/v1/office/complaints/DPS-00000-00000")
    assert problem(unknown) == (404, "not-found")
    assert office.get("/v1/office/complaints").body["complaints"] == []
    for path in (f"/v1/complaints/{code}", f"/v1/complaints/{code}/status"):
        shown = json.dumps(api.get(path).body)
        for word in ("DLHK", "dlhk", "ampah", "Panjer", PANJER, "sopir"):
            assert word not in shown, path
    assert api.get("/v1/complaints").body["complaints"] == []
    seen = sorter.get(f"/v1/office/complaints/{code}")
    sorted_out = sorter.post(
        f"/v1/office/complaints/{code}/sorting",
        {"category": "sampah", "accusation": True},
        If_Match=etag(seen),
    )
    assert sorted_out.status == 201
    assert problem(office.get(f"/v1/office/complaints/{code}")) == (404, "not-found")


def test_a_private_case_tells_the_public_neither_what_nor_where_nor_who(api: Api) -> None:
    code = api.post(
        "/v1/complaints", {**REPORT, "category": "sampah_lingkungan", "publication": "private"}
    ).body["code"]
    for path in (f"/v1/complaints/{code}", f"/v1/complaints/{code}/status"):
        shown = json.dumps(api.get(path).body)
        # A village's office is its place.
        for word in ("Panjer", PANJER, "ampah", "Nyanggelan"):
            assert word not in shown, path


def test_a_withdrawal_gives_its_reason_to_triage_and_not_to_the_office(api: Api, stack: Stack) -> None:
    desk, phone = an_officer("duty@dlhk"), cast.a_phone()
    code = api.post("/v1/complaints", {**REPORT, "contact": {"phone": phone}}).body["code"]
    me, office = api.signed_in(phone), api.as_officer(desk)
    done = me.post(
        f"/v1/me/complaints/{code}/withdrawal", {"reason": "asked_to", "text": "Saya diancam petugas."}
    )
    assert done.status == 201
    seen = json.dumps(office.get(f"/v1/office/complaints/{code}").body)
    assert "diancam" not in seen
    assert "asked_to" not in seen
    triage = api.as_officer(an_officer("triage@diskominfos"))
    read = json.dumps(triage.get(f"/v1/office/complaints/{code}").body)
    assert "diancam" in read
    assert "asked_to" in read
    assert "diancam" not in json.dumps(api.get(f"/v1/complaints/{code}").body)


def test_a_look_at_the_contact_shows_in_the_reporters_timeline(api: Api, stack: Stack) -> None:
    desk, phone = an_officer("duty@dlhk"), cast.a_phone()
    report = {**REPORT, "contact": {"phone": phone, "name": "Made Contoh"}, "identity": "shown"}
    code = api.post("/v1/complaints", report).body["code"]
    office, me = api.as_officer(desk), api.signed_in(phone)
    case = office.get(f"/v1/office/complaints/{code}")
    assert phone not in json.dumps(case.body)
    shown = office.post(f"/v1/office/complaints/{code}/contact", If_Match=etag(case))
    assert shown.body["contact"] == {"phone": phone, "name": "Made Contoh"}
    assert me.get(f"/v1/me/complaints/{code}").body["timeline"][-1]["act"] == "reveal"
    assert "reveal" not in json.dumps(api.get(f"/v1/complaints/{code}").body)


# Versions and keys --------------------------------------------------------------------------------------------


def test_a_lost_race_is_412_and_a_missing_version_428(api: Api, stack: Stack) -> None:
    desk = an_officer("duty@dlhk")
    code = api.post("/v1/complaints", REPORT).body["code"]
    office = api.as_officer(desk)
    path = f"/v1/office/complaints/{code}/replies"
    assert problem(office.post(path, {"text": "Besok."})) == (428, "version-required")
    assert office.post(path, {"text": "Besok."}, If_Match='"1"').status == 201
    before = cast.everything()
    late = office.post(path, {"text": "Lusa."}, If_Match='"1"')
    assert problem(late) == (412, "stale")
    # Whoever was second is told what there is now, with the version to try again upon.
    assert (late.body["current"]["status"], late.headers["etag"]) == ("received", '"2"')
    assert cast.everything() == before


def test_another_offices_case_is_404_whatever_the_version(api: Api, stack: Stack) -> None:
    stranger = an_officer("duty@pupr")
    code = api.post("/v1/complaints", REPORT).body["code"]
    office = api.as_officer(stranger)
    assert problem(office.get(f"/v1/office/complaints/{code}"))[0] == 404
    for version in ('"1"', '"7"'):
        answer = office.post(f"/v1/office/complaints/{code}/replies", {"text": "Besok."}, If_Match=version)
        assert problem(answer)[0] == 404
        assert "etag" not in answer.headers


def test_a_key_answers_again_and_refuses_another_body(api: Api) -> None:
    key = cast.a_key()
    first = api.post("/v1/complaints", REPORT, Idempotency_Key=key)
    again = api.post("/v1/complaints", REPORT, Idempotency_Key=key)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    other = api.post("/v1/complaints", {**REPORT, "text": "Sampah lain lagi."}, Idempotency_Key=key)
    assert problem(other) == (422, "idempotency-key-reused")


def test_a_secret_link_signs_in_for_its_one_case(api: Api) -> None:
    filed, other = (api.post("/v1/complaints", REPORT).body for _ in range(2))
    opened = api.post("/v1/auth/links", {"code": filed["code"], "secret": filed["secret"]})
    me = Api(api.client, opened.body["token"])
    assert me.get(f"/v1/me/complaints/{filed['code']}").body["text"] == cast.RUBBISH
    assert problem(me.get(f"/v1/me/complaints/{other['code']}"))[0] == 404
    assert problem(api.post("/v1/auth/links", {"code": other["code"], "secret": filed["secret"]}))[0] == 401


# Refusals -----------------------------------------------------------------------------------------------------


def test_all_faults_come_at_once_and_nothing_is_stored(api: Api) -> None:
    before = cast.everything()
    answer = api.post(
        "/v1/complaints",
        {
            "text": "x",
            "category": "nothing",
            "status": "closed",
            "place": {"lat": 95, "lon": 115.2},
            "contact": {"phone": "12"},
        },
        Accept_Language="en",
    )
    assert problem(answer) == (422, "invalid")
    assert {(e["field"], e["code"]) for e in answer.body["errors"]} >= {
        ("text", "too_short"),
        ("category", "unknown_category"),
        ("status", "not_yours"),
        ("place.lat", "out_of_range"),
        ("contact.phone", "no_phone"),
    }
    assert cast.everything() == before


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"text": NaN}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b'{"text": "' + b"a" * 1_000_000 + b'"}', 413),
        (json.dumps({**REPORT, "text": "Sampah \ud800 menumpuk."}).encode(), 422),
        (json.dumps({**REPORT, "text": "Sampah \x00 menumpuk."}).encode(), 422),
        (json.dumps({**REPORT, "client_time": "9999-12-31T23:59:59+00:00"}).encode(), 422),
        (json.dumps({**REPORT, "place": {"lat": 1e400, "lon": 1}}).encode(), 400),
    ],
)
def test_bad_input_is_named_and_stores_nothing(api: Api, raw: bytes, status: int) -> None:
    before = cast.everything()
    answer = api.call("POST", "/v1/complaints", raw=raw)
    assert problem(answer)[0] == status
    assert cast.everything() == before


def test_without_a_token_nothing_private_is_open(api: Api) -> None:
    code = api.post("/v1/complaints", REPORT).body["code"]
    for token in ("", "nonsense", "a.b.c"):
        caller = Api(api.client, token)
        for path in ("/v1/me/complaints", f"/v1/me/complaints/{code}", f"/v1/office/complaints/{code}"):
            assert caller.get(path).status in (401, 403)


def test_a_disabled_officer_is_out_at_the_next_request(api: Api, stack: Stack) -> None:
    desk = an_officer("duty@dlhk")
    office = api.as_officer(desk)
    assert office.get("/v1/office/me").status == 200
    cast.disable(desk)
    assert problem(office.get("/v1/office/me")) == (401, "not-signed-in")


def test_a_citizen_is_no_officer(api: Api) -> None:
    me = api.signed_in(phone_of_a_reporter(api))
    assert problem(me.get("/v1/office/complaints")) == (401, "not-signed-in")


def phone_of_a_reporter(api: Api) -> str:
    phone = cast.a_phone()
    api.post("/v1/complaints", {**REPORT, "contact": {"phone": phone}})
    return phone


def test_too_many_codes_say_when_to_come_back(api: Api) -> None:
    phone = cast.a_phone()
    answers = [api.post("/v1/auth/codes", {"phone": phone}) for _ in range(6)]
    assert [answer.status for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_public_view_is_the_same_with_a_token(api: Api) -> None:
    phone = phone_of_a_reporter(api)
    me = api.signed_in(phone)
    (row,) = me.get("/v1/me/complaints").body["complaints"]
    path = f"/v1/complaints/{row['code']}"
    assert me.get(path).body == api.get(path).body


@pytest.mark.parametrize(
    ("filed", "reopens_on", "asked", "shown"),
    [
        # Tue 17 March 2026, the last working day before Nyepi and Idulfitri; Wed 25 is the next.
        ("2026-03-17T02:00", "2026-03-25", "2026-03-24T15:59", "2026-03-25"),
        ("2026-03-19T04:00", "2026-03-25", "2026-03-24T16:00", None),
        ("2026-11-23T02:00", None, "2026-11-23T03:00", None),
    ],
)
def test_before_a_closure_the_answer_and_the_own_case_name_the_day_of_reopening(
    stack: Stack, filed: str, reopens_on: str | None, asked: str, shown: str | None
) -> None:
    at = datetime.fromisoformat(f"{filed}+00:00")
    done = cast.a_case(now=at, phone=cast.a_phone())
    assert views.filed(done, cast.city(), "id", "https://x.id")["reopens_on"] == reopens_on
    later = datetime.fromisoformat(f"{asked}+00:00")
    stored = complaints.get(done.complaint.code)
    assert views.own(stored, cast.city(), "id", later)["reopens_on"] == shown


def test_what_is_logged_of_a_notice_bears_the_id_of_the_request_that_asked_for_it(
    api: Api, stack: Stack
) -> None:
    an_officer("duty@dlhk", desk=True)
    seen: list[str | None] = []
    assert api.post("/v1/complaints", REPORT).status == 201
    rows = list(NoticeRow.scan())
    asked = {json.loads(row.body).get("asked") for row in rows}
    assert len(asked) == 1
    assert asked != {None}
    api.get("/v1/city")  # another request in between
    with cast.on_sns(lambda **_: seen.append(logger.get_correlation_id())):
        cast.invoke("relay_notices", cast.a_batch(*[row.notice_id for row in rows]))
    assert set(seen) == asked
    assert logger.get_correlation_id() not in asked
