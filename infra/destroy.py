"""``make destroy``: take a stage down. The app goes when asked; the data go only with a sentence typed by a person."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra import state
from infra.target import GLOBAL, Halt, code_of, explained

if TYPE_CHECKING:
    from infra.steps import Deployment

_KEY_DAYS = 30
"""Days in which a key can still be called back; what it sealed cannot be read afterwards."""


def destroy(deployment: Deployment, *, data: bool, confirm: str) -> None:
    """Take down edge, app and topics; with ``data`` tables, buckets, keys and logs, too.

    ``confirm`` is the sentence of the refusal, typed. Without ``data`` everything a citizen ever sent stays, and the
    next deploy finds it again, at another address. Raises Halt where the sentence is not the one asked for.
    """
    target = deployment.target
    sentence = f"hapus {'data ' if data else ''}{target.city} {target.stage}"
    if data or target.stage == "prod":
        _demand(sentence, confirm, data=data)
    with explained("Penghapusan berhenti", "The destruction stopped"):
        if deployment.vault.exists():
            with deployment.vault.locked("destroy"):
                _app(deployment)
        if data:
            _data(deployment)
    left = "" if data else f"; data tetap ada / the data stay: {target.prefix}*"
    deployment.tell(f"Selesai / done{left}")


def _demand(sentence: str, confirm: str, *, data: bool) -> None:
    typed = confirm
    if not typed and sys.stdin.isatty():
        what = "SEMUA DATA WARGA / ALL CITIZENS' DATA" if data else "layanan / the service"
        typed = input(f"Ini menghapus {what}. Ketik / type: {sentence}\n> ")
    if typed.strip() != sentence:
        raise Halt(
            "Tidak ada yang dihapus.",
            "Nothing was destroyed.",
            (f'Bila memang dimaksud: CONFIRM="{sentence}"', f'If it is meant: CONFIRM="{sentence}"'),
        )


def _app(deployment: Deployment) -> None:
    from infra import package

    target, stacks = deployment.target, deployment.stacks
    for part, region in (("edge", ""), ("global", GLOBAL)):
        if stacks.delete(part, region):
            deployment.tell(f"  {target.stack(part)}: dihapus / deleted")
    record, _ = deployment.vault.fetch()
    # A lost record must not leave functions behind, so what AWS reports is what goes.
    memory = state.recall(
        deployment.aws, target, record, deployment.handlers, api_stage=deployment.api_stage, new_address=True
    )
    if memory.record is not None:
        shutil.rmtree(deployment.folder, ignore_errors=True)
        settings = deployment.folder / ".chalice"
        (settings / "deployed").mkdir(parents=True)
        config = {"version": "2.0", "app_name": target.chalice_name, "stages": {target.stage: {}}}
        (settings / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (settings / "deployed" / f"{target.stage}.json").write_text(
            json.dumps(memory.record), encoding="utf-8"
        )
        (deployment.folder / "app.py").write_text(
            f'from chalice import Chalice\napp = Chalice(app_name="{target.chalice_name}")\n',
            encoding="utf-8",
        )
        try:
            package.chalice(deployment.folder, "delete", "--stage", target.stage)
        except package.CannotPackage as error:
            raise Halt(f"chalice delete gagal: {error}", f"chalice delete failed: {error}") from error
        deployment.vault.forget()
        deployment.tell(f"  {target.function()}: dihapus / deleted")
    functions = deployment.aws.client("lambda")
    for page in functions.get_paginator("list_layer_versions").paginate(LayerName=target.layer):
        for version in page["LayerVersions"]:
            functions.delete_layer_version(LayerName=target.layer, VersionNumber=version["Version"])
            deployment.tell(f"  {target.layer}:{version['Version']}: dihapus / deleted")
    if stacks.delete("topics"):
        deployment.tell(f"  {target.stack('topics')}: dihapus / deleted")


def _data(deployment: Deployment) -> None:
    """Tables, buckets, key and secrets; each may be gone already from a run that stopped."""
    aws, target, stacks = deployment.aws, deployment.target, deployment.stacks
    dynamodb, s3 = aws.client("dynamodb"), aws.client("s3")
    outputs = stacks.outputs("data")
    buckets = {
        v for k, v in outputs.items() if k in ("PhotoBucket", "PhotoBucketName", "WebBucket", "StateBucket")
    }
    account = aws.account()
    buckets |= {f"{target.prefix}{name}-{account}" for name in ("photos", "web", "state")}
    stacks.delete("data")
    for name in ("complaints", "outbox", "people", "guards", "photos", "search"):
        table = target.table(name)
        try:
            dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
            dynamodb.delete_table(TableName=table)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            continue
        deployment.tell(f"  {table}: dihapus / deleted")
    kms = aws.client("kms")
    try:
        key = kms.describe_key(KeyId=target.key_alias)["KeyMetadata"]
        kms.delete_alias(AliasName=target.key_alias)
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=_KEY_DAYS)
        deployment.tell(f"  {target.key_alias}: {_KEY_DAYS} hari lagi / in {_KEY_DAYS} days ({key['KeyId']})")
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
    prefix = target.key_parameter.removesuffix("server-key")
    names = [f"{prefix}{name}" for name in ("server-key", "edge-secret", "edge-secret-before")]
    aws.client("ssm").delete_parameters(Names=names)
    _forget_logs(deployment)
    # The bucket of the lock goes last: until here a second destroy is kept out.
    for bucket in sorted(buckets, key=lambda name: "-state-" in name):
        _empty(s3, bucket)


def _forget_logs(deployment: Deployment) -> None:
    logs = deployment.aws.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws/lambda/{deployment.target.function()}"
    )
    whole = deployment.target.function()
    for group in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
        name = group.rpartition("/")[2]
        if name == whole or name.startswith(f"{whole}-"):
            logs.delete_log_group(logGroupName=group)


def _empty(s3: Any, bucket: str) -> None:
    """Delete a bucket with all versions of all it holds."""
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            keys = [
                {"Key": each["Key"], "VersionId": each["VersionId"]}
                for kind in ("Versions", "DeleteMarkers")
                for each in page.get(kind, [])
            ]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            raise
