"""What works on photos: what has just arrived in the bucket, and what nobody came to do."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.observability import observed
from chalicelib.settings import runs, settings, utc_now

jobs = Blueprint(__name__)

_LEAVE_MS = 50_000
"""Begin no photo this long before the function's timeout: the heaviest that there is takes less."""


# By way of EventBridge: `chalice package` takes no event of S3's own.
@jobs.on_cw_event(
    {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [settings().photo_bucket]},
            "object": {"key": [{"prefix": "in/"}, {"prefix": "todo/"}]},
        },
    },
    name="on_photo",
)
@observed
def on_photo(event: CloudWatchEvent) -> None:
    """Judge an upload, or work on what an act has decided; what fails is tried again, and left to the sweep."""
    from chalicelib.usecases import photos

    photos.arrived(str(event.detail["object"]["key"]), now=utc_now())


@jobs.schedule("rate(5 minutes)", name="sweep_photos")
@observed
def sweep_photos(event: CloudWatchEvent) -> dict[str, Any]:
    """Find photos whose event was lost, whose work broke off, that nobody claimed, or whose time is over."""
    from chalicelib.usecases import photos

    context: Any = event.context
    worked, failed, finished = photos.sweep(
        now=utc_now(), has_time=lambda: context.get_remaining_time_in_millis() > _LEAVE_MS
    )
    return {"worked": worked, "failed": failed, "finished": finished}


if runs(__name__):
    from chalicelib.usecases import record

    record.prepare()
