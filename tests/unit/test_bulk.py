"""Taking back what was done to many: the state comes back whole, and what was undone weighs nothing any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import bulk, disposition, handling, moderation, scheduling
from chalicelib.domain.complaint import Change, Complaint, Event, Route, Screening, Status, by
from chalicelib.domain.errors import Invalid, StaleComplaint
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from tests.builders import (
    NOW,
    TRIAGE,
    WASTE,
    WORKS,
    a_city,
    a_complaint,
    a_request,
    an_officer,
    at,
    perform,
    runs,
)

CITY = a_city()
SORTER = an_officer(f"triage@{TRIAGE}", officer_id="pemilah-1")


def stored(change: Change, before: Complaint) -> Complaint:
    """The case as the store would have it after one more act."""
    return replace(change.complaint, version=before.version + 1)


def undone(act: Act, before: Complaint) -> tuple[Change, list[Event]]:
    """A bulk act of triage and its undoing a minute later, with both events."""
    now = at(24, 9)
    done = perform(act, before, CITY, now=now)
    back = bulk.undo(
        stored(done, before), before, done.event, act, SORTER, done_at=now, now=now + timedelta(minutes=1)
    )
    return back, [done.event, back.event]


@pytest.mark.parametrize(
    "status",
    [
        Status.RECEIVED,
        Status.IN_PROGRESS,
        Status.REFERRED,
        Status.SCHEDULED,
        Status.REOPENED,
        Status.CONFIRMING,
    ],
)
def test_the_state_and_every_clock_come_back_and_the_history_says_which_state_it_is(status):
    before = a_complaint(status)
    back, _ = undone(Act.SORT, before)
    again = replace(back.complaint, updated_at=before.updated_at, version=before.version)
    assert again == before
    assert back.event.data["status"] == status
    if status is Status.REFERRED:
        assert runs(back.complaint, ClockName.REFERRAL)  # or an agency that is silent would never be noticed


def test_what_was_done_to_the_public_side_and_undone_is_no_decision_that_could_be_taken_back_again():
    case = a_complaint()
    released = perform(Act.RELEASE, case, CITY, now=NOW)
    case = stored(released, case)
    back, events = undone(Act.HIDE, case)
    history = [released.event, *events]
    assert [event.act for event in moderation.standing_acts(history)] == [Act.RELEASE]
    case = back.complaint
    hidden = perform(Act.HIDE, case, CITY, now=at(24, 10))
    shown = moderation.revert(
        hidden.complaint, SORTER, [*history, hidden.event], city=CITY, now=at(24, 11)
    ).complaint
    assert shown.screening is Screening.RELEASED


def test_an_office_that_got_a_case_still_may_not_send_it_back_after_a_sorting_that_was_undone():
    case = a_complaint()
    passed = handling.pass_on(case, an_officer(), Route(WASTE, "topic"), "Salah.", CITY, now=NOW)
    back, events = undone(Act.SORT, stored(passed, case))
    with pytest.raises(Invalid) as refused:
        handling.pass_on(
            back.complaint,
            an_officer(f"staff@{WASTE}"),
            Route(WORKS, "topic"),
            "Bukan kami.",
            CITY,
            history=[passed.event, *events],
            now=at(24, 10),
        )
    assert [fault.reason for fault in refused.value.faults] == ["office_returned"]


def test_whoever_had_it_and_a_date_that_waits_for_the_secretary_are_there_again():
    given = Event(
        Act.INSTRUCT,
        NOW,
        by(SORTER),
        "Cek lokasi.",
        {"to": "petugas-1", "due": "2026-11-30", "office": WORKS},
    )
    _, events = undone(Act.SORT, a_complaint())
    assert disposition.assigned([given, *events])
    request = a_request()
    assert scheduling.asked([request, *events]) is request
    assert scheduling.asked([request, events[0]]) is None


@pytest.mark.parametrize(
    "other",
    [
        {"done_at": at(24, 8)},  # the officer's own act of another moment: the bulk act was refused here
        {"officer": an_officer(f"triage@{TRIAGE}", officer_id="pemilah-2")},
        {"act": Act.RELEASE},
        {"behind": 2},  # somebody acted since
    ],
)
def test_no_other_act_is_taken_back_in_its_place(other):
    before, now = a_complaint(), at(24, 9)
    done = perform(Act.HIDE, before, CITY, now=now)
    case = replace(done.complaint, version=before.version + other.pop("behind", 1))
    values = {"act": Act.HIDE, "officer": SORTER, "done_at": now, **other}
    with pytest.raises(StaleComplaint):
        bulk.undo(case, before, done.event, now=now, **values)
