"""The city's identity provider (OpenID Connect): its keys, its tokens, and the code that a browser brings back.

Only signatures by RSA or elliptic curves are taken, each with a key that the issuer publishes for that very algorithm:
a token cannot choose to be unsigned, nor to be checked with a public key as if that were a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.domain.errors import NotSignedIn
from chalicelib.observability import logger
from chalicelib.settings import LOCAL, settings

ALGORITHMS: Mapping[str, str] = {"RS256": "RSA", "ES256": "EC"}
"""What may have signed a token, and the kind of key that goes with it."""
KEYS_LAST = timedelta(hours=1)
"""How old keys may be before they are asked for again; while the issuer does not answer, the old ones go on."""
KEYS_AT_MOST_EVERY = timedelta(minutes=1)
"""A flood of tokens with invented keys asks the issuer no oftener."""
LEEWAY = timedelta(seconds=30)
COUNTS = timedelta(minutes=5)
"""How long after its issue an ID token counts, whatever end it names itself: so soon is out who was closed there."""
_LONGEST = 8192
_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whom the identity provider knows: its own name for them, and their verified mailbox."""

    subject: str
    email: str
    until: datetime
    """When the token that said so counts no more."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave: who it is, and what asks again later; empty where the provider gives none."""

    identity: str
    refresh: str = ""


@dataclass(slots=True)
class _Known:
    """What the issuer was heard to say, and when it was asked."""

    configuration: dict[str, str]
    keys: dict[str, Any]
    fetched: datetime | None = None
    tried: datetime | None = None


_known = _Known({}, {})
_asking = Lock()


def configured() -> bool:
    return bool(settings().oidc_issuer and settings().oidc_client_id)


def is_issued(token: str) -> bool:
    """Whether a token says that it is the identity provider's. It may lie: `verify` finds out."""
    import jwt  # here and not above: only sign-in and the authorizer need it

    if not configured() or len(token) > _LONGEST:
        return False
    try:
        said = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return False
    return said.get("iss") == settings().oidc_issuer


def verify(token: str, *, nonce: str = "", now: datetime) -> Account:
    """Read an ID token. Raises NotSignedIn for one that is forged, expired, for somebody else's app or another use."""
    import jwt

    if not configured() or len(token) > _LONGEST:
        raise NotSignedIn("no issuer")
    try:
        header = jwt.get_unverified_header(token)
        algorithm, name = str(header.get("alg")), str(header.get("kid"))
        if algorithm not in ALGORITHMS:
            raise NotSignedIn("algorithm")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(name, algorithm, now),
            algorithms=[algorithm],
            audience=settings().oidc_client_id,
            issuer=settings().oidc_issuer,
            # Moments are compared with our own clock below, the one that everything else runs on.
            options={
                "require": ["exp", "iat", "sub", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        _demand_now(claims, now)
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise NotSignedIn(type(error).__name__) from error
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(audiences) > 1 and claims.get("azp") != settings().oidc_client_id:
        raise NotSignedIn("made for another party")
    if claims.get("token_use", "id") != "id":
        raise NotSignedIn("not an ID token")
    if nonce and claims.get("nonce") != nonce:
        raise NotSignedIn("nonce")
    email, verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or not email or verified not in (True, "true"):
        raise NotSignedIn("no verified mailbox")
    return Account(str(claims["sub"]), email, _until(claims))


def sign_in_address(*, state: str, nonce: str, challenge: str, back: str, now: datetime) -> str:
    """Where a browser goes to sign in (authorization code with PKCE). Raises NotSignedIn where the issuer is silent."""
    asked = {
        "response_type": "code",
        "client_id": settings().oidc_client_id,
        "redirect_uri": back,
        "scope": _scope(now),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{_address('authorization_endpoint', now)}?{urlencode(asked)}"


def redeem(code: str, *, verifier: str, back: str, now: datetime) -> Tokens:
    """Exchange the code that a browser brought back for tokens. Raises NotSignedIn."""
    form = {
        "grant_type": "authorization_code",
        "client_id": settings().oidc_client_id,
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    return _tokens(_call("POST", _address("token_endpoint", now), form))


def renew(refresh: str, *, now: datetime) -> Tokens:
    """Ask whether somebody who signed in may still. Raises NotSignedIn where the provider says no, or nothing."""
    form = {"grant_type": "refresh_token", "client_id": settings().oidc_client_id, "refresh_token": refresh}
    return _tokens(_call("POST", _address("token_endpoint", now), form))


def revoke(refresh: str, *, now: datetime) -> None:
    """Tell the provider that nobody will ask again, where it wants to know; what it answers changes nothing here."""
    with suppress(NotSignedIn):
        form = {"token": refresh, "client_id": settings().oidc_client_id}
        _call("POST", _address("revocation_endpoint", now), form)


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    token, refresh = answer.get("id_token"), answer.get("refresh_token")
    if not isinstance(token, str):
        raise NotSignedIn("no ID token")
    return Tokens(token, refresh if isinstance(refresh, str) else "")


def _scope(now: datetime) -> str:
    """What is asked for. Cognito gives a refresh token unasked and refuses the word; others want to hear it."""
    _address("authorization_endpoint", now)
    offered = _known.configuration.get("scopes_supported", "").split()
    return "openid email offline_access" if "offline_access" in offered else "openid email"


def forget() -> None:
    """Drop what the issuer said, for a process whose issuer changed (tests, the local stack)."""
    global _known
    _known = _Known({}, {})


def _demand_now(claims: Mapping[str, Any], now: datetime) -> None:
    if _until(claims) <= now:
        raise NotSignedIn("expired")
    earliest = max(int(claims["iat"]), int(claims.get("nbf", 0)))
    if earliest > (now + LEEWAY).timestamp():
        raise NotSignedIn("of the future")


def _until(claims: Mapping[str, Any]) -> datetime:
    ends = min(int(claims["exp"]), int(claims["iat"]) + int(COUNTS.total_seconds()))
    return datetime.fromtimestamp(ends, UTC)


def _key(name: str, algorithm: str, now: datetime) -> Any:
    """The issuer's key of this name for this algorithm; asked for anew once it is unknown, or old."""
    if name == "dummy" and settings().stage != LOCAL:
        raise NotSignedIn("a stand-in's key")  # moto's, which everybody has
    stale = _known.fetched is None or now - _known.fetched >= KEYS_LAST
    if stale or name not in _known.keys:
        _refresh(now)
    found = _known.keys.get(name)
    if found is None or found.key_type != ALGORITHMS[algorithm] or found.algorithm_name != algorithm:
        raise NotSignedIn("no such key")
    return found.key


def _refresh(now: datetime) -> None:
    import jwt

    with _asking:
        if _known.tried is not None and timedelta() <= now - _known.tried < KEYS_AT_MOST_EVERY:
            return
        _known.tried = now
        try:
            published = _call("GET", _address("jwks_uri", now))
            found = {}
            for each in published.get("keys", []):
                # A published secret would be no secret, so only public keys meant for signatures count.
                if (
                    each.get("kty") in ALGORITHMS.values()
                    and each.get("use", "sig") == "sig"
                    and each.get("kid")
                ):
                    found[str(each["kid"])] = jwt.PyJWK(each)
        except (NotSignedIn, jwt.PyJWKError, AttributeError, TypeError) as error:
            logger.warning("the identity provider's keys cannot be read", extra={"why": type(error).__name__})
            return
        _known.keys, _known.fetched = found, now


def _address(name: str, now: datetime) -> str:
    """One of the issuer's addresses, as its configuration tells them."""
    if not _known.configuration:
        where = settings().oidc_configuration
        told = _call("GET", where or f"{settings().oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != settings().oidc_issuer:
            raise NotSignedIn("another issuer's configuration")
        scopes = told.get("scopes_supported")
        _known.configuration = {key: value for key, value in told.items() if isinstance(value, str)}
        if isinstance(scopes, list):
            _known.configuration["scopes_supported"] = " ".join(str(each) for each in scopes)
    found = _known.configuration.get(name, "")
    if urlsplit(found).scheme != "https" and settings().stage != LOCAL:
        raise NotSignedIn(f"no safe {name}")
    return found


def _call(method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    import urllib3

    try:
        answer = _pool().request(
            method,
            url,
            body=urlencode(form) if form else None,
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
            if form
            else {"Accept": "application/json"},
            timeout=urllib3.Timeout(total=_SECONDS),
            retries=False,
            redirect=False,
        )
        value = json.loads(answer.data) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise NotSignedIn("the identity provider does not answer") from error
    if not isinstance(value, dict):
        raise NotSignedIn("the identity provider refuses")
    return value


def _pool() -> Any:
    import urllib3

    global _connections
    if _connections is None:
        _connections = urllib3.PoolManager(maxsize=4)
    return _connections


_connections: Any = None
