"""SMS as networks count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.sms import gsm7, is_gsm7, parts, units


class TestParts:
    @pytest.mark.parametrize(
        ("length", "expected"),
        [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)],
    )
    def test_of_a_plain_text(self, length, expected):
        assert parts("a" * length) == expected

    @pytest.mark.parametrize(("length", "expected"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
    def test_of_a_text_with_other_letters(self, length, expected):
        assert parts("ᬩ" * length) == expected

    def test_one_strange_letter_changes_the_whole_message(self):
        assert parts("a" * 159 + "c") == 1
        assert parts("a" * 159 + "ç") == 3

    def test_extension_characters_count_twice(self):
        assert units("[€]") == 6
        assert parts("{" * 80) == 1
        assert parts("{" * 80 + "a") == 2

    def test_a_character_of_two_units_is_not_torn_apart_by_the_end_of_a_part(self):
        assert units("a" * 152 + "{" + "a" * 152) == 306
        assert parts("a" * 152 + "{" + "a" * 152) == 3
        assert parts("a" * 151 + "{" + "a" * 153) == 2
        assert units("é😀") == 3
        assert parts("ᬩ" * 66 + "😀" + "ᬩ" * 66) == 3

    def test_half_a_surrogate_pair_is_counted_and_breaks_nothing(self):
        assert (units("\ud83d"), parts("\ud83d" * 71)) == (1, 2)


class TestPlainLetters:
    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            ("Jl. Gajah Mada", "Jl. Gajah Mada"),
            ("“Jalan” ‘rusak’ – lagi…", "\"Jalan\" 'rusak' - lagi..."),
            ("é à ñ ü Ç", "é à ñ ü Ç"),  # they are in the alphabet
            ("ç ê ā ṣ", "c e a s"),
            ("tolong 🙏 pak", "tolong  pak"),
            ("ᬩᬮᬶ", ""),
            ("ﬁ ①", "fi 1"),
            ("a\u00a0b\tc", "a b c"),
            ("{~}", "{~}"),
            ("\ud800x", "x"),
        ],
    )
    def test_what_the_alphabet_lacks_is_made_plain_or_left_out(self, written, sent):
        assert gsm7(written) == sent

    @given(st.text())
    def test_the_result_is_always_of_the_alphabet_and_stays_as_it_is(self, text):
        plain = gsm7(text)
        assert is_gsm7(plain)
        assert gsm7(plain) == plain
        assert units(plain) >= len(plain)

    @given(st.text(max_size=400))
    def test_more_text_never_takes_fewer_parts(self, text):
        assert parts(text) <= parts(text + "a")
        assert parts(gsm7(text)) >= -(-units(gsm7(text)) // 160)
