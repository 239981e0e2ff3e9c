"""Messages seen from all sides: what people choose of them, who hears an office, what died, and what SMS cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.city import City
from chalicelib.domain.errors import Invalid
from chalicelib.domain.people import Act, demand_right
from chalicelib.domain.wishes import CITIZEN_CHANNELS, OFFICER_CHANNELS, Wish
from chalicelib.http import forms, html, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.forms import Form
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import signin, wishes

if TYPE_CHECKING:
    from chalicelib.usecases.dispatches import Delivery
    from chalicelib.usecases.spending import Spent

routes = Blueprint(__name__)

_AREAS_MOST = 20
_LEVEL_MOST = 9


# A citizen's ------------------------------------------------------------------------------------------------------


@routes.route("/v1/me/notices", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_my_notices() -> Response:
    person = wishes.citizen_of(requests.who(requests.current()))
    return views.answer(_of_citizen(person, wishes.of_citizen(person)))


@routes.route("/v1/me/notices", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_my_notices() -> Response:
    request, city = requests.current(), load(settings().city)
    person = wishes.citizen_of(requests.who(request))
    channel, language, stopped = choosing(requests.body(request), city)
    wish = wishes.choose(person, channel=channel, language=language, stopped=stopped, now=utc_now())
    return views.answer(_of_citizen(person, wish))


@routes.route("/v1/me/push", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_my_push() -> Response:
    request = requests.current()
    person = wishes.citizen_of(requests.who(request))
    address = pushing(requests.body(request))
    wishes.push_to("citizen", person, address)
    return views.answer({"push": bool(address)})


@routes.route("/kabar/{key}", methods=["GET"], cors=False)
@answers_pages
def get_wishes(visit: Visit, key: str) -> Response:
    person = wishes.behind(unquote(key))
    return _wishes_page(visit, key, wishes.of_citizen(person))


@routes.route("/kabar/{key}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_wishes(visit: Visit, key: str) -> Response:
    """The form of the page, or the one tap of a mail program's own button (RFC 8058)."""
    person, said = wishes.behind(unquote(key)), html.last(html.said(visit.request))
    if "List-Unsubscribe" in said:
        wishes.stop(person, now=visit.now)
        return html.redirect(visit, f"/kabar/{key}", ok="1")
    try:
        form = {**_filled(said), "stopped": said.get("stopped") == "1"}
        channel, language, stopped = choosing(form, visit.city)
        wishes.choose(person, channel=channel, language=language, stopped=stopped, now=visit.now)
    except Invalid as error:
        faults = html.told(visit, error.faults)
        return _wishes_page(visit, key, wishes.of_citizen(person), status=422, faults=faults)
    return html.redirect(visit, f"/kabar/{key}", ok="1")


def _wishes_page(visit: Visit, key: str, wish: Wish, *, status: int = 200, faults: Any = ()) -> Response:
    return html.page(
        visit,
        "wishes.html",
        status,
        referrer="no-referrer",
        wish=wish,
        path=f"/kabar/{key}",
        channels=("sms", "email"),
        done="ok" in visit.query,
        faults=faults,
    )


# An officer's -----------------------------------------------------------------------------------------------------


@routes.route("/v1/office/me/notices", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_officer_notices() -> Response:
    officer = signin.officer(requests.who(requests.current()))
    return views.answer(_of_officer(wishes.of_officer(officer)))


@routes.route("/v1/office/me/notices", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_officer_notices() -> Response:
    request, city = requests.current(), load(settings().city)
    officer = signin.officer(requests.who(request))
    return views.answer(_of_officer(wishes.choose_as_officer(officer, hearing(requests.body(request), city))))


@routes.route("/v1/office/me/push", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_officer_push() -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    address = pushing(requests.body(request))
    wishes.push_to("officer", officer.id, address)
    return views.answer({"push": bool(address)})


@routes.route("/kabar", methods=["GET"], cors=False)
@answers_pages
def get_hearing(visit: Visit) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    return _hearing_page(visit, wishes.of_officer(officer))


@routes.route("/kabar", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_hearing(visit: Visit) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    fields = html.said(visit.request)
    areas = [area for area in fields.pop("areas", []) if area]
    said: dict[str, Any] = {**_filled(html.last(fields)), "areas": areas}
    said["digest"] = said.get("digest") == "1"
    level = said.pop("level", "0")
    said["level"] = int(level) if level.isascii() and level.isdigit() and len(level) < 3 else level
    try:
        wishes.choose_as_officer(officer, hearing(said, visit.city))
    except Invalid as error:
        faults = html.told(visit, error.faults)
        return _hearing_page(visit, wishes.of_officer(officer), status=422, faults=faults)
    return html.redirect(visit, "/kabar", ok="1")


def _hearing_page(visit: Visit, wish: Wish, *, status: int = 200, faults: Any = ()) -> Response:
    return html.page(
        visit,
        "hearing.html",
        status,
        wish=_of_officer(wish),
        channels=("sms", "email"),
        areas=[area for area in visit.city.areas.values() if area.parent is None],
        done="ok" in visit.query,
        faults=faults,
    )


# The administrator's: few requests need what stands behind these, so each imports it ------------------------------


@routes.route("/v1/office/listeners", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_listeners() -> Response:
    """Who listens to the topic of each office as counted last, the offices that nobody can be reached at first."""
    from chalicelib.usecases import listeners

    administrator = signin.officer(requests.who(requests.current()))
    rows = listeners.of_offices(administrator)
    return views.answer({"offices": [_ears(office, ears, load(settings().city)) for office, ears in rows]})


@routes.route("/v1/office/listeners/{office}", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_listeners_of(office: str) -> Response:
    from chalicelib.usecases import listeners

    administrator = signin.officer(requests.who(requests.current()))
    found = listeners.of_office(administrator, unquote(office))
    rows = [
        {"id": each.officer.id, "name": each.officer.name, "phone": each.phone, "email": each.email}
        for each in found
    ]
    return views.answer({"office": unquote(office), "listeners": rows})


@routes.route("/v1/office/listeners/{office}", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_listeners_of(office: str) -> Response:
    """Make the office's topic where it is missing, and join its people to it anew."""
    from chalicelib.usecases import listeners

    request = requests.current()
    administrator = signin.officer(requests.who(request))
    forms.nothing(requests.body(request))
    joined = listeners.mend(administrator, unquote(office))
    return views.answer({"office": unquote(office), "joined": joined}, 201)


@routes.route("/v1/office/notices", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_notices() -> Response:
    """What was given up; with ``code`` all that was sent about one case, by recipient, and what its SMS cost."""
    from chalicelib.usecases import dispatches, spending

    request = requests.current()
    administrator = signin.officer(requests.who(request))
    code = about(requests.query(request))
    if not code:
        return views.answer({"notices": [_line(each) for each in dispatches.dead(administrator)]})
    found = dispatches.of_case(administrator, requests.code(code))
    sms, rupiah = spending.of_case(requests.code(code))
    return views.answer({"notices": [_line(each) for each in found], "sms": sms, "rupiah": rupiah})


@routes.route("/v1/office/notices/replay", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_replay() -> Response:
    """``{"notice": id}``: try a dead message again."""
    from chalicelib.usecases import dispatches

    request = requests.current()
    administrator = signin.officer(requests.who(request))
    demand_right(administrator, Act.ADMINISTER)  # before anything is said of a form that is nobody else's
    notice = replaying(requests.body(request))
    dispatches.replay(administrator, notice, now=utc_now())
    return views.answer({"notice": notice, "state": "pending"}, 201)


@routes.route("/v1/office/spending", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_spending() -> Response:
    from chalicelib.usecases import spending

    request, now = requests.current(), utc_now()
    administrator = signin.officer(requests.who(request))
    month = in_month(requests.query(request)) or spending.month_of(now)
    rows = spending.report(administrator, month)
    return views.answer({"month": month, "offices": [_spent(row) for row in rows]})


@routes.route("/saluran", methods=["GET"], cors=False)
@answers_pages
def get_roads(visit: Visit) -> Response:
    from chalicelib.usecases import dispatches, listeners, spending

    administrator = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    offices = [_ears(office, ears, visit.city) for office, ears in listeners.of_offices(administrator)]
    month = spending.month_of(visit.now)
    return html.page(
        visit,
        "roads.html",
        offices=offices,
        dead=[_line(each) for each in dispatches.dead(administrator)],
        month=month,
        spent=[_spent(row) for row in spending.report(administrator, month) if row.sms],
        done="ok" in visit.query,
    )


@routes.route("/saluran", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_roads(visit: Visit) -> Response:
    from chalicelib.usecases import dispatches, listeners

    administrator = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    demand_right(administrator, Act.ADMINISTER)
    said = html.last(html.said(visit.request))
    if said.get("office"):
        listeners.mend(administrator, said["office"])
    else:
        dispatches.replay(administrator, replaying(said), now=visit.now)
    return html.redirect(visit, "/saluran", ok="1")


# Forms and shapes -------------------------------------------------------------------------------------------------


def choosing(values: Mapping[str, Any], city: City) -> tuple[str, str, bool]:
    """``{"channel", "language", "stopped"}``: what a citizen chooses; what is not said is as the city does it."""
    form = Form(values)
    channel = form.choice("channel", [str(each) for each in CITIZEN_CHANNELS]) or ""
    language = form.choice("language", city.languages) or ""
    stopped = form.boolean("stopped")
    form.done()
    return channel, language, bool(stopped)


def hearing(values: Mapping[str, Any], city: City) -> Wish:
    """``{"channel", "language", "quiet_from", "quiet_until", "digest", "areas", "level"}``: what an officer chooses."""
    form = Form(values)
    channel = form.choice("channel", [str(each) for each in OFFICER_CHANNELS]) or ""
    language = form.choice("language", city.languages) or ""
    first, last = _minute(form, "quiet_from"), _minute(form, "quiet_until")
    if (first is None) is not (last is None) or (first is not None and first == last):
        form.fault("quiet_until", "quiet_hours")
    digest = form.boolean("digest")
    areas = form.raw("areas") or []
    if (
        not isinstance(areas, list)
        or len(areas) > _AREAS_MOST
        or any(each not in city.areas for each in areas)
    ):
        form.fault("areas", "unknown_area")
        areas = []
    level = form.whole("level", 0, _LEVEL_MOST) or 0
    form.done()
    quiet = (first, last) if first is not None and last is not None else None
    return Wish(
        channel=channel,
        language=language,
        quiet=quiet,
        digest=digest is not False,
        areas=tuple(dict.fromkeys(areas)),
        level=level,
    )


def pushing(values: Mapping[str, Any]) -> dict[str, str]:
    """``{"endpoint", "p256dh", "auth"}`` of a browser, or ``{"app", "token"}`` of a phone's app; nothing ends it."""
    form = Form(values)
    app = form.choice("app", ("android", "ios"))
    found = {
        name: form.text(name, most=1000, lines=False) for name in ("endpoint", "p256dh", "auth", "token")
    }
    found = {name: value for name, value in found.items() if value}
    for needed in ("endpoint", "p256dh", "auth") if not app and found else ("token",) if app else ():
        if needed not in found:
            form.fault(needed, "required")
    form.done()
    return {"app": app, "token": found["token"]} if app else found


def about(query: Mapping[str, str]) -> str:
    form = Form(query)
    code = form.text("code", most=40, lines=False)
    form.choice("lang", ("id", "en"))
    form.done()
    return code


def in_month(query: Mapping[str, str]) -> str:
    form = Form(query)
    month = form.text("month", most=7, lines=False)
    if month and re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month, re.ASCII) is None:
        form.fault("month", "no_month")
    form.choice("lang", ("id", "en"))
    form.done()
    return month


def replaying(values: Mapping[str, Any]) -> str:
    form = Form(values)
    notice = form.text("notice", most=300, lines=False, required=True)
    form.done()
    return notice


def _filled(said: Mapping[str, str]) -> dict[str, str]:
    """What of a page's form was filled in; the rest is as the city does it."""
    return {name: value for name, value in said.items() if value}


def _minute(form: Form, name: str) -> int | None:
    text = form.text(name, most=5, lines=False)
    if not text:
        return None
    hours, _, minutes = text.partition(":")
    if len(text) == 5 and text.isascii() and hours.isdigit() and minutes.isdigit():
        minute = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and minute < 1440:
            return minute
    form.fault(name, "no_time")
    return None


def _of_citizen(person: str, wish: Wish) -> dict[str, Any]:
    return {
        "channel": wish.channel or None,
        "language": wish.language or None,
        "stopped_at": wish.stopped_at,
        "page": wishes.link(person),
        "push_key": wishes.push_key() or None,
    }


def _of_officer(wish: Wish) -> dict[str, Any]:
    return {
        "channel": wish.channel or None,
        "language": wish.language or None,
        "quiet_from": _wall(wish.quiet[0]) if wish.quiet else None,
        "quiet_until": _wall(wish.quiet[1]) if wish.quiet else None,
        "digest": wish.digest,
        "areas": list(wish.areas),
        "level": wish.level,
        "push_key": wishes.push_key() or None,
    }


def _wall(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _ears(office: str, ears: Any, city: City) -> dict[str, Any]:
    return {
        "office": office,
        "name": city.offices[office].name,
        "reachable": ears.reachable if ears else None,
        "phones": ears.phones if ears else None,
        "mailboxes": ears.mailboxes if ears else None,
        "unconfirmed": ears.unconfirmed if ears else None,
        "opted_out": ears.opted_out if ears else None,
        "counted_at": ears.at if ears else None,
    }


def _line(sent: Delivery) -> dict[str, Any]:
    """One recipient's line of the log. A citizen is a citizen there, and no more."""
    notice = sent.notice
    kind, _, person = notice.to.partition("#")
    ended: datetime | None = sent.ended_at
    return {
        "notice": notice.id,
        "code": notice.code or None,
        "template": notice.template,
        "channel": notice.channel,
        "to": {
            "kind": kind if person else "office",
            "id": "" if kind in ("citizen", "joiner") else person or kind,
        },
        "state": {"pending": "queued", "sent": "handed_over"}.get(sent.state, sent.state),
        "why": sent.fate if sent.state not in ("sent", "pending") else "",
        "tries": sent.tries,
        "created_at": notice.created_at,
        "ended_at": ended,
        "waits_until": sent.next_attempt_at if sent.state == "pending" else None,
    }


def _spent(row: Spent) -> dict[str, Any]:
    return {"office": row.office, "sms": row.sms, "rupiah": row.rupiah, "budget": row.budget or None}
