"""A case that needs several offices: up to ten tasks, one level deep, while the citizen sees one complaint.

A task is between offices. It never messages the citizen, has an internal due date and nothing above a reminder; the
promises and the ladder stay the case's. What a task is now is read from the history of its case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain import routing
from chalicelib.domain.city import City
from chalicelib.domain.complaint import By, Change, Complaint, Event, by, change, may_move
from chalicelib.domain.disposition import due_fault, is_open, standing
from chalicelib.domain.errors import Fault, IllegalMove, Invalid, NotFound, OpenTasks
from chalicelib.domain.people import Act, Officer

MOST = 10


class State(StrEnum):
    """How a task stands. ``over``: its case ended without it (withdrawn, declined)."""

    OPEN = "open"
    DONE = "done"
    CANNOT = "cannot"
    CANCELLED = "cancelled"
    OVER = "over"


ANSWERS = (State.DONE, State.CANNOT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task as somebody wants it."""

    office: str
    text: str
    due: date


@dataclass(frozen=True, slots=True)
class Task:
    """One office's part of a case."""

    number: int
    office: str
    text: str
    due: date
    at: datetime
    state: State = State.OPEN
    answer: str = ""
    """What its office says to the case's office; of a cancelled one why it was."""
    answered_at: datetime | None = None
    reminded: str = ""
    version: int = 0
    """The version of the case by which it changed last: what its office saw."""
    past: bool = False
    """Of before a reopening: it no longer counts among the ten."""


def tasks(history: Iterable[Event]) -> tuple[Task, ...]:
    """All tasks of a case, oldest first, as they stand now."""
    found: dict[int, Task] = {}
    for version, event in standing(history):
        data = event.data
        if event.act is Act.SPLIT:
            for item in data["tasks"]:
                due = date.fromisoformat(item["due"])
                asked = str(data.get("words", {}).get(str(item["n"]), ""))
                found[item["n"]] = Task(item["n"], item["office"], asked, due, event.at, version=version)
        elif event.act in (Act.TASK_REPLY, Act.CANCEL_TASK):
            state = State(data.get("state", State.CANCELLED))
            found[data["task"]] = replace(
                found[data["task"]], state=state, answer=event.text, answered_at=event.at, version=version
            )
        elif event.act is Act.REMIND and "task" in data:
            found[data["task"]] = replace(found[data["task"]], reminded=str(data["stage"]))
        elif event.act is Act.REOPEN:
            found = {n: replace(each, past=True) for n, each in found.items()}
        elif not is_open(event):
            found = {
                n: replace(each, state=State.OVER, version=version) if each.state is State.OPEN else each
                for n, each in found.items()
            }
    return tuple(found.values())


def open_tasks(history: Iterable[Event]) -> tuple[Task, ...]:
    return tuple(each for each in tasks(history) if each.state is State.OPEN)


def demand_none(history: Iterable[Event], act: Act) -> None:
    """Raises OpenTasks where a task still waits for its office: they are answered or cancelled first."""
    if open_tasks(history):
        raise OpenTasks(act)


def task(number: int, history: Iterable[Event], code: str) -> Task:
    """Raises NotFound."""
    found = next((each for each in tasks(history) if each.number == number), None)
    if found is None:
        raise NotFound(code)
    return found


def split(
    complaint: Complaint,
    officer: Officer,
    wanted: Sequence[Wanted],
    history: Iterable[Event],
    city: City,
    *,
    now: datetime,
) -> Change:
    """Give offices their parts of the case, all or none. Raises Invalid with every fault of every task."""
    may_move(complaint, Act.SPLIT)
    if not complaint.sorted:
        raise IllegalMove(Act.SPLIT, "unsorted")
    before = tasks(history)
    counted = [each for each in before if not each.past and each.state in (State.OPEN, *ANSWERS)]
    faults = [
        fault for place, each in enumerate(wanted) for fault in _faults(place, each, complaint, city, now)
    ]
    if len(counted) + len(wanted) > MOST or not wanted:
        faults.append(Fault("tasks", "too_many_tasks", {"most": MOST, "left": max(MOST - len(counted), 0)}))
    if faults:
        raise Invalid(faults)
    first = len(before) + 1
    listed = [
        {"n": first + place, "office": each.office, "due": each.due.isoformat()}
        for place, each in enumerate(wanted)
    ]
    # Under a key whose values may be erased and are not handed out (`ledger.SAID_IN_DATA`).
    said = {str(first + place): each.text for place, each in enumerate(wanted)}
    return change(
        complaint,
        Act.SPLIT,
        by(officer),
        now,
        data={"tasks": listed, "words": said},
        updated_at=complaint.updated_at,
    )


def answer(
    complaint: Complaint,
    officer: Officer,
    number: int,
    state: State,
    text: str,
    history: Iterable[Event],
    *,
    now: datetime,
) -> Change:
    """Say, as the task's office, that it is done or cannot be: a sentence for the case's office, not the citizen."""
    found = task(number, history, complaint.code)
    may_move(complaint, Act.TASK_REPLY)
    if found.state is not State.OPEN:
        raise IllegalMove(Act.TASK_REPLY, found.state)
    return change(
        complaint,
        Act.TASK_REPLY,
        By("officer", officer.id, found.office),
        now,
        said=text,
        data={"task": number, "state": str(state)},
        updated_at=complaint.updated_at,
    )


def cancel(
    complaint: Complaint, officer: Officer, number: int, text: str, history: Iterable[Event], *, now: datetime
) -> Change:
    """Take a task back, as the case's office, with a reason."""
    found = task(number, history, complaint.code)
    may_move(complaint, Act.CANCEL_TASK)
    if found.state is not State.OPEN:
        raise IllegalMove(Act.CANCEL_TASK, found.state)
    return change(
        complaint,
        Act.CANCEL_TASK,
        by(officer),
        now,
        said=text,
        data={"task": number, "task_office": found.office},
        updated_at=complaint.updated_at,
    )


def _faults(place: int, wanted: Wanted, complaint: Complaint, city: City, now: datetime) -> Iterable[Fault]:
    path = f"tasks.{place}."
    try:
        routing.assign(wanted.office, complaint.accused, city, sheltered=complaint.sheltered(city))
    except Invalid as refused:
        yield from (replace(fault, field=f"{path}office") for fault in refused.faults)
        return
    if fault := due_fault(f"{path}due", wanted.due, wanted.office, city, now):
        yield fault
