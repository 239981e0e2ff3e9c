"""What staff look up of the city's own rules: nothing left out or unfilled, and days as the profile has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import cities
from chalicelib.domain.notices import TEMPLATES
from chalicelib.domain.sms import SINGLE_PART
from chalicelib.domain.visibility import Card
from chalicelib.http import rulebook, views

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # a Friday, 09:00 in Denpasar


@pytest.mark.parametrize("city_id", ["denpasar", "tangerang-selatan"])
def test_every_message_is_shown_filled_in_each_language_and_an_sms_with_its_length(city_id: str) -> None:
    city = cities.load(city_id)
    shown = rulebook.previews(city)
    assert {f"{each['name']}.{each['part']}" for each in shown} == set(TEMPLATES)
    assert {each["language"] for each in shown} == set(city.templates)
    assert not [each for each in shown if "{" in each["preview"]]
    lengths = [each["sms_units"] for each in shown if each["part"] == "sms"]
    assert lengths
    assert all(0 < length <= SINGLE_PART for length in lengths)
    assert all(each["sms_units"] is None for each in shown if each["part"] != "sms")


@pytest.mark.parametrize("city_id", ["denpasar", "tangerang-selatan"])
def test_the_rules_tell_what_a_report_of_this_moment_would_be_promised(city_id: str) -> None:
    city = cities.load(city_id)
    told = rulebook.rules(city, "id", NOW)
    assert [each["id"] for each in told["categories"]] == list(city.categories)
    assert all(NOW < each["first_reply_by"] <= each["resolution_by"] for each in told["categories"])
    assert {each["level"] for each in told["categories"]} == {each["id"] for each in told["levels"]}
    days = [each["day"] for each in told["holidays"]]
    assert days == sorted(days)
    assert "2026-08-17" in days  # Independence Day, a Monday, in every city
    assert told["date_reasons"]


def test_what_is_left_of_a_promise_is_counted_in_the_offices_working_time() -> None:
    city = cities.load("denpasar")

    def left(hours: float, **changes: object) -> int | None:
        fields = {
            "area": None,
            "office": "dlhk",
            "due": (NOW + timedelta(hours=hours)).isoformat(),
            **changes,
        }
        card = Card("DPS-ZGRVJ-RPRMY", "", "complaint", "received", NOW.isoformat(), **fields)  # type: ignore[arg-type]  # fields of several types
        return views.staff_card(card, city, "id", NOW)["working_minutes_left"]

    assert left(2) == 120
    assert left(48) == 150 + 90  # the rest of Friday around its long noon, and nothing of a weekend
    assert left(72) == 150 + 90 + 90  # and Monday from half past seven on
    assert left(-1) == -60
    assert left(2, alarm="u") is None
    assert left(2, due=None) is None
