"""The sample city: people for every post and some weeks of cases, so that nobody meets an empty screen.

Nothing here writes rows of its own: people come in as an import does, and each case is filed, handled, swept and told
about by the use cases with ``now`` in the past, so its history, rungs and messages are what they would have been.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from chalicelib import photos
from chalicelib.domain.city import AREA_HEAD, CITY_SCOPE, City, Kind, Proof
from chalicelib.domain.clock import Span, Unit
from chalicelib.domain.complaint import Complaint, Filing, Place, Screening, Status
from chalicelib.domain.drafts import needs_head
from chalicelib.domain.geo import Point
from chalicelib.domain.people import Act, Duty, Officer, Role, taker
from chalicelib.domain.proof import demanded
from chalicelib.observability import metrics
from chalicelib.settings import utc_now
from chalicelib.store import complaints, outbox, people
from chalicelib.usecases import delivery, escalation, handling, intake, posts, reading, signin
from chalicelib.usecases import photos as evidence
from local import samples
from local.clock import StackClock
from local.console import say

OFFICER_NUMBERS = "+628990000"
"""Officers of the sample have numbers that begin so: a valid mobile range of Indonesia, with zeros nobody was given."""
CITIZEN_NUMBERS = "+628991000"
_GUEST_NUMBERS = "+614000000"
_HAMLETS_FILLED = 8
_AT_WORK = (Role.STAFF, Role.DUTY, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD, Role.OFFICE_HEAD)
_ABOVE = (Role.DIVISION_HEAD, Role.OFFICE_HEAD)
_TRIAGE_ACTS = frozenset({Act.SORT, Act.RELEASE, Act.HIDE, Act.REJECT})
_REPORTER_ACTS = frozenset({Act.MESSAGE, Act.RATE, Act.REOPEN, Act.WITHDRAW})
_CLIENT = "127.0.0.1"

_APART = (
    (Role.VERIFIER, "Verifikator"),
    (Role.OPERATOR, "Operator"),
    (Role.OPERATIONS, "Petugas Ruang Kendali"),
    (Role.AUDITOR, "Auditor"),
    (Role.ADMINISTRATOR, "Administrator"),
)

Told = Callable[[str, int, int], None]


def offer(data_dir: Path, profile: City, clock: StackClock) -> None:
    """Load the sample city where SAMPLE=1 says so or the person at the terminal wants it; asked once per folder.

    A load that was cut short is taken up again at the case where it stopped.
    """
    note = _Note(data_dir / "sample.json")
    if note.state == "loaded":
        return
    if note.state != "loading":
        wish = os.environ.get("SAMPLE", "")
        if wish not in ("", "0", "n"):
            wanted = True
        elif wish or note.state == "declined" or not _is_empty() or not _has_terminal():
            return
        else:
            wanted = _ask()
        if not wanted:
            note.write(state="declined")
            return
    load(profile, clock, note)


def load(profile: City, clock: StackClock, note: _Note) -> None:
    """Load people, then every case from birth to the stack's present."""
    started = time.monotonic()
    show = _Progress()
    if note.state != "loading":
        note.write(state="loading", base=utc_now().isoformat(), done=0)
    base = datetime.fromisoformat(note.values["base"])
    book = samples.book(profile.id)
    roster = staff(profile, book)
    posts.install(roster, progress=lambda done, of: show("orang / people", done, of))
    written = list(cases(profile, book, base))
    for number, case in enumerate(written, start=1):
        if number > note.values["done"]:
            _Life(profile, clock, case, until=utc_now()).live()
            metrics.clear_metrics()  # nobody measures a city that never was
            note.write(done=number)
        show("aduan / complaints", number, len(written))
    clock.stamp_as_now()
    note.write(state="loaded", citizen=_number(CITIZEN_NUMBERS, 1))
    show.end()
    took = time.monotonic() - started
    say(
        f"Kota contoh siap: {len(roster.seats)} jabatan, {len(written)} aduan, {took:.0f} detik",
        f"the sample city is ready: {len(roster.seats)} posts, {len(written)} complaints, {took:.0f} s",
    )


# People -------------------------------------------------------------------------------------------------------


def staff(profile: City, book: Mapping[str, Any]) -> posts.Roster:
    """Somebody for every post of the city's offices, villages and districts, and for a few hamlets."""
    names = _names(profile.id, book)
    numbers = iter(range(1, 1000))

    def person(title: str) -> posts.Person:
        name = next(names)
        return posts.Person(name, _number(OFFICER_NUMBERS, next(numbers)), _mailbox(name), title)

    seats: list[posts.Seat] = []

    def seat(role: Role, scope: str, title: str) -> None:
        seats.append(posts.Seat(Duty(role, scope), person(title)))

    for area in profile.areas.values():
        role = Role.VILLAGE_HEAD if area.parent else Role.DISTRICT_HEAD
        title = profile.titles.get(f"{role}.{area.kind}") or profile.titles.get(role, role)
        seat(role, area.code, f"{title} {area.name}")
        if area.parent is None:
            # A district's office answers for what is about its villages, so it has the posts of that ladder, too.
            seats.append(posts.Seat(Duty(Role.OFFICE_HEAD, area.code), seats[-1].person))
            deputy = profile.offices[area.code].titles[Role.DIVISION_HEAD]
            seat(Role.DIVISION_HEAD, area.code, f"{deputy} {area.name}")
    secretary = profile.titles[Role.SECRETARY]
    for office in profile.offices.values():
        if office.outside or office.id in profile.areas:
            continue
        seat(Role.STAFF, office.id, f"Staf {office.short}")
        for role in (Role.DUTY, Role.DIVISION_HEAD, Role.OFFICE_HEAD):
            title = office.titles[role]
            if title != secretary:
                seat(role, office.id, f"{title} {office.short}")
    for _ in range(2):
        seat(
            Role.TRIAGE,
            profile.triage_office,
            f"Petugas Triase {profile.offices[profile.triage_office].short}",
        )
    for hamlet in list(profile.hamlets.values())[:_HAMLETS_FILLED]:
        kind = profile.areas[hamlet.id.partition("/")[0]].kind
        seat(Role.HAMLET_HEAD, hamlet.id, f"{profile.titles[f'hamlet_head.{kind}']} {hamlet.name}")
    seat(Role.SECRETARY, CITY_SCOPE, secretary)
    # The city secretary also heads an office: one person, two posts.
    own = posts.office_of(seats[-1].duty, profile)
    seats.append(posts.Seat(Duty(Role.OFFICE_HEAD, own), seats[-1].person))
    seat(Role.MAYOR, CITY_SCOPE, profile.titles[Role.MAYOR])
    villages = {area.name: area.code for area in profile.villages.values()}
    contacts = []
    for each in book.get("contact", ()):
        name = next(names)
        informed = posts.Person(name, "", _mailbox(name), each["title"])
        contacts.append(posts.Contact(villages[each["village"]], informed))
    # Last, so that everybody else keeps the name that they had before these posts were.
    for role, title in _APART:
        watched = profile.triage_office
        seat(role, taker(watched, profile) if role is Role.AUDITOR else watched, title)
    return posts.Roster(tuple(seats), tuple(contacts))


def _names(seed: str, book: Mapping[str, Any]) -> Iterator[str]:
    """Invented names, never the same twice, the same ones for a city each time."""
    first, last = book["names"]["first"], book["names"]["last"]
    pairs = [f"{one} {other}" for one in first for other in last]
    random.Random(seed).shuffle(pairs)
    yield from pairs
    yield from (f"{pair} {number}" for number in range(2, 100) for pair in pairs)


def _mailbox(name: str) -> str:
    return ".".join(re.findall(r"[a-z0-9]+", name.lower())) + "@example.id"


def _number(beginning: str, number: int) -> str:
    return f"{beginning}{number:04d}" if beginning != _GUEST_NUMBERS else f"{beginning}{number:02d}"


# Cases --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the book, placed in a city and in time."""

    filing: Filing
    contact: intake.Contact
    filed_at: datetime
    life: tuple[Mapping[str, Any], ...]
    clerk: str = ""
    held: bool = False


def cases(profile: City, book: Mapping[str, Any], base: datetime) -> Iterator[Case]:
    """The cases of the book, counted back from ``base``; places that it leaves open are drawn, the same each time."""
    chance = random.Random(f"{profile.id} places")
    villages = sorted(profile.villages)
    chance.shuffle(villages)
    by_name = {area.name: code for code, area in profile.villages.items()}
    names = _names(f"{profile.id} reporters", book)
    reporters: dict[int, str] = {}
    for number, told in enumerate(book["case"]):
        category = profile.categories.get(told.get("category", ""))
        if told.get("category") and category is None:
            continue  # this city does not do that
        village = by_name[told["village"]] if "village" in told else villages[number % len(villages)]
        area = profile.areas[village]
        hamlet = area.hamlets[0].id if told.get("hamlet") and area.hamlets else None
        placed = "where" in told and hamlet is None
        point = None
        if placed:
            # Within some hundred metres of the village's middle, so that it lies there by any map.
            point = Point(
                round(area.centroid.lat + chance.uniform(-0.0012, 0.0012), 6),
                round(area.centroid.lon + chance.uniform(-0.0012, 0.0012), 6),
            )
        who = told.get("who", 0)
        if who and who not in reporters:
            reporters[who] = next(names)
        about = told.get("about")
        filed_at = _past(base, told["days"], told["at"], profile)
        yield Case(
            Filing(
                kind=Kind(told.get("kind", Kind.COMPLAINT)),
                text=told["text"],
                language=told.get("language", "id"),
                channel="counter" if "clerk" in told else "web",
                category=category.id if category else None,
                area=None if placed else village,
                hamlet=hamlet,
                place=Place(point, told.get("where", "")),
                answers=told.get("answers", {}),
                identity_shown=told.get("shown", False),
                private=told.get("private", False),
                about_staff=about is not None,
                accused=_accused(about, village, hamlet, profile) if about else None,
                accused_words=about.get("words", "") if about else "",
                client_time=filed_at,
            ),
            _contact(told, reporters),
            filed_at,
            tuple(told.get("life", ())),
            clerk=f"{told['clerk']}@{hamlet or village}" if "clerk" in told else "",
            held=told.get("held", False),
        )


def _contact(told: Mapping[str, Any], reporters: Mapping[int, str]) -> intake.Contact:
    who = told.get("who", 0)
    if not who:
        return intake.Contact()
    name = reporters[who]
    if told.get("email"):
        return intake.Contact(email=_mailbox(name), name=name)
    return intake.Contact(
        phone=_number(_GUEST_NUMBERS if told.get("foreign") else CITIZEN_NUMBERS, who), name=name
    )


def _accused(about: Mapping[str, Any], village: str, hamlet: str | None, profile: City) -> str | None:
    if about.get("hamlet"):
        return hamlet
    if about.get("village"):
        return village
    office = profile.categories[about["category"]].office
    return village if office == AREA_HEAD else office


def _past(base: datetime, days: int, at: str, profile: City) -> datetime:
    """A local hour so many days before ``base``; of today, one that has passed."""
    local = base + profile.utc_offset - timedelta(days=days)
    hour, minute = (int(part) for part in at.split(":"))
    moment = local.replace(hour=hour, minute=minute, second=17, microsecond=0) - profile.utc_offset
    return moment if moment < base - timedelta(minutes=5) else moment - timedelta(days=1)


class _Life:
    """One case from its filing to the present, with all that time brings in between."""

    def __init__(self, profile: City, clock: StackClock, case: Case, until: datetime) -> None:
        self._profile = profile
        self._clock = clock
        self._case = case
        self._until = until
        clerk = people.officer(_holder(case.clerk)) if case.clerk else None
        filed = intake.file_complaint(
            case.filing, case.contact, client=_CLIENT, now=case.filed_at, clerk=clerk
        )
        self._complaint = filed.complaint
        self._reporter = signin.Who(
            signin.Kind.LINK, f"{filed.complaint.code}.{filed.complaint.link_version}"
        )
        self._send(case.filed_at)

    def live(self) -> None:
        """All steps whose time has come, the release for the public among them, then what time has brought since."""
        complaint, at = self._complaint, self._case.filed_at
        unscreened = self._case.held or complaint.private or complaint.sealed
        released_at = None if unscreened else self._after(Act.RELEASE, at, "1 working hour")
        for step in self._case.life:
            act = Act(step["act"])
            at = self._after(act, at, step["after"])
            if at > self._until:
                break
            if released_at is not None and released_at < at:
                self._do(Act.RELEASE, {}, released_at)
                released_at = None
            self._do(act, step, at)
        if released_at is not None and released_at <= self._until:
            self._do(Act.RELEASE, {}, released_at)
        self._let_pass(self._until)

    def _after(self, act: Act, at: datetime, span: str) -> datetime:
        """The moment of the next step: working time runs by the clock of the office that acts."""
        complaint = self._complaint
        office = self._profile.triage_office if act in _TRIAGE_ACTS else complaint.office
        wait = Span.parse(span)
        due = self._profile.calendar_of(office).due(at, wait)
        # A working day ends at closing time; people act before that, at some minute of their own.
        return due - timedelta(minutes=len(complaint.text) % 90) if wait.unit is Unit.WORKING_DAYS else due

    def _do(self, act: Act, step: Mapping[str, Any], at: datetime) -> None:
        self._let_pass(at)
        if act is Act.RELEASE and self._complaint.screening is not Screening.HELD:
            return
        if act is Act.APPROVE and self._complaint.status is not Status.CONFIRMING:
            return  # another city's profile needs no second person here
        do = self._as_reporter if act in _REPORTER_ACTS else self._as_officer
        self._complaint = do(act, step, at)
        self._send(at)

    def _as_reporter(self, act: Act, step: Mapping[str, Any], at: datetime) -> Complaint:
        code, who, text = self._complaint.code, self._reporter, step.get("text", "")
        if act is Act.RATE:
            return handling.rate(code, who, step["score"], text, now=at)
        if act is Act.REOPEN:
            return handling.reopen(code, who, text, now=at)
        if act is Act.WITHDRAW:
            return handling.withdraw(code, who, "other", text, now=at)
        return handling.message(code, who, text, now=at)

    def _photographed(self, officer: Officer, at: datetime) -> list[str]:
        """A photo of the fix, where the category demands one: invented as all of this, and sent as any other."""
        from PIL import Image, ImageDraw  # for the few cases of the sample that have a photo

        code = self._complaint.code
        picture = Image.new("RGB", (640, 480), (126, 152, 168))
        pen = ImageDraw.Draw(picture)
        for step, mark in enumerate(code.encode() * 2):
            x, y = mark * 97 * (step + 3) % 560, mark * 61 * (step + 5) % 400
            pen.rectangle((x, y, x + 80, y + 60), (mark * 2 % 255, step * 9 % 255, (mark + step * 7) % 255))
        out = BytesIO()
        picture.save(out, "JPEG", quality=80)
        asked = evidence.ask_for_proof(self._complaint, officer, "image/jpeg", client=_CLIENT, now=at)
        photos.write(f"{photos.ARRIVES}{asked.photo.id}", out.getvalue(), "image/jpeg")
        evidence.work(asked.photo.id, now=at)
        return [asked.photo.id]

    def _as_officer(self, act: Act, step: Mapping[str, Any], at: datetime) -> Complaint:
        complaint = self._complaint
        office = self._profile.triage_office if act in _TRIAGE_ACTS else complaint.office
        above = {Act.APPROVE: _ABOVE} | dict.fromkeys(_TRIAGE_ACTS, (Role.TRIAGE,))
        officer = _at_work(office, above.get(act, _AT_WORK))
        if act in (Act.REPLY, Act.RESOLVE) and needs_head(complaint, officer, act, self._profile):
            officer = _at_work(office, _ABOVE)  # where a head answers, staff only draft
        code, seen, text = complaint.code, complaint.version, step.get("text", "")
        if act is Act.REPLY:
            return handling.reply(code, officer, text, if_match=seen, now=at)
        if act is Act.RESOLVE:
            sent = (
                self._photographed(officer, at) if demanded(complaint, self._profile) is Proof.PHOTO else []
            )
            return handling.resolve(code, officer, text, step.get("proof", ""), sent, if_match=seen, now=at)
        if act is Act.APPROVE:
            return handling.approve(code, officer, if_match=seen, now=at)
        if act is Act.ACKNOWLEDGE:
            return handling.acknowledge(code, officer, if_match=seen, now=at)
        if act is Act.START:
            return handling.start(code, officer, if_match=seen, now=at)
        if act is Act.RELEASE:
            return handling.release(code, officer, if_match=seen, now=at)
        if act is Act.HIDE:
            return handling.hide(code, officer, step["reason"], if_match=seen, now=at)
        if act is Act.REJECT:
            return handling.reject(code, officer, step["reason"], text, if_match=seen, now=at)
        if act is Act.REVEAL:
            return reading.contact_of(code, officer, if_match=seen, now=at)[0]
        if act is Act.REFER:
            category = self._profile.categories[complaint.category or self._profile.default_category]
            return handling.refer(code, officer, str(category.refers_to), text, if_match=seen, now=at)
        if act is Act.PASS_ON:
            to = self._profile.categories[step["to"]].office
            return handling.pass_on(code, officer, to, text, if_match=seen, now=at)
        if act is Act.SORT:
            sorting = handling.Sorting(step["category"], accusation=step.get("accusation"), text=text)
            return handling.sort(code, officer, sorting, if_match=seen, now=at)
        raise ValueError(f"no officer does {act}")

    def _let_pass(self, until: datetime) -> None:
        """Everything that time alone brings to this case before ``until``."""
        while True:
            wakes_at = self._complaint.wakes_at(self._profile)
            if wakes_at is None or wakes_at >= until:
                return
            # The sweep comes once a minute.
            at = wakes_at + timedelta(seconds=30)
            change = escalation.wake_one(self._complaint.code, now=at)
            if change is None:
                return
            # As it is stored: the case's count of messages and its version are set on the way there.
            self._complaint = complaints.get_head(change.complaint.code).complaint
            self._send(at)

    def _send(self, at: datetime) -> None:
        """What the relay does for each new notice."""
        self._clock.stamp_as(at)
        for sent in reading.messages_of(self._complaint.code):
            if sent.state != "pending":
                continue
            delivery.attempt(sent.notice.id, now=at)
            waits = outbox.get(sent.notice.id).next_attempt_at
            if waits is not None and at < waits < self._until:  # held over the night
                self._clock.stamp_as(waits)
                delivery.attempt(sent.notice.id, now=waits)
                self._clock.stamp_as(at)


@lru_cache(maxsize=512)
def _at_work(office: str, roles: tuple[Role, ...]) -> Officer:
    wanted = [Duty(role, office).post for role in roles]
    held = people.holders(wanted)
    return people.officer(next(held[post].officers[0][0] for post in wanted if held[post].officers))


def _holder(post: str) -> str:
    return people.holders([post])[post].officers[0][0]


# Inside -------------------------------------------------------------------------------------------------------


class _Note:
    """What this folder's sample has come to: ``declined``, ``loading`` (with how far) or ``loaded``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self.values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.values = {}

    @property
    def state(self) -> str:
        return str(self.values.get("state", ""))

    def write(self, **values: Any) -> None:
        self.values |= values
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps(self.values), encoding="utf-8")
        scratch.replace(self._file)


class _Progress:
    """A line that counts, on a terminal in place and elsewhere a few times."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._shown = ""

    def __call__(self, what: str, done: int, of: int) -> None:
        if self._live:
            print(f"\r  {what} {done}/{of}\033[K", end="", flush=True)
        elif done == of or done % 50 == 0:
            print(f"  {what} {done}/{of}", flush=True)

    def end(self) -> None:
        if self._live:
            print("\r\033[K", end="", flush=True)


def _is_empty() -> bool:
    return next(iter(people.all_officers()), None) is None


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask() -> bool:
    print(
        "\n  Muat kota contoh (petugas untuk tiap jabatan, beberapa minggu aduan; sekitar setengah menit)?"
        "\n  Load a sample city (people for every post, some weeks of complaints; half a minute)? [Y/n] ",
        end="",
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("", "y", "ya", "yes")
