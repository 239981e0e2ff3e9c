"""The city as Open311 GeoReport v2 sees it: services of three types, two states, and spans of at most ninety days.

docs/open311.md tells clients; docs/adr/0023 why each choice was made where the standard leaves one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain.city import Category, City
from chalicelib.domain.complaint import OPEN, Complaint, Event, Screening, Status
from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.people import Act
from chalicelib.domain.personal import masked

CHANNEL = "open311"
"""What `Complaint.channel` says of a case that came this way."""
SPAN_MOST = timedelta(days=90)
ROWS_MOST = 1000
PAGE = 50
"""Rows of a numbered page whose size nobody named."""
_LEEWAY = timedelta(hours=1)
"""A client that counted ninety days back sent its request a moment later."""


class ServiceType(StrEnum):
    """What a post is answered with: the request's id, a token that leads to it, or neither."""

    REALTIME = "realtime"
    BATCH = "batch"
    BLACKBOX = "blackbox"


def service_type(category: Category) -> ServiceType:
    """A category whose cases are private has no public request, so no id is given away for one."""
    if category.sensitive or category.sheltered:
        return ServiceType.BLACKBOX
    return ServiceType(category.service_type)


def has_definition(category: Category) -> bool:
    return bool(category.questions)


def changeset(city: City) -> str:
    """The day of the last change, and a mark that moves with every change of services or their questions."""
    told = [
        [c.id, dict(c.labels), c.group, service_type(c)]
        + [
            [
                q.id,
                dict(q.labels),
                q.datatype,
                q.required,
                q.variable,
                {k: dict(v) for k, v in q.values.items()},
            ]
            for q in c.questions
        ]
        for c in city.categories.values()
    ]
    mark = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"{city.services_changed}-{mark[:8]}"


# States -------------------------------------------------------------------------------------------------------


def is_open(status: str) -> bool:
    """Whether somebody of the city still owes an act. Called solved is closed: only its reporter can say otherwise."""
    return status in OPEN


UPDATE_STATES: Mapping[str, str] = {
    Status.RECEIVED: "OPEN",
    Status.ACKNOWLEDGED: "INVESTIGATING",
    Status.IN_PROGRESS: "IN_PROGRESS",
    Status.REFERRED: "IN_PROGRESS",
    Status.SCHEDULED: "ACTION_SCHEDULED",
    Status.REOPENED: "OPEN",
    Status.CONFIRMING: "IN_PROGRESS",
    Status.RESOLVED: "CLOSED",
    Status.CLOSED: "CLOSED",
    Status.REJECTED: "NO_FURTHER_ACTION",
    Status.APPEALED: "OPEN",
    Status.WITHDRAWN: "CLOSED",
}
"""The words of mySociety's extension for what an act led to."""

_ENDED = frozenset({"CLOSED", "FIXED", "RESOLVED", "COMPLETED", "FIXED_-_COUNCIL", "FIXED_-_USER"})
_BEGUN = frozenset({"IN_PROGRESS", "ACTION_SCHEDULED", "PLANNED"})
_SEEN = frozenset({"INVESTIGATING", "ACKNOWLEDGED"})
_OPEN = frozenset({"OPEN", "REOPEN", "REOPENED", "CONFIRMED"})


class Wish(StrEnum):
    """What an update of another system asks for."""

    END = "end"
    BEGIN = "begin"
    SEE = "see"
    OPEN = "open"


def wish(state: str) -> Wish | None:
    """What the state of an update asks for; None for a word that means nothing here."""
    word = state.strip().upper().replace(" ", "_")
    for words, found in ((_ENDED, Wish.END), (_BEGUN, Wish.BEGIN), (_SEEN, Wish.SEE), (_OPEN, Wish.OPEN)):
        if word in words:
            return found
    return None


TELLING = frozenset(
    {
        *(Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.ASK, Act.RESOLVE, Act.APPROVE, Act.PASS_ON, Act.SORT),
        *(Act.REFER, Act.SCHEDULE, Act.GRANT_DATE, Act.REJECT, Act.CLOSE, Act.AGREE, Act.RATE, Act.REOPEN),
        *(Act.AGENCY_REPLY, Act.AGENCY_RETURN, Act.MERGE, Act.UNMERGE, Act.CONFIRM, Act.RAISE, Act.LOWER),
        *(Act.APPEAL, Act.UPHOLD, Act.GRANT),
    }
)
"""Acts that make an update. What a new act tells is decided when it is added here, so it tells nothing before."""


def told(event: Event, complaint: Complaint) -> str | None:
    """The words of an update without numbers of persons, "" where there are none to show, None where the act is no
    update for the public."""
    if event.act not in TELLING:
        return None
    if complaint.screening is not Screening.RELEASED or event.by.kind != "officer":
        return ""
    return masked(event.text)


# Lists --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """Two moments, both included, the last one with its whole second."""

    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        return self.since <= at <= self.until


def whole_second(at: datetime) -> datetime:
    """The last millisecond of the second that a client reads: clients see whole seconds and ask by them."""
    return at.replace(microsecond=999_000)


def span(start: datetime | None, end: datetime | None, *, now: datetime) -> Span:
    """The span that two dates mean, one of them, or none. Raises Invalid where it is upside down or over 90 days."""
    if start is not None and end is not None:
        if end < start:
            raise Invalid([Fault("end_date", "span_upside_down")])
        if end - start > SPAN_MOST:
            raise Invalid([Fault("end_date", "span_long")])
    elif start is not None:
        end = max(now, start)
        if end - start > SPAN_MOST + _LEEWAY:
            raise Invalid([Fault("start_date", "span_long")])
    else:
        end = end or now
        start = _back(end)
    return Span(start, whole_second(end))


def within(found: Span, city: City, now: datetime) -> Span | None:
    """The part of a span in which there can be cases: not before the city's first month, nor after now."""
    first = datetime.fromisoformat(f"{city.since}-01T00:00:00+00:00") - city.utc_offset
    since, until = max(found.since, first), min(found.until, whole_second(now))
    return Span(since, until) if since <= until else None


def months(found: Span, city: City) -> list[str]:
    """The months of the city's own calendar that a span touches, the newest first."""
    last, first = (f"{at + city.utc_offset:%Y-%m}" for at in (found.until, found.since))
    months = [last]
    while months[-1] > first:
        year, month = int(months[-1][:4]), int(months[-1][5:])
        months.append(f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02d}")
    return months


def _back(end: datetime) -> datetime:
    try:
        return end - SPAN_MOST
    except OverflowError:
        return end


# One request --------------------------------------------------------------------------------------------------


def expected(complaint: Complaint, due: datetime | None) -> datetime | None:
    """The promised moment: an accepted new date, else the promise to solve."""
    return complaint.new_date or due


def shown_answers(complaint: Complaint, city: City) -> Mapping[str, Any]:
    """Answers that name nobody: choices, numbers and moments of a released case. Free words stay with the office."""
    category = city.categories.get(complaint.category) if complaint.category else None
    if category is None or complaint.screening is not Screening.RELEASED:
        return {}
    free = {"string", "text"}
    return {
        question.id: complaint.answers[question.id]
        for question in category.questions
        if question.variable and question.datatype not in free and question.id in complaint.answers
    }
