"""Reads values out of parsed TOML and keeps going at a fault, so that a profile's faults are told all at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from chalicelib.domain.city import Label
from chalicelib.domain.clock import Hours, Span, Unit
from chalicelib.domain.geo import Point

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_STRETCH = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_WORD = re.compile(r"[a-z0-9]+")
_LARGEST = 1_000_000
_FEW = 12  # as many choices as a fault still lists
_MISSING = object()
# Stands in for a value that is at fault; the profile is refused in the end, so nobody sees it.
_ANY_SPAN = Span(1, Unit.MINUTES)
_ANY_DAY = date(2000, 1, 1)

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


def words_of(text: str) -> list[str]:
    """The words of a text as the search for keywords sees them."""
    return _WORD.findall(text.lower())


class Faults:
    """All that is wrong with a profile, and every table that was opened, to find the keys that nobody asked for."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._tables: list[Table] = []

    def add(self, file: str, key: str, text: str) -> None:
        self._found.append(f"{file}: {key}: {text}" if key else f"{file}: {text}")

    def opened(self, table: Table) -> None:
        self._tables.append(table)

    def all(self) -> tuple[str, ...]:
        """The faults in the order found, unknown keys last."""
        for table in self._tables:
            table.tell_unknown()
        self._tables.clear()
        return tuple(dict.fromkeys(self._found))


class Table:
    """One TOML table. A getter that finds a fault notes it and answers a harmless stand-in of the right type."""

    def __init__(self, values: object, file: str, path: str, faults: Faults) -> None:
        self.file = file
        self.path = path
        self._faults = faults
        self._asked: set[str] = set()
        self._values: Mapping[str, object] = {}
        if isinstance(values, dict):
            self._values = values
        else:
            faults.add(file, path, "must be a table")
        faults.opened(self)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def holds_text(self, key: str) -> bool:
        return isinstance(self._values.get(key), str)

    def holds_list(self, key: str) -> bool:
        return isinstance(self._values.get(key), list)

    def fault(self, key: str, text: str) -> None:
        self._faults.add(self.file, self._at(key), text)

    def tell_unknown(self) -> None:
        for key in self._values.keys() - self._asked:
            self.fault(key, "unknown key")

    def known_as(self, name: str, form: str) -> str:
        """This table's own name, which must match ``form``."""
        if re.fullmatch(form, name) is None:
            self.fault("", f"{name!r} is no id: small letters, digits, _ and - only")
        return name

    def names(self) -> list[str]:
        """All keys, taken as asked for."""
        self._asked.update(self._values)
        return [*self._values]

    def text(
        self, key: str, *, default: str | None = None, form: str = r"(?s).*\S.*", shape: str = "a text"
    ) -> str:
        """A text that matches ``form`` as a whole; ``shape`` says in words what that is."""
        value = self._get(key, str, "a text", default)
        if value is None:
            return ""
        if value is not default and re.fullmatch(form, value) is None:
            self.fault(key, f"{value!r} is not {shape}" if value else "is empty")
        return value

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        value = self._get(key, str, "a text", default)
        if value is None:
            return ""
        if value not in choices:
            known = f"none of {', '.join(sorted(choices))}" if len(choices) <= _FEW else "unknown"
            self.fault(key, f"{value!r} is {known}")
        return value

    def member(self, key: str, of: type[_E]) -> _E:
        """One of an enumeration's values."""
        value = self.choice(key, {*of})
        return of(value) if value in {*of} else next(iter(of))

    def members(self, key: str, of: type[_E], default: frozenset[_E]) -> frozenset[_E]:
        """Some of an enumeration's values, at least one."""
        if key not in self:
            return default
        values = self.texts(key)
        for value in values:
            if value not in {*of}:
                self.fault(key, f"{value!r} is none of {', '.join(of)}")
        if not values:
            self.fault(key, "is empty")
        return frozenset(of(value) for value in values if value in {*of})

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of different texts."""
        value = self._get(key, list, "a list", list(default) if default is not None else None)
        texts = [each for each in value or () if isinstance(each, str) and each.strip()]
        if len(texts) != len(value or ()):
            self.fault(key, "holds something that is no text")
        for double in sorted({each for each in texts if texts.count(each) > 1}):
            self.fault(key, f"{double!r} stands twice")
        return tuple(texts)

    def phrases(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of lower-case words or phrases to look for in texts, each different to the search."""
        phrases = self.texts(key, default=default)
        seen: dict[str, str] = {}
        for phrase in phrases:
            if phrase != phrase.lower():
                self.fault(key, f"{phrase!r} must be lower case")
            plain = " ".join(words_of(phrase))
            if not plain:
                self.fault(key, f"{phrase!r} holds no word")
            elif seen.setdefault(plain, phrase) != phrase:
                self.fault(key, f"{phrase!r} is the same to the search as {seen[plain]!r}")
        return phrases

    def flag(self, key: str, default: bool | None = None) -> bool:
        return bool(self._get(key, bool, "true or false", default))

    def whole(self, key: str, low: int = 1) -> int:
        value = self._get(key, int, "a whole number", None)
        if value is None:
            return low
        if isinstance(value, bool) or value < low:
            self.fault(key, f"must be a whole number, {low} or more")
        return value

    def number(self, key: str) -> float:
        value = self._get(key, (int, float), "a number", None)
        if value is None:
            return 0.0
        if not -_LARGEST <= value <= _LARGEST:
            self.fault(key, f"must be a number between -{_LARGEST} and {_LARGEST}")
            return 0.0
        return float(value)

    def span(self, key: str) -> Span:
        """A span in a profile's words, "2 working days"."""
        value = self._get(key, str, "a text", None)
        try:
            return Span.parse(value) if value is not None else _ANY_SPAN
        except ValueError as error:
            self.fault(key, str(error))
            return _ANY_SPAN

    def time(self, key: str) -> timedelta:
        """A span of calendar time, "10 days"."""
        span = self.span(key)
        if span.unit is not Unit.MINUTES:
            self.fault(key, "must be calendar time: minutes, hours or days")
        return timedelta(minutes=span.amount)

    def day(self, key: str) -> date:
        value = self.text(key)
        try:
            return date.fromisoformat(value) if value else _ANY_DAY
        except ValueError:
            self.fault(key, f"{value!r} is not a date such as 2026-03-19")
            return _ANY_DAY

    def moment(self, key: str, utc_offset: timedelta) -> datetime:
        """A moment written on the city's wall clock, "2026-03-19T06:00", in UTC."""
        value = self.text(key)
        try:
            return datetime.strptime(value, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC) - utc_offset
        except ValueError:
            if value:
                self.fault(key, f"{value!r} is not a moment such as 2026-03-19T06:00, without an offset")
            return datetime(2000, 1, 1, tzinfo=UTC)

    def minute(self, key: str) -> int:
        """A time of the day on the city's wall clock, "21:00", in minutes after midnight."""
        value = self.text(key, form=r"([01]\d|2[0-3]):[0-5]\d", shape="a time of the day such as 21:00")
        hour, _, minute = value.partition(":")
        return int(hour) * 60 + int(minute) if hour.isdigit() and minute.isdigit() else 0

    def hours(self, weekday: str) -> Hours | None:
        """The stretches of one weekday, "07:30-12:00 13:00-16:30"; None where the day is not named."""
        if weekday not in self:
            return None
        stretches = [_STRETCH.fullmatch(each) for each in self.text(weekday).split()]
        if None in stretches:
            self.fault(weekday, "must be stretches such as 07:30-12:00 13:00-16:30")
        return tuple(
            (int(each[1]) * 60 + int(each[2]), int(each[3]) * 60 + int(each[4])) for each in stretches if each
        )

    def point(self) -> Point:
        """``lat`` and ``lon`` of this table."""
        lat, lon = self.number("lat"), self.number("lon")
        try:
            return Point(lat, lon)
        except ValueError as error:
            self.fault("lat", str(error))
            return Point(0, 0)

    def label(self, languages: Collection[str]) -> Label:
        """This table's texts by language: one for each of the city's languages, a Balinese one where known."""
        wanted = {language: self.text(language) for language in languages}
        return wanted | ({"ban": self.text("ban")} if "ban" in self else {})

    def table(self, key: str) -> Table:
        self._asked.add(key)
        if key not in self:
            self.fault(key, "is missing")
        return Table(self._values.get(key, {}), self.file, self._at(key), self._faults)

    def named(self, key: str, *, optional: bool = False) -> Iterator[tuple[str, Table]]:
        """The tables in a table, by name: ``[office.pupr]``."""
        if optional and key not in self:
            return
        outer = self.table(key)
        for name in outer.names():
            yield name, Table(outer._values[name], self.file, f"{outer.path}.{name}", self._faults)

    def listed(self, key: str) -> Iterator[Table]:
        """The tables of a list, in order: ``[[village]]``. A missing list is an empty one."""
        for place, each in enumerate(self._get(key, list, "a list of tables", []) or ()):
            yield Table(each, self.file, f"{self._at(key)}[{place}]", self._faults)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def _get(
        self, key: str, kind: type[_T] | tuple[type[_T], ...], what: str, default: _T | None
    ) -> _T | None:
        self._asked.add(key)
        value = self._values.get(key, _MISSING)
        if value is _MISSING:
            if default is None:
                self.fault(key, "is missing")
            return default
        # To Python true is a number; to a person who writes a profile it is a slip.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"must be {what}")
            return default
        return value
