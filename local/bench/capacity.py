"""What each act uses of DynamoDB, at two sizes of the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.bench.meter import Meter, Tally
from local.bench.report import Section
from local.bench.world import CITY, HOT_AREA, HOT_CATEGORY, World, forget, prefix

FILE, SEND = "file", "claim and mark a notice"
ESCALATE, LOOKUP, DETAIL = "escalate", "lookup", "detail"
_MOST = {FILE: 36, ESCALATE: 30, SEND: 8}
"""Write units; every other act is a status change."""
_STATUS_MOST = 30
_READS_MOST = {LOOKUP: 0.5, DETAIL: 1.0}
_PAGE_MOST, _FLAT_MOST = 2.5, 1.05

REFERENCE = {
    "category": HOT_CATEGORY,
    "text": (
        "Jalan di depan balai banjar berlubang besar sejak hujan minggu lalu. Sudah dua orang jatuh dari motor, "
        "satu di antaranya harus dibawa ke puskesmas. Mohon segera ditambal sebelum ada korban lagi, "
        "karena setiap pagi anak-anak sekolah lewat di sini."
    ),
    "place": {
        "lat": -8.671234,
        "lon": 115.212345,
        "area": HOT_AREA,
        "words": "depan balai banjar, dekat warung",
    },
}
"""The case that all figures speak of: a contact, a place, a text of some 250 letters."""


@dataclass(slots=True)
class Case:
    """One complaint on its way, with the version that the next act must name."""

    world: World
    code: str
    version: int = 1

    def office(self, what: str, body: Mapping[str, Any]) -> None:
        officer = self.world.sorter if what in ("release", "sorting") else self.world.officer
        self._act("POST", f"/v1/office/complaints/{{code}}/{what}", body, f"officer:{officer.id}")

    def reporter(self, what: str, body: Mapping[str, Any]) -> None:
        self._act("POST", f"/v1/me/complaints/{{code}}/{what}", body, f"link:{self.code}.1")

    def _act(self, method: str, route: str, body: Mapping[str, Any], principal: str) -> None:
        headers = {"If-Match": f'"{self.version}"'}
        self.world.call(method, route, code=self.code, body=body, principal=principal, headers=headers)
        self.version += 1


def filed(world: World, **changes: Any) -> Case:
    """File the reference case, with some fields of the form changed."""
    key = f"bench-{world.token_seed.getrandbits(128):032x}"
    phone = f"+62812{world.token_seed.randrange(10**7, 10**8)}"
    body = {**REFERENCE, "contact": {"phone": phone, "name": "Wayan Uji"}, **changes}
    answer = world.call("POST", "/v1/complaints", body=body, headers={"Idempotency-Key": key})
    world.filed.append(code_of(answer))
    return Case(world, world.filed[-1])


def code_of(answer: Mapping[str, Any]) -> str:
    body = json.loads(answer["body"])
    found: str = body.get("code") or body["complaint"]["code"]
    return found


def acts(world: World, meter: Meter) -> dict[str, Tally]:
    """Every act once, on the reference case, through the Lambda proxy event (jobs: through their use case)."""
    from chalicelib.cities import load
    from chalicelib.settings import utc_now
    from chalicelib.store import people
    from chalicelib.usecases import delivery, escalation

    found: dict[str, Tally] = {}

    def measured(name: str, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with meter.measure() as tally:
            result = act(*arguments, **named)
        found[name] = tally
        return result

    case: Case = measured(FILE, filed, world)
    for name, what, body in (
        ("release", "release", {}),
        ("acknowledge", "acknowledgement", {}),
        ("reply", "replies", {"text": "Petugas akan datang besok pagi untuk memeriksa."}),
        ("start", "start", {}),
        ("resolve", "resolution", {"text": "Lubang sudah ditambal dan jalan sudah dibuka lagi."}),
    ):
        measured(name, case.office, what, body)
    measured("reopen", case.reporter, "reopening", {"text": "Tambalannya lepas lagi setelah hujan."})
    case.office("resolution", {"text": "Sudah ditambal ulang dengan aspal panas."})
    measured("rate", case.reporter, "rating", {"score": 4, "words": "Terima kasih, cepat."})

    other = filed(world)
    other.office("release", {})
    office = next(o.id for o in load(CITY).offices.values() if o.id != "pupr" and not o.outside)
    words = {"office": office, "text": "Ini jalan lingkungan, bukan jalan kota."}
    measured("pass on", other.office, "transfer", words)
    third = filed(world)
    third.office("release", {})
    agency = next(o.id for o in load(CITY).offices.values() if o.outside)
    words = {"agency": agency, "text": "Mohon dicek apakah ada pipa bocor."}
    measured("refer", third.office, "referral", words)
    measured("message", third.reporter, "messages", {"text": "Lubangnya sekarang makin dalam."})
    measured("withdraw", third.reporter, "withdrawal", {"reason": "solved", "text": "Sudah ditambal warga."})
    fourth = filed(world)
    measured("sort", fourth.office, "sorting", {"category": "lampu_jalan", "area": HOT_AREA})

    fifth = filed(world)
    fifth.office("release", {})
    now = working_day(world.now + timedelta(days=40))  # past every promise of the case
    posts = [f"{role}@pupr" for role in ("division_head", "office_head")]
    climbs = [measured(ESCALATE, escalation.wake_one, fifth.code, now=now)]
    for post in posts:
        people.hold_post(post, ["bench-holder", "bench-delegate"])
    name = f"{ESCALATE}, holder and delegate"
    climbs.append(measured(name, escalation.wake_one, fifth.code, now=working_day(now + timedelta(days=20))))
    if None in climbs:
        raise RuntimeError("the case that was to climb was not due")
    for post in posts:
        people.hold_post(post, ["bench-holder"])

    # The first notices of a case, while they are still due: one to the office's topic, one to the reporter's phone.
    sixth = filed(world)
    for notice in notices_of(world, sixth.code):
        kind = "to an office" if "#topic#" in notice else "to a citizen"
        measured(f"{SEND} {kind}", delivery.attempt, notice, now=utc_now())

    measured(LOOKUP, world.call, "GET", "/v1/complaints/{code}/status", code=case.code)
    measured(DETAIL, world.call, "GET", "/v1/complaints/{code}", code=case.code)
    officer = f"officer:{world.officer.id}"
    route = "/v1/office/complaints/{code}"
    measured(f"{DETAIL} for an office", world.call, "GET", route, code=case.code, principal=officer)
    return found


def working_day(at: datetime) -> datetime:
    """The same time of day, on that day or the next one on which offices work: on a day off a case only waits."""
    from chalicelib.cities import load

    calendar = load(CITY).calendars["office"]
    while not calendar.is_working_day(at.date()):
        at += timedelta(days=1)
    return at


def notices_of(world: World, code: str) -> list[str]:
    rows = world.raw(
        "Query",
        TableName=f"{prefix()}outbox",
        IndexName="by_complaint",
        KeyConditionExpression="code = :code",
        ExpressionAttributeValues={":code": {"S": code}},
    )["Items"]
    return [str(row["notice_id"]["S"]) for row in rows]


# Lists --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """A list by one key: its route, its query, and who asks."""

    name: str
    route: str
    query: Mapping[str, str]
    principal: str = ""


def listings(world: World) -> tuple[Listing, ...]:
    month = world.now.strftime("%Y-%m")
    public, office = "/v1/complaints", f"officer:{world.officer.id}"
    return (
        Listing("by month", public, {"month": month}),
        Listing("by area", public, {"month": month, "area": HOT_AREA}),
        Listing("by category", public, {"month": month, "category": HOT_CATEGORY}),
        Listing("by office", public, {"month": month, "office": "pupr"}),
        Listing("own cases", "/v1/me/complaints", {}, "citizen:bench-citizen"),
        Listing("inbox of an office", "/v1/office/complaints", {"which": "office"}, office),
        Listing(
            "inbox of triage", "/v1/office/complaints", {"which": "screening"}, f"officer:{world.sorter.id}"
        ),
    )


def pages(world: World, meter: Meter, listing: Listing, most: int) -> list[Tally]:
    """Page after page of a list as far as it goes, full ones only, at most so many."""
    found: list[Tally] = []
    cursor = None
    while len(found) < most:
        query = {**listing.query, **({"cursor": cursor} if cursor else {})}
        with meter.measure() as tally:
            answer = json.loads(
                world.call("GET", listing.route, query=query, principal=listing.principal)["body"]
            )
        # What names the officer is read on each request of an office; the list itself is what is compared.
        tally.reads = sum(units for name, units in tally.by_table.items() if name.startswith("complaints"))
        cursor = answer.get("cursor")
        if len(answer["complaints"]) < 50:
            break
        found.append(tally)
        if not cursor:
            break
    return found


# Telling ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Measured:
    """All of it at one size of the table."""

    size: int
    acts: dict[str, Tally]
    lists: dict[str, list[Tally]]


def measure(world: World, meter: Meter, *, deep: int) -> Measured:
    lists = {listing.name: pages(world, meter, listing, 4) for listing in listings(world)}
    first = listings(world)[0]
    lists[first.name] = pages(world, meter, first, deep)
    done = acts(world, meter)
    forget(world, world.filed)
    return Measured(world.loaded, done, lists)


def tell_acts(section: Section, small: Measured, large: Measured) -> None:
    for name, tally in large.acts.items():
        before = small.acts[name]
        if tally.writes:
            kind = next((prefix for prefix in _MOST if name.startswith(prefix)), "")
            section.add(name, tally.writes, "WRU", _MOST.get(kind, _STATUS_MOST), tally.explained())
            over = "; ".join(tally.over)
            section.add("  of it unexplained", tally.unexplained, "WRU", 0, over)
            if tally.reads:
                section.add("  and reads", tally.reads, "RRU", note=_by_table(tally))
        else:
            section.add(name, tally.reads, "RRU", _READS_MOST.get(name), _by_table(tally))
        section.add("  requests", tally.requests.total(), "", note=tally.asked().partition(": ")[2])
        ratio = max(_ratio(tally.writes, before.writes), _ratio(tally.reads, before.reads))
        section.add(f"  beside {small.size:,} complaints", ratio, "x", _FLAT_MOST)


def tell_lists(section: Section, small: Measured, large: Measured) -> None:
    for name, found in large.lists.items():
        before = small.lists[name]
        if not found or not before:
            section.add(name, 0, "pages", note="no full page at one of the sizes")
            continue
        mean, then = _mean(found[:4]), _mean(before[:4])
        section.add(
            f"page of 50 {name}", mean, "RRU", _PAGE_MOST, f"dearest of the first pages {_most(found[:4]):g}"
        )
        section.add(f"  beside {small.size:,} complaints", _ratio(mean, then), "x", _FLAT_MOST)
        if len(found) > 20:
            last = _mean(found[-4:])
            section.add(
                f"  page {len(found)} beside the first", _ratio(last, mean), "x", _FLAT_MOST, f"{last:g} RRU"
            )


def tell_doubt(section: Section, large: Measured) -> None:
    """The one thing about prices that nobody here has seen."""
    worst = {name: tally.doubled for name, tally in large.acts.items() if tally.doubled > tally.writes}
    for name, units in worst.items():
        section.add(name, units, "WRU")


def _by_table(tally: Tally) -> str:
    return ", ".join(f"{name} {units:g}" for name, units in tally.by_table.items() if units)


def _mean(tallies: list[Tally]) -> float:
    return sum(tally.reads for tally in tallies) / len(tallies)


def _most(tallies: list[Tally]) -> float:
    return max(tally.reads for tally in tallies)


def _ratio(after: float, before: float) -> float:
    return after / before if before else (1.0 if not after else float("inf"))
