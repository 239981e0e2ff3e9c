"""A case before an agency outside, on the real engines: the link, the page behind it, the answer and the messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib import aws
from chalicelib.cities import load
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import Invalid, NotFound
from chalicelib.domain.outside import Answer
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.tracking import short
from chalicelib.http import views
from chalicelib.settings import settings, utc_now
from chalicelib.store import complaints
from chalicelib.usecases import delivery, escalation, handling, outside, reading
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.integration.test_pages import REPORT, Browser, code_of, file, officer_browser, text_of, version_in
from tests.stack import Stack

ASKED = "Mohon diperiksa tiang di depan pasar."
ANSWER = {"answer": "done", "text": "Tiang sudah kami ganti."}
PHONE_IN_TEXT = "Kabel listrik menjuntai di depan pasar, telepon saya 0812-3456-7890."


def referred(agency: str = "pln", *, now: Any = None, posts: str = "staff@dlhk", **changes: Any) -> Complaint:
    """A case about rubbish that its office has referred, a minute after it came."""
    now = now or utc_now()
    code = a_case(now=now, **changes).complaint.code
    officer = an_officer(posts).officer
    return handling.refer(code, officer, agency, ASKED, if_match=1, now=now + timedelta(seconds=1))


def link_of(complaint: Complaint, *, now: Any = None, posts: str = "staff@dlhk") -> str | None:
    """The path of the link that an officer is shown."""
    case = complaints.get(complaint.code, consistent=True)
    link = outside.link_for(case, an_officer(posts).officer, now=now or utc_now())
    return urlsplit(link).path if link else None


def path_of(complaint: Complaint, **more: Any) -> str:
    path = link_of(complaint, **more)
    assert path is not None
    return path


def last_event(code: str) -> Any:
    return complaints.get(code, consistent=True).history[-1]


# The link and its page ----------------------------------------------------------------------------------------


def test_the_page_shows_words_place_and_what_is_asked_without_sign_in_and_without_identity(
    stack: Stack,
) -> None:
    phone = cast.a_phone()
    complaint = referred(phone=phone, identity_shown=True, text=PHONE_IN_TEXT)
    answer = Browser().get(path_of(complaint))
    page = text_of(answer)
    assert answer.status_code == 200
    for shown in (
        complaint.code,
        ASKED,
        "Kabel listrik menjuntai",
        "Panjer",
        "Depan Pasar Nyanggelan",
        "Dinas Lingkungan Hidup",
    ):
        assert shown in page or shown in answer.body.decode(), shown
    for hidden in ("Made Contoh", phone, "3456-7890", "Kontak"):
        assert hidden not in answer.body.decode(), hidden
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_opening_it_answers_nothing_and_a_forged_or_torn_link_is_no_page(stack: Stack) -> None:
    complaint = referred()
    path, version = path_of(complaint), complaint.version
    browser = Browser()
    browser.get(path)
    assert stored(complaint.code).version == version
    other = referred()
    for wrong in (
        path[:-1],
        f"{path[:-1]}{'a' if path[-1] != 'a' else 'b'}",
        f"/t/{short(complaint.code)}",
        "/t/.",
    ):
        assert browser.get(wrong).status_code == 404, wrong
        assert browser.post(wrong, ANSWER).status_code == 404, wrong
    swapped = f"/t/{short(other.code)}.{path.partition('.')[2]}"
    assert browser.get(swapped).status_code == 404
    assert stored(complaint.code).version == version


def test_the_agency_answers_once_and_the_link_is_void_after_that(stack: Stack) -> None:
    complaint = referred()
    path = path_of(complaint)
    browser = Browser()
    done = browser.post(path, ANSWER)
    assert done.status_code == 303
    thanks = browser.get(done.headers["Location"])
    assert "sudah tercatat" in text_of(thanks)
    assert ASKED not in thanks.body.decode()
    event = last_event(complaint.code)
    assert (event.act, event.by.kind, event.by.office, event.text) == (
        Act.AGENCY_RETURN,
        "agency",
        "pln",
        ANSWER["text"],
    )
    assert stored(complaint.code).status is Status.IN_PROGRESS
    for answer in (browser.get(path), browser.post(path, {**ANSWER, "text": "Lagi."})):
        assert answer.status_code == 410
        assert "tidak berlaku" in text_of(answer)
        assert "Sampah menumpuk" not in answer.body.decode()
    assert last_event(complaint.code) == event


def test_faults_are_told_together_with_the_words_kept(stack: Stack) -> None:
    complaint = referred()
    path = path_of(complaint)
    answer = Browser().post(path, {"answer": "will_do", "text": "Regu menyusul.", "day": "besok"})
    assert answer.status_code == 422
    assert "Regu menyusul." in answer.body.decode()
    assert "harus berupa tanggal" in text_of(answer)
    for said in ({}, {"answer": "beres", "text": "Ya sudah."}, {"answer": "will_do", "text": "Menyusul."}):
        assert Browser().post(path, said).status_code == 422, said
    assert stored(complaint.code).version == complaint.version


def test_answers_that_race_land_once(stack: Stack) -> None:
    complaint = referred(now=NOW)
    signature = path_of(complaint, now=later(hours=1)).partition(".")[2]

    def answer(place: int) -> Complaint:
        return outside.answer(
            complaint.code, signature, Answer.DONE, f"Jawaban {place}", None, now=later(hours=1)
        )

    assert len(cast.good(cast.at_once(4, answer))) == 1
    acts = [event.act for event in complaints.get(complaint.code, consistent=True).history]
    assert acts.count(Act.AGENCY_RETURN) == 1


def test_the_answer_lands_where_staff_moved_on_and_changes_nothing_else(stack: Stack) -> None:
    complaint = referred(now=NOW)
    signature = path_of(complaint, now=later(hours=1)).partition(".")[2]
    office = an_officer("staff@dlhk").officer
    handling.resolve(complaint.code, office, "Kami angkut.", if_match=2, now=later(hours=2))
    solved = stored(complaint.code)
    outside.answer(complaint.code, signature, Answer.NOT_OURS, "Bukan milik kami.", None, now=later(hours=3))
    after = stored(complaint.code)
    assert (after.status, after.clocks, after.office) == (Status.RESOLVED, solved.clocks, solved.office)
    assert last_event(complaint.code).act is Act.AGENCY_REPLY


def test_the_link_ends_with_its_window_with_a_new_referral_and_with_an_accusation(stack: Stack) -> None:
    complaint = referred(now=NOW)
    signature = path_of(complaint, now=later(hours=1)).partition(".")[2]
    assert not outside.open_link(complaint.code, signature, now=later(days=13)).void
    assert outside.open_link(complaint.code, signature, now=later(days=15)).void
    office = an_officer("staff@dlhk").officer
    handling.start(complaint.code, office, if_match=2, now=later(hours=2))
    handling.refer(complaint.code, office, "pln", ASKED, if_match=3, now=later(hours=3))
    assert outside.open_link(complaint.code, signature, now=later(hours=4)).void
    newer = path_of(complaint, now=later(hours=4)).partition(".")[2]
    assert not outside.open_link(complaint.code, newer, now=later(hours=4)).void
    with pytest.raises(NotFound):
        outside.open_link(complaint.code, "a" * 20, now=later(hours=4))


def test_an_agency_reads_of_a_private_case_only_what_triage_asks_it(stack: Stack) -> None:
    complaint = referred(private=True)
    assert link_of(complaint) is None
    complaint = referred("ombudsman", private=True, posts=f"triage@{TRIAGE_OFFICE}")
    page = Browser().get(path_of(complaint, posts=f"triage@{TRIAGE_OFFICE}"))
    assert ASKED in text_of(page)
    assert "Sampah menumpuk" not in page.body.decode()
    assert "Nyanggelan" not in page.body.decode()


def test_only_who_may_refer_the_case_is_shown_its_link(stack: Stack) -> None:
    complaint = referred()
    assert link_of(complaint) is not None
    assert link_of(complaint, posts="mayor@city") is None
    assert link_of(complaint, posts="staff@pupr") is None


# The desk, the reporter and the public ------------------------------------------------------------------------


def test_the_desk_shows_the_link_the_yes_and_the_proposal(stack: Stack) -> None:
    code = code_of(file(text="Lubang besar di Bypass Ngurah Rai dekat pompa bensin.", share_with_agency="1"))
    browser = officer_browser("staff@pupr")
    form = browser.get(f"/o/{short(code)}/refer")
    assert "Usulan: Balai Pelaksanaan Jalan Nasional" in text_of(form)
    assert '<option value="bpjn" selected>' in form.body.decode()
    assert "boleh dibagikan" in text_of(form)
    said = {"version": version_in(form), "agency": "bpjn", "text": ASKED}
    assert browser.post(f"/o/{short(code)}/refer", said).status_code == 303
    page = browser.get(f"/o/{short(code)}")
    assert f"/t/{short(code)}." in text_of(page)
    assert "Salin tautan ini" in text_of(page)


def test_the_tick_stands_where_a_number_is_asked_for_and_no_tick_is_a_no(stack: Stack) -> None:
    said = {**REPORT, "kunci": "k" * 30, "category": "listrik"}
    step_two = Browser().post("/lapor", said).body.decode()
    assert '<input type="checkbox" name="share_with_agency" value="1">' in step_two
    asked_more = Browser().post("/lapor", {**said, "about": "1", "share_with_agency": "1"}).body.decode()
    assert '<input type="hidden" name="share_with_agency" value="1">' in asked_more
    answers = {"asked": "listrik", "answers.nomor_pelanggan": "531200123456", "share_with_agency": "1"}
    case = complaints.get(code_of(file(**{**said, **answers})))
    assert views.own(case, cast.city(), "id", utc_now())["share_with_agency"]
    code = code_of(file())
    assert not views.own(complaints.get(code), cast.city(), "id", utc_now())["share_with_agency"]


def test_the_reporter_reads_the_answer_and_the_public_only_that_there_is_one(stack: Stack) -> None:
    complaint = referred(now=NOW)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    handling.release(complaint.code, triage, if_match=2, now=later(minutes=5))
    signature = path_of(complaint, now=later(hours=1)).partition(".")[2]
    day = (NOW + timedelta(days=4)).date()
    outside.answer(complaint.code, signature, Answer.WILL_DO, "Regu kami menyusul.", day, now=later(hours=1))
    case, city = complaints.get(complaint.code, consistent=True), cast.city()
    own = views.own(case, city, "id", later(hours=2))
    assert own["timeline"][-1]["text"] == "Regu kami menyusul."
    assert own["timeline"][-1]["what"] == "PLN menjawab rujukan: akan dikerjakan paling lambat 27-11-2026."
    assert "PLN" in own["next_step"]
    public = views.public(case, city, "en", later(hours=2))
    assert (
        public["timeline"][-1]["what"]
        == "PLN answered the referral: it will be done by 27-11-2026 at the latest."
    )
    assert "Regu kami" not in json.dumps(public, default=str)
    assert reading.flaws(case) == ()


def test_a_referral_puts_not_a_byte_more_into_the_head(stack: Stack) -> None:
    complaint = referred(share=True)
    body = complaints.ComplaintRow.get(complaint.code, "head").body
    assert "shar" not in body
    outside.answer(
        complaint.code, path_of(complaint).partition(".")[2], Answer.DONE, "Beres.", None, now=utc_now()
    )
    after = json.loads(complaints.ComplaintRow.get(complaint.code, "head").body)
    assert set(after) <= set(json.loads(body))


# Messages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def mailed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The city has a sender address and PLN a mailbox; what SES was asked to send (its answer is simulated)."""
    monkeypatch.setenv("MAIL_FROM", "pengaduan@example.id")
    settings.cache_clear()
    profile = load(settings().city)
    offices = dict(profile.offices)
    object.__setattr__(
        profile, "offices", {**offices, "pln": replace(offices["pln"], email="pengaduan@pln.example.id")}
    )
    sent: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> Any:
        sent.append(json.loads(params["body"]))
        return AWSResponse("https://email", 200, {}, None), {"MessageId": str(len(sent))}

    events = aws.client("sesv2").meta.events
    events.register("before-call.sesv2.SendEmail", note)
    yield sent
    events.unregister("before-call.sesv2.SendEmail", note)
    object.__setattr__(profile, "offices", offices)
    monkeypatch.undo()
    settings.cache_clear()


def test_an_agency_with_a_mailbox_gets_a_link_that_opens_and_not_a_word_of_the_case_simulated(
    stack: Stack, mailed: list[dict[str, Any]]
) -> None:
    complaint = referred(now=NOW)
    assert "/t/" not in cast.everything()  # minted at delivery, stored nowhere
    cast.deliver(later(minutes=5))
    (mail,) = mailed
    assert mail["Destination"] == {"ToAddresses": ["pengaduan@pln.example.id"]}
    text = mail["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert f"https://pengaduan.example.id{path_of(complaint, now=later(hours=1))}" in text
    for told in ("Sampah", "Panjer", ASKED):
        assert told not in text
    assert path_of(complaint, now=later(hours=1)).partition(".")[2] not in cast.everything()
    case = complaints.get(complaint.code, consistent=True)
    office = an_officer("staff@dlhk").officer
    body = views.office(
        case, office, cast.city(), "id", later(hours=1), reading.messages_of(complaint.code), link="x"
    )
    assert body["referral"]["mailed"]


def test_it_is_reminded_at_half_and_four_fifths_of_its_time_and_no_more_once_it_has_answered_simulated(
    stack: Stack, mailed: list[dict[str, Any]]
) -> None:
    complaint = referred(now=NOW)
    clock = stored(complaint.code).clocks.get(ClockName.REFERRAL)
    assert clock is not None
    first, second = clock.warns
    escalation.sweep(now=first)
    cast.deliver(first + timedelta(minutes=5))
    subjects = [mail["Content"]["Simple"]["Subject"]["Data"] for mail in mailed]
    assert [subject for subject in subjects if subject.startswith("Pengingat")] != []
    before = len(mailed)
    escalation.sweep(now=second)
    signature = path_of(complaint, now=second).partition(".")[2]
    outside.answer(complaint.code, signature, Answer.DONE, "Beres.", None, now=second + timedelta(minutes=1))
    cast.deliver(second + timedelta(hours=1))
    cast.deliver(second + timedelta(hours=20))
    assert len(mailed) == before  # its reminder had not left yet, and is of no use any more
    states = {d.state for d in reading.messages_of(complaint.code) if d.notice.template == "agency_reminder"}
    assert states == {"sent", "expired"}


def test_nobody_outside_is_written_to_about_a_private_case_of_an_office_simulated(
    stack: Stack, mailed: list[dict[str, Any]]
) -> None:
    complaint = referred(now=NOW, private=True)
    cast.deliver(later(minutes=5))
    escalation.sweep(now=later(days=2))
    cast.deliver(later(days=3))
    assert mailed == []
    assert complaint.referred_to == "pln"


def test_the_office_hears_of_the_answer_by_e_mail_and_not_by_sms(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    complaint = referred(now=NOW)
    cast.deliver(later(minutes=5))
    sent = Sent(stack)
    signature = path_of(complaint, now=later(hours=1)).partition(".")[2]
    outside.answer(complaint.code, signature, Answer.DONE, "Sudah beres.", None, now=later(hours=1))
    cast.deliver(later(hours=1))
    (message,) = sent.to(desk.phone, desk.email)
    assert message["to"] == desk.email
    assert "PLN menjawab rujukan" in message["text"]
    assert "Sudah beres" not in message["text"]


def test_nobody_refers_a_case_to_the_agency_that_it_is_about(stack: Stack) -> None:
    code = a_case(about_staff=True, accused="pln").complaint.code
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    with pytest.raises(Invalid):
        handling.refer(code, triage, "pln", ASKED, if_match=1, now=later(minutes=5))
    assert stored(code).version == 1


def test_a_lost_notice_of_an_answered_referral_is_no_fault(
    stack: Stack, mailed: list[dict[str, Any]]
) -> None:
    complaint = referred(now=NOW)
    signature = path_of(complaint, now=later(minutes=2)).partition(".")[2]
    outside.answer(complaint.code, signature, Answer.DONE, "Beres.", None, now=later(minutes=2))
    (waiting,) = (d for d in reading.messages_of(complaint.code) if d.notice.template == "agency_referral")
    assert delivery.attempt(waiting.notice.id, now=later(minutes=3)) == "expired"
    assert mailed == []
