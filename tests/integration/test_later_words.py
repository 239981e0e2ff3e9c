"""What a reporter mends, adds or answers is searched for danger as a fresh report is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.complaint import Alarm, Complaint, Screening
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.tracking import short
from chalicelib.http import views
from chalicelib.settings import utc_now
from chalicelib.store import complaints
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import escalation, handling, intake, reading
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, a_case, a_phone, an_officer, later, stored
from tests.integration.test_pages import Browser, text_of
from tests.stack import Stack

FIRE = "Api besar sekarang, rumah terbakar!"
BEATEN = "Sebenarnya saya dipukul suami setiap malam."
MINUTE = timedelta(minutes=1)
THERE = "198.51.100.9"


def unsorted(**changes: Any) -> intake.Filed:
    """A report of which nobody has said what it is about."""
    return a_case(**{"category": None, "text": "Ada asap di belakang rumah kami.", **changes})


def says(filed: intake.Filed, text: str, *, client: str = THERE, minutes: int = 2) -> Complaint:
    who = cast.holder_of(filed)
    return handling.message(filed.complaint.code, who, text, client=client, now=NOW + minutes * MINUTE)


def told(code: str) -> set[tuple[str, str]]:
    rows = [row for row in NoticeRow.scan() if row.code == code]
    return {(json.loads(row.body)["template"], json.loads(row.body)["to"].partition("#")[0]) for row in rows}


def test_a_message_of_danger_about_what_nobody_sorted_pages_the_post_in_the_same_write(stack: Stack) -> None:
    filed = unsorted(phone=a_phone())
    code = filed.complaint.code
    after = says(filed, FIRE)
    assert (after.office, after.danger or after.category, after.alarm) == (
        "bpbd",
        "kebakaran",
        Alarm.UNVERIFIED,
    )
    history = complaints.get(code).history
    assert [event.act for event in history] == [Act.FILE, Act.MESSAGE]
    assert history[-1].data["danger"] == "fire"
    alarm, reply = after.clocks.get(ClockName.ALARM), after.clocks.get(ClockName.FIRST_REPLY)
    assert alarm is not None
    assert reply is not None
    assert alarm.due == NOW + 7 * MINUTE
    assert reply.due <= NOW + 17 * MINUTE
    assert {("office_emergency", "bpbd"), ("citizen_emergency", "citizen")} <= told(code)
    head = an_officer("office_head@bpbd").officer
    assert escalation.sweep(now=NOW + 7 * MINUTE).climbed == 1
    assert stored(code).rungs == ("office_head@bpbd",)
    lines = views.office(complaints.get(code), head, cast.city(), "id", NOW)["timeline"]
    assert "sekarang darurat, ditangani BPBD" in lines[1]["what"]
    # It is one emergency, however often its reporter says so.
    says(filed, FIRE, minutes=8)
    assert stored(code).rungs == ("office_head@bpbd",)
    assert "alarm" not in complaints.get(code).history[-1].data


def test_mended_words_and_an_answer_are_searched_too_and_the_question_ends(stack: Stack) -> None:
    mended = unsorted(phone=a_phone())
    handling.edit(mended.complaint.code, cast.holder_of(mended), FIRE, client=THERE, now=NOW + MINUTE)
    assert stored(mended.complaint.code).office == "bpbd"
    assert stored(mended.complaint.code).text == FIRE

    asked = unsorted(phone=a_phone())
    code, triage = asked.complaint.code, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    handling.ask(code, triage, "Asap dari mana?", if_match=1, now=NOW + MINUTE)
    who = cast.holder_of(asked)
    after = handling.answer(code, who, 1, "Gudang terbakar.", client=THERE, now=NOW + 3 * MINUTE)
    assert (after.office, after.asked.open) == ("bpbd", False)
    assert {clock.asleep for clock in stored(code).clocks} == {None}


def test_beside_a_chosen_category_words_offer_the_call_and_page_nobody(stack: Stack) -> None:
    filed = a_case(phone=a_phone())
    code, before = filed.complaint.code, filed.complaint
    after = says(filed, FIRE)
    assert (after.office, after.emergency(cast.city()), after.clocks) == (before.office, None, before.clocks)
    assert complaints.get(code).history[-1].data == {"status": "received", "danger": "fire"}
    assert ("office_emergency", "bpbd") not in told(code)
    desk = an_officer("staff@dlhk").officer
    line = views.office(complaints.get(code), desk, cast.city(), "id", NOW)["timeline"][-1]
    assert "pelapor diminta menelepon 113" in line["what"]
    own = views.own(reading.own_case(code, cast.holder_of(filed)), cast.city(), "id", NOW)
    assert own["emergency"]["number"] == "113"
    assert own["emergency"]["state"] is None


def test_words_of_violence_count_whatever_the_category_and_make_the_case_private(stack: Stack) -> None:
    filed = a_case(phone=a_phone(), area=cast.PANJER)
    lurah = an_officer(f"village_head@{cast.PANJER}").officer
    after = says(filed, BEATEN)
    assert (after.office, after.danger, after.private) == ("dp3ap2kb", "protection", True)
    assert reading.inbox(lurah, "area").cards == ()
    assert complaints.get_head(after.code).keys.get("public_card") is None


@pytest.mark.parametrize("why", ["no phone", "caps", "accusing"])
def test_whoever_pages_nobody_is_triaged_first_in_the_time_for_an_emergency(stack: Stack, why: str) -> None:
    phone = "" if why == "no phone" else a_phone()
    if why == "caps":
        for _ in range(cast.city().emergency.per_person_day):
            a_case(category="kebakaran", phone=phone, text="Gudang terbakar.")
    filed = unsorted(phone=phone)
    text = f"{FIRE} Petugasnya minta uang." if why == "accusing" else FIRE
    after = says(filed, text, client="203.0.113.7")  # the address of the others: no second reporter
    assert (after.office, after.alarm, after.unheard) == (TRIAGE_OFFICE, Alarm.WAITS, False)
    assert after.emergency(cast.city()) == "fire"
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    (card, *_) = reading.inbox(triage, "office").cards
    assert (card.code, card.alarm) == (after.code, "w")
    verification = after.clocks.get(ClockName.VERIFICATION)
    assert verification is not None
    assert verification.due <= NOW + timedelta(minutes=32)
    assert ("office_emergency", "bpbd") not in told(after.code)


def test_a_second_reporter_nearby_confirms_what_a_message_told(stack: Stack) -> None:
    one, two = unsorted(), unsorted(client="198.51.100.77")
    says(one, FIRE, client="203.0.113.7")
    assert stored(one.complaint.code).alarm is Alarm.WAITS
    says(two, FIRE, client="198.51.100.77")
    for filed in (one, two):
        assert stored(filed.complaint.code).office == "bpbd"


def test_a_solved_or_merged_case_offers_the_call_alone_and_a_reopened_one_may_be_raised(stack: Stack) -> None:
    filed = unsorted(phone=a_phone())
    code, triage = filed.complaint.code, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    handling.sort(code, triage, handling.Sorting("sampah"), if_match=1, now=later(hours=1))
    handling.resolve(code, an_officer("staff@dlhk").officer, "Beres.", if_match=2, now=later(hours=2))
    after = says(filed, BEATEN, minutes=130)
    assert (after.emergency(cast.city()), after.private, after.screening) == (None, True, Screening.HELD)
    back = handling.reopen(code, cast.holder_of(filed), BEATEN, client=THERE, now=later(hours=3))
    assert (back.office, back.danger) == ("dp3ap2kb", "protection")


def test_the_reporter_sees_the_call_before_anything_else(stack: Stack) -> None:
    filed = a_case(phone=a_phone(), now=utc_now())
    code = filed.complaint.code
    handling.acknowledge(code, an_officer("staff@dlhk").officer, if_match=1, now=utc_now())
    body = views.said(FIRE, stored(code), cast.city(), "id", utc_now())
    assert next(iter(body)) == "emergency"
    assert body["emergency"]["tel"] == "tel:113"
    path = f"/k/{short(code)}/{filed.secret}"
    assert 'class="box sos"' not in Browser().get(path).body.decode()
    done = Browser().post(f"{path}/message", {"text": FIRE})
    assert done.status_code == 303
    page = Browser().get(f"{path}?ok=message")
    read = page.body.decode().partition("<main")[2]
    assert read.index('href="tel:113"') < read.index(code)
    assert "pelapor diminta menelepon 113" in text_of(page)
