"""Tokens of the city's identity provider: who they let in, and every way of forging one that we know."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib import keys, oidc
from chalicelib import settings as current
from chalicelib.domain.errors import NotSignedIn
from chalicelib.store import people
from chalicelib.usecases import posts, signin
from tests.integration import people as cast
from tests.integration.people import NOW, an_officer, later
from tests.stack import Stack

CLIENT = "meja-petugas"
BACK = "https://pengaduan.example.id/masuk/kembali"


def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


KEY, OTHER = a_key(), a_key()


class Provider:
    """An identity provider on this machine: its configuration, its keys, and a token for each code."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {"satu": KEY}
        self.asked: list[str] = []
        self.codes: dict[str, str] = {}
        self.forms: list[Mapping[str, list[str]]] = []
        self.accounts: dict[str, Callable[[], str]] = {}
        """By refresh token: who may go on, as the next ID token says it; out of it is whom the provider closed."""
        self.scopes: list[str] = []
        self.down = False
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                told: dict[str, Any] = {
                    "issuer": provider.url,
                    "jwks_uri": f"{provider.url}/keys",
                    "token_endpoint": f"{provider.url}/token",
                    "authorization_endpoint": f"{provider.url}/masuk",
                    "revocation_endpoint": f"{provider.url}/revoke",
                    "scopes_supported": ["openid", "email", *provider.scopes],
                }
                if self.path == "/keys":
                    told = {"keys": [published(name, key) for name, key in provider.keys.items()]}
                self._answer(told)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                provider.forms.append(form)
                if self.path == "/revoke":
                    provider.accounts.pop(form["token"][0], None)
                    return self._answer({"revoked": True})
                if form["grant_type"] == ["refresh_token"]:
                    say = provider.accounts.get(form["refresh_token"][0])
                    return self._answer({"id_token": say()} if say else None)
                token = provider.codes.pop(form["code"][0], None)
                answer = {"id_token": token, "refresh_token": "segar"} if token else None
                return self._answer(answer)

            def _answer(self, told: Any) -> None:
                body = json.dumps(told).encode()
                self.send_response(200 if told and not provider.down else 400)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def published(name: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {**told, "kid": name, "use": "sig", "alg": "RS256"}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    made = Provider()
    with_it = replace(current.settings(), oidc_issuer=made.url, oidc_client_id=CLIENT)
    for module in (oidc, signin):
        monkeypatch.setattr(module, "settings", lambda: with_it)
    oidc.forget()
    yield made
    oidc.forget()
    made.close()


def claims(provider: Provider, email: str = "made@example.id", **changes: Any) -> dict[str, Any]:
    whole = {
        "iss": provider.url,
        "aud": CLIENT,
        "sub": "akun-1",
        "iat": int(NOW.timestamp()),
        "exp": int(later(minutes=15).timestamp()),
        "token_use": "id",
        "email": email,
        "email_verified": True,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(said: Mapping[str, Any], key: Any = KEY, *, kid: str = "satu", algorithm: str = "RS256") -> str:
    return jwt.encode(dict(said), key, algorithm=algorithm, headers={"kid": kid})


def registered(post: str = "triage@diskominfos") -> cast.Employee:
    employee = an_officer(post)
    posts._login(employee.email, employee.officer.id, given=True)
    return employee


def test_an_account_opens_the_desk_of_whose_mailbox_it_has(stack: Stack, provider: Provider) -> None:
    employee = registered()
    who = signin.identify(signed(claims(provider, employee.email.upper())), now=NOW)
    assert signin.officer(who) == employee.officer
    assert employee.email not in who.id


FORGED: Mapping[str, dict[str, Any]] = {
    "expired": {"exp": int(NOW.timestamp())},
    "of the future": {"iat": int(later(hours=1).timestamp())},
    "not yet": {"nbf": int(later(hours=1).timestamp())},
    "for another app": {"aud": "aplikasi-lain"},
    "for several, made for another": {"aud": [CLIENT, "aplikasi-lain"], "azp": "aplikasi-lain"},
    "of another issuer": {"iss": "https://jahat.example"},
    "an access token": {"token_use": "access"},
    "a mailbox that nobody verified": {"email_verified": False},
    "a mailbox of which nothing is said": {"email_verified": None},
    "no mailbox": {"email": None},
    "no subject": {"sub": None},
    "no end": {"exp": None},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_token_that_says_something_else_lets_nobody_in(what: str, stack: Stack, provider: Provider) -> None:
    employee = registered()
    with pytest.raises(NotSignedIn):
        signin.identify(signed(claims(provider, **{"email": employee.email, **FORGED[what]})), now=NOW)


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def with_public_key_as_secret(said: Mapping[str, Any]) -> str:
    """Key confusion: an HMAC under what everybody may read."""
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = f"{b64({'alg': 'HS256', 'kid': 'satu'})}.{b64(dict(said))}"
    return f"{body}.{b64(hmac.new(public, body.encode(), hashlib.sha256).digest())}"


def test_a_token_chooses_neither_its_algorithm_nor_its_key(stack: Stack, provider: Provider) -> None:
    employee = registered()
    said = claims(provider, employee.email)
    good = signed(said)
    head, body, signature = good.split(".")
    jwk_in_header = jwt.encode(
        said, OTHER, algorithm="RS256", headers={"kid": "satu", "jwk": published("satu", OTHER)}
    )
    for forged in (
        signed(said, OTHER),  # another key under the known name
        signed(said, OTHER, kid="dua"),  # a name that nobody published
        signed(said, "rahasia" * 8, algorithm="HS256"),
        signed(said, KEY, algorithm="RS512"),  # the right key, and an algorithm that it was not published for
        with_public_key_as_secret(said),
        f"{b64({'alg': 'none', 'kid': 'satu'})}.{body}.",
        f"{b64({'alg': 'None', 'kid': 'satu'})}.{body}.{signature}",
        f"{head}.{b64({**said, 'email': 'lain@example.id'})}.{signature}",
        jwk_in_header,
        f"{good}x",
        signed({**said, "x": "y" * 9000}),
        # Ours, signed with our secret but in the provider's name, and the provider's in our name.
        jwt.encode(said, keys.derive("token"), algorithm="HS256"),
        signed({**said, "iss": "pro-denpasar-plus", "sub": f"officer:{employee.officer.id}"}),
    ):
        with pytest.raises(NotSignedIn):
            signin.identify(forged, now=NOW)
    assert signin.officer(signin.identify(good, now=NOW)).id == employee.officer.id


def test_keys_are_kept_changed_with_the_issuer_and_not_asked_for_by_a_flood(
    stack: Stack, provider: Provider
) -> None:
    employee = registered()

    def said_at(at: datetime) -> dict[str, Any]:
        return claims(provider, employee.email, iat=int(at.timestamp()), exp=int(later(days=2).timestamp()))

    said = said_at(NOW)
    for _ in range(3):
        signin.identify(signed(said), now=NOW)
    assert provider.asked.count("/keys") == 1
    for number in range(20):
        with pytest.raises(NotSignedIn):
            signin.identify(signed(said, OTHER, kid=f"karangan-{number}"), now=later(seconds=number))
    assert provider.asked.count("/keys") == 1
    provider.keys = {"dua": OTHER}
    assert signin.identify(signed(said, OTHER, kid="dua"), now=later(minutes=2))
    with pytest.raises(NotSignedIn):  # the old key was taken back
        signin.identify(signed(said), now=later(minutes=2))
    provider.down = True
    assert signin.identify(signed(said_at(later(hours=3)), OTHER, kid="dua"), now=later(hours=3))


def test_a_mailbox_belongs_to_the_first_account_that_comes_with_it(stack: Stack, provider: Provider) -> None:
    employee = registered()
    first = signin.identify(signed(claims(provider, employee.email)), now=NOW)
    second = signin.identify(signed(claims(provider, employee.email, sub="akun-2")), now=NOW)
    results = cast.at_once(4, lambda place: signin.officer(first).id)
    assert set(cast.good(results)) == {employee.officer.id}
    with pytest.raises(NotSignedIn):
        signin.officer(second)


def test_nobody_s_and_a_shared_mailbox_open_nothing(stack: Stack, provider: Provider) -> None:
    stranger = signin.identify(signed(claims(provider, "asing@example.id")), now=NOW)
    with pytest.raises(NotSignedIn):
        signin.officer(stranger)
    employee = registered()
    posts._login(employee.email, an_officer("staff@pupr").officer.id, given=True)
    shared = signin.identify(signed(claims(provider, employee.email)), now=NOW)
    with pytest.raises(NotSignedIn):
        signin.officer(shared)


def test_a_dismissed_officer_is_out_at_the_next_request_whatever_the_token(
    stack: Stack, provider: Provider
) -> None:
    employee = registered()
    who = signin.identify(signed(claims(provider, employee.email)), now=NOW)
    assert signin.officer(who)
    cast.disable(employee)
    with pytest.raises(NotSignedIn):
        signin.officer(who)


def test_a_code_reaches_heads_of_villages_and_hamlets_alone_where_there_is_a_provider(
    stack: Stack, provider: Provider
) -> None:
    head, clerk = an_officer(f"village_head@{cast.PANJER}"), an_officer("staff@pupr")
    assert signin.is_known(head.officer.id, signin.Kind.OFFICER)
    assert not signin.is_known(clerk.officer.id, signin.Kind.OFFICER)
    challenge = signin.request_code(clerk.phone, signin.Kind.OFFICER, "id", client="203.0.113.9", now=NOW)
    with pytest.raises(NotSignedIn):  # not even with the digits, which nobody was sent
        signin.redeem_code(challenge, keys.one_time_digits(challenge), "240681", now=NOW)
    assert people.pin(clerk.officer.id) is None


def test_a_browser_comes_back_with_a_code_of_its_own_and_only_so(stack: Stack, provider: Provider) -> None:
    employee = registered()

    def come_back(*, nonce: str | None = None, at: datetime = NOW) -> tuple[str, str, str]:
        address, kept = signin.begin(back=BACK, now=NOW)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        assert asked["redirect_uri"] == BACK
        assert asked["code_challenge_method"] == "S256"
        said = claims(provider, employee.email, nonce=nonce or asked["nonce"])
        provider.codes["kode"] = signed(said)
        return asked["state"], kept, asked["code_challenge"]

    state, kept, challenge = come_back()
    token = signin.finish("kode", state, kept, back=BACK, now=NOW).token
    assert signin.officer(signin.identify(token, now=NOW)).id == employee.officer.id
    verifier = provider.forms[-1]["code_verifier"][0]
    assert b64(hashlib.sha256(verifier.encode()).digest()) == challenge
    with pytest.raises(NotSignedIn):  # the code was used up
        signin.finish("kode", state, kept, back=BACK, now=NOW)
    state, kept, _ = come_back()
    for wrong_state, wrong_kept in (("", kept), ("x", kept), (state, ""), (state, "milik-orang-lain")):
        with pytest.raises(NotSignedIn):
            signin.finish("kode", wrong_state, wrong_kept, back=BACK, now=NOW)
    state, kept, _ = come_back(nonce="dari-sesi-lain")
    with pytest.raises(NotSignedIn):
        signin.finish("kode", state, kept, back=BACK, now=NOW)


def test_a_stand_in_s_key_is_taken_on_this_machine_alone(
    stack: Stack, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.keys = {"dummy": KEY}
    employee = registered()
    token = signed(claims(provider, employee.email), kid="dummy")
    assert signin.identify(token, now=NOW)
    elsewhere = replace(oidc.settings(), stage="prod")
    monkeypatch.setattr(oidc, "settings", lambda: elsewhere)
    with pytest.raises(NotSignedIn):
        signin.identify(token, now=NOW + timedelta(seconds=1))


def test_a_token_of_the_provider_opens_the_api_and_a_sign_in_there_the_pages(
    stack: Stack, provider: Provider
) -> None:
    from chalice.test import Client

    from app import app

    employee = registered()
    now = current.utc_now()
    moments = {"iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=5)).timestamp())}
    with Client(app) as client:

        def get(path: str, **headers: str) -> Any:
            return client.http.get(path, headers=headers)

        token = signed(claims(provider, employee.email, **moments))
        me = get("/v1/office/me", Authorization=f"Bearer {token}")
        assert (me.status_code, me.json_body["id"]) == (200, employee.officer.id)
        body, _, _ = token.rpartition(".")
        for forged in (f"{body}.", f"{body}.{b64(b'x' * 256)}", "Bearer", ""):
            assert get("/v1/office/me", Authorization=f"Bearer {forged}").status_code == 401
        assert get("/v1/me/complaints", Authorization=f"Bearer {token}").json_body["complaints"] == []

        assert b"/masuk/kota" in get("/masuk?sebagai=petugas").body
        gone = get("/masuk/kota?lang=id")
        assert (gone.status_code, gone.headers["Location"].startswith(f"{provider.url}/masuk?")) == (
            303,
            True,
        )
        cookie = gone.headers["Set-Cookie"].partition(";")[0]
        asked = {name: value[0] for name, value in parse_qs(urlsplit(gone.headers["Location"]).query).items()}
        provider.codes["kode"] = signed(claims(provider, employee.email, nonce=asked["nonce"], **moments))
        back = f"/masuk/kembali?code=kode&state={asked['state']}"
        assert get(back).headers["Location"].startswith("/masuk")  # another browser
        done = get(back, Cookie=cookie)
        assert (done.status_code, done.headers["Location"]) == (303, "/o")
        session = done.headers["Set-Cookie"][0].partition(";")[0]
        assert get("/o", Cookie=session).status_code == 200
        people.save_officer(replace(employee.officer, disabled=True), b"")
        assert get("/v1/office/me", Authorization=f"Bearer {token}").status_code == 401
        assert get("/o", Cookie=session).status_code != 200


def test_an_account_that_was_closed_at_the_provider_alone_is_out_within_five_minutes(
    stack: Stack, provider: Provider
) -> None:
    employee = registered()
    # As a bearer: whatever end the token names itself, it counts for five minutes.
    long = signed(claims(provider, employee.email, exp=int(later(hours=8).timestamp())))
    assert signin.identify(long, now=later(minutes=4, seconds=59))
    with pytest.raises(NotSignedIn):
        signin.identify(long, now=later(minutes=5))

    # In a browser: the session asks again, and ends with the first answer that is no.
    def next_token(at: datetime) -> Callable[[], str]:
        moments = {"iat": int(at.timestamp()), "exp": int((at + timedelta(minutes=5)).timestamp())}
        return lambda: signed(claims(provider, employee.email, **moments))

    address, kept = signin.begin(back=BACK, now=NOW)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    assert asked["scope"] == "openid email"
    provider.codes["kode"] = signed(claims(provider, employee.email, nonce=asked["nonce"]))
    session = signin.finish("kode", asked["state"], kept, back=BACK, now=NOW)
    assert "segar" not in session.kept
    with pytest.raises(NotSignedIn):
        signin.identify(session.token, now=later(minutes=5))
    provider.accounts["segar"] = next_token(later(minutes=6))
    again = signin.renewed(session.token, session.kept, now=later(minutes=6))
    assert signin.identify(again.token, now=later(minutes=10)).id == employee.officer.id
    for stolen, for_whom in ((session.kept[:-4], again.token), ("", again.token), (session.kept, "x")):
        with pytest.raises(NotSignedIn):
            signin.renewed(for_whom, stolen, now=later(minutes=6))
    other = signin.token(signin.Who(signin.Kind.OFFICER, "orang-lain"), now=NOW)
    with pytest.raises(NotSignedIn):  # no session goes on as somebody else's
        signin.renewed(other, again.kept, now=later(minutes=6))
    provider.accounts.clear()
    with pytest.raises(NotSignedIn):
        signin.renewed(again.token, again.kept, now=later(minutes=11))
    # Twelve hours are the most, whatever the provider says.
    provider.accounts["segar"] = next_token(later(hours=12))
    with pytest.raises(NotSignedIn):
        signin.renewed(again.token, again.kept, now=later(hours=12))


def test_pages_go_on_while_the_provider_says_so_and_signing_out_takes_it_back(
    stack: Stack, provider: Provider
) -> None:
    from chalice.test import Client

    from app import app

    provider.scopes = ["offline_access"]
    employee = registered()
    start = current.utc_now()

    def moments() -> dict[str, int]:
        now = current.utc_now()
        return {"iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=5)).timestamp())}

    provider.accounts["segar"] = lambda: signed(claims(provider, employee.email, **moments()))
    try:
        with Client(app) as client:
            gone = client.http.get("/masuk/kota")
            asked = {n: v[0] for n, v in parse_qs(urlsplit(gone.headers["Location"]).query).items()}
            assert asked["scope"] == "openid email offline_access"
            provider.codes["kode"] = signed(
                claims(provider, employee.email, nonce=asked["nonce"], **moments())
            )
            cookie = {"Cookie": gone.headers["Set-Cookie"].partition(";")[0]}
            done = client.http.get(f"/masuk/kembali?code=kode&state={asked['state']}", headers=cookie)
            session = {"Cookie": "; ".join(each.partition(";")[0] for each in done.headers["Set-Cookie"][:2])}
            assert "Set-Cookie" not in client.http.get("/o", headers=session).headers
            current.move_clock(timedelta(minutes=6))
            later_on = client.http.get("/o", headers=session)
            assert later_on.status_code == 200
            session = {"Cookie": "; ".join(e.partition(";")[0] for e in later_on.headers["Set-Cookie"])}
            # The gateway may keep what the authorizer said of a token for a minute, and no longer than the token lasts.
            from chalicelib.http import requests as asked_by

            ended = {"principalId": f"officer:{employee.officer.id}", "until": str(int(start.timestamp()))}
            with pytest.raises(NotSignedIn):
                asked_by.who(type("Asked", (), {"context": {"authorizer": ended}})())
            out = client.http.post(
                "/keluar",
                headers={
                    **session,
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Sec-Fetch-Site": "same-origin",
                },
            )
            assert all("Max-Age=0" in each for each in out.headers["Set-Cookie"])
            assert provider.accounts == {}
            current.move_clock(timedelta(minutes=12))
            closed = client.http.get("/o", headers=session)
            assert (closed.status_code, closed.headers["Location"].startswith("/masuk")) == (303, True)
    finally:
        current.move_clock(timedelta())
