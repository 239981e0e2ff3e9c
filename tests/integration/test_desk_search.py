"""The desk's search box, kept filters, what lies around a case, acts on many cases with one undo: on real engines."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.domain.complaint import Screening
from chalicelib.domain.errors import NotFound, WindowClosed
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.tracking import short
from chalicelib.http import finding
from chalicelib.http.views import what
from chalicelib.store import complaints
from chalicelib.usecases import bulk, desks, handling, indexing
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, a_phone, an_officer, later, stored
from tests.integration.test_pages import Browser, Tags, officer_browser, text_of
from tests.stack import Stack

NOW = later(hours=1)


def triage() -> Officer:
    return an_officer(f"triage@{TRIAGE_OFFICE}").officer


def many(officer: Officer, act: Act, codes: list[str], said: Any = None, version: int = 1) -> bulk.Done:
    cases = [(code, version) for code in codes]
    return bulk.do(officer, act, cases, finding._doing(officer, act, said, NOW), now=NOW)


def test_many_are_hidden_each_by_itself_and_put_back_by_one_undo_where_nobody_acted_since(
    stack: Stack,
) -> None:
    officer = triage()
    codes = [a_case(text=f"Sampah di gang {n}").complaint.code for n in range(4)]
    before = [stored(code) for code in codes]
    handling.release(codes[3], officer, if_match=1, now=later(minutes=5))  # moved on since it was ticked
    done = many(officer, Act.HIDE, codes, "nama orang")
    assert [answer.version for answer in done.answers] == [2, 2, 2, None]
    assert [stored(code).screening for code in codes] == [Screening.HIDDEN] * 3 + [Screening.RELEASED]
    handling.reply(codes[1], an_officer("staff@dlhk").officer, "Kami datang.", if_match=2, now=later(hours=2))
    with pytest.raises(NotFound):
        bulk.undo(triage(), done.id, now=NOW)
    undone = bulk.undo(officer, done.id, now=later(minutes=69))
    assert [answer.refused is None for answer in undone.answers] == [True, False, True, False]
    for place in (0, 2):
        now = stored(codes[place])
        assert now.screening is Screening.HELD
        assert [*now.clocks] == [*before[place].clocks]
        assert now.version == 3
        last = complaints.get(codes[place]).history[-1]
        assert (last.act, last.data["undoes"]) == (Act.UNDO, "hide")
        assert "kembali" in what(last, cast.city(), "id")
    assert stored(codes[1]).screening is Screening.HIDDEN
    again = bulk.undo(officer, done.id, now=later(minutes=69))
    assert all(answer.refused is not None for answer in again.answers)
    with pytest.raises(WindowClosed):
        bulk.undo(officer, done.id, now=later(minutes=70))


def test_many_are_sorted_and_undoing_gives_back_office_category_and_clocks(stack: Stack) -> None:
    officer = triage()
    codes = [a_case(text=f"Sesuatu di jalan {n}", category=None).complaint.code for n in range(2)]
    before = [stored(code) for code in codes]
    done = many(officer, Act.SORT, codes, Sorting("lampu_jalan"))
    moved = [stored(code) for code in codes]
    assert all(answer.refused is None for answer in done.answers)
    assert {case.category for case in moved} == {"lampu_jalan"}
    undone = bulk.undo(officer, done.id, now=later(minutes=65))
    assert all(answer.refused is None for answer in undone.answers)
    for was, code in zip(before, codes, strict=True):
        now = stored(code)
        assert (now.category, now.office, now.line, now.sorted) == (was.category, was.office, was.line, False)
        assert {*now.clocks} == {*was.clocks}
        assert now.wakes_at(cast.city()) == was.wakes_at(cast.city())


def test_many_are_merged_and_taken_apart_again(stack: Stack) -> None:
    master, *others = (a_case(text=f"Sampah di pasar {n}").complaint.code for n in range(3))
    office, outsider = an_officer("staff@dlhk").officer, an_officer("staff@pupr").officer
    refused = many(outsider, Act.MERGE, others, master)
    assert [answer.version for answer in refused.answers] == [None, None]
    for code in (master, *others):
        handling.release(code, triage(), if_match=1, now=later(minutes=2))
    done = many(office, Act.MERGE, others, master, version=2)
    assert [answer.refused for answer in done.answers] == [None, None]
    assert [answer.refused for answer in bulk.undo(office, done.id, now=NOW).answers] == [None, None]
    assert all(stored(code).merged is None for code in others)
    assert complaints.get(master).merged_here == 0


def test_around_a_case_stand_what_is_near_and_only_reporters_who_may_be_known(stack: Stack) -> None:
    phone, spot = a_phone(), (-8.69, 115.22)
    shown = a_case(phone=phone, identity_shown=True, at=spot).complaint.code
    near = a_case(at=(-8.6905, 115.22), private=True, phone=phone).complaint.code
    far = a_case(at=(-8.699, 115.22), phone=phone, identity_shown=True).complaint.code
    accused = a_case(at=spot, about_staff=True, accused="dlhk").complaint.code
    indexing.sweep()
    staff = an_officer("staff@dlhk").officer
    found = desks.context(shown, staff)
    assert [(each.card.code, 50 < each.metres < 60) for each in found.near] == [(near, True)]
    assert [card.code for card in found.same_reporter or ()] == [far]
    hidden = desks.context(near, staff)
    assert hidden.same_reporter is None
    assert [each.card.code for each in hidden.near] == [shown]
    assert {each.card.code for each in desks.context(shown, triage()).near} == {near, accused}
    with pytest.raises(NotFound):
        desks.context(accused, staff)


def test_the_desk_finds_keeps_a_filter_and_forgets_it_without_a_script(stack: Stack) -> None:
    code = a_case(text="Kasur dibuang di sungai").complaint.code
    indexing.sweep()
    desk = officer_browser("staff@dlhk")
    assert "/o/cari" in desk.get("/o").body.decode()
    page = desk.post("/o/cari", {"text": "kasur", "phone": "", "office": "", "since": "", "status": "open"})
    assert code in text_of(page)
    assert "Tidak ada yang cocok" in text_of(desk.post("/o/cari", {"text": "kelelawar"}))
    wrong = desk.post(
        "/o/cari", {"text": "kasur", "phone": "12", "since": "2026-11-20", "until": "2026-11-01"}
    )
    assert wrong.status_code == 422
    assert len(re.findall(r'<p class="e"', wrong.body.decode())) == 2
    kept = desk.post(
        "/o/saringan", {"name": "Kasur", "text": "kasur", "status": "open", "phone": "0812-3456-7890"}
    )
    assert kept.status_code == 303
    where = urlsplit(kept.headers["Location"])
    again = desk.get(f"{where.path}?{where.query}")
    assert code in text_of(again)
    assert "Kasur" in text_of(again)
    assert "Kasur" not in text_of(officer_browser("duty@dlhk").get("/o/cari"))
    desk.post("/o/saringan", {"hapus": where.query.partition("=")[2]})
    assert "Kasur" not in text_of(desk.get("/o/cari"))
    assert "81234567890" not in cast.everything()


def test_ticked_cases_are_acted_on_and_undone_without_a_script(stack: Stack) -> None:
    codes = [a_case(text=f"Sampah di gang {n}").complaint.code for n in range(2)]
    sealed = a_case(about_staff=True, accused="dlhk").complaint.code
    desk = officer_browser(f"triage@{TRIAGE_OFFICE}")
    inbox = desk.get("/o?which=screening")
    ticks = [tag["value"] for tag in Tags(inbox.body.decode()).all("input") if tag.get("name") == "k"]
    assert {*ticks} == {short(code) for code in codes}
    chosen = desk.get(f"/o/banyak?k={ticks[0]}&k={ticks[1]}")
    cases = [tag["value"] for tag in Tags(chosen.body.decode()).all("input") if tag.get("name") == "kasus"]
    assert len(cases) == 2
    refused = desk.post("/o/banyak", {"kasus": cases, "act": "merge"})
    assert refused.status_code == 422
    assert all(code in text_of(refused) for code in codes)
    done = desk.post("/o/banyak", {"kasus": cases, "act": "hide", "reason": "nama orang"})
    assert "2 dari 2" in text_of(done)
    assert {stored(code).screening for code in codes} == {Screening.HIDDEN}
    (undo,) = (tag["value"] for tag in Tags(done.body.decode()).all("button") if tag.get("name") == "batal")
    assert "2 dari 2" in text_of(desk.post("/o/banyak", {"batal": str(undo)}))
    assert {stored(code).screening for code in codes} == {Screening.HELD}
    office = officer_browser("staff@dlhk")
    assert office.get(f"/o/banyak?k={short(sealed)}").status_code == 404
    assert office.get(f"/o/{short(codes[0])}/sekitar").status_code == 200
    assert Browser().get("/o/cari").status_code == 303
