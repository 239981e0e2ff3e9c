"""All routes times all roles: what each route answers to whom, held against the table of needs and the one function."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import cities
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.people import RIGHTS, Act, Duty, Officer, Role, allowed, holds
from chalicelib.domain.photos import For, Photo, State
from chalicelib.http.rights import NEEDS, Need
from tests.contract.conftest import Api, Reply, a_report, citizen, officer

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
WORDS, DAY = {"text": "Tim menuju lokasi sekarang."}, "2027-01-15"
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
    "tightening": {"publication": "private", "reason": "Rumah orang."},
    "transfer": {"office": "dlhk", **WORDS},
    **dict.fromkeys(("questions", "replies", "resolution", "return", "schedule-refusal"), WORDS),
}
NEVER_WAS = {"If-Match": '"999999999"'}
PAGE = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
SHUT = {401, 403, 404}
BAN, STRANGER = "0" * 20, "b" * 43
BODIES_OF_ROUTES: Mapping[tuple[str, str], Any] = {
    ("POST", "/v1/office/complaints"): {**a_report(contact=None), "consent": True},
    **{
        ("POST", path): a_report(contact=None)
        for path in ("/v1/me/complaints", "/v1/complaints", "/open311/v2/{resource}")
    },
    ("POST", "/v1/office/filters"): {"name": "Uji", "query": {"text": "lubang"}},
    ("POST", "/v1/office/search"): {"text": "lubang"},
    ("POST", "/v1/office/notices/replay"): {"notice": "nothing"},
    ("POST", "/v1/office/complaints/{code}/disposition"): {"to": "korban", **WORDS, "due": DAY},
    ("POST", "/v1/office/complaints/{code}/drafts"): WORDS,
    ("POST", "/v1/office/complaints/{code}/draft-return"): WORDS,
    ("POST", "/v1/office/complaints/{code}/tasks"): {"tasks": [{"office": "dlhk", **WORDS, "due": DAY}]},
    ("POST", "/v1/office/complaints/{code}/tasks/{number}/cancellation"): WORDS,
    ("POST", "/v1/office/tasks/{code}/{number}/answer"): {"state": "done", **WORDS},
    ("POST", "/v1/office/complaints/{code}/photos"): {"type": "image/jpeg"},
    ("POST", "/v1/office/complaints/{code}/photos/{photo}/redaction"): {
        "boxes": [{"left": 0.1, "top": 0.1, "width": 0.2, "height": 0.2}]
    },
    ("POST", "/v1/me/complaints/{code}/photos"): {"type": "image/jpeg"},
    ("POST", "/v1/me/complaints/{code}/answers"): {"question": 1, **WORDS},
    **{
        ("POST", f"/v1/me/{path}"): WORDS
        for path in (
            "complaints/{code}/appeal",
            "complaints/{code}/messages",
            "complaints/{code}/reopening",
            "joins/{code}/reopening",
        )
    },
    ("POST", "/v1/me/complaints/{code}/rating"): {"score": 1},
    ("POST", "/v1/me/joins/{code}/rating"): {"score": 1},
    ("POST", "/v1/me/complaints/{code}/withdrawal"): {"reason": "other"},
    ("PUT", "/v1/me/complaints/{code}/text"): {"text": "Jalan berlubang dalam di depan balai."},
    ("POST", "/v1/office/complaints/{code}/bans"): {"by": ["address"], "days": 3, "reason": "Uji hak akses."},
    ("PUT", "/v1/office/complaints/{code}/public-text"): {"text": "Lubang besar.", "reason": "Nama orang."},
}
SIGNED_IN_AS_ANYBODY = {("POST", "/v1/office/me/absence"), ("POST", "/pengganti")}
"""What an officer may do with no case: the body names a colleague who is none, so it is told what is wrong with it."""
FIELDS: Mapping[str, str] = {
    "/petugas/{officer}/{act}": "",
    "/kabar": "level=0",
    "/saluran": "office=dlhk",
    "/tinjauan": "kasus={short_code}&by=address&days=3&reason=Uji",
    "/o/cari": "text=lubang",
    "/o/saringan": "name=Halaman&text=lubang",
    "/o/{short_code}/foto": "version=999999999&act=release&photo={photo}",
}
"""What the forms of pages send."""
ACTS_OF_PAGES = {"/o/{short_code}/{act}": Act.START, "/o/{short_code}/foto": Act.RELEASE}
"""Which act is sent to the pages that take several."""
OPEN_TO_ANYBODY = {Need.NOTHING, Need.SECRET, Need.PARTNER}
NOT_OFFICERS = OPEN_TO_ANYBODY | {Need.REPORTER}
"""What an officer's rights change nothing of, so that one role tries it for all."""
COMES_BACK = ("GET", "/masuk/kembali")
"""Whoever comes back from the identity provider without having been sent there has to begin anew."""
OF_A_PART = ("/v1/office/tasks/", "/tugas/{short_code}")
"""Parts of a case: whose the part is decides, and there is none here, so nobody finds one."""


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


def photo_of(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter in "abcdefghijklmnopqrstuvwxyz234567").ljust(
        26, "a"
    )


class Caller:
    """Somebody who calls every route once; what stands in paths was made beforehand, or by themselves on the way."""

    def __init__(self, api: Api, token: str, code: str) -> None:
        self._api, self._token = api, token
        self.names = {
            "code": code,
            "short_code": code.partition("-")[2].replace("-", ""),
            "secret": STRANGER,
            "key": STRANGER,
            "link": STRANGER,
            "act": "berkas",
            "officer": "korban",
            "office": "dlhk",
            "number": "1",
            "photo": photo_of(code),
            "ban": BAN,
            "bulk_id": "00000000",
            "filter_id": "00000000",
            "resource": "requests.json",
            "name": f"{code}.json",
        }

    def status(self, method: str, path: str) -> int:
        """What a route answers; a page that leads to the sign-in counts as 401."""
        target = path
        for name, value in self.names.items():
            target = target.replace(f"{{{name}}}", value)
        if path.startswith("/v1/"):
            return self._call(method, path, target)
        if path.startswith("/petugas/"):
            target = target.replace("berkas", "atur-ulang")
        elif method == "POST":
            target = target.replace("berkas", "start")
        cookie = {"Cookie": f"sesi={self._token}"} if self._token else {}
        if method == "GET":
            # Browsers say no type where they send nothing.
            answer = Reply(self._api.gateway.handle(method, target, list(cookie.items()), b"", "203.0.113.7"))
        else:
            sent = FIELDS.get(path, "version=999999999")
            sent = sent.replace("{photo}", self.names["photo"]).replace(
                "{short_code}", self.names["short_code"]
            )
            answer = self._api.call(method, target, sent.encode(), headers={**PAGE, **cookie})
        # To the sign-in, or to the page that is theirs instead.
        led_away = method == "GET" and answer.headers.get("location", "").startswith(("/masuk", "/petugas"))
        return 401 if answer.status == 303 and led_away else answer.status

    def _call(self, method: str, path: str, target: str) -> int:
        if path == "/v1/office/officers":
            target += "?office=pupr"
        body = BODIES_OF_ROUTES.get((method, path), BODIES.get(path.rpartition("/")[2], {}))
        if path == "/v1/office/bulk":
            body = {"act": "release", "cases": [{"code": self.names["code"], "version": 999999999}]}
        sent = None if method in ("GET", "DELETE") else body
        answer = self._api.call(method, target, sent, token=self._token, headers=NEVER_WAS)
        if answer.status in (200, 201):
            # What somebody made by one route is what the next one names.
            if path == "/v1/office/bulk":
                self.names["bulk_id"] = answer.json["id"]
            elif path == "/v1/office/filters" and answer.json["filters"]:
                self.names["filter_id"] = answer.json["filters"][-1]["id"]
        return answer.status


ORDERED = sorted(NEEDS, key=lambda route: (route[0] == "DELETE", "undo" in route[1]))
"""What takes something away comes after what makes it."""


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


@pytest.fixture
def photo_rows(cases: Mapping[str, str]) -> None:
    """A photo of each case, as triage finds it before it decides."""
    from chalicelib.settings import utc_now
    from chalicelib.store import photos
    from chalicelib.store.tables import PhotoRow

    now = utc_now()
    for code in cases.values():
        ready = {
            "state": State.FIT,
            "claimed_at": now,
            "kept": True,
            "folder": "f",
            "folders": ("f",),
            "drawn": 0,
        }
        name = photo_of(code)
        photos.create(Photo(name, code, For.FILING, now, case=code, **ready), timedelta(days=1))
        PhotoRow(f"case#{code}", name).save()


@pytest.mark.usefixtures("photo_rows")
def test_without_a_token_no_private_route_opens_and_a_citizen_opens_only_their_own(
    api: Api, cases: Mapping[str, str]
) -> None:
    nobody = Caller(api, "", cases["office"])
    stranger = Caller(api, citizen("+6281300000009"), cases["office"])
    wrong = []
    for route in ORDERED:
        need, bare, signed = NEEDS[route], nobody.status(*route), stranger.status(*route)
        if need is Need.NOTHING:
            # An act on another's case (a join) may be refused for its body, never for who asks.
            fine = route == COMES_BACK or not {bare, signed} & {401, 403, 500}
        elif need is Need.SECRET:
            fine = bare in SHUT and signed in SHUT
        elif need is Need.PARTNER:
            fine = bare in SHUT | {400} and signed in SHUT | {400}
        elif need is Need.REPORTER:
            of_a_case = "code}" in route[1]
            # A citizen who left no contact is nobody whom data are held of, and cannot file as somebody.
            fine = bare == 401 and (
                signed == 404 if of_a_case or "data" in route[1] else signed not in {401, 500}
            )
        else:
            fine = bare == 401 and signed == 401
        if not fine:
            wrong.append(f"{route} needs {need}: {bare} to nobody, {signed} to a citizen")
    assert wrong == []


@pytest.mark.usefixtures("photo_rows")
def test_each_route_opens_to_the_roles_that_the_table_names(api: Api, cases: Mapping[str, str]) -> None:
    from chalicelib.store import complaints

    # No act names a version that is, so the cases stay as they are for the next role.
    heads = {name: complaints.get(code, consistent=True).complaint for name, code in cases.items()}
    wrong = []
    for role in Role:
        duty = Duty.parse(POSTS[role])
        office = "setda" if duty.scope == "city" else duty.scope.partition("/")[0]
        token = officer(duty.post, office=office)
        officer("staff@pupr", office="pupr", identity="korban")
        who = Officer("petugas", "Ni Made Uji", "Petugas", office, (duty,))
        home = {Role.TRIAGE: "unsorted", Role.STAFF: "office", Role.OFFICE_HEAD: "office"}.get(
            role, "village"
        )
        caller = Caller(api, token, cases[home])
        for route in ORDERED:
            if NEEDS[route] not in NOT_OFFICERS or role is Role.STAFF:
                wrong.append(told_wrong(route, caller.status(*route), who, heads[home]))
        if home != "office":
            elsewhere = Caller(api, token, cases["office"])
            for route in ORDERED:
                if route[1].startswith("/v1/office/complaints/{code}"):
                    wrong.append(told_wrong(route, elsewhere.status(*route), who, heads["office"]))
        wrong = [f"{role}: {each}" if each.startswith("(") else each for each in wrong if each]
    assert wrong == []
    after = {name: complaints.get(code, consistent=True).complaint for name, code in cases.items()}
    assert after == heads


def told_wrong(route: tuple[str, str], status: int, who: Officer, case: Complaint) -> str:
    """What is wrong with an answer to an officer; empty where it is as the table of rights says."""
    need, (method, path) = NEEDS[route], route
    if need in OPEN_TO_ANYBODY:
        return "" if status != 500 else f"{route} broke"
    if need is Need.REPORTER:
        # An officer's token is nobody's here: not even one who handles a case reads it as its reporter.
        fine = status in SHUT if "code}" in path else status != 500
        return "" if fine else f"{route} answered {status} to an officer"
    if need is Need.OFFICER:
        if path.startswith(OF_A_PART):
            return "" if status == 404 else f"{route} answered {status} where there is no part"
        may = True
    elif "code}" in path:
        may = allowed(who, ACTS_OF_PAGES.get(path, Act(need)) if method == "POST" else Act(need), case, CITY)
    else:
        may = holds(who, Act(need))
    if may and path == "/v1/office/bans/{ban}":
        return "" if status == 404 else f"{route} answered {status} where there is no ban"
    if may and path == "/v1/office/notices/replay":
        return "" if status == 404 else f"{route} answered {status} where there is no such message"
    if may:
        shut = SHUT | {500} if route in SIGNED_IN_AS_ANYBODY else SHUT | {400, 422, 500}
        return f"{route} answered {status} to whom it is open" if status in shut else ""
    return "" if status in SHUT else f"{route} answered {status} to whom it is shut"
