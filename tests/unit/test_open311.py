"""Open311's own rules, its writer and its reader of multipart, without HTTP."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import cities
from chalicelib.domain import open311
from chalicelib.domain.complaint import Event, Screening, Status
from chalicelib.domain.errors import Invalid
from chalicelib.domain.open311 import ServiceType, Wish
from chalicelib.domain.people import Act
from chalicelib.http.open311 import answers, forms, media, multipart
from tests.builders import NOW, a_complaint

CITY = cities.load("denpasar")
DAY = timedelta(days=1)


def test_every_state_of_a_case_has_a_word_for_other_systems() -> None:
    assert set(open311.UPDATE_STATES) == set(Status)
    # What is open here is never told as closed, and the other way round.
    for status in Status:
        ended = open311.UPDATE_STATES[status] in ("CLOSED", "NO_FURTHER_ACTION")
        assert ended is not open311.is_open(status), status


def test_services_whose_cases_are_private_give_no_id_away() -> None:
    for category in CITY.categories.values():
        private = category.sensitive or category.sheltered
        assert (open311.service_type(category) is ServiceType.BLACKBOX) is private


@pytest.mark.parametrize("city", cities.available())
def test_codes_of_services_and_questions_can_stand_in_an_address_and_a_form(city: str) -> None:
    for category in cities.load(city).categories.values():
        assert not set(category.id) & set(",/?# .")
        assert not {letter for q in category.questions for letter in q.id} & set("[]&= ")


def test_a_span_holds_whole_seconds_and_at_most_ninety_days() -> None:
    found = open311.span(None, None, now=NOW)
    assert (found.since, found.until) == (NOW - 90 * DAY, NOW.replace(microsecond=999_000))
    assert open311.span(NOW - 90 * DAY, NOW, now=NOW).since == NOW - 90 * DAY
    assert open311.span(None, NOW - 10 * DAY, now=NOW).since == NOW - 100 * DAY
    at = open311.span(NOW, NOW, now=NOW)
    assert at.holds(NOW + timedelta(milliseconds=999))
    assert not at.holds(NOW + timedelta(seconds=1))
    for start, end in (
        (NOW - 90 * DAY - timedelta(seconds=1), NOW),
        (NOW, NOW - DAY),
        (NOW - 91 * DAY, None),
    ):
        with pytest.raises(Invalid):
            open311.span(start, end, now=NOW)
    for far in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"):
        end = datetime.fromisoformat(far)
        assert open311.within(open311.span(None, end, now=NOW), CITY, NOW) is None or end > NOW


def test_a_span_touches_the_months_of_the_city_s_own_calendar() -> None:
    # 16:30 UTC on the last of January is half past midnight on the first of February in Denpasar.
    edge = datetime(2027, 1, 31, 16, 30, tzinfo=UTC)
    assert open311.months(open311.Span(edge, edge), CITY) == ["2027-02"]
    assert open311.months(open311.Span(edge - 62 * DAY, edge), CITY) == ["2027-02", "2027-01", "2026-12"]


def test_only_acts_that_are_named_make_an_update_and_only_officers_words_are_told() -> None:
    from chalicelib.domain.complaint import REPORTER, By

    case = a_complaint(screening=Screening.RELEASED)
    officer = By("officer", "o", "pupr")
    for act in Act:
        told = open311.told(Event(act, NOW, officer, "Kami ke sana."), case)
        assert (told is not None) is (act in open311.TELLING), act
    assert open311.told(Event(Act.REOPEN, NOW, REPORTER, "Belum."), case) == ""
    held = a_complaint(screening=Screening.HELD)
    assert open311.told(Event(Act.REPLY, NOW, officer, "Kami ke sana."), held) == ""
    assert not open311.TELLING & {Act.REVEAL, Act.NOTE, Act.MESSAGE, Act.EDIT, Act.HIDE, Act.CLAIM, Act.WARN}


@pytest.mark.parametrize(
    ("word", "wish"),
    [
        ("CLOSED", Wish.END),
        ("fixed", Wish.END),
        ("fixed - council", Wish.END),
        ("IN_PROGRESS", Wish.BEGIN),
        ("action scheduled", Wish.BEGIN),
        ("INVESTIGATING", Wish.SEE),
        ("open", Wish.OPEN),
        ("DUPLICATE", None),
        ("", None),
    ],
)
def test_the_states_of_other_systems_are_read_as_wishes(word: str, wish: Wish | None) -> None:
    assert open311.wish(word) is wish


def test_the_changeset_sorts_by_its_day_and_moves_with_the_services() -> None:
    from dataclasses import replace

    first = open311.changeset(CITY)
    assert first == open311.changeset(CITY)
    assert first.startswith(f"{CITY.services_changed}-")
    category = next(iter(CITY.categories.values()))
    changed = {**CITY.categories, category.id: replace(category, labels={"id": "Lain", "en": "Other"})}
    assert open311.changeset(replace(CITY, categories=changed)) != first


# Writing and reading ------------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_comes_back_from_xml_as_it_was_but_for_what_xml_cannot_hold(text: str) -> None:
    written = answers.xml("errors", [{"code": "400", "description": text}])
    kept = answers._ILLEGAL.sub("", text)
    assert (ET.fromstring(written.encode()).findtext("error/description") or "") == kept  # noqa: S314
    assert answers.json_text({"a": text}).encode()


def test_empty_values_and_numbers_are_written_in_both_formats() -> None:
    value = [{"a": None, "b": True, "c": -8.69, "d": [], "e": ""}]
    written = answers.xml("services", [{"a": None, "b": True, "c": -8.69, "attributes": [], "e": ""}])
    assert written.endswith(
        "<services><service><a/><b>true</b><c>-8.69</c><attributes/><e/></service></services>"
    )
    assert answers.xml("service_requests", []).endswith("\n<service_requests/>")
    assert answers.json_text(value) == '[{"a":null,"b":true,"c":-8.69,"d":[],"e":""}]'


@given(st.text())
def test_a_date_is_read_strictly_or_not_at_all(text: str) -> None:
    with pytest.raises(ValueError):
        forms.date(text)


def test_offsets_mean_the_same_instant() -> None:
    at = datetime(2026, 1, 31, 0, 15, 30, tzinfo=UTC)
    for text in ("2026-01-31T08:15:30+08:00", "2026-01-31T00:15:30Z", "2026-01-30T20:15:30-04:00"):
        assert forms.date(text) == at
    for text in (
        "2026-01-31T08:15:30.5Z",
        "2026-01-31 08:15:30Z",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ):
        with pytest.raises(ValueError):
            forms.date(text)


@given(st.binary(max_size=400), st.text(max_size=60))
def test_no_body_breaks_the_reader_of_multipart(body: bytes, boundary: str) -> None:
    for content in (body, b"--b\r\n" + body + b"\r\n--b--"):
        try:
            multipart.read(content, f"multipart/form-data; boundary={boundary}")
            multipart.read(content, "multipart/form-data; boundary=b")
        except multipart.Broken:
            pass


def test_a_photo_is_known_by_its_first_bytes_alone() -> None:
    assert media.kind(b"\xff\xd8\xff\xe0" + bytes(100)) == "image/jpeg"
    assert media.kind(b"RIFF\0\0\0\0WEBPVP8 " + bytes(10)) == "image/webp"
    assert media.kind(bytes(4) + b"ftypheic" + bytes(60)) == "image/heic"
    for other in (b"", b"<svg/>", b"GIF89a" + bytes(50), b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        assert media.kind(other) == ""
