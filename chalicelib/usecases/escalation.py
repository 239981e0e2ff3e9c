"""The sweep: what time alone brings due. Harmless when run twice, beside itself, or killed halfway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.asking import resume
from chalicelib.domain.complaint import Change, Status
from chalicelib.domain.deskwork import remind
from chalicelib.domain.errors import IllegalMove, NotDue, NotFound, StaleComplaint
from chalicelib.domain.overdue import escalate, silence
from chalicelib.domain.people import Act, Role
from chalicelib.domain.service_level import ClockName, steps
from chalicelib.observability import count, gauge, logger
from chalicelib.store import complaints
from chalicelib.store.tables import read_moment
from chalicelib.usecases.record import city, holders, record, road

WORKERS = 16
"""Cases in hand at once: nearly all of a case's time is waiting for the table (docs/sweep.md has the figures)."""


@dataclass(slots=True)
class Swept:
    """What one run did."""

    climbed: int = 0
    closed: int = 0
    skipped: int = 0
    failed: int = 0
    finished: bool = True


_QUIET = frozenset({Act.WARN, Act.WAIT, Act.RESUME, Act.CEILING, Act.LAST_CALL, Act.AWAIT, Act.REMIND})
"""What time does that is neither a climb nor an end."""


def sweep(*, now: datetime, has_time: Callable[[], bool] = lambda: True, workers: int = WORKERS) -> Swept:
    """Take every due case once, longest waiting first, until none is left or the time is up; the next run goes on.

    Cases are taken side by side, each wholly by one worker, so the outcome is that of one after the other: what a
    case does depends on its own rows alone. No more than ``workers`` are ever in hand: when the time is up, those are
    finished and no other begun. A case that fails is logged, counted and passed over: it can never stop the others.
    """
    swept = Swept()
    city()  # read by one thread, not by all at once
    taken: set[str] = set()
    with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
        running: set[Future[list[Change] | None]] = set()
        for code in complaints.due(now):
            if code in taken:
                continue  # the index is read while we write: a case may turn up a second time further on
            if len(running) == workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                _tell(done, swept)
            if not has_time():
                swept.finished = False
                break
            taken.add(code)
            running.add(pool.submit(_wake_safely, code, now))
        _tell(wait(running).done, swept)
    count("SweepRan")
    count("Escalated", swept.climbed)
    count("SweepFailures", swept.failed)
    gauge("OldestUnrouted", _oldest_unrouted(now))
    return swept


def _oldest_unrouted(now: datetime) -> float:
    """For how many seconds the longest waiting of triage's fifty most urgent cases has waited to be sorted."""
    inbox = complaints.page("by_office", city().triage_office, limit=50, newest_first=False)
    waiting = [read_moment(card.filed_at) for card in inbox if card.status == Status.RECEIVED]
    return (now - min(waiting, default=now)).total_seconds()


def _tell(done: set[Future[list[Change] | None]], swept: Swept) -> None:
    for future in done:
        changes = future.result()
        if changes is None:
            swept.failed += 1
            continue
        closed = sum(change.complaint.status is Status.CLOSED for change in changes)
        swept.skipped += not changes
        swept.closed += closed
        swept.climbed += len(changes) - closed


def _wake_safely(code: str, now: datetime) -> list[Change] | None:
    """What was done to a case; None where it could not be."""
    try:
        return _wake_fully(code, now)
    except Exception:  # noqa: BLE001  one poisoned case must not stop the city; it is logged, counted and alarmed
        logger.exception("sweep failed on a case", extra={"code": code})
        return None


def _wake_fully(code: str, now: datetime) -> list[Change]:
    """Do everything that is due on one case, for each of its clocks may have run out while nobody swept.

    Tells of what climbed or closed; warnings, pauses that ended and legal ceilings are counted by themselves.
    """
    changes: list[Change] = []
    while len(changes) < 2 * len(ClockName) and (change := wake_one(code, now=now)) is not None:
        changes.append(change)
    told = [change for change in changes if change.event.act not in _QUIET]
    acts = Counter(change.event.act for change in changes)
    if warned := acts[Act.WARN]:
        count("Warned", warned)
    if resumed := acts[Act.RESUME]:
        count("Resumed", resumed)
    if near := acts[Act.CEILING]:
        count("CeilingsNear", near)
    return told


def wake_one(code: str, *, now: datetime) -> Change | None:
    """Do what time has brought to one case: end a pause, warn, climb a rung, or act on silence. None where not yet.

    Reads consistently, since the index that named the case may lag behind it.
    """
    try:
        stored = complaints.get(code, consistent=True)
        complaint = stored.complaint
        if reminder := remind(complaint, stored.history, city(), now=now):
            change = reminder
        elif complaint.status is Status.RESOLVED:
            call = complaint.last_call(city())
            reachable = call is not None and call <= now and road(complaint) is not None
            change = silence(complaint, city(), reachable=reachable, now=now)
        elif (pause := complaint.asked.wakes_at) is not None and pause <= now:
            change = resume(complaint, city=city(), now=now)  # first: what the promise does next hangs on it
        else:
            clock = complaint.clocks.due_to_climb(now)
            posts = [step.post for step in steps(complaint, clock.name, city())] if clock else []
            if complaint.hamlet and clock:
                posts.append(f"{Role.HAMLET_HEAD}@{complaint.hamlet}")
            found = holders(posts, complaint, now=now)
            filled = {post: bool(holder.officers) for post, holder in found.items()}
            acting = {post: holder.acting for post, holder in found.items()}
            change = escalate(complaint, city(), filled, acting=acting, now=now)
        record(change, previous=stored)
    except (NotDue, NotFound, StaleComplaint):
        return None  # somebody acted first, or another sweep did
    except IllegalMove:
        if (wakes_at := complaint.wakes_at(city())) is None or wakes_at > now:
            return None  # it ended meanwhile
        raise  # it would wake again each minute and do nothing: somebody has to hear of that
    if vacant := change.event.data.get("vacant"):
        logger.warning("vacant posts were passed over", extra={"code": code, "posts": vacant})
        count("VacantRungs", len(vacant))
    if change.event.data.get("past_ladder") and complaint.alarmed(city()):
        logger.error("every post was told of an emergency that nobody answered", extra={"code": code})
        count("EmergenciesUnanswered")
    return change
