"""``/local``: signing in as anybody with one click, moving the clock, and every message that was sent.

These pages are part of the local stack and of nothing that is deployed; they answer on loopback only, and to forms of
their own only.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from chalicelib.domain import sms
from chalicelib.domain.city import City
from chalicelib.domain.clock import Span
from chalicelib.domain.people import Officer, Role
from chalicelib.domain.tracking import parse_code, short
from chalicelib.http import forms, html, views
from chalicelib.settings import utc_now
from chalicelib.store import people
from chalicelib.store.complaints import Stored, get_head
from chalicelib.store.tables import DUE_SHARDS, ComplaintRow, read_moment
from chalicelib.usecases import signin
from chalicelib.usecases.record import city
from local.server import LocalRequest

if TYPE_CHECKING:
    from local.instance import Instance

Answered = tuple[int, Mapping[str, str], bytes]

PER_PAGE = 50
_OURS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_ROLES: tuple[tuple[Role, str, str], ...] = (
    (Role.HAMLET_HEAD, "Kaling / Kadus", "Head of a hamlet"),
    (Role.VILLAGE_HEAD, "Lurah / Perbekel", "Head of a village"),
    (Role.DISTRICT_HEAD, "Camat", "Head of a district"),
    (Role.STAFF, "Petugas dinas", "Office staff"),
    (Role.DUTY, "Petugas piket", "Duty post"),
    (Role.DIVISION_HEAD, "Kepala bidang", "Head of a division"),
    (Role.OFFICE_HEAD, "Kepala dinas", "Head of an office"),
    (Role.TRIAGE, "Petugas triase", "Triage"),
    (Role.SECRETARY, "Sekda", "City secretary"),
    (Role.MAYOR, "Wali kota", "Mayor"),
    (Role.VERIFIER, "Verifikator", "Verifier"),
    (Role.OPERATOR, "Operator", "Files for callers"),
    (Role.OPERATIONS, "Ruang kendali", "Operations room"),
    (Role.AUDITOR, "Auditor", "Auditor"),
    (Role.ADMINISTRATOR, "Administrator", "Administrator"),
)
_MOVES: Mapping[str, tuple[str, str]] = {
    "hour": ("+ 1 jam", "an hour"),
    "day": ("lewati jam tenang", "past the quiet hours"),
    "working_day": ("+ 1 hari kerja", "a working day"),
    "deadline": ("ke batas waktu berikutnya", "to the next deadline"),
}
_CLOCK_NOTE = (
    "Semua tugas terjadwal langsung dijalankan. Jam hanya maju; token berlaku 12 jam, jadi masuk lagi setelah maju"
    " jauh. / All timed jobs run at once. The clock goes ahead only; a token lasts 12 hours, so sign in again after a"
    " long move."
)
_SWEEPS = 30
"""How often a job that ran out of time is called again after a move of the clock."""

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:.75rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:1.6rem}
button,input,select{font:inherit;padding:.35rem .6rem;max-width:100%}
button{cursor:pointer}form{display:inline-block;margin:.15rem .3rem .15rem 0}
table{border-collapse:collapse;width:100%}td{padding:.2rem .5rem .2rem 0;vertical-align:top}
article{border:1px solid #8888;border-radius:6px;padding:.5rem .75rem;margin:.7rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0;font:inherit}
code,textarea{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
small,.by{color:#777}.bad{color:#c00;font-weight:600}.told{border-left:4px solid #2a7;padding:.3rem .75rem}
"""


def attach(instance: Instance) -> None:
    """Serve the pages beside the app of this instance."""
    local = Pages(instance)
    instance.server.pages |= {"/local": local.serve, "/local/": local.serve}


class Refused(Exception):
    """A request that is answered with a sentence in both languages."""

    def __init__(self, status: int, indonesian: str, english: str) -> None:
        super().__init__(english)
        self.status = status
        self.text = f"{indonesian} / {english}"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move of the clock brought: the jobs' own counts, added up."""

    now: datetime
    counts: Mapping[str, int]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in self.counts.items() if count)
        return told or "tidak ada yang jatuh tempo / nothing was due"


class Pages:
    """All pages under ``/local``, for one instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._seen: list[dict[str, Any]] = []
        self._moving = threading.Lock()
        self._reading = threading.Lock()

    def serve(self, request: LocalRequest) -> Answered:
        name = (request.method, request.path.removeprefix("/local").rstrip("/"))
        try:
            _demand_ours(request)
            if name == ("GET", ""):
                return self._home(request)
            if name == ("GET", "/messages"):
                return self._messages(request)
            if name == ("GET", "/people"):
                return _json(200, {"officers": [_public(found) for found in self._officers()]})
            if name == ("GET", "/docs") or (request.method == "GET" and name[1].startswith("/docs/")):
                return self._docs(name[1].removeprefix("/docs").removeprefix("/"))
            if name == ("POST", "/sign-in"):
                return self._sign_in(request)
            if name == ("POST", "/token"):
                return self._token(request)
            if name == ("POST", "/clock"):
                return self._clock(request)
        except Refused as no:
            if _wants_json(request):
                return _json(no.status, {"message": no.text})
            return _page("Tidak bisa", f"<p class=bad>{escape(no.text)}</p>", status=no.status)
        return _page("404", "<p>Tidak ada halaman ini / no such page</p>", status=404)

    # Home -----------------------------------------------------------------------------------------------------

    def _home(self, request: LocalRequest) -> Answered:
        profile = city()
        officers = self._officers()
        clock = self._instance.clock
        told = _last(request.query, "told")
        at = escape(views.local_time(utc_now(), profile))
        parts = [
            f"<p class=told>{escape(told)}</p>" if told else "",
            f"<p>{escape(profile.name)}, <b>{at}</b> <small>({_ahead(clock.ahead)})</small></p>",
            "<h2>Jam <small>/ clock</small></h2>",
            *(
                _form("/local/clock", f"<b>{escape(own)}</b> <small>/ {escape(english)}</small>", by=by)
                for by, (own, english) in _MOVES.items()
            ),
            f"<p><small>{_CLOCK_NOTE}</small></p>",
            "<h2>Masuk sebagai <small>/ sign in as</small></h2>",
            *self._ways_in(officers),
            "<h2>Lihat <small>/ see</small></h2><ul>",
            *(
                f'<li><a href="{path}">{path}</a> {escape(own)} <small>/ {escape(english)}</small></li>'
                for path, own, english in _LINKS
            ),
            "</ul>",
        ]
        return _page("Layanan lokal / local stack", "".join(parts))

    def _ways_in(self, officers: Sequence[Officer]) -> Iterator[str]:
        profile = city()
        citizen = self._instance.folder.path / "sample.json"
        phone = ""
        if citizen.exists():
            phone = json.loads(citizen.read_text(encoding="utf-8")).get("citizen", "")
        yield (
            "<table><tr><td>Warga <small>/ citizen</small><td>"
            f'<form method=post action=/local/sign-in><input name=phone value="{escape(phone)}" size=16'
            ' placeholder="+62 8..." aria-label="Nomor HP"> <button>masuk</button>'
            " <button formaction=/local/token>token</button></form>"
        )
        for role, own, english in _ROLES:
            found = next((o for o in officers if any(duty.role is role for duty in o.duties)), None)
            yield f"<tr><td>{escape(own)} <small>/ {escape(english)}</small><td>"
            if found is None:
                yield "<small>belum ada orangnya / nobody yet: make posts</small>"
                continue
            yield _officer_form(
                f'<input type=hidden name=officer value="{found.id}">'
                f"<button>{escape(found.name)}, {escape(found.title)}</button>"
            )
        yield "</table>"
        if officers:
            options = "".join(
                f'<option value="{officer.id}">{escape(_described(officer, profile))}</option>'
                for officer in sorted(officers, key=lambda officer: officer.name)
            )
            yield (
                "<p>Siapa saja <small>/ anybody</small>: "
                + _officer_form(f"<select name=officer>{options}</select> <button>masuk</button>")
                + "</p>"
            )

    # Signing in -----------------------------------------------------------------------------------------------

    def _sign_in(self, request: LocalRequest) -> Answered:
        who = self._who(_fields(request))
        token = signin.token(who, now=utc_now())
        home = "/o" if who.kind is signin.Kind.OFFICER else "/saya"
        return 303, {"Location": home, "Set-Cookie": html.session_cookie(token)}, b""

    def _token(self, request: LocalRequest) -> Answered:
        """The bearer token of an officer (by id or post) or of a citizen (by phone), to show or as JSON."""
        who = self._who(_fields(request))
        token = signin.token(who, now=utc_now())
        if _wants_json(request):
            return _json(201, {"token": token, "as": who.kind, "id": who.id})
        path = "/v1/office/complaints" if who.kind is signin.Kind.OFFICER else "/v1/me/complaints"
        command = f"curl -H 'Authorization: Bearer {token}' {self._instance.url}{path}"
        return _page("Token", f"<p><code>{escape(command)}</code></p>")

    def _who(self, said: Mapping[str, str]) -> signin.Who:
        if phone := said.get("phone", ""):
            from chalicelib import keys

            number = forms.phone(phone)
            if not number:
                raise Refused(422, "Itu bukan nomor HP", "that is no mobile number")
            return signin.Who(signin.Kind.CITIZEN, keys.person_id(number))
        wanted, post = said.get("officer", ""), said.get("post", "")
        for officer in self._officers():
            if officer.id == wanted or (post and any(duty.post == post for duty in officer.duties)):
                return signin.Who(signin.Kind.OFFICER, officer.id)
        raise Refused(404, "Orang itu tidak ada", "there is no such person")

    def _officers(self) -> list[Officer]:
        """Everybody with a post, in the order of the profile's offices."""
        order = {office: place for place, office in enumerate(city().offices)}
        found = [
            each.officer
            for each in people.all_officers()
            if each.officer.duties and not each.officer.disabled
        ]
        return sorted(found, key=lambda officer: (order.get(officer.office, len(order)), officer.name))

    # The clock ------------------------------------------------------------------------------------------------

    def _clock(self, request: LocalRequest) -> Answered:
        """Move the clock: ``by`` is hour, day, working_day or deadline (of ``code``, else of all cases)."""
        said = _fields(request)
        with self._moving:
            now = utc_now()
            by = self._span(said.get("by", ""), said.get("code", ""), now)
            self._instance.clock.move(by)
            moved = Moved(utc_now(), self._run_jobs())
        if _wants_json(request):
            return _json(200, {"now": moved.now.isoformat(), "did": dict(moved.counts)})
        at = views.local_time(moved.now, city())
        return 303, {"Location": f"/local?{urlencode({'told': f'{at}: {moved}'})}"}, b""

    def _span(self, by: str, code: str, now: datetime) -> timedelta:
        profile = city()
        if by == "hour":
            return timedelta(hours=1)
        if by == "day":
            # What was held has left by the end of the spread.
            quiet = profile.quiet.until(now)
            return quiet + profile.quiet.spread - now if quiet else timedelta()
        if by == "working_day":
            return profile.calendar_of(profile.triage_office).due(now, Span.parse("1 working day")) - now
        if by != "deadline":
            raise Refused(422, "by: hour, day, working_day, deadline", "by: hour, day, working_day, deadline")
        wakes_at = _next_wake(code, profile)
        if wakes_at is None:
            raise Refused(409, "Tidak ada batas waktu yang berjalan", "no deadline is running")
        # A second more, since the moment itself may round down in a key.
        return max(wakes_at - now, timedelta()) + timedelta(seconds=1)

    def _run_jobs(self) -> dict[str, int]:
        """Call all timed jobs until each has finished what is due; their counts added up."""
        counts: dict[str, int] = {}
        for name in self._instance.schedules.names:
            for _ in range(_SWEEPS):
                done = self._instance.schedules.call(name)
                if not isinstance(done, dict):
                    break
                for word, count in done.items():
                    if isinstance(count, int) and not isinstance(count, bool):
                        counts[word] = counts.get(word, 0) + count
                if done.get("finished", True):
                    break
        return counts

    # Messages -------------------------------------------------------------------------------------------------

    def _messages(self, request: LocalRequest) -> Answered:
        profile = city()
        wanted = _last(request.query, "q").strip()
        number = _last(request.query, "page") or "1"
        page = max(int(number), 1) if number.isdigit() and len(number) < 7 else 1
        found = [m for m in self._all_messages() if _fits(m, wanted, profile)]
        found.sort(key=lambda m: (m["at"], m["index"]), reverse=True)
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        if _last(request.query, "format") == "json":
            rows = [_measured(message, profile) for message in shown]
            return _json(200, {"messages": rows, "count": len(found), "page": page})
        pages = -(-len(found) // PER_PAGE) or 1
        cards = "".join(_card(_measured(message, profile), profile) for message in shown)
        texts = [m for m in found if m["channel"] == "sms"]
        body = (
            "<form method=get action=/local/messages><label>Kode, nomor atau surel <small>/ code, number or e-mail"
            f'</small> <input name=q value="{escape(wanted)}" size=24></label> <button>cari / find</button></form>'
            f"<p>{len(found)} pesan <small>/ messages</small>: {len(texts)} SMS ("
            f"{sum(sms.parts(m['text']) for m in texts)} bagian <small>/ parts</small>),"
            f" {len(found) - len(texts)} surel <small>/ e-mails</small>. <a href=/local>/local</a></p>"
            f"{cards or '<p>Belum ada pesan / no message yet</p>'}{_paging(page, pages, wanted)}"
        )
        return _page("Pesan terkirim / messages sent", body)

    def _all_messages(self) -> list[dict[str, Any]]:
        """Every message so far; those seen before are kept, so that a page reads what is new and no more."""
        with self._reading:
            while True:
                since = self._seen[-1]["index"] + 1 if self._seen else 0
                fresh = self._instance.messages(since)["messages"]
                if not fresh:
                    return list(self._seen)
                self._seen += fresh

    # Documents ------------------------------------------------------------------------------------------------

    def _docs(self, wanted: str) -> Answered:
        from local.instance import PROJECT

        files = {
            str(file.relative_to(PROJECT)): file
            for file in sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*")])
            if file.is_file() and file.suffix in (".md", ".yaml")
        }
        if wanted in files:
            return 200, {"Content-Type": "text/plain; charset=utf-8"}, files[wanted].read_bytes()
        if wanted:
            raise Refused(404, "Tidak ada dokumen itu", "no such document")
        rows = "".join(f'<li><a href="/local/docs/{quote(name)}">{escape(name)}</a></li>' for name in files)
        return _page("Dokumen / documents", f"<ul>{rows}</ul>")


_LINKS = (
    ("/", "beranda", "home"),
    ("/lapor", "melapor", "report something"),
    ("/lacak", "lacak aduan", "track a case"),
    ("/saya", "aduan saya", "my complaints"),
    ("/o", "meja petugas", "the officers' desk"),
    ("/masuk", "masuk dengan kode SMS", "sign in by SMS code"),
    ("/local/messages", "semua SMS dan surel", "every SMS and e-mail"),
    ("/local/people", "petugas (JSON)", "officers (JSON)"),
    ("/local/docs", "dokumen", "documents"),
    ("/v1/city", "profil kota (JSON)", "city profile (JSON)"),
    ("/v1/complaints", "daftar publik (JSON)", "public list (JSON)"),
    ("/v1/complaints?format=geojson", "daftar publik (GeoJSON)", "public list (GeoJSON)"),
    ("/v1/health", "kesehatan layanan", "health"),
)


def _next_wake(code: str, profile: City) -> datetime | None:
    """When time next does something: to the case named, else to any."""
    if code:
        found = parse_code(profile.code_prefix, code)
        if found is None:
            raise Refused(422, "Itu bukan kode aduan", "that is no tracking code")
        stored = _head(found)
        return stored.complaint.wakes_at(profile)
    nexts = [
        row.wakes_at
        for number in range(DUE_SHARDS)
        for row in ComplaintRow.due.query(str(number), limit=1, page_size=1)
    ]
    return read_moment(min(nexts)) if nexts else None


def _head(code: str) -> Stored:
    from chalicelib.domain.errors import NotFound

    try:
        return get_head(code)
    except NotFound:
        raise Refused(404, "Aduan itu tidak ada", "there is no such case") from None


def _measured(message: Mapping[str, Any], profile: City) -> dict[str, Any]:
    """A message with what a network makes of it, and the case it is about."""
    text = message["text"]
    counted = {}
    if message["channel"] == "sms":
        counted = {"length": sms.units(text), "parts": sms.parts(text), "gsm7": sms.is_gsm7(text)}
    return {**message, **counted, "code": _code_of(message, profile)}


def _code_of(message: Mapping[str, Any], profile: City) -> str:
    code = (message.get("attributes") or {}).get("code", "")
    if code:
        return str(code)
    words = re.findall(
        rf"{profile.code_prefix}-\w{{5}}-\w{{5}}", f"{message.get('subject')} {message['text']}"
    )
    return next((found for word in words if (found := parse_code(profile.code_prefix, word))), "")


def _fits(message: Mapping[str, Any], wanted: str, profile: City) -> bool:
    if not wanted:
        return True
    if code := parse_code(profile.code_prefix, wanted):
        return _code_of(message, profile) == code
    if "@" in wanted:
        return wanted.casefold() in str(message["to"]).casefold()
    number = forms.phone(wanted)
    if number:
        return bool(message["to"] == number)
    return wanted.casefold() in f"{message['to']} {message.get('topic') or ''} {message['text']}".casefold()


def _card(message: Mapping[str, Any], profile: City) -> str:
    at = views.local_time(datetime.fromisoformat(message["at"]), profile)
    code = message["code"]
    lines = [f"<b>{'SMS' if message['channel'] == 'sms' else 'Surel / e-mail'}</b> {escape(message['to'])}"]
    if message.get("topic"):
        lines.append(f"lewat topik / by topic {escape(message['topic'])}")
    head = f"<small>{escape(at)}</small> {', '.join(lines)}"
    if code:
        head += (
            f' <a href="/l/{short(code)}">{code}</a>'
            f' <small>(<a href="/local/messages?q={code}">semua / all</a>)</small>'
        )
    subject = f"<p><b>{escape(message['subject'])}</b></p>" if message.get("subject") else ""
    measure = ""
    if "parts" in message:
        kind = "GSM-7" if message["gsm7"] else "bukan / not GSM-7"
        bad = " class=bad" if message["parts"] > 1 or not message["gsm7"] else ""
        measure = f"<small{bad}>{message['length']} septet, {message['parts']} bagian / part, {kind}</small>"
    return f"<article>{head}{subject}<pre>{_linked(message['text'])}</pre>{measure}</article>"


def _linked(text: str) -> str:
    """The text with each address in it to click on."""
    shown, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        shown += [escape(text[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    return "".join([*shown, escape(text[end:])])


def _paging(page: int, pages: int, wanted: str) -> str:
    def link(number: int, words: str) -> str:
        return f'<a href="/local/messages?{urlencode({"q": wanted, "page": number})}">{words}</a> '

    newer = link(page - 1, "lebih baru / newer") if page > 1 else ""
    older = link(page + 1, "lebih lama / older") if page < pages else ""
    return f"<p>{newer}<small>{page}/{pages}</small> {older}</p>"


def _described(officer: Officer, profile: City) -> str:
    posts = ", ".join(views.post_title(duty.post, profile) for duty in officer.duties)
    return f"{officer.name} ({posts})"


def _public(officer: Officer) -> dict[str, Any]:
    return {
        "id": officer.id,
        "name": officer.name,
        "title": officer.title,
        "office": officer.office,
        "posts": [duty.post for duty in officer.duties],
    }


def _officer_form(inputs: str) -> str:
    return (
        f"<form method=post action=/local/sign-in>{inputs}"
        " <button formaction=/local/token>token</button></form>"
    )


def _form(action: str, words: str, **hidden: str) -> str:
    inputs = "".join(f'<input type=hidden name={name} value="{escape(v)}">' for name, v in hidden.items())
    return f"<form method=post action={action}>{inputs}<button>{words}</button></form>"


def _ahead(ahead: timedelta) -> str:
    if not ahead:
        return "jam komputer / the machine's time"
    hours, rest = divmod(int(ahead.total_seconds()), 3600)
    days, hours = divmod(hours, 24)
    span = f"{days} hari {hours} jam {rest // 60} menit"
    return f"maju {span} / ahead {days} d {hours} h {rest // 60} min"


def _demand_ours(request: LocalRequest) -> None:
    """Refuse what another site made the browser send: these pages sign in as anybody."""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    site = request.headers.get("sec-fetch-site", "none")
    origin = urlsplit(request.headers.get("origin", "")).netloc or host
    if name not in _OURS or (
        request.method == "POST" and (site not in ("same-origin", "none") or origin != host)
    ):
        raise Refused(403, "Hanya dari halaman ini sendiri", "from this page itself only")


def _fields(request: LocalRequest) -> dict[str, str]:
    """A form's fields, or those of a JSON object."""
    text = request.body.decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            values = json.loads(text or "{}")
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise Refused(400, "Bukan objek JSON", "no JSON object")
        return {name: str(value) for name, value in values.items()}
    return {name: values[-1] for name, values in parse_qs(text).items()}


def _last(query: Mapping[str, Iterable[str]], name: str) -> str:
    return next(iter(reversed(list(query.get(name, [])))), "")


def _wants_json(request: LocalRequest) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _json(status: int, body: object) -> Answered:
    return (
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
        json.dumps(body).encode(),
    )


def _page(title: str, body: str, *, status: int = 200) -> Answered:
    text = (
        "<!doctype html><html lang=id><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1>{body}"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return status, headers, text.encode()
