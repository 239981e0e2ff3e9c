"""A whole deploy, twice, a change and the end of it, on a simulated account (moto): infra/ and `chalice deploy`.

What is asserted is what would be *made*. moto runs no function, checks no policy and makes nothing of the types named
in `NOT_MADE_BY_MOTO`; docs/unproven.md says how a real deploy shows those.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from infra import topics
from infra.policies import narrow_files, narrowed
from local.apply import read_template
from local.engines import some_free_port
from tests import stack as stacks

INFRA = stacks.PROJECT / "infra"
CONFIG: Mapping[str, Any] = json.loads(
    (stacks.PROJECT / ".chalice" / "config.json").read_text(encoding="utf-8")
)
STAGE, REGION, VIRGINIA, ACCOUNT = "staging", "ap-southeast-3", "us-east-1", "123456789012"
PREFIX = f"pro-{stacks.CITY}-{STAGE}-"
API_FUNCTION = PREFIX.removesuffix("-")
FUNCTIONS = {
    name: API_FUNCTION if name == "api_handler" else f"{PREFIX}{name}" for name in CONFIG["lambda_functions"]
}
INLINE_BYTES = 51_200
"""What CloudFormation takes in the request; a longer template needs a bucket first."""

NOT_MADE_BY_MOTO: Mapping[str, frozenset[str]] = {
    "data": frozenset(
        {
            "AWS::CloudWatch::Alarm",
            "AWS::Cognito::UserPool",
            "AWS::Cognito::UserPoolClient",
            "AWS::Cognito::UserPoolDomain",
            "AWS::Cognito::UserPoolGroup",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
        }
    ),
    "edge": frozenset(
        {
            "AWS::ApiGateway::GatewayResponse",
            "AWS::ApiGateway::UsagePlan",
            "AWS::CloudFront::CachePolicy",
            "AWS::CloudFront::Distribution",
            "AWS::CloudFront::Function",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::ResponseHeadersPolicy",
            "AWS::CloudWatch::Alarm",
            "AWS::Lambda::EventInvokeConfig",
            "AWS::WAFv2::WebACL",
            "AWS::WAFv2::WebACLAssociation",
        }
    ),
    "global": frozenset({"AWS::CertificateManager::Certificate", "AWS::WAFv2::WebACL"}),
}
"""Types that moto's CloudFormation passes over in silence, by template."""


class Account:
    """The simulated account, and a staging copy of the project that Chalice deploys from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = some_free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.account", "--port", str(self.port)],
            cwd=stacks.PROJECT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while True:
            try:
                self.client("sts").get_caller_identity()
                return
            except EndpointConnectionError:
                assert self._server.poll() is None, "the simulated account did not start"
                assert time.monotonic() < until, "the simulated account does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        self._server.kill()
        self._server.wait()

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",
        )

    def stack(
        self, part: str, template: Mapping[str, Any], region: str = REGION, **parameters: str
    ) -> dict[str, str]:
        """Make or update a stack and answer its outputs."""
        formation, name = self.client("cloudformation", region), f"{PREFIX}{part}"
        given = {"City": stacks.CITY, "Stage": STAGE, **parameters}
        request = {
            "StackName": name,
            "TemplateBody": json.dumps(template),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        }
        there = {each["StackName"] for each in formation.describe_stacks()["Stacks"]}
        (formation.update_stack if name in there else formation.create_stack)(**request)
        (made,) = formation.describe_stacks(StackName=name)["Stacks"]
        assert made["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        return {each["OutputKey"]: each["OutputValue"] for each in made.get("Outputs", [])}

    def chalice(self, *command: str) -> str:
        """Run Chalice in the staging copy, as somebody at a terminal would."""
        done = subprocess.run(
            [Path(sys.executable).with_name("chalice"), *command, "--stage", STAGE],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def copy_project(self, settings: Mapping[str, str]) -> None:
        """The staging copy: the app with this stage's settings and policies. Its packages are another test's matter."""
        for name in ("chalicelib", ".chalice"):
            shutil.copytree(
                stacks.PROJECT / name,
                self.folder / name,
                ignore=shutil.ignore_patterns("__pycache__", "deploy*", "boundaries.*"),
            )
        shutil.copy(stacks.PROJECT / "app.py", self.folder)
        (self.folder / "requirements.txt").write_text("", encoding="utf-8")
        path = self.folder / ".chalice" / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["stages"][STAGE]["environment_variables"] |= settings
        path.write_text(json.dumps(config), encoding="utf-8")
        narrow_files(self.folder / ".chalice", prefix=PREFIX, account=ACCOUNT)


def without_what_moto_passes_over(part: str) -> dict[str, Any]:
    """A template less the types that moto does not make, and less what refers to them; moto trips over that."""
    template = dict(read_template(INFRA / f"{part}.yaml"))
    left_out = {
        name for name, resource in template["Resources"].items() if resource["Type"] in NOT_MADE_BY_MOTO[part]
    }

    def refers(value: Any) -> bool:
        named = re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)[.}]', json.dumps(value))
        return any(name in left_out for names in named for name in names)

    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if name not in left_out and not refers(resource)
    }
    template["Outputs"] = {name: value for name, value in template["Outputs"].items() if not refers(value)}
    template.pop("Rules", None)  # moto knows none
    return template


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account with everything deployed once."""
    made = Account(tmp_path_factory.mktemp("rehearsal"))
    try:
        deploy_all(made)
        yield made
    finally:
        made.stop()


def deploy_all(account: Account) -> None:
    from chalicelib import cities

    outputs = account.stack("data", without_what_moto_passes_over("data"))
    named = topics.template(cities.load(stacks.CITY))
    outputs |= account.stack("topics", named)
    account.copy_project(
        {
            "OUTBOX_STREAM_ARN": outputs["OutboxStreamArn"],
            "TOPIC_ARN_PREFIX": outputs["TopicArnPrefix"],
            "PHOTO_BUCKET": outputs["PhotoBucket"],
            "BASE_URL": "https://pengaduan.example.id",
        }
    )
    account.chalice("deploy")
    global_outputs = account.stack("global", without_what_moto_passes_over("global") | A_RESOURCE, VIRGINIA)
    assert global_outputs == {}
    account.stack(
        "edge", without_what_moto_passes_over("edge"), ApiId=api_of(account)["id"], EdgeSecret="s" * 40
    )


A_RESOURCE: Mapping[str, Any] = {
    "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
}
"""moto makes nothing of global.yaml, and a stack needs a resource."""


def api_of(account: Account) -> dict[str, Any]:
    (api,) = account.client("apigateway").get_rest_apis()["items"]
    return dict(api)


def routes_of(account: Account) -> set[tuple[str, str]]:
    resources = account.client("apigateway").get_resources(restApiId=api_of(account)["id"], limit=500)
    return {
        (each["path"], method)
        for each in resources["items"]
        for method in each.get("resourceMethods", {})
        if method != "OPTIONS"
    }


def routes_of_the_app() -> set[tuple[str, str]]:
    from app import app

    return {(path, method) for path, methods in app.routes.items() for method in methods}


def functions_of(account: Account) -> dict[str, dict[str, Any]]:
    listed = account.client("lambda").list_functions()["Functions"]
    return {each["FunctionName"]: each for each in listed}


def what_there_is(account: Account) -> dict[str, Any]:
    """Whatever a second deploy must neither double nor lose."""
    stream = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return {
        "functions": sorted(functions_of(account)),
        "roles": sorted(each["RoleName"] for each in account.client("iam").list_roles()["Roles"]),
        "rules": sorted(each["Name"] for each in account.client("events").list_rules()["Rules"]),
        "mappings": sorted(each["FunctionArn"] for each in stream),
        "api": (api_of(account)["id"], routes_of(account)),
        "tables": account.client("dynamodb").list_tables()["TableNames"],
    }


# What a first deploy makes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", NOT_MADE_BY_MOTO)
def test_what_the_simulated_account_passes_over_is_known(part: str) -> None:
    types = {resource["Type"] for resource in read_template(INFRA / f"{part}.yaml")["Resources"].values()}
    assert types >= NOT_MADE_BY_MOTO[part]
    assert len((INFRA / f"{part}.yaml").read_bytes()) <= INLINE_BYTES


def test_the_data_stack_makes_what_it_describes_simulated(account: Account) -> None:
    tables = account.client("dynamodb").list_tables()["TableNames"]
    assert sorted(tables) == sorted(
        f"{PREFIX}{name}" for name in ("complaints", "guards", "outbox", "people", "photos", "search")
    )
    for name in tables:
        table = account.client("dynamodb").describe_table(TableName=name)["Table"]
        assert table["DeletionProtectionEnabled"] is True
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    keys = account.client("kms")
    (alias,) = [each for each in keys.list_aliases()["Aliases"] if each["AliasName"] == f"alias/{PREFIX}data"]
    assert keys.get_key_rotation_status(KeyId=alias["TargetKeyId"])["KeyRotationEnabled"] is True
    buckets = {each["Name"] for each in account.client("s3").list_buckets()["Buckets"]}
    assert buckets == {f"{PREFIX}{name}-{ACCOUNT}" for name in ("photos", "state", "web")}
    (queue,) = account.client("sqs").list_queues()["QueueUrls"]
    assert queue.endswith(f"{PREFIX}stream-failures")


def test_every_function_is_made_as_it_is_configured_simulated(account: Account) -> None:
    functions = functions_of(account)
    assert set(functions) == set(FUNCTIONS.values())
    reserved = CONFIG["stages"][STAGE]["lambda_functions"]
    for name, told in CONFIG["lambda_functions"].items():
        made = functions[FUNCTIONS[name]]
        assert (made["MemorySize"], made["Timeout"]) == (told["lambda_memory_size"], told["lambda_timeout"])
        assert made["Environment"]["Variables"]["STAGE"] == STAGE
        assert made["Environment"]["Variables"]["TABLE_PREFIX"] == PREFIX
        assert made["Runtime"] == "python{}.{}".format(*sys.version_info[:2])
        assert made["Role"].endswith(f":role/{PREFIX}{name}")
        kept = account.client("lambda").get_function_concurrency(FunctionName=FUNCTIONS[name])
        assert kept["ReservedConcurrentExecutions"] == reserved[name]["reserved_concurrency"]


def test_each_function_has_a_role_with_its_own_policy_alone_simulated(account: Account) -> None:
    identity = account.client("iam")
    for name, told in CONFIG["lambda_functions"].items():
        role = f"{PREFIX}{name}"
        assert identity.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        (policy,) = identity.list_role_policies(RoleName=role)["PolicyNames"]
        made = identity.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        path = stacks.PROJECT / ".chalice" / told["iam_policy_file"]
        written = json.loads(path.read_text(encoding="utf-8"))
        assert made == narrowed(written, prefix=PREFIX, account=ACCOUNT)


def test_the_schedules_run_the_sweeps_simulated(account: Account) -> None:
    events = account.client("events")
    rates = {}
    for rule in events.list_rules()["Rules"]:
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if "EventPattern" in rule:
            assert target["Arn"].rpartition(":")[2] == FUNCTIONS["on_photo"]
            pattern = json.loads(rule["EventPattern"])
            assert pattern["detail"]["bucket"]["name"] == [f"{PREFIX}photos-{ACCOUNT}"]
            assert pattern["detail"]["object"]["key"] == [{"prefix": "in/"}, {"prefix": "todo/"}]
            continue
        rates[target["Arn"].rpartition(":")[2]] = (rule["ScheduleExpression"], rule["State"])
    assert rates == {
        FUNCTIONS["sweep_deadlines"]: ("rate(1 minute)", "ENABLED"),
        FUNCTIONS["sweep_outbox"]: ("rate(5 minutes)", "ENABLED"),
        FUNCTIONS["send_lists"]: ("rate(15 minutes)", "ENABLED"),
        FUNCTIONS["sweep_photos"]: ("rate(5 minutes)", "ENABLED"),
        FUNCTIONS["index_cases"]: ("rate(1 minute)", "ENABLED"),
    }


def test_the_outbox_stream_feeds_the_relay_simulated(account: Account) -> None:
    (mapping,) = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    table = account.client("dynamodb").describe_table(TableName=f"{PREFIX}outbox")["Table"]
    assert mapping["EventSourceArn"] == table["LatestStreamArn"]
    assert mapping["FunctionArn"].endswith(f":{FUNCTIONS['relay_notices']}")
    assert mapping["BatchSize"] == 25


def test_the_api_has_every_route_of_the_app_simulated(account: Account) -> None:
    api = api_of(account)
    assert routes_of(account) == routes_of_the_app()
    (stage,) = account.client("apigateway").get_stages(restApiId=api["id"])["item"]
    assert stage["stageName"] == STAGE
    # Alarms find the API's metrics by its name.
    assert api["name"] == f"pro-{stacks.CITY}"
    allowed = account.client("lambda").get_policy(FunctionName=API_FUNCTION)["Policy"]
    assert f":{api['id']}/" in allowed


def test_every_function_s_log_ends_in_its_time_simulated(account: Account) -> None:
    groups = {
        each["logGroupName"]: each.get("retentionInDays")
        for each in account.client("logs").describe_log_groups()["logGroups"]
    }
    for function in FUNCTIONS.values():
        assert groups[f"/aws/lambda/{function}"] == CONFIG["log_retention_in_days"], function


def test_an_office_topic_stands_where_the_app_publishes_simulated(account: Account) -> None:
    pages = account.client("sns").get_paginator("list_topics").paginate()
    arns = {each["TopicArn"].rpartition(":")[2] for page in pages for each in page["Topics"]}
    assert {f"{PREFIX}office-pupr", f"{PREFIX}operators"} <= arns


def test_what_is_shipped_is_the_app_and_its_profiles_simulated(account: Account) -> None:
    path = next((account.folder / ".chalice" / "deployments").glob("*.zip"))
    with zipfile.ZipFile(BytesIO(path.read_bytes())) as package:
        names = set(package.namelist())
    assert {"app.py", "chalicelib/settings.py", f"chalicelib/cities/{stacks.CITY}/city.toml"} <= names
    assert not [name for name in names if name.startswith(("tests/", "local/", "infra/", ".chalice/"))]


# Again, changed, and gone; in this order ----------------------------------------------------------------------


def test_deploying_again_changes_no_address_and_doubles_nothing_simulated(account: Account) -> None:
    before = what_there_is(account)
    account.stack("data", without_what_moto_passes_over("data"))
    account.chalice("deploy")
    account.stack(
        "edge", without_what_moto_passes_over("edge"), ApiId=api_of(account)["id"], EdgeSecret="t" * 40
    )
    assert what_there_is(account) == before
    # moto overhears it in the first import; AWS does not.
    assert api_of(account)["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_a_changed_route_replaces_the_old_one_simulated(account: Account) -> None:
    before = what_there_is(account)
    path = account.folder / "chalicelib" / "http" / "public.py"
    source = path.read_text(encoding="utf-8")
    assert '"/v1/health"' in source
    path.write_text(source.replace('"/v1/health"', '"/v1/kesehatan"'), encoding="utf-8")
    account.chalice("deploy")
    after = what_there_is(account)
    assert after["api"][0] == before["api"][0]
    assert before["api"][1] - after["api"][1] == {("/v1/health", "GET")}
    assert after["api"][1] - before["api"][1] == {("/v1/kesehatan", "GET")}
    assert {**after, "api": None} == {**before, "api": None}


def test_deleting_leaves_the_data_and_the_logs_and_nothing_else_simulated(account: Account) -> None:
    account.chalice("delete")
    assert functions_of(account) == {}
    assert account.client("apigateway").get_rest_apis()["items"] == []
    assert account.client("events").list_rules()["Rules"] == []
    assert account.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert account.client("iam").list_roles()["Roles"] == []
    for part in ("edge", "topics", "data"):
        account.client("cloudformation").delete_stack(StackName=f"{PREFIX}{part}")
    # Whatever holds what people wrote outlives its stack.
    assert len(account.client("dynamodb").list_tables()["TableNames"]) == 6
    assert len(account.client("s3").list_buckets()["Buckets"]) == 3
