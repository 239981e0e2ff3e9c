"""Acts on many cases at once, and taking them back.

Each case is an act of its own, with its own line of history, its own race and its own answer. Offered are the acts
that can be taken back in truth: what the public sees, where a case lies, what it goes with. Not the ones that have
told a reporter something for good: nobody can unsay an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.complaint import Change, Complaint, Event, by, change
from chalicelib.domain.errors import StaleComplaint
from chalicelib.domain.people import Act, Officer

OFFERED = (Act.SORT, Act.RELEASE, Act.HIDE, Act.MERGE)
MOST = 50
"""Cases of one bulk act."""
UNDO_WITHIN = timedelta(minutes=10)

_RESTORED = (
    "status",
    "category",
    "office",
    "line",
    "area",
    "hamlet",
    "assigned_at",
    "clocks",
    "private",
    "screening",
    "accused",
    "sealed",
    "danger",
    "alarm",
    "referred_to",
    "new_date",
    "resolved_at",
    "last_call_at",
    "closes_at",
    "silence_told",
    "confirmed",
    "asked",
)
"""What sorting, releasing and hiding change of a case. Counts of what was sent, and words, are not taken back."""


_STORED_TO = timedelta(milliseconds=1)
"""How exactly the store keeps a moment."""


def is_of(last: Event, act: Act, officer: Officer, done_at: datetime) -> bool:
    """Whether the last thing that happened to a case was this bulk act, and not one that the officer did by itself."""
    return last.act is act and last.by.id == officer.id and abs(last.at - done_at) < _STORED_TO


def undo(
    complaint: Complaint,
    before: Complaint,
    last: Event,
    act: Act,
    officer: Officer,
    *,
    done_at: datetime,
    now: datetime,
) -> Change:
    """Put a case back to what it was before a bulk act, with the clocks' own moments: our mistake buys us no time.

    Raises StaleComplaint where the last thing that happened to the case is not that act of that officer at ``done_at``.
    """
    if not is_of(last, act, officer, done_at) or complaint.version != before.version + 1:
        raise StaleComplaint(complaint.code)
    fields = {name: getattr(before, name) for name in _RESTORED}
    return change(complaint, Act.UNDO, by(officer), now, data={"undoes": str(act)}, **fields)
