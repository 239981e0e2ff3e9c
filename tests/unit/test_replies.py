"""Beginnings of answers: which are offered, in whose language, and that they can say nothing of the reporter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib import cities
from chalicelib.domain import replies
from chalicelib.domain.city import ReplyTemplate
from chalicelib.domain.complaint import OPEN, Status
from chalicelib.http.forms import SENTENCE_MOST
from tests.builders import NOW, a_city, a_complaint, at

_LABELS = {"id": "Contoh", "en": "Sample"}


def a_template(name: str, **changes: object) -> ReplyTemplate:
    texts = {"id": "{category} di {area}: {office}, {code}.", "en": "{category} in {area}."}
    return ReplyTemplate(**{"id": name, "act": "reply", "labels": _LABELS, "texts": texts, **changes})  # type: ignore[arg-type]  # what a test names


CITY = a_city(
    replies=(
        a_template("any"),
        a_template("roads", categories=("jalan",)),
        a_template("waste", categories=("sampah",)),
        a_template("fresh", states=("received",), texts={"id": "Sebelum {due}.", "en": "By {due}."}),
    )
)


def names(complaint, now=NOW):
    return [template.id for template in replies.offered(complaint, CITY, now=now)]


def test_they_are_offered_by_category_and_state_and_the_category_s_own_come_first():
    assert names(a_complaint(city=CITY)) == ["roads", "any", "fresh"]
    assert names(a_complaint(Status.IN_PROGRESS, city=CITY)) == ["roads", "any"]
    assert names(a_complaint(city=CITY, category="sampah")) == ["waste", "any", "fresh"]


def test_none_promises_a_moment_that_has_passed():
    complaint = a_complaint(city=CITY)
    due = complaint.clocks.next_due
    assert "fresh" not in names(complaint, due)
    assert replies.filled(CITY.replies[3], complaint, CITY) == "Sebelum 24-11-2026 16.00 WITA."
    assert due == at(24, 16)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "Jalan en in Pesisir."), ("ban", "Jalan di Pesisir: Kantor pu, UJI-22222-22222.")],
)
def test_they_speak_the_reporter_s_language_or_indonesian(language, expected):
    complaint = replace(a_complaint(city=CITY), language=language)
    assert replies.filled(CITY.replies[0], complaint, CITY) == expected


@pytest.mark.parametrize("city_id", ["denpasar", "tangerang-selatan"])
def test_every_template_of_a_real_city_can_be_filled_and_sent(city_id):
    city = cities.load(city_id)
    assert {template.act for template in city.replies} == {str(act) for act in replies.ACTS}
    longest = max(city.categories.values(), key=lambda c: len(c.labels["id"]))
    office = max((o for o in city.offices.values() if not o.outside), key=lambda o: len(o.name))
    village = max(city.villages.values(), key=lambda a: len(a.name))
    base = a_complaint()
    for template in city.replies:
        for language in city.languages:
            case = replace(base, category=longest.id, office=office.id, area=village.code, language=language)
            text = replies.filled(template, case, city)
            assert "{" not in text
            assert 3 <= len(text) <= SENTENCE_MOST
        assert {*template.states} <= {str(status) for status in OPEN}
