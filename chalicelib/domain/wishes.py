"""How somebody wants to be told: by which channel, in which language, when not, and a citizen's stop.

A wish is looked up when a message is sent, so it holds for what waits already. Nobody has to have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.city import City
from chalicelib.domain.clock import Quiet
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.notices import TEMPLATES, Channel, Notice, category_label

CITIZEN_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.WHATSAPP)
OFFICER_CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.PUSH)
_SPREAD = timedelta(minutes=15)
"""What an officer's own quiet hours held leaves within this time after them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody chose; empty where they chose nothing. ``quiet``, ``digest``, ``areas`` and ``level`` are an
    officer's, ``stopped_at`` a citizen's."""

    channel: str = ""
    language: str = ""
    stopped_at: datetime | None = None
    quiet: tuple[int, int] | None = None
    """First and last minute (without it) of the local day in which nothing but emergencies comes."""
    digest: bool = True
    areas: tuple[str, ...] = ()
    """Districts or villages whose messages come by the office's topic; empty for all."""
    level: int = 0
    """The least level of a case whose messages come by the office's topic."""


NONE = Wish()


def rests_until(wish: Wish, notice: Notice, now: datetime, city: City) -> datetime | None:
    """Until when an officer's own quiet hours keep a message; emergencies come through them."""
    if wish.quiet is None or notice.urgent:
        return None
    hours = Quiet(city.utc_offset, *wish.quiet, spread=_SPREAD)
    return hours.released(now, notice.code or notice.id)


def unwanted(wish: Wish, notice: Notice) -> bool:
    """Whether an officer leaves this message to its twin on the other channel. Never an emergency."""
    if notice.urgent or f"{notice.template}.sms" not in TEMPLATES:
        return False
    return (notice.channel, wish.channel) in {
        (Channel.SMS, Channel.EMAIL),
        (Channel.EMAIL, Channel.SMS),
    }


def in_language(notice: Notice, language: str, complaint: Complaint | None, city: City) -> Mapping[str, str]:
    """The facts of a message in another language than the one it was written down in."""
    told = dict(notice.args)
    if complaint is None:
        return told
    if "category" in told:
        told["category"] = category_label(complaint, city, language)
    if "post" in told and (number := city.emergency_numbers.get(complaint.emergency(city) or "")):
        told["post"] = number.labels.get(language) or number.labels["id"]
    return told


def filter_policy(wish: Wish, *, phone: bool) -> dict[str, Any]:
    """What of an office's topic this person's phone or mailbox hears (SNS filter policy); empty for everything.

    A comfort and no security: everybody on a topic may be told all that it says. Emergencies pass every filter.
    """
    hears: dict[str, Any] = {}
    if phone:
        hears["sms"] = ["yes"]
    elif wish.channel == Channel.SMS:
        hears["sms"] = ["no"]
    if wish.areas:
        hears["area"] = [*({"prefix": area} for area in wish.areas), {"exists": False}]
    if wish.level:
        hears["level"] = [{"numeric": [">=", wish.level]}, {"exists": False}]
    if phone and wish.channel in (Channel.EMAIL, Channel.PUSH):
        return {"urgent": ["yes"]}
    if not hears or hears == {"sms": ["yes"]}:
        return hears
    return {"$or": [{"urgent": ["yes"]}, hears]}
