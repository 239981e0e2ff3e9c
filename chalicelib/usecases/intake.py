"""Receiving a report: whoever sends it, by whatever road, ends in `file_complaint`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import keys
from chalicelib.domain import emergency, routing
from chalicelib.domain.complaint import Complaint, Filing, Route
from chalicelib.domain.errors import Fault, Invalid, KeyReused
from chalicelib.domain.geo import Located, Point
from chalicelib.domain.notices import Channel
from chalicelib.domain.people import Act, Citizen, Officer, demand_right
from chalicelib.domain.photos import For
from chalicelib.domain.reporting import file
from chalicelib.domain.tracking import tracking_code
from chalicelib.observability import count
from chalicelib.store import bans, complaints, guards, people
from chalicelib.store.tables import PersonRow
from chalicelib.usecases import dangers, moderation, nearby, photos, sealing, signin
from chalicelib.usecases.record import city, record, report_rules

PER_PERSON_DAY = 20
PER_ADDRESS_HOUR = 200
"""Soft: carriers and village offices put many people behind one address."""
PER_ADDRESS_DAY_ANONYMOUS = 100
"""Who leaves no contact has no other name than the address they come from; soft, as a phone number lifts it."""
PER_DAY = 20_000


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the reporter; a phone in E.164, checked, or an e-mail address. Either may be empty."""

    phone: str = ""
    email: str = ""
    name: str = ""

    @property
    def address(self) -> str:
        return self.phone or self.email


@dataclass(frozen=True, slots=True)
class Filed:
    """The answer to a report. ``secret`` opens it for whoever holds it; a replay gets the very same."""

    complaint: Complaint
    secret: str
    located: Located | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """An Idempotency-Key with the hash of the body it came with."""

    key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Partner:
    """Another system that files for people, with a key of its own and the cap that goes with it."""

    per_person: bool = True
    """Whether the cap of one person and day holds, too."""
    aside: Mapping[str, Any] = field(default_factory=dict)
    """What it said that no report of ours holds; kept with the words."""
    beside: Callable[[str], complaints.Also] | None = None
    """Rows of its own in the case's transaction, made of the code."""


def file_complaint(
    filing: Filing,
    contact: Contact,
    *,
    client: str,
    now: datetime,
    who: signin.Who | None = None,
    clerk: Officer | None = None,
    device: str = "",
    retry: Retry | None = None,
    follows: str | None = None,
    partner: Partner | None = None,
) -> Filed:
    """Locate, route and store a report, once per key.

    A report that comes through a ``partner`` is held against the partner's own cap instead of an address's.
    ``follows`` is the case whose solution it calls none; ``client`` is the sender's network address; ``clerk`` an
    officer who files for somebody with recorded consent; ``device`` what the sender's app calls
    its device. Raises Invalid (with all faults), KeyReused, TooMany.
    """
    if clerk is not None:
        demand_right(clerk, Act.FILE_FOR)
    taken = guard_key(retry, who, clerk)
    if retry and taken and (filed := _earlier(taken, retry, now)):
        # Its first try may have died before it was held against the reports nearby.
        return replace(filed, complaint=dangers.compare_nearby(filed.complaint, client, now))
    profile = city()
    filing, located = routing.placed(filing, profile)
    person, contact = person_of(contact, who)
    check_caps(person, client, now, partner)
    route = routing.route(filing, profile, at=now)
    report_rules(route)
    suggested = (
        tuple(s.category for s in routing.suggest(filing.text, profile)) if not filing.category else ()
    )
    danger = emergency.sensed(filing, profile)
    marks = moderation.marks(person, device, client) if clerk is None else {}
    origin = {kind: mark for kind, mark in marks.items() if kind != "person"}
    reviewed = moderation.reviewed(marks, now=now)
    if reviewed and not route.sealed:
        route = Route(profile.triage_office, "topic")
    reach = reach_of(contact, person)
    paged = (
        danger is not None
        and not reviewed
        and (clerk is not None or dangers.may_page(person, reach, client, now))
    )
    # An emergency loses no time with what was before it.
    recurs = None if follows or route.sealed or danger else nearby.solved_before(filing, now=now)
    while True:
        code = tracking_code(profile.code_prefix, secrets.token_bytes(12))
        change = file(
            filing,
            route,
            profile,
            code=code,
            now=now,
            citizen=person,
            reach=reach,
            filed_by=clerk.id if clerk else None,
            suggested=suggested,
            paged=paged,
            reviewed=reviewed,
            links={"follows": follows, "recurs": recurs},
        )
        owner = photos.draft_owner(retry.key) if retry else ""
        guard = guards.Guard(taken, retry.body_hash, code, now, origin) if retry and taken else None
        try:
            complaint = record(
                photos.told(change, filing.photos),
                guard=guard,
                reporter=reporter_row(person, contact, who, filing.language, now),
                beside=complaints.together(
                    photos.claiming(filing.photos, owner, For.FILING, code, now=now),
                    _origin(code, origin, now) if origin and guard is None else None,
                    partner.beside(code) if partner and partner.beside else None,
                ),
                aside=_aside(filing, partner, guard),
            )
        except complaints.CodeTaken:
            continue
        except complaints.AlreadyDone:
            twin = _earlier(taken, retry, now) if retry and taken else None
            if twin is None:
                raise
            return twin
        photos.hurry(filing.photos)
        count_caps(person, client, now, partner)
        if recurs:
            count("Recurred")
        if danger is not None:
            dangers.count_caps(person, client, now)
            complaint = dangers.compare_nearby(complaint, client, now)
        return Filed(complaint, keys.secret_link(code, complaint.link_version), located)


def _aside(filing: Filing, partner: Partner | None, guard: guards.Guard | None) -> Mapping[str, Any]:
    """What is kept with the words: the photos that came with them, what a partner wants to say again, and under which
    key the report's origin is kept (`store.bans`)."""
    kept = dict(partner.aside) if partner else {}
    if filing.photos:
        kept["photos"] = list(filing.photos)
    if guard is not None and guard.origin:
        kept["key"] = guard.key
    return kept


def _origin(code: str, origin: Mapping[str, str], now: datetime) -> complaints.Also:
    return lambda transaction: bans.note_origin(
        transaction, code, origin, until=now + guards.IDEMPOTENCY_KEPT
    )


def locate(lat: float, lon: float) -> Located:
    """Which village a point lies in. Raises Invalid for a point that is none."""
    try:
        return city().geography.locate(Point(lat, lon))
    except ValueError:
        raise Invalid([Fault("lat", "no_point")]) from None


def numbers_to_call(text: str, suggested: tuple[routing.Suggestion, ...]) -> tuple[str, ...]:
    """Keys of the emergency numbers that a text speaks of before it is filed, the right one first."""
    return emergency.call_for(None, text, suggested[0].category if suggested else None, city())


def suggest(text: str) -> tuple[routing.Suggestion, ...]:
    """Categories that the words of a text point to."""
    return routing.suggest(text, city())


def person_of(contact: Contact, who: signin.Who | None) -> tuple[str | None, Contact]:
    """Who it is, and the contact that is theirs: who signed in is that person, whatever number they typed."""
    # Another number in the form must not give the case away, and their own stays the one we know.
    if who is not None and who.kind is signin.Kind.CITIZEN:
        own = not contact.address or keys.person_id(contact.address) == who.id
        return who.id, contact if own else Contact()
    return (keys.person_id(contact.address) if contact.address else None), contact


def reach_of(contact: Contact, person: str | None) -> str:
    if contact.phone:
        return Channel.SMS
    if contact.email:
        return Channel.EMAIL
    if person:
        sealed = people.citizen(person)[1]
        return Channel.SMS if sealing.unseal(person, sealed).get("phone") else Channel.EMAIL
    return ""


def reporter_row(
    person: str | None, contact: Contact, who: signin.Who | None, language: str, now: datetime
) -> PersonRow | None:
    if not person or not contact.address:
        return None
    signed_in = who is not None and who.kind is signin.Kind.CITIZEN and who.id == person
    if not signed_in and signin.is_known(person, signin.Kind.CITIZEN):
        # Anybody can type a number: only its owner changes the name that offices see behind it.
        return None
    values = {"phone": contact.phone, "email": contact.email, "name": contact.name}
    sealed = sealing.seal(person, {key: value for key, value in values.items() if value})
    return people.citizen_row(Citizen(person, language), sealed, now=now)


def guard_key(retry: Retry | None, who: signin.Who | None, clerk: Officer | None) -> str | None:
    """Keys of unsigned callers share one space, whatever their address: it may change between two tries."""
    if retry is None:
        return None
    owner = f"officer:{clerk.id}" if clerk else f"{who.kind}:{who.id}" if who else "anon"
    return f"{owner}#{keys.derive('idempotency', retry.key).hex()[:40]}"


def _earlier(guard_key: str, retry: Retry, now: datetime) -> Filed | None:
    found = guards.earlier(guard_key, now=now)
    if found is None:
        return None
    body_hash, code = found
    if body_hash != retry.body_hash:
        raise KeyReused(guard_key)
    complaint = complaints.get(code, consistent=True).complaint
    return Filed(complaint, keys.secret_link(code, complaint.link_version))


def check_caps(person: str | None, client: str, now: datetime, partner: Partner | None = None) -> None:
    # Looked at before and counted after: fifty retries of one request are one report, not fifty.
    for key, limit, window in _caps(person, client, partner):
        guards.check(key, limit, window, now=now)


def count_caps(person: str | None, client: str, now: datetime, partner: Partner | None = None) -> None:
    for key, _, window in _caps(person, client, partner):
        guards.hit(key, 1_000_000, window, now=now)


def _caps(
    person: str | None, client: str, partner: Partner | None = None
) -> list[tuple[str, int, timedelta]]:
    caps = [("file-day#all", PER_DAY, timedelta(days=1))]
    if partner is None:
        caps.append((f"file-address#{client}", PER_ADDRESS_HOUR, timedelta(hours=1)))
    if person and (partner is None or partner.per_person):
        caps.append((f"file-person#{person}", PER_PERSON_DAY, timedelta(days=1)))
    elif partner is None:
        caps.append(
            (f"file-anonymous#{dangers.household(client)}", PER_ADDRESS_DAY_ANONYMOUS, timedelta(days=1))
        )
    return caps
