"""The public pages: home, the form to report with, and a case as anybody sees it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.domain.city import City, Kind
from chalicelib.domain.emergency import call_for
from chalicelib.domain.errors import Fault, IllegalMove, Invalid, KeyReused
from chalicelib.domain.tracking import parse_code, short
from chalicelib.http import forms, html, joined, personal, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.settings import settings
from chalicelib.usecases import duplicates, intake, nearby, reading
from chalicelib.usecases.intake import Retry
from chalicelib.usecases.reading import Filters
from chalicelib.usecases.signin import Kind as WhoKind

routes = Blueprint(__name__)

_LATEST = 5
_MOST_HAMLETS = 100
"""A longer list would make the form too heavy for a slow line; those cities' reporters write the name instead."""
_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}")
_PIN = re.compile(r"\s*(-?\d{1,3}(?:\.\d{1,12})?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d{1,12})?)\s*")


@routes.route("/", methods=["GET"], cors=False)
@answers_pages
def get_home(visit: Visit) -> Response:
    return _home(visit)


@routes.route("/polos", methods=["GET"], cors=False)
@answers_pages
def get_plain_home(visit: Visit) -> Response:
    """The same first page: where the web client is served at ``/``, this is the way to the pages without script."""
    return _home(visit)


def _home(visit: Visit) -> Response:
    latest = reading.public_list(Filters(), now=visit.now, limit=_LATEST)
    rows = [views.card(card, visit.city, visit.language, visit.now) for card in latest.cards]
    return html.page(visit, "home.html", private=False, rows=rows, short=short)


@routes.route("/dijadwalkan", methods=["GET"], cors=False)
@answers_pages
def get_scheduled(visit: Visit) -> Response:
    found = reading.scheduled_list(cursor=visit.query.get("cursor"), limit=20)
    rows = [views.card(card, visit.city, visit.language, visit.now) for card in found.cards]
    return html.page(visit, "scheduled.html", private=False, rows=rows, cursor=found.cursor, short=short)


@routes.route("/janji", methods=["GET"], cors=False)
@answers_pages
def get_windows(visit: Visit) -> Response:
    """What a reporter may do how long, for anybody to read."""
    return html.page(visit, "windows.html", private=False, rows=views.windows(visit.city, visit.language))


@routes.route("/gaya.css", methods=["GET"], cors=False)
def get_style() -> Response:
    kept: dict[str, str | list[str]] = {
        "Content-Type": "text/css; charset=utf-8",
        "Cache-Control": "public, max-age=604800",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html.stylesheet()[0], kept, 200)


# Reporting ----------------------------------------------------------------------------------------------------


@routes.route("/lapor", methods=["GET"], cors=False)
@answers_pages
def get_report(visit: Visit) -> Response:
    chosen = visit.query.get("kategori", "")
    said = {"category": chosen} if chosen in visit.city.categories else {}
    return _form(visit, said)


@routes.route("/lapor", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_report(visit: Visit) -> Response:
    """Receive a report; whoever it concerns is asked a category's questions, or whom it is about, on a second page."""
    fields = html.said(visit.request)
    key, asked, asked_about, change, shown, same, told = (
        fields.pop(name, [""])[-1]
        for name in ("kunci", "asked", "asked_about", "ubah", "dekat", "gabung", "tetangga")
    )
    said = html.last(fields)
    if change:
        return _form(visit, said, key=key, fields=fields)
    category = visit.city.categories.get(said.get("category", ""))
    questions = bool(category and category.questions and asked != category.id)
    about = "about" in said and not asked_about
    # Between neighbours the hamlet's head hears of it only with a yes, so it is asked for where there is a hamlet.
    neighbours = bool(category and category.household and said.get("place.hamlet") and not told)
    try:
        filing, contact = forms.complaint(
            _report(fields, visit.city), visit.city, visit.language, channel="web", now=visit.now
        )
        who = visit.who()
        if same:
            spoken = filing.language
            return joined.join(visit, requests.code(same), contact, spoken, key)
        # Offered once and never forced; nobody who accuses somebody is sent to a case that all can read.
        offers = () if shown or filing.about_staff else nearby.offers(filing.category, filing.place.point)
        earlier = None if shown else nearby.earlier(filing.text, filing.category, filing.area, who)
        # Numbers in the words are shown once, to be taken out; who sends them all the same is not stopped.
        numbers = [] if shown else personal.to_remove(filing.text, visit.language)
        if questions or about or offers or earlier or neighbours or numbers:
            return _form(
                visit,
                said,
                "step_two.html",
                key=key,
                questions=questions,
                about=about,
                neighbours=neighbours,
                fields=fields,
                personal_data=numbers,
                offers=views.nearby(offers, visit.city, visit.language, visit.now)["complaints"],
                earlier=views.card(earlier, visit.city, visit.language, visit.now) if earlier else None,
            )
        result = intake.file_complaint(
            filing,
            contact,
            client=requests.client(visit.request),
            now=visit.now,
            who=who if who is not None and who.kind is WhoKind.CITIZEN else None,
            retry=_retry(key, fields),
        )
    except Invalid as error:
        faults = [Fault(_INPUT.get(f.field, f.field), f.reason, f.values) for f in error.faults]
        return _form(visit, said, status=422, key=key, faults=faults, fields=fields)
    except IllegalMove as error:
        # What was to be joined has ended meanwhile, or is one's own: the report itself can still be sent.
        return _form(visit, said, status=409, banner=html.problem(error, visit.language)[1], fields=fields)
    except KeyReused:
        # Back and sent again with other words: a second report is welcome, but only if it is meant.
        return _form(visit, said, status=422, banner=visit.texts["sent_before"], fields=fields)
    return html.redirect(visit, f"/k/{short(result.complaint.code)}/{result.secret}", baru="1")


def _form(
    visit: Visit,
    said: Mapping[str, str],
    template: str = "report.html",
    *,
    status: int = 200,
    key: str = "",
    questions: bool = True,
    about: bool | None = None,
    neighbours: bool = False,
    faults: list[Fault] | None = None,
    fields: Mapping[str, list[str]] | None = None,
    banner: str = "",
    offers: list[dict[str, Any]] | None = None,
    earlier: dict[str, Any] | None = None,
    personal_data: list[dict[str, Any]] | None = None,
) -> Response:
    city, who = visit.city, visit.who()
    category = city.categories.get(said.get("category", ""))
    asked = category.questions if category and questions else ()
    if about is None:
        about = any(name.startswith("about") for name in said)
    return html.page(
        visit,
        template,
        status,
        said=said,
        several=fields or {},
        key=key if _KEY.fullmatch(key) else secrets.token_urlsafe(24),
        kinds=[str(kind) for kind in Kind],
        questions=asked,
        numbers=any(not q.values and q.datatype != "datetime" for q in asked),
        ask_about=about,
        neighbours=neighbours,
        hamlets=len(city.hamlets) in range(1, _MOST_HAMLETS),
        by_name=sorted(city.villages.values(), key=lambda area: area.name),
        offices=[o for o in city.offices.values() if not o.outside and o.id not in city.areas],
        emergency=[
            city.emergency_numbers[key]
            for key in call_for(category.id if category else None, said.get("text", ""), None, city)
        ],
        known=who is not None and who.kind is WhoKind.CITIZEN,
        limits={"text": forms.TEXT_MOST, "words": forms.WORDS_MOST},
        faults=html.told(
            visit, faults or [], {f"answers.{q.id}": visit.label(q.labels).rstrip("?") for q in asked}
        ),
        banner=banner,
        offers=offers or [],
        earlier=earlier,
        personal_data=personal_data or [],
        short=short,
    )


_INPUT = {
    # What intake finds out about a place is shown at the input that can mend it.
    "place": "place.area",
    "area": "place.area",
    "hamlet": "place.hamlet",
    "place.lat": "place.pin",
    "place.lon": "place.pin",
    "about_staff": "about_staff.office",
}


def _report(fields: Mapping[str, list[str]], city: City) -> dict[str, Any]:
    """The form's flat fields (``place.area``) as the object that `forms.complaint` reads; nothing is checked here."""
    body: dict[str, Any] = {}
    for name, values in fields.items():
        part, dot, inner = name.partition(".")
        if not dot:
            body[name] = values[-1]
            continue
        within = body.setdefault(part, {})
        if isinstance(within, dict):
            within[inner] = values[-1]
    place = body.get("place")
    if isinstance(place, dict) and (pin := place.pop("pin", "")):
        found = _PIN.fullmatch(pin)
        # What is no pair of numbers goes on as it is and becomes a fault of the form.
        place["lat"], place["lon"] = (float(found[1]), float(found[2])) if found else (pin, 0.0)
    if body.pop("hamlet_head_may_know", ""):
        body["hamlet_head_may_know"] = True
    if body.pop("share_with_agency", ""):
        body["share_with_agency"] = True  # a tick says yes; without one the browser sends nothing
    if body.pop("about", ""):
        # Ticked, or named without ticking: either way no office may learn of it before triage has read it.
        body.setdefault("about_staff", {})
    _type_answers(body, fields, city)
    return body


def _type_answers(body: dict[str, Any], fields: Mapping[str, list[str]], city: City) -> None:
    """Answers as their datatypes ask; a browser's local time is the city's."""
    category = city.categories.get(str(body.get("category", "")))
    given = body.get("answers")
    if category is None or not isinstance(given, dict):
        body.pop("answers", None)
        return
    known = {question.id: question for question in category.questions}
    # Who chose another category on the second step has answered questions that it does not ask.
    others = {q.id for c in city.categories.values() for q in c.questions} - set(known)
    answers: dict[str, Any] = {name: value for name, value in given.items() if name not in others}
    for name in known.keys() & answers.keys():
        value, datatype = answers[name], known[name].datatype
        if datatype == "multivaluelist":
            answers[name] = fields[f"answers.{name}"]
        elif datatype == "number" and re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", value, re.ASCII):
            answers[name] = float(value)
        elif datatype == "datetime":
            minutes = int(city.utc_offset.total_seconds() // 60)
            answers[name] = (
                f"{value}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
            )
    body["answers"] = answers


def _retry(key: str, fields: Mapping[str, list[str]]) -> Retry | None:
    if not _KEY.fullmatch(key):
        return None
    said = repr(sorted((name, values) for name, values in fields.items()))
    return Retry(key, hashlib.sha256(said.encode("utf-8", "replace")).hexdigest())


# A case -------------------------------------------------------------------------------------------------------


@routes.route("/lacak", methods=["GET"], cors=False)
@answers_pages
def get_search(visit: Visit) -> Response:
    typed = visit.query.get("kode", "").strip()
    if not typed:
        return html.page(visit, "search.html", private=False, typed="")
    found = parse_code(visit.city.code_prefix, typed)
    if found is None:
        faults = html.told(visit, [Fault("kode", "no_code")])
        return html.page(visit, "search.html", 422, private=False, typed=typed[:40], faults=faults)
    return html.redirect(visit, f"/l/{short(found)}")


@routes.route("/l/{short_code}", methods=["GET"], cors=False)
@answers_pages
def get_public(visit: Visit, short_code: str) -> Response:
    stored = reading.public_case(requests.code(short_code))
    body = views.public(stored, visit.city, visit.language, visit.now, links=duplicates.links(stored))
    return html.page(
        visit,
        "public.html",
        private=False,
        case=body,
        short=short,
        joined="ikut" in visit.query,
        shared=f"{settings().base_url}/l/{short(stored.complaint.code)}",
    )
