"""What time brings due: each rung is told once, whatever happens to the sweep."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.complaint import Complaint, Outcome, Status
from chalicelib.domain.errors import IllegalMove, NotAllowed
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName, steps
from chalicelib.http import views
from chalicelib.observability import metrics
from chalicelib.store import complaints, people
from chalicelib.store.tables import TABLES, NoticeRow, connection
from chalicelib.usecases import escalation, handling, reading
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import (
    NOW,
    PANJER,
    TRIAGE_OFFICE,
    Employee,
    Sent,
    a_case,
    an_officer,
    later,
    stored,
)
from tests.stack import Stack

LADDER = ("division_head@dlhk", "office_head@dlhk", "secretary@city", "mayor@city")


def past(complaint: Complaint) -> datetime:
    """Just after the next climb or closing; warnings come before."""
    found = stored(complaint.code)
    if not found.open:
        at = found.wakes_at(cast.city())
        assert at is not None
        return at + timedelta(seconds=1)
    ladders = [clock for clock in found.clocks.running() if clock.name is not ClockName.CEILING]
    return min(clock.next_climb for clock in ladders) + timedelta(seconds=1)


def escalations(code: str) -> list[str]:
    return [
        str(event.data["post"])
        for event in complaints.get(code, consistent=True).history
        if event.act is Act.ESCALATE and event.data["clock"] != ClockName.SCREENING
    ]


def released_case(**changes: Any) -> Complaint:
    """A case whose text triage has read, so that only its promises are left to run out."""
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(**changes).complaint.code
    return handling.release(code, triage, if_match=1, now=later(minutes=1))


def test_a_case_that_nobody_answers_climbs_and_each_rung_hears_by_sms_and_mail(stack: Stack) -> None:
    holders = [an_officer(post) for post in LADDER]
    complaint = released_case(phone=cast.a_phone())
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    heard: list[tuple[str, set[str]]] = []
    # Two promises run out one after the other; each climbs its own way up. Follow them to the top.
    for _ in range(8):
        now = past(complaint)
        swept = escalation.sweep(now=now)
        assert swept.failed == 0
        cast.deliver(now)
        messages = sent.new()
        for holder in holders:
            channels = {m["channel"] for m in messages if m["to"] in (holder.phone, holder.email)}
            if channels:
                assert all(
                    complaint.code in m["text"] for m in messages if m["to"] in (holder.phone, holder.email)
                )
                heard.append((holder.officer.duties[0].post, channels))
    # The secretary and the mayor have their lists.
    assert {post for post, _ in heard} == set(LADDER[:2])
    assert all(channels == {"sms", "email"} for _, channels in heard)
    climbed = escalations(complaint.code)
    assert set(climbed) - {""} == set(LADDER)  # above the last one nobody is named
    assert sorted(post for post, _ in heard) == sorted(post for post in climbed if post in LADDER[:2])
    # Attention is not an answer: the status stays, the reporter reads of it.
    assert stored(complaint.code).status is Status.RECEIVED
    own = reading.own_case(complaint.code, cast.signin.Who(cast.signin.Kind.LINK, f"{complaint.code}.1"))
    assert Act.ESCALATE in [event.act for event in own.history]


def test_a_second_sweep_at_the_same_moment_does_nothing(stack: Stack) -> None:
    for post in LADDER:
        an_officer(post)
    complaint = released_case()
    now = past(complaint)
    assert escalation.sweep(now=now).climbed == 1
    before = cast.everything()
    again = escalation.sweep(now=now)
    assert (again.climbed, again.closed, again.failed) == (0, 0, 0)
    assert cast.everything() == before


def test_a_case_before_its_time_is_left_alone(stack: Stack) -> None:
    complaint = released_case()
    assert escalation.sweep(now=past(complaint) - timedelta(seconds=2)).climbed == 0
    assert escalation.wake_one(complaint.code, now=later(minutes=5)) is None


def test_sweeps_side_by_side_escalate_each_case_once(stack: Stack) -> None:
    for post in LADDER:
        an_officer(post)
    cases = [released_case() for _ in range(6)]
    now = past(cases[0])
    results = cast.at_once(3, lambda _: escalation.sweep(now=now))
    assert cast.bad(results) == []
    assert sum(swept.failed for swept in cast.good(results)) == 0
    assert sum(swept.climbed for swept in cast.good(results)) == len(cases)
    for complaint in cases:
        assert len(escalations(complaint.code)) == 1
        rungs = [row for row in NoticeRow.scan() if row.code == complaint.code and "rung" in row.notice_id]
        assert len(rungs) == 2  # one SMS, one mail


@pytest.mark.parametrize(("workers", "before"), [(1, [0, 0, 1, 1]), (4, [0, 1, 1, 1])])
def test_a_sweep_killed_between_two_cases_is_finished_by_the_next(
    stack: Stack, workers: int, before: list[int]
) -> None:
    for post in LADDER:
        an_officer(post)
    cases = [released_case() for _ in range(4)]
    now = past(cases[0])
    writes = itertools.count(1)

    class Killed(BaseException):
        pass

    def die(**_: object) -> None:
        if next(writes) == 3:
            raise Killed

    with cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", die), pytest.raises(Killed):
        escalation.sweep(now=now, workers=workers)
    assert sorted(len(escalations(c.code)) for c in cases) == before
    assert escalation.sweep(now=now).climbed == before.count(0)
    assert [len(escalations(c.code)) for c in cases] == [1, 1, 1, 1]
    rungs = [row.notice_id for row in NoticeRow.scan() if "rung" in row.notice_id]
    assert len(rungs) == len(set(rungs)) == 8  # one SMS and one mail for each


def test_a_sweep_without_time_stops_and_says_so(stack: Stack) -> None:
    cases = [released_case() for _ in range(3)]
    now = past(cases[0])
    left = iter([True, True, False])
    swept = escalation.sweep(now=now, has_time=lambda: next(left))
    assert (swept.climbed, swept.finished) == (2, False)
    assert escalation.sweep(now=now).finished


def test_a_poisoned_case_is_passed_over_and_counted(stack: Stack) -> None:
    cases = [released_case() for _ in range(4)]
    now = past(cases[0])
    poisoned = complaints.ComplaintRow(cases[1].code, "head")
    poisoned.update(actions=[complaints.ComplaintRow.body.set('{"status": "no such thing"}')])
    swept = escalation.sweep(now=now)
    assert (swept.climbed, swept.failed, swept.finished) == (3, 1, True)
    assert cast.counted("SweepFailures") == 1


def test_a_poisoned_case_is_tried_once_in_a_run_and_again_in_the_next(stack: Stack) -> None:
    poisoned, sound = released_case().code, released_case()
    row = complaints.ComplaintRow(poisoned, "head")
    row.update(actions=[complaints.ComplaintRow.body.set('{"status": "no such thing"}')])
    for _ in range(2):
        with cast.calls() as seen:
            assert escalation.sweep(now=past(sound)).failed == 1
        reads = [params for name, params in seen if name == "Query" and poisoned in repr(params)]
        assert len(reads) == 1


# At scale -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def counters() -> Iterator[None]:
    metrics.clear_metrics()
    yield
    metrics.clear_metrics()


def snapshot() -> dict[str, list[dict[str, Any]]]:
    return {table.Meta.table_name: list(cast._raw_rows(table)) for table in TABLES}


def put_back(stack: Stack, rows: dict[str, list[dict[str, Any]]]) -> None:
    stack.clear()
    for table, items in rows.items():
        for item in items:
            connection().client.put_item(TableName=table, Item=item)


def test_cases_taken_side_by_side_end_as_one_after_the_other(stack: Stack) -> None:
    head, _ = an_officer("division_head@dlhk").officer, an_officer("office_head@dlhk")
    officer = an_officer("duty@dlhk").officer
    cases = [released_case() for _ in range(9)] + [a_case().complaint for _ in range(3)]
    for complaint in cases[:3]:
        proof = "Foto di lokasi, berita acara."
        handling.resolve(complaint.code, officer, "Sudah.", proof, if_match=2, now=later(hours=1))
        handling.approve(complaint.code, head, if_match=3, now=later(hours=2))
    complaints.ComplaintRow(cases[4].code, "head").update(
        actions=[complaints.ComplaintRow.body.set('{"status": "no such thing"}')]
    )
    before, now = snapshot(), later(days=21)  # a Monday
    ends = []
    for workers in (1, 4, 16):
        put_back(stack, before)
        swept = escalation.sweep(now=now, workers=workers)
        ends.append((swept.climbed, swept.closed, swept.skipped, swept.failed, cast.everything()))
    assert ends[0] == ends[1] == ends[2]
    assert ends[0][:4] == (ends[0][0], 3, 0, 1)
    assert ends[0][0] >= 8


def test_as_many_cases_are_in_hand_as_there_are_workers_and_no_more(stack: Stack) -> None:
    cases = [released_case() for _ in range(8)]
    gate, lock = threading.Barrier(4, timeout=20), threading.Lock()
    in_hand, most = [0], [0]

    def begin(**_: object) -> None:
        with lock:
            in_hand[0] += 1
            most[0] = max(most[0], in_hand[0])
        gate.wait()  # breaks unless four write at once

    def end(**_: object) -> None:
        with lock:
            in_hand[0] -= 1

    with (
        cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", begin),
        cast.on_dynamodb("after-call.dynamodb.TransactWriteItems", end),
    ):
        swept = escalation.sweep(now=past(cases[0]), workers=4)
    assert (swept.climbed, swept.failed) == (8, 0)
    assert most[0] == 4


def test_the_longest_waiting_case_is_taken_first_whatever_its_shard(stack: Stack) -> None:
    order = [released_case_at(later(days=number)) for number in (8, 1, 9, 0, 2, 7, 3)]
    waits = sorted(order, key=lambda complaint: past(complaint))
    now = past(waits[-1])
    assert list(complaints.due(now)) == [complaint.code for complaint in waits]
    left = iter([True, True, False])
    escalation.sweep(now=now, has_time=lambda: next(left))
    assert [bool(escalations(complaint.code)) for complaint in waits] == [True, True] + [False] * 5


def released_case_at(now: datetime) -> Complaint:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    return handling.release(a_case(now=now).complaint.code, triage, if_match=1, now=now)


def test_the_heart_beats_in_each_run_that_reached_its_end(stack: Stack) -> None:
    released = released_case()
    escalation.sweep(now=NOW)
    assert cast.counted("SweepRan") == 1
    assert not escalation.sweep(now=past(released), has_time=lambda: False).finished
    assert cast.counted("SweepRan") == 2

    def away(**_: object) -> None:
        raise ConnectionError("the table is away")

    with cast.on_dynamodb("before-call.dynamodb.Query", away), pytest.raises(ConnectionError):
        escalation.sweep(now=past(released))
    assert cast.counted("SweepRan") == 2


# A clock that is wrong ----------------------------------------------------------------------------------------


def test_a_clock_set_back_does_nothing_and_loses_nothing(stack: Stack) -> None:
    an_officer("division_head@dlhk")
    complaint = released_case()
    now = past(complaint)
    assert escalation.sweep(now=now).climbed == 1
    before = cast.everything()
    for back in (timedelta(minutes=1), timedelta(days=1), timedelta(days=400)):
        swept = escalation.sweep(now=now - back)
        assert (swept.climbed, swept.closed, swept.failed) == (0, 0, 0)
        assert escalation.wake_one(complaint.code, now=now - back) is None
    assert cast.everything() == before
    assert escalation.sweep(now=past(complaint)).climbed == 1


def test_a_clock_set_ahead_climbs_each_promise_by_one_rung_and_no_more(stack: Stack) -> None:
    for post in LADDER:
        an_officer(post)
    officer = an_officer("duty@dlhk").officer
    complaint = released_case()
    ahead = NOW + timedelta(days=400)
    running = len([c for c in stored(complaint.code).clocks.running() if c.name is not ClockName.CEILING])
    for _ in range(3):
        escalation.sweep(now=ahead)
    assert len(escalations(complaint.code)) == running
    rungs = [row.notice_id for row in NoticeRow.scan() if "rung" in row.notice_id]
    assert len(rungs) == len(set(rungs)) == 2 * running
    # The clock is right again: nothing falls due at once, the case is still at work, and nobody lost it.
    assert escalation.sweep(now=later(hours=1)).climbed == 0
    version = stored(complaint.code).version
    handling.reply(complaint.code, officer, "Besok.", if_match=version, now=later(hours=1))
    assert stored(complaint.code).open
    assert list(complaints.due(ahead + timedelta(days=400))) == [complaint.code]


def test_the_schedule_runs_the_sweep(stack: Stack) -> None:
    # By the machine's clock: so this case is one of long ago, and an emergency, which climbs on a Sunday too.
    long_ago = datetime.fromisoformat("2026-02-02T02:00:00+00:00")
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(now=long_ago, category="kebakaran").complaint.code
    handling.release(code, triage, if_match=1, now=long_ago)
    answer = cast.invoke("sweep_deadlines", cast.a_tick())
    assert (answer["failed"], answer["finished"]) == (0, True)
    assert answer["climbed"] >= 1
    assert escalations(code)


# Vacant, disabled and accused rungs ---------------------------------------------------------------------------


def test_a_vacant_rung_is_passed_and_recorded(stack: Stack) -> None:
    head = an_officer("office_head@dlhk")
    complaint = released_case()
    now = past(complaint)
    escalation.sweep(now=now)
    event = complaints.get(complaint.code).history[-1]
    assert (event.data["post"], event.data["vacant"]) == ("office_head@dlhk", ["division_head@dlhk"])
    sent = Sent(stack)
    cast.deliver(now)
    assert {m["channel"] for m in sent.to(head.phone, head.email)} == {"sms", "email"}


def test_a_disabled_holder_is_a_vacant_rung(stack: Stack) -> None:
    cast.disable(an_officer("division_head@dlhk"))
    an_officer("office_head@dlhk")
    complaint = released_case()
    escalation.sweep(now=past(complaint))
    assert escalations(complaint.code) == ["office_head@dlhk"]


def test_holder_and_delegate_both_hear(stack: Stack) -> None:
    both = [an_officer("division_head@dlhk"), an_officer("division_head@dlhk")]
    complaint = released_case()
    now = past(complaint)
    escalation.sweep(now=now)
    sent = Sent(stack)
    cast.deliver(now)
    assert {m["to"] for m in sent.new()} >= {a for e in both for a in (e.phone, e.email)}


def test_a_holder_who_is_their_own_delegate_is_told_once_and_stops_nothing(stack: Stack) -> None:
    head = an_officer("division_head@dlhk")
    people.hold_post("division_head@dlhk", [head.officer.id, head.officer.id])
    complaint = released_case()
    now = past(complaint)
    swept = escalation.sweep(now=now)
    assert (swept.climbed, swept.failed) == (1, 0)
    sent = Sent(stack)
    cast.deliver(now)
    assert sorted(m["channel"] for m in sent.to(head.phone, head.email)) == ["email", "sms"]


def test_where_all_rungs_are_vacant_the_office_is_reminded_again_and_again(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    complaint = released_case()
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    for _ in range(3):
        now = past(complaint)
        escalation.sweep(now=now)
        cast.deliver(now)
        assert {m["channel"] for m in sent.to(desk.phone, desk.email)} == {"email"}


def test_whom_a_case_is_about_hears_of_no_rung_whatever_other_post_they_hold(stack: Stack) -> None:
    """An acting head: works in the accused office and holds a post of the office that has the case."""
    acting = an_officer("division_head@inspektorat", office="dlhk")
    inspector = an_officer("office_head@inspektorat")
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(about_staff=True, accused="dlhk").complaint.code
    complaint = handling.sort(
        code, triage, Sorting("sampah", accusation=True), if_match=1, now=later(minutes=9)
    )
    cast.deliver(later(minutes=10))
    sent = Sent(stack)
    told: set[str] = set()
    for _ in range(8):
        now = past(complaint)
        escalation.sweep(now=now)
        cast.deliver(now)
        told |= {m["to"] for m in sent.new()}
    assert {inspector.phone, inspector.email} <= told
    assert not told & {acting.phone, acting.email}


def test_an_undecided_accusation_climbs_at_triage_without_a_word_of_what_it_is(stack: Stack) -> None:
    head = an_officer(f"office_head@{TRIAGE_OFFICE}")
    accused = an_officer("division_head@dlhk", "office_head@dlhk", desk=True)
    complaint = a_case(about_staff=True, accused="dlhk").complaint
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    messages = []
    for _ in range(4):
        now = past(complaint)
        escalation.sweep(now=now)
        cast.deliver(now)
        messages += sent.new()
    assert {m["channel"] for m in messages if m["to"] in (head.phone, head.email)} == {"sms", "email"}
    assert not [m for m in messages if m["to"] in (accused.phone, accused.email)]
    for word in ("DLHK", "ampah", "Panjer"):
        assert not any(word in m["text"] + (m["subject"] or "") for m in messages)


def test_a_rung_acknowledges_from_its_page_with_one_tap_and_keeps_the_case_for_its_time(stack: Stack) -> None:
    head, above = an_officer("division_head@dlhk"), an_officer("office_head@dlhk")
    complaint = released_case()
    now = past(complaint)
    escalation.sweep(now=now)
    silent, seen = past(complaint), stored(complaint.code).version
    with pytest.raises(NotAllowed):
        handling.acknowledge_rung(complaint.code, above.officer, if_match=seen, now=now)
    after = handling.acknowledge_rung(complaint.code, head.officer, if_match=seen, now=now)
    assert (after.status, after.level) == (Status.RECEIVED, 1)
    kept = stored(complaint.code)
    assert kept.clocks == after.clocks  # the row holds the rung
    assert past(complaint) > silent
    assert escalation.sweep(now=silent).climbed == 0
    with pytest.raises(IllegalMove):
        handling.acknowledge_rung(
            complaint.code, head.officer, if_match=stored(complaint.code).version, now=now
        )


def test_a_rung_that_stays_silent_is_passed(stack: Stack) -> None:
    an_officer("division_head@dlhk"), an_officer("office_head@dlhk")
    complaint = released_case()
    escalation.sweep(now=past(complaint))
    escalation.sweep(now=past(complaint))
    assert escalations(complaint.code) == ["division_head@dlhk", "office_head@dlhk"]


def test_a_row_of_the_version_before_owes_no_acknowledgement(stack: Stack) -> None:
    head = an_officer("division_head@dlhk")
    complaint = released_case()
    escalation.sweep(now=past(complaint))
    row = complaints.ComplaintRow.get(complaint.code, "head")
    body = json.loads(row.body)
    del body["rungs"]
    row.update(actions=[complaints.ComplaintRow.body.set(json.dumps(body))])
    assert stored(complaint.code).level == 1
    with pytest.raises(NotAllowed):
        handling.acknowledge_rung(
            complaint.code, head.officer, if_match=stored(complaint.code).version, now=later(days=9)
        )


def test_whoever_must_act_is_warned_once_each_time_and_nobody_outside_reads_of_it(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    complaint = released_case(phone=cast.a_phone())
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    half = stored(complaint.code).wakes_at(cast.city())
    assert half is not None
    for _ in range(2):
        swept = escalation.sweep(now=half)
        assert (swept.climbed, swept.failed) == (0, 0)
    cast.deliver(half)
    (mail,) = sent.new()
    assert (mail["to"], mail["channel"]) == (desk.email, "email")
    assert complaint.code in mail["text"]
    warned = complaints.get(complaint.code, consistent=True)
    assert [event.act for event in warned.history][-1] is Act.WARN
    assert warned.complaint.wakes_at(cast.city()) == warned.complaint.clocks.wakes_at
    assert warned.complaint.updated_at == stored(complaint.code).updated_at == later(minutes=1)
    who = cast.signin.Who(cast.signin.Kind.LINK, f"{complaint.code}.1")
    city = cast.city()
    for view in (views.public, views.own):
        body = view(reading.own_case(complaint.code, who), city, "id", half)
        assert [line["act"] for line in body["timeline"]] == ["file", "release"]
    office = views.office(warned, desk.officer, city, "id", half)
    assert office["timeline"][-1]["what"] == "Pengingat: 50% waktu sudah terpakai."


def test_a_case_keeps_its_warnings_in_its_row_and_one_of_before_has_none(stack: Stack) -> None:
    complaint = released_case()
    kept = stored(complaint.code)
    assert kept.clocks.running() == complaint.clocks.running()
    assert all(clock.warns for clock in kept.clocks.running())
    row = complaints.ComplaintRow.get(complaint.code, "head")
    body = json.loads(row.body)
    del body["warns"]
    row.update(actions=[complaints.ComplaintRow.body.set(json.dumps(body))])
    old = stored(complaint.code)
    assert old.wakes_at(cast.city()) == old.clocks.next_due


def test_a_village_matter_climbs_the_area_line(stack: Stack) -> None:
    camat = an_officer(f"district_head@{cast.SOUTH}")
    complaint = released_case(category="sampah_lingkungan")
    assert complaint.office == PANJER
    escalation.sweep(now=past(complaint))
    assert escalations(complaint.code) == [f"district_head@{cast.SOUTH}"]
    assert reading.office_case(complaint.code, camat.officer).complaint.level == 1


def test_the_first_rung_of_a_hamlet_hears_at_once(stack: Stack) -> None:
    hamlet = next(iter(cast.city().hamlets))
    kaling = an_officer(f"hamlet_head@{hamlet}")
    sent = Sent(stack)
    a_case(category="sampah_lingkungan", area=hamlet.partition("/")[0], hamlet=hamlet)
    cast.deliver(later(minutes=1))
    assert {m["channel"] for m in sent.to(kaling.phone, kaling.email)} == {"sms", "email"}


def test_an_unread_text_is_triages_reminder_and_never_a_release(stack: Stack) -> None:
    triage: Employee = an_officer(f"triage@{TRIAGE_OFFICE}", desk=True)
    complaint = a_case().complaint
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    screening = complaint.clocks.get(ClockName.SCREENING)
    assert screening is not None
    now = screening.due + timedelta(seconds=1)
    escalation.sweep(now=now)
    cast.deliver(now)
    assert {m["channel"] for m in sent.to(triage.phone, triage.email)} == {"email"}
    assert stored(complaint.code).screening == "held"


# Silence and reopening ----------------------------------------------------------------------------------------


def test_silence_closes_a_claimed_fix_and_does_not_call_it_solved(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    complaint = released_case(phone=cast.a_phone())
    handling.resolve(complaint.code, officer, "Sudah.", if_match=2, now=later(hours=1))
    end = later(hours=1) + cast.city().windows.reopen
    escalation.sweep(now=end - cast.city().windows.silence_warning)  # the reporter is warned
    assert escalation.sweep(now=end - timedelta(seconds=1)).closed == 0
    assert escalation.sweep(now=end).closed == 1
    closed = stored(complaint.code)
    assert (closed.status, closed.outcome, closed.rating) == (Status.CLOSED, Outcome.SILENCE, None)
    assert list(complaints.due(end + timedelta(days=3650))) == []


def test_a_reopened_case_climbs_at_the_next_sweep(stack: Stack) -> None:
    head = an_officer("division_head@dlhk")
    officer = an_officer("duty@dlhk").officer
    complaint = released_case()
    who = cast.signin.Who(cast.signin.Kind.LINK, f"{complaint.code}.1")
    handling.resolve(complaint.code, officer, "Sudah.", if_match=2, now=later(hours=1))
    handling.reopen(complaint.code, who, "Belum, masih menumpuk.", now=later(hours=2))
    sent = Sent(stack)
    swept = escalation.sweep(now=later(hours=2))
    cast.deliver(later(hours=2))
    assert swept.climbed == 1
    assert escalations(complaint.code) == ["division_head@dlhk"]
    assert {m["channel"] for m in sent.to(head.phone, head.email)} == {"sms", "email"}
    assert stored(complaint.code).level == 1


def test_every_open_case_wakes_and_stands_in_one_inbox(stack: Stack) -> None:
    """The invariant: nothing open is ever out of sight, whatever was done to it."""
    officer, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    filed = [a_case(), a_case(category=None), a_case(about_staff=True), a_case(private=True), a_case()]
    codes = [f.complaint.code for f in filed]
    handling.reply(codes[0], officer, "Besok.", if_match=1, now=later(minutes=1))
    handling.reply(codes[3], officer, "Besok.", if_match=1, now=later(minutes=1))
    handling.resolve(codes[4], officer, "Sudah.", if_match=1, now=later(minutes=1))
    handling.reopen(codes[4], cast.holder_of(filed[4]), "Belum.", now=later(minutes=2))
    handling.hide(codes[0], triage, "data pribadi", if_match=2, now=later(minutes=2))
    for days in range(0, 60, 12):
        escalation.sweep(now=NOW + timedelta(days=days))
    due = list(complaints.due(NOW + timedelta(days=3650)))
    for code in codes:
        complaint = stored(code)
        assert complaint.open
        assert due.count(code) == 1
        inboxes = [
            card.code
            for office in ("dlhk", TRIAGE_OFFICE)
            for card in complaints.page("by_office", office, limit=50, newest_first=False)
        ]
        assert inboxes.count(code) == 1
        assert not steps(complaint, ClockName.SCREENING, cast.city())
