"""Staff's search, kept searches, what lies around a case, and acts on many cases: the API, and the same as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain import bulk as rules
from chalicelib.domain.city import City
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import Fault, Invalid, NotFound, WindowClosed
from chalicelib.domain.people import RIGHTS, Act, Officer
from chalicelib.domain.tracking import parse_code, short
from chalicelib.http import forms, html, problems, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.forms import Form
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import bulk, desks, duplicates, handling, reading, search, signin
from chalicelib.usecases.search import MOST, Query

routes = Blueprint(__name__)

STATES = ("open", "ended", *Status)
_PAGE = 20
_QUERY = ("text", "office", "area", "since", "until", "status", "mentioned")
"""What of a search may be kept under a name; a phone never is."""


# Reading forms ------------------------------------------------------------------------------------------------


def _query(form: Form, city: City) -> Query:
    phone = form.text("phone", most=30, lines=False)
    number = forms.phone(phone) if phone else ""
    if phone and not number and not form.faults:
        form.fault("phone", "no_phone")
    since, until = form.day("since"), form.day("until")
    if since and until and since > until:
        form.fault("until", "until_before")
    return Query(
        form.text("text", most=100, lines=False),
        number,
        form.choice("office", city.offices, unknown="unknown_office"),
        form.choice("area", city.areas, unknown="unknown_area"),
        since,
        until,
        form.choice("status", STATES),
        form.choice("mentioned", ("me",)) is not None,
    )


def searching(values: Mapping[str, Any], city: City) -> tuple[Query, str | None, int]:
    """What is looked for, a cursor, and how many rows."""
    form = Form(values)
    query = _query(form, city)
    cursor = form.text("cursor", most=300, lines=False) or None
    limit = form.whole("limit", 1, MOST) or _PAGE
    form.done()
    return query, cursor, limit


def keeping(values: Mapping[str, Any], city: City) -> tuple[str, dict[str, str]]:
    """What a search is called that shall be kept, and what it looks for."""
    form = Form(values)
    name = form.text("name", most=40, lines=False, required=True)
    part = form.part("query", required=True)
    if part is not None:
        if part.raw("phone") is not None:
            form.fault("query.phone", "phone_not_kept")
        _query(part, city)
        part.close()
    form.done()
    given = values["query"]
    return name, {key: str(given[key]).strip() for key in _QUERY if given.get(key)}


def many(values: Mapping[str, Any], city: City) -> tuple[Act, list[tuple[str, int]], Any]:
    """The act, the cases by code and version, and what the act takes."""
    form = Form(values)
    act = form.choice("act", [str(act) for act in rules.OFFERED], required=True)
    given = form.raw("cases", required=True)
    cases: dict[str, int] = {}
    if given is not None and not isinstance(given, list):
        form.fault("cases", "no_list")
    elif given is not None and not 1 <= len(given) <= rules.MOST:
        form.fault("cases", "cases_number", most=rules.MOST)
    else:
        for number, each in enumerate(given or ()):
            if not isinstance(each, Mapping):
                form.fault(f"cases.{number}", "no_object")
                continue
            case = Form(each, f"cases.{number}.", form.faults)
            typed = case.text("code", most=40, lines=False, required=True)
            version = case.whole("version", 1, 999_999_999, required=True)
            case.close()
            code = parse_code(city.code_prefix, typed) if typed else None
            if typed and code is None:
                case.fault("code", "no_code")
            if code in cases:
                case.fault("code", "case_twice")
            cases[code or ""] = version or 0
    said = form.raw("said")
    found: Any = None
    if said is not None and not isinstance(said, Mapping):
        form.fault("said", "no_object")
    elif act is not None:
        try:
            found = _SAID[Act(act)](said or {}, city)
        except Invalid as error:
            form.faults += [Fault(f"said.{f.field}", f.reason, f.values) for f in error.faults]
    form.done()
    return Act(act or ""), [*cases.items()], found


_SAID: Mapping[Act, Callable[[Mapping[str, Any], City], Any]] = {
    Act.SORT: forms.sorting,
    Act.RELEASE: lambda values, city: forms.nothing(values),
    Act.HIDE: lambda values, city: forms.reason(values),
    Act.MERGE: forms.merging,
}


def _doing(officer: Officer, act: Act, said: Any, now: Any) -> bulk.Do:
    def one(code: str, version: int) -> Complaint:
        seen = {"if_match": version, "now": now}
        if act is Act.SORT:
            return handling.sort(code, officer, said, **seen)
        if act is Act.RELEASE:
            return handling.release(code, officer, **seen)
        if act is Act.HIDE:
            return handling.hide(code, officer, said, **seen)
        return duplicates.merge(code, officer, said, **seen)

    return one


# The API ------------------------------------------------------------------------------------------------------


@routes.route("/v1/office/search", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_search() -> Response:
    """A POST, so that what somebody looks for, a phone above all, stands in no address and no log."""
    request, city, now = requests.current(), load(settings().city), utc_now()
    officer = signin.officer(requests.who(request))
    query, cursor, limit = searching(requests.body(request), city)
    found = search.find(officer, query, now=now, cursor=cursor, limit=limit)
    language = requests.language(request)
    rows = [views.staff_card(card, city, language, now) for card in found.cards]
    return views.answer({"complaints": rows, "cursor": found.cursor, "too_many": found.too_many})


@routes.route("/v1/office/filters", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_filters() -> Response:
    officer = signin.officer(requests.who(requests.current()))
    return views.answer(_filters(desks.filters(officer)))


@routes.route("/v1/office/filters", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_filter() -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    name, query = keeping(requests.body(request), load(settings().city))
    return views.answer(_filters(desks.keep_filter(officer, name, query)[1]), 201)


@routes.route("/v1/office/filters/{filter_id}", methods=["DELETE"], authorizer=signed_in)
@answers_problems
def delete_filter(filter_id: str) -> Response:
    officer = signin.officer(requests.who(requests.current()))
    return views.answer(_filters(desks.drop_filter(officer, filter_id)))


@routes.route("/v1/office/complaints/{code}/context", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_context(code: str) -> Response:
    """What lies near a case, and what its reporter reported else, as far as this officer may know."""
    request, city, now = requests.current(), load(settings().city), utc_now()
    officer = signin.officer(requests.who(request))
    language = requests.language(request)
    found = desks.context(requests.code(code), officer)
    same = found.same_reporter
    return views.answer(
        {
            "nearby": [
                {**views.staff_card(near.card, city, language, now), "metres": near.metres}
                for near in found.near
            ],
            "same_reporter": None
            if same is None
            else [views.staff_card(card, city, language, now) for card in same],
        }
    )


@routes.route("/v1/office/bulk", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_bulk() -> Response:
    request, city, now = requests.current(), load(settings().city), utc_now()
    officer = signin.officer(requests.who(request))
    act, cases, said = many(requests.body(request), city)
    done = bulk.do(officer, act, cases, _doing(officer, act, said, now), now=now)
    return views.answer(_done(done, requests.language(request)))


@routes.route("/v1/office/bulk/{bulk_id}/undo", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_undo(bulk_id: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    forms.nothing(requests.body(request))
    return views.answer(_done(bulk.undo(officer, bulk_id, now=utc_now()), requests.language(request)))


def _filters(kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {"filters": [{"id": key, **each} for key, each in kept.items()]}


def _done(done: bulk.Done, language: str) -> dict[str, Any]:
    return {
        "id": done.id,
        "undo_until": done.until.isoformat().replace("+00:00", "Z"),
        "results": [
            {
                "code": answer.code,
                "version": answer.version,
                "refused": _refusal(answer, language),
            }
            for answer in done.answers
        ],
    }


def _refusal(answer: bulk.Answer, language: str) -> dict[str, Any] | None:
    if answer.refused is None:
        return None
    status, title = html.problem(answer.refused, language)
    reasons = [
        {"field": fault.field, "reason": problems.reason(fault, language)}
        for fault in (answer.refused.faults if isinstance(answer.refused, Invalid) else ())
    ]
    return {"status": status, "title": title, "errors": reasons}


# The pages ----------------------------------------------------------------------------------------------------


@routes.route("/o/cari", methods=["GET"], cors=False)
@answers_pages
def get_search(visit: Visit) -> Response:
    officer = _officer(visit)
    kept = desks.filters(officer)
    chosen = kept.get(visit.query.get("saringan", ""))
    if chosen is None:
        return _search_page(visit, officer, {})
    return _results(visit, officer, {key: str(value) for key, value in chosen["query"].items()})


@routes.route("/o/cari", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_search_page(visit: Visit) -> Response:
    return _results(visit, _officer(visit), html.last(html.said(visit.request)))


@routes.route("/o/saringan", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_filter_page(visit: Visit) -> Response:
    """Keep a search under a name, or forget one."""
    officer = _officer(visit)
    said = html.last(html.said(visit.request))
    if "hapus" in said:
        desks.drop_filter(officer, said["hapus"])
        return html.redirect(visit, "/o/cari")
    query = {name: said[name] for name in _QUERY if said.get(name)}
    try:
        name, query = keeping({"name": said.get("name", ""), "query": query}, visit.city)
        made, _ = desks.keep_filter(officer, name, query)
    except Invalid as error:
        return _search_page(visit, officer, said, 422, faults=_told(visit, error), asked=True)
    return html.redirect(visit, "/o/cari", saringan=made)


@routes.route("/o/banyak", methods=["GET"], cors=False)
@answers_pages
def get_bulk(visit: Visit) -> Response:
    """What can be done to the ticked cases; a GET never acts."""
    params = visit.request.query_params
    ticked = params.getlist("k") if params is not None and "k" in params else []
    return _bulk_page(visit, _officer(visit), ticked, {})


@routes.route("/o/banyak", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_bulk_page(visit: Visit) -> Response:
    officer = _officer(visit)
    fields = html.said(visit.request)
    said = html.last(fields)
    if "batal" in said:
        try:
            done = bulk.undo(officer, said["batal"], now=visit.now)
        except WindowClosed as error:
            return html.refused(visit, error)
        return _done_page(visit, done, undone=True)
    ticked = [each.partition(".") for each in fields.get("kasus", ())]
    act = said.get("act", "")
    names = {"sort": ("category", "office"), "hide": ("reason",), "merge": ("master",)}.get(act, ())
    body = {
        "act": act,
        "cases": [
            {"code": code, "version": int(version) if version.isascii() and version.isdigit() else None}
            for code, _, version in ticked
        ],
        "said": {name: said[name] for name in names if said.get(name)},
    }
    try:
        chosen, cases, found = many(body, visit.city)
    except Invalid as error:
        faults = html.told(visit, [_plain(fault) for fault in error.faults])
        return _bulk_page(visit, officer, [code for code, _, _ in ticked], said, 422, faults=faults)
    done = bulk.do(officer, chosen, cases, _doing(officer, chosen, found, visit.now), now=visit.now)
    return _done_page(visit, done)


@routes.route("/o/{short_code}/sekitar", methods=["GET"], cors=False)
@answers_pages
def get_context_page(visit: Visit, short_code: str) -> Response:
    officer = _officer(visit)
    code = requests.code(short_code)
    found = desks.context(code, officer)
    return html.page(
        visit,
        "around.html",
        code=code,
        near=[(_card(visit, near.card), near.metres) for near in found.near],
        same=None if found.same_reporter is None else [_card(visit, card) for card in found.same_reporter],
        short=short,
        most_metres=desks.NEAR_METRES,
    )


def _officer(visit: Visit) -> Officer:
    return signin.officer(visit.signed_in(signin.Kind.OFFICER))


def _card(visit: Visit, card: Any) -> dict[str, Any]:
    return views.staff_card(card, visit.city, visit.language, visit.now)


def _results(visit: Visit, officer: Officer, said: Mapping[str, str]) -> Response:
    try:
        query, cursor, limit = searching({k: v for k, v in said.items() if v}, visit.city)
        found = search.find(officer, query, now=visit.now, cursor=cursor, limit=limit)
    except Invalid as error:
        return _search_page(visit, officer, said, 422, faults=_told(visit, error))
    return _search_page(
        visit,
        officer,
        said,
        rows=[_card(visit, card) for card in found.cards],
        cursor=found.cursor,
        too_many=found.too_many,
        asked=True,
    )


def _search_page(
    visit: Visit, officer: Officer, said: Mapping[str, str], status: int = 200, **values: Any
) -> Response:
    shown = {"rows": [], "cursor": None, "too_many": False, "asked": False, **values}
    return html.page(
        visit,
        "find.html",
        status,
        said=said,
        kept=desks.filters(officer),
        queried={name: said[name] for name in (*_QUERY, "phone") if said.get(name)},
        offices=[o for o in visit.city.offices.values() if not o.outside],
        states=STATES,
        state_words=views.STATUS,
        short=short,
        **shown,
    )


def _bulk_page(
    visit: Visit,
    officer: Officer,
    ticked: list[str],
    said: Mapping[str, str],
    status: int = 200,
    *,
    faults: Any = (),
) -> Response:
    codes = [code for typed in ticked if (code := parse_code(visit.city.code_prefix, typed)) is not None]
    cases = reading.several(list(dict.fromkeys(codes))[: rules.MOST], officer)
    if not cases and not ticked:
        return html.redirect(visit, "/o")
    if not cases:
        raise NotFound("cases")
    rights = frozenset[Act]().union(*(RIGHTS[duty.role] for duty in officer.duties))
    return html.page(
        visit,
        "many.html",
        status,
        said=said,
        faults=faults,
        cases=[(_card(visit, card), version) for card, version in cases],
        acts=[act for act in rules.OFFERED if act in rights],
        offices=[o for o in visit.city.offices.values() if not o.outside],
        left_out=len(set(ticked)) - len(cases),
        most=rules.MOST,
        short=short,
    )


def _done_page(visit: Visit, done: bulk.Done, *, undone: bool = False) -> Response:
    return html.page(
        visit,
        "many_done.html",
        answers=[(a.code, _refusal(a, visit.language)) for a in done.answers],
        good=sum(a.refused is None for a in done.answers),
        undo="" if undone or not any(a.refused is None for a in done.answers) else done.id,
        until=done.until,
        undone=undone,
        short=short,
    )


def _told(visit: Visit, error: Invalid) -> list[tuple[str, str, str]]:
    words = visit.texts
    names = {"until": words["f_find_until"], "text": words["f_find_text"], "phone": words["f_find_phone"]}
    faults = [Fault(fault.field.removeprefix("query."), fault.reason, fault.values) for fault in error.faults]
    return html.told(visit, faults, {**names, "name": words["f_name_search"]})


def _plain(fault: Fault) -> Fault:
    """A fault of what was said, by the name that the page's own form has for it."""
    return Fault(fault.field.removeprefix("said.").partition(".")[0], fault.reason, fault.values)
