"""Sending what waits in the outbox: claim, publish, mark. The stream calls at once, the sweep calls again.

At least once, and once in all but one window: a process that dies between publish and mark is sent again by the
sweep after the lease. That window cannot be closed and is counted (``NoticesRepeated``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import NotFound, Passing, Refused, WindowClosed
from chalicelib.domain.notices import FAN_OUT, Notice
from chalicelib.observability import correlated_with, count, logger
from chalicelib.store import outbox
from chalicelib.usecases import endings, sending, spending
from chalicelib.usecases.record import city

TRIES = 8
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_USEFUL_AFTER_HOLD = timedelta(hours=1)
"""What was held over quiet hours may be sent this long after them, however long they took."""


@dataclass(slots=True)
class Sent:
    """What one run of the outbox sweep did."""

    attempted: int = 0
    finished: bool = True


def attempt(notice_id: str, *, now: datetime) -> str:
    """Try to send one notice and return its state; ``failed`` where not even that could be written down.

    Never raises: a stream has no retry limit, so a notice that raised would hold up all that come after it. What
    failed stays claimed until its lease runs out, and then the sweep finds it.
    """
    try:
        return _attempt(notice_id, now)
    except outbox.Taken:
        return "taken"
    except Exception:  # noqa: BLE001  see above; it is logged, counted and alarmed
        logger.exception("a notice could not be attempted", extra={"notice": notice_id})
        count("NoticesFailed")
        return "failed"


def _attempt(notice_id: str, now: datetime) -> str:
    claim = outbox.claim(notice_id, now=now)
    if claim.repeats:
        count("NoticesRepeated")
    with correlated_with(claim.asked):
        return _send(claim, notice_id, now)


def _send(claim: outbox.Claim, notice_id: str, now: datetime) -> str:
    try:
        notice = claim.notice
        if until := _held(notice, now):
            count("NoticesHeld")
            outbox.hold(claim, until)
            return "pending"
        if now >= _useful_until(claim, notice):
            count("NoticesExpired")
            return _mark(claim, "expired", "no longer useful", now)
        handed = _hand_over(notice, now)
    except sending.Later as later:
        count("NoticesHeld")
        outbox.hold(claim, later.until, str(later))
        return "pending"
    except sending.Spared as spared:
        count("NoticesSpared")
        return _mark(claim, spared.state, str(spared), now)
    except WindowClosed:
        # Answered, or the case is elsewhere: the link that it would bring opens nothing.
        count("NoticesExpired")
        return _mark(claim, "expired", "no longer useful", now)
    except Passing as error:
        # Their trouble, not the notice's: it waits with all the others, for as long as it is of use.
        if "ReadTimeout" in str(error):
            count("NoticesRepeated")  # they may have taken it all the same
        return _put_off(claim, now + _wait(now - claim.created_at), f"waits: {error}", counts=False)
    except (Refused, NotFound) as error:
        count("NoticesDead")
        logger.error("a notice cannot be sent", extra={"notice": notice_id, "why": str(error)})
        return _mark(claim, "dead", f"refused: {error}", now)
    except Exception as error:  # noqa: BLE001  whatever else goes wrong uses up a try, and eight end it with an alarm
        logger.exception("a notice failed", extra={"notice": notice_id})
        if claim.tries + 1 >= TRIES:
            count("NoticesDead")
            return _mark(claim, "dead", f"gave up: {type(error).__name__}", now)
        wait = _FIRST_WAIT * 2**claim.tries
        return _put_off(claim, now + min(wait, _LONGEST_WAIT), type(error).__name__, counts=True)
    count("NoticesSent")
    state = _mark(claim, "sent", handed.receipt, now)
    if handed.sms:
        _bill(handed, notice.code, now)
    return state


def _hand_over(notice: Notice, now: datetime) -> sending.Handed:
    if notice.template == FAN_OUT:
        return sending.Handed(endings.expand(notice, now=now))
    return sending.send(notice, now=now)


def _bill(handed: sending.Handed, code: str, now: datetime) -> None:
    """Count what the network bills, once the message is marked: a count that fails must not send it again."""
    try:
        spending.spent(handed.office, code, handed.sms, now=now)
    except Exception:  # noqa: BLE001  see above; a bill that is one short is no reason to stop the messages behind it
        logger.exception("SMS could not be counted", extra={"office": handed.office})


def sweep(*, now: datetime, has_time: Callable[[], bool] = lambda: True) -> Sent:
    """Attempt everything that is due; what the stream lost or the network refused."""
    sent = Sent()
    for notice_id in list(outbox.pending(now, most=500)):
        if not has_time():
            sent.finished = False
            break
        attempt(notice_id, now=now)
        sent.attempted += 1
    return sent


def _held(notice: Notice, now: datetime) -> datetime | None:
    """Until when quiet hours keep a notice; None where it may go, or where its use had ended before they began."""
    quiet, nights = city().quiet, not notice.at_night
    if notice.urgent:
        return None
    ends = quiet.until(now, nights=nights)
    if now >= notice.useful_until and (
        ends is None or quiet.until(notice.useful_until, nights=nights) != ends
    ):
        return None
    # Notices of one case leave at one moment, in the case's order: "resolved" never comes before "received".
    return quiet.released(now, notice.code or notice.id, nights=nights)


def _useful_until(claim: outbox.Claim, notice: Notice) -> datetime:
    held = claim.held_until
    return max(notice.useful_until, held + _USEFUL_AFTER_HOLD) if held else notice.useful_until


def _wait(age: timedelta) -> timedelta:
    return max(_FIRST_WAIT, min(age, _LONGEST_WAIT))


def _mark(claim: outbox.Claim, state: str, fate: str, now: datetime) -> str:
    try:
        outbox.mark(claim, state, fate, now=now)
        logger.info("a notice came to its end", extra={"notice": claim.notice_id, "state": state})
    except outbox.Taken:
        # The lease ran out while we were sending, and somebody else has it: it may arrive twice.
        count("NoticesRepeated")
        return "taken"
    return state


def _put_off(claim: outbox.Claim, until: datetime, fate: str, *, counts: bool) -> str:
    outbox.put_off(claim, until, fate, counts=counts)
    return "pending"
