"""Any life of a few cases, on a real engine: everybody acts at random, time goes by, the sweeps come, races are lost.

`tests/unit/test_complaint.py` plays the rules alone; here the same lives go through the use cases, the store and the
outbox, and what must be true of the whole service is looked at after every step. ``LIVES`` sets how many are played.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.domain import tasks
from chalicelib.domain.complaint import Complaint, Screening, Status
from chalicelib.domain.deskwork import items
from chalicelib.domain.errors import DomainError, IllegalMove, NotFound
from chalicelib.domain.outside import Answer
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.scheduling import Wish
from chalicelib.domain.service_level import TRANSIENT, ClockName
from chalicelib.domain.tasks import ANSWERS, State, Wanted
from chalicelib.http import finding, views
from chalicelib.store import complaints, people
from chalicelib.store.complaints import BESIDE
from chalicelib.store.tables import TABLES, ComplaintRow, NoticeRow, PersonRow, read_moment
from chalicelib.usecases import (
    bulk,
    delivery,
    deskwork,
    duplicates,
    escalation,
    handling,
    intake,
    moderation,
    outside,
    reading,
    signin,
)
from chalicelib.usecases.record import local_day
from tests.integration import people as cast
from tests.integration.people import PANJER, TRIAGE_OFFICE, Employee, a_case, an_officer
from tests.stack import Stack

LIVES = int(os.environ.get("LIVES", "3"))

POSTS = {
    "waste": "staff@dlhk",
    "waste_head": "office_head@dlhk",
    "waste_division": "division_head@dlhk",
    "works": "staff@pupr",
    "works_head": "office_head@pupr",
    "triage": f"triage@{TRIAGE_OFFICE}",
    "above_triage": f"office_head@{TRIAGE_OFFICE}",
    "village": f"village_head@{PANJER}",
    "secretary": "secretary@city",
    "mayor": "mayor@city",
    "inspectorate": "staff@inspektorat",
    "permits": "staff@dpmptsp",
    "permits_head": "office_head@dpmptsp",
}
WORK = f"{BESIDE}work#"
INSIDE = "keterangandalam"
"""A word that stands in whatever the people of the city tell each other, and that nobody outside ever reads."""
PROMISES = (ClockName.FIRST_REPLY, ClockName.RESOLUTION)
STRANGER = signin.Who(signin.Kind.CITIZEN, "somebody-else")

OFFICERS_ACTS: Mapping[str, Callable[..., Complaint]] = {
    "acknowledge": lambda c, o, **at: handling.acknowledge(c, o, **at),
    "reply": lambda c, o, **at: handling.reply(c, o, "Tim kami menuju lokasi.", **at),
    "start": lambda c, o, **at: handling.start(c, o, **at),
    "ask": lambda c, o, **at: handling.ask(c, o, "Di sisi mana letaknya?", **at),
    "resolve": lambda c, o, **at: handling.resolve(c, o, "Sudah kami angkut tadi pagi.", **at),
    "claim": lambda c, o, **at: handling.resolve(c, o, "Sudah kami angkut.", proof="Berita acara 12.", **at),
    "approve": lambda c, o, **at: handling.approve(c, o, **at),
    "send_back": lambda c, o, **at: handling.send_back(c, o, "Masih ada sisa di pojok.", **at),
    "schedule": lambda c, o, **at: handling.schedule(c, o, a_wish(at["now"], 40), **at),
    "ask_date": lambda c, o, **at: handling.schedule(c, o, a_wish(at["now"], 700), **at),
    "grant_date": lambda c, o, **at: handling.grant_date(c, o, **at),
    "decline_date": lambda c, o, **at: handling.decline_date(c, o, "Mohon tanggal lebih awal.", **at),
    "pass_on": lambda c, o, **at: handling.pass_on(c, o, "pupr", "Ini jalan rusak.", **at),
    "pass_back": lambda c, o, **at: handling.pass_on(c, o, "dlhk", "Ini soal sampah.", **at),
    "refer": lambda c, o, **at: handling.refer(c, o, "pln", "Mohon diperiksa.", **at),
    "note": lambda c, o, **at: handling.note(c, o, f"Alat berat besok. {INSIDE}", (), **at),
    "rung": lambda c, o, **at: handling.acknowledge_rung(c, o, **at),
    "confirm": lambda c, o, **at: handling.confirm(c, o, **at),
    "raise": lambda c, o, **at: handling.raise_to(c, o, "fire", "Api sudah besar.", **at),
    "lower": lambda c, o, **at: handling.lower(c, o, handling.Lowering("Bukan darurat.", "sampah"), **at),
    "sort": lambda c, o, **at: handling.sort(c, o, handling.Sorting("sampah", accusation=False), **at),
    "sort_roads": lambda c, o, **at: handling.sort(c, o, handling.Sorting("jalan_rusak"), **at),
    "sort_accusation": lambda c, o, **at: handling.sort(
        c, o, handling.Sorting("perilaku_petugas", accusation=True, accused="dlhk"), **at
    ),
    "release": lambda c, o, **at: handling.release(c, o, **at),
    "hide": lambda c, o, **at: handling.hide(c, o, "Ada nama orang.", **at),
    "reject": lambda c, o, **at: handling.reject(c, o, "not_city", "Bukan urusan kota.", **at),
    "go_on": lambda c, o, **at: handling.go_on(c, o, **at),
    "grant": lambda c, o, **at: handling.decide_appeal(c, o, "Ini jalan kota.", grant=True, **at),
    "uphold": lambda c, o, **at: handling.decide_appeal(c, o, "Ini jalan provinsi.", grant=False, **at),
    "unmerge": lambda c, o, **at: duplicates.unmerge(c, o, **at),
    "instruct": lambda c, o, **at: deskwork.instruct(c, o, an_instruction(o, at["now"]), **at),
    "take": lambda c, o, **at: deskwork.take(c, o, **at),
    "draft": lambda c, o, **at: deskwork.draft(c, o, f"Izinnya selesai besok. {INSIDE}", **at),
    "return_draft": lambda c, o, **at: deskwork.return_draft(c, o, f"Jam berapa? {INSIDE}", **at),
    "release_draft": lambda c, o, **at: deskwork.release_draft(c, o, "Izinnya selesai besok.", **at),
    "split": lambda c, o, **at: deskwork.split(c, o, [a_part("pupr", at["now"])], **at),
    "cancel_task": lambda c, o, **at: deskwork.cancel_task(c, o, 1, f"Tidak perlu. {INSIDE}", **at),
    "moderate": lambda c, o, **at: moderation.moderate(c, o, "Sampah menumpuk.", "nama orang", **at),
    "revert": lambda c, o, **at: moderation.revert(c, o, **at),
}
IN_BULK: Mapping[Act, object] = {
    Act.RELEASE: None,
    Act.HIDE: "nama orang",
    Act.SORT: handling.Sorting("jalan_rusak", accusation=False),
}
REPORTERS_ACTS: Mapping[str, Callable[..., Complaint]] = {
    "message": lambda c, w, **at: handling.message(c, w, "Masih ada di sana.", **at),
    "edit": lambda c, w, **at: handling.edit(c, w, "Sampah di depan pasar lama.", **at),
    "rate_low": lambda c, w, **at: handling.rate(c, w, 1, "Belum beres.", **at),
    "rate_high": lambda c, w, **at: handling.rate(c, w, 5, "Terima kasih.", **at),
    "agree": lambda c, w, **at: handling.agree(c, w, **at),
    "reopen": lambda c, w, **at: handling.reopen(c, w, "Masih menumpuk.", **at),
    "appeal": lambda c, w, **at: handling.appeal(c, w, "Ini di jalan kota.", **at),
    "withdraw": lambda c, w, **at: handling.withdraw(c, w, "asked_to", "Saya diminta.", **at),
    "answer": lambda c, w, **at: handling.answer(c, w, stored(c).complaint.asked.number, "Sisi utara.", **at),
}


def a_wish(now: datetime, days: int) -> Wish:
    return Wish((now + timedelta(days=days)).date(), "budget_year", "Menunggu anggaran.", "Dipasang rambu.")


def a_monday(now: datetime) -> date:
    """A working day of every office, a week or two ahead."""
    day = now.date() + timedelta(days=7)
    return day + timedelta(days=(7 - day.weekday()) % 7)


def an_instruction(officer: Officer, now: datetime) -> deskwork.Instruction:
    """To a colleague of whoever gives it."""
    there = [each.officer.id for each in Service.officers.values() if each.officer.office == officer.office]
    return deskwork.Instruction(there[0], f"Cek lokasinya. {INSIDE}", a_monday(now), tuple(there[1:2]))


def a_part(office: str, now: datetime) -> Wanted:
    return Wanted(office, f"Bersihkan salurannya. {INSIDE}", a_monday(now))


def stored(code: str) -> complaints.Stored:
    return complaints.get(code, consistent=True)


@dataclass
class Life:
    """One case, who filed it, and the words that only some may read."""

    code: str
    who: signin.Who
    phone: str
    secret: str
    """A word of the first text that stands nowhere else."""
    promised: dict[ClockName, datetime] = field(default_factory=dict)


class Service(RuleBasedStateMachine):
    """Some cases, everybody who may act on them, and a clock."""

    officers: Mapping[str, Employee]

    def __init__(self) -> None:
        super().__init__()
        for table in TABLES:
            if table is not PersonRow:
                with table.batch_write() as batch:
                    for row in table.scan():
                        batch.delete(row)
        for employee in self.officers.values():
            deskwork.be_back(employee.officer)
        self.now = cast.NOW
        self.lives: list[Life] = []
        self.touched: Life | None = None

    # What happens ------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.lives) < 3)
    @rule(
        category=st.sampled_from(
            ["sampah", "jalan_rusak", "lampu_jalan", "lubang_terbuka", "perizinan", None]
        ),
        contact=st.booleans(),
        private=st.booleans(),
        about=st.sampled_from([None, None, "dlhk"]),
    )
    def somebody_files(self, category: str | None, contact: bool, private: bool, about: str | None) -> None:
        secret = f"kenanga{len(self.lives)}{'abcdefgh'[self.now.day % 8]}"
        phone = cast.a_phone() if contact else ""
        filed = a_case(
            now=self.now,
            phone=phone,
            category=category,
            area=PANJER,
            private=private,
            text=f"Sampah menumpuk dekat toko {secret} sejak tiga hari.",
            **({"about_staff": True, "accused": about} if about else {}),
        )
        who = cast.citizen(phone) if contact else cast.holder_of(filed)
        self.touched = Life(filed.complaint.code, who, phone, secret)
        self.lives.append(self.touched)

    @precondition(lambda self: self.lives)
    @rule(
        life=st.integers(0, 2),
        act=st.sampled_from(sorted(OFFICERS_ACTS)),
        post=st.sampled_from(sorted(POSTS)),
        stale=st.sampled_from([False, False, False, True]),
        minutes=st.integers(1, 600),
    )
    def an_officer_acts(self, life: int, act: str, post: str, stale: bool, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        at = self.lives[life % len(self.lives)]
        version = stored(at.code).complaint.version - stale

        def done() -> Complaint:
            return OFFICERS_ACTS[act](at.code, self.at_work(post), if_match=version, now=self.now)

        self.performs(at, done, stale=stale)

    def at_work(self, post: str) -> Officer:
        """Somebody as they sign in today: with the duties of those whom they stand in for."""
        found = people.registered(self.officers[post].officer.id)
        return people.standing_in(found, local_day(self.now))

    @rule(who=st.sampled_from(["waste", "waste_head"]), days=st.integers(0, 5), back=st.booleans())
    def somebody_is_away(self, who: str, days: int, back: bool) -> None:
        officer = self.officers[who].officer
        if back:
            deskwork.be_back(officer)
            return
        today, other = local_day(self.now), self.officers["waste_division"].officer
        deskwork.be_away(officer, other.id, today, today + timedelta(days=days), now=self.now)
        assert officer.id in [each.id for each in self.at_work("waste_division").stands_in]

    @precondition(lambda self: self.lives)
    @rule(
        life=st.integers(0, 2),
        post=st.sampled_from(["works", "works_head", "waste"]),
        state=st.sampled_from(ANSWERS),
        stale=st.booleans(),
    )
    def an_office_answers_its_task(self, life: int, post: str, state: State, stale: bool) -> None:
        at, officer = self.lives[life % len(self.lives)], self.at_work(post)
        seen = [task for task in tasks.tasks(stored(at.code).history) if task.number == 1]
        version = seen[0].version - stale if seen else 1

        def answer() -> Complaint:
            said = f"Sudah. {INSIDE}"
            deskwork.answer_task(at.code, 1, officer, state, said, if_match=version, now=self.now)
            return stored(at.code).complaint

        self.performs(at, answer, stale=stale and bool(seen))

    @precondition(lambda self: self.lives)
    @rule(life=st.integers(0, 2))
    def somebody_joins(self, life: int) -> None:
        at = self.lives[life % len(self.lives)]
        self.touched = at
        before = stored(at.code)
        contact = intake.Contact(phone=cast.a_phone())
        try:
            duplicates.join(at.code, contact, language="id", client=str(self.now), now=self.now)
        except (NotFound, IllegalMove):
            assert stored(at.code) == before
            return
        assert before.complaint.open
        assert before.complaint.screening is Screening.RELEASED
        after = stored(at.code)
        assert (after.complaint, after.history) == (before.complaint, before.history)
        assert after.joined == before.joined + 1

    @precondition(lambda self: self.lives)
    @rule(
        act=st.sampled_from([*IN_BULK]),
        post=st.sampled_from(["triage", "triage", "works"]),
        between=st.sampled_from(["", "", "reply", "release", "hide"]),
    )
    def many_are_done_at_once_and_undone(self, act: Act, post: str, between: str) -> None:
        """What an undo gives back is what there was, and of what somebody did since it takes back nothing."""
        self.now += timedelta(minutes=1)
        officer, before = self.at_work(post), {life.code: stored(life.code) for life in self.lives}
        cases = [(code, case.complaint.version) for code, case in before.items()]
        doing = finding._doing(officer, act, IN_BULK[act], self.now)
        done = bulk.do(officer, act, cases, doing, now=self.now)
        self.now += timedelta(minutes=1)
        if between:
            at = self.lives[0]
            version = stored(at.code).complaint.version
            self.performs(
                at, lambda: OFFICERS_ACTS[between](at.code, officer, if_match=version, now=self.now)
            )
        midway = {life.code: stored(life.code) for life in self.lives}
        refused = {answer.code: answer.refused for answer in done.answers}
        undone = bulk.undo(officer, done.id, now=self.now)
        for answer in undone.answers:
            code = answer.code
            self.touched = next(life for life in self.lives if life.code == code)
            was, found = before[code], stored(code)
            if answer.refused is None:
                assert refused[code] is None
                assert [event.act for event in found.history[len(was.history) :]] == [act, Act.UNDO]
                told = {"version": was.complaint.version, "updated_at": was.complaint.updated_at}
                told["citizen_sms"] = was.complaint.citizen_sms
                assert replace(found.complaint, **told) == was.complaint
            else:
                assert found == midway[code]
                assert refused[code] is not None or len(found.history) > len(was.history) + 1
            self.the_history_explains_the_state_and_is_whole()
            self.nobody_sees_what_the_rules_hide()

    @precondition(lambda self: self.lives)
    @rule(
        life=st.integers(0, 2),
        act=st.sampled_from(sorted(REPORTERS_ACTS)),
        stranger=st.sampled_from([False, False, True]),
    )
    def a_citizen_acts(self, life: int, act: str, stranger: bool) -> None:
        at = self.lives[life % len(self.lives)]
        who = STRANGER if stranger else at.who
        self.performs(at, lambda: REPORTERS_ACTS[act](at.code, who, now=self.now), stranger=stranger)

    @precondition(lambda self: len(self.lives) > 1)
    @rule(which=st.permutations([0, 1]), post=st.sampled_from(["waste", "works", "triage"]))
    def one_is_merged_with_another(self, which: list[int], post: str) -> None:
        other, master = (self.lives[place] for place in which)
        version = stored(other.code).complaint.version
        officer = self.officers[post].officer
        self.performs(
            other,
            lambda: duplicates.merge(other.code, officer, master.code, if_match=version, now=self.now),
        )

    @precondition(lambda self: self.lives)
    @rule(life=st.integers(0, 2), word=st.sampled_from([Answer.DONE, Answer.NOT_OURS]))
    def the_agency_answers(self, life: int, word: Answer) -> None:
        at = self.lives[life % len(self.lives)]
        link = outside.link_for(stored(at.code), self.officers["triage"].officer, now=self.now)
        if link is not None:
            sign = link.rsplit("/", 1)[-1]
            self.performs(
                at, lambda: outside.answer(at.code, sign, word, "Sudah kami cek.", None, now=self.now)
            )

    @precondition(lambda self: self.lives)
    @rule(hours=st.integers(1, 24 * 15))
    def time_goes_by_and_the_sweeps_come(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        before = {life.code: stored(life.code) for life in self.lives}
        escalation.sweep(now=self.now, workers=1)
        for life in self.lives:
            self.touched = life
            after = stored(life.code)
            wakes = after.complaint.wakes_at(cast.city())
            assert wakes is None or wakes > self.now
            self.follows(before[life.code], after)
        delivery.sweep(now=self.now)

    # What is looked at -------------------------------------------------------------------------------------------

    def performs(
        self, at: Life, act: Callable[[], Complaint], *, stale: bool = False, stranger: bool = False
    ) -> None:
        """Do it; a refusal is one that people are told of, and leaves the case as it was."""
        self.touched = at
        before = stored(at.code)
        refused: DomainError | None = None
        try:
            after = act()
        except DomainError as error:
            refused = error
        found = stored(at.code)
        if refused is not None:
            assert not stranger or isinstance(refused, NotFound)
            assert (found.complaint, found.history) == (before.complaint, before.history)
            return
        assert not stale
        assert not stranger
        # What has no bearing any more (the warnings of a stopped clock) is not stored.
        assert replace(found.complaint, clocks=after.clocks) == after
        assert after.version > before.complaint.version
        self.follows(before, found)

    def follows(self, before: complaints.Stored, after: complaints.Stored) -> None:
        """The later state grows out of the earlier: nothing is unsaid, no clock runs backwards, nothing is loosened."""
        assert after.history[: len(before.history)] == before.history
        moments = [event.at for event in after.history]
        assert moments == sorted(moments)
        old, new = before.complaint, after.complaint
        assert new.version - old.version == len(after.history) - len(before.history)
        acts = {event.act for event in after.history[len(before.history) :]}
        assert new.private >= old.private or Act.UNDO in acts
        for clock in (each for each in old.clocks if each.name not in TRANSIENT):
            later = new.clocks.get(clock.name)
            if clock.name is ClockName.SCREENING and new.screening is not Screening.HELD:
                continue  # once the text was judged the history tells it, and the head keeps no clock of it
            if later is None:
                assert not new.open  # of what has ended, only the promises made to the reporter are kept
                assert clock.name not in PROMISES
                continue
            assert later.climbed >= clock.climbed
            told = any("paused" in event.data for event in after.history[len(before.history) :])
            if clock.name in PROMISES and not (told or acts & {Act.LOWER, Act.UNMERGE, Act.UNDO}):
                assert later.due <= clock.due

    @precondition(lambda self: self.touched)
    @invariant()
    def the_history_explains_the_state_and_is_whole(self) -> None:
        case = stored(self.touched.code)
        assert not reading.flaws(case)
        if len(case.history) > 1:
            assert case.history[-1].data["status"] == case.complaint.status
        assert isinstance(case.complaint.status, Status)

    @precondition(lambda self: self.touched)
    @invariant()
    def nobody_sees_what_the_rules_hide(self) -> None:
        life = self.touched
        case = stored(life.code)
        complaint, city = case.complaint, cast.city()
        shown = json.dumps(views.public(case, city, "id", self.now), default=str)
        listed = json.dumps(
            views.cards(reading.public_list(reading.Filters(), now=self.now), city, "id", self.now),
            default=str,
        )
        released = complaint.screening is Screening.RELEASED
        if not released or complaint.private or complaint.sealed or complaint.status is Status.WITHDRAWN:
            assert life.secret not in shown + listed
        if complaint.public_text:
            assert life.secret not in shown + listed
        own = json.dumps(views.own(case, city, "id", self.now), default=str)
        assert INSIDE not in shown + listed + own
        if complaint.private or complaint.sealed or complaint.status is Status.WITHDRAWN:
            assert life.code not in listed
        with pytest.raises(NotFound):
            reading.own_case(life.code, STRANGER)
        for name, employee in self.officers.items():
            officer = employee.officer
            try:
                seen = reading.office_case(life.code, officer)
            except NotFound:
                seen = None
            if seen is not None:
                shown += json.dumps(views.office(seen, officer, city, "id", self.now), default=str)
            accused = complaint.accused is not None and officer.office == complaint.accused
            assert not (accused and seen), name
            if accused or (complaint.sealed and name == "works"):
                inbox = reading.inbox(officer, "office")
                assert life.code not in [card.code for card in inbox.cards]
        if life.phone:
            assert life.phone not in shown + listed
            assert life.phone[3:] not in shown + listed

    @precondition(lambda self: self.touched)
    @invariant()
    def the_lists_of_work_say_what_the_case_says(self) -> None:
        case = stored(self.touched.code)
        wanted = {item.key for item in items(case.complaint, case.history, cast.city())}
        kept = ComplaintRow.query(self.touched.code, ComplaintRow.sk.startswith(WORK), consistent_read=True)
        assert {row.sk.removeprefix(WORK) for row in kept} == wanted

    def teardown(self) -> None:
        """No notice is lost: what may go went, and what waits waits for a moment to come."""
        for _ in range(2):
            delivery.sweep(now=self.now)
        for row in NoticeRow.scan():
            waits = row.pending_shard is not None
            assert waits == (row.state == "pending"), row.notice_id
            assert not waits or read_moment(row.next_attempt_at) > self.now, row.notice_id
            assert row.state != "dead", (row.notice_id, row.fate)


def test_in_any_life_the_history_explains_the_state_and_nobody_sees_what_is_hidden(stack: Stack) -> None:
    Service.officers = {name: an_officer(post) for name, post in POSTS.items()}
    run_state_machine_as_test(
        Service,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=[Phase.generate],
        ),
    )
