"""Rows that forgetting needs: the register of erasures, and which contact is to be looked at on which day.

All of it stands in ``people``. ``erasure#<id>`` is a tombstone and stays for good: a restore replays it before it
serves (`infra.recovery`). A citizen's row stands under ``look#<day>`` in the index of offices, a name that no office
has: the day on which its contact may no longer be needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pynamodb.exceptions import DoesNotExist, UpdateError

from chalicelib.domain import ledger
from chalicelib.domain.people import Act
from chalicelib.store.complaints import Stored
from chalicelib.store.joins import JOIN
from chalicelib.store.tables import ComplaintRow, NoticeRow, PersonRow, moment, read_moment

OPEN, DONE = "register#erasures-open", "register#erasures"
_LOOKED = "retention#looked"
_EVENT = "event#"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One entry of the register: whose, which cases, when asked and when done. No word of what was erased."""

    id: str
    person: str | None
    codes: tuple[str, ...]
    asked_at: datetime
    by: str
    """``citizen``, ``link`` or ``retention``."""
    done_at: datetime | None = None


def register(erasure: Erasure) -> None:
    """Write an entry; the same id again changes nothing but what is done."""
    body = {
        "person": erasure.person,
        "codes": list(erasure.codes),
        "asked_at": moment(erasure.asked_at),
        "by": erasure.by,
        "done_at": moment(erasure.done_at) if erasure.done_at else None,
    }
    PersonRow(
        f"erasure#{erasure.id}", body=json.dumps(body), office_id=DONE if erasure.done_at else OPEN
    ).save()


def open_erasures() -> list[Erasure]:
    """Those that are not finished yet, oldest request first."""
    rows = PersonRow.batch_get([row.pk for row in PersonRow.by_office.query(OPEN)])
    return sorted((_erasure(row) for row in rows), key=lambda each: each.asked_at)


def forget_contact(person: str) -> None:
    """Delete somebody's contact and the key that it was sealed under; done twice, it changes nothing."""
    PersonRow(f"citizen#{person}").delete()
    PersonRow(f"key#{person}").delete()
    PersonRow(f"wish#citizen#{person}").delete()
    PersonRow(f"push#citizen#{person}").delete()


def cases_of(person: str) -> Iterator[str]:
    """Codes of all cases of somebody, oldest first."""
    for row in ComplaintRow.by_citizen.query(person):
        yield row.pk


def joined_by(person: str) -> list[str]:
    """Codes of the cases that somebody joined."""
    return [row.pk for row in ComplaintRow.by_citizen.query(f"join#{person}")]


def forget_joins(code: str, person: str) -> None:
    """Take somebody out of what joined a case; that somebody joined stays counted."""
    for row in ComplaintRow.query(code, ComplaintRow.sk.startswith(JOIN), consistent_read=True):
        body: dict[str, Any] = json.loads(row.body)
        if body.get("person") == person:
            kept = {name: body[name] for name in ("at", "language", "rating") if name in body}
            row.update(
                actions=[
                    ComplaintRow.body.set(json.dumps(kept)),
                    ComplaintRow.citizen_id.remove(),
                    ComplaintRow.listed_at.remove(),
                ]
            )


def forget_history(stored: Stored) -> int:
    """Empty all entries of a case's history of what was said, up to its erasure; answers how many it was.

    Each is one write and the chain holds after every one of them, so it may stop anywhere and be done again.
    """
    erased_at = max(
        (version for version, entry in stored.entries if entry.get("act") == Act.ERASE), default=0
    )
    emptied = 0
    for version, entry in stored.entries:
        if version < erased_at and not entry.get("erased"):
            row = ComplaintRow(stored.complaint.code, f"{_EVENT}{version:06d}")
            body = json.dumps(ledger.erased(entry), ensure_ascii=False, separators=(",", ":"))
            row.update(actions=[ComplaintRow.body.set(body)])
            emptied += 1
    return emptied


def forget_messages(code: str) -> None:
    """Delete what was sent about a case, and what still waits for its reporter: copies of the words stand in it."""
    found = [row.notice_id for row in NoticeRow.by_complaint.query(code)]
    for row in NoticeRow.batch_get(found) if found else ():
        if row.state != "pending" or json.loads(row.body)["to"].startswith("citizen#"):
            row.delete()


# When to look at a contact ------------------------------------------------------------------------------------


def look_on(person: str, day: date) -> None:
    """Have a contact looked at on this day. Nothing happens where it is gone."""
    try:
        PersonRow(f"citizen#{person}").update(
            actions=[PersonRow.office_id.set(f"look#{day.isoformat()}")], condition=PersonRow.pk.exists()
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def to_look_at(day: date) -> Iterator[tuple[str, datetime]]:
    """Whose contact may no longer be needed on this day, and since when we have it."""
    found = [row.pk for row in PersonRow.by_office.query(f"look#{day.isoformat()}")]
    for row in PersonRow.batch_get(found) if found else ():
        yield row.pk.removeprefix("citizen#"), read_moment(json.loads(row.body)["since"])


def looked_until() -> date | None:
    """The last day whose contacts were all looked at; None before the first."""
    try:
        return date.fromisoformat(json.loads(PersonRow.get(_LOOKED).body)["day"])
    except DoesNotExist:
        return None


def set_looked_until(day: date) -> None:
    PersonRow(_LOOKED, body=json.dumps({"day": day.isoformat()})).save()


def _erasure(row: PersonRow) -> Erasure:
    body: Mapping[str, Any] = json.loads(row.body)
    codes: Sequence[str] = body["codes"]
    return Erasure(
        row.pk.removeprefix("erasure#"),
        body["person"],
        tuple(codes),
        read_moment(body["asked_at"]),
        body["by"],
        read_moment(body["done_at"]) if body["done_at"] else None,
    )
