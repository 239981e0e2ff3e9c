"""When a case was declined or withdrawn and yet goes on: the reporter's one appeal, and the city by itself.

A rejection is appealed against one level up: the case is with the office that declined, and a post above decides, with
a clock and a ladder of its own. Whoever declined does not decide, nor does anybody whom the case is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.city import City
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    REPORTER,
    Change,
    Complaint,
    Event,
    Outcome,
    Screening,
    by,
    change,
    may_move,
    screened_in_time,
)
from chalicelib.domain.errors import IllegalMove, OwnWork
from chalicelib.domain.lists import next_list, told_by_list
from chalicelib.domain.overdue import to_ombudsman
from chalicelib.domain.people import Act, Duty, Officer, triage_for
from chalicelib.domain.reporting import demand_window
from chalicelib.domain.service_level import (
    ClockName,
    Clocks,
    Step,
    appeal_clock,
    handover_clock,
    steps,
    verification_clock,
)
from chalicelib.domain.words import accuses


def appeal(
    complaint: Complaint,
    text: str,
    filled: Mapping[str, bool],
    city: City,
    *,
    now: datetime,
) -> Change:
    """Have one level up look at a rejection again: once, within the window, in a sentence.

    ``filled`` tells of each post of `ladder` whether somebody other than whoever declined can be reached there. Words
    that accuse somebody seal the case: no office hears of it again before triage has decided, if it goes on at all.
    """
    may_move(complaint, Act.APPEAL)
    if complaint.appealed:
        raise IllegalMove(Act.APPEAL, "rejected for good")
    demand_window(complaint, Act.APPEAL, city, now)
    accusing = accuses(text, city)
    seals = accusing and not complaint.sealed
    posts = [step.post for step in ladder(complaint, city)]
    post = next((post for post in posts if filled.get(post, False)), posts[0] if posts else "")
    triage = triage_for(complaint.accused, city)
    heard = now
    if post and told_by_list(post, complaint, city) and not (complaint.sealed or seals):
        heard = next_list(Duty.parse(post).role, now, city)  # no list names an accusation; that is a message
    clock = appeal_clock(triage, city, heard)
    step = posts.index(post) + 1 if post else 0
    clocks = complaint.clocks.start(clock).climb(ClockName.APPEAL, step, clock.due, rung=post)
    if ceiling := clocks.get(ClockName.CEILING):
        clocks = clocks.run_on(
            ClockName.CEILING, ceiling.warns
        )  # the law counts on while the city thinks again
    facts: dict[str, Any] = {"from": complaint.office, "line": complaint.line, "office": triage, "post": post}
    if vacant := [each for each in posts[:step] if not filled.get(each, False)]:
        facts["vacant"] = vacant
    if accusing:
        facts[FOR_TRIAGE] = True
    return change(
        complaint,
        Act.APPEAL,
        REPORTER,
        now,
        said=text,
        data=facts,
        office=triage,
        line="topic",
        assigned_at=now,
        appealed=True,
        clocks=clocks,
        outcome=None,
        ended_at=None,
        sealed=complaint.sealed or seals,
        **({"screening": Screening.HELD} if seals else {}),
    )


def ladder(complaint: Complaint, city: City) -> tuple[Step, ...]:
    """Who may decide on an appeal, the nearest first."""
    return steps(complaint, ClockName.APPEAL, city)


def rejected_by(history: Iterable[Event]) -> str:
    """The officer who declined the case last; empty where nobody did."""
    declined = _last(history, Act.REJECT)
    return declined.by.id if declined else ""


def uphold(
    complaint: Complaint, officer: Officer, text: str, history: Iterable[Event], *, now: datetime
) -> Change:
    """Leave the case declined, for good and with a sentence; the reporter is told how to reach the Ombudsman."""
    _not_own(complaint, officer, Act.UPHOLD, history)
    clocks, told = to_ombudsman(complaint)
    return change(
        complaint,
        Act.UPHOLD,
        by(officer),
        now,
        said=text,
        data=told,
        clocks=clocks.without(ClockName.APPEAL).stop(ClockName.CEILING, now),
        outcome=Outcome.REJECTED,
        ended_at=now,
    )


def grant(
    complaint: Complaint, officer: Officer, text: str, history: Iterable[Event], city: City, *, now: datetime
) -> Change:
    """Let the case go on where it was when it was declined. Its promises stand, and are late if they are past.

    One whose appeal accuses somebody goes to triage, which decides on the accusation first.
    """
    history = list(history)
    _not_own(complaint, officer, Act.GRANT, history)
    appealed = _needed(history, Act.APPEAL)
    declined = _needed(history, Act.REJECT)
    clocks = complaint.clocks.without(ClockName.APPEAL).since(declined.at)
    office, line = complaint.office, complaint.line
    if complaint.sealed:
        clocks = clocks.start(verification_clock(clocks, city, now))
    else:
        office, line = str(appealed.data["from"]), str(appealed.data["line"])
        clocks = _taken_up(complaint, clocks, office, city, now)
    return change(
        complaint,
        Act.GRANT,
        by(officer),
        now,
        said=text,
        data={"office": office},
        office=office,
        line=line,
        assigned_at=now,
        clocks=clocks,
    )


def go_on(
    complaint: Complaint, officer: Officer, history: Iterable[Event], city: City, *, now: datetime
) -> Change:
    """Let the city go on by itself with what its reporter withdrew. The promises stand.

    Whoever pressed the reporter must not see them in it: the case is private from now on, the contact is shown to
    nobody, and no message goes to the reporter; their own page says that the city goes on.
    """
    may_move(complaint, Act.CONTINUE)
    withdrawn = _needed(history, Act.WITHDRAW)
    clocks = complaint.clocks.since(withdrawn.at).stop(ClockName.SCREENING, now)
    if not complaint.sealed:
        clocks = clocks.start(handover_clock(clocks, complaint.office, city, now))
    return change(
        complaint,
        Act.CONTINUE,
        by(officer),
        now,
        data={"office": "" if complaint.sealed else complaint.office},
        assigned_at=now,
        private=True,
        identity_shown=False,
        reach="",
        clocks=clocks,
        outcome=None,
        ended_at=None,
    )


def _taken_up(complaint: Complaint, clocks: Clocks, office: str, city: City, now: datetime) -> Clocks:
    if complaint.screening is Screening.HELD and not complaint.private and complaint.category:
        clocks = screened_in_time(clocks, city, now)
    return clocks.start(handover_clock(clocks, office, city, now))


def _not_own(complaint: Complaint, officer: Officer, act: Act, history: Iterable[Event]) -> None:
    may_move(complaint, act)
    if officer.id == rejected_by(history):
        raise OwnWork(f"{officer.id} declined {complaint.code}")


def _last(history: Iterable[Event], act: Act) -> Event | None:
    return next((event for event in reversed(list(history)) if event.act is act), None)


def _needed(history: Iterable[Event], act: Act) -> Event:
    """The last such fact of a case whose status says that there is one."""
    if (event := _last(history, act)) is None:
        raise ValueError(f"no {act} in the history")
    return event
