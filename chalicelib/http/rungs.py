"""The page behind a rung's link: the case, and one tap that acknowledges it. Looking at it acknowledges nothing.

Messengers and mail scanners open links by themselves: a GET changes nothing, and what the POST needs stands in the
form. The link is what lets people in, so no cookie is read; no page is kept, and none tells where it came from.
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import NotFound
from chalicelib.domain.tracking import short
from chalicelib.http import html, requests, views
from chalicelib.http.html import FORM, Visit, answers_pages
from chalicelib.usecases import rungs

routes = Blueprint(__name__)


@routes.route("/r/{key}", methods=["GET"], cors=False)
@answers_pages
def get_rung(visit: Visit, key: str) -> Response:
    code, secret = _parted(key)
    rung = rungs.opened(code, secret, now=visit.now)
    return html.page(
        visit,
        "rung.html",
        referrer="no-referrer",
        case=views.rung(rung.stored, visit.city, visit.language, visit.now),
        title=views.post_title(rung.post, visit.city),
        owes=rung.owes,
        key=f"{short(code)}.{secret}",
        short=short,
    )


@routes.route("/r/{key}", methods=["POST"], content_types=FORM, cors=False)
@answers_pages
def post_rung(visit: Visit, key: str) -> Response:
    code, secret = _parted(key)
    if html.last(html.said(visit.request)).get("key") != f"{short(code)}.{secret}":
        raise NotFound(code)
    rungs.acknowledge(code, secret, now=visit.now)
    return html.redirect(visit, f"/r/{short(code)}.{secret}")


def _parted(key: str) -> tuple[str, str]:
    """Code and secret of a link, which people may have typed."""
    typed, _, secret = key.partition(".")
    return requests.code(typed), secret.strip().lower()[:40]
