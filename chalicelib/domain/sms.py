"""SMS as the networks count it: GSM-7 septets and parts.

GSM 03.38 / 3GPP TS 23.038 gives the alphabet: 160 septets in a single part, 153 in each joined one; the
extension characters take two. Anything else turns the whole message into UCS-2 with 70 (67) characters, which
Indonesian networks do not officially carry, so texts are normalised before they are counted.
"""

from __future__ import annotations

import unicodedata

SINGLE_PART = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-", "‑": "-",
        "−": "-", "…": "...", "•": "-", "·": "-", "«": '"', "»": '"', "`": "'", "´": "'", "\t": " ", "\u00a0": " ",
    }
)  # fmt: skip


def gsm7(text: str) -> str:
    """Return the text in GSM-7: quotes and dashes made plain, accents dropped, the rest (emoji) left out."""
    result = []
    for character in text.translate(_PLAIN):
        if character in _BASIC or character in _EXTENDED:
            result.append(character)
            continue
        for part in unicodedata.normalize("NFKD", character):
            if part in _BASIC:
                result.append(part)
    return "".join(result)


def is_gsm7(text: str) -> bool:
    return all(character in _BASIC or character in _EXTENDED for character in text)


def units(text: str) -> int:
    """Length as the network counts it: septets of a GSM-7 text, UTF-16 units of any other."""
    if is_gsm7(text):
        return len(text) + sum(character in _EXTENDED for character in text)
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def parts(text: str) -> int:
    """How many messages the network bills."""
    plain = is_gsm7(text)
    single, joined = (SINGLE_PART, 153) if plain else (70, 67)
    if units(text) <= single:
        return 1
    count, room = 1, joined
    for character in text:
        takes = (2 if character in _EXTENDED else 1) if plain else (2 if ord(character) > 0xFFFF else 1)
        if takes > room:  # a character of two units is never torn apart: it begins the next message
            count, room = count + 1, joined
        room -= takes
    return count
