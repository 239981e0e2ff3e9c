"""Who is there? One-time codes, secret links and the tokens they buy.

A token identifies and nothing more: role, scope and disablement are read from the store on each request.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any

from chalicelib import keys, mail
from chalicelib.domain.errors import NotFound, NotSignedIn
from chalicelib.domain.notices import Channel, Notice
from chalicelib.domain.people import Officer
from chalicelib.settings import utc_now
from chalicelib.store import complaints, guards, joins, outbox, people
from chalicelib.usecases.record import city, local_day

CODE_LASTS = timedelta(minutes=5)
TOKEN_LASTS = timedelta(hours=12)
_ISSUER = "pro-denpasar-plus"

PER_NUMBER_HOUR = 5
PER_NUMBER_DAY = 10
PER_DAY = 3000
"""All one-time codes of a day: a cap on what a flood can cost (some Rp 1 million at the profile's SMS price)."""
PER_ADDRESS_HOUR = 200
"""Soft: carriers put thousands of phones behind one address."""


class Kind(StrEnum):
    CITIZEN = "citizen"
    OFFICER = "officer"
    LINK = "link"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody identified: a citizen or officer by id, the bearer of one case's secret link by its code (and the link's
    version), or somebody who joined one, by its code and the join's id."""

    kind: Kind
    id: str


def request_code(address: str, kind: Kind, language: str, *, client: str, now: datetime) -> str:
    """Send a one-time code to a phone or e-mail that we know, and return the challenge it answers.

    Unknown addresses get the same answer, the same caps and the same writes, and no message, so nobody learns who
    is known and no stranger's phone can be flooded. Raises TooMany.
    """
    person = keys.person_id(address)
    guards.hit(f"code-address#{client}", PER_ADDRESS_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"code-number#{person}", PER_NUMBER_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"code-number#{person}", PER_NUMBER_DAY, timedelta(days=1), now=now)
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    sends = is_known(person, kind) and (channel is Channel.SMS or mail.configured() or kind is Kind.OFFICER)
    # Only what costs counts against the day: a flood of unknown numbers must not shut the whole city out.
    guards.check("code-day#sent", PER_DAY, timedelta(days=1), now=now)
    guards.hit("code-day#sent" if sends else "code-day#decoys", 1_000_000_000, timedelta(days=1), now=now)
    challenge = uuid.uuid4().hex
    guards.open_challenge(challenge, person, kind, expires_at=now + CODE_LASTS)
    notice = Notice(
        id=f"sign_in#{challenge}",
        code="",
        template="sign_in",
        channel=channel,
        to=f"{kind}#{person}",
        language=language,
        created_at=now,
        useful_until=now + CODE_LASTS,
        args={"challenge": challenge, "minutes": str(int(CODE_LASTS.total_seconds() // 60))},
        urgent=True,
    )
    outbox.add(notice, decoy=not sends)
    return challenge


def redeem_code(challenge: str, digits: str, *, now: datetime) -> tuple[str, Kind]:
    """Exchange the digits for a token. The try is counted before the comparison; all failures look the same.

    Raises NotSignedIn.
    """
    try:
        person, kind = guards.try_challenge(challenge, now=now)
        if not compare_digest(keys.one_time_digits(challenge).encode(), digits.encode()):
            raise NotSignedIn("wrong digits")
        guards.spend_challenge(challenge, now=now)
    except NotFound as error:
        raise NotSignedIn("no such challenge") from error
    return token(Who(Kind(kind), person), now=now), Kind(kind)


def open_link(code: str, secret: str, *, now: datetime) -> str:
    """Exchange a secret link, the reporter's or that of somebody who joined, for a token that opens this one case.

    Raises NotSignedIn.
    """
    return token(holder(code, secret), now=now)


def holder(code: str, secret: str) -> Who:
    """Whose secret this is. Raises NotSignedIn."""
    try:
        version = complaints.get_head(code).complaint.link_version
        if keys.is_secret_link(secret, code, version):
            return Who(Kind.LINK, f"{code}.{version}")
        return Who(Kind.JOIN, f"{code}.{joins.get(code, keys.join_id(code, secret)).id}")
    except NotFound as error:
        raise NotSignedIn("no such link") from error


def token(who: Who, *, now: datetime) -> str:
    """A signed token (JWT, HS256) that names somebody for twelve hours."""
    import jwt  # here and not above: only sign-in and the authorizer need it, and every Lambda imports the app

    claims = {
        "iss": _ISSUER,
        "aud": city().id,
        "sub": f"{who.kind}:{who.id}",
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LASTS).timestamp()),
    }
    return jwt.encode(claims, keys.derive("token"), algorithm="HS256")


def identify(presented: str, *, now: datetime) -> Who:
    """Read a token. Raises NotSignedIn for one that is forged, expired, of another city or malformed."""
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(
            presented,
            keys.derive("token"),
            algorithms=["HS256"],
            audience=city().id,
            issuer=_ISSUER,
            # Expiry is compared with our own clock below, the one that everything else runs on.
            options={
                "require": ["exp", "iat", "sub", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        kind, _, identity = str(claims["sub"]).partition(":")
        who = Who(Kind(kind), identity)
        expires = int(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise NotSignedIn(type(error).__name__) from error
    if expires <= now.timestamp():
        raise NotSignedIn("expired")
    return who


def officer(who: Who) -> Officer:
    """The officer behind a token, read afresh, with the duties of those whom they stand in for today.

    Raises NotSignedIn for anybody else, and for a disabled one.
    """
    if who.kind is not Kind.OFFICER:
        raise NotSignedIn("not an officer")
    try:
        found = people.registered(who.id)
    except NotFound as error:
        raise NotSignedIn("no such officer") from error
    if found.officer.disabled:
        raise NotSignedIn("disabled")
    return people.standing_in(found, local_day(utc_now()))


def is_known(person: str, kind: Kind) -> bool:
    """Whether somebody with this id has left a contact, or works here and is not disabled."""
    try:
        if kind is Kind.OFFICER:
            return not people.officer(person).disabled
        people.citizen(person)
    except NotFound:
        return False
    return True
