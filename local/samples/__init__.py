"""Invented people and cases, as data: ``common.toml`` for any city, a city's own file beside it, ``demo.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def book(city_id: str) -> dict[str, Any]:
    """The sample of any city, and what this city's own file adds to it: ``case``, ``contact``, ``names``."""
    found = tomllib.loads((_HERE / "common.toml").read_text(encoding="utf-8"))
    own = _HERE / f"{city_id}.toml"
    if own.exists():
        added = tomllib.loads(own.read_text(encoding="utf-8"))
        found["case"] += added.pop("case", [])
        found |= added
    return found


def story() -> list[dict[str, Any]]:
    """What `make demo` files: text, category (or none), and what then becomes of it."""
    told: list[dict[str, Any]] = tomllib.loads((_HERE / "demo.toml").read_text(encoding="utf-8"))["case"]
    return told
