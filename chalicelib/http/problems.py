"""Errors as the world sees them: RFC 9457 problem details, in the language asked for, all faults at once.

docs/problems.md explains every slug; a test holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from chalice.app import Request, Response

from chalicelib.domain import errors
from chalicelib.observability import logger

F = TypeVar("F", bound=Callable[..., Response])

LANGUAGES = ("id", "en")
NAME_MOST = 200
"""Characters of one part of a path; the longest of ours, a secret of a link, has fewer than a hundred."""

TABLE: dict[type[errors.DomainError], tuple[int, str, dict[str, str]]] = {
    errors.Invalid: (
        422,
        "invalid",
        {"id": "Ada isian yang perlu diperbaiki.", "en": "Some fields need mending."},
    ),
    errors.NotFound: (404, "not-found", {"id": "Tidak ditemukan.", "en": "Not found."}),
    errors.Gone: (
        410,
        "gone",
        {
            "id": "Tautan ini tidak berlaku lagi: aduannya sudah bergerak ke langkah lain. Masuk untuk melihatnya.",
            "en": "This link is no longer good: the complaint has moved on. Sign in to see where it stands.",
        },
    ),
    errors.NotResponsible: (
        403,
        "not-responsible",
        {"id": "Aduan ini ditangani kantor lain.", "en": "Another office has this complaint."},
    ),
    errors.OwnWork: (
        403,
        "own-work",
        {
            "id": "Anda ikut mengerjakan aduan ini. Langkah ini perlu orang kedua.",
            "en": "You took part in the work on this complaint. This step needs a second person.",
        },
    ),
    errors.NotAllowed: (
        403,
        "not-allowed",
        {"id": "Anda tidak berhak melakukan ini.", "en": "You may not do this."},
    ),
    errors.OwnWork: (
        403,
        "own-work",
        {
            "id": "Anda ikut mengerjakan aduan ini. Langkah ini perlu orang kedua.",
            "en": "You took part in the work on this complaint. This step needs a second person.",
        },
    ),
    errors.NeedsHead: (
        403,
        "needs-head",
        {
            "id": "Jawaban di kantor ini dikirim oleh kepalanya. Siapkan rancangannya.",
            "en": "A head of this office sends its answers. Write a draft.",
        },
    ),
    errors.OpenTasks: (
        409,
        "open-tasks",
        {
            "id": "Masih ada tugas kantor lain yang terbuka. Tunggu jawabannya, atau batalkan dengan alasan.",
            "en": "Tasks of other offices are still open. Wait for their answers, or cancel them with a reason.",
        },
    ),
    errors.NoProof: (
        409,
        "no-proof",
        {
            "id": "Belum ada bukti perbaikan yang dapat dilihat, jadi belum dapat disetujui. Kembalikan dahulu.",
            "en": "There is no proof of the fix that can be seen, so it cannot be approved yet. Send it back for one.",
        },
    ),
    errors.IllegalMove: (
        409,
        "illegal-move",
        {
            "id": "Langkah ini tidak cocok dengan keadaan aduan sekarang.",
            "en": "This step does not fit the state the complaint is in.",
        },
    ),
    errors.QuestionClosed: (
        409,
        "question-closed",
        {
            "id": "Pertanyaan itu sudah tidak menunggu jawaban: sudah dijawab, diganti, atau waktunya habis. "
            "Buka aduan untuk melihat pertanyaan yang berlaku, atau kirim pesan.",
            "en": "That question no longer waits: it was answered, replaced, or its time is over. "
            "Open the complaint for the question that stands, or send a message.",
        },
    ),
    errors.AskedEnough: (
        409,
        "asked-enough",
        {
            "id": "Pelapor sudah cukup sering ditanya pada aduan ini. Silakan jawab atau selesaikan.",
            "en": "The reporter of this complaint was asked often enough. Please answer or solve it.",
        },
    ),
    errors.WindowClosed: (
        409,
        "window-closed",
        {"id": "Waktu untuk langkah ini sudah lewat.", "en": "The time for this step is over."},
    ),
    errors.StaleComplaint: (
        412,
        "stale",
        {
            "id": "Aduan ini baru saja diubah orang lain. Muat ulang, lalu coba lagi.",
            "en": "Somebody else has just changed this complaint. Load it again and retry.",
        },
    ),
    errors.KeyReused: (
        422,
        "idempotency-key-reused",
        {
            "id": "Idempotency-Key ini sudah dipakai untuk kiriman lain.",
            "en": "This Idempotency-Key was used for another request.",
        },
    ),
    errors.NotSignedIn: (
        401,
        "not-signed-in",
        {
            "id": "Kode, tautan atau sesi masuk ini tidak berlaku.",
            "en": "This code, link or sign-in is not valid.",
        },
    ),
    errors.Passing: (
        503,
        "try-again",
        {
            "id": "Sistem sedang sibuk. Silakan coba lagi sebentar.",
            "en": "The system is busy. Please try again soon.",
        },
    ),
    errors.TooMany: (
        429,
        "too-many",
        {"id": "Terlalu banyak percobaan. Coba lagi nanti.", "en": "Too many attempts. Try again later."},
    ),
}

PLAIN: dict[int, tuple[str, dict[str, str]]] = {
    # What the framework itself refuses, before any view of ours runs.
    400: ("bad-request", {"id": "Permintaan tidak dapat dibaca.", "en": "The request cannot be read."}),
    401: ("not-signed-in", {"id": "Anda perlu masuk.", "en": "You need to sign in."}),
    403: ("not-signed-in", {"id": "Anda perlu masuk.", "en": "You need to sign in."}),
    404: ("not-found", {"id": "Tidak ditemukan.", "en": "Not found."}),
    405: ("method-not-allowed", {"id": "Metode ini tidak tersedia.", "en": "This method is not available."}),
    413: ("too-large", {"id": "Kiriman terlalu besar.", "en": "The request is too large."}),
    415: (
        "unsupported-media-type",
        {
            "id": "Jenis kiriman ini tidak diterima; pakai JSON.",
            "en": "This content type is not taken; use JSON.",
        },
    ),
    428: (
        "version-required",
        {
            "id": "Sertakan If-Match dengan versi aduan yang Anda lihat.",
            "en": "Send If-Match with the version of the complaint that you saw.",
        },
    ),
    500: (
        "server-fault",
        {
            "id": "Ada gangguan pada sistem kami. Petugas sudah diberi tahu; silakan coba lagi.",
            "en": "Something failed on our side. Our people have been told; please try again.",
        },
    ),
}

REASONS: dict[str, dict[str, str]] = {
    "required": {"id": "wajib diisi", "en": "is required"},
    "reveal_reason": {
        "id": "tulis alasannya, sekurang-kurangnya 10 huruf",
        "en": "give the reason, at least 10 letters",
    },
    "pin_needed": {"id": "isi PIN Anda", "en": "enter your PIN"},
    "pin_choose": {
        "id": "pilih PIN enam angka; Anda memakainya setiap kali masuk",
        "en": "choose a PIN of six digits; you will use it whenever you sign in",
    },
    "pin_weak": {
        "id": "harus enam angka dan tidak mudah ditebak (bukan 111111 atau 123456)",
        "en": "must be six digits that are not easily guessed (not 111111 or 123456)",
    },
    "unknown_field": {"id": "tidak dikenal", "en": "is not known"},
    "not_yours": {"id": "tidak dapat Anda tentukan", "en": "is not yours to set"},
    "no_text": {"id": "harus berupa teks", "en": "must be text"},
    "no_number": {"id": "harus berupa angka", "en": "must be a number"},
    "no_whole_number": {"id": "harus berupa bilangan bulat", "en": "must be a whole number"},
    "no_boolean": {"id": "harus true atau false", "en": "must be true or false"},
    "no_object": {"id": "harus berupa objek", "en": "must be an object"},
    "no_list": {"id": "harus berupa daftar", "en": "must be a list"},
    "no_moment": {
        "id": "harus berupa waktu, misalnya 2026-11-21T09:30:00+08:00",
        "en": "must be a moment such as 2026-11-21T09:30:00+08:00",
    },
    "moment_far": {"id": "terlalu jauh dari hari ini", "en": "is too far from today"},
    "too_short": {"id": "paling sedikit {least} huruf", "en": "needs at least {least} characters"},
    "too_long": {"id": "paling banyak {most} huruf", "en": "takes at most {most} characters"},
    "out_of_range": {"id": "harus antara {least} dan {most}", "en": "must lie between {least} and {most}"},
    "bad_characters": {
        "id": "memuat huruf kendali yang tidak dapat disimpan",
        "en": "holds control characters that cannot be stored",
    },
    "not_a_choice": {"id": "harus salah satu dari: {choices}", "en": "must be one of: {choices}"},
    "no_phone": {
        "id": "bukan nomor ponsel; contoh 0812-3456-7890 atau +61 412 345 678",
        "en": "is no mobile number; for example 0812-3456-7890 or +61 412 345 678",
    },
    "no_email": {"id": "bukan alamat e-mail", "en": "is no e-mail address"},
    "no_address": {"id": "isi nomor ponsel atau e-mail", "en": "give a mobile number or an e-mail address"},
    "no_code": {
        "id": "bukan kode aduan; periksa lagi hurufnya",
        "en": "is no tracking code; check its letters",
    },
    "no_point": {"id": "bukan titik di bumi", "en": "is no point on earth"},
    "no_month": {"id": "harus berupa bulan, misalnya 2026-11", "en": "must be a month such as 2026-11"},
    "no_box": {
        "id": "harus barat,selatan,timur,utara dalam derajat",
        "en": "must be west,south,east,north in degrees",
    },
    "box_too_large": {"id": "terlalu luas; perkecil petanya", "en": "is too large; zoom in"},
    "no_words": {
        "id": "tidak berisi kata yang dapat dicari; nomor panjang dicari di isian nomor ponsel",
        "en": "has no word to look for; a long number is looked for in the field of the phone",
    },
    "until_before": {"id": "lebih awal dari tanggal mulainya", "en": "is before the first day"},
    "phone_not_kept": {"id": "tidak disimpan bersama saringan", "en": "is not saved with a filter"},
    "cases_number": {"id": "harus 1 sampai {most} laporan", "en": "must be 1 to {most} complaints"},
    "case_twice": {"id": "disebut dua kali", "en": "is named twice"},
    "filters_full": {
        "id": "sudah ada {most} saringan; hapus satu dulu",
        "en": "there are {most} filters already; delete one first",
    },
    "cursor_wrong": {"id": "bukan dari daftar ini", "en": "is not of this list"},
    "late_screening": {
        "id": "tidak berlaku untuk daftar tinjauan",
        "en": "does not fit the list of texts that wait for review",
    },
    "unknown_category": {"id": "kategori tidak dikenal", "en": "no such category"},
    "unknown_office": {"id": "kantor tidak dikenal", "en": "no such office"},
    "unknown_area": {"id": "wilayah tidak dikenal", "en": "no such area"},
    "unknown_hamlet": {"id": "lingkungan atau dusun tidak dikenal", "en": "no such neighbourhood"},
    "unknown_accused": {"id": "kantor atau wilayah tidak dikenal", "en": "no such office or area"},
    "unknown_question": {
        "id": "pertanyaan ini tidak ada pada kategori",
        "en": "the category has no such question",
    },
    "category_kind": {"id": "tidak untuk jenis kiriman ini", "en": "is not for this kind"},
    "place_required": {
        "id": "kategori ini perlu tempat: titik pada peta atau nama desa/kelurahan",
        "en": "this category needs a place: a point on the map or the name of the village",
    },
    "outside_city": {
        "id": "di luar {city}; wilayah: {whose}",
        "en": "lies outside {city}; ground of: {whose}",
    },
    "area_elsewhere": {
        "id": "tidak cocok dengan titiknya, yang ada di {area}",
        "en": "does not fit the point, which lies in {area}",
    },
    "hamlet_elsewhere": {"id": "tidak ada di desa/kelurahan itu", "en": "is not in that village"},
    "office_outside": {
        "id": "{office} bukan kantor kota; gunakan rujukan",
        "en": "{office} is no office of the city; refer instead",
    },
    "office_in_conflict": {"id": "aduan ini tentang kantor itu", "en": "the complaint is about that office"},
    "office_sheltered": {
        "id": "aduan kekerasan dan krisis jiwa tidak disampaikan kepada wilayah",
        "en": "violence and self-harm are given to no village or district",
    },
    "lower_first": {
        "id": "ini keadaan darurat: nyatakan dulu bukan darurat, dengan alasannya",
        "en": "this is an emergency: say first that it is none, and why",
    },
    "still_emergency": {
        "id": "kategori ini juga keadaan darurat; pilih kategori biasa",
        "en": "this category is an emergency too; choose an ordinary one",
    },
    "nothing_changed": {"id": "tidak ada yang berubah", "en": "nothing would change"},
    "origin_unknown": {
        "id": "asal ini tidak (lagi) diketahui untuk aduan itu: {kinds}",
        "en": "this is not, or no longer, known of that complaint: {kinds}",
    },
    "consent_old": {
        "id": "teks persetujuan sudah diperbarui; muat ulang formulir",
        "en": "the consent text has changed; load the form again",
    },
    "sure_required": {
        "id": "harus true: penghapusan tidak dapat dibatalkan",
        "en": "must be true: it cannot be undone",
    },
    "phone_only": {
        "id": "alamat kedua hanya di samping nomor telepon",
        "en": "a second address stands beside a phone only",
    },
    "office_same": {"id": "aduan sudah di kantor itu", "en": "the complaint is with that office already"},
    "office_returned": {
        "id": "{office} yang mengirim aduan ini, jadi tidak dapat dikembalikan ke sana; pilih kantor pemilah agar"
        " diputuskan",
        "en": "{office} sent this complaint, so it cannot go back there; choose the triage office, which decides",
    },
    "nothing_longer": {
        "id": "kategori ini tidak menjanjikan waktu yang lebih lama, atau janji lama sudah lewat; kosongkan",
        "en": "the category promises nothing later, or the old promise has passed; leave it empty",
    },
    "agency_unknown": {"id": "lembaga luar tidak dikenal", "en": "no such outside agency"},
    "unknown_case": {"id": "aduan tidak ditemukan", "en": "no such complaint"},
    "master_same": {"id": "itu aduan ini sendiri", "en": "is this very complaint"},
    "master_merged": {
        "id": "aduan itu sudah digabung dengan aduan lain; gabungkan dengan induknya",
        "en": "goes with another complaint already; merge with that one",
    },
    "master_hidden": {
        "id": "aduan itu tidak tampil untuk umum, jadi tidak dapat menjadi induk",
        "en": "is not shown in public, so nothing can be merged with it",
    },
    "master_later": {
        "id": "aduan itu dijanjikan selesai lebih lambat; gabungkan yang itu dengan aduan ini",
        "en": "is promised for later; merge that one with this one",
    },
    "master_over": {"id": "aduan itu sudah berakhir", "en": "is over already"},
    "agency_accused": {
        "id": "laporan ini tentang lembaga itu, jadi tidak dirujuk ke sana",
        "en": "the report is about that agency, so it is not the one to ask",
    },
    "mention_unknown": {
        "id": "hanya rekan sekantor yang boleh membaca aduan ini",
        "en": "only colleagues of the same office who may read the complaint",
    },
    "person_unknown": {
        "id": "hanya petugas kantor ini yang dapat dipilih",
        "en": "only somebody of this office can be named",
    },
    "delegate_away": {
        "id": "juga berhalangan pada hari-hari itu",
        "en": "is away on those days, too",
    },
    "day_closed": {
        "id": "bukan hari kerja kantor itu",
        "en": "is no working day of that office",
    },
    "too_many_tasks": {
        "id": "paling banyak {most} tugas untuk satu aduan; masih dapat {left} lagi",
        "en": "at most {most} tasks for one complaint; {left} more are possible",
    },
    "day_past": {"id": "sudah lewat", "en": "is past already"},
    "accusation_undecided": {
        "id": "putuskan dulu: apakah ini laporan tentang petugas?",
        "en": "decide first: is this about an officer?",
    },
    "accused_required": {"id": "sebutkan kantor yang dilaporkan", "en": "name the office it is about"},
    "bad_key": {
        "id": "harus 22 sampai 128 huruf, angka atau _-:.",
        "en": "must be 22 to 128 letters, digits or _-:.",
    },
    "no_day": {
        "id": "harus berupa tanggal, misalnya 2027-03-31",
        "en": "must be a date such as 2027-03-31",
    },
    "date_early": {
        "id": "harus setelah hari ini dan setelah janji semula",
        "en": "must lie after today and after the first promise",
    },
    "interim_required": {
        "id": "wajib diisi, karena ada bahaya: apa yang dilakukan sampai tanggal itu?",
        "en": "is required, as there is danger: what is done until that date?",
    },
    "unknown_reason": {"id": "alasan tidak dikenal", "en": "no such reason"},
    "proof_required": {
        "id": "wajib diisi: penyelesaian kategori ini disetujui orang kedua berdasarkan bukti",
        "en": "is required: a second person approves fixes of this category upon a proof",
    },
    "proof_either": {
        "id": "wajib diisi, atau kirim foto: orang kedua menyetujui penyelesaian kategori ini berdasarkan bukti",
        "en": "is required, or a photo: a second person approves fixes of this category upon a proof",
    },
    "proof_photo": {
        "id": "wajib ada: orang kedua menyetujui penyelesaian kategori ini berdasarkan foto",
        "en": "are required: a second person approves fixes of this category upon a photo",
    },
    "too_many_photos": {"id": "paling banyak {most} foto", "en": "takes at most {most} photos"},
    "too_many_boxes": {"id": "paling banyak {most} kotak", "en": "takes at most {most} boxes"},
    "photo_unknown": {
        "id": "foto tidak dikenal atau kedaluwarsa; kirim ulang fotonya",
        "en": "no such photo, or it was sent too long ago; please send it again",
    },
    "photo_used": {"id": "foto ini sudah dipakai", "en": "this photo has been used already"},
    "photo_refused": {
        "id": "foto ini tidak dapat diterima; hapus atau ganti",
        "en": "this photo could not be taken; leave it out or take another",
    },
    "consent_required": {
        "id": "persetujuan orang yang diwakili harus ada",
        "en": "the consent of the person must be given",
    },
}


DETAILS: dict[str, dict[str, str]] = {
    # What was wrong with a request as a whole, where no field can be named.
    "no_json": {
        "id": "Isi kiriman bukan JSON yang sah. NaN, Infinity dan susunan yang terlalu dalam juga ditolak.",
        "en": "The body is not valid JSON. NaN, Infinity and nesting that is too deep are refused, too.",
    },
    "name_twice": {
        "id": "Satu isian muncul dua kali dalam objek yang sama.",
        "en": "A field stands twice in the same object.",
    },
    "no_json_object": {
        "id": "Isi kiriman harus berupa objek JSON: {...}.",
        "en": "The body must be a JSON object: {...}.",
    },
    "body_large": {
        "id": "Isi kiriman paling besar 64 KB.",
        "en": "A body takes at most 64 KB.",
    },
    "no_version": {
        "id": 'If-Match harus berisi versi dari ETag, misalnya "3".',
        "en": 'If-Match must hold a version as in ETag, such as "3".',
    },
}


class Plain(Exception):
    """An HTTP-level refusal of our own (400, 413, 428), by status; ``detail`` is a name in DETAILS."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(f"{status} {detail}".strip())
        self.status = status
        self.detail = detail


def answers_problems(view: F) -> F:
    """Turn what a view raises into problem+json.

    A decorator of the view and not a middleware: Chalice's middleware never sees a view's exception, and CORS
    headers are put only on what a view returns.
    """
    from chalicelib.http import requests

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Response:
        request = requests.current()
        language = requests.language(request)
        try:
            return view(*args, **kwargs)
        except Plain as refusal:
            return plain(refusal.status, language, refusal.detail)
        except errors.DomainError as error:
            return problem(error, language)
        except Exception:  # noqa: BLE001  the last line before the citizen: logged in full, answered without a trace
            logger.exception("a view failed", extra={"route": request.path})
            return plain(500, language)

    return wrapped  # type: ignore[return-value]  # wraps keeps the view's signature


def problem(error: errors.DomainError, language: str) -> Response:
    """The answer to a rule's refusal."""
    kind = next(cls for cls in type(error).__mro__ if cls in TABLE)
    status, slug, titles = TABLE[kind]
    body: dict[str, Any] = _body(status, slug, titles[language])
    headers: dict[str, str] = {}
    if isinstance(error, errors.Invalid):
        body["errors"] = [
            {"field": fault.field, "code": fault.reason, "reason": reason(fault, language)}
            for fault in error.faults
        ]
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(error.retry_after)
    return _response(body, status, headers)


def plain(status: int, language: str, detail: str = "") -> Response:
    """The answer to what never reached a rule; ``detail`` is a name in DETAILS."""
    slug, titles = PLAIN.get(status) or PLAIN[400 if status < 500 else 500]
    body = _body(status, slug, titles[language])
    if detail:
        body["detail"] = DETAILS[detail][language]
    return _response(body, status, {})


def reason(fault: errors.Fault, language: str) -> str:
    return REASONS[fault.reason][language].format(**fault.values)


def reshape(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: give the framework's own refusals ({"Code", "Message"}) the shape of all others.

    What is longer than any name of ours is refused here, for every route, before it becomes a key of a table: DynamoDB
    takes no key over 2,048 bytes and says so by an error.
    """
    if any(len(str(name)) > NAME_MOST for name in (request.uri_params or {}).values()):
        response = Response({"Code": "NotFoundError", "Message": ""}, {}, 404)
    else:
        response = get_response(request)
    body = response.body
    if response.status_code < 400 or not isinstance(body, dict) or set(body) != {"Code", "Message"}:
        return response
    from chalicelib.http import html, requests

    if request.path.startswith("/open311/"):
        from chalicelib.http.open311 import routes

        return routes.refuse_for_framework(request, response)
    if not request.path.startswith("/v1/"):
        return html.framework_refusal(request, response)
    made = plain(response.status_code, requests.language(request))
    made.headers = {**response.headers, **made.headers}
    return made


def _body(status: int, slug: str, title: str) -> dict[str, Any]:
    return {"type": f"/problems/{slug}", "title": title, "status": status}


def _response(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **headers},
        status,
    )
