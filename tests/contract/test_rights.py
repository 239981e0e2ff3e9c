"""All routes times all roles: what each route answers to whom, held against the table of needs and the one function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib import cities
from chalicelib.domain.people import RIGHTS, Act, Duty, Officer, Role, allowed, holds
from chalicelib.http.rights import NEEDS, Need
from tests.contract.conftest import Api, a_report, citizen, officer

CITY = cities.load("denpasar")
VILLAGE = "51.71.01.1004"
HAMLET = CITY.areas[VILLAGE].hamlets[0].id
POSTS: Mapping[Role, str] = {
    Role.HAMLET_HEAD: f"hamlet_head@{HAMLET}",
    Role.VILLAGE_HEAD: f"village_head@{VILLAGE}",
    Role.DISTRICT_HEAD: "district_head@51.71.01",
    Role.SECRETARY: "secretary@city",
    Role.MAYOR: "mayor@city",
    Role.TRIAGE: "triage@diskominfos",
    Role.AUDITOR: "auditor@inspektorat",
    Role.VERIFIER: "verifier@diskominfos",
    Role.OPERATOR: "operator@diskominfos",
    Role.OPERATIONS: "operations@bpbd",
    Role.ADMINISTRATOR: "administrator@diskominfos",
    **{role: f"{role}@pupr" for role in (Role.STAFF, Role.DUTY, Role.DIVISION_HEAD, Role.OFFICE_HEAD)},
}
WORDS = {"text": "Tim menuju lokasi sekarang."}
BODIES: Mapping[str, Mapping[str, Any]] = {
    # What each act says, so that nothing but the right can be in its way; the version is one that never was.
    "appeal-decision": {"decision": "grant", "text": "Dikabulkan, dikerjakan lagi."},
    "hiding": {"reason": "Nama orang."},
    "lowering": {"category": "jalan_rusak", "text": "Bukan keadaan darurat."},
    "merge": {"master": "DPS-00000-00000"},
    "notes": {"text": "Catatan untuk rekan."},
    "raising": {"danger": "general", "text": "Kabel listrik putus di jalan."},
    "referral": {"agency": "pln", **WORDS},
    "rejection": {"reason": "unclear", **WORDS},
    "schedule": {"until": "2027-01-15", "reason": "material", **WORDS},
    "sorting": {"category": "jalan_rusak"},
    "transfer": {"office": "dlhk", **WORDS},
    **dict.fromkeys(("questions", "replies", "resolution", "return", "schedule-refusal"), WORDS),
}
NEVER_WAS = {"If-Match": '"999999999"'}
REFUSED = {403, 404}
WALKED = {
    *(
        "acknowledgement",
        "confirmation",
        "contact",
        "continuation",
        "approval",
        "release",
        "start",
        "unmerge",
    ),
    *("rung-acknowledgement", "schedule-grant", "dossier", "reply-templates", "{code}", "complaints"),
    *("looks", "officers", "disabling", "sign-in-reset", "me", "colleagues", "vacant"),
    *BODIES,
}
"""Ends of the paths that are walked; photos, drafts, tasks and searches have rules of their own besides the right, and
their rooms' tests."""


def app_routes() -> set[tuple[str, str]]:
    from app import app

    return {(method, path) for path, methods in app.routes.items() for method in methods}


def test_every_route_names_the_right_that_it_needs() -> None:
    assert set(NEEDS) == app_routes()


def test_every_right_of_the_table_is_of_some_role_or_of_a_post_that_a_case_names() -> None:
    given = frozenset[Act]().union(*RIGHTS.values())
    assert {need for need in NEEDS.values() if isinstance(need, Act)} - given <= {Act.UPHOLD}


def test_what_needs_somebody_known_stands_behind_the_authorizer_and_nothing_else_does() -> None:
    from app import app

    for (method, path), need in NEEDS.items():
        known = isinstance(need, Act) or need in (Need.REPORTER, Need.OFFICER)
        if path.startswith("/v1/"):
            assert bool(app.routes[path][method].authorizer) == known, (method, path)


def called(api: Api, method: str, path: str, code: str, token: str) -> int:
    name = path.rpartition("/")[2]
    body = None if method == "GET" else BODIES.get(name, {})
    if path == "/v1/office/complaints" and method == "POST":
        body = {**a_report(contact=None), "consent": True}
    target = path.replace("{code}", code).replace("{officer}", "nobody")
    if path == "/v1/office/officers":
        target += "?office=pupr"
    return int(api.call(method, target, body, token=token, headers=NEVER_WAS).status)


@pytest.fixture
def cases(api: Api) -> dict[str, str]:
    """A case of a village with its hamlet, one of an office, and one that nobody sorted; codes by what they are."""
    place = {"area": VILLAGE, "hamlet": HAMLET, "words": "depan balai banjar"}
    bodies = {
        "village": a_report(category="jalan_lingkungan", place=place),
        "office": a_report(),
        "unsorted": a_report(category=None),
    }
    return {name: api.call("POST", "/v1/complaints", body).json["code"] for name, body in bodies.items()}


def test_without_a_token_and_as_a_citizen_no_route_of_officers_opens(
    api: Api, cases: Mapping[str, str]
) -> None:
    for method, path in NEEDS:
        if path.startswith("/v1/office/") and path.rpartition("/")[2] in WALKED:
            assert called(api, method, path, cases["office"], "") == 401, (method, path)
            assert called(api, method, path, cases["office"], citizen()) == 401, (method, path)


@pytest.mark.parametrize("role", Role)
def test_each_route_opens_to_whom_the_table_says(role: Role, api: Api, cases: Mapping[str, str]) -> None:
    from chalicelib.store import complaints

    post = POSTS[role]
    scope = Duty.parse(post).scope.partition("/")[0]
    office = "setda" if scope == "city" else scope
    token = officer(post, office=office)
    who = Officer("petugas", "Ni Made Uji", "Petugas", office, (Duty.parse(post),))
    home = {Role.TRIAGE: "unsorted", Role.STAFF: "office", Role.OFFICE_HEAD: "office"}.get(role, "village")
    for name in {home, "office"}:
        code = cases[name]
        case = complaints.get(code, consistent=True).complaint
        for (method, path), need in NEEDS.items():
            if (
                not path.startswith("/v1/office/")
                or "{photo}" in path
                or path.rpartition("/")[2] not in WALKED
            ):
                continue
            status = called(api, method, path, code, token)
            if need is Need.OFFICER:
                may = True
            elif "{code}" in path:
                may = allowed(who, Act(need), case, CITY)
            else:
                may = holds(who, Act(need))
            told = f"{role}: {method} {path} of {name} answered {status}"
            if path.startswith("/v1/office/officers/"):
                assert status == (404 if may else 403), told  # there is no such officer
            elif may:
                assert status not in REFUSED | {401, 400, 422, 500}, told
            else:
                assert status in REFUSED, told
