"""What is near a spot, or was reported before: looked up before anybody files, and offered, never done by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import duplicates
from chalicelib.domain.city import Category
from chalicelib.domain.complaint import OPEN, Filing, Status
from chalicelib.domain.geo import Point, cells_for_box
from chalicelib.domain.visibility import Card
from chalicelib.store import complaints, joins
from chalicelib.usecases.record import city
from chalicelib.usecases.signin import Kind, Who

_ROWS, _READS = 100, 3
"""Cards read of one cell, newest first: enough for some months of a crowded one."""
_MOST_CELLS = 9
_OWN = 20
"""How many of a person's latest cases are looked at for one that a text may speak of."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An open case that somebody about to report may join instead."""

    card: Card
    metres: int
    """From the point asked about to the public pin, in whole tens."""
    joined: int


def offers(category_id: str | None, point: Point | None) -> tuple[Offer, ...]:
    """Open cases of the category near a point, nearest first, at most five; none without a place or a radius."""
    category = city().categories.get(category_id or "")
    if category is None or point is None or not category.duplicate_radius:
        return ()
    found: list[Offer] = []
    for metres, card in _near(point, category, duplicates.OPEN_ONES):
        # The index lags, and a card does not say whom a case is about: the head decides.
        complaint = complaints.get_head(card.code, consistent=True).complaint
        if not duplicates.may_join(complaint) or complaint.emergency(city()) is not None:
            continue
        found.append(Offer(card, metres, joins.count(card.code)))
        if len(found) == duplicates.MOST_OFFERED:
            break
    return tuple(found)


def solved_before(filing: Filing, *, now: datetime) -> str | None:
    """The code of the case that was solved at this spot a short while ago, the latest; None where there is none."""
    category = city().categories.get(filing.category or "")
    if category is None or filing.place.point is None or not category.duplicate_radius:
        return None
    found = [
        complaint
        for _, card in _near(filing.place.point, category, duplicates.SOLVED_ONES)[: duplicates.MOST_OFFERED]
        if duplicates.recurs(complaint := complaints.get_head(card.code).complaint, city(), now)
    ]
    return max(found, key=lambda c: c.resolved_at or c.filed_at).code if found else None


def earlier(text: str, category: str | None, area: str | None, who: Who | None) -> Card | None:
    """The open case of somebody signed in that a text speaks of ("sudah lapor minggu lalu"), of its category and area.

    None without such words. Only for who signed in: a number that anybody may type must not give its owner away.
    """
    if who is None or who.kind is not Kind.CITIZEN or not duplicates.follows_up(text, city()):
        return None
    cards = complaints.page("by_citizen", who.id, limit=_OWN, newest_first=True)
    for card in cards:
        same_area = area is None or card.area is None or card.area == area
        same_kind = category is None or card.category is None or card.category == category
        if card.status in OPEN and same_area and same_kind:
            return card
    return None


def _near(point: Point, category: Category, statuses: Iterable[Status]) -> list[tuple[int, Card]]:
    metres = category.duplicate_radius + duplicates.PIN_SLACK
    cards: list[Card] = []
    if city().geography.locate(point).outside is not None:
        return []  # nothing of ours is there, and towards the poles a small box has many cells
    for cell in cells_for_box(*_box_around(point, metres), complaints.CELL_PRECISION, _MOST_CELLS):
        before: str | None = None
        for _ in range(_READS):
            page = complaints.page("by_cell", cell, limit=_ROWS, before=before, newest_first=True)
            cards += page
            if len(page) < _ROWS:
                break
            before = page[-1].position
    return duplicates.near(cards, point, category, statuses)


def _box_around(point: Point, metres: int) -> tuple[float, float, float, float]:
    from math import cos, radians

    lat = metres / 111_195
    lon = lat / max(cos(radians(point.lat)), 0.01)
    return (
        max(point.lat - lat, -90.0),
        max(point.lon - lon, -180.0),
        min(point.lat + lat, 90.0),
        min(point.lon + lon, 180.0),
    )
