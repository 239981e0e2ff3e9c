"""Answers that staff draft and a head releases, where the profile says so for a category or an office.

A draft is between the people of the office: the reporter does not see it, and it stops no clock. The reply that a head
releases is an ordinary reply, by the head, and keeps the first-reply promise like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain import handling
from chalicelib.domain.city import City
from chalicelib.domain.complaint import Change, Complaint, Event, by, change, may_move
from chalicelib.domain.disposition import REROUTES, is_open, standing
from chalicelib.domain.errors import IllegalMove, NeedsHead
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.domain.service_level import ClockName


def needs_release(complaint: Complaint, city: City) -> bool:
    """Whether a head releases what the reporter is told. Never in an emergency, where minutes count."""
    if complaint.alarmed(city):
        return False
    category = city.categories.get(complaint.category) if complaint.category else None
    return city.offices[complaint.office].head_releases or (category is not None and category.head_releases)


def demand_head(complaint: Complaint, officer: Officer, act: Act, city: City) -> None:
    """Let a reply pass, or an end that would be the first answer. Raises NeedsHead where a head has to release it."""
    if needs_head(complaint, officer, act, city):
        raise NeedsHead(f"{complaint.code} is answered by its head")


def needs_head(complaint: Complaint, officer: Officer, act: Act, city: City) -> bool:
    """Whether this officer has to draft what they want to say, for a head to release."""
    if not needs_release(complaint, city) or allowed(officer, Act.RELEASE_DRAFT, complaint, city):
        return False
    reply = complaint.clocks.get(ClockName.FIRST_REPLY)
    # A fix that a second person approves is told to nobody before.
    first = act is Act.RESOLVE and reply is not None and reply.running
    return act is Act.REPLY or (first and not handling.needs_four_eyes(complaint, city))


def waiting(history: Iterable[Event]) -> Event | None:
    """The draft that waits for a head; a reply, an end and a new office leave none behind."""
    found: Event | None = None
    for _, event in standing(history):
        if event.act is Act.DRAFT:
            found = event
        elif event.act in REROUTES | {Act.REPLY, Act.RETURN_DRAFT} or not is_open(event):
            found = None
    return found


def returned(history: Iterable[Event]) -> Event | None:
    """Why the last draft came back, as long as no new one waits and nobody has replied."""
    found: Event | None = None
    for _, event in standing(history):
        if event.act is Act.RETURN_DRAFT:
            found = event
        elif event.act in REROUTES | {Act.REPLY, Act.DRAFT} or not is_open(event):
            found = None
    return found


def draft(
    complaint: Complaint,
    officer: Officer,
    text: str,
    history: Iterable[Event],
    city: City,
    *,
    now: datetime,
) -> Change:
    """Write what a head may release. A newer draft takes the place of one that waits."""
    may_move(complaint, Act.DRAFT)
    if not needs_release(complaint, city):
        raise IllegalMove(Act.DRAFT, "answered without a head's release")
    return change(complaint, Act.DRAFT, by(officer), now, said=text, updated_at=complaint.updated_at)


def send_back(
    complaint: Complaint, officer: Officer, text: str, history: Iterable[Event], *, now: datetime
) -> Change:
    """Return the draft with a sentence to whoever wrote it. The first-reply clock runs on."""
    may_move(complaint, Act.RETURN_DRAFT)
    found = _needed(Act.RETURN_DRAFT, history)
    return change(
        complaint,
        Act.RETURN_DRAFT,
        by(officer),
        now,
        said=text,
        data={"to": found.by.id},
        updated_at=complaint.updated_at,
    )


def release(
    complaint: Complaint, officer: Officer, text: str, history: Iterable[Event], *, now: datetime
) -> Change:
    """Tell the reporter what was drafted, or the words that the head put in its place: a reply by the head."""
    may_move(complaint, Act.REPLY)
    found = _needed(Act.RELEASE_DRAFT, history)
    done = handling.reply(complaint, officer, text or found.text, now=now)
    return replace(done, event=replace(done.event, data={**done.event.data, "drafted_by": found.by.id}))


def _needed(act: Act, history: Iterable[Event]) -> Event:
    if (found := waiting(history)) is None:
        raise IllegalMove(act, "without a draft")
    return found
