"""Where a point lies, what the public may know of it, and how boundaries are installed."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.geo import (
    BORDER_M,
    BOUNDARIES_FILE,
    Geography,
    Located,
    Point,
    cell_size_m,
    cells_for_box,
    coarsen,
    distance_m,
    geohash,
    neighbours,
    pack_boundaries,
)
from infra.boundaries import BadBoundaries, Village, check, main

# A small city of our own, in thousandths of a degree (111 m) north and east of its south-west corner:
#
#   10 +---------+----------+
#      |  west   |   east   |          west: a ring with a hole that is nobody's ground
#    8 | +-----+ |          |          east: the mainland with a hole, and an island
#    7 | |     | |  +----+  |          court: fills east's hole
#    6 | | not | |  |    |  |  +----+
#      | | ours| |  |court  |  |east|
#    4 | |     | |  |    |  |  +----+
#    3 | |     | |  +----+  |
#    2 | +-----+ |          |
#    0 +---------+----------+           shore to the south and all around
#      0 2     8 10 13  17  20 23   25
SOUTH, WEST = -8.6, 115.2


def at(north: float, east: float) -> Point:
    return Point(SOUTH + north / 1000, WEST + east / 1000)


def square(south: float, west: float, north: float, east: float) -> list[tuple[float, float]]:
    corners = [(south, west), (south, east), (north, east), (north, west), (south, west)]
    return [(WEST + x / 1000, SOUTH + y / 1000) for y, x in corners]


RINGS = {
    "west": [square(0, 0, 10, 10), square(2, 2, 8, 8)],
    "east": [square(0, 10, 10, 20), square(3, 13, 7, 17), square(4, 23, 6, 25)],
    "court": [square(3, 13, 7, 17)],
}
BESIDE = {"Uphill": at(60, 10), "Downhill": at(-60, 10)}
CITY = Geography.from_boundaries(pack_boundaries(RINGS), BESIDE)
METRE = 1000 / 111_195  # north, in thousandths of a degree

anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
inhabited = st.builds(Point, st.floats(-70, 70), st.floats(-179, 179))
precisions = st.integers(1, 12)


# --- points


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (math.nan, 115.2),
        (-8.6, math.nan),
        (math.inf, 115.2),
        (-8.6, -math.inf),
        (90.1, 0),
        (115.2, -8.6),
        (0, 180.1),
    ],
)
def test_a_number_that_is_no_coordinate_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError):
        Point(lat, lon)


def test_a_distance_is_in_metres() -> None:
    # A degree of latitude is 111.2 km; at 60 degrees a degree of longitude is half of that.
    assert distance_m(Point(-8, 115), Point(-9, 115)) == pytest.approx(111_195, rel=1e-4)
    assert distance_m(Point(60, 115), Point(60, 116)) == pytest.approx(111_195 / 2, rel=1e-3)
    assert distance_m(at(3, 4), at(3, 4)) == 0


def test_a_distance_takes_the_short_way_round() -> None:
    assert distance_m(Point(0, 179.999), Point(0, -179.999)) == pytest.approx(222.4, rel=1e-3)


# --- public pins


@given(inhabited, st.sampled_from([25, 50, 100, 200, 400]))
def test_a_public_pin_is_near_and_asking_again_tells_nothing_new(point: Point, metres: int) -> None:
    pin = coarsen(point, metres)
    # Never farther than half a square's diagonal; squares are a few per cent off true far from the equator.
    assert distance_m(point, pin) <= metres * math.sqrt(0.5) * 1.05 + 0.2
    assert coarsen(pin, metres) == pin


@given(inhabited, st.sampled_from([25, 50, 100, 200]), st.sampled_from([100, 200, 400, 800, 102_400]))
def test_asking_for_two_sizes_tells_no_more_than_the_finer_one(point: Point, fine: int, coarse: int) -> None:
    fine, coarse = sorted((fine, coarse))
    assert coarsen(coarsen(point, fine), coarse) == coarsen(point, coarse)


@given(anywhere, st.integers(1, 102_400))
def test_every_point_on_earth_has_a_pin(point: Point, metres: int) -> None:
    pin = coarsen(point, metres)
    assert coarsen(pin, metres) == pin


def test_all_points_of_a_square_share_one_pin() -> None:
    # Some 1 km by 1 km, asked every 10 m: squares of 200 m can only give 5 to 6 pins a side, 200 m apart.
    pins = {coarsen(at(y / 11.1, x / 11.1), 200) for y in range(100) for x in range(100)}
    assert len(pins) <= 36
    assert min(distance_m(a, b) for a in pins for b in pins if a != b) > 195


def test_a_pin_is_never_finer_than_asked() -> None:
    assert coarsen(at(1, 1), 150) == coarsen(at(1, 1), 200)
    assert coarsen(at(1, 1), 26) == coarsen(at(1, 1), 50)


@pytest.mark.parametrize("metres", [-1, 0, 102_401])
def test_a_grid_that_is_not_kept_is_refused(metres: int) -> None:
    with pytest.raises(ValueError):
        coarsen(at(1, 1), metres)


# --- grid cells


@pytest.mark.parametrize(
    ("point", "cell"),
    [  # published examples of the scheme
        (Point(42.605, -5.603), "ezs42"),
        (Point(57.64911, 10.40744), "u4pruydqqvj"),
        (Point(90, 180), "zzzzzz"),
        (Point(-90, -180), "000000"),
    ],
)
def test_a_cell_is_named_as_everywhere(point: Point, cell: str) -> None:
    assert geohash(point, len(cell)) == cell


@given(anywhere, st.integers(2, 12))
def test_a_cell_lies_in_the_cell_of_one_letter_less(point: Point, precision: int) -> None:
    assert geohash(point, precision)[:-1] == geohash(point, precision - 1)


def test_the_cells_around_are_named_as_everywhere() -> None:
    cell, *around = neighbours("dqcjq")
    assert cell == "dqcjq"
    assert set(around) == {"dqcjw", "dqcjx", "dqcjr", "dqcjp", "dqcjn", "dqcjj", "dqcjm", "dqcjt"}


@given(inhabited, st.integers(3, 12))
def test_neighbours_are_eight_and_mutual(point: Point, precision: int) -> None:
    cell = geohash(point, precision)
    around = neighbours(cell)
    assert len(set(around)) == 9
    assert around[0] == cell
    assert all(cell in neighbours(each) for each in around)


@given(inhabited, st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_within_a_cell_size_is_in_a_neighbour(point: Point, north: float, east: float) -> None:
    height, width = cell_size_m(6, point.lat)
    # 1 % less, because the width is measured at the point's own latitude.
    away = Point(
        point.lat + north * 0.99 * height / 111_195,
        point.lon + east * 0.99 * width / 111_195 / math.cos(math.radians(point.lat)),
    )
    assert geohash(away, 6) in neighbours(geohash(point, 6))


def test_neighbours_wrap_at_the_date_line_and_stop_at_a_pole() -> None:
    assert geohash(Point(0.1, -179.9), 4) in neighbours(geohash(Point(0.1, 179.9), 4))
    assert len(neighbours(geohash(Point(90, 0), 5))) == 6


@pytest.mark.parametrize("cell", ["", "qw3a", "QW3", "qw 3", "q" * 13])
def test_what_is_no_cell_is_refused(cell: str) -> None:
    with pytest.raises(ValueError):
        neighbours(cell)


@pytest.mark.parametrize("precision", [0, 13])
def test_a_cell_has_one_to_twelve_letters(precision: int) -> None:
    with pytest.raises(ValueError):
        geohash(at(1, 1), precision)


def test_cells_of_lists_are_some_600_by_1200_metres() -> None:
    height, width = cell_size_m(6, -8.65)
    assert (round(height), round(width)) == (611, 1208)


@given(
    st.tuples(st.floats(0, 20), st.floats(0, 20)),
    st.tuples(st.floats(0, 20), st.floats(0, 20)),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_cells_of_a_box_hold_every_point_of_it(
    one: tuple[float, float], other: tuple[float, float], up: float, along: float
) -> None:
    (south, north), (west, east) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    low, high = at(south, west), at(north, east)
    cells = cells_for_box(low.lat, low.lon, high.lat, high.lon, 6, 50)
    inside = Point(
        min(high.lat, low.lat + up * (high.lat - low.lat)),
        min(high.lon, low.lon + along * (high.lon - low.lon)),
    )
    assert geohash(inside, 6) in cells
    assert len(set(cells)) == len(cells)


def test_the_cells_of_a_box_are_no_more_than_touch_it() -> None:
    middle = at(5, 5)
    assert cells_for_box(middle.lat, middle.lon, middle.lat, middle.lon, 6, 1) == (geohash(middle, 6),)
    # 20 thousandths of a degree are 2.2 km: at most 5 rows of 611 m and 3 columns of 1208 m.
    assert len(cells_for_box(SOUTH, WEST, SOUTH + 0.02, WEST + 0.02, 6, 15)) <= 15


def test_a_box_of_too_many_cells_is_refused() -> None:
    cells = cells_for_box(SOUTH, WEST, SOUTH + 0.02, WEST + 0.02, 6, 99)
    assert cells_for_box(SOUTH, WEST, SOUTH + 0.02, WEST + 0.02, 6, len(cells)) == cells
    with pytest.raises(ValueError):
        cells_for_box(SOUTH, WEST, SOUTH + 0.02, WEST + 0.02, 6, len(cells) - 1)
    with pytest.raises(ValueError):  # refused before anything is built
        cells_for_box(-90, -180, 90, 180, 12, 1000)


@pytest.mark.parametrize("box", [(1, 0, 0, 1), (0, 179, 1, -179), (0, 0, 91, 1), (0, 0, math.nan, 1)])
def test_a_box_that_is_none_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError):
        cells_for_box(*box, 6, 10_000)


# --- with boundaries


@pytest.mark.parametrize(
    ("point", "candidates"),
    [
        (at(5, 1), ["west"]),  # 111 m from the hole and from the open edge: no village there to choose
        (at(5, 9), ["west", "east"]),  # 110 m from east
        (at(5, 11), ["east", "west"]),
        (at(5, 11.5), ["east"]),  # 165 m from west, 165 m from court
        (at(5, 15), ["court"]),  # 220 m from east
        (at(5, 16.5), ["court", "east"]),
        (at(5, 17.5), ["east", "court"]),
        (at(5, 24), ["east"]),  # the island
        (at(5, 2.5), ["west"]),  # in the hole, 55 m from its edge
        (at(-1, 5), ["west"]),  # on the shore, 111 m out
        (at(-1, 10.2), ["east", "west"]),  # on the shore below the border
        (at(5, 25.5), ["east"]),  # the island's shore
    ],
)
def test_a_point_in_the_city(point: Point, candidates: list[str]) -> None:
    assert CITY.locate(point) == Located(candidates[0], tuple(candidates), approximate=False, outside=None)


@pytest.mark.parametrize(
    ("point", "whose"),
    [
        (at(5.2, 5), "Uphill"),  # the middle of the hole, 310 m from west
        (at(5.2, 21.5), "Uphill"),  # the sea between mainland and island
        (at(-2, 5), "Downhill"),
        (at(50, 10), "Uphill"),
        (at(-300, 10), "Downhill"),  # 27 km from its label point
        (at(-400, 10), ""),  # 38 km: nobody can say
    ],
)
def test_a_point_outside_the_city(point: Point, whose: str) -> None:
    assert CITY.locate(point) == Located(None, (), approximate=False, outside=whose)


def test_without_neighbours_the_ground_outside_is_nobodys() -> None:
    assert Geography.from_boundaries(pack_boundaries(RINGS), {}).locate(at(50, 10)).outside == ""


@pytest.mark.parametrize(("metres", "within"), [(BORDER_M - 1, True), (BORDER_M + 1, False)])
def test_the_shore_is_150_metres_wide_also_at_a_corner(metres: float, within: bool) -> None:
    diagonal = metres / math.sqrt(2)
    east = METRE / math.cos(math.radians(SOUTH))
    for point in (at(-metres * METRE, 5), at(-diagonal * METRE, -diagonal * east), at(5, -metres * east)):
        assert (CITY.locate(point).area == "west") is within


@pytest.mark.parametrize(("metres", "number"), [(BORDER_M - 1, 2), (BORDER_M + 1, 1)])
def test_two_villages_are_offered_within_150_metres_of_their_border(metres: float, number: int) -> None:
    for point in (at(1, 10 - metres * METRE / math.cos(math.radians(SOUTH))), at(7 + metres * METRE, 15)):
        assert len(CITY.locate(point).candidates) == number


whole = st.integers(0, 10_000)
turns = st.integers(0, 10).map(lambda row: 1_000 * row)  # exactly as far north as a corner


@given(st.lists(st.integers(4_000, 6_000), min_size=11, max_size=11), whole | turns, whole)
def test_a_crooked_border_puts_each_point_on_its_one_side(border: list[int], north: int, east: int) -> None:
    """The border turns every 1 000 microdegrees; exact fractions say which side is right."""
    line = [(x, 1_000 * row) for row, x in enumerate(border)]
    halves = {"a": [(0, 10_000), (0, 0), *line], "b": [*line, (10_000, 10_000), (10_000, 0)]}
    rings = {code: [[(x / 1e6, y / 1e6) for x, y in ring]] for code, ring in halves.items()}
    area = Geography.from_boundaries(pack_boundaries(rings), {}).locate(Point(north / 1e6, east / 1e6)).area
    row = min(north // 1_000, 9)
    crossing = border[row] + Fraction(north - 1_000 * row, 1_000) * (border[row + 1] - border[row])
    # On the line itself either side will do.
    assert area == ("a" if east < crossing else "b") or east == crossing


def test_the_direction_and_the_start_of_a_ring_do_not_matter() -> None:
    turned = {code: [[*ring[2:-1], *ring[:2]][::-1] for ring in rings] for code, rings in RINGS.items()}
    other = Geography.from_boundaries(pack_boundaries(turned), BESIDE)
    points = [at(y / 2 + 0.1, x / 2 + 0.1) for y in range(-4, 24) for x in range(-4, 56)]
    assert [other.locate(point) for point in points] == [CITY.locate(point) for point in points]


def test_a_closed_and_an_open_ring_are_packed_alike() -> None:
    still_open = {code: [ring[:-1] for ring in rings] for code, rings in RINGS.items()}
    assert pack_boundaries(still_open) == pack_boundaries(RINGS)


def test_asking_twice_answers_the_same() -> None:
    assert CITY.locate(at(5, 9)) == CITY.locate(at(5, 9))


def test_a_geography_names_its_villages_and_whether_it_is_exact() -> None:
    assert CITY.codes == {"west", "east", "court"}
    assert not CITY.approximate


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"type":"FeatureCollection","features":[]}',
        pack_boundaries(RINGS).replace(b"village-rings/1", b"village-rings/0"),
        pack_boundaries(RINGS).replace(b'"box"', b'"bex"'),
        pack_boundaries({}),
    ],
)
def test_what_was_not_installed_by_us_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Geography.from_boundaries(data, {})


@pytest.mark.parametrize(
    "rings",
    [
        [],
        [[]],
        [square(0, 0, 1, 1)[:2]],
        [square(0, 0, 1, 1)[:2] * 2],  # two corners, each said twice
        [square(0, 0, 1, 1), square(0, 0, 1, 1)[:1]],
        [[(115.2, -8.6), (115.3, -8.6), (115.3, 91)]],
        [[(115.2, -8.6), (math.inf, -8.6), (115.3, -8.5)]],
    ],
)
def test_a_ring_that_encloses_nothing_is_not_packed(rings: list[list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError):
        pack_boundaries({"west": rings})


# --- without boundaries

# Two villages 4.4 km apart, each of 10 km2 (a disc of 1.8 km).
LABELS = {"left": (at(0, 0), 10.0), "right": (at(0, 40), 10.0)}
BOX = (SOUTH - 0.02, WEST - 0.02, SOUTH + 0.04, WEST + 0.06)
ROUGH = Geography.from_centroids(LABELS, BOX, BESIDE)


@pytest.mark.parametrize(
    ("point", "candidates"),
    [
        (at(0, 0), ["left"]),
        (at(0, 10), ["left"]),  # a third as far as to the other
        (at(0, 19), ["left", "right"]),
        (at(0, 21), ["right", "left"]),
        (at(0, 45), ["right"]),
    ],
)
def test_without_boundaries_the_nearest_label_point_answers(point: Point, candidates: list[str]) -> None:
    assert ROUGH.locate(point) == Located(candidates[0], tuple(candidates), approximate=True, outside=None)


@pytest.mark.parametrize(
    "point",
    [
        at(-21, 0),  # 2.3 km from left, but south of the box
        at(0, -21),
        at(30, 0),  # in the box, 3.3 km from left: outside every circle
    ],
)
def test_without_boundaries_the_outline_is_box_and_circles(point: Point) -> None:
    located = ROUGH.locate(point)
    assert (located.area, located.candidates, located.approximate) == (None, (), True)
    assert located.outside in BESIDE


def test_a_large_village_reaches_farther() -> None:
    wide = Geography.from_centroids({"left": (at(0, 0), 30.0), "right": LABELS["right"]}, BOX, BESIDE)
    assert ROUGH.locate(at(30, 0)).area is None
    assert wide.locate(at(30, 0)).area == "left"


def test_a_city_of_one_village_needs_no_second_candidate() -> None:
    alone = Geography.from_centroids({"left": LABELS["left"]}, BOX, {})
    assert alone.locate(at(1, 1)).candidates == ("left",)
    assert alone.codes == {"left"}
    assert alone.approximate


def test_a_city_without_villages_is_refused() -> None:
    with pytest.raises(ValueError):
        Geography.from_centroids({}, BOX, {})


# --- make boundaries

VILLAGES = {
    "11.01": Village("West", at(1, 1)),
    "11.02": Village("East", at(1, 11)),
    "11.03": Village("Court", at(5, 15)),
}
AREAS = "".join(
    f'[[village]]\ncode = "{code}"\nname = "{village.name}"\nkind = "desa"\ndistrict = "11"\n'
    f"lat = {village.centroid.lat}\nlon = {village.centroid.lon}\narea_km2 = 1.0\n"
    for code, village in VILLAGES.items()
)
Feature = dict[str, object]


def a_feature(code: str, *rings: list[tuple[float, float]], **other: object) -> Feature:
    shape: Feature = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": {"code": code}, "geometry": shape, **other}


def a_file(*features: Feature, **other: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **other}).encode()


GOOD = (
    a_feature("11.01", *RINGS["west"]),
    a_feature(
        "11.02",
        geometry={"type": "MultiPolygon", "coordinates": [RINGS["east"][:2], RINGS["east"][2:]]},
    ),
    a_feature("11.03", *RINGS["court"]),
)


def test_a_good_file_locates_as_drawn() -> None:
    checked = check(
        a_file(*GOOD, a_feature("11", square(0, 0, 10, 20)), metadata={"source": "Somebody (MIT)"}), VILLAGES
    )
    geography = Geography.from_boundaries(checked.data, {})
    assert [geography.locate(point).area for point in (at(1, 1), at(5, 24), at(5, 15), at(5.2, 5))] == [
        "11.01",
        "11.02",
        "11.03",
        None,
    ]
    assert (checked.ignored, checked.warnings) == (1, ())
    assert b"Somebody (MIT)" in checked.data


@pytest.mark.parametrize(
    "named",
    [
        {"properties": {"id": "11.03"}},
        {"properties": None, "id": "11.03"},
        {"properties": {"code": "1103"}},
        {"properties": {"id": 1103}},
        {"properties": {"code": None, "id": 7}, "id": "11.03"},
    ],
)
def test_a_village_is_known_by_code_or_id_with_or_without_dots(named: Feature) -> None:
    checked = check(a_file(*GOOD[:2], a_feature("", *RINGS["court"], **named)), VILLAGES)
    assert Geography.from_boundaries(checked.data, {}).codes == set(VILLAGES)


def test_all_faults_are_told_at_once() -> None:
    swapped = [(lat, lon) for lon, lat in RINGS["west"][0]]
    line: Feature = {"type": "LineString", "coordinates": RINGS["court"][0]}
    with pytest.raises(BadBoundaries) as refused:
        check(a_file(a_feature("11.01", swapped), GOOD[0], a_feature("11.03", geometry=line)), VILLAGES)
    west, twice, court, east = refused.value.faults
    assert west.startswith("11.01 West: latitude must lie between")
    assert twice == "11.01 West: more than one feature has this code"
    assert court == "11.03 Court: needs a Polygon or MultiPolygon, not LineString"
    assert east == "11.02 East: no feature has this code"


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        [],
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": [[[115.2], [115.3], [115.3]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"]]]},
        {"type": "Polygon", "coordinates": [[{"lat": 1, "lon": 2}]]},
        {"type": "Polygon", "coordinates": [[[10**400, 0], [1, 1], [1, 0]]]},
        {"type": "Polygon", "coordinates": [square(0, 0, 1, 1)[:2]]},
        {"type": "MultiPolygon", "coordinates": RINGS["court"]},
    ],
)
def test_a_shape_that_is_none_is_a_fault_of_its_village(geometry: object) -> None:
    with pytest.raises(BadBoundaries) as refused:
        check(a_file(*GOOD[:2], a_feature("11.03", geometry=geometry)), VILLAGES)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["11.03 Court"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b'{"type":"Feature"}', b'{"type":"FeatureCollection","features":{}}', a_file()],
)
def test_a_file_that_is_something_else_has_one_fault(content: bytes) -> None:
    with pytest.raises(BadBoundaries) as refused:
        check(content, VILLAGES)
    assert len(refused.value.faults) == 1


def test_a_label_point_on_other_ground_is_a_warning() -> None:
    moved = {**VILLAGES, "11.03": Village("Court", at(5, 19)), "11.01": Village("West", at(-50, 0))}
    assert set(check(a_file(*GOOD), moved).warnings) == {
        "the profile's point of 11.03 Court lies in 11.02 East",
        "the profile's point of 11.01 West lies in no village",
    }


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    (tmp_path / "cities" / "denpasar").mkdir(parents=True)
    (tmp_path / "cities" / "denpasar" / "areas.toml").write_text(AREAS, encoding="utf-8")
    return tmp_path / "cities"


def test_the_command_installs_and_says_what(cities: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cities / "good.geojson").write_bytes(a_file(*GOOD))
    assert main([str(cities / "good.geojson"), "--city", "denpasar"], cities) == 0
    installed = (cities / "denpasar" / BOUNDARIES_FILE).read_bytes()
    assert Geography.from_boundaries(installed, {}).locate(at(5, 24)).area == "11.02"
    assert "3 villages, 30 corners" in capsys.readouterr().out
    assert sorted(path.name for path in (cities / "denpasar").iterdir()) == ["areas.toml", BOUNDARIES_FILE]


def test_a_bad_file_leaves_what_is_installed(cities: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed = cities / "denpasar" / BOUNDARIES_FILE
    installed.write_bytes(b"as before")
    (cities / "bad.geojson").write_bytes(a_file(GOOD[0]))
    assert main([str(cities / "bad.geojson")], cities) == 1
    assert installed.read_bytes() == b"as before"
    told = capsys.readouterr()
    assert "11.02 East" in told.err
    assert "11.03 Court" in told.err
    assert told.out == ""


def test_a_file_that_is_not_there_is_told(cities: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(cities / "none.geojson")], cities) == 2
    assert "Cannot read" in capsys.readouterr().err


def test_an_unknown_city_is_told_with_the_known_ones(
    cities: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["any.geojson", "--city", "atlantis"], cities)
    assert stopped.value.code == 2
    assert "denpasar" in capsys.readouterr().err
