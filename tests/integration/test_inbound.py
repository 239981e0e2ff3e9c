"""Answers by SMS, receipts, and the other roads at work: pushes, WhatsApp, a gateway, partner systems."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import roads
from chalicelib import settings as current
from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import Refused
from chalicelib.domain.people import Act
from chalicelib.domain.wishes import Wish
from chalicelib.store import outbox, wishes
from chalicelib.usecases import handling
from chalicelib.usecases import wishes as own
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, Sent, a_case, an_officer, later
from tests.integration.test_http import Api, api
from tests.stack import Stack

__all__ = ["api"]


class Outside:
    """Other systems: what was posted to them, and whether they answer."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.refuses = ""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> bytes:
        if self.refuses:
            raise Refused(self.refuses)
        self.posted.append((url, json.loads(body)))
        return b'{"messages": [{"id": "wamid.1"}]}'


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    found = Outside()
    configuration = {
        "inbound": {"secret": "rahasia"},
        "gateway": {"url": "https://sms.example.id", "token": "x", "first": True},
        "whatsapp": {
            "url": "https://wa.example",
            "token": "x",
            "templates": {"citizen_received": ["aduan_diterima", "code", "link"]},
        },
        "webhooks": {"portal": {"url": "https://portal.example.id", "secret": "y"}},
    }
    # The network and the parameter store stand outside of what is looked at.
    monkeypatch.setattr(roads, "_all", lambda: configuration)
    monkeypatch.setattr(roads, "post", found.post)
    monkeypatch.setenv("ROADS_PARAMETER", "/pro/denpasar/test/roads")
    current.settings.cache_clear()
    yield found
    monkeypatch.undo()
    current.settings.cache_clear()


def posted(api: Api, path: str, body: dict[str, Any], secret: str = "rahasia") -> Any:
    raw = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return api.client.http.post(
        path, headers={"Content-Type": "application/json", "X-Signature": signature}, body=raw
    )


def test_an_officer_answers_an_sms_and_the_act_is_theirs_once(
    stack: Stack, api: Api, outside: Outside
) -> None:
    clerk, stranger = an_officer("duty@dlhk"), cast.a_phone()
    code = a_case().complaint.code
    said = {"from": clerk.phone, "text": f"{code.lower()} slesai sampah sudah diangkut", "id": "m-1"}
    assert posted(api, "/v1/inbound/sms", said, secret="other").status_code == 404
    assert posted(api, "/v1/inbound/sms", {**said, "from": stranger, "id": "m-0"}).json_body == {"reply": ""}
    assert cast.stored(code).status is Status.RECEIVED
    reply = posted(api, "/v1/inbound/sms", said).json_body["reply"]
    assert code in reply
    event = cast.complaints.get(code).history[-1]
    assert (event.act, event.by.id, event.text) == (Act.RESOLVE, clerk.officer.id, "sampah sudah diangkut")
    assert posted(api, "/v1/inbound/sms", said).json_body == {"reply": ""}, "the gateway said it twice"
    assert len(cast.complaints.get(code).history) == 2
    again = posted(api, "/v1/inbound/sms", {**said, "id": "m-2"}).json_body["reply"]
    assert "masuk" in again, "solved already"
    assert (
        "SELESAI" in posted(api, "/v1/inbound/sms", {**said, "text": "halo", "id": "m-3"}).json_body["reply"]
    )
    assert posted(api, "/v1/inbound/sms", {"from": "x"}).status_code == 422
    other = an_officer("duty@pupr")
    theirs = {"from": other.phone, "text": f"{code} terima", "id": "m-4"}
    assert "masuk" in posted(api, "/v1/inbound/sms", theirs).json_body["reply"]
    assert len(cast.complaints.get(code).history) == 2


def test_an_sms_goes_by_the_gateway_and_its_receipt_is_in_the_log(
    stack: Stack, api: Api, outside: Outside
) -> None:
    phone, sent = cast.a_phone(), Sent(stack)
    code = a_case(phone=phone).complaint.code
    cast.deliver(later(minutes=1))
    assert sent.to(phone) == []
    ((url, body),) = outside.posted
    assert (url, body["to"]) == ("https://sms.example.id", phone)
    receipt = {"reference": body["reference"], "state": "failed", "reason": "absent subscriber"}
    assert posted(api, "/v1/inbound/receipts", receipt).status_code == 200
    found = {each.notice.id: each for each in outbox.of_complaint(code)}[body["reference"]]
    assert (found.state, found.fate) == ("failed", "absent subscriber")
    assert posted(api, "/v1/inbound/receipts", {**receipt, "reference": "x"}).status_code == 404


def test_whatsapp_carries_what_has_an_approved_template_and_the_sms_the_rest(
    stack: Stack, outside: Outside
) -> None:
    phone, clerk = cast.a_phone(), an_officer("duty@dlhk").officer
    filed = a_case(phone=phone)
    wishes.keep("citizen", filed.complaint.citizen or "", Wish(channel="whatsapp"))
    cast.deliver(later(minutes=1))
    assert [url for url, _ in outside.posted] == ["https://wa.example"]
    handling.resolve(filed.complaint.code, clerk, "Sudah.", if_match=1, now=later(hours=1))
    cast.deliver(later(hours=1))
    assert [url for url, _ in outside.posted] == ["https://wa.example", "https://sms.example.id"]


def test_a_push_to_an_app_replaces_the_sms_until_the_app_is_gone(
    stack: Stack, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib import aws

    made = aws.client("sns").create_platform_application(Name="uji", Platform="GCM", Attributes={})
    monkeypatch.setitem(roads._all(), "apps", {"android": made["PlatformApplicationArn"]})
    phone, clerk = cast.a_phone(), an_officer("duty@dlhk").officer
    filed = a_case(phone=phone)
    person = filed.complaint.citizen or ""
    own.push_to("citizen", person, {"app": "android", "token": "token-1"})
    assert "token-1" not in cast.everything()
    wishes.keep("citizen", person, Wish(channel="push"))
    cast.deliver(later(minutes=1))
    assert outside.posted == []
    states = {d.notice.template: d.state for d in outbox.of_complaint(filed.complaint.code)}
    assert states["citizen_received"] == "sent"
    aws.client("sns").delete_platform_application(PlatformApplicationArn=made["PlatformApplicationArn"])
    with cast.on_sns(lambda **_: cast.sns_error("EndpointDisabled", 400)):
        handling.resolve(filed.complaint.code, clerk, "Sudah.", if_match=1, now=later(hours=1))
        cast.deliver(later(hours=1))
    assert [url for url, _ in outside.posted] == ["https://sms.example.id"], "then by SMS"
    assert wishes.address("citizen", person) == b""


def test_partners_hear_of_public_cases_alone_and_what_they_refused_can_be_replayed(
    stack: Stack, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOKS", "portal")
    current.settings.cache_clear()
    clerk, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    outside.refuses = "HTTP 410"
    code = a_case().complaint.code
    hidden = (
        a_case(publication="private") if False else a_case(text="Petugas DLHK minta uang.", accused="dlhk")
    )
    cast.deliver(later(minutes=1))
    (died,) = outbox.dead()
    assert died.notice.to == "partner#portal"
    assert hidden.complaint.code not in died.notice.id
    outside.refuses = ""
    outbox.replay(died.notice.id, now=later(minutes=2))
    cast.deliver(later(minutes=2))
    handling.release(code, triage, if_match=1, now=later(minutes=3))  # no other state: no news
    handling.resolve(code, clerk, "Sudah.", if_match=2, now=later(minutes=4))
    cast.deliver(later(minutes=5))
    events = [body for url, body in outside.posted if url == "https://portal.example.id"]
    assert [(each["code"], each["status"]) for each in events] == [(code, "received"), (code, "resolved")]
    assert all(set(each) == {"id", "code", "status", "at"} for each in events)
