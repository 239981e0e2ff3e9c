"""`make route-check`: what rules would have made of past complaints."""

from __future__ import annotations

import json

import pytest

from local import routes
from local.console import Trouble
from tests.builders import denpasar

CITY = denpasar()
RULES = """
[[route]]
id = "malam"
office = "satpolpp"
why = { id = "Malam hari", en = "At night" }
[route.when]
category = ["parkir_liar"]
from = "18:00"
until = "06:00"
"""


def a_file(tmp_path, *rows, name="lama.jsonl"):
    file = tmp_path / name
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_it_shows_which_cases_would_move_and_by_which_rule(tmp_path):
    rules = tmp_path / "aturan.toml"
    rules.write_text(RULES, encoding="utf-8")
    city = routes.proposed(rules, CITY)
    own = CITY.categories["parkir_liar"].office
    rows = [
        {"category": "parkir_liar", "filed_at": "2026-11-23T12:00:00Z"},  # 20.00 WITA
        {"category": "parkir_liar", "filed_at": "2026-11-23T02:00:00Z"},  # 10.00
        {"category": "parkir_liar", "filed_at": "2026-11-23T12:00:00Z", "office": "satpolpp"},
        {"text": "zzz"},
        {"category": "sampah"},
    ]
    found = routes.check(routes.rows_of(a_file(tmp_path, *rows)), city)
    assert (found.read, found.unsorted, found.untimed) == (5, 1, 1)
    assert found.decided == {"malam": 2}
    assert found.moved == {("malam", own, "satpolpp"): 1}
    said = "\n".join(routes.lines(found, city))
    assert f"{CITY.offices[own].short} -> {CITY.offices['satpolpp'].short}  (malam)" in said


def test_it_reads_a_table_and_the_profiles_own_rules(tmp_path):
    file = tmp_path / "lama.csv"
    file.write_text(
        'category,answers,created_at\nhewan_rabies,"{""tergigit"": ""ya""}",2026-11-23T02:00Z\n',
        encoding="utf-8",
    )
    assert routes.check(routes.rows_of(file), CITY).moved == {("gigitan-hewan", "distan", "dinkes"): 1}


def test_rules_with_faults_are_refused_with_all_of_them(tmp_path):
    rules = tmp_path / "aturan.toml"
    rules.write_text(RULES.replace("satpolpp", "hansip").replace("18:00", "25:00"), encoding="utf-8")
    with pytest.raises(Trouble) as trouble:
        routes.proposed(rules, CITY)
    assert "hansip" in str(trouble.value)
    assert "25:00" in str(trouble.value)


def test_a_file_that_is_none_is_said_in_a_sentence(tmp_path):
    with pytest.raises(Trouble):
        list(routes.rows_of(tmp_path / "tidak-ada.csv"))
    with pytest.raises(Trouble):
        list(routes.rows_of(a_file(tmp_path, [1, 2])))
