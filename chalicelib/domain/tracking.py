"""Tracking codes: what a citizen reads out over the phone, and a stranger cannot guess.

A code is three capitals of the city, nine random characters and one check character, ``DPS-7K3M9-QXC4B``.
The 29 characters have no vowels (no words by accident), no 1, I or L, and O is read as 0. Twenty-nine is
prime, so a weighted sum modulo 29 catches every single wrong character and every swap of two
(the scheme of ISBN-10, ISO 2108). 29**9 = 1.45e13: with ten million cases one guess in a million meets one,
and finds only the public view.
"""

from __future__ import annotations

import re

ALPHABET = "023456789BCDFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 9
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_SEPARATORS = re.compile(r"[\s\-._/]+")


def tracking_code(prefix: str, entropy: bytes) -> str:
    """Return the code for a city's prefix; ``entropy`` is eight or more random bytes."""
    number = int.from_bytes(entropy, "big")
    characters = []
    for _ in range(RANDOM_CHARACTERS):
        number, value = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[value])
    body = "".join(characters)
    body += _check_character(body)
    return f"{prefix}-{body[:5]}-{body[5:]}"


def parse_code(prefix: str, typed: str) -> str | None:
    """Return the code as it is stored, however a person typed it; None where it cannot be one.

    Case, spaces, dashes and a missing city prefix do not matter.
    """
    if len(typed) > 40:
        return None
    plain = _SEPARATORS.sub("", typed).upper()
    if len(plain) == len(prefix) + RANDOM_CHARACTERS + 1 and plain.startswith(prefix):
        plain = plain[len(prefix) :]
    plain = plain.replace("O", "0")
    if len(plain) != RANDOM_CHARACTERS + 1 or any(character not in _VALUE for character in plain):
        return None
    if _check_character(plain[:-1]) != plain[-1]:
        return None
    return f"{prefix}-{plain[:5]}-{plain[5:]}"


def short(code: str) -> str:
    """Return the ten characters that stand in a link."""
    return code[4:].replace("-", "")


def _check_character(body: str) -> str:
    total = sum(weight * _VALUE[character] for weight, character in enumerate(body, start=1))
    return ALPHABET[total % len(ALPHABET)]
