"""The link of a rung, the lists of the secretary and the mayor, the law's ceilings, and the filters by lateness."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from chalicelib import keys
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import Gone, Invalid, NotFound
from chalicelib.domain.lists import next_list
from chalicelib.domain.people import Act, Role
from chalicelib.domain.scheduling import Wish
from chalicelib.domain.service_level import NEVER, ClockName
from chalicelib.domain.tracking import short
from chalicelib.http import views
from chalicelib.settings import utc_now
from chalicelib.store import complaints, outbox, people
from chalicelib.store.tables import ComplaintRow, NoticeRow
from chalicelib.usecases import escalation, handling, lists, reading, rungs
from chalicelib.usecases.handling import Sorting
from local.bench.meter import item_size
from tests.integration import people as cast
from tests.integration.people import (
    NOW,
    TRIAGE_OFFICE,
    Employee,
    Sent,
    a_case,
    an_officer,
    later,
    stored,
)
from tests.integration.test_pages import Browser, Tags, text_of
from tests.stack import Stack

HEAD = "division_head@dlhk"
SECRETARY, MAYOR = "secretary@city", "mayor@city"


def released(**changes: object) -> Complaint:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(**changes).complaint.code
    if stored(code).private:
        return stored(code)
    return handling.release(code, triage, if_match=1, now=later(minutes=1))


def next_climb(code: str) -> datetime:
    ladders = [c for c in stored(code).clocks.running() if c.name is not ClockName.CEILING]
    return min(clock.next_climb for clock in ladders)


def sweep_until(code: str, post: str) -> datetime:
    """Sweep at each moment that time does something, until the case has reached this post; that moment."""
    for _ in range(30):
        now = stored(code).wakes_at(cast.city())
        assert now is not None
        escalation.sweep(now=now)
        if post in stored(code).rungs:
            return now
    raise AssertionError(f"{code} never reached {post}")


def climbed(stack: Stack, **changes: object) -> tuple[Complaint, Employee, str, datetime]:
    """A case that has just reached the head of division: the case, the head, the key in the SMS, and the moment."""
    head = an_officer(HEAD)
    code = released(**changes).code
    now = sweep_until(code, HEAD)
    sent = Sent(stack)
    cast.deliver(now)
    links = {m["channel"]: re.findall(r"/r/(\S+)", m["text"]) for m in sent.to(head.phone, head.email)}
    assert set(links) == {"sms", "email"}
    assert links["sms"] == links["email"]
    (key,) = links["sms"]
    return stored(code), head, key, now


def parted(key: str) -> tuple[str, str]:
    code, _, secret = key.partition(".")
    return f"DPS-{code[:5]}-{code[5:]}", secret


# The link of a rung ---------------------------------------------------------------------------------------------


def test_one_tap_behind_the_link_acknowledges_and_looking_does_not(stack: Stack) -> None:
    case, head, key, _ = climbed(stack)
    before = cast.everything()
    visitor = Browser()
    for _ in range(2):
        page = visitor.get(f"/r/{key}")
        assert page.status_code == 200
    assert cast.everything() == before
    assert "Kepala Bidang DLHK" in text_of(page)
    assert cast.RUBBISH in text_of(page)
    assert head.officer.name not in page.body.decode()
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    (form,) = [f for f in Tags(page.body.decode()).all("form") if f["action"] != "/keluar"]
    (field,) = Tags(page.body.decode()).all("input")
    done = visitor.post(str(form["action"]), {str(field["name"]): field["value"]})
    assert (done.status_code, done.headers["Location"]) == (303, f"/r/{key}")
    event = complaints.get(case.code).history[-1]
    assert (event.act, event.by.id, event.data["by_link"]) == (Act.ACK_RUNG, head.officer.id, True)
    assert stored(case.code).status is Status.RECEIVED
    after = visitor.get(f"/r/{key}")
    assert after.status_code == 200
    assert "Sudah diterima" in text_of(after)
    version = stored(case.code).version
    assert visitor.post(f"/r/{key}", {"key": key}).status_code == 303  # a second tap finds it done
    assert stored(case.code).version == version


def test_a_post_without_the_key_in_its_form_does_nothing(stack: Stack) -> None:
    case, _, key, _ = climbed(stack)
    for fields in ({}, {"key": ""}, {"key": "x"}, {"key": key[:-1]}):
        assert Browser().post(f"/r/{key}", fields).status_code == 404
    assert Browser()._ask("HEAD", f"/r/{key}", b"", {}).status_code in (403, 405)
    assert stored(case.code).version == case.version


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_wrong_link_is_a_clear_page_and_says_nothing_of_the_case(stack: Stack, language: str) -> None:
    case, _, key, _ = climbed(stack)
    code = short(case.code)
    others = [
        f"{code}.",
        f"{code}",
        f"{code}.aaaaaaaaaaaaaa",
        key[:-1],
        f"{key}a",
        f"0000000000.{key[11:]}",
        "%00.x",
    ]
    for wrong in others:
        for answer in (
            Browser(language=language).get(f"/r/{wrong}"),
            Browser(language=language).post(f"/r/{wrong}", {"key": wrong}),
        ):
            assert answer.status_code == 404, wrong
            assert "DLHK" not in answer.body.decode()
            assert ("Tidak ditemukan" if language == "id" else "Not found") in text_of(answer)
    assert stored(case.code).version == case.version


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_link_ends_when_the_case_climbs_on_and_says_so(stack: Stack, language: str) -> None:
    above = an_officer("office_head@dlhk")
    case, _, key, _ = climbed(stack)
    for _ in range(2):  # the reply's ladder first, the solution's later
        sweep_until(case.code, "office_head@dlhk")
    while HEAD in stored(case.code).rungs:
        escalation.sweep(now=next_climb(case.code))
    version = stored(case.code).version
    for answer in (
        Browser(language=language).get(f"/r/{key}"),
        Browser(language=language).post(f"/r/{key}", {"key": key}),
    ):
        assert answer.status_code == 410
        assert ("tidak berlaku lagi" if language == "id" else "no longer good") in text_of(answer)
    assert stored(case.code).version == version
    assert above.officer.id not in {e.by.id for e in complaints.get(case.code).history}


def test_a_link_ends_when_the_case_is_solved(stack: Stack) -> None:
    case, _, key, now = climbed(stack)
    duty = an_officer("duty@dlhk").officer
    handling.resolve(case.code, duty, "Sudah diangkut.", if_match=case.version, now=now)
    with pytest.raises(Gone):
        rungs.opened(*parted(key), now=cast.NOW)


def test_a_link_is_its_officers_alone_and_ends_with_the_post(stack: Stack) -> None:
    case, head, key, _ = climbed(stack)
    heir = an_officer(HEAD)
    people.hold_post(HEAD, [heir.officer.id])
    with pytest.raises(NotFound):
        rungs.opened(*parted(key), now=cast.NOW)
    people.hold_post(HEAD, [heir.officer.id, head.officer.id])
    assert rungs.opened(*parted(key), now=cast.NOW).officer.id == head.officer.id
    cast.disable(head)
    with pytest.raises(NotFound):
        rungs.opened(*parted(key), now=cast.NOW)
    assert stored(case.code).version == case.version


def test_the_link_outlives_what_the_office_does_meanwhile(stack: Stack) -> None:
    case, _, key, now = climbed(stack)
    duty = an_officer("duty@dlhk").officer
    handling.start(case.code, duty, if_match=case.version, now=now)
    assert rungs.opened(*parted(key), now=cast.NOW).owes
    assert rungs.acknowledge(*parted(key), now=now).version == case.version + 2


def test_taps_at_the_same_moment_are_one_acknowledgement(stack: Stack) -> None:
    case, _, key, now = climbed(stack)
    results = cast.at_once(4, lambda _: rungs.acknowledge(*parted(key), now=now))
    assert cast.bad(results) == []
    acts = [event.act for event in complaints.get(case.code).history]
    assert acts.count(Act.ACK_RUNG) == 1


def test_of_a_private_case_the_link_shows_code_category_and_dates(stack: Stack) -> None:
    case, _, key, _ = climbed(stack, private=True)
    page = Browser().get(f"/r/{key}")
    shown = text_of(page)
    assert case.code in shown
    assert "Sampah" in shown
    assert "rahasia" in shown
    for hidden in (cast.RUBBISH, "Panjer", "Nyanggelan", "diterima."):
        assert hidden not in shown
    assert f"/o/{short(case.code)}" in page.body.decode()


def test_nobody_reads_a_link_in_the_store(stack: Stack) -> None:
    _, _, key, _ = climbed(stack)
    assert parted(key)[1] not in cast.everything()


# The lists ------------------------------------------------------------------------------------------------------


def at_the_top(**changes: object) -> tuple[str, datetime]:
    code = released(**changes).code
    return code, sweep_until(code, SECRETARY)


def test_the_secretary_hears_of_a_risen_case_by_the_list_and_by_no_message(stack: Stack) -> None:
    secretary, mayor = an_officer(SECRETARY), an_officer(MAYOR)
    sent = Sent(stack)
    code, now = at_the_top(phone=cast.a_phone())
    cast.deliver(now)
    assert sent.to(secretary.phone, secretary.email, mayor.phone, mayor.email) == []
    morning = next_list(Role.SECRETARY, now, cast.city())
    assert lists.send(now=morning - timedelta(minutes=1)) == 0
    assert lists.send(now=morning) == 1
    assert lists.send(now=morning) == 0
    assert lists.send(now=morning + timedelta(minutes=15)) == 0
    cast.deliver(morning + timedelta(minutes=15))
    (mail,) = sent.to(secretary.phone, secretary.email, mayor.phone, mayor.email)
    assert (mail["to"], mail["channel"]) == (secretary.email, "email")
    assert code in mail["text"]
    assert f"/o/{short(code)}" in mail["text"]
    assert "1 aduan" in mail["subject"]
    for hidden in ("mulai berbau", "Made Contoh", "Nyanggelan"):
        assert hidden not in mail["text"]
    (row,) = [row for row in NoticeRow.scan() if row.notice_id.startswith("list#")]
    assert code not in row.body


def test_lists_written_side_by_side_are_one_mail_each(stack: Stack) -> None:
    an_officer(SECRETARY), an_officer(SECRETARY)
    _, now = at_the_top()
    morning = next_list(Role.SECRETARY, now, cast.city())
    results = cast.at_once(3, lambda _: lists.send(now=morning))
    assert cast.bad(results) == []
    assert sum(cast.good(results)) == 2


def test_the_mayors_list_comes_weekly_with_what_has_risen_to_that_rung(stack: Stack) -> None:
    an_officer(SECRETARY)
    mayor = an_officer(MAYOR)
    code, _ = at_the_top()
    now = sweep_until(code, MAYOR)
    later_one = released(now=now).code
    sweep_until(later_one, SECRETARY)
    assert MAYOR not in stored(later_one).rungs
    monday = next_list(Role.MAYOR, now, cast.city())
    lists.send(now=monday)
    sent = Sent(stack)
    cast.deliver(monday)
    (mail,) = sent.to(mayor.email)
    assert code in mail["text"]
    assert later_one not in mail["text"]


def test_an_empty_list_is_not_sent_and_nobody_but_the_two_has_one(stack: Stack) -> None:
    secretary, head = an_officer(SECRETARY), an_officer(HEAD)
    morning = next_list(Role.SECRETARY, NOW, cast.city())
    assert lists.send(now=morning) == 0
    assert reading.inbox(secretary.officer, "top").cards == ()
    with pytest.raises(NotFound):
        reading.inbox(head.officer, "top")


def test_a_case_about_a_secretarys_own_office_is_on_no_list_of_theirs(stack: Stack) -> None:
    acting = an_officer(SECRETARY, office="dlhk")
    other = an_officer(SECRETARY)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    code = a_case(about_staff=True, accused="dlhk").complaint.code
    handling.sort(code, triage, Sorting("sampah", accusation=True), if_match=1, now=later(minutes=9))
    now = sweep_until(code, SECRETARY)
    assert [card.code for card in reading.inbox(other.officer, "top").cards] == [code]
    assert reading.inbox(acting.officer, "top").cards == ()
    morning = next_list(Role.SECRETARY, now, cast.city())
    assert lists.send(now=morning) == 1
    assert not any(acting.officer.id in row.notice_id for row in NoticeRow.scan())


def test_a_sealed_case_is_on_no_list_even_when_its_ceiling_is_near(stack: Stack) -> None:
    secretary = an_officer(SECRETARY)
    code = a_case(about_staff=True, accused="dlhk").complaint.code
    for _ in range(6):
        escalation.sweep(now=ceiling_of(code))
    assert Act.CEILING in [event.act for event in complaints.get(code).history]
    assert reading.inbox(secretary.officer, "top").cards == ()


def test_the_list_has_the_latest_first_and_is_read_by_one_key_each(stack: Stack) -> None:
    secretary, mayor = an_officer(SECRETARY), an_officer(MAYOR)
    codes = [released(now=later(days=days)).code if days else released().code for days in (0, 0)]
    now = max(sweep_until(code, SECRETARY) for code in codes)
    with cast.calls() as seen:
        page = reading.inbox(secretary.officer, "top", late=1, now=now)
    assert sorted(card.code for card in page.cards) == sorted(codes)
    assert [card.position for card in page.cards] == sorted(card.position for card in page.cards)
    assert [name for name, _ in seen] == ["Query"] * 4
    with cast.calls() as seen:
        reading.inbox(mayor.officer, "top")
    assert [name for name, _ in seen] == ["Query"]


def test_past_the_top_the_case_is_marked_in_public_and_wakes_for_nothing_but_its_ceiling(
    stack: Stack,
) -> None:
    an_officer(SECRETARY), an_officer(MAYOR)
    code = released(now=utc_now()).code
    for _ in range(40):
        now = stored(code).wakes_at(cast.city())
        assert now is not None
        if now >= NEVER:
            break
        escalation.sweep(now=now)
    case = stored(code)
    assert case.wakes_at(cast.city()) == NEVER
    assert case.marked_overdue
    assert case.open
    assert list(complaints.due(NEVER)) == [code]
    moment = ceiling_of(code)
    assert (
        views.public(reading.public_case(code), cast.city(), "id", moment)["marked"] == "Melewati batas waktu"
    )
    (card,) = reading.public_list(reading.Filters(), now=utc_now()).cards
    shown = views.card(card, cast.city(), "id", moment)
    assert (shown["marked"], shown["late"]) == ("Melewati batas waktu", True)
    page = text_of(Browser().get(f"/l/{short(code)}"))
    assert "Melewati batas waktu" in page
    assert "Semua tingkat sudah diberi tahu" in page
    assert "Melewati batas waktu" in text_of(Browser().get("/"))
    notices = [row.notice_id for row in NoticeRow.scan() if row.code == code]
    assert not [notice for notice in notices if "secretary" in notice or "overdue" in notice]


# The law's ceilings ---------------------------------------------------------------------------------------------


def ceiling_of(code: str) -> datetime:
    clock = stored(code).clocks.get(ClockName.CEILING)
    assert clock is not None
    return clock.due


def test_the_ceiling_is_kept_in_the_row_as_it_was_stamped(stack: Stack) -> None:
    filed = a_case().complaint
    assert stored(filed.code).clocks == filed.clocks
    row = ComplaintRow.get(filed.code, "head")
    assert '"ceil":[' in row.body
    assert "ceiling" not in row.body  # the version before this one knows no such clock


def test_near_the_ceiling_the_secretary_has_the_case_and_the_reporter_hears_of_the_ombudsman(
    stack: Stack,
) -> None:
    secretary = an_officer(SECRETARY)
    phone = cast.a_phone()
    filed = a_case(phone=phone)
    code = filed.complaint.code
    duty, triage = an_officer("duty@dlhk").officer, an_officer(f"triage@{TRIAGE_OFFICE}").officer
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    clock = stored(code).clocks.get(ClockName.CEILING)
    assert clock is not None
    near = clock.warns[0]
    own = reading.own_case(code, cast.holder_of(filed))
    assert views.own(own, cast.city(), "id", near)["ombudsman"] is None
    escalation.sweep(now=near)
    escalation.sweep(now=near)
    cast.deliver(near)
    (sms,) = sent.to(phone)
    assert "Ombudsman" in sms["text"]
    assert "137" in sms["text"]
    own = reading.own_case(code, cast.holder_of(filed))
    shown = views.own(own, cast.city(), "id", near)["ombudsman"]
    assert "137" in shown["contact"]
    page = text_of(Browser().get(f"/k/{short(code)}/{filed.secret}"))
    assert "137" in page
    assert code in [card.code for card in reading.inbox(secretary.officer, "top").cards]
    kept = stored(code).clocks.get(ClockName.CEILING)
    assert kept is not None
    assert (kept.due, kept.warns) == (clock.due, ())
    escalation.sweep(now=clock.due)
    cast.deliver(clock.due)
    assert sent.to(phone) == []
    shares = [e.data["share"] for e in complaints.get(code).history if e.act is Act.CEILING]
    assert shares == [80, 100]
    done = handling.resolve(code, duty, "Sudah.", if_match=stored(code).version, now=clock.due)
    assert reading.inbox(secretary.officer, "top").cards == ()
    own = reading.own_case(code, cast.holder_of(filed))
    assert views.own(own, cast.city(), "id", near)["ombudsman"] is None
    # Reopened, it runs on against the old one: what was told stays told, and the case is back on the list.
    handling.reopen(code, cast.holder_of(filed), "Belum.", now=clock.due + timedelta(hours=1))
    again = stored(code).clocks.get(ClockName.CEILING)
    assert again is not None
    assert (again.due, again.climbed) == (clock.due, 1)
    assert done.clocks.get(ClockName.CEILING) == again
    assert code in [card.code for card in reading.inbox(secretary.officer, "top").cards]


def test_a_row_of_before_there_were_ceilings_is_read_and_swept(stack: Stack) -> None:
    code = released().code
    row = ComplaintRow.get(code, "head")
    row.update(actions=[ComplaintRow.body.set(re.sub(r',"ceil":\[[^]]*\]', "", row.body))])
    old = stored(code)
    assert old.clocks.get(ClockName.CEILING) is None
    assert escalation.sweep(now=later(days=60)).failed == 0


# Late, and three times late ---------------------------------------------------------------------------------------


def test_the_filters_leave_what_is_late_and_what_took_three_times_as_long(stack: Stack) -> None:
    officer = an_officer("duty@dlhk").officer
    codes = [a_case(now=later(days=days)).complaint.code for days in (0, 2, 4)]
    due = [stored(code).clocks.next_due for code in codes]
    filed = [stored(code).filed_at for code in codes]
    thrice = filed[0] + 3 * (due[0] - filed[0])

    def listed(late: int, now: datetime) -> list[str]:
        return [card.code for card in reading.inbox(officer, "office", late=late, now=now).cards]

    assert listed(1, due[0]) == []  # at the very moment it is kept
    assert listed(1, due[0] + timedelta(milliseconds=1)) == codes[:1]
    assert listed(1, due[2] + timedelta(milliseconds=1)) == codes
    assert listed(3, thrice - timedelta(milliseconds=1)) == []
    assert listed(3, thrice) == codes[:1]
    assert listed(0, due[0]) == codes


def test_pages_of_the_late_ones_neither_skip_nor_repeat_and_read_nothing_that_is_not_late(
    stack: Stack,
) -> None:
    officer = an_officer("duty@dlhk").officer
    late = [a_case(now=later(minutes=minute)).complaint.code for minute in range(5)]
    a_case(now=later(days=30))
    now = later(days=20)
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = reading.inbox(officer, "office", late=1, now=now, limit=2, cursor=cursor)
        seen += [card.code for card in page.cards]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(late)
    far = reading._encode({"k": "office", "p": "~"})
    assert reading.inbox(officer, "office", late=1, now=now, cursor=far).cards == ()


def test_texts_that_wait_for_review_have_no_such_filter(stack: Stack) -> None:
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    with pytest.raises(Invalid):
        reading.inbox(triage, "screening", late=1, now=NOW)


def test_the_desk_has_the_filters_as_tabs_and_the_secretary_the_list_first(stack: Stack) -> None:
    from tests.integration.test_pages import officer_browser

    fresh = a_case(now=utc_now()).complaint.code
    code = a_case(now=datetime.fromisoformat("2026-02-02T02:00:00+00:00")).complaint.code
    desk = officer_browser("duty@dlhk")
    page = desk.get("/o?late=1")
    assert code in text_of(page)
    assert fresh not in text_of(page)
    assert fresh in text_of(desk.get("/o"))
    assert "late=3" in page.body.decode()
    assert code in text_of(desk.get("/o?late=3"))
    secretary = officer_browser(SECRETARY)
    assert "Daftar kota" in text_of(Browser(secretary.cookie).get("/o?which=top&late=3"))
    an_officer(MAYOR)
    sweep_until(code, SECRETARY)
    assert code in text_of(secretary.get("/o"))


def test_a_message_of_before_there_were_links_leads_to_the_sign_in(stack: Stack) -> None:
    case, head, _, now = climbed(stack)
    notice = next(
        outbox.get(row.notice_id).notice
        for row in NoticeRow.scan()
        if row.code == case.code and "officer_rung#sms" in row.notice_id
    )
    plain = {k: v for k, v in notice.args.items() if k not in ("rung_post", "clock", "rung")}
    old = replace(notice, id=f"{notice.id}-old", args=plain)
    outbox.add(old)
    sent = Sent(stack)
    cast.deliver(now)
    (sms,) = sent.to(head.phone)
    assert f"/o/{short(case.code)}" in sms["text"]
    assert keys.rung_link(case.code, head.officer.id, HEAD, "first_reply", "1") not in sms["text"]


def test_a_head_on_the_lists_stays_under_two_write_units(stack: Stack) -> None:
    an_officer(SECRETARY), an_officer(MAYOR)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    filed = a_case(
        phone=cast.a_phone(),
        text="Sampah menumpuk " * 30,
        at=(-8.6801234, 115.2201234),
        identity_shown=True,
    )
    code, longest = filed.complaint.code, 0
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    for _ in range(40):
        (item,) = [
            row for row in cast._raw_rows(ComplaintRow) if (row["pk"]["S"], row["sk"]["S"]) == (code, "head")
        ]
        longest = max(longest, item_size(item))
        now = stored(code).wakes_at(cast.city())
        assert now is not None
        if now >= NEVER:
            break
        escalation.sweep(now=now)
    assert 1_500 < longest < 2_048


@pytest.mark.parametrize("words", ["Penutup selokan hilang ", "\u0c97\u0cc1\u0c82\u0ca1\u0cbf \U0001f573 "])
def test_one_with_a_second_date_a_claimed_fix_and_a_ceiling_stays_under_it_too(
    stack: Stack, words: str
) -> None:
    an_officer(SECRETARY), an_officer(MAYOR)
    triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
    head, doer = an_officer("office_head@pupr").officer, an_officer("duty@pupr").officer
    code = a_case(
        category="lubang_terbuka",
        phone=cast.a_phone(),
        text=words * 30,
        at=(-8.6801234, 115.2201234),
        identity_shown=True,
    ).complaint.code
    handling.release(code, triage, if_match=1, now=later(minutes=1))
    longest: dict[Status, int] = {}

    def measured() -> Complaint:
        (item,) = [
            row for row in cast._raw_rows(ComplaintRow) if (row["pk"]["S"], row["sk"]["S"]) == (code, "head")
        ]
        case = stored(code)
        longest[case.status] = max(longest.get(case.status, 0), item_size(item))
        return case

    def sweep_on(until: datetime) -> Complaint:
        while (now := measured().wakes_at(cast.city())) is not None and now <= until:
            escalation.sweep(now=now)
        return measured()

    case = sweep_on(later(days=60))
    assert case.marked_overdue
    assert case.clocks.at_ceiling
    far = Wish(date(2027, 3, 30), "land", "Menunggu lahan.", "Dipasang pagar.")
    case = handling.schedule(code, head, far, if_match=case.version, now=later(days=61))
    assert measured().clocks.at_ceiling
    assert case.new_date is not None
    case = sweep_on(case.new_date)
    assert case.marked_overdue
    soon = case.new_date + timedelta(hours=1)
    handling.resolve(code, doer, "Sudah.", "Berita acara.", if_match=case.version, now=soon)
    case = sweep_on(soon + timedelta(days=60))
    assert (case.status, case.marked_overdue) == (Status.CONFIRMING, True)
    handling.send_back(code, head, "Belum rata.", if_match=case.version, now=soon + timedelta(days=61))
    assert [card.code for card in reading.inbox(an_officer(MAYOR).officer, "top").cards] == [code]
    assert measured().marked_overdue
    assert set(longest) == {Status.RECEIVED, Status.SCHEDULED, Status.CONFIRMING, Status.IN_PROGRESS}
    assert max(longest.values()) < 2_048, longest
    assert max(longest.values()) > 1_500


def test_a_claimed_fix_that_is_sent_back_stands_where_it_stood(stack: Stack) -> None:
    secretary = an_officer(SECRETARY).officer
    an_officer(MAYOR)
    head, doer = an_officer("office_head@pupr").officer, an_officer("duty@pupr").officer
    code = released(category="lubang_terbuka").code
    handling.reply(code, doer, "Kami ke sana.", if_match=stored(code).version, now=later(minutes=5))
    now = sweep_until(code, SECRETARY)
    before = stored(code)
    handling.resolve(code, doer, "Sudah.", "Berita acara.", if_match=before.version, now=now)
    assert reading.inbox(secretary, "top").cards == ()
    handling.send_back(code, head, "Belum rata.", if_match=before.version + 1, now=now)
    assert stored(code).clocks.get(ClockName.RESOLUTION) == before.clocks.get(ClockName.RESOLUTION)
    assert [card.code for card in reading.inbox(secretary, "top").cards] == [code]
