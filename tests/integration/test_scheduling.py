"""A new date on the real engines: two dates kept, a public list by its own key, and a sweep that lets it rest."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import IllegalMove, Invalid, NotAllowed, NotFound, StaleComplaint
from chalicelib.domain.people import Act
from chalicelib.domain.scheduling import Wish
from chalicelib.store import complaints
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import escalation, handling, lists, reading
from tests.integration import people as cast
from tests.integration.people import Sent, a_case, an_officer, later, stored
from tests.stack import Stack

NEAR = Wish(date(2027, 2, 26), "dry_weather", "Menunggu musim kering.", "Dipasang rambu.")
FAR = Wish(date(2027, 12, 30), "budget_year", "Menunggu anggaran 2027.")


def released(**changes: object) -> str:
    triage = an_officer(f"triage@{cast.TRIAGE_OFFICE}").officer
    code = a_case(**changes).complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    return code


def listed() -> list[str]:
    return [card.code for card in reading.scheduled_list().cards]


def test_the_reporter_hears_of_it_and_both_dates_are_stored(stack: Stack) -> None:
    head, phone = an_officer("office_head@dlhk").officer, cast.a_phone()
    code = released(phone=phone)
    first = stored(code).clocks.next_due
    sent = Sent(stack)
    handling.schedule(code, head, NEAR, if_match=2, now=later(hours=1))
    cast.deliver(later(hours=1))
    assert any("26/02/2027" in message["text"] for message in sent.to(phone))
    case = stored(code)
    assert case.new_date is not None
    assert case.new_date.date() == NEAR.day
    assert case.clocks.next_due == first
    warned = [at for clock in case.clocks.running() for at in clock.warns if at > later(days=30)]
    assert len(warned) == 2
    assert all(at < case.new_date for at in warned)


def test_the_public_list_has_it_while_it_is_open_by_its_date_and_never_a_private_one(stack: Stack) -> None:
    head, staff = an_officer("office_head@dlhk").officer, an_officer("staff@dlhk").officer
    codes = [released() for _ in range(3)]
    private = a_case(private=True).complaint.code
    days = [date(2027, 3, 30), date(2027, 1, 29), date(2027, 2, 26)]
    for code, day in zip(codes, days, strict=True):
        wish = Wish(day, "land", "Menunggu izin pemilik lahan.")
        handling.schedule(code, head, wish, if_match=2, now=later(hours=1))
    handling.schedule(private, head, NEAR, if_match=1, now=later(hours=1))
    with cast.calls() as seen:
        assert listed() == [codes[1], codes[2], codes[0]]
    assert [(name, params["IndexName"]) for name, params in seen] == [("Query", "by_scheduled")]
    first = reading.scheduled_list(limit=2)
    assert [card.code for card in reading.scheduled_list(limit=2, cursor=first.cursor).cards] == [codes[0]]
    (card, *_) = first.cards
    assert card.until is not None
    assert card.due is not None
    assert card.until > card.due > card.filed_at
    # Work that begins does not take it off the list: until it is solved the date is a promise.
    handling.start(codes[1], staff, if_match=3, now=later(hours=2))
    assert codes[1] in listed()
    handling.resolve(codes[1], staff, "Sudah.", if_match=4, now=later(hours=3))
    assert codes[1] not in listed()


def test_the_sweep_lets_it_rest_warns_twice_and_then_goes_on_once(stack: Stack) -> None:
    for post in ("division_head@dlhk", "office_head@dlhk", "duty@dlhk"):
        an_officer(post)
    head, staff = an_officer("office_head@dlhk").officer, an_officer("staff@dlhk").officer
    code = released()
    handling.reply(code, staff, "Kami lihat.", if_match=2, now=later(minutes=5))
    handling.schedule(code, head, NEAR, if_match=3, now=later(hours=1))
    assert escalation.sweep(now=later(days=20)).climbed == 0
    second = stored(code).new_date
    assert second is not None
    for _ in range(2):
        now = stored(code).wakes_at(cast.city())
        assert now is not None
        assert now < second
        escalation.sweep(now=now)
    cast.at_once(3, lambda _: escalation.sweep(now=second))
    before = cast.everything()
    escalation.sweep(now=second)
    assert cast.everything() == before
    acts = [event.act for event in complaints.get(code).history]
    assert (acts.count(Act.WARN), acts.count(Act.ESCALATE)) == (2, 1)
    assert stored(code).status is Status.SCHEDULED


def test_a_far_date_waits_for_the_secretary_who_finds_it_on_the_list(stack: Stack) -> None:
    head, secretary = an_officer("office_head@dlhk"), an_officer("secretary@city")
    code = released(phone=cast.a_phone())
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    before = stored(code)
    handling.schedule(code, head.officer, FAR, if_match=2, now=later(hours=1))
    cast.deliver(later(hours=1))
    assert sent.to(secretary.phone, secretary.email) == []
    (card,) = reading.inbox(secretary.officer, "top").cards
    assert (card.code, card.asks_date) == (code, True)
    assert (
        "menunggu keputusan tanggal baru"
        in lists.mail(secretary.officer, "secretary@city", "id", now=later(hours=1))["lines"]
    )
    after = stored(code)
    assert (after.status, after.new_date, after.clocks) == (before.status, None, before.clocks)
    assert listed() == []
    with pytest.raises(NotAllowed):
        handling.grant_date(code, head.officer, if_match=3, now=later(hours=2))
    handling.decline_date(code, secretary.officer, "Anggaran ada.", if_match=3, now=later(hours=2))
    assert reading.inbox(secretary.officer, "top").cards == ()
    handling.schedule(code, head.officer, FAR, if_match=4, now=later(hours=3))
    handling.acknowledge(code, head.officer, if_match=5, now=later(hours=3))
    assert [card.code for card in reading.inbox(secretary.officer, "top").cards] == [code]
    handling.grant_date(code, secretary.officer, if_match=6, now=later(hours=4))
    assert stored(code).status is Status.SCHEDULED
    assert reading.inbox(secretary.officer, "top").cards == ()
    assert [row.notice_id for row in NoticeRow.scan() if "citizen_scheduled" in row.notice_id]


@pytest.mark.parametrize("post", ["staff@dlhk", "division_head@dlhk", "duty@dlhk"])
def test_nobody_but_the_head_sets_one(stack: Stack, post: str) -> None:
    code = released()
    with pytest.raises(NotAllowed):
        handling.schedule(code, an_officer(post).officer, NEAR, if_match=2, now=later(hours=1))
    other = an_officer("office_head@pupr").officer
    with pytest.raises(NotFound):
        handling.schedule(code, other, NEAR, if_match=2, now=later(hours=1))
    assert stored(code).version == 2


def test_bad_dates_old_versions_and_second_tries_change_nothing(stack: Stack) -> None:
    head = an_officer("office_head@dlhk").officer
    code = released()
    before = cast.everything()
    with pytest.raises(StaleComplaint):
        handling.schedule(code, head, NEAR, if_match=1, now=later(hours=1))
    for wish in (Wish(date(2026, 11, 24), "land", "Terlalu dekat."), Wish(NEAR.day, "no_such", "Alasan.")):
        with pytest.raises(Invalid):
            handling.schedule(code, head, wish, if_match=2, now=later(hours=1))
    assert cast.everything() == before
    handling.schedule(code, head, NEAR, if_match=2, now=later(hours=1))
    with pytest.raises(IllegalMove):
        handling.schedule(code, head, NEAR, if_match=3, now=later(hours=2))


def test_a_head_in_the_dearest_case_stays_under_two_kilobytes(stack: Stack) -> None:
    head = an_officer("office_head@dlhk").officer
    code = released(phone=cast.a_phone(), at=(-8.6881234, 115.2275678), text="Sampah menumpuk sekali. " * 40)
    for day in range(1, 9):
        escalation.sweep(now=later(days=day))
    handling.schedule(code, head, NEAR, if_match=stored(code).version, now=later(days=9))
    row = next(iter(complaints.ComplaintRow.query(code, complaints.ComplaintRow.sk == "head")))
    size = sum(len(name) + len(str(value)) for name, value in row.attribute_values.items() if value)
    assert size < 2048
