"""Webhooks to partner systems: what changed on a public case, signed, tried again, and replayed by an administrator.

Configured as ``{"<partner>": {"url", "secret"}}``; the setting WEBHOOKS names the partners, so that a change writes one
notice for each without asking for any secret. A partner checks ``X-Pro-Signature: t=<seconds>,v1=<hex>``, the
HMAC-SHA256 of ``<seconds>.<body>`` under its secret, and takes each ``id`` once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from chalicelib import roads
from chalicelib.domain.errors import Refused
from chalicelib.settings import settings


def partners() -> tuple[str, ...]:
    return tuple(part.strip() for part in settings().webhooks.split(",") if part.strip())


def send(partner: str, event: Mapping[str, str], *, now: datetime) -> str:
    """Post one event. Raises Passing, and Refused where the partner is not configured or says no for good."""
    road = roads.configured(roads.WEBHOOKS).get(partner)
    if not road:
        raise Refused("no such partner")
    body = json.dumps(dict(event), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Pro-Signature": signature(body, str(road["secret"]), now),
    }
    roads.post(str(road["url"]), body, headers)
    return "posted"


def signature(body: bytes, secret: str, now: datetime) -> str:
    seconds = str(int(now.timestamp()))
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def is_signed(body: bytes, given: str) -> bool:
    """Whether a gateway's message to us is signed: ``sha256=<hex>``, the HMAC of the body under ``inbound.secret``."""
    secret = str(roads.configured(roads.INBOUND).get("secret", ""))
    if not secret:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
