"""What a local gateway brings us: an officer's answer by SMS, and the receipt of a message.

Off until the gateway's secret is configured. The sender's number says who it is, as for one-time codes; whoever the
city does not know, and whoever may not read the case, learns nothing. The answer goes back by the gateway itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib import keys, webhooks
from chalicelib.domain import answers
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import DomainError, NotFound, StaleComplaint, TooMany
from chalicelib.domain.notices import render
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.observability import logger
from chalicelib.store import complaints, guards, outbox, people
from chalicelib.usecases import handling
from chalicelib.usecases.record import city, local_day

PER_HOUR = 30
"""Answers of one number: more than any officer types."""
_SENTENCE_LEAST = 3
_TRIES = 3


def is_ours(body: bytes, signature: str) -> bool:
    """Whether the gateway sent this."""
    return webhooks.is_signed(body, signature)


def answered(sender: str, typed: str, message: str, *, now: datetime) -> str:
    """Do what an officer's SMS says, and return the SMS that goes back; empty where none does.

    ``message`` is the gateway's id of it: one that comes again does nothing. Raises TooMany.
    """
    try:
        guards.hit(f"inbound#{keys.person_id(message)}", 1, timedelta(days=1), now=now)
    except TooMany:
        return ""
    person = keys.person_id(sender)
    guards.hit(f"inbound-number#{person}", PER_HOUR, timedelta(hours=1), now=now)
    try:
        found = people.registered(person)
    except NotFound:
        return ""  # a stranger costs us no SMS
    officer = people.standing_in(found, local_day(now))
    said = answers.read(typed, city().code_prefix)
    if officer.disabled or said is None:
        return "" if officer.disabled else _reply("help", officer, "")
    if said.act is None or (said.act in (Act.ASK, Act.RESOLVE) and len(said.text) < _SENTENCE_LEAST):
        return _reply("help", officer, said.code)
    try:
        _do(said.code, said.act, officer, said.text, now)
    except DomainError as error:
        logger.info("an answer by SMS was refused", extra={"code": said.code, "why": type(error).__name__})
        return _reply("refused", officer, said.code)
    logger.info("an act by SMS", extra={"code": said.code, "act": said.act, "officer": officer.id})
    return _reply("done", officer, said.code)


def received(notice_id: str, *, delivered: bool, reason: str) -> None:
    """Write down what became of a message at the network. Raises NotFound where none like it left."""
    outbox.receive(notice_id, "delivered" if delivered else "failed", reason)


def _do(code: str, act: Act, officer: Officer, text: str, now: datetime) -> None:
    """Do it on the case as it stands; somebody who was faster is read again."""
    does: dict[Act, Callable[[int], Complaint]] = {
        Act.ACKNOWLEDGE: lambda seen: handling.acknowledge(code, officer, if_match=seen, now=now),
        Act.START: lambda seen: handling.start(code, officer, if_match=seen, now=now),
        Act.ASK: lambda seen: handling.ask(code, officer, text, if_match=seen, now=now),
        Act.RESOLVE: lambda seen: handling.resolve(code, officer, text, if_match=seen, now=now),
    }
    for attempt in range(_TRIES):
        complaint = complaints.get(code, consistent=True).complaint
        if not allowed(officer, Act.READ, complaint, city()):
            raise NotFound(code)
        try:
            does[act](complaint.version)
            return
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise


def _reply(what: str, officer: Officer, code: str) -> str:
    profile = city()
    language = officer.language if officer.language in profile.templates else profile.languages[0]
    code = code or f"{profile.code_prefix}-..."
    return render(f"inbound_{what}.sms", {"code": code}, language, profile, one_sms=True)
