"""The desk's map: true points for whoever reads the words, none of a case that is kept from them."""

from __future__ import annotations

from chalicelib.domain.geo import Point
from chalicelib.usecases import deskmap
from tests.integration.people import a_case, an_officer, later
from tests.stack import Stack


def test_an_inbox_is_shown_with_the_true_points_of_its_cases(stack: Stack) -> None:
    spot = Point(-8.690123, 115.220456)
    at = (spot.lat, spot.lon)
    code = a_case(at=at).complaint.code
    hidden = a_case(at=at, private=True).complaint.code
    nowhere = a_case().complaint.code

    def seen(post: str, office: str | None = None) -> tuple[set[str], dict[str, Point]]:
        officer = an_officer(post).officer
        page, points = deskmap.on_map(
            officer, "office", cursor=None, limit=50, office=office, now=later(hours=1)
        )
        return {card.code for card in page.cards}, dict(points)

    codes, points = seen("duty@dlhk")
    assert codes >= {code, hidden, nowhere}
    assert points[code] == points[hidden] == spot
    assert nowhere not in points
    # The operations room lists the office's cases, and of a private one learns that it is there and nothing more.
    codes, points = seen("operations@bpbd", "dlhk")
    assert hidden in codes
    assert code in points
    assert hidden not in points
