"""Who answers what in a profile, and by when: offices, service levels, legal ceilings and categories."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from chalicelib.cities import worktime
from chalicelib.cities.reading import WEEKDAYS, Table, words_of
from chalicelib.domain.city import (
    AREA_HEAD,
    Area,
    Category,
    Ceiling,
    EmergencyNumber,
    EmergencyRules,
    Kind,
    Label,
    LegalClass,
    Office,
    PlaceNeed,
    Proof,
    Question,
    RoutingRule,
    ServiceLevel,
    Wanted,
)
from chalicelib.domain.clock import Calendar, Span, Unit
from chalicelib.domain.duplicates import MOST_RADIUS, may_be_near
from chalicelib.domain.people import Role

CITY_ROLES = (Role.SECRETARY, Role.MAYOR)
"""Posts that serve the whole city."""

OFFICE_ROLES = tuple(role for role in Role if role not in CITY_ROLES)
"""Posts that belong to one office, area or hamlet."""

OUTSIDE = "outside"
"""The kind of office that is not of the city: cases are referred to it, never assigned."""

_DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")  # of Open311
_LISTS = ("singlevaluelist", "multivaluelist")
_ID = r"[a-z][a-z0-9_-]*"
_DAY = 1440  # minutes
_NEAR_MOST = 600  # metres; reports nearby are looked for in one ring of geohash cells, 610 m high
_NO_LEVEL = ServiceLevel("", Span(1, Unit.MINUTES), Span(1, Unit.MINUTES))  # stands in at a fault


@dataclass(frozen=True, slots=True)
class Known:
    """What a category may refer to."""

    languages: tuple[str, ...]
    offices: Mapping[str, Office]
    calendars: Mapping[str, Calendar]
    groups: Mapping[str, Label]
    ceilings: Mapping[LegalClass, Ceiling]
    emergency_numbers: Mapping[str, EmergencyNumber]


def offices(
    file: Table,
    top: Table,
    areas: Mapping[str, Area],
    titles: Mapping[str, str],
    calendars: Collection[str],
    languages: Collection[str],
) -> dict[str, Office]:
    """The offices of the file, then one for each district and village, whose id is the area's code."""
    found: dict[str, Office] = {}
    for office_id, table in file.named("office"):
        kind = table.text("kind", form=r"[a-z]+", shape="a kind such as dinas")
        own = table.table("titles") if "titles" in table else None
        found[office_id] = Office(
            id=table.known_as(office_id, _ID),
            name=table.text("name"),
            short=table.text("short"),
            kind=kind,
            handles=table.table("handles").label(languages),
            titles=_titles(titles, kind) | ({role: own.text(role) for role in own.names()} if own else {}),
            outside=kind == OUTSIDE,
            calendar=table.choice("calendar", calendars, "office"),
            contact=table.text("contact", default=""),
            checked=table.flag("checked", True),
            post_calendars=worktime.post_calendars(table, OFFICE_ROLES, calendars),
            answers=table.span("answers") if kind == OUTSIDE and "answers" in table else None,
            email=_mailbox(table) if kind == OUTSIDE and "email" in table else "",
            head_releases=table.flag("head_releases", False),
        )
    templates = dict(top.named("area_office"))
    posts = {
        kind: worktime.post_calendars(table, OFFICE_ROLES, calendars) for kind, table in templates.items()
    }
    labels = {kind: table.table("handles").label(languages) for kind, table in templates.items()}
    for kind in sorted({area.kind for area in areas.values()} ^ templates.keys()):
        top.fault(f"area_office.{kind}", "is missing" if kind not in templates else "no area is of this kind")
    for code, area in areas.items():
        if area.kind not in templates:
            continue
        table = templates[area.kind]
        found[code] = Office(
            id=code,
            name=table.text("name").replace("{name}", area.name),
            short=table.text("short").replace("{name}", area.name),
            kind=area.kind,
            handles=labels[area.kind],
            titles=_titles(titles, area.kind),
            calendar=table.choice("calendar", calendars, "office"),
            post_calendars=posts[area.kind],
            head_releases=table.flag("head_releases", False),
        )
    for field in ("name", "short"):
        seen: dict[str, str] = {}
        for office in found.values():
            if seen.setdefault(getattr(office, field), office.id) != office.id:
                file.fault(
                    f"office.{office.id}.{field}", f"is the same as that of {seen[getattr(office, field)]}"
                )
    return found


def _mailbox(table: Table) -> str:
    return table.text("email", form=r"[\w.+-]+@[\w-]+(\.[\w-]+)+", shape="an e-mail address")


def _titles(titles: Mapping[str, str], kind: str) -> dict[str, str]:
    """The titles of an office's posts: those of its kind, else the plain ones; the city's own posts are no office's."""
    plain = {role: title for role, title in titles.items() if "." not in role and role not in CITY_ROLES}
    of_kind = {role.partition(".")[0]: title for role, title in titles.items() if role.endswith(f".{kind}")}
    return plain | of_kind


def ceilings(top: Table) -> dict[LegalClass, Ceiling]:
    """The ceiling of every legal class."""
    tables = dict(top.named("ceiling"))
    for name in sorted(tables.keys() - {*LegalClass}):
        top.fault(f"ceiling.{name}", "is no legal class")
    for name in LegalClass:
        if name not in tables:
            top.fault(f"ceiling.{name}", "is missing")
    return {
        LegalClass(name): Ceiling(table.whole("working_days"), table.text("source"), table.flag("checked"))
        for name, table in tables.items()
        if name in {*LegalClass}
    }


def emergency_numbers(
    top: Table, offices: Mapping[str, Office], areas: Mapping[str, Area], languages: tuple[str, ...]
) -> dict[str, EmergencyNumber]:
    """Whom to call in which danger, which office of ours is paged, and the words that mean it."""
    own = {office.id for office in offices.values() if not office.outside and office.id not in areas}
    outside = {office.id for office in offices.values() if office.outside}
    found = {
        key: EmergencyNumber(
            number=table.text("number", form=r"\d{3,15}", shape="digits"),
            labels=table.label(languages),
            office=table.choice("office", own),
            refers_to=table.choice("refers_to", outside) if "refers_to" in table else None,
            words=table.phrases("words", default=()),
            sheltered=table.flag("sheltered", False),
        )
        for key, table in top.named("emergency_number")
    }
    if "general" not in found:
        top.fault("emergency_number.general", "is missing")
    return found


def emergency_rules(top: Table, found: Mapping[str, Category]) -> EmergencyRules:
    """How emergencies are promised, triaged and capped; its level stands in the file of the categories."""
    table = top.table("emergency")
    levels = {category.level.id: category.level for category in found.values()}
    level = levels.get(table.choice("level", levels), _NO_LEVEL)
    if {level.first_reply.unit, level.resolution.unit} != {Unit.MINUTES}:
        table.fault("level", "must promise calendar time, for emergencies know no closing")
    metres = table.whole("near_metres")
    if metres > _NEAR_MOST:
        table.fault("near_metres", f"must be at most {_NEAR_MOST}: cells further away are not read")
    return EmergencyRules(
        level=level,
        triage=table.span("triage"),
        near_metres=metres,
        near_within=table.time("near_within"),
        per_person_day=table.whole("per_person_day"),
        per_address_day=table.whole("per_address_day"),
        misuse=table.whole("misuse"),
        misuse_within=table.time("misuse_within"),
        reminders=table.whole("reminders"),
    )


def categories(file: Table, known: Known) -> dict[str, Category]:
    """All categories, checked against their offices, levels and legal ceilings, and against each other."""
    levels = {key: _level(key, table) for key, table in file.named("level")}
    radii = _radii(file, known.groups)
    found = {key: _category(key, table, levels, known, radii) for key, table in file.named("category")}
    for level in sorted(levels.keys() - {category.level.id for category in found.values()}):
        file.fault(f"level.{level}", "no category uses it")
    for group in sorted(known.groups.keys() - {category.group for category in found.values()}):
        file.fault(f"group.{group}", "no category is in it")
    for kind in Kind:
        if not any(kind in category.kinds for category in found.values()):
            file.fault("category", f"none takes a {kind}")
    _check_keywords(file, found)
    return found


def _level(key: str, table: Table) -> ServiceLevel:
    return ServiceLevel(
        table.known_as(key, _ID),
        table.span("first_reply"),
        table.span("resolution"),
        table.flag("ladder", True),
        table.span("extension") if "extension" in table else None,
        table.flag("danger", False),
    )


def _radii(file: Table, groups: Collection[str]) -> dict[str, int]:
    """Metres in which open cases of a category are offered, by its group; every group says it."""
    table = file.table("duplicate_radius")
    for name in sorted({*table.names()} - {*groups}):
        table.fault(name, "is no group")
    return {name: _radius(table, name) for name in groups}


def _radius(table: Table, key: str) -> int:
    metres = table.whole(key, 0)
    if metres > MOST_RADIUS:
        table.fault(key, f"is more than {MOST_RADIUS} metres")
    return metres


def _category(
    key: str,
    table: Table,
    levels: Mapping[str, ServiceLevel],
    known: Known,
    radii: Mapping[str, int],
) -> Category:
    level = levels.get(table.choice("level", levels), _NO_LEVEL)
    own = {office.id for office in known.offices.values() if not office.outside}
    outside = known.offices.keys() - own
    words = table.table("keywords") if "keywords" in table else None
    category = Category(
        id=table.known_as(key, _ID),
        group=table.choice("group", known.groups),
        labels=table.label(known.languages),
        office=table.choice("office", {*own, AREA_HEAD}),
        level=level,
        legal_class=table.member("legal_class", LegalClass),
        place=table.member("place", PlaceNeed),
        kinds=table.members("kinds", Kind, frozenset({Kind.COMPLAINT, Kind.SUGGESTION})),
        keywords=tuple(w for language in words.names() for w in words.phrases(language)) if words else (),
        pin=table.choice("pin", ("street", "home"), "street"),
        emergency=table.choice("emergency", known.emergency_numbers) if "emergency" in table else None,
        sensitive=table.flag("sensitive", False),
        questions=tuple(
            _question(each, known.languages, known.emergency_numbers) for each in table.listed("question")
        ),
        refers_to=table.choice("refers_to", outside) if "refers_to" in table else None,
        sheltered=table.flag("sheltered", False),
        household=table.flag("household", False),
        four_eyes=table.flag("four_eyes", False),
        proof=table.member("proof", Proof) if "proof" in table else Proof.EITHER,
        service_type=table.choice("service_type", ("realtime", "batch"), "realtime"),
        unscreened=table.flag("unscreened", False),
        head_releases=table.flag("head_releases", False),
    )
    if category.unscreened and (category.sensitive or category.sheltered or category.emergency):
        table.fault("unscreened", "is not for what is sensitive, sheltered or urgent")
    if "proof" in table and not category.four_eyes:
        table.fault("proof", "says what a second person approves upon, so it needs four_eyes")
    if category.household and not category.sensitive:
        table.fault("household", "is between neighbours, so it has to be sensitive")
    if category.emergency and (category.office == AREA_HEAD or level.resolution.unit is not Unit.MINUTES):
        table.fault("emergency", "needs an office of its own and a level in calendar time")
    if category.sheltered and category.office == AREA_HEAD:
        table.fault("sheltered", "passes every area head by, so none can answer it")
    category = replace(category, duplicate_radius=_own_radius(table, category, radii))
    _check_promise(table, category, known)
    if category.office == AREA_HEAD and category.place is not PlaceNeed.REQUIRED:
        table.fault("place", "must be required, for the area's head is found by it")
    if Kind.INFORMATION in category.kinds and (
        category.legal_class is not LegalClass.INFORMATION or level.ladder
    ):
        table.fault("kinds", "information requests are of class permintaan_informasi and climb no ladder")
    if len({question.id for question in category.questions}) < len(category.questions):
        table.fault("question", "two have the same id")
    return category


def _own_radius(table: Table, category: Category, radii: Mapping[str, int]) -> int:
    """The category's own radius, else its group's; 0 for what is offered to nobody."""
    metres = (
        _radius(table, "duplicate_radius") if "duplicate_radius" in table else radii.get(category.group, 0)
    )
    if may_be_near(category):
        return metres
    if "duplicate_radius" in table and metres:
        table.fault("duplicate_radius", "must be 0 for what is at home, sensitive, urgent or without a place")
    return 0


def _question(table: Table, languages: Collection[str], numbers: Collection[str]) -> Question:
    datatype = table.choice("datatype", _DATATYPES, "string")
    values = {key: value.label(languages) for key, value in table.named("values", optional=True)}
    if bool(values) != (datatype in _LISTS):
        table.fault("values", f"a {datatype} {'needs some' if datatype in _LISTS else 'has none'}")
    dangers: dict[str, str] = {}
    if "dangers" in table:
        answers = table.table("dangers")
        dangers = {value: answers.choice(value, numbers) for value in answers.names()}
        for value in sorted(dangers.keys() - values.keys()):
            answers.fault(value, "is none of the question's values")
    question = Question(
        table.text("id", form=_ID, shape="an id"),
        table.table("labels").label(languages),
        datatype,
        table.flag("required", False),
        values,
        dangers,
        table.flag("variable", True),
    )
    if not question.variable and (question.required or values):
        table.fault("variable", "asks for nothing, so it is not required and has no values")
    return question


def _check_promise(table: Table, category: Category, known: Known) -> None:
    """Hold the level against itself and against the legal class, in working days of the office that answers."""
    office = known.offices.get(category.office)
    calendar = known.calendars.get(office.calendar if office else "office")
    ceiling = known.ceilings.get(category.legal_class)
    if calendar is None or ceiling is None:
        return  # told already
    level = category.level
    resolution = working_days(level.resolution, calendar)
    if working_days(level.first_reply, calendar) > resolution:
        table.fault("level", f"{level.id} promises the first reply later than the solution")
    longest = resolution + (working_days(level.extension, calendar) if level.extension else 0)
    if longest > ceiling.working_days:
        table.fault(
            "level",
            f"{level.id} takes up to {longest:g} working days, over the ceiling of {ceiling.working_days}"
            f" for {category.legal_class}",
        )


def working_days(span: Span, calendar: Calendar) -> float:
    """How many working days a span takes at most, for comparing spans of different units.

    Working hours are counted in the shortest working day; a calendar day never holds more than one working day.
    """
    match span.unit:
        case Unit.WORKING_DAYS:
            return span.amount
        case Unit.MINUTES:
            return span.amount / _DAY
        case Unit.WORKING_MINUTES:
            lengths = [sum(end - start for start, end in hours) for hours in calendar.weekly if hours]
            return span.amount / (_DAY if calendar.always_open else min(lengths, default=_DAY))


def routing_rules(
    file: Table,
    areas: Collection[str],
    offices: Mapping[str, Office],
    categories: Mapping[str, Category],
    languages: Collection[str],
) -> tuple[RoutingRule, ...]:
    """The routing rules in their order, each checked against what it names."""
    own = {office.id for office in offices.values() if not office.outside}
    found: list[RoutingRule] = []
    for table in file.listed("route"):
        when = table.table("when")
        rule = RoutingRule(
            id=table.text("id", form=_ID, shape="an id: small letters, digits, _ and - only"),
            office=table.choice("office", {*own, AREA_HEAD}),
            categories=_named(when, "category", categories),
            areas=_named(when, "area", areas),
            weekdays=frozenset(WEEKDAYS.index(day) for day in _named(when, "weekday", WEEKDAYS)),
            hours=(when.minute("from"), when.minute("until")) if "from" in when or "until" in when else None,
            answers={},
        )
        table.table("why").label(languages)  # said in the file for people; no rule without a reason
        rule = replace(rule, answers=_wanted(when, rule, categories))
        if rule.hours is not None and rule.hours[0] == rule.hours[1]:
            when.fault("until", "is the same as from")
        if any(rule.id == other.id for other in found):
            table.fault("id", f"{rule.id!r} stands twice")
        found.append(rule)
    return tuple(found)


def _named(table: Table, key: str, known: Collection[str]) -> frozenset[str]:
    values = table.texts(key, default=())
    for value in values:
        if value not in known:
            table.fault(key, f"{value!r} is unknown")
    return frozenset(values) & frozenset(known)


def _wanted(when: Table, rule: RoutingRule, categories: Mapping[str, Category]) -> dict[str, Wanted]:
    """What a rule asks of answers: ``answers.<question> = ["value"]``, or ``{at_least = 3}`` of a number."""
    asked = [q for key in rule.categories for q in categories[key].questions]
    wanted: dict[str, Wanted] = {}
    if "answers" not in when:
        return wanted
    table = when.table("answers")
    for name in table.names():
        questions = [q for q in asked if q.id == name]
        if not questions:
            table.fault(name, "is no question of these categories")
        elif table.holds_list(name):
            allowed = {value for q in questions for value in q.values}
            wanted[name] = Wanted(
                values=_named(table, name, allowed) if allowed else frozenset(table.texts(name))
            )
        else:
            bounds = table.table(name)
            given = {key: bounds.number(key) for key in ("at_least", "at_most") if key in bounds}
            if not given:
                bounds.fault("", "says neither at_least nor at_most")
            if any(q.datatype != "number" for q in questions):
                table.fault(name, "is no number")
            wanted[name] = Wanted(at_least=given.get("at_least"), at_most=given.get("at_most"))
    return wanted


def _check_keywords(file: Table, found: Mapping[str, Category]) -> None:
    """A keyword in two categories of different offices decides nothing, unless it is marked as shared."""
    shared = {" ".join(words_of(phrase)) for phrase in file.phrases("shared_keywords", default=())}
    holders: dict[str, list[Category]] = {}
    for category in found.values():
        for keyword in {" ".join(words_of(phrase)) for phrase in category.keywords}:
            holders.setdefault(keyword, []).append(category)
    for keyword, those in sorted(holders.items()):
        if len({category.office for category in those}) > 1 and keyword not in shared:
            names = ", ".join(category.id for category in those)
            file.fault(
                "keywords", f"{keyword!r} is in {names}, of different offices, and not in shared_keywords"
            )
    for keyword in sorted(shared - {keyword for keyword, those in holders.items() if len(those) > 1}):
        file.fault("shared_keywords", f"{keyword!r} is not shared")
