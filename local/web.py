"""The web client as ``make web`` built it, at the addresses and with the headers that CloudFront gives it.

Without a build there is nothing here, and ``/`` stays the plain page of the app.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from infra import webfiles
from infra.target import PROJECT
from local.apply import read_template

if TYPE_CHECKING:
    from local.server import LocalRequest, Page


Answered = tuple[int, Mapping[str, str], bytes]
_PART = re.compile(r"bytes=(\d+)-(\d*)")
"""Of an archive of map tiles a browser asks for the parts that it shows; S3 answers other forms, too."""
_TEXTS = ("text/", "application/json", "application/manifest", "image/svg")


def headers_of_edge(photos: str) -> dict[str, str]:
    """The headers that ``infra/edge.yaml`` puts on the client's files, so that a policy that breaks it breaks it here.

    ``photos`` is the origin that photos go to and come from. Transport security is left out: this is plain HTTP.
    """
    template: Mapping[str, Any] = read_template(PROJECT / "infra" / "edge.yaml")
    config = template["Resources"]["WebHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    policy, _ = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    found = {
        "Content-Security-Policy": policy.replace("${Photos}", photos),
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "X-Content-Type-Options": "nosniff",
    }
    return found | {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}


@dataclass(frozen=True, slots=True)
class WebClient:
    """Serves all below ``/app/`` from ``built``, where a path without a dot is the one page; ``/`` leads there."""

    built: Path
    headers: Mapping[str, str]

    def __call__(self, request: LocalRequest) -> Answered:
        if request.method not in ("GET", "HEAD"):
            return 405, {"Allow": "GET, HEAD"}, b""
        if request.path in ("/", "/app"):
            lang = request.query.get("lang", [""])[-1]
            said = f"?lang={lang}" if lang in ("id", "en") else ""
            return 302, {"Location": f"/app/{said}", "Cache-Control": "no-store"}, b""
        path = unquote(request.path).removeprefix("/app/")
        name = Path(path) if "." in path.rpartition("/")[2] else Path("index.html")
        file = (self.built / name).resolve()
        if not file.is_relative_to(self.built.resolve()) or not file.is_file():
            return 404, {"Content-Type": "text/plain; charset=utf-8"}, b"404"
        body = file.read_bytes()
        kind = webfiles.content_type(name)
        told = {
            **self.headers,
            "Content-Type": kind,
            "Cache-Control": webfiles.cache_control(name),
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == told["ETag"]:
            return 304, told, b""
        told["Accept-Ranges"] = "bytes"
        if part := _PART.fullmatch(request.headers.get("range", "")):
            first, last = int(part[1]), min(int(part[2] or len(body) - 1), len(body) - 1)
            if first > last:
                return 416, {**told, "Content-Range": f"bytes */{len(body)}"}, b""
            return 206, {**told, "Content-Range": f"bytes {first}-{last}/{len(body)}"}, body[first : last + 1]
        if kind.startswith(_TEXTS) and "gzip" in request.headers.get("accept-encoding", ""):
            told["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
        return 200, told, body


def attach(pages: dict[str, Page], photos: str, built: Path = webfiles.BUILT) -> bool:
    """Put the client among the stack's pages if it was built; answers whether it was."""
    if not webfiles.is_built(built):
        return False
    client = WebClient(built, headers_of_edge(photos))
    pages["/"] = pages["/app"] = pages["/app/"] = client
    return True
