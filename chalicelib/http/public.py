"""What anybody may ask: the profile, where a point lies, a case by its code, and the lists."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.http import forms, personal, requests, views
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import duplicates, intake, nearby, reading

routes = Blueprint(__name__)

_SHAPES = {
    "json": (views.cards, "application/json"),
    "geojson": (views.geojson, "application/geo+json"),
}


@routes.route("/v1/health", methods=["GET"])
@answers_problems
def get_health() -> Response:
    return views.answer({"ok": True, "city": settings().city, "now": utc_now()})


@routes.route("/v1/city", methods=["GET"])
@answers_problems
def get_city() -> Response:
    language = requests.language(requests.current())
    return views.answer(views.profile(load(settings().city), language), private=False)


@routes.route("/v1/locate", methods=["GET"])
@answers_problems
def get_locate() -> Response:
    lat, lon = forms.point(requests.query(requests.current()))
    return views.answer(views.located(intake.locate(lat, lon), load(settings().city)))


@routes.route("/v1/suggestions", methods=["POST"])
@answers_problems
def post_suggestions() -> Response:
    request = requests.current()
    text = forms.words(requests.body(request))
    found = intake.suggest(text)
    numbers = intake.numbers_to_call(text, found)
    city, language = load(settings().city), requests.language(request)
    body = views.suggestions(found, numbers, city, language)
    return views.answer({**body, "personal": personal.found_in(text, language)})


@routes.route("/v1/nearby", methods=["GET"])
@answers_problems
def get_nearby() -> Response:
    request, city = requests.current(), load(settings().city)
    offers = nearby.offers(*forms.nearby(requests.query(request), city))
    return views.answer(views.nearby(offers, city, requests.language(request), utc_now()), private=False)


@routes.route("/v1/complaints", methods=["GET"])
@answers_problems
def get_complaints() -> Response:
    request, city = requests.current(), load(settings().city)
    filters, cursor, limit, shape = forms.filters(requests.query(request), city)
    now = utc_now()
    page = reading.public_list(filters, now=now, cursor=cursor, limit=limit)
    view, kind = _SHAPES[shape]
    return views.answer(view(page, city, requests.language(request), now), private=False, kind=kind)


@routes.route("/v1/scheduled", methods=["GET"])
@answers_problems
def get_scheduled() -> Response:
    """Cases with an accepted new date, the earliest first."""
    request, city = requests.current(), load(settings().city)
    _, cursor, limit = forms.paging(requests.query(request))
    page = reading.scheduled_list(cursor=cursor, limit=limit)
    return views.answer(views.cards(page, city, requests.language(request), utc_now()), private=False)


@routes.route("/v1/complaints", methods=["POST"])
@answers_problems
def post_complaint() -> Response:
    request, city, now = requests.current(), load(settings().city), utc_now()
    language = requests.language(request)
    filing, contact = forms.complaint(requests.body(request), city, language, channel="web", now=now)
    result = intake.file_complaint(
        filing,
        contact,
        client=requests.client(request),
        device=requests.device(request),
        now=now,
        retry=requests.retry(request),
    )
    return views.answer(
        views.filed(result, city, language, settings().base_url), 201, version=result.complaint.version
    )


@routes.route("/v1/complaints/{code}", methods=["GET"])
@answers_problems
def get_complaint(code: str) -> Response:
    request = requests.current()
    stored = reading.public_case(requests.code(code))
    found = duplicates.links(stored)
    body = views.public(stored, load(settings().city), requests.language(request), utc_now(), links=found)
    return views.answer(body, private=False)


@routes.route("/v1/complaints/{code}/joins", methods=["POST"])
@answers_problems
def post_join(code: str) -> Response:
    request, city = requests.current(), load(settings().city)
    contact, language = forms.joining(requests.body(request), city, requests.language(request))
    joined = duplicates.join(
        requests.code(code),
        contact,
        language=language,
        client=requests.client(request),
        now=utc_now(),
        retry=requests.retry(request),
    )
    return views.answer(views.joined(joined, requests.language(request), settings().base_url), 201)


@routes.route("/v1/complaints/{code}/status", methods=["GET"])
@answers_problems
def get_status(code: str) -> Response:
    request = requests.current()
    complaint = reading.public_state(requests.code(code))
    body = views.state(complaint, load(settings().city), requests.language(request), utc_now(), public=True)
    return views.answer(body, private=False)
