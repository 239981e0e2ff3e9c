"""Web push to a browser: encrypted for it alone (RFC 8291), signed by the city's own key (VAPID, RFC 8292).

Configured as ``{"key": <private key, PEM>, "contact": "mailto:...", "hosts": []}``. A browser tells us its address
itself, so only the push services of the browsers are spoken to, and ``hosts`` beside them.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib import roads
from chalicelib.domain.errors import Refused

_SERVICES = (
    "fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com",
)  # fmt: skip
_TTL = timedelta(days=1)
_SIGNED_FOR = timedelta(hours=12)
_RECORD = 4096


def public_key() -> str:
    """The key that a browser subscribes with; empty where web push is off."""
    road = roads.configured(roads.WEBPUSH)
    if not road:
        return ""
    return _encoded(_public_bytes(_private(road).public_key()))


def takes(endpoint: str) -> bool:
    """Whether an address is one of a push service that we speak to."""
    target = urlsplit(endpoint)
    host = target.hostname or ""
    hosts = roads.configured(roads.WEBPUSH).get("hosts", ())
    known = any(host == each or (each.startswith(".") and host.endswith(each)) for each in _SERVICES)
    return host in hosts or (target.scheme == "https" and known and target.port in (None, 443))


def send(address: Mapping[str, str], title: str, text: str, link: str, *, now: datetime) -> str:
    """Push one message. Raises Passing, and Refused: ``HTTP 404`` and ``HTTP 410`` say that the browser left."""
    road = roads.configured(roads.WEBPUSH)
    if not road or not takes(address["endpoint"]):
        raise Refused("no such push service")
    message = json.dumps({"title": title, "body": text, "url": link}, ensure_ascii=False).encode()
    body = encrypt(message, _decoded(address["p256dh"]), _decoded(address["auth"]))
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(_TTL.total_seconds())),
        "Authorization": _vapid(road, address["endpoint"], now),
    }
    roads.post(address["endpoint"], body, headers)
    return "pushed"


def encrypt(message: bytes, browser: bytes, auth: bytes, *, own: Any = None, salt: bytes = b"") -> bytes:
    """One record of ``aes128gcm`` for a browser's key (an uncompressed point of P-256) and its secret.

    ``own`` and ``salt`` are made afresh for each message; only the standard's example gives them.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), browser)
    except ValueError as error:
        raise Refused("no key of a browser") from error
    own = own or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    public = _public_bytes(own.public_key())
    shared = own.exchange(ec.ECDH(), theirs)
    secret = _derive(shared, auth, b"WebPush: info\x00" + browser + public, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    sealed = AESGCM(key).encrypt(nonce, message + b"\x02", None)
    return salt + _RECORD.to_bytes(4, "big") + bytes([len(public)]) + public + sealed


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, info).derive(secret)


def _vapid(road: Mapping[str, Any], endpoint: str, now: datetime) -> str:
    import jwt

    target = urlsplit(endpoint)
    claims = {
        "aud": f"{target.scheme}://{target.netloc}",
        "exp": int((now + _SIGNED_FOR).timestamp()),
        "sub": str(road["contact"]),
    }
    return f"vapid t={jwt.encode(claims, str(road['key']), algorithm='ES256')}, k={public_key()}"


def _private(road: Mapping[str, Any]) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(str(road["key"]).encode(), None)


def _public_bytes(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point: bytes = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Refused("no key of a browser") from error
