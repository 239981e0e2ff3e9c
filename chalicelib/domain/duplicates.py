"""Reports about one thing: what is offered before filing, who may join, and a case that goes with another.

Only public places decide what is near: the answer may then be asked for any number of points and tells no more than the
public pins do. docs/adr/0014 has the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.asking import ended, foreseen
from chalicelib.domain.city import Category, City, PlaceNeed
from chalicelib.domain.complaint import (
    TIME,
    Change,
    Complaint,
    Event,
    Merged,
    Outcome,
    Screening,
    Status,
    by,
    change,
    may_move,
)
from chalicelib.domain.errors import Fault, IllegalMove, Invalid
from chalicelib.domain.geo import Point, distance_m
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.service_level import ClockName, Clocks
from chalicelib.domain.visibility import is_listed

MOST_OFFERED = 5
MOST_RADIUS = 250
"""Metres. A pin stands at most 35 m from its place, so this keeps what is 325 m away out of every offer."""
PIN_SLACK = 36
"""Metres from the middle of a street pin's square (50 m) to its corner: how far the place may be from its pin."""
NOES = 2
"""So many people who say "belum" reopen the case that they joined or were merged into; its reporter does so alone."""
FAR_STEP = 10
"""Distances are told in whole tens of metres: the pin is no better known."""


def may_be_near(category: Category) -> bool:
    """Whether cases of this category may be offered to strangers: nothing at home, private, urgent or placeless."""
    return (
        category.pin == "street"
        and not category.sensitive
        and category.emergency is None
        and not category.sheltered
        and category.place is not PlaceNeed.NONE
    )


def is_shared(complaint: Complaint) -> bool:
    """Whether anybody may know the case with its words: public, released, about nobody."""
    return is_listed(complaint) and complaint.accused is None and complaint.screening is Screening.RELEASED


def may_join(complaint: Complaint) -> bool:
    """Whether somebody may add themselves: an open case that all may see and that goes with no other."""
    return is_shared(complaint) and complaint.open and complaint.merged is None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the public pin of a case stands, all that is read of it to tell whether it is near."""

    code: str
    point: Point
    solved_at: datetime | None = None
    """To the minute; None of an open case."""


def near(spots: Iterable[Spot], point: Point, category: Category) -> list[tuple[int, Spot]]:
    """Spots whose place may lie within the category's radius, nearest first, each with its distance as told.

    Judged by the public pin: what lies within the radius is always among them, and nothing that is more than
    two slacks (72 m) beyond it.
    """
    found = []
    for spot in spots:
        away = distance_m(point, spot.point)
        if away <= category.duplicate_radius + PIN_SLACK:
            found.append((round(away / FAR_STEP) * FAR_STEP, spot))
    found.sort(key=lambda pair: (pair[0], pair[1].code))
    return found


SOLVED_ONES = frozenset({Status.RESOLVED, Status.CLOSED})


def recurs(solved: Complaint, city: City, now: datetime) -> bool:
    """Whether a report at its spot now means that the solution did not last."""
    return (
        is_shared(solved)
        and solved.status in SOLVED_ONES
        and solved.resolved_at is not None
        and now <= solved.resolved_at + city.duplicates.recurs
    )


def may_recur(spot: Spot, city: City, now: datetime) -> bool:
    """Whether a spot is worth a look at its head: what was solved too long ago is not."""
    # The key holds the minute that had begun.
    return spot.solved_at is not None and now < spot.solved_at + city.duplicates.recurs + timedelta(minutes=1)


def follows_up(text: str, city: City) -> bool:
    """Whether a text speaks of an earlier report: "sudah lapor minggu lalu"."""
    plain = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in text.lower()).split())} "
    return any(f" {words} " in plain for words in city.duplicates.follow_up)


# Merging ------------------------------------------------------------------------------------------------------


def merge(complaint: Complaint, officer: Officer, master: Complaint, *, city: City, now: datetime) -> Change:
    """Let a case go with another that is about the same: its promises sleep, with their moments kept as they are.

    Raises IllegalMove where this case cannot, Invalid where that one is no master or was promised for later: then that
    one goes with this one. That the master goes with none itself, and that nothing goes with this one, has to hold when
    it is stored, too (`store.joins`).
    """
    may_move(complaint, Act.MERGE)
    if complaint.accused is not None or not complaint.sorted or complaint.emergency(city) is not None:
        raise IllegalMove(Act.MERGE, "unsorted, about somebody or an emergency")
    if fault := _no_master(complaint, master):
        raise Invalid([fault])
    complaint, facts = ended(complaint, city, now)
    if _buys_time(complaint, master, city):
        raise Invalid([Fault("master", "master_later")])
    return change(
        complaint,
        Act.MERGE,
        by(officer),
        now,
        data={"master": master.code, **facts},
        merged=Merged(master.code, now),
        clocks=asleep(complaint.clocks, now),
    )


def unmerge(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Take the case for itself again, with its promises as they were stamped: a mistake of ours buys no time."""
    return _apart(complaint, Act.UNMERGE, now, by=by(officer))


ENDS = frozenset({Act.RESOLVE, Act.APPROVE, Act.REJECT, Act.WITHDRAW})
"""What ends a case for everybody who waits for it; an approval where it is what tells them."""


def alone(complaint: Complaint, *, now: datetime) -> Change:
    """What happens to a merged case where its master is none any more: it stands for itself again."""
    return _apart(complaint, Act.UNMERGE, now, by=TIME)


def answered(complaint: Complaint, told: Event, *, now: datetime) -> Change:
    """What the end of its master does to a merged case: the same answer, to be judged by its own reporter.

    Where the master was withdrawn there is no answer, and the case stands for itself again. What a second person
    approved, or the doer proved in words, counts here, too: it is the same fix.
    """
    merged = complaint.merged
    if merged is None:
        raise IllegalMove(told.act, "not merged")
    if told.act is Act.WITHDRAW:
        return alone(complaint, now=now)
    awake = replace(complaint, merged=None, clocks=_awake(complaint.clocks))
    data: dict[str, Any] = {"master": merged.into}
    if told.act is Act.REJECT:
        data["reason"] = told.data.get("reason", "duplicate")
        return change(
            awake,
            Act.REJECT,
            told.by,
            now,
            said=told.text,
            data=data,
            clocks=awake.clocks.stop_all(now),
            outcome=Outcome.REJECTED,
            ended_at=now,
        )
    if told.data.get("proof"):
        data["proof"] = told.data["proof"]
    clocks = awake.clocks.stop(ClockName.FIRST_REPLY, now).stop(ClockName.RESOLUTION, now)
    return change(
        awake,
        Act.RESOLVE,
        told.by,
        now,
        said=told.text,
        data=data,
        clocks=clocks,
        resolved_at=now,
        confirmed=told.act is Act.APPROVE,
    )


def master_of(history: Iterable[Event]) -> str | None:
    """The case whose solution answered this one, by its own history; None where it was answered for itself."""
    solved = [event for event in history if event.act is Act.RESOLVE]
    return str(solved[-1].data["master"]) if solved and "master" in solved[-1].data else None


def asleep(clocks: Clocks, since: datetime) -> Clocks:
    """All promises of a merged case; a decision that triage owes since then is none of them."""
    return Clocks(
        tuple(
            replace(clock, asleep=since)
            if clock.running and clock.name not in (ClockName.VERIFICATION, ClockName.CEILING)
            else clock
            for clock in clocks
        )
    )


def _no_master(complaint: Complaint, master: Complaint) -> Fault | None:
    if master.code == complaint.code:
        return Fault("master", "master_same")
    if master.merged is not None:
        return Fault("master", "master_merged")
    if not is_shared(master):
        return Fault("master", "master_hidden")
    return None if master.open else Fault("master", "master_over")


def _buys_time(complaint: Complaint, master: Complaint, city: City) -> bool:
    """Whether the master's promise to solve, with the pause that it may still have, is later than the case's own."""
    own, other = (clocks.get(ClockName.RESOLUTION) for clocks in (complaint.clocks, foreseen(master, city)))
    return own is not None and other is not None and own.due < other.due


def _apart(complaint: Complaint, act: Act, now: datetime, *, by: Any) -> Change:
    may_move(complaint, act)
    if complaint.merged is None:
        raise IllegalMove(act, "not merged")
    data: Mapping[str, Any] = {"master": complaint.merged.into}
    return change(complaint, act, by, now, data=data, merged=None, clocks=_awake(complaint.clocks))


def _awake(clocks: Clocks) -> Clocks:
    return Clocks(tuple(replace(clock, asleep=None) for clock in clocks))
