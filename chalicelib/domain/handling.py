"""What the city's people do: offices answer, work and pass on; triage sorts, publishes and rejects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.domain.asking import put_off
from chalicelib.domain.city import Category, City
from chalicelib.domain.complaint import (
    Change,
    Complaint,
    Event,
    Outcome,
    Route,
    Screening,
    by,
    change,
    may_move,
    screened_in_time,
)
from chalicelib.domain.errors import Fault, IllegalMove, Invalid
from chalicelib.domain.people import Act, Officer, triage_for
from chalicelib.domain.service_level import (
    ClockName,
    Clocks,
    decision_clock,
    handover_clock,
    promise,
    referral_clock,
)


def acknowledge(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Say: we have it. Buys no time and stops no promise."""
    return change(complaint, Act.ACKNOWLEDGE, by(officer), now)


def reply(complaint: Complaint, officer: Officer, text: str, *, now: datetime) -> Change:
    """Answer in a sentence the reporter sees. Only this ends the first-reply clock; the promise to solve runs on."""
    return change(
        complaint,
        Act.REPLY,
        by(officer),
        now,
        said=text,
        clocks=complaint.clocks.stop(ClockName.FIRST_REPLY, now),
    )


def start(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Begin the work."""
    return change(complaint, Act.START, by(officer), now)


def resolve(complaint: Complaint, officer: Officer, text: str, *, now: datetime) -> Change:
    """Call it solved, in a sentence that tells the reporter how; the reporter then has the word."""
    clocks = complaint.clocks.stop(ClockName.FIRST_REPLY, now).stop(ClockName.RESOLUTION, now)
    return change(complaint, Act.RESOLVE, by(officer), now, said=text, clocks=clocks, resolved_at=now)


def pass_on(
    complaint: Complaint,
    officer: Officer,
    route: Route,
    text: str,
    city: City,
    *,
    history: Iterable[Event] = (),
    now: datetime,
) -> Change:
    """Hand a wrongly addressed case to the office it belongs to. Never restarts a deadline.

    No office returns a case to the one that sent it (Invalid). One that was handed over before goes to triage,
    whatever office is named: that is a proposal then, and triage decides by sorting, in the time of a hand-over. Who
    hands over what triage has decided disputes it, and of that the heads above triage hear at once.

    What triage has not sorted yet cannot be passed on: sorting decides an accusation and has the text screened.
    """
    if not complaint.sorted:
        raise IllegalMove(Act.PASS_ON, "unsorted")
    sender, before = _handed_over(history)
    if route.office == sender:
        raise Invalid([Fault("office", "office_returned", {"office": city.offices[sender].short})])
    if before:
        return _to_triage(complaint, officer, route, text, city, dispute=before > 1, now=now)
    clocks = complaint.clocks.moved()
    return change(
        complaint,
        Act.PASS_ON,
        by(officer),
        now,
        said=text,
        data={"from": complaint.office, "office": route.office},
        office=route.office,
        line=route.line,
        assigned_at=now,
        referred_to=None,
        clocks=clocks.start(handover_clock(clocks, route.office, city, now)),
    )


def _handed_over(history: Iterable[Event]) -> tuple[str | None, int]:
    """Which office sent the case to the one that has it, and how often it was handed over."""
    sender, times = None, 0
    for event in history:
        if event.act is Act.PASS_ON:
            sender, times = str(event.data["from"]), times + 1
        elif event.act is Act.SORT:
            sender = None  # triage's decision is nobody's to return
    return sender, times


def _to_triage(
    complaint: Complaint,
    officer: Officer,
    route: Route,
    text: str,
    city: City,
    *,
    dispute: bool,
    now: datetime,
) -> Change:
    triage = triage_for(complaint.accused, city)
    clocks = complaint.clocks.moved().without(ClockName.HANDOVER)
    facts: dict[str, Any] = {"from": complaint.office, "office": triage, "proposed": route.office}
    if dispute:
        facts["dispute"] = True
    return change(
        complaint,
        Act.PASS_ON,
        by(officer),
        now,
        said=text,
        data=facts,
        office=triage,
        line="topic",
        assigned_at=now,
        referred_to=None,
        clocks=clocks.start(decision_clock(clocks, triage, city, now, at_once=dispute)),
    )


def refer(
    complaint: Complaint, officer: Officer, agency: str, text: str, city: City, *, now: datetime
) -> Change:
    """Ask an agency outside the city. The case and the duty to reply stay here.

    Until the case is back (any act that leads out of this status) its solution climbs no rung: the referral's own
    clock runs instead, on the office's own heads. The promises run on.
    """
    return change(
        complaint,
        Act.REFER,
        by(officer),
        now,
        said=text,
        data={"agency": agency},
        referred_to=agency,
        clocks=complaint.clocks.start(referral_clock(agency, complaint.office, city, now)),
    )


def reveal(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Record that an officer looked up the reporter's contact, which the reporter allowed. The reporter sees it."""
    if not complaint.identity_shown or complaint.citizen is None:
        raise IllegalMove(Act.REVEAL, "anonymous")
    return change(complaint, Act.REVEAL, by(officer), now)


def acknowledge_rung(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Say, as the post that the case climbed to: I have heard, I see to it.

    Ends that rung's acknowledge timer alone: the post then has its time, counted from when the case reached it, before
    the next one hears. Raises IllegalMove where this officer holds no post that still owes it.
    """
    posts = [duty.post for duty in officer.duties]
    owed = complaint.clocks.owed_by(posts)
    if not owed:
        may_move(complaint, Act.ACK_RUNG)
        raise IllegalMove(Act.ACK_RUNG, "with no rung that waits for this officer")
    return change(
        complaint,
        Act.ACK_RUNG,
        by(officer),
        now,
        data={"post": owed[0].rung, "clocks": [str(clock.name) for clock in owed]},
        clocks=complaint.clocks.acknowledge(posts),
    )


# Triage --------------------------------------------------------------------------------------------------------


def sort(
    complaint: Complaint,
    officer: Officer,
    category: Category,
    route: Route,
    city: City,
    *,
    text: str = "",
    accused: str | None = None,
    area: str | None = None,
    hamlet: str | None = None,
    longer: str = "",
    now: datetime,
) -> Change:
    """Give a case its category and office, and decide an accusation.

    Promises count from the first instant and are never later than what was promised before, unless an officer of
    right says why in ``longer``: then the category's later moments are stamped, the sentence and the moments before
    stand in the history, and the reporter is told. The reporter's own choices (identity, publication) stay.
    Raises Invalid where there is a reason and nothing would be later.
    """
    fresh = promise(category, route.office, city, complaint.filed_at)
    fresh = put_off(fresh, complaint, category, route.office, city)
    clocks = complaint.clocks.stop(ClockName.VERIFICATION, now).no_later_than(fresh)
    facts: dict[str, Any] = {"category": category.id, "office": route.office}
    if route.rule:
        facts["rule"] = route.rule
    if longer:
        before, clocks = clocks, clocks.later(fresh, now)
        if clocks == before:
            raise Invalid([Fault("longer", "nothing_longer")])
        facts |= {"was": _moments(before), "due_at": _moments(clocks)}
        text = f"{text}\n\n{longer}" if text else longer
    if (route.office, route.line) != (complaint.office, complaint.line):
        clocks = clocks.moved()
    clocks = clocks.start(handover_clock(clocks, route.office, city, now))
    private = complaint.private or category.sensitive
    if private:
        # Nothing is left to release, so nothing may wait for it.
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif complaint.screening is Screening.HELD:
        clocks = screened_in_time(clocks, city, now)
    area = area or complaint.area
    hamlet = hamlet or complaint.hamlet
    return change(
        complaint,
        Act.SORT,
        by(officer),
        now,
        said=text,
        data=facts,
        category=category.id,
        office=route.office,
        line=route.line,
        area=area,
        # A hamlet belongs to its village: in another one its head would hear of a case that is none of theirs.
        hamlet=hamlet if hamlet and hamlet.partition("/")[0] == area else None,
        assigned_at=now,
        sealed=False,
        accused=accused,
        private=private,
        referred_to=None,
        clocks=clocks,
    )


def _moments(clocks: Clocks) -> dict[str, str]:
    shown = (clocks.get(name) for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION))
    return {str(clock.name): clock.due.isoformat() for clock in shown if clock}


def release(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Let the public read the text. A case that the reporter wants private has nothing to release."""
    if complaint.screening is Screening.RELEASED or complaint.private or complaint.sealed:
        raise IllegalMove(Act.RELEASE, "private" if complaint.private else complaint.screening)
    return change(
        complaint,
        Act.RELEASE,
        by(officer),
        now,
        screening=Screening.RELEASED,
        clocks=complaint.clocks.stop(ClockName.SCREENING, now),
    )


def hide(complaint: Complaint, officer: Officer, reason: str, *, now: datetime) -> Change:
    """Take the text from the public again, or decide that it never gets there."""
    if complaint.screening is Screening.HIDDEN:
        raise IllegalMove(Act.HIDE, complaint.screening)
    return change(
        complaint,
        Act.HIDE,
        by(officer),
        now,
        data={"reason": reason},
        screening=Screening.HIDDEN,
        clocks=complaint.clocks.stop(ClockName.SCREENING, now),
    )


def reject(complaint: Complaint, officer: Officer, reason: str, text: str, *, now: datetime) -> Change:
    """Decline the case, with a reason by name and a sentence to the reporter."""
    return change(
        complaint,
        Act.REJECT,
        by(officer),
        now,
        said=text,
        data={"reason": reason},
        clocks=complaint.clocks.stop_all(now),
        outcome=Outcome.REJECTED,
        ended_at=now,
    )
