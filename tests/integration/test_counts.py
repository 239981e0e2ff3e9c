"""What a city counts of itself, for the dashboard and its alarms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.observability import metrics
from chalicelib.usecases import escalation, handling
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, a_case, an_officer, counted, later, stored
from tests.stack import Stack


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    metrics.clear_metrics()
    yield
    metrics.clear_metrics()


def highest(name: str) -> float:
    return max(metrics.provider.metric_set[name]["Value"])


def test_a_report_is_counted_once_however_often_it_is_sent(stack: Stack) -> None:
    from chalicelib.usecases import intake

    retry = intake.Retry(cast.a_key("counted"), "hash")
    for _ in range(3):
        a_case(retry=retry)
    assert counted("Filed") == 1


@pytest.mark.parametrize(("days", "on_time"), [(0, 1), (30, 0)])
def test_the_first_answer_counts_once_and_as_in_time_only_before_its_promise(
    stack: Stack, days: int, on_time: int
) -> None:
    code = a_case().complaint.code
    officer = an_officer("duty@dlhk").officer
    for minutes in (5, 6):
        version = stored(code).version
        at = later(days=days, minutes=minutes)
        handling.reply(code, officer, "Tim berangkat.", if_match=version, now=at)
    assert (counted("FirstReplies"), counted("FirstRepliesOnTime")) == (1, on_time)


def test_a_withdrawal_is_no_answer(stack: Stack) -> None:
    filed = a_case()
    handling.withdraw(
        filed.complaint.code, cast.holder_of(filed), "solved", "Sudah bersih.", now=later(minutes=5)
    )
    assert counted("FirstReplies") == 0


def test_a_climb_is_counted_by_its_rung_and_how_late_it_came(stack: Stack) -> None:
    an_officer("division_head@dlhk")
    complaint = a_case().complaint
    due = min(clock.next_climb for clock in stored(complaint.code).clocks.running())
    escalation.sweep(now=due - timedelta(minutes=1))  # what it only warns of is no climb
    assert not any(name.startswith("EscalatedRung") for name in metrics.provider.metric_set)
    metrics.clear_metrics()
    escalation.sweep(now=due + timedelta(minutes=7))
    climbs = [name for name in metrics.provider.metric_set if name.startswith("EscalatedRung")]
    assert len(climbs) == 1
    assert highest("SweepLag") == pytest.approx(timedelta(minutes=7).total_seconds())


def test_a_sweep_tells_how_long_triage_has_let_a_report_wait(stack: Stack) -> None:
    escalation.sweep(now=NOW)
    assert highest("OldestUnrouted") == 0
    waits = a_case(category=None, text="Ada yang aneh di ujung jalan ini.").complaint
    assert waits.office == TRIAGE_OFFICE
    a_case()  # an office has this one
    metrics.clear_metrics()
    escalation.sweep(now=later(minutes=30))
    assert highest("OldestUnrouted") == timedelta(minutes=30).total_seconds()
