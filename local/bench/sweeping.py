"""The deadline sweep over many open cases of which few are due."""

from __future__ import annotations

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
