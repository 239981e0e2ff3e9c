"""Seeing who a reporter is: a right, a reason, the auditor and the reporter; and who must not hear of neighbours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.city import Reveal
from chalicelib.domain.errors import IllegalMove, Invalid, NotAllowed, NotFound, TooMany
from chalicelib.http import views
from chalicelib.usecases import handling, intake, reading, record, watch
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.stack import Stack

REASON = "Permintaan tertulis penyidik nomor 12."
HAMLET = "51.71.01.1004/kaja-panjer"


def hidden_case(**changes: Any) -> tuple[str, int, str]:
    phone = cast.a_phone()
    complaint = a_case(phone=phone, category=None, **changes).complaint
    assert complaint.office == TRIAGE_OFFICE
    return complaint.code, complaint.version, phone


def test_a_hidden_identity_takes_the_right_and_a_reason_and_all_hear_of_it(stack: Stack) -> None:
    code, version, phone = hidden_case()
    cast.deliver(later(minutes=1))
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    clerk = an_officer(f"staff@{TRIAGE_OFFICE}").officer
    with pytest.raises(IllegalMove):
        reading.contact_of(code, clerk, REASON, if_match=version, now=later(hours=1))
    for reason in ("", "   ", "penting"):
        with pytest.raises(Invalid):
            reading.contact_of(code, triage, reason, if_match=version, now=later(hours=1))
    assert stored(code).version == version
    sent = Sent(stack)
    _, contact = reading.contact_of(code, triage, REASON, if_match=version, now=later(hours=1))
    assert contact["phone"] == phone
    auditor = an_officer("auditor@inspektorat").officer
    (seen,), more = watch.looks(auditor, "2026-11")
    assert (seen.look.code, seen.look.kind, seen.look.reason, seen.look.officer, more) == (
        code, "hidden", REASON, triage.id, None,
    )  # fmt: skip
    cast.deliver(later(hours=1, minutes=1))
    (told,) = sent.to(phone)
    assert "melihat identitas" in told["text"]
    own = views.own(reading.own_case(code, cast.citizen(phone)), cast.city(), "id", later(hours=1))
    assert any("identitas pelapor" in line["what"] for line in own["timeline"])
    assert REASON not in str(own)
    for_clerk = views.office(reading.office_case(code, clerk), clerk, cast.city(), "id", later(hours=1))
    assert REASON not in str(for_clerk)


def test_a_rule_of_the_profile_delays_the_word_to_the_reporter_and_nothing_else(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Simulated: no profile of ours delays anything.
    delayed = replace(cast.city(), reveal=Reveal(timedelta(days=3), frozenset({"perilaku_petugas"})))
    monkeypatch.setattr(record, "load", lambda _: delayed)
    phone = cast.a_phone()
    code = a_case(phone=phone, category="perilaku_petugas", about_staff=True).complaint.code
    cast.deliver(later(minutes=1))
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    sent, at = Sent(stack), later(hours=1)
    reading.contact_of(code, triage, REASON, if_match=stored(code).version, now=at)
    assert watch.looks(an_officer("auditor@inspektorat").officer, "2026-11")[0]

    for days, knows in ((2, False), (3, True)):
        now = at + timedelta(days=days, minutes=1)
        cast.deliver(now)
        own = views.own(reading.own_case(code, cast.citizen(phone)), delayed, "id", now)
        assert any("identitas pelapor" in line["what"] for line in own["timeline"]) == knows
        assert any("melihat identitas" in message["text"] for message in sent.to(phone)) == knows


def test_each_look_stands_on_the_auditors_list_the_newest_first_page_by_page(stack: Stack) -> None:
    clerk = an_officer("duty@dlhk").officer
    codes = []
    for number in range(3):
        case = a_case(phone=cast.a_phone(), identity_shown=True).complaint
        reading.contact_of(case.code, clerk, if_match=case.version, now=later(minutes=number))
        codes.append(case.code)
    auditor = an_officer("auditor@inspektorat").officer
    first, cursor = watch.looks(auditor, "2026-11", limit=2)
    rest, end = watch.looks(auditor, "2026-11", cursor=cursor, limit=2)
    assert [row.look.code for row in (*first, *rest)] == codes[::-1]
    assert {row.look.kind for row in first} == {"shown"}
    assert (end, watch.looks(auditor, "2026-12")[0]) == (None, [])
    of_dlhk = an_officer("auditor@dlhk").officer
    assert watch.looks(of_dlhk, "2026-11")[0]
    for officer in (clerk, an_officer("mayor@city").officer):
        with pytest.raises(NotAllowed):
            watch.looks(officer, "2026-11")


def test_a_look_that_lost_its_race_is_on_no_list(stack: Stack) -> None:
    case = a_case(phone=cast.a_phone(), identity_shown=True).complaint
    clerk = an_officer("duty@dlhk").officer
    results = cast.at_once(
        4, lambda _: reading.contact_of(case.code, clerk, if_match=case.version, now=later(minutes=1))
    )
    looks, _ = watch.looks(an_officer("auditor@inspektorat").officer, "2026-11")
    assert len(cast.good(results)) == len(looks) == 1


def test_an_administrator_closes_a_door_at_once_and_resets_a_sign_in(stack: Stack) -> None:
    administrator = an_officer(f"administrator@{TRIAGE_OFFICE}").officer
    clerk = an_officer("staff@dlhk")
    assert watch.reset_sign_in(administrator, clerk.officer.id) == clerk.officer
    who = cast.signin.Who(cast.signin.Kind.OFFICER, clerk.officer.id)
    assert cast.signin.officer(who)
    watch.close_door(administrator, clerk.officer.id)
    watch.close_door(administrator, clerk.officer.id)
    with pytest.raises(cast.signin.NotSignedIn):
        cast.signin.officer(who)
    with pytest.raises(NotAllowed):
        watch.close_door(an_officer("office_head@dlhk").officer, administrator.id)
    with pytest.raises(NotFound):
        watch.close_door(administrator, "siapa")


def test_a_dispute_between_neighbours_reaches_the_hamlet_only_with_the_reporters_yes(stack: Stack) -> None:
    kaling, lurah = an_officer(f"hamlet_head@{HAMLET}"), an_officer(f"village_head@{PANJER}")
    quarrel = {
        "category": "ketertiban_lingkungan",
        "hamlet": HAMLET,
        "text": "Tetangga memutar musik keras tiap malam.",
    }
    sent = Sent(stack)
    kept, told = a_case(**quarrel).complaint, a_case(**quarrel, hamlet_head_may_know=True).complaint
    cast.deliver(later(minutes=1))
    assert kept.private
    assert told.private
    assert reading.office_case(kept.code, lurah.officer)
    with pytest.raises(NotFound):
        reading.office_case(kept.code, kaling.officer)
    assert reading.office_case(told.code, kaling.officer)
    assert {told.code} == {card.code for card in reading.inbox(kaling.officer, "office").cards}
    texts = " ".join(message["text"] for message in sent.to(kaling.phone))
    assert told.code in texts
    assert kept.code not in texts


def test_sorting_into_a_dispute_takes_it_from_the_hamlet(stack: Stack) -> None:
    case = a_case(category=None, hamlet=HAMLET).complaint
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    assert case.hamlet == HAMLET
    sorting = handling.Sorting(category="ketertiban_lingkungan")
    handling.sort(case.code, triage, sorting, if_match=case.version, now=later(minutes=5))
    assert (stored(case.code).hamlet, stored(case.code).private) == (None, True)


def test_who_leaves_no_contact_is_capped_by_where_they_come_from(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PER_ADDRESS_DAY_ANONYMOUS", 2)
    for number in range(2):
        a_case(client=f"2001:db8:1:2::{number}")
    with pytest.raises(TooMany) as refused:
        a_case(client="2001:db8:1:2::ffff")
    assert 0 < refused.value.retry_after <= 86_400
    assert a_case(client="2001:db8:1:3::1")
    assert a_case(client="2001:db8:1:2::ffff", phone=cast.a_phone())
    assert a_case(client="2001:db8:1:2::ffff", now=NOW + timedelta(days=1))
