"""Forms: what a body or a query says, checked field by field, with all faults collected before anybody is told.

A form knows its fields; anything else in it is a fault, so nobody sets a status, an office or a deadline.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.domain import photos, routing
from chalicelib.domain.city import CITY_SCOPE, City, Kind
from chalicelib.domain.complaint import Filing, Place, Status
from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.geo import Point
from chalicelib.domain.outside import Answer as Word
from chalicelib.domain.reporting import WITHDRAWALS
from chalicelib.domain.scheduling import Wish
from chalicelib.domain.tracking import parse_code
from chalicelib.usecases.handling import Lowering, Sorting
from chalicelib.usecases.intake import Contact
from chalicelib.usecases.reading import NEAR_MOST_METRES, PAGE, Filters
from chalicelib.usecases.signin import Kind as WhoKind

TEXT_MOST = 5000
SENTENCE_MOST = 1000
WORDS_MOST = 300
QUESTIONS_MOST = 99
"""No case has more; how many it may have is in the profile."""
PROOF_LEAST = 10
MENTIONS_MOST = 10
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
PHOTOS_MOST, BOXES_MOST, PHOTO_TYPES = photos.PER_ACT, photos.BOXES_MOST, photos.TYPES
_PHOTO = re.compile(r"[a-z2-7]{26}")
_DRAFT = re.compile(r"[A-Za-z0-9_\-:.]{22,128}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_RESERVED = frozenset(
    {"status", "office", "deadline", "due", "code", "version", "level", "citizen", "screening", "outcome"}
)
"""Fields that exist on a complaint and that no citizen may set: told apart from mere typing errors."""
DECISIONS = ("grant", "uphold")
REJECTIONS = ("duplicate", "not_city", "unclear", "court", "abuse", "other")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MISSING = object()


class Form:
    """One object of fields under a path; it remembers what was asked for and what was wrong."""

    def __init__(self, values: Mapping[str, Any], path: str = "", faults: list[Fault] | None = None) -> None:
        self._values = values
        self._path = path
        self._asked: set[str] = set()
        self.faults: list[Fault] = [] if faults is None else faults

    def fault(self, name: str, reason: str, **values: str | int) -> None:
        self.faults.append(Fault(f"{self._path}{name}", reason, values))

    def text(
        self, name: str, *, least: int = 0, most: int, lines: bool = True, required: bool = False
    ) -> str:
        """A text, stripped and in Unicode NFC; control characters and lone surrogates are faults."""
        value = self._take(name, required or least > 0)
        if value is _MISSING:
            return ""
        if not isinstance(value, str):
            self.fault(name, "no_text")
            return ""
        if len(value) > most:
            self.fault(name, "too_long", most=most)
            return ""
        if _unstorable(value, lines=lines):
            self.fault(name, "bad_characters")
            return ""
        text = unicodedata.normalize("NFC", value).strip()
        if not text and (required or least):
            self.fault(name, "required")
        elif text and len(text) < least:
            self.fault(name, "too_short", least=least)
        return text

    def choice(
        self, name: str, choices: Iterable[str], *, required: bool = False, unknown: str = ""
    ) -> str | None:
        """One of a few words; ``unknown`` names the fault where listing them all would help nobody."""
        value = self._take(name, required)
        if value is _MISSING:
            return None
        options = list(choices)
        if not isinstance(value, str) or value not in options:
            if unknown:
                self.fault(name, unknown)
            else:
                self.fault(name, "not_a_choice", choices=", ".join(options))
            return None
        return value

    def boolean(self, name: str, *, required: bool = False) -> bool | None:
        value = self._take(name, required)
        if value is _MISSING:
            return None
        if not isinstance(value, bool):
            self.fault(name, "no_boolean")
            return None
        return value

    def number(self, name: str, least: float, most: float, *, required: bool = False) -> float | None:
        """A finite number within bounds; a text that holds one is taken from a query only."""
        value = self._take(name, required)
        if value is _MISSING:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(name, "no_number")
            return None
        # NaN fails every comparison, and an integer too long for a float is compared as it is.
        if not least <= value <= most:
            self.fault(name, "out_of_range", least=_plain(least), most=_plain(most))
            return None
        return float(value)

    def whole(self, name: str, least: int, most: int, *, required: bool = False) -> int | None:
        value = self._take(name, required)
        if value is _MISSING:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(name, "no_whole_number")
            return None
        if not least <= value <= most:
            self.fault(name, "out_of_range", least=least, most=most)
            return None
        return value

    def moment(self, name: str, *, now: datetime, required: bool = False) -> datetime | None:
        """An RFC 3339 moment with its zone, within ten years of now."""
        value = self._take(name, required)
        if value is _MISSING:
            return None
        try:
            if not isinstance(value, str) or len(value) > 40:
                raise ValueError
            read = datetime.fromisoformat(value)
            if read.tzinfo is None:
                raise ValueError
            read = read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fault(name, "no_moment")
            return None
        if abs(read - now) > timedelta(days=3653):
            self.fault(name, "moment_far")
            return None
        return read

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A day (ISO 8601) within this century."""
        value = self._take(name, required)
        if value is _MISSING:
            return None
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fault(name, "no_day")
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fault(name, "no_day")
            return None

    def part(self, name: str, *, required: bool = False) -> Form | None:
        """An object within; its faults land in the same list, under ``name.``."""
        value = self._take(name, required)
        if value is _MISSING:
            return None
        if not isinstance(value, Mapping):
            self.fault(name, "no_object")
            return None
        return Form(value, f"{self._path}{name}.", self.faults)

    def raw(self, name: str, *, required: bool = False) -> Any:
        """A value as it came, None where there is none."""
        value = self._take(name, required)
        return None if value is _MISSING else value

    def close(self, unknown: str = "unknown_field") -> None:
        """Fault every field that nobody asked for; ``unknown`` names the fault."""
        for name in self._values:
            if name not in self._asked:
                shown = name if len(name) <= 40 and name.isprintable() else "?"
                self.fault(shown, "not_yours" if name in _RESERVED else unknown)

    def done(self) -> None:
        """Close the form and raise Invalid with every fault found."""
        self.close()
        if self.faults:
            raise Invalid(self.faults)

    def _take(self, name: str, required: bool) -> Any:
        self._asked.add(name)
        value = self._values.get(name, _MISSING)
        if value is None:
            value = _MISSING
        if value is _MISSING and required:
            self.fault(name, "required")
        return value


# The report ---------------------------------------------------------------------------------------------------


def complaint(
    values: Mapping[str, Any],
    city: City,
    language: str,
    *,
    channel: str,
    now: datetime,
    on_behalf: bool = False,
) -> tuple[Filing, Contact]:
    """A report and its contact, or Invalid with all faults. docs/openapi.yaml has the fields."""
    form = Form(values)
    kind = form.choice("kind", [str(k) for k in Kind]) or Kind.COMPLAINT
    category = form.choice("category", city.categories, unknown="unknown_category")
    if category and Kind(kind) not in city.categories[category].kinds:
        form.fault("category", "category_kind")
    text = form.text("text", least=10, most=TEXT_MOST)
    area, hamlet, place = _place(form, city)
    identity = form.choice("identity", ("hidden", "shown"))
    publication = form.choice("publication", ("public", "private"))
    spoken = form.choice("language", city.languages) or language
    client_time = form.moment("client_time", now=now)
    share = form.boolean("share_with_agency") or False
    hamlet_head = form.boolean("hamlet_head_may_know") or False
    contact = _contact(form)
    sent = _photos(form)
    consent = form.choice("consent_version", [city.consent.version], unknown="consent_old") or ""
    about = form.part("about_staff")
    accused, accused_words = _accused(about, city) if about else (None, "")
    answers = _answers(form, city, category, now)
    if on_behalf and form.boolean("consent", required=True) is False:
        form.fault("consent", "consent_required")
    form.close()
    filing = Filing(
        kind=Kind(kind),
        text=text,
        language=spoken,
        channel=channel,
        category=category,
        area=area,
        hamlet=hamlet,
        place=place,
        answers=answers,
        identity_shown=identity == "shown",
        private=publication == "private",
        about_staff=about is not None,
        accused=accused,
        accused_words=accused_words,
        client_time=client_time,
        photos=sent,
        share=share,
        hamlet_head_may_know=hamlet_head,
        consent=consent,
        consent_language=language,
    )
    if not {fault.field.partition(".")[0] for fault in form.faults} & {"place", "category", "kind"}:
        try:
            routing.placed(filing, city)
        except Invalid as unplaced:
            form.faults += unplaced.faults
    if form.faults:
        raise Invalid(form.faults)
    return filing, contact


def _place(form: Form, city: City) -> tuple[str | None, str | None, Place]:
    place = form.part("place")
    if place is None:
        return None, None, Place()
    lat = place.number("lat", -90, 90)
    lon = place.number("lon", -180, 180)
    faulted = {fault.field for fault in form.faults} & {"place.lat", "place.lon"}
    if (lat is None) != (lon is None) and not faulted:
        place.fault("lon" if lon is None else "lat", "required")
    area = place.choice("area", city.villages, unknown="unknown_area")
    hamlet = place.choice("hamlet", city.hamlets, unknown="unknown_hamlet")
    words = place.text("words", most=WORDS_MOST, lines=False)
    place.close()
    point = Point(lat, lon) if lat is not None and lon is not None else None
    return area, hamlet, Place(point, words)


def _contact(form: Form) -> Contact:
    contact = form.part("contact")
    if contact is None:
        return Contact()
    number = contact.text("phone", most=40, lines=False)
    address = contact.text("email", most=254, lines=False)
    name = contact.text("name", most=100, lines=False)
    contact.close()
    found = phone(number) if number else ""
    if number and not found:
        contact.fault("phone", "no_phone")
    if address and not _EMAIL.fullmatch(address):
        contact.fault("email", "no_email")
    if name and not number and not address:
        contact.fault("phone", "no_address")
    return Contact(found, address.lower(), name)


def _accused(about: Form, city: City) -> tuple[str | None, str]:
    """Whom it is about: an office, village, district or hamlet by id, ``city`` for its heads, and words for it."""
    office = about.choice("office", _accusable(city), unknown="unknown_accused")
    words = about.text("words", most=WORDS_MOST, lines=False)
    about.close()
    return office, words


def _accusable(city: City) -> list[str]:
    return [*city.offices, *city.hamlets, CITY_SCOPE]


def _answers(form: Form, city: City, category: str | None, now: datetime) -> dict[str, Any]:
    """Answers to the category's extra questions, by question id; datatypes as in Open311."""
    given = form.part("answers")
    questions = city.categories[category].questions if category else ()
    answers: dict[str, Any] = {}
    if given is None:
        for question in questions:
            if question.required:
                form.fault(f"answers.{question.id}", "required")
        return answers
    for question in questions:
        value: Any
        if not question.variable:
            continue  # a sentence to read, and no question
        if question.datatype == "number":
            value = given.number(question.id, -1e12, 1e12, required=question.required)
        elif question.datatype == "datetime":
            moment = given.moment(question.id, now=now, required=question.required)
            value = moment.isoformat() if moment else None
        elif question.datatype == "singlevaluelist":
            value = given.choice(question.id, question.values, required=question.required)
        elif question.datatype == "multivaluelist":
            value = _several(given, question.id, list(question.values), required=question.required)
        else:
            most = SENTENCE_MOST if question.datatype == "text" else WORDS_MOST
            value = given.text(question.id, most=most, required=question.required) or None
        if value is not None:
            answers[question.id] = value
    given.close("unknown_question")
    return answers


def _several(form: Form, name: str, choices: list[str], *, required: bool) -> list[str] | None:
    value = form.raw(name, required=required)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > len(choices):
        form.fault(name, "no_list")
        return None
    if any(not isinstance(item, str) or item not in choices for item in value):
        form.fault(name, "not_a_choice", choices=", ".join(choices))
        return None
    return sorted(set(value))


# The acts -----------------------------------------------------------------------------------------------------


def sentence(values: Mapping[str, Any], *, required: bool = True) -> str:
    """``{"text": ...}``: a sentence that the other side reads."""
    form = Form(values)
    text = form.text("text", least=3 if required else 0, most=SENTENCE_MOST)
    form.done()
    return text


def answer(values: Mapping[str, Any]) -> tuple[int, str, bool, tuple[str, ...]]:
    """``{"question": 2, "text": ...}``: which of the office's questions it answers, the words, whether numbers in
    them may go to an agency outside, and the photos."""
    form = Form(values)
    number = form.whole("question", 1, QUESTIONS_MOST, required=True)
    text = form.text("text", least=1, most=SENTENCE_MOST)
    share = form.boolean("share_with_agency") or False
    sent = _photos(form)
    form.done()
    return number or 0, text, share, sent


def resolution(values: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """What was done, for the reporter, and the proof of it, for whoever approves; a category may demand the proof.

    Photos come beside it.
    """
    form = Form(values)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    proof = ""
    if form.raw("proof") is not None:
        proof = form.text("proof", least=PROOF_LEAST, most=SENTENCE_MOST)
    sent = _photos(form)
    form.done()
    return text, proof, sent


def new_date(values: Mapping[str, Any]) -> Wish:
    """A head's second date: until when, why by code and in a sentence, and what is done meanwhile."""
    form = Form(values)
    until = form.day("until", required=True)
    why = form.text("reason", most=60, lines=False, required=True)
    text = form.text("text", least=10, most=SENTENCE_MOST)
    interim = form.text("interim", most=SENTENCE_MOST)
    form.done()
    assert until is not None  # noqa: S101  for the type checker alone: done() has raised without it
    return Wish(until, why, text, interim)


def joining(values: Mapping[str, Any], city: City, language: str) -> tuple[Contact, str]:
    """Who joins, if they say it, and the language of their messages."""
    form = Form(values)
    contact = _contact(form)
    spoken = form.choice("language", city.languages) or language
    form.done()
    return contact, spoken


def merging(values: Mapping[str, Any], city: City) -> str:
    """The code of the case that this one is about the same as."""
    form = Form(values)
    typed = form.text("master", most=40, lines=False, required=True)
    found = parse_code(city.code_prefix, typed) if typed else None
    if typed and found is None:
        form.fault("master", "no_code")
    form.done()
    return found or ""


def about_earlier(values: Mapping[str, Any], city: City) -> tuple[str, str | None, str | None]:
    """A text that may speak of an earlier report, and what else is known of the new one: its category and village."""
    form = Form(values)
    text = form.text("text", most=TEXT_MOST, required=True)
    category = form.choice("category", city.categories, unknown="unknown_category")
    area = form.choice("area", city.villages, unknown="unknown_area")
    form.done()
    return text, category, area


def whole_text(values: Mapping[str, Any]) -> str:
    form = Form(values)
    text = form.text("text", least=10, most=TEXT_MOST)
    form.done()
    return text


def nothing(values: Mapping[str, Any]) -> None:
    """An act that needs no words."""
    Form(values).done()


def reason(values: Mapping[str, Any]) -> str:
    form = Form(values)
    text = form.text("reason", most=WORDS_MOST)
    form.done()
    return text


def rating(values: Mapping[str, Any]) -> tuple[int, str]:
    form = Form(values)
    score = form.whole("score", 1, 5, required=True)
    words = form.text("words", most=SENTENCE_MOST)
    form.done()
    return score or 0, words


def scored(said: Mapping[str, str]) -> tuple[int, str]:
    """A rating as a page sends it, where every value is a text."""
    score = said.get("score", "")
    return rating({**said, "score": int(score)} if score and score in "12345" else said)


def withdrawal(values: Mapping[str, Any]) -> tuple[str, str]:
    """``{"reason": "asked_to", "text": ...}``: why, from a list, and words that only triage reads."""
    form = Form(values)
    why = form.choice("reason", WITHDRAWALS, required=True) or ""
    text = form.text("text", most=WORDS_MOST)
    form.done()
    return why, text


def appeal_decision(values: Mapping[str, Any]) -> tuple[bool, str]:
    """``{"decision": "grant" or "uphold", "text": ...}``: whether the case goes on, and why."""
    form = Form(values)
    decision = form.choice("decision", DECISIONS, required=True)
    text = form.text("text", least=10, most=SENTENCE_MOST)
    form.done()
    return decision == "grant", text


def transfer(values: Mapping[str, Any]) -> tuple[str, str]:
    """The office that a case goes to, and the sentence that says why."""
    return _target(values, "office")


def note(values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Words for the own office, and the ids of the colleagues whom they mention."""
    form = Form(values)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    given = form.raw("mentions")
    mentions: list[str] = []
    if given is not None:
        if not isinstance(given, list) or len(given) > MENTIONS_MOST:
            form.fault("mentions", "no_list")
        elif any(not isinstance(item, str) or not _ID.fullmatch(item) for item in given):
            form.fault("mentions", "mention_unknown")
        else:
            mentions = list(dict.fromkeys(given))
    form.done()
    return text, mentions


def referral(values: Mapping[str, Any]) -> tuple[str, str]:
    """The agency outside the city that is asked, and what it is asked."""
    return _target(values, "agency")


def _target(values: Mapping[str, Any], name: str) -> tuple[str, str]:
    form = Form(values)
    target = form.text(name, most=60, lines=False, required=True)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    form.done()
    return target, text


def agency_answer(values: Mapping[str, Any]) -> tuple[Word, str, date | None]:
    """An agency's answer: ``done``, ``will_do`` with a ``day``, or ``not_ours``, and a sentence."""
    form = Form(values)
    word = form.choice("answer", [str(word) for word in Word], required=True)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    typed = form.text("day", most=10, lines=False)
    day = None
    try:
        day = date.fromisoformat(typed) if typed else None
    except ValueError:
        form.fault("day", "no_day")
    if word == Word.WILL_DO and not typed:
        form.fault("day", "required")
    form.done()
    return Word(word or Word.DONE), text, day if word == Word.WILL_DO else None


def sorting(values: Mapping[str, Any], city: City) -> Sorting:
    form = Form(values)
    category = form.choice("category", city.categories, required=True, unknown="unknown_category")
    office = form.choice("office", city.offices, unknown="unknown_office")
    area = form.choice("area", city.villages, unknown="unknown_area")
    hamlet = form.choice("hamlet", city.hamlets, unknown="unknown_hamlet")
    accusation = form.boolean("accusation")
    accused = form.choice("accused", _accusable(city), unknown="unknown_accused")
    text = form.text("text", most=SENTENCE_MOST)
    publish = form.boolean("publish") or False
    given = form.text("longer", most=SENTENCE_MOST)
    if given and len(given) < 10:
        form.fault("longer", "too_short", least=10)
    form.done()
    return Sorting(category or "", office, area, hamlet, accusation, accused, text, given, publish)


def raising(values: Mapping[str, Any], city: City) -> tuple[str, str]:
    """The danger, by the key of its emergency number, and the sentence that says why."""
    form = Form(values)
    danger = form.choice("danger", city.emergency_numbers, required=True) or ""
    text = form.text("text", least=3, most=SENTENCE_MOST)
    form.done()
    return danger, text


def lowering(values: Mapping[str, Any], city: City) -> Lowering:
    form = Form(values)
    text = form.text("text", least=3, most=SENTENCE_MOST)
    category = form.choice("category", city.categories, unknown="unknown_category")
    misuse = form.boolean("misuse") or False
    form.done()
    return Lowering(text, category, misuse)


def rejection(values: Mapping[str, Any]) -> tuple[str, str]:
    form = Form(values)
    why = form.choice("reason", REJECTIONS, required=True) or ""
    text = form.text("text", least=10, most=SENTENCE_MOST)
    form.done()
    return why, text


# Sign-in ------------------------------------------------------------------------------------------------------


def address(values: Mapping[str, Any]) -> tuple[str, WhoKind]:
    """A phone or an e-mail to send a one-time code to, and as whom."""
    form = Form(values)
    number = form.text("phone", most=40, lines=False)
    mailbox = form.text("email", most=254, lines=False).lower()
    kind = form.choice("as", ("citizen", "officer")) or "citizen"
    found = phone(number) if number else ""
    if number and not found:
        form.fault("phone", "no_phone")
    if mailbox and not _EMAIL.fullmatch(mailbox):
        form.fault("email", "no_email")
    if not number and not mailbox and not form.faults:
        form.fault("phone", "no_address")
    form.done()
    return found or mailbox, WhoKind(kind)


def challenge(values: Mapping[str, Any]) -> tuple[str, str, str]:
    """A challenge, its digits, and an officer's PIN ("" where there is none)."""
    form = Form(values)
    opened = form.text("challenge", most=64, lines=False, required=True)
    digits = form.text("digits", most=12, lines=False, required=True)
    pin = form.text("pin", most=12, lines=False)
    form.done()
    return opened, "".join(digits.split()), "".join(pin.split())


def link(values: Mapping[str, Any], city: City) -> tuple[str, str]:
    form = Form(values)
    typed = form.text("code", most=40, lines=False, required=True)
    secret = form.text("secret", most=40, lines=False, required=True)
    found = parse_code(city.code_prefix, typed) if typed else None
    if typed and found is None:
        form.fault("code", "no_code")
    form.done()
    return found or "", secret


# Lists --------------------------------------------------------------------------------------------------------


def filters(query: Mapping[str, str], city: City) -> tuple[Filters, str | None, int, str]:
    """The public list's query: filters, cursor, page size and format. Numbers come as texts here."""
    form = Form(_numbers(query, "lat", "lon", "radius", "limit"))
    area = form.choice("area", city.areas, unknown="unknown_area")
    category = form.choice("category", city.categories, unknown="unknown_category")
    office = form.choice("office", city.offices, unknown="unknown_office")
    kind = form.choice("kind", [str(k) for k in Kind])
    status = form.choice("status", [str(s) for s in Status])
    month = form.text("month", most=7, lines=False)
    if month and not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        form.fault("month", "no_month")
    lat, lon = form.number("lat", -90, 90), form.number("lon", -180, 180)
    if (lat is None) != (lon is None) and not form.faults:
        form.fault("lon" if lon is None else "lat", "required")
    radius = form.whole("radius", 10, NEAR_MOST_METRES)
    box = _box(form)
    cursor = form.text("cursor", most=300, lines=False) or None
    limit = form.whole("limit", 1, PAGE) or PAGE
    shape = form.choice("format", ("json", "geojson")) or "json"
    form.choice("lang", city.languages)
    form.done()
    near = Point(lat, lon) if lat is not None and lon is not None else None
    found = Filters(area, category, office, kind, status, month or None, near, radius or 500, box)
    return found, cursor, limit, shape


def paging(query: Mapping[str, str], *choices: str) -> tuple[str, str | None, int]:
    """Which list (where there are several), its cursor and page size."""
    form = Form(_numbers(query, "limit"))
    which = form.choice("which", choices) if choices else ""
    cursor = form.text("cursor", most=300, lines=False) or None
    limit = form.whole("limit", 1, PAGE) or PAGE
    form.choice("lang", ("id", "en"))
    form.done()
    return which or (choices[0] if choices else ""), cursor, limit


def inbox(query: Mapping[str, str], city: City) -> tuple[str, int, str | None, int, str | None]:
    """Which inbox, whether its late cases alone (1) or those three times late (3), its cursor and page size, and of
    whoever answers for no case, the office whose cases are asked for."""
    form = Form(_numbers(query, "limit"))
    which = form.choice("which", ("office", "area", "screening", "emergency", "top")) or "office"
    late = form.choice("late", ("1", "3"))
    cursor = form.text("cursor", most=300, lines=False) or None
    limit = form.whole("limit", 1, PAGE) or PAGE
    form.choice("lang", ("id", "en"))
    office = form.choice("office", _own_offices(city), unknown="unknown_office")
    form.done()
    return which, int(late or 0), cursor, limit, office


def _own_offices(city: City) -> list[str]:
    return [office.id for office in city.offices.values() if not office.outside]


def looks(query: Mapping[str, str]) -> tuple[str | None, str | None]:
    """A month and a cursor of the auditor's list."""
    form = Form(query)
    month = form.text("month", most=7, lines=False) or None
    if month and not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        form.fault("month", "no_month")
    cursor = form.text("cursor", most=300, lines=False) or None
    if cursor and not cursor.isascii():
        form.fault("cursor", "cursor_wrong")
    form.choice("lang", ("id", "en"))
    form.done()
    return month, cursor


def of_office(query: Mapping[str, str], city: City) -> str:
    """The office whose people are asked for."""
    form = Form(query)
    office = form.choice("office", _own_offices(city), unknown="unknown_office", required=True) or ""
    form.choice("lang", ("id", "en"))
    form.done()
    return office


def point(query: Mapping[str, str]) -> tuple[float, float]:
    form = Form(_numbers(query, "lat", "lon"))
    lat = form.number("lat", -90, 90, required=True)
    lon = form.number("lon", -180, 180, required=True)
    form.choice("lang", ("id", "en"))
    form.done()
    return lat or 0.0, lon or 0.0


def nearby(query: Mapping[str, str], city: City) -> tuple[str, Point | None]:
    """A category and a point; without a point there is nothing to look for."""
    form = Form(_numbers(query, "lat", "lon"))
    category = form.choice("category", city.categories, required=True, unknown="unknown_category")
    lat, lon = form.number("lat", -90, 90), form.number("lon", -180, 180)
    if (lat is None) != (lon is None) and not form.faults:
        form.fault("lon" if lon is None else "lat", "required")
    form.choice("lang", city.languages)
    form.done()
    return category or "", Point(lat, lon) if lat is not None and lon is not None else None


def words(values: Mapping[str, Any]) -> str:
    form = Form(values)
    text = form.text("text", most=TEXT_MOST, required=True)
    form.done()
    return text


# Inside -------------------------------------------------------------------------------------------------------


def is_email(typed: str) -> bool:
    return _EMAIL.fullmatch(typed) is not None


def phone(typed: str) -> str:
    """A mobile number in E.164, or "" where it is none.

    Numbers that begin with 62 and lack the plus are Indonesian mobiles that a parser for the region would misread
    as landlines, so the plus is added first. Any country's mobiles are welcome: tourists report, too.
    """
    import phonenumbers

    plain = unicodedata.normalize("NFKC", typed).replace("wa.me/", "").strip()
    digits = re.sub(r"[^\d+]", "", plain)
    if digits.startswith("62"):
        plain = f"+{digits}"
    try:
        number = phonenumbers.parse(plain, "ID")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(number) not in mobile:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _photos(form: Form) -> tuple[str, ...]:
    """Ids of uploads, as `http.photos` gave them out."""
    given = form.raw("photos")
    if given is None:
        return ()
    if not isinstance(given, list):
        form.fault("photos", "no_list")
        return ()
    if len(given) > PHOTOS_MOST:
        form.fault("photos", "too_many_photos", most=PHOTOS_MOST)
        return ()
    for place, item in enumerate(given):
        if not isinstance(item, str) or not _PHOTO.fullmatch(item):
            form.fault(f"photos.{place}", "photo_unknown")
    return tuple(dict.fromkeys(item for item in given if isinstance(item, str)))


def photo_link(values: Mapping[str, Any], *, draft: bool) -> tuple[str, str]:
    """The type of a file, and the key of the draft that it is for: the Idempotency-Key which that is sent under."""
    form = Form(values)
    kind = form.choice("type", PHOTO_TYPES, required=True) or ""
    key = form.text("draft", most=128, lines=False, required=True) if draft else ""
    if key and not _DRAFT.fullmatch(key):
        form.fault("draft", "bad_key")
    form.done()
    return kind, key


def is_photo(typed: str) -> bool:
    return _PHOTO.fullmatch(typed) is not None


def why_hidden(values: Mapping[str, Any]) -> str:
    """Why a photo is not shown: a sentence that its reporter reads."""
    form = Form(values)
    text = form.text("reason", least=3, most=WORDS_MOST)
    form.done()
    return text


def boxes(values: Mapping[str, Any]) -> list[tuple[float, float, float, float]]:
    """What is to be blackened: ``{"boxes": [{"left", "top", "width", "height"}]}``, parts of the upright picture."""
    form = Form(values)
    given = form.raw("boxes", required=True)
    found: list[tuple[float, float, float, float]] = []
    if given is not None and not isinstance(given, list):
        form.fault("boxes", "no_list")
    elif given is not None and len(given) > BOXES_MOST:
        form.fault("boxes", "too_many_boxes", most=BOXES_MOST)
    else:
        for place, item in enumerate(given or ()):
            if not isinstance(item, Mapping):
                form.fault(f"boxes.{place}", "no_object")
                continue
            box = Form(item, f"boxes.{place}.", form.faults)
            sides = [box.number(name, 0, 1, required=True) for name in ("left", "top", "width", "height")]
            box.close()
            left, top, width, height = (side or 0.0 for side in sides)
            found.append((left, top, width, height))
    form.done()
    return found


def _box(form: Form) -> tuple[float, float, float, float] | None:
    text = form.text("box", most=80, lines=False)
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        form.fault("box", "no_box")
        return None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        form.fault("box", "no_box")
        return None
    return south, west, north, east


def _numbers(query: Mapping[str, str], *names: str) -> dict[str, Any]:
    """Texts of a query as the numbers they spell; what spells none stays a text and becomes a fault."""
    values: dict[str, Any] = dict(query)
    for name in names:
        text = values.get(name)
        if isinstance(text, str) and re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", text, re.ASCII):
            values[name] = float(text) if "." in text or name in ("lat", "lon") else int(text)
    return values


def _unstorable(value: str, *, lines: bool) -> bool:
    kept = "\n\r\t" if lines else ""
    return any(
        unicodedata.category(character) in ("Cc", "Cs") and character not in kept for character in value
    )


def _plain(number: float) -> str:
    return f"{number:g}"
