"""What UU 27/2022 gives a person: a copy of all that is held, its correction, its erasure; and what time alone erases.

Whoever is signed in has all of it; the bearer of a case's secret link has that case. Docs: docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain import forgetting, reporting
from chalicelib.domain.complaint import CONSENT, CONSENT_IN_FORCE, CONSENT_LANGUAGE, OPEN, Complaint, Status
from chalicelib.domain.errors import DomainError, Fault, Invalid, NotFound, StaleComplaint
from chalicelib.domain.people import Act, Citizen
from chalicelib.domain.wishes import NONE, Wish
from chalicelib.observability import count, gauge, logger
from chalicelib.store import bans, complaints, outbox, people, privacy, search, wishes
from chalicelib.store.complaints import Stored
from chalicelib.store.outbox import Delivery
from chalicelib.store.privacy import Erasure as Erasure
from chalicelib.usecases import duplicates, endings, photos, sealing
from chalicelib.usecases.handling import is_reporter
from chalicelib.usecases.record import city, record
from chalicelib.usecases.signin import Kind, Who

MOST = 200
"""Cases in one copy: a gateway's answer is ten megabytes at most."""
AT_ONCE = 5
"""Cases that are erased while somebody waits; the job does the rest within minutes."""
_TRIES = 5
_DAY = timedelta(days=1)
_FIRST_LOOK = timedelta(days=30)
"""How far back the very first run looks; each contact asks for its first look the day after it came."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which consent text somebody was shown; ``in_force`` where it is only known which one was in force then."""

    version: str | None
    language: str | None
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class HeldCase:
    """One case of somebody, which consent text they were shown with it, and what was sent about it."""

    stored: Stored
    consent: Shown
    sent: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held on somebody."""

    person: str | None
    since: datetime | None
    language: str
    contact: dict[str, str] | None
    cases: tuple[HeldCase, ...]
    joined: tuple[duplicates.Join, ...]
    more: bool
    wish: Wish = NONE
    """What they chose of messages; nothing where a link shows one case."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody corrects; None leaves it as it is."""

    name: str | None = None
    email: str | None = None
    language: str | None = None


# A copy -------------------------------------------------------------------------------------------------------


def held_on(who: Who) -> Held:
    """All that is held on whoever this is. Raises NotFound for anybody but a reporter, and once nothing is left."""
    if who.kind is Kind.LINK:
        stored = complaints.get(who.id.rpartition(".")[0], consistent=True)
        if not is_reporter(who, stored.complaint):
            raise NotFound("case")
        person = stored.complaint.citizen
        # A link opens one case and may have been passed on: of the contact it shows what its owner recognises.
        contact = {name: _ends(value) for name, value in _contact(person).items()} if person else None
        return Held(None, None, stored.complaint.language, contact, (_held(stored),), (), more=False)
    if who.kind is not Kind.CITIZEN:
        raise NotFound("person")
    citizen, sealed, since = people.known(who.id)
    codes = list(privacy.cases_of(who.id))
    cases = tuple(_held(complaints.get(code, consistent=True)) for code in codes[-MOST:])
    joined = tuple(duplicates.joined_case(code, who)[1] for code in privacy.joined_by(who.id))
    return Held(
        who.id,
        since,
        citizen.language,
        sealing.unseal(who.id, sealed),
        cases,
        joined,
        more=len(codes) > MOST,
        wish=wishes.of("citizen", who.id),
    )


def _held(stored: Stored) -> HeldCase:
    filed = next((event.data for event in stored.history if event.act is Act.FILE), {})
    shown = Shown(
        filed.get(CONSENT),
        # Reports of before this was written down were shown the text in their own language.
        filed.get(CONSENT_LANGUAGE, stored.complaint.language) if filed.get(CONSENT) else None,
        bool(filed.get(CONSENT_IN_FORCE)),
    )
    return HeldCase(stored, shown, tuple(outbox.of_complaint(stored.complaint.code)))


def _contact(person: str) -> dict[str, str]:
    with suppress(NotFound):
        return sealing.unseal(person, people.citizen(person)[1])
    return {}


def _ends(value: str) -> str:
    return f"…{value[-3:]}" if len(value) > 6 else "…"


# Correction ---------------------------------------------------------------------------------------------------


def correct(who: Who, correction: Correction) -> dict[str, str]:
    """Change what may be changed of somebody's contact; answers it as it stands now, language included.

    Raises NotFound for anybody but a signed-in reporter, Invalid for a second address without a phone.
    """
    if who.kind is not Kind.CITIZEN:
        raise NotFound("person")
    citizen, sealed, since = people.known(who.id)
    contact = sealing.unseal(who.id, sealed)
    if correction.email is not None and not contact.get("phone"):
        raise Invalid([Fault("email", "phone_only")])
    changed = {"name": correction.name, "email": correction.email}
    contact |= {name: value for name, value in changed.items() if value is not None}
    contact = {name: value for name, value in contact.items() if value}
    language = correction.language or citizen.language
    row = people.citizen_row(Citizen(who.id, language), sealing.seal(who.id, contact), now=since)
    people.replace_citizen(row)
    return {**contact, "language": language}


# Erasure ------------------------------------------------------------------------------------------------------


def erase(who: Who, *, now: datetime) -> privacy.Erasure:
    """Forget somebody, or by a secret link one case of theirs: the contact at once, the words now or by the job.

    Asked twice it goes on with the first request. Raises NotFound for anybody but a reporter.
    """
    if who.kind is Kind.LINK:
        code = who.id.rpartition(".")[0]
        if not is_reporter(who, complaints.get_head(code, consistent=True).complaint):
            raise NotFound("case")
        request = privacy.Erasure(code, None, (code,), now, "link")
    elif who.kind is Kind.CITIZEN:
        codes = tuple(privacy.cases_of(who.id))
        waiting = next((each for each in privacy.open_erasures() if each.person == who.id), None)
        if waiting is None and not codes and not _is_known(who.id):
            raise NotFound("person")
        request = waiting or privacy.Erasure(_id(who.id, now), who.id, codes, now, "citizen")
    else:
        raise NotFound("person")
    # First of all the entry in the register: from here on somebody finishes it, whatever happens to this request.
    privacy.register(request)
    logger.info("an erasure was asked for", extra={"erasure": request.id, "by": request.by})
    count("ErasuresAsked")
    return _carry_out(request, now=now, most=AT_ONCE)


def _id(person: str, now: datetime) -> str:
    return f"{person}#{int(now.timestamp() * 1000)}"


def _is_known(person: str) -> bool:
    try:
        people.citizen(person)
    except NotFound:
        return False
    return True


def _carry_out(
    request: privacy.Erasure, *, now: datetime, most: int | None = None, has_time: Callable[[], bool] = bool
) -> privacy.Erasure:
    """Do what is left of a request, and close it once nothing is; every step may be done again."""
    person = request.person
    if person is not None:
        privacy.forget_contact(person)
    # The index may have lagged behind a case that was filed a moment before the request.
    codes = list(dict.fromkeys((*request.codes, *(privacy.cases_of(person) if person else ()))))
    if len(codes) > len(request.codes):
        request = replace(request, codes=tuple(codes))
        privacy.register(request)
    for number, code in enumerate(codes):
        if (most is not None and number >= most) or (number and has_time is not bool and not has_time()):
            return request
        _erase_case(code, now)
    if person is not None:
        for code in privacy.joined_by(person):
            privacy.forget_joins(code, person)
    done = replace(request, done_at=now)
    privacy.register(done)
    return done


def _erase_case(code: str, now: datetime) -> None:
    for _ in range(_TRIES):
        try:
            stored = complaints.get(code, consistent=True)
        except NotFound:
            return  # deleted after its time in the archive
        try:
            if not any(event.act is Act.ERASE for event in stored.history):
                if stored.complaint.status in OPEN - {Status.APPEALED}:
                    change = reporting.withdraw(stored.complaint, "other", now=now)
                    record(change, previous=stored, beside=endings.parting(stored.complaint))
                    continue
                record(forgetting.erase(stored.complaint, now=now), previous=stored)
                continue
            privacy.forget_history(stored)
            privacy.forget_messages(code)
            photos.erase_of(code, now=now)
            search.mark_anew([code])  # written into the index anew, now that there are no words
            bans.forget_origin(code, (stored.spoken or {}).get("key"))
            return
        except StaleComplaint:
            continue  # somebody acted meanwhile: read again
    raise StaleComplaint(code)


# What time erases ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retained:
    """One run of the job: erasures finished, contacts wiped, and whether all was done."""

    erased: int
    wiped: int
    finished: bool


def retain(*, now: datetime, has_time: Callable[[], bool] = lambda: True) -> Retained:
    """Finish erasures that were asked for, then wipe contacts that are no longer needed. May be run twice."""
    waiting = privacy.open_erasures()
    gauge("OldestErasure", max(((now - each.asked_at).total_seconds() for each in waiting), default=0.0))
    erased = 0
    for request in waiting:
        if not has_time():
            return Retained(erased, 0, finished=False)
        try:
            erased += _carry_out(request, now=now, has_time=has_time).done_at is not None
        except DomainError as error:
            # It stays open, and its age raises the alarm.
            logger.warning("an erasure waits", extra={"erasure": request.id, "why": type(error).__name__})
    wiped = 0
    for day in _days(now):
        for person, since in privacy.to_look_at(day):
            if not has_time():
                return Retained(erased, wiped, finished=False)
            wiped += _look_at(person, since, now)
        if day < now.date():
            privacy.set_looked_until(day)  # of today more may come
    return Retained(erased, wiped, finished=True)


def _days(now: datetime) -> Iterator[date]:
    """The days to look at, oldest first: those that no run has finished yet, and today."""
    done = privacy.looked_until() or (now - _FIRST_LOOK).date()
    day = done + _DAY
    while day <= now.date():
        yield day
        day += _DAY


def _look_at(person: str, since: datetime, now: datetime) -> bool:
    """Wipe a contact that nothing needs any more, or put the next look off to when that may be."""
    cases: list[Complaint] = []
    for code in privacy.cases_of(person):
        with suppress(NotFound):
            cases.append(complaints.get_head(code, consistent=True).complaint)
    until = forgetting.keep_until(cases, since, city())
    if until is not None and until <= now:
        request = privacy.Erasure(_id(person, now), person, (), now, "retention", now)
        # The register first: a restore must not bring the contact back.
        privacy.register(request)
        privacy.forget_contact(person)
        count("ContactsWiped")
        return True
    # While a case is open nobody knows when it ends: look again when the contact could be due at the earliest.
    again = until or now + timedelta(days=city().retention_days["identity"])
    privacy.look_on(person, max(again.date(), (now + _DAY).date()))
    return False
