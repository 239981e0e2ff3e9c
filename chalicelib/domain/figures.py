"""What became of a city's cases, and how good its rules are: counts over whole histories, for people to judge by.

Pure sums over the facts of each history (its acts, who did them, their data), never over what anybody wrote. `tell` and
`judge` say what an act stands for; docs/duplicates.md has the honest fix rate, docs/routing.md the figures of the
rules. Who prints a table folds small rows first (`fold`): a row of one case is somebody's case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from chalicelib.domain.city import City
from chalicelib.domain.complaint import CHOSE, SUGGESTED, Event
from chalicelib.domain.disposition import standing
from chalicelib.domain.people import Act
from chalicelib.domain.routing import route_category

SMALL = 5
"""A row of fewer cases is not printed by its name, nor with its number."""
LEAST_SCORE = 3
"""The lowest rating that says it is solved, as in `reporting.rate`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case as its rows tell it. ``history`` is oldest first and whole; its events need no words."""

    code: str
    office: str
    """That has it, or had it last."""
    history: tuple[Event, ...]
    area: str | None = None
    suggested: tuple[str, ...] = ()
    """As the head keeps it: for filings that were stored before the history kept it."""
    about_staff: bool = False
    """Accusations go by the profile's table and by no rule, so no rule is judged by them."""


class End(StrEnum):
    """What the last claim that a case is solved came to."""

    WAITS = "waits"  # the reporter has the word, or the city took it up again by itself
    CONFIRMED = "confirmed"
    LOW = "low"  # rated, with a score that does not say solved
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Fate:
    """What one history says: the office it counts for, and how it went."""

    office: str
    solved: bool = False
    """The reporter was told, at least once, that it is solved."""
    end: End = End.WAITS
    reopened: bool = False
    declined: bool = False
    granted: bool = False
    """Declined, and taken up again upon an appeal."""


@dataclass(slots=True)
class Sums:
    """Cases of one office, or of the city."""

    filed: int = 0
    solved: int = 0
    confirmed: int = 0
    low: int = 0
    silence: int = 0
    waiting: int = 0
    """Called solved, not come back, and not judged yet."""
    reopened: int = 0
    """By its reporter, or by another who had waited for it and reported that it is not solved."""
    recurred: int = 0
    """Reported again at the same spot within the profile's days."""
    fixed: int = 0
    declined: int = 0
    granted: int = 0

    @property
    def size(self) -> int:
        return self.filed

    @property
    def honest(self) -> float | None:
        """The honest fix rate, 0 to 1; None where nothing that was called solved has been judged."""
        judged = self.solved - self.waiting
        return self.fixed / judged if judged else None

    def add(self, other: Self) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How cases ended, in all and by the office that each counts for."""

    city: Sums
    offices: Mapping[str, Sums]


def outcomes(cases: Iterable[Case], links: Links, city: City) -> Outcomes:
    """Count what became of cases; ``links`` are those of the whole city, whatever cases are counted."""
    total, offices = Sums(), dict[str, Sums]()
    for case in cases:
        fate = tell(case, city)
        sums = _sums(
            fate, came_back=case.code in links.followed or fate.reopened, recurred=case.code in links.recurred
        )
        offices.setdefault(fate.office, Sums()).add(sums)
        total.add(sums)
    return Outcomes(total, offices)


@dataclass(frozen=True, slots=True)
class Links:
    """Cases whose solution another report speaks against: at the same spot, or by somebody who had waited for it."""

    recurred: frozenset[str]
    followed: frozenset[str]


def links(cases: Iterable[Case]) -> Links:
    """Read the links from the filings. Whether it was within the profile's days was decided at the filing."""
    recurred, followed = set[str](), set[str]()
    for case in cases:
        filed = _filing(case)
        for name, codes in (("recurs", recurred), ("follows", followed)):
            if filed.get(name):
                codes.add(str(filed[name]))
    return Links(frozenset(recurred), frozenset(followed))


def tell(case: Case, city: City) -> Fate:
    """Read a history: which office first called it solved (else who has it), and what came of it."""
    office, solver, solved, end = "", "", False, End.WAITS
    reopened = declined = granted = False
    for event in _standing(case):
        office = str(event.data.get("office") or "") or office
        told = event.act is Act.RESOLVE or (event.act is Act.APPROVE and event.data.get("resolves"))
        if told:
            solved, end = True, End.WAITS
            solver = solver or office or event.by.office
        elif event.act is Act.AGREE:
            end = End.CONFIRMED
        elif event.act is Act.RATE:
            end = End.CONFIRMED if int(event.data["score"]) >= LEAST_SCORE else End.LOW
        elif event.act is Act.CLOSE:
            end = End.SILENCE
        elif event.act is Act.REOPEN:
            reopened, end = True, End.WAITS
        elif event.act in (Act.REJECT, Act.UPHOLD):
            declined = True
        elif event.act is Act.GRANT:
            declined, granted = False, True
    # An office that the profile no longer knows is nobody's row.
    office = solver if solver in city.offices else case.office
    return Fate(office, solved, end, reopened, declined, granted)


def _sums(fate: Fate, *, came_back: bool, recurred: bool) -> Sums:
    sums = Sums(filed=1, declined=int(fate.declined), granted=int(fate.granted))
    if not fate.solved:
        return sums
    sums.solved, sums.reopened, sums.recurred = 1, int(came_back), int(recurred)
    sums.confirmed = int(fate.end is End.CONFIRMED)
    sums.low = int(fate.end is End.LOW)
    sums.silence = int(fate.end is End.SILENCE)
    lasted = not came_back and not recurred
    sums.waiting = int(lasted and fate.end is End.WAITS)
    sums.fixed = int(lasted and fate.end is End.CONFIRMED)
    return sums


# The rules ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Guess:
    """Cases in which a category stood first among the suggestions."""

    cases: int = 0
    wrong: int = 0
    instead: Counter[str] = field(default_factory=Counter)
    """What a person decided where it was not this."""

    @property
    def size(self) -> int:
        return self.cases

    def add(self, other: Self) -> None:
        self.cases += other.cases
        self.wrong += other.wrong
        self.instead.update(other.instead)


@dataclass(slots=True)
class Rules:
    """What the keyword rules suggested and what people decided of it."""

    sorted: int = 0
    """Cases that a person sorted."""
    chosen: int = 0
    """Of these: the reporter had chosen a category, so nothing was suggested."""
    changed: int = 0
    """Of the chosen: a person decided on another category."""
    first: int = 0
    anywhere: int = 0
    """Among the suggestions, the first included."""
    none: int = 0
    """The rules had nothing to suggest."""
    judged: int = 0
    """Cases in which the rules had the word: first, elsewhere, wrong or none."""
    unkept: int = 0
    """Sorted, and what was suggested is not on record any more."""
    guesses: dict[str, Guess] = field(default_factory=dict)
    same_office: int = 0
    other_office: int = 0
    offices: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Office of the first suggestion, office that triage decided on, where they are not the same."""


def judge(cases: Iterable[Case], city: City) -> Rules:
    """Hold suggestions against decisions. What counts is the last sorting that stands; only people sort.

    The office of a suggestion is the one that today's profile would route it to, on the day it was filed, in the area
    that the case has.
    """
    found = Rules()
    for case in cases:
        decided = [event for event in _standing(case) if event.act is Act.SORT and event.by.kind == "officer"]
        if not decided:
            continue
        found.sorted += 1
        filed = _filing(case)
        category = str(decided[-1].data["category"])
        if CHOSE in filed:
            found.chosen += 1
            found.changed += filed[CHOSE] != category
        elif SUGGESTED in filed or case.suggested:
            suggested = [str(each) for each in filed.get(SUGGESTED, case.suggested)]
            _count(found, suggested, category)
            if suggested and filed.get("office") and not case.about_staff:
                _count_offices(found, case, suggested[0], str(decided[-1].data["office"]), city)
        else:
            found.unkept += 1
    return found


def _count(found: Rules, suggested: list[str], category: str) -> None:
    found.judged += 1
    if not suggested:
        found.none += 1
        return
    right = suggested[0] == category
    found.first += right
    found.anywhere += category in suggested
    guess = found.guesses.setdefault(suggested[0], Guess())
    guess.cases += 1
    if not right:
        guess.wrong += 1
        guess.instead[category] += 1


def _count_offices(found: Rules, case: Case, suggested: str, decided: str, city: City) -> None:
    category = city.categories.get(suggested)
    if category is None or decided not in city.offices:
        return  # of an earlier profile
    area = case.area if case.area in city.areas else None
    office = route_category(category, area, city, at=case.history[0].at).office
    if office == decided:
        found.same_office += 1
    else:
        found.other_office += 1
        found.offices[office, decided] += 1


def _standing(case: Case) -> Iterable[Event]:
    return (event for _, event in standing(case.history))


def _filing(case: Case) -> Mapping[str, Any]:
    return case.history[0].data


# Small numbers --------------------------------------------------------------------------------------------------


class _Row(Protocol):
    @property
    def size(self) -> int: ...

    def add(self, other: Self) -> None: ...


Row = TypeVar("Row", bound=_Row)


def fold(rows: Mapping[str, Row], rest: Row) -> tuple[dict[str, Row], list[str]]:
    """Put every row under `SMALL` cases into ``rest``, which is empty; answer the others, largest first, and who went.

    Where all that is in the rest is fewer than that, the smallest of the others goes in, too: else the rest, and
    with the total even what was taken out of it, would still be somebody's case.
    """
    named = sorted(rows, key=lambda name: (-rows[name].size, name))
    folded: list[str] = []
    while named and (rows[named[-1]].size < SMALL or 0 < rest.size < SMALL):
        folded.append(named.pop())
        rest.add(rows[folded[-1]])
    return {name: rows[name] for name in named}, folded
