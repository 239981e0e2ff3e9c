"""How a case looks to whom: the public, its reporter, an office. What a view does not name, nobody sees.

The public view never differs with a token, and never holds a name, a phone, an exact point, an escalation level,
or a word of a text that triage has not released.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from chalice.app import Response

from chalicelib.domain import deskwork, outside, replies
from chalicelib.domain.appeals import rejected_by
from chalicelib.domain.asking import foreseen
from chalicelib.domain.city import CITY_SCOPE, WINDOWS, City
from chalicelib.domain.clock import Span, Unit
from chalicelib.domain.complaint import (
    FOR_TRIAGE,
    HIDDEN,
    MOVES,
    REPORTER,
    TOLD_AT,
    WHILE_MERGED,
    Alarm,
    Complaint,
    Event,
    Outcome,
    Screening,
    Status,
)
from chalicelib.domain.duplicates import is_shared, may_join
from chalicelib.domain.emergency import ALARM, DANGER, PAGED, TRIAGED, to_call, to_call_for
from chalicelib.domain.fitting import fits
from chalicelib.domain.geo import Located
from chalicelib.domain.handling import doers, may_call_back, solvers
from chalicelib.domain.moderation import FOR_MODERATORS, SHOWN_BEFORE, standing_acts
from chalicelib.domain.notices import reopening
from chalicelib.domain.outside import Answer
from chalicelib.domain.people import Act, Officer, allowed, reads_words, taker, works_at
from chalicelib.domain.personal import masked
from chalicelib.domain.reporting import asks_reopen, in_window
from chalicelib.domain.routing import Suggestion
from chalicelib.domain.scheduling import accepted, asked
from chalicelib.domain.service_level import INSIDE, ClockName
from chalicelib.domain.tracking import short
from chalicelib.domain.visibility import Card, public_pin, public_text
from chalicelib.usecases.duplicates import LINKED, Join, Joined, Links, may_judge
from chalicelib.usecases.intake import Filed
from chalicelib.usecases.nearby import Offer
from chalicelib.usecases.outside import Opened
from chalicelib.usecases.reading import Delivery, NextPost, Page, Stored, is_late

STATUS: Mapping[str, Mapping[str, str]] = {
    Status.RECEIVED: {"id": "Diterima", "en": "Received"},
    Status.ACKNOWLEDGED: {"id": "Dibaca petugas", "en": "Seen by the office"},
    Status.IN_PROGRESS: {"id": "Dikerjakan", "en": "In progress"},
    Status.REFERRED: {"id": "Dirujuk ke lembaga lain", "en": "Referred to another agency"},
    Status.REOPENED: {"id": "Dibuka lagi", "en": "Reopened"},
    Status.SCHEDULED: {"id": "Dijadwalkan", "en": "Scheduled"},
    Status.CONFIRMING: {"id": "Menunggu konfirmasi", "en": "Waiting for a second person"},
    Status.RESOLVED: {"id": "Dinyatakan selesai", "en": "Said to be solved"},
    Status.CLOSED: {"id": "Ditutup", "en": "Closed"},
    Status.REJECTED: {"id": "Tidak dilanjutkan", "en": "Declined"},
    Status.APPEALED: {"id": "Keberatan diperiksa", "en": "Under appeal"},
    Status.WITHDRAWN: {"id": "Dicabut pelapor", "en": "Withdrawn by the reporter"},
}

_NEXT: Mapping[str, Mapping[str, str]] = {
    Status.RECEIVED: {
        "id": "{office} akan menjawab paling lambat {due}.",
        "en": "{office} will answer by {due} at the latest.",
    },
    Status.ACKNOWLEDGED: {
        "id": "{office} sudah membaca dan akan menjawab atau menyelesaikan sebelum {due}.",
        "en": "{office} has seen it and will answer or solve it by {due}.",
    },
    Status.IN_PROGRESS: {
        "id": "{office} sedang mengerjakan. Janji selesai: {due}.",
        "en": "{office} is working on it. Promised: {due}.",
    },
    Status.REFERRED: {
        "id": "{office} meminta bantuan {agency} dan tetap bertanggung jawab menjawab Anda.",
        "en": "{office} asked {agency} and still owes you the answer.",
    },
    Status.REOPENED: {
        "id": "{office} mengerjakan ulang; pejabat satu tingkat di atas ikut diberi tahu.",
        "en": "{office} takes it up again; the level above has been told.",
    },
    Status.SCHEDULED: {
        "id": "{office} menjadwalkan penyelesaiannya {until}. Janji semula tetap tercatat.",
        "en": "{office} has set a new date, {until}. The first promise stays on record.",
    },
    Status.CONFIRMING: {
        "id": "{office} menyatakan selesai. Orang kedua memeriksanya paling lambat {due}.",
        "en": "{office} says it is solved. A second person looks at it by {due}.",
    },
    Status.RESOLVED: {
        "id": "Pelapor menilai, atau membukanya lagi sebelum {window}.",
        "en": "The reporter rates it, or reopens it before {window}.",
    },
    Status.CLOSED: {"id": "Tidak ada langkah lagi.", "en": "Nothing more to come."},
    Status.REJECTED: {"id": "Tidak ada langkah lagi.", "en": "Nothing more to come."},
    Status.APPEALED: {
        "id": "Pejabat satu tingkat di atas memutuskan keberatan pelapor paling lambat {due}.",
        "en": "One level up decides on the reporter's appeal by {due}.",
    },
    Status.WITHDRAWN: {"id": "Tidak ada langkah lagi.", "en": "Nothing more to come."},
}

_SILENT = {
    "id": "Ditutup karena tidak ada tanggapan; tidak dihitung sebagai selesai.",
    "en": "Closed as nobody answered; it does not count as solved.",
}

_EVENT: Mapping[Act, Mapping[str, str]] = {
    Act.FILE: {"id": "Aduan diterima.", "en": "Complaint received."},
    Act.EDIT: {"id": "Pelapor memperbaiki isinya.", "en": "The reporter mended the text."},
    Act.MESSAGE: {"id": "Pelapor menambah pesan.", "en": "The reporter added a message."},
    Act.RATE: {"id": "Pelapor memberi nilai {score} dari 5.", "en": "The reporter gave {score} of 5."},
    Act.REOPEN: {"id": "Pelapor membuka lagi aduan ini.", "en": "The reporter reopened it."},
    Act.WITHDRAW: {"id": "Pelapor mencabut aduan ini.", "en": "The reporter withdrew it."},
    Act.ACKNOWLEDGE: {"id": "{by} sudah membaca.", "en": "{by} has seen it."},
    Act.REPLY: {"id": "{by} menjawab.", "en": "{by} answered."},
    Act.START: {"id": "{by} mulai mengerjakan.", "en": "{by} started work."},
    Act.RESOLVE: {"id": "{by} menyatakan selesai.", "en": "{by} says it is solved."},
    Act.PASS_ON: {"id": "Dialihkan dari {from} ke {office}.", "en": "Passed from {from} to {office}."},
    Act.SORT: {"id": "Dipilah dan diteruskan ke {office}.", "en": "Sorted and sent to {office}."},
    Act.RELEASE: {"id": "Isi aduan ditampilkan untuk umum.", "en": "The text is public now."},
    Act.MODERATE: {
        "id": "Isi yang tampil untuk umum disunting.",
        "en": "What the public reads was edited.",
    },
    Act.REVERT: {
        "id": "Perubahan pada isi untuk umum dibatalkan.",
        "en": "A change to what the public reads was taken back.",
    },
    Act.TIGHTEN: {
        "id": "{by} membatasi siapa yang dapat melihat aduan ini atau kontak pelapor.",
        "en": "{by} narrowed who may see this complaint or its reporter's contact.",
    },
    Act.ERASE: {
        "id": "Isi dan data pelapor dihapus atas permintaannya.",
        "en": "The words and the reporter's data were erased on request.",
    },
    Act.HIDE: {"id": "Isi aduan tidak ditampilkan untuk umum.", "en": "The text is not shown in public."},
    Act.REJECT: {"id": "Tidak dapat dilanjutkan.", "en": "Declined."},
    Act.APPEAL: {
        "id": "Pelapor mengajukan keberatan: {post} memutuskan.",
        "en": "The reporter appealed: {post} decides.",
    },
    Act.UPHOLD: {"id": "Keberatan tidak dikabulkan.", "en": "The appeal was not granted."},
    Act.GRANT: {
        "id": "Keberatan dikabulkan: aduan dilanjutkan oleh {office}.",
        "en": "The appeal was granted: {office} goes on with it.",
    },
    Act.CONTINUE: {
        "id": "Kota melanjutkan penanganan ini atas prakarsa sendiri.",
        "en": "The city goes on with it by itself.",
    },
    Act.REFER: {"id": "Dirujuk ke {agency}.", "en": "Referred to {agency}."},
    Act.REVEAL: {"id": "{by} melihat kontak pelapor.", "en": "{by} looked up the reporter's contact."},
    Act.ESCALATE: {
        "id": "Batas waktu lewat: disampaikan kepada {post}.",
        "en": "Past its deadline: brought to {post}.",
    },
    Act.ACK_RUNG: {
        "id": "{post} sudah menerima penyampaian ini dan ikut memperhatikannya.",
        "en": "{post} has received it and is seeing to it.",
    },
    Act.CEILING: {
        "id": "{share}% waktu menurut aturan sudah terpakai; Sekretaris Daerah diberi tahu.",
        "en": "{share} % of the time that the law allows is used; the city secretary has been told.",
    },
    Act.WARN: {
        "id": "Pengingat: {share}% waktu sudah terpakai.",
        "en": "Reminder: {share} % of the time is used.",
    },
    Act.WAIT: {
        "id": "Penyampaian kepada {post} menunggu hari kerjanya.",
        "en": "Bringing it to {post} waits for their working day.",
    },
    Act.CONFIRM: {"id": "{by} memastikan keadaan darurat ini.", "en": "{by} confirmed the emergency."},
    Act.RAISE: {
        "id": "Ditangani sebagai keadaan darurat oleh {office}.",
        "en": "Handled as an emergency by {office}.",
    },
    Act.LOWER: {
        "id": "Bukan keadaan darurat: menjadi aduan biasa di {office}.",
        "en": "No emergency: an ordinary case with {office} now.",
    },
    Act.SCHEDULE: {
        "id": "{by} menetapkan tanggal baru: {until}. Janji semula {first}. {reason}.",
        "en": "{by} set a new date: {until}. The first promise was {first}. {reason}.",
    },
    Act.ASK_DATE: {
        "id": "{by} meminta tanggal baru {until} kepada Sekda. {reason}.",
        "en": "{by} asked the city secretary for a new date, {until}. {reason}.",
    },
    Act.GRANT_DATE: {
        "id": "Sekda menyetujui tanggal baru: {until}. Janji semula {first}. {reason}.",
        "en": "The city secretary allowed a new date: {until}. The first promise was {first}. {reason}.",
    },
    Act.DECLINE_DATE: {
        "id": "Sekda tidak menyetujui tanggal baru; janji semula berlaku.",
        "en": "The city secretary did not allow a new date; the first promise stands.",
    },
    Act.CLAIM: {
        "id": "{by} menyatakan selesai; orang kedua memeriksanya.",
        "en": "{by} says it is solved; a second person looks at it.",
    },
    Act.APPROVE: {
        "id": "Diperiksa dan disetujui orang kedua ({by}).",
        "en": "Checked and approved by a second person ({by}).",
    },
    Act.SEND_BACK: {
        "id": "Orang kedua belum menyetujui: dikerjakan lagi.",
        "en": "The second person did not approve: the work goes on.",
    },
    Act.LAST_CALL: {
        "id": "Pelapor diminta kabar: sudah beres atau belum?",
        "en": "The reporter was asked: is it solved or not?",
    },
    Act.AWAIT: {
        "id": "Pelapor tidak dapat ditanya, jadi orang kedua diminta memeriksa.",
        "en": "The reporter cannot be asked, so a second person is to look at it.",
    },
    Act.AGREE: {"id": "Pelapor menyatakan sudah beres.", "en": "The reporter says that it is solved."},
    Act.CLOSE: {
        "id": "Ditutup karena tidak ada tanggapan pelapor.",
        "en": "Closed, as the reporter stayed silent.",
    },
    Act.ASK: {
        "id": "{by} bertanya kepada pelapor dan menunggu jawaban sampai {until}.",
        "en": "{by} asked the reporter and waits for an answer until {until}.",
    },
    Act.MERGE: {
        "id": "{by} menggabungkannya dengan aduan lain tentang hal yang sama.",
        "en": "{by} merged it with another complaint about the same.",
    },
    Act.UNMERGE: {
        "id": "Penggabungan dibatalkan; aduan ini berjalan sendiri dengan batas waktunya semula.",
        "en": "No longer merged: it goes on by itself, with its own deadlines as before.",
    },
    Act.ANSWER: {"id": "Pelapor menjawab pertanyaan.", "en": "The reporter answered the question."},
    Act.RESUME: {
        "id": "Jeda selesai; pertanyaan masih menunggu jawaban.",
        "en": "The pause is over; the question still waits.",
    },
    Act.NOTE: {"id": "Catatan internal {by}.", "en": "An internal note of {by}."},
    Act.UNDO: {
        "id": "{by} membatalkan langkah sebelumnya; semua kembali seperti semula, juga batas waktunya.",
        "en": "{by} took the step before back; all is as it was, the deadlines too.",
    },
    Act.INSTRUCT: {"id": "Disposisi di {by}.", "en": "An instruction within {by}."},
    Act.TAKE: {
        "id": "Disposisi di {by} sudah diterima petugasnya.",
        "en": "The person at {by} has it.",
    },
    Act.REMIND: {"id": "Pengingat batas internal.", "en": "A reminder of an internal due date."},
    Act.DRAFT: {
        "id": "{by} menyiapkan rancangan jawaban.",
        "en": "{by} has drafted an answer.",
    },
    Act.RETURN_DRAFT: {
        "id": "Rancangan jawaban di {by} dikembalikan.",
        "en": "The draft answer at {by} was returned.",
    },
    Act.SPLIT: {"id": "{by} membagi tugas kepada {offices}.", "en": "{by} gave tasks to {offices}."},
    Act.TASK_REPLY: {
        "id": "Tugas {task}: {by} menjawab {answer}.",
        "en": "Task {task}: {by} answered {answer}.",
    },
    Act.CANCEL_TASK: {
        "id": "Tugas {task} untuk {part_of} dibatalkan {by}.",
        "en": "{by} cancelled task {task} of {part_of}.",
    },
    Act.AGENCY_REPLY: {"id": "{by} menjawab rujukan:", "en": "{by} answered the referral:"},
    Act.AGENCY_RETURN: {"id": "{by} menjawab rujukan:", "en": "{by} answered the referral:"},
}

_AGENCY_SAYS: Mapping[str, Mapping[str, str]] = {
    Answer.DONE: {"id": "sudah dikerjakan.", "en": "it is done."},
    Answer.WILL_DO: {
        "id": "akan dikerjakan paling lambat {day}.",
        "en": "it will be done by {day} at the latest.",
    },
    Answer.NOT_OURS: {"id": "bukan kewenangannya.", "en": "it is not theirs to do."},
}
_TASK_SAYS: Mapping[str, Mapping[str, str]] = {
    "done": {"id": "selesai", "en": "done"},
    "cannot": {"id": "tidak dapat", "en": "cannot"},
}
_FOR = {"id": "Atas nama {who}.", "en": "On behalf of {who}."}
_AWAY = {"id": "petugas yang berhalangan", "en": "a colleague who is away"}
_BACK = {
    "id": "Kembali ke {office} untuk diperiksa dan dijawab.",
    "en": "It is with {office} again, to look and to answer.",
}

_NEARBY = {
    "id": "Pelapor lain di dekatnya menyampaikan hal yang sama: pos darurat {office} diberi tahu.",
    "en": "Another reporter nearby says the same: the emergency post {office} was told.",
}
_CALLED_BACK = {
    "id": "{by} melihat nomor telepon pelapor untuk menelepon balik.",
    "en": "{by} looked up the reporter's number to call back.",
}
_UNMASKED = {
    "id": "{by} melihat identitas pelapor yang disembunyikan; alasannya tercatat.",
    "en": "{by} saw who the reporter is, who stays hidden; the reason is on record.",
}
NO_CALL: Mapping[str, str] = {
    "id": "Laporan ini bukan panggilan darurat. Bila ada bahaya sekarang, telepon {number}.",
    "en": "This report is no emergency call. If there is danger now, call {number}.",
}
CALL_BACK: Mapping[str, str] = {
    "id": "Petugas piket dapat melihat nomor Anda untuk menelepon balik, dan Anda diberi tahu.",
    "en": "The duty officer may see your number to call you back, and you are told.",
}
_ALARM: Mapping[str, Mapping[str, str]] = {
    "triage": {"id": "Menunggu pemeriksaan pemilah", "en": "Waits for triage"},
    "unverified": {"id": "Belum dipastikan", "en": "Unverified"},
    "confirmed": {"id": "Sudah dipastikan", "en": "Confirmed"},
}
_REMINDED = {
    "id": "Batas waktu lewat: petugas diingatkan lagi.",
    "en": "Past its deadline: the officers were reminded.",
}
_UNANSWERED = {
    "id": "Belum ada jawaban pelapor; kantor melanjutkan penanganan.",
    "en": "No reaction by the reporter; the office goes on.",
}
_REOPENED_BY_MANY = {
    "id": "{joined} orang lain menyatakan belum beres: aduan dibuka lagi.",
    "en": "{joined} other people say that it is not solved: reopened.",
}
_ANSWERED_WITH = {
    "id": "Dijawab bersama aduan lain tentang hal yang sama.",
    "en": "Answered together with another complaint about the same.",
}
_MERGED = {
    "id": "Aduan ini digabung dengan aduan lain tentang hal yang sama; jawabannya berlaku juga untuk aduan ini.",
    "en": "It goes with another complaint about the same; what is answered there is answered here.",
}
_NO_PAUSE = {"id": "Batas waktu tetap berjalan.", "en": "The deadline runs on."}
_PAUSED = {
    "id": "Jeda {long}: batas penyelesaian bergeser menjadi {due}.",
    "en": "Paused for {long}: the promise to solve is now {due}.",
}
_PAUSED_LATE = {
    "id": "Jeda {long}: batas penyelesaian tidak bergeser.",
    "en": "Paused for {long}: the promise to solve stays where it was.",
}
_WORKING = {"id": " kerja", "en": " of working time"}
_WAITING = {
    "id": "{office} menunggu jawaban pelapor sampai {until}.",
    "en": "{office} waits for the reporter's answer until {until}.",
}
_WAITING_PAUSED = {
    "id": "Selama itu batas penyelesaian berhenti, paling lama menjadi {due}.",
    "en": "Until then the promise to solve is paused; it moves to {due} at the latest.",
}
_WAITING_LATE = {
    "id": "Batas penyelesaian yang sudah lewat tidak bergeser.",
    "en": "The promise to solve, which is past already, does not move.",
}
_COORDINATED = {
    "id": "Batas waktu lewat: dikoordinasikan dengan {post}; {office} tetap yang menangani.",
    "en": "Past its deadline: coordinated with {post}; {office} still sees to it.",
}
_APPEAL_ROSE = {
    "id": "Keberatan belum diputuskan: disampaikan kepada {post}.",
    "en": "The appeal is not decided: brought to {post}.",
}
_REDO_ROSE = {
    "id": "Dibuka lagi: disampaikan kepada {post}.",
    "en": "Reopened: brought to {post}.",
}
_ROSE: Mapping[str, Mapping[str, str]] = {
    ClockName.HANDOVER: {
        "id": "Belum ditanggapi sejak diteruskan: disampaikan kepada {post}.",
        "en": "Not taken up since it was given to the office: brought to {post}.",
    },
    ClockName.REFERRAL: {
        "id": "Rujukan belum dijawab: disampaikan kepada {post}.",
        "en": "The referral is unanswered: brought to {post}.",
    },
    ClockName.APPEAL: _APPEAL_ROSE,
    ClockName.REDO: _REDO_ROSE,
    ClockName.ALARM: {
        "id": "Keadaan darurat belum ditandai: disampaikan kepada {post}.",
        "en": "The emergency was not acknowledged: brought to {post}.",
    },
}
_MAY_APPEAL = {
    "id": "Pelapor dapat mengajukan keberatan satu kali, sampai {window}.",
    "en": "The reporter may appeal once, until {window}.",
}
_GOES_ON = {
    "id": "Kota melanjutkan. Anda tidak perlu melakukan apa-apa; identitas Anda tidak ditampilkan kepada siapa pun.",
    "en": "The city goes on. You need not do anything; nobody is shown who you are.",
}
_DECIDES = {
    "id": "Dialihkan dari {from}: {office} memutuskan siapa yang menangani.",
    "en": "Passed on by {from}: {office} decides who sees to it.",
}
_LATER = {
    "id": "Selesai paling lambat menjadi {due}, semula {was}.",
    "en": "To be solved by {due} at the latest, at first by {was}.",
}
_PAST_LADDER = {
    "id": "Semua tingkat sudah diberi tahu: aduan ini ditandai melewati batas waktu.",
    "en": "Every level has been told: this complaint is marked as past its deadline.",
}
_BECAME = {
    PAGED: {
        "id": "Kata-katanya berarti bahaya: sekarang darurat, ditangani {office}.",
        "en": "Its words mean danger: an emergency now, handled by {office}.",
    },
    TRIAGED: {
        "id": "Kata-katanya berarti bahaya: diperiksa lebih dahulu oleh petugas penerima aduan.",
        "en": "Its words mean danger: triage looks at it first.",
    },
}
"""What the reporter's later words made of the case."""
_SPOKE_OF_DANGER = {
    "id": "Kata-katanya berarti bahaya; pelapor diminta menelepon {number}.",
    "en": "Its words mean danger; the reporter was asked to call {number}.",
}
_ALL_TOLD = {
    "id": "Semua tingkat sudah diberi tahu; belum ada yang menyatakan menerima.",
    "en": "Every level has been told; nobody has acknowledged it yet.",
}
_MARKED = {"id": "Melewati batas waktu", "en": "Past its deadline at every level"}
_THEM = {"id": "Kantor", "en": "The office"}
_AGENCY = {"id": "lembaga lain", "en": "another agency"}
_UNSAID = {"id": "Pelapor tahu alasannya", "en": "The reporter knows why"}
"""Stand-ins where a name would tell too much."""
INTERNAL = frozenset({Act.WARN, Act.WAIT, Act.NOTE, Act.ASK_DATE, Act.DECLINE_DATE}) | deskwork.ACTS
_INSIDE = frozenset(str(name) for name in INSIDE)
"""What is told inside the city only: neither the public nor the reporter reads it."""
BETWEEN_COLLEAGUES = frozenset({Act.CLAIM, Act.SEND_BACK})
"""Whose sentence stays inside: what a second person has not approved yet is not told, and why not is for the doer."""
_PUBLIC_ACTS = (
    frozenset(Act) - {Act.REVEAL, Act.HIDE, Act.TIGHTEN, Act.EDIT, Act.MESSAGE} - FOR_MODERATORS - INTERNAL
)
_HELD = {"id": "sedang ditinjau sebelum tampil", "en": "under review before it is shown"}


def answer(
    body: Mapping[str, Any],
    status: int = 200,
    *,
    version: int | None = None,
    private: bool = True,
    kind: str = "application/json",
) -> Response:
    """JSON, with the version as ETag where there is one. Private answers are never kept by anybody on the way."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": kind,
        "Cache-Control": "no-store" if private else "public, max-age=15",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Language",
    }
    if version is not None:
        headers["ETag"] = f'"{version}"'
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Response(text, headers, status)


def filed(
    result: Filed, city: City, language: str, base_url: str, *, with_key: bool = True
) -> dict[str, Any]:
    """The answer to a report: its code, its key, who has it, and what is promised by when.

    Without ``with_key`` the reporter's key is left out: whoever files for somebody does not get it.
    """
    complaint = result.complaint
    key = {"secret": result.secret, "own": f"{base_url}/k/{short(complaint.code)}/{result.secret}"}
    numbers = to_call(complaint, city)
    body = {
        # First of all, for whoever reads no further.
        **(
            {"emergency": call(numbers, city, language) | alarm(complaint, city, language)} if numbers else {}
        ),
        **common(complaint, city, language),
        "office": None if complaint.sealed else _office(complaint.office, city),
        "promised": promises(complaint),
        "reopens_on": _reopens_on(complaint, city),
        "secret": key["secret"] if with_key else None,
        "links": {
            "public": f"{base_url}/l/{short(complaint.code)}",
            "own": key["own"] if with_key else None,
        },
        "screening": _screening(complaint, language),
    }
    if result.located is not None and len(result.located.candidates) > 1:
        body["area_candidates"] = [_area(code, city) for code in result.located.candidates]
    return body


def call(keys: tuple[str, ...], city: City, language: str) -> dict[str, Any]:
    """Whom to call instead of writing, the right number first: one tap each (``tel:``)."""
    numbers = [city.emergency_numbers[key] for key in keys]
    lines = [
        {"number": n.number, "label": _label(n.labels, language), "tel": f"tel:{n.number}"} for n in numbers
    ]
    return {**lines[0], "notice": NO_CALL[language].format(number=numbers[0].number), "others": lines[1:]}


def alarm(complaint: Complaint, city: City, language: str) -> dict[str, Any]:
    """How far an emergency has come: with triage, unverified at its post, or confirmed. None of an ordinary case."""
    key = complaint.emergency(city)
    if key is None:
        return {"state": None, "state_text": "", "callback_notice": ""}
    waits = complaint.alarm is Alarm.WAITS or complaint.sealed
    name = "triage" if waits else "confirmed" if complaint.alarm is Alarm.CONFIRMED else "unverified"
    told = CALL_BACK[language] if may_call_back(complaint, city) else ""
    return {"state": name, "state_text": _ALARM[name][language], "callback_notice": told}


def _danger(
    complaint: Complaint, officer: Officer, city: City, language: str, following: NextPost | None
) -> dict[str, Any] | None:
    """What the desk of an emergency needs first: the post's number, whether somebody has it, and who hears next."""
    key = complaint.emergency(city)
    if key is None:
        return None
    number = city.emergency_numbers[key]
    calls = may_call_back(complaint, city) and allowed(officer, Act.CONFIRM, complaint, city)
    dial = [{"label": _label(number.labels, language), "number": number.number}]
    if following is not None:
        title = post_title(following.post, city)
        dial += [{"label": title, "number": phone} for phone in following.phones]
    return {
        "danger": key,
        **alarm(complaint, city, language),
        "acknowledged": complaint.open and complaint.alarmed(city) and not complaint.unheard,
        "call_back": calls or (complaint.identity_shown and complaint.citizen is not None),
        "refer_to": number.refers_to,
        "next_post": post_title(following.post, city) if following else None,
        "dial": dial,
    }


def suggestions(
    found: Iterable[Suggestion], numbers: tuple[str, ...], city: City, language: str
) -> dict[str, Any]:
    """Categories that a text points to, and whom to call where it speaks of danger."""
    said = [{"category": s.category, "score": s.score, "sure": s.sure, "words": list(s.words)} for s in found]
    return {"emergency": call(numbers, city, language) if numbers else None, "suggestions": said}


def nearby(offers: Iterable[Offer], city: City, language: str, now: datetime) -> dict[str, Any]:
    """Open cases to join: what the public list shows of each, how far its pin is, and how many have joined."""
    return {
        "complaints": [
            {**card(offer.card, city, language, now), "distance_m": offer.metres, "joined": offer.joined}
            for offer in offers
        ]
    }


def joined(result: Joined, language: str, base_url: str) -> dict[str, Any]:
    """The answer to a join; without a key where it goes to the person alone, by message."""
    own_link = f"{base_url}/j/{short(result.complaint.code)}/{result.secret}" if result.secret else None
    return {
        "code": result.complaint.code,
        "status": result.complaint.status,
        "status_text": STATUS[result.complaint.status][language],
        "joined": result.joined,
        "secret": result.secret,
        "links": {"public": f"{base_url}/l/{short(result.complaint.code)}", "own": own_link},
    }


def joined_case(
    stored: Stored, join: Join, city: City, language: str, now: datetime, *, links: Links
) -> dict[str, Any]:
    """What anybody may know of the case, and what somebody who joined may say of it now."""
    return {
        **public(stored, city, language, now, links=links),
        "joined_at": join.joined_at,
        "own_rating": join.rating,
        "own_case": join.own_case,
        "may": sorted(may_judge(stored.complaint, join, now)),
    }


def public(
    stored: Stored, city: City, language: str, now: datetime, *, links: Links | None = None
) -> dict[str, Any]:
    """What anybody may know. A private or sealed case shows its state and promises and nothing else."""
    complaint = stored.complaint
    body = common(complaint, city, language)
    body["timeline"] = [
        line for event in stored.history if (line := _public_line(event, complaint, city, language))
    ]
    body["promised"] = promises(complaint, stored.history)
    body["overdue"] = complaint.late(now)
    body["marked"] = _marked(complaint.marked_overdue, language)
    body["next_step"] = _next_step(complaint, city, language, bare=complaint.private)
    body["question"] = _question(complaint, city)
    if complaint.private or complaint.sealed or complaint.status is Status.WITHDRAWN:
        body["category"] = body["area"] = None
        return body
    if is_shared(complaint):
        body["joined"] = stored.joined
        body["may_join"] = may_join(complaint)
        body["merged_with"] = links.master if links else None
    body["office"] = _office(complaint.office, city)
    body["screening"] = _screening(complaint, language)
    unread = complaint.screening is not Screening.RELEASED
    body["schedule"] = schedule(accepted(stored.history), city, language, hidden=unread)
    if complaint.screening is Screening.RELEASED:
        pin = public_pin(complaint, city)
        body["text"] = public_text(complaint)
        body["point"] = {"lat": pin.lat, "lon": pin.lon} if pin else None
        body["rating"] = complaint.rating
    return body


def state(
    complaint: Complaint, city: City, language: str, now: datetime, *, public: bool = False
) -> dict[str, Any]:
    """Where it stands, in a line; for the public without the office of a private case, which tells what it is about."""
    return {
        "code": complaint.code,
        "status": complaint.status,
        "status_text": STATUS[complaint.status][language],
        "next_step": _next_step(complaint, city, language, bare=public and complaint.private),
        "overdue": complaint.late(now),
        "marked": _marked(complaint.marked_overdue, language),
        "updated_at": complaint.updated_at,
    }


def said(text: str, complaint: Complaint, city: City, language: str, now: datetime) -> dict[str, Any]:
    """Where it stands after the reporter said something; whom to call first of all, where those words mean danger."""
    body = state(complaint, city, language, now)
    numbers = to_call_for(text, city)
    if not numbers:
        return body
    return {"emergency": call(numbers, city, language) | alarm(complaint, city, language), **body}


def own(
    stored: Stored, city: City, language: str, now: datetime, *, links: Links | None = None
) -> dict[str, Any]:
    """Everything the reporter said and everything that was done, with what the reporter may do now."""
    complaint, links = stored.complaint, links or Links()
    return {
        **common(complaint, city, language),
        "emergency": call(numbers, city, language) | alarm(complaint, city, language)
        if (numbers := to_call(complaint, city, stored.history)) and complaint.open
        else None,
        "text": complaint.text,
        "place": _place(complaint),
        "answers": dict(complaint.answers),
        "identity": "shown" if complaint.identity_shown else "hidden",
        "publication": "private" if complaint.private else "public",
        "share_with_agency": outside.may_share(stored.history),
        "office": None if complaint.sealed else _office(complaint.office, city),
        "promised": promises(complaint, stored.history),
        "reopens_on": _reopens_on(complaint, city, now),
        "overdue": complaint.late(now),
        "marked": _marked(complaint.marked_overdue, language),
        "ombudsman": _ombudsman(city) if complaint.for_ombudsman else None,
        "level": complaint.level,
        "next_step": _next_step(complaint, city, language),
        "question": _question(complaint, city, stored.history),
        "joined": stored.joined,
        "merged_with": links.master,
        "recurs": links.recurs,
        "follows": links.follows,
        "screening": _screening(complaint, language),
        "timeline": [
            _own_line(event, complaint, city, language)
            for event in stored.history
            if not is_internal(event) and not is_yet_to_be_told(event, now)
        ],
        "schedule": schedule(accepted(stored.history), city, language),
        "closes_at": complaint.closing(city) if complaint.status is Status.RESOLVED else None,
        "rating": complaint.rating,
        "ask_reopen": asks_reopen(complaint, city, now),
        "continued": _GOES_ON[language] if _continued(complaint, stored.history) else "",
        "may": sorted(_reporter_may(complaint, city, now)),
        "version": complaint.version,
    }


def office(
    stored: Stored,
    officer: Officer,
    city: City,
    language: str,
    now: datetime,
    sent: Iterable[Delivery] = (),
    following: NextPost | None = None,
    *,
    links: Links | None = None,
    link: str | None = None,
) -> dict[str, Any]:
    """A case for those who handle it. A hidden reporter is a placeholder; to see a shown one's contact is an act.

    ``link`` is the one for the agency outside that has been asked, where this officer may hand it over.
    """
    complaint, links, sent = stored.complaint, links or Links(), list(sent)
    triage = allowed(officer, Act.SORT, complaint, city)
    whole = reads_words(officer, complaint, city)
    return {
        **common(complaint, city, language),
        "emergency": _danger(complaint, officer, city, language, following),
        "withheld": not whole,
        "text": complaint.text if whole else "",
        "place": _place(complaint) if whole else _NO_PLACE,
        "answers": dict(complaint.answers) if whole else {},
        "reporter": {
            "known": complaint.citizen is not None,
            "contact": _contact(complaint, officer, city),
            "share_with_agency": outside.may_share(stored.history),
        },
        "publication": "private" if complaint.private else "public",
        "office": _office(complaint.office, city),
        "accusation": {
            "sealed": complaint.sealed,
            "about": complaint.accused,
            "words": complaint.accused_words,
        }
        if complaint.sealed or complaint.accused
        else None,
        "suggested": list(complaint.suggested),
        "suggested_agency": outside.suggested_agency(complaint, city),
        "referral": _referral(stored, city, sent, link),
        "promised": promises(complaint, stored.history),
        "schedule": schedule(accepted(stored.history), city, language),
        "asked_date": schedule(asked(stored.history), city, language),
        "overdue": complaint.late(now),
        "marked": _marked(complaint.marked_overdue, language),
        "ceiling": _ceiling(complaint),
        "level": complaint.level,
        "question": _question(complaint, city, stored.history),
        "unanswered": complaint.asked.unanswered,
        "joined": stored.joined,
        "merged_with": links.master,
        "merged": list(links.merged),
        "recurs": links.recurs,
        "follows": links.follows,
        "screening": _screening(complaint, language),
        "timeline": [_staff_line(event, complaint, city, language, officer) for event in stored.history],
        "rating": complaint.rating,
        "rating_words": complaint.rating_words
        if whole and (triage or not _accusing_rating(stored.history))
        else "",
        "messages": [
            {
                "template": d.notice.template,
                "channel": d.notice.channel,
                "state": d.state,
                "at": d.notice.created_at,
            }
            for d in sent
        ],
        "may": sorted(
            act
            for act, (allowed_from, _) in {**MOVES, Act.RELEASE_DRAFT: MOVES[Act.REPLY]}.items()
            if complaint.status in allowed_from
            and allowed(officer, act, complaint, city)
            and act is not Act.UNDO  # offered where many were acted on at once, and for minutes only
            and fits(act, complaint, stored.history, officer, city)
            and (act is not Act.PASS_ON or complaint.sorted)
            and (act is not Act.ASK or complaint.asked.number < city.asking.times)
            and (
                act is not Act.CONFIRM or (complaint.alarmed(city) and complaint.alarm is not Alarm.CONFIRMED)
            )
            and (act is not Act.RAISE or not (complaint.alarmed(city) or complaint.sealed))
            and (act is not Act.LOWER or (complaint.emergency(city) is not None and not complaint.sealed))
            and (
                act in WHILE_MERGED - {Act.UNMERGE} or (complaint.merged is not None) == (act is Act.UNMERGE)
            )
            and (act is not Act.MERGE or _may_go_with(stored, city))
            and (act is not Act.ACK_RUNG or complaint.clocks.owed_by([d.post for d in officer.duties]))
            and (act is not Act.APPROVE or _may_approve(stored, officer))
            and (act is not Act.REVERT or standing_acts(stored.history))
            and (act is not Act.MODERATE or not (complaint.private or complaint.sealed))
            and (act is not Act.TIGHTEN or not complaint.private or complaint.identity_shown)
            and (act is not Act.SCHEDULE or _may_schedule(stored, officer))
            and (act not in (Act.GRANT_DATE, Act.DECLINE_DATE) or asked(stored.history) is not None)
            and (act is not Act.REJECT or not complaint.appealed)
            and (act not in (Act.UPHOLD, Act.GRANT) or officer.id != rejected_by(stored.history))
            and (
                act is not Act.RESOLVE or complaint.reopened <= 1 or officer.id not in solvers(stored.history)
            )
        ),
        "version": complaint.version,
    }


def _may_schedule(stored: Stored, officer: Officer) -> bool:
    """Whether this head may set a new date: once in a case, and never for work of their own."""
    complaint = stored.complaint
    return complaint.sorted and complaint.new_date is None and officer.id not in doers(stored.history)


def _may_go_with(stored: Stored, city: City) -> bool:
    complaint = stored.complaint
    alone = complaint.accused is None and complaint.emergency(city) is None and not stored.merged_here
    return complaint.sorted and alone


def _may_approve(stored: Stored, officer: Officer) -> bool:
    """Whether this officer can be the second pair of eyes, and the case needs one."""
    complaint = stored.complaint
    needed = complaint.status is Status.CONFIRMING or complaint.citizen is None
    return needed and not complaint.confirmed and officer.id not in doers(stored.history)


def rung(stored: Stored, city: City, language: str, now: datetime) -> dict[str, Any]:
    """A case behind a rung's link: never who reported it; of a private one code, category and dates alone."""
    complaint = stored.complaint
    category = city.categories.get(complaint.category) if complaint.category else None
    closed = complaint.private or complaint.sealed or complaint.accused is not None
    body: dict[str, Any] = {
        "code": complaint.code,
        "status": complaint.status,
        "category": None if complaint.sealed else _category(complaint.category, city, language),
        "filed_at": complaint.filed_at,
        "promised": promises(complaint),
        "open_to_rung": not closed and not (category is not None and category.sensitive),
    }
    if body["open_to_rung"]:
        body |= {
            "area": _area(complaint.area, city) if complaint.area else None,
            "place": {"words": complaint.place.words},
            "office": _office(complaint.office, city),
            "text": complaint.text,
            "timeline": [
                line for event in stored.history if (line := _public_line(event, complaint, city, language))
            ],
        }
    return body


def cards(page: Page, city: City, language: str, now: datetime) -> dict[str, Any]:
    return {"complaints": [card(item, city, language, now) for item in page.cards], "cursor": page.cursor}


def card(item: Card, city: City, language: str, now: datetime) -> dict[str, Any]:
    """A row of a list; a list that has no level (the public's) shows none."""
    body: dict[str, Any] = {
        "code": item.code,
        "kind": item.kind,
        "status": item.status,
        "status_text": STATUS[item.status][language],
        "category": _category(item.category, city, language),
        "area": _area(item.area, city) if item.area else None,
        "office": _office(item.office, city) if item.office else None,
        "filed_at": item.filed_at,
        "due": item.due,
        "late": is_late(item, now),
        "marked": _marked(item.marked, language),
        "excerpt": item.excerpt,
        "screening": {"state": item.screening, "text": _HELD[language] if item.screening == "held" else ""},
    }
    if item.until:
        body["until"] = item.until
    if item.point:
        body["point"] = {"lat": item.point[0], "lon": item.point[1]}
    return body


def staff_card(item: Card, city: City, language: str, now: datetime) -> dict[str, Any]:
    return {
        **card(item, city, language, now),
        "level": item.level,
        "three_times_late": is_late(item, now, times=3),
        "ceiling": item.ceiling,
        "private": item.private,
        "sealed": item.sealed,
        "question": {1: "waits", 2: "unanswered"}.get(item.asked),
        "emergency": _alarm_of(item, city, language),
        "asks_date": item.asks_date,
        "joined": item.joined,
        "working_minutes_left": _working_left(item, city, now),
    }


def _working_left(item: Card, city: City, now: datetime) -> int | None:
    """Working minutes of the office until the due moment, below zero once it has passed; an emergency's run anyway."""
    if not item.due or item.alarm:
        return None
    due = datetime.fromisoformat(item.due)
    calendar = city.calendar_of(item.office or city.triage_office)
    first, last = min(now, due), max(now, due)
    minutes = int(calendar.between(first, last).total_seconds() // 60)
    return minutes if now <= due else -minutes


def _alarm_of(item: Card, city: City, language: str) -> dict[str, Any] | None:
    if not item.alarm:
        return None
    category = city.categories.get(item.category) if item.category else None
    number = city.emergency_numbers.get(item.danger or (category.emergency or "" if category else ""))
    name = {"w": "triage", "c": "confirmed"}.get(item.alarm, "unverified")
    return {
        "state": name,
        "state_text": _ALARM[name][language],
        "acknowledged": item.alarm in ("a", "c"),
        "number": number.number if number else None,
        "label": _label(number.labels, language) if number else "",
    }


def _contact(complaint: Complaint, officer: Officer, city: City) -> str:
    if complaint.citizen is None:
        return "hidden"
    if complaint.identity_shown:
        return "may_be_shown"
    if may_call_back(complaint, city) and allowed(officer, Act.CONFIRM, complaint, city):
        return "call_back"
    return "may_be_unmasked" if allowed(officer, Act.UNMASK, complaint, city) else "hidden"


def geojson(page: Page, city: City, language: str, now: datetime) -> dict[str, Any]:
    """RFC 7946. Cases without a public pin have a null geometry, so that both formats list the same ones."""
    features = []
    for item in page.cards:
        properties = card(item, city, language, now)
        properties.pop("point", None)
        geometry = {"type": "Point", "coordinates": [item.point[1], item.point[0]]} if item.point else None
        features.append({"type": "Feature", "id": item.code, "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": features, "cursor": page.cursor}


def located(found: Located, city: City) -> dict[str, Any]:
    return {
        "area": _area(found.area, city) if found.area else None,
        "candidates": [_area(code, city) for code in found.candidates],
        "approximate": found.approximate,
        "outside": found.outside,
    }


def profile(city: City, language: str) -> dict[str, Any]:
    """All of the profile that a client needs to draw a form."""
    return {
        "id": city.id,
        "name": city.name,
        "service": city.service_name,
        "languages": list(city.languages),
        "consent": {"version": city.consent.version, "text": _label(city.consent.texts, language)},
        "zone": city.zone_name,
        "utc_offset_minutes": int(city.utc_offset.total_seconds() // 60),
        "groups": [{"id": key, "label": _label(labels, language)} for key, labels in city.groups.items()],
        "categories": [
            {
                "id": c.id,
                "group": c.group,
                "label": _label(c.labels, language),
                "labels": dict(c.labels),
                "place": c.place,
                "kinds": sorted(c.kinds),
                "sensitive": c.sensitive,
                "emergency": city.emergency_numbers[c.emergency].number if c.emergency else None,
                "sheltered": c.sheltered,
                "questions": [
                    {
                        "id": q.id,
                        "label": _label(q.labels, language),
                        "datatype": q.datatype,
                        "required": q.required,
                        "variable": q.variable,
                        "values": [{"id": k, "label": _label(v, language)} for k, v in q.values.items()],
                        "dangers": {v: city.emergency_numbers[key].number for v, key in q.dangers.items()},
                    }
                    for q in c.questions
                ],
                "promise": {
                    "first_reply": _promised(c.level.first_reply, language),
                    "resolution": _promised(c.level.resolution, language),
                },
            }
            for c in city.categories.values()
        ],
        "offices": [
            {
                **_office(o.id, city),
                "kind": o.kind,
                "outside": o.outside,
                "handles": _label(o.handles, language),
            }
            for o in city.offices.values()
        ],
        "areas": [
            {
                **_area(a.code, city),
                "parent": a.parent,
                "postal_code": a.postal_code,
                "center": {"lat": a.centroid.lat, "lon": a.centroid.lon},
                "hamlets": [{"id": h.id, "name": h.name} for h in a.hamlets],
            }
            for a in city.areas.values()
        ],
        "emergency_numbers": [
            {"id": key, "number": n.number, "label": _label(n.labels, language)}
            for key, n in city.emergency_numbers.items()
        ],
        "windows": windows(city, language),
    }


def windows(city: City, language: str) -> list[dict[str, str]]:
    """The table of windows as people read it: how long, who may use it, and what somebody without contact can do."""
    spans: dict[str, object] = {
        name: getattr(city.windows, name) for name in WINDOWS if name != "question"
    } | {"question": city.asking.wait}
    return [
        {
            "id": name,
            "what": _WINDOW[name][language],
            "lasts": _span(spans[name], language),
            "who": _WHO[city.windows.who.get(name, only)][language],
            "without_contact": _WITHOUT[
                "silence"
                if name == "silence"
                else "question"
                if name == "question"
                else city.windows.without_contact.get(name, choices[0])
            ][language],
        }
        for name, (only, choices) in WINDOWS.items()
    ]


def _promised(span: Span, language: str) -> str:
    """A promised span as people say it: "2 working days", "4 jam kerja"."""
    number, _, unit = str(span).partition(" ")
    return f"{number} {_UNITS_ID[unit.removesuffix('s')]}" if language == "id" else f"{number} {unit}"


_UNITS_ID: Mapping[str, str] = {
    "working day": "hari kerja",
    "working hour": "jam kerja",
    "working minute": "menit kerja",
    "day": "hari",
    "hour": "jam",
    "minute": "menit",
}


def _span(span: object, language: str) -> str:
    """A window's length in words: whole days, or minutes; a span in working days as such."""
    if isinstance(span, timedelta):
        days, minutes = span // timedelta(days=1), span // timedelta(minutes=1)
        number, unit = (days, "days") if span == timedelta(days=days) else (minutes, "minutes")
    else:
        number, unit = int(str(span).partition(" ")[0]), "working days"
    names = {"days": "hari", "minutes": "menit", "working days": "hari kerja"}
    if language == "id":
        return f"{number} {names[unit]}"
    return f"{number} {unit if number != 1 else unit.removesuffix('s')}"


_WINDOW: Mapping[str, Mapping[str, str]] = {
    "edit": {
        "id": "Memperbaiki isi laporan, sejak dikirim",
        "en": "Mend the text, from when it was sent",
    },
    "question": {
        "id": "Menjawab pertanyaan petugas, sejak ditanyakan; setelah itu kantor melanjutkan",
        "en": "Answer an officer's question, from when it was asked; then the office goes on",
    },
    "rate": {
        "id": "Memberi nilai, satu kali, sejak dinyatakan selesai",
        "en": "Rate it, once, from when it was called solved",
    },
    "reopen": {
        "id": "Membuka lagi yang belum beres, sejak dinyatakan selesai",
        "en": "Reopen what is not solved, from when it was called solved",
    },
    "appeal": {
        "id": "Mengajukan keberatan atas penolakan, satu kali, sejak ditolak",
        "en": "Appeal against a rejection, once, from when it was declined",
    },
    "silence": {
        "id": "Ditutup karena tidak ada tanggapan, sejak dinyatakan selesai",
        "en": "Closed by silence, from when it was called solved",
    },
    "referral_link": {
        "id": "Tautan jawaban bagi lembaga luar kota, sejak dirujuk",
        "en": "Link for an agency outside to answer by, from the referral",
    },
}
_WHO: Mapping[str, Mapping[str, str]] = {
    "reporter": {"id": "Pelapor", "en": "The reporter"},
    "agency": {"id": "Lembaga yang dirujuk", "en": "The agency that was asked"},
    "nobody": {"id": "Tidak seorang pun: waktu saja", "en": "Nobody: time alone"},
}
_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "link": {
        "id": "Sama, lewat tautan rahasia; tidak ada pesan yang dikirim",
        "en": "The same, by the secret link; no message is sent",
    },
    "question": {
        "id": "Membaca dan menjawab lewat tautan rahasia; tidak ada pesan yang dikirim",
        "en": "Read it and answer by the secret link; no message is sent",
    },
    "silence": {
        "id": "Waktu tidak menutupnya: orang kedua memeriksa bukti perbaikan",
        "en": "Time does not close it: a second person looks at the proof of the fix",
    },
    "no": {"id": "Tidak dapat", "en": "Cannot"},
    "unconcerned": {"id": "Tidak perlu berbuat apa-apa", "en": "Need not do anything"},
}


def local_time(at: datetime, city: City) -> str:
    """A moment as a person of the city reads it: ``24-11-2026 09.30 WITA``."""
    return f"{at + city.utc_offset:%d-%m-%Y %H.%M} {city.zone_name}"


# Inside -------------------------------------------------------------------------------------------------------


def common(complaint: Complaint, city: City, language: str) -> dict[str, Any]:
    return {
        "code": complaint.code,
        "kind": complaint.kind,
        "status": complaint.status,
        "status_text": STATUS[complaint.status][language],
        "category": _category(complaint.category, city, language),
        "area": _area(complaint.area, city) if complaint.area else None,
        "filed_at": complaint.filed_at,
        "updated_at": complaint.updated_at,
        "outcome": complaint.outcome,
    }


def _reopens_on(complaint: Complaint, city: City, now: datetime | None = None) -> str | None:
    """The day on which the office works again, of a report filed in its days off or right before; gone on that day."""
    day = reopening(complaint, city)
    if day is None or (now is not None and (now + city.utc_offset).date() >= day):
        return None
    return day.isoformat()


def promises(complaint: Complaint, history: Iterable[Event] = ()) -> dict[str, Any]:
    """The stamped moments: what was promised, whether it was kept, and what was promised first if that was earlier."""
    shown = (ClockName.FIRST_REPLY, ClockName.RESOLUTION, ClockName.REDO, ClockName.APPEAL)
    found: dict[str, Any] = {
        clock.name: {"due": clock.due, "done_at": clock.stopped_at, "paused": clock.asleep is not None}
        for clock in complaint.clocks
        if clock.name in shown
    }
    for event in history:
        for name, at in event.data.get("was", {}).items():
            promised = found.get(name)
            if promised and "was" not in promised and (was := datetime.fromisoformat(at)) < promised["due"]:
                promised["was"] = was
    return found


def is_yet_to_be_told(event: Event, now: datetime) -> bool:
    """Whether a rule of the profile still keeps from the reporter that somebody saw who they are."""
    told_at = event.data.get(TOLD_AT)
    return told_at is not None and now < datetime.fromisoformat(told_at)


def is_internal(event: Event) -> bool:
    """What is between the city's own people: warnings, and climbs for what no reporter was promised."""
    return event.act in INTERNAL or event.data.get("clock") in _INSIDE


def reads_note(event: Event, officer: Officer) -> bool:
    """Whether the words of an event are this officer's to read, where they are a note of one office."""
    return event.act not in deskwork.OF_ONE_OFFICE or works_at(officer, event.by.office)


def reply_templates(
    complaint: Complaint, may: Iterable[str], city: City, language: str, now: datetime
) -> list[dict[str, str]]:
    """Beginnings of answers for this case, filled in and in the reporter's language, for the acts that are open."""
    allowed_acts = {*may}
    return [
        {
            "id": template.id,
            "act": template.act,
            "label": _label(template.labels, language),
            "text": replies.filled(template, complaint, city),
        }
        for template in replies.offered(complaint, city, now=now)
        if template.act in allowed_acts
    ]


def _question(complaint: Complaint, city: City, history: Iterable[Event] = ()) -> dict[str, Any] | None:
    """The question that waits for the reporter, and what it does to the promise; its words only out of the history."""
    asked = complaint.asked
    if not asked.open:
        return None
    resolution = foreseen(complaint, city).get(ClockName.RESOLUTION)
    body: dict[str, Any] = {
        "number": asked.number,
        "asked_at": asked.at,
        "until": asked.until,
        "paused_until": asked.resumes_at,
        "due_at_latest": resolution.due if resolution else None,
    }
    words = [event.text for event in history if event.act is Act.ASK]
    return {**body, "text": words[-1]} if words else body


def _marked(marked: bool, language: str) -> str | None:
    """What the public reads once the last rung has had its time, too."""
    return _MARKED[language] if marked else None


def _ombudsman(city: City) -> dict[str, str]:
    """Whom a reporter may turn to outside the city, and how."""
    found = city.offices[taker(CITY_SCOPE, city)]
    return {"name": found.name, "contact": found.contact}


def _ceiling(complaint: Complaint) -> dict[str, Any] | None:
    """The longest that the law allows this case, and whether the secretary has been told of it."""
    clock = complaint.clocks.get(ClockName.CEILING)
    return {"due": clock.due, "told": complaint.clocks.at_ceiling} if clock else None


def _referral(
    stored: Stored, city: City, sent: Iterable[Delivery], link: str | None
) -> dict[str, Any] | None:
    """The agency outside that has been asked and has the case now, and its link for whoever may hand that over."""
    complaint, asked = stored.complaint, outside.referrals(stored.history)
    if complaint.status is not Status.REFERRED or not asked:
        return None
    clock = complaint.clocks.get(ClockName.REFERRAL)
    mailed = any(d.notice.to == f"agency#{asked[-1].agency}" and d.state == "sent" for d in sent)
    return {
        "agency": _office(asked[-1].agency, city),
        "contact": city.offices[asked[-1].agency].contact,
        "asked_at": asked[-1].at,
        "due": clock.due if clock else None,
        "answered": asked[-1].answered,
        "link": link,
        "link_until": asked[-1].ends_at(city),
        "mailed": mailed,
    }


def agency(opened: Opened, city: City, language: str) -> dict[str, Any]:
    """What an agency outside reads behind its link: no identity, and of the reporter's words what may go there."""
    complaint, history = opened.stored.complaint, opened.stored.history
    shown = outside.shown(complaint, history, city)
    hamlet = city.hamlets.get(shown.hamlet or "")
    clock = complaint.clocks.get(ClockName.REFERRAL)
    return {
        "code": complaint.code,
        "agency": _office(opened.referral.agency, city),
        "office": _office(complaint.office, city),
        "category": _category(complaint.category, city, language),
        "area": _area(complaint.area, city) if complaint.area else None,
        "hamlet": hamlet.name if hamlet else "",
        "filed_at": complaint.filed_at,
        "asked": outside.asked_for(opened.referral, history),
        "due": clock.due if clock else None,
        "until": opened.referral.ends_at(city),
        "text": shown.text,
        "place_words": shown.place_words,
        "point": shown.point,
        "answers": dict(shown.answers or {}),
    }


def _next_step(complaint: Complaint, city: City, language: str, *, bare: bool = False) -> str:
    office_name = city.offices[city.triage_office if complaint.sealed else complaint.office].name
    agency = city.offices[complaint.referred_to].name if complaint.referred_to else ""
    if bare:
        office_name, agency = _THEM[language], _AGENCY[language]
    if complaint.merged is not None:
        return _MERGED[language]
    if complaint.asked.open and complaint.asked.until is not None:
        words = _WAITING[language].format(office=office_name, until=local_time(complaint.asked.until, city))
        resolution = foreseen(complaint, city).get(ClockName.RESOLUTION)
        if complaint.asked.resumes_at is None or resolution is None:
            return f"{words} {_NO_PAUSE[language]}"
        if resolution.due < complaint.asked.resumes_at:
            return f"{words} {_WAITING_LATE[language]}"
        return f"{words} {_WAITING_PAUSED[language].format(due=local_time(resolution.due, city))}"
    if complaint.status is Status.REJECTED and not complaint.appealed and complaint.ended_at:
        end = complaint.ended_at + city.windows.appeal
        return _MAY_APPEAL[language].format(window=local_time(end, city))
    if complaint.outcome is Outcome.SILENCE:
        return _SILENT[language]
    window = complaint.closing(city)
    return _NEXT[complaint.status][language].format(
        office=office_name,
        agency=agency,
        due=local_time(complaint.clocks.next_due, city),
        until=local_time(complaint.new_date, city) if complaint.new_date else "",
        window=local_time(window, city),
    )


def _public_line(event: Event, complaint: Complaint, city: City, language: str) -> dict[str, Any] | None:
    if event.act not in _PUBLIC_ACTS or is_internal(event) or event.data.get("clock") == ClockName.SCREENING:
        return None
    line = _line(event, complaint, city, language)
    line.pop("by", None)
    hidden = complaint.private or complaint.sealed or complaint.screening is not Screening.RELEASED
    if hidden or event.by.kind in ("reporter", "agency") or event.act in BETWEEN_COLLEAGUES:
        line["text"] = ""
    line["text"] = masked(line["text"])
    if complaint.private or complaint.sealed:
        # The names of offices and posts would tell what a private case is about.
        line["what"] = what(event, city, language, bare=True)
    return line


def _line(event: Event, complaint: Complaint, city: City, language: str) -> dict[str, Any]:
    told = what(event, city, language)
    if event.by == REPORTER and DANGER in event.data and ALARM not in event.data:
        number = city.emergency_numbers.get(str(event.data[DANGER]))
        told += f" {_SPOKE_OF_DANGER[language].format(number=number.number)}" if number else ""
    return {
        "at": event.at,
        "act": event.act,
        "what": told,
        "text": event.text,
        "by": event.by.kind,
    }


def _own_line(event: Event, complaint: Complaint, city: City, language: str) -> dict[str, Any]:
    line = _line(event, complaint, city, language)
    return {**line, "text": ""} if event.act in BETWEEN_COLLEAGUES else line


def _continued(complaint: Complaint, history: Iterable[Event]) -> bool:
    """Whether the city goes on by itself with what the reporter withdrew."""
    return complaint.open and any(event.act is Act.CONTINUE for event in history)


def _accusing_rating(history: Iterable[Event]) -> bool:
    return any(event.act is Act.RATE and event.data.get(FOR_TRIAGE) for event in history)


_BARE = frozenset(
    {"status", "due", "due_at", "was", "clock", "level", "post", "office", "from", "share", "until"}
)
"""What those who only watch read of an entry of a private case."""


def _staff_line(
    event: Event, complaint: Complaint, city: City, language: str, officer: Officer
) -> dict[str, Any]:
    """What an office reads; why somebody withdrew, and words that accuse, are for triage alone, a note for its own.

    Whoever decides on an appeal reads that appeal and why the case was declined, whatever the words are.
    """
    line = _line(event, complaint, city, language)
    # Other cases are named where it is known who may know them (`merged_with` and the like).
    data = {name: value for name, value in event.data.items() if name not in LINKED}
    if not reads_note(event, officer):
        line["text"] = ""
        data = {name: value for name, value in data.items() if name == "status"}
    if not reads_words(officer, complaint, city):
        # What the office says to a reporter repeats what the reporter said.
        line["text"], data = "", {key: value for key, value in data.items() if key in _BARE}
    decides = complaint.status is Status.APPEALED and allowed(officer, Act.UPHOLD, complaint, city)
    if not allowed(officer, Act.SORT, complaint, city) and not (
        decides and event.act in (Act.APPEAL, Act.REJECT)
    ):
        data.pop("reason", None)
        data.pop("words", None)
        data.pop(HIDDEN, None)
        data.pop(SHOWN_BEFORE, None)
        if data.get(FOR_TRIAGE):
            line["text"] = ""
    return {**line, "officer": event.by.id, "data": data}


def what(event: Event, city: City, language: str, *, bare: bool = False) -> str:

    def name(office_id: object) -> str:
        found = city.offices.get(str(office_id))
        return _THEM[language] if bare or found is None else found.short

    post = str(event.data.get("post") or "")
    if event.data.get("past_ladder"):
        return (_ALL_TOLD if event.data["clock"] == ClockName.ALARM else _PAST_LADDER)[language]
    if event.act is Act.ESCALATE and not post:
        return _REMINDED[language]
    until = event.data.get("until")
    words = _UNANSWERED if event.data.get("unanswered") else _EVENT[event.act]
    if event.act is Act.ESCALATE:
        words = _ROSE.get(str(event.data.get("clock")), words)
        words = _COORDINATED if "informed" in event.data else words
    elif event.act is Act.REOPEN and event.data.get("joined"):
        words = _REOPENED_BY_MANY
    elif event.act is Act.RESOLVE and event.data.get("master"):
        words = _ANSWERED_WITH
    elif event.act is Act.PASS_ON and "proposed" in event.data:
        words = _DECIDES
    elif event.act is Act.RAISE and event.data.get("nearby"):
        words = _NEARBY
    elif event.act is Act.REVEAL and event.data.get("callback"):
        words = _CALLED_BACK
    elif event.act is Act.REVEAL and HIDDEN in event.data:
        words = _UNMASKED
    acting = f"{event.data['acting']} " if event.data.get("acting") else ""
    what = words[language].format(
        by=name(event.by.office),
        office=name(event.data.get("office")),
        agency=name(event.data.get("agency")),
        score=event.data.get("score", ""),
        task=event.data.get("task", ""),
        part_of=name(event.data.get("task_office")),
        answer=_TASK_SAYS.get(str(event.data.get("state")), {}).get(language, ""),
        offices=", ".join(dict.fromkeys(name(each["office"]) for each in event.data.get("tasks", ()))),
        share=event.data.get("share", ""),
        first=_day(event.data.get("first"), city),
        reason=_UNSAID[language] if bare else _reason(str(event.data.get("reason", "")), city, language),
        joined=event.data.get("joined", ""),
        post={"id": "pejabat di atasnya", "en": "the level above"}[language]
        if bare
        else acting + post_title(post, city),
        until=local_time(datetime.fromisoformat(until), city) if until else "",
        **{"from": name(event.data.get("from"))},
    )
    said = _agency_says(event, language)
    if event.act is Act.AGENCY_RETURN:
        said = f"{said} {_BACK[language].format(office=name(event.data.get('office')))}"
    became = _BECAME.get(str(event.data.get(ALARM)), {}).get(language, "")
    became = became.format(office=name(event.data.get("office")))
    behalf = "" if bare else _behalf(event, city, language)
    parts = (what, said, became, _later(event, city, language), _pause(event, city, language), behalf)
    return " ".join(part for part in parts if part)


def _behalf(event: Event, city: City, language: str) -> str:
    """In whose place a delegate acted, by the post: no name of a person stands in a timeline."""
    behalf = event.data.get("behalf")
    if not behalf:
        return ""
    who = post_title(behalf["post"], city) if behalf["post"] else _AWAY[language]
    return _FOR[language].format(who=who)


def _agency_says(event: Event, language: str) -> str:
    words = _AGENCY_SAYS.get(str(event.data.get("answer")))
    if words is None or event.act not in outside.ANSWERS:
        return ""
    day = event.data.get("day")
    return words[language].format(day=f"{date.fromisoformat(day):%d-%m-%Y}" if day else "")


def _pause(event: Event, city: City, language: str) -> str:
    """What an act did to the promise to solve: the pause that it ended, and whether a question pauses at all."""
    said = []
    if "paused" in event.data:
        minutes = int(event.data["paused"])
        moved_to = event.data.get("moved_to")
        words = _PAUSED if moved_to else _PAUSED_LATE
        unit = "" if event.data.get("counted") == Unit.MINUTES else _WORKING[language]
        due = local_time(datetime.fromisoformat(moved_to), city) if moved_to else ""
        said.append(words[language].format(long=_long(minutes, language) + unit, due=due))
    if event.act is Act.ASK and not event.data.get("pauses_until"):
        said.append(_NO_PAUSE[language])
    return " ".join(said)


def _long(minutes: int, language: str) -> str:
    """``12 jam 5 menit``; days are left out, for a working day is not 24 hours."""
    hours, rest = divmod(minutes, 60)
    units = {"id": ("jam", "jam", "menit", "menit"), "en": ("hour", "hours", "minute", "minutes")}[language]
    parts = [f"{hours} {units[hours != 1]}"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} {units[2 + (rest != 1)]}")
    return " ".join(parts)


def _later(event: Event, city: City, language: str) -> str:
    """Both moments, where a promise to solve was put off."""
    was, due = (event.data.get(key, {}).get(ClockName.RESOLUTION) for key in ("was", "due_at"))
    if not was or not due or was == due:
        return ""
    moments = {key: local_time(datetime.fromisoformat(at), city) for key, at in (("was", was), ("due", due))}
    return _LATER[language].format(**moments)


def _day(moment: object, city: City) -> str:
    return f"{datetime.fromisoformat(str(moment)) + city.utc_offset:%d-%m-%Y}" if moment else ""


def _reason(reason: str, city: City, language: str) -> str:
    """Why a date is new, in words; a reason that the profile no longer has, by its name."""
    found = city.new_dates.reasons.get(reason)
    return _label(found, language) if found else reason


def schedule(
    event: Event | None, city: City, language: str, *, hidden: bool = False
) -> dict[str, Any] | None:
    """A new date with what it replaces and why; ``hidden`` leaves out the sentences."""
    if event is None:
        return None
    data = event.data
    return {
        "until": data["until"],
        "first": data["first"],
        "reason": {"id": data["reason"], "label": _reason(str(data["reason"]), city, language)},
        "text": "" if hidden else masked(event.text),
        "interim": "" if hidden else masked(data.get("interim", "")),
        "set_at": event.at,
    }


_TITLES = {
    "staff": "Staf",
    "triage": "Pemilah",
    "verifier": "Verifikator",
    "operator": "Operator",
    "operations": "Ruang kendali",
    "auditor": "Auditor",
    "administrator": "Administrator",
}
"""Duties that are no post of the ladder, so no profile has a title for them."""


def post_title(post: str, city: City) -> str:
    """A duty post as people call it: Lurah Panjer, Camat Denpasar Selatan, Kepala DLHK, Sekda."""
    role, _, scope = post.partition("@")
    if scope in city.areas:
        area = city.areas[scope]
        title = city.titles.get(f"{role}.{area.kind}") or city.titles.get(role) or area.kind.title()
        return f"{title} {area.name}"
    if scope in city.hamlets:
        kind = city.areas[scope.partition("/")[0]].kind
        return f"{city.titles.get(f'hamlet_head.{kind}', 'Kepala lingkungan')} {city.hamlets[scope].name}"
    if scope in city.offices:
        found = city.offices[scope]
        return f"{found.titles.get(role) or _TITLES.get(role, role)} {found.short}"
    return city.titles.get(role, city.offices[city.triage_office].short)


def _reporter_may(complaint: Complaint, city: City, now: datetime) -> set[str]:
    windows = {
        Act.EDIT: in_window(complaint, Act.EDIT, city, now),
        Act.RATE: complaint.rating is None and in_window(complaint, Act.RATE, city, now),
        Act.AGREE: complaint.resolved_at is not None,
        Act.REOPEN: complaint.resolved_at is not None and in_window(complaint, Act.REOPEN, city, now),
        Act.APPEAL: not complaint.appealed and in_window(complaint, Act.APPEAL, city, now),
        Act.MESSAGE: True,
        Act.ANSWER: complaint.asked.open,
        Act.WITHDRAW: True,
    }
    return {
        str(act)
        for act, is_open in windows.items()
        if is_open and complaint.status in MOVES[act][0] and (complaint.merged is None or act in WHILE_MERGED)
    }


def _place(complaint: Complaint) -> dict[str, Any]:
    point = complaint.place.point
    return {
        "lat": point.lat if point else None,
        "lon": point.lon if point else None,
        "area": complaint.area,
        "hamlet": complaint.hamlet,
        "words": complaint.place.words,
        "approximate": complaint.place.approximate,
    }


_NO_PLACE: Mapping[str, Any] = {
    "lat": None,
    "lon": None,
    "area": None,
    "hamlet": None,
    "words": "",
    "approximate": False,
}


def _screening(complaint: Complaint, language: str) -> dict[str, str]:
    held = complaint.screening is Screening.HELD and not complaint.private
    return {"state": complaint.screening, "text": _HELD[language] if held else ""}


def _category(category: str | None, city: City, language: str) -> dict[str, str] | None:
    found = city.categories.get(category) if category else None
    return {"id": found.id, "label": _label(found.labels, language)} if found else None


def _office(office_id: str, city: City) -> dict[str, str]:
    found = city.offices[office_id]
    return {"id": found.id, "name": found.name, "short": found.short}


def _area(code: str, city: City) -> dict[str, str]:
    found = city.areas[code]
    return {"code": found.code, "name": found.name, "kind": found.kind}


def _label(labels: Mapping[str, str], language: str) -> str:
    return labels.get(language) or labels["id"]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
