"""A question to the reporter, on the real engines: who reads what, how it is answered, what time does to it once."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import NotFound, NotResponsible, QuestionClosed
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.tracking import short
from chalicelib.http import views
from chalicelib.store import complaints
from chalicelib.usecases import escalation, handling, reading, signin
from local.bench.meter import item_size
from tests.integration import people as cast
from tests.integration.people import (
    NOW,
    TRIAGE_OFFICE,
    Sent,
    a_case,
    an_officer,
    later,
    stored,
)
from tests.integration.test_pages import Browser, officer_browser, text_of, version_in
from tests.stack import Stack

QUESTION = "Tumpukan yang di sebelah mana pasarnya?"
MINUTE = timedelta(minutes=1)


def asked(now: datetime = NOW, **changes: Any) -> Complaint:
    """A case about rubbish, read by triage, whose office asks five minutes later; nothing but its promise is left."""
    code = a_case(now=now, **changes).complaint.code
    triage, office = an_officer(f"triage@{TRIAGE_OFFICE}").officer, an_officer("staff@dlhk").officer
    handling.release(code, triage, if_match=1, now=now + MINUTE)
    return handling.ask(code, office, QUESTION, if_match=2, now=now + 5 * MINUTE)


def key_of(complaint: Complaint) -> signin.Who:
    return signin.Who(signin.Kind.LINK, f"{complaint.code}.1")


def due(code: str) -> datetime:
    clock = stored(code).clocks.get(ClockName.RESOLUTION)
    assert clock is not None
    return clock.due


def resumed(code: str) -> list[dict[str, Any]]:
    history = complaints.get(code, consistent=True).history
    return [dict(event.data) for event in history if event.act is Act.RESUME]


def pause_end(complaint: Complaint) -> datetime:
    ends = stored(complaint.code).asked.resumes_at
    assert ends is not None
    return ends


# The sweep ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=3), timedelta(hours=9)])
def test_the_pause_ends_once_however_late_the_sweep_comes_and_however_often(
    stack: Stack, late: timedelta
) -> None:
    complaint = asked()
    promised, end = due(complaint.code), pause_end(complaint)
    calendar = cast.city().calendar_of("dlhk")
    assert complaint.asked.at is not None
    pause = calendar.between(complaint.asked.at, end) // MINUTE
    assert escalation.sweep(now=end - timedelta(seconds=1)).failed == 0
    assert resumed(complaint.code) == []
    for _ in range(2):
        assert escalation.sweep(now=end + late).failed == 0
    (once,) = resumed(complaint.code)
    assert (once["paused"], once["unanswered"]) == (pause, True)
    # The deadline moved by the pause and not by the sweep's delay.
    assert calendar.between(promised, due(complaint.code)) == pause * MINUTE
    assert datetime.fromisoformat(once["moved_to"]) == due(complaint.code)


def test_sweeps_side_by_side_end_each_pause_once(stack: Stack) -> None:
    cases = [asked() for _ in range(4)]
    ends = [pause_end(case) for case in cases]
    results = cast.at_once(3, lambda _: escalation.sweep(now=max(ends)))
    assert cast.bad(results) == []
    assert sum(swept.failed for swept in cast.good(results)) == 0
    assert [len(resumed(case.code)) for case in cases] == [1] * 4


def test_a_paused_case_climbs_only_after_its_pause_and_its_moved_deadline(stack: Stack) -> None:
    an_officer("division_head@dlhk")
    complaint = asked()
    promised = due(complaint.code)
    assert escalation.sweep(now=promised + MINUTE).climbed == 0
    assert stored(complaint.code).level == 0
    escalation.sweep(now=pause_end(complaint))
    moved = due(complaint.code)
    assert moved > promised
    assert escalation.sweep(now=moved - MINUTE).climbed == 0
    assert escalation.sweep(now=moved).climbed == 1


def test_an_unanswered_question_is_told_in_history_and_inbox_and_to_the_reporter_by_nobody(
    stack: Stack,
) -> None:
    complaint = asked(phone=cast.a_phone())
    cast.deliver(later(minutes=6))
    sent = Sent(stack)
    office = an_officer("duty@dlhk").officer
    (card,) = (c for c in reading.inbox(office, "office").cards if c.code == complaint.code)
    row = views.staff_card(card, cast.city(), "id", later(hours=2))
    assert (row["question"], row["late"]) == ("waits", False)
    end = pause_end(complaint)
    escalation.sweep(now=end)
    cast.deliver(end)
    assert not [m for m in sent.new() if m["channel"] == "sms" and complaint.code in m["text"]]
    after = complaints.get(complaint.code, consistent=True)
    assert after.complaint.status is Status.RECEIVED
    assert after.complaint.clocks.get(ClockName.RESOLUTION).running  # type: ignore[union-attr]  # it has one
    line = views.own(after, cast.city(), "id", end)["timeline"][-1]
    assert line["what"].startswith("Belum ada jawaban pelapor")
    assert "Jeda " in line["what"]
    assert (
        views.local_time(due(complaint.code), cast.city())
        in views.own(after, cast.city(), "en", end)["timeline"][-1]["what"]
    )
    (card,) = (c for c in reading.inbox(office, "office").cards if c.code == complaint.code)
    assert views.staff_card(card, cast.city(), "id", end)["question"] == "unanswered"
    with pytest.raises(QuestionClosed):
        handling.answer(complaint.code, key_of(complaint), 1, "Maaf terlambat.", now=end + MINUTE)


# The row ------------------------------------------------------------------------------------------------------


def test_the_row_keeps_the_question_while_it_waits_and_gives_it_up_after(stack: Stack) -> None:
    complaint = asked(phone=cast.a_phone())
    kept = stored(complaint.code)
    assert (kept.asked, kept.clocks.running()) == (complaint.asked, complaint.clocks.running())
    assert kept.wakes_at(cast.city()) == kept.asked.resumes_at
    handling.answer(complaint.code, key_of(complaint), 1, "Sebelah timur.", now=later(hours=1))
    head = complaints.ComplaintRow.get(complaint.code, "head")
    assert json.loads(head.body)["asked"] == [1, 55, 0]
    assert stored(complaint.code).asked.paused == 55


def test_the_row_keeps_the_end_of_a_pause_that_its_question_outlasts_to_the_millisecond(stack: Stack) -> None:
    odd = timedelta(seconds=7, microseconds=123_456)
    complaint = asked()
    first = stored(complaint.code)
    escalation.sweep(now=pause_end(complaint))
    office = an_officer("staff@dlhk").officer
    version = stored(complaint.code).version
    again = later(days=9) + odd
    asked_again = handling.ask(complaint.code, office, "Sejak kapan?", if_match=version, now=again).asked
    kept = stored(complaint.code).asked
    assert first.asked.until == first.asked.resumes_at
    assert kept.until == asked_again.until
    assert kept.resumes_at is not None
    assert asked_again.resumes_at is not None
    assert kept.resumes_at < asked_again.until  # type: ignore[operator]  # a question that waits has an end
    assert timedelta() <= asked_again.resumes_at - kept.resumes_at < timedelta(milliseconds=1)
    before = due(complaint.code)
    escalation.sweep(now=kept.resumes_at)
    assert stored(complaint.code).asked.open
    escalation.sweep(now=again + timedelta(days=20))
    assert stored(complaint.code).asked.unanswered
    moved = cast.city().calendar_of("dlhk").between(before, due(complaint.code))
    assert moved == resumed(complaint.code)[1]["paused"] * MINUTE
    assert [data["unanswered"] for data in resumed(complaint.code)] == [True, False, True]


def test_a_row_of_before_there_were_questions_has_none(stack: Stack) -> None:
    code = a_case().complaint.code
    assert "asked" not in json.loads(complaints.ComplaintRow.get(code, "head").body)
    assert stored(code).asked.number == 0


def test_a_head_with_a_waiting_question_stays_under_two_write_units(stack: Stack) -> None:
    posts = ("division_head@dlhk", "office_head@dlhk")
    for post in posts:
        an_officer(post)
    filed = a_case(
        phone=cast.a_phone(),
        identity_shown=True,
        text="Sampah menumpuk di depan pasar, " * 10,
        at=(-8.69, 115.22),
    )
    code = filed.complaint.code
    triage, office = an_officer(f"triage@{TRIAGE_OFFICE}").officer, an_officer("staff@dlhk").officer
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    escalation.sweep(now=due(code))
    seen = stored(code)
    assert seen.level
    handling.ask(code, office, QUESTION, if_match=seen.version, now=due(code) + MINUTE)
    found = complaints.connection().get_item(
        complaints.ComplaintRow.Meta.table_name, hash_key=code, range_key="head"
    )
    assert item_size(found["Item"]) <= 2048


# People -------------------------------------------------------------------------------------------------------


def test_who_reads_what_of_a_question(stack: Stack) -> None:
    complaint = asked()
    case, city = complaints.get(complaint.code, consistent=True), cast.city()
    office = an_officer("staff@dlhk").officer
    own = views.own(case, city, "id", later(hours=1))
    assert own["question"]["text"] == QUESTION
    assert own["question"]["due_at_latest"] > own["promised"]["resolution"]["due"]
    assert "answer" in own["may"]
    assert "menunggu jawaban pelapor" in own["next_step"]
    assert views.office(case, office, city, "id", later(hours=1))["question"]["text"] == QUESTION
    public = views.public(case, city, "id", later(hours=1))
    assert "text" not in public["question"]
    assert public["timeline"][-1]["text"] == QUESTION  # released: as any reply
    hidden = a_case(private=True).complaint
    handling.ask(hidden.code, office, QUESTION, if_match=1, now=later(minutes=5))
    public = views.public(complaints.get(hidden.code, consistent=True), city, "en", later(hours=1))
    assert QUESTION not in json.dumps(public, default=str)
    assert public["timeline"][-1]["what"].startswith("The office asked the reporter")


def test_only_who_handles_the_case_asks_and_only_its_reporter_answers(stack: Stack) -> None:
    complaint = asked()
    with pytest.raises(NotFound):
        handling.ask(
            complaint.code, an_officer("staff@pupr").officer, "Mana?", if_match=3, now=later(hours=1)
        )
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    with pytest.raises(NotResponsible):
        handling.ask(complaint.code, triage, "Mana?", if_match=3, now=later(hours=1))
    with pytest.raises(NotFound):
        handling.answer(complaint.code, cast.citizen("+6281200000001"), 1, "Sana.", now=later(hours=1))


def test_an_answer_that_accuses_somebody_is_not_for_the_office(stack: Stack) -> None:
    complaint = asked()
    handling.answer(
        complaint.code, key_of(complaint), 1, "Petugasnya minta uang rokok dulu.", now=later(hours=1)
    )
    case, city = complaints.get(complaint.code, consistent=True), cast.city()
    office, triage = an_officer("staff@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    assert "uang rokok" not in json.dumps(views.office(case, office, city, "id", later(hours=2)), default=str)
    assert "uang rokok" in json.dumps(views.office(case, triage, city, "id", later(hours=2)), default=str)


def test_an_act_that_takes_the_case_away_stamps_the_deadline_as_stored(stack: Stack) -> None:
    complaint = asked()
    promised = due(complaint.code)
    office = an_officer("staff@dlhk").officer
    handling.pass_on(complaint.code, office, "pupr", "Ini jalan.", if_match=3, now=later(minutes=65))
    after = stored(complaint.code)
    assert not after.asked.open
    assert cast.city().calendar_of("dlhk").between(promised, due(complaint.code)) == 60 * MINUTE
    event = complaints.get(complaint.code, consistent=True).history[-1]
    assert (event.act, event.data["paused"]) == (Act.PASS_ON, 60)
    with pytest.raises(QuestionClosed):
        handling.answer(complaint.code, key_of(complaint), 1, "Sebelah timur.", now=later(hours=2))


def test_a_phone_alone_is_enough_to_answer_by_the_link_of_the_message(stack: Stack) -> None:
    phone = cast.a_phone()
    sent = Sent(stack)
    complaint = asked(phone=phone)
    cast.deliver(later(minutes=6))
    (text,) = (m["text"] for m in sent.to(phone) if "bertanya" in m["text"])
    link = re.search(r"https?://[^/]+(/k/\S+)", text)
    assert link is not None
    browser = Browser()
    page = browser.get(link[1])
    assert QUESTION in text_of(page)
    base = link[1].partition("?")[0]
    assert f'action="{base}/answer' in page.body.decode()
    empty = browser.post(f"{base}/answer", {"question": "1", "text": ""})
    assert (empty.status_code, stored(complaint.code).asked.open) == (422, True)
    done = browser.post(f"{base}/answer", {"question": "1", "text": "Sebelah timur pasar."})
    assert done.status_code == 303
    assert complaints.get(complaint.code).history[-1].text == "Sebelah timur pasar."
    # The message's link still opens the case, and says that the question is answered.
    again = browser.get(link[1])
    assert "sudah tidak menunggu jawaban" in text_of(again)
    assert QUESTION not in text_of(again).partition("Perjalanan")[0]
    twice = browser.post(f"{base}/answer", {"question": "1", "text": "Sebelah barat pasar."})
    assert twice.status_code == 409
    assert "sudah tidak menunggu jawaban" in text_of(twice)


def test_pages_call_a_paused_promise_paused_and_not_late(stack: Stack) -> None:
    # Asked long ago by the machine's own clock, which no sweep has followed: the deadline of before is past.
    complaint = asked(now=later(days=-60))
    case = complaints.get(complaint.code, consistent=True)
    body = views.public(case, cast.city(), "id", due(complaint.code) + MINUTE)
    assert body["promised"]["resolution"]["paused"]
    assert not body["overdue"]
    page = text_of(Browser().get(f"/l/{short(complaint.code)}"))
    assert "dijeda sampai pelapor menjawab" in page
    assert "terlambat" not in page.lower()


def test_a_newer_question_voids_the_link_of_the_older(stack: Stack) -> None:
    phone = cast.a_phone()
    sent = Sent(stack)
    complaint = asked(phone=phone)
    office = an_officer("staff@dlhk").officer
    handling.ask(complaint.code, office, "Sejak kapan?", if_match=3, now=later(minutes=30))
    cast.deliver(later(minutes=31))
    links = [
        found[0]
        for m in sent.to(phone)
        if "bertanya" in m["text"] and (found := re.search(r"/k/\S+", m["text"]))
    ]
    older, newer = sorted(links, key=lambda link: link[-1])
    browser = Browser()
    assert "sudah tidak menunggu jawaban" in text_of(browser.get(older))
    assert "sudah tidak menunggu jawaban" not in text_of(browser.get(newer))
    base = older.partition("?")[0]
    refused = browser.post(f"{base}/answer", {"question": "1", "text": "Sebelah timur."})
    assert refused.status_code == 409
    assert "Sebelah timur." in refused.body.decode()  # the words are kept
    assert stored(complaint.code).asked.number == 2


def test_the_desk_asks_with_a_form_and_shows_that_it_waits(stack: Stack) -> None:
    code = a_case().complaint.code
    desk = officer_browser("staff@dlhk")
    path = f"/o/{short(code)}"
    page = desk.get(path)
    assert desk.post(f"{path}/ask", {"version": version_in(page), "text": QUESTION}).status_code == 303
    assert stored(code).asked.open
    assert "Menunggu jawaban pelapor" in text_of(desk.get(path))
    assert "Menunggu jawaban pelapor" in text_of(desk.get("/o"))


def test_nothing_else_in_the_citys_time_moves(stack: Stack) -> None:
    complaint = asked()
    before = {c.name: c.due for c in complaint.clocks}
    handling.answer(complaint.code, key_of(complaint), 1, "Sebelah timur.", now=later(hours=3))
    after = {c.name: c.due for c in stored(complaint.code).clocks}
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {ClockName.RESOLUTION}
