"""``python -m local.routes``: tries routing rules on past complaints and shows what they would change. Nothing is sent.

The file is a CSV with a header, or JSON Lines: ``category`` or ``text`` (its words then suggest one), and where known
``area``, ``office`` (who had it), ``created_at`` or ``filed_at``, ``answers`` (JSON). Other columns are left alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib import cities
from chalicelib.cities.reading import Faults, Table
from chalicelib.cities.services import routing_rules
from chalicelib.domain.city import City
from chalicelib.domain.routing import route_category, suggest
from local.console import Trouble


@dataclass(slots=True)
class Checked:
    """What the rules made of the complaints: counts by rule, and by where a case was and would be."""

    read: int = 0
    unsorted: int = 0
    moved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Rule, office before, office under the rules."""
    decided: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    untimed: int = 0


def check(rows: Iterable[Mapping[str, Any]], city: City) -> Checked:
    """Route each complaint by the city's rules. Before is the office that it names, else its category's own."""
    found = Checked()
    plain = replace(city, routing_rules=())
    for row in rows:
        found.read += 1
        sure = next((s.category for s in suggest(str(row.get("text") or ""), city) if s.sure), "")
        category = city.categories.get(str(row.get("category") or "")) or city.categories.get(sure)
        if category is None:
            found.unsorted += 1
            continue
        area = str(row.get("area") or "")
        area_code = area if area in city.villages else None
        at, answers = _moment(row), _answers(row)
        found.untimed += at is None
        moment = at or datetime(2026, 1, 5, 4, tzinfo=UTC)
        named = str(row.get("office") or "")
        before = (
            named if named in city.offices else route_category(category, area_code, plain, at=moment).office
        )
        after = route_category(category, area_code, city, at=moment, answers=answers)
        found.failed.update(after.failed)
        if after.rule:
            found.decided[after.rule] += 1
        if after.office != before:
            found.moved[after.rule or "-", before, after.office] += 1
    return found


def proposed(file: Path, city: City) -> City:
    """The city with the ``[[route]]`` tables of this file in place of its own. Raises Trouble with all faults."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble(f"{file} tidak dapat dibaca: {error}", f"{file} cannot be read: {error}") from error
    faults = Faults()
    rules = routing_rules(
        Table(values, file.name, "", faults), city.areas, city.offices, city.categories, city.languages
    )
    if wrong := faults.all():
        listed = "\n  ".join(("", *wrong))
        raise Trouble(f"Aturan belum benar:{listed}", f"The rules have faults:{listed}")
    return replace(city, routing_rules=rules)


def rows_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """The complaints of a CSV or of JSON Lines. Raises Trouble."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            if file.suffix in (".jsonl", ".ndjson", ".json"):
                yield from (_an_object(json.loads(line)) for line in opened if line.strip())
            else:
                yield from csv.DictReader(opened)
    except (OSError, ValueError, csv.Error) as error:
        raise Trouble(f"{file} tidak dapat dibaca: {error}", f"{file} cannot be read: {error}") from error


def lines(found: Checked, city: City) -> Iterator[str]:
    """The report as people read it."""
    yield f"{found.read} aduan dibaca, {found.unsorted} tanpa kategori / complaints read, without a category"
    if found.untimed:
        yield f"{found.untimed} tanpa waktu: dianggap Senin 12.00 / without a moment: taken as a Monday noon"
    if not city.routing_rules:
        yield "Profil ini tidak punya aturan. / This profile has no rules."
    for rule in city.routing_rules:
        broken = found.failed[rule.id]
        yield (
            f"  {rule.id:28} {found.decided[rule.id]:6} kena / matched"
            + (f", {broken} tidak dapat dinilai / could not be judged" if broken else "")
            + ("" if found.decided[rule.id] or broken else "  (tidak pernah / never)")
        )
    moved = sum(found.moved.values())
    yield f"{moved} akan pindah kantor / would have another office"
    for (decided, before, after), number in found.moved.most_common():
        names = [city.offices[office].short for office in (before, after)]
        yield f"  {number:6}  {names[0]} -> {names[1]}" + (f"  ({decided})" if decided != "-" else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.routes", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--city", default="denpasar")
    parser.add_argument(
        "--rules", type=Path, help="a TOML of [[route]] tables to try instead of the profile's"
    )
    asked = parser.parse_args()
    try:
        city = cities.load(asked.city)
        if asked.rules:
            city = proposed(asked.rules, city)
        print(f"Aturan / rules: {cities.rules_version(asked.city, asked.rules)}")
        for line in lines(check(rows_of(asked.file), city), city):
            print(line)
    except (Trouble, cities.BadProfile) as trouble:
        print(trouble, file=sys.stderr)
        return 2
    return 0


def _an_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a line that is no object")
    return value


def _moment(row: Mapping[str, Any]) -> datetime | None:
    text = str(row.get("filed_at") or row.get("created_at") or "")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _answers(row: Mapping[str, Any]) -> Mapping[str, Any]:
    given = row.get("answers") or {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    return given if isinstance(given, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
