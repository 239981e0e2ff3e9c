"""What an operator does: a restore that does not bring back who was erased, whom a breach touched, archived cases."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.usecases import handling
from chalicelib.usecases import privacy as rights
from infra import exports, histories, privacy, recovery
from infra.target import Halt
from tests.integration import people as cast
from tests.integration.people import a_case, an_officer, later
from tests.integration.test_exports import city, everything, fresh
from tests.stack import Stack

__all__ = ["city", "fresh"]


def quiet(_: str) -> None:
    pass


def test_a_restore_replays_the_register_of_erasures_before_it_serves(
    stack: Stack, city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    phone = cast.a_phone()
    filed = a_case(phone=phone, text="Sampah menumpuk di gang Seroja.")
    handling.message(filed.complaint.code, cast.holder_of(filed), "Seroja lagi.", now=later(minutes=1))
    exports.export(city, tmp_path / "before", tell=quiet)  # stands for the tables as they were restored
    rights.erase(cast.citizen(phone), now=later(hours=1))
    at = later(minutes=30)

    exports.load(tmp_path / "before", fresh, tell=quiet)
    assert "Seroja" in json.dumps(everything(fresh))
    for _ in range(2):
        privacy.replay(city, fresh, tell=quiet)
    restored = json.dumps(everything(fresh))
    assert "Seroja" not in restored
    person = cast.citizen(phone).id
    assert f"citizen#{person}" not in restored
    assert f"key#{person}" not in restored
    (entry,) = privacy.register(fresh)
    assert (entry["person"], entry["done_at"]) == (
        person,
        None,
    )  # the stage's own job ends the case by the rules
    found = histories.compare(
        histories.read(exports.scan(city, "complaints")),
        histories.read(exports.scan(fresh, "complaints")),
        at=at,
    )
    assert found.same, found
    others = [row for row in exports.scan(fresh, "complaints") if row["sk"]["S"] == "text"]
    assert sum(row["body"]["S"] != "{}" for row in others) == 3  # nobody else lost a word


def test_the_whole_way_of_a_restore_replays_it_too(
    stack: Stack, city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    phone = cast.a_phone()
    a_case(phone=phone, text="Sampah menumpuk di gang Seroja.")
    exports.export(city, tmp_path / "restored", tell=quiet)
    rights.erase(cast.citizen(phone), now=later(hours=1))
    found = recovery.rehearse(city, city, fresh, later(minutes=30), tmp_path / "restored", tell=quiet)
    assert found.same, found
    assert "Seroja" not in json.dumps(everything(fresh))


def test_a_breach_lists_whom_it_touched_and_no_cell_is_a_formula(stack: Stack, city: exports.Place) -> None:
    phone = cast.a_phone()
    seen = a_case(phone=phone, identity_shown=True, now=later(days=3)).complaint.code
    officer = an_officer("duty@dlhk").officer
    from chalicelib.usecases import reading

    reading.contact_of(seen, officer, if_match=1, now=later(days=3, hours=1))
    window = (later(days=2), later(days=4))
    (found,) = privacy.affected(city, *window)
    assert (found.code, found.person, found.contact) == (seen, cast.citizen(phone).id, True)
    assert found.revealed_to == officer.id
    assert privacy.affected(city, *window, officer="somebody-else") == []
    assert privacy.affected(city, *window, office="pupr") == []
    assert len(privacy.affected(city, datetime(2020, 1, 1, tzinfo=UTC), later(days=4))) == 4

    table = io.StringIO()
    privacy.write_table([found], table)
    assert phone not in table.getvalue()
    for cell in ("=1+1", "+628", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert privacy.harmless(cell) == f"'{cell}"
    assert privacy.harmless("DPS-1") == "DPS-1"


def test_an_archived_case_goes_only_with_an_approval_and_an_export_that_holds_it(
    stack: Stack, city: exports.Place, tmp_path: Path
) -> None:
    filed = a_case(now=later(hours=1))
    code = filed.complaint.code
    handling.withdraw(code, cast.holder_of(filed), "other", now=later(days=1))
    before, now = later(days=30), later(days=31)
    folder = tmp_path / "archive"
    approval = "Berita Acara 000.5/12/2031"
    exports.export(city, folder, tell=quiet)
    with pytest.raises(Halt):
        privacy.delete_cases(city, before, folder, "", now=now, tell=quiet)
    with pytest.raises(Halt):
        privacy.delete_cases(city, before, tmp_path / "none", approval, now=now, tell=quiet)
    late = a_case(now=later(days=2))
    handling.withdraw(late.complaint.code, cast.holder_of(late), "other", now=later(days=3))
    with pytest.raises(Halt):  # it ended after the export was made
        privacy.delete_cases(city, before, folder, approval, now=now, tell=quiet)
    cut = later(days=2)
    assert privacy.delete_cases(city, cut, folder, approval, now=now, tell=quiet) == 1
    assert code not in {row["pk"]["S"] for row in exports.scan(city, "complaints")}
    assert privacy.delete_cases(city, cut, folder, approval, now=now + timedelta(1), tell=quiet) == 0
    records = [row for row in exports.scan(city, "people") if row["pk"]["S"].startswith("deletion#")]
    assert code in records[0]["body"]["S"]
    assert approval in records[0]["body"]["S"]
