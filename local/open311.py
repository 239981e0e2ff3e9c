"""What a client of Open311 can be tried with on the local stack: services of every type, requests, and a key.

None of it is in a city's own profile: the services come from ``samples/open311.toml``, lent to the running process.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib import cities
from chalicelib.cities.profile import build
from chalicelib.domain.city import City
from chalicelib.domain.geo import BOUNDARIES_FILE

FIXTURE = Path(__file__).parent / "samples" / "open311.toml"
CLIENT = "Open311 test key"
_TEXTS = (
    "Uji Open311: lubang kecil di tepi jalan.",
    "Uji Open311: lampu taman padam sejak kemarin.",
    "Uji Open311: bangku taman patah & perlu diganti.",
)
_DAYS = (120, 40, 1)
"""How long ago the sample requests were filed; the first is older than what a list shows by itself."""


def with_services(city_id: str) -> City:
    """A city with the test services, made as every profile is and as strictly checked."""
    parsed = cities.read(city_id)
    level = _level(parsed["categories.toml"])
    told = FIXTURE.read_text(encoding="utf-8")
    told = told.replace("$triage", parsed["city.toml"]["triage_office"]).replace("$level", level)
    added = tomllib.loads(told)
    file = parsed["categories.toml"]
    file["group"] = {**file["group"], **added["group"]}
    file["category"] = {**file["category"], **added["category"]}
    file["duplicate_radius"] = {**file["duplicate_radius"], **dict.fromkeys(added["group"], 0)}
    boundaries = Path(cities.__file__).parent / city_id / BOUNDARIES_FILE
    return build(city_id, parsed, boundaries.read_bytes() if boundaries.is_file() else None)


def _level(file: dict[str, Any]) -> str:
    """The level that most categories of the city have."""
    levels = [category["level"] for category in file["category"].values() if not category.get("emergency")]
    return max(sorted(set(levels)), key=levels.count)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a person needs to try a client."""

    key: str
    lat: float
    long: float


def prepare(data_dir: Path, city: City) -> Ready:
    """The key of this folder, and once its sample requests: open ones, closed ones, one older than 90 days."""
    from chalicelib.domain.errors import StaleComplaint
    from chalicelib.settings import utc_now
    from chalicelib.usecases import api_keys

    note = data_dir / f"open311-{city.id}.json"
    at = next(iter(city.villages.values())).centroid
    now = utc_now()
    if note.is_file():
        return Ready(json.loads(note.read_text(encoding="utf-8"))["key"], at.lat, at.lon)
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    try:
        key, text = api_keys.issue(CLIENT, scopes, now=now, per_hour=0)
    except StaleComplaint:
        return prepare(data_dir, city)
    _requests(city, key, now)
    with os.fdopen(os.open(note, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as opened:
        json.dump({"key": text}, opened)
    return Ready(text, at.lat, at.lon)


def _requests(city: City, key: Any, now: Any) -> None:
    from chalicelib.domain.city import Kind
    from chalicelib.domain.complaint import Filing, Place
    from chalicelib.domain.open311 import CHANNEL, Wish
    from chalicelib.usecases import api_keys, open311
    from chalicelib.usecases.intake import Contact

    at = next(iter(city.villages.values())).centroid
    # An open one of long ago would climb to the mayor before anybody has looked.
    reporter = replace(key, scopes=frozenset({api_keys.UPDATE}))
    for text, days in zip(_TEXTS, _DAYS, strict=True):
        for closed in (False, True) if days == min(_DAYS) else (True,):
            filing = Filing(
                Kind.COMPLAINT, text, "id", CHANNEL, category="uji_biasa", place=Place(at, "Jalan Uji 1")
            )
            then = now - timedelta(days=days)
            code = open311.file(filing, Contact(), key, {"address": "Jalan Uji 1"}, now=then).complaint.code
            if closed:
                done = open311.Said(code, wish=Wish.END, words="Sudah ditangani.")
                open311.update(done, key, now=then + timedelta(hours=5))
                open311.update(done, reporter, now=then + timedelta(hours=6))
