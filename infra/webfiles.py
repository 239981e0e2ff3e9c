"""How the web client's files are kept by browsers and caches: one rule for the deploy and for the local stack."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from infra.target import PROJECT

BUILT = PROJECT / "web" / "dist"
"""Where ``make web`` puts the client."""
_TYPES = {
    ".webmanifest": "application/manifest+json",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    # A city's own map (docs/web.md).
    ".geojson": "application/geo+json",
    ".pbf": "application/x-protobuf",
    ".pmtiles": "application/vnd.pmtiles",
}
_HASHED = re.compile(r"[.-][0-9a-zA-Z_-]{8,}\.\w+$")
FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "no-cache"


def is_built(built: Path = BUILT) -> bool:
    return (built / "index.html").is_file()


def content_type(path: Path) -> str:
    """By the name alone, the same on every machine: what a system's own table says of .js differs."""
    known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{known}; charset=utf-8" if known.startswith("text/") else known


def cache_control(path: Path) -> str:
    """A file of ``assets/`` bears a hash of its content and never changes; all others must be asked for anew.

    ``path`` is relative to the built folder. A service worker or page that a cache kept would keep a city on last
    month's app.
    """
    return FOR_EVER if path.parts[:1] == ("assets",) and _HASHED.search(path.name) else ANEW


def upload_order(built: Path) -> list[Path]:
    """What others name first, and last of all the service worker and the page, so that no name leads nowhere."""
    files = (path for path in built.rglob("*") if path.is_file() and ".vite" not in path.parts)
    return sorted(
        files, key=lambda p: (p.suffix == ".html", p.name == "sw.js", p.relative_to(built).as_posix())
    )
