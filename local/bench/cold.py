"""Cold starts under AWS's own runtime client: from the start of the process to the answer of its first real event.

Each function of our package is held against two others of the same run: the same app as Chalice ships it by default,
and for the API a bare Chalice app that reads one item. All run on the bench's engines, in turns, and the least CPU time
of each counts: whatever else the machine does can only add to it. Nobody's seconds are shown, only ratios.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra import package
from local import engines, runtime
from local.bench import capacity, counting
from local.bench.report import Section
from local.bench.world import ACCOUNT, CITY, PROJECT, World, environment

ABOUT = (
    "From the start of the process to the answer of its first real event, CPU time of the whole process, under AWS's "
    "runtime client and without any bytecode that is not in the package. Beside what `chalice package` makes of the "
    "project by default; and the API's look at one case beside a bare Chalice app with Logger, Metrics and PynamoDB, "
    "compiled, that reads one item."
)
DEFAULT_MOST = 0.35
BARE_MOST = 1.15
MEMORY_MOST = 0.5
TURNS = 7
MACHINE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"

_BARE = """
import os
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics
from chalice.app import Chalice, ConvertToMiddleware
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

logger = Logger(service="bare")
metrics = Metrics(namespace="Bare", service="bare")
app = Chalice("bare", configure_logs=False)
app.register_middleware(ConvertToMiddleware(logger.inject_lambda_context(clear_state=True)))
app.register_middleware(ConvertToMiddleware(metrics.log_metrics(raise_on_empty_metrics=False)))


class Row(Model):
    class Meta:
        table_name = os.environ["TABLE_PREFIX"] + "complaints"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)


Row._get_connection().connection.client


@app.route("/v1/complaints/{code}/status")
def status(code):
    row = Row.get(code, "head")
    return {"code": code, "body": row.body}
"""


@dataclass(slots=True)
class Cold:
    """What one function's cold starts took, by whose package it was: ``ours``, ``default``, ``bare``, ``trimmed``."""

    handler: str
    costs: dict[str, list[runtime.Cost]] = field(default_factory=dict)
    instructions: dict[str, float] = field(default_factory=dict)

    def cpu(self, whose: str) -> float:
        return min(cost.cpu_ms for cost in self.costs[whose])

    def init(self, whose: str) -> float:
        return min(cost.init_cpu_ms for cost in self.costs[whose])

    def peak(self, whose: str) -> float:
        return max(cost.peak_mb for cost in self.costs[whose])


def count(world: World) -> dict[str, Cold]:
    """Cold starts of every function, by the name of what it was asked."""
    asked = _first_events(world)
    found = {name: Cold(handler) for name, (handler, _) in asked.items()}
    with tempfile.TemporaryDirectory(prefix="pro-cold-") as name, runtime.runtime_client() as client:
        roots = _packages(Path(name))
        for _ in range(TURNS):
            for what, (handler, event) in asked.items():
                for whose in _compared(what):
                    with _start(client, roots[whose], handler) as function:
                        _ask(function, event())
                        cost = function.stop()
                    found[what].costs.setdefault(whose, []).append(cost)
        if counting.valgrind():
            handler, event = asked[LOOKUP]
            for whose in ("ours", "bare", "trimmed"):
                found[LOOKUP].instructions[whose] = _instructions(client, roots[whose], handler, event())
    return found


LOOKUP = "API, a look at one case"


def tell(section: Section, found: Mapping[str, Cold]) -> None:
    for name, cold in found.items():
        share = cold.init("ours") / cold.cpu("ours")
        note = f"{share:.0%} of it before the first event"
        section.add(
            f"{name}: beside Chalice's default",
            cold.cpu("ours") / cold.cpu("default"),
            "x",
            DEFAULT_MOST,
            note,
        )
    for name, cold in found.items():
        given = _memory(cold.handler)
        note = f"{cold.peak('ours'):.0f} MB of {given}"
        section.add(
            f"{name}: memory used of what it is given", cold.peak("ours") / given, "x", MEMORY_MOST, note
        )
    lookup = found[LOOKUP]
    least = f"least CPU time of {TURNS} starts"
    section.add("API beside bare Chalice", lookup.cpu("ours") / lookup.cpu("bare"), "x", BARE_MOST, least)
    section.add(
        "  with its SDK data left out too", lookup.cpu("ours") / lookup.cpu("trimmed"), "x", note=least
    )
    if counted := lookup.instructions:
        note = f"{counted['ours']:,.0f} and {counted['bare']:,.0f} M instr"
        section.add("  in instructions", counted["ours"] / counted["bare"], "x", BARE_MOST, note)
        note = f"{counted['trimmed']:,.0f} M instr"
        section.add(
            "  in instructions, with its SDK data left out too",
            counted["ours"] / counted["trimmed"],
            "x",
            note=note,
        )


def _memory(handler: str) -> int:
    """MB that .chalice/config.json gives a function."""
    name = handler.rpartition(".")[2]
    config = json.loads((PROJECT / ".chalice" / "config.json").read_bytes())
    given: int = config["lambda_functions"]["api_handler" if name == "app" else name]["lambda_memory_size"]
    return given


def _compared(what: str) -> tuple[str, ...]:
    return ("ours", "default", "bare", "trimmed") if what == LOOKUP else ("ours", "default")


def _packages(folder: Path) -> dict[str, Path]:
    """Every package that is compared, unpacked."""
    plain = folder / "plain"
    plain.mkdir()
    for path in ("app.py", "requirements.txt", "chalicelib", ".chalice"):
        left_out = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        if (PROJECT / path).is_dir():
            shutil.copytree(PROJECT / path, plain / path, ignore=left_out)
        else:
            shutil.copy(PROJECT / path, plain / path)
    config = plain / ".chalice" / "config.json"
    config.write_text(
        json.dumps({**json.loads(config.read_bytes()), "lambda_architecture": MACHINE}), encoding="utf-8"
    )
    bare = folder / "bare-project"
    (bare / "chalicelib").mkdir(parents=True)
    (bare / ".chalice").mkdir()
    (bare / "app.py").write_text(_BARE, encoding="utf-8")
    (bare / ".chalice" / "config.json").write_text(
        json.dumps({"version": "2.0", "app_name": "bare", "stages": {"dev": {}}}), encoding="utf-8"
    )
    shutil.copy(PROJECT / "requirements.txt", bare / "requirements.txt")
    stages = {
        "ours": package.build(folder / "ours", machine=MACHINE),
        "default": plain,
        "bare": package.build(folder / "bare", machine=MACHINE, project=bare, trimmed=False),
        "trimmed": package.build(folder / "trimmed", machine=MACHINE, project=bare),
    }
    return {
        whose: package.pack(stage, folder / f"{whose}-out").unpack(folder / f"{whose}-task")
        for whose, stage in stages.items()
    }


def _start(client: Path, root: Path, handler: str, **how: Any) -> runtime.Function:
    settings = {name: os.environ[name] for name in environment(0, 0)}
    return runtime.Function(client, root, handler, settings, seconds=120, **how)


def _instructions(client: Path, root: Path, handler: str, event: Mapping[str, Any]) -> float:
    """The same start once more under valgrind, in millions of instructions; its exit is in it, the same for all."""
    with tempfile.TemporaryDirectory(prefix="pro-bench-") as out:
        under = (str(counting.valgrind()), "--tool=callgrind", f"--callgrind-out-file={out}/counts")
        with _start(client, root, handler, under=under, patience=900) as function:
            _ask(function, event)
            function.stop()
        return counting.total(Path(out) / "counts") / 1e6


def _ask(function: runtime.Function, event: Mapping[str, Any]) -> None:
    """Raises RuntimeError for an answer that did not do its work: it would have been cheap."""
    answer = function.invoke(event)
    status = answer.get("statusCode", 200) if isinstance(answer, dict) else 200
    nothing = isinstance(answer, dict) and 0 in (answer.get("attempted"), answer.get("climbed"))
    if status >= 300 or nothing or answer == {"principalId": "nobody"}:
        raise RuntimeError(f"a cold start did no work: {answer}\n{function.log}")


def _first_events(world: World) -> dict[str, tuple[str, Callable[[], dict[str, Any]]]]:
    """What each function is asked first: its handler, and a maker of events that find work each time.

    The functions' clock is the machine's, by day and by night; so what is sent here is urgent.
    """
    from chalicelib import keys
    from chalicelib.domain.notices import Channel, Notice
    from chalicelib.store import outbox
    from chalicelib.usecases import signin

    numbers = itertools.count(1)
    now = datetime.now(UTC)
    shown = capacity.filed(world, contact={"phone": "+6281234567890", "name": "Wayan Uji"}).code
    citizen = signin.Who(signin.Kind.CITIZEN, keys.person_id("+6281234567890"))

    def file() -> dict[str, Any]:
        number = next(numbers)
        body = {**capacity.REFERENCE, "contact": {"phone": f"+6281{number:08d}", "name": "Wayan Uji"}}
        headers = {"Idempotency-Key": f"cold-{number:032d}"}
        event = world.event("POST", "/v1/complaints", body=body, headers=headers)
        event["requestContext"]["identity"]["sourceIp"] = f"198.51.100.{number % 250}"
        return event

    def notice() -> str:
        challenge = uuid.uuid4().hex
        made = datetime.now(UTC)
        until = made + timedelta(minutes=5)
        outbox.add(
            Notice(
                id=f"sign_in#{challenge}",
                code="",
                template="sign_in",
                channel=Channel.SMS,
                to=f"citizen#{citizen.id}",
                language="id",
                created_at=made,
                useful_until=until,
                args={"challenge": challenge, "minutes": "5"},
                urgent=True,
            ),
            decoy=False,
        )
        return f"sign_in#{challenge}"

    def record() -> dict[str, Any]:
        change = {
            "ApproximateCreationDateTime": datetime.now(UTC).timestamp(),
            "Keys": {"notice_id": {"S": notice()}},
            "SequenceNumber": "1",
            "SizeBytes": 60,
            "StreamViewType": "KEYS_ONLY",
        }
        found = {"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1"}
        source = {"awsRegion": engines.REGION, "eventSourceARN": os.environ["OUTBOX_STREAM_ARN"]}
        return {"Records": [{**found, **source, "dynamodb": change}]}

    def due() -> dict[str, Any]:
        notice()
        return {**_SCHEDULED, "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    def overdue() -> dict[str, Any]:
        _file(datetime.now(UTC) - timedelta(days=60), next(numbers))
        return {**_SCHEDULED, "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    token = signin.token(citizen, now=now)
    arn = f"arn:aws:execute-api:{engines.REGION}:{ACCOUNT}:bench/api/GET/v1/me/complaints"
    return {
        LOOKUP: (
            "app.app",
            lambda: world.event("GET", "/v1/complaints/{code}/status", code=shown),
        ),
        "API, filing": ("app.app", file),
        "authorizer": (
            "chalicelib.http.auth.signed_in",
            lambda: {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn},
        ),
        "relay_notices": ("chalicelib.jobs.relay.relay_notices", record),
        "sweep_outbox": ("chalicelib.jobs.sweeps.sweep_outbox", due),
        "sweep_deadlines": ("chalicelib.jobs.sweeps.sweep_deadlines", overdue),
    }


_SCHEDULED = {
    "version": "0",
    "id": "1",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": ACCOUNT,
    "time": "",
    "region": engines.REGION,
    "resources": [],
    "detail": {},
}


def _file(now: datetime, number: int) -> None:
    from chalicelib.cities import load
    from chalicelib.http import forms
    from chalicelib.usecases import intake

    # Of an office that works every day: a sweep runs by the machine's own clock here, whatever day it has.
    contact = {"phone": f"+6281{number:08d}", "name": "Wayan Uji"}
    body = {**capacity.REFERENCE, "category": "rumah_sakit", "contact": contact}
    filing, known = forms.complaint(body, load(CITY), "id", channel="web", now=now)
    intake.file_complaint(filing, known, client=f"192.0.2.{number % 250}", now=now)
