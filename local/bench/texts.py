"""How well personal data is found in texts: on the held-out half of the labelled set, and on other people's texts.

The set (tests/data/personal.txt) was frozen before the detector was written; the detector was tuned on its open half
alone. Counted per text: a kind that stands in it and was found, was missed, or was found where none stands. Intervals
are Wilson's, 95 %.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from chalicelib.domain.personal import MASKED, Finding, Kind, find
from local.bench.report import Section
from local.bench.world import PROJECT

LABELLED = PROJECT / "tests" / "data" / "personal.txt"
FROZEN = "4eb29b65121252b6a0e89e1036829831300002ec8e6a03717467fe5d5a5bc5f4"
"""SHA-256 of the labelled set as it was frozen."""
ABOUT = (
    "Per kind, in the held-out half of the labelled set: of the texts with it, how many were missed, and of those "
    "called so how many hold none. In brackets Wilson's 95 % interval. Masked kinds are hidden in public, the others "
    "hold a text for a reader. docs/privacy.md says what the set is and is not."
)
_MARK = re.compile(r"\{(\w+):([^}]*)\}")
_MISSED, _FALSE = 25, 25
"""At most so many of a hundred: a first reader's help, not a filter that is trusted."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text of the set, without its marks, and what they named."""

    language: str
    text: str
    marks: tuple[Finding, ...]
    held_out: bool

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(mark.kind for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Score:
    """Texts of one kind: found rightly, found wrongly, missed."""

    right: int
    wrong: int
    missed: int


def labelled(path: Path = LABELLED) -> Iterator[Labelled]:
    """The labelled set; the file's head says how it is written."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        language, said = line.split("\t")
        plain, at, marks = "", 0, []
        for mark in _MARK.finditer(said):
            plain += said[at : mark.start()]
            marks.append(Finding(Kind(mark[1]), len(plain), len(plain) + len(mark[2])))
            plain, at = plain + mark[2], mark.end()
        plain += said[at:]
        held_out = bool(hashlib.sha256(plain.encode()).digest()[0] & 1)
        yield Labelled(language, plain, tuple(marks), held_out)


def scores(*, held_out: bool) -> dict[Kind, Score]:
    """Texts by kind, of one half."""
    right: Counter[Kind] = Counter()
    wrong: Counter[Kind] = Counter()
    missed: Counter[Kind] = Counter()
    for each in labelled():
        if each.held_out is held_out:
            found = frozenset(item.kind for item in find(each.text))
            right.update(found & each.kinds)
            wrong.update(found - each.kinds)
            missed.update(each.kinds - found)
    return {kind: Score(right[kind], wrong[kind], missed[kind]) for kind in Kind}


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def tell(section: Section) -> None:
    """The held-out half, a line for each kind's misses and false alarms."""
    for kind, score in scores(held_out=True).items():
        there, called = score.right + score.missed, score.right + score.wrong
        how = "masked" if kind in MASKED else "holds"
        section.add(
            f"{kind}: missed",
            100 * score.missed / there if there else 0,
            "%",
            _MISSED,
            f"{how}; recall {_share(score.right, there)}",
        )
        section.add(
            f"{kind}: false",
            100 * score.wrong / called if called else 0,
            "%",
            _FALSE,
            f"precision {_share(score.right, called)}",
        )


def tell_others(section: Section, path: Path) -> None:
    """How many texts of a table (CSV with a column ``text``) each kind is found in; what was found is never printed."""
    found: Counter[Kind] = Counter()
    any_of = texts = 0
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            texts += 1
            kinds = {item.kind for item in find(row["text"])}
            found.update(kinds)
            any_of += bool(kinds)
    for kind in Kind:
        section.add(f"{kind}", found[kind], "texts", note=f"{_share(found[kind], texts)}")
    section.add("any", any_of, "texts", note=_share(any_of, texts))


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits} of {of} ({100 * low:.1f}-{100 * high:.1f} %)"
