"""Photos: links to upload and to look, what became of each, and what triage decides. Bytes never pass through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import NotFound
from chalicelib.domain.people import Officer, reads_words
from chalicelib.domain.photos import MOST_BYTES, For, Photo, Shown, State
from chalicelib.http import forms, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import photos, reading, signin

routes = Blueprint(__name__)

WHY: Mapping[str, Mapping[str, str]] = {
    "not_a_picture": {
        "id": "Bukan foto JPEG, PNG, WebP, HEIC atau AVIF.",
        "en": "It is no JPEG, PNG, WebP, HEIC or AVIF photo.",
    },
    "too_many_pixels": {
        "id": "Fotonya terlalu besar; pakai ukuran foto biasa.",
        "en": "The picture is too large; take it at an ordinary size.",
    },
    "animated": {"id": "Gambar bergerak tidak diterima.", "en": "Moving pictures are not taken."},
    "broken": {
        "id": "Berkasnya rusak atau tidak utuh; kirim ulang.",
        "en": "The file is broken or cut off; please send it again.",
    },
    "disguised": {
        "id": "Berkas ini memuat isi lain selain foto.",
        "en": "The file holds something else besides a picture.",
    },
    "too_heavy": {
        "id": "Fotonya tidak dapat dibuka; pakai foto lain.",
        "en": "The picture could not be opened; please take another.",
    },
    "never_came": {"id": "Fotonya tidak pernah sampai.", "en": "The photo never arrived."},
}
SHOWN: Mapping[str, Mapping[str, str]] = {
    Shown.HELD: {
        "id": "Belum tampil untuk umum: menunggu ditinjau.",
        "en": "Not public yet: it waits for review.",
    },
    Shown.RELEASED: {"id": "Boleh tampil untuk umum.", "en": "May be shown in public."},
    Shown.HIDDEN: {"id": "Tidak ditampilkan untuk umum.", "en": "Not shown in public."},
}


# Links to upload --------------------------------------------------------------------------------------------------


@routes.route("/v1/photos", methods=["POST"])
@answers_problems
def post_photo() -> Response:
    """For a report that is being written, by anybody."""
    request = requests.current()
    kind, draft = forms.photo_link(requests.body(request), draft=True)
    return _asked(photos.ask_for_draft(draft, kind, client=requests.client(request), now=utc_now()))


@routes.route("/v1/photos/{photo}", methods=["GET"])
@answers_problems
def get_photo(photo: str) -> Response:
    """How an upload fared, until an act claims it, and the place that the camera wrote down, to be offered."""
    found = photos.state_of(photo[:40], now=utc_now())
    return views.answer(_fate(found, requests.language(requests.current())))


@routes.route("/v1/me/complaints/{code}/photos", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_own_photo(code: str) -> Response:
    """For the answer to the question that waits."""
    request = requests.current()
    who = requests.who(request)
    kind, _ = forms.photo_link(requests.body(request), draft=False)
    complaint = reading.own_case(requests.code(code), who).complaint
    return _asked(photos.ask_for_answer(complaint, who, kind, client=requests.client(request), now=utc_now()))


@routes.route("/v1/office/complaints/{code}/photos", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_proof(code: str) -> Response:
    """For the proof of a fix."""
    request = requests.current()
    officer = signin.officer(requests.who(request))
    kind, _ = forms.photo_link(requests.body(request), draft=False)
    complaint = reading.office_case(requests.code(code), officer).complaint
    return _asked(
        photos.ask_for_proof(complaint, officer, kind, client=requests.client(request), now=utc_now())
    )


# Links to look ----------------------------------------------------------------------------------------------------


@routes.route("/v1/complaints/{code}/photos", methods=["GET"])
@answers_problems
def get_public_photos(code: str) -> Response:
    """Released photos of a public case. Kept by nobody: each answer has links of its own."""
    complaint = reading.public_state(requests.code(code))
    return views.answer({"photos": public(complaint)})


@routes.route("/v1/me/complaints/{code}/photos", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_own_photos(code: str) -> Response:
    request = requests.current()
    complaint = reading.own_case(requests.code(code), requests.who(request)).complaint
    return views.answer({"photos": own(complaint, requests.language(request))})


@routes.route("/v1/office/complaints/{code}/photos", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_office_photos(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    complaint = reading.office_case(requests.code(code), officer).complaint
    return views.answer(office(complaint, officer, requests.language(request)))


# What triage decides ----------------------------------------------------------------------------------------------


@routes.route("/v1/office/complaints/{code}/photos/{photo}/release", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_photo_release(code: str, photo: str) -> Response:
    return _decided(
        code,
        photo,
        forms.nothing,
        lambda case, found, officer, said, **seen: photos.release(case, found, officer, **seen),
    )


@routes.route("/v1/office/complaints/{code}/photos/{photo}/hiding", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_photo_hiding(code: str, photo: str) -> Response:
    return _decided(code, photo, forms.why_hidden, photos.hide)


@routes.route("/v1/office/complaints/{code}/photos/{photo}/redaction", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_photo_redaction(code: str, photo: str) -> Response:
    return _decided(code, photo, forms.boxes, photos.redact)


# Views ------------------------------------------------------------------------------------------------------------


def public(complaint: Complaint) -> list[dict[str, Any]]:
    """What anybody sees: two sizes and which act it came with; no id, no hour, no place."""
    return [{"of": _side(photo), **_sizes(photo)} for photo in photos.of_public(complaint)]


def own(complaint: Complaint, language: str) -> list[dict[str, Any]]:
    """A reporter's photos with what became of each; of the office's proof what the public may see, and no more."""
    found = []
    for photo in photos.of_case(complaint):
        if photo.state is State.ERASED:
            continue
        fate = {**_fate(photo, language), **_screened(photo, language)}
        if photo.purpose is For.PROOF:
            fate = {"state": fate["state"]}
        shown = photo.purpose is not For.PROOF or photo.shown is Shown.RELEASED
        found.append({"of": _side(photo), **fate, **(_sizes(photo) if shown else {})})
    return found


def office(complaint: Complaint, officer: Officer, language: str) -> dict[str, Any]:
    """All of a case's photos for its officers, proofs beside what the reporter sent; none of a private case for who
    only watches it."""
    found = photos.of_case(complaint) if reads_words(officer, complaint, load(settings().city)) else []
    pairs, reused = photos.compared(found, complaint, officer)
    rows = []
    for photo in found:
        row = {
            "of": _side(photo),
            **_fate(photo, language),
            **_screened(photo, language),
            **_sizes(photo),
            "version": photo.version,
            "taken_at": photo.taken_at or None,
            "boxes": [dict(zip(("left", "top", "width", "height"), box, strict=True)) for box in photo.boxes],
            "log": [{"act": entry["act"], "at": entry["at"], "why": entry["why"]} for entry in photo.log],
            "original": photos.original(photo, complaint, officer) or None,
        }
        rows.append(row)
    return {
        "photos": rows,
        "pairs": [
            {
                "proof": pair.proof,
                "before": pair.before,
                "metres": pair.metres,
                "minutes": pair.minutes,
                "same_picture": pair.same_picture,
            }
            for pair in pairs
        ],
        "seen_before": [{"photo": one.photo, "code": one.code} for one in reused],
    }


def _side(photo: Photo) -> str:
    return "after" if photo.purpose is For.PROOF else "before"


def _fate(photo: Photo, language: str) -> dict[str, Any]:
    reason = {"code": photo.reason, "text": WHY[photo.reason][language]} if photo.reason else None
    place = {"lat": photo.place.lat, "lon": photo.place.lon} if photo.place else None
    return {"id": photo.id, "state": photo.state, "reason": reason, "place": place}


def _screened(photo: Photo, language: str) -> dict[str, Any]:
    if photo.state is not State.FIT:
        return {}
    return {
        "screening": {"state": photo.shown, "text": SHOWN[photo.shown][language], "reason": photo.why or None}
    }


def _sizes(photo: Photo) -> dict[str, Any]:
    """Links by size; none while the copies are being made."""
    links = photos.copies(photo)
    if not links:
        return {}
    return {
        size: {
            "webp": links[f"{size}.webp"],
            "jpeg": links[f"{size}.jpg"],
            "width": pixels[0],
            "height": pixels[1],
        }
        for size, pixels in (("large", photo.large), ("small", photo.small))
    }


def _asked(asked: photos.Asked) -> Response:
    body = {
        "id": asked.photo.id,
        "url": asked.upload.url,
        "fields": asked.upload.fields,
        "most_bytes": MOST_BYTES,
        "expires_at": asked.expires_at,
    }
    return views.answer(body, 201)


def _decided(
    code: str, photo: str, read: Callable[[dict[str, Any]], Any], do: Callable[..., Photo]
) -> Response:
    """One decision of an officer on a photo, over the version of the photo that they saw."""
    request = requests.current()
    officer = signin.officer(requests.who(request))
    said = read(requests.body(request))
    if not forms.is_photo(photo):
        raise NotFound(code)
    seen = {"if_match": requests.if_match(request), "now": utc_now()}
    after = do(requests.code(code), photo, officer, said, **seen)
    language = requests.language(request)
    body = {**_fate(after, language), **_screened(after, language), "version": after.version}
    return views.answer(body, 201, version=after.version)
