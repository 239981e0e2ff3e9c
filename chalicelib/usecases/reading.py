"""Reading: one case, and every list. What a list shows obeys the same `allowed` as the single view."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import handling
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import Fault, Invalid, NotFound, StaleComplaint
from chalicelib.domain.geo import Point, cells_for_box, distance_m
from chalicelib.domain.ledger import Found
from chalicelib.domain.lists import LISTED, lost_lists
from chalicelib.domain.notices import FAN_OUT
from chalicelib.domain.people import (
    APART,
    Act,
    Officer,
    Role,
    allowed,
    demand,
    demand_right,
    in_conflict,
    reads_words,
)
from chalicelib.domain.service_level import ClockName, steps
from chalicelib.domain.visibility import Card
from chalicelib.settings import utc_now
from chalicelib.store import complaints, outbox, people
from chalicelib.store.complaints import CELL_PRECISION
from chalicelib.store.complaints import Stored as Stored
from chalicelib.store.outbox import Delivery as Delivery
from chalicelib.usecases import sealing
from chalicelib.usecases.handling import is_reporter
from chalicelib.usecases.record import city, holders, local_day, on_behalf, record
from chalicelib.usecases.signin import Kind, Who

PAGE = 50
REASON_LEAST = 10
"""Letters that a reason for seeing a hidden identity has at least."""
_READS = 12
"""Key reads a request may make before it answers a short page with a cursor."""
_ROWS = 300
_MOST_CELLS = 25
NEAR_MOST_METRES = 1500
_LISTS_OF_TRIAGE: Mapping[str, frozenset[Role]] = {
    "screening": frozenset({Role.TRIAGE, Role.VERIFIER}),
    "emergency": frozenset({Role.TRIAGE, Role.OPERATIONS}),
}
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a public list is narrowed by. ``area`` may be a village or a district; all are optional."""

    area: str | None = None
    category: str | None = None
    office: str | None = None
    kind: str | None = None
    status: str | None = None
    month: str | None = None
    near: Point | None = None
    radius_m: int = 500
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    cards: tuple[Card, ...]
    cursor: str | None = None
    """Give it back for the rest; None at the end. A page may be short and still have one."""


def public_case(code: str) -> Stored:
    """A case for anybody; what of it may be shown is the view's to say. Raises NotFound."""
    return complaints.get(code)


def public_state(code: str) -> Complaint:
    """Where a case stands, without its history: half a read unit. Raises NotFound."""
    return complaints.get_head(code).complaint


def own_case(code: str, who: Who) -> Stored:
    """A case for its reporter. Raises NotFound for everybody else."""
    stored = complaints.get(code, consistent=True)
    if not is_reporter(who, stored.complaint):
        raise NotFound(code)
    return stored


def own_cases(who: Who, *, cursor: str | None = None, limit: int = PAGE) -> Page:
    """A citizen's cases, newest first; the bearer of a link has the one."""
    if who.kind is Kind.LINK:
        stored = complaints.get_head(who.id.rpartition(".")[0])
        if not is_reporter(who, stored.complaint):
            return Page(())
        return Page((_card_of(stored),))
    if who.kind is not Kind.CITIZEN:
        return Page(())  # an officer's number may be a citizen's too, but it signed in as an officer
    before = _cursor(cursor, "own").get("p")
    cards = complaints.page("by_citizen", who.id, limit=limit, before=before, newest_first=True)
    return Page(tuple(cards), _next(cards, limit, "own"))


def office_case(code: str, officer: Officer) -> Stored:
    """A case for an officer whose scope it is in. Raises NotFound."""
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.READ, stored.complaint, city())
    return stored


def several(codes: Sequence[str], officer: Officer) -> list[tuple[Card, int]]:
    """The rows of some cases with their versions; those that this officer may not read are left out."""
    there = complaints.get_heads(codes, consistent=True)
    return [
        (
            card if reads_words(officer, card, city()) else replace(card, excerpt=""),
            there[code].complaint.version,
        )
        for code in codes
        if code in there and allowed(officer, Act.READ, there[code].complaint, city())
        for card in [complaints.found_card(there[code], city())]
    ]


def contact_of(
    code: str, officer: Officer, reason: str = "", *, if_match: int, now: datetime
) -> tuple[Complaint, dict[str, str]]:
    """Who the reporter is; written into the history and for the auditor before it is shown.

    Where the reporter stays hidden it takes a right of its own and a reason, and the reporter is told. Of an emergency
    the post that may confirm it sees the number alone. Raises Invalid where a reason is needed and none was given.
    """
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.REVEAL, stored.complaint, city())
    shown = stored.complaint.identity_shown
    callback = may_call_back(stored.complaint, officer) and not shown
    hidden = not shown and not callback and stored.complaint.citizen is not None
    unmasks = hidden and allowed(officer, Act.UNMASK, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    if unmasks and len(reason.strip()) < REASON_LEAST:
        raise Invalid([Fault("reason", "reveal_reason")])
    said = reason.strip() if unmasks else ""
    change = handling.reveal(stored.complaint, officer, callback=callback, reason=said, city=city(), now=now)
    look = people.Look(
        code=code,
        version=stored.complaint.version + 1,
        at=now,
        officer=officer.id,
        kind="hidden" if unmasks else "callback" if callback else "shown",
        reason=said,
    )
    acted = on_behalf(change, officer, Act.REVEAL, stored.complaint)
    complaint = record(acted, previous=stored, beside=lambda rows: rows.save(people.look_row(look)))
    person = str(complaint.citizen)
    contact = sealing.unseal(person, people.citizen(person)[1])
    return complaint, {"phone": contact["phone"]} if callback else contact


def may_call_back(complaint: Complaint, officer: Officer) -> bool:
    """Whether this officer may see the reporter's number because it is an emergency."""
    return handling.may_call_back(complaint, city()) and allowed(officer, Act.CONFIRM, complaint, city())


@dataclass(frozen=True, slots=True)
class NextPost:
    """Who hears next of an emergency that nobody acknowledges, and the official phones of those who hold the post."""

    post: str
    phones: tuple[str, ...]


def next_post(complaint: Complaint, officer: Officer, *, now: datetime) -> NextPost | None:
    """The next post of an unacknowledged emergency, for whoever may weigh emergencies; its phones are official ones.

    None where somebody has it, where nobody stands above, and for anybody else.
    """
    clock = complaint.clocks.get(ClockName.ALARM)
    if clock is None or not complaint.unheard or not allowed(officer, Act.RAISE, complaint, city()):
        return None
    ladder = steps(complaint, ClockName.ALARM, city())[clock.passed :]
    held = holders([step.post for step in ladder], complaint, now=now)
    step = next((step for step in ladder if held[step.post].officers), None)
    if step is None:
        return None
    phones: dict[str, None] = {}
    for officer_id, _ in held[step.post].officers:
        there = _there_for(people.registered(officer_id), complaint, now)
        contact = sealing.unseal(there.officer.id, there.contact)
        if contact.get("phone"):
            phones[contact["phone"]] = None
    return NextPost(step.post, tuple(phones))


def _there_for(found: people.Registered, complaint: Complaint, now: datetime) -> people.Registered:
    """Whoever picks up in somebody's place today: their delegate, but for a case that is about that delegate."""
    delegate = people.delegate_of(found, local_day(now))
    if delegate is None:
        return found
    about = in_conflict(people.standing_in(delegate, local_day(now)), complaint, city())
    return found if about else delegate


def inbox(
    officer: Officer,
    which: str,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
    late: int = 0,
    now: datetime | None = None,
    office: str | None = None,
) -> Page:
    """An officer's open cases, most urgent first.

    ``office``: what the offices of this officer's duties answer for; ``area``: all on the ground of an area head;
    ``screening``: texts that wait for triage; ``emergency``: emergencies of the city that nobody has acknowledged, for
    triage too; ``top``: the list of the secretary or the mayor. Rows that the officer may not read are left out, so a
    page may be short. ``office`` names the one whose cases somebody lists who answers for none (`people.APART`).
    Of what is due on one day of the city, that which more people joined comes first (within a page; `_urgency`).
    ``late`` leaves those whose earliest promise not yet kept has passed by ``now`` (1), or that have
    taken three times what was promised (3).
    """
    profile = city()
    of_triage = {"screening": profile.id, "emergency": complaints.alarms_key(profile)}
    if late and which in of_triage:
        raise Invalid([Fault("late", "late_screening")])
    keys_of = [("by_screening", of_triage[which])] if which in of_triage else []
    keys_of = keys_of or _inbox_keys(officer, which, now or utc_now())
    if which == "top" and not keys_of:
        raise NotFound("top")
    until = now if late else None
    if which in of_triage and not any(duty.role in _LISTS_OF_TRIAGE[which] for duty in officer.duties):
        raise NotFound(which)
    demand_right(officer, Act.READ)
    if office is not None:
        if which != "office" or not any(duty.role in APART for duty in officer.duties):
            raise NotFound(office)
        keys_of = [("by_office", office)]
    after = _cursor(cursor, which).get("p")
    found: list[Card] = []
    horizon: str | None = None
    for index, key in keys_of:
        cards = complaints.page(index, key, limit=limit, after=after, until=until, newest_first=False)
        found += cards
        if len(cards) == limit:
            horizon = min(horizon or cards[-1].position, cards[-1].position)
    unique = {card.code: card for card in found if horizon is None or card.position <= horizon}
    ordered = sorted(unique.values(), key=lambda card: card.position)
    shown = ordered[:limit]
    more = horizon is not None or len(ordered) > limit
    visible = tuple(
        card if reads_words(officer, card, city()) else replace(card, excerpt="")
        for card in shown
        if allowed(officer, Act.READ, card, city()) and (not late or is_late(card, now, times=late))
    )
    if which in ("office", "area"):
        visible = tuple(sorted(visible, key=lambda card: _urgency(card, now or utc_now())))
    return Page(visible, _encode({"k": which, "p": shown[-1].position}) if more and shown else None)


def _urgency(card: Card, now: datetime) -> tuple[bool, str, int, str]:
    """Where a row stands among those of its page: by the day it is due, then by how many wait for it.

    Nothing goes before an emergency or before what is late, however many wait.
    """
    due = datetime.fromisoformat(card.due) if card.due else now
    category = city().categories.get(card.category or "")
    urgent = bool(card.danger or (category and category.emergency)) or due <= now
    unheard = card.position.startswith(complaints.URGENT)
    return not unheard, local_day(due).isoformat(), -1_000_000_000 if urgent else -card.joined, card.position


def is_late(card: Card, now: datetime | None, *, times: int = 1) -> bool:
    """Whether a row has taken so many times what was promised, from receipt to the stamped moment and on from there."""
    if card.due is None or now is None:
        return False
    filed, due = datetime.fromisoformat(card.filed_at), datetime.fromisoformat(card.due)
    return due < now if times == 1 else now >= filed + times * (due - filed)


def public_list(filters: Filters, *, now: datetime, cursor: str | None = None, limit: int = PAGE) -> Page:
    """Public cases, newest first. Reads a bounded number of rows; neither skips nor repeats while others write."""
    if box := filters.box or (box_around(filters.near, filters.radius_m) if filters.near else None):
        return _around(filters, box, cursor, limit)
    position = _cursor(cursor, "list")
    index, value = _narrowest(filters)
    found: list[Card] = []
    rows = 0
    last: dict[str, str] = {}
    for reads, month in enumerate(_months(filters, position.get("m"), now)):
        if reads == _READS or rows >= _ROWS:
            return Page(tuple(found), _encode({"k": "list", **last}))
        before = position.get("p") if month == position.get("m") else None
        while True:
            wanted = limit if _is_exact(filters, index) else min(100, _ROWS)
            key = complaints.public_key(index, value, month, city())
            cards = complaints.page(index, key, limit=wanted, before=before, newest_first=True)
            rows += len(cards)
            for card in cards:
                last = {"m": month, "p": card.position}
                if _fits(card, filters):
                    found.append(card)
                    if len(found) == limit:
                        return Page(tuple(found), _encode({"k": "list", **last}))
            if len(cards) < wanted:
                break
            before = cards[-1].position
            if rows >= _ROWS:
                return Page(tuple(found), _encode({"k": "list", **last}))
        last = {"m": _month_before(month)}
    return Page(tuple(found))


def flaws(stored: Stored) -> tuple[Found, ...]:
    """What is wrong with a case's history, by its own chain."""
    return complaints.flaws(stored)


def scheduled_list(*, cursor: str | None = None, limit: int = PAGE) -> Page:
    """Public cases with an accepted new date that nobody has solved yet, the earliest date first."""
    after = _cursor(cursor, "scheduled").get("p")
    cards = complaints.page("by_scheduled", city().id, limit=limit, after=after, newest_first=False)
    return Page(tuple(cards), _next(cards, limit, "scheduled"))


def messages_of(code: str) -> list[Delivery]:
    """What was sent about a case and how it went."""
    return [sent for sent in outbox.of_complaint(code) if sent.notice.template != FAN_OUT]


def unfilled_posts() -> list[tuple[str, str]]:
    """Posts of the ladders that nobody holds, with their titles: who cannot be reached when a case climbs."""
    posts = dict(_posts())
    held = people.holders(posts)
    return [(post, title) for post, title in posts.items() if not held[post].officers]


def _posts() -> Iterator[tuple[str, str]]:
    profile = city()
    for area in profile.areas.values():
        role = "village_head" if area.parent else "district_head"
        title = profile.titles.get(f"{role}.{area.kind}") or profile.titles.get(role, role)
        yield f"{role}@{area.code}", f"{title} {area.name}"
        for hamlet in area.hamlets:
            yield (
                f"hamlet_head@{hamlet.id}",
                f"{profile.titles.get(f'hamlet_head.{area.kind}', '')} {hamlet.name}",
            )
    for office in profile.offices.values():
        if office.outside or office.id in profile.areas:
            continue
        for role, title in office.titles.items():
            yield f"{role}@{office.id}", f"{title} {office.short}"
    for role in ("secretary", "mayor"):
        yield f"{role}@city", profile.titles.get(role, role)


def _around(filters: Filters, box: _Box, cursor: str | None, limit: int) -> Page:
    """Lists by place, on the public pins: every cell the place touches, merged newest first."""
    try:
        cells = cells_for_box(*box, CELL_PRECISION, _MOST_CELLS)
    except ValueError:
        raise Invalid([Fault("box", "box_too_large")]) from None
    before = _cursor(cursor, "around").get("p")
    found: list[Card] = []
    horizon: str | None = None
    for cell in cells:
        cards = complaints.page("by_cell", cell, limit=limit, before=before, newest_first=True)
        found += cards
        if len(cards) == limit:
            horizon = max(horizon or cards[-1].position, cards[-1].position)
    # Below the horizon some cell has rows that were not read yet: those wait for the next page.
    ordered = sorted(
        (card for card in found if horizon is None or card.position >= horizon),
        key=lambda card: card.position,
        reverse=True,
    )
    shown: list[Card] = []
    last: str | None = None
    for card in ordered:
        last = card.position
        if _fits(card, filters):
            shown.append(card)
            if len(shown) == limit:
                break
    more = horizon is not None or (len(shown) == limit and last != ordered[-1].position)
    return Page(tuple(shown), _encode({"k": "around", "p": last}) if more and last else None)


def box_around(point: Point, radius_m: int) -> _Box:
    """South, west, north and east of the square around a circle."""
    from math import cos, radians

    lat = radius_m / 111_195
    lon = lat / max(cos(radians(point.lat)), 0.01)
    return point.lat - lat, point.lon - lon, point.lat + lat, point.lon + lon


def _narrowest(filters: Filters) -> tuple[str, str]:
    profile = city()
    if filters.area in profile.villages:
        return "by_area", str(filters.area)
    if filters.office:
        return "by_public_office", filters.office
    if filters.category:
        return "by_category", filters.category
    return "by_month", profile.id


def _is_exact(filters: Filters, index: str) -> bool:
    """Whether the index's key is the whole filter, so that no row is read in vain."""
    used = {"by_area": "area", "by_public_office": "office", "by_category": "category"}.get(index)
    given = {name for name in ("area", "category", "office", "kind", "status") if getattr(filters, name)}
    return given <= {used}


def _fits(card: Card, filters: Filters) -> bool:
    if filters.area and card.area != filters.area and not (card.area or "").startswith(f"{filters.area}."):
        return False
    for name in ("category", "office", "kind", "status"):
        wanted = getattr(filters, name)
        if wanted and getattr(card, name) != wanted:
            return False
    if filters.near or filters.box:
        # Here no key holds the month.
        filed = datetime.fromisoformat(card.filed_at) + city().utc_offset
        if filters.month and filed.strftime("%Y-%m") != filters.month:
            return False
        if card.point is None:
            return False
        point = Point(*card.point)
        if filters.near and distance_m(point, filters.near) > filters.radius_m:
            return False
        if filters.box:
            south, west, north, east = filters.box
            return south <= point.lat <= north and west <= point.lon <= east
    return True


def _months(filters: Filters, start: str | None, now: datetime) -> Iterator[str]:
    month = filters.month or start or (now + city().utc_offset).strftime("%Y-%m")
    last = filters.month or city().since
    while month >= last:
        yield month
        month = _month_before(month)


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


def _inbox_keys(officer: Officer, which: str, now: datetime) -> list[tuple[str, str]]:
    profile = city()
    found: dict[tuple[str, str], None] = {}
    for duty in officer.duties:
        village = duty.scope.partition("/")[0]
        if which == "top":
            # Whoever stands lower reads what has risen above, too.
            for role in LISTED[LISTED.index(duty.role) :] if duty.role in LISTED else ():
                found[("by_top", role)] = None
            if duty.role is Role.SECRETARY:
                found |= {("by_top", key): None for key in lost_lists(now, profile)}
        elif which == "area":
            if duty.role is Role.DISTRICT_HEAD:
                for area in profile.villages.values():
                    if area.parent == duty.scope:
                        found[("by_area_staff", area.code)] = None
            elif duty.role in (Role.VILLAGE_HEAD, Role.HAMLET_HEAD):
                found[("by_area_staff", village)] = None
        elif duty.scope != "city" and duty.role not in APART:
            found[("by_office", village)] = None
    return list(found)


def _card_of(stored: Stored) -> Card:
    complaint = stored.complaint
    return Card(
        complaint.code,
        stored.keys["listed_at"],
        complaint.kind,
        complaint.status,
        complaint.filed_at.isoformat(),
        category=complaint.category,
        area=complaint.area,
        office="" if complaint.sealed else complaint.office,
        private=complaint.private,
        screening=complaint.screening,
    )


def _next(cards: list[Card], limit: int, kind: str) -> str | None:
    return _encode({"k": kind, "p": cards[-1].position}) if len(cards) == limit else None


def _encode(value: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _cursor(cursor: str | None, kind: str) -> dict[str, str]:
    """Read a cursor. It is a position and no secret; one from another list or a forged one is a fault of the form."""
    if not cursor:
        return {}
    try:
        value = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise Invalid([Fault("cursor", "cursor_wrong")]) from None
    if not isinstance(value, dict) or value.pop("k", None) != kind or not _is_position(value):
        raise Invalid([Fault("cursor", "cursor_wrong")])
    return value


def _is_position(value: Mapping[str, object]) -> bool:
    month, position = value.get("m", "2000-01"), value.get("p", "0")
    return (
        set(value) <= {"m", "p"}
        and isinstance(month, str)
        and len(month) == 7
        and month[4] == "-"
        and (month[:4] + month[5:]).isascii()
        and (month[:4] + month[5:]).isdigit()
        and isinstance(position, str)
        and 0 < len(position) <= 60
        and position.isascii()
    )
