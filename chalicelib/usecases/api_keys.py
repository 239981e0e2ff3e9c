"""Keys of other systems: given out once, kept as a hash, with scopes, a rate and an end. Open311 asks for them."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from chalicelib import keys
from chalicelib.domain.city import City
from chalicelib.domain.errors import Fault, Invalid, NotAllowed, NotFound
from chalicelib.store import api_keys, guards
from chalicelib.store.api_keys import ApiKey as ApiKey
from chalicelib.usecases.record import city

FILE = "file"
"""File requests."""
UPDATE = "update"
"""Add to, and reopen, requests that this very key has filed: as their reporter."""
ACT = "act:"
"""``act:<office>``: act for an office of the city on what it has, as its staff would; ``act:*`` for any."""
PER_HOUR = 600
_WINDOW = timedelta(hours=1)
_KEY = re.compile(r"o3_([a-z2-7]{8})_([a-z2-7]{32})")
"""The id finds the row; the rest is 160 random bits."""


def issue(
    client: str, scopes: Iterable[str], *, now: datetime, per_hour: int = PER_HOUR
) -> tuple[ApiKey, str]:
    """Make a key for a client and return it with its text, which nobody can show again.

    Raises Invalid for a scope that is none, a client without a name, or a rate below nought.
    """
    return _store(client, scopes, per_hour, _random(5), _random(20), now)


def demand(presented: str, scope: str, *, now: datetime) -> ApiKey:
    """The key, if it may do this, with one more counted against its rate. Raises NotAllowed, TooMany.

    Without a ``scope`` any key will do; what it may is asked later. Whoever has a wrong key learns that alone.
    """
    found = _KEY.fullmatch(presented)
    if found is None:
        raise NotAllowed("no key")
    try:
        key = api_keys.get(found[1])
    except NotFound:
        raise NotAllowed("unknown key") from None
    if not hmac.compare_digest(key.hash, _hash(presented)) or key.revoked_at is not None:
        raise NotAllowed("wrong or revoked key")
    if scope and scope not in key.scopes:
        raise NotAllowed(f"{key.id} may not {scope}")
    if key.per_hour:
        guards.hit(f"api-key#{key.id}", key.per_hour, _WINDOW, now=now)
    return key


def acts_for(key: ApiKey, office: str) -> bool:
    """Whether a key stands for this office."""
    return not key.scopes.isdisjoint({f"{ACT}{office}", f"{ACT}*"})


def revoke(key_id: str, *, now: datetime) -> ApiKey:
    """End a key; it is refused from the next request on. Raises NotFound."""
    return api_keys.revoke(key_id, now=now)


def every() -> Iterator[ApiKey]:
    """All keys, the ended ones too; for an operator's command."""
    return api_keys.every()


def _store(
    client: str, scopes: Iterable[str], per_hour: int, key_id: str, secret: str, now: datetime
) -> tuple[ApiKey, str]:
    asked = frozenset(scopes)
    faults = [Fault("scope", "unknown_scope") for scope in sorted(asked) if not _is_scope(scope, city())]
    if not asked:
        faults.append(Fault("scope", "required"))
    if not client.strip() or len(client) > 80 or not client.isprintable():
        faults.append(Fault("client", "required"))
    if per_hour < 0:
        faults.append(Fault("per_hour", "out_of_range", {"least": 0, "most": 1_000_000}))
    if faults:
        raise Invalid(faults)
    text = f"o3_{key_id}_{secret}"
    key = ApiKey(key_id, client.strip(), _hash(text), asked, per_hour, now)
    api_keys.add(key)
    return key, text


def _is_scope(scope: str, profile: City) -> bool:
    if scope in (FILE, UPDATE, f"{ACT}*"):
        return True
    office = profile.offices.get(scope.removeprefix(ACT)) if scope.startswith(ACT) else None
    return office is not None and not office.outside


def _hash(text: str) -> str:
    return keys.derive("api-key", text).hex()


def _random(size: int) -> str:
    return _word(secrets.token_bytes(size))


def _word(drawn: bytes) -> str:
    return base64.b32encode(drawn).decode().lower().rstrip("=")
