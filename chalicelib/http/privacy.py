"""A person's own data: a copy to keep, its correction, its erasure; as JSON and as plain pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.city import City
from chalicelib.domain.errors import Fault, Invalid
from chalicelib.domain.forgetting import WITHIN
from chalicelib.domain.tracking import short
from chalicelib.http import dossier, forms, html, requests, views
from chalicelib.http.auth import signed_in
from chalicelib.http.forms import Form
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import duplicates, privacy, signin
from chalicelib.usecases.privacy import Erasure

routes = Blueprint(__name__)

_FORMAT = "pro-own-data-1"
_NOTES: Mapping[str, tuple[str, ...]] = {
    "id": (
        "Hitungan pembatas (jumlah laporan dan kode masuk) disimpan paling lama dua hari di bawah sandi orang.",
        "Asal laporan (alamat jaringan, perangkat) disimpan 90 hari sebagai sandi yang tidak dapat dibaca balik.",
        "Kontak dihapus {contact} hari setelah laporan terakhir berakhir; berkas laporan mengikuti jadwal arsip.",
        "Salinan cadangan basis data berakhir setelah 35 hari.",
    ),
    "en": (
        "Counters of caps (reports, one-time codes) are kept for two days at most under the person's hash.",
        "Where a report came from (network address, device) is kept for 90 days as a hash that cannot be read back.",
        "The contact is erased {contact} days after the last report ends; the record follows the archive schedule.",
        "Backups of the database end after 35 days.",
    ),
}


@routes.route("/v1/me/data", methods=["GET"], authorizer=signed_in)
@answers_problems
def get_data() -> Response:
    request = requests.current()
    found = privacy.held_on(requests.who(request))
    return views.answer(copy_of(found, load(settings().city), requests.language(request)))


@routes.route("/v1/me/data", methods=["PUT"], authorizer=signed_in)
@answers_problems
def put_data() -> Response:
    request, city = requests.current(), load(settings().city)
    correction = correcting(requests.body(request), city)
    return views.answer(_contact(privacy.correct(requests.who(request), correction)))


@routes.route("/v1/me/erasure", methods=["POST"], authorizer=signed_in)
@answers_problems
def post_erasure() -> Response:
    request = requests.current()
    sure(requests.body(request))
    return views.answer(_taken_down(privacy.erase(requests.who(request), now=utc_now())), 202)


# Pages --------------------------------------------------------------------------------------------------------


@routes.route("/data-pribadi", methods=["GET"], cors=False)
@answers_pages
def get_notice(visit: Visit) -> Response:
    return html.page(visit, "privacy.html", private=False, consent=visit.city.consent)


@routes.route("/data-saya", methods=["GET"], cors=False)
@answers_pages
def get_own_data(visit: Visit) -> Response:
    return show(visit, visit.signed_in(signin.Kind.CITIZEN), "/data-saya")


@routes.route("/data-saya", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_own_data(visit: Visit) -> Response:
    return do(visit, visit.signed_in(signin.Kind.CITIZEN), "/data-saya")


def show(
    visit: Visit,
    who: signin.Who,
    path: str,
    *,
    status: int = 200,
    faults: Sequence[Fault] = (),
    said: Mapping[str, str] | None = None,
) -> Response:
    """The copy as a page, with the forms to correct it and to erase it; ``path`` is the page's own."""
    data = copy_of(privacy.held_on(who), visit.city, visit.language)
    return html.page(
        visit,
        "data.html",
        status,
        referrer="no-referrer",
        data=data,
        path=path,
        signed=who.kind is signin.Kind.CITIZEN,
        done="ok" in visit.query,
        faults=html.told(visit, faults),
        said=said or {},
        short=short,
    )


def do(visit: Visit, who: signin.Who, path: str) -> Response:
    """Correct or erase, as the page's form says."""
    said = html.last(html.said(visit.request))
    act = said.pop("act", "")
    try:
        if act == "erase":
            sure({**said, "sure": said.get("sure") == "1"})
            erased = _taken_down(privacy.erase(who, now=visit.now))
            return html.page(visit, "erased.html", referrer="no-referrer", erased=erased, headers=_out(who))
        privacy.correct(who, correcting(said, visit.city))
    except Invalid as error:
        return show(visit, who, path, status=422, faults=error.faults, said=said)
    return html.redirect(visit, path, ok="1")


def _out(who: signin.Who) -> dict[str, str]:
    """Whoever erased their data is signed out with it."""
    return {"Set-Cookie": html.session_cookie("")} if who.kind is signin.Kind.CITIZEN else {}


# Shapes -------------------------------------------------------------------------------------------------------


def correcting(values: Mapping[str, Any], city: City) -> privacy.Correction:
    """What somebody corrects; an empty name or address takes it away."""
    form = Form(values)
    name = form.text("name", most=100, lines=False)
    email = form.text("email", most=254, lines=False)
    if email and not forms.is_email(email):
        form.fault("email", "no_email")
    language = form.choice("language", city.languages)
    form.done()
    # Empty takes it away; what is not there at all stays.
    return privacy.Correction(
        name if "name" in values else None, email if "email" in values else None, language
    )


def sure(values: Mapping[str, Any]) -> None:
    """Raises Invalid unless somebody says that they are sure."""
    form = Form(values)
    if form.boolean("sure", required=True) is False:
        form.fault("sure", "sure_required")
    form.done()


def copy_of(found: privacy.Held, city: City, language: str) -> dict[str, Any]:
    """All that is held on somebody, in the words that they would read elsewhere, each case with its whole history."""
    now = utc_now()
    complaints = []
    for case in found.cases:
        stored = case.stored
        links = duplicates.links(stored)
        whole = dossier.for_reporter(stored, city=city, language=language, now=now)
        complaints.append(
            {
                **views.own(stored, city, language, now, links=links),
                "entries": whole["entries"],
                "consent_version": case.consent.version,
                "consent_language": case.consent.language,
                "consent_in_force": case.consent.in_force,
                "messages": [
                    {
                        "template": sent.notice.template,
                        "channel": sent.notice.channel,
                        "state": sent.state,
                        "at": sent.notice.created_at,
                    }
                    for sent in case.sent
                    if sent.notice.to.startswith("citizen#")
                ],
            }
        )
    return {
        "format": _FORMAT,
        "made_at": now,
        "person": found.person,
        "since": found.since,
        "contact": _contact({**found.contact, "language": found.language}) if found.contact else None,
        "wishes": {
            "channel": found.wish.channel or None,
            "language": found.wish.language or None,
            "stopped_at": found.wish.stopped_at,
        },
        "consent": {"version": city.consent.version, "text": city.consent.texts.get(language, "")},
        "complaints": complaints,
        "joined": [
            {
                "code": join.code,
                "joined_at": join.joined_at,
                "rating": join.rating,
                "rating_words": join.rating_words,
                "consent_version": join.consent or None,
            }
            for join in found.joined
        ],
        "more": found.more,
        "notes": [note.format(contact=city.retention_days["identity"]) for note in _NOTES[language]],
    }


def _contact(contact: Mapping[str, str]) -> dict[str, str]:
    return {name: contact.get(name, "") for name in ("phone", "email", "name", "language")}


def _taken_down(erasure: Erasure) -> dict[str, Any]:
    return {
        "asked_at": erasure.asked_at,
        "done": erasure.done_at is not None,
        "by_at_the_latest": erasure.asked_at + WITHIN,
        "complaints": len(erasure.codes),
    }
