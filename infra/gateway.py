"""What neither Chalice nor a stack keeps right around the functions: triggers, gateway answers, throttles, secrets.

Each function here looks first and changes only what differs, and answers what it changed.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra import state
from infra.smoke import TRIGGER
from infra.target import Aws, Halt, Target, code_of

RATE, BURST = 300, 600
"""Requests a second that the stage takes, and at once. A city of a million is built for 5 reports a second; the rest
are readers, whom the edge serves from its cache. Beyond it the gateway answers 429 (docs/limits.md)."""


def set_triggers(
    aws: Aws, target: Target, handlers: Sequence[str], failures: str, pause: float = 2.0
) -> list[str]:
    """Give each stream's trigger what Chalice cannot say: partial answers, retry limits, where failures go.

    ``failures`` is the ARN of the queue that a batch goes to at last. A later deploy leaves these settings alone.
    """
    changed = []
    functions = aws.client("lambda")
    for handler in handlers:
        for mapping in state.mappings(aws, target.function(handler)):
            if ":dynamodb:" not in mapping["EventSourceArn"]:
                continue
            wanted: dict[str, Any] = {
                **TRIGGER,
                "DestinationConfig": {"OnFailure": {"Destination": failures}},
            }
            there = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            if there == failures and all(mapping.get(key) == value for key, value in TRIGGER.items()):
                continue
            _settled(functions, mapping["UUID"], pause)
            functions.update_event_source_mapping(UUID=mapping["UUID"], **wanted)
            _settled(functions, mapping["UUID"], pause)
            changed.append(handler)
    return changed


def _settled(functions: Any, uuid: str, pause: float) -> None:
    """Wait until a trigger may be changed; AWS refuses while it is being made."""
    until = time.monotonic() + 300
    while functions.get_event_source_mapping(UUID=uuid).get("State", "Enabled") in (
        "Creating",
        "Updating",
        "Enabling",
    ):
        if time.monotonic() > until:
            raise Halt("Pemicu aliran tidak kunjung siap.", "The stream's trigger does not become ready.")
        time.sleep(pause)


def restore_answers(aws: Aws, api: str, api_stage: str, template: Mapping[str, Any]) -> list[str]:
    """Put back the gateway's own answers of ``edge.yaml`` and publish them; answers which were missing.

    CloudFormation believes that they are there: a re-import by Chalice takes them away behind its back, and an update
    of an unchanged stack brings nothing back.
    """
    gateway = aws.client("apigateway")
    pages = gateway.get_paginator("get_gateway_responses").paginate(restApiId=api)
    there = {each["responseType"]: each for page in pages for each in page.get("items", [])}
    missing = []
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::ApiGateway::GatewayResponse":
            continue
        wanted = resource["Properties"]
        kind = wanted["ResponseType"]
        answer = {
            "responseParameters": dict(wanted.get("ResponseParameters", {})),
            "responseTemplates": dict(wanted.get("ResponseTemplates", {})),
            **({"statusCode": str(wanted["StatusCode"])} if "StatusCode" in wanted else {}),
        }
        found = there.get(kind, {})
        if found.get("defaultResponse") or any(found.get(key) != value for key, value in answer.items()):
            gateway.put_gateway_response(restApiId=api, responseType=kind, **answer)
            missing.append(kind)
    if missing:
        # What the gateway answers is part of a deployment of the API: without one, nothing of it is seen.
        gateway.create_deployment(restApiId=api, stageName=api_stage, description="gateway answers")
    return missing


def set_throttles(aws: Aws, api: str, api_stage: str) -> bool:
    """Throttle the stage as a whole; True where it was not so before."""
    gateway = aws.client("apigateway")
    there = gateway.get_stage(restApiId=api, stageName=api_stage).get("methodSettings", {}).get("*/*", {})
    if (there.get("throttlingRateLimit"), there.get("throttlingBurstLimit")) == (RATE, BURST):
        return False
    gateway.update_stage(
        restApiId=api,
        stageName=api_stage,
        patchOperations=[
            {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": str(RATE)},
            {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": str(BURST)},
            {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"},
        ],
    )
    return True


# Secrets ------------------------------------------------------------------------------------------------------


def ensure_server_key(aws: Aws, target: Target, key: str) -> bool:
    """Make the server's key, once; True where it was made now.

    Raises Halt where it is missing beside a city's data: links, codes and people's ids hang on the old one.
    """
    if _parameter(aws, target.key_parameter) is not None:
        return False
    found = aws.client("dynamodb").scan(TableName=target.table("complaints"), Limit=1)
    if found["Count"]:
        raise Halt(
            f"Kunci server {target.key_parameter} hilang, padahal sudah ada aduan.",
            f"The server's key {target.key_parameter} is missing, and there are complaints already.",
            (
                "Kembalikan dari brankas (docs/runbook.md, kunci server); kunci baru memutus semua tautan lama.",
                "Put it back from the safe (docs/runbook.md, server key); a new one voids every old link.",
            ),
        )
    _put(aws, target.key_parameter, base64.b64encode(secrets.token_bytes(32)).decode(), key)
    return True


def edge_secret(aws: Aws, target: Target, key: str, *, rotate: bool = False) -> tuple[str, str]:
    """The word by which the edge shows itself to the API, and the one before it (empty at first).

    ``rotate`` draws a new one and keeps the old as the one before, which is taken until the next rotation.
    """
    name = target.key_parameter.removesuffix("server-key") + "edge-secret"
    now, before = _parameter(aws, name), _parameter(aws, f"{name}-before") or ""
    if now is None or rotate:
        if now is not None:
            _put(aws, f"{name}-before", now, key)
            before = now
        now = secrets.token_urlsafe(36)
        _put(aws, name, now, key)
    return now, before


def _parameter(aws: Aws, name: str) -> str | None:
    try:
        return str(aws.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return None
        raise


def _put(aws: Aws, name: str, value: str, key: str) -> None:
    aws.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", KeyId=key, Overwrite=True)
