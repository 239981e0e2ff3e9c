"""The local stack's clock: it may be moved ahead, and stays so over a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from chalicelib.settings import move_clock, utc_now


class StackClock:
    """How far the stack is ahead of the machine. It never goes back: what happened would lie in the future.

    ``tell`` hears of each change, at the start too: the message log is a process of its own.
    """

    def __init__(self, file: Path, tell: Callable[[timedelta], None]) -> None:
        self._file = file
        self._tell = tell
        self._lock = threading.Lock()
        self._ahead = timedelta()
        # A broken file only means that the machine's own time holds again.
        with suppress(OSError, ValueError, KeyError, TypeError, OverflowError):
            self._ahead = timedelta(seconds=json.loads(file.read_text(encoding="utf-8"))["ahead_seconds"])
        self._set()

    @property
    def ahead(self) -> timedelta:
        return self._ahead

    @staticmethod
    def now() -> datetime:
        """The stack's moment, in UTC."""
        return utc_now()

    def move(self, by: timedelta) -> None:
        """Move ahead. Raises ValueError for a span that goes back."""
        if by < timedelta():
            raise ValueError("the clock goes ahead only")
        with self._lock:
            self._ahead += by
            scratch = self._file.with_suffix(".new")
            scratch.write_text(json.dumps({"ahead_seconds": self._ahead.total_seconds()}), encoding="utf-8")
            scratch.replace(self._file)
            self._set()

    def stamp_as(self, at: datetime) -> None:
        """Let messages that are sent from here on bear this time, until the next call or move."""
        self._tell(self._ahead + (at - utc_now()))

    def stamp_as_now(self) -> None:
        self._tell(self._ahead)

    def _set(self) -> None:
        move_clock(self._ahead)
        self._tell(self._ahead)
