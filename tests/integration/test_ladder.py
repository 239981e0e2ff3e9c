"""Hand-over, referral, longer promises and piket lists on the real engines: what is stored, refused and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.domain.city import AREA_HEAD
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import Invalid, NotFound
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName
from chalicelib.store import complaints, people
from chalicelib.store.tables import ComplaintRow, NoticeRow
from chalicelib.usecases import escalation, handling, reading, sealing
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, an_officer, later, stored
from tests.stack import Stack

MOST_BYTES = 2048


def told(code: str) -> set[tuple[str, str]]:
    """Template and road of every notice of a case."""
    return {
        (row.notice_id.split("#")[2], row.notice_id.split("#")[4])
        for row in NoticeRow.scan()
        if row.code == code
    }


def climb(code: str) -> Complaint:
    """Let the sweep find whatever time brings next."""
    at = stored(code).wakes_at(cast.city())
    assert at is not None
    assert escalation.wake_one(code, now=at) is not None
    return stored(code)


def test_a_hand_over_is_stored_only_while_it_runs_and_beside_what_older_code_reads(stack: Stack) -> None:
    one, two = an_officer("duty@dlhk").officer, an_officer("duty@pupr").officer
    code = a_case().complaint.code
    moved = handling.pass_on(code, one, "pupr", "Ini saluran.", if_match=1, now=later(hours=1))
    assert {*stored(code).clocks} == {*moved.clocks}
    body = complaints.get(code).body
    assert set(body["inside"]) == {"h"}
    assert "handover" not in {name for name, *_ in body["clocks"]}
    handling.acknowledge(code, two, if_match=2, now=later(hours=2))
    assert "inside" not in complaints.get(code).body
    assert stored(code).clocks.get(ClockName.HANDOVER) is None


def test_a_case_that_climbed_and_was_handed_over_is_awake_and_climbs_the_new_office_s_ladder(
    stack: Stack,
) -> None:
    for post in ("division_head@dlhk", "division_head@pupr", "office_head@pupr"):
        an_officer(post)
    code = a_case().complaint.code
    while "division_head@dlhk" not in stored(code).rungs:
        climb(code)
    now = stored(code).updated_at
    handling.pass_on(
        code,
        an_officer("duty@dlhk").officer,
        "pupr",
        "Ini saluran.",
        if_match=stored(code).version,
        now=now + timedelta(minutes=1),
    )
    assert {clock.asleep for clock in stored(code).clocks} == {None}
    reply = stored(code).clocks.get(ClockName.FIRST_REPLY)
    assert reply is not None
    assert (reply.climbed, reply.passed) == (1, 0)
    while "division_head@pupr" not in stored(code).rungs:
        assert "office_head@pupr" not in stored(code).rungs
        climb(code)


def test_no_office_returns_a_case_a_second_hand_over_goes_to_triage_and_a_dispute_up(stack: Stack) -> None:
    one, two = an_officer("duty@dlhk").officer, an_officer("duty@pupr").officer
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case().complaint.code
    handling.pass_on(code, one, "pupr", "Ini saluran.", if_match=1, now=later(hours=1))
    before = cast.everything()
    with pytest.raises(Invalid) as raised:
        handling.pass_on(code, two, "dlhk", "Ini sampah.", if_match=2, now=later(hours=2))
    assert [fault.reason for fault in raised.value.faults] == ["office_returned"]
    assert cast.everything() == before
    second = handling.pass_on(code, two, "dishub", "Ini rambu.", if_match=2, now=later(hours=2))
    assert (second.office, second.sorted) == (TRIAGE_OFFICE, False)
    assert [card.code for card in reading.inbox(triage, "office").cards] == [code]
    decided = handling.sort(code, triage, Sorting("sampah", office="dlhk"), if_match=3, now=later(hours=3))
    assert (decided.office, decided.sorted) == ("dlhk", True)
    third = handling.pass_on(code, one, "pupr", "Bukan kami.", if_match=4, now=later(hours=4))
    verification = third.clocks.get(ClockName.VERIFICATION)
    assert verification is not None
    assert verification.next_climb == later(hours=4)


def test_only_an_officer_of_right_puts_a_promise_off_and_the_reporter_is_told(stack: Stack) -> None:
    triage, head = (
        an_officer(f"triage@{TRIAGE_OFFICE}").officer,
        an_officer("office_head@inspektorat").officer,
    )
    filed = a_case(category=None, phone=cast.a_phone())
    code = filed.complaint.code
    why = "Perbaikan berat memerlukan alat dan bahan."
    sorting = Sorting("jalan_rusak", longer=why)
    with pytest.raises(NotFound):  # not theirs to read, so not theirs to refuse
        handling.sort(code, head, sorting, if_match=1, now=later(hours=1))
    after = handling.sort(code, triage, sorting, if_match=1, now=later(hours=1))
    old, new = filed.complaint.clocks.get(ClockName.RESOLUTION), after.clocks.get(ClockName.RESOLUTION)
    assert old is not None
    assert new is not None
    assert new.due > old.due
    assert {template for template, _ in told(code)} >= {"citizen_promise"}
    event = reading.own_case(code, cast.holder_of(filed)).history[-1]
    assert (event.text, event.data["was"]["resolution"]) == (why, old.due.isoformat())


def test_a_referral_is_answered_for_by_the_office_s_own_heads(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    for post in ("division_head@dlhk", "office_head@dlhk", "secretary@city"):
        an_officer(post)
    code = a_case().complaint.code
    handling.reply(code, officer, "Kami tanyakan ke PLN.", if_match=1, now=later(hours=1))
    handling.refer(code, officer, "pln", "Kabel menjuntai.", if_match=2, now=later(hours=1))
    assert stored(code).clocks.get(ClockName.REFERRAL) is not None
    end = later(days=40)
    while (at := stored(code).wakes_at(cast.city())) is not None and at < end:
        climb(code)
    climbs = [e.data for e in complaints.get(code).history if e.act is Act.ESCALATE]
    assert {data["clock"] for data in climbs} <= {"screening", "referral"}
    assert [d["post"] for d in climbs if d["clock"] == "referral"][:2] == [
        "division_head@dlhk",
        "office_head@dlhk",
    ]
    assert "officer_referral" in {template for template, _ in told(code)}
    back = handling.start(code, officer, if_match=stored(code).version, now=end)
    assert back.clocks.get(ClockName.REFERRAL) is None
    assert escalation.wake_one(code, now=end) is not None
    last = complaints.get(code).history[-1].data
    assert (last["clock"], last["post"]) == ("resolution", "division_head@dlhk")


def test_a_sweep_on_a_day_off_stamps_the_working_day_and_does_not_come_back_before(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    an_officer("division_head@dlhk")
    code = a_case().complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    saturday = later(days=5)
    assert escalation.sweep(now=saturday).climbed == 0
    case = stored(code)
    assert case.level == 0
    monday = later(days=7, hours=-2, minutes=-30)  # 07.30
    assert case.wakes_at(cast.city()) == monday
    before = cast.everything()
    assert escalation.sweep(now=saturday + timedelta(hours=20)).climbed == 0
    assert cast.everything() == before
    assert escalation.sweep(now=monday).climbed >= 1


def test_in_a_desa_the_unit_for_villages_reads_what_the_camat_coordinates(stack: Stack) -> None:
    desa = next(code for code in cast.city().villages if cast.city().is_coordinated(code))
    an_officer(f"district_head@{desa[:8]}")
    clerk = an_officer("staff@setda").officer
    code = an_area_case(desa)
    with pytest.raises(NotFound):
        reading.office_case(code, clerk)
    while not stored(code).rungs:
        climb(code)
    assert reading.office_case(code, clerk).complaint.code == code
    roads = told(code)
    assert ("office_coordination", "setda") in roads
    assert "officer_coordination" in {template for template, _ in roads}


def an_area_case(village: str) -> str:
    category = next(c for c in cast.city().categories.values() if c.office == AREA_HEAD)
    return a_case(category=category.id, area=village).complaint.code


def test_a_post_is_held_by_whom_the_piket_list_names_and_else_by_its_holder(stack: Stack) -> None:
    always, turn = an_officer("division_head@dlhk").officer, an_officer("staff@dlhk").officer
    post = "division_head@dlhk"
    people.hold_post(post, [always.id], [(date(2026, 11, 24), date(2026, 11, 25), [turn.id])])

    def there(day: int) -> list[str]:
        return [item for item, _ in people.holders([post], on=date(2026, 11, day))[post].officers]

    assert [there(day) for day in (23, 24, 25, 26)] == [[always.id], [turn.id], [turn.id], [always.id]]
    code = a_case().complaint.code
    handling.release(code, an_officer(f"triage@{TRIAGE_OFFICE}").officer, if_match=1, now=later(minutes=1))
    escalation.sweep(now=later(days=1, hours=7))  # Tuesday 24, 17.00: the first reply is late
    assert {to for _, to in rung_of(code)} == {turn.id}


def rung_of(code: str) -> set[tuple[str, str]]:
    return {
        (row.notice_id.split("#")[2], row.notice_id.split("#")[-1])
        for row in NoticeRow.scan()
        if row.code == code and "officer_rung" in row.notice_id
    }


def test_a_post_whose_holder_no_message_reaches_is_passed_as_vacant(stack: Stack) -> None:
    mute = an_officer("division_head@dlhk").officer
    people.save_officer(mute, b"")
    assert people.holders(["division_head@dlhk"])["division_head@dlhk"].officers == ()


def test_who_acts_in_a_post_is_called_so_in_the_history(stack: Stack) -> None:
    employee = an_officer("division_head@dlhk")
    contact = sealing.seal(employee.officer.id, {"phone": employee.phone, "email": employee.email})
    people.save_officer(replace(employee.officer, title="Plt. Kepala Bidang Kebersihan"), contact)
    code = a_case().complaint.code
    handling.release(code, an_officer(f"triage@{TRIAGE_OFFICE}").officer, if_match=1, now=later(minutes=1))
    escalation.sweep(now=later(days=1, hours=7))
    event = next(e for e in complaints.get(code).history if e.act is Act.ESCALATE)
    assert event.data["acting"] == "Plt."


def test_a_head_that_was_handed_over_referred_and_climbed_stays_under_two_kilobytes(stack: Stack) -> None:
    village = cast.PANJER
    one, two = an_officer("duty@dlhk").officer, an_officer(f"duty@{village}").officer
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    for post in (f"division_head@{village}", f"village_head@{village}", "secretary@city", "mayor@city"):
        an_officer(post)
    filed = a_case(
        category=None,
        phone=cast.a_phone(),
        at=(-8.6917, 115.2273),
        identity_shown=True,
        text="Sampah menumpuk di depan pasar sejak tiga hari, berbau, dan anjing mengacaknya setiap malam.",
    )
    code = filed.complaint.code
    handling.sort(code, triage, Sorting("sampah"), if_match=1, now=later(minutes=9))
    handling.release(code, triage, if_match=2, now=later(minutes=10))
    handling.pass_on(code, one, village, "Urusan desa.", if_match=3, now=later(hours=1))
    sizes = [largest(code)]
    for _ in range(9):
        climb(code)
        sizes.append(largest(code))
    handling.refer(
        code, two, "bpjs-kesehatan", "Mohon bantuan.", if_match=stored(code).version, now=later(days=9)
    )
    for _ in range(9):
        climb(code)
        sizes.append(largest(code))

    assert max(sizes) <= MOST_BYTES


def largest(code: str) -> int:
    """What DynamoDB counts: names and values in UTF-8."""
    row = next(iter(ComplaintRow.query(code, ComplaintRow.sk == "head")))
    return sum(
        len(name) + len(str(value).encode())
        for name, value in row.attribute_values.items()
        if value is not None
    )
