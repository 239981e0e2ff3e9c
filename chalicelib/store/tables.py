"""All tables and indexes as PynamoDB sees them; infra/data.yaml makes them (a contract test compares the two).

Rows keep what no key or index needs in one JSON attribute: DynamoDB's client spends its time on attributes, and a
``card`` of one string makes a page of fifty cheap (docs/access-patterns.md has the measured units).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.settings import settings

DUE_SHARDS = 8
"""May only grow: a case keeps the shard that its code gives it."""
PENDING_SHARDS = 4


def moment(at: datetime) -> str:
    """A moment as keys hold it: UTC, milliseconds, sortable as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def read_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shard(key: str, shards: int) -> str:
    return str(zlib.crc32(key.encode()) % shards)


class _Meta:
    # PynamoDB waits 30 s by default, longer than the gateway; a slow table must fail while somebody still listens.
    connect_timeout_seconds = 1
    read_timeout_seconds = 3
    max_retry_attempts = 2
    max_pool_connections = 32


def _index(name: str, hash_name: str, range_name: str, card: str | None) -> GlobalSecondaryIndex[Any]:
    """A sparse index: rows without its key are not in it. ``card`` is the one attribute that a list shows."""
    projected = IncludeProjection([card]) if card else KeysOnlyProjection()
    meta = type("Meta", (), {"index_name": name, "projection": projected})
    body: dict[str, Any] = {
        "Meta": meta,
        hash_name: UnicodeAttribute(hash_key=True),
        range_name: UnicodeAttribute(range_key=True),
    }
    if card:
        body[card] = UnicodeAttribute(null=True)
    made = type(f"{name}_index", (GlobalSecondaryIndex,), body)()
    assert isinstance(made, GlobalSecondaryIndex)  # noqa: S101  for the type checker alone
    return made


class _Row(Model):
    """All tables share one client: PynamoDB would make one each, at some 0.3 G instructions of every cold start."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        global _shared
        if cls._connection is None:
            with _connecting:
                if cls._connection is None:
                    made = super()._get_connection()
                    if _shared is None:
                        _shared = made.connection
                    else:
                        _shared.add_meta_table(made.get_meta_table())
                        made.connection = _shared
        return super()._get_connection()


_shared: Connection | None = None
_connecting = Lock()


class ComplaintRow(_Row):
    """A case's partition: ``head`` (state), ``text`` (what was said), and one ``event#<version>`` per act.

    Who joined and what was merged stand behind ``~`` (`store.joins`), their numbers in ``count#``.
    """

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}complaints"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    tally = NumberAttribute(null=True)
    public_card = UnicodeAttribute(null=True)
    staff_card = UnicodeAttribute(null=True)
    mine_card = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)
    inbox_at = UnicodeAttribute(null=True)
    wakes_at = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    citizen_id = UnicodeAttribute(null=True)
    office_open = UnicodeAttribute(null=True)
    area_open = UnicodeAttribute(null=True)
    screening_open = UnicodeAttribute(null=True)
    top_open = UnicodeAttribute(null=True)
    public_month = UnicodeAttribute(null=True)
    public_area_month = UnicodeAttribute(null=True)
    public_category_month = UnicodeAttribute(null=True)
    public_office_month = UnicodeAttribute(null=True)
    public_cell = UnicodeAttribute(null=True)
    scheduled_open = UnicodeAttribute(null=True)
    until_at = UnicodeAttribute(null=True)
    spot = UnicodeAttribute(null=True)
    spot_at = UnicodeAttribute(null=True)
    city_month = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Put index keys and cards on a row, by attribute name."""
        for name, value in keys.items():
            setattr(self, name, value)

    by_citizen = _index("by_citizen", "citizen_id", "listed_at", "mine_card")
    by_office = _index("by_office", "office_open", "inbox_at", "staff_card")
    by_area_staff = _index("by_area_staff", "area_open", "inbox_at", "staff_card")
    by_screening = _index("by_screening", "screening_open", "inbox_at", "staff_card")
    by_top = _index("by_top", "top_open", "inbox_at", "staff_card")
    due = _index("due", "due_shard", "wakes_at", None)
    by_public_office = _index("by_public_office", "public_office_month", "listed_at", "public_card")
    by_area = _index("by_area", "public_area_month", "listed_at", "public_card")
    by_category = _index("by_category", "public_category_month", "listed_at", "public_card")
    by_month = _index("by_month", "public_month", "listed_at", "public_card")
    by_cell = _index("by_cell", "public_cell", "listed_at", "public_card")
    by_scheduled = _index("by_scheduled", "scheduled_open", "until_at", "public_card")
    by_spot = _index("by_spot", "spot", "spot_at", None)
    by_updated = _index("by_updated", "city_month", "updated_at", None)


_NOT_THE_HEADS = ("pk", "sk", "version", "body", "tally", "city_month", "updated_at")
"""The last two stand on the entries of the history, one for each act of a case that is in public lists."""
HEAD_KEYS = tuple(name for name in ComplaintRow.get_attributes() if name not in _NOT_THE_HEADS)


class NoticeRow(_Row):
    """One notice and its fate. ``pending_shard`` stands on it exactly as long as it waits to be sent."""

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}outbox"

    notice_id = UnicodeAttribute(hash_key=True)
    body = UnicodeAttribute()
    state = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    pending_shard = UnicodeAttribute(null=True)
    next_attempt_at = UnicodeAttribute(null=True)
    tries = NumberAttribute(default=0)
    held_until = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claims = NumberAttribute(null=True)
    fate = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)

    pending = _index("pending", "pending_shard", "next_attempt_at", None)
    by_complaint = _index("by_complaint", "code", "created_at", None)


class PersonRow(_Row):
    """``officer#<id>``, ``citizen#<id>``, ``post#<role@scope>`` and ``key#<id>``, a person's wrapped data key.

    Contact data is sealed under that key (docs/adr/0026).
    """

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}people"

    pk = UnicodeAttribute(hash_key=True)
    body = UnicodeAttribute()
    contact = BinaryAttribute(null=True, legacy_encoding=False)
    office_id = UnicodeAttribute(null=True)
    away = UnicodeAttribute(null=True)
    covers = UnicodeAttribute(null=True)

    by_office = _index("by_office", "office_id", "pk", None)


class GuardRow(_Row):
    """What keeps something from happening twice or too often. AWS deletes late, so readers compare ``expires_at``."""

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}guards"

    pk = UnicodeAttribute(hash_key=True)
    expires_at = NumberAttribute()
    body = UnicodeAttribute(null=True)
    tries = NumberAttribute(null=True)


class PhotoRow(_Row):
    """``<id>``/``photo`` is a photo; ``case#<code>``/``<id>`` says whose, ``mark#<band>``/``<id>`` how it looks."""

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}photos"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    wakes_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)

    due = _index("due", "due_shard", "wakes_at", None)


class SearchRow(_Row):
    """Words by which staff find cases, made from the cases and re-makeable from them (`store.search`).

    ``todo#<shard>``: a case whose words changed; ``case#<code>``: what is kept of it; ``<month>#<two letters>``: one
    word of one case. ``o`` and ``a`` are its office and village.
    """

    class Meta(_Meta):
        table_name = f"{settings().table_prefix}search"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)
    stamp = UnicodeAttribute(null=True)
    o = UnicodeAttribute(null=True)
    a = UnicodeAttribute(null=True)


TABLES: tuple[type[Model], ...] = (ComplaintRow, NoticeRow, PersonRow, GuardRow, PhotoRow, SearchRow)


def connection() -> Connection:
    """The low-level connection, shared by all tables; makes its client on first use."""
    return ComplaintRow._get_connection().connection


def forget_connections() -> None:
    """Drop all connections, for a process whose endpoints changed (tests, the local stack)."""
    global _shared
    with _connecting:
        _shared = None
        for table in TABLES:
            table._connection = None
