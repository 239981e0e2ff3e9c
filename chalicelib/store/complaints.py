"""Complaints in DynamoDB: one write that tells the whole truth, and every list by a key of its own.

docs/access-patterns.md names the index of each list and what a page of it costs.
"""

from __future__ import annotations

import heapq
import json
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.domain import ledger
from chalicelib.domain.asking import foreseen
from chalicelib.domain.city import City, Kind
from chalicelib.domain.complaint import (
    CLAIMED,
    Alarm,
    Asked,
    By,
    Change,
    Complaint,
    Event,
    Merged,
    Outcome,
    Place,
    Screening,
    Status,
)
from chalicelib.domain.duplicates import SOLVED_ONES, Spot, asleep, may_be_near
from chalicelib.domain.errors import NotFound, Passing, StaleComplaint
from chalicelib.domain.geo import Point, geohash
from chalicelib.domain.lists import LISTED, is_lost, lost_list, post_of, stands_on
from chalicelib.domain.notices import Notice
from chalicelib.domain.people import Act, triage_for
from chalicelib.domain.scheduling import asked as asked_date
from chalicelib.domain.service_level import NEVER, TRANSIENT, Clock, ClockName, Clocks
from chalicelib.domain.tracking import short
from chalicelib.domain.visibility import Card, is_listed, public_pin, public_text
from chalicelib.store import guards, outbox, search
from chalicelib.store.tables import (
    DUE_SHARDS,
    HEAD_KEYS,
    ComplaintRow,
    PersonRow,
    connection,
    moment,
    read_moment,
    shard,
)

CELL_PRECISION = 6
"""Geohash cells of about 1.2 km by 0.6 km."""
HEAD_BYTES = 2048
"""Two write units: a head must stay within them all its life."""
EXCERPT_CHARACTERS = (80, 60, 40, 20)
"""Each head holds up to three excerpts: the longest with which it stays within its bytes."""
URGENT = "!"
"""Before the moment in an inbox's range key: sorts before every digit, so that an unanswered emergency comes first."""
_NUMBER_BYTES = 21
"""What DynamoDB takes for a number at the most."""
_TOP = post_of(LISTED[-1])
"""Whoever has a case past the last rung: where nothing else is said, a head leaves that out."""
BESIDE = "~"
"""Rows of a case's partition from here on are read apart: a popular case has thousands (`store.joins`)."""
MOST_SPOTS = 1000
"""Read of one cell of one category at the most: as many unsolved reports as no street has."""
_MICRO = 1_000_000
COUNT = "count#"
MERGED_HERE = f"{COUNT}merged"
SPAN_PAGE = 250
BATCH = 100
"""Rows that DynamoDB hands out by key in one request."""
CONFLICT_RETRIES = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT = {ClockName.HANDOVER: "h", ClockName.REFERRAL: "r", ClockName.REDO: "d", ClockName.APPEAL: "a"}
"""What a head calls the clocks that are gone when they end: every letter counts there."""
_APART = TRANSIENT | {ClockName.ALARM, ClockName.CEILING}
"""Clocks that a head holds beside the others, and only while they run."""
_FILED = ("text", "answers", "accused_words", "words")
"""Of these what a filing says; the rest comes later."""
_MILLISECOND = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_SPOKEN = ("text", "answers", "accused_words", "rating_words", "public_text")
"""Fields of the ``text`` row: all that a person wrote, apart from the state, so that it can be erased alone."""
_OUTLIVES = ("key",)
"""What of the ``text`` row an erasure leaves: under which key the report's origin is kept, to find and forget it."""

Also = Callable[[TransactWrite], None]
"""Adds rows of its own to a transaction."""


def together(*parts: Also | None) -> Also | None:
    """Several of them as one, in order."""
    adding = [part for part in parts if part is not None]

    def add(transaction: TransactWrite) -> None:
        for part in adding:
            part(transaction)

    return add if adding else None


class CodeTaken(Exception):
    """The tracking code, random as it is, exists already: draw another."""


class AlreadyDone(Exception):
    """The idempotency guard exists: this very request was answered before."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A complaint as read, with what a later version of the code may have written beside what this one knows."""

    complaint: Complaint
    history: tuple[Event, ...] = ()
    entries: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    """The history as its rows hold it, each with its version and its seal (`domain.ledger`)."""
    body: Mapping[str, Any] = field(default_factory=dict)
    spoken: Mapping[str, Any] | None = None
    """The ``text`` row's body; None where the head alone was read, and nothing can be saved upon that."""
    keys: Mapping[str, str] = field(default_factory=dict)
    joined: int = 0
    """How many people joined; 0 where the head alone was read."""
    merged_here: int = 0
    """How many cases go with this one; 0 where the head alone was read."""


def get(code: str, *, consistent: bool = False) -> Stored:
    """Read a case with its whole history: one query of its partition, but for who joined. Raises NotFound."""
    rows = list(ComplaintRow.query(code, ComplaintRow.sk < BESIDE, consistent_read=consistent))
    head = next((row for row in rows if row.sk == "head"), None)
    if head is None:
        raise NotFound(code)
    spoken: dict[str, Any] = next((json.loads(row.body) for row in rows if row.sk == "text"), {})
    entries = tuple(
        (int(row.sk.removeprefix("event#")), json.loads(row.body))
        for row in rows
        if row.sk.startswith("event#")
    )
    tallies = {row.sk: int(row.tally or 0) for row in rows if row.sk.startswith(COUNT)}
    merged_here = tallies.pop(MERGED_HERE, 0)
    return replace(_stored(head, spoken, entries), joined=sum(tallies.values()), merged_here=merged_here)


def get_head(code: str, *, consistent: bool = False) -> Stored:
    """Read the state alone, without text or history: half a read unit, or one. Raises NotFound."""
    query = ComplaintRow.query(code, ComplaintRow.sk == "head", limit=1, consistent_read=consistent)
    row = next(iter(query), None)
    if row is None:
        raise NotFound(code)
    return _stored(row, None)


def get_heads(codes: Sequence[str], *, consistent: bool = False) -> dict[str, Stored]:
    """The states of several cases by their codes, half a read unit each, or one; one that is not there is left out."""
    rows = ComplaintRow.batch_get(
        [(code, "head") for code in dict.fromkeys(codes)], consistent_read=consistent
    )
    return {row.pk: _stored(row, None) for row in rows}


def as_it_was(stored: Stored, version: int, body: Mapping[str, Any]) -> Complaint:
    """A case in an earlier state, from the body that its head had then and the words that it has now."""
    return _complaint(stored.complaint.code, version, body, stored.spoken or {})


def found_card(stored: Stored, city: City) -> Card:
    """A row of a list made of a head alone, of an ended case, too; with the words that one of its own cards holds."""
    complaint = stored.complaint
    told = next(
        (
            json.loads(stored.keys[name]).get("excerpt", "")
            for name in ("staff_card", "mine_card", "public_card")
            if name in stored.keys
        ),
        "",
    )
    card = _staff_card(complaint, city, 0, asks_date=False)
    card["ceiling"] = moment(_from_ms(card["ceiling"])) if card["ceiling"] else None
    return Card(
        code=complaint.code,
        position=stored.keys["listed_at"],
        due=moment(complaint.inbox_at) if complaint.open else None,
        **{**card, "excerpt": "" if complaint.sealed else told},
    )


def save(
    change: Change,
    city: City,
    notices: Sequence[Notice] = (),
    *,
    previous: Stored | None = None,
    guard: guards.Guard | None = None,
    reporter: PersonRow | None = None,
    beside: Also | None = None,
    aside: Mapping[str, Any] | None = None,
) -> None:
    """Store the new state, the entry that explains it, its notices, the reporter and the guard: all of them or none.

    ``aside`` is kept with the words of a new case and read as `Stored.spoken`: what a channel has to say again.
    Without ``previous`` the case is new. ``beside`` adds rows of its own; where a condition of theirs fails, the
    race is lost, too. Raises StaleComplaint where somebody was faster, CodeTaken or AlreadyDone for a new case. A mere
    collision of transactions is no lost race and is tried again.
    """
    complaint = change.complaint
    for attempt in range(CONFLICT_RETRIES + 1):
        try:
            with TransactWrite(connection=connection()) as transaction:
                if beside is not None:
                    beside(transaction)
                _write_head(transaction, change, city, previous, aside)
                for notice in notices:
                    transaction.save(outbox.row(notice), condition=outbox.is_new())
                if search.changes(change, previous.complaint if previous else None):
                    search.mark(transaction, change)
                if reporter is not None:
                    transaction.save(reporter)
                if guard is not None:
                    transaction.save(guards.row(guard), condition=guards.is_free(guard.now))
            return
        except TransactWriteError as error:
            reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
            if lost := _lost(reasons, previous, guard, complaint.code):
                raise lost from error
            if beside is not None and "ConditionalCheckFailed" in reasons:
                raise StaleComplaint(complaint.code) from error
            if "TransactionConflict" not in reasons or attempt == CONFLICT_RETRIES:
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311  jitter, no secret


def due(now: datetime) -> Iterator[str]:
    """Codes of cases that time has brought due, longest waiting first over all shards; read page by page as taken."""
    shards = (
        ComplaintRow.due.query(str(number), ComplaintRow.wakes_at <= moment(now), page_size=250)
        for number in range(DUE_SHARDS)
    )
    for row in heapq.merge(*shards, key=lambda row: str(row.wakes_at)):
        yield row.pk


def page(
    index: str,
    key: str,
    *,
    limit: int,
    before: str | None = None,
    after: str | None = None,
    until: datetime | None = None,
    newest_first: bool,
) -> list[Card]:
    """One bounded read of one key of one index; ``before``/``after`` are positions of cards.

    ``until`` ends a list that has the oldest first before that moment.
    """
    range_name, card_name = _RANGE[index], _CARD[index]
    range_attribute = getattr(ComplaintRow, range_name)
    condition = None
    if newest_first and before is not None:
        condition = range_attribute < before
    elif not newest_first and until is not None:
        # A position is longer than the moment it begins with, so one of that very moment lies behind it. A space sorts
        # before all that a position could go on with: BETWEEN takes in its bounds, and the cursor's row is not wanted.
        first, last = f"{after} " if after else URGENT, moment(until)
        if first > last:
            return []
        condition = range_attribute.between(first, last)
    elif not newest_first and after is not None:
        condition = range_attribute > after
    # Not through the model, and only what a card is made of: the client's work is per attribute, the model's per row.
    found = ComplaintRow._get_connection().query(
        key,
        condition,
        index_name=index,
        limit=limit,
        scan_index_forward=not newest_first,
        attributes_to_get=["pk", range_name, card_name],
    )
    return [_card(item, range_name, card_name) for item in found["Items"]]


def spots(category: str, cell: str, south: float, north: float, *, solved: bool) -> list[Spot]:
    """Where cases of a category stand in public in a strip of a cell, open ones or those that were solved.

    A strip costs what lies in it: neither other categories nor what is open elsewhere in the city is read.
    """
    bounds = (f"{_micro(south, 90):09d}", f"{_micro(north, 90):09d}{BESIDE}")
    found = ComplaintRow._get_connection().query(
        _spot_key(category, cell, solved=solved),
        ComplaintRow.spot_at.between(*bounds),
        index_name="by_spot",
        limit=MOST_SPOTS,
        attributes_to_get=["pk", "spot_at"],
    )
    return [_spot(item["pk"]["S"], item["spot_at"]["S"]) for item in found["Items"]]


def public_card(stored: Stored) -> Card | None:
    """A case as public lists show it, of a head that was read; None where they do not."""
    names = ("listed_at", "public_card")
    if any(name not in stored.keys for name in names):
        return None
    item = {"pk": {"S": stored.complaint.code}, **{name: {"S": stored.keys[name]} for name in names}}
    return _card(item, *names)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act of a case that was in public lists when it was done."""

    code: str
    version: int
    position: str


def span(index: str, key: str, since: datetime, until: datetime, *, most: int = SPAN_PAGE) -> Iterator[Card]:
    """Cards of one key of a list by ``listed_at``, newest first, filed between two moments, both included.

    They are read so many at a time as are taken: ``most`` where the taker knows that it wants no more.
    """
    wanted = ["pk", "listed_at", "public_card"]
    for item in _between(index, key, since, until, "listed_at", wanted, min(most, SPAN_PAGE)):
        yield _card(item, "listed_at", "public_card")


def entries(city: City, month: str, since: datetime, until: datetime) -> Iterator[Entry]:
    """Acts in one month of the city between two moments, both included, newest first."""
    key = f"{city.id}#{month}"
    for item in _between("by_updated", key, since, until, "updated_at", ["pk", "sk", "updated_at"]):
        version = int(item["sk"]["S"].removeprefix("event#"))
        yield Entry(item["pk"]["S"], version, item["updated_at"]["S"])


def _between(
    index: str,
    key: str,
    since: datetime,
    until: datetime,
    range_name: str,
    wanted: list[str],
    most: int = SPAN_PAGE,
) -> Iterator[Mapping[str, Any]]:
    """Rows of one key of one index, newest first, read by the page as they are taken."""
    # A position goes on with # and the code after its moment.
    condition = getattr(ComplaintRow, range_name).between(moment(since), f"{moment(until)}~")
    start: Mapping[str, Any] | None = None
    while True:
        found = ComplaintRow._get_connection().query(
            key,
            condition,
            index_name=index,
            limit=most,
            scan_index_forward=False,
            attributes_to_get=wanted,
            exclusive_start_key=start,
        )
        yield from found["Items"]
        start = found.get("LastEvaluatedKey")
        if not start:
            return


def several(codes: Sequence[str], *, words: bool = True) -> dict[str, Stored]:
    """Cases by their codes, without histories; those that there are. Nothing can be saved upon them.

    Read eventually, a hundred rows at a time: half a unit for the state of a case, and half for its words.
    """
    heads = _rows([(code, "head") for code in codes])
    said = _rows([(code, "text") for code in codes]) if words else {}
    found: dict[str, Stored] = {}
    for code in codes:
        if row := heads.get((code, "head")):
            text = said.get((code, "text"))
            spoken: dict[str, Any] = json.loads(text["body"]["S"]) if text else {}
            complaint = _complaint(code, int(row["version"]["N"]), json.loads(row["body"]["S"]), spoken)
            found[code] = Stored(complaint, spoken=spoken)
    return found


def events(acts: Sequence[Entry]) -> dict[tuple[str, int], Event]:
    """What happened in these acts, by code and version; read as `several` does."""
    rows = _rows([(act.code, f"event#{act.version:06d}") for act in acts])
    return {
        (code, int(sk.removeprefix("event#"))): _event(json.loads(row["body"]["S"]))
        for (code, sk), row in rows.items()
    }


def _rows(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Rows by their keys, what has not come asked for again; not through the model, whose work is per attribute."""
    table = ComplaintRow._get_connection()
    wanted = list(dict.fromkeys(keys))
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    tries = 0
    while wanted:
        batch, wanted = wanted[:BATCH], wanted[BATCH:]
        asked: Any = [{"pk": pk, "sk": sk} for pk, sk in batch]
        answer = table.batch_get_item(asked, attributes_to_get=["pk", "sk", "version", "body"])
        for row in answer["Responses"].get(ComplaintRow.Meta.table_name, ()):
            found[row["pk"]["S"], row["sk"]["S"]] = row
        left = answer.get("UnprocessedKeys", {}).get(ComplaintRow.Meta.table_name, {}).get("Keys", ())
        wanted += [(key["pk"]["S"], key["sk"]["S"]) for key in left]
        tries = tries + 1 if left else 0
        if tries > CONFLICT_RETRIES:
            raise Passing("rows of the table were left unread")
        if left:
            time.sleep(random.uniform(0.01, 0.05) * 2**tries)  # noqa: S311  jitter, no secret
    return found


def public_key(index: str, value: str, month: str, city: City) -> str:
    """The hash key of a monthly public list."""
    return f"{city.id if index == 'by_month' else value}#{month}"


_RANGE = {
    "by_citizen": "listed_at",
    "by_office": "inbox_at",
    "by_area_staff": "inbox_at",
    "by_screening": "inbox_at",
    "by_top": "inbox_at",
    "by_public_office": "listed_at",
    "by_area": "listed_at",
    "by_category": "listed_at",
    "by_month": "listed_at",
    "by_cell": "listed_at",
    "by_scheduled": "until_at",
}
_CARD = {
    name: "mine_card"
    if name == "by_citizen"
    else "staff_card"
    if _RANGE[name] == "inbox_at"
    else "public_card"
    for name in _RANGE
}


_CARD_FIELDS = frozenset(f.name for f in fields(Card))
_SHORT_MOMENTS = frozenset({"until", "filed_at", "ceiling"})
"""Moments that a card may hold as whole milliseconds, half as long as in words."""


# Complaint -> rows --------------------------------------------------------------------------------------------


def _write_head(
    transaction: TransactWrite,
    change: Change,
    city: City,
    previous: Stored | None,
    aside: Mapping[str, Any] | None = None,
) -> None:
    complaint = change.complaint
    if previous is not None and previous.spoken is None:
        # The cards of all lists are made of the words, too: they would be stored empty.
        raise ValueError(f"the words of {complaint.code} were not read")
    history = (*(previous.history if previous else ()), change.event)
    joined = previous.joined if previous else 0
    body = _dump({**(previous.body if previous else {}), **_body(complaint)})
    keys = _fitting_keys(complaint, city, body, asks_date=asked_date(history) is not None, joined=joined)
    said = _spoken(complaint)
    entry = ComplaintRow(
        complaint.code, f"event#{complaint.version:06d}", body=_dump(_sealed(change, said, previous))
    )
    # That a case was filed is no change of it: `by_month` has it at that very moment.
    if previous is not None and is_listed(complaint):
        entry.city_month = f"{city.id}#{_month(change.event.at, city)}"
        entry.updated_at = f"{moment(change.event.at)}#{short(complaint.code)}"
    head = ComplaintRow(complaint.code, "head")
    if previous is None:
        head = ComplaintRow(complaint.code, "head", version=complaint.version, body=body)
        head.set_keys(keys)
        transaction.save(head, condition=ComplaintRow.pk.does_not_exist())
        transaction.save(ComplaintRow(complaint.code, "text", body=_dump({**(aside or {}), **said})))
        transaction.save(entry)
        return
    if said != _spoken(previous.complaint) or change.event.act is Act.ERASE:
        words = ComplaintRow(complaint.code, "text")
        kept = previous.spoken or {}
        if change.event.act is Act.ERASE:
            # Of what a channel kept beside the words nothing stays but where the origin is to be forgotten.
            kept = {name: kept[name] for name in _OUTLIVES if name in kept}
        transaction.update(words, [ComplaintRow.body.set(_dump({**kept, **said}))])
    # An update and not a put: attributes that a newer version of the code wrote must survive this one.
    actions: list[Action] = [
        ComplaintRow.version.set(complaint.version),
        ComplaintRow.body.set(body),
    ]
    for name in HEAD_KEYS:
        attribute = getattr(ComplaintRow, name)
        if keys.get(name) == previous.keys.get(name):
            continue
        actions.append(attribute.set(keys[name]) if name in keys else attribute.remove())
    # The last update of the transaction: `_lost` looks there for its condition.
    transaction.update(head, actions, condition=ComplaintRow.version == previous.complaint.version)
    transaction.save(entry, condition=ComplaintRow.pk.does_not_exist())


def _fitting_keys(
    complaint: Complaint, city: City, body: str, *, asks_date: bool, joined: int
) -> dict[str, str]:
    """The keys of a head with the longest excerpts that leave it within its bytes, or the shortest there are."""
    for most in EXCERPT_CHARACTERS:
        keys = head_keys(complaint, city, asks_date=asks_date, excerpt=most, joined=joined)
        told = {"pk": complaint.code, "sk": "head", "version": "9" * _NUMBER_BYTES, "body": body, **keys}
        if sum(len(name) + len(value.encode()) for name, value in told.items()) < HEAD_BYTES:
            break
    return keys


def head_keys(
    complaint: Complaint,
    city: City,
    *,
    asks_date: bool = False,
    excerpt: int = EXCERPT_CHARACTERS[0],
    joined: int = 0,
) -> dict[str, str]:
    """Index keys and cards of a case; a key that is missing takes the case out of that list.

    ``asks_date``: a request for a new date waits for the secretary. It lives in the history alone.
    ``excerpt``: so many characters of the words stand in each card at the most.
    ``joined`` is how many had joined when the head was read: who joins later touches no head, so a card may lag.
    """
    wakes_at = complaint.wakes_at(city)
    # Lists sort by, and show, where a pause takes the deadline at the most: a case is not late because it is paused.
    complaint = replace(complaint, clocks=foreseen(complaint, city))
    listed_at = f"{moment(complaint.filed_at)}#{short(complaint.code)}"
    keys = {"listed_at": listed_at}
    if complaint.citizen:
        keys["citizen_id"] = complaint.citizen
        keys["mine_card"] = _lean(_mine_card(complaint, excerpt))
    if wakes_at is not None:
        keys["due_shard"] = shard(complaint.code, DUE_SHARDS)
        keys["wakes_at"] = moment(wakes_at)
    held = complaint.screening is Screening.HELD and not complaint.private and not complaint.sealed
    if complaint.open or held:
        first = URGENT if _is_urgent(complaint, city) else ""
        keys["inbox_at"] = f"{first}{moment(complaint.inbox_at)}#{short(complaint.code)}"
        card = _staff_card(complaint, city, excerpt, asks_date=asks_date)
        keys["staff_card"] = _lean({**card, "joined": joined})
    if is_lost(complaint) and complaint.ended_at is not None:
        keys["top_open"] = lost_list(complaint.ended_at, city)
        keys["inbox_at"] = f"{moment(complaint.ended_at)}#{short(complaint.code)}"
        keys["staff_card"] = _lean(_staff_card(complaint, city, excerpt, asks_date=False))
    # A merged case is worked on, and found on the map, where it went.
    if complaint.open and complaint.merged is None:
        keys["office_open"] = complaint.office
        if complaint.area and not complaint.sealed and not complaint.sheltered(city):
            keys["area_open"] = complaint.area
    elif complaint.open and not complaint.sorted:
        keys["office_open"] = triage_for(complaint.accused, city)  # words that it has to decide on came since
    if complaint.open and (role := stands_on(complaint, asks_date=asks_date)):
        keys["top_open"] = role
    if held and complaint.status not in (Status.WITHDRAWN, Status.REJECTED, Status.APPEALED):
        keys["screening_open"] = city.id
    if complaint.unheard:
        keys["screening_open"] = alarms_key(city)  # and back once somebody has it
    if is_listed(complaint):
        month = _month(complaint.filed_at, city)
        keys["public_card"] = _lean(_public_card(complaint, city, excerpt))
        keys["public_month"] = f"{city.id}#{month}"
        keys["public_office_month"] = f"{complaint.office}#{month}"
        if complaint.open and complaint.new_date is not None:
            keys["scheduled_open"] = city.id
            keys["until_at"] = f"{moment(complaint.new_date)}#{short(complaint.code)}"
        if complaint.area:
            keys["public_area_month"] = f"{complaint.area}#{month}"
        if complaint.category:
            keys["public_category_month"] = f"{complaint.category}#{month}"
        pin = public_pin(complaint, city)
        if pin and complaint.merged is None:
            keys["public_cell"] = geohash(pin, CELL_PRECISION)
            keys |= _spot_keys(complaint, city, pin)
    return keys


def _spot_keys(complaint: Complaint, city: City, pin: Point) -> dict[str, str]:
    """Where an open case may be joined, or one was solved that might come again."""
    category = city.categories.get(complaint.category or "")
    solved_at = complaint.resolved_at if complaint.status in SOLVED_ONES else None
    if category is None or not may_be_near(category) or not (complaint.open or solved_at):
        return {}
    cell = geohash(pin, CELL_PRECISION)
    # South to north, so that a strip is one range; of a solved one the minute, for its heads are not all read.
    at = f"{_micro(pin.lat, 90):09d}{_micro(pin.lon, 180):09d}"
    solved = f"{(solved_at - _EPOCH) // _MINUTE}" if solved_at else ""
    return {"spot": _spot_key(category.id, cell, solved=solved_at is not None), "spot_at": at + solved}


def _spot_key(category: str, cell: str, *, solved: bool) -> str:
    return f"{category}#{cell}{'#s' if solved else ''}"


def _spot(code: str, at: str) -> Spot:
    place = Point(round(int(at[:9]) / _MICRO - 90, 6), round(int(at[9:18]) / _MICRO - 180, 6))
    return Spot(code, place, _EPOCH + int(at[18:]) * _MINUTE if at[18:] else None)


def _micro(degrees: float, most: int) -> int:
    """Millionths of a degree, some 11 cm, from the south pole or the date line on: never negative."""
    return round((degrees + most) * _MICRO)


def alarms_key(city: City) -> str:
    """The key of all emergencies that nobody has acknowledged yet, in the index of what triage has to look at."""
    return f"{city.id}#alarm"


def _is_urgent(complaint: Complaint, city: City) -> bool:
    waits = complaint.alarm is Alarm.WAITS and complaint.emergency(city) is not None
    return complaint.open and (complaint.unheard or waits)


def _month(at: datetime, city: City) -> str:
    return (at + city.utc_offset).strftime("%Y-%m")


def _excerpt(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 3].rstrip() + "..."


def _public_card(complaint: Complaint, city: City, excerpt: int) -> dict[str, Any]:
    released = complaint.screening is Screening.RELEASED
    pin = public_pin(complaint, city)
    due = complaint.clocks.get(ClockName.RESOLUTION)
    scheduled = complaint.new_date if complaint.open else None
    return {
        "until": _ms(scheduled),
        # The list of scheduled cases goes by their date: its keys do not say when they were filed.
        "filed_at": _ms(complaint.filed_at) if scheduled else None,
        "kind": complaint.kind,
        "status": complaint.status,
        "category": complaint.category,
        "area": complaint.area,
        "office": complaint.office,
        "due": moment(due.due) if due and complaint.open else None,
        "excerpt": _excerpt(public_text(complaint), excerpt) if released else "",
        "point": [pin.lat, pin.lon] if pin else None,
        "screening": complaint.screening,
        "marked": complaint.marked_overdue,
    }


def _staff_card(complaint: Complaint, city: City, excerpt: int, *, asks_date: bool) -> dict[str, Any]:
    # Without ``due``: the inboxes' range key begins with it.
    return {
        "kind": complaint.kind,
        "status": complaint.status,
        "category": complaint.category,
        "area": complaint.area,
        "hamlet": complaint.hamlet,
        "office": complaint.office,
        "level": complaint.level,
        "filed_at": moment(complaint.filed_at),
        "excerpt": "" if complaint.sealed else _excerpt(complaint.text, excerpt),
        "private": complaint.private,
        "sealed": complaint.sealed,
        "accused": complaint.accused,
        "screening": complaint.screening,
        "asked": 1 if complaint.asked.open else 2 if complaint.asked.unanswered else 0,
        "danger": complaint.danger,
        "alarm": (complaint.alarm or ("u" if complaint.unheard else "a"))
        if complaint.emergency(city)
        else "",
        "asks_date": asks_date,
        "marked": complaint.marked_overdue,
        "ceiling": _told_ceiling(complaint),
    }


def _told_ceiling(complaint: Complaint) -> int | None:
    clock = complaint.clocks.get(ClockName.CEILING)
    return _ms(clock.due) if clock and complaint.clocks.at_ceiling else None


def _mine_card(complaint: Complaint, excerpt: int) -> dict[str, Any]:
    return {
        "kind": complaint.kind,
        "status": complaint.status,
        "category": complaint.category,
        "area": complaint.area,
        "office": "" if complaint.sealed else complaint.office,
        "due": moment(complaint.inbox_at) if complaint.open else None,
        "excerpt": _excerpt(complaint.text, excerpt),
        "private": complaint.private,
        "screening": complaint.screening,
    }


def _body(complaint: Complaint) -> dict[str, Any]:
    """The state as JSON; what is empty, false or nought is left out, so that a head stays under two write units."""
    place = complaint.place
    values: dict[str, Any] = {
        f.name: _ms(value) if isinstance(value := getattr(complaint, f.name), datetime) else value or None
        for f in fields(Complaint)
        if f.name not in (*_SPOKEN, "code", "version", "place", "clocks", "asked", "merged")
    }
    values["place"] = [place.point.lat, place.point.lon, place.approximate] if place.point else None
    values["clocks"] = [
        [clock.name, _ms(clock.due), _ms(clock.climbs_at), clock.climbed, _ms(clock.stopped_at)]
        for clock in complaint.clocks
        # That a text was read in time is in the history, and nothing asks the head for it.
        if clock.name not in _APART and (clock.running or clock.name is not ClockName.SCREENING)
    ]
    # By themselves: the version before this one knows none of them and would stumble over their names.
    values["ceil"] = _ceiling_body(complaint.clocks.get(ClockName.CEILING))
    values["inside"] = {
        _SHORT[clock.name]: [
            _ms(clock.due),
            _ms(clock.climbs_at),
            clock.climbed,
            clock.rung.removesuffix(f"@{complaint.office}"),
            _ms(clock.rests_until),
        ]
        for clock in complaint.clocks
        if clock.name in TRANSIENT
    }
    alarm = complaint.clocks.get(ClockName.ALARM)
    values["alarm_clock"] = (
        [_ms(alarm.due), _ms(alarm.climbs_at), alarm.climbed] if alarm and alarm.running else None
    )
    values["steps"] = {
        clock.name: clock.step
        for clock in complaint.clocks
        if clock.step is not None and clock.running and clock.name is not ClockName.CEILING
    }
    # Beside the clocks and not in them: the version before this one reads the five fields above and no sixth.
    # A claimed fix that does not hold goes on with the rung it had, and on the lists it stood on.
    values["rungs"] = {
        clock.name: [clock.rung, _ms(clock.rests_until)]
        for clock in complaint.clocks
        if clock.rung
        and clock.name not in TRANSIENT
        and (clock.running or (clock.name is ClockName.RESOLUTION and complaint.status in CLAIMED))
        and (clock.rung, clock.climbs_at) != (_TOP, NEVER)
    }
    values["warns"] = {
        clock.name: [int((clock.due - at).total_seconds() // 60) for at in clock.warns]
        for clock in complaint.clocks
        if clock.warns and clock.running and clock.name is not ClockName.CEILING
    }
    values["asked"] = _asked_body(complaint)
    values["merged"] = [complaint.merged.into, _ms(complaint.merged.at)] if complaint.merged else None
    values["link_version"] = complaint.link_version if complaint.link_version > 1 else None
    # A key that became empty must stay in the text, or the merge with the stored body would revive its old value.
    return values


_ASLEEP: Mapping[str, str] = {ClockName.RESOLUTION: "r", ClockName.VERIFICATION: "v", ClockName.REDO: "d"}
"""The clocks that a question may pause, as short as a head can name them."""


def _asked_body(complaint: Complaint) -> list[Any] | None:
    """What was asked so far; of a question that waits its moments too, and the letters of the clocks it pauses.

    The second and third moment are milliseconds after the first, 0 where there is none of its own: a head is small.
    """
    asked = complaint.asked
    if not asked.number:
        return None
    body: list[Any] = [asked.number, asked.paused, int(asked.unanswered)]
    since, until, resumes_at = (_ms(at) for at in (asked.at, asked.until, asked.resumes_at))
    if since is not None and until is not None:
        own_end = resumes_at - since if resumes_at and resumes_at != until else 0
        body += [since, until - since, own_end]
        body.append("".join(_ASLEEP[clock.name] for clock in complaint.clocks if clock.asleep))
    return body


def _asked(body: Mapping[str, Any]) -> tuple[Asked, str]:
    """What was asked so far, and the letters of the clocks that a question pauses now."""
    number, paused, unanswered, *waits = body.get("asked") or (0, 0, 0)
    if not waits:
        return Asked(number, paused, bool(unanswered)), ""
    since, until, resumes_at, letters = waits
    at = _from_ms(since)
    ends = at + (resumes_at or until) * _MILLISECOND if letters else None
    return Asked(number, paused, bool(unanswered), at, at + until * _MILLISECOND, ends), letters


def _ceiling_body(clock: Clock | None) -> list[int | None] | None:
    """``[due, minutes from its 80 % until it]``; what was told is no longer in it, and after all of it ``due`` alone
    with a 0. That it stopped follows from the state of the case."""
    if clock is None:
        return None
    if clock.climbed:
        return [_ms(clock.due), 0]
    return [_ms(clock.due), *(int((clock.due - at).total_seconds() // 60) for at in clock.warns)]


def _ceiling(body: Mapping[str, Any]) -> tuple[Clock, ...]:
    """The legal ceiling; a case that an earlier version of the code stored has none."""
    if not body.get("ceil"):
        return ()
    due, before = _from_ms(body["ceil"][0]), body["ceil"][1:]
    told = before == [0]
    ended = Status(body["status"]) in (Status.REJECTED, Status.WITHDRAWN) and body.get("ended_at")
    return (
        Clock(
            ClockName.CEILING,
            due,
            climbs_at=NEVER if told else None,
            climbed=int(told),
            stopped_at=_from_ms(body["ended_at"]) if ended else None,
            warns=() if told else tuple(due - timedelta(minutes=each) for each in before),
        ),
    )


def _ms(at: datetime | None) -> int | None:
    """A moment as the head's body holds it: whole milliseconds since 1970, half as long as in words."""
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)


def _from_ms(value: int | str) -> datetime:
    """A moment of a head; the first versions of the code wrote it in words."""
    return read_moment(value) if isinstance(value, str) else _EPOCH + timedelta(milliseconds=value)


def _spoken(complaint: Complaint) -> dict[str, Any]:
    spoken = {name: getattr(complaint, name) for name in _SPOKEN}
    spoken["words"] = complaint.place.words
    return spoken


def _event_body(event: Event) -> dict[str, Any]:
    body = {
        "act": event.act,
        "at": event.at,
        "by": [event.by.kind, event.by.id, event.by.office],
        "text": event.text,
        "data": dict(event.data),
    }
    return {name: value for name, value in body.items() if value}


def _sealed(change: Change, said: Mapping[str, Any], previous: Stored | None) -> Mapping[str, Any]:
    entry = json.loads(_dump(_event_body(change.event)))
    before = next(
        (str(kept["chain"]) for _, kept in reversed(previous.entries) if "chain" in kept)
        if previous
        else iter(()),
        "",
    )
    salt, version = secrets.token_bytes(ledger.SALT_BYTES), change.complaint.version
    return ledger.sealed(entry, version, before, salt, words=None if previous else _filed_words(said))


def _filed_words(spoken: Mapping[str, Any]) -> dict[str, Any]:
    """What a reporter said at filing, as the ``text`` row's JSON holds it."""
    found: dict[str, Any] = json.loads(_dump({name: spoken.get(name) for name in _FILED}))
    return found


def flaws(stored: Stored) -> tuple[ledger.Found, ...]:
    """What is wrong with a case's history, by its own chain; none where it is whole."""
    mended = any(event.act is Act.EDIT for event in stored.history)
    words = None if mended or not stored.spoken else _filed_words(stored.spoken)
    return ledger.check(stored.entries, words=words)


def _dump(value: Mapping[str, Any]) -> str:
    kept = {
        key: item
        for key, item in value.items()
        if item is not None and item != "" and item != () and item != {}
    }
    return json.dumps(kept, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _lean(card: Mapping[str, Any]) -> str:
    """A card, which every index carries once more: what is false or nought is what `Card` takes for granted."""
    return _dump({name: value or None for name, value in card.items()})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")


# Rows -> complaint --------------------------------------------------------------------------------------------


def _stored(
    row: ComplaintRow,
    spoken: Mapping[str, Any] | None,
    entries: tuple[tuple[int, Mapping[str, Any]], ...] = (),
) -> Stored:
    body: dict[str, Any] = json.loads(row.body)
    keys = {name: value for name in HEAD_KEYS if (value := getattr(row, name)) is not None}
    history = tuple(_event(entry) for _, entry in entries)
    return Stored(
        _complaint(row.pk, int(row.version), body, spoken or {}), history, entries, body, spoken, keys
    )


def _complaint(code: str, version: int, body: Mapping[str, Any], spoken: Mapping[str, Any]) -> Complaint:
    def at(name: str) -> datetime | None:
        return _from_ms(body[name]) if body.get(name) else None

    def must(name: str) -> datetime:
        return _from_ms(body[name])

    place = body.get("place")
    asked, paused = _asked(body)
    since = asked.at if paused else None
    merged = Merged(body["merged"][0], _from_ms(body["merged"][1])) if body.get("merged") else None
    clocks = Clocks(
        tuple(
            replace(clock, asleep=since) if since and _ASLEEP.get(clock.name, "-") in paused else clock
            for clock in (
                *(_clock(item, body) for item in (*body["clocks"], *_inside(body), *_alarm_clock(body))),
                *_ceiling(body),
            )
        )
    )
    return Complaint(
        code=code,
        version=version,
        kind=Kind(body["kind"]),
        status=Status(body["status"]),
        language=body["language"],
        channel=body["channel"],
        text=spoken.get("text", ""),
        category=body.get("category"),
        office=body["office"],
        line=body["line"],
        filed_at=must("filed_at"),
        assigned_at=must("assigned_at"),
        updated_at=must("updated_at"),
        clocks=asleep(clocks, merged.at) if merged else clocks,
        area=body.get("area"),
        hamlet=body.get("hamlet"),
        place=Place(
            Point(place[0], place[1]) if place else None, spoken.get("words", ""), bool(place and place[2])
        ),
        answers=spoken.get("answers", {}),
        citizen=body.get("citizen"),
        reach=body.get("reach", ""),
        filed_by=body.get("filed_by"),
        identity_shown=body.get("identity_shown", False),
        private=body.get("private", False),
        screening=Screening(body["screening"]),
        accused=body.get("accused"),
        accused_words=spoken.get("accused_words", ""),
        sealed=body.get("sealed", False),
        suggested=tuple(body.get("suggested", ())),
        client_time=at("client_time"),
        referred_to=body.get("referred_to"),
        outcome=Outcome(body["outcome"]) if body.get("outcome") else None,
        resolved_at=at("resolved_at"),
        new_date=at("new_date"),
        last_call_at=at("last_call_at"),
        closes_at=at("closes_at"),
        silence_told=body.get("silence_told", False),
        confirmed=body.get("confirmed", False),
        ended_at=at("ended_at"),
        rating=body.get("rating"),
        rating_words=spoken.get("rating_words", ""),
        public_text=spoken.get("public_text", ""),
        reopened=body.get("reopened", 0),
        appealed=body.get("appealed", False),
        citizen_sms=body.get("citizen_sms", 0),
        link_version=body.get("link_version", 1),
        asked=asked,
        danger=body.get("danger", ""),
        alarm=Alarm(body.get("alarm", "")),
        merged=merged,
    )


def _inside(body: Mapping[str, Any]) -> list[list[Any]]:
    """The clocks that stand by themselves, in the shape of the others; they are stored only while they run."""
    found: dict[str, list[Any]] = body.get("inside", {})
    clocks = []
    for name, short_name in _SHORT.items():
        if item := found.get(short_name):
            due, climbs_at, climbed, rung, rests = item
            # Its rungs are the office's own, so the office stands with none of them.
            rung = f"{rung}@{body['office']}" if rung and "@" not in rung else rung
            clocks.append([name, due, climbs_at, climbed, None, rung, rests])
    return clocks


def _alarm_clock(body: Mapping[str, Any]) -> list[list[Any]]:
    found = body.get("alarm_clock")
    return [[ClockName.ALARM, *found, None]] if found else []


def _clock(item: Sequence[Any], body: Mapping[str, Any]) -> Clock:
    """A clock; one that an earlier version of the code wrote waits for no acknowledgement and warns of nothing."""
    name, due_at, climbs_at, climbed, stopped_at, *reached = item
    past_ladder = climbs_at is not None and _from_ms(climbs_at) == NEVER
    rung, rests_until = reached or body.get("rungs", {}).get(name, (_TOP if past_ladder else "", None))
    due = _from_ms(due_at)
    return Clock(
        ClockName(name),
        due,
        _from_ms(climbs_at) if climbs_at else None,
        climbed,
        _from_ms(stopped_at) if stopped_at else None,
        rung,
        _from_ms(rests_until) if rests_until else None,
        tuple(due - timedelta(minutes=before) for before in body.get("warns", {}).get(name, ())),
        step=body.get("steps", {}).get(name),
    )


def _event(body: Mapping[str, Any]) -> Event:
    kind, person, office = body["by"]
    return Event(
        Act(body["act"]),
        read_moment(body["at"]),
        By(kind, person, office),
        body.get("text", ""),
        body.get("data", {}),
    )


def _card(item: Mapping[str, Mapping[str, str]], range_name: str, card_name: str) -> Card:
    body: dict[str, Any] = json.loads(item[card_name]["S"])
    position = item[range_name]["S"]
    at = position.partition("#")[0].removeprefix(URGENT)
    # What a range key begins with is not repeated in the card: when it was filed, or in an inbox when it is due.
    body.setdefault({"inbox_at": "due", "until_at": "until"}.get(range_name, "filed_at"), at)
    point = body.pop("point", None)
    for told in _SHORT_MOMENTS & body.keys():
        body[told] = moment(_from_ms(body[told]))
    return Card(
        code=item["pk"]["S"],
        position=position,
        point=(point[0], point[1]) if point else None,
        **{name: value for name, value in body.items() if name in _CARD_FIELDS},
    )


def _lost(
    reasons: Sequence[str | None], previous: Stored | None, guard: guards.Guard | None, code: str
) -> Exception | None:
    """Tell which condition failed: PynamoDB puts before it updates, and a new case has puts alone, its guard last.

    None where none failed, and where only an entry or a notice of this very version stands already: that is no lost
    race but a broken store, which must be heard of and not be taken for somebody who was faster.
    """
    failed = [reason == "ConditionalCheckFailed" for reason in reasons]
    if not any(failed):
        return None
    if previous is not None:
        return StaleComplaint(code) if failed[-1] else None
    if guard is not None and failed[-1]:
        return AlreadyDone(code)
    return CodeTaken(code)
