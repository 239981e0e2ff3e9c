"""Disposisi: a head gives a case to a person of the office, with a sentence and an internal due date.

It is between the people of one office: no clock, status or promise of the case changes by it, and neither the reporter
nor another office reads it. Who has the case now is read from the history, so a head (`store.complaints`) keeps nothing
of it, and an assignment ends by itself with the act that takes the case from the office or ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.city import City
from chalicelib.domain.clock import Calendar
from chalicelib.domain.complaint import OPEN, Change, Complaint, Event, by, change, may_move
from chalicelib.domain.errors import Fault, IllegalMove, Invalid
from chalicelib.domain.people import Act, Officer, allowed, works_at

MOST_COPIES = 10
LATEST_DAYS = 366
"""How far ahead an internal due date may lie."""

REROUTES = frozenset(
    {Act.PASS_ON, Act.SORT, Act.RAISE, Act.LOWER, Act.MERGE, Act.APPEAL, Act.GRANT, Act.CONTINUE, Act.REOPEN}
)
"""What gives a case to somebody anew: the person who had it has it no more. A referral outside leaves it there."""


class Stage(StrEnum):
    """Which reminder of an internal due date was sent: on its morning, or after it."""

    NEAR = "near"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who of an office has a case now, by whose word, and until when."""

    to: str
    """Officer id, as in ``by`` and ``copies``."""
    by: str
    office: str
    text: str
    due: date
    at: datetime
    copies: tuple[str, ...] = ()
    taken_at: datetime | None = None
    reminded: str = ""
    """The last `Stage` that was told; empty before the first."""


def assigned(history: Iterable[Event]) -> Assignment | None:
    """Who has the case in its office now; None where nobody was named, or the case has moved on since."""
    found: Assignment | None = None
    for _, event in standing(history):
        if event.act is Act.INSTRUCT:
            data = event.data
            found = Assignment(
                str(data["to"]),
                event.by.id,
                str(data["office"]),
                event.text,
                date.fromisoformat(data["due"]),
                event.at,
                tuple(data.get("copies", ())),
            )
        elif found is None:
            continue
        elif event.act is Act.TAKE:
            found = replace(found, taken_at=event.at)
        elif event.act is Act.REMIND and "task" not in event.data:
            found = replace(found, reminded=str(event.data["stage"]))
        elif event.act in REROUTES or not is_open(event):
            found = None
    return found


def instruct(
    complaint: Complaint,
    officer: Officer,
    to: Officer | None,
    text: str,
    due: date,
    copies: Sequence[Officer | None],
    city: City,
    *,
    now: datetime,
) -> Change:
    """Give the case to a person of the office. Whoever had it before has it no more.

    Raises Invalid, with all faults, for people whom nobody knows (None), who work elsewhere or may not read the case,
    and for a day that is none.
    """
    may_move(complaint, Act.INSTRUCT)
    if not complaint.sorted:
        raise IllegalMove(Act.INSTRUCT, "unsorted")
    faults = []
    if not _belongs(to, complaint, city):
        faults.append(Fault("to", "person_unknown"))
    told = [each.id for each in copies if each is not None and each != to]
    if not all(_belongs(each, complaint, city) for each in copies if each is None or each != to):
        faults.append(Fault("copies", "person_unknown"))
    if fault := due_fault("due", due, complaint.office, city, now):
        faults.append(fault)
    if faults or to is None:
        raise Invalid(faults)
    facts = {"to": to.id, "due": due.isoformat(), "office": complaint.office}
    return change(
        complaint,
        Act.INSTRUCT,
        by(officer),
        now,
        said=text,
        data={**facts, "copies": list(dict.fromkeys(told))} if told else facts,
        updated_at=complaint.updated_at,
    )


def take(complaint: Complaint, officer: Officer, history: Iterable[Event], *, now: datetime) -> Change:
    """Say, as the person who was named or their delegate: I have it. Once; it ends no clock and no hand-over."""
    may_move(complaint, Act.TAKE)
    found = assigned(history)
    if found is None or found.to not in names_of(officer):
        raise IllegalMove(Act.TAKE, "not given to this officer")
    if found.taken_at is not None:
        raise IllegalMove(Act.TAKE, "taken already")
    return change(complaint, Act.TAKE, by(officer), now, updated_at=complaint.updated_at)


def names_of(officer: Officer) -> frozenset[str]:
    """The people in whose place somebody may act: themselves, and whom they stand in for today."""
    return frozenset((officer.id, *(each.id for each in officer.stands_in)))


# Internal due dates, of assignments and of tasks ---------------------------------------------------------------


def due_fault(field: str, due: date, office: str, city: City, now: datetime) -> Fault | None:
    """What is wrong with an internal due date: past, a day on which the office is closed, or too far ahead."""
    today = (now + city.utc_offset).date()
    if due < today:
        return Fault(field, "day_past")
    if (due - today).days > LATEST_DAYS:
        return Fault(field, "moment_far")
    calendar = city.calendar_of(office)
    return None if calendar.is_working_day(due) else Fault(field, "day_closed")


def next_reminder(
    due: date, since: datetime, reminded: str, calendar: Calendar
) -> tuple[datetime, Stage] | None:
    """When to remind next, and of what: when the office opens on the day, and when it next opens after it.

    What is given on its very day has no first reminder, and what was missed is not told late, one after the other.
    """
    near, late = _opening(due, calendar), _opening(due + timedelta(days=1), calendar)
    if not reminded and since < near < _midnight(due + timedelta(days=1), calendar):
        return near, Stage.NEAR
    return (late, Stage.LATE) if reminded != Stage.LATE else None


def stage_at(due: date, now: datetime, calendar: Calendar) -> Stage:
    """Which reminder is right at this moment."""
    return Stage.LATE if now >= _opening(due + timedelta(days=1), calendar) else Stage.NEAR


def standing(history: Iterable[Event]) -> list[tuple[int, Event]]:
    """The history with the version of each event, without what was taken back: neither the act nor its undoing."""
    kept: list[tuple[int, Event]] = []
    for version, event in enumerate(history, start=1):
        if event.act is Act.UNDO and kept:
            kept.pop()  # only the last act of a case is ever undone
        else:
            kept.append((version, event))
    return kept


def is_open(event: Event) -> bool:
    """Whether the case was open after this event."""
    status = event.data.get("status")
    return status is None or status in OPEN


# Inside -------------------------------------------------------------------------------------------------------


def _belongs(who: Officer | None, complaint: Complaint, city: City) -> bool:
    return who is not None and works_at(who, complaint.office) and allowed(who, Act.READ, complaint, city)


def _opening(day: date, calendar: Calendar) -> datetime:
    opens = calendar.next_working(_midnight(day, calendar))
    return calendar.next_working(calendar.silent(opens) or opens)


def _midnight(day: date, calendar: Calendar) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - calendar.utc_offset
