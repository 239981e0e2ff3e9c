"""Personal data in texts: what is found, what is left alone, what the public reads instead."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.domain.personal import HOLDING, MASK, MASKED, Kind, find, holds, masked
from local.bench.texts import FROZEN, LABELLED, labelled, scores, wilson

SET = list(labelled())


def test_the_labelled_set_is_the_one_that_was_frozen():
    assert hashlib.sha256(LABELLED.read_bytes()).hexdigest() == FROZEN
    assert len(SET) > 300
    assert 0.4 < sum(each.held_out for each in SET) / len(SET) < 0.6


def test_on_texts_it_was_not_tuned_on_it_finds_most_and_cries_wolf_seldom():
    for kind, score in scores(held_out=True).items():
        assert score.missed <= 0.2 * (score.right + score.missed), kind
        assert score.wrong <= 0.2 * (score.right + score.wrong), kind


@pytest.mark.parametrize("each", [e for e in SET if e.kinds & MASKED], ids=lambda each: each.text[:30])
def test_nothing_of_a_number_that_was_found_is_left_in_public(each):
    found = {item.kind for item in find(each.text, MASKED)}
    shown = masked(each.text)
    for mark in each.marks:
        if mark.kind in found:
            assert each.text[mark.start : mark.end].strip("()") not in shown
            assert MASK in shown


@pytest.mark.parametrize(
    "each", [e for e in SET if not e.marks and not e.held_out], ids=lambda e: e.text[:30]
)
def test_house_numbers_prices_dates_codes_and_routes_are_let_be(each):
    assert find(each.text) == ()
    assert masked(each.text) == each.text
    assert not holds(each.text)


def test_a_number_is_one_thing_and_words_around_it_stay():
    text = "Pak Wayan, HP 0812-0000-4321, transfer ke BCA 7700123456 lalu pergi"
    assert [(item.kind, text[item.start : item.end]) for item in find(text, MASKED)] == [
        (Kind.PHONE, "0812-0000-4321"),
        (Kind.BANK, "7700123456"),
    ]
    assert masked(text) == f"Pak Wayan, HP {MASK}, transfer ke BCA {MASK} lalu pergi"


def test_full_width_digits_hide_no_phone():
    assert (
        masked("WA \uff10\uff18\uff11\uff12\uff10\uff10\uff10\uff10\uff14\uff13\uff12\uff11 ya")
        == f"WA {MASK} ya"
    )


def test_numbers_mask_and_names_abuse_and_gore_hold():
    assert MASKED.isdisjoint(HOLDING)
    assert set(Kind) == MASKED | HOLDING
    assert not holds("plat DK 1234 AB di trotoar")
    assert holds("dasar goblok")


@pytest.mark.parametrize(
    "text", ["a" * 5000, "0 " * 2500, "a.b-" * 1250, "Pak " * 1250, "satu " * 1000, "(" * 5000]
)
def test_no_text_is_too_strange_to_be_read(text):
    masked(text)
    find(text)


def test_the_interval_of_a_share_is_wilsons():
    # Worked by hand: 9 of 10, z = 1.96.
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 0) == (0.0, 1.0)
