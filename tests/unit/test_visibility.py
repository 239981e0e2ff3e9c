"""What the public may know of a case."""

from __future__ import annotations

import pytest

from chalicelib.domain.complaint import Place, Screening, Status
from chalicelib.domain.geo import Point, coarsen, distance_m
from chalicelib.domain.people import Act
from chalicelib.domain.visibility import PIN_METRES, is_listed, public_pin
from tests.builders import NOW, WORKS, a_city, a_complaint, perform

CITY = a_city()
HERE = Point(-8.71234, 115.20123)


def released(**changes):
    return a_complaint(screening=Screening.RELEASED, **changes)


class TestLists:
    @pytest.mark.parametrize("status", sorted(set(Status) - {Status.WITHDRAWN}))
    def test_a_public_case_is_listed_before_its_text_is_released_too(self, status):
        assert is_listed(a_complaint(status))
        assert is_listed(a_complaint(status, screening=Screening.HIDDEN))

    def test_private_sealed_and_withdrawn_cases_are_not(self):
        assert not is_listed(a_complaint(private=True))
        assert not is_listed(a_complaint(sealed=True))
        assert not is_listed(a_complaint(Status.WITHDRAWN))

    @pytest.mark.parametrize("screening", [Screening.HELD, Screening.HIDDEN])
    def test_a_case_about_somebody_is_not_until_triage_releases_it(self, screening):
        assert not is_listed(a_complaint(accused=WORKS, screening=screening))
        assert is_listed(a_complaint(accused=WORKS, screening=Screening.RELEASED))


class TestPins:
    def test_a_pin_is_shown_coarsely_once_the_text_is_released(self):
        pin = public_pin(released(), CITY)
        assert pin == coarsen(HERE, PIN_METRES["street"]) != HERE
        assert distance_m(pin, HERE) < PIN_METRES["street"]

    def test_what_happens_in_homes_is_coarser_and_so_is_what_nobody_sorted(self):
        city = a_city()
        at_home = a_complaint(category=None, screening=Screening.RELEASED)
        assert public_pin(at_home, city) == coarsen(HERE, PIN_METRES["home"])
        in_homes = released(category="jalan")
        categories = {**city.categories, "jalan": city.categories["kekerasan"]}
        assert public_pin(in_homes, a_city(categories=categories)) == coarsen(HERE, PIN_METRES["home"])

    def test_neighbours_share_a_pin(self):
        near = released(place=Place(Point(-8.71233, 115.20124)))
        assert public_pin(near, CITY) == public_pin(released(), CITY)

    @pytest.mark.parametrize(
        "hidden",
        [
            {"screening": Screening.HELD},
            {"screening": Screening.HIDDEN},
            {"screening": Screening.RELEASED, "private": True},
            {"screening": Screening.RELEASED, "sealed": True},
            {"screening": Screening.RELEASED, "place": Place(None, "depan pasar")},
        ],
    )
    def test_there_is_none_where_the_text_or_the_place_is_not_public(self, hidden):
        assert public_pin(a_complaint(**hidden), CITY) is None

    def test_a_withdrawn_case_takes_its_pin_along(self):
        case = perform(Act.WITHDRAW, released(), CITY, now=NOW).complaint
        assert public_pin(case, CITY) is None
