"""People and cases for the integration tests: officers in their posts, citizens with phones, reports of theirs."""

from __future__ import annotations

import itertools
import json
import logging
import re
import secrets
import threading
import traceback
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from botocore.awsrequest import AWSResponse
from chalice.local import LambdaContext
from chalice.test import TestEventsClient

from app import app
from chalicelib import aws, keys, sns
from chalicelib.domain import routing
from chalicelib.domain.city import City, Kind
from chalicelib.domain.complaint import Change, Complaint, Filing, Place
from chalicelib.domain.geo import Point
from chalicelib.domain.people import Duty, Officer
from chalicelib.domain.reporting import file
from chalicelib.domain.tracking import tracking_code
from chalicelib.jobs import sweeps
from chalicelib.observability import metrics
from chalicelib.settings import settings
from chalicelib.store import complaints, people
from chalicelib.store.tables import TABLES, PersonRow, connection
from chalicelib.usecases import delivery, intake, sealing, signin
from chalicelib.usecases.record import city as the_city
from tests.stack import Stack

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday 23 November 2026, 10.00 WITA: an ordinary working day, none of the next two weeks is a holiday."""
PANJER, SESETAN = "51.71.01.1004", "51.71.01.1003"
SOUTH = "51.71.01"
TRIAGE_OFFICE = "diskominfos"
RUBBISH = "Sampah menumpuk di depan pasar sejak tiga hari dan mulai berbau."

_numbers = itertools.count(1)


def city() -> City:
    return the_city()


def a_phone() -> str:
    """A number of nobody else in this run, so that what earlier tests subscribed is never mistaken for ours."""
    number = next(_numbers)
    # moto takes every number that ends in 99 for one that its owner keeps off.
    return f"+62812{number if number % 100 != 99 else next(_numbers):08d}"


@dataclass(frozen=True, slots=True)
class Employee:
    """An officer with the phone and mailbox that hear of things."""

    officer: Officer
    phone: str
    email: str


_employees: list[Employee] = []


def an_officer(*posts: str, office: str = "", name: str = "Ni Luh Contoh", desk: bool = False) -> Employee:
    """Register somebody in these posts (``role@scope``); ``desk`` subscribes them to their office's topic too."""
    phone = a_phone()
    email = f"officer{phone[-6:]}@example.id"
    duties = tuple(Duty.parse(post) for post in posts)
    works_in = office or (duties[0].scope.partition("/")[0] if duties else TRIAGE_OFFICE)
    works_in = TRIAGE_OFFICE if works_in == "city" else works_in
    officer = Officer(keys.person_id(phone), name, "Petugas", works_in, duties)
    people.save_officer(officer, sealing.seal(officer.id, {"phone": phone, "email": email}))
    sns.ensure_officer_topic(officer.id, email)
    for post in posts:
        held = [item for item, _ in people.holders([post])[post].officers]
        people.hold_post(post, [*held, officer.id])
    _employees.append(Employee(officer, phone, email))
    if desk:
        sns.subscribe_office(works_in, phone=phone, email=email)
    return _employees[-1]


def disable(employee: Employee) -> None:
    contact = sealing.seal(employee.officer.id, {"phone": employee.phone, "email": employee.email})
    people.save_officer(replace(employee.officer, disabled=True), contact)


def a_filing(**changes: Any) -> Filing:
    """A report about rubbish in Panjer, which is DLHK's; ``at`` sets a point, and then the area follows from it."""
    at = changes.pop("at", None)
    values: dict[str, Any] = {
        "kind": Kind.COMPLAINT,
        "text": RUBBISH,
        "language": "id",
        "channel": "web",
        "category": "sampah",
        "area": None if at else PANJER,
        "place": Place(Point(*at)) if at else Place(words="Depan Pasar Nyanggelan"),
    }
    return Filing(**{**values, **changes})


def a_case(
    *,
    now: datetime = NOW,
    phone: str = "",
    email: str = "",
    who: signin.Who | None = None,
    retry: intake.Retry | None = None,
    client: str = "203.0.113.7",
    clerk: Officer | None = None,
    **changes: Any,
) -> intake.Filed:
    contact = intake.Contact(phone=phone, email=email, name="Made Contoh" if phone or email else "")
    return intake.file_complaint(
        a_filing(**changes), contact, client=client, now=now, who=who, retry=retry, clerk=clerk
    )


def a_key(text: str = "") -> str:
    return f"key-{text}-{next(_numbers):024d}"


def citizen(phone: str) -> signin.Who:
    return signin.Who(signin.Kind.CITIZEN, keys.person_id(phone))


def holder_of(filed: intake.Filed) -> signin.Who:
    """Whoever has the secret link of this case."""
    return signin.Who(signin.Kind.LINK, f"{filed.complaint.code}.{filed.complaint.link_version}")


def stored(code: str) -> Complaint:
    return complaints.get(code, consistent=True).complaint


def deliver(now: datetime) -> None:
    """Send everything that is due, as the outbox sweep does."""
    delivery.sweep(now=now)


def _gone() -> set[str]:
    here = {row.pk for row in PersonRow.scan()}
    left = {
        address
        for employee in _employees
        if f"officer#{employee.officer.id}" not in here
        for address in (employee.phone, employee.email)
    }
    # Whom the scenario of the grants subscribed (tests/contract/test_policies.py).
    return left if "officer#pendengar" in here else left | {"pendengar@example.id", "+6281234567899"}


class Sent:
    """What phones and mailboxes received since this was made."""

    def __init__(self, stack: Stack) -> None:
        self._endpoint = stack.aws.endpoint
        self._next, self._ended = 0, False
        self.new()

    def new(self) -> list[dict[str, Any]]:
        """What came since the last look, oldest first."""
        found = self._read()
        while not self._ended:
            found += self._read()
        # Subscriptions outlive the tables: desks of earlier tests hear on, and are nobody to this one.
        gone = _gone() if found else set()
        return [message for message in found if message["to"] not in gone]

    def to(self, *addresses: str) -> list[dict[str, Any]]:
        return [message for message in self.new() if message["to"] in addresses]

    def _read(self) -> list[dict[str, Any]]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._endpoint}/_local/messages?since={self._next}", timeout=10) as answer:
            page = json.load(answer)
        self._next = page["next"]
        self._ended = not page["messages"]
        return list(page["messages"])


def rows() -> dict[str, int]:
    """How many rows each table holds."""
    return {table.Meta.table_name: sum(1 for _ in table.scan()) for table in TABLES}


def everything() -> str:
    """All rows of all tables as text, to compare or to search, without the seals of histories."""
    return json.dumps([sorted(unsealed(repr(row)) for row in _raw_rows(table)) for table in TABLES])


def unsealed(rows: str) -> str:
    """Rows as text without the seals of a history's entries: they rest on random salts, in each run others."""
    return _SEAL.sub("", rows)


_SEAL = re.compile(r'\\*"(salt|commitment|chain|filed)\\*": ?\\*"[\w-]+\\*",?')


def _raw_rows(table: Any) -> Iterator[dict[str, Any]]:
    start: dict[str, Any] = {}
    while True:
        answer = connection().client.scan(TableName=table.Meta.table_name, **start)
        for item in answer["Items"]:
            yield dict(sorted(item.items()))
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def at_once(number: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Run an act in so many threads that all start together; what each returned or raised."""
    gate = threading.Barrier(number)
    results: list[T | Exception] = [RuntimeError("never ran")] * number

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = act(place)
        except Exception as error:  # noqa: BLE001  what went wrong in a thread is what the test looks at
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def good(results: Sequence[T | Exception]) -> list[T]:
    return [result for result in results if not isinstance(result, Exception)]


def bad(results: Sequence[T | Exception]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]


@contextmanager
def calls() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every DynamoDB request made meanwhile: its operation and its parameters."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        seen.append((model.name, dict(params)))

    with on_dynamodb("provide-client-params.dynamodb", note):
        yield seen


@contextmanager
def on_dynamodb(event: str, act: Callable[..., Any]) -> Iterator[None]:
    """Hang something on botocore's events for DynamoDB, below PynamoDB and our own code."""
    clients = {id(table._get_connection().connection.client): table for table in TABLES}
    events = [table._get_connection().connection.client.meta.events for table in clients.values()]
    for emitter in events:
        emitter.register(event, act)
    try:
        yield
    finally:
        for emitter in events:
            emitter.unregister(event, act)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)


def filed_change(**changes: Any) -> Change:
    """A fresh report as the rules make it, not stored."""
    filing = a_filing(**changes)
    code = tracking_code(city().code_prefix, secrets.token_bytes(12))
    return file(filing, routing.route(filing, city(), at=NOW), city(), code=code, now=NOW, citizen=None)


def invoke(job: str, event: dict[str, Any], *, milliseconds: int = 120_000) -> Any:
    """Run a job as Lambda does, through Chalice's own event classes and our middleware."""
    return app.handler_map[job](event, LambdaContext(job, 512, max_runtime_ms=milliseconds))


def a_tick() -> dict[str, Any]:
    """What EventBridge sends when a schedule is due."""
    event = TestEventsClient(app).generate_cw_event("aws.events", "Scheduled Event", {}, [])
    return {**event, "time": sweeps.utc_now().isoformat()}


def a_batch(*notice_ids: str, event: str = "INSERT") -> dict[str, Any]:
    """What AWS sends of a keys-only stream: no images, the moment in whole seconds, one record per change."""
    arn = f"{settings().outbox_stream_arn}"
    return {
        "Records": [
            {
                "eventID": f"{place:032x}",
                "eventName": event,
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "ap-southeast-3",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_795_399_200.0,
                    "Keys": {"notice_id": {"S": notice_id}},
                    "SequenceNumber": f"{place + 1:021d}",
                    "SizeBytes": 60,
                    "StreamViewType": "KEYS_ONLY",
                },
                "eventSourceARN": arn,
            }
            for place, notice_id in enumerate(notice_ids)
        ]
    }


def counted(name: str) -> int:
    """What a metric stands at since the last flush."""
    found = metrics.provider.metric_set.get(name, {"Value": []})
    return int(sum(found["Value"]))


@contextmanager
def on_sns(act: Callable[..., Any]) -> Iterator[None]:
    """Hang something on the moment before a Publish leaves; what it returns is taken for SNS's answer."""
    events = aws.client("sns").meta.events
    events.register("before-call.sns.Publish", act)
    try:
        yield
    finally:
        events.unregister("before-call.sns.Publish", act)


def sns_error(code: str, status: int) -> Any:
    """SNS's answer as botocore reads it."""
    body = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return AWSResponse("https://sns", status, {}, None), body


class _Lines(logging.Handler):
    """Every log line of the run, with its extras and its traceback, as it would stand in the log group."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Without what Python numbers by itself: a thread's or a moment's digits may look like a phone number.
        numbers = ("created", "msecs", "relativeCreated", "thread", "process", "taskName")
        left_out = ("exc_info", "args", *numbers)
        extras = {name: value for name, value in vars(record).items() if name not in left_out}
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.lines.append(f"{record.getMessage()} {extras!r} {trace}")


logged = _Lines()
logging.getLogger().addHandler(logged)
