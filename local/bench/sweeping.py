"""The deadline sweep over many open cases of which few are due."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil

from local.bench.meter import Meter, Tally
from local.bench.report import Section
from local.bench.world import World, forget, load_due

ABOUT = (
    "What time has brought due among many open cases. Held against a scan is what it takes to find them; each is then "
    "read afresh and written, which costs the same however it was found, and is stated apart."
)
FIND_MOST = 0.005
NETWORK = 0.006
"""Seconds added to each request, to stand for the way to the table, which DynamoDB Local is spared."""
SIDE_BY_SIDE = 120
"""Cases of each such sweep: enough to keep all workers busy for a while."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One sweep, and a second right after it."""

    open_cases: int
    head_bytes: int
    due: int
    climbed: int
    failed: int
    again: int
    first: Tally
    second: Tally

    @property
    def finding(self) -> float:
        """Read units of the due index: what it takes to learn which cases are due."""
        return self.first.by_table["complaints.due"]

    @property
    def scan(self) -> float:
        """Read units of reading every head instead, eventually consistent: half a unit for 4 KB."""
        return ceil(self.head_bytes / 4096) / 2


def run(world: World, meter: Meter, due: int) -> Swept:
    """Make so many cases due, sweep twice, and take them out again."""
    from chalicelib.settings import utc_now
    from chalicelib.usecases import escalation

    codes = load_due(world, due)
    # One worker: the meter counts for one thread, and what a case costs does not depend on who works beside it.
    with meter.measure(writes=False) as first:
        done = escalation.sweep(now=utc_now(), workers=1)
    with meter.measure(writes=False) as second:
        again = escalation.sweep(now=utc_now(), workers=1)
    swept = Swept(
        world.loaded,
        world.head_bytes,
        due,
        done.climbed,
        done.failed,
        again.climbed + again.closed + again.failed,
        first,
        second,
    )
    forget(world, codes)
    return swept


@dataclass(frozen=True, slots=True)
class Raced:
    """The same number of cases taken by one worker and by all: requests of each, and their seconds as a ratio."""

    workers: int
    requests: tuple[int, int]
    ratio: float
    climbed: tuple[int, int]


def race(world: World) -> Raced:
    """Take cases one after the other, then as many side by side, with a network's delay on each request."""
    from chalicelib.settings import utc_now
    from chalicelib.store.tables import ComplaintRow
    from chalicelib.usecases import escalation

    events = ComplaintRow._get_connection().connection.client.meta.events
    asked = 0

    def travel(**_: object) -> None:
        nonlocal asked
        asked += 1
        time.sleep(NETWORK)

    def one(workers: int) -> tuple[float, int, int]:
        nonlocal asked
        codes = load_due(world, SIDE_BY_SIDE)
        asked = 0
        events.register("before-send.dynamodb", travel)
        began = time.perf_counter()
        try:
            done = escalation.sweep(now=utc_now(), workers=workers)
        finally:
            took = time.perf_counter() - began
            events.unregister("before-send.dynamodb", travel)
        forget(world, codes)
        return took, asked, done.climbed

    serial, parallel = one(1), one(escalation.WORKERS)
    return Raced(
        escalation.WORKERS, (serial[1], parallel[1]), parallel[0] / serial[0], (serial[2], parallel[2])
    )


def tell_race(section: Section, raced: Raced) -> None:
    cases = f"{SIDE_BY_SIDE} cases, {NETWORK * 1000:g} ms added to each request"
    section.add(
        f"{cases}: cases that did not climb, serial and side by side",
        2 * SIDE_BY_SIDE - sum(raced.climbed),
        "",
        0,
    )
    section.add(
        f"{cases}: time of {raced.workers} workers beside one",
        raced.ratio,
        "x",
        0.6,
        "engine and sweep share the cores",
    )
    section.add(
        f"{cases}: requests of {raced.workers} workers beside one",
        raced.requests[1] / raced.requests[0],
        "x",
        1.05,
    )


def tell(section: Section, small: Swept, large: Swept) -> None:
    for swept in (small, large):
        size = f"{swept.open_cases:,} open, {swept.due:,} due"
        section.add(
            f"{size}: cases that did not climb", swept.due - swept.climbed, "", 0, f"{swept.failed} failed"
        )
        section.add(
            f"{size}: finding them", swept.finding, "RRU", note=f"a scan of the heads: {swept.scan:,.0f} RRU"
        )
        if swept is large:
            section.add(f"{size}: of a scan", swept.finding / swept.scan, "x", FIND_MOST)
        section.add(
            f"{size}: climbed by a second sweep",
            swept.again,
            "",
            0,
            f"{swept.second.reads:g} RRU; AWS counts half a unit for each empty shard",
        )
    section.add(
        f"finding them among {large.open_cases:,} beside {small.open_cases:,}",
        large.finding / small.finding,
        "x",
        1.05,
    )
    taken = large.first
    each = (taken.reads - large.finding) / max(large.climbed, 1)
    section.add(
        "then taking one case: reads",
        each,
        "RRU",
        note="the case afresh and consistently, its posts' holders",
    )
    section.add("then taking one case: requests", taken.requests.total() / max(large.climbed, 1), "")
