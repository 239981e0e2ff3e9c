"""What the auditor and the administrator do: read who looked at whom, close a door, make a PIN void."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import keys
from chalicelib.domain.errors import NotFound
from chalicelib.domain.people import Act, Officer, allowed, demand_right
from chalicelib.observability import logger
from chalicelib.store import complaints, people
from chalicelib.store.people import Look
from chalicelib.usecases import sealing
from chalicelib.usecases.record import city

PAGE = 50


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at a reporter's identity, with whoever looked; None where that officer is no longer known."""

    look: Look
    officer: Officer | None


def looks(
    officer: Officer, month: str, *, cursor: str | None = None, limit: int = PAGE
) -> tuple[list[Looked], str | None]:
    """Who looked at whose identity in a month (``2026-11``), newest first, and where to go on.

    Looks at cases that this auditor may not know of are left out, so a page may be short. Raises NotAllowed.
    """
    demand_right(officer, Act.AUDIT)
    found = people.looks(month, after=cursor, limit=limit)
    shown = [look for _, look in found if _may_know(officer, look)]
    known: dict[str, Officer | None] = {}
    for look in shown:
        if look.officer not in known:
            known[look.officer] = _officer(look.officer)
    more = found[-1][0] if len(found) == limit else None
    return [Looked(look, known[look.officer]) for look in shown], more


def officers(administrator: Officer, office: str) -> Iterator[Officer]:
    """Everybody who works at an office. Raises NotAllowed."""
    demand_right(administrator, Act.ADMINISTER)
    return people.officers_of(office)


def close_door(administrator: Officer, officer_id: str) -> Officer:
    """Disable somebody at once: the next request they make is refused. Done twice, it changes nothing.

    The roster opens it again (`make posts`). Raises NotAllowed, and NotFound for somebody unknown.
    """
    demand_right(administrator, Act.ADMINISTER)
    found = people.registered(officer_id)
    closed = replace(found.officer, disabled=True)
    if not found.officer.disabled:
        people.save_officer(closed, found.contact)
        logger.info("an administrator closed a door", extra={"officer": officer_id, "by": administrator.id})
    return closed


def reset_sign_in(administrator: Officer, officer_id: str) -> Officer:
    """Make somebody's PIN void, and let their mailbox be bound to another account of the identity provider.

    They choose another PIN at their next sign-in. Raises NotAllowed, and NotFound for somebody unknown.
    """
    demand_right(administrator, Act.ADMINISTER)
    found = people.registered(officer_id)
    people.clear_pin(officer_id)
    email = sealing.unseal(officer_id, found.contact).get("email") if found.contact else None
    login = people.login(keys.person_id(email)) if email else None
    if email and login and login.account:
        people.set_login(keys.person_id(email), replace(login, account=""), previous=login)
    logger.info("a sign-in was reset", extra={"officer": officer_id, "by": administrator.id})
    return found.officer


def _may_know(officer: Officer, look: Look) -> bool:
    try:
        complaint = complaints.get_head(look.code).complaint
    except NotFound:
        return True  # erased since: nothing is left that could be about anybody
    return allowed(officer, Act.AUDIT, complaint, city())


def _officer(officer_id: str) -> Officer | None:
    try:
        return people.officer(officer_id)
    except NotFound:
        return None


def this_month(now: datetime) -> str:
    return now.strftime("%Y-%m")
