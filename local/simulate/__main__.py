"""``python -m local.simulate``: play a year of a city's complaints and show what each office would have seen."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chalicelib import cities
from local.console import Trouble
from local.simulate import arrivals, picture, study, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with these arguments: 0, or 1 after one sentence about what a person can mend."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (Trouble, cities.BadProfile) as trouble:
        print(trouble, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    city = cities.load(options.city)
    policies = [study.policy(city, "profil kota / the profile as it is", {})]
    levels = dict(study.levels_file(options.levels, city)) if options.levels else {}
    levels |= study.levels_of(options.level, city)
    if levels:
        name = options.levels.name if options.levels else "--level"
        policies.append(study.policy(city, f"janji lain / other levels ({name})", levels))
    replayed = None
    per_year = options.per_year or 1825
    source = (
        f"sekitar {per_year} aduan buatan setahun, {per_year / 365:.1f} sehari, dan hari badai"
        f" / about {per_year} generated cases, and storm days"
    )
    if options.file:
        where = dict(condition.partition("=")[::2] for condition in options.where)
        replayed = arrivals.replay(options.file, city, year=options.year, where=where, most=options.per_year)
        source = f"{len(replayed)} aduan dari {options.file.name} / requests replayed from it"
    done = study.conduct(
        policies,
        seeds=range(options.seed, options.seed + options.seeds),
        in_year=options.year,
        per_year=per_year,
        replayed=replayed,
        source=source,
        told=_tell if sys.stderr.isatty() else lambda _: None,
    )
    for line in table.lines(done, most_offices=options.offices):
        print(line.rstrip())
    target: Path = options.svg or Path("build") / f"simulate-{city.id}.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture.svg(done), encoding="utf-8")
    runs = len(policies) * len(arrivals.SETTINGS) * options.seeds
    seconds = time.monotonic() - began
    print(f"\nGambar / picture: {target}")
    print(f"{runs} tahun dalam {seconds:.1f} detik / {runs} years in {seconds:.1f} seconds")
    return 0


def _tell(what: str) -> None:
    print(f"\r  {what:70}", end="\r", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulate",
        description="Setahun pengaduan lewat aturan yang sebenarnya / a year of complaints through the real rules",
    )
    add = parser.add_argument
    add("--city", default="denpasar", help="city profile (default: denpasar)")
    add("--file", type=Path, help="replay this CSV (created_at, category) instead of generated arrivals")
    add("--where", action="append", default=[], metavar="COLUMN=VALUE", help="of the CSV, only these rows")
    add(
        "--per-year",
        type=_count,
        help="cases in the year (default: 1825, 5 a day); of a CSV, at most so many",
    )
    add("--year", type=int, default=2026, help="the year whose calendar is used (default: 2026)")
    add("--seed", type=int, default=1, help="first seed (default: 1)")
    add("--seeds", type=_count, default=3, help="how many seeds (default: 3)")
    add(
        "--level",
        action="append",
        default=[],
        metavar="CATEGORY=FIRST_REPLY,RESOLUTION",
        help='compare with this promise: "jalan_rusak=1 working day,7 working days"; may be repeated',
    )
    add(
        "--levels",
        type=Path,
        metavar="FILE",
        help="compare with the promises in this TOML (docs/simulator.md)",
    )
    add("--offices", type=_count, default=15, help="how many offices to list (default: 15)")
    add("--svg", type=Path, help="where to write the picture (default: build/simulate-<city>.svg)")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
