"""City profiles: data files, one folder per city, read into a ``City`` and checked as a whole."""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.domain.city import City
from chalicelib.domain.geo import BOUNDARIES_FILE
from chalicelib.settings import LOCAL, settings

FILES = ("city.toml", "areas.toml", "categories.toml", "offices.toml", "holidays.toml")
READY = "profile.pickle"
"""A city as `load` answers it, beside its files in a package (infra/package.py), as bytecode lies beside sources."""

_FOLDER = Path(__file__).parent


class BadProfile(Exception):
    """A city profile that cannot be used. ``faults`` has one line each: file, key, what is wrong."""

    def __init__(self, city_id: str, faults: tuple[str, ...]) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n  ".join((f"the profile of {city_id} has {count}:", *faults)))
        self.faults = faults


def load(city_id: str) -> City:
    """The profile of a city, read once per process. Raises BadProfile with every fault in its files.

    Reading and checking the files is a fifth of a cold start, so a package brings each city ready made.
    """
    return _lent.get(city_id) or _loaded(city_id)


_lent: dict[str, City] = {}


def lend(city_id: str, city: City | None) -> None:
    """Answer this city instead of the one in the files, or with None that one again: for a stack that adds services
    to try clients with. Raises RuntimeError on any stage but a local one.
    """
    if settings().stage != LOCAL:
        raise RuntimeError("a city can be lent on a local stage only")
    if city is None:
        _lent.pop(city_id, None)
    else:
        _lent[city_id] = city


@lru_cache(maxsize=8)
def _loaded(city_id: str) -> City:
    ready = _FOLDER / city_id / READY
    if ready.is_file():
        # Part of the package like the code that reads it, and made by it: who could change one could change the other.
        made: City = pickle.loads(ready.read_bytes())  # noqa: S301
        return made
    from chalicelib.cities.profile import build

    parsed = read(city_id)
    boundaries = _FOLDER / city_id / BOUNDARIES_FILE
    return build(city_id, parsed, boundaries.read_bytes() if boundaries.is_file() else None)


def available() -> tuple[str, ...]:
    """The ids of all cities that have a profile, in order."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{FILES[0]}")))


def rules_version(city_id: str, file: Path | None = None) -> str:
    """What tells one state of a city's keywords and routing rules from another: the file's name and the beginning of
    its SHA-256. ``file`` is one that was tried in the place of the profile's own.
    """
    import hashlib

    rules = file or _FOLDER / city_id / "categories.toml"
    return f"{rules.name} {hashlib.sha256(rules.read_bytes()).hexdigest()[:8]}"


def read(city_id: str) -> dict[str, dict[str, Any]]:
    """The parsed files of a profile by name, unchecked.

    Messages are the texts all cities share, with those a city has in a file of its own instead. Raises
    BadProfile for an unknown city and for files that are missing, unknown or no TOML.
    """
    import tomllib

    if city_id not in available():
        raise BadProfile(city_id, (f"there is no such city; there are {', '.join(available())}",))
    parsed: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for path in (*sorted(_FOLDER.glob("messages.*.toml")), *sorted((_FOLDER / city_id).glob("*.toml"))):
        if path.name not in FILES and not path.name.startswith("messages."):
            faults.append(f"{path.name}: unknown file")
            continue
        try:
            with path.open("rb") as file:
                values = tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: is no TOML: {error}")
            continue
        ours = parsed.setdefault(path.name, {})
        for key, value in values.items():
            # Only messages have two files; there a city may replace the SMS of a notice and keep its e-mail.
            ours[key] = {**ours[key], **value} if isinstance(ours.get(key), dict) else value
    faults += [
        f"{name}: is missing" for name in FILES if name not in parsed and not any(name in f for f in faults)
    ]
    if faults:
        raise BadProfile(city_id, tuple(faults))
    return parsed
