"""A bad day at SNS: down for an hour, throttled, late with its answer; a stream that says things twice, and a burst."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from chalicelib import aws
from chalicelib.domain.notices import Channel, Notice
from chalicelib.observability import metrics
from chalicelib.settings import move_clock, utc_now
from chalicelib.store import outbox
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import delivery, signin
from tests.integration import people as cast
from tests.integration.people import NOW, Sent, a_case, an_officer, later
from tests.stack import Stack

BURST = int(os.environ.get("BURST", "150"))
"""Notices of the burst; ``BURST=10000 pytest tests/integration/test_faults.py`` is the whole of it."""


@pytest.fixture(autouse=True)
def by_day() -> Iterator[None]:
    metrics.clear_metrics()
    move_clock(NOW - datetime.now(UTC))
    yield
    move_clock(timedelta(0))
    metrics.clear_metrics()


def test_an_hour_without_sns_loses_nothing_sends_nothing_twice_and_no_code_late_simulated(
    stack: Stack,
) -> None:
    desk, phone, sent = an_officer("duty@dlhk", desk=True), cast.a_phone(), Sent(stack)

    def down(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns")

    with cast.on_sns(down):
        codes = [a_case(phone=phone, now=later(minutes=each)).complaint.code for each in (0, 10)]
        signin.request_code(phone, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=later(minutes=20))
        for minutes in range(0, 60, 5):
            cast.deliver(later(minutes=minutes))
    assert sent.to(desk.phone, desk.email, phone) == []
    assert max(int(row.tries or 0) for row in NoticeRow.scan()) == 0
    for minutes in range(60, 120, 5):
        cast.deliver(later(minutes=minutes))
    got = sent.to(desk.phone, desk.email, phone)
    assert Counter(m["to"] for m in got) == {desk.phone: 2, desk.email: 2, phone: 2}
    assert all(any(code in m["text"] for code in codes) for m in got), "and no one-time code an hour late"
    states = Counter(row.state for row in NoticeRow.scan())
    assert states == {"sent": 4, "expired": 1}


def test_throttled_all_arrive_once_as_soon_as_they_may_simulated(stack: Stack) -> None:
    desk, sent = an_officer("duty@dlhk", desk=True), Sent(stack)
    for minutes in range(4):
        a_case(now=later(minutes=minutes))
    calls = iter(range(1000))

    def two_of_three(**_: object) -> object:
        return None if next(calls) % 3 == 0 else cast.sns_error("Throttling", 400)

    with cast.on_sns(two_of_three):
        for minutes in range(5, 65, 5):
            cast.deliver(later(minutes=minutes))
    assert len(sent.to(desk.phone)) == 4
    assert cast.counted("NoticesDead") == 0


def test_an_answer_that_comes_after_our_time_out_may_repeat_a_message_and_is_counted_simulated(
    stack: Stack,
) -> None:
    desk, sent = an_officer("duty@dlhk", desk=True), Sent(stack)
    a_case()
    late: list[str] = []

    def too_late(**_: object) -> None:
        if not late:
            late.append("once")
            raise ReadTimeoutError(endpoint_url="https://sns")

    events = aws.client("sns").meta.events
    events.register("after-call.sns.Publish", too_late)
    try:
        cast.deliver(later(minutes=1))
        assert len(sent.to(desk.phone)) == 1, "SNS had taken it"
        cast.deliver(later(minutes=3))
    finally:
        events.unregister("after-call.sns.Publish", too_late)
    assert len(sent.to(desk.phone)) == 1
    assert cast.counted("NoticesRepeated") == 1


def test_a_stream_that_repeats_and_shuffles_and_a_burst_beside_the_sweep_send_each_once(stack: Stack) -> None:
    desk, sent = an_officer("duty@dlhk", desk=True), Sent(stack)
    now = utc_now()
    ids = [f"DPS-{number}#0001#office_message#topic#dlhk" for number in range(BURST)]
    for notice_id in ids:
        outbox.add(
            Notice(
                id=notice_id,
                code=notice_id.partition("#")[0],
                template="office_message",
                channel=Channel.TOPIC,
                to="dlhk",
                language="id",
                created_at=now,
                useful_until=now + timedelta(days=1),
                args={"category": "Sampah", "where": "Panjer"},
                sms=False,
                at_night=True,
            )
        )
    dice = random.Random(7)
    told = ids[: BURST // 2] * 2  # half of them never come by the stream, and what comes, comes twice
    dice.shuffle(told)

    def work(place: int) -> None:
        if place == 0:
            while delivery.sweep(now=later(minutes=5)).attempted:
                pass
        else:
            for notice_id in told[place - 1 :: 3]:
                delivery.attempt(notice_id, now=later(minutes=5))

    assert cast.bad(cast.at_once(4, work)) == []
    assert {row.state for row in NoticeRow.scan()} == {"sent"}
    subjects = Counter(m["text"].split("Kode")[-1] for m in sent.to(desk.email))
    assert len(subjects) == BURST
    assert set(subjects.values()) == {1}
    assert cast.counted("NoticesRepeated") == 0
