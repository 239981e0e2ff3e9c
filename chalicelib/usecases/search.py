"""Finding cases by words, office, place, time and state, within what an officer may read.

The index narrows; `people.allowed` decides, on each case as it stands when it is asked for. So a row that lags behind
its case shows nothing that its reader may not see.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib import keys
from chalicelib.domain import search as words
from chalicelib.domain.complaint import OPEN, Complaint, Status
from chalicelib.domain.disposition import names_of
from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.people import Act, Officer, allowed, reads_words
from chalicelib.domain.tracking import parse_code
from chalicelib.domain.visibility import Card
from chalicelib.observability import count
from chalicelib.store import complaints, guards, search
from chalicelib.store.search import Hit
from chalicelib.usecases.reading import may_call_back
from chalicelib.usecases.record import city

MOST = 50
PHONES_PER_HOUR = 30
"""Searches by phone of one officer: enough for a counter, too few to try out a city's numbers."""
_MONTHS = 12
"""Months that one request reads; a cursor goes on from there."""
_HEADS = 200
"""Cases that one request looks at; a page may be short and still have a cursor."""
_STEP = 25


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for. All is optional; what is given must all hold."""

    text: str = ""
    """Words, or one tracking code."""
    phone: str = ""
    """E.164; finds only cases whose reporter may be known to this officer, and nothing else is looked at."""
    office: str | None = None
    area: str | None = None
    """A village or a district."""
    since: date | None = None
    until: date | None = None
    """Days of the city on which it was filed, both included."""
    status: str | None = None
    """One state, or ``open`` or ``ended``."""
    mentioned: bool = False
    """Only cases in whose notes whoever asks is mentioned, or somebody whom they stand in for today."""


@dataclass(frozen=True, slots=True)
class Found:
    cards: tuple[Card, ...]
    cursor: str | None = None
    """Give it back for older ones; None at the end. A page may be short and still have one."""
    too_many: bool = False
    """A word begins so many others that not all were read: name more of it, or an office, or days."""


# Finding -------------------------------------------------------------------------------------------------------


def find(
    officer: Officer, query: Query, *, now: datetime, cursor: str | None = None, limit: int = 20
) -> Found:
    """Cases that fit, newest first, that this officer may read and may find by those words."""
    count("Searches")
    position = _position(cursor)
    if query.phone:
        return _by_phone(officer, query, position, limit, now)
    code = parse_code(city().code_prefix, query.text) if query.text else None
    if code is not None:
        return Found(_shown(officer, [Hit(code, "", "", "", "")], query)[:1])
    wanted = words.wanted(query.text)
    if query.text.strip() and not wanted:
        raise Invalid([Fault("text", "no_words")])
    if query.mentioned:
        wanted.insert(0, tuple(f"{words.MENTION}{who}" for who in sorted(names_of(officer))))
    return _by_words(officer, query, wanted, position, limit, now)


def _by_words(
    officer: Officer,
    query: Query,
    wanted: Sequence[tuple[str, ...]],
    position: Mapping[str, str],
    limit: int,
    now: datetime,
) -> Found:
    shown: list[Card] = []
    looked_at = 0
    too_many = False
    below = position.get("p", "")
    if not position and query.until:
        below = _ms(query.until + timedelta(days=1))
    for read, month in enumerate(_months(query, position.get("m"), now)):
        if read == _MONTHS:
            return Found(tuple(shown), _cursor(month, ""), too_many)
        while True:
            hits, more, cut = _of_month(officer, query, wanted, month, below)
            too_many = too_many or cut
            for start in range(0, len(hits), _STEP):
                step = hits[start : start + _STEP]
                looked_at += len(step)
                there = complaints.get_heads([group[0][0].code for group in step])
                for group in step:
                    below = group[0][0].position
                    stored = there.get(group[0][0].code)
                    if stored is None or not _fits(officer, stored.complaint, group, query):
                        continue
                    shown.append(row(officer, stored))
                    if len(shown) == limit:
                        return Found(tuple(shown), _cursor(month, below), too_many)
                if looked_at >= _HEADS:
                    return Found(tuple(shown), _cursor(month, below), too_many)
            if not more:
                break
            below = more
        below = ""
    return Found(tuple(shown), None, too_many)


Group = tuple[Hit, ...]
"""The hits of one case, at least one for each word."""


def _of_month(
    officer: Officer, query: Query, wanted: Sequence[tuple[str, ...]], month: str, below: str
) -> tuple[list[tuple[Group, ...]], str, bool]:
    """Cases of a month that have every word, newest first; from which position on more have to be read, if any;
    and whether some were left out for being too many."""
    horizon, cut = "", False
    reach = words.reach(officer, city())
    per_word: list[dict[str, list[Hit]]] = []
    for number, forms in enumerate(wanted or _grounds(query, reach)):
        found: dict[str, list[Hit]] = {}
        for form in forms:
            beginning = bool(wanted) and words.is_prefix(form)
            hits, more = search.hits(month, form, beginning=beginning, before=below)
            if more and beginning:
                cut = True
            elif more:
                horizon = max(horizon, hits[-1].position)
            for hit in hits:
                if (below and hit.position >= below) or (number and hit.code not in per_word[-1]):
                    continue
                if _in_question(hit, query, reach):
                    found.setdefault(hit.code, []).append(hit)
        if not found:
            return [], horizon, cut
        per_word.append(found)
    codes = sorted(per_word[-1], key=lambda code: per_word[-1][code][0].position, reverse=True)
    groups = [tuple(tuple(found[code]) for found in per_word) for code in codes]
    if horizon:
        groups = [group for group in groups if group[0][0].position >= horizon]
    return groups, horizon, cut


def _grounds(query: Query, reach: words.Reach | None) -> list[tuple[str, ...]]:
    """Where there are no words: whose lists are read instead."""
    if query.area:
        return [(f"{search.AREA}{query.area}",)]
    if query.office:
        return [(f"{search.OFFICE}{query.office}",)]
    if reach is None:
        return [(search.ALL,)]
    offices = (f"{search.OFFICE}{office}" for office in sorted(reach.offices))
    villages = (f"{search.AREA}{village}" for village in sorted(reach.villages))
    return [(*offices, *villages)]


def _in_question(hit: Hit, query: Query, reach: words.Reach | None) -> bool:
    """Whether a row may belong to a case that fits, by what the row itself says; no case is read for what may not."""
    if query.office and hit.office != query.office:
        return False
    if query.area and hit.village != query.area and not hit.village.startswith(f"{query.area}."):
        return False
    if query.since and hit.at < _ms(query.since):
        return False
    if query.until and hit.at >= _ms(query.until + timedelta(days=1)):
        return False
    return reach is None or reach.may_hold(hit.office, hit.village)


def _fits(officer: Officer, complaint: Complaint, group: Sequence[Group], query: Query) -> bool:
    """Whether the case itself fits and is this officer's to read, and to find by these words."""
    if not allowed(officer, Act.READ, complaint, city()) or not _is(complaint, query):
        return False
    # Where a case stands is found without words, also by who may not read what its reporter wrote.
    return not (query.text or query.mentioned) or all(
        any(words.readable(hit.kind, officer, complaint, city()) for hit in hits) for hits in group
    )


def _is(complaint: Complaint, query: Query) -> bool:
    if query.office and complaint.office != query.office:
        return False
    if query.area and not f"{complaint.area}.".startswith(f"{query.area}."):
        return False
    if query.status == "open":
        return complaint.status in OPEN
    if query.status == "ended":
        return complaint.status not in OPEN
    return query.status is None or complaint.status == Status(query.status)


def row(officer: Officer, stored: complaints.Stored) -> Card:
    """A case as a row for this officer: without the reporter's words where they are not theirs to read."""
    card = complaints.found_card(stored, city())
    return card if reads_words(officer, stored.complaint, city()) else replace(card, excerpt="")


def _shown(officer: Officer, hits: Sequence[Hit], query: Query) -> tuple[Card, ...]:
    there = complaints.get_heads([hit.code for hit in hits])
    return tuple(
        row(officer, there[hit.code])
        for hit in hits
        if hit.code in there
        and _in_days(there[hit.code].complaint, query)
        and _fits(officer, there[hit.code].complaint, (), query)
    )


def _in_days(complaint: Complaint, query: Query) -> bool:
    day = (complaint.filed_at + city().utc_offset).date()
    return (query.since is None or query.since <= day) and (query.until is None or day <= query.until)


# By whom -------------------------------------------------------------------------------------------------------


def knows_reporter(officer: Officer, complaint: Complaint) -> bool:
    """Whether this officer may learn who filed a case: by the reporter's own consent, and by right."""
    if complaint.citizen is None or not allowed(officer, Act.REVEAL, complaint, city()):
        return False
    return complaint.identity_shown or may_call_back(complaint, officer)


def _by_phone(
    officer: Officer, query: Query, position: Mapping[str, str], limit: int, now: datetime
) -> Found:
    """Cases of one number. A reporter who stays hidden is not found by it: the answer would say whose case it is."""
    guards.hit(f"phone_search#{officer.id}", PHONES_PER_HOUR, timedelta(hours=1), now=now)
    before = position.get("p") or None
    person = keys.person_id(query.phone)
    shown: list[Card] = []
    looked_at = 0
    while looked_at < _HEADS:
        cards = complaints.page("by_citizen", person, limit=_STEP, before=before, newest_first=True)
        there = complaints.get_heads([card.code for card in cards])
        for card in cards:
            looked_at += 1
            before = card.position
            stored = there.get(card.code)
            if stored is None or not knows_reporter(officer, stored.complaint):
                continue
            if _in_days(stored.complaint, query) and _fits(officer, stored.complaint, (), query):
                shown.append(row(officer, stored))
                if len(shown) == limit:
                    return Found(tuple(shown), _cursor("", before))
        if len(cards) < _STEP:
            return Found(tuple(shown))
    return Found(tuple(shown), _cursor("", before or ""))


# Cursors -------------------------------------------------------------------------------------------------------


def _months(query: Query, start: str | None, now: datetime) -> Iterator[str]:
    month = (query.until or (now + city().utc_offset).date()).strftime("%Y-%m")
    month = min(month, start) if start else month
    last = max(query.since.strftime("%Y-%m") if query.since else "", city().since)
    while month >= last:
        yield month
        year, number = int(month[:4]), int(month[5:])
        month = f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


def _ms(day: date) -> str:
    """Midnight of the city's day, as rows hold moments."""
    at = datetime(day.year, day.month, day.day) - city().utc_offset  # noqa: DTZ001  UTC by the next line
    return f"{int((at - datetime(1970, 1, 1)).total_seconds() * 1000):013d}"  # noqa: DTZ001


def _cursor(month: str, position: str) -> str:
    told = json.dumps({"m": month, "p": position}, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _position(cursor: str | None) -> dict[str, str]:
    """Read a cursor: a position and no secret. A forged one is a fault of the form."""
    if not cursor:
        return {}
    try:
        value = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise Invalid([Fault("cursor", "cursor_wrong")]) from None
    good = isinstance(value, dict) and set(value) == {"m", "p"}
    good = good and all(isinstance(v, str) and len(v) <= 60 and v.isascii() for v in value.values())
    month = str(value["m"]) if good else "x"
    if month and not (len(month) == 7 and month[4] == "-" and (month[:4] + month[5:]).isdigit()):
        raise Invalid([Fault("cursor", "cursor_wrong")])
    return {"m": month, "p": str(value["p"])}
