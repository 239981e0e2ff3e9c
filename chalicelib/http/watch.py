"""The auditor's and the administrator's routes and pages: who looked at whose identity; who may sign in."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.city import City
from chalicelib.domain.errors import NotFound
from chalicelib.domain.people import Officer
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import signin, watch

routes = Blueprint(__name__)

_ACTS = {"tutup": watch.close_door, "atur-ulang": watch.reset_sign_in}


@routes.route("/v1/office/looks", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_looks() -> Response:
    """Who looked at whose identity, when, and of the hidden why."""
    request, city = requests.current(), load(settings().city)
    officer = signin.officer(requests.who(request))
    month, cursor = forms.looks(requests.query(request))
    rows, more = watch.looks(officer, month or watch.this_month(utc_now()), cursor=cursor)
    return views.answer({"looks": [_looked(row, city) for row in rows], "cursor": more})


@routes.route("/v1/office/officers", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_officers() -> Response:
    request, city = requests.current(), load(settings().city)
    administrator = signin.officer(requests.who(request))
    found = watch.officers(administrator, forms.of_office(requests.query(request), city))
    return views.answer({"officers": [_officer(each, city) for each in found]})


@routes.route("/v1/office/officers/{officer}/disabling", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_disabling(officer: str) -> Response:
    request, city = requests.current(), load(settings().city)
    administrator = signin.officer(requests.who(request))
    forms.nothing(requests.body(request))
    return views.answer(_officer(watch.close_door(administrator, officer), city), 201)


@routes.route("/v1/office/officers/{officer}/sign-in-reset", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_sign_in_reset(officer: str) -> Response:
    request, city = requests.current(), load(settings().city)
    administrator = signin.officer(requests.who(request))
    forms.nothing(requests.body(request))
    return views.answer(_officer(watch.reset_sign_in(administrator, officer), city), 201)


@routes.route("/jejak", methods=["GET"], cors=False)
@answers_pages
def get_trail(visit: Visit) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    month, cursor = forms.looks(visit.query)
    month = month or watch.this_month(visit.now)
    rows, more = watch.looks(officer, month, cursor=cursor)
    shown = [_looked(row, visit.city) for row in rows]
    return html.page(visit, "looks.html", rows=shown, month=month, cursor=more, short=short)


@routes.route("/petugas", methods=["GET"], cors=False)
@answers_pages
def get_people(visit: Visit) -> Response:
    administrator = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    wanted = visit.query.get("office") or administrator.office
    office = forms.of_office({"office": wanted}, visit.city)
    found = [_officer(each, visit.city) for each in watch.officers(administrator, office)]
    offices = [each for each in visit.city.offices.values() if not each.outside]
    return html.page(
        visit,
        "people.html",
        rows=found,
        offices=offices,
        chosen=office,
        done=visit.query.get("ok", "") in _ACTS,
    )


@routes.route("/petugas/{officer}/{act}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_person(visit: Visit, officer: str, act: str) -> Response:
    administrator = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    forms.nothing(html.last(html.said(visit.request)))
    if act not in _ACTS:
        raise NotFound(act)
    found = _ACTS[act](administrator, officer)
    return html.redirect(visit, "/petugas", office=found.office, ok=act)


def _looked(row: watch.Looked, city: City) -> dict[str, Any]:
    look, who = row.look, row.officer
    return {
        "at": look.at,
        "code": look.code,
        "kind": look.kind,
        "reason": look.reason,
        "officer": {"id": look.officer, "name": who.name if who else "", "office": who.office if who else ""},
    }


def _officer(officer: Officer, city: City) -> dict[str, Any]:
    return {
        "id": officer.id,
        "name": officer.name,
        "title": officer.title,
        "office": officer.office,
        "duties": [{"post": d.post, "title": views.post_title(d.post, city)} for d in officer.duties],
        "disabled": officer.disabled,
    }
