"""How people want to be told: ``wish#officer#<id>`` and ``wish#citizen#<id>``, beside their own rows; and where a push
goes, ``push#…``, sealed.

A row of its own: a roster that comes again, or a report filed again, takes no wish away.
"""

from __future__ import annotations

import json
from typing import Any

from pynamodb.exceptions import DoesNotExist

from chalicelib.domain.wishes import NONE, Wish
from chalicelib.store.tables import PersonRow, moment, read_moment


def of(kind: str, person: str) -> Wish:
    """The wish of an ``officer`` or a ``citizen``; an empty one where there is none."""
    try:
        row = PersonRow.get(f"wish#{kind}#{person}", consistent_read=True)
    except DoesNotExist:
        return NONE
    return _wish(json.loads(row.body))


def keep(kind: str, person: str, wish: Wish) -> None:
    body = json.dumps(_body(wish), separators=(",", ":"))
    PersonRow(f"wish#{kind}#{person}").update([PersonRow.body.set(body)])


def address(kind: str, person: str) -> bytes:
    """Where a push goes to somebody, sealed under their data key; empty where nowhere."""
    try:
        return bytes(PersonRow.get(f"push#{kind}#{person}").contact or b"")
    except DoesNotExist:
        return b""


def keep_address(kind: str, person: str, sealed: bytes) -> None:
    PersonRow(f"push#{kind}#{person}", body="{}", contact=sealed).save()


def forget_address(kind: str, person: str) -> None:
    PersonRow(f"push#{kind}#{person}").delete()


def _body(wish: Wish) -> dict[str, Any]:
    said: dict[str, Any] = {
        "channel": wish.channel,
        "language": wish.language,
        "stopped_at": moment(wish.stopped_at) if wish.stopped_at else "",
        "quiet": list(wish.quiet or ()),
        "areas": list(wish.areas),
        "level": wish.level,
    }
    kept = {name: value for name, value in said.items() if value}
    return kept if wish.digest else {**kept, "digest": False}


def _wish(body: dict[str, Any]) -> Wish:
    quiet = body.get("quiet")
    return Wish(
        channel=str(body.get("channel", "")),
        language=str(body.get("language", "")),
        stopped_at=read_moment(body["stopped_at"]) if body.get("stopped_at") else None,
        quiet=(int(quiet[0]), int(quiet[1])) if quiet else None,
        digest=bool(body.get("digest", True)),
        areas=tuple(str(area) for area in body.get("areas", ())),
        level=int(body.get("level", 0)),
    )
