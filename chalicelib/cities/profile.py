"""Builds a City from the parsed files of its profile, or says all that is wrong with them.

What each key means is said by the comments in ``denpasar/``, the profile to copy from.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from chalicelib.cities import FILES, BadProfile, ground, services, worktime
from chalicelib.cities.reading import WEEKDAYS, Faults, Table, words_of
from chalicelib.domain import replies
from chalicelib.domain.city import (
    WINDOWS,
    Appeals,
    Area,
    Asking,
    City,
    Consent,
    Duplicates,
    Lists,
    NewDates,
    Office,
    ReplyTemplate,
    Reveal,
    Road,
    Rung,
    Windows,
)
from chalicelib.domain.clock import Span, Unit
from chalicelib.domain.complaint import OPEN
from chalicelib.domain.notices import TEMPLATES
from chalicelib.domain.people import Role
from chalicelib.domain.sms import is_gsm7

Parsed = Mapping[str, Mapping[str, Any]]
"""A profile's files by name, as TOML reads them."""

_LINES: Mapping[str, tuple[Role, ...]] = {
    "area": (Role.HAMLET_HEAD, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD, *services.CITY_ROLES),
    "topic": (Role.DUTY, Role.DIVISION_HEAD, Role.OFFICE_HEAD, *services.CITY_ROLES),
    "emergency": (Role.DUTY, Role.DIVISION_HEAD, Role.OFFICE_HEAD, *services.CITY_ROLES),
}
"""Which posts may stand on which line of the ladder, lowest first."""

_RETAINED = ("identity", "text", "photo", "notice", "access_log")
_PARENT = "parent"
_OTHERS_ACCUSED = ("office", "hamlet", "city")
"""Keys of the conflict table beside office ids and kinds: any other office, a hamlet's head, secretary and mayor."""


def build(city_id: str, parsed: Parsed, boundaries: bytes | None = None) -> City:
    """Build and check a city. Raises BadProfile with every fault found, not just the first.

    ``parsed`` holds the ``FILES`` and a ``messages.<language>.toml`` for each language; ``boundaries`` is what
    ``make boundaries`` installed, None where label points must do.
    """
    faults = Faults()
    top, area_file, category_file, office_file, holiday_file = (
        Table(parsed.get(name, {}), name, "", faults) for name in FILES
    )
    languages = top.texts("languages")
    for language in sorted({"id", "en"} - {*languages}):
        top.fault("languages", f"{language!r} is missing")
    utc_offset = _offset(top)
    region = top.text("region_code", form=r"\d\d\.\d\d", shape="such as 51.71")
    since = top.text("since", form=r"20\d\d-(0[1-9]|1[0-2])", shape="a month such as 2026-01")

    titles = _titles(top)
    areas = ground.areas(area_file, region)
    neighbours = ground.neighbours(top, languages)
    silences = worktime.silences(holiday_file, utc_offset)
    calendars = worktime.calendars(top, holiday_file, utc_offset, since, silences)
    offices = services.offices(office_file, top, areas, titles, calendars, languages)
    own = {office.id for office in offices.values() if not office.outside}
    groups = {key: table.label(languages) for key, table in category_file.named("group")}
    ceilings = services.ceilings(top)
    emergency_numbers = services.emergency_numbers(top, offices, areas, languages)
    known = services.Known(languages, offices, calendars, groups, ceilings, emergency_numbers)
    categories = services.categories(category_file, known)
    emergency = services.emergency_rules(top, categories)
    windows = top.table("windows")
    question = windows.span("question")
    ladders = _ladders(top, areas, offices, titles, languages)
    city = City(
        id=city_id,
        name=top.text("name"),
        code_prefix=top.text("code_prefix", form="[A-Z]{3}", shape="three capitals"),
        region_code=region,
        since=since,
        host=top.text(
            "host", form=r"[a-z0-9-]+(\.[a-z0-9-]+)+", shape="a host name such as lapor.example.id"
        ),
        sender=top.text("sender", form=r"(?=.*[A-Za-z])[A-Za-z0-9]{3,11}", shape="3 to 11 letters or digits"),
        service_name=top.text("service_name"),
        languages=languages,
        greeting=top.table("greeting").label(languages),
        utc_offset=utc_offset,
        zone_name=top.text("zone_name"),
        areas=areas,
        offices=offices,
        categories=categories,
        groups=groups,
        ceilings=ceilings,
        calendars=calendars,
        quiet=worktime.quiet(top, utc_offset, silences),
        ladders=ladders,
        titles=titles,
        default_category=top.choice("default_category", categories),
        triage_office=top.choice("triage_office", own),
        information_office=top.choice("information_office", own),
        verification=top.span("verification"),
        approval=top.span("approval"),
        handover=top.span("handover"),
        referral=top.span("referral"),
        redo=top.span("redo"),
        appeals=_appeals(top, ladders["topic"]),
        consent=_consent(top.table("consent"), languages),
        longer_by=_longer_by(top),
        village_affairs=_village_affairs(top, own, ladders["area"]),
        post_calendars=worktime.post_calendars(top, services.CITY_ROLES, calendars),
        screening_before_public=top.flag("screening_before_public"),
        conflict=_conflict(top, areas, offices),
        accusation_words=top.phrases("accusation_words"),
        emergency_numbers=emergency_numbers,
        emergency=emergency,
        windows=_windows(windows),
        asking=_asking(top, question, windows),
        new_dates=_new_dates(top.table("scheduled"), languages),
        retention_days=_retention(top),
        photo_release=top.table("photos").choice("release", ("person", "with_text")),
        neighbours=neighbours,
        templates={language: _templates(parsed, language, faults) for language in languages},
        sms_price=_sms_price(top),
        sms_budget=_sms_budget(top, own),
        geography=ground.geography(areas, neighbours, area_file, boundaries, faults),
        routing_rules=services.routing_rules(category_file, areas, offices, categories, languages),
        duplicates=_duplicates(top),
        replies=_replies(top, categories, languages),
        roads=_roads(top, offices.keys() - own),
        road_categories=_road_categories(top, categories),
        contacts=_contacts(top),
        services_changed=top.text(
            "services_changed", form=r"20\d\d-[01]\d-[0-3]\d", shape="a day such as 2026-11-22"
        ),
        lists=_lists(top),
        reveal=_reveal(top, categories),
    )
    if found := faults.all():
        raise BadProfile(city_id, found)
    return city


def _new_dates(table: Table, languages: tuple[str, ...]) -> NewDates:
    reasons = {}
    for key, reason in table.named("reason"):
        reason.known_as(key, r"[a-z][a-z0-9_]*")
        reasons[key] = reason.label(languages)
    return NewDates(table.whole("head_months"), reasons)


def _offset(top: Table) -> timedelta:
    value = top.text("utc_offset", form=r"[+-][01]\d:[0-5]\d", shape="an offset such as +08:00")
    sign, hours, minutes = value[:1], value[1:3], value[4:]
    if not (hours.isdigit() and minutes.isdigit()):
        return timedelta()
    return (-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes))


def _titles(top: Table) -> dict[str, str]:
    """``role`` -> title, and ``role.kind`` -> title for offices of one kind."""
    table = top.table("titles")
    found: dict[str, str] = {}
    for role in table.names():
        if role not in {*Role}:
            table.fault(role, "is no role")
        elif table.holds_text(role):
            found[role] = table.text(role)
        else:
            kinds = table.table(role)
            found |= {f"{role}.{kind}": kinds.text(kind) for kind in kinds.names()}
    return found


def _ladders(
    top: Table,
    areas: Mapping[str, Area],
    offices: Mapping[str, Office],
    titles: Mapping[str, str],
    languages: tuple[str, ...],
) -> dict[str, tuple[Rung, ...]]:
    lines = top.table("ladder")
    for line in lines.names():
        if line not in _LINES:
            lines.fault(line, f"is none of {', '.join(_LINES)}")
    return {line: _ladder(lines, line, areas, offices, titles, languages) for line in _LINES}


def _ladder(
    lines: Table,
    line: str,
    areas: Mapping[str, Area],
    offices: Mapping[str, Office],
    titles: Mapping[str, str],
    languages: tuple[str, ...],
) -> tuple[Rung, ...]:
    order = _LINES[line]
    own = {o.id for o in offices.values() if not o.outside and o.id not in areas}
    village_kinds = {area.kind for area in areas.values() if area.parent is not None}
    kinds_of: Mapping[Role, set[str]] = {
        Role.HAMLET_HEAD: village_kinds,
        Role.VILLAGE_HEAD: village_kinds,
        Role.DISTRICT_HEAD: {area.kind for area in areas.values() if area.parent is None},
    }
    rungs: list[Rung] = []
    for table in lines.listed(line):
        role = table.choice("role", order)
        if role in order:
            office = table.choice("office", own) if line == "emergency" and "office" in table else None
            if rungs and order.index(Role(role)) <= order.index(Role(rungs[-1].role)) and not office:
                table.fault("role", f"{role} stands above {rungs[-1].role}")
            if role in services.CITY_ROLES:
                untitled = [] if role in titles else ["the city"]
            elif line == "area":
                untitled = [
                    kind for kind in kinds_of[Role(role)] if not titles.keys() & {role, f"{role}.{kind}"}
                ]
            else:
                untitled = [o.id for o in offices.values() if not o.outside and role not in o.titles]
            for holder in sorted(untitled):
                table.fault("role", f"{role} has no title in {holder}")
            given = {"acknowledge": table.span("acknowledge")} if "acknowledge" in table else {}
            kinds = frozenset(table.texts("coordinates_in", default=()))
            if kinds and role != Role.DISTRICT_HEAD:
                table.fault("coordinates_in", f"{role} has nobody elected below")
            for kind in sorted(kinds - village_kinds):
                table.fault("coordinates_in", f"no village is a {kind!r}")
            rungs.append(
                Rung(
                    role,
                    table.span("waits"),
                    table.label(languages),
                    **given,
                    coordinates_in=kinds,
                    office=office,
                )
            )
    if not rungs:
        lines.fault(line, "has no rung")
    if line == "emergency":
        if rungs and (rungs[0].role != Role.DUTY or rungs[0].office):
            lines.fault(line, "must begin with the duty post of whichever office has the case")
        for place, rung in enumerate(rungs):
            for name, span in (("acknowledge", rung.acknowledge), ("waits", rung.waits)):
                if span.unit is not Unit.MINUTES:
                    lines.fault(
                        f"{line}[{place}].{name}", "must be calendar time, for emergencies know no closing"
                    )
    return tuple(rungs)


def _longer_by(top: Table) -> frozenset[str]:
    """Who at the triage office may promise a later moment when a case is sorted."""
    roles = (Role.TRIAGE, Role.DIVISION_HEAD, Role.OFFICE_HEAD)
    found = top.texts("longer_by")
    for role in found:
        if role not in roles:
            top.fault("longer_by", f"{role!r} is none of {', '.join(roles)}")
    return frozenset(found)


def _village_affairs(top: Table, own: Collection[str], area_line: Iterable[Rung]) -> str:
    """The office that hears together with a camat who coordinates; needed where one does."""
    if "village_affairs" in top or any(rung.coordinates_in for rung in area_line):
        return top.choice("village_affairs", own)
    return ""


def _conflict(top: Table, areas: Mapping[str, Area], offices: Mapping[str, Office]) -> dict[str, str]:
    """Who takes a case about whom: looked up by office id, then by kind, then under ``office``."""
    table = top.table("conflict")
    village_kinds = {area.kind for area in areas.values() if area.parent is not None}
    accused = {*offices, *(office.kind for office in offices.values()), *_OTHERS_ACCUSED}
    found: dict[str, str] = {}
    for key in table.names():
        if key not in accused:
            table.fault(key, "is no office, no kind of office and none of " + ", ".join(_OTHERS_ACCUSED))
        found[key] = table.text(key)
        if found[key] != _PARENT and found[key] not in offices:
            table.fault(key, f"there is no office {found[key]}")
        if found[key] == _PARENT and key not in village_kinds and key not in areas:
            table.fault(key, "only a village has a parent")
    needed = ["office", "city", *(["hamlet"] if any(area.hamlets for area in areas.values()) else [])]
    for key in needed:
        if key not in found:
            table.fault(key, "is missing")
    if "city" in found and found["city"] in offices and not offices[found["city"]].contact:
        # Reporters are told how to reach it when the law's limit is near.
        table.fault("city", f"{found['city']} has no contact")
    for office in offices.values():
        if found.get(office.id, found.get(office.kind, found.get("office"))) == office.id:
            table.fault(office.id, "would take the cases about itself")
    return found


def _replies(
    top: Table, categories: Collection[str], languages: tuple[str, ...]
) -> tuple[ReplyTemplate, ...]:
    """Beginnings of answers, each in all languages of the city, with no placeholder but the safe ones."""
    found: list[ReplyTemplate] = []
    for table in top.listed("reply"):
        template = ReplyTemplate(
            table.text("name", form=r"[a-z][a-z0-9_]*", shape="small letters, digits and _"),
            table.choice("act", replies.ACTS),
            table.label(languages),
            table.table("text").label(languages),
            table.texts("categories", default=()),
            table.texts("states", default=()),
        )
        for category in sorted({*template.categories} - {*categories}):
            table.fault("categories", f"there is no category {category!r}")
        for state in sorted({*template.states} - {*OPEN}):
            table.fault("states", f"{state!r} is no state of an open case")
        if any(template.id == other.id for other in found):
            table.fault("name", f"{template.id!r} stands twice")
        for language, text in template.texts.items():
            _check_reply(table, f"text.{language}", text)
        found.append(template)
    return tuple(found)


def _check_reply(table: Table, key: str, text: str) -> None:
    try:
        pieces = [*string.Formatter().parse(text)]
    except ValueError as error:
        table.fault(key, f"its braces do not pair: {error}")
        return
    names = {name for _, name, _, _ in pieces if name is not None}
    if names - replies.FIELDS or any(spec or conversion for _, _, spec, conversion in pieces):
        table.fault(key, f"may fill in {', '.join(sorted(replies.FIELDS))} and nothing else")
    if len(text) > replies.LONGEST:
        table.fault(key, f"is longer than {replies.LONGEST} letters")


def _roads(top: Table, outside: Collection[str]) -> tuple[Road, ...]:
    """Main roads that an agency outside keeps; no name may mean two of them."""
    roads = tuple(
        Road(table.text("name"), table.choice("owner", outside), table.phrases("aliases", default=()))
        for table in top.listed("road")
    )
    seen: dict[str, str] = {}
    for place, road in enumerate(roads):
        for name in (road.name, *road.aliases):
            plain = " ".join(words_of(name))
            if seen.setdefault(plain, road.name) != road.name or not plain:
                top.fault(f"road[{place}]", f"{name!r} names {seen[plain] or 'nothing'} already")
    return roads


def _road_categories(top: Table, categories: Collection[str]) -> tuple[str, ...]:
    found = top.texts("road_categories", default=())
    for category in sorted({*found} - {*categories}):
        top.fault("road_categories", f"there is no category {category!r}")
    return found


def _windows(table: Table) -> Windows:
    """Every window, who may use it, and what somebody who left no contact can do."""
    who, without = table.table("who"), table.table("without_contact")
    windows = Windows(
        edit=table.time("edit"),
        rate=table.time("rate"),
        reopen=table.time("reopen"),
        appeal=table.time("appeal"),
        silence=table.time("silence"),
        silence_warning=table.time("silence_warning"),
        referral_link=table.time("referral_link"),
        who={name: who.choice(name, (only,)) for name, (only, _) in WINDOWS.items()},
        without_contact={name: without.choice(name, choices) for name, (_, choices) in WINDOWS.items()},
    )
    if windows.silence_warning >= windows.silence:
        table.fault("silence_warning", "must be shorter than silence, or it would come before the claim")
    if windows.silence > windows.reopen:
        table.fault("silence", "is longer than reopen, so a case would wait that nobody can reopen")
    return windows


def _appeals(top: Table, topic_line: Iterable[Rung]) -> Appeals:
    table = top.table("appeals")
    roles = [rung.role for rung in topic_line if rung.role != Role.DUTY]
    return Appeals(table.choice("by", roles), table.span("within"))


def _asking(top: Table, wait: Span, windows: Table) -> Asking:
    table = top.table("question")
    asking = Asking(wait, table.span("most"), table.whole("times"))
    for key, span, at in (("question", asking.wait, windows), ("most", asking.most, table)):
        if key in at and span.unit is not Unit.WORKING_DAYS:
            at.fault(key, "must be working days")
    if "most" in table and asking.most.amount < asking.wait.amount:
        table.fault("most", "is less than a single question may wait")
    return asking


def _duplicates(top: Table) -> Duplicates:
    table = top.table("duplicates")
    return Duplicates(table.time("recurs"), table.phrases("follow_up"))


def _retention(top: Table) -> dict[str, int]:
    table = top.table("retention_days")
    return {key: table.whole(key) for key in _RETAINED}


def _consent(table: Table, languages: tuple[str, ...]) -> Consent:
    version = table.text("version", form=r"20\d\d-\d\d-\d\d", shape="the day from which this text holds")
    return Consent(version, table.label(languages))


def _contacts(top: Table) -> dict[str, str]:
    if "contacts" not in top:
        return {}
    table = top.table("contacts")
    return {key: table.text(key) for key in table.names()}


def _lists(top: Table) -> Lists:
    table = top.table("lists")
    weekday = table.choice("weekday", WEEKDAYS)
    return Lists(table.minute("at"), WEEKDAYS.index(weekday) if weekday in WEEKDAYS else 0)


def _reveal(top: Table, categories: Collection[str]) -> Reveal:
    if "reveal" not in top:
        return Reveal()
    table = top.table("reveal")
    found = table.texts("categories")
    for unknown in sorted({*found} - {*categories}):
        table.fault("categories", f"{unknown!r} is no category")
    return Reveal(table.time("told_after"), frozenset(found))


def _sms_price(top: Table) -> dict[str, str]:
    table = top.table("sms_price")
    day: date = table.day("as_of")
    return {
        "rupiah": table.text("rupiah", form=r"\d{1,6}", shape="whole rupiah"),
        "as_of": day.isoformat(),
        "source": table.text("source"),
    }


def _sms_budget(top: Table, offices: Collection[str]) -> dict[str, int]:
    if "sms_budget" not in top:
        return {}
    table = top.table("sms_budget")
    for unknown in sorted({*table.names()} - {*offices, "default"}):
        table.fault(unknown, "is no office of this city")
    return {name: table.whole(name) for name in table.names()}


def _templates(parsed: Parsed, language: str, faults: Faults) -> dict[str, str]:
    """The texts of one language: ``[office_new] sms`` is ``office_new.sms``."""
    file = Table(parsed.get(f"messages.{language}.toml", {}), f"messages.{language}.toml", "", faults)
    found: dict[str, str] = {}
    for group in file.names():
        table = file.table(group)
        found |= {f"{group}.{kind}": table.text(kind) for kind in table.names()}
    for name in sorted(TEMPLATES.keys() - found.keys()):
        file.fault(name, "is missing")
    for name in sorted(found.keys() - TEMPLATES.keys()):
        file.fault(name, "is no template")
    for name in found.keys() & TEMPLATES.keys():
        _check_template(file, name, found[name])
    return found


def _check_template(file: Table, name: str, text: str) -> None:
    try:
        pieces = [*string.Formatter().parse(text)]
    except ValueError as error:
        file.fault(name, f"its braces do not pair: {error}")
        return
    if any(spec or conversion for _, _, spec, conversion in pieces):
        file.fault(name, "a placeholder is a name in braces and nothing more")
    holders = {holder for _, holder, _, _ in pieces if holder is not None}
    for missing in sorted(TEMPLATES[name] - holders):
        file.fault(name, f"lacks {{{missing}}}")
    for unknown in sorted(holders - TEMPLATES[name]):
        file.fault(name, f"has {{{unknown}}}, which nobody fills in")
    if name.endswith(".sms") and not is_gsm7("".join(literal for literal, _, _, _ in pieces)):
        file.fault(name, "holds a letter that is not GSM-7")
