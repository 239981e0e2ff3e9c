"""A new date for what needs a budget year, dry weather or land: set once, by a head who did not do the work.

The first promise stays as it was stamped, and the case counts as late against it. Only the resolution ladder rests
until the second date, and then goes on where it stood.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.domain.asking import ended
from chalicelib.domain.city import City
from chalicelib.domain.clock import Span, Unit
from chalicelib.domain.complaint import MOVES, Change, Complaint, Event, by, change, may_move
from chalicelib.domain.disposition import standing
from chalicelib.domain.errors import Fault, IllegalMove, Invalid, OwnWork
from chalicelib.domain.handling import doers
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.service_level import ClockName, at_rest


@dataclass(frozen=True, slots=True)
class Wish:
    """The new date as a head asks for it: the day, why (a code and a sentence), and what is done until then."""

    day: date
    reason: str
    text: str
    interim: str = ""


def schedule(
    complaint: Complaint, officer: Officer, wish: Wish, history: Iterable[Event], city: City, *, now: datetime
) -> Change:
    """Set the second date, once in the life of a case; one beyond the profile's months is asked of the secretary.

    An asked date changes nothing before it is granted. Raises OwnWork for whoever did the work, Invalid where the day
    is no later than the first promise, or where there is danger and nothing is done about it meanwhile.
    """
    may_move(complaint, Act.SCHEDULE)
    if not complaint.sorted or complaint.new_date is not None:
        raise IllegalMove(Act.SCHEDULE, "unsorted" if not complaint.sorted else "scheduled before")
    if officer.id in doers(history):
        raise OwnWork(f"{officer.id} did the work on {complaint.code}")
    first, second = _first(complaint), _end_of(wish.day, complaint.office, city)
    category = city.categories.get(complaint.category or city.default_category)
    faults = []
    if second <= max(first, now):
        faults.append(Fault("until", "date_early"))
    danger = complaint.emergency(city) is not None or (category is not None and category.level.danger)
    if danger and not wish.interim:
        faults.append(Fault("interim", "interim_required"))
    if faults:
        raise Invalid(faults)
    data = {"until": second.isoformat(), "first": first.isoformat(), "reason": wish.reason}
    if wish.interim:
        data["interim"] = wish.interim
    if wish.day > _months_after((now + city.utc_offset).date(), city.new_dates.head_months):
        return change(complaint, Act.ASK_DATE, by(officer), now, said=wish.text, data=data)
    return _set(complaint, Act.SCHEDULE, officer, wish.text, data, city, now)


def asked(history: Iterable[Event]) -> Event | None:
    """The request for a new date that waits for the secretary; whatever moves the case on makes it void."""
    waiting: Event | None = None
    for _, event in standing(history):
        if event.act is Act.ASK_DATE:
            waiting = event
        elif event.act in _ENDS_REQUESTS:
            waiting = None
    return waiting


_ENDS_REQUESTS = frozenset(
    {Act.SCHEDULE, Act.GRANT_DATE, Act.DECLINE_DATE, Act.PASS_ON, Act.SORT, Act.REOPEN}
) | {act for act, (_, to) in MOVES.items() if to is not None and to not in MOVES[Act.SCHEDULE][0]}


def grant(
    complaint: Complaint, officer: Officer, history: Iterable[Event], city: City, *, now: datetime
) -> Change:
    """Let the secretary allow a date beyond the head's months. The case is scheduled from now, as the head asked."""
    may_move(complaint, Act.GRANT_DATE)
    request = asked(history)
    if request is None or datetime.fromisoformat(str(request.data["until"])) <= now:
        raise IllegalMove(Act.GRANT_DATE, "without a date to allow")
    data = {name: value for name, value in request.data.items() if name != "status"}
    return _set(complaint, Act.GRANT_DATE, officer, request.text, data, city, now)


def decline(
    complaint: Complaint, officer: Officer, text: str, history: Iterable[Event], *, now: datetime
) -> Change:
    """Let the secretary refuse it, with a sentence to the office: the first promise stands as before."""
    may_move(complaint, Act.DECLINE_DATE)
    if asked(history) is None:
        raise IllegalMove(Act.DECLINE_DATE, "without a date to decline")
    return change(complaint, Act.DECLINE_DATE, by(officer), now, said=text)


def accepted(history: Iterable[Event]) -> Event | None:
    """The event that set the second date: why, in which words, and what is done meanwhile."""
    return next((event for event in history if event.act in (Act.SCHEDULE, Act.GRANT_DATE)), None)


def _set(
    complaint: Complaint,
    act: Act,
    officer: Officer,
    text: str,
    data: dict[str, str],
    city: City,
    now: datetime,
) -> Change:
    second = datetime.fromisoformat(data["until"])
    complaint, facts = ended(complaint, city, now)
    # Of a reopened case the redo clock climbs in the solution's place: it ends, and what it reached goes on from there.
    clocks = complaint.clocks.without(ClockName.REDO)
    clocks = at_rest(clocks, ClockName.RESOLUTION, second, city.calendar_of(complaint.office), now)
    return change(
        complaint, act, by(officer), now, said=text, data={**data, **facts}, clocks=clocks, new_date=second
    )


def _first(complaint: Complaint) -> datetime:
    clock = complaint.clocks.get(ClockName.RESOLUTION)
    if clock is None:
        raise IllegalMove(Act.SCHEDULE, "without a promise to solve")
    return clock.due


def _end_of(day: date, office: str, city: City) -> datetime:
    """When the office closes on that day, or on its next working day; never inside a silence."""
    noon_before = datetime.combine(day - timedelta(days=1), time(12), UTC) - city.utc_offset
    return city.calendar_of(office).due(noon_before, Span(1, Unit.WORKING_DAYS))


def _months_after(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
