"""Duty posts and the people in them: taking in a roster, and joining its people to the roads that messages take.

A post is `role@scope` and outlives whoever holds it. What a roster says of a post replaces what was stored of it, and
whoever held it before loses it with all that hung on it; posts that the roster does not name stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

from chalicelib import keys, pool, sns
from chalicelib.domain.city import CITY_SCOPE, City
from chalicelib.domain.errors import NotFound
from chalicelib.domain.people import SIGN_IN_BY_CODE, Duty, Officer, Role
from chalicelib.domain.wishes import NONE, Wish, filter_policy
from chalicelib.store import people, wishes
from chalicelib.usecases import sealing, signin
from chalicelib.usecases.record import city

LISTENING = frozenset({Role.STAFF, Role.DUTY, Role.TRIAGE, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD})
"""Who hears of every case by the topic of the office. Heads of hamlets, of divisions and of city offices are told in
person when it is their turn, so they are not on it: two lanes, never both."""

_AT_ONCE = 8
"""People who are joined to their topics at the same time: nearly all of it is waiting for SNS."""

_Road = tuple[str, str]
"""An office's topic and the phone or mailbox that listens to it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the roster; the phone in E.164. Contacts may lack a phone, everybody has a mailbox."""

    name: str
    phone: str
    email: str
    title: str = ""
    language: str = "id"

    @property
    def id(self) -> str:
        return keys.person_id(self.phone or self.email)


@dataclass(frozen=True, slots=True)
class Seat:
    """One person in one post; a delegate stands behind the holder and is told with the holder."""

    duty: Duty
    person: Person
    delegate: bool = False
    days: tuple[date, date] | None = None
    """A turn on the piket list: first and last day; None for who holds the post on all days that no turn names."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who is kept informed and no more (banjar adat, pecalang): reads the mails of one village's office."""

    village: str
    person: Person


@dataclass(frozen=True, slots=True)
class Roster:
    """What an import brings. Its faults were found by whoever read it: here everything is taken as it stands."""

    seats: tuple[Seat, ...]
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """What an import left behind."""

    officers: int
    posts: int
    contacts: int
    dismissed: int
    """People who held one of these posts before and now hold nothing: they can no longer sign in."""


def install(
    roster: Roster, *, beside: bool = False, progress: Callable[[int, int], None] = lambda done, of: None
) -> Installed:
    """Store a roster, join its people to their topics and see to their accounts.

    Run again, it changes nothing; cut short, a rerun ends it. ``beside`` leaves whoever holds these posts already in
    them; ``progress`` is called with the people done and their number.
    """
    profile = city()
    if beside:
        return _install_beside(roster, profile, progress)
    before = people.holders(seat.duty.post for seat in roster.seats)
    wanted = _officers(roster, before, profile)
    gone = {item for held in before.values() for item, _ in held.officers} | _informed_before(roster)
    gone -= wanted.keys()
    taken = {seat.duty for seat in roster.seats}
    dismissed, parted = 0, False
    for done, officer_id in enumerate(sorted(gone), start=1):
        closed, left = _take_away(officer_id, taken, profile)
        dismissed, parted = dismissed + closed, parted or left
        progress(done, len(wanted) + len(gone))
    with ThreadPoolExecutor(_AT_ONCE) as several:
        settled = several.map(lambda each: _settle(each[0], each[1], profile), wanted.values())
        for done, left in enumerate(settled, start=len(gone) + 1):
            parted = parted or left
            progress(done, len(wanted) + len(gone))
    # The posts last: until then they name those who must lose them, should this run be cut short.
    for post, (officers, piket) in _posts(roster).items():
        people.hold_post(post, officers, piket)
    if parted:
        # A mailbox may serve several people: whoever left must not have taken it from those who stay.
        reconnect()
    return Installed(
        officers=len({seat.person.id for seat in roster.seats}),
        posts=len(taken),
        contacts=len(roster.contacts),
        dismissed=dismissed,
    )


def _install_beside(roster: Roster, profile: City, progress: Callable[[int, int], None]) -> Installed:
    wanted = _officers(roster, {}, profile)
    for done, (officer, person) in enumerate(wanted.values(), start=1):
        _settle(officer, person, profile)
        progress(done, len(wanted))
    for post, (officers, piket) in _posts(roster).items():
        standing, turns = people.seats(post)
        people.hold_post(
            post,
            dict.fromkeys((*standing, *officers)),
            [*turns, *(turn for turn in piket if turn not in turns)],
        )
    return Installed(len(wanted), len({seat.duty for seat in roster.seats}), len(roster.contacts), 0)


def second_holders(roster: Roster, several: Container[Role]) -> Iterator[tuple[str, str]]:
    """Posts with a holder of their own, and the name of who would be a second one, but for roles of ``several``."""
    for seat in roster.seats:
        if seat.delegate or seat.days or seat.duty.role in several:
            continue
        if set(people.seats(seat.duty.post)[0]) - {seat.person.id}:
            yield seat.duty.post, seat.person.name


def find(address: str) -> Officer:
    """The officer with this phone (E.164) or mailbox. Raises NotFound, also where several share the mailbox."""
    mailbox = keys.person_id(address)
    login = people.login(mailbox)
    ids = login.officers if login else (mailbox,)
    if len(ids) != 1:
        raise NotFound("several officers share this mailbox")
    return people.officer(ids[0])


def remove(officer: Officer) -> None:
    """Take somebody out of all posts: their next request is refused, and their account is deleted. May be run again."""
    profile = city()
    for duty in officer.duties:
        standing, turns = people.seats(duty.post)
        others = [(first, last, [who for who in held if who != officer.id]) for first, last, held in turns]
        # Of the post first: until the rest is done it names who must still lose it, should this be cut short.
        people.hold_post(
            duty.post,
            [who for who in standing if who != officer.id],
            [turn for turn in others if turn[2]],
        )
    _, parted = _take_away(officer.id, set(officer.duties), profile)
    if parted:
        reconnect()


def invite_again(officer: Officer) -> None:
    """Give somebody a new account in the pool, whose second factor was lost; the old one opens nothing any more."""
    email = sealing.unseal(officer.id, people.registered(officer.id).contact)["email"]
    pool.remove(email)
    _have_account(email, officer.id)


def _have_account(email: str, officer_id: str) -> None:
    """See that an officer has an account; a new one is bound to the mailbox, in the place of any before."""
    subject = pool.invite(email, officer_id)
    if not subject:
        return
    mailbox = keys.person_id(email)
    while (login := people.login(mailbox)) is not None:
        if people.set_login(mailbox, replace(login, account=signin.binding(subject)), previous=login):
            return


def needs_account(officer: Officer) -> bool:
    """Whether somebody signs in at the pool that we keep; heads of hamlets and villages need none."""
    return (
        pool.is_ours()
        and not officer.disabled
        and any(duty.role not in SIGN_IN_BY_CODE for duty in officer.duties)
    )


def reconnect() -> int:
    """Make every officer's own topic, all subscriptions and accounts from what is stored; return for how many people.

    For a stack whose SNS or pool was made anew; where they exist, nothing changes.
    """

    def join(found: people.Registered) -> None:
        contact = sealing.unseal(found.officer.id, found.contact)
        listen(found.officer, contact, None)
        if needs_account(found.officer):
            _have_account(contact["email"], found.officer.id)

    with ThreadPoolExecutor(_AT_ONCE) as several:
        return len(list(several.map(join, (o for o in people.all_officers() if not o.officer.disabled))))


def silent_offices() -> list[tuple[str, str]]:
    """Offices (id, name) whose topic nobody listens to: a new case would reach no phone and no mailbox there."""
    offices = [office for office in city().offices.values() if not office.outside]
    posts = {office.id: [Duty(role, office.id).post for role in LISTENING] for office in offices}
    held = people.holders(post for each in posts.values() for post in each)
    return [
        (office.id, office.name)
        for office in offices
        if not any(held[post].officers for post in posts[office.id])
    ]


def office_of(duty: Duty, profile: City) -> str:
    """The office that a post belongs to; the city secretary and the mayor to the one that the secretary heads."""
    if duty.scope != CITY_SCOPE:
        return duty.scope.partition("/")[0]
    title = profile.titles.get(Role.SECRETARY)
    heads = (o.id for o in profile.offices.values() if title and o.titles.get(Role.OFFICE_HEAD) == title)
    return next(heads, profile.triage_office)


def _officers(
    roster: Roster, before: Mapping[str, object], profile: City
) -> dict[str, tuple[Officer, Person]]:
    """Everybody in the roster as they shall be stored: these posts, and those they hold that it does not name."""
    named: dict[str, tuple[Person, list[Duty]]] = {}
    for seat in roster.seats:
        named.setdefault(seat.person.id, (seat.person, []))[1].append(seat.duty)
    found: dict[str, tuple[Officer, Person]] = {}
    for officer_id, (person, duties) in named.items():
        kept = [duty for duty in _duties_now(officer_id) if duty.post not in before]
        office = office_of(duties[0], profile)
        title = person.title or str(duties[0].role)
        officer = Officer(officer_id, person.name, title, office, (*duties, *kept), person.language)
        found[officer_id] = (replace(officer, duties=tuple(dict.fromkeys(officer.duties))), person)
    for contact in roster.contacts:
        person = contact.person
        # Without a duty there is no right: such a person reads what the office's mails say, and nothing more.
        informed = Officer(person.id, person.name, person.title, contact.village, (), person.language)
        found.setdefault(person.id, (informed, person))
    return found


def _posts(roster: Roster) -> dict[str, tuple[list[str], list[people.Piket]]]:
    """By post: officer ids, holders first, delegates behind them; and the turns of its piket list."""
    standing: dict[str, list[str]] = {}
    turns: dict[str, dict[tuple[date, date], list[str]]] = {}
    for seat in sorted(roster.seats, key=lambda seat: seat.delegate):
        held = standing.setdefault(seat.duty.post, [])
        if seat.days is not None:
            held = turns.setdefault(seat.duty.post, {}).setdefault(seat.days, [])
        held.append(seat.person.id)
    return {
        post: (held, [(*days, who) for days, who in sorted(turns.get(post, {}).items())])
        for post, held in standing.items()
    }


def _informed_before(roster: Roster) -> set[str]:
    """Who is kept informed by the villages whose contacts this roster names."""
    return {
        officer.id
        for village in {contact.village for contact in roster.contacts}
        for officer in people.officers_of(village)
        if not officer.duties and not officer.disabled
    }


def _duties_now(officer_id: str) -> tuple[Duty, ...]:
    try:
        officer = people.officer(officer_id)
    except NotFound:
        return ()
    return () if officer.disabled else officer.duties


def _settle(officer: Officer, person: Person, profile: City) -> bool:
    """Store somebody where anything changed, and join them to their roads; True where some road was left."""
    values = {"phone": person.phone, "email": person.email, "name": person.name}
    contact = {key: value for key, value in values.items() if value}
    left = False
    try:
        found = people.registered(officer.id)
    except NotFound:
        found = None
    old = sealing.unseal(officer.id, found.contact) if found else {}
    if found is None or found.officer != officer or old != contact:
        people.save_officer(officer, sealing.seal(officer.id, contact))
    if found is not None:
        left = _leave(_roads(found.officer, old, profile) - _roads(officer, contact, profile))
        if old.get("email") != contact["email"]:
            _login(old["email"], officer.id, given=False)
            _close_account(old["email"])
            sns.unsubscribe_officer(officer.id, old["email"])
    if officer.duties:
        _login(contact["email"], officer.id, given=True)
        if needs_account(officer):
            _have_account(contact["email"], officer.id)
    listen(officer, contact, None)
    return left


def _login(email: str, officer_id: str, *, given: bool) -> None:
    """Say at whose mailbox an account of the identity provider finds this officer, or that it no longer does."""
    mailbox = keys.person_id(email)
    while True:
        found = people.login(mailbox)
        before = found.officers if found else ()
        after = tuple(item for item in before if item != officer_id) + ((officer_id,) if given else ())
        if set(after) == set(before):
            return
        # Whoever gets a mailbox that another had, comes with an account of their own.
        kept = found.account if found and len(after) == len(before) else ""
        if people.set_login(mailbox, people.Login(after, kept), previous=found):
            return


def _close_account(email: str) -> None:
    """Delete the account of a mailbox that is no officer's any more."""
    if not pool.is_ours():
        return
    login = people.login(keys.person_id(email))
    if login is None or not login.officers:
        pool.remove(email)


def _take_away(officer_id: str, posts: set[Duty], profile: City) -> tuple[bool, bool]:
    """Take these posts from somebody who is no longer in them.

    Answers whether nothing is left, so that the door is closed, and whether some road was left.
    """
    found = people.registered(officer_id)
    officer, contact = found.officer, sealing.unseal(officer_id, found.contact)
    duties = tuple(duty for duty in officer.duties if duty not in posts)
    office = office_of(duties[0], profile) if duties else officer.office
    after = replace(officer, duties=duties, office=office, disabled=not duties)
    people.save_officer(after, found.contact)
    left = _leave(_roads(officer, contact, profile) - _roads(after, contact, profile))
    if after.disabled:
        _login(contact["email"], officer_id, given=False)
        _close_account(contact["email"])
        sns.unsubscribe_officer(officer_id, contact["email"])
    return after.disabled, left


def listen(officer: Officer, contact: Mapping[str, str], wish: Wish | None) -> None:
    """Join somebody to their own topic and to those of their offices; ``wish`` (else the one that they have) filters
    what these bring them."""
    if officer.duties:
        sns.ensure_officer_topic(officer.id, contact["email"])
    filters = None
    if wish is None and (kept := wishes.of("officer", officer.id)) != NONE:
        wish = kept
    if wish is not None:
        filters = {"sms": filter_policy(wish, phone=True), "email": filter_policy(wish, phone=False)}
    for office, endpoint in sorted(_roads(officer, contact, city())):
        if "@" in endpoint:
            sns.subscribe_office(office, email=endpoint, filters=filters)
        else:
            sns.subscribe_office(office, phone=endpoint, filters=filters)


def _leave(roads: Iterable[_Road]) -> bool:
    """Take these off their topics; True where there was any."""
    gone = sorted(roads)
    for office, endpoint in gone:
        sns.unsubscribe_office(office, endpoint)
    return bool(gone)


def _roads(officer: Officer, contact: Mapping[str, str], profile: City) -> set[_Road]:
    """What of this person listens to which office's topic."""
    if officer.disabled:
        return set()
    if not officer.duties:
        return {(officer.office, contact["email"])}
    offices = {office_of(duty, profile) for duty in officer.duties if duty.role in LISTENING}
    ends = [contact[name] for name in ("phone", "email") if contact.get(name)]
    return {(office, end) for office in offices for end in ends}
