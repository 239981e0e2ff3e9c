"""What became of messages: the log of a case by recipient, what died, and trying a dead one again."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.errors import NotFound
from chalicelib.domain.notices import FAN_OUT
from chalicelib.domain.people import Act, Officer, demand_right, in_conflict
from chalicelib.observability import logger
from chalicelib.store import complaints, outbox
from chalicelib.store.outbox import Delivery as Delivery
from chalicelib.usecases.record import city


def of_case(administrator: Officer, code: str) -> list[Delivery]:
    """Every message about a case, one for each recipient and channel, oldest first. Raises NotAllowed, NotFound."""
    demand_right(administrator, Act.ADMINISTER)
    if not _may_know(administrator, code):
        raise NotFound(code)
    return [each for each in outbox.of_complaint(code) if each.notice.template != FAN_OUT]


def dead(administrator: Officer) -> list[Delivery]:
    """Messages that were given up, but for those of cases that this administrator must not know of."""
    demand_right(administrator, Act.ADMINISTER)
    return [
        each for each in outbox.dead() if not each.notice.code or _may_know(administrator, each.notice.code)
    ]


def replay(administrator: Officer, notice_id: str, *, now: datetime) -> None:
    """Let a dead message be tried again; one whose use is over then ends as expired. Raises NotAllowed, NotFound."""
    demand_right(administrator, Act.ADMINISTER)
    found = outbox.get(notice_id)
    if found.notice.code and not _may_know(administrator, found.notice.code):
        raise NotFound(notice_id)
    outbox.replay(notice_id, now=now)
    logger.info("a dead notice is tried again", extra={"notice": notice_id, "by": administrator.id})


def _may_know(administrator: Officer, code: str) -> bool:
    """Not of a case about the administrator's own office: not even that there are messages about it."""
    try:
        complaint = complaints.get_head(code, consistent=True).complaint
    except NotFound:
        return False
    return not in_conflict(administrator, complaint, city())
