"""Beginnings of answers on the desk: a preview that sends nothing."""

from __future__ import annotations

import json

from chalicelib.domain.tracking import short
from chalicelib.http import views
from chalicelib.settings import utc_now
from chalicelib.store import complaints
from tests.integration import people as cast
from tests.integration.people import an_officer, stored
from tests.integration.test_pages import Browser, code_of, file, officer_browser, text_of
from tests.stack import Stack


def test_a_sample_stands_in_the_form_to_be_mended_and_nothing_is_sent_by_looking(stack: Stack) -> None:
    code = code_of(
        file(
            category="sampah",
            asked="sampah",
            text="Sampah menumpuk, kata Made Rahasia 0812-3456-7890.",
            dekat="1",
        )
    )
    browser = officer_browser("staff@dlhk")
    page = browser.get(f"/o/{short(code)}")
    assert "Petugas akan mengecek" in text_of(page)
    assert "Sampah sudah diangkut" in text_of(page)
    assert "Jalan sudah diperbaiki" not in text_of(page)
    version = stored(code).version
    preview = browser.get(f"/o/{short(code)}?contoh=sampah_diangkut").body.decode()
    form = preview.partition("/resolve")[2].partition("</form>")[0]
    assert "sudah diangkut oleh petugas Dinas Lingkungan Hidup" in form
    assert "Rahasia" not in form
    assert (stored(code).version, len(complaints.get(code).history)) == (version, version)
    assert "sudah diangkut oleh" not in browser.get(f"/o/{short(code)}?contoh=jalan_diperbaiki").body.decode()


def test_only_who_may_do_the_act_is_offered_words_for_it(stack: Stack) -> None:
    code = code_of(file(category="sampah", asked="sampah"))
    triage = officer_browser("triage@diskominfos")
    assert "Petugas akan mengecek" not in text_of(triage.get(f"/o/{short(code)}"))
    assert Browser().get(f"/o/{short(code)}?contoh=akan_dicek").status_code == 303


def test_they_are_answered_filled_in_the_reporter_s_language(stack: Stack) -> None:
    code = code_of(file(category="sampah", asked="sampah"))
    case, office = complaints.get(code, consistent=True), an_officer("staff@dlhk").officer
    may = views.office(case, office, cast.city(), "en", utc_now())["may"]
    found = views.reply_templates(case.complaint, may, cast.city(), "en", utc_now())
    assert [t["label"] for t in found if t["act"] == "ask"] == ["The exact place"]
    assert "Thank you" not in json.dumps(found)
