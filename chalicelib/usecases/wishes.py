"""What people choose of their messages: a citizen's stop, channel and language, and what an officer wants to hear.

A citizen's page is opened by sign-in, or by the link that stands in their e-mails and on the page of their case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib import keys, mail
from chalicelib.domain.errors import Fault, Invalid, NotFound, Refused
from chalicelib.domain.notices import Channel
from chalicelib.domain.people import Officer
from chalicelib.domain.wishes import Wish
from chalicelib.observability import logger
from chalicelib.settings import settings
from chalicelib.store import complaints, people, wishes
from chalicelib.usecases import sealing

if TYPE_CHECKING:
    from chalicelib.usecases.signin import Who

# What only a request needs is imported inside functions: whoever sends messages imports this module, too.


def link(person: str) -> str:
    """The page on which a citizen stops messages or chooses how they come."""
    return f"{settings().base_url}{path(person)}"


def path(person: str) -> str:
    return f"/kabar/{person}.{keys.stop_link(person)}"


def behind(key: str) -> str:
    """The citizen whose link this is. Raises NotFound."""
    person, _, secret = key.partition(".")
    if not person or not keys.is_stop_link(secret.strip().lower(), person):
        raise NotFound("wishes")
    people.citizen(person)
    return person


def citizen_of(who: Who) -> str:
    """The citizen who is signed in, or whose secret link opened this. Raises NotFound for anybody else."""
    from chalicelib.usecases.handling import is_reporter
    from chalicelib.usecases.signin import Kind

    if who.kind is Kind.CITIZEN:
        people.citizen(who.id)
        return who.id
    if who.kind is Kind.LINK:
        complaint = complaints.get_head(who.id.rpartition(".")[0], consistent=True).complaint
        if is_reporter(who, complaint) and complaint.citizen:
            return complaint.citizen
    raise NotFound("person")


def of_citizen(person: str) -> Wish:
    return wishes.of("citizen", person)


def choose(person: str, *, channel: str, language: str, stopped: bool, now: datetime) -> Wish:
    """Keep what a citizen chose. Raises Invalid for a channel on which nothing can reach them."""
    before = wishes.of("citizen", person)
    if channel == Channel.EMAIL and not _has_mailbox(person):
        raise Invalid([Fault("channel", "no_mailbox")])
    since = (before.stopped_at or now) if stopped else None
    wish = replace(before, channel=channel, language=language, stopped_at=since)
    wishes.keep("citizen", person, wish)
    if bool(before.stopped_at) != stopped:
        logger.info("a citizen stopped messages" if stopped else "a citizen wants messages again")
    return wish


def stop(person: str, *, now: datetime) -> None:
    """No messages from here on but the one-time codes that somebody asks for. Done twice, it changes nothing."""
    before = wishes.of("citizen", person)
    if before.stopped_at is None:
        wishes.keep("citizen", person, replace(before, stopped_at=now))
        logger.info("a citizen stopped messages")


def of_officer(officer: Officer) -> Wish:
    return wishes.of("officer", officer.id)


def choose_as_officer(officer: Officer, wish: Wish) -> Wish:
    """Keep what an officer chose, and filter what the office's topic brings them accordingly."""
    from chalicelib.usecases import posts

    wishes.keep("officer", officer.id, wish)
    found = people.registered(officer.id)
    if found.contact:
        posts.listen(found.officer, sealing.unseal(officer.id, found.contact), wish)
    return wish


def push_key() -> str:
    """The key that a browser subscribes with; empty where web push is off."""
    from chalicelib import webpush

    return webpush.public_key()


def push_to(kind: str, person: str, address: Mapping[str, str]) -> None:
    """Keep where a push goes to an ``officer`` or a ``citizen``: a browser's subscription, or an app's token.

    Nothing takes it away. Raises Invalid where that road is off, or the address is none of a push service.
    """
    from chalicelib import sns, webpush

    if not address:
        wishes.forget_address(kind, person)
        return
    if "token" in address:
        try:
            address = {"app": sns.app_endpoint(address["app"], address["token"])}
        except Refused as error:
            raise Invalid([Fault("app", "push_off")]) from error
    elif not webpush.public_key() or not webpush.takes(address["endpoint"]):
        raise Invalid([Fault("endpoint", "push_off")])
    wishes.keep_address(kind, person, sealing.seal(person, address))


def _has_mailbox(person: str) -> bool:
    return mail.configured() and bool(sealing.unseal(person, people.citizen(person)[1]).get("email"))
