"""What an officer's desk remembers: searches kept under a name, and what was just done to many cases at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError

from chalicelib.store.tables import GuardRow, PersonRow

_TRIES = 4

Filters = dict[str, dict[str, Any]]
"""By id, what each kept search is called (``name``) and what it looks for (``query``); oldest first."""


def filters(officer_id: str) -> Filters:
    try:
        row = PersonRow.get(f"filters#{officer_id}", consistent_read=True)
    except DoesNotExist:
        return {}
    found: Filters = json.loads(row.body)
    return found


def change_filters(officer_id: str, act: Callable[[Filters], None]) -> Filters:
    """Change what an officer keeps; two tabs at once lose nothing. ``act`` may be called more than once."""
    for attempt in range(_TRIES):
        before = filters(officer_id)
        after: Filters = json.loads(json.dumps(before))
        act(after)
        row = PersonRow(f"filters#{officer_id}", body=json.dumps(after))
        try:
            row.save(
                condition=PersonRow.body == json.dumps(before) if before else PersonRow.pk.does_not_exist()
            )
            return after
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException" or attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def remember(bulk_id: str, body: Mapping[str, Any], *, until: datetime) -> None:
    """Keep what is needed to take a bulk act back, before the first case is touched."""
    row = GuardRow(f"bulk#{bulk_id}", expires_at=int(until.timestamp()) + 3600, body=json.dumps(dict(body)))
    row.save()


def remembered(bulk_id: str) -> dict[str, Any] | None:
    try:
        row = GuardRow.get(f"bulk#{bulk_id}", consistent_read=True)
    except DoesNotExist:
        return None
    found: dict[str, Any] = json.loads(row.body or "{}")
    return found
