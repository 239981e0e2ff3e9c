"""The deployment's memory: what Chalice wrote down, kept in a versioned bucket of the stage, under a lock.

Chalice knows the API it made by ``.chalice/deployed/<stage>.json`` alone. Who loses that file and deploys gets a
second API with another address, so it is fetched before and stored after each deploy, and what it says is compared
with what AWS reports. Where the two differ, AWS is right; where AWS itself is unclear, a person decides
(docs/adr/0022-state-in-a-bucket.md).
"""

from __future__ import annotations

import getpass
import json
import re
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.target import Aws, Halt, Target, code_of

LOCK = "lock.json"
RECORD = "deployed.json"
RELEASES = "releases/"
CURRENT = "current.json"
_GONE = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")

Record = dict[str, Any]
"""The file as Chalice writes it: ``{"resources": [...], "schema_version": "2.0", "backend": "api"}``."""


class Vault:
    """The bucket of one stage's deployments (the data stack makes it): record, lock, past releases, long templates."""

    def __init__(self, aws: Aws, target: Target) -> None:
        self._s3 = aws.client("s3")
        self._target = target
        self._region = aws.region
        self.bucket = target.state_bucket(aws.account())

    def exists(self) -> bool:
        try:
            self._s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if code_of(error) in _GONE:
                return False
            raise
        return True

    # The lock -------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Hold the stage's lock. Raises Halt where somebody else does, with who and since when."""
        mine = {
            "id": uuid.uuid4().hex,
            "who": f"{getpass.getuser()}@{socket.gethostname()}",
            "doing": doing,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            self._s3.put_object(Bucket=self.bucket, Key=LOCK, Body=json.dumps(mine).encode(), IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict", "412"):
                raise
            other = self.holder() or {}
            raise Halt(
                f"Stage {self._target.stage} sedang dikerjakan {other.get('who', '?')} sejak {other.get('since', '?')}"
                f" ({other.get('doing', '?')}).",
                f"The stage {self._target.stage} is held by {other.get('who', '?')} since {other.get('since', '?')}"
                f" ({other.get('doing', '?')}).",
                (
                    f"Tunggu. Bila dia pasti sudah berhenti: make unlock STAGE={self._target.stage}",
                    f"Wait. If that surely ended: make unlock STAGE={self._target.stage}",
                ),
            ) from error
        try:
            yield
        finally:
            # Whoever was told to unlock by force may have let another in meanwhile.
            if (self.holder() or {}).get("id") == mine["id"]:
                self._s3.delete_object(Bucket=self.bucket, Key=LOCK)

    def holder(self) -> dict[str, str] | None:
        """Who holds the lock: ``id``, ``who``, ``doing``, ``since``; None where nobody does."""
        found = self._read(LOCK)
        return None if found is None else dict(json.loads(found[0]))

    def unlock(self) -> None:
        """Take the lock away from whoever holds it; for a person who knows that they ended."""
        self._s3.delete_object(Bucket=self.bucket, Key=LOCK)

    # The record -----------------------------------------------------------------------------------------------

    def fetch(self) -> tuple[Record | None, str]:
        """The record and its ETag; None and an empty text where there is none. Raises Halt if it is not readable."""
        found = self._read(RECORD)
        if found is None:
            return None, ""
        with suppress(ValueError):
            record = json.loads(found[0])
            if isinstance(record, dict) and isinstance(record.get("resources"), list):
                return record, found[1]
        raise Halt(
            f"Catatan s3://{self.bucket}/{RECORD} rusak.",
            f"The record s3://{self.bucket}/{RECORD} is broken.",
            (
                "Ambil versi sebelumnya dari ember itu, atau hapus: deploy akan menyusunnya dari AWS.",
                "Take an earlier version out of the bucket, or delete it: a deploy makes it anew from AWS.",
            ),
        )

    def store(self, record: Record, etag: str) -> str:
        """Write the record where nobody changed it since ``etag`` was read, and answer the new ETag."""
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        body = json.dumps(record, indent=2).encode()
        try:
            answer = self._s3.put_object(Bucket=self.bucket, Key=RECORD, Body=body, **condition)
        except ClientError as error:
            if code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict", "412", *_GONE):
                raise
            raise Halt(
                "Catatan deploy diubah orang lain sementara ini berjalan.",
                "Somebody else changed the deployment's record meanwhile.",
                (
                    f"Jalankan lagi: make deploy STAGE={self._target.stage}",
                    f"Run again: make deploy STAGE={self._target.stage}",
                ),
            ) from error
        return str(answer["ETag"])

    def forget(self) -> None:
        """Remove the record, after all it names is gone."""
        self._s3.delete_object(Bucket=self.bucket, Key=RECORD)

    # Releases and templates -----------------------------------------------------------------------------------

    def keep_release(self, archive: Path, about: Mapping[str, str]) -> str:
        """Store the folder that was deployed, zipped, with what is known of it; answers its name."""
        name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ") + "-" + uuid.uuid4().hex[:4]
        self._s3.upload_file(
            str(archive), self.bucket, f"{RELEASES}{name}.zip", ExtraArgs={"Metadata": dict(about)}
        )
        return name

    def releases(self) -> list[tuple[str, dict[str, str]]]:
        """Names of all kept releases, newest first, with what is known of each."""
        found = []
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=RELEASES):
            for each in page.get("Contents", []):
                about = self._s3.head_object(Bucket=self.bucket, Key=each["Key"])["Metadata"]
                found.append((each["Key"].removeprefix(RELEASES).removesuffix(".zip"), dict(about)))
        return sorted(found, reverse=True)

    def get_release(self, name: str, archive: Path) -> None:
        self._s3.download_file(self.bucket, f"{RELEASES}{name}.zip", str(archive))

    def current(self) -> tuple[str, bool]:
        """Name of the release that runs (empty where none was kept), and whether a deploy began after it that has not
        kept its own."""
        found = self._read(CURRENT)
        known = {} if found is None else json.loads(found[0])
        return str(known.get("release", "")), bool(known.get("unfinished", False))

    def set_current(self, name: str, *, unfinished: bool = False) -> None:
        known = {"release": name, "unfinished": unfinished}
        self._s3.put_object(Bucket=self.bucket, Key=CURRENT, Body=json.dumps(known).encode())

    def upload(self, key: str, body: bytes) -> str:
        """Put a template into the bucket and answer the address that CloudFormation reads it from."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"https://{self.bucket}.s3.{self._region}.amazonaws.com/{key}"

    def _read(self, key: str) -> tuple[bytes, str] | None:
        try:
            found = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
        return found["Body"].read(), found["ETag"]


# What AWS reports ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """The record to deploy with, and in words what had to be mended (empty where it was right)."""

    record: Record | None
    mended: tuple[tuple[str, str], ...] = ()
    """One Indonesian and one English sentence each."""


def recall(
    aws: Aws,
    target: Target,
    record: Record | None,
    handlers: Sequence[str],
    *,
    api_stage: str,
    chosen_api: str = "",
    new_address: bool = False,
) -> Memory:
    """Hold the record against AWS. Raises Halt where only a person can say which API is the stage's.

    ``handlers`` are the functions' names in .chalice/config.json, ``chosen_api`` the id that a person chose,
    ``new_address`` their consent to losing an API that AWS no longer has.
    """
    seen = observe(aws, target, handlers)
    recorded = _value(record, "rest_api", "rest_api_id")
    candidates = _apis(aws, target, api_stage)
    if chosen_api:
        if chosen_api not in candidates and not _api_lives(aws, chosen_api):
            raise Halt(f"Tidak ada API {chosen_api}.", f"There is no API {chosen_api}.")
        api = chosen_api
    elif recorded and (recorded in candidates or _api_lives(aws, recorded)):
        api = recorded
    elif len(candidates) > 1:
        raise Halt(
            f"Ada beberapa API untuk stage ini ({', '.join(sorted(candidates))}); catatan tidak menunjuk satu pun.",
            f"Several APIs look like this stage's ({', '.join(sorted(candidates))}); the record names none.",
            (
                f"Lihat mana yang dipakai warga, lalu: make deploy STAGE={target.stage} API=<id>",
                f"See which one citizens use, then: make deploy STAGE={target.stage} API=<id>",
            ),
        )
    else:
        api = next(iter(candidates), "")
    if recorded and not api and not new_address:
        raise Halt(
            f"API {recorded} yang tercatat sudah tidak ada di AWS; deploy akan membuat alamat baru.",
            f"The recorded API {recorded} is no longer in AWS; a deploy would make a new address.",
            (
                f"Bila memang begitu: make deploy STAGE={target.stage} NEW_ADDRESS=yes",
                f"If that is meant: make deploy STAGE={target.stage} NEW_ADDRESS=yes",
            ),
        )
    if api:
        seen.append(
            {
                "name": "rest_api",
                "resource_type": "rest_api",
                "rest_api_id": api,
                "rest_api_url": f"https://{api}.execute-api.{aws.region}.amazonaws.com/{api_stage}/",
            }
        )
    if record is None and not seen:
        return Memory(None)
    found: Record = {"resources": seen, "schema_version": "2.0", "backend": "api"}
    told = list(_mended(record, found, api))
    if record is not None and not told:
        return Memory(record)
    if record is not None:
        # What this module does not know about (another kind of resource) is not taken from the record.
        names = {each["name"] for each in seen}
        kinds = {
            "log_group",
            "iam_role",
            "lambda_function",
            "rest_api",
            "dynamodb_event",
            "sqs_event",
            "cloudwatch_event",
        }
        kept = [
            each
            for each in record["resources"]
            if each["name"] not in names and each["resource_type"] not in kinds
        ]
        found["resources"] = [*seen[:-1], *kept, *seen[-1:]]
    return Memory(found, tuple(told))


def observe(aws: Aws, target: Target, handlers: Sequence[str]) -> list[dict[str, str]]:
    """All that Chalice made but the API, found by name, in the order and words of its own record."""
    functions, iam, logs = aws.client("lambda"), aws.client("iam"), aws.client("logs")
    rules = aws.client("events")
    found: list[dict[str, str]] = []
    for handler in handlers:
        function = target.function(handler)
        group = f"/aws/lambda/{target.chalice_name}-{target.stage}-{handler}"
        listed = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if any(each["logGroupName"] == group for each in listed):
            found.append(
                {"name": f"{handler}-log-group", "resource_type": "log_group", "log_group_name": group}
            )
        role_name = f"{target.chalice_name}-{target.stage}-{handler}"
        with _absent():
            role = iam.get_role(RoleName=role_name)["Role"]
            found.append(
                {
                    "name": f"{handler}_role",
                    "resource_type": "iam_role",
                    "role_arn": role["Arn"],
                    "role_name": role_name,
                }
            )
        arn = ""
        with _absent():
            arn = functions.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
        if not arn:
            continue
        found.append({"name": handler, "resource_type": "lambda_function", "lambda_arn": arn})
        for mapping in mappings(aws, function):
            source, uuid_ = mapping["EventSourceArn"], mapping["UUID"]
            if ":dynamodb:" in source:
                found.append(
                    {
                        "name": f"{handler}-dynamodb-event-source",
                        "resource_type": "dynamodb_event",
                        "stream_arn": source,
                        "event_uuid": uuid_,
                        "lambda_arn": arn,
                    }
                )
            elif ":sqs:" in source:
                found.append(
                    {
                        "name": f"{handler}-sqs-event-source",
                        "resource_type": "sqs_event",
                        "queue_arn": source,
                        "event_uuid": uuid_,
                        "queue": source.rpartition(":")[2],
                        "lambda_arn": arn,
                    }
                )
        rule = f"{target.chalice_name}-{target.stage}-{handler}-event"
        with _absent():
            rules.describe_rule(Name=rule)
            found.append({"name": f"{handler}-event", "resource_type": "cloudwatch_event", "rule_name": rule})
    return found


def mappings(aws: Aws, function: str) -> list[dict[str, Any]]:
    """The streams and queues that call a function."""
    pages = aws.client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    return [mapping for page in pages for mapping in page["EventSourceMappings"]]


def api_of(record: Record | None) -> tuple[str, str]:
    """Id and address of the recorded API; empty where there is none."""
    return _value(record, "rest_api", "rest_api_id"), _value(record, "rest_api", "rest_api_url")


def tag_api(aws: Aws, target: Target, api: str) -> None:
    """Mark an API as this city's and stage's, so that it is found again whatever is lost."""
    arn = f"arn:aws:apigateway:{aws.region}::/restapis/{api}"
    aws.client("apigateway").tag_resource(resourceArn=arn, tags=target.tags)


def _apis(aws: Aws, target: Target, api_stage: str) -> set[str]:
    """Ids of all APIs that bear the stage's tags, or its app's name and a right to call its function."""
    gateway = aws.client("apigateway")
    listed = [each for page in gateway.get_paginator("get_rest_apis").paginate() for each in page["items"]]
    allowed: set[str] = set()
    with _absent():
        policy = aws.client("lambda").get_policy(FunctionName=target.function())["Policy"]
        allowed = set(re.findall(r"execute-api:[^:]*:[^:]*:([a-z0-9]+)/", policy))
    found = set()
    for each in listed:
        tags = dict(each.get("tags") or {})
        tagged = target.tags.items() <= tags.items()
        # The same app in another stage bears the same name, and once deployed its own tags.
        named = each["name"] == target.chalice_name and "stage" not in tags
        if tagged or (named and (each["id"] in allowed or _calls(gateway, each["id"], target.function()))):
            stages = {stage["stageName"] for stage in gateway.get_stages(restApiId=each["id"])["item"]}
            # An API whose first deploy stopped before its stage was made is this one's all the same.
            if not stages or api_stage in stages:
                found.add(str(each["id"]))
    return found


def _calls(gateway: Any, api: str, function: str) -> bool:
    """Whether a method of the API is answered by this function."""
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    uris = (
        method.get("methodIntegration", {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )
    return any(uri.endswith(f":function:{function}/invocations") for uri in uris)


def _api_lives(aws: Aws, api: str) -> bool:
    try:
        aws.client("apigateway").get_rest_api(restApiId=api)
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
        return False
    return True


def _mended(record: Record | None, found: Record, api: str) -> Iterator[tuple[str, str]]:
    if record is None:
        yield (
            f"catatan deploy hilang; disusun lagi dari AWS ({len(found['resources'])} sumber daya)",
            f"the record was lost; made anew from AWS ({len(found['resources'])} resources)",
        )
        return
    old = {each["name"]: each for each in record["resources"]}
    new = {each["name"]: each for each in found["resources"]}
    known = _value(record, "rest_api", "rest_api_id")
    if known != api:
        yield (
            f"catatan menyebut API {known or '-'}, AWS melaporkan {api or '-'}",
            f"the record named the API {known or '-'}, AWS reports {api or '-'}",
        )
    lost = sorted(name for name in old.keys() - new.keys() if old[name]["resource_type"] != "rest_api")
    if lost:
        yield (
            f"tercatat tetapi tidak ada di AWS: {', '.join(lost)}",
            f"recorded but not in AWS: {', '.join(lost)}",
        )
    more = sorted(name for name in new.keys() - old.keys() if new[name]["resource_type"] != "rest_api")
    if more:
        yield (
            f"ada di AWS tetapi tidak tercatat: {', '.join(more)}",
            f"in AWS but not recorded: {', '.join(more)}",
        )
    other = sorted(
        name
        for name in new.keys() & old.keys()
        if name != "rest_api" and any(old[name].get(key) != value for key, value in new[name].items())
    )
    if other:
        yield (f"berbeda dari AWS: {', '.join(other)}", f"differs from AWS: {', '.join(other)}")


def _value(record: Record | None, name: str, key: str) -> str:
    resources = record["resources"] if record else []
    return next((str(each.get(key, "")) for each in resources if each["name"] == name), "")


@contextmanager
def _absent() -> Iterator[None]:
    """What AWS does not have is no fault here."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in ("NoSuchEntity", "ResourceNotFoundException", "NotFoundException"):
            raise
