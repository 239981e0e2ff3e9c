"""Who hears when a promise is not kept: each rung in order, both lines, and nobody whom the case is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import complaint as rules
from chalicelib.domain import handling, overdue, reporting
from chalicelib.domain.city import CITY_SCOPE
from chalicelib.domain.clock import Span
from chalicelib.domain.complaint import OPEN, Complaint, Route, Status
from chalicelib.domain.errors import IllegalMove, NotDue
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import Clock, ClockName, Clocks, promise, steps
from tests.builders import (
    FIELD,
    HILL,
    INSPECTORATE,
    NORTH,
    NOW,
    SECRETARIAT,
    SHORE,
    SHORE_EAST,
    SOUTH,
    TRIAGE,
    WASTE,
    WORKS,
    a_category,
    a_city,
    a_complaint,
    a_level,
    a_rung,
    an_officer,
    at,
    denpasar,
    due_of,
    escalate,
    next_climb,
    perform,
    runs,
    unwarned,
)

CITY = a_city()
SECOND = timedelta(seconds=1)
CITY_POSTS = ["secretary@city", "mayor@city"]
TOPIC = [f"division_head@{WORKS}", f"office_head@{WORKS}", *CITY_POSTS]


def released(**changes) -> Complaint:
    """A case whose text is read already and that warns of nothing, so that only its promises are left to climb."""
    case = a_complaint(**changes)
    return unwarned(perform(Act.RELEASE, case, CITY, now=NOW).complaint)


def with_one_clock(case: Complaint, name: ClockName) -> Complaint:
    """Only this clock runs."""
    stopped = Clocks(tuple(c if c.name is name else replace(c, stopped_at=NOW) for c in case.clocks))
    return unwarned(replace(case, clocks=stopped))


def climb(case: Complaint, times: int, **filled) -> list[tuple[str, int]]:
    """Let time pass, and tell (post, level) of each climb."""
    heard = []
    for _ in range(times):
        change = escalate(case, CITY, now=case.wakes_at(CITY), **filled)
        case = change.complaint
        heard.append((change.event.data["post"], change.event.data["level"]))
        assert case.level == change.event.data["level"]
    return heard


def acknowledged(case: Complaint, *, now) -> Complaint:
    """The rung that heard says so."""
    return handling.acknowledge_rung(case, a_rung(case), now=now).complaint


def posts(case: Complaint, clock: ClockName = ClockName.RESOLUTION) -> list[str]:
    return [step.post for step in steps(case, clock, CITY)]


class TestPromises:
    def test_they_count_in_the_working_time_of_the_office_that_answers(self):
        category = a_category(level=a_level("4 working hours", "2 working days"))
        clocks = promise(category, WORKS, CITY, at(27, 14))  # Friday 14.00
        assert clocks.get(ClockName.FIRST_REPLY).due == at(30, 10)  # two hours on Friday, two on Monday
        assert clocks.get(ClockName.RESOLUTION).due == at(31, 16)  # Monday and Tuesday
        assert not any(clock.climbed or clock.stopped_at for clock in clocks)

    def test_an_emergency_counts_day_and_night(self):
        clocks = promise(CITY.categories["kebakaran"], WORKS, CITY, at(28, 23, 50))  # Saturday
        assert clocks.get(ClockName.FIRST_REPLY).due == at(29, 0, 5)

    def test_what_is_late_is_late_one_instant_after_the_promise(self):
        case = released()
        due = due_of(case, ClockName.FIRST_REPLY)
        assert not case.late(due)
        assert case.late(due + SECOND)

    def test_an_ended_case_is_never_late(self):
        assert not a_complaint(Status.RESOLVED).late(at(30, 23))

    def test_late_screening_is_no_broken_promise_to_the_reporter(self):
        case = with_one_clock(a_complaint(), ClockName.SCREENING)
        assert not case.late(due_of(case, ClockName.SCREENING) + SECOND)
        assert case.wakes_at(CITY) == due_of(case, ClockName.SCREENING)

    def test_an_inbox_sorts_by_the_earliest_promise_that_is_not_kept(self):
        case = a_complaint()
        assert case.inbox_at == due_of(case, ClockName.FIRST_REPLY)
        case = handling.reply(case, an_officer(), "Kami lihat.", now=NOW).complaint
        assert case.inbox_at == due_of(case, ClockName.RESOLUTION)


class TestTheRungs:
    def test_the_topic_line_goes_through_the_office_to_the_city(self):
        assert posts(a_complaint()) == TOPIC

    def test_the_area_line_goes_from_the_village_over_the_district(self):
        assert posts(a_complaint(category="gang")) == [f"district_head@{SOUTH}", *CITY_POSTS]
        assert posts(a_complaint(category="gang", area=FIELD)) == [f"district_head@{NORTH}", *CITY_POSTS]

    def test_with_a_hamlet_its_head_had_it_first_so_the_village_head_is_a_rung(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST)
        assert posts(case) == [f"village_head@{SHORE}", f"district_head@{SOUTH}", *CITY_POSTS]

    def test_sorting_is_on_triages_line_wherever_the_case_is(self):
        case = a_complaint(category="gang")
        assert posts(case, ClockName.VERIFICATION)[:2] == [f"division_head@{TRIAGE}", f"office_head@{TRIAGE}"]

    def test_screening_has_no_ladder(self):
        assert posts(a_complaint(), ClockName.SCREENING) == []

    def test_an_information_request_climbs_nowhere(self):
        assert posts(a_complaint(category="informasi")) == []

    def test_an_accusation_sent_as_an_information_request_still_climbs_at_triage(self):
        case = a_complaint(category="informasi", sealed=True)
        for clock in (ClockName.VERIFICATION, ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert posts(case, clock) == [f"division_head@{TRIAGE}", f"office_head@{TRIAGE}"]

    def test_a_category_that_left_the_profile_does_not_take_the_ladder_with_it(self):
        assert posts(replace(a_complaint(), category="dihapus")) == TOPIC

    def test_each_step_waits_in_the_time_of_the_office_it_works_in(self):
        offices = [step.office for step in steps(a_complaint(category="gang"), ClockName.RESOLUTION, CITY)]
        assert offices == [SOUTH, TRIAGE, TRIAGE]

    @pytest.mark.parametrize("clock", [ClockName.FIRST_REPLY, ClockName.RESOLUTION])
    @pytest.mark.parametrize("city_id", ["denpasar", "tangerang-selatan"])
    def test_every_category_of_a_real_city_has_a_ladder_but_information_requests(self, city_id, clock):
        from chalicelib import cities
        from chalicelib.domain.routing import route_category

        city = cities.load(city_id)
        village = next(iter(city.villages))
        for category in city.categories.values():
            to = route_category(category, village, city, at=NOW)
            case = replace(a_complaint(), category=category.id, office=to.office, line=to.line, area=village)
            ladder = steps(case, clock, city)
            assert bool(ladder) == category.level.ladder, category.id
            assert all(step.office in city.offices for step in ladder)


class TestWhomTheCaseIsAbout:
    def sealed(self, accused):
        return posts(a_complaint(sealed=True, accused=accused), ClockName.VERIFICATION)

    def test_their_office_is_passed_over(self):
        case = replace(a_complaint(), accused=WORKS)  # however it came to be there
        assert posts(case) == CITY_POSTS

    def test_a_village_under_an_accused_district_is_passed_over_too(self):
        case = replace(a_complaint(category="gang", hamlet=SHORE_EAST), accused=SOUTH)
        assert posts(case) == CITY_POSTS

    def test_an_accused_hamlet_head_leaves_the_others_on_the_line(self):
        case = replace(a_complaint(category="gang", hamlet=SHORE_EAST), accused=SHORE_EAST)
        assert posts(case) == [f"village_head@{SHORE}", f"district_head@{SOUTH}", *CITY_POSTS]

    def test_where_triage_is_accused_the_line_of_its_stand_in_is_climbed(self):
        assert self.sealed(TRIAGE) == [f"division_head@{INSPECTORATE}", f"office_head@{INSPECTORATE}"]

    def test_an_accusation_that_nobody_has_decided_never_climbs_to_the_city_s_heads(self):
        assert not [post for post in self.sealed(WORKS) if post.endswith("@city")]

    def test_the_head_of_a_district_s_office_is_the_camat_and_no_post_beside(self):
        case = replace(a_complaint(category="gang"), office=SOUTH, line="topic")
        assert posts(case) == [f"division_head@{SOUTH}", f"district_head@{SOUTH}", *CITY_POSTS]

    @pytest.mark.parametrize("accused", [SECRETARIAT, CITY_SCOPE])
    def test_the_secretary_never_hears_of_a_case_about_the_secretariat_or_the_city(self, accused):
        assert self.sealed(accused) == [f"division_head@{TRIAGE}", f"office_head@{TRIAGE}"]

    def test_a_sealed_case_climbs_on_triages_line_only_whatever_clock_runs_out(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST, sealed=True, accused=SHORE)
        for clock in (ClockName.VERIFICATION, ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert not [p for p in posts(case, clock) if SHORE in p or SOUTH in p or WORKS in p]


class TestClimbing:
    def test_nothing_climbs_before_its_moment(self):
        case = released()
        with pytest.raises(NotDue):
            escalate(case, CITY, now=due_of(case, ClockName.FIRST_REPLY) - SECOND)
        escalate(case, CITY, now=due_of(case, ClockName.FIRST_REPLY))

    @pytest.mark.parametrize("name", [ClockName.FIRST_REPLY, ClockName.RESOLUTION])
    def test_each_rung_hears_in_order_and_then_the_office_is_reminded_for_ever(self, name):
        case = with_one_clock(released(), name)
        heard = climb(case, 7)
        assert heard == [*zip(TOPIC, range(1, 5), strict=True), ("", 4), ("", 4), ("", 4)]

    def test_the_area_line_likewise(self):
        case = with_one_clock(released(category="gang", hamlet=SHORE_EAST), ClockName.RESOLUTION)
        expected = [f"village_head@{SHORE}", f"district_head@{SOUTH}", *CITY_POSTS]
        assert climb(case, 5) == [*zip(expected, range(1, 5), strict=True), ("", 4)]

    def test_a_rung_has_its_time_before_the_next_one_hears(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        due = due_of(case, ClockName.RESOLUTION)
        assert due == at(30, 16)
        case = acknowledged(escalate(case, CITY, now=due).complaint, now=at(31, 9))
        assert case.wakes_at(CITY) == at(31, 16)  # the head of division waits 1 working day
        with pytest.raises(NotDue):
            escalate(case, CITY, now=at(31, 16) - SECOND)
        case = acknowledged(escalate(case, CITY, now=at(31, 16)).complaint, now=at(32, 9))
        assert case.wakes_at(CITY) == at(33, 16)  # the head of the office 2

    def test_a_sweep_that_comes_late_counts_the_rungs_time_from_when_it_heard(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        case = escalate(case, CITY, now=at(33, 9)).complaint
        assert case.wakes_at(CITY) == at(33, 13)  # 4 working hours to acknowledge
        assert acknowledged(case, now=at(33, 10)).wakes_at(CITY) == at(34, 16)

    def test_a_second_sweep_at_the_same_moment_climbs_nothing(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        due = due_of(case, ClockName.RESOLUTION)
        with pytest.raises(NotDue):
            escalate(escalate(case, CITY, now=due).complaint, CITY, now=due)

    def test_vacant_rungs_are_passed_at_once_and_recorded(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        change = escalate(case, CITY, now=case.wakes_at(CITY), vacant=tuple(TOPIC[:2]))
        assert change.event.data["vacant"] == TOPIC[:2]
        assert (change.event.data["post"], change.complaint.level) == ("secretary@city", 3)

    def test_where_nobody_is_there_at_all_the_office_is_reminded_in_the_last_rungs_time(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        change = escalate(case, CITY, now=at(30, 16), all_vacant=True)
        assert (change.event.data["post"], change.event.data["vacant"], change.complaint.level) == (
            "",
            TOPIC,
            4,
        )
        assert change.complaint.wakes_at(CITY) == at(37, 16)  # 5 working days

    def test_a_post_nobody_asked_about_counts_as_vacant(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        change = overdue.escalate(case, CITY, {TOPIC[1]: True}, now=case.wakes_at(CITY))
        assert change.event.data["vacant"] == TOPIC[:1]

    @pytest.mark.parametrize("status", sorted(OPEN))
    def test_it_never_changes_the_status(self, status):
        case = a_complaint(status)
        assert escalate(case, CITY, now=next_climb(case)).complaint.status is status

    @pytest.mark.parametrize("status", sorted(set(Status) - OPEN))
    def test_what_nobody_works_on_does_not_climb(self, status):
        with pytest.raises(IllegalMove):
            escalate(a_complaint(status), CITY, now=at(60))

    def test_an_information_request_is_reminded_and_nobody_above_hears(self):
        case = with_one_clock(released(category="informasi"), ClockName.RESOLUTION)
        change = escalate(case, CITY, now=case.wakes_at(CITY))
        assert (change.event.data["post"], change.complaint.level) == ("", 0)
        assert change.complaint.wakes_at(CITY) > case.wakes_at(CITY)

    def test_late_screening_reminds_and_raises_nothing(self):
        case = with_one_clock(a_complaint(), ClockName.SCREENING)
        change = escalate(case, CITY, now=case.wakes_at(CITY))
        assert (change.event.data["clock"], change.complaint.level) == ("screening", 0)
        assert change.complaint.wakes_at(CITY) == at(24, 16)  # the hand-over time, 1 working day

    def test_the_clock_that_waited_longest_climbs_first(self):
        case = released()
        change = escalate(case, CITY, now=at(31, 16))
        assert change.event.data["clock"] == "first_reply"
        change = escalate(change.complaint, CITY, now=at(31, 16))
        assert change.event.data["clock"] == "resolution"
        with pytest.raises(NotDue):
            escalate(change.complaint, CITY, now=at(31, 16))

    def test_a_reply_ends_its_own_ladder_and_not_the_other(self):
        case = escalate(released(), CITY, now=at(24, 16)).complaint
        case = handling.reply(case, an_officer(), "Kami lihat.", now=at(24, 17)).complaint
        assert case.wakes_at(CITY) == due_of(case, ClockName.RESOLUTION)
        assert climb(case, 1) == [(TOPIC[0], 1)]

    def test_passing_on_begins_the_new_office_s_ladder_and_keeps_level_and_moment(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        case = escalate(case, CITY, now=case.wakes_at(CITY)).complaint
        moved = handling.pass_on(
            case, an_officer(), Route(WASTE, "topic"), "Salah alamat.", CITY, now=at(31, 9)
        ).complaint
        assert moved.level == 1
        moved = with_one_clock(moved, ClockName.RESOLUTION)
        assert moved.wakes_at(CITY) == case.wakes_at(CITY)  # it buys no time
        heard = [(f"division_head@{WASTE}", 1), (f"office_head@{WASTE}", 2), ("secretary@city", 3)]
        assert climb(moved, 3) == heard  # and nobody there is skipped

    def test_a_shorter_ladder_after_passing_on_takes_back_no_level(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        for _ in range(4):
            case = escalate(case, CITY, now=case.wakes_at(CITY)).complaint
        assert case.level == 4
        moved = handling.pass_on(
            case, an_officer(), Route(HILL, "area"), "Urusan lurah.", CITY, now=at(30, 9)
        ).complaint
        assert len(posts(moved)) < 4
        assert escalate(moved, CITY, now=moved.wakes_at(CITY)).complaint.level == 4

    def test_the_history_tells_which_clock_ran_out_and_when_it_should_have_been_kept(self):
        event = escalate(released(), CITY, now=at(25, 8)).event
        assert event.by == rules.TIME
        assert event.data["clock"] == "first_reply"
        assert event.data["due"] == at(24, 16).isoformat()


class TestARungThatAnswers:
    def reached(self, **changes):
        """Late since Monday 16.00, with the head of division, who has 4 working hours to say so and a day in all."""
        case = with_one_clock(released(**changes), ClockName.RESOLUTION)
        return escalate(case, CITY, now=at(30, 16)).complaint

    def test_unacknowledged_the_case_climbs_on_after_the_time_for_it(self):
        case = self.reached()
        assert case.wakes_at(CITY) == at(31, 12)
        with pytest.raises(NotDue):
            escalate(case, CITY, now=at(31, 12) - SECOND)
        assert escalate(case, CITY, now=at(31, 12)).event.data["post"] == TOPIC[1]

    def test_acknowledged_it_has_its_time_counted_from_when_it_heard(self):
        early, late = (acknowledged(self.reached(), now=now) for now in (at(31, 8), at(31, 11, 59)))
        assert early.wakes_at(CITY) == late.wakes_at(CITY) == at(31, 16)

    def test_it_changes_no_status_no_promise_and_no_level(self):
        before = self.reached()
        after = acknowledged(before, now=at(31, 9))
        assert (after.status, after.level, after.late(at(31, 9))) == (before.status, 1, True)
        assert [c.due for c in after.clocks] == [c.due for c in before.clocks]
        assert runs(after, ClockName.RESOLUTION)

    def test_it_is_given_once_and_only_by_that_post(self):
        case = self.reached()
        for officer in (an_officer(), an_officer(TOPIC[1])):
            with pytest.raises(IllegalMove):
                handling.acknowledge_rung(case, officer, now=at(31, 9))
        with pytest.raises(IllegalMove):
            acknowledged(acknowledged(case, now=at(31, 9)), now=at(31, 10))

    def test_a_delegate_holds_the_post_and_so_may(self):
        delegate = an_officer(TOPIC[0], officer_id="plh")
        event = handling.acknowledge_rung(self.reached(), delegate, now=at(31, 9)).event
        assert (event.data["post"], event.by.id, event.data["clocks"]) == (TOPIC[0], "plh", ["resolution"])

    def test_the_next_rung_owes_its_own(self):
        case = acknowledged(self.reached(), now=at(31, 9))
        case = escalate(case, CITY, now=at(31, 16)).complaint
        assert case.wakes_at(CITY) == at(32, 12)
        with pytest.raises(IllegalMove):
            handling.acknowledge_rung(case, an_officer(TOPIC[0]), now=at(32, 9))
        assert acknowledged(case, now=at(32, 9)).wakes_at(CITY) == at(33, 16)

    def test_one_tap_answers_for_both_ladders_that_are_with_the_post(self):
        case = escalate(escalate(released(), CITY, now=at(31, 16)).complaint, CITY, now=at(31, 16)).complaint
        change = handling.acknowledge_rung(case, an_officer(TOPIC[0]), now=at(32, 9))
        assert change.event.data["clocks"] == ["first_reply", "resolution"]
        assert change.complaint.clocks.owed_by([TOPIC[0]]) == ()

    def test_where_nobody_stands_nobody_owes_it_and_the_reminder_keeps_its_time(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        case = escalate(case, CITY, now=at(30, 16), all_vacant=True).complaint
        assert (case.rungs, case.wakes_at(CITY)) == ((), at(37, 16))

    def test_a_rung_with_less_time_than_it_takes_to_acknowledge_has_no_more(self):
        rungs = tuple(
            replace(r, waits=Span.parse("1 working hour")) if r.role == "division_head" else r
            for r in CITY.ladders["topic"]
        )
        hasty = replace(CITY, ladders={**CITY.ladders, "topic": rungs})
        case = with_one_clock(released(), ClockName.RESOLUTION)
        assert escalate(case, hasty, now=at(30, 16)).complaint.wakes_at(hasty) == at(31, 9)

    def test_the_case_that_ends_or_begins_again_owes_nothing(self):
        case = handling.resolve(self.reached(), an_officer(), "Beres.", city=CITY, now=at(31, 9)).complaint
        assert case.rungs == ()
        case = reporting.reopen(case, "Belum.", city=CITY, now=at(31, 10)).complaint
        assert (case.rungs, case.wakes_at(CITY)) == ((), at(31, 10))

    def test_reopened_before_its_deadline_the_silent_rung_is_passed_when_the_redo_clock_runs_out(self):
        case = with_one_clock(released(), ClockName.RESOLUTION)
        case = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(24, 9)).complaint
        case = reporting.reopen(case, "Belum.", city=CITY, now=at(24, 10)).complaint
        case = unwarned(escalate(case, CITY, now=at(24, 10)).complaint)
        assert case.wakes_at(CITY) == due_of(case, ClockName.REDO) == at(27, 16)
        assert due_of(case, ClockName.RESOLUTION) == at(30, 16)


class TestWarnings:
    def warns(self, name: ClockName, case: Complaint | None = None):
        clock = (case or a_complaint()).clocks.get(name)
        assert clock is not None
        return clock.warns

    def test_they_come_at_half_and_at_four_fifths_of_the_offices_working_time(self):
        # Monday 10.00 to the next Monday 16.00 are 46 hours of work: 23, and 36 hours 48 minutes.
        assert self.warns(ClockName.RESOLUTION) == (at(26, 9), at(27, 14, 48))
        # To Tuesday 16.00 they are 14: 7, and 11 hours 12 minutes.
        assert self.warns(ClockName.FIRST_REPLY) == (at(24, 9), at(24, 13, 12))

    def test_sorting_warns_triage_and_reading_for_the_public_warns_nobody(self):
        assert self.warns(ClockName.VERIFICATION, a_complaint(category=None)) == (at(23, 12), at(23, 13, 12))
        assert self.warns(ClockName.SCREENING) == ()

    def test_a_promise_by_the_calendar_warns_by_the_calendar(self):
        case = a_complaint(category="kebakaran", now=at(28, 23, 50))  # Saturday; 15 minutes and 24 hours
        assert self.warns(ClockName.FIRST_REPLY, case) == (at(28, 23, 57), at(29, 0, 2))
        assert self.warns(ClockName.RESOLUTION, case) == (at(29, 11, 50), at(29, 19, 2))

    def test_in_a_silence_they_wait_for_its_end(self):
        calendar = replace(CITY.calendars["office"], silences=((at(26, 6), at(27, 6)),))
        city = replace(CITY, calendars={"office": calendar})
        clocks = promise(city.categories["jalan"], WORKS, city, NOW)
        assert clocks.get(ClockName.RESOLUTION).warns[0] == at(27, 6)

    @given(st.integers(0, 60 * 24 * 14), st.integers(1, 60), st.sampled_from(list(CITY.categories.values())))
    def test_they_lie_in_order_between_receipt_and_promise_and_survive_their_row(
        self, minute, second, category
    ):
        received = NOW + timedelta(minutes=minute, seconds=second)
        for clock in promise(category, WORKS, CITY, received):
            half, most = clock.warns
            assert received - timedelta(minutes=1) < half <= most <= clock.due
            assert all((clock.due - moment) % timedelta(minutes=1) == timedelta() for moment in clock.warns)

    def test_each_is_told_once_and_moves_nothing(self):
        case = perform(Act.RELEASE, a_complaint(), CITY, now=NOW).complaint
        with pytest.raises(NotDue):
            overdue.warn(case, now=at(24, 9) - SECOND)
        change = escalate(case, CITY, now=at(24, 9))
        assert (change.event.act, change.event.by) == (Act.WARN, rules.TIME)
        told = {"status": "received", "clock": "first_reply", "due": at(24, 16).isoformat(), "share": 50}
        assert dict(change.event.data) == told
        after = change.complaint
        assert (after.status, after.level, after.updated_at) == (case.status, 0, case.updated_at)
        assert [c.due for c in after.clocks] == [c.due for c in case.clocks]
        with pytest.raises(NotDue):
            overdue.warn(after, now=at(24, 9))
        assert overdue.warn(after, now=at(24, 13, 12)).event.data["share"] == 80

    def test_of_two_that_were_missed_the_latest_is_told(self):
        case = with_one_clock(a_complaint(), ClockName.RESOLUTION)
        case = replace(case, clocks=case.clocks.start(a_complaint().clocks.get(ClockName.RESOLUTION)))
        change = overdue.warn(case, now=at(27, 15))
        assert change.event.data["share"] == 80
        assert change.complaint.wakes_at(CITY) == at(30, 16)

    def test_what_is_broken_climbs_and_warns_no_more(self):
        case = with_one_clock(a_complaint(), ClockName.RESOLUTION)
        case = replace(case, clocks=case.clocks.start(a_complaint().clocks.get(ClockName.RESOLUTION)))
        change = escalate(case, CITY, now=at(30, 16))
        assert change.event.act is Act.ESCALATE
        with pytest.raises(NotDue):
            overdue.warn(change.complaint, now=at(30, 16))

    def test_a_kept_promise_warns_of_nothing(self):
        case = handling.reply(a_complaint(), an_officer(), "Kami lihat.", now=at(23, 11)).complaint
        with pytest.raises(NotDue):
            overdue.warn(case, now=at(25, 9))
        assert overdue.warn(case, now=at(26, 9)).event.data["clock"] == "resolution"

    def test_a_promise_that_triage_draws_nearer_warns_of_the_nearer_one(self):
        case = perform(Act.SORT, a_complaint(category=None), CITY, now=at(23, 11)).complaint
        # "sampah": Wednesday 16.00, 22 hours of work from Monday 10.00.
        assert self.warns(ClockName.RESOLUTION, case) == (at(24, 13), at(25, 11, 36))

    @pytest.mark.parametrize("status", sorted(set(Status) - OPEN))
    def test_what_nobody_works_on_warns_nobody(self, status):
        with pytest.raises(IllegalMove):
            overdue.warn(a_complaint(status), now=at(60))


class TestClocks:
    def test_promises_are_only_ever_drawn_nearer(self):
        old = Clocks((Clock(ClockName.RESOLUTION, at(30)), Clock(ClockName.FIRST_REPLY, at(24))))
        fresh = Clocks((Clock(ClockName.RESOLUTION, at(26)), Clock(ClockName.FIRST_REPLY, at(28))))
        found = old.no_later_than(fresh)
        assert {clock.name: clock.due for clock in found} == {
            ClockName.RESOLUTION: at(26),
            ClockName.FIRST_REPLY: at(24),
        }

    def test_a_nearer_promise_wakes_earlier_but_takes_no_time_from_a_rung_that_just_heard(self):
        waiting = Clock(ClockName.RESOLUTION, at(30))
        climbed = Clock(ClockName.RESOLUTION, at(30), climbs_at=at(31), climbed=1)
        fresh = Clocks((Clock(ClockName.RESOLUTION, at(26)),))
        assert Clocks((waiting,)).no_later_than(fresh).wakes_at == at(26)
        assert Clocks((climbed,)).no_later_than(fresh).wakes_at == at(31)

    def test_stopping_what_stands_already_changes_nothing(self):
        clocks = Clocks((Clock(ClockName.RESOLUTION, at(30)),)).stop(ClockName.RESOLUTION, at(24))
        assert clocks.stop(ClockName.RESOLUTION, at(25)) == clocks
        assert clocks.stop_all(at(25)) == clocks

    def test_nothing_wakes_when_nothing_runs(self):
        assert Clocks((Clock(ClockName.RESOLUTION, at(30)),)).stop_all(at(24)).wakes_at is None

    @given(st.lists(st.tuples(st.sampled_from(list(ClockName)), st.integers(1, 60)), max_size=8))
    def test_there_is_one_clock_of_each_name(self, started):
        clocks = Clocks()
        for name, day in started:
            clocks = clocks.start(Clock(name, at(day)))
        names = [clock.name for clock in clocks]
        assert len(names) == len(set(names))
        assert {clock.name: clock.due for clock in clocks} == {name: at(day) for name, day in started}


def test_in_the_real_city_a_pothole_climbs_from_the_roads_office_to_the_mayor():
    city = denpasar()
    case = a_complaint(city=city, category="jalan_rusak", area="51.71.01.1004")
    assert [step.post for step in steps(case, ClockName.RESOLUTION, city)] == [
        "division_head@pupr",
        "office_head@pupr",
        "secretary@city",
        "mayor@city",
    ]
    assert runs(case, ClockName.RESOLUTION)
