"""Emergencies on real engines: who is paged, by night and on Nyepi, and what happens while nobody answers."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.complaint import Alarm, Complaint
from chalicelib.domain.errors import IllegalMove, Invalid, NotAllowed, NotFound
from chalicelib.domain.people import Act
from chalicelib.http import views
from chalicelib.store import complaints
from chalicelib.store.tables import GuardRow, NoticeRow
from chalicelib.usecases import escalation, handling, intake, reading, rungs
from chalicelib.usecases.handling import Lowering
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, TRIAGE_OFFICE, a_case, a_phone, an_officer, stored
from tests.stack import Stack

MINUTE = timedelta(minutes=1)
NIGHT = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)
"""Sunday, 02.30 WITA."""
NYEPI = datetime(2026, 3, 19, 4, tzinfo=UTC)
"""Noon of the day of silence."""
HERE, NEAR, FAR = (-8.6900, 115.2200), (-8.6915, 115.2210), (-8.6990, 115.2300)
FIRE = "Gudang di belakang pasar terbakar, api sudah tinggi."


def a_fire(client: str = "203.0.113.7", **changes: Any) -> Complaint:
    values = {"category": "kebakaran", "text": FIRE, "now": NOW, "client": client, "at": HERE}
    return a_case(**{**values, **changes}).complaint


def notices(code: str) -> list[tuple[str, str]]:
    """(template, to) of every notice of a case, in the order they were made."""
    rows = sorted((row for row in NoticeRow.scan() if row.code == code), key=lambda row: row.notice_id)
    return [(json.loads(row.body)["template"], json.loads(row.body)["to"]) for row in rows]


def acts(code: str) -> list[str]:
    return [str(event.act) for event in complaints.get(code, consistent=True).history]


# Who is paged -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [NIGHT, NYEPI])
def test_with_a_phone_its_post_is_paged_at_once_at_night_and_on_nyepi(stack: Stack, now: datetime) -> None:
    desk = an_officer("duty@bpbd", desk=True)
    phone = a_phone()
    sent = cast.Sent(stack)
    complaint = a_fire(phone=phone, now=now)
    cast.deliver(now + timedelta(seconds=5))
    messages = sent.new()
    (paged,) = [m for m in messages if m["to"] == desk.phone]
    assert paged["text"].removeprefix("DPS> ").startswith("BELUM DIPASTIKAN: DARURAT")
    (receipt,) = [m for m in messages if m["to"] == phone]
    assert "BUKAN panggilan darurat" in receipt["text"]
    assert "113" in receipt["text"]
    assert complaint.office == "bpbd"


@pytest.mark.parametrize("now", [NIGHT, NYEPI])
def test_five_minutes_without_an_answer_tell_the_next_post_and_confirming_ends_it(
    stack: Stack, now: datetime
) -> None:
    head, secretary = an_officer("office_head@bpbd"), an_officer("secretary@city")
    duty = an_officer("duty@bpbd").officer
    code = a_fire(phone=a_phone(), now=now).code
    assert escalation.sweep(now=now + timedelta(minutes=4, seconds=59)).climbed == 0
    assert escalation.sweep(now=now + 5 * MINUTE).climbed == 1
    assert ("officer_alarm", f"officer#{head.officer.id}") in notices(code)
    assert escalation.sweep(now=now + 5 * MINUTE).climbed == 0  # once, however often it runs
    handling.confirm(code, duty, if_match=stored(code).version, now=now + 6 * MINUTE)
    assert escalation.sweep(now=now + 11 * MINUTE).climbed == 0
    assert ("officer_alarm", f"officer#{secretary.officer.id}") not in notices(code)
    assert stored(code).alarm is Alarm.CONFIRMED


def test_the_next_post_acknowledges_an_emergency_with_one_tap_from_its_sms(stack: Stack) -> None:
    head = an_officer("office_head@bpbd")
    code = a_fire(phone=a_phone(), now=NIGHT).code
    escalation.sweep(now=NIGHT + 5 * MINUTE)
    sent = cast.Sent(stack)
    cast.deliver(NIGHT + 5 * MINUTE)
    sms, email = sent.to(head.phone, head.email)
    (secret,) = set(re.findall(r"/r/\w+\.(\w+)", sms["text"] + email["text"]))
    assert rungs.opened(code, secret, now=NIGHT + 6 * MINUTE).owes
    rungs.acknowledge(code, secret, now=NIGHT + 6 * MINUTE)
    assert not stored(code).clocks.owed_by(["office_head@bpbd"])
    event = complaints.get(code).history[-1]
    assert (event.act, event.data["by_link"]) == (Act.ACK_RUNG, True)


def test_an_emergency_that_nobody_answers_ends_on_the_daily_list_and_its_reminders_end(stack: Stack) -> None:
    secretary = an_officer("secretary@city")
    code = a_fire(phone=a_phone(), now=NIGHT).code
    for _ in range(60):
        now = stored(code).wakes_at(cast.city())
        assert now is not None
        if now - NIGHT > timedelta(days=4):
            break
        escalation.wake_one(code, now=now)
    reminders = [act for act in acts(code) if act == Act.ESCALATE]
    pages = [to for template, to in notices(code) if template == "office_emergency"]
    assert set(pages) == {"bpbd"}  # that nobody has read its text for the public is no emergency of triage's
    clocks = len(cast.city().ladders["emergency"])
    assert len(pages) == 1 + 3 * cast.city().emergency.reminders  # once paged, then three clocks ran out
    assert len(reminders) <= 3 * (clocks + cast.city().emergency.reminders + 1)
    assert stored(code).marked_overdue
    assert stored(code).unheard
    listed = reading.inbox(secretary.officer, "top").cards
    assert [card.code for card in listed] == [code]
    # And whoever answers at last ends it as before.
    handling.confirm(code, an_officer("duty@bpbd").officer, if_match=stored(code).version, now=now)
    assert not stored(code).unheard


def test_without_a_phone_triage_has_it_and_no_post_is_paged(stack: Stack) -> None:
    for contact in ({}, {"email": "made@example.id"}):
        complaint = a_fire(**contact, client=f"203.0.113.{len(contact)}", at=FAR if contact else HERE)
        assert (complaint.office, complaint.alarm) == (TRIAGE_OFFICE, Alarm.WAITS)
        assert "bpbd" not in [to for _, to in notices(complaint.code)]
    clerk = an_officer(f"staff@{TRIAGE_OFFICE}").officer
    assert a_fire(clerk=clerk).office == "bpbd"  # an officer took it in person


# A second reporter --------------------------------------------------------------------------------------------


def test_a_second_reporter_nearby_pages_both(stack: Stack) -> None:
    first = a_fire()
    with cast.calls() as seen:
        second = a_fire("198.51.100.4", at=NEAR, now=NOW + 10 * MINUTE)
    assert not [name for name, _ in seen if name == "Scan"]
    assert second.alarm is Alarm.UNVERIFIED
    for code in (first.code, second.code):
        assert stored(code).office == "bpbd"
        assert ("office_emergency", "bpbd") in notices(code)
        assert acts(code) == ["file", "raise"]


def test_one_with_a_phone_confirms_the_one_without(stack: Stack) -> None:
    first = a_fire()
    a_fire("198.51.100.4", phone=a_phone(), at=NEAR)
    assert stored(first.code).office == "bpbd"


def test_without_a_point_the_village_is_near_enough(stack: Stack) -> None:
    first = a_fire(at=None, area=PANJER)
    second = a_fire("198.51.100.4", at=None, area=PANJER)
    assert (stored(first.code).office, second.office) == ("bpbd", "bpbd")


@pytest.mark.parametrize(
    "second",
    [
        {"at": FAR, "client": "198.51.100.4"},
        {"client": "203.0.113.7"},  # the same person again
        {"client": "198.51.100.4", "now": NOW + 16 * MINUTE},
        {
            "client": "198.51.100.4",
            "category": "bencana_kedaruratan",
            "text": "Tembok roboh di sini, hati-hati.",
        },
    ],
)
def test_somebody_elsewhere_too_late_the_same_or_of_something_else_confirms_nothing(
    stack: Stack, second: dict[str, Any]
) -> None:
    first = a_fire()
    assert a_fire(**second).alarm is Alarm.WAITS
    assert stored(first.code).alarm is Alarm.WAITS


def test_two_at_the_same_moment_are_both_paged_and_only_once(stack: Stack) -> None:
    results = cast.at_once(2, lambda place: a_fire(f"198.51.100.{place}"))
    assert cast.bad(results) == []
    for complaint in cast.good(results):
        assert acts(complaint.code) == ["file", "raise"]


def test_a_case_that_was_lowered_meanwhile_stays_so(stack: Stack) -> None:
    first = a_fire()
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    handling.lower(first.code, triage, Lowering("Hanya asap.", "sampah"), if_match=1, now=NOW)
    a_fire("198.51.100.4")
    assert stored(first.code).emergency(cast.city()) is None


def test_a_report_that_died_before_it_was_compared_is_compared_when_it_comes_again(stack: Stack) -> None:
    first = a_fire()
    retry = intake.Retry(cast.a_key(), "hash")
    updates = itertools.count(1)

    class Killed(BaseException):
        pass

    def die(**_: Any) -> None:
        if next(updates) == 4:  # the caps are counted, nothing is compared yet
            raise Killed

    with cast.on_dynamodb("before-call.dynamodb.UpdateItem", die), pytest.raises(Killed):
        a_fire("198.51.100.4", retry=retry)
    assert a_fire("198.51.100.4", retry=retry).office == "bpbd"
    assert stored(first.code).office == "bpbd"


# Misuse -------------------------------------------------------------------------------------------------------


def test_beyond_a_days_cap_it_is_triaged_and_never_refused(stack: Stack) -> None:
    phone = a_phone()
    most = cast.city().emergency.per_person_day
    paged = [a_fire(phone=phone, at=None, area=PANJER) for _ in range(most)]
    assert {case.office for case in paged} == {"bpbd"}
    over = a_fire(phone=phone, at=None, area=PANJER)
    assert (over.office, over.alarm) == (TRIAGE_OFFICE, Alarm.WAITS)
    assert a_fire(phone=phone, at=None, area=PANJER, now=NOW + timedelta(days=1)).office == "bpbd"


def test_whoever_misused_it_is_triaged_first(stack: Stack) -> None:
    phone = a_phone()
    duty = an_officer("duty@bpbd").officer
    for day in range(cast.city().emergency.misuse):
        now = NOW + timedelta(days=day)
        case = a_fire(phone=phone, now=now)
        lowering = Lowering("Dibuat-buat.", "lainnya", misuse=True)
        handling.lower(case.code, duty, lowering, if_match=1, now=now)
    assert a_fire(phone=phone, now=NOW + timedelta(days=5)).alarm is Alarm.WAITS
    assert a_fire(phone=a_phone(), now=NOW + timedelta(days=5)).alarm is Alarm.UNVERIFIED


# The desk -----------------------------------------------------------------------------------------------------


def test_the_post_calls_a_hidden_reporter_back_and_the_reporter_is_told(stack: Stack) -> None:
    phone = a_phone()
    duty, staff = an_officer("duty@bpbd").officer, an_officer("staff@bpbd").officer
    code = a_fire(phone=phone).code
    with pytest.raises(IllegalMove):
        reading.contact_of(code, staff, if_match=1, now=NOW)
    complaint, contact = reading.contact_of(code, duty, if_match=1, now=NOW + MINUTE)
    assert contact == {"phone": phone}  # neither name nor mailbox
    assert not complaint.unheard
    assert any(template == "citizen_called" for template, _ in notices(code))
    assert complaints.get(code).history[-1].act is Act.REVEAL


def test_a_hidden_reporter_of_violence_stays_hidden(stack: Stack) -> None:
    duty = an_officer("duty@dp3ap2kb").officer
    text = "Saya dipukul suami malam ini, tolong kami."
    complaint = a_case(category=None, text=text, phone=a_phone()).complaint
    assert (complaint.office, complaint.private) == ("dp3ap2kb", True)
    with pytest.raises(IllegalMove):
        reading.contact_of(complaint.code, duty, if_match=1, now=NOW)


def test_no_area_head_finds_violence_in_any_list_or_by_its_code(stack: Stack) -> None:
    heads = [an_officer(f"village_head@{PANJER}"), an_officer("district_head@51.71.01")]
    cases = [
        a_case(category=None, text="Istri dipukul suami di rumah sebelah.", area=PANJER, private=False),
        a_case(category="perempuan_anak", area=PANJER, private=False),
        a_case(category="krisis_jiwa", area=PANJER, private=False),
    ]
    for head in heads:
        assert reading.inbox(head.officer, "area").cards == ()
        for filed in cases:
            with pytest.raises(NotFound):
                reading.office_case(filed.complaint.code, head.officer)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    version = stored(cases[0].complaint.code).version
    with pytest.raises(Invalid):
        handling.sort(
            cases[0].complaint.code,
            triage,
            handling.Sorting("perempuan_anak", office=PANJER),
            if_match=version,
            now=NOW,
        )


def test_triage_sees_the_citys_unanswered_emergencies_first_with_the_number_to_dial(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}", f"staff@{TRIAGE_OFFICE}").officer
    head = an_officer("office_head@bpbd")
    waits = a_fire(at=FAR)
    ordinary = a_case(category="layanan_digital", now=NOW - timedelta(days=30)).complaint
    paged = a_fire(phone=a_phone())
    (card,) = reading.inbox(triage, "emergency").cards
    assert card.code == paged.code
    shown = views.staff_card(card, cast.city(), "id", NOW)["emergency"]
    assert (shown["number"], shown["acknowledged"], shown["state"]) == ("113", False, "unverified")
    assert [c.code for c in reading.inbox(triage, "office").cards] == [waits.code, ordinary.code]
    following = reading.next_post(paged, triage, now=NOW)
    assert following == reading.NextPost("office_head@bpbd", (head.phone,))
    duty = an_officer("duty@bpbd").officer
    handling.acknowledge(paged.code, duty, if_match=1, now=NOW)
    assert reading.inbox(triage, "emergency").cards == ()
    assert reading.next_post(stored(paged.code), triage, now=NOW) is None
    with pytest.raises(NotFound):
        reading.inbox(duty, "emergency")


def test_official_phones_are_for_those_who_may_weigh_an_emergency(stack: Stack) -> None:
    an_officer("office_head@bpbd")
    paged = a_fire(phone=a_phone())
    assert reading.next_post(paged, an_officer("staff@bpbd").officer, now=NOW) is None
    assert reading.next_post(paged, an_officer("secretary@city").officer, now=NOW) is None


def test_an_ordinary_case_is_raised_and_lowered_again_with_its_reasons(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    ordinary = a_case().complaint
    raised = handling.raise_to(ordinary.code, triage, "fire", "Api besar.", if_match=1, now=NOW + MINUTE)
    assert (raised.office, raised.danger) == ("bpbd", "fire")
    assert stored(ordinary.code).unheard
    with pytest.raises(NotAllowed):
        handling.lower(
            ordinary.code, an_officer("staff@bpbd").officer, Lowering("Bukan."), if_match=2, now=NOW
        )
    after = handling.lower(ordinary.code, triage, Lowering("Sudah padam."), if_match=2, now=NOW + 9 * MINUTE)
    before = {c.name: c.due for c in ordinary.clocks}
    assert {c.name: c.due for c in after.clocks if c.name in before} == before
    assert stored(ordinary.code).danger == ""
    said = [event.text for event in complaints.get(ordinary.code).history]
    assert said[1:] == ["Api besar.", "Sudah padam."]


def test_what_is_remembered_of_reports_nearby_expires(stack: Stack) -> None:
    a_fire()
    rows = [row for row in GuardRow.scan() if row.pk.startswith("near#")]
    assert rows
    within = cast.city().emergency.near_within
    assert all(row.expires_at <= int((NOW + within).timestamp()) + 1 for row in rows)
    assert not [row for row in rows if "203.0.113" in (row.body or "")]
