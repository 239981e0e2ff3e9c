"""Instructions per request, in our own code and in the SDK, with the network out of the way.

Each request is made once against the real engine and its answers are kept as bytes. A child process then makes the
same request again and again under valgrind, twice over: with the SDK's transport answering those bytes (all of the
SDK's own work is counted), and with the SDK's call itself answering what it parsed (none of it is). The difference is
the SDK; what is left is Chalice, PynamoDB's models and we.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.bench import capacity, counting, open311
from local.bench.child import text
from local.bench.counting import how as how
from local.bench.report import Section
from local.bench.world import PROJECT, Item, World, answered, item_size, prefix, write

ABOUT = (
    "Through the Lambda proxy event, warm. SDK: botocore's own work, from the call to the bytes and back. Own: all "
    "the rest of the request, Chalice and PynamoDB included. Plain: a Chalice route with the same answer ready."
)
PAGE_MOST = 0.30
FULL = "PynamoDB, 50 full items"


def count(world: World) -> dict[str, dict[str, float]]:
    """Per request: ``full``, ``own`` (without the SDK) and ``plain``; see `local.bench.child`."""
    size = _plain_items(world)
    recorded = [
        *(_record(world, name, event) for name, event in _requests(world).items()),
        _record_full(world),
    ]
    with tempfile.TemporaryDirectory(prefix="pro-bench-") as out, counting.bytecode_folder() as folder:
        tape, labels = Path(out) / "tape.json", Path(out) / "labels.json"
        tape.write_text(json.dumps({"now": world.now.isoformat(), "requests": recorded}), encoding="utf-8")
        arguments = ["-m", "local.bench.child", str(tape), str(labels)]
        variables = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONHASHSEED": "0"}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        counting.run([sys.executable, "-P", *arguments], {**variables, "PYTHONPATH": str(PROJECT)})
        said = json.loads(labels.read_text(encoding="utf-8"))
        if counting.valgrind():
            counts = counting.segments(arguments, {}, folder, marked=True)
            said = [[label, count, times] for (label, _, times), count in zip(said, counts, strict=False)]
    found: dict[str, dict[str, float]] = {}
    for label, cost, times in said:
        name, _, kind = label.rpartition("|")
        if kind:
            found.setdefault(name, {})[kind] = cost / times
    found[FULL]["bytes"] = size
    return found


def tell(section: Section, found: Mapping[str, Mapping[str, float]]) -> None:
    unit = counting.unit()
    reference = found[FULL]["full"]
    for name, cost in found.items():
        if name == FULL:
            continue
        sdk = cost["full"] - cost["own"]
        note = f"SDK {sdk:.2f}, own {cost['own']:.2f}, plain {cost['plain']:.2f}"
        section.add(name, cost["full"], unit, note=note)
        section.add(
            "  without the SDK, beside plain Chalice", cost["own"] / cost["plain"], "x", 2.0, must=False
        )
        if name.startswith("page of 50"):
            section.add("  beside PynamoDB's 50 full items", cost["full"] / reference, "x", PAGE_MOST)
        section.add("  the first one of a process", cost["first"], unit)
    section.add(
        FULL, reference, unit, note=f"{found[FULL]['bytes']:,.0f} bytes each, an attribute for each field"
    )


# Recording ----------------------------------------------------------------------------------------------------


def _requests(world: World) -> dict[str, dict[str, Any]]:
    """The events that are counted, each from a state in which it succeeds."""
    from chalicelib.usecases import api_keys

    key = {"Idempotency-Key": f"bench-{world.token_seed.getrandbits(128):032x}"}
    body = {**capacity.REFERENCE, "contact": {"phone": "+6281234567890", "name": "Wayan Uji"}}
    case = capacity.filed(world)
    case.office("release", {})
    first = capacity.listings(world)
    inbox = next(listing for listing in first if listing.name == "inbox of an office")
    by_area = next(listing for listing in first if listing.name == "by area")
    officer = f"officer:{world.officer.id}"
    _, api_key = api_keys.issue("bench", [api_keys.FILE], now=world.now, per_hour=0)
    return {
        "Open311: list of 100": open311.listing(world, {}),
        "Open311: post": open311.post(world, api_key),
        "lookup": world.event("GET", "/v1/complaints/{code}/status", code=case.code),
        "detail": world.event("GET", "/v1/complaints/{code}", code=case.code),
        "page of 50 by area": world.event("GET", by_area.route, query=by_area.query),
        "page of 50 of an inbox": world.event(
            "GET", inbox.route, query=inbox.query, principal=inbox.principal
        ),
        "file": world.event("POST", "/v1/complaints", body=body, headers=key),
        "status change": world.event(
            "POST",
            "/v1/office/complaints/{code}/start",
            code=case.code,
            body={},
            principal=officer,
            headers={"If-Match": f'"{case.version}"'},
        ),
    }


def _record(world: World, name: str, event: dict[str, Any]) -> dict[str, Any]:
    from chalicelib import keys

    # A fresh process asks for the server's key in its first request, so each recording holds that answer too.
    keys._server_key.cache_clear()
    with _listening() as heard:
        answer = answered(world.app, event)
    return {
        "name": name,
        "event": event,
        "answers": heard,
        "body": answer["body"],
        "status": answer["statusCode"],
    }


def _record_full(world: World) -> dict[str, Any]:
    from local.bench.plain import Full

    Full._connection = None
    with _listening() as heard:
        rows = list(Full.query("area", limit=50, page_size=50))
    if len(rows) != 50:
        raise AssertionError(f"{len(rows)} full items")
    return {"name": FULL, "event": None, "answers": heard, "body": "", "status": 200}


@contextmanager
def _listening() -> Iterator[list[dict[str, Any]]]:
    """Keep what every HTTP answer of the SDK says, as bytes."""
    from botocore import httpsession

    heard: list[dict[str, Any]] = []
    transport: Any = httpsession.URLLib3Session  # the one place that all clients pass
    send = transport.send

    def keep(session: Any, request: Any) -> Any:
        answer = send(session, request)
        body = base64.b64encode(answer.content).decode()
        target = text(request.headers["X-Amz-Target"])
        heard.append(
            {"target": target, "status": answer.status_code, "headers": dict(answer.headers), "body": body}
        )
        return answer

    transport.send = keep
    try:
        yield heard
    finally:
        transport.send = send


def _plain_items(world: World) -> float:
    """A table as a plain PynamoDB project would have it, with 50 complaints; returns their mean size in bytes."""
    from local.bench.plain import Full, full_item

    name = f"{prefix()}plain"
    attributes = [{"AttributeName": part, "AttributeType": "S"} for part in ("area", "filed_at")]
    schema = [{"AttributeName": "area", "KeyType": "HASH"}, {"AttributeName": "filed_at", "KeyType": "RANGE"}]
    world.raw(
        "CreateTable",
        TableName=name,
        AttributeDefinitions=attributes,
        KeySchema=schema,
        BillingMode="PAY_PER_REQUEST",
    )
    rows: list[Item] = [full_item(number, world.now) for number in range(50)]
    write(world.dynamodb.port, Full.Meta.table_name, rows)
    return sum(map(item_size, rows)) / len(rows)
