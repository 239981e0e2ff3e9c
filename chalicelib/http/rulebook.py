"""What the people of the city may look up: where their cases lie, by which rules the city runs, what messages say.

All of it is the profile's (`chalicelib/cities/`) and can be changed there alone; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain import notices, sms
from chalicelib.domain.city import Category, City
from chalicelib.domain.people import Act, demand_right
from chalicelib.domain.service_level import promise
from chalicelib.http import forms, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import signin

routes = Blueprint(__name__)

_EXAMPLE: Mapping[str, str] = {
    "agency": "PLN",
    "category": "Lampu jalan padam",
    "closes": "Sen 30/11 16.30",
    "code": "DPS-ZGRVJ-RPRMY",
    "contact": "(0361) 123456",
    "count": "3",
    "day": "30 November",
    "digits": "123456",
    "due": "Sen 30/11 16.30",
    "from": "Dinas Perhubungan",
    "left": "2",
    "level": "2",
    "lines": "1. DPS-ZGRVJ-RPRMY, Lampu jalan padam",
    "minutes": "5",
    "number": "112",
    "office": "Dinas PUPR",
    "post": "Kepala Bidang",
    "question": "Di sebelah mana tiangnya?",
    "redo": "Kam 3/12 16.30",
    "reopens": "Kam 26/11",
    "title": "Lurah Panjer",
    "until": "Sen 30/11",
    "was": "Jum 27/11 16.30",
    "where": "Panjer",
}


@routes.route("/v1/office/map", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_map() -> Response:
    from chalicelib.usecases import deskmap

    request, city, now = requests.current(), load(settings().city), utc_now()
    officer = signin.officer(requests.who(request))
    which, _, cursor, limit, office = forms.inbox(requests.query(request), city)
    page, points = deskmap.on_map(officer, which, cursor=cursor, limit=limit, office=office, now=now)
    language = requests.language(request)
    rows = [views.staff_card(card, city, language, now) for card in page.cards]
    spots = [{"code": code, "lat": at.lat, "lon": at.lon} for code, at in points.items()]
    return views.answer({"complaints": rows, "points": spots, "cursor": page.cursor})


@routes.route("/v1/office/rules", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_rules() -> Response:
    request, city = requests.current(), load(settings().city)
    signin.officer(requests.who(request))
    return views.answer(rules(city, requests.language(request), utc_now()))


@routes.route("/v1/office/message-templates", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_message_templates() -> Response:
    request, city = requests.current(), load(settings().city)
    demand_right(signin.officer(requests.who(request)), Act.ADMINISTER)
    return views.answer({"templates": previews(city)})


def rules(city: City, language: str, now: datetime) -> dict[str, Any]:
    """Levels, categories with what one filed at ``now`` would be promised, ladders, days off, reasons for new dates."""

    def said(labels: Mapping[str, str]) -> str:
        return labels.get(language) or labels["id"]

    return {
        "levels": [
            {
                "id": level.id,
                "first_reply": str(level.first_reply),
                "resolution": str(level.resolution),
                "ladder": level.ladder,
                "danger": level.danger,
            }
            for level in sorted({c.level.id: c.level for c in city.categories.values()}.values(), key=_id)
        ],
        "categories": [_category(category, city, said, now) for category in city.categories.values()],
        "ladders": [
            {
                "id": name,
                "rungs": [
                    {"role": rung.role, "label": said(rung.labels), "waits": str(rung.waits)}
                    for rung in rungs
                ],
            }
            for name, rungs in city.ladders.items()
        ],
        "holidays": [
            {"day": day.isoformat(), "calendars": sorted(closed)}
            for day, closed in sorted(_days_off(city).items())
        ],
        "date_reasons": [
            {"id": key, "label": said(labels)} for key, labels in city.new_dates.reasons.items()
        ],
        "date_months": city.new_dates.head_months,
    }


def _id(level: Any) -> str:
    return str(level.id)


def _category(category: Category, city: City, said: Any, now: datetime) -> dict[str, Any]:
    # A category of which the village answers has no office of its own: the triage office's working time stands in.
    office = category.office if category.office in city.offices else city.triage_office
    first, solved = promise(category, office, city, now)
    return {
        "id": category.id,
        "label": said(category.labels),
        "level": category.level.id,
        "office": city.offices[office].name if category.office in city.offices else None,
        "first_reply_by": first.due,
        "resolution_by": solved.due,
    }


def _days_off(city: City) -> dict[Any, set[str]]:
    """The days on which an office that is open on that weekday stays closed, by which calendars."""
    found: dict[Any, set[str]] = {}
    for name, calendar in city.calendars.items():
        if calendar.always_open:
            continue
        for day, hours in calendar.days.items():
            if not hours and calendar.weekly[day.weekday()]:
                found.setdefault(day, set()).add(name)
    return found


def previews(city: City) -> list[dict[str, Any]]:
    """Every message as somebody would get it, with how long an SMS is: the arguments are examples."""
    found = []
    for name, needed in sorted(notices.TEMPLATES.items()):
        given = {key: _EXAMPLE.get(key, key) for key in needed}
        given |= {"service": city.service_name, "link": f"https://{city.host}/l/ZGRVJRPRMY"}
        kind, _, channel = name.partition(".")
        for language in sorted(city.templates):
            text = notices.render(name, given, language, city)
            found.append(
                {
                    "name": kind,
                    "part": channel,
                    "language": language,
                    "template": city.templates[language][name],
                    "preview": text,
                    "sms_units": sms.units(text) if channel == "sms" else None,
                }
            )
    return found
