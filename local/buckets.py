"""Bucket events: what SeaweedFS tells of a written object, as the event that AWS would send to the app's handler.

SeaweedFS takes no bucket notification through S3; it posts every change to a webhook that ``notification.toml`` in its
working folder names. Two kinds of handler hear of them as in AWS: ``on_s3_event``, and ``on_cw_event`` with a pattern
of EventBridge's ``aws.s3``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from chalice.app import CloudWatchEventConfig, S3EventConfig

from local.engines import REGION
from local.server import LocalRequest

Handler = Callable[[dict[str, Any]], object]


def write_notification(folder: Path, url: str) -> None:
    """Have the SeaweedFS that starts in this folder post to ``url``."""
    lines = [
        "[notification.webhook]",
        "enabled = true",
        f'endpoint = "{url}"',
        'path_prefixes = ["/buckets"]',
        'event_types = ["create"]',
    ]
    (folder / "notification.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Written:
    """An object that was written."""

    bucket: str
    key: str
    size: int


def read_webhook(body: bytes) -> Written | None:
    """What SeaweedFS posted; None for folders, its own bookkeeping and empty markers.

    In a versioned bucket the key comes as ``KEY.versions/v_...``.
    """
    said = json.loads(body)
    entry = said.get("message", {}).get("new_entry") or {}
    bucket, _, key = str(said.get("key", "")).removeprefix("/buckets/").partition("/")
    if not key or bucket.startswith(".") or entry.get("is_directory") or not entry.get("chunks"):
        return None
    return Written(bucket, key.partition(".versions/v_")[0], int(entry["attributes"].get("file_size", 0)))


class BucketEvents:
    """A page of the local server that brings written objects to the handlers that asked for them."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._wanted: list[tuple[Callable[[Written], dict[str, Any] | None], Handler]] = []

    def add(self, source: S3EventConfig | CloudWatchEventConfig, handler: Handler) -> None:
        """Raises ValueError for an event pattern that is not EventBridge's of S3."""
        if isinstance(source, S3EventConfig):
            self._wanted.append((lambda written: _s3_event(source, written), handler))
            return
        pattern = source.event_pattern
        if pattern.get("source") != ["aws.s3"]:
            raise ValueError(f"{source.name}: the local stack brings no events of {pattern.get('source')}")
        self._wanted.append((lambda written: self._bridge_event(pattern, written), handler))

    def __call__(self, request: LocalRequest) -> tuple[int, Mapping[str, str], bytes]:
        """What a handler raises is answered with a 500, and SeaweedFS posts again: at least once, as in AWS."""
        written = read_webhook(request.body) if request.method == "POST" else None
        if written is not None:
            for event_of, handler in self._wanted:
                if event := event_of(written):
                    handler(event)
        return 204, {}, b""

    def _bridge_event(self, pattern: Mapping[str, Any], written: Written) -> dict[str, Any] | None:
        buckets = pattern.get("detail", {}).get("bucket", {}).get("name", [written.bucket])
        keys = pattern.get("detail", {}).get("object", {}).get("key", [{"prefix": ""}])
        if written.bucket not in buckets or "Object Created" not in pattern.get(
            "detail-type", ["Object Created"]
        ):
            return None
        if not any(written.key.startswith(key["prefix"]) for key in keys):
            return None
        return {
            "version": "0",
            "id": f"{written.bucket}/{written.key}",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": self._account_id,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:s3:::{written.bucket}"],
            "detail": {
                "bucket": {"name": written.bucket},
                "object": {"key": written.key, "size": written.size},
            },
        }


def _s3_event(source: S3EventConfig, written: Written) -> dict[str, Any] | None:
    created = any(event.startswith("s3:ObjectCreated:") for event in source.events)
    within = written.key.startswith(source.prefix or "") and written.key.endswith(source.suffix or "")
    if written.bucket != source.bucket or not created or not within:
        return None
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventName": "ObjectCreated:Put",
        # S3 sends keys as a form would: a blank becomes a plus.
        "s3": {
            "bucket": {"name": written.bucket, "arn": f"arn:aws:s3:::{written.bucket}"},
            "object": {"key": quote_plus(written.key, safe="/"), "size": written.size},
        },
    }
    return {"Records": [record]}
