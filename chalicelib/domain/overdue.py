"""What time alone does: warn, climb a rung, tell of the law's limit, close by silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.city import City
from chalicelib.domain.complaint import (
    TIME,
    TO_OMBUDSMAN,
    Change,
    Complaint,
    Outcome,
    change,
    may_move,
)
from chalicelib.domain.errors import NotDue
from chalicelib.domain.lists import LISTED, next_list, post_of, told_by_list
from chalicelib.domain.people import Act, Duty, Role
from chalicelib.domain.service_level import NEVER, WARNS_AT, ClockName, Clocks, Step, steps


def warn(complaint: Complaint, *, now: datetime) -> Change:
    """Remind whoever must act that half, or four fifths, of a promise's time are gone. Inside the city only.

    Of several that were missed the latest is told. For the reporter nothing has happened, so ``updated_at`` stays.
    Raises NotDue where no warning has come.
    """
    may_move(complaint, Act.WARN)
    clock = complaint.clocks.due_to_warn(now)
    if clock is None:
        raise NotDue(complaint.code)
    to_come = sum(at > now for at in clock.warns)
    return change(
        complaint,
        Act.WARN,
        TIME,
        now,
        data={"clock": str(clock.name), "due": clock.due.isoformat(), "share": WARNS_AT[-1 - to_come]},
        clocks=complaint.clocks.warned(clock.name, now),
        updated_at=complaint.updated_at,
    )


def escalate(complaint: Complaint, city: City, filled: Mapping[str, bool], *, now: datetime) -> Change:
    """Raise an overdue case by one rung of the ladder of the clock that ran out; before any has, `warn` of one.

    ``filled`` tells of each post whether somebody holds it. A vacant rung is passed at once and recorded. The rung
    reached has its acknowledge time to say that it has heard, else the case climbs on; both moments are stamped.
    Above the last rung a case that the secretary or the mayor could hear of stays on their lists, and time does nothing
    more about that promise. Where a ladder does not lead there, or nobody holds those posts, the office that has the
    case is reminded, in the last rung's time: no case is ever left alone.
    Escalation is attention, not resolution: it never changes the status. Raises NotDue where nothing is due.
    """
    may_move(complaint, Act.ESCALATE)
    clock = complaint.clocks.due_to_climb(now)
    if clock is None:
        if complaint.clocks.ceiling_to_tell(now) is not None:
            return tell_ceiling(complaint, now=now)
        return warn(complaint, now=now)
    ladder = steps(complaint, clock.name, city)
    if complaint.hamlet and not filled.get(f"{Role.HAMLET_HEAD}@{complaint.hamlet}", False):
        # Until a lingkungan has a person, its first rung is the lurah or perbekel, who had the case from the start.
        ladder = tuple(step for step in ladder if not step.post.startswith(f"{Role.VILLAGE_HEAD}@"))
    vacant: list[str] = []
    reached: Step | None = None
    for step in ladder[clock.climbed :]:
        if filled.get(step.post, False):
            reached = step
            break
        vacant.append(step.post)
    # Another office's ladder may be shorter than the one it climbed before; what was reached stays reached.
    level = max(clock.climbed, ladder.index(reached) + 1 if reached else len(ladder))
    rests = reached or (ladder[-1] if ladder else None)
    calendar = city.calendar_of(rests.office if rests else complaint.office)
    again = calendar.due(now, rests.waits if rests else city.handover)
    # A rung that is silent never has longer than one that answers.
    silent = min(again, calendar.due(now, reached.acknowledge)) if reached else again
    if reached and told_by_list(reached.post, complaint, city):
        # A post that hears by its list answers in its time from the list on.
        heard = next_list(Duty.parse(reached.post).role, now, city)
        again = calendar.due(heard, reached.waits)
        silent = min(again, calendar.due(heard, reached.acknowledge))
    listed = [step.post for step in ladder if step.post in {post_of(role) for role in LISTED}]
    somebody_reads = any(filled.get(post, False) for post in listed)
    # Past the top. Before the old deadline of a reopened case nothing is broken yet.
    last = listed[-1] if somebody_reads and not reached and clock.due <= now else ""
    if last:
        again = silent = NEVER
    if clock.due > now:
        # Reopened before its old deadline: one rung has heard at once, and the next waits for the promise to be broken.
        again, silent = max(again, clock.due), max(silent, clock.due)
    return change(
        complaint,
        Act.ESCALATE,
        TIME,
        now,
        data={
            "clock": str(clock.name),
            "due": clock.due.isoformat(),
            "level": level,
            "post": reached.post if reached else "",
            "vacant": vacant,
            **({"past_ladder": True} if last else {}),
        },
        # What it would have warned of has happened.
        clocks=complaint.clocks.warned(clock.name, now).climb(
            clock.name,
            level,
            silent,
            rung=reached.post if reached else last,
            rests_until=again if reached else None,
        ),
    )


def tell_ceiling(complaint: Complaint, *, now: datetime) -> Change:
    """Tell that 80 % of what the law allows are used, or all of it. Pauses and new dates do not move that moment.

    The case then stands on the secretary's list, and the reporter is told, once, how to reach the Ombudsman. Raises
    NotDue where there is nothing to tell.
    """
    may_move(complaint, Act.CEILING)
    share = complaint.clocks.ceiling_to_tell(now)
    clock = complaint.clocks.get(ClockName.CEILING)
    if share is None or clock is None:
        raise NotDue(complaint.code)
    data = {"clock": str(clock.name), "due": clock.due.isoformat(), "share": share}
    return change(
        complaint,
        Act.CEILING,
        TIME,
        now,
        data={**data, **to_ombudsman(complaint)[1]},
        clocks=complaint.clocks.tell_ceiling(now),
    )


def to_ombudsman(complaint: Complaint) -> tuple[Clocks, dict[str, bool]]:
    """What an act adds so that the case stands on the secretary's list and the reporter hears of the Ombudsman.

    The clocks to keep and what to add to the event's data. The same for a legal ceiling that is near and for an appeal
    that was lost; whoever was told before is not told again.
    """
    return complaint.clocks.at_ceiling_now(), {} if complaint.clocks.at_ceiling else {TO_OMBUDSMAN: True}


def close_by_silence(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Close a claimed fix that the reporter left unanswered to the end of the window. Not the same as solved."""
    may_move(complaint, Act.CLOSE)
    wakes_at = complaint.wakes_at(city)
    if wakes_at is None or now < wakes_at:
        raise NotDue(complaint.code)
    return change(complaint, Act.CLOSE, TIME, now, outcome=Outcome.SILENCE, ended_at=now)
