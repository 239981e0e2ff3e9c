"""Deadlines as tables that a person can check with a wall calendar and a pencil.

Moments are local wall time (WITA, UTC+8). Each is written with its weekday, and ``wita`` refuses a wrong one.
A plain week of Denpasar has 4 x 8 h + 5.5 h = 37.5 h:

    Mon-Thu  07:30-12:00 (4.5 h) and 13:00-16:30 (3.5 h) = 8 h
    Fri      07:30-11:30 (4 h)   and 13:00-14:30 (1.5 h) = 5.5 h
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.clock import ALL_DAY, CLOSED, Calendar, Hours, Span, Unit

WITA = timezone(timedelta(hours=8))
MINUTE = timedelta(minutes=1)


def wita(text: str) -> datetime:
    """Read "Tue 17 Mar 2026 15:30" as an instant; the weekday must be the true one."""
    moment = datetime.strptime(text, "%a %d %b %Y %H:%M").replace(tzinfo=WITA)
    assert f"{moment:%a}" == text[:3], f"{text} is a {moment:%A}"
    return moment.astimezone(UTC)


def shown(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return f"{moment.astimezone(WITA):%a %d %b %Y %H:%M}"


def at(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


def closed(year: int, month: int, *days: int) -> dict[date, Hours]:
    return {date(year, month, day): CLOSED for day in days}


FULL_DAY: Hours = ((at(7, 30), at(12)), (at(13), at(16, 30)))
FRIDAY: Hours = ((at(7, 30), at(11, 30)), (at(13), at(14, 30)))

DENPASAR = Calendar(
    utc_offset=timedelta(hours=8),
    weekly=(FULL_DAY, FULL_DAY, FULL_DAY, FULL_DAY, FRIDAY, CLOSED, CLOSED),
    days={
        # 2025: Fri 28 Mar joint leave, Sat 29 Nyepi, Sun 30 Ngembak Geni, Mon 31 and Tue 1 Apr Idulfitri,
        # Wed 2, Thu 3, Fri 4 and Mon 7 Apr joint leave: no working day from 28 Mar to 7 Apr, eleven days.
        **closed(2025, 3, 28, 29, 30, 31),
        **closed(2025, 4, 1, 2, 3, 4, 7),
        # 2026: Wed 18 Mar joint leave, Thu 19 Nyepi, Fri 20 joint leave, Sat 21 and Sun 22 Idulfitri, Mon
        # 23 and Tue 24 joint leave: no working day from 18 to 24 Mar, seven days. Fri 3 Apr is Good Friday.
        **closed(2026, 3, 18, 19, 20, 21, 22, 23, 24),
        **closed(2026, 4, 3),
        # 2027: Mon 8 Mar Nyepi, Tue 9 joint leave, Wed 10 and Thu 11 Idulfitri, Fri 12 and Mon 15 joint
        # leave: with the weekends no working day from Sat 6 to Mon 15 Mar, ten days.
        **closed(2027, 3, 8, 9, 10, 11, 12, 15),
    },
    silences=(
        (wita("Sat 29 Mar 2025 06:00"), wita("Sun 30 Mar 2025 06:00")),
        (wita("Thu 19 Mar 2026 06:00"), wita("Fri 20 Mar 2026 06:00")),
        (wita("Mon 08 Mar 2027 06:00"), wita("Tue 09 Mar 2027 06:00")),
    ),
)
ROUND_THE_CLOCK = replace(DENPASAR, always_open=True)
SIX_DAYS = Calendar(
    utc_offset=timedelta(hours=8),
    weekly=(*(((at(7, 30), at(14)),),) * 4, ((at(7, 30), at(11, 30)),), ((at(7, 30), at(13)),), CLOSED),
    # It closes on national holidays and works on joint leave: in March 2026 Thu 19, Sat 21 and Sun 22 are off.
    days={**closed(2026, 3, 19, 21, 22), **closed(2026, 4, 3)},
    silences=DENPASAR.silences,
)
DAILY = Calendar(utc_offset=timedelta(hours=8), weekly=(((at(6), at(18)),),) * 7, silences=DENPASAR.silences)

WORKING_TIME = [
    # An ordinary week.
    # 07:30 + 4 h = 11:30, before the break.
    ("Mon 02 Feb 2026 07:30", "4 working hours", "Mon 02 Feb 2026 11:30"),
    # 10:00-12:00 are 2 h, the break does not count, 13:00-15:00 are 2 h.
    ("Mon 02 Feb 2026 10:00", "4 working hours", "Mon 02 Feb 2026 15:00"),
    # 15:30-16:30 is 1 h, on Tuesday 07:30-10:30 are 3 h.
    ("Mon 02 Feb 2026 15:30", "4 working hours", "Tue 03 Feb 2026 10:30"),
    # 15:30-16:30 is all of it: due when the office closes, not when it opens on Tuesday.
    ("Mon 02 Feb 2026 15:30", "1 working hour", "Mon 02 Feb 2026 16:30"),
    # Likewise 11:00-12:00: due when the break begins.
    ("Mon 02 Feb 2026 11:00", "1 working hour", "Mon 02 Feb 2026 12:00"),
    # Sent at closing time: the first minute is Tuesday's first.
    ("Mon 02 Feb 2026 16:30", "1 working minute", "Tue 03 Feb 2026 07:31"),
    # Sent at opening time: the first minute counts.
    ("Mon 02 Feb 2026 07:30", "1 working minute", "Mon 02 Feb 2026 07:31"),
    # Sent in the break: 13:00-13:30.
    ("Mon 02 Feb 2026 12:15", "30 working minutes", "Mon 02 Feb 2026 13:30"),
    # Sent at night, still Sunday in UTC (Mon 02:00 WITA = Sun 18:00 UTC): 07:30 + 4 h.
    ("Mon 02 Feb 2026 02:00", "4 working hours", "Mon 02 Feb 2026 11:30"),
    # Sent in the evening: Tuesday 07:30 + 4 h.
    ("Mon 02 Feb 2026 20:00", "4 working hours", "Tue 03 Feb 2026 11:30"),
    # Friday has its own break: 11:00-11:30 and 13:00-13:30.
    ("Fri 06 Feb 2026 11:00", "1 working hour", "Fri 06 Feb 2026 13:30"),
    # Friday 14:00-14:30 is 0.5 h, the weekend none, Monday 07:30-11:00 are 3.5 h.
    ("Fri 06 Feb 2026 14:00", "4 working hours", "Mon 09 Feb 2026 11:00"),
    # Saturday none, Sunday none, Monday 07:30 + 4 h.
    ("Sat 07 Feb 2026 10:00", "4 working hours", "Mon 09 Feb 2026 11:30"),
    # 37.5 h = 2,250 minutes are one plain week, to its last minute; one minute more is Monday's first.
    ("Mon 02 Feb 2026 07:30", "2250 working minutes", "Fri 06 Feb 2026 14:30"),
    ("Mon 02 Feb 2026 07:30", "2251 working minutes", "Mon 09 Feb 2026 07:31"),
    # 75 h = two plain weeks, from one Wednesday to the second next.
    ("Wed 21 Jan 2026 09:00", "75 working hours", "Wed 04 Feb 2026 09:00"),
    # March 2026, Nyepi and Idulfitri: after Tue 17 the next working day is Wed 25.
    # Tue 15:30-16:30 is 1 h, seven days none, Wed 25 Mar 07:30-10:30 are 3 h.
    ("Tue 17 Mar 2026 15:30", "4 working hours", "Wed 25 Mar 2026 10:30"),
    ("Tue 17 Mar 2026 15:30", "1 working hour", "Tue 17 Mar 2026 16:30"),
    ("Tue 17 Mar 2026 16:30", "1 working minute", "Wed 25 Mar 2026 07:31"),
    # Sent in the middle of Nyepi, and on the last day off: Wed 25 Mar 07:30 + 0.5 h.
    ("Thu 19 Mar 2026 12:00", "30 working minutes", "Wed 25 Mar 2026 08:00"),
    ("Tue 24 Mar 2026 23:59", "30 working minutes", "Wed 25 Mar 2026 08:00"),
    # Mon 16 and Tue 17 are 16 h, Wed 25 and Thu 26 are 16 h, Fri 27 5.5 h: 37.5 h.
    ("Mon 16 Mar 2026 07:30", "2250 working minutes", "Fri 27 Mar 2026 14:30"),
    # Thu 2 Apr 16:00-16:30 is 0.5 h, Good Friday and the weekend none, Mon 6 Apr 07:30-08:00 is 0.5 h.
    ("Thu 02 Apr 2026 16:00", "1 working hour", "Mon 06 Apr 2026 08:00"),
    # March 2027: after Fri 5 the next working day is Tue 16. Fri 14:00-14:30 is 0.5 h, Tue 07:30-11:00 are
    # 3.5 h.
    ("Fri 05 Mar 2027 14:00", "4 working hours", "Tue 16 Mar 2027 11:00"),
    ("Sat 06 Mar 2027 00:00", "1 working minute", "Tue 16 Mar 2027 07:31"),
    # 2025: after Thu 27 Mar the next working day is Tue 8 Apr. Thu 16:00-16:30 is 0.5 h, Tue 07:30-11:00
    # are 3.5 h.
    ("Thu 27 Mar 2025 16:00", "4 working hours", "Tue 08 Apr 2025 11:00"),
    ("Fri 28 Mar 2025 00:00", "8 working hours", "Tue 08 Apr 2025 16:30"),
]

WORKING_DAYS = [
    # The first day counted is the one after receipt: Monday morning and Monday 16:29 promise the same.
    ("Mon 02 Feb 2026 07:31", "1 working day", "Tue 03 Feb 2026 16:30"),
    ("Mon 02 Feb 2026 16:29", "1 working day", "Tue 03 Feb 2026 16:30"),
    # The day of receipt is the local one: both are Monday in Denpasar, the first is Sunday 16:00 in UTC.
    ("Mon 02 Feb 2026 00:00", "1 working day", "Tue 03 Feb 2026 16:30"),
    ("Mon 02 Feb 2026 23:59", "1 working day", "Tue 03 Feb 2026 16:30"),
    # On Friday the office closes at 14:30.
    ("Thu 05 Feb 2026 10:00", "1 working day", "Fri 06 Feb 2026 14:30"),
    # Friday, Saturday and Sunday all lead to Monday.
    ("Fri 06 Feb 2026 10:00", "1 working day", "Mon 09 Feb 2026 16:30"),
    ("Sat 07 Feb 2026 10:00", "1 working day", "Mon 09 Feb 2026 16:30"),
    ("Sun 08 Feb 2026 23:59", "1 working day", "Mon 09 Feb 2026 16:30"),
    # Tue 1, Wed 2, Thu 3, Fri 4, Mon 5.
    ("Mon 02 Feb 2026 09:00", "5 working days", "Mon 09 Feb 2026 16:30"),
    # 2026: Wed 25 Mar 1, Thu 26 2, Fri 27 3.
    ("Tue 17 Mar 2026 09:00", "3 working days", "Fri 27 Mar 2026 14:30"),
    # Fri 13 1, Mon 16 2, Tue 17 3, Wed 25 4, Thu 26 5.
    ("Thu 12 Mar 2026 09:00", "5 working days", "Thu 26 Mar 2026 16:30"),
    # Mon 16 -> Tue 17 is the last day before the closure; Tue 17 -> Wed 25 the first after it.
    ("Mon 16 Mar 2026 09:00", "1 working day", "Tue 17 Mar 2026 16:30"),
    ("Tue 17 Mar 2026 00:00", "1 working day", "Wed 25 Mar 2026 16:30"),
    # Received on Nyepi.
    ("Thu 19 Mar 2026 12:00", "1 working day", "Wed 25 Mar 2026 16:30"),
    # Mon 30 Mar 1, Tue 31 2, Wed 1 Apr 3, Thu 2 4, Good Friday and the weekend none, Mon 6 5.
    ("Fri 27 Mar 2026 09:00", "5 working days", "Mon 06 Apr 2026 16:30"),
    # 14 working days (the ceiling of a service complaint) over the closure: Tue 10 1, Wed 11 2, Thu 12 3,
    # Fri 13 4, Mon 16 5, Tue 17 6, Wed 25 7, Thu 26 8, Fri 27 9, Mon 30 10, Tue 31 11, Wed 1 Apr 12, Thu 2
    # 13, Mon 6 14: four weeks for 14 days.
    ("Mon 09 Mar 2026 09:00", "14 working days", "Mon 06 Apr 2026 16:30"),
    # 2027: Fri 5 Mar 1, Tue 16 2.
    ("Thu 04 Mar 2027 09:00", "2 working days", "Tue 16 Mar 2027 16:30"),
    # 2025: Thu 27 Mar 1, Tue 8 Apr 2.
    ("Wed 26 Mar 2025 09:00", "2 working days", "Tue 08 Apr 2025 16:30"),
]

CALENDAR_TIME = [
    # Runs through the night, the weekend and the closure.
    ("Sat 07 Feb 2026 23:50", "30 minutes", "Sun 08 Feb 2026 00:20"),
    ("Fri 06 Feb 2026 14:30", "2 days", "Sun 08 Feb 2026 14:30"),
    ("Fri 20 Mar 2026 10:00", "6 hours", "Fri 20 Mar 2026 16:00"),
    # Up to Nyepi's last minute before 06:00, and from 06:00 on the next day, nothing moves.
    ("Thu 19 Mar 2026 05:29", "30 minutes", "Thu 19 Mar 2026 05:59"),
    ("Fri 20 Mar 2026 05:30", "30 minutes", "Fri 20 Mar 2026 06:00"),
    # What falls into Nyepi (Thu 06:00 to Fri 06:00) is due when it ends: its first, a middle and its last
    # minute.
    ("Thu 19 Mar 2026 05:30", "30 minutes", "Fri 20 Mar 2026 06:00"),
    ("Tue 17 Mar 2026 12:00", "2 days", "Fri 20 Mar 2026 06:00"),
    ("Fri 20 Mar 2026 05:29", "30 minutes", "Fri 20 Mar 2026 06:00"),
    # Over Nyepi: a silence is no pause, the 3 days run on.
    ("Wed 18 Mar 2026 09:00", "3 days", "Sat 21 Mar 2026 09:00"),
    ("Sun 07 Mar 2027 18:00", "1 day", "Tue 09 Mar 2027 06:00"),
    ("Fri 28 Mar 2025 18:00", "1 day", "Sun 30 Mar 2025 06:00"),
]


@pytest.mark.parametrize(("received", "span", "due"), WORKING_TIME + WORKING_DAYS + CALENDAR_TIME)
def test_a_promise_falls_due(received: str, span: str, due: str) -> None:
    assert shown(DENPASAR.due(wita(received), Span.parse(span))) == shown(wita(due))


@pytest.mark.parametrize(("received", "span", "due"), WORKING_TIME)
def test_the_working_time_between_receipt_and_deadline_is_what_was_promised(
    received: str, span: str, due: str
) -> None:
    promised = timedelta(minutes=Span.parse(span).amount)
    assert DENPASAR.between(wita(received), wita(due)) == promised
    assert DENPASAR.between(wita(due), wita(received)) == -promised


@pytest.mark.parametrize(
    ("received", "span", "due"),
    [
        # Someone is in danger on Nyepi: 06:20 the same morning, round the clock.
        ("Thu 19 Mar 2026 05:50", "30 minutes", "Thu 19 Mar 2026 06:20"),
        ("Thu 19 Mar 2026 05:50", "30 working minutes", "Thu 19 Mar 2026 06:20"),
        ("Fri 20 Mar 2026 05:00", "5 minutes", "Fri 20 Mar 2026 05:05"),
    ],
)
def test_an_emergency_knows_no_silence(received: str, span: str, due: str) -> None:
    assert shown(ROUND_THE_CLOCK.due(wita(received), Span.parse(span), emergency=True)) == shown(wita(due))


@pytest.mark.parametrize(
    ("received", "span", "due"),
    [
        # Working time is calendar time, on a Sunday night and through Idulfitri.
        ("Sun 08 Feb 2026 23:00", "4 working hours", "Mon 09 Feb 2026 03:00"),
        ("Sat 21 Mar 2026 10:00", "48 working hours", "Mon 23 Mar 2026 10:00"),
        # Each day is a working day and ends at midnight: Sat 21 1, Sun 22 2, so when Monday begins.
        ("Fri 20 Mar 2026 10:00", "2 working days", "Mon 23 Mar 2026 00:00"),
        # Nothing ordinary falls due on Nyepi, also where somebody is on duty.
        ("Thu 19 Mar 2026 05:50", "30 working minutes", "Fri 20 Mar 2026 06:00"),
    ],
)
def test_a_post_that_is_always_open_counts_day_and_night(received: str, span: str, due: str) -> None:
    assert shown(ROUND_THE_CLOCK.due(wita(received), Span.parse(span))) == shown(wita(due))
    assert ROUND_THE_CLOCK.is_working(wita(received))
    assert ROUND_THE_CLOCK.next_working(wita(received)) == wita(received)


# Shorter hours on two days of Ramadan (08:00-12:00 and 12:30-15:00 = 6.5 h), and one Saturday that is
# opened (4 h).
RAMADAN: Hours = ((at(8), at(12)), (at(12, 30), at(15)))
SPECIAL = replace(
    DENPASAR,
    days={
        date(2026, 3, 4): RAMADAN,
        date(2026, 3, 5): RAMADAN,
        date(2026, 3, 7): ((at(8), at(12)),),
    },
)


@pytest.mark.parametrize(
    ("received", "span", "due"),
    [
        # Tue 16:00-16:30 is 0.5 h, Wed opens at 08:00: 08:00-08:30.
        ("Tue 03 Mar 2026 16:00", "1 working hour", "Wed 04 Mar 2026 08:30"),
        # Wed 6.5 h, Thu 6.5 h.
        ("Wed 04 Mar 2026 07:30", "13 working hours", "Thu 05 Mar 2026 15:00"),
        # Wed 11:30-12:00 and 12:30-13:00, the short break.
        ("Wed 04 Mar 2026 11:30", "1 working hour", "Wed 04 Mar 2026 13:00"),
        # Fri 14:00-14:30 is 0.5 h, Sat 08:00-12:00 4 h, Mon 07:30-08:00 0.5 h.
        ("Fri 06 Mar 2026 14:00", "5 working hours", "Mon 09 Mar 2026 08:00"),
        # A short day is a working day and ends with its own hours; so is the opened Saturday.
        ("Wed 04 Mar 2026 09:00", "1 working day", "Thu 05 Mar 2026 15:00"),
        ("Fri 06 Mar 2026 09:00", "1 working day", "Sat 07 Mar 2026 12:00"),
        ("Fri 06 Mar 2026 09:00", "2 working days", "Mon 09 Mar 2026 16:30"),
    ],
)
def test_special_hours_take_the_place_of_the_weekday(received: str, span: str, due: str) -> None:
    assert shown(SPECIAL.due(wita(received), Span.parse(span))) == shown(wita(due))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("Mon 02 Feb 2026 07:29", "Mon 02 Feb 2026 07:30"),
        ("Mon 02 Feb 2026 12:00", "Mon 02 Feb 2026 13:00"),  # the break begins
        ("Mon 02 Feb 2026 16:30", "Tue 03 Feb 2026 07:30"),  # closing time is closed
        ("Fri 06 Feb 2026 14:30", "Mon 09 Feb 2026 07:30"),  # over the weekend
        ("Tue 17 Mar 2026 16:30", "Wed 25 Mar 2026 07:30"),  # 18-24 Mar 2026: seven days
        ("Wed 18 Mar 2026 09:00", "Wed 25 Mar 2026 07:30"),
        ("Fri 05 Mar 2027 14:30", "Tue 16 Mar 2027 07:30"),  # 6-15 Mar 2027: ten days
        ("Thu 27 Mar 2025 16:30", "Tue 08 Apr 2025 07:30"),  # 28 Mar-7 Apr 2025: eleven days
    ],
)
def test_while_closed_the_next_working_instant_is_the_next_opening(moment: str, opens: str) -> None:
    assert not DENPASAR.is_working(wita(moment))
    assert shown(DENPASAR.next_working(wita(moment))) == shown(wita(opens))


@pytest.mark.parametrize(
    "moment", ["Mon 02 Feb 2026 07:30", "Mon 02 Feb 2026 11:59", "Fri 06 Feb 2026 14:29"]
)
def test_while_open_the_next_working_instant_is_now(moment: str) -> None:
    assert DENPASAR.is_working(wita(moment))
    assert DENPASAR.next_working(wita(moment)) == wita(moment)


@pytest.mark.parametrize(
    ("before", "after", "days_off"),
    [
        (date(2026, 3, 17), date(2026, 3, 25), 7),
        (date(2027, 3, 5), date(2027, 3, 16), 10),
        (date(2025, 3, 27), date(2025, 4, 8), 11),
    ],
)
def test_the_hard_weeks_hold_no_working_day(before: date, after: date, days_off: int) -> None:
    off = [before + timedelta(days=n) for n in range(1, (after - before).days)]
    assert len(off) == days_off
    assert DENPASAR.is_working_day(before)
    assert DENPASAR.is_working_day(after)
    assert not any(DENPASAR.is_working_day(day) for day in off)
    assert DENPASAR.hours(before) == (FRIDAY if before.weekday() == 4 else FULL_DAY)


def test_march_2026_has_as_many_hours_as_a_pencil_finds() -> None:
    # 22 weekdays less Wed 18, Thu 19, Fri 20, Mon 23, Tue 24 = 17, of them three Fridays (6, 13, 27): 14 x
    # 8 h + 3 x 5.5 h.
    march = wita("Sun 01 Mar 2026 00:00"), wita("Wed 01 Apr 2026 00:00")
    assert DENPASAR.between(*march) == timedelta(hours=14 * 8 + 3 * 5.5)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        pytest.param("Mon 02 Feb 2026 10:00", None, id="an ordinary day"),
        pytest.param("Mon 02 Feb 2026 20:00", None, id="an evening before a working day"),
        pytest.param("Fri 06 Feb 2026 14:00", None, id="open, a plain weekend ahead"),
        pytest.param("Fri 06 Feb 2026 15:00", (2026, 2, 9), id="Friday after closing"),
        pytest.param("Sat 07 Feb 2026 10:00", (2026, 2, 9), id="Saturday"),
        pytest.param("Sun 08 Feb 2026 10:00", None, id="Sunday: it opens tomorrow"),
        pytest.param("Mon 16 Mar 2026 10:00", None, id="two days before a long closure"),
        pytest.param("Mon 16 Mar 2026 20:00", None, id="the evening of that day"),
        pytest.param(
            "Tue 17 Mar 2026 10:00", (2026, 3, 25), id="the last working day before Nyepi and Idulfitri"
        ),
        pytest.param("Tue 17 Mar 2026 20:00", (2026, 3, 25), id="its evening"),
        pytest.param("Thu 19 Mar 2026 12:00", (2026, 3, 25), id="Nyepi"),
        pytest.param("Mon 23 Mar 2026 23:59", (2026, 3, 25), id="the last day but one"),
        pytest.param("Tue 24 Mar 2026 00:00", None, id="the last day: it opens tomorrow"),
        pytest.param(
            "Thu 02 Apr 2026 10:00", (2026, 4, 6), id="before Good Friday, which makes a long weekend"
        ),
        pytest.param("Fri 05 Mar 2027 10:00", (2027, 3, 16), id="a Friday before ten days"),
    ],
)
def test_whoever_writes_before_a_closure_learns_the_day_of_reopening(
    at: str, day: tuple[int, int, int] | None
) -> None:
    assert DENPASAR.reopens(wita(at)) == (date(*day) if day else None)
    assert ROUND_THE_CLOCK.reopens(wita(at)) is None


@pytest.mark.parametrize(
    ("calendar", "received", "span", "due"),
    [
        # Friday 10.00 to 11.30 are an hour and a half, Saturday 7.30 to 10.00 the rest.
        (SIX_DAYS, "Fri 06 Feb 2026 10:00", "4 working hours", "Sat 07 Feb 2026 10:00"),
        (SIX_DAYS, "Fri 06 Feb 2026 10:00", "1 working day", "Sat 07 Feb 2026 13:00"),
        (SIX_DAYS, "Thu 05 Feb 2026 10:00", "3 working days", "Mon 09 Feb 2026 14:00"),
        # Joint leave on Wed 18 and Fri 20 stops it not; Nyepi and Idulfitri do.
        (SIX_DAYS, "Tue 17 Mar 2026 10:00", "3 working days", "Mon 23 Mar 2026 14:00"),
        (DAILY, "Sat 07 Feb 2026 10:00", "1 working day", "Sun 08 Feb 2026 18:00"),
        (DAILY, "Sun 08 Feb 2026 17:00", "2 working hours", "Mon 09 Feb 2026 07:00"),
        # A shift works through Idulfitri; what would fall due on Nyepi waits for its end.
        (DAILY, "Fri 20 Mar 2026 10:00", "1 working day", "Sat 21 Mar 2026 18:00"),
        (DAILY, "Wed 18 Mar 2026 10:00", "1 working day", "Fri 20 Mar 2026 06:00"),
    ],
)
def test_a_promise_in_six_days_or_in_a_daily_shift(
    calendar: Calendar, received: str, span: str, due: str
) -> None:
    assert shown(calendar.due(wita(received), Span.parse(span))) == due


@pytest.mark.parametrize(
    ("at", "day"),
    [
        pytest.param("Fri 06 Feb 2026 12:00", None, id="Friday after closing: Saturday is a working day"),
        pytest.param("Sat 07 Feb 2026 10:00", None, id="open, a plain Sunday ahead"),
        pytest.param("Sat 07 Feb 2026 14:00", (2026, 2, 9), id="Saturday after closing"),
        pytest.param("Sun 08 Feb 2026 10:00", None, id="Sunday: it opens tomorrow"),
        pytest.param(
            "Wed 18 Mar 2026 10:00", (2026, 3, 20), id="on joint leave it works, and tells of Nyepi"
        ),
        pytest.param("Fri 20 Mar 2026 10:00", (2026, 3, 23), id="between Nyepi and Idulfitri"),
        pytest.param("Thu 19 Mar 2026 12:00", None, id="Nyepi: it opens tomorrow"),
        pytest.param(
            "Thu 02 Apr 2026 10:00", (2026, 4, 4), id="before Good Friday: Saturday is a working day"
        ),
    ],
)
def test_an_office_of_six_days_names_its_own_day_of_reopening(
    at: str, day: tuple[int, int, int] | None
) -> None:
    assert SIX_DAYS.reopens(wita(at)) == (date(*day) if day else None)
    assert DAILY.reopens(wita(at)) is None


def test_nyepi_is_silent_from_six_to_six() -> None:
    ends = wita("Fri 20 Mar 2026 06:00")
    assert DENPASAR.silent(wita("Thu 19 Mar 2026 05:59")) is None
    assert DENPASAR.silent(wita("Thu 19 Mar 2026 06:00")) == ends
    assert DENPASAR.silent(ends - timedelta(microseconds=1)) == ends
    assert DENPASAR.silent(ends) is None


def test_silences_that_overlap_touch_or_lie_in_each_other_are_one() -> None:
    evening, night, morning, noon = (wita(f"Mon 02 Feb 2026 {hour:02}:00") for hour in (1, 3, 6, 12))
    joined = replace(DENPASAR, silences=((morning, noon), (evening, morning), (night, morning)))
    assert joined.silent(evening) == noon
    assert joined.due(evening, Span.parse("2 hours")) == noon
    nested = replace(DENPASAR, silences=((night, morning), (evening, noon)))
    assert nested.silent(morning) == noon


def test_seconds_and_microseconds_are_kept() -> None:
    odd = timedelta(seconds=12, microseconds=345_678)
    # Mon 15:30:12.345678 + 4 h: 59 min 47.654322 s on Monday, the rest on Tuesday until 10:30:12.345678.
    received, due = wita("Mon 02 Feb 2026 15:30") + odd, wita("Tue 03 Feb 2026 10:30") + odd
    assert DENPASAR.add(received, 240) == due
    assert DENPASAR.add(due, -240) == received
    assert DENPASAR.add(received, timedelta(microseconds=1)) == received + timedelta(microseconds=1)


def test_going_back_lands_on_the_opening_and_not_on_the_closing_before() -> None:
    tuesday = wita("Tue 03 Feb 2026 08:30")
    assert shown(DENPASAR.add(tuesday, -60)) == "Tue 03 Feb 2026 07:30"
    assert shown(DENPASAR.add(tuesday, -61)) == "Mon 02 Feb 2026 16:29"
    # Nothing to add moves nothing, not even out of the night.
    assert shown(DENPASAR.add(wita("Mon 02 Feb 2026 20:00"), 0)) == "Mon 02 Feb 2026 20:00"


def test_any_zone_goes_in_and_utc_comes_out_but_a_naive_time_is_refused() -> None:
    local = datetime(2026, 2, 2, 10, tzinfo=WITA)
    for calendar in (DENPASAR, ROUND_THE_CLOCK):
        moments = [calendar.add(local, n) for n in (-60, 0, 60)] + [calendar.next_working(local)]
        moments += [calendar.due(local, Span(1, unit)) for unit in Unit]
        assert all(moment.tzinfo is UTC for moment in moments)
    naive = local.replace(tzinfo=None)
    acts: list[Callable[[], object]] = [
        lambda: DENPASAR.add(naive, 60),
        lambda: DENPASAR.add(naive, 0),
        lambda: DENPASAR.next_working(naive),
        lambda: DENPASAR.due(naive, Span(1, Unit.MINUTES)),
        lambda: DENPASAR.due(naive, Span(1, Unit.WORKING_DAYS)),
        lambda: DENPASAR.silent(naive),
    ]
    for act in acts:
        with pytest.raises(TypeError):
            act()


def test_a_result_beyond_the_year_9999_is_an_overflow() -> None:
    last = datetime(9999, 12, 30, tzinfo=UTC)
    for span in ("30 working days", "300 working hours", "30 days"):
        with pytest.raises(OverflowError):
            DENPASAR.due(last, Span.parse(span))


def test_ten_years_cost_no_more_steps_than_a_day() -> None:
    def steps(act: Callable[[], object]) -> int:
        count = 0

        def tracer(frame: object, event: str, argument: Any) -> Any:
            nonlocal count
            count += 1
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            act()
        finally:
            sys.settrace(before)
        return count

    start = wita("Mon 02 Feb 2026 09:00")
    day, decade = start + timedelta(days=1), start + timedelta(days=3652)
    DENPASAR.add(start, 1)  # the sums are made at first use
    DENPASAR.due(start, Span(1, Unit.WORKING_DAYS))
    assert steps(lambda: DENPASAR.add(start, 37 * 60 * 520)) <= 2 * steps(lambda: DENPASAR.add(start, 480))
    assert steps(lambda: DENPASAR.between(start, decade)) <= 2 * steps(lambda: DENPASAR.between(start, day))
    assert steps(lambda: DENPASAR.due(start, Span(2500, Unit.WORKING_DAYS))) <= 2 * steps(
        lambda: DENPASAR.due(start, Span(1, Unit.WORKING_DAYS))
    )


def test_a_calendar_can_be_a_key_and_ignores_later_changes_of_its_source() -> None:
    days = {date(2026, 2, 3): CLOSED}
    calendar = replace(DENPASAR, days=days)
    assert hash(calendar) == hash(replace(DENPASAR, days=dict(days)))
    assert calendar != DENPASAR
    days[date(2026, 2, 4)] = CLOSED
    assert calendar.is_working_day(date(2026, 2, 4))


def test_a_bad_calendar_names_all_its_faults_at_once() -> None:
    naive = wita("Thu 19 Mar 2026 06:00").replace(tzinfo=None)
    with pytest.raises(ValueError, match="calendar: ") as raised:
        Calendar(
            utc_offset=timedelta(hours=30),
            weekly=(((480, 480),), ((480, 720), (700, 900)), CLOSED, CLOSED, CLOSED, ((0, 1441),), CLOSED),
            days={
                date(2026, 1, 1): ((-1, 60),),
                datetime(2026, 1, 2, tzinfo=UTC): CLOSED,
                date(2026, 1, 3): ((600, 700), (500, 600)),
            },
            silences=(
                (wita("Fri 20 Mar 2026 06:00"), wita("Thu 19 Mar 2026 06:00")),
                (wita("Sat 21 Mar 2026 06:00"), wita("Sat 21 Mar 2026 06:00")),
                (naive, naive + timedelta(days=1)),
            ),
        )
    message = str(raised.value)
    for fault in (
        "UTC offset",
        "Monday: 480 to 480",
        "Tuesday: the stretches overlap or are out of order at minute 700",
        "Saturday: 0 to 1441",
        "2026-01-01: -1 to 60",
        "2026-01-02 00:00:00+00:00 is a moment",
        "2026-01-03: the stretches overlap or are out of order at minute 500",
        "from 2026-03-19 22:00:00+00:00 to 2026-03-18 22:00:00+00:00 does not end after it begins",
        "from 2026-03-20 22:00:00+00:00 to 2026-03-20 22:00:00+00:00 does not end after it begins",
        "is not in UTC",
    ):
        assert fault in message


@pytest.mark.parametrize(
    ("weekly", "fault"), [((CLOSED,) * 7, "no working hours"), ((FULL_DAY,) * 6, "the week has 6 days")]
)
def test_a_week_has_seven_days_and_some_hours(weekly: tuple[Hours, ...], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Calendar(utc_offset=timedelta(hours=8), weekly=weekly)


def test_stretches_may_touch_and_may_reach_midnight() -> None:
    nights = Calendar(timedelta(hours=8), weekly=(((0, 360), (1320, 1440)),) * 7)
    # A shift from 22:00 to 06:00: 21:00 + 3 h of it ends at 01:00, 05:00 + 2 h at 23:00.
    assert shown(nights.add(wita("Mon 02 Feb 2026 21:00"), 180)) == "Tue 03 Feb 2026 01:00"
    assert shown(nights.add(wita("Mon 02 Feb 2026 05:00"), 120)) == "Mon 02 Feb 2026 23:00"
    halves = Calendar(timedelta(hours=8), weekly=(((0, 720), (720, 1440)),) * 7)
    assert shown(halves.add(wita("Mon 02 Feb 2026 11:00"), 120)) == "Mon 02 Feb 2026 13:00"


SPANS = [
    ("4 working hours", Span(240, Unit.WORKING_MINUTES)),
    ("1 working hour", Span(60, Unit.WORKING_MINUTES)),
    ("90 working minutes", Span(90, Unit.WORKING_MINUTES)),
    ("3 working days", Span(3, Unit.WORKING_DAYS)),
    ("30 minutes", Span(30, Unit.MINUTES)),
    ("6 hours", Span(360, Unit.MINUTES)),
    ("2 days", Span(2880, Unit.MINUTES)),
    ("1 day", Span(1440, Unit.MINUTES)),
]


@pytest.mark.parametrize(("text", "span"), SPANS)
def test_a_span_reads_as_the_profile_writes_it(text: str, span: Span) -> None:
    assert Span.parse(text) == span
    assert str(span) == text


def test_a_span_is_written_in_its_largest_whole_unit() -> None:
    assert str(Span.parse("120 minutes")) == "2 hours"
    assert str(Span.parse("1500 minutes")) == "25 hours"
    # Working time has no day of its own: an office's day is 8 h on Monday and 5.5 h on Friday.
    assert str(Span.parse("1440 working minutes")) == "24 working hours"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "days",
        "0 days",
        "-1 days",
        "1.5 hours",
        "3  days",
        " 3 days",
        "3 days\n",
        "3 Days",
        "3 weeks",
        "three days",
        "3 days working",
        "1e3 minutes",
        "\u0663 days",  # an Arabic three
        "9999999 days",  # too many minutes
        "99999999 minutes",
    ],
)
def test_a_text_that_is_no_span_is_quoted_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no span") as raised:
        Span.parse(text)
    assert repr(text) in str(raised.value)


# The slow and obvious reference: look at each minute in turn and ask the wall clock whether the office is
# open.


def minute_is_open(calendar: Calendar, minute: datetime) -> bool:
    local = minute.replace(tzinfo=None) + calendar.utc_offset
    hours = calendar.days.get(local.date(), calendar.weekly[local.weekday()])
    return calendar.always_open or any(start <= local.hour * 60 + local.minute < end for start, end in hours)


def slow_between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    worked, minute = timedelta(), a.replace(second=0, microsecond=0)
    while minute < b:
        if minute_is_open(calendar, minute):
            worked += min(minute + MINUTE, b) - max(minute, a)
        minute += MINUTE
    return worked


def slow_add(calendar: Calendar, moment: datetime, left: timedelta) -> datetime:
    while left:
        minute = moment.replace(second=0, microsecond=0)
        if minute_is_open(calendar, minute):
            step = min(left, minute + MINUTE - moment)
            moment, left = moment + step, left - step
        else:
            moment = minute + MINUTE
    return moment


def slow_due_in_days(calendar: Calendar, moment: datetime, count: int) -> datetime:
    day = (moment.replace(tzinfo=None) + calendar.utc_offset).date()
    while count:
        day += timedelta(days=1)
        hours = ALL_DAY if calendar.always_open else calendar.days.get(day, calendar.weekly[day.weekday()])
        count -= bool(hours)
    midnight = datetime.combine(day, time(), UTC) - calendar.utc_offset
    return midnight + timedelta(minutes=hours[-1][1])


@st.composite
def hours_of_a_day(draw: st.DrawFn, *, may_close: bool = True) -> Hours:
    """Up to three stretches on a grid of quarter hours, which meet each other and midnight often."""
    if may_close and draw(st.booleans()):
        return CLOSED
    edges = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    return tuple((start * 15, end * 15) for start, end in zip(edges[::2], edges[1::2], strict=False))


# Exceptions and moments come from the same three weeks around 17-24 March 2026, so that they often meet.
FIRST, LAST = date(2026, 3, 9), date(2026, 3, 30)
moments = st.datetimes(*(datetime.combine(day, time()) for day in (FIRST, LAST)), timezones=st.just(UTC))
whole_minutes = moments.map(lambda moment: moment.replace(second=0, microsecond=0))
instants = moments | whole_minutes
silences = st.tuples(whole_minutes, st.integers(1, 3000)).map(
    lambda s: (s[0], s[0] + timedelta(minutes=s[1]))
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = [draw(hours_of_a_day(may_close=n > 0)) for n in range(7)]
    turned = draw(st.integers(0, 6))
    return Calendar(
        utc_offset=draw(st.sampled_from([timedelta(hours=h) for h in (7, 8, 9, 0, -5)])),
        weekly=tuple(week[turned:] + week[:turned]),
        days=draw(st.dictionaries(st.dates(FIRST, LAST), hours_of_a_day(), max_size=10)),
        silences=tuple(draw(st.lists(silences, max_size=4))),
        always_open=draw(st.sampled_from([False] * 9 + [True])),
    )


amounts = st.timedeltas(timedelta(0), timedelta(hours=15)) | st.integers(0, 900).map(
    lambda n: timedelta(minutes=n)
)
spans = st.builds(Span, st.integers(1, 2000), st.sampled_from(Unit))

slow = settings(max_examples=40, deadline=None)
quick = settings(max_examples=75, deadline=None)


@slow
@given(st.just(DENPASAR) | calendars(), instants, instants)
def test_between_agrees_with_counting_minutes(calendar: Calendar, a: datetime, b: datetime) -> None:
    a, b = min(a, b), max(a, b)
    expected = slow_between(calendar, a, b)
    assert calendar.between(a, b) == expected
    assert calendar.between(b, a) == -expected


@slow
@given(st.just(DENPASAR) | calendars(), instants, amounts)
def test_add_agrees_with_counting_minutes(calendar: Calendar, moment: datetime, amount: timedelta) -> None:
    # Not more than the thinnest week holds, or the reference walks for years.
    week = sum(end - start for hours in calendar.weekly for start, end in hours)
    amount = min(amount, timedelta(minutes=week))
    assert calendar.add(moment, amount) == slow_add(calendar, moment, amount)


@quick
@given(calendars(), instants, st.integers(1, 40), st.booleans())
def test_working_days_agree_with_turning_the_leaves_of_a_calendar(
    calendar: Calendar, moment: datetime, count: int, emergency: bool
) -> None:
    due = calendar.due(moment, Span(count, Unit.WORKING_DAYS), emergency=emergency)
    expected = slow_due_in_days(calendar, moment, count)
    assert due == (expected if emergency else calendar.silent(expected) or expected)


@quick
@given(calendars(), instants, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_between_takes_back_what_add_has_added(
    calendar: Calendar, moment: datetime, amount: timedelta
) -> None:
    assert calendar.between(moment, calendar.add(moment, amount)) == amount


@quick
@given(calendars(), instants, instants)
def test_add_takes_back_what_between_has_measured(calendar: Calendar, a: datetime, b: datetime) -> None:
    a, b = calendar.next_working(min(a, b)), calendar.next_working(max(a, b))
    assert calendar.add(b, calendar.between(b, a)) == a
    # Forward, an opening is the same point of working time as the closing before it, which is the earlier
    # one.
    reached = calendar.add(a, calendar.between(a, b))
    assert reached <= b
    assert not calendar.between(reached, b)
    inside = b + timedelta(microseconds=1)
    assert calendar.add(a, calendar.between(a, inside)) == inside


@quick
@given(calendars(), instants, amounts, instants, amounts)
def test_who_is_later_or_has_more_time_is_never_due_earlier(
    calendar: Calendar, a: datetime, less: timedelta, b: datetime, more: timedelta
) -> None:
    a, b, less, more = min(a, b), max(a, b), min(less, more), max(less, more)
    assert a <= calendar.add(a, less) <= calendar.add(b, less) <= calendar.add(b, more)
    assert calendar.between(a, b) >= timedelta(0)
    assert calendar.next_working(a) <= calendar.next_working(b)


@quick
@given(calendars(), instants, instants, spans)
def test_a_promise_made_later_is_never_due_earlier(
    calendar: Calendar, a: datetime, b: datetime, span: Span
) -> None:
    assert calendar.due(min(a, b), span) <= calendar.due(max(a, b), span)


@quick
@given(calendars(), instants)
def test_the_next_working_instant_is_open_and_next_to_itself(calendar: Calendar, moment: datetime) -> None:
    opens = calendar.next_working(moment)
    assert opens >= moment
    assert calendar.is_working(opens)
    assert calendar.next_working(opens) == opens
    assert not calendar.between(moment, opens)
    assert (opens == moment) == calendar.is_working(moment)


@quick
@given(calendars(), instants, spans)
def test_nothing_falls_due_in_a_silence(calendar: Calendar, moment: datetime, span: Span) -> None:
    due = calendar.due(moment, span)
    assert calendar.silent(due) is None
    assert not any(start <= due < end for start, end in calendar.silences)
    assert moment < calendar.due(moment, span, emergency=True) <= due


@quick
@given(st.builds(Span, st.integers(1, 9_999_999), st.sampled_from(Unit)))
def test_a_span_survives_being_written_and_read(span: Span) -> None:
    assert Span.parse(str(span)) == span
