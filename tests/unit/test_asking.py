"""The question to the reporter: what its pause moves and by how much, what it never moves, and how it ends.

Moments are of November 2026 on the small city's wall clock: it works Monday to Friday 08.00-16.00, and ``at(23)`` is a
Monday. The pothole of these tests is filed on Monday 10.00 and promised for Monday the 30th, 16.00 (5 working days).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import asking, handling, overdue, reporting
from chalicelib.domain.complaint import FOR_TRIAGE, Complaint, Route, Status
from chalicelib.domain.errors import AskedEnough, IllegalMove, NotDue, QuestionClosed
from chalicelib.domain.notices import Channel, notices_for
from chalicelib.domain.people import Act, Role
from chalicelib.domain.service_level import ClockName
from tests.builders import (
    NOW,
    SHORE_EAST,
    TRIAGE,
    WASTE,
    WORKS,
    a_category,
    a_city,
    a_complaint,
    a_level,
    an_officer,
    at,
    due_of,
    escalate,
    perform,
    runs,
)

CITY = a_city()
OFFICER = an_officer()
TRIAGER = an_officer(f"{Role.TRIAGE}@{TRIAGE}")
MINUTE = timedelta(minutes=1)
RESOLUTION = ClockName.RESOLUTION


def asked(case: Complaint | None = None, *, now=NOW, officer=OFFICER, city=CITY) -> Complaint:
    return asking.ask(case or a_complaint(), officer, "Tiang yang mana?", city=city, now=now).complaint


def answered(case: Complaint, *, now, text="Yang di pojok.", city=CITY):
    return asking.answer(case, case.asked.number, text, city=city, now=now)


class TestAsking:
    def test_it_is_a_written_reply_and_ends_the_first_reply_clock_alone(self):
        case = asked()
        assert not runs(case, ClockName.FIRST_REPLY)
        assert runs(case, RESOLUTION)
        assert case.status is Status.RECEIVED

    def test_the_reporter_has_five_working_days_and_the_promise_sleeps_as_long(self):
        case = asked()
        # Asked on Monday 10.00; the day itself does not count: Monday the 30th, closing time.
        assert case.asked.until == case.asked.resumes_at == at(30, 16)
        assert case.wakes_at(CITY) == due_of(case, ClockName.SCREENING) == at(23, 14)  # never paused
        assert replace(case, clocks=case.clocks.stop(ClockName.SCREENING, NOW)).wakes_at(CITY) == at(30, 16)

    def test_while_it_waits_nothing_of_the_promise_climbs_warns_or_is_late(self):
        case = asked()
        case = replace(case, clocks=case.clocks.stop(ClockName.SCREENING, NOW))
        for now in (at(26, 12), at(30, 16) + MINUTE, at(60)):
            assert not case.late(now)
            assert case.clocks.due_to_climb(now) is None
            assert case.clocks.due_to_warn(now) is None
            with pytest.raises(NotDue):
                escalate(case, CITY, now=now)

    def test_lists_sort_it_by_where_the_pause_takes_the_deadline_at_the_most(self):
        # Monday 10.00 to Monday the 30th, 16.00 is 6 + 5 * 8 = 46 hours. So much after the 30th, 16.00: five days of 8
        # hours (Tuesday to Friday, Monday), and 6 on Tuesday the 8th.
        foreseen = asking.foreseen(asked(), CITY).get(RESOLUTION)
        assert foreseen is not None
        assert foreseen.due == at(38, 14)

    def test_only_so_many_questions_may_be_asked(self):
        case = a_complaint()
        for _ in range(CITY.asking.times):
            case = asked(case)
        with pytest.raises(AskedEnough):
            asked(case)

    def test_an_emergency_is_asked_and_never_paused(self):
        case = asked(a_complaint(category="kebakaran"))
        assert case.asked.open
        assert case.asked.resumes_at is None
        assert case.clocks.due_to_climb(at(25)) is not None
        assert answered(case, now=at(23, 12)).complaint.clocks.get(RESOLUTION).due == due_of(case, RESOLUTION)

    def test_what_nobody_sorted_and_may_be_an_emergency_is_not_paused_either(self):
        case = asked(a_complaint(category=None, suggested=("kebakaran",)), officer=TRIAGER)
        assert case.asked.resumes_at is None


class TestThePause:
    def test_an_answer_moves_the_deadline_by_exactly_the_working_time_that_it_took(self):
        # Asked Monday 10.00, answered Tuesday 09.30: 6 h on Monday and 1.5 h on Tuesday.
        change = answered(asked(), now=at(24, 9, 30))
        assert change.event.data["paused"] == 7 * 60 + 30
        # 7.5 h after Monday the 30th, 16.00: Tuesday 15.30.
        assert due_of(change.complaint, RESOLUTION) == at(31, 15, 30)
        assert change.event.data["moved_to"] == at(31, 15, 30).isoformat()
        assert not change.complaint.asked.open

    def test_a_question_answered_in_the_night_it_was_asked_moves_nothing(self):
        case = asked(now=at(23, 20))
        change = answered(case, now=at(23, 23))
        assert change.event.data["paused"] == 0
        assert due_of(change.complaint, RESOLUTION) == at(30, 16)

    def test_seconds_are_the_citys_loss_the_deadline_moves_by_what_history_says(self):
        change = answered(asked(), now=NOW + timedelta(minutes=5, seconds=59))
        assert change.event.data["paused"] == 5
        assert due_of(change.complaint, RESOLUTION) == at(31, 8, 5)

    def test_warnings_and_rungs_move_with_it(self):
        case = a_complaint()
        climbed = case.clocks.climb(
            RESOLUTION, 1, at(26, 9), rung=f"division_head@{WORKS}", rests_until=at(27, 9)
        )
        before = case.clocks.get(RESOLUTION)
        after = answered(asked(replace(case, clocks=climbed)), now=at(24, 10)).complaint.clocks.get(
            RESOLUTION
        )
        assert (after.climbs_at, after.rests_until) == (at(27, 9), at(30, 9))  # 8 h each: one working day
        calendar = CITY.calendar_of(WORKS)
        assert [calendar.between(b, a) for b, a in zip(before.warns, after.warns, strict=True)] == [
            timedelta(hours=8)
        ] * 2

    def test_what_was_late_stays_late_and_only_its_ladder_slept(self):
        late = a_complaint()
        late = replace(
            late,
            clocks=late.clocks.climb(RESOLUTION, 1, at(31, 12), rung=f"division_head@{WORKS}"),
        )
        case = asked(late, now=at(31, 10))
        assert case.late(at(31, 11))
        change = answered(case, now=at(32, 10))
        assert due_of(change.complaint, RESOLUTION) == at(30, 16)
        assert change.complaint.late(at(32, 11))
        assert change.event.data["moved_to"] is None
        assert change.complaint.clocks.get(RESOLUTION).climbs_at == at(32, 12)  # 8 h later

    def test_a_late_promise_that_no_sweep_has_seen_climbs_when_the_pause_ends_and_not_before(self):
        read = a_complaint()
        read = replace(read, clocks=read.clocks.stop(ClockName.SCREENING, NOW))
        case = asked(read, now=at(31, 10))
        assert case.clocks.due_to_climb(at(31, 12)) is None
        after = answered(case, now=at(32, 10)).complaint
        assert after.clocks.due_to_climb(at(32, 10)).name is RESOLUTION

    def test_a_promise_in_calendar_time_moves_by_calendar_time(self):
        level = a_level("1 working day", "48 hours")
        city = a_city(categories={**CITY.categories, "jalan": a_category(level=level)})
        case = asked(a_complaint(city=city), city=city)
        change = answered(case, now=at(24, 10), city=city)
        assert (change.event.data["paused"], change.event.data["counted"]) == (24 * 60, "minutes")
        assert due_of(change.complaint, RESOLUTION) == at(26, 10)

    def test_triages_own_clock_sleeps_where_triage_asks(self):
        case = asked(a_complaint(category=None), officer=TRIAGER)
        assert {c.name for c in case.clocks if c.asleep} == {RESOLUTION, ClockName.VERIFICATION}
        # Promised for 14.00, asked at 10.00, answered the next day at 09.00: seven working hours later.
        after = answered(case, now=at(24, 9)).complaint
        assert due_of(after, ClockName.VERIFICATION) == at(24, 13)

    def test_triages_clock_does_not_sleep_where_an_office_asks(self):
        accused = reporting.message(a_complaint(), "Pungli!", city=CITY, now=NOW).complaint
        case = asked(accused)
        assert {c.name for c in case.clocks if c.asleep} == {RESOLUTION}

    def test_no_deadline_is_moved_into_a_silence(self):
        level = a_level("1 working day", "48 hours")
        silence = (at(26, 6), at(27, 6))
        calendars = {
            name: replace(calendar, silences=(silence,)) for name, calendar in CITY.calendars.items()
        }
        city = a_city(categories={**CITY.categories, "jalan": a_category(level=level)}, calendars=calendars)
        case = asked(a_complaint(city=city), city=city)
        assert due_of(answered(case, now=at(24, 10), city=city).complaint, RESOLUTION) == at(27, 6)


class TestWithoutAnAnswer:
    def test_time_gives_it_back_to_the_office_with_the_clock_running(self):
        case = asked()
        with pytest.raises(NotDue):
            asking.resume(case, city=CITY, now=at(30, 16) - timedelta(seconds=1))
        change = asking.resume(case, city=CITY, now=at(30, 16))
        after = change.complaint
        assert change.event.data["unanswered"] is True
        assert (after.status, after.asked.open, after.asked.unanswered) == (Status.RECEIVED, False, True)
        assert due_of(after, RESOLUTION) == at(38, 14)
        assert not after.clocks.get(RESOLUTION).asleep
        with pytest.raises(NotDue):
            asking.resume(after, city=CITY, now=at(60))

    def test_a_sweep_that_comes_days_later_moves_the_deadline_no_further(self):
        on_time = asking.resume(asked(), city=CITY, now=at(30, 16)).complaint
        late = asking.resume(asked(), city=CITY, now=at(36, 3)).complaint
        assert late.clocks == on_time.clocks
        assert late.asked == on_time.asked

    def test_an_answer_that_comes_before_a_late_sweep_counts_and_pauses_no_longer(self):
        change = answered(asked(), now=at(36, 3))
        assert due_of(change.complaint, RESOLUTION) == at(38, 14)
        assert not change.complaint.asked.unanswered

    def test_an_answer_after_its_time_is_refused(self):
        after = asking.resume(asked(), city=CITY, now=at(30, 16)).complaint
        with pytest.raises(QuestionClosed):
            asking.answer(after, 1, "Maaf, baru baca.", city=CITY, now=at(31))

    def test_the_reporter_gets_no_message(self):
        change = asking.resume(asked(), city=CITY, now=at(30, 16))
        assert notices_for(change, CITY, citizen_channel=Channel.SMS) == ()

    def test_all_pauses_of_a_case_end_together_at_the_cap_and_a_question_may_outlast_its_pause(self):
        case = asked()
        case = asking.resume(case, city=CITY, now=at(30, 16)).complaint  # 46 of the 80 or so hours are gone
        case = asked(case, now=at(31, 10))
        # Ten working days from Tuesday 10.00 on are 6 + 80 = 86 hours: 40 are left, to Tuesday the 8th, 10.00. The
        # question itself waits until that day's closing time.
        assert (case.asked.resumes_at, case.asked.until) == (at(38, 10), at(38, 16))
        change = asking.resume(case, city=CITY, now=at(38, 10))
        case = change.complaint
        assert (change.event.data["unanswered"], change.event.data["paused"]) == (False, 40 * 60)
        assert case.asked.open
        assert case.wakes_at(CITY) <= at(38, 16)
        assert not any(clock.asleep for clock in case.clocks)
        due = due_of(case, RESOLUTION)
        case = asking.resume(case, city=CITY, now=at(38, 16)).complaint
        assert case.asked.unanswered
        assert due_of(case, RESOLUTION) == due

    def test_with_nothing_left_a_question_waits_and_pauses_nothing(self):
        used = asked(a_complaint()).asked
        case = asked(
            replace(
                a_complaint(),
                asked=replace(used, number=1, paused=86 * 60, at=None, until=None, resumes_at=None),
            )
        )
        assert (case.asked.until, case.asked.resumes_at) == (at(30, 16), None)
        after = answered(case, now=at(24, 10))
        assert due_of(after.complaint, RESOLUTION) == at(30, 16)
        assert "paused" not in after.event.data


class TestAnswering:
    def test_a_newer_question_voids_the_older_and_adds_its_pause(self):
        case = asked(asked(), now=at(24, 10))
        assert case.asked.number == 2
        with pytest.raises(QuestionClosed):
            asking.answer(case, 1, "Yang di pojok.", city=CITY, now=at(25, 10))
        after = answered(case, now=at(25, 10)).complaint
        assert after.asked.paused == 16 * 60
        assert due_of(after, RESOLUTION) == at(32, 16)

    def test_it_is_taken_once(self):
        after = answered(asked(), now=at(24, 10)).complaint
        with pytest.raises(QuestionClosed):
            asking.answer(after, 1, "Lagi.", city=CITY, now=at(24, 11))

    def test_words_that_accuse_somebody_are_for_triage_alone(self):
        change = answered(asked(), now=at(24, 10), text="Petugasnya minta pungli.")
        assert change.event.data[FOR_TRIAGE] is True
        assert runs(change.complaint, ClockName.VERIFICATION)
        (notice,) = notices_for(change, CITY)
        assert (notice.template, notice.to) == ("office_sealed", TRIAGE)

    def test_the_office_hears_of_a_plain_answer_by_mail(self):
        (notice,) = notices_for(answered(asked(), now=at(24, 10)), CITY)
        assert (notice.template, notice.to, notice.sms) == ("office_answered", WORKS, False)


class TestOtherActs:
    @pytest.mark.parametrize("act", [Act.RESOLVE, Act.PASS_ON, Act.SORT, Act.REJECT, Act.WITHDRAW])
    def test_one_that_takes_the_case_away_ends_the_question_and_stamps_the_deadline(self, act):
        case = asked()
        change = asking.settled(case, perform(act, case, CITY, now=at(24, 10)), CITY)
        after = change.complaint
        assert not after.asked.open
        assert not any(clock.asleep for clock in after.clocks)
        assert (change.event.act, change.event.data["paused"]) == (act, 8 * 60)
        # Sorting into rubbish promises two working days from the first instant, and the pause on top.
        expected = at(26, 16) if act is Act.SORT else at(31, 16)
        assert due_of(after, RESOLUTION) == expected
        with pytest.raises((QuestionClosed, IllegalMove)):
            asking.answer(after, 1, "Yang di pojok.", city=CITY, now=at(24, 11))

    @pytest.mark.parametrize("act", [Act.REPLY, Act.START, Act.ACKNOWLEDGE, Act.MESSAGE, Act.REFER])
    def test_one_that_leaves_the_case_there_leaves_the_question_too(self, act):
        case = asked()
        change = asking.settled(case, perform(act, case, CITY, now=at(24, 10)), CITY)
        assert change.complaint.asked == case.asked
        assert change.complaint.clocks.get(RESOLUTION).asleep == NOW

    def test_a_case_that_turns_out_to_be_an_emergency_is_paused_no_longer(self):
        case = asked()
        raised = perform(Act.START, case, CITY, now=at(24, 10))
        raised = replace(raised, complaint=replace(raised.complaint, category="kebakaran"))
        change = asking.settled(case, raised, CITY)
        assert not any(clock.asleep for clock in change.complaint.clocks)
        assert change.event.data["paused"] == 8 * 60

    def test_a_category_decided_later_does_not_take_back_an_earlier_pause(self):
        case = answered(asked(), now=at(24, 10)).complaint  # one working day
        sorted_ = handling.sort(
            case, TRIAGER, CITY.categories["sampah"], Route(WASTE, "topic"), CITY, now=at(24, 11)
        ).complaint
        assert due_of(sorted_, RESOLUTION) == at(26, 16)  # Wednesday, and the pause

    def test_a_rung_that_acknowledges_in_a_pause_has_its_time_after_it(self):
        post = f"{Role.DIVISION_HEAD}@{WORKS}"
        case = a_complaint()
        case = replace(
            case, clocks=case.clocks.climb(RESOLUTION, 1, at(23, 14), rung=post, rests_until=at(25, 9))
        )
        case = handling.acknowledge_rung(asked(case), an_officer(post), now=at(24, 9)).complaint
        assert answered(case, now=at(24, 10)).complaint.clocks.get(RESOLUTION).climbs_at == at(26, 9)

    def test_a_warning_of_another_clock_still_comes_in_a_pause(self):
        accused = reporting.message(a_complaint(), "Pungli!", city=CITY, now=NOW).complaint
        change = overdue.warn(asked(accused), now=at(23, 13))
        assert change.event.data["clock"] == ClockName.VERIFICATION


class TestNotices:
    def test_the_reporter_hears_until_when_and_the_link_names_the_question(self):
        change = asking.ask(a_complaint(), OFFICER, "Tiang yang mana?", city=CITY, now=NOW)
        (notice,) = notices_for(change, CITY, citizen_channel=Channel.SMS)
        assert (notice.template, notice.args["question"], notice.args["until"]) == (
            "citizen_question",
            "1",
            "30/11 16.00",
        )
        assert notice.useful_until == at(30, 16)
        assert "Tiang" not in str(notice)

    def test_after_four_messages_it_is_on_the_page_alone_and_pauses_all_the_same(self):
        change = asking.ask(a_complaint(citizen_sms=4), OFFICER, "Mana?", city=CITY, now=NOW)
        assert notices_for(change, CITY, citizen_channel=Channel.SMS) == ()
        assert change.complaint.asked.resumes_at is not None


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "answer", "resume"]), st.timedeltas(timedelta(), timedelta(days=9))),
    max_size=12,
)


class TestAnySequence:
    """However questions, answers and sweeps follow each other."""

    @given(steps=STEPS, start=st.timedeltas(timedelta(), timedelta(days=9)), hamlet=st.booleans())
    def test_the_deadline_moves_by_exactly_the_capped_pauses(self, steps, start, hamlet):
        calendar = CITY.calendar_of(WORKS)
        case = a_complaint(**({"category": "gang", "hamlet": SHORE_EAST} if hamlet else {}))
        first = due_of(case, RESOLUTION)
        now, told, cap = NOW + start, 0, 0
        pauses_begun_in_time = True
        for what, passed in steps:
            now += passed
            before = case
            try:
                if what == "ask":
                    change = asking.ask(case, OFFICER, "Mana?", city=CITY, now=now)
                    whole = calendar.between(now, calendar.due(now, CITY.asking.most)) // MINUTE
                    cap = max(cap, whole)
                elif what == "answer":
                    change = asking.answer(case, case.asked.number, "Itu.", city=CITY, now=now)
                else:
                    change = asking.resume(case, city=CITY, now=now)
            except (AskedEnough, QuestionClosed, NotDue):
                continue
            case = change.complaint
            paused = int(change.event.data.get("paused", 0))
            told += paused
            if paused:
                # Never more than the time that passed, nor than the reporter had.
                assert (
                    paused <= calendar.between(before.asked.at, min(now, before.asked.resumes_at)) // MINUTE
                )
                late = due_of(before, RESOLUTION) < before.asked.at
                pauses_begun_in_time &= not late
                moved = calendar.between(due_of(before, RESOLUTION), due_of(case, RESOLUTION))
                assert moved == (timedelta() if late else paused * MINUTE)
            else:
                assert due_of(case, RESOLUTION) == due_of(before, RESOLUTION)
            assert due_of(case, RESOLUTION) >= due_of(before, RESOLUTION)
            assert case.asked.paused == told <= cap
            assert bool(case.asked.resumes_at) == any(clock.asleep for clock in case.clocks)
        if pauses_begun_in_time:
            assert calendar.between(first, due_of(case, RESOLUTION)) == told * MINUTE
        assert case.wakes_at(CITY) is not None

    @given(steps=STEPS)
    def test_what_hangs_on_a_promise_keeps_its_order_and_never_falls_into_the_pause(self, steps):
        case, now = a_complaint(), NOW
        for what, passed in steps:
            now += passed
            try:
                if what == "ask":
                    case = asking.ask(case, OFFICER, "Mana?", city=CITY, now=now).complaint
                elif what == "answer":
                    case = answered(case, now=now).complaint
                else:
                    case = asking.resume(case, city=CITY, now=now).complaint
            except (AskedEnough, QuestionClosed, NotDue):
                continue
            clock = case.clocks.get(RESOLUTION)
            assert list(clock.warns) == sorted(clock.warns)
            foreseen = asking.foreseen(case, CITY).get(RESOLUTION)
            if case.asked.resumes_at:
                assert foreseen.next_climb >= case.asked.resumes_at - MINUTE
                assert all(at >= case.asked.resumes_at - MINUTE for at in foreseen.warns)
