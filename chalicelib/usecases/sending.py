"""One message on its road: to whom, in which language, by which channel, with which link, and on whose account.

All of it is looked up when the message is sent: a wish, a stop or a delegate named meanwhile counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import keys, mail, sns
from chalicelib.domain import together
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import Refused
from chalicelib.domain.notices import SIGN_IN, Channel, Notice, render, topic_room
from chalicelib.domain.people import in_conflict
from chalicelib.domain.sms import SINGLE_PART
from chalicelib.domain.tracking import short
from chalicelib.domain.wishes import Wish, in_language, rests_until, unwanted
from chalicelib.settings import settings
from chalicelib.store import complaints, outbox, people, wishes
from chalicelib.store import spending as counters
from chalicelib.usecases import actlinks, outside, sealing, spending
from chalicelib.usecases import wishes as own_wishes
from chalicelib.usecases.record import city, local_day

# The roads beside SNS and SES are imported where a message takes one: most stages have none.

_TO_ACT_ON = frozenset({"officer_new", "officer_assigned", "officer_due", "officer_forwarded"})
"""What brings a link with which its reader acts at once (`actlinks`)."""
_DIGESTS = frozenset({"officer_list", "officer_digest"})


class Later(Exception):
    """Not now: an officer rests, or several changes are to become one message."""

    def __init__(self, until: datetime, why: str) -> None:
        super().__init__(why)
        self.until = until


class Spared(Exception):
    """Nobody needs this message, or nobody pays for it: its ``state`` and why."""

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state = state


@dataclass(frozen=True, slots=True)
class Handed:
    """What the network took: its receipt, and the SMS that it will bill, on whose account."""

    receipt: str
    office: str = ""
    sms: int = 0


def send(notice: Notice, *, now: datetime) -> Handed:
    """Hand one message over.

    Raises Later, Spared, and what the roads raise: Passing, Refused, NotFound, WindowClosed.
    """
    kind, _, person = notice.to.partition("#")
    if notice.channel is Channel.TOPIC:
        return _to_office(notice, now)
    if kind == "agency":
        address = _address({"email": city().offices[person].email}, "email")
        arguments = {**notice.args, "link": outside.link_to_send(notice.code, person, now=now)}
        return Handed(
            mail.send(address, _text(notice, "subject", arguments), _text(notice, "email", arguments))
        )
    if notice.channel is Channel.WEBHOOK:
        from chalicelib import webhooks

        event = {**notice.args, "id": notice.id, "code": notice.code}
        return Handed(webhooks.send(person, event, now=now))
    if notice.template == SIGN_IN:
        return _code(notice, kind, person, now)
    if kind == "officer":
        return _to_officer(_for_delegate(notice, now), now)
    return _to_citizen(notice, now)


# To an office -------------------------------------------------------------------------------------------------


def _to_office(notice: Notice, now: datetime) -> Handed:
    arguments = {**notice.args, "link": _link(notice, now)}
    paid = notice.sms and (notice.urgent or spending.may(notice.to, now=now))
    sms = _text(notice, "sms", arguments, room=topic_room(city())) if paid else ""
    attributes = {
        "code": notice.code,
        "event": notice.template,
        "area": notice.area,
        "urgent": "yes" if notice.urgent else "",
    }
    subject, email = _text(notice, "subject", arguments), _text(notice, "email", arguments)
    # Before it leaves: whatever fails after that would send it again.
    phones = counters.phones_of(notice.to) if sms else 0
    receipt = sns.publish_to_office(notice.to, subject, email, sms or None, attributes, level=notice.level)
    return Handed(receipt, notice.to, phones)


# To a person --------------------------------------------------------------------------------------------------


def _code(notice: Notice, kind: str, person: str, now: datetime) -> Handed:
    """A one-time code: asked for just now, so no wish and no budget keeps it."""
    arguments = {**notice.args, "digits": keys.one_time_digits(notice.args["challenge"])}
    if kind == "officer":
        registered = people.registered(person)
        if registered.officer.disabled:
            raise Refused("disabled")
        if notice.channel is Channel.EMAIL:
            subject = _text(notice, "subject", arguments)
            return Handed(sns.publish_to_officer(person, subject, _text(notice, "email", arguments)))
        sealed = registered.contact
    else:
        sealed = people.citizen(person)[1]
    contact = sealing.unseal(person, sealed)
    if notice.channel is Channel.SMS:
        return _sms(contact, notice, arguments, spending.CODES)
    address = _address(contact, "email")
    return Handed(mail.send(address, _text(notice, "subject", arguments), _text(notice, "email", arguments)))


def _to_officer(notice: Notice, now: datetime) -> Handed:
    person = notice.to.partition("#")[2]
    registered = people.registered(person)
    if registered.officer.disabled:
        raise Refused("disabled")
    wish = wishes.of("officer", person)
    if unwanted(wish, notice):
        raise Spared("unwanted", f"chose {wish.channel}")
    if until := rests_until(wish, notice, now, city()):
        raise Later(until, "held: their quiet hours")
    if notice.template not in _DIGESTS:
        notice = _as_one(notice, "officer", now)
    notice = _worded(notice, wish, None)
    arguments = {**notice.args, **_officer_arguments(notice, person, now)}
    if notice.channel is Channel.EMAIL:
        subject = _text(notice, "subject", arguments)
        return Handed(sns.publish_to_officer(person, subject, _text(notice, "email", arguments)))
    if wish.channel == Channel.PUSH and (pushed := _pushed("officer", person, notice, arguments, now)):
        return pushed
    if not notice.urgent and not spending.may(registered.officer.office, now=now):
        raise Spared("over_budget", "the e-mail tells it")
    contact = sealing.unseal(person, registered.contact)
    return _sms(contact, notice, arguments, registered.officer.office)


def _to_citizen(notice: Notice, now: datetime) -> Handed:
    kind, _, person = notice.to.partition("#")
    wish = wishes.of("citizen", person)
    if wish.stopped_at is not None:
        raise Spared("stopped", "at their wish")
    complaint = complaints.get_head(notice.code, consistent=True).complaint
    notice = _worded(_as_one(notice, kind, now), wish, complaint)
    contact = sealing.unseal(person, people.citizen(person)[1])
    arguments = {**notice.args, "link": _citizen_link(notice, complaint, person)}
    if wish.channel == Channel.PUSH and (pushed := _pushed("citizen", person, notice, arguments, now)):
        return pushed
    if wish.channel == Channel.WHATSAPP and (told := _by_whatsapp(contact, notice, arguments)):
        return told
    by_mail = bool(contact.get("email")) and mail.configured()
    channel, office = notice.channel, spending.payer(complaint)
    if channel is Channel.SMS and wish.channel == Channel.EMAIL and by_mail:
        channel = Channel.EMAIL
    if channel is Channel.SMS and not notice.urgent and not spending.may(office, now=now):
        if not by_mail:
            raise Spared("over_budget", "the page tells it")
        channel = Channel.EMAIL
    if channel is Channel.SMS:
        return _sms(contact, notice, arguments, office)
    stop = own_wishes.link(person)
    greeting = city().greeting.get("ban") or city().greeting.get(notice.language, "")
    body = f"{greeting},\n\n{_text(notice, 'email', arguments).lstrip()}\n{_stop_line(notice, stop)}"
    address = _address(contact, "email")
    return Handed(mail.send(address, _text(notice, "subject", arguments), body, stop=stop))


def _sms(contact: Mapping[str, str], notice: Notice, arguments: Mapping[str, str], office: str) -> Handed:
    """By SNS or, where the city has one, by a local gateway: before SNS, or for what SNS refuses."""
    phone, text = _address(contact, "phone"), _text(notice, "sms", arguments)
    if not settings().roads_parameter:
        return Handed(sns.publish_sms(phone, text, city().sender), office, 1)
    from chalicelib import gateway

    before_sns = gateway.first()
    if before_sns:
        return Handed(gateway.send(phone, text, notice.id), office, 1)
    try:
        return Handed(sns.publish_sms(phone, text, city().sender), office, 1)
    except Refused:
        if before_sns is None:
            raise
        return Handed(gateway.send(phone, text, notice.id), office, 1)


def _by_whatsapp(contact: Mapping[str, str], notice: Notice, arguments: Mapping[str, str]) -> Handed | None:
    """The message by WhatsApp; None where no template of it was approved, or there is no number."""
    from chalicelib import whatsapp

    if not contact.get("phone") or not whatsapp.carries(notice.template):
        return None
    phone = _address(contact, "phone")
    facts = {**arguments, "code": notice.code, "service": city().service_name}
    return Handed(whatsapp.send(phone, notice.template, notice.language, facts))


def _pushed(
    kind: str, person: str, notice: Notice, arguments: Mapping[str, str], now: datetime
) -> Handed | None:
    """The message as a push; None where it has to go its ordinary way: nobody subscribed, or the browser is gone."""
    sealed = wishes.address(kind, person)
    if not sealed:
        return None
    address = sealing.unseal(person, sealed)
    title = _text(notice, "subject", arguments)
    text, link = _text(notice, "sms", arguments) or title, arguments.get("link", settings().base_url)
    from chalicelib import webpush

    try:
        if "app" in address:
            return Handed(sns.publish_to_app(address["app"], title, text, link))
        return Handed(webpush.send(address, title, text, link, now=now))
    except Refused:
        wishes.forget_address(kind, person)
        return None


def _as_one(notice: Notice, kind: str, now: datetime) -> Notice:
    """The message that goes: this one, or one that speaks for several. Raises Later and Spared."""
    if not together.may_join(notice):
        return notice
    told = together.told(notice, outbox.beside(notice, together.WITHIN), now)
    if told.another:
        raise Spared("merged", f"told by {told.another}")
    if told.until is not None:
        raise Later(told.until, "waits for what may follow")
    if told.count == 1:
        return notice
    args = {**notice.args, "count": str(told.count)}
    return replace(notice, template=together.SEVERAL[kind], args=args)


def _worded(notice: Notice, wish: Wish, complaint: Complaint | None) -> Notice:
    """The message in the language that its reader chose."""
    if not wish.language or wish.language == notice.language or wish.language not in city().templates:
        return notice
    if complaint is None and notice.code:
        complaint = complaints.get_head(notice.code, consistent=True).complaint
    return replace(notice, language=wish.language, args=in_language(notice, wish.language, complaint, city()))


def _for_delegate(notice: Notice, now: datetime) -> Notice:
    """The notice as it goes to whoever stands in for its officer today; unchanged where that officer is here.

    Of a case that is about the delegate, or about somebody whose duties they have, it goes to no delegate.
    """
    person = notice.to.partition("#")[2]
    delegate = people.delegate_of(people.registered(person), local_day(now))
    if delegate is None:
        return notice
    if notice.code:
        complaint = complaints.get_head(notice.code, consistent=True).complaint
        if in_conflict(people.standing_in(delegate, local_day(now)), complaint, city()):
            return notice
    return replace(notice, to=f"officer#{delegate.officer.id}")


# Words and links ----------------------------------------------------------------------------------------------


def _text(notice: Notice, part: str, arguments: Mapping[str, str], *, room: int = SINGLE_PART) -> str:
    profile = city()
    name = f"{notice.template}.{part}"
    if name not in profile.templates[notice.language]:
        return ""
    given = {**arguments, "code": notice.code, "service": profile.service_name}
    return render(name, given, notice.language, profile, one_sms=part == "sms", room=room)


def _stop_line(notice: Notice, link: str) -> str:
    return render("citizen_stop.email", {"link": link}, notice.language, city())


def _link(notice: Notice, now: datetime) -> str:
    base = settings().base_url
    if "task" in notice.args:
        return f"{base}/tugas/{short(notice.code)}/{notice.args['task']}"
    return f"{base}/o/{short(notice.code)}"


def _citizen_link(notice: Notice, complaint: Complaint, person: str) -> str:
    """What is a secret is worked out at the last moment and stored nowhere."""
    base = settings().base_url
    if notice.to.startswith("joiner#"):
        return f"{base}/j/{short(notice.code)}/{keys.join_secret(notice.code, person)}"
    return f"{base}/k/{short(notice.code)}/{keys.secret_link(notice.code, complaint.link_version)}"


def _officer_arguments(notice: Notice, person: str, now: datetime) -> Mapping[str, str]:
    if notice.template == "officer_list":
        from chalicelib.usecases import lists

        reader = people.standing_in(people.registered(person), local_day(now))
        return lists.mail(reader, notice.args["post"], notice.language, now=now)
    if notice.template == "officer_digest":
        from chalicelib.usecases import digests

        reader = people.standing_in(people.registered(person), local_day(now))
        return digests.mail(reader, notice.language, now=now)
    # Notices of before there were links do not say which rung they are about, and others called its post otherwise.
    if "rung" in notice.args and (post := notice.args.get("rung_post") or notice.args.get("post")):
        rung = [post, notice.args["clock"], notice.args["rung"]]
        secret = keys.rung_link(notice.code, person, *rung)
        return {"link": f"{settings().base_url}/r/{short(notice.code)}.{secret}"}
    if notice.template in _TO_ACT_ON:
        complaint = complaints.get_head(notice.code, consistent=True).complaint
        return {"link": actlinks.url(complaint, person, notice.id, now=now)}
    return {"link": _link(notice, now)}


def _address(contact: Mapping[str, str], name: str) -> str:
    if not contact.get(name):
        raise Refused(f"no {name}")
    if not settings().may_reach(contact[name]):
        raise Spared("staging", "a real person")
    return contact[name]
