"""The roads beside SNS and SES: how each is configured, and one way to speak HTTP to them.

All of them are off until a SecureString parameter (the setting ROADS_PARAMETER) names them: one JSON object, with one
object for each road. docs/notices.md shows what each takes. It is read once in the life of a process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from chalicelib import aws
from chalicelib.domain.errors import Passing, Refused
from chalicelib.settings import settings

GATEWAY, WHATSAPP, WEBPUSH, APPS, WEBHOOKS, INBOUND = (
    "gateway", "whatsapp", "webpush", "apps", "webhooks", "inbound",
)  # fmt: skip
_TIMEOUT = 5.0
_LATER = frozenset({408, 425, 429})


def configured(road: str) -> Mapping[str, Any]:
    """What is configured of a road; empty where it is off."""
    found = _all().get(road)
    return found if isinstance(found, dict) else {}


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Send something to another system and return its answer.

    Raises Passing where the same may work later (network, 408, 425, 429, 5xx), and Refused with the status elsewhere.
    """
    import urllib3  # here: most messages go by SNS

    target = urlsplit(url)
    if target.scheme != "https" and target.hostname != "127.0.0.1":
        raise Refused("no https")
    try:
        answer = urllib3.request(
            "POST", url, body=body, headers=dict(headers), timeout=_TIMEOUT, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise Passing(type(error).__name__) from None
    if answer.status in _LATER or answer.status >= 500:
        raise Passing(f"HTTP {answer.status}")
    if answer.status >= 300:
        raise Refused(f"HTTP {answer.status}")
    return bytes(answer.data)


@lru_cache(maxsize=1)
def _all() -> dict[str, Any]:
    if not settings().roads_parameter:
        return {}
    answer: Any = aws.client("ssm").get_parameter(Name=settings().roads_parameter, WithDecryption=True)
    found: dict[str, Any] = json.loads(answer["Parameter"]["Value"])
    return found


def forget() -> None:
    """Read the configuration anew, for a process in which it changed (tests)."""
    _all.cache_clear()
