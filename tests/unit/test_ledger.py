"""The chain over a history: any change shows, erasing what was said does not break it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger import Flaw, check, erased, sealed

WORDS = {"text": "Lubang besar di depan pasar.", "words": "depan pasar"}


def a_history(length: int = 4, *, words: dict[str, Any] | None = WORDS) -> list[tuple[int, dict[str, Any]]]:
    history: list[tuple[int, dict[str, Any]]] = []
    before = ""
    for version in range(1, length + 1):
        entry = {
            "act": "reply" if version > 1 else "file",
            "at": f"2026-11-23T0{version}:00:00Z",
            "by": ["officer", "kadek", "pu"],
            "text": f"Kalimat {version}",
            "data": {"office": "pu", "reason": f"alasan {version}"},
        }
        whole = sealed(entry, version, before, bytes([version]) * 16, words=words if version == 1 else None)
        history.append((version, whole))
        before = whole["chain"]
    return history


def found(history, **more):
    return [(each.version, each.flaw) for each in check(history, **more)]


def test_a_history_that_nobody_touched_is_whole():
    assert found(a_history(), words=WORDS) == []
    assert found([], words=WORDS) == []


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("key", "value", "flaw"),
    [
        ("text", "Tidak pernah dikatakan", Flaw.WORDS),
        ("data", {"office": "pu", "reason": "lain"}, Flaw.WORDS),
        ("data", {"office": "dlh", "reason": "alasan"}, Flaw.FACT),
        ("salt", "AAAAAAAAAAAAAAAAAAAAAA", Flaw.WORDS),
        ("at", "2026-11-24T00:00:00Z", Flaw.FACT),
        ("act", "resolve", Flaw.FACT),
        ("by", ["officer", "made", "pu"], Flaw.FACT),
        ("erased_by", "x", Flaw.FACT),
    ],
)
def test_any_change_of_an_entry_shows_where_it_was_made(place, key, value, flaw):
    history = a_history()
    history[place] = (place + 1, {**history[place][1], key: value})
    assert (place + 1, flaw) in found(history, words=WORDS)


def test_whoever_makes_the_commitment_fit_breaks_the_chain():
    history = a_history()
    other = sealed({**history[1][1], "text": "Lain"}, 2, "", b"x" * 16)
    history[1] = (
        2,
        {**history[1][1], "text": "Lain", "salt": other["salt"], "commitment": other["commitment"]},
    )
    assert found(history) == [(2, Flaw.FACT)]


def test_an_entry_written_anew_breaks_the_next():
    history = a_history()
    plain = {key: history[1][1][key] for key in ("act", "at", "by", "data")}
    history[1] = (2, sealed({**plain, "text": "Lain"}, 2, history[0][1]["chain"], b"x" * 16))
    assert found(history) == [(3, Flaw.FACT)]


def test_a_missing_entry_shows():
    history = a_history()
    assert found([history[0], *history[2:]]) == [(3, Flaw.MISSING), (3, Flaw.FACT)]
    assert (2, Flaw.MISSING) in found(history[1:])


def test_other_words_than_those_filed_show():
    assert found(a_history(), words={**WORDS, "text": "Lubang kecil."}) == [(1, Flaw.WORDS)]


@given(st.sets(st.integers(1, 6)))
def test_erasing_what_was_said_leaves_the_chain_whole(versions):
    history = [(version, erased(entry) if version in versions else entry) for version, entry in a_history(6)]
    assert found(history) == []
    for version, entry in history:
        if version in versions:
            assert "text" not in entry
            assert "salt" not in entry
            assert entry["data"] == {"office": "pu"}
    first = history[0][1]
    history[0] = (1, {**first, "data": {**first["data"], "office": "dlh"}})
    assert (1, Flaw.FACT) in found(history)  # what happened is not erased, and stays provable


def test_what_is_neither_said_nor_erased_shows():
    history = a_history()
    history[2] = (3, {key: value for key, value in history[2][1].items() if key not in ("salt", "text")})
    assert found(history) == [(3, Flaw.WORDS)]


def test_entries_of_before_the_chain_are_passed_over_but_none_after_it():
    plain = [{"act": "file", "at": "2026-11-23T00:00:00Z", "by": ["reporter", "", ""]}] * 2
    later = sealed({"act": "reply", "at": "2026-11-23T02:00:00Z", "by": ["time", "", ""]}, 3, "", b"s" * 16)
    history = [(1, plain[0]), (2, plain[1]), (3, later)]
    assert found(history) == []
    assert found([*history, (4, plain[0])]) == [(4, Flaw.UNCHAINED)]


def test_the_same_words_twice_look_different():
    one, two = (sealed({"act": "reply", "text": "Ya"}, 1, "", salt * 16) for salt in (b"a", b"b"))
    assert one["commitment"] != two["commitment"]
