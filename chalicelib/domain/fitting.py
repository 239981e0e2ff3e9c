"""Which acts what happens inside an office leaves open to somebody: what the desk offers, and what would be refused."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.city import City
from chalicelib.domain.complaint import Complaint, Event
from chalicelib.domain.disposition import assigned, names_of
from chalicelib.domain.drafts import needs_head, needs_release, waiting
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.tasks import MOST, State, open_tasks, tasks


def fits(act: Act, complaint: Complaint, history: Sequence[Event], officer: Officer, city: City) -> bool:
    """Whether what happens inside the office leaves this act open to this officer; of all other acts, True."""
    match act:
        case Act.INSTRUCT | Act.SPLIT if not complaint.sorted:
            return False
        case Act.TAKE:
            person = assigned(history)
            return person is not None and person.to in names_of(officer) and person.taken_at is None
        case Act.DRAFT:
            return needs_release(complaint, city)
        case Act.RETURN_DRAFT | Act.RELEASE_DRAFT:
            return waiting(history) is not None
        case Act.SPLIT:
            counted = (State.OPEN, State.DONE, State.CANNOT)
            return sum(each.state in counted and not each.past for each in tasks(history)) < MOST
        case Act.CANCEL_TASK:
            return bool(open_tasks(history))
        case Act.MERGE:
            return not open_tasks(history)
        case Act.REPLY | Act.RESOLVE:
            if act is Act.RESOLVE and open_tasks(history):
                return False
            return not needs_head(complaint, officer, act, city)
    return True
