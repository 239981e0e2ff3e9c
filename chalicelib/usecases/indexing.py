"""Keeping the words by which staff find cases as the cases are: what the job of each minute and an operator do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.domain import search as words
from chalicelib.domain.errors import NotFound
from chalicelib.observability import count, logger
from chalicelib.store import complaints, search
from chalicelib.usecases.record import city

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Swept:
    indexed: int
    failed: int
    finished: bool


def sweep(*, has_time: Callable[[], bool] = lambda: True) -> Swept:
    """Take up every case that is marked; one that fails stays marked, is counted, and stops no other."""
    indexed = failed = 0
    finished = True
    for code, anew, marks in search.marked():
        if not has_time():
            finished = False
            break
        try:
            take_up(code, anew=anew)
            search.clear(marks)
            indexed += 1
        except Exception:  # noqa: BLE001  one case must not keep the others out of the index
            logger.exception("a case could not be indexed", extra={"code": code})
            failed += 1
    count("CasesIndexed", indexed)
    count("IndexingFailed", failed)
    return Swept(indexed, failed, finished)


def take_up(code: str, *, anew: bool = False) -> None:
    """Bring the index of one case to how the case stands now; done twice or beside itself it ends the same.

    First what will stand there and what did are written down together, then the rows change, then what stands there
    is written down alone: whoever dies in between leaves a list that names every row there may be.
    """
    mine: frozenset[search.Key] = frozenset()
    for _ in range(_TRIES):
        before = search.kept(code)
        # After what was written down, and consistently: so nobody who wrote it saw a later state than this.
        target = _target(code)
        if target is None:
            search.put(code, before, (), before.keys | mine)
            search.forget(code)
            return
        stays = before.place == target.place and not anew
        new = target.keys - before.keys if stays else target.keys
        gone = (before.keys | mine) - target.keys
        if not new and not gone:
            return
        mine |= target.keys
        both = replace(target, keys=before.keys | mine, place=search.UNSURE)
        try:
            between = search.write_down(code, both, seen=before.stamp)
            search.put(code, target, new, gone)
            search.write_down(code, target, seen=between.stamp)
            return
        except search.Raced:
            continue
    raise search.Raced(code)


def _target(code: str) -> search.Kept | None:
    try:
        stored = complaints.get(code, consistent=True)
    except NotFound:
        return None
    return search.wanted(stored.complaint, words.kept(stored.complaint, stored.history), city())


def make_anew(*, empty: bool = False, tell: Callable[[int], None] = lambda _: None) -> int:
    """Mark every case to be written into the index anew, after emptying it where asked; how many they are."""
    if empty:
        search.empty()
    number = 0
    batch: list[str] = []
    for code in search.every_case():
        batch.append(code)
        if len(batch) == 500:
            number += search.mark_anew(batch)
            tell(number)
            batch = []
    return number + search.mark_anew(batch)
