"""Every act from every state in which it is none, over HTTP and on the real engines: refused by name, nothing changed.

`MOVES` says which states those are, and the table below how each act is asked for; an act that stands in neither list
fails the last test. What a request says beside the act is sound, so that the state alone is what is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.complaint import MOVES, WHILE_MERGED, Status
from chalicelib.domain.people import Act
from chalicelib.settings import utc_now
from tests.contract.conftest import Api, Reply, a_report, citizen, officer, tables

DAY = (utc_now() + timedelta(days=90)).date()
WORKDAY = (DAY + timedelta(days=(7 - DAY.weekday()) % 7)).isoformat()
"""A Monday some months ahead."""
WISH = {"until": WORKDAY, "reason": "material", "text": "Menunggu tutup baja.", "interim": "Dipasang pagar."}
SAID: Mapping[str, Any] = {"text": "Ini kalimat yang cukup panjang."}
NOTHING: Mapping[str, Any] = {}

OFFICE: Mapping[Act, tuple[str, Mapping[str, Any]]] = {
    # act: (what follows /v1/office/complaints/{code}/, what is said)
    Act.ACKNOWLEDGE: ("acknowledgement", NOTHING),
    Act.REPLY: ("replies", SAID),
    Act.RELEASE_DRAFT: ("draft-release", SAID),
    Act.START: ("start", NOTHING),
    Act.RESOLVE: ("resolution", {**SAID, "proof": "Berita acara 12."}),
    Act.APPROVE: ("approval", NOTHING),
    Act.SEND_BACK: ("return", SAID),
    Act.PASS_ON: ("transfer", {**SAID, "office": "dlhk"}),
    Act.SORT: ("sorting", {"category": "sampah"}),
    Act.REFER: ("referral", {**SAID, "agency": "pln"}),
    Act.SCHEDULE: ("schedule", WISH),
    Act.GRANT_DATE: ("schedule-grant", NOTHING),
    Act.DECLINE_DATE: ("schedule-refusal", SAID),
    Act.REJECT: ("rejection", {**SAID, "reason": "other"}),
    Act.RELEASE: ("release", NOTHING),
    Act.HIDE: ("hiding", {"reason": "Nama orang."}),
    Act.REVEAL: ("contact", {"reason": "Perlu menemui pelapor."}),
    Act.ASK: ("questions", SAID),
    Act.CONFIRM: ("confirmation", NOTHING),
    Act.RAISE: ("raising", {**SAID, "danger": "fire"}),
    Act.LOWER: ("lowering", {**SAID, "category": "sampah"}),
    Act.MERGE: ("merge", {"master": "MASTER"}),
    Act.UNMERGE: ("unmerge", NOTHING),
    Act.NOTE: ("notes", SAID),
    Act.INSTRUCT: ("disposition", {**SAID, "to": "petugas", "due": WORKDAY}),
    Act.TAKE: ("disposition-acknowledgement", NOTHING),
    Act.DRAFT: ("drafts", SAID),
    Act.RETURN_DRAFT: ("draft-return", SAID),
    Act.SPLIT: ("tasks", {"tasks": [{"office": "dlhk", "text": "Angkut puingnya.", "due": WORKDAY}]}),
    Act.CANCEL_TASK: ("tasks/1/cancellation", SAID),
    Act.UPHOLD: ("appeal-decision", {**SAID, "decision": "uphold"}),
    Act.GRANT: ("appeal-decision", {**SAID, "decision": "grant"}),
    Act.CONTINUE: ("continuation", NOTHING),
    Act.MODERATE: ("public-text", {**SAID, "reason": "Nama orang."}),
    Act.REVERT: ("public-text/undo", NOTHING),
    Act.TIGHTEN: ("tightening", {"publication": "private", "reason": "Ada nama orang."}),
}
REPORTER: Mapping[Act, tuple[str, Mapping[str, Any]]] = {
    # act: (what follows /v1/me/complaints/{code}/, what is said)
    Act.EDIT: ("text", SAID),
    Act.MESSAGE: ("messages", SAID),
    Act.RATE: ("rating", {"score": 2}),
    Act.AGREE: ("confirmation", NOTHING),
    Act.REOPEN: ("reopening", SAID),
    Act.WITHDRAW: ("withdrawal", {"reason": "solved"}),
    Act.ANSWER: ("answers", {**SAID, "question": 1}),
    Act.APPEAL: ("appeal", SAID),
}
PUTS = {Act.EDIT, Act.MODERATE}
TASK = Act.TASK_REPLY
"""Has an address of its own, as its office works on the task and not on the case."""
OF_TIME = {
    *(Act.ESCALATE, Act.WARN, Act.WAIT, Act.CEILING, Act.LAST_CALL, Act.AWAIT, Act.CLOSE, Act.RESUME),
    Act.REMIND,
}
"""Nobody can ask for these."""
ELSEWHERE = {
    Act.FILE: "makes the case",
    Act.READ: "changes nothing",
    Act.ACK_RUNG: "is the right of the posts that the case has climbed to, so out of turn it is refused with 403",
    Act.CLAIM: "is what a resolution is where a second person approves it",
    Act.ASK_DATE: "is what a schedule is beyond the head's months",
    Act.LONGER: "is a part of sorting",
    Act.UNMASK: "is a look at a hidden identity: REVEAL",
    Act.AGENCY_REPLY: "is taken in every state, by the agency's link",
    Act.AGENCY_RETURN: "is such an answer in any state but one",
    Act.UNDO: "is possible in every state, for minutes",
    Act.ERASE: "ends what a person asked for, whichever cases there are",
    Act.FILE_FOR: "makes a case",
    Act.AUDIT: "is of no case",
    Act.ADMINISTER: "is of no case",
}
MERGED = "merged"
STATES = [*(str(status) for status in Status), MERGED]


@dataclass
class Case:
    """A case in one state, and everybody who may act on it: one officer in many posts, and its reporter."""

    api: Api
    code: str
    desk: str
    doer: str
    me: str
    master: str

    def do(self, act: Act, *, token: str = "", version: int | None = None, **said: Any) -> Reply:
        """Ask for an act as whoever may do it, naming the version that there is."""
        if act is TASK:
            path, body = f"/v1/office/tasks/{self.code}/1/answer", {**SAID, "state": "done"}
            version = version or self.task_version()
        else:
            mine = act in REPORTER
            last, fixed = (REPORTER if mine else OFFICE)[act]
            body = {**fixed, **said}
            body = {name: self.master if value == "MASTER" else value for name, value in body.items()}
            path = f"/v1/{'me' if mine else 'office'}/complaints/{self.code}/{last}"
            token = token or (self.me if mine else self.desk)
            version = version or self.seen()["version"]
        method = "PUT" if act in PUTS else "POST"
        headers = {"If-Match": f'"{version}"'}
        return self.api.call(method, path, body, token=token or self.desk, headers=headers)

    def done(self, *acts: Act, token: str = "", **said: Any) -> None:
        for act in acts:
            reply = self.do(act, token=token, **said)
            assert reply.status == 201, (act, reply.text)

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.call(
            "GET", f"/v1/office/complaints/{self.code}", token=self.desk
        ).json
        return found

    def task_version(self) -> int:
        found = self.api.call("GET", f"/v1/office/tasks/{self.code}/1", token=self.desk)
        return int(found.json["version"]) if found.status == 200 else 1


@pytest.fixture
def case(api: Api) -> Callable[..., Case]:
    offices = ("pupr", "dlhk", "diskominfos")
    posts = [f"{role}@{office}" for office in offices for role in ("staff", "duty", "office_head")]
    desk = officer(*posts, "triage@diskominfos", "secretary@city", office="pupr")
    numbers = itertools.count(30_000_000)
    doer = officer("staff@pupr", "triage@diskominfos", office="pupr", identity="pekerja")

    master = api.call("POST", "/v1/complaints", a_report(contact={})).json["code"]

    def make(**changes: Any) -> Case:
        phone = f"+62812{next(numbers):08d}"  # each case is somebody else's: nobody reports that often
        report = a_report(identity="shown", contact={"phone": phone}, **changes)
        code = api.call("POST", "/v1/complaints", report).json["code"]
        return Case(api, code, desk, doer, citizen(phone), master)

    return make


def brought_to(state: str, case: Callable[..., Case]) -> Case:
    """A case that came to this state by real acts, with a task that was answered and a person who had it."""
    found = case(category="lubang_terbuka" if state == Status.CONFIRMING else "jalan_rusak")
    if state == Status.RECEIVED:
        return found
    found.done(Act.INSTRUCT, Act.SPLIT, TASK)
    match state:
        case Status.ACKNOWLEDGED:
            found.done(Act.ACKNOWLEDGE)
        case Status.IN_PROGRESS:
            found.done(Act.START)
        case Status.REFERRED:
            found.done(Act.REFER)
        case Status.SCHEDULED:
            found.done(Act.SCHEDULE)
        case Status.REOPENED:
            found.done(Act.RESOLVE, Act.REOPEN)
        case Status.CONFIRMING | Status.RESOLVED:
            found.done(Act.RESOLVE, token=found.doer)
        case Status.CLOSED:
            found.done(Act.RESOLVE, Act.RATE)
        case Status.REJECTED:
            found.done(Act.REJECT, token=found.doer)
        case Status.APPEALED:
            found.done(Act.REJECT, token=found.doer)
            found.done(Act.APPEAL)
        case Status.WITHDRAWN:
            found.done(Act.WITHDRAW)
        case _:
            replace(found, code=found.master).done(Act.RELEASE)
            found.done(Act.MERGE)
    return found


def wrong_in(state: str) -> Iterator[Act]:
    """The acts that this state is the wrong one for."""
    for act in (*OFFICE, *REPORTER, TASK):
        allowed = MOVES[Act.REPLY if act is Act.RELEASE_DRAFT else act][0]
        if act is Act.RESOLVE:
            allowed = MOVES[Act.CLAIM][0] | allowed
        if act is Act.SCHEDULE:
            allowed = MOVES[Act.ASK_DATE][0] | allowed
        if (act not in WHILE_MERGED) if state == MERGED else (Status(state) not in allowed):
            yield act


@pytest.mark.parametrize("state", STATES)
def test_what_the_state_does_not_allow_is_refused_by_name_and_changes_nothing(
    case: Callable[..., Case], state: str
) -> None:
    there = brought_to(state, case)
    before = there.seen()
    assert before["status"] == (Status.RECEIVED if state == MERGED else state)
    assert (before["merged_with"] is not None) == (state == MERGED)
    rows = _kept()
    for act in wrong_in(state):
        reply = there.do(act, version=None if act is TASK else before["version"])
        assert reply.status in (409, 422), (act, reply.status, reply.text)
        problem = reply.json
        assert problem["type"].startswith("/problems/"), (act, problem)
        assert problem["title"], act
    assert _kept() == rows
    assert there.seen() == before


def test_an_act_that_is_open_in_a_state_is_offered_there_and_is_not_refused_for_the_state(
    case: Callable[..., Case],
) -> None:
    """The other side of the table: what the desk is told it may do is what it may do."""
    for act in case().seen()["may"]:
        there = case()
        if act == Act.MERGE:
            replace(there, code=there.master).done(Act.RELEASE)
        reply = there.do(Act(act))
        assert reply.status == (200 if act in PUTS else 201), (act, reply.text)


def test_every_act_stands_in_the_table_or_is_one_that_no_state_can_be_wrong_for() -> None:
    told = {*OFFICE, *REPORTER, TASK}
    assert not told & (OF_TIME | ELSEWHERE.keys())
    assert told | OF_TIME | ELSEWHERE.keys() == {*Act}


VALID_AND_INVALID: Mapping[Act, tuple[Mapping[str, Any], set[str]]] = {
    # act: (a part that is fine beside one that is not, the fields that are named)
    Act.RESOLVE: ({"photos": ["a" * 26]}, {"photos.0"}),
    Act.PASS_ON: ({"office": "mars"}, {"office"}),
    Act.SORT: ({"category": "sampah", "area": "99.99"}, {"area"}),
    Act.REFER: ({"agency": "pupr"}, {"agency"}),
    Act.SCHEDULE: ({"until": "2020-01-01"}, {"until"}),
    Act.REJECT: ({"reason": "boring"}, {"reason"}),
    Act.RAISE: ({"danger": "dragon"}, {"danger"}),
    Act.MERGE: ({"master": "DPS-00000-00000"}, {"master"}),
    Act.NOTE: ({"mentions": ["nobody"]}, {"mentions"}),
    Act.INSTRUCT: ({"due": "2020-01-01", "copies": ["nobody"]}, {"due", "copies"}),
    Act.SPLIT: (
        {
            "tasks": [
                {"office": "dlhk", "text": "Angkut puingnya.", "due": WORKDAY},
                {"office": "mars", "text": "Dan yang ini?", "due": WORKDAY},
            ]
        },
        {"tasks.1.office"},
    ),
    Act.MODERATE: ({"text": "", "reason": "Nama orang."}, {"text"}),
    Act.EDIT: ({"text": "Jalan berlubang dalam di sini.", "status": "closed"}, {"status"}),
    Act.MESSAGE: ({"colour": "red"}, {"colour"}),
    Act.WITHDRAW: ({"reason": "solved", "text": 5}, {"text"}),
}


def test_of_a_request_with_a_valid_and_an_invalid_part_neither_is_done(case: Callable[..., Case]) -> None:
    there = case()
    rows = _kept()
    for act, (said, fields) in VALID_AND_INVALID.items():
        reply = there.do(act, **said)
        assert reply.status == 422, (act, reply.text)
        assert {error["field"] for error in reply.json["errors"]} == fields, act
    assert _kept() == rows


def _kept() -> dict[str, set[str]]:
    """All rows but the counts of how often somebody knocked."""
    return {name: rows for name, rows in tables().items() if not name.endswith("guards")}
