"""What is configured against what the code needs: stage settings, names, and the policy of each Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib import settings as current
from chalicelib.settings import MissingSettings, Settings
from infra import topics
from local.apply import Stack, read_template
from local.context import Context
from local.engines import REGION
from tests import stack as stacks
from tests.contract.conftest import Api, a_report, citizen, officer

CHALICE = stacks.PROJECT / ".chalice"
CONFIG: Mapping[str, Any] = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))
TEMPLATE = read_template(stacks.PROJECT / "infra" / "data.yaml")
STAGES = pytest.mark.parametrize("stage", CONFIG["stages"])

ONLY_KNOWN_AFTER_DEPLOY = {
    "TOPIC_ARN_PREFIX": "holds the account's number",
    "PHOTO_BUCKET": "holds the account's number",
    "OUTBOX_STREAM_ARN": "holds the moment the stream was made",
    "BASE_URL": "the API's own address, or the city's domain",
}
"""Settings that no file in git can hold; the deploy fills them in from the data stack's outputs."""


# Settings -----------------------------------------------------------------------------------------------------


@STAGES
def test_a_stage_names_only_settings_that_the_code_knows(stage: str) -> None:
    known = {field.name.upper() for field in fields(Settings)}
    given = set(CONFIG["stages"][stage]["environment_variables"])
    # The log level is read by Powertools itself.
    assert given - {"POWERTOOLS_LOG_LEVEL"} <= known


@STAGES
def test_a_stage_lacks_only_what_a_deploy_finds_out(stage: str) -> None:
    given: dict[str, str] = CONFIG["stages"][stage]["environment_variables"]
    with pytest.raises(MissingSettings) as caught:
        Settings.from_env(given)
    assert set(str(caught.value).split(", ")) == set(ONLY_KNOWN_AFTER_DEPLOY)
    whole = Settings.from_env({**given, **dict.fromkeys(ONLY_KNOWN_AFTER_DEPLOY, "x")})
    assert whole.stage == stage


@STAGES
def test_the_names_of_a_stage_are_those_that_cloudformation_makes(stage: str) -> None:
    given: dict[str, str] = CONFIG["stages"][stage]["environment_variables"]
    parameters = {"App": "pro", "City": given["CITY"], "Stage": stage}
    assert Stack(TEMPLATE, parameters, "1" * 12, {}, None).resolve(  # type: ignore[arg-type]  # makes nothing
        {name: {"Fn::Sub": text} for name, text in named_in_template().items()}
    ) == {
        "table": f"{given['TABLE_PREFIX']}complaints",
        "alias": given["KMS_KEY_ID"],
        "parameter": given["SERVER_KEY_PARAMETER"],
    }


def named_in_template() -> dict[str, str]:
    made, outputs = TEMPLATE["Resources"], TEMPLATE["Outputs"]
    return {
        "table": made["ComplaintsTable"]["Properties"]["TableName"]["Fn::Sub"],
        "alias": made["DataKeyAlias"]["Properties"]["AliasName"]["Fn::Sub"],
        "parameter": outputs["ServerKeyParameter"]["Value"]["Fn::Sub"],
    }


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(MissingSettings) as caught:
        Settings.from_env({"STAGE": "prod"})
    missing = str(caught.value).split(", ")
    assert set(missing) == {f.name.upper() for f in fields(Settings)} - {"STAGE", "MAIL_FROM"}


@STAGES
def test_the_clock_cannot_be_moved_where_it_counts(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(current.settings(), stage=stage)
    monkeypatch.setattr(current, "settings", lambda: elsewhere)
    before = current.utc_now()
    with pytest.raises(RuntimeError):
        current.move_clock(timedelta(hours=1))
    assert current.utc_now() - before < timedelta(minutes=30)


def test_no_stage_that_is_deployed_is_local() -> None:
    assert current.LOCAL not in CONFIG["stages"]
    assert all(
        told["environment_variables"]["STAGE"] == name == told["api_gateway_stage"]
        for name, told in CONFIG["stages"].items()
    )


# Policies -----------------------------------------------------------------------------------------------------


def test_every_lambda_of_the_app_has_a_policy_of_its_own() -> None:
    from app import app

    told = CONFIG["lambda_functions"]
    made: list[Any] = [*app.event_sources, *app.builtin_auth_handlers, *app.pure_lambda_functions]
    assert set(told) == {"api_handler", *(function.name for function in made)}
    files = {function["iam_policy_file"] for function in told.values()}
    assert files == {path.name for path in CHALICE.glob("policy-*.json")}
    assert CONFIG["autogen_policy"] is False
    # An API request must end before the gateway gives up on it, after 29 seconds.
    assert told["api_handler"]["lambda_timeout"] <= 29


def policy(function: str) -> list[dict[str, Any]]:
    path = CHALICE / CONFIG["lambda_functions"][function]["iam_policy_file"]
    statements: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    return statements


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def permits(function: str, action: str, resource: str) -> bool:
    """Whether IAM would let this function do this, by its policy file."""
    for statement in policy(function):
        if not any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"])):
            continue
        if "NotResource" in statement:
            if not any(fnmatchcase(resource, pattern) for pattern in listed(statement["NotResource"])):
                return True
            continue
        condition = statement.get("Condition", {})
        if condition:
            # Keys have random ids: what names ours is the alias, in this one kind of condition.
            assert set(condition) == {"ForAnyValue:StringLike"}
            patterns = listed(condition["ForAnyValue:StringLike"]["kms:ResourceAliases"])
        else:
            patterns = listed(statement["Resource"])
        if any(fnmatchcase(resource, pattern) for pattern in patterns):
            return True
    return False


KEY = f"alias/{stacks.PREFIX}data"
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def needs(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The permissions that one call to AWS takes, as (action, resource)."""

    def table(name: str) -> str:
        return f"arn:aws:dynamodb:{REGION}:{stacks.ACCOUNT}:table/{name}"

    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for item in params["TransactItems"]:
                ((kind, request),) = item.items()
                yield f"dynamodb:{_TRANSACTION[kind]}", table(request["TableName"])
        case "dynamodb", "BatchGetItem":
            for name in params["RequestItems"]:
                yield "dynamodb:BatchGetItem", table(name)
        case "dynamodb", _:
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield f"dynamodb:{operation}", table(params["TableName"]) + index
        case "ssm", "GetParameter":
            yield "ssm:GetParameter", f"arn:aws:ssm:{REGION}:{stacks.ACCOUNT}:parameter{params['Name']}"
            yield "kms:Decrypt", KEY  # a SecureString
        case "kms", _:
            yield f"kms:{operation}", KEY
        case "sns", "Publish":
            yield "sns:Publish", params.get("TopicArn", params.get("PhoneNumber", ""))
            if "TopicArn" in params:  # topics are encrypted
                yield "kms:GenerateDataKey", KEY
                yield "kms:Decrypt", KEY
        case "sesv2", "SendEmail":
            sender = params["FromEmailAddress"]
            yield "ses:SendEmail", f"arn:aws:ses:{REGION}:{stacks.ACCOUNT}:identity/{sender}"
        case _:
            raise AssertionError(f"no rule says what {service}.{operation} takes")


@contextmanager
def recorded() -> Iterator[set[tuple[str, str]]]:
    """Every permission that the calls to AWS take which the code makes within."""
    from chalicelib import aws, keys
    from chalicelib.store.tables import TABLES

    found: set[tuple[str, str]] = set()

    def hear(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        found.update(needs(model.service_model.service_name, model.name, params))

    keys._server_key.cache_clear()  # a cold start fetches it
    heard = [table._get_connection().connection.client for table in TABLES]  # the one that all share
    heard += [aws.client(name) for name in ("ssm", "kms", "sns", "sesv2")]
    for client in heard:
        client.meta.events.register("provide-client-params.*.*", hear)
    try:
        yield found
    finally:
        for client in heard:
            client.meta.events.unregister("provide-client-params.*.*", hear)


def invoke(name: str, event: Mapping[str, Any]) -> Any:
    from app import app

    context = Context(name, region=REGION, account_id=stacks.ACCOUNT, seconds=60)
    handler: Callable[..., Any] = app.handler_map[name]
    return handler(event, context)


@pytest.fixture
def by_day() -> Iterator[None]:
    # Jobs take the machine's clock, and by night messages wait.
    current.move_clock(datetime(2026, 11, 23, 2, tzinfo=UTC) - datetime.now(UTC))
    yield
    current.move_clock(timedelta(0))


def test_the_policy_of_each_lambda_covers_every_call_that_it_makes(by_day: None, api: Api) -> None:
    from chalicelib import keys, sns
    from chalicelib.domain.lists import next_list
    from chalicelib.domain.people import Role
    from chalicelib.store import people
    from chalicelib.store.tables import NoticeRow
    from chalicelib.usecases import delivery
    from chalicelib.usecases.record import city

    made: dict[str, set[tuple[str, str]]] = {}
    tick = {
        "version": "0",
        "id": "tick",
        "account": stacks.ACCOUNT,
        "region": REGION,
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "time": "2026-11-21T00:00:00Z",
        "resources": [],
        "detail": {},
    }
    with recorded() as made["api_handler"]:
        me, duty = citizen(), officer("duty@pupr", office="pupr")
        triage = officer("triage@diskominfos", office="diskominfos", identity="triase")
        secretary = officer("secretary@city", office="setda", identity="sekda")
        seen = {"If-Match": '"1"'}
        filed = api.call(
            "POST", "/v1/complaints", a_report(identity="shown"), headers={"Idempotency-Key": "k" * 22}
        )
        path = f"complaints/{filed.json['code']}"
        calls = [
            api.call("POST", "/v1/me/complaints", a_report(contact=None), token=me),
            api.call("GET", f"/v1/{path}"),
            api.call("GET", f"/v1/{path}/status"),
            api.call("GET", "/v1/complaints"),
            api.call("GET", "/v1/complaints?lat=-8.69&lon=115.22"),
            api.call("GET", "/v1/complaints?office=pupr"),
            api.call("GET", "/v1/complaints?area=51.71.01.1004"),
            api.call("GET", "/v1/complaints?category=jalan_rusak"),
            api.call("GET", "/v1/me/complaints", token=me),
            api.call("POST", f"/v1/me/{path}/messages", {"text": "Makin lebar."}, token=me),
            api.call("GET", "/v1/office/complaints", token=duty),
            api.call("GET", "/v1/office/complaints?which=screening", token=triage),
            api.call("GET", "/v1/office/complaints?late=3", token=duty),
            api.call("GET", "/v1/office/complaints?which=top", token=secretary),
            api.call("GET", f"/v1/office/{path}", token=duty),
            api.call("GET", "/v1/office/posts/vacant", token=duty),
            api.call("POST", f"/v1/office/{path}/contact", {}, token=duty, headers={"If-Match": '"2"'}),
            api.call(
                "POST", f"/v1/office/{path}/replies", {"text": "Kami datang."}, token=duty, headers=seen
            ),
            api.call("POST", "/v1/auth/codes", {"phone": "0812-3456-7890"}),
            api.call("POST", "/v1/auth/tokens", {"challenge": "x", "digits": "1"}),
            api.call("POST", "/v1/auth/links", {"code": filed.json["code"], "secret": filed.json["secret"]}),
        ]
        assert [call.status for call in calls if call.status >= 500] == []
    with recorded() as made["signed_in"]:
        event = {
            "type": "TOKEN",
            "authorizationToken": f"Bearer {me}",
            "methodArn": "arn:aws:execute-api:x:1:a/b/GET/c",
        }
        assert invoke("signed_in", event)["principalId"] == "citizen:" + token_subject(me)
    ids = [row.notice_id for row in NoticeRow.scan()]
    with recorded() as made["relay_notices"]:
        records = [
            {
                "eventID": notice,
                "eventName": "INSERT",
                "awsRegion": REGION,
                "eventSourceARN": "arn",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1795224600,
                    "Keys": {"notice_id": {"S": notice}},
                    "SequenceNumber": "1",
                    "SizeBytes": 60,
                    "StreamViewType": "KEYS_ONLY",
                },
            }
            for notice in ids
        ]
        assert len(ids) >= 3
        invoke("relay_notices", {"Records": records})
    assert {row.state for row in NoticeRow.scan()} <= {"sent", "decoy"}
    api.call("POST", "/v1/complaints", a_report())
    with recorded() as made["sweep_outbox"]:
        assert invoke("sweep_outbox", tick)["attempted"] >= 2
    current.move_clock(timedelta(days=60))
    try:
        with recorded() as made["sweep_deadlines"]:
            assert invoke("sweep_deadlines", tick)["climbed"] >= 2
        # By then the law's limit is near, so the secretary has a list; this is the moment at which it is written.
        people.hold_post("secretary@city", ["sekda"])
        at = next_list(Role.SECRETARY, current.utc_now(), city())
        current.move_clock(at - datetime.now(UTC) + timedelta(minutes=1))
        with recorded() as made["send_lists"]:
            assert invoke("send_lists", tick)["written"] == 1
        (mail,) = [row.notice_id for row in NoticeRow.scan() if row.notice_id.startswith("list#")]
        people.save_officer(people.officer("sekda"), keys.seal("sekda", {"email": "sekda@example.id"}))
        sns.ensure_officer_topic("sekda", "sekda@example.id")
        with recorded() as listed_mail:
            assert delivery.attempt(mail, now=current.utc_now()) == "sent"
        made["relay_notices"] |= listed_mail
    finally:
        current.move_clock(timedelta(0))
    refused = [
        (function, *need)
        for function, taken in made.items()
        for need in sorted(taken)
        if not permits(function, *need)
    ]
    assert refused == []
    # Each did what it is there for, so that the silence above means something.
    for function, action in {
        "api_handler": "kms:Encrypt",
        "signed_in": "ssm:GetParameter",
        "relay_notices": "sns:Publish",
        "sweep_outbox": "sns:Publish",
        "sweep_deadlines": "dynamodb:PutItem",
        "send_lists": "dynamodb:PutItem",
    }.items():
        assert action in {taken for taken, _ in made[function]}, function


def token_subject(token: str) -> str:
    import jwt

    subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return subject.partition(":")[2]


def test_mail_may_be_sent_by_whoever_sends_notices() -> None:
    # Off until a sender is configured, so no test above sends one.
    for function in ("relay_notices", "sweep_outbox"):
        assert permits(
            function, "ses:SendEmail", f"arn:aws:ses:{REGION}:{stacks.ACCOUNT}:identity/pro@example.id"
        )


def test_a_stream_may_be_read_and_what_it_could_not_deliver_kept() -> None:
    # Chalice adds nothing to a policy file, so what the trigger itself needs stands there too.
    stream = f"arn:aws:dynamodb:{REGION}:{stacks.ACCOUNT}:table/{stacks.PREFIX}outbox/stream/2026"
    for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
        assert permits("relay_notices", f"dynamodb:{action}", stream)
    queue = TEMPLATE["Resources"]["StreamFailures"]["Properties"]["QueueName"]["Fn::Sub"]
    name = queue.replace("${App}-${City}-${Stage}-", stacks.PREFIX)
    assert permits("relay_notices", "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{stacks.ACCOUNT}:{name}")


@pytest.mark.parametrize("function", CONFIG["lambda_functions"])
def test_every_policy_writes_logs_and_nothing_reaches_beyond_the_app(function: str) -> None:
    group = (
        f"arn:aws:logs:{REGION}:{stacks.ACCOUNT}:log-group:/aws/lambda/{CONFIG['app_name']}-prod:log-stream:x"
    )
    assert permits(function, "logs:PutLogEvents", group)
    for statement in policy(function):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"])), statement["Sid"]
        for resource in listed(statement.get("Resource", [])):
            named = "/pro/" in resource or "pro-" in resource or statement["Sid"] == "Mail"
            assert named or "Condition" in statement, statement["Sid"]


def test_no_lambda_may_read_the_tables_by_scan() -> None:
    for function in CONFIG["lambda_functions"]:
        for name in ("complaints", "outbox", "people", "guards"):
            table = f"arn:aws:dynamodb:{REGION}:{stacks.ACCOUNT}:table/{stacks.PREFIX}{name}"
            assert not permits(function, "dynamodb:Scan", table)


def test_the_topic_of_an_office_lies_under_the_prefix_that_may_be_published_to() -> None:
    from chalicelib import sns

    arn = sns.topic_of_office("51.71.01.1004")
    assert arn == topics.topic_name(current.settings().topic_arn_prefix, "51.71.01.1004")
    assert permits("relay_notices", "sns:Publish", arn)
    assert permits("relay_notices", "sns:Publish", "+6281234567890")
    assert not permits("relay_notices", "sns:Publish", f"arn:aws:sns:{REGION}:{stacks.ACCOUNT}:somebody-else")
