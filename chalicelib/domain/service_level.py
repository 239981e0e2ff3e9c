"""Which clocks a case runs under, what moments they promise, and who hears when one runs out.

All promises count from the instant the server received the case; none is chained to another. A promised moment is
stamped and never computed again when a policy changes. No status, note, hand-over or acknowledgement buys time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.city import CITY_SCOPE, Category, City, Label, LegalClass
from chalicelib.domain.clock import Calendar, Span, Unit
from chalicelib.domain.people import Duty, Role, is_accused, triage_for

if TYPE_CHECKING:
    from chalicelib.domain.complaint import Complaint


class ClockName(StrEnum):
    VERIFICATION = "verification"  # triage sorts, or decides an accusation
    SCREENING = "screening"  # triage reads a text before the public may; late is an alarm, never a release
    FIRST_REPLY = "first_reply"  # a written answer that the reporter can see
    RESOLUTION = "resolution"
    HANDOVER = "handover"  # the office that was given a case does a first act
    REFERRAL = "referral"  # an agency outside the city answers; the promise to solve climbs no rung meanwhile
    REDO = "redo"  # reopened: solved anew; its ladder takes the place of the solution's, whose moment stands
    APPEAL = "appeal"  # one level up decides on a rejection
    ALARM = "alarm"  # of an emergency: somebody of the post says that they have it
    APPROVAL = "approval"  # somebody other than the doer looks at a claimed fix
    CEILING = "ceiling"
    """What the law allows for the case's class; nothing moves it, and no ladder hangs on it."""


INSIDE = frozenset({ClockName.HANDOVER, ClockName.REFERRAL})
"""Clocks that an office keeps for itself: no promise to anybody, gone when they end, and their ladder is its own."""
TRANSIENT = INSIDE | {ClockName.REDO, ClockName.APPEAL}
"""Clocks that are gone when they end; the history tells that they ran."""
_PROMISES = (ClockName.VERIFICATION, ClockName.FIRST_REPLY, ClockName.RESOLUTION, ClockName.APPROVAL)
_REPEATED = (ClockName.REDO, ClockName.APPEAL)
"""What is promised of a case that came back. Late against the redo clock alone is no broken promise yet."""
WARNS_AT = (50, 80)
"""At how many hundredths of its time a promise warns whoever has to keep it."""
CEILING_NEAR = 80
"""At how many hundredths of the legal ceiling the secretary and the reporter are told."""
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""When a clock climbs that has nobody above it any more: the case stands on the lists, and time tells no more of it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise: ``due`` is stamped; ``climbs_at`` is when the next rung hears; ``climbed`` how many have."""

    name: ClockName
    due: datetime
    climbs_at: datetime | None = None
    climbed: int = 0
    stopped_at: datetime | None = None
    rung: str = ""
    """The post that heard last (``role@scope``), none before the first climb or where nobody was there."""
    rests_until: datetime | None = None
    """Until when that post has the case once it acknowledges; None where it owes no acknowledgement (any more)."""
    warns: tuple[datetime, ...] = ()
    """When whoever must act is warned, stamped with the promise; what was told is taken out from the front."""
    asleep: datetime | None = None
    """Since when it is paused, as the reporter owes an answer. All moments here are those before the pause."""
    step: int | None = None
    """How many rungs of the ladder that it is on now are behind it; None: as many as have heard.

    Below zero (-1 for none) where it had come to the end of an earlier office's ladder: it stays marked and on the
    lists while the present office's posts hear.
    """

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    @property
    def awake(self) -> bool:
        """Whether time can bring anything due: it runs and is not paused."""
        return self.running and self.asleep is None

    def late(self, now: datetime) -> bool:
        """Whether the promise is broken; in a pause only what was so before it."""
        return self.running and self.due < (min(now, self.asleep) if self.asleep else now)

    @property
    def passed(self) -> int:
        """How many rungs of the present ladder are behind it: another office's ladder begins with its first."""
        if self.step is None:
            return self.climbed
        return self.step if self.step >= 0 else -self.step - 1

    @property
    def at_the_end(self) -> bool:
        """Whether everybody above has had their time, of this ladder or of one that it was on before."""
        return self.next_climb >= NEVER or (self.step is not None and self.step < 0)

    @property
    def next_climb(self) -> datetime:
        return self.climbs_at or self.due

    @property
    def wakes_at(self) -> datetime:
        return min((self.next_climb, *self.warns))


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks of one case, by name."""

    all: tuple[Clock, ...] = ()

    def __iter__(self) -> Iterator[Clock]:
        return iter(self.all)

    def get(self, name: ClockName) -> Clock | None:
        return next((clock for clock in self.all if clock.name is name), None)

    def running(self) -> tuple[Clock, ...]:
        return tuple(clock for clock in self.all if clock.running)

    @property
    def level(self) -> int:
        counted = (*_PROMISES, ClockName.REDO)
        return max((clock.climbed for clock in self.all if clock.name in counted), default=0)

    @property
    def next_due(self) -> datetime:
        """The earliest promise not yet kept; when all are kept, the promise to solve."""
        promised = [clock for clock in self.all if clock.name in (*_PROMISES, *_REPEATED)]
        return min(clock.due for clock in [c for c in promised if c.running] or promised)

    @property
    def wakes_at(self) -> datetime | None:
        climbs = [clock.next_climb for clock in self._climbing()]
        if (ceiling := self.get(ClockName.CEILING)) is not None and ceiling.running:
            climbs.append(ceiling.next_climb)
        return min([*climbs, *(at for clock in self.all if clock.awake for at in clock.warns)], default=None)

    def _climbing(self) -> tuple[Clock, ...]:
        """The clocks whose ladder is awake: no paused one; of a case outside the referral's, not the solution's;
        of a reopened one the redo clock's."""
        hushed = set()
        if self.get(ClockName.REFERRAL) is not None:
            hushed = {ClockName.RESOLUTION, ClockName.REDO}
        elif self.get(ClockName.REDO) is not None:
            hushed = {ClockName.RESOLUTION}
        return tuple(c for c in self._laddered() if c.name not in hushed)

    def late(self, now: datetime) -> bool:
        return any(clock.late(now) for clock in self.all if clock.name in (*_PROMISES, ClockName.APPEAL))

    def due_to_climb(self, now: datetime) -> Clock | None:
        """The running clock whose next rung should hear now, the longest waiting first."""
        due = [clock for clock in self._climbing() if clock.next_climb <= now]
        return min(due, key=lambda clock: clock.next_climb, default=None)

    def due_to_warn(self, now: datetime) -> Clock | None:
        """The running clock whose next warning has come, the longest waiting first."""
        due = [clock for clock in self._laddered() if clock.warns and clock.warns[0] <= now]
        return min(due, key=lambda clock: clock.warns[0], default=None)

    def _laddered(self) -> tuple[Clock, ...]:
        return tuple(clock for clock in self.all if clock.awake and clock.name is not ClockName.CEILING)

    @property
    def past_ladder(self) -> bool:
        """Whether a promise is broken and everybody above has had their time.

        Of a reopened case the redo clock climbs in the solution's place (`overdue.escalate` brings it to its end no
        earlier than the solution's own moment).
        """
        counted = (*_PROMISES, ClockName.REDO)
        return any(clock.at_the_end for clock in self.running() if clock.name in counted)

    def ceiling_to_tell(self, now: datetime) -> int | None:
        """The share (in hundredths) of the legal ceiling that has been reached and not been told; None where none."""
        clock = self.get(ClockName.CEILING)
        if clock is None or not clock.running or clock.wakes_at > now:
            return None
        return 100 if clock.next_climb <= now else CEILING_NEAR

    @property
    def at_ceiling(self) -> bool:
        """Whether it was told that the legal ceiling is near or passed: it then stays so until the case ends."""
        clock = self.get(ClockName.CEILING)
        return clock is not None and not clock.warns

    def tell_ceiling(self, now: datetime) -> Clocks:
        """Take as told what of the legal ceiling has been reached."""
        after = self.warned(ClockName.CEILING, now)
        clock = self.get(ClockName.CEILING)
        return after.climb(ClockName.CEILING, 1, NEVER) if clock and clock.next_climb <= now else after

    def at_ceiling_now(self) -> Clocks:
        """Have the case count as one whose legal ceiling is near, however much of it is left."""
        return Clocks(tuple(replace(c, warns=()) if c.name is ClockName.CEILING else c for c in self.all))

    def warned(self, name: ClockName, now: datetime) -> Clocks:
        """Leave a clock the warnings that are still to come: what was missed is not told late, one after the other."""
        return Clocks(
            tuple(
                replace(clock, warns=tuple(at for at in clock.warns if at > now))
                if clock.name is name
                else clock
                for clock in self.all
            )
        )

    def start(self, clock: Clock) -> Clocks:
        return Clocks((*(other for other in self.all if other.name is not clock.name), clock))

    def stop(self, name: ClockName, at: datetime) -> Clocks:
        """Keep a promise. One that is kept already stays kept since then."""
        return Clocks(
            tuple(
                replace(clock, stopped_at=at) if clock.name is name and clock.running else clock
                for clock in self.all
            )
        )

    def stop_all(self, at: datetime) -> Clocks:
        ended = self.without(*TRANSIENT)
        return Clocks(tuple(replace(c, stopped_at=at) if c.running else c for c in ended))

    def without(self, *names: ClockName) -> Clocks:
        """End clocks of those that are gone then. What a redo clock has climbed stays climbed, as the solution's."""
        redo = self.get(ClockName.REDO) if ClockName.REDO in names else None
        kept = (clock for clock in self.all if clock.name not in names)
        return Clocks(
            tuple(
                replace(clock, climbed=redo.climbed, step=redo.step)
                if redo and clock.name is ClockName.RESOLUTION
                else clock
                for clock in kept
            )
        )

    def moved(self) -> Clocks:
        """Begin the ladders of another office: its own posts have heard nothing yet. No moment is touched.

        What was reached stays as the level. The posts of the office before have the case no more.
        """
        return Clocks(tuple(_moved(clock) for clock in self.all))

    def put_off(self, name: ClockName, climbs_at: datetime) -> Clocks:
        """Let the next rung hear on its working day; no promise is touched."""
        return Clocks(tuple(replace(c, climbs_at=climbs_at) if c.name is name else c for c in self.all))

    def run_on(self, name: ClockName, warns: tuple[datetime, ...]) -> Clocks:
        """Run again as if it had never stopped: the old deadline, the rungs reached, the next one when it was due."""
        return Clocks(
            tuple(
                replace(clock, stopped_at=None, warns=warns) if clock.name is name else clock
                for clock in self.all
            )
        )

    def rest(self, name: ClockName, until: datetime, warns: tuple[datetime, ...]) -> Clocks:
        """Let a ladder rest until a moment and then go on where it stood; what was promised stays promised."""
        return Clocks(
            tuple(
                replace(clock, climbs_at=until, rung="", rests_until=None, warns=warns, step=_here(clock))
                if clock.name is name
                else clock
                for clock in self.all
            )
        )

    def resume(self, name: ClockName, *, climbs_at: datetime | None = None) -> Clocks:
        """Run again towards the old deadline, with the next rung to hear at ``climbs_at``, or there."""
        return Clocks(
            tuple(
                replace(clock, stopped_at=None, climbs_at=climbs_at, rung="", rests_until=None)
                if clock.name is name
                else clock
                for clock in self.all
            )
        )

    def since(self, ended_at: datetime) -> Clocks:
        """Run again what ran until the case ended, towards the old deadlines; what was kept before stays kept.

        Whoever should have heard in between hears at once. A head holds whole milliseconds, so one is allowed for.
        """
        first = ended_at - timedelta(milliseconds=1)
        return Clocks(
            tuple(
                replace(
                    clock,
                    stopped_at=None,
                    rung="",
                    rests_until=None,
                    # Of the law's limit the warnings tell whether it was told already; they are no rung's.
                    warns=clock.warns if clock.name is ClockName.CEILING else (),
                )
                if clock.stopped_at is not None
                and clock.stopped_at >= first
                and clock.name in (*_PROMISES, ClockName.CEILING)
                else clock
                for clock in self.all
            )
        )

    def climb(
        self,
        name: ClockName,
        level: int,
        climbs_at: datetime,
        *,
        rung: str = "",
        rests_until: datetime | None = None,
        step: int | None = None,
    ) -> Clocks:
        """Bring a clock to a rung. One that owes an acknowledgement has ``rests_until`` and climbs on without it."""
        before = self.get(name)
        if step is not None and before is not None and before.step is not None and before.step < 0:
            step = -step - 1
        step = None if step == level else step
        return Clocks(
            tuple(
                replace(
                    clock, climbed=level, climbs_at=climbs_at, rung=rung, rests_until=rests_until, step=step
                )
                if clock.name is name
                else clock
                for clock in self.all
            )
        )

    @property
    def rungs(self) -> tuple[str, ...]:
        """The posts that the running clocks have climbed to and that have the case now."""
        return tuple(dict.fromkeys(clock.rung for clock in self.running() if clock.rung))

    def owed_by(self, posts: Collection[str]) -> tuple[Clock, ...]:
        """The running clocks on which one of these posts still owes its acknowledgement."""
        return tuple(
            clock for clock in self.running() if clock.rests_until is not None and clock.rung in posts
        )

    def acknowledge(self, posts: Collection[str]) -> Clocks:
        """Leave these posts the time they have on each rung that they hold. Touches no promise and no other rung."""
        owed = self.owed_by(posts)
        return Clocks(
            tuple(
                replace(clock, climbs_at=clock.rests_until, rests_until=None) if clock in owed else clock
                for clock in self.all
            )
        )

    def no_later_than(self, fresh: Clocks) -> Clocks:
        """Take the fresh promises where they are earlier; what was promised before is never put off."""
        result = self
        for clock in fresh:
            old = self.get(clock.name)
            if old is None:
                result = result.start(clock)
            elif clock.due < old.due and old.running:
                earlier = clock.due if old.climbs_at is None else min(clock.due, old.climbs_at)
                fresh_one = old.climbed == 0
                result = result.start(
                    replace(
                        old,
                        due=clock.due,
                        climbs_at=earlier if fresh_one else old.climbs_at,
                        warns=clock.warns if fresh_one else (),
                    )
                )
        return result

    def later(self, fresh: Clocks, now: datetime) -> Clocks:
        """Put promises off to the fresh moments, as an officer of right decided: those that still run and hold.

        What is broken stays broken: no decision makes a late case one in time.
        """
        result = self
        for clock in fresh:
            old = self.get(clock.name)
            if old is not None and old.running and now <= old.due < clock.due:
                climbs_at = max(old.climbs_at, clock.due) if old.climbs_at else None
                warns = tuple(at for at in clock.warns if at > now)
                result = result.start(replace(old, due=clock.due, climbs_at=climbs_at, warns=warns))
        return result


def _moved(clock: Clock) -> Clock:
    stays = not clock.rung or clock.rung.endswith(f"@{CITY_SCOPE}")
    here = clock if stays else replace(clock, rung="", rests_until=None)
    if clock.name is ClockName.CEILING:
        return here
    if clock.at_the_end and clock.name in (*_PROMISES, ClockName.REDO):
        return replace(here, climbs_at=None, step=-1)  # all posts above had heard, but none of this office
    return replace(here, step=0) if clock.climbed else here


def _here(clock: Clock) -> int | None:
    """Its place on the present ladder alone."""
    return clock.step if clock.step is None or clock.step >= 0 else clock.passed


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of one case's ladder: the post that hears, the office it works in, and the time it then has."""

    post: str
    office: str
    waits: Span
    labels: Label
    acknowledge: Span
    coordinates: bool = False
    """Whether it is asked to coordinate and not to see to the case: who was elected stays responsible."""


def promise(category: Category, office: str, city: City, received_at: datetime) -> Clocks:
    """The moments a category promises, in the working time of the office that answers."""
    calendar = city.calendar_of(office)
    emergency = category.emergency is not None
    level = category.level
    return Clocks(
        (
            _promised(ClockName.FIRST_REPLY, calendar, received_at, level.first_reply, emergency=emergency),
            _promised(ClockName.RESOLUTION, calendar, received_at, level.resolution, emergency=emergency),
        )
    )


def emergency_promise(category: Category | None, office: str, city: City, at: datetime) -> Clocks:
    """The minutes of an emergency, round the clock and through every silence, from the moment its post is paged.

    The alarm clock is the first post's time to acknowledge; at its end the next post hears.
    """
    calendar = city.calendar_of(office)
    level = category.level if category is not None and category.emergency else city.emergency.level
    first = city.ladders["emergency"][0]
    return Clocks(
        (
            _promised(ClockName.FIRST_REPLY, calendar, at, level.first_reply, emergency=True),
            _promised(ClockName.RESOLUTION, calendar, at, level.resolution, emergency=True),
            Clock(ClockName.ALARM, calendar.due(at, first.acknowledge, emergency=True)),
        )
    )


def _promised(
    name: ClockName, calendar: Calendar, at: datetime, span: Span, *, emergency: bool = False
) -> Clock:
    """A promise and its warnings, all stamped.

    A warning comes when so much of the time until the promise has passed as the office works: working time, but
    calendar time where the promise counts that. It lies a whole number of minutes before the promise, and in a silence
    (Nyepi) it waits for the end, unless for an emergency.
    """
    due = calendar.due(at, span, emergency=emergency)
    by_calendar = span.unit is Unit.MINUTES
    return Clock(name, due, warns=_warnings(calendar, at, due, by_calendar=by_calendar, emergency=emergency))


def _warnings(
    calendar: Calendar, at: datetime, due: datetime, *, by_calendar: bool = False, emergency: bool = False
) -> tuple[datetime, ...]:
    whole = due - at if by_calendar else calendar.between(at, due)
    warns = []
    for share in WARNS_AT:
        part = whole * share / 100
        moment = at + part if by_calendar else calendar.add(at, part)
        if not emergency:
            moment = calendar.silent(moment) or moment
        warns.append(warning(due, moment))
    return tuple(warns)


def warning(due: datetime, at: datetime) -> datetime:
    """When to warn of a promise: at ``at``, or less than a minute earlier, a whole number of minutes before ``due``."""
    left = max(due - at, timedelta())
    return due - timedelta(minutes=-(-left // timedelta(minutes=1)))


def unsorted_promise(city: City, received_at: datetime) -> Clocks:
    """What is promised before anybody knows what it is: sorting in time, and the default category's moments."""
    default = city.categories[city.default_category]
    return promise(default, city.triage_office, city, received_at).start(
        verification_clock(Clocks(), city, received_at)
    )


def legal_class(category: str | None, city: City) -> LegalClass:
    """The legal class of a case; of one that nobody has sorted yet that of the default category."""
    found = city.categories.get(category) if category else None
    return (found or city.categories[city.default_category]).legal_class


def ceiling_clock(category: str | None, city: City, received_at: datetime) -> Clock:
    """The longest that the law allows, and its 80 %, both stamped and counted from receipt.

    The working days are those of the city's triage office, whoever answers: a law knows one kind of working day, and an
    office that works round the clock gives nobody fewer. The day of receipt does not count, as in every span of days.
    """
    days = city.ceilings[legal_class(category, city)].working_days
    clock = _promised(
        ClockName.CEILING,
        city.calendar_of(city.triage_office),
        received_at,
        Span(days, Unit.WORKING_DAYS),
    )
    return replace(clock, warns=clock.warns[-1:])


def verification_clock(clocks: Clocks, city: City, at: datetime, *, span: Span | None = None) -> Clock:
    """How long triage has to sort a case, or to decide an accusation; a second time the rungs reached stay reached."""
    calendar = city.calendar_of(city.triage_office)
    fresh = _promised(ClockName.VERIFICATION, calendar, at, span or city.verification)
    before = clocks.get(ClockName.VERIFICATION)
    if before is None:
        return fresh
    return before if before.running else replace(fresh, climbed=before.climbed)


def decision_clock(clocks: Clocks, triage: str, city: City, at: datetime, *, at_once: bool) -> Clock:
    """How long triage has to decide whose a case is that was handed over twice: as long as a hand-over.

    Of a dispute the next rung above hears ``at_once``. Rungs that were reached before stay reached.
    """
    calendar = city.calendar_of(triage)
    before = clocks.get(ClockName.VERIFICATION)
    fresh = _promised(ClockName.VERIFICATION, calendar, at, city.handover)
    climbs_at = (calendar.silent(at) or at) if at_once else None
    return replace(fresh, climbed=before.climbed if before else 0, climbs_at=climbs_at)


def handover_clock(clocks: Clocks, office: str, city: City, at: datetime) -> Clock:
    """How long the office that is given a case has for a first act.

    It warns of itself only where no first reply is owed any more: else that promise's warnings say the same.
    """
    fresh = _promised(ClockName.HANDOVER, city.calendar_of(office), at, city.handover)
    reply = clocks.get(ClockName.FIRST_REPLY)
    return replace(fresh, warns=()) if reply is not None and reply.running else fresh


def assigned(clocks: Clocks, office: str, city: City, at: datetime) -> Clocks:
    """Let the hand-over run from the first assignment, where no first reply is due by then and asks for the same."""
    fresh, reply = handover_clock(clocks, office, city, at), clocks.get(ClockName.FIRST_REPLY)
    asked_anyway = reply is not None and reply.running and reply.due <= fresh.due
    return clocks if asked_anyway else clocks.start(fresh)


def redo_clock(clocks: Clocks, complaint: Complaint, city: City, at: datetime, climbs_at: datetime) -> Clock:
    """How long the office has to solve anew what was reopened: the profile's ``redo``, of an emergency its minutes.

    Its ladder begins one rung above where the solution's ended, and that rung hears at ``climbs_at``.
    """
    alarmed = complaint.alarmed(city)
    category = city.categories.get(complaint.category or "")
    level = category.level if category is not None and category.emergency else city.emergency.level
    calendar = city.calendar_of(complaint.office)
    span = level.resolution if alarmed else city.redo
    fresh = _promised(ClockName.REDO, calendar, at, span, emergency=alarmed)
    before = clocks.get(ClockName.RESOLUTION)
    if before is None:
        return replace(fresh, climbs_at=climbs_at)
    return replace(fresh, climbs_at=climbs_at, climbed=before.climbed, step=before.step)


def appeal_clock(triage: str, city: City, at: datetime) -> Clock:
    """How long whoever decides on an appeal has, in the working time of the office that declined."""
    return _promised(ClockName.APPEAL, city.calendar_of(triage), at, city.appeals.within)


def referral_clock(agency: str, office: str, city: City, at: datetime) -> Clock:
    """How long an agency outside has to answer, in the working time of the office that asked."""
    span = city.offices[agency].answers or city.referral
    return _promised(ClockName.REFERRAL, city.calendar_of(office), at, span)


def approval_clock(clocks: Clocks, office: str, city: City, at: datetime) -> Clock:
    """How long the office has to let somebody other than the doer look at a fix; rungs once reached stay reached."""
    fresh = _promised(ClockName.APPROVAL, city.calendar_of(office), at, city.approval)
    before = clocks.get(ClockName.APPROVAL)
    return replace(fresh, climbed=before.climbed) if before else fresh


def taken_back(complaint: Complaint, city: City, now: datetime) -> Clocks:
    """The clocks of a case whose claimed fix does not hold: the promise to solve runs on as if it had not stopped."""
    clocks = complaint.clocks.stop(ClockName.APPROVAL, now)
    clock = clocks.get(ClockName.RESOLUTION)
    if clock is None or clock.running:
        return clocks
    calendar = city.calendar_of(complaint.office)
    # A stored case keeps no warnings of a clock that stands still. They are reminders, so they may be made anew.
    warns = () if clock.climbed or complaint.new_date else _warnings(calendar, complaint.filed_at, clock.due)
    return clocks.run_on(ClockName.RESOLUTION, tuple(at for at in warns if at > now))


def at_rest(clocks: Clocks, name: ClockName, until: datetime, calendar: Calendar, now: datetime) -> Clocks:
    """Let a clock's ladder rest until a second date, with its own warnings on the way there."""
    clock = clocks.get(name)
    if clock is None:
        return clocks
    # A row holds warnings as whole minutes before the promise, so they keep to its minutes.
    minute = timedelta(minutes=1)
    warns = (clock.due - -(-(clock.due - at) // minute) * minute for at in _warnings(calendar, now, until))
    return clocks.rest(name, until, tuple(warns))


def screening_clock(city: City, at: datetime) -> Clock:
    """How long triage has to read a text before it is late for the public."""
    return Clock(ClockName.SCREENING, city.calendar_of(city.triage_office).due(at, city.verification))


def steps(complaint: Complaint, clock: ClockName, city: City) -> tuple[Step, ...]:
    """The ladder above the responsible office, lowest rung first.

    The area line (kaling or kadus, lurah or perbekel, camat) serves what the area's head owns, the topic line (duty
    post, head of division, head of office) the rest, and emergencies one of their
    own; they meet at the secretary. Posts that the case is about are
    left out, and an information request climbs nowhere (its procedure is the PPID's own) once it is sorted.
    """
    if clock is ClockName.SCREENING:
        return ()
    at_triage = clock in (ClockName.VERIFICATION, ClockName.APPEAL)
    alarmed = complaint.alarmed(city) and not at_triage
    category = city.categories.get(complaint.category or city.default_category)
    if (
        category is not None
        and not alarmed
        and not category.level.ladder
        and not at_triage
        and not complaint.sealed
    ):
        return ()
    office = triage_for(complaint.accused, city) if at_triage else complaint.office
    inside = clock in INSIDE
    # Who has to approve stands above whoever did the work: that is the office's own line.
    own_line = at_triage or inside or clock is ClockName.APPROVAL
    line = "topic" if own_line else "emergency" if alarmed else complaint.line
    found: list[Step] = []
    rungs = city.ladders[line]
    if clock is ClockName.APPEAL:
        rungs = rungs[[rung.role for rung in rungs].index(city.appeals.by) :]
    for rung in rungs:
        role = _role_in(rung.office or office, Role(rung.role), city)
        scope = rung.office or _scope(role, office, complaint, city)
        if scope is None or (not rung.office and _is_first(role, line, complaint)):
            continue
        if any(step.post == Duty(role, scope).post for step in found):
            continue  # the command of emergencies may be the very office that has the case
        if is_accused(scope, complaint.accused, city):
            continue
        if inside and scope == CITY_SCOPE:
            continue  # whether an office took a case up, or an agency answered it, is for its own heads to see to
        if complaint.sealed and scope == CITY_SCOPE:
            # The fewer people hear that somebody was accused, the better: triage's own heads see to triage.
            continue
        works_in = city.triage_office if scope == CITY_SCOPE else scope.partition("/")[0]
        found.append(
            Step(
                Duty(role, scope).post,
                works_in,
                rung.waits,
                rung.labels,
                rung.acknowledge,
                # A perbekel is elected and no subordinate: the camat coordinates, where the profile says so.
                role is Role.DISTRICT_HEAD
                and office in city.villages
                and city.areas[office].kind in rung.coordinates_in,
            )
        )
    return tuple(found)


def _role_in(office: str, role: Role, city: City) -> Role:
    """The head of a village's or district's office is its lurah, perbekel or camat: one person, one post."""
    if role is not Role.OFFICE_HEAD or office not in city.areas:
        return role
    return Role.VILLAGE_HEAD if office in city.villages else Role.DISTRICT_HEAD


def _is_first(role: Role, line: str, complaint: Complaint) -> bool:
    """The rung that had the case from the start is not climbed to again."""
    if line != "area":
        return role is Role.DUTY
    return role is (Role.HAMLET_HEAD if complaint.hamlet else Role.VILLAGE_HEAD)


def _scope(role: Role, office: str, complaint: Complaint, city: City) -> str | None:
    if role in (Role.SECRETARY, Role.MAYOR):
        return CITY_SCOPE
    if role is Role.HAMLET_HEAD:
        return complaint.hamlet
    if role is Role.VILLAGE_HEAD:
        return office if office in city.villages else None
    if role is Role.DISTRICT_HEAD and office in city.villages:
        return city.areas[office].parent
    return office
