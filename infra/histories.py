"""Does a copy of a city tell the same story? Compares cases act by act: after an import, after a restore.

A case's partition holds its state (``head``, with its version) and one ``event#<version>`` for each act
(docs/access-patterns.md). Whole means: versions 1 to the head's, none missing. Rows are taken as DynamoDB gives them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
"""A row in DynamoDB's own JSON: ``{"pk": {"S": "..."}, ...}``."""

SLACK = timedelta(minutes=5)
"""An act's own moment is taken before it is written, and a restore is exact to the second: near it, both are right."""


@dataclass(slots=True)
class Case:
    """One case as far as it was read. ``acts`` is version -> (moment, fingerprint of the row)."""

    version: int | None = None
    acts: dict[int, tuple[datetime, str]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    """Fingerprints of all other rows, by sort key."""

    @property
    def whole(self) -> bool:
        return self.version is not None and sorted(self.acts) == list(range(1, self.version + 1))


def read(rows: Iterable[Row]) -> dict[str, Case]:
    """Cases by code; of a row that comes twice, the later counts."""
    found: dict[str, Case] = {}
    for row in rows:
        case = found.setdefault(row["pk"]["S"], Case())
        kind = row["sk"]["S"]
        if kind.startswith("event#"):
            at = datetime.fromisoformat(json.loads(row["body"]["S"])["at"])
            case.acts[int(kind.removeprefix("event#"))] = (at, fingerprint(row))
        else:
            case.rows[kind] = fingerprint(row)
            if kind == "head":
                case.version = int(row["version"]["N"])
    return found


def torn(cases: Mapping[str, Case]) -> list[str]:
    """Codes of cases whose state and acts do not fit: read while somebody wrote, or damaged."""
    return sorted(code for code, case in cases.items() if not case.whole)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Codes of all cases that are not as they should be; empty throughout where the copy is good."""

    torn: tuple[str, ...]
    """In the copy, state and acts do not fit."""
    missing: tuple[str, ...]
    """In the original and not in the copy."""
    added: tuple[str, ...]
    """In the copy and not in the original."""
    differing: tuple[str, ...]
    """An act (or, of a whole copy, a row) is not the same, or is missing."""

    @property
    def same(self) -> bool:
        return not (self.torn or self.missing or self.added or self.differing)


def compare(
    original: Mapping[str, Case], copy: Mapping[str, Case], *, at: datetime | None = None
) -> Comparison:
    """Hold a copy against the original; with ``at``, a copy of how the original was at that moment.

    Then every act up to that moment must be there and every later one must not, and states are not compared (the
    original's has moved on); a case whose first act is later must be missing.
    """
    missing, added, differing = [], sorted(copy.keys() - original.keys()), []
    for code, case in original.items():
        other = copy.get(code)
        if other is None:
            first = min((moment for moment, _ in case.acts.values()), default=None)
            if at is None or first is None or first <= at - SLACK:
                missing.append(code)
        elif at is None:
            if (case.version, case.acts, case.rows) != (other.version, other.acts, other.rows):
                differing.append(code)
        elif not _earlier(case, other, at):
            differing.append(code)
    return Comparison(tuple(torn(copy)), tuple(sorted(missing)), tuple(added), tuple(sorted(differing)))


def _earlier(now: Case, then: Case, at: datetime) -> bool:
    for version, (moment, print_) in now.acts.items():
        kept = then.acts.get(version)
        if kept is None:
            if moment <= at - SLACK:
                return False
        elif kept[1] != print_ or moment > at + SLACK:
            return False
    return not then.acts.keys() - now.acts.keys()


def fingerprint(row: Row) -> str:
    """The same for the same content, whatever the order of its attributes."""
    whole = json.dumps(row, sort_keys=True, ensure_ascii=False, default=repr)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
