"""Photos: a row each, beside it whose it is and what it looks like. No head of a case knows of them.

A photo's own version guards it: whoever changes one says which they read. A photo that no act claimed goes by TTL, its
upload by the bucket's own rule; the sweep is faster than both.
"""

from __future__ import annotations

import heapq
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import NotFound, StaleComplaint
from chalicelib.domain.geo import Point
from chalicelib.domain.photos import For, Photo, Shown, State, bands, wakes_at
from chalicelib.store.complaints import Also
from chalicelib.store.tables import PhotoRow, connection, moment, read_moment, shard

DUE_SHARDS = 2
"""May only grow."""
_KEPT_AT_MOST = timedelta(days=3)
"""Of what nobody claimed: the sweep has long taken it by then."""
_SELF = "photo"
_CASE, _MARK = "case#", "mark#"
_ALIKE_MOST = 100
_IN_CASE_MOST = 200


def new_id() -> str:
    """26 letters and digits (130 bits): it is the key to the upload until an act claims it."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))


def create(photo: Photo, original_lasts: timedelta) -> None:
    row(photo, original_lasts).save()


def get(photo_id: str) -> Photo:
    """Raises NotFound."""
    try:
        found = PhotoRow.get(photo_id, _SELF, consistent_read=True)
    except DoesNotExist:
        raise NotFound(photo_id) from None
    return _photo(found)


def several(ids: Sequence[str]) -> dict[str, Photo]:
    """Photos by their ids, those that there are; read eventually."""
    keys = [(photo_id, _SELF) for photo_id in dict.fromkeys(ids)]
    return {row.pk: _photo(row) for row in (PhotoRow.batch_get(keys) if keys else ())}


def put(photo: Photo, original_lasts: timedelta) -> Photo:
    """Store a photo over the version that it was read in, and answer it as stored. Raises StaleComplaint."""
    after = replace(photo, version=photo.version + 1)
    try:
        row(after, original_lasts).save(condition=PhotoRow.version == photo.version)
    except PutError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise StaleComplaint(photo.id) from error
        raise
    return after


def claiming(photos: Sequence[Photo], original_lasts: timedelta) -> Also:
    """What an act writes beside its head to claim these photos (as they are after it), each over what was read.

    Puts alone: `complaints.save` tells by the order which condition failed.
    """

    def fill(transaction: TransactWrite) -> None:
        for photo in photos:
            after = replace(photo, version=photo.version + 1)
            transaction.save(row(after, original_lasts), condition=PhotoRow.version == photo.version)
            transaction.save(PhotoRow(f"{_CASE}{photo.case}", photo.id))

    return fill


def of_case(code: str) -> list[Photo]:
    """All photos that acts of a case have claimed, the oldest first."""
    owned = PhotoRow.query(f"{_CASE}{code}", consistent_read=True, limit=_IN_CASE_MOST)
    found = []
    for item in owned:
        try:
            found.append(get(item.sk))
        except NotFound:
            continue
    return sorted(found, key=lambda photo: (photo.asked_at, photo.id))


def due(now: datetime) -> Iterator[str]:
    """Ids of photos that something is to be done about, the longest waiting first."""
    queries = (
        PhotoRow.due.query(str(number), PhotoRow.wakes_at <= moment(now), page_size=100)
        for number in range(DUE_SHARDS)
    )
    for item in heapq.merge(*queries, key=lambda item: str(item.wakes_at)):
        yield item.pk


def put_seen(photo: Photo, before: Photo, original_lasts: timedelta) -> Photo:
    """Store a claimed photo together with what it looks like, by which `alike` finds it on another case; how it looked
    ``before`` is forgotten, and with a photo that has no mark any more, all of it.

    One transaction, so that no erased photo is ever found. Raises StaleComplaint.
    """
    after = replace(photo, version=photo.version + 1)
    now_in, then_in = bands(photo.mark or "0"), bands(before.mark or "0")
    try:
        with TransactWrite(connection=connection()) as transaction:
            transaction.save(row(after, original_lasts), condition=PhotoRow.version == photo.version)
            for band in now_in:
                seen = json.dumps([photo.case, photo.mark])
                transaction.save(PhotoRow(f"{_MARK}{band}", photo.id, body=seen))
            for band in {*then_in} - {*now_in}:
                transaction.delete(PhotoRow(f"{_MARK}{band}", photo.id))
    except TransactWriteError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason}
        if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            raise StaleComplaint(photo.id) from error
        raise
    return after


def alike(mark: str) -> list[tuple[str, str, str]]:
    """Code, id and mark of photos that may look like this one."""
    found = {}
    for band in bands(mark):
        for item in PhotoRow.query(f"{_MARK}{band}", limit=_ALIKE_MOST):
            code, other = json.loads(item.body or "[]")
            found[item.sk] = (code, item.sk, other)
    return list(found.values())


def forget(photo: Photo) -> None:
    """Delete the row of a photo that nobody claimed, over the version that was read. Raises StaleComplaint."""
    from pynamodb.exceptions import DeleteError

    try:
        PhotoRow(photo.id, _SELF).delete(condition=PhotoRow.version == photo.version)
    except DeleteError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise StaleComplaint(photo.id) from error
        raise


def row(photo: Photo, original_lasts: timedelta) -> PhotoRow:
    made = PhotoRow(
        photo.id, _SELF, version=photo.version, body=json.dumps(_body(photo), separators=(",", ":"))
    )
    wakes = wakes_at(photo, original_lasts)
    if wakes is not None:
        made.due_shard, made.wakes_at = shard(photo.id, DUE_SHARDS), moment(wakes)
    if photo.claimed_at is None:
        made.expires_at = int((photo.asked_at + _KEPT_AT_MOST).timestamp())
    return made


# Inside -----------------------------------------------------------------------------------------------------------

_NOT_IN_BODY = ("id", "version")


def _body(photo: Photo) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for each in fields(Photo):
        value = getattr(photo, each.name)
        if each.name in _NOT_IN_BODY or (value == each.default and each.name != "drawn"):
            continue
        if isinstance(value, datetime):
            value = moment(value)
        elif isinstance(value, Point):
            value = [value.lat, value.lon]
        body[each.name] = value
    return body


def _photo(item: PhotoRow) -> Photo:
    body = json.loads(item.body or "{}")
    place = body.get("place")
    known = {each.name for each in fields(Photo)}
    values = {name: value for name, value in body.items() if name in known}
    for name in ("asked_at", "claimed_at", "keep_until"):
        if values.get(name):
            values[name] = read_moment(values[name])
    for name in ("large", "small", "folders", "log"):
        if name in values:
            values[name] = tuple(values[name])
    values["boxes"] = tuple(tuple(box) for box in values.get("boxes", ()))
    values |= {"purpose": For(body["purpose"]), "state": State(body.get("state", State.AWAITED))}
    values |= {"shown": Shown(body.get("shown", Shown.HELD)), "place": Point(*place) if place else None}
    return Photo(id=item.pk, version=int(item.version or 1), **values)
