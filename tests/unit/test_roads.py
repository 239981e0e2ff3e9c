"""The roads beside SNS: what leaves for each, without a network."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib import gateway, roads, webhooks, webpush, whatsapp
from chalicelib.domain.errors import Refused

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes, dict[str, str]]]:
    """What would leave for other systems; the answer is one that WhatsApp gives."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    configuration = {
        "gateway": {"url": "https://sms.example.id/send", "token": "abc"},
        "whatsapp": {
            "url": "https://graph.example/1/messages",
            "token": "def",
            "templates": {"citizen_resolved": ["aduan_selesai", "code", "link"]},
        },
        "webpush": {"key": pem, "contact": "mailto:kominfo@example.id"},
        "webhooks": {"portal": {"url": "https://portal.example.id/hook", "secret": "rahasia"}},
        "inbound": {"secret": "masuk"},
    }
    sent: list[tuple[str, bytes, dict[str, str]]] = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> bytes:
        sent.append((url, body, headers))
        return b'{"messages": [{"id": "wamid.1"}]}'

    # The network and the parameter store, and nothing of what is looked at here.
    monkeypatch.setattr(roads, "_all", lambda: configuration)
    monkeypatch.setattr(roads, "post", post)
    return sent


def test_nothing_is_on_until_it_is_configured() -> None:
    assert gateway.first() is None
    assert webpush.public_key() == ""
    assert not whatsapp.carries("citizen_resolved")
    assert webhooks.partners() == ()
    assert not webhooks.is_signed(b"{}", "sha256=")


def test_a_push_is_encrypted_as_the_standard_s_own_example() -> None:
    # RFC 8291, appendix A.
    own = ec.derive_private_key(
        int.from_bytes(raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    browser = raw("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
    sealed = webpush.encrypt(
        b"When I grow up, I want to be a watermelon",
        browser,
        raw("BTBZMqHH6r4Tts7J_aSIgg"),
        own=own,
        salt=raw("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert sealed == raw(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
        "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_push_is_signed_for_its_service_and_goes_to_no_other(posted: list[Any]) -> None:
    browser = ec.generate_private_key(ec.SECP256R1()).public_key()
    address = {
        "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
        "p256dh": webpush._encoded(webpush._public_bytes(browser)),
        "auth": webpush._encoded(b"x" * 16),
    }
    webpush.send(address, "Aduan", "Selesai", "https://kota.example/k/1", now=NOW)
    ((url, body, headers),) = posted
    assert url == address["endpoint"]
    assert b"Selesai" not in body
    token = headers["Authorization"].partition("t=")[2].partition(",")[0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "https://fcm.googleapis.com"
    assert 0 < claims["exp"] - NOW.timestamp() <= 24 * 3600
    for elsewhere in (
        "https://169.254.169.254/x",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.x.id/",
    ):
        with pytest.raises(Refused):
            webpush.send({**address, "endpoint": elsewhere}, "a", "b", "c", now=NOW)


def test_whatsapp_gets_the_approved_template_with_the_facts_in_their_places(posted: list[Any]) -> None:
    assert whatsapp.carries("citizen_resolved")
    assert not whatsapp.carries("citizen_question")
    facts = {"code": "DPS-1", "link": "https://kota.example/k/1", "category": "Jalan"}
    assert whatsapp.send("+6281234567890", "citizen_resolved", "id", facts) == "whatsapp wamid.1"
    said = json.loads(posted[0][1])
    assert said["to"] == "6281234567890"
    assert said["template"]["name"] == "aduan_selesai"
    parameters = said["template"]["components"][0]["parameters"]
    assert [each["text"] for each in parameters] == ["DPS-1", "https://kota.example/k/1"]


def test_the_gateway_gets_our_own_id_for_its_receipt(posted: list[Any]) -> None:
    assert gateway.first() is False
    gateway.send("+6281234567890", "Aduan diterima", "DPS-1#0001#x")
    assert json.loads(posted[0][1])["reference"] == "DPS-1#0001#x"
    assert posted[0][2]["Authorization"] == "Bearer abc"


def test_a_webhook_is_signed_with_its_moment_and_no_other_body_fits(posted: list[Any]) -> None:
    webhooks.send("portal", {"id": "1", "code": "DPS-1"}, now=NOW)
    (_, body, headers) = posted[0]
    assert headers["X-Pro-Signature"] == webhooks.signature(body, "rahasia", NOW)
    assert webhooks.signature(body + b" ", "rahasia", NOW) != headers["X-Pro-Signature"]
    with pytest.raises(Refused):
        webhooks.send("nobody", {"id": "1"}, now=NOW)


def test_what_a_gateway_posts_to_us_has_to_be_signed(posted: list[Any]) -> None:
    import hashlib
    import hmac

    body = b'{"text": "SELESAI"}'
    good = "sha256=" + hmac.new(b"masuk", body, hashlib.sha256).hexdigest()
    assert webhooks.is_signed(body, good)
    assert not webhooks.is_signed(body + b" ", good)
    assert not webhooks.is_signed(body, "")


@pytest.mark.parametrize("url", ["http://sms.example.id/send", "ftp://x", "https"])
def test_nothing_leaves_without_https(url: str) -> None:
    with pytest.raises(Refused):
        roads.post(url, b"", {})
