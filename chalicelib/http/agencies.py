"""The page of an agency outside the city: one case behind a signed link, without signing in, and one answer.

Opening it does nothing: mail scanners follow links. Only the form's POST answers.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import Fault, Invalid, NotFound, WindowClosed
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, own, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import outside
from chalicelib.usecases.outside import Opened

routes = Blueprint(__name__)

_GONE = 410


@routes.route("/t/{link}", methods=["GET"], cors=False)
@answers_pages
def get_case(visit: Visit, link: str) -> Response:
    opened, signature = _opened(visit, link)
    if opened.void:
        return _void(visit, opened)
    return _show(visit, opened, signature)


@routes.route("/t/{link}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_answer(visit: Visit, link: str) -> Response:
    opened, signature = _opened(visit, link)
    code, said = opened.stored.complaint.code, html.last(html.said(visit.request))
    try:
        outside.answer(code, signature, *forms.agency_answer(dict(said)), now=visit.now)
    except Invalid as error:
        if opened.void:
            return _void(visit, opened, kept=said.get("text", ""))
        return _show(visit, opened, signature, status=422, said=said, faults=error.faults)
    except WindowClosed:
        return _void(visit, opened, kept=said.get("text", ""))
    # To the same address, so that loading it again sends nothing twice: there the link says that it is used up.
    return html.redirect(visit, _path(code, signature), ok="1")


# Inside -------------------------------------------------------------------------------------------------------


def _opened(visit: Visit, link: str) -> tuple[Opened, str]:
    """The case behind ``<short code>.<signature>``. A wrong one is as good as no page at all."""
    typed, dot, signature = unquote(link).partition(".")
    if not dot:
        raise NotFound("link")
    return outside.open_link(requests.code(typed), signature, now=visit.now), signature


def _path(code: str, signature: str) -> str:
    return f"/t/{short(code)}.{signature}"


def _show(
    visit: Visit,
    opened: Opened,
    signature: str,
    *,
    status: int = 200,
    said: dict[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    case: dict[str, Any] = views.agency(opened, visit.city, visit.language)
    return html.page(
        visit,
        "agency.html",
        status,
        referrer="no-referrer",
        case=case,
        answers=own.in_words(opened.stored.complaint.category, case["answers"], visit),
        path=_path(opened.stored.complaint.code, signature),
        most=forms.SENTENCE_MOST,
        said=said or {},
        faults=html.told(visit, faults),
    )


def _void(visit: Visit, opened: Opened, *, kept: str = "") -> Response:
    """The link says what became of it, and shows nothing of the case any more."""
    answered = opened.referral.answered and "ok" in visit.query
    return html.page(
        visit,
        "agency_void.html",
        200 if answered else _GONE,
        referrer="no-referrer",
        code=opened.stored.complaint.code,
        answered=answered,
        office=visit.city.offices[opened.referral.office].name,
        kept=kept,
    )
