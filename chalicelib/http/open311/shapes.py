"""What Open311 shows: services and their questions, requests as the public may know them, updates. No person, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from chalicelib.domain import open311
from chalicelib.domain.asking import foreseen
from chalicelib.domain.city import Category, City, Label, Question
from chalicelib.domain.complaint import Complaint, Outcome, Screening
from chalicelib.domain.emergency import to_call
from chalicelib.domain.personal import masked
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.visibility import public_pin, public_text
from chalicelib.http import views
from chalicelib.settings import settings
from chalicelib.usecases.open311 import Filed, Stored, Update

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
PATH = "/open311/v2"
_KEYWORDS_MOST = 8

_HOWTO: Mapping[str, Mapping[str, str]] = {
    "string": {"id": "Jawaban singkat", "en": "A short answer"},
    "text": {"id": "Jawaban beberapa kalimat", "en": "A few sentences"},
    "number": {"id": "Angka; titik untuk desimal", "en": "A number; a point before decimals"},
    "datetime": {
        "id": "Waktu dengan zona, misalnya 2026-01-31T08:15:30+08:00",
        "en": "A moment with its zone, such as 2026-01-31T08:15:30+08:00",
    },
    "singlevaluelist": {"id": "Pilih satu", "en": "Choose one"},
    "multivaluelist": {"id": "Boleh pilih beberapa", "en": "Choose any number"},
}
_ANSWERS = {"id": "Dijawab oleh", "en": "Answered by"}
_AREA_HEAD = {"id": "kelurahan atau desa setempat", "en": "the village that the place lies in"}
_READ_ONLY = {"id": "Keterangan untuk dibaca", "en": "For reading only"}
_MERGED = {
    "id": "Digabung dengan permintaan lain tentang hal yang sama.",
    "en": "Merged with another request about the same.",
}
_SILENT = {
    "id": "Ditutup karena tidak ada tanggapan; tidak dihitung sebagai selesai.",
    "en": "Closed as nobody answered; it does not count as solved.",
}
_READ_FIRST = {
    "id": "Isi laporan dibaca petugas sebelum tampil untuk umum.",
    "en": "The text is read by the city before the public sees it.",
}
_NOT_SHOWN = {
    "id": "Isi laporan tidak ditampilkan untuk umum.",
    "en": "The text is not shown in public.",
}
_NOT_PUBLIC = {
    "id": "Laporan ini tidak tampil untuk umum.",
    "en": "This report is not shown in public.",
}
_CALL = {
    "id": "Laporan ini bukan panggilan darurat. Bila ada bahaya sekarang, hubungi {numbers}.",
    "en": "This report is no emergency call. If there is danger now, call {numbers}.",
}
_KEY_SERVICE = {
    "id": "Kunci API diberikan per aplikasi oleh {service}: {contact}. Membaca tidak perlu kunci.",
    "en": "API keys are given to each application by {service}: {contact}. Reading needs none.",
}


def discovery(city: City, language: str) -> dict[str, Any]:
    changeset = open311.changeset(city)
    contact = ", ".join(
        city.contacts[name] for name in ("phone", "email", "address") if name in city.contacts
    )
    contact = contact or city.service_name
    return {
        "changeset": changeset,
        "contact": contact,
        "key_service": _KEY_SERVICE[language].format(service=city.service_name, contact=contact),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{settings().base_url}{PATH}",
                "changeset": changeset,
                "type": "production" if settings().stage == "prod" else "test",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


# Services -----------------------------------------------------------------------------------------------------


def service(category: Category, city: City, language: str) -> dict[str, Any]:
    kind = open311.service_type(category)
    words = [word.rstrip("!?") for word in category.keywords if "," not in word][:_KEYWORDS_MOST]
    private = ["private"] if kind is open311.ServiceType.BLACKBOX else []
    group = _label(city.groups[category.group], language)
    office = city.offices.get(category.office)
    answers = office.name if office else _AREA_HEAD[language]
    return {
        "service_code": category.id,
        "service_name": _label(category.labels, language),
        "description": f"{group}. {_ANSWERS[language]}: {answers}.",
        "metadata": open311.has_definition(category),
        "type": str(kind),
        "keywords": ",".join([*private, *words]),
        "group": group,
    }


def definition(category: Category, language: str) -> dict[str, Any]:
    return {
        "service_code": category.id,
        "attributes": [
            _attribute(question, order, language)
            for order, question in enumerate(category.questions, start=1)
        ],
    }


def _attribute(question: Question, order: int, language: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "variable": question.variable,
        "code": question.id,
        "datatype": question.datatype,
        "required": question.required,
        "datatype_description": (_HOWTO[question.datatype] if question.variable else _READ_ONLY)[language],
        "order": order,
        "description": _label(question.labels, language),
    }
    if question.values:
        found["values"] = [
            {"key": key, "name": _label(labels, language)} for key, labels in question.values.items()
        ]
    return found


# Requests -----------------------------------------------------------------------------------------------------


def request(
    stored: Stored,
    city: City,
    language: str,
    *,
    extended: bool = False,
    photo: str = "",
    notes: Sequence[Update] | None = None,
) -> dict[str, Any]:
    """One public request, its words as `visibility.public_text` has them. What triage has not released shows that it
    is there, and nothing that was said.

    ``photo`` is the id of one that anybody may see; ``notes`` are its public acts, None where they were not read. The
    ``media_url`` that was posted is for staff, as another picture may stand there tomorrow; it is shown where nothing
    at all is read first (`unscreened`).
    """
    complaint = stored.complaint
    aside = stored.spoken or {}
    released = complaint.screening is Screening.RELEASED
    category = city.categories.get(complaint.category or "")
    pin = public_pin(complaint, city)
    # Where a home is coarsened on the map, the words for its address would give it away; and what triage took out of
    # the text may stand in the words for the place as well.
    says_where = released and category is not None and category.pin != "home" and not complaint.public_text
    area = city.areas.get(complaint.area or "")
    office = city.offices.get(complaint.office)
    due = next((clock.due for clock in foreseen(complaint, city) if clock.name == ClockName.RESOLUTION), None)
    found = {
        "service_request_id": complaint.code,
        "status": "open" if open311.is_open(complaint.status) else "closed",
        "status_notes": _status_notes(complaint, language),
        "service_name": _label(category.labels, language) if category else None,
        "service_code": category.id if category else None,
        "description": (public_text(complaint) or None) if released else None,
        "agency_responsible": office.name if office else None,
        "service_notice": None if released else _unread(complaint)[language],
        "requested_datetime": moment(complaint.filed_at, city),
        "updated_datetime": moment(max(complaint.updated_at, complaint.filed_at), city),
        "expected_datetime": moment(at, city) if (at := open311.expected(complaint, due)) else None,
        "address": _masked(aside.get("address")) if says_where else None,
        "address_id": _masked(aside.get("address_id")) if says_where else None,
        "zipcode": area.postal_code if area else None,
        "lat": pin.lat if pin else None,
        "long": pin.lon if pin else None,
        "media_url": _media(photo)
        if photo
        else (aside.get("media_url") if released and category is not None and category.unscreened else None),
    }
    if extended:
        found["extended_attributes"] = {
            "status": str(complaint.status),
            "kind": str(complaint.kind),
            "area_code": area.code if area else None,
            "area_name": area.name if area else None,
            "agency_code": complaint.office,
            "closed_datetime": moment(
                complaint.resolved_at or complaint.ended_at or complaint.updated_at, city
            )
            if not open311.is_open(complaint.status)
            else None,
        }
        found["attributes"] = _shown_answers(complaint, city, language)
    if extended and notes is not None:
        found["notes"] = [
            {
                "datetime": told["updated_datetime"],
                "status": told["status"],
                "description": told["description"],
            }
            for told in (update(each, city, language) for each in notes)
        ]
    return found


def filed(result: Filed, city: City, language: str) -> dict[str, Any]:
    """The answer to a post: an id, a token or neither, and what its reporter should know at once."""
    complaint = result.complaint
    says = []
    if numbers := to_call(complaint, city):
        told = ", ".join(city.emergency_numbers[key].number for key in numbers)
        says.append(_CALL[language].format(numbers=told))
    if complaint.private or complaint.sealed:
        says.append(_NOT_PUBLIC[language])
    elif complaint.screening is Screening.HELD:
        says.append(_READ_FIRST[language])
    found: dict[str, Any] = {}
    if result.token:
        found["token"] = result.token
    elif result.service_type is open311.ServiceType.REALTIME:
        found["service_request_id"] = complaint.code
    return {**found, "service_notice": " ".join(says) or None, "account_id": None}


def update(found: Update, city: City, language: str) -> dict[str, Any]:
    return {
        "update_id": found.id,
        "service_request_id": found.complaint.code,
        "status": open311.UPDATE_STATES.get(str(found.event.data.get("status")), "OPEN"),
        "updated_datetime": moment(found.event.at, city),
        "description": found.words or views.what(found.event, city, language),
        "media_url": _media(found.photo) if found.photo else None,
    }


def _media(photo: str) -> str:
    return f"{settings().base_url}{PATH}/media/{photo}.jpg"


def moment(at: datetime, city: City) -> str:
    """A moment on the city's clock, whole seconds, with its zone."""
    return at.astimezone(timezone(city.utc_offset)).isoformat(timespec="seconds")


def _unread(complaint: Complaint) -> Mapping[str, str]:
    """Why there are no words: nobody has read them yet, or somebody has and took them out of sight."""
    return _READ_FIRST if complaint.screening is Screening.HELD else _NOT_SHOWN


def _masked(words: str | None) -> str | None:
    return masked(words) if words else None


def _status_notes(complaint: Complaint, language: str) -> str:
    if complaint.merged is not None:
        return _MERGED[language]
    if complaint.outcome is Outcome.SILENCE:
        return _SILENT[language]
    return views.STATUS[complaint.status][language]


def _shown_answers(complaint: Complaint, city: City, language: str) -> list[dict[str, Any]]:
    category = city.categories.get(complaint.category or "")
    shown = open311.shown_answers(complaint, city)
    found = []
    for question in category.questions if category else ():
        if question.id in shown:
            value = shown[question.id]
            if question.values:
                keys = value if isinstance(value, list) else [value]
                value = ", ".join(
                    _label(question.values[key], language) for key in keys if key in question.values
                )
            found.append({"code": question.id, "label": _label(question.labels, language), "value": value})
    return found


def _label(labels: Label, language: str) -> str:
    return labels.get(language) or labels["id"]
