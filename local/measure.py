"""Measures how well the words of a complaint find its office and its topic, on texts with known answers.

A row has ``id``, ``text``, ``agency_role`` and ``topic``; an empty label is an unknown one. Rows are split into three
thirds by their ids: keywords are tuned on A, checked on B now and then, and C is held out for the figure that is
published. ``docs/routing.md`` has the figures and says what can be compared with what.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.city import AREA_HEAD, Category, City
from chalicelib.domain.routing import suggest
from chalicelib.domain.words import accuses

THIRDS = "ABC"

AREA = "area"
"""What lurah and camat are together, when offices are compared: the file gives the same matter to either."""

_AREA_ROLES = frozenset({"desa-kelurahan", "kecamatan"})

TOPIC_OF: Mapping[str, str] = {
    "lubang_terbuka": "drainase_genangan",
    "jalan_lingkungan": "jalan_rusak",
    "jalan_nasional_provinsi": "jalan_rusak",
    "lampu_lalu_lintas": "kemacetan_lalu_lintas",
    "parkir_liar": "parkir",
    "sampah_lingkungan": "sampah",
    "pohon_tumbang": "pohon_taman",
    # In the file's sources "matters of the kelurahan's territory" are noise, neighbours and gatherings.
    "ketertiban_lingkungan": "pelayanan_desa_kelurahan",
    "tindak_pidana": "ketertiban_umum",
    "kebakaran": "bencana_kedaruratan",
    "gawat_darurat_medis": "bencana_kedaruratan",
    "jaminan_kesehatan": "kesehatan",
    "rumah_sakit": "kesehatan",
    "pendidikan_menengah": "pendidikan",
    "perilaku_petugas": "pelayanan_aparatur",
    "kepegawaian": "pelayanan_aparatur",
}
"""Categories that are finer than the file's topics, or cut elsewhere; all others bear the topic's own name."""

ROLE_OF: Mapping[str, str] = {"perumda-parkir": "dishub", AREA_HEAD: AREA}
"""Offices that the cities of the file do not have, by who does their work there."""


def third(id_: str) -> str:
    """The third of the file that a row is in: the first four bytes of SHA-256 of its id, modulo three."""
    return THIRDS[int.from_bytes(hashlib.sha256(id_.encode()).digest()[:4], "big") % 3]


@dataclass(frozen=True)
class Count:
    """One class: how many rows bear it, how many suggestions name it, and how many of those are right."""

    labelled: int
    suggested: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.suggested if self.suggested else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.labelled + self.suggested) if self.right else 0.0


@dataclass(frozen=True)
class Table:
    """Sure suggestions against one label column; rows without a label are left out.

    A row whose best suggestion is not sure counts as not suggested, so it costs recall and not precision.
    """

    classes: Mapping[str, Count]
    first: int
    """Rows whose label is that of the best suggestion, sure or not."""
    among_three: int
    """Rows whose label is that of one of the first three."""

    @property
    def micro(self) -> Count:
        every = self.classes.values()
        return Count(
            sum(c.labelled for c in every), sum(c.suggested for c in every), sum(c.right for c in every)
        )

    @property
    def macro(self) -> tuple[float, float, float]:
        """Precision, recall and F1 as plain means over the classes that occur as labels."""
        known = [count for count in self.classes.values() if count.labelled]
        size = max(len(known), 1)
        return (
            sum(c.precision for c in known) / size,
            sum(c.recall for c in known) / size,
            sum(c.f1 for c in known) / size,
        )

    @property
    def majority(self) -> float:
        """The share of the commonest label: the accuracy of always naming it."""
        return max((c.labelled for c in self.classes.values()), default=0) / max(self.micro.labelled, 1)


@dataclass(frozen=True)
class Measured:
    rows: int
    sealed: int
    """Held for triage alone, because their words accuse somebody."""
    routed: Mapping[str, int]
    """Category -> rows that its keywords route to it; what is neither here nor sealed goes to triage."""
    office: Table
    topic: Table

    @property
    def to_triage(self) -> int:
        return self.rows - self.sealed - sum(self.routed.values())


def measure(rows: Iterable[Mapping[str, str]], city: City) -> Measured:
    """Suggest a category for each row's text and count how it compares with the row's own labels.

    Office and topic are measured on all labelled rows, sealed ones too: their words are the same.
    """
    read = 0
    sealed = 0
    routed: Counter[str] = Counter()
    offices: list[tuple[str, list[str], bool]] = []
    topics: list[tuple[str, list[str], bool]] = []
    for row in rows:
        read += 1
        suggestions = suggest(row["text"], city)
        sure = bool(suggestions) and suggestions[0].sure
        if accuses(row["text"], city):
            sealed += 1
        elif sure:
            routed[suggestions[0].category] += 1
        found = [city.categories[suggestion.category] for suggestion in suggestions]
        if role := row["agency_role"]:
            offices.append((AREA if role in _AREA_ROLES else role, [_role(c) for c in found], sure))
        if topic := row["topic"]:
            topics.append((topic, [TOPIC_OF.get(c.id, c.id) for c in found], sure))
    return Measured(read, sealed, routed, _table(offices), _table(topics))


def report(measured: Measured, *, classes: bool = True) -> str:
    """The tables as text for a terminal; ``classes`` adds a line for each class."""
    total = (
        f"{measured.rows:,} texts: {sum(measured.routed.values()):,} to a category by keywords, "
        f"{measured.to_triage:,} to triage, {measured.sealed:,} held for triage as accusations"
    )
    lines = [total]
    lines += [f"  {count:5,}  {category}" for category, count in Counter(measured.routed).most_common()]
    for name, table in (("office", measured.office), ("topic", measured.topic)):
        lines += ["", *_lines(name, table, classes)]
    return "\n".join(lines)


def _role(category: Category) -> str:
    return ROLE_OF.get(category.office, category.office)


def _table(rows: Sequence[tuple[str, list[str], bool]]) -> Table:
    labelled = Counter(label for label, _, _ in rows)
    suggested = Counter(found[0] for _, found, sure in rows if sure)
    right = Counter(label for label, found, sure in rows if sure and found[0] == label)
    return Table(
        {name: Count(labelled[name], suggested[name], right[name]) for name in {*labelled, *suggested}},
        sum(label in found[:1] for label, found, _ in rows),
        sum(label in found[:3] for label, found, _ in rows),
    )


def _lines(name: str, table: Table, classes: bool) -> Iterator[str]:
    micro = table.micro
    size = max(micro.labelled, 1)
    yield f"{name:26} labelled suggested  right  precision  recall     F1"
    yield _line("all rows (micro)", micro)
    known = sum(count.labelled > 0 for count in table.classes.values())
    precision, recall, f1 = table.macro
    yield f"{f'mean of {known} classes (macro)':53}{precision:9.2f}{recall:8.2f}{f1:7.2f}"
    yield (
        f"right as the first suggestion, sure or not: {table.first / size:.2f}; among the first three: "
        f"{table.among_three / size:.2f}; always the commonest class: {table.majority:.2f}"
    )
    if classes:
        for key, count in sorted(table.classes.items(), key=lambda item: -item[1].labelled):
            yield _line(key, count)


def _line(name: str, count: Count) -> str:
    numbers = f"{count.labelled:9,}{count.suggested:10,}{count.right:7,}"
    return f"{name:26}{numbers}{count.precision:11.2f}{count.recall:8.2f}{count.f1:7.2f}"
