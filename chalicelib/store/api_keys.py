"""Keys of other systems, as rows of the people table: ``apikey#<id>``. Of the key itself only a hash is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from pynamodb.exceptions import DoesNotExist, PutError

from chalicelib.domain.errors import NotFound, StaleComplaint
from chalicelib.store.tables import PersonRow, moment, read_moment

_PREFIX = "apikey#"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a key may do, for whom, how often, and whether it still may."""

    id: str
    client: str
    """Who holds it, for the operator to read."""
    hash: str
    scopes: frozenset[str]
    per_hour: int
    """Requests that need the key; 0 counts none."""
    issued_at: datetime
    revoked_at: datetime | None = None


def get(key_id: str) -> ApiKey:
    """Read a key, always afresh: a revoked one ends at the next request. Raises NotFound."""
    try:
        row = PersonRow.get(f"{_PREFIX}{key_id}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound(key_id) from error
    return _key(row)


def add(key: ApiKey) -> None:
    """Store a new key. Raises StaleComplaint where its id is taken."""
    try:
        _row(key).save(condition=PersonRow.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise StaleComplaint(key.id) from error
        raise


def revoke(key_id: str, *, now: datetime) -> ApiKey:
    """End a key for good; a second time changes nothing. Raises NotFound."""
    found = get(key_id)
    if found.revoked_at is None:
        found = replace(found, revoked_at=now)
        _row(found).save()
    return found


def every() -> Iterator[ApiKey]:
    """All keys; for an operator's command, never for a request."""
    return (_key(row) for row in PersonRow.scan(PersonRow.pk.startswith(_PREFIX)))


def _row(key: ApiKey) -> PersonRow:
    body = {
        "client": key.client,
        "hash": key.hash,
        "scopes": sorted(key.scopes),
        "per_hour": key.per_hour,
        "issued_at": moment(key.issued_at),
    }
    if key.revoked_at is not None:
        body["revoked_at"] = moment(key.revoked_at)
    return PersonRow(f"{_PREFIX}{key.id}", body=json.dumps(body))


def _key(row: PersonRow) -> ApiKey:
    body = json.loads(row.body)
    return ApiKey(
        id=row.pk.removeprefix(_PREFIX),
        client=body["client"],
        hash=body["hash"],
        scopes=frozenset(body["scopes"]),
        per_hour=body["per_hour"],
        issued_at=read_moment(body["issued_at"]),
        revoked_at=read_moment(body["revoked_at"]) if body.get("revoked_at") else None,
    )
