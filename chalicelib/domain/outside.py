"""A case that an agency outside the city was asked about: its link, what it may read there, and what it answers.

A referral is known by the act that made it (`Act.REFER`), so a head keeps nothing for its link. The link is open until
the agency has answered, until its window ends, or until the case is referred anew. It never says who reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from chalicelib.domain.city import City
from chalicelib.domain.complaint import (
    BY_TRIAGE,
    SHARED,
    By,
    Change,
    Complaint,
    Event,
    Screening,
    Status,
    change,
)
from chalicelib.domain.errors import Fault, Invalid, WindowClosed
from chalicelib.domain.geo import Point, coarsen
from chalicelib.domain.people import Act, is_accused
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.visibility import PIN_METRES
from chalicelib.domain.words import words

ANSWERS = frozenset({Act.AGENCY_REPLY, Act.AGENCY_RETURN})
LATEST_DAYS = 730
"""How far ahead an agency may promise."""

_HIDDEN = "(…)"
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_NUMBER = re.compile(r"(?<!\w)\+?\(?\d(?:[ ().\-/]{0,2}\d){6,}(?!\w)")
"""Seven digits and more: phones, customer numbers, identity numbers; not house numbers or hours."""


class Answer(StrEnum):
    """What an agency says of a case that it was asked about."""

    DONE = "done"
    WILL_DO = "will_do"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Referral:
    """One time that an agency was asked: by which office, when, for what."""

    agency: str
    office: str
    at: datetime
    text: str
    by_triage: bool = False
    answered: bool = False
    replaced: bool = False
    """The case was referred anew since: this one's link is void."""

    def ends_at(self, city: City) -> datetime:
        """When its link closes at the latest."""
        return self.at + city.windows.referral_link


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a case goes outside; empty where nothing of the reporter's may."""

    text: str = ""
    place_words: str = ""
    hamlet: str | None = None
    point: Point | None = None
    answers: Mapping[str, Any] | None = None


def referrals(history: Iterable[Event]) -> tuple[Referral, ...]:
    """Every time that the case was referred, oldest first."""
    asked: list[Event] = []
    answered: set[int] = set()
    for event in history:
        if event.act is Act.REFER:
            asked.append(event)
        elif event.act in ANSWERS:
            answered.add(len(asked) - 1)
    return tuple(
        Referral(
            str(event.data["agency"]),
            event.by.office,
            event.at,
            event.text,
            bool(event.data.get(BY_TRIAGE)),
            place in answered,
            place < len(asked) - 1,
        )
        for place, event in enumerate(asked)
    )


def is_open(referral: Referral, complaint: Complaint, city: City, now: datetime) -> bool:
    """Whether the referral's link opens the case now."""
    return (
        not referral.answered
        and not referral.replaced
        and now < referral.ends_at(city)
        and may_read(referral, complaint, city)
    )


def may_read(referral: Referral, complaint: Complaint, city: City) -> bool:
    """Whether an agency may read of the case at all: of what is private or about somebody only where triage asked it,
    and never of a case about itself."""
    if is_accused(referral.agency, complaint.accused, city):
        return False
    return referral.by_triage or not _is_guarded(complaint)


def shown(complaint: Complaint, history: Iterable[Event], city: City) -> Shown:
    """The reporter's words and place as an agency may read them: without numbers, unless the reporter said yes to that.

    Of a case that is private, about somebody, withdrawn or hidden by triage nothing is shown: then the words of whoever
    asked have to do, for nobody can know what in a text tells who wrote it.
    """
    hidden = complaint.screening is Screening.HIDDEN or complaint.status is Status.WITHDRAWN
    if _is_guarded(complaint) or hidden:
        return Shown()
    yes = may_share(history)
    category = city.categories.get(complaint.category) if complaint.category else None
    at_home = category is not None and category.pin == "home"
    point = complaint.place.point
    answers = {
        question.id: complaint.answers[question.id]
        for question in (category.questions if category else ())
        # What was typed may be a number or a name; what was picked from a list is neither.
        if question.id in complaint.answers and (yes or question.values or question.datatype == "datetime")
    }

    def passed(text: str) -> str:
        return text if yes else masked(text)

    return Shown(
        passed(complaint.text),
        passed(complaint.place.words),
        complaint.hamlet,
        coarsen(point, PIN_METRES["home"]) if point and at_home else point,
        answers,
    )


def asked_for(referral: Referral, history: Iterable[Event]) -> str:
    """The office's own words to the agency; numbers go no further than the reporter allowed there, either."""
    return referral.text if may_share(history) else masked(referral.text)


def masked(text: str) -> str:
    """A text without phones, customer numbers and mailboxes."""
    return _NUMBER.sub(_HIDDEN, _MAILBOX.sub(_HIDDEN, text))


def may_share(history: Iterable[Event]) -> bool:
    """Whether the reporter said yes to passing a customer number or phone on to an agency."""
    return any(event.data.get(SHARED) for event in history)


def answer(
    complaint: Complaint,
    referral: Referral,
    word: Answer,
    text: str,
    *,
    by_day: date | None = None,
    city: City,
    now: datetime,
) -> Change:
    """Take an agency's answer. It always stands in the history; the state follows only where nobody of the city has
    moved the case: done or not theirs, it is the office's again, to look and to answer. An outsider solves nothing.

    A date that is promised ends the referral's clock, not the city's own promise, whose ladder goes on.
    Raises WindowClosed where the link is void, Invalid for a date that is missing, past or too far.
    """
    if not is_open(referral, complaint, city, now):
        raise WindowClosed(Act.AGENCY_REPLY)
    data: dict[str, Any] = {"agency": referral.agency, "answer": str(word)}
    if word is Answer.WILL_DO:
        data["day"] = _promised(by_day, city, now).isoformat()
    waits = complaint.status is Status.REFERRED and complaint.referred_to == referral.agency
    back = waits and word is not Answer.WILL_DO
    fields: dict[str, Any] = {}
    if back:
        data["office"] = complaint.office
    elif waits:
        fields["clocks"] = complaint.clocks.without(ClockName.REFERRAL)
    act = Act.AGENCY_RETURN if back else Act.AGENCY_REPLY
    who = By("agency", office=referral.agency)
    return change(complaint, act, who, now, said=text, data=data, **fields)


def addressee(done: Change, history: Iterable[Event], city: City) -> str | None:
    """The agency that this change tells by e-mail: when it is asked, and when its time is half or four fifths gone.

    ``history`` is that of before the change. None where it has no mailbox, or its link does not open the case.
    """
    complaint, event = done.complaint, done.event
    asked = event.act is Act.REFER
    if not asked and not (event.act is Act.WARN and event.data.get("clock") == ClockName.REFERRAL):
        return None
    found = referrals([*history, event])
    if not found or not city.offices[found[-1].agency].email:
        return None
    return found[-1].agency if is_open(found[-1], complaint, city, event.at) else None


def suggested_agency(complaint: Complaint, city: City) -> str | None:
    """Whom outside the city a person may want to ask: the owner of a road that the words name, where the category is
    about roads, else the agency that the category names. A suggestion, never an act."""
    category = complaint.category or next(iter(complaint.suggested), "")
    if category in city.road_categories:
        # Two spaces between place and text, so that no name is found across the two.
        said = " ".join(("", *words(complaint.place.words), "", *words(complaint.text), ""))
        for road in city.roads:
            if any(f" {' '.join(words(name))} " in said for name in (road.name, *road.aliases)):
                return road.owner
    found = city.categories.get(category)
    return found.refers_to if found else None


# Inside -------------------------------------------------------------------------------------------------------


def _is_guarded(complaint: Complaint) -> bool:
    return complaint.private or complaint.sealed or complaint.accused is not None


def _promised(by_day: date | None, city: City, now: datetime) -> date:
    today = (now + city.utc_offset).date()
    if by_day is None:
        raise Invalid([Fault("day", "required")])
    if by_day < today:
        raise Invalid([Fault("day", "day_past")])
    if (by_day - today).days > LATEST_DAYS:
        raise Invalid([Fault("day", "moment_far")])
    return by_day
