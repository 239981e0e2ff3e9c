"""Appeals, ratings, reopenings and withdrawals: who decides, what stands, and what only triage may know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib import cities
from chalicelib.domain import appeals, asking, handling, reporting
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    Change,
    Complaint,
    Event,
    Outcome,
    Route,
    Screening,
    Status,
)
from chalicelib.domain.errors import IllegalMove, OwnWork, WindowClosed
from chalicelib.domain.lists import next_list, stands_on
from chalicelib.domain.notices import Channel, Holder, notices_for
from chalicelib.domain.people import Act, Role, allowed
from chalicelib.domain.service_level import ClockName, appeal_clock
from chalicelib.domain.visibility import is_listed
from chalicelib.http import views
from tests.builders import (
    NOW,
    TRIAGE,
    WASTE,
    WORKS,
    Filled,
    a_city,
    a_complaint,
    an_officer,
    at,
    due_of,
    escalate,
    perform,
    promises,
    runs,
    unwarned,
)

CITY = a_city()
SECOND = timedelta(seconds=1)
TRIAGER = an_officer(f"triage@{TRIAGE}", officer_id="pemilah-1")
HEAD = an_officer(f"office_head@{TRIAGE}", officer_id="kepala-1")
ENDED, APPEALED, DECIDED = at(23, 11), at(24, 9), at(25, 9)
WORDS = "Ini jalan kota, bukan jalan provinsi."


def released() -> Complaint:
    """A case with nothing of triage's open."""
    return perform(Act.RELEASE, a_complaint(), CITY, now=NOW).complaint


class Life:
    """A case and its history, by real acts."""

    def __init__(self, complaint: Complaint | None = None) -> None:
        self.case = complaint or a_complaint()
        self.history: list[Event] = []

    def do(self, change: Change) -> Life:
        change = asking.settled(self.case, change, CITY)
        self.case = change.complaint
        self.history.append(change.event)
        return self

    def declined(self, now=ENDED) -> Life:
        return self.do(handling.reject(self.case, TRIAGER, "not_city", "Ini jalan provinsi.", now=now))

    def appealed(self, text=WORDS, now=APPEALED, *vacant) -> Life:
        return self.do(appeals.appeal(self.case, text, Filled(vacant), CITY, now=now))

    def granted(self, now=DECIDED) -> Life:
        return self.do(appeals.grant(self.case, HEAD, "Benar, ini jalan kota.", self.history, CITY, now=now))

    def upheld(self, now=DECIDED) -> Life:
        return self.do(appeals.uphold(self.case, HEAD, "Tetap jalan provinsi, maaf.", self.history, now=now))

    def withdrawn(self, reason="asked_to", now=ENDED) -> Life:
        return self.do(reporting.withdraw(self.case, reason, "Kata tetangga.", now=now))

    def continued(self, now=DECIDED) -> Life:
        return self.do(appeals.go_on(self.case, TRIAGER, self.history, CITY, now=now))


class TestAnAppeal:
    def test_it_is_with_the_office_that_declined_and_one_post_above_decides_by_a_clock_of_its_own(self):
        case = Life().declined().appealed().case
        assert (case.status, case.office, case.line, case.open) == (Status.APPEALED, TRIAGE, "topic", True)
        assert case.rungs == (f"office_head@{TRIAGE}",)
        assert due_of(case, ClockName.APPEAL) == at(31, 16)  # 5 working days after Tuesday 24
        assert case.inbox_at == at(31, 16)
        assert (case.outcome, case.ended_at) == (None, None)

    def test_a_vacant_post_is_passed_and_recorded(self):
        life = Life().declined().appealed(WORDS, at(24, 9), f"office_head@{TRIAGE}")
        assert life.case.rungs == ("secretary@city",)
        assert life.history[-1].data["vacant"] == [f"office_head@{TRIAGE}"]

    def test_where_nobody_is_there_the_first_post_keeps_it_for_whoever_comes(self):
        life = Life().declined()
        life.do(appeals.appeal(life.case, WORDS, {}, CITY, now=at(24, 9)))
        assert life.case.rungs == (f"office_head@{TRIAGE}",)
        assert life.history[-1].data["vacant"] == [f"office_head@{TRIAGE}"]

    def test_nobody_whom_the_case_is_about_decides_and_triage_accused_is_left_out_altogether(self):
        case = Life(replace(a_complaint(), accused="city")).declined().appealed().case
        assert [step.post for step in appeals.ladder(case, CITY)] == [f"office_head@{TRIAGE}"]
        about_triage = Life(replace(a_complaint(), accused=TRIAGE)).declined().appealed().case
        assert about_triage.office == "inspektorat"
        assert not any(TRIAGE in step.post for step in appeals.ladder(about_triage, CITY))

    def test_undecided_it_climbs_and_the_post_before_may_still_decide(self):
        case = unwarned(Life().declined().appealed().case)
        assert case.wakes_at(CITY) == at(31, 16)
        climbed = escalate(case, CITY, now=at(31, 16))
        assert (climbed.event.data["clock"], climbed.event.data["post"]) == ("appeal", "secretary@city")
        assert climbed.complaint.late(at(31, 17))
        assert allowed(HEAD, Act.GRANT, climbed.complaint, CITY)

    def test_it_stands_open_to_the_last_instant_of_the_window(self):
        life = Life().declined(NOW)
        end = NOW + CITY.windows.appeal
        assert appeals.appeal(life.case, WORDS, Filled(), CITY, now=end).complaint.appealed
        with pytest.raises(WindowClosed):
            appeals.appeal(life.case, WORDS, Filled(), CITY, now=end + SECOND)

    def test_there_is_one_and_no_more(self):
        lost = Life().declined().appealed().upheld().case
        with pytest.raises(IllegalMove):
            appeals.appeal(lost, WORDS, Filled(), CITY, now=at(25, 10))
        won = Life().declined().appealed().granted().case
        with pytest.raises(IllegalMove):  # nor does triage overrule its head
            handling.reject(won, TRIAGER, "other", "Tetap tidak kami kerjakan.", now=at(26, 9))

    def test_whoever_declined_does_not_decide_whatever_post_they_hold(self):
        both = an_officer(f"triage@{TRIAGE}", f"office_head@{TRIAGE}", officer_id="pemilah-1")
        life = Life().declined().appealed()
        for decide in (
            lambda: appeals.uphold(life.case, both, "Tetap tidak.", life.history, now=at(25, 9)),
            lambda: appeals.grant(life.case, both, "Kami lanjutkan.", life.history, CITY, now=at(25, 9)),
        ):
            with pytest.raises(OwnWork):
                decide()

    def test_lost_it_is_declined_for_good(self):
        case = Life().declined().appealed().upheld().case
        assert (case.status, case.outcome, case.ended_at) == (
            Status.REJECTED,
            Outcome.REJECTED,
            at(25, 9),
        )
        assert case.wakes_at(CITY) is None
        assert case.clocks.get(ClockName.APPEAL) is None

    def test_won_the_case_goes_on_where_it_was_and_its_old_promises_stand(self):
        before = a_complaint()
        case = Life(before).declined().appealed().granted(at(31, 9)).case
        assert (case.status, case.office, case.line) == (Status.REOPENED, WORKS, "topic")
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert runs(case, name)
            assert due_of(case, name) == due_of(before, name)
        assert case.late(at(31, 9))  # the solution was due on Monday 30
        assert runs(case, ClockName.SCREENING)
        assert case.wakes_at(CITY) <= at(31, 9)

    def test_won_what_was_kept_before_the_rejection_stays_kept(self):
        life = Life()
        life.do(handling.reply(life.case, an_officer(), "Kami lihat.", now=at(23, 10, 30)))
        case = life.declined().appealed().granted().case
        assert not runs(case, ClockName.FIRST_REPLY)
        assert runs(case, ClockName.RESOLUTION)

    def test_won_by_a_case_that_nobody_had_sorted_triage_has_to_sort_it(self):
        case = Life(a_complaint(category=None)).declined().appealed().granted().case
        assert not case.sorted

    def test_words_that_accuse_are_for_whoever_decides_and_then_for_triage_first(self):
        life = Life().declined().appealed("Pemilahnya minta uang.")
        assert life.case.sealed
        assert life.history[-1].data[FOR_TRIAGE]
        assert not is_listed(life.case)
        assert not allowed(an_officer(), Act.READ, life.case, CITY)
        case = life.granted().case
        assert (case.office, case.sealed, case.sorted) == (TRIAGE, True, False)

    def test_the_history_tells_where_it_went(self):
        life = Life().declined().appealed().granted()
        assert [event.data.get("office") for event in life.history] == [None, TRIAGE, WORKS]

    def test_no_act_of_an_office_touches_it_meanwhile(self):
        case = Life().declined().appealed().case
        for act in (
            lambda: handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(24, 10)),
            lambda: handling.reject(case, TRIAGER, "other", "Tidak jadi.", now=at(24, 10)),
            lambda: handling.sort(
                case, TRIAGER, CITY.categories["sampah"], Route(WASTE, "topic"), CITY, now=at(24, 10)
            ),
            lambda: reporting.withdraw(case, "other", now=at(24, 10)),
        ):
            with pytest.raises(IllegalMove):
                act()


class TestWhoHearsOfAnAppeal:
    POST = f"office_head@{TRIAGE}"

    def told(self, change, **kwargs):
        return [
            (n.template, str(n.channel), n.to)
            for n in notices_for(change, CITY, citizen_channel=Channel.SMS, **kwargs)
        ]

    def test_whoever_decides_in_person_and_without_a_word_of_it(self):
        life = Life().declined()
        change = appeals.appeal(life.case, WORDS, Filled(), CITY, now=at(24, 9))
        holders = {self.POST: Holder(self.POST, (("kepala", "id"),))}
        assert self.told(change, holders=holders) == [
            ("officer_appeal", "sms", "officer#kepala"),
            ("officer_appeal", "email", "officer#kepala"),
        ]
        assert self.told(change) == [("office_appeal", "topic", TRIAGE)]

    def test_the_secretary_hears_by_the_list_and_has_the_time_from_then_on(self):
        life, secretary = Life().declined(), "secretary@city"
        change = appeals.appeal(life.case, WORDS, Filled((self.POST,)), CITY, now=at(24, 9))
        holders = {secretary: Holder(secretary, (("sekda", "id"),))}
        assert self.told(change, holders=holders) == []
        assert stands_on(change.complaint) is Role.SECRETARY
        heard = next_list(Role.SECRETARY, at(24, 9), CITY)
        assert heard > at(24, 9)
        assert due_of(change.complaint, ClockName.APPEAL) == appeal_clock(TRIAGE, CITY, heard).due
        # An accusation stands on no list: there it is a message.
        accusing = appeals.appeal(life.case, "Petugas minta uang.", Filled((self.POST,)), CITY, now=at(24, 9))
        assert {template for template, _, _ in self.told(accusing, holders=holders)} == {"officer_appeal"}

    def test_the_reporter_hears_of_the_decision_however_many_messages_there_were(self):
        life = Life(replace(a_complaint(), citizen_sms=4)).declined().appealed()
        lost = appeals.uphold(life.case, HEAD, "Tetap tidak.", life.history, now=at(25, 9))
        won = appeals.grant(life.case, HEAD, "Kami lanjutkan.", life.history, CITY, now=at(25, 9))
        assert self.told(lost) == [
            ("citizen_ceiling", "sms", "citizen#warga"),  # how to reach the Ombudsman
            ("citizen_upheld", "sms", "citizen#warga"),
        ]
        assert self.told(won) == [
            ("office_granted", "topic", WORKS),
            ("citizen_granted", "sms", "citizen#warga"),
        ]


class TestReopening:
    def reopened(self, solved=APPEALED, again=APPEALED + timedelta(hours=1), case=None) -> Complaint:
        case = handling.resolve(case or released(), an_officer(), "Beres.", city=CITY, now=solved).complaint
        return reporting.reopen(case, "Belum.", city=CITY, now=again).complaint

    def test_it_has_three_working_days_to_be_done_again_beside_the_old_deadline(self):
        case = self.reopened()
        assert due_of(case, ClockName.REDO) == at(27, 16)  # Tuesday 24 and three working days
        assert due_of(case, ClockName.RESOLUTION) == at(30, 16)
        assert due_of(self.reopened(), ClockName.RESOLUTION) == due_of(a_complaint(), ClockName.RESOLUTION)

    def test_the_profile_says_how_long(self):
        from chalicelib.domain.clock import Span

        city = a_city(redo=Span.parse("1 working day"))
        case = handling.resolve(a_complaint(), an_officer(), "Beres.", city=CITY, now=at(24, 9)).complaint
        case = reporting.reopen(case, "Belum.", city=city, now=at(24, 10)).complaint
        assert due_of(case, ClockName.REDO) == at(25, 16)

    def test_late_against_the_old_deadline_it_stays_late_whatever_the_redo_clock_says(self):
        case = self.reopened(solved=at(31, 9), again=at(31, 10))
        assert due_of(case, ClockName.REDO) > at(31, 11)
        assert case.late(at(31, 11))
        solved = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(31, 12)).complaint
        resolution = solved.clocks.get(ClockName.RESOLUTION)
        assert resolution.stopped_at > resolution.due

    def test_late_against_the_redo_clock_alone_breaks_no_promise(self):
        assert not self.reopened().late(at(28, 9))

    def test_it_starts_one_rung_above_where_it_ended_and_waits_for_the_redo_clock_then(self):
        ended = released()
        while ended.clocks.get(ClockName.RESOLUTION).climbed < 1:
            ended = escalate(ended, CITY, now=at(30, 16)).complaint
        case = self.reopened(solved=at(31, 9), again=at(31, 10), case=ended)
        climbed = escalate(case, CITY, now=at(31, 10))
        assert (climbed.event.data["clock"], climbed.event.data["post"]) == ("redo", f"office_head@{WORKS}")
        again = unwarned(climbed.complaint)
        assert again.wakes_at(CITY) == due_of(again, ClockName.REDO)
        assert escalate(again, CITY, now=again.wakes_at(CITY)).event.data["post"] == "secretary@city"

    def test_what_the_redo_clock_climbed_stays_climbed_when_it_is_done(self):
        case = escalate(self.reopened(), CITY, now=at(24, 10)).complaint
        solved = handling.resolve(case, an_officer(), "Beres.", city=CITY, now=at(24, 12)).complaint
        assert solved.clocks.get(ClockName.REDO) is None
        assert solved.level == case.level == 1

    def test_an_emergency_is_done_again_in_its_minutes(self):
        case = handling.resolve(
            a_complaint(category="kebakaran"), an_officer(), "Padam.", city=CITY, now=NOW
        ).complaint
        case = reporting.reopen(case, "Masih menyala.", city=CITY, now=at(23, 11)).complaint
        assert due_of(case, ClockName.REDO) == at(24, 11)  # its level's 24 hours

    def test_a_question_pauses_the_redo_clock_too(self):
        case = self.reopened()
        asked = asking.ask(case, an_officer(), "Sisi mana?", city=CITY, now=at(24, 11)).complaint
        answered = asking.answer(asked, 1, "Utara.", city=CITY, now=at(24, 13)).complaint
        paused = CITY.calendar_of(WORKS).between(
            due_of(case, ClockName.REDO), due_of(answered, ClockName.REDO)
        )
        assert paused == timedelta(hours=2)

    def test_reopened_a_second_time_somebody_else_has_to_call_it_solved(self):
        one, two = an_officer(officer_id="p-1"), an_officer(officer_id="p-2")
        life = Life()
        for hour in (11, 13):
            life.do(
                handling.resolve(life.case, one, "Beres.", history=life.history, city=CITY, now=at(23, hour))
            )
            life.do(reporting.reopen(life.case, "Belum.", city=CITY, now=at(23, hour + 1)))
        with pytest.raises(OwnWork):
            handling.resolve(life.case, one, "Beres.", history=life.history, city=CITY, now=at(23, 15))
        solved = handling.resolve(life.case, two, "Beres.", history=life.history, city=CITY, now=at(23, 15))
        assert solved.complaint.status is Status.RESOLVED


class TestRating:
    @pytest.mark.parametrize(("score", "asks"), [(1, True), (2, True), (3, False), (5, False)])
    def test_a_low_one_asks_whether_it_is_solved_and_reopens_nothing(self, score, asks):
        case = reporting.rate(a_complaint(Status.RESOLVED), score, "", city=CITY, now=NOW).complaint
        assert case.status is Status.CLOSED
        assert reporting.asks_reopen(case, CITY, NOW) is asks

    def test_it_asks_no_longer_than_the_reporter_may_reopen(self):
        case = reporting.rate(a_complaint(Status.RESOLVED), 1, "", city=CITY, now=NOW).complaint
        end = NOW + CITY.windows.reopen
        assert reporting.asks_reopen(case, CITY, end)
        assert not reporting.asks_reopen(case, CITY, end + SECOND)

    def thanks(self, score, words, doer=("petugas-1", "en")):
        change = reporting.rate(a_complaint(Status.RESOLVED), score, words, city=CITY, now=NOW)
        return [(n.template, str(n.channel), n.to, n.language) for n in notices_for(change, CITY, doer=doer)]

    def test_a_thank_you_reaches_the_officer_who_did_it_by_e_mail(self):
        for score in (4, 5):
            assert self.thanks(score, "Terima kasih!") == [
                ("officer_thanks", "email", "officer#petugas-1", "en")
            ]

    @pytest.mark.parametrize(("score", "words"), [(3, "Lumayan."), (5, ""), (1, "Buruk.")])
    def test_others_reach_nobody(self, score, words):
        assert self.thanks(score, words) == []

    def test_words_that_accuse_thank_nobody_and_are_triages_alone(self):
        assert self.thanks(5, "Bagus, tetapi minta uang.") == [("office_pressed", "topic", TRIAGE, "id")]

    def test_where_the_profile_says_so_nobody_without_contact_rates(self):
        city = a_city(windows=replace(CITY.windows, without_contact={"rate": "no"}))
        anonymous = a_complaint(Status.RESOLVED, citizen=None)
        with pytest.raises(WindowClosed):
            reporting.rate(anonymous, 1, "", city=city, now=NOW)
        assert reporting.rate(a_complaint(Status.RESOLVED), 1, "", city=city, now=NOW)
        assert reporting.rate(anonymous, 1, "", city=CITY, now=NOW)


class TestWithdrawal:
    def told(self, change):
        return [(n.template, n.to) for n in notices_for(change, CITY, citizen_channel=Channel.SMS)]

    def test_being_asked_to_is_told_to_triage_and_to_the_office_only_that_it_was_withdrawn(self):
        change = reporting.withdraw(a_complaint(), "asked_to", "Kata lurah.", now=NOW)
        assert self.told(change) == [("office_withdrawn", WORKS), ("office_pressed", TRIAGE)]
        assert self.told(reporting.withdraw(a_complaint(), "solved", now=NOW)) == [
            ("office_withdrawn", WORKS)
        ]

    def test_so_are_words_that_accuse_and_an_accusation_itself(self):
        change = reporting.withdraw(a_complaint(), "other", "Dia minta uang.", now=NOW)
        assert ("office_pressed", TRIAGE) in self.told(change)
        sealed = reporting.withdraw(a_complaint(sealed=True), "asked_to", now=NOW)
        assert self.told(sealed) == [("office_pressed", TRIAGE)]

    def test_the_city_may_go_on_and_the_old_promises_stand(self):
        before = a_complaint()
        case = Life(before).withdrawn().continued().case
        assert (case.status, case.office, case.outcome, case.ended_at) == (
            Status.RECEIVED,
            WORKS,
            None,
            None,
        )
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert runs(case, name)
        assert promises(case.clocks)[ClockName.RESOLUTION] == promises(before.clocks)[ClockName.RESOLUTION]

    def test_nobody_sees_the_reporter_in_it(self):
        life = Life(a_complaint(identity_shown=True)).withdrawn().continued()
        case = life.case
        assert (case.private, case.identity_shown, case.reach) == (True, False, "")
        assert case.screening is Screening.HIDDEN
        assert not is_listed(case)
        with pytest.raises(IllegalMove):
            handling.reveal(case, an_officer(), now=at(25, 10))

    def test_the_office_hears_that_the_city_goes_on_and_the_reporter_hears_nothing(self):
        life = Life().withdrawn()
        change = appeals.go_on(life.case, TRIAGER, life.history, CITY, now=at(25, 9))
        told = [(n.template, n.to) for n in notices_for(change, CITY, citizen_channel=Channel.SMS)]
        assert told == [("office_continued", WORKS)]

    def test_a_sealed_one_goes_on_with_triage_alone(self):
        case = Life(a_complaint(sealed=True)).withdrawn().continued().case
        assert (case.sealed, case.office, case.sorted) == (True, TRIAGE, False)

    def test_only_triage_may(self):
        case = Life().withdrawn().case
        assert allowed(TRIAGER, Act.CONTINUE, case, CITY)
        assert not allowed(an_officer(f"office_head@{WORKS}"), Act.CONTINUE, case, CITY)


class TestSilence:
    def test_its_own_window_says_when(self):
        city = a_city(windows=replace(CITY.windows, silence=timedelta(days=7)))
        case = a_complaint(Status.RESOLVED, city=city)
        assert case.closing(city) == NOW + timedelta(days=7)
        assert reporting.in_window(case, Act.REOPEN, city, NOW + timedelta(days=8))


WINDOWS_PAGE = Path(__file__).parents[2] / "docs" / "windows.md"


@pytest.mark.parametrize("city_id", cities.available())
@pytest.mark.parametrize("language", ["id", "en"])
def test_docs_windows_is_the_profiles_table_in_words(city_id, language):
    city = cities.load(city_id)
    page = WINDOWS_PAGE.read_text(encoding="utf-8")
    for row in views.windows(city, language):
        line = f"| {row['what']} | {row['lasts']} | {row['who']} | {row['without_contact']} |"
        assert line in page, line


def test_a_profile_names_every_window_and_who_may_use_it():
    for city_id in cities.available():
        windows = cities.load(city_id).windows
        assert windows.rate == timedelta(days=14)
        assert (
            set(windows.who)
            == set(windows.without_contact)
            == {
                "edit",
                "question",
                "rate",
                "reopen",
                "appeal",
                "silence",
                "referral_link",
            }
        )
