"""The package as Lambda runs it: unpacked, under AWS's own runtime client, before a simulated Runtime API.

Everything else is as in the other tests: DynamoDB Local and moto stand behind the functions. Events are samples of what
AWS sends (tests/events/).
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import pytest
from chalice import app as framework

from infra import package
from local import runtime
from tests import stack as stacks
from tests.contract.conftest import PHONE, a_report, citizen
from tests.integration.test_photos import a_jpeg
from tests.stack import Stack

EVENTS = stacks.PROJECT / "tests" / "events"
MACHINE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
SETTINGS = {
    name: value
    for name, value in stacks.ENVIRONMENT.items()
    if name not in {"POWERTOOLS_METRICS_DISABLED", "POWERTOOLS_TRACE_DISABLED"}
}

pytestmark = pytest.mark.skipif(
    not any(found.name == "awslambdaric" for found in importlib.metadata.distributions()),
    reason=f"awslambdaric has no wheel for Python {sys.version_info.major}.{sys.version_info.minor} here",
)


@dataclass(frozen=True, slots=True)
class Deployed:
    """The unpacked package, and every function that Chalice would make of it."""

    client: Path
    task_root: Path
    layer: Path
    functions: Mapping[str, Mapping[str, Any]]
    """The SAM template's properties of each, by the last part of its handler."""

    def start(self, name: str, **settings: str) -> runtime.Function:
        made = self.functions[name]
        return runtime.Function(
            self.client,
            self.task_root,
            made["Handler"],
            {**SETTINGS, **settings},
            name=name,
            memory=made["MemorySize"],
            seconds=made["Timeout"],
            layer=self.layer if name in package.LAYERED else None,
        )


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("package")
    staged = package.build(folder / "stage", machine=MACHINE)
    packed = package.pack(staged, folder / "out")
    resources = json.loads(packed.template.read_text(encoding="utf-8"))["Resources"]
    functions = {
        made["Properties"]["Handler"].rpartition(".")[2]: made["Properties"]
        for made in resources.values()
        if made["Type"] == "AWS::Serverless::Function"
    }
    with runtime.runtime_client() as client:
        yield Deployed(client, packed.unpack(folder / "task"), staged / package.LAYER, functions)


def sample(name: str, **values: str) -> dict[str, Any]:
    """A sample event with its ``$names`` filled in."""
    text = Template((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # a sweep takes no event of long ago
    event: dict[str, Any] = json.loads(text.substitute({"now": now, **values}))
    return event


def counted(log: str) -> dict[str, float]:
    """Every count in a log (embedded metric format), with the dimensions that alarms ask for."""
    found: dict[str, float] = {}
    for line in log.splitlines():
        written = json.loads(line) if line.startswith("{") else {}
        for group in written.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert (written["city"], written["stage"]) == (SETTINGS["CITY"], SETTINGS["STAGE"])
            assert {"city", "stage"} <= set(group["Dimensions"][0])
            for metric in group["Metrics"]:
                values = written[metric["Name"]]
                found[metric["Name"]] = found.get(metric["Name"], 0) + sum(values)
    return found


def in_silence() -> bool:
    """On the one day of the year on which nothing is sent and nothing falls due (Nyepi)."""
    from chalicelib.settings import utc_now
    from chalicelib.usecases.record import city

    return any(start <= utc_now() < end for start, end in city().quiet.silences)


def a_case(*, days_ago: int = 0, **changes: Any) -> str:
    """File as the API would, some days ago; answers the tracking code."""
    from chalicelib.cities import load
    from chalicelib.http import forms
    from chalicelib.settings import utc_now
    from chalicelib.usecases import intake

    now = utc_now() - timedelta(days=days_ago)
    filing, contact = forms.complaint(
        a_report(**changes), load(SETTINGS["CITY"]), "id", channel="web", now=now
    )
    return intake.file_complaint(filing, contact, client="203.0.113.7", now=now).complaint.code


def waiting() -> list[str]:
    from chalicelib.store.tables import NoticeRow

    return [row.notice_id for row in NoticeRow.scan()]


# Each function ------------------------------------------------------------------------------------------------


def test_simulated_runtime_the_api_files_a_case_and_shows_it(deployed: Deployed, stack: Stack) -> None:
    with deployed.start("app") as function:
        filed = function.invoke(sample("api-file"))
        assert filed["statusCode"] == 201, filed
        code = json.loads(filed["body"])["code"]
        again = function.invoke(sample("api-file"))
        assert json.loads(again["body"])["code"] == code
        shown = function.invoke(sample("api-status", code=code))
        assert (shown["statusCode"], json.loads(shown["body"])["code"]) == (200, code)
        own = function.invoke(sample("api-own", code=code, principal=f"citizen:{principal()}"))
        assert own["statusCode"] == 200, own
        assert "Jalan berlubang" in json.loads(own["body"])["text"]
    assert waiting()


def principal() -> str:
    from chalicelib import keys

    return keys.person_id(PHONE)


def test_simulated_runtime_a_wrong_request_is_a_problem_and_no_error_of_the_function(
    deployed: Deployed, stack: Stack
) -> None:
    event = sample("api-file")
    with deployed.start("app") as function:
        answer = function.invoke({**event, "body": "{"})
    assert answer["statusCode"] == 400
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_simulated_runtime_the_authorizer_knows_its_tokens(deployed: Deployed, stack: Stack) -> None:
    with deployed.start("signed_in") as function:
        known = function.invoke(sample("authorizer", token=citizen()))
        stranger = function.invoke(sample("authorizer", token="none.of.ours"))
    assert known["principalId"] == f"citizen:{principal()}"
    assert stranger["principalId"] == "nobody"
    assert known["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def test_simulated_runtime_the_relay_attempts_what_the_stream_brings(
    deployed: Deployed, stack: Stack
) -> None:
    a_case()
    (notice,) = [notice for notice in waiting() if "office" in notice] or waiting()[:1]
    with deployed.start("relay_notices") as function:
        function.invoke(sample("stream", notice=notice))
        log = function.log
    # By night, and in a silence, a message may have to wait: that is an attempt, too.
    assert sum(counted(log).get(name, 0) for name in ("NoticesSent", "NoticesHeld")) == 1, log


def test_simulated_runtime_the_outbox_sweep_finds_what_the_stream_lost(
    deployed: Deployed, stack: Stack
) -> None:
    a_case()
    lost = len(waiting())
    with deployed.start("sweep_outbox") as function:
        answer = function.invoke(sample("schedule"))
        log = function.log
    assert answer == {"attempted": lost, "finished": True}
    assert sum(counted(log).get(name, 0) for name in ("NoticesSent", "NoticesHeld")) == lost, log


def test_simulated_runtime_the_deadline_sweep_climbs_and_finds_nothing_more(
    deployed: Deployed, stack: Stack
) -> None:
    # An office that works every day, whatever day this machine has; nobody stands above, so the office hears.
    a_case(days_ago=60, category="rumah_sakit")
    with deployed.start("sweep_deadlines") as function:
        first = function.invoke(sample("schedule"))
        log = function.log
        second = function.invoke(sample("schedule"))
    assert (first["failed"], first["finished"]) == (0, True)
    assert (first["climbed"] > 0) is not in_silence()
    assert (second["climbed"], second["failed"]) == (0, 0)
    assert counted(log).get("SweepRan") == 1, log


def test_simulated_runtime_the_lists_come_to_their_end_and_are_written_once(
    deployed: Deployed, stack: Stack
) -> None:
    with deployed.start("send_lists") as function:
        first = function.invoke(sample("schedule"))
        second = function.invoke(sample("schedule"))
    assert (first["finished"], second) == (
        True,
        {"written": 0, "erased": 0, "wiped": 0, "finished": True},
    )


def a_photo() -> str:
    """A file in the bucket, as its form would have put it there."""
    from chalicelib import photos as bucket
    from chalicelib.settings import utc_now
    from chalicelib.usecases import photos as evidence

    now = utc_now() - timedelta(minutes=20)
    asked = evidence.ask_for_draft("a" * 22, "image/jpeg", client="203.0.113.7", now=now)
    bucket.write(f"in/{asked.photo.id}", a_jpeg(), "image/jpeg")
    return asked.photo.id


def state_of(photo: str) -> str:
    from chalicelib.store import photos as store

    return store.get(photo).state


def test_simulated_runtime_an_upload_is_judged_when_the_bucket_tells_of_it(
    deployed: Deployed, stack: Stack
) -> None:
    photo = a_photo()
    with deployed.start("on_photo") as function:
        bucket = SETTINGS["PHOTO_BUCKET"]
        assert function.invoke(sample("s3-by-eventbridge", bucket=bucket, key=f"in/{photo}")) is None
        function.invoke(
            sample("s3-by-eventbridge", bucket=bucket, key="in/" + "a" * 26)
        )  # nobody asked for it
    assert state_of(photo) == "fit"


def test_simulated_runtime_the_sweep_of_photos_finds_what_no_event_told_of(
    deployed: Deployed, stack: Stack
) -> None:
    photo = a_photo()
    with deployed.start("sweep_photos") as function:
        assert function.invoke(sample("schedule")) == {"worked": 1, "failed": 0, "finished": True}
        assert function.invoke(sample("schedule")) == {"worked": 0, "failed": 0, "finished": True}
    assert state_of(photo) == "fit"


def test_simulated_runtime_the_index_takes_up_what_was_filed(deployed: Deployed, stack: Stack) -> None:
    a_case(days_ago=1, category="rumah_sakit")
    with deployed.start("index_cases") as function:
        first = function.invoke(sample("schedule"))
        second = function.invoke(sample("schedule"))
    assert first == {"indexed": 1, "failed": 0, "finished": True}
    assert second == {"indexed": 0, "failed": 0, "finished": True}


REPLAYED: Mapping[str, Callable[..., None]] = {
    "app": test_simulated_runtime_the_api_files_a_case_and_shows_it,
    "signed_in": test_simulated_runtime_the_authorizer_knows_its_tokens,
    "relay_notices": test_simulated_runtime_the_relay_attempts_what_the_stream_brings,
    "sweep_outbox": test_simulated_runtime_the_outbox_sweep_finds_what_the_stream_lost,
    "index_cases": test_simulated_runtime_the_index_takes_up_what_was_filed,
    "send_lists": test_simulated_runtime_the_lists_come_to_their_end_and_are_written_once,
    "on_photo": test_simulated_runtime_an_upload_is_judged_when_the_bucket_tells_of_it,
    "sweep_photos": test_simulated_runtime_the_sweep_of_photos_finds_what_no_event_told_of,
    "sweep_deadlines": test_simulated_runtime_the_deadline_sweep_climbs_and_finds_nothing_more,
}


def test_simulated_runtime_every_function_of_the_package_is_replayed_here(deployed: Deployed) -> None:
    assert set(deployed.functions) == set(REPLAYED)


# Failures -----------------------------------------------------------------------------------------------------


def test_simulated_runtime_a_function_without_its_settings_names_what_is_missing(deployed: Deployed) -> None:
    handler = deployed.functions["sweep_outbox"]["Handler"]
    with (
        runtime.Function(deployed.client, deployed.task_root, handler, {"STAGE": "prod"}) as function,
        pytest.raises(runtime.FunctionFailed) as failed,
    ):
        function.invoke(sample("schedule"))
    assert failed.value.error["errorType"] == "MissingSettings"
    assert "TABLE_PREFIX" in failed.value.error["errorMessage"]


def test_simulated_runtime_nothing_of_the_developers_environment_is_seen(deployed: Deployed) -> None:
    """The proof that the package holds all that it needs: the process has nothing else to take it from."""
    with (
        runtime.Function(deployed.client, deployed.task_root, "moto.server.main", SETTINGS) as function,
        pytest.raises(runtime.FunctionFailed) as failed,
    ):
        function.invoke({})
    assert failed.value.error["errorType"] == "Runtime.ImportModuleError"


# X-Ray --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["app", "sweep_outbox"])
def test_simulated_runtime_traces_work_where_a_stage_turns_them_on(
    name: str, deployed: Deployed, stack: Stack
) -> None:
    event = sample("api-status", code="TIDAK-ADA") if name == "app" else sample("schedule")
    with deployed.start(name, XRAY="on", AWS_XRAY_DAEMON_ADDRESS="127.0.0.1:9") as function:
        answer = function.invoke(event)
        log = function.log
    assert answer.get("statusCode", 404) == 404
    assert "segment" not in log, log


# Samples ------------------------------------------------------------------------------------------------------

UNDERSTOOD: Mapping[str, tuple[type[Any], Callable[[Any], object]]] = {
    "sns": (framework.SNSEvent, lambda event: event.message),
    "sqs": (framework.SQSEvent, lambda event: [record.body for record in event]),
    "s3": (framework.S3Event, lambda event: (event.bucket, event.key)),
}
"""No function hears of these yet: the samples lie ready, and this says that Chalice understands them."""


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_sample_of_an_event_that_no_function_hears_yet_is_one_that_chalice_understands(name: str) -> None:
    event_class, read = UNDERSTOOD[name]
    filled = sample(name, message="halo", bucket="foto", key="a/b.jpg")
    assert read(event_class(filled, None)) in ("halo", ["halo"], ("foto", "a/b.jpg"))
