"""Appeals, ratings, reopenings and withdrawals on the real engines: whose desk, which messages, and swept twice."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import IllegalMove, NotAllowed, NotFound, OwnWork
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.tracking import short
from chalicelib.http import dossier, views
from chalicelib.store import complaints
from chalicelib.store.tables import ComplaintRow, NoticeRow
from chalicelib.usecases import escalation, handling, lists, reading, signin
from chalicelib.usecases.handling import Sorting
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, Sent, a_case, an_officer, later, stored
from tests.integration.test_pages import Browser, code_of, file, officer_browser, text_of, version_in
from tests.stack import Stack

WORDS = "Ini jalan kota, papan namanya ada di depan sekolah."
NO = "Jalan ini milik provinsi."
YES = "Benar, ini jalan kota."


def told(code: str) -> set[tuple[str, str]]:
    """Template and addressee of every notice of a case."""
    return {
        (row.notice_id.split("#")[2], row.notice_id.split("#", 4)[4])
        for row in NoticeRow.scan()
        if row.code == code
    }


def templates(code: str) -> set[str]:
    return {template for template, _ in told(code)}


def triage() -> Officer:
    return an_officer(f"triage@{TRIAGE_OFFICE}").officer


def head() -> Officer:
    return an_officer(f"office_head@{TRIAGE_OFFICE}").officer


def declined(by: Officer, **changes: Any) -> tuple[str, signin.Who]:
    filed = a_case(phone=cast.a_phone(), **changes)
    code = filed.complaint.code
    handling.reject(code, by, "not_city", NO, if_match=1, now=later(hours=1))
    return code, cast.holder_of(filed)


def seen(code: str) -> int:
    return stored(code).version


# Appeals ------------------------------------------------------------------------------------------------------


def test_an_appeal_lies_on_the_desk_of_the_office_that_declined_until_one_above_decides(stack: Stack) -> None:
    by, above, office = triage(), head(), an_officer("duty@dlhk").officer
    code, who = declined(by)
    case = handling.appeal(code, who, WORDS, now=later(hours=2))
    assert set(stored(code).clocks) == set(case.clocks)
    assert (case.status, case.office) == (Status.APPEALED, TRIAGE_OFFICE)
    assert ("officer_appeal", f"officer#{above.id}") in told(code)
    assert [card.code for card in reading.inbox(above, "office").cards] == [code]
    assert reading.inbox(office, "office").cards == ()
    with pytest.raises(NotFound):
        reading.office_case(code, office)
    for nobody in (by, office):
        with pytest.raises((NotAllowed, NotFound)):
            handling.decide_appeal(code, nobody, YES, grant=True, if_match=case.version, now=later(hours=3))
    before = case.clocks.get(ClockName.RESOLUTION)
    won = handling.decide_appeal(code, above, YES, grant=True, if_match=case.version, now=later(hours=4))
    assert (won.status, won.office, stored(code).status) == (Status.REOPENED, "dlhk", Status.REOPENED)
    after = won.clocks.get(ClockName.RESOLUTION)
    assert before is not None
    assert after is not None
    assert (after.due, after.running) == (before.due, True)
    assert [card.code for card in reading.inbox(office, "office").cards] == [code]
    assert {"office_granted", "citizen_granted"} <= templates(code)


def test_lost_it_is_over_and_a_second_one_changes_nothing(stack: Stack) -> None:
    by, above = triage(), head()
    code, who = declined(by)
    handling.appeal(code, who, WORDS, now=later(hours=2))
    handling.decide_appeal(code, above, NO, grant=False, if_match=seen(code), now=later(hours=3))
    assert list(complaints.due(later(days=400))) == []
    assert "citizen_upheld" in templates(code)
    before = cast.everything()
    with pytest.raises(IllegalMove):
        handling.appeal(code, who, WORDS, now=later(hours=4))
    with pytest.raises(IllegalMove):
        handling.decide_appeal(code, above, YES, grant=True, if_match=seen(code), now=later(hours=4))
    assert cast.everything() == before


def test_whoever_declined_is_passed_by_even_as_the_only_head(stack: Stack) -> None:
    both = an_officer(f"triage@{TRIAGE_OFFICE}", f"office_head@{TRIAGE_OFFICE}").officer
    secretary = an_officer("secretary@city").officer
    code, who = declined(both)
    case = handling.appeal(code, who, WORDS, now=later(hours=2))
    assert case.rungs == ("secretary@city",)
    # The secretary finds it on the list, and gets no message of one case.
    assert ("officer_appeal", f"officer#{secretary.id}") not in told(code)
    assert [card.code for card in reading.inbox(secretary, "top").cards] == [code]
    with pytest.raises(OwnWork):
        handling.decide_appeal(code, both, YES, grant=True, if_match=case.version, now=later(hours=3))


def test_undecided_it_climbs_once_however_often_it_is_swept(stack: Stack) -> None:
    by = triage()
    head()
    an_officer("secretary@city")
    code, who = declined(by)
    case = handling.appeal(code, who, WORDS, now=later(hours=2))
    appeal = case.clocks.get(ClockName.APPEAL)
    assert appeal is not None
    for _ in range(2):
        escalation.sweep(now=appeal.due)
    climbs = [e for e in complaints.get(code).history if e.act is Act.ESCALATE]
    assert [(e.data["clock"], e.data["post"]) for e in climbs] == [("appeal", "secretary@city")]
    assert "secretary@city" in stored(code).rungs  # who hears by list


def test_a_lost_appeal_stands_on_the_secretary_s_list_that_month_and_the_next(stack: Stack) -> None:
    secretary, mayor = an_officer("secretary@city").officer, an_officer("mayor@city").officer
    above = head()
    code, who = declined(triage())
    handling.appeal(code, who, WORDS, now=later(hours=2))
    handling.decide_appeal(code, above, NO, grant=False, if_match=seen(code), now=later(hours=3))
    for days, stands in ((0, True), (30, True), (45, False)):  # 23 November, 23 December, 7 January
        listed = reading.inbox(secretary, "top", now=later(days=days, hours=4)).cards
        assert [card.code for card in listed] == [code] * stands, days
        assert reading.inbox(mayor, "top", now=later(days=days, hours=4)).cards == ()
    said = lists.mail(secretary, "secretary@city", "id", now=later(days=1))["lines"]
    assert "keberatan ditolak 23/11 13.00" in said
    assert stored(code).for_ombudsman


def test_an_accusation_in_an_appeal_reaches_neither_the_office_nor_its_topic(stack: Stack) -> None:
    by, above, office = triage(), head(), an_officer("duty@dlhk").officer
    code, who = declined(by)
    handling.appeal(code, who, "Petugas DLHK minta uang dulu.", now=later(hours=2))
    case = stored(code)
    body = views.office(reading.office_case(code, above), above, cast.city(), "id", later(hours=2))
    assert "minta uang" in str(body["timeline"])
    won = handling.decide_appeal(code, above, YES, grant=True, if_match=case.version, now=later(hours=3))
    assert (won.sealed, won.office) == (True, TRIAGE_OFFICE)
    after_rejection = {(template, to) for template, to in told(code) if template != "office_new"}
    assert not any(to == "dlhk" for _, to in after_rejection)
    with pytest.raises(NotFound):
        reading.office_case(code, office)


# Ratings and reopenings ---------------------------------------------------------------------------------------


def solved(office: Officer, **changes: Any) -> tuple[str, signin.Who]:
    filed = a_case(phone=cast.a_phone(), **changes)
    code = filed.complaint.code
    handling.resolve(code, office, "Sudah diangkut.", if_match=1, now=later(hours=1))
    return code, cast.holder_of(filed)


def test_a_thank_you_reaches_the_officer_who_did_it_and_says_nothing_of_the_case(stack: Stack) -> None:
    office, other = an_officer("duty@dlhk"), an_officer("staff@dlhk")
    sent = Sent(stack)
    code, who = solved(office.officer)
    handling.rate(code, who, 5, "Terima kasih, bersih sekali!", now=later(hours=2))
    cast.deliver(later(hours=3))
    (mail,) = [m for m in sent.new() if m["to"] == office.email and "terima kasih" in m["subject"].lower()]
    assert "bersih sekali" not in str(mail)
    assert cast.RUBBISH not in str(mail)
    assert ("officer_thanks", f"officer#{other.officer.id}") not in told(code)


def test_a_thank_you_to_somebody_who_left_reaches_nobody_and_the_rating_counts(stack: Stack) -> None:
    office = an_officer("duty@dlhk")
    code, who = solved(office.officer)
    cast.disable(office)
    handling.rate(code, who, 5, "Terima kasih!", now=later(hours=2))
    assert stored(code).rating == 5
    assert "officer_thanks" not in templates(code)


def test_reopened_it_is_swept_up_one_rung_once_and_has_its_redo_clock(stack: Stack) -> None:
    office, above = an_officer("duty@dlhk").officer, an_officer("division_head@dlhk").officer
    code, who = solved(office)
    handling.release(code, triage(), if_match=seen(code), now=later(hours=1))
    again = handling.reopen(code, who, "Masih ada.", now=later(hours=2))
    redo = again.clocks.get(ClockName.REDO)
    assert redo is not None
    assert stored(code).clocks.get(ClockName.REDO) == redo
    for _ in range(2):
        escalation.sweep(now=later(hours=2))
    climbs = [e for e in complaints.get(code).history if e.act is Act.ESCALATE]
    assert [(e.data["clock"], e.data["post"]) for e in climbs] == [("redo", "division_head@dlhk")]
    assert ("officer_rung", f"officer#{above.id}") in told(code)
    done = handling.resolve(code, above, "Diulang.", if_match=seen(code), now=later(hours=5))
    assert (done.clocks.get(ClockName.REDO), stored(code).level) == (None, 1)


def test_a_second_reopening_needs_another_officer_and_the_post_above_may_be_it(stack: Stack) -> None:
    village = cast.PANJER
    lurah, camat = (
        an_officer(f"village_head@{village}").officer,
        an_officer(f"district_head@{cast.SOUTH}").officer,
    )
    filed = a_case(category=None, phone=cast.a_phone())
    code, who = filed.complaint.code, cast.holder_of(filed)
    handling.sort(code, triage(), Sorting("sampah", office=village), if_match=1, now=later(minutes=5))
    handling.release(code, triage(), if_match=2, now=later(minutes=6))
    for hours in (1, 3):
        handling.resolve(code, lurah, "Sudah.", if_match=seen(code), now=later(hours=hours))
        handling.reopen(code, who, "Belum.", now=later(hours=hours + 1))
    before = cast.everything()
    with pytest.raises(OwnWork):
        handling.resolve(code, lurah, "Sudah.", if_match=seen(code), now=later(hours=5))
    assert cast.everything() == before
    while f"district_head@{cast.SOUTH}" not in stored(code).rungs:
        at = stored(code).wakes_at(cast.city())
        assert at is not None
        assert escalation.wake_one(code, now=max(at, later(hours=5))) is not None
    done = handling.resolve(code, camat, "Kami pastikan.", if_match=seen(code), now=later(days=9))
    assert done.status is Status.RESOLVED


# Withdrawals --------------------------------------------------------------------------------------------------


def withdrawn() -> tuple[str, signin.Who]:
    filed = a_case(phone=cast.a_phone(), identity_shown=True)
    code, who = filed.complaint.code, cast.holder_of(filed)
    handling.withdraw(code, who, "asked_to", "Kata kepala lingkungan.", now=later(hours=1))
    return code, who


def test_who_was_asked_to_withdraw_is_looked_after_by_triage_alone(stack: Stack) -> None:
    office, sorter = an_officer("duty@dlhk").officer, triage()
    code, who = withdrawn()
    assert {("office_pressed", TRIAGE_OFFICE), ("office_withdrawn", "dlhk")} <= told(code)
    for row in NoticeRow.scan():
        assert "lingkungan" not in str(row.body).lower() or "kepala" not in str(row.body).lower()
    read = views.office(reading.office_case(code, sorter), sorter, cast.city(), "id", later(hours=2))
    assert read["timeline"][-1]["data"]["reason"] == "asked_to"
    assert read["timeline"][-1]["data"]["words"] == "Kata kepala lingkungan."
    view = views.office(reading.office_case(code, office), office, cast.city(), "id", later(hours=2))
    own = reading.own_case(code, who)
    for body in (
        view,
        views.own(own, cast.city(), "id", later(hours=2)),
        views.public(own, cast.city(), "id", later(hours=2)),
        dossier.for_reporter(own, city=cast.city(), language="id", now=later(hours=2)),
    ):
        assert "asked_to" not in str(body)
        assert "kepala lingkungan" not in str(body)


def test_the_city_goes_on_and_only_the_reporters_own_page_says_so(stack: Stack) -> None:
    office, sorter = an_officer("duty@dlhk").officer, triage()
    code, who = withdrawn()
    first = stored(code).clocks.get(ClockName.RESOLUTION)
    going = handling.go_on(code, sorter, if_match=seen(code), now=later(hours=3))
    assert set(stored(code).clocks) == set(going.clocks)
    assert (going.status, going.private, going.identity_shown) == (Status.RECEIVED, True, False)
    after = going.clocks.get(ClockName.RESOLUTION)
    assert first is not None
    assert after is not None
    assert (after.due, after.running) == (first.due, True)
    assert [card.code for card in reading.inbox(office, "office").cards] == [code]
    own = views.own(reading.own_case(code, who), cast.city(), "id", later(hours=4))
    assert own["continued"].startswith("Kota melanjutkan")
    assert reading.public_list(reading.Filters(), now=later(hours=4)).cards == ()
    citizens = {template for template, to in told(code) if to.startswith("citizen#")}
    handling.resolve(code, office, "Sudah.", if_match=seen(code), now=later(hours=5))
    assert {template for template, to in told(code) if to.startswith("citizen#")} == citizens
    with pytest.raises(IllegalMove):
        reading.contact_of(code, office, if_match=seen(code), now=later(hours=6))
    before = cast.everything()
    with pytest.raises(IllegalMove):
        handling.go_on(code, sorter, if_match=seen(code), now=later(hours=6))
    assert cast.everything() == before


# In the browser -----------------------------------------------------------------------------------------------


def test_five_buttons_rate_with_one_tap_and_a_low_score_asks_first(stack: Stack) -> None:
    own = file()
    code = code_of(own)
    office, path = officer_browser("staff@pupr"), f"/o/{short(code_of(own))}"
    office.post(f"{path}/resolve", {"text": "Sudah ditambal.", "version": version_in(office.get(path))})
    page = Browser().get(own).body.decode()
    for score in range(1, 6):
        assert f'<button name="score" value="{score}">' in page
    before = cast.everything()
    Browser().get(f"{own}/rate?score=5")
    assert cast.everything() == before
    assert Browser().post(f"{own}/rate", {"score": "2"}).status_code == 303
    assert (stored(code).status, stored(code).rating) == ("closed", 2)
    asked = text_of(Browser().get(own))
    assert "Sudah beres?" in asked
    assert "Belum, buka lagi" in asked
    assert "Belum, buka lagi" not in text_of(Browser().get(f"{own}?beres=1"))
    assert stored(code).status == "closed"
    assert Browser().post(f"{own}/rate", {"score": "5"}).status_code == 409
    assert Browser().post(f"{own}/reopen", {"text": "Belum beres."}).status_code == 303
    assert stored(code).status == "reopened"
    assert "Perbaikan ulang paling lambat" in text_of(Browser().get(own))


def test_a_reporter_appeals_and_a_head_decides_in_the_browser(stack: Stack) -> None:
    own = file()
    code = code_of(own)
    path = f"/o/{short(code)}"
    sorter, above = (
        officer_browser(f"triage@{TRIAGE_OFFICE}"),
        officer_browser(f"office_head@{TRIAGE_OFFICE}"),
    )
    no = {"reason": "not_city", "text": NO, "version": version_in(sorter.get(path))}
    assert sorter.post(f"{path}/reject", no).status_code == 303
    assert "keberatan satu kali" in text_of(Browser().get(own))
    assert Browser().post(f"{own}/appeal", {"text": WORDS}).headers["Location"] == f"{own}?ok=appeal"
    assert "Keberatan Anda sudah diterima" in text_of(Browser().get(f"{own}?ok=appeal"))
    desk = text_of(above.get(path))
    assert WORDS in desk
    assert "Kabulkan keberatan" in desk
    assert "Kabulkan keberatan" not in text_of(sorter.get(path))
    short_answer = above.post(f"{path}/grant", {"text": "Ya", "version": version_in(above.get(path))})
    assert short_answer.status_code == 422
    done = above.post(f"{path}/grant", {"text": YES, "version": version_in(above.get(path))})
    assert (done.status_code, stored(code).status, stored(code).office) == (303, "reopened", "pupr")


def test_a_withdrawal_in_the_browser_asks_why_and_triage_goes_on(stack: Stack) -> None:
    own = file()
    path = f"/o/{short(code_of(own))}"
    assert "Saya diminta mencabut" in text_of(Browser().get(own))
    assert Browser().post(f"{own}/withdraw", {}).status_code == 422
    assert Browser().post(f"{own}/withdraw", {"reason": "asked_to"}).status_code == 303
    sorter = officer_browser(f"triage@{TRIAGE_OFFICE}")
    assert sorter.post(f"{path}/continue", {"version": version_in(sorter.get(path))}).status_code == 303
    assert "Kota melanjutkan" in text_of(Browser().get(own))


def test_the_windows_stand_on_a_page_for_anybody_in_both_languages(stack: Stack) -> None:
    page = text_of(Browser().get("/janji"))
    assert "14 hari" in page
    assert "Tanpa nomor atau e-mail" in page
    assert "14 days" in text_of(Browser(language="en").get("/janji"))
    assert 'href="/janji"' in Browser().get("/").body.decode()


# Heads --------------------------------------------------------------------------------------------------------


def test_heads_of_reopened_and_appealed_cases_stay_under_two_kilobytes(stack: Stack) -> None:
    village = cast.PANJER
    office, sorter, above = an_officer(f"duty@{village}").officer, triage(), head()
    for post in (f"division_head@{village}", f"village_head@{village}", "secretary@city", "mayor@city"):
        an_officer(post)
    filed = a_case(
        category=None,
        phone=cast.a_phone(),
        at=(-8.6917, 115.2273),
        identity_shown=True,
        text="Sampah menumpuk di depan pasar sejak tiga hari, berbau, dan anjing mengacaknya setiap malam.",
    )
    code, who = filed.complaint.code, cast.holder_of(filed)
    handling.sort(code, sorter, Sorting("sampah", office=village), if_match=1, now=later(minutes=9))
    handling.release(code, sorter, if_match=2, now=later(minutes=10))
    handling.resolve(code, office, "Sudah.", if_match=3, now=later(days=6))
    handling.reopen(code, who, "Belum.", now=later(days=6, hours=1))
    sizes = [size(code)]

    def climb(times: int) -> Complaint:
        for _ in range(times):
            at = stored(code).wakes_at(cast.city())
            assert at is not None
            escalation.wake_one(code, now=at)
            sizes.append(size(code))
        return stored(code)

    climb(3)
    handling.ask(code, office, "Di sisi mana?", if_match=seen(code), now=later(days=12))
    sizes.append(size(code))
    case = climb(5)
    handling.pass_on(code, office, "dlhk", "Ini urusan dinas.", if_match=case.version, now=later(days=30))
    climb(4)
    handling.reject(code, sorter, "not_city", NO, if_match=seen(code), now=later(days=50))
    handling.appeal(code, who, WORDS, now=later(days=50, hours=1))
    climb(4)
    handling.decide_appeal(code, above, YES, grant=True, if_match=seen(code), now=later(days=80))
    climb(6)
    assert max(sizes) <= 2048


def size(code: str) -> int:
    """What DynamoDB counts: names and values in UTF-8."""
    row = next(iter(ComplaintRow.query(code, ComplaintRow.sk == "head")))
    return sum(len(n) + len(str(v).encode()) for n, v in row.attribute_values.items() if v is not None)
