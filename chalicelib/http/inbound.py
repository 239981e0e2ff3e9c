"""Where a local SMS gateway posts: answers of officers, and receipts. Signed; without a secret it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.domain.errors import NotFound
from chalicelib.http import forms, requests, views
from chalicelib.http.forms import Form
from chalicelib.http.problems import answers_problems
from chalicelib.settings import utc_now

routes = Blueprint(__name__)

_TEXT_MOST = 1600
_STATES = ("delivered", "failed")


@routes.route("/v1/inbound/sms", methods=["POST"])
@answers_problems
def post_sms() -> Response:
    from chalicelib.usecases import inbound

    request = requests.current()
    _demand_signature(request)
    sender, text, message = answer(requests.body(request))
    return views.answer({"reply": inbound.answered(sender, text, message, now=utc_now())})


@routes.route("/v1/inbound/receipts", methods=["POST"])
@answers_problems
def post_receipt() -> Response:
    from chalicelib.usecases import inbound

    request = requests.current()
    _demand_signature(request)
    reference, state, reason = receipt(requests.body(request))
    inbound.received(reference, delivered=state == _STATES[0], reason=reason)
    return views.answer({"reference": reference, "state": state})


def answer(values: Mapping[str, Any]) -> tuple[str, str, str]:
    """``{"from", "text", "id"}``: the sender's number, what they typed, and the gateway's id of it."""
    form = Form(values)
    sender = form.text("from", most=40, lines=False, required=True)
    phone = forms.phone(sender) if sender else None
    if sender and phone is None:
        form.fault("from", "no_phone")
    text = form.text("text", most=_TEXT_MOST, required=True)
    message = form.text("id", most=200, lines=False, required=True)
    form.done()
    return phone or "", text, message


def receipt(values: Mapping[str, Any]) -> tuple[str, str, str]:
    """``{"reference", "state", "reason"}``: our own id of a message, and what became of it."""
    form = Form(values)
    reference = form.text("reference", most=300, lines=False, required=True)
    state = form.choice("state", _STATES, required=True) or ""
    reason = form.text("reason", most=200, lines=False)
    form.done()
    return reference, state, reason


def _demand_signature(request: Request) -> None:
    from chalicelib.usecases import inbound

    raw: Any = request.raw_body
    body = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
    if not inbound.is_ours(body, request.headers.get("x-signature", "")):
        raise NotFound("inbound")
