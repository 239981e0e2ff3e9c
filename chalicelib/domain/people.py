"""Who acts, and who may do or read what: one table of rights and one function, for single views and lists alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.city import CITY_SCOPE
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
    VERIFIER = "verifier"  # reads before the public does, and looks at fixes a second time
    OPERATOR = "operator"  # files for callers
    OPERATIONS = "operations"  # the room that watches the whole city
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


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
    ACK_RUNG = "acknowledge_rung"
    WARN = "warn"
    ASK = "ask"
    ANSWER = "answer"
    RESUME = "resume"
    WAIT = "wait"
    LONGER = "longer"
    """Of sorting: to promise a later moment than was promised."""
    APPEAL = "appeal"
    UPHOLD = "uphold"  # what was declined stays declined
    GRANT = "grant"  # the appeal was right: the case goes on
    CONTINUE = "continue"  # the city goes on with what was withdrawn
    CONFIRM = "confirm"  # an emergency is a real one
    RAISE = "raise"
    LOWER = "lower"
    CLAIM = "claim"  # called solved where a second person has to look at it
    APPROVE = "approve"
    SEND_BACK = "send_back"
    LAST_CALL = "last_call"  # the reporter hears that silence will close it
    AWAIT = "await_confirmation"  # silence cannot close it, so a second person is asked
    SCHEDULE = "schedule"  # a new date, once
    ASK_DATE = "ask_date"  # one so late that the secretary has to allow it
    GRANT_DATE = "grant_date"
    DECLINE_DATE = "decline_date"
    AGREE = "agree"  # the reporter says that it is solved
    CEILING = "ceiling"
    MERGE = "merge"
    UNMERGE = "unmerge"
    AGENCY_REPLY = "agency_reply"
    """An agency outside answered, and the state stays."""
    AGENCY_RETURN = "agency_return"
    """An agency outside answered, and the case is the office's again."""
    NOTE = "note"
    """Something the people of one office tell each other."""
    UNDO = "undo"
    """Taking back, within minutes, what one did to many cases at once."""
    INSTRUCT = "instruct"  # disposisi: a head gives the case to a person of the office
    TAKE = "take"  # that person has it
    REMIND = "remind"  # an internal due date has come or gone
    DRAFT = "draft"
    """Staff write what a head may tell the reporter."""
    RETURN_DRAFT = "return_draft"
    RELEASE_DRAFT = "release_draft"
    """Of a head: to tell the reporter what was drafted. The act itself is a reply."""
    SPLIT = "split"  # other offices get a part of the case each
    TASK_REPLY = "task_reply"
    CANCEL_TASK = "cancel_task"
    FILE_FOR = "file_for"
    """To file for somebody who calls or stands at the counter. Of no case."""
    UNMASK = "unmask"
    """To see who a reporter is who chose to stay hidden; in the history it is a `REVEAL` with a reason."""
    AUDIT = "audit"
    """To read who looked at whose identity, when and why."""
    ADMINISTER = "administer"
    """To see who may sign in, to close somebody's door and to make a PIN void. Of no case."""
    MODERATE = "moderate"  # mend what the public reads; the original stays
    REVERT = "revert"  # take back the last of moderating, hiding and releasing
    TIGHTEN = "tighten"
    """To show less of a case, or of its reporter, than the reporter allowed; nobody but the reporter shows more."""
    ERASE = "erase"  # the words and the person go, what happened stays


_HANDLE = frozenset(
    {
        Act.FILE_FOR,
        Act.REVEAL,
        Act.READ,
        Act.ACKNOWLEDGE,
        Act.REPLY,
        Act.START,
        Act.RESOLVE,
        Act.PASS_ON,
        Act.REFER,
        Act.ASK,
        Act.MERGE,
        Act.UNMERGE,
        Act.NOTE,
        Act.TAKE,
        Act.DRAFT,
        Act.SPLIT,
        Act.CANCEL_TASK,
        Act.TIGHTEN,
    }
)

_LEAD = frozenset({Act.INSTRUCT, Act.RELEASE_DRAFT, Act.RETURN_DRAFT})
"""Of whoever heads people: an office, a division, a village or a district."""

_APPROVE = frozenset({Act.APPROVE, Act.SEND_BACK})
"""Of those who stand above the ones who do the work. Whoever did it approves nothing, whatever post they hold."""

_HEAD = _APPROVE | {Act.SCHEDULE}
"""Of whoever heads an office."""

_RUNG = frozenset({Act.ACK_RUNG})
"""Of the posts that stand on a ladder; which of them, each case says itself."""

_WEIGH = frozenset({Act.RAISE, Act.LOWER})
"""Say what is an emergency and what is none."""

_MODERATE = frozenset({Act.RELEASE, Act.HIDE, Act.MODERATE, Act.REVERT})
"""The public side of a case."""

_DUTY = _HANDLE | _RUNG | _WEIGH | {Act.CONFIRM}

_APPEALS = frozenset({Act.UPHOLD, Act.GRANT})
"""Of the posts above triage, from the one on that the profile names; no role has them by itself."""

_AREA_HEADS = frozenset({Role.HAMLET_HEAD, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD})

RIGHTS: dict[Role, frozenset[Act]] = {
    Role.HAMLET_HEAD: _HANDLE | _RUNG,
    Role.VILLAGE_HEAD: _HANDLE | _RUNG | _HEAD | _LEAD,
    Role.DISTRICT_HEAD: _HANDLE | _RUNG | _HEAD | _LEAD,
    Role.STAFF: _HANDLE,
    Role.DUTY: _DUTY,
    Role.DIVISION_HEAD: _DUTY | _APPROVE | _LEAD,
    Role.OFFICE_HEAD: _DUTY | _HEAD | _LEAD,
    # Publication is triage's and never the office's concerned, so no office role has RELEASE or HIDE.
    Role.TRIAGE: _HANDLE
    | _WEIGH
    | _APPROVE
    | _MODERATE
    | {Act.SORT, Act.REJECT, Act.CONTINUE, Act.UNDO, Act.UNMASK},
    Role.SECRETARY: _RUNG | {Act.READ, Act.GRANT_DATE, Act.DECLINE_DATE},
    Role.MAYOR: _RUNG | {Act.READ},
    Role.VERIFIER: _APPROVE | {Act.READ, Act.RELEASE, Act.HIDE, Act.TIGHTEN},
    Role.OPERATOR: frozenset({Act.FILE_FOR, Act.READ}),
    Role.OPERATIONS: frozenset({Act.READ}),
    Role.AUDITOR: frozenset({Act.READ, Act.AUDIT}),
    Role.ADMINISTRATOR: frozenset({Act.ADMINISTER}),
}
"""The one table of rights; docs/roles.md shows it, and a test holds the two together."""

APART = frozenset({Role.VERIFIER, Role.OPERATOR, Role.OPERATIONS, Role.AUDITOR, Role.ADMINISTRATOR})
"""Roles that answer for no case: the office in their post says who they work for, and gives them none of its cases."""

_WATCH = frozenset({Role.SECRETARY, Role.MAYOR, Role.OPERATIONS, Role.AUDITOR})
"""Who watches over all cases: of a private one they read where it stands, and not what the reporter wrote."""

OF_NO_CASE = frozenset({Act.FILE_FOR, Act.ADMINISTER})
"""Rights that are about no single case; `holds` decides on them."""

SIGN_IN_BY_CODE = frozenset({Role.HAMLET_HEAD, Role.VILLAGE_HEAD})
"""Who may sign in by a one-time code and a PIN where all others need the city's identity provider."""


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


_ACTING = re.compile(
    r"(?:(plt|pelaksana tugas)|(plh|pelaksana harian)|(pjs?|penjabat(?: sementara)?))\b[.\s]*", re.IGNORECASE
)


def acting(title: str) -> tuple[str, str]:
    """Split a title as given into how somebody acts in a post ("Plt.", "Plh.", "Pj.", or nothing) and the post's."""
    found = _ACTING.match(title.strip())
    if found is None:
        return "", title.strip()
    words = next(word for word, group in zip(("Plt.", "Plh.", "Pj."), found.groups(), strict=True) if group)
    return words, title.strip()[found.end() :]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody who is away, with the duties that their delegate has meanwhile."""

    id: str
    duties: tuple[Duty, ...]


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
    stands_in: tuple[StandIn, ...] = ()
    """Whom they stand in for today; the duties of those are among ``duties`` then."""


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
    @property
    def rungs(self) -> tuple[str, ...]:
        """The posts that the case has climbed to and that have it now; a row of a list names none."""
        ...

    @property
    def reopened(self) -> int: ...
    @property
    def category(self) -> str | None: ...
    @property
    def danger(self) -> str:
        """The key of an emergency number where it is not the category's own."""
        ...


def allowed(officer: Officer, act: Act, complaint: Case, city: City) -> bool:
    """Tell whether an officer may do or read this on this case. The only place that decides it."""
    if officer.disabled or in_conflict(officer, complaint, city):
        return False
    return any(_is_right(duty, act, complaint, city) for duty in officer.duties)


def holds(officer: Officer, right: Act) -> bool:
    """Tell whether an officer has a right that is about no single case (file for somebody, audit, administer)."""
    return not officer.disabled and any(right in RIGHTS[duty.role] for duty in officer.duties)


def demand_right(officer: Officer, right: Act) -> None:
    """Let the officer pass. Raises NotAllowed."""
    if not holds(officer, right):
        raise NotAllowed(f"{right} is not a right of {officer.id}")


def reads_words(officer: Officer, complaint: Case, city: City) -> bool:
    """Tell whether a reader of this case reads what the reporter wrote, and where exactly it is.

    Of a private case those who only watch do not, until it has climbed to their own post.
    """
    if not complaint.private:
        return True
    return any(
        duty.role not in _WATCH or duty.post in complaint.rungs
        for duty in officer.duties
        if _is_right(duty, Act.READ, complaint, city)
    )


def demand(officer: Officer, act: Act, complaint: Case, city: City) -> None:
    """Let the officer pass or say why not.

    NotFound where even reading is closed, so that a refusal never tells that a case exists;
    NotResponsible or NotAllowed where the case may be read and the act may not be done.
    """
    if allowed(officer, act, complaint, city):
        return
    if act is Act.READ or not allowed(officer, Act.READ, complaint, city):
        raise NotFound(complaint.code)
    if act not in {Act.ACK_RUNG, *_APPEALS} and any(act in RIGHTS[duty.role] for duty in officer.duties):
        raise NotResponsible(f"{complaint.code} is with {complaint.office}")
    raise NotAllowed(f"{act} is not a right of {officer.id}")


def standing_in(officer: Officer, others: Iterable[Officer]) -> Officer:
    """An officer with the duties of those who named them as their delegate, for as long as those are away."""
    away = tuple(StandIn(other.id, other.duties) for other in others)
    borrowed = (duty for each in away for duty in each.duties)
    return replace(officer, duties=tuple(dict.fromkeys((*officer.duties, *borrowed))), stands_in=away)


def acts_for(officer: Officer, own: Officer, act: Act, complaint: Case, city: City) -> tuple[str, str] | None:
    """In whose place (officer id, post) a delegate does this; None where their ``own`` duties let them."""
    if not officer.stands_in or allowed(own, act, complaint, city):
        return None
    for each in officer.stands_in:
        for duty in each.duties:
            if _is_right(duty, act, complaint, city):
                return each.id, duty.post
    return None


def may_work_on_task(officer: Officer, office: str, complaint: Case, city: City) -> bool:
    """Tell whether somebody may read and answer a task that was given to an office: who handles cases there.

    Never whom the case is about, and nobody while an accusation waits for triage.
    """
    if officer.disabled or complaint.sealed or in_conflict(officer, complaint, city):
        return False
    if is_accused(office, complaint.accused, city):
        return False
    outside_homes = not is_sheltered(complaint.category, complaint.danger, city)
    return any(
        duty.scope == office
        and Act.REPLY in RIGHTS[duty.role]
        and (duty.role not in _AREA_HEADS or outside_homes)
        for duty in officer.duties
    )


def in_conflict(officer: Officer, complaint: Case, city: City) -> bool:
    """Tell whether the case is about this officer's own office or post: such a person never learns of it.

    The conflict covers the named office or post, its delegates and the posts under it; all of them
    carry the accused scope in one of their duties or work in the accused office. It never ends by itself.
    """
    scopes = {duty.scope for duty in officer.duties} | {officer.office}
    return any(is_accused(scope, complaint.accused, city) for scope in scopes)


def works_at(officer: Officer, office: str) -> bool:
    """Tell whether somebody is one of an office's own people: by where they work, or by a duty there."""
    return office in {officer.office, *(duty.scope.partition("/")[0] for duty in officer.duties)}


def is_accused(scope: str, accused: str | None, city: City) -> bool:
    """Tell whether a case about ``accused`` is about this scope: the same, or one that lies under it."""
    if accused is None:
        return False
    if scope == CITY_SCOPE and accused == _office_of_the_secretary(city):
        return True
    # Area codes nest by dots and hamlets by a slash, so what lies under the accused begins with its scope.
    return scope == accused or scope.startswith((f"{accused}/", f"{accused}."))


def is_sheltered(category: str | None, danger: str, city: City) -> bool:
    """Tell whether it is about violence or self-harm: private always, and no area head ever learns of it."""
    found = city.categories.get(category) if category else None
    number = city.emergency_numbers.get(danger or (found.emergency or "" if found else ""))
    return (found is not None and found.sheltered) or (number is not None and number.sheltered)


def taker(accused: str, city: City) -> str:
    """The office that the profile's conflict table names for a case about this office, area, hamlet or ``city``."""
    if "/" in accused:
        return city.conflict["hamlet"]
    found = city.conflict.get(accused)
    if found is None:
        found = city.conflict.get(city.offices[accused].kind, city.conflict["office"])
    return city.areas[accused].parent or city.triage_office if found == "parent" else found


def triage_for(accused: str | None, city: City) -> str:
    """The office that decides on a case: triage, or where triage itself is accused, whoever stands in for it."""
    triage = city.triage_office
    return taker(triage, city) if is_accused(triage, accused, city) else triage


def _office_of_the_secretary(city: City) -> str | None:
    """A case about this office is a case about the secretary, who has a post of the city and not of an office."""
    title = city.titles.get(Role.SECRETARY)
    return next((o.id for o in city.offices.values() if title and o.titles.get("office_head") == title), None)


def _is_right(duty: Duty, act: Act, complaint: Case, city: City) -> bool:
    if act in OF_NO_CASE:
        return False
    if duty.role in _AREA_HEADS and is_sheltered(complaint.category, complaint.danger, city):
        return False  # not even one that a ladder or a hand-over brought there
    if duty.role in APART:
        return act in RIGHTS[duty.role] and _in_scope_apart(duty, act, complaint)
    if act is Act.ACK_RUNG:
        return duty.post in complaint.rungs
    if act in _APPEALS:
        return _decides_appeals(duty, complaint, city)
    if (
        act is Act.RESOLVE
        and complaint.reopened > 1
        and duty.post in complaint.rungs
        and not complaint.sealed
    ):
        return True  # another than before has to say that it is solved, and the office may have nobody else
    triage = triage_for(complaint.accused, city)
    if act is Act.LONGER:
        return duty.scope == triage and (triage != city.triage_office or duty.role in city.longer_by)
    if act is Act.SORT and duty.scope == triage and duty.role in city.longer_by:
        return True  # whoever may promise a later moment, sorts: the one is decided in the other
    if triage != city.triage_office and duty.scope == triage:
        # Triage is accused: nobody there may touch the case, so whoever stands in sorts, releases and rejects it.
        return _in_triage_scope(duty, act, complaint) and act in RIGHTS[duty.role] | RIGHTS[Role.TRIAGE]
    return act in RIGHTS[duty.role] and _in_scope(duty, act, complaint, city)


_TRIAGES = frozenset(
    {
        Act.READ,
        Act.SORT,
        *_MODERATE,
        Act.TIGHTEN,
        Act.REJECT,
        Act.REFER,
        Act.RAISE,
        Act.LOWER,
        Act.MERGE,
        Act.UNMERGE,
        Act.UNDO,
    }
)
"""What triage does to cases of every office."""


def _decides_appeals(duty: Duty, complaint: Case, city: City) -> bool:
    """The posts above whoever declines, from the profile's own on: where the first is vacant or late the next may."""
    roles = [rung.role for rung in city.ladders["topic"]]
    if duty.role not in roles[roles.index(city.appeals.by) :]:
        return False
    if duty.scope == CITY_SCOPE:
        return not complaint.sealed
    return duty.scope == triage_for(complaint.accused, city)


def _in_triage_scope(duty: Duty, act: Act, complaint: Case) -> bool:
    if act in _APPROVE or act in _TRIAGES:
        return True
    if act is Act.CONTINUE:
        return True
    return complaint.office == duty.scope


def _in_scope_apart(duty: Duty, act: Act, complaint: Case) -> bool:
    if act is Act.AUDIT:
        return True
    if complaint.sealed:
        return False  # until triage has decided, an accusation is triage's alone
    if duty.role is Role.OPERATOR:
        # What is private or about somebody is nothing to tell by phone.
        return not complaint.private and complaint.accused is None
    return True


def _in_scope(duty: Duty, act: Act, complaint: Case, city: City) -> bool:
    if duty.role is Role.TRIAGE:
        return _in_triage_scope(duty, act, complaint)
    if complaint.sealed:
        # Until triage has decided, nobody but triage learns of an accusation: not the other staff of its office
        # either, only the posts that hear when triage is late.
        return duty.scope == complaint.office and duty.role is not Role.STAFF
    if duty.role in (Role.SECRETARY, Role.MAYOR):
        return True
    if duty.role is Role.HAMLET_HEAD:
        village = duty.scope.partition("/")[0]
        return complaint.office == village and complaint.hamlet == duty.scope
    if complaint.office == duty.scope:
        return True
    if act is Act.READ and duty.post in complaint.rungs:
        return True  # who is asked to see to a case has to be able to open it, be it private
    if act is not Act.READ or complaint.private or complaint.accused:
        return False
    if duty.scope == city.village_affairs and city.is_coordinated(complaint.office):
        # The unit that is informed together with the camat can open what it is told of.
        return any(post.startswith(f"{Role.DISTRICT_HEAD}@") for post in complaint.rungs)
    # Area heads read what happens on their ground, also where an office of the city answers, but for what is private
    # or about somebody.
    if duty.role is Role.VILLAGE_HEAD:
        return complaint.area == duty.scope
    if duty.role is Role.DISTRICT_HEAD:
        return complaint.area is not None and city.areas[complaint.area].parent == duty.scope
    return False
