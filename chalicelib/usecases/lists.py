"""The lists of the secretary and the mayor: who gets one when, and what stands in it.

A notice of a list holds the post and the day alone. What is on it is read when it is sent, with the rights that its
reader then has; so nothing of a case lies in the outbox, and a list that waited is not out of date.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.complaint import Status
from chalicelib.domain.lists import LISTED, due_list, post_of
from chalicelib.domain.notices import Channel, Notice, moment
from chalicelib.domain.people import Officer
from chalicelib.domain.tracking import short
from chalicelib.domain.visibility import Card
from chalicelib.observability import count
from chalicelib.settings import settings
from chalicelib.store import outbox, people
from chalicelib.store.tables import read_moment
from chalicelib.usecases import reading
from chalicelib.usecases.record import city

MOST = 100
"""Lines of one mail; whoever has more late cases reads on behind the link."""
_USEFUL = timedelta(hours=20)


def send(*, now: datetime) -> int:
    """Write one notice for each holder of a post whose list is due, and return how many were new.

    The id is made of post, day and holder, so a second run writes none. An empty list is not sent.
    """
    profile = city()
    due = {post_of(role): at for role in LISTED if (at := due_list(role, now, profile)) is not None}
    written = 0
    for post, holder in people.holders(due).items():
        day = f"{due[post] + profile.utc_offset:%Y-%m-%d}"
        for officer_id, language in holder.officers:
            if not _lines(people.officer(officer_id), now, most=1):
                continue
            written += outbox.add_once(
                Notice(
                    id=f"list#{post}#{day}#{officer_id}",
                    code="",
                    template="officer_list",
                    channel=Channel.EMAIL,
                    to=f"officer#{officer_id}",
                    language=language if language in profile.templates else profile.languages[0],
                    created_at=now,
                    useful_until=now + _USEFUL,
                    args={"post": post, "day": day},
                )
            )
    count("ListsWritten", written)
    return written


def mail(officer: Officer, post: str, language: str, *, now: datetime) -> dict[str, str]:
    """What the mail of a list says to this officer: codes, categories, offices, dates, links; no text, no name."""
    profile = city()
    cards = _lines(officer, now, most=MOST + 1)
    more = len(cards) > MOST
    lines = [_line(number, card, language) for number, card in enumerate(cards[:MOST], start=1)]
    return {
        "title": profile.titles.get(post.partition("@")[0], post),
        "count": f"{MOST}+" if more else str(len(cards)),
        "lines": "\n".join(lines),
        "link": f"{settings().base_url}/o?which=top",
    }


def _lines(officer: Officer, now: datetime, *, most: int) -> list[Card]:
    """The first cases of an officer's list, the latest first: those that this officer may read."""
    found: list[Card] = []
    cursor = None
    while True:
        page = reading.inbox(officer, "top", cursor=cursor, now=now)
        found += page.cards
        cursor = page.cursor
        if cursor is None or len(found) >= most:
            return found[:most]


def _line(number: int, card: Card, language: str) -> str:
    profile = city()
    category = profile.categories.get(card.category) if card.category else None
    unsorted = "Belum dipilah" if language == "id" else "Not sorted yet"
    label = (category.labels.get(language) or category.labels["id"]) if category else unsorted
    words = {
        "id": ("batas", "batas menurut aturan", "menunggu keputusan tanggal baru", "keberatan ditolak"),
        "en": ("due", "limit by law", "asks for a new date", "appeal lost"),
    }["id" if language == "id" else "en"]
    parts = [card.code, label, profile.offices[card.office].short]
    if card.due:
        owed = words[3] if card.status == Status.REJECTED else words[0]
        parts.append(f"{owed} {moment(read_moment(card.due), profile)}")
    if card.ceiling:
        parts.append(f"{words[1]} {moment(read_moment(card.ceiling), profile)}")
    if card.asks_date:
        parts.append(words[2])
    return f"{number}. {', '.join(parts)}\n   {settings().base_url}/o/{short(card.code)}"
