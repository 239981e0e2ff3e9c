"""Who answers: category and area to an office, accusations past the accused, and what words suggest.

Nothing is ever unrouted: what fits no rule is with the triage office, under a clock like everything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.domain.city import AREA_HEAD, Category, City, Kind
from chalicelib.domain.complaint import Filing, Route
from chalicelib.domain.errors import Fault, Invalid

_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category that the words point to; ``sure`` when it stands out enough to be offered first."""

    category: str
    score: float
    sure: bool


def route(filing: Filing, city: City) -> Route:
    """Find the office for a fresh report.

    A report about an officer or an office, named or by its words, is told to nobody but triage until triage
    decides; where triage itself is accused, whoever the profile names stands in.
    """
    if filing.about_staff or filing.accused or accuses(filing.text, city):
        return Route(_sealed_with(filing.accused, city), "topic", sealed=True)
    category = city.categories.get(filing.category) if filing.category else None
    if category is None:
        return Route(city.triage_office, "topic")
    return route_category(category, filing.area, city)


def route_category(category: Category, area: str | None, city: City) -> Route:
    """Find the office that a category belongs to, in this area."""
    if category.office != AREA_HEAD:
        return Route(category.office, "topic")
    if area is None:
        # A village matter from nowhere: triage asks or finds out which village.
        return Route(city.triage_office, "topic")
    return Route(area, "area")


def route_accusation(accused: str, city: City) -> Route:
    """Who takes a case about this office, area or hamlet: the profile's conflict table.

    Lurah > camat; perbekel or kaling > Inspektorat; head of office > Inspektorat; Inspektorat > Sekda; Sekda or
    mayor > outside. What belongs outside stays with triage, to be referred by a person.
    """
    taker = _taker(accused, city)
    office = city.offices[taker]
    return Route(city.triage_office if office.outside else taker, "topic")


def assign(office_id: str, accused: str | None, city: City) -> Route:
    """Hand a case to an office by name. Raises Invalid where it may not go there."""
    office = city.offices.get(office_id)
    if office is None:
        raise Invalid([Fault("office", "unknown_office")])
    if office.outside:
        raise Invalid([Fault("office", "office_outside", {"office": office.name})])
    if accused and (office_id == accused or office_id.startswith((f"{accused}.", f"{accused}/"))):
        raise Invalid([Fault("office", "office_in_conflict")])
    return Route(office_id, "area" if office_id in city.villages else "topic")


def information_category(city: City) -> str | None:
    """The category under which information requests run (the PPID's own procedure)."""
    return next((c.id for c in city.categories.values() if Kind.INFORMATION in c.kinds), None)


def accuses(text: str, city: City) -> bool:
    """Tell whether a text holds words of accusation (pungli, suap, oknum, dipersulit, kasar, ...)."""
    index = _index(tuple((word, word) for word in city.accusation_words))
    return next(_matches(_tokens(text), index), None) is not None


def suggest(text: str, city: City, *, most: int = 3) -> tuple[Suggestion, ...]:
    """Rank the categories that a text's words point to, best first; none where no keyword stands in it.

    A keyword counts once; longer ones count more, since "lampu jalan mati" says more than "mati".
    """
    index = _index(tuple((word, c.id) for c in city.categories.values() for word in c.keywords))
    found: dict[str, dict[str, float]] = {}
    for phrase, category in _matches(_tokens(text), index):
        found.setdefault(category, {})[" ".join(phrase)] = len(phrase) ** 1.5
    ranked = sorted(((sum(words.values()), category) for category, words in found.items()), reverse=True)
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    return tuple(
        Suggestion(category, score, sure=place == 0 and score >= 1.0 and score > second)
        for place, (score, category) in enumerate(ranked[:most])
    )


def _sealed_with(accused: str | None, city: City) -> str:
    triage = city.triage_office
    if accused is None or accused != triage:
        return triage
    return _taker(accused, city)


def _taker(accused: str, city: City) -> str:
    if accused in city.conflict:
        return city.conflict[accused]
    if "/" in accused:
        return city.conflict["hamlet"]
    taker = city.conflict.get(city.offices[accused].kind, city.conflict["office"])
    return city.areas[accused].parent or city.triage_office if taker == "parent" else taker


_Index = dict[str, list[tuple[tuple[str, ...], str]]]


@lru_cache(maxsize=8)
def _index(pairs: tuple[tuple[str, str], ...]) -> _Index:
    """Keywords by their first word, so that a text is read once however many keywords there are."""
    index: _Index = {}
    for phrase, target in pairs:
        words = _tokens(phrase)
        if words:
            index.setdefault(words[0], []).append((tuple(words), target))
    return index


def _tokens(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def _matches(tokens: Sequence[str], index: _Index) -> Iterator[tuple[tuple[str, ...], str]]:
    for start, token in enumerate(tokens):
        for phrase, target in index.get(token, ()):
            if tuple(tokens[start : start + len(phrase)]) == phrase:
                yield phrase, target
        # "-nya" hangs on nearly every noun in spoken Indonesian: sampahnya, jalannya.
        if token.endswith("nya") and len(token) > 5:
            for phrase, target in index.get(token[:-3], ()):
                if (token[:-3], *tokens[start + 1 : start + len(phrase)]) == phrase:
                    yield phrase, target
