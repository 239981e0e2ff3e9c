"""Calls what the app registered with ``@app.schedule`` at its time, as EventBridge does in AWS."""

from __future__ import annotations

import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.engines import REGION

Handler = Callable[[dict[str, Any]], object]

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True, slots=True)
class Cron:
    """AWS's six fields, in UTC. The forms L, W and # are not known here."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    def next(self, after: datetime) -> datetime | None:
        """The first minute later than ``after`` that it names; None if none comes within five years."""
        moment = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment + timedelta(days=5 * 366)
        while moment < end:
            if not self._names_day(moment):
                moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
            elif moment.hour not in self.hours:
                moment = moment.replace(minute=0) + timedelta(hours=1)
            elif moment.minute not in self.minutes:
                moment += timedelta(minutes=1)
            else:
                return moment
        return None

    def _names_day(self, day: datetime) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        if self.days is not None:
            return day.day in self.days
        return self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays


def parse(expression: str) -> timedelta | Cron:
    """``rate(5 minutes)`` or ``cron(0 18 ? * MON-FRI *)``. Raises ValueError on what AWS would refuse."""
    rate = re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)", expression)
    if rate:
        if (rate[1] == "1") == bool(rate[3]):
            raise ValueError(f"{expression}: 1 takes the singular, more take the plural")
        return timedelta(seconds=int(rate[1]) * _UNITS[rate[2]])
    cron = re.fullmatch(r"cron\((.+)\)", expression)
    fields = cron[1].split() if cron else []
    if len(fields) != 6:
        raise ValueError(f"{expression}: neither rate(n unit) nor cron with six fields")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError(f"{expression}: exactly one of day-of-month and day-of-week must be ?")
    return Cron(
        _field(minutes, 0, 59),
        _field(hours, 0, 23),
        None if days == "?" else _field(days, 1, 31),
        _field(months, 1, 12, _MONTHS),
        None if weekdays == "?" else _field(weekdays, 1, 7, _DAYS),
        _field(years, 1970, 2199),
    )


def _field(text: str, low: int, high: int, names: list[str] | None = None) -> frozenset[int]:
    def number(word: str) -> int:
        if names and word.upper() in names:
            return names.index(word.upper()) + 1
        if not word.isdigit() or not low <= int(word) <= high:
            raise ValueError(f"cron: {word!r} is not between {low} and {high}")
        return int(word)

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if span == "*" else number(first)
        end = number(last) if dash else (high if span == "*" or slash else start)
        if slash and not (step.isdigit() and int(step) > 0):
            raise ValueError(f"cron: {part!r} has no step")
        if end < start:  # FRI-MON goes round the end
            found.update(range(start, high + 1), range(low, end + 1))
        else:
            found.update(range(start, end + 1, int(step) if slash else 1))
    return frozenset(found)


class Schedules:
    """The app's timed handlers, each on a thread of its own and never beside itself.

    ``expressions`` and ``handlers`` go by the handler's name. ``now`` is the local stack's clock, which a person
    may move; rates run by real time and crons by ``now``, and a cron that a jump has passed is called once.
    """

    def __init__(
        self,
        expressions: Mapping[str, str],
        handlers: Mapping[str, Handler],
        *,
        account_id: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._timing = {name: parse(expression) for name, expression in expressions.items()}
        self._handlers = handlers
        self._account_id = account_id
        self._now = now
        self._busy = {name: threading.Lock() for name in expressions}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name=f"schedule {name}", daemon=True)
            for name in expressions
        ]

    @property
    def names(self) -> list[str]:
        return list(self._timing)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the calls in hand; those are given ten seconds."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=10)

    def call(self, name: str) -> object:
        """Call one handler now, after its own call in hand if there is one; answers what it answers."""
        with self._busy[name]:
            # Told within the lock: the clock may be moved while this call waits, and no sweep takes an old event.
            now = self._now().astimezone(UTC)
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": self._account_id,
                "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": REGION,
                "resources": [f"arn:aws:events:{REGION}:{self._account_id}:rule/{name}"],
                "detail": {},
            }
            return self._handlers[name](event)

    def call_all(self) -> None:
        """Call every handler once, in the order of registration; for when the clock was moved."""
        for name in self._timing:
            self.call(name)

    def _run(self, name: str) -> None:
        timing = self._timing[name]
        last, began = self._now(), time.monotonic()
        while not self._stopping.wait(0.5):
            if isinstance(timing, Cron):
                due = timing.next(last)
                if due is None or self._now() < due:
                    continue
                last = self._now()
            else:
                if time.monotonic() - began < timing.total_seconds():
                    continue
                began = time.monotonic()
            try:
                self.call(name)
            except Exception:  # noqa: BLE001  # the handler is the app's: it is called again next time, as in AWS
                traceback.print_exc()
