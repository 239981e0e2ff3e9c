"""The question that waits for the reporter, and the pause it gives the promise to solve.

While the reporter owes an answer the promise to solve is paused, and triage's clock too where triage asks. A pause is a
whole number of minutes, counted as its promise counts them: in the working time of the office that has the case, or by
the calendar. When it ends, the deadline and all that hangs on it (warnings, rungs) move by exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.city import Category, City
from chalicelib.domain.clock import Calendar, Span, Unit
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    REPORTER,
    SHARED,
    TIME,
    WORKED,
    Asked,
    Change,
    Complaint,
    by,
    change,
    may_move,
)
from chalicelib.domain.errors import AskedEnough, NotDue, QuestionClosed
from chalicelib.domain.people import Act, Officer, triage_for
from chalicelib.domain.service_level import Clock, ClockName, Clocks, verification_clock, warning
from chalicelib.domain.words import accuses

_MINUTE = timedelta(minutes=1)


def ask(complaint: Complaint, officer: Officer, text: str, *, city: City, now: datetime) -> Change:
    """Ask the reporter one question, in a sentence that they see: a written reply, so it ends the first-reply clock.

    A question that still waits is replaced by this one. It pauses until it is answered, at the longest for
    the city's window and for what is left of ``most``; an emergency is never paused.
    Raises AskedEnough after ``times`` questions.
    """
    may_move(complaint, Act.ASK)
    if complaint.asked.number >= city.asking.times:
        raise AskedEnough(Act.ASK, "asked enough")
    complaint, facts = _resumed(complaint, city, now)
    until = city.calendar_of(complaint.office).due(now, city.asking.wait)
    resumes_at = _pause_ends(complaint, city, now, until)
    clocks = complaint.clocks.stop(ClockName.FIRST_REPLY, now)
    if resumes_at is not None:
        clocks = _asleep(clocks, complaint, officer, city, now)
    asked = Asked(complaint.asked.number + 1, complaint.asked.paused, False, now, until, resumes_at)
    return change(
        complaint,
        Act.ASK,
        by(officer),
        now,
        said=text,
        data={
            "question": asked.number,
            "until": until.isoformat(),
            "pauses_until": resumes_at.isoformat() if resumes_at else None,
            **facts,
        },
        clocks=clocks,
        asked=asked,
    )


def answer(
    complaint: Complaint, number: int, text: str, *, share: bool = False, city: City, now: datetime
) -> Change:
    """Take the reporter's answer to the question of this number; the pause ends.

    Words that accuse somebody are for triage's eyes alone, as in a message. Raises QuestionClosed where that question
    does not wait (any more).
    """
    if not complaint.asked.open or number != complaint.asked.number:
        raise QuestionClosed(Act.ANSWER, "not waiting for that answer")
    may_move(complaint, Act.ANSWER)
    complaint, facts = _resumed(complaint, city, now)
    clocks, data = complaint.clocks, {"question": number, **facts}
    if share:
        data[SHARED] = True  # their yes, given here, to passing numbers on to an agency outside
    if not complaint.sealed and accuses(text, city):
        clocks = clocks.start(verification_clock(clocks, city, now))
        data[FOR_TRIAGE] = True
    return change(
        complaint,
        Act.ANSWER,
        REPORTER,
        now,
        said=text,
        data=data,
        clocks=clocks,
        asked=_closed(complaint.asked),
    )


def resume(complaint: Complaint, *, city: City, now: datetime) -> Change:
    """Let a promise run again whose pause has used up its time, and give a question back that nobody answered.

    The deadline moves by the pause as it was stamped, however late this is called. A question may outlast its pause
    where the case had little left of it: then this happens once for each. Raises NotDue before the time.
    """
    may_move(complaint, Act.RESUME)
    wakes_at, until = complaint.asked.wakes_at, complaint.asked.until
    if wakes_at is None or until is None or now < wakes_at:
        raise NotDue(complaint.code)
    complaint, facts = _resumed(complaint, city, now)
    asked, unanswered = complaint.asked, now >= until
    if unanswered:
        asked = replace(_closed(asked), unanswered=True)
    return change(
        complaint,
        Act.RESUME,
        TIME,
        now,
        data={"question": asked.number, "unanswered": unanswered, **facts},
        asked=asked,
    )


def settled(before: Complaint, done: Change, city: City) -> Change:
    """An act that takes the case from its office, ends it, or makes an emergency of it ends the question too.

    The deadline that its pause moved is stamped with that act.
    """
    after, event = done.complaint, done.event
    if not after.asked.open or not before.asked.open:
        return done
    became_urgent = after.asked.resumes_at is not None and _is_emergency(after, city)
    if (
        after.status in WORKED
        and after.office == before.office
        and event.act is not Act.SORT
        and not became_urgent
    ):
        return done
    # The pause was one of the office and the category that the case had until now.
    resumed, facts = _resumed(replace(after, office=before.office, category=before.category), city, event.at)
    return Change(
        replace(after, clocks=resumed.clocks, asked=_closed(resumed.asked)),
        replace(event, data={**event.data, "question": after.asked.number, **facts}),
    )


def ended(complaint: Complaint, city: City, now: datetime) -> tuple[Complaint, Mapping[str, Any]]:
    """The case without the question that waits, its deadline moved by the pause, and what the history tells of it."""
    if not complaint.asked.open:
        return complaint, {}
    resumed, facts = _resumed(complaint, city, now)
    closed = replace(resumed, asked=_closed(resumed.asked))
    return closed, {"question": complaint.asked.number, **facts}


def foreseen(complaint: Complaint, city: City) -> Clocks:
    """The clocks as they will be at the latest, when the pause runs to its end; unchanged where nothing is paused."""
    ends = complaint.asked.resumes_at
    return _resumed(complaint, city, ends)[0].clocks if ends else complaint.clocks


def put_off(fresh: Clocks, complaint: Complaint, category: Category, office: str, city: City) -> Clocks:
    """Give promises that are counted from the first instant the pauses that the case has had since."""
    clock, since = fresh.get(ClockName.RESOLUTION), complaint.filed_at
    if clock is None or not complaint.asked.paused or category.emergency is not None:
        return fresh
    pause = timedelta(minutes=complaint.asked.paused)
    calendar = city.calendar_of(office)
    return fresh.start(_moved(clock, pause, since, since, calendar, _by_calendar(category.level.resolution)))


# Inside -------------------------------------------------------------------------------------------------------


def _closed(asked: Asked) -> Asked:
    return replace(asked, at=None, until=None, resumes_at=None)


def _pause_ends(complaint: Complaint, city: City, now: datetime, until: datetime) -> datetime | None:
    """When a pause that begins now ends by itself: at the end of the question's time, or of what the case has left."""
    if _is_emergency(complaint, city):
        return None
    calendar = city.calendar_of(complaint.office)
    whole = calendar.between(now, calendar.due(now, city.asking.most))
    left = whole // _MINUTE - complaint.asked.paused
    return min(until, calendar.add(now, left)) if left > 0 else None


def _is_emergency(complaint: Complaint, city: City) -> bool:
    """Whether anything speaks of danger: the category, or before anybody has sorted it, the first of the keywords."""
    if complaint.emergency(city):
        return True
    ids = [complaint.category] if complaint.category else complaint.suggested[:1]
    return any(city.categories[i].emergency is not None for i in ids if i in city.categories)


def _asleep(clocks: Clocks, complaint: Complaint, officer: Officer, city: City, now: datetime) -> Clocks:
    names = {ClockName.RESOLUTION, ClockName.REDO}
    if officer.office == triage_for(complaint.accused, city):
        names.add(ClockName.VERIFICATION)  # what triage has to decide hangs on the answer
    return Clocks(tuple(replace(c, asleep=now) if c.running and c.name in names else c for c in clocks))


def _resumed(complaint: Complaint, city: City, now: datetime) -> tuple[Complaint, Mapping[str, Any]]:
    """End the pause, now or when its own end was, and tell the history how long it was and where the deadline is."""
    asked = complaint.asked
    if asked.at is None or asked.resumes_at is None:
        return complaint, {}
    end = max(asked.at, min(now, asked.resumes_at))
    moved: list[Clock] = []
    facts: dict[str, Any] = {}
    for clock in complaint.clocks:
        if clock.asleep is None:
            moved.append(clock)
            continue
        office, span = _counted(clock, complaint, city)
        calendar, elapsed = city.calendar_of(office), _by_calendar(span)
        pause = _whole_minutes(end - asked.at if elapsed else calendar.between(asked.at, end))
        moved.append(_moved(clock, pause, asked.at, end, calendar, elapsed))
        if clock.name is ClockName.RESOLUTION:
            facts = {
                "paused": pause // _MINUTE,
                "counted": str(Unit.MINUTES if elapsed else Unit.WORKING_MINUTES),
                "moved_to": None if clock.due == moved[-1].due else moved[-1].due.isoformat(),
            }
    used = _whole_minutes(city.calendar_of(complaint.office).between(asked.at, end)) // _MINUTE
    over = replace(asked, paused=asked.paused + used, resumes_at=None)
    return replace(complaint, clocks=Clocks(tuple(moved)), asked=over), facts


def _counted(clock: Clock, complaint: Complaint, city: City) -> tuple[str, Span]:
    """Whose working time a promise is counted in, and the span that it was."""
    if clock.name is ClockName.VERIFICATION:
        return city.triage_office, city.verification
    if clock.name is ClockName.REDO:
        return complaint.office, city.redo
    category = city.categories.get(complaint.category or "") or city.categories[city.default_category]
    return complaint.office, category.level.resolution


def _moved(
    clock: Clock, pause: timedelta, since: datetime, end: datetime, calendar: Calendar, elapsed: bool
) -> Clock:
    """Put a promise off by its pause. What was late when the pause began stays late: only its ladder slept.

    Nothing that hangs on it falls due before the pause's end, nor in a silence (Nyepi).
    """

    def later(at: datetime) -> datetime:
        moment = at + pause if elapsed else calendar.add(at, pause)
        return calendar.silent(moment) or moment

    def after(at: datetime) -> datetime:
        moment = max(later(at), end)
        return calendar.silent(moment) or moment

    late = clock.due < since
    due = clock.due if late else later(clock.due)
    climbs_at = clock.next_climb if late else clock.climbs_at
    return replace(
        clock,
        due=due,
        climbs_at=after(climbs_at) if climbs_at else None,
        rests_until=after(clock.rests_until) if clock.rests_until else None,
        # What is broken already warns of nothing.
        warns=() if late else tuple(warning(due, after(at)) for at in clock.warns),
        asleep=None,
    )


def _by_calendar(span: Span) -> bool:
    return span.unit is Unit.MINUTES


def _whole_minutes(span: timedelta) -> timedelta:
    """Rounded down, so that what history tells in minutes is what the deadline moves by."""
    return span // _MINUTE * _MINUTE
