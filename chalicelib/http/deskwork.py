"""What the people of the city do among themselves, by the API and in pages: disposisi, drafts, tasks, absence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain import disposition, drafts, proof, tasks
from chalicelib.domain.city import City
from chalicelib.domain.complaint import CLAIMED, Complaint, Event
from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    NotAllowed,
    NotFound,
    StaleComplaint,
)
from chalicelib.domain.people import Act, Officer, allowed, reads_words, works_at
from chalicelib.domain.tasks import ANSWERS, MOST, State, Task, Wanted
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, own, problems, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.forms import SENTENCE_MOST, Form
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import deskwork, handling, reading, signin
from chalicelib.usecases.deskwork import Instruction, Item, Opened, Stored

routes = Blueprint(__name__)

_NUMBER = re.compile(r"[1-9][0-9]?")
_ROWS = 3
"""Tasks that one page takes at a time: each row holds the list of all offices."""


# Forms --------------------------------------------------------------------------------------------------------


def instruction(values: Mapping[str, Any]) -> Instruction:
    """``{"to": id, "text": ..., "due": day, "copies": [id]}``: a head's word to a person of the office."""
    form = Form(values)
    to = form.text("to", most=64, lines=False, required=True)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    due = form.day("due", required=True)
    given = form.raw("copies")
    copies: tuple[str, ...] = ()
    if given is not None:
        if not isinstance(given, list) or len(given) > disposition.MOST_COPIES:
            form.fault("copies", "no_list")
        elif any(not isinstance(item, str) or len(item) > 64 for item in given):
            form.fault("copies", "person_unknown")
        else:
            copies = tuple(dict.fromkeys(given))
    form.done()
    assert due is not None  # noqa: S101  for the type checker alone: done() has raised without it
    return Instruction(to, text, due, copies)


def released(values: Mapping[str, Any]) -> str:
    """``{"text": ...}``: the head's own words in place of the draft's; empty where the draft goes out as it is."""
    form = Form(values)
    text = form.text("text", most=SENTENCE_MOST)
    if text and len(text) < 3:
        form.fault("text", "too_short", least=3)
    form.done()
    return text


def split(values: Mapping[str, Any]) -> list[Wanted]:
    """``{"tasks": [{"office": id, "text": ..., "due": day}]}``: one to ten, with the faults of all of them."""
    form = Form(values)
    given = form.raw("tasks", required=True)
    wanted: list[Wanted] = []
    if given is not None and (not isinstance(given, list) or not 1 <= len(given) <= MOST):
        form.fault("tasks", "no_list")
    elif given is not None:
        for place, each in enumerate(given):
            if not isinstance(each, Mapping):
                form.fault(f"tasks.{place}", "no_object")
                continue
            part = Form(each, f"tasks.{place}.", form.faults)
            office = part.text("office", most=60, lines=False, required=True)
            text = part.text("text", least=3, most=SENTENCE_MOST)
            due = part.day("due", required=True)
            part.close()
            if due is not None:
                wanted.append(Wanted(office, text, due))
    form.done()
    return wanted


def task_answer(values: Mapping[str, Any]) -> tuple[State, str]:
    """``{"state": "done" or "cannot", "text": ...}``: what a task's office says to the case's office."""
    form = Form(values)
    state = form.choice("state", [str(each) for each in ANSWERS], required=True)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    form.done()
    return State(state or State.DONE), text


def away(values: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """``{"delegate": id, "from": day, "until": day}``: who stands in, on which days, both ends included."""
    form = Form(values)
    delegate = form.text("delegate", most=64, lines=False, required=True)
    first, last = form.day("from", required=True), form.day("until", required=True)
    form.done()
    return delegate, first, last


def listing(query: Mapping[str, str]) -> str | None:
    form = Form(query)
    cursor = form.text("cursor", most=60, lines=False) or None
    form.choice("lang", ("id", "en"))
    form.done()
    return cursor


# What people see ----------------------------------------------------------------------------------------------


def body(stored: Stored, officer: Officer, city: City) -> dict[str, Any]:
    """What of a case is between the people of the city, as far as this officer reads it."""
    complaint, history = stored.complaint, stored.history
    given = disposition.assigned(history)
    mine = given is not None and works_at(officer, given.office)
    waits, back = drafts.waiting(history), drafts.returned(history)
    names = deskwork.names(stored) if mine or waits else {}
    whole = reads_words(officer, complaint, city)
    return {
        "assignment": {
            "to": _person(given.to, names),
            "by": _person(given.by, names),
            "text": given.text,
            "due": given.due.isoformat(),
            "copies": [_person(each, names) for each in given.copies],
            "given_at": given.at,
            "taken_at": given.taken_at,
        }
        if given and mine
        else None,
        "head_releases": drafts.needs_release(complaint, city),
        "draft": _draft(waits, names) if waits and works_at(officer, waits.by.office) else None,
        "returned": back.text if back and works_at(officer, back.by.office) else None,
        "tasks": [_task(each, city, whole=whole) for each in tasks.tasks(history)],
        "proof": _proof(stored, officer, city),
    }


def _proof(stored: Stored, officer: Officer, city: City) -> dict[str, Any]:
    """What a fix has to bring where a second person approves it, and what the one that is claimed now brought."""
    claim = proof.last_claim(stored.history) if stored.complaint.status in CLAIMED else None
    whole = reads_words(officer, stored.complaint, city)
    return {
        "demands": proof.demanded(stored.complaint, city),
        "words": claim.data.get("proof") if claim and whole else None,
        "photos": int(claim.data.get("photos", 0)) if claim else 0,
    }


def _draft(event: Event, names: Mapping[str, str]) -> dict[str, Any]:
    return {"text": event.text, "by": _person(event.by.id, names), "at": event.at}


def _person(officer_id: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"id": officer_id, "name": names.get(officer_id, "")}


def _office(office: str, city: City) -> dict[str, str]:
    found = city.offices[office]
    return {"id": found.id, "name": found.name, "short": found.short}


def _task(task: Task, city: City, *, whole: bool = True) -> dict[str, Any]:
    """One part of a case; not ``whole`` without what the offices write of it, for who only watches a private case."""
    return {
        "number": task.number,
        "office": _office(task.office, city),
        "text": task.text if whole else "",
        "due": task.due.isoformat(),
        "state": task.state,
        "answer": task.answer if whole else "",
        "given_at": task.at,
        "answered_at": task.answered_at,
    }


def task_view(opened: Opened, city: City, language: str) -> dict[str, Any]:
    """A task for its office: the text of the case without who reported it, and what is asked of this office."""
    complaint = opened.stored.complaint
    hamlet = city.hamlets.get(complaint.hamlet or "")
    return {
        "code": complaint.code,
        "category": views.common(complaint, city, language)["category"],
        "area": city.areas[complaint.area].name if complaint.area else "",
        "hamlet": hamlet.name if hamlet else "",
        "place_words": complaint.place.words,
        "point": {"lat": complaint.place.point.lat, "lon": complaint.place.point.lon}
        if complaint.place.point
        else None,
        "text": complaint.text,
        "answers": dict(complaint.answers),
        "filed_at": complaint.filed_at,
        "main_office": _office(complaint.office, city),
        "task": _task(opened.task, city),
        "may": ["task_reply"] if _is_open(opened) else [],
        "version": opened.task.version,
    }


def _is_open(opened: Opened) -> bool:
    return opened.task.state is State.OPEN and opened.stored.complaint.merged is None


def item_view(item: Item, city: City, language: str, now: datetime) -> dict[str, Any]:
    """A row of what is to be done."""
    category = city.categories.get(item.category) if item.category else None
    return {
        "code": item.code,
        "task": item.number or None,
        "category": (category.labels.get(language) or category.labels["id"]) if category else "",
        "area": city.areas[item.area].name if item.area else "",
        "main_office": _office(item.office, city),
        "due": item.due.isoformat(),
        "late": item.due < (now + city.utc_offset).date(),
    }


# The API ------------------------------------------------------------------------------------------------------


@routes.route("/v1/office/complaints/{code}/disposition", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_disposition(code: str) -> Response:
    return act(code, instruction, deskwork.instruct)


@routes.route(
    "/v1/office/complaints/{code}/disposition-acknowledgement", methods=["POST"], authorizer=signed_in
)
@answers_problems
def post_taking(code: str) -> Response:
    return act(code, forms.nothing, lambda case, officer, said, **seen: deskwork.take(case, officer, **seen))


@routes.route("/v1/office/complaints/{code}/drafts", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_draft(code: str) -> Response:
    return act(code, forms.sentence, deskwork.draft)


@routes.route("/v1/office/complaints/{code}/draft-release", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_draft_release(code: str) -> Response:
    return act(code, released, deskwork.release_draft)


@routes.route("/v1/office/complaints/{code}/draft-return", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_draft_return(code: str) -> Response:
    return act(code, forms.sentence, deskwork.return_draft)


@routes.route("/v1/office/complaints/{code}/tasks", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_tasks(code: str) -> Response:
    return act(code, split, deskwork.split)


@routes.route(
    "/v1/office/complaints/{code}/tasks/{number}/cancellation", methods=["POST"], authorizer=signed_in
)
@answers_problems
def post_cancellation(code: str, number: str) -> Response:
    return act(
        code,
        forms.sentence,
        lambda case, officer, said, **seen: deskwork.cancel_task(
            case, officer, _number(number), said, **seen
        ),
    )


@routes.route("/v1/office/work", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_work() -> Response:
    """What is to be done inside: cases given to this officer, and tasks of the officer's offices, by day."""
    request, city, now = requests.current(), load(settings().city), utc_now()
    officer, language = signin.officer(requests.who(request)), requests.language(request)
    found = deskwork.work_of(officer, cursor=listing(requests.query(request)))
    rows = [item_view(item, city, language, now) for item in found.items]
    return views.answer({"work": rows, "cursor": found.cursor})


@routes.route("/v1/office/tasks/{code}/{number}", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_task(code: str, number: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    opened = deskwork.open_task(requests.code(code), _number(number), officer)
    shown = task_view(opened, load(settings().city), requests.language(request))
    return views.answer(shown, version=opened.task.version)


@routes.route("/v1/office/tasks/{code}/{number}/answer", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_task_answer(code: str, number: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    state, text = task_answer(requests.body(request))
    version = requests.if_match(request)
    case, found = requests.code(code), _number(number)
    done = deskwork.answer_task(case, found, officer, state, text, if_match=version, now=utc_now())
    return views.answer(_task(done, load(settings().city)), 201, version=done.version)


@routes.route("/v1/office/me/absence", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_absence() -> Response:
    """Name who stands in for this officer, and on which days."""
    request, now = requests.current(), utc_now()
    officer = signin.officer(requests.who(request))
    deskwork.be_away(officer, *away(requests.body(request)), now=now)
    return views.answer(absence(officer, now), 201)


@routes.route("/v1/office/me/absence-end", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_absence_end() -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    forms.nothing(requests.body(request))
    deskwork.be_back(officer)
    return views.answer(absence(officer, utc_now()), 201)


def absence(officer: Officer, now: datetime) -> dict[str, Any]:
    """Who stands in for an officer, and for whom the officer stands in today."""
    found = deskwork.absence(officer, now=now)
    return {
        "absence": {
            "delegate": {"id": found[0].delegate, "name": found[1]},
            "from": found[0].first.isoformat(),
            "until": found[0].last.isoformat(),
        }
        if found
        else None,
        "stands_in_for": [each.id for each in officer.stands_in],
    }


def act(code: str, read: Callable[[dict[str, Any]], Any], do: Callable[..., Complaint]) -> Response:
    """One act of an officer: who, what they say, and the version they saw; the answer is where the case stands now.

    Whoever was second gets that with the refusal, as far as the case is still theirs to read.
    """
    request = requests.current()
    officer = signin.officer(requests.who(request))
    said = read(requests.body(request))
    version, now = requests.if_match(request), utc_now()
    city, language = load(settings().city), requests.language(request)
    try:
        complaint = do(requests.code(code), officer, said, if_match=version, now=now)
    except StaleComplaint as late:
        try:
            complaint = reading.office_case(requests.code(code), officer).complaint
        except NotFound:
            raise late from None
        refusal = problems.problem(late, language)
        body = {**json.loads(refusal.body), "current": views.state(complaint, city, language, now)}
        kind = str(refusal.headers["Content-Type"])
        return views.answer(body, refusal.status_code, version=complaint.version, kind=kind)
    return views.answer(views.state(complaint, city, language, now), 201, version=complaint.version)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise NotFound(text)
    return int(text)


# On the desk's page of a case ---------------------------------------------------------------------------------

Said = dict[str, Any]
Seen = dict[str, Any]

PAGES: Mapping[str, str] = {Act.INSTRUCT: "instruct.html", Act.SPLIT: "split.html"}
"""Acts whose form has a page of its own."""


def _instruct(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    deskwork.instruct(code, officer, instruction(said), **seen)


def _take(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    deskwork.take(code, officer, **seen)


def _write_draft(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    deskwork.draft(code, officer, forms.sentence(said), **seen)


def _release_draft(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    deskwork.release_draft(code, officer, released(said), **seen)


def _return_draft(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    deskwork.return_draft(code, officer, forms.sentence(said), **seen)


def _split(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    names = ("office", "text", "due")
    filled = [n for n in range(1, _ROWS + 1) if any(said.get(f"{name}_{n}") for name in names)]
    wanted = [{name: said[f"{name}_{n}"] for name in names if said.get(f"{name}_{n}")} for n in filled]
    rest = {name: value for name, value in said.items() if not re.fullmatch(r"(office|text|due)_[123]", name)}
    try:
        deskwork.split(code, officer, split({**rest, "tasks": wanted}), **seen)
    except Invalid as refused:
        raise Invalid([_on_page(fault, filled) for fault in refused.faults]) from refused


def _on_page(fault: Fault, filled: list[int]) -> Fault:
    """A fault of ``tasks.0.due`` under the name that the page has for it."""
    path = fault.field.split(".")
    if len(path) != 3:
        return Fault("office_1", "required") if not filled else fault
    return Fault(f"{path[2]}_{filled[int(path[1])]}", fault.reason, fault.values)


def _cancel(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    number = _number(str(said.pop("task", "")))
    deskwork.cancel_task(code, officer, number, forms.sentence(said), **seen)


DOES: Mapping[str, Callable[[str, Officer, Said, Seen, Visit], None]] = {
    Act.TAKE: _take,
    Act.RELEASE_DRAFT: _release_draft,
    Act.RETURN_DRAFT: _return_draft,
    Act.DRAFT: _write_draft,
    Act.INSTRUCT: _instruct,
    Act.SPLIT: _split,
    Act.CANCEL_TASK: _cancel,
}
"""What the desk's page of a case can do of this, in the order in which it offers it."""


def page_values(act: str, officer: Officer, visit: Visit) -> dict[str, Any]:
    """What the pages of these acts need beside the case: who can be named, and the days that can be."""
    today = (visit.now + visit.city.utc_offset).date().isoformat()
    people = handling.colleagues(officer) if act == Act.INSTRUCT else ()
    return {"people": people, "me": officer, "today": today, "task_rows": range(1, _ROWS + 1)}


# Pages of their own -------------------------------------------------------------------------------------------


@routes.route("/tugas", methods=["GET"], cors=False)
@answers_pages
def get_work_page(visit: Visit) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    found = deskwork.work_of(officer, cursor=visit.query.get("cursor"))
    rows = [item_view(item, visit.city, visit.language, visit.now) for item in found.items]
    return html.page(
        visit, "work.html", rows=rows, cursor=found.cursor, short=short, **absence(officer, visit.now)
    )


@routes.route("/tugas/{short_code}/{number}", methods=["GET"], cors=False)
@answers_pages
def get_task_page(visit: Visit, short_code: str, number: str) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    return _task_page(visit, deskwork.open_task(requests.code(short_code), _number(number), officer), officer)


@routes.route("/tugas/{short_code}/{number}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_task_page(visit: Visit, short_code: str, number: str) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    code, found = requests.code(short_code), _number(number)
    said: dict[str, Any] = dict(html.last(html.said(visit.request)))
    version = str(said.pop("version", ""))
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise problems.Plain(400)
    faults: tuple[Fault, ...] = ()
    banner = ""
    try:
        state, text = task_answer(said)
        deskwork.answer_task(code, found, officer, state, text, if_match=int(version), now=visit.now)
    except Invalid as refused:
        status, faults = 422, refused.faults
    except (StaleComplaint, IllegalMove, NotAllowed) as refused:
        status, banner = html.problem(refused, visit.language)
    else:
        return html.redirect(visit, f"/tugas/{short(code)}/{found}")
    opened = deskwork.open_task(code, found, officer)
    return _task_page(visit, opened, officer, status=status, said=said, faults=faults, banner=banner)


def _task_page(
    visit: Visit,
    opened: Opened,
    officer: Officer,
    *,
    status: int = 200,
    said: Mapping[str, Any] | None = None,
    faults: tuple[Fault, ...] = (),
    banner: str = "",
) -> Response:
    complaint = opened.stored.complaint
    return html.page(
        visit,
        "task.html",
        status,
        case=task_view(opened, visit.city, visit.language),
        answers=own.answers(complaint, visit),
        path=f"/tugas/{short(complaint.code)}/{opened.task.number}",
        # Whoever has the case as well may read all of it.
        whole=f"/o/{short(complaint.code)}" if allowed(officer, Act.READ, complaint, visit.city) else "",
        said=said or {},
        faults=html.told(visit, faults),
        banner=banner,
        most=SENTENCE_MOST,
    )


@routes.route("/pengganti", methods=["GET"], cors=False)
@answers_pages
def get_absence_page(visit: Visit) -> Response:
    return _absence_page(visit, signin.officer(visit.signed_in(signin.Kind.OFFICER)))


@routes.route("/pengganti", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_absence_page(visit: Visit) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    said: dict[str, Any] = dict(html.last(html.said(visit.request)))
    try:
        if "end" in said:
            deskwork.be_back(officer)
        else:
            deskwork.be_away(officer, *away(said), now=visit.now)
    except Invalid as refused:
        return _absence_page(visit, officer, status=422, said=said, faults=refused.faults)
    return html.redirect(visit, "/pengganti")


def _absence_page(
    visit: Visit,
    officer: Officer,
    *,
    status: int = 200,
    said: Mapping[str, Any] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    return html.page(
        visit,
        "absence.html",
        status,
        **absence(officer, visit.now),
        **page_values(Act.INSTRUCT, officer, visit),
        said=said or {},
        faults=html.told(visit, faults),
    )
