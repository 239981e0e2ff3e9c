"""Rows beside a case by which the lists of a person and of an office, and the sweep, find what is to be done inside.

``~work#person`` is the case that somebody of the office has, ``~work#task#01`` one office's part of it. Both stand in
indexes that exist: ``by_office`` under keys of its own (``person#<id>``, ``task#<office>``), ordered by day, and
``due`` with a wake-up of their own. What they say is worked out from the history with each change (`domain.deskwork`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from pynamodb.transactions import TransactWrite

from chalicelib.domain.deskwork import Item
from chalicelib.domain.tracking import short
from chalicelib.store.complaints import BESIDE, Also
from chalicelib.store.tables import DUE_SHARDS, ComplaintRow, moment, shard

_WORK = f"{BESIDE}work#"


def following(before: Sequence[Item], after: Sequence[Item], beside: Also | None = None) -> Also | None:
    """What has to be written beside a change, after ``beside``, so that the rows say what the history now says."""
    kept = {item.key: item for item in after}
    gone = [item for item in before if item.key not in kept]
    new = [item for item in after if item not in before]
    if not gone and not new:
        return beside

    def fill(transaction: TransactWrite) -> None:
        if beside is not None:
            beside(transaction)
        for item in gone:
            transaction.delete(ComplaintRow(item.code, f"{_WORK}{item.key}"))
        for item in new:
            transaction.save(_row(item))

    return fill


def page(whose: str, *, limit: int, after: str | None = None) -> list[tuple[str, Item]]:
    """What stands on somebody's list, the earliest day first, each with its position; from behind a position on."""
    condition = ComplaintRow.inbox_at > after if after else None
    rows = ComplaintRow.by_office.query(whose, condition, limit=limit, page_size=limit)
    return [(str(row.inbox_at), _item(row, whose)) for row in rows]


def _row(item: Item) -> ComplaintRow:
    card = {
        "category": item.category,
        "area": item.area,
        "office": item.office,
        "accused": item.accused,
    }
    row = ComplaintRow(item.code, f"{_WORK}{item.key}", body="{}")
    row.office_open = item.whose
    row.inbox_at = f"{item.due.isoformat()}#{short(item.code)}#{item.key}"
    row.staff_card = json.dumps({name: value for name, value in card.items() if value}, separators=(",", ":"))
    if item.wakes_at is not None:
        row.due_shard = shard(item.code, DUE_SHARDS)
        row.wakes_at = moment(item.wakes_at)
    return row


def _item(row: ComplaintRow, whose: str) -> Item:
    card = json.loads(row.staff_card)
    return Item(
        row.pk,
        row.sk.removeprefix(_WORK),
        whose,
        date.fromisoformat(row.inbox_at.partition("#")[0]),
        None,
        card.get("category"),
        card.get("area"),
        card["office"],
        card.get("accused"),
    )
