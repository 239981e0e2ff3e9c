"""What is near, what speaks of an earlier report, who may be a master, and what an undo gives back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import asking, duplicates, handling, reporting
from chalicelib.domain.city import Duplicates
from chalicelib.domain.complaint import Screening, Status
from chalicelib.domain.errors import IllegalMove, Invalid
from chalicelib.domain.geo import Point, coarsen
from chalicelib.domain.lists import stands_on
from chalicelib.domain.people import Act, Role
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.visibility import PIN_METRES
from chalicelib.store.complaints import head_keys
from tests.builders import (
    NOW,
    TRIAGE,
    WASTE,
    a_category,
    a_city,
    a_complaint,
    a_master,
    an_officer,
    denpasar,
    due_of,
    escalate,
    perform,
    unwarned,
)

CITY = a_city(duplicates=Duplicates(timedelta(days=30), ("sudah lapor", "belum ditanggapi")))
HOUR = timedelta(hours=1)


def a_spot(place: Point, code: str = "UJI-22222-22222") -> duplicates.Spot:
    return duplicates.Spot(code, coarsen(place, PIN_METRES["street"]))


@given(
    lat=st.floats(-8.75, -8.55),
    lon=st.floats(115.15, 115.28),
    turn=st.floats(0, 6.283),
    radius=st.integers(12, duplicates.MOST_RADIUS),
)
def test_twelve_metres_are_near_and_325_are_not_in_any_direction_for_any_radius(lat, lon, turn, radius):
    from math import sin

    category = a_category(duplicate_radius=radius)

    def shown(metres: float) -> bool:
        north, east = metres * cos(turn) / 111_195, metres * sin(turn) / 111_195
        asked = Point(lat + north, lon + east / cos(radians(lat)))
        return bool(duplicates.near([a_spot(Point(lat, lon))], asked, category))

    assert shown(12)
    assert shown(radius - 1)
    assert not shown(325)


def test_the_nearest_comes_first_and_distances_are_told_in_tens():
    place = Point(-8.7, 115.2)
    far = a_spot(Point(-8.7, 115.2008), "UJI-11111-11111")
    found = duplicates.near([far, a_spot(place)], place, a_category(duplicate_radius=150))
    assert [spot.code for _, spot in found] == ["UJI-22222-22222", "UJI-11111-11111"]
    assert all(metres % 10 == 0 for metres, _ in found)


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("Sudah LAPOR, minggu lalu!", True),
        ("aduan saya belum\nditanggapi", True),
        ("Sudah laporan masuk", False),
        ("Jalan rusak", False),
    ],
)
def test_words_of_a_follow_up_count_as_whole_words_whatever_stands_between(text, speaks):
    assert duplicates.follows_up(text, CITY) is speaks


@pytest.mark.parametrize(
    "changes",
    [
        {"pin": "home"},
        {"sensitive": True},
        {"emergency": "fire"},
        {"sheltered": True},
    ],
)
def test_what_is_at_home_sensitive_or_urgent_is_offered_to_nobody(changes):
    assert not duplicates.may_be_near(a_category(**changes))
    assert duplicates.may_be_near(a_category())


def test_both_real_profiles_offer_streets_and_never_homes():
    city = denpasar()
    assert city.categories["jalan_rusak"].duplicate_radius == 100
    assert {c.duplicate_radius for c in city.categories.values() if not duplicates.may_be_near(c)} == {0}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": "UJI-22222-22222"}, "master_same"),
        ({"screening": Screening.HELD}, "master_hidden"),
        ({"private": True}, "master_hidden"),
        ({"accused": WASTE}, "master_hidden"),
        ({"status": Status.RESOLVED}, "master_over"),
    ],
)
def test_a_master_is_open_public_and_about_nobody(changes, reason):
    master = replace(a_master(CITY), **changes)
    with pytest.raises(Invalid, match=reason):
        duplicates.merge(a_complaint(city=CITY), an_officer(), master, city=CITY, now=NOW)


def test_what_is_unsorted_about_somebody_or_an_emergency_goes_with_nothing():
    for case in (
        a_complaint(category=None, city=CITY),
        a_complaint(accused=WASTE, city=CITY),
        a_complaint(category="kebakaran", city=CITY),
    ):
        with pytest.raises(IllegalMove):
            duplicates.merge(case, an_officer(), a_master(CITY), city=CITY, now=NOW)


def test_an_undone_merge_leaves_the_clocks_as_they_were_stamped():
    case = perform(Act.REPLY, a_complaint(city=CITY), CITY, now=NOW).complaint
    merged = perform(Act.MERGE, case, CITY, now=NOW + HOUR).complaint
    ceiling = case.clocks.get(ClockName.CEILING)
    assert ceiling is not None
    assert merged.wakes_at(CITY) == ceiling.wakes_at  # the law's limit alone goes on
    assert not merged.late(NOW + timedelta(days=30))
    undone = perform(Act.UNMERGE, merged, CITY, now=NOW + timedelta(days=9)).complaint
    assert undone.clocks == case.clocks
    assert undone.late(NOW + timedelta(days=30))


def test_a_question_that_waits_ends_with_the_merge_and_its_pause_counts():
    case = perform(Act.ASK, a_complaint(city=CITY), CITY, now=NOW).complaint
    change = duplicates.merge(case, an_officer(), a_master(CITY), city=CITY, now=NOW + HOUR)
    assert change.event.data["paused"] == 60
    assert not change.complaint.asked.open
    resumed = asking.ended(case, CITY, NOW + HOUR)[0]
    undone = perform(Act.UNMERGE, change.complaint, CITY, now=NOW + 2 * HOUR).complaint
    assert undone.clocks.get(ClockName.RESOLUTION) == resumed.clocks.get(ClockName.RESOLUTION)


# What does not sleep under a merge ------------------------------------------------------------------------------

MERGED_AT = NOW + HOUR


def a_merged(**changes):
    case = perform(Act.REPLY, a_complaint(city=CITY, **changes), CITY, now=NOW).complaint
    return duplicates.merge(case, an_officer(), a_master(CITY), city=CITY, now=MERGED_AT).complaint


def swept(case, until):
    """All that time does to a case until then, one act at a time; a case that wakes must have something to do."""
    done = []
    while (wakes_at := case.wakes_at(CITY)) <= until:
        done.append(escalate(case, CITY, now=max(wakes_at, case.updated_at)))
        case = done[-1].complaint
    return case, [change.event for change in done]


def test_the_legal_ceiling_of_a_merged_case_is_told_and_the_case_stands_on_the_secretarys_list():
    case, events = swept(a_merged(), NOW + timedelta(days=400))
    assert [(event.act, event.data["share"]) for event in events] == [(Act.CEILING, 80), (Act.CEILING, 100)]
    assert events[0].data["ombudsman"]
    assert stands_on(case) is Role.SECRETARY
    assert head_keys(case, CITY)["top_open"] == Role.SECRETARY
    assert "office_open" not in head_keys(case, CITY)


def test_an_accusation_written_in_a_merged_case_warns_climbs_and_lies_in_triages_inbox():
    said = reporting.message(a_merged(), "Petugas minta uang.", city=CITY, now=MERGED_AT)
    case = said.complaint
    assert head_keys(case, CITY)["office_open"] == TRIAGE
    case, events = swept(case, due_of(case, ClockName.VERIFICATION))
    assert [event.act for event in events] == [Act.WARN, Act.WARN, Act.ESCALATE]
    assert events[-1].data["clock"] == "verification"
    (rung,) = {clock.rung for clock in case.clocks if clock.awake and clock.rung}
    assert rung.endswith(f"@{TRIAGE}")
    heard = handling.acknowledge_rung(case, an_officer(rung), now=case.updated_at)
    assert heard.complaint.clocks.owed_by([rung]) == ()


def test_the_solutions_ladder_of_a_merged_case_sleeps_also_above_the_first_rung():
    case = unwarned(a_complaint(city=CITY, private=True))
    due = due_of(case, ClockName.FIRST_REPLY)
    late = escalate(case, CITY, now=due).complaint
    assert late.rungs
    case = duplicates.merge(late, an_officer(), a_master(CITY), city=CITY, now=due).complaint
    _, events = swept(case, NOW + timedelta(days=60))
    assert {event.act for event in events} <= {Act.CEILING}


def test_a_merge_buys_no_time_so_the_later_promise_goes_with_the_earlier():
    older, younger = a_master(CITY), a_master(CITY, code="UJI-44444-44444", now=NOW + timedelta(days=4))
    now = NOW + timedelta(days=4)
    with pytest.raises(Invalid, match="master_later"):
        duplicates.merge(older, an_officer(), younger, city=CITY, now=now)
    assert duplicates.merge(younger, an_officer(), older, city=CITY, now=now).complaint.merged
    paused = perform(Act.ASK, a_master(CITY, code="UJI-55555-55555"), CITY, now=NOW).complaint
    with pytest.raises(Invalid, match="master_later"):
        duplicates.merge(older, an_officer(), paused, city=CITY, now=NOW + HOUR)
