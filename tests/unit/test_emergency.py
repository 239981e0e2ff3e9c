"""Where life may be at stake: what means danger, who is paged, who never hears, and the way in and out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.cities import load
from chalicelib.domain import emergency, handling, overdue, reporting
from chalicelib.domain.city import Kind, Question
from chalicelib.domain.complaint import Alarm, Complaint, Place, Route, Screening, Status
from chalicelib.domain.emergency import call_for, sensed, to_call
from chalicelib.domain.errors import IllegalMove, Invalid
from chalicelib.domain.notices import TEMPLATES, UNVERIFIED, Channel, Holder, notices_for
from chalicelib.domain.people import Act, Role, allowed
from chalicelib.domain.routing import assign
from chalicelib.domain.service_level import ClockName, steps
from chalicelib.store.complaints import URGENT, alarms_key, head_keys
from tests.builders import (
    NOW,
    OUTSIDE,
    SHORE,
    SHORE_EAST,
    SOUTH,
    TRIAGE,
    WASTE,
    WORKS,
    Filled,
    a_category,
    a_city,
    a_complaint,
    a_filed,
    a_filing,
    an_officer,
    at,
    due_of,
    promises,
    runs,
)

ASKED = Question("bahaya", {}, "singlevaluelist", values={"ya": {}, "tidak": {}}, dangers={"ya": "police"})
BASE = a_city()
CITY = a_city(
    categories={
        **BASE.categories,
        "maling": a_category("maling", WORKS, questions=(ASKED,)),
        "kekerasan": replace(BASE.categories["kekerasan"], sheltered=True),
    }
)
MINUTE = timedelta(minutes=1)
DUTY = an_officer(f"duty@{WORKS}")
TRIAGER = an_officer(f"triage@{TRIAGE}")
NIGHT = at(28, 23, 50)
"""A Saturday, ten minutes before midnight."""


def waiting(**changes) -> Complaint:
    """A fire that somebody without a phone reported."""
    return a_filed(
        CITY, **{"category": "kebakaran", "citizen": None, "reach": "", "paged": False, **changes}
    ).complaint


def fire(**changes) -> Complaint:
    return a_filed(CITY, category="kebakaran", **changes).complaint


def raised(case: Complaint, key: str = "fire", now=NOW) -> Complaint:
    return emergency.raise_to(case, TRIAGER, key, "Api besar.", CITY, now=now).complaint


def lowered(case: Complaint, category: str = "sampah", now=NOW, **how) -> Complaint:
    found = CITY.categories[category]
    route = Route(found.office, "topic")
    return emergency.lower(case, TRIAGER, found, route, CITY, "Bukan darurat.", now=now, **how).complaint


class TestWhatMeansDanger:
    def test_a_category_of_emergencies(self):
        assert sensed(a_filing(category="kebakaran"), CITY) == emergency.Danger("fire", "category")

    def test_an_answer_that_the_profile_marks_and_no_other_answer(self):
        filing = a_filing(category="maling", answers={"bahaya": "ya"})
        assert sensed(filing, CITY) == emergency.Danger("police", "answer")
        assert sensed(replace(filing, answers={"bahaya": "tidak"}), CITY) is None
        assert sensed(replace(filing, answers={}), CITY) is None

    def test_words_where_nobody_chose_a_category(self):
        text = "Tolong, rumah terbakar di gang kami!"
        assert sensed(a_filing(category=None, text=text), CITY) == emergency.Danger("fire", "words")
        # Who chose an ordinary category is offered the call, and nobody is woken.
        assert sensed(a_filing(category="sampah", text=text), CITY) is None
        assert to_call(a_filed(CITY, category="sampah", text=text).complaint, CITY) == ("fire", "general")

    def test_words_of_violence_whatever_the_category(self):
        filing = a_filing(category="gang", text="Tetangga saya dipukul suami setiap malam.")
        assert sensed(filing, CITY) == emergency.Danger("protection", "words")

    def test_a_request_for_information_is_no_emergency(self):
        text = "Berapa rumah terbakar tahun lalu?"
        assert sensed(a_filing(category=None, kind=Kind.INFORMATION, text=text), CITY) is None

    def test_an_ordinary_report_calls_nobody(self):
        assert to_call(a_filed(CITY).complaint, CITY) == ()

    def test_a_category_that_asks_offers_the_call_before_the_answer(self):
        assert to_call(a_filed(CITY, category="maling").complaint, CITY) == ("police", "general")
        assert call_for("maling", "", None, CITY) == ("police", "general")
        assert call_for(None, "rumah terbakar", None, CITY) == ("fire", "general")
        assert call_for(None, "", "kebakaran", CITY) == ("fire", "general")
        assert call_for("jalan", "lubang", None, CITY) == ()


class TestTheAnswerPicksThePost:
    def test_an_answer_goes_to_the_office_of_its_number_not_of_the_category(self):
        case = a_filed(CITY, category="maling", answers={"bahaya": "ya"}).complaint
        assert (case.office, case.danger, case.category) == (WASTE, "police", "maling")
        assert CITY.emergency_numbers["police"].refers_to == OUTSIDE

    def test_a_category_goes_to_its_own_office_and_the_head_remembers_nothing_more(self):
        case = fire()
        assert (case.office, case.danger, case.alarm) == (WORKS, "", Alarm.UNVERIFIED)

    def test_words_bring_the_category_along(self):
        case = a_filed(CITY, category=None, text="rumah terbakar di sini, tolong").complaint
        assert (case.category, case.office, case.danger) == ("kebakaran", WORKS, "")

    @pytest.mark.parametrize("city_id", ["denpasar", "tangerang-selatan"])
    def test_every_number_of_a_real_city_has_a_post_of_ours(self, city_id):
        city = load(city_id)
        assert {"general", "fire", "ambulance", "police", "protection", "crisis"} <= set(
            city.emergency_numbers
        )
        for key, number in city.emergency_numbers.items():
            assert not city.offices[number.office].outside
            assert number.words, key
        assert city.emergency_numbers["police"].refers_to is not None
        assert city.emergency_numbers["protection"].sheltered
        assert city.emergency_numbers["crisis"].sheltered


class TestMinutes:
    def test_they_run_by_night_and_the_first_post_has_five(self):
        case = fire(now=NIGHT)
        assert due_of(case, ClockName.ALARM) == NIGHT + 5 * MINUTE
        assert due_of(case, ClockName.FIRST_REPLY) == NIGHT + 15 * MINUTE
        assert case.unheard

    @pytest.mark.parametrize(
        "act", [Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.RESOLVE, Act.REFER, Act.CONFIRM]
    )
    def test_any_act_of_the_post_shows_that_it_has_heard(self, act):
        from tests.builders import perform

        after = perform(act, fire(), CITY, now=NOW + MINUTE).complaint
        assert not runs(after, ClockName.ALARM)
        assert not after.unheard

    def test_passing_it_on_shows_nothing_and_buys_no_time(self):
        case = fire()
        after = handling.pass_on(
            case, DUTY, Route(WASTE, "topic"), "Wilayah Anda.", CITY, now=NOW + MINUTE
        ).complaint
        assert after.unheard
        assert due_of(after, ClockName.ALARM) == due_of(case, ClockName.ALARM)

    def test_unheard_in_five_minutes_the_next_post_hears_and_each_again_in_five(self):
        case, heard = fire(now=NIGHT), []
        for minutes in (5, 10, 15):
            while case.clocks.due_to_climb(NIGHT + minutes * MINUTE):
                change = overdue.escalate(case, CITY, Filled(), now=NIGHT + minutes * MINUTE)
                if change.event.data["clock"] == ClockName.ALARM:
                    heard.append((minutes, change.event.data["post"]))
                case = change.complaint
        assert heard == [
            (5, f"office_head@{WORKS}"),
            (10, f"office_head@{WASTE}"),
            (15, "secretary@city"),
        ]

    def test_a_post_that_acknowledges_has_its_quarter_of_an_hour(self):
        case = overdue.escalate(fire(now=NIGHT), CITY, Filled(), now=NIGHT + 5 * MINUTE).complaint
        head = an_officer(f"office_head@{WORKS}")
        case = handling.acknowledge_rung(case, head, now=NIGHT + 6 * MINUTE).complaint
        alarm = case.clocks.get(ClockName.ALARM)
        assert alarm is not None
        assert alarm.next_climb == NIGHT + 20 * MINUTE

    def test_the_day_of_silence_stops_none_of_it_whatever_calendar_the_posts_keep(self):
        city, noon = load("denpasar"), datetime(2026, 3, 19, 4, tzinfo=UTC)
        case = a_filed(
            city, now=noon, category="tindak_pidana", area=None, answers={"bahaya": "ya"}, place=Place()
        ).complaint
        assert case.office == "satpolpp"
        assert due_of(case, ClockName.FIRST_REPLY) == noon + 15 * MINUTE
        for minutes in (5, 10):
            case = overdue.escalate(case, city, Filled(), now=noon + minutes * MINUTE).complaint
            alarm = case.clocks.get(ClockName.ALARM)
            assert alarm is not None
            assert alarm.next_climb == noon + (minutes + 5) * MINUTE

    def test_the_command_is_told_once_where_it_has_the_case_itself(self):
        case = replace(fire(), office=WASTE)
        posts = [step.post for step in steps(case, ClockName.ALARM, CITY)]
        assert posts == [f"office_head@{WASTE}", "secretary@city"]

    def test_no_area_head_stands_on_the_ladder_of_an_emergency(self):
        case = raised(a_filed(CITY, category="gang", hamlet=SHORE_EAST).complaint)
        for clock in (ClockName.ALARM, ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert not [step for step in steps(case, clock, CITY) if SHORE in step.post or SOUTH in step.post]


class TestWithoutAPhone:
    def test_it_is_triaged_and_nobody_is_paged(self):
        case = waiting()
        assert (case.office, case.alarm, case.category) == (TRIAGE, Alarm.WAITS, "kebakaran")
        assert not runs(case, ClockName.ALARM)
        assert due_of(case, ClockName.VERIFICATION) == NOW + 30 * MINUTE
        assert due_of(case, ClockName.FIRST_REPLY) > NOW + 60 * MINUTE
        assert steps(case, ClockName.VERIFICATION, CITY)[0].post == f"division_head@{TRIAGE}"

    def test_a_second_reporter_nearby_pages_its_post_from_now_on(self):
        later = NOW + 7 * MINUTE
        change = emergency.confirmed_nearby(waiting(), CITY, now=later)
        case = change.complaint
        assert (case.office, case.alarm) == (WORKS, Alarm.UNVERIFIED)
        assert due_of(case, ClockName.ALARM) == later + 5 * MINUTE
        assert (change.event.act, change.event.by.kind, change.event.data["nearby"]) == (
            Act.RAISE,
            "time",
            True,
        )
        with pytest.raises(IllegalMove):
            emergency.confirmed_nearby(case, CITY, now=later)

    def test_an_accusation_in_it_waits_for_triage_whatever_the_phone(self):
        case = a_filed(CITY, category="kebakaran", about_staff=True, accused=WORKS).complaint
        assert (case.sealed, case.alarm, case.office) == (True, Alarm.WAITS, TRIAGE)
        with pytest.raises(IllegalMove):
            emergency.confirmed_nearby(case, CITY, now=NOW)


class TestShelter:
    TEXT = "Saya dipukul suami, tolong."

    def test_it_is_private_whatever_the_reporter_chose(self):
        for changes in ({"category": "kekerasan"}, {"category": None, "text": self.TEXT}):
            case = a_filed(CITY, private=False, **changes).complaint
            assert case.private
            assert case.sheltered(CITY)
            assert "area_open" not in head_keys(case, CITY)
            assert "public_month" not in head_keys(case, CITY)

    @pytest.mark.parametrize("role", [Role.HAMLET_HEAD, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD])
    @pytest.mark.parametrize("act", [Act.READ, Act.REPLY, Act.ACK_RUNG, Act.REVEAL])
    def test_no_area_head_ever_learns_of_it_not_even_as_a_rung_or_by_a_slip(self, role, act):
        scope = {Role.HAMLET_HEAD: SHORE_EAST, Role.VILLAGE_HEAD: SHORE, Role.DISTRICT_HEAD: SOUTH}[role]
        case = a_filed(CITY, category=None, text=self.TEXT, hamlet=SHORE_EAST).complaint
        slipped = replace(
            case,
            office=SOUTH if role is Role.DISTRICT_HEAD else SHORE,
            clocks=case.clocks.climb(ClockName.RESOLUTION, 1, NOW, rung=f"{role}@{scope}"),
        )
        for each in (case, slipped):
            assert not allowed(an_officer(f"{role}@{scope}"), act, each, CITY)

    def test_it_cannot_be_given_to_an_area(self):
        with pytest.raises(Invalid):
            assign(SHORE, None, CITY, sheltered=True)
        assert assign(WASTE, None, CITY, sheltered=True).office == WASTE

    def test_no_hamlet_head_is_told(self):
        post = f"hamlet_head@{SHORE_EAST}"
        holders = {post: Holder(post, (("kaling", "id"),))}
        change = a_filed(CITY, category="gang", text=self.TEXT, hamlet=SHORE_EAST)
        assert not [n for n in notices_for(change, CITY, holders=holders) if "kaling" in n.to]


class TestUnverified:
    def test_its_people_read_so_until_somebody_confirmed_and_the_reporter_never_does(self):
        change = a_filed(CITY, category="kebakaran")
        office, citizen = notices_for(change, CITY, citizen_channel=Channel.SMS)
        assert (office.template, office.args["unverified"]) == ("office_emergency", UNVERIFIED["id"])
        assert (citizen.template, citizen.args["number"]) == ("citizen_emergency", "113")
        assert "unverified" not in citizen.args
        confirmed = emergency.confirm(change.complaint, DUTY, CITY, now=NOW).complaint
        reply = reporting.message(confirmed, "Api padam.", city=CITY, now=NOW)
        (told,) = notices_for(reply, CITY)
        assert "unverified" not in told.args

    @pytest.mark.parametrize("change", [{}, {"citizen": None, "reach": "", "paged": False}])
    def test_whatever_time_brings_is_told_in_texts_that_have_room_to_say_so(self, change):
        case, found = a_filed(CITY, category="kebakaran", **change).complaint, set()
        for _ in range(20):
            now = case.wakes_at(CITY)
            assert now is not None
            made = overdue.escalate(case, CITY, Filled(), now=now)
            post = str(made.event.data.get("post", ""))
            holders = {post: Holder(post, (("pejabat", "id"),))} if post else {}
            found |= {n.template for n in notices_for(made, CITY, holders=holders) if n.sms}
            case = made.complaint
        assert "officer_alarm" in found
        assert {f"{template}.sms" for template in found} & TEMPLATES.keys() <= {
            "officer_alarm.sms",
            "office_emergency.sms",
        }

    def test_confirming_is_the_duty_posts_right_and_not_the_staffs(self):
        assert allowed(DUTY, Act.CONFIRM, fire(), CITY)
        assert allowed(an_officer(f"office_head@{WORKS}"), Act.CONFIRM, fire(), CITY)
        for post in (f"staff@{WORKS}", f"duty@{WASTE}", f"triage@{TRIAGE}", "secretary@city"):
            assert not allowed(an_officer(post), Act.CONFIRM, fire(), CITY), post

    def test_it_is_confirmed_once_and_only_after_its_post_was_paged(self):
        for case in (a_complaint(), waiting(), emergency.confirm(fire(), DUTY, CITY, now=NOW).complaint):
            with pytest.raises(IllegalMove):
                emergency.confirm(case, DUTY, CITY, now=NOW)

    def test_one_that_waits_is_told_to_triage_as_unverified(self):
        change = a_filed(CITY, category="kebakaran", citizen=None, reach="", paged=False)
        (told,) = notices_for(change, CITY)
        assert (told.template, told.to, told.urgent) == ("office_new", TRIAGE, True)
        assert told.args["unverified"]


class TestCallingBack:
    def test_the_post_may_see_the_number_of_a_hidden_reporter_and_tells_them(self):
        case = fire()
        assert handling.may_call_back(case, CITY)
        change = handling.reveal(case, DUTY, callback=True, now=NOW + MINUTE)
        assert change.event.data["callback"] is True
        assert not change.complaint.unheard
        (told,) = notices_for(change, CITY, citizen_channel=Channel.SMS)
        assert told.template == "citizen_called"

    def test_not_of_violence_nor_of_an_ordinary_case_nor_where_there_is_no_phone(self):
        shelter = a_filed(CITY, category=None, text=TestShelter.TEXT).complaint
        for case in (
            shelter,
            a_complaint(city=CITY),
            waiting(),
            fire(reach="email"),
            replace(fire(), status=Status.CLOSED),
        ):
            assert not handling.may_call_back(case, CITY)
            with pytest.raises(IllegalMove):
                handling.reveal(case, DUTY, now=NOW)

    def test_a_contact_that_was_shown_is_told_by_the_history_alone(self):
        case = replace(a_complaint(), identity_shown=True)
        assert notices_for(handling.reveal(case, DUTY, now=NOW), CITY, citizen_channel=Channel.SMS) == ()


class TestRaising:
    def test_it_adds_the_minutes_from_now_and_restarts_nothing(self):
        case = handling.reply(a_complaint(city=CITY), an_officer(), "Kami cek.", now=NOW).complaint
        now = NOW + 60 * MINUTE
        after = raised(case, now=now)
        assert (after.office, after.danger, after.status) == (WORKS, "fire", Status.RECEIVED)
        assert due_of(after, ClockName.RESOLUTION) == now + timedelta(hours=24)
        assert due_of(after, ClockName.ALARM) == now + 5 * MINUTE
        reply = after.clocks.get(ClockName.FIRST_REPLY)
        assert reply is not None
        assert reply.stopped_at == NOW  # what was kept stays kept

    def test_a_promise_that_is_late_already_stays_as_it_was(self):
        case = a_complaint(city=CITY)
        much_later = at(60)
        assert due_of(raised(case, now=much_later), ClockName.RESOLUTION) == due_of(
            case, ClockName.RESOLUTION
        )

    def test_it_is_recorded_with_its_sentence_and_both_hear(self):
        change = emergency.raise_to(a_complaint(city=CITY), TRIAGER, "police", "Ada senjata.", CITY, now=NOW)
        assert (change.event.act, change.event.text) == (Act.RAISE, "Ada senjata.")
        assert change.event.data["danger"] == "police"
        templates = {n.template for n in notices_for(change, CITY, citizen_channel=Channel.SMS)}
        assert templates == {"office_emergency", "citizen_emergency"}

    def test_raised_to_violence_it_becomes_private_and_leaves_the_area(self):
        case = raised(a_filed(CITY, category="gang").complaint, "protection")
        assert case.private
        assert case.office == WASTE
        assert "area_open" not in head_keys(case, CITY)
        assert not runs(case, ClockName.SCREENING)

    def test_an_emergency_or_an_undecided_accusation_is_not_raised(self):
        for case in (fire(), a_complaint(sealed=True)):
            with pytest.raises(IllegalMove):
                raised(case)

    def test_sorting_into_a_category_of_danger_pages_from_now(self):
        case = a_complaint(city=CITY, category=None)
        now = NOW + 90 * MINUTE
        change = handling.sort(
            case, TRIAGER, CITY.categories["kebakaran"], Route(WORKS, "topic"), CITY, now=now
        )
        assert due_of(change.complaint, ClockName.ALARM) == now + 5 * MINUTE
        assert due_of(change.complaint, ClockName.FIRST_REPLY) == now + 15 * MINUTE
        assert notices_for(change, CITY)[0].template == "office_emergency"


class TestLowering:
    def test_it_returns_to_the_ordinary_promise_from_the_first_instant(self):
        now = NOW + 10 * MINUTE
        after = lowered(fire(), now=now)
        fresh = a_filed(CITY, category="sampah").complaint
        wanted = {
            name: due for name, due in promises(fresh.clocks).items() if name is not ClockName.SCREENING
        }
        assert {name: due_of(after, name) for name in wanted} == wanted
        assert (after.office, after.category, after.emergency(CITY)) == (WASTE, "sampah", None)
        assert not after.unheard

    def test_never_later_than_what_an_ordinary_category_had_promised_before(self):
        case = raised(a_complaint(city=CITY, category="sampah"))
        assert due_of(lowered(case, "jalan"), ClockName.RESOLUTION) == at(25, 16)

    def test_one_that_waited_keeps_the_promises_it_had(self):
        case = waiting()
        after = lowered(case, "jalan")
        for name in (ClockName.FIRST_REPLY, ClockName.RESOLUTION):
            assert due_of(after, name) <= due_of(case, name)
        assert not runs(after, ClockName.VERIFICATION)
        assert after.screening is Screening.HELD
        assert runs(after, ClockName.SCREENING)

    def test_it_is_recorded_and_the_reporter_hears(self):
        route = Route(WASTE, "topic")
        change = emergency.lower(
            fire(), TRIAGER, CITY.categories["sampah"], route, CITY, "Hanya asap.", misuse=True, now=NOW
        )
        assert (change.event.text, change.event.data["misuse"]) == ("Hanya asap.", True)
        told = {n.template: n.urgent for n in notices_for(change, CITY, citizen_channel=Channel.SMS)}
        assert told == {"office_new": False, "citizen_lowered": False}

    def test_not_to_another_category_of_danger_and_not_what_is_none(self):
        with pytest.raises(Invalid):
            lowered(fire(), "kebakaran")
        with pytest.raises(IllegalMove):
            lowered(a_complaint(city=CITY))

    def test_sorting_is_no_way_around_it(self):
        for case in (fire(), waiting()):
            with pytest.raises(Invalid) as refused:
                handling.sort(case, TRIAGER, CITY.categories["sampah"], Route(WASTE, "topic"), CITY, now=NOW)
            assert refused.value.faults[0].reason == "lower_first"


class TestTheTopOfTheInbox:
    def test_what_nobody_has_acknowledged_comes_before_everything_and_triage_sees_the_citys(self):
        keys = head_keys(fire(), CITY)
        assert keys["inbox_at"].startswith(URGENT)
        assert keys["screening_open"] == alarms_key(CITY)
        ordinary = head_keys(a_complaint(city=CITY), CITY)
        assert keys["inbox_at"] < ordinary["inbox_at"]

    def test_acknowledged_it_stands_where_its_promise_puts_it(self):
        keys = head_keys(handling.acknowledge(fire(), DUTY, now=NOW).complaint, CITY)
        assert not keys["inbox_at"].startswith(URGENT)
        assert keys["screening_open"] == CITY.id

    def test_one_that_waits_is_first_at_triage(self):
        assert head_keys(waiting(), CITY)["inbox_at"].startswith(URGENT)
