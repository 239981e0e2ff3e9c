from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.tracking import ALPHABET, parse_code, short, tracking_code

CODES = st.binary(min_size=8, max_size=16).map(lambda entropy: tracking_code("DPS", entropy))


@given(CODES)
def test_a_code_is_read_back_however_it_is_typed(code):
    assert parse_code("DPS", code) == code
    assert parse_code("DPS", code.lower().replace("-", " ")) == code
    assert parse_code("DPS", short(code)) == code
    assert parse_code("DPS", f"  {code.replace('0', 'o')} ") == code
    assert len(code) == 15


@given(CODES, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_caught(code, position, other):
    plain = short(code)
    wrong = plain[:position] + other + plain[position + 1 :]
    assert (parse_code("DPS", wrong) == code) == (wrong == plain)


@given(CODES)
def test_two_swapped_characters_are_always_caught(code):
    plain = short(code)
    for left, right in itertools.combinations(range(9), 2):
        swapped = list(plain)
        swapped[left], swapped[right] = swapped[right], swapped[left]
        if "".join(swapped) != plain:
            assert parse_code("DPS", "".join(swapped)) is None


def test_other_cities_and_nonsense_are_no_code():
    code = tracking_code("DPS", b"\x01" * 8)
    assert parse_code("TGS", code) is None
    for typed in ("", "DPS", "DPS-AAAAA-AAAAA", "😀" * 10, "9" * 5000, "DPS-11111-11111"):
        assert parse_code("DPS", typed) is None


@pytest.mark.parametrize("character", ["A", "E", "I", "O", "U", "1", "L"])
def test_the_alphabet_has_no_vowel_and_no_look_alike(character):
    assert character not in ALPHABET
    assert len(ALPHABET) == len(set(ALPHABET)) == 29
