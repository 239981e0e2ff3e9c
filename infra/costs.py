"""What a city costs a month: ``make costs``. Measured capacity units times list prices, and nothing typed by hand.

Units come from docs/performance.md (``make bench`` counts them), prices, shares and their sources from
``infra/prices.toml``. A nation is many city stacks, so its fixed part is paid as often as there are stacks.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.target import PROJECT

MEASURED = PROJECT / "docs" / "performance.md"
PRICES = PROJECT / "infra" / "prices.toml"
PAGE = PROJECT / "docs" / "runbook.md"
BEGIN, END = "<!-- costs: made by make costs; do not edit -->", "<!-- costs: end -->"
CITY, NATION = 1_000_000, 280_000_000
STACKS = 514
"""City stacks of the nation: its regencies and cities (kabupaten and kota)."""
_SWEEPS = {"sweep_deadlines": 30 * 24 * 60, "sweep_outbox": 30 * 24 * 12}
"""Runs a month; each reads one empty page of every shard (8, and 4) at half a unit."""


@dataclass(frozen=True, slots=True)
class Units:
    """What one act uses."""

    writes: float = 0
    reads: float = 0


def measured(page: str) -> dict[str, Units]:
    """Units of each act, as the bench wrote them."""
    found: dict[str, Units] = {}
    act = ""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 3:
            continue
        name, unit = cells[0], cells[2]
        if unit not in ("WRU", "RRU") or not re.fullmatch(r"[\d.,]+", cells[1]):
            continue
        number = float(cells[1].replace(",", ""))
        if name == "and reads":
            found[act] = Units(found[act].writes, number)
        elif name not in found and name != "of it unexplained":
            act = name
            found[act] = Units(writes=number) if unit == "WRU" else Units(reads=number)
    return found


def month(
    people: int, per_year: float, stacks: int, units: Mapping[str, Units], told: Mapping[str, Any]
) -> dict[str, float]:
    """US dollars of a month, by what they are for. Raises KeyError for an act that the bench did not count."""
    price = {name: each["dollars"] / each["per"] for name, each in told["prices"].items()}
    life, say = told["life"]["acts"], told["assumptions"]
    reports = people * per_year / 12
    sweeps = sum(_SWEEPS.values()) * stacks
    writes = reports * sum(units[act].writes * often for act, often in life.items())
    reads = reports * sum(units[act].reads * often for act, often in life.items())
    reads += stacks * (_SWEEPS["sweep_deadlines"] * 8 + _SWEEPS["sweep_outbox"] * 4) / 2
    asked = {act: often for act, often in life.items() if "notice" not in act and act != "escalate"}
    looks = sum(
        often for act, often in asked.items() if act in ("lookup", "detail") or act.startswith("page")
    )
    at_edge = reports * sum(asked.values())
    requests = reports * (sum(asked.values()) - looks * (1 - say["share_past_the_cache"]))
    runs = requests + reports * sum(often for act, often in life.items() if "notice" in act) + sweeps
    gigabytes = people * per_year * say["years_kept"] * say["kilobytes_per_report"] / 1e6
    return {
        "DynamoDB: tulis / writes": writes * price["write_units"],
        "DynamoDB: baca / reads": reads * price["read_units"],
        "DynamoDB: simpan dan titik pulih / storage and recovery points": gigabytes
        * (price["stored_gigabyte_months"] + price["backup_gigabyte_months"]),
        "API Gateway": requests * price["api_requests"],
        "Lambda": runs * price["lambda_requests"]
        + runs
        * say["milliseconds_per_request"]
        / 1000
        * say["memory_gigabytes"]
        * price["lambda_gigabyte_seconds"],
        "Log / logs": runs * say["log_bytes_per_request"] / 1e9 * price["log_gigabytes"],
        "KMS": reports * say["key_requests_per_report"] * price["key_requests"]
        + stacks * price["key_months"],
        "CloudFront, WAF": at_edge * (price["edge_requests"] + price["acl_requests"])
        + stacks * (say["acls"] * price["acl_months"] + say["rules"] * price["rule_months"]),
        "Alarm dan metrik / alarms and metrics": stacks
        * (say["alarms"] * price["alarm_months"] + say["metrics"] * price["metric_months"]),
        "SMS": reports * say["sms_per_report"] * price["sms"],
    }


def table() -> str:
    """The cost table as Markdown."""
    units = measured(MEASURED.read_text(encoding="utf-8"))
    told = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    low, high = told["life"]["low"], told["life"]["high"]
    cases = [
        (f"Kota / city {CITY:,}, {low:g}", month(CITY, low, 1, units, told)),
        (f"Kota / city {CITY:,}, {high:g}", month(CITY, high, 1, units, told)),
        (f"Negara / nation {NATION:,}, {low:g}, {STACKS} stacks", month(NATION, low, STACKS, units, told)),
        (f"Negara / nation {NATION:,}, {high:g}, {STACKS} stacks", month(NATION, high, STACKS, units, told)),
    ]
    lines = [
        "| USD sebulan / a month | " + " | ".join(name for name, _ in cases) + " |",
        "| --- |" + " ---: |" * len(cases),
    ]
    lines += [
        f"| {part} | " + " | ".join(_dollars(case[part]) for _, case in cases) + " |" for part in cases[0][1]
    ]
    lines.append(
        "| **Jumlah / sum** | " + " | ".join(f"**{sum(case.values()):,.0f}**" for _, case in cases) + " |"
    )
    without = [sum(value for part, value in case.items() if part != "SMS") for _, case in cases]
    lines.append("| tanpa SMS / without SMS | " + " | ".join(f"{value:,.0f}" for value in without) + " |")
    reports = [people * rate / 12 for people in (CITY, NATION) for rate in (low, high)]
    lines.append(
        "| laporan sebulan / reports a month | " + " | ".join(f"{value:,.0f}" for value in reports) + " |"
    )
    assumed = sorted(name for name, each in told["prices"].items() if each["assumed"])
    lines += [
        "",
        f"Laporan per penduduk setahun / reports per inhabitant a year: {low:g}, {high:g} ({told['life']['source']}).",
        f"Harga yang diandaikan / assumed prices ({len(assumed)} of {len(told['prices'])}): {', '.join(assumed)}.",
    ]
    return "\n".join(lines)


def _dollars(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def written(page: str) -> str:
    """The page with the table as it is now between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        Path(PAGE).write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
