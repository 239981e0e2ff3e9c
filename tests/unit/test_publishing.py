"""Sorting that releases the text as well: one act of triage sorts, routes and publishes."""

from __future__ import annotations

import pytest

from chalicelib.domain import handling, moderation
from chalicelib.domain.complaint import PUBLISHED, Route, Screening
from chalicelib.domain.errors import Invalid
from chalicelib.domain.service_level import ClockName
from chalicelib.http.views import what
from tests.builders import NOW, TRIAGE, WASTE, WORKS, a_city, a_complaint, an_officer, at, runs

CITY = a_city()
SORTER = an_officer(f"triage@{TRIAGE}", officer_id="pemilah-1")


def published(case, category="sampah", office=WASTE, **said):
    route = Route(office, "topic")
    return handling.sort(
        case, SORTER, CITY.categories[category], route, CITY, publish=True, now=at(23, 11), **said
    )


def test_one_act_sorts_routes_and_publishes_and_the_history_says_all_of_it():
    done = published(a_complaint(category=None))
    case = done.complaint
    assert (case.category, case.office, case.screening) == ("sampah", WASTE, Screening.RELEASED)
    assert not runs(case, ClockName.SCREENING)
    assert done.event.data[PUBLISHED] is True
    assert "untuk umum" in what(done.event, CITY, "id")


def test_what_is_public_already_stays_so_and_nothing_is_said_of_it():
    case = handling.release(a_complaint(), SORTER, now=NOW).complaint
    assert PUBLISHED not in published(case).event.data


@pytest.mark.parametrize("how", ["by its reporter's wish", "by its category"])
def test_nothing_private_is_published(how):
    case = a_complaint(category=None, private=how == "by its reporter's wish")
    category = "sampah" if case.private else "kekerasan"
    with pytest.raises(Invalid) as refused:
        published(case, category, WORKS)
    assert [fault.reason for fault in refused.value.faults] == ["publish_private"]


def test_it_is_a_decision_on_the_public_side_like_any_other():
    done = published(a_complaint(category=None))
    back = moderation.revert(done.complaint, SORTER, [done.event], city=CITY, now=at(23, 12))
    assert back.complaint.screening is Screening.HELD
    assert back.complaint.category == "sampah"
    assert back.event.data["undone"] == "release"
    assert runs(back.complaint, ClockName.SCREENING)
    hidden = handling.hide(done.complaint, SORTER, "nama orang", now=at(23, 12))
    shown = moderation.revert(hidden.complaint, SORTER, [done.event, hidden.event], city=CITY, now=at(23, 13))
    assert shown.complaint.screening is Screening.RELEASED
