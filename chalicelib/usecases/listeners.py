"""Who hears an office: the state of each phone and mailbox, and the offices that nobody can be reached at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import sns
from chalicelib.domain.errors import NotFound
from chalicelib.domain.people import Act, Officer, demand_right
from chalicelib.observability import count, logger
from chalicelib.store import guards, people, spending
from chalicelib.store.spending import Ears
from chalicelib.usecases import posts, sealing
from chalicelib.usecases.record import city

HEARS, UNCONFIRMED, OPTED_OUT, ABSENT = "hears", "unconfirmed", "opted_out", "absent"
"""What becomes of a message to one address: it is heard; its mailbox never confirmed; the network keeps it from the
number at its owner's wish; the address is not on the topic, or there is none."""
_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody of an office, and what becomes of a message of its topic to their phone and to their mailbox."""

    officer: Officer
    phone: str
    email: str


def of_offices(administrator: Officer) -> list[tuple[str, Ears | None]]:
    """Every office (id) with who listens to it, as counted last; the unreachable first. Raises NotAllowed."""
    demand_right(administrator, Act.ADMINISTER)
    offices = _offices()
    found = spending.ears(offices)
    return sorted(
        ((office, found.get(office)) for office in offices),
        key=lambda each: (each[1] is not None and each[1].reachable, each[0]),
    )


def of_office(administrator: Officer, office: str) -> list[Listener]:
    """Everybody of an office with the state of their phone and mailbox, as SNS says now.

    Raises NotAllowed, NotFound.
    """
    demand_right(administrator, Act.ADMINISTER)
    if office not in _offices():
        raise NotFound(office)
    try:
        heard: Mapping[str, bool] = sns.listeners(office)
    except NotFound:
        heard = {}
    found = []
    for officer in people.officers_of(office):
        if officer.disabled:
            continue
        contact = _contact(officer.id)
        phone, email = contact.get("phone", ""), contact.get("email", "")
        keeps_off = bool(phone) and sns.opted_out(phone)
        found.append(
            Listener(officer, OPTED_OUT if keeps_off else _state(phone, heard), _state(email, heard))
        )
    return found


def mend(administrator: Officer, office: str) -> int:
    """Make an office's topic where it is missing, join its people to it anew, and return how many they are.

    Done twice, it changes nothing. Raises NotAllowed, NotFound.
    """
    demand_right(administrator, Act.ADMINISTER)
    if office not in _offices():
        raise NotFound(office)
    try:
        sns.listeners(office)
    except NotFound:
        sns.ensure_office_topic(office, city().code_prefix)
    joined = 0
    for officer in people.officers_of(office):
        contact = _contact(officer.id)
        if not officer.disabled and contact:
            posts.listen(officer, contact, None)
            joined += 1
    logger.info("an office's listeners were joined anew", extra={"office": office, "by": administrator.id})
    return joined


def check(*, now: datetime) -> int:
    """Count once a day who listens to each office, and return how many there are that nobody can be reached at."""
    if guards.misused("ears", 1, _EVERY, now=now):
        return 0
    opted_out, silent = sns.all_opted_out(), []
    for office in _offices():
        try:
            heard = sns.listeners(office)
        except NotFound:
            heard = {}
        ears = _ears(heard, opted_out, now)
        spending.note_ears(office, ears)
        if not ears.reachable:
            silent.append(office)
    if silent:
        logger.warning("offices that nobody can be reached at", extra={"offices": silent})
        count("OfficesUnreachable", len(silent))
    guards.note("ears", _EVERY, now=now)
    return len(silent)


def _ears(heard: Mapping[str, bool], opted_out: Iterable[str], now: datetime) -> Ears:
    off = {*opted_out}
    phones = [each for each in heard if "@" not in each]
    mailboxes = [each for each in heard if "@" in each]
    return Ears(
        phones=sum(heard[each] and each not in off for each in phones),
        mailboxes=sum(heard[each] for each in mailboxes),
        unconfirmed=sum(not heard[each] for each in heard),
        opted_out=sum(each in off for each in phones),
        at=now,
    )


def _state(address: str, heard: Mapping[str, bool]) -> str:
    if address not in heard:
        return ABSENT
    return HEARS if heard[address] else UNCONFIRMED


def _contact(officer: str) -> Mapping[str, str]:
    found = people.registered(officer)
    return sealing.unseal(officer, found.contact) if found.contact else {}


def _offices() -> list[str]:
    return sorted(office.id for office in city().offices.values() if not office.outside)
