"""What clients of Open311 send, read strictly: numbers, dates and codes as the standard writes them and no other way.

All faults are collected before anybody is told. An empty argument counts as not given; unknown ones are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from chalice.app import Request

from chalicelib.domain import open311
from chalicelib.domain.city import Category, City, Kind, Question
from chalicelib.domain.complaint import Filing, Place
from chalicelib.domain.errors import Fault
from chalicelib.domain.geo import Point
from chalicelib.domain.tracking import parse_code
from chalicelib.http import forms as ours
from chalicelib.http.open311 import media, multipart
from chalicelib.http.open311.answers import Refused
from chalicelib.usecases.intake import Contact
from chalicelib.usecases.open311 import Query, Said

DESCRIPTION_MOST = 4000
ADDRESS_MOST = 500
MOST_BYTES = 4 * 1024 * 1024 + 256 * 1024
"""Four megabytes of photos with the fields beside them."""
_FORM_BYTES = 512 * 1024
_MOST_FIELDS = 1000
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:(Z)|([+ -])(\d\d):(\d\d))", re.ASCII)
_DEGREES = re.compile(r"-?\d{1,3}(?:\.\d{1,20})?", re.ASCII)
_METRES = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_COUNT = re.compile(r"\d{1,12}", re.ASCII)
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](?:\[\d{0,4}\])?", re.ASCII)
_STATE = re.compile(r"[A-Za-z][A-Za-z_ -]{1,39}", re.ASCII)
_LATIN = re.compile(r';\s*charset\s*=\s*"?(?:iso-8859-1|latin-?1|windows-1252)\b', re.IGNORECASE)
"""What old clients still send; a form is UTF-8 where nobody says otherwise. Browsers read all three as the last."""
_WEB = re.compile(r"https?://[^\s<>\"'`\\]{3,2000}", re.IGNORECASE)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


# What every resource reads ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """A post's fields in the order they came, and its files."""

    fields: Mapping[str, Sequence[str]]
    files: Sequence[multipart.File] = ()

    def last(self, name: str) -> str:
        """The last value that is not empty, "" where there is none."""
        return next((value for value in reversed(self.fields.get(name, ())) if value.strip()), "")


def body(request: Request) -> Sent:
    """The fields of a post, form or multipart, without what cannot be stored. Raises Refused."""
    kind = str(request.headers.get("content-type", ""))
    raw = request.raw_body
    content = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    if len(content) > MOST_BYTES:
        raise Refused(413, Fault("body", "form_large"))
    plain = kind.partition(";")[0].strip().lower()
    charset = "cp1252" if _LATIN.search(kind) else "utf-8"
    files: Sequence[multipart.File] = ()
    if plain == "multipart/form-data":
        try:
            pairs, files = multipart.read(content, kind)
        except multipart.Broken:
            raise Refused(400, Fault("body", "broken_form")) from None
    elif plain == "application/x-www-form-urlencoded":
        if len(content) > _FORM_BYTES:
            raise Refused(413, Fault("body", "form_large"))
        try:
            pairs = parse_qsl(
                content.decode(charset, "replace"),
                keep_blank_values=True,
                max_num_fields=_MOST_FIELDS,
                encoding=charset,
            )
        except ValueError:
            raise Refused(400, Fault("body", "broken_form")) from None
    else:
        raise Refused(415, Fault("body", "no_form"))
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(_ILLEGAL.sub("", value))
    return Sent(fields, files)


def jurisdiction(given: str, city: City) -> None:
    """Raises Refused for a city that is not this one; none at all is this one."""
    if given.strip() and given.strip() not in (city.id, city.host):
        raise Refused(404, Fault("jurisdiction_id", "unknown_jurisdiction", {"ours": city.id}))


def request_id(text: str, city: City) -> str | None:
    """A request's id exactly as we give it out, or None."""
    found = parse_code(city.code_prefix, text)
    return found if found == text else None


def date(text: str) -> datetime:
    """A W3C moment with its zone, whole seconds. A blank for the plus is what an unescaped query makes of it.

    Raises ValueError for anything else.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    zone = UTC
    if not found[7]:
        offset = timedelta(hours=int(found[9]), minutes=int(found[10]))
        if offset > timedelta(hours=14) or int(found[10]) > 59:
            raise ValueError(text)
        zone = timezone(-offset if found[8] == "-" else offset)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


# Lists --------------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """Arguments of a query, with the faults found in them."""

    given: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.given.get(name, "").strip()

    def date(self, name: str) -> datetime | None:
        if not self.text(name):
            return None
        try:
            return date(self.text(name))
        except ValueError:
            self.faults.append(Fault(name, "no_date"))
            return None

    def degrees(self, name: str, most: int) -> float | None:
        if not self.text(name):
            return None
        if _DEGREES.fullmatch(self.text(name)) and abs(value := float(self.text(name))) <= most:
            return value
        self.faults.append(Fault(name, "no_degrees", {"least": -most, "most": most}))
        return None

    def metres(self, name: str) -> float | None:
        if not self.text(name):
            return None
        if _METRES.fullmatch(self.text(name)):
            return float(self.text(name))
        self.faults.append(Fault(name, "no_metres"))
        return None

    def count(self, name: str) -> int | None:
        if not self.text(name):
            return None
        if _COUNT.fullmatch(self.text(name)) and int(self.text(name)) > 0:
            return int(self.text(name))
        self.faults.append(Fault(name, "no_count"))
        return None

    def items(self, name: str) -> list[str] | None:
        """The parts of a comma list, each once; None where it is not given."""
        if not self.text(name):
            return None
        return list(dict.fromkeys(part.strip() for part in self.text(name).split(",") if part.strip()))

    def done(self) -> None:
        if self.faults:
            raise Refused(400, *self.faults)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of requests as asked for: its query, whether its page was named, and whether more is shown."""

    query: Query
    paged: bool
    extended: bool


def listing(given: Mapping[str, str], city: City) -> Listing:
    """The query of a list. Raises Refused with all faults; ids override whatever else stands there."""
    read = _Reading(given)
    if (ids := read.items("service_request_id")) is not None:
        found = [code for item in ids if (code := request_id(item, city))]
        return Listing(Query(ids=tuple(found)), False, extended(given))
    services = read.items("service_code")
    known = None if services is None else frozenset(services) & city.categories.keys()
    page, size = read.count("page"), read.count("page_size")
    size = read.count("per_page") if size is None and not read.text("page_size") else size
    near, radius = _circle(read)
    query = Query(
        services=known,
        open=_states(read),
        start=read.date("start_date"),
        end=read.date("end_date"),
        updated_after=read.date("updated_after"),
        updated_before=read.date("updated_before"),
        near=near,
        radius_m=radius,
        page=page or 1,
        size=min(size or (open311.PAGE if page else open311.ROWS_MOST), open311.ROWS_MOST),
    )
    read.done()
    return Listing(query, page is not None or size is not None, extended(given))


def extended(given: Mapping[str, str]) -> bool:
    return given.get("extensions", "").strip().lower() in ("true", "1")


def span(given: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """The two dates of a list of updates. Raises Refused."""
    read = _Reading(given)
    found = read.date("start_date"), read.date("end_date")
    read.done()
    return found


def _states(read: _Reading) -> bool | None:
    words = read.items("status")
    if words is None:
        return None
    if not words or not {*words} <= {"open", "closed"}:
        read.faults.append(Fault("status", "no_status"))
        return None
    return None if len(words) == 2 else words == ["open"]


def _circle(read: _Reading) -> tuple[Point | None, float]:
    before = len(read.faults)
    lat, long, radius = read.degrees("lat", 90), read.degrees("long", 180), read.metres("radius")
    if len(read.faults) > before or (lat is None and long is None and radius is None):
        return None, 0
    if lat is None or long is None or radius is None:
        missing = "lat" if lat is None else "long" if long is None else "radius"
        read.faults.append(Fault(missing, "incomplete_circle"))
        return None, 0
    return Point(lat, long), radius


# A request that is filed --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """A request as sent: what is filed, whom to tell, what is kept beside it, and the photos."""

    filing: Filing
    contact: Contact
    aside: Mapping[str, str]
    pictures: Sequence[tuple[bytes, str]]


def service(sent: Sent, city: City) -> Category:
    """Raises Refused: 400 where no service is named, 404 where there is none of that code."""
    code = sent.last("service_code")
    if not code:
        raise Refused(400, Fault("service_code", "required"))
    if code not in city.categories:
        raise Refused(404, Fault("service_code", "unknown_service"))
    return city.categories[code]


def post(sent: Sent, category: Category, city: City, language: str) -> Post:
    """A request to file. Raises Refused with all faults."""
    read = _Reading({name: sent.last(name) for name in sent.fields})
    lat, long = read.degrees("lat", 90), read.degrees("long", 180)
    address, address_id = read.text("address_string"), read.text("address_id")
    faulted = {fault.field for fault in read.faults}
    if (lat is None) != (long is None) and not faulted:
        read.faults.append(Fault("long" if long is None else "lat", "half_location"))
    elif lat is None and not address and not address_id and not faulted:
        read.faults.append(Fault("lat, long", "no_location"))
    description = sent.last("description")
    for name, value, most in (
        ("description", description, DESCRIPTION_MOST),
        ("address_string", address, ADDRESS_MOST),
        ("address_id", address_id, 100),
    ):
        if len(value) > most:
            read.faults.append(Fault(name, "long_text", {"most": most}))
    answers = _answers(sent, category, read.faults)
    read.done()
    point = Point(lat, long) if lat is not None and long is not None else None
    filing = Filing(
        kind=Kind.COMPLAINT if Kind.COMPLAINT in category.kinds else min(category.kinds),
        text=description,
        language=language if language in city.languages else city.languages[0],
        channel=open311.CHANNEL,
        category=category.id,
        place=Place(point, address or address_id),
        answers=answers,
        by_address=point is None,
    )
    aside = {"address": address, "address_id": address_id, "media_url": _media_url(sent)}
    return Post(filing, contact(sent), {k: v for k, v in aside.items() if v}, media.photos(sent.files))


def contact(sent: Sent) -> Contact:
    """Whom to tell. A number or an address that is none is left out: clients send what their users typed anywhere."""
    number, address = sent.last("phone"), sent.last("email").strip()
    found = ours.phone(number) if 0 < len(number) <= 40 else ""
    address = address.lower() if len(address) <= 254 and ours.is_email(address) else ""
    name = " ".join(f"{sent.last('first_name')} {sent.last('last_name')}".split())[:100]
    return Contact(found, address, name if found or address else "")


def _media_url(sent: Sent) -> str:
    """The first address of the web among them; what is none is dropped."""
    links = (value.strip() for value in sent.fields.get("media_url", ()))
    return next((link for link in links if _WEB.fullmatch(link)), "")


def _answers(sent: Sent, category: Category, faults: list[Fault]) -> dict[str, Any]:
    given: dict[str, list[str]] = {}
    for name, values in sent.fields.items():
        if found := _ATTRIBUTE.fullmatch(name):
            given.setdefault(found[1], []).extend(value for value in values if value.strip())
    answers: dict[str, Any] = {}
    for question in category.questions:
        values = given.get(question.id, [])
        if not question.variable:
            continue
        if not values:
            if question.required:
                faults.append(Fault(f"attribute[{question.id}]", "required"))
            continue
        found_faults = len(faults)
        value = _answer(question, values, faults)
        if len(faults) == found_faults:
            answers[question.id] = value
    return answers


def _answer(question: Question, values: list[str], faults: list[Fault]) -> Any:
    name = f"attribute[{question.id}]"
    if question.values:
        for value in values:
            if value not in question.values:
                choices = ", ".join(question.values)
                faults.append(Fault(name, "no_value", {"value": value[:40], "choices": choices}))
        if question.datatype == "multivaluelist":
            return sorted(set(values))
        if len(set(values)) > 1:
            faults.append(Fault(name, "one_value"))
        return values[0]
    value = values[-1]
    if question.datatype == "number":
        if _NUMBER.fullmatch(value.strip()):
            return float(value)
        faults.append(Fault(name, "no_number"))
    elif question.datatype == "datetime":
        try:
            return date(value.strip()).isoformat()
        except ValueError:
            faults.append(Fault(name, "no_date"))
    else:
        most = ours.SENTENCE_MOST if question.datatype == "text" else ours.WORDS_MOST
        if len(value) <= most:
            return value
        faults.append(Fault(name, "long_text", {"most": most}))
    return None


# An update ----------------------------------------------------------------------------------------------------


def update(sent: Sent, city: City) -> Said:
    """An update of another system. Raises Refused: 400 with all faults, 404 for a request that there is not."""
    read = _Reading({name: sent.last(name) for name in sent.fields})
    asked, state, words = read.text("service_request_id"), read.text("status"), read.text("description")
    if not asked:
        read.faults.append(Fault("service_request_id", "required"))
    if state and not _STATE.fullmatch(state):
        read.faults.append(Fault("status", "no_state"))
    read.date("updated_datetime")
    if len(words) > DESCRIPTION_MOST:
        read.faults.append(Fault("description", "long_text", {"most": DESCRIPTION_MOST}))
    if len(read.text("update_id")) > 200:
        read.faults.append(Fault("update_id", "long_text", {"most": 200}))
    read.done()
    code = request_id(asked, city)
    if code is None:
        raise Refused(404, Fault("service_request_id", "unknown_request"))
    return Said(code, read.text("update_id"), open311.wish(state), words, _media_url(sent))
