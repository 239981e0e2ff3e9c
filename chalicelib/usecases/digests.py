"""What waits for an officer's offices, at the start of the office day: one e-mail, and none where nothing waits.

A digest's notice holds the day alone; what stands in it is read when it is sent, with its reader's rights then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.domain.city import City, Office
from chalicelib.domain.notices import Channel, Notice, moment
from chalicelib.domain.people import APART, Officer, Role
from chalicelib.domain.tracking import short
from chalicelib.domain.visibility import Card
from chalicelib.observability import count
from chalicelib.settings import settings
from chalicelib.store import guards, outbox, people, wishes
from chalicelib.store.tables import read_moment
from chalicelib.usecases import reading
from chalicelib.usecases.record import city

LINES = 40
"""Cases that one digest names."""
_READ = 200
"""Cases that one digest counts; more are told as so many and a plus."""
_LATEST = timedelta(hours=3)
_ALWAYS_OPEN_AT = 7 * 60
"""When posts that never close are told, in minutes of the local day."""
_NOT_FOR = frozenset({*APART, Role.SECRETARY, Role.MAYOR})
"""Who answers for no case, or has a list of another kind (`domain/lists.py`)."""


def send(*, now: datetime) -> int:
    """Write the digests of all offices whose day has just begun, once each, and return how many were new."""
    written = 0
    for office in city().offices.values():
        day = begun(office, now, city())
        if day is None or guards.misused(f"digest#{office.id}#{day}", 1, timedelta(days=7), now=now):
            continue
        written += sum(_write(officer, day, now) for officer in people.officers_of(office.id))
        # Last, so that a run that was cut short is gone through again; what it wrote comes once anyway.
        guards.note(f"digest#{office.id}#{day}", timedelta(days=7), now=now)
    count("DigestsWritten", written)
    return written


def begun(office: Office, now: datetime, profile: City) -> str | None:
    """The local day (ISO) whose office hours began within the last hours; None at any other time."""
    if office.outside:
        return None
    calendar = profile.calendar_of(office.id)
    local = now + profile.utc_offset
    day = local.date()
    hours = calendar.hours(day)
    if not hours:
        return None
    opens = _ALWAYS_OPEN_AT if calendar.always_open else hours[0][0]
    since = timedelta(hours=local.hour, minutes=local.minute) - timedelta(minutes=opens)
    return day.isoformat() if timedelta(0) <= since < _LATEST else None


def mail(officer: Officer, language: str, *, now: datetime) -> dict[str, str]:
    """What a digest says: counts, then codes, categories and dates, the most urgent first; no text, no name."""
    cards = list(_cards(officer, now, most=_READ))
    local = (now + city().utc_offset).date()
    late = [card for card in cards if card.due and read_moment(card.due) <= now]
    today = [
        card
        for card in cards
        if card.due and card not in late and (read_moment(card.due) + city().utc_offset).date() == local
    ]
    more = "+" if len(cards) == _READ else ""
    return {
        "late": str(len(late)),
        "today": str(len(today)),
        "open": f"{len(cards)}{more}",
        "lines": "\n".join(_line(card, language) for card in cards[:LINES]),
        "link": f"{settings().base_url}/o",
    }


def _write(officer: Officer, day: str, now: datetime) -> bool:
    if officer.disabled or all(duty.role in _NOT_FOR for duty in officer.duties):
        return False
    if not wishes.of("officer", officer.id).digest or not next(_cards(officer, now, most=1), None):
        return False
    profile = city()
    return outbox.add_once(
        Notice(
            id=f"digest#{day}#{officer.id}",
            code="",
            template="officer_digest",
            channel=Channel.EMAIL,
            to=f"officer#{officer.id}",
            language=officer.language if officer.language in profile.templates else profile.languages[0],
            created_at=now,
            useful_until=now + timedelta(hours=8),
            args={"day": day},
        )
    )


def _cards(officer: Officer, now: datetime, *, most: int) -> Iterator[Card]:
    """The open cases of an officer's offices that this officer may read, the most urgent first."""
    found, cursor = 0, None
    while True:
        page = reading.inbox(officer, "office", cursor=cursor, limit=min(most, reading.PAGE), now=now)
        for card in page.cards:
            found += 1
            yield card
            if found == most:
                return
        cursor = page.cursor
        if cursor is None:
            return


def _line(card: Card, language: str) -> str:
    profile = city()
    category = profile.categories.get(card.category) if card.category else None
    unsorted = "Belum dipilah" if language == "id" else "Not sorted yet"
    label = (category.labels.get(language) or category.labels["id"]) if category else unsorted
    due = (
        f", {'batas' if language == 'id' else 'due'} {moment(read_moment(card.due), profile)}"
        if card.due
        else ""
    )
    return f"- {card.code}, {label}{due}\n  {settings().base_url}/o/{short(card.code)}"
