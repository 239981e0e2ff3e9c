"""Filing: once per key however often it is sent, with the reporter's choices kept, and past the accused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib import keys
from chalicelib.domain.complaint import Screening, Status
from chalicelib.domain.errors import Fault, IllegalMove, Invalid, KeyReused, NotFound, TooMany
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import parse_code
from chalicelib.store import complaints, people
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import handling, intake, reading, sealing
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.stack import Stack


def faults(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(fault.field, fault.reason) for fault in error.value.faults]


# Once per key -------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_answer_the_same_case_and_secret(stack: Stack) -> None:
    retry = intake.Retry(cast.a_key(), "hash")
    first = a_case(phone="+628123456789", retry=retry)
    again = a_case(phone="+628123456789", retry=retry, now=later(days=3), client="198.51.100.9")
    assert (again.complaint.code, again.secret) == (first.complaint.code, first.secret)
    assert cast.rows()["pro-denpasar-test-complaints"] == 3


def test_fifty_parallel_retries_from_changing_addresses_are_one_case(stack: Stack) -> None:
    retry = intake.Retry(cast.a_key(), "hash")
    phone = cast.a_phone()
    results = cast.at_once(50, lambda place: a_case(phone=phone, retry=retry, client=f"10.0.0.{place}"))
    assert cast.bad(results) == []
    assert len({(filed.complaint.code, filed.secret) for filed in cast.good(results)}) == 1
    assert cast.rows()["pro-denpasar-test-complaints"] == 3
    assert [row.code for row in NoticeRow.scan()] == [cast.good(results)[0].complaint.code] * 2


def test_parallel_retries_count_as_one_report_against_the_caps(stack: Stack) -> None:
    retry = intake.Retry(cast.a_key(), "hash")
    phone = cast.a_phone()
    cast.at_once(20, lambda _: a_case(phone=phone, retry=retry))
    for _ in range(intake.PER_PERSON_DAY - 1):
        a_case(phone=phone)
    with pytest.raises(TooMany):
        a_case(phone=phone)


def test_the_same_key_with_another_body_is_refused_and_stores_nothing(stack: Stack) -> None:
    key = cast.a_key()
    a_case(retry=intake.Retry(key, "one"))
    before = cast.everything()
    with pytest.raises(KeyReused):
        a_case(retry=intake.Retry(key, "two"))
    assert cast.everything() == before


def test_two_bodies_racing_under_one_key_store_one_case(stack: Stack) -> None:
    key = cast.a_key()
    results = cast.at_once(16, lambda place: a_case(retry=intake.Retry(key, f"body {place % 2}")))
    assert {type(error) for error in cast.bad(results)} <= {KeyReused}
    assert len(cast.good(results)) == len(cast.bad(results)) == 8
    assert len({filed.complaint.code for filed in cast.good(results)}) == 1


def test_keys_of_signed_in_people_are_their_own(stack: Stack) -> None:
    key = cast.a_key()
    one, two = cast.a_phone(), cast.a_phone()
    for phone in (one, two):
        a_case(phone=phone)
    clerk = an_officer("staff@dlhk").officer
    codes = {
        a_case(retry=intake.Retry(key, "hash"), who=cast.citizen(one)).complaint.code,
        a_case(retry=intake.Retry(key, "hash"), who=cast.citizen(two)).complaint.code,
        a_case(retry=intake.Retry(key, "hash"), clerk=clerk).complaint.code,
        a_case(retry=intake.Retry(key, "hash")).complaint.code,
    }
    assert len(codes) == 4


def test_the_key_itself_is_stored_nowhere(stack: Stack) -> None:
    key = cast.a_key("private")
    a_case(retry=intake.Retry(key, "hash"))
    assert key not in cast.everything()


# What is stored -----------------------------------------------------------------------------------------------


def test_a_case_has_a_code_an_office_a_promise_and_a_first_entry(stack: Stack) -> None:
    filed = a_case(at=(-8.683239, 115.226764))
    complaint = filed.complaint
    assert parse_code("DPS", complaint.code.lower().replace("-", " ")) == complaint.code
    assert (complaint.office, complaint.area, complaint.status) == ("dlhk", PANJER, Status.RECEIVED)
    assert complaint.clocks.next_due > NOW
    assert [event.act for event in complaints.get(complaint.code).history] == [Act.FILE]


def test_an_unsorted_case_is_with_triage_under_a_clock(stack: Stack) -> None:
    complaint = a_case(category=None, text="Ada yang aneh di dekat rumah saya, tolong dilihat.").complaint
    assert complaint.office == TRIAGE_OFFICE
    assert complaint.wakes_at(cast.city()) is not None
    assert complaint.code in list(complaints.due(later(days=60)))


def test_the_phone_and_the_name_stand_nowhere_in_clear(stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone)
    cast.deliver(later(minutes=1))
    text = cast.everything()
    assert phone not in text
    assert phone[1:] not in text
    assert "Made Contoh" not in text
    person, sealed = people.citizen(keys.person_id(phone))
    assert sealing.unseal(person.id, sealed) == {"phone": phone, "name": "Made Contoh"}


def test_only_the_owner_of_a_number_changes_the_name_behind_it(stack: Stack) -> None:
    """Anybody can type a number into a form; what offices see of its owner's other cases must not follow that."""
    phone = cast.a_phone()
    officer = an_officer("duty@dlhk").officer
    code = a_case(phone=phone, identity_shown=True).complaint.code
    stranger = intake.Contact(phone=phone, email="lain@example.id", name="Nama Palsu")
    intake.file_complaint(cast.a_filing(), stranger, client="198.51.100.9", now=later(minutes=1))
    _, seen = reading.contact_of(code, officer, if_match=1, now=later(minutes=2))
    assert seen == {"phone": phone, "name": "Made Contoh"}
    mended = intake.Contact(phone=phone, name="I Made Contoh")
    intake.file_complaint(
        cast.a_filing(), mended, client="203.0.113.7", now=later(minutes=3), who=cast.citizen(phone)
    )
    _, seen = reading.contact_of(code, officer, if_match=2, now=later(minutes=4))
    assert seen["name"] == "I Made Contoh"


def test_a_signed_in_citizen_without_a_contact_is_reached_where_they_signed_in(stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone)
    sent = Sent(stack)
    cast.deliver(later(minutes=1))
    sent.new()
    filed = a_case(who=cast.citizen(phone), now=later(minutes=2))
    cast.deliver(later(minutes=3))
    assert [filed.complaint.code in message["text"] for message in sent.to(phone)] == [True]


def test_messages_of_a_case_filed_by_a_clerk_go_to_the_person(stack: Stack) -> None:
    clerk, phone = an_officer("staff@dlhk"), cast.a_phone()
    sent = Sent(stack)
    filed = a_case(phone=phone, clerk=clerk.officer)
    cast.deliver(later(minutes=1))
    messages = sent.new()
    assert filed.complaint.filed_by == clerk.officer.id
    assert [m["to"] for m in messages if m["channel"] == "sms" and m["topic"] is None] == [phone]


def test_all_faults_of_place_are_told_at_once_and_nothing_is_stored(stack: Stack) -> None:
    before = cast.everything()
    with pytest.raises(Invalid) as raised:
        a_case(at=(-6.2, 106.8))
    assert faults(raised) == [("place", "outside_city")]
    with pytest.raises(Invalid) as raised:
        a_case(area=None, hamlet=None, place=cast.a_filing().place)
    assert faults(raised) == [("place", "place_required")]
    assert cast.everything() == before


def test_caps_hold_per_person_and_per_address_and_say_when_to_come_back(stack: Stack) -> None:
    phone = cast.a_phone()
    for _ in range(intake.PER_PERSON_DAY):
        a_case(phone=phone)
    before = cast.everything()
    with pytest.raises(TooMany) as raised:
        a_case(phone=phone)
    # 10.00 WITA is 02.00 UTC, and days are counted in UTC.
    assert raised.value.retry_after == 22 * 3600
    assert cast.everything() == before
    a_case(phone=phone, now=NOW + timedelta(days=1))


# Accusations --------------------------------------------------------------------------------------------------

ACCUSATIONS = [
    pytest.param({"about_staff": True, "accused": "dlhk"}, id="names an office"),
    pytest.param({"about_staff": True, "accused_words": "sopir truk"}, id="names nobody in the list"),
    pytest.param({"text": "Petugasnya minta pungli dua puluh ribu tiap angkut sampah."}, id="words alone"),
]


@pytest.mark.parametrize("changes", ACCUSATIONS)
def test_an_accusation_is_told_to_triage_alone(stack: Stack, changes: dict[str, object]) -> None:
    desk = an_officer("duty@dlhk", "staff@dlhk", "division_head@dlhk", "office_head@dlhk", desk=True)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}", desk=True)
    area = an_officer(f"village_head@{PANJER}", desk=True)
    sent = Sent(stack)
    filed = a_case(phone=cast.a_phone(), **changes)
    code = filed.complaint.code
    cast.deliver(later(minutes=1))
    messages = sent.new()
    assert filed.complaint.sealed
    assert not [m for m in messages if m["to"] in (desk.phone, desk.email, area.phone, area.email)]
    told = [m for m in messages if m["to"] in (triage.phone, triage.email)]
    assert {m["channel"] for m in told} == {"sms", "email"}
    # Not a word of what it is about, not even to triage's own subscribers.
    for word in ("DLHK", "Sampah", "sampah", "pungli", "sopir", "Panjer"):
        assert not any(word in m["text"] or word in (m["subject"] or "") for m in told)
    for outsider in (desk, area):
        with pytest.raises(NotFound):
            reading.office_case(code, outsider.officer)
        for which in ("office", "area"):
            assert reading.inbox(outsider.officer, which).cards == ()
    assert [card.code for card in reading.inbox(triage.officer, "office").cards] == [code]
    # Nor is it public: no list, no screening queue.
    assert reading.public_list(reading.Filters(), now=later(hours=1)).cards == ()
    assert reading.inbox(triage.officer, "screening").cards == ()


def test_a_sealed_case_cannot_be_handed_on_before_triage_decides(stack: Stack) -> None:
    """By the ordinary way it would reach the very office it is about, still unread by triage."""
    code = a_case(about_staff=True, accused_words="orang kantor").complaint.code
    for role in ("triage", "staff", "duty", "office_head"):
        officer = an_officer(f"{role}@{TRIAGE_OFFICE}").officer
        before = cast.everything()
        with pytest.raises((IllegalMove, NotFound)):
            handling.pass_on(code, officer, "dlhk", "Salah alamat.", if_match=1, now=later(minutes=1))
        assert cast.everything() == before


def test_triage_must_say_whether_it_is_an_accusation_and_about_whom(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(about_staff=True, accused_words="sopir truk").complaint.code
    for sorting, fault in (
        (Sorting("sampah"), ("accusation", "accusation_undecided")),
        (Sorting("sampah", accusation=True), ("accused", "accused_required")),
        (Sorting("sampah", accusation=True, accused="dlhk", office="dlhk"), ("office", "office_in_conflict")),
    ):
        with pytest.raises(Invalid) as raised:
            handling.sort(code, triage, sorting, if_match=1, now=later(minutes=1))
        assert faults(raised) == [fault]
    assert stored(code).sealed


def test_an_accusation_that_stands_goes_past_the_accused_for_ever(stack: Stack) -> None:
    accused = an_officer(
        "duty@dlhk", "staff@dlhk", "division_head@dlhk", "office_head@dlhk", f"village_head@{PANJER}",
        f"district_head@{cast.SOUTH}", "secretary@city", f"triage@{TRIAGE_OFFICE}", office="dlhk",
    ).officer  # fmt: skip
    triage = an_officer(f"triage@{TRIAGE_OFFICE}", office=TRIAGE_OFFICE).officer
    inspector = an_officer("staff@inspektorat").officer
    code = a_case(about_staff=True, accused="dlhk").complaint.code
    decided = handling.sort(
        code, triage, Sorting("sampah", accusation=True), if_match=1, now=later(minutes=30)
    )
    assert (decided.office, decided.accused, decided.sealed) == ("inspektorat", "dlhk", False)
    assert reading.office_case(code, inspector).complaint.code == code
    handling.release(code, triage, if_match=2, now=later(minutes=31))
    # Whatever other posts they hold, of this case they learn nothing.
    with pytest.raises(NotFound):
        reading.office_case(code, accused)
    with pytest.raises(NotFound):
        handling.reply(code, accused, "Tidak benar.", if_match=3, now=later(minutes=32))
    with pytest.raises(NotFound):
        reading.contact_of(code, accused, if_match=3, now=later(minutes=32))
    for which in ("office", "area", "screening"):
        assert code not in [card.code for card in reading.inbox(accused, which).cards]
    # And the office it went to cannot send it back to them.
    with pytest.raises(Invalid) as raised:
        handling.pass_on(code, inspector, "dlhk", "Silakan.", if_match=3, now=later(minutes=33))
    assert faults(raised) == [("office", "office_in_conflict")]


def test_an_accusation_that_does_not_stand_goes_its_ordinary_way(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(text="Truk sampah lewat kasar sekali remnya, sampah jatuh.").complaint.code
    sent = Sent(stack)
    decided = handling.sort(
        code, triage, Sorting("sampah", accusation=False), if_match=1, now=later(minutes=30)
    )
    cast.deliver(later(minutes=31))
    assert (decided.office, decided.sealed, decided.accused) == ("dlhk", False, None)
    assert decided.screening is Screening.HELD
    assert {m["channel"] for m in sent.to(desk.phone, desk.email)} == {"sms", "email"}
    assert reading.office_case(code, desk.officer).complaint.code == code


@pytest.mark.parametrize(
    ("accused", "taker"),
    [
        (PANJER, "51.71.01"),  # a lurah: the camat
        ("51.71.04.2001", "inspektorat"),  # a perbekel: the inspectorate
        ("dlhk", "inspektorat"),
        ("inspektorat", "setda"),
        ("setda", TRIAGE_OFFICE),  # the secretary: outside, which triage refers
    ],
)
def test_the_profile_says_who_takes_a_case_about_whom(stack: Stack, accused: str, taker: str) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(about_staff=True, accused=accused).complaint.code
    sorting = Sorting("sampah", accusation=True)
    assert handling.sort(code, triage, sorting, if_match=1, now=later(minutes=9)).office == taker


def test_a_case_about_triage_itself_is_told_to_whoever_stands_in(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}", desk=True)
    inspector = an_officer("staff@inspektorat", desk=True)
    sent = Sent(stack)
    code = a_case(about_staff=True, accused=TRIAGE_OFFICE).complaint.code
    cast.deliver(later(minutes=1))
    told = {message["to"] for message in sent.new()}
    assert {inspector.phone, inspector.email} <= told
    assert not told & {triage.phone, triage.email}
    with pytest.raises(NotFound):
        reading.office_case(code, triage.officer)
    assert reading.office_case(code, inspector.officer).complaint.sealed


def test_words_mended_into_an_accusation_are_sealed_like_filed_ones(stack: Stack) -> None:
    desk, triage = an_officer("duty@dlhk"), an_officer(f"triage@{TRIAGE_OFFICE}", desk=True)
    filed = a_case()
    code = filed.complaint.code
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    handling.edit(code, cast.holder_of(filed), "Petugas sampah minta pungli lagi.", now=later(minutes=5))
    cast.deliver(later(minutes=6))
    assert stored(code).sealed
    with pytest.raises(NotFound):
        reading.office_case(code, desk.officer)
    assert {m["channel"] for m in sent.to(triage.phone, triage.email)} == {"sms", "email"}


def test_deciding_never_loosens_what_the_reporter_chose(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(about_staff=True, accused="dlhk", private=True, identity_shown=False).complaint.code
    decided = handling.sort(
        code, triage, Sorting("sampah", accusation=False), if_match=1, now=later(minutes=9)
    )
    assert decided.private
    assert not decided.identity_shown
    assert reading.public_list(reading.Filters(), now=later(hours=1)).cards == ()


def test_a_fault_names_its_field(stack: Stack) -> None:
    with pytest.raises(Invalid) as raised:
        intake.locate(float("nan"), 115.2)
    assert raised.value.faults == (Fault("lat", "no_point"),)
