"""Who joined a case and what was merged into it: rows of its partition that no version covers.

``~join#<id>`` is one person, ``~merged#<code>`` one case, ``~no#<round>#<who>`` one "belum"; ``count#0`` to
``count#7`` add up to how many joined. None of them is the head: a thousand people who join cost no officer a lost
race.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import NotFound
from chalicelib.domain.notices import CITIZEN_SMS_PER_CASE, Channel, Notice
from chalicelib.store import guards, outbox
from chalicelib.store.complaints import BESIDE, COUNT, MERGED_HERE, Also
from chalicelib.store.tables import (
    ComplaintRow,
    PersonRow,
    connection,
    moment,
    read_moment,
    shard,
)

COUNT_SHARDS = 8
"""May only grow. People who join at once meet on an eighth of one counter, or their transactions would collide."""
JOIN, _MERGED, _NO = f"{BESIDE}join#", f"{BESIDE}merged#", f"{BESIDE}no#"
_TRIES = 12
"""How often a transaction that met another one is tried: who joins can wait some tenths of a second."""


class AlreadyThere(Exception):
    """The row exists: this person joined before, or this notice was written."""


@dataclass(frozen=True, slots=True)
class Join:
    """One person who joined. ``id`` is a hash that opens nothing; the link's secret is stored nowhere."""

    code: str
    id: str
    joined_at: datetime
    language: str
    person: str | None = None
    """None where they left no contact."""
    reach: str = ""
    rating: int | None = None
    rating_words: str = ""
    own_case: str | None = None
    """The case that they filed when they said "belum"."""
    consent: str = ""
    """Which consent text was in force when they left their contact; it was shown in ``language``."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One row of those that hear of a case's end: a person, or a case by its code; ``position`` is where to go on."""

    position: str
    join: Join | None = None
    merged: str | None = None


def add(
    join: Join,
    notices: Sequence[Notice] = (),
    *,
    guard: guards.Guard | None = None,
    reporter: PersonRow | None = None,
) -> None:
    """Store a person, count them, and write what they are told: all or nothing. Raises AlreadyThere."""

    def fill(transaction: TransactWrite) -> None:
        row = ComplaintRow(join.code, f"{JOIN}{join.id}", body=_body(join), tally=_texts(notices))
        if join.person:
            # In the index of a citizen's own cases, under a name of its own: what somebody joined is theirs to know.
            row.citizen_id, row.listed_at = f"join#{join.person}", moment(join.joined_at)
        transaction.save(row, condition=ComplaintRow.pk.does_not_exist())
        for notice in notices:
            transaction.save(outbox.row(notice), condition=outbox.is_new())
        if reporter is not None:
            transaction.save(reporter)
        if guard is not None:
            transaction.save(guards.row(guard), condition=guards.is_free(guard.now))
        counter = ComplaintRow(join.code, f"{COUNT}{shard(join.id, COUNT_SHARDS)}")
        transaction.update(counter, [ComplaintRow.tally.add(1)])

    _transact(fill)


def get(code: str, join_id: str) -> Join:
    """Raises NotFound."""
    query = ComplaintRow.query(code, ComplaintRow.sk == f"{JOIN}{join_id}", limit=1, consistent_read=True)
    row = next(iter(query), None)
    if row is None:
        raise NotFound(code)
    return _join(row)


def put(join: Join, *, previous: Join) -> None:
    """Write down what somebody who joined has said since (a rating, the case that they filed), upon what was read.

    Raises AlreadyThere where they said something else meanwhile.
    """
    try:
        ComplaintRow(join.code, f"{JOIN}{join.id}").update(
            [ComplaintRow.body.set(_body(join))], condition=ComplaintRow.body == _body(previous)
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise AlreadyThere from error
        raise


def count(code: str) -> int:
    """How many joined: a query of at most nine small rows."""
    rows = ComplaintRow.query(code, ComplaintRow.sk.startswith(COUNT), consistent_read=True)
    return sum(int(row.tally or 0) for row in rows if row.sk != MERGED_HERE)


def page(code: str, *, after: str, limit: int) -> list[Beside]:
    """Those who hear of the case's end, people first, from behind a position on."""
    rows = ComplaintRow.query(
        code,
        ComplaintRow.sk.between(f"{after}!" if after else JOIN, f"{_MERGED}~"),
        limit=limit,
        consistent_read=True,
    )
    found = []
    for row in rows:
        if row.sk.startswith(JOIN):
            found.append(Beside(row.sk, join=_join(row)))
        elif row.sk.startswith(_MERGED):
            found.append(Beside(row.sk, merged=row.sk.removeprefix(_MERGED)))
    return found


def merged_into(code: str, *, most: int = 100) -> list[str]:
    """Codes of the cases that go with this one."""
    rows = ComplaintRow.query(code, ComplaintRow.sk.startswith(_MERGED), limit=most, consistent_read=True)
    return [row.sk.removeprefix(_MERGED) for row in rows]


def tell(join: Join, notice: Notice) -> None:
    """Write one notice to somebody who joined, once, and within their SMS for this case; else nothing happens."""

    def fill(transaction: TransactWrite) -> None:
        transaction.save(outbox.row(notice), condition=outbox.is_new())
        if notice.channel is Channel.SMS:
            row = ComplaintRow(join.code, f"{JOIN}{join.id}")
            transaction.update(
                row,
                [ComplaintRow.tally.add(1)],
                condition=ComplaintRow.pk.exists()
                & (ComplaintRow.tally.does_not_exist() | (ComplaintRow.tally < CITIZEN_SMS_PER_CASE)),
            )

    try:
        _transact(fill)
    except AlreadyThere:
        return


def merging(complaint: Complaint, master: Complaint) -> Also:
    """What a merge writes beside its head: the master is as it was read, and nothing goes with this case."""

    def fill(transaction: TransactWrite) -> None:
        transaction.condition_check(
            ComplaintRow, master.code, "head", condition=ComplaintRow.version == master.version
        )
        transaction.condition_check(
            ComplaintRow,
            complaint.code,
            MERGED_HERE,
            condition=ComplaintRow.tally.does_not_exist() | (ComplaintRow.tally == 0),
        )
        link = ComplaintRow(master.code, f"{_MERGED}{complaint.code}", body="{}")
        transaction.save(link)
        transaction.update(ComplaintRow(master.code, MERGED_HERE), [ComplaintRow.tally.add(1)])

    return fill


def parting(code: str, master: str) -> Also:
    """What the end of a merge writes beside its head."""

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(ComplaintRow(master, f"{_MERGED}{code}"))
        transaction.update(ComplaintRow(master, MERGED_HERE), [ComplaintRow.tally.add(-1)])

    return fill


def saying_no(code: str, round_: datetime, who: str, notice: Notice) -> Also:
    """One "belum" about a solution (named by its moment), with the row that has it counted; a person has one voice."""

    def fill(transaction: TransactWrite) -> None:
        transaction.save(ComplaintRow(code, f"{_no(round_)}{who}", body="{}"))
        transaction.save(outbox.row(notice))

    return fill


def say_no(code: str, round_: datetime, who: str, notice: Notice) -> None:
    _transact(saying_no(code, round_, who, notice))


def noes(code: str, round_: datetime) -> int:
    """How many said "belum" about this solution."""
    return ComplaintRow.count(code, ComplaintRow.sk.startswith(_no(round_)), consistent_read=True)


# Inside -------------------------------------------------------------------------------------------------------


def _no(round_: datetime) -> str:
    return f"{_NO}{moment(round_)}#"


def _transact(fill: Also) -> None:
    for attempt in range(_TRIES):
        try:
            with TransactWrite(connection=connection()) as transaction:
                fill(transaction)
            return
        except TransactWriteError as error:
            reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
            if "ConditionalCheckFailed" in reasons:
                raise AlreadyThere from error
            if "TransactionConflict" not in reasons or attempt == _TRIES - 1:
                raise
            time.sleep(random.uniform(0.01, 0.05) * min(2**attempt, 16))  # noqa: S311  jitter, no secret


def _texts(notices: Sequence[Notice]) -> int:
    return sum(notice.channel is Channel.SMS for notice in notices)


def _body(join: Join) -> str:
    values = {
        "at": moment(join.joined_at),
        "language": join.language,
        "person": join.person,
        "reach": join.reach,
        "rating": join.rating,
        "rating_words": join.rating_words,
        "own_case": join.own_case,
        "consent": join.consent,
    }
    return json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=False)


def _join(row: ComplaintRow) -> Join:
    body = json.loads(row.body)
    return Join(
        code=row.pk,
        id=row.sk.removeprefix(JOIN),
        joined_at=read_moment(body["at"]),
        language=body["language"],
        person=body.get("person"),
        reach=body.get("reach", ""),
        rating=body.get("rating"),
        rating_words=body.get("rating_words", ""),
        own_case=body.get("own_case"),
        consent=body.get("consent", ""),
    )
