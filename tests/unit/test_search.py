"""Words by which a case is found: what is kept of a text, what a question looks for, where an officer's cases lie."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain import search
from chalicelib.domain.complaint import By, Event
from chalicelib.domain.deskwork import OF_ONE_OFFICE
from chalicelib.domain.people import Act, Duty, Officer, Role, allowed
from tests.builders import (
    FIELD,
    HILL,
    INSPECTORATE,
    NORTH,
    NOW,
    SHORE,
    SHORE_EAST,
    SOUTH,
    TRIAGE,
    WASTE,
    WORKS,
    a_city,
    a_filed,
)


def finds(question: str, text: str) -> bool:
    """Whether a question finds a text, as the index does: each word by any of its forms, as a beginning."""
    kept = search.terms([text])
    return all(
        any(
            term.startswith(form) if search.is_prefix(form) else term == form
            for term in kept
            for form in forms
        )
        for forms in search.wanted(question)
    )


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("lubang", "Jalan berlubang"),
        ("berlubang", "banyak lobang"),  # another spelling
        ("perbaikan", "tolong diperbaiki"),
        ("mengirim", "surat dikirim"),
        ("pemangkasan", "memangkas dahan"),
        ("tebang", "penebangan liar"),
        ("penerangan", "lampu kurang terang"),
        ("jl", "Jalan Gajah Mada"),
        ("pohon2", "pohon tumbang"),
        ("gajah 12", "Jl. Gajah Mada 12"),
        ("cafe", "Café buka sampai pagi"),
        ("sampahnya berserakan", "sampah berserak"),
    ],
)
def test_a_word_finds_its_kin(question: str, text: str) -> None:
    assert finds(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [("lubang", "pohon tumbang"), ("lubang pohon", "jalan berlubang"), ("alan", "jalan"), ("ja", "jalan")],
)
def test_a_word_finds_nothing_else(question: str, text: str) -> None:
    assert not finds(question, text)


@pytest.mark.parametrize(
    "number",
    [
        "081234567890",
        "0812-3456-7890",
        "+62 812 3456 7890",
        "(0361) 225 512",
        "5171012345678901",
        "0812.345.678",
    ],
)
def test_nothing_that_looks_like_somebody_s_number_is_kept(number: str) -> None:
    assert search.terms([f"Telepon {number} ya, surel made.contoh@example.id"]) == ["telepon", "surel"]


def test_a_long_text_keeps_its_first_words_and_a_long_question_its_first() -> None:
    many = " ".join(f"kata{a}{b}" for a, b in product("bcdfghjklmnp", "aeiouxyzqwrtsv"))
    assert len(search.terms([many])) == search.MOST_TERMS
    assert len(search.wanted(many)) == search.MOST_WORDS
    assert search.wanted("") == search.wanted("081234567890") == []


@pytest.mark.parametrize("act", sorted(OF_ONE_OFFICE))
def test_what_one_office_tells_itself_finds_the_case_for_that_office_alone(act: Act) -> None:
    case = a_filed().complaint
    told = Event(act, NOW, By("officer", "o", WASTE), "Ekskavator menyusul")
    open_to_all = Event(Act.REPLY, NOW, By("officer", "o", WORKS), "Truk datang")
    kept = search.kept(case, [told, open_to_all])
    assert ("ekskavator", WASTE) in kept
    assert ("truk", search.OPEN_WORDS) in kept
    assert "ekskavator" not in {term for term, kind in kept if kind != WASTE}


def officers() -> list[Officer]:
    scopes = {
        Role.HAMLET_HEAD: [SHORE_EAST],
        Role.VILLAGE_HEAD: [SHORE, HILL, FIELD],
        Role.DISTRICT_HEAD: [SOUTH, NORTH],
        Role.TRIAGE: [TRIAGE],
        Role.SECRETARY: ["city"],
        Role.MAYOR: ["city"],
    }
    offices = [WORKS, WASTE, INSPECTORATE, TRIAGE, SHORE]
    return [
        Officer("o", "O", "", scope.partition("/")[0], (Duty(role, scope),))
        for role in Role
        for scope in scopes.get(role, offices)
    ]


def test_where_an_officer_s_cases_lie_leaves_out_none_that_they_may_read() -> None:
    city = replace(a_city(), village_affairs=INSPECTORATE)
    base = a_filed(city).complaint
    seen = narrowed = 0
    for office, area, accused, private, sealed in product(
        [WORKS, WASTE, TRIAGE, INSPECTORATE, SHORE, FIELD, SOUTH],
        [SHORE, FIELD, None],
        [None, WASTE, TRIAGE],
        [False, True],
        [False, True],
    ):
        hamlet = SHORE_EAST if area == SHORE else None
        case = replace(
            base, office=office, area=area, hamlet=hamlet, accused=accused, private=private, sealed=sealed
        )
        for officer in officers():
            ground = search.reach(officer, city)
            narrowed += ground is not None
            if allowed(officer, Act.READ, case, city):
                seen += 1
                assert ground is None or ground.may_hold(office, area or ""), (officer, case)
    assert seen > 500
    assert narrowed > 500
