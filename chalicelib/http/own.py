"""A person's own pages: signing in and out, my complaints, and one case by its secret link or by sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib.domain.city import City, EmergencyNumber
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.emergency import said_last, to_call
from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    NotFound,
    NotSignedIn,
    OptedOut,
    StaleComplaint,
    WindowClosed,
)
from chalicelib.domain.people import Act
from chalicelib.domain.reporting import WITHDRAWALS
from chalicelib.domain.tracking import short
from chalicelib.http import dossier, forms, html, privacy, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.settings import settings
from chalicelib.usecases import duplicates, handling, reading, signin, wishes

routes = Blueprint(__name__)

DOSSIER = "berkas"
"""The last part of a dossier's path."""
DATA = "data"
"""The last part of the path to one's own data behind a link."""


# Signing in ---------------------------------------------------------------------------------------------------


@routes.route("/masuk", methods=["GET"], cors=False)
@answers_pages
def get_sign_in(visit: Visit) -> Response:
    target = html.wanted(visit.query.get("lanjut"))
    as_officer = (
        target.startswith(("/o", "/tugas", "/pengganti", "/tinjauan"))
        or visit.query.get("sebagai") == "petugas"
    )
    return html.page(
        visit,
        "sign_in.html",
        lanjut=target,
        said={"as": "officer" if as_officer else "citizen"},
        by_account=as_officer and signin.by_account(),
    )


@routes.route("/masuk", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_sign_in(visit: Visit) -> Response:
    said = html.last(html.said(visit.request))
    target = html.wanted(said.pop("lanjut", ""))
    try:
        address, kind = forms.address(said)
    except Invalid as error:
        faults = html.told(visit, error.faults)
        return html.page(
            visit, "sign_in.html", 422, lanjut=target, said=said, faults=faults, by_account=False
        )
    client = requests.client(visit.request)
    try:
        challenge = signin.request_code(address, kind, visit.language, client=client, now=visit.now)
    except OptedOut as error:
        status, banner = html.problem(error, visit.language)
        return html.page(
            visit, "sign_in.html", status, lanjut=target, said=said, banner=banner, by_account=False
        )
    # Another page, so that loading it again does not send another code.
    return html.redirect(visit, "/masuk/kode", tantangan=challenge, **({"lanjut": target} if target else {}))


@routes.route("/masuk/kode", methods=["GET"], cors=False)
@answers_pages
def get_digits(visit: Visit) -> Response:
    return html.page(
        visit,
        "digits.html",
        challenge=visit.query.get("tantangan", "")[:64],
        lanjut=html.wanted(visit.query.get("lanjut")),
        minutes=_minutes(),
        asks_pin=False,
        digits="",
    )


@routes.route("/masuk/kode", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_digits(visit: Visit) -> Response:
    said = html.last(html.said(visit.request))
    target = html.wanted(said.pop("lanjut", ""))
    try:
        challenge, digits, pin = forms.challenge(said)
        token, kind = signin.redeem_code(challenge, digits, pin, now=visit.now)
    except (Invalid, NotSignedIn) as error:
        found = error.faults if isinstance(error, Invalid) else ()
        return html.page(
            visit,
            "digits.html",
            422,
            challenge=said.get("challenge", "")[:64],
            lanjut=target,
            minutes=_minutes(),
            # An officer's challenge alone ever asks for a PIN; the digits were right then and stay in the form.
            asks_pin=any(fault.field == "pin" for fault in found) or "pin" in said,
            digits=said.get("digits", "")[:12] if found else "",
            faults=html.told(visit, found)
            or [("digits", visit.texts["f_digits"], visit.texts["wrong_digits"])],
        )
    home = "/o" if kind is signin.Kind.OFFICER else "/saya"
    return html.redirect(visit, target or home, cookie=html.session_cookie(token))


@routes.route("/masuk/kota", methods=["GET"], cors=False)
@answers_pages
def get_provider(visit: Visit) -> Response:
    """To the city's identity provider, and back to `/masuk/kembali`."""
    address, kept = signin.begin(back=_back(), now=visit.now)
    return html.elsewhere(address, cookie=html.provider_cookie(kept))


@routes.route("/masuk/kembali", methods=["GET"], cors=False)
@answers_pages
def get_back(visit: Visit) -> Response:
    code, state = visit.query.get("code", "")[:2048], visit.query.get("state", "")[:64]
    session = signin.finish(code, state, html.kept_cookie(visit.request), back=_back(), now=visit.now)
    cookies = [*html.session_cookies(session), html.provider_cookie("")]
    return html.redirect(visit, "/o", cookie=cookies)


def _back() -> str:
    return f"{settings().base_url}/masuk/kembali"


@routes.route("/keluar", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_sign_out(visit: Visit) -> Response:
    signin.sign_out(html.session_kept(visit.request), now=visit.now)
    return html.redirect(visit, "/", cookie=html.signed_out())


# My complaints ------------------------------------------------------------------------------------------------


@routes.route("/saya", methods=["GET"], cors=False)
@answers_pages
def getmine(visit: Visit) -> Response:
    who = visit.signed_in(signin.Kind.CITIZEN)
    found = reading.own_cases(who, cursor=visit.query.get("cursor"), limit=20)
    body = views.cards(found, visit.city, visit.language, visit.now)
    return html.page(
        visit,
        "mine.html",
        rows=body["complaints"],
        cursor=body["cursor"],
        short=short,
        wishes_page=wishes.path(who.id),
    )


@routes.route("/saya/{short_code}", methods=["GET"], cors=False)
@answers_pages
def get_own(visit: Visit, short_code: str) -> Response:
    return _show(visit, *mine(visit, short_code))


@routes.route("/saya/{short_code}/{act}", methods=["GET"], cors=False)
@answers_pages
def get_own_act(visit: Visit, short_code: str, act: str) -> Response:
    """The dossier; else loaded again after an act, or after a sign-in: back to the case. A GET never acts."""
    if act == DOSSIER:
        return _dossier(visit, *mine(visit, short_code))
    return html.redirect(visit, f"/saya/{short(requests.code(short_code))}")


@routes.route("/saya/{short_code}/{act}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_own_act(visit: Visit, short_code: str, act: str) -> Response:
    return _do(visit, act, *mine(visit, short_code))


@routes.route("/k/{short_code}/{secret}", methods=["GET"], cors=False)
@answers_pages
def getlinked(visit: Visit, short_code: str, secret: str) -> Response:
    return _show(visit, *linked(visit, short_code, secret))


@routes.route("/k/{short_code}/{secret}/{act}", methods=["GET"], cors=False)
@answers_pages
def get_linked_act(visit: Visit, short_code: str, secret: str, act: str) -> Response:
    if act == DOSSIER:
        return _dossier(visit, *linked(visit, short_code, secret))
    if act == DATA:
        _, who, base = linked(visit, short_code, secret)
        return privacy.show(visit, who, f"{base}/{DATA}")
    return html.redirect(visit, linked(visit, short_code, secret)[2])


@routes.route("/k/{short_code}/{secret}/{act}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_linked_act(visit: Visit, short_code: str, secret: str, act: str) -> Response:
    code, who, base = linked(visit, short_code, secret)
    if act == DATA:
        return privacy.do(visit, who, f"{base}/{DATA}")
    return _do(visit, act, code, who, base)


# Inside -------------------------------------------------------------------------------------------------------


def mine(visit: Visit, short_code: str) -> tuple[str, signin.Who, str]:
    """The case, who opens it by sign-in, and the path of its page."""
    code = requests.code(short_code)
    return code, visit.signed_in(signin.Kind.CITIZEN), f"/saya/{short(code)}"


def linked(visit: Visit, short_code: str, secret: str) -> tuple[str, signin.Who, str]:
    """The case, who opens it, and the path of its page. A wrong link is as good as no page at all."""
    code, key = requests.code(short_code), unquote(secret)
    try:
        who = signin.identify(signin.open_link(code, key, now=visit.now), now=visit.now)
    except NotSignedIn as error:
        raise NotFound(code) from error
    return code, who, f"/k/{short(code)}/{key}"


def _dossier(visit: Visit, code: str, who: signin.Who, base: str) -> Response:
    stored = reading.own_case(code, who)
    body = dossier.for_reporter(stored, city=visit.city, language=visit.language, now=visit.now)
    return html.page(visit, "dossier.html", case=body, path=base)


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
    stored = reading.own_case(code, who)
    done = visit.query.get("ok", "")
    asked = stored.complaint.asked
    if (wanted := visit.query.get("t", "")) and wanted != (str(asked.number) if asked.open else ""):
        # A message about a question that stands no more: its link still opens the case, and says so.
        banner = banner or visit.texts["question_over"]
    return html.page(
        visit,
        "own.html",
        status,
        referrer="no-referrer" if base.startswith("/k/") else "same-origin",
        case=views.own(stored, visit.city, visit.language, visit.now, links=duplicates.links(stored)),
        answers=answers(stored.complaint, visit),
        emergency=_emergency(stored, visit.city),
        danger=said_last(stored.history) is not None,
        base=base,
        fresh="baru" in visit.query,
        done=visit.texts.get(f"done_{done}", "") if done in _DOES else "",
        banner=banner,
        act=act,
        said=said or {},
        faults=html.told(visit, faults),
        withdrawals=WITHDRAWALS,
        short=short,
        wishes_page=wishes.path(stored.complaint.citizen) if stored.complaint.citizen else "",
    )


def _do(visit: Visit, act: str, code: str, who: signin.Who, base: str) -> Response:
    """One act of the reporter. What goes wrong is told on the case's own page, with the words kept."""
    if act not in _DOES:
        raise NotFound(act)
    said = html.last(html.said(visit.request))
    try:
        _DOES[act](code, who, said, visit)
    except Invalid as error:
        return _show(visit, code, who, base, status=422, act=act, said=said, faults=error.faults)
    except (IllegalMove, WindowClosed, StaleComplaint) as error:
        status, banner = html.problem(error, visit.language)
        return _show(visit, code, who, base, status=status, banner=banner, act=act, said=said)
    return html.redirect(visit, base, ok=act)


def _message(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.message(
        code, who, forms.sentence(said), client=requests.client(visit.request), now=visit.now
    )


def _answer(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    number = said.get("question", "")
    whole = number.isascii() and number.isdigit() and len(number) <= 2
    typed: dict[str, Any] = {**said, "question": int(number)} if whole else {**said}
    if typed.pop("share_with_agency", ""):
        typed["share_with_agency"] = True
    return handling.answer(
        code, who, *forms.answer(typed), client=requests.client(visit.request), now=visit.now
    )


def _edit(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.edit(
        code, who, forms.whole_text(said), client=requests.client(visit.request), now=visit.now
    )


def _rate(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.rate(code, who, *forms.scored(said), now=visit.now)


def _agree(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    forms.nothing(said)
    return handling.agree(code, who, now=visit.now)


def _reopen(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.reopen(
        code, who, forms.sentence(said), client=requests.client(visit.request), now=visit.now
    )


def _withdraw(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.withdraw(code, who, *forms.withdrawal(said), now=visit.now)


def _appeal(code: str, who: signin.Who, said: dict[str, str], visit: Visit) -> Complaint:
    return handling.appeal(code, who, forms.sentence(said), now=visit.now)


_DOES: dict[str, Callable[[str, signin.Who, dict[str, str], Visit], Complaint]] = {
    Act.ANSWER: _answer,
    Act.MESSAGE: _message,
    Act.EDIT: _edit,
    Act.RATE: _rate,
    Act.AGREE: _agree,
    Act.REOPEN: _reopen,
    Act.APPEAL: _appeal,
    Act.WITHDRAW: _withdraw,
}


def answers(complaint: Complaint, visit: Visit) -> list[tuple[str, str]]:
    """The category's questions with what the reporter answered, in words."""
    return in_words(complaint.category, complaint.answers, visit)


def in_words(category_id: str | None, answers: Mapping[str, Any], visit: Visit) -> list[tuple[str, str]]:
    """Answers by question id as questions and words, in the order in which they are asked."""
    category = visit.city.categories.get(category_id or "")
    found = []
    for question in category.questions if category else ():
        given = answers.get(question.id)
        if given is None:
            continue
        values = given if isinstance(given, list) else [given]
        words = [visit.label(question.values[v]) if v in question.values else str(v) for v in values]
        found.append((visit.label(question.labels), ", ".join(words)))
    return found


def _emergency(stored: reading.Stored, city: City) -> list[EmergencyNumber]:
    """Whom to call now, the right number first; nobody where neither category, answer nor words speak of danger."""
    return [city.emergency_numbers[key] for key in to_call(stored.complaint, city, stored.history)]


def _minutes() -> int:
    return int(signin.CODE_LASTS.total_seconds() // 60)
