"""A study: one or two policies, each under every setting and several seeds, all meeting the same cases."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.domain.city import Category, City
from chalicelib.domain.clock import Span
from local.console import Trouble
from local.simulate import arrivals, figures, year
from local.simulate.arrivals import SETTINGS, Arrival
from local.simulate.figures import Figures, Range

Levels = Mapping[str, tuple[Span | None, Span | None]]
"""By category: first reply and resolution; None leaves it as the profile has it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Promises to try: the profile as it is, or with other levels."""

    name: str
    city: City
    changed: tuple[str, ...] = ()
    """The categories that promise something else than the profile does."""


@dataclass(slots=True)
class Outcome:
    """One policy under one setting: figures of the city and of each office, one per seed."""

    city: list[Figures] = field(default_factory=list)
    offices: list[Mapping[str, Figures]] = field(default_factory=list)

    def office(self, office: str) -> list[Figures]:
        return [run[office] for run in self.offices if office in run]


@dataclass(frozen=True, slots=True)
class Study:
    """What was asked and what came of it."""

    policies: tuple[Policy, ...]
    seeds: tuple[int, ...]
    year: int
    source: str
    outcomes: Mapping[tuple[int, str], Outcome]
    """By the policy's place and the setting's name."""

    @property
    def city(self) -> City:
        return self.policies[0].city

    def span(self, policy: int, setting: str, name: str, office: str | None = None) -> Range | None:
        outcome = self.outcomes[policy, setting]
        return figures.spread(outcome.city if office is None else outcome.office(office), name)

    def whole_span(self, policy: int, name: str, office: str | None = None) -> Range | None:
        """Over all settings and seeds."""
        found: list[Figures] = []
        for setting in SETTINGS:
            outcome = self.outcomes[policy, setting]
            found += outcome.city if office is None else outcome.office(office)
        return figures.spread(found, name)

    def offices(self) -> list[str]:
        """All that had cases, the busiest first."""
        seen = {
            office: max(r.middle for s in SETTINGS if (r := self.span(0, s, "cases", office)) is not None)
            for office in {o for outcome in self.outcomes.values() for run in outcome.offices for o in run}
            if any(self.outcomes[0, s].office(office) for s in SETTINGS)
        }
        return sorted(seen, key=lambda office: (-seen[office], office))


def price(city: City) -> float:
    """Rupiah for one SMS. Raises Trouble where the profile has none."""
    try:
        return float(city.sms_price["rupiah"])
    except (KeyError, ValueError) as error:
        raise Trouble(
            "Profil kota tidak memuat harga SMS (sms_price).",
            "The profile has no price of an SMS (sms_price).",
        ) from error


def conduct(
    policies: Sequence[Policy],
    *,
    seeds: Sequence[int],
    in_year: int,
    per_year: int,
    replayed: Sequence[Arrival] | None = None,
    source: str = "",
    told: Callable[[str], None] = lambda _: None,
) -> Study:
    """Play every policy under every setting and seed; ``told`` hears of each as it begins.

    The first policy must be the profile as it is: people and work are drawn against it.
    """
    base = policies[0].city
    rupiah = price(base)
    ends_at = datetime(in_year + 1, 1, 1, tzinfo=UTC) - base.utc_offset
    outcomes = {(n, name): Outcome() for n in range(len(policies)) for name in SETTINGS}
    for name in SETTINGS:
        chosen = arrivals.setting(name)
        for seed in seeds:
            coming = replayed or arrivals.generate(base, chosen, seed=seed, year=in_year, per_year=per_year)
            cases = arrivals.cases(coming, base, chosen, seed=seed)
            posts = arrivals.filled(base, chosen, seed=seed)
            for n, policy in enumerate(policies):
                told(f"{policy.name}, {name}, seed {seed}")
                played = year.play(cases, policy.city, posts, subscribers=chosen.subscribers, ends_at=ends_at)
                outcomes[n, name].city.append(figures.of(played.cases, ends_at, rupiah))
                outcomes[n, name].offices.append(figures.by_office(played, rupiah))
    return Study(tuple(policies), tuple(seeds), in_year, source, outcomes)


def policy(city: City, name: str, levels: Levels) -> Policy:
    """The city with these promises instead of its own."""

    def changed(category: Category) -> Category:
        first_reply, resolution = levels.get(category.id, (None, None))
        level = replace(
            category.level,
            first_reply=first_reply or category.level.first_reply,
            resolution=resolution or category.level.resolution,
        )
        return replace(category, level=level)

    categories = {key: changed(category) for key, category in city.categories.items()}
    different = tuple(
        sorted(key for key in categories if categories[key].level != city.categories[key].level)
    )
    return Policy(name, replace(city, categories=categories), different)


def levels_of(options: Iterable[str], city: City) -> Levels:
    """Read ``category=first reply,resolution`` ("jalan_rusak=1 working day,7 working days"). Raises Trouble."""
    found: dict[str, tuple[Span | None, Span | None]] = {}
    for option in options:
        category, equals, spans = option.partition("=")
        first_reply, comma, resolution = spans.partition(",")
        if not equals or not comma or category not in city.categories:
            raise Trouble(
                f"--level {option!r}: tulis kategori=balasan,selesai dengan kategori dari profil.",
                f"--level {option!r}: write category=first_reply,resolution with a category of the profile.",
            )
        found[category] = (_span(first_reply, option), _span(resolution, option))
    return found


def levels_file(path: Path, city: City) -> Levels:
    """Read a TOML file with tables ``[level.<id>]`` and ``[category.<id>]``, each with ``first_reply`` and/or
    ``resolution``. A level changes all categories that have it; a category's own table wins. Raises Trouble.
    """
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble(
            f"{path.name} tidak terbaca: {error}", f"{path.name} cannot be read: {error}"
        ) from error
    levels = {category.level.id for category in city.categories.values()}
    known = {"level": levels, "category": set(city.categories)}
    for kind, entries in tables.items():
        unknown = sorted(set(entries) - known[kind]) if kind in known else [kind]
        if unknown:
            raise Trouble(
                f"{path.name}: tidak dikenal: {', '.join(unknown)}",
                f"{path.name}: unknown: {', '.join(unknown)}",
            )
    found: dict[str, tuple[Span | None, Span | None]] = {}
    for category in city.categories.values():
        entry = {
            **tables.get("level", {}).get(category.level.id, {}),
            **tables.get("category", {}).get(category.id, {}),
        }
        if extra := sorted(set(entry) - {"first_reply", "resolution"}):
            raise Trouble(
                f"{path.name}: tidak dikenal: {', '.join(extra)}", f"{path.name}: unknown: {', '.join(extra)}"
            )
        if entry:
            first, last = (
                _span(entry[key], path.name) if key in entry else None
                for key in ("first_reply", "resolution")
            )
            found[category.id] = (first, last)
    return found


def _span(text: str, where: str) -> Span:
    try:
        return Span.parse(text.strip())
    except (AttributeError, ValueError) as error:
        raise Trouble(f"{where}: {error}", f"{where}: {error}") from error
