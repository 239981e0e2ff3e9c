"""Sending what waits in the outbox: claim, publish, mark. The stream calls at once, the sweep calls again.

At least once, and once in all but one window: a process that dies between publish and mark is sent again by the
sweep after the lease. That window cannot be closed and is counted (``NoticesRepeated``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib import keys, mail, sns
from chalicelib.domain.errors import NotFound, Passing, Refused, WindowClosed
from chalicelib.domain.notices import FAN_OUT, Channel, Notice, render, topic_room
from chalicelib.domain.people import in_conflict
from chalicelib.domain.sms import SINGLE_PART
from chalicelib.domain.tracking import short
from chalicelib.observability import correlated_with, count, logger
from chalicelib.settings import settings
from chalicelib.store import complaints, outbox, people
from chalicelib.usecases import endings, outside, sealing
from chalicelib.usecases.record import city, local_day

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
        receipt = endings.expand(notice, now=now) if notice.template == FAN_OUT else _publish(notice, now)
    except WindowClosed:
        # Answered, or the case is elsewhere: the link that it would bring opens nothing.
        count("NoticesExpired")
        return _mark(claim, "expired", "no longer useful", now)
    except Passing as error:
        # Their trouble, not the notice's: it waits with all the others, for as long as it is of use.
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
    return _mark(claim, "sent", receipt, now)


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


def _for_delegate(notice: Notice, now: datetime) -> Notice:
    """The notice as it goes to whoever stands in for its officer today; unchanged where that officer is here.

    Of a case that is about the delegate, or about somebody whose duties they have, it goes to no delegate.
    """
    kind, _, person = notice.to.partition("#")
    if kind != "officer" or notice.template == "sign_in":
        return notice
    delegate = people.delegate_of(people.registered(person), local_day(now))
    if delegate is None:
        return notice
    if notice.code:
        complaint = complaints.get_head(notice.code, consistent=True).complaint
        if in_conflict(people.standing_in(delegate, local_day(now)), complaint, city()):
            return notice
    return replace(notice, to=f"officer#{delegate.officer.id}")


def _publish(notice: Notice, now: datetime) -> str:
    profile = city()
    notice = _for_delegate(notice, now)
    arguments = {
        **notice.args,
        **_late_arguments(notice, now),
        "code": notice.code,
        "service": profile.service_name,
    }

    def text(part: str) -> str:
        name = f"{notice.template}.{part}"
        if name not in profile.templates[notice.language]:
            return ""
        room = topic_room(profile) if notice.channel is Channel.TOPIC else SINGLE_PART
        return render(name, arguments, notice.language, profile, one_sms=part == "sms", room=room)

    if notice.channel is Channel.TOPIC:
        attributes = {"code": notice.code, "event": notice.template}
        sms = text("sms") if notice.sms else None
        return sns.publish_to_office(notice.to, text("subject"), text("email"), sms, attributes)
    kind, _, person = notice.to.partition("#")
    if kind == "agency":
        return mail.send(
            _address({"email": profile.offices[person].email}, "email"), text("subject"), text("email")
        )
    if kind == "officer":
        registered = people.registered(person)
        if registered.officer.disabled:
            raise Refused("disabled")
        if notice.channel is Channel.EMAIL:
            return sns.publish_to_officer(person, text("subject"), text("email"))
        sealed = registered.contact
    else:
        sealed = people.citizen(person)[1]
    contact = sealing.unseal(person, sealed)
    if notice.channel is Channel.SMS:
        return sns.publish_sms(_address(contact, "phone"), text("sms"), profile.sender)
    return mail.send(_address(contact, "email"), text("subject"), text("email"))


def _late_arguments(notice: Notice, now: datetime) -> dict[str, str]:
    """What is a secret is worked out at the last moment and stored nowhere."""
    if notice.template == "sign_in":
        return {"digits": keys.one_time_digits(notice.args["challenge"])}
    if notice.to.startswith("citizen#"):
        version = complaints.get_head(notice.code, consistent=True).complaint.link_version
        secret = keys.secret_link(notice.code, version)
        return {"link": f"{settings().base_url}/k/{short(notice.code)}/{secret}"}
    person = notice.to.partition("#")[2]
    if notice.template == "officer_list":
        from chalicelib.usecases import lists

        reader = people.standing_in(people.registered(person), local_day(now))
        return lists.mail(reader, notice.args["post"], notice.language, now=now)
    if "task" in notice.args:
        return {"link": f"{settings().base_url}/tugas/{short(notice.code)}/{notice.args['task']}"}
    # Notices of before there were links do not say which rung they are about, and others called its post otherwise.
    if "rung" in notice.args and (post := notice.args.get("rung_post") or notice.args.get("post")):
        rung = [post, notice.args["clock"], notice.args["rung"]]
        secret = keys.rung_link(notice.code, person, *rung)
        return {"link": f"{settings().base_url}/r/{short(notice.code)}.{secret}"}
    if notice.to.startswith("joiner#"):
        secret = keys.join_secret(notice.code, notice.to.removeprefix("joiner#"))
        return {"link": f"{settings().base_url}/j/{short(notice.code)}/{secret}"}
    if notice.to.startswith("agency#"):
        return {"link": outside.link_to_send(notice.code, notice.to.partition("#")[2], now=now)}
    return {"link": f"{settings().base_url}/o/{short(notice.code)}"}


def _address(contact: dict[str, str], name: str) -> str:
    if not contact.get(name):
        raise Refused(f"no {name}")
    return contact[name]


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
