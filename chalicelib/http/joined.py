"""Pages for those who join a case ("saya juga"): the form, and the page that their own link opens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    KeyReused,
    NotFound,
    NotSignedIn,
    WindowClosed,
)
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import duplicates, endings, reading, signin
from chalicelib.usecases.intake import Contact, Retry

routes = Blueprint(__name__)


@routes.route("/l/{short_code}/gabung", methods=["GET"], cors=False)
@answers_pages
def get_join(visit: Visit, short_code: str) -> Response:
    return _form(visit, requests.code(short_code), {})


@routes.route("/l/{short_code}/gabung", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_join(visit: Visit, short_code: str) -> Response:
    code = requests.code(short_code)
    said = html.last(html.said(visit.request))
    key = said.pop("kunci", "")
    try:
        contact, language = forms.joining(_nested(said), visit.city, visit.language)
        return join(visit, code, contact, language, key)
    except Invalid as error:
        return _form(visit, code, said, status=422, faults=error.faults)
    except KeyReused:
        return _form(visit, code, said, status=422, banner=visit.texts["sent_before"])
    except IllegalMove as error:
        status, banner = html.problem(error, visit.language)
        return _form(visit, code, said, status=status, banner=banner)


def join(visit: Visit, code: str, contact: Contact, language: str, key: str) -> Response:
    """Join, and go on to the page of one's own; where only a message brings the way there, to the public one.

    Raises what `duplicates.join` raises.
    """
    who = visit.who()
    joined = duplicates.join(
        code,
        contact,
        language=language,
        client=requests.client(visit.request),
        now=visit.now,
        who=who if who is not None and who.kind is signin.Kind.CITIZEN else None,
        # The page's own key: who comes back and sends the form again has joined once.
        retry=Retry(key, repr(contact)) if len(key) in range(22, 65) else None,
    )
    if joined.secret is None:
        return html.redirect(visit, f"/l/{short(code)}", ikut="1")
    return html.redirect(visit, f"/j/{short(code)}/{joined.secret}", baru="1")


@routes.route("/j/{short_code}/{secret}", methods=["GET"], cors=False)
@answers_pages
def get_joined(visit: Visit, short_code: str, secret: str) -> Response:
    return _show(visit, *_opened(short_code, secret))


@routes.route("/j/{short_code}/{secret}/{act}", methods=["GET"], cors=False)
@answers_pages
def get_joined_act(visit: Visit, short_code: str, secret: str, act: str) -> Response:
    """Loaded again after an act: back to the case. A GET never acts."""
    return html.redirect(visit, _opened(short_code, secret)[2])


@routes.route("/j/{short_code}/{secret}/{act}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_joined_act(visit: Visit, short_code: str, secret: str, act: str) -> Response:
    code, who, base = _opened(short_code, secret)
    said = html.last(html.said(visit.request))
    try:
        if act == "rate":
            duplicates.rate(code, who, *forms.scored(said), now=visit.now)
            return html.redirect(visit, base, ok=act)
        if act != endings.NO:
            raise NotFound(act)
        filed = duplicates.say_no(
            code, who, forms.whole_text(said), client=requests.client(visit.request), now=visit.now
        )
    except Invalid as error:
        return _show(visit, code, who, base, status=422, act=act, said=said, faults=error.faults)
    except (IllegalMove, WindowClosed) as error:
        status, banner = html.problem(error, visit.language)
        return _show(visit, code, who, base, status=status, banner=banner, act=act, said=said)
    return html.redirect(visit, f"/k/{short(filed.complaint.code)}/{filed.secret}", baru="1")


def _opened(short_code: str, secret: str) -> tuple[str, signin.Who, str]:
    """The case, who opens it, and the path of its page. A wrong link is as good as no page at all."""
    code = requests.code(short_code)
    try:
        who = signin.holder(code, secret)
    except NotSignedIn as error:
        raise NotFound(code) from error
    if who.kind is not signin.Kind.JOIN:
        raise NotFound(code)
    return code, who, f"/j/{short(code)}/{secret}"


def _show(
    visit: Visit,
    code: str,
    who: signin.Who,
    base: str,
    *,
    status: int = 200,
    banner: str = "",
    act: str = "",
    said: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    stored, join = duplicates.joined_case(code, who)
    return html.page(
        visit,
        "joined.html",
        status,
        referrer="no-referrer",
        case=views.joined_case(
            stored, join, visit.city, visit.language, visit.now, links=duplicates.links(stored)
        ),
        base=base,
        fresh="baru" in visit.query,
        done=visit.texts["done_rate"] if visit.query.get("ok") == "rate" else "",
        banner=banner,
        act=act,
        said=said or {},
        faults=html.told(visit, faults),
        short=short,
    )


def _form(
    visit: Visit,
    code: str,
    said: Mapping[str, str],
    *,
    status: int = 200,
    banner: str = "",
    faults: tuple[Fault, ...] = (),
) -> Response:
    stored = reading.public_case(code)
    case = views.public(stored, visit.city, visit.language, visit.now)
    if "may_join" not in case:
        raise NotFound(code)
    who = visit.who()
    return html.page(
        visit,
        "join.html",
        status,
        case=case,
        said=said,
        key=secrets.token_urlsafe(24),
        known=who is not None and who.kind is signin.Kind.CITIZEN,
        banner=banner,
        faults=html.told(visit, faults),
        short=short,
    )


def _nested(said: Mapping[str, str]) -> dict[str, dict[str, str]]:
    contact = {name.partition(".")[2]: value for name, value in said.items() if name.startswith("contact.")}
    return {"contact": contact} if contact else {}
