"""Where life may be at stake: what means danger, whose post it is, and how a case becomes an emergency or no longer is.

A written report is no emergency call. The rules here say whom to call first; what was written goes to the post as
well, unverified until somebody there has confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.city import Category, City, Kind
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    MOVES,
    REPORTER,
    TIME,
    Alarm,
    By,
    Change,
    Complaint,
    Event,
    Filing,
    Route,
    Screening,
    Status,
    by,
    change,
    screened_in_time,
)
from chalicelib.domain.errors import Fault, IllegalMove, Invalid
from chalicelib.domain.people import Act, Officer, is_accused, is_sheltered, triage_for
from chalicelib.domain.service_level import (
    INSIDE,
    ClockName,
    Clocks,
    emergency_promise,
    handover_clock,
    promise,
    verification_clock,
)
from chalicelib.domain.words import danger_in

GENERAL = "general"
"""The key of the number that takes every call."""


@dataclass(frozen=True, slots=True)
class Danger:
    """What a report says is at stake: the emergency number's key, and whether a category, an answer or words say so."""

    key: str
    said_by: str


def sensed(filing: Filing, city: City) -> Danger | None:
    """What in a fresh report means danger.

    Words decide where nobody chose a category, and everywhere where they tell of violence or self-harm; beside an
    ordinary category that the reporter chose they are a reason to offer the call and none to page anybody.
    """
    category = city.categories.get(filing.category) if filing.category else None
    key = danger_in(" ".join(_said(filing)), city) if filing.kind is Kind.COMPLAINT else None
    if key and city.emergency_numbers[key].sheltered:
        return Danger(key, "words")
    if category is not None:
        if category.emergency:
            return Danger(category.emergency, "category")
        answered = _answered(category, filing)
        return Danger(answered, "answer") if answered else None
    return Danger(key, "words") if key else None


def to_call(complaint: Complaint, city: City, history: Sequence[Event] = ()) -> tuple[str, ...]:
    """Keys of the numbers to offer before anything else, the right one first; none where nothing speaks of danger."""
    key = said_last(history) or complaint.emergency(city) or _hinted(complaint, city)
    return _with_general(key, city)


@dataclass(frozen=True, slots=True)
class Heard:
    """Danger in what the reporter said later: the emergency number's key, and whether the case is one for that."""

    key: str
    pages: bool


DANGER, ALARM = "danger", "alarm"
"""In the data of what a reporter said: the number that the words call for, and who has the case for it (below)."""
PAGED, TRIAGED = "paged", "triage"


def heard(complaint: Complaint, text: str, city: City) -> Heard | None:
    """What in a mended text, a message or an answer means danger, judged as in a fresh report.

    ``complaint`` is the case after that act. Beside an ordinary category words offer the call and page nobody, but
    for violence and self-harm; an emergency stays the one it is.
    """
    key = danger_in(text, city) if complaint.kind is Kind.COMPLAINT else None
    if key is None:
        return None
    counts = complaint.category is None or city.emergency_numbers[key].sheltered
    may_raise = complaint.status in MOVES[Act.RAISE][0] and complaint.merged is None
    return Heard(key, counts and may_raise and complaint.emergency(city) is None)


def said_last(history: Sequence[Event]) -> str | None:
    """The number that the reporter's last words call for, as long as nobody has acted on them."""
    last = history[-1] if history else None
    return str(last.data[DANGER]) if last and last.by == REPORTER and DANGER in last.data else None


def call_for(category: str | None, text: str, suggested: str | None, city: City) -> tuple[str, ...]:
    """The same before anything is filed: for what is being written."""
    found = city.categories.get(category or suggested or "")
    key = (found.emergency if found else None) or danger_in(text, city)
    return _with_general(key or (_may_mean(found) if found and category else None), city)


def to_call_for(text: str, city: City) -> tuple[str, ...]:
    """The same for words that stand alone, as what the reporter of a case says later."""
    return _with_general(danger_in(text, city), city)


def category_for(key: str, city: City) -> Category | None:
    """The category of such an emergency: one that is always of this kind, else one whose question asks for it."""
    every = city.categories.values()
    always = next((c for c in every if c.emergency == key), None)
    return always or next((c for c in every if _may_mean(c) == key), None)


def post_of(key: str, category: Category | None, accused: str | None, city: City) -> Route:
    """The office of the city that is paged. A post outside (police) is told by the officer who has the case here."""
    office = category.office if category and category.emergency == key else city.emergency_numbers[key].office
    return Route(triage_for(accused, city) if is_accused(office, accused, city) else office, "topic")


def flag(key: str, category: Category | None) -> str:
    """What the case itself has to remember: nothing where its category says the same."""
    return "" if category is not None and category.emergency == key else key


# Acts ----------------------------------------------------------------------------------------------------------


def confirm(complaint: Complaint, officer: Officer, city: City, *, now: datetime) -> Change:
    """Say, as the post that has it, that the emergency is real: notices stop calling it unverified."""
    if not complaint.alarmed(city) or complaint.alarm is Alarm.CONFIRMED:
        raise IllegalMove(Act.CONFIRM, "confirmed" if complaint.alarm is Alarm.CONFIRMED else "no emergency")
    return change(complaint, Act.CONFIRM, by(officer), now, alarm=Alarm.CONFIRMED)


def raise_to(
    complaint: Complaint, officer: Officer, key: str, text: str, city: City, *, now: datetime
) -> Change:
    """Make a case an emergency, in a sentence that the reporter reads, or page the post of one that waits."""
    return _raised(complaint, by(officer), key, city, now, text=text)


def confirmed_nearby(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Page the post of an emergency that waits: a second reporter nearby says the same. Raises IllegalMove."""
    key = complaint.emergency(city)
    if key is None or complaint.alarm is not Alarm.WAITS:
        raise IllegalMove(Act.RAISE, "no emergency that waits")
    return _raised(complaint, TIME, key, city, now, data={"nearby": True})


def lower(
    complaint: Complaint,
    officer: Officer,
    category: Category,
    route: Route,
    city: City,
    text: str,
    *,
    misuse: bool = False,
    now: datetime,
) -> Change:
    """Say that it is no emergency, why, and what it is instead.

    The case returns to the ordinary promise of that category, counted from the first instant, and never later than
    that of an ordinary category which it had before: the minutes alone are taken back. What was kept stays kept.
    """
    key = complaint.emergency(city)
    if key is None or complaint.sealed:
        raise IllegalMove(Act.LOWER, "sealed" if complaint.sealed else "no emergency")
    if category.emergency:
        raise Invalid([Fault("category", "still_emergency")])
    ordinary = promise(category, route.office, city, complaint.filed_at)
    before = city.categories.get(complaint.category) if complaint.category else None
    if complaint.alarm is Alarm.WAITS:
        ordinary = complaint.clocks.no_later_than(ordinary)
    elif before is not None and not before.emergency:
        ordinary = ordinary.no_later_than(promise(before, complaint.office, city, complaint.filed_at))
    clocks = complaint.clocks.stop(ClockName.VERIFICATION, now).stop(ClockName.ALARM, now)
    for clock in ordinary:
        old = clocks.get(clock.name)
        if clock.name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION) and (old is None or old.running):
            climbed = old.climbed if old else 0
            clocks = clocks.start(replace(clock, climbed=climbed)).warned(clock.name, now)
    clocks = clocks.moved().without(*INSIDE)
    clocks = clocks.start(handover_clock(clocks, route.office, city, now))
    private = complaint.private or category.sensitive or category.sheltered
    if private:
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif complaint.screening is Screening.HELD:
        clocks = screened_in_time(clocks, city, now)
    data: dict[str, Any] = {
        "danger": key,
        "category": category.id,
        "from": complaint.office,
        "office": route.office,
    }
    if misuse:
        data["misuse"] = True
    return change(
        complaint,
        Act.LOWER,
        by(officer),
        now,
        said=text,
        data=data,
        category=category.id,
        danger="",
        alarm=Alarm.UNVERIFIED,
        office=route.office,
        line=route.line,
        assigned_at=now,
        referred_to=None,
        private=private,
        clocks=clocks,
    )


def with_danger(done: Change, heard: Heard, city: City, *, paged: bool, now: datetime) -> Change:
    """Record with an act of the reporter that its words mean danger, and make the case an emergency where they do.

    As at filing: ``paged`` its post has it at once; else, and where the words accuse somebody too, triage has it first.
    """
    complaint, event = done.complaint, done.event
    data: dict[str, Any] = {DANGER: heard.key}
    fields: dict[str, Any] = {}
    if city.emergency_numbers[heard.key].sheltered and not complaint.private:
        # What somebody suffers at home is read by nobody else, also where it is told beside another emergency.
        fields = {"private": True, "clocks": complaint.clocks.stop(ClockName.SCREENING, now)}
        complaint = replace(complaint, **fields)
    if heard.pages:
        accusing = complaint.sealed or bool(event.data.get(FOR_TRIAGE))
        if paged and not accusing:
            raised, told = _raising(complaint, heard.key, city, now)
            data |= {ALARM: PAGED, **told}
        else:
            raised = _waiting(complaint, heard.key, city, now)
            data |= {ALARM: TRIAGED}
        fields |= {"status": Status.RECEIVED, **raised}
    return Change(replace(complaint, **fields), replace(event, data={**event.data, **data}))


def _waiting(complaint: Complaint, key: str, city: City, now: datetime) -> dict[str, Any]:
    """An emergency that pages nobody yet: triage has it, in the time for one."""
    category = city.categories.get(complaint.category) if complaint.category else None
    triage = triage_for(complaint.accused, city)
    fresh = verification_clock(Clocks(), city, now, span=city.emergency.triage)
    old = complaint.clocks.get(ClockName.VERIFICATION)
    if old is None or not old.running:
        clocks = complaint.clocks.start(replace(fresh, climbed=old.climbed if old else 0))
    else:
        clocks = complaint.clocks.no_later_than(Clocks((fresh,)))
    if complaint.office != triage:
        clocks = clocks.moved().without(*INSIDE)
    return {
        "danger": flag(key, category),
        "alarm": Alarm.WAITS,
        "office": triage,
        "line": "topic",
        "assigned_at": now,
        "referred_to": None,
        "clocks": clocks,
    }


def with_minutes(clocks: Clocks, fresh: Clocks) -> Clocks:
    """Add the minutes of an emergency to what runs: nothing kept is undone, nothing promised earlier starts anew."""
    for clock in fresh:
        old = clocks.get(clock.name)
        if clock.name is ClockName.ALARM or old is None:
            clocks = clocks.start(clock)
        elif old.running and clock.due < old.due:
            clocks = clocks.start(replace(clock, climbed=old.climbed))  # who has heard has heard
    return clocks


def _raised(
    complaint: Complaint,
    who: By,
    key: str,
    city: City,
    now: datetime,
    *,
    text: str = "",
    data: dict[str, Any] | None = None,
) -> Change:
    if complaint.alarmed(city) or complaint.sealed:
        raise IllegalMove(Act.RAISE, "sealed" if complaint.sealed else "an emergency")
    fields, told = _raising(complaint, key, city, now)
    facts = {DANGER: key, **told, **(data or {})}
    return change(complaint, Act.RAISE, who, now, said=text, data=facts, **fields)


def _raising(
    complaint: Complaint, key: str, city: City, now: datetime
) -> tuple[dict[str, Any], dict[str, str]]:
    """What of a case changes when the post of this danger is paged, and which offices that is about."""
    category = city.categories.get(complaint.category) if complaint.category else category_for(key, city)
    route = post_of(key, category, complaint.accused, city)
    mark = flag(key, category)
    private = complaint.private or is_sheltered(category.id if category else None, mark, city)
    clocks = complaint.clocks.stop(ClockName.VERIFICATION, now)
    # The post that is paged, and its ladder, have heard nothing yet, whoever had the case before.
    clocks = with_minutes(clocks, emergency_promise(category, route.office, city, now)).moved()
    clocks = clocks.without(*INSIDE)
    if private:
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif complaint.screening is Screening.HELD:
        clocks = screened_in_time(clocks, city, now)
    fields = {
        "category": category.id if category else None,
        "danger": mark,
        "alarm": Alarm.UNVERIFIED,
        "office": route.office,
        "line": route.line,
        "assigned_at": now,
        "referred_to": None,
        "private": private,
        "clocks": clocks,
    }
    return fields, {"from": complaint.office, "office": route.office}


def _said(filing: Filing) -> Iterator[str]:
    yield filing.text
    yield filing.place.words
    yield from (answer for answer in filing.answers.values() if isinstance(answer, str))


def _answered(category: Category, filing: Filing) -> str | None:
    for question in category.questions:
        given = filing.answers.get(question.id)
        for value in given if isinstance(given, list) else [given]:
            if key := question.dangers.get(str(value)):
                return key
    return None


def _may_mean(category: Category) -> str | None:
    """The number that an answer to one of the category's questions may call for."""
    return next((key for question in category.questions for key in question.dangers.values()), None)


def _hinted(complaint: Complaint, city: City) -> str | None:
    """No emergency, and still a reason to offer the call: the words, the category's question, or what they suggest."""
    category = city.categories.get(complaint.category) if complaint.category else None
    likely = city.categories.get(complaint.suggested[0]) if complaint.suggested and category is None else None
    return (
        danger_in(complaint.text, city)
        or (_may_mean(category) if category else None)
        or (likely.emergency if likely else None)
    )


def _with_general(key: str | None, city: City) -> tuple[str, ...]:
    keys = dict.fromkeys((key, GENERAL)) if key else {}
    return tuple(each for each in keys if each in city.emergency_numbers)
