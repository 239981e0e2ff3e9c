"""A city as the rules see it: areas, offices, categories, posts and promises.

These are the types of a *city profile*. The values come from data files under ``chalicelib/cities/``;
adding a city adds files there and not one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from chalicelib.domain.clock import Calendar, Quiet, Span, Unit
from chalicelib.domain.geo import Geography, Point

Label = Mapping[str, str]
"""A text by language code: always ``id`` and ``en``, ``ban`` (Balinese) where it is known."""

AREA_HEAD = "area-head"
"""In a category, instead of an office: the village (desa or kelurahan) that the place lies in answers."""

CITY_SCOPE = "city"
"""The scope of a post that serves the whole city, such as the city secretary."""


class Kind(StrEnum):
    """What a citizen sends (pengaduan, aspirasi, permintaan informasi)."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    INFORMATION = "information"


class LegalClass(StrEnum):
    """The classes of SP4N-LAPOR! (Permenpan RB 62/2018), each with a ceiling in working days."""

    OVERSIGHT = "berkadar_pengawasan"
    SERVICE = "tidak_berkadar_pengawasan"
    SUGGESTION = "aspirasi"
    INFORMATION = "permintaan_informasi"


class PlaceNeed(StrEnum):
    """Whether a category asks where: a pothole must, a rude clerk may, a lost card never."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class Proof(StrEnum):
    """What has to prove a fix to the second person who approves it."""

    EITHER = "either"
    PHOTO = "photo"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The longest a legal class may take, with the source of the rule and whether somebody checked it."""

    working_days: int
    source: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Hamlet:
    """A lingkungan (in a kelurahan) or dusun (in a desa); known by name only, without geometry."""

    id: str  # "<village code>/<slug>"
    name: str
    landmarks: tuple[str, ...] = ()  # words that name it in a text, lower case
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A kecamatan, desa or kelurahan."""

    code: str  # Kemendagri code, e.g. "51.71.01.1004"
    name: str
    kind: str  # "kecamatan", "kelurahan" or "desa"
    centroid: Point
    area_km2: float
    parent: str | None = None  # a village's kecamatan
    postal_code: str | None = None
    hamlets: tuple[Hamlet, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """A unit that answers. Villages and districts are offices too; their id is their area code."""

    id: str
    name: str
    short: str
    kind: str  # "dinas", "badan", "kecamatan", "kelurahan", "desa", "perumda", "outside", ...
    handles: Label
    titles: Mapping[str, str]  # post role ("duty", "division_head", "office_head") -> title
    outside: bool = False  # not of the city: cases are referred, never assigned
    calendar: str = "office"  # a key of City.calendars
    checked: bool = True
    contact: str = ""  # where a person can reach it, above all for offices outside the city
    post_calendars: Mapping[str, str] = field(
        default_factory=dict
    )  # role -> calendar, where not the office's
    answers: Span | None = None  # outside: how long a referral may take there, None as everywhere
    email: str = (
        ""  # outside: the mailbox that is told of referrals; none where somebody has to hand the link over
    )
    head_releases: bool = False  # what its people write to reporters is drafted, and a head releases it


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What the city promises for a category. Every span counts from the instant the server received the case."""

    id: str
    first_reply: Span
    resolution: Span
    ladder: bool = True  # information requests climb no ladder
    extension: Span | None = None  # once more, with a reason (PPID: 7 working days)
    danger: bool = False  # somebody may get hurt: a new date needs something done until then


@dataclass(frozen=True, slots=True)
class Question:
    """An extra question of a category, such as the lamp-pole number."""

    id: str
    labels: Label
    datatype: str = "string"  # as in Open311: string, number, datetime, text, singlevaluelist, multivaluelist
    required: bool = False
    values: Mapping[str, Label] = field(default_factory=dict)  # for the list types
    dangers: Mapping[str, str] = field(default_factory=dict)
    """The values that mean danger, with the key of the emergency number that each calls for."""
    variable: bool = True
    """Without it, it is a sentence for whoever files and asks for nothing (Open311's ``variable``)."""


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of problem, who answers it and by when."""

    id: str
    group: str
    labels: Label
    office: str  # an office id, or AREA_HEAD
    level: ServiceLevel
    legal_class: LegalClass
    place: PlaceNeed
    kinds: frozenset[Kind] = frozenset({Kind.COMPLAINT, Kind.SUGGESTION})
    keywords: tuple[str, ...] = ()
    pin: str = "street"  # "street" or "home": how far the public pin is coarsened
    emergency: str | None = None  # a key of City.emergency_numbers
    sensitive: bool = False  # private unless the reporter says otherwise
    questions: tuple[Question, ...] = ()
    refers_to: str | None = None  # the outside office whose work it is; ours takes the case and refers it
    sheltered: bool = False  # violence, self-harm: always private, and passes every area head by
    household: bool = (
        False  # between neighbours: the hamlet's head hears of it only where the reporter says so
    )
    four_eyes: bool = False  # a fix needs a proof, and somebody other than the doer approves it
    proof: Proof = Proof.EITHER  # which one; means something with four_eyes only
    head_releases: bool = False  # as of an office
    duplicate_radius: int = 0  # metres in which open cases are offered to whoever is about to report; 0 = off
    service_type: str = "realtime"  # how Open311 answers a post: "realtime" or "batch"
    unscreened: bool = False  # its texts are public at once, also where the city reads all others first


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: which duty post hears, and how long it has before the next one does."""

    role: str  # "hamlet_head", "village_head", "district_head", "duty", "division_head", "office_head", ...
    waits: Span
    labels: Label
    acknowledge: Span = field(default_factory=lambda: Span(240, Unit.WORKING_MINUTES))
    """How long the post has to say that it has heard; a case that nobody acknowledged climbs on at its end."""
    coordinates_in: frozenset[str] = frozenset()
    """Kinds of village (desa) whose own head stays responsible: there this post coordinates, and gives no order."""
    office: str | None = None  # of the emergency ladder: the post is in this office, whoever has the case


@dataclass(frozen=True, slots=True)
class Reveal:
    """Of which categories a reporter hears later that somebody saw who they are, and how much later."""

    delay: timedelta = timedelta()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Windows:
    """How long a window stands open, for whom, and what somebody who left no contact can do. The one table of these.

    The window of a question is `Asking.wait`; it stands in the same table of the profile.
    """

    edit: timedelta
    """Counted from the filing."""
    rate: timedelta
    reopen: timedelta
    """Counted from the moment the reporter was told that it is solved."""
    silence_warning: timedelta = timedelta(days=3)
    """How long before silence closes the case the reporter is warned, and the least time that they then have."""
    appeal: timedelta = timedelta(days=14)
    """Counted from the rejection."""
    silence: timedelta = timedelta(days=10)
    """At its end, counted as ``reopen``, silence closes the case."""
    referral_link: timedelta = timedelta(days=14)
    """How long an agency outside may answer by its link."""
    who: Mapping[str, str] = field(default_factory=dict)
    """Window -> who may use it, one of `WINDOWS`."""
    without_contact: Mapping[str, str] = field(default_factory=dict)
    """Window -> ``link`` (by the secret link; also where it says nothing), ``no``, or ``unconcerned``."""

    def serves(self, window: str, *, contact: bool) -> bool:
        """Whether a reporter may use it at all; only those who left no contact may be left out."""
        return contact or self.without_contact.get(window, "link") == "link"


WINDOWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # window: (who may use it, what may stand for reporters without contact)
    "edit": ("reporter", ("link", "no")),
    "question": ("reporter", ("link",)),
    "rate": ("reporter", ("link", "no")),
    "reopen": ("reporter", ("link",)),
    "appeal": ("reporter", ("link",)),
    "silence": ("nobody", ("link",)),
    "referral_link": ("agency", ("unconcerned",)),
}
"""Every window. Nobody who left no contact loses the word about a case, so most leave the profile no choice."""


@dataclass(frozen=True, slots=True)
class Appeals:
    """Who decides when a reporter appeals against a rejection, and how soon."""

    by: str = "office_head"
    """The lowest role on the topic line, at the office that declined."""
    within: Span = field(default_factory=lambda: Span(5, Unit.WORKING_DAYS))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a routing rule asks of an answer: one of some values, or a number within bounds (both ends count)."""

    values: frozenset[str] = frozenset()
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Sends a report to another office than its category's where all its conditions hold; an empty one always holds."""

    id: str
    office: str
    """An office id, or AREA_HEAD."""
    categories: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    """Villages and districts; a district means all its villages."""
    weekdays: frozenset[int] = frozenset()
    """0 is Monday."""
    hours: tuple[int, int] | None = None
    """Minutes after midnight on the city's wall clock, from (included) until (not); may run past midnight."""
    answers: Mapping[str, Wanted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asking:
    """How long a question to the reporter waits, and what its pauses may cost. Both spans are in working days."""

    wait: Span
    """The reporter's time for an answer; a pause lasts no longer."""
    most: Span
    """All pauses of one case together."""
    times: int
    """How many questions one case may have."""


@dataclass(frozen=True, slots=True)
class Lists:
    """When the lists of the secretary (each working day) and of the mayor (once a week) are written."""

    at: int = 450
    """Minutes after local midnight: 07:30."""
    weekday: int = 0
    """The mayor's day, Monday 0; where nobody works then, the next working day of that week."""


@dataclass(frozen=True, slots=True)
class NewDates:
    """How a head may set a second date: how far ahead alone, and for which reasons."""

    head_months: int
    """Beyond so many months from today the secretary has to allow it."""
    reasons: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What links a report to an earlier one."""

    recurs: timedelta = timedelta(days=30)
    """A report at a spot where a case of its category was solved no longer ago than this is a recurrence."""
    follow_up: tuple[str, ...] = ()
    """Words by which a text speaks of an earlier report, lower case."""


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """Whom to call, and who of the city takes what was written instead."""

    number: str
    labels: Label
    office: str = ""  # ours that is paged
    refers_to: str | None = (
        None  # the post is outside the city (police): ours tells it by that number and refers
    )
    words: tuple[str, ...] = ()  # phrases that mean this danger in a report
    sheltered: bool = False  # as of a category


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """What holds for every emergency of a city."""

    level: ServiceLevel
    """The promises, in calendar minutes, where the category has none for emergencies."""
    triage: Span
    """How long triage has for one that pages nobody yet."""
    near_metres: int
    near_within: timedelta
    """A second reporter so near and within this time confirms a report without a phone."""
    per_person_day: int
    per_address_day: int
    """Beyond these a day's emergencies are triaged first."""
    misuse: int
    misuse_within: timedelta
    """Whoever had so many lowered as misuse within this time is triaged first."""
    reminders: int
    """How often the office is reminded of each promise after the last rung; then the case stands on the lists."""


@dataclass(frozen=True, slots=True)
class Road:
    """A main road that is not the city's, as people call it, and the agency that keeps it."""

    name: str
    owner: str
    """Id of an office outside."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """Words that an office may begin an answer with (`domain/replies.py`); an empty condition always holds."""

    id: str
    act: str
    """What the words are for: ``reply``, ``ask`` or ``resolve``."""
    labels: Label
    texts: Label
    categories: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """What a reporter is told about their data before they file, and which version of it this is."""

    version: str
    texts: Label


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Whose ground it is outside the city, as a label point."""

    name: str
    at: Point
    contact: Label


@dataclass(frozen=True)
class City:
    """One city profile, validated."""

    id: str
    name: str
    code_prefix: str
    """Three capitals that open each tracking code."""
    region_code: str
    since: str
    """First month ("2026-01") that may hold cases; lists stop there."""
    host: str
    """Where the service stands; links in messages begin with it."""
    sender: str
    """SMS sender id, 3-11 letters or digits."""
    service_name: str
    languages: tuple[str, ...]
    greeting: Label
    utc_offset: timedelta
    zone_name: str
    """What people call the zone: WITA, WIB."""
    areas: Mapping[str, Area]
    offices: Mapping[str, Office]
    """All that can answer, villages and districts among them."""
    categories: Mapping[str, Category]
    groups: Mapping[str, Label]
    ceilings: Mapping[LegalClass, Ceiling]
    calendars: Mapping[str, Calendar]
    quiet: Quiet
    ladders: Mapping[str, tuple[Rung, ...]]
    """``area`` for what the area's head owns, ``topic`` for the rest, ``emergency`` where life may be at stake."""
    titles: Mapping[str, str]
    """Role -> title for posts that no office names: ``village_head.desa`` -> Perbekel."""
    default_category: str
    """Whose promises hold for a case that nobody has sorted yet ("lainnya")."""
    triage_office: str
    information_office: str
    verification: Span
    """How long triage has to sort or screen a case."""
    approval: Span
    """How long a second person of the office has to approve a claimed fix."""
    handover: Span
    screening_before_public: bool
    conflict: Mapping[str, str]
    """Who takes a case about whom: an office id, or ``parent`` for a village's district. Looked up by the accused
    office's id, then its kind, then ``office``; ``hamlet`` is a hamlet's head, ``city`` the secretary and the mayor."""
    accusation_words: tuple[str, ...]
    emergency_numbers: Mapping[str, EmergencyNumber]
    emergency: EmergencyRules
    windows: Windows
    asking: Asking
    new_dates: NewDates
    retention_days: Mapping[str, int]
    neighbours: tuple[Neighbour, ...]
    templates: Mapping[str, Mapping[str, str]]
    """Language -> template name -> text with ``{placeholders}``."""
    sms_price: Mapping[str, str]
    """``rupiah``, ``as_of``, ``source``: what one SMS part costs."""
    geography: Geography
    sms_budget: Mapping[str, int] = field(default_factory=dict)
    """Office id, or ``default`` -> how many SMS it may send in a month, emergencies not counted against it; empty
    where nobody set one."""
    routing_rules: tuple[RoutingRule, ...] = ()
    """In order; the first that holds decides, and where none does the category's own office answers."""
    referral: Span = field(default_factory=lambda: Span(5, Unit.WORKING_DAYS))
    """How long an agency outside has to answer where its own entry says nothing."""
    redo: Span = field(default_factory=lambda: Span(3, Unit.WORKING_DAYS))
    """How long an office has to solve anew what was reopened."""
    appeals: Appeals = field(default_factory=Appeals)
    photo_release: str = "person"
    """Who lets the public see a photo: a ``person``, one by one, or triage, ``with_text``, by releasing the case."""
    consent: Consent = field(default_factory=lambda: Consent("", {}))
    longer_by: frozenset[str] = frozenset({"triage"})
    """Roles at the triage office that may promise a later moment when they sort; each of them may sort."""
    village_affairs: str = ""
    """The office that is informed together with a camat who coordinates; none where no kind of village needs it."""
    post_calendars: Mapping[str, str] = field(default_factory=dict)
    """Role -> calendar of the posts that serve the whole city; the triage office's where it names none."""
    lists: Lists = field(default_factory=Lists)
    reveal: Reveal = Reveal()
    duplicates: Duplicates = Duplicates()
    replies: tuple[ReplyTemplate, ...] = ()
    roads: tuple[Road, ...] = ()
    """Main roads of others; the first that a report names tells whom to ask."""
    road_categories: tuple[str, ...] = ()
    """Categories of which the owner of the road is the one to ask."""
    services_changed: str = "2026-01-01"
    """The day (ISO 8601) on which the categories or their questions last changed, as clients of Open311 are told."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """How else to reach the city: ``phone``, ``email``, ``address``, ``sms`` (a number that takes messages)."""

    @cached_property
    def villages(self) -> Mapping[str, Area]:
        """The areas of the lowest level that has geometry, by code."""
        return {code: area for code, area in self.areas.items() if area.parent is not None}

    @cached_property
    def hamlets(self) -> Mapping[str, Hamlet]:
        """All lingkungan and dusun, by id."""
        return {hamlet.id: hamlet for area in self.areas.values() for hamlet in area.hamlets}

    def told_of_reveal(self, category: str | None) -> timedelta:
        """How much later than the look the reporter hears that somebody saw their hidden identity."""
        return self.reveal.delay if category in self.reveal.categories else timedelta()

    def calendar_of(self, office_id: str) -> Calendar:
        """The working time that an office keeps."""
        return self.calendars[self.offices[office_id].calendar]

    def calendar_of_post(self, post: str) -> Calendar:
        """The working time of a duty post (``role@scope``): its own, else that of the office it works in."""
        role, _, scope = post.partition("@")
        if scope == CITY_SCOPE:
            name = self.post_calendars.get(role)
            return self.calendars[name] if name else self.calendar_of(self.triage_office)
        office = self.offices[scope.partition("/")[0]]
        return self.calendars[office.post_calendars.get(role, office.calendar)]

    def is_coordinated(self, office_id: str) -> bool:
        """Whether this office is a village whose elected head stays responsible, so that the camat coordinates."""
        area = self.villages.get(office_id)
        return area is not None and any(area.kind in rung.coordinates_in for rung in self.ladders["area"])
