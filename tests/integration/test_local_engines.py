"""The embedded default: real engines, made from infra/'s own templates, that neither lose nor leave anything."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from chalice import AuthResponse, Chalice

from chalicelib.sns import topic_of_office
from infra import topics
from local import engines
from local.apply import LEFT_OUT, Clients, Stack, apply, clients, read_template
from local.console import Trouble
from local.folder import DataFolder, engine_ports
from local.schedule import Cron, Schedules, parse
from local.server import Gateway, Page, Server
from local.streams import StreamPump

pytestmark = pytest.mark.local

PROJECT = Path(__file__).resolve().parents[2]
DATA = read_template(PROJECT / "infra" / "data.yaml")
PARAMETERS = {"App": "pro", "City": "denpasar", "Stage": "local"}
SERVER_KEY = "/pro/denpasar/local/server-key"


def an_office(office_id: str, *, outside: bool = False) -> SimpleNamespace:
    return SimpleNamespace(id=office_id, outside=outside)


def a_city(*offices: SimpleNamespace) -> Any:
    return SimpleNamespace(
        id="denpasar", name="Denpasar", code_prefix="DPS", offices={office.id: office for office in offices}
    )


CITY = a_city(an_office("pupr"), an_office("51.71.01.1004"), an_office("pln", outside=True))


class Running:
    """The three engines on one data folder."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self.folder.open(0)
        ports = engine_ports(engines.some_free_port())
        self.dynamodb = engines.DynamoDB(self.folder, ports.dynamodb)
        self.store = engines.ObjectStore(self.folder, ports)
        self.aws = engines.Aws(self.folder, ports.aws, SERVER_KEY)
        for engine in self.all:
            engine.launch()
        for engine in self.all:
            engine.wait()

    @property
    def all(self) -> list[engines.Engine]:
        return [self.dynamodb, self.store, self.aws]

    @property
    def clients(self) -> Clients:
        return clients(dynamodb=self.dynamodb.endpoint, s3=self.store.endpoint, aws=self.aws.endpoint)

    @property
    def account_id(self) -> str:
        state = json.loads(self.folder.aws_state.read_text())
        return str(state["account_id"])

    def apply(self) -> dict[str, str]:
        exports: dict[str, str] = {}
        outputs = apply(DATA, PARAMETERS, self.clients, account_id=self.account_id, exports=exports)
        return outputs | apply(
            topics.template(CITY), PARAMETERS, self.clients, account_id=self.account_id, exports=exports
        )

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.aws.endpoint,
            region_name=engines.REGION,
            aws_access_key_id=engines.ACCESS_KEY,
            aws_secret_access_key=engines.SECRET_KEY,
        )

    def messages(self, since: int = 0) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port, timeout=5)
        connection.request("GET", f"/_local/messages?since={since}")
        found: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        return list(found["messages"])

    def stop(self) -> None:
        for engine in self.all:
            engine.ask_to_stop()
        for engine in self.all:
            engine.stop()
        self.folder.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = Running(tmp_path_factory.mktemp("data"))
    try:
        started.apply()
        yield started
    finally:
        started.stop()


# What is made from the templates


def tables() -> list[str]:
    return [
        name for name, resource in DATA["Resources"].items() if resource["Type"] == "AWS::DynamoDB::Table"
    ]


def resolved(running: Running, logical_id: str) -> dict[str, Any]:
    stack = Stack(DATA, PARAMETERS, running.account_id, {}, running.clients)
    properties: dict[str, Any] = stack.resolve(DATA["Resources"][logical_id]["Properties"])
    return properties


@pytest.mark.parametrize("logical_id", tables())
def test_a_table_has_the_keys_indexes_stream_and_expiry_of_the_template(
    running: Running, logical_id: str
) -> None:
    wanted = resolved(running, logical_id)
    made = running.clients.dynamodb.describe_table(TableName=wanted["TableName"])["Table"]
    assert made["KeySchema"] == wanted["KeySchema"]
    assert made["BillingModeSummary"]["BillingMode"] == wanted["BillingMode"]
    assert made["DeletionProtectionEnabled"] is False  # local data may be thrown away
    by_name = {index["IndexName"]: index for index in made.get("GlobalSecondaryIndexes", [])}
    assert set(by_name) == {index["IndexName"] for index in wanted.get("GlobalSecondaryIndexes", [])}
    for index in wanted.get("GlobalSecondaryIndexes", []):
        assert by_name[index["IndexName"]]["KeySchema"] == index["KeySchema"]
        assert by_name[index["IndexName"]]["Projection"] == index["Projection"]
    view = made.get("StreamSpecification", {}).get("StreamViewType")
    assert view == wanted.get("StreamSpecification", {}).get("StreamViewType")
    lifetime = running.clients.dynamodb.describe_time_to_live(TableName=wanted["TableName"])[
        "TimeToLiveDescription"
    ]
    assert lifetime.get("AttributeName") == wanted.get("TimeToLiveSpecification", {}).get("AttributeName")


def test_the_template_leaves_out_on_this_machine_only_what_has_a_reason(running: Running) -> None:
    types = {resource["Type"] for resource in DATA["Resources"].values()}
    assert types - set(LEFT_OUT) == {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::KMS::Alias",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
    }


def test_data_outside_local_and_dev_is_protected_from_deletion(running: Running) -> None:
    wanted = {"local": False, "dev": False, "staging": True, "prod": True}
    for stage, protected in wanted.items():
        stack = Stack(DATA, {**PARAMETERS, "Stage": stage}, "1", {}, running.clients)
        declared = DATA["Resources"]["PeopleTable"]["Properties"]["DeletionProtectionEnabled"]
        assert stack.resolve(declared) is protected


def test_the_bucket_is_versioned_and_forgets_old_versions(running: Running) -> None:
    name = resolved(running, "PhotoBucket")["BucketName"]
    assert running.clients.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    rules = running.clients.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["ID"] for rule in rules} == {
        "forget-old-versions",
        "drop-unfinished-uploads",
        "forget-unclaimed-uploads",
        "forget-words",
    }


def test_each_office_of_the_city_has_a_topic_and_outside_ones_have_none(running: Running) -> None:
    arns = [topic["TopicArn"] for topic in running.clients.sns.list_topics()["Topics"]]
    prefix = f"arn:aws:sns:{engines.REGION}:{running.account_id}:pro-denpasar-local-"
    assert sorted(arns) == [f"{prefix}office-51-71-01-1004", f"{prefix}office-pupr", f"{prefix}operators"]
    assert topics.topic_name(prefix, "51.71.01.1004") in arns


def test_the_app_and_the_template_name_a_topic_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "arn:aws:sns:ap-southeast-3:1:pro-denpasar-local-"
    monkeypatch.setattr("chalicelib.sns.settings", lambda: SimpleNamespace(topic_arn_prefix=prefix))
    for office_id in ("pupr", "51.71.01.1004"):
        assert topic_of_office(office_id) == topics.topic_name(prefix, office_id)


def test_two_offices_never_share_a_topic() -> None:
    with pytest.raises(ValueError, match=r"a\.b"):
        topics.template(a_city(an_office("a-b"), an_office("a.b")))


def test_applying_again_changes_nothing(running: Running) -> None:
    assert running.apply() == running.apply()
    assert len(running.clients.kms.list_keys()["Keys"]) == 1


def test_an_index_that_a_newer_version_brings_is_filled_from_the_rows_there_are(running: Running) -> None:
    name, client = "pro-denpasar-local-people", running.clients.dynamodb
    client.put_item(TableName=name, Item={"pk": {"S": "officer#1"}, "office_id": {"S": "pupr"}})
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_office"}}])
    while "GlobalSecondaryIndexes" in client.describe_table(TableName=name)["Table"]:
        time.sleep(0.05)
    running.apply()
    found = client.query(
        TableName=name,
        IndexName="by_office",
        KeyConditionExpression="office_id = :o",
        ExpressionAttributeValues={":o": {"S": "pupr"}},
    )
    assert [item["pk"]["S"] for item in found["Items"]] == ["officer#1"]


def test_what_the_local_stack_does_not_know_is_an_error_and_not_skipped(running: Running) -> None:
    for resource in (
        {"Type": "AWS::Lambda::Function", "Properties": {}},
        {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "x", "FifoTopic": True}},
        {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Select": [0, ["x"]]}}},
    ):
        with pytest.raises(ValueError, match="local stack"):
            apply({"Resources": {"It": resource}}, {}, running.clients, account_id="1")


# What the AWS services remember


def test_what_was_encrypted_before_a_restart_is_readable_after_it(running: Running) -> None:
    key = running.apply()["DataKeyId"]
    before = running.client("kms").encrypt(KeyId=key, Plaintext=b"nama pelapor")["CiphertextBlob"]
    secret = running.client("ssm").get_parameter(Name=SERVER_KEY, WithDecryption=True)["Parameter"]["Value"]
    account = running.account_id
    running.client("sns").publish(PhoneNumber="+6281200000001", Message="sebelum")

    running.aws.stop()
    running.aws.start()

    assert running.client("kms").decrypt(CiphertextBlob=before)["Plaintext"] == b"nama pelapor"
    assert running.apply()["DataKeyId"] == key
    assert running.client("sts").get_caller_identity()["Account"] == account
    after = running.client("ssm").get_parameter(Name=SERVER_KEY, WithDecryption=True)["Parameter"]["Value"]
    assert after == secret
    assert running.messages()[-1]["text"] == "sebelum"


def test_a_topic_message_reaches_each_subscriber_with_its_own_text_and_only_if_its_filter_lets_it(
    running: Running,
) -> None:
    outputs, sns = running.apply(), running.client("sns")
    arn = topics.topic_name(outputs["TopicArnPrefix"], "pupr")
    only_barat = json.dumps({"area": ["barat"]})
    sns.subscribe(
        TopicArn=arn, Protocol="sms", Endpoint="+6281200000002", Attributes={"FilterPolicy": only_barat}
    )
    sns.subscribe(TopicArn=arn, Protocol="sms", Endpoint="+6281200000003")
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="pupr@example.id")
    start = len(running.messages())
    sns.publish(
        TopicArn=arn,
        Subject="Pengaduan baru",
        Message=json.dumps({"default": "d", "sms": "pendek", "email": "panjang"}),
        MessageStructure="json",
        MessageAttributes={"area": {"DataType": "String", "StringValue": "timur"}},
    )
    sent = running.messages()[start:]
    assert [(m["channel"], m["to"], m["text"]) for m in sent] == [
        ("sms", "+6281200000003", "pendek"),
        ("email", "pupr@example.id", "panjang"),
    ]
    assert sent[1]["subject"] == "Pengaduan baru"
    assert sent[0]["attributes"] == {"area": "timur"}
    assert sent[0]["topic"] == "pro-denpasar-local-office-pupr"


def test_a_topic_message_reaches_the_150th_subscriber_too(running: Running) -> None:
    sns = running.client("sns")
    arn = sns.create_topic(Name="crowd")["TopicArn"]
    for number in range(150):
        sns.subscribe(TopicArn=arn, Protocol="sms", Endpoint=f"+62812{number:08}")
    start = len(running.messages())
    sns.publish(TopicArn=arn, Message="halo")
    assert len(running.messages()[start:]) == 150
    sns.delete_topic(TopicArn=arn)


def test_a_structured_message_without_default_is_refused_as_in_aws(running: Running) -> None:
    sns = running.client("sns")
    arn = topics.topic_name(running.apply()["TopicArnPrefix"], "51.71.01.1004")
    for message in (json.dumps({"sms": "x"}), "bukan json", "[]"):
        with pytest.raises(sns.exceptions.InvalidParameterException):
            sns.publish(TopicArn=arn, Message=message, MessageStructure="json")


# Streams and clock


def until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)


def put_notice(running: Running, notice_id: str) -> None:
    running.clients.dynamodb.put_item(
        TableName="pro-denpasar-local-outbox", Item={"notice_id": {"S": notice_id}}
    )


def test_a_written_notice_reaches_the_handler_of_the_stream(running: Running) -> None:
    events: list[dict[str, Any]] = []
    pump = StreamPump(running.dynamodb.endpoint, running.apply()["OutboxStreamArn"], events.append)
    put_notice(running, "before")
    pump.start()
    try:
        put_notice(running, "after")
        until(lambda: events)
    finally:
        pump.stop()
    (record,) = json.loads(json.dumps(events[0]))["Records"]  # JSON types only, as Lambda has them
    assert record["eventName"] == "INSERT"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["dynamodb"]["Keys"] == {"notice_id": {"S": "after"}}
    assert record["dynamodb"]["StreamViewType"] == "KEYS_ONLY"


def test_the_first_record_after_a_transaction_that_was_rolled_back_reaches_the_handler(
    running: Running,
) -> None:
    # DynamoDB Local then calls the position in the empty stream a trimmed one.
    client, name = running.clients.dynamodb, "rolled-back"
    made = client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    events: list[dict[str, Any]] = []
    pump = StreamPump(running.dynamodb.endpoint, made["LatestStreamArn"], events.append)
    pump.start()
    try:
        puts = [{"Put": {"TableName": name, "Item": {"pk": {"S": key}}}} for key in ("a", "b")]
        refused = {"Put": {**puts[1]["Put"], "ConditionExpression": "attribute_exists(pk)"}}
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(TransactItems=[puts[0], refused])
        client.transact_write_items(TransactItems=puts)
        until(lambda: sum(len(event["Records"]) for event in events) == 2)
    finally:
        pump.stop()


def test_a_failed_batch_is_offered_again_from_the_first_failure_and_then_given_up(running: Running) -> None:
    offered: list[list[str]] = []
    waiting, written = threading.Event(), threading.Event()

    def handler(event: dict[str, Any]) -> object:
        numbers = {
            record["dynamodb"]["Keys"]["notice_id"]["S"]: record["dynamodb"]["SequenceNumber"]
            for record in event["Records"]
        }
        if "first" in numbers:
            waiting.set()
            written.wait(20)  # so that what follows is one batch
            return None
        offered.append(list(numbers))
        if "raises" in numbers:
            raise RuntimeError("on purpose")
        failed = [numbers["fails"]] if "fails" in numbers and len(offered) == 1 else []
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    pump = StreamPump(running.dynamodb.endpoint, running.apply()["OutboxStreamArn"], handler)
    pump.start()
    try:
        put_notice(running, "first")
        until(waiting.is_set)
        for notice_id in ("good", "fails", "last"):
            put_notice(running, notice_id)
        written.set()
        until(lambda: len(offered) == 2)
        assert offered == [["good", "fails", "last"], ["fails", "last"]]
        put_notice(running, "raises")
        until(lambda: offered.count(["raises"]) == 3)
        put_notice(running, "next")
        until(lambda: offered[-1] == ["next"])
    finally:
        written.set()
        pump.stop()


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("cron(0/5 * * * ? *)", "2026-01-01T00:01:00", "2026-01-01T00:05:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00", "2026-01-05T18:00:00"),  # Friday to Monday
        ("cron(30 23 L-1 * ? *)", "2026-01-01T00:00:00", None),
        ("cron(0 0 29 FEB ? *)", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(15 10 ? * SUN,WED *)", "2026-01-01T10:15:00", "2026-01-04T10:15:00"),
        ("cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00", "never"),
        ("cron(0 18 * * MON-FRI *)", "2026-01-01T00:00:00", None),  # AWS refuses it, moto does not
        ("cron(0 18 ? * * )", "2026-01-01T00:00:00", None),
        ("rate(1 minutes)", "2026-01-01T00:00:00", None),
        ("rate(0 minutes)", "2026-01-01T00:00:00", None),
    ],
)
def test_a_cron_names_its_next_minute_and_a_wrong_one_is_refused(
    expression: str, after: str, due: str | None
) -> None:
    if due is None:
        with pytest.raises(ValueError, match=r"cron|rate"):
            parse(expression)
        return
    cron = parse(expression)
    assert isinstance(cron, Cron)
    moment = cron.next(datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert moment == (None if due == "never" else datetime.fromisoformat(due).replace(tzinfo=UTC))


def test_a_jump_of_the_clock_calls_a_passed_cron_once() -> None:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    calls: list[str] = []

    def handler(event: dict[str, Any]) -> None:
        calls.append(event["time"])

    schedules = Schedules(
        {"nightly": "cron(0 18 * * ? *)"}, {"nightly": handler}, account_id="1", now=lambda: clock[0]
    )
    schedules.start()
    clock[0] += timedelta(days=3)
    until(lambda: calls)
    time.sleep(1.2)
    schedules.stop()
    assert calls == ["2026-01-04T00:00:00Z"]


# The gateway


def a_probe_app() -> Chalice:
    app = Chalice("probe", configure_logs=False)

    @app.authorizer()
    def who(request: Any) -> Any:
        if request.token == "forged":
            raise Exception("Unauthorized")
        if request.token == "breaks":
            raise RuntimeError("on purpose")
        routes = [] if request.token == "nobody" else ["*"]
        return AuthResponse(routes=routes, principal_id=request.token, context={"staff": True})  # type: ignore[dict-item]

    @app.route("/things/{name}", methods=["GET", "POST", "HEAD"], cors=True)
    def things(name: str) -> Any:
        event = app.current_request.to_original_event()
        time.sleep(0.05)  # others run meanwhile
        assert app.current_request.to_original_event() is event
        return event | {"left": app.lambda_context.get_remaining_time_in_millis()}

    @app.route("/me", authorizer=who)
    def me() -> Any:
        return app.current_request.context["authorizer"]

    @app.route("/things/mine")
    def mine() -> Any:
        return {"mine": True}

    @app.route("/large")
    def large() -> Any:
        return "x" * (7 * 1024 * 1024)

    return app


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    page: Page = lambda request: (200, {"Content-Type": "text/plain"}, request.path.encode())  # noqa: E731
    server = Server(
        engines.some_free_port(), Gateway(a_probe_app(), account_id="111122223333"), {"/local/": page}
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def ask(
    server: Server, method: str, path: str, body: Any = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named, encode_chunked=named.get("Transfer-Encoding") == "chunked")
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_app_sees_what_api_gateway_sends(served: Server) -> None:
    _, body = ask(served, "POST", "/things/a%20b?q=1&q=2&e=", b'{"x":1}', Content_Type="application/json")
    event = json.loads(body)
    assert event["pathParameters"] == {"name": "a%20b"}
    assert event["queryStringParameters"] == {"q": "2", "e": ""}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"], "e": [""]}
    assert event["body"] == '{"x":1}'
    assert event["headers"]["Content-Type"] == "application/json"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["requestId"]
    assert event["requestContext"]["resourcePath"] == event["resource"] == "/things/{name}"
    assert 0 < event["left"] <= 29000
    _, bare = ask(served, "GET", "/things/a")
    assert json.loads(bare)["queryStringParameters"] is json.loads(bare)["body"] is None


def test_a_literal_path_wins_over_a_variable(served: Server) -> None:
    assert json.loads(ask(served, "GET", "/things/mine/")[1]) == {"mine": True}


def test_requests_run_side_by_side_and_each_sees_its_own(served: Server) -> None:
    answers: list[str] = []

    def call(name: str) -> None:
        answers.append(json.loads(ask(served, "GET", f"/things/{name}")[1])["pathParameters"]["name"])

    threads = [threading.Thread(target=call, args=(f"n{number}",)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"n{number}" for number in range(40))


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("forged", 401), ("breaks", 500), ("nobody", 403), ("ani", 200)]
)
def test_the_authorizer_decides_as_in_aws(served: Server, token: str | None, status: int) -> None:
    answer, body = ask(served, "GET", "/me", **({} if token is None else {"Authorization": token}))
    assert answer.status == status
    if status == 200:
        assert json.loads(body)["principalId"] == "ani"
        assert json.loads(body)["staff"] == "true"  # claims arrive as text


def test_limits_and_odd_requests_answer_as_in_aws(served: Server) -> None:
    assert ask(served, "POST", "/things/a", Content_Length=str(10 * 1024 * 1024 + 1))[0].status == 413
    assert ask(served, "POST", "/things/a", Content_Length="-1")[0].status == 400
    assert ask(served, "GET", "/large")[0].status == 502
    assert ask(served, "GET", "/nowhere")[0].status == 403
    assert ask(served, "PATCH", "/me")[0].status == 405
    answer, body = ask(served, "HEAD", "/things/a")
    assert (answer.status, body) == (200, b"")
    answer, _ = ask(served, "OPTIONS", "/things/a")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST,HEAD,OPTIONS"
    chunks = iter([b'{"long":', b"true}"])
    _, body = ask(
        served, "POST", "/things/a", chunks, Transfer_Encoding="chunked", Content_Type="application/json"
    )
    assert json.loads(body)["body"] == '{"long":true}'
    _, body = ask(served, "POST", "/things/a", b"\xff\xfe", Content_Type="application/json")
    assert json.loads(body)["body"] == "\ufffd\ufffd"


def test_pages_of_the_local_stack_come_before_the_app(served: Server) -> None:
    assert ask(served, "GET", "/local/anything?x=1")[1] == b"/local/anything"
    assert ask(served, "GET", "/local")[0].status == 403  # only what lies below was given


# The whole, as a process

APP = """
import os
import boto3
from chalice import Chalice, Rate
app = Chalice("whole", configure_logs=False)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_PREFIX"] + "people")
@app.route("/{pk}", methods=["PUT", "GET"])
def row(pk):
    if app.current_request.method == "PUT":
        table.put_item(Item={"pk": pk})
    return table.get_item(Key={"pk": pk}, ConsistentRead=True).get("Item", {})
@app.on_dynamodb_record(stream_arn=os.environ["OUTBOX_STREAM_ARN"])
def relay(event):
    pass
@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event):
    pass
"""


class Whole:
    """``python -m local run`` with an app of its own."""

    def __init__(self, home: Path, port: int, data_dir: Path | None = None) -> None:
        (home / "app.py").write_text(APP)
        self.port, self.data_dir = port, data_dir or home / "data"
        settings = {"PORT": str(port), "DATA_DIR": str(self.data_dir), "PYTHONPATH": str(PROJECT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "run"],
            cwd=home,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> Whole:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "Ctrl-C" in line:
                return self
        raise AssertionError(self.process.stderr.read() if self.process.stderr else "")

    def call(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        return json.load(connection.getresponse())

    def children(self) -> list[int]:
        said = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in said.stdout.split()]

    def end(self, kind: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(kind)
        _, words = self.process.communicate(timeout=30)
        return self.process.returncode, words


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_killed_instance_loses_nothing_and_leaves_no_engine(tmp_path: Path) -> None:
    port = engines.some_free_port()
    first = Whole(tmp_path, port).ready()
    first.call("PUT", "/ani")
    pids = first.children()
    assert len(pids) == 3
    first.end(signal.SIGKILL)
    until(lambda: gone(pids))

    second = Whole(tmp_path, port).ready()
    pids = second.children()
    assert second.call("GET", "/ani") == {"pk": "ani"}
    code, words = second.end(signal.SIGINT)
    assert (code, words) == (0, "")
    assert gone(pids)
    assert not list((tmp_path / "data" / "run").iterdir())


def test_two_instances_run_side_by_side_and_never_on_one_folder_or_port(tmp_path: Path) -> None:
    port = engines.some_free_port()
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    one = Whole(homes[0], port)
    other_port = engines.some_free_port()
    two = Whole(homes[1], other_port)
    try:
        one.ready()
        two.ready()
        one.call("PUT", "/ani")
        assert two.call("GET", "/ani") == {}

        on_port = Whole(homes[1], port, tmp_path / "third")
        _, words = on_port.process.communicate(timeout=60)
        assert on_port.process.returncode == 1
        assert words.strip().splitlines()[0].startswith(f"Port {port} sudah dipakai")

        on_folder = Whole(homes[1], engines.some_free_port(), one.data_dir)
        _, words = on_folder.process.communicate(timeout=60)
        assert on_folder.process.returncode == 1
        assert f"sedang dipakai (pid {one.process.pid}, port {port})" in words
    finally:
        codes = [whole.end(signal.SIGTERM)[0] for whole in (one, two)]
    assert codes == [0, 0]


def test_an_engine_of_a_killed_instance_that_still_runs_is_ended_by_the_next_start(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.open(1)
    engine = subprocess.Popen(["sleep", "600"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        folder.remember("engine", engine.pid)
        folder.remember("stranger", stranger.pid)
        file = tmp_path / "run" / "stranger.pid"
        file.write_text(
            json.dumps({**json.loads(file.read_text()), "born": "1"})
        )  # its number was given anew
        folder.close()
        DataFolder(tmp_path).open(2)
        assert engine.wait(timeout=10) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        engine.kill()
        stranger.kill()
        engine.wait()
        stranger.wait()


def test_a_corrupt_data_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        with pytest.raises(Trouble) as trouble:
            DataFolder(path).open(1)
        assert trouble.value.english
        return trouble.value.indonesian

    database = tmp_path / "a" / "dynamodb" / "shared-local-instance.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"this is no database" * 500)
    assert str(database) in told(tmp_path / "a")

    state = tmp_path / "b" / "aws-state.json"
    state.parent.mkdir()
    state.write_text("{")
    assert str(state) in told(tmp_path / "b")

    (tmp_path / "c").write_text("a file")
    assert "tidak dapat dipakai" in told(tmp_path / "c")


def test_the_in_memory_store_of_a_test_session_starts_empty_and_ends() -> None:
    store = engines.DynamoDB()
    endpoint = store.start()
    try:
        client = clients(dynamodb=endpoint, s3=endpoint, aws=endpoint).dynamodb
        assert client.list_tables()["TableNames"] == []
        with socket.socket() as other:
            # Another address of this machine: the store must not be on the network.
            other.settimeout(2)
            assert other.connect_ex(("127.0.0.2", store.port)) != 0
    finally:
        store.stop()
    assert not store.running


def test_moto_is_asked_one_thing_at_a_time(tmp_path: Path) -> None:
    """Its backends are plain dictionaries, and a request that lists one while another adds to it fails with a 500."""
    from concurrent.futures import ThreadPoolExecutor

    from local.aws import Door, Messages

    inside, overlaps = [0], [0]

    def moto(environ: Any, start_response: Any) -> list[bytes]:
        inside[0] += 1
        time.sleep(0.005)
        overlaps[0] += inside[0] > 1
        inside[0] -= 1
        return [b""]

    door = Door(moto, Messages(tmp_path / "messages.jsonl"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: door({"PATH_INFO": "/"}, lambda *_: None), range(40)))
    assert overlaps == [0]


def test_a_written_object_reaches_the_app_s_handlers_as_in_aws(tmp_path: Path) -> None:
    """A versioned bucket, as production's is; handlers see the key as it was put, and only what they asked for."""
    from local.buckets import BucketEvents, write_notification

    app = Chalice("probe")
    heard: list[tuple[str, str, str]] = []

    @app.on_s3_event("photos", events=["s3:ObjectCreated:*"], prefix="new/", suffix=".jpg")
    def by_bucket(event: Any) -> None:
        heard.append(("s3", event.bucket, event.key))

    @app.on_cw_event(
        {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["photos"]}}}
    )
    def by_bridge(event: Any) -> None:
        heard.append(("bridge", event.detail["bucket"]["name"], event.detail["object"]["key"]))

    events = BucketEvents("111122223333")
    for source in app.event_sources:
        events.add(source, lambda event, name=source.name: app.handler_map[name](event, SimpleNamespace()))
    port = engines.some_free_port()
    server = Server(port, Gateway(a_probe_app(), account_id="111122223333"), {"/local/hook": events})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = DataFolder(tmp_path)
    folder.open(0)
    write_notification(tmp_path, f"http://127.0.0.1:{port}/local/hook")
    try:
        with engines.ObjectStore(folder, engine_ports(engines.some_free_port())) as store:
            s3 = clients(dynamodb=store.endpoint, s3=store.endpoint, aws=store.endpoint).s3
            for bucket in ("photos", "other"):
                s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
            for bucket, key in (
                ("other", "new/a.jpg"),
                ("photos", "new/b.png"),
                ("photos", "new/di rumah ü+.jpg"),
            ):
                s3.put_object(Bucket=bucket, Key=key, Body=b"seen")
            until(lambda: len(heard) >= 3)
    finally:
        server.shutdown()
        server.server_close()
        folder.close()
    assert sorted(heard) == [
        ("bridge", "photos", "new/b.png"),
        ("bridge", "photos", "new/di rumah ü+.jpg"),
        ("s3", "photos", "new/di rumah ü+.jpg"),
    ]
