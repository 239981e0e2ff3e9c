"""The bench's own engines, clock and people, and complaints by the hundred thousand."""

from __future__ import annotations

import http.client
import json
import os
import queue
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from local import engines
from local.apply import apply, clients, read_template
from local.context import Context
from local.folder import DataFolder

if TYPE_CHECKING:
    from chalicelib.domain.complaint import Change
    from chalicelib.domain.people import Officer

PROJECT = Path(__file__).resolve().parent.parent.parent
CITY = "denpasar"
ACCOUNT = "123456789012"
STAGE = "bench"
SHADOW = "shadow"
"""A second set of tables, in which the rows of a transaction are written again one by one to see what each costs."""

HOT_AREA = "51.71.01.1003"
HOT_CATEGORY = "jalan_rusak"
"""Two in five complaints are of this category in this village, so that their lists are long at every size."""
APART = timedelta(seconds=80)
"""Between two filings: some 27,000 of them lie in the month of ``now``."""
_DUE_FROM = 10**8
"""Numbers of cases that are due begin here."""

Item = dict[str, Any]

KEYS: Mapping[str, tuple[str, ...]] = {
    "complaints": ("pk", "sk"),
    "outbox": ("notice_id",),
    "people": ("pk",),
    "guards": ("pk",),
    "photos": ("pk", "sk"),
    "search": ("pk", "sk"),
}


def prefix(stage: str = STAGE) -> str:
    return f"pro-{CITY}-{stage}-"


def environment(dynamodb_port: int, aws_port: int) -> dict[str, str]:
    """What the app's settings and the SDK read."""
    return {
        "STAGE": "local",
        "CITY": CITY,
        "TABLE_PREFIX": prefix(),
        "TOPIC_ARN_PREFIX": f"arn:aws:sns:{engines.REGION}:{ACCOUNT}:{prefix()}",
        "KMS_KEY_ID": f"alias/{prefix()}data",
        "SERVER_KEY_PARAMETER": f"/pro/{CITY}/{STAGE}/server-key",
        "OUTBOX_STREAM_ARN": f"arn:aws:dynamodb:{engines.REGION}:{ACCOUNT}:table/{prefix()}outbox/stream/bench",
        "PHOTO_BUCKET": f"{prefix()}photos",
        "BASE_URL": "https://pengaduan.example.id",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{dynamodb_port}",
        "AWS_DEFAULT_REGION": engines.REGION,
        "AWS_REGION": engines.REGION,
        "AWS_ACCESS_KEY_ID": engines.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": engines.SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
        "POWERTOOLS_METRICS_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }


class _Tables(engines.DynamoDB):
    """DynamoDB Local in memory, with the better of the two compilers: it runs long enough to earn it."""

    def command(self) -> Sequence[str | Path]:
        java, *rest = super().command()
        small = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1g")
        return [java, "-Xmx3g", "-XX:+UseParallelGC", *(part for part in rest if part not in small)]


class Raw:
    """DynamoDB without the SDK: what is read or written through it is counted nowhere and costs little."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def __call__(self, operation: str, **request: object) -> dict[str, Any]:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={engines.ACCESS_KEY}/20260101/{engines.REGION}/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=0",
        }
        try:
            answer, body = self._post(headers, request)
        except (http.client.RemoteDisconnected, ConnectionError):
            # The engine hangs up on a connection that was idle for a while; all that is asked here may be asked twice.
            self._connection.close()
            answer, body = self._post(headers, request)
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {body.decode(errors='replace')[:500]}")
        found: dict[str, Any] = json.loads(body)
        return found

    def _post(self, headers: dict[str, str], request: object) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request("POST", "/", json.dumps(request).encode(), headers)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def item(self, table: str, key: Item) -> Item | None:
        return self("GetItem", TableName=table, Key=key, ConsistentRead=True).get("Item")


@dataclass(slots=True)
class World:
    """Running engines, an app to call, and who calls it."""

    dynamodb: engines.DynamoDB
    aws: engines.Aws
    folder: DataFolder
    raw: Raw
    now: datetime
    app: Any
    officer: Officer
    """Head of the office that the reference case goes to."""
    sorter: Officer
    """Reads and sorts at the triage office."""
    token_seed: Random = field(default_factory=lambda: Random(7))
    filed: list[str] = field(default_factory=list)
    """Codes of the cases that the acts were counted on."""
    due_made: int = 0
    loaded: int = 0
    head_bytes: int = 0
    """Size of all heads that were loaded, by DynamoDB's rule."""

    def call(
        self,
        method: str,
        route: str,
        *,
        code: str = "",
        query: Mapping[str, str] | None = None,
        body: object = None,
        principal: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One request through the Lambda proxy event. Raises RuntimeError where the answer is none of 2xx."""
        event = self.event(
            method, route, code=code, query=query, body=body, principal=principal, headers=headers
        )
        return answered(self.app, event)

    def event(
        self,
        method: str,
        route: str,
        *,
        code: str = "",
        query: Mapping[str, str] | None = None,
        body: object = None,
        principal: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What API Gateway (REST) hands to the function for one request."""
        sent = {
            "Accept": "application/json",
            "Accept-Language": "id-ID,id;q=0.9,en;q=0.8",
            "Content-Type": "application/json",
            "Host": "pengaduan.example.id",
            "User-Agent": "Mozilla/5.0 (Linux; Android 12) Chrome/131.0 Mobile",
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            **(headers or {}),
        }
        path = route.replace("{code}", code)
        many = {name: [value] for name, value in (query or {}).items()}
        context: dict[str, Any] = {
            "resourcePath": route,
            "httpMethod": method,
            "path": f"/api{path}",
            "accountId": ACCOUNT,
            "apiId": "bench",
            "stage": "api",
            "requestId": str(uuid.UUID(int=1)),
            "identity": {"sourceIp": "203.0.113.9", "userAgent": sent["User-Agent"]},
        }
        if principal:
            context["authorizer"] = {"principalId": principal, "integrationLatency": 1}
        return {
            "resource": route,
            "path": path,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": dict(query) if query else None,
            "multiValueQueryStringParameters": many or None,
            "pathParameters": {"code": code} if code else None,
            "stageVariables": None,
            "requestContext": context,
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }

    def close(self) -> None:
        self.dynamodb.stop()
        self.aws.stop()
        self.folder.close()
        shutil.rmtree(self.folder.path, ignore_errors=True)


def context() -> Context:
    return Context(prefix().rstrip("-"), region=engines.REGION, account_id=ACCOUNT, seconds=29)


def answered(app: Any, event: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = app(dict(event), context())
    if not 200 <= answer["statusCode"] < 300:
        raise RuntimeError(f"{event['httpMethod']} {event['path']}: {answer['statusCode']} {answer['body']}")
    return answer


def open_world() -> World:
    """Start the engines, make both sets of tables, the topics and the people, and import the app."""
    ports = engines.some_free_port(), engines.some_free_port()
    os.environ.update(environment(*ports))
    from chalicelib import cities
    from infra import topics

    folder = DataFolder(Path(tempfile.mkdtemp(prefix="pro-bench-")))
    # The app's settings named the account before anything ran, so the folder is given that one.
    folder.aws_state.write_text(json.dumps({"account_id": ACCOUNT}), encoding="utf-8")
    folder.open(0)
    dynamodb = _Tables(None, ports[0])
    aws = engines.Aws(folder, ports[1], os.environ["SERVER_KEY_PARAMETER"])
    dynamodb.launch()
    aws.launch()
    dynamodb.wait()
    aws.wait()
    made = clients(dynamodb=dynamodb.endpoint, s3=aws.endpoint, aws=aws.endpoint)
    for stage in (STAGE, SHADOW):
        exports: dict[str, str] = {}
        parameters = {"App": "pro", "City": CITY, "Stage": stage}
        for template in (read_template(PROJECT / "infra" / "data.yaml"), topics.template(cities.load(CITY))):
            apply(template, parameters, made, account_id=ACCOUNT, exports=exports)
    from chalicelib import settings

    # Late in a month, so that the month's lists are long, and on a working day, for no rung hears on another; ahead, as
    # the emulator really deletes by TTL.
    calendar = cities.load(CITY).calendars["office"]
    now = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0)
    while now.day < 24 or not calendar.is_working_day(now.date()):
        now += timedelta(days=1)
    settings.move_clock(now - datetime.now(UTC))
    from app import app
    from chalicelib.domain.people import Duty, Officer

    triage = cities.load(CITY).triage_office
    officer = Officer("bench-head", "Made Uji", "Kepala", "pupr", (Duty.parse("office_head@pupr"),))
    sorter = Officer("bench-triage", "Putu Uji", "Petugas", triage, (Duty.parse(f"triage@{triage}"),))
    world = World(dynamodb, aws, folder, Raw(ports[0]), now, app, officer, sorter)
    _people(world)
    return world


def _people(world: World) -> None:
    """One officer behind every post that a case can climb to."""
    from chalicelib.domain.people import Officer
    from chalicelib.store import people
    from chalicelib.usecases import reading

    contact = b"\x00" * 180
    people.save_officer(world.officer, contact)
    people.save_officer(world.sorter, contact)
    people.save_officer(Officer("bench-holder", "Ketut Uji", "Penjabat", "pupr", ()), contact)
    people.save_officer(Officer("bench-delegate", "Nyoman Uji", "Wakil", "pupr", ()), contact)
    rows = [
        {"pk": {"S": f"post#{post}"}, "body": {"S": json.dumps({"officers": ["bench-holder"]})}}
        for post, _ in reading.unfilled_posts()
    ]
    write(world.dynamodb.port, f"{prefix()}people", rows)


# Complaints ---------------------------------------------------------------------------------------------------

_TEXTS = (
    "Jalan di depan balai banjar berlubang besar, sudah dua orang jatuh dari motor minggu ini. Mohon segera ditambal.",
    "Lampu jalan di gang kami mati sejak upacara kemarin, malam hari gelap sekali dan anak-anak takut lewat di sana.",
    "Sampah menumpuk di pinggir sungai dekat jembatan, baunya sampai ke rumah. Truk tidak datang sejak hari Senin.",
    "Got di sebelah pasar mampet, setiap hujan air naik ke toko. Kami sudah bersihkan sendiri tetapi penuh pasir lagi.",
)


class _Rows:
    """Stands where the store expects a transaction, and keeps what it is given to write."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def save(self, row: Any, condition: object = None) -> None:
        self.items.append(row.serialize())


def invented(number: int, now: datetime) -> Change:
    """An open complaint that depends on nothing but its number.

    The higher the number the longer ago it was filed and the later it is due, so every list begins with the very
    same cases however many there are. Those above `_DUE_FROM` are due by now.
    """
    from chalicelib import cities
    from chalicelib.domain import reporting, routing
    from chalicelib.domain.city import Kind
    from chalicelib.domain.complaint import Filing, Place, Screening
    from chalicelib.domain.geo import Point
    from chalicelib.domain.service_level import ClockName, Clocks
    from chalicelib.domain.tracking import tracking_code

    city = cities.load(CITY)
    chance = Random(number)
    hot = number % 5 < 2
    ordinary = [
        c for c in city.categories.values() if c.emergency is None and not c.sensitive and c.level.ladder
    ]
    category = city.categories[HOT_CATEGORY] if hot else ordinary[number % len(ordinary)]
    village = city.villages[HOT_AREA] if hot else list(city.villages.values())[number % len(city.villages)]
    point = Point(
        round(-8.67 + chance.uniform(-0.03, 0.03), 6), round(115.21 + chance.uniform(-0.03, 0.03), 6)
    )
    filing = Filing(
        Kind.COMPLAINT,
        _TEXTS[number % len(_TEXTS)],
        "id",
        "web",
        category=category.id,
        area=village.code,
        place=Place(point, "depan pasar"),
    )
    due = number >= _DUE_FROM
    filed_at = now - timedelta(minutes=1) - number % _DUE_FROM * APART
    change = reporting.file(
        filing,
        routing.route(filing, city, at=filed_at),
        city,
        code=tracking_code(city.code_prefix, chance.randbytes(12)),
        now=filed_at,
        citizen="bench-citizen" if number < 120 else chance.randbytes(13).hex(),
        reach="sms",
    )
    complaint = change.complaint
    later = now + timedelta(hours=1) + number % _DUE_FROM * timedelta(seconds=20)
    # Warnings lie ahead as the moments themselves do: what is measured is a case that time has not come to.
    warns = () if due else (later - timedelta(minutes=20), later - timedelta(minutes=10))
    clocks = Clocks(tuple(replace(clock, due=later, warns=warns) for clock in complaint.clocks))
    if number % 2:
        clocks = clocks.stop(ClockName.SCREENING, filed_at)
        complaint = replace(complaint, screening=Screening.RELEASED)
    if due:
        clocks = clocks.stop(ClockName.FIRST_REPLY, filed_at)
        past = now - timedelta(minutes=1 + number % _DUE_FROM)
        clocks = Clocks(tuple(replace(c, due=past) if c.name is ClockName.RESOLUTION else c for c in clocks))
    return replace(change, complaint=replace(complaint, clocks=clocks))


def load(world: World, total: int) -> None:
    """Bring the table to this many open complaints, none of which is due.

    Written as the store would write them, but their heads alone: lists and the sweep read nothing else, and a smaller
    table only makes the scan cheaper that the sweep is compared with.
    """

    def heads() -> Iterator[Item]:
        for number in range(world.loaded, total):
            head = _rows(invented(number, world.now))[0]
            world.head_bytes += item_size(head)
            yield head

    write(world.dynamodb.port, f"{prefix()}complaints", heads(), threads=4)
    world.loaded = total


def load_due(world: World, count: int) -> list[str]:
    """Add cases that are due, with all their rows, and return their codes."""
    numbers = range(_DUE_FROM + world.due_made, _DUE_FROM + world.due_made + count)
    world.due_made += count  # never the same twice: notices outlive the cases they speak of
    changes = [invented(number, world.now) for number in numbers]
    rows = [_rows(change) for change in changes]
    world.head_bytes += sum(item_size(found[0]) for found in rows)
    write(world.dynamodb.port, f"{prefix()}complaints", (item for found in rows for item in found), threads=4)
    world.loaded += count
    return [change.complaint.code for change in changes]


def forget(world: World, codes: Iterable[str]) -> None:
    """Take cases out again, so that what follows finds the table as it was."""
    name = f"{prefix()}complaints"
    for code in codes:
        found = world.raw(
            "Query",
            TableName=name,
            KeyConditionExpression="pk = :code",
            ExpressionAttributeValues={":code": {"S": code}},
        )["Items"]
        for item in found:
            if item["sk"]["S"] == "head" and code not in world.filed:
                world.head_bytes -= item_size(item)
                world.loaded -= 1
            world.raw("DeleteItem", TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})


def _rows(change: Change) -> list[Item]:
    """A new case's rows as the store writes them, its head first."""
    from chalicelib import cities
    from chalicelib.store import complaints

    kept = _Rows()
    complaints._write_head(kept, change, cities.load(CITY), None)  # type: ignore[arg-type]  # it only calls ``save``
    return sorted(kept.items, key=lambda item: item["sk"]["S"] != "head")


def write(port: int, table: str, rows: Iterable[Item], *, threads: int = 1) -> None:
    """Write rows in batches, some at a time. Raises what a thread raised."""
    waiting: queue.Queue[list[Item] | None] = queue.Queue(maxsize=4 * threads)
    failures: list[BaseException] = []

    def work() -> None:
        raw = Raw(port)
        while (batch := waiting.get()) is not None:
            if failures:
                continue
            try:
                left: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]}
                while left:
                    left = raw("BatchWriteItem", RequestItems=left)["UnprocessedItems"]
            except Exception as error:  # noqa: BLE001  raised again by the thread that asked
                failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    batch: list[Item] = []
    for item in rows:
        batch.append(item)
        if len(batch) == 25:
            waiting.put(batch)
            batch = []
    if batch:
        waiting.put(batch)
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def item_size(item: Item) -> int:
    """Bytes of an item as DynamoDB counts them: names and values, and a little for what is nested."""
    return sum(len(name.encode()) + _size(*next(iter(typed.items()))) for name, typed in item.items())


def _size(kind: str, value: Any) -> int:
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return (len(value) + 1) // 2 + 1
    if kind == "B":
        return len(value) * 3 // 4
    if kind == "M":
        return 3 + item_size(value) + len(value)
    if kind == "L":
        return 3 + sum(_size(*next(iter(typed.items()))) + 1 for typed in value)
    return 1  # true, false and null
