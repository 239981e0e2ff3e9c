"""A local SMS gateway: a second road for SMS, beside SNS.

Configured as ``{"url", "token", "first": false}``. With ``first`` all SMS go by it, else those that SNS refuses.
"""

from __future__ import annotations

import json

from chalicelib import roads


def first() -> bool | None:
    """Whether SMS go by the gateway before SNS; None where there is no gateway."""
    road = roads.configured(roads.GATEWAY)
    return bool(road.get("first")) if road else None


def send(phone: str, text: str, reference: str) -> str:
    """Hand one SMS over, with our own id for the receipt. Returns the gateway's answer in short.

    Raises Passing and Refused.
    """
    road = roads.configured(roads.GATEWAY)
    body = json.dumps({"to": phone, "text": text, "reference": reference}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {road['token']}"}
    answer = roads.post(str(road["url"]), body, headers)
    return f"gateway {answer[:60].decode('utf-8', 'replace')}"
