"""Working time: when an office works, and on what moment a promise falls.

Instants are aware datetimes and come back in UTC. Wall time is the instant plus a fixed offset, which is
exact because Indonesia has no summer time. All sums are whole microseconds, so nothing is ever rounded.

One idea carries the module. Let F(t) be the working time from the first day of year 1 until t. Then
``between`` is a difference of two F, and ``add`` looks up where F reaches a sum. F needs no stepping: so many
whole weeks, plus the days of the started week, plus what the exceptional days until then add or take away.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise

Hours = tuple[tuple[int, int], ...]
"""Open stretches of one day: (start, end) in minutes after local midnight, without the end; 24:00 is 1440."""

CLOSED: Hours = ()
ALL_DAY: Hours = ((0, 1440),)

_DAY = timedelta(days=1)
_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)  # a Monday, so day number % 7 is the weekday
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000  # microseconds
_LARGEST_AMOUNT = 9_999_999


class Unit(StrEnum):
    """What a span is counted in."""

    WORKING_MINUTES = "working_minutes"
    WORKING_DAYS = "working_days"
    MINUTES = "minutes"
    """Calendar time: runs day and night, on holidays too."""


_UNITS: Mapping[str, tuple[int, Unit]] = {  # the largest first, as Span.__str__ picks the first that fits
    "working day": (1, Unit.WORKING_DAYS),
    "working hour": (60, Unit.WORKING_MINUTES),
    "working minute": (1, Unit.WORKING_MINUTES),
    "day": (1440, Unit.MINUTES),
    "hour": (60, Unit.MINUTES),
    "minute": (1, Unit.MINUTES),
}
_SPAN = re.compile(r"([0-9]{1,7}) ((?:working )?(?:day|hour|minute))s?")


@dataclass(frozen=True, slots=True)
class Span:
    """How long something may take: 1 to 9,999,999 units. Raises ValueError for another amount."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= _LARGEST_AMOUNT:
            raise ValueError(f"a span has 1 to {_LARGEST_AMOUNT} units, not {self.amount}")

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read a profile's words: "4 working hours", "3 working days", "30 minutes", "2 days" (calendar).

        Raises ValueError with a sentence that quotes the text.
        """
        words = _SPAN.fullmatch(text)
        if words is None:
            raise ValueError(
                f"{text!r} is no span; write a whole number, then working days, working hours,"
                " working minutes, days, hours or minutes"
            )
        factor, unit = _UNITS[words[2]]
        try:
            return cls(int(words[1]) * factor, unit)
        except ValueError as error:
            raise ValueError(f"{text!r} is no span: {error}") from error

    def __str__(self) -> str:
        """Write the span in the largest unit without a fraction; ``parse`` reads it back."""
        count, word = next(
            (self.amount // factor, word)
            for word, (factor, unit) in _UNITS.items()
            if unit is self.unit and self.amount % factor == 0
        )
        return f"{count} {word}" if count == 1 else f"{count} {word}s"


@dataclass(frozen=True)
class Calendar:
    """When an office or a post works.

    ``weekly`` has one ``Hours`` per weekday, Monday first. ``days`` names the exceptions: ``CLOSED`` for a
    holiday, other hours for Ramadan or a single odd day. ``silences`` are intervals in UTC, without their
    end, in which nothing falls due and nothing is sent (Nyepi, from 06:00 to the next 06:00); they do not
    stop working time, so Nyepi also stands in ``days``. ``always_open`` is for posts that work day and
    night: ``weekly`` and ``days`` are then without effect, and working time is calendar time.

    Raises ValueError that names all faults at once. Methods raise TypeError for a naive datetime and
    OverflowError for a result outside the years 1 to 9999.
    """

    utc_offset: timedelta
    weekly: tuple[Hours, ...] = (CLOSED,) * 7
    days: Mapping[date, Hours] = field(default_factory=dict, hash=False)
    silences: tuple[tuple[datetime, datetime], ...] = ()
    always_open: bool = False

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise ValueError("calendar: " + "; ".join(faults))
        # A copy, because the sums below would not notice a later change of the caller's mapping.
        object.__setattr__(self, "days", dict(self.days))

    def hours(self, day: date) -> Hours:
        """The open stretches of a local day, empty if it is no working day."""
        return self._hours(day.toordinal() - 1)

    def is_working_day(self, day: date) -> bool:
        """Whether the office opens at all on a local day."""
        return bool(self.hours(day))

    def is_working(self, at: datetime) -> bool:
        """Whether the office is open; at the minute it closes it is not."""
        day, inside = self._locate(at)
        return any(start * _MINUTE <= inside < end * _MINUTE for start, end in self._hours(day))

    def next_working(self, at: datetime) -> datetime:
        """The first open instant from ``at`` on: ``at`` itself while the office is open."""
        return self._start_of(self._worked_until(at) + 1)

    def reopens(self, at: datetime) -> date | None:
        """The local day on which work goes on, where somebody who writes at ``at`` should know of a closure; else None.

        That is so where no work is done until tomorrow is over, and where the office still works today but a day off
        follows. A plain weekend ahead is no news as long as the office is open, nor is an evening before a working day.
        """
        today, _ = self._locate(at)
        first, _ = self._locate(self.next_working(at))
        if first > today + 1:
            return date.fromordinal(first + 1)
        after = self._open_days.find(self._open_days.before(today + 1) + 1)
        weekly, _ = self._plan
        if first == today and any(weekly[day % 7] for day in range(today + 1, after)):
            return date.fromordinal(after + 1)
        return None

    def add(self, at: datetime, minutes: int | timedelta) -> datetime:
        """The earliest instant by which so much working time has passed since ``at``.

        A sum that ends with the office's day falls on that closing minute, not on the next opening. A
        negative sum goes back, to the latest instant from which so much working time is left until ``at``.
        ``between(at, add(at, m)) == m`` always. ``add(a, between(a, b)) == b`` too, for a before b and b
        after an opening and not after its closing; else that sum was already reached at the closing before.
        """
        span = minutes if isinstance(minutes, timedelta) else timedelta(minutes=minutes)
        amount = span // _MICROSECOND
        if amount > 0:
            return self._end_of(self._worked_until(at) + amount)
        if amount < 0:
            return self._start_of(self._worked_until(at) + amount + 1)
        return _in_utc(at)

    def between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from ``a`` to ``b``, negative if b is the earlier one."""
        return timedelta(microseconds=self._worked_until(b) - self._worked_until(a))

    def silent(self, at: datetime) -> datetime | None:
        """When the silence that ``at`` lies in ends; None outside of one."""
        position = bisect_right(self._silence_starts, at) - 1
        if position >= 0 and at < self._silences[position][1]:
            return self._silences[position][1]
        return None

    def due(self, at: datetime, span: Span, *, emergency: bool = False) -> datetime:
        """The moment by which a promise made at ``at`` must be kept.

        - Working minutes run while the office is open.
        - Working days: the day of receipt does not count, not even its morning, and the last day counts until
          the office closes; who sends at 16:29 is promised the same as who sends at 07:31, and nobody is
          promised a part of a day. (A day that is opened by an event is not counted in a limit of days: the
          general rule *dies a quo non computatur*. The sources name limits in working days without saying how
          to count them, and the articles' full text was not read. Checked by the city's lawyer: pending.)
        - Calendar minutes are added as they are.

        A moment inside a silence moves to the silence's end, except for an ``emergency``.
        """
        match span.unit:
            case Unit.WORKING_MINUTES:
                moment = self.add(at, span.amount)
            case Unit.WORKING_DAYS:
                received, _ = self._locate(at)
                last = self._open_days.find(self._open_days.before(received + 1) + span.amount)
                moment = self._instant(last, self._hours(last)[-1][1] * _MINUTE)
            case Unit.MINUTES:
                moment = _in_utc(at) + timedelta(minutes=span.amount)
        return moment if emergency else self.silent(moment) or moment

    # F and its two inverses. The n-th microsecond of working time lasts from _start_of(n) to _end_of(n).

    def _worked_until(self, at: datetime) -> int:
        day, inside = self._locate(at)
        today = sum(max(0, min(inside, end * _MINUTE) - start * _MINUTE) for start, end in self._hours(day))
        return self._worked.before(day) + today

    def _start_of(self, nth: int) -> datetime:
        return self._end_of(nth) - _MICROSECOND

    def _end_of(self, nth: int) -> datetime:
        day = self._worked.find(nth)
        rest = nth - self._worked.before(day)
        for start, end in self._hours(day):
            inside = start * _MINUTE + rest
            if inside <= end * _MINUTE:
                break
            rest -= (end - start) * _MINUTE
        return self._instant(day, inside)

    def _locate(self, at: datetime) -> tuple[int, int]:
        """The number of the local day since year 1, and the microseconds since its midnight."""
        local = at - _FIRST_DAY + self.utc_offset
        return local.days, local.seconds * 1_000_000 + local.microseconds

    def _instant(self, day: int, inside: int) -> datetime:
        return _FIRST_DAY + (timedelta(days=day, microseconds=inside) - self.utc_offset)

    def _hours(self, day: int) -> Hours:
        weekly, exceptions = self._plan
        return exceptions.get(day, weekly[day % 7])

    @cached_property
    def _plan(self) -> tuple[tuple[Hours, ...], Mapping[int, Hours]]:
        """The week, and the exceptions by number of the day."""
        if self.always_open:
            return (ALL_DAY,) * 7, {}
        return self.weekly, {day.toordinal() - 1: hours for day, hours in self.days.items()}

    @cached_property
    def _worked(self) -> _Tally:
        weekly, exceptions = self._plan
        return _Tally(
            [_length(hours) for hours in weekly], {day: _length(h) for day, h in exceptions.items()}
        )

    @cached_property
    def _open_days(self) -> _Tally:
        weekly, exceptions = self._plan
        return _Tally(
            [int(bool(hours)) for hours in weekly], {day: int(bool(h)) for day, h in exceptions.items()}
        )

    @cached_property
    def _silences(self) -> list[tuple[datetime, datetime]]:
        """In order, those that overlap or touch made one: the end of a silence is never silent."""
        merged: list[tuple[datetime, datetime]] = []
        for start, end in sorted(self.silences):
            if merged and start <= merged[-1][1]:
                earlier = merged.pop()
                start, end = earlier[0], max(earlier[1], end)
            merged.append((start, end))
        return merged

    @cached_property
    def _silence_starts(self) -> list[datetime]:
        return [start for start, _ in self._silences]

    def _faults(self) -> Iterable[str]:
        if abs(self.utc_offset) >= timedelta(days=1):
            yield f"the UTC offset {self.utc_offset} is a day or more"
        if len(self.weekly) != 7:
            yield f"the week has {len(self.weekly)} days"
        elif not self.always_open and not any(self.weekly):
            yield "the week has no working hours"
        for name, hours in zip(_WEEKDAYS, self.weekly, strict=False):  # their number is judged above
            yield from _hours_faults(name, hours)
        for day, hours in self.days.items():
            if isinstance(day, datetime):
                yield f"{day} is a moment, not a day"
            yield from _hours_faults(str(day), hours)
        for start, end in self.silences:
            if start.utcoffset() != timedelta(0) or end.utcoffset() != timedelta(0):
                yield f"the silence from {start} to {end} is not in UTC"
            elif start >= end:
                yield f"the silence from {start} to {end} does not end after it begins"


@dataclass(frozen=True)
class Quiet:
    """When no message leaves but what cannot wait: some hours of every night, and the silences (Nyepi).

    ``start`` and ``end`` are minutes after local midnight, over midnight where the start is the later one. What was
    held follows within ``spread`` after the end. ``silences`` are intervals in UTC, without their end.

    Raises ValueError that names all faults at once. Methods raise TypeError for a naive datetime.
    """

    utc_offset: timedelta
    start: int
    end: int
    spread: timedelta
    silences: tuple[tuple[datetime, datetime], ...] = ()

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise ValueError("quiet hours: " + "; ".join(faults))

    def until(self, at: datetime, *, nights: bool = True) -> datetime | None:
        """When the quiet that ``at`` lies in ends, nights and silences that touch taken as one; None outside.

        Without ``nights`` only a silence is quiet, for what may come at any hour of an ordinary day; one that falls
        into a silence waits for the end of a night that touches it like all others.
        """
        if not nights and self._silence(_in_utc(at)) is None:
            return None
        end = _in_utc(at)
        while (later := self._step(end)) is not None:
            end = later
        return end if end > at else None

    def released(self, at: datetime, key: str, *, nights: bool = True) -> datetime | None:
        """When a message that is held at ``at`` may leave; None where it need not wait.

        Not all at one moment: the ``key`` alone decides its place in the spread, so that it keeps it however often
        it is asked for. Messages of one key keep their order: what comes up before that place waits for it, too.
        """
        place = timedelta(milliseconds=zlib.crc32(key.encode()) % (self.spread // timedelta(milliseconds=1)))
        end = self.until(at, nights=nights) or self.until(at - place, nights=nights)
        return end + place if end is not None else None

    def _step(self, at: datetime) -> datetime | None:
        inside = (at - _FIRST_DAY + self.utc_offset) % _DAY
        since = (inside - timedelta(minutes=self.start)) % _DAY
        if since < self._length:
            return at + (self._length - since)
        return self._silence(at)

    def _silence(self, at: datetime) -> datetime | None:
        return max((end for start, end in self.silences if start <= at < end), default=None)

    @property
    def _length(self) -> timedelta:
        return timedelta(minutes=self.end - self.start) % _DAY

    def _faults(self) -> Iterable[str]:
        for minute in (self.start, self.end):
            if not 0 <= minute < 1440:
                yield f"{minute} is no minute of a day"
        if self.start == self.end:
            yield "they end when they begin"
        elif not timedelta(minutes=1) <= self.spread <= _DAY - self._length:
            yield f"what was held cannot be spread over {self.spread}: a minute or more, and before the next night"


class _Tally:
    """Running sums of a daily amount that repeats weekly but for exceptions; days are numbers, 0 a Monday."""

    def __init__(self, weekly: list[int], exceptions: Mapping[int, int]) -> None:
        self._days = sorted(exceptions)
        self._week = [0, *accumulate(weekly)]
        # How far the exceptions before the n-th one moved the sum away from the plain weeks.
        self._moved = [0, *accumulate(exceptions[day] - weekly[day % 7] for day in self._days)]
        self._reached = [self.before(day + 1) for day in self._days]

    def before(self, day: int) -> int:
        """The sum of all days before ``day``."""
        weeks, weekday = divmod(day, 7)
        return weeks * self._week[7] + self._week[weekday] + self._moved[bisect_left(self._days, day)]

    def find(self, total: int) -> int:
        """The first day at whose end the sum has reached ``total``."""
        position = bisect_left(self._reached, total)
        weeks, rest = divmod(total - self._moved[position] - 1, self._week[7])
        day = weeks * 7 + bisect_right(self._week, rest) - 1
        # Right if it comes before the next exception; if not, that exception is what reaches the total.
        return min([day, *self._days[position : position + 1]])


def _in_utc(at: datetime) -> datetime:
    # Not astimezone(UTC): for a naive time that takes the machine's zone instead of raising.
    return _FIRST_DAY + (at - _FIRST_DAY)


def _length(hours: Hours) -> int:
    return sum(end - start for start, end in hours) * _MINUTE


def _hours_faults(name: str, hours: Hours) -> Iterable[str]:
    for start, end in hours:
        if not 0 <= start < end <= 1440:
            yield f"{name}: {start} to {end} are no minutes of a day in order"
    for (_, before), (after, _) in pairwise(hours):
        if before > after:
            yield f"{name}: the stretches overlap or are out of order at minute {after}"
