"""Lists against a reference that reads everything, and pages that neither skip nor repeat while others write."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.complaint import Change, Complaint, Screening, Status
from chalicelib.domain.errors import IllegalMove, Invalid, NotFound
from chalicelib.domain.geo import Point, coarsen, distance_m
from chalicelib.domain.reporting import file, withdraw
from chalicelib.domain.visibility import PIN_METRES, Card
from chalicelib.http import views
from chalicelib.store import complaints
from chalicelib.usecases import handling, reading
from chalicelib.usecases.reading import Filters, Page
from tests import stack as stacks
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, SESETAN, SOUTH, TRIAGE_OFFICE, a_case, an_officer, later
from tests.stack import Stack

CENTRE = Point(-8.683239, 115.226764)
CATEGORIES = ("sampah", "lampu_jalan", "jalan_rusak", "sampah_lingkungan", "kebersihan_pencemaran")
OTHER_VILLAGES = ("51.71.03.1005", "51.71.04.2001")
MONTHS = ("2026-07", "2026-09", "2026-10", "2026-11")


def seed(number: int, chance: random.Random) -> list[Complaint]:
    """Cases of every kind in several months, stored as they would be after a while, without their notices."""
    city, made = cast.city(), []
    for _ in range(number):
        month = chance.choice(MONTHS)
        filed = datetime.fromisoformat(f"{month}-01T00:00:00+08:00").astimezone(UTC)
        filed += timedelta(minutes=chance.randrange(60 * 24 * 22))
        village = chance.choice((PANJER, SESETAN, *OTHER_VILLAGES))
        at = city.areas[village].centroid
        point = Point(at.lat + chance.uniform(-0.004, 0.004), at.lon + chance.uniform(-0.004, 0.004))
        filing = cast.a_filing(
            category=chance.choice((*CATEGORIES, None)),
            area=village,
            kind=chance.choice(list(cast.Kind)[:2]),
            private=chance.random() < 0.12,
            about_staff=chance.random() < 0.08,
            place=cast.Place(point if chance.random() < 0.85 else None),
        )
        change = file(
            filing,
            cast.routing.route(filing, city, at=cast.NOW),
            city,
            code=cast.tracking_code("DPS", chance.randbytes(12)),
            now=filed,
            citizen=None,
        )
        complaint = change.complaint
        if not complaint.sealed:
            complaint = replace(
                complaint,
                screening=chance.choice(list(Screening)),
                status=chance.choice([Status.RECEIVED, Status.IN_PROGRESS, Status.RESOLVED]),
                resolved_at=filed,
            )
        change = Change(complaint, change.event)
        if chance.random() < 0.06 and complaint.open:
            change = Change(withdraw(complaint, "", now=filed).complaint, change.event)
        complaints.save(change, city)
        made.append(change.complaint)
    return made


@pytest.fixture(scope="module")
def cases(engines_up: stacks.Stack) -> Iterator[list[Complaint]]:
    """A hundred and fifty cases; only for tests that write nothing."""
    engines_up.clear()
    yield seed(150, random.Random(7))
    engines_up.clear()


def month_of(complaint: Complaint) -> str:
    return (complaint.filed_at + cast.city().utc_offset).strftime("%Y-%m")


def pin(complaint: Complaint) -> Point | None:
    """The public pin, worked out from the rule and not by the code under test."""
    if complaint.place.point is None or complaint.screening is not Screening.RELEASED:
        return None
    category = cast.city().categories.get(complaint.category or "")
    return coarsen(complaint.place.point, PIN_METRES[category.pin if category else "home"])


def reference(cases: list[Complaint], filters: Filters) -> list[str]:
    """What the list must show: every case looked at, newest first."""

    def fits(c: Complaint) -> bool:
        if c.private or c.sealed or c.status is Status.WITHDRAWN:
            return False
        if filters.area and c.area != filters.area and not (c.area or "").startswith(filters.area + "."):
            return False
        wanted = {"category": c.category, "office": c.office, "kind": c.kind, "status": c.status}
        if any(getattr(filters, n) not in (None, v) for n, v in wanted.items()):
            return False
        if filters.month and month_of(c) != filters.month:
            return False
        if filters.near or filters.box:
            at = pin(c)
            if at is None:
                return False
            if filters.near and distance_m(at, filters.near) > filters.radius_m:
                return False
            if filters.box:
                south, west, north, east = filters.box
                return south <= at.lat <= north and west <= at.lon <= east
        return True

    found = sorted((c for c in cases if fits(c)), key=lambda c: (c.filed_at, c.code), reverse=True)
    return [c.code for c in found]


def walk(filters: Filters, *, limit: int = 50, most: int = 400) -> list[Card]:
    """All pages of a list, one after the other."""
    found: list[Card] = []
    cursor = None
    for _ in range(most):
        page = reading.public_list(filters, now=NOW, cursor=cursor, limit=limit)
        assert len(page.cards) <= limit
        found += page.cards
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the cursor never ended")


def in_any_order_of_a_second(codes: list[str]) -> list[str]:
    return sorted(codes)


AREAS = (None, PANJER, SOUTH)
OFFICES = (None, "dlhk", TRIAGE_OFFICE)
SOME = list(
    itertools.product(
        AREAS, (None, "sampah"), OFFICES, (None, "complaint"), (None, "in_progress"), (None, "2026-10")
    )
)


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("office", OFFICES)
def test_every_combination_of_filters_shows_what_a_full_look_shows(
    cases: list[Complaint], area: str | None, office: str | None
) -> None:
    for category, kind, status, month in itertools.product(
        (None, "sampah"), (None, "complaint"), (None, "in_progress"), (None, "2026-10")
    ):
        filters = Filters(area, category, office, kind, status, month)
        cards = walk(filters)
        assert [card.filed_at for card in cards] == sorted((c.filed_at for c in cards), reverse=True)
        assert sorted(card.code for card in cards) == sorted(reference(cases, filters)), filters


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_small_pages_add_up_to_the_whole_list(cases: list[Complaint], limit: int) -> None:
    for filters in (Filters(), Filters(area=PANJER), Filters(category="sampah", status="received")):
        codes = [card.code for card in walk(filters, limit=limit)]
        assert len(codes) == len(set(codes))
        assert sorted(codes) == sorted(reference(cases, filters))


PLACES: list[Filters] = [
    Filters(near=CENTRE, radius_m=500),
    Filters(near=CENTRE, radius_m=1500),
    Filters(near=CENTRE, radius_m=1500, category="sampah", month="2026-10"),
    Filters(near=CENTRE, radius_m=800, status="received", kind="complaint"),
    Filters(box=(-8.69, 115.22, -8.675, 115.235)),
    Filters(box=(-8.69, 115.22, -8.675, 115.235), area=PANJER, month="2026-11"),
    Filters(box=(-8.69, 115.22, -8.675, 115.235), office="dlhk"),
    Filters(near=Point(-8.2, 115.0), radius_m=500),
]


@pytest.mark.parametrize("filters", PLACES)
@pytest.mark.parametrize("limit", [2, 50])
def test_lists_by_place_show_what_a_full_look_at_the_coarse_pins_shows(
    cases: list[Complaint], filters: Filters, limit: int
) -> None:
    cards = walk(filters, limit=limit)
    assert [c.code for c in cards] == list(dict.fromkeys(c.code for c in cards))
    assert sorted(card.code for card in cards) == sorted(reference(cases, filters))


def test_no_list_holds_a_true_point_or_a_case_that_is_not_public(cases: list[Complaint]) -> None:
    by_code = {c.code: c for c in cases}
    hidden = [c for c in cases if c.private or c.sealed or c.status is Status.WITHDRAWN]
    assert len(hidden) > 15
    for card in walk(Filters()):
        complaint = by_code[card.code]
        assert complaint not in hidden
        expected = pin(complaint)
        assert card.point == ((expected.lat, expected.lon) if expected else None)
        if complaint.place.point and card.point:
            assert card.point != (complaint.place.point.lat, complaint.place.point.lon)
        if complaint.screening is not Screening.RELEASED:
            assert card.excerpt == ""
    raw = cast.everything()
    for complaint in hidden:
        for index in ("public_month", "public_cell", "public_area_month", "public_card"):
            head = complaints.get(complaint.code)
            assert index not in head.keys
    assert raw


def test_a_list_reads_a_bounded_number_of_rows_and_answers_a_short_page_with_a_cursor(
    cases: list[Complaint],
) -> None:
    filters = Filters(category="kebersihan_pencemaran", status="in_progress", office="dlhk", area=PANJER)
    with cast.calls() as seen:
        page = reading.public_list(filters, now=NOW, limit=50)
    assert len([1 for name, _ in seen if name == "Query"]) <= 12
    assert all(name == "Query" for name, _ in seen)
    assert page.cursor is None or len(page.cards) < 50


def test_no_list_scans(cases: list[Complaint]) -> None:
    with cast.calls() as seen:
        for filters in (Filters(), Filters(area=SOUTH, kind="complaint"), *PLACES):
            reading.public_list(filters, now=NOW)
    assert {name for name, _ in seen} == {"Query"}
    assert all("IndexName" in params for _, params in seen)


def test_both_formats_list_the_same_cases(cases: list[Complaint]) -> None:
    page = Page(tuple(walk(Filters(month="2026-10"))))
    plain = views.cards(page, cast.city(), "id", NOW)["complaints"]
    shapes = views.geojson(page, cast.city(), "id", NOW)
    assert shapes["type"] == "FeatureCollection"
    assert [f["id"] for f in shapes["features"]] == [row["code"] for row in plain]
    for feature, row in zip(shapes["features"], plain, strict=True):
        if "point" in row:
            assert feature["geometry"]["coordinates"] == [row["point"]["lon"], row["point"]["lat"]]
        else:
            assert feature["geometry"] is None
        assert "point" not in feature["properties"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "!!", "e30", "eyJrIjoib3duIn0", "eyJrIjoibGlzdCIsIm0iOjF9", "eyJrIjoibGlzdCIsInAiOiIifQ", "ÿ"],
)
def test_a_cursor_of_another_list_or_of_nobody_is_a_fault(stack: Stack, cursor: str) -> None:
    with pytest.raises(Invalid) as raised:
        reading.public_list(Filters(), now=NOW, cursor=cursor)
    assert [fault.reason for fault in raised.value.faults] == ["cursor_wrong"]


def test_a_box_too_large_to_read_is_a_fault(stack: Stack) -> None:
    with pytest.raises(Invalid) as raised:
        reading.public_list(Filters(box=(-9, 115, -8, 116)), now=NOW)
    assert [fault.reason for fault in raised.value.faults] == ["box_too_large"]


def test_a_month_is_the_citys_and_not_greenwichs(stack: Stack) -> None:
    # 30 November 23.30 UTC is 1 December 07.30 in Denpasar.
    code = a_case(now=datetime(2026, 11, 30, 23, 30, tzinfo=UTC)).complaint.code
    now = datetime(2026, 12, 2, tzinfo=UTC)
    for month, expected in (("2026-12", [code]), ("2026-11", [])):
        page = reading.public_list(Filters(month=month), now=now)
        assert [card.code for card in page.cards] == expected


# Paging while others write ------------------------------------------------------------------------------------


def pages(step: Callable[[str | None], Page], between: Callable[[int], None]) -> list[str]:
    found: list[str] = []
    cursor = None
    for number in range(60):
        page = step(cursor)
        found += [card.code for card in page.cards]
        cursor = page.cursor
        if cursor is None:
            return found
        between(number)
    raise AssertionError("the cursor never ended")


@pytest.mark.parametrize(
    "filters", [Filters(), Filters(area=PANJER), Filters(category="sampah", kind="complaint")]
)
def test_public_pages_neither_skip_nor_repeat_while_others_write(stack: Stack, filters: Filters) -> None:
    officer = an_officer("duty@dlhk").officer
    codes = [a_case(now=later(hours=-number)).complaint.code for number in range(12)]

    def write(number: int) -> None:
        a_case(now=later(minutes=number))  # a newer one
        handling.reply(codes[number], officer, "Besok.", if_match=1, now=later(minutes=number))  # a seen one
        handling.reply(codes[-1 - number], officer, "Besok.", if_match=1, now=later(minutes=number))

    found = pages(
        lambda cursor: reading.public_list(filters, now=later(hours=1), cursor=cursor, limit=3), write
    )
    assert found == codes


def test_places_pages_neither_skip_nor_repeat_while_others_write(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer

    def released(number: int, now: datetime) -> str:
        # In four cells round a corner.
        at = (
            CENTRE.lat + (0.003 if number % 2 else -0.003),
            CENTRE.lon + (0.004 if number % 4 < 2 else -0.004),
        )
        code = a_case(at=at, now=now).complaint.code
        handling.release(code, triage, if_match=1, now=now)
        return code

    codes = [released(number, later(hours=-number)) for number in range(12)]
    filters = Filters(near=CENTRE, radius_m=1500)
    found = pages(
        lambda cursor: reading.public_list(filters, now=later(hours=1), cursor=cursor, limit=3),
        lambda number: [released(number, later(minutes=number)), None][1],
    )
    assert found == codes


def test_own_pages_neither_skip_nor_repeat_while_the_reporter_files_more(stack: Stack) -> None:
    phone = cast.a_phone()
    codes = [a_case(phone=phone, now=later(hours=-number)).complaint.code for number in range(7)]
    found = pages(
        lambda cursor: reading.own_cases(cast.citizen(phone), cursor=cursor, limit=2),
        lambda number: [a_case(phone=phone, now=later(minutes=number)), None][1],
    )
    assert found == codes


def test_inbox_pages_neither_skip_nor_repeat_while_others_file(stack: Stack) -> None:
    officer = an_officer("duty@dlhk", "duty@pupr").officer
    codes = []
    for number in range(10):
        category = "sampah" if number % 2 else "jalan_rusak"
        codes.append(a_case(category=category, now=later(days=-number)).complaint)
    expected = [c.code for c in sorted(codes, key=lambda c: (c.inbox_at, c.code))]
    found = pages(
        lambda cursor: reading.inbox(officer, "office", cursor=cursor, limit=3),
        lambda number: [a_case(now=later(days=20)), None][1],
    )
    # Newer cases are due later, so they come after all that were there.
    assert found[: len(expected)] == expected
    assert len(found) == len(set(found))


# Inboxes ------------------------------------------------------------------------------------------------------


def test_the_inbox_shows_the_most_urgent_first(stack: Stack) -> None:
    officer = an_officer("duty@bpbd", "duty@dlhk").officer
    slow = a_case(category="kebersihan_pencemaran").complaint
    fast = a_case(category="pohon_tumbang", now=later(minutes=10)).complaint
    late = a_case(category="sampah", now=later(days=-9)).complaint
    page = reading.inbox(officer, "office")
    assert [card.code for card in page.cards] == [late.code, fast.code, slow.code]
    handling.reply(late.code, officer, "Besok pagi.", if_match=1, now=later(minutes=30))
    page = reading.inbox(officer, "office")
    # Answered, it sorts by its promise to solve, which is over as well; it stays on top.
    assert page.cards[0].code == late.code
    assert [card.due for card in page.cards] == sorted(str(card.due) for card in page.cards)


def test_only_triage_has_the_screening_queue(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    held, private = a_case().complaint, a_case(private=True).complaint
    a_case(about_staff=True)
    assert [card.code for card in reading.inbox(triage, "screening").cards] == [held.code]
    for post in ("duty@dlhk", f"staff@{TRIAGE_OFFICE}", "secretary@city"):
        with pytest.raises(NotFound):
            reading.inbox(an_officer(post).officer, "screening")
    handling.release(held.code, triage, if_match=1, now=later(minutes=5))
    assert reading.inbox(triage, "screening").cards == ()
    with pytest.raises(IllegalMove):
        handling.release(private.code, triage, if_match=1, now=later(minutes=5))


def test_a_text_that_nobody_read_before_the_case_closed_still_waits_for_triage(stack: Stack) -> None:
    officer, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    filed = a_case()
    code = filed.complaint.code
    handling.resolve(code, officer, "Sudah.", if_match=1, now=later(minutes=5))
    handling.rate(code, cast.holder_of(filed), 5, "", now=later(minutes=6))
    assert [card.code for card in reading.inbox(triage, "screening").cards] == [code]


def test_an_empty_city_has_empty_lists(stack: Stack) -> None:
    officer = an_officer("duty@dlhk", f"village_head@{PANJER}").officer
    assert walk(Filters()) == []
    for which in ("office", "area"):
        assert reading.inbox(officer, which) == Page(())
    assert reading.own_cases(cast.citizen(cast.a_phone())) == Page(())


def test_what_was_sent_about_a_case_is_listed_oldest_first(stack: Stack) -> None:
    filed = a_case(phone=cast.a_phone())
    cast.deliver(later(minutes=1))
    found = reading.messages_of(filed.complaint.code)
    assert {(d.notice.template, d.state) for d in found} == {
        ("office_new", "sent"),
        ("citizen_received", "sent"),
    }


def test_posts_without_anybody_are_listed(stack: Stack) -> None:
    before = dict(reading.unfilled_posts())
    assert before["office_head@dlhk"]
    an_officer("office_head@dlhk")
    cast.disable(an_officer("division_head@dlhk"))
    after = dict(reading.unfilled_posts())
    assert set(before) - set(after) == {"office_head@dlhk"}
