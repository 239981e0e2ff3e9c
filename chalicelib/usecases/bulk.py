"""One act on many cases: each its own transaction and its own answer, and one undo for all within minutes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.domain import bulk
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import DomainError, NotFound, StaleComplaint, WindowClosed
from chalicelib.domain.people import Act, Officer, demand
from chalicelib.observability import count
from chalicelib.store import complaints, desks
from chalicelib.store.tables import moment, read_moment
from chalicelib.usecases import duplicates
from chalicelib.usecases.record import city, record

Do = Callable[[str, int], Complaint]
"""One act on one case, by its code and the version that the officer saw."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one case: its new version, or why it was left alone."""

    code: str
    version: int | None = None
    refused: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a bulk act came to; ``id`` takes it back until ``until``."""

    id: str
    until: datetime
    answers: tuple[Answer, ...]


def do(officer: Officer, act: Act, cases: Sequence[tuple[str, int]], one: Do, *, now: datetime) -> Done:
    """Do one thing to each of these cases, by code and version. One that is refused stops no other.

    What undoing takes is stored before the first case is touched: whoever dies on the way leaves a list that undoes
    what was done so far, and passes over the rest.
    """
    count("BulkActs")
    bulk_id, until = secrets.token_urlsafe(16), now + bulk.UNDO_WITHIN
    before = complaints.get_heads([code for code, _ in cases], consistent=True)
    kept = {
        code: stored.body for code, stored in before.items() if stored.complaint.version == dict(cases)[code]
    }
    body = {
        "by": officer.id,
        "act": act,
        "until": moment(until),
        "cases": kept if act is not Act.MERGE else {},
    }
    body["versions"] = dict(cases)
    desks.remember(bulk_id, body, until=until)
    return Done(bulk_id, until, tuple(_one(code, partial(one, code, version)) for code, version in cases))


def undo(officer: Officer, bulk_id: str, *, now: datetime) -> Done:
    """Take a bulk act back where nobody has acted since; every other case stays and says why.

    Raises NotFound for anybody but who did it, WindowClosed after its time.
    """
    found = desks.remembered(bulk_id)
    if found is None or found["by"] != officer.id:
        raise NotFound("bulk")
    until = read_moment(found["until"])
    if now >= until:
        raise WindowClosed(Act.UNDO)
    act, done_at = Act(found["act"]), until - bulk.UNDO_WITHIN
    answers = tuple(
        _one(code, partial(_take_back, officer, act, code, version, found["cases"].get(code), done_at, now))
        for code, version in found["versions"].items()
    )
    return Done(bulk_id, until, answers)


def _take_back(
    officer: Officer,
    act: Act,
    code: str,
    version: int,
    body: dict[str, Any] | None,
    done_at: datetime,
    now: datetime,
) -> Complaint:
    if act is Act.MERGE:
        stored = complaints.get(code, consistent=True)
        demand(officer, Act.READ, stored.complaint, city())
        if not bulk.is_of(stored.history[-1], act, officer, done_at):
            raise StaleComplaint(code)
        return duplicates.unmerge(code, officer, if_match=version + 1, now=now)
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.UNDO, stored.complaint, city())
    if body is None:
        raise StaleComplaint(code)
    before = complaints.as_it_was(stored, version, body)
    change = bulk.undo(stored.complaint, before, stored.history[-1], act, officer, done_at=done_at, now=now)
    return record(change, previous=stored)


def _one(code: str, act: Callable[[], Complaint]) -> Answer:
    try:
        return Answer(code, act().version)
    except DomainError as refused:
        return Answer(code, refused=refused)
