"""``make figures FILE=<export>``: how honest "solved" is, and how good the rules are, from a whole city's export.

Read are the rows of cases alone (`complaints.jsonl` of `make export-city`, or that file by itself): heads and
histories, no texts, no people. Nothing is sent or stored. Cases that were private or about somebody count like all
others; what is printed names no row of fewer than five cases (`chalicelib.domain.figures.fold`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from chalicelib import cities
from chalicelib.domain import figures
from chalicelib.domain.city import City
from chalicelib.domain.complaint import By, Event
from chalicelib.domain.figures import SMALL, Case, Guess, Outcomes, Rules, Sums
from chalicelib.domain.people import Act
from infra import exports
from infra.target import Halt

_COLUMNS = (
    ("filed", "masuk", "filed"),
    ("solved", "selesai", "solved"),
    ("confirmed", "diakui", "confirmed"),
    ("low", "nilai 1-2", "rated 1-2"),
    ("silence", "diam", "silence"),
    ("waiting", "menunggu", "waiting"),
    ("reopened", "dibuka lagi", "reopened"),
    ("recurred", "berulang", "recurred"),
    ("declined", "ditolak", "declined"),
)
"""A sum, and what stands over it."""
_WIDTH = 26
_MOST = 10
"""Rows of what the rules got wrong."""


@dataclass(frozen=True, slots=True)
class Read:
    """The cases of an export, and the number of those that could not be put together whole."""

    cases: tuple[Case, ...]
    torn: int


def read(rows: Iterable[exports.Row]) -> Read:
    """Put each case together from its rows; of a row that comes twice the later counts. What was said is not kept."""
    heads: dict[str, tuple[int, dict[str, Any]]] = {}
    acts: dict[str, dict[int, Event]] = {}
    for row in rows:
        code, kind = row["pk"]["S"], row["sk"]["S"]
        if kind == "head":
            heads[code] = int(row["version"]["N"]), json.loads(row["body"]["S"])
        elif kind.startswith("event#"):
            version = int(kind.removeprefix("event#"))
            acts.setdefault(code, {})[version] = _event(json.loads(row["body"]["S"]))
    cases, torn = [], 0
    for code, (version, head) in heads.items():
        found = acts.get(code, {})
        if sorted(found) != list(range(1, version + 1)):
            torn += 1
            continue
        cases.append(
            Case(
                code,
                head["office"],
                tuple(found[each] for each in sorted(found)),
                head.get("area"),
                tuple(head.get("suggested", ())),
                bool(head.get("accused") or head.get("sealed")),
            )
        )
    return Read(tuple(cases), torn)


def _event(body: dict[str, Any]) -> Event:
    return Event(
        Act(body["act"]), datetime.fromisoformat(body["at"]), By(*body["by"]), data=body.get("data", {})
    )


def filed_between(cases: Iterable[Case], since: date | None, until: date | None, city: City) -> list[Case]:
    """Cases that came on these days of the city's own calendar, both included."""
    found = []
    for case in cases:
        day = (case.history[0].at.astimezone(UTC) + city.utc_offset).date()
        if (since is None or day >= since) and (until is None or day <= until):
            found.append(case)
    return found


# What is printed ------------------------------------------------------------------------------------------------


def lines(found: Read, counted: Sequence[Case], city: City, version: str) -> Iterator[str]:
    """Both tables as people read them."""
    yield f"{city.name}: {_number(len(counted))} aduan dihitung / cases counted"
    if found.torn:
        yield f"{found.torn} riwayat tidak utuh, dilewati / histories that are not whole, passed over"
    yield ""
    yield from _outcome_lines(figures.outcomes(counted, figures.links(found.cases), city), city)
    yield ""
    yield from _rule_lines(figures.judge(counted, city), city, version)


def _outcome_lines(found: Outcomes, city: City) -> Iterator[str]:
    yield "Hasil per kantor / What came of it, by office"
    for place, rate in ((1, "beres"), (2, "fixed")):
        yield _row("", [*(column[place] for column in _COLUMNS), rate])
    rest = Sums()
    named, folded = figures.fold(found.offices, rest)
    for office, sums in named.items():
        yield _sums_row(city.offices[office].short if office in city.offices else office, sums)
    if folded:
        yield _sums_row(f"lainnya/others ({len(folded)})", rest)
    yield _sums_row("kota/city", found.city)
    if found.city.size >= SMALL:
        granted = found.city.granted
        yield f"  {granted} ditolak lalu dilanjutkan karena keberatan / declined, taken up again on appeal"
    yield "  beres/fixed = diakui pelapor, tidak dibuka lagi, tidak berulang; dari selesai tanpa yang menunggu."
    yield "  beres/fixed = confirmed by its reporter, not reopened, not recurred; of solved without those waiting."
    yield f"  Kantor dengan <{SMALL} aduan tidak disebut / offices of fewer than {SMALL} cases are not named."


def _sums_row(name: str, sums: Sums) -> str:
    if sums.size < SMALL:
        return _row(name, [_number(sums.size)])
    cells = [str(getattr(sums, column[0])) for column in _COLUMNS]
    return _row(name, [*cells, "-" if sums.honest is None else f"{sums.honest:.0%}"])


def _rule_lines(found: Rules, city: City, version: str) -> Iterator[str]:
    yield f"Saran kata kunci dan keputusan / What the keywords suggested and what people decided ({version})"
    told = (
        (found.sorted, "dipilah petugas", "sorted by a person"),
        (found.chosen, "kategori dari pelapor", "the reporter had chosen a category"),
        (found.changed, "  di antaranya diubah petugas", "  of these a person changed it"),
        (found.unkept, "saran tidak tercatat", "suggestions are not on record"),
        (found.judged, "dinilai", "judged"),
    )
    for number, indonesian, english in told:
        yield f"  {_number(number):>6}  {indonesian} / {english.strip()}"
    if found.judged < SMALL:
        return
    for number, indonesian, english in (
        (found.first, "saran pertama = keputusan", "first suggestion = decision"),
        (found.anywhere, "salah satu saran = keputusan", "any suggestion = decision"),
        (found.none, "tanpa saran", "nothing suggested"),
    ):
        yield f"  {number:>6}  {number / found.judged:>4.0%}  {indonesian} / {english}"
    yield from _wrong_lines(found, city)
    yield from _office_lines(found, city)


def _wrong_lines(found: Rules, city: City) -> Iterator[str]:
    rest = Guess()
    named, folded = figures.fold(found.guesses, rest)
    worst = sorted((name for name in named if named[name].wrong), key=lambda name: (-named[name].wrong, name))
    if not worst and not rest.wrong:
        return
    yield "  Paling sering keliru (saran pertama) / most often wrong (first suggestion):"
    for name in worst[:_MOST]:
        guess = named[name]
        instead = [
            f"{_label(each, city)} {number}"
            for each, number in guess.instead.most_common(3)
            if number >= SMALL
        ]
        yield f"  {guess.wrong:>6} / {guess.cases}  {_label(name, city)}" + (
            f" -> {', '.join(instead)}" if instead else ""
        )
    if rest.size >= SMALL:
        yield f"  {rest.wrong:>6} / {rest.cases}  lainnya / others ({len(folded)})"
    elif rest.size:
        yield f"  {_number(rest.size):>6}  lainnya / others ({len(folded)})"


def _office_lines(found: Rules, city: City) -> Iterator[str]:
    both = found.same_office + found.other_office
    if both < SMALL:
        return
    yield "  Kantor menurut saran pertama dan keputusan / office by the first suggestion and as decided:"
    yield f"  {found.same_office:>6}  {found.same_office / both:>4.0%}  sama / the same"
    shown = [(pair, number) for pair, number in found.offices.most_common(_MOST) if number >= SMALL]
    for (suggested, decided), number in shown:
        yield f"  {number:>6}  {city.offices[suggested].short} -> {city.offices[decided].short}"
    if left := found.other_office - sum(number for _, number in shown):
        yield f"  {_number(left):>6}  pasangan lain / other pairs"


def _label(category: str, city: City) -> str:
    """A category in both languages; one that the profile no longer has by its id."""
    known = city.categories.get(category)
    return f"{known.labels['id']} / {known.labels['en']}" if known else category


def _number(number: int) -> str:
    return f"<{SMALL}" if 0 < number < SMALL else str(number)


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:{_WIDTH}}" + "".join(f"{cell:>12}" for cell in cells)


# The command ----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.figures", description=__doc__)
    parser.add_argument("export", type=Path, help="a folder of `make export-city`, or its complaints.jsonl")
    parser.add_argument(
        "--city", default="denpasar", help="the profile; a finished export names its own city"
    )
    parser.add_argument("--since", type=date.fromisoformat, help="first day of filing, YYYY-MM-DD")
    parser.add_argument("--until", type=date.fromisoformat, help="last day of filing, YYYY-MM-DD")
    asked = parser.parse_args(arguments)
    try:
        file, city_id = _where(asked.export, asked.city)
        city = cities.load(city_id)
        found = _read(file)
        counted = filed_between(found.cases, asked.since, asked.until, city)
        for line in lines(found, counted, city, cities.rules_version(city_id)):
            print(line)
    except Halt as halt:
        print("\n".join(halt.lines()), file=sys.stderr)
        return 2
    except cities.BadProfile as bad:
        print(bad, file=sys.stderr)
        return 2
    return 0


def _where(export: Path, city: str) -> tuple[Path, str]:
    file = export / "complaints.jsonl" if export.is_dir() else export
    manifest = file.parent / "manifest.json"
    if not file.is_file():
        raise Halt(
            f"{export} bukan ekspor: tidak ada complaints.jsonl.",
            f"{export} is no export: there is no complaints.jsonl.",
            ("Buat dengan make export-city DIR=….", "Make one with make export-city DIR=…."),
        )
    if file.name == "complaints.jsonl" and manifest.is_file():
        city = json.loads(manifest.read_text(encoding="utf-8"))["city"]
    return file, city


def _read(file: Path) -> Read:
    try:
        return read(exports.rows(file))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Halt(
            f"{file} tidak dapat dibaca sebagai ekspor ({type(error).__name__}).",
            f"{file} cannot be read as an export ({type(error).__name__}).",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
