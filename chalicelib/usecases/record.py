"""Storing a change together with everything that must happen because of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import mail
from chalicelib.cities import load
from chalicelib.domain import deskwork, inside, outside
from chalicelib.domain.asking import settled
from chalicelib.domain.city import City
from chalicelib.domain.complaint import TIME, Change, Complaint, Route
from chalicelib.domain.duplicates import is_shared
from chalicelib.domain.errors import NotFound, Passing
from chalicelib.domain.notices import (
    SECRETARY,
    Channel,
    Holder,
    Notice,
    capped,
    fan_out,
    notices_for,
    reaches_joiners,
    texts_a_citizen,
)
from chalicelib.domain.people import Act, Officer, acts_for, in_conflict
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.visibility import is_listed
from chalicelib.observability import count, gauge, logger
from chalicelib.settings import settings
from chalicelib.store import complaints, guards, people, wishes
from chalicelib.store import deskwork as deskwork_rows
from chalicelib.store.tables import PersonRow, connection, read_moment
from chalicelib.usecases import sealing

_GONE = "gone"
_PARTNERS_HEAR = timedelta(days=3)
"""How long a partner's system may be down without missing an event; then an administrator replays none of them."""


def city() -> City:
    """The profile of the city that this stage serves."""
    return load(settings().city)


def local_day(at: datetime) -> date:
    """The day of a moment on the city's wall clock."""
    return (at + city().utc_offset).date()


def on_behalf(change: Change, officer: Officer, act: Act, complaint: Complaint) -> Change:
    """Write into the history in whose place a delegate did this (*atas nama*), unless their own duties let them."""
    if not officer.stands_in:
        return change
    place = acts_for(officer, people.officer(officer.id), act, complaint, city())
    if place is None:
        return change
    data = {**change.event.data, "behalf": {"officer": place[0], "post": place[1]}}
    return replace(change, event=replace(change.event, data=data))


def prepare() -> None:
    """Make while a function starts what each of its first events would wait for: the city and the tables' client."""
    city()
    connection().client  # noqa: B018  made on first use


def record(
    change: Change,
    *,
    previous: complaints.Stored | None = None,
    guard: guards.Guard | None = None,
    reporter: PersonRow | None = None,
    beside: complaints.Also | None = None,
    aside: Mapping[str, Any] | None = None,
    mentioned: Mapping[str, str] | None = None,
    doer: tuple[str, str] | None = None,
) -> Complaint:
    """Store a change, its history entry and its notices in one transaction, and return the complaint as stored.

    ``beside`` adds rows of its own to it; ``aside`` is kept with the words of a new case; ``mentioned`` are the
    officers whom a note names, with the language of each; ``doer`` is the officer whose work the reporter judges with
    it, and their language.
    Raises what `store.complaints.save` raises.
    """
    if previous is not None:
        change = settled(previous.complaint, change, city())
        change = replace(change, complaint=replace(change.complaint, version=previous.complaint.version + 1))
    notices = notices_for(
        change,
        city(),
        citizen_channel=_reporters_channel(change),
        holders=holders(_posts(change), change.complaint, now=change.event.at),
        agency=outside.addressee(change, previous.history, city())
        if previous is not None and mail.configured()
        else None,
        mentioned=mentioned,
        doer=doer,
    )
    if texts_a_citizen(notices):
        counted = replace(change.complaint, citizen_sms=change.complaint.citizen_sms + 1)
        change = replace(change, complaint=counted)
    if previous is not None and (_joined(previous, change) or _leaves_alone(previous, change)):
        ended = change.complaint
        notices = (*notices, fan_out(ended.code, ended.version, change.event.act, change.event.at))
    if previous is not None:
        told, beside = _inside(change, previous, beside)
        notices = (*notices, *told)
    if settings().webhooks:
        notices = (*notices, *_for_partners(change, previous))
    complaints.save(
        change, city(), notices, previous=previous, guard=guard, reporter=reporter, beside=beside, aside=aside
    )
    _count(change, previous)
    return change.complaint


def _inside(
    change: Change, previous: complaints.Stored, beside: complaints.Also | None
) -> tuple[tuple[Notice, ...], complaints.Also | None]:
    """What the people of the city hear of their own work by this change, and the rows by which lists find that work."""
    history = (*previous.history, change.event)
    before = deskwork.items(previous.complaint, previous.history, city())
    after = deskwork.items(change.complaint, history, city())

    def language_of(officer_id: str) -> str | None:
        try:
            officer = people.officer(officer_id)
        except NotFound:
            return None
        unfit = officer.disabled or in_conflict(officer, change.complaint, city())
        return None if unfit else officer.language

    told = inside.notices(change, previous.history, before, after, city(), language_of)
    return told, deskwork_rows.following(before, after, beside)


def _count(change: Change, previous: complaints.Stored | None) -> None:
    """What a city asks of itself: how much comes, how soon it is answered, how high it climbs, how late we were."""
    event = change.event
    if event.act is Act.FILE:
        count("Filed")
    if event.act is Act.ESCALATE:
        count(f"EscalatedRung{event.data['level']}")
    if previous is None:
        return
    before, after = (
        each.clocks.get(ClockName.FIRST_REPLY) for each in (previous.complaint, change.complaint)
    )
    # An answer keeps this promise; a withdrawal or a rejection ends it unanswered.
    answered = event.act in (Act.REPLY, Act.RESOLVE)
    if answered and before and before.running and after and after.stopped_at:
        count("FirstReplies")
        count("FirstRepliesOnTime", int(after.stopped_at <= after.due))
    if event.by == TIME and event.act is not Act.REMIND and "wakes_at" in previous.keys:
        gauge("SweepLag", (event.at - read_moment(previous.keys["wakes_at"])).total_seconds())


def report_rules(route: Route) -> None:
    """Tell of routing rules that could not be judged: they are passed over, and somebody has to mend them."""
    for rule in route.failed:
        logger.warning("a routing rule was passed over", extra={"rule": rule})
    if route.failed:
        count("RoutingRulesFailed", len(route.failed))


def holders(posts: Iterable[str], complaint: Complaint, *, now: datetime) -> Mapping[str, Holder]:
    """Who of these posts may hear of a case today: not whom it is about, whatever other post they hold."""
    return people.holders(
        posts,
        on=local_day(now),
        without=lambda officer: officer.disabled or in_conflict(officer, complaint, city()),
    )


def road(complaint: Complaint) -> Channel | None:
    """How a message that must arrive goes to the reporter: their own channel, else e-mail where the SMS are used up.

    None where there is no way, and where they stopped all messages.
    """
    channel = channel_of(complaint.reach)
    if channel is None or complaint.citizen is None or wishes.of("citizen", complaint.citizen).stopped_at:
        return None
    if not capped(complaint, channel):
        return channel
    contact = sealing.unseal(complaint.citizen, people.citizen(complaint.citizen)[1])
    return Channel.EMAIL if contact.get("email") and mail.configured() else None


def _for_partners(change: Change, previous: complaints.Stored | None) -> list[Notice]:
    """One notice for each partner system where a case that public lists show came into another state."""
    from chalicelib import webhooks  # here: most stages have no partners

    complaint, event = change.complaint, change.event
    before = str(previous.complaint.status) if previous and is_listed(previous.complaint) else ""
    # What public lists no longer show is gone for partners, too, whatever became of it.
    now = str(complaint.status) if is_listed(complaint) else _GONE if before else ""
    if not now or now == before:
        return []
    return [
        Notice(
            id=f"{complaint.code}#{complaint.version:04d}#webhook#{Channel.WEBHOOK}#partner#{partner}",
            code=complaint.code,
            template="webhook",
            channel=Channel.WEBHOOK,
            to=f"partner#{partner}",
            language=city().languages[0],
            created_at=event.at,
            useful_until=event.at + _PARTNERS_HEAR,
            args={"status": now, "at": event.at.isoformat()},
            at_night=True,
        )
        for partner in webhooks.partners()
    ]


def _reporters_channel(change: Change) -> Channel | None:
    """The channel of what a change tells the reporter; by e-mail, where there is one, once the SMS are used up."""
    complaint = change.complaint
    channel = channel_of(complaint.reach)
    if change.event.act is Act.LAST_CALL:
        return road(complaint)
    if channel is None or complaint.citizen is None or not capped(complaint, channel):
        return channel
    try:
        return road(complaint) or channel
    except (Passing, NotFound):
        return (
            channel  # a key that is away must not stop the act; the page tells what the SMS would have told
        )


def _joined(previous: complaints.Stored, change: Change) -> bool:
    """Whether somebody who joined has to hear of it, or may have joined since it was read: a join locks nothing."""
    if not reaches_joiners(change.event):
        return False
    open_to_all = previous.complaint.open and is_shared(previous.complaint)
    return bool(previous.joined or previous.merged_here) or open_to_all


def _leaves_alone(previous: complaints.Stored, change: Change) -> bool:
    """Whether cases go with this one that can no longer: not everybody may know it now."""
    return bool(previous.merged_here) and is_shared(previous.complaint) and not is_shared(change.complaint)


def channel_of(reach: str) -> Channel | None:
    """The road to a person of this ``reach``, None where there is none (now)."""
    if reach == Channel.SMS:
        return Channel.SMS
    if reach == Channel.EMAIL and mail.configured():
        return Channel.EMAIL
    return None


def _posts(change: Change) -> tuple[str, ...]:
    """The duty posts whose holders this change may have to tell."""
    complaint, act = change.complaint, change.event.act
    if act in (Act.ESCALATE, Act.APPEAL) and change.event.data["post"]:
        return (str(change.event.data["post"]),)
    if act is Act.DRAFT:
        return inside.releasing_posts(complaint, city())
    if act is Act.ASK_DATE:
        return (SECRETARY,)
    if act in (Act.FILE, Act.SORT, Act.WARN) and complaint.hamlet:
        return (f"hamlet_head@{complaint.hamlet}",)
    return ()
