"""Messages: how many a second go through the relay and the sweep, what each asks of the tables, and what they cost.

The seconds are this machine's, with DynamoDB Local and moto beside it; only what is counted holds elsewhere.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from itertools import count

from local.bench.meter import Meter, Tally
from local.bench.report import Section
from local.bench.world import PROJECT, World

ABOUT = (
    "A message to an office's topic, an SMS to a reporter (with a wish looked up and the bill written), and what a "
    "thousand complaints cost at the list prices of infra/prices.toml. A second is this machine's, moto's SNS in it."
)
MANY = 200
"""Messages of each run that is timed."""
RELAY_BATCH = 25
PER_COMPLAINT = {"to an office": 2.0, "to a reporter, by SMS": 2.0}
"""Messages of an ordinary complaint: new and warned at the office, receipt and answer to the reporter."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was counted of one message of each kind, and how fast many of them went."""

    units: dict[str, Tally]
    relay_a_second: float
    sweep_a_second: float


def run(world: World, meter: Meter) -> Noticed:
    """Send one message of each kind under the meter, then many by the relay's way and by the sweep's."""
    from chalicelib.settings import utc_now
    from chalicelib.usecases import delivery

    units: dict[str, Tally] = {}
    for kind, make in (("to an office", _to_office), ("to a reporter, by SMS", _maker_of_sms(world))):
        notice = make(utc_now())
        with meter.measure() as tally:
            state = delivery.attempt(notice, now=utc_now())
        if state != "sent":
            raise RuntimeError(f"a message {kind} is {state}")
        units[kind] = tally

    with redirect_stdout(StringIO()):  # counts are written each time that a hundred have come together
        return Noticed(units, *_timed())


def _timed() -> tuple[float, float]:
    """Messages a second through the relay, in its batches, and through the sweep."""
    from chalicelib.settings import utc_now
    from chalicelib.usecases import delivery

    waiting = [_to_office(utc_now()) for _ in range(MANY)]
    began = time.perf_counter()
    for start in range(0, MANY, RELAY_BATCH):
        for notice in waiting[start : start + RELAY_BATCH]:
            delivery.attempt(notice, now=utc_now())
    relayed = MANY / (time.perf_counter() - began)

    for _ in range(MANY):
        _to_office(utc_now())
    began = time.perf_counter()
    swept = delivery.sweep(now=utc_now() + timedelta(seconds=1)).attempted
    return relayed, swept / (time.perf_counter() - began)


def tell(section: Section, found: Noticed) -> None:
    prices = tomllib.loads((PROJECT / "infra" / "prices.toml").read_text(encoding="utf-8"))["prices"]
    price = {name: each["dollars"] / each["per"] for name, each in prices.items()}
    tables = sms = 0.0
    for kind, tally in found.units.items():
        section.add(f"a message {kind}", tally.writes, "WRU", note=tally.explained())
        section.add("and reads", tally.reads, "RRU", note=tally.asked())
        often = PER_COMPLAINT[kind] * 1000
        tables += often * (tally.writes * price["write_units"] + tally.reads * price["read_units"])
        sms += often * price["sms"]
    section.add("through the relay", found.relay_a_second, "a second", note=f"batches of {RELAY_BATCH}")
    section.add("through the sweep", found.sweep_a_second, "a second")
    section.add(
        "1,000 complaints: the tables",
        tables,
        "US$",
        note="two messages to the office, two SMS to the reporter",
    )
    section.add("1,000 complaints: SMS to reporters", sms / 2, "US$", note="at prices.sms, which is assumed")
    section.add(
        "1,000 complaints: SMS to one duty phone", sms / 2, "US$", note="both messages to the office as SMS"
    )


def _to_office(now: datetime) -> str:
    from chalicelib.domain.notices import Channel, Notice
    from chalicelib.store import outbox

    code = f"DPS-N{next(_numbers):04d}-NNNNN"
    made = Notice(
        id=f"{code}#0001#office_new#topic#pupr",
        code=code,
        template="office_new",
        channel=Channel.TOPIC,
        to="pupr",
        language="id",
        created_at=now,
        useful_until=now + timedelta(days=14),
        args={"category": "Jalan rusak", "where": "Panjer", "due": "24/11 09.30"},
        at_night=True,
    )
    outbox.add(made)
    return made.id


def _maker_of_sms(world: World) -> Callable[[datetime], str]:
    """Files the reference case of somebody with a phone, and makes one more message to that phone."""
    from chalicelib.domain.notices import Channel, Notice
    from chalicelib.store import complaints, outbox
    from local.bench import capacity

    contact = {"phone": "+6281298765432", "name": "Wayan Uji"}
    code = capacity.filed(world, contact=contact).code
    citizen = complaints.get_head(code).complaint.citizen

    def make(now: datetime) -> str:
        made = Notice(
            id=f"{code}#0002#citizen_resolved#sms#citizen#{citizen}",
            code=code,
            template="citizen_resolved",
            channel=Channel.SMS,
            to=f"citizen#{citizen}",
            language="id",
            created_at=now,
            useful_until=now + timedelta(days=14),
        )
        outbox.add(made)
        return made.id

    return make
