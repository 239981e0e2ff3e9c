"""The rules of disposisi, drafts and tasks: who may, what ends what, when somebody is reminded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from chalicelib.domain import deskwork, disposition, drafts, handling, inside, tasks
from chalicelib.domain.complaint import Change, Event, Status, by
from chalicelib.domain.disposition import Stage
from chalicelib.domain.errors import IllegalMove, Invalid, NeedsHead, OpenTasks, OwnWork
from chalicelib.domain.fitting import fits
from chalicelib.domain.notices import Channel
from chalicelib.domain.people import Act, acts_for, allowed, may_work_on_task, standing_in
from chalicelib.domain.tasks import State, Wanted
from tests.builders import (
    FIELD,
    INSPECTORATE,
    NOW,
    SHORE,
    SHORE_EAST,
    TRIAGE,
    WASTE,
    WORKS,
    a_city,
    a_complaint,
    an_officer,
    at,
    four_eyed,
    headed,
    perform,
)

CITY = a_city()
STAFF = an_officer()
HEAD = an_officer(f"office_head@{WORKS}", officer_id="kepala-1")
DUE = date(2026, 11, 25)
"""A Wednesday; NOW is Monday morning."""


class Life:
    """A case with its history, as it grows by acts."""

    def __init__(self, city=CITY, **changes):
        self.city = city
        self.case = a_complaint(city=city, **changes)
        self.history = ()

    def put(self, change: Change) -> Change:
        self.case, self.history = change.complaint, (*self.history, change.event)
        return change

    def does(self, act: Act, now=NOW) -> Change:
        return self.put(perform(act, self.case, self.city, now=now, history=self.history))

    def given(self, to=STAFF, now=NOW, due=DUE, copies=()) -> Change:
        return self.put(disposition.instruct(self.case, HEAD, to, "Cek.", due, copies, self.city, now=now))

    def split(self, *offices: str, due=DUE) -> Change:
        wanted = [Wanted(office, "Bagianmu.", due) for office in offices]
        return self.put(tasks.split(self.case, STAFF, wanted, self.history, self.city, now=NOW))

    def items(self):
        return deskwork.items(self.case, self.history, self.city)


class TestDisposition:
    def test_it_changes_nothing_that_a_citizen_was_promised(self):
        life = Life()
        before = life.case
        life.given()
        assert life.case == before

    @pytest.mark.parametrize(
        "act", sorted(disposition.REROUTES & {Act.PASS_ON, Act.SORT, Act.RAISE, Act.MERGE})
    )
    def test_whoever_gives_the_case_to_somebody_anew_clears_it(self, act):
        life = Life()
        life.given()
        life.does(act)
        assert disposition.assigned(life.history) is None
        assert life.items() == ()

    @pytest.mark.parametrize("act", [Act.RESOLVE, Act.REJECT, Act.WITHDRAW])
    def test_an_end_clears_it_and_a_reopening_brings_it_not_back(self, act):
        life = Life()
        life.given()
        life.does(act)
        assert disposition.assigned(life.history) is None
        if act is Act.RESOLVE:
            life.does(Act.REOPEN)
            assert disposition.assigned(life.history) is None

    @pytest.mark.parametrize("act", [Act.REPLY, Act.START, Act.REFER, Act.NOTE, Act.ASK])
    def test_work_and_a_referral_outside_leave_it_where_it_is(self, act):
        life = Life()
        life.given()
        life.does(act)
        assert disposition.assigned(life.history) is not None

    def test_what_is_taken_back_clears_nothing(self):
        life = Life()
        life.given()
        life.split(WASTE)
        before = life.items()
        for act in (Act.SORT, Act.REJECT):
            life.does(act)
            undone = Event(Act.UNDO, NOW, by(STAFF), data={"status": "received"})
            life.history = (*life.history, undone)
            life.case = a_complaint()
            assert life.items() == before

    def test_a_newer_one_takes_its_place(self):
        life, other = Life(), an_officer(officer_id="petugas-2")
        life.given()
        life.given(to=other)
        with pytest.raises(IllegalMove):
            disposition.take(life.case, STAFF, life.history, now=NOW)
        life.put(disposition.take(life.case, other, life.history, now=NOW))
        with pytest.raises(IllegalMove):
            disposition.take(life.case, other, life.history, now=NOW)

    def test_every_fault_is_told_at_once(self):
        stranger = an_officer(f"staff@{WASTE}", officer_id="lain")
        with pytest.raises(Invalid) as refused:
            Life().given(to=stranger, due=date(2026, 11, 20), copies=[stranger, replace(stranger, id="x")])
        assert {(f.field, f.reason) for f in refused.value.faults} == {
            ("to", "person_unknown"),
            ("copies", "person_unknown"),
            ("due", "day_past"),
        }

    @pytest.mark.parametrize(
        ("due", "reason"),
        [
            (date(2026, 11, 22), "day_past"),
            (date(2026, 11, 28), "day_closed"),  # a Saturday
            (date(2028, 1, 3), "moment_far"),
        ],
    )
    def test_a_day_that_is_none(self, due, reason):
        with pytest.raises(Invalid) as refused:
            Life().given(due=due)
        assert [f.reason for f in refused.value.faults] == [reason]

    def test_what_is_unsorted_is_given_to_nobody(self):
        with pytest.raises(IllegalMove):
            Life(category=None, office=WORKS).given()

    def test_only_heads_give_cases_and_staff_and_triage_do_not(self):
        case = a_complaint()
        assert allowed(HEAD, Act.INSTRUCT, case, CITY)
        for post in (f"staff@{WORKS}", f"duty@{WORKS}", f"triage@{TRIAGE}", f"office_head@{WASTE}"):
            assert not allowed(an_officer(post), Act.INSTRUCT, case, CITY)


class TestReminders:
    def test_one_on_the_morning_of_the_day_and_one_on_the_next(self):
        life = Life()
        life.given()
        assert life.items()[0].wakes_at == at(25, 8)
        assert deskwork.remind(life.case, life.history, CITY, now=at(25, 7, 59)) is None
        first = life.put(deskwork.remind(life.case, life.history, CITY, now=at(25, 8)))
        assert first.event.data["stage"] == Stage.NEAR
        assert (life.case, first.event.data["status"]) == (a_complaint(), Status.RECEIVED)
        assert deskwork.remind(life.case, life.history, CITY, now=at(25, 8)) is None
        last = life.put(deskwork.remind(life.case, life.history, CITY, now=at(26, 9)))
        assert last.event.data["stage"] == Stage.LATE
        assert life.items()[0].wakes_at is None

    def test_what_was_missed_is_told_once_and_as_late(self):
        life = Life()
        life.given()
        only = life.put(deskwork.remind(life.case, life.history, CITY, now=at(30, 9)))
        assert only.event.data["stage"] == Stage.LATE
        assert deskwork.remind(life.case, life.history, CITY, now=at(30, 9)) is None

    def test_what_is_due_today_or_before_a_weekend_waits_for_the_next_working_day(self):
        life = Life()
        life.given(due=date(2026, 11, 23))
        assert life.items()[0].wakes_at == at(24, 8)
        friday = Life()
        friday.given(due=date(2026, 11, 27))
        friday.put(deskwork.remind(friday.case, friday.history, CITY, now=at(27, 8)))
        assert friday.items()[0].wakes_at == at(30, 8)

    def test_nothing_falls_due_in_a_silence(self):
        calendar = replace(CITY.calendars["office"], silences=((at(25, 0), at(26, 6)),))
        assert disposition.next_reminder(DUE, NOW, "", calendar) == (at(26, 8), Stage.LATE)

    def test_nobody_is_reminded_while_a_second_person_looks_at_the_fix(self):
        life = Life(city=four_eyed(CITY))
        life.given()
        life.does(Act.CLAIM)
        assert [item.wakes_at for item in life.items()] == [None]
        life.does(Act.SEND_BACK)
        assert life.items()[0].wakes_at == at(25, 8)


class TestDrafts:
    CITY = headed(CITY)

    def test_staff_draft_heads_answer(self):
        case = a_complaint(city=self.CITY)
        drafts.demand_head(case, HEAD, Act.REPLY, self.CITY)
        for act in (Act.REPLY, Act.RESOLVE):
            with pytest.raises(NeedsHead):
                drafts.demand_head(case, STAFF, act, self.CITY)
            drafts.demand_head(case, STAFF, act, CITY)

    def test_after_the_first_answer_staff_may_say_how_it_ended_and_a_claim_tells_nobody(self):
        answered = perform(Act.REPLY, a_complaint(), self.CITY, now=NOW).complaint
        drafts.demand_head(answered, STAFF, Act.RESOLVE, self.CITY)
        drafts.demand_head(a_complaint(), STAFF, Act.RESOLVE, four_eyed(self.CITY))

    def test_a_category_may_ask_for_it_and_an_emergency_never_waits(self):
        of_roads = replace(CITY.categories["jalan"], head_releases=True)
        city = a_city(categories={**CITY.categories, "jalan": of_roads})
        assert drafts.needs_release(a_complaint(), city)
        assert not drafts.needs_release(a_complaint(category="sampah"), city)
        assert not drafts.needs_release(a_complaint(category="kebakaran"), self.CITY)

    def test_a_draft_waits_until_it_is_answered_returned_or_somebody_elses(self):
        for act in (Act.RETURN_DRAFT, Act.REPLY, Act.PASS_ON, Act.RESOLVE):
            life = Life(city=self.CITY)
            life.does(Act.DRAFT)
            assert drafts.waiting(life.history) is not None
            life.does(act)
            assert drafts.waiting(life.history) is None
            with pytest.raises(IllegalMove):
                drafts.release(life.case, HEAD, "", life.history, now=NOW)

    def test_the_head_may_put_other_words_in_its_place(self):
        life = Life(city=self.CITY)
        life.does(Act.DRAFT)
        done = drafts.release(life.case, HEAD, "Besok pukul 09.00.", life.history, now=NOW)
        assert (done.event.act, done.event.text) == (Act.REPLY, "Besok pukul 09.00.")
        assert done.event.data["drafted_by"] == STAFF.id

    def test_the_desk_offers_what_would_not_be_refused(self):
        life = Life(city=self.CITY)
        assert not fits(Act.REPLY, life.case, life.history, STAFF, self.CITY)
        assert fits(Act.DRAFT, life.case, life.history, STAFF, self.CITY)
        assert fits(Act.REPLY, life.case, life.history, HEAD, self.CITY)
        assert not fits(Act.RELEASE_DRAFT, life.case, life.history, HEAD, self.CITY)
        life.does(Act.DRAFT)
        assert fits(Act.RELEASE_DRAFT, life.case, life.history, HEAD, self.CITY)


class TestTasks:
    def test_a_case_is_solved_or_merged_when_its_tasks_are(self):
        life = Life()
        life.split(WASTE, WORKS)
        with pytest.raises(OpenTasks):
            handling.resolve(life.case, STAFF, "Beres.", city=CITY, now=NOW, history=life.history)
        assert not fits(Act.RESOLVE, life.case, life.history, STAFF, CITY)
        assert not fits(Act.MERGE, life.case, life.history, STAFF, CITY)
        for number, state in ((1, State.DONE), (2, State.CANNOT)):
            life.put(tasks.answer(life.case, STAFF, number, state, "Sudah.", life.history, now=NOW))
        done = handling.resolve(life.case, STAFF, "Beres.", city=CITY, now=NOW, history=life.history)
        assert done.complaint.status is Status.RESOLVED

    @pytest.mark.parametrize("act", [Act.PASS_ON, Act.SORT, Act.REFER])
    def test_a_new_office_for_the_case_keeps_its_tasks(self, act):
        life = Life()
        life.split(WASTE)
        life.does(act)
        assert [each.state for each in tasks.tasks(life.history)] == [State.OPEN]

    @pytest.mark.parametrize("act", [Act.WITHDRAW, Act.REJECT])
    def test_they_end_with_their_case(self, act):
        life = Life()
        life.split(WASTE)
        life.does(act)
        assert [each.state for each in tasks.tasks(life.history)] == [State.OVER]
        with pytest.raises(IllegalMove):
            tasks.answer(life.case, STAFF, 1, State.DONE, "Sudah.", life.history, now=NOW)

    def test_ten_at_most_and_a_cancelled_one_makes_room(self):
        life = Life()
        life.split(*[WASTE] * 10)
        with pytest.raises(Invalid):
            life.split(WASTE)
        life.put(tasks.cancel(life.case, STAFF, 3, "Tidak perlu.", life.history, now=NOW))
        life.split(WASTE)
        assert [each.number for each in tasks.open_tasks(life.history)] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]

    def test_no_office_that_the_case_is_about_gets_one_nor_works_on_it(self):
        accused = a_complaint(accused=WASTE)
        with pytest.raises(Invalid):
            tasks.split(accused, STAFF, [Wanted(WASTE, "Bagianmu.", DUE)], (), CITY, now=NOW)
        who = an_officer(f"staff@{WASTE}")
        assert may_work_on_task(who, WASTE, a_complaint(), CITY)
        assert not may_work_on_task(who, WASTE, accused, CITY)
        assert not may_work_on_task(who, WASTE, replace(a_complaint(), sealed=True), CITY)
        assert not may_work_on_task(replace(who, disabled=True), WASTE, a_complaint(), CITY)
        life = Life()
        life.split(WASTE, INSPECTORATE)
        life.case = replace(life.case, accused=WASTE)
        assert [item.whose for item in life.items()] == [f"task#{INSPECTORATE}"]
        life.case = replace(life.case, sealed=True)
        assert life.items() == ()

    def test_violence_and_self_harm_go_to_no_area_head(self):
        shelter = replace(CITY.categories["kekerasan"], sheltered=True)
        city = a_city(categories={**CITY.categories, "kekerasan": shelter})
        case = a_complaint(city=city, category="kekerasan")
        with pytest.raises(Invalid):
            tasks.split(case, STAFF, [Wanted(SHORE, "Bagianmu.", DUE)], (), city, now=NOW)
        assert not may_work_on_task(an_officer(f"village_head@{SHORE}"), SHORE, case, city)

    def test_only_people_who_handle_cases_of_the_office_work_on_its_tasks(self):
        case = a_complaint()
        for post, may in (
            (f"staff@{SHORE}", True),
            (f"village_head@{SHORE}", True),
            (f"hamlet_head@{SHORE_EAST}", False),
            (f"staff@{FIELD}", False),
            ("secretary@city", False),
        ):
            assert may_work_on_task(an_officer(post, office=WORKS), SHORE, case, CITY) is may


class TestWhoHears:
    """By e-mail, the office's own topic or one person; never the citizen, and not a word of what was said."""

    def told(self, life: Life, change: Change, before=()):
        after = deskwork.items(change.complaint, (*life.history, change.event), CITY)
        return inside.notices(change, life.history, before, after, CITY, lambda officer: "id")

    def test_the_office_of_each_task_and_in_the_end_the_case_s_office(self):
        life = Life()
        wanted = [Wanted(WASTE, "RAHASIA", DUE), Wanted(WASTE, "RAHASIA", DUE)]
        found = self.told(life, tasks.split(life.case, STAFF, wanted, (), CITY, now=NOW))
        assert [(n.template, n.to, n.args["task"]) for n in found] == [
            ("office_task", WASTE, "1"),
            ("office_task", WASTE, "2"),
        ]
        assert len({n.id for n in found}) == 2
        life.split(WASTE)
        before = life.items()
        done = tasks.answer(life.case, STAFF, 1, State.DONE, "RAHASIA", life.history, now=NOW)
        (answered,) = self.told(life, done, before)
        assert (answered.template, answered.to, answered.args["left"]) == ("office_task_answered", WORKS, "0")
        for notice in (*found, answered):
            assert notice.channel is Channel.TOPIC
            assert not notice.sms
            assert not notice.urgent
            assert "RAHASIA" not in repr(notice)

    def test_whoever_is_named_and_not_whoever_names_them(self):
        life = Life()
        change = life.given(to=HEAD, copies=[STAFF])
        assert [n.to for n in self.told(life, change)] == [f"officer#{STAFF.id}"]

    def test_nobody_of_an_accusation_that_waits_for_triage(self):
        life = Life()
        life.split(WASTE)
        before = life.items()
        change = perform(Act.NOTE, life.case, CITY, now=NOW)
        sealed = replace(change, complaint=replace(change.complaint, sealed=True))
        assert self.told(life, sealed, before) == ()

    def test_the_heads_of_its_office_hear_of_a_draft(self):
        assert inside.releasing_posts(a_complaint(), CITY) == (
            f"division_head@{WORKS}",
            f"office_head@{WORKS}",
        )
        assert inside.releasing_posts(a_complaint(category="gang"), CITY) == (f"village_head@{SHORE}",)


class TestStandingIn:
    def test_a_delegate_has_the_duties_and_acts_on_behalf_where_the_own_do_not_reach(self):
        deputy = an_officer(f"staff@{WORKS}", officer_id="wakil")
        case = a_complaint()
        combined = standing_in(deputy, [HEAD])
        assert allowed(combined, Act.INSTRUCT, case, CITY)
        assert acts_for(combined, deputy, Act.INSTRUCT, case, CITY) == (HEAD.id, f"office_head@{WORKS}")
        assert acts_for(combined, deputy, Act.REPLY, case, CITY) is None
        assert disposition.names_of(combined) == {"wakil", HEAD.id}

    def test_nobody_stands_in_where_the_case_is_about_them(self):
        deputy = an_officer(f"staff@{WASTE}", officer_id="wakil")
        of_triage = an_officer(f"triage@{TRIAGE}", officer_id="pemilah")
        accused = a_complaint(accused=WASTE)
        assert allowed(of_triage, Act.SORT, accused, CITY)
        assert not allowed(standing_in(deputy, [of_triage]), Act.SORT, accused, CITY)

    def test_whoever_did_the_work_approves_it_for_nobody_else(self):
        city = four_eyed(CITY)
        life = Life(city=city)
        life.does(Act.CLAIM)
        combined = standing_in(STAFF, [HEAD])
        assert allowed(combined, Act.APPROVE, life.case, city)
        with pytest.raises(OwnWork):
            handling.approve(life.case, combined, life.history, city=city, now=NOW)


def test_a_reminder_moves_no_clock_of_the_citizen():
    life = Life()
    life.given()
    life.split(WASTE)
    before = life.case.clocks
    while change := deskwork.remind(life.case, life.history, CITY, now=at(30, 9)):
        life.put(change)
    assert life.case.clocks == before
    assert len([e for e in life.history if e.act is Act.REMIND]) == 2
    assert life.case.updated_at == NOW
