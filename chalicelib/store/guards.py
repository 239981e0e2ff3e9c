"""What keeps an act from happening twice or too often: idempotency keys, sign-in challenges, caps.

DynamoDB deletes expired rows hours late, so every read and condition compares ``expires_at`` with ``now`` itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.condition import Condition

from chalicelib.domain.errors import NotFound, TooMany
from chalicelib.store.tables import GuardRow

IDEMPOTENCY_KEPT = timedelta(days=30)
CHALLENGE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Guard:
    """An idempotency key taken by one request: the hash of its body, and the code it made."""

    key: str
    body_hash: str
    code: str
    now: datetime


def row(guard: Guard) -> GuardRow:
    return GuardRow(
        f"idem#{guard.key}",
        expires_at=_epoch(guard.now + IDEMPOTENCY_KEPT),
        body=json.dumps({"hash": guard.body_hash, "code": guard.code}),
    )


def is_free(now: datetime) -> Condition:
    free: Condition = GuardRow.pk.does_not_exist() | (GuardRow.expires_at <= _epoch(now))
    return free


def earlier(key: str, *, now: datetime) -> tuple[str, str] | None:
    """The body hash and tracking code of the request that took this key; None while it is free."""
    found = _get(f"idem#{key}", now)
    if found is None:
        return None
    body = json.loads(found.body or "{}")
    return body["hash"], body["code"]


def hit(key: str, limit: int, window: timedelta, *, now: datetime) -> None:
    """Count one more within the window that ``now`` lies in. Raises TooMany once ``limit`` is reached."""
    seconds = int(window.total_seconds())
    start = int(now.timestamp()) // seconds * seconds
    counter = GuardRow(f"rate#{key}#{seconds}#{start}")
    try:
        counter.update(
            actions=[GuardRow.tries.add(1), GuardRow.expires_at.set(start + 2 * seconds)],
            condition=GuardRow.tries.does_not_exist() | (GuardRow.tries < limit),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise TooMany(key.partition("#")[0], start + seconds - int(now.timestamp())) from error
        raise


def check(key: str, limit: int, window: timedelta, *, now: datetime) -> None:
    """Raise TooMany where `hit` has been called ``limit`` times in this window; counts nothing itself."""
    seconds = int(window.total_seconds())
    start = int(now.timestamp()) // seconds * seconds
    found = _get(f"rate#{key}#{seconds}#{start}", now, consistent=False)
    if found is not None and int(found.tries or 0) >= limit:
        raise TooMany(key.partition("#")[0], start + seconds - int(now.timestamp()))


def open_challenge(challenge: str, person: str, kind: str, *, expires_at: datetime) -> None:
    """Remember who a one-time code is for; its digits are derived and stored nowhere."""
    GuardRow(
        f"challenge#{challenge}",
        expires_at=_epoch(expires_at),
        body=json.dumps({"person": person, "kind": kind}),
        tries=0,
    ).save()


def try_challenge(challenge: str, *, now: datetime) -> tuple[str, str]:
    """Use up one of the five tries *before* any digit is compared. Returns person and kind.

    Raises NotFound for a challenge that is unknown, expired, used or out of tries: the caller learns no difference.
    """
    found = GuardRow(f"challenge#{challenge}")
    try:
        found.update(
            actions=[GuardRow.tries.add(1)],
            condition=(GuardRow.tries < CHALLENGE_TRIES) & (GuardRow.expires_at > _epoch(now)),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise NotFound("challenge") from error
        raise
    body = json.loads(found.body or "{}")
    return body["person"], body["kind"]


def spend_challenge(challenge: str, *, now: datetime) -> None:
    """Make a challenge void after the right digits: it opens once. Raises NotFound if it was just spent."""
    try:
        GuardRow(f"challenge#{challenge}").update(
            actions=[GuardRow.expires_at.set(_epoch(now))],
            condition=GuardRow.expires_at > _epoch(now),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise NotFound("challenge") from error
        raise


def _get(key: str, now: datetime, *, consistent: bool = True) -> GuardRow | None:
    try:
        found = GuardRow.get(key, consistent_read=consistent)
    except DoesNotExist:
        return None
    return found if found.expires_at > _epoch(now) else None


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
