"""Triage on the public side of cases: mend, take back, what was shown before, and bans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.moderation import SHOWN_BEFORE
from chalicelib.domain.visibility import public_text
from chalicelib.http import personal, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.forms import TEXT_MOST, WORDS_MOST, Form, nothing
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import moderation, signin

routes = Blueprint(__name__)

_BASE = "/v1/office/complaints/{code}"
DAYS_MOST = 365


@routes.route(f"{_BASE}/public-text", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_public_text(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    found = moderation.public_side(requests.code(code), officer, now=utc_now())
    language, city = requests.language(request), load(settings().city)
    complaint = found.complaint
    body = {
        "code": complaint.code,
        "text": complaint.text,
        "public_text": public_text(complaint),
        "moderated": bool(complaint.public_text),
        "screening": complaint.screening,
        "personal": personal.found_in(complaint.text, language),
        "banned": found.banned,
        "bannable": list(found.bannable),
        "history": [
            {
                "at": event.at,
                "act": event.act,
                "what": views.what(event, city, language),
                "officer": event.by.id,
                "reason": str(event.data.get("reason", "")),
                "shown_before": event.data.get(SHOWN_BEFORE),
            }
            for event in found.acts
        ],
    }
    return views.answer(body, version=complaint.version)


@routes.route(f"{_BASE}/public-text", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_public_text(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    text, reason = mending(requests.body(request))
    version, now = requests.if_match(request), utc_now()
    complaint = moderation.moderate(requests.code(code), officer, text, reason, if_match=version, now=now)
    body = views.state(complaint, load(settings().city), requests.language(request), now)
    return views.answer(body, version=complaint.version)


@routes.route(f"{_BASE}/public-text/undo", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_public_text_undo(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    nothing(requests.body(request))
    version, now = requests.if_match(request), utc_now()
    complaint = moderation.revert(requests.code(code), officer, if_match=version, now=now)
    body = views.state(complaint, load(settings().city), requests.language(request), now)
    return views.answer(body, 201, version=complaint.version)


@routes.route(f"{_BASE}/tightening", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_tightening(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    choices, reason = tightening(requests.body(request))
    version, now = requests.if_match(request), utc_now()
    complaint = moderation.tighten(requests.code(code), officer, choices, reason, if_match=version, now=now)
    body = views.state(complaint, load(settings().city), requests.language(request), now)
    return views.answer(body, 201, version=complaint.version)


@routes.route(f"{_BASE}/bans", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_ban(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    by, days, reason = banning(requests.body(request))
    made = moderation.ban(requests.code(code), officer, by, days, reason, now=utc_now())
    return views.answer({"bans": made}, 201)


@routes.route("/v1/office/bans", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_bans() -> Response:
    officer = signin.officer(requests.who(requests.current()))
    found = moderation.standing_bans(officer, now=utc_now())
    rows = [
        {
            "id": ban.id,
            "by": ban.kind,
            "code": ban.code,
            "officer": ban.officer,
            "reason": ban.reason,
            "made_at": ban.made_at,
            "until": ban.until,
        }
        for ban in found
    ]
    return views.answer({"bans": rows})


@routes.route("/v1/office/bans/{ban}", methods=["DELETE"], authorizer=signed_in)
@answers_problems
def delete_ban(ban: str) -> Response:
    officer = signin.officer(requests.who(requests.current()))
    moderation.lift(ban, officer)
    return views.answer({"lifted": ban})


def mending(values: Mapping[str, Any]) -> tuple[str, str]:
    """The text that the public is to read, and why."""
    form = Form(values)
    text = form.text("text", least=1, most=TEXT_MOST)
    reason = form.text("reason", least=3, most=WORDS_MOST, required=True)
    form.done()
    return text, reason


def tightening(values: Mapping[str, Any]) -> tuple[list[str], str]:
    """Which of the reporter's choices is taken back, and why. Nothing here can be loosened: each has one value."""
    form = Form(values)
    told = {
        "publication": form.choice("publication", ("private",)),
        "identity": form.choice("identity", ("hidden",)),
    }
    choices = [name for name, value in told.items() if value]
    if not choices and not form.faults:
        form.fault("publication", "nothing_changed")
    reason = form.text("reason", least=3, most=WORDS_MOST, required=True)
    form.done()
    return choices, reason


def banning(values: Mapping[str, Any]) -> tuple[list[str], int, str]:
    """What a ban goes by, for how many days, and why."""
    form = Form(values)
    by = form.raw("by", required=True)
    if not isinstance(by, list) or not by or any(kind not in moderation.BY for kind in by):
        form.fault("by", "not_a_choice", choices=", ".join(moderation.BY))
        by = []
    days = form.whole("days", 1, DAYS_MOST, required=True) or 1
    reason = form.text("reason", least=3, most=WORDS_MOST, required=True)
    form.done()
    return list(dict.fromkeys(by)), days, reason
