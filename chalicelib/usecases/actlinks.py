"""Acting on one case by a link: acknowledge, start, ask, solve with a sentence, or hand it to somebody of the staff.

A link is of one officer and one case, ends after three days, and is void once the case moved to another state or
office. It is used up by one act, for which a new one is made where more is to do. Looking changes nothing; each button
is signed for this one act on the very version that was seen. SMS are forwarded to groups, so the first act on a device
asks for the officer's PIN or for a one-time code; the device is trusted from then on, until the PIN is reset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING

from chalicelib import keys
from chalicelib.domain.complaint import OPEN, Complaint
from chalicelib.domain.errors import Fault, Gone, Invalid, NotAllowed, NotFound, NotSignedIn, StaleComplaint
from chalicelib.domain.notices import Channel, Notice, category_label, moment, where_label
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.domain.tracking import short
from chalicelib.observability import logger
from chalicelib.settings import settings
from chalicelib.store import actlinks, complaints, guards, outbox, people
from chalicelib.store.actlinks import ActLink
from chalicelib.usecases.record import city, local_day

if TYPE_CHECKING:
    from chalicelib.store.complaints import Stored

# What only a request needs is imported inside functions: whoever sends messages imports this module, too.

LASTS = timedelta(days=3)
TRUSTED = timedelta(days=90)
FORWARD = "forward"
"""Not an act on the case but a note of it: somebody of the staff gets a link of their own."""
_ALIKE: frozenset[Act] = frozenset({Act.ACKNOWLEDGE, Act.START, Act.ASK, Act.RESOLVE})


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as the bearer of a link meets it."""

    stored: Stored
    officer: Officer
    link: ActLink
    row: str

    def seal(self, act: str) -> str:
        """What a button for one act carries: good for this officer, this act and this version of the case alone."""
        complaint = self.stored.complaint
        return keys.act_seal(self.row, self.officer.id, act, complaint.version)


def mint(complaint: Complaint, officer: str, source: str, *, now: datetime) -> str:
    """Make an officer's link to a case and return its path. From one ``source`` (a notice) always the same."""
    secret = keys.act_link(complaint.code, officer, source)
    link = ActLink(complaint.code, officer, complaint.office, str(complaint.status), now + LASTS)
    actlinks.keep(keys.act_row(complaint.code, secret), link)
    return f"/p/{short(complaint.code)}.{secret}"


def url(complaint: Complaint, officer: str, source: str, *, now: datetime) -> str:
    return f"{settings().base_url}{mint(complaint, officer, source, now=now)}"


def opened(code: str, secret: str, *, now: datetime) -> Opened:
    """The case behind a link. Changes nothing. Raises NotFound for a link that never was, Gone for a void one."""
    row = keys.act_row(code, secret)
    link = actlinks.get(row)
    found = people.registered(link.officer)
    officer = people.standing_in(found, local_day(now))
    if officer.disabled:
        raise NotFound(code)
    if link.used or link.until <= now:
        raise Gone(code)
    stored = complaints.get(code, consistent=True)
    complaint = stored.complaint
    if not allowed(officer, Act.READ, complaint, city()):
        raise NotFound(code)
    moved = (complaint.office, str(complaint.status)) != (link.office, link.status)
    if moved or complaint.status not in OPEN:
        raise Gone(code)
    return Opened(stored, officer, link, row)


def do(code: str, secret: str, act: str, seal: str, text: str, to: str, *, now: datetime) -> str:
    """Do one act as the officer whose link it is; the path of the next link, empty where nothing is left to do.

    Raises what `opened` and the act itself raise; StaleComplaint where the case is not what was seen.
    """
    from chalicelib.usecases import handling

    found = opened(code, secret, now=now)
    if not compare_digest(found.seal(act).encode(), seal.encode("utf-8", "replace")):
        raise StaleComplaint(code)
    officer, version = found.officer, found.stored.complaint.version
    does: dict[str, Callable[[], Complaint]] = {
        Act.ACKNOWLEDGE: lambda: handling.acknowledge(code, officer, if_match=version, now=now),
        Act.START: lambda: handling.start(code, officer, if_match=version, now=now),
        Act.ASK: lambda: handling.ask(code, officer, text, if_match=version, now=now),
        Act.RESOLVE: lambda: handling.resolve(code, officer, text, if_match=version, now=now),
        FORWARD: lambda: _forward(found, to, now),
    }
    if act not in does:
        raise NotFound(act)
    # Two taps at once meet at the version: one is done, the other finds the case changed.
    complaint = does[act]()
    actlinks.use_up(found.row, found.link)
    logger.info("an act by link", extra={"code": code, "act": act, "officer": officer.id})
    if complaint.status not in OPEN or act == FORWARD or not allowed(officer, Act.REPLY, complaint, city()):
        return ""
    return mint(complaint, officer.id, f"{found.row}#{complaint.version}", now=now)


def staff(found: Opened) -> list[Officer]:
    """To whom of the office a case may be handed: who may work on it, too."""
    from chalicelib.usecases import handling

    complaint = found.stored.complaint
    return [
        each for each in handling.colleagues(found.officer) if allowed(each, Act.REPLY, complaint, city())
    ]


def _forward(found: Opened, to: str, now: datetime) -> Complaint:
    from chalicelib.usecases import handling

    chosen = next((each for each in staff(found) if each.id == to), None)
    if chosen is None:
        raise Invalid([Fault("to", "mention_unknown")])
    complaint = found.stored.complaint
    noted = handling.note(
        complaint.code,
        found.officer,
        f"Diteruskan kepada {chosen.name}.",
        [],
        if_match=complaint.version,
        now=now,
    )
    for channel in (Channel.SMS, Channel.EMAIL):
        outbox.add_once(_forwarded(noted, chosen, channel, now))
    return noted


def _forwarded(complaint: Complaint, to: Officer, channel: Channel, now: datetime) -> Notice:
    profile = city()
    language = to.language if to.language in profile.templates else profile.languages[0]
    return Notice(
        id=f"{complaint.code}#{complaint.version:04d}#officer_forwarded#{channel}#officer#{to.id}",
        code=complaint.code,
        template="officer_forwarded",
        channel=channel,
        to=f"officer#{to.id}",
        language=language,
        created_at=now,
        useful_until=now + LASTS,
        args={
            "category": category_label(complaint, profile, language),
            "where": where_label(complaint, profile),
            "due": moment(complaint.clocks.next_due, profile),
        },
    )


# The device -------------------------------------------------------------------------------------------------------


def device(officer: str, *, now: datetime) -> str:
    """What a browser keeps once somebody showed there that they are this officer."""
    until = str(int((now + TRUSTED).timestamp()))
    return f"{officer}.{until}.{keys.device_seal(officer, until, people.pin(officer) or b'')}"


def is_trusted(kept: str, officer: str, *, now: datetime) -> bool:
    """Whether a browser's keepsake is this officer's and still good: a PIN that was reset makes all of them void."""
    who, until, seal = [*kept.split("."), "", "", ""][:3]
    if who != officer or not (until.isascii() and until.isdigit()) or int(until) <= now.timestamp():
        return False
    expected = keys.device_seal(officer, until, people.pin(officer) or b"")
    return compare_digest(seal.encode("utf-8", "replace"), expected.encode())


def prove(found: Opened, *, pin: str, challenge: str, digits: str, now: datetime) -> None:
    """Let pass who knows the officer's PIN, or has the code that was just sent to the officer's own phone.

    Raises Invalid where neither was given, NotSignedIn where it is wrong, and TooMany.
    """
    from chalicelib.usecases import pins

    officer = found.officer.id
    if challenge and digits:
        try:
            person, kind = guards.try_challenge(challenge, now=now)
            right = compare_digest(
                keys.one_time_digits(challenge).encode(), digits.encode("utf-8", "replace")
            )
            if not right or (person, kind) != (officer, "device"):
                raise NotSignedIn("wrong digits")
            guards.spend_challenge(challenge, now=now)
        except NotFound as error:
            raise NotSignedIn("no such challenge") from error
        return
    # A PIN is never chosen here: whoever holds a forwarded SMS would choose it.
    if not pin or people.pin(officer) is None:
        raise Invalid([Fault("pin", "pin_needed")])
    pins.check(officer, pin, now=now)


def has_pin(found: Opened) -> bool:
    return people.pin(found.officer.id) is not None


def send_code(found: Opened, language: str, *, now: datetime) -> str:
    """Send a one-time code to the officer's phone and return its challenge. Raises TooMany."""
    from chalicelib.usecases import signin

    if found.officer.disabled:
        raise NotAllowed("disabled")
    return signin.send_code(found.officer.id, "device", language, now=now)
