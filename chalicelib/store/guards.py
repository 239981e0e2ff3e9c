"""What keeps an act from happening twice or too often: idempotency keys, sign-in challenges, caps.

DynamoDB deletes expired rows hours late, so every read and condition compares ``expires_at`` with ``now`` itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import NotFound, TooMany
from chalicelib.store.tables import GuardRow

IDEMPOTENCY_KEPT = timedelta(days=90)
"""For so long, too, a case can be traced back to the device and the address that it came from."""
CHALLENGE_TRIES = 5
_NEARBY_MOST = 30
"""Emergencies remembered for one place: a row that a flood of reports cannot swell."""
_NEARBY_TRIES = 5


@dataclass(frozen=True, slots=True)
class Guard:
    """An idempotency key taken by one request: the hash of its body, and the code it made.

    ``origin`` is kept beside it for as long: which device and address a report came from, as keyed hashes.
    """

    key: str
    body_hash: str
    code: str
    now: datetime
    origin: Mapping[str, str] = field(default_factory=dict)


def row(guard: Guard) -> GuardRow:
    body: dict[str, object] = {"hash": guard.body_hash, "code": guard.code}
    if guard.origin:
        body["origin"] = dict(guard.origin)
    return GuardRow(
        f"idem#{guard.key}", expires_at=_epoch(guard.now + IDEMPOTENCY_KEPT), body=json.dumps(body)
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


def origin(key: str, code: str) -> dict[str, str]:
    """Where the report came from that took this key for this case; empty once that is forgotten."""
    try:
        body = json.loads(GuardRow.get(f"idem#{key}").body or "{}")
    except DoesNotExist:
        return {}
    found: dict[str, str] = body.get("origin", {}) if body["code"] == code else {}
    return found


def forget_origin(key: str, code: str) -> None:
    """Forget where a report came from and keep that its key is taken; done twice, it changes nothing."""
    try:
        row = GuardRow.get(f"idem#{key}", consistent_read=True)
    except DoesNotExist:
        return
    body = json.loads(row.body or "{}")
    if body["code"] == code and body.pop("origin", None) is not None:
        try:
            row.update(actions=[GuardRow.body.set(json.dumps(body))], condition=GuardRow.body == row.body)
        except UpdateError as error:
            # Taken anew meanwhile it is another report's: nothing of that is forgotten.
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise


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


def note(key: str, window: timedelta, *, now: datetime) -> None:
    """Count one more, as `hit` does, without any limit."""
    hit(key, 1_000_000_000, window, now=now)


def misused(key: str, limit: int, window: timedelta, *, now: datetime) -> bool:
    """Tell whether `hit` has been called ``limit`` times in this window."""
    try:
        check(key, limit, window, now=now)
    except TooMany:
        return True
    return False


@dataclass(frozen=True, slots=True)
class Nearby:
    """An emergency that somebody reported a moment ago: which case, from whom (a hash), where, whether it waits."""

    code: str
    who: str
    at: int
    point: tuple[float, float] | None
    waits: bool


def note_nearby(places: Iterable[str], mine: Nearby, window: timedelta, *, now: datetime) -> None:
    """Remember an emergency under each of these places for as long as a second reporter may confirm it."""
    for place in places:
        row = GuardRow(f"near#{place}")
        for _ in range(_NEARBY_TRIES):
            found = _get(row.pk, now)
            kept = [
                item for item in _nearby(found) if item.at > _epoch(now - window) and item.code != mine.code
            ]
            body = json.dumps([_nearby_body(item) for item in (*kept, mine)][-_NEARBY_MOST:])
            condition = GuardRow.body == found.body if found else is_free(now)
            try:
                row.update(
                    actions=[GuardRow.body.set(body), GuardRow.expires_at.set(_epoch(now + window) + 1)],
                    condition=condition,
                )
                break
            except UpdateError as error:
                if error.cause_response_code != "ConditionalCheckFailedException":
                    raise


def nearby(places: Iterable[str], window: timedelta, *, now: datetime) -> list[Nearby]:
    """What was reported under these places within the window; one consistent read of each, never a scan."""
    found: dict[str, Nearby] = {}
    for place in places:
        for item in _nearby(_get(f"near#{place}", now)):
            if item.at > _epoch(now - window):
                found[item.code] = item
    return list(found.values())


def _nearby(row: GuardRow | None) -> list[Nearby]:
    items = json.loads(row.body or "[]") if row is not None else []
    return [
        Nearby(code, who, at, (point[0], point[1]) if point else None, waits)
        for code, who, at, point, waits in items
    ]


def _nearby_body(item: Nearby) -> list[object]:
    return [item.code, item.who, item.at, item.point, item.waits]


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


TOKEN_LASTS = timedelta(days=90)
"""How long a token of Open311 leads to its request; clients ask for it within seconds."""


def with_token(token: str, code: str, *, now: datetime) -> Callable[[TransactWrite], None]:
    """Have a token lead to a case, in the case's own transaction."""

    def add(transaction: TransactWrite) -> None:
        body = json.dumps({"code": code})
        transaction.save(GuardRow(f"token#{token}", expires_at=_epoch(now + TOKEN_LASTS), body=body))

    return add


def taking(guard: Guard) -> Callable[[TransactWrite], None]:
    """Take a key together with an act on a case that exists; where it is taken, the race is lost."""

    def add(transaction: TransactWrite) -> None:
        transaction.save(row(guard), condition=is_free(guard.now))

    return add


def token_code(token: str, *, now: datetime) -> str:
    """The case that a token leads to. Raises NotFound."""
    found = _get(f"token#{token}", now)
    if found is None:
        raise NotFound("token")
    code: str = json.loads(found.body or "{}")["code"]
    return code


def _get(key: str, now: datetime, *, consistent: bool = True) -> GuardRow | None:
    try:
        found = GuardRow.get(key, consistent_read=consistent)
    except DoesNotExist:
        return None
    return found if found.expires_at > _epoch(now) else None


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
