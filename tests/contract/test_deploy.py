"""`make deploy` and its siblings against a simulated account: each finding, each step twice, stopped and gone on.

moto stands in for AWS (tests/contract/standin.py), so what is shown is what would be asked and made; docs/unproven.md
says how a real deploy shows the rest, and a test here holds that page against the smoke test.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra import costs, deploy, exports, gateway, package, preflight, recovery, smoke, state
from infra.destroy import destroy
from infra.preflight import Facts
from infra.steps import Deployment, Options
from infra.target import Aws, Choices, Halt, Target, choices, stages_of
from tests import stack as stacks
from tests.contract.standin import StandIn

DEV = Target("denpasar", "dev")
PROD = Target("denpasar", "prod")
HANDLERS = (
    "api_handler",
    "signed_in",
    "relay_notices",
    "sweep_deadlines",
    "sweep_outbox",
    "send_lists",
    "on_photo",
    "sweep_photos",
    "index_cases",
)
TABLES = ("complaints", "outbox", "people", "guards", "photos", "search")
NOT_BY_MOTO = {"tables", "buckets-closed", "alarms", "state-kept"}
"""Checks that fail on moto, whose CloudFormation drops what they look for; `as_aws_makes_it` puts it there."""


@pytest.fixture(scope="module")
def account_up() -> Iterator[StandIn]:
    running = StandIn()
    yield running
    running.stop()


@pytest.fixture
def account(account_up: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """An empty account that answers as a good one does; whatever was deployed before is gone."""
    account_up.reset()
    _deployed.clear()
    use(account_up, monkeypatch)
    return account_up


def use(account: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(stacks.ENVIRONMENT):
        if name.startswith("AWS_ENDPOINT_URL"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)


def light(folder: Path) -> None:
    """A staging copy without packages, which are another test's matter."""
    kept = folder / ".chalice" / "deployed"
    shutil.rmtree(folder / "chalicelib", ignore_errors=True)
    left_out = shutil.ignore_patterns("__pycache__", "boundaries.*")
    shutil.copytree(stacks.PROJECT / "chalicelib", folder / "chalicelib", ignore=left_out)
    shutil.copy(stacks.PROJECT / "app.py", folder)
    (folder / "requirements.txt").write_text("", encoding="utf-8")
    layer = folder / package.LAYER / "python"
    layer.mkdir(parents=True, exist_ok=True)
    (layer / "PIL.py").write_text("", encoding="utf-8")
    kept.mkdir(parents=True, exist_ok=True)
    for path in (stacks.PROJECT / ".chalice").glob("*.json"):
        shutil.copy(path, folder / ".chalice")


class Ops:
    """An operator at a terminal: runs deployments of one stage and keeps what they said."""

    def __init__(self, account: StandIn, folder: Path, target: Target = DEV) -> None:
        self.account, self.folder, self.target = account, folder, target
        self.build: Callable[[Path], None] = light
        self.said: list[str] = []
        self.first_failed: set[str] = set()
        self.chosen = Choices(settings={"BASE_URL": f"{account.url}/situs"})

    def __call__(self, **options: Any) -> Deployment:
        self.said.clear()
        return Deployment(
            self.target,
            self.chosen,
            Aws(),
            Options(**options),
            folder=self.folder,
            build=self.build,
            pause=0.01,
            tell=self.said.append,
            reach=f"{self.account.url}/langsung",
        )

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def api(self) -> str:
        (api,) = Aws().client("apigateway").get_rest_apis()["items"]
        return str(api["id"])

    def vault(self) -> state.Vault:
        return state.Vault(Aws(), self.target)


@pytest.fixture
def ops(account: StandIn, tmp_path: Path) -> Ops:
    return Ops(account, tmp_path / "copy")


@pytest.fixture
def deployed(
    account_up: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Ops:
    """A stage deployed once for the whole module, with what moto drops put there.

    A deploy takes seconds. So each test leaves the stage as it found it, but for those at the end of the module, which
    stand in the order in which they take it apart.
    """
    use(account_up, monkeypatch)
    if not _deployed:
        account_up.reset()
        ops = Ops(account_up, tmp_path_factory.mktemp("deployed") / "copy")
        with pytest.raises(Halt):
            ops().deploy()
        ops.first_failed = failed(ops)
        as_aws_makes_it(DEV)
        _deployed.append(ops)
    return _deployed[0]


_deployed: list[Ops] = []


def as_aws_makes_it(target: Target) -> None:
    aws = Aws()
    dynamodb, s3 = aws.client("dynamodb"), aws.client("s3")
    for name in TABLES:
        table = target.table(name)
        on = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=on)
        if name in ("outbox", "guards", "photos"):
            lifetime = {"Enabled": True, "AttributeName": "expires_at"}
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=lifetime)
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    for name in ("photos", "web", "state"):
        bucket = f"{target.prefix}{name}-{aws.account()}"
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{target.prefix}sweep-stopped", MetricName="SweepRan", Namespace="ProDenpasarPlus", Period=60,
        EvaluationPeriods=5, Threshold=1, ComparisonOperator="LessThanThreshold", Statistic="Sum",
        AlarmActions=[f"arn:aws:sns:ap-southeast-3:{aws.account()}:operators"],
    )  # fmt: skip


def failed(ops: Ops) -> set[str]:
    """Ids of the checks that failed in the last smoke test."""
    return {found[1] for line in ops.said if (found := re.match(r" +X .*?\[([a-z-]+)\]", line))}


def what_there_is() -> dict[str, Any]:
    aws = Aws()
    found = aws.client("lambda").get_paginator("list_event_source_mappings").paginate()
    return {
        "functions": sorted(f["FunctionName"] for f in aws.client("lambda").list_functions()["Functions"]),
        "roles": sorted(role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]),
        "apis": sorted(api["id"] for api in aws.client("apigateway").get_rest_apis()["items"]),
        "rules": sorted(rule["Name"] for rule in aws.client("events").list_rules()["Rules"]),
        "streams": sorted(each["FunctionArn"] for page in found for each in page["EventSourceMappings"]),
        "tables": aws.client("dynamodb").list_tables()["TableNames"],
        "topics": len(aws.client("sns").list_topics()["Topics"]),
    }


# Preflight ----------------------------------------------------------------------------------------------------

GOOD = Facts(
    account="123456789012",
    caller="arn:aws:sts::123456789012:assumed-role/deploy/ops",
    sender="PRODENPASAR",
    region_state="opted-in",
    sandbox=False,
    sms_limit=500,
    sender_registered=True,
    concurrency=1000,
    reserved=450,
    quotas={quota.code: 10_000 for quota in preflight.QUOTAS},
)
NAMED = Choices(account="123456789012", sms_dollars=200)


def test_a_good_account_has_no_findings() -> None:
    assert preflight.findings(GOOD, PROD, NAMED) == []


@pytest.mark.parametrize(
    ("found", "changes", "target"),
    [
        ("python", {"python": (3, 14)}, PROD),
        ("profile", {"profile_faults": "city.toml: no office"}, PROD),
        ("uncommitted", {"uncommitted": True}, PROD),
        ("credentials", {"credentials": "none"}, PROD),
        ("credentials", {"credentials": "ExpiredToken"}, PROD),
        ("credentials", {"credentials": "InvalidClientTokenId"}, PROD),
        ("credentials", {"credentials": "unreachable"}, PROD),
        ("account", {"account": "999999999999"}, PROD),
        ("root", {"caller": "arn:aws:iam::123456789012:root"}, PROD),
        ("region", {}, Target("denpasar", "prod", "ap-southeast-1")),
        ("region-off", {"region_state": "not-opted-in"}, PROD),
        ("sms-sandbox", {"sandbox": True}, PROD),
        ("sms-limit", {"sms_limit": 1.0}, PROD),
        ("sms-limit", {"sms_limit": 199.0}, PROD),
        ("sender-id", {"sender_registered": False}, PROD),
        ("sender-id", {"sender_registered": None}, PROD),
        ("quota-lambda", {"concurrency": 10}, PROD),
        ("quota-lambda", {"concurrency": 549}, PROD),
        ("quota-apigateway", {"quotas": {"L-8A5B8E43": 10}}, PROD),
        ("quota-dynamodb", {"quotas": {"L-F98FE922": 4}}, PROD),
    ],
)
def test_each_finding_stops_the_deploy_and_says_what_to_do(
    found: str, changes: dict[str, Any], target: Target
) -> None:
    (finding,) = preflight.findings(replace(GOOD, **changes), target, NAMED)
    assert (finding.id, finding.stops) == (found, True)
    assert all(finding.what)
    assert all(finding.do)
    assert finding.what[0] != finding.what[1]


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        ("region-unknown", {"region_state": preflight.UNKNOWN}),
        ("sms-unknown", {"sms_unknown": "AccessDenied", "sandbox": None, "sms_limit": None}),
        ("holidays", {"no_holidays": 2028}),
        ("quota-unknown", {"concurrency": None}),
        ("quota-unknown", {"quotas": None}),
    ],
)
def test_what_aws_will_not_tell_is_a_warning(found: str, changes: dict[str, Any]) -> None:
    assert [(each.id, each.stops) for each in preflight.findings(replace(GOOD, **changes), PROD, NAMED)] == [
        (found, False)
    ]


def test_an_unnamed_account_is_a_warning_in_prod_alone() -> None:
    assert [(each.id, each.stops) for each in preflight.findings(GOOD, PROD, Choices())] == [
        ("account-unnamed", False)
    ]
    assert preflight.findings(replace(GOOD, uncommitted=True), DEV, Choices()) == []


def test_a_finding_that_somebody_accepted_warns_and_stands_behind_those_that_stop() -> None:
    facts = replace(GOOD, sandbox=True, concurrency=10)
    chosen = replace(NAMED, accept=("sms-sandbox",))
    assert [(each.id, each.stops) for each in preflight.findings(facts, PROD, chosen)] == [
        ("quota-lambda", True),
        ("sms-sandbox", False),
    ]


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ("sms-sandbox", {"sandbox": True}),
        ("sms-limit", {"sms_limit": 1.0}),
        ("sender-id", {"sender_registered": None}),
        ("sms-unknown", {"sms_refused": True}),
        ("quota-lambda", {"concurrency": 10}),
        ("quota-apigateway", {"quotas": 5.0}),
        ("region-off", {"region_state": "not-opted-in"}),
        ("region-unknown", {"break_on": "DescribeRegions"}),
        ("quota-unknown", {"break_on": "GetServiceQuota"}),
        ("credentials", {"break_on": "GetCallerIdentity"}),
    ],
)
def test_what_the_simulated_account_answers_becomes_a_finding(
    ops: Ops, found: str, answer: dict[str, Any]
) -> None:
    for name, value in answer.items():
        setattr(ops.account, name, value)
    facts = preflight.look(Aws(), DEV, ops()._config)
    assert found in {each.id for each in preflight.findings(facts, DEV, Choices())}


def test_without_credentials_nothing_is_asked_and_nothing_made_simulated(
    ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(Halt, match="credentials"):
        ops().deploy()
    assert ops.account.calls == []
    assert "aws configure sso" in ops.text
    assert "Layanan yang berjalan belum disentuh." in ops.text


def test_a_finding_keeps_everything_from_being_made_simulated(ops: Ops) -> None:
    ops.account.concurrency = 10
    with pytest.raises(Halt, match="quota-lambda"):
        ops().deploy()
    assert what_there_is()["tables"] == []
    assert "BERHENTI di langkah 1 (preflight)" in ops.text


# Deploy, again, stopped and gone on ---------------------------------------------------------------------------


STOPS = {
    "data": "^CreateChangeSet$",
    "server-key": "^PutParameter$",
    # Chalice writes its record only when all of it succeeded; by then the API is there.
    "app": r"^POST /restapis/.*/deployments",
    "edge": r"^PUT /restapis/.*/gatewayresponses/",
}
"""A call of each step that is refused, in the order of the steps."""


def test_a_deploy_stopped_at_any_step_goes_on_with_the_same_command_simulated(ops: Ops) -> None:
    for step, call in STOPS.items():
        ops.account.break_on = call
        with pytest.raises(Halt) as caught:
            ops().deploy()
        assert f"({step})" in ops.text, ops.text
        assert "perintah yang sama lagi" in ops.text
        assert "Traceback" not in ops.text
        assert caught.value.told
        if step == "app":
            api = ops.api()
            assert ops.vault().fetch() == (None, "")
    ops.account.break_on = ""
    with pytest.raises(Halt):
        ops().deploy()
    assert failed(ops) == NOT_BY_MOTO
    assert ops.api() == api
    found = what_there_is()
    assert len(found["streams"]) == 1
    assert len(found["functions"]) == len(HANDLERS)


def test_a_deploy_and_a_second_one_simulated(deployed: Ops) -> None:
    # All that moto does not make is missed by the smoke test, and nothing else is.
    assert deployed.first_failed == NOT_BY_MOTO
    first, key = what_there_is(), server_key()
    assert len(first["apis"]) == 1
    deployed().deploy()
    assert (what_there_is(), server_key()) == (first, key)
    assert deployed.text.count("tidak ada yang berubah") >= 2
    assert f"{deployed.account.url}/situs" in deployed.text
    # The same package is one release, however often it is deployed.
    assert len(deployed.vault().releases()) == 1
    assert deployed.vault().holder() is None
    made = Aws().client("lambda").get_function_configuration(FunctionName=DEV.function())
    assert made["Environment"]["Variables"]["BASE_URL"] == f"{deployed.account.url}/situs"
    # Known from the edge alone, which is made after the app.
    assert made["Environment"]["Variables"]["CLIENT_HEADER"] == "True-Client-IP"
    # What opens pictures is published once for each content, and stands under the two functions that open any.
    functions = Aws().client("lambda")
    (layer,) = functions.list_layer_versions(LayerName=DEV.layer)["LayerVersions"]
    for handler in HANDLERS:
        under = functions.get_function_configuration(FunctionName=DEV.function(handler)).get("Layers", [])
        wanted = [layer["LayerVersionArn"]] if handler in package.LAYERED else []
        assert [each["Arn"] for each in under] == wanted, handler
    tags = Aws().client("apigateway").get_rest_api(restApiId=first["apis"][0])["tags"]
    assert DEV.tags.items() <= tags.items()
    assert_policies_name_this_stage()


def server_key() -> str:
    found = Aws().client("ssm").get_parameter(Name=DEV.key_parameter, WithDecryption=True)
    return str(found["Parameter"]["Value"])


def assert_policies_name_this_stage() -> None:
    identity = Aws().client("iam")
    (name,) = identity.list_role_policies(RoleName="pro-denpasar-dev-api_handler")["PolicyNames"]
    policy = identity.get_role_policy(RoleName="pro-denpasar-dev-api_handler", PolicyName=name)[
        "PolicyDocument"
    ]
    assert "table/pro-denpasar-dev-complaints" in json.dumps(policy)


def test_what_a_reimport_wipes_fails_the_smoke_test_until_make_edge_simulated(deployed: Ops) -> None:
    deployed.account.wipe_gateway_answers()
    with pytest.raises(Halt, match="gateway-answers"):
        deployed().smoke_test()
    assert failed(deployed) == {"gateway-answers"}
    assert "make edge" in deployed.text
    deployed().restore_edge()
    assert failed(deployed) == set()


# State --------------------------------------------------------------------------------------------------------


def test_a_stage_that_somebody_holds_is_left_alone_simulated(deployed: Ops) -> None:
    before = what_there_is()
    with deployed.vault().locked("deploy"):
        for act in (deployed().deploy, deployed().rollback, deployed().restore_edge):
            with pytest.raises(Halt, match="is held by") as caught:
                act()
            assert "make unlock" in caught.value.do[0]
    assert what_there_is() == before
    assert deployed.vault().holder() is None


def test_a_lock_taken_by_force_is_not_given_back_by_the_former_holder_simulated(deployed: Ops) -> None:
    vault = deployed.vault()
    with vault.locked("first"):
        vault.unlock()
        with vault.locked("second"):
            pass
    with vault.locked("first"):
        vault.unlock()
        second = vault.locked("second")
        second.__enter__()
    assert (vault.holder() or {})["doing"] == "second"
    vault.unlock()


def test_a_lost_record_is_made_anew_from_what_aws_reports_simulated(deployed: Ops) -> None:
    was, _ = deployed.vault().fetch()
    assert was is not None
    deployed.vault().forget()
    deployed().fetch()
    now, _ = deployed.vault().fetch()
    assert sorted(now["resources"], key=str) == sorted(was["resources"], key=str)  # type: ignore[index]
    assert "catatan deploy hilang" in deployed.text
    path = deployed.folder / ".chalice" / "deployed" / "dev.json"
    assert json.loads(path.read_text(encoding="utf-8")) == now


def test_a_stale_record_is_mended_simulated(deployed: Ops) -> None:
    record, _ = deployed.vault().fetch()
    assert record is not None
    stale = json.loads(json.dumps(record).replace(deployed.api(), "gone123456"))
    stale["resources"] = [
        each for each in stale["resources"] if each["name"] != "relay_notices-dynamodb-event-source"
    ]
    memory = recalled(deployed, stale)
    assert sorted(memory.record["resources"], key=str) == sorted(record["resources"], key=str)  # type: ignore[index]
    assert len(memory.mended) == 2
    assert recalled(deployed, record).mended == ()


def recalled(ops: Ops, record: state.Record | None, **choice: Any) -> state.Memory:
    return state.recall(Aws(), ops.target, record, HANDLERS, api_stage=ops.target.stage, **choice)


def test_between_two_apis_a_person_decides_simulated(deployed: Ops) -> None:
    gateway_ = Aws().client("apigateway")
    other = gateway_.create_rest_api(name="pro-denpasar", tags=DEV.tags)["id"]
    with pytest.raises(Halt, match="Several APIs") as caught:
        recalled(deployed, None)
    assert "API=<id>" in caught.value.do[1]
    chosen = recalled(deployed, None, chosen_api=deployed_api(other))
    assert state.api_of(chosen.record)[0] == deployed_api(other)
    # A record that names one of the two needs nobody.
    record, _ = deployed.vault().fetch()
    assert recalled(deployed, record).mended == ()
    with pytest.raises(Halt, match="no API"):
        recalled(deployed, None, chosen_api="nothere")
    gateway_.delete_rest_api(restApiId=other)


def deployed_api(other: str) -> str:
    (api,) = [
        each["id"] for each in Aws().client("apigateway").get_rest_apis()["items"] if each["id"] != other
    ]
    return str(api)


def test_another_stage_of_the_same_app_is_not_taken_for_this_one_simulated(deployed: Ops) -> None:
    gateway_ = Aws().client("apigateway")
    other = gateway_.create_rest_api(name="pro-denpasar", tags={**DEV.tags, "stage": "staging"})["id"]
    assert recalled(deployed, deployed.vault().fetch()[0]).mended == ()
    assert state.api_of(recalled(deployed, None).record)[0] == deployed_api(other)
    gateway_.delete_rest_api(restApiId=other)


def test_a_lost_api_is_replaced_only_when_that_is_meant_simulated(deployed: Ops) -> None:
    # A stage of which AWS has nothing, and a record that names an API.
    gone: state.Record = {
        "resources": [{"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "gone123456"}]
    }
    staging = Target("denpasar", "staging")
    with pytest.raises(Halt, match="new address") as caught:
        state.recall(Aws(), staging, gone, HANDLERS, api_stage="staging")
    assert "NEW_ADDRESS=yes" in caught.value.do[1]
    memory = state.recall(Aws(), staging, gone, HANDLERS, api_stage="staging", new_address=True)
    assert state.api_of(memory.record)[0] == ""


def test_a_record_that_somebody_else_changed_is_not_written_over_simulated(deployed: Ops) -> None:
    record, etag = deployed.vault().fetch()
    assert record is not None
    deployed.vault().store({**record, "by": "another"}, etag)
    with pytest.raises(Halt, match="Somebody else"):
        deployed.vault().store(record, etag)
    with pytest.raises(Halt, match="Somebody else"):
        deployed.vault().store(record, "")
    deployed.vault().store(record, deployed.vault().fetch()[1])


def test_a_broken_record_is_not_taken_for_a_lost_one_simulated(deployed: Ops) -> None:
    record, _ = deployed.vault().fetch()
    assert record is not None
    Aws().client("s3").put_object(Bucket=deployed.vault().bucket, Key=state.RECORD, Body=b"{")
    with pytest.raises(Halt, match="is broken"):
        deployed.vault().fetch()
    deployed.vault().forget()
    deployed.vault().store(record, "")


def test_a_lost_server_key_is_not_replaced_beside_complaints_simulated(deployed: Ops) -> None:
    aws, key = Aws(), server_key()
    aws.client("ssm").delete_parameter(Name=DEV.key_parameter)
    row = {"pk": {"S": "DPS-1"}, "sk": {"S": "head"}, "body": {"S": "{}"}}
    aws.client("dynamodb").put_item(TableName=DEV.table("complaints"), Item=row)
    with pytest.raises(Halt, match="there are complaints"):
        gateway.ensure_server_key(aws, DEV, DEV.key_alias)
    aws.client("ssm").put_parameter(Name=DEV.key_parameter, Value=key, Type="SecureString")
    assert gateway.ensure_server_key(aws, DEV, DEV.key_alias) is False


def test_the_edge_s_secret_turns_over_simulated(deployed: Ops) -> None:
    first, before = gateway.edge_secret(Aws(), DEV, DEV.key_alias)
    assert (len(first) >= 32, before) == (True, "")
    second, before = gateway.edge_secret(Aws(), DEV, DEV.key_alias, rotate=True)
    assert (before, second != first) == (first, True)
    assert gateway.edge_secret(Aws(), DEV, DEV.key_alias) == (second, first)


# Back, down, and beside ---------------------------------------------------------------------------------------


def test_a_rollback_deploys_the_release_before_simulated(deployed: Ops) -> None:
    code = sha_of_api()
    with pytest.raises(Halt, match="no release before"):
        deployed().rollback()

    def changed(folder: Path) -> None:
        light(folder)
        with (folder / "app.py").open("a", encoding="utf-8") as file:
            file.write("# another release\n")

    deployed.build = changed
    deployed.account.wipe_gateway_answers()
    deployed.account.break_on = r"^PUT /restapis/.*/gatewayresponses/"
    with pytest.raises(Halt):
        deployed().deploy()
    # Stopped after the app: going back means the one release that there is.
    deployed.account.break_on = ""
    assert sha_of_api() != code
    assert "make rollback" in deployed.text
    api = deployed.api()
    deployed().rollback()
    assert sha_of_api() == code
    assert deployed.api() == api
    assert failed(deployed) == set()
    (only,) = [name for name, _ in deployed.vault().releases()]
    assert deployed.vault().current() == (only, False)
    deployed.build = light


def test_a_rollback_goes_to_the_release_before_the_one_that_runs_simulated(deployed: Ops) -> None:
    vault = deployed.vault()
    first = vault.releases()[0][0]
    archive = deployed.folder.parent / "next.zip"
    vault.get_release(first, archive)
    second = vault.keep_release(archive, {"commit": "abc"})
    vault.set_current(second)
    assert deployed().release()[0].startswith(first)
    vault.set_current(second, unfinished=True)
    assert deployed().release()[0].startswith(second)
    assert deployed(release=first).release()[0].startswith(first)
    with pytest.raises(Halt, match="There is no release x"):
        deployed(release="x").release()
    vault.set_current(first)


def sha_of_api() -> str:
    found = Aws().client("lambda").get_function_configuration(FunctionName=DEV.function())
    return str(found["CodeSha256"])


def test_a_plain_chalice_deploy_keeps_address_and_settings_simulated(deployed: Ops, tmp_path: Path) -> None:
    api, before = deployed.api(), what_there_is()
    plain = tmp_path / "plain"
    light(plain)
    deploy.settle_here(deployed(), plain / ".chalice")
    package.chalice(plain, "deploy", "--stage", "dev")
    assert deployed.api() == api
    assert what_there_is() == before
    made = Aws().client("lambda").get_function_configuration(FunctionName=DEV.function())
    assert made["Environment"]["Variables"]["BASE_URL"] == f"{deployed.account.url}/situs"


def test_a_diff_changes_nothing_and_tells_what_would_change_simulated(deployed: Ops) -> None:
    before, calls = what_there_is(), len(deployed.account.calls)
    deployed.chosen = replace(deployed.chosen, settings={"BASE_URL": "https://pengaduan.example.id"})
    deploy.diff(deployed())
    assert "BASE_URL" in deployed.text
    assert "https://pengaduan.example.id" in deployed.text
    assert "pro-denpasar-dev-data: 0" in deployed.text
    assert what_there_is() == before
    assert "ExecuteChangeSet" not in deployed.account.calls[calls:]


@pytest.mark.parametrize("confirm", ["", "ya", "hapus denpasar dev", "hapus data denpasar prod"])
def test_data_are_destroyed_by_the_right_sentence_alone_simulated(deployed: Ops, confirm: str) -> None:
    before = what_there_is()
    with pytest.raises(Halt, match="Nothing was destroyed") as caught:
        destroy(deployed(), data=True, confirm=confirm)
    assert "hapus data denpasar dev" in caught.value.do[0]
    assert what_there_is() == before


def test_prod_is_not_taken_down_without_its_sentence_simulated(deployed: Ops, tmp_path: Path) -> None:
    prod, calls = Ops(deployed.account, tmp_path / "copy", PROD), len(deployed.account.calls)
    with pytest.raises(Halt, match="Nothing was destroyed"):
        destroy(prod(), data=False, confirm="")
    assert len(deployed.account.calls) == calls


def test_a_restore_asks_for_each_table_at_its_moment_simulated(deployed: Ops) -> None:
    dynamodb = Aws().client("dynamodb")
    row = {"pk": {"S": "officer#x"}, "body": {"S": "{}"}}
    dynamodb.put_item(TableName=DEV.table("people"), Item=row)
    at = datetime.now(UTC)
    for _ in range(2):
        prefix = recovery.restore_tables(dynamodb, DEV.prefix, "pro-denpasar-pulih-", at, pause=0, tell=str)
    assert prefix == "pro-denpasar-pulih-restored-"
    assert dynamodb.scan(TableName=f"{prefix}people")["Items"] == [row]
    assert deployed.account.calls.count("RestoreTableToPointInTime") == len(exports.KEYS)


# Taken apart: from here on the stage is not what it was ---------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        ("direct-refused", lambda ops: setattr(ops.account, "direct_refused", False)),
        ("sweeps-run", lambda ops: setattr(ops.account, "sweep_answer", {"errorType": "AccessDenied"})),
        (
            "schedules",
            lambda ops: Aws().client("events").disable_rule(Name="pro-denpasar-dev-sweep_outbox-event"),
        ),
        ("server-key", lambda ops: Aws().client("ssm").delete_parameter(Name=DEV.key_parameter)),
        ("topics", lambda ops: Aws().client("sns").delete_topic(TopicArn=topic("pupr"))),
        ("stream-trigger", lambda ops: loosen_trigger()),
        (
            "functions",
            lambda ops: Aws().client("lambda").delete_function(FunctionName=DEV.function("signed_in")),
        ),
    ],
)
def test_the_smoke_test_sees_what_is_wrong_simulated(
    deployed: Ops, check: str, spoil: Callable[[Ops], object]
) -> None:
    (one,) = [each for each in smoke.CHECKS if each.id == check]
    assert one.run(deployed().site()).state == smoke.OK
    spoil(deployed)
    found = {each.id: outcome.state for each, outcome in smoke.run(deployed().site(), only=check)}
    assert found == {check: smoke.FAIL}


def topic(office: str) -> str:
    return f"arn:aws:sns:ap-southeast-3:123456789012:{DEV.prefix}office-{office}"


def loosen_trigger() -> None:
    (mapping,) = state.mappings(Aws(), DEV.function("relay_notices"))
    Aws().client("lambda").update_event_source_mapping(UUID=mapping["UUID"], FunctionResponseTypes=[])


def test_destroying_the_app_keeps_the_data_and_with_the_sentence_nothing_simulated(deployed: Ops) -> None:
    row = {"pk": {"S": "officer#x"}, "body": {"S": "{}"}}
    Aws().client("dynamodb").put_item(TableName=DEV.table("people"), Item=row)
    destroy(deployed(), data=False, confirm="")
    left = what_there_is()
    assert (left["functions"], left["apis"], left["rules"], left["topics"]) == ([], [], [], 1)
    assert Aws().client("lambda").list_layer_versions(LayerName=DEV.layer)["LayerVersions"] == []
    assert len([name for name in left["tables"] if name.startswith(DEV.prefix)]) == len(TABLES)
    assert Aws().client("dynamodb").scan(TableName=DEV.table("people"))["Count"] == 1
    for _ in range(2):
        destroy(deployed(), data=True, confirm="hapus data denpasar dev")
        assert not [name for name in what_there_is()["tables"] if name.startswith(DEV.prefix)]
        assert Aws().client("s3").list_buckets()["Buckets"] == []


# The command line, the choices, the pages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["deploy"], ["deploy", "--stage", "prd"], ["smoke", "--stage", "dev", "--city", "denpassar"]],
)
def test_a_slip_of_the_pen_makes_no_city(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(arguments) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.splitlines()) >= 2


def test_every_stage_that_the_file_names_can_be_read(tmp_path: Path) -> None:
    for city in ("denpasar", "tangerang-selatan"):
        for stage in stages_of(city):
            for accepted in choices(Target(city, stage)).accept:
                assert accepted in {"sms-sandbox", "sms-limit", "sender-id"}
    file = tmp_path / "stages.toml"
    file.write_text("[denpasar.dev]\nsender = 'X'\n", encoding="utf-8")
    with pytest.raises(Halt, match="does not know sender"):
        choices(DEV, file)


def test_the_page_of_what_was_never_seen_names_each_smoke_check_and_no_other() -> None:
    page = (stacks.PROJECT / "docs" / "unproven.md").read_text(encoding="utf-8")
    lines = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")][2:]
    assert {len(cells) for cells in lines} == {4}
    named = {name for _, _, checks, _ in lines for name in re.findall(r"`([a-z-]+)`", checks)}
    assert named == {check.id for check in smoke.CHECKS}
    # Whatever no check shows, a person does.
    assert [what for what, _, checks, by_hand in lines if not (checks + by_hand).strip()] == []


def test_each_command_is_a_target_of_make() -> None:
    makefile = (stacks.PROJECT / "Makefile").read_text(encoding="utf-8")
    wanted = ("deploy", "edge", "rollback", "destroy", "diff", "smoke", "settings", "unlock")
    wanted += ("export-city", "import-city", "restore", "costs")
    assert [name for name in wanted if not re.search(rf"^{name}: .*## ", makefile, re.MULTILINE)] == []


def test_the_cost_table_of_the_runbook_is_what_the_command_computes() -> None:
    page = costs.PAGE.read_text(encoding="utf-8")
    assert costs.written(page) == page, "run make costs"


def test_costs_follow_the_measured_units_and_the_prices() -> None:
    units = costs.measured(costs.MEASURED.read_text(encoding="utf-8"))
    assert units["file"].writes > units["lookup"].writes == 0
    assert units["file"].reads > units["lookup"].reads > 0
    told = tomllib.loads(costs.PRICES.read_text(encoding="utf-8"))
    once = costs.month(costs.CITY, 0.1, 1, units, told)
    dearer = {act: costs.Units(each.writes * 2, each.reads) for act, each in units.items()}
    twice = costs.month(costs.CITY, 0.1, 1, dearer, told)
    changed = {part for part in once if once[part] != twice[part]}
    assert changed == {"DynamoDB: tulis / writes"}
    assert twice["DynamoDB: tulis / writes"] == pytest.approx(2 * once["DynamoDB: tulis / writes"])
    for name, price in told["prices"].items():
        assert price["source"], name
        assert isinstance(price["assumed"], bool), name
