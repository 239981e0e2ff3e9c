"""What comes in and how everybody will behave: all chance of a run is drawn here, before any rule is asked.

Each case has its own stream of chance, drawn against the profile as it is. So two policies meet the very same cases
with the very same people, and what differs between their results is the policy alone.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from chalicelib.domain.city import AREA_HEAD, City, Kind, LegalClass
from chalicelib.domain.clock import Span, Unit
from chalicelib.domain.complaint import Filing
from local.console import Trouble

SETTINGS = ("optimistic", "middle", "pessimistic")
STORM_CASES = 100
_HERE = Path(__file__).parent
_WORKING_DAY = timedelta(hours=7.5)
_BY_EMAIL = 0.1
_NAMES_HAMLET = 0.3
_MOST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """One set of assumptions; what each means stands beside it in assumptions.toml."""

    name: str
    reply_hours: float
    reply_spread: float
    emergency_reply_minutes: float
    work_share: float
    work_spread: float
    office_spread: float
    silent: float
    stalls: float
    heeds: float
    acknowledges: float
    sort_hours: float
    release_hours: float
    unsorted: float
    rejects: float
    rates: float
    reopens: float
    storms: int
    storm_slows: float
    by_sms: float
    subscribers: int
    vacant: float
    hamlet_vacant: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reporter does once the office calls it solved: rate, reopen, or nothing (silence)."""

    does: str  # "rate", "reopen" or ""
    after: float  # share of the reopening window
    score: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One report and everything that people will do about it; spans are working time of whoever acts."""

    at: datetime
    filing: Filing
    code: str
    citizen: str | None
    reach: str
    category: str
    """What it really is: the reporter may not know, then triage finds out."""
    sorts: timedelta
    releases: timedelta
    rejected: bool
    replies: timedelta
    works: timedelta
    silent: bool
    stalls: bool
    heeds_reply: int
    """How many rungs must ask before a silent office replies."""
    heeds_work: int
    """How many rungs must ask before work that stalled goes on."""
    acknowledges: float
    """How likely a rung is to say that it has heard."""
    verdicts: tuple[Verdict, ...]

    def acknowledged(self, clock: str, climb: int) -> bool:
        """Whether the rung of a clock's n-th climb does: the same under every policy."""
        return Random(f"{self.code}/{clock}/{climb}").random() < self.acknowledges


@dataclass(frozen=True, slots=True)
class Arrival:
    """A moment and what it is about; None where nobody knows."""

    at: datetime
    category: str | None
    storm: bool = False


@cache
def assumptions() -> Mapping[str, Any]:
    """assumptions.toml as it stands."""
    return tomllib.loads((_HERE / "assumptions.toml").read_text(encoding="utf-8"))


def setting(name: str) -> Setting:
    """The assumptions of one of the SETTINGS."""
    column = SETTINGS.index(name)
    return Setting(name, **{key: value["values"][column] for key, value in assumptions()["input"].items()})


def generate(city: City, chosen: Setting, *, seed: int, year: int, per_year: int) -> list[Arrival]:
    """A year's arrivals by season, weekday and hour, with the setting's storm days on top. Nobody reports on Nyepi."""
    mix, when = assumptions()["mix"], assumptions()["when"]
    chance = Random(f"{seed}/arrivals")
    ids = sorted(city.categories)
    days = [date(year, 1, 1) + timedelta(n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    by_month = [
        [mix["weights"].get(i, mix["other"]) * mix["months"].get(i, [1.0] * 12)[month] for i in ids]
        for month in range(12)
    ]
    loads = [sum(by_month[day.month - 1]) * when["weekdays"][day.weekday()] for day in days]
    found: list[Arrival] = []
    for day, load in zip(days, loads, strict=True):
        for _ in range(_poisson(chance, per_year * load / sum(loads))):
            at = _moment(day, city, chance, when["hours"])
            category = chance.choices(ids, by_month[day.month - 1])[0]
            if not _in_silence(at, city):
                found.append(Arrival(at, category))
    wet = [day for day in days if day.month in (1, 2, 3, 12)]
    storm = {i: weight for i, weight in mix["storm"].items() if i in city.categories} or {
        city.default_category: 1
    }
    for day in Random(f"{seed}/storms").sample(wet, chosen.storms):
        for _ in range(STORM_CASES):
            at = _moment(day, city, chance, when["hours"])
            category = chance.choices(list(storm), list(storm.values()))[0]
            if not _in_silence(at, city):
                found.append(Arrival(at, category, storm=True))
    return sorted(found, key=lambda arrival: arrival.at)


def replay(path: Path, city: City, *, year: int, where: Mapping[str, str], most: int | None) -> list[Arrival]:
    """The moments and types of a CSV (``created_at``, ``category``), moved into the year by whole weeks.

    Weekday, hour and season stay; what falls on Nyepi is left out. ``where`` keeps the rows with these values; ``most``
    takes every n-th row, so that about so many are left. Raises Trouble for a file without such rows.
    """
    types = tomllib.loads((_HERE / "types-311.toml").read_text(encoding="utf-8"))["types"]
    starts = sorted(types, key=len, reverse=True)
    found: list[Arrival] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if any(row.get(key) != value for key, value in where.items()):
                    continue
                start = next((s for s in starts if row["category"].startswith(s)), "")
                category = types.get(start)
                if category != "skip":
                    at = _into(year, datetime.fromisoformat(row["created_at"]), city)
                    if not _in_silence(at, city):
                        found.append(Arrival(at, category if category in city.categories else None))
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise Trouble(
            f"Berkas {path.name} tidak terbaca sebagai CSV dengan kolom created_at dan category: {error}",
            f"{path.name} cannot be read as a CSV with the columns created_at and category: {error}",
        ) from error
    if not found:
        raise Trouble(f"Tidak ada aduan dalam {path.name}.", f"There are no requests in {path.name}.")
    found.sort(key=lambda arrival: arrival.at)
    if most and most < len(found):
        found = [found[n * len(found) // most] for n in range(most)]
    return found


def _in_silence(at: datetime, city: City) -> bool:
    return city.calendar_of(city.triage_office).silent(at) is not None


def cases(arrivals: Iterable[Arrival], city: City, chosen: Setting, *, seed: int) -> list[Case]:
    """Give every arrival its report and its fate. ``city`` is the profile as it is, never a policy under test."""
    return [
        _case(arrival, city, chosen, seed, Random(f"{seed}/{n}"), n) for n, arrival in enumerate(arrivals)
    ]


def filled(city: City, chosen: Setting, *, seed: int) -> dict[str, bool]:
    """For every duty post of the city whether somebody holds it."""
    posts = [
        *(f"{role}@{o}" for o in city.offices for role in ("duty", "division_head", "office_head", "triage")),
        *(f"village_head@{code}" for code in city.villages),
        *(f"district_head@{code}" for code in city.areas if code not in city.villages),
        *(f"hamlet_head@{hamlet}" for hamlet in city.hamlets),
        "secretary@city",
        "mayor@city",
    ]
    return {
        post: Random(f"{seed}/{post}").random()
        >= (chosen.hamlet_vacant if post.startswith("hamlet_head@") else chosen.vacant)
        for post in posts
    }


def _case(arrival: Arrival, city: City, chosen: Setting, seed: int, chance: Random, number: int) -> Case:
    # Everything is drawn, and in one order, whether it will be used or not: no case ever moves another's chance.
    true_id = arrival.category or city.default_category
    category = city.categories[true_id]
    unsorted = chance.random() < chosen.unsorted or arrival.category is None
    village = chance.choice(sorted(city.villages))
    hamlets = city.areas[village].hamlets
    hamlet = chance.choice(hamlets).id if hamlets and chance.random() < _NAMES_HAMLET else None
    road = chance.random()
    reach = "sms" if road < chosen.by_sms else "email" if road < chosen.by_sms + _BY_EMAIL else ""
    office = village if category.office == AREA_HEAD else category.office
    slow = Random(f"{seed}/speed/{office}").lognormvariate(0, chosen.office_spread)
    slow *= chosen.storm_slows if arrival.storm else 1
    urgent = category.emergency is not None and category.level.resolution.unit is Unit.MINUTES
    reply = (
        timedelta(minutes=chosen.emergency_reply_minutes) if urgent else timedelta(hours=chosen.reply_hours)
    )
    replies = reply * slow * chance.lognormvariate(0, chosen.reply_spread)
    works = (
        _length(category.level.resolution)
        * chosen.work_share
        * slow
        * chance.lognormvariate(0, chosen.work_spread)
    )
    return Case(
        at=arrival.at,
        filing=Filing(
            kind=Kind.COMPLAINT if Kind.COMPLAINT in category.kinds else min(category.kinds),
            text="Aduan simulasi",
            language="id",
            channel="web",
            category=None if unsorted and Kind.COMPLAINT in category.kinds else true_id,
            area=village,
            hamlet=hamlet,
            private=category.sensitive,
            about_staff=category.legal_class is LegalClass.OVERSIGHT,
        ),
        code=f"{city.code_prefix}-{number:05d}-{seed % 100000:05d}",
        citizen=f"warga-{number}" if reach else None,
        reach=reach,
        category=true_id,
        sorts=timedelta(hours=chosen.sort_hours) * chance.lognormvariate(0, 0.8),
        releases=timedelta(hours=chosen.release_hours) * chance.lognormvariate(0, 0.8),
        rejected=chance.random() < chosen.rejects,
        replies=replies,
        works=works,
        silent=chance.random() < chosen.silent and not urgent,
        stalls=chance.random() < chosen.stalls and not urgent,
        heeds_reply=_tries(chance, chosen.heeds),
        heeds_work=_tries(chance, chosen.heeds),
        acknowledges=chosen.acknowledges,
        verdicts=tuple(_verdict(chance, chosen, round_) for round_ in range(_MOST_ROUNDS)),
    )


def _verdict(chance: Random, chosen: Setting, round_: int) -> Verdict:
    draw, after, score = chance.random(), chance.uniform(0.02, 0.9), chance.choice((1, 3, 4, 4, 5, 5))
    if draw < chosen.reopens and round_ < _MOST_ROUNDS - 1:
        return Verdict("reopen", after)
    if draw < chosen.reopens + chosen.rates:
        return Verdict("rate", after, score)
    return Verdict("", after)


def _tries(chance: Random, hit: float) -> int:
    """How many throws until the first hit."""
    return 1 + int(math.log(1 - chance.random()) / math.log(1 - hit)) if hit < 1 else 1


def _length(span: Span) -> timedelta:
    """How much working time a promise holds; a working day is taken as 7.5 hours."""
    return _WORKING_DAY * span.amount if span.unit is Unit.WORKING_DAYS else timedelta(minutes=span.amount)


def _moment(day: date, city: City, chance: Random, hours: Sequence[float]) -> datetime:
    hour = chance.choices(range(24), hours)[0]
    local = datetime(
        day.year, day.month, day.day, hour, chance.randrange(60), chance.randrange(60), tzinfo=UTC
    )
    return local - city.utc_offset


def _into(year: int, local: datetime, city: City) -> datetime:
    """The same weekday, hour and season in the year that is simulated."""
    local = local.replace(tzinfo=UTC)
    weeks = round((date(year, 1, 1) - date(local.year, 1, 1)).days / 7)
    moved = local + timedelta(weeks=weeks)
    if moved.year != year:
        moved += timedelta(weeks=52 if moved.year < year else -52)
    return moved - city.utc_offset


def _poisson(chance: Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = chance.random()
    while product > left:
        count += 1
        product *= chance.random()
    return count
