"""What time alone does: warn, climb a rung, wait for a rung's working day, close by silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.city import City
from chalicelib.domain.clock import Calendar
from chalicelib.domain.complaint import TIME, Change, Complaint, Outcome, change, may_move
from chalicelib.domain.errors import NotDue
from chalicelib.domain.people import Act, Role, is_accused
from chalicelib.domain.service_level import INSIDE, WARNS_AT, Clock, ClockName, Step, steps


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


def escalate(
    complaint: Complaint,
    city: City,
    filled: Mapping[str, bool],
    *,
    acting: Mapping[str, str] | None = None,
    now: datetime,
) -> Change:
    """Raise an overdue case by one rung of the ladder of the clock that ran out; before any has, `warn` of one.

    ``filled`` tells of each post whether somebody can be reached there, and ``acting`` who of them only acts in it
    ("Plt.", "Plh."). A vacant rung is passed at once and recorded. The rung reached has its acknowledge time to say
    that it has heard, else the case climbs on; both moments are stamped. Above the last rung the office that has the
    case is reminded, in that rung's time: no case is ever left alone. But for an emergency nobody hears on a day off
    of their own calendar: the climb then waits, and that is stamped too.
    Escalation is attention, not resolution: it never changes the status. Raises NotDue where nothing is due.
    """
    may_move(complaint, Act.ESCALATE)
    clock = complaint.clocks.due_to_climb(now)
    if clock is None:
        return warn(complaint, now=now)
    ladder = steps(complaint, clock.name, city)
    had_it: frozenset[str] = frozenset()
    headless = complaint.hamlet and not filled.get(f"{Role.HAMLET_HEAD}@{complaint.hamlet}", False)
    if headless and clock.name not in INSIDE:
        # Until a lingkungan has a person, its first rung is the lurah or perbekel, who had the case from the start.
        had_it = frozenset(s.post for s in ladder if s.post.startswith(f"{Role.VILLAGE_HEAD}@"))
    vacant: list[str] = []
    reached: Step | None = None
    # By its place on the whole ladder, so that a hamlet which gains or loses its head in between skips nobody.
    step = len(ladder)
    for number, rung in enumerate(ladder[clock.passed :], start=clock.passed + 1):
        if rung.post in had_it:
            continue
        if filled.get(rung.post, False):
            reached, step = rung, number
            break
        vacant.append(rung.post)
    # Another office's ladder may be shorter than the one it climbed before; what was reached stays reached.
    level = max(clock.climbed, step - sum(rung.post in had_it for rung in ladder[:step]))
    rests = reached or (ladder[-1] if ladder else None)
    alarmed = complaint.alarmed(city)
    # Where nobody stands above, the office hears again: in its own days.
    calendar = city.calendar_of_post(reached.post) if reached else city.calendar_of(complaint.office)
    if complaint.emergency(city) is None and (later := _day_off(calendar, now)) is not None:
        return _wait(complaint, clock, reached, later, now)
    again = calendar.due(now, rests.waits if rests else city.handover, emergency=alarmed)
    # A rung that is silent never has longer than one that answers.
    silent = min(again, calendar.due(now, reached.acknowledge, emergency=alarmed)) if reached else again
    if clock.due > now:
        # Reopened before its old deadline: one rung has heard at once, and the next waits for the promise to be broken.
        again, silent = max(again, clock.due), max(silent, clock.due)
    # What it would have warned of has happened.
    clocks = complaint.clocks.warned(clock.name, now).climb(
        clock.name,
        level,
        silent,
        rung=reached.post if reached else "",
        rests_until=again if reached else None,
        step=step,
    )
    if clock.name is ClockName.HANDOVER and reached is None:
        # All of the office's own heads have heard; the promises and their ladders see to the rest.
        clocks = clocks.without(ClockName.HANDOVER)
    facts = {"acting": (acting or {}).get(reached.post, "")} if reached else {}
    if reached and reached.coordinates:
        informed = city.village_affairs
        facts["informed"] = "" if is_accused(informed, complaint.accused, city) else informed
        facts["office"] = complaint.office
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
            **{name: value for name, value in facts.items() if value or name == "informed"},
        },
        clocks=clocks,
    )


def _day_off(calendar: Calendar, now: datetime) -> datetime | None:
    """When whoever keeps this calendar works again, where today is a day off there or a silence; None on other days."""
    later = calendar.silent(now) or now
    if not calendar.is_working_day((later + calendar.utc_offset).date()):
        later = calendar.next_working(later)
    return later if later > now else None


def _wait(complaint: Complaint, clock: Clock, rung: Step | None, later: datetime, now: datetime) -> Change:
    """Put a climb off to the rung's next working instant: stamped, so that the sweep meets the case no earlier.

    Nothing has happened to the case, and ``updated_at`` stays.
    """
    return change(
        complaint,
        Act.WAIT,
        TIME,
        now,
        data={
            "clock": str(clock.name),
            "post": rung.post if rung else "",
            "until": later.isoformat(),
        },
        clocks=complaint.clocks.put_off(clock.name, later),
        updated_at=complaint.updated_at,
    )


def close_by_silence(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Close a claimed fix that the reporter left unanswered to the end of the window. Not the same as solved."""
    may_move(complaint, Act.CLOSE)
    wakes_at = complaint.wakes_at(city)
    if wakes_at is None or now < wakes_at:
        raise NotDue(complaint.code)
    return change(complaint, Act.CLOSE, TIME, now, outcome=Outcome.SILENCE, ended_at=now)
