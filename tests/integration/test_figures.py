"""`make figures` over a city that really lived: filed, sorted, solved, reopened, reported again, exported, counted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.cities import rules_version
from chalicelib.domain.complaint import CHOSE, SUGGESTED, Complaint
from chalicelib.domain.geo import Point
from chalicelib.store import complaints
from chalicelib.usecases import escalation, handling, intake
from infra import exports, figures
from tests import stack as stacks
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, a_phone, an_officer, later, stored
from tests.stack import Stack

SPOT = Point(-8.69, 115.22)
LAMP = "Lampu jalan mati di depan pasar sejak tiga hari."
NOTHING = "Mohon dilihat."


def exported(stack: Stack, folder: Path) -> Path:
    dynamodb: Any = boto3.client("dynamodb", endpoint_url=stack.dynamodb.endpoint)
    s3: Any = boto3.client("s3", endpoint_url=stack.aws.endpoint)
    kms: Any = boto3.client("kms", endpoint_url=stack.aws.endpoint)
    alias = stacks.ENVIRONMENT["KMS_KEY_ID"]
    place = exports.Place(dynamodb, s3, kms, stacks.PREFIX, stacks.CITY, "", alias, "0123")
    exports.export(place, folder, tell=lambda _: None)
    return folder


def cells(said: str, name: str) -> list[str]:
    (line,) = [line for line in said.splitlines() if line.startswith(f"  {name} ")]
    return line[28:].split()


def test_the_figures_of_an_export_are_what_happened_to_its_cases(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    office = an_officer("staff@dlhk").officer
    filed: dict[str, intake.Filed] = {}

    def sorted_out(name: str, text: str, **changes: Any) -> Complaint:
        """Filed without a category at a spot of its own; triage finds that it is rubbish, and publishes it."""
        spot = Point(SPOT.lat - len(filed) * 0.005, SPOT.lon)
        filed[name] = a_case(at=(spot.lat, spot.lon), category=None, text=text, phone=a_phone(), **changes)
        sorting = handling.Sorting("sampah", publish=not changes.get("private", False))
        return handling.sort(filed[name].complaint.code, triage, sorting, if_match=1, now=later(minutes=9))

    def solved(case: Complaint) -> Complaint:
        return handling.resolve(
            case.code, office, "Sudah diangkut.", if_match=stored(case.code).version, now=later(hours=2)
        )

    kept = solved(sorted_out("kept", cast.RUBBISH))
    handling.agree(kept.code, cast.holder_of(filed["kept"]), now=later(hours=3))
    back = solved(sorted_out("back", cast.RUBBISH, private=True))
    handling.reopen(back.code, cast.holder_of(filed["back"]), "Masih ada.", now=later(hours=4))
    again = solved(sorted_out("again", LAMP))
    handling.agree(again.code, cast.holder_of(filed["again"]), now=later(hours=3))
    low = solved(sorted_out("low", NOTHING))
    handling.rate(low.code, cast.holder_of(filed["low"]), 1, "", now=later(hours=3))
    silent, waits = solved(sorted_out("silent", LAMP)), sorted_out("waits", LAMP)
    spot = again.place.point
    assert spot is not None
    a_case(at=(spot.lat, spot.lon), now=later(days=2))
    for _ in range(2):  # the last call, then the end
        at = stored(silent.code).wakes_at(cast.city())
        assert at is not None
        escalation.sweep(now=at)
    version = stored(waits.code).version
    handling.resolve(waits.code, office, "Sudah diangkut.", if_match=version, now=at + timedelta(hours=1))

    folder = exported(stack, tmp_path)
    assert figures.main([str(folder)]) == 0
    said = capsys.readouterr().out
    #        filed solved confirmed low silence waiting reopened recurred declined honest
    lived = ["7", "6", "2", "1", "1", "1", "1", "1", "0", "20%"]
    assert cells(said, "DLHK") == lived
    assert cells(said, "kota/city") == lived
    assert f"({rules_version('denpasar')})" in said
    assert "     6  dinilai / judged" in said
    assert "     2   33%  saran pertama = keputusan / first suggestion = decision" in said
    assert "     1   17%  tanpa saran / nothing suggested" in said
    assert not any(word in said for word in (cast.RUBBISH, kept.code, "Made Contoh"))

    assert figures.main([str(folder), "--since", "2026-11-25"]) == 0
    assert "<5 aduan dihitung" in capsys.readouterr().out


def test_the_history_keeps_what_was_suggested_or_chosen(stack: Stack) -> None:
    facts = [
        complaints.get(a_case(**changes).complaint.code).history[0].data
        for changes in ({}, {"category": None}, {"category": None, "text": NOTHING})
    ]
    assert [(each.get(CHOSE), each.get(SUGGESTED)) for each in facts] == [
        ("sampah", None),
        (None, ["sampah"]),
        (None, []),
    ]
