"""Disposisi, drafts, tasks and delegates on the real engines: who hears, who reads, what the citizen never notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from chalicelib.domain import disposition
from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import (
    IllegalMove,
    Invalid,
    NeedsHead,
    NotFound,
    OpenTasks,
    StaleComplaint,
)
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.tasks import State, Wanted
from chalicelib.domain.tracking import short
from chalicelib.http import deskwork as desk
from chalicelib.http import dossier, views
from chalicelib.store import complaints, people
from chalicelib.usecases import deskwork, duplicates, escalation, handling, reading
from chalicelib.usecases.deskwork import Instruction
from tests.integration import people as cast
from tests.integration.people import (
    NOW,
    TRIAGE_OFFICE,
    Employee,
    Sent,
    a_case,
    a_phone,
    an_officer,
    at_once,
    bad,
    citizen,
    good,
    later,
    stored,
)
from tests.integration.test_pages import officer_browser, text_of, version_in
from tests.stack import Stack

WORDS = "Cek lokasi pagi ini dan laporkan kepada saya."
DUE = date(2026, 11, 25)
"""A Wednesday, two days after the cases of these tests come in."""
MORNING = datetime.fromisoformat("2026-11-25T07:30:00+08:00")
DAY_AFTER = datetime.fromisoformat("2026-11-26T07:30:00+08:00")


def given(code: str, head: Employee, to: Employee, *copies: Employee, hours: float = 1) -> int:
    """The version of the case after a head gave it to somebody."""
    said = Instruction(to.officer.id, WORDS, DUE, tuple(each.officer.id for each in copies))
    version = stored(code).version
    return deskwork.instruct(code, head.officer, said, if_match=version, now=later(hours=hours)).version


def split_to(code: str, officer: Officer, *offices: str, hours: float = 1) -> int:
    wanted = [Wanted(office, f"Bagian {office}.", DUE) for office in offices]
    version = stored(code).version
    return deskwork.split(code, officer, wanted, if_match=version, now=later(hours=hours)).version


def work(officer: Officer) -> list[tuple[str, int]]:
    return [(item.code, item.number) for item in deskwork.work_of(officer).items]


class TestDisposition:
    def test_the_person_hears_without_a_word_of_it_and_finds_it_on_a_list_until_it_moves_on(
        self, stack: Stack
    ) -> None:
        phone = a_phone()
        code = a_case(phone=phone).complaint.code
        head, person, copied = (
            an_officer("office_head@dlhk"),
            an_officer("staff@dlhk"),
            an_officer("staff@dlhk"),
        )
        cast.deliver(later(minutes=30))
        before, sent = complaints.get(code, consistent=True), Sent(stack)
        given(code, head, person, copied)
        cast.deliver(later(hours=1))
        heard = sent.new()
        assert sorted(message["to"] for message in heard) == sorted([person.email, copied.email])
        assert all(WORDS not in message["text"] and code in message["text"] for message in heard)
        after = complaints.get(code, consistent=True)
        # The citizen's clocks, status and lists are as they were; the head says nothing of it.
        assert (after.body, after.keys) == (before.body, before.keys)
        assert work(person.officer) == [(code, 0)]
        assert work(copied.officer) == work(head.officer) == []
        taken = deskwork.take(code, person.officer, if_match=2, now=later(hours=2))
        assert taken.status is Status.RECEIVED
        with pytest.raises(IllegalMove):
            deskwork.take(code, person.officer, if_match=3, now=later(hours=3))
        handling.pass_on(code, person.officer, "pupr", "Ini jalan.", if_match=3, now=later(hours=4))
        assert work(person.officer) == []
        assert disposition.assigned(complaints.get(code, consistent=True).history) is None
        assert reading.flaws(complaints.get(code, consistent=True)) == ()

    def test_only_the_own_office_reads_it_and_only_heads_give_it_to_fitting_people(
        self, stack: Stack
    ) -> None:
        code = a_case().complaint.code
        head, person = an_officer("office_head@dlhk"), an_officer("staff@dlhk")
        stranger = an_officer("staff@pupr")
        given(code, head, person)
        case, city, now = complaints.get(code, consistent=True), cast.city(), later(hours=2)
        triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
        assert WORDS in json.dumps(desk.body(case, person.officer, city), default=str)
        for body in (
            views.office(case, triage, city, "id", now) | desk.body(case, triage, city),
            dossier.for_office(case, triage, city=city, language="id", now=now),
            dossier.for_reporter(case, city=city, language="id", now=now),
            views.own(case, city, "id", now),
            views.public(case, city, "id", now),
        ):
            told = json.dumps(body, default=str)
            assert WORDS not in told
        with pytest.raises(Invalid) as refused:
            deskwork.instruct(
                code,
                head.officer,
                Instruction(stranger.officer.id, WORDS, date(2026, 11, 22), ("nobody",)),
                if_match=2,
                now=now,
            )
        assert {fault.field for fault in refused.value.faults} == {"to", "copies", "due"}
        assert stored(code).version == 2

    def test_its_due_date_reminds_once_on_the_morning_and_once_after_and_never_the_citizen(
        self, stack: Stack
    ) -> None:
        phone = a_phone()
        code = a_case(phone=phone).complaint.code
        head, person = an_officer("office_head@dlhk"), an_officer("staff@dlhk")
        given(code, head, person)
        cast.deliver(later(hours=1))
        clocks = stored(code).clocks
        escalation.sweep(now=MORNING - timedelta(minutes=1))
        cast.deliver(MORNING - timedelta(minutes=1))
        sent = Sent(stack)
        for _ in range(2):
            escalation.sweep(now=MORNING)
        cast.deliver(MORNING)
        assert [m["to"] for m in sent.to(person.email, head.email, phone)] == [person.email]
        for _ in range(2):
            escalation.sweep(now=DAY_AFTER)
        cast.deliver(DAY_AFTER)
        late = [m for m in sent.to(person.email, head.email, phone) if "internal" in m.get("subject", "")]
        assert sorted(m["to"] for m in late) == sorted([person.email, head.email])
        reminders = [e for e in complaints.get(code).history if e.act is Act.REMIND]
        assert [e.data["stage"] for e in reminders] == ["near", "late"]
        assert {c.name: c.due for c in stored(code).clocks} == {c.name: c.due for c in clocks}

    def test_two_heads_at_once_one_wins_and_the_other_hears_of_it(self, stack: Stack) -> None:
        code = a_case().complaint.code
        heads = [an_officer("office_head@dlhk"), an_officer("division_head@dlhk")]
        person = an_officer("staff@dlhk")
        said = Instruction(person.officer.id, WORDS, DUE)

        def give(place: int) -> object:
            return deskwork.instruct(code, heads[place].officer, said, if_match=1, now=later(hours=1))

        results = at_once(2, give)
        assert len(good(results)) == 1
        assert isinstance(bad(results)[0], StaleComplaint)
        assert work(person.officer) == [(code, 0)]


class TestDelegates:
    def test_what_would_reach_somebody_reaches_the_delegate_who_acts_on_behalf(self, stack: Stack) -> None:
        code = a_case().complaint.code
        head, person = an_officer("office_head@dlhk"), an_officer("staff@dlhk")
        deputy = an_officer("staff@dlhk", name="Komang Contoh")
        today = date(2026, 11, 23)
        deskwork.be_away(
            head.officer, deputy.officer.id, today, today + timedelta(days=2), now=later(hours=0.5)
        )
        standing = people.standing_in(people.registered(deputy.officer.id), today)
        assert [each.id for each in standing.stands_in] == [head.officer.id]
        cast.deliver(later(hours=0.5))
        given(code, head, head)  # to the head themself, who is away: the delegate has it
        assert work(standing) == [(code, 0)]
        sent = Sent(stack)
        given(code, Employee(standing, "", ""), person, head, hours=2)
        event = complaints.get(code).history[-1]
        assert event.by.id == deputy.officer.id
        assert event.data["behalf"] == {"officer": head.officer.id, "post": "office_head@dlhk"}
        assert "Atas nama" in views.what(event, cast.city(), "id")
        cast.deliver(later(hours=2))
        assert sorted(m["to"] for m in sent.new()) == sorted([person.email, deputy.email])
        # Once it is over, nothing of it is left.
        over = people.standing_in(people.registered(deputy.officer.id), today + timedelta(days=3))
        assert over.stands_in == ()
        deskwork.be_back(head.officer)
        assert people.standing_in(people.registered(deputy.officer.id), today) == deputy.officer

    def test_an_own_duty_is_nobodys_behalf_and_a_delegate_has_to_be_a_colleague_who_is_here(
        self, stack: Stack
    ) -> None:
        code = a_case().complaint.code
        head, deputy = an_officer("office_head@dlhk"), an_officer("staff@dlhk")
        stranger = an_officer("staff@pupr")
        today = date(2026, 11, 23)
        for who, first, last in (
            (stranger, today, today),
            (head, today, today),
            (deputy, today, today - timedelta(days=1)),
        ):
            with pytest.raises(Invalid):
                deskwork.be_away(head.officer, who.officer.id, first, last, now=later())
        deskwork.be_away(head.officer, deputy.officer.id, today, today, now=later())
        with pytest.raises(Invalid):  # no chain: whoever is away stands in for nobody
            deskwork.be_away(deputy.officer, head.officer.id, today, today, now=later())
        standing = people.standing_in(people.registered(deputy.officer.id), today)
        handling.reply(code, standing, "Besok pagi.", if_match=1, now=later(hours=1))
        assert "behalf" not in complaints.get(code).history[-1].data
        # A roster that comes in does not end it.
        people.save_officer(deputy.officer, people.registered(deputy.officer.id).contact)
        assert people.standing_in(people.registered(deputy.officer.id), today).stands_in

    def test_who_calls_the_next_post_of_an_emergency_is_given_the_phone_of_whoever_stands_in_there(
        self, stack: Stack
    ) -> None:
        an_officer("duty@bpbd")
        head, deputy = an_officer("office_head@bpbd"), an_officer("staff@bpbd")
        triage = an_officer(f"triage@{TRIAGE_OFFICE}").officer
        text = "Gudang di belakang pasar terbakar, api sudah tinggi."
        case = a_case(category="kebakaran", text=text, phone=cast.a_phone(), at=(-8.69, 115.22)).complaint
        called = reading.next_post(case, triage, now=NOW)
        assert called == reading.NextPost("office_head@bpbd", (head.phone,))
        today = date(2026, 11, 23)
        deskwork.be_away(head.officer, deputy.officer.id, today, today, now=NOW)
        assert reading.next_post(case, triage, now=NOW) == reading.NextPost(
            "office_head@bpbd", (deputy.phone,)
        )
        tomorrow = reading.next_post(case, triage, now=NOW + timedelta(days=1))
        assert tomorrow is not None
        assert tomorrow.phones == (head.phone,)

    def test_a_case_about_somebody_goes_to_no_delegate_of_theirs(self, stack: Stack) -> None:
        watcher, deputy = an_officer("office_head@inspektorat"), an_officer("staff@inspektorat", "staff@dlhk")
        today = date(2026, 11, 23)
        deskwork.be_away(watcher.officer, deputy.officer.id, today, today, now=later())
        code = a_case(about_staff=True, accused="dlhk", text="Petugas dlhk minta uang.").complaint.code
        standing = people.standing_in(people.registered(deputy.officer.id), today)
        with pytest.raises(NotFound):
            reading.office_case(code, standing)


class TestDrafts:
    OFFICE = "dpmptsp"

    def drafted(self) -> tuple[str, Employee, Employee]:
        code = a_case(phone=a_phone(), category="perizinan", area=None).complaint.code
        case = stored(code)
        assert case.office == self.OFFICE
        return code, an_officer(f"staff@{self.OFFICE}"), an_officer(f"office_head@{self.OFFICE}")

    def test_staff_draft_the_head_releases_and_only_that_keeps_the_promise(self, stack: Stack) -> None:
        code, staff, head = self.drafted()
        cast.deliver(later(minutes=30))
        with pytest.raises(NeedsHead):
            handling.reply(code, staff.officer, "Besok.", if_match=1, now=later(hours=1))
        with pytest.raises(NeedsHead):
            handling.resolve(code, staff.officer, "Sudah terbit.", if_match=1, now=later(hours=1))
        sent = Sent(stack)
        deskwork.draft(code, staff.officer, "Izin terbit besok.", if_match=1, now=later(hours=1))
        cast.deliver(later(hours=1))
        assert [m["to"] for m in sent.new()] == [head.email]
        case = complaints.get(code, consistent=True)
        first = case.complaint.clocks.get(ClockName.FIRST_REPLY)
        assert first is not None
        assert first.running
        for body in (
            views.own(case, cast.city(), "id", later(hours=1)),
            views.public(case, cast.city(), "id", later(hours=1)),
        ):
            assert "Izin terbit" not in json.dumps(body, default=str)
        deskwork.return_draft(code, head.officer, "Sebutkan jamnya.", if_match=2, now=later(hours=2))
        cast.deliver(later(hours=2))
        assert [m["to"] for m in sent.new()] == [staff.email]
        with pytest.raises(IllegalMove):
            deskwork.release_draft(code, head.officer, "", if_match=3, now=later(hours=3))
        deskwork.draft(code, staff.officer, "Izin terbit besok pukul 10.00.", if_match=3, now=later(hours=3))
        done = deskwork.release_draft(code, head.officer, "", if_match=4, now=later(hours=4))
        first = done.clocks.get(ClockName.FIRST_REPLY)
        assert first is not None
        assert first.stopped_at == later(hours=4)
        reply = complaints.get(code).history[-1]
        assert (reply.act, reply.text, reply.by.id) == (
            Act.REPLY,
            "Izin terbit besok pukul 10.00.",
            head.officer.id,
        )
        assert reply.data["drafted_by"] == staff.officer.id
        # Where the answer was given, staff may say how it ended.
        handling.resolve(code, staff.officer, "Sudah terbit.", if_match=5, now=later(hours=5))

    def test_where_the_profile_says_nothing_staff_answer_and_nobody_drafts(self, stack: Stack) -> None:
        code = a_case().complaint.code
        staff = an_officer("staff@dlhk").officer
        with pytest.raises(IllegalMove):
            deskwork.draft(code, staff, "Besok.", if_match=1, now=later(hours=1))
        handling.reply(code, staff, "Besok.", if_match=1, now=later(hours=1))


class TestTasks:
    def test_offices_get_a_part_each_and_the_case_is_solved_when_they_are(self, stack: Stack) -> None:
        phone = a_phone()
        code = a_case(phone=phone).complaint.code
        main = an_officer("staff@dlhk", desk=True)
        roads = an_officer("staff@pupr", desk=True)
        traffic = an_officer("staff@dishub")
        cast.deliver(later(minutes=30))
        before, sent = complaints.get(code, consistent=True), Sent(stack)
        split_to(code, main.officer, "pupr", "dishub")
        cast.deliver(later(hours=1))
        assert [(m["to"], f"/tugas/{short(code)}/1" in m["text"]) for m in sent.new()] == [
            (roads.email, True)
        ]
        after = complaints.get(code, consistent=True)
        assert (after.body, after.keys) == (before.body, before.keys)
        assert work(roads.officer) == [(code, 1)]
        with pytest.raises(OpenTasks):
            handling.resolve(code, main.officer, "Beres.", if_match=2, now=later(hours=2))
        with pytest.raises(OpenTasks):
            duplicates.merge(code, main.officer, a_case().complaint.code, if_match=2, now=later(hours=2))
        assert stored(code).version == 2
        # What others do to the case is no lost race of the task's office.
        handling.start(code, main.officer, if_match=2, now=later(hours=2))
        done = deskwork.answer_task(
            code, 1, roads.officer, State.DONE, "Lubang ditutup.", if_match=2, now=later(hours=3)
        )
        assert done.state is State.DONE
        cast.deliver(later(hours=3))
        heard = [m for m in sent.to(main.email, phone) if "menjawab tugas" in m["subject"]]
        assert [m["to"] for m in heard] == [main.email]
        for state in State.DONE, State.CANNOT:
            with pytest.raises(IllegalMove):
                deskwork.answer_task(
                    code, 1, roads.officer, state, "Lagi.", if_match=done.version, now=later(hours=3)
                )
        # A new office for the case keeps its tasks.
        handling.pass_on(code, main.officer, "perkim", "Milik perkim.", if_match=4, now=later(hours=4))
        assert work(traffic.officer) == [(code, 2)]
        housing = an_officer("staff@perkim").officer
        with pytest.raises(OpenTasks):
            handling.resolve(code, housing, "Beres.", if_match=5, now=later(hours=5))
        deskwork.cancel_task(code, housing, 2, "Tidak perlu lagi.", if_match=5, now=later(hours=5))
        assert work(traffic.officer) == []
        solved = handling.resolve(code, housing, "Beres.", if_match=6, now=later(hours=6))
        assert solved.status is Status.RESOLVED
        assert reading.flaws(complaints.get(code, consistent=True)) == ()

    def test_a_task_shows_the_text_and_nobody_who_reports_it(self, stack: Stack) -> None:
        phone = a_phone()
        code = a_case(phone=phone, identity_shown=True).complaint.code
        split_to(code, an_officer("staff@dlhk").officer, "pupr")
        roads = an_officer("staff@pupr").officer
        opened = deskwork.open_task(code, 1, roads)
        shown = json.dumps(desk.task_view(opened, cast.city(), "id"), default=str)
        assert cast.RUBBISH in shown
        assert phone not in shown
        assert str(stored(code).citizen) not in shown
        assert "reporter" not in shown
        with pytest.raises(NotFound):
            reading.office_case(code, roads)
        for other in (an_officer("staff@dishub").officer, an_officer("staff@dlhk").officer):
            with pytest.raises(NotFound):
                deskwork.open_task(code, 1, other)
        page = views.own(complaints.get(code), cast.city(), "id", later(hours=2))
        assert "tugas" not in json.dumps(page, default=str).lower()

    def test_all_of_a_split_or_none_with_every_fault_and_ten_at_most(self, stack: Stack) -> None:
        code = a_case().complaint.code
        main = an_officer("staff@dlhk").officer
        wanted = [
            Wanted("pupr", "Baik.", DUE),
            Wanted("nowhere", "Tiada.", DUE),
            Wanted("pln", "Luar kota.", DUE),
            Wanted("dishub", "Minggu.", date(2026, 11, 29)),
        ]
        with pytest.raises(Invalid) as refused:
            deskwork.split(code, main, wanted, if_match=1, now=later(hours=1))
        assert [fault.field for fault in refused.value.faults] == [
            "tasks.1.office",
            "tasks.2.office",
            "tasks.3.due",
        ]
        assert stored(code).version == 1
        split_to(code, main, *["pupr"] * 7)
        with pytest.raises(Invalid):
            split_to(code, main, *["dishub"] * 4)
        split_to(code, main, *["dishub"] * 3)
        with pytest.raises(Invalid):
            split_to(code, main, "dishub")

    def test_a_task_reminds_its_office_and_then_the_case_s_and_ends_with_the_case(self, stack: Stack) -> None:
        phone = a_phone()
        filed = a_case(phone=phone)
        code = filed.complaint.code
        main, roads = an_officer("staff@dlhk", desk=True), an_officer("staff@pupr", desk=True)
        split_to(code, main.officer, "pupr")
        cast.deliver(later(hours=1))
        sent = Sent(stack)
        escalation.sweep(now=MORNING)
        cast.deliver(MORNING)
        assert [m["to"] for m in sent.to(roads.email, roads.phone)] == [roads.email]
        escalation.sweep(now=DAY_AFTER)
        cast.deliver(DAY_AFTER)
        heard = [m for m in sent.new() if "ugas" in m.get("subject", "")]
        assert sorted(m["to"] for m in heard) == sorted([roads.email, main.email])
        handling.withdraw(code, citizen(phone), "other", now=DAY_AFTER + timedelta(hours=1))
        assert work(roads.officer) == []
        cast.deliver(DAY_AFTER + timedelta(hours=1))
        assert any("tidak perlu dilanjutkan" in m["text"] for m in sent.to(roads.email))

    def test_two_of_one_office_at_once_one_answer_stands(self, stack: Stack) -> None:
        code = a_case().complaint.code
        split_to(code, an_officer("staff@dlhk").officer, "pupr")
        two = [an_officer("staff@pupr").officer for _ in range(2)]

        def answer(place: int) -> object:
            return deskwork.answer_task(
                code, 1, two[place], State.DONE, f"Dari {place}.", if_match=2, now=later(hours=2)
            )

        results = at_once(2, answer)
        assert len(good(results)) == 1
        assert isinstance(bad(results)[0], StaleComplaint)


def acts(name: str) -> Callable[[str], str]:
    return lambda code: f"/o/{short(code)}/{name}"


def test_all_of_it_works_from_the_pages(stack: Stack) -> None:
    code = a_case().complaint.code
    person = an_officer("staff@dlhk", name="Wayan Contoh")
    head = officer_browser("office_head@dlhk")
    path = f"/o/{short(code)}"
    form = head.get(f"{path}/instruct")
    assert "Wayan Contoh" in text_of(form)
    bad_form = head.post(f"{path}/instruct", {"version": "1", "to": "", "text": "?", "due": "besok"})
    assert bad_form.status_code == 422
    # Real days: the pages ask the clock.
    due = _working_day()
    said = {
        "version": version_in(form),
        "to": person.officer.id,
        "text": WORDS,
        "due": due,
        "copies": [person.officer.id],
    }
    assert head.post(f"{path}/instruct", said).status_code == 303
    assert WORDS in text_of(head.get(path))
    page = head.get(f"{path}/split")
    task = {"version": version_in(page), "office_1": "pupr", "due_1": due, "text_1": "Tutup lubang."}
    assert head.post(f"{path}/split", {**task, "office_2": "pln", "due_2": due}).status_code == 422
    assert head.post(f"{path}/split", task).status_code == 303
    roads = officer_browser("staff@pupr")
    assert code in text_of(roads.get("/tugas"))
    link = f"/tugas/{short(code)}/1"
    opened = roads.get(link)
    assert "Tutup lubang." in text_of(opened)
    assert roads.post(link, {"version": version_in(opened), "text": "Ok"}).status_code == 422
    answered = {"version": version_in(opened), "state": "done", "text": "Sudah ditutup."}
    assert roads.post(link, answered).status_code == 303
    assert roads.post(link, answered).status_code == 412
    assert "Sudah ditutup." in text_of(head.get(path))
    assert text_of(head.get("/pengganti"))
    away = {"delegate": person.officer.id, "from": due, "until": due}
    assert head.post("/pengganti", away).status_code == 303
    assert "Wayan Contoh" in text_of(head.get("/tugas"))
    assert head.post("/pengganti", {"end": "1"}).status_code == 303


def _working_day() -> str:
    from chalicelib.settings import utc_now

    today = utc_now() + timedelta(hours=8)
    calendars = [cast.city().calendar_of(office) for office in ("dlhk", "pupr")]
    days = (today.date() + timedelta(days=n) for n in range(1, 30))
    return next(day for day in days if all(c.is_working_day(day) for c in calendars)).isoformat()
