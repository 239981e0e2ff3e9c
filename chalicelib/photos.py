"""S3: where photos arrive, and where the originals and the copies lie. No one but the city's own roles reaches it.

``in/<id>`` is an upload, ``kept/<id>`` an original among the evidence, ``copies/<folder>/<name>`` what is shown, and
``todo/<ids>`` a word to the Lambda that works on photos. People upload and look by signed links of five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.domain.errors import NotFound, Passing
from chalicelib.domain.photos import LINK_LASTS, MOST_BYTES
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ARRIVES, KEPT, COPIES, TODO = "in/", "kept/", "copies/", "todo/"
_SECONDS = int(LINK_LASTS.total_seconds())


@dataclass(frozen=True, slots=True)
class Upload:
    """A form that puts one file in one place: POST the fields, then ``file``, as multipart/form-data."""

    url: str
    fields: dict[str, str]


def upload_form(photo_id: str, kind: str, back_to: str = "") -> Upload:
    """A form for this one key, this content type, and at most 15 MB, good for five minutes."""
    fields = {"Content-Type": kind}
    conditions: list[Any] = [{"Content-Type": kind}, ["content-length-range", 1, MOST_BYTES]]
    if back_to:
        fields["success_action_redirect"] = back_to
        conditions.append({"success_action_redirect": back_to})
    made: Any = _client().generate_presigned_post(
        settings().photo_bucket,
        f"{ARRIVES}{photo_id}",
        Fields=fields,
        Conditions=conditions,
        ExpiresIn=_SECONDS,
    )
    return Upload(made["url"], dict(made["fields"]))


def link(key: str, name: str = "") -> str:
    """A link to look at one object, good for five minutes; with a ``name`` it is saved and not shown."""
    asked: dict[str, Any] = {"Bucket": settings().photo_bucket, "Key": key}
    if name:
        asked["ResponseContentDisposition"] = f'attachment; filename="{name}"'
        asked["ResponseContentType"] = "application/octet-stream"
    return _client().generate_presigned_url("get_object", Params=asked, ExpiresIn=_SECONDS)


def read(key: str) -> bytes:
    """An object, at most as long as an upload may be. Raises NotFound, or Passing where S3 cannot do it just now."""
    try:
        found = _client().get_object(Bucket=settings().photo_bucket, Key=key)
        if found["ContentLength"] > MOST_BYTES:
            raise NotFound(key)
        return found["Body"].read(MOST_BYTES + 1)
    except (BotoCoreError, ClientError) as error:
        if aws.code_of(error) in ("NoSuchKey", "404"):
            raise NotFound(key) from None
        raise _told(error) from None


def write(key: str, data: bytes, kind: str) -> None:
    """Raises Passing where S3 cannot do it just now."""
    try:
        _client().put_object(
            Bucket=settings().photo_bucket,
            Key=key,
            Body=data,
            ContentType=kind,
            CacheControl="private, max-age=240",
        )
    except (BotoCoreError, ClientError) as error:
        raise _told(error) from None


def ask_for(ids: Iterable[str]) -> None:
    """Have the Lambda that works on photos look at these now; the sweep looks at them later anyway."""
    try:
        _client().put_object(Bucket=settings().photo_bucket, Key=f"{TODO}{'.'.join(ids)}", Body=b"now")
    except (BotoCoreError, ClientError) as error:
        raise _told(error) from None


def delete(prefix: str) -> None:
    """Delete every version of every object under a prefix, and the marks of deleted ones. It may be done again."""
    try:
        for key, version in list(_versions(prefix)):
            _client().delete_object(Bucket=settings().photo_bucket, Key=key, VersionId=version)
    except (BotoCoreError, ClientError) as error:
        raise _told(error) from None


def _versions(prefix: str) -> Iterator[tuple[str, str]]:
    asked: dict[str, Any] = {"Bucket": settings().photo_bucket, "Prefix": prefix}
    while True:
        found: Any = _client().list_object_versions(**asked)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            yield each["Key"], each["VersionId"]
        if not found.get("IsTruncated"):
            return
        asked |= {"KeyMarker": found["NextKeyMarker"], "VersionIdMarker": found["NextVersionIdMarker"]}


def _told(error: BotoCoreError | ClientError) -> Exception:
    """Passing where the same may work later; else the error itself, which is a fault of ours."""
    trouble = aws.passing(error)
    return Passing(trouble) if trouble else error


def _client() -> S3Client:
    client: S3Client = aws.client("s3")
    return client
