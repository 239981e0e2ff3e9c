"""Reports about one thing: joining, merging, and the end that reaches everybody who waits for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import keys
from chalicelib.domain import duplicates, tasks
from chalicelib.domain.complaint import TIME, Complaint, Event, Filing, Place, Status
from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    KeyReused,
    NotFound,
    StaleComplaint,
    WindowClosed,
)
from chalicelib.domain.notices import Notice, fan_out, reaches_joiners
from chalicelib.domain.people import Act, Officer, allowed, demand
from chalicelib.domain.visibility import public_pin
from chalicelib.observability import count
from chalicelib.store import complaints, guards, joins
from chalicelib.store.joins import Join as Join
from chalicelib.usecases import endings, intake
from chalicelib.usecases.record import channel_of, city, on_behalf, record
from chalicelib.usecases.signin import Kind, Who

LINKED = ("master", "recurs", "follows")
"""What in an event's data is another case's code."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join. ``secret`` opens it; None where it goes to the person by message alone."""

    complaint: Complaint
    joined: int
    secret: str | None


# Joining ------------------------------------------------------------------------------------------------------


def join(
    code: str,
    contact: intake.Contact,
    *,
    language: str,
    client: str,
    now: datetime,
    who: Who | None = None,
    retry: intake.Retry | None = None,
) -> Joined:
    """Add somebody to a case, once per person; without a contact once per Idempotency-Key, which it then needs.

    A number typed by anybody tells nobody whether its owner joined, or filed the case: the answer is the same. Raises
    NotFound for what is not open to all, IllegalMove where the case takes nobody any more, KeyReused, TooMany.
    """
    complaint = complaints.get_head(code, consistent=True).complaint
    if not duplicates.is_shared(complaint):
        raise NotFound(code)
    if not duplicates.may_join(complaint):
        raise IllegalMove("join", "merged" if complaint.merged else complaint.status)
    signed_in = who is not None and who.kind is Kind.CITIZEN
    person, contact = intake.person_of(contact, who)
    if person is None and retry is None:
        raise Invalid([Fault("Idempotency-Key", "required")])
    guard_key = f"join#{code}#{intake.guard_key(retry, who, None)}" if retry else None
    secret = keys.join_secret(code, person or f"anon#{guard_key}")
    told = None if person and not signed_in else secret
    if retry and guard_key and (earlier := guards.earlier(guard_key, now=now)):
        if earlier[0] != retry.body_hash:
            raise KeyReused(guard_key)
        return Joined(complaint, joins.count(code), told)
    if person is not None and person == complaint.citizen:
        if signed_in:
            raise IllegalMove("join", "yours")
        return Joined(complaint, joins.count(code), None)
    intake.check_caps(person, client, now)
    reach = intake.reach_of(contact, person)
    consent = city().consent.version if person else ""
    made = joins.Join(code, keys.join_id(code, secret), now, language, person, reach, consent=consent)
    channel = channel_of(reach)
    notices = (
        [endings.notice_of(made, complaint, Event(Act.FILE, now, TIME), 0, now)] if person and channel else []
    )
    guard = guards.Guard(guard_key, retry.body_hash, code, now) if retry and guard_key else None
    row = intake.reporter_row(person, contact, who, language, now)
    try:
        joins.add(made, [n for n in notices if n], guard=guard, reporter=row)
    except joins.AlreadyThere:
        return Joined(complaint, joins.count(code), told)
    count("Joined")
    intake.count_caps(person, client, now)
    _catch_up(made, now)
    if person and not signed_in and channel is None:
        told = secret  # no message can bring it, and the person was new to the case
    return Joined(complaint, joins.count(code), told)


def _catch_up(join: joins.Join, now: datetime) -> None:
    """Tell somebody who joined in the very moment in which the case ended: its own row may have been read before."""
    stored = complaints.get(join.code, consistent=True)
    if stored.complaint.open:
        return
    ends = [(at, e) for at, e in endings.numbered(stored) if e.act in duplicates.ENDS and reaches_joiners(e)]
    if ends and (notice := endings.notice_of(join, stored.complaint, ends[-1][1], ends[-1][0], now)):
        joins.tell(join, notice)


def joined_case(code: str, who: Who) -> tuple[complaints.Stored, joins.Join]:
    """A case for somebody who joined it. Raises NotFound for everybody else."""
    return complaints.get(code, consistent=True), _of(code, who)


def _of(code: str, who: Who) -> joins.Join:
    if who.kind is Kind.JOIN and who.id.rpartition(".")[0] == code:
        return joins.get(code, who.id.rpartition(".")[2])
    if who.kind is Kind.CITIZEN:
        return joins.get(code, keys.join_id(code, keys.join_secret(code, who.id)))
    raise NotFound(code)


# The end of a case, for those who joined ----------------------------------------------------------------------


def may_judge(complaint: Complaint, join: joins.Join, now: datetime) -> frozenset[str]:
    """What somebody who joined may say now: ``rate`` once, ``no`` ("belum") once, each in its window."""
    solved = complaint.resolved_at
    if complaint.status not in (Status.RESOLVED, Status.CLOSED) or solved is None:
        return frozenset()
    windows, may = city().windows, set()
    if join.rating is None and now <= solved + windows.rate:
        may.add("rate")
    if join.own_case is None and now <= solved + windows.reopen:
        may.add(endings.NO)
    return frozenset(may)


def rate(code: str, who: Who, score: int, words: str, *, now: datetime) -> joins.Join:
    """Take the judgement of somebody who joined, once. The case stays as it is: it is its reporter's to close."""
    stored, join = joined_case(code, who)
    _demand("rate", stored.complaint, join, now)
    rated = replace(join, rating=score, rating_words=words)
    try:
        joins.put(rated, previous=join)
    except joins.AlreadyThere as error:
        raise IllegalMove(Act.RATE, "rated") from error
    return rated


def say_no(code: str, who: Who, text: str, *, client: str, now: datetime) -> intake.Filed:
    """ "Belum": file a case of their own, linked to this one; a second such person reopens this one itself.

    The new case stands where the public pin does. A try that broke off is taken up by the next, which finds its case.
    """
    stored, join = joined_case(code, who)
    complaint = stored.complaint
    _demand(endings.NO, complaint, join, now)
    solved = complaint.resolved_at or now
    pin = public_pin(complaint, city())
    if pin and city().geography.locate(pin).outside is not None:
        pin = None  # the grid's square reaches over the city's border
    filing = Filing(
        kind=complaint.kind,
        text=text,
        language=join.language,
        channel="web",
        category=complaint.category,
        area=None if pin else complaint.area,
        place=Place(pin),
    )
    owner = Who(Kind.CITIZEN, join.person) if join.person else None
    filed = intake.file_complaint(
        filing,
        intake.Contact(),
        client=client,
        now=now,
        who=owner,
        retry=intake.Retry(f"no-{code}-{join.id}-{solved.isoformat()}", "no"),
        follows=code,
    )
    joins.say_no(code, solved, join.id, _vote(complaint, solved, join.id, now))
    with suppress(joins.AlreadyThere):
        joins.put(replace(join, own_case=filed.complaint.code), previous=join)
    return filed


def _demand(act: str, complaint: Complaint, join: joins.Join, now: datetime) -> None:
    if act in may_judge(complaint, join, now):
        return
    if complaint.status not in (Status.RESOLVED, Status.CLOSED):
        raise IllegalMove(act, complaint.status)
    if join.rating is not None if act == "rate" else join.own_case is not None:
        raise IllegalMove(act, "said")
    raise WindowClosed(act)


def _vote(master: Complaint, solved: datetime, voter: str, now: datetime) -> Notice:
    row = fan_out(master.code, master.version, endings.NO, now)
    return replace(row, id=f"{master.code}#{endings.NO}#{solved.isoformat()}#{voter}#{now.timestamp()}")


# Merging ------------------------------------------------------------------------------------------------------


def merge(code: str, officer: Officer, into: str, *, if_match: int, now: datetime) -> Complaint:
    """Mark a case as being about the same as another one, both within this officer's scope."""
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.MERGE, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    try:
        master = complaints.get_head(into, consistent=True).complaint
    except NotFound:
        raise Invalid([Fault("master", "unknown_case")]) from None
    if not allowed(officer, Act.MERGE, master, city()):
        raise Invalid([Fault("master", "unknown_case")])
    if stored.merged_here:
        raise IllegalMove(Act.MERGE, "a case that others go with")
    tasks.demand_none(stored.history, Act.MERGE)
    done = duplicates.merge(stored.complaint, officer, master, city=city(), now=now)
    done = on_behalf(done, officer, Act.MERGE, stored.complaint)
    return record(done, previous=stored, beside=joins.merging(stored.complaint, master))


def unmerge(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Undo it: the case goes on by itself, with its own promises as they were."""
    stored = complaints.get(code, consistent=True)
    demand(officer, Act.UNMERGE, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    done = duplicates.unmerge(stored.complaint, officer, now=now)
    done = on_behalf(done, officer, Act.UNMERGE, stored.complaint)
    return record(done, previous=stored, beside=endings.parting(stored.complaint))


@dataclass(frozen=True, slots=True)
class Links:
    """Other cases that a case is tied to, as far as one reader may know them."""

    master: str | None = None
    """The case that this one goes with, or whose solution answered it."""
    merged: tuple[str, ...] = ()
    """The cases that go with this one."""
    recurs: str | None = None
    """The case that was solved at this spot a short while before."""
    follows: str | None = None
    """The case that this reporter had joined, and calls unsolved."""
    known: frozenset[str] = frozenset()
    """All codes that the history names and this reader may know."""


def links(stored: complaints.Stored, officer: Officer | None = None) -> Links:
    """The links of a case for an officer, else for its reporter or anybody: those know what the public may know."""
    filed = stored.history[0].data if stored.history else {}
    named = {str(event.data[name]) for event in stored.history for name in LINKED if name in event.data}
    master = stored.complaint.merged.into if stored.complaint.merged else duplicates.master_of(stored.history)
    known = frozenset(code for code in named if _may_know(code, officer))
    merged = joins.merged_into(stored.complaint.code) if stored.merged_here and officer else []
    return Links(
        master=master if master in known else None,
        merged=tuple(code for code in merged if _may_know(code, officer)),
        recurs=filed["recurs"] if filed.get("recurs") in known else None,
        follows=filed["follows"] if filed.get("follows") in known else None,
        known=known,
    )


def _may_know(code: str, officer: Officer | None) -> bool:
    try:
        complaint = complaints.get_head(code).complaint
    except NotFound:
        return False
    if officer is not None:
        return allowed(officer, Act.READ, complaint, city())
    return duplicates.is_shared(complaint)


def voting(stored: complaints.Stored, now: datetime) -> complaints.Also | None:
    """The "belum" that a merged case's reporter says to its master by reopening their own; None where there is none."""
    master_code = duplicates.master_of(stored.history)
    if master_code is None:
        return None
    master = complaints.get_head(master_code, consistent=True).complaint
    if master.status not in duplicates.SOLVED_ONES or master.resolved_at is None:
        return None
    person = stored.complaint.citizen
    # Whoever joined the master as well has one voice.
    voter = keys.join_id(master_code, keys.join_secret(master_code, person or stored.complaint.code))
    return joins.saying_no(
        master_code, master.resolved_at, voter, _vote(master, master.resolved_at, voter, now)
    )
