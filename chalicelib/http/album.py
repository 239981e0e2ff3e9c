"""Photos in plain pages: those of a case, a form that posts one straight to the bucket, and what triage decides.

A form for a photo leads to S3, which sends the browser back here with the photo's key in the address; the act that the
photos are for is sent from here, too. So nothing of it needs a script, and no byte of a photo passes through the app.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from chalice.app import Blueprint, Response

from chalicelib.domain.complaint import Complaint
from chalicelib.domain.errors import (
    Fault,
    IllegalMove,
    Invalid,
    NotAllowed,
    NotFound,
    StaleComplaint,
)
from chalicelib.domain.people import Act, Officer, allowed
from chalicelib.domain.photos import PER_ACT, TYPES
from chalicelib.domain.tracking import short
from chalicelib.http import forms, html, own, problems, requests, views
from chalicelib.http import photos as shown
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.settings import settings
from chalicelib.usecases import handling, photos, reading, signin

routes = Blueprint(__name__)


@routes.route("/l/{short_code}/foto", methods=["GET"], cors=False)
@answers_pages
def get_public_album(visit: Visit, short_code: str) -> Response:
    complaint = reading.public_state(requests.code(short_code))
    return _page(visit, f"/l/{short(complaint.code)}", complaint, shown.public(complaint))


@routes.route("/l/{short_code}/gambar", methods=["GET"], cors=False)
@answers_pages
def get_picture(visit: Visit, short_code: str) -> Response:
    """The picture of a shared link: the case's first released photo, else the service's sign.

    A link to a photo lives five minutes, the preview of a message for years; so previews are given this address.
    """
    found = shown.public(reading.public_state(requests.code(short_code)))
    picture = next((each["large"]["jpeg"] for each in found if "large" in each), "")
    return html.elsewhere(picture or f"{settings().base_url}/app/icon-512.png", keep="public, max-age=60")


@routes.route("/saya/{short_code}/foto", methods=["GET"], cors=False)
@answers_pages
def get_own_album(visit: Visit, short_code: str) -> Response:
    return _own(visit, *own.mine(visit, short_code))


@routes.route("/saya/{short_code}/foto", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_own_album(visit: Visit, short_code: str) -> Response:
    return _answer(visit, *own.mine(visit, short_code))


@routes.route("/k/{short_code}/{secret}/foto", methods=["GET"], cors=False)
@answers_pages
def get_linked_album(visit: Visit, short_code: str, secret: str) -> Response:
    return _own(visit, *own.linked(visit, short_code, secret))


@routes.route("/k/{short_code}/{secret}/foto", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_linked_album(visit: Visit, short_code: str, secret: str) -> Response:
    return _answer(visit, *own.linked(visit, short_code, secret))


@routes.route("/o/{short_code}/foto", methods=["GET"], cors=False)
@answers_pages
def get_office_album(visit: Visit, short_code: str) -> Response:
    officer = signin.officer(visit.signed_in(signin.Kind.OFFICER))
    return _office(visit, requests.code(short_code), officer)


@routes.route("/o/{short_code}/foto", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_office_album(visit: Visit, short_code: str) -> Response:
    """One decision on one photo, or the fix called solved with the photos that were sent."""
    officer, code = signin.officer(visit.signed_in(signin.Kind.OFFICER)), requests.code(short_code)
    fields = html.said(visit.request)
    said = html.last(fields)
    version = said.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise problems.Plain(400)
    seen: dict[str, Any] = {"if_match": int(version), "now": visit.now}
    photo = said.get("photo", "")
    try:
        match said.get("act"):
            case "release" if forms.is_photo(photo):
                photos.release(code, photo, officer, **seen)
            case "hide" if forms.is_photo(photo):
                why = forms.why_hidden({"reason": said.get("reason", "")})
                photos.hide(code, photo, officer, why, **seen)
            case "redact" if forms.is_photo(photo):
                photos.redact(code, photo, officer, forms.boxes(_boxes(said)), **seen)
            case "ask":
                complaint = reading.office_case(code, officer).complaint
                asked = photos.ask_for_proof(
                    complaint,
                    officer,
                    TYPES[0],
                    client=requests.client(visit.request),
                    now=visit.now,
                    back_to=_back(visit, f"/o/{short(code)}", fields.get("photos", [])),
                )
                return _office(visit, code, officer, upload=asked.upload)
            case "resolve":
                wanted = {name: said[name] for name in ("text", "proof") if said.get(name)}
                sent = {"photos": fields.get("photos", [])}
                handling.resolve(code, officer, *forms.resolution({**wanted, **sent}), **seen)
                return html.redirect(visit, f"/o/{short(code)}", ok=Act.RESOLVE)
            case _:
                raise NotFound(code)
    except Invalid as error:
        return _office(visit, code, officer, status=422, said=said, faults=error.faults)
    except (IllegalMove, NotAllowed, StaleComplaint) as error:
        status, banner = html.problem(error, visit.language)
        return _office(visit, code, officer, status=status, said=said, banner=banner)
    return html.redirect(visit, f"/o/{short(code)}/foto")


# Inside -----------------------------------------------------------------------------------------------------------


def _own(
    visit: Visit,
    code: str,
    who: signin.Who,
    base: str,
    *,
    status: int = 200,
    banner: str = "",
    said: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    upload: photos.Upload | None = None,
) -> Response:
    complaint = reading.own_case(code, who).complaint
    asked = complaint.asked.open and complaint.open
    sent = _sent(visit)
    return _page(
        visit,
        base,
        complaint,
        shown.own(complaint, visit.language),
        status=status,
        upload=upload,
        sent=sent,
        question=complaint.asked.number if asked else 0,
        sends=asked,
        banner=banner,
        said=said or {},
        faults=html.told(visit, faults),
        referrer="no-referrer" if base.startswith("/k/") else "same-origin",
    )


def _answer(visit: Visit, code: str, who: signin.Who, base: str) -> Response:
    fields = html.said(visit.request)
    said = html.last(fields)
    number = said.get("question", "")
    sent = [name for name in fields.get("photos", []) if forms.is_photo(name)]
    if said.get("act") == "ask":
        complaint = reading.own_case(code, who).complaint
        asked = photos.ask_for_answer(
            complaint,
            who,
            TYPES[0],
            client=requests.client(visit.request),
            now=visit.now,
            back_to=_back(visit, base, sent),
        )
        return _own(visit, code, who, base, upload=asked.upload)
    typed: dict[str, Any] = {"text": said.get("text", ""), "photos": sent}
    if number.isascii() and number.isdigit() and len(number) <= 2:
        typed["question"] = int(number)
    try:
        handling.answer(code, who, *forms.answer(typed), now=visit.now)
    except Invalid as error:
        return _own(visit, code, who, base, status=422, said=said, faults=error.faults)
    except (IllegalMove, StaleComplaint) as error:
        status, banner = html.problem(error, visit.language)
        return _own(visit, code, who, base, status=status, said=said, banner=banner)
    return html.redirect(visit, base, ok=Act.ANSWER)


def _office(
    visit: Visit,
    code: str,
    officer: Officer,
    *,
    status: int = 200,
    banner: str = "",
    said: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
    upload: photos.Upload | None = None,
) -> Response:
    stored = reading.office_case(code, officer)
    complaint, base, sent = stored.complaint, f"/o/{short(code)}", _sent(visit)
    found = shown.office(complaint, officer, visit.language)
    may = views.office(stored, officer, visit.city, visit.language, visit.now)["may"]
    return _page(
        visit,
        base,
        complaint,
        found["photos"],
        status=status,
        upload=upload,
        sent=sent,
        decides=allowed(officer, Act.HIDE, complaint, visit.city),
        pairs={pair["proof"]: pair for pair in found["pairs"]},
        seen_before=found["seen_before"],
        version=complaint.version,
        sends=Act.RESOLVE in may,
        banner=banner,
        said=said or {},
        faults=html.told(visit, faults),
    )


def _page(
    visit: Visit,
    base: str,
    complaint: Complaint,
    found: Sequence[Mapping[str, Any]],
    *,
    status: int = 200,
    referrer: str = "same-origin",
    upload: photos.Upload | None = None,
    **values: Any,
) -> Response:
    """The bucket's own host is let into this page, to show photos and to take one, and into no other."""
    links = [row["small"]["jpeg"] for row in found if "small" in row] + ([upload.url] if upload else [])
    hosts = {f"{urlsplit(link).scheme}://{urlsplit(link).netloc}" for link in links}
    allowed_too = "".join(f" {host}" for host in sorted(hosts))
    policy = (
        f"default-src 'none'; style-src 'self'; img-src data:{allowed_too}; form-action 'self'{allowed_too}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    asked: dict[str, Any] = {"types": ",".join(TYPES), "sent": (), "question": 0, "decides": False}
    asked |= {"pairs": {}, "seen_before": (), "version": 0, "sends": False, **values}
    return html.page(
        visit,
        "album.html",
        status,
        referrer=referrer,
        headers={"Content-Security-Policy": policy},
        code=complaint.code,
        base=base,
        photos=[{**_BLANK, **row} for row in found],
        short=short,
        upload=upload,
        most=PER_ACT,
        **asked,
    )


def _sent(visit: Visit) -> list[str]:
    """Ids of photos that were sent from this page already; S3 puts the last one's key into the address."""
    named = [*visit.query.get("f", "").split("."), visit.query.get("key", "").removeprefix("in/")]
    if visit.request.method == "POST":
        named = html.said(visit.request).get("photos", [])
    return [name for name in dict.fromkeys(named) if forms.is_photo(name)][:PER_ACT]


_BLANK: Mapping[str, Any] = {"id": "", "state": "fit", "reason": None, "screening": None, "small": None}
"""What the page asks of every photo; the public learns little of any."""


def _back(visit: Visit, base: str, sent: Sequence[str]) -> str:
    """Where S3 sends the browser when it has the photo; it adds the photo's key."""
    return settings().base_url + visit.href(f"{base}/foto", f=".".join(sent))


def _boxes(said: Mapping[str, str]) -> dict[str, Any]:
    """The boxes so far (``l,t,w,h`` in parts, by semicolons) and one more in hundredths, if it was filled in."""
    found: list[dict[str, float]] = []
    names = ("left", "top", "width", "height")
    for part in filter(None, said.get("boxes", "").split(";")):
        try:
            found.append(dict(zip(names, (float(value) for value in part.split(",")), strict=True)))
        except ValueError:
            raise problems.Plain(400) from None
    typed = [said.get(name, "") for name in names]
    if any(typed):
        if not all(value.isascii() and value.isdigit() and len(value) <= 3 for value in typed):
            raise Invalid([Fault("boxes", "no_number")])
        found.append({name: int(value) / 100 for name, value in zip(names, typed, strict=True)})
    elif said.get("none"):
        found = []
    return {"boxes": found}
