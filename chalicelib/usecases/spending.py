"""What SMS cost an office and a case, and the month's budget that stops what is no emergency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.complaint import Complaint
from chalicelib.domain.people import Act, Officer, demand_right, triage_for
from chalicelib.observability import count, logger
from chalicelib.store import spending
from chalicelib.usecases.record import city

CODES = "codes"
"""Whose one-time codes are: of no office, and under no budget but the day's cap of sign-in."""
WARNS_AT = 0.8
"""Share of a month's budget at which somebody hears of it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The SMS of one office in one month; ``budget`` is 0 where nobody set one."""

    office: str
    sms: int
    rupiah: int
    budget: int


def payer(complaint: Complaint) -> str:
    """The office on whose account the messages of a case are: of an accusation triage, as nobody else knows of it."""
    return triage_for(complaint.accused, city()) if complaint.sealed else complaint.office


def may(office: str, *, now: datetime) -> bool:
    """Whether an office's budget of the month still pays for an SMS that is no emergency."""
    budget = _budget(office)
    return not budget or spending.of_office(office, month_of(now)) < budget


def spent(office: str, code: str, sms: int = 1, *, now: datetime) -> None:
    """Count SMS that have left; tells once when the budget is nearly, and once when it is all spent."""
    count("SmsSent", sms)
    total = spending.add(office, month_of(now), sms, now=now)
    if code:
        spending.add_to_case(code, sms, now=now)
    budget = _budget(office)
    if budget and total >= budget > total - sms:
        count("SmsBudgetSpent")
        logger.warning("an office has spent its SMS of the month", extra={"office": office, "sms": total})
    elif budget and total >= WARNS_AT * budget > total - sms:
        count("SmsBudgetNear")
        logger.warning("an office has nearly spent its SMS", extra={"office": office, "sms": total})


def report(administrator: Officer, month: str) -> list[Spent]:
    """What each office has spent in a month (``2026-11``), codes last; offices that sent nothing are named too.

    Raises NotAllowed.
    """
    demand_right(administrator, Act.ADMINISTER)
    profile = city()
    offices = [each.id for each in profile.offices.values() if not each.outside]
    found: Mapping[str, int] = spending.of_offices([*offices, CODES], month)
    price = int(profile.sms_price.get("rupiah", "0"))
    return [
        Spent(office, found.get(office, 0), found.get(office, 0) * price, _budget(office))
        for office in (*sorted(offices), CODES)
    ]


def of_case(code: str) -> tuple[int, int]:
    """The SMS of a case so far, and what they cost in rupiah at the profile's price."""
    sms = spending.of_case(code)
    return sms, sms * int(city().sms_price.get("rupiah", "0"))


def month_of(now: datetime) -> str:
    return f"{now + city().utc_offset:%Y-%m}"


def _budget(office: str) -> int:
    budgets = city().sms_budget
    return 0 if office == CODES else budgets.get(office, budgets.get("default", 0))
