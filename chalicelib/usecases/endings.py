"""The end of a case, for everybody who waits for it: what the relay makes of one row of the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from chalicelib.domain import duplicates, reporting
from chalicelib.domain.complaint import TIME, Complaint, Event
from chalicelib.domain.errors import StaleComplaint, WindowClosed
from chalicelib.domain.notices import Notice, fan_out, joiner_notice, reaches_joiners
from chalicelib.store import complaints, joins, outbox
from chalicelib.usecases.record import channel_of, city, record

PAGE = 50
"""How many of those who joined one row of the outbox tells; the next row tells the next."""
NO = "no"
"""The act of a row that has the "belum" counted."""
_TRIES = 5


def notice_of(
    join: joins.Join, complaint: Complaint, told: Event, version: int, now: datetime
) -> Notice | None:
    """What somebody who joined hears of this event; None where they hear nothing, or have no road."""
    channel = channel_of(join.reach)
    if join.person is None or channel is None or not reaches_joiners(told):
        return None
    return joiner_notice(
        complaint,
        told.act,
        version,
        join=join.id,
        person=join.person,
        channel=channel,
        language=join.language,
        city=city(),
        now=now,
        data=told.data,
    )


def parting(complaint: Complaint) -> complaints.Also | None:
    """What the end of a merge has to write beside the case's head; None where the case goes with none."""
    return joins.parting(complaint.code, complaint.merged.into) if complaint.merged else None


def expand(row: Notice, *, now: datetime) -> str:
    """Make of one row of the outbox what it stands for: fifty who hear of an end, and the row for the next fifty.

    Each part is written once however often this is done: the ids of all rows follow from the case and the act.
    """
    act = row.args["act"]
    if act == NO:
        return _reopened_by_many(row.code, row.created_at, now)
    version = int(row.args["version"])
    stored = complaints.get(row.code, consistent=True)
    told = dict(numbered(stored))[version]
    found = joins.page(row.code, after=row.args["after"], limit=PAGE)
    for beside in found:
        if beside.join is not None:
            if notice := notice_of(beside.join, stored.complaint, told, version, now):
                joins.tell(beside.join, notice)
        elif beside.merged is not None:
            _end(beside.merged, stored.complaint, told, now)
    if len(found) == PAGE:
        outbox.add_once(fan_out(row.code, version, act, row.created_at, after=found[-1].position), at=now)
    return f"told {len(found)}"


def _end(code: str, master: Complaint, told: Event, now: datetime) -> None:
    """Answer a merged case as its master was answered; nothing where it stands for itself by now.

    Where not everybody may know the master any more, nobody else reads its answer either: the case stands for itself.
    """
    alone = not duplicates.is_shared(master)
    if not alone and told.act not in duplicates.ENDS:
        return
    for attempt in range(_TRIES):
        stored = complaints.get(code, consistent=True)
        merged = stored.complaint.merged
        if merged is None or merged.into != master.code:
            return
        try:
            if alone:
                done = duplicates.alone(stored.complaint, now=now)
            else:
                done = duplicates.answered(stored.complaint, told, now=now)
            record(done, previous=stored, beside=parting(stored.complaint))
            return
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise


def _reopened_by_many(code: str, said_at: datetime, now: datetime) -> str:
    """Reopen a case that two of those who joined or were merged into it call unsolved; else leave it."""
    for _ in range(_TRIES):
        stored = complaints.get(code, consistent=True)
        complaint = stored.complaint
        solved = complaint.resolved_at
        if complaint.status not in duplicates.SOLVED_ONES or solved is None:
            return "open again"
        if joins.noes(code, solved) < duplicates.NOES:
            return "one of two"
        # The relay may come late; what counts is when the second of them said it.
        in_time = now if now <= solved + city().windows.reopen else said_at
        try:
            done = reporting.reopen(complaint, "", city=city(), now=in_time)
            event = replace(done.event, by=TIME, data={**done.event.data, "joined": duplicates.NOES})
            record(replace(done, event=event), previous=stored)
            return "reopened"
        except WindowClosed:
            return "too late"
        except StaleComplaint:
            continue
    raise StaleComplaint(code)


def numbered(stored: complaints.Stored) -> Iterator[tuple[int, Event]]:
    return zip((version for version, _ in stored.entries), stored.history, strict=True)
