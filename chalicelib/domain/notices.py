"""Which act tells whom, in which words.

Two lanes, never both for one event and person. The *office lane* is one publish to the office's topic: one text for
all its subscribers, with the code and a sign-in link, nothing personal. The *personal lane* has one notice per person
and channel. A notice holds ids and short facts; its text is rendered at delivery and its addresses are looked up there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain import emergency
from chalicelib.domain.city import CITY_SCOPE, City
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    HIDDEN,
    TO_OMBUDSMAN,
    TOLD_AT,
    Alarm,
    Change,
    Complaint,
    Event,
)
from chalicelib.domain.errors import DomainError
from chalicelib.domain.lists import told_by_list
from chalicelib.domain.people import Act, Role, is_accused, taker, triage_for
from chalicelib.domain.reporting import ASKED_TO, HIGH
from chalicelib.domain.service_level import WARNS_AT, ClockName
from chalicelib.domain.sms import SINGLE_PART, gsm7, units
from chalicelib.domain.words import accuses

CITIZEN_SMS_PER_CASE = 4
SIGN_IN = "sign_in"
"""The template of a one-time code."""
SECRETARY = f"{Role.SECRETARY}@{CITY_SCOPE}"
_OFFICE_USEFUL = timedelta(days=14)


class Channel(StrEnum):
    TOPIC = "topic"
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    """To a browser or an app, where somebody let us; only ever chosen by whoever hears (`domain/wishes.py`)."""
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"
    """To a partner's system; ``to`` is ``partner#<id>``."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one audience. ``to`` is an office id (topic), or ``officer#<id>`` / ``citizen#<id>`` /
    ``agency#<office id>``."""

    id: str
    code: str
    template: str
    channel: Channel
    to: str
    language: str
    created_at: datetime
    useful_until: datetime
    args: Mapping[str, str] = field(default_factory=dict)
    sms: bool = True
    """On a topic: whether it is worth an SMS; subscribers by phone filter on it."""
    at_night: bool = False
    """Waits for the end of a silence (Nyepi) and not for the end of a night: the office hears at once, and so does
    whoever has just filed."""
    urgent: bool = False
    """Goes out in quiet hours and silences too: of an emergency, or a one-time code that somebody waits for."""
    area: str = ""
    """On a topic: the village, by which a subscriber may filter; empty of an accusation."""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who stands behind a duty post: officer ids to tell (the holder and the delegate) with the language of each."""

    post: str
    officers: tuple[tuple[str, str], ...] = ()
    acting: str = ""
    """"Plt." or the like where the first of them only acts in the post."""


TEMPLATES: Mapping[str, frozenset[str]] = {
    name: frozenset(arguments.split())
    for name, arguments in {
        "office_new.sms": "code category where due link",
        "office_new.subject": "code category",
        "office_new.email": "service code category where due link",
        "office_sealed.sms": "code due link",
        "office_sealed.subject": "code",
        "office_sealed.email": "service code due link",
        "office_passed.sms": "code category where due link",
        "office_passed.subject": "code category",
        "office_passed.email": "service code category where due from link",
        "office_reopened.sms": "code category where link",
        "office_reopened.subject": "code category",
        "office_reopened.email": "service code category where due redo link",
        "office_overdue.subject": "code category",
        "office_overdue.email": "service code category where due link",
        "office_warning.sms": "code category due link",
        "office_warning.subject": "code category due",
        "office_warning.email": "service code category where due link",
        "office_message.subject": "code category",
        "office_message.email": "service code category where link",
        "office_answered.subject": "code category",
        "office_answered.email": "service code category where due link",
        "office_agency.subject": "code category agency",
        "office_agency.email": "service code category where agency due link",
        "agency_referral.subject": "code office",
        "agency_referral.email": "service code office due until link",
        "agency_reminder.subject": "code office",
        "agency_reminder.email": "service code office due link",
        "office_withdrawn.subject": "code category",
        "office_withdrawn.email": "service code category where",
        "officer_new.sms": "code category where due link",
        "officer_new.subject": "code category",
        "officer_new.email": "service code category where due link",
        "officer_rung.sms": "code category where due link",
        "officer_rung.subject": "code",
        "officer_rung.email": "service code category where due office level link",
        "officer_appeal.sms": "code due link",
        "officer_appeal.subject": "code due",
        "officer_appeal.email": "service code due link",
        "officer_thanks.subject": "code",
        "officer_thanks.email": "service code link",
        "office_appeal.subject": "code",
        "office_appeal.email": "service code due link",
        "office_granted.sms": "code category where link",
        "office_granted.subject": "code category",
        "office_granted.email": "service code category where due link",
        "office_continued.sms": "code category where link",
        "office_continued.subject": "code category",
        "office_continued.email": "service code category where due link",
        "office_pressed.sms": "code link",
        "office_pressed.subject": "code",
        "office_pressed.email": "service code link",
        "officer_handover.sms": "code category due link",
        "officer_handover.subject": "code",
        "officer_handover.email": "service code category where due office link",
        "officer_referral.sms": "code category due link",
        "officer_referral.subject": "code",
        "officer_referral.email": "service code category where due office agency link",
        "officer_mentioned.subject": "code",
        "officer_mentioned.email": "service code link",
        "officer_assigned.subject": "code day",
        "officer_assigned.email": "service code category where day link",
        "officer_copied.subject": "code",
        "officer_copied.email": "service code category where day link",
        "officer_due.subject": "code day",
        "officer_due.email": "service code category where day link",
        "officer_draft.subject": "code",
        "officer_draft.email": "service code category where due link",
        "officer_draft_returned.subject": "code",
        "officer_draft_returned.email": "service code link",
        "office_task.subject": "code day",
        "office_task.email": "service code category where from day link",
        "office_task_due.subject": "code day",
        "office_task_due.email": "service code category where day link",
        "office_task_late.subject": "code office",
        "office_task_late.email": "service code office day link",
        "office_task_answered.subject": "code office",
        "office_task_answered.email": "service code office left link",
        "office_task_over.subject": "code",
        "office_task_over.email": "service code link",
        "officer_coordination.sms": "code category where due link",
        "officer_coordination.subject": "code",
        "officer_coordination.email": "service code category where due office link",
        "office_coordination.subject": "code",
        "office_coordination.email": "service code category where due office link",
        "office_emergency.sms": "code category where number link",
        "office_emergency.subject": "code category where",
        "office_emergency.email": "service code category where due number post link",
        "officer_alarm.sms": "code category where number link",
        "officer_alarm.subject": "code category",
        "officer_alarm.email": "service code category where office number post link",
        "citizen_emergency.sms": "code number link",
        "citizen_emergency.subject": "code number",
        "citizen_emergency.email": "service code number post link",
        "citizen_lowered.sms": "code due link",
        "citizen_lowered.subject": "code",
        "citizen_lowered.email": "service code category due link",
        "citizen_called.sms": "code link",
        "citizen_called.subject": "code",
        "citizen_called.email": "service code link",
        "officer_list.subject": "title count day",
        "officer_list.email": "service title count day lines link",
        "citizen_identity.sms": "code link",
        "citizen_identity.subject": "code",
        "citizen_identity.email": "service code link",
        "citizen_ceiling.sms": "code office contact link",
        "citizen_ceiling.subject": "code office",
        "citizen_ceiling.email": "service code office contact link",
        "citizen_received.sms": "code due link",
        "citizen_received.subject": "code",
        "citizen_received.email": "service code category due link",
        "citizen_received_closed.sms": "code reopens due link",
        "citizen_received_closed.subject": "code",
        "citizen_received_closed.email": "service code category reopens due link",
        "citizen_promise.sms": "code due link",
        "citizen_promise.subject": "code",
        "citizen_promise.email": "service code was due link",
        "citizen_resolved.sms": "code link",
        "citizen_resolved.subject": "code",
        "citizen_resolved.email": "service code link",
        "citizen_reopened.sms": "code link",
        "citizen_reopened.subject": "code",
        "citizen_reopened.email": "service code link",
        "citizen_rejected.sms": "code link",
        "citizen_rejected.subject": "code",
        "citizen_rejected.email": "service code until link",
        "citizen_upheld.sms": "code link",
        "citizen_upheld.subject": "code",
        "citizen_upheld.email": "service code link",
        "citizen_granted.sms": "code link",
        "citizen_granted.subject": "code",
        "citizen_granted.email": "service code link",
        "citizen_question.sms": "code until question link",
        "citizen_question.subject": "code until",
        "citizen_question.email": "service code until question link",
        "citizen_silence.sms": "code closes link",
        "citizen_silence.subject": "code",
        "citizen_silence.email": "service code closes link",
        "citizen_scheduled.sms": "code until link",
        "citizen_scheduled.subject": "code",
        "citizen_scheduled.email": "service code until link",
        "officer_date.subject": "code",
        "officer_date.email": "service code category where office until link",
        "office_decided.subject": "code category",
        "office_decided.email": "service code category where link",
        "office_approval.subject": "code category",
        "office_approval.email": "service code category where due link",
        "office_returned.subject": "code category",
        "office_returned.email": "service code category where due link",
        "joiner_received.sms": "code category link",
        "joiner_received.subject": "code category",
        "joiner_received.email": "service code category link",
        "joiner_resolved.sms": "code category link",
        "joiner_resolved.subject": "code",
        "joiner_resolved.email": "service code category link",
        "joiner_reopened.sms": "code category link",
        "joiner_reopened.subject": "code",
        "joiner_reopened.email": "service code category link",
        "joiner_scheduled.sms": "code until link",
        "joiner_scheduled.subject": "code",
        "joiner_scheduled.email": "service code category until link",
        "joiner_rejected.sms": "code link",
        "joiner_rejected.subject": "code",
        "joiner_rejected.email": "service code category link",
        "joiner_withdrawn.sms": "code link",
        "joiner_withdrawn.subject": "code",
        "joiner_withdrawn.email": "service code category link",
        "sign_in.sms": "service digits minutes",
        "sign_in.subject": "service",
        "sign_in.email": "service digits minutes",
        "citizen_several.sms": "code count link",
        "citizen_several.subject": "code count",
        "citizen_several.email": "service code count link",
        "officer_several.subject": "code count",
        "officer_several.email": "service code count link",
        "citizen_stop.email": "link",
        "inbound_done.sms": "code",
        "inbound_refused.sms": "code",
        "inbound_help.sms": "code",
        "officer_forwarded.sms": "code category where due link",
        "officer_forwarded.subject": "code category",
        "officer_forwarded.email": "service code category where due link",
        "officer_digest.subject": "late today open",
        "officer_digest.email": "service late today open lines link",
    }.items()
}
"""Every template and the exact placeholders it takes; a profile with others fails validation."""

_ELASTIC = {"category": 14, "where": 10, "service": 8}
"""What may be shortened so that an SMS stays one part, in this order; so many characters stay readable."""

_OFFICE_NOTICE: Mapping[Act, tuple[str, bool]] = {
    # act: (template, worth an SMS)
    Act.FILE: ("office_new", True),
    Act.SORT: ("office_new", True),
    Act.PASS_ON: ("office_passed", True),
    Act.REOPEN: ("office_reopened", True),
    Act.EDIT: ("office_sealed", True),
    Act.MESSAGE: ("office_message", False),
    Act.ANSWER: ("office_answered", False),
    Act.AGENCY_REPLY: ("office_agency", False),
    Act.AGENCY_RETURN: ("office_agency", False),
    Act.WITHDRAW: ("office_withdrawn", False),
    Act.GRANT: ("office_granted", True),
    Act.CONTINUE: ("office_continued", True),
    Act.RAISE: ("office_emergency", True),
    Act.LOWER: ("office_new", True),
    Act.CLAIM: ("office_approval", False),
    Act.AWAIT: ("office_approval", False),
    Act.SEND_BACK: ("office_returned", False),
    Act.GRANT_DATE: ("office_decided", False),
    Act.DECLINE_DATE: ("office_decided", False),
}

_RUNG_NOTICE: Mapping[str, str] = {
    ClockName.HANDOVER: "officer_handover",
    ClockName.REFERRAL: "officer_referral",
    ClockName.APPEAL: "officer_appeal",
}
"""What a rung hears of clocks that are no promise; of the others ``officer_rung``."""

_CITIZEN_NOTICE: Mapping[Act, str] = {
    Act.FILE: "citizen_received",
    Act.RESOLVE: "citizen_resolved",
    Act.REOPEN: "citizen_reopened",
    Act.REJECT: "citizen_rejected",
    Act.UPHOLD: "citizen_upheld",
    Act.GRANT: "citizen_granted",
    Act.ASK: "citizen_question",
    Act.RAISE: "citizen_emergency",
    Act.LOWER: "citizen_lowered",
    Act.REVEAL: "citizen_called",
    Act.APPROVE: "citizen_resolved",
    Act.LAST_CALL: "citizen_silence",
    Act.SCHEDULE: "citizen_scheduled",
    Act.GRANT_DATE: "citizen_scheduled",
}

UNVERIFIED: Mapping[str, str] = {"id": "BELUM DIPASTIKAN:", "en": "UNVERIFIED:"}
"""What every notice of an emergency to the city's people begins with, until its post has confirmed it."""
_MARK = "unverified"

_UNHURRIED = frozenset({Act.RATE, Act.APPEAL, Act.UPHOLD, Act.WITHDRAW})
"""What wakes nobody at night, whatever the case was about."""
_MUST = frozenset({Act.UPHOLD, Act.GRANT})
"""What a reporter is told however many messages the case has had: each comes once at the most."""


FAN_OUT = "fan_out"
"""A row of the outbox that goes to nobody itself: the relay makes of it one notice for each who joined."""

_JOINER_NOTICE: Mapping[str, str] = {
    Act.FILE: "joiner_received",
    Act.RESOLVE: "joiner_resolved",
    Act.APPROVE: "joiner_resolved",
    Act.SCHEDULE: "joiner_scheduled",
    Act.GRANT_DATE: "joiner_scheduled",
    Act.REOPEN: "joiner_reopened",
    Act.GRANT: "joiner_reopened",
    Act.REJECT: "joiner_rejected",
    Act.WITHDRAW: "joiner_withdrawn",
}
"""What those who joined hear of: all that the reporter hears of, and where the reporter leaves them alone with it."""


class NoRoom(DomainError):
    """A template cannot be made to fit one SMS part: a fault of the profile, caught by its validation."""


def notices_for(
    change: Change,
    city: City,
    *,
    citizen_channel: Channel | None = None,
    holders: Mapping[str, Holder] | None = None,
    agency: str | None = None,
    mentioned: Mapping[str, str] | None = None,
    doer: tuple[str, str] | None = None,
) -> tuple[Notice, ...]:
    """The notices of one change; deterministic ids, so that a repeated job writes the same rows.

    ``citizen_channel`` is the road to the reporter, None where there is no contact; ``holders`` says who holds the
    duty posts that this change reaches; ``agency`` is the one outside that is written to (`domain/outside.py`);
    ``mentioned`` are the officers, with the language of each, whom a note names; ``doer`` is the officer (and the
    language) whose work a reporter judges.
    """
    complaint, act = change.complaint, change.event.act
    found: list[Notice] = []
    urgent = emergency.ALARM in change.event.data  # the reporter's later words made it an emergency
    if act in _OFFICE_NOTICE and (urgent or _has_news(change)):
        template, sms = _OFFICE_NOTICE[act]
        office = complaint.office
        if urgent:
            template, sms = "office_emergency" if complaint.alarmed(city) else "office_new", True
        if act in (Act.FILE, Act.SORT, Act.PASS_ON) and complaint.alarmed(city):
            template = "office_emergency"
        if complaint.sealed or change.event.data.get(FOR_TRIAGE):
            # An accusation is told to triage alone, without a word of what it is about.
            template, sms, office = "office_sealed", True, triage_for(complaint.accused, city)
        found.append(_notice(change, city, template, Channel.TOPIC, office, city.languages[0], sms=sms))
    outside_homes = not complaint.sheltered(city)  # of violence and self-harm no area head hears
    if act in (Act.FILE, Act.SORT) and complaint.line == "area" and not complaint.sealed and outside_homes:
        hamlet = complaint.hamlet
        if hamlet and not is_accused(hamlet, complaint.accused, city):
            found += _to_post(change, city, "officer_new", f"hamlet_head@{hamlet}", holders)
    found += _feedback(change, city, holders, doer)
    if act is Act.ESCALATE:
        found += _climbed(change, city, holders)
    if act is Act.ASK_DATE and not told_by_list(SECRETARY, complaint, city):
        # The secretary decides, and finds it on the list; of an emergency's an e-mail will do.
        found += _to_post(change, city, "officer_date", SECRETARY, holders, (Channel.EMAIL,))
    if act is Act.WARN:
        found += _warned(change, city, holders)
    if act is Act.DRAFT:
        for post in sorted(holders or ()):
            told = _to_post(change, city, "officer_draft", post, holders, (Channel.EMAIL,))
            found += [each for each in told if each.id not in {other.id for other in found}]
    unmasked = act is Act.REVEAL and HIDDEN in change.event.data
    later, ombudsman = bool(change.event.data.get("was")), bool(change.event.data.get(TO_OMBUDSMAN))
    if act is Act.CEILING and complaint.sealed:
        # No list names an undecided accusation, so whoever decides on it hears that the law's limit is near.
        triage = triage_for(complaint.accused, city)
        found.append(_notice(change, city, "office_sealed", Channel.TOPIC, triage, city.languages[0]))
    for officer, language in (mentioned or {}).items():
        if officer != change.event.by.id:  # nobody hears of their own act
            lane = (Channel.EMAIL, f"officer#{officer}", language)
            found.append(_notice(change, city, "officer_mentioned", *lane))
    if agency:
        template = "agency_referral" if act is Act.REFER else "agency_reminder"
        found.append(_notice(change, city, template, Channel.EMAIL, f"agency#{agency}", city.languages[0]))
    if (
        (act in _CITIZEN_NOTICE or later or ombudsman or urgent)
        and (act is not Act.REVEAL or change.event.data.get("callback") or unmasked)
        and _is_news_outside(change)
        and complaint.citizen
        and citizen_channel
        # A promise is put off only if the reporter is told, so no cap keeps that back.
        and (later or unmasked or act in _MUST or not capped(complaint, citizen_channel))
    ):
        if later or ombudsman:
            template = "citizen_promise" if later else "citizen_ceiling"
        else:
            template = "citizen_emergency" if urgent else _CITIZEN_NOTICE[act]
        if act is Act.UPHOLD:
            template = _CITIZEN_NOTICE[act]
            if ombudsman:  # the decision, and how to go on from it
                lane = (citizen_channel, f"citizen#{complaint.citizen}", complaint.language)
                found.append(_notice(change, city, "citizen_ceiling", *lane))
        if unmasked:
            template = "citizen_identity"
        if act is Act.FILE and reopening(complaint, city):
            template = "citizen_received_closed"
        if act is Act.FILE and _is_emergency(complaint, city):
            template = "citizen_emergency"
        found.append(
            _notice(
                change,
                city,
                template,
                citizen_channel,
                f"citizen#{complaint.citizen}",
                complaint.language,
            )
        )
    # Nobody hears of their own act: a head who filed for somebody at the counter knows of it.
    own = f"officer#{change.event.by.id}"
    return tuple(notice for notice in found if notice.to != own)


def internal(
    change: Change,
    city: City,
    template: str,
    channel: Channel,
    to: str,
    language: str,
    told: Mapping[str, str],
    *,
    suffix: str = "",
) -> Notice:
    """A notice between the city's own people: an e-mail, with what was ``told`` beside the facts of the case."""
    made = _notice(change, city, template, channel, to, language, sms=False)
    # The case may be an emergency: its tasks and internal dates are no alarm.
    return replace(made, id=f"{made.id}{suffix}", args={**made.args, **told}, urgent=False)


def day_label(day: str) -> str:
    """A day (ISO 8601) as a message says it: ``24/11/2026``."""
    return f"{date.fromisoformat(day):%d/%m/%Y}"


def reaches_joiners(event: Event) -> bool:
    """Whether an act is told to everybody who joined; an approval only where it is what the reporter hears of."""
    return event.act in _JOINER_NOTICE and _tells_outside(event)


def fan_out(code: str, version: int, act: str, now: datetime, *, after: str = "") -> Notice:
    """The one row for everybody who joined, from behind a position on; so one change never holds thousands of rows."""
    return Notice(
        id=f"{code}#{version:04d}#{FAN_OUT}#{act}#{after}",
        code=code,
        template=FAN_OUT,
        channel=Channel.TOPIC,
        to=code,
        language="id",
        created_at=now,
        useful_until=now + _OFFICE_USEFUL,
        args={"act": act, "version": str(version), "after": after},
        urgent=True,  # nothing of it reaches a person: quiet hours hold what it is expanded into
    )


def joiner_notice(
    complaint: Complaint,
    act: str,
    version: int,
    *,
    join: str,
    person: str,
    channel: Channel,
    language: str,
    city: City,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> Notice:
    """What one person who joined is told of an act (``Act.FILE``: that they joined); always the same id.

    ``data`` is what the event of the act holds.
    """
    template = _JOINER_NOTICE[act]
    language = language if language in city.templates else city.languages[0]
    arguments = {"category": category_label(complaint, city, language)}
    if until := (data or {}).get("until"):
        arguments["until"] = _city_day(str(until), city)
    return Notice(
        id=f"{complaint.code}#{version:04d}#{template}#{channel}#joiner#{join}",
        code=complaint.code,
        template=template,
        channel=channel,
        to=f"joiner#{person}",
        language=language,
        created_at=now,
        useful_until=now + _OFFICE_USEFUL,
        args=arguments,
        at_night=template == "joiner_received",
    )


def texts_a_citizen(notices: Sequence[Notice]) -> bool:
    """Whether one of these is an SMS to the reporter and so counts against the cap of the case."""
    return any(notice.to.startswith("citizen#") and notice.channel is Channel.SMS for notice in notices)


def render(
    name: str,
    arguments: Mapping[str, str],
    language: str,
    city: City,
    *,
    one_sms: bool = False,
    room: int = SINGLE_PART,
) -> str:
    """Fill a template. With ``one_sms`` the text is GSM-7 and at most ``room`` septets: names are shortened, no link.

    Raises NoRoom where even the shortest names leave no room.
    """
    template = city.templates[language][name]
    needed = {key: arguments[key] for key in TEMPLATES[name]}
    if _MARK in arguments:
        template = f"{arguments[_MARK]} {template}"
    if not one_sms:
        return template.format(**needed)
    needed = {key: gsm7(value) for key, value in needed.items()}
    text = template.format(**needed)
    for key, least in _ELASTIC.items():
        over = units(text) - room
        if over <= 0:
            break
        value = needed.get(key, "")
        kept = max(len(value) - over, least) - 1  # the mark that it was cut takes one
        if kept < len(value) - 1:
            needed[key] = value[:kept].rstrip(" ,.-") + "."
            text = template.format(**needed)
    if units(text) > room:
        raise NoRoom(f"{name} ({language}) takes {units(text)} septets")
    return text


def topic_room(city: City) -> int:
    """Septets of a topic's SMS: SNS puts the topic's display name and "> " before it (ours: the code's prefix)."""
    return SINGLE_PART - len(city.code_prefix) - len("> ")


def moment(at: datetime, city: City) -> str:
    """A moment as an SMS says it, on the city's wall clock: ``24/11 09.30``."""
    return (at + city.utc_offset).strftime("%d/%m %H.%M")


def category_label(complaint: Complaint, city: City, language: str) -> str:
    """What the case is about, in a word or three; an unsorted one says so."""
    category = city.categories.get(complaint.category) if complaint.category else None
    if category is None:
        return "Belum dipilah" if language == "id" else "Not sorted yet"
    return category.labels.get(language) or category.labels["id"]


def where_label(complaint: Complaint, city: City) -> str:
    """The village's name: as near as a message may say it."""
    return city.areas[complaint.area].name if complaint.area else city.name


def _has_news(change: Change) -> bool:
    """Whether the office has anything to do or to leave undone because of this."""
    sealed, act = change.complaint.sealed, change.event.act
    if act is Act.EDIT:
        return sealed  # mended words matter where they accuse somebody: then triage has the case
    return not (sealed and act is Act.WITHDRAW)  # nobody but triage knew of it, and nothing is left to decide


def _is_news_outside(change: Change) -> bool:
    """Whether the reporter has something to hear: not of an approval that only lets silence close what they know of."""
    return _tells_outside(change.event)


def _tells_outside(event: Event) -> bool:
    data = event.data
    return bool({Act.APPROVE: data.get("resolves"), Act.LAST_CALL: data.get("reached")}.get(event.act, True))


def _city_day(moment_: str, city: City) -> str:
    return f"{datetime.fromisoformat(moment_) + city.utc_offset:%d/%m/%Y}"


def _climbed(change: Change, city: City, holders: Mapping[str, Holder] | None) -> list[Notice]:
    complaint, post = change.complaint, str(change.event.data["post"])
    clock, informed = change.event.data["clock"], change.event.data.get("informed")
    coordinates = informed is not None and post.startswith(f"{Role.DISTRICT_HEAD}@")
    unit = []
    if informed:
        lane = (Channel.TOPIC, str(informed), city.languages[0])
        unit.append(_notice(change, city, "office_coordination", *lane, sms=False))
    if change.event.data.get("past_ladder") or (post and told_by_list(post, complaint, city)):
        return [] if coordinates else unit  # it stands on the lists now
    if clock == ClockName.HANDOVER and post in _told_already(change):
        return []  # one message of one case: the post was asked for the answer just now, and that is more
    template = "officer_coordination" if coordinates else _RUNG_NOTICE.get(clock, "officer_rung")
    # Whoever stands on triage's ladder hears that an accusation waits, and not a word of what it is about.
    # That its text has to be read for the public is no emergency.
    alarm = _is_emergency(complaint, city) and clock != ClockName.SCREENING
    if alarm and clock not in _RUNG_NOTICE:
        template = "officer_alarm"
    if complaint.sealed and clock != ClockName.APPEAL:
        template = "office_sealed"
    told = _to_post(change, city, template, post, holders)
    if told:
        return told + unit
    # Nobody stands above, or nobody is there: the office hears again, and of screening whoever screens.
    template = "office_sealed" if complaint.sealed else "office_emergency" if alarm else "office_overdue"
    # A reminder is worth an e-mail; only an accusation or an emergency that waits is worth an SMS each time.
    office, sms = _who_acts(change, city), complaint.sealed or alarm
    return [_notice(change, city, template, Channel.TOPIC, office, city.languages[0], sms=sms)]


def _feedback(
    change: Change,
    city: City,
    holders: Mapping[str, Holder] | None,
    doer: tuple[str, str] | None,
) -> list[Notice]:
    """An appeal for whoever decides, a thank-you for whoever did it, and for triage what only triage may know."""
    complaint, event = change.complaint, change.event
    triage = (Channel.TOPIC, triage_for(complaint.accused, city), city.languages[0])
    if event.act is Act.APPEAL:
        if told_by_list(str(event.data["post"]), complaint, city) and not complaint.sealed:
            return []
        told = _to_post(change, city, "officer_appeal", str(event.data["post"]), holders)
        return told or [_notice(change, city, "office_appeal", *triage, sms=False)]
    pressed = event.data.get("reason") == ASKED_TO or accuses(str(event.data.get("words", "")), city)
    if event.act is Act.WITHDRAW and pressed:
        return [_notice(change, city, "office_pressed", *triage)]
    if event.act is not Act.RATE:
        return []
    if event.data.get(FOR_TRIAGE):
        return [_notice(change, city, "office_pressed", *triage, sms=False)]
    if doer and event.text and event.data["score"] >= HIGH:
        return [_notice(change, city, "officer_thanks", Channel.EMAIL, f"officer#{doer[0]}", doer[1])]
    return []


def _told_already(change: Change) -> set[str]:
    clocks = change.complaint.clocks.running()
    return {clock.rung for clock in clocks if clock.name is not ClockName.HANDOVER}


def _warned(change: Change, city: City, holders: Mapping[str, Holder] | None) -> list[Notice]:
    """Whoever must act hears by e-mail; only of a solution that is nearly due by SMS, too."""
    complaint, data = change.complaint, change.event.data
    template = "office_sealed" if complaint.sealed else "office_warning"
    sms = data["clock"] == ClockName.RESOLUTION and data["share"] == WARNS_AT[-1]
    sms = sms and not _is_emergency(
        complaint, city
    )  # in an emergency phones ring for what has to be done at once
    office = _who_acts(change, city)
    found = [_notice(change, city, template, Channel.TOPIC, office, city.languages[0], sms=sms)]
    hamlet = complaint.hamlet
    # Neither sorting nor approving is the hamlet's.
    of_triage = complaint.sealed or data["clock"] in (ClockName.VERIFICATION, ClockName.APPROVAL)
    if (
        hamlet
        and complaint.line == "area"
        and not of_triage
        and not complaint.sheltered(city)
        and not is_accused(hamlet, complaint.accused, city)
    ):
        channels = (Channel.SMS, Channel.EMAIL) if sms else (Channel.EMAIL,)
        found += _to_post(change, city, template, f"hamlet_head@{hamlet}", holders, channels)
    return found


def _who_acts(change: Change, city: City) -> str:
    """The office whose act the clock of this event waits for."""
    complaint = change.complaint
    of_triage = complaint.sealed or change.event.data["clock"] in (
        ClockName.SCREENING,
        ClockName.VERIFICATION,
    )
    return triage_for(complaint.accused, city) if of_triage else complaint.office


def capped(complaint: Complaint, channel: Channel) -> bool:
    """Whether the reporter has had all the SMS that one case may cost."""
    return channel is Channel.SMS and complaint.citizen_sms >= CITIZEN_SMS_PER_CASE


def _to_post(
    change: Change,
    city: City,
    template: str,
    post: str,
    holders: Mapping[str, Holder] | None,
    channels: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL),
) -> list[Notice]:
    holder = (holders or {}).get(post)
    return [
        _notice(change, city, template, channel, f"officer#{officer}", language)
        for officer, language in (holder.officers if holder else ())
        for channel in channels
    ]


def _moved_promise(data: Mapping[str, Any], city: City) -> dict[str, str]:
    """The promise to solve, before and now; the first reply's where that alone was put off."""
    solved = str(ClockName.RESOLUTION)
    name = solved if data["due_at"][solved] != data["was"][solved] else str(ClockName.FIRST_REPLY)
    pairs = (("was", data["was"]), ("due", data["due_at"]))
    return {key: moment(datetime.fromisoformat(at[name]), city) for key, at in pairs}


def reopening(complaint: Complaint, city: City) -> date | None:
    """The day on which the office that answers works again, where the report came in its days off or right before them.

    None for emergencies, whose posts work round the clock.
    """
    if _is_emergency(complaint, city):
        return None
    office = triage_for(complaint.accused, city) if complaint.sealed else complaint.office
    return city.calendar_of(office).reopens(complaint.filed_at)


def _is_emergency(complaint: Complaint, city: City) -> bool:
    return complaint.emergency(city) is not None


def _notice(
    change: Change, city: City, template: str, channel: Channel, to: str, language: str, *, sms: bool = True
) -> Notice:
    complaint, event = change.complaint, change.event
    language = language if language in city.templates else city.languages[0]
    # A rung hears of the moment that passed, of screening none of the promises; a warning is of one promise.
    of_clock = event.act in (Act.ESCALATE, Act.WARN, Act.CEILING)
    due = datetime.fromisoformat(event.data["due"]) if of_clock else complaint.clocks.next_due
    arguments = {
        "category": category_label(complaint, city, language),
        "where": where_label(complaint, city),
        "due": moment(due, city),
        "office": city.offices[complaint.office].short,
        "level": str(complaint.level),
    }
    if event.data.get(TO_OMBUDSMAN):
        ombudsman = city.offices[taker(CITY_SCOPE, city)]
        arguments |= {"office": ombudsman.short, "contact": ombudsman.contact}
    if reopens := reopening(complaint, city):
        arguments["reopens"] = reopens.strftime("%d/%m")
    if until := event.data.get("until"):
        arguments["until"] = _city_day(str(until), city)
    if event.act is Act.LAST_CALL and complaint.closes_at is not None:
        arguments["closes"] = moment(complaint.closes_at, city)
    if event.act is Act.ASK and (until := complaint.asked.until):
        arguments |= {"until": moment(until, city), "question": str(complaint.asked.number)}
    if number := city.emergency_numbers.get(complaint.emergency(city) or ""):
        arguments |= {"number": number.number, "post": number.labels.get(language) or number.labels["id"]}
    if event.act is Act.PASS_ON:
        arguments["from"] = city.offices[str(event.data["from"])].short
    if named := event.data.get("agency") or complaint.referred_to:
        arguments["agency"] = city.offices[str(named)].short
    if template == "agency_referral" and (clock := complaint.clocks.get(ClockName.REFERRAL)):
        useful_until = event.at + city.windows.referral_link
        arguments |= {"due": moment(clock.due, city), "until": moment(useful_until, city)}
    if event.act is Act.REOPEN:
        if old := complaint.clocks.get(ClockName.RESOLUTION):
            arguments["due"] = moment(old.due, city)  # it stands; the redo clock is beside it
        arguments["redo"] = moment(datetime.fromisoformat(event.data["redo"]), city)
    if event.act is Act.REJECT:
        arguments["until"] = moment(event.at + city.windows.appeal, city)
    if template == "citizen_promise":
        arguments |= _moved_promise(event.data, city)
    names = {f"{template}.sms", f"{template}.subject", f"{template}.email"} & TEMPLATES.keys()
    wanted = frozenset[str]().union(*(TEMPLATES[name] for name in names))
    marked = (
        _is_emergency(complaint, city) and complaint.alarm is not Alarm.CONFIRMED and not complaint.sealed
    )
    if marked and not to.startswith("citizen#"):
        arguments[_MARK] = UNVERIFIED.get(language, UNVERIFIED["id"])
        wanted |= {_MARK}
    # What is due later by a rule of the profile waits in the outbox until then.
    told_at = event.data.get(TOLD_AT)
    return Notice(
        id=f"{complaint.code}#{complaint.version:04d}#{template}#{channel}#{to}",
        code=complaint.code,
        template=template,
        channel=channel,
        to=to,
        language=language,
        created_at=datetime.fromisoformat(told_at) if told_at else event.at,
        useful_until=_useful_until(change, due),
        args={key: value for key, value in arguments.items() if key in wanted}
        | _rung_of(change, template, to),
        sms=sms,
        at_night=channel is Channel.TOPIC or event.act is Act.FILE,
        urgent=_is_emergency(complaint, city) and event.act not in _UNHURRIED,
        area="" if complaint.sealed or channel is not Channel.TOPIC else complaint.area or "",
        level=complaint.level if channel is Channel.TOPIC and not complaint.sealed else 0,
    )


_OF_RUNGS = {*_RUNG_NOTICE.values(), "officer_rung", "officer_alarm", "officer_coordination", "office_sealed"}


def _rung_of(change: Change, template: str, to: str) -> dict[str, str]:
    """Which rung a message to a post is about: its link is made of that at delivery, and is good for nothing else."""
    data = change.event.data
    if change.event.act is not Act.ESCALATE or template not in _OF_RUNGS or not to.startswith("officer#"):
        return {}
    return {"rung_post": str(data["post"]), "clock": str(data["clock"]), "rung": str(data["level"])}


def _useful_until(change: Change, due: datetime) -> datetime:
    """Until when a notice is worth sending: what it warns of has come by then."""
    event, closes_at = change.event, change.complaint.closes_at
    if event.act is Act.ASK and (until := change.complaint.asked.until):
        return until
    if event.act is Act.LAST_CALL and closes_at is not None:
        return closes_at
    if told_at := event.data.get(TOLD_AT):
        return datetime.fromisoformat(told_at) + _OFFICE_USEFUL
    return due if event.act is Act.WARN else event.at + _OFFICE_USEFUL
