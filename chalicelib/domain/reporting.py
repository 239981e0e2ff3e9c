"""What reporters do: file, mend, add, rate, reopen, withdraw. Pure functions, as every act is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import emergency
from chalicelib.domain.city import City
from chalicelib.domain.complaint import (
    CHOSE,
    CONSENT,
    CONSENT_IN_FORCE,
    CONSENT_LANGUAGE,
    FOR_TRIAGE,
    REPORTER,
    SHARED,
    SUGGESTED,
    UNCLAIMED,
    Alarm,
    By,
    Change,
    Complaint,
    Event,
    Filing,
    Outcome,
    Route,
    Screening,
    Status,
    change,
    may_move,
    out_of_silence,
    screened_in_time,
)
from chalicelib.domain.errors import IllegalMove, WindowClosed
from chalicelib.domain.people import Act, is_sheltered, triage_for
from chalicelib.domain.personal import holds
from chalicelib.domain.service_level import (
    INSIDE,
    ClockName,
    Clocks,
    assigned,
    ceiling_clock,
    emergency_promise,
    promise,
    redo_clock,
    screening_clock,
    unsorted_promise,
    verification_clock,
)
from chalicelib.domain.words import accuses


def file(
    filing: Filing,
    route: Route,
    city: City,
    *,
    code: str,
    now: datetime,
    citizen: str | None,
    reach: str = "",
    filed_by: str | None = None,
    suggested: tuple[str, ...] = (),
    paged: bool = True,
    reviewed: bool = False,
    links: Mapping[str, str | None] | None = None,
) -> Change:
    """Receive a report: give it its promises and let its history begin.

    An emergency goes to its post at once; one that is not ``paged`` waits with triage, and so does a sealed one.
    ``reviewed``: triage has it before any office, whatever its category (docs/adr/0028); the caller routes it there.
    ``links`` are earlier cases by what they are to it: ``recurs`` was solved at this spot, ``follows`` called unsolved.
    """
    category = city.categories.get(filing.category) if filing.category else None
    danger = emergency.sensed(filing, city)
    waits = danger is not None and (route.sealed or not paged)
    if danger is not None and not waits:
        category = category or emergency.category_for(danger.key, city)
        if danger.said_by != "category":  # whose route, with the profile's rules, was found already
            route = emergency.post_of(danger.key, category, filing.accused, city)
    elif danger is not None and not route.sealed:
        route = Route(city.triage_office, "topic")
    mark = emergency.flag(danger.key, category) if danger else ""
    private = filing.private or is_sheltered(category.id if category else None, mark, city)
    sorted_out = category is not None and not route.sealed and not waits and not reviewed
    unscreened = category is not None and category.unscreened
    # What names somebody, or abuses, is read by triage also where the profile lets other texts out at once.
    held = (city.screening_before_public and not unscreened) or route.sealed or holds(filing.text)
    if danger is not None and not waits:
        clocks = emergency_promise(category, route.office, city, now)
        sorted_out = True
    elif category is not None and sorted_out:
        clocks = assigned(promise(category, route.office, city, now), route.office, city, now)
    else:
        clocks = unsorted_promise(city, now)
    if waits and not route.sealed:
        clocks = clocks.start(verification_clock(Clocks(), city, now, span=city.emergency.triage))
    if held and not private and sorted_out:
        clocks = clocks.start(screening_clock(city, now))
    clocks = clocks.start(ceiling_clock(filing.category, city, now))
    complaint = Complaint(
        code=code,
        version=1,
        kind=filing.kind,
        status=Status.RECEIVED,
        language=filing.language,
        channel=filing.channel,
        text=filing.text,
        category=category.id if category else filing.category,
        office=route.office,
        line=route.line,
        filed_at=now,
        assigned_at=now,
        updated_at=now,
        clocks=clocks,
        area=filing.area,
        hamlet=filing.hamlet,
        place=filing.place,
        answers=filing.answers,
        citizen=citizen,
        reach=reach,
        filed_by=filed_by,
        identity_shown=filing.identity_shown,
        private=private,
        screening=Screening.HELD if held else Screening.RELEASED,
        accused=filing.accused,
        accused_words=filing.accused_words,
        sealed=route.sealed,
        suggested=suggested,
        client_time=filing.client_time,
        danger=mark,
        alarm=Alarm.WAITS if waits else Alarm.UNVERIFIED,
    )
    by = By("officer", filed_by) if filed_by else REPORTER
    data: dict[str, Any] = {"office": "" if route.sealed else route.office}
    if filing.category:
        data[CHOSE] = filing.category
    else:
        data[SUGGESTED] = list(suggested)
    if route.rule:
        data["rule"] = route.rule
    data |= {name: code for name, code in (links or {}).items() if code}
    if filed_by:
        data["consent"] = True  # the form takes nothing without it; here it stays on record
    if filing.share:
        data[SHARED] = True
    if filing.consent or citizen:
        data |= consent_told(filing, city)
    return Change(complaint, Event(Act.FILE, now, by, data=data))


def consent_told(filing: Filing, city: City) -> dict[str, Any]:
    """Which consent text goes on record with a contact, and in which language; by whatever road it came.

    UU 27/2022, articles 20 to 22 and 24: whoever processes data shows the consent that they were given.
    """
    version = filing.consent or city.consent.version
    if not version:
        return {}
    language = filing.consent_language or filing.language
    told: dict[str, Any] = {
        CONSENT: version,
        CONSENT_LANGUAGE: language if language in city.consent.texts else "id",
    }
    return told if filing.consent else told | {CONSENT_IN_FORCE: True}


def edit(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Let the reporter mend the words, for a few minutes and until somebody has begun.

    Words that now accuse somebody seal the case: triage reads them before any office does.
    """
    may_move(complaint, Act.EDIT)
    demand_window(complaint, Act.EDIT, city, now)
    changes = _sealed_by(text, complaint, complaint.clocks, city, now)
    if (city.screening_before_public or holds(text)) and not changes:
        # Mended words are unread words: whatever was decided before is held again, and somebody has to read it.
        changes["screening"] = Screening.HELD
        if not complaint.private and complaint.sorted:
            changes["clocks"] = screened_in_time(complaint.clocks, city, now)
    return change(complaint, Act.EDIT, REPORTER, now, text=text, public_text="", **changes)


def message(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Add something the reporter wants the office to know.

    Words that accuse somebody are for triage's eyes alone, and triage has to decide on them: the office may be
    the very one that is accused.
    """
    if complaint.sealed or not accuses(text, city):
        return change(complaint, Act.MESSAGE, REPORTER, now, said=text)
    clocks = complaint.clocks
    if complaint.open:
        clocks = clocks.start(verification_clock(clocks, city, now))
    return change(complaint, Act.MESSAGE, REPORTER, now, said=text, data={FOR_TRIAGE: True}, clocks=clocks)


def in_window(complaint: Complaint, act: Act, city: City, now: datetime) -> bool:
    """Whether the profile's window for this act of the reporter stands open; the status is `may_move`'s matter."""
    windows = city.windows
    since, lasts = {
        Act.EDIT: (complaint.filed_at, windows.edit),
        Act.RATE: (complaint.resolved_at, windows.rate),
        Act.REOPEN: (complaint.resolved_at, windows.reopen),
        Act.APPEAL: (complaint.ended_at, windows.appeal),
    }[act]
    served = windows.serves(act, contact=complaint.citizen is not None)
    if act is Act.REOPEN and served and since is not None:
        until = reopens_until(complaint, city)
        return until is None or now <= until
    return served and since is not None and now <= since + lasts


def demand_window(complaint: Complaint, act: Act, city: City, now: datetime) -> None:
    """Raise WindowClosed where the time for this act is over, or the profile opens it only to who left a contact."""
    if not in_window(complaint, act, city, now):
        raise WindowClosed(act)


LOW = 2
"""The best score after which the reporter is asked whether it is solved at all."""
HIGH = 4
"""The least score whose words are a thank-you."""


def asks_reopen(complaint: Complaint, city: City, now: datetime) -> bool:
    """Whether a low rating stands in the room: then "is it solved?" is asked, and only a no reopens."""
    low = complaint.rating is not None and complaint.rating <= LOW
    return low and complaint.status is Status.CLOSED and in_window(complaint, Act.REOPEN, city, now)


def rate(complaint: Complaint, score: int, words: str, *, city: City, now: datetime) -> Change:
    """Take the reporter's judgement, once; it closes the case, for a low score opens nothing by itself.

    Words that accuse somebody are for triage's eyes alone, as in a message.
    """
    may_move(complaint, Act.RATE)
    if complaint.rating is not None:
        raise IllegalMove(Act.RATE, "rated")
    if complaint.resolved_at is None:
        raise IllegalMove(Act.RATE, "not approved yet")
    demand_window(complaint, Act.RATE, city, now)
    for_triage = {FOR_TRIAGE: True} if accuses(words, city) else {}
    return change(
        complaint,
        Act.RATE,
        REPORTER,
        now,
        said=words,
        data={"score": score, **for_triage},
        rating=score,
        rating_words=words,
        outcome=Outcome.CONFIRMED if score >= 3 else Outcome.DISPUTED,
        **_closed(complaint, now),
    )


def agree(complaint: Complaint, *, now: datetime) -> Change:
    """Take the reporter's word that it is solved. It closes the case, and a rating may still follow in its window."""
    may_move(complaint, Act.AGREE)
    if complaint.resolved_at is None:
        raise IllegalMove(Act.AGREE, "not approved yet")
    return change(complaint, Act.AGREE, REPORTER, now, outcome=Outcome.CONFIRMED, **_closed(complaint, now))


def _closed(complaint: Complaint, now: datetime) -> dict[str, Any]:
    """What ends with the reporter's word: no second person is asked any more, and silence has nothing left to do."""
    return {
        "clocks": complaint.clocks.stop(ClockName.APPROVAL, now),
        "last_call_at": None,
        "closes_at": None,
        "silence_told": False,
        "ended_at": complaint.ended_at or now,
    }


def reopens_until(complaint: Complaint, city: City) -> datetime | None:
    """Until when the reporter may reopen a case that was called solved; None where there is no end yet.

    While nobody has closed it, silence included, the reporter has the word, however long that takes.
    """
    if complaint.status is Status.CONFIRMING:
        return None
    window = (complaint.resolved_at or complaint.updated_at) + city.windows.reopen
    return max(window, complaint.closing(city)) if complaint.status is Status.RESOLVED else window


def reopen(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Take the case up again: it was not solved. The old deadline stands, and a redo clock starts one rung higher.

    Words that accuse somebody (they came and asked for money) seal the case, as in a fresh report.
    """
    may_move(complaint, Act.REOPEN)
    if complaint.resolved_at is None:
        raise IllegalMove(Act.REOPEN, "not approved yet")
    demand_window(complaint, Act.REOPEN, city, now)
    # One level up is a climb like any other: it falls due now, so the next sweep makes it and tells that rung.
    climbs_at = out_of_silence(now, complaint.office, city)
    redo = redo_clock(complaint.clocks, complaint, city, now, climbs_at)
    clocks = complaint.clocks.stop(ClockName.APPROVAL, now).resume(ClockName.RESOLUTION).start(redo)
    return change(
        complaint,
        Act.REOPEN,
        REPORTER,
        now,
        said=text,
        data={"redo": redo.due.isoformat()},
        **{"clocks": clocks, **_sealed_by(text, complaint, clocks, city, now)},
        reopened=complaint.reopened + 1,
        ended_at=None,
        **UNCLAIMED,
        outcome=None,
        rating=None,
        rating_words="",
    )


ASKED_TO = "asked_to"
"""Somebody asked the reporter to withdraw: triage is told to look."""
WITHDRAWALS = ("solved", "mistake", "elsewhere", ASKED_TO, "other")


def withdraw(complaint: Complaint, reason: str, words: str = "", *, now: datetime) -> Change:
    """Let the reporter take the case back; the reason (one of WITHDRAWALS) and words are for triage's eyes alone."""
    return change(
        complaint,
        Act.WITHDRAW,
        REPORTER,
        now,
        data={"reason": reason, **({"words": words} if words else {})},
        clocks=complaint.clocks.stop_all(now),
        merged=None,
        outcome=Outcome.WITHDRAWN,
        ended_at=now,
        screening=Screening.HIDDEN,
    )


def _sealed_by(text: str, complaint: Complaint, clocks: Clocks, city: City, now: datetime) -> dict[str, Any]:
    """What changes where the reporter's new words accuse somebody: triage has the case before anybody reads them."""
    if complaint.sealed or not accuses(text, city):
        return {}
    return {
        "sealed": True,
        "office": triage_for(complaint.accused, city),
        "line": "topic",
        "assigned_at": now,
        "screening": Screening.HELD,
        # What only the office's own heads hear of ends: they may be the ones who are accused, and so may the post that
        # was paged. Triage says first whether it stays an emergency.
        "clocks": clocks.moved()
        .without(*INSIDE)
        .stop(ClockName.SCREENING, now)
        .stop(ClockName.ALARM, now)
        .start(verification_clock(clocks, city, now)),
    }
