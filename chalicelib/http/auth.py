"""Sign-in by one-time code or secret link, and the authorizer that reads the token they buy."""

from __future__ import annotations

from chalice.app import AuthRequest, AuthResponse, Blueprint, Response

from chalicelib.cities import load
from chalicelib.domain.errors import NotSignedIn
from chalicelib.http import forms, requests, views
from chalicelib.http.problems import answers_problems
from chalicelib.settings import settings, utc_now
from chalicelib.usecases import signin

routes = Blueprint(__name__)


@routes.authorizer(ttl_seconds=60)
def signed_in(request: AuthRequest) -> AuthResponse:
    """Identify the bearer of a token; what they may do is read from the store on each request.

    A token that is none lets its bearer through as nobody, whom `requests.who` refuses: the gateway's own refusal
    has no problem+json, no language and no CORS headers, so a browser could not tell it from a dead network.
    """
    scheme, _, presented = request.token.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise NotSignedIn("no bearer token")
        who, until = signin.bearer(presented.strip(), now=utc_now())
    except NotSignedIn:
        return AuthResponse(routes=["*"], principal_id="nobody")
    # A cached policy serves all routes of the token, so it names them all; and it must not outlive the token.
    ends = {"until": str(int(until.timestamp()))}
    return AuthResponse(routes=["*"], principal_id=f"{who.kind}:{who.id}", context=ends)


@routes.route("/v1/auth/codes", methods=["POST"])
@answers_problems
def post_code() -> Response:
    request = requests.current()
    address, kind = forms.address(requests.body(request))
    challenge = signin.request_code(
        address, kind, requests.language(request), client=requests.client(request), now=utc_now()
    )
    return views.answer({"challenge": challenge, "expires_in": int(signin.CODE_LASTS.total_seconds())}, 202)


@routes.route("/v1/auth/tokens", methods=["POST"])
@answers_problems
def post_token() -> Response:
    challenge, digits, pin = forms.challenge(requests.body(requests.current()))
    token, kind = signin.redeem_code(challenge, digits, pin, now=utc_now())
    return views.answer(
        {"token": token, "as": kind, "expires_in": int(signin.TOKEN_LASTS.total_seconds())}, 201
    )


@routes.route("/v1/auth/links", methods=["POST"])
@answers_problems
def post_link() -> Response:
    code, secret = forms.link(requests.body(requests.current()), load(settings().city))
    who = signin.holder(code, secret)
    token = signin.token(who, now=utc_now())
    return views.answer(
        {"token": token, "as": who.kind, "expires_in": int(signin.TOKEN_LASTS.total_seconds())}, 201
    )
