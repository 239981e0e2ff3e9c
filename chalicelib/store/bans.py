"""Where reports came from, for a while, and whose reports triage reads first. Keyed hashes only.

``guards``: ``origin#<code>`` (expires), or beside the idempotency key that a report took (`store.guards`): one row less
in its transaction. ``people``: ``ban#<kind>#<mark>``, listed by the index of offices under a name that no office has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import DoesNotExist
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import NotFound
from chalicelib.store import guards
from chalicelib.store.tables import GuardRow, PersonRow, moment, read_moment

_LIST = "register#bans"


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban; ``kind`` is ``person``, ``device`` or ``address``. The id tells nobody what it goes by."""

    id: str
    kind: str
    code: str
    officer: str
    reason: str
    made_at: datetime
    until: datetime


def note_origin(transaction: TransactWrite, code: str, marks: Mapping[str, str], *, until: datetime) -> None:
    """Keep, in the transaction of a case that took no key, which device and address it came from."""
    transaction.save(GuardRow(_origin(code), expires_at=int(until.timestamp()), body=json.dumps(marks)))


def origin(code: str, key: str | None) -> dict[str, str]:
    """Which device and address a case came from; empty once that is forgotten. ``key`` is the one that it took."""
    if key is not None:
        return guards.origin(key, code)
    try:
        found: dict[str, str] = json.loads(GuardRow.get(_origin(code)).body or "{}")
    except DoesNotExist:
        return {}
    return found


def forget_origin(code: str, key: str | None) -> None:
    """Forget it before its time; done twice, it changes nothing."""
    if key is not None:
        guards.forget_origin(key, code)
    else:
        GuardRow(_origin(code)).delete()


def _origin(code: str) -> str:
    return f"origin#{code}"


def add(key: str, code: str, officer: str, reason: str, *, until: datetime, now: datetime) -> str:
    """Store a ban on ``<kind>#<mark>``; one that stands is replaced."""
    body = {"code": code, "officer": officer, "reason": reason, "at": moment(now), "until": moment(until)}
    PersonRow(f"ban#{key}", body=json.dumps(body, ensure_ascii=False), office_id=_LIST).save()
    return _id(key)


def any_stands(keys: Iterable[str], *, now: datetime) -> bool:
    """Whether one of these is banned now."""
    wanted = [f"ban#{key}" for key in keys]
    rows = PersonRow.batch_get(wanted) if wanted else ()
    return any(read_moment(json.loads(row.body)["until"]) > now for row in rows)


def standing(*, now: datetime) -> list[Ban]:
    """All that stand, the newest first."""
    found = [_ban(row) for row in _rows()]
    return sorted((ban for ban in found if ban.until > now), key=lambda ban: ban.made_at, reverse=True)


def remove(ban_id: str) -> None:
    """Raises NotFound."""
    row = next((row for row in _rows() if _id(row.pk.removeprefix("ban#")) == ban_id), None)
    if row is None:
        raise NotFound("ban")
    row.delete()


def _rows() -> list[PersonRow]:
    return list(PersonRow.batch_get([row.pk for row in PersonRow.by_office.query(_LIST)]))


def _id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _ban(row: PersonRow) -> Ban:
    body, key = json.loads(row.body), row.pk.removeprefix("ban#")
    return Ban(
        _id(key),
        key.partition("#")[0],
        body["code"],
        body["officer"],
        body["reason"],
        read_moment(body["at"]),
        read_moment(body["until"]),
    )
