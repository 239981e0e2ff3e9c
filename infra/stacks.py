"""CloudFormation stacks by change sets: what would change can be seen first, and a second run changes nothing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.target import Aws, Halt, Target, code_of

INLINE = 51_200
"""Bytes of a template that CloudFormation takes in the request; a longer one goes by way of the bucket."""
_PATIENCE = 3600.0
_NOTHING = ("didn't contain changes", "No updates are to be performed", "no changes")


@dataclass(frozen=True, slots=True)
class Difference:
    """One resource that an update would touch."""

    action: str
    logical_id: str
    kind: str
    replaces: bool


class Stacks:
    """The stacks of one city and stage. ``upload`` puts a long template where CloudFormation finds it."""

    def __init__(
        self, aws: Aws, target: Target, upload: Callable[[str, bytes], str], *, pause: float = 5.0
    ) -> None:
        self._aws = aws
        self._target = target
        self._upload = upload
        self._pause = pause

    def _client(self, region: str) -> Any:
        return self._aws.client("cloudformation", region)

    def find(self, part: str, region: str = "") -> Mapping[str, Any] | None:
        """What CloudFormation says of a stack; None where there is none."""
        try:
            found = self._client(region).describe_stacks(StackName=self._target.stack(part))["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return found[0] if found and found[0]["StackStatus"] != "DELETE_COMPLETE" else None

    def outputs(self, part: str, region: str = "") -> dict[str, str]:
        """Outputs by name; empty where there is no such stack."""
        stack = self.find(part, region) or {}
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def deploy(
        self,
        part: str,
        template: str,
        declared: Mapping[str, Any],
        given: Mapping[str, str],
        region: str = "",
    ) -> dict[str, str]:
        """Make or update a stack and answer its outputs; a stack that is as it should be is left alone.

        ``declared`` are the template's parameters; of ``given`` those that it declares are passed. Raises Halt
        where one has no value, and where CloudFormation refuses, with the first resource that failed.
        """
        made = self._change_set(part, template, declared, given, region)
        if made is not None:
            name, kind = made
            client, stack = self._client(region), self._target.stack(part)
            since = time.time()
            client.execute_change_set(StackName=stack, ChangeSetName=name)
            self._settle(part, region, since, kind)
        return self.outputs(part, region)

    def diff(
        self,
        part: str,
        template: str,
        declared: Mapping[str, Any],
        given: Mapping[str, str],
        region: str = "",
    ) -> list[Difference]:
        """What `deploy` would change; nothing is changed."""
        made = self._change_set(part, template, declared, given, region)
        if made is None:
            return []
        name, kind = made
        client, stack = self._client(region), self._target.stack(part)
        described = client.describe_change_set(StackName=stack, ChangeSetName=name)
        changes = [
            each["ResourceChange"] for each in described.get("Changes", []) if "ResourceChange" in each
        ]
        client.delete_change_set(StackName=stack, ChangeSetName=name)
        if kind == "CREATE":
            # A change set of a new stack leaves an empty one behind, which no later CREATE would forgive.
            client.delete_stack(StackName=stack)
        return [
            Difference(
                each["Action"],
                each["LogicalResourceId"],
                each["ResourceType"],
                each.get("Replacement") in ("True", "Conditional"),
            )
            for each in changes
        ]

    def delete(self, part: str, region: str = "") -> bool:
        """Delete a stack (what it retains stays); False where there was none."""
        if self.find(part, region) is None:
            return False
        client, stack = self._client(region), self._target.stack(part)
        client.delete_stack(StackName=stack)
        until = time.monotonic() + _PATIENCE
        while (found := self.find(part, region)) is not None:
            if found["StackStatus"] == "DELETE_FAILED":
                raise Halt(
                    f"Tumpukan {stack} tidak terhapus: {found.get('StackStatusReason', '')}",
                    f"The stack {stack} was not deleted: {found.get('StackStatusReason', '')}",
                )
            self._wait(until, stack)
        return True

    def _change_set(
        self, part: str, template: str, declared: Mapping[str, Any], given: Mapping[str, str], region: str
    ) -> tuple[str, str] | None:
        client, stack = self._client(region), self._target.stack(part)
        parameters = _parameters(stack, declared, given)
        kind = self._kind(part, region)
        name = "pro-" + hashlib.sha256(f"{time.time_ns()}".encode()).hexdigest()[:16]
        body = template.encode()
        where = (
            {"TemplateBody": template}
            if len(body) <= INLINE
            else {
                "TemplateURL": self._upload(f"templates/{part}-{hashlib.sha256(body).hexdigest()[:16]}", body)
            }
        )
        asked: dict[str, Any] = {
            "StackName": stack,
            "ChangeSetName": name,
            "ChangeSetType": kind,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": key, "Value": value} for key, value in self._target.tags.items()],
            # A first try that fails keeps what it made, and the next run goes on from there; rolled back, the
            # tables (DeletionPolicy: Retain) would stay behind and stand in the way of the next run.
            **({"OnStackFailure": "DO_NOTHING"} if kind == "CREATE" else {}),
            **where,
        }
        try:
            client.create_change_set(**asked)
        except ClientError as error:
            said = error.response.get("Error", {}).get("Message", "")
            if any(words in said for words in _NOTHING):
                return None
            raise Halt(
                f"CloudFormation menolak tumpukan {stack}: {said}",
                f"CloudFormation refuses the stack {stack}: {said}",
            ) from error
        until = time.monotonic() + _PATIENCE
        while True:
            described = client.describe_change_set(StackName=stack, ChangeSetName=name)
            if described["Status"] == "CREATE_COMPLETE":
                return name, kind
            if described["Status"] == "FAILED":
                client.delete_change_set(StackName=stack, ChangeSetName=name)
                reason = described.get("StatusReason", "")
                if any(words in reason for words in _NOTHING):
                    return None
                raise Halt(
                    f"Tumpukan {stack} tidak dapat diubah: {reason}",
                    f"The stack {stack} cannot change: {reason}",
                )
            self._wait(until, stack)

    def _kind(self, part: str, region: str) -> str:
        found = self.find(part, region)
        status = found["StackStatus"] if found else ""
        stack = self._target.stack(part)
        if status in ("", "REVIEW_IN_PROGRESS"):
            return "CREATE"
        if status == "ROLLBACK_COMPLETE":
            raise Halt(
                f"Tumpukan {stack} gagal dibuat dan sudah digulung balik.",
                f"The stack {stack} failed to be made and was rolled back.",
                (
                    f"Hapus tumpukan {stack} di CloudFormation dan tabel kosong yang tertinggal, lalu ulangi.",
                    f"Delete the stack {stack} in CloudFormation and the empty tables it left, then run again.",
                ),
            )
        if status == "UPDATE_ROLLBACK_FAILED":
            raise Halt(
                f"Tumpukan {stack} macet saat digulung balik.",
                f"The stack {stack} is stuck in its rollback.",
                (
                    f"aws cloudformation continue-update-rollback --stack-name {stack}, lalu ulangi.",
                    f"aws cloudformation continue-update-rollback --stack-name {stack}, then run again.",
                ),
            )
        if status.endswith("_IN_PROGRESS"):
            self._settle(part, region, 0, "UPDATE")
        return "UPDATE"

    def _settle(self, part: str, region: str, since: float, kind: str) -> None:
        stack, until = self._target.stack(part), time.monotonic() + _PATIENCE
        while True:
            found = self.find(part, region)
            status = found["StackStatus"] if found else ""
            if not status.endswith("_IN_PROGRESS"):
                break
            self._wait(until, stack)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE") and since:
            reason = self._first_failure(stack, region, since)
            raise Halt(
                f"Tumpukan {stack} berakhir {status}: {reason}",
                f"The stack {stack} ended {status}: {reason}",
                (
                    "Perbaiki sebabnya dan jalankan perintah yang sama lagi; yang sudah dibuat dipakai lagi."
                    if kind == "CREATE"
                    else "Perubahan sudah dibatalkan, yang lama tetap jalan. Perbaiki sebabnya, lalu ulangi.",
                    "Mend the cause and run the same command again; what was made is used again."
                    if kind == "CREATE"
                    else "The change was undone and what was there still runs. Mend the cause, then run again.",
                ),
            )

    def _first_failure(self, stack: str, region: str, since: float) -> str:
        events = self._client(region).describe_stack_events(StackName=stack)["StackEvents"]
        failed = [
            f"{each['LogicalResourceId']} ({each.get('ResourceStatusReason', '?')})"
            for each in events
            if each["ResourceStatus"].endswith("FAILED") and each["Timestamp"].timestamp() >= since - 5
        ]
        return failed[-1] if failed else "?"

    def _wait(self, until: float, stack: str) -> None:
        if time.monotonic() > until:
            raise Halt(
                f"Tumpukan {stack} belum selesai setelah satu jam.",
                f"The stack {stack} has not finished after an hour.",
                (
                    "Lihat di konsol CloudFormation, lalu ulangi.",
                    "Look at it in CloudFormation, then run again.",
                ),
            )
        time.sleep(self._pause)


def _parameters(stack: str, declared: Mapping[str, Any], given: Mapping[str, str]) -> list[dict[str, str]]:
    missing = [name for name, each in declared.items() if name not in given and "Default" not in each]
    if missing:
        raise Halt(
            f"Tumpukan {stack} perlu nilai untuk {', '.join(missing)}.",
            f"The stack {stack} needs values for {', '.join(missing)}.",
            (
                "Isi di infra/stages.toml, bagian parameters.",
                "Put them into infra/stages.toml, under parameters.",
            ),
        )
    return [
        {"ParameterKey": name, "ParameterValue": given[name]} for name in sorted(declared) if name in given
    ]


def compact(template: Mapping[str, Any]) -> str:
    """A rendered template as text, without a needless blank: the topics of a city are many."""
    return json.dumps(template, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
