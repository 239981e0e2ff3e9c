"""Words of danger and whom they wake: who may page a post how often, and what a second reporter nearby confirms."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib import keys
from chalicelib.domain import emergency
from chalicelib.domain.complaint import Alarm, Change, Complaint
from chalicelib.domain.errors import IllegalMove, NotFound, StaleComplaint
from chalicelib.domain.geo import Point, distance_m, geohash, neighbours
from chalicelib.domain.notices import Channel
from chalicelib.observability import count
from chalicelib.store import complaints, guards
from chalicelib.store.complaints import CELL_PRECISION
from chalicelib.usecases.record import city, record

_DAY = timedelta(days=1)
_NEARBY_TRIES = 3


def heeded(done: Change, text: str, client: str, now: datetime) -> Change:
    """What the reporter's new words of danger make of their act, judged and capped as at filing.

    To be stored as it is, and followed by `followed`.
    """
    heard = emergency.heard(done.complaint, text, city())
    if heard is None:
        return done
    complaint = done.complaint
    paged = heard.pages and may_page(complaint.citizen, complaint.reach, client, now)
    return emergency.with_danger(done, heard, city(), paged=paged, now=now)


def followed(complaint: Complaint, client: str, now: datetime) -> Complaint:
    """What is done once such an act is stored: it counts against the caps, and reports nearby are compared."""
    count_caps(complaint.citizen, client, now)
    return compare_nearby(complaint, client, now)


def may_page(person: str | None, reach: str, client: str, now: datetime) -> bool:
    """Whether somebody's report wakes its post at once: they can be called back.

    Beyond a day's caps, and of whoever misused it before, it is triaged first: never refused and never lost.
    """
    if reach != Channel.SMS:
        return False
    rules = city().emergency
    caps = [(key, limit, _DAY) for key, limit in _caps(person, client)]
    caps.append((misuse_key(person), rules.misuse, rules.misuse_within))
    if any(guards.misused(key, limit, window, now=now) for key, limit, window in caps):
        count("EmergenciesCapped")
        return False
    return True


def misuse_key(person: str | None) -> str:
    """The counter of emergencies that were lowered as misuse, by their reporter."""
    return f"misuse#{person or ''}"


def count_caps(person: str | None, client: str, now: datetime) -> None:
    for key, _ in _caps(person, client):
        guards.hit(key, 1_000_000, _DAY, now=now)


def _caps(person: str | None, client: str) -> list[tuple[str, int]]:
    rules = city().emergency
    caps = [(f"emergency-address#{client}", rules.per_address_day)]
    if person:
        caps.append((f"emergency-person#{person}", rules.per_person_day))
    return caps


def compare_nearby(complaint: Complaint, client: str, now: datetime) -> Complaint:
    """Page the posts of two reports that say the same, where one without a phone waited; return this case as it stands.

    Written down before the others are read, so that of two reporters at the same moment one at least meets the other.
    """
    profile = city()
    rules = profile.emergency
    key, point = complaint.emergency(profile), complaint.place.point
    if key is None or complaint.sealed or not complaint.open:
        return complaint
    waits = complaint.alarm is Alarm.WAITS
    who = keys.derive("nearby", household(client)).hex()[:16]
    mine = guards.Nearby(
        complaint.code, who, int(now.timestamp()), (point.lat, point.lon) if point else None, waits
    )
    cell = geohash(point, CELL_PRECISION) if point else ""
    village = [f"{key}#{complaint.area}"] if complaint.area else []
    guards.note_nearby([*([f"{key}#{cell}"] if point else []), *village], mine, rules.near_within, now=now)
    cells = [f"{key}#{each}" for each in neighbours(cell)] if point else []
    others = [
        other
        for other in guards.nearby([*cells, *village], rules.near_within, now=now)
        if other.who != who and _is_near(mine, other, rules.near_metres)
    ]
    if not others:
        return complaint
    for other in others:
        if other.waits:
            _page_nearby(other.code, now)
    return (_page_nearby(complaint.code, now) or complaint) if waits else complaint


def _is_near(mine: guards.Nearby, other: guards.Nearby, metres: int) -> bool:
    if mine.point is None or other.point is None:
        return True  # found under the same village, and no more is known of one of them
    return distance_m(Point(*mine.point), Point(*other.point)) <= metres


def _page_nearby(code: str, now: datetime) -> Complaint | None:
    for _ in range(_NEARBY_TRIES):
        try:
            stored = complaints.get(code, consistent=True)
            return record(emergency.confirmed_nearby(stored.complaint, city(), now=now), previous=stored)
        except (NotFound, IllegalMove):
            return None  # paged, lowered or ended meanwhile
        except StaleComplaint:
            continue
    return None


def household(client: str) -> str:
    """An address as the one that a household or a carrier's customer has: of IPv6 the first four groups."""
    return ":".join(client.split(":")[:4]) if ":" in client else client
