"""What the public may know of a case: whether lists show it, how exactly its place, and the row they show."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.city import City
from chalicelib.domain.complaint import Complaint, Screening, Status
from chalicelib.domain.geo import Point, coarsen
from chalicelib.domain.personal import masked

PIN_METRES = {"street": 50, "home": 400}
"""Size of the grid that public pins stand on, by the category's ``pin``."""


@dataclass(frozen=True, slots=True)
class Card:
    """One row of a list: what it shows, and what decides who may see it."""

    code: str
    position: str
    """Where a cursor goes on after this row."""
    kind: str
    status: str
    filed_at: str
    category: str | None = None
    area: str | None = None
    hamlet: str | None = None
    office: str = ""
    level: int = 0
    due: str | None = None
    until: str | None = None
    """The second date of a scheduled case, beside the first promise."""
    excerpt: str = ""
    point: tuple[float, float] | None = None
    private: bool = False
    sealed: bool = False
    accused: str | None = None
    screening: str = ""
    reopened: int = 0
    """Never stored: what hangs on it is decided on the case itself."""
    asked: int = 0
    """Of a question to the reporter, in lists of offices: 1 while it waits, 2 where it was left unanswered."""
    danger: str = ""
    alarm: str = ""
    """Of an emergency: ``w`` waits for triage, ``u`` waits for its post, ``a`` acknowledged, ``c`` confirmed."""
    asks_date: bool = False
    """A head's request for a new date waits for the secretary; in lists of the city alone."""
    marked: bool = False
    """The last rung has had its time as well."""
    ceiling: str | None = None
    """What the law allows, once it is near; on the city's own rows alone."""
    joined: int = 0
    """In lists of offices: how many people had joined when the case was last acted on."""
    rungs: tuple[str, ...] = ()
    """Never stored: a list names nobody's private case to whoever is only a rung of its ladder."""


def is_listed(complaint: Complaint) -> bool:
    """Whether public lists show the case at all; until its text is released they show a stub.

    Not even a stub of a case about somebody: it would tell them of it.
    """
    if complaint.private or complaint.sealed or complaint.status is Status.WITHDRAWN:
        return False
    return complaint.accused is None or complaint.screening is Screening.RELEASED


def public_text(complaint: Complaint) -> str:
    """What the public reads once the text is released: as triage mended it, and never a number of a person."""
    return masked(complaint.public_text or complaint.text)


def public_pin(complaint: Complaint, city: City) -> Point | None:
    """The place as the public may know it: on a coarse grid, coarser for what happens in homes."""
    point = complaint.place.point
    if point is None or not is_listed(complaint) or complaint.screening is not Screening.RELEASED:
        return None
    category = city.categories.get(complaint.category) if complaint.category else None
    return coarsen(point, PIN_METRES[category.pin if category else "home"])
