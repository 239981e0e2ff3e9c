"""Cities, people and cases for unit tests: sound by default, and each test names only what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from chalicelib import cities
from chalicelib.domain import (
    appeals,
    asking,
    bulk,
    deskwork,
    disposition,
    drafts,
    duplicates,
    emergency,
    forgetting,
    handling,
    moderation,
    outside,
    overdue,
    reporting,
    scheduling,
    tasks,
)
from chalicelib.domain import complaint as rules
from chalicelib.domain.city import (
    AREA_HEAD,
    Area,
    Asking,
    Category,
    Ceiling,
    City,
    EmergencyNumber,
    EmergencyRules,
    Hamlet,
    Kind,
    LegalClass,
    NewDates,
    Office,
    PlaceNeed,
    Proof,
    Rung,
    ServiceLevel,
    Windows,
)
from chalicelib.domain.clock import CLOSED, Calendar, Quiet, Span
from chalicelib.domain.complaint import (
    By,
    Change,
    Complaint,
    Event,
    Filing,
    Place,
    Route,
    Screening,
    Status,
    by,
    may_move,
)
from chalicelib.domain.errors import NotDue
from chalicelib.domain.geo import Geography, Point
from chalicelib.domain.outside import Answer, Referral
from chalicelib.domain.people import Act, Duty, Officer, Role
from chalicelib.domain.routing import route
from chalicelib.domain.service_level import ClockName, Clocks

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday 23 November 2026, 10.00 in the small city (UTC+8); no holiday for weeks."""

SOUTH, NORTH = "90.01.01", "90.01.02"
"""The small city's districts."""
SHORE, HILL, FIELD = "90.01.01.1001", "90.01.01.1002", "90.01.02.2001"
"""Its villages: two kelurahan in the south, a desa in the north."""
SHORE_EAST, SHORE_WEST = f"{SHORE}/timur", f"{SHORE}/barat"
"""Hamlets of Shore."""
TRIAGE, WORKS, WASTE, INSPECTORATE, SECRETARIAT = "pemilah", "pu", "dlh", "inspektorat", "setda"
OUTSIDE = "ombudsman"

_LABELS = {"id": "x", "en": "x"}


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of November 2026 on the small city's wall clock: ``at(23, 10)`` is NOW, a Monday; 31 is 1 December."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour - 8, minutes=minute)


def an_office(office_id: str, kind: str = "dinas", **changes: Any) -> Office:
    titles = {"duty": "Piket", "division_head": "Kabid", "office_head": "Kepala"}
    if kind == "setda":
        titles["office_head"] = "Sekda"
    values: dict[str, Any] = {
        "id": office_id,
        "name": f"Kantor {office_id}",
        "short": office_id,
        "kind": kind,
        "handles": _LABELS,
        "titles": titles,
        "outside": kind == "outside",
    }
    return Office(**{**values, **changes})


def a_level(
    first_reply: str = "1 working day", resolution: str = "5 working days", **changes: Any
) -> ServiceLevel:
    return ServiceLevel("level", Span.parse(first_reply), Span.parse(resolution), **changes)


def a_category(category_id: str = "jalan", office: str = WORKS, **changes: Any) -> Category:
    values: dict[str, Any] = {
        "id": category_id,
        "group": "g",
        "labels": {"id": category_id.title(), "en": f"{category_id.title()} en"},
        "office": office,
        "level": a_level(),
        "legal_class": LegalClass.SERVICE,
        "place": PlaceNeed.OPTIONAL,
    }
    return Category(**{**values, **changes})


def a_city(**changes: Any) -> City:
    """A city small enough to think about: two districts, three villages, five offices, six categories.

    It works Monday to Friday 08.00-16.00 (UTC+8) without holidays. ``changes`` replace fields of the profile.
    """
    return replace(_small_city(), **changes) if changes else _small_city()


@cache
def _small_city() -> City:
    areas = [
        Area(SOUTH, "Selatan", "kecamatan", Point(-8.70, 115.20), 20),
        Area(NORTH, "Utara", "kecamatan", Point(-8.60, 115.20), 20),
        Area(
            SHORE,
            "Pesisir",
            "kelurahan",
            Point(-8.71, 115.20),
            5,
            SOUTH,
            hamlets=(
                Hamlet(SHORE_EAST, "Timur", landmarks=("banjar timur", "pura timur")),
                Hamlet(SHORE_WEST, "Barat", landmarks=("banjar barat",)),
            ),
        ),
        Area(HILL, "Bukit", "kelurahan", Point(-8.69, 115.20), 5, SOUTH),
        Area(FIELD, "Ladang", "desa", Point(-8.60, 115.20), 5, NORTH),
    ]
    offices = [
        an_office(TRIAGE),
        an_office(WORKS),
        an_office(WASTE),
        an_office(INSPECTORATE, "inspektorat"),
        an_office(SECRETARIAT, "setda"),
        an_office(OUTSIDE, "outside"),
        *(an_office(area.code, area.kind, short=f"Kantor {area.name}") for area in areas),
    ]
    categories = [
        a_category(
            "jalan",
            WORKS,
            level=a_level("1 working day", "5 working days"),
            keywords=("jalan rusak", "aspal"),
        ),
        a_category(
            "sampah", WASTE, level=a_level("4 working hours", "2 working days"), keywords=("sampah", "bau")
        ),
        a_category("gang", AREA_HEAD, level=a_level("1 working day", "3 working days"), keywords=("gang",)),
        a_category("kekerasan", WORKS, sensitive=True, pin="home"),
        a_category("kebakaran", WORKS, level=a_level("15 minutes", "24 hours"), emergency="fire"),
        a_category(
            "informasi",
            TRIAGE,
            level=a_level("3 working days", "10 working days", ladder=False),
            kinds=frozenset({Kind.INFORMATION}),
            legal_class=LegalClass.INFORMATION,
        ),
        a_category("lainnya", TRIAGE, level=a_level("1 working day", "5 working days")),
    ]
    day = ((480, 960),)

    def ladder(*rungs: tuple[str, str]) -> tuple[Rung, ...]:
        return tuple(Rung(role, Span.parse(waits), _LABELS) for role, waits in rungs)

    upper = (("secretary", "3 working days"), ("mayor", "5 working days"))
    return City(
        id="kota-uji",
        name="Kota Uji",
        code_prefix="UJI",
        region_code="90.01",
        since="2026-01",
        host="lapor.example.id",
        sender="KOTAUJI",
        service_name="Lapor Uji",
        languages=("id", "en"),
        greeting=_LABELS,
        utc_offset=timedelta(hours=8),
        zone_name="WITA",
        areas={area.code: area for area in areas},
        offices={office.id: office for office in offices},
        categories={category.id: category for category in categories},
        groups={"g": _LABELS},
        ceilings={c: Ceiling(60, "test", False) for c in LegalClass},
        calendars={"office": Calendar(timedelta(hours=8), (day,) * 5 + (CLOSED,) * 2)},
        quiet=Quiet(timedelta(hours=8), 21 * 60, 6 * 60, timedelta(minutes=20)),
        ladders={
            "area": ladder(
                ("hamlet_head", "4 working hours"),
                ("village_head", "1 working day"),
                ("district_head", "2 working days"),
                *upper,
            ),
            "topic": ladder(
                ("duty", "4 working hours"),
                ("division_head", "1 working day"),
                ("office_head", "2 working days"),
                *upper,
            ),
            "emergency": tuple(
                Rung(role, Span.parse("15 minutes"), _LABELS, Span.parse("5 minutes"), office=office)
                for role, office in (
                    ("duty", None),
                    ("office_head", None),
                    ("office_head", WASTE),
                    ("secretary", None),
                )
            ),
        },
        titles={"secretary": "Sekda", "mayor": "Wali Kota"},
        default_category="lainnya",
        triage_office=TRIAGE,
        information_office=TRIAGE,
        verification=Span.parse("4 working hours"),
        handover=Span.parse("1 working day"),
        approval=Span.parse("1 working day"),
        screening_before_public=True,
        conflict={
            "office": INSPECTORATE,
            "hamlet": INSPECTORATE,
            "desa": INSPECTORATE,
            "kelurahan": "parent",
            "inspektorat": SECRETARIAT,
            "setda": OUTSIDE,
            "city": OUTSIDE,
            "outside": OUTSIDE,
            OUTSIDE: SECRETARIAT,
        },
        accusation_words=("pungli", "oknum", "minta uang", "kasar"),
        emergency_numbers={
            "general": EmergencyNumber("112", _LABELS, WORKS),
            "fire": EmergencyNumber("113", _LABELS, WORKS, words=("rumah terbakar",)),
            "police": EmergencyNumber("110", _LABELS, WASTE, OUTSIDE, ("dirampok",)),
            "protection": EmergencyNumber("129", _LABELS, WASTE, words=("dipukul suami",), sheltered=True),
        },
        emergency=EmergencyRules(
            level=a_level("15 minutes", "24 hours"),
            triage=Span.parse("30 working minutes"),
            near_metres=500,
            near_within=timedelta(minutes=15),
            per_person_day=3,
            per_address_day=20,
            misuse=2,
            misuse_within=timedelta(days=90),
            reminders=3,
        ),
        windows=Windows(timedelta(minutes=10), timedelta(days=14), timedelta(days=10), timedelta(days=3)),
        asking=Asking(Span.parse("5 working days"), Span.parse("10 working days"), 3),
        new_dates=NewDates(6, {"budget_year": _LABELS, "dry_weather": _LABELS}),
        retention_days={},
        neighbours=(),
        templates={"id": {}, "en": {}},
        sms_price={},
        geography=Geography.from_centroids(
            {area.code: (area.centroid, area.area_km2) for area in areas if area.parent},
            (-8.8, 115.1, -8.5, 115.3),
            {},
        ),
    )


def denpasar() -> City:
    """The real profile."""
    return cities.load("denpasar")


def a_filing(**changes: Any) -> Filing:
    values: dict[str, Any] = {
        "kind": Kind.COMPLAINT,
        "text": "Lubang besar di depan pasar.",
        "language": "id",
        "channel": "web",
        "category": "jalan",
        "area": SHORE,
        "place": Place(Point(-8.71234, 115.20123), "depan pasar"),
    }
    return Filing(**{**values, **changes})


def a_filed(city: City | None = None, *, now: datetime = NOW, **changes: Any) -> Change:
    """A report as it comes in, routed by the rules; ``changes`` are the reporter's words and choices."""
    city = city or a_city()
    own = {name: changes.pop(name) for name in ("citizen", "reach", "filed_by", "paged") if name in changes}
    filing = a_filing(**changes)
    values: dict[str, Any] = {"code": "UJI-22222-22222", "citizen": "warga", "reach": "sms", **own}
    return reporting.file(filing, route(filing, city, at=now), city, now=now, **values)


def a_complaint(
    status: Status = Status.RECEIVED, *, city: City | None = None, now: datetime = NOW, **changes: Any
) -> Complaint:
    """A case in this status, brought there by real acts, all of them at ``now``.

    By default an open pothole in Shore, with the office of works. ``changes`` are fields of the complaint; those that
    the reporter chose are part of the report and so of its route; ``sealed`` makes it an accusation (of ``accused``).
    """
    city = city or a_city()
    told = (
        "category",
        "area",
        "hamlet",
        "private",
        "about_staff",
        "kind",
        "text",
        "citizen",
        "reach",
        "language",
    )
    filed = {name: changes.pop(name) for name in told if name in changes}
    if changes.pop("sealed", False):
        filed |= {"about_staff": True, "accused": changes.pop("accused", None)}
    complaint = a_filed(city, now=now, **filed).complaint
    for act in _ROADS[status]:
        complaint = perform(act, complaint, city, now=now).complaint
    return replace(complaint, **changes) if changes else complaint


_ROADS: Mapping[Status, tuple[Act, ...]] = {
    Status.RECEIVED: (),
    Status.ACKNOWLEDGED: (Act.ACKNOWLEDGE,),
    Status.IN_PROGRESS: (Act.START,),
    Status.REFERRED: (Act.REFER,),
    Status.SCHEDULED: (Act.SCHEDULE,),
    Status.REOPENED: (Act.RESOLVE, Act.REOPEN),
    Status.CONFIRMING: (Act.CLAIM,),
    Status.RESOLVED: (Act.RESOLVE,),
    Status.CLOSED: (Act.RESOLVE, Act.RATE),
    Status.REJECTED: (Act.REJECT,),
    Status.APPEALED: (Act.REJECT, Act.APPEAL),
    Status.WITHDRAWN: (Act.WITHDRAW,),
}


def a_master(city: City | None = None, *, now: datetime = NOW, **changes: Any) -> Complaint:
    """Another open pothole that anybody may know of."""
    values: dict[str, Any] = {"code": "UJI-33333-33333", "screening": Screening.RELEASED, **changes}
    return a_complaint(city=city, now=now, **values)


def an_officer(*posts: str, office: str = "", officer_id: str = "petugas-1", **changes: Any) -> Officer:
    """Somebody in these posts (``role@scope``), by default one of the staff of the office of works."""
    duties = tuple(Duty.parse(post) for post in posts or (f"{Role.STAFF}@{WORKS}",))
    works_in = office or duties[0].scope.partition("/")[0]
    values: dict[str, Any] = {"id": officer_id, "name": "Ni Luh", "title": "Petugas", "office": works_in}
    return Officer(**{**values, "duties": duties, **changes})


def a_rung(complaint: Complaint) -> Officer:
    """Somebody who holds every post that the case has climbed to, or one that it never reaches."""
    return an_officer(*(complaint.rungs or (f"{Role.DUTY}@{WASTE}",)), officer_id="pejabat-1")


def perform(
    act: Act, complaint: Complaint, city: City, *, now: datetime, history: tuple[Event, ...] = ()
) -> Change:
    """Do any act as a plain caller would; ESCALATE finds every post filled.

    Without a ``history`` the acts that need one find the case as one of the office of works that just ended.
    """
    if act in _BY_HISTORY:
        return _BY_HISTORY[act](complaint, city, now, history or _an_end(complaint, now))
    return _ACTS[act](complaint, city, now)


def _an_end(complaint: Complaint, now: datetime) -> tuple[Event, ...]:
    ended = max((clock.stopped_at for clock in complaint.clocks if clock.stopped_at), default=now)
    declined = by(_TRIAGE)
    return (
        Event(Act.RELEASE, ended, by(_TRIAGE)),
        Event(Act.WITHDRAW, ended, rules.REPORTER, data={"reason": "other"}),
        Event(Act.REJECT, ended, declined, "Bukan urusan kota.", {"reason": "not_city"}),
        Event(Act.APPEAL, ended, rules.REPORTER, "Ini jalan kota.", {"from": WORKS, "line": "topic"}),
    )


def escalate(
    complaint: Complaint, city: City, *, now: datetime, vacant: tuple[str, ...] = (), all_vacant: bool = False
) -> Change:
    """One climb, with every post filled but those named."""
    return overdue.escalate(complaint, city, Filled(vacant, all_vacant), now=now)


class Filled(dict[str, bool]):
    """Somebody in every post of the city but these."""

    def __init__(self, vacant: tuple[str, ...] = (), all_vacant: bool = False) -> None:
        super().__init__()
        self._vacant, self._all = vacant, all_vacant

    def get(self, post: str, default: Any = None) -> Any:
        return not self._all and post not in self._vacant


def headed(city: City) -> City:
    """The city with a head who releases every reply."""
    return replace(city, offices={i: replace(o, head_releases=True) for i, o in city.offices.items()})


def _reminded(complaint: Complaint, city: City, now: datetime) -> Change:
    may_move(complaint, Act.REMIND)
    done = deskwork.remind(complaint, [_GIVEN], city, now=datetime(2026, 12, 1, 12, tzinfo=UTC))
    if done is None:
        raise NotDue(complaint.code)
    return replace(done, event=replace(done.event, at=now))


def four_eyed(city: City, proof: Proof = Proof.EITHER) -> City:
    """The city with a second person for every fix."""
    both = {i: replace(c, four_eyes=True, proof=proof) for i, c in city.categories.items()}
    return replace(city, categories=both)


def a_claim(*, by: str = "petugas-1", proof: str = "Foto di lokasi.", at: datetime = NOW) -> Event:
    """The event of somebody calling it solved, as the history holds it."""
    data = {"proof": proof} if proof else {}
    return Event(Act.RESOLVE, at, By("officer", by, WORKS), "Sudah ditambal.", data)


def a_wish(*, days: int = 90, **changes: Any) -> scheduling.Wish:
    """A new date so many days after NOW, for the next budget year."""
    values: dict[str, Any] = {
        "day": (NOW + timedelta(days=days)).date(),
        "reason": "budget_year",
        "text": "Menunggu anggaran tahun depan.",
        "interim": "Dipasang rambu.",
    }
    return scheduling.Wish(**{**values, **changes})


def a_request(*, days: int = 400, at: datetime = NOW) -> Event:
    """A head's request to the secretary, as the history holds it."""
    data = {
        "until": (NOW + timedelta(days=days)).isoformat(),
        "first": NOW.isoformat(),
        "reason": "budget_year",
    }
    return Event(Act.ASK_DATE, at, By("officer", "kepala-1", WORKS), "Menunggu anggaran.", data)


def _agency(act: Act, complaint: Complaint, city: City, now: datetime) -> Change:
    """An answer from outside: a promised day leaves the state alone, done gives the case back."""
    may_move(complaint, act)
    referral = Referral(OUTSIDE, WORKS, now, "Mohon bantuan.", by_triage=True)
    word = Answer.DONE if act is Act.AGENCY_RETURN else Answer.WILL_DO
    return outside.answer(
        complaint,
        referral,
        word,
        "Sudah kami cek.",
        by_day=(now + city.utc_offset).date(),
        city=city,
        now=now,
    )


_STAFF = an_officer()
_SECRETARY = an_officer("secretary@city", officer_id="sekda-1", office=WORKS)
_HEAD = an_officer(f"{Role.OFFICE_HEAD}@{WORKS}", officer_id="kepala-1")
_TRIAGE = an_officer(f"{Role.TRIAGE}@{TRIAGE}", officer_id="pemilah-1")
_TODAY = date(2026, 11, 30)
_GIVEN = Event(
    Act.INSTRUCT,
    NOW,
    by(_HEAD),
    "Cek lokasi.",
    {"to": _STAFF.id, "due": _TODAY.isoformat(), "office": WORKS},
)
_DRAFTED = Event(Act.DRAFT, NOW, by(_STAFF), "Besok.")
_SPLIT = Event(
    Act.SPLIT,
    NOW,
    by(_STAFF),
    data={"tasks": [{"n": 1, "office": WASTE, "due": _TODAY.isoformat()}], "words": {"1": "Bersihkan."}},
)
_ABOVE = an_officer(f"{Role.OFFICE_HEAD}@{TRIAGE}", officer_id="kepala-2")

_BY_HISTORY: Mapping[Act, Callable[[Complaint, City, datetime, tuple[Event, ...]], Change]] = {
    Act.UPHOLD: lambda c, city, now, said: appeals.uphold(c, _ABOVE, "Ini jalan provinsi.", said, now=now),
    Act.GRANT: lambda c, city, now, said: appeals.grant(c, _ABOVE, "Ini jalan kota.", said, city, now=now),
    Act.CONTINUE: lambda c, city, now, said: appeals.go_on(c, _TRIAGE, said, city, now=now),
    Act.REVERT: lambda c, city, now, said: moderation.revert(c, _TRIAGE, said, city=city, now=now),
}

_ACTS: Mapping[Act, Callable[[Complaint, City, datetime], Change]] = {
    Act.EDIT: lambda c, city, now: reporting.edit(c, "Lubang besar di depan pasar baru.", city=city, now=now),
    Act.MESSAGE: lambda c, city, now: reporting.message(c, "Masih ada.", city=city, now=now),
    Act.RATE: lambda c, city, now: reporting.rate(c, 4, "Baik", city=city, now=now),
    Act.REOPEN: lambda c, city, now: reporting.reopen(c, "Belum beres.", city=city, now=now),
    Act.WITHDRAW: lambda c, city, now: reporting.withdraw(c, "other", "sudah tidak perlu", now=now),
    Act.ACKNOWLEDGE: lambda c, city, now: handling.acknowledge(c, _STAFF, now=now),
    Act.REPLY: lambda c, city, now: handling.reply(c, _STAFF, "Tim menuju lokasi.", now=now),
    Act.START: lambda c, city, now: handling.start(c, _STAFF, now=now),
    Act.RESOLVE: lambda c, city, now: handling.resolve(c, _STAFF, "Sudah ditambal.", city=city, now=now),
    Act.CLAIM: lambda c, city, now: handling.resolve(
        c, _STAFF, "Sudah ditambal.", proof="Foto di lokasi.", city=four_eyed(city), now=now
    ),
    Act.APPROVE: lambda c, city, now: handling.approve(c, _HEAD, [a_claim()], city=city, now=now),
    Act.SEND_BACK: lambda c, city, now: handling.send_back(c, _HEAD, "Belum rata.", city=city, now=now),
    Act.SCHEDULE: lambda c, city, now: scheduling.schedule(c, _HEAD, a_wish(), (), city, now=now),
    Act.ASK_DATE: lambda c, city, now: scheduling.schedule(c, _HEAD, a_wish(days=400), (), city, now=now),
    Act.GRANT_DATE: lambda c, city, now: scheduling.grant(c, _SECRETARY, [a_request()], city, now=now),
    Act.DECLINE_DATE: lambda c, city, now: scheduling.decline(
        c, _SECRETARY, "Mohon lebih cepat.", [a_request()], now=now
    ),
    Act.AGREE: lambda c, city, now: reporting.agree(c, now=now),
    Act.LAST_CALL: lambda c, city, now: overdue.last_call(c, city, reachable=True, now=now),
    Act.AWAIT: lambda c, city, now: overdue.ask_second(c, city, now=now),
    Act.PASS_ON: lambda c, city, now: handling.pass_on(
        c, _STAFF, Route(WASTE, "topic"), "Salah alamat.", city, now=now
    ),
    Act.SORT: lambda c, city, now: handling.sort(
        c, _TRIAGE, city.categories["sampah"], Route(WASTE, "topic"), city, accused=c.accused, now=now
    ),
    Act.REFER: lambda c, city, now: handling.refer(c, _STAFF, OUTSIDE, "Kami teruskan.", city, now=now),
    Act.REJECT: lambda c, city, now: handling.reject(
        c, _TRIAGE, "duplicate", "Sudah ada aduan sama.", now=now
    ),
    Act.RELEASE: lambda c, city, now: handling.release(c, _TRIAGE, now=now),
    Act.MODERATE: lambda c, city, now: moderation.moderate(
        c, _TRIAGE, "Lubang besar.", "nama orang", now=now
    ),
    Act.TIGHTEN: lambda c, city, now: moderation.tighten(c, _STAFF, ("publication",), "rumah orang", now=now),
    Act.ERASE: lambda c, city, now: forgetting.erase(c, now=now),
    Act.HIDE: lambda c, city, now: handling.hide(c, _TRIAGE, "nama orang", now=now),
    Act.REVEAL: lambda c, city, now: handling.reveal(c, _STAFF, now=now),
    Act.ESCALATE: lambda c, city, now: escalate(c, city, now=now),
    Act.CLOSE: lambda c, city, now: overdue.close_by_silence(c, city, now=now),
    Act.CEILING: lambda c, city, now: overdue.tell_ceiling(c, now=now),
    Act.WARN: lambda c, city, now: overdue.warn(c, now=now),
    Act.ASK: lambda c, city, now: asking.ask(c, an_officer(), "Lampu yang mana?", city=city, now=now),
    Act.ANSWER: lambda c, city, now: asking.answer(c, c.asked.number, "Yang di pojok.", city=city, now=now),
    Act.RESUME: lambda c, city, now: asking.resume(c, city=city, now=now),
    Act.WAIT: lambda c, city, now: escalate(c, city, now=now),
    Act.MERGE: lambda c, city, now: duplicates.merge(c, _STAFF, a_master(city, now=now), city=city, now=now),
    Act.UNMERGE: lambda c, city, now: duplicates.unmerge(c, _STAFF, now=now),
    Act.APPEAL: lambda c, city, now: appeals.appeal(c, "Ini jalan kota.", Filled(), city, now=now),
    Act.ACK_RUNG: lambda c, city, now: handling.acknowledge_rung(c, a_rung(c), now=now),
    Act.CONFIRM: lambda c, city, now: emergency.confirm(c, _STAFF, city, now=now),
    Act.RAISE: lambda c, city, now: emergency.raise_to(c, _TRIAGE, "fire", "Api sudah besar.", city, now=now),
    Act.LOWER: lambda c, city, now: emergency.lower(
        c, _TRIAGE, city.categories["sampah"], Route(WASTE, "topic"), city, "Bukan darurat.", now=now
    ),
    Act.UNDO: lambda c, city, now: bulk.undo(
        c,
        replace(c, version=c.version - 1),
        Event(Act.HIDE, now, by(_TRIAGE)),
        Act.HIDE,
        _TRIAGE,
        done_at=now,
        now=now,
    ),
    Act.INSTRUCT: lambda c, city, now: disposition.instruct(
        c, _HEAD, _STAFF, "Cek lokasi.", _TODAY, (), city, now=now
    ),
    Act.TAKE: lambda c, city, now: disposition.take(c, _STAFF, [_GIVEN], now=now),
    Act.REMIND: lambda c, city, now: _reminded(c, city, now),
    Act.DRAFT: lambda c, city, now: drafts.draft(c, _STAFF, "Besok.", (), headed(city), now=now),
    Act.RETURN_DRAFT: lambda c, city, now: drafts.send_back(c, _HEAD, "Jam berapa?", [_DRAFTED], now=now),
    Act.RELEASE_DRAFT: lambda c, city, now: drafts.release(c, _HEAD, "", [_DRAFTED], now=now),
    Act.SPLIT: lambda c, city, now: tasks.split(
        c, _STAFF, [tasks.Wanted(WASTE, "Bersihkan.", _TODAY)], (), city, now=now
    ),
    Act.TASK_REPLY: lambda c, city, now: tasks.answer(
        c, _STAFF, 1, tasks.State.DONE, "Sudah.", [_SPLIT], now=now
    ),
    Act.CANCEL_TASK: lambda c, city, now: tasks.cancel(c, _STAFF, 1, "Tidak perlu.", [_SPLIT], now=now),
    Act.NOTE: lambda c, city, now: handling.note(c, _STAFF, "Alat besok.", (), city, now=now),
    Act.AGENCY_REPLY: lambda c, city, now: _agency(Act.AGENCY_REPLY, c, city, now),
    Act.AGENCY_RETURN: lambda c, city, now: _agency(Act.AGENCY_RETURN, c, city, now),
}


def due_of(complaint: Complaint, name: ClockName) -> datetime:
    """The promised moment of a clock that the case must have."""
    clock = complaint.clocks.get(name)
    assert clock is not None, f"no {name} clock"
    return clock.due


def next_climb(complaint: Complaint) -> datetime:
    """When the next rung hears; warnings come before."""
    return min(clock.next_climb for clock in complaint.clocks.running())


def unwarned(complaint: Complaint) -> Complaint:
    """The case without its warnings, so that its ladders alone wake it."""
    return replace(complaint, clocks=Clocks(tuple(replace(c, warns=()) for c in complaint.clocks)))


def runs(complaint: Complaint, name: ClockName) -> bool:
    """Whether the case has this clock and it runs."""
    clock = complaint.clocks.get(name)
    return clock is not None and clock.running


def promises(clocks: Clocks) -> dict[ClockName, datetime]:
    return {clock.name: clock.due for clock in clocks}
