"""Officers, citizens and who holds which duty post. Phones and addresses are stored sealed; ids are keyed hashes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import NotFound, StaleComplaint
from chalicelib.domain.notices import Holder
from chalicelib.domain.people import Citizen, Duty, Officer, acting
from chalicelib.domain.people import standing_in as combined
from chalicelib.store.tables import PersonRow, connection, moment, read_moment


@dataclass(frozen=True, slots=True)
class Away:
    """Out of the office from the first day to the last, in the city's days; the delegate is an officer's id."""

    delegate: str
    first: date
    last: date

    def on(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Registered:
    """An officer as stored, with the sealed contact data."""

    officer: Officer
    contact: bytes
    away: Away | None = None
    """The delegate whom they named last."""
    covers: Mapping[str, tuple[date, date]] = field(default_factory=dict)
    """Who named them as a delegate, and for which days; whether it still holds is said by ``away`` of those."""


def officer(officer_id: str) -> Officer:
    """Read an officer, always afresh: removing one cuts access at the next request. Raises NotFound."""
    return registered(officer_id).officer


def registered(officer_id: str) -> Registered:
    try:
        # Consistent: who was disabled a moment ago must not slip through a copy that has not heard of it.
        row = PersonRow.get(f"officer#{officer_id}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound(officer_id) from error
    return _registered(row)


def save_officer(person: Officer, contact: bytes) -> None:
    body = {
        "name": person.name,
        "title": person.title,
        "duties": [duty.post for duty in person.duties],
        "language": person.language,
        "disabled": person.disabled,
    }
    # An update and not a put: whom they named as their delegate, and who named them, outlives a new roster.
    PersonRow(f"officer#{person.id}").update(
        [
            PersonRow.body.set(json.dumps(body)),
            PersonRow.contact.set(contact),
            PersonRow.office_id.set(person.office),
        ]
    )


def be_away(principal: Registered, away: Away | None, delegate: Registered | None) -> None:
    """Write down who stands in for somebody and until when, or that nobody does: on both of their rows, or on none.

    Raises StaleComplaint where the delegate was named by somebody else at the same moment.
    """
    try:
        with TransactWrite(connection=connection()) as transaction:
            row = PersonRow(f"officer#{principal.officer.id}")
            days = [away.delegate, away.first.isoformat(), away.last.isoformat()] if away else None
            transaction.update(
                row, [PersonRow.away.set(json.dumps(days)) if days else PersonRow.away.remove()]
            )
            if away is not None and delegate is not None:
                named = dict(delegate.covers) | {principal.officer.id: (away.first, away.last)}
                # Who came back long ago is forgotten here: the row must not grow with the years.
                kept = {who: each for who, each in named.items() if each[1] >= away.first}
                before = _covers_body(delegate.covers)
                transaction.update(
                    PersonRow(f"officer#{delegate.officer.id}"),
                    [PersonRow.covers.set(_covers_body(kept))],
                    condition=PersonRow.covers == before
                    if delegate.covers
                    else PersonRow.covers.does_not_exist(),
                )
    except TransactWriteError as error:
        raise StaleComplaint(principal.officer.id) from error


def standing_in(found: Registered, on: date) -> Officer:
    """An officer with the duties of those whom they stand in for on a local day; mostly that costs no read."""
    others = []
    for principal, (first, last) in found.covers.items():
        if not first <= on <= last:
            continue
        try:
            other = registered(principal)
        except NotFound:
            continue
        named = other.away
        if named and named.delegate == found.officer.id and named.on(on) and not other.officer.disabled:
            others.append(other.officer)
    return combined(found.officer, others) if others else found.officer


def delegate_of(found: Registered, on: date) -> Registered | None:
    """Who gets what would reach somebody on a local day; None where they are here, or nobody is there for them."""
    if found.away is None or not found.away.on(on):
        return None
    try:
        other = registered(found.away.delegate)
    except NotFound:
        return None
    return None if other.officer.disabled else other


def names(ids: Iterable[str]) -> Mapping[str, str]:
    """The names of officers, by id; who is not known any more is left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = PersonRow.batch_get([f"officer#{item}" for item in wanted])
    return {row.pk.removeprefix("officer#"): str(json.loads(row.body)["name"]) for row in found}


def officers_of(office: str) -> Iterator[Officer]:
    """The officers of an office."""
    ids = [row.pk for row in PersonRow.by_office.query(office)]
    return (_officer(row) for row in PersonRow.batch_get(ids) if row.pk.startswith("officer#"))


Piket = tuple[date, date, Sequence[str]]
"""First and last day of a turn, and who then holds the post."""


def hold_post(post: str, officers: Iterable[str], piket: Iterable[Piket] = ()) -> None:
    """Set who stands behind a duty post: the holder first, then the delegate; and who takes turns there when."""
    body: dict[str, Any] = {"officers": list(officers)}
    if turns := [[first.isoformat(), last.isoformat(), [*who]] for first, last, who in piket]:
        body["piket"] = turns
    PersonRow(f"post#{post}", body=json.dumps(body)).save()


def seats(post: str) -> tuple[list[str], list[Piket]]:
    """Who stands behind a duty post and who takes turns there, as `hold_post` takes them; nobody where it is new."""
    try:
        body = json.loads(PersonRow.get(f"post#{post}", consistent_read=True).body)
    except DoesNotExist:
        return [], []
    turns = [(date.fromisoformat(a), date.fromisoformat(b), who) for a, b, who in body.get("piket", [])]
    return body["officers"], turns


def _on_duty(body: Mapping[str, Any], on: date | None) -> list[str]:
    """Who holds a post on a day: those of the piket list, or on a day that it does not name the standing holders.

    Without a day, everybody who ever does.
    """
    standing: list[str] = body["officers"]
    turns: list[tuple[str, str, list[str]]] = body.get("piket", [])
    if on is None:
        return [*standing, *(item for _, _, who in turns for item in who)]
    today = [item for first, last, who in turns if first <= on.isoformat() <= last for item in who]
    return today or standing


def holders(
    posts: Iterable[str],
    *,
    on: date | None = None,
    without: Callable[[Officer], bool] = lambda officer: officer.disabled,
) -> Mapping[str, Holder]:
    """Who holds each of these posts on a local day (without one: whoever ever does), but for whom ``without`` leaves
    out and who has no address at all; a post may have nobody.
    """
    wanted = sorted(set(posts))
    if not wanted:
        return {}
    rows = PersonRow.batch_get([f"post#{post}" for post in wanted])
    found = {row.pk.removeprefix("post#"): _on_duty(json.loads(row.body), on) for row in rows}
    ids = sorted({officer_id for officers in found.values() for officer_id in officers})
    people = {
        row.pk.removeprefix("officer#"): _officer(row)
        for row in (PersonRow.batch_get([f"officer#{item}" for item in ids]) if ids else ())
        if row.contact
    }

    def holder(post: str) -> Holder:
        # Each once: a holder who is their own delegate would make one notice twice, which no transaction takes.
        there = [
            item
            for item in dict.fromkeys(found.get(post, ()))
            if item in people and not without(people[item])
        ]
        title = people[there[0]].title if there else ""
        return Holder(post, tuple((item, people[item].language) for item in there), acting(title)[0])

    return {post: holder(post) for post in wanted}


def citizen(citizen_id: str) -> tuple[Citizen, bytes]:
    """Read a reporter and the sealed contact data. Raises NotFound."""
    try:
        # Consistent: the relay asks right after the transaction that made the row, and a miss there is a dead notice.
        row = PersonRow.get(f"citizen#{citizen_id}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound(citizen_id) from error
    return Citizen(citizen_id, json.loads(row.body)["language"]), bytes(row.contact or b"")


def citizen_row(person: Citizen, contact: bytes, *, now: datetime) -> PersonRow:
    """The row of a reporter, for the transaction of the case that brings the contact."""
    body = {"language": person.language, "since": moment(now)}
    # The day after: the sweep of contacts finds out itself how long this one is needed (usecases/privacy.py).
    look = f"look#{(now + timedelta(days=1)).date().isoformat()}"
    return PersonRow(f"citizen#{person.id}", body=json.dumps(body), contact=contact, office_id=look)


def known(citizen_id: str) -> tuple[Citizen, bytes, datetime]:
    """A reporter, the sealed contact data, and since when we have them. Raises NotFound."""
    try:
        row = PersonRow.get(f"citizen#{citizen_id}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound(citizen_id) from error
    body = json.loads(row.body)
    return Citizen(citizen_id, body["language"]), bytes(row.contact or b""), read_moment(body["since"])


def replace_citizen(row: PersonRow) -> None:
    """Store a corrected contact where there is one. Raises NotFound where it was erased meanwhile."""
    try:
        PersonRow(row.pk).update(
            actions=[PersonRow.body.set(row.body), PersonRow.contact.set(row.contact)],
            condition=PersonRow.pk.exists(),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise NotFound(row.pk) from error
        raise


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked at who a reporter is: ``shown`` (the reporter allowed it), ``callback`` (the number alone, in an
    emergency) or ``hidden`` (with the reason)."""

    code: str
    version: int
    at: datetime
    officer: str
    kind: str
    reason: str = ""


def look_row(look: Look) -> PersonRow:
    """The row of a look, for the transaction of the act itself: no contact is shown that the auditor cannot see was."""
    pk = f"look#{moment(look.at)}#{look.code}#{look.version}"
    body = {"code": look.code, "version": look.version, "at": moment(look.at), "officer": look.officer}
    said = {"kind": look.kind, "reason": look.reason}
    return PersonRow(pk, body=json.dumps(body | said, ensure_ascii=False), office_id=_looks(look.at))


def looks(month: str, *, after: str | None, limit: int) -> list[tuple[str, Look]]:
    """The looks of a month (``2026-11``, UTC) with their positions, the newest first, from behind a position on."""
    before = PersonRow.pk < after if after else None
    found = PersonRow.by_office.query(
        f"looks#{month}", before, scan_index_forward=False, limit=limit, page_size=limit
    )
    keys = [row.pk for row in found]
    rows = {row.pk: json.loads(row.body) for row in (PersonRow.batch_get(keys) if keys else ())}
    return [(key, Look(**(rows[key] | {"at": read_moment(rows[key]["at"])}))) for key in keys if key in rows]


def _looks(at: datetime) -> str:
    return f"looks#{moment(at)[:7]}"


def pin(officer_id: str) -> bytes | None:
    """What an officer's PIN was hashed to; None where none was chosen."""
    try:
        return bytes(PersonRow.get(f"pin#{officer_id}", consistent_read=True).contact or b"")
    except DoesNotExist:
        return None


def set_pin(officer_id: str, hashed: bytes) -> bool:
    """Store the hash of a first PIN; False where somebody has just chosen another."""
    try:
        PersonRow(f"pin#{officer_id}", body="{}", contact=hashed).save(
            condition=PersonRow.pk.does_not_exist()
        )
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def clear_pin(officer_id: str) -> None:
    PersonRow(f"pin#{officer_id}").delete()


@dataclass(frozen=True, slots=True)
class Login:
    """Whose mailbox this is at the identity provider: officer ids, and the account bound to it by its first sign-in."""

    officers: tuple[str, ...]
    account: str = ""


def login(mailbox: str) -> Login | None:
    """By the keyed hash of a mailbox; None where it is nobody's."""
    try:
        row = PersonRow.get(f"login#{mailbox}", consistent_read=True)
    except DoesNotExist:
        return None
    body = json.loads(row.body)
    return Login(tuple(body["officers"]), body["account"])


def set_login(mailbox: str, found: Login, *, previous: Login | None) -> bool:
    """Store it upon what was read; False where somebody else was faster."""
    row = PersonRow(f"login#{mailbox}", body=_login_body(found))
    condition = PersonRow.pk.does_not_exist() if previous is None else PersonRow.body == _login_body(previous)
    try:
        row.save(condition=condition)
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _login_body(found: Login) -> str:
    return json.dumps({"officers": list(found.officers), "account": found.account})


def data_key(person: str) -> bytes:
    """The wrapped data key of one person. Raises NotFound where there never was one, or it was shredded."""
    try:
        row = PersonRow.get(f"key#{person}", consistent_read=True)
    except DoesNotExist as error:
        raise NotFound(person) from error
    return bytes(row.contact or b"")


def add_data_key(person: str, wrapped: bytes) -> bytes:
    """Store a wrapped data key where the person has none, and return the one that now stands."""
    try:
        PersonRow(f"key#{person}", body="{}", contact=wrapped).save(condition=PersonRow.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return data_key(person)
    return wrapped


def shred_data_key(person: str) -> None:
    """Delete a person's data key: whatever was sealed under it, in this table or a copy of it, opens no more."""
    PersonRow(f"key#{person}").delete()


def all_officers() -> Iterator[Registered]:
    """Every officer; for an operator's command that rebuilds topics, never for a request."""
    for row in PersonRow.scan(PersonRow.pk.startswith("officer#")):
        yield _registered(row)


def _registered(row: PersonRow) -> Registered:
    days = json.loads(row.away) if row.away else None
    covers = json.loads(row.covers) if row.covers else {}
    return Registered(
        _officer(row),
        bytes(row.contact or b""),
        Away(days[0], date.fromisoformat(days[1]), date.fromisoformat(days[2])) if days else None,
        {who: (date.fromisoformat(each[0]), date.fromisoformat(each[1])) for who, each in covers.items()},
    )


def _covers_body(covers: Mapping[str, tuple[date, date]]) -> str:
    return json.dumps({who: [first.isoformat(), last.isoformat()] for who, (first, last) in covers.items()})


def _officer(row: PersonRow) -> Officer:
    body = json.loads(row.body)
    return Officer(
        id=row.pk.removeprefix("officer#"),
        name=body["name"],
        title=body["title"],
        office=row.office_id or "",
        duties=tuple(Duty.parse(post) for post in body["duties"]),
        language=body["language"],
        disabled=body["disabled"],
    )
