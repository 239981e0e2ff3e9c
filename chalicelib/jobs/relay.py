"""The fast path: what was just written to the outbox goes out at once."""

from __future__ import annotations

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.observability import observed
from chalicelib.settings import runs, settings, utc_now

jobs = Blueprint(__name__)


@jobs.on_dynamodb_record(stream_arn=settings().outbox_stream_arn, batch_size=25)
@observed
def relay_notices(event: DynamoDBEvent) -> None:
    """Send each new notice; whatever fails here stays due for sweep_outbox, so one notice never stops the batch."""
    from chalicelib.usecases import delivery

    for record in event:
        if record.event_name == "INSERT":
            delivery.attempt(record.keys["notice_id"]["S"], now=utc_now())


if runs(__name__):
    from chalicelib.usecases import record

    record.prepare()
