"""Who is there? One-time codes, secret links and the tokens they buy.

A token identifies and nothing more: role, scope and disablement are read from the store on each request.
"""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any

from chalicelib import keys, mail, oidc
from chalicelib.domain.errors import NotFound, NotSignedIn, OptedOut
from chalicelib.domain.notices import SIGN_IN, Channel, Notice
from chalicelib.domain.people import SIGN_IN_BY_CODE, Officer
from chalicelib.settings import settings, utc_now
from chalicelib.store import complaints, guards, joins, outbox, people
from chalicelib.usecases import pins
from chalicelib.usecases.record import city, local_day

CODE_LASTS = timedelta(minutes=5)
TOKEN_LASTS = timedelta(hours=12)
_ISSUER = "pro-denpasar-plus"
_SESSION = "session"
_LONGEST_KEPT = 3800
"""A browser keeps cookies of four kilobytes."""

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
    ACCOUNT = "account"
    """Somebody whom the city's identity provider vouches for; `officer` finds out who works here."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody identified: a citizen or officer by id, the bearer of one case's secret link by its code (and the link's
    version), or somebody who joined one, by its code and the join's id."""

    kind: Kind
    id: str


def request_code(address: str, kind: Kind, language: str, *, client: str, now: datetime) -> str:
    """Send a one-time code to a phone or e-mail that we know, and return the challenge it answers.

    Unknown addresses get the same answer, the same caps and the same writes, and no message, so nobody learns who
    is known and no stranger's phone can be flooded. Raises TooMany, and OptedOut of a number, known or not, that the
    network keeps our SMS from.
    """
    person = keys.person_id(address)
    guards.hit(f"code-address#{client}", PER_ADDRESS_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"code-number#{person}", PER_NUMBER_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"code-number#{person}", PER_NUMBER_DAY, timedelta(days=1), now=now)
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    if channel is Channel.SMS:
        from chalicelib import sns  # here: no other part of sign-in speaks to the network itself

        if sns.opted_out(address):
            raise OptedOut("sms")
    sends = is_known(person, kind) and (channel is Channel.SMS or mail.configured() or kind is Kind.OFFICER)
    # Only what costs counts against the day: a flood of unknown numbers must not shut the whole city out.
    guards.check("code-day#sent", PER_DAY, timedelta(days=1), now=now)
    guards.hit("code-day#sent" if sends else "code-day#decoys", 1_000_000_000, timedelta(days=1), now=now)
    challenge = uuid.uuid4().hex
    guards.open_challenge(challenge, person, kind, expires_at=now + CODE_LASTS)
    outbox.add(_code(challenge, channel, f"{kind}#{person}", language, now), decoy=not sends)
    return challenge


def send_code(officer_id: str, purpose: str, language: str, *, now: datetime) -> str:
    """Send a one-time code to the phone of an officer whom a link names, for a ``purpose`` that is no sign-in.

    Under the same caps as any other code. Raises TooMany.
    """
    guards.hit(f"code-number#{officer_id}", PER_NUMBER_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"code-number#{officer_id}", PER_NUMBER_DAY, timedelta(days=1), now=now)
    guards.check("code-day#sent", PER_DAY, timedelta(days=1), now=now)
    guards.note("code-day#sent", timedelta(days=1), now=now)
    challenge = uuid.uuid4().hex
    guards.open_challenge(challenge, officer_id, purpose, expires_at=now + CODE_LASTS)
    outbox.add(_code(challenge, Channel.SMS, f"{Kind.OFFICER}#{officer_id}", language, now))
    return challenge


def _code(challenge: str, channel: Channel, to: str, language: str, now: datetime) -> Notice:
    return Notice(
        id=f"sign_in#{challenge}",
        code="",
        template=SIGN_IN,
        channel=channel,
        to=to,
        language=language,
        created_at=now,
        useful_until=now + CODE_LASTS,
        args={"challenge": challenge, "minutes": str(int(CODE_LASTS.total_seconds() // 60))},
        urgent=True,
    )


def redeem_code(challenge: str, digits: str, pin: str = "", *, now: datetime) -> tuple[str, Kind]:
    """Exchange the digits, and an officer's with their PIN, for a token.

    The try is counted before the comparison; all failures look the same. Raises NotSignedIn; of an officer, and after
    the right digits alone, Invalid where the PIN is missing, and TooMany.
    """
    try:
        person, kind = guards.try_challenge(challenge, now=now)
        if not compare_digest(keys.one_time_digits(challenge).encode(), digits.encode()):
            raise NotSignedIn("wrong digits")
        if kind not in (Kind.CITIZEN, Kind.OFFICER):
            raise NotSignedIn("of another purpose")
        if kind == Kind.OFFICER:
            if not is_known(person, Kind.OFFICER):
                raise NotSignedIn("not by code")  # dismissed, or given another duty, since the code was sent
            pins.check(person, pin, now=now)
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


def token(who: Who, *, now: datetime, until: datetime | None = None) -> str:
    """A signed token (JWT, HS256) that names somebody for twelve hours, or until a moment before."""
    import jwt  # here and not above: only sign-in and the authorizer need it, and every Lambda imports the app

    claims = {
        "iss": _ISSUER,
        "aud": city().id,
        "sub": f"{who.kind}:{who.id}",
        "iat": int(now.timestamp()),
        "exp": int((until or now + TOKEN_LASTS).timestamp()),
    }
    return jwt.encode(claims, keys.derive("token"), algorithm="HS256")


def identify(presented: str, *, now: datetime) -> Who:
    """Read a token, ours or the identity provider's. Raises NotSignedIn for one that is forged, expired, of another
    city or malformed."""
    return bearer(presented, now=now)[0]


def bearer(presented: str, *, now: datetime) -> tuple[Who, datetime]:
    """As `identify`, with the moment from which the token counts no more: no answer that is kept may outlive it."""
    if oidc.is_issued(presented):
        account = oidc.verify(presented, now=now)
        return account_of(account), account.until
    who, until = _read(presented)
    if until <= now:
        raise NotSignedIn("expired")
    return who, until


def _read(presented: str) -> tuple[Who, datetime]:
    """Whom a token of ours names, and until when, be it past or not. Raises NotSignedIn."""
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(
            presented,
            keys.derive("token"),
            algorithms=["HS256"],
            audience=city().id,
            issuer=_ISSUER,
            # Moments are compared with our own clock, the one that everything else runs on.
            options={
                "require": ["exp", "iat", "sub", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        kind, _, identity = str(claims["sub"]).partition(":")
        return Who(Kind(kind), identity), datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise NotSignedIn(type(error).__name__) from error


def officer(who: Who) -> Officer:
    """The officer behind a token, read afresh, with the duties of those whom they stand in for today.

    Raises NotSignedIn for anybody else, and for a disabled one.
    """
    if who.kind is Kind.ACCOUNT:
        who = Who(Kind.OFFICER, _officer_of(who.id))
    if who.kind is not Kind.OFFICER:
        raise NotSignedIn("not an officer")
    try:
        found = people.registered(who.id)
    except NotFound as error:
        raise NotSignedIn("no such officer") from error
    if found.officer.disabled:
        raise NotSignedIn("disabled")
    return people.standing_in(found, local_day(utc_now()))


def account_of(account: oidc.Account) -> Who:
    """Somebody of the identity provider, by keyed hashes of their mailbox and of the provider's own name for them."""
    return Who(Kind.ACCOUNT, f"{keys.person_id(account.email)}.{binding(account.subject)}")


def binding(subject: str) -> str:
    """A keyed hash of the provider's own name for an account, by which a mailbox is bound to it."""
    return keys.derive("account", settings().oidc_issuer, subject).hex()[:32]


def _officer_of(account: str) -> str:
    """The officer whose mailbox an account has; the first account that comes with it is bound to it.

    Raises NotSignedIn where it is nobody's or several people's mailbox, or another account came first: a mailbox may be
    given to somebody new, and the desk of who had it before is not theirs.
    """
    mailbox, _, bound = account.partition(".")
    for _ in range(2):
        found = people.login(mailbox)
        if found is None or len(found.officers) != 1 or found.account not in ("", bound):
            raise NotSignedIn("no officer has this account")
        if found.account == bound or people.set_login(mailbox, replace(found, account=bound), previous=found):
            return found.officers[0]
    raise NotSignedIn("another account was faster")


def by_account() -> bool:
    """Whether officers sign in at the city's identity provider."""
    return oidc.configured()


def begin(*, back: str, now: datetime) -> tuple[str, str]:
    """Where a browser goes to sign in at the identity provider, and what it has to keep meanwhile (see `finish`)."""
    if not oidc.configured():
        raise NotFound("no identity provider")
    kept = base64.urlsafe_b64encode(os.urandom(24)).decode()
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(_verifier(kept).encode()).digest()).decode().rstrip("=")
    )
    address = oidc.sign_in_address(
        state=_derived("state", kept), nonce=_derived("nonce", kept), challenge=challenge, back=back, now=now
    )
    return address, kept


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's sign-in by the identity provider: a token of ours for some minutes, and what asks for the next."""

    token: str
    kept: str
    """The provider's refresh token, sealed: nobody but us can use it. Empty where the provider gave none."""


def finish(code: str, state: str, kept: str, *, back: str, now: datetime) -> Session:
    """Exchange what the identity provider sent back for a session of ours. Raises NotSignedIn.

    ``kept`` is what `begin` gave this very browser: state, nonce and the verifier of PKCE all follow from it, so nobody
    can make a browser sign in with a code of theirs.
    """
    if (
        not oidc.configured()
        or not kept
        or not compare_digest(_derived("state", kept).encode(), state.encode("utf-8", "replace"))
    ):
        raise NotSignedIn("state")
    given = oidc.redeem(code, verifier=_verifier(kept), back=back, now=now)
    account = oidc.verify(given.identity, nonce=_derived("nonce", kept), now=now)
    return _session(account, given.refresh, now, until=now + TOKEN_LASTS)


def renewed(before: str, kept: str, *, now: datetime) -> Session:
    """The next minutes of a browser's session, if the identity provider still knows who it is. Raises NotSignedIn.

    ``before`` is the token that ended: it has to name the same officer, so that no session goes on as somebody else's.
    Whoever was closed at the provider is out with it, after five minutes at most (docs/adr/0033).
    """
    if not oidc.configured():
        raise NotSignedIn("no identity provider")
    refresh, until = _opened(kept)
    if until <= now:
        raise NotSignedIn("the session has ended")
    given = oidc.renew(refresh, now=now)
    # A provider may hand out another refresh token each time, and take the old one back.
    made = _session(oidc.verify(given.identity, now=now), given.refresh or refresh, now, until=until)
    if _read(made.token)[0] != _read(before)[0]:
        raise NotSignedIn("another's session")
    return made


def sign_out(kept: str, *, now: datetime) -> None:
    """Take back at the provider what a browser's session asks with; nothing happens where there is none."""
    with suppress(NotSignedIn):
        if oidc.configured():
            oidc.revoke(_opened(kept)[0], now=now)


def _session(account: oidc.Account, refresh: str, now: datetime, *, until: datetime) -> Session:
    who = Who(Kind.OFFICER, officer(account_of(account)).id)
    made = token(who, now=now, until=min(account.until, until))
    sealed = keys.seal(_SESSION, {"refresh": refresh, "until": until.isoformat()}, keys.derive(_SESSION))
    text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    return Session(made, text if refresh and len(text) <= _LONGEST_KEPT else "")


def _opened(kept: str) -> tuple[str, datetime]:
    try:
        sealed = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
        found = keys.unseal(_SESSION, sealed, keys.derive(_SESSION))
        return found["refresh"], datetime.fromisoformat(found["until"])
    except (ValueError, KeyError) as error:
        raise NotSignedIn("no session") from error


def _verifier(kept: str) -> str:
    return base64.urlsafe_b64encode(keys.derive("pkce", kept)).decode().rstrip("=")


def _derived(purpose: str, kept: str) -> str:
    return base64.b32encode(keys.derive(purpose, kept))[:32].decode().lower()


def may_use_code(officer: Officer) -> bool:
    """Whether an officer may sign in by one-time code and PIN: heads of hamlets and villages always, and everybody
    where the city has no identity provider."""
    if not oidc.configured():
        return True
    return bool(officer.duties) and all(duty.role in SIGN_IN_BY_CODE for duty in officer.duties)


def is_known(person: str, kind: Kind) -> bool:
    """Whether somebody with this id has left a contact, or works here and is not disabled."""
    try:
        if kind is Kind.OFFICER:
            found = people.officer(person)
            return not found.disabled and may_use_code(found)
        people.citizen(person)
    except NotFound:
        return False
    return True
