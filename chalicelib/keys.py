"""Keys: the server's own, what is derived from it, and KMS for what is sealed.

One secret per stage, a SecureString parameter of 32 random bytes in base64. From it come, by HMAC-SHA256 with a
purpose of their own, the reporter's secret links, one-time codes, person ids and the key that signs tokens; so none of
them has to be stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.domain.errors import Passing
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


def derive(purpose: str, *parts: str) -> bytes:
    """HMAC of the server key over a purpose and its parts; 32 bytes."""
    message = "\x1f".join((purpose, *parts)).encode()
    return hmac.new(_server_key(), message, hashlib.sha256).digest()


def secret_link(code: str, version: int) -> str:
    """The reporter's key to one case: 20 letters and digits (100 bits), never stored."""
    return base64.b32encode(derive("link", code, str(version)))[:20].decode().lower()


def is_secret_link(secret: str, code: str, version: int) -> bool:
    return hmac.compare_digest(secret.encode("utf-8", "replace"), secret_link(code, version).encode())


def rung_link(code: str, officer: str, post: str, clock: str, level: str) -> str:
    """The key of one officer to one rung of one case: 14 letters and digits (70 bits), never stored."""
    return base64.b32encode(derive("rung", code, officer, post, clock, level))[:14].decode().lower()


def is_rung_link(secret: str, code: str, officer: str, post: str, clock: str, level: str) -> bool:
    expected = rung_link(code, officer, post, clock, level)
    return hmac.compare_digest(secret.encode("utf-8", "replace"), expected.encode())


def join_secret(code: str, person: str) -> str:
    """The key of one person who joined a case: 20 letters and digits, never stored, for one person always the same."""
    return base64.b32encode(derive("join", code, person))[:20].decode().lower()


def join_id(code: str, secret: str) -> str:
    """What a join is stored under: found by its secret, and no way back to it."""
    return base64.b32encode(derive("join-row", code, secret))[:20].decode().lower()


def referral_link(code: str, agency: str, asked_at: datetime) -> str:
    """What an agency outside opens the case with that it was asked about then: 20 letters and digits, never stored."""
    moment = asked_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return base64.b32encode(derive("referral", code, agency, moment))[:20].decode().lower()


def is_referral_link(signature: str, code: str, agency: str, asked_at: datetime) -> bool:
    expected = referral_link(code, agency, asked_at)
    return hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())


def act_link(code: str, officer: str, source: str) -> str:
    """With what one officer acts on one case; ``source`` is the message that brings it: 14 letters and digits."""
    return base64.b32encode(derive("act", code, officer, source))[:14].decode().lower()


def act_row(code: str, secret: str) -> str:
    """What such a link is stored under: found by its secret, and no way back to it."""
    return base64.b32encode(derive("act-row", code, secret))[:26].decode().lower()


def act_seal(row: str, officer: str, act: str, version: int) -> str:
    """One button of such a link's page: one act by one officer on one version of the case."""
    return base64.b32encode(derive("act-seal", row, officer, act, str(version)))[:16].decode().lower()


def device_seal(officer: str, until: str, pin: bytes) -> str:
    """What makes a device an officer's until a moment; another PIN (as hashed) makes it void."""
    return base64.b32encode(derive("device", officer, until, pin.hex()))[:20].decode().lower()


def stop_link(person: str) -> str:
    """With what a citizen opens the page of their wishes, from a message: 14 letters and digits (70 bits)."""
    return base64.b32encode(derive("wishes", person))[:14].decode().lower()


def is_stop_link(secret: str, person: str) -> bool:
    return hmac.compare_digest(secret.encode("utf-8", "replace"), stop_link(person).encode())


def one_time_digits(challenge: str) -> str:
    """The six digits of a challenge."""
    return f"{int.from_bytes(derive('digits', challenge)[:8], 'big') % 1_000_000:06d}"


def person_id(address: str) -> str:
    """A keyed hash of a phone (E.164) or e-mail: finds a person without storing the address in clear."""
    return base64.b32encode(derive("person", address.strip().lower()))[:26].decode().lower()


_ENVELOPE = b"PDK1"
"""What everything begins with that was sealed under a person's own key; KMS's own ciphertexts never begin so."""
_NONCE = 12


def new_data_key(person: str) -> tuple[bytes, bytes]:
    """A fresh data key for one person, and the same wrapped by the stage's KMS key for this very person.

    Only the wrapped one may be stored. Raises Passing where KMS cannot make one just now.
    """
    with _kms_trouble():
        answer = _kms().generate_data_key(
            KeyId=settings().kms_key_id, KeySpec="AES_256", EncryptionContext={"person": person}
        )
    return answer["Plaintext"], answer["CiphertextBlob"]


def open_data_key(person: str, wrapped: bytes) -> bytes:
    """Unwrap what `new_data_key` wrapped for this very person. Raises Passing where KMS cannot do it just now."""
    with _kms_trouble():
        return _kms().decrypt(CiphertextBlob=wrapped, EncryptionContext={"person": person})["Plaintext"]


def seal(person: str, contact: Mapping[str, str], key: bytes) -> bytes:
    """Encrypt contact data under the person's data key (AES-256-GCM), bound to the person it belongs to."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # here: most requests open no contact

    nonce = os.urandom(_NONCE)
    return _ENVELOPE + nonce + AESGCM(key).encrypt(nonce, json.dumps(dict(contact)).encode(), person.encode())


def unseal(person: str, sealed: bytes, key: bytes) -> dict[str, str]:
    """Decrypt what `seal` made for this very person with this key. Raises ValueError for anything else."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    start = len(_ENVELOPE) + _NONCE
    nonce, rest = sealed[len(_ENVELOPE) : start], sealed[start:]
    try:
        contact: dict[str, str] = json.loads(AESGCM(key).decrypt(nonce, rest, person.encode()))
    except InvalidTag as error:
        raise ValueError("not sealed for this person with this key") from error
    return contact


def is_enveloped(sealed: bytes) -> bool:
    """Whether contact data was sealed under a data key; before docs/adr/0026 KMS itself encrypted it."""
    return sealed.startswith(_ENVELOPE)


def unseal_by_kms(person: str, sealed: bytes) -> dict[str, str]:
    """Decrypt what KMS itself encrypted for this very person. Raises Passing where it cannot do it just now."""
    with _kms_trouble():
        answer = _kms().decrypt(CiphertextBlob=sealed, EncryptionContext={"person": person})
    contact: dict[str, str] = json.loads(answer["Plaintext"])
    return contact


@contextmanager
def _kms_trouble() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if trouble := aws.passing(error):
            raise Passing(trouble) from error
        raise


@lru_cache(maxsize=1)
def _server_key() -> bytes:
    answer: Any = aws.client("ssm").get_parameter(Name=settings().server_key_parameter, WithDecryption=True)
    return base64.b64decode(answer["Parameter"]["Value"])


def _kms() -> KMSClient:
    client: KMSClient = aws.client("kms")
    return client
