"""The public side of a case in triage's hands: mend, take back, look at what was shown before; and bans.

A ban refuses nobody: what a banned phone, device or address files goes to triage first, and its reporter is told what
every reporter is told (docs/adr/0028). Whoever bans names a case and never learns the phone or the address behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import keys
from chalicelib.domain import moderation
from chalicelib.domain.complaint import Complaint, Event
from chalicelib.domain.errors import Fault, Invalid, NotFound, StaleComplaint
from chalicelib.domain.moderation import FOR_MODERATORS
from chalicelib.domain.people import Act, Officer, Role, demand
from chalicelib.observability import logger
from chalicelib.store import bans, complaints
from chalicelib.usecases.record import city, record

BY = ("person", "device", "address")
"""What a ban may go by: the phone or e-mail of the reporter, the device, the network address."""


@dataclass(frozen=True, slots=True)
class PublicSide:
    """What triage sees of a case's public side: the reporter's text, what is shown instead, and who changed it."""

    complaint: Complaint
    acts: tuple[Event, ...]
    banned: bool
    """Whether a ban that stands sent it to triage, or would now."""
    bannable: tuple[str, ...]
    """What a ban could go by here."""


def public_side(code: str, officer: Officer, *, now: datetime) -> PublicSide:
    """The history of a case's public side, for moderators alone. Raises NotFound, NotAllowed."""
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.MODERATE, stored.complaint, city())
    acts = tuple(
        event for event in stored.history if event.act in FOR_MODERATORS or moderation.is_moderating(event)
    )
    known_by = _origin(stored)
    return PublicSide(stored.complaint, acts, reviewed(known_by, now=now), tuple(known_by))


def moderate(
    code: str, officer: Officer, text: str, reason: str, *, if_match: int, now: datetime
) -> Complaint:
    """Have the public read another text; raises StaleComplaint where somebody changed the case meanwhile."""
    stored = _seen(code, officer, Act.MODERATE, if_match)
    return record(moderation.moderate(stored.complaint, officer, text, reason, now=now), previous=stored)


def tighten(
    code: str, officer: Officer, choices: Collection[str], reason: str, *, if_match: int, now: datetime
) -> Complaint:
    """Show less of a case than its reporter allowed (`domain.moderation.tighten`)."""
    stored = _seen(code, officer, Act.TIGHTEN, if_match)
    change = moderation.tighten(stored.complaint, officer, choices, reason, now=now)
    return record(change, previous=stored)


def revert(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Take back the last of mending, hiding and releasing."""
    stored = _seen(code, officer, Act.REVERT, if_match)
    change = moderation.revert(stored.complaint, officer, stored.history, city=city(), now=now)
    return record(change, previous=stored)


def _seen(code: str, officer: Officer, act: Act, if_match: int) -> complaints.Stored:
    stored = complaints.get(code, consistent=True)
    demand(officer, act, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    return stored


# Bans ---------------------------------------------------------------------------------------------------------


def marks(person: str | None, device: str, client: str) -> dict[str, str]:
    """What a report is known by, as keyed hashes: they find a ban again and tell nothing."""
    found = {"address": keys.derive("origin-address", _household(client)).hex()[:32]}
    if person:
        found["person"] = person
    if device:
        found["device"] = keys.derive("origin-device", device).hex()[:32]
    return found


def reviewed(known_by: Mapping[str, str], *, now: datetime) -> bool:
    """Whether a report known by these goes to triage before any office, for a ban that still stands."""
    return bans.any_stands([f"{kind}#{mark}" for kind, mark in known_by.items()], now=now)


def ban(code: str, officer: Officer, by: list[str], days: int, reason: str, *, now: datetime) -> list[str]:
    """Have triage look first at what comes from where this case came from; answers the ids of the bans.

    Raises Invalid where the case no longer tells what was asked for.
    """
    stored = complaints.get(code, consistent=True)
    complaint = stored.complaint
    demand(officer, Act.MODERATE, complaint, city())
    known_by = _origin(stored)
    if missing := [kind for kind in by if kind not in known_by]:
        raise Invalid([Fault("by", "origin_unknown", {"kinds": ", ".join(missing)})])
    made = []
    for kind in by:
        made.append(
            bans.add(
                f"{kind}#{known_by[kind]}",
                code,
                officer.id,
                reason,
                until=now + timedelta(days=days),
                now=now,
            )
        )
    logger.info("a ban was made", extra={"code": code, "officer": officer.id, "kinds": by, "days": days})
    return made


def standing_bans(officer: Officer, *, now: datetime) -> list[bans.Ban]:
    """All bans that stand, for triage. Raises NotFound for anybody else."""
    _is_moderator(officer)
    return bans.standing(now=now)


def lift(ban_id: str, officer: Officer) -> None:
    """End a ban. Raises NotFound."""
    _is_moderator(officer)
    bans.remove(ban_id)
    logger.info("a ban was lifted", extra={"ban": ban_id, "officer": officer.id})


def _is_moderator(officer: Officer) -> None:
    if officer.disabled or not any(duty.role is Role.TRIAGE for duty in officer.duties):
        raise NotFound("bans")


def _origin(stored: complaints.Stored) -> dict[str, str]:
    found = bans.origin(stored.complaint.code, (stored.spoken or {}).get("key"))
    if stored.complaint.citizen:
        found["person"] = stored.complaint.citizen
    return {kind: found[kind] for kind in BY if kind in found}


def _household(client: str) -> str:
    """An address as the one that a household has: of IPv6 the first four groups."""
    return ":".join(client.split(":")[:4]) if ":" in client else client
