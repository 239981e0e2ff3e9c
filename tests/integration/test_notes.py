"""Notes of an office among its own people, on the real engines: who reads them, who hears, what they leave alone."""

from __future__ import annotations

import json

import pytest

from chalicelib.domain.errors import Invalid, NotFound, NotResponsible
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import short
from chalicelib.http import dossier, views
from chalicelib.store import complaints
from chalicelib.usecases import handling, reading
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.integration.test_pages import officer_browser, text_of, version_in
from tests.stack import Stack

WORDS = "Alat berat baru ada hari Kamis, jangan dijanjikan dulu."


def noted(**changes: object) -> str:
    """A case of the waste office with a note in it, an hour after it came."""
    code = a_case(**changes).complaint.code
    handling.note(code, an_officer("staff@dlhk").officer, WORDS, [], if_match=1, now=later(hours=1))
    return code


def test_only_the_office_that_wrote_a_note_reads_it(stack: Stack) -> None:
    code = noted()
    case, city, now = complaints.get(code, consistent=True), cast.city(), later(hours=2)
    own_office, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    assert WORDS in json.dumps(views.office(case, own_office, city, "id", now), default=str)
    assert WORDS in json.dumps(
        dossier.for_office(case, own_office, city=city, language="id", now=now), default=str
    )
    for body in (
        views.office(case, triage, city, "id", now),
        dossier.for_office(case, triage, city=city, language="id", now=now),
        dossier.for_reporter(case, city=city, language="id", now=now),
        views.own(case, city, "id", now),
        views.public(case, city, "id", now),
    ):
        assert WORDS not in json.dumps(body, default=str)
    assert Act.NOTE not in [line["act"] for line in views.own(case, city, "id", now)["timeline"]]
    assert Act.NOTE not in [line["act"] for line in views.public(case, city, "id", now)["timeline"]]
    assert reading.flaws(case) == ()


def test_a_note_stays_behind_when_the_case_goes_to_another_office(stack: Stack) -> None:
    code = noted()
    handling.pass_on(
        code, an_officer("staff@dlhk").officer, "pupr", "Ini jalan.", if_match=2, now=later(hours=2)
    )
    case, roads = complaints.get(code, consistent=True), an_officer("staff@pupr").officer
    assert WORDS not in json.dumps(views.office(case, roads, cast.city(), "id", later(hours=3)), default=str)


def test_a_note_moves_no_clock_and_for_the_reporter_nothing_has_happened(stack: Stack) -> None:
    code = a_case().complaint.code
    before = complaints.get(code, consistent=True)
    handling.note(code, an_officer("staff@dlhk").officer, WORDS, [], if_match=1, now=later(hours=1))
    after = complaints.get(code, consistent=True)
    assert (after.complaint.clocks, after.complaint.updated_at) == (
        before.complaint.clocks,
        before.complaint.updated_at,
    )
    assert (after.body, after.keys) == (before.body, before.keys)


def test_whoever_is_mentioned_hears_by_e_mail_and_reads_not_a_word_there(stack: Stack) -> None:
    code = a_case().complaint.code
    writer, colleague = an_officer("staff@dlhk"), an_officer("staff@dlhk", name="Wayan Contoh")
    cast.deliver(later(minutes=30))
    sent = Sent(stack)
    mentions = [colleague.officer.id, writer.officer.id]
    handling.note(code, writer.officer, WORDS, mentions, if_match=1, now=later(hours=1))
    cast.deliver(later(hours=1))
    (message,) = sent.to(colleague.email, colleague.phone, writer.email, writer.phone)
    assert message["to"] == colleague.email
    assert code in message["text"]
    assert f"/o/{short(code)}" in message["text"]
    assert WORDS not in message["text"]


def test_nobody_of_another_office_and_nobody_whom_the_case_is_about_is_mentioned(stack: Stack) -> None:
    code = a_case().complaint.code
    writer = an_officer("staff@dlhk").officer
    for stranger in (an_officer("staff@pupr").officer.id, "siapa-saja"):
        with pytest.raises(Invalid):
            handling.note(code, writer, WORDS, [stranger], if_match=1, now=later(hours=1))
    assert stored(code).version == 1
    assert writer.id not in [who.id for who in handling.colleagues(writer)]


def test_only_who_handles_a_case_writes_notes_in_it(stack: Stack) -> None:
    code = a_case().complaint.code
    with pytest.raises(NotResponsible):
        handling.note(
            code, an_officer(f"triage@{TRIAGE_OFFICE}").officer, WORDS, [], if_match=1, now=later(hours=1)
        )
    with pytest.raises(NotFound):
        handling.note(code, an_officer("staff@pupr").officer, WORDS, [], if_match=1, now=later(hours=1))


def test_a_note_is_written_and_read_on_the_desk(stack: Stack) -> None:
    code = a_case().complaint.code
    colleague = an_officer("staff@dlhk", name="Wayan Contoh")
    browser = officer_browser("duty@dlhk")
    form = browser.get(f"/o/{short(code)}/note")
    assert "Wayan Contoh" in text_of(form)
    said = {"version": version_in(form), "text": WORDS, "mentions": [colleague.officer.id]}
    assert browser.post(f"/o/{short(code)}/note", said).status_code == 303
    page = text_of(browser.get(f"/o/{short(code)}"))
    assert WORDS in page
    assert "Catatan internal DLHK." in page
    event = complaints.get(code).history[-1]
    assert event.data["mentions"] == [colleague.officer.id]
    short_one = browser.post(f"/o/{short(code)}/note", {**said, "version": "2", "text": "?"})
    assert short_one.status_code == 422
    assert f'value="{colleague.officer.id}" checked' in short_one.body.decode()
