"""What the rules refuse, as few classes as the edges need to tell apart.

Messages here are for logs and developers; what a person reads is looked up by class or reason at the edge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class DomainError(Exception):
    """A rule said no. Nothing was changed."""


class NotFound(DomainError):
    """No such thing, or nothing that the asker may know of: the two are never told apart."""


class Gone(DomainError):
    """A link that was good once: what it was for has moved on."""


class NotAllowed(DomainError):
    """The person may not do this at all."""


class NotResponsible(NotAllowed):
    """The person may do this, but not on this case: another office has it."""


class OwnWork(NotAllowed):
    """The person may do this, but not on work of their own: a second pair of eyes is what it is for."""


class NeedsHead(NotAllowed):
    """The person may draft this, and a head of the office releases it."""


class IllegalMove(DomainError):
    """The act does not fit the state that the case is in."""

    def __init__(self, act: str, status: str) -> None:
        super().__init__(f"{act} does not fit a case that is {status}")
        self.act = act
        self.status = status


class QuestionClosed(IllegalMove):
    """The question that somebody answers waits no longer: answered, replaced by a newer one, or out of time."""


class AskedEnough(IllegalMove):
    """The case has had as many questions to its reporter as the city allows."""


class OpenTasks(IllegalMove):
    """A case whose tasks are not answered yet: it is solved when they are, or were taken back."""

    def __init__(self, act: str) -> None:
        super().__init__(act, "waiting for tasks")


class NoProof(IllegalMove):
    """A claimed fix without a proof: there is nothing that a second person could approve."""

    def __init__(self, act: str) -> None:
        super().__init__(act, "without proof")


class WindowClosed(DomainError):
    """The time in which a reporter may do this is over."""

    def __init__(self, act: str) -> None:
        super().__init__(f"the window for {act} is closed")
        self.act = act


class NotDue(DomainError):
    """Time has brought nothing yet; a second sweep meets this and goes on."""


class StaleComplaint(DomainError):
    """Somebody else changed the case since it was read."""


class KeyReused(DomainError):
    """An Idempotency-Key came again with another body."""


class NotSignedIn(DomainError):
    """No token, or one that is forged, expired or withdrawn."""


class TooMany(DomainError):
    """A cap is reached; ``retry_after`` seconds from now it may work again."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(f"too many: {what}")
        self.what = what
        self.retry_after = retry_after


class OptedOut(DomainError):
    """The network keeps our SMS from a number at its owner's wish: no code can reach it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a form: a field path (``place.lat``), a reason by name, and the values its sentence needs."""

    field: str
    reason: str
    values: Mapping[str, str | int] = dataclasses.field(default_factory=dict)


class Invalid(DomainError):
    """A form with faults: all of them, never just the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


class Passing(DomainError):
    """The network cannot take a message just now (throttled, 5xx, time-out): worth another try, which uses up none."""


class Refused(DomainError):
    """The network said no for good: a bad number, a lost topic."""
