"""The city's identity provider on this machine: moto's pool of accounts, and the sign-in page that moto has not.

Accounts, passwords and keys are moto's; this page asks for both, hands a browser a code (with PKCE) and gives an ID
token for it. The token is moto's own with the browser's nonce put in, as Cognito's page does, signed with moto's key
anew, which everybody has: the app takes it on a local stage alone. There is no second factor here.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from chalicelib import aws
from chalicelib.domain.people import Role
from chalicelib.settings import settings, utc_now
from chalicelib.store import people
from chalicelib.usecases import posts, sealing
from local.server import LocalRequest

if TYPE_CHECKING:
    from local.instance import Instance

Answered = tuple[int, Mapping[str, str], bytes]

HOME = "/local/pool"
PASSWORD = "denpasar-plus-lokal"
_MOTO_KEY = "jwks-private.json.gz"


@dataclass(frozen=True, slots=True)
class Ready:
    """An account that is ready to sign in, and the role that it is for."""

    role: Role
    email: str
    title: str


@dataclass(frozen=True, slots=True)
class _Given:
    """What a code stands for until it is redeemed."""

    identity: str
    refresh: str
    nonce: str
    challenge: str


def attach(instance: Instance) -> None:
    """Serve the provider beside the app of this instance."""
    page = Provider(instance.url)
    instance.server.pages |= {f"{HOME}/": page.serve}


def prepare() -> list[Ready]:
    """Give each account the password of this machine; answers one account for each role that signs in by one."""
    client, pool = aws.client("cognito-idp"), settings().user_pool_id
    known = [
        each["Value"]
        for page in client.get_paginator("list_users").paginate(UserPoolId=pool)
        for user in page["Users"]
        for each in user["Attributes"]
        if each["Name"] == "email"
    ]
    for email in sorted(known):
        client.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    ready: dict[Role, Ready] = {}
    for found in sorted(people.all_officers(), key=lambda each: each.officer.id):
        if not posts.needs_account(found.officer):
            continue
        for duty in found.officer.duties:
            if duty.role not in ready:
                email = sealing.unseal(found.officer.id, found.contact)["email"]
                ready[duty.role] = Ready(duty.role, email, found.officer.title)
    return [ready[role] for role in Role if role in ready]


class Provider:
    """The pages of an identity provider: what it says of itself, its sign-in, its token endpoint."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._codes: dict[str, _Given] = {}

    def serve(self, request: LocalRequest) -> Answered:
        match (request.method, request.path.removeprefix(HOME)):
            case ("GET", "/.well-known/openid-configuration"):
                return _json(200, self._configuration())
            case ("GET", "/masuk"):
                return self._ask(_query(request))
            case ("POST", "/masuk"):
                return self._signed_in(_fields(request))
            case ("POST", "/token"):
                return self._token(_fields(request))
            case ("POST", "/revoke"):
                aws.client("cognito-idp").revoke_token(
                    Token=_fields(request).get("token", ""), ClientId=settings().oidc_client_id
                )
                return _json(200, {})
        return _json(404, {"error": "not_found"})

    def _configuration(self) -> dict[str, str]:
        home = f"{self._url}{HOME}"
        keys = (
            f"{aws.client('cognito-idp').meta.endpoint_url}/{settings().user_pool_id}/.well-known/jwks.json"
        )
        return {
            "issuer": settings().oidc_issuer,
            "authorization_endpoint": f"{home}/masuk",
            "token_endpoint": f"{home}/token",
            "revocation_endpoint": f"{home}/revoke",
            "jwks_uri": keys,
        }

    def _ask(self, asked: Mapping[str, str], *, email: str = "", wrong: bool = False) -> Answered:
        kept = "".join(
            f'<input type=hidden name="{name}" value="{escape(asked.get(name, ""))}">'
            for name in ("redirect_uri", "state", "nonce", "code_challenge")
        )
        told = "<p><b>Surel atau sandi salah. / Wrong e-mail or password.</b></p>" if wrong else ""
        body = (
            "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            "<title>Akun kota</title><h1>Akun kota <small>/ city account</small></h1>"
            f"<p>Hanya di mesin ini. / On this machine alone.</p>{told}<form method=post action={HOME}/masuk>{kept}"
            f'<p><label>Surel / e-mail <input name=email type=email required value="{escape(email)}"></label>'
            f'<p><label>Sandi / password <input name=password type=password required value="{PASSWORD}"></label>'
            "<p><button>Masuk / sign in</button></form>"
        )
        return 401 if wrong else 200, {"Content-Type": "text/html; charset=utf-8"}, body.encode()

    def _signed_in(self, said: Mapping[str, str]) -> Answered:
        client, pool = aws.client("cognito-idp"), settings().user_pool_id
        if not said.get("redirect_uri", "").startswith(f"{self._url}/"):
            return _json(400, {"error": "invalid_request"})
        email, password = said.get("email", ""), said.get("password", "")
        try:
            account = client.admin_get_user(UserPoolId=pool, Username=email)
            if account["UserStatus"] == "FORCE_CHANGE_PASSWORD":
                # Whoever was just invited chooses the password with the first sign-in; no mail brings one here.
                client.admin_set_user_password(
                    UserPoolId=pool, Username=email, Password=password, Permanent=True
                )
            answer = _initiate(client, "ADMIN_USER_PASSWORD_AUTH", USERNAME=email, PASSWORD=password)
        except client.exceptions.ClientError:
            return self._ask(said, email=email, wrong=True)
        given, code = answer["AuthenticationResult"], secrets.token_urlsafe(24)
        self._codes[code] = _Given(
            given["IdToken"], given["RefreshToken"], said.get("nonce", ""), said.get("code_challenge", "")
        )
        back = f"{said['redirect_uri']}?{urlencode({'code': code, 'state': said.get('state', '')})}"
        return 303, {"Location": back}, b""

    def _token(self, said: Mapping[str, str]) -> Answered:
        client = aws.client("cognito-idp")
        if said.get("grant_type") == "refresh_token":
            refresh = said.get("refresh_token", "")
            try:
                given = _initiate(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=refresh)["AuthenticationResult"]
                identity = given["IdToken"]
                # moto goes on for whom it no longer knows; Cognito does not.
                client.admin_get_user(UserPoolId=settings().user_pool_id, Username=_claims(identity)["email"])
            except (client.exceptions.ClientError, KeyError):
                return _json(400, {"error": "invalid_grant"})
            return _json(200, {"id_token": _signed(identity, "")})
        found = self._codes.pop(said.get("code", ""), None)
        proof = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        if found is None or base64.urlsafe_b64encode(proof).decode().rstrip("=") != found.challenge:
            return _json(400, {"error": "invalid_grant"})
        return _json(200, {"id_token": _signed(found.identity, found.nonce), "refresh_token": found.refresh})


def _initiate(client: Any, flow: str, **parameters: str) -> Any:
    return client.admin_initiate_auth(
        UserPoolId=settings().user_pool_id,
        ClientId=settings().oidc_client_id,
        AuthFlow=flow,
        AuthParameters=parameters,
    )


def _claims(token: str) -> dict[str, Any]:
    import jwt

    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _signed(token: str, nonce: str) -> str:
    """moto's token with a nonce, and with the moments of this stack's clock, which may be ahead of the machine's."""
    import jwt

    now = int(utc_now().timestamp())
    claims = _claims(token) | {"iat": now, "auth_time": now, "exp": now + 300}
    return jwt.encode(
        claims | ({"nonce": nonce} if nonce else {}), _key(), algorithm="RS256", headers={"kid": "dummy"}
    )


@lru_cache(maxsize=1)
def _key() -> Any:
    import jwt

    packed = files("moto.cognitoidp").joinpath("resources", _MOTO_KEY).read_bytes()
    return jwt.PyJWK(json.loads(gzip.decompress(packed)), algorithm="RS256").key


def _query(request: LocalRequest) -> dict[str, str]:
    return {name: values[-1] for name, values in request.query.items()}


def _fields(request: LocalRequest) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def _json(status: int, answer: object) -> Answered:
    return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def lines(ready: Iterable[Ready]) -> list[str]:
    """What a start prints: an account for each role, and the one password."""
    return [f"  {each.role:16} {each.email:40} {each.title}" for each in ready]
