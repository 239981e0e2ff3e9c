"""What SMS cost: counters by office and month, and by case; and who listens to an office's topic, as last counted.

Rows of the guards' table, which deletes them itself long after anybody asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import DoesNotExist

from chalicelib.store.tables import GuardRow, moment, read_moment

_MONTHS_KEPT = timedelta(days=800)
_CASE_KEPT = timedelta(days=800)
_EARS_KEPT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who listens to the topic of an office: phones that take SMS, mailboxes that confirmed, those that did not."""

    phones: int
    mailboxes: int
    unconfirmed: int
    opted_out: int
    at: datetime

    @property
    def reachable(self) -> bool:
        return self.phones + self.mailboxes > 0


def add(office: str, month: str, sms: int, *, now: datetime) -> int:
    """Count SMS of an office in a month (``2026-11``) and return how many there are now."""
    return _add(f"sms#{office}#{month}", sms, now + _MONTHS_KEPT)


def add_to_case(code: str, sms: int, *, now: datetime) -> None:
    _add(f"sms-case#{code}", sms, now + _CASE_KEPT)


def of_office(office: str, month: str) -> int:
    return _count(f"sms#{office}#{month}")


def of_case(code: str) -> int:
    return _count(f"sms-case#{code}")


def of_offices(offices: Iterable[str], month: str) -> Mapping[str, int]:
    """SMS of each of these offices in a month; who had none is left out."""
    found = GuardRow.batch_get([f"sms#{office}#{month}" for office in offices])
    return {row.pk.split("#")[1]: int(row.tries or 0) for row in found}


def note_ears(office: str, ears: Ears) -> None:
    body = [ears.phones, ears.mailboxes, ears.unconfirmed, ears.opted_out, moment(ears.at)]
    until = int((ears.at + _EARS_KEPT).timestamp())
    GuardRow(f"ears#{office}", expires_at=until, body=json.dumps(body)).save()


def ears(offices: Iterable[str]) -> Mapping[str, Ears]:
    """By office, as last counted; one that never was is left out."""
    found = GuardRow.batch_get([f"ears#{office}" for office in offices])
    return {row.pk.partition("#")[2]: _ears(row) for row in found}


def _ears(row: GuardRow) -> Ears:
    phones, mailboxes, unconfirmed, opted_out, at = json.loads(row.body or "[]")
    return Ears(phones, mailboxes, unconfirmed, opted_out, read_moment(at))


def phones_of(office: str) -> int:
    """How many phones a topic message with an SMS rings; one where nobody has counted yet."""
    try:
        return max(1, _ears(GuardRow.get(f"ears#{office}")).phones)
    except DoesNotExist:
        return 1


def _add(key: str, number: int, until: datetime) -> int:
    row = GuardRow(key)
    row.update(actions=[GuardRow.tries.add(number), GuardRow.expires_at.set(int(until.timestamp()))])
    return int(row.tries or 0)


def _count(key: str) -> int:
    try:
        return int(GuardRow.get(key, consistent_read=True).tries or 0)
    except DoesNotExist:
        return 0
