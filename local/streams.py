"""Brings the records of a DynamoDB stream to the handler that the app registered, as Lambda's poller does."""

from __future__ import annotations

import base64
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.console import warn
from local.engines import ACCESS_KEY, REGION, SECRET_KEY

Handler = Callable[[dict[str, Any]], object]
"""Takes a Lambda event; may answer ``{"batchItemFailures": [{"itemIdentifier": ...}]}``."""

TRIES = 3
"""How often a failing batch is offered. What is left then, the sweep resends."""


class StreamPump:
    """Reads one stream on a thread of its own and calls ``handler`` with batches, in order, one at a time.

    Starts at the newest record: what was written while nothing ran is the sweep's to find, as after any loss.
    """

    def __init__(
        self, endpoint: str, stream_arn: str, handler: Handler, *, batch_size: int = 100, pause: float = 0.2
    ) -> None:
        self._arn = stream_arn
        self._handler = handler
        self._batch_size = batch_size
        self._pause = pause
        self._stopping = threading.Event()
        self._client = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION).client(
            "dynamodbstreams", endpoint_url=endpoint, config=Config(proxies={}, retries={"max_attempts": 1})
        )
        self._thread = threading.Thread(target=self._run, name=f"stream {stream_arn}", daemon=True)

    def start(self) -> None:
        """Begin. All that is written after this returns will be delivered."""
        # The position is taken here and not on the thread, or a first write could slip by before it.
        iterators = {
            shard["ShardId"]: self._iterator(shard, "LATEST") for shard in self._shards() if _is_open(shard)
        }
        self._iterators: dict[str, str] = iterators
        self._seen = {shard["ShardId"] for shard in self._shards()}
        self._thread.start()

    def stop(self) -> None:
        """Let the batch in hand finish, then end."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                delivered = self._round()
            except (BotoCoreError, ClientError) as error:
                if not self._stopping.is_set():
                    warn(f"stream {self._arn}: {error}")
                delivered = False
            if not delivered:
                self._stopping.wait(self._pause)

    def _round(self) -> bool:
        """Ask every open shard once; whether anything came."""
        came = False
        for shard_id, iterator in list(self._iterators.items()):
            try:
                answer = self._client.get_records(ShardIterator=iterator, Limit=self._batch_size)
            except (
                self._client.exceptions.TrimmedDataAccessException,
                self._client.exceptions.ExpiredIteratorException,
            ):
                # DynamoDB Local says so of an empty shard whose first record follows a transaction that was
                # rolled back; or the machine slept. From its beginning then: handlers take a record twice.
                self._iterators[shard_id] = self._iterator({"ShardId": shard_id}, "TRIM_HORIZON")
                continue
            if answer["Records"]:
                came = True
                self._deliver([lambda_record(record, self._arn) for record in answer["Records"]])
            if "NextShardIterator" in answer:
                self._iterators[shard_id] = answer["NextShardIterator"]
            else:  # a shard ends after some hours and has children
                del self._iterators[shard_id]
        if not self._iterators:
            for shard in self._shards():
                if shard["ShardId"] not in self._seen:
                    self._seen.add(shard["ShardId"])
                    self._iterators[shard["ShardId"]] = self._iterator(shard, "TRIM_HORIZON")
        return came

    def _deliver(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Offer a batch; after a failure offer again from the first failed record on, as AWS does."""
        left = list(records)
        for attempt in range(TRIES):
            try:
                answer = self._handler({"Records": left})
            except Exception:  # noqa: BLE001  # the handler is the app's: whatever it raises must not end the stream
                traceback.print_exc()
            else:
                failed = _failed(answer)
                if not failed:
                    return
                numbers = [record["dynamodb"]["SequenceNumber"] for record in left]
                left = left[min(numbers.index(number) for number in failed if number in numbers) :]
            if self._stopping.wait(0.2 * 2**attempt):
                return
        warn(f"stream {self._arn}: {len(left)} records given up after {TRIES} tries; left to the sweep")

    def _shards(self) -> Iterator[Mapping[str, Any]]:
        more: dict[str, str] = {}
        while True:
            described = self._client.describe_stream(StreamArn=self._arn, **more)["StreamDescription"]
            yield from described["Shards"]
            if "LastEvaluatedShardId" not in described:
                return
            more = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}

    def _iterator(self, shard: Mapping[str, Any], start: str) -> str:
        answer = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType=start
        )
        iterator: str = answer["ShardIterator"]
        return iterator


def lambda_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of the streams API in the form that Lambda hands it over: JSON types only."""
    change = {name: _json_value(value) for name, value in record["dynamodb"].items()}
    event = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }
    if "userIdentity" in record:  # on what TTL removed
        identity = record["userIdentity"]
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return event


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _json_value(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_json_value(each) for each in value]
    return value


def _failed(answer: object) -> list[str]:
    if not isinstance(answer, Mapping):
        return []
    return [failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])]


def _is_open(shard: Mapping[str, Any]) -> bool:
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]
