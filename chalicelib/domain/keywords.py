"""Finds a profile's keywords in what people write: short forms, misspellings and affixes of Indonesian included."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.domain.city import City
from chalicelib.domain.words import words as words_of

_MARKS = {"!": 2.0, "?": 0.4}
"""A mark at a keyword's end: ``pju!`` tells by itself, ``jualan?`` hints only."""

_GAP = 2
"""Other words that may stand between two words of a keyword: "jalan [di depan] rusak"."""

SPELLINGS = {
    spelling: word
    for word, spellings in {
        "akta": "akte",
        "antre": "antri ngantri",
        "antrean": "antrian",
        "belum": "blm blum belom",
        "berlubang": "berlobang",
        "blangko": "blanko",
        "dapat": "dpt dapet",
        "dengan": "dgn dng",
        "depan": "dpn",
        "di": "d",
        "ijazah": "ijasah",
        "izin": "ijin",
        "jalan": "jl jln jalanan",
        "kelurahan": "klurahan kelurhan",
        "lampu": "lmpu",
        "lubang": "lobang",
        "mati": "padam",
        "mohon": "mhn mhon moon",
        "parkir": "parkiran",
        "pju": "lpju pjuts",
        "pohon": "phon poon phn",
        "puskesmas": "puskes",
        "sampah": "smpah",
        "sekolah": "sekolahan skolah sklh",
        "tidak": "tdk gak ga nggak ngga enggak tak ndak ndk",
        "trotoar": "trotoir",
    }.items()
    for spelling in spellings.split()
}
"""Short forms, common misspellings and a few words that mean the same, by what the keywords have."""

_ENDINGS = ("annya", "kannya", "2nya", "nya", "lah", "kan", "an", "ne", "i", "2")
_PREFIXES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("di", "ke", "se", "ter", "ber", "per", "me", "pe"), ("",)),
    # These may have swallowed the root's first letter: memangkas < pangkas, penebangan < tebang.
    **dict.fromkeys(("mem", "pem"), ("", "p")),
    **dict.fromkeys(("men", "pen"), ("", "t")),
    **dict.fromkeys(("meng", "peng"), ("", "k")),
    **dict.fromkeys(("meny", "peny"), ("s",)),
}
"""By prefix: what the root may begin with that is not seen."""

_ROOT = 4  # letters that a root must keep: shorter ones are found in too many words


@dataclass(frozen=True, slots=True, eq=False)
class Keyword:
    text: str
    """As in the profile, without its mark."""
    category: str
    words: tuple[str, ...]
    weight: float


def find(text: str, city: City) -> list[tuple[int, Keyword]]:
    """The keywords that stand in a text, each once, with the place of its first word (0 is the text's first).

    One that stands wholly within a longer one is left out: "listrik" in "kabel listrik".
    """
    hits = [*_lexicon(tuple((c.id, c.keywords) for c in city.categories.values())).find(words_of(text))]
    spans = [frozenset(span) for span, _ in hits]
    long = [span for span in spans if len(span) > 1]
    return [
        (places[0], keyword)
        for (places, keyword), span in zip(hits, spans, strict=True)
        if not any(span < other for other in long)
    ]


class _Lexicon:
    """The keywords of all categories, by their first word."""

    def __init__(self, categories: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self._keywords: dict[str, list[Keyword]] = {}
        known: set[tuple[str, tuple[str, ...]]] = set()
        for category, keywords in categories:
            for keyword in keywords:
                words = tuple(SPELLINGS.get(word, word) for word in words_of(keyword))
                if not words or (category, words) in known:
                    continue  # the same in another spelling
                known.add((category, words))
                weight = len(words) * _MARKS.get(keyword[-1], 1.0)
                entry = Keyword(keyword.rstrip("!?"), category, words, weight)
                self._keywords.setdefault(words[0], []).append(entry)
        self._vocabulary = frozenset(word for _, words in known for word in words)

    def find(self, tokens: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Keyword]]:
        """Each keyword that stands in a text, with the places of its words where it does so first."""
        places: dict[str, list[int]] = {}
        for place, token in enumerate(tokens):
            places.setdefault(self._word(token), []).append(place)
        for word, starts in places.items():
            for keyword in self._keywords.get(word, ()):
                spans = (_span(keyword.words, start, places) for start in starts)
                span = next((span for span in spans if span), None)
                if span:
                    yield span, keyword

    def _word(self, token: str) -> str:
        """A word as the keywords have it: spelt out, and without affixes if only its root is a keyword's word.

        So the keywords are the dictionary that tells a root from a chance likeness.
        """
        word = SPELLINGS.get(token, token)
        if word in self._vocabulary:
            return word
        return next((root for root in _roots(word) if root in self._vocabulary), word)


_lexicon = lru_cache(maxsize=4)(_Lexicon)


def _roots(word: str) -> Iterator[str]:
    """What may be left of a word without its affixes; most of it is no word at all."""
    stems = [word, *(word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))]
    for stem in stems:
        if len(stem) >= _ROOT:
            yield stem
    for stem in stems:
        for size in (2, 3, 4):
            for lost in _PREFIXES.get(stem[:size], ()):
                if len(stem) - size + len(lost) >= _ROOT:
                    yield lost + stem[size:]


def _span(words: Sequence[str], start: int, places: Mapping[str, Sequence[int]]) -> tuple[int, ...] | None:
    """Where the words stand from ``start`` on, in their order and close together; None where they do not."""
    span = [start]
    for word in words[1:]:
        there = places.get(word, ())
        following = bisect_right(there, span[-1])
        if following == len(there) or there[following] > span[-1] + _GAP + 1:
            return None
        span.append(there[following])
    return tuple(span)
