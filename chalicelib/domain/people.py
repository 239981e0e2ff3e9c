"""Who acts, and who may do or read what: one table of rights and one function, for single views and lists alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.errors import NotAllowed, NotFound, NotResponsible

if TYPE_CHECKING:
    from chalicelib.domain.city import City


class Role(StrEnum):
    """What a duty is. Together with its scope (an office id, an area code, a hamlet id, ``city``) it names a post."""

    HAMLET_HEAD = "hamlet_head"  # kaling, kadus
    VILLAGE_HEAD = "village_head"  # lurah, perbekel
    DISTRICT_HEAD = "district_head"  # camat
    STAFF = "staff"
    DUTY = "duty"  # the duty post of an office (piket)
    DIVISION_HEAD = "division_head"  # kepala bidang
    OFFICE_HEAD = "office_head"  # kepala dinas
    TRIAGE = "triage"
    SECRETARY = "secretary"  # sekda
    MAYOR = "mayor"


class Act(StrEnum):
    """Everything that can be done to a case."""

    FILE = "file"
    EDIT = "edit"
    MESSAGE = "message"
    RATE = "rate"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    REPLY = "reply"
    START = "start"
    RESOLVE = "resolve"
    PASS_ON = "pass_on"
    SORT = "sort"
    RELEASE = "release"
    HIDE = "hide"
    REJECT = "reject"
    REFER = "refer"
    ESCALATE = "escalate"
    CLOSE = "close"
    REVEAL = "reveal"


_HANDLE = frozenset(
    {Act.REVEAL, Act.READ, Act.ACKNOWLEDGE, Act.REPLY, Act.START, Act.RESOLVE, Act.PASS_ON, Act.REFER}
)

RIGHTS: dict[Role, frozenset[Act]] = {
    Role.HAMLET_HEAD: _HANDLE,
    Role.VILLAGE_HEAD: _HANDLE,
    Role.DISTRICT_HEAD: _HANDLE,
    Role.STAFF: _HANDLE,
    Role.DUTY: _HANDLE,
    Role.DIVISION_HEAD: _HANDLE,
    Role.OFFICE_HEAD: _HANDLE,
    # Publication is triage's and never the office's concerned, so no office role has RELEASE or HIDE.
    Role.TRIAGE: _HANDLE | {Act.SORT, Act.RELEASE, Act.HIDE, Act.REJECT},
    Role.SECRETARY: frozenset({Act.READ}),
    Role.MAYOR: frozenset({Act.READ}),
}


@dataclass(frozen=True, slots=True)
class Duty:
    """One role in one scope; written ``role@scope``, which is also the id of the post."""

    role: Role
    scope: str

    @property
    def post(self) -> str:
        return f"{self.role}@{self.scope}"

    @classmethod
    def parse(cls, post: str) -> Duty:
        """Read ``role@scope``; ValueError where it is none."""
        role, _, scope = post.partition("@")
        if not scope:
            raise ValueError(f"{post!r} is not role@scope")
        return cls(Role(role), scope)


@dataclass(frozen=True, slots=True)
class Officer:
    """A person of the city. ``phone`` and ``email`` are the official ones and live sealed in the store, not here."""

    id: str
    name: str
    title: str
    office: str
    duties: tuple[Duty, ...]
    language: str = "id"
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Citizen:
    """A reporter, known by a keyed hash of the phone or e-mail; ``id`` tells nothing about the person."""

    id: str
    language: str = "id"


class Case(Protocol):
    """What decides who may see a case: the same facts on the complaint itself and on its row in a list."""

    @property
    def code(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def area(self) -> str | None: ...
    @property
    def hamlet(self) -> str | None: ...
    @property
    def private(self) -> bool: ...
    @property
    def sealed(self) -> bool: ...
    @property
    def accused(self) -> str | None: ...


def allowed(officer: Officer, act: Act, complaint: Case, city: City) -> bool:
    """Tell whether an officer may do or read this on this case. The only place that decides it."""
    if officer.disabled or in_conflict(officer, complaint):
        return False
    return any(act in RIGHTS[duty.role] and _in_scope(duty, act, complaint, city) for duty in officer.duties)


def demand(officer: Officer, act: Act, complaint: Case, city: City) -> None:
    """Let the officer pass or say why not.

    NotFound where even reading is closed, so that a refusal never tells that a case exists;
    NotResponsible or NotAllowed where the case may be read and the act may not be done.
    """
    if allowed(officer, act, complaint, city):
        return
    if act is Act.READ or not allowed(officer, Act.READ, complaint, city):
        raise NotFound(complaint.code)
    if any(act in RIGHTS[duty.role] for duty in officer.duties):
        raise NotResponsible(f"{complaint.code} is with {complaint.office}")
    raise NotAllowed(f"{act} is not a right of {officer.id}")


def in_conflict(officer: Officer, complaint: Case) -> bool:
    """Tell whether the case is about this officer's own office or post: such a person never learns of it.

    The conflict covers the named office or post, its delegates and the posts under it; all of them
    carry the accused scope in one of their duties or work in the accused office. It never ends by itself.
    """
    accused = complaint.accused
    if accused is None:
        return False
    scopes = {duty.scope for duty in officer.duties} | {officer.office}
    # Area codes nest by dots and hamlets by a slash, so what lies under the accused begins with its scope.
    return any(scope == accused or scope.startswith((f"{accused}/", f"{accused}.")) for scope in scopes)


def _in_scope(duty: Duty, act: Act, complaint: Case, city: City) -> bool:
    if duty.role is Role.TRIAGE:
        if act in (Act.READ, Act.SORT, Act.RELEASE, Act.HIDE, Act.REJECT, Act.REFER):
            return True
        return complaint.office == duty.scope
    if complaint.sealed:
        # Until triage has decided, nobody but triage (or who stands in for it) learns of an accusation.
        return duty.scope == complaint.office
    if duty.role in (Role.SECRETARY, Role.MAYOR):
        return True
    if duty.role is Role.HAMLET_HEAD:
        village = duty.scope.partition("/")[0]
        return complaint.office == village and complaint.hamlet == duty.scope
    if complaint.office == duty.scope:
        return True
    if act is not Act.READ or complaint.private:
        return False
    # Area heads read what happens on their ground, also where an office of the city answers.
    if duty.role is Role.VILLAGE_HEAD:
        return complaint.area == duty.scope
    if duty.role is Role.DISTRICT_HEAD:
        return complaint.area is not None and city.areas[complaint.area].parent == duty.scope
    return False
