"""The page behind an officer's link to act: the case, and one button for each act. Looking at it does nothing.

Messengers and mail scanners open links by themselves: a GET changes nothing, and what a POST needs stands in the form.
No page is kept, and none tells where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import Fault, IllegalMove, Invalid, NotFound, NotSignedIn, StaleComplaint
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import actlinks

routes = Blueprint(__name__)

_WITH_WORDS = (str(Act.ASK), str(Act.RESOLVE))
_OFFERED = (str(Act.ACKNOWLEDGE), str(Act.START), *_WITH_WORDS)
_CODE = "code"
"""The button that sends a one-time code to the officer's own phone."""


@routes.route("/p/{key}", methods=["GET"], cors=False)
@answers_pages
def get_link(visit: Visit, key: str) -> Response:
    code, secret = _parted(key)
    return _show(visit, actlinks.opened(code, secret, now=visit.now), f"/p/{short(code)}.{secret}")


@routes.route("/p/{key}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_link(visit: Visit, key: str) -> Response:
    """One act. On a device that nobody vouched for, first the officer's PIN or a one-time code; the words are kept."""
    code, secret = _parted(key)
    path, said = f"/p/{short(code)}.{secret}", html.last(html.said(visit.request))
    found = actlinks.opened(code, secret, now=visit.now)
    act, officer, cookie = said.get("act", ""), found.officer.id, ""
    try:
        if act not in (*_OFFERED, actlinks.FORWARD):
            raise NotFound(act)
        text = forms.sentence({"text": said.get("text", "")}) if act in _WITH_WORDS else ""
        if not actlinks.is_trusted(html.device_of(visit.request), officer, now=visit.now):
            if said.get("send") == _CODE:
                challenge = actlinks.send_code(found, visit.language, now=visit.now)
                return _prove(visit, found, path, said, challenge=challenge)
            if "pin" not in said and "digits" not in said:
                return _prove(visit, found, path, said)
            actlinks.prove(
                found,
                pin=said.get("pin", ""),
                challenge=said.get("challenge", ""),
                digits=said.get("digits", ""),
                now=visit.now,
            )
            cookie = html.device_cookie(actlinks.device(officer, now=visit.now))
        following = actlinks.do(
            code, secret, act, said.get("seal", ""), text, said.get("to", ""), now=visit.now
        )
    except NotSignedIn:
        return _prove(visit, found, path, said, faults=(Fault("pin", "pin_wrong"),))
    except Invalid as error:
        if any(fault.field == "pin" for fault in error.faults):
            return _prove(visit, found, path, said, faults=error.faults)
        return _show(visit, found, path, status=422, said=said, faults=error.faults)
    except (IllegalMove, StaleComplaint) as error:
        status, banner = html.problem(error, visit.language)
        # What was seen is not how it stands: it is read again, and the words stay in the form.
        again = actlinks.opened(code, secret, now=visit.now)
        return _show(visit, again, path, status=status, said=said, banner=banner)
    if following:
        return html.redirect(visit, following, cookie=cookie, ok="1")
    answer = html.page(visit, "acted.html", referrer="no-referrer", code=code, short=short)
    if cookie:
        answer.headers["Set-Cookie"] = cookie
    return answer


def _show(
    visit: Visit,
    found: actlinks.Opened,
    path: str,
    *,
    status: int = 200,
    said: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
    banner: str = "",
) -> Response:
    may = views.office(found.stored, found.officer, visit.city, visit.language, visit.now)["may"]
    acts = [act for act in _OFFERED if act in may]
    staff = actlinks.staff(found) if Act.NOTE in may else []
    return html.page(
        visit,
        "actlink.html",
        status,
        referrer="no-referrer",
        case=views.rung(found.stored, visit.city, visit.language, visit.now),
        name=found.officer.name,
        path=path,
        acts=acts,
        seals={act: found.seal(act) for act in (*acts, actlinks.FORWARD)},
        with_words=_WITH_WORDS,
        staff=staff,
        most=forms.SENTENCE_MOST,
        done="ok" in visit.query,
        said=said or {},
        faults=html.told(visit, faults),
        banner=banner,
        short=short,
    )


def _prove(
    visit: Visit,
    found: actlinks.Opened,
    path: str,
    said: Mapping[str, str],
    *,
    challenge: str = "",
    faults: tuple[Fault, ...] = (),
) -> Response:
    return html.page(
        visit,
        "prove.html",
        422 if faults else 200,
        referrer="no-referrer",
        name=found.officer.name,
        path=path,
        kept={name: said.get(name, "")[: forms.SENTENCE_MOST] for name in ("act", "seal", "text", "to")},
        has_pin=actlinks.has_pin(found),
        challenge=challenge or said.get("challenge", "")[:64],
        faults=html.told(visit, faults),
    )


def _parted(key: str) -> tuple[str, str]:
    """Code and secret of a link, which people may have typed."""
    typed, _, secret = unquote(key).partition(".")
    return requests.code(typed), secret.strip().lower()[:40]
