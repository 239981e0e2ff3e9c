"""Which right each route needs: one row for each, pages and API alike. What a right means is `domain/people.RIGHTS`.

The table decides nothing by itself: use cases ask `people.allowed`, the one function for single views, lists, exports
and notices. A test walks all routes with all roles and holds what they answer against this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.people import Act


class Need(StrEnum):
    """What a route needs where it is no right of an officer."""

    NOTHING = "nothing"
    SECRET = "secret"
    REPORTER = "reporter"  # a reporter, signed in or by a link
    PARTNER = "partner"  # whoever holds a partner's API key
    OFFICER = "officer"  # anybody who works here


_OF_A_CASE: Mapping[str, Act] = {
    "acknowledgement": Act.ACKNOWLEDGE,
    "appeal-decision": Act.UPHOLD,
    "approval": Act.APPROVE,
    "confirmation": Act.CONFIRM,
    "contact": Act.REVEAL,
    "continuation": Act.CONTINUE,
    "hiding": Act.HIDE,
    "lowering": Act.LOWER,
    "merge": Act.MERGE,
    "notes": Act.NOTE,
    "questions": Act.ASK,
    "raising": Act.RAISE,
    "referral": Act.REFER,
    "rejection": Act.REJECT,
    "release": Act.RELEASE,
    "replies": Act.REPLY,
    "resolution": Act.RESOLVE,
    "return": Act.SEND_BACK,
    "rung-acknowledgement": Act.ACK_RUNG,
    "schedule": Act.SCHEDULE,
    "schedule-grant": Act.GRANT_DATE,
    "schedule-refusal": Act.DECLINE_DATE,
    "sorting": Act.SORT,
    "start": Act.START,
    "transfer": Act.PASS_ON,
    "unmerge": Act.UNMERGE,
}

NEEDS: Mapping[tuple[str, str], Need | Act] = {
    **{("POST", f"/v1/office/complaints/{{code}}/{name}"): act for name, act in _OF_A_CASE.items()},
    ("GET", "/v1/office/complaints"): Act.READ,
    ("POST", "/v1/office/complaints"): Act.FILE_FOR,
    ("GET", "/v1/office/complaints/{code}"): Act.READ,
    ("GET", "/v1/office/complaints/{code}/dossier"): Act.READ,
    ("GET", "/v1/office/complaints/{code}/reply-templates"): Act.READ,
    ("GET", "/v1/office/looks"): Act.AUDIT,
    ("GET", "/v1/office/officers"): Act.ADMINISTER,
    ("POST", "/v1/office/officers/{officer}/disabling"): Act.ADMINISTER,
    ("POST", "/v1/office/officers/{officer}/sign-in-reset"): Act.ADMINISTER,
    **{
        (method, f"/v1/office/{path}"): Act.ADMINISTER
        for method, path in (
            ("GET", "listeners"),
            ("GET", "listeners/{office}"),
            ("POST", "listeners/{office}"),
            ("GET", "notices"),
            ("POST", "notices/replay"),
            ("GET", "spending"),
        )
    },
    ("GET", "/saluran"): Act.ADMINISTER,
    ("POST", "/saluran"): Act.ADMINISTER,
    ("GET", "/v1/office/me/notices"): Need.OFFICER,
    ("PUT", "/v1/office/me/notices"): Need.OFFICER,
    ("GET", "/kabar"): Need.OFFICER,
    ("POST", "/kabar"): Need.OFFICER,
    ("GET", "/p/{key}"): Need.SECRET,
    ("POST", "/p/{key}"): Need.SECRET,
    ("GET", "/kabar/{key}"): Need.SECRET,
    ("POST", "/kabar/{key}"): Need.SECRET,
    ("GET", "/v1/me/notices"): Need.REPORTER,
    ("PUT", "/v1/me/notices"): Need.REPORTER,
    ("GET", "/v1/office/me"): Need.OFFICER,
    ("GET", "/v1/office/colleagues"): Need.OFFICER,
    ("GET", "/v1/office/posts/vacant"): Need.OFFICER,
    ("POST", "/v1/office/complaints/{code}/disposition"): Act.INSTRUCT,
    ("POST", "/v1/office/complaints/{code}/disposition-acknowledgement"): Act.TAKE,
    ("POST", "/v1/office/complaints/{code}/drafts"): Act.DRAFT,
    ("POST", "/v1/office/complaints/{code}/draft-return"): Act.RETURN_DRAFT,
    ("POST", "/v1/office/complaints/{code}/draft-release"): Act.RELEASE_DRAFT,
    ("POST", "/v1/office/complaints/{code}/tasks"): Act.SPLIT,
    ("POST", "/v1/office/complaints/{code}/tasks/{number}/cancellation"): Act.CANCEL_TASK,
    ("GET", "/v1/office/complaints/{code}/context"): Act.READ,
    ("GET", "/v1/office/complaints/{code}/photos"): Act.READ,
    ("POST", "/v1/office/complaints/{code}/photos"): Act.RESOLVE,
    ("POST", "/v1/office/complaints/{code}/photos/{photo}/hiding"): Act.HIDE,
    ("POST", "/v1/office/complaints/{code}/photos/{photo}/redaction"): Act.RELEASE,
    ("POST", "/v1/office/complaints/{code}/photos/{photo}/release"): Act.RELEASE,
    # Of several cases at once, and of parts of a case: each case, or the part, says whose it is.
    **{
        (method, f"/v1/office/{path}"): Need.OFFICER
        for method, path in (
            ("POST", "bulk"),
            ("POST", "bulk/{bulk_id}/undo"),
            ("GET", "filters"),
            ("POST", "filters"),
            ("DELETE", "filters/{filter_id}"),
            ("POST", "me/absence"),
            ("POST", "me/absence-end"),
            ("POST", "search"),
            ("GET", "tasks/{code}/{number}"),
            ("POST", "tasks/{code}/{number}/answer"),
            ("GET", "work"),
        )
    },
    **dict.fromkeys(
        (
            ("GET", "/o/banyak"),
            ("POST", "/o/banyak"),
            ("GET", "/o/cari"),
            ("POST", "/o/cari"),
            ("POST", "/o/saringan"),
            ("GET", "/pengganti"),
            ("POST", "/pengganti"),
            ("GET", "/tugas"),
            ("GET", "/tugas/{short_code}/{number}"),
            ("POST", "/tugas/{short_code}/{number}"),
        ),
        Need.OFFICER,
    ),
    ("GET", "/o/{short_code}/sekitar"): Act.READ,
    # The officers' pages; which forms the page of a case offers, and takes, each act's own right decides.
    ("GET", "/o"): Act.READ,
    ("GET", "/o/{short_code}"): Act.READ,
    ("GET", "/o/{short_code}/{act}"): Act.READ,
    ("POST", "/o/{short_code}/{act}"): Act.READ,
    ("GET", "/jejak"): Act.AUDIT,
    ("GET", "/petugas"): Act.ADMINISTER,
    ("POST", "/petugas/{officer}/{act}"): Act.ADMINISTER,
    **{
        (method, f"/v1/me/{path}"): Need.REPORTER
        for method, path in (
            ("GET", "complaints"),
            ("POST", "complaints"),
            ("GET", "complaints/{code}"),
            ("POST", "complaints/{code}/answers"),
            ("POST", "complaints/{code}/appeal"),
            ("POST", "complaints/{code}/confirmation"),
            ("GET", "complaints/{code}/dossier"),
            ("GET", "complaints/{code}/photos"),
            ("POST", "complaints/{code}/photos"),
            ("POST", "complaints/{code}/joins"),
            ("POST", "complaints/{code}/messages"),
            ("POST", "complaints/{code}/rating"),
            ("POST", "complaints/{code}/reopening"),
            ("PUT", "complaints/{code}/text"),
            ("POST", "complaints/{code}/withdrawal"),
            ("GET", "joins/{code}"),
            ("POST", "joins/{code}/rating"),
            ("POST", "joins/{code}/reopening"),
            ("POST", "suggestions"),
        )
    },
    ("GET", "/saya"): Need.REPORTER,
    ("GET", "/saya/{short_code}"): Need.REPORTER,
    ("GET", "/saya/{short_code}/{act}"): Need.REPORTER,
    ("POST", "/saya/{short_code}/{act}"): Need.REPORTER,
    **dict.fromkeys(
        (
            ("GET", "/j/{short_code}/{secret}"),
            ("GET", "/j/{short_code}/{secret}/{act}"),
            ("POST", "/j/{short_code}/{secret}/{act}"),
            ("GET", "/k/{short_code}/{secret}"),
            ("GET", "/k/{short_code}/{secret}/{act}"),
            ("POST", "/k/{short_code}/{secret}/{act}"),
            ("GET", "/r/{key}"),
            ("POST", "/r/{key}"),
            ("GET", "/t/{link}"),
            ("POST", "/t/{link}"),
        ),
        Need.SECRET,
    ),
    **dict.fromkeys(
        (
            ("GET", "/"),
            ("GET", "/dijadwalkan"),
            ("GET", "/gaya.css"),
            ("GET", "/janji"),
            ("GET", "/l/{short_code}"),
            ("GET", "/l/{short_code}/gabung"),
            ("POST", "/l/{short_code}/gabung"),
            ("GET", "/lacak"),
            ("GET", "/lapor"),
            ("POST", "/lapor"),
            ("GET", "/masuk"),
            ("POST", "/masuk"),
            ("GET", "/masuk/kode"),
            ("GET", "/masuk/kota"),
            ("GET", "/masuk/kembali"),
            ("POST", "/masuk/kode"),
            ("POST", "/keluar"),
            ("POST", "/v1/auth/codes"),
            ("POST", "/v1/auth/links"),
            ("POST", "/v1/auth/tokens"),
            ("GET", "/v1/city"),
            ("GET", "/v1/complaints"),
            ("POST", "/v1/complaints"),
            ("GET", "/v1/complaints/{code}"),
            ("POST", "/v1/complaints/{code}/joins"),
            ("GET", "/v1/complaints/{code}/status"),
            ("GET", "/v1/health"),
            ("GET", "/v1/locate"),
            ("GET", "/v1/nearby"),
            ("GET", "/v1/scheduled"),
            ("POST", "/v1/suggestions"),
        ),
        Need.NOTHING,
    ),
    ("GET", "/polos"): Need.NOTHING,
    ("POST", "/v1/photos"): Need.NOTHING,
    ("GET", "/v1/photos/{photo}"): Need.NOTHING,
    ("GET", "/v1/complaints/{code}/photos"): Need.NOTHING,
    ("GET", "/open311/v2/{resource}"): Need.NOTHING,
    ("GET", "/open311/v2/{resource}/{name}"): Need.NOTHING,
    # Open311 asks for the partner's key by what is written, in `http/open311`.
    ("POST", "/open311/v2/{resource}"): Need.PARTNER,
    ("POST", "/open311/v2/{resource}/{name}"): Need.PARTNER,
    ("GET", "/v1/office/complaints/{code}/public-text"): Act.MODERATE,
    ("PUT", "/v1/office/complaints/{code}/public-text"): Act.MODERATE,
    ("POST", "/v1/office/complaints/{code}/public-text/undo"): Act.REVERT,
    ("POST", "/v1/office/complaints/{code}/bans"): Act.MODERATE,
    ("GET", "/v1/office/bans"): Act.MODERATE,
    ("DELETE", "/v1/office/bans/{ban}"): Act.MODERATE,
    ("GET", "/o/{short_code}/foto"): Act.READ,
    ("POST", "/o/{short_code}/foto"): Act.READ,
    ("GET", "/v1/me/data"): Need.REPORTER,
    ("PUT", "/v1/me/data"): Need.REPORTER,
    ("POST", "/v1/me/erasure"): Need.REPORTER,
    ("GET", "/data-saya"): Need.REPORTER,
    ("POST", "/data-saya"): Need.REPORTER,
    ("GET", "/saya/{short_code}/foto"): Need.REPORTER,
    ("POST", "/saya/{short_code}/foto"): Need.REPORTER,
    ("GET", "/k/{short_code}/{secret}/foto"): Need.SECRET,
    ("POST", "/k/{short_code}/{secret}/foto"): Need.SECRET,
    ("GET", "/l/{short_code}/foto"): Need.NOTHING,
    ("GET", "/data-pribadi"): Need.NOTHING,
}
