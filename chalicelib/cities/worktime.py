"""The working time of a profile: weekly hours, days off, seasons such as Ramadan, and silences such as Nyepi."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from chalicelib.cities.reading import WEEKDAYS, Table
from chalicelib.domain.clock import CLOSED, Calendar, Hours, Quiet

_KINDS = ("national", "joint_leave", "local")
"""Days off: of the nation, of the joint decree on shared leave, and of the city's own province or people."""

_LONGEST_SEASON = timedelta(days=366)


Silences = tuple[tuple[datetime, datetime], ...]


def silences(holidays: Table, utc_offset: timedelta) -> Silences:
    """The intervals in UTC in which nothing falls due and nothing is sent."""
    return tuple(_silence(table, utc_offset) for table in holidays.listed("silence"))


def quiet(top: Table, utc_offset: timedelta, silences: Silences) -> Quiet:
    """The hours of a night in which messages wait, and the silences, in which they wait too."""
    table = top.table("quiet")
    start, end, spread = table.minute("from"), table.minute("until"), table.time("spread")
    try:
        return Quiet(utc_offset, start, end, spread, silences)
    except ValueError as error:
        table.fault("", str(error))
        return Quiet(utc_offset, 0, 1, timedelta(minutes=1))


def calendars(
    top: Table, holidays: Table, utc_offset: timedelta, since: str, silences: Silences
) -> dict[str, Calendar]:
    """The calendars of a city by name. ``since`` is the city's first month, which must have its holidays."""
    off = _days_off(holidays, since)
    tables = dict(top.named("calendar"))
    seasons = _seasons(holidays, {*tables})
    return {
        name: _calendar(table, utc_offset, off, silences, seasons.get(name, {}))
        for name, table in tables.items()
    }


def post_calendars(holder: Table, roles: Collection[str], calendars: Collection[str]) -> dict[str, str]:
    """``[... post_calendar] role = "calendar"``: posts whose working time is not that of their office."""
    if "post_calendar" not in holder:
        return {}
    table = holder.table("post_calendar")
    for role in table.names():
        if role not in roles:
            table.fault(role, f"is none of {', '.join(sorted(roles))}")
    return {role: table.choice(role, calendars) for role in table.names()}


def _calendar(
    table: Table,
    utc_offset: timedelta,
    off: Mapping[str, set[date]],
    silences: Silences,
    seasons: Mapping[date, Hours],
) -> Calendar:
    always_open = table.flag("always_open", False)
    weekly = tuple(table.hours(weekday) or CLOSED for weekday in WEEKDAYS)
    closes_on = table.texts("closes_on", default=())
    for kind in closes_on:
        if kind not in _KINDS:
            table.fault("closes_on", f"{kind!r} is none of {', '.join(_KINDS)}")
    if always_open and (any(weekly) or closes_on or seasons):
        table.fault("always_open", "a calendar that is always open has no hours, days off or seasons")
    closed = {day for kind in closes_on for day in off.get(kind, ())}
    kept = silences if table.flag("silenced", True) else ()
    try:
        return Calendar(
            utc_offset, weekly, {**seasons, **dict.fromkeys(closed, CLOSED)}, kept, always_open=always_open
        )
    except ValueError as error:
        table.fault("", str(error))
        return Calendar(utc_offset, always_open=True)


def _days_off(holidays: Table, since: str) -> dict[str, set[date]]:
    """Days off by kind; of the local ones only those that the city has switched to not working."""
    named = {kind: holidays.table(kind) for kind in _KINDS if kind in holidays or kind != "local"}
    days = {kind: {key: _day(table, key) for key in table.names()} for kind, table in named.items()}
    for key in sorted(days["national"].keys() & days["joint_leave"].keys()):
        named["joint_leave"].fault(key, "is a national holiday already")
    for kind in ("national", "joint_leave"):
        for key in days[kind]:
            named[kind].text(key)
    working = set()
    for key in days.get("local", {}):
        local = named["local"].table(key)
        local.text("name")
        if local.flag("working"):
            working.add(key)
    _check_years([day for day in days["national"].values() if day], since, named["national"])
    return {
        kind: {day for key, day in found.items() if day and not (kind == "local" and key in working)}
        for kind, found in days.items()
    }


def _check_years(national: list[date], since: str, table: Table) -> None:
    """A year without holidays is one that nobody entered: its promises would fall on closed days."""
    years = {day.year for day in national}
    first = int(since[:4]) if since[:4].isdigit() else min(years, default=0)
    for year in sorted({first, *range(min(years, default=first), max(years, default=first))} - years):
        table.fault("", f"no day of {year}")


def _day(table: Table, key: str) -> date | None:
    try:
        return date.fromisoformat(key)
    except ValueError:
        table.fault(key, "is no date such as 2026-03-19")
        return None


def _silence(table: Table, utc_offset: timedelta) -> tuple[datetime, datetime]:
    table.text("name")
    start, end = table.moment("from", utc_offset), table.moment("until", utc_offset)
    if start >= end:
        table.fault("until", "is not after from")
        end = start + timedelta(minutes=1)
    return start, end


def _seasons(holidays: Table, calendars: set[str]) -> dict[str, dict[date, Hours]]:
    """Other hours by calendar and day. A weekday that a season does not name keeps its own hours."""
    found: dict[str, dict[date, Hours]] = {}
    covered: set[tuple[str, date]] = set()
    for table in holidays.listed("season"):
        table.text("name")
        table.flag("checked")
        first, last = table.day("from"), table.day("until")
        calendar = table.choice("calendar", calendars)
        days = found.setdefault(calendar, {})
        hours = [table.hours(weekday) for weekday in WEEKDAYS]
        if not timedelta() <= last - first <= _LONGEST_SEASON:
            table.fault("until", "must be from's day or later, and at most a year later")
            continue
        if not table.flag("applies", True):
            continue
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if (calendar, day) in covered:
                table.fault("from", f"{day} lies in two seasons of one calendar")
                break
            covered.add((calendar, day))
            other = hours[day.weekday()]
            if other is not None:
                days[day] = other
    return found
