"""The dossier: the whole history of a case with its chain, for whoever may have it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.ledger import Flaw, Found, erased
from chalicelib.http import dossier, views
from chalicelib.store import complaints
from chalicelib.store.tables import ComplaintRow
from chalicelib.usecases import handling, reading
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, an_officer, city, later
from tests.stack import Stack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "history.md"


def a_long_case() -> tuple[str, Any]:
    """Filed, released, answered, solved, reopened, withdrawn with a reason; and who filed it."""
    triage, staff = an_officer(f"triage@{TRIAGE_OFFICE}").officer, an_officer("staff@dlhk").officer
    phone = cast.a_phone()
    code = a_case(phone=phone, answers={"jenis": "hijau"}).complaint.code
    who = cast.citizen(phone)
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    handling.reply(code, staff, "Truk datang besok pagi.", if_match=2, now=later(hours=1))
    handling.resolve(code, staff, "Sudah diangkut.", if_match=3, now=later(hours=2))
    handling.reopen(code, who, "Masih ada di sana.", now=later(hours=3))
    handling.withdraw(code, who, "asked_to", "Saya diminta mencabut", now=later(hours=4))
    return code, who


def rewrite(code: str, version: int, **changes: Any) -> None:
    """What only somebody with the keys to the table can do."""
    row = ComplaintRow.get(code, f"event#{version:06d}")
    row.update([ComplaintRow.body.set(json.dumps({**json.loads(row.body), **changes}, ensure_ascii=False))])


def test_a_history_made_by_real_acts_is_whole(stack: Stack) -> None:
    code, who = a_long_case()
    stored = reading.own_case(code, who)
    assert len(stored.entries) == 6
    assert reading.flaws(stored) == ()
    body = json.loads(
        views.answer(dossier.for_reporter(stored, city=city(), language="id", now=later(hours=5))).body
    )
    assert body["chain"]["whole"]
    assert body["chain"]["last"] == stored.entries[-1][1]["chain"]


@pytest.mark.parametrize(
    ("version", "changes", "flaw"),
    [
        (3, {"text": "Kami sudah datang."}, Flaw.WORDS),
        (4, {"at": "2026-11-23T02:30:00Z"}, Flaw.FACT),
        (5, {"by": ["officer", "x", "dlhk"]}, Flaw.FACT),
    ],
)
def test_a_row_changed_behind_our_back_shows(stack: Stack, version: int, changes: Any, flaw: Flaw) -> None:
    code, who = a_long_case()
    rewrite(code, version, **changes)
    assert Found(version, flaw) in reading.flaws(reading.own_case(code, who))


def test_a_row_taken_out_shows(stack: Stack) -> None:
    code, who = a_long_case()
    ComplaintRow(code, "event#000003").delete()
    assert Found(4, Flaw.MISSING) in reading.flaws(reading.own_case(code, who))


def test_changed_words_of_the_filing_show(stack: Stack) -> None:
    code, who = a_long_case()
    row = ComplaintRow.get(code, "text")
    row.update([ComplaintRow.body.set(row.body.replace("Sampah", "Semua"))])
    assert reading.flaws(reading.own_case(code, who)) == (Found(1, Flaw.WORDS),)


def test_erased_words_leave_the_history_whole(stack: Stack) -> None:
    code, who = a_long_case()
    for version, entry in reading.own_case(code, who).entries:
        ComplaintRow(code, f"event#{version:06d}").update([ComplaintRow.body.set(json.dumps(erased(entry)))])
    stored = reading.own_case(code, who)
    assert reading.flaws(stored) == ()
    assert not any(event.text for event in stored.history)


def test_words_that_the_reporter_mended_are_no_flaw(stack: Stack) -> None:
    phone = cast.a_phone()
    code = a_case(phone=phone).complaint.code
    handling.edit(code, cast.citizen(phone), "Sampah menumpuk di depan balai banjar.", now=later(minutes=2))
    assert reading.flaws(reading.own_case(code, cast.citizen(phone))) == ()


def test_an_office_hands_out_no_words_that_are_for_triage(stack: Stack) -> None:
    code, _ = a_long_case()
    head = an_officer("office_head@dlhk").officer
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    for officer, reads in ((head, False), (triage, True)):
        stored = reading.office_case(code, officer)
        body = dossier.for_office(stored, officer, city=city(), language="id", now=later(hours=5))
        last = body["entries"][-1]["entry"]
        assert ("Saya diminta mencabut" in json.dumps(last)) == reads
        assert last.get("erased", False) != reads
        assert body["chain"]["whole"]


def test_the_script_in_the_docs_checks_a_dossier(stack: Stack) -> None:
    code, who = a_long_case()
    script = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert script is not None
    stored = reading.own_case(code, who)
    body = json.loads(
        views.answer(dossier.for_reporter(stored, city=city(), language="id", now=later(hours=5))).body
    )

    def run(given: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script[1]],
            input=json.dumps(given),
            text=True,
            capture_output=True,
            check=False,
        )

    done = run(body)
    assert done.returncode == 0, done.stderr
    assert body["chain"]["last"] in done.stdout
    body["entries"][2]["entry"]["text"] = "Lain"
    assert run(body).returncode != 0


def test_a_case_of_before_the_chain_goes_on_with_it(stack: Stack) -> None:
    phone = cast.a_phone()
    code = a_case(phone=phone).complaint.code
    row = ComplaintRow.get(code, "event#000001")
    plain = {
        k: v for k, v in json.loads(row.body).items() if k not in ("salt", "commitment", "chain", "filed")
    }
    row.update([ComplaintRow.body.set(json.dumps(plain))])
    handling.message(code, cast.citizen(phone), "Baunya makin keras.", now=later(minutes=20))
    stored = complaints.get(code)
    assert "chain" in stored.entries[-1][1]
    assert complaints.flaws(stored) == ()
    assert stored.complaint.updated_at == later(minutes=20) > cast.NOW + timedelta(minutes=1)
