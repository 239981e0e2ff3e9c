"""What an office has to do inside the city: who has which case, which tasks wait, and when somebody is reminded.

All of it is worked out from the history of a case. The rows by which lists and the sweep find it (`store.deskwork`) are
made of `items` before and after each change, so they can never say anything else than the history does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.city import City
from chalicelib.domain.complaint import TIME, WORKED, Change, Complaint, Event, change
from chalicelib.domain.disposition import assigned, next_reminder, stage_at
from chalicelib.domain.people import Act, is_accused
from chalicelib.domain.tasks import open_tasks

ACTS = frozenset(
    {
        *(Act.INSTRUCT, Act.TAKE, Act.REMIND, Act.DRAFT, Act.RETURN_DRAFT),
        *(Act.SPLIT, Act.TASK_REPLY, Act.CANCEL_TASK),
    }
)
"""What happens inside the city alone: neither the reporter nor the public reads it."""
OF_ONE_OFFICE = frozenset({Act.NOTE, Act.INSTRUCT, Act.TAKE, Act.DRAFT, Act.RETURN_DRAFT})
"""Whose words only the office that wrote them reads."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that somebody has to do by a day: a case that was given to a person, or a task of an office."""

    code: str
    key: str
    """``person`` or ``task#01``: its place beside the case."""
    whose: str
    """``person#<officer id>`` or ``task#<office id>``: whose list it stands on."""
    due: date
    wakes_at: datetime | None
    category: str | None
    area: str | None
    office: str
    """The case's office."""
    accused: str | None

    @property
    def number(self) -> int:
        """Of a task; 0 of a case that was given to a person."""
        return int(self.key.partition("#")[2] or 0)


def items(complaint: Complaint, history: Sequence[Event], city: City) -> tuple[Item, ...]:
    """What of this case stands on somebody's list now. Of an accusation that nobody has decided, nothing does."""
    if complaint.sealed or not complaint.open:
        return ()
    works = complaint.status in WORKED and complaint.merged is None
    found = []

    def add(key: str, whose: str, due: date, since: datetime, reminded: str, office: str) -> None:
        if is_accused(office, complaint.accused, city):
            return
        coming = next_reminder(due, since, reminded, city.calendar_of(office)) if works else None
        found.append(
            Item(
                complaint.code,
                key,
                whose,
                due,
                coming[0] if coming else None,
                complaint.category,
                complaint.area,
                complaint.office,
                complaint.accused,
            )
        )

    if person := assigned(history):
        add("person", f"person#{person.to}", person.due, person.at, person.reminded, person.office)
    for each in open_tasks(history):
        add(f"task#{each.number:02d}", f"task#{each.office}", each.due, each.at, each.reminded, each.office)
    return tuple(found)


def remind(complaint: Complaint, history: Sequence[Event], city: City, *, now: datetime) -> Change | None:
    """Tell whoever has something to do by a day that the day has come or gone; None where nothing is due.

    No clock, status or promise of the case changes, and the citizen hears nothing.
    """
    due = [each for each in items(complaint, history, city) if each.wakes_at and each.wakes_at <= now]
    if not due:
        return None
    item = min(due, key=lambda each: (each.wakes_at, each.key))
    owner = task_office(item) or complaint.office
    facts: dict[str, object] = {
        "stage": str(stage_at(item.due, now, city.calendar_of(owner))),
        "day": item.due.isoformat(),
    }
    if item.number:
        facts["task"] = item.number
    return change(complaint, Act.REMIND, TIME, now, data=facts, updated_at=complaint.updated_at)


def task_office(item: Item) -> str:
    """The office of a task; empty of a case that was given to a person."""
    kind, _, owner = item.whose.partition("#")
    return owner if kind == "task" else ""
