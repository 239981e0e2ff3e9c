"""The complaint and everything that can happen to it.

Each act is a pure function: the old complaint, who acts, what they say, and ``now`` give a `Change`: the new
complaint and the one event that explains it. Nothing here reads a clock, an id source, the environment or AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.domain.city import Category, City, Kind
from chalicelib.domain.errors import IllegalMove, NotDue, WindowClosed
from chalicelib.domain.geo import Point
from chalicelib.domain.people import Act, Officer, Role, triage_for
from chalicelib.domain.service_level import (
    WARNS_AT,
    ClockName,
    Clocks,
    Step,
    promise,
    screening_clock,
    steps,
    unsorted_promise,
    verification_clock,
)
from chalicelib.domain.words import accuses


class Status(StrEnum):
    """Where a case stands. What the public reads in its place is in the texts of the pages."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    REFERRED = "referred"
    REOPENED = "reopened"
    RESOLVED = "resolved"  # claimed fixed: the reporter has the word
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({Status.RECEIVED, Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.REFERRED, Status.REOPENED})
"""Somebody of the city owes an act."""

LIVE = OPEN | {Status.RESOLVED}
"""Time alone will still do something."""

MOVES: Mapping[Act, tuple[frozenset[Status], Status | None]] = {
    # act: (allowed from, leads to; None = the status stays)
    Act.EDIT: (frozenset({Status.RECEIVED}), None),
    Act.MESSAGE: (LIVE, None),
    Act.RATE: (frozenset({Status.RESOLVED, Status.CLOSED}), Status.CLOSED),
    Act.REOPEN: (frozenset({Status.RESOLVED, Status.CLOSED}), Status.REOPENED),
    Act.WITHDRAW: (OPEN, Status.WITHDRAWN),
    Act.ACKNOWLEDGE: (frozenset({Status.RECEIVED, Status.REOPENED}), Status.ACKNOWLEDGED),
    Act.REPLY: (OPEN, None),
    Act.START: (OPEN - {Status.IN_PROGRESS}, Status.IN_PROGRESS),
    Act.RESOLVE: (OPEN, Status.RESOLVED),
    Act.PASS_ON: (OPEN, Status.RECEIVED),
    Act.SORT: (OPEN, Status.RECEIVED),
    Act.REFER: (OPEN - {Status.REFERRED}, Status.REFERRED),
    Act.REJECT: (OPEN, Status.REJECTED),
    Act.RELEASE: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.HIDE: (frozenset(Status), None),
    Act.REVEAL: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.ESCALATE: (OPEN, None),
    Act.ACK_RUNG: (OPEN, None),
    Act.WARN: (OPEN, None),
    Act.CLOSE: (frozenset({Status.RESOLVED}), Status.CLOSED),
}
"""The one table of allowed moves; every act passes it, so no act can be a back door to a status."""


class Screening(StrEnum):
    """Whether the public may see the text: triage decides, never the office concerned."""

    HELD = "held"
    RELEASED = "released"
    HIDDEN = "hidden"


class Outcome(StrEnum):
    """How a closed case ended. Silence is an outcome of its own and never counts as solved."""

    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    SILENCE = "silence"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, as exactly as the reporter said. The point is never public; its coarsened twin is."""

    point: Point | None = None
    words: str = ""
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class By:
    """Who acted: ``reporter``, ``officer`` (with id and office), or ``time``."""

    kind: str
    id: str = ""
    office: str = ""


REPORTER = By("reporter")
TIME = By("time")


@dataclass(frozen=True, slots=True)
class Event:
    """One fact of a case's history, never edited: what happened, when, by whom, and what was said.

    ``text`` is a sentence that the reporter sees (and the public, once the case is released);
    ``data`` holds plain JSON values for the timeline's own sentences.
    """

    act: Act
    at: datetime
    by: By
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


FOR_TRIAGE = "for_triage"
"""In an event's data: its words accuse somebody, so no office sees them."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One citizen report. All datetimes are aware UTC; all ids refer to the city profile or the people table."""

    code: str
    version: int
    kind: Kind
    status: Status
    language: str
    channel: str
    text: str
    category: str | None
    office: str
    line: str
    filed_at: datetime
    assigned_at: datetime
    updated_at: datetime
    clocks: Clocks
    area: str | None = None
    hamlet: str | None = None
    place: Place = Place()
    answers: Mapping[str, Any] = field(default_factory=dict)
    citizen: str | None = None
    """The reporter's person id; None where nobody left a contact."""
    reach: str = ""
    """The road to the reporter: ``sms``, ``email``, or none."""
    filed_by: str | None = None
    """The officer who filed for somebody, with that person's recorded consent."""
    identity_shown: bool = False
    private: bool = False
    screening: Screening = Screening.HELD
    accused: str | None = None
    """Scope (office, area or hamlet) the case is about; its people never see the case."""
    accused_words: str = ""
    sealed: bool = False
    """An accusation that triage has not decided yet: told to no office, shown to nobody else."""
    suggested: tuple[str, ...] = ()
    """Categories that the keyword rules proposed, best first, kept so that the rules can be measured."""
    client_time: datetime | None = None
    referred_to: str | None = None
    outcome: Outcome | None = None
    resolved_at: datetime | None = None
    ended_at: datetime | None = None
    rating: int | None = None
    rating_words: str = ""
    reopened: int = 0
    citizen_sms: int = 0
    """Messages sent to the reporter about this case, one-time codes apart."""
    link_version: int = 1
    """Raised to make the reporter's secret link void."""

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def level(self) -> int:
        """How high it has risen: 0 at the responsible office."""
        return self.clocks.level

    @property
    def rungs(self) -> tuple[str, ...]:
        """The posts that it has climbed to and that have it now."""
        return self.clocks.rungs

    @property
    def inbox_at(self) -> datetime:
        """What an inbox sorts by: the earliest promise not yet kept, else the promise to solve."""
        return self.clocks.next_due

    def wakes_at(self, city: City) -> datetime | None:
        """The earliest thing that time alone will do; None only for an ended case."""
        if self.status is Status.RESOLVED and self.resolved_at is not None:
            return _out_of_silence(self.resolved_at + city.windows.reopen, self.office, city)
        return self.clocks.wakes_at if self.open else None

    @property
    def sorted(self) -> bool:
        """Whether triage has nothing left to decide: no missing category, no accusation."""
        verification = self.clocks.get(ClockName.VERIFICATION)
        return not self.sealed and (verification is None or not verification.running)

    def late(self, now: datetime) -> bool:
        return self.open and self.clocks.late(now)


@dataclass(frozen=True, slots=True)
class Change:
    """What one act did: the state after it and the fact that explains it."""

    complaint: Complaint
    event: Event


@dataclass(frozen=True, slots=True)
class Filing:
    """What a reporter says, parsed and located; still without a code, an office or a promise."""

    kind: Kind
    text: str
    language: str
    channel: str
    category: str | None = None
    area: str | None = None
    hamlet: str | None = None
    place: Place = Place()
    answers: Mapping[str, Any] = field(default_factory=dict)
    identity_shown: bool = False
    private: bool = False
    about_staff: bool = False
    accused: str | None = None
    accused_words: str = ""
    client_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers: the office, the ladder's line, and whether the case is sealed until triage decides."""

    office: str
    line: str
    sealed: bool = False


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
) -> Change:
    """Receive a report: give it its promises and let its history begin."""
    category = city.categories.get(filing.category) if filing.category else None
    sorted_out = category is not None and not route.sealed
    held = city.screening_before_public or route.sealed
    clocks = (
        promise(category, route.office, city, now)
        if category is not None and sorted_out
        else unsorted_promise(city, now)
    )
    if held and not filing.private and sorted_out:
        clocks = clocks.start(screening_clock(city, now))
    complaint = Complaint(
        code=code,
        version=1,
        kind=filing.kind,
        status=Status.RECEIVED,
        language=filing.language,
        channel=filing.channel,
        text=filing.text,
        category=filing.category,
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
        private=filing.private,
        screening=Screening.HELD if held else Screening.RELEASED,
        accused=filing.accused,
        accused_words=filing.accused_words,
        sealed=route.sealed,
        suggested=suggested,
        client_time=filing.client_time,
    )
    by = By("officer", filed_by) if filed_by else REPORTER
    data: dict[str, Any] = {"office": "" if route.sealed else route.office}
    if filed_by:
        data["consent"] = True  # the form takes nothing without it; here it stays on record
    return Change(complaint, Event(Act.FILE, now, by, data=data))


# What the reporter does ---------------------------------------------------------------------------------------


def edit(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Let the reporter mend the words, for a few minutes and until somebody has begun.

    Words that now accuse somebody seal the case: triage reads them before any office does.
    """
    _may_move(complaint, Act.EDIT)
    if now > complaint.filed_at + city.windows.edit:
        raise WindowClosed(Act.EDIT)
    changes = _sealed_by(text, complaint, complaint.clocks, city, now)
    if city.screening_before_public and not changes:
        # Mended words are unread words: whatever was decided before is held again, and somebody has to read it.
        changes["screening"] = Screening.HELD
        if not complaint.private and complaint.sorted:
            changes["clocks"] = _screened_in_time(complaint.clocks, city, now)
    return _change(complaint, Act.EDIT, REPORTER, now, text=text, **changes)


def message(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Add something the reporter wants the office to know.

    Words that accuse somebody are for triage's eyes alone, and triage has to decide on them: the office may be
    the very one that is accused.
    """
    if complaint.sealed or not accuses(text, city):
        return _change(complaint, Act.MESSAGE, REPORTER, now, said=text)
    clocks = complaint.clocks
    if complaint.open:
        clocks = clocks.start(verification_clock(clocks, city, now))
    return _change(complaint, Act.MESSAGE, REPORTER, now, said=text, data={FOR_TRIAGE: True}, clocks=clocks)


def rate(complaint: Complaint, score: int, words: str, *, city: City, now: datetime) -> Change:
    """Take the reporter's judgement, once; it closes the case, for a low score opens nothing by itself."""
    _may_move(complaint, Act.RATE)
    if complaint.rating is not None:
        raise IllegalMove(Act.RATE, "rated")
    if complaint.resolved_at is None or now > complaint.resolved_at + city.windows.rate:
        raise WindowClosed(Act.RATE)
    return _change(
        complaint,
        Act.RATE,
        REPORTER,
        now,
        said=words,
        data={"score": score},
        rating=score,
        rating_words=words,
        outcome=Outcome.CONFIRMED if score >= 3 else Outcome.DISPUTED,
        ended_at=complaint.ended_at or now,
    )


def reopen(complaint: Complaint, text: str, *, city: City, now: datetime) -> Change:
    """Take the case up again: it was not solved. The old deadline stands, and it starts one rung higher.

    Words that accuse somebody (they came and asked for money) seal the case, as in a fresh report.
    """
    _may_move(complaint, Act.REOPEN)
    if complaint.resolved_at is None or now > complaint.resolved_at + city.windows.reopen:
        raise WindowClosed(Act.REOPEN)
    # One level up is a climb like any other: it falls due now, so the next sweep makes it and tells that rung.
    clocks = complaint.clocks.resume(
        ClockName.RESOLUTION, climbs_at=_out_of_silence(now, complaint.office, city)
    )
    return _change(
        complaint,
        Act.REOPEN,
        REPORTER,
        now,
        said=text,
        **{"clocks": clocks, **_sealed_by(text, complaint, clocks, city, now)},
        reopened=complaint.reopened + 1,
        resolved_at=None,
        ended_at=None,
        outcome=None,
        rating=None,
        rating_words="",
    )


def withdraw(complaint: Complaint, reason: str, *, now: datetime) -> Change:
    """Let the reporter take the case back; the reason is for triage's eyes alone."""
    return _change(
        complaint,
        Act.WITHDRAW,
        REPORTER,
        now,
        data={"reason": reason},
        clocks=complaint.clocks.stop_all(now),
        outcome=Outcome.WITHDRAWN,
        ended_at=now,
        screening=Screening.HIDDEN,
    )


# What the office does -----------------------------------------------------------------------------------------


def acknowledge(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Say: we have it. Buys no time and stops no promise."""
    return _change(complaint, Act.ACKNOWLEDGE, _by(officer), now)


def reply(complaint: Complaint, officer: Officer, text: str, *, now: datetime) -> Change:
    """Answer in a sentence the reporter sees. Only this ends the first-reply clock; the promise to solve runs on."""
    return _change(
        complaint,
        Act.REPLY,
        _by(officer),
        now,
        said=text,
        clocks=complaint.clocks.stop(ClockName.FIRST_REPLY, now),
    )


def start(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Begin the work."""
    return _change(complaint, Act.START, _by(officer), now)


def resolve(complaint: Complaint, officer: Officer, text: str, *, now: datetime) -> Change:
    """Call it solved, in a sentence that tells the reporter how; the reporter then has the word."""
    clocks = complaint.clocks.stop(ClockName.FIRST_REPLY, now).stop(ClockName.RESOLUTION, now)
    return _change(complaint, Act.RESOLVE, _by(officer), now, said=text, clocks=clocks, resolved_at=now)


def pass_on(complaint: Complaint, officer: Officer, route: Route, text: str, *, now: datetime) -> Change:
    """Hand a wrongly addressed case to the office it belongs to. Never restarts a deadline.

    What triage has not sorted yet cannot be passed on: sorting decides an accusation and has the text screened.
    """
    if not complaint.sorted:
        raise IllegalMove(Act.PASS_ON, "unsorted")
    return _change(
        complaint,
        Act.PASS_ON,
        _by(officer),
        now,
        said=text,
        data={"from": complaint.office, "office": route.office},
        office=route.office,
        line=route.line,
        assigned_at=now,
        referred_to=None,
    )


def refer(complaint: Complaint, officer: Officer, agency: str, text: str, *, now: datetime) -> Change:
    """Ask an agency outside the city. The case and the duty to reply stay here."""
    return _change(
        complaint, Act.REFER, _by(officer), now, said=text, data={"agency": agency}, referred_to=agency
    )


def reveal(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Record that an officer looked up the reporter's contact, which the reporter allowed. The reporter sees it."""
    if not complaint.identity_shown or complaint.citizen is None:
        raise IllegalMove(Act.REVEAL, "anonymous")
    return _change(complaint, Act.REVEAL, _by(officer), now)


def acknowledge_rung(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Say, as the post that the case climbed to: I have heard, I see to it.

    Ends that rung's acknowledge timer alone: the post then has its time, counted from when the case reached it, before
    the next one hears. Raises IllegalMove where this officer holds no post that still owes it.
    """
    posts = [duty.post for duty in officer.duties]
    owed = complaint.clocks.owed_by(posts)
    if not owed:
        _may_move(complaint, Act.ACK_RUNG)
        raise IllegalMove(Act.ACK_RUNG, "with no rung that waits for this officer")
    return _change(
        complaint,
        Act.ACK_RUNG,
        _by(officer),
        now,
        data={"post": owed[0].rung, "clocks": [str(clock.name) for clock in owed]},
        clocks=complaint.clocks.acknowledge(posts),
    )


# What triage does ---------------------------------------------------------------------------------------------


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
    now: datetime,
) -> Change:
    """Give a case its category and office, and decide an accusation.

    Promises count from the first instant and are never later than what was promised before. The reporter's
    own choices (identity, publication) stay as they are.
    """
    clocks = complaint.clocks.stop(ClockName.VERIFICATION, now).no_later_than(
        promise(category, route.office, city, complaint.filed_at)
    )
    private = complaint.private or category.sensitive
    if private:
        # Nothing is left to release, so nothing may wait for it.
        clocks = clocks.stop(ClockName.SCREENING, now)
    elif complaint.screening is Screening.HELD:
        clocks = _screened_in_time(clocks, city, now)
    area = area or complaint.area
    hamlet = hamlet or complaint.hamlet
    return _change(
        complaint,
        Act.SORT,
        _by(officer),
        now,
        said=text,
        data={"category": category.id, "office": route.office},
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


def release(complaint: Complaint, officer: Officer, *, now: datetime) -> Change:
    """Let the public read the text. A case that the reporter wants private has nothing to release."""
    if complaint.screening is Screening.RELEASED or complaint.private or complaint.sealed:
        raise IllegalMove(Act.RELEASE, "private" if complaint.private else complaint.screening)
    return _change(
        complaint,
        Act.RELEASE,
        _by(officer),
        now,
        screening=Screening.RELEASED,
        clocks=complaint.clocks.stop(ClockName.SCREENING, now),
    )


def hide(complaint: Complaint, officer: Officer, reason: str, *, now: datetime) -> Change:
    """Take the text from the public again, or decide that it never gets there."""
    if complaint.screening is Screening.HIDDEN:
        raise IllegalMove(Act.HIDE, complaint.screening)
    return _change(
        complaint,
        Act.HIDE,
        _by(officer),
        now,
        data={"reason": reason},
        screening=Screening.HIDDEN,
        clocks=complaint.clocks.stop(ClockName.SCREENING, now),
    )


def reject(complaint: Complaint, officer: Officer, reason: str, text: str, *, now: datetime) -> Change:
    """Decline the case, with a reason by name and a sentence to the reporter."""
    return _change(
        complaint,
        Act.REJECT,
        _by(officer),
        now,
        said=text,
        data={"reason": reason},
        clocks=complaint.clocks.stop_all(now),
        outcome=Outcome.REJECTED,
        ended_at=now,
    )


# What time does -----------------------------------------------------------------------------------------------


def warn(complaint: Complaint, *, now: datetime) -> Change:
    """Remind whoever must act that half, or four fifths, of a promise's time are gone. Inside the city only.

    Of several that were missed the latest is told. For the reporter nothing has happened, so ``updated_at`` stays.
    Raises NotDue where no warning has come.
    """
    _may_move(complaint, Act.WARN)
    clock = complaint.clocks.due_to_warn(now)
    if clock is None:
        raise NotDue(complaint.code)
    to_come = sum(at > now for at in clock.warns)
    return _change(
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
    Above the last rung the office that has the case is reminded, in that rung's time: no case is ever left alone.
    Escalation is attention, not resolution: it never changes the status. Raises NotDue where nothing is due.
    """
    _may_move(complaint, Act.ESCALATE)
    clock = complaint.clocks.due_to_climb(now)
    if clock is None:
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
    if clock.due > now:
        # Reopened before its old deadline: one rung has heard at once, and the next waits for the promise to be broken.
        again, silent = max(again, clock.due), max(silent, clock.due)
    return _change(
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
        },
        # What it would have warned of has happened.
        clocks=complaint.clocks.warned(clock.name, now).climb(
            clock.name,
            level,
            silent,
            rung=reached.post if reached else "",
            rests_until=again if reached else None,
        ),
    )


def close_by_silence(complaint: Complaint, city: City, *, now: datetime) -> Change:
    """Close a claimed fix that the reporter left unanswered to the end of the window. Not the same as solved."""
    _may_move(complaint, Act.CLOSE)
    wakes_at = complaint.wakes_at(city)
    if wakes_at is None or now < wakes_at:
        raise NotDue(complaint.code)
    return _change(complaint, Act.CLOSE, TIME, now, outcome=Outcome.SILENCE, ended_at=now)


# Inside -------------------------------------------------------------------------------------------------------


def _out_of_silence(at: datetime, office: str, city: City) -> datetime:
    """The moment itself, or the end of the silence (Nyepi) that it lies in: nothing falls due then."""
    return city.calendar_of(office).silent(at) or at


def _may_move(complaint: Complaint, act: Act) -> None:
    if complaint.status not in MOVES[act][0]:
        raise IllegalMove(act, complaint.status)


def _screened_in_time(clocks: Clocks, city: City, now: datetime) -> Clocks:
    """Have triage read the text; a clock that runs already is never put off."""
    running = clocks.get(ClockName.SCREENING)
    return clocks if running and running.running else clocks.start(screening_clock(city, now))


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
        "clocks": clocks.stop(ClockName.SCREENING, now).start(verification_clock(clocks, city, now)),
    }


def _by(officer: Officer) -> By:
    return By("officer", officer.id, officer.office)


def _change(
    complaint: Complaint,
    act: Act,
    by: By,
    now: datetime,
    *,
    said: str = "",
    data: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Change:
    """Check the move, apply it, and write the fact down: the only way a complaint changes."""
    _may_move(complaint, act)
    status = MOVES[act][1] or complaint.status
    after = replace(complaint, **{"status": status, "updated_at": now, **fields})
    facts = {"status": str(status), **(data or {})}
    return Change(after, Event(act, now, by, said, facts))
