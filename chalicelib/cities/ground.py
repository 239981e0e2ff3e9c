"""The ground of a profile: districts, villages, hamlets, neighbours, and the geography made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from chalicelib.cities.reading import Faults, Table, words_of
from chalicelib.domain.city import Area, Hamlet, Neighbour
from chalicelib.domain.geo import BOUNDARIES_FILE, Box, Geography, Point

DISTRICT = "kecamatan"


def areas(file: Table, region: str) -> dict[str, Area]:
    """Districts, then villages with their hamlets, by code. ``region`` is the city's own code."""
    box = _box(file)
    found: dict[str, Area] = {}
    for table in file.listed("district"):
        _add(found, _area(table, DISTRICT, None, region, box), table)
    districts = {*found}
    for table in file.listed("village"):
        district = table.choice("district", districts)
        kind = table.text("kind", form=r"[a-z]+", shape="a kind such as kelurahan")
        _add(found, _area(table, kind, district, district, box), table)
    if not districts:
        file.fault("district", "there is none")
    for empty in sorted(districts - {area.parent for area in found.values()}):
        file.fault("village", f"there is none in district {empty}")
    for table in file.listed("hamlet"):
        _add_hamlet(found, table)
    for (name, parent), times in Counter((area.name, area.parent) for area in found.values()).items():
        if times > 1:
            file.fault("village", f"{name!r} stands {times} times in {parent or 'the city'}")
    return found


def neighbours(top: Table, languages: Collection[str]) -> tuple[Neighbour, ...]:
    """Label points of the ground around the city; one neighbour may have several, each with a name of its own."""
    found: dict[str, Neighbour] = {}
    for table in top.listed("neighbour"):
        neighbour = Neighbour(table.text("name"), table.point(), table.table("contact").label(languages))
        if neighbour.name in found:
            table.fault("name", f"{neighbour.name!r} stands twice")
        found[neighbour.name] = neighbour
    return tuple(found.values())


def geography(
    areas: Mapping[str, Area],
    neighbours: tuple[Neighbour, ...],
    file: Table,
    boundaries: bytes | None,
    faults: Faults,
) -> Geography:
    """Exact where boundaries are installed, else from label points."""
    around = {neighbour.name: neighbour.at for neighbour in neighbours}
    villages = {
        code: (area.centroid, area.area_km2) for code, area in areas.items() if area.parent is not None
    }
    if boundaries is not None:
        try:
            exact = Geography.from_boundaries(boundaries, around)
        except ValueError as error:
            faults.add(BOUNDARIES_FILE, "", str(error))
        else:
            if exact.codes != villages.keys():
                faults.add(
                    BOUNDARIES_FILE, "", "holds other villages than areas.toml: run make boundaries again"
                )
            return exact
    # The stand-in serves a profile without villages, which is refused in the end.
    return Geography.from_centroids(villages or {"": (Point(0, 0), 1.0)}, _box(file), around)


def _box(file: Table) -> Box:
    table = file.table("box")
    box = table.number("south"), table.number("west"), table.number("north"), table.number("east")
    if box[0] >= box[2] or box[1] >= box[3]:
        table.fault("north", "a box runs from south-west to north-east")
    return box


def _area(table: Table, kind: str, parent: str | None, above: str, box: Box) -> Area:
    form = r"\d\d(\.\d\d){2}" if parent is None else r"\d\d(\.\d\d){2}\.\d{4}"
    code = table.text("code", form=form, shape="a Kemendagri code")
    if not code.startswith(f"{above}."):
        table.fault("code", f"{code} does not lie under {above}")
    size = table.number("area_km2")
    if not 0 < size < 10_000:
        table.fault("area_km2", f"{size} km2 is not the size of a village or district")
        size = 1.0
    at = table.point()
    south, west, north, east = box
    if not (south <= at.lat <= north and west <= at.lon <= east):
        table.fault("lat", f"{code} lies outside the city's box")
    postal_code = None
    if parent is not None:
        postal_code = table.text("postal_code", form=r"\d{5}", shape="five digits")
    return Area(code, table.text("name"), kind, at, size, parent, postal_code)


def _add(found: dict[str, Area], area: Area, table: Table) -> None:
    if area.code in found:
        table.fault("code", f"{area.code} stands twice")
    found[area.code] = area


def _add_hamlet(found: dict[str, Area], table: Table) -> None:
    code, name = table.text("village"), table.text("name")
    hamlet = Hamlet(
        f"{code}/{'-'.join(words_of(name))}",
        name,
        table.phrases("landmarks", default=()),
        table.flag("checked"),
    )
    village = found.get(code)
    if village is None or village.parent is None:
        table.fault("village", f"there is no village {code}")
        return
    if any(other.id == hamlet.id for other in village.hamlets):
        table.fault("name", f"{hamlet.id} stands twice")
    found[code] = replace(village, hamlets=(*village.hamlets, hamlet))
