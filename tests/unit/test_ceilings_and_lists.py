"""What the law allows, and the lists of the secretary and the mayor: the moments, checked against a calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.domain import handling, overdue, reporting
from chalicelib.domain.city import Ceiling, LegalClass, Lists
from chalicelib.domain.clock import CLOSED, Span
from chalicelib.domain.complaint import OPEN, TO_OMBUDSMAN, Complaint, Route, Status
from chalicelib.domain.errors import NotDue
from chalicelib.domain.lists import due_list, next_list, stands_on
from chalicelib.domain.notices import CITIZEN_SMS_PER_CASE, Channel, Holder, notices_for
from chalicelib.domain.people import Act, Role
from chalicelib.domain.service_level import NEVER, ClockName, Clocks
from tests.builders import (
    NOW,
    TRIAGE,
    WASTE,
    WORKS,
    a_category,
    a_city,
    a_complaint,
    a_rung,
    an_officer,
    at,
    escalate,
    four_eyed,
    perform,
    unwarned,
)

DAYS = {
    LegalClass.SERVICE: 14,
    LegalClass.OVERSIGHT: 60,
    LegalClass.SUGGESTION: 5,
    LegalClass.INFORMATION: 17,
}
CITY = a_city(ceilings={legal: Ceiling(days, "test", True) for legal, days in DAYS.items()})
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def ceiling(case: Complaint):
    clock = case.clocks.get(ClockName.CEILING)
    assert clock is not None
    return clock


def at_ceiling(case: Complaint, share: int):
    return ceiling(case).warns[0] if share == 80 else ceiling(case).due


class TestTheCeiling:
    def test_it_counts_working_days_from_receipt_to_the_close_of_the_last(self):
        # Received Monday 23 November 10.00, 14 working days: 24-27 (4), 30-4 December (9), 7-11 (14): Friday 11.
        case = a_complaint(city=CITY)
        assert ceiling(case).due == at(41, 16)
        # From 10.00 there are 6 hours and 14 days of 8: 118; 80 % are 94.4, so 94 h 24 min after 10.00 on the 23rd:
        # 6 h that day and 11 days of 8 (to 8 December) make 94, the last 24 minutes on the 9th.
        assert ceiling(case).warns == (at(39, 8, 24),)

    def test_an_office_that_works_round_the_clock_has_no_shorter_one(self):
        office = replace(CITY.offices[WORKS], calendar="shift")
        shift = replace(CITY.calendars["office"], always_open=True)
        city = replace(
            CITY, offices={**CITY.offices, WORKS: office}, calendars={**CITY.calendars, "shift": shift}
        )
        assert ceiling(a_complaint(city=city)).due == at(41, 16)

    def test_one_that_nobody_has_sorted_has_that_of_the_default_category(self):
        assert ceiling(a_complaint(city=CITY, category=None)).due == at(41, 16)

    def test_another_legal_class_gives_another_one_from_the_same_first_instant(self):
        oversight = a_category("wewenang", WASTE, legal_class=LegalClass.OVERSIGHT)
        city = replace(CITY, categories={**CITY.categories, oversight.id: oversight})
        case = a_complaint(city=city)
        told = replace(case, clocks=case.clocks.tell_ceiling(at(41, 16)))
        after = handling.sort(
            told, an_officer(), oversight, Route(WASTE, "topic"), city, now=at(42, 9)
        ).complaint
        expected = city.calendars["office"].due(NOW, Span.parse("60 working days"))
        assert (ceiling(after).due, ceiling(after).climbed, len(ceiling(after).warns)) == (expected, 0, 1)

    def test_another_category_of_the_same_class_leaves_it_as_it_is(self):
        case = a_complaint(city=CITY)
        told = replace(case, clocks=case.clocks.tell_ceiling(at(41, 16)))
        after = perform(Act.SORT, told, CITY, now=at(42, 9)).complaint
        assert ceiling(after) == ceiling(told)

    def test_a_case_of_before_there_were_ceilings_has_one_once_it_is_sorted(self):
        case = a_complaint(city=CITY)
        old = replace(case, clocks=Clocks(tuple(c for c in case.clocks if c.name is not ClockName.CEILING)))
        assert old.wakes_at(CITY) is not None
        after = perform(Act.SORT, old, CITY, now=at(24, 9)).complaint
        assert ceiling(after) == ceiling(case)

    def test_nothing_that_an_office_does_moves_it(self):
        case = a_complaint(city=CITY)
        acts = (Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.REFER, Act.PASS_ON, Act.RESOLVE, Act.REOPEN)
        after = case
        for act in acts:
            after = perform(act, after, CITY, now=at(24, 9)).complaint
        assert ceiling(after) == ceiling(case)

    def test_a_question_to_the_reporter_pauses_the_promise_and_neither_moves_nor_hushes_it(self):
        case = a_complaint(city=CITY)
        asked = perform(Act.ASK, case, CITY, now=at_ceiling(case, 80) - DAY).complaint
        assert ceiling(asked) == ceiling(case)
        assert asked.clocks.ceiling_to_tell(at_ceiling(case, 80)) == 80
        assert asked.wakes_at(CITY) <= at_ceiling(case, 80)

    @pytest.mark.parametrize("act", [Act.CLAIM, Act.SCHEDULE, Act.ASK_DATE])
    def test_neither_a_second_person_nor_a_second_date_moves_or_hushes_it(self, act):
        case = a_complaint(city=CITY)
        after = perform(act, case, CITY, now=NOW).complaint
        assert ceiling(after) == ceiling(case)
        assert after.clocks.ceiling_to_tell(at_ceiling(case, 80)) == 80
        assert after.wakes_at(CITY) <= at_ceiling(case, 80)

    @pytest.mark.parametrize("act", [Act.REJECT, Act.WITHDRAW])
    def test_it_ends_with_the_case(self, act):
        assert not ceiling(perform(act, a_complaint(city=CITY), CITY, now=NOW).complaint).running

    def test_it_is_no_promise_it_makes_nothing_late_and_climbs_nowhere(self):
        case = a_complaint(city=CITY)
        alone = replace(case, clocks=Clocks((ceiling(case),)))
        assert not alone.late(at(60))
        assert alone.level == 0
        assert alone.clocks.due_to_climb(at(60)) is None
        assert alone.clocks.due_to_warn(at(60)) is None


class TestTelling:
    def alone(self, **changes) -> Complaint:
        """A case in which only the ceiling still runs."""
        case = a_complaint(city=CITY, **changes)
        stopped = tuple(c if c.name is ClockName.CEILING else replace(c, stopped_at=NOW) for c in case.clocks)
        return replace(case, clocks=Clocks(stopped))

    def test_80_percent_and_all_of_it_are_told_once_each_and_then_time_rests(self):
        case = self.alone()
        with pytest.raises(NotDue):
            overdue.escalate(case, CITY, {}, now=at_ceiling(case, 80) - MINUTE)
        near = overdue.escalate(case, CITY, {}, now=at_ceiling(case, 80))
        assert (near.event.act, near.event.data["share"]) == (Act.CEILING, 80)
        with pytest.raises(NotDue):
            overdue.escalate(near.complaint, CITY, {}, now=at_ceiling(case, 100) - MINUTE)
        over = overdue.escalate(near.complaint, CITY, {}, now=at_ceiling(case, 100))
        assert over.event.data["share"] == 100
        assert over.complaint.wakes_at(CITY) == NEVER

    @pytest.mark.parametrize("status", sorted(OPEN))
    def test_it_is_told_in_every_open_state_and_changes_none(self, status):
        case = a_complaint(status, city=CITY)
        told = overdue.tell_ceiling(case, now=at_ceiling(case, 80))
        assert (told.event.act, told.complaint.status) == (Act.CEILING, status)
        assert stands_on(told.complaint) is Role.SECRETARY

    def test_time_comes_for_the_earliest_of_a_rung_a_warning_the_ceiling_and_an_approval(self):
        case = self.alone()
        assert case.wakes_at(CITY) == at_ceiling(case, 80)
        waiting = perform(Act.CLAIM, case, CITY, now=NOW).complaint
        approval = waiting.clocks.get(ClockName.APPROVAL)
        assert waiting.wakes_at(CITY) == approval.warns[0] < at_ceiling(case, 80)
        unwarned_one = unwarned(waiting)
        assert unwarned_one.wakes_at(CITY) == approval.due < ceiling(case).due
        climbed = escalate(unwarned_one, CITY, now=approval.due)
        assert (climbed.event.act, climbed.event.data["clock"]) == (Act.ESCALATE, "approval")

    def test_a_sweep_that_came_late_tells_the_last_of_them_alone(self):
        case = self.alone()
        change = overdue.escalate(case, CITY, {}, now=at(50))
        assert change.event.data["share"] == 100
        assert change.complaint.wakes_at(CITY) == NEVER

    def test_the_case_then_stands_on_the_secretarys_list_and_the_reporter_hears_of_the_ombudsman_once(self):
        case = self.alone()
        assert (stands_on(case), case.for_ombudsman) == (None, False)
        near = overdue.escalate(case, CITY, {}, now=at_ceiling(case, 80))
        assert (stands_on(near.complaint), near.complaint.for_ombudsman) == (Role.SECRETARY, True)
        (notice,) = notices_for(near, CITY, citizen_channel=Channel.SMS)
        assert (notice.template, notice.to) == ("citizen_ceiling", "citizen#warga")
        assert notice.args["office"] == "ombudsman"
        over = overdue.escalate(near.complaint, CITY, {}, now=at_ceiling(case, 100))
        assert notices_for(over, CITY, citizen_channel=Channel.SMS) == ()
        assert stands_on(over.complaint) is Role.SECRETARY

    def test_the_sms_counts_against_the_cap_of_the_case_and_the_page_tells_it_anyway(self):
        case = replace(self.alone(), citizen_sms=CITIZEN_SMS_PER_CASE)
        near = overdue.escalate(case, CITY, {}, now=at_ceiling(case, 80))
        assert notices_for(near, CITY, citizen_channel=Channel.SMS) == ()
        (notice,) = notices_for(near, CITY, citizen_channel=Channel.EMAIL)
        assert (notice.template, notice.to) == ("citizen_ceiling", "citizen#warga")
        assert near.complaint.for_ombudsman

    def test_of_an_undecided_accusation_no_list_knows_and_triage_hears(self):
        case = self.alone(sealed=True, accused=WASTE)
        near = overdue.escalate(case, CITY, {}, now=at_ceiling(case, 80))
        assert stands_on(near.complaint) is None
        office, citizen = notices_for(near, CITY, citizen_channel=Channel.SMS)
        assert (office.template, office.to) == ("office_sealed", TRIAGE)
        assert citizen.template == "citizen_ceiling"

    def test_a_lost_appeal_does_the_same_before_its_time(self):
        case = a_complaint(city=CITY)
        clocks, data = overdue.to_ombudsman(case)
        after = replace(case, clocks=clocks)
        assert (stands_on(after), after.for_ombudsman) == (Role.SECRETARY, True)
        assert data == {TO_OMBUDSMAN: True}
        assert overdue.to_ombudsman(after)[1] == {}
        assert ceiling(after).due == ceiling(case).due


class TestARequestForANewDate:
    def test_while_the_secretary_owes_a_decision_the_case_stands_on_that_list(self):
        case = a_complaint(city=CITY)
        assert (stands_on(case), stands_on(case, asks_date=True)) == (None, Role.SECRETARY)

    def test_it_takes_a_case_neither_from_the_mayors_list_nor_an_accusation_onto_one(self):
        case = a_complaint(city=CITY)
        clock = replace(case.clocks.get(ClockName.RESOLUTION), rung="mayor@city")
        assert stands_on(replace(case, clocks=case.clocks.start(clock)), asks_date=True) is Role.MAYOR
        assert stands_on(a_complaint(city=CITY, sealed=True, accused=WASTE), asks_date=True) is None
        ended = perform(Act.REJECT, case, CITY, now=NOW).complaint
        assert stands_on(ended, asks_date=True) is None

    def test_the_secretary_finds_it_on_the_list_and_of_an_emergencys_hears_by_mail(self):
        posts = {"secretary@city": Holder("secretary@city", (("sekda", "id"),))}
        for category, told in (("jalan", []), ("kebakaran", [Channel.EMAIL])):
            change = perform(Act.ASK_DATE, a_complaint(city=CITY, category=category), CITY, now=NOW)
            assert [n.channel for n in notices_for(change, CITY, holders=posts)] == told, category


class TestMomentsOfTheLists:
    def test_the_secretarys_comes_on_each_working_day_at_the_profiles_time(self):
        assert next_list(Role.SECRETARY, at(23, 7), CITY) == at(23, 7, 30)
        assert next_list(Role.SECRETARY, at(23, 7, 30), CITY) == at(23, 7, 30)
        assert next_list(Role.SECRETARY, at(23, 7, 31), CITY) == at(24, 7, 30)
        assert next_list(Role.SECRETARY, at(27, 9), CITY) == at(30, 7, 30)  # over the weekend

    def test_the_mayors_comes_once_a_week(self):
        assert next_list(Role.MAYOR, at(23, 7), CITY) == at(23, 7, 30)
        assert next_list(Role.MAYOR, at(23, 8), CITY) == at(30, 7, 30)
        city = replace(CITY, lists=Lists(480, 2))  # Wednesdays at 8
        assert next_list(Role.MAYOR, at(23, 8), city) == at(25, 8)

    def test_on_a_holiday_the_mayors_comes_on_the_next_working_day(self):
        monday = (at(30) + timedelta(hours=8)).date()
        calendar = replace(CITY.calendars["office"], days={monday: CLOSED, monday + DAY: CLOSED})
        city = replace(CITY, calendars={"office": calendar})
        assert next_list(Role.MAYOR, at(25), city) == at(32, 7, 30)
        assert next_list(Role.MAYOR, at(33), city) == at(37, 7, 30)

    def test_it_is_written_from_its_moment_on_for_a_while(self):
        for role in (Role.SECRETARY, Role.MAYOR):
            assert due_list(role, at(23, 7, 29), CITY) is None
            assert due_list(role, at(23, 7, 30), CITY) == at(23, 7, 30)
            assert due_list(role, at(23, 10, 29), CITY) == at(23, 7, 30)
            assert due_list(role, at(23, 10, 30), CITY) is None
        assert due_list(Role.MAYOR, at(24, 8), CITY) is None
        assert due_list(Role.SECRETARY, at(28, 8), CITY) is None


class TestTheTopOfTheLadder:
    def late(self, **changes) -> Complaint:
        case = perform(Act.RELEASE, a_complaint(city=CITY, **changes), CITY, now=NOW).complaint
        kept = tuple(
            replace(c, stopped_at=NOW) if c.name is not ClockName.RESOLUTION else c for c in case.clocks
        )
        return unwarned(replace(case, clocks=Clocks(kept)))

    def climbs(self, case: Complaint, **filled):
        """Climb as long as time does anything: each change and when."""
        found = []
        while (now := case.wakes_at(CITY)) is not None and now < NEVER and len(found) < 12:
            change = escalate(case, CITY, now=now, **filled)
            found.append(change)
            case = change.complaint
        return found

    def at_the_end(self) -> Complaint:
        """A case past the last rung that stands on the lists for nothing else."""
        last = self.climbs(self.late())[-1].complaint
        return replace(last, clocks=Clocks(tuple(c for c in last.clocks if c.name is not ClockName.CEILING)))

    def test_after_the_mayor_the_case_stays_on_the_list_marked_and_nobody_is_reminded_again(self):
        *rungs, last = self.climbs(self.late())
        assert [c.event.data["post"] for c in rungs][-2:] == ["secretary@city", "mayor@city"]
        assert [stands_on(c.complaint) for c in rungs][-2:] == [Role.SECRETARY, Role.MAYOR]
        assert not any(c.complaint.marked_overdue for c in rungs)
        assert last.event.data["past_ladder"]
        assert last.complaint.marked_overdue
        assert stands_on(last.complaint) is Role.MAYOR
        assert last.complaint.wakes_at(CITY) == NEVER
        assert notices_for(last, CITY) == ()

    def test_reopened_and_past_the_top_again_it_is_marked_once_the_old_deadline_has_passed(self):
        case = handling.resolve(self.late(), an_officer(), "Sudah.", city=CITY, now=NOW).complaint
        case = reporting.reopen(case, "Belum.", city=CITY, now=NOW).complaint
        found = self.climbs(unwarned(case))
        assert {c.event.data["clock"] for c in found} == {"redo"}
        assert found[-1].event.data["past_ladder"]
        assert [c.complaint.marked_overdue for c in found] == [False] * (len(found) - 1) + [True]
        assert stands_on(found[-1].complaint) is Role.MAYOR

    def test_the_secretary_has_the_time_from_the_list_on(self):
        case = self.late()
        to_secretary = self.climbs(case)[2]
        clock = to_secretary.complaint.clocks.get(ClockName.RESOLUTION)
        heard = next_list(Role.SECRETARY, to_secretary.event.at, CITY)
        calendar = CITY.calendars["office"]
        assert heard > to_secretary.event.at
        assert clock.climbs_at == calendar.due(heard, Span.parse("4 working hours"))
        assert clock.rests_until == calendar.due(heard, Span.parse("3 working days"))

    def test_these_two_hear_by_their_lists_and_of_an_emergency_by_a_message(self):
        posts = {p: Holder(p, (("pejabat", "id"),)) for p in ("secretary@city", "mayor@city")}
        for category, told in (("jalan", 0), ("kebakaran", 2)):
            changes = self.climbs(self.late(category=category))
            for change in changes:
                if change.event.data["post"] in posts:
                    assert len(notices_for(change, CITY, holders=posts)) == told, category

    def test_with_one_of_the_two_posts_filled_the_case_still_stands_on_the_lists(self):
        last = self.climbs(self.late(), vacant=("mayor@city",))[-1]
        assert last.complaint.marked_overdue
        assert stands_on(last.complaint) is Role.MAYOR

    def test_with_neither_filled_nobody_reads_a_list_so_the_office_is_reminded_again(self):
        case = self.late()
        for _ in range(3):
            now = case.wakes_at(CITY)
            change = escalate(case, CITY, now=now, vacant=("secretary@city", "mayor@city"))
            case = change.complaint
        later = escalate(case, CITY, now=case.wakes_at(CITY), vacant=("secretary@city", "mayor@city"))
        assert not later.complaint.marked_overdue
        assert later.complaint.wakes_at(CITY) < NEVER

    def test_of_an_emergency_the_office_is_reminded_as_often_as_the_profile_says_and_then_it_is_on_the_list(
        self,
    ):
        *rungs, last = self.climbs(self.late(category="kebakaran"))
        reminders = [c for c in rungs if not c.event.data["post"]]
        assert len(reminders) == CITY.emergency.reminders
        assert [c.event.data["post"] for c in rungs][-4:] == ["secretary@city", "", "", ""]
        for each in reminders:
            (notice,) = notices_for(each, CITY)
            assert (notice.template, notice.sms) == ("office_emergency", True)
            assert each.complaint.level == rungs[-4].complaint.level
            assert not each.complaint.marked_overdue
        assert last.event.data["past_ladder"]
        assert notices_for(last, CITY) == ()
        assert last.complaint.marked_overdue
        assert stands_on(last.complaint) is Role.SECRETARY

    def test_where_nobody_reads_a_list_the_office_of_an_emergency_is_reminded_once_a_day_from_then_on(self):
        found = self.climbs(self.late(category="kebakaran"), vacant=("secretary@city", "mayor@city"))
        moments = [c.event.at for c in found if not c.event.data["post"]]
        steps = [after - before for before, after in pairwise(moments)]
        most = CITY.emergency.reminders
        assert all(step < timedelta(hours=1) for step in steps[:most])
        assert steps[most:] == [timedelta(days=1)] * len(steps[most:])
        assert len(steps) > most
        assert not found[-1].complaint.marked_overdue

    def test_an_acknowledgement_at_the_top_takes_the_case_off_no_list(self):
        case = self.late()
        at_mayor = next(c for c in self.climbs(case) if c.event.data["post"] == "mayor@city")
        after = handling.acknowledge_rung(
            at_mayor.complaint, a_rung(at_mayor.complaint), now=at(60)
        ).complaint
        assert stands_on(after) is Role.MAYOR

    def test_passed_on_from_there_it_stays_listed_and_marked_and_the_new_offices_ladder_begins_with_its_first_rung(
        self,
    ):
        passed = handling.pass_on(
            self.at_the_end(), an_officer(), Route(WASTE, "topic"), "Salah alamat.", CITY, now=at(80)
        ).complaint
        kept = Clocks(tuple(c for c in passed.clocks if c.name is ClockName.RESOLUTION))
        found = self.climbs(replace(passed, clocks=kept))
        posts = [c.event.data["post"].partition("@") for c in found]
        assert [role for role, _, _ in posts] == ["division_head", "office_head", "secretary", "mayor", ""]
        assert {scope for _, _, scope in posts[:2]} == {WASTE}
        assert found[-1].event.data["past_ladder"]
        for each in (passed, *(c.complaint for c in found)):
            assert (stands_on(each), each.marked_overdue) == (Role.MAYOR, True)
        rests = perform(Act.SCHEDULE, found[0].complaint, CITY, now=at(82)).complaint
        assert (stands_on(rests), rests.marked_overdue) == (None, False)

    def test_sent_back_by_the_second_person_it_is_on_the_list_and_marked_as_before(self):
        four = four_eyed(CITY)
        last = self.at_the_end()
        claim = perform(Act.CLAIM, last, four, now=at(80)).complaint
        assert (stands_on(claim), claim.marked_overdue) == (None, False)
        back = perform(Act.SEND_BACK, claim, four, now=at(81)).complaint
        assert (stands_on(back), back.marked_overdue) == (Role.MAYOR, True)

    def test_with_a_second_date_it_leaves_the_list_until_then_and_is_back_on_it(self):
        rests = perform(Act.SCHEDULE, self.at_the_end(), CITY, now=at(80)).complaint
        assert (stands_on(rests), rests.marked_overdue) == (None, False)
        assert unwarned(rests).wakes_at(CITY) == rests.new_date
        after = escalate(unwarned(rests), CITY, now=rests.new_date).complaint
        assert (stands_on(after), after.marked_overdue) == (Role.MAYOR, True)

    def test_solved_it_leaves_the_list_and_reopened_before_its_deadline_nothing_is_marked(self):
        last = self.climbs(self.late())[-1]
        solved = perform(Act.RESOLVE, last.complaint, CITY, now=at(80)).complaint
        assert (stands_on(solved), solved.marked_overdue) == (None, False)
        early = a_complaint(Status.REOPENED, city=CITY, private=True)
        clock = early.clocks.get(ClockName.RESOLUTION)
        early = replace(early, clocks=early.clocks.start(replace(clock, climbed=4)))
        change = escalate(early, CITY, now=NOW)
        assert not change.complaint.marked_overdue
        # Not by the redo clock either, when that has come to its end first: the case stays on the list till then.
        redo = change.complaint.clocks.get(ClockName.REDO)
        soon = replace(redo, due=at(24), climbs_at=at(24, 10), step=9)
        ended = escalate(
            replace(change.complaint, clocks=change.complaint.clocks.start(soon)), CITY, now=at(24, 10)
        )
        assert not ended.complaint.marked_overdue
        assert stands_on(ended.complaint) is Role.MAYOR
        assert ended.complaint.clocks.get(ClockName.REDO).climbs_at == clock.due
        over = escalate(ended.complaint, CITY, now=clock.due)
        assert (over.event.data.get("past_ladder"), over.complaint.marked_overdue) == (True, True)
        # The old promise climbs no more; what is done again climbs on a clock of its own.
        assert change.complaint.clocks.get(ClockName.RESOLUTION).climbs_at is None
        assert change.complaint.clocks.get(ClockName.REDO).climbs_at > NOW
