"""The link that a rung gets by SMS and e-mail: who holds it, whether it still is good, and the one act behind it.

Nothing of a link is stored. It is compared with the links that the present holders of the case's present rungs would
have; so it ends by itself when the case moves on or its officer leaves the post.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib import keys
from chalicelib.domain import handling
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import Gone, NotFound, StaleComplaint
from chalicelib.domain.people import Act, Officer, allowed, in_conflict
from chalicelib.store import complaints, people
from chalicelib.store.complaints import Stored
from chalicelib.usecases.record import city, holders, local_day, on_behalf, record

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """A case as the bearer of a link meets it."""

    stored: Stored
    officer: Officer
    post: str
    owes: bool
    """Whether the post has not acknowledged yet."""


def opened(code: str, secret: str, *, now: datetime) -> Rung:
    """The case behind a link. Changes nothing.

    Raises NotFound for a link that never was, and Gone for one that was good before the case moved on.
    """
    stored = complaints.get(code, consistent=True)
    complaint = stored.complaint
    reached = [clock for clock in complaint.clocks.running() if clock.rung] if complaint.open else []
    for post, clock, level in [(clock.rung, str(clock.name), clock.climbed) for clock in reached]:
        officer = _holder(complaint, secret, post, clock, level, now)
        if officer is not None and allowed(officer, Act.READ, complaint, city()):
            return Rung(stored, officer, post, bool(complaint.clocks.owed_by([post])))
    for event in stored.history:
        if event.act is Act.ESCALATE and (post := str(event.data.get("post") or "")):
            clock, level = str(event.data["clock"]), int(event.data["level"])
            officer = _holder(complaint, secret, post, clock, level, now)
            if officer is not None:
                raise Gone(code)
    raise NotFound(code)


def acknowledge(code: str, secret: str, *, now: datetime) -> Complaint:
    """Acknowledge the rung as the officer whose link it is. Once: whoever taps again finds it done.

    Raises what `opened` raises, and StaleComplaint where others are faster each time.
    """
    for attempt in range(_TRIES):
        rung = opened(code, secret, now=now)
        if not rung.owes:
            return rung.stored.complaint
        change = handling.acknowledge_rung(rung.stored.complaint, rung.officer, by_link=True, now=now)
        try:
            change = on_behalf(change, rung.officer, Act.ACK_RUNG, rung.stored.complaint)
            return record(change, previous=rung.stored)
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _holder(
    complaint: Complaint, secret: str, post: str, clock: str, level: int, now: datetime
) -> Officer | None:
    """Who of the post's present holders has this link; whom the case is about has none."""
    for officer_id, _ in holders([post], complaint, now=now)[post].officers:
        found = people.registered(officer_id)
        # Whoever stands in for the holder got a link of their own.
        delegate = people.delegate_of(found, local_day(now))
        for each in (found, delegate) if delegate else (found,):
            if keys.is_rung_link(secret, complaint.code, each.officer.id, post, clock, str(level)):
                officer = people.standing_in(each, local_day(now))
                return None if officer.disabled or in_conflict(officer, complaint, city()) else officer
    return None
