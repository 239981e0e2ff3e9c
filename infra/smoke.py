"""The smoke test: what only a deployed stage can show, each check beside its line in docs/unproven.md.

A check asks AWS or the service itself and changes nothing; `report` alone files a case (private, withdrawn at once) and
runs only where an operator gives a phone of their own. A check that cannot be made yet is skipped and says so.
"""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import cities
from infra import state, topics
from infra.preflight import year_without_days
from infra.target import HOME, Aws, Target, code_of

OK, FAIL, SKIP = "ok", "fail", "skip"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``ok``, ``fail`` or ``skip``, and in both languages why."""

    state: str
    said: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Site:
    """A deployed stage as the checks see it."""

    aws: Aws
    target: Target
    base_url: str
    """Where people reach it, without a slash at the end."""
    api_url: str
    """The gateway's own address, without a slash at the end."""
    api_stage: str
    handlers: tuple[str, ...]
    record: state.Record | None
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Outputs of all the stage's stacks."""
    edge: bool = False
    """Whether the edge stack is there: gateway responses, throttles, CloudFront."""
    phone: str = ""
    """A phone of the operator's own; empty leaves `report` out."""

    @property
    def api(self) -> str:
        return state.api_of(self.record)[0]


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    proves: tuple[str, str]
    run: Callable[[Site], Outcome]


CHECKS: list[Check] = []
"""In the order in which they run."""


def run(site: Site, *, only: str = "") -> Iterator[tuple[Check, Outcome]]:
    """Make each check, or one alone; one that AWS will not answer fails, and says what AWS said."""
    for check in CHECKS:
        if only and check.id != only:
            continue
        try:
            outcome = check.run(site)
        except (BotoCoreError, ClientError) as error:
            said = code_of(error) or type(error).__name__
            outcome = Outcome(FAIL, (f"AWS menjawab {said}", f"AWS answers {said}"))
        except (OSError, ValueError) as error:
            outcome = Outcome(FAIL, (f"tidak terjawab: {error}", f"no answer: {error}"))
        yield check, outcome


def _check(
    name: str, indonesian: str, english: str
) -> Callable[[Callable[[Site], Outcome]], Callable[[Site], Outcome]]:
    def register(function: Callable[[Site], Outcome]) -> Callable[[Site], Outcome]:
        CHECKS.append(Check(name, (indonesian, english), function))
        return function

    return register


def _all(faults: list[str]) -> Outcome:
    """Fine where nothing is wrong; the faults are names and values, the same in every language."""
    return Outcome(FAIL, ("; ".join(faults), "; ".join(faults))) if faults else Outcome(OK)


# The service, by HTTP -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


def call(
    url: str, method: str = "GET", body: object = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request; an answer of any status is an answer. Raises OSError where there is none."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Origin": "https://example.org", **(headers or {})}
    request = urllib.request.Request(url, data, dict(sent), method=method)  # noqa: S310  addresses of our own stage
    try:
        with urllib.request.urlopen(request, timeout=35) as answer:  # noqa: S310
            return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())


@_check("health", "layanan menjawab", "the service answers")
def _health(site: Site) -> Outcome:
    reply = call(f"{site.base_url}/v1/health")
    return _all([] if reply.status == 200 else [f"GET /v1/health: {reply.status}"])


@_check(
    "gateway-answers",
    "jawaban gateway sendiri memakai bentuk kita dan CORS",
    "the gateway's own answers have our shape and CORS",
)
def _gateway_answers(site: Site) -> Outcome:
    # Chalice imports the API anew with each deploy, which takes away what the edge stack had set: make edge.
    reply = call(f"{site.base_url}/v1/{secrets.token_hex(6)}")
    faults = []
    if reply.status not in (403, 404):
        faults.append(f"status {reply.status}")
    if reply.kind != "application/problem+json":
        faults.append(f"Content-Type {reply.kind or '-'}")
    if "access-control-allow-origin" not in reply.headers:
        faults.append("Access-Control-Allow-Origin -")
    if faults:
        text = ", ".join(faults)
        return Outcome(FAIL, (f"{text}; jalankan: make edge", f"{text}; run: make edge"))
    return Outcome(OK)


@_check(
    "sign-in-demanded", "tanpa token ditolak, token palsu ditolak", "no token and a forged one are refused"
)
def _sign_in_demanded(site: Site) -> Outcome:
    faults = []
    for name, token in (("-", ""), ("forged", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA")):
        reply = call(f"{site.base_url}/v1/me/complaints", headers={"Authorization": token} if token else {})
        if reply.status not in (401, 403):
            faults.append(f"token {name}: {reply.status}")
        elif "access-control-allow-origin" not in reply.headers:
            faults.append(f"token {name}: CORS -")
    return _all(faults)


@_check("pages", "halaman depan terbuka dengan tajuk aman", "the front page opens with its safe headers")
def _pages(site: Site) -> Outcome:
    reply = call(f"{site.base_url}/", headers={"Accept": "text/html"})
    faults = (
        [] if reply.status == 200 and reply.kind == "text/html" else [f"GET /: {reply.status} {reply.kind}"]
    )
    faults += [f"{name} -" for name in ("content-security-policy",) if name not in reply.headers]
    return _all(faults)


@_check(
    "direct-refused", "panggilan langsung melewati tepi ditolak", "calls that pass the edge by are refused"
)
def _direct_refused(site: Site) -> Outcome:
    if not site.edge or site.base_url == site.api_url:
        return Outcome(SKIP, ("belum ada tepi (CloudFront)", "there is no edge (CloudFront) yet"))
    reply = call(f"{site.api_url}/v1/health")
    return _all([] if reply.status == 403 else [f"{site.api_url}: {reply.status}"])


@_check(
    "report",
    "laporan dengan kontak tersimpan, SMS terkirim, lalu ditarik",
    "a report with a contact is stored, texted, withdrawn",
)
def _report(site: Site) -> Outcome:
    if not site.phone:
        return Outcome(SKIP, ("beri PHONE=<nomor sendiri>", "give PHONE=<a number of your own>"))
    body = {
        "text": "Uji coba pemasangan oleh operator; akan ditarik.",
        "contact": {"phone": site.phone, "name": "Operator"},
        "publication": "private",
    }
    filed = call(f"{site.base_url}/v1/complaints", "POST", body, {"Idempotency-Key": secrets.token_hex(20)})
    if filed.status != 201:
        return Outcome(FAIL, (f"POST /v1/complaints: {filed.status}", f"POST /v1/complaints: {filed.status}"))
    code, secret = filed.json["code"], filed.json.get("secret", "")
    opened = call(f"{site.base_url}/v1/auth/links", "POST", {"code": code, "secret": secret})
    token = opened.json.get("token", "") if opened.status == 201 else ""
    gone = call(
        f"{site.base_url}/v1/me/complaints/{code}/withdrawal",
        "POST",
        {},
        {"Authorization": f"Bearer {token}"},
    )
    if gone.status not in (200, 201):
        return Outcome(
            FAIL, (f"{code} tidak tertarik: {gone.status}", f"{code} was not withdrawn: {gone.status}")
        )
    return Outcome(OK, (f"{code}: lihat SMS di {site.phone}", f"{code}: look for the SMS on {site.phone}"))


# What AWS has -------------------------------------------------------------------------------------------------


@_check("functions", "semua fungsi siap", "all functions are ready")
def _functions(site: Site) -> Outcome:
    faults = []
    for handler in site.handlers:
        name = site.target.function(handler)
        found = site.aws.client("lambda").get_function_configuration(FunctionName=name)
        if (
            found.get("State", "Active") != "Active"
            or found.get("LastUpdateStatus", "Successful") != "Successful"
        ):
            faults.append(f"{name}: {found.get('State')}, {found.get('LastUpdateStatus')}")
        if found["Environment"]["Variables"].get("STAGE") != site.target.stage:
            faults.append(f"{name}: STAGE {found['Environment']['Variables'].get('STAGE', '-')}")
    return _all(faults)


@_check(
    "stream-trigger",
    "pemicu aliran: jawaban sebagian, batas ulang, tujuan gagal",
    "the stream's trigger: partial answers, retries, failures",
)
def _stream_trigger(site: Site) -> Outcome:
    faults = []
    found = [
        each
        for each in state.mappings(site.aws, site.target.function("relay_notices"))
        if ":dynamodb:" in each["EventSourceArn"]
    ]
    if len(found) != 1:
        return _all([f"relay_notices: {len(found)} streams"])
    mapping = found[0]
    for key, wanted in TRIGGER.items():
        if mapping.get(key) != wanted:
            faults.append(f"{key}: {mapping.get(key)}")
    if not mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
        faults.append("OnFailure -")
    if mapping.get("State", "Enabled") not in ("Enabled", "Enabling", "Updating"):
        faults.append(f"State {mapping.get('State')}")
    if mapping["EventSourceArn"] != site.outputs.get("OutboxStreamArn", mapping["EventSourceArn"]):
        faults.append(f"EventSourceArn {mapping['EventSourceArn']}")
    return _all(faults)


TRIGGER: Mapping[str, object] = {
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 3,
    "MaximumRecordAgeInSeconds": 3600,
}
"""What Chalice cannot say of a stream's trigger. Three tries and an hour: the outbox sweep sends whatever is left."""


@_check("schedules", "jadwal hidup", "the schedules are on")
def _schedules(site: Site) -> Outcome:
    events, faults = site.aws.client("events"), []
    rules = [each["rule_name"] for each in (site.record or {}).get("resources", []) if "rule_name" in each]
    for name in rules:
        if events.describe_rule(Name=name)["State"] != "ENABLED":
            faults.append(f"{name}: DISABLED")
        if not events.list_targets_by_rule(Rule=name)["Targets"]:
            faults.append(f"{name}: targets -")
    return _all(faults or ([] if rules else ["rules -"]))


@_check("sweeps-run", "sapuan berjalan dengan haknya sendiri", "the sweeps run under their own rights")
def _sweeps_run(site: Site) -> Outcome:
    faults = []
    event = {
        "version": "0", "id": "smoke", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {},
        "account": "", "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "region": HOME, "resources": [],
    }  # fmt: skip
    for handler in ("sweep_deadlines", "sweep_outbox", "send_lists", "sweep_photos", "index_cases"):
        answer = site.aws.client("lambda").invoke(
            FunctionName=site.target.function(handler), Payload=json.dumps(event).encode()
        )
        said = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError") or not isinstance(said, dict) or not said.get("finished"):
            kind = said.get("errorType", "?") if isinstance(said, dict) else "?"
            faults.append(f"{handler}: {answer.get('FunctionError', '')} {kind}".strip())
    return _all(faults)


@_check("heartbeat", "detak sapuan sampai di CloudWatch", "the sweep's heartbeat reaches CloudWatch")
def _heartbeat(site: Site) -> Outcome:
    rule = site.aws.client("cloudwatch").get_metric_statistics(
        Namespace="ProDenpasarPlus",
        MetricName="SweepRan",
        Dimensions=[
            {"Name": "service", "Value": "pro-denpasar-plus"},
            {"Name": "city", "Value": site.target.city},
            {"Name": "stage", "Value": site.target.stage},
        ],
        StartTime=datetime.now(UTC) - timedelta(minutes=10),
        EndTime=datetime.now(UTC),
        Period=60,
        Statistics=["Sum"],
    )
    if rule["Datapoints"]:
        return Outcome(OK)
    return Outcome(
        SKIP, ("belum ada; ulangi make smoke 10 menit lagi", "none yet; run make smoke again in ten minutes")
    )


@_check(
    "tables",
    "tabel: titik pulih, sandi, TTL, aliran, terkunci dari hapus",
    "tables: recovery point, encryption, TTL, stream, deletion protection",
)
def _tables(site: Site) -> Outcome:
    dynamodb, faults = site.aws.client("dynamodb"), []
    for name in ("complaints", "outbox", "people", "guards", "photos", "search"):
        table = site.target.table(name)
        found = dynamodb.describe_table(TableName=table)["Table"]
        recovery = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
            faults.append(f"{name}: PITR -")
        if found.get("SSEDescription", {}).get("SSEType") != "KMS":
            faults.append(f"{name}: KMS -")
        if site.target.stage != "dev" and not found.get("DeletionProtectionEnabled"):
            faults.append(f"{name}: deletion protection -")
        if name in ("outbox", "guards", "photos"):
            ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
                faults.append(f"{name}: TTL -")
        if name == "outbox" and found.get("LatestStreamArn") != site.outputs.get("OutboxStreamArn"):
            faults.append("outbox: stream")
    return _all(faults)


@_check("holidays", "hari libur tahun ini dan berikutnya", "the days off of this year and the next")
def _holidays(site: Site) -> Outcome:
    year = year_without_days(cities.load(site.target.city), datetime.now(UTC).date())
    if not year:
        return Outcome(OK)
    return Outcome(
        SKIP, (f"profil belum memuat hari libur {year}", f"the profile names no days off of {year} yet")
    )


@_check("server-key", "kunci server ada, tersandi", "the server's key is there, encrypted")
def _server_key(site: Site) -> Outcome:
    found = site.aws.client("ssm").get_parameter(Name=site.target.key_parameter)["Parameter"]
    return _all([] if found["Type"] == "SecureString" else [found["Type"]])


@_check("buckets-closed", "ember tertutup bagi umum", "the buckets are closed to the public")
def _buckets_closed(site: Site) -> Outcome:
    s3, faults = site.aws.client("s3"), []
    for name in sorted(
        {v for k, v in site.outputs.items() if k in ("PhotoBucket", "WebBucket", "StateBucket")}
    ):
        try:
            block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        except ClientError as error:
            if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
                raise
            block = {}
        if not block or not all(block.values()):
            faults.append(name)
    return _all(faults)


@_check(
    "topics",
    "tiap kantor punya topik; langganan terkonfirmasi",
    "each office has its topic; subscriptions are confirmed",
)
def _topics(site: Site) -> Outcome:
    sns = site.aws.client("sns")
    pages = sns.get_paginator("list_topics").paginate()
    there = {topic["TopicArn"].rpartition(":")[2] for page in pages for topic in page["Topics"]}
    offices = [office.id for office in cities.load(site.target.city).offices.values() if not office.outside]
    missing = [office for office in offices if topics.topic_name(site.target.prefix, office) not in there]
    if missing:
        return _all([f"{len(missing)} -: {', '.join(sorted(missing)[:5])}"])
    pages = sns.get_paginator("list_subscriptions").paginate()
    waiting = sum(
        each["SubscriptionArn"] == "PendingConfirmation" and f":{site.target.prefix}" in each["TopicArn"]
        for page in pages
        for each in page["Subscriptions"]
    )
    if waiting:
        return Outcome(
            OK, (f"{waiting} alamat surel belum mengonfirmasi", f"{waiting} mailboxes have not confirmed yet")
        )
    return Outcome(OK)


@_check("alarms", "alarm terpasang dan ada yang mendengar", "alarms are set and somebody listens")
def _alarms(site: Site) -> Outcome:
    pages = (
        site.aws.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=site.target.prefix)
    )
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    if not found:
        return _all(["alarms -"])
    deaf = sorted(alarm["AlarmName"] for alarm in found if not alarm["AlarmActions"])
    if deaf:
        return Outcome(FAIL, (f"tanpa pendengar: {', '.join(deaf)}", f"nobody listens: {', '.join(deaf)}"))
    return Outcome(OK)


@_check("log-retention", "log tidak disimpan selamanya", "logs are not kept for ever")
def _log_retention(site: Site) -> Outcome:
    logs, faults = site.aws.client("logs"), []
    for handler in site.handlers:
        group = f"/aws/lambda/{site.target.function(handler)}"
        found = [
            g
            for g in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            if g["logGroupName"] == group
        ]
        if found and not found[0].get("retentionInDays"):
            faults.append(group)
    return _all(faults)


@_check("throttles", "gateway dibatasi", "the gateway is throttled")
def _throttles(site: Site) -> Outcome:
    if not site.edge:
        return Outcome(SKIP, ("tumpukan edge belum ada", "there is no edge stack yet"))
    stage = site.aws.client("apigateway").get_stage(restApiId=site.api, stageName=site.api_stage)
    settings = stage.get("methodSettings", {}).get("*/*", {})
    return _all([] if 0 < settings.get("throttlingRateLimit", 0) < 10_000 else ["*/* -"])


@_check(
    "state-kept",
    "catatan deploy tersimpan, berversi, cocok dengan AWS",
    "the record is kept, versioned, and what AWS reports",
)
def _state_kept(site: Site) -> Outcome:
    vault, faults = state.Vault(site.aws, site.target), []
    record, _ = vault.fetch()
    if record is None:
        return _all([f"s3://{vault.bucket}/{state.RECORD} -"])
    if site.aws.client("s3").get_bucket_versioning(Bucket=vault.bucket).get("Status") != "Enabled":
        faults.append(f"{vault.bucket}: versioning -")
    seen = state.recall(site.aws, site.target, record, site.handlers, api_stage=site.api_stage)
    return _all([*faults, *(english for _, english in seen.mended)])


@_check("only-jakarta", "semua sumber daya di Jakarta", "every resource is in Jakarta")
def _only_jakarta(site: Site) -> Outcome:
    arns = [
        value
        for each in (site.record or {}).get("resources", [])
        for value in each.values()
        if str(value).startswith("arn:")
    ]
    arns += [value for value in site.outputs.values() if value.startswith("arn:")]
    elsewhere = [arn for arn in arns if arn.split(":")[3] not in (HOME, "")]
    return _all(sorted(set(elsewhere)))
