"""Who answers: category and area to an office, accusations past the accused, and what words suggest.

Nothing is ever unrouted: what fits no rule is with the triage office, under a clock like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain import keywords
from chalicelib.domain.city import (
    AREA_HEAD,
    Area,
    Category,
    City,
    Kind,
    PlaceNeed,
    RoutingRule,
    Wanted,
)
from chalicelib.domain.complaint import Filing, Route
from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.geo import Located
from chalicelib.domain.people import is_accused, taker, triage_for
from chalicelib.domain.words import accuses, words

# How suggest() weighs, tuned by hand on a third of some real complaints: docs/routing.md has the figures.
_EARLY = 2.0  # the first word of a text counts 1 + this, the eleventh 1 + half of it
_LEAST = 1.6  # a score below this routes nothing
_LEAD = 1.1  # nor does one below this many times the score of another office's category


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category that the words point to.

    ``sure`` when it stands out enough to route by: triage need not look first. ``words`` are the keywords that were
    found, weightiest first, so that an officer can be told "because of the words: ...".
    """

    category: str
    score: float
    sure: bool
    words: tuple[str, ...] = ()


class _Unfit(Exception):
    """A rule cannot be judged on this report, or cannot be followed."""


def route(filing: Filing, city: City, *, at: datetime) -> Route:
    """Find the office for a fresh report that came ``at`` this moment.

    A report about an officer or an office, named or by its words, is told to nobody but triage until triage
    decides; where triage itself is accused, whoever the profile names stands in.
    """
    if filing.about_staff or filing.accused or any(accuses(said, city) for said in _said(filing)):
        return Route(triage_for(filing.accused, city), "topic", sealed=True)
    category = city.categories.get(filing.category) if filing.category else None
    if category is None:
        return Route(city.triage_office, "topic")
    return route_category(category, filing.area, city, answers=filing.answers, at=at)


def route_category(
    category: Category,
    area: str | None,
    city: City,
    *,
    at: datetime,
    answers: Mapping[str, Any] | None = None,
) -> Route:
    """Find the office for a category in this area: the profile's first rule that holds, else the category's own.

    A rule that cannot be judged (it asks for a number where there is none) or followed (it sends to the area's head,
    and there is no area) is passed over and named in the route, so that it can be reported and mended.
    """
    failed: list[str] = []
    for rule in city.routing_rules:
        try:
            if _holds(rule, category, area, answers or {}, at, city):
                if rule.office == AREA_HEAD and area is None:
                    raise _Unfit
                by_area = rule.office == AREA_HEAD or rule.office in city.areas
                if by_area and (category.sheltered or category.emergency):
                    raise _Unfit  # neither violence nor danger is ever an area head's
                return replace(_to(rule.office, area, city), rule=rule.id, failed=tuple(failed))
        except _Unfit:
            failed.append(rule.id)
    return replace(_to(category.office, area, city), failed=tuple(failed))


def _to(office: str, area: str | None, city: City) -> Route:
    if office != AREA_HEAD:
        return Route(office, "area" if office in city.villages else "topic")
    if area is None:
        # A village matter from nowhere: triage asks or finds out which village.
        return Route(city.triage_office, "topic")
    return Route(area, "area")


def _holds(
    rule: RoutingRule,
    category: Category,
    area: str | None,
    answers: Mapping[str, Any],
    at: datetime,
    city: City,
) -> bool:
    local = at + city.utc_offset
    if rule.categories and category.id not in rule.categories:
        return False
    if rule.areas and (area is None or rule.areas.isdisjoint({area, city.areas[area].parent})):
        return False
    if rule.weekdays and local.weekday() not in rule.weekdays:
        return False
    if rule.hours is not None and not _within(local.hour * 60 + local.minute, *rule.hours):
        return False
    # A question that was not put or not answered is no fault of the rule: it does not hold.
    return all(name in answers and _answers(answers[name], wanted) for name, wanted in rule.answers.items())


def _within(minute: int, start: int, end: int) -> bool:
    return start <= minute < end if start < end else minute >= start or minute < end


def _answers(answer: object, wanted: Wanted) -> bool:
    if wanted.values:
        given = answer if isinstance(answer, list | tuple) else [answer]
        return any(str(each) in wanted.values for each in given)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise _Unfit
    return (wanted.at_least is None or answer >= wanted.at_least) and (
        wanted.at_most is None or answer <= wanted.at_most
    )


def route_accusation(accused: str, city: City) -> Route:
    """Who takes a case about this office, area or hamlet: the profile's conflict table.

    Lurah > camat; perbekel or kaling > Inspektorat; head of office > Inspektorat; Inspektorat > Sekda; Sekda or
    mayor > outside. What belongs outside stays with triage, to be referred by a person.
    """
    office = city.offices[taker(accused, city)]
    return Route(triage_for(accused, city) if office.outside else office.id, "topic")


def assign(office_id: str, accused: str | None, city: City, *, sheltered: bool = False) -> Route:
    """Hand a case to an office by name. Raises Invalid where it may not go there; ``sheltered`` passes areas by."""
    office = city.offices.get(office_id)
    if office is None:
        raise Invalid([Fault("office", "unknown_office")])
    if office.outside:
        raise Invalid([Fault("office", "office_outside", {"office": office.name})])
    if is_accused(office_id, accused, city):
        raise Invalid([Fault("office", "office_in_conflict")])
    if sheltered and office_id in city.areas:
        raise Invalid([Fault("office", "office_sheltered")])
    return Route(office_id, "area" if office_id in city.villages else "topic")


def information_category(city: City) -> str | None:
    """The category under which information requests run (the PPID's own procedure)."""
    return next((c.id for c in city.categories.values() if Kind.INFORMATION in c.kinds), None)


def suggest(text: str, city: City, *, most: int = 3) -> tuple[Suggestion, ...]:
    """Rank the categories that a text's words point to, best first; none where no keyword stands in it.

    A keyword counts once: more if it has more words, or stands earlier, since people name the matter first. The
    keywords of the profile's default category say nothing of the matter ("mohon bantuan"); they only keep what stands
    within them from counting.
    """
    weights: dict[str, dict[str, float]] = {}
    for place, keyword in keywords.find(text, city):
        if keyword.category != city.default_category:
            weight = keyword.weight * (1 + _EARLY / (1 + place / 10))
            weights.setdefault(keyword.category, {})[keyword.text] = weight
    ranked = sorted(((sum(words.values()), category) for category, words in weights.items()), reverse=True)
    # Categories of one office are no rivals: either way the case reaches the same desk.
    offices = [city.categories[category].office for _, category in ranked]
    rival = next(
        (score for (score, _), office in zip(ranked, offices, strict=True) if office != offices[0]), 0.0
    )
    return tuple(
        Suggestion(
            category,
            score,
            sure=place == 0 and score >= max(_LEAST, rival * _LEAD),
            words=tuple(sorted(weights[category], key=lambda word: -weights[category][word])),
        )
        for place, (score, category) in enumerate(ranked[:most])
    )


def placed(filing: Filing, city: City) -> tuple[Filing, Located | None]:
    """Fill in what follows from the rest: the village, the hamlet that a landmark names, the procedure, privacy.

    A hamlet is chosen by the reporter or named by a landmark word, never guessed from a pin. Raises Invalid with all
    faults: a point outside the city, a village that does not fit the point, a place that is missing.
    """
    faults: list[Fault] = []
    category = information_category(city) if filing.kind is Kind.INFORMATION else filing.category
    found = city.categories.get(category) if category else None
    located = city.geography.locate(filing.place.point) if filing.place.point else None
    area = filing.area
    if located is not None:
        if located.outside is not None:
            whose = located.outside or "-"
            faults.append(Fault("place", "outside_city", {"whose": whose, "city": city.name}))
        elif area is None:
            area = located.area
        elif area not in located.candidates and not located.approximate:
            name = city.areas[located.area].name if located.area else "-"
            faults.append(Fault("place.area", "area_elsewhere", {"area": name}))
    if filing.hamlet:
        village = filing.hamlet.partition("/")[0]
        if area is not None and area != village:
            faults.append(Fault("place.hamlet", "hamlet_elsewhere"))
        area = area or village
    told = area is not None or filing.by_address
    if found is not None and found.place is PlaceNeed.REQUIRED and not told and not faults:
        faults.append(Fault("place", "place_required"))
    if faults:
        raise Invalid(faults)
    place = replace(filing.place, approximate=located.approximate) if located else filing.place
    hamlet = filing.hamlet or (_hamlet_named(filing, city.areas[area]) if area else None)
    if found is not None and found.household and not filing.hamlet_head_may_know:
        hamlet = None  # its head may be the neighbour: without a hamlet on the case nobody there hears of it
    private = filing.private or (found is not None and found.sensitive)
    return replace(filing, category=category, area=area, hamlet=hamlet, place=place, private=private), located


def _hamlet_named(filing: Filing, village: Area) -> str | None:
    """The one hamlet of a village whose landmark words stand in what was said; None where none or several do."""
    said = f" {' '.join(word for text in _said(filing) for word in words(text))} "
    found = {
        hamlet.id
        for hamlet in village.hamlets
        for landmark in hamlet.landmarks
        if f" {' '.join(words(landmark))} " in said
    }
    return found.pop() if len(found) == 1 else None


def _said(filing: Filing) -> Iterator[str]:
    """All that the reporter wrote and an office would read: the place in words and free answers, too."""
    yield filing.text
    yield filing.place.words
    yield from (answer for answer in filing.answers.values() if isinstance(answer, str))
