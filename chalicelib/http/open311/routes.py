"""The routes of Open311: ``requests/{id}.json`` is no template of API Gateway, so a segment is taken and split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from chalice.app import Blueprint, Request, Response

from chalicelib.cities import load
from chalicelib.domain import errors
from chalicelib.domain.city import City
from chalicelib.domain.errors import Fault
from chalicelib.http import requests
from chalicelib.http.open311 import answers
from chalicelib.http.open311.answers import TYPES, Refused
from chalicelib.observability import logger
from chalicelib.settings import settings, utc_now

routes = Blueprint(__name__)

PREFIX = "/open311/v2"
MULTIPART = "multipart/form-data"
"""Must be among the app's binary types, or a gateway would read photos as text."""
_METHODS = ["GET", "POST"]
_ANY = ["*/*"]
"""What is sent is looked at here, so that a refusal has the form of all others. Chalice wants a route's types to be
all binary or none, and a post may be either."""
_KEPT = 300
_MOST_HALVES = 10


@dataclass(frozen=True, slots=True)
class Call:
    """One request to Open311: in which format, of which city, when."""

    request: Request
    form: str
    city: City
    language: str
    now: datetime

    @property
    def given(self) -> Mapping[str, str]:
        return requests.query(self.request)


@routes.route(f"{PREFIX}/{{resource}}", methods=_METHODS, content_types=_ANY)
def serve_resource(resource: str) -> Response:
    return _serve(resource, _RESOURCES, lambda view, call, _: view(call))


@routes.route(f"{PREFIX}/{{resource}}/{{name}}", methods=_METHODS, content_types=_ANY)
def serve_item(resource: str, name: str) -> Response:
    if resource == "media":
        # What it answers is a picture; what it refuses is JSON.
        name = f"{name.removesuffix('.jpg')}.json" if name.endswith(".jpg") else ""
        return _serve(name, _PHOTOS, lambda view, call, item: view(call, item))
    found = _ITEMS.get(unquote(resource))
    return _serve(name, {} if found is None else {None: found}, lambda view, call, item: view(call, item))


def refuse_for_framework(request: Request, refused: Response) -> Response:
    """What the framework itself refused, in the format asked for."""
    last = str(list((request.uri_params or {"": ""}).values())[-1])
    status = min(500, refused.status_code)
    reason = {405: "not_here", 413: "form_large", 415: "no_form", 404: "unknown_resource"}.get(
        status, "broken_form"
    )
    made = answers.refusal(
        _form(unquote(last))[1] or "json", Refused(status, Fault(str(request.method), reason)), "id"
    )
    made.headers = {**refused.headers, **made.headers}
    return made


# Views --------------------------------------------------------------------------------------------------------


def _discovery(call: Call) -> Response:
    from chalicelib.http.open311 import shapes

    return answers.answer(call.form, "discovery", shapes.discovery(call.city, call.language), kept=_KEPT)


def _services(call: Call) -> Response:
    from chalicelib.http.open311 import shapes

    found = [shapes.service(each, call.city, call.language) for each in call.city.categories.values()]
    return answers.answer(call.form, "services", found, kept=_KEPT)


def _definition(call: Call, code: str) -> Response:
    from chalicelib.http.open311 import shapes

    category = call.city.categories.get(code)
    if category is None:
        raise Refused(404, Fault("service_code", "unknown_service"))
    return answers.answer(
        call.form, "service_definition", shapes.definition(category, call.language), kept=_KEPT
    )


def _requests(call: Call) -> Response:
    if call.request.method == "POST":
        return _post_request(call)
    from chalicelib.http.open311 import forms, shapes
    from chalicelib.usecases import open311

    listing = forms.listing(call.given, call.city)
    found = open311.find(listing.query, now=call.now)
    photos = open311.shown_photos(found)
    notes = open311.notes(found) if listing.extended else {}
    rows = [
        shapes.request(
            each,
            call.city,
            call.language,
            extended=listing.extended,
            photo=photos.get(each.complaint.code, ""),
            notes=notes.get(each.complaint.code),
        )
        for each in found
    ]
    for _ in range(_MOST_HALVES):
        made = answers.answer(call.form, "service_requests", rows)
        if answers.fits(str(made.body)):
            return made
        if listing.paged:
            raise Refused(400, Fault("page_size", "page_large"))
        # The newest of them; who wants all asks by the page.
        rows = rows[: max(1, len(rows) // 2)]
    return made


def _request(call: Call, text: str) -> Response:
    from chalicelib.http.open311 import forms, shapes
    from chalicelib.usecases import open311

    code = forms.request_id(text, call.city)
    if code is None:
        raise errors.NotFound("service_request_id")
    found = open311.one(code)
    photo = open311.shown_photos([found]).get(code, "")
    extended = forms.extended(call.given)
    notes = open311.notes([found])[code] if extended else None
    shown = shapes.request(found, call.city, call.language, extended=extended, photo=photo, notes=notes)
    return answers.answer(call.form, "service_requests", [shown])


def _photo(call: Call, text: str) -> Response:
    """A public photo, by a link of some minutes to where it lies; its name ends in .jpg, which it is."""
    from chalicelib.usecases import open311

    try:
        link = open311.photo_link(text)
    except errors.NotFound:
        raise Refused(404, Fault("media", "unknown_photo")) from None
    return Response("", {"Location": link, "Cache-Control": "no-store"}, 302)


def _token(call: Call, text: str) -> Response:
    from chalicelib.usecases import open311

    try:
        code = open311.token(text, now=call.now)
    except errors.NotFound:
        raise Refused(404, Fault("token", "unknown_token")) from None
    return answers.answer(call.form, "service_requests", [{"token": text, "service_request_id": code}])


def _post_request(call: Call) -> Response:
    from chalicelib.http.open311 import forms, shapes
    from chalicelib.usecases import api_keys, open311

    sent, key = _sent(call, api_keys.FILE)
    category = forms.service(sent, call.city)
    post = forms.post(sent, category, call.city, call.language)
    result = open311.file(post.filing, post.contact, key, post.aside, now=call.now, pictures=post.pictures)
    shown = shapes.filed(result, call.city, call.language)
    return answers.answer(call.form, "service_requests", [shown], 201)


def _updates(call: Call) -> Response:
    from chalicelib.http.open311 import forms, shapes
    from chalicelib.usecases import open311

    if call.request.method == "POST":
        sent, key = _sent(call, "")
        made = open311.update(forms.update(sent, call.city), key, now=call.now)
        return answers.answer(call.form, "service_request_updates", [{"update_id": made}], 201)
    found = open311.updates(*forms.span(call.given), now=call.now)
    rows = [shapes.update(each, call.city, call.language) for each in found]
    return answers.answer(call.form, "service_request_updates", rows)


_RESOURCES: Mapping[str | None, tuple[Sequence[str], Callable[[Call], Response]]] = {
    "discovery": (("GET",), _discovery),
    "services": (("GET",), _services),
    "requests": (("GET", "POST"), _requests),
    "servicerequestupdates": (("GET", "POST"), _updates),
}
_ITEMS: Mapping[str, tuple[Sequence[str], Callable[[Call, str], Response]]] = {
    "services": (("GET",), _definition),
    "requests": (("GET",), _request),
    "tokens": (("GET",), _token),
}
_PHOTOS: Mapping[str | None, tuple[Sequence[str], Callable[[Call, str], Response]]] = {
    None: (("GET",), _photo)
}


# Inside -------------------------------------------------------------------------------------------------------


def _serve(
    segment: str,
    known: Mapping[str | None, tuple[Sequence[str], Any]],
    view: Callable[[Any, Call, str], Response],
) -> Response:
    """Find the resource, call it, and turn what it raises into the errors of the standard.

    ``known`` is by the name before the extension; the one entry None takes any name.
    """
    request = requests.current()
    language = requests.language(request)
    name, form = _form(unquote(segment))
    try:
        found = known.get(None) or known.get(name)
        if found is None or not form:
            raise Refused(404, Fault("resource", "unknown_resource"))
        methods, served = found
        if request.method not in methods:
            allow = ", ".join(methods)
            raise Refused(405, Fault(str(request.method), "not_here"), headers={"Allow": allow})
        call = Call(request, form, load(settings().city), language, utc_now())
        from chalicelib.http.open311 import forms

        if request.method == "GET":
            forms.jurisdiction(call.given.get("jurisdiction_id", ""), call.city)
        return view(served, call, name)
    except Refused as refused:
        return answers.refusal(form or "json", refused, language)
    except errors.DomainError as error:
        return answers.refusal(form, answers.of_rule(error), language)
    except Exception:  # noqa: BLE001  the last line before the client: logged in full, answered without a trace
        logger.exception("open311 failed", extra={"route": request.path})
        return answers.refusal(form, Refused(500, Fault("server", "our_fault")), language)


def _form(segment: str) -> tuple[str, str]:
    """``requests.json`` as its name and its format; "" for a format that there is not."""
    name, _, extension = segment.rpartition(".")
    return name, extension if extension in TYPES and name else ""


def _sent(call: Call, scope: str) -> tuple[Any, Any]:
    """What was posted, with the key that may do it; both may stand in the body or in the query."""
    from chalicelib.http.open311 import forms
    from chalicelib.usecases import api_keys

    sent = forms.body(call.request)
    presented = sent.last("api_key") or call.given.get("api_key", "")
    try:
        key = api_keys.demand(presented.strip(), scope, now=call.now)
    except errors.NotAllowed:
        raise Refused(403, Fault("api_key", "key_required")) from None
    forms.jurisdiction(sent.last("jurisdiction_id") or call.given.get("jurisdiction_id", ""), call.city)
    return sent, key
