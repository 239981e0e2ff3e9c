"""What can happen to a case, and what cannot: the table of moves, the reporter's windows, and the state it leaves."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import asking, handling, overdue, reporting
from chalicelib.domain import complaint as rules
from chalicelib.domain.complaint import (
    LIVE,
    MOVES,
    OPEN,
    Asked,
    Change,
    Complaint,
    Event,
    Merged,
    Outcome,
    Route,
    Screening,
    Status,
)
from chalicelib.domain.errors import IllegalMove, Invalid, NotDue, OwnWork, WindowClosed
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import INSIDE, TRANSIENT, ClockName
from tests.builders import (
    FIELD,
    HILL,
    INSPECTORATE,
    NOW,
    OUTSIDE,
    SHORE,
    SHORE_EAST,
    TRIAGE,
    WASTE,
    WORKS,
    a_city,
    a_complaint,
    a_filed,
    an_officer,
    at,
    denpasar,
    due_of,
    escalate,
    perform,
    promises,
    runs,
)

CITY = a_city()
SECOND = timedelta(seconds=1)
NEVER_DONE_TO_A_CASE = {
    *(Act.FILE, Act.READ, Act.LONGER, Act.RELEASE_DRAFT),
    *(Act.FILE_FOR, Act.UNMASK, Act.AUDIT, Act.ADMINISTER),
}
DOABLE = [act for act in Act if act not in NEVER_DONE_TO_A_CASE]


def ready_for(act: Act, status: Status) -> tuple[Complaint, datetime]:
    """A case in which nothing but the status can be in the way of the act, and the moment to try it."""
    danger = {"category": "kebakaran"} if act in (Act.CONFIRM, Act.LOWER) else {}
    complaint = a_complaint(status, identity_shown=True, rating=None, **danger)
    if status is Status.APPEALED and act in (Act.ESCALATE, Act.WARN, Act.WAIT):
        appeal = complaint.clocks.get(ClockName.APPEAL)
        if act is Act.WAIT:
            saturday = at(28, 9)
            return replace(complaint, clocks=complaint.clocks.put_off(ClockName.APPEAL, saturday)), saturday
        return complaint, appeal.due if act is Act.ESCALATE else appeal.warns[0]
    if act is Act.ESCALATE:
        return complaint, due_of(complaint, ClockName.RESOLUTION)
    if status is Status.CONFIRMING and act in (Act.RATE, Act.AGREE, Act.REOPEN):
        return replace(complaint, resolved_at=NOW), NOW  # silence asked for a second person
    if act is Act.CLOSE:
        return replace(complaint, last_call_at=None, silence_told=True), NOW + CITY.windows.reopen
    if act is Act.LAST_CALL:
        return complaint, NOW + CITY.windows.reopen - CITY.windows.silence_warning
    if act is Act.AWAIT:
        return complaint, NOW + CITY.windows.reopen
    if act is Act.APPROVE and status is Status.RESOLVED:
        return replace(complaint, citizen=None), NOW
    if act is Act.WARN and (resolution := complaint.clocks.get(ClockName.RESOLUTION)):
        return complaint, resolution.warns[0]
    if act is Act.WAIT and status is Status.REOPENED:
        return replace(complaint, clocks=complaint.clocks.put_off(ClockName.REDO, at(28, 9))), at(28, 9)
    if act is Act.WAIT:
        return replace(complaint, clocks=complaint.clocks.put_off(ClockName.FIRST_REPLY, at(28, 9))), at(
            28, 9
        )
    if act is Act.CEILING and (ceiling := complaint.clocks.get(ClockName.CEILING)):
        return complaint, ceiling.due
    if act is Act.ACK_RUNG:
        waits = {Status.CONFIRMING: ClockName.APPROVAL, Status.APPEALED: ClockName.APPEAL}
        name = waits.get(status, ClockName.RESOLUTION)
        reached = complaint.clocks.climb(name, 1, at(31), rung=f"division_head@{WORKS}", rests_until=at(32))
        return replace(complaint, clocks=reached), NOW
    if act is Act.UNMERGE:
        return replace(complaint, merged=Merged("UJI-33333-33333", NOW)), NOW
    if act in (Act.ANSWER, Act.RESUME):
        asked = Asked(1, at=NOW, until=at(30, 16), resumes_at=at(30, 16))
        return replace(complaint, asked=asked), at(30, 16)
    return complaint, NOW


def silent(case: Complaint, now: datetime) -> Complaint:
    """The case after all that the reporter's silence brings to it until ``now``."""
    while (at := case.wakes_at(CITY)) is not None and at <= now:
        case = overdue.silence(case, CITY, reachable=True, now=at).complaint
    return case


class TestTheTableOfMoves:
    def test_it_names_every_act_that_changes_a_case(self):
        assert set(MOVES) == set(DOABLE)

    @pytest.mark.parametrize("status", Status)
    @pytest.mark.parametrize("act", DOABLE)
    def test_an_act_works_from_where_the_table_says_and_leaves_the_status_it_says(self, act, status):
        complaint, now = ready_for(act, status)
        allowed, leads_to = MOVES[act]
        refused_for_state = act in (Act.RELEASE, Act.HIDE) and status is Status.WITHDRAWN
        if status in allowed and not refused_for_state:
            change = perform(act, complaint, CITY, now=now)
            assert change.complaint.status is (leads_to or status)
            assert change.event.act is act
            assert change.event.at == now
            assert change.complaint.updated_at == (
                NOW if act in (Act.WARN, Act.WAIT, Act.MODERATE, Act.REVERT) else now
            )
            assert change.event.data["status"] == change.complaint.status
        else:
            before = replace(complaint)
            with pytest.raises(IllegalMove):
                perform(act, complaint, CITY, now=now)
            assert complaint == before

    def test_every_status_can_be_reached_and_every_open_one_can_be_left_by_an_office(self):
        reached = {leads_to for _, leads_to in MOVES.values() if leads_to} | {Status.RECEIVED}
        assert reached == set(Status)
        for status in OPEN:
            assert status in MOVES[Act.RESOLVE][0] | MOVES[Act.APPROVE][0] | MOVES[Act.GRANT][0]
            assert status in MOVES[Act.ESCALATE][0]

    def test_a_case_cannot_be_changed_but_by_an_act(self):
        with pytest.raises(FrozenInstanceError):
            a_complaint().status = Status.CLOSED

    @pytest.mark.parametrize(
        "act",
        [
            act
            for act, (allowed, to) in MOVES.items()
            if to is None and act is not Act.HIDE and Status.RECEIVED in allowed
        ],
    )
    def test_acts_that_keep_the_status_end_nothing(self, act):
        complaint, now = ready_for(act, Status.RECEIVED)
        after = perform(act, complaint, CITY, now=now).complaint
        assert (after.status, after.ended_at, after.outcome) == (Status.RECEIVED, None, None)


class TestFiling:
    def test_it_begins_received_at_its_office_with_its_promises_and_one_event(self):
        change = a_filed(category="sampah")
        case = change.complaint
        assert (case.status, case.office, case.version, case.level) == (Status.RECEIVED, WASTE, 1, 0)
        # 4 working hours from Monday 10.00; 2 working days, the day of receipt not counted, to closing time.
        assert due_of(case, ClockName.FIRST_REPLY) == at(23, 14)
        assert due_of(case, ClockName.RESOLUTION) == at(25, 16)
        assert change.event == Event(Act.FILE, NOW, rules.REPORTER, data={"office": WASTE, "chose": "sampah"})

    def test_one_that_nobody_sorted_is_with_triage_which_has_to_sort_it_in_time(self):
        case = a_filed(category=None).complaint
        assert case.office == TRIAGE
        assert due_of(case, ClockName.VERIFICATION) == at(23, 14)
        assert due_of(case, ClockName.RESOLUTION) == at(30, 16)  # the default category's

    def test_the_public_waits_for_triage_to_read_the_text_and_triage_has_a_deadline_for_it(self):
        case = a_filed().complaint
        assert case.screening is Screening.HELD
        assert due_of(case, ClockName.SCREENING) == at(23, 14)

    def test_a_city_that_screens_nothing_shows_texts_at_once_but_never_an_accusation(self):
        city = a_city(screening_before_public=False)
        assert a_filed(city).complaint.screening is Screening.RELEASED
        assert a_filed(city, about_staff=True).complaint.screening is Screening.HELD

    def test_a_private_text_waits_for_nobody(self):
        assert a_filed(private=True).complaint.clocks.get(ClockName.SCREENING) is None

    def test_the_event_of_an_accusation_names_no_office(self):
        change = a_filed(about_staff=True, accused=WORKS)
        assert change.complaint.sealed
        assert change.complaint.office == TRIAGE
        assert change.event.data["office"] == ""

    def test_who_filed_for_somebody_stands_in_the_history(self):
        change = a_filed(filed_by="juru-1")
        assert (change.event.by.kind, change.event.by.id) == ("officer", "juru-1")


class TestWindows:
    def test_words_can_be_mended_to_the_last_instant_of_the_window(self):
        case = a_complaint()
        end = NOW + CITY.windows.edit
        assert (
            reporting.edit(case, "Lubang di depan bank.", city=CITY, now=end).complaint.text
            == "Lubang di depan bank."
        )
        with pytest.raises(WindowClosed):
            reporting.edit(case, "Lubang di depan bank.", city=CITY, now=end + SECOND)

    def test_a_judgement_is_taken_to_the_last_instant_of_the_window(self):
        case = a_complaint(Status.RESOLVED)
        closed = silent(case, NOW + CITY.windows.reopen)
        end = NOW + CITY.windows.rate
        assert reporting.rate(closed, 5, "", city=CITY, now=end).complaint.rating == 5
        with pytest.raises(WindowClosed):
            reporting.rate(closed, 5, "", city=CITY, now=end + SECOND)

    def test_it_can_be_reopened_to_the_last_instant_of_the_window(self):
        case = a_complaint(Status.RESOLVED)
        end = NOW + CITY.windows.reopen
        assert reporting.reopen(case, "Belum.", city=CITY, now=end).complaint.status is Status.REOPENED
        with pytest.raises(WindowClosed):
            reporting.reopen(case, "Belum.", city=CITY, now=end + SECOND)

    def test_silence_closes_it_when_the_window_ends_and_not_an_instant_before(self):
        case = a_complaint(Status.RESOLVED)
        end = NOW + CITY.windows.reopen
        case = overdue.last_call(case, CITY, reachable=True, now=case.wakes_at(CITY)).complaint
        assert case.wakes_at(CITY) == end
        with pytest.raises(NotDue):
            overdue.close_by_silence(case, CITY, now=end - SECOND)
        closed = overdue.close_by_silence(case, CITY, now=end).complaint
        assert (closed.outcome, closed.ended_at, closed.wakes_at(CITY)) == (Outcome.SILENCE, end, None)

    def test_the_window_counts_from_the_last_time_it_was_called_solved(self):
        case = a_complaint(Status.REOPENED)
        later = NOW + timedelta(days=9)
        case = handling.resolve(case, an_officer(), "Sekarang beres.", city=CITY, now=later).complaint
        assert (
            reporting.reopen(case, "Belum.", city=CITY, now=later + CITY.windows.reopen).complaint.reopened
            == 2
        )


class TestTheReportersJudgement:
    @pytest.mark.parametrize(
        ("score", "outcome"),
        [(1, Outcome.DISPUTED), (2, Outcome.DISPUTED), (3, Outcome.CONFIRMED), (5, Outcome.CONFIRMED)],
    )
    def test_it_closes_the_case_whatever_it_is(self, score, outcome):
        case = reporting.rate(a_complaint(Status.RESOLVED), score, "kata", city=CITY, now=NOW).complaint
        assert (case.status, case.outcome, case.rating, case.rating_words) == (
            Status.CLOSED,
            outcome,
            score,
            "kata",
        )

    def test_it_is_given_once(self):
        case = a_complaint(Status.CLOSED)
        with pytest.raises(IllegalMove):
            reporting.rate(case, 1, "", city=CITY, now=NOW)

    def test_one_that_comes_after_silence_replaces_silence_and_not_the_moment_it_ended(self):
        end = NOW + CITY.windows.reopen
        closed = silent(a_complaint(Status.RESOLVED), end)
        rated = reporting.rate(closed, 4, "", city=CITY, now=end + timedelta(days=1)).complaint
        assert (rated.outcome, rated.ended_at) == (Outcome.CONFIRMED, end)

    def test_reopening_wipes_it_and_a_new_one_can_be_given(self):
        case = reporting.reopen(a_complaint(Status.CLOSED), "Belum.", city=CITY, now=NOW).complaint
        assert (case.rating, case.rating_words, case.outcome, case.ended_at) == (None, "", None, None)
        case = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=NOW).complaint
        assert reporting.rate(case, 5, "", city=CITY, now=NOW).complaint.rating == 5


class TestMessagesThatAccuse:
    """Whoever is accused in a message may sit in the very office that would read it."""

    SAID = "Petugasnya datang dan minta uang."

    def test_triage_has_to_decide_and_the_case_stays_where_it_is(self):
        case = reporting.message(a_complaint(), self.SAID, city=CITY, now=at(23, 10)).complaint
        assert (case.sealed, case.office) == (False, a_complaint().office)
        assert not case.sorted
        assert due_of(case, ClockName.RESOLUTION) == due_of(a_complaint(), ClockName.RESOLUTION)

    def test_the_words_are_marked_as_triage_s_alone(self):
        event = reporting.message(a_complaint(), self.SAID, city=CITY, now=NOW).event
        assert event.data[rules.FOR_TRIAGE] is True
        assert (
            rules.FOR_TRIAGE
            not in reporting.message(a_complaint(), "Masih gelap.", city=CITY, now=NOW).event.data
        )

    def test_a_claimed_fix_keeps_its_word_and_starts_no_clock(self):
        case = a_complaint(Status.RESOLVED)
        assert reporting.message(case, self.SAID, city=CITY, now=NOW).complaint.clocks == case.clocks


class TestTheHamletWithoutAPerson:
    def climbed_to(self, *vacant):
        case = a_complaint(category="gang", hamlet=SHORE_EAST, private=True)  # nothing to screen
        return escalate(case, CITY, now=case.clocks.next_due, vacant=vacant).event.data["post"]

    def test_its_head_had_the_case_first_so_the_village_head_hears_next(self):
        assert self.climbed_to() == f"village_head@{SHORE}"

    def test_without_one_the_village_head_had_it_first_so_the_camat_hears_next(self):
        assert self.climbed_to(f"hamlet_head@{SHORE_EAST}").startswith("district_head@")


class TestClocks:
    def test_a_reply_ends_the_first_reply_clock_only_and_buys_no_time(self):
        before = a_complaint()
        after = handling.reply(before, an_officer(), "Tim menuju lokasi.", now=at(23, 11)).complaint
        assert not runs(after, ClockName.FIRST_REPLY)
        assert runs(after, ClockName.RESOLUTION)
        assert promises(after.clocks) == promises(before.clocks)

    def test_a_second_reply_leaves_the_first_where_it_was(self):
        case = handling.reply(a_complaint(), an_officer(), "Satu.", now=at(23, 11)).complaint
        case = handling.reply(case, an_officer(), "Dua.", now=at(24, 11)).complaint
        assert case.clocks.get(ClockName.FIRST_REPLY).stopped_at == at(23, 11)

    @pytest.mark.parametrize(
        "act", [Act.ACKNOWLEDGE, Act.START, Act.REFER, Act.PASS_ON, Act.MESSAGE, Act.REVEAL]
    )
    def test_no_other_act_touches_a_clock(self, act):
        case = a_complaint(identity_shown=True)
        after = perform(act, case, CITY, now=at(23, 11)).complaint
        assert after.clocks.without(*INSIDE) == case.clocks

    def test_calling_it_solved_stops_both_promises(self):
        case = a_complaint(Status.RESOLVED)
        assert not runs(case, ClockName.FIRST_REPLY)
        assert not runs(case, ClockName.RESOLUTION)

    @pytest.mark.parametrize("act", [Act.WITHDRAW, Act.REJECT])
    def test_an_end_stops_all_of_them(self, act):
        case = perform(act, a_complaint(category=None), CITY, now=NOW).complaint
        assert case.clocks.running() == ()
        assert case.wakes_at(CITY) is None

    def test_passing_on_restarts_nothing_even_late(self):
        case = escalate(a_complaint(), CITY, now=at(25, 9)).complaint
        moved = handling.pass_on(
            case, an_officer(), Route(WASTE, "topic"), "Salah alamat.", CITY, now=at(25, 10)
        ).complaint
        for clock in case.clocks:
            after = moved.clocks.get(clock.name)
            assert (after.due, after.climbs_at, after.climbed) == (clock.due, clock.climbs_at, clock.climbed)
        assert (moved.office, moved.assigned_at, moved.filed_at) == (WASTE, at(25, 10), NOW)

    def test_sorting_counts_from_the_first_instant_and_not_from_when_triage_got_to_it(self):
        case = a_complaint(category=None)
        sorted_late = perform(Act.SORT, case, CITY, now=at(24, 15)).complaint
        assert due_of(sorted_late, ClockName.FIRST_REPLY) == at(
            23, 14
        )  # "sampah": 4 working hours from Monday 10.00
        assert due_of(sorted_late, ClockName.RESOLUTION) == at(25, 16)
        assert sorted_late.late(at(24, 15))

    def test_sorting_never_promises_later_than_was_promised(self):
        case = a_complaint(category="sampah")
        slow = CITY.categories["informasi"]
        moved = handling.sort(case, an_officer(), slow, Route(TRIAGE, "topic"), CITY, now=NOW).complaint
        assert promises(moved.clocks)[ClockName.FIRST_REPLY] == due_of(case, ClockName.FIRST_REPLY)
        assert promises(moved.clocks)[ClockName.RESOLUTION] == due_of(case, ClockName.RESOLUTION)

    def test_a_reply_given_before_sorting_stays_given(self):
        case = handling.reply(
            a_complaint(category=None), an_officer(), "Kami lihat.", now=at(23, 11)
        ).complaint
        assert not runs(perform(Act.SORT, case, CITY, now=at(23, 12)).complaint, ClockName.FIRST_REPLY)

    def test_sorting_ends_the_time_for_sorting(self):
        case = a_complaint(category=None)
        assert not runs(perform(Act.SORT, case, CITY, now=at(23, 11)).complaint, ClockName.VERIFICATION)

    def test_sorting_again_does_not_put_off_the_screening(self):
        case = perform(Act.SORT, a_complaint(category=None), CITY, now=at(23, 10)).complaint
        again = perform(Act.SORT, case, CITY, now=at(23, 13)).complaint
        assert due_of(again, ClockName.SCREENING) == at(23, 14)

    def test_reopening_keeps_the_old_deadline_and_climbs_at_once(self):
        case = perform(Act.RELEASE, a_complaint(Status.RESOLVED), CITY, now=NOW).complaint
        reopened = reporting.reopen(case, "Belum.", city=CITY, now=at(24, 9)).complaint
        assert due_of(reopened, ClockName.RESOLUTION) == due_of(case, ClockName.RESOLUTION) == at(30, 16)
        assert reopened.wakes_at(CITY) == at(24, 9)
        climbed = escalate(reopened, CITY, now=at(24, 9)).complaint
        assert climbed.level == 1

    def test_reopening_twice_climbs_a_rung_each_time(self):
        case = a_complaint(Status.REOPENED)
        case = escalate(case, CITY, now=NOW).complaint
        case = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(23, 12)).complaint
        case = reporting.reopen(case, "Belum.", city=CITY, now=at(23, 13)).complaint
        assert escalate(case, CITY, now=at(23, 13)).complaint.level == 2


class TestScreening:
    def test_released_words_that_are_mended_are_held_again_and_somebody_must_read_them(self):
        case = perform(Act.RELEASE, a_complaint(), CITY, now=at(23, 10, 2)).complaint
        assert not runs(case, ClockName.SCREENING)
        mended = reporting.edit(case, "Lubang di depan bank.", city=CITY, now=at(23, 10, 5)).complaint
        assert mended.screening is Screening.HELD
        assert due_of(mended, ClockName.SCREENING) == at(23, 14, 5)
        assert runs(mended, ClockName.SCREENING)

    def test_mending_words_that_wait_already_puts_their_reading_off_by_nothing(self):
        mended = reporting.edit(
            a_complaint(), "Lubang di depan bank.", city=CITY, now=at(23, 10, 5)
        ).complaint
        assert due_of(mended, ClockName.SCREENING) == at(23, 14)

    def test_mending_private_words_makes_nobody_read_them_for_the_public(self):
        mended = reporting.edit(
            a_complaint(private=True), "Lubang di depan bank.", city=CITY, now=NOW
        ).complaint
        assert not runs(mended, ClockName.SCREENING)

    @pytest.mark.parametrize("act", [Act.RELEASE, Act.HIDE])
    def test_a_decision_ends_the_time_for_it(self, act):
        assert not runs(perform(act, a_complaint(), CITY, now=NOW).complaint, ClockName.SCREENING)

    @pytest.mark.parametrize(
        "why", [{"private": True}, {"sealed": True}, {"category": "kekerasan", "private": True}]
    )
    def test_private_and_sealed_words_are_never_released(self, why):
        with pytest.raises(IllegalMove):
            perform(Act.RELEASE, a_complaint(**why), CITY, now=NOW)

    def test_a_withdrawn_text_never_comes_back_to_the_public(self):
        case = perform(
            Act.WITHDRAW, perform(Act.RELEASE, a_complaint(), CITY, now=NOW).complaint, CITY, now=NOW
        ).complaint
        assert case.screening is Screening.HIDDEN
        for act in (Act.RELEASE, Act.HIDE):
            with pytest.raises(IllegalMove):
                perform(act, case, CITY, now=NOW)

    def test_a_sensitive_category_makes_a_case_private_and_leaves_nothing_to_wait_for(self):
        sorted_as = handling.sort(
            a_complaint(), an_officer(), CITY.categories["kekerasan"], Route(WORKS, "topic"), CITY, now=NOW
        ).complaint
        assert sorted_as.private
        assert not runs(sorted_as, ClockName.SCREENING)

    def test_sorting_never_loosens_what_the_reporter_chose(self):
        case = a_complaint(private=True)
        after = perform(Act.SORT, case, CITY, now=NOW).complaint
        assert (after.private, after.identity_shown) == (True, False)


class TestAccusations:
    def test_mended_words_that_accuse_are_sealed_for_triage_before_the_office_reads_them(self):
        case = perform(Act.RELEASE, a_complaint(), CITY, now=NOW).complaint
        sealed = reporting.edit(case, "Petugas PU minta uang dulu!", city=CITY, now=at(23, 10, 5)).complaint
        assert (sealed.sealed, sealed.office, sealed.line) == (True, TRIAGE, "topic")
        assert sealed.screening is Screening.HELD
        assert due_of(sealed, ClockName.VERIFICATION) == at(23, 14, 5)
        assert due_of(sealed, ClockName.RESOLUTION) == due_of(case, ClockName.RESOLUTION)
        assert not runs(sealed, ClockName.SCREENING)

    def test_reopening_with_an_accusation_seals_the_case_and_still_climbs(self):
        case = reporting.reopen(
            a_complaint(Status.RESOLVED), "Datang cuma minta uang.", city=CITY, now=at(24, 9)
        ).complaint
        assert (case.sealed, case.office, case.status) == (True, TRIAGE, Status.REOPENED)
        assert runs(case, ClockName.VERIFICATION)
        assert case.wakes_at(CITY) == at(24, 9)

    def test_once_triage_has_decided_the_time_for_it_starts_anew_at_the_next_accusation(self):
        case = perform(Act.SORT, a_complaint(sealed=True), CITY, now=at(23, 12)).complaint
        case = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(24, 9)).complaint
        case = reporting.reopen(case, "Oknum itu datang lagi.", city=CITY, now=at(25, 9)).complaint
        assert due_of(case, ClockName.VERIFICATION) == at(25, 13)
        assert runs(case, ClockName.VERIFICATION)

    def test_deciding_unseals_it_and_names_whom_it_is_about(self):
        case = a_complaint(sealed=True, accused=WORKS)
        decided = handling.sort(
            case,
            an_officer(),
            CITY.categories["jalan"],
            Route(INSPECTORATE, "topic"),
            CITY,
            accused=WORKS,
            now=NOW,
        ).complaint
        assert (decided.sealed, decided.office, decided.accused) == (False, INSPECTORATE, WORKS)
        assert runs(decided, ClockName.SCREENING)

    @pytest.mark.parametrize("case", [{"sealed": True}, {"category": None}])
    def test_what_triage_has_not_decided_cannot_be_passed_on(self, case):
        with pytest.raises(IllegalMove):
            perform(Act.PASS_ON, a_complaint(**case), CITY, now=NOW)


class TestPlaces:
    def test_a_hamlet_is_kept_while_its_village_is(self):
        case = perform(Act.SORT, a_complaint(hamlet=SHORE_EAST), CITY, now=NOW).complaint
        assert (case.area, case.hamlet) == (SHORE, SHORE_EAST)

    def test_a_case_that_moves_to_another_village_leaves_its_hamlet_behind(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST)
        moved = handling.sort(
            case, an_officer(), CITY.categories["gang"], Route(HILL, "area"), CITY, area=HILL, now=NOW
        ).complaint
        assert (moved.area, moved.hamlet) == (HILL, None)

    def test_triage_may_name_the_hamlet(self):
        case = handling.sort(
            a_complaint(category="gang"),
            an_officer(),
            CITY.categories["gang"],
            Route(SHORE, "area"),
            CITY,
            hamlet=SHORE_EAST,
            now=NOW,
        ).complaint
        assert case.hamlet == SHORE_EAST


class TestTheReportersContact:
    @pytest.mark.parametrize("hidden", [{"identity_shown": False}, {"identity_shown": True, "citizen": None}])
    def test_it_is_looked_up_only_where_the_reporter_allowed_it(self, hidden):
        with pytest.raises(IllegalMove):
            perform(Act.REVEAL, a_complaint(**hidden), CITY, now=NOW)

    def test_looking_it_up_is_written_down(self):
        change = handling.reveal(
            a_complaint(identity_shown=True), an_officer(officer_id="p-7"), now=at(23, 11)
        )
        assert (change.event.act, change.event.by.id, change.event.by.office) == (Act.REVEAL, "p-7", WORKS)


class TestReferral:
    def test_the_case_and_the_duty_to_answer_stay(self):
        case = perform(Act.REFER, a_complaint(), CITY, now=NOW).complaint
        assert (case.office, case.referred_to, case.open) == (WORKS, OUTSIDE, True)
        assert case.wakes_at(CITY) is not None

    def test_another_office_starts_without_the_referral(self):
        case = perform(Act.PASS_ON, a_complaint(Status.REFERRED), CITY, now=NOW).complaint
        assert case.referred_to is None


def test_the_history_says_what_was_said_and_what_follows_from_it():
    passed = perform(Act.PASS_ON, a_complaint(), CITY, now=NOW).event
    assert passed.text == "Salah alamat."
    assert dict(passed.data) == {"status": "received", "from": WORKS, "office": WASTE}
    assert (
        handling.reject(a_complaint(), an_officer(), "duplicate", "Sudah ada.", now=NOW).event.data["reason"]
        == "duplicate"
    )
    withdrawn = reporting.withdraw(a_complaint(), "other", "malu", now=NOW).event
    assert withdrawn.text == ""  # the reason is no sentence for everybody
    assert (withdrawn.data["reason"], withdrawn.data["words"]) == ("other", "malu")


# Any life of a case ---------------------------------------------------------------------------------------------


class AnyLife(RuleBasedStateMachine):
    """A case lives through acts, good and bad, and time; what must always be true of it is."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.history: list[Change] = []
        self.first_promises: dict[ClockName, datetime] = {}

    @property
    def case(self) -> Complaint:
        return self.history[-1].complaint

    def put(self, change: Change) -> None:
        if self.history:
            change = asking.settled(self.case, change, CITY)
            before, after = self.case, change.complaint
            lowered = change.event.act is Act.LOWER  # takes the minutes of an emergency back, and says why
            assert after.level >= before.level
            assert after.private >= before.private
            for clock in (each for each in before.clocks if each.name not in TRANSIENT):
                later = after.clocks.get(clock.name)
                assert later is not None
                assert later.climbed >= clock.climbed
                paused = clock.name is ClockName.RESOLUTION and "paused" in change.event.data
                moved = paused or lowered
                if clock.name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION) and not moved:
                    assert later.due <= clock.due
                if clock.stopped_at is not None and later.stopped_at is not None:
                    assert later.stopped_at >= clock.stopped_at
            if change.event.act is Act.ESCALATE:
                assert after.status is before.status
                assert (
                    after.wakes_at(CITY) > self.now
                    or after.clocks.due_to_climb(self.now)
                    or (after.asked.wakes_at is not None and after.asked.wakes_at <= self.now)
                    or after.clocks.ceiling_to_tell(self.now)
                    or after.clocks.due_to_warn(self.now)
                )
        self.history.append(change)

    @precondition(lambda self: not self.history)
    @rule(
        category=st.sampled_from([None, *CITY.categories]),
        area=st.sampled_from([None, SHORE, HILL, FIELD]),
        private=st.booleans(),
        about=st.sampled_from([None, WORKS, TRIAGE, SHORE, INSPECTORATE]),
    )
    def file(self, category, area, private, about):
        self.put(
            a_filed(
                CITY, category=category, area=area, private=private, about_staff=bool(about), accused=about
            )
        )

    @precondition(lambda self: self.history)
    @rule(hours=st.integers(1, 24 * 12))
    def time_goes_by(self, hours):
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.history and self.case.wakes_at(CITY))
    @rule(vacant=st.booleans())
    def the_sweep_comes_when_something_is_due(self, vacant):
        self.now = max(self.now, self.case.wakes_at(CITY))
        if self.case.status is Status.RESOLVED:
            reachable = bool(self.case.citizen) and not vacant
            self.put(overdue.silence(self.case, CITY, reachable=reachable, now=self.now))
        elif self.case.asked.wakes_at and self.case.asked.wakes_at <= self.now:
            self.put(asking.resume(self.case, city=CITY, now=self.now))
        else:
            self.put(escalate(self.case, CITY, now=self.now, all_vacant=vacant))

    @precondition(lambda self: self.history)
    @rule(act=st.sampled_from(DOABLE))
    def somebody_acts(self, act):
        try:
            history = tuple(change.event for change in self.history)
            self.put(perform(act, self.case, CITY, now=self.now, history=history))
        except (IllegalMove, Invalid, WindowClosed, NotDue, OwnWork):
            return

    @precondition(lambda self: self.history)
    @rule(text=st.sampled_from(["Pungli!", "Masih rusak."]))
    def the_reporter_comes_back(self, text):
        try:
            self.put(reporting.reopen(self.case, text, city=CITY, now=self.now))
        except (IllegalMove, WindowClosed):
            return

    @precondition(lambda self: self.history)
    @invariant()
    def whoever_waits_is_looked_at_again(self):
        case = self.case
        if case.status in LIVE:
            assert case.wakes_at(CITY) is not None or case.merged is not None
        else:
            assert case.wakes_at(CITY) is None
            assert case.ended_at is not None
            assert case.outcome is not None
        if case.open:
            waits = {Status.CONFIRMING: ClockName.APPROVAL, Status.APPEALED: ClockName.APPEAL}
            assert runs(case, waits.get(case.status, ClockName.RESOLUTION))
            assert case.inbox_at is not None
            assert case.outcome is None

    @precondition(lambda self: self.history)
    @invariant()
    def there_is_a_redo_clock_only_while_something_is_done_again(self):
        case = self.case
        assert not runs(case, ClockName.REDO) or (case.reopened and runs(case, ClockName.RESOLUTION))
        assert runs(case, ClockName.APPEAL) == (case.status is Status.APPEALED)

    @precondition(lambda self: self.history)
    @invariant()
    def a_promise_sleeps_only_while_a_question_waits_or_the_case_goes_with_another(self):
        case = self.case
        asleep = {clock.name for clock in case.clocks if clock.asleep and clock.running}
        assert bool(asleep) == (case.asked.resumes_at is not None or case.merged is not None)
        assert not (case.asked.open and case.merged)
        assert case.asked.open <= case.open

    @staticmethod
    def held(case):
        return case.screening is Screening.HELD and not case.private

    @precondition(lambda self: self.history)
    @invariant()
    def a_text_that_the_public_waits_for_has_somebody_to_read_it(self):
        case = self.case
        if case.open and case.status is not Status.APPEALED and self.held(case):
            assert runs(case, ClockName.SCREENING) or runs(case, ClockName.VERIFICATION)

    @precondition(lambda self: self.history)
    @invariant()
    def a_sealed_case_is_with_triage_or_its_stand_in(self):
        if self.case.sealed:
            assert self.case.office == (INSPECTORATE if self.case.accused == TRIAGE else TRIAGE)
            assert self.case.screening is not Screening.RELEASED

    @precondition(lambda self: self.history)
    @invariant()
    def the_history_explains_the_state(self):
        acts = [change.event for change in self.history]
        assert [event.at for event in acts] == sorted(event.at for event in acts)
        if len(acts) > 1:
            assert acts[-1].data["status"] == self.case.status
        handed = [event.data["office"] for event in acts if event.data.get("office")]
        if handed and not self.case.sealed and not any(change.complaint.sealed for change in self.history):
            assert handed[-1] == self.case.office
        assert self.case.reopened == sum(event.act is Act.REOPEN for event in acts)


AnyLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyLife = AnyLife.TestCase


def test_nothing_of_a_case_is_mutable():
    case = a_complaint()
    for field in fields(case):
        assert not isinstance(getattr(case, field.name), list | set), field.name


class TestSilences:
    """Nothing falls due on Nyepi (19 March 2026, 06:00 to the next 06:00, WITA), whatever brought it about."""

    CITY = denpasar()
    NOON = datetime(2026, 3, 19, 4, tzinfo=UTC)
    END = datetime(2026, 3, 19, 22, tzinfo=UTC)

    def solved(self, at):
        case = a_complaint(Status.IN_PROGRESS, office="dlhk", category="jalan")
        return handling.resolve(case, an_officer(), "Sudah.", city=self.CITY, now=at).complaint

    def test_no_reporter_is_warned_in_it(self):
        case = self.solved(self.NOON - self.CITY.windows.reopen + self.CITY.windows.silence_warning)
        assert case.wakes_at(self.CITY) == self.END

    def test_no_case_closes_by_silence_in_it(self):
        case = self.solved(self.NOON - self.CITY.windows.reopen)
        call = case.wakes_at(self.CITY)
        case = overdue.last_call(case, self.CITY, reachable=True, now=call).complaint
        # The call came up as a night ended and left minutes later; its time counts from then.
        assert self.END <= case.wakes_at(self.CITY) <= self.END + self.CITY.quiet.spread
        with pytest.raises(NotDue):
            overdue.close_by_silence(case, self.CITY, now=self.NOON)

    def test_a_case_reopened_in_it_climbs_when_it_is_over(self):
        case = reporting.reopen(self.solved(self.NOON), "Belum.", city=self.CITY, now=self.NOON).complaint
        assert case.clocks.get(ClockName.REDO).climbs_at == self.END


class TestNotes:
    CITY = a_city()

    @pytest.mark.parametrize("status", list(Status))
    def test_a_note_changes_nothing_but_the_history_whatever_the_state(self, status):
        before = a_complaint(status, city=self.CITY)
        done = handling.note(before, an_officer(), "Alat besok.", (), self.CITY, now=NOW + timedelta(hours=3))
        assert done.complaint == before
        assert (done.event.act, done.event.text) == (Act.NOTE, "Alat besok.")

    def test_only_a_colleague_who_may_read_the_case_is_mentioned(self):
        case, now = a_complaint(city=self.CITY), NOW
        colleague = an_officer(officer_id="petugas-2")
        done = handling.note(case, an_officer(), "Tolong dicek.", [colleague, colleague], self.CITY, now=now)
        assert done.event.data["mentions"] == ["petugas-2"]
        elsewhere = an_officer(f"staff@{WASTE}", officer_id="petugas-3")
        gone = an_officer(officer_id="petugas-4", disabled=True)
        for who in (elsewhere, gone):
            with pytest.raises(Invalid):
                handling.note(case, an_officer(), "Tolong dicek.", [who], self.CITY, now=now)
