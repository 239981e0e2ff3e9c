"""What is near a spot, or was reported before: looked up before anybody files, and offered, never done by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import duplicates
from chalicelib.domain.city import Category
from chalicelib.domain.complaint import OPEN, Filing
from chalicelib.domain.geo import Point, cells_for_box
from chalicelib.domain.visibility import Card
from chalicelib.store import complaints, joins
from chalicelib.usecases.record import city
from chalicelib.usecases.signin import Kind, Who

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
    for metres, spot in _near(point, category, solved=False):
        # The index lags, and a spot does not say whom a case is about: the head decides.
        stored = complaints.get_head(spot.code, consistent=True)
        complaint, card = stored.complaint, complaints.public_card(stored)
        if card is None or complaint.category != category.id or not duplicates.may_join(complaint):
            continue
        if complaint.emergency(city()) is not None:
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
    spots = [spot for _, spot in _near(filing.place.point, category, solved=True)]
    lately = [(spot.solved_at, spot.code) for spot in spots if duplicates.may_recur(spot, city(), now)]
    for _, code in sorted(lately, reverse=True)[: duplicates.MOST_OFFERED]:
        if duplicates.recurs(complaints.get_head(code).complaint, city(), now):
            return code
    return None


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


def _near(point: Point, category: Category, *, solved: bool) -> list[tuple[int, duplicates.Spot]]:
    metres = category.duplicate_radius + duplicates.PIN_SLACK
    if city().geography.locate(point).outside is not None:
        return []  # nothing of ours is there, and towards the poles a small box has many cells
    box = south, _, north, _ = _box_around(point, metres)
    spots: list[duplicates.Spot] = []
    for cell in cells_for_box(*box, complaints.CELL_PRECISION, _MOST_CELLS):
        spots += complaints.spots(category.id, cell, south, north, solved=solved)
    return duplicates.near(spots, point, category)


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
