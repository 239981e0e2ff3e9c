"""Search for the city's own people, on the real engines: who finds what by which words, and what the index keeps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from chalicelib.domain.errors import Invalid, TooMany
from chalicelib.domain.people import Officer, standing_in
from chalicelib.store import complaints, search
from chalicelib.store.tables import SearchRow
from chalicelib.usecases import handling, indexing
from chalicelib.usecases import search as finding
from chalicelib.usecases.handling import Sorting
from chalicelib.usecases.search import Query
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, a_phone, an_officer, holder_of, later
from tests.stack import Stack

POTHOLE = "Jalan berlubang besar di depan pasar, sudah dua orang jatuh. Hubungi 0812-3456-7890 atau a@b.id"


def triage() -> Officer:
    return an_officer(f"triage@{TRIAGE_OFFICE}").officer


def found(officer: Officer, text: str = "", **narrowed: object) -> list[str]:
    indexing.sweep()
    return [
        card.code
        for card in finding.find(officer, Query(text, **narrowed), now=later(hours=9)).cards  # type: ignore[arg-type]  # the fields of a query
    ]


def kept_rows() -> list[str]:
    return sorted(f"{row.pk} {row.sk}" for row in SearchRow.scan())


def test_a_case_is_found_by_beginnings_and_kin_of_its_words_and_by_all_of_several(stack: Stack) -> None:
    code = a_case(text=POTHOLE, category="jalan_rusak").complaint.code
    other = a_case(text="Pohon tumbang menutup jalan", category="pohon_taman").complaint.code
    officer = triage()
    for text in ("lubang", "BERLUB", "lubangnya", "jatuh jl", "jalan berlobang", code, code.lower()[4:]):
        assert found(officer, text) == [code], text
    assert set(found(officer, "jalan")) == {code, other}
    for text in ("lubang tumbang", "kebakaran", "alan"):
        assert found(officer, text) == [], text


def test_no_phone_number_and_no_address_stands_in_the_index(stack: Stack) -> None:
    a_case(text=POTHOLE, phone=(phone := a_phone()))
    indexing.sweep()
    kept = " ".join(kept_rows()) + " ".join(row.body or "" for row in SearchRow.scan())
    for part in ("0812", "3456", "7890", "a@b", phone, phone.removeprefix("+62")):
        assert part not in kept
    with pytest.raises(Invalid):
        found(triage(), "0812-3456-7890")


def test_words_of_later_messages_and_answers_find_a_case_and_mended_words_no_longer_do(stack: Stack) -> None:
    filed = a_case(text="Sampah menumpuk di gang")
    code, me = filed.complaint.code, holder_of(filed)
    officer = an_officer("staff@dlhk").officer
    handling.edit(code, me, "Kasur bekas dibuang di gang", now=later(minutes=2))
    assert (found(officer, "tumpuk"), found(officer, "kasur")) == ([], [code])
    handling.reply(code, officer, "Truk datang besok.", if_match=2, now=later(hours=1))
    assert found(officer, "truk") == [code]


def test_an_officer_finds_only_what_the_single_view_would_show(stack: Stack) -> None:
    waste = a_case(text="Bau busuk dari bak sampah").complaint.code
    private = a_case(text="Bau busuk dekat rumah saya", private=True).complaint.code
    accused = a_case(text="Bau busuk, petugas minta uang", about_staff=True, accused="dlhk").complaint.code
    dlhk, lurah = an_officer("staff@dlhk").officer, an_officer(f"village_head@{cast.PANJER}").officer
    roads, all_of_it = an_officer("office_head@pupr").officer, triage()
    assert set(found(dlhk, "busuk")) == {waste, private}
    assert found(lurah, "busuk") == [waste]
    assert found(roads, "busuk") == []
    assert set(found(all_of_it, "busuk")) == {waste, private, accused}
    assert set(found(dlhk)) == {waste, private}
    assert found(dlhk, accused) == []


def test_a_note_finds_its_case_for_its_own_office_alone(stack: Stack) -> None:
    code = a_case().complaint.code
    staff = an_officer("staff@dlhk").officer
    handling.note(code, staff, "Ekskavator baru ada Kamis", [], if_match=1, now=later(hours=1))
    assert (found(staff, "ekskavator"), found(triage(), "ekskavator")) == ([code], [])
    handling.pass_on(code, staff, "pupr", "Ini jalan.", if_match=2, now=later(hours=2))
    assert found(an_officer("staff@pupr").officer, "ekskavator") == []


def test_accusing_words_said_later_find_the_case_for_triage_alone(stack: Stack) -> None:
    filed = a_case()
    handling.message(filed.complaint.code, holder_of(filed), "Oknum minta pungli lagi", now=later(hours=1))
    assert found(an_officer("staff@dlhk").officer, "pungli") == []
    assert found(triage(), "pungli") == [filed.complaint.code]


def test_office_area_days_and_state_narrow_with_and_without_words(stack: Stack) -> None:
    first = a_case(text="Sampah di pasar").complaint.code
    second = a_case(text="Sampah di sungai", now=later(days=40)).complaint.code
    officer = triage()
    day = later(days=40).date()

    def all_found(text: str = "", **narrowed: object) -> list[str]:
        indexing.sweep()
        page = finding.find(officer, Query(text, **narrowed), now=later(days=50))  # type: ignore[arg-type]  # the fields of a query
        return [card.code for card in page.cards]

    for text in ("", "sampah"):
        assert all_found(text) == [second, first]
        assert all_found(text, since=day) == [second]
        assert all_found(text, until=day - timedelta(days=1)) == [first]
        assert all_found(text, office="dlhk", area=cast.PANJER) == [second, first]
        assert all_found(text, area=cast.PANJER.rpartition(".")[0]) == [second, first]
        assert all_found(text, office="pupr") == []
        assert all_found(text, status="ended") == []
        assert all_found(text, status="open") == [second, first]


def test_who_is_mentioned_finds_the_case_by_that_and_so_does_who_stands_in(stack: Stack) -> None:
    writes, reads, other = (an_officer("staff@dlhk").officer for _ in range(3))
    code, second = (a_case(text=f"Sampah di saluran {n}").complaint.code for n in range(2))
    for each, told in ((code, reads), (second, other)):
        handling.note(each, writes, "Tolong dicek besok.", [told.id], if_match=1, now=later(hours=1))
    assert found(reads, mentioned=True) == [code]
    assert found(reads, "saluran", mentioned=True) == [code]
    assert found(reads, "kebakaran", mentioned=True) == []
    assert found(writes, mentioned=True) == []
    assert found(triage(), mentioned=True) == []
    stands_in = standing_in(writes, [reads])
    assert found(stands_in, mentioned=True) == [code]


def test_a_case_that_moves_is_found_where_it_is_now(stack: Stack) -> None:
    code = a_case(text="Sampah di saluran").complaint.code
    dlhk, pupr = an_officer("staff@dlhk").officer, an_officer("staff@pupr").officer
    assert found(pupr, "saluran") == []
    handling.pass_on(code, dlhk, "pupr", "Ini drainase.", if_match=1, now=later(hours=1))
    assert (found(pupr, "saluran"), found(pupr), found(dlhk, "saluran")) == ([code], [code], [])


def test_pages_neither_skip_nor_repeat(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [a_case(text=f"Sampah nomor {n}", now=later(hours=n)).complaint.code for n in range(7)]
    officer = triage()
    indexing.sweep()
    for text, rows in (("sampah", 3000), ("", 3000), ("", 2)):
        monkeypatch.setattr(search, "MOST_ROWS", rows)
        monkeypatch.setattr(search.hits, "__kwdefaults__", {**search.hits.__kwdefaults__, "most": rows})
        cursor, seen = None, []
        while True:
            page = finding.find(officer, Query(text), now=later(days=2), cursor=cursor, limit=3)
            seen += [card.code for card in page.cards]
            cursor = page.cursor
            if cursor is None:
                break
        assert seen == made[::-1], (text, rows)


def test_a_phone_finds_only_cases_whose_reporter_may_be_known(stack: Stack) -> None:
    phone = a_phone()
    shown = a_case(phone=phone, identity_shown=True).complaint.code
    a_case(phone=phone, text="Sampah lagi di sungai")
    staff, roads = an_officer("staff@dlhk").officer, an_officer("staff@pupr").officer
    assert (found(staff, phone=phone), found(roads, phone=phone)) == ([shown], [])
    assert found(staff, phone=a_phone()) == []
    for _ in range(finding.PHONES_PER_HOUR - 2):
        found(staff, phone=phone)
    with pytest.raises(TooMany):
        found(staff, phone=phone)


def test_the_index_is_the_same_after_running_twice_dying_halfway_and_being_made_anew(stack: Stack) -> None:
    codes = [a_case(text=f"Sampah di sungai {n}").complaint.code for n in range(3)]
    indexing.sweep()
    whole = kept_rows()
    search.mark_anew(codes)
    assert indexing.sweep().indexed == 3
    assert kept_rows() == whole

    class Killed(BaseException):
        pass

    handling.edit(
        codes[0], cast.signin.Who(cast.signin.Kind.LINK, f"{codes[0]}.1"), "Kasur", now=later(minutes=1)
    )
    for dies_at in range(3):
        asked = 0

        def die(params: dict[str, object], at: int = dies_at, **_: object) -> None:
            nonlocal asked
            if any(str(table).endswith("search") for table in _tables(params)):
                asked += 1
                if asked > at:
                    raise Killed

        with (
            cast.on_dynamodb("before-parameter-build.dynamodb.PutItem", die),
            cast.on_dynamodb("before-parameter-build.dynamodb.BatchWriteItem", die),
            pytest.raises(Killed),
        ):
            indexing.take_up(codes[0])
    swept = indexing.sweep()
    assert (swept.indexed, swept.failed) == (1, 0)
    made_so = kept_rows()
    assert indexing.make_anew(empty=True) == 3
    indexing.sweep()
    assert kept_rows() == made_so != whole
    assert indexing.sweep().indexed == 0


def _tables(params: dict[str, object]) -> Iterable[object]:
    items = params.get("RequestItems")
    return [*items] if isinstance(items, dict) else [params.get("TableName")]


def test_an_act_without_words_costs_the_index_nothing(stack: Stack) -> None:
    code = a_case().complaint.code
    indexing.sweep()
    officer = an_officer("staff@dlhk").officer
    handling.start(code, officer, if_match=1, now=later(hours=1))
    assert [*search.marked()] == []


def test_a_search_reads_what_it_finds_and_not_the_city(stack: Stack) -> None:
    """What one search costs: the rows of its words, and half a unit for each case it looks at."""
    for n in range(30):
        a_case(text=f"Sampah di gang {n}", now=later(minutes=n))
    rare = a_case(text="Kelelawar di atap balai").complaint.code
    indexing.sweep()
    officer = triage()
    units = 0.0

    def add(parsed: dict[str, object], **_: object) -> None:
        nonlocal units
        told = parsed.get("ConsumedCapacity")
        for part in told if isinstance(told, list) else [told] if told else []:
            units += part["CapacityUnits"]

    def ask(params: dict[str, object], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    with (
        cast.on_dynamodb("provide-client-params.dynamodb", ask),
        cast.on_dynamodb("after-call.dynamodb", add),
    ):
        page = finding.find(officer, Query("kelelawar atap", since=later().date()), now=later(hours=9))
    assert [card.code for card in page.cards] == [rare]
    assert units <= 2
    with cast.calls() as calls:
        finding.find(officer, Query("sampah"), now=later(hours=9))
    assert {name for name, _ in calls} == {"Query", "BatchGetItem"}


def test_triage_sorts_and_the_words_stay(stack: Stack) -> None:
    code = a_case(text="Lampu taman mati", category=None).complaint.code
    officer = triage()
    handling.sort(code, officer, Sorting("lampu_jalan"), if_match=1, now=later(hours=1))
    office = complaints.get(code).complaint.office
    assert found(an_officer(f"staff@{office}").officer, "taman") == [code]
