"""Plays cases through the rules on a virtual clock: no database, no HTTP, no waiting.

A heap holds what comes next: reports, what people will do, and what time alone brings (``wakes_at``). Which acts are
allowed, what they change, who hears: all of it is decided by ``chalicelib.domain``.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from chalicelib.domain import handling, overdue, reporting
from chalicelib.domain.city import City
from chalicelib.domain.complaint import WORKED, Change, Complaint, Event, Screening, Status
from chalicelib.domain.errors import NotDue
from chalicelib.domain.notices import (
    TEMPLATES,
    Channel,
    Holder,
    Notice,
    capped,
    notices_for,
    texts_a_citizen,
)
from chalicelib.domain.people import Act, Duty, Officer, Role
from chalicelib.domain.routing import route, route_category
from chalicelib.domain.service_level import ClockName, Clocks, promise
from local.simulate.arrivals import Case

_AT_ONE_MOMENT = 20
"""More acts of time than this on one case at one moment is a rule that never rests."""


class Intent(IntEnum):
    """What somebody will do; at one moment, people act before time does."""

    FILE = 0
    SORT = 1
    RELEASE = 2
    REJECT = 3
    REPLY = 4
    RESOLVE = 5
    RATE = 6
    REOPEN = 7
    ACK_RUNG = 8
    APPROVE = 9
    WAKE = 10


@dataclass(frozen=True, slots=True)
class Climb:
    """One escalation: which clock, and whose role was reached ("" where the office itself was reminded)."""

    at: datetime
    clock: str
    role: str


@dataclass(slots=True)
class Seen:
    """One case as the year left it, with what it cost."""

    case: Case
    complaint: Complaint
    climbs: list[Climb] = field(default_factory=list)
    notices: int = 0
    sms: int = 0
    """SMS that are billed: each is one part, since the templates are made to fit; a topic's goes to each subscriber."""
    promised: Clocks | None = None
    """What was promised before triage put it off with a reason; None where nothing was put off."""
    claim: Event | None = None
    """The last time that the office called it solved."""
    by_time: list[tuple[datetime, str]] = field(default_factory=list)
    """Everything that time alone did."""


@dataclass(frozen=True, slots=True)
class Year:
    """What came of it. ``notices`` is counted where they are made, apart from the cases."""

    city: City
    ends_at: datetime
    cases: tuple[Seen, ...]
    notices: int
    acts: int


def by_time(complaint: Complaint, city: City, posts: Mapping[str, bool], *, now: datetime) -> Change | None:
    """The one thing that time alone does to a case next; None where nothing is due.

    The one place that knows which acts time brings: as in ``usecases.escalation``, and so to be changed with it.
    """
    try:
        if complaint.status is Status.RESOLVED:
            channel = Channel(complaint.reach) if complaint.reach else None
            reachable = channel is not None and not capped(complaint, channel)
            return overdue.silence(complaint, city, reachable=reachable, now=now)
        return overdue.escalate(complaint, city, posts, now=now)
    except NotDue:
        return None


def play(
    cases: Sequence[Case], city: City, posts: Mapping[str, bool], *, subscribers: int, ends_at: datetime
) -> Year:
    """Run the cases until ``ends_at``; what is open then stays open."""
    player = _Player(cases, city, posts, subscribers)
    player.run(ends_at)
    return Year(city, ends_at, tuple(player.seen.values()), player.notices, player.acts)


class _Player:
    def __init__(
        self, cases: Sequence[Case], city: City, posts: Mapping[str, bool], subscribers: int
    ) -> None:
        self.city, self.posts, self.subscribers = city, posts, subscribers
        self.holders = {post: Holder(post, ((post, "id"),)) for post, held in posts.items() if held}
        self.seen: dict[int, Seen] = {}
        self.notices = 0
        self.acts = 0
        self._cases = cases
        self._order = 0
        self._asked: dict[tuple[int, str], int] = {}
        self._acknowledges: list[str] = []
        """Posts that will say that they have heard; a plan names one by its place here."""
        self._heap: list[tuple[datetime, Intent, int, int, int]] = []
        for number, case in enumerate(cases):
            self._plan(case.at, Intent.FILE, number)

    def run(self, ends_at: datetime) -> None:
        while self._heap and self._heap[0][0] < ends_at:
            now, intent, _, number, version = heapq.heappop(self._heap)
            if intent is Intent.FILE:
                self._file(number, now)
            elif intent is Intent.WAKE:
                if self.seen[number].complaint.version == version:
                    self._wake(number, now)
            elif intent is Intent.ACK_RUNG:
                self._acknowledge(number, self._acknowledges[version], now)
            elif self._still(intent, self.seen[number].complaint):
                self._act(intent, number, now)

    # What people do

    def _file(self, number: int, now: datetime) -> None:
        case, city = self._cases[number], self.city
        change = reporting.file(
            case.filing,
            route(case.filing, city, at=now),
            city,
            code=case.code,
            now=now,
            citizen=case.citizen,
            reach=case.reach,
        )
        self._record(number, change)
        complaint = self.seen[number].complaint
        if complaint.sorted:
            self._begin(number, now)
        else:
            self._plan(self._later(city.triage_office, now, case.sorts), Intent.SORT, number)

    def _begin(self, number: int, now: datetime) -> None:
        """The office has it, and triage its text: plan what they will do by themselves."""
        case, office = self._cases[number], self.seen[number].complaint.office
        self._plan(self._later(self.city.triage_office, now, case.releases), Intent.RELEASE, number)
        if case.rejected:
            self._plan(self._later(self.city.triage_office, now, case.replies), Intent.REJECT, number)
        elif not case.silent:
            self._plan(self._later(office, now, case.replies), Intent.REPLY, number)
            if not case.stalls:
                self._plan(self._later(office, now, case.works), Intent.RESOLVE, number)

    @staticmethod
    def _still(intent: Intent, complaint: Complaint) -> bool:
        """Whether what somebody meant to do is still to be done."""
        reply = complaint.clocks.get(ClockName.FIRST_REPLY)
        match intent:
            case Intent.SORT:
                return complaint.open and not complaint.sorted
            case Intent.RELEASE:
                held = complaint.screening is Screening.HELD
                return held and not complaint.private and not complaint.sealed
            case Intent.REPLY:
                return complaint.open and reply is not None and reply.running
            case Intent.RESOLVE | Intent.REJECT:
                return complaint.status in WORKED
            case Intent.APPROVE:
                return complaint.status is Status.CONFIRMING
            case _:
                return complaint.status is Status.RESOLVED

    def _act(self, intent: Intent, number: int, now: datetime) -> None:
        case, complaint, city = self._cases[number], self.seen[number].complaint, self.city
        officer = _officer(complaint.office)
        match intent:
            case Intent.SORT:
                category = city.categories[case.category]
                found = route_category(category, complaint.area, city, at=now)
                # Triage says why wherever the category takes longer than what nobody could know before it sorted.
                fresh = promise(category, found.office, city, complaint.filed_at)
                before = complaint.clocks
                later = before.later(fresh, now) != before
                change = handling.sort(
                    complaint,
                    _officer(city.triage_office),
                    category,
                    found,
                    city,
                    longer="Jenis aduan ini perlu waktu lebih lama." if later else "",
                    now=now,
                )
                self.seen[number].promised = before if later else None
                self._record(number, change)
                self._begin(number, now)
            case Intent.RELEASE:
                self._record(number, handling.release(complaint, _officer(city.triage_office), now=now))
            case Intent.REJECT:
                triage = _officer(city.triage_office)
                self._record(
                    number, handling.reject(complaint, triage, "other", "Bukan wewenang kota.", now=now)
                )
            case Intent.REPLY:
                self._record(number, handling.reply(complaint, officer, "Kami periksa.", now=now))
            case Intent.RESOLVE:
                change = handling.resolve(
                    complaint,
                    officer,
                    "Sudah ditangani.",
                    proof="Foto dan catatan.",
                    photos=1,
                    city=city,
                    now=now,
                )
                self.seen[number].claim = change.event
                self._record(number, change)
                if change.complaint.status is Status.RESOLVED:
                    self._judge(number, now)
            case Intent.APPROVE:
                claim = self.seen[number].claim
                history = [claim] if claim else []
                head = replace(_officer(complaint.office), id="atasan")
                change = handling.approve(complaint, head, history, photos=1, city=city, now=now)
                self._record(number, change)
                if change.event.data.get("resolves"):
                    self._judge(number, now)
            case Intent.RATE:
                score = case.verdicts[complaint.reopened].score
                self._record(number, reporting.rate(complaint, score, "", city=city, now=now))
            case Intent.REOPEN:
                self._record(number, reporting.reopen(complaint, "Belum beres.", city=city, now=now))
                # Whoever called it solved goes back, and a rung watches: it takes half the time.
                self._plan(self._later(complaint.office, now, case.works / 2), Intent.RESOLVE, number)

    def _judge(self, number: int, now: datetime) -> None:
        """The reporter hears that it is solved: plan what they will say to that."""
        verdict = self._cases[number].verdicts[self.seen[number].complaint.reopened]
        at = now + self.city.windows.reopen * verdict.after
        # As they report nothing on Nyepi, they answer nothing: there is no mobile network.
        at = self.city.calendar_of(self.city.triage_office).silent(at) or at
        if verdict.does:
            self._plan(at, Intent.RATE if verdict.does == "rate" else Intent.REOPEN, number)

    def _acknowledge(self, number: int, post: str, now: datetime) -> None:
        complaint = self.seen[number].complaint
        if complaint.open and complaint.clocks.owed_by([post]):
            officer = Officer("petugas", "Petugas", "Petugas", complaint.office, (Duty.parse(post),))
            self._record(number, handling.acknowledge_rung(complaint, officer, now=now))

    # What time does

    def _wake(self, number: int, now: datetime) -> None:
        for _ in range(_AT_ONE_MOMENT):
            complaint = self.seen[number].complaint
            due = complaint.wakes_at(self.city)
            if due is None or due > now:
                break
            change = by_time(complaint, self.city, self.posts, now=now)
            if change is None:
                raise RuntimeError(f"{complaint.code} wakes at {due}, but by_time() knows nothing to do then")
            self.seen[number].by_time.append((now, str(change.event.act)))
            self._record(number, change, wakes=False)
            if change.event.act is Act.ESCALATE:
                self._climbed(number, change, now)
        else:
            raise RuntimeError(f"{self.seen[number].complaint.code} never rests at {now}")
        self._plan_wake(number)

    def _climbed(self, number: int, change: Change, now: datetime) -> None:
        case, complaint = self._cases[number], change.complaint
        clock = str(change.event.data.get("clock", ""))
        post = str(change.event.data.get("post", ""))
        self.seen[number].climbs.append(Climb(now, clock, post.partition("@")[0]))
        asked = self._asked[number, clock] = self._asked.get((number, clock), 0) + 1
        if post and case.acknowledged(clock, asked):
            climbed = complaint.clocks.get(ClockName(clock))
            if climbed is not None and climbed.rests_until is not None:
                self._acknowledges.append(post)
                halfway = now + (climbed.wakes_at - now) / 2
                self._plan(halfway, Intent.ACK_RUNG, number, len(self._acknowledges) - 1)
        if case.rejected or not complaint.sorted:
            return
        if clock == ClockName.FIRST_REPLY and case.silent and asked == case.heeds_reply:
            replies = self._later(complaint.office, now, case.replies)
            self._plan(replies, Intent.REPLY, number)
            if not case.stalls:
                self._plan(self._later(complaint.office, replies, case.works), Intent.RESOLVE, number)
        if clock == ClockName.RESOLUTION and (case.silent or case.stalls) and asked == case.heeds_work:
            self._plan(self._later(complaint.office, now, case.works), Intent.RESOLVE, number)

    # Keeping the books

    def _record(self, number: int, change: Change, *, wakes: bool = True) -> None:
        """Count what an act tells whom, as ``usecases.record`` stores it."""
        before = self.seen.get(number)
        version = before.complaint.version + 1 if before else 1
        change = Change(replace(change.complaint, version=version), change.event)
        channel = Channel(change.complaint.reach) if change.complaint.reach else None
        notices = notices_for(change, self.city, citizen_channel=channel, holders=self.holders)
        complaint = change.complaint
        if texts_a_citizen(notices):
            complaint = replace(complaint, citizen_sms=complaint.citizen_sms + 1)
        if before is None:
            before = self.seen[number] = Seen(self._cases[number], complaint)
        before.complaint = complaint
        before.notices += len(notices)
        before.sms += sum(billed(notice, self.subscribers) for notice in notices)
        self.notices += len(notices)
        self.acts += 1
        if complaint.status is Status.CONFIRMING and change.event.act in (Act.CLAIM, Act.AWAIT):
            # Assumed: a second person looks as soon as triage would sort.
            at = self._later(complaint.office, change.event.at, before.case.sorts)
            self._plan(at, Intent.APPROVE, number)
        if wakes:
            self._plan_wake(number)

    def _plan_wake(self, number: int) -> None:
        complaint = self.seen[number].complaint
        at = complaint.wakes_at(self.city)
        if at is not None:
            # Never before it became so: what is overdue already is done at the next sweep, which is now.
            self._plan(max(at, complaint.updated_at), Intent.WAKE, number, complaint.version)

    def _plan(self, at: datetime, intent: Intent, number: int, version: int = 0) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at, intent, self._order, number, version))

    def _later(self, office: str, at: datetime, work: timedelta) -> datetime:
        return self.city.calendar_of(office).add(at, work)


def billed(notice: Notice, subscribers: int) -> int:
    """How many SMS a notice costs: none by e-mail, one to a person, one to each subscriber of a topic."""
    if notice.channel is Channel.SMS:
        return 1
    has_text = notice.channel is Channel.TOPIC and notice.sms and f"{notice.template}.sms" in TEMPLATES
    return subscribers if has_text else 0


def _officer(office: str) -> Officer:
    return Officer("petugas", "Petugas", "Petugas", office, (Duty(Role.STAFF, office),))
