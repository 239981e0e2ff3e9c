"""Install exact village boundaries: ``make boundaries FILE=<GeoJSON> [CITY=denpasar]``.

Boundaries stay out of git, because their rights and their freshness are for each city to settle. The command
checks a GeoJSON file (WGS84, longitude before latitude) against the city's villages and writes
``chalicelib/cities/<city>/boundaries.json``, a smaller form made for a cold start (``pack_boundaries`` says
why), which is packaged at deploy. Without it the city works from label points, marked approximate.

All faults are reported at once; a file with a fault changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.geo import BOUNDARIES_FILE, Geography, Point, Ring, pack_boundaries

CITIES = Path(__file__).resolve().parent.parent / "chalicelib" / "cities"
AREAS_FILE = "areas.toml"


@dataclass(frozen=True, slots=True)
class Village:
    """What the city profile knows of a village: its name and its label point."""

    name: str
    centroid: Point


@dataclass(frozen=True, slots=True)
class Checked:
    """Boundaries that passed: the bytes to install, and what a person should look at all the same."""

    data: bytes
    corners: int
    ignored: int
    source: str
    warnings: tuple[str, ...]


class BadBoundaries(Exception):
    """The file cannot be installed; ``faults`` says why, one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def villages_of(areas: str) -> dict[str, Village]:
    """The villages in the text of an ``areas.toml``, by code."""
    return {
        each["code"]: Village(each["name"], Point(each["lat"], each["lon"]))
        for each in tomllib.loads(areas)["village"]
    }


def check(content: bytes, villages: Mapping[str, Village]) -> Checked:
    """Read GeoJSON and find each village's polygon, or raise BadBoundaries with everything that is wrong.

    A feature is a village's when its ``properties.code``, ``properties.id`` or ``id`` is the village code,
    with or without dots; other features (districts, the city) are passed over.
    """
    features, source = _features(content)
    code_of = {code.replace(".", ""): code for code in villages}
    rings_of: dict[str, list[Ring]] = {}
    faults: list[str] = []
    ignored = 0
    for feature in features:
        code = next((code_of[name] for name in _names(feature) if name in code_of), None)
        if code is None:
            ignored += 1
            continue
        if code in rings_of:
            faults.append(f"{code} {villages[code].name}: more than one feature has this code")
            continue
        rings_of[code] = []
        try:
            rings_of[code] = _rings(feature.get("geometry"))
            pack_boundaries({code: rings_of[code]})
        except ValueError as error:
            faults.append(f"{code} {villages[code].name}: {str(error).removeprefix(f'{code}: ')}")
    if not rings_of:
        raise BadBoundaries(
            [f"no feature has the code of any of the {len(villages)} villages; another city's file?"]
        )
    missing = [code for code in villages if code not in rings_of]
    faults += [f"{code} {villages[code].name}: no feature has this code" for code in missing]
    if faults:
        raise BadBoundaries(faults)
    data = pack_boundaries(rings_of, source)
    corners = sum(len(ring) for rings in rings_of.values() for ring in rings)
    return Checked(data, corners, ignored, source, _misplaced(data, villages))


def install(data: bytes, folder: Path) -> Path:
    """Put boundaries into a city's folder in one step, so that nobody ever reads half of them."""
    target = folder / BOUNDARIES_FILE
    beside = target.with_suffix(".new")
    try:
        beside.write_bytes(data)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def main(arguments: Sequence[str] | None = None, cities: Path = CITIES) -> int:
    """Run the command; 0 when installed, 1 for a file with faults, 2 for a call that makes no sense."""
    known = sorted(path.parent.name for path in cities.glob(f"*/{AREAS_FILE}"))
    parser = argparse.ArgumentParser(prog="make boundaries", description="Install exact village boundaries.")
    parser.add_argument("file", metavar="FILE", type=Path, help="GeoJSON with a polygon for each village")
    parser.add_argument(
        "--city", choices=known, default="denpasar", help="city profile (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    folder = cities / options.city
    villages = villages_of((folder / AREAS_FILE).read_text(encoding="utf-8"))
    try:
        content = options.file.read_bytes()
    except OSError as error:
        print(f"Cannot read {options.file}: {error.strerror}", file=sys.stderr)
        return 2
    try:
        checked = check(content, villages)
    except BadBoundaries as error:
        print(f"{options.file} was not installed, faults: {len(error.faults)}", file=sys.stderr)
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        return 1
    target = install(checked.data, folder)
    for warning in checked.warnings:
        print(f"Look at this: {warning}", file=sys.stderr)
    print(
        f"Installed {target.relative_to(cities)}: {len(villages)} villages, {checked.corners} corners, "
        f"{len(checked.data)} bytes; {checked.ignored} other features passed over."
    )
    if checked.source:
        print(f"Source, kept in the file: {checked.source}")
    return 0


def _features(content: bytes) -> tuple[list[dict[str, object]], str]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise BadBoundaries([f"not JSON: {error}"]) from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise BadBoundaries(["not a GeoJSON FeatureCollection"])
    features = document.get("features")
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise BadBoundaries(["the FeatureCollection has no list of features"])
    metadata = document.get("metadata")
    source = metadata.get("source") if isinstance(metadata, dict) else None
    return features, source if isinstance(source, str) else ""


def _names(feature: Mapping[str, object]) -> list[str]:
    """All a feature may be called by, without dots."""
    properties = feature.get("properties")
    inner = properties if isinstance(properties, dict) else {}
    names = (inner.get("code"), inner.get("id"), feature.get("id"))
    return [str(name).replace(".", "") for name in names if isinstance(name, str | int)]


def _rings(geometry: object) -> list[Ring]:
    """Outer rings and holes of a Polygon or MultiPolygon. Raises ValueError for anything else."""
    whole: dict[str, Any] = geometry if isinstance(geometry, dict) else {}
    kind = whole.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"needs a Polygon or MultiPolygon, not {kind or 'nothing'}")
    try:
        polygons = [whole["coordinates"]] if kind == "Polygon" else whole["coordinates"]
        # Positions may carry a height, which says nothing here.
        return [[(float(at[0]), float(at[1])) for at in ring] for polygon in polygons for ring in polygon]
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise ValueError("its coordinates are not lists of longitude and latitude") from error


def _misplaced(data: bytes, villages: Mapping[str, Village]) -> tuple[str, ...]:
    """Villages whose label point lies on other ground: a swapped code, or a border that moved."""
    geography = Geography.from_boundaries(data, {})
    found = {code: geography.locate(village.centroid).area for code, village in villages.items()}
    return tuple(
        f"the profile's point of {code} {villages[code].name} lies in "
        + (f"{area} {villages[area].name}" if area else "no village")
        for code, area in found.items()
        if area != code
    )


if __name__ == "__main__":
    sys.exit(main())
