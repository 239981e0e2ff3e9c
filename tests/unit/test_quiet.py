"""Quiet hours: when a message waits, until when, and that what waited does not leave all at once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.clock import Quiet

WITA = timedelta(hours=8)
SPREAD = timedelta(minutes=20)


def wita(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026 on Denpasar's wall clock."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - WITA


NYEPI = (wita(19, 6), wita(20, 6))
QUIET = Quiet(WITA, 21 * 60, 6 * 60, SPREAD, (NYEPI,))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        pytest.param(wita(10, 20, 59), None, id="a minute before the night"),
        pytest.param(wita(10, 21), wita(11, 6), id="the night begins"),
        pytest.param(wita(11, 0), wita(11, 6), id="midnight"),
        pytest.param(wita(11, 5, 59), wita(11, 6), id="its last minute"),
        pytest.param(wita(11, 6), None, id="the night is over"),
        pytest.param(wita(11, 12), None, id="noon"),
        pytest.param(wita(18, 20, 59), None, id="the eve of Nyepi"),
        pytest.param(wita(18, 21), wita(20, 6), id="the night before Nyepi leads into it"),
        pytest.param(wita(19, 6), wita(20, 6), id="Nyepi begins"),
        pytest.param(wita(19, 13), wita(20, 6), id="Nyepi at noon"),
        pytest.param(wita(20, 5, 59), wita(20, 6), id="Nyepi's last minute"),
        pytest.param(wita(20, 6), None, id="Nyepi is over"),
    ],
)
def test_quiet_lasts_until(at: datetime, until: datetime | None) -> None:
    assert QUIET.until(at) == until


def test_hours_within_one_day_are_quiet_too() -> None:
    siesta = Quiet(WITA, 13 * 60, 14 * 60, SPREAD)
    assert siesta.until(wita(10, 13, 30)) == wita(10, 14)
    assert siesta.until(wita(10, 14)) is None
    assert siesta.until(wita(10, 23)) is None


def test_a_silence_that_ends_in_the_night_ends_with_it() -> None:
    quiet = Quiet(WITA, 21 * 60, 6 * 60, SPREAD, ((wita(10, 12), wita(10, 23)),))
    assert quiet.until(wita(10, 15)) == wita(11, 6)


def test_silences_that_overlap_are_one() -> None:
    quiet = Quiet(WITA, 21 * 60, 6 * 60, SPREAD, ((wita(10, 8), wita(10, 12)), (wita(10, 11), wita(10, 15))))
    assert quiet.until(wita(10, 9)) == wita(10, 15)


def test_by_day_nothing_waits() -> None:
    assert QUIET.released(wita(10, 12), "DPS-1") is None


def test_what_waited_follows_within_the_spread_each_at_its_own_place() -> None:
    leaves = [QUIET.released(wita(19, 13), f"DPS-{number}") for number in range(2000)]
    after = [moment - wita(20, 6) for moment in leaves if moment is not None]
    assert len(after) == 2000
    assert min(after) >= timedelta()
    assert max(after) < SPREAD
    minutes = Counter(wait // timedelta(minutes=1) for wait in after)
    # 100 a minute if they were laid out by hand.
    assert set(minutes) == set(range(20))
    assert max(minutes.values()) < 150


def test_the_place_depends_on_nothing_but_the_key() -> None:
    assert {QUIET.released(wita(18, 21) + timedelta(hours=n), "DPS-1") for n in range(33)} == {
        QUIET.released(wita(19, 13), "DPS-1")
    }


@given(
    at=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: wita(1, 0) + timedelta(minutes=minutes)),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
)
def test_the_end_is_never_quiet_and_all_before_it_is(at: datetime, start: int, end: int) -> None:
    if start == end:
        return
    quiet = Quiet(WITA, start, end, timedelta(minutes=1), (NYEPI,))
    until = quiet.until(at)
    if until is None:
        return
    assert until > at
    assert quiet.until(until) is None
    assert quiet.until(at + (until - at) / 2) == until
    assert quiet.until(until - timedelta(microseconds=1)) == until


@pytest.mark.parametrize(
    ("start", "end", "spread", "fault"),
    [
        (1440, 0, SPREAD, "1440 is no minute of a day"),
        (60, -1, SPREAD, "-1 is no minute of a day"),
        (60, 60, SPREAD, "they end when they begin"),
        (1260, 360, timedelta(hours=16), "cannot be spread over 16:00:00"),
        (1260, 360, timedelta(), "cannot be spread over 0:00:00"),
    ],
)
def test_what_makes_no_sense_is_refused(start: int, end: int, spread: timedelta, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Quiet(WITA, start, end, spread)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(TypeError):
        QUIET.until(datetime(2026, 3, 19, 12))  # noqa: DTZ001  that is the point


def test_what_comes_up_within_the_spread_waits_for_what_was_held_of_the_same_case() -> None:
    held = QUIET.released(wita(19, 10), "DPS-7")
    assert held is not None
    assert wita(20, 6) < held
    soon = wita(20, 6) + (held - wita(20, 6)) / 2
    for nights in (True, False):
        assert QUIET.released(soon, "DPS-7", nights=nights) == held
        assert QUIET.released(held, "DPS-7", nights=nights) is None
    # A publish that no night holds waits after a silence alone.
    assert QUIET.released(wita(11, 6), "DPS-7") == wita(11, 6) + (held - wita(20, 6))
    assert QUIET.released(wita(11, 6), "DPS-7", nights=False) is None


@given(
    minutes=st.lists(st.integers(0, 4 * 24 * 60), min_size=2, max_size=2).map(sorted),
    key=st.text(min_size=1, max_size=4),
)
def test_no_message_of_a_case_overtakes_an_earlier_one(minutes: list[int], key: str) -> None:
    first, second = (wita(17, 0) + timedelta(minutes=each) for each in minutes)
    assert (QUIET.released(first, key) or first) <= (QUIET.released(second, key) or second)
