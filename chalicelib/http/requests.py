"""What a request says beside its body: who sends it, in which language, which version it saw."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from chalice.app import Request

from chalicelib.cities import load
from chalicelib.domain.errors import Fault, Invalid, NotFound, NotSignedIn
from chalicelib.domain.tracking import parse_code
from chalicelib.http.problems import LANGUAGES, Plain
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import record, signin
from chalicelib.usecases.intake import Retry

MOST_BYTES = 64 * 1024
"""No form of ours is near it; API Gateway itself takes ten megabytes."""
_KEY = re.compile(r"[A-Za-z0-9_\-:.]{22,128}")
_DEVICE = re.compile(r"[A-Za-z0-9_\-]{16,64}")
_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})"?')
_app: Any = None


def bind(app: Any) -> None:
    """Tell this module the app whose current request it reads; called once by app.py."""
    global _app
    _app = app


def prepare() -> None:
    """Make what the first request would wait for; for the API's own Lambda."""
    record.prepare()


def current() -> Request:
    request: Request = _app.current_request
    return request


def language(request: Request) -> str:
    """``lang`` in the query, else the first of ours in Accept-Language, else Indonesian."""
    asked = query(request).get("lang", "")
    if asked in LANGUAGES:
        return asked
    for part in str(request.headers.get("accept-language", "")).lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def query(request: Request) -> dict[str, str]:
    """The query's parameters, the last value of each."""
    return dict(request.query_params or {})


def client(request: Request) -> str:
    """The sender's network address: as the edge tells it where there is one, else as the gateway saw it.

    The edge writes its header over whatever was sent, and the gateway refuses what did not come through the edge
    (docs/adr/0021), so neither can be forged.
    """
    told = request.headers.get(settings().client_header, "") if settings().client_header else ""
    with suppress(ValueError):
        return str(ip_address(told))
    identity = request.context.get("identity") or {}
    return str(identity.get("sourceIp") or "unknown")


def device(request: Request) -> str:
    """What the sender's app calls the device that it runs on, a random word of its own; empty where it says nothing."""
    told = request.headers.get("device-id", "")
    return told if _DEVICE.fullmatch(told) else ""


def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Plain(400) for what is none and Plain(413) for what is too large."""
    raw = _raw(request)
    if len(raw) > MOST_BYTES:
        raise Plain(413, "body_large")
    try:
        value = json.loads(raw, parse_constant=_refuse, object_pairs_hook=_once) if raw else {}
    except (ValueError, RecursionError):
        raise Plain(400, "no_json") from None
    if not isinstance(value, dict):
        raise Plain(400, "no_json_object")
    return value


def code(typed: str) -> str:
    """A tracking code out of a path. Raises NotFound for what cannot be one: nobody learns which exist."""
    found = parse_code(load(settings().city).code_prefix, unquote(typed))
    if found is None:
        raise NotFound("code")
    return found


def if_match(request: Request) -> int:
    """The version that an officer saw. Raises Plain(428) without it."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        raise Plain(428)
    found = _VERSION.fullmatch(header)
    if found is None:
        raise Plain(400, "no_version")
    return int(found[1])


def retry(request: Request) -> Retry | None:
    """The Idempotency-Key, where there is one, with a hash of the body as sent."""
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise Invalid([Fault("Idempotency-Key", "bad_key")])
    return Retry(header, hashlib.sha256(_raw(request)).hexdigest())


def who(request: Request) -> signin.Who:
    """Whom the authorizer let through. Raises NotSignedIn where a route without one was asked, and where the gateway
    still keeps its answer about a token that has ended since."""
    told = request.context.get("authorizer") or {}
    kind, _, identity = str(told.get("principalId", "")).partition(":")
    if not identity:
        raise NotSignedIn("no principal")
    if "until" in told and int(told["until"]) <= utc_now().timestamp():
        raise NotSignedIn("expired")
    return signin.Who(signin.Kind(kind), identity)


def _raw(request: Request) -> bytes:
    raw = request.raw_body
    return raw.encode() if isinstance(raw, str) else raw


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice: nobody can say which of two privacy choices was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Plain(400, "name_twice")
    return found
