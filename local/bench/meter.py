"""Capacity units and requests of an act, and whether the budget explains every one of them.

Units are what DynamoDB Local reports for `ReturnConsumedCapacity=INDEXES`, but for transactions: there it counts one
row of a table where several were written, and doubles what AWS does not. So each row of a transaction is written
once more, alone, over its former self in a second set of tables, and counted as AWS documents it: a row twice
(prepare and commit), an index entry once.

The budget (of an act's rows and index entries alone, whatever the emulator says): 4 for a head of at most 2 KB in a
transaction, 2 for each further row; 1 for an index entry that appears, changes or goes, 2 for one whose key moves.
Outside a transaction a row is 1. What was counted beyond that is unexplained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.bench.world import KEYS, SHADOW, Item, Raw, World, item_size, prefix

_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


@dataclass(slots=True)
class Tally:
    """What one act used."""

    requests: Counter[str] = field(default_factory=Counter)
    reads: float = 0
    writes: float = 0
    budget: float = 0
    parts: Counter[str] = field(default_factory=Counter)
    """Units of the budget, by what they are for."""
    head_bytes: int = 0
    over: list[str] = field(default_factory=list)
    """Rows that cost more than the budget explains."""
    doubled: float = 0
    """Write units if AWS doubled index entries in a transaction, too, which nobody here has seen."""
    by_table: Counter[str] = field(default_factory=Counter)
    """Read units by table and index."""

    @property
    def unexplained(self) -> float:
        return max(self.writes - self.budget, 0)

    def explained(self) -> str:
        size = f" (head {self.head_bytes:,} bytes)" if self.head_bytes else ""
        return " + ".join(f"{name} {count:g}" for name, count in self.parts.items()) + size

    def asked(self) -> str:
        return f"{self.requests.total()} requests: " + ", ".join(
            f"{count} {name}" if count > 1 else name for name, count in self.requests.items()
        )


@dataclass(frozen=True, slots=True)
class _Index:
    hash_name: str
    range_name: str
    projected: frozenset[str]


class Meter:
    """Listens to the clients of all tables; counts only within `measure`."""

    def __init__(self, world: World) -> None:
        from chalicelib.store.tables import TABLES

        self._raw: Raw = world.raw
        self._tally: Tally | None = None
        self._indexes: dict[str, dict[str, _Index]] = {name: {} for name in KEYS}
        self._writes = True
        self._pending: list[tuple[str, Item, Item | None]] = []
        for name in KEYS:
            table = self._raw("DescribeTable", TableName=prefix() + name)["Table"]
            for found in table.get("GlobalSecondaryIndexes", ()):
                keys = [key["AttributeName"] for key in found["KeySchema"]]
                shown = (*keys, *KEYS[name], *found["Projection"].get("NonKeyAttributes", ()))
                self._indexes[name][found["IndexName"]] = _Index(keys[0], keys[1], frozenset(shown))
        clients = {id(c): c for c in (table._get_connection().connection.client for table in TABLES)}
        for client in clients.values():
            client.meta.events.register("provide-client-params.dynamodb", self._before)
            client.meta.events.register("after-call.dynamodb", self._after)

    @contextmanager
    def measure(self, *, writes: bool = True) -> Iterator[Tally]:
        """Count what happens within. Without ``writes`` only reads and requests: explaining a row takes five calls."""
        self._tally, self._writes = Tally(), writes
        try:
            yield self._tally
        finally:
            self._tally = None

    def _before(self, params: dict[str, Any], model: Any, **_: object) -> None:
        if self._tally is None:
            return
        params["ReturnConsumedCapacity"] = "INDEXES"
        self._pending = []
        if not self._writes:
            return
        if model.name == "TransactWriteItems":
            writes = [next(iter(entry.items())) for entry in params["TransactItems"]]
            for kind, write in writes:
                if kind != "ConditionCheck":
                    self._remember(write)
        elif model.name in _WRITES:
            self._remember(params)

    def _remember(self, write: Mapping[str, Any]) -> None:
        table = str(write["TableName"])
        whole = write.get("Key") or write["Item"]
        key = {name: whole[name] for name in KEYS[table.removeprefix(prefix())]}
        self._pending.append((table, key, self._raw.item(table, key)))

    def _after(self, parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        tally = self._tally
        if tally is None:
            return
        tally.requests[model.name] += 1
        if "ConsumedCapacity" not in parsed:
            return
        found = parsed["ConsumedCapacity"]
        if model.name == "TransactWriteItems":
            for table, key, before in self._pending:
                self._count_row(tally, table, before, self._raw.item(table, key), transaction=True)
        elif model.name in _WRITES:
            if not self._writes:
                return
            ((table, key, before),) = self._pending
            after = self._raw.item(table, key)
            self._count_row(tally, table, before, after, transaction=False, reported=found)
        else:
            for part in found if isinstance(found, list) else [found]:
                tally.reads += part["CapacityUnits"]
                name = part["TableName"].removeprefix(prefix())
                indexes = part.get("GlobalSecondaryIndexes") or {}
                for index, units in indexes.items():
                    tally.by_table[f"{name}.{index}"] += units["CapacityUnits"]
                tally.by_table[name] += part["Table"]["CapacityUnits"]

    def _count_row(
        self,
        tally: Tally,
        table: str,
        before: Item | None,
        after: Item | None,
        *,
        transaction: bool,
        reported: Mapping[str, Any] | None = None,
    ) -> None:
        units = reported or self._alone(table, before, after)
        times = 2 if transaction else 1
        row = units["Table"]["CapacityUnits"]
        entries = sum(part["CapacityUnits"] for part in (units.get("GlobalSecondaryIndexes") or {}).values())
        name = table.removeprefix(prefix())
        image = after or before or {}
        kind = _kind(name, image)
        allowed = times * (2 if kind == "head" else 1)
        moved = self._entries(name, before or {}, after or {})
        if kind == "head":
            tally.head_bytes = item_size(image)
        tally.writes += times * row + entries
        tally.doubled += times * (row + entries)
        tally.budget += allowed + sum(moved.values())
        tally.parts[kind] += allowed
        if moved:
            tally.parts[f"{kind}'s index entries"] += sum(moved.values())
        if times * row + entries > allowed + sum(moved.values()):
            counted = {
                index: part["CapacityUnits"]
                for index, part in (units.get("GlobalSecondaryIndexes") or {}).items()
            }
            wrong = {index: n for index, n in counted.items() if n != moved.get(index, 0)}
            tally.over.append(f"{kind}: {times * row:g} for {allowed}, indexes {wrong or 'as explained'}")

    def _alone(self, table: str, before: Item | None, after: Item | None) -> Mapping[str, Any]:
        """Put the row over its former self in the shadow tables, and see what that costs."""
        name = table.removeprefix(prefix())
        shadow = prefix(SHADOW) + name
        image = after or before or {}
        key = {part: image[part] for part in KEYS[name]}
        self._raw("DeleteItem", TableName=shadow, Key=key)
        if before is not None:
            self._raw("PutItem", TableName=shadow, Item=before)
        if after is None:
            answer = self._raw("DeleteItem", TableName=shadow, Key=key, ReturnConsumedCapacity="INDEXES")
        else:
            answer = self._raw("PutItem", TableName=shadow, Item=after, ReturnConsumedCapacity="INDEXES")
        units: Mapping[str, Any] = answer["ConsumedCapacity"]
        return units

    def _entries(self, table: str, before: Item, after: Item) -> dict[str, int]:
        """What the write means for each index: by comparing the row's entry in it before and after."""
        found = {}
        for name, index in self._indexes[table].items():
            old, new = _entry(index, before), _entry(index, after)
            if old == new:
                continue
            keys = (index.hash_name, index.range_name)
            both = bool(old) and bool(new)
            found[name] = 2 if both and any(old[key] != new[key] for key in keys) else 1
        return found


def _entry(index: _Index, row: Item) -> Item:
    if index.hash_name not in row or index.range_name not in row:
        return {}
    return {name: row[name] for name in index.projected if name in row}


def _kind(table: str, row: Item) -> str:
    """What a row is, in a word."""
    if table == "complaints":
        return str(row["sk"]["S"]).partition("#")[0]
    key = str(next(iter(row[name]["S"] for name in KEYS[table])))
    if table == "outbox":
        return "notice"
    return {"citizen": "contact", "idem": "guard", "rate": "counter"}.get(
        key.partition("#")[0], key.partition("#")[0]
    )
