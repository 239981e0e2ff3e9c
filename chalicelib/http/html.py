"""What all plain pages share: who visits in which language, drawing a page, forms without JavaScript, refusals.

Pages are small HTML for cheap phones: no script, one stylesheet, nothing from elsewhere. Jinja is imported when the
first page is drawn and not before, since every Lambda imports the app and few draw pages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from chalice.app import Request, Response

from chalicelib.cities import load
from chalicelib.domain import errors
from chalicelib.domain.city import City, Label
from chalicelib.http import problems, requests, views
from chalicelib.observability import logger
from chalicelib.settings import LOCAL, settings, utc_now
from chalicelib.usecases import signin

if TYPE_CHECKING:
    from jinja2 import Environment

P = ParamSpec("P")

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
FORM = ["application/x-www-form-urlencoded"]
"""What the routes that take a page's form accept."""
_MOST_FIELDS = 100
_WANTED = re.compile(
    r"/(?:(?:o|saya)(?:/[0-9A-Za-z]{1,20}(?:/[a-z_]{1,20})?)?"
    r"|lapor|data-saya|pengganti|tinjauan|tugas(?:/[0-9A-Za-z]{1,20}/[0-9]{1,2})?)"
)
"""Where signing in may lead: our own private pages and nothing else, so that no link of ours leads elsewhere."""

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a page: where, in which language, when."""

    request: Request
    city: City
    language: str
    now: datetime

    @property
    def path(self) -> str:
        """The path as it came, without a stage in front."""
        taken = {name: quote(value, safe="%") for name, value in (self.request.uri_params or {}).items()}
        return str(self.request.path).format(**taken)

    @property
    def query(self) -> dict[str, str]:
        return requests.query(self.request)

    def href(self, path: str, **query: str) -> str:
        """A link to a page of ours; a language that was asked for in a link stays in the next."""
        if self.query.get("lang") == self.language:
            query.setdefault("lang", self.language)
        return f"{_root()}{path}" + (f"?{urlencode(query)}" if query else "")

    def in_language(self, language: str) -> str:
        """This page in another language."""
        kept = {name: value for name, value in self.query.items() if len(value) <= 200}
        return self.href(self.path, **(kept | {"lang": language}))

    @property
    def texts(self) -> Mapping[str, str]:
        """The words of the pages in the visitor's language, by name."""
        return texts(self.language)

    def label(self, labels: Label) -> str:
        return labels.get(self.language) or labels["id"]

    def when(self, at: datetime | str) -> str:
        """A moment as people of the city read it."""
        return views.local_time(_moment(at), self.city)

    def day(self, day: str) -> str:
        """A day (ISO 8601) as people of the city read it."""
        return f"{date.fromisoformat(day):%d-%m-%Y}"

    def left(self, due: datetime | str) -> str:
        """How long there is until a moment, or how long ago it passed, in words of at most two units."""
        words, due = self.texts, _moment(due)
        span = self.span(abs(due - self.now))
        return words["left" if due >= self.now else "late_by"].format(span=span)

    def span(self, span: timedelta) -> str:
        minutes = int(span.total_seconds() // 60)
        days, hours = divmod(minutes // 60, 24)
        units = [("day", days), ("hour", hours), ("minute", 0 if days else minutes % 60)]
        said = [
            f"{n} {self.texts[name if n == 1 else f'{name}s']}"
            for name, n in units
            if n or (name == "minute" and minutes == 0)
        ]
        return " ".join(said[:2])

    # Who is there

    def who(self) -> signin.Who | None:
        """The person behind the cookie, or None; a token that no longer holds is nobody."""
        token = _cookie(self.request)
        if not token:
            return None
        try:
            return signin.identify(token, now=self.now)
        except errors.NotSignedIn:
            return None

    def signed_in(self, kind: signin.Kind) -> signin.Who:
        """Raises NotSignedIn, which the page turns into the way to the sign-in."""
        found = self.who()
        if found is None or found.kind is not kind:
            raise errors.NotSignedIn("no cookie")
        return found


# A view -------------------------------------------------------------------------------------------------------


def answers_pages(view: Callable[Concatenate[Visit, P], Response]) -> Callable[P, Response]:
    """Call a view with its `Visit` and turn what it raises into a page that says what to do next.

    A POST that another site made the browser send is refused here, so that no view can forget it. The pages under
    a secret link (a reporter's, a rung's) are left out: there the link is what lets people in, no cookie is read, and
    their policy (no-referrer) makes browsers send no origin.
    """

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Response:
        request = requests.current()
        visit = Visit(request, load(settings().city), requests.language(request), utc_now())
        try:
            if (
                request.method == "POST"
                and not str(request.path).startswith(("/k/", "/r/", "/j/", "/t/"))
                and is_from_elsewhere(request)
            ):
                return refusal(visit, 403, visit.texts["from_elsewhere"])
            return view(visit, *args, **kwargs)
        except errors.NotSignedIn:
            return _way_in(visit)
        except problems.Plain as plain:
            return refusal(visit, plain.status, _plain_title(plain.status, visit.language))
        except errors.DomainError as error:
            return refused(visit, error)
        except Exception:  # noqa: BLE001  the last line before the citizen: logged in full, answered without a trace
            logger.exception("a page failed", extra={"route": request.path})
            return refusal(visit, 500, _plain_title(500, visit.language))

    return wrapped


def page(
    visit: Visit,
    template: str,
    status: int = 200,
    *,
    private: bool = True,
    referrer: str = "same-origin",
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Draw a template. A public page may be kept for some seconds, a private one by nobody."""
    keep = "no-store" if private or status != 200 else "public, max-age=15"
    shown: dict[str, str | list[str]] = {
        **_HEADERS,
        "Cache-Control": keep,
        "Vary": "Accept-Language",
        "Referrer-Policy": referrer,
        **(headers or {}),
    }
    others = [] if visit.request.method != "GET" else [x for x in problems.LANGUAGES if x != visit.language]
    body = (
        _templates()
        .get_template(template)
        .render(
            visit=visit,
            t=visit.texts,
            lang=visit.language,
            city=visit.city,
            href=visit.href,
            label=visit.label,
            others=others,
            style=f"{_root()}/gaya.css?{stylesheet()[1]}",
            private=private,
            signed_in=bool(_cookie(visit.request)) and private,
            **{"faults": (), "said": {}, "banner": "", **values},
        )
    )
    return Response(body, shown, status)


def elsewhere(address: str, *, cookie: str = "", keep: str = "no-store") -> Response:
    """To one of the addresses outside that a page ever leads to: the city's identity provider, a photo's link."""
    shown: dict[str, str | list[str]] = {
        **_HEADERS,
        "Location": address,
        "Cache-Control": keep,
        "Referrer-Policy": "no-referrer",
    }
    if cookie:
        shown["Set-Cookie"] = cookie
    return Response("", shown, 303)


def redirect(visit: Visit, path: str, *, cookie: str = "", fragment: str = "", **query: str) -> Response:
    """See other: what was sent is done, and loading the next page again does nothing."""
    where = visit.href(path, **query) + (f"#{fragment}" if fragment else "")
    shown: dict[str, str | list[str]] = {
        **_HEADERS,
        "Location": where,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    if cookie:
        shown["Set-Cookie"] = cookie
    return Response("", shown, 303)


def refusal(visit: Visit, status: int, title: str, *, reasons: Sequence[str] = ()) -> Response:
    """A page that says no, in words, and shows again what was written, so that nobody loses it."""
    return page(
        visit,
        "problem.html",
        status,
        title=title,
        reasons=reasons,
        hint=visit.texts["hint_404"] if status == 404 else "",
        kept=_written(visit.request),
    )


def refused(visit: Visit, error: errors.DomainError) -> Response:
    """The page for a rule's refusal."""
    status, title = problem(error, visit.language)
    reasons = []
    if isinstance(error, errors.Invalid):
        reasons = [f"{name}: {why}" for _, name, why in told(visit, error.faults)]
    answer = refusal(visit, status, title, reasons=reasons)
    if isinstance(error, errors.TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def problem(error: errors.DomainError, language: str) -> tuple[int, str]:
    """Status and title of a rule's refusal, the same as the API's."""
    kind = next(cls for cls in type(error).__mro__ if cls in problems.TABLE)
    status, _, titles = problems.TABLE[kind]
    return status, titles[language]


def framework_refusal(request: Request, refused: Response) -> Response:
    """A page for what the framework refused before any view ran."""
    visit = Visit(request, load(settings().city), requests.language(request), utc_now())
    made = refusal(visit, refused.status_code, _plain_title(refused.status_code, visit.language))
    made.headers = {**refused.headers, **made.headers}
    return made


# Forms --------------------------------------------------------------------------------------------------------


def said(request: Request) -> dict[str, list[str]]:
    """The fields of a form as sent, empty ones left out, line ends as one character.

    Raises Plain(413) for a form that is too large and Plain(400) for one that is none of ours.
    """
    raw = request.raw_body
    body = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
    if len(body) > requests.MOST_BYTES:
        raise problems.Plain(413)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise problems.Plain(400) from None
    return {name: [value.replace("\r\n", "\n") for value in values] for name, values in fields.items()}


def last(fields: Mapping[str, list[str]]) -> dict[str, str]:
    """One value per field."""
    return {name: values[-1] for name, values in fields.items()}


def told(
    visit: Visit, faults: Sequence[errors.Fault], names: Mapping[str, str] | None = None
) -> list[tuple[str, str, str]]:
    """Faults as a page shows them: the id of the input, what the form calls it, and what is wrong with it."""
    words = visit.texts
    found = []
    for fault in faults:
        name = (names or {}).get(fault.field) or words.get("f_" + fault.field.replace(".", "_"), fault.field)
        found.append((fault.field, str(name), problems.reason(fault, visit.language)))
    return found


def wanted(path: str | None) -> str:
    """The page somebody wanted before signing in; "" for anything that is not one of our private pages."""
    return path if path and _WANTED.fullmatch(path) else ""


# The cookie ---------------------------------------------------------------------------------------------------


def cookie_name() -> str:
    """The prefix makes browsers refuse a cookie that another host of the domain tries to plant."""
    return "sesi" if settings().stage == LOCAL else "__Host-sesi"


def session_cookie(token: str) -> str:
    """The Set-Cookie value that signs somebody in for as long as the token lasts; with "" it signs out."""
    secure = "" if settings().stage == LOCAL else "; Secure"
    lasts = int(signin.TOKEN_LASTS.total_seconds()) if token else 0
    return f"{cookie_name()}={token}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def provider_cookie(kept: str) -> str:
    """The Set-Cookie value that keeps what a browser needs while it is at the identity provider; "" forgets it."""
    secure = "" if settings().stage == LOCAL else "; Secure"
    lasts = _AT_THE_PROVIDER if kept else 0
    return f"{_provider_cookie()}={kept}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def kept_cookie(request: Request) -> str:
    """What `provider_cookie` keeps; "" where there is nothing."""
    return next((value for name, value in _cookies(request) if name == _provider_cookie()), "")[:64]


def _provider_cookie() -> str:
    return "kota" if settings().stage == LOCAL else "__Host-kota"


_AT_THE_PROVIDER = 600
"""Seconds that a browser has at the identity provider, with a second factor to fetch."""


def is_from_elsewhere(request: Request) -> bool:
    """Whether a POST was caused by another site. One that carries our cookie has to show where it comes from."""
    site = request.headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin") or _origin(request.headers.get("referer", ""))
    if not origin:
        return bool(_cookie(request))
    host = request.headers.get("host", "")
    ours = {_origin(settings().base_url), f"https://{host}"}
    if settings().stage == LOCAL:
        ours.add(f"http://{host}")
    return origin not in ours


# Texts, style, templates --------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def texts(language: str) -> dict[str, str]:
    """The words of the pages, by the names that templates use."""
    import tomllib

    return tomllib.loads((HERE / f"texts.{language}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def stylesheet() -> tuple[str, str]:
    """The one stylesheet, and a mark that changes when it does."""
    css = (TEMPLATES / "gaya.css").read_text(encoding="utf-8")
    return css, hashlib.sha256(css.encode()).hexdigest()[:8]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


# Inside -------------------------------------------------------------------------------------------------------


def _way_in(visit: Visit) -> Response:
    """To the sign-in and back. A form that was sent is shown instead, or its words would be lost."""
    if visit.request.method == "GET":
        target = wanted(visit.path)
        return redirect(visit, "/masuk", **({"lanjut": target} if target else {}))
    return refusal(visit, 401, visit.texts["session_over"])


def _written(request: Request) -> list[str]:
    """The longer texts of a form that was refused."""
    if request.method != "POST":
        return []
    try:
        fields = last(said(request))
    except problems.Plain:
        return []
    return [fields[name] for name in ("text", "words", "reason") if fields.get(name)]


def _plain_title(status: int, language: str) -> str:
    if status == 415:
        return texts(language)["not_a_form"]
    _, titles = problems.PLAIN.get(status) or problems.PLAIN[400 if status < 500 else 500]
    return titles[language]


def _cookie(request: Request) -> str:
    return next((value for name, value in _cookies(request) if name == cookie_name()), "")


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    for part in str(request.headers.get("cookie", "")).split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value


def _origin(address: str) -> str:
    try:
        found = urlsplit(address)
    except ValueError:
        return "?"
    return f"{found.scheme}://{found.netloc}" if found.netloc else ""


def _root() -> str:
    """The path that all of ours lie under: empty behind a domain of our own, the stage without one."""
    return urlsplit(settings().base_url).path.rstrip("/")


def _moment(at: datetime | str) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
