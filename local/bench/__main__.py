"""`python -m local.bench`: count, compare with the goals, and end with 1 if one that must be met is missed."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from local.bench import (
    capacity,
    cold,
    imports,
    instructions,
    noticing,
    open311,
    photos,
    sweeping,
    texts,
)
from local.bench.meter import Meter
from local.bench.report import Report, markdown, show
from local.bench.world import PROJECT, World, load, open_world
from local.console import Trouble, step

PAGE = PROJECT / "docs" / "performance.md"
SMALL = 1_000
MIDDLE = 10_000
DUE = 1_000
DEEP = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.bench", description=__doc__)
    parser.add_argument("--complaints", type=int, default=100_000, help="size of the larger table")
    parser.add_argument("--large", action="store_true", help="a million complaints; takes long")
    parser.add_argument(
        "--only",
        choices=("tables", "instructions", "imports", "cold", "photos", "texts", "notices"),
        help="one part alone",
    )
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--file", type=Path, help="a CSV with a column text: false alarms of the text checks")
    asked = parser.parse_args()
    if asked.write and asked.only:
        parser.error("--write needs a whole run, for the page holds figures of one run alone")
    size = 1_000_000 if asked.large else max(asked.complaints, SMALL + 1)
    report = Report(
        [
            f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
            f"{SMALL:,} and {size:,} complaints, all open; DynamoDB Local in memory",
            f"instructions: {instructions.how()}",
        ]
    )
    try:
        if asked.only in (None, "cold"):
            world = open_world()
            try:
                with step("Menghitung mulai dingin", "Counting cold starts"):
                    started = cold.count(world)
            finally:
                world.close()
            section = report.section("Cold starts", cold.ABOUT)
            cold.tell(section, started)
            print(show(section))
        if asked.only not in ("imports", "cold", "photos", "texts", "notices"):
            world = open_world()
            try:
                measure(report, world, size, asked.only)
            finally:
                world.close()
        if asked.only in (None, "notices"):
            world = open_world()
            try:
                with step("Menghitung pesan", "Counting messages"):
                    noticed = noticing.run(world, Meter(world))
            finally:
                world.close()
            section = report.section("Messages", noticing.ABOUT)
            noticing.tell(section, noticed)
            print(show(section))
        if asked.only in (None, "photos"):
            with step("Menghitung foto", "Counting photos"):
                drawn = photos.count()
            section = report.section("Photos", photos.ABOUT)
            photos.tell(section, drawn)
            print(show(section))
        if asked.only in (None, "imports"):
            with step("Menghitung impor", "Counting imports"):
                found = imports.count()
            section = report.section("Import of app.py", imports.ABOUT)
            imports.tell(section, found)
            print(show(section))
        if asked.only in (None, "texts"):
            section = report.section("Personal data in texts", texts.ABOUT)
            texts.tell(section)
            print(show(section))
            if asked.file:
                section = report.section(
                    "Personal data in other texts",
                    "Texts of the given table in which each kind was found; nothing of them is printed.",
                )
                texts.tell_others(section, asked.file)
                print(show(section))
    except Trouble as trouble:
        print(f"{trouble.indonesian}\n{trouble.english}", file=sys.stderr)
        return 2
    if asked.write:
        Path(PAGE).write_text(markdown(report), encoding="utf-8")
    for line in report.missed:
        print(
            f"MISS: {line.name.strip()}: {line.value:g} {line.unit}, at most {line.goal:g}", file=sys.stderr
        )
    return 1 if report.missed else 0


def measure(report: Report, world: World, size: int, only: str | None) -> None:
    """All that needs the engines, from the small table to the large one."""
    meter = Meter(world)
    middle, due = max(size // 10, SMALL), min(DUE, size // 20)
    with step(f"Mengisi {SMALL:,} aduan", f"Loading {SMALL:,} complaints"):
        load(world, SMALL)
    if only != "instructions":
        with step("Menghitung tiap langkah", "Counting each act"):
            small = capacity.measure(world, meter, deep=4)
            small_o3 = open311.measure(world, meter)
        with step(f"Mengisi {middle:,}", f"Loading {middle:,}"):
            load(world, middle - due)
        with step("Sapuan", "Sweeping"):
            few = sweeping.run(world, meter, due)
        with step(f"Mengisi {size:,}", f"Loading {size:,}"):
            load(world, size - due)
        with step("Menghitung tiap langkah", "Counting each act"):
            large = capacity.measure(world, meter, deep=DEEP)
            large_o3 = open311.measure(world, meter)
        with step("Sapuan", "Sweeping"):
            many = sweeping.run(world, meter, due)
            raced = sweeping.race(world)
        section = report.section(
            "Capacity of each act",
            "Reference case: a contact, a place, one office notice, one citizen notice, an idempotency guard. Beside "
            "each sum what the budget explains: head 4 (2 KB at most), other rows 2, index entries 1, moved ones 2.",
        )
        capacity.tell_acts(section, small, large)
        print(show(section))
        section = report.section("Lists", "Pages of 50 by one key, eventually consistent.")
        capacity.tell_lists(section, small, large)
        print(show(section))
        section = report.section("Open311", open311.ABOUT)
        open311.tell(section, small_o3, large_o3)
        print(show(section))
        section = report.section("The sweep", sweeping.ABOUT)
        sweeping.tell(section, few, many)
        sweeping.tell_race(section, raced)
        print(show(section))
        section = report.section(
            "If AWS doubled index entries",
            "Write units if a transaction cost an index entry twice as it does a row, which nobody here has seen.",
        )
        capacity.tell_doubt(section, large)
        print(show(section))
    if only != "tables":
        with step("Menghitung instruksi", "Counting instructions"):
            counted = instructions.count(world)
        section = report.section("Requests", instructions.ABOUT)
        instructions.tell(section, counted)
        print(show(section))


if __name__ == "__main__":
    sys.exit(main())
