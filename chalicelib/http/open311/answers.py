"""Answers of Open311 in both formats, made of one value: JSON is the XML without its root (the wiki's convention).

A value is a mapping, a list, a text, a number, a boolean or None. XML has elements only; a list repeats one child.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from chalice.app import Response

from chalicelib.domain import errors
from chalicelib.domain.errors import Fault
from chalicelib.http import problems

TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
"""By extension, which alone decides."""
CHILDREN = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "attributes": "attribute",
    "notes": "note",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
MOST_BYTES = 5_000_000
"""A Lambda answers at most six megabytes, with its body as a text of JSON."""
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold (its Char production)."""

REASONS: Mapping[str, Mapping[str, str]] = {
    "required": {"id": "wajib diisi", "en": "is required"},
    "key_required": {
        "id": "wajib diisi dengan kunci yang berlaku untuk ini",
        "en": "is required: a key that is valid for this",
    },
    "not_this": {
        "id": "kunci ini hanya untuk permintaan yang dikirim dengannya, atau untuk kantornya sendiri",
        "en": "may only update requests that it filed, or that its office has",
    },
    "unknown_jurisdiction": {"id": "tidak dikenal; di sini: {ours}", "en": "is not known; here it is {ours}"},
    "unknown_service": {"id": "layanan tidak dikenal", "en": "no such service"},
    "unknown_request": {"id": "permintaan tidak ditemukan", "en": "no such request"},
    "unknown_token": {"id": "token tidak ditemukan", "en": "no such token"},
    "unknown_resource": {
        "id": "alamat tidak dikenal; akhiri dengan .json atau .xml",
        "en": "no such resource; it ends in .json or .xml",
    },
    "not_here": {"id": "metode ini tidak tersedia", "en": "takes no such method"},
    "no_form": {
        "id": "kirim application/x-www-form-urlencoded atau multipart/form-data",
        "en": "must be application/x-www-form-urlencoded or multipart/form-data",
    },
    "broken_form": {"id": "tidak dapat dibaca", "en": "cannot be read"},
    "form_large": {"id": "terlalu besar: paling banyak 4 MB", "en": "is too large: 4 MB at most"},
    "no_location": {
        "id": "isi lat dan long, atau address_string, atau address_id",
        "en": "give lat and long, or address_string, or address_id",
    },
    "half_location": {"id": "lat dan long selalu bersama", "en": "goes together with its other half"},
    "no_degrees": {
        "id": "harus angka desimal biasa antara {least} dan {most}",
        "en": "must be a plain decimal number between {least} and {most}",
    },
    "no_metres": {
        "id": "harus angka desimal biasa, dalam meter",
        "en": "must be a plain decimal number of metres",
    },
    "incomplete_circle": {
        "id": "lat, long dan radius selalu bersama",
        "en": "goes together with the others of lat, long and radius",
    },
    "no_date": {
        "id": "harus berupa waktu dengan zona, misalnya 2026-01-31T08:15:30+08:00",
        "en": "must be a moment with its zone, such as 2026-01-31T08:15:30+08:00",
    },
    "no_count": {"id": "harus bilangan bulat mulai dari 1", "en": "must be a whole number from 1 on"},
    "no_status": {"id": "harus open, closed atau open,closed", "en": "must be open, closed or open,closed"},
    "no_state": {
        "id": "harus berupa status, misalnya OPEN atau CLOSED",
        "en": "must be a state such as OPEN or CLOSED",
    },
    "span_long": {"id": "rentang paling lama 90 hari", "en": "the span is 90 days at most"},
    "span_upside_down": {"id": "harus setelah start_date", "en": "must not come before start_date"},
    "too_deep": {
        "id": "terlalu jauh: persempit tanggalnya (paling banyak {most} baris)",
        "en": "is too far: narrow the dates ({most} rows at most)",
    },
    "page_large": {
        "id": "jawaban terlalu besar: perkecil page_size",
        "en": "the answer is too large: ask for a smaller one",
    },
    "long_text": {"id": "paling banyak {most} huruf", "en": "takes at most {most} characters"},
    "one_value": {"id": "hanya satu nilai", "en": "takes one value"},
    "no_value": {
        "id": "{value} bukan pilihan; pilihannya: {choices}",
        "en": "{value} is no choice; choose from: {choices}",
    },
    "no_number": {"id": "harus berupa angka", "en": "must be a number"},
    "no_photo": {
        "id": "bukan foto JPEG, PNG, WebP, HEIC atau AVIF",
        "en": "is no photo (JPEG, PNG, WebP, HEIC or AVIF)",
    },
    "unknown_photo": {"id": "foto tidak ditemukan", "en": "no such photo"},
    "closed_for_this": {
        "id": "tidak cocok dengan keadaan permintaan sekarang",
        "en": "does not fit the state that the request is in",
    },
    "reused_id": {"id": "sudah dipakai untuk isi lain", "en": "was used for another update"},
    "unknown_scope": {"id": "bukan wewenang yang dikenal", "en": "is no known scope"},
    "elsewhere": {
        "id": "di luar {city}; wilayah: {whose}",
        "en": "lies outside {city}; ground of: {whose}",
    },
    "try_again": {"id": "sistem sedang sibuk, coba lagi", "en": "the system is busy, try again"},
    "too_many": {
        "id": "terlalu banyak; coba lagi {seconds} detik lagi",
        "en": "too many; try again in {seconds} seconds",
    },
    "our_fault": {"id": "ada gangguan pada sistem kami", "en": "something failed on our side"},
}
"""What can be wrong, in words; the name of the field stands before them."""


class Refused(Exception):
    """A refusal with all its reasons: pairs of a field's name and a reason."""

    def __init__(self, status: int, *faults: Fault, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {faults}")
        self.status = status
        self.faults = faults
        self.headers = dict(headers or {})


def answer(
    form: str,
    root: str,
    value: Mapping[str, Any] | Sequence[Any],
    status: int = 200,
    *,
    kept: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A value in the format asked for (``json`` or ``xml``); ``kept`` is how many seconds anybody may keep it."""
    text = xml(root, value) if form == "xml" else json_text(value)
    shown: dict[str, str | list[str]] = {
        "Content-Type": TYPES[form],
        "Cache-Control": f"public, max-age={kept}" if kept else "no-store",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Language",
        **(headers or {}),
    }
    return Response(text, shown, status)


def refusal(form: str, refused: Refused, language: str) -> Response:
    """The errors of the standard, each with the status as its code."""
    body = [{"code": str(refused.status), "description": said(fault, language)} for fault in refused.faults]
    return answer(form, "errors", body, refused.status, headers=refused.headers)


def said(fault: Fault, language: str) -> str:
    words = REASONS.get(fault.reason) or problems.REASONS[fault.reason]
    return f"{fault.field}: {words[language].format(**fault.values)}"


def of_rule(error: errors.DomainError) -> Refused:
    """What the rules of the city refuse, in the terms of the standard: what cannot be done is 400."""
    if isinstance(error, errors.Invalid):
        return Refused(400, *(_renamed(fault) for fault in error.faults))
    if isinstance(error, errors.NotAllowed):
        return Refused(403, Fault("api_key", "not_this"))
    if isinstance(error, errors.NotFound):
        return Refused(404, Fault("service_request_id", "unknown_request"))
    if isinstance(error, errors.TooMany):
        seconds = error.retry_after
        fault = Fault(_CAPPED.get(error.what, "api_key"), "too_many", {"seconds": seconds})
        return Refused(429, fault, headers={"Retry-After": str(seconds)})
    if isinstance(error, errors.KeyReused):
        return Refused(400, Fault("update_id", "reused_id"))
    if isinstance(error, errors.Passing):
        return Refused(503, Fault("server", "try_again"), headers={"Retry-After": "5"})
    return Refused(400, Fault("status", "closed_for_this"))


_CAPPED = {
    "file-person": "phone, email",  # one person's reports of a day, whoever sends them
    "file-day": "requests",
    "photo-day": "media",
    "message": "service_request_id",
}
"""What of a post a cap counts; all else is counted for the key."""
_FIELDS = {"place": "lat, long", "place.area": "lat, long", "text": "description", "category": "service_code"}


def _renamed(fault: Fault) -> Fault:
    if fault.reason == "outside_city":
        whose, city = fault.values["whose"], fault.values["city"]
        return Fault("lat, long", "elsewhere", {"whose": whose, "city": city})
    return Fault(_FIELDS.get(fault.field, fault.field), fault.reason, fault.values)


# Writing ------------------------------------------------------------------------------------------------------


def json_text(value: Any) -> str:
    return json.dumps(_clean(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def xml(root: str, value: Any) -> str:
    parts = ['<?xml version="1.0" encoding="utf-8"?>\n']
    _element(parts, root, _clean(value))
    return "".join(parts)


def fits(text: str) -> bool:
    """Whether a Lambda can answer it; its body is written as a text of JSON once more."""
    if len(text) < MOST_BYTES // 12:
        return True  # no character takes more than twelve bytes there
    return len(json.dumps(text)) <= MOST_BYTES


def _clean(value: Any) -> Any:
    """Without the characters that XML cannot hold, in both formats, so that they say the same."""
    if isinstance(value, str):
        return _ILLEGAL.sub("", value)
    if isinstance(value, Mapping):
        return {name: _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


def _element(parts: list[str], name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = [(CHILDREN[name], part) for part in value]
    else:
        text = _text(value)
        parts.append(f"<{name}>{text}</{name}>" if text else f"<{name}/>")
        return
    if not inner:
        parts.append(f"<{name}/>")
        return
    parts.append(f"<{name}>")
    for child, part in inner:
        _element(parts, child, part)
    parts.append(f"</{name}>")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A parser reads a bare carriage return as a line feed.
        return escape(value, {"\r": "&#13;"})
    return json.dumps(value)
