"""What lists and posts of Open311 use of DynamoDB, at two sizes of the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from local.bench.capacity import REFERENCE
from local.bench.meter import Meter, Tally
from local.bench.report import Section
from local.bench.world import HOT_CATEGORY, Item, World, answered, forget, prefix, write

ABOUT = (
    "Lists of 100 through `/open311/v2/requests.json`: the cards of an index up to the end of the page, then head and "
    "words of each row by key. A post is the reference case's text without a contact; the key is read with it."
)
_ROUTE = "/open311/v2/{resource}"
_ROWS = 100
_POST, _UPDATE = "post a request", "post an update that closes it"
_MOST = {_POST: 36, _UPDATE: 32}
_LIST_MOST = 105
"""Half a unit for the head and half for the words of each row, and two and a half for each 50 cards of the index."""
_FLAT_MOST = 1.05


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of 100 by one way of asking."""

    name: str
    query: Mapping[str, str]


LISTS = (
    Listed("all services, the last 90 days", {}),
    Listed("one service", {"service_code": HOT_CATEGORY}),
    Listed("within 1,000 m", {"lat": "-8.67", "long": "115.21", "radius": "1000"}),
    Listed("page 6", {"page": "6"}),
    Listed("page 3", {"page": "3"}),
)


def measure(world: World, meter: Meter) -> dict[str, Tally]:
    """Each list and each post once."""
    from chalicelib.usecases import api_keys

    _, key = api_keys.issue("bench", [api_keys.FILE, f"{api_keys.ACT}*"], now=world.now, per_hour=0)
    found: dict[str, Tally] = {}
    for listed in LISTS:
        _with_words(world, json.loads(answered(world.app, listing(world, listed.query))["body"]))
        with meter.measure(writes=False) as tally:
            rows = json.loads(answered(world.app, listing(world, listed.query))["body"])
        if len(rows) != _ROWS and "radius" not in listed.query:
            raise RuntimeError(f"{listed.name}: {len(rows)} rows")
        found[listed.name] = tally
    with meter.measure() as tally:
        code = json.loads(answered(world.app, post(world, key))["body"])[0]["service_request_id"]
    found[_POST] = tally
    world.filed.append(code)
    said = {"api_key": key, "service_request_id": code, "status": "CLOSED", "description": "Sudah ditambal."}
    with meter.measure() as tally:
        answered(world.app, _event(world, "POST", "servicerequestupdates.json", form=said))
    found[_UPDATE] = tally
    forget(world, [code])
    return found


def _with_words(world: World, rows: list[dict[str, Any]]) -> None:
    """Give the cases of a page the row that the table was loaded without: what their reporters said."""
    said = json.dumps({"text": REFERENCE["text"]})
    items: list[Item] = [
        {"pk": {"S": row["service_request_id"]}, "sk": {"S": "text"}, "body": {"S": said}} for row in rows
    ]
    write(world.dynamodb.port, f"{prefix()}complaints", items)


def listing(world: World, query: Mapping[str, str]) -> dict[str, Any]:
    """The event of a list of 100."""
    return _event(world, "GET", "requests.json", {"page_size": str(_ROWS), **query})


def post(world: World, key: str) -> dict[str, Any]:
    """The event of a post."""
    said = {"api_key": key, "service_code": HOT_CATEGORY, "lat": "-8.671234", "long": "115.212345"}
    return _event(world, "POST", "requests.json", form={**said, "description": str(REFERENCE["text"])})


def tell(section: Section, small: Mapping[str, Tally], large: Mapping[str, Tally]) -> None:
    for listed in LISTS:
        tally, before = large[listed.name], small[listed.name]
        most = None if listed.name.startswith(("page", "within")) else _LIST_MOST
        told = ", ".join(f"{name} {units:g}" for name, units in tally.by_table.items() if units)
        section.add(f"list of {_ROWS}: {listed.name}", tally.reads, "RRU", most, told)
        if most is not None:
            section.add("  beside the small table", tally.reads / before.reads, "x", _FLAT_MOST)
    ends = [large[name].reads - _ROWS for name in ("page 3", "page 6")]
    section.add(
        "cards passed for page 6 beside page 3", ends[1] / ends[0], "x", 2.2, "in proportion to the page"
    )
    for name, most in _MOST.items():
        tally = large[name]
        section.add(name, tally.writes, "WRU", most, tally.explained())
        section.add("  of it unexplained", tally.unexplained, "WRU", 0, "; ".join(tally.over))
        section.add("  and reads", tally.reads, "RRU")


def _event(
    world: World,
    method: str,
    resource: str,
    query: Mapping[str, str] | None = None,
    *,
    form: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    event = world.event(method, _ROUTE, query=query, headers=headers)
    event["pathParameters"] = {"resource": resource}
    event["path"] = _ROUTE.replace("{resource}", resource)
    event["body"] = urlencode(form) if form else None
    return event
