"""The chain over a case's history: each entry seals itself and all before it, so that none can be changed unseen.

An entry is plain JSON as the store keeps it: ``act``, ``at``, ``by``, ``data``, and the words that somebody said
(``text`` and the keys of `SAID_IN_DATA`). Words go into a *salted commitment* (SHA-256 over a random salt and them),
what happened and the commitment into the *chain* (SHA-256 over the chain before, the version and the fact). Erasing
words and salt leaves the commitment, so the chain still holds, and without the salt nobody can guess the words from it.
The scheme is that of hash-linked records (Haber and Stornetta, "How to time-stamp a digital document", 1991).

It shows a change made afterwards by whoever cannot write every later entry anew. Against whoever can, compare with an
export that was handed out before: its last ``chain`` must stand in the history still.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SALT_BYTES = 16
SAID_IN_DATA = frozenset({"reason", "shown_before", "words", "master", "recurs", "follows"})
"""Keys of an entry's ``data`` whose values not everybody may read: a person's own words, and other cases' codes."""
_SEALS = ("salt", "commitment", "chain")


class Flaw(StrEnum):
    """What is wrong with one entry of a history."""

    MISSING = "missing"  # a version between two others is not there
    WORDS = "words_changed"  # what was said is not what was committed to
    FACT = "fact_changed"  # the chain does not follow from the entry and the one before
    UNCHAINED = "unchained"  # an entry without a seal after one with it


@dataclass(frozen=True, slots=True)
class Found:
    """One flaw, at the version where it shows."""

    version: int
    flaw: Flaw


def sealed(
    entry: Mapping[str, Any],
    version: int,
    before: str,
    salt: bytes,
    *,
    words: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An entry with its seal. ``before`` is the chain of the entry before, empty at the first; ``words`` (of a filing)
    get a commitment of their own, since they stand in another row."""
    kept = {**entry, "salt": _text(salt), "commitment": _commit(entry, salt)}
    if words is not None:
        kept["filed"] = _hash(salt + _canonical(words))
    return {**kept, "chain": _chain(kept, version, before)}


def erased(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without the words that were said; what happened stays, and stays provable."""
    kept = {key: value for key, value in entry.items() if key not in ("text", "data", "salt")}
    facts = _facts(entry)
    return {**kept, **({"data": facts} if facts else {}), "erased": True}


def check(
    entries: Sequence[tuple[int, Mapping[str, Any]]], *, words: Mapping[str, Any] | None = None
) -> tuple[Found, ...]:
    """Walk a history, oldest first, and tell every flaw; none where it is whole.

    ``words`` are what was filed, where they are still as they were; without them that commitment is taken on trust.
    Entries of before there was a chain are passed over, but none may come after one that has it.
    """
    flaws: list[Found] = []
    before = ""
    for place, (version, entry) in enumerate(entries):
        if version != place + 1 and (place == 0 or version != entries[place - 1][0] + 1):
            flaws.append(Found(version, Flaw.MISSING))
        if "chain" not in entry:
            if before:
                flaws.append(Found(version, Flaw.UNCHAINED))
            continue
        if not _as_committed(entry, words):
            flaws.append(Found(version, Flaw.WORDS))
        if entry["chain"] != _chain(entry, version, before):
            flaws.append(Found(version, Flaw.FACT))
        before = str(entry["chain"])
    return tuple(flaws)


def _as_committed(entry: Mapping[str, Any], words: Mapping[str, Any] | None) -> bool:
    if "salt" not in entry:
        return bool(entry.get("erased"))
    salt = base64.urlsafe_b64decode(f"{entry['salt']}==")
    if words is not None and "filed" in entry and entry["filed"] != _hash(salt + _canonical(words)):
        return False
    return bool(entry["commitment"] == _commit(entry, salt))


def _commit(said: Mapping[str, Any], salt: bytes) -> str:
    words = {key: value for key, value in said.get("data", {}).items() if key in SAID_IN_DATA}
    return _hash(salt + _canonical([said.get("text", ""), words]))


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.get("data", {}).items() if key not in SAID_IN_DATA}


def _chain(entry: Mapping[str, Any], version: int, before: str) -> str:
    fact = {key: value for key, value in entry.items() if key not in ("text", "data", "erased", *_SEALS)}
    return _hash(_canonical([before, version, fact, _facts(entry), entry["commitment"]]))


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _hash(data: bytes) -> str:
    return _text(hashlib.sha256(data).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
