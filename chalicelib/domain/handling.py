"""What the city's people do: offices answer, work and pass on; triage sorts, publishes and rejects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import emergency, tasks
from chalicelib.domain.asking import put_off
from chalicelib.domain.city import Category, City
from chalicelib.domain.complaint import (
    BY_TRIAGE,
    HIDDEN,
    PUBLISHED,
    TOLD_AT,
    UNCLAIMED,
    Alarm,
    Change,
    Complaint,
    Event,
    Outcome,
    Route,
    Screening,
    Status,
    by,
    change,
    claimed,
    may_move,
    screened_in_time,
)
from chalicelib.domain.disposition import standing
from chalicelib.domain.errors import Fault, IllegalMove, Invalid, NoProof, OwnWork
from chalicelib.domain.people import Act, Officer, allowed, is_accused, triage_for, works_at
from chalicelib.domain.proof import demanded, last_claim, proven
from chalicelib.domain.proof import fault as proof_fault
from chalicelib.domain.service_level import (
    ClockName,
    Clocks,
    approval_clock,
    ceiling_clock,
    decision_clock,
    emergency_promise,
    handover_clock,
    legal_class,
    promise,
    referral_clock,
    taken_back,
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


def resolve(
    complaint: Complaint,
    officer: Officer,
    text: str,
    *,
    city: City,
    now: datetime,
    proof: str = "",
    photos: int = 0,
    history: Iterable[Event] = (),
) -> Change:
    """Call it solved, in a sentence that tells the reporter how; the reporter then has the word.

    Where the category needs four eyes there must be the proof that it demands, in words (``proof``) or so many
    ``photos``, and the case waits for somebody else's approval: the reporter hears nothing of it before, so the first
    reply is still owed. Raises Invalid where the proof is missing.
    Raises OpenTasks while other offices still have a part of it.
    After a second reopening somebody has to say so who has not said it before: OwnWork for whoever has.
    """
    history = list(history)
    may_move(complaint, Act.RESOLVE)
    tasks.demand_none(history, Act.RESOLVE)
    if complaint.reopened > 1 and officer.id in solvers(history):
        raise OwnWork(f"{officer.id} called {complaint.code} solved before")
    clocks = complaint.clocks.stop(ClockName.RESOLUTION, now)
    data: dict[str, Any] = {"proof": proof} if proof else {}
    if photos:
        data["photos"] = photos
    kind = demanded(complaint, city)
    if kind is None:
        return change(
            complaint,
            Act.RESOLVE,
            by(officer),
            now,
            said=text,
            data=data,
            clocks=clocks.stop(ClockName.FIRST_REPLY, now),
            **claimed(complaint, city, now),
        )
    may_move(complaint, Act.CLAIM)
    if fault := proof_fault(kind, proof, photos):
        raise Invalid([fault])
    clocks = clocks.start(approval_clock(clocks, complaint.office, city, now))
    return change(complaint, Act.CLAIM, by(officer), now, said=text, data=data, clocks=clocks, **UNCLAIMED)


def needs_four_eyes(complaint: Complaint, city: City) -> bool:
    return demanded(complaint, city) is not None


def doers(history: Iterable[Event]) -> frozenset[str]:
    """The officers who began the work or called it solved: none of them is the second pair of eyes."""
    return frozenset(
        event.by.id for event in history if event.act in (Act.START, Act.RESOLVE, Act.CLAIM) and event.by.id
    )


def approve(
    complaint: Complaint,
    officer: Officer,
    history: Iterable[Event],
    *,
    photos: int = 0,
    city: City,
    now: datetime,
) -> Change:
    """Say, as somebody other than the doer, that the fix is real. So many ``photos`` of the claim show a picture.

    A claim that the reporter has not heard of yet is told now, and the reporter's windows begin. Where the reporter
    left no contact, or cannot be warned, it lets silence close the case at the end of the window.
    Raises OwnWork for whoever did the work, NoProof where the doer gave none that the category takes.
    """
    history = list(history)
    may_move(complaint, Act.APPROVE)
    if complaint.confirmed or (complaint.status is Status.RESOLVED and complaint.citizen is not None):
        raise IllegalMove(Act.APPROVE, "in nobody's need of it")
    if officer.id in doers(history) or (complaint.reopened > 1 and officer.id in approvers(history)):
        raise OwnWork(f"{officer.id} did the work on {complaint.code}")
    claim = last_claim(history)
    if claim is None or not proven(complaint, claim, photos, city):
        raise NoProof(Act.APPROVE)
    clocks = complaint.clocks.stop(ClockName.APPROVAL, now)
    told: dict[str, Any] = {"confirmed": True}
    said, resolves = "", complaint.resolved_at is None
    if resolves:
        told = claimed(complaint, city, now) | told
        said, clocks = claim.text, clocks.stop(ClockName.FIRST_REPLY, now)
    elif complaint.status is Status.CONFIRMING:
        # Silence came to its end and waited for this alone.
        told |= {"closes_at": max(complaint.closing(city), now), "last_call_at": None}
    data = {"resolves": True} if resolves else {}
    return change(complaint, Act.APPROVE, by(officer), now, said=said, data=data, clocks=clocks, **told)


def approvers(history: Iterable[Event]) -> frozenset[str]:
    """The officers who approved a claimed fix before."""
    return frozenset(event.by.id for event in history if event.act is Act.APPROVE)


def send_back(complaint: Complaint, officer: Officer, text: str, *, city: City, now: datetime) -> Change:
    """Refuse a claimed fix, with a sentence to whoever did it: the promise to solve runs on as it stood."""
    may_move(complaint, Act.SEND_BACK)
    return change(
        complaint,
        Act.SEND_BACK,
        by(officer),
        now,
        said=text,
        clocks=taken_back(complaint, city, now),
        **UNCLAIMED,
    )


def solvers(history: Iterable[Event]) -> tuple[str, ...]:
    """The officers who called the case solved, the last one last."""
    acts = (Act.RESOLVE, Act.CLAIM)
    return tuple(event.by.id for event in history if event.act in acts and event.by.id)


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
    for _, event in standing(history):
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
    Nobody asks the agency that the case is about (Invalid).
    """
    if is_accused(agency, complaint.accused, city):
        raise Invalid([Fault("agency", "agency_accused")])
    facts: dict[str, Any] = {"agency": agency}
    if allowed(officer, Act.SORT, complaint, city):
        facts[BY_TRIAGE] = True
    return change(
        complaint,
        Act.REFER,
        by(officer),
        now,
        said=text,
        data=facts,
        referred_to=agency,
        clocks=complaint.clocks.start(referral_clock(agency, complaint.office, city, now)),
    )


def note(
    complaint: Complaint,
    officer: Officer,
    text: str,
    mentioned: Iterable[Officer],
    city: City,
    *,
    now: datetime,
) -> Change:
    """Write something for the people of one's own office, and tell those who are mentioned that there is something.

    It is no act on the case: no clock ends or moves by it, and for the reporter nothing has happened. Raises Invalid
    where somebody is mentioned who may not read the case, or works elsewhere.
    """
    told = list(dict.fromkeys(mentioned))
    if any(not works_at(who, officer.office) or not allowed(who, Act.READ, complaint, city) for who in told):
        raise Invalid([Fault("mentions", "mention_unknown")])
    return change(
        complaint,
        Act.NOTE,
        by(officer),
        now,
        said=text,
        data={"mentions": [who.id for who in told]} if told else {},
        updated_at=complaint.updated_at,
    )


def reveal(
    complaint: Complaint,
    officer: Officer,
    *,
    callback: bool = False,
    reason: str = "",
    city: City | None = None,
    now: datetime,
) -> Change:
    """Record that an officer looked up who the reporter is, and where the reporter stays hidden, why.

    ``callback`` is the number alone, to call back about an emergency: see `may_call_back`. With a ``reason`` it is the
    identity of somebody who chose to stay hidden; the reporter is told, as late as the profile says (``city``).
    """
    hidden = not complaint.identity_shown and not callback
    if complaint.citizen is None or (hidden and not reason):
        raise IllegalMove(Act.REVEAL, "anonymous")
    data: dict[str, Any] = {"callback": True} if callback else {}
    if hidden:
        data = {HIDDEN: reason}
        delay = city.told_of_reveal(complaint.category) if city else timedelta()
        if delay:
            data[TOLD_AT] = (now + delay).isoformat()
    return change(complaint, Act.REVEAL, by(officer), now, data=data or None)


def may_call_back(complaint: Complaint, city: City) -> bool:
    """Whether the post of an emergency may see the number of a reporter who stays hidden, to save a life (ADR 0013).

    Never of violence or self-harm: there a phone that rings may itself be the danger, so the choice stands.
    """
    return (
        complaint.open
        and complaint.alarmed(city)
        and not complaint.sheltered(city)
        and complaint.citizen is not None
        and complaint.reach == "sms"
    )


def acknowledge_rung(
    complaint: Complaint, officer: Officer, *, by_link: bool = False, now: datetime
) -> Change:
    """Say, as the post that the case climbed to: I have heard, I see to it.

    Ends that rung's acknowledge timer alone: the post then has its time, counted from when the case reached it, before
    the next one hears. ``by_link`` records that it was done by the link of a message and not signed in. Raises
    IllegalMove where this officer holds no post that still owes it.
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
        data={
            "post": owed[0].rung,
            "clocks": [str(clock.name) for clock in owed],
            **({"by_link": True} if by_link else {}),
        },
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
    publish: bool = False,
    now: datetime,
) -> Change:
    """Give a case its category and office, decide an accusation, and where triage says ``publish`` release the text.

    Promises count from the first instant and are never later than what was promised before, unless an officer of
    right says why in ``longer``: then the category's later moments are stamped, the sentence and the moments before
    stand in the history, and the reporter is told. The reporter's own choices (identity, publication) stay. Sorted into
    a category of danger it is an emergency from now on; out of one it comes only by `emergency.lower`, which says why.
    Raises Invalid for that, where there is a reason and nothing would be later, and where what is private (by its
    reporter's wish or by the category) was to be published.
    """
    if complaint.emergency(city) and not complaint.sealed and not category.emergency:
        raise Invalid([Fault("category", "lower_first")])
    alarmed = complaint.alarmed(city)
    fresh = promise(category, route.office, city, complaint.filed_at)
    fresh = put_off(fresh, complaint, category, route.office, city)
    # A fix that waits for a second person is none any more once triage gives the case to somebody.
    clocks = taken_back(complaint, city, now) if complaint.status is Status.CONFIRMING else complaint.clocks
    clocks = clocks.stop(ClockName.VERIFICATION, now)
    if category.emergency and not alarmed:
        clocks = emergency.with_minutes(clocks, emergency_promise(category, route.office, city, now))
    else:
        clocks = clocks.no_later_than(fresh)
    facts: dict[str, Any] = {"category": category.id, "office": route.office}
    if route.rule:
        facts["rule"] = route.rule
    if longer:
        before = clocks
        if not category.emergency:
            clocks = clocks.later(fresh, now)
        if clocks == before:
            raise Invalid([Fault("longer", "nothing_longer")])
        facts |= {"was": _moments(before), "due_at": _moments(clocks)}
        text = f"{text}\n\n{longer}" if text else longer
    if (route.office, route.line) != (complaint.office, complaint.line):
        clocks = clocks.moved()
    if not category.emergency:  # whose post has minutes, not a day, for a first act
        clocks = clocks.start(handover_clock(clocks, route.office, city, now))
    other_class = legal_class(complaint.category, city) is not category.legal_class
    if other_class or clocks.get(ClockName.CEILING) is None:
        # The law's own limit follows the class that triage found, be it the longer one; it still counts from receipt.
        clocks = clocks.start(ceiling_clock(category.id, city, complaint.filed_at))
    private = complaint.private or category.sensitive or category.sheltered
    screening = complaint.screening
    if publish and private:
        raise Invalid([Fault("publish", "publish_private")])
    if publish and screening is not Screening.RELEASED:
        screening, facts[PUBLISHED] = Screening.RELEASED, True
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif private:
        # Nothing is left to release, so nothing may wait for it.
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif complaint.screening is Screening.HELD:
        clocks = screened_in_time(clocks, city, now)
    area = area or complaint.area
    hamlet = hamlet or complaint.hamlet
    before_it = city.categories.get(complaint.category) if complaint.category else None
    if category.household:
        # Only the reporter brings the hamlet's head in, and was asked only where they chose such a category.
        hamlet = complaint.hamlet if before_it is not None and before_it.household else None
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
        screening=screening,
        referred_to=None,
        clocks=clocks,
        danger="",
        alarm=complaint.alarm if alarmed else Alarm.UNVERIFIED,
        **UNCLAIMED,
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
    """Decline the case, with a reason by name and a sentence to the reporter, who may appeal once.

    What goes on upon an appeal is declined no more: that would be one level up overruled from below.
    """
    may_move(complaint, Act.REJECT)
    if complaint.appealed:
        raise IllegalMove(Act.REJECT, "taken up on appeal")
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
