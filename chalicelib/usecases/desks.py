"""What an officer's desk shows beside a case, and the searches that an officer keeps under a name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.errors import Fault, Invalid, NotFound
from chalicelib.domain.geo import Point, cells_for_box, distance_m
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.domain.visibility import Card
from chalicelib.store import complaints, desks, search
from chalicelib.store.desks import Filters
from chalicelib.usecases.reading import box_around
from chalicelib.usecases.record import city
from chalicelib.usecases.search import knows_reporter, row

FILTERS_MOST = 20
NEAR_METRES = 300
_NEAR_ROWS = 40
_SHOWN = 10


def filters(officer: Officer) -> Filters:
    """The searches that this officer keeps; nobody else sees them."""
    return desks.filters(officer.id)


def keep_filter(officer: Officer, name: str, query: Mapping[str, str]) -> tuple[str, Filters]:
    """Keep a search under a name; one of the same name is replaced. Raises Invalid where there are too many."""

    made = secrets.token_hex(4)

    def add(kept: Filters) -> None:
        for old in [key for key, each in kept.items() if each["name"] == name]:
            del kept[old]
        if len(kept) >= FILTERS_MOST:
            raise Invalid([Fault("name", "filters_full", {"most": FILTERS_MOST})])
        kept[made] = {"name": name, "query": dict(query)}

    return made, desks.change_filters(officer.id, add)


def drop_filter(officer: Officer, filter_id: str) -> Filters:
    """Forget a kept search. Raises NotFound."""

    def drop(kept: Filters) -> None:
        if filter_id not in kept:
            raise NotFound("filter")
        del kept[filter_id]

    return desks.change_filters(officer.id, drop)


@dataclass(frozen=True, slots=True)
class Near:
    card: Card
    metres: int


@dataclass(frozen=True, slots=True)
class Context:
    """What else an officer may know around a case."""

    near: tuple[Near, ...]
    """Cases around it, nearest first, private ones too where the officer may read them."""
    same_reporter: tuple[Card, ...] | None
    """Other cases of the same reporter, newest first; None where the reporter stays hidden from this officer. A case
    whose own reporter stays hidden is never among them, nor counted."""


def context(code: str, officer: Officer) -> Context:
    """What lies near a case, and what its reporter reported else. Raises NotFound.

    At most four cells of the staff's own index, 40 rows of each, and the heads of those that are near.
    """
    stored = complaints.get_head(code, consistent=True)
    complaint = stored.complaint
    if not allowed(officer, Act.READ, complaint, city()):
        raise NotFound(code)
    near = _near(complaint.place.point, code, officer) if complaint.place.point else ()
    others = None
    if knows_reporter(officer, complaint):
        cards = complaints.page("by_citizen", str(complaint.citizen), limit=_NEAR_ROWS, newest_first=True)
        there = complaints.get_heads([card.code for card in cards if card.code != code])
        others = tuple(
            row(officer, there[card.code])
            for card in cards
            if card.code in there and knows_reporter(officer, there[card.code].complaint)
        )[:_SHOWN]
    return Context(near, others)


def _near(point: Point, code: str, officer: Officer) -> tuple[Near, ...]:
    found: dict[str, None] = {}
    for cell in cells_for_box(*box_around(point, NEAR_METRES), search.CELL_PRECISION, 9):
        hits, _ = search.hits("", f"{search.CELL}{cell}", most=_NEAR_ROWS)
        found |= dict.fromkeys(hit.code for hit in hits if hit.code != code)
    near = []
    for stored in complaints.get_heads([*found]).values():
        there = stored.complaint.place.point
        if there is None or not allowed(officer, Act.READ, stored.complaint, city()):
            continue
        metres = round(distance_m(point, there))
        if metres <= NEAR_METRES:
            near.append(Near(row(officer, stored), metres))
    return tuple(sorted(near, key=lambda each: each.metres)[:_SHOWN])
