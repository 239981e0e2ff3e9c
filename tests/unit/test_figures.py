"""What became of cases and how good the rules are, counted over hand-made histories."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from chalicelib.domain import figures, ledger
from chalicelib.domain.complaint import CHOSE, REPORTER, SUGGESTED, TIME, By, Event
from chalicelib.domain.figures import Case, Guess, Links, Sums
from chalicelib.domain.people import Act
from infra import figures as command
from tests.builders import NOW, TRIAGE, WASTE, WORKS, a_city

CITY = a_city()
NOBODY = Links(frozenset(), frozenset())
STAFF = By("officer", "petugas-1", WORKS)

FILED = (Act.FILE, {"office": WORKS, CHOSE: "jalan"})
SOLVED = (Act.RESOLVE, {})
AGREED = (Act.AGREE, {})
RATED_WELL, RATED_LOW = (Act.RATE, {"score": 3}), (Act.RATE, {"score": 2})
SILENCE = (Act.CLOSE, {})
REOPENED = (Act.REOPEN, {})


def a_history(*acts):
    by = {Act.FILE: REPORTER, Act.AGREE: REPORTER, Act.RATE: REPORTER, Act.REOPEN: REPORTER, Act.CLOSE: TIME}
    return tuple(
        Event(act, NOW + timedelta(hours=place), by.get(act, STAFF), data=data)
        for place, (act, data) in enumerate(acts)
    )


def a_case(*acts, code="A", office=WORKS, **changes):
    return Case(code, office, a_history(*acts), **changes)


def summed(*cases):
    return figures.outcomes(cases, figures.links(cases), CITY).city


def of(sums):
    """What is not nought, but for how many were filed."""
    names = [name for name in Sums.__slots__ if name != "filed" and getattr(sums, name)]
    return {name: getattr(sums, name) for name in names}


@pytest.mark.parametrize(
    ("acts", "counted", "honest"),
    [
        ([FILED], {}, None),
        ([FILED, SOLVED], {"solved": 1, "waiting": 1}, None),
        ([FILED, SOLVED, AGREED], {"solved": 1, "confirmed": 1, "fixed": 1}, 1),
        ([FILED, SOLVED, AGREED, RATED_LOW], {"solved": 1, "low": 1}, 0),
        ([FILED, SOLVED, RATED_WELL], {"solved": 1, "confirmed": 1, "fixed": 1}, 1),
        ([FILED, SOLVED, SILENCE], {"solved": 1, "silence": 1}, 0),
        ([FILED, SOLVED, SILENCE, RATED_WELL], {"solved": 1, "confirmed": 1, "fixed": 1}, 1),
        ([FILED, SOLVED, REOPENED], {"solved": 1, "reopened": 1}, 0),
        (
            [FILED, SOLVED, REOPENED, SOLVED, AGREED],
            {"solved": 1, "confirmed": 1, "reopened": 1},
            0,
        ),
        ([FILED, (Act.CLAIM, {})], {}, None),
        (
            [FILED, (Act.CLAIM, {}), (Act.APPROVE, {"resolves": True}), AGREED],
            {"solved": 1, "confirmed": 1, "fixed": 1},
            1,
        ),
        ([FILED, SOLVED, (Act.APPROVE, {}), SILENCE], {"solved": 1, "silence": 1}, 0),
        ([FILED, SOLVED, (Act.UNDO, {})], {}, None),
        ([FILED, (Act.REJECT, {})], {"declined": 1}, None),
        ([FILED, (Act.REJECT, {}), (Act.APPEAL, {}), (Act.UPHOLD, {})], {"declined": 1}, None),
        (
            [FILED, (Act.REJECT, {}), (Act.APPEAL, {}), (Act.GRANT, {"office": WORKS}), SOLVED, AGREED],
            {"granted": 1, "solved": 1, "confirmed": 1, "fixed": 1},
            1,
        ),
        ([FILED, (Act.WITHDRAW, {"reason": "mistake"})], {}, None),
    ],
)
def test_each_end_counts_as_what_it_is(acts, counted, honest):
    sums = summed(a_case(*acts))
    assert sums.filed == 1
    assert of(sums) == counted
    assert sums.honest == honest


@pytest.mark.parametrize(("link", "counted"), [("recurs", "recurred"), ("follows", "reopened")])
def test_a_solution_that_another_report_speaks_against_is_no_fix(link, counted):
    solved = a_case(FILED, SOLVED, AGREED)
    again = a_case((Act.FILE, {"office": WORKS, CHOSE: "jalan", link: "A"}), code="B")
    assert of(summed(solved, again)) == {"solved": 1, "confirmed": 1, counted: 1}
    # The rate is of those that were solved in a period, also where the report that speaks against them came later.
    assert figures.outcomes([solved], figures.links([solved, again]), CITY).city.honest == 0


def test_a_case_counts_for_the_office_that_first_called_it_solved_and_else_for_the_one_that_has_it():
    sorted_to = (Act.SORT, {"category": "jalan", "office": WORKS})
    passed = (Act.PASS_ON, {"from": WORKS, "office": WASTE})
    cases = [
        a_case(FILED, sorted_to, SOLVED, REOPENED, passed, SOLVED, AGREED, office=WASTE),
        a_case(FILED, passed, office=WASTE),
        a_case(FILED, (Act.RESOLVE, {}), office=TRIAGE),
        a_case((Act.FILE, {"office": "long-gone"}), SOLVED, office=WASTE),
    ]
    found = figures.outcomes(cases, NOBODY, CITY).offices
    assert {name: (sums.filed, sums.solved, sums.reopened) for name, sums in found.items()} == {
        WORKS: (2, 2, 1),
        WASTE: (2, 1, 0),
    }


# The rules ------------------------------------------------------------------------------------------------------


def a_sorting(suggested, decided, office=WORKS, filed_with=TRIAGE, **changes):
    return a_case(
        (Act.FILE, {"office": filed_with, SUGGESTED: suggested}),
        (Act.SORT, {"category": decided, "office": office}),
        **changes,
    )


def test_suggestions_are_held_against_what_a_person_decided():
    chosen = (Act.SORT, {"category": "jalan", "office": WORKS})
    changed = (Act.SORT, {"category": "sampah", "office": WASTE})
    cases = [
        a_sorting(["jalan", "sampah"], "jalan"),
        a_sorting(["sampah", "jalan"], "jalan"),
        a_sorting(["sampah"], "jalan"),
        a_sorting([], "jalan"),
        a_case(FILED, chosen),
        a_case(FILED, changed),
        a_case((Act.FILE, {"office": TRIAGE}), chosen),
        a_case((Act.FILE, {"office": TRIAGE}), chosen, suggested=("jalan",)),  # its head alone remembers
        a_case(FILED),
        a_case((Act.FILE, {"office": TRIAGE, SUGGESTED: ["jalan"]}), changed, (Act.UNDO, {})),
        a_case((Act.FILE, {"office": TRIAGE, SUGGESTED: ["jalan"]}), changed, chosen),
    ]
    found = figures.judge(cases, CITY)
    assert (found.sorted, found.chosen, found.changed, found.unkept, found.judged) == (9, 2, 1, 1, 6)
    assert (found.first, found.anywhere, found.none) == (3, 4, 1)
    assert {
        name: (guess.cases, guess.wrong, dict(guess.instead)) for name, guess in found.guesses.items()
    } == {
        "jalan": (3, 0, {}),
        "sampah": (2, 2, {"jalan": 2}),
    }


def test_offices_are_compared_where_rules_decide_them_and_never_in_accusations():
    cases = [
        a_sorting(["jalan"], "jalan", office=WORKS),
        a_sorting(["jalan"], "jalan", office=WASTE),
        a_sorting(["jalan"], "jalan", office=WASTE, filed_with=""),  # sealed at its filing
        a_sorting(["jalan"], "jalan", office=WASTE, about_staff=True),
        a_sorting(["long-gone"], "jalan"),
    ]
    found = figures.judge(cases, CITY)
    assert (found.judged, found.same_office, found.other_office) == (5, 1, 1)
    assert found.offices == {(WORKS, WASTE): 1}


def test_an_erased_case_still_tells_how_good_the_rules_were():
    entry = {
        "act": "file",
        "text": "x",
        "salt": "y",
        "data": {"office": TRIAGE, SUGGESTED: ["jalan"], "recurs": "B"},
    }
    assert ledger.erased(entry)["data"] == {"office": TRIAGE, SUGGESTED: ["jalan"]}


# What is printed ------------------------------------------------------------------------------------------------


def test_no_row_under_five_keeps_its_name_and_the_rest_is_never_that_small():
    rows = {"a": Guess(20), "b": Guess(6), "c": Guess(2), "d": Guess(1)}
    rest = Guess()
    named, folded = figures.fold(rows, rest)
    assert (list(named), folded, rest.cases) == (["a"], ["d", "c", "b"], 9)
    assert figures.fold({"a": Guess(5)}, Guess()) == ({"a": Guess(5)}, [])
    alone = Guess()
    assert figures.fold({"a": Guess(4)}, alone) == ({}, ["a"])
    assert alone.cases == 4


def printed(cases):
    return "\n".join(command.lines(command.Read(tuple(cases), 0), cases, CITY, "categories.toml 0"))


def test_small_numbers_are_printed_as_less_than_five_and_expose_no_office():
    few = printed([a_case(FILED, SOLVED, AGREED) for _ in range(4)])
    assert "<5" in few
    assert "100%" not in few
    assert f" {WORKS} " not in few
    five = printed([a_case(FILED, SOLVED, AGREED) for _ in range(5)] + [a_case(FILED, office=WASTE)] * 5)
    assert [line.split() for line in five.splitlines() if line.startswith(f"  {WORKS} ")] == [
        [WORKS, "5", "5", "5", "0", "0", "0", "0", "0", "0", "100%"]
    ]
    assert f"  {WASTE} " in five


def test_the_rules_are_told_in_both_languages_with_the_pairs_that_are_many():
    cases = [a_sorting(["jalan"], "sampah", office=WASTE) for _ in range(6)]
    cases += [a_sorting(["jalan"], "jalan") for _ in range(3)] + [a_sorting([], "jalan")]
    said = printed(cases)
    assert "     3   30%  saran pertama = keputusan / first suggestion = decision" in said
    assert "6 / 9  Jalan / Jalan en -> Sampah / Sampah en 6" in said
    assert f"     6  {WORKS} -> {WASTE}" in said


def a_row(code, kind, body, **more):
    return {"pk": {"S": code}, "sk": {"S": kind}, "body": {"S": json.dumps(body)}, **more}


def test_an_export_is_read_row_by_row_and_what_is_torn_is_passed_over():
    filed = {
        "act": "file",
        "at": "2026-11-23T02:00:00Z",
        "by": ["reporter", "", ""],
        "data": {"office": WORKS},
    }
    head = {"office": WORKS, "suggested": ["jalan"], "accused": "pu"}
    rows = [
        a_row("A", "event#000001", filed),
        a_row("A", "head", {**head, "office": WASTE}, version={"N": "7"}),
        a_row("A", "text", {"text": "Rahasia"}),
        a_row("A", "head", head, version={"N": "1"}),  # read again: the later line counts
        a_row("B", "event#000001", filed),
        a_row("B", "head", head, version={"N": "2"}),
    ]
    found = command.read(rows)
    assert found.torn == 1
    assert found.cases == (
        Case("A", WORKS, (Event(Act.FILE, NOW, REPORTER, data={"office": WORKS}),), None, ("jalan",), True),
    )
    days = [date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)]
    assert [len(command.filed_between(found.cases, day, day, CITY)) for day in days] == [0, 1, 0]


def test_what_is_no_export_is_said_so(tmp_path, capsys):
    assert command.main([str(tmp_path)]) == 2
    assert "complaints.jsonl" in capsys.readouterr().err
    file = tmp_path / "rows.jsonl"
    file.write_text('{"pk": 1}\n', encoding="utf-8")
    assert command.main([str(file)]) == 2
    assert "cannot be read as an export" in capsys.readouterr().err
