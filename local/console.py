"""What the local stack tells the person who started it: Indonesian first, English beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Trouble(Exception):
    """A fault a person can mend: one sentence in each language, no stack trace, a non-zero exit."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(f"{indonesian}\n{english}")
        self.indonesian = indonesian
        self.english = english


def say(indonesian: str, english: str) -> None:
    """One line of progress."""
    print(f"  {indonesian} / {english}", flush=True)


@contextmanager
def step(indonesian: str, english: str) -> Iterator[None]:
    """A line of progress that ends with the seconds it took."""
    print(f"  {indonesian} / {english} ... ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("gagal / failed", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def warn(text: str) -> None:
    """Something a developer should see that stops nothing."""
    print(f"! {text}", file=sys.stderr, flush=True)
