"""Several changes within minutes are one message: which messages wait for the next, and which speaks for all.

Of one case, to one person, by one channel. The first goes at once; what follows within minutes waits for the end of
them, and the last of those that wait speaks for the others. What names a date by which somebody must act always goes
by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.notices import Channel, Notice

WITHIN = timedelta(minutes=5)

SEVERAL = {"citizen": "citizen_several", "joiner": "citizen_several", "officer": "officer_several"}

_CITIZEN = frozenset(
    f"{who}_{what}"
    for who in ("citizen", "joiner")
    for what in (
        "resolved", "reopened", "rejected", "upheld", "granted", "promise", "scheduled", "lowered", "called",
        "withdrawn",
    )
)  # fmt: skip
_OFFICER = frozenset(
    {"officer_mentioned", "officer_assigned", "officer_copied", "officer_draft_returned", "officer_thanks"}
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another message of the same case to the same person by the same channel."""

    id: str
    version: int
    state: str
    ended_at: datetime | None


def may_join(notice: Notice) -> bool:
    """Whether this message may wait for others, or be told by another one."""
    if notice.urgent or not notice.code:
        return False
    return notice.template in _CITIZEN or (notice.channel is Channel.EMAIL and notice.template in _OFFICER)


def version_of(notice_id: str) -> int:
    """The version of the case that a message is about, out of its id; -1 where it is none of a case."""
    parts = notice_id.split("#", 3)
    return int(parts[1]) if len(parts) == 4 and parts[1].isdigit() else -1


def is_beside(mine: str, other: str) -> bool:
    """Whether two ids are of one case, one channel and one person, of different changes, and may be one message."""
    one, two = mine.split("#", 3), other.split("#", 3)
    if len(one) != 4 or len(two) != 4 or two[2] not in _CITIZEN | _OFFICER:
        return False
    return (one[0], one[3]) == (two[0], two[3]) and one[1] != two[1]


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of a message: it waits ``until``, is told by ``another``, or goes as one of ``count``."""

    until: datetime | None = None
    another: str = ""
    count: int = 1


def told(notice: Notice, beside: Sequence[Neighbour], now: datetime) -> Told:
    """Decide about one message with those beside it that were written within some minutes of it."""
    mine = version_of(notice.id)
    later = [each for each in beside if each.version > mine and each.state in ("pending", "sent", "merged")]
    if later:
        # An emergency's or a question's message is none of these: they are not beside it (`may_join`).
        newest = max(later, key=lambda each: each.version)
        return Told(another=newest.id)
    sent = [each.ended_at for each in beside if each.state == "sent" and each.ended_at is not None]
    if sent and now < max(sent) + WITHIN:
        return Told(until=max(sent) + WITHIN)
    last_sent = max((each.version for each in beside if each.state == "sent"), default=-1)
    waited = [
        each for each in beside if each.state in ("pending", "merged") and last_sent < each.version < mine
    ]
    return Told(count=1 + len(waited))
