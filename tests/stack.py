"""The engines that tests run on: DynamoDB Local in memory and moto, made from infra/'s own templates.

Importing this module sets the environment that the app's settings read, before any of it is imported; `start` brings
the engines up on the ports named there. Tests that need them ask for the ``stack`` fixture.
"""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import engines
from local.apply import apply, clients, read_template
from local.folder import DataFolder

PROJECT = Path(__file__).resolve().parent.parent
CITY = "denpasar"
PREFIX = f"pro-{CITY}-test-"
ACCOUNT = "123456789012"
_DYNAMODB_PORT = engines.some_free_port()
_AWS_PORT = engines.some_free_port()
SERVER_KEY = f"/pro/{CITY}/test/server-key"

ENVIRONMENT = {
    "STAGE": "local",
    "CITY": CITY,
    "TABLE_PREFIX": PREFIX,
    "TOPIC_ARN_PREFIX": f"arn:aws:sns:{engines.REGION}:{ACCOUNT}:{PREFIX}",
    "KMS_KEY_ID": f"alias/{PREFIX}data",
    "SERVER_KEY_PARAMETER": SERVER_KEY,
    "OUTBOX_STREAM_ARN": f"arn:aws:dynamodb:{engines.REGION}:{ACCOUNT}:table/{PREFIX}outbox/stream/test",
    "PHOTO_BUCKET": f"{PREFIX}photos-{ACCOUNT}",
    "BASE_URL": "https://pengaduan.example.id",
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_AWS_PORT}",
    "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{_DYNAMODB_PORT}",
    "AWS_DEFAULT_REGION": engines.REGION,
    "AWS_REGION": engines.REGION,
    "AWS_ACCESS_KEY_ID": engines.ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": engines.SECRET_KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "NO_PROXY": "127.0.0.1,localhost",
}
os.environ.update(ENVIRONMENT)


@dataclass(slots=True)
class Stack:
    """The running engines, and what they have seen."""

    dynamodb: engines.DynamoDB
    aws: engines.Aws
    folder: DataFolder

    def clear(self) -> None:
        """Empty every table, so that each test begins alone."""
        from chalicelib.store.tables import TABLES

        for table in TABLES:
            with table.batch_write() as batch:
                for row in table.scan():
                    batch.delete(row)

    def sent(self) -> list[dict[str, Any]]:
        """Every SMS and e-mail handed over so far, oldest first."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.aws.endpoint}/_local/messages?since=0", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["messages"]
            return found


def start() -> Stack:
    """Start both engines and make tables, key and topics."""
    from chalicelib import cities
    from infra import topics

    folder = DataFolder(Path(tempfile.mkdtemp(prefix="pro-test-")))
    # The app's settings named the account before anything ran, so the folder is given that one.
    folder.aws_state.write_text(json.dumps({"account_id": ACCOUNT}), encoding="utf-8")
    folder.open(0)
    dynamodb = engines.DynamoDB(None, _DYNAMODB_PORT)
    aws = engines.Aws(folder, _AWS_PORT, SERVER_KEY)
    dynamodb.launch()
    aws.launch()
    dynamodb.wait()
    aws.wait()
    parameters = {"App": "pro", "City": CITY, "Stage": "test"}
    exports: dict[str, str] = {}
    # moto stands in for S3 here: nothing in these tests depends on what only a real S3 engine does.
    made = clients(dynamodb=dynamodb.endpoint, s3=aws.endpoint, aws=aws.endpoint)
    for template in (read_template(PROJECT / "infra" / "data.yaml"), topics.template(cities.load(CITY))):
        apply(template, parameters, made, account_id=ACCOUNT, exports=exports)
    return Stack(dynamodb, aws, folder)


def stop(stack: Stack) -> None:
    stack.dynamodb.stop()
    stack.aws.stop()
    stack.folder.close()
