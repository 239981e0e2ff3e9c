"""Acts on a case: whoever was first wins, the other changes nothing; who may see and do what, on the real engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.domain.complaint import Complaint, Screening, Status
from chalicelib.domain.errors import (
    IllegalMove,
    Invalid,
    NotAllowed,
    NotFound,
    NotResponsible,
    StaleComplaint,
    WindowClosed,
)
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.service_level import ClockName
from chalicelib.store import complaints
from chalicelib.usecases import handling, reading, signin
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import (
    PANJER,
    SESETAN,
    TRIAGE_OFFICE,
    Sent,
    a_case,
    an_officer,
    later,
    stored,
)
from tests.stack import Stack

OFFICER_ACTS: list[Callable[[str, Officer, int], Complaint]] = [
    lambda code, who, seen: handling.acknowledge(code, who, if_match=seen, now=later(minutes=3)),
    lambda code, who, seen: handling.reply(code, who, "Tim berangkat.", if_match=seen, now=later(minutes=3)),
    lambda code, who, seen: handling.start(code, who, if_match=seen, now=later(minutes=3)),
    lambda code, who, seen: handling.resolve(code, who, "Sudah.", if_match=seen, now=later(minutes=3)),
    lambda code, who, seen: handling.pass_on(
        code, who, "pupr", "Bukan kami.", if_match=seen, now=later(minutes=3)
    ),
    lambda code, who, seen: handling.refer(
        code, who, "pln", "Mohon bantuan.", if_match=seen, now=later(minutes=3)
    ),
    lambda code, who, seen: reading.contact_of(code, who, if_match=seen, now=later(minutes=3))[0],
]


# Lost races ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", OFFICER_ACTS)
def test_an_act_on_an_old_version_changes_nothing(
    stack: Stack, act: Callable[[str, Officer, int], Complaint]
) -> None:
    officer = an_officer("duty@dlhk").officer
    filed = a_case(phone=cast.a_phone(), identity_shown=True)
    code = filed.complaint.code
    handling.message(code, cast.holder_of(filed), "Tambah banyak.", now=later(minutes=1))
    before = cast.everything()
    with pytest.raises(StaleComplaint):
        act(code, officer, 1)
    assert cast.everything() == before


@pytest.mark.parametrize("act", OFFICER_ACTS)
def test_a_write_that_lands_between_read_and_save_makes_the_act_stale(
    stack: Stack, act: Callable[[str, Officer, int], Complaint]
) -> None:
    officer = an_officer("duty@dlhk").officer
    filed = a_case(phone=cast.a_phone(), identity_shown=True)
    code = filed.complaint.code
    landed: list[str] = []

    def slip_in(**_: object) -> None:
        # Between the officer's read and their transaction: the reporter's message is in first.
        if not landed:
            landed.append("once")
            handling.message(code, cast.holder_of(filed), "Tambah banyak.", now=later(minutes=2))
            landed.append(cast.everything())

    with (
        cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", slip_in),
        pytest.raises(StaleComplaint),
    ):
        act(code, officer, 1)
    assert cast.everything() == landed[1]


def test_of_two_officers_at_once_exactly_one_wins(stack: Stack) -> None:
    officers = [an_officer("duty@dlhk").officer, an_officer("staff@dlhk").officer]
    for _ in range(5):
        code = a_case().complaint.code
        results = cast.at_once(
            2,
            lambda place, code=code: handling.reply(  # type: ignore[misc]  # bound while it is this case
                code, officers[place], f"Jawaban {place}.", if_match=1, now=later(minutes=1)
            ),
        )
        assert [type(error) for error in cast.bad(results)] == [StaleComplaint]
        assert len(cast.good(results)) == 1
        history = complaints.get(code, consistent=True).history
        assert [event.act for event in history] == [Act.FILE, Act.REPLY]
        assert stored(code).version == 2


def test_a_reporter_who_loses_a_race_is_tried_again(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    filed = a_case()
    code = filed.complaint.code
    left = [2]

    def slip_in(**_: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            seen = stored(code).version
            remaining, left[0] = left[0], -1
            handling.reply(code, officer, "Tim berangkat.", if_match=seen, now=later(minutes=2))
            left[0] = remaining

    with cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", slip_in):
        handling.message(code, cast.holder_of(filed), "Masih ada.", now=later(minutes=3))
    acts = [event.act for event in complaints.get(code).history]
    assert acts == [Act.FILE, Act.REPLY, Act.REPLY, Act.MESSAGE]


def test_a_reporter_who_loses_every_time_is_told(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    filed = a_case()
    code = filed.complaint.code
    inside = [False]

    def slip_in(**_: object) -> None:
        if not inside[0]:
            inside[0] = True
            handling.reply(code, officer, "Tim.", if_match=stored(code).version, now=later(minutes=2))
            inside[0] = False

    with (
        cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", slip_in),
        pytest.raises(StaleComplaint),
    ):
        handling.message(code, cast.holder_of(filed), "Masih ada.", now=later(minutes=3))
    assert Act.MESSAGE not in [event.act for event in complaints.get(code).history]


def test_ten_messages_at_once_are_all_kept_or_their_senders_told(stack: Stack) -> None:
    filed = a_case()
    code, who = filed.complaint.code, cast.holder_of(filed)
    results = cast.at_once(
        10, lambda place: handling.message(code, who, f"Pesan {place}.", now=later(minutes=1))
    )
    assert {type(error) for error in cast.bad(results)} <= {StaleComplaint}
    said = [event.text for event in complaints.get(code, consistent=True).history if event.text]
    assert len(said) == len(set(said)) == len(cast.good(results)) >= 3


# Scope --------------------------------------------------------------------------------------------------------


def test_another_offices_case_does_not_exist_for_an_officer(stack: Stack) -> None:
    stranger = an_officer("duty@pupr", "office_head@pupr").officer
    an_officer("duty@dlhk")
    code = a_case(phone=cast.a_phone(), identity_shown=True).complaint.code
    before = cast.everything()
    with pytest.raises(NotFound):
        reading.office_case(code, stranger)
    for act in OFFICER_ACTS:
        # Neither the right nor a wrong version tells that it exists.
        for version in (1, 9):
            with pytest.raises(NotFound):
                act(code, stranger, version)
    assert reading.inbox(stranger, "office").cards == ()
    assert cast.everything() == before


def test_an_area_head_reads_their_ground_and_does_not_handle_anothers_case(stack: Stack) -> None:
    lurah = an_officer(f"village_head@{PANJER}").officer
    camat = an_officer(f"district_head@{cast.SOUTH}").officer
    elsewhere = an_officer(f"village_head@{SESETAN}").officer
    code = a_case().complaint.code
    private = a_case(private=True).complaint.code
    for head in (lurah, camat):
        assert reading.office_case(code, head).complaint.code == code
        assert [card.code for card in reading.inbox(head, "area").cards] == [code]
        with pytest.raises(NotResponsible):
            handling.reply(code, head, "Kami teruskan.", if_match=1, now=later(minutes=1))
        with pytest.raises(NotFound):
            reading.office_case(private, head)
    with pytest.raises(NotFound):
        reading.office_case(code, elsewhere)
    assert reading.inbox(elsewhere, "area").cards == ()


def test_who_may_only_read_is_told_so(stack: Stack) -> None:
    secretary = an_officer("secretary@city").officer
    code = a_case().complaint.code
    with pytest.raises(NotAllowed):
        handling.start(code, secretary, if_match=1, now=later(minutes=1))


def test_an_offices_own_people_cannot_publish_or_reject(stack: Stack) -> None:
    head = an_officer("office_head@dlhk", "duty@dlhk").officer
    code = a_case().complaint.code
    for act in (
        lambda: handling.release(code, head, if_match=1, now=later(minutes=1)),
        lambda: handling.hide(code, head, "memalukan", if_match=1, now=later(minutes=1)),
        lambda: handling.reject(
            code, head, "not_city", "Bukan urusan kami.", if_match=1, now=later(minutes=1)
        ),
        lambda: handling.sort(code, head, Sorting("lampu_jalan"), if_match=1, now=later(minutes=1)),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert stored(code).version == 1


def test_only_the_reporter_has_the_reporters_acts(stack: Stack) -> None:
    mine, other = cast.a_phone(), cast.a_phone()
    filed = a_case(phone=mine)
    second = a_case(phone=other)
    code = filed.complaint.code
    officer = an_officer("duty@dlhk").officer
    for who in (
        cast.citizen(other),
        cast.holder_of(second),
        signin.Who(signin.Kind.OFFICER, officer.id),
        signin.Who(signin.Kind.LINK, f"{code}.2"),
        signin.Who(signin.Kind.CITIZEN, ""),
    ):
        with pytest.raises(NotFound):
            reading.own_case(code, who)
        with pytest.raises(NotFound):
            handling.withdraw(code, who, "other", now=later(minutes=1))
    assert reading.own_case(code, cast.citizen(mine)).complaint.code == code
    assert reading.own_case(code, cast.holder_of(filed)).complaint.code == code


def test_an_anonymous_case_belongs_to_nobody_who_signs_in(stack: Stack) -> None:
    code = a_case().complaint.code
    with pytest.raises(NotFound):
        reading.own_case(code, signin.Who(signin.Kind.CITIZEN, "None"))


# The journey --------------------------------------------------------------------------------------------------


def test_from_filing_to_a_rating(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    phone = cast.a_phone()
    sent = Sent(stack)
    filed = a_case(phone=phone)
    code, who = filed.complaint.code, cast.citizen(phone)
    cast.deliver(later(minutes=1))
    first = sent.new()
    assert sorted((m["channel"], m["to"]) for m in first) == sorted(
        [("sms", desk.phone), ("email", desk.email), ("sms", phone)]
    )
    assert all(code in m["text"] for m in first)
    handling.acknowledge(code, desk.officer, if_match=1, now=later(hours=1))
    handling.reply(code, desk.officer, "Tim berangkat besok pagi.", if_match=2, now=later(hours=2))
    handling.start(code, desk.officer, if_match=3, now=later(hours=20))
    handling.resolve(code, desk.officer, "Sudah diangkut.", if_match=4, now=later(hours=22))
    cast.deliver(later(hours=22))
    assert [m["to"] for m in sent.new()] == [phone]
    closed = handling.rate(code, who, 4, "Cepat, terima kasih.", now=later(hours=30))
    assert (closed.status, closed.rating, closed.outcome) == (Status.CLOSED, 4, "confirmed")
    with pytest.raises(IllegalMove):
        handling.rate(code, who, 1, "Berubah pikiran.", now=later(hours=31))
    acts = [event.act for event in reading.own_case(code, who).history]
    assert acts == [Act.FILE, Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.RESOLVE, Act.RATE]


def test_a_case_passed_on_reaches_the_other_office_and_keeps_its_promise(stack: Stack) -> None:
    one, two = an_officer("duty@dlhk", desk=True), an_officer("duty@pupr", desk=True)
    filed = a_case()
    code = filed.complaint.code
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    moved = handling.pass_on(
        code, one.officer, "pupr", "Ini saluran, bukan sampah.", if_match=1, now=later(hours=1)
    )
    cast.deliver(later(hours=1))
    assert {m["to"] for m in sent.new()} == {two.phone, two.email}
    assert moved.clocks.without(ClockName.HANDOVER) == filed.complaint.clocks
    handover = moved.clocks.get(ClockName.HANDOVER)
    assert handover is not None
    assert handover.due == later(days=1, hours=6, minutes=30)  # Tuesday 16.30, when the other office closes
    with pytest.raises(NotFound):
        reading.office_case(code, one.officer)
    assert [card.code for card in reading.inbox(two.officer, "office").cards] == [code]
    event = reading.own_case(code, cast.holder_of(filed)).history[-1]
    assert (event.data["from"], event.data["office"]) == ("dlhk", "pupr")


@pytest.mark.parametrize(
    ("office", "reason"),
    [("dlhk", "office_same"), ("pln", "office_outside"), ("nobody", "unknown_office")],
)
def test_a_case_cannot_be_passed_where_it_cannot_go(stack: Stack, office: str, reason: str) -> None:
    officer = an_officer("duty@dlhk").officer
    code = a_case().complaint.code
    with pytest.raises(Invalid) as raised:
        handling.pass_on(code, officer, office, "Silakan.", if_match=1, now=later(minutes=1))
    assert [fault.reason for fault in raised.value.faults] == [reason]


def test_a_referred_case_stays_with_the_office(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    code = a_case().complaint.code
    referred = handling.refer(code, officer, "pln", "Kabel menjuntai.", if_match=1, now=later(minutes=1))
    assert (referred.office, referred.referred_to, referred.status) == ("dlhk", "pln", Status.REFERRED)
    assert [card.code for card in reading.inbox(officer, "office").cards] == [code]


def test_reopening_has_a_window_and_takes_the_case_up_again(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    filed = a_case()
    code, who = filed.complaint.code, cast.holder_of(filed)
    window = cast.city().windows.reopen
    handling.resolve(code, officer, "Sudah.", if_match=1, now=later(hours=1))
    with pytest.raises(WindowClosed):
        handling.reopen(code, who, "Belum.", now=later(hours=1, seconds=1) + window)
    reopened = handling.reopen(code, who, "Belum.", now=later(hours=1) + window)
    assert (reopened.status, reopened.reopened) == (Status.REOPENED, 1)
    assert [card.code for card in reading.inbox(officer, "office").cards] == [code]


def test_mending_the_words_ends_with_the_window_and_with_the_first_act(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    first, second = a_case(), a_case()
    who = cast.holder_of(first)
    handling.edit(first.complaint.code, who, "Sampah menumpuk di utara pasar.", now=later(minutes=10))
    assert stored(first.complaint.code).text == "Sampah menumpuk di utara pasar."
    with pytest.raises(WindowClosed):
        handling.edit(first.complaint.code, who, "Di selatan pasar.", now=later(minutes=10, seconds=1))
    handling.start(second.complaint.code, officer, if_match=1, now=later(minutes=1))
    with pytest.raises(IllegalMove):
        handling.edit(second.complaint.code, cast.holder_of(second), "Di barat pasar.", now=later(minutes=2))


def test_mended_words_keep_the_answers_and_are_unread_again(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    filed = a_case(answers={"jenis": "campur"})
    code = filed.complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    handling.edit(code, cast.holder_of(filed), "Sampah plastik di utara pasar.", now=later(minutes=3))
    mended = stored(code)
    assert mended.answers == {"jenis": "campur"}
    assert mended.place.words == filed.complaint.place.words
    assert mended.screening is Screening.HELD
    (card,) = reading.public_list(reading.Filters(), now=later(hours=1)).cards
    assert card.excerpt == ""
    assert [row.code for row in reading.inbox(triage, "screening").cards] == [code]


def test_a_withdrawn_case_leaves_every_list_but_its_reporters(stack: Stack) -> None:
    officer, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    phone = cast.a_phone()
    filed = a_case(phone=phone)
    code = filed.complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    assert reading.public_list(reading.Filters(), now=later(hours=1)).cards
    handling.withdraw(code, cast.citizen(phone), "solved", "Sudah bersih sendiri.", now=later(minutes=2))
    assert reading.public_list(reading.Filters(), now=later(hours=1)).cards == ()
    assert reading.inbox(officer, "office").cards == ()
    assert reading.inbox(triage, "screening").cards == ()
    assert list(complaints.due(later(days=400))) == []
    assert [card.status for card in reading.own_cases(cast.citizen(phone)).cards] == [Status.WITHDRAWN]


# Identity -----------------------------------------------------------------------------------------------------


def test_looking_up_a_contact_is_recorded_before_it_is_shown_and_the_reporter_sees_it(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    phone = cast.a_phone()
    filed = a_case(phone=phone, identity_shown=True)
    code = filed.complaint.code
    complaint, contact = reading.contact_of(code, officer, if_match=1, now=later(minutes=1))
    assert contact == {"phone": phone, "name": "Made Contoh"}
    assert complaint.version == 2
    last = reading.own_case(code, cast.citizen(phone)).history[-1]
    assert (last.act, last.by.id, last.by.office) == (Act.REVEAL, officer.id, "dlhk")


def test_a_hidden_reporter_stays_hidden_and_no_look_is_recorded(stack: Stack) -> None:
    officer = an_officer("duty@dlhk", "office_head@dlhk").officer
    code = a_case(phone=cast.a_phone()).complaint.code
    before = cast.everything()
    with pytest.raises(IllegalMove):
        reading.contact_of(code, officer, if_match=1, now=later(minutes=1))
    assert cast.everything() == before


def test_no_contact_is_shown_where_the_look_could_not_be_recorded(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    code = a_case(phone=cast.a_phone(), identity_shown=True).complaint.code

    def fail(**_: object) -> None:
        raise ConnectionError("the table is away")

    with (
        cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", fail),
        pytest.raises(ConnectionError),
    ):
        reading.contact_of(code, officer, if_match=1, now=later(minutes=1))
    assert [event.act for event in complaints.get(code).history] == [Act.FILE]
