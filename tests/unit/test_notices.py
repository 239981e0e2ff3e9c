"""Who is told what: an office's topic, the post a case climbs to, the reporter; and that each text fits an SMS."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from chalicelib import cities
from chalicelib.domain import handling, overdue, reporting
from chalicelib.domain.clock import CLOSED
from chalicelib.domain.complaint import MOVES, Change, Place, Route, Status
from chalicelib.domain.errors import IllegalMove, Invalid, NotDue, WindowClosed
from chalicelib.domain.geo import Point
from chalicelib.domain.notices import (
    CITIZEN_SMS_PER_CASE,
    TEMPLATES,
    UNVERIFIED,
    Channel,
    Holder,
    NoRoom,
    category_label,
    moment,
    notices_for,
    render,
    texts_a_citizen,
    topic_room,
    where_label,
)
from chalicelib.domain.people import Act, taker
from chalicelib.domain.service_level import ClockName, Clocks
from chalicelib.domain.sms import SINGLE_PART, is_gsm7, parts, units
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
    a_filed,
    an_officer,
    at,
    denpasar,
    escalate,
    next_climb,
    perform,
)

CITY = a_city()
SMS, EMAIL, TOPIC = Channel.SMS, Channel.EMAIL, Channel.TOPIC
EAST_HEAD = f"hamlet_head@{SHORE_EAST}"
EVERYBODY = {EAST_HEAD: Holder(EAST_HEAD, (("kaling", "id"),))}
SECRET = "RAHASIA-SEKALI"


def told(change: Change, *, channel: Channel | None = SMS, holders=None) -> list[tuple[str, str, str]]:
    """(template, channel, to) of each notice of a change."""
    notices = notices_for(change, CITY, citizen_channel=channel, holders=holders)
    return [(notice.template, str(notice.channel), notice.to) for notice in notices]


def climb(case, post_holders=(("pejabat", "id"),), **filled) -> tuple[Change, dict[str, Holder]]:
    change = escalate(case, CITY, now=next_climb(case), **filled)
    post = change.event.data["post"]
    return change, {post: Holder(post, post_holders)}


def late(case):
    """The case with nothing of triage's open, so that a promise is what climbs next."""
    return perform(Act.RELEASE, case, CITY, now=NOW).complaint


class TestWhoIsTold:
    def test_a_new_case_is_told_to_its_office_and_its_reporter(self):
        assert told(a_filed()) == [("office_new", TOPIC, WORKS), ("citizen_received", SMS, "citizen#warga")]

    def test_the_road_to_the_reporter_is_theirs_and_nobody_is_told_without_one(self):
        assert ("citizen_received", EMAIL, "citizen#warga") in told(a_filed(), channel=EMAIL)
        assert told(a_filed(), channel=None) == [("office_new", TOPIC, WORKS)]
        assert told(a_filed(citizen=None)) == [("office_new", TOPIC, WORKS)]

    def test_a_village_matter_is_also_told_to_the_head_of_the_hamlet_in_person(self):
        change = a_filed(category="gang", hamlet=SHORE_EAST)
        assert told(change, holders=EVERYBODY) == [
            ("office_new", TOPIC, SHORE),
            ("officer_new", SMS, "officer#kaling"),
            ("officer_new", EMAIL, "officer#kaling"),
            ("citizen_received", SMS, "citizen#warga"),
        ]

    def test_what_the_village_does_not_answer_is_not_told_to_the_hamlet(self):
        assert told(a_filed(hamlet=SHORE_EAST), holders=EVERYBODY)[0] == ("office_new", TOPIC, WORKS)
        assert len(told(a_filed(hamlet=SHORE_EAST), holders=EVERYBODY)) == 2

    @pytest.mark.parametrize(
        ("act", "status", "expected"),
        [
            (Act.SORT, Status.RECEIVED, [("office_new", TOPIC, WASTE)]),
            (Act.PASS_ON, Status.RECEIVED, [("office_passed", TOPIC, WASTE)]),
            (Act.MESSAGE, Status.RECEIVED, [("office_message", TOPIC, WORKS)]),
            (Act.WITHDRAW, Status.RECEIVED, [("office_withdrawn", TOPIC, WORKS)]),
            (Act.RESOLVE, Status.RECEIVED, [("citizen_resolved", SMS, "citizen#warga")]),
            (Act.REJECT, Status.RECEIVED, [("citizen_rejected", SMS, "citizen#warga")]),
            (Act.ASK, Status.RECEIVED, [("citizen_question", SMS, "citizen#warga")]),
            (
                Act.REOPEN,
                Status.RESOLVED,
                [("office_reopened", TOPIC, WORKS), ("citizen_reopened", SMS, "citizen#warga")],
            ),
            *(
                (act, Status.RECEIVED, [])
                for act in (
                    Act.EDIT,
                    Act.ACKNOWLEDGE,
                    Act.REPLY,
                    Act.START,
                    Act.REFER,
                    Act.RELEASE,
                    Act.HIDE,
                    Act.REVEAL,
                )
            ),
            (Act.RATE, Status.RESOLVED, []),
            (Act.AGREE, Status.RESOLVED, []),
            (Act.CLAIM, Status.RECEIVED, [("office_approval", TOPIC, WORKS)]),
            (Act.SEND_BACK, Status.CONFIRMING, [("office_returned", TOPIC, WORKS)]),
            (Act.APPROVE, Status.CONFIRMING, [("citizen_resolved", SMS, "citizen#warga")]),
            (Act.SCHEDULE, Status.RECEIVED, [("citizen_scheduled", SMS, "citizen#warga")]),
            (Act.DECLINE_DATE, Status.RECEIVED, [("office_decided", TOPIC, WORKS)]),
            (
                Act.GRANT_DATE,
                Status.RECEIVED,
                [("office_decided", TOPIC, WORKS), ("citizen_scheduled", SMS, "citizen#warga")],
            ),
        ],
    )
    def test_each_act_tells_whom_it_concerns(self, act, status, expected):
        case = a_complaint(status, identity_shown=True)
        assert told(perform(act, case, CITY, now=NOW)) == expected

    def test_silence_is_told_before_it_closes_and_not_after(self):
        case = a_complaint(Status.RESOLVED)
        call = overdue.last_call(case, CITY, reachable=True, now=case.wakes_at(CITY))
        (notice,) = notices_for(call, CITY, citizen_channel=SMS)
        assert (notice.template, notice.to) == ("citizen_silence", "citizen#warga")
        assert notice.args["closes"] == "03/12 10.00"
        assert notice.useful_until == call.complaint.closes_at
        closed = overdue.silence(call.complaint, CITY, reachable=True, now=call.complaint.closes_at)
        assert told(closed) == []

    def test_who_cannot_be_reached_is_told_nothing_and_a_second_person_is_asked(self):
        case = a_complaint(Status.RESOLVED, citizen=None)
        asked = overdue.silence(case, CITY, reachable=False, now=case.wakes_at(CITY))
        assert told(asked) == [("office_approval", TOPIC, WORKS)]
        approved = perform(Act.APPROVE, asked.complaint, CITY, now=asked.event.at)
        assert told(approved) == []

    def test_a_message_and_a_withdrawal_are_worth_no_sms_to_an_office(self):
        for act in (Act.MESSAGE, Act.WITHDRAW):
            (notice,) = notices_for(perform(act, a_complaint(), CITY, now=NOW), CITY)
            assert not notice.sms
        assert notices_for(a_filed(), CITY)[0].sms

    def test_an_office_hears_who_passed_it_on(self):
        (notice,) = notices_for(perform(Act.PASS_ON, a_complaint(), CITY, now=NOW), CITY)
        assert notice.args["from"] == CITY.offices[WORKS].short


HOLIDAY = replace(CITY.calendars["office"], days={at(n).date() + timedelta(days=1): CLOSED for n in (24, 25)})
HOLIDAY_CITY = replace(CITY, calendars={"office": HOLIDAY})


class TestBeforeAClosure:
    def receipt(self, now, **changes):
        change = a_filed(now=now, **changes)
        notices = notices_for(change, HOLIDAY_CITY, citizen_channel=SMS)
        return next(notice for notice in notices if notice.to.startswith("citizen#"))

    @pytest.mark.parametrize("moment", [at(23, 22), at(24, 12)])
    def test_the_receipt_names_the_day_of_reopening(self, moment):
        notice = self.receipt(moment)
        assert (notice.template, notice.args["reopens"]) == ("citizen_received_closed", "26/11")
        assert set(notice.args) == {"reopens", "due", "category"}

    def test_it_is_told_on_the_last_day_of_work_too(self):
        assert self.receipt(at(23, 10)).args["reopens"] == "26/11"

    def test_an_ordinary_day_has_the_ordinary_receipt(self):
        assert self.receipt(at(27, 10)).template == "citizen_received"

    def test_an_emergency_has_it_too_as_its_posts_never_close(self):
        emergency = self.receipt(at(24, 12), category="kebakaran")
        assert emergency.template == "citizen_emergency"

    def test_later_messages_are_not_about_it(self):
        change = perform(Act.RESOLVE, a_complaint(), HOLIDAY_CITY, now=at(24, 12))
        (notice,) = notices_for(change, HOLIDAY_CITY, citizen_channel=SMS)
        assert notice.template == "citizen_resolved"


class TestUrgency:
    def test_only_messages_of_an_emergency_are_sent_in_quiet_hours(self):
        for category, urgent in (("kebakaran", True), ("jalan", False), (None, False)):
            change = a_filed(category=category)
            assert {n.urgent for n in notices_for(change, CITY, citizen_channel=SMS)} == {urgent}, category


class TestClimbing:
    def test_the_rung_hears_in_person_on_both_roads_and_so_does_its_delegate(self):
        change, holders = climb(late(a_complaint()), (("kabid", "id"), ("wakil", "en")))
        assert told(change, holders=holders) == [
            ("officer_rung", SMS, "officer#kabid"),
            ("officer_rung", EMAIL, "officer#kabid"),
            ("officer_rung", SMS, "officer#wakil"),
            ("officer_rung", EMAIL, "officer#wakil"),
        ]
        assert {n.language for n in notices_for(change, CITY, holders=holders)} == {"id", "en"}

    @pytest.mark.parametrize("missing", [{}, {"all_vacant": True}])
    def test_where_nobody_is_there_the_office_hears_again(self, missing):
        change, holders = climb(late(a_complaint()), (), **missing)
        assert told(change, holders=holders) == [("office_overdue", TOPIC, WORKS)]

    def test_late_screening_is_triages_affair_and_names_the_moment_that_passed(self):
        change, _ = climb(a_complaint())
        (notice,) = notices_for(change, CITY)
        assert (notice.template, notice.to, notice.args["due"]) == ("office_overdue", TRIAGE, "23/11 14.00")

    def test_late_screening_of_a_case_about_triage_is_not(self):
        case = a_complaint(sealed=True, accused=TRIAGE)
        jalan, to = CITY.categories["jalan"], Route(WORKS, "topic")
        case = handling.sort(case, an_officer(), jalan, to, CITY, accused=TRIAGE, now=NOW).complaint
        change, _ = climb(case)
        assert change.event.data["clock"] == "screening"
        assert told(change) == [("office_overdue", TOPIC, INSPECTORATE)]

    def test_a_rung_is_told_of_the_moment_that_passed(self):
        change, holders = climb(late(a_complaint()))
        assert notices_for(change, CITY, holders=holders)[0].args["due"] == "24/11 16.00"

    def test_the_reporter_reads_of_a_climb_and_gets_no_sms_for_it(self):
        change, holders = climb(late(a_complaint()))
        assert not texts_a_citizen(notices_for(change, CITY, citizen_channel=SMS, holders=holders))


class TestWarnings:
    def warn(self, case, clock: ClockName, share: int) -> Change:
        found = case.clocks.get(clock)
        alone = replace(case, clocks=Clocks((found,)))
        return overdue.warn(alone, now=found.warns[0 if share == 50 else 1])

    @pytest.mark.parametrize("share", [50, 80])
    @pytest.mark.parametrize("clock", [ClockName.FIRST_REPLY, ClockName.RESOLUTION])
    def test_the_office_hears_by_mail_and_of_a_solution_that_is_nearly_due_by_sms_too(self, clock, share):
        case = a_complaint()
        (notice,) = notices_for(self.warn(case, clock, share), CITY, citizen_channel=SMS)
        assert (notice.template, notice.channel, notice.to) == ("office_warning", TOPIC, WORKS)
        assert notice.sms == (clock is ClockName.RESOLUTION and share == 80)
        due = case.clocks.get(clock).due
        assert notice.args["due"] == moment(due, CITY)
        assert notice.useful_until == due

    def test_of_sorting_triage_hears(self):
        change = self.warn(a_complaint(category=None), ClockName.VERIFICATION, 80)
        (notice,) = notices_for(change, CITY)
        assert (notice.template, notice.to, notice.sms) == ("office_warning", TRIAGE, False)

    def test_the_head_of_a_hamlet_who_must_act_hears_too(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST)
        assert told(self.warn(case, ClockName.FIRST_REPLY, 80), holders=EVERYBODY) == [
            ("office_warning", TOPIC, SHORE),
            ("office_warning", EMAIL, "officer#kaling"),
        ]
        assert told(self.warn(case, ClockName.RESOLUTION, 80), holders=EVERYBODY) == [
            ("office_warning", TOPIC, SHORE),
            ("office_warning", SMS, "officer#kaling"),
            ("office_warning", EMAIL, "officer#kaling"),
        ]

    def test_not_where_the_case_is_about_them(self):
        case = replace(a_complaint(category="gang", hamlet=SHORE_EAST), accused=SHORE_EAST)
        assert told(self.warn(case, ClockName.RESOLUTION, 80), holders=EVERYBODY) == [
            ("office_warning", TOPIC, SHORE)
        ]

    @pytest.mark.parametrize("clock", [ClockName.VERIFICATION, ClockName.FIRST_REPLY, ClockName.RESOLUTION])
    def test_an_undecided_accusation_is_named_to_triage_alone_and_not_what_it_is(self, clock):
        case = a_complaint(category="gang", hamlet=SHORE_EAST, sealed=True, accused=WORKS)
        (notice,) = notices_for(self.warn(case, clock, 80), CITY, citizen_channel=SMS, holders=EVERYBODY)
        assert (notice.template, notice.to, set(notice.args)) == ("office_sealed", TRIAGE, {"due"})


class TestAccusations:
    def test_they_are_told_to_triage_alone(self):
        change = a_filed(category="gang", hamlet=SHORE_EAST, about_staff=True, accused=SHORE)
        assert told(change, holders=EVERYBODY) == [
            ("office_sealed", TOPIC, TRIAGE),
            ("citizen_received", SMS, "citizen#warga"),
        ]

    def test_one_about_triage_is_told_to_its_stand_in(self):
        assert told(a_filed(about_staff=True, accused=TRIAGE))[0] == ("office_sealed", TOPIC, INSPECTORATE)

    def test_nothing_of_what_it_is_about_is_in_any_message_however_high_it_climbs(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST, sealed=True, accused=SHORE)
        changes = [perform(Act.MESSAGE, case, CITY, now=NOW)]
        for _ in range(9):
            change, holders = climb(case)
            case = change.complaint
            for notice in notices_for(change, CITY, citizen_channel=SMS, holders={**EVERYBODY, **holders}):
                assert notice.template == "office_sealed"
                assert set(notice.args) <= {"due", "rung_post", "clock", "rung"}
                assert notice.to in (TRIAGE, "officer#pejabat")
            changes.append(change)
        assert {c.event.data.get("post", "").partition("@")[2] for c in changes} <= {"", TRIAGE, "city"}

    def test_mended_words_that_accuse_are_told_to_triage_and_others_to_nobody(self):
        accusing = reporting.edit(a_complaint(), "Petugas PU pungli.", city=CITY, now=NOW)
        assert told(accusing) == [("office_sealed", TOPIC, TRIAGE)]

    def test_reopening_with_an_accusation_is_told_to_triage_and_not_to_the_office(self):
        change = reporting.reopen(a_complaint(Status.RESOLVED), "Mereka minta uang.", city=CITY, now=NOW)
        assert told(change) == [("office_sealed", TOPIC, TRIAGE), ("citizen_reopened", SMS, "citizen#warga")]

    def test_one_that_is_withdrawn_asks_nobody_for_a_decision(self):
        assert told(perform(Act.WITHDRAW, a_complaint(sealed=True), CITY, now=NOW)) == []

    def test_an_accused_head_of_a_hamlet_is_not_told_even_where_the_village_takes_the_case(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST, sealed=True, accused=SHORE_EAST)
        to, gang = Route(SHORE, "area"), CITY.categories["gang"]
        change = handling.sort(case, an_officer(), gang, to, CITY, accused=SHORE_EAST, now=NOW)
        assert told(change, holders=EVERYBODY) == [("office_new", TOPIC, SHORE)]


class TestTheCap:
    def test_a_reporter_gets_four_sms_and_no_fifth(self):
        case, sent = a_filed().complaint, 1
        case = replace(case, citizen_sms=1)
        for act in [Act.RESOLVE, Act.REOPEN] * 4:
            change = perform(act, case, CITY, now=NOW)
            notices = notices_for(change, CITY, citizen_channel=SMS)
            sent += texts_a_citizen(notices)
            case = replace(change.complaint, citizen_sms=sent)
        assert sent == CITIZEN_SMS_PER_CASE == 4

    def test_e_mail_costs_nothing_and_has_none(self):
        case = a_complaint(citizen_sms=CITIZEN_SMS_PER_CASE)
        assert told(perform(Act.RESOLVE, case, CITY, now=NOW), channel=EMAIL) == [
            ("citizen_resolved", EMAIL, "citizen#warga")
        ]

    def test_an_officers_sms_is_none_of_the_reporters(self):
        change, holders = climb(late(a_complaint()))
        assert not texts_a_citizen(notices_for(change, CITY, holders=holders))


def every_notice():
    """The notices of every act on a case full of private things, open and sealed."""
    words = {
        "text": f"Lubang besar. {SECRET}",
        "place": Place(Point(-8.7123456, 115.2012345), SECRET),
        "answers": {"catatan": SECRET},
        "accused_words": SECRET,
        "citizen": SECRET,
        "hamlet": SHORE_EAST,
    }
    for status, sealed in product(Status, (False, True)):
        if sealed and status is Status.SCHEDULED:
            continue  # nobody sets a date before triage has decided
        case = replace(a_complaint(status, category="gang", sealed=sealed), **words, identity_shown=True)
        for act in MOVES:
            now = NOW + CITY.windows.reopen if act in (Act.CLOSE, Act.LAST_CALL, Act.AWAIT) else NOW
            if case.open and act is Act.ESCALATE:
                now = next_climb(case)
            if case.open and act is Act.WARN:
                now = max(moment for clock in case.clocks.running() for moment in clock.warns)
            try:
                change = perform(act, case, CITY, now=now)
            except (IllegalMove, Invalid, NotDue, WindowClosed):
                continue
            change = replace(change, event=replace(change.event, text=SECRET))
            post = str(change.event.data.get("post", ""))
            holders = {**EVERYBODY, post: Holder(post, (("pejabat", "id"),))}
            yield from notices_for(change, CITY, citizen_channel=SMS, holders=holders)


class TestWhatANoticeHolds:
    def test_nothing_that_a_person_wrote_or_is(self):
        notices = list(every_notice())
        # The other channels are chosen by whoever hears, when a notice is sent.
        assert {notice.channel for notice in notices} == {Channel.TOPIC, Channel.SMS, Channel.EMAIL}
        for notice in notices:
            assert SECRET not in str(dict(notice.args))
            assert "-8.7" not in str(dict(notice.args))
            if notice.channel is TOPIC:
                assert SECRET not in repr(notice)

    def test_only_what_its_texts_need(self):
        for notice in every_notice():
            texts = [name for name in TEMPLATES if name.partition(".")[0] == notice.template]
            needed = frozenset().union(*(TEMPLATES[name] for name in texts))
            # Of which rung it is, so that its link can be made of that when it is sent.
            needed |= {"rung_post", "clock", "rung"} if "rung" in notice.args else set()
            assert set(notice.args) - {"unverified"} == needed - {"code", "link", "service"}

    def test_a_repeated_job_makes_the_same_notices(self):
        change, holders = climb(late(a_complaint()))
        assert notices_for(change, CITY, holders=holders) == notices_for(change, CITY, holders=holders)

    def test_no_two_notices_of_a_case_have_the_same_id(self):
        change = a_filed(category="gang", hamlet=SHORE_EAST)
        ids = [notice.id for notice in notices_for(change, CITY, citizen_channel=SMS, holders=EVERYBODY)]
        later = replace(change, complaint=replace(change.complaint, version=2))
        ids += [notice.id for notice in notices_for(later, CITY, citizen_channel=SMS, holders=EVERYBODY)]
        assert len(ids) == len(set(ids)) == 8

    def test_it_is_of_use_for_a_while_after_the_act(self):
        for notice in notices_for(a_filed(now=at(24, 9)), CITY, citizen_channel=SMS):
            assert notice.created_at == at(24, 9)
            assert notice.useful_until == at(24, 9) + timedelta(days=14)

    def test_an_officers_language_that_the_city_has_no_texts_for_is_no_reason_to_stay_silent(self):
        change, _ = climb(late(a_complaint()))
        post = change.event.data["post"]
        notices = notices_for(change, CITY, holders={post: Holder(post, (("kabid", "ban"),))})
        assert {notice.language for notice in notices} == {"id"}


class TestWordsInMessages:
    def test_a_moment_is_on_the_citys_wall_clock(self):
        assert moment(at(24, 9, 30), CITY) == "24/11 09.30"
        assert moment(at(30, 0), replace(CITY, utc_offset=timedelta(hours=7))) == "29/11 23.00"

    def test_a_category_is_called_by_its_name_in_the_readers_language(self):
        assert category_label(a_complaint(), CITY, "en") == "Jalan en"
        assert category_label(a_complaint(), CITY, "ban") == "Jalan"
        assert category_label(a_complaint(category=None), CITY, "id") == "Belum dipilah"
        assert category_label(a_complaint(category=None), CITY, "en") == "Not sorted yet"

    def test_a_place_is_told_no_nearer_than_its_village(self):
        assert where_label(a_complaint(area=FIELD), CITY) == "Ladang"
        assert where_label(a_complaint(area=None), CITY) == "Kota Uji"


# Texts of the real cities ---------------------------------------------------------------------------------------

SMS_TEXTS = [
    (city_id, language, name)
    for city_id in cities.available()
    for language in cities.load(city_id).languages
    for name in sorted(TEMPLATES)
    if name.endswith(".sms")
]


def arguments(city, name: str, category: str, where: str) -> dict[str, str]:
    """The longest that each argument can be."""
    short = "X" * 10
    link = f"k/{short}/{'x' * 20}" if name.startswith(("citizen", "joiner")) else f"o/{short}"
    of_rungs = {f"officer_{each}.sms" for each in ("rung", "alarm", "coordination", "handover", "referral")}
    link = f"r/{short}.{'x' * 14}" if name in of_rungs | {"officer_appeal.sms", "office_sealed.sms"} else link
    ombudsman = city.offices[taker("city", city)]
    return {
        "code": f"{city.code_prefix}-XXXXX-XXXXX",
        "category": category,
        "where": where,
        "due": "24/11 09.30",
        "office": ombudsman.short,
        "contact": ombudsman.contact,
        "reopens": "30/11",
        "until": "24/11 09.30",
        "question": "99",
        "number": max((n.number for n in city.emergency_numbers.values()), key=len),
        "closes": "30/11 09.30",
        "link": f"https://{city.host}/{link}",
        "service": city.service_name,
        "digits": "123456",
        "minutes": "5",
        "count": "12",
    }


@pytest.mark.parametrize(("city_id", "language", "name"), SMS_TEXTS)
def test_every_sms_of_a_real_city_is_one_part_and_readable_whatever_the_names(city_id, language, name):
    city = cities.load(city_id)
    labels = {c.labels.get(language) or c.labels["id"] for c in city.categories.values()}
    labels |= {category_label(a_complaint(category=None), city, language)}
    places = {area.name for area in city.villages.values()} | {city.name}
    longest_place = max(places, key=len)
    longest_label = max(labels, key=len)
    pairs = {(label, longest_place) for label in labels} | {(longest_label, place) for place in places}
    for label, place in pairs:
        given = arguments(city, name, label, place)
        text = render(name, given, language, city, one_sms=True)
        assert is_gsm7(text)
        assert parts(text) == 1, text
        assert units(text) <= 160
        for key in TEMPLATES[name] - {"category", "where"}:
            assert given[key] in text, f"{key} was cut: {text}"
        for key, least in (("category", 13), ("where", 9)):
            if key in TEMPLATES[name]:
                assert given[key][:least].rstrip(" ,.-") in text, f"{key} was cut too short: {text}"


OF_EMERGENCIES = (
    "office_emergency.sms",
    "officer_alarm.sms",
    "office_new.sms",
    "office_reopened.sms",
    "office_granted.sms",
    "office_continued.sms",
    "office_pressed.sms",
    "officer_appeal.sms",
    "officer_handover.sms",
    "officer_referral.sms",
)
"""Of an emergency that nobody has confirmed the city's people hear by these alone."""


@pytest.mark.parametrize(
    ("city_id", "language", "name"), [each for each in SMS_TEXTS if each[2] in OF_EMERGENCIES]
)
def test_every_sms_about_an_unverified_emergency_has_room_to_say_so(city_id, language, name):
    city = cities.load(city_id)
    given = arguments(city, name, "X" * 40, "Y" * 40) | {"unverified": UNVERIFIED[language]}
    room = topic_room(city) if name.startswith("office_") else SINGLE_PART
    text = render(name, given, language, city, one_sms=True, room=room)
    assert text.startswith(UNVERIFIED[language])
    assert units(text) <= room


@pytest.mark.parametrize("city_id", cities.available())
@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_text_is_filled_completely_and_says_nothing_but_its_arguments(city_id, name):
    city = cities.load(city_id)
    for language in city.languages:
        marks = {key: f"<{key}>" for key in TEMPLATES[name]}
        text = render(name, marks, language, city)
        assert "{" not in text
        assert all(mark in text for mark in marks.values())


ROOMY = {
    "code": "DPS-XXXXX-XXXXX",
    "due": "24/11 09.30",
    "link": "https://pro.denpasarkota.go.id/o/XXXXXXXXXX",
}


class TestShortening:
    def test_a_text_that_fits_is_left_alone(self):
        given = {**ROOMY, "category": "Jalan rusak", "where": "Panjer"}
        text = render("office_new.sms", given, "id", denpasar(), one_sms=True)
        assert text == render("office_new.sms", given, "id", denpasar())
        assert "Jalan rusak, Panjer." in text

    def test_the_category_is_shortened_before_the_place_and_the_link_never(self):
        given = {**ROOMY, "category": "K" * 80, "where": "Padangsambian Kelod"}
        text = render("office_new.sms", given, "id", denpasar(), one_sms=True)
        assert units(text) == 160
        assert "Padangsambian Kelod" in text
        assert text.endswith(given["link"])
        given["where"] = "P" * 80
        text = render("office_new.sms", given, "id", denpasar(), one_sms=True)
        assert f"{'K' * 13}., P" in text
        assert units(text) == 160

    def test_names_are_made_plain_before_they_are_counted(self):
        given = {**ROOMY, "category": "Jalan “rusak” 😀 – lagi", "where": "Panjér"}
        text = render("office_new.sms", given, "id", denpasar(), one_sms=True)
        assert is_gsm7(text)
        assert 'Jalan "rusak"  - lagi, Panjér' in text

    def test_a_text_without_room_is_a_fault_and_no_second_part(self):
        given = {**ROOMY, "category": "x", "where": "y", "link": "https://" + "x" * 120}
        with pytest.raises(NoRoom):
            render("office_new.sms", given, "id", denpasar(), one_sms=True)

    def test_an_e_mail_is_never_shortened(self):
        given = {
            "service": "Lapor",
            "code": "C",
            "category": "K" * 300,
            "where": "P",
            "due": "d",
            "link": "l",
        }
        assert "K" * 300 in render("office_new.email", given, "id", denpasar())
