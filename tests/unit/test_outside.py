"""A case before an agency outside: when its link opens, what goes out, what comes back, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.domain import handling, outside, overdue
from chalicelib.domain.city import Question, Road
from chalicelib.domain.complaint import REPORTER, Complaint, Event, Screening, Status
from chalicelib.domain.errors import Invalid, WindowClosed
from chalicelib.domain.outside import Answer
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from tests.builders import (
    INSPECTORATE,
    NOW,
    OUTSIDE,
    TRIAGE,
    WORKS,
    a_category,
    a_city,
    a_complaint,
    a_filed,
    an_office,
    an_officer,
    at,
    perform,
)

AGENCY = "pln"
CITY = a_city(
    offices={**a_city().offices, AGENCY: an_office(AGENCY, "outside", email="aduan@pln.example.id")}
)
DAY = timedelta(days=1)


def asked(complaint: Complaint | None = None, *, now=NOW, agency=AGENCY, officer=None, text="Mohon dicek."):
    """A case that works (or triage) has referred, with the history of it."""
    before = complaint or a_complaint(city=CITY)
    done = handling.refer(before, officer or an_officer(), agency, text, CITY, now=now)
    return done.complaint, (done.event,)


def answered(complaint, history, word=Answer.DONE, *, now=NOW + DAY, day=None):
    referral = outside.referrals(history)[-1]
    return outside.answer(complaint, referral, word, "Sudah kami cek.", by_day=day, city=CITY, now=now)


class TestTheLink:
    def test_it_opens_for_fourteen_days_and_not_a_moment_longer(self):
        complaint, history = asked()
        (referral,) = outside.referrals(history)
        end = NOW + timedelta(days=14)
        assert outside.is_open(referral, complaint, CITY, end - timedelta(seconds=1))
        assert not outside.is_open(referral, complaint, CITY, end)

    def test_it_is_void_once_it_was_answered(self):
        complaint, history = asked()
        done = answered(complaint, history)
        (referral,) = outside.referrals([*history, done.event])
        assert referral.answered
        with pytest.raises(WindowClosed):
            outside.answer(done.complaint, referral, Answer.DONE, "Lagi.", city=CITY, now=NOW + DAY)

    def test_a_new_referral_voids_the_older_and_is_open_itself(self):
        complaint, first = asked()
        back = handling.start(complaint, an_officer(), now=NOW + DAY)
        again, second = asked(back.complaint, now=NOW + 2 * DAY)
        older, newer = outside.referrals([*first, back.event, *second])
        assert not outside.is_open(older, again, CITY, NOW + 2 * DAY)
        assert outside.is_open(newer, again, CITY, NOW + 2 * DAY)

    @pytest.mark.parametrize(
        "guard", [{"private": True}, {"accused": INSPECTORATE}, {"accused": INSPECTORATE, "sealed": True}]
    )
    def test_of_what_is_private_or_about_somebody_only_triage_lets_an_agency_read(self, guard):
        complaint = replace(a_complaint(city=CITY), **guard)
        by_office, history = asked(complaint)
        assert not outside.is_open(outside.referrals(history)[-1], by_office, CITY, NOW)
        by_triage, history = asked(complaint, officer=an_officer(f"triage@{TRIAGE}"))
        assert outside.is_open(outside.referrals(history)[-1], by_triage, CITY, NOW)

    def test_an_accusation_that_comes_later_voids_the_office_s_link(self):
        complaint, history = asked()
        sealed = replace(complaint, sealed=True)
        assert not outside.is_open(outside.referrals(history)[-1], sealed, CITY, NOW)

    def test_nobody_asks_the_agency_that_the_case_is_about(self):
        complaint = a_complaint(city=CITY, accused=AGENCY)
        with pytest.raises(Invalid) as caught:
            asked(complaint, officer=an_officer(f"triage@{TRIAGE}"))
        assert [(f.field, f.reason) for f in caught.value.faults] == [("agency", "agency_accused")]


class TestWhatGoesOut:
    TEXT = (
        "Kabel putus, ID pelanggan 5312 0012 3456, hubungi +62 812-3456-7890 atau made@example.id."
        " Rumah 17, jam 19.30."
    )

    def test_numbers_and_mailboxes_are_masked_and_the_rest_stays(self):
        masked = outside.masked(self.TEXT)
        assert masked == "Kabel putus, ID pelanggan (…), hubungi (…) atau (…). Rumah 17, jam 19.30."

    @pytest.mark.parametrize(
        "number", ["081234567890", "0812 3456 7890", "(0361) 431229", "5171010101900001"]
    )
    def test_each_way_to_write_a_number_is_masked(self, number):
        assert outside.masked(f"Nomor {number}, terima kasih") == "Nomor (…), terima kasih"

    def test_without_a_yes_no_number_goes_out_by_any_field(self):
        category = a_category(
            questions=(
                Question("nomor", {"id": "Nomor pelanggan"}),
                Question("keadaan", {"id": "Keadaan"}, "singlevaluelist", values={"padam": {"id": "Padam"}}),
            )
        )
        city = replace(CITY, categories={**CITY.categories, "jalan": category})
        filed = a_filed(city, text=self.TEXT, answers={"nomor": "531200123456", "keadaan": "padam"}).complaint
        shown = outside.shown(filed, (), city)
        assert dict(shown.answers or {}) == {"keadaan": "padam"}
        assert "5312" not in shown.text
        yes = a_filed(city, share=True).event
        shown = outside.shown(filed, (yes,), city)
        assert (shown.answers or {})["nomor"] == "531200123456"
        assert shown.text == self.TEXT

    def test_a_yes_may_be_given_with_an_answer_to_a_question(self):
        assert not outside.may_share((Event(Act.ANSWER, NOW, REPORTER),))
        assert outside.may_share((Event(Act.ANSWER, NOW, REPORTER, data={"shared": True}),))

    @pytest.mark.parametrize(
        "guard",
        [
            {"private": True},
            {"sealed": True},
            {"accused": INSPECTORATE},
            {"screening": Screening.HIDDEN},
            {"status": Status.WITHDRAWN},
        ],
    )
    def test_of_a_guarded_case_neither_words_nor_place_go_out(self, guard):
        complaint = replace(a_complaint(city=CITY), **guard)
        assert outside.shown(complaint, (), CITY) == outside.Shown()

    def test_what_happens_at_home_is_placed_no_nearer_than_the_public_may_know(self):
        category = replace(CITY.categories["jalan"], pin="home")
        city = replace(CITY, categories={**CITY.categories, "jalan": category})
        complaint = a_complaint(city=city)
        assert outside.shown(complaint, (), city).point != complaint.place.point
        assert outside.shown(complaint, (), CITY).point == complaint.place.point


class TestTheAnswer:
    @pytest.mark.parametrize("word", [Answer.DONE, Answer.NOT_OURS])
    def test_it_gives_a_waiting_case_back_and_never_solves_it(self, word):
        done = answered(*asked(), word)
        assert (done.event.act, done.complaint.status) == (Act.AGENCY_RETURN, Status.IN_PROGRESS)
        assert done.complaint.clocks.get(ClockName.REFERRAL) is None
        resolution = done.complaint.clocks.get(ClockName.RESOLUTION)
        assert resolution is not None
        assert resolution.running
        assert (done.event.by.kind, done.event.by.office) == ("agency", AGENCY)

    def test_a_promised_day_stays_outside_ends_the_referral_s_clock_and_buys_no_time(self):
        complaint, history = asked()
        promised = complaint.clocks.next_due
        done = answered(complaint, history, Answer.WILL_DO, day=date(2026, 12, 1))
        assert (done.event.act, done.complaint.status) == (Act.AGENCY_REPLY, Status.REFERRED)
        assert done.event.data["day"] == "2026-12-01"
        assert done.complaint.clocks.get(ClockName.REFERRAL) is None
        assert done.complaint.clocks.next_due == promised
        # Nobody is waited for any more, so the broken promise climbs again.
        due = done.complaint.clocks.get(ClockName.RESOLUTION).due  # type: ignore[union-attr]  # it has one
        assert done.complaint.clocks.due_to_climb(due).name is not ClockName.REFERRAL  # type: ignore[union-attr]

    @pytest.mark.parametrize("act", [Act.START, Act.RESOLVE, Act.PASS_ON])
    def test_it_lands_in_the_history_whatever_staff_did_and_moves_only_what_they_left(self, act):
        complaint, history = asked()
        moved = perform(act, complaint, CITY, now=NOW + timedelta(hours=1))
        done = answered(moved.complaint, [*history, moved.event])
        assert (done.event.act, done.event.text) == (Act.AGENCY_REPLY, "Sudah kami cek.")
        assert done.complaint.status is moved.complaint.status
        assert done.complaint.clocks == moved.complaint.clocks

    @pytest.mark.parametrize(
        ("day", "reason"),
        [(None, "required"), (date(2026, 11, 22), "day_past"), (date(2029, 11, 23), "moment_far")],
    )
    def test_a_promised_day_is_today_or_later_and_not_beyond_all_patience(self, day, reason):
        with pytest.raises(Invalid) as caught:
            answered(*asked(), Answer.WILL_DO, now=NOW, day=day)
        assert [(f.field, f.reason) for f in caught.value.faults] == [("day", reason)]

    def test_today_is_today_on_the_city_s_wall_clock(self):
        late = at(24, 0, 30)  # still the 23rd in UTC
        assert answered(*asked(), Answer.WILL_DO, now=late, day=date(2026, 11, 24))
        with pytest.raises(Invalid):
            answered(*asked(), Answer.WILL_DO, now=late, day=date(2026, 11, 23))


class TestWhomToWriteTo:
    def test_an_agency_with_a_mailbox_is_told_when_asked_and_at_each_warning(self):
        before = a_complaint(city=CITY)
        done = handling.refer(before, an_officer(), AGENCY, "Mohon dicek.", CITY, now=NOW)
        assert outside.addressee(done, (), CITY) == AGENCY
        clock = done.complaint.clocks.get(ClockName.REFERRAL)
        assert clock is not None
        only = replace(
            done.complaint,
            clocks=done.complaint.clocks.warned(ClockName.RESOLUTION, at(60)).warned(
                ClockName.FIRST_REPLY, at(60)
            ),
        )
        for moment in clock.warns:
            warned = overdue.warn(only, now=moment)
            assert warned.event.data["clock"] == ClockName.REFERRAL
            assert outside.addressee(warned, (done.event,), CITY) == AGENCY
            only = warned.complaint

    def test_nobody_is_written_to_without_a_mailbox_or_where_the_link_opens_nothing(self):
        before = a_complaint(city=CITY)
        done = handling.refer(before, an_officer(), OUTSIDE, "Mohon dicek.", CITY, now=NOW)
        assert outside.addressee(done, (), CITY) is None
        private = replace(before, private=True)
        done = handling.refer(private, an_officer(), AGENCY, "Mohon dicek.", CITY, now=NOW)
        assert outside.addressee(done, (), CITY) is None


class TestRoads:
    CITY = replace(
        CITY,
        roads=(
            Road("Jalan Bypass Timur", "bpjn", ("bypass timur",)),
            Road("Jalan Raya Barat", "provinsi", ()),
        ),
        road_categories=("jalan",),
    )

    @pytest.mark.parametrize(
        ("text", "place", "expected"),
        [
            ("Lubang besar di BYPASS Timur.", "", "bpjn"),
            ("Lubang besar sekali.", "Jalan Raya Barat 12", "provinsi"),
            ("Lubang besar di timur.", "dekat bypass", None),  # no name is read across place and text
            ("Lubang di Jalan Raya Baratdaya.", "", None),
        ],
    )
    def test_the_owner_of_a_road_that_the_words_name_is_proposed(self, text, place, expected):
        complaint = a_complaint(city=self.CITY, text=text)
        complaint = replace(complaint, place=replace(complaint.place, words=place))
        assert outside.suggested_agency(complaint, self.CITY) == expected

    def test_only_of_what_is_about_roads(self):
        complaint = a_complaint(city=self.CITY, category="sampah", text="Sampah di bypass timur menumpuk.")
        assert outside.suggested_agency(complaint, self.CITY) is None

    def test_else_the_agency_that_the_category_names(self):
        category = replace(CITY.categories["jalan"], refers_to=AGENCY)
        city = replace(self.CITY, categories={**CITY.categories, "jalan": category})
        assert outside.suggested_agency(a_complaint(city=city), city) == AGENCY

    def test_nothing_is_referred_by_itself(self):
        complaint = a_complaint(city=self.CITY, text="Lubang besar di bypass timur.")
        assert (complaint.office, complaint.referred_to) == (WORKS, None)
