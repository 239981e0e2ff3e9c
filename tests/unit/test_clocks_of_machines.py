"""A machine's clock that is ahead of the event's own: the sweeps refuse, for they would close, wipe and let expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.jobs import sweeps
from infra.preflight import year_without_days
from local.context import Context
from tests.builders import denpasar


def an_event(ago: timedelta) -> dict[str, Any]:
    return {
        **dict.fromkeys(("version", "id", "detail-type", "source", "account", "region"), ""),
        "time": (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [],
        "detail": {},
    }


@pytest.mark.parametrize("name", ["sweep_deadlines", "sweep_outbox", "send_lists"])
def test_no_sweep_runs_by_a_clock_that_is_an_hour_ahead(name: str) -> None:
    context = Context(name, region="ap-southeast-3", account_id="123456789012", seconds=60)
    with pytest.raises(sweeps.ClockAhead):
        getattr(sweeps, name)(an_event(timedelta(hours=1)), context)


def test_a_year_without_days_off_is_told_from_october_on() -> None:
    last = max(day.year for day in denpasar().calendars["office"].days)
    assert year_without_days(denpasar(), date(last, 9, 30)) == 0
    assert year_without_days(denpasar(), date(last, 10, 1)) == last + 1
    assert year_without_days(denpasar(), date(last + 1, 1, 1)) == last + 1
