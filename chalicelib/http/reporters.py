"""What a reporter does with their own cases, signed in or by a case's secret link."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.reporting import asks_reopen
from chalicelib.http import dossier, forms, personal, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import duplicates, handling, intake, nearby, reading
from chalicelib.usecases.signin import Who

routes = Blueprint(__name__)


@routes.route("/v1/me/complaints", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_mine() -> Response:
    request, city = requests.current(), load(settings().city)
    _, cursor, limit = forms.paging(requests.query(request))
    page = reading.own_cases(requests.who(request), cursor=cursor, limit=limit)
    return views.answer(views.cards(page, city, requests.language(request), utc_now()))


@routes.route("/v1/me/complaints", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_mine() -> Response:
    request, city, now = requests.current(), load(settings().city), utc_now()
    language = requests.language(request)
    filing, contact = forms.complaint(requests.body(request), city, language, channel="web", now=now)
    result = intake.file_complaint(
        filing,
        contact,
        client=requests.client(request),
        device=requests.device(request),
        now=now,
        who=requests.who(request),
        retry=requests.retry(request),
    )
    return views.answer(
        views.filed(result, city, language, settings().base_url), 201, version=result.complaint.version
    )


@routes.route("/v1/me/complaints/{code}", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_own(code: str) -> Response:
    request = requests.current()
    stored = reading.own_case(requests.code(code), requests.who(request))
    found = duplicates.links(stored)
    body = views.own(stored, load(settings().city), requests.language(request), utc_now(), links=found)
    return views.answer(body, version=stored.complaint.version)


@routes.route("/v1/me/complaints/{code}/dossier", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_own_dossier(code: str) -> Response:
    """The reporter's own copy of the whole history, to check or to hand to an ombudsman."""
    request, city = requests.current(), load(settings().city)
    stored = reading.own_case(requests.code(code), requests.who(request))
    body = dossier.for_reporter(stored, city=city, language=requests.language(request), now=utc_now())
    return views.answer(body, version=stored.complaint.version)


@routes.route("/v1/me/complaints/{code}/text", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_text(code: str) -> Response:
    request = requests.current()
    text = forms.whole_text(requests.body(request))
    return _said(
        text, handling.edit(*_about(code), text, client=requests.client(request), now=utc_now()), 200
    )


@routes.route("/v1/me/complaints/{code}/messages", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_message(code: str) -> Response:
    request = requests.current()
    text = forms.sentence(requests.body(request))
    return _said(text, handling.message(*_about(code), text, client=requests.client(request), now=utc_now()))


@routes.route("/v1/me/complaints/{code}/answers", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_answer(code: str) -> Response:
    request = requests.current()
    number, text, share, photos = forms.answer(requests.body(request))
    client, now = requests.client(request), utc_now()
    return _said(text, handling.answer(*_about(code), number, text, share, photos, client=client, now=now))


@routes.route("/v1/me/complaints/{code}/rating", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_rating(code: str) -> Response:
    request = requests.current()
    score, words = forms.rating(requests.body(request))
    city, now = load(settings().city), utc_now()
    rated = handling.rate(requests.code(code), requests.who(request), score, words, now=now)
    asks = {"ask_reopen": asks_reopen(rated, city, now)}
    body = views.state(rated, city, requests.language(request), now) | asks
    return views.answer(body, 201, version=rated.version)


@routes.route("/v1/me/complaints/{code}/confirmation", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_confirmation(code: str) -> Response:
    request = requests.current()
    forms.nothing(requests.body(request))
    return _done(handling.agree(requests.code(code), requests.who(request), now=utc_now()))


@routes.route("/v1/me/complaints/{code}/reopening", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_reopening(code: str) -> Response:
    request = requests.current()
    text = forms.sentence(requests.body(request))
    return _said(text, handling.reopen(*_about(code), text, client=requests.client(request), now=utc_now()))


@routes.route("/v1/me/complaints/{code}/appeal", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_appeal(code: str) -> Response:
    request = requests.current()
    text = forms.sentence(requests.body(request))
    return _done(handling.appeal(requests.code(code), requests.who(request), text, now=utc_now()))


@routes.route("/v1/me/complaints/{code}/withdrawal", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_withdrawal(code: str) -> Response:
    request = requests.current()
    why, words = forms.withdrawal(requests.body(request))
    return _done(handling.withdraw(requests.code(code), requests.who(request), why, words, now=utc_now()))


@routes.route("/v1/me/suggestions", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_own_suggestions() -> Response:
    """The public suggestions, and the open case of one's own that the text speaks of."""
    request, city = requests.current(), load(settings().city)
    text, category, area = forms.about_earlier(requests.body(request), city)
    words = intake.suggest(text)
    language = requests.language(request)
    body = views.suggestions(words, intake.numbers_to_call(text, words), city, language)
    body["personal"] = personal.found_in(text, language)
    found = nearby.earlier(text, category, area, requests.who(request))
    body["earlier"] = views.card(found, city, language, utc_now()) if found else None
    return views.answer(body)


@routes.route("/v1/me/complaints/{code}/joins", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_own_join(code: str) -> Response:
    request, city = requests.current(), load(settings().city)
    contact, language = forms.joining(requests.body(request), city, requests.language(request))
    joined = duplicates.join(
        requests.code(code),
        contact,
        language=language,
        client=requests.client(request),
        now=utc_now(),
        who=requests.who(request),
        retry=requests.retry(request),
    )
    return views.answer(views.joined(joined, requests.language(request), settings().base_url), 201)


@routes.route("/v1/me/joins/{code}", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_joined(code: str) -> Response:
    request = requests.current()
    return _joined(*duplicates.joined_case(requests.code(code), requests.who(request)))


@routes.route("/v1/me/joins/{code}/rating", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_joined_rating(code: str) -> Response:
    request = requests.current()
    found, who = requests.code(code), requests.who(request)
    duplicates.rate(found, who, *forms.rating(requests.body(request)), now=utc_now())
    return _joined(*duplicates.joined_case(found, who), status=201)


@routes.route("/v1/me/joins/{code}/reopening", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_joined_reopening(code: str) -> Response:
    """ "Belum": a case of their own, linked; two who say so reopen the case that they joined."""
    request, city, now = requests.current(), load(settings().city), utc_now()
    text = forms.whole_text(requests.body(request))
    filed = duplicates.say_no(
        requests.code(code), requests.who(request), text, client=requests.client(request), now=now
    )
    body = views.filed(filed, city, requests.language(request), settings().base_url)
    return views.answer(body, 201, version=filed.complaint.version)


def _joined(stored: reading.Stored, join: duplicates.Join, *, status: int = 200) -> Response:
    city, language, now = load(settings().city), requests.language(requests.current()), utc_now()
    body = views.joined_case(stored, join, city, language, now, links=duplicates.links(stored))
    return views.answer(body, status)


def _about(code: str) -> tuple[str, Who]:
    return requests.code(code), requests.who(requests.current())


def _said(text: str, complaint: Complaint, status: int = 201) -> Response:
    language = requests.language(requests.current())
    body = views.said(text, complaint, load(settings().city), language, utc_now())
    return views.answer(body, status, version=complaint.version)


def _done(complaint: Complaint, status: int = 201) -> Response:
    language = requests.language(requests.current())
    body = views.state(complaint, load(settings().city), language, utc_now())
    return views.answer(body, status, version=complaint.version)
