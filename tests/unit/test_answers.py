"""What officers type back: one table of SMS as people write them."""

from __future__ import annotations

import pytest

from chalicelib.domain.answers import VERBS, Answered, read
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import tracking_code

CODE = tracking_code("DPS", bytes(range(12)))
BARE = CODE[4:]


@pytest.mark.parametrize(
    ("typed", "act", "text"),
    [
        (f"{CODE} SELESAI lampu sudah diganti", Act.RESOLVE, "lampu sudah diganti"),
        (f"{CODE.lower()} selesai. Lampu sudah diganti!", Act.RESOLVE, "Lampu sudah diganti"),
        (f"{CODE.replace('-', ' ')} Selesai: lampu sudah diganti", Act.RESOLVE, "lampu sudah diganti"),
        (f"{CODE.replace('-', '')} slesai lampu diganti", Act.RESOLVE, "lampu diganti"),
        (f"{BARE} selsai lampu diganti", Act.RESOLVE, "lampu diganti"),
        (f"{CODE} selesia lampu diganti", Act.RESOLVE, "lampu diganti"),
        (f"{CODE}: sudah beres pak, lampu diganti", Act.RESOLVE, "pak, lampu diganti"),
        (f"SELESAI {CODE} lampu diganti", Act.RESOLVE, "lampu diganti"),
        (f"Selesai, {CODE}, lampu diganti", Act.RESOLVE, "lampu diganti"),
        (f"  {CODE}\nDIKERJAKAN  ", Act.START, ""),
        (f"ok {CODE}", Act.ACKNOWLEDGE, ""),
        (f"{CODE} siap", Act.ACKNOWLEDGE, ""),
        (f"{CODE} tanya tiang nomor berapa?", Act.ASK, "tiang nomor berapa?"),
        (f"{CODE} lampu sudah diganti", None, "lampu sudah diganti"),
        (f"{CODE}", None, ""),
    ],
)
def test_an_answer_is_read_however_it_is_typed(typed, act, text):
    assert read(typed, "DPS") == Answered(CODE, act, text)


@pytest.mark.parametrize("typed", ["", "selesai pak", "DPS-00000-00002 selesai", "selesai " * 40, "DPS"])
def test_what_names_no_case_is_no_answer(typed):
    assert read(typed, "DPS") is None


def test_no_word_means_two_acts():
    words = [word for known in VERBS.values() for word in known]
    assert len(words) == len(set(words))


def test_a_wrong_character_of_the_code_never_reaches_another_case():
    wrong = CODE[:-1] + ("2" if CODE[-1] != "2" else "3")
    assert read(f"{wrong} selesai", "DPS") is None
