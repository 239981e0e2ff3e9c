"""From "claimed fixed" to closed: the second pair of eyes, the last call, and what silence may and may not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import asking, handling, overdue, reporting
from chalicelib.domain.city import Proof
from chalicelib.domain.complaint import Complaint, Event, Outcome, Status
from chalicelib.domain.errors import IllegalMove, Invalid, NoProof, NotDue, OwnWork, WindowClosed
from chalicelib.domain.people import Act, Role
from chalicelib.domain.photos import For, Photo, State, proving
from chalicelib.domain.service_level import ClockName, steps
from tests.builders import (
    NOW,
    SHORE,
    WORKS,
    a_city,
    a_claim,
    a_complaint,
    an_officer,
    at,
    due_of,
    escalate,
    four_eyed,
    perform,
    runs,
)

CITY = a_city()
FOUR = four_eyed(CITY)
SECOND = timedelta(seconds=1)
DOER = an_officer()
HEAD = an_officer(f"{Role.DIVISION_HEAD}@{WORKS}", officer_id="kabid-1")
END = NOW + CITY.windows.reopen
CALL = END - CITY.windows.silence_warning


def claimed(proof: str = "Foto di lokasi.", *, now=NOW, **changes) -> tuple[Complaint, list[Event]]:
    """A fix that waits for a second person, with its history."""
    change = handling.resolve(
        a_complaint(**changes), DOER, "Sudah ditambal.", proof=proof, city=FOUR, now=now
    )
    return change.complaint, [change.event]


def solved(**changes) -> Complaint:
    return a_complaint(Status.RESOLVED, **changes)


class TestFourEyes:
    def test_a_fix_without_a_proof_is_refused_by_name_and_changes_nothing(self):
        case = a_complaint()
        with pytest.raises(Invalid) as refused:
            handling.resolve(case, DOER, "Sudah.", city=FOUR, now=NOW)
        assert [(f.field, f.reason) for f in refused.value.faults] == [("proof", "proof_either")]

    @pytest.mark.parametrize(
        ("kind", "words", "photos", "fault"),
        [
            (Proof.EITHER, "Berita acara 12.", 0, None),
            (Proof.EITHER, "", 1, None),
            (Proof.EITHER, "", 0, ("proof", "proof_either")),
            (Proof.WRITTEN, "Berita acara 12.", 0, None),
            (Proof.WRITTEN, "", 2, ("proof", "proof_required")),
            (Proof.PHOTO, "Berita acara 12.", 0, ("photos", "proof_photo")),
            (Proof.PHOTO, "", 1, None),
        ],
    )
    def test_the_category_says_which_proof_a_fix_brings_and_the_second_person_needs_that_one(
        self, kind, words, photos, fault
    ):
        city = four_eyed(CITY, kind)
        case = a_complaint()

        def claim():
            return handling.resolve(case, DOER, "Sudah.", proof=words, photos=photos, city=city, now=NOW)

        if fault:
            with pytest.raises(Invalid) as refused:
                claim()
            assert [(f.field, f.reason) for f in refused.value.faults] == [fault]
            return
        done = claim()
        assert done.complaint.status is Status.CONFIRMING
        approved = handling.approve(
            done.complaint, HEAD, [done.event], photos=photos, city=city, now=at(23, 12)
        )
        assert approved.complaint.confirmed
        if photos:
            with pytest.raises(NoProof):  # the photos never came, or show nothing
                handling.approve(done.complaint, HEAD, [done.event], photos=0, city=city, now=at(23, 12))

    def test_only_photos_of_the_fix_that_waits_now_prove_it(self):
        _, history = claimed(now=at(24, 9))
        photo = Photo("a", "officer:x", For.PROOF, at(23, 9), state=State.FIT, claimed_at=at(24, 9))
        others = [
            replace(photo, claimed_at=at(23, 10)),  # of a fix that was sent back
            replace(photo, purpose=For.FILING),
            replace(photo, state=State.AWAITED),
            replace(photo, state=State.REFUSED),
            replace(photo, claimed_at=None),
        ]
        assert proving([*others, photo], history[-1].at) == [photo]

    def test_where_the_profile_asks_for_none_the_reporter_has_the_word_at_once(self):
        assert solved().status is Status.RESOLVED
        assert not solved().clocks.get(ClockName.APPROVAL)

    def test_a_claim_stops_the_promise_to_solve_and_starts_the_time_to_approve(self):
        case, _ = claimed(now=at(24, 9))
        assert (case.status, case.open, case.resolved_at) == (Status.CONFIRMING, True, None)
        assert not runs(case, ClockName.RESOLUTION)
        assert due_of(case, ClockName.APPROVAL) == at(25, 16)  # one working day from Tuesday
        assert case.inbox_at == min(due_of(case, ClockName.FIRST_REPLY), at(25, 16))

    def test_the_reporter_has_read_nothing_yet_so_the_first_reply_is_still_owed(self):
        case, history = claimed()
        assert runs(case, ClockName.FIRST_REPLY)
        after = handling.approve(case, HEAD, history, city=FOUR, now=at(23, 12))
        assert not runs(after.complaint, ClockName.FIRST_REPLY)
        assert after.event.text == "Sudah ditambal."

    def test_the_reporters_windows_count_from_the_approval(self):
        case, history = claimed()
        case = handling.approve(case, HEAD, history, city=FOUR, now=at(25, 9)).complaint
        end = at(25, 9) + CITY.windows.reopen
        assert (case.resolved_at, case.closes_at, case.confirmed) == (at(25, 9), end, True)
        assert reporting.reopen(case, "Belum.", city=FOUR, now=end).complaint.reopened == 1
        rated = reporting.rate(case, 4, "", city=FOUR, now=at(25, 9) + CITY.windows.rate)
        assert rated.complaint.outcome is Outcome.CONFIRMED

    @pytest.mark.parametrize("act", [Act.RATE, Act.REOPEN, Act.AGREE])
    def test_before_it_the_reporter_has_no_word_on_it(self, act):
        case, _ = claimed()
        with pytest.raises(IllegalMove):
            perform(act, case, FOUR, now=NOW)

    @pytest.mark.parametrize("act", [Act.START, Act.RESOLVE, Act.PASS_ON, Act.REFER, Act.REJECT])
    def test_nobody_gets_past_the_second_person(self, act):
        case, _ = claimed()
        with pytest.raises(IllegalMove):
            perform(act, case, CITY, now=NOW)

    def test_whoever_did_the_work_approves_nothing_whatever_post_they_hold(self):
        case, history = claimed()
        with pytest.raises(OwnWork):
            handling.approve(case, replace(HEAD, id=DOER.id), history, city=FOUR, now=NOW)

    def test_whoever_began_the_work_approves_nothing_either(self):
        begun = handling.start(a_complaint(), HEAD, now=NOW)
        change = handling.resolve(begun.complaint, DOER, "Sudah.", proof="Foto.", city=FOUR, now=NOW)
        with pytest.raises(OwnWork):
            handling.approve(change.complaint, HEAD, [begun.event, change.event], city=FOUR, now=NOW)

    def test_a_refusal_lets_the_promise_run_on_against_the_old_deadline(self):
        before = a_complaint()
        case, _ = claimed()
        back = handling.send_back(case, HEAD, "Belum rata.", city=FOUR, now=at(24, 10))
        after = back.complaint
        assert (after.status, back.event.text) == (Status.IN_PROGRESS, "Belum rata.")
        assert due_of(after, ClockName.RESOLUTION) == due_of(before, ClockName.RESOLUTION)
        assert runs(after, ClockName.RESOLUTION)
        assert not runs(after, ClockName.APPROVAL)
        resolution, first = (c.clocks.get(ClockName.RESOLUTION) for c in (after, before))
        assert resolution.warns == first.warns

    def test_a_refusal_takes_the_case_up_where_its_ladder_stood(self):
        case = a_complaint(private=True)
        case = handling.reply(case, DOER, "Kami lihat.", now=NOW).complaint
        case = escalate(case, CITY, now=due_of(case, ClockName.RESOLUTION)).complaint
        stood = case.clocks.get(ClockName.RESOLUTION)
        late = due_of(case, ClockName.RESOLUTION) + timedelta(hours=1)
        case = handling.resolve(case, DOER, "Sudah.", proof="Foto.", city=FOUR, now=late).complaint
        case = handling.send_back(case, HEAD, "Belum.", city=FOUR, now=late).complaint
        again = case.clocks.get(ClockName.RESOLUTION)
        assert (again.climbed, again.next_climb) == (stood.climbed, stood.next_climb)
        assert case.late(late)

    def test_a_second_claim_has_its_own_time_and_keeps_the_rungs(self):
        case, _ = claimed(private=True)
        case = handling.reply(case, DOER, "Kami lihat.", now=NOW).complaint
        case = escalate(case, FOUR, now=due_of(case, ClockName.APPROVAL)).complaint
        case = handling.send_back(case, HEAD, "Belum.", city=FOUR, now=at(25, 9)).complaint
        case = handling.resolve(case, DOER, "Sudah.", proof="Foto.", city=FOUR, now=at(25, 10)).complaint
        assert due_of(case, ClockName.APPROVAL) == at(26, 16)
        assert case.level == 1

    def test_it_climbs_the_offices_own_line_and_warns_like_the_others(self):
        case, _ = claimed(private=True)
        case = handling.reply(case, DOER, "Kami lihat.", now=NOW).complaint
        ladder = [f"division_head@{WORKS}", f"office_head@{WORKS}", "secretary@city", "mayor@city"]
        assert [step.post for step in steps(case, ClockName.APPROVAL, FOUR)] == ladder
        warned = escalate(case, FOUR, now=case.wakes_at(FOUR))
        assert (warned.event.act, warned.event.data["clock"]) == (Act.WARN, "approval")
        climbed = escalate(warned.complaint, FOUR, now=due_of(case, ClockName.APPROVAL))
        assert climbed.event.data["post"] == ladder[0]

    def test_a_villages_claim_climbs_to_its_own_head_also_where_the_hamlet_has_nobody(self):
        case, _ = claimed(category="gang", hamlet=f"{SHORE}/timur", private=True)
        case = handling.reply(case, DOER, "Kami lihat.", now=NOW).complaint
        now = due_of(case, ClockName.APPROVAL)
        change = escalate(
            case, FOUR, now=now, vacant=(f"hamlet_head@{SHORE}/timur", f"division_head@{SHORE}")
        )
        assert change.event.data["post"] == f"village_head@{SHORE}"

    def test_an_approval_is_given_once(self):
        case, history = claimed()
        case = handling.approve(case, HEAD, history, city=FOUR, now=NOW).complaint
        with pytest.raises(IllegalMove):
            handling.approve(case, HEAD, history, city=FOUR, now=NOW)

    def test_a_question_that_waits_ends_with_the_claim(self):
        case = asking.ask(a_complaint(), DOER, "Di sisi mana?", city=FOUR, now=NOW).complaint
        claim = handling.resolve(case, DOER, "Sudah.", proof="Foto.", city=FOUR, now=at(24, 10))
        settled = asking.settled(case, claim, FOUR).complaint
        assert not settled.asked.open
        assert due_of(settled, ClockName.RESOLUTION) == at(31, 16)

    def test_sorting_it_again_takes_the_claim_back(self):
        case, _ = claimed()
        case = perform(Act.SORT, case, FOUR, now=at(23, 12)).complaint
        assert (case.status, case.resolved_at) == (Status.RECEIVED, None)
        assert runs(case, ClockName.RESOLUTION)
        assert not runs(case, ClockName.APPROVAL)


class TestTheLastCall:
    def test_it_comes_before_the_end_at_a_moment_stamped_with_the_claim(self):
        case = solved()
        assert (case.last_call_at, case.closes_at) == (CALL, END)
        # Another policy later moves nothing that was stamped.
        windows = replace(CITY.windows, reopen=timedelta(days=2), silence_warning=timedelta(days=1))
        assert case.wakes_at(replace(CITY, windows=windows)) == CALL
        with pytest.raises(NotDue):
            overdue.silence(case, CITY, reachable=True, now=CALL - SECOND)

    def test_silence_closes_only_after_it(self):
        with pytest.raises(NotDue):
            overdue.close_by_silence(solved(), CITY, now=END)
        case = overdue.silence(solved(), CITY, reachable=True, now=CALL).complaint
        assert (case.status, case.silence_told, case.wakes_at(CITY)) == (Status.RESOLVED, True, END)
        closed = overdue.silence(case, CITY, reachable=True, now=END).complaint
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.SILENCE)

    def test_one_that_comes_late_leaves_the_reporter_its_whole_time(self):
        late = END + timedelta(days=5)
        case = overdue.silence(solved(), CITY, reachable=True, now=late).complaint
        assert case.closes_at == late + CITY.windows.silence_warning
        with pytest.raises(NotDue):
            overdue.silence(case, CITY, reachable=True, now=case.closes_at - SECOND)
        # Whoever was asked may answer, although the window was over when they were.
        answer = reporting.reopen(case, "Belum.", city=CITY, now=case.closes_at).complaint
        assert answer.status is Status.REOPENED
        with pytest.raises(WindowClosed):
            reporting.reopen(case, "Belum.", city=CITY, now=case.closes_at + SECOND)

    def test_what_the_night_holds_back_counts_from_the_morning(self):
        night = at(40, 23)  # 23.00; the message leaves after 06.00
        case = overdue.silence(solved(), CITY, reachable=True, now=night).complaint
        assert at(41, 6) + CITY.windows.silence_warning <= case.closes_at
        assert case.closes_at <= at(41, 6, 20) + CITY.windows.silence_warning

    def test_one_tap_says_solved_and_a_rating_may_follow(self):
        case = reporting.agree(solved(), now=at(24, 9)).complaint
        assert (case.status, case.outcome, case.wakes_at(CITY)) == (Status.CLOSED, Outcome.CONFIRMED, None)
        rated = reporting.rate(case, 2, "", city=CITY, now=at(24, 10)).complaint
        assert (rated.outcome, rated.ended_at) == (Outcome.DISPUTED, at(24, 9))

    def test_one_tap_says_not_solved_to_the_last_instant(self):
        case = overdue.silence(solved(), CITY, reachable=True, now=CALL).complaint
        case = reporting.reopen(case, "Belum beres", city=CITY, now=END).complaint
        assert (case.status, case.silence_told, case.closes_at) == (Status.REOPENED, False, None)

    def test_a_claim_stored_before_there_were_warnings_is_warned_all_the_same(self):
        old = replace(solved(), last_call_at=None, closes_at=None)
        assert old.wakes_at(CITY) == CALL
        case = overdue.silence(old, CITY, reachable=True, now=END).complaint
        assert case.wakes_at(CITY) == END + CITY.windows.silence_warning


class TestWithoutAContact:
    ANONYMOUS = solved(citizen=None, reach="", private=True)

    def test_silence_closes_nothing_and_a_second_person_is_asked(self):
        assert self.ANONYMOUS.wakes_at(CITY) == END
        with pytest.raises(NotDue):
            overdue.silence(self.ANONYMOUS, CITY, reachable=False, now=END - SECOND)
        case = overdue.silence(self.ANONYMOUS, CITY, reachable=False, now=END).complaint
        assert (case.status, case.outcome, case.open) == (Status.CONFIRMING, None, True)
        assert due_of(case, ClockName.APPROVAL) > END
        assert case.wakes_at(CITY) > END

    def test_upon_a_proof_and_a_second_person_it_closes_by_silence(self):
        case = overdue.silence(self.ANONYMOUS, CITY, reachable=False, now=END).complaint
        later = END + timedelta(hours=1)
        case = handling.approve(case, HEAD, [a_claim()], city=CITY, now=later).complaint
        assert (case.status, case.wakes_at(CITY), case.resolved_at) == (Status.RESOLVED, later, NOW)
        closed = overdue.silence(case, CITY, reachable=False, now=later).complaint
        assert closed.outcome is Outcome.SILENCE

    def test_an_early_confirmation_lets_it_close_when_the_window_ends_and_not_before(self):
        case = handling.approve(self.ANONYMOUS, HEAD, [a_claim()], city=CITY, now=at(24, 9)).complaint
        assert (case.status, case.wakes_at(CITY)) == (Status.RESOLVED, END)
        assert overdue.silence(case, CITY, reachable=False, now=END).complaint.status is Status.CLOSED

    def test_without_a_contact_a_photo_is_proof_enough(self):
        claim = replace(a_claim(proof=""), data={"photos": 1})
        case = handling.approve(self.ANONYMOUS, HEAD, [claim], photos=1, city=CITY, now=at(24, 9)).complaint
        assert case.confirmed

    def test_without_a_proof_there_is_nothing_to_approve(self):
        with pytest.raises(NoProof):
            handling.approve(self.ANONYMOUS, HEAD, [a_claim(proof="")], city=CITY, now=NOW)

    def test_the_doer_is_no_second_person(self):
        with pytest.raises(OwnWork):
            handling.approve(self.ANONYMOUS, HEAD, [a_claim(by=HEAD.id)], city=CITY, now=NOW)

    def test_a_reporter_with_a_contact_needs_no_second_person(self):
        with pytest.raises(IllegalMove):
            handling.approve(solved(), HEAD, [a_claim()], city=CITY, now=NOW)

    def test_who_has_a_contact_and_cannot_be_reached_is_as_one_without(self):
        case = overdue.silence(solved(), CITY, reachable=False, now=CALL)
        assert case.event.data["reached"] is False
        assert case.complaint.wakes_at(CITY) == END
        assert overdue.silence(case.complaint, CITY, reachable=False, now=END).event.act is Act.AWAIT

    def test_whoever_kept_the_link_may_still_answer_while_the_city_waits(self):
        case = overdue.silence(self.ANONYMOUS, CITY, reachable=False, now=END).complaint
        late = END + timedelta(days=60)
        reopened = reporting.reopen(case, "Belum.", city=CITY, now=late).complaint
        assert not runs(reopened, ClockName.APPROVAL)
        assert reporting.agree(case, now=late).complaint.outcome is Outcome.CONFIRMED
