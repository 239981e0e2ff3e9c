"""Who answers: categories to offices, accusations past the accused, and what words point to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import cities
from chalicelib.domain.city import AREA_HEAD, Kind, RoutingRule, Wanted
from chalicelib.domain.complaint import Place, Route
from chalicelib.domain.errors import Invalid
from chalicelib.domain.geo import Point
from chalicelib.domain.routing import (
    assign,
    information_category,
    placed,
    route,
    route_accusation,
    route_category,
    suggest,
)
from chalicelib.domain.words import accuses
from tests.builders import (
    FIELD,
    HILL,
    INSPECTORATE,
    NOW,
    OUTSIDE,
    SECRETARIAT,
    SHORE,
    SHORE_EAST,
    SOUTH,
    TRIAGE,
    WASTE,
    WORKS,
    a_category,
    a_city,
    a_filing,
    denpasar,
)

CITY = a_city()
DENPASAR = denpasar()
SPOKEN = sorted({word for c in DENPASAR.categories.values() for word in c.keywords})


def a_rule(rule_id: str = "aturan", office: str = WASTE, **conditions) -> RoutingRule:
    return RoutingRule(rule_id, office, **conditions)


def ruled(*rules: RoutingRule):
    return a_city(routing_rules=rules)


class TestRules:
    @pytest.mark.parametrize(
        ("conditions", "holds"),
        [
            ({}, True),
            ({"categories": frozenset({"jalan"})}, True),
            ({"categories": frozenset({"sampah"})}, False),
            ({"areas": frozenset({SHORE})}, True),
            ({"areas": frozenset({SOUTH})}, True),  # its district
            ({"areas": frozenset({HILL})}, False),
            ({"weekdays": frozenset({0})}, True),  # NOW is a Monday
            ({"weekdays": frozenset({5, 6})}, False),
            ({"hours": (600, 601)}, True),  # 10.00 exactly
            ({"hours": (540, 600)}, False),  # until is not included
            ({"hours": (1080, 660)}, True),  # past midnight
            ({"hours": (660, 540)}, False),
            ({"answers": {"luas": Wanted(at_least=2, at_most=3)}}, True),
            ({"answers": {"luas": Wanted(at_least=3.5)}}, False),
            ({"answers": {"luas": Wanted(at_most=2.5)}}, False),
            ({"answers": {"jenis": Wanted(values=frozenset({"aspal"}))}}, True),
            ({"answers": {"banyak": Wanted(values=frozenset({"b"}))}}, True),
            ({"answers": {"banyak": Wanted(values=frozenset({"c"}))}}, False),
            ({"answers": {"tidak_dijawab": Wanted(at_least=1)}}, False),
            ({"categories": frozenset({"jalan"}), "weekdays": frozenset({5})}, False),
        ],
    )
    def test_a_rule_decides_where_all_its_conditions_hold(self, conditions, holds):
        filing = a_filing(answers={"luas": 3, "jenis": "aspal", "banyak": ["a", "b"]})
        found = route(filing, ruled(a_rule(**conditions)), at=NOW)
        assert found == (Route(WASTE, "topic", rule="aturan") if holds else Route(WORKS, "topic"))

    def test_the_first_that_holds_wins(self):
        rules = [a_rule("satu", categories=frozenset({"gang"})), a_rule("dua"), a_rule("tiga", WORKS)]
        assert route(a_filing(), ruled(*rules), at=NOW).rule == "dua"

    def test_a_rule_that_cannot_be_judged_is_passed_over_and_named(self):
        rules = [a_rule("rusak", answers={"luas": Wanted(at_least=2)}), a_rule("baik", SHORE)]
        found = route(a_filing(answers={"luas": "tiga"}), ruled(*rules), at=NOW)
        assert found == Route(SHORE, "area", rule="baik", failed=("rusak",))

    def test_a_rule_to_the_areas_head_needs_an_area(self):
        city = ruled(a_rule(office=AREA_HEAD))
        assert route(a_filing(area=SHORE), city, at=NOW) == Route(SHORE, "area", rule="aturan")
        assert route(a_filing(area=None), city, at=NOW) == Route(WORKS, "topic", failed=("aturan",))

    def test_no_rule_leads_an_accusation_past_triage(self):
        found = route(a_filing(about_staff=True), ruled(a_rule()), at=NOW)
        assert (found.office, found.sealed, found.rule) == (TRIAGE, True, "")

    @given(st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1439))
    def test_a_span_of_the_day_and_its_opposite_share_every_minute(self, day, start, end):
        moment = NOW + timedelta(days=day, minutes=start * 7 % 1440)
        both = [
            route(a_filing(), ruled(a_rule(hours=hours)), at=moment).rule
            for hours in ((start, end), (end, start))
        ]
        assert both.count("aturan") == (1 if start != end else 2)

    def test_whoever_was_bitten_in_denpasar_is_the_health_offices(self):
        bitten, seen = (
            route(
                a_filing(category="hewan_rabies", area=None, answers={"tergigit": answer}), DENPASAR, at=NOW
            )
            for answer in ("ya", "tidak")
        )
        assert (bitten.office, bitten.rule) == ("dinkes", "gigitan-hewan")
        assert (seen.office, seen.rule) == ("distan", "")


class TestCategories:
    def test_a_category_goes_to_its_office(self):
        assert route(a_filing(category="sampah"), CITY, at=NOW) == Route(WASTE, "topic")

    def test_what_the_areas_head_owns_goes_to_the_village_it_lies_in(self):
        assert route(a_filing(category="gang", area=SHORE), CITY, at=NOW) == Route(SHORE, "area")

    def test_a_village_matter_from_nowhere_goes_to_triage(self):
        assert route(a_filing(category="gang", area=None), CITY, at=NOW) == Route(TRIAGE, "topic")

    @pytest.mark.parametrize("category", [None, "dihapus"])
    def test_without_a_category_that_we_know_it_goes_to_triage(self, category):
        assert route(a_filing(category=category), CITY, at=NOW) == Route(TRIAGE, "topic")

    @pytest.mark.parametrize("city_id", cities.available())
    def test_in_a_real_city_nothing_is_unrouted_or_routed_outside(self, city_id):
        city = cities.load(city_id)
        for category in city.categories.values():
            for area in [None, *city.villages]:
                found = route_category(category, area, city, at=NOW)
                assert not city.offices[found.office].outside
                assert (found.line == "area") == (category.office == AREA_HEAD and area is not None)

    def test_information_requests_have_their_own_category(self):
        assert information_category(CITY) == "informasi"
        assert Kind.INFORMATION in DENPASAR.categories[information_category(DENPASAR)].kinds


class TestAccusations:
    @pytest.mark.parametrize(
        "filing",
        [
            {"about_staff": True},
            {"accused": WORKS},
            {"text": "Petugas MINTA UANG untuk menambal."},
            {"place": Place(words="rumah oknum petugas")},
            {"answers": {"catatan": "ada pungli"}},
        ],
    )
    def test_however_it_is_said_it_is_sealed_at_triage(self, filing):
        assert route(a_filing(**filing), CITY, at=NOW) == Route(TRIAGE, "topic", sealed=True)

    def test_answers_that_are_no_words_are_passed_over(self):
        assert not route(a_filing(answers={"jumlah": 3, "pilihan": ["a"]}), CITY, at=NOW).sealed

    def test_where_triage_is_accused_whoever_the_profile_names_stands_in(self):
        assert route(a_filing(about_staff=True, accused=TRIAGE), CITY, at=NOW) == Route(
            INSPECTORATE, "topic", sealed=True
        )

    @pytest.mark.parametrize("city_id", cities.available())
    def test_in_a_real_city_an_accusation_starts_with_neither_the_accused_nor_anybody_outside(self, city_id):
        city = cities.load(city_id)
        for accused in [*city.offices, *city.hamlets, "city"]:
            start = route(a_filing(about_staff=True, accused=accused), city, at=NOW)
            decided = route_accusation(accused, city)
            for found in (start, decided):
                office = city.offices[found.office]
                assert not office.outside, accused
                assert not f"{office.id}/".startswith((f"{accused}/", f"{accused}.")), accused

    @pytest.mark.parametrize(
        ("accused", "office"),
        [
            (SHORE, SOUTH),
            (FIELD, INSPECTORATE),
            (SHORE_EAST, INSPECTORATE),
            (SOUTH, INSPECTORATE),
            (WORKS, INSPECTORATE),
            (TRIAGE, INSPECTORATE),
            (INSPECTORATE, SECRETARIAT),
            (SECRETARIAT, TRIAGE),  # outside the city: a person at triage refers it
            ("city", TRIAGE),
            (OUTSIDE, SECRETARIAT),
        ],
    )
    def test_one_that_stands_goes_to_whoever_the_profile_names(self, accused, office):
        assert route_accusation(accused, CITY) == Route(office, "topic")

    @pytest.mark.parametrize(
        ("kind", "named", "office"),
        [
            ("kelurahan", "Panjer", "Denpasar Selatan"),
            ("desa", "Sanur Kaja", "Inspektorat"),
            ("kecamatan", "Denpasar Barat", "Inspektorat"),
        ],
    )
    def test_in_denpasar_lurah_perbekel_and_camat_go_where_the_law_points(self, kind, named, office):
        area = next(a for a in DENPASAR.areas.values() if a.name == named)
        assert area.kind == kind
        assert office in DENPASAR.offices[route_accusation(area.code, DENPASAR).office].name


class TestWordsOfAccusation:
    @pytest.mark.parametrize(
        "text",
        [
            "Ada PUNGLI di loket",
            "Oknum2 petugas",
            "oknum-oknum petugas",
            "Oknumnya pakai seragam",
            "pung\u00adli",
            "p\u00fangli",
            "\uff50\uff55\uff4e\uff47\uff4c\uff49",
            "pungli\u200b.",
            "Dia minta uangnya dulu",
            "pegawainya kasar!!!",
            "minta,uang",
            "minta\nuang",
        ],
    )
    def test_case_marks_endings_and_invisible_characters_hide_nothing(self, text):
        assert accuses(text, CITY)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "punglian",
            "mengasari",
            "uang minta",
            "minta tolong uang kembali",
            "pulang li",
            "oknuma",
            "😀",
            "\ud800",
        ],
    )
    def test_other_words_accuse_nobody(self, text):
        assert not accuses(text, CITY)

    @pytest.mark.parametrize(
        "text",
        [
            "Diminta uang rokok oleh petugas parkir",
            "Mengurus KTP dipersulit",
            "Ada pungutan liar di kantor lurah",
            "Pegawai loketnya kasar dan membentak bentak",
            "He asked me for money",
            "The clerk was rude",
            "Petugas mengancam saya",
        ],
    )
    def test_the_real_profile_knows_how_people_say_it(self, text):
        assert accuses(text, DENPASAR)

    @pytest.mark.parametrize(
        "text",
        [
            "Pohon tua mengancam rumah warga",  # the profile's own comment: trees threaten roofs every day
            "Lampu jalan mati sejak Senin",
            "Sampah menumpuk di depan pasar",
            "Jalan berlubang dekat sekolah, tolong diperbaiki",
            "Air PDAM mati dua hari",
        ],
    )
    def test_the_real_profile_takes_everyday_reports_for_what_they_are(self, text):
        assert not accuses(text, DENPASAR)

    @pytest.mark.parametrize("city_id", cities.available())
    def test_each_word_of_a_real_profile_is_found_as_it_is_written(self, city_id):
        city = cities.load(city_id)
        for word in city.accusation_words:
            assert accuses(f"Kemarin {word.upper()}, tolong!", city), word


class TestHandingOver:
    @pytest.mark.parametrize(("office", "line"), [(WASTE, "topic"), (SHORE, "area"), (SOUTH, "topic")])
    def test_a_village_brings_its_own_line(self, office, line):
        assert assign(office, None, CITY) == Route(office, line)

    @pytest.mark.parametrize(
        ("office", "accused", "reason"),
        [
            ("tidak-ada", None, "unknown_office"),
            (OUTSIDE, None, "office_outside"),
            (WORKS, WORKS, "office_in_conflict"),
            (SHORE, SOUTH, "office_in_conflict"),
            (SHORE, SHORE, "office_in_conflict"),
        ],
    )
    def test_it_goes_neither_outside_nor_to_the_accused(self, office, accused, reason):
        with pytest.raises(Invalid) as refusal:
            assign(office, accused, CITY)
        assert [fault.reason for fault in refusal.value.faults] == [reason]

    def test_it_may_go_above_the_accused(self):
        assert assign(SOUTH, SHORE, CITY).office == SOUTH


class TestSuggestions:
    """What holds of any suggestion; how words are weighed is in test_suggest.py."""

    def test_a_keyword_points_to_its_category(self):
        assert [(s.category, s.sure) for s in suggest("Jalan rusak parah", CITY)] == [("jalan", True)]

    def test_nothing_is_suggested_where_nothing_is_known(self):
        assert suggest("Terima kasih", CITY) == ()

    def test_two_offices_that_are_named_alike_leave_it_to_triage(self):
        assert not any(s.sure for s in suggest("aspal bau aspal bau", CITY))

    def test_no_more_are_offered_than_asked_for(self):
        own = {c: a_category(c, keywords=(c,)) for c in ("satu", "dua", "tiga", "empat")}
        city = a_city(categories=own | {"lainnya": a_category("lainnya", TRIAGE)})
        assert len(suggest("satu dua tiga empat", city)) == 3
        assert len(suggest("satu dua tiga empat", city, most=1)) == 1

    @given(st.text(max_size=200) | st.lists(st.sampled_from(SPOKEN), max_size=12).map(" ".join))
    def test_any_text_is_read_and_only_the_first_is_ever_sure(self, text):
        found = suggest(text, DENPASAR)
        scores = [s.score for s in found]
        assert scores == sorted(scores, reverse=True)
        assert all(s.category in DENPASAR.categories and s.score > 0 for s in found)
        assert not any(s.sure for s in found[1:])


class TestPlaced:
    """What a report's place says beyond what was written, and what is wrong with it."""

    def hamlet_of(self, words, **changes):
        place = Place(None, words)
        return placed(a_filing(place=place, area=SHORE, **changes), CITY)[0].hamlet

    def test_a_landmark_word_names_the_hamlet_of_the_village(self):
        assert self.hamlet_of("Gang kecil dekat Banjar Timur") == SHORE_EAST
        assert self.hamlet_of("", text="Sampah di belakang pura timur menumpuk") == SHORE_EAST

    def test_words_of_two_hamlets_or_of_none_name_nobody(self):
        assert self.hamlet_of("antara banjar timur dan banjar barat") is None
        assert self.hamlet_of("dekat pasar") is None

    def test_the_reporter_s_own_choice_is_never_overruled_and_a_pin_alone_names_no_hamlet(self):
        assert self.hamlet_of("dekat banjar barat", hamlet=SHORE_EAST) == SHORE_EAST
        pin = Place(Point(-8.71234, 115.20123), "")
        assert placed(a_filing(place=pin, area=None), CITY)[0].hamlet is None

    def test_a_hamlet_of_another_village_is_a_fault(self):
        with pytest.raises(Invalid) as told:
            placed(a_filing(area=HILL, hamlet=SHORE_EAST, place=Place(None, "")), CITY)
        assert [fault.reason for fault in told.value.faults] == ["hamlet_elsewhere"]

    def test_a_category_that_needs_a_place_says_so(self):
        with pytest.raises(Invalid) as told:
            placed(a_filing(area=None, place=Place(None, ""), category="lubang_terbuka"), DENPASAR)
        assert [fault.reason for fault in told.value.faults] == ["place_required"]
