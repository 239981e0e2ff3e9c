"""What triage does to the public side of a case: mend what is read there, hide it, release it, and take that back.

The reporter's own text never changes by it. What was shown before stands in the history, for moderators alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from chalicelib.domain.complaint import (
    PUBLISHED,
    Change,
    Complaint,
    Event,
    Screening,
    by,
    change,
    may_move,
    screened_in_time,
)
from chalicelib.domain.disposition import standing as without_undone
from chalicelib.domain.errors import Fault, IllegalMove, Invalid
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import ClockName

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.city import City
    from chalicelib.domain.people import Officer

SHOWN_BEFORE = "shown_before"
"""In the data of a mending: the public text that it replaced, empty where that was the reporter's own."""
MODERATING = frozenset({Act.MODERATE, Act.HIDE, Act.RELEASE})
"""Acts on the public side of a case, which can be taken back."""


def is_moderating(event: Event) -> bool:
    """Whether an event decided on the public side of the case, be it together with something else."""
    return event.act in MODERATING or bool(event.data.get(PUBLISHED))


FOR_MODERATORS = frozenset({Act.MODERATE, Act.REVERT, Act.HIDE})
"""Acts whose reasons and former words nobody else reads."""


def moderate(complaint: Complaint, officer: Officer, text: str, reason: str, *, now: datetime) -> Change:
    """Have the public read this in place of the reporter's words. Raises Invalid where nothing would change."""
    if complaint.private or complaint.sealed:
        raise IllegalMove(Act.MODERATE, "private" if complaint.private else "sealed")
    if text in (complaint.public_text, "" if complaint.public_text else complaint.text):
        raise Invalid([Fault("text", "nothing_changed")])
    return change(
        complaint,
        Act.MODERATE,
        by(officer),
        now,
        data={"reason": reason, SHOWN_BEFORE: complaint.public_text},
        public_text="" if text == complaint.text else text,
        # The public side of a text that is held must not tell that somebody is at it.
        updated_at=complaint.updated_at,
    )


TIGHTENED = "tightened"
"""In the data of a tightening: which of the reporter's two choices it took back (``publication``, ``identity``)."""


def tighten(
    complaint: Complaint, officer: Officer, choices: Collection[str], reason: str, *, now: datetime
) -> Change:
    """Show less than the reporter allowed: the case to no public (``publication``), the contact to no office
    (``identity``). There is no way back but the reporter's. Raises Invalid where nothing would become less.
    """
    may_move(complaint, Act.TIGHTEN)
    open_now = {"publication": not complaint.private, "identity": complaint.identity_shown}
    taken = [name for name, is_open in open_now.items() if is_open and name in choices]
    if not taken:
        raise Invalid([Fault(name, "nothing_changed") for name in sorted(choices)])
    fields: dict[str, Any] = {}
    if "publication" in taken:
        # What no public will read, nobody has to read for it.
        fields = {"private": True, "clocks": complaint.clocks.stop(ClockName.SCREENING, now)}
    if "identity" in taken:
        fields["identity_shown"] = False
    return change(
        complaint, Act.TIGHTEN, by(officer), now, data={TIGHTENED: taken, "reason": reason}, **fields
    )


def revert(
    complaint: Complaint, officer: Officer, history: Iterable[Event], *, city: City, now: datetime
) -> Change:
    """Take back the last of mending, hiding and releasing that still stands. Raises IllegalMove where none does."""
    may_move(complaint, Act.REVERT)
    standing = standing_acts(history)
    if not standing:
        raise IllegalMove(Act.REVERT, "nothing to take back")
    last, before = standing[-1], screening_of(standing[:-1])
    fields: dict[str, Any] = {}
    if last.act is Act.MODERATE:
        fields["public_text"] = str(last.data.get(SHOWN_BEFORE, ""))
    else:
        fields["screening"] = before
        if before is Screening.HELD and not complaint.private and complaint.sorted:
            fields["clocks"] = screened_in_time(complaint.clocks, city, now)
    return change(
        complaint,
        Act.REVERT,
        by(officer),
        now,
        data={"undone": str(Act.RELEASE if last.data.get(PUBLISHED) else last.act)},
        updated_at=complaint.updated_at,
        **fields,
    )


def standing_acts(history: Iterable[Event]) -> list[Event]:
    """The acts on the public side that nobody took back, oldest first; the reporter's own mending ends them all."""
    standing: list[Event] = []
    for _, event in without_undone(history):
        if is_moderating(event):
            standing.append(event)
        elif event.act is Act.REVERT and standing:
            standing.pop()
        elif event.act in (Act.EDIT, Act.ERASE):
            standing.clear()
    return standing


def screening_of(standing: Iterable[Event]) -> Screening:
    """Whether the public may see the text after these acts; a text is held until somebody decides."""
    decided = [event.act for event in standing if event.act is not Act.MODERATE]
    if not decided:
        return Screening.HELD
    return Screening.HIDDEN if decided[-1] is Act.HIDE else Screening.RELEASED
