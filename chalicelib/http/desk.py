"""The officer's desk in plain pages: inboxes, one case, and a form for each act that is open to this officer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.domain import scheduling
from chalicelib.domain.asking import foreseen
from chalicelib.domain.city import CITY_SCOPE
from chalicelib.domain.complaint import Screening
from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    NotAllowed,
    NotFound,
    StaleComplaint,
)
from chalicelib.domain.lists import LISTED
from chalicelib.domain.people import APART, RIGHTS, Act, Officer, Role, allowed, holds
from chalicelib.domain.tracking import short
from chalicelib.domain.visibility import Card
from chalicelib.http import deskwork, dossier, forms, html, moderation, own, problems, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import duplicates, handling, outside, photos, reading, signin
from chalicelib.usecases import moderation as sides
from chalicelib.usecases.reading import Stored

routes = Blueprint(__name__)

_PAGE = 20
_AREA_HEADS = (Role.HAMLET_HEAD, Role.VILLAGE_HEAD, Role.DISTRICT_HEAD)
_WIDE = (
    *("instruct", "split", "note", "moderate", "schedule", "pass_on", "refer", "sort", "reject"),
    *("raise", "lower"),
)
"""Acts whose form has long lists: each has a page of its own, so that the case's page stays small."""
_MOVES_AWAY = ("pass_on", "sort", "raise", "lower")
_LATE = ("1", "3")
"""Filters of an inbox: what is late, and what has taken three times what was promised."""


@routes.route("/o", methods=["GET"], cors=False)
@answers_pages
def get_inbox(visit: Visit) -> Response:
    officer = _officer(visit)
    if holds(officer, Act.ADMINISTER) and not holds(officer, Act.READ):
        return html.redirect(visit, "/petugas")
    tabs = _tabs(officer)
    offices = _offices(officer, visit)
    office = visit.query.get("office", "")
    office = office if office in offices else ""
    which = visit.query.get("which", "")
    which = which if which in tabs else tabs[0]
    late = visit.query.get("late", "")
    late = late if late in _LATE and which != "screening" else ""
    found = reading.inbox(
        officer,
        which,
        cursor=visit.query.get("cursor"),
        limit=_PAGE,
        late=int(late or 0),
        now=visit.now,
        office=office or None if which == "office" else None,
    )
    # Whatever list triage looks at: emergencies of the city that nobody has acknowledged come first.
    unheard: tuple[Card, ...] = ()
    if "emergency" in tabs:
        unheard = reading.inbox(officer, "emergency", limit=_PAGE, now=visit.now).cards
    done = visit.query.get("ok", "")
    return html.page(
        visit,
        "inbox.html",
        officer=officer,
        posts=[views.post_title(duty.post, visit.city) for duty in officer.duties],
        tabs=tabs,
        which=which,
        late=late,
        lateness=("", *_LATE) if which != "screening" else (),
        rows=[views.staff_card(card, visit.city, visit.language, visit.now) for card in found.cards],
        unheard=[views.staff_card(card, visit.city, visit.language, visit.now) for card in unheard]
        if which != "emergency"
        else [],
        cursor=found.cursor,
        done=visit.texts.get(f"done_{done}", "") if done in _DOES else "",
        offices=offices,
        office=office,
        watches=holds(officer, Act.AUDIT),
        moderates=holds(officer, Act.MODERATE),
        administers=holds(officer, Act.ADMINISTER),
        short=short,
    )


@routes.route("/o/{short_code}", methods=["GET"], cors=False)
@answers_pages
def get_case(visit: Visit, short_code: str) -> Response:
    officer = _officer(visit)
    stored = reading.office_case(requests.code(short_code), officer)
    chosen = visit.query.get("contoh", "")
    for template in _templates(stored, officer, visit) if chosen else ():
        if template["id"] == chosen:
            # A preview: the words stand in the form, to be read and mended; nothing is sent by this.
            return _case(visit, officer, stored, act=template["act"], said={"text": template["text"]})
    return _case(visit, officer, stored)


@routes.route("/o/{short_code}/{act}", methods=["GET"], cors=False)
@answers_pages
def get_act(visit: Visit, short_code: str, act: str) -> Response:
    """The form of one act; a GET never acts."""
    officer = _officer(visit)
    stored = reading.office_case(requests.code(short_code), officer)
    if act == own.DOSSIER:
        body = dossier.for_office(stored, officer, city=visit.city, language=visit.language, now=visit.now)
        return html.page(visit, "dossier.html", case=body, path=f"/o/{short(stored.complaint.code)}")
    if act not in _WIDE:
        return html.redirect(visit, f"/o/{short(stored.complaint.code)}")
    if act not in _open_acts(stored, officer, visit):
        raise NotFound(act)
    return _case(visit, officer, stored, act=act)


@routes.route("/o/{short_code}/{act}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_act(visit: Visit, short_code: str, act: str) -> Response:
    officer = _officer(visit)
    code = requests.code(short_code)
    if act not in _DOES:
        raise NotFound(act)
    fields = html.said(visit.request)
    said: dict[str, Any] = dict(html.last(fields))
    for ticked in {"mentions", "copies"} & fields.keys():
        said[ticked] = fields[ticked]  # a tick for each
    version = str(said.pop("version", ""))
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise problems.Plain(400)
    contact: dict[str, str] = {}
    try:
        contact = _DOES[act](code, officer, said, {"if_match": int(version), "now": visit.now}, visit) or {}
    except StaleComplaint:
        return _again(visit, officer, code, act, said, 412)
    except (IllegalMove, NotAllowed) as error:
        status, banner = html.problem(error, visit.language)
        return _again(visit, officer, code, act, said, status, banner=banner)
    except Invalid as error:
        return _again(visit, officer, code, act, said, 422, faults=error.faults)
    if act == Act.REVEAL:
        # Shown once, in the answer to this very form, and in no address or history of the browser.
        return _case(visit, officer, reading.office_case(code, officer), contact=contact)
    if act in _MOVES_AWAY:
        return html.redirect(visit, "/o", ok=act)
    return html.redirect(visit, f"/o/{short(code)}", ok=act)


# Inside -------------------------------------------------------------------------------------------------------


def _officer(visit: Visit) -> Officer:
    return signin.officer(visit.signed_in(signin.Kind.OFFICER))


def _tabs(officer: Officer) -> list[str]:
    roles = {duty.role for duty in officer.duties}
    tabs = ["top"] if roles & set(LISTED) else []
    # Who serves the whole city alone has no office whose inbox it would be.
    tabs += ["office"] if any(duty.scope != CITY_SCOPE for duty in officer.duties) or not tabs else []
    if roles & set(_AREA_HEADS):
        tabs.append("area")
    if roles & {Role.TRIAGE, Role.VERIFIER}:
        tabs.append("screening")
    if roles & {Role.TRIAGE, Role.OPERATIONS}:
        tabs.append("emergency")
    return tabs


def _offices(officer: Officer, visit: Visit) -> dict[str, str]:
    """The offices whose cases somebody may list who answers for none, by id."""
    if not any(duty.role in APART and Act.READ in RIGHTS[duty.role] for duty in officer.duties):
        return {}
    return {each.id: each.name for each in visit.city.offices.values() if not each.outside}


def _open_acts(stored: Stored, officer: Officer, visit: Visit) -> list[str]:
    """The acts that would not be refused at once: what the rights allow, less what the case itself rules out."""
    case = stored.complaint
    may = views.office(stored, officer, visit.city, visit.language, visit.now)["may"]
    shut: set[str] = set()
    if case.screening is Screening.RELEASED or case.private or case.sealed:
        shut.add(Act.RELEASE)
    if case.screening is Screening.HIDDEN or case.private or case.sealed:
        shut.add(Act.HIDE)
    if case.sealed:
        shut.add(Act.PASS_ON)  # only triage's decision lets another office hear of an accusation
    opens = case.identity_shown or reading.may_call_back(case, officer)
    if case.citizen is None or not (opens or allowed(officer, Act.UNMASK, case, visit.city)):
        shut.add(Act.REVEAL)
    return [act for act in _DOES if act in may and act not in shut]


def _templates(stored: Stored, officer: Officer, visit: Visit) -> list[dict[str, str]]:
    acts = _open_acts(stored, officer, visit)
    return views.reply_templates(stored.complaint, acts, visit.city, visit.language, visit.now)


def _again(
    visit: Visit,
    officer: Officer,
    code: str,
    act: str,
    said: Mapping[str, Any],
    status: int,
    *,
    banner: str = "",
    faults: tuple[Fault, ...] = (),
) -> Response:
    """The case as it stands now, with what was written still in the form, or shown where the act is no longer open."""
    stored = reading.office_case(code, officer)
    if status == 412:
        line = views.office(stored, officer, visit.city, visit.language, visit.now)["timeline"][-1]
        banner = visit.texts["faster"].format(what=line["what"], at=visit.when(line["at"]))
    lost = (
        "" if act in _open_acts(stored, officer, visit) else str(said.get("text") or said.get("reason") or "")
    )
    return _case(
        visit, officer, stored, status=status, act=act, said=said, banner=banner, faults=faults, lost=lost
    )


def _case(
    visit: Visit,
    officer: Officer,
    stored: Stored,
    *,
    status: int = 200,
    act: str = "",
    said: Mapping[str, Any] | None = None,
    banner: str = "",
    faults: tuple[Fault, ...] = (),
    lost: str = "",
    contact: Mapping[str, str] | None = None,
) -> Response:
    city, complaint = visit.city, stored.complaint
    category = city.categories.get(complaint.category or city.default_category)
    acts = _open_acts(stored, officer, visit)
    sent = reading.messages_of(complaint.code)
    done = visit.query.get("ok", "")
    own_offices = [o for o in city.offices.values() if not o.outside]
    hamlet = city.hamlets.get(complaint.hamlet or "")
    owed = complaint.clocks.owed_by([duty.post for duty in officer.duties])
    following = reading.next_post(complaint, officer, now=visit.now)
    return html.page(
        visit,
        deskwork.PAGES.get(act, "act.html") if act in _WIDE and act in acts else "case.html",
        status,
        due=foreseen(complaint, city).next_due if complaint.open else None,
        case=views.office(
            stored,
            officer,
            city,
            visit.language,
            visit.now,
            sent,
            following,
            links=duplicates.links(stored, officer),
            link=outside.link_for(stored, officer, now=visit.now),
        )
        | deskwork.body(stored, officer, city),
        **deskwork.page_values(act, officer, visit),
        answers=own.answers(complaint, visit),
        hamlet=hamlet.name if hamlet else "",
        acts=acts,
        # What nobody has sorted can be given to nobody: that comes before any answer.
        first="sort" if "sort" in acts and not complaint.sorted else "",
        act=act,
        wide=_WIDE,
        path=f"/o/{short(complaint.code)}",
        offices=[o for o in own_offices if o.id != complaint.office],
        all_offices=own_offices,
        agencies=[o for o in city.offices.values() if o.outside],
        templates=views.reply_templates(complaint, acts, city, visit.language, visit.now),
        colleagues=handling.colleagues(officer) if act == Act.NOTE else (),
        rejections=forms.REJECTIONS,
        ordinary=[c for c in city.categories.values() if not c.emergency],
        said=said or {},
        banner=banner,
        faults=html.told(visit, faults),
        lost=lost,
        coordinates=city.is_coordinated(complaint.office)
        and any(clock.rung.startswith(f"{Role.DISTRICT_HEAD}@") for clock in owed),
        longer=allowed(officer, Act.LONGER, complaint, city),
        moderates=allowed(officer, Act.MODERATE, complaint, city),
        contact=contact,
        done=visit.texts.get(f"done_{done}", "") if done in _DOES else "",
        most=forms.SENTENCE_MOST,
        seen=len(photos.proofs(stored)) if {Act.APPROVE, Act.SEND_BACK} & set(acts) else 0,
        no_contact=complaint.citizen is None,
        asked=views.schedule(scheduling.asked(stored.history), city, visit.language),
        danger=bool(category and category.level.danger),
        short=short,
    )


Said = dict[str, Any]
Seen = dict[str, Any]
"""What every act is told beside its words: ``if_match`` (the version that was seen) and ``now``."""


def _acknowledge(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.acknowledge(code, officer, **seen)


def _acknowledge_rung(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.acknowledge_rung(code, officer, **seen)


def _start(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.start(code, officer, **seen)


def _reply(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.reply(code, officer, forms.sentence(said), **seen)


def _ask(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.ask(code, officer, forms.sentence(said), **seen)


def _resolve(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.resolve(code, officer, *forms.resolution(said), **seen)


def _schedule(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.schedule(code, officer, forms.new_date(said), **seen)


def _grant_date(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.grant_date(code, officer, **seen)


def _decline_date(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.decline_date(code, officer, forms.sentence(said), **seen)


def _approve(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.approve(code, officer, **seen)


def _send_back(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.send_back(code, officer, forms.sentence(said), **seen)


def _pass_on(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.pass_on(code, officer, *forms.transfer(said), **seen)


def _refer(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.refer(code, officer, *forms.referral(said), **seen)


def _sort(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    if said.get("accusation") in ("yes", "no"):
        said = {**said, "accusation": said["accusation"] == "yes"}
    if "publish" in said:
        said = {**said, "publish": True}
    handling.sort(code, officer, forms.sorting(said, visit.city), **seen)


def _merge(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    duplicates.merge(code, officer, forms.merging(said, visit.city), **seen)


def _unmerge(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    duplicates.unmerge(code, officer, **seen)


def _release(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.release(code, officer, **seen)


def _hide(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.hide(code, officer, forms.reason(said), **seen)


def _moderate(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    sides.moderate(code, officer, *moderation.mending(said), **seen)


def _revert(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    sides.revert(code, officer, **seen)


def _tighten(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    sides.tighten(code, officer, *moderation.tightening(said), **seen)


def _note(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.note(code, officer, *forms.note(said), **seen)


def _reject(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.reject(code, officer, *forms.rejection(said), **seen)


def _uphold(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    _, text = forms.appeal_decision({**said, "decision": "uphold"})
    handling.decide_appeal(code, officer, text, grant=False, **seen)


def _grant(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    _, text = forms.appeal_decision({**said, "decision": "grant"})
    handling.decide_appeal(code, officer, text, grant=True, **seen)


def _go_on(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.go_on(code, officer, **seen)


def _reveal(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> dict[str, str]:
    return reading.contact_of(code, officer, forms.reason(said), **seen)[1]


def _confirm(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    forms.nothing(said)
    handling.confirm(code, officer, **seen)


def _raise(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    handling.raise_to(code, officer, *forms.raising(said, visit.city), **seen)


def _lower(code: str, officer: Officer, said: Said, seen: Seen, visit: Visit) -> None:
    typed = {name: value for name, value in said.items() if value or name == "text"}
    handling.lower(
        code, officer, forms.lowering({**typed, "misuse": bool(said.get("misuse"))}, visit.city), **seen
    )


_DOES: dict[str, Callable[[str, Officer, Said, Seen, Visit], dict[str, str] | None]] = {
    # In the order in which the page offers them.
    Act.CONFIRM: _confirm,
    Act.SORT: _sort,
    Act.GRANT: _grant,
    Act.UPHOLD: _uphold,
    Act.CONTINUE: _go_on,
    Act.ACK_RUNG: _acknowledge_rung,
    Act.ACKNOWLEDGE: _acknowledge,
    Act.REPLY: _reply,
    Act.ASK: _ask,
    Act.START: _start,
    Act.APPROVE: _approve,
    Act.SEND_BACK: _send_back,
    Act.RESOLVE: _resolve,
    Act.GRANT_DATE: _grant_date,
    Act.DECLINE_DATE: _decline_date,
    Act.SCHEDULE: _schedule,
    Act.MERGE: _merge,
    Act.UNMERGE: _unmerge,
    Act.RELEASE: _release,
    Act.HIDE: _hide,
    Act.MODERATE: _moderate,
    Act.REVERT: _revert,
    Act.TIGHTEN: _tighten,
    Act.REVEAL: _reveal,
    Act.NOTE: _note,
    Act.PASS_ON: _pass_on,
    Act.REFER: _refer,
    Act.REJECT: _reject,
    Act.RAISE: _raise,
    Act.LOWER: _lower,
    **deskwork.DOES,
}
