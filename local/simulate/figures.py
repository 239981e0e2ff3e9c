"""Counts what a year looked like, city-wide and per office, and how far the counts of several runs lie apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from chalicelib.domain.complaint import Outcome, Status
from chalicelib.domain.service_level import ClockName
from local.simulate.year import Seen, Year

REMINDED = ""
"""The role of an escalation that reached nobody above: the office heard again."""

VILLAGES = "villages"
"""All desa and kelurahan together: each has too few cases in a year to judge it by."""

Figures = Mapping[str, float | None]
"""By name; None where there was nothing to count from (no promise fell due)."""


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest, middle and largest of one figure over several runs."""

    least: float
    middle: float
    most: float


def of(seen: Iterable[Seen], ends_at: datetime, rupiah: float) -> Figures:
    """The figures of these cases; shares in percent, money in rupiah."""
    cases = list(seen)
    climbs = [climb for one in cases for climb in one.climbs]
    found: dict[str, float | None] = {
        "cases": len(cases),
        "first_reply": _kept(cases, ClockName.FIRST_REPLY, ends_at),
        "resolution": _kept(cases, ClockName.RESOLUTION, ends_at),
        "unextended": _kept(cases, ClockName.RESOLUTION, ends_at, first=True),
        "extended": sum(one.promised is not None for one in cases),
        "verification": _kept(cases, ClockName.VERIFICATION, ends_at),
        "escalations": len(climbs),
        "notices": sum(one.notices for one in cases),
        "sms": sum(one.sms for one in cases),
        "rupiah": sum(one.sms for one in cases) * rupiah,
        "open": sum(one.complaint.open for one in cases),
        "waiting": sum(one.complaint.status is Status.RESOLVED for one in cases),
        "reopened": sum(one.complaint.reopened for one in cases),
    }
    found["thousands"] = sum(one.sms for one in cases) * rupiah / 1000
    found["per_case"] = sum(one.sms for one in cases) * rupiah / len(cases) if cases else None
    for outcome in Outcome:
        found[f"end:{outcome}"] = sum(one.complaint.outcome is outcome for one in cases)
    for climb in climbs:
        for key in (f"rung:{climb.role}", f"clock:{climb.clock}"):
            found[key] = (found.get(key) or 0) + 1
    return found


def by_office(year: Year, rupiah: float) -> dict[str, Figures]:
    """The figures of each office: of the cases that were with it when they ended, or the year did.

    All villages together come on top, as VILLAGES.
    """
    offices: dict[str, list[Seen]] = {}
    for one in year.cases:
        offices.setdefault(one.complaint.office, []).append(one)
        if one.complaint.office in year.city.villages:
            offices.setdefault(VILLAGES, []).append(one)
    return {office: of(cases, year.ends_at, rupiah) for office, cases in offices.items()}


def spread(runs: Sequence[Figures], name: str) -> Range | None:
    """One figure over several runs; None where no run has it. A rung that a run never reached counts as 0 there."""
    missing = 0.0 if name.startswith(("rung:", "clock:")) else None
    values = [value for run in runs if (value := run.get(name, missing)) is not None]
    return Range(min(values), median(values), max(values)) if values else None


def _kept(cases: Iterable[Seen], name: ClockName, ends_at: datetime, *, first: bool = False) -> float | None:
    """The share of promises kept in time, of those that were kept or fell due; the rest is not known yet.

    With ``first`` against what was promised before triage put it off.
    """
    kept = judged = 0
    for one in cases:
        clock = one.complaint.clocks.get(name)
        if clock is None or (one.complaint.outcome is Outcome.WITHDRAWN):
            continue
        before = one.promised.get(name) if first and one.promised else None
        due = before.due if before else clock.due
        if clock.stopped_at is not None:
            judged += 1
            kept += clock.stopped_at <= due
        elif due <= ends_at:
            judged += 1
    return 100 * kept / judged if judged else None
