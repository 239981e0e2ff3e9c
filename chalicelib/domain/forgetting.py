"""Forgetting a person: what of a case goes, what stays for the counting, and when a contact is no longer needed.

Erased are all words that somebody wrote, the exact place, the answers and who it was. What happened stays (category,
area, office, moments, outcome), so that no figure changes, and the history's chain still verifies (`domain.ledger`).
UU 27/2022, articles 8 (erasure), 9 (withdrawal), 43 and 44 (duty to erase); docs/privacy.md has the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.complaint import LIVE, REPORTER, Change, Complaint, Place, Screening, change
from chalicelib.domain.geo import Point, coarsen
from chalicelib.domain.people import Act
from chalicelib.domain.visibility import PIN_METRES

if TYPE_CHECKING:
    from chalicelib.domain.city import City

WITHIN = timedelta(hours=72)
"""3x24 hours from the request: what UU 27/2022 gives for a withdrawal (article 40) and an erasure."""
BATCH = 40
"""Entries of a history that one transaction empties: it takes a hundred rows, notices and all."""


def erase(complaint: Complaint, *, now: datetime) -> Change:
    """Take the words and the person out of a case that has ended; see the module for what stays.

    The secret link is void afterwards. Raises IllegalMove for an open case: it is withdrawn first.
    """
    return change(
        complaint,
        Act.ERASE,
        REPORTER,
        now,
        text="",
        public_text="",
        answers={},
        accused_words="",
        rating_words="",
        place=Place(point=coarse(complaint.place.point), approximate=True)
        if complaint.place.point
        else Place(),
        citizen=None,
        reach="",
        filed_by=None,
        identity_shown=False,
        last_call_at=None,
        link_version=complaint.link_version + 1,
        screening=Screening.HIDDEN,
        suggested=(),
        client_time=None,
    )


def coarse(point: Point | None) -> Point | None:
    """A place as exactly as it may be kept: on the grid for homes."""
    return coarsen(point, PIN_METRES["home"]) if point else None


def keep_until(cases: Iterable[Complaint], since: datetime, city: City) -> datetime | None:
    """Until when a person's contact is needed: so many days after the last of their cases ended.

    None while one of them may still need it. ``since`` is when the contact came, for whoever has no case any more.
    """
    last = since
    for case in cases:
        if case.status in LIVE:
            return None
        last = max(last, case.ended_at or case.updated_at)
    return last + timedelta(days=city.retention_days["identity"])
