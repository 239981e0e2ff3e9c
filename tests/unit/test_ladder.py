"""Each clock on its own ladder: hand-over, referral, days off, who coordinates; and nothing that buys time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import handling, reporting
from chalicelib.domain.city import City
from chalicelib.domain.clock import CLOSED, Calendar, Span
from chalicelib.domain.complaint import MOVES, OPEN, TAKES_UP, Change, Complaint, Event, Route, Status
from chalicelib.domain.errors import IllegalMove, Invalid, NotDue, WindowClosed
from chalicelib.domain.notices import Channel, Holder, notices_for
from chalicelib.domain.people import Act, acting, allowed
from chalicelib.domain.service_level import INSIDE, TRANSIENT, Clock, ClockName, Clocks, steps
from chalicelib.http import views
from tests.builders import (
    FIELD,
    HILL,
    NORTH,
    NOW,
    OUTSIDE,
    SECRETARIAT,
    SHORE,
    SHORE_EAST,
    TRIAGE,
    WASTE,
    WORKS,
    a_category,
    a_city,
    a_complaint,
    a_filed,
    a_level,
    an_officer,
    at,
    due_of,
    escalate,
    perform,
    runs,
    unwarned,
)

CITY = a_city()
SECOND = timedelta(seconds=1)


def passed(case: Complaint, to: str, *, history: tuple[Event, ...] = (), now: datetime = NOW) -> Change:
    line = "area" if to in CITY.villages else "topic"
    return handling.pass_on(
        case, an_officer(), Route(to, line), "Salah alamat.", CITY, history=history, now=now
    )


def sorted_to(case: Complaint, category: str, to: str, *, now: datetime = NOW, **more: Any) -> Change:
    triage = an_officer(f"triage@{TRIAGE}")
    return handling.sort(case, triage, CITY.categories[category], Route(to, "topic"), CITY, now=now, **more)


def clock(case: Complaint, name: ClockName) -> Clock:
    found = case.clocks.get(name)
    assert found is not None
    return found


def only(case: Complaint, *names: ClockName) -> Complaint:
    """The case with these clocks alone, and no warnings."""
    return unwarned(replace(case, clocks=Clocks(tuple(c for c in case.clocks if c.name in names))))


def heard(case: Complaint, times: int, city: City = CITY, **filled: Any) -> list[tuple[datetime, str]]:
    """When which post hears, of whatever time does next."""
    found = []
    for _ in range(times):
        now = case.wakes_at(city)
        assert now is not None
        change = escalate(case, city, now=now, **filled)
        case = change.complaint
        found.append((now, change.event.data["post"]))
    return found


class TestHandOver:
    def test_it_runs_from_each_assignment_for_a_working_day_of_the_office_that_receives(self):
        case = passed(a_complaint(), WASTE, now=at(27, 15)).complaint  # Friday
        assert due_of(case, ClockName.HANDOVER) == at(30, 16)
        case = sorted_to(a_complaint(category=None), "jalan", WORKS, now=at(24, 9)).complaint
        assert due_of(case, ClockName.HANDOVER) == at(25, 16)

    def test_a_fresh_report_has_it_where_no_first_reply_is_due_by_then(self):
        slow = a_category("jalan", WORKS, level=a_level("3 working days", "9 working days"))
        city = a_city(categories={**CITY.categories, "jalan": slow})
        assert due_of(a_filed(city).complaint, ClockName.HANDOVER) == at(24, 16)
        assert a_filed(CITY).complaint.clocks.get(ClockName.HANDOVER) is None  # a first reply is due by then

    # What only an emergency knows is tried there.
    @pytest.mark.parametrize("act", sorted(TAKES_UP - {Act.CONFIRM}))
    def test_a_first_act_ends_it(self, act):
        case = passed(a_complaint(), WASTE).complaint
        assert not runs(perform(act, case, CITY, now=at(23, 11)).complaint, ClockName.HANDOVER)

    @pytest.mark.parametrize("act", [Act.MESSAGE, Act.RELEASE, Act.EDIT])
    def test_nothing_else_does(self, act):
        case = passed(a_complaint(), WASTE).complaint
        assert runs(perform(act, case, CITY, now=NOW).complaint, ClockName.HANDOVER)

    def test_it_climbs_the_receiving_office_s_own_heads_and_no_higher_and_then_ends(self):
        case = only(passed(a_complaint(), WASTE).complaint, ClockName.HANDOVER)
        posts = [step.post for step in steps(case, ClockName.HANDOVER, CITY)]
        assert posts == [f"division_head@{WASTE}", f"office_head@{WASTE}"]
        assert heard(case, 3) == [
            (at(24, 16), posts[0]),
            (at(25, 12), posts[1]),  # 4 working hours to acknowledge
            (at(25, 16), ""),
        ]

    def test_in_a_village_its_own_people_and_not_the_camat(self):
        case = passed(a_complaint(), HILL).complaint
        posts = [step.post for step in steps(case, ClockName.HANDOVER, CITY)]
        assert posts == [f"division_head@{HILL}", f"village_head@{HILL}"]

    def test_it_touches_no_promise_and_no_level(self):
        before = a_complaint()
        after = passed(before, WASTE, now=at(24, 15)).complaint
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert clock(after, name) == clock(before, name)
        case = only(after, ClockName.HANDOVER, ClockName.RESOLUTION)
        change = escalate(case, CITY, now=at(25, 16))
        assert (change.event.data["clock"], change.complaint.level) == ("handover", 0)
        assert change.complaint.inbox_at == case.inbox_at

    def test_whoever_heard_of_the_case_on_another_ladder_gets_no_second_message(self):
        case = only(passed(a_complaint(), WASTE).complaint, ClockName.FIRST_REPLY, ClockName.HANDOVER)
        posts = {f"division_head@{WASTE}": Holder(f"division_head@{WASTE}", (("kabid", "id"),))}
        first = escalate(case, CITY, now=at(24, 16))
        assert first.event.data["clock"] == "first_reply"
        assert {n.template for n in notices_for(first, CITY, holders=posts)} == {"officer_rung"}
        second = escalate(first.complaint, CITY, now=at(24, 16))
        assert (second.event.data["clock"], second.event.data["post"]) == (
            "handover",
            f"division_head@{WASTE}",
        )
        assert notices_for(second, CITY, holders=posts) == ()
        one_tap = handling.acknowledge_rung(
            second.complaint, an_officer(f"division_head@{WASTE}"), now=at(25, 9)
        )
        assert sorted(one_tap.event.data["clocks"]) == ["first_reply", "handover"]

    def test_where_it_is_the_first_to_hear_it_says_that_nobody_took_the_case_up(self):
        case = only(passed(a_complaint(), WASTE).complaint, ClockName.HANDOVER)
        change = escalate(case, CITY, now=at(24, 16))
        posts = {f"division_head@{WASTE}": Holder(f"division_head@{WASTE}", (("kabid", "id"),))}
        assert {n.template for n in notices_for(change, CITY, holders=posts)} == {"officer_handover"}

    def test_it_ends_with_the_case_and_when_triage_takes_it_under_seal(self):
        case = passed(a_complaint(), WASTE).complaint
        assert case.clocks.without(*INSIDE).stop_all(NOW) == case.clocks.stop_all(NOW)
        sealed = reporting.edit(case, "Ini pungli oleh petugas.", city=CITY, now=NOW).complaint
        assert sealed.sealed
        assert not runs(sealed, ClockName.HANDOVER)


class TestWhoseCaseItIs:
    def test_no_office_returns_a_case_to_the_one_that_sent_it(self):
        change = passed(a_complaint(), WASTE)
        with pytest.raises(Invalid) as error:
            passed(change.complaint, WORKS, history=(change.event,))
        assert [(fault.field, fault.reason) for fault in error.value.faults] == [
            ("office", "office_returned")
        ]

    def test_a_second_hand_over_goes_to_triage_which_decides_in_a_working_day(self):
        first = passed(a_complaint(), WASTE)
        second = passed(first.complaint, HILL, history=(first.event,), now=at(24, 9))
        case = second.complaint
        assert (case.office, case.line, case.sorted) == (TRIAGE, "topic", False)
        assert due_of(case, ClockName.VERIFICATION) == at(25, 16)
        assert second.event.data["proposed"] == HILL
        assert not runs(case, ClockName.HANDOVER)
        with pytest.raises(IllegalMove):
            passed(case, WORKS, now=at(24, 10))  # triage decides by sorting
        decided = sorted_to(case, "jalan", WORKS, now=at(24, 11)).complaint
        assert (decided.office, decided.sorted) == (WORKS, True)
        assert due_of(decided, ClockName.RESOLUTION) == due_of(a_complaint(), ClockName.RESOLUTION)

    def test_nobody_can_make_triages_time_longer_by_taking_the_case_up(self):
        first = passed(a_complaint(), WASTE)
        case = passed(first.complaint, HILL, history=(first.event,)).complaint
        assert runs(perform(Act.ACKNOWLEDGE, case, CITY, now=at(23, 11)).complaint, ClockName.VERIFICATION)

    def test_a_dispute_of_what_triage_decided_goes_up_at_once(self):
        first = passed(a_complaint(), WASTE)
        second = passed(first.complaint, HILL, history=(first.event,))
        decision = sorted_to(second.complaint, "jalan", WORKS)
        history = (first.event, second.event, decision.event)
        third = passed(decision.complaint, WASTE, history=history, now=at(25, 9))
        assert third.event.data["dispute"] is True
        case = only(third.complaint, ClockName.VERIFICATION)
        assert (case.office, case.wakes_at(CITY)) == (TRIAGE, at(25, 9))
        up = escalate(case, CITY, now=at(25, 9))
        assert up.event.data["post"] == f"division_head@{TRIAGE}"
        assert up.complaint.wakes_at(CITY) == at(26, 16)  # the next one hears when the decision is late

    def test_what_triage_decided_may_be_sent_on_by_nobody_but_anew(self):
        decision = sorted_to(a_complaint(category=None), "jalan", WORKS)
        change = passed(decision.complaint, WASTE, history=(decision.event,))
        assert (change.complaint.office, "proposed" in change.event.data) == (WASTE, False)


class TestLonger:
    """A case that nobody could sort is promised the default category's moments: 5 working days, a road takes 30."""

    REASON = "Perlu pemeriksaan beberapa minggu."
    CITY = a_city(
        categories={
            **CITY.categories,
            "lama": a_category("lama", WORKS, level=a_level("3 working days", "30 working days")),
        }
    )

    def sort(self, case: Complaint | None = None, *, now: datetime = NOW, **more: Any) -> Change:
        triage = an_officer(f"triage@{TRIAGE}")
        to = Route(WORKS, "topic")
        case = case or a_complaint(category=None)
        return handling.sort(case, triage, self.CITY.categories["lama"], to, self.CITY, now=now, **more)

    def test_without_a_reason_nothing_is_later_than_it_was_promised(self):
        before, after = a_complaint(category=None), self.sort().complaint
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert due_of(after, name) == due_of(before, name)

    def test_with_one_the_category_s_moments_count_from_the_first_instant_and_both_stand_in_the_history(self):
        before, change = a_complaint(category=None), self.sort(longer=self.REASON, text="Sudah kami baca.")
        after = change.complaint
        direct = a_filed(self.CITY, category="lama").complaint
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert due_of(after, name) == due_of(direct, name) > due_of(before, name)
            assert clock(after, name).warns == clock(direct, name).warns
            assert change.event.data["was"][name] == due_of(before, name).isoformat()
            assert change.event.data["due_at"][name] == due_of(after, name).isoformat()
        assert change.event.text == f"Sudah kami baca.\n\n{self.REASON}"

    def test_the_reporter_is_told_both_moments_whatever_was_sent_before(self):
        change = self.sort(a_complaint(category=None, citizen_sms=99), longer=self.REASON)
        told = [
            n for n in notices_for(change, self.CITY, citizen_channel=Channel.SMS) if n.to == "citizen#warga"
        ]
        assert [n.template for n in told] == ["citizen_promise"]
        assert told[0].args == {"was": "30/11 16.00", "due": "04/01 16.00"}

    def test_a_reason_for_nothing_is_refused(self):
        quick = a_complaint(category="sampah")
        with pytest.raises(Invalid) as error:
            sorted_to(quick, "sampah", WASTE, longer=self.REASON)
        assert error.value.faults[0].reason == "nothing_longer"

    def test_a_broken_promise_stays_broken_and_a_kept_one_kept(self):
        case = handling.reply(
            a_complaint(category=None), an_officer(), "Kami baca.", now=at(23, 11)
        ).complaint
        after = self.sort(case, now=at(26, 9), longer=self.REASON).complaint
        assert clock(after, ClockName.FIRST_REPLY) == clock(case, ClockName.FIRST_REPLY)
        late = self.sort(a_complaint(category=None), now=at(26, 9), longer=self.REASON).complaint
        assert due_of(late, ClockName.FIRST_REPLY) == at(24, 16)
        assert late.late(at(26, 9))

    def test_a_kept_promise_is_not_made_late_by_a_nearer_one(self):
        case = handling.reply(a_complaint(category=None), an_officer(), "Kami baca.", now=at(24, 9)).complaint
        after = sorted_to(case, "sampah", WASTE, now=at(24, 10)).complaint
        assert clock(after, ClockName.FIRST_REPLY) == clock(case, ClockName.FIRST_REPLY)

    def test_only_whom_the_profile_names_at_the_triage_office_may(self):
        case = a_complaint(category=None)
        head, clerk = an_officer(f"office_head@{TRIAGE}"), an_officer(f"triage@{TRIAGE}")
        assert allowed(clerk, Act.LONGER, case, CITY)
        assert not allowed(head, Act.LONGER, case, CITY)
        assert not allowed(an_officer(f"office_head@{WORKS}"), Act.LONGER, case, CITY)
        strict = a_city(longer_by=frozenset({"office_head"}))
        assert allowed(head, Act.LONGER, case, strict)
        assert allowed(head, Act.SORT, case, strict)
        assert not allowed(clerk, Act.LONGER, case, strict)
        assert allowed(clerk, Act.SORT, case, strict)


class TestReferral:
    def referred(self, **changes: Any) -> Complaint:
        return perform(Act.REFER, a_complaint(**changes), CITY, now=NOW).complaint

    def test_it_has_its_own_time_as_the_profile_says_for_the_agency(self):
        assert due_of(self.referred(), ClockName.REFERRAL) == at(
            30, 16
        )  # 5 working days where it says nothing
        offices = {
            **CITY.offices,
            OUTSIDE: replace(CITY.offices[OUTSIDE], answers=Span.parse("2 working days")),
        }
        city = a_city(offices=offices)
        case = perform(Act.REFER, a_complaint(), city, now=NOW).complaint
        assert due_of(case, ClockName.REFERRAL) == at(25, 16)

    def test_unanswered_it_climbs_inside_the_office_that_asked_and_the_solution_climbs_nowhere(self):
        case = only(self.referred(), ClockName.RESOLUTION, ClockName.REFERRAL)
        assert due_of(case, ClockName.RESOLUTION) == at(30, 16)
        climbed = heard(case, 5)
        assert [post for _, post in climbed] == [f"division_head@{WORKS}", f"office_head@{WORKS}", "", "", ""]

    def test_the_case_counts_as_late_against_its_promise_all_the_same(self):
        case = self.referred()
        assert case.late(due_of(case, ClockName.RESOLUTION) + SECOND)

    @pytest.mark.parametrize("act", [Act.START, Act.RESOLVE, Act.PASS_ON, Act.SORT, Act.REJECT, Act.WITHDRAW])
    def test_whatever_brings_it_back_ends_it(self, act):
        assert not runs(perform(act, self.referred(), CITY, now=at(24, 9)).complaint, ClockName.REFERRAL)

    @pytest.mark.parametrize("act", [Act.REPLY, Act.MESSAGE, Act.RELEASE])
    def test_what_leaves_it_outside_does_not(self, act):
        case = perform(act, self.referred(), CITY, now=at(24, 9)).complaint
        assert case.status is Status.REFERRED
        assert runs(case, ClockName.REFERRAL)

    def test_back_from_outside_the_solution_goes_on_where_it_was(self):
        case = only(a_complaint(), ClockName.RESOLUTION)
        case = escalate(case, CITY, now=at(30, 16)).complaint
        outside = only(
            perform(Act.REFER, case, CITY, now=at(30, 17)).complaint, ClockName.RESOLUTION, ClockName.REFERRAL
        )
        back = perform(Act.START, outside, CITY, now=at(32, 9)).complaint
        assert clock(back, ClockName.RESOLUTION) == clock(case, ClockName.RESOLUTION)
        assert escalate(back, CITY, now=at(32, 9)).event.data["post"] == f"office_head@{WORKS}"

    def test_a_case_that_was_outside_before_there_was_a_clock_climbs_as_ever(self):
        case = only(
            replace(self.referred(), clocks=self.referred().clocks.without(*INSIDE)), ClockName.RESOLUTION
        )
        assert case.wakes_at(CITY) == at(30, 16)


def with_calendars(**calendars: Calendar) -> City:
    """The small city with more calendars; ``head`` is that of the division heads of the office of works."""
    offices = dict(CITY.offices)
    if "head" in calendars:
        offices[WORKS] = replace(offices[WORKS], post_calendars={"division_head": "head"})
    return a_city(calendars={**CITY.calendars, **calendars}, offices=offices)


DAY = ((480, 960),)
TUESDAYS = Calendar(timedelta(hours=8), (CLOSED, DAY, *(CLOSED,) * 5))


class TestDaysOff:
    def test_a_post_may_keep_other_days_than_its_office(self):
        city = with_calendars(head=TUESDAYS)
        assert city.calendar_of_post(f"division_head@{WORKS}") is TUESDAYS
        assert city.calendar_of_post(f"office_head@{WORKS}") is city.calendars["office"]
        assert city.calendar_of_post("mayor@city") is city.calendars["office"]
        assert city.calendar_of_post(f"hamlet_head@{SHORE_EAST}") is city.calendars["office"]

    def test_a_climb_waits_for_the_rung_s_next_working_instant_and_says_so(self):
        city = with_calendars(head=TUESDAYS)
        case = only(a_complaint(city=city), ClockName.RESOLUTION)
        due = due_of(case, ClockName.RESOLUTION)
        assert due == at(30, 16)  # a Monday: for the head a day off
        waits = escalate(case, city, now=due)
        assert (waits.event.act, waits.event.data["post"]) == (Act.WAIT, f"division_head@{WORKS}")
        after = waits.complaint
        assert (after.wakes_at(city), after.level, after.updated_at) == (at(31, 8), 0, case.updated_at)
        assert due_of(after, ClockName.RESOLUTION) == due
        with pytest.raises(NotDue):  # the sweep does not spin
            escalate(after, city, now=at(31, 8) - SECOND)
        climbs = escalate(after, city, now=at(31, 8))
        assert (climbs.event.act, climbs.event.data["post"]) == (Act.ESCALATE, f"division_head@{WORKS}")

    def test_on_a_working_day_it_does_not_wait_for_the_hour(self):
        case = only(a_complaint(), ClockName.RESOLUTION)
        assert escalate(case, CITY, now=at(30, 23)).event.act is Act.ESCALATE

    def test_a_rung_that_is_there_goes_before_a_vacant_one_s_day_off(self):
        city = with_calendars(head=TUESDAYS)
        case = only(a_complaint(city=city), ClockName.RESOLUTION)
        change = escalate(case, city, now=at(30, 16), vacant=(f"division_head@{WORKS}",))
        assert (change.event.act, change.event.data["post"]) == (Act.ESCALATE, f"office_head@{WORKS}")

    def test_an_emergency_waits_for_nobody_s_day(self):
        city = with_calendars(head=TUESDAYS)
        case = only(a_complaint(city=city, category="kebakaran"), ClockName.FIRST_REPLY)
        assert escalate(case, city, now=NOW + timedelta(minutes=15)).event.act is Act.ESCALATE

    def test_a_silence_is_waited_for_even_by_a_post_that_always_works(self):
        silent = Calendar(timedelta(hours=8), always_open=True, silences=((at(30, 6), at(31, 6)),))
        city = with_calendars(head=silent)
        case = only(a_complaint(city=city), ClockName.RESOLUTION)
        assert escalate(case, city, now=at(30, 16)).complaint.wakes_at(city) == at(31, 6)

    def test_a_rung_that_is_reached_at_night_has_its_time_from_the_morning_on_when_its_message_leaves(self):
        shift = Calendar(timedelta(hours=8), always_open=True)
        city = a_city(calendars={"office": shift})
        case = only(a_complaint(city=city), ClockName.RESOLUTION)
        night = at(30, 22)
        assert due_of(case, ClockName.RESOLUTION) <= night
        leaves = city.quiet.released(night, case.code)
        assert leaves is not None
        after = clock(escalate(case, city, now=night).complaint, ClockName.RESOLUTION)
        assert after.climbs_at == leaves + timedelta(hours=4)
        assert after.rests_until == shift.due(leaves, Span.parse("1 working day"))
        # Of an emergency the message leaves at once.
        alarm = only(a_complaint(city=city, category="kebakaran", now=night), ClockName.FIRST_REPLY)
        paged = clock(
            escalate(alarm, city, now=night + timedelta(minutes=15)).complaint, ClockName.FIRST_REPLY
        )
        assert paged.climbs_at == night + timedelta(minutes=20)

    @given(st.integers(0, 60 * 24 * 30), st.sampled_from([Act.REFER, Act.PASS_ON, Act.START, Act.MESSAGE]))
    @settings(deadline=None, max_examples=60)
    def test_no_rung_ever_hears_on_its_day_off(self, minutes, act):
        city = with_calendars(head=TUESDAYS)
        case = perform(act, a_complaint(city=city), city, now=NOW + timedelta(minutes=minutes)).complaint
        for _ in range(25):
            now = case.wakes_at(city)
            assert now is not None
            change = escalate(case, city, now=max(now, case.updated_at))
            if change.event.act is Act.ESCALATE and change.event.data["post"]:
                calendar = city.calendar_of_post(change.event.data["post"])
                assert calendar.is_working_day((change.event.at + calendar.utc_offset).date())
            case = change.complaint


class TestTheNewOffice:
    def test_no_filled_rung_is_skipped_after_a_high_climb_elsewhere(self):
        case = only(a_complaint(), ClockName.RESOLUTION)
        for _ in range(3):
            case = escalate(case, CITY, now=case.wakes_at(CITY)).complaint
        assert case.rungs == ("secretary@city",)
        when = case.wakes_at(CITY)
        moved = only(passed(case, WASTE, now=at(36, 9)).complaint, ClockName.RESOLUTION)
        assert (moved.level, moved.rungs, moved.wakes_at(CITY)) == (3, ("secretary@city",), when)
        posts = [post for _, post in heard(moved, 4)]
        assert posts == [f"division_head@{WASTE}", f"office_head@{WASTE}", "secretary@city", "mayor@city"]

    def test_the_heads_of_the_office_before_have_the_case_no_more(self):
        case = only(a_complaint(), ClockName.RESOLUTION)
        case = escalate(case, CITY, now=case.wakes_at(CITY)).complaint
        assert passed(case, WASTE, now=at(31, 9)).complaint.rungs == ()

    def test_a_hamlet_that_loses_its_head_in_between_makes_nobody_be_skipped(self):
        case = only(a_complaint(category="gang", hamlet=SHORE_EAST), ClockName.RESOLUTION)
        first = escalate(case, CITY, now=case.wakes_at(CITY))
        assert first.event.data["post"] == f"village_head@{SHORE}"
        second = escalate(
            first.complaint, CITY, now=first.complaint.wakes_at(CITY), vacant=(f"hamlet_head@{SHORE_EAST}",)
        )
        assert second.event.data["post"].startswith("district_head@")


def coordinating() -> City:
    rungs = tuple(
        replace(rung, coordinates_in=frozenset({"desa"})) if rung.role == "district_head" else rung
        for rung in CITY.ladders["area"]
    )
    return a_city(ladders={**CITY.ladders, "area": rungs}, village_affairs=SECRETARIAT)


class TestPerbekel:
    CITY = coordinating()

    def climbed(self, area: str, **changes: Any) -> Change:
        case = a_complaint(city=self.CITY, category="gang", area=area)
        case = only(replace(case, **changes), ClockName.RESOLUTION)
        return escalate(case, self.CITY, now=case.wakes_at(self.CITY))

    def told(self, change: Change) -> set[tuple[str, str]]:
        post = change.event.data["post"]
        notices = notices_for(change, self.CITY, holders={post: Holder(post, (("camat", "id"),))})
        return {(notice.template, notice.to) for notice in notices}

    def test_in_a_desa_the_camat_coordinates_and_the_unit_for_villages_is_informed(self):
        change = self.climbed(FIELD)
        assert change.event.data["post"] == f"district_head@{NORTH}"
        assert self.told(change) == {
            ("officer_coordination", "officer#camat"),
            ("office_coordination", SECRETARIAT),
        }

    def test_without_a_camat_the_unit_is_informed_all_the_same_and_the_next_rung_asked_as_ever(self):
        camat, secretary = f"district_head@{NORTH}", "secretary@city"
        case = only(a_complaint(city=self.CITY, category="gang", area=FIELD), ClockName.RESOLUTION)
        change = escalate(case, self.CITY, now=case.wakes_at(self.CITY), vacant=(camat,))
        data = change.event.data
        assert (data["post"], data["vacant"], data["informed"]) == (secretary, [camat], SECRETARIAT)
        assert self.told(change) == {("office_coordination", SECRETARIAT)}  # the secretary has a list
        higher = escalate(case, self.CITY, now=case.wakes_at(self.CITY), vacant=(camat, secretary))
        assert self.told(higher) == {("office_coordination", SECRETARIAT)}
        assert "coordinated" not in views.what(change.event, self.CITY, "en")

    def test_in_a_kelurahan_nothing_is_different(self):
        change = self.climbed(SHORE)
        assert "informed" not in change.event.data
        assert self.told(change) == {("officer_rung", "officer#camat")}

    def test_a_unit_that_the_case_is_about_is_not_informed(self):
        assert self.told(self.climbed(FIELD, accused=SECRETARIAT)) == {
            ("officer_coordination", "officer#camat")
        }

    def test_the_unit_can_open_what_it_is_told_of_and_nothing_private(self):
        clerk = an_officer(f"staff@{SECRETARIAT}")
        case = self.climbed(FIELD).complaint
        assert allowed(clerk, Act.READ, case, self.CITY)
        assert not allowed(clerk, Act.READ, replace(case, private=True), self.CITY)
        assert not allowed(clerk, Act.READ, replace(case, clocks=Clocks()), self.CITY)
        assert not allowed(clerk, Act.REPLY, case, self.CITY)
        assert not allowed(clerk, Act.READ, self.climbed(SHORE).complaint, self.CITY)


@pytest.mark.parametrize(
    ("title", "split"),
    [
        ("Plt. Lurah Panjer", ("Plt.", "Lurah Panjer")),
        ("PLH Camat", ("Plh.", "Camat")),
        ("Pelaksana Tugas Kepala Dinas", ("Plt.", "Kepala Dinas")),
        ("Pj. Sekretaris Daerah", ("Pj.", "Sekretaris Daerah")),
        ("Penjabat Sementara Perbekel", ("Pj.", "Perbekel")),
        ("Lurah", ("", "Lurah")),
        ("Pltu", ("", "Pltu")),
    ],
)
def test_who_only_acts_in_a_post_is_called_so(title, split):
    assert acting(title) == split


# Nothing buys time ----------------------------------------------------------------------------------------------

MAY_PUT_OFF = {
    Act.ESCALATE: "the rung reached has its time",
    Act.WAIT: "the rung has a day off",
    Act.ACK_RUNG: "the rung that acknowledged has its time",
    Act.REFER: "outside, the referral climbs",
    Act.REOPEN: "a kept promise runs again",
    Act.SEND_BACK: "a promise that seemed kept runs on",
    Act.SCHEDULE: "a new date, once, by the head of the office",
    Act.GRANT_DATE: "a new date, allowed by the secretary",
}
"""The only acts after which some rung may hear later than it would have; a promise none of them touches."""

_TRIED = sorted(set(MOVES) - {Act.CLOSE, Act.LOWER})
"""All but those that may put a promise off by right: ``longer`` with a reason, and the end of emergency minutes."""


@given(
    st.sampled_from([None, "jalan", "sampah", "gang", "kebakaran"]),
    st.lists(st.tuples(st.sampled_from(_TRIED), st.integers(0, 40)), min_size=1, max_size=14),
)
@settings(deadline=None, max_examples=150)
def test_no_act_but_the_allowed_ones_moves_a_promise_or_a_climb_later(category, acts):
    case, now = a_complaint(category=category, identity_shown=True), NOW
    for act, hours in acts:
        now += timedelta(hours=hours)
        try:
            after = perform(act, case, CITY, now=now).complaint
        except (IllegalMove, NotDue, WindowClosed, Invalid):
            continue
        for clock_before in (each for each in case.clocks if each.name not in TRANSIENT):
            clock_after = after.clocks.get(clock_before.name)
            assert clock_after is not None
            if clock_before.asleep is not None:
                continue  # a pause that ends moves its promise by its length: that is told elsewhere
            each_time = (ClockName.VERIFICATION, ClockName.APPROVAL)
            decides_anew = clock_before.name in each_time and not clock_before.running
            if not decides_anew and clock_before.name is not ClockName.SCREENING:
                assert clock_after.due <= clock_before.due, act
            if clock_before.running and clock_after.running and act not in MAY_PUT_OFF:
                assert clock_after.next_climb <= clock_before.next_climb, act
        if after.status in OPEN and case.status in OPEN and act not in MAY_PUT_OFF:
            # As it is swept, too: what wakes for its solution is not put to sleep.
            assert sleeps(after) <= sleeps(case), act
        case = after


def sleeps(case: Complaint) -> bool:
    return runs(case, ClockName.REFERRAL)


def test_heads_whom_a_case_is_about_never_hear_of_its_hand_over():
    case = replace(passed(a_complaint(), WASTE).complaint, accused=WASTE)
    assert steps(case, ClockName.HANDOVER, CITY) == ()
