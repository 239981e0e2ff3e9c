"""The lists that the secretary and the mayor get in place of messages, and what stands on them.

Two posts see the whole city: one message per case would drown them. They get a list, the secretary on each working
day and the mayor once a week; single messages reach them only of emergencies.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.city import CITY_SCOPE, City
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.people import Duty, Role
from chalicelib.domain.service_level import ClockName

LISTED = (Role.SECRETARY, Role.MAYOR)
"""Who gets a list, lowest first. What has reached a later one stands on the lists of those before it, too."""

_DAY = timedelta(days=1)
_LATEST = timedelta(hours=3)
"""A list that could not be sent on time is still sent this long after; then the next one has everything anyway."""
_FARTHEST = 60
"""Days within which a city works at least once."""


def post_of(role: Role) -> str:
    """The post that gets a list: ``secretary@city``."""
    return Duty(role, CITY_SCOPE).post


def stands_on(complaint: Complaint, *, asks_date: bool = False) -> Role | None:
    """The highest list that a case stands on; it stays there until it ends or the promise is kept.

    ``asks_date`` tells that a head's request for a new date waits for the secretary (`scheduling.asked`); such a case
    stands there until the secretary decides or the request is void. An undecided accusation stands on none: only triage
    and its heads may know of it.
    """
    if not complaint.open or complaint.sealed:
        return None
    # What of a merged case sleeps stands there with its master; its legal ceiling and a decision do not sleep.
    rungs = {c.rung for c in complaint.clocks.running() if complaint.merged is None or c.awake}
    if post_of(Role.MAYOR) in rungs:
        return Role.MAYOR
    if complaint.merged is None and complaint.clocks.past_ladder:
        # Passed on from there: the ladder of emergencies ends at the secretary.
        return Role.SECRETARY if complaint.clocks.get(ClockName.ALARM) else Role.MAYOR
    asks_date = asks_date and complaint.merged is None
    if post_of(Role.SECRETARY) in rungs or complaint.clocks.at_ceiling or asks_date:
        return Role.SECRETARY
    return None


def lost_list(ended_at: datetime, city: City) -> str:
    """The part of the secretary's list for appeals that were lost in a month: the city's own calendar month."""
    return f"lost#{_day_of(ended_at, city):%Y-%m}"


def lost_lists(now: datetime, city: City) -> tuple[str, str]:
    """The parts of it that are shown now, of this month and the one before: each stands there for a month at least.

    Nothing is owed on such a case any more, so no act of anybody takes it off.
    """
    first = _day_of(now, city).replace(day=1)
    return lost_list(now, city), f"lost#{first - _DAY:%Y-%m}"


def is_lost(complaint: Complaint) -> bool:
    """Whether an appeal was lost of which the secretary may know: of an accusation only triage's own heads do."""
    return complaint.status is Status.REJECTED and complaint.appealed and not complaint.sealed


def told_by_list(post: str, complaint: Complaint, city: City) -> bool:
    """Whether this post hears of the case by its list, and not by a message of its own."""
    return complaint.emergency(city) is None and post in {post_of(role) for role in LISTED}


def next_list(role: Role, now: datetime, city: City) -> datetime:
    """When this post's next list is written: ``now`` itself where it is due at this moment."""
    first = _day_of(now, city)
    for number in range(_FARTHEST):
        day = first + number * _DAY
        moment = _moment(day, city)
        if moment >= now and _has_list(role, day, city):
            return moment
    raise OverflowError(f"{city.id} does not work within {_FARTHEST} days of {now}")


def due_list(role: Role, now: datetime, city: City) -> datetime | None:
    """The moment of today's list, from then until it is too late for it; None before, after, and on other days."""
    day = _day_of(now, city)
    moment = _moment(day, city)
    return moment if moment <= now < moment + _LATEST and _has_list(role, day, city) else None


def _has_list(role: Role, day: datetime, city: City) -> bool:
    """Each working day for the secretary; for the mayor the first working day from the profile's weekday on."""
    calendar = city.calendar_of(city.triage_office)
    if not calendar.is_working_day(day.date()):
        return False
    if role is not Role.MAYOR:
        return True
    since = (day.weekday() - city.lists.weekday) % 7
    return not any(calendar.is_working_day((day - n * _DAY).date()) for n in range(1, since + 1))


def _day_of(at: datetime, city: City) -> datetime:
    """Midnight of the local day, as if it were UTC."""
    return (at + city.utc_offset).replace(hour=0, minute=0, second=0, microsecond=0)


def _moment(day: datetime, city: City) -> datetime:
    return day + timedelta(minutes=city.lists.at) - city.utc_offset
