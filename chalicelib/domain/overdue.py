"""What time alone does: warn, climb a rung or wait for its working day, tell of the law's limit, act on silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.domain.city import City
from chalicelib.domain.clock import Calendar
from chalicelib.domain.complaint import (
    TIME,
    TO_OMBUDSMAN,
    Change,
    Complaint,
    Outcome,
    change,
    may_move,
    out_of_silence,
)
from chalicelib.domain.errors import NotDue
from chalicelib.domain.lists import LISTED, next_list, post_of, told_by_list
from chalicelib.domain.people import Act, Duty, Role, is_accused
from chalicelib.domain.service_level import (
    INSIDE,
    NEVER,
    WARNS_AT,
    Clock,
    ClockName,
    Clocks,
    Step,
    approval_clock,
    steps,
)

_EACH_DAY = timedelta(days=1)
"""Between reminders of an emergency where nobody holds a post that gets a list."""


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
        data={
            "clock": str(clock.name),
            "due": _owed(complaint, clock).isoformat(),
            "share": WARNS_AT[-1 - to_come],
        },
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
    that it has heard, else the case climbs on; both moments are stamped.
    Above the last rung a case that the secretary or the mayor could hear of stays on their lists, and time does nothing
    more about that promise. Of an emergency the office is reminded first, as often as the profile says. Where a ladder
    does not lead there, or nobody holds those posts, the office that has the case is reminded in the last rung's time,
    of an emergency after those reminders once a day: no case is ever left alone. But for an emergency
    nobody hears on a day off of their own calendar: the climb then waits, and that is stamped too.
    Escalation is attention, not resolution: it never changes the status. Raises NotDue where nothing is due.
    """
    may_move(complaint, Act.ESCALATE)
    clock = complaint.clocks.due_to_climb(now)
    if clock is None:
        if complaint.clocks.ceiling_to_tell(now) is not None:
            return tell_ceiling(complaint, now=now)
        return warn(complaint, now=now)
    ladder = steps(complaint, clock.name, city)
    had_it: frozenset[str] = frozenset()
    headless = complaint.hamlet and not filled.get(f"{Role.HAMLET_HEAD}@{complaint.hamlet}", False)
    if headless and clock.name not in (*INSIDE, ClockName.APPROVAL):
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
    alarmed = complaint.alarmed(city)
    # Of an emergency the steps above the last rung are the office's reminders, so that they come to an end.
    reminding = alarmed and reached is None and bool(ladder)
    reminders = max(clock.passed - len(ladder), 0) if reminding else 0
    # Another office's ladder may be shorter than the one it climbed before; what was reached stays reached.
    level = max(clock.climbed, step - sum(rung.post in had_it for rung in ladder[:step]))
    rests = reached or (ladder[-1] if ladder else None)
    # Where nobody stands above, the office hears again: in its own days.
    calendar = city.calendar_of_post(reached.post) if reached else city.calendar_of(complaint.office)
    if complaint.emergency(city) is None and (later := _day_off(calendar, now)) is not None:
        return _wait(complaint, clock, reached, later, now)
    heard = now
    if reached and complaint.emergency(city) is None:
        # Its message waits for the morning, and so does its time.
        heard = city.quiet.released(now, complaint.code) or now
    again = calendar.due(heard, rests.waits if rests else city.handover, emergency=alarmed)
    # A rung that is silent never has longer than one that answers.
    silent = min(again, calendar.due(heard, reached.acknowledge, emergency=alarmed)) if reached else again
    if reached and told_by_list(reached.post, complaint, city):
        # A post that hears by its list answers in its time from the list on.
        heard = next_list(Duty.parse(reached.post).role, now, city)
        again = calendar.due(heard, reached.waits)
        silent = min(again, calendar.due(heard, reached.acknowledge))
    listed = [rung.post for rung in ladder if rung.post in {post_of(role) for role in LISTED}]
    somebody_reads = any(filled.get(post, False) for post in listed)
    reminded = not reminding or reminders >= city.emergency.reminders
    # Past the top. Before the old deadline of a reopened case nothing is broken yet.
    last = listed[-1] if somebody_reads and reminded and not reached and clock.due <= now else ""
    promised = complaint.clocks.get(ClockName.RESOLUTION)
    broken = promised.due if clock.name is ClockName.REDO and promised is not None else clock.due
    past_ladder = bool(last) and broken <= now
    if last:
        again = silent = NEVER if past_ladder else broken
        step += 0 if past_ladder else reminders
    elif reminding:
        step += min(reminders + 1, city.emergency.reminders)
        if reminded:
            again = silent = max(again, now + _EACH_DAY)
    if clock.due > now:
        # Reopened before its old deadline: one rung has heard at once, and the next waits for the promise to be broken.
        again, silent = max(again, clock.due), max(silent, clock.due)
    # What it would have warned of has happened.
    clocks = complaint.clocks.warned(clock.name, now).climb(
        clock.name,
        level,
        silent,
        rung=reached.post if reached else last,
        rests_until=again if reached else None,
        step=step,
    )
    if clock.name is ClockName.HANDOVER and reached is None:
        # All of the office's own heads have heard; the promises and their ladders see to the rest.
        clocks = clocks.without(ClockName.HANDOVER)
    facts = {"acting": (acting or {}).get(reached.post, "")} if reached else {}
    vacant_coordination = any(step.coordinates and step.post in vacant for step in ladder)
    if (reached and reached.coordinates) or vacant_coordination:
        # Where no camat is there to coordinate, the unit for village affairs hears of it all the same.
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
            "due": _owed(complaint, clock).isoformat(),
            "level": level,
            "post": reached.post if reached else "",
            "vacant": vacant,
            **{name: value for name, value in facts.items() if value or name == "informed"},
            **({"past_ladder": True} if past_ladder else {}),
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


def _owed(complaint: Complaint, clock: Clock) -> datetime:
    """The moment that whoever must act is told: of a promise to solve with a second date that one."""
    if clock.name is ClockName.RESOLUTION and complaint.new_date is not None:
        return max(clock.due, complaint.new_date)
    return clock.due


def silence(complaint: Complaint, city: City, *, reachable: bool, now: datetime) -> Change:
    """Do what the reporter's silence about a claimed fix brings next: `last_call`, then close or ask a second person.

    ``reachable`` tells whether a message can go to the reporter now (a contact, and a channel within the case's cap).
    Raises NotDue where nothing is due.
    """
    call = complaint.last_call(city)
    if call is not None and call <= now:
        return last_call(complaint, city, reachable=reachable, now=now)
    if complaint.silence_told or complaint.confirmed:
        return close_by_silence(complaint, city, now=now)
    return ask_second(complaint, city, now=now)


def last_call(complaint: Complaint, city: City, *, reachable: bool, now: datetime) -> Change:
    """Warn the reporter that silence will close the case; they then have the whole of the warning's time to object.

    What a night or a silence holds back counts from when it leaves. A reporter who cannot be reached has not been
    warned, and that stands in the history.
    """
    may_move(complaint, Act.LAST_CALL)
    call = complaint.last_call(city)
    if call is None or now < call:
        raise NotDue(complaint.code)
    closes_at = complaint.closing(city)
    if reachable:
        leaves = city.quiet.released(now, complaint.code) or now
        closes_at = max(closes_at, leaves + city.windows.silence_warning)
    return change(
        complaint,
        Act.LAST_CALL,
        TIME,
        now,
        data={"reached": reachable},
        last_call_at=None,
        closes_at=out_of_silence(closes_at, complaint.office, city),
        silence_told=reachable,
    )


def ask_second(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Ask somebody other than the doer, where nobody could be warned: there silence proves nothing."""
    may_move(complaint, Act.AWAIT)
    if now < complaint.closing(city):
        raise NotDue(complaint.code)
    clock = approval_clock(complaint.clocks, complaint.office, city, now)
    return change(complaint, Act.AWAIT, TIME, now, clocks=complaint.clocks.start(clock))


def close_by_silence(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Close a claimed fix that the reporter left unanswered to the end of the window. Not the same as solved."""
    may_move(complaint, Act.CLOSE)
    warned = complaint.last_call(city) is None and (complaint.silence_told or complaint.confirmed)
    if now < complaint.closing(city) or not warned:
        raise NotDue(complaint.code)
    return change(
        complaint,
        Act.CLOSE,
        TIME,
        now,
        outcome=Outcome.SILENCE,
        ended_at=now,
        closes_at=None,
        silence_told=False,
    )
