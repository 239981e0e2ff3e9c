"""What officers do: inboxes, one case, and every act on it. Each act names the version that the officer saw."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.http import deskwork, dossier, forms, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.deskwork import act
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import duplicates, handling, intake, outside, reading, signin

routes = Blueprint(__name__)


@routes.route("/v1/office/me", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_me() -> Response:
    officer = signin.officer(requests.who(requests.current()))
    city = load(settings().city)
    duties = [{"post": d.post, "title": views.post_title(d.post, city)} for d in officer.duties]
    return views.answer(
        {
            "id": officer.id,
            "name": officer.name,
            "title": officer.title,
            "office": officer.office,
            "duties": duties,
            **deskwork.absence(officer, utc_now()),
        }
    )


@routes.route("/v1/office/complaints", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_inbox() -> Response:
    request, city, now = requests.current(), load(settings().city), utc_now()
    officer = signin.officer(requests.who(request))
    which, late, cursor, limit, office = forms.inbox(requests.query(request), city)
    page = reading.inbox(officer, which, cursor=cursor, limit=limit, late=late, now=now, office=office)
    language = requests.language(request)
    rows = [views.staff_card(card, city, language, now) for card in page.cards]
    return views.answer({"complaints": rows, "cursor": page.cursor})


@routes.route("/v1/office/complaints", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_on_behalf() -> Response:
    """File for somebody at the counter or at the door; the messages go to that person."""
    request, city, now = requests.current(), load(settings().city), utc_now()
    clerk = signin.officer(requests.who(request))
    language = requests.language(request)
    filing, contact = forms.complaint(
        requests.body(request), city, language, channel="counter", now=now, on_behalf=True
    )
    result = intake.file_complaint(
        filing, contact, client=requests.client(request), now=now, clerk=clerk, retry=requests.retry(request)
    )
    # The key to the case goes to the person alone; only who left no contact gets it from the clerk's hand.
    body = views.filed(result, city, language, settings().base_url, with_key=not contact.address)
    return views.answer(body, 201, version=result.complaint.version)


@routes.route("/v1/office/complaints/{code}", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_case(code: str) -> Response:
    request = requests.current()
    officer = signin.officer(requests.who(request))
    stored = reading.office_case(requests.code(code), officer)
    sent = reading.messages_of(stored.complaint.code)
    now = utc_now()
    following = reading.next_post(stored.complaint, officer, now=now)
    found = duplicates.links(stored, officer)
    city, language = load(settings().city), requests.language(request)
    link = outside.link_for(stored, officer, now=now)
    body = views.office(stored, officer, city, language, now, sent, following, links=found, link=link)
    body |= deskwork.body(stored, officer, city)
    return views.answer(body, version=stored.complaint.version)


@routes.route("/v1/office/complaints/{code}/dossier", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_dossier(code: str) -> Response:
    """The whole history with its chain, for an ombudsman or a court."""
    request, city = requests.current(), load(settings().city)
    officer = signin.officer(requests.who(request))
    stored = reading.office_case(requests.code(code), officer)
    body = dossier.for_office(stored, officer, city=city, language=requests.language(request), now=utc_now())
    return views.answer(body, version=stored.complaint.version)


@routes.route("/v1/office/complaints/{code}/acknowledgement", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_acknowledgement(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: handling.acknowledge(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/rung-acknowledgement", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_rung_acknowledgement(code: str) -> Response:
    return act(
        code,
        forms.nothing,
        lambda case, officer, said, **seen: handling.acknowledge_rung(case, officer, **seen),
    )


@routes.route("/v1/office/complaints/{code}/confirmation", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_confirmation(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: handling.confirm(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/raising", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_raising(code: str) -> Response:
    return act(
        code,
        lambda body: forms.raising(body, load(settings().city)),
        lambda case, officer, said, **seen: handling.raise_to(case, officer, *said, **seen),
    )


@routes.route("/v1/office/complaints/{code}/lowering", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_lowering(code: str) -> Response:
    return act(code, lambda body: forms.lowering(body, load(settings().city)), handling.lower)


@routes.route("/v1/office/complaints/{code}/replies", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_reply(code: str) -> Response:
    return act(code, forms.sentence, handling.reply)


@routes.route("/v1/office/complaints/{code}/questions", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_question(code: str) -> Response:
    return act(code, forms.sentence, handling.ask)


@routes.route("/v1/office/complaints/{code}/start", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_start(code: str) -> Response:
    return act(code, forms.nothing, lambda case, officer, said, **seen: handling.start(case, officer, **seen))


@routes.route("/v1/office/complaints/{code}/resolution", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_resolution(code: str) -> Response:
    return act(
        code,
        forms.resolution,
        lambda case, officer, said, **seen: handling.resolve(case, officer, *said, **seen),
    )


@routes.route("/v1/office/complaints/{code}/approval", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_approval(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: handling.approve(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/return", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_return(code: str) -> Response:
    return act(code, forms.sentence, handling.send_back)


@routes.route("/v1/office/complaints/{code}/schedule", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_schedule(code: str) -> Response:
    return act(code, forms.new_date, handling.schedule)


@routes.route("/v1/office/complaints/{code}/schedule-grant", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_schedule_grant(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: handling.grant_date(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/schedule-refusal", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_schedule_refusal(code: str) -> Response:
    return act(code, forms.sentence, handling.decline_date)


@routes.route("/v1/office/complaints/{code}/transfer", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_transfer(code: str) -> Response:
    return act(
        code,
        forms.transfer,
        lambda case, officer, said, **seen: handling.pass_on(case, officer, *said, **seen),
    )


@routes.route("/v1/office/complaints/{code}/referral", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_referral(code: str) -> Response:
    return act(
        code, forms.referral, lambda case, officer, said, **seen: handling.refer(case, officer, *said, **seen)
    )


@routes.route("/v1/office/complaints/{code}/reply-templates", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_reply_templates(code: str) -> Response:
    """Beginnings of an answer, filled in: a preview that somebody reads and mends before anything is sent."""
    request, city = requests.current(), load(settings().city)
    officer, language = signin.officer(requests.who(request)), requests.language(request)
    stored = reading.office_case(requests.code(code), officer)
    now = utc_now()
    may = views.office(stored, officer, city, language, now)["may"]
    found = views.reply_templates(stored.complaint, may, city, language, now)
    return views.answer({"templates": found, "language": stored.complaint.language})


@routes.route("/v1/office/complaints/{code}/notes", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_note(code: str) -> Response:
    return act(
        code, forms.note, lambda case, officer, said, **seen: handling.note(case, officer, *said, **seen)
    )


@routes.route("/v1/office/colleagues", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_colleagues() -> Response:
    """Whom a note may mention."""
    officer = signin.officer(requests.who(requests.current()))
    found = handling.colleagues(officer)
    return views.answer({"officers": [{"id": o.id, "name": o.name, "title": o.title} for o in found]})


@routes.route("/v1/office/complaints/{code}/sorting", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_sorting(code: str) -> Response:
    return act(code, lambda body: forms.sorting(body, load(settings().city)), handling.sort)


@routes.route("/v1/office/complaints/{code}/release", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_release(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: handling.release(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/hiding", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_hiding(code: str) -> Response:
    return act(code, forms.reason, handling.hide)


@routes.route("/v1/office/complaints/{code}/rejection", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_rejection(code: str) -> Response:
    return act(
        code,
        forms.rejection,
        lambda case, officer, said, **seen: handling.reject(case, officer, *said, **seen),
    )


@routes.route("/v1/office/complaints/{code}/merge", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_merge(code: str) -> Response:
    return act(code, lambda body: forms.merging(body, load(settings().city)), duplicates.merge)


@routes.route("/v1/office/complaints/{code}/unmerge", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_unmerge(code: str) -> Response:
    return act(
        code, forms.nothing, lambda case, officer, said, **seen: duplicates.unmerge(case, officer, **seen)
    )


@routes.route("/v1/office/complaints/{code}/appeal-decision", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_appeal_decision(code: str) -> Response:
    """Decide on the reporter's appeal, one level above whoever declined."""
    return act(
        code,
        forms.appeal_decision,
        lambda case, officer, said, **seen: handling.decide_appeal(
            case, officer, said[1], grant=said[0], **seen
        ),
    )


@routes.route("/v1/office/complaints/{code}/continuation", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_continuation(code: str) -> Response:
    """Go on by the city's own will with what its reporter withdrew."""
    return act(code, forms.nothing, lambda case, officer, said, **seen: handling.go_on(case, officer, **seen))


@routes.route("/v1/office/complaints/{code}/contact", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_contact(code: str) -> Response:
    """Show who the reporter is; the history and the auditor's list say who looked, when, and of the hidden why."""
    request = requests.current()
    officer = signin.officer(requests.who(request))
    reason = forms.reason(requests.body(request))
    version = requests.if_match(request)
    complaint, contact = reading.contact_of(
        requests.code(code), officer, reason, if_match=version, now=utc_now()
    )
    return views.answer({"contact": contact}, 201, version=complaint.version)


@routes.route("/v1/office/posts/vacant", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_vacant() -> Response:
    signin.officer(requests.who(requests.current()))
    posts = [{"post": post, "title": title} for post, title in reading.unfilled_posts()]
    return views.answer({"posts": posts})
