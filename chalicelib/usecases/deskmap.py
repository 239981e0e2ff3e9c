"""Where the cases of an officer's inbox lie."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.geo import Point
from chalicelib.domain.people import Officer, reads_words
from chalicelib.store import complaints
from chalicelib.usecases import reading
from chalicelib.usecases.reading import Page
from chalicelib.usecases.record import city


def on_map(
    officer: Officer, which: str, *, cursor: str | None, limit: int, office: str | None, now: datetime
) -> tuple[Page, Mapping[str, Point]]:
    """A page of `reading.inbox` and the true points of its cases, by code.

    The rows of a list hold no point, so their heads are read in one batch: half a unit for each. What a case's words
    say stays withheld from those who only watch over a private one, and so does its place.
    """
    page = reading.inbox(officer, which, cursor=cursor, limit=limit, office=office, now=now)
    heads = complaints.get_heads([card.code for card in page.cards])
    points = {
        code: stored.complaint.place.point
        for code, stored in heads.items()
        if stored.complaint.place.point and reads_words(officer, stored.complaint, city())
    }
    return page, points
