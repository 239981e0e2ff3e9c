"""Erasure finds every word, wherever the city put it: drafts, dispositions, tasks, notes, photos, indexes."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.people import Act
from chalicelib.domain.tasks import State, Wanted
from chalicelib.store import complaints
from chalicelib.store.tables import TABLES
from chalicelib.usecases import bulk, deskwork, handling, indexing, moderation, reading
from chalicelib.usecases import privacy as rights
from chalicelib.usecases.deskwork import Instruction
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, an_officer, later
from tests.stack import Stack

TRACE = "Seroja"
SAID = f"Rumah Bu {TRACE} di gang sebelah."


def test_no_word_of_the_city_s_own_work_outlives_an_erasure(stack: Stack) -> None:
    phone = cast.a_phone()
    filed = a_case(phone=phone, text=f"Sampah menumpuk di depan rumah Bu {TRACE}.", identity_shown=True)
    code = filed.complaint.code
    head, clerk = an_officer("office_head@dlhk"), an_officer("staff@dlhk")
    other, triage = an_officer("staff@pupr"), an_officer(f"triage@{TRIAGE_OFFICE}")
    day = (later(days=3) + timedelta(hours=8)).date()

    def seen() -> int:
        return complaints.get_head(code, consistent=True).complaint.version

    deskwork.instruct(
        code,
        head.officer,
        Instruction(clerk.officer.id, SAID, day, ()),
        if_match=seen(),
        now=later(minutes=1),
    )
    deskwork.take(code, clerk.officer, if_match=seen(), now=later(minutes=2))
    handling.note(code, clerk.officer, SAID, (), if_match=seen(), now=later(minutes=3))
    handling.ask(code, clerk.officer, SAID, if_match=seen(), now=later(minutes=4))
    handling.answer(code, cast.holder_of(filed), 1, SAID, now=later(minutes=5))
    deskwork.split(code, clerk.officer, [Wanted("pupr", SAID, day)], if_match=seen(), now=later(minutes=6))
    task = deskwork.open_task(code, 1, other.officer)
    deskwork.answer_task(
        code, 1, other.officer, State.DONE, SAID, if_match=task.task.version, now=later(minutes=7)
    )
    reading.contact_of(code, clerk.officer, if_match=seen(), now=later(minutes=8))
    moderation.moderate(code, triage.officer, SAID, SAID, if_match=seen(), now=later(minutes=9))
    bulk.do(
        triage.officer,
        Act.HIDE,
        [(code, seen())],
        lambda case, version: handling.hide(
            case, triage.officer, SAID, if_match=version, now=later(minutes=10)
        ),
        now=later(minutes=10),
    )
    handling.reply(code, clerk.officer, SAID, if_match=seen(), now=later(minutes=11))
    cast.deliver(later(minutes=12))
    indexing.sweep()
    before = cast.everything()
    assert before.count(TRACE) > 10
    assert TRACE.lower() in before  # in the words by which staff find cases

    who = cast.citizen(phone)
    rights.erase(who, now=later(hours=1))
    for _ in range(2):
        rights.retain(now=later(hours=2))
        indexing.sweep()
    after = cast.everything()
    assert TRACE not in after, after[max(after.index(TRACE) - 900, 0) : after.index(TRACE) + 60]
    assert TRACE.lower() not in after
    # The person's id, a keyed hash, stands in what ends by itself within two days (counts; what undoing a bulk act
    # takes, ten minutes), and in the register by which a restore erases them again.
    left = [
        row for table in TABLES for row in (repr(each) for each in cast._raw_rows(table)) if who.id in row
    ]
    assert all(any(kind in row for kind in ("'rate#", "'bulk#", "'erasure#")) for row in left), left
    # What happened stays, and whoever looked at the contact stays answerable for it.
    stored = complaints.get(code)
    assert reading.flaws(stored) == ()
    assert {Act.INSTRUCT, Act.SPLIT, Act.TASK_REPLY, Act.REVEAL, Act.ERASE} <= {e.act for e in stored.history}
