"""The page of bans: whose reports triage reads first, and why; made from a case, ended with one tap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.people import Officer
from chalicelib.domain.tracking import short
from chalicelib.http import html, moderation, requests
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import moderation as sides
from chalicelib.usecases import signin

routes = Blueprint(__name__)

PAGE = "/tinjauan"


@routes.route(PAGE, methods=["GET"], cors=False)
@answers_pages
def get_bans(visit: Visit) -> Response:
    """The bans that stand; with ``kasus`` also the form for the sender of that case. Moderators alone find the page."""
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    return _page(visit, officer, visit.query.get("kasus", ""))


@routes.route(PAGE, methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_bans(visit: Visit) -> Response:
    """End a ban (``akhiri``), or make those that are ticked (``by``) for the sender of a case (``kasus``)."""
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    fields = html.said(visit.request)
    said: dict[str, Any] = dict(html.last(fields))
    if "akhiri" in said:
        sides.lift(said["akhiri"], officer)
        return html.redirect(visit, PAGE, ok="akhiri")
    typed = said.pop("kasus", "")
    said["by"] = fields.get("by", [])
    if str(said.get("days", "")).isascii() and str(said.get("days", "")).isdigit():
        said["days"] = int(said["days"])
    try:
        by, days, reason = moderation.banning(said)
        sides.ban(requests.code(typed), officer, by, days, reason, now=visit.now)
    except Invalid as error:
        return _page(visit, officer, typed, 422, said=said, faults=error.faults)
    return html.redirect(visit, PAGE, ok="dibuat")


def _page(
    visit: Visit,
    officer: Officer,
    typed: str,
    status: int = 200,
    *,
    said: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
) -> Response:
    found = sides.standing_bans(officer, now=visit.now)
    side = sides.public_side(requests.code(typed), officer, now=visit.now) if typed else None
    return html.page(
        visit,
        "bans.html",
        status,
        rows=found,
        side=side,
        code=side.complaint.code if side else "",
        path=PAGE,
        most=moderation.DAYS_MOST,
        said=said or {},
        faults=html.told(visit, faults),
        done=visit.texts.get(f"ban_done_{visit.query.get('ok', '')}", ""),
        short=short,
    )
