"""Open311 over the cases of the city: the same filing, the same acts and the same view of the public as everywhere."""

from __future__ import annotations

import hashlib
import heapq
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib import keys
from chalicelib import photos as bucket
from chalicelib.domain import drafts, handling, open311, reporting, routing
from chalicelib.domain.city import City
from chalicelib.domain.complaint import (
    CLAIMED,
    WORKED,
    Change,
    Complaint,
    Event,
    Filing,
    Status,
)
from chalicelib.domain.errors import (
    DomainError,
    Fault,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    StaleComplaint,
)
from chalicelib.domain.geo import Point, cells_for_box, distance_m
from chalicelib.domain.open311 import ROWS_MOST, ServiceType, Span, Wish
from chalicelib.domain.people import Act, Duty, Officer, Role, demand
from chalicelib.domain.photos import For, Photo, goes_public
from chalicelib.domain.visibility import Card, is_listed
from chalicelib.store import complaints, guards
from chalicelib.store import photos as store_photos
from chalicelib.store.complaints import CELL_PRECISION, Entry
from chalicelib.store.complaints import Stored as Stored
from chalicelib.usecases import api_keys, duplicates, intake, photos
from chalicelib.usecases.api_keys import ApiKey
from chalicelib.usecases.handling import MESSAGES_PER_DAY
from chalicelib.usecases.record import city, record

READ_MOST = 20_000
"""Rows of an index that one request may go through: deeper pages are asked for with a shorter span."""
NOTED_MOST = 100
"""Requests of one list whose notes are shown: each of their acts is a row to read."""
_MOST_CELLS = 25
_MOST_KEYS = 5
"""Services that are read each by its own key; of more, the city's list is read and filtered."""
_ENTRIES = 200
_TRIES = 3
_LOOKS = 7
_BETWEEN_LOOKS = 0.5
"""Seconds between two looks at a photo that is being drawn: three in all, for which a Lambda does nothing else."""
_METRES_PER_DEGREE = 111_195


@dataclass(frozen=True, slots=True)
class Query:
    """What a list of requests is narrowed by; None where nothing is said."""

    ids: tuple[str, ...] | None = None
    services: frozenset[str] | None = None
    open: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    near: Point | None = None
    radius_m: float = 0
    page: int = 1
    size: int = ROWS_MOST


def find(query: Query, *, now: datetime) -> list[Stored]:
    """Public requests, newest first, with their words; ids override all else. Raises Invalid for a span too long."""
    if query.ids is not None:
        found = _public(complaints.several(query.ids[:ROWS_MOST]))
        return sorted(found, key=_newest, reverse=True)
    asked = open311.within(open311.span(query.start, query.end, now=now), city(), now)
    if asked is None or query.services == frozenset():
        return []
    first = (query.page - 1) * query.size
    if query.updated_after is not None or query.updated_before is not None:
        codes = _updated(query, asked, now)[first : first + query.size]
    else:
        codes = [card.code for card in islice(_cards(query, asked), first, first + query.size)]
    # An index may lag behind what the case says of itself.
    return [stored for stored in _public(complaints.several(codes)) if _fits(stored.complaint, query)]


def one(code: str) -> Stored:
    """One public request. Raises NotFound for what the public has no list of, too."""
    found = _public(complaints.several([code]))
    if not found:
        raise NotFound(code)
    return found[0]


def token(text: str, *, now: datetime) -> str:
    """The request that a token leads to. Raises NotFound."""
    return guards.token_code(text, now=now)


@dataclass(frozen=True, slots=True)
class Filed:
    """What a post is answered with: an id, a token, or neither."""

    complaint: Complaint
    service_type: ServiceType
    token: str = ""


def file(
    filing: Filing,
    contact: intake.Contact,
    key: ApiKey,
    aside: Mapping[str, Any],
    *,
    now: datetime,
    pictures: Sequence[tuple[bytes, str]] = (),
) -> Filed:
    """File a request as any report is filed, against the key's own cap. Raises what `intake.file_complaint` raises.

    ``pictures`` are files with their types; they take the way of every photo: judged, drawn anew, shown once released.
    ``aside`` is what the answer of the standard has to say again and no report of ours holds.
    """
    kind = open311.service_type(city().categories[filing.category or ""])
    drawn = secrets.token_hex(16) if kind is ServiceType.BATCH else ""

    partner = intake.Partner(
        per_person=key.per_hour > 0,
        aside={**aside, "api_key": key.id},
        beside=(lambda code: guards.with_token(drawn, code, now=now)) if drawn else None,
    )
    client = f"open311:{key.id}"
    retry, ids = None, list[str]()
    if pictures:
        # What is refused for its place or a cap stores no photo at first.
        routing.placed(filing, city())
        person, _ = intake.person_of(contact, None)
        intake.check_caps(person, client, now, partner)
        retry = intake.Retry(secrets.token_urlsafe(24), "")
    try:
        for content, kind_of in pictures:
            # The key's own rate bounds them, with five for each post: an address says nothing here.
            photo = photos.ask_for_draft(retry.key if retry else "", kind_of, client=None, now=now).photo
            ids.append(photo.id)
            bucket.write(f"{bucket.ARRIVES}{photo.id}", content, kind_of)
        filing = replace(filing, photos=tuple(ids))
        filed = intake.file_complaint(filing, contact, client=client, now=now, retry=retry, partner=partner)
    except DomainError:
        photos.take_back(ids)
        raise
    return Filed(filed.complaint, kind, drawn)


def shown_photos(found: Sequence[Stored]) -> dict[str, str]:
    """The first photo of each case that anybody may see, or may once it is drawn, by code; read a hundred at a time."""
    ids = {stored.complaint.code: (stored.spoken or {}).get("photos") or [] for stored in found}
    rows = store_photos.several([photo for each in ids.values() for photo in each])
    complaint_of = {stored.complaint.code: stored.complaint for stored in found}
    first: dict[str, str] = {}
    for code, each in ids.items():
        for photo_id in each:
            photo = rows.get(photo_id)
            if photo is not None and photo.case == code and goes_public(photo, complaint_of[code], city()):
                first.setdefault(code, photo_id)
    return first


def photo_link(photo_id: str) -> str:
    """Where a public photo can be looked at now, for some minutes. Raises NotFound for any other.

    Clients look at once at what they have just sent: one that is being drawn is waited for.
    """
    for _ in range(_LOOKS):
        photo = store_photos.get(photo_id)
        if photo.case is None or not goes_public(photo, complaints.get_head(photo.case).complaint, city()):
            break
        if photo.ready:
            return photos.copies(photo)["large.jpg"]
        time.sleep(_BETWEEN_LOOKS)
    raise NotFound(photo_id)


# Lists --------------------------------------------------------------------------------------------------------


def _public(found: Mapping[str, Stored]) -> list[Stored]:
    return [stored for stored in found.values() if is_listed(stored.complaint)]


def _newest(stored: Stored) -> tuple[datetime, str]:
    return stored.complaint.filed_at, stored.complaint.code


def _cards(query: Query, asked: Span) -> Iterator[Card]:
    """Rows that fit, newest first, each read from the narrowest index that the query allows."""
    profile = city()
    for read, card in enumerate(_read(query, asked, profile)):
        if read >= READ_MOST:
            raise Invalid([Fault("page", "too_deep", {"most": READ_MOST})])
        if query.open is not None and open311.is_open(card.status) is not query.open:
            continue
        if query.services is not None and card.category not in query.services:
            continue
        if query.near is not None and (card.point is None or _far(Point(*card.point), query)):
            continue
        yield card


def _read(query: Query, asked: Span, profile: City) -> Iterator[Card]:
    most = query.page * query.size
    if query.near is not None and (cells := _cells(query.near, query.radius_m)):
        yield from _merged([("by_cell", cell) for cell in cells], asked, most)
        return
    for month in open311.months(asked, profile):
        if query.services is not None and len(query.services) <= _MOST_KEYS:
            keys_of = [("by_category", f"{service}#{month}") for service in sorted(query.services)]
        else:
            keys_of = [("by_month", f"{profile.id}#{month}")]
        yield from _merged(keys_of, asked, most)


def _merged(keys_of: Iterable[tuple[str, str]], asked: Span, most: int) -> Iterator[Card]:
    lists = [complaints.span(index, key, asked.since, asked.until, most=most) for index, key in keys_of]
    return heapq.merge(*lists, key=lambda card: card.position, reverse=True)


def _cells(near: Point, radius_m: float) -> tuple[str, ...]:
    """The cells of a small circle; none for one so large that the city's list is read instead."""
    from math import cos, radians

    lat = radius_m / _METRES_PER_DEGREE
    lon = lat / max(cos(radians(near.lat)), 0.01)
    south, north = max(near.lat - lat, -90), min(near.lat + lat, 90)
    west, east = max(near.lon - lon, -180), min(near.lon + lon, 180)
    try:
        return cells_for_box(south, west, north, east, CELL_PRECISION, _MOST_CELLS)
    except ValueError:
        return ()


def _far(point: Point, query: Query) -> bool:
    return query.near is not None and distance_m(point, query.near) > query.radius_m


def _updated(query: Query, asked: Span, now: datetime) -> list[str]:
    """Codes of requests whose last act lies in the span asked for, newest filed first."""
    # Nothing is updated before it is filed.
    since = max(query.updated_after or asked.since, asked.since)
    until = open311.whole_second(query.updated_before or now)
    moved = open311.within(Span(since, until), city(), now)
    if moved is None:
        return []
    codes = list(dict.fromkeys([*(entry.code for entry in _entries(moved)), *_filed(moved)]))
    found = _public(complaints.several(codes, words=False))
    after = query.updated_after
    fitting = [
        stored
        for stored in found
        if asked.holds(stored.complaint.filed_at)
        and stored.complaint.updated_at <= until
        and (after is None or stored.complaint.updated_at >= after)
        and _fits(stored.complaint, query)
    ]
    return [stored.complaint.code for stored in sorted(fitting, key=_newest, reverse=True)]


def _entries(moved: Span) -> Iterator[Entry]:
    profile, read = city(), 0
    for month in open311.months(moved, profile):
        for entry in complaints.entries(profile, month, moved.since, moved.until):
            read += 1
            if read > READ_MOST:
                raise Invalid([Fault("updated_after", "too_deep", {"most": READ_MOST})])
            yield entry


def _filed(asked: Span) -> Iterator[str]:
    """Codes of the cases that were filed in a span: their filing is no entry of `by_updated`."""
    profile = city()
    keys_of = [("by_month", f"{profile.id}#{month}") for month in open311.months(asked, profile)]
    for read, card in enumerate(_merged(keys_of, asked, READ_MOST)):
        if read >= READ_MOST:
            raise Invalid([Fault("updated_after", "too_deep", {"most": READ_MOST})])
        yield card.code


def _fits(complaint: Complaint, query: Query) -> bool:
    from chalicelib.domain.visibility import public_pin

    if query.open is not None and open311.is_open(complaint.status) is not query.open:
        return False
    if query.services is not None and complaint.category not in query.services:
        return False
    if query.near is None:
        return True
    pin = public_pin(complaint, city())
    return pin is not None and not _far(pin, query)


# Updates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Update:
    """One public act of a request."""

    id: str
    complaint: Complaint
    event: Event
    words: str
    photo: str = ""
    """The id of a proof of the fix that anybody may see."""


def updates(start: datetime | None, end: datetime | None, *, now: datetime) -> list[Update]:
    """Public acts in a span, newest first, at most 1,000; without one, of the last 90 days.

    Raises Invalid where only one of the dates is given, or the span is over 90 days.
    """
    if (start is None) != (end is None):
        raise Invalid([Fault("start_date" if start is None else "end_date", "required")])
    asked = open311.within(open311.span(start, end, now=now), city(), now)
    found: list[Update] = []
    entries = _entries(asked) if asked else iter(())
    heads: dict[str, Stored] = {}
    while batch := list(islice(entries, _ENTRIES)):
        missing = [entry.code for entry in batch if entry.code not in heads]
        heads |= complaints.several(list(dict.fromkeys(missing)), words=False)
        listed = [e for e in batch if e.code in heads and is_listed(heads[e.code].complaint)]
        events = complaints.events(listed)
        for entry in listed:
            event, complaint = events.get((entry.code, entry.version)), heads[entry.code].complaint
            words = open311.told(event, complaint) if event else None
            if event is not None and words is not None:
                found.append(Update(update_id(entry.code, entry.version), complaint, event, words))
            if len(found) == ROWS_MOST:
                return _proven(found)
    return _proven(found)


def notes(found: Sequence[Stored]) -> dict[str, list[Update]]:
    """What happened to each of these requests in public, oldest first, by code; for `NOTED_MOST` of them, the first."""
    asked = [
        Entry(stored.complaint.code, version, "")
        for stored in found[:NOTED_MOST]
        for version in range(2, stored.complaint.version + 1)  # the first is the filing
    ]
    events = complaints.events(asked)
    heads = {stored.complaint.code: stored.complaint for stored in found}
    told: dict[str, list[Update]] = {stored.complaint.code: [] for stored in found[:NOTED_MOST]}
    for entry in asked:
        event, complaint = events.get((entry.code, entry.version)), heads[entry.code]
        words = open311.told(event, complaint) if event else None
        if event is not None and words is not None:
            told[entry.code].append(Update(update_id(entry.code, entry.version), complaint, event, words))
    return told


def _proven(found: list[Update]) -> list[Update]:
    """The updates with the first public photo of each fix, for which only cases are read that may have one."""
    kept: dict[str, list[Photo]] = {}
    made = []
    for each in found:
        if each.event.act is Act.APPROVE or (each.event.act is Act.RESOLVE and each.event.data.get("photos")):
            code = each.complaint.code
            if code not in kept:
                kept[code] = [p for p in photos.of_public(each.complaint) if p.purpose is For.PROOF]
            proofs = [p for p in kept[code] if p.claimed_at and p.claimed_at <= each.event.at]
            latest = max((p.claimed_at for p in proofs if p.claimed_at), default=None)
            photo = next((p.id for p in proofs if p.claimed_at == latest), "")
            each = replace(each, photo=photo)
        made.append(each)
    return made


def update_id(code: str, version: int) -> str:
    return f"{code}.{version}"


@dataclass(frozen=True, slots=True)
class Said:
    """An update of another system: its own id of it, what state it asks for, and words."""

    code: str
    id: str = ""
    wish: Wish | None = None
    words: str = ""
    link: str = ""
    """An address of the web, for whoever reads a reporter's words; an office shows its proof as a photo."""


def update(said: Said, key: ApiKey, *, now: datetime) -> str:
    """Do what an update of another system asks for, once per id of theirs, and return our id of it.

    A key that stands for the case's office acts as its staff; one that filed the request speaks for its reporter.
    Raises NotAllowed for any other, NotFound, and what the rules say of the act.
    """
    told = (said.code, said.wish, said.words, *([said.link] if said.link else []))
    body = hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()
    taken = f"open311:{key.id}#{keys.derive('update', said.id).hex()[:40]}" if said.id else ""
    for attempt in range(_TRIES):
        if taken and (earlier := guards.earlier(taken, now=now)):
            if earlier[0] != body:
                raise KeyReused(taken)
            return earlier[1]
        stored = complaints.get(said.code, consistent=True)
        change = _decide(stored, said, key, now)
        made = update_id(said.code, stored.complaint.version + 1)
        guard = guards.Guard(taken, body, made, now) if taken else None
        try:
            record(change, previous=stored, beside=_beside(stored, change, guard, now))
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
        else:
            return made
    raise AssertionError("unreachable")


def _decide(stored: Stored, said: Said, key: ApiKey, now: datetime) -> Change:
    complaint = stored.complaint
    if api_keys.acts_for(key, complaint.office) and is_listed(complaint):
        return _of_office(stored, said, key, now)
    if (stored.spoken or {}).get("api_key") == key.id:
        if api_keys.UPDATE not in key.scopes:
            raise NotAllowed(f"{key.id} may not {api_keys.UPDATE}")
        return _of_reporter(complaint, said, now)
    if not is_listed(complaint):
        raise NotFound(complaint.code)
    raise NotAllowed(f"{key.id} neither filed it nor stands for its office")


def _of_office(stored: Stored, said: Said, key: ApiKey, now: datetime) -> Change:
    complaint = stored.complaint
    duty = Duty(Role.STAFF, complaint.office)
    officer = Officer(f"api:{key.id}", key.client, "", complaint.office, (duty,))

    def may(act: Act) -> None:
        demand(officer, act, complaint, city())
        # What a head releases, no other system says by itself either.
        if said.words or act is Act.RESOLVE:
            drafts.demand_head(complaint, officer, Act.RESOLVE if act is Act.RESOLVE else Act.REPLY, city())

    if said.wish is Wish.END:
        may(Act.RESOLVE)
        words = said.words or _ENDED_BY.format(client=key.client)
        proof = words if handling.needs_four_eyes(complaint, city()) else ""
        return handling.resolve(
            complaint, officer, words, city=city(), now=now, proof=proof, history=stored.history
        )
    if said.wish is Wish.BEGIN and complaint.status in WORKED - {Status.IN_PROGRESS}:
        may(Act.START)
        return _saying(handling.start(complaint, officer, now=now), said.words)
    if said.wish is Wish.SEE and complaint.status in (Status.RECEIVED, Status.REOPENED):
        may(Act.ACKNOWLEDGE)
        return _saying(handling.acknowledge(complaint, officer, now=now), said.words)
    may(Act.REPLY)
    return handling.reply(complaint, officer, _needed(said.words), now=now)


def _of_reporter(complaint: Complaint, said: Said, now: datetime) -> Change:
    if said.wish is Wish.END and complaint.status in CLAIMED and complaint.resolved_at is not None:
        return reporting.agree(
            complaint, now=now
        )  # which takes no words: none would be looked at for accusations
    words = "\n".join(part for part in (said.words, said.link) if part)  # the office alone reads them
    if said.wish is Wish.OPEN and not complaint.open:
        return reporting.reopen(complaint, _needed(words), city=city(), now=now)
    guards.hit(f"message#{complaint.code}", MESSAGES_PER_DAY, timedelta(days=1), now=now)
    return reporting.message(complaint, _needed(words), city=city(), now=now)


_ENDED_BY = "Dinyatakan selesai oleh {client}."
"""What a case is closed with where the other system said no word; the reporter reads it."""


def _needed(words: str) -> str:
    if not words:
        raise Invalid([Fault("description", "required")])
    return words


def _saying(change: Change, words: str) -> Change:
    return replace(change, event=replace(change.event, text=words)) if words else change


def _beside(
    stored: Stored, change: Change, guard: guards.Guard | None, now: datetime
) -> complaints.Also | None:
    """The guard of their id, and what a reopening adds."""
    voting = duplicates.voting(stored, now) if change.event.act is Act.REOPEN else None
    return complaints.together(voting, guards.taking(guard) if guard else None)
