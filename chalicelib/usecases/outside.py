"""A case before an agency outside the city: its link, what opens there, and the answer that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib import keys
from chalicelib.domain import outside
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import NotFound, StaleComplaint, WindowClosed
from chalicelib.domain.outside import Answer, Referral
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.domain.tracking import short
from chalicelib.settings import settings
from chalicelib.store import complaints
from chalicelib.store.complaints import Stored
from chalicelib.usecases.record import city, record

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link of an agency leads to; ``void`` where it did once and does no more."""

    stored: Stored
    referral: Referral
    void: bool


def open_link(code: str, signature: str, *, now: datetime) -> Opened:
    """The case behind an agency's link. Raises NotFound for a link that nobody ever made."""
    stored = complaints.get(code, consistent=True)
    for referral in outside.referrals(stored.history):
        if keys.is_referral_link(signature, code, referral.agency, referral.at):
            return Opened(stored, referral, not outside.is_open(referral, stored.complaint, city(), now))
    raise NotFound(code)


def answer(
    code: str, signature: str, word: Answer, text: str, by_day: date | None, *, now: datetime
) -> Complaint:
    """Take the agency's answer, whatever the city's people did to the case meanwhile.

    Raises NotFound as `open_link` does, WindowClosed where the link is void, Invalid for a day that cannot be.
    """
    for attempt in range(_TRIES):
        opened = open_link(code, signature, now=now)
        change = outside.answer(
            opened.stored.complaint, opened.referral, word, text, by_day=by_day, city=city(), now=now
        )
        try:
            return record(change, previous=opened.stored)
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def link_for(stored: Stored, officer: Officer, *, now: datetime) -> str | None:
    """The link for an officer to hand over: of the agency that the case is with, for whoever may refer it.

    Made anew each time and stored nowhere. None where there is none to give.
    """
    complaint = stored.complaint
    if not allowed(officer, Act.REFER, complaint, city()):
        return None
    found = outside.referrals(stored.history)
    if not found or complaint.status is not Status.REFERRED:
        return None
    return _link(complaint, found[-1]) if outside.is_open(found[-1], complaint, city(), now) else None


def link_to_send(code: str, agency: str, *, now: datetime) -> str:
    """The link for an e-mail that goes out now. Raises WindowClosed where the case is no longer with this agency."""
    stored = complaints.get(code, consistent=True)
    complaint, found = stored.complaint, outside.referrals(stored.history)
    with_it = complaint.status is Status.REFERRED and found and found[-1].agency == agency
    if not with_it or not outside.is_open(found[-1], complaint, city(), now):
        raise WindowClosed(Act.REFER)
    return _link(complaint, found[-1])


def _link(complaint: Complaint, referral: Referral) -> str:
    signature = keys.referral_link(complaint.code, referral.agency, referral.at)
    return f"{settings().base_url}/t/{short(complaint.code)}.{signature}"
