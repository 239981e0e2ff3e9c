"""Pictures of the pages for the README: ``make pictures``, against a running instance that holds the sample city.

A page is fetched as the person would get it, with their session, and drawn by a headless Chromium at the size of a
cheap phone or of a desk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.console import Trouble, say

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PHONE, DESK = (360, 900), (960, 1000)


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    path: str
    size: tuple[int, int]
    person: str = ""
    """The post or phone of whoever looks; empty for anybody."""


PICTURES = (
    Picture("beranda", "/polos", PHONE),
    Picture("lapor", "/lapor", (360, 1500)),
    Picture("lacak", "/l/{public}", PHONE),
    Picture("meja", "/o", DESK, "duty@dlhk"),
    Picture("aduan", "/o/{office}", (960, 1500), "duty@dlhk"),
    Picture("pesan", "/local/messages", (960, 900)),
    Picture("lokal", "/local", (960, 1000)),
)


def main() -> int:
    """Draw all pictures. Raises Trouble where nothing runs or there is no Chromium."""
    base = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise Trouble("Chromium tidak ditemukan.", "Chromium was not found.")
    desk = _token(base, "duty@dlhk")
    seen = {
        "public": _released(base),
        "office": _short(_json(f"{base}/v1/office/complaints?limit=1", desk)["complaints"][0]["code"]),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        page = _fetch(
            base + picture.path.format(**seen), cookie=_token(base, picture.person) if picture.person else ""
        )
        _draw(browser, page.replace("<head>", f'<head><base href="{base}/">', 1), picture)
        print(f"  docs/pictures/{picture.name}.png")
    return 0


def _draw(browser: str, page: str, picture: Picture) -> None:
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        file = Path(scratch) / "page.html"
        file.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                f"--user-data-dir={scratch}/profile",
                f"--window-size={picture.size[0]},{picture.size[1]}",
                f"--screenshot={FOLDER / picture.name}.png",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


def _token(base: str, post: str) -> str:
    request = urllib.request.Request(  # noqa: S310  loopback only
        f"{base}/local/token",
        json.dumps({"post": post}).encode(),
        {"Content-Type": "application/json", "Accept": "application/json", "Origin": base},
    )
    found: dict[str, str] = json.loads(_open(request))
    return found["token"]


def _fetch(url: str, *, cookie: str = "", bearer: str = "") -> str:
    headers = {"Cookie": f"sesi={cookie}"} if cookie else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return _open(urllib.request.Request(url, headers=headers)).decode()  # noqa: S310  loopback only


def _released(base: str) -> str:
    """A case with a public text and an answer, so that there is something to see."""
    cursor = ""
    for _ in range(20):
        page = _json(f"{base}/v1/complaints?{cursor}")
        for card in page["complaints"]:
            if card["screening"]["state"] == "released" and card["status"] in (
                "resolved",
                "closed",
                "in_progress",
            ):
                return _short(card["code"])
        cursor = f"cursor={page['cursor']}"
    raise Trouble("Belum ada aduan yang tampil.", "No case is public yet: load the sample city.")


def _json(url: str, bearer: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_fetch(url, bearer=bearer))
    return found


def _short(code: str) -> str:
    return code[4:].replace("-", "")


def _open(request: urllib.request.Request) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.URLError as error:
        raise Trouble(
            f"Tidak ada layanan di {request.host}; jalankan SAMPLE=1 make run.",
            f"Nothing answers at {request.host}: {error.reason}; run SAMPLE=1 make run first.",
        ) from error


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        say(trouble.indonesian, trouble.english)
        sys.exit(1)
