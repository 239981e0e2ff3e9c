"""Notices that wait to be sent, and what became of each. At least once; a claim keeps it at once in all but one window.

The window: a process that dies between publish and mark leaves a notice that the sweep sends again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.errors import NotFound
from chalicelib.domain.notices import Channel, Notice
from chalicelib.domain.together import Neighbour, is_beside, version_of
from chalicelib.observability import correlation
from chalicelib.store.tables import PENDING_SHARDS, NoticeRow, moment, read_moment, shard

LEASE = timedelta(minutes=2)
KEPT_AFTER_SENDING = timedelta(days=30)
_DEAD = "dead"
"""The shard of the index in which no sweep looks."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice with its fate so far."""

    notice: Notice
    state: str
    """``pending``, ``sent``, ``dead`` (gave up), ``expired`` (no longer useful) or ``decoy`` (never meant to go).

    ``merged``: another message tells it; ``stopped``: a citizen wants none; ``unwanted``: an officer hears it by the
    other channel; ``over_budget``; ``staging``: nobody that this stage may reach. Where a receipt came, ``delivered``
    or ``failed``.
    """
    tries: int
    fate: str
    next_attempt_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A notice taken for sending by one attempt."""

    id: str
    notice_id: str
    tries: int
    repeats: bool
    """Whoever held it before never said how it ended: they died, perhaps after sending."""
    row: NoticeRow

    @property
    def created_at(self) -> datetime:
        return read_moment(self.row.created_at)

    @property
    def asked(self) -> str:
        """The request or invocation that wrote the notice, for the log; empty where it is not known."""
        try:
            return str(json.loads(self.row.body).get("asked", ""))
        except (ValueError, AttributeError, TypeError):
            return ""  # a body that this code cannot read is told where it is read

    @property
    def held_until(self) -> datetime | None:
        """When it was last let go after quiet hours; None where it never had to wait for them."""
        return read_moment(self.row.held_until) if self.row.held_until else None

    @property
    def notice(self) -> Notice:
        """What to send. Raises ValueError, KeyError or TypeError where this version of the code cannot read it."""
        return _delivery(self.row).notice


class Taken(Exception):
    """Somebody else is sending it, it is not due, or it has been sent."""


def row(notice: Notice, *, decoy: bool = False) -> NoticeRow:
    """The row of a fresh notice, due at once; a decoy is one that nobody ever sends."""
    body = {
        "template": notice.template,
        "channel": notice.channel,
        "to": notice.to,
        "language": notice.language,
        "useful_until": notice.useful_until.isoformat(),
        "args": dict(notice.args),
        "sms": notice.sms,
        "urgent": notice.urgent,
        "at_night": notice.at_night,
        **({"area": notice.area} if notice.area else {}),
        **({"level": notice.level} if notice.level else {}),
        **({"asked": asked} if (asked := correlation()) else {}),
    }
    return NoticeRow(
        notice.id,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        state="decoy" if decoy else "pending",
        code=notice.code or None,
        created_at=moment(notice.created_at),
        pending_shard=None if decoy else shard(notice.id, PENDING_SHARDS),
        next_attempt_at=None if decoy else moment(notice.created_at),
        expires_at=int(notice.useful_until.timestamp()) if decoy else None,
    )


def is_new() -> Condition:
    return NoticeRow.notice_id.does_not_exist()


def add(notice: Notice, *, decoy: bool = False) -> None:
    """Store a notice that belongs to no case (a one-time code), or a decoy that costs the same."""
    row(notice, decoy=decoy).save(condition=is_new())


def add_once(notice: Notice, *, at: datetime | None = None) -> bool:
    """Store a notice that comes once, due at once or from ``at`` on; False where its id stands already, sent or not."""
    made = row(notice)
    if at is not None:
        made.next_attempt_at = moment(at)
    try:
        made.save(condition=is_new())
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def get(notice_id: str) -> Delivery:
    try:
        return _delivery(NoticeRow.get(notice_id, consistent_read=True))
    except NoticeRow.DoesNotExist as error:
        raise NotFound(notice_id) from error


def claim(notice_id: str, *, now: datetime) -> Claim:
    """Take a notice for sending, for as long as a lease. Raises Taken unless it is pending and due on the base row."""
    claim_id = uuid.uuid4().hex
    found = NoticeRow(notice_id)
    try:
        found.update(
            actions=[
                NoticeRow.claim.set(claim_id),
                # Taken back by whoever says how it ended, so more than one means that somebody never did.
                NoticeRow.claims.add(1),
                NoticeRow.next_attempt_at.set(moment(now + LEASE)),
            ],
            condition=(NoticeRow.state == "pending") & (NoticeRow.next_attempt_at <= moment(now)),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Taken(notice_id) from error
        raise
    return Claim(claim_id, notice_id, int(found.tries or 0), int(found.claims or 1) > 1, found)


def mark(claim: Claim, state: str, fate: str, *, now: datetime) -> None:
    """Write down how it ended (`Delivery.state`); only whoever holds the claim may.

    What is dead stays in the index, on a shard of its own, where an administrator finds it (`dead`).
    """
    at = moment(now)
    listed = (
        [NoticeRow.pending_shard.set(_DEAD), NoticeRow.next_attempt_at.set(at)]
        if state == "dead"
        else [NoticeRow.pending_shard.remove(), NoticeRow.next_attempt_at.remove()]
    )
    _update(
        claim,
        [
            NoticeRow.state.set(state),
            NoticeRow.fate.set(fate),
            NoticeRow.ended_at.set(at),
            *listed,
            # An unsent notice has no TTL; one whose fate is known may go in its time.
            NoticeRow.expires_at.set(int((now + KEPT_AFTER_SENDING).timestamp())),
        ],
    )


def put_off(claim: Claim, until: datetime, fate: str, *, counts: bool) -> None:
    """Let it wait for another try; ``counts`` where the try is one of the eight."""
    actions: list[Action] = [NoticeRow.next_attempt_at.set(moment(until)), NoticeRow.fate.set(fate)]
    if counts:
        actions.append(NoticeRow.tries.add(1))
    _update(claim, actions)


def hold(claim: Claim, until: datetime, why: str = "held: quiet hours") -> None:
    """Keep it over quiet hours: no try, and written down, so that the wait is not held against its use."""
    _update(
        claim,
        [
            NoticeRow.next_attempt_at.set(moment(until)),
            NoticeRow.held_until.set(moment(until)),
            NoticeRow.fate.set(why),
        ],
    )


def pending(now: datetime, *, most: int) -> Iterator[str]:
    """Ids of notices that are due for an attempt, at most so many of each shard, longest waiting first.

    Those of one case that were held until one moment come in the case's order.
    """
    shards = (
        NoticeRow.pending.query(
            str(number), NoticeRow.next_attempt_at <= moment(now), limit=most, page_size=most
        )
        for number in range(PENDING_SHARDS)
    )
    found = ((str(row.next_attempt_at), row.notice_id) for rows in shards for row in rows)
    yield from (notice_id for _, notice_id in sorted(found))


def of_complaint(code: str, *, most: int = 100) -> list[Delivery]:
    """What was sent about a case, oldest first."""
    found = [row.notice_id for row in NoticeRow.by_complaint.query(code, limit=most, page_size=most)]
    return [_delivery(row) for row in sorted(NoticeRow.batch_get(found), key=lambda row: row.created_at)]


def beside(notice: Notice, within: timedelta) -> list[Neighbour]:
    """Other messages of the same case to the same person by the same channel, written within so much time of it."""
    span = NoticeRow.created_at.between(
        moment(notice.created_at - within), moment(notice.created_at + within)
    )
    ids = [row.notice_id for row in NoticeRow.by_complaint.query(notice.code, span)]
    wanted = [each for each in ids if is_beside(notice.id, each)]
    return [
        Neighbour(
            row.notice_id,
            version_of(row.notice_id),
            row.state,
            read_moment(row.ended_at) if row.ended_at else None,
        )
        for row in (NoticeRow.batch_get(wanted) if wanted else ())
    ]


def dead(*, most: int = 100) -> list[Delivery]:
    """Notices that were given up and that nobody has replayed, the longest dead first."""
    found = [row.notice_id for row in NoticeRow.pending.query(_DEAD, limit=most, page_size=most)]
    return sorted((_delivery(row) for row in NoticeRow.batch_get(found)), key=lambda each: str(each.ended_at))


def replay(notice_id: str, *, now: datetime) -> None:
    """Let a dead notice be tried again from the beginning. Raises NotFound where it is not dead (any more)."""
    try:
        NoticeRow(notice_id).update(
            actions=[
                NoticeRow.state.set("pending"),
                NoticeRow.tries.set(0),
                NoticeRow.pending_shard.set(shard(notice_id, PENDING_SHARDS)),
                NoticeRow.next_attempt_at.set(moment(now)),
                NoticeRow.fate.set("replayed"),
                NoticeRow.expires_at.remove(),
            ],
            condition=NoticeRow.state == "dead",
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise NotFound(notice_id) from error
        raise


def receive(notice_id: str, state: str, reason: str) -> None:
    """Write down a network's receipt of what was handed over. Raises NotFound where nothing like it was."""
    try:
        NoticeRow(notice_id).update(
            actions=[NoticeRow.state.set(state), NoticeRow.fate.set(reason or state)],
            condition=NoticeRow.state.is_in("sent", "delivered", "failed"),
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise NotFound(notice_id) from error
        raise


def _update(claim: Claim, actions: list[Action]) -> None:
    try:
        NoticeRow(claim.notice_id).update(
            actions=[*actions, NoticeRow.claims.remove()], condition=NoticeRow.claim == claim.id
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Taken(claim.notice_id) from error
        raise


def _delivery(found: NoticeRow) -> Delivery:
    body = json.loads(found.body)
    notice = Notice(
        id=found.notice_id,
        code=found.code or "",
        template=body["template"],
        channel=Channel(body["channel"]),
        to=body["to"],
        language=body["language"],
        created_at=read_moment(found.created_at),
        useful_until=read_moment(body["useful_until"]),
        args=body["args"],
        sms=body["sms"],
        at_night=body.get("at_night", False),
        urgent=body.get("urgent", False),  # rows of before there were quiet hours lack it
        area=body.get("area", ""),
        level=body.get("level", 0),
    )
    waits = found.next_attempt_at
    return Delivery(
        notice,
        found.state,
        int(found.tries or 0),
        found.fate or "",
        read_moment(waits) if waits else None,
        read_moment(found.ended_at) if found.ended_at else None,
    )
