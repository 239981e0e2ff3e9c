"""The policy of each Lambda against the calls to AWS that its code makes: nothing missing, nothing to spare.

A scenario takes every kind of path through the real handlers on the real engines; what they call is written down as
it leaves botocore and turned into the permissions that IAM asks for. Each of these must be granted, and each grant
must have been asked for, or stand below with the reason why no test can ask.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib import settings as current
from chalicelib.usecases import endings
from infra import topics
from infra.policies import narrowed
from local.apply import read_template
from local.context import Context
from local.engines import REGION
from local.server import Gateway
from tests import stack as stacks
from tests.contract.conftest import Api, a_report, citizen, officer, token_of
from tests.integration.test_photos import a_jpeg

CHALICE = stacks.PROJECT / ".chalice"
CODE = stacks.PROJECT / "chalicelib"
CONFIG: Mapping[str, Any] = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))
TEMPLATE = read_template(stacks.PROJECT / "infra" / "data.yaml")
FUNCTIONS = tuple(CONFIG["lambda_functions"])
KEY = f"alias/{stacks.PREFIX}data"

GRANTED_FOR_WHAT_NO_TEST_CALLS: Mapping[tuple[str, str], str] = {
    **{
        (function, action): "written by Lambda itself, under the function's role"
        for function in FUNCTIONS
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    },
    **{
        (
            function,
            action,
        ): "written by Lambda and the tracer where a stage turns X-Ray on; narrowed away elsewhere"
        for function in FUNCTIONS
        for action in ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
    },
    **{
        ("relay_notices", f"dynamodb:{action}"): "read by Lambda's poller, under the function's role"
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
    ("api_handler", "s3:PutObject"): "what people upload is signed with the API's rights",
    **{
        (
            function,
            "s3:ListBucket",
        ): "without it S3 says of a missing object that it is forbidden, not missing"
        for function in ("on_photo", "sweep_photos")
    },
    (
        "relay_notices",
        "sqs:SendMessage",
    ): "the poller's failure destination, written under the function's role",
}
"""Every grant that the scenario cannot ask for, by function and action."""

WIDER_THAN_ONE_RESOURCE: Mapping[str, str] = {
    "Traces": "X-Ray knows no resource",
    "ListOfStreams": "dynamodb:ListStreams knows no resource",
    "OfficeTopics": "one topic per office of the profile, made by infra/topics.py",
    "OfficersOwnTopics": "one topic per officer, made by make posts",
    "DirectSms": "a phone number is no ARN; NotResource leaves out every topic",
    "WhoRefusesSms": "the list of numbers that opted out is the account's; SNS knows no resource there",
    "Listeners": "one topic per office of the profile",
    "Apps": "a platform application is made by hand, where a city has an app",
    "AppPush": "one endpoint per phone",
    "OfficersTopics": "one topic per officer",
    "Mail": "the sender's identity is chosen by each city; SES sends from verified ones alone",
    **dict.fromkeys(
        ("PhotosDeleted", "PhotosRead", "PhotosSent", "PhotosShown", "PhotosWritten"),
        "photos have random names; what they may be under is named",
    ),
    "DataKey": "a key's id is random; the condition names the one by its alias",
}
"""Every statement whose resource is not named to the end, by its Sid."""

NOT_IN_A_LAMBDA: Mapping[str, str] = {
    "pictures._saved": "saves a picture in memory",
    "people.hold_post": "make posts",
    "people.seats": "make posts",
    "people.shred_data_key": "erasure, with the operator's own rights",
    "keys.unseal_by_kms": "rows of before docs/adr/0026; the same kms:Decrypt, by another name of ours",
    "api_keys.add": "make api-key, with the operator's own rights",
    "api_keys.revoke": "make api-key",
    "api_keys.every": "make api-key",
    "people.all_officers": "make posts",
    "sns._unsubscribe": "make posts",
    "search.every_case": "make search-index",
    "search.empty": "make search-index",
}
"""What calls AWS and is not reached by the scenario, with whoever calls it instead."""


NEVER_ON_THIS_WAY: Mapping[tuple[str, str], str] = (
    {
        (function, "people.holders"): "the end of a merged case, and a reopening by many, reach no duty post"
        for function in ("relay_notices", "sweep_outbox")
    }
    | {
        ("send_lists", name): "it deletes contacts and opens none"
        for name in ("keys.open_data_key", "people.citizen", "people.data_key")
    }
    | {
        (
            "api_handler",
            "photos.forget",
        ): "a post that is refused after its photos were stored: two at once at one cap",
    }
)
"""What a Lambda's code could reach by name and does not, with the reason."""


def policy(function: str) -> list[dict[str, Any]]:
    path = CHALICE / CONFIG["lambda_functions"][function]["iam_policy_file"]
    statements: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    return statements


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@dataclass(frozen=True)
class Grant:
    """One action on one resource, as a policy file gives it."""

    function: str
    sid: str
    action: str
    resource: str
    other_than: bool = False
    """``resource`` names what is *not* granted."""

    def covers(self, action: str, resource: str) -> bool:
        return action == self.action and fnmatchcase(resource, self.resource) is not self.other_than


def grants(function: str) -> Iterator[Grant]:
    for statement in policy(function):
        assert statement["Effect"] == "Allow"
        if condition := statement.get("Condition"):
            # Keys have random ids: what names ours is the alias, in this one kind of condition.
            assert set(condition) == {"ForAnyValue:StringLike"}
            resources = listed(condition["ForAnyValue:StringLike"]["kms:ResourceAliases"])
        else:
            resources = listed(statement.get("Resource", statement.get("NotResource")))
        for action in listed(statement["Action"]):
            for resource in resources:
                yield Grant(function, statement["Sid"], action, resource, "NotResource" in statement)


def permits(function: str, action: str, resource: str) -> bool:
    """Whether IAM would let this function do this, by its policy file."""
    return any(grant.covers(action, resource) for grant in grants(function))


# What the code calls ------------------------------------------------------------------------------------------

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

    if service == "dynamodb":
        yield "kms:Decrypt", KEY  # the tables are encrypted under it
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for item in params["TransactItems"]:
                ((kind, request),) = item.items()
                yield f"dynamodb:{_TRANSACTION[kind]}", table(request["TableName"])
        case "dynamodb", "BatchGetItem" | "BatchWriteItem":
            for name in params["RequestItems"]:
                yield f"dynamodb:{operation}", table(name)
        case "dynamodb", _:
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield f"dynamodb:{operation}", table(params["TableName"]) + index
        case "s3", "HeadBucket" | "CreateBucket":
            return  # never sent: it stands for the bucket while a form is signed
        case "s3", "ListObjectVersions":
            yield "s3:ListBucketVersions", f"arn:aws:s3:::{params['Bucket']}"
        case "s3", _:
            own = (
                "DeleteObjectVersion" if operation == "DeleteObject" and "VersionId" in params else operation
            )
            yield f"s3:{own}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
            if operation == "PutObject":  # the bucket is encrypted
                yield "kms:GenerateDataKey", KEY
            if operation == "GetObject":
                yield "kms:Decrypt", KEY
        case "ssm", "GetParameter":
            yield "ssm:GetParameter", f"arn:aws:ssm:{REGION}:{stacks.ACCOUNT}:parameter{params['Name']}"
            yield "kms:Decrypt", KEY  # a SecureString
        case "kms", _:
            yield f"kms:{operation}", KEY
        case "sns", "Publish":
            named = [params[name] for name in ("TopicArn", "TargetArn", "PhoneNumber") if name in params]
            # An endpoint of an app has a random id.
            head, endpoint, rest = named[0].partition(":endpoint/")
            yield "sns:Publish", f"{head}{endpoint}{rest.rpartition('/')[0]}/id" if endpoint else named[0]
            if "TopicArn" in params:  # topics are encrypted
                yield "kms:GenerateDataKey", KEY
                yield "kms:Decrypt", KEY
        case "sns", "CheckIfPhoneNumberIsOptedOut" | "ListPhoneNumbersOptedOut":
            yield f"sns:{operation}", "*"  # of the account's own list; SNS knows no resource here
        case "sns", "CreatePlatformEndpoint":
            yield "sns:CreatePlatformEndpoint", params["PlatformApplicationArn"]
        case "sns", "CreateTopic":
            yield "sns:CreateTopic", f"arn:aws:sns:{REGION}:{stacks.ACCOUNT}:{params['Name']}"
        case "sns", "SetSubscriptionAttributes":
            yield "sns:SetSubscriptionAttributes", params["SubscriptionArn"].rpartition(":")[0]
        case "sns", _:
            yield f"sns:{operation}", params["TopicArn"]
        case "sesv2", "SendEmail":
            identity = params["FromEmailAddress"]
            yield "ses:SendEmail", f"arn:aws:ses:{REGION}:{stacks.ACCOUNT}:identity/{identity}"
        case _:
            raise AssertionError(f"no rule says what {service}.{operation} takes")


@dataclass
class Calls:
    """What one Lambda asked AWS for while the scenario ran."""

    needed: set[tuple[str, str]] = field(default_factory=set)
    """(action, resource)"""
    made_in: set[str] = field(default_factory=set)
    """Functions of the store and the adapters that were at work, as module.function."""


@contextmanager
def recorded(found: Calls) -> Iterator[None]:
    """Write down every permission that the calls to AWS take which the code makes within."""
    from chalicelib import aws, keys, roads
    from chalicelib.store.tables import TABLES

    def hear(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        found.needed.update(needs(model.service_model.service_name, model.name, params))
        frame: Any = sys._getframe()
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.parent in (CODE, CODE / "store"):
                found.made_in.add(f"{path.stem}.{frame.f_code.co_name}")
            frame = frame.f_back

    keys._server_key.cache_clear()  # a cold start fetches it
    roads.forget()  # and this
    heard = [table._get_connection().connection.client for table in TABLES]  # the one that all share
    heard += [aws.client(name) for name in ("ssm", "kms", "sns", "sesv2", "s3")]
    for client in heard:
        client.meta.events.register("provide-client-params.*.*", hear)
    try:
        yield
    finally:
        for client in heard:
            client.meta.events.unregister("provide-client-params.*.*", hear)


def callers() -> set[str]:
    """Every function of the store and the adapters that calls AWS itself, as module.function, read from the source."""
    found = set()
    for path in (*(CODE / "store").glob("*.py"), *CODE.glob("*.py")):
        if path.stem in ("aws", "tables"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if any(_calls_aws(node) for node in ast.walk(function) if isinstance(node, ast.Call)):
                found.add(f"{path.stem}.{function.name}")
    return found


def _calls_aws(call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    if isinstance(call.func, ast.Name):
        return text == "TransactWrite"
    if not isinstance(call.func, ast.Attribute):
        return False
    receiver, verb = ast.unparse(call.func.value), call.func.attr
    if receiver == "transaction":
        return False  # it is the end of `with TransactWrite` that calls
    if verb in ("save", "update", "delete"):
        return True
    if verb in ("query", "get", "batch_get", "scan", "count", "batch_write", "refresh"):
        return "Row" in receiver
    return receiver.startswith("aws.client(") or receiver in ("_client()", "_kms()")


HANDLERS: Mapping[str, tuple[str, ...]] = {
    "api_handler": tuple(
        ".".join(path.relative_to(CODE).with_suffix("").parts) for path in (CODE / "http").rglob("*.py")
    ),
    "signed_in": ("http.auth.signed_in",),
    "relay_notices": ("jobs.relay.relay_notices",),
    "sweep_deadlines": ("jobs.sweeps.sweep_deadlines",),
    "sweep_outbox": ("jobs.sweeps.sweep_outbox",),
    "send_lists": ("jobs.sweeps.send_lists",),
    "on_photo": ("jobs.pictures.on_photo",),
    "sweep_photos": ("jobs.pictures.sweep_photos",),
    "index_cases": ("jobs.sweeps.index_cases",),
}
"""Where each Lambda enters our code; a module stands for all its functions."""


@cache
def _references() -> dict[str, set[str]]:
    """For each function or method of ours, the functions and classes of ours that it names, as path.name."""
    trees = {
        ".".join(path.relative_to(CODE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in CODE.rglob("*.py")
    }
    defined = {
        f"{module}.{node.name}"
        for module, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    found: dict[str, set[str]] = {}
    for module, tree in trees.items():
        names: dict[
            str, str
        ] = {}  # what a name in this module stands for; imports stand inside functions, too
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "chalicelib":
                package = (node.module or "").removeprefix("chalicelib").strip(".")
                for name in node.names:
                    names[name.asname or name.name] = f"{package}.{name.name}".strip(".")
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            reached = set()
            # A variable may bear the name of a function of the same module.
            own = {
                part.id
                for part in ast.walk(node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
            own |= {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and part.id not in own:
                    reached |= {names.get(part.id, ""), f"{module}.{part.id}"} & defined
                elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                    reached |= {f"{names.get(part.value.id, '')}.{part.attr}"} & defined
            found[f"{module}.{node.name}"] = reached
    return found


def reachable(entrances: Iterable[str]) -> set[str]:
    """What can be reached by name from these functions and modules, as module.function without its folder."""
    references = _references()
    open_ends = [
        name
        for name in references
        for entrance in entrances
        if name == entrance or name.startswith(f"{entrance}.")
    ]
    seen: set[str] = set()
    while open_ends:
        name = open_ends.pop()
        if name not in seen:
            seen.add(name)
            open_ends += references.get(name, ())
    return {".".join(name.split(".")[-2:]) for name in seen}


# The scenario -------------------------------------------------------------------------------------------------


def invoke(name: str, event: Mapping[str, Any]) -> Any:
    from app import app

    seconds = CONFIG["lambda_functions"][name]["lambda_timeout"]
    context = Context(name, region=REGION, account_id=stacks.ACCOUNT, seconds=seconds)
    handler: Callable[..., Any] = app.handler_map[name]
    if event is TICK:
        event = {**TICK, "time": current.utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    return handler(event, context)


TICK = {
    "version": "0",
    "id": "tick",
    "account": stacks.ACCOUNT,
    "region": REGION,
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "time": "",
    "resources": [],
    "detail": {},
}


def serve_requests(api: Api, me: str, duty: str, triage: str, above: str) -> None:
    """Every kind of request once: reports, lists, acts of reporters and officers, sign-in, pages."""
    key = {"Idempotency-Key": "k" * 22}
    filed = api.call("POST", "/v1/complaints", a_report(identity="shown"), headers=key)
    path, code = f"complaints/{filed.json['code']}", filed.json["code"]
    answers = [
        filed,
        api.call("POST", "/v1/complaints", a_report(identity="shown"), headers=key),
        api.call("POST", "/v1/me/complaints", a_report(contact=None), token=me),
        api.call("POST", "/v1/complaints", a_report(category="kebakaran", contact=None)),
        api.call("GET", f"/v1/{path}"),
        api.call("GET", f"/v1/{path}/status"),
        api.call("GET", "/v1/complaints"),
        api.call("GET", "/v1/complaints?lat=-8.69&lon=115.22"),
        api.call("GET", "/v1/complaints?office=pupr"),
        api.call("GET", "/v1/scheduled"),
        api.call("GET", "/v1/complaints?area=51.71.01.1004"),
        api.call("GET", "/v1/complaints?category=jalan_rusak"),
        api.call("GET", "/v1/scheduled"),
        api.call("GET", "/v1/me/complaints", token=me),
        api.call("POST", f"/v1/me/{path}/messages", {"text": "Makin lebar."}, token=me),
        api.call("GET", "/v1/office/complaints", token=duty),
        api.call("GET", "/v1/office/complaints?which=area", token=duty),
        api.call("GET", "/v1/office/complaints?which=screening", token=triage),
        api.call("GET", "/v1/office/complaints?which=top", token=above),
        api.call("GET", f"/v1/office/{path}", token=duty),
        api.call("GET", "/v1/office/posts/vacant", token=duty),
        api.call("GET", "/v1/office/colleagues", token=duty),
        api.call("POST", "/v1/auth/codes", {"phone": "0812-3456-7890"}),
        api.call("POST", "/v1/auth/links", {"code": code, "secret": filed.json["secret"]}),
    ]
    challenge = answers[-2].json["challenge"]
    answers += [
        api.call("POST", "/v1/auth/tokens", {"challenge": challenge, "digits": digits_of(challenge)}),
        act(api, f"/v1/office/{path}/contact", {}, duty, version_of(api, path, duty)),
        act(api, f"/v1/office/{path}/replies", {"text": "Kami datang."}, duty, version_of(api, path, duty)),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []


def serve_photos(api: Api, me: str, duty: str, triage: str, made: Calls) -> None:
    """Links to upload, a report and a proof with photos, the lists of photos, and what triage decides on them."""
    from chalicelib import photos as bucket
    from chalicelib.usecases import photos as evidence

    key = "p" * 22
    with recorded(made):
        asked = api.call("POST", "/v1/photos", {"type": "image/jpeg", "draft": key})
    bucket.write(f"in/{asked.json['id']}", a_jpeg(31), "image/jpeg")
    with recorded(made):
        report = a_report(photos=[asked.json["id"]])
        filed = api.call("POST", "/v1/complaints", report, headers={"Idempotency-Key": key})
        path = f"complaints/{filed.json['code']}"
        proof = api.call("POST", f"/v1/office/{path}/photos", {"type": "image/jpeg"}, token=duty)
    bucket.write(f"in/{proof.json['id']}", a_jpeg(31), "image/jpeg")
    with recorded(made):
        said = {"text": "Sudah.", "photos": [proof.json["id"]]}
        answers = [
            asked,
            api.call("GET", f"/v1/photos/{proof.json['id']}"),
            filed,
            proof,
            act(api, f"/v1/office/{path}/resolution", said, duty, version_of(api, path, duty)),
        ]
    photo = asked.json["id"]
    for photo_id in (photo, proof.json["id"]):
        evidence.work(photo_id, now=current.utc_now())
    version = evidence.store.get(photo).version
    with recorded(made):
        answers += [
            api.call("GET", f"/v1/{path}/photos"),
            api.call("GET", f"/v1/me/{path}/photos", token=me),
            api.call("GET", f"/v1/office/{path}/photos", token=triage),
            act(api, f"/v1/office/{path}/photos/{photo}/release", {}, triage, f'"{version}"'),
            act(
                api,
                f"/v1/office/{path}/photos/{photo}/hiding",
                {"reason": "Wajah."},
                triage,
                f'"{version + 1}"',
            ),
        ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []


def work_on_photos(function: str, made: Calls, start: timedelta) -> None:
    """Everything that can become of photos, by one of the two functions that work on them."""
    from chalicelib import photos as bucket
    from chalicelib.domain import photos as rules
    from chalicelib.usecases import handling, intake
    from chalicelib.usecases import photos as evidence
    from tests.integration.people import a_case, holder_of

    def run(after: timedelta, *ids: str) -> None:
        current.move_clock(start + after)
        for photo_id in ids if function == "on_photo" else ("",):
            if photo_id:
                bucket.ask_for([photo_id])
            with recorded(made):
                invoke(function, {**TICK, "detail": {"object": {"key": f"todo/{photo_id}"}}})

    current.move_clock(start)
    now = current.utc_now()
    key = f"photos-of-{function}-0123456789"
    ids = [evidence.ask_for_draft(key, "image/jpeg", client="x", now=now).photo.id for _ in range(3)]
    for photo_id, data in zip(ids, (a_jpeg(33), b"none", a_jpeg(34)), strict=True):
        bucket.write(f"in/{photo_id}", data, "image/jpeg")
    filed = a_case(now=now, retry=intake.Retry(key, "h"), photos=(ids[0],))
    bucket.delete("todo/")
    run(timedelta(minutes=20), *ids)
    photo = evidence.store.get(ids[0])
    assert photo.settled
    evidence.store.put(rules.hidden(photo, "x", "y", now), timedelta(days=730))
    run(timedelta(minutes=40), ids[0])
    assert evidence.store.get(ids[0]).settled
    run(timedelta(hours=26), ids[2], "a" * 26)
    handling.withdraw(filed.complaint.code, holder_of(filed), "", now=now)
    run(timedelta(days=732), ids[0])
    assert evidence.store.get(ids[0]).state is rules.State.ERASED


def watch_over_officers(api: Api) -> None:
    """An account of the identity provider and a PIN are used, the auditor reads, the administrator resets."""
    from chalicelib import keys
    from chalicelib.usecases import pins, posts, signin

    posts._login("bidang@example.id", "bidang", given=True)
    account = signin.Who(signin.Kind.ACCOUNT, f"{keys.person_id('bidang@example.id')}.akun")
    assert signin.officer(account).id == "bidang"
    for _ in range(2):
        pins.check("bidang", "240681", now=current.utc_now())
    auditor = officer("auditor@inspektorat", office="inspektorat", identity="auditor")
    administrator = officer("administrator@diskominfos", office="diskominfos", identity="admin")
    answers = [
        api.call("GET", "/v1/office/looks", token=auditor),
        api.call("GET", "/v1/office/officers?office=pupr", token=administrator),
        api.call("POST", "/v1/office/officers/bidang/sign-in-reset", {}, token=administrator),
    ]
    assert [answer.text for answer in answers if answer.status >= 300] == []


def watch_over_notices(api: Api, me: str, duty: str) -> None:
    """People choose their messages; the administrator looks who hears an office, and replays what died."""
    from chalicelib.store.tables import NoticeRow

    administrator = token_of("officer", "admin")
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    dead = f"{code}#0001#office_new#topic#pupr"
    NoticeRow(dead).update([NoticeRow.state.set("dead"), NoticeRow.pending_shard.set("dead")])
    page = api.call("GET", "/v1/me/notices", token=me).json["page"]
    act_by_link(api)
    push = {"app": "android", "token": "uji"}
    by_gateway(api)
    answers = [
        api.call("PUT", "/v1/me/push", push, token=me),
        api.call("PUT", "/v1/me/push", {}, token=me),
        api.call("PUT", "/v1/me/notices", {"language": "id"}, token=me),
        api.call("GET", f"/kabar/{page.rpartition('/')[2]}"),
        api.call("PUT", "/v1/office/me/notices", {"level": 0}, token=token_of("officer", "bidang")),
        api.call("PUT", "/v1/office/me/notices", {"level": 1}, token=token_of("officer", "pendengar")),
        api.call("GET", "/v1/office/listeners", token=administrator),
        api.call("GET", "/v1/office/listeners/pupr", token=administrator),
        api.call("POST", "/v1/office/listeners/pupr", {}, token=administrator),
        api.call("POST", "/v1/office/listeners/dlhk", {}, token=administrator),
        api.call("GET", f"/v1/office/notices?code={code}", token=administrator),
        api.call("GET", "/v1/office/notices", token=administrator),
        api.call("POST", "/v1/office/notices/replay", {"notice": dead}, token=administrator),
        api.call("GET", "/v1/office/spending", token=administrator),
    ]
    assert [answer.text for answer in answers if answer.status >= 300] == []


ROADS = "/pro/denpasar/test/roads"


@contextmanager
def other_roads() -> Iterator[None]:
    """An app on phones, and a gateway that may post to us."""
    from chalicelib import aws, roads

    made = aws.client("sns").create_platform_application(Name="uji", Platform="GCM", Attributes={})
    said = {"apps": {"android": made["PlatformApplicationArn"]}, "inbound": {"secret": "rahasia"}}
    aws.client("ssm").put_parameter(Name=ROADS, Value=json.dumps(said), Type="SecureString", Overwrite=True)
    patch = pytest.MonkeyPatch()
    patch.setenv("ROADS_PARAMETER", ROADS)
    current.settings.cache_clear()
    roads.forget()
    try:
        yield
    finally:
        patch.undo()
        current.settings.cache_clear()
        roads.forget()


def by_gateway(api: Api) -> None:
    """A receipt of a message that nobody knows."""
    raw = json.dumps({"reference": "x", "state": "delivered"}).encode()
    signature = "sha256=" + hmac.new(b"rahasia", raw, hashlib.sha256).hexdigest()
    assert api.call("POST", "/v1/inbound/receipts", raw, headers={"X-Signature": signature}).status == 404
    typed = json.dumps({"from": "0812-0000-1111", "text": "halo", "id": "1"}).encode()
    signature = "sha256=" + hmac.new(b"rahasia", typed, hashlib.sha256).hexdigest()
    assert api.call("POST", "/v1/inbound/sms", typed, headers={"X-Signature": signature}).status == 200


def push_and_lose(api: Api, function: str, made: Calls) -> None:
    """A citizen hears by an app, and by SMS again once the app is gone."""
    from chalicelib import aws, roads

    me = citizen()
    sns, application = aws.client("sns"), roads.configured(roads.APPS)["android"]
    said = api.call("PUT", "/v1/me/push", {"app": "android", "token": function}, token=me)
    assert said.status == 200, said.text
    assert api.call("PUT", "/v1/me/notices", {"channel": "push"}, token=me).status == 200
    for lost in (False, True):
        if lost:
            for each in sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)[
                "Endpoints"
            ]:
                sns.delete_endpoint(EndpointArn=each["EndpointArn"])
        assert api.call("POST", "/v1/complaints", a_report()).status == 201
        send(function, made)
    assert api.call("PUT", "/v1/me/notices", {}, token=me).status == 200


def act_by_link(api: Api) -> None:
    """An officer acts by a link, on a device that a one-time code made theirs, and hands the case to staff."""
    from chalicelib.store import complaints
    from chalicelib.usecases import actlinks

    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    now = current.utc_now()
    path = actlinks.mint(complaints.get_head(code).complaint, "bidang", "uji", now=now)
    secret = path.partition(".")[2]
    assert api.call("GET", path).status == 200
    found = actlinks.opened(code, secret, now=now)
    challenge = actlinks.send_code(found, "id", now=now)
    actlinks.prove(found, pin="", challenge=challenge, digits=digits_of(challenge), now=now)
    assert actlinks.is_trusted(actlinks.device("bidang", now=now), "bidang", now=now)
    actlinks.do(code, secret, "forward", found.seal("forward"), "", "pendengar", now=now)


def moderate(api: Api, triage: str) -> None:
    """The public side of a case, and a ban on where it came from."""
    without_key = api.call("POST", "/v1/complaints", a_report()).json["code"]
    key = {"Idempotency-Key": f"{without_key}-moderated"}
    code = api.call("POST", "/v1/complaints", a_report(), headers=key).json["code"]
    path = f"/v1/office/complaints/{code}"
    answers = [
        api.call("GET", f"/v1/office/complaints/{without_key}/public-text", token=triage),
        api.call("GET", f"{path}/public-text", token=triage),
        api.call(
            "PUT",
            f"{path}/public-text",
            {"text": "Jalan berlubang.", "reason": "Nama dihapus."},
            token=triage,
            headers={"If-Match": "1"},
        ),
        act(api, f"{path}/public-text/undo", {}, triage, "2"),
        api.call("POST", f"{path}/bans", {"by": ["address"], "days": 3, "reason": "Palsu."}, token=triage),
    ]
    (ban,) = answers[-1].json["bans"]
    answers += [
        api.call("GET", "/v1/office/bans", token=triage),
        api.call("DELETE", f"/v1/office/bans/{ban}", token=triage),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []


def forget(api: Api, triage: str, number: int) -> None:
    """Somebody with more cases than one request erases, who joined another one: the job finishes the rest."""
    spot = a_report(category="jalan_rusak", place={"lat": -8.69, "lon": 115.22}, contact=None)
    shared = api.call("POST", "/v1/complaints", spot).json["code"]
    public = f"complaints/{shared}"
    act(api, f"/v1/office/{public}/release", {}, triage, version_of(api, public, triage))
    contact = {"phone": f"0812-3456-78{number}"}
    # Where a report came from is kept beside its key, or by itself where it took none.
    keys = [{"Idempotency-Key": f"{shared}-forgotten-{each}"} if each % 2 else {} for each in range(6)]
    filed = [api.call("POST", "/v1/complaints", a_report(contact=contact), headers=key) for key in keys]
    assert {answer.status for answer in filed} == {201}
    claim_a_photo(filed[0].json["code"])
    # The last one is what the job finds: it goes with another case, and has a photo.
    last = filed[-1].json["code"]
    merged = act(api, f"/v1/office/complaints/{last}/merge", {"master": shared}, triage, "1")
    assert merged.status == 201, merged.text
    claim_a_photo(last)
    assert api.call("POST", f"/v1/{public}/joins", {"contact": contact}).status == 201
    challenge = api.call("POST", "/v1/auth/codes", contact).json["challenge"]
    answer = {"challenge": challenge, "digits": digits_of(challenge)}
    me = api.call("POST", "/v1/auth/tokens", answer).json["token"]
    answers = [
        api.call("GET", "/v1/me/data", token=me),
        api.call("PUT", "/v1/me/data", {"name": "Made Contoh"}, token=me),
        api.call("POST", "/v1/me/erasure", {"sure": True}, token=me),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []
    assert answers[-1].json["done"] is False
    # Somebody who joined and filed nothing is forgotten at once.
    contact = {"phone": f"0812-3456-79{number}"}
    assert api.call("POST", f"/v1/{public}/joins", {"contact": contact}).status == 201
    challenge = api.call("POST", "/v1/auth/codes", contact).json["challenge"]
    answer = {"challenge": challenge, "digits": digits_of(challenge)}
    me = api.call("POST", "/v1/auth/tokens", answer).json["token"]
    assert api.call("POST", "/v1/me/erasure", {"sure": True}, token=me).json["done"] is True
    # Somebody whose only case ended: time forgets them.
    contact = {"phone": f"0812-3456-77{number}"}
    code = api.call("POST", "/v1/complaints", a_report(contact=contact)).json["code"]
    challenge = api.call("POST", "/v1/auth/codes", contact).json["challenge"]
    answer = {"challenge": challenge, "digits": digits_of(challenge)}
    me = api.call("POST", "/v1/auth/tokens", answer).json["token"]
    gone = api.call("POST", f"/v1/me/complaints/{code}/withdrawal", {"reason": "solved"}, token=me)
    assert gone.status == 201


def claim_a_photo(code: str) -> None:
    """Write down a photo as this case's, as an act with one does."""
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain import photos as rules
    from chalicelib.store import photos as store
    from chalicelib.store.tables import connection
    from chalicelib.usecases import photos

    now = current.utc_now()
    asked = photos.ask_for_draft("b" * 22, "image/jpeg", client="203.0.113.7", now=now)
    with TransactWrite(connection=connection()) as transaction:
        seen = replace(asked.photo, state=rules.State.FIT, mark="f0a5c3960ff05a3c")
        store.claiming([rules.claimed(seen, code, now)], timedelta(days=730))(transaction)


def join_and_end(api: Api, duty: str, triage: str) -> None:
    """Two people join a case, another is merged into it, it is solved, and both who joined say that it is not."""
    spot = a_report(category="jalan_rusak", place={"lat": -8.69, "lon": 115.22}, contact=None)
    codes = [api.call("POST", "/v1/complaints", spot).json["code"] for _ in range(2)]
    master, other = (f"complaints/{code}" for code in codes)
    answers = [
        act(api, f"/v1/office/{path}/release", {}, triage, version_of(api, path, triage))
        for path in (master, other)
    ]
    answers.append(api.call("GET", "/v1/nearby?category=jalan_rusak&lat=-8.69&lon=115.22"))
    joined = [
        api.call("POST", f"/v1/{master}/joins", {}, headers={"Idempotency-Key": f"{codes[0]}-{each}-joins"})
        for each in range(2)
    ]
    answers.append(api.call("POST", f"/v1/{master}/joins", {"contact": {"phone": "0812-3456-7811"}}))
    into = {"master": codes[0]}
    for name, body in (("merge", into), ("unmerge", {}), ("merge", into)):
        answers.append(act(api, f"/v1/office/{other}/{name}", body, duty, version_of(api, other, duty)))
    done = {"text": "Sudah ditambal."}
    answers.append(act(api, f"/v1/office/{master}/resolution", done, duty, version_of(api, master, duty)))
    for each in joined:
        link = {"code": codes[0], "secret": each.json["secret"]}
        token = api.call("POST", "/v1/auth/links", link).json["token"]
        own = f"/v1/me/joins/{codes[0]}"
        answers += [
            api.call("GET", own, token=token),
            api.call("POST", f"{own}/rating", {"score": 2}, token=token),
            api.call("POST", f"{own}/reopening", {"text": "Masih berlubang di sini."}, token=token),
        ]
    assert [(answer.status, answer.text) for answer in answers + joined if answer.status >= 300] == []


def twice_within_minutes(api: Api, duty: str) -> None:
    """Two changes of which the reporter hears by one message."""
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    path = f"complaints/{code}"
    done = {"text": "Sudah ditambal."}
    answers = [
        act(api, f"/v1/office/{path}/resolution", done, duty, version_of(api, path, duty)),
        api.call("POST", f"/v1/me/{path}/reopening", {"text": "Masih berlubang."}, token=citizen()),
    ]
    assert [answer.text for answer in answers if answer.status >= 300] == []


def key_of_a_client() -> str:
    from chalicelib.usecases import api_keys

    scopes = [api_keys.FILE, f"{api_keys.ACT}*"]
    return api_keys.issue("Uji", scopes, now=current.utc_now(), per_hour=100)[1]


def serve_other_systems(api: Api, key: str) -> None:
    """A client of Open311: files, lists in every way, updates, and asks for a token."""
    base, form = "/open311/v2", {"Content-Type": "application/x-www-form-urlencoded"}
    said = {
        "api_key": key,
        "service_code": "trotoar",
        "lat": "-8.69",
        "long": "115.22",
        "description": "Lepas",
    }
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in said.items()]
    photo = '--b\r\nContent-Disposition: form-data; name="media"; filename="a"\r\n\r\n'
    body = "".join([*parts, photo]).encode() + b"\xff\xd8\xff" + bytes(99) + b"\r\n--b--"
    filed = api.call(
        "POST", f"{base}/requests.json", body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    code = filed.json[0]["service_request_id"]
    done = f"api_key={key}&service_request_id={code}&update_id=1&status=CLOSED&description=Beres".encode()
    answers = [
        filed,
        api.call("POST", f"{base}/servicerequestupdates.json", done, headers=form),
        api.call("GET", f"{base}/requests.json"),
        api.call("GET", f"{base}/requests.json?service_code=trotoar"),
        api.call("GET", f"{base}/requests.json?lat=-8.69&long=115.22&radius=500"),
        api.call("GET", f"{base}/requests.json?updated_after=2026-01-01T00:00:00Z"),
        api.call("GET", f"{base}/requests/{code}.xml"),
        api.call("GET", f"{base}/servicerequestupdates.xml"),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []
    assert api.call("GET", f"{base}/tokens/x.json").status == 404


def work_inside(api: Api) -> None:
    """A head gives a case to somebody and a part of it to another office; of both the sweep reminds weeks later."""
    code = api.call("POST", "/v1/complaints", a_report(contact=None)).json["code"]
    path, head = f"complaints/{code}", token_of("officer", "bidang")
    day = "2027-01-20"
    given = {"to": "petugas", "text": "Cek lokasi.", "due": day}
    parts = {"tasks": [{"office": "dishub", "text": "Tutup jalan.", "due": day}]}
    away = {"delegate": "petugas", "from": "2026-11-23", "until": "2026-11-23"}
    answers = [
        act(api, f"/v1/office/{path}/disposition", given, head, version_of(api, path, head)),
        act(api, f"/v1/office/{path}/tasks", parts, head, version_of(api, path, head)),
        api.call("GET", "/v1/office/work", token=head),
        api.call("POST", "/v1/office/me/absence", away, token=head),
        api.call("POST", "/v1/office/me/absence-end", {}, token=head),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []


def digits_of(challenge: str) -> str:
    from chalicelib import keys

    return keys.one_time_digits(challenge)


def version_of(api: Api, path: str, token: str) -> str:
    return str(api.call("GET", f"/v1/office/{path}", token=token).headers["etag"])


def act(api: Api, path: str, body: Mapping[str, Any], token: str, version: str) -> Any:
    return api.call("POST", path, body, token=token, headers={"If-Match": version})


def those_above() -> None:
    """People whom a case reaches when it climbs, by SMS and by mailboxes of their own, and by the secretary's list."""
    from chalicelib import sns
    from chalicelib.domain.people import Duty, Officer
    from chalicelib.store import people
    from chalicelib.usecases import sealing

    for identity, post, office in (
        ("bidang", "division_head@pupr", "pupr"),
        ("pendengar", "staff@pupr", "pupr"),
        ("sekda", "secretary@city", "setda"),
    ):
        contact = {"phone": "+6281234567899", "email": f"{identity}@example.id"}
        person = Officer(identity, "Ni Made Uji", "Kepala Bidang", office, (Duty.parse(post),))
        people.save_officer(person, sealing.seal(person.id, contact))
        people.hold_post(post, [person.id])
        sns.ensure_officer_topic(person.id, contact["email"])


@contextmanager
def by_mail() -> Iterator[None]:
    """A sender address, and an agency outside with a mailbox; what SES answers is simulated."""
    from chalicelib import aws, cities

    profile = cities.load(stacks.CITY)
    offices = profile.offices
    patch = pytest.MonkeyPatch()
    patch.setenv("MAIL_FROM", "pengaduan@example.id")
    pln = replace(offices["pln"], email="pengaduan@pln.example.id")
    object.__setattr__(profile, "offices", {**offices, "pln": pln})
    current.settings.cache_clear()
    events = aws.client("sesv2").meta.events

    def taken(**_: Any) -> Any:
        return AWSResponse("https://email", 200, {}, None), {"MessageId": "1"}

    events.register("before-call.sesv2.SendEmail", taken)
    try:
        yield
    finally:
        events.unregister("before-call.sesv2.SendEmail", taken)
        object.__setattr__(profile, "offices", offices)
        patch.undo()
        current.settings.cache_clear()


def refer(api: Api) -> None:
    """File a report and ask an agency outside about it."""
    code = api.call("POST", "/v1/complaints", a_report(contact=None)).json["code"]
    said = {"agency": "pln", "text": "Mohon dicek."}
    duty = token_of("officer", "petugas")  # a fresh one: the scenario lasts for weeks
    assert act(api, f"/v1/office/complaints/{code}/referral", said, duty, '"1"').status == 201


@pytest.fixture(scope="module")
def calls(engines_up: stacks.Stack, gateway: Gateway) -> Iterator[Mapping[str, Calls]]:
    """The scenario, played once for all tests of this module."""
    from chalicelib import aws, sns
    from chalicelib.cities import load
    from chalicelib.domain.lists import next_list
    from chalicelib.domain.people import Role
    from chalicelib.store import search

    made = {function: Calls() for function in FUNCTIONS}
    engines_up.clear()
    api = Api(gateway)
    # Jobs take the machine's clock, and by night messages wait.
    by_day = datetime(2026, 11, 23, 2, tzinfo=UTC) - datetime.now(UTC)
    page, endings.PAGE = endings.PAGE, 2  # so that who hears of an end fills more than one page
    roads_on = other_roads()
    roads_on.__enter__()
    try:
        current.move_clock(by_day)
        me, duty = citizen(), officer("duty@pupr", "village_head@51.71.01.1004", office="pupr")
        triage = officer("triage@diskominfos", office="diskominfos", identity="triase")
        above = officer("secretary@city", office="setda", identity="sekda")
        those_above()
        client_key = key_of_a_client()
        aws.client("sns").delete_topic(
            TopicArn=sns.topic_of_office("dlhk")
        )  # the administrator makes it anew
        with recorded(made["api_handler"]):
            serve_requests(api, me, duty, triage, above)
            watch_over_officers(api)
            watch_over_notices(api, me, duty)
            join_and_end(api, duty, triage)
            moderate(api, triage)
            forget(api, triage, 21)
            serve_other_systems(api, client_key)
            top = api.call("GET", "/v1/office/complaints?which=top", token=token_of("officer", "sekda"))
            assert top.status == 200
            work_inside(api)
        serve_photos(api, me, duty, triage, made["api_handler"])
        silent_reporter(api, duty)
        with recorded(made["signed_in"]):
            event = {
                "type": "TOKEN",
                "authorizationToken": f"Bearer {me}",
                "methodArn": "arn:aws:execute-api:x:1:a/b/GET/c",
            }
            assert invoke("signed_in", event)["principalId"].startswith("citizen:")
        current.move_clock(by_day + timedelta(days=1))
        with recorded(made["send_lists"]):
            assert invoke("send_lists", TICK)["erased"] == 1
        for later, sender in ((1, "relay_notices"), (28, "sweep_outbox")):
            current.move_clock(by_day + timedelta(days=later))
            # Somebody asks for a code, somebody files; then time passes and the case climbs.
            assert api.call("POST", "/v1/auth/codes", {"phone": "0812-3456-7890"}).status == 202
            assert api.call("POST", "/v1/complaints", a_report()).status == 201
            # Tokens of the beginning have run out by now.
            duty = officer("duty@pupr", "village_head@51.71.01.1004", office="pupr")
            triage = officer("triage@diskominfos", office="diskominfos", identity="triase")
            join_and_end(api, duty, triage)
            with by_mail():
                refer(api)
                send(sender, made[sender])
            twice_within_minutes(api, duty)
            act_by_link(api)
            push_and_lose(api, sender, made[sender])
            for day in range(1, 20):
                if ("sns:Publish", "+6281234567899") in made[sender].needed:
                    break  # it has climbed to somebody with a phone and a mailbox of their own
                current.move_clock(by_day + timedelta(days=later + day))
                with recorded(made["sweep_deadlines"]):
                    invoke("sweep_deadlines", TICK)
                send(sender, made[sender])
            else:
                raise AssertionError("no case reached the head of the division")
        # By then the law's limit is near, so the secretary has a list each day.
        for days, sender in ((60, "relay_notices"), (68, "sweep_outbox")):
            current.move_clock(by_day + timedelta(days=days))
            with recorded(made["sweep_deadlines"]):
                invoke("sweep_deadlines", TICK)
            send(sender, made[sender])
            at = next_list(Role.SECRETARY, current.utc_now(), load("denpasar"))
            current.move_clock(at + timedelta(minutes=1) - datetime.now(UTC))
            with recorded(made["send_lists"]):
                assert invoke("send_lists", TICK)["written"] == 1
            send(sender, made[sender])
        for function in ("on_photo", "sweep_photos"):
            work_on_photos(function, made[function], by_day + timedelta(days=80))
        # Once what the contacts were kept for is long over: some are wiped, of others the case is still open.
        current.move_clock(by_day + timedelta(days=500))
        wiped = 0
        with recorded(made["send_lists"]):
            for _ in range(
                8
            ):  # more than a year of days: a busy machine leaves some of them for the next run
                answer = invoke("send_lists", TICK)
                wiped += answer["wiped"]
                if answer["finished"]:
                    break
        assert wiped > 0
        current.move_clock(by_day + timedelta(days=80))
        search.mark_anew(["DPS-22222-22222"])  # a case that is no more
        with recorded(made["index_cases"]):
            assert invoke("index_cases", TICK)["indexed"] > 1
        with recorded(made["api_handler"]):
            search_and_undo(api, token_of("officer", "triase"))
        yield made
    finally:
        roads_on.__exit__(None, None, None)
        endings.PAGE = page
        current.move_clock(timedelta(0))


def search_and_undo(api: Api, triage: str) -> None:
    """A search, a kept one, what lies around a case, and an act on many that is taken back."""
    code = api.call("POST", "/v1/complaints", a_report(contact=None)).json["code"]
    said = {"act": "hide", "cases": [{"code": code, "version": 1}], "said": {"reason": "nama orang"}}
    kept = {"name": "Lubang", "query": {"text": "lubang"}}
    answers = [
        api.call("POST", "/v1/office/search", {"text": "jalan", "until": "2027-03-31"}, token=triage),
        api.call("POST", "/v1/office/search", {"phone": "0812-3456-7890"}, token=triage),
        api.call("POST", "/v1/office/filters", kept, token=triage),
        api.call("GET", "/v1/office/filters", token=triage),
        api.call("GET", f"/v1/office/complaints/{code}/context", token=triage),
        done := api.call("POST", "/v1/office/bulk", said, token=triage),
        api.call("POST", f"/v1/office/bulk/{done.json['id']}/undo", {}, token=triage),
    ]
    assert [(answer.status, answer.text) for answer in answers if answer.status >= 300] == []
    assert answers[0].json["complaints"]
    assert answers[-1].json["results"][0]["refused"] is None


def silent_reporter(api: Api, duty: str) -> None:
    """A claimed fix whose reporter has had all the SMS of a case: the sweep then looks for another road."""
    from chalicelib.store.tables import ComplaintRow

    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    path = f"complaints/{code}"
    done = act(
        api, f"/v1/office/{path}/resolution", {"text": "Sudah ditambal."}, duty, version_of(api, path, duty)
    )
    assert done.status == 201
    head = ComplaintRow.get(code, "head")
    head.update([ComplaintRow.body.set(json.dumps({**json.loads(head.body), "citizen_sms": 4}))])


def send(function: str, made: Calls) -> None:
    """Let one of the two functions that send take all that waits."""
    from chalicelib.store.tables import NoticeRow

    for _ in range(8):
        waiting = [row.notice_id for row in NoticeRow.scan() if row.state == "pending"]
        records = [stream_record(notice) for notice in waiting]
        with recorded(made):
            invoke(function, {"Records": records} if function == "relay_notices" else TICK)
        if not any(row.state == "pending" for row in NoticeRow.scan()):
            break  # what tells many of an end makes new rows
        # What follows a message within minutes waits for their end.
        current.move_clock(current.utc_now() - datetime.now(UTC) + timedelta(minutes=6))
    assert not any(row.state == "pending" for row in NoticeRow.scan())


def stream_record(notice: str) -> dict[str, Any]:
    return {
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


# Compared -----------------------------------------------------------------------------------------------------


def test_every_index_is_read_by_whoever_may_read_it(calls: Mapping[str, Calls]) -> None:
    from chalicelib.store.tables import TABLES

    # A list that the scenario leaves out would be refused by AWS alone: so it has to leave out none.
    read = {resource.partition("/index/")[2] for made in calls.values() for _, resource in made.needed}
    assert read - {""} == {name for table in TABLES for name in table._indexes}


def test_every_lambda_of_the_app_has_a_policy_of_its_own() -> None:
    from app import app

    made: list[Any] = [*app.event_sources, *app.builtin_auth_handlers, *app.pure_lambda_functions]
    assert set(FUNCTIONS) == {"api_handler", *(function.name for function in made)}
    files = {function["iam_policy_file"] for function in CONFIG["lambda_functions"].values()}
    assert files == {path.name for path in CHALICE.glob("policy-*.json")}
    assert len(files) == len(FUNCTIONS)
    assert CONFIG["autogen_policy"] is False


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_lambda_is_granted_every_call_that_it_makes(function: str, calls: Mapping[str, Calls]) -> None:
    refused = sorted(need for need in calls[function].needed if not permits(function, *need))
    assert refused == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_lambda_is_granted_nothing_that_it_does_not_call(function: str, calls: Mapping[str, Calls]) -> None:
    unused = [
        (grant.action, grant.resource)
        for grant in grants(function)
        if (function, grant.action) not in GRANTED_FOR_WHAT_NO_TEST_CALLS
        and not any(grant.covers(*need) for need in calls[function].needed)
    ]
    assert unused == []


def test_the_scenario_reaches_all_code_that_calls_aws(calls: Mapping[str, Calls]) -> None:
    # What it does not reach, the two tests above cannot judge.
    reached = {name for made in calls.values() for name in made.made_in}
    assert callers() - reached == set(NOT_IN_A_LAMBDA)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_scenario_takes_each_lambda_wherever_its_code_can_lead(
    function: str, calls: Mapping[str, Calls]
) -> None:
    # Read from the source: every function of ours that can be reached from the handler by name. What the scenario did
    # not make the Lambda do, no recorded call stands for.
    could = reachable(HANDLERS[function]) & callers()
    excused = {name for its, name in NEVER_ON_THIS_WAY if its == function}
    assert could - calls[function].made_in - set(NOT_IN_A_LAMBDA) == excused


def test_the_two_functions_that_send_may_do_the_same_with_what_they_send(
    calls: Mapping[str, Calls],
) -> None:
    # They share their code; a path that only one of them took above is open to the other too.
    index = "/index/pending"
    fast, slow = calls["relay_notices"].needed, calls["sweep_outbox"].needed
    assert {need for need in fast | slow if need not in fast and not need[1].endswith(index)} == set()
    assert {need for need in fast if not permits("sweep_outbox", *need)} == set()


def test_each_excuse_still_excuses_something() -> None:
    given = {(grant.function, grant.action) for function in FUNCTIONS for grant in grants(function)}
    assert set(GRANTED_FOR_WHAT_NO_TEST_CALLS) <= given
    sids = {grant.sid for function in FUNCTIONS for grant in grants(function)}
    assert set(WIDER_THAN_ONE_RESOURCE) <= sids


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_resource_of_a_stage_s_policy_is_named_to_the_end(function: str) -> None:
    path = CHALICE / CONFIG["lambda_functions"][function]["iam_policy_file"]
    whole = json.loads(path.read_text(encoding="utf-8"))
    exact = narrowed(whole, prefix="pro-denpasar-prod-", account=stacks.ACCOUNT, traces=True)
    for statement in exact["Statement"]:
        assert not any("*" in action for action in listed(statement["Action"])), statement["Sid"]
        for resource in listed(statement.get("Resource", statement.get("NotResource"))):
            # The streams of a log group and of a table bear the moment they were made.
            stem = resource.removesuffix(":log-stream:*").removesuffix("/stream/*")
            assert "*" not in stem or statement["Sid"] in WIDER_THAN_ONE_RESOURCE, (
                statement["Sid"],
                resource,
            )
            ours = "pro-denpasar-prod" in stem or "/pro/denpasar/prod/" in stem
            assert ours or statement["Sid"] in WIDER_THAN_ONE_RESOURCE, resource


@pytest.mark.parametrize(
    "prefix", ["", "pro-", "pro-*-", "pro-denpasar-", "pro-denpasar-prod", "x-denpasar-prod-"]
)
def test_a_policy_is_narrowed_to_a_stack_or_not_at_all(prefix: str) -> None:
    with pytest.raises(ValueError):
        narrowed({"Statement": []}, prefix=prefix, account=stacks.ACCOUNT)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_a_stage_with_x_ray_may_write_traces(function: str) -> None:
    path = CHALICE / CONFIG["lambda_functions"][function]["iam_policy_file"]
    whole = json.loads(path.read_text(encoding="utf-8"))
    for traces in (False, True):
        exact = narrowed(whole, prefix="pro-denpasar-prod-", account=stacks.ACCOUNT, traces=traces)
        assert ("xray" in json.dumps(exact)) is traces


def test_one_stage_may_not_touch_what_another_stores(tmp_path: Path) -> None:
    from infra.policies import narrow_files

    for path in CHALICE.glob("policy-*.json"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    narrow_files(tmp_path, prefix="pro-denpasar-dev-", account=stacks.ACCOUNT)
    for path in tmp_path.glob("policy-*.json"):
        said = path.read_text(encoding="utf-8")
        assert "pro-*" not in said
        assert "pro-denpasar-dev" in said


def test_mail_may_be_sent_by_whoever_sends_notices() -> None:
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


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_lambda_writes_its_own_log_and_makes_no_group(function: str) -> None:
    # A group that Lambda makes for itself is kept for ever; ours are made with their time.
    name = f"{CONFIG['app_name']}-prod" + ("" if function == "api_handler" else f"-{function}")
    group = f"arn:aws:logs:{REGION}:{stacks.ACCOUNT}:log-group:/aws/lambda/{name}"
    assert permits(function, "logs:PutLogEvents", f"{group}:log-stream:x")
    assert not permits(function, "logs:CreateLogGroup", group)


def test_no_lambda_may_read_the_tables_by_scan() -> None:
    for function in FUNCTIONS:
        assert not any(grant.action == "dynamodb:Scan" for grant in grants(function))


def test_the_topic_of_an_office_lies_under_the_prefix_that_may_be_published_to() -> None:
    from chalicelib import sns

    arn = sns.topic_of_office("51.71.01.1004")
    assert arn == topics.topic_name(current.settings().topic_arn_prefix, "51.71.01.1004")
    assert permits("relay_notices", "sns:Publish", arn)
    assert permits("relay_notices", "sns:Publish", sns.topic_of_officer("x"))
    assert permits("relay_notices", "sns:Publish", "+6281234567890")
    for other in ("somebody-else", f"{stacks.PREFIX}operators"):
        assert not permits("relay_notices", "sns:Publish", f"arn:aws:sns:{REGION}:{stacks.ACCOUNT}:{other}")
