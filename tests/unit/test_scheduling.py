"""The honest state for what needs a budget year, dry weather or land: two dates, once, and never by the doer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain import asking, handling, overdue, reporting, scheduling
from chalicelib.domain.complaint import By, Complaint, Event, Status
from chalicelib.domain.errors import IllegalMove, Invalid, NotDue, OwnWork
from chalicelib.domain.people import Act, Role
from chalicelib.domain.service_level import ClockName
from tests.builders import (
    NOW,
    WORKS,
    a_city,
    a_complaint,
    a_level,
    a_request,
    a_wish,
    an_officer,
    at,
    denpasar,
    due_of,
    escalate,
    perform,
    runs,
    unwarned,
)

CITY = a_city()
HEAD = an_officer(f"{Role.OFFICE_HEAD}@{WORKS}", officer_id="kepala-1")
SEKDA = an_officer("secretary@city", officer_id="sekda-1", office=WORKS)
FIRST = at(30, 16)
SECOND = datetime(2027, 3, 1, 8, tzinfo=UTC)
"""Monday 1 March 2027, 16.00 in the small city: closing time of the day asked for."""
WISH = a_wish(day=date(2027, 3, 1))


def set_by(case: Complaint, wish: scheduling.Wish = WISH, *, now=NOW, history=(), city=CITY):
    return scheduling.schedule(case, HEAD, wish, history, city, now=now)


def scheduled(now=NOW, **changes) -> Complaint:
    """A case with its second date, whose text nobody has to read and whose first reply is given."""
    case = a_complaint(private=True, **changes)
    case = handling.reply(case, an_officer(), "Kami lihat.", now=NOW).complaint
    return set_by(case, now=now).complaint


class TestTheSecondDate:
    def test_it_is_set_beside_the_first_which_stays(self):
        change = set_by(a_complaint())
        case = change.complaint
        assert (case.status, case.new_date, case.open) == (Status.SCHEDULED, SECOND, True)
        assert due_of(case, ClockName.RESOLUTION) == FIRST
        assert dict(change.event.data) == {
            "status": "scheduled",
            "until": SECOND.isoformat(),
            "first": FIRST.isoformat(),
            "reason": "budget_year",
            "interim": "Dipasang rambu.",
        }
        assert change.event.text == "Menunggu anggaran tahun depan."

    def test_the_case_is_late_against_the_first(self):
        case = scheduled()
        assert not case.late(FIRST)
        assert case.late(FIRST + timedelta(seconds=1))
        assert case.inbox_at == FIRST

    def test_it_leaves_the_ladder_until_the_second(self):
        case = scheduled()
        assert case.wakes_at(CITY) > FIRST
        with pytest.raises(NotDue):
            escalate(case, CITY, now=FIRST + timedelta(days=1))

    def test_of_a_reopened_case_too_the_ladder_rests_and_goes_on_where_the_redo_clock_stood(self):
        case = handling.resolve(
            handling.reply(a_complaint(private=True), an_officer(), "Kami lihat.", now=NOW).complaint,
            an_officer(),
            "Sudah.",
            city=CITY,
            now=NOW,
        ).complaint
        case = reporting.reopen(case, "Belum.", city=CITY, now=NOW).complaint
        case = escalate(case, CITY, now=NOW).complaint
        climbed = case.clocks.get(ClockName.REDO).climbed
        assert climbed
        case = unwarned(set_by(case).complaint)
        assert case.clocks.get(ClockName.REDO) is None
        assert case.wakes_at(CITY) == due_of(case, ClockName.CEILING) < SECOND
        case = overdue.escalate(case, CITY, {}, now=SECOND - timedelta(hours=1)).complaint  # the ceiling
        assert case.wakes_at(CITY) == SECOND
        change = escalate(case, CITY, now=SECOND)
        assert (change.event.act, change.event.data["level"]) == (Act.ESCALATE, climbed + 1)
        assert not change.complaint.marked_overdue

    def test_the_first_reply_is_owed_as_before(self):
        case = set_by(a_complaint(private=True)).complaint
        assert runs(case, ClockName.FIRST_REPLY)
        climbed = escalate(case, CITY, now=due_of(case, ClockName.FIRST_REPLY))
        assert climbed.event.data["clock"] == "first_reply"

    def test_it_warns_at_half_and_at_four_fifths_of_the_way_to_it(self):
        case = scheduled()
        calendar = CITY.calendar_of(WORKS)
        whole = calendar.between(NOW, SECOND)
        shares = []
        while (clock := case.clocks.get(ClockName.RESOLUTION)).warns:
            now = clock.wakes_at
            change = overdue.warn(case, now=now)
            shares.append(change.event.data["share"])
            assert change.event.data["due"] == SECOND.isoformat()
            part = whole * shares[-1] / 100
            assert abs(calendar.between(NOW, now) - part) <= timedelta(minutes=1)
            case = change.complaint
        assert shares == [50, 80]

    def test_after_it_the_ladder_goes_on_where_it_was(self):
        case = a_complaint(private=True)
        case = handling.reply(case, an_officer(), "Kami lihat.", now=NOW).complaint
        case = escalate(case, CITY, now=FIRST).complaint
        assert case.level == 1
        case = set_by(case, now=FIRST).complaint
        assert case.rungs == ()
        climbed = escalate(case, CITY, now=SECOND)
        assert (climbed.event.data["post"], climbed.complaint.level) == (f"office_head@{WORKS}", 2)
        assert climbed.complaint.status is Status.SCHEDULED

    def test_work_may_begin_and_end_and_the_ladder_still_rests(self):
        case = perform(Act.START, scheduled(), CITY, now=at(31)).complaint
        assert case.status is Status.IN_PROGRESS
        with pytest.raises(NotDue):
            escalate(case, CITY, now=at(40))
        solved = perform(Act.RESOLVE, case, CITY, now=at(41)).complaint
        assert solved.status is Status.RESOLVED
        assert reporting.reopen(solved, "Belum.", city=CITY, now=at(42)).complaint.wakes_at(CITY) == at(42)

    def test_a_day_off_moves_it_to_the_next_day_of_work_and_nyepi_past_its_end(self):
        sunday = set_by(a_complaint(), a_wish(day=date(2027, 2, 28))).complaint
        assert sunday.new_date == SECOND
        city = denpasar()
        case = replace(a_complaint(), office="dlhk", category="sampah")
        nyepi = set_by(case, a_wish(day=date(2027, 3, 8)), city=city).complaint.new_date
        assert city.calendar_of("dlhk").silent(nyepi) is None
        assert nyepi > datetime(2027, 3, 8, 22, tzinfo=UTC)

    def test_a_question_that_waits_ends_with_it_and_moves_the_first_promise_and_not_the_second(self):
        case = asking.ask(
            a_complaint(private=True), an_officer(), "Di sisi mana?", city=CITY, now=NOW
        ).complaint
        later = at(24, 10)
        change = set_by(case, now=later)
        assert not change.complaint.asked.open
        assert due_of(change.complaint, ClockName.RESOLUTION) == at(31, 16)
        clock = change.complaint.clocks.get(ClockName.RESOLUTION)
        assert (clock.asleep, clock.climbs_at) == (None, SECOND)
        assert change.event.data["paused"] == 480

    def test_no_question_pauses_a_case_that_is_scheduled(self):
        with pytest.raises(IllegalMove):
            perform(Act.ASK, scheduled(), CITY, now=at(24))


class TestWhoAndHowOften:
    def test_it_is_set_once_in_the_life_of_a_case(self):
        case = perform(Act.START, scheduled(), CITY, now=at(31)).complaint
        with pytest.raises(IllegalMove):
            set_by(case, a_wish(days=150), now=at(31))

    @pytest.mark.parametrize("act", [Act.START, Act.RESOLVE, Act.CLAIM])
    def test_whoever_did_the_work_sets_none(self, act):
        history = [Event(act, NOW, By("officer", HEAD.id, WORKS))]
        with pytest.raises(OwnWork):
            set_by(a_complaint(), history=history)

    @pytest.mark.parametrize("why", [{"category": None}, {"sealed": True}])
    def test_what_triage_has_not_decided_gets_none(self, why):
        with pytest.raises(IllegalMove):
            set_by(a_complaint(**why))

    @pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 11, 30), date(2020, 1, 1)])
    def test_a_date_no_later_than_the_first_promise_is_refused(self, day):
        case = a_complaint()
        with pytest.raises(Invalid) as refused:
            set_by(case, a_wish(day=day))
        assert [(f.field, f.reason) for f in refused.value.faults] == [("until", "date_early")]

    def test_where_there_is_danger_something_has_to_be_done_until_then(self):
        categories = {i: replace(c, level=a_level(danger=True)) for i, c in CITY.categories.items()}
        city = replace(CITY, categories=categories)
        with pytest.raises(Invalid) as refused:
            set_by(a_complaint(), a_wish(interim="", days=1), city=city)
        assert {f.field for f in refused.value.faults} == {"until", "interim"}
        assert set_by(a_complaint(), city=city).complaint.status is Status.SCHEDULED
        assert set_by(a_complaint(), a_wish(interim="")).complaint.status is Status.SCHEDULED


class TestTheSecretary:
    def test_the_last_day_of_the_months_is_the_heads_own_and_the_next_is_not(self):
        last = set_by(a_complaint(), a_wish(day=date(2027, 5, 23)))
        assert last.event.act is Act.SCHEDULE
        asked = set_by(a_complaint(), a_wish(day=date(2027, 5, 24)))
        assert asked.event.act is Act.ASK_DATE

    def test_what_was_raised_to_an_emergency_is_a_danger_too(self):
        raised = perform(Act.RAISE, a_complaint(private=True), CITY, now=NOW).complaint
        with pytest.raises(Invalid, match="interim_required"):
            set_by(raised, replace(WISH, interim=""))
        assert set_by(raised).complaint.status is Status.SCHEDULED

    def test_months_end_on_the_last_day_that_a_month_has(self):
        now = datetime(2026, 8, 31, 2, tzinfo=UTC)
        case = a_complaint(now=now)
        assert set_by(case, a_wish(day=date(2027, 2, 28)), now=now).event.act is Act.SCHEDULE
        assert set_by(case, a_wish(day=date(2027, 3, 1)), now=now).event.act is Act.ASK_DATE

    def test_without_it_nothing_changes(self):
        before = a_complaint()
        after = set_by(before, a_wish(days=400)).complaint
        assert after == replace(before, updated_at=NOW)

    def test_granted_the_case_is_scheduled_as_it_was_asked(self):
        request = set_by(a_complaint(), a_wish(days=400)).event
        change = scheduling.grant(a_complaint(), SEKDA, [request], CITY, now=at(25, 9))
        assert change.complaint.new_date.isoformat() == request.data["until"]
        assert (change.event.text, change.event.data["reason"]) == (request.text, "budget_year")
        assert change.complaint.status is Status.SCHEDULED

    def test_declined_the_head_may_ask_again(self):
        change = scheduling.decline(a_complaint(), SEKDA, "Terlalu lama.", [a_request()], now=NOW)
        assert change.complaint == replace(a_complaint(), updated_at=NOW)
        assert scheduling.asked([a_request(), change.event]) is None
        again = set_by(change.complaint, a_wish(days=300), history=[a_request(), change.event])
        assert scheduling.asked([a_request(), change.event, again.event]) == again.event

    @pytest.mark.parametrize("act", [Act.PASS_ON, Act.SORT, Act.RESOLVE, Act.CLAIM, Act.SCHEDULE, Act.REOPEN])
    def test_what_moves_the_case_on_makes_a_request_void(self, act):
        history = [a_request(), Event(act, NOW, By("officer", "p", WORKS))]
        for decide in (
            lambda: scheduling.grant(a_complaint(), SEKDA, history, CITY, now=NOW),
            lambda: scheduling.decline(a_complaint(), SEKDA, "Tidak.", history, now=NOW),
        ):
            with pytest.raises(IllegalMove):
                decide()

    @pytest.mark.parametrize("act", [Act.REPLY, Act.START, Act.MESSAGE, Act.ESCALATE])
    def test_what_does_not_leaves_it_waiting(self, act):
        assert scheduling.asked([a_request(), Event(act, NOW, By("officer", "p", WORKS))]) is not None

    def test_a_date_that_has_passed_meanwhile_is_not_granted(self):
        with pytest.raises(IllegalMove):
            scheduling.grant(a_complaint(), SEKDA, [a_request(days=3)], CITY, now=at(27))


class TestEveryProfile:
    def test_danger_is_marked_where_somebody_may_get_hurt(self):
        danger = {c.id for c in denpasar().categories.values() if c.level.danger}
        assert {"lubang_terbuka", "lampu_lalu_lintas", "pohon_tumbang"} <= danger
        assert "sampah" not in danger
