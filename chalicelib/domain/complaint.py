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

from chalicelib.domain.city import City, Kind
from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.geo import Point
from chalicelib.domain.people import Act, Officer, is_sheltered
from chalicelib.domain.service_level import (
    ClockName,
    Clocks,
    screening_clock,
)


class Status(StrEnum):
    """Where a case stands. What the public reads in its place is in the texts of the pages."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    REFERRED = "referred"
    SCHEDULED = "scheduled"  # an accepted new date: needs a budget year, dry weather, land
    REOPENED = "reopened"
    CONFIRMING = "confirming"  # called solved; a second person of the city has to say so, too
    RESOLVED = "resolved"  # claimed fixed: the reporter has the word
    CLOSED = "closed"
    REJECTED = "rejected"
    APPEALED = "appealed"  # declined, and the reporter asked one level up to look again
    WITHDRAWN = "withdrawn"


WORKED = frozenset(
    {
        Status.RECEIVED,
        Status.ACKNOWLEDGED,
        Status.IN_PROGRESS,
        Status.REFERRED,
        Status.SCHEDULED,
        Status.REOPENED,
    }
)
"""An office works on it, or should."""

OPEN = WORKED | {Status.CONFIRMING, Status.APPEALED}
"""Somebody of the city owes an act."""

CLAIMED = frozenset({Status.RESOLVED, Status.CONFIRMING})
"""An office says that it is solved, and nobody has closed it yet."""

LIVE = OPEN | {Status.RESOLVED}
"""Time alone will still do something."""

MOVES: Mapping[Act, tuple[frozenset[Status], Status | None]] = {
    # act: (allowed from, leads to; None = the status stays)
    Act.EDIT: (frozenset({Status.RECEIVED}), None),
    Act.MESSAGE: (LIVE, None),
    Act.RATE: (CLAIMED | {Status.CLOSED}, Status.CLOSED),
    Act.AGREE: (CLAIMED, Status.CLOSED),
    Act.REOPEN: (CLAIMED | {Status.CLOSED}, Status.REOPENED),
    Act.WITHDRAW: (OPEN - {Status.APPEALED}, Status.WITHDRAWN),
    Act.ACKNOWLEDGE: (frozenset({Status.RECEIVED, Status.REOPENED}), Status.ACKNOWLEDGED),
    Act.REPLY: (OPEN - {Status.APPEALED}, None),
    Act.START: (WORKED - {Status.IN_PROGRESS}, Status.IN_PROGRESS),
    Act.RESOLVE: (WORKED, Status.RESOLVED),
    Act.CLAIM: (WORKED, Status.CONFIRMING),
    Act.APPROVE: (CLAIMED, Status.RESOLVED),
    Act.SEND_BACK: (frozenset({Status.CONFIRMING}), Status.IN_PROGRESS),
    Act.PASS_ON: (WORKED, Status.RECEIVED),
    Act.SORT: (OPEN - {Status.APPEALED}, Status.RECEIVED),
    Act.REFER: (WORKED - {Status.REFERRED}, Status.REFERRED),
    Act.SCHEDULE: (WORKED - {Status.SCHEDULED}, Status.SCHEDULED),
    Act.ASK_DATE: (WORKED - {Status.SCHEDULED}, None),
    Act.GRANT_DATE: (WORKED - {Status.SCHEDULED}, Status.SCHEDULED),
    Act.DECLINE_DATE: (WORKED - {Status.SCHEDULED}, None),
    Act.REJECT: (WORKED, Status.REJECTED),
    Act.RELEASE: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.HIDE: (frozenset(Status), None),
    Act.REVEAL: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.ESCALATE: (OPEN, None),
    Act.ACK_RUNG: (OPEN, None),
    Act.WARN: (OPEN, None),
    Act.WAIT: (OPEN, None),
    Act.CEILING: (OPEN, None),
    Act.LAST_CALL: (frozenset({Status.RESOLVED}), None),
    Act.AWAIT: (frozenset({Status.RESOLVED}), Status.CONFIRMING),
    Act.CLOSE: (frozenset({Status.RESOLVED}), Status.CLOSED),
    Act.ASK: (WORKED - {Status.SCHEDULED}, None),
    Act.ANSWER: (OPEN, None),
    Act.RESUME: (OPEN, None),
    Act.CONFIRM: (WORKED, None),
    # Another post begins, as with every hand-over.
    Act.RAISE: (WORKED, Status.RECEIVED),
    Act.LOWER: (WORKED, Status.RECEIVED),
    Act.MERGE: (WORKED, None),
    Act.UNMERGE: (OPEN, None),
    Act.NOTE: (frozenset(Status), None),
    Act.INSTRUCT: (WORKED, None),
    Act.TAKE: (WORKED, None),
    Act.REMIND: (WORKED, None),
    Act.DRAFT: (OPEN - {Status.APPEALED}, None),
    Act.RETURN_DRAFT: (OPEN - {Status.APPEALED}, None),
    Act.SPLIT: (WORKED, None),
    Act.TASK_REPLY: (OPEN - {Status.APPEALED}, None),
    Act.CANCEL_TASK: (OPEN - {Status.APPEALED}, None),
    Act.AGENCY_REPLY: (frozenset(Status), None),
    Act.AGENCY_RETURN: (frozenset({Status.REFERRED}), Status.IN_PROGRESS),
    Act.APPEAL: (frozenset({Status.REJECTED}), Status.APPEALED),
    Act.UPHOLD: (frozenset({Status.APPEALED}), Status.REJECTED),
    Act.GRANT: (frozenset({Status.APPEALED}), Status.REOPENED),
    Act.CONTINUE: (frozenset({Status.WITHDRAWN}), Status.RECEIVED),
    Act.UNDO: (frozenset(Status), None),
    Act.MODERATE: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.REVERT: (frozenset(Status) - {Status.WITHDRAWN}, None),
    Act.TIGHTEN: (frozenset(Status), None),
    # An appeal is not withdrawn, for there is nothing left to take back: its words go, and it is still decided.
    Act.ERASE: (frozenset(Status) - OPEN | {Status.APPEALED}, None),
}
"""The one table of allowed moves; every act passes it, so no act can be a back door to a status."""

TAKES_UP = frozenset(
    {
        *(Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.RESOLVE, Act.CLAIM, Act.REFER, Act.ASK),
        *(Act.SCHEDULE, Act.ASK_DATE, Act.CONFIRM),
    }
)
"""First acts of an office that was given a case: each ends the hand-over. Passing on and sorting begin a new one."""


_HEARD = TAKES_UP | {Act.REVEAL}
"""With any of these the post of an emergency shows that it has it: calling back is no less than a tap."""


class Alarm(StrEnum):
    """How far an emergency is believed. One that an earlier version of the code took was paged and is unverified."""

    UNVERIFIED = ""
    WAITS = "w"  # triage has it: nobody is paged
    CONFIRMED = "c"


WHILE_MERGED = frozenset(
    {
        *(Act.UNMERGE, Act.RELEASE, Act.HIDE, Act.MODERATE, Act.TIGHTEN),
        *(Act.REVEAL, Act.MESSAGE, Act.WITHDRAW, Act.ERASE),
        *(Act.CEILING, Act.WARN, Act.ESCALATE, Act.WAIT, Act.ACK_RUNG),
    }
)
"""All that may be done to a case that goes with another: what else is to be said of it is said there.

Of its clocks the law's limit and what triage has to decide stay awake; what time does is theirs.
"""


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
class Asked:
    """What the reporter was asked: how often, what it cost in time, and the question that waits now, if one does.

    The words of questions stand in the history. ``domain/asking.py`` has the rules.
    """

    number: int = 0
    """Of the last question; the case's first is 1."""
    paused: int = 0
    """Whole minutes of the office's working time that all pauses which are over took together."""
    unanswered: bool = False
    """The last question's time ran out without an answer."""
    at: datetime | None = None
    """When the question that waits was asked; None where none waits."""
    until: datetime | None = None
    """When it goes back to the office without an answer."""
    resumes_at: datetime | None = None
    """When its pause ends by itself, ``until`` at the latest; None where it pauses nothing (any more)."""

    @property
    def open(self) -> bool:
        return self.at is not None

    @property
    def wakes_at(self) -> datetime | None:
        """The next thing that time does to the question that waits."""
        return self.resumes_at or self.until


@dataclass(frozen=True, slots=True)
class Merged:
    """The case that this one goes with, and since when."""

    into: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, as exactly as the reporter said. The point is never public; its coarsened twin is."""

    point: Point | None = None
    words: str = ""
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class By:
    """Who acted: ``reporter``, ``officer`` (with id and office), ``agency`` (outside, as its office), or ``time``."""

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


PUBLISHED = "published"
"""In the data of a sorting: it released the text, too."""
CHOSE = "chose"
"""In the data of a filing: the category that its reporter chose, which triage may have changed since."""
SUGGESTED = "suggested"
"""In the data of a filing without one: what the keyword rules proposed, best first, for `domain.figures`."""
TO_OMBUDSMAN = "ombudsman"
"""In an event's data: from here on the reporter is told how to reach the Ombudsman."""
FOR_TRIAGE = "for_triage"
"""In an event's data: its words accuse somebody, so no office sees them."""
SHARED = "shared"
"""In the data of a filing or an answer: the reporter's yes to passing numbers on to an agency outside."""
HIDDEN = "hidden"
"""In the data of a look at the reporter's identity: the reason, where the reporter had chosen to stay hidden."""
TOLD_AT = "told_at"
"""Beside it: when the reporter may know of the look, where a rule of the profile delays that."""
CONSENT = "consent_version"
"""In the data of a filing: which version of the consent text the reporter was shown."""
CONSENT_LANGUAGE = "consent_language"
"""Beside it: in which language."""
CONSENT_IN_FORCE = "consent_in_force"
"""Beside it: nobody said which text was shown (another system filed it), so it is the one that was in force."""
BY_TRIAGE = "triage"
"""In the data of a referral: triage made it, which alone lets an agency read of what is private or about somebody."""


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
    new_date: datetime | None = None
    """The second date, set once; the promise to solve stays stamped, and its ladder rests until here."""
    outcome: Outcome | None = None
    resolved_at: datetime | None = None
    """When the reporter was told that it is solved; their windows count from here."""
    last_call_at: datetime | None = None
    """When the reporter is to hear that silence will close it, stamped with the claim; None once that is done."""
    closes_at: datetime | None = None
    """When silence closes the claimed fix, stamped with the claim; put off where the last call came late."""
    silence_told: bool = False
    """Whether the last call went out to the reporter."""
    confirmed: bool = False
    """Whether a second person of the city approved the claimed fix, upon a proof."""
    ended_at: datetime | None = None
    rating: int | None = None
    rating_words: str = ""
    reopened: int = 0
    appealed: bool = False
    """Whether the reporter has used the one appeal."""
    citizen_sms: int = 0
    """Messages sent to the reporter about this case, one-time codes apart."""
    link_version: int = 1
    """Raised to make the reporter's secret link void."""
    asked: Asked = Asked()
    danger: str = ""
    """The key of the emergency number, only where it is not the category's own."""
    alarm: Alarm = Alarm.UNVERIFIED
    """Means something in an emergency only."""
    merged: Merged | None = None
    """Set while it goes with another case about the same: its promises sleep meanwhile."""
    public_text: str = ""
    """What the public reads in place of the text, where triage mended it; the original stays what it was."""

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
        if self.status is Status.RESOLVED:
            return min(at for at in (self.closing(city), self.last_call(city)) if at is not None)
        if not self.open:
            return None
        return min((at for at in (self.clocks.wakes_at, self.asked.wakes_at) if at), default=None)

    def closing(self, city: City) -> datetime:
        """When silence closes a claimed fix. Computed only for what was stored before these moments were stamped."""
        claimed = self.resolved_at or self.updated_at
        return self.closes_at or out_of_silence(claimed + city.windows.silence, self.office, city)

    def last_call(self, city: City) -> datetime | None:
        """When the reporter is to be warned of that; None where there is nobody to warn, or once it is done."""
        if self.closes_at is None and self.citizen and not self.silence_told:
            return out_of_silence(self.closing(city) - city.windows.silence_warning, self.office, city)
        return self.last_call_at

    @property
    def sorted(self) -> bool:
        """Whether triage has nothing left to decide: no missing category, no accusation."""
        verification = self.clocks.get(ClockName.VERIFICATION)
        return not self.sealed and (verification is None or not verification.running)

    def late(self, now: datetime) -> bool:
        return self.open and self.clocks.late(now)

    def emergency(self, city: City) -> str | None:
        """The key of the number to call where life may be at stake; None of an ordinary case."""
        category = city.categories.get(self.category) if self.category else None
        return self.danger or (category.emergency if category else None)

    def alarmed(self, city: City) -> bool:
        """Whether the post of an emergency was paged: its minutes run, and its ladder is that of emergencies."""
        return self.emergency(city) is not None and self.alarm is not Alarm.WAITS and not self.sealed

    @property
    def unheard(self) -> bool:
        """Whether an emergency waits for its post to acknowledge it."""
        clock = self.clocks.get(ClockName.ALARM)
        return self.open and clock is not None and clock.running

    def sheltered(self, city: City) -> bool:
        """Whether it is about violence or self-harm."""
        return is_sheltered(self.category, self.danger, city)

    @property
    def marked_overdue(self) -> bool:
        """Whether the last rung has had its time as well, which the public is told."""
        return self.open and self.clocks.past_ladder

    @property
    def for_ombudsman(self) -> bool:
        """Whether the reporter is told how to reach the Ombudsman: the legal ceiling is near, or an appeal was lost."""
        return self.status in OPEN | {Status.REJECTED} and self.clocks.at_ceiling


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
    photos: tuple[str, ...] = ()
    """Ids of uploads that come with it (`domain.photos`); the case itself keeps none of them."""
    hamlet_head_may_know: bool = False
    """The reporter's yes to telling the hamlet's head of what is between neighbours."""
    share: bool = False
    """Numbers may be passed on to an agency outside; kept in the history, not in the head."""
    by_address: bool = False
    """It says where in words alone, as Open311 lets it: without a village, triage finds out which."""
    consent: str = ""
    """The version of the consent text that the reporter was shown; empty where nobody said which."""
    consent_language: str = ""
    """The language that it was shown in; empty for the report's own."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers: the office, the ladder's line, and whether the case is sealed until triage decides."""

    office: str
    line: str
    sealed: bool = False
    rule: str = ""
    """The routing rule that chose the office; empty where the category did."""
    failed: tuple[str, ...] = ()
    """Rules that could not be judged and were passed over; whoever routes reports them."""


# What every act goes through -----------------------------------------------------------------------------------


def change(
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
    may_move(complaint, act)
    status = (
        fields.get("status") or MOVES[act][1] or complaint.status
    )  # a state that is put back names its own
    clocks: Clocks = fields.get("clocks", complaint.clocks)
    if act in _HEARD and clocks.get(ClockName.ALARM):
        fields["clocks"] = clocks.stop(ClockName.ALARM, now)
    after = replace(complaint, **{"status": status, "updated_at": now, **fields})
    resolution = after.clocks.get(ClockName.RESOLUTION)
    if resolution is None or not resolution.running:
        after = replace(after, clocks=after.clocks.without(ClockName.REDO))  # done again, or ended
    if status is not Status.REFERRED:
        after = replace(after, clocks=after.clocks.without(ClockName.REFERRAL))  # back from outside
    if act in TAKES_UP:
        after = replace(after, clocks=after.clocks.without(ClockName.HANDOVER))
    facts = {"status": str(status), **(data or {})}
    return Change(after, Event(act, now, by, said, facts))


def may_move(complaint: Complaint, act: Act) -> None:
    if complaint.status not in MOVES[act][0]:
        raise IllegalMove(act, complaint.status)
    if complaint.merged is not None and act not in WHILE_MERGED:
        raise IllegalMove(act, "merged")


def by(officer: Officer) -> By:
    return By("officer", officer.id, officer.office)


def out_of_silence(at: datetime, office: str, city: City) -> datetime:
    """The moment itself, or the end of the silence (Nyepi) that it lies in: nothing falls due then."""
    return city.calendar_of(office).silent(at) or at


UNCLAIMED: Mapping[str, Any] = {
    "resolved_at": None,
    "last_call_at": None,
    "closes_at": None,
    "silence_told": False,
    "confirmed": False,
}
"""What of a claimed fix is wiped when the case is taken up again."""


def claimed(complaint: Complaint, city: City, now: datetime) -> dict[str, Any]:
    """The moments that begin when the reporter is told that it is solved: the reporter's windows, and silence."""
    closes_at = out_of_silence(now + city.windows.silence, complaint.office, city)
    call = out_of_silence(closes_at - city.windows.silence_warning, complaint.office, city)
    return {
        **UNCLAIMED,
        "resolved_at": now,
        "closes_at": closes_at,
        "last_call_at": max(call, now) if complaint.citizen else None,
    }


def screened_in_time(clocks: Clocks, city: City, now: datetime) -> Clocks:
    """Have triage read the text; a clock that runs already is never put off."""
    running = clocks.get(ClockName.SCREENING)
    return clocks if running and running.running else clocks.start(screening_clock(city, now))
