"""Words of accusation and of danger in what people write, whatever the case, marks and endings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from chalicelib.domain.city import City

_WORD = re.compile(r"[a-z0-9]+")
_Phrase = tuple[str, ...]


def accuses(text: str, city: City) -> bool:
    """Tell whether a text holds words of accusation (pungli, suap, oknum, dipersulit, kasar, ...)."""
    return _holds(text, city.accusation_words)


def danger_in(text: str, city: City) -> str | None:
    """The first emergency number, in the profile's order, whose words stand in a text; those of shelter come first."""
    numbers = sorted(city.emergency_numbers.items(), key=lambda each: not each[1].sheltered)
    return next((key for key, number in numbers if number.words and _holds(text, number.words)), None)


def _holds(text: str, wanted: tuple[str, ...]) -> bool:
    phrases = _phrases(wanted)
    said = [_forms(word) for word in words(text)]
    return any(
        _stands(phrase, said[start : start + len(phrase)])
        for start, forms in enumerate(said)
        for first in forms
        for phrase in phrases.get(first, ())
    )


def words(text: str) -> list[str]:
    """The words of a text in small letters, without accents and invisible characters."""
    if not text.isascii():
        # Neither an accent nor a soft hyphen nor a zero-width space must hide a word.
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    return _WORD.findall(text.lower())


def _stands(phrase: _Phrase, said: Sequence[tuple[str, ...]]) -> bool:
    return len(phrase) == len(said) and all(word in forms for word, forms in zip(phrase, said, strict=True))


@lru_cache(maxsize=32)
def _phrases(texts: tuple[str, ...]) -> dict[str, list[_Phrase]]:
    """Phrases by their first word, so that a text is read once however many there are."""
    found: dict[str, list[_Phrase]] = {}
    for phrase in (tuple(words(text)) for text in texts):
        if phrase:
            found.setdefault(phrase[0], []).append(phrase)
    return found


def _forms(word: str) -> tuple[str, ...]:
    """The word itself and what is left without its ending.

    "-nya" hangs on nearly every noun in spoken Indonesian (uangnya, petugasnya), and a 2 says a word twice (oknum2).
    """
    forms = [word]
    if word.endswith("2") and word[:-1].isalpha():
        forms.append(word[:-1])
    plain = forms[-1]
    if plain.endswith("nya") and len(plain) > 5:
        forms.append(plain[:-3])
    return tuple(forms)
