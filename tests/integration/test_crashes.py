"""A sweep that dies between any two of its writes, and the run after it: the same end state, nobody told twice.

Each world is built once; its rows are put back for every place at which a run can die. Death comes before a write
has left or after the engine has made it and nobody heard: what lies between are reads, which change nothing.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib import aws
from chalicelib.domain.complaint import Outcome, Status
from chalicelib.domain.people import Act
from chalicelib.store import complaints, outbox
from chalicelib.store.tables import TABLES, NoticeRow
from chalicelib.usecases import delivery, escalation, handling
from tests.integration import people as cast
from tests.integration.people import PANJER, TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.stack import Stack

Rows = dict[str, list[dict[str, Any]]]
MARKS = ("UpdateItem",)
"""How the outbox sweep writes: it claims a notice and later marks how it ended."""
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem")


class Killed(BaseException):
    """The process is gone: no handler of ours may catch it."""


@contextmanager
def dying(moment: str, at: int, operations: tuple[str, ...] = WRITES, table: str = "") -> Iterator[list[str]]:
    """Die at the so-many-th write, ``before`` it leaves or ``after`` it was made. Yields what was written.

    ``table`` counts only the writes of one table.
    """
    made: list[str] = []

    def look(params: Any, context: Any, **_: object) -> None:
        context["table"] = json.loads(params["body"]).get("TableName", "")

    def die(model: Any, context: Any, **_: object) -> None:
        if model.name in operations and str(context.get("table", "")).endswith(table):
            made.append(model.name)
            if len(made) == at:
                raise Killed

    with (
        cast.on_dynamodb("before-call.dynamodb", look),
        cast.on_dynamodb(f"{moment}-call.dynamodb", die),
    ):
        yield made


def photograph() -> Rows:
    """All rows as the engine holds them."""
    client = TABLES[0]._get_connection().connection.client
    return {
        table.Meta.table_name: client.scan(TableName=table.Meta.table_name, ConsistentRead=True)["Items"]
        for table in TABLES
    }


def put_back(stack: Stack, rows: Rows) -> None:
    stack.clear()
    client = TABLES[0]._get_connection().connection.client
    for name, items in rows.items():
        for first in range(0, len(items), 25):
            asked = {name: [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]}
            assert not client.batch_write_item(RequestItems=asked)["UnprocessedItems"]


def as_text(rows: Rows) -> list[str]:
    """To compare two runs: without the seals of entries, which rest on random salts."""
    return sorted(
        cast.unsealed(f"{name} {sorted(map(repr, item.items()))}")
        for name, items in rows.items()
        for item in items
    )


# The deadline sweep -------------------------------------------------------------------------------------------


@pytest.fixture
def world(stack: Stack) -> tuple[Rows, datetime]:
    """Cases with everything that time does: a warning, a climb, a vacant rung, a reopening, a pause, silence."""
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    for post in ("division_head@dlhk", "office_head@dlhk", "secretary@city", "mayor@city"):
        an_officer(post)
    worker = an_officer("staff@dlhk").officer

    def released(now: datetime = cast.NOW, **changes: Any) -> str:
        code = a_case(now=now, **changes).complaint.code
        handling.release(code, triage, if_match=1, now=now + timedelta(minutes=1))
        return code

    phone = cast.a_phone()
    climbs, vacant = released(phone=cast.a_phone()), released(category="jalan_rusak", area=PANJER)
    silent, again = released(phone=cast.a_phone()), released(phone=phone)
    for code in (silent, again):
        handling.resolve(code, worker, "Sudah diangkut tadi pagi.", if_match=2, now=later(hours=1))
    escalation.wake_one(silent, now=later(days=7, hours=1))  # the reporter has been warned of it
    called, nobody = released(phone=cast.a_phone()), released()
    handling.resolve(called, worker, "Sudah.", if_match=2, now=later(days=3))  # its last call comes now
    handling.resolve(nobody, worker, "Sudah.", if_match=2, now=later(hours=1))  # nobody can be asked
    now = later(days=10, hours=6)
    handling.reopen(again, cast.citizen(phone), "Masih ada di sana.", now=later(days=9))
    asked = released()
    handling.ask(asked, worker, "Di sisi mana pasarnya?", if_match=2, now=later(hours=1))
    released(later(days=10, hours=-1))  # only a warning has come
    rows = photograph()
    assert {climbs, vacant, silent, again, asked, called, nobody} < set(complaints.due(now))
    return rows, now


def test_a_sweep_that_dies_at_any_write_is_made_good_by_the_next(
    stack: Stack, world: tuple[Rows, datetime]
) -> None:
    rows, now = world
    with dying("before", 0) as whole:
        swept = escalation.sweep(now=now, workers=1)
    assert (swept.failed, swept.closed) == (0, 1)
    assert len(whole) >= 6
    expected = photograph()
    assert as_text(expected) != as_text(rows)
    for moment, at in itertools.product(("before", "after"), range(1, len(whole) + 1)):
        put_back(stack, rows)
        with dying(moment, at), pytest.raises(Killed):
            escalation.sweep(now=now, workers=1)
        assert escalation.sweep(now=now, workers=1).failed == 0
        assert as_text(photograph()) == as_text(expected), f"died {moment} write {at}"


def test_a_sweep_overtaken_by_another_at_any_write_changes_nothing_more(
    stack: Stack, world: tuple[Rows, datetime]
) -> None:
    rows, now = world
    with dying("before", 0) as whole:
        escalation.sweep(now=now, workers=1)
    expected = photograph()
    for at in range(1, len(whole) + 1):
        put_back(stack, rows)
        seen = itertools.count(1)

        def overtake(model: Any, *, at: int = at, seen: Iterator[int] = seen, **_: object) -> None:
            if model.name in WRITES and next(seen) == at:
                assert escalation.sweep(now=now, workers=1).failed == 0

        with cast.on_dynamodb("before-call.dynamodb", overtake):
            assert escalation.sweep(now=now, workers=1).failed == 0
        assert as_text(photograph()) == as_text(expected), f"overtaken at write {at}"


def test_no_death_of_a_sweep_makes_a_second_notice_row_or_event(
    stack: Stack, world: tuple[Rows, datetime]
) -> None:
    """The same with many at once: whoever lives goes on beside the dead, and the next run begins at once."""
    rows, now = world
    escalation.sweep(now=now, workers=1)
    told = Counter(row.notice_id for row in NoticeRow.scan())
    for at in (1, 2, 3, 4):
        put_back(stack, rows)
        with dying("after", at), pytest.raises(Killed):
            escalation.sweep(now=now, workers=4)
        results = cast.at_once(2, lambda _: escalation.sweep(now=now))
        assert cast.bad(results) == []
        assert Counter(row.notice_id for row in NoticeRow.scan()) == told
        for code in {row["pk"]["S"] for row in rows[TABLES[0].Meta.table_name]}:
            history = complaints.get(code, consistent=True).history
            ends = [event for event in history if event.act is Act.CLOSE]
            assert len(ends) == (stored(code).status is Status.CLOSED)
            assert not ends or stored(code).outcome is Outcome.SILENCE


# The outbox sweep ---------------------------------------------------------------------------------------------


@contextmanager
def dying_at_sns(moment: str, at: int) -> Iterator[None]:
    """Die before a message leaves, or after SNS took it."""
    seen = itertools.count(1)

    def die(**_: object) -> None:
        if next(seen) == at:
            raise Killed

    events = aws.client("sns").meta.events
    events.register(f"{moment}-call.sns.Publish", die)
    try:
        yield
    finally:
        events.unregister(f"{moment}-call.sns.Publish", die)


def test_a_message_repeats_only_where_death_came_between_sending_and_marking_and_is_counted(
    stack: Stack,
) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    for post in ("division_head@dlhk", "office_head@dlhk"):
        an_officer(post)
    code = a_case(phone=cast.a_phone()).complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    cast.deliver(later(minutes=2))
    now = min(clock.next_climb for clock in stored(code).clocks.running()) + timedelta(seconds=1)
    escalation.sweep(now=now)
    rows = photograph()
    mail = Sent(stack)
    mail.new()

    def run(dies: Callable[[], Any] | None) -> Counter[tuple[str, str, str]]:
        """Every message that came, whether the run died on its way or not."""
        put_back(stack, rows)
        if dies is not None:
            with dies(), pytest.raises(Killed):
                delivery.sweep(now=now)
        for wait in (timedelta(0), outbox.LEASE, 2 * outbox.LEASE):
            cast.deliver(now + wait)
        assert {row.state for row in NoticeRow.scan()} == {"sent"}
        return Counter((m["to"], m["channel"], m["text"]) for m in mail.new())

    with dying("before", 0, MARKS, "outbox") as whole:
        expected = run(None)
    assert len(whole) == 2 * len(expected) >= 4  # each notice is claimed, sent, marked
    assert set(expected.values()) == {1}
    for at in range(1, len(whole) + 1):
        marks = at % 2 == 0
        for moment in ("before", "after"):
            repeated = cast.counted("NoticesRepeated")
            found = run(partial(dying, moment, at, MARKS, "outbox"))
            extra = found - expected
            window = marks and moment == "before"
            assert not expected - found
            assert sum(extra.values()) == window
            # A claim that nobody gave back is counted as a possible repetition: rather one too many than a silent one.
            claimed = window or (moment == "after" and not marks)
            assert cast.counted("NoticesRepeated") - repeated == claimed, f"died {moment} write {at}"
    for moment in ("before", "after"):
        found = run(partial(dying_at_sns, moment, 1))
        assert sum((found - expected).values()) == (moment == "after")
