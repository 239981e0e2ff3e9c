"""What an officer types back to an SMS: "DPS-7K3M9-QXC4B SELESAI lampu sudah diganti", however people type it.

The code may stand anywhere, with or without the city's letters, spaces or dashes; the word of the act is looked for
next to it, in any letters, with a typing error or a colon behind it. Whatever else was typed is the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.people import Act
from chalicelib.domain.tracking import parse_code

VERBS: Mapping[Act, tuple[str, ...]] = {
    Act.RESOLVE: (
        "selesai", "slesai", "sls", "slsai", "beres", "sudah beres", "sudah selesai", "tuntas", "rampung", "done",
        "solved", "finished", "fixed",
    ),
    Act.START: ("mulai", "proses", "diproses", "dikerjakan", "kerjakan", "mulai dikerjakan", "start", "started"),
    Act.ACKNOWLEDGE: ("terima", "diterima", "siap", "ok", "oke", "baik", "ya", "noted", "ack", "acknowledged"),
    Act.ASK: ("tanya", "bertanya", "mohon info", "ask", "question"),
}  # fmt: skip
"""The words of each act; the longest that fits is meant."""

_TOKEN = re.compile(r"\S+")
_EDGE = " \t\r\n:;,.-–—!*_#\"'()[]"
_CODE_PARTS = 6
"""A code may be torn into so many pieces by spaces."""
_FEW_LETTERS = 5
"""Words of so many letters and more may hold one typing error."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Which case, which act (None where no word of one was found), and the sentence behind it."""

    code: str
    act: Act | None
    text: str


def read(typed: str, prefix: str) -> Answered | None:
    """Read an SMS; None where no tracking code is in it."""
    spans = [match.span() for match in _TOKEN.finditer(typed)]
    for first in range(len(spans)):
        # The longest first: "DPS 7K3M9 QXC4B" before the ten characters alone.
        for last in range(min(first + _CODE_PARTS, len(spans)), first, -1):
            start, end = spans[first][0], spans[last - 1][1]
            code = _code(typed[start:end], prefix)
            if code is None:
                continue
            before, after = typed[:start].strip(_EDGE), typed[end:].strip(_EDGE)
            act, rest = _verb(after)
            if act is None:
                act, rest = _verb(before)
                rest = " ".join(part for part in (rest, after) if part) if act else after or before
            else:
                rest = " ".join(part for part in (rest, before) if part)
            return Answered(code, act, rest)
    return None


def _code(piece: str, prefix: str) -> str | None:
    plain = piece.strip(_EDGE)
    # A word behind the code without a space between: "DPS-7K3M9-QXC4B:selesai" is two tokens to people.
    head = re.split(r"[:;,]", plain, maxsplit=1)[0]
    return parse_code(prefix, plain) or (
        parse_code(prefix, head) if head != plain and " " not in plain else None
    )


def _verb(text: str) -> tuple[Act | None, str]:
    """The act that a text begins with, and what follows it."""
    words = text.split()
    for size in (2, 1):
        said = " ".join(words[:size]).strip(_EDGE).lower()
        if len(words) < size or not said:
            continue
        for act, known in VERBS.items():
            if any(_is(said, word) for word in known):
                return act, " ".join(words[size:]).strip(_EDGE)
    return None, text


def _is(said: str, word: str) -> bool:
    if said == word:
        return True
    return len(word) >= _FEW_LETTERS and " " not in word and _one_error(said, word)


def _one_error(said: str, word: str) -> bool:
    """Whether one letter is wrong, missing, doubled or swapped with its neighbour."""
    if abs(len(said) - len(word)) > 1 or said[:1] != word[:1]:
        return False
    if len(said) == len(word):
        wrong = [place for place in range(len(word)) if said[place] != word[place]]
        if len(wrong) == 1:
            return True
        return (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and (said[wrong[0]], said[wrong[1]]) == (word[wrong[1]], word[wrong[0]])
        )
    long, brief = (said, word) if len(said) > len(word) else (word, said)
    return any(long[:place] + long[place + 1 :] == brief for place in range(len(long)))
