"""What officers and reporters do to a case: load, check, decide, store. One function per act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain import appeals, asking, drafts, emergency, handling, reporting, routing, scheduling
from chalicelib.domain.complaint import Change, Complaint, Route
from chalicelib.domain.errors import Fault, Invalid, NotFound, StaleComplaint
from chalicelib.domain.people import Act, Officer, demand, in_conflict, triage_for
from chalicelib.domain.photos import For
from chalicelib.domain.scheduling import Wish
from chalicelib.observability import count, logger
from chalicelib.store import complaints, guards, people
from chalicelib.usecases import dangers, duplicates, endings, photos
from chalicelib.usecases.record import city, holders, on_behalf, record, report_rules
from chalicelib.usecases.signin import Kind, Who

_TRIES = 3
MESSAGES_PER_DAY = 20


# Officers -----------------------------------------------------------------------------------------------------


def acknowledge(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    return _office(
        code, officer, Act.ACKNOWLEDGE, if_match, lambda c: handling.acknowledge(c, officer, now=now)
    )


def reply(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Answer the reporter. Raises NeedsHead where the profile has a head release what staff draft."""

    def answer(complaint: Complaint) -> Change:
        drafts.demand_head(complaint, officer, Act.REPLY, city())
        return handling.reply(complaint, officer, text, now=now)

    return _office(code, officer, Act.REPLY, if_match, answer)


def ask(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Ask the reporter one question; the promise to solve is paused until they answer or its time is over."""
    return _office(
        code, officer, Act.ASK, if_match, lambda c: asking.ask(c, officer, text, city=city(), now=now)
    )


def start(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    return _office(code, officer, Act.START, if_match, lambda c: handling.start(c, officer, now=now))


def resolve(
    code: str,
    officer: Officer,
    text: str,
    proof: str = "",
    sent: Sequence[str] = (),
    *,
    if_match: int,
    now: datetime,
) -> Complaint:
    """Call it solved, with the photos ``sent``; where the category needs four eyes it then waits for `approve`."""

    def claim(stored: complaints.Stored) -> Change:
        drafts.demand_head(stored.complaint, officer, Act.RESOLVE, city())
        return handling.resolve(
            stored.complaint,
            officer,
            text,
            proof=proof,
            photos=len(sent),
            history=stored.history,
            city=city(),
            now=now,
        )

    owner = f"officer:{officer.id}"
    complaint = _office_act(
        code,
        officer,
        Act.RESOLVE,
        if_match,
        claim,
        beside=lambda: photos.claiming(sent, owner, For.PROOF, code, now=now),
    )
    photos.hurry(sent)
    return complaint


def approve(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Say, as somebody other than the doer, that a claimed fix is real. Who did it is read from the history."""
    stored = _seen(code, officer, Act.APPROVE, if_match)
    seen = photos.proofs(stored)
    change = handling.approve(
        stored.complaint, officer, stored.history, photos=len(seen), city=city(), now=now
    )
    return record(on_behalf(change, officer, Act.APPROVE, stored.complaint), previous=stored)


def send_back(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Refuse a claimed fix: the work goes on against the old deadline."""
    return _office(
        code,
        officer,
        Act.SEND_BACK,
        if_match,
        lambda c: handling.send_back(c, officer, text, city=city(), now=now),
    )


def schedule(code: str, officer: Officer, wish: Wish, *, if_match: int, now: datetime) -> Complaint:
    """Set a new date as the head of the office; one beyond the profile's months waits for the secretary."""
    if wish.reason not in city().new_dates.reasons:
        raise Invalid([Fault("reason", "unknown_reason")])
    stored = _seen(code, officer, Act.SCHEDULE, if_match)
    change = scheduling.schedule(stored.complaint, officer, wish, stored.history, city(), now=now)
    return record(on_behalf(change, officer, Act.SCHEDULE, stored.complaint), previous=stored)


def grant_date(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Allow, as the secretary, the date that a head asked for."""
    stored = _seen(code, officer, Act.GRANT_DATE, if_match)
    change = scheduling.grant(stored.complaint, officer, stored.history, city(), now=now)
    return record(on_behalf(change, officer, Act.GRANT_DATE, stored.complaint), previous=stored)


def decline_date(code: str, officer: Officer, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Refuse it, with a sentence to the office; nothing else changes."""
    stored = _seen(code, officer, Act.DECLINE_DATE, if_match)
    change = scheduling.decline(stored.complaint, officer, text, stored.history, now=now)
    return record(on_behalf(change, officer, Act.DECLINE_DATE, stored.complaint), previous=stored)


def pass_on(
    code: str, officer: Officer, office: str, text: str, *, if_match: int, now: datetime
) -> Complaint:
    """Hand a wrongly addressed case to another office of the city; the reporter sees who has it now."""

    def move(stored: complaints.Stored) -> Change:
        complaint, profile = stored.complaint, city()
        if office == complaint.office:
            raise Invalid([Fault("office", "office_same")])
        route = routing.assign(office, complaint.accused, profile, sheltered=complaint.sheltered(profile))
        return handling.pass_on(complaint, officer, route, text, profile, history=stored.history, now=now)

    return _office_act(code, officer, Act.PASS_ON, if_match, move)


def refer(code: str, officer: Officer, agency: str, text: str, *, if_match: int, now: datetime) -> Complaint:
    """Ask an agency outside the city; the case stays with this office."""
    found = city().offices.get(agency)
    if found is None or not found.outside:
        raise Invalid([Fault("agency", "agency_unknown")])
    return _office(
        code,
        officer,
        Act.REFER,
        if_match,
        lambda c: handling.refer(c, officer, agency, text, city(), now=now),
    )


def note(
    code: str, officer: Officer, text: str, mentions: Sequence[str], *, if_match: int, now: datetime
) -> Complaint:
    """Write something for the own office alone; whom it mentions hears that there is something, not what."""

    there = {colleague.id: colleague for colleague in people.officers_of(officer.office)}

    def write(stored: complaints.Stored) -> Change:
        if not there.keys() >= set(mentions):
            raise Invalid([Fault("mentions", "mention_unknown")])
        return handling.note(
            stored.complaint, officer, text, [there[item] for item in mentions], city(), now=now
        )

    told = {item: there[item].language for item in mentions if item in there}
    return _office_act(code, officer, Act.NOTE, if_match, write, mentioned=told)


def colleagues(officer: Officer) -> list[Officer]:
    """Who works in the same office and may be mentioned, by name; the officer is none of them."""
    found = (who for who in people.officers_of(officer.office) if not who.disabled and who.id != officer.id)
    return sorted(found, key=lambda who: (who.name, who.id))


def acknowledge_rung(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Say, as a post that the case climbed to, that one has heard; it climbs no further in that post's time."""
    return _office(
        code, officer, Act.ACK_RUNG, if_match, lambda c: handling.acknowledge_rung(c, officer, now=now)
    )


# Emergencies --------------------------------------------------------------------------------------------------


def confirm(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Say that an emergency is real."""
    return _office(
        code, officer, Act.CONFIRM, if_match, lambda c: emergency.confirm(c, officer, city(), now=now)
    )


def raise_to(
    code: str, officer: Officer, danger: str, text: str, *, if_match: int, now: datetime
) -> Complaint:
    """Make a case an emergency: its post is paged, and the minutes run from now."""
    return _office(
        code,
        officer,
        Act.RAISE,
        if_match,
        lambda c: emergency.raise_to(c, officer, danger, text, city(), now=now),
    )


@dataclass(frozen=True, slots=True)
class Lowering:
    """Why it is no emergency, what it is instead (None: what its category says), and whether somebody made it up."""

    text: str
    category: str | None = None
    misuse: bool = False


def lower(code: str, officer: Officer, lowering: Lowering, *, if_match: int, now: datetime) -> Complaint:
    """Return an emergency to the ordinary promise of a category; misuse counts against its reporter."""
    profile = city()

    def decide(complaint: Complaint) -> Change:
        category = profile.categories.get(lowering.category or complaint.category or "")
        if category is None:
            raise Invalid([Fault("category", "required")])
        if complaint.accused is not None:
            route = routing.route_accusation(complaint.accused, profile)
        else:
            route = routing.route_category(
                category, complaint.area, profile, answers=complaint.answers, at=now
            )
            report_rules(route)
        return emergency.lower(
            complaint, officer, category, route, profile, lowering.text, misuse=lowering.misuse, now=now
        )

    complaint = _office(code, officer, Act.LOWER, if_match, decide)
    if lowering.misuse and complaint.citizen:
        guards.hit(dangers.misuse_key(complaint.citizen), 1_000_000, profile.emergency.misuse_within, now=now)
    return complaint


# Triage -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sorting:
    """Triage's decision; of a sealed case ``accusation`` says whether it is one, and ``accused`` whom it is about."""

    category: str
    office: str | None = None
    area: str | None = None
    hamlet: str | None = None
    accusation: bool | None = None
    accused: str | None = None
    text: str = ""
    longer: str = ""
    """Why the category's later moments shall hold; empty where nothing is to be later than it was promised."""
    publish: bool = False
    """Whether the public may read the text from now on: screened in the same act."""


def sort(code: str, officer: Officer, sorting: Sorting, *, if_match: int, now: datetime) -> Complaint:
    """Give a case its category and office; an accusation that stands goes to whoever the profile names for it."""
    profile = city()
    category = profile.categories.get(sorting.category)
    if category is None:
        raise Invalid([Fault("category", "unknown_category")])

    def decide(complaint: Complaint) -> Change:
        if sorting.longer:
            demand(officer, Act.LONGER, complaint, profile)
        if sorting.publish:
            demand(officer, Act.RELEASE, complaint, profile)
        if complaint.sealed and sorting.accusation is None:
            raise Invalid([Fault("accusation", "accusation_undecided")])
        about = complaint.accused
        if sorting.accusation is not None:
            about = (sorting.accused or about) if sorting.accusation else None
        if sorting.accusation and about is None:
            raise Invalid([Fault("accused", "accused_required")])
        if sorting.office is not None:
            route = routing.assign(sorting.office, about, profile, sheltered=category.sheltered)
        elif about is not None:
            route = routing.route_accusation(about, profile)
            if category.sheltered and route.office in profile.areas:
                route = Route(triage_for(about, profile), "topic")  # the camat would take it, as an area head
        else:
            route = routing.route_category(
                category, sorting.area or complaint.area, profile, answers=complaint.answers, at=now
            )
            report_rules(route)
        return handling.sort(
            complaint,
            officer,
            category,
            route,
            profile,
            text=sorting.text,
            accused=about,
            area=sorting.area,
            hamlet=sorting.hamlet,
            longer=sorting.longer,
            publish=sorting.publish,
            now=now,
        )

    return _office(code, officer, Act.SORT, if_match, decide)


def release(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    return _office(code, officer, Act.RELEASE, if_match, lambda c: handling.release(c, officer, now=now))


def hide(code: str, officer: Officer, reason: str, *, if_match: int, now: datetime) -> Complaint:
    return _office(code, officer, Act.HIDE, if_match, lambda c: handling.hide(c, officer, reason, now=now))


def reject(code: str, officer: Officer, reason: str, text: str, *, if_match: int, now: datetime) -> Complaint:
    return _office(
        code, officer, Act.REJECT, if_match, lambda c: handling.reject(c, officer, reason, text, now=now)
    )


def go_on(code: str, officer: Officer, *, if_match: int, now: datetime) -> Complaint:
    """Go on by the city's own will with what its reporter withdrew."""

    def take_up(stored: complaints.Stored) -> Change:
        return appeals.go_on(stored.complaint, officer, stored.history, city(), now=now)

    return _office_act(code, officer, Act.CONTINUE, if_match, take_up)


def decide_appeal(
    code: str, officer: Officer, text: str, *, grant: bool, if_match: int, now: datetime
) -> Complaint:
    """Decide, one level above whoever declined, whether a case goes on."""

    def decide(stored: complaints.Stored) -> Change:
        if grant:
            return appeals.grant(stored.complaint, officer, text, stored.history, city(), now=now)
        return appeals.uphold(stored.complaint, officer, text, stored.history, now=now)

    return _office_act(code, officer, Act.GRANT if grant else Act.UPHOLD, if_match, decide)


# The reporter -------------------------------------------------------------------------------------------------


def message(code: str, who: Who, text: str, *, client: str = "", now: datetime) -> Complaint:
    """Add the reporter's message. Each makes an e-mail and a line of history, so a day takes only so many."""
    if not is_reporter(who, complaints.get_head(code).complaint):
        raise NotFound(code)
    guards.hit(f"message#{code}", MESSAGES_PER_DAY, timedelta(days=1), now=now)
    return _says(code, who, text, lambda c: reporting.message(c, text, city=city(), now=now), client, now)


def answer(
    code: str,
    who: Who,
    number: int,
    text: str,
    share: bool = False,
    sent: Sequence[str] = (),
    *,
    client: str = "",
    now: datetime,
) -> Complaint:
    """Answer the office's question of this number, with the photos ``sent``; one that waits no longer takes none."""

    def take(complaint: Complaint) -> Change:
        change = asking.answer(complaint, number, text, share=share, city=city(), now=now)
        return photos.told(change, sent)

    owner = photos.owner_of(who)

    def claiming(_: complaints.Stored) -> complaints.Also | None:
        # Read anew at each try: while it is tried, the job that looks at an upload changes the photo's row.
        return photos.claiming(sent, owner, For.ANSWER, code, now=now)

    complaint = _says(code, who, text, take, client, now, beside=claiming)
    photos.hurry(sent)
    return complaint


def edit(code: str, who: Who, text: str, *, client: str = "", now: datetime) -> Complaint:
    """Mend the words. Words that now accuse somebody are told to triage before anybody else reads them."""
    return _says(code, who, text, lambda c: reporting.edit(c, text, city=city(), now=now), client, now)


def rate(code: str, who: Who, score: int, words: str, *, now: datetime) -> Complaint:
    """Take the reporter's judgement; a thank-you reaches the officer who did it."""

    def judge(stored: complaints.Stored) -> Change:
        return reporting.rate(stored.complaint, score, words, city=city(), now=now)

    return _reporter_act(code, who, judge, doer=_doer)


def _doer(stored: complaints.Stored) -> tuple[str, str] | None:
    """Who called the case solved, and their language; None where nobody can be thanked."""
    solved_by = handling.solvers(stored.history)
    try:
        officer = people.officer(solved_by[-1]) if solved_by else None
    except NotFound:
        return None
    if officer is None or officer.disabled or in_conflict(officer, stored.complaint, city()):
        return None
    return officer.id, officer.language


def agree(code: str, who: Who, *, now: datetime) -> Complaint:
    return _reporter(code, who, lambda c: reporting.agree(c, now=now))


def reopen(code: str, who: Who, text: str, *, client: str = "", now: datetime) -> Complaint:
    """Take the case up again; where another case's solution had answered it, that one hears a "belum", too."""
    return _says(
        code,
        who,
        text,
        lambda c: reporting.reopen(c, text, city=city(), now=now),
        client,
        now,
        beside=lambda stored: duplicates.voting(stored, now),
    )


def appeal(code: str, who: Who, text: str, *, now: datetime) -> Complaint:
    """Ask one level up to look at a rejection again; it goes to the nearest post where somebody else can be reached."""

    def ask_above(stored: complaints.Stored) -> Change:
        complaint = stored.complaint
        declined = appeals.rejected_by(stored.history)
        found = holders([step.post for step in appeals.ladder(complaint, city())], complaint, now=now)
        filled = {post: any(item != declined for item, _ in held.officers) for post, held in found.items()}
        change = appeals.appeal(complaint, text, filled, city(), now=now)
        if vacant := change.event.data.get("vacant"):
            logger.warning("vacant posts were passed over", extra={"code": code, "posts": vacant})
            count("VacantRungs", len(vacant))
        return change

    return _reporter_act(code, who, ask_above)


def withdraw(code: str, who: Who, reason: str, words: str = "", *, now: datetime) -> Complaint:
    return _reporter(
        code,
        who,
        lambda c: reporting.withdraw(c, reason, words, now=now),
        beside=lambda stored: endings.parting(stored.complaint),
    )


def is_reporter(who: Who | None, complaint: Complaint) -> bool:
    """Tell whether this person filed the case: by their own sign-in, or by its secret link."""
    if who is None:
        return False
    if who.kind is Kind.LINK:
        return who.id == f"{complaint.code}.{complaint.link_version}"
    return who.kind is Kind.CITIZEN and complaint.citizen is not None and who.id == complaint.citizen


def _office(
    code: str, officer: Officer, act: Act, if_match: int, decide: Callable[[Complaint], Change]
) -> Complaint:
    return _office_act(code, officer, act, if_match, lambda stored: decide(stored.complaint))


def _office_act(
    code: str,
    officer: Officer,
    act: Act,
    if_match: int,
    decide: Callable[[complaints.Stored], Change],
    *,
    mentioned: Mapping[str, str] | None = None,
    beside: Callable[[], complaints.Also | None] = lambda: None,
) -> Complaint:
    for attempt in range(_TRIES):
        stored = _seen(code, officer, act, if_match)
        done = on_behalf(decide(stored), officer, act, stored.complaint)
        try:
            return record(done, previous=stored, mentioned=mentioned, beside=beside())
        except StaleComplaint:
            # A photo's row may have been changed by the job that looks at it; a changed case ends in `_seen`.
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _seen(code: str, officer: Officer, act: Act, if_match: int) -> complaints.Stored:
    """The case as this officer saw it, if the officer may do this on it."""
    stored = complaints.get(code, consistent=True)
    demand(officer, act, stored.complaint, city())
    if stored.complaint.version != if_match:
        raise StaleComplaint(code)
    return stored


def _reporter(
    code: str,
    who: Who,
    decide: Callable[[Complaint], Change],
    beside: Callable[[complaints.Stored], complaints.Also | None] = lambda _: None,
) -> Complaint:
    return _reporter_act(code, who, lambda stored: decide(stored.complaint), beside=beside)


def _says(
    code: str,
    who: Who,
    text: str,
    decide: Callable[[Complaint], Change],
    client: str,
    now: datetime,
    beside: Callable[[complaints.Stored], complaints.Also | None] = lambda _: None,
) -> Complaint:
    """An act whose words are searched for danger as those of a fresh report are."""
    made: list[Change] = []

    def heed(complaint: Complaint) -> Change:
        made.append(dangers.heeded(decide(complaint), text, client, now))
        return made[-1]

    done = _reporter(code, who, heed, beside)
    return dangers.followed(done, client, now) if emergency.ALARM in made[-1].event.data else done


def _reporter_act(
    code: str,
    who: Who,
    decide: Callable[[complaints.Stored], Change],
    *,
    beside: Callable[[complaints.Stored], complaints.Also | None] = lambda _: None,
    doer: Callable[[complaints.Stored], tuple[str, str] | None] = lambda _: None,
) -> Complaint:
    """A citizen names no version: whoever loses a race is simply tried again on the new state."""
    for attempt in range(_TRIES):
        stored = complaints.get(code, consistent=True)
        if not is_reporter(who, stored.complaint):
            raise NotFound(code)
        try:
            return record(decide(stored), previous=stored, beside=beside(stored), doer=doer(stored))
        except StaleComplaint:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")
