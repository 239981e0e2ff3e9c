"""Links with which an officer acts on one case without signing in: rows that end by themselves, found by a hash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import DoesNotExist

from chalicelib.domain.errors import NotFound
from chalicelib.store.tables import GuardRow, moment, read_moment


@dataclass(frozen=True, slots=True)
class ActLink:
    """Whose link to which case, and the state the case was in: it is void once that, or its office, is another."""

    code: str
    officer: str
    office: str
    status: str
    until: datetime
    used: bool = False


def keep(row: str, link: ActLink) -> None:
    """Store a link; written again (a message that is sent a second time) it stands as it stood."""
    body = [link.code, link.officer, link.office, link.status, moment(link.until), link.used]
    found = GuardRow(f"act#{row}")
    expires = int(link.until.timestamp())
    found.update([GuardRow.body.set(GuardRow.body | json.dumps(body)), GuardRow.expires_at.set(expires)])


def get(row: str) -> ActLink:
    """Raises NotFound for a link that never was, or that AWS has deleted since."""
    try:
        found = GuardRow.get(f"act#{row}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound("link") from error
    code, officer, office, status, until, used = json.loads(found.body or "[]")
    return ActLink(code, officer, office, status, read_moment(until), used)


def use_up(row: str, link: ActLink) -> None:
    """From here on the link says that it was used, and opens nothing."""
    body = [link.code, link.officer, link.office, link.status, moment(link.until), True]
    GuardRow(f"act#{row}").update([GuardRow.body.set(json.dumps(body))])
