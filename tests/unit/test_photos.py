"""Photos: the rules about who may use one, who sees it, when it is looked at, and what a proof shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import photos
from chalicelib.domain.complaint import Complaint, Place, Screening, Status
from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.geo import Point
from chalicelib.domain.photos import For, Photo, Shown, State, apart, bands, pairs
from tests.builders import a_city, a_complaint

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
YEARS = timedelta(days=730)


def a_photo(**changes: Any) -> Photo:
    return replace(Photo("p" * 26, "draft:x", For.FILING, NOW), **changes)


def a_fit_one(**changes: Any) -> Photo:
    ready = {
        "state": State.FIT,
        "claimed_at": NOW,
        "kept": True,
        "folder": "f",
        "folders": ("f",),
        "drawn": 0,
    }
    return a_photo(**{**ready, "mark": "f0f0f0f0f0f0f0f0", **changes})


def fault(photo: Photo | None, **changes: Any) -> str:
    asked = {"owner": "draft:x", "purpose": For.FILING, "case": "DPS-1", "now": NOW, **changes}
    found = photos.fault_of(photo, "photos.0", **asked)
    return found.reason if found else ""


def test_a_photo_is_for_whoever_asked_for_the_act_it_was_asked_for_and_for_a_day() -> None:
    assert fault(a_photo()) == ""
    assert fault(a_photo(state=State.FIT)) == ""
    assert fault(None) == "photo_unknown"
    assert fault(a_photo(), owner="draft:y") == "photo_unknown"
    assert fault(a_photo(), purpose=For.PROOF) == "photo_unknown"
    assert fault(a_photo(case="DPS-2")) == "photo_unknown"
    assert fault(a_photo(), now=NOW + timedelta(days=1)) == "photo_unknown"
    assert fault(a_photo(claimed_at=NOW, case="DPS-1")) == "photo_used"
    assert fault(a_photo(state=State.REFUSED)) == "photo_refused"
    assert fault(a_photo(state=State.ERASED)) == "photo_unknown"


@pytest.mark.parametrize(
    ("photo", "after"),
    [
        (a_photo(), timedelta(minutes=15)),
        (a_photo(claimed_at=NOW), timedelta(minutes=15)),
        (a_photo(state=State.FIT), timedelta(days=1)),
        (a_photo(state=State.REFUSED), timedelta(days=1)),
        (a_photo(state=State.REFUSED, claimed_at=NOW), None),
        (a_fit_one(), YEARS),
        (a_fit_one(keep_until=NOW + timedelta(days=3)), timedelta(days=3)),
        (a_fit_one(round=1), timedelta(minutes=15)),
        (a_fit_one(folders=("f", "g")), timedelta(minutes=15)),
        (a_photo(state=State.ERASED, kept=True, claimed_at=NOW), timedelta()),
        (a_photo(state=State.ERASED, claimed_at=NOW), None),
    ],
)
def test_each_photo_has_one_moment_at_which_it_is_looked_at_again(
    photo: Photo, after: timedelta | None
) -> None:
    assert photos.wakes_at(photo, YEARS) == (None if after is None else NOW + after)


def public(photo: Photo, release: str = "person", **changes: Any) -> bool:
    complaint = a_complaint(**{"screening": Screening.RELEASED, **changes})
    return photos.is_public(photo, complaint, replace(a_city(), photo_release=release))


def test_the_public_sees_a_released_photo_of_a_released_public_case_and_no_other() -> None:
    shown = a_fit_one(shown=Shown.RELEASED)
    assert public(shown)
    assert not public(a_fit_one())
    assert not public(a_fit_one(shown=Shown.HIDDEN))
    assert not public(replace(shown, round=1))  # new copies are on their way
    for changes in (
        {"screening": Screening.HELD},
        {"screening": Screening.HIDDEN},
        {"private": True},
        {"sealed": True},
        {"status": Status.WITHDRAWN},
    ):
        assert not public(shown, **changes), changes
    # The profile's rule: what triage let pass with the text, but never what it took out of sight.
    assert public(a_fit_one(), release="with_text")
    assert not public(a_fit_one(shown=Shown.HIDDEN), release="with_text")
    assert not public(a_fit_one(), release="with_text", screening=Screening.HELD)


def test_every_decision_makes_new_names_where_the_old_could_be_known() -> None:
    photo = a_fit_one()
    released = photos.released(photo, "o", NOW)
    assert (released.shown, released.round) == (Shown.RELEASED, 0)
    hidden = photos.hidden(released, "o", "Wajah", NOW)
    assert (hidden.shown, hidden.why, hidden.round, hidden.ready) == (Shown.HIDDEN, "Wajah", 1, False)
    again = photos.released(hidden, "o", NOW)
    assert (again.why, again.round) == ("", 2)
    drawn = photos.redacted(again, "o", [(0, 0, 0.5, 0.5)], NOW)
    assert (drawn.round, drawn.boxes, drawn.shown) == (3, ((0, 0, 0.5, 0.5),), Shown.RELEASED)
    assert [entry["act"] for entry in drawn.log] == ["release", "hide", "release", "redact"]
    with pytest.raises(IllegalMove):
        photos.released(released, "o", NOW)
    for state in (State.AWAITED, State.REFUSED, State.ERASED):
        with pytest.raises(IllegalMove):
            photos.hidden(a_photo(state=state), "o", "x", NOW)


def case(**changes: Any) -> Complaint:
    return a_complaint(**{"filed_at": NOW, **changes})


def test_a_proof_is_held_against_the_nearest_photo_of_the_reporter() -> None:
    here, far = Point(-8.67, 115.225), Point(-8.68, 115.225)
    near = Point(-8.6701, 115.225)
    first = a_fit_one(id="a", place=far, taken_at="2026-11-20T09:00:00+08:00", mark="00ff00ff00ff00ff")
    second = a_fit_one(id="b", place=near, taken_at="2026-11-20T10:00:00", mark="0f0f0f0f0f0f0f0f")
    proof = a_fit_one(id="c", purpose=For.PROOF, place=here, taken_at="2026-11-21T10:30:00+08:00")
    city = a_city()
    (pair,) = pairs([first, second, proof], case(), city)
    assert (pair.before, pair.metres, pair.same_picture) == ("b", 11, False)
    # 10.00 on the city's clock to 10.30 a day later: 24.5 hours.
    assert pair.minutes == 24 * 60 + 30
    # Without a place of the reporter's photo, the place of the case itself.
    unplaced = replace(second, place=None)
    (pair,) = pairs([unplaced, proof], case(place=Place(point=far)), city)
    assert (pair.before, pair.metres) == ("b", 1112)
    (pair,) = pairs([proof], case(place=Place()), city)
    assert (pair.before, pair.metres) == (None, None)
    assert pairs([first], case(), city) == []
    (pair,) = pairs([replace(first, mark=proof.mark), proof], case(), city)
    assert pair.same_picture
    # A camera whose clock was never set: nothing is told by it, and nobody's approval breaks over it.
    (pair,) = pairs([replace(first, taken_at="0001-01-01T00:00:00"), proof], case(), city)
    assert pair.minutes == int((datetime(2026, 11, 21, 2, 30, tzinfo=UTC) - NOW).total_seconds() // 60)


def test_marks_that_differ_in_four_bits_share_a_band_and_blank_pictures_have_none() -> None:
    mark = "f0a5c3960ff05a3c"
    for bits in ((0, 13, 26, 39), (1, 20, 40, 63), (5, 6, 7, 8), (12, 25, 38, 51)):
        other = f"{int(mark, 16) ^ sum(1 << bit for bit in bits):016x}"
        assert apart(mark, other) == 4
        assert set(bands(mark)) & set(bands(other)), bits
    assert len(bands(mark)) == 5
    assert bands("0000000000000001") == bands("ffffffffffffffff") == ()


def test_what_is_erased_says_nothing_of_the_picture() -> None:
    gone = photos.erased(a_fit_one(place=Point(1, 2), taken_at="2026", why="x", boxes=((0, 0, 1, 1),)), NOW)
    assert (gone.place, gone.taken_at, gone.mark, gone.why, gone.boxes, gone.folder) == (
        None,
        "",
        "",
        "",
        (),
        "",
    )
    assert not gone.settled  # the files are still to go
