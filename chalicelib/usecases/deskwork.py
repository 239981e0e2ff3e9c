"""What the people of the city do among themselves: disposisi, drafts, tasks, and standing in for each other."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.domain import disposition, drafts, tasks
from chalicelib.domain.complaint import Change, Complaint
from chalicelib.domain.deskwork import Item as Item
from chalicelib.domain.errors import Fault, Invalid, NotFound, StaleComplaint
from chalicelib.domain.people import Act, Officer, demand, is_accused, may_work_on_task
from chalicelib.domain.tasks import State, Task, Wanted
from chalicelib.store import complaints, people
from chalicelib.store import deskwork as rows
from chalicelib.store.complaints import Stored as Stored
from chalicelib.store.people import Away
from chalicelib.usecases.record import city, local_day, on_behalf, record

_TRIES = 4
AWAY_MOST_DAYS = 120
_POSITION = re.compile(r"\d{4}-\d\d-\d\d~[0-9A-Za-z]{1,20}~(person|task~\d\d)")
PAGE = 50


# Disposisi ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instruction:
    """To whom a head gives a case, in what words, until which day, and who gets a copy (*tembusan*)."""

    to: str
    text: str
    due: date
    copies: tuple[str, ...] = ()


def instruct(code: str, officer: Officer, said: Instruction, *, if_match: int, now: datetime) -> Complaint:
    """Give the case to a person of the office. Raises Invalid for people who cannot have it."""
    to = _officer(said.to)
    copies = [_officer(each) for each in said.copies]

    def give(stored: Stored) -> Change:
        return disposition.instruct(
            stored.complaint, officer, to, said.text, said.due, copies, city(), now=now
        )

    return _act(code, officer, Act.INSTRUCT, if_match, give)


def take(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Say, as whoever was named or their delegate, that one has it."""

    def have(stored: Stored) -> Change:
        done = disposition.take(stored.complaint, officer, stored.history, now=now)
        given = disposition.assigned(stored.history)
        if given is None or given.to == officer.id:
            return done
        behalf = {"officer": given.to, "post": ""}
        return _with(done, behalf=behalf)

    return _act(code, officer, Act.TAKE, if_match, have)


# Drafts -------------------------------------------------------------------------------------------------------


def draft(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Write an answer that a head may release; the reporter hears nothing of it."""
    return _act(
        code,
        officer,
        Act.DRAFT,
        if_match,
        lambda stored: drafts.draft(stored.complaint, officer, text, stored.history, city(), now=now),
    )


def return_draft(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    return _act(
        code,
        officer,
        Act.RETURN_DRAFT,
        if_match,
        lambda stored: drafts.send_back(stored.complaint, officer, text, stored.history, now=now),
    )


def release_draft(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Tell the reporter what was drafted, or the head's own words in its place: this keeps the first-reply promise."""
    return _act(
        code,
        officer,
        Act.RELEASE_DRAFT,
        if_match,
        lambda stored: drafts.release(stored.complaint, officer, text, stored.history, now=now),
    )


# Tasks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A task as its office reads it: the case, and this task of it."""

    stored: Stored
    task: Task


def split(
    code: str, officer: Officer, wanted: Sequence[Wanted], *, if_match: int, now: datetime
) -> Complaint:
    return _act(
        code,
        officer,
        Act.SPLIT,
        if_match,
        lambda stored: tasks.split(stored.complaint, officer, wanted, stored.history, city(), now=now),
    )


def cancel_task(
    code: str, officer: Officer, number: int, text: str, *, if_match: int, now: datetime
) -> Complaint:
    return _act(
        code,
        officer,
        Act.CANCEL_TASK,
        if_match,
        lambda stored: tasks.cancel(stored.complaint, officer, number, text, stored.history, now=now),
    )


def open_task(code: str, number: int, officer: Officer) -> Opened:
    """A task for the people of its office. Raises NotFound for everybody else."""
    stored = complaints.get(code, consistent=True)
    found = tasks.task(number, stored.history, code)
    if not may_work_on_task(officer, found.office, stored.complaint, city()):
        raise NotFound(code)
    return Opened(stored, found)


def answer_task(
    code: str, number: int, officer: Officer, state: State, text: str, *, if_match: int, now: datetime
) -> Task:
    """Answer a task as its office. ``if_match`` is the task's version: what others do to the case is no lost race.

    Raises StaleComplaint where the task itself is no longer what was seen.
    """
    for attempt in range(_TRIES):
        opened = open_task(code, number, officer)
        if opened.task.version != if_match:
            raise StaleComplaint(code)
        stored = opened.stored
        done = tasks.answer(stored.complaint, officer, number, state, text, stored.history, now=now)
        if place := _in_whose_place(officer, opened.task.office, stored.complaint):
            done = _with(done, behalf=place)
        try:
            record(done, previous=stored)
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
            continue
        return tasks.task(number, (*stored.history, done.event), code)
    raise AssertionError("unreachable")


# What is to be done -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """A page of what somebody has to do, the earliest day first."""

    items: tuple[Item, ...]
    cursor: str | None = None


def work_of(officer: Officer, *, cursor: str | None = None, limit: int = PAGE) -> Work:
    """What was given to this officer and to those whom they stand in for, and the tasks of the offices they serve.

    Rows of cases that are about them are left out, so a page may be short.
    """
    profile = city()
    after = _position(cursor)
    lists = [f"person#{item}" for item in sorted(disposition.names_of(officer))]
    offices = {duty.scope for duty in officer.duties if duty.scope in profile.offices}
    lists += [f"task#{office}" for office in sorted(offices)]
    found = [rows.page(whose, limit=limit, after=after) for whose in lists]
    full = [page[-1][0] for page in found if len(page) == limit]
    horizon = min(full) if full else None
    merged = list(heapq.merge(*found, key=lambda each: each[0]))
    shown = [each for each in merged if horizon is None or each[0] <= horizon][:limit]
    more = bool(shown) and (horizon is not None or len(merged) > len(shown))
    readable = tuple(item for _, item in shown if _may_see(item, officer))
    return Work(readable, _cursor(shown[-1][0]) if more else None)


def names(stored: Stored) -> Mapping[str, str]:
    """The names of the people whom a case's internal acts name, by id."""
    given = disposition.assigned(stored.history)
    ids = {given.to, given.by, *given.copies} if given else set()
    waits = drafts.waiting(stored.history)
    if waits is not None:
        ids.add(waits.by.id)
    return people.names(ids)


# Away ---------------------------------------------------------------------------------------------------------


def be_away(officer: Officer, delegate: str, first: date, last: date, *, now: datetime) -> Away:
    """Name who stands in for this officer from the first day to the last. A newer word takes the place of an older one.

    Raises Invalid, with all faults, for somebody of another office or who is away then, and for days that cannot be.
    """
    today = local_day(now)
    faults = []
    if last < max(today, first):
        faults.append(Fault("until", "day_past"))
    elif (last - today).days > AWAY_MOST_DAYS:
        faults.append(Fault("until", "moment_far"))
    named: people.Registered | None = None
    with suppress(NotFound):
        named = people.registered(delegate)
    mine = people.registered(officer.id)
    if (
        named is None
        or named.officer.disabled
        or named.officer.id == officer.id
        or named.officer.office != mine.officer.office
        or not named.officer.duties
    ):
        faults.append(Fault("delegate", "person_unknown"))
    elif named.away and named.away.first <= last and first <= named.away.last:
        faults.append(Fault("delegate", "delegate_away"))
    if faults:
        raise Invalid(faults)
    away = Away(delegate, first, last)
    for attempt in range(_TRIES):
        try:
            people.be_away(mine, away, people.registered(delegate))
            return away
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def be_back(officer: Officer) -> None:
    """End an absence, also one that has not begun. Nothing happens where there is none."""
    people.be_away(people.registered(officer.id), None, None)


def absence(officer: Officer, *, now: datetime) -> tuple[Away, str] | None:
    """Who stands in for this officer, now or later, and their name; None where nobody does."""
    away = people.registered(officer.id).away
    if away is None or away.last < local_day(now):
        return None
    return away, people.names([away.delegate]).get(away.delegate, "")


# Inside -------------------------------------------------------------------------------------------------------


def _act(
    code: str, officer: Officer, act: Act, if_match: int, decide: Callable[[Stored], Change]
) -> Complaint:
    stored = complaints.get(code, consistent=True)
    demand(officer, act, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    return record(on_behalf(decide(stored), officer, act, stored.complaint), previous=stored)


def _in_whose_place(officer: Officer, office: str, complaint: Complaint) -> dict[str, str] | None:
    """For whom a delegate answers a task; None where their own duties let them."""
    if not officer.stands_in:
        return None
    if may_work_on_task(people.officer(officer.id), office, complaint, city()):
        return None
    for each in officer.stands_in:
        for duty in each.duties:
            if duty.scope == office:
                return {"officer": each.id, "post": duty.post}
    return None


def _with(done: Change, **facts: object) -> Change:
    return replace(done, event=replace(done.event, data={**done.event.data, **facts}))


def _may_see(item: Item, officer: Officer) -> bool:
    return not is_accused(item.office, item.accused, city()) and not any(
        is_accused(scope, item.accused, city())
        for scope in (officer.office, *(duty.scope for duty in officer.duties))
    )


def _position(cursor: str | None) -> str | None:
    """Read a cursor: the row after which the list goes on."""
    if cursor and not _POSITION.fullmatch(cursor):
        raise Invalid([Fault("cursor", "cursor_wrong")])
    return cursor.replace("~", "#") if cursor else None


def _cursor(position: str) -> str:
    return position.replace("#", "~")  # what a link may hold as it is


def _officer(officer_id: str) -> Officer | None:
    try:
        return people.officer(officer_id)
    except NotFound:
        return None
