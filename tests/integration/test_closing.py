"""A claimed fix on the real engines: the last call, the second person, and what silence may close."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.complaint import Complaint, Outcome, Status
from chalicelib.domain.errors import IllegalMove, NoProof, NotAllowed, NotFound, OwnWork, StaleComplaint
from chalicelib.domain.people import Act
from chalicelib.store import complaints
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import escalation, handling, reading
from tests.integration import people as cast
from tests.integration.people import Sent, a_case, an_officer, later, stored
from tests.stack import Stack

PROOF = "Berita acara 12, diperiksa pengawas lapangan."


def solved(**changes: object) -> Complaint:
    """A case that its office called solved an hour after it came."""
    officer = an_officer("duty@dlhk").officer
    code = a_case(private=True, **changes).complaint.code
    return handling.resolve(code, officer, "Sudah diangkut.", if_match=1, now=later(hours=1))


def claimed() -> Complaint:
    """A fix of a category that needs four eyes, with its proof."""
    officer = an_officer("duty@pupr").officer
    code = a_case(private=True, category="lubang_terbuka", phone=cast.a_phone()).complaint.code
    handling.reply(code, officer, "Kami ke sana.", if_match=1, now=later(minutes=30))
    return handling.resolve(code, officer, "Sudah ditutup.", PROOF, if_match=2, now=later(hours=1))


def wakes(code: str) -> datetime:
    at = stored(code).wakes_at(cast.city())
    assert at is not None
    return at


def acts(code: str) -> list[Act]:
    return [event.act for event in complaints.get(code, consistent=True).history]


def notices(code: str, template: str) -> list[str]:
    return [
        row.notice_id for row in NoticeRow.scan() if row.code == code and f"#{template}#" in row.notice_id
    ]


# Silence ------------------------------------------------------------------------------------------------------


def test_the_reporter_is_warned_by_sms_with_the_secret_link_and_then_silence_closes_it(stack: Stack) -> None:
    phone = cast.a_phone()
    code = solved(phone=phone).code
    cast.deliver(later(hours=1))
    sent, call = Sent(stack), wakes(code)
    assert escalation.sweep(now=call - timedelta(seconds=1)).skipped == 0
    assert acts(code)[-1] is Act.RESOLVE
    assert escalation.sweep(now=call).failed == 0
    cast.deliver(call)
    (message,) = sent.to(phone)
    assert "/k/" in message["text"]
    assert "sudah beres?" in message["text"]
    assert escalation.sweep(now=wakes(code)).closed == 1
    assert stored(code).outcome is Outcome.SILENCE


def test_a_sweep_again_or_beside_itself_warns_once(stack: Stack) -> None:
    code = solved(phone=cast.a_phone()).code
    call = wakes(code)
    results = cast.at_once(3, lambda _: escalation.sweep(now=call))
    assert cast.bad(results) == []
    assert sum(swept.failed for swept in cast.good(results)) == 0
    before = cast.everything()
    escalation.sweep(now=call)
    assert cast.everything() == before
    assert acts(code).count(Act.LAST_CALL) == 1
    assert len(notices(code, "citizen_silence")) == 1
    end = wakes(code)
    cast.at_once(3, lambda _: escalation.sweep(now=end))
    assert acts(code).count(Act.CLOSE) == 1


def test_a_sweep_that_was_down_leaves_the_reporter_the_whole_time_of_the_warning(stack: Stack) -> None:
    code = solved(phone=cast.a_phone()).code
    late = later(days=30)
    assert escalation.sweep(now=late).closed == 0
    assert wakes(code) == late + cast.city().windows.silence_warning
    assert escalation.sweep(now=wakes(code)).closed == 1


def test_a_warning_killed_before_its_write_is_made_by_the_next_sweep(stack: Stack) -> None:
    code = solved(phone=cast.a_phone()).code
    call, writes = wakes(code), itertools.count(1)

    class Killed(BaseException):
        pass

    def die(**_: object) -> None:
        if next(writes) == 1:
            raise Killed

    with cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", die), pytest.raises(Killed):
        escalation.sweep(now=call)
    assert notices(code, "citizen_silence") == []
    escalation.sweep(now=call)
    assert len(notices(code, "citizen_silence")) == 1


def test_who_has_had_all_sms_of_the_case_is_as_one_without_a_contact(stack: Stack) -> None:
    complaint = solved(phone=cast.a_phone())
    body = {**complaints.get(complaint.code).body, "citizen_sms": 4}
    row = complaints.ComplaintRow(complaint.code, "head")
    row.update(actions=[complaints.ComplaintRow.body.set(complaints._dump(body))])
    escalation.sweep(now=wakes(complaint.code))
    assert notices(complaint.code, "citizen_silence") == []
    assert escalation.sweep(now=wakes(complaint.code)).closed == 0
    assert stored(complaint.code).status is Status.CONFIRMING


def test_without_a_contact_it_waits_in_the_inbox_for_a_second_person(stack: Stack) -> None:
    head = an_officer("division_head@dlhk", desk=True)
    code = solved().code
    cast.deliver(later(hours=2))
    sent, end = Sent(stack), wakes(code)
    swept = escalation.sweep(now=end)
    cast.deliver(end)
    assert (swept.closed, stored(code).status) == (0, Status.CONFIRMING)
    assert [card.code for card in reading.inbox(head.officer, "office").cards] == [code]
    assert [m["channel"] for m in sent.to(head.email, head.phone)] == ["email"]
    # Nobody gave a proof, so there is nothing to approve: it goes back.
    version = stored(code).version
    with pytest.raises(NoProof):
        handling.approve(code, head.officer, if_match=version, now=end)
    handling.send_back(code, head.officer, "Mohon bukti.", if_match=version, now=end)
    again = an_officer("staff@dlhk").officer
    handling.resolve(code, again, "Sudah.", PROOF, if_match=version + 1, now=end + timedelta(hours=1))
    handling.approve(code, head.officer, if_match=version + 2, now=end + timedelta(hours=2))
    assert escalation.sweep(now=wakes(code)).closed == 1
    assert stored(code).outcome is Outcome.SILENCE


def test_a_claim_that_the_version_before_stored_is_warned_of(stack: Stack) -> None:
    complaint = solved(phone=cast.a_phone())
    body = dict(complaints.get(complaint.code).body)
    for name in ("closes_at", "last_call_at"):
        del body[name]
    row = complaints.ComplaintRow(complaint.code, "head")
    row.update(actions=[complaints.ComplaintRow.body.set(complaints._dump(body))])
    assert stored(complaint.code).closes_at is None
    escalation.sweep(now=later(days=8))
    assert len(notices(complaint.code, "citizen_silence")) == 1


# Four eyes ----------------------------------------------------------------------------------------------------


def test_the_reporter_hears_when_a_second_person_approved_and_not_before(stack: Stack) -> None:
    head = an_officer("division_head@pupr", desk=True)
    complaint = claimed()
    code = complaint.code
    assert notices(code, "citizen_resolved") == []
    assert len(notices(code, "office_approval")) == 1
    approved = handling.approve(code, head.officer, if_match=3, now=later(hours=2))
    assert (approved.status, approved.resolved_at) == (Status.RESOLVED, later(hours=2))
    assert len(notices(code, "citizen_resolved")) == 1
    assert (stored(code).closes_at, stored(code).confirmed) == (approved.closes_at, True)


def test_the_doer_does_not_approve_and_the_case_stays_as_it_is(stack: Stack) -> None:
    officer = an_officer("duty@pupr", "division_head@pupr").officer
    code = a_case(private=True, category="lubang_terbuka").complaint.code
    handling.resolve(code, officer, "Sudah ditutup.", PROOF, if_match=1, now=later(hours=1))
    with pytest.raises(OwnWork):
        handling.approve(code, officer, if_match=2, now=later(hours=2))
    reader = an_officer(f"village_head@{cast.PANJER}", office=cast.PANJER).officer
    with pytest.raises(NotFound):  # private: not even to be read
        handling.approve(code, reader, if_match=2, now=later(hours=2))
    with pytest.raises(NotAllowed):
        handling.approve(code, an_officer("staff@pupr").officer, if_match=2, now=later(hours=2))
    assert stored(code).version == 2


def test_of_an_approval_and_a_refusal_at_once_one_wins(stack: Stack) -> None:
    heads = [an_officer("division_head@pupr").officer, an_officer("office_head@pupr").officer]
    code = claimed().code

    def act(place: int) -> Complaint:
        if place:
            return handling.approve(code, heads[0], if_match=3, now=later(hours=2))
        return handling.send_back(code, heads[1], "Belum.", if_match=3, now=later(hours=2))

    results = cast.at_once(2, act)
    assert len(cast.good(results)) == 1
    (lost,) = cast.bad(results)
    assert isinstance(lost, StaleComplaint | IllegalMove)
    assert len(acts(code)) == 4


def test_a_claim_that_nobody_approves_climbs_and_is_warned_of_once(stack: Stack) -> None:
    heads = [an_officer(post) for post in ("division_head@pupr", "office_head@pupr")]
    code = claimed().code
    sent = Sent(stack)
    for _ in range(6):
        now = wakes(code)
        assert escalation.sweep(now=now).failed == 0
        before = cast.everything()
        escalation.sweep(now=now)
        assert cast.everything() == before
        cast.deliver(now)
    climbs = [
        (event.data["clock"], event.data["post"])
        for event in complaints.get(code).history
        if event.act is Act.ESCALATE
    ]
    assert ("approval", "division_head@pupr") in climbs
    assert {m["channel"] for m in sent.to(heads[0].phone, heads[0].email)} == {"sms", "email"}
    assert stored(code).status is Status.CONFIRMING
