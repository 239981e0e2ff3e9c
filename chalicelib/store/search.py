"""The words by which staff find cases, in a table of their own that can be made anew from the cases at any time.

A change that touches what is kept of a case leaves a mark in its own transaction (`mark`); a job takes the marks up
within a minute (`usecases.search`). What of a case stands in the index is written down beside it before it is, so
that a job that dies halfway leaves nothing that the next one does not know of.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.city import City
from chalicelib.domain.complaint import TIME, Change, Complaint
from chalicelib.domain.geo import geohash
from chalicelib.domain.people import Act
from chalicelib.store.tables import ComplaintRow, SearchRow, shard

CELL_PRECISION = 6
"""Geohash cells of about 1.2 km by 0.6 km, as in the public index."""
SHARDS = 4
"""May only grow: a case keeps the shard that its code gives it."""
MOST_ROWS = 3000
"""Rows read of one word in one month at the most: some 225 KB, 28 read units."""
ALL, OFFICE, AREA = "=all", "=o.", "=a."
"""Terms that are no words: every case of a month, those of an office, those of a village or district."""
CELL = "=g."
"""Every case of a place (geohash), whatever its month: what lies near a case is asked over all time."""
_TODO = "todo#"
_WHOLE = "whole"


class Raced(Exception):
    """Somebody else is writing down what is kept of this very case."""


UNSURE = ("", "")
Key = tuple[str, str]
"""A term, and who may find the case by it (`domain.search.kept`)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in the index of one case."""

    at: str = ""
    """When the case was filed: milliseconds, 13 digits."""
    month: str = ""
    place: tuple[str, str] = ("", "")
    """Office and village that its rows name; `UNSURE` while it is not sure that all rows stand there and name them."""
    keys: frozenset[Key] = frozenset()
    stamp: str = ""
    """Of this writing; empty where nothing was ever written down."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One word of one case. ``at`` is when the case was filed, in milliseconds, 13 digits."""

    code: str
    at: str
    kind: str
    """Who may find the case by it: `domain.search.kept`."""
    office: str
    village: str

    @property
    def position(self) -> str:
        return f"{self.at}#{self.code}"


# What has to be done ------------------------------------------------------------------------------------------


def changes(change: Change, before: Complaint | None) -> bool:
    """Whether an act touches what is kept of a case: its words, its office or its village.

    Time says nothing of its own and moves nothing; the words of a master that answer a merged case are found there.
    """
    if before is None:
        return True
    after = change.complaint
    if change.event.act in (Act.EDIT, Act.ERASE) or (change.event.text and change.event.by != TIME):
        return True
    return any(getattr(before, name) != getattr(after, name) for name in ("text", "office", "area"))


def mark(transaction: TransactWrite, change: Change) -> None:
    """Leave word in the very transaction of a change that the case has to be taken up."""
    transaction.save(_marked(change.complaint.code, f"{change.complaint.version:06d}"))


def mark_anew(codes: Iterable[str]) -> int:
    """Have these cases written into the index anew, whatever stands there; how many they are."""
    marks = [_marked(code, _WHOLE) for code in codes]
    with SearchRow.batch_write() as batch:
        for row in marks:
            batch.save(row)
    return len(marks)


def _marked(code: str, version: str) -> SearchRow:
    # A row for each version: two acts never meet here, and none meets the job that clears what it has done.
    return SearchRow(f"{_TODO}{shard(code, SHARDS)}", f"{code}#{version}")


def marked() -> Iterator[tuple[str, bool, list[SearchRow]]]:
    """Cases that have to be taken up, each with its marks and whether it is to be written anew."""
    for number in range(SHARDS):
        marks: dict[str, list[SearchRow]] = {}
        for row in SearchRow.query(f"{_TODO}{number}", page_size=250, consistent_read=True):
            marks.setdefault(row.sk.partition("#")[0], []).append(row)
        for code, rows in marks.items():
            yield code, any(row.sk.endswith(_WHOLE) for row in rows), rows


def clear(marks: Iterable[SearchRow]) -> None:
    with SearchRow.batch_write() as batch:
        for row in marks:
            batch.delete(row)


# What is kept -------------------------------------------------------------------------------------------------


def wanted(complaint: Complaint, terms: Iterable[Key], city: City) -> Kept:
    """What should stand in the index of a case."""
    area = city.areas.get(complaint.area or "")
    fixed = [ALL, f"{OFFICE}{complaint.office}"]
    fixed += [f"{AREA}{code}" for code in (area and area.code, area and area.parent) if code]
    if complaint.place.point:
        fixed.append(f"{CELL}{geohash(complaint.place.point, CELL_PRECISION)}")
    return Kept(
        f"{int(complaint.filed_at.timestamp() * 1000):013d}",
        (complaint.filed_at + city.utc_offset).strftime("%Y-%m"),
        (complaint.office, complaint.area or ""),
        frozenset([*((term, "") for term in fixed), *terms]),
    )


def kept(code: str) -> Kept:
    """What is written down of a case; nothing where it was never taken up."""
    row = next(iter(SearchRow.query(f"case#{code}", SearchRow.sk == "kept", consistent_read=True)), None)
    if row is None or row.body is None:
        return Kept()
    body = json.loads(row.body)
    keys = frozenset((term, kind) for kind, terms in body["terms"].items() for term in terms.split())
    return Kept(body["at"], body["month"], (body["place"][0], body["place"][1]), keys, row.stamp or "")


def write_down(code: str, now: Kept, *, seen: str) -> Kept:
    """Write down what is kept of a case. Raises Raced where somebody has since what ``seen`` is the stamp of."""
    terms: dict[str, list[str]] = {}
    for term, kind in sorted(now.keys):
        terms.setdefault(kind, []).append(term)
    told = {kind: " ".join(found) for kind, found in terms.items()}
    body = json.dumps(
        {"at": now.at, "month": now.month, "place": now.place, "terms": told}, separators=(",", ":")
    )
    made = replace(now, stamp=secrets.token_hex(6))
    row = SearchRow(f"case#{code}", "kept", body=body, stamp=made.stamp)
    try:
        row.save(condition=SearchRow.stamp == seen if seen else SearchRow.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Raced(code) from error
        raise
    return made


def put(code: str, now: Kept, new: Iterable[Key], gone: Iterable[Key]) -> None:
    """Bring rows into the index and take others out."""
    office, village = now.place
    with SearchRow.batch_write() as batch:
        for key in new:
            batch.save(SearchRow(*_key(code, now, key), o=office, a=village or None))
        for key in gone:
            batch.delete(SearchRow(*_key(code, now, key)))


def _key(code: str, now: Kept, key: Key) -> tuple[str, str]:
    term, kind = key
    return _partition(now.month, term), f"{term}#{now.at}#{code}#{kind}"


def _partition(month: str, term: str) -> str:
    if term.startswith(CELL):
        return term
    return f"{month}#{term[:2]}"


def forget(code: str) -> None:
    """Take out what is written down of a case that is no more."""
    SearchRow(f"case#{code}", "kept").delete()


def empty() -> None:
    """Take everything out, for making the whole index anew; an operator's act, no request may do it."""
    with SearchRow.batch_write() as batch:
        for row in SearchRow.scan(attributes_to_get=["pk", "sk"]):
            batch.delete(row)


def every_case() -> Iterator[str]:
    """The codes of all cases; a scan, for an operator's command alone."""
    for row in ComplaintRow.scan(ComplaintRow.sk == "head", attributes_to_get=["pk"]):
        yield row.pk


# What is found ------------------------------------------------------------------------------------------------


def hits(
    month: str, term: str, *, beginning: bool = False, before: str = "", most: int = MOST_ROWS
) -> tuple[list[Hit], bool]:
    """Cases of a month that have a term, and whether there are more than were read.

    A whole term has the newest first, from ``before`` (a position) on; with ``beginning`` it is all that begins so.
    """
    first = term if beginning else f"{term}#"
    condition: Any = SearchRow.sk.startswith(first)
    if before and not beginning:
        # A space sorts before every digit and letter: below the position itself, and above all that begins so.
        condition = SearchRow.sk.between(f"{first} ", f"{first}{before}")
    found: list[Hit] = []
    start: Any = None
    while len(found) < most:
        page = SearchRow._get_connection().query(
            _partition(month, term),
            condition,
            limit=most - len(found),
            scan_index_forward=beginning,
            exclusive_start_key=start,
        )
        found += [_hit(item) for item in page["Items"]]
        start = page.get("LastEvaluatedKey")
        if start is None:
            break
    return [hit for hit in found if beginning or not before or hit.position < before], start is not None


def _hit(item: Mapping[str, Mapping[str, str]]) -> Hit:
    _, at, code, kind = item["sk"]["S"].split("#")
    return Hit(code, at, kind, item.get("o", {}).get("S", ""), item.get("a", {}).get("S", ""))
