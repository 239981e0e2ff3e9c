"""What our lists are compared with: a complaint as a plain PynamoDB model, an attribute for each of its fields."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from local.bench.world import invented, prefix


class Full(Model):
    """The fields of `Complaint`, one by one; what is empty is left out."""

    class Meta:
        table_name = f"{prefix()}plain"

    area = UnicodeAttribute(hash_key=True)
    filed_at = UTCDateTimeAttribute(range_key=True)
    code = UnicodeAttribute()
    version = NumberAttribute()
    kind = UnicodeAttribute()
    status = UnicodeAttribute()
    language = UnicodeAttribute()
    channel = UnicodeAttribute()
    text = UnicodeAttribute()
    category = UnicodeAttribute()
    office = UnicodeAttribute()
    line = UnicodeAttribute()
    assigned_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    clocks: ListAttribute[Any] = ListAttribute()
    place: MapAttribute[str, Any] = MapAttribute()
    citizen = UnicodeAttribute()
    reach = UnicodeAttribute()
    identity_shown = BooleanAttribute()
    private = BooleanAttribute()
    screening = UnicodeAttribute()
    sealed = BooleanAttribute()
    reopened = NumberAttribute()
    citizen_sms = NumberAttribute()
    link_version = NumberAttribute()


def full_item(number: int, now: datetime) -> dict[str, Any]:
    """The wire form of one of them."""
    complaint = invented(number, now).complaint
    kept = {name: value for name in Full.get_attributes() if (value := getattr(complaint, name)) is not None}
    place = asdict(complaint.place)
    clocks = [
        {
            name: value.isoformat()
            if isinstance(value, datetime)
            else [moment.isoformat() for moment in value]
            if isinstance(value, tuple)
            else str(value)
            if name == "name"
            else value
            for name, value in asdict(clock).items()
        }
        for clock in complaint.clocks
    ]
    return dict(Full(**{**kept, "area": "area", "place": place, "clocks": clocks}).serialize())
