"""What the clock starts. Each sweep takes up where the last one stopped, and none minds a second beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.observability import observed
from chalicelib.settings import runs, utc_now

jobs = Blueprint(__name__)

_LEAVE_MS = 20_000
"""Stop this long before the function's timeout: the act in hand must not be cut off."""
_AHEAD = timedelta(minutes=10)
"""So much later than the event's own time a run may begin: it waits for a free function, or is tried again."""


class ClockAhead(Exception):
    """The machine's clock says that it is far later than when EventBridge sent the event."""


@jobs.schedule("rate(1 minute)", name="sweep_deadlines")
@observed
def sweep_deadlines(event: CloudWatchEvent) -> dict[str, Any]:
    """Climb and close what time has brought due."""
    from chalicelib.usecases import escalation

    swept = escalation.sweep(now=_now(event), has_time=_has_time(event))
    return {
        "climbed": swept.climbed,
        "closed": swept.closed,
        "failed": swept.failed,
        "finished": swept.finished,
    }


@jobs.schedule("rate(5 minutes)", name="sweep_outbox")
@observed
def sweep_outbox(event: CloudWatchEvent) -> dict[str, Any]:
    """Send again what the stream lost or the network refused for now."""
    from chalicelib.usecases import delivery

    sent = delivery.sweep(now=_now(event), has_time=_has_time(event))
    return {"attempted": sent.attempted, "finished": sent.finished}


@jobs.schedule("rate(15 minutes)", name="send_lists")
@observed
def send_lists(event: CloudWatchEvent) -> dict[str, Any]:
    """Write the secretary's and the mayor's lists at the time that the profile names, once each; officers' digests too.

    Then forget what is to be forgotten: erasures that were asked for, and contacts whose time is over. Last, once a
    day, count who hears each office.
    """
    from chalicelib.usecases import digests, listeners, lists, privacy

    now = _now(event)
    written = lists.send(now=now)
    digests.send(now=now)
    has_time = _has_time(event)
    retained = privacy.retain(now=now, has_time=has_time)
    if has_time():
        listeners.check(now=now)
    return {
        "written": written,
        "erased": retained.erased,
        "wiped": retained.wiped,
        "finished": retained.finished,
    }


@jobs.schedule("rate(1 minute)", name="index_cases")
@observed
def index_cases(event: CloudWatchEvent) -> dict[str, Any]:
    """Let staff find by its words what was filed or said since the last minute."""
    from chalicelib.usecases import indexing

    swept = indexing.sweep(has_time=_has_time(event))
    return {"indexed": swept.indexed, "failed": swept.failed, "finished": swept.finished}


def _now(event: CloudWatchEvent) -> datetime:
    """The moment, as two clocks agree on it: one that is ahead would close, wipe and let expire what is not due.

    Raises ClockAhead, which fails the run: its alarm rings, and that of a sweep that does not run. One that is behind
    does nothing, for nothing is due then.
    """
    now, sent = utc_now(), datetime.fromisoformat(event.time)
    if now - sent > _AHEAD:
        raise ClockAhead(f"it is {now}, but the event is of {sent}")
    return now


def _has_time(event: CloudWatchEvent) -> Callable[[], bool]:
    context: Any = event.context
    return lambda: context.get_remaining_time_in_millis() > _LEAVE_MS


if runs(__name__):
    from chalicelib.usecases import record

    record.prepare()
