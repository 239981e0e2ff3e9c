"""The plain pages as a browser without JavaScript meets them, through the app's own routes and on real tables."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import keys
from chalicelib.domain.people import Act
from chalicelib.domain.tracking import short
from chalicelib.http import desk, deskwork, html
from chalicelib.settings import settings, utc_now
from chalicelib.store import complaints, people
from chalicelib.usecases import escalation, handling, intake, signin
from tests.integration import people as cast
from tests.integration.people import PANJER, a_case, an_officer, stored
from tests.stack import Stack

HOST = "pengaduan.example.id"
HERE = {"Origin": f"https://{HOST}", "Host": HOST}
ATTACK = "<script>alert('x')</script> & \"kutip\" <img src=x onerror=alert(1)>"
REPORT = {
    "kind": "complaint",
    "category": "jalan_rusak",
    "text": "Jalan berlubang dalam di depan sekolah.\r\nSudah dua minggu.",
    "place.area": PANJER,
    "identity": "hidden",
    "publication": "public",
}
_numbers = iter(range(10_000))


@dataclass
class Browser:
    """Keeps a cookie, follows no redirect, and says where its forms come from, as browsers do."""

    cookie: str = ""
    language: str = "id"
    said: dict[str, str] = field(default_factory=lambda: dict(HERE))

    def get(self, path: str) -> HTTPResponse:
        return self._ask("GET", path, b"", {"Host": HOST})

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> HTTPResponse:
        body = urlencode(fields or {}, doseq=True).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body, {**self.said, **form, **headers})

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> HTTPResponse:
        sent = {"Accept": "text/html", "Accept-Language": self.language, **headers}
        if self.cookie:
            sent["Cookie"] = f"andere=1; {self.cookie}"
        settings()  # read before the client puts the variables of the stage "dev" over the tests' own
        with Client(app) as client:
            answer = client.http.request(method, path, headers=sent, body=body)
        if setting := answer.headers.get("Set-Cookie"):
            first = setting if isinstance(setting, str) else setting[0]
            self.cookie = first.partition(";")[0]
        return answer


def text_of(answer: HTTPResponse) -> str:
    """What a person reads of the content: no tags, one space between words."""
    body = answer.body.decode().partition("<main")[2].partition("<footer")[0]
    return " ".join(entities.unescape(re.sub(r"<[^>]*>", " ", f"<main{body}")).split())


def key() -> str:
    return f"kunci-{next(_numbers):030d}"


def file(browser: Browser | None = None, **changes: Any) -> str:
    """File a report with the form; the path of its own page."""
    answer = (browser or Browser()).post("/lapor", {**REPORT, "kunci": key(), **changes})
    assert answer.status_code == 303, text_of(answer)
    return urlsplit(answer.headers["Location"]).path


def code_of(path: str) -> str:
    return f"DPS-{path.split('/')[2][:5]}-{path.split('/')[2][5:]}"


def officer_browser(*posts: str, **more: Any) -> Browser:
    """Sign an officer in as they do it: number, digits, cookie."""
    employee = an_officer(*posts, **more)
    browser = Browser()
    asked = browser.post("/masuk", {"as": "officer", "phone": employee.phone})
    challenge = parse_qs(urlsplit(asked.headers["Location"]).query)["tantangan"][0]
    digits = {"challenge": challenge, "digits": keys.one_time_digits(challenge), "pin": "240681"}
    done = browser.post("/masuk/kode", digits)
    assert (done.status_code, done.headers["Location"]) == (303, "/o")
    return browser


def cases() -> int:
    return cast.rows()["pro-denpasar-test-complaints"]


class Tags(HTMLParser):
    """The start tags of a page."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


def version_in(answer: HTTPResponse) -> str:
    return next(
        str(field["value"])
        for field in Tags(answer.body.decode()).all("input")
        if field.get("name") == "version"
    )


# Reporting ----------------------------------------------------------------------------------------------------


def test_all_faults_of_a_form_are_shown_at_once_beside_what_was_written_and_nothing_is_stored(
    stack: Stack,
) -> None:
    before = cast.rows()
    answer = Browser().post(
        "/lapor",
        {
            "text": "pendek",
            "category": "tidak-ada",
            "contact.phone": "12",
            "contact.email": "bukan e-mail",
            "place.pin": "entah di mana",
            "status": "closed",
        },
    )
    body = answer.body.decode()
    assert answer.status_code == 422
    named = re.findall(r'<li><a href="#([^"]+)">', body)
    assert set(named) == {"text", "category", "contact.phone", "contact.email", "place.pin", "status"}
    inputs = {attrs.get("id") for _, attrs in Tags(body).found}
    assert {"text", "category", "contact.phone", "contact.email", "place.pin"} <= inputs
    assert "pendek</textarea>" in body
    assert 'value="entah di mana"' in body
    assert cast.rows() == before


def test_a_report_leads_to_a_page_of_its_own_with_code_promises_and_a_secret_address(stack: Stack) -> None:
    answer = Browser().post("/lapor", {**REPORT, "kunci": key()})
    place = urlsplit(answer.headers["Location"])
    assert (answer.status_code, place.query) == (303, "baru=1")
    page = Browser().get(answer.headers["Location"])
    case = stored(code_of(place.path))
    read = text_of(page)
    assert page.status_code == 200
    assert case.code in read
    assert "Jawaban pertama paling lambat" in read
    assert "WITA" in read
    assert case.text == "Jalan berlubang dalam di depan sekolah.\nSudah dua minggu."
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_sending_the_same_form_twice_files_one_report_and_other_words_are_asked_about(stack: Stack) -> None:
    form = {**REPORT, "kunci": key()}
    first, again = Browser().post("/lapor", form), Browser().post("/lapor", form)
    assert first.headers["Location"] == again.headers["Location"]
    filed = cases()
    other = Browser().post("/lapor", {**form, "text": "Sesuatu yang lain sama sekali."})
    assert other.status_code == 422
    assert "sudah pernah terkirim" in text_of(other)
    assert cases() == filed
    fresh = next(
        str(tag["value"]) for tag in Tags(other.body.decode()).all("input") if tag.get("name") == "kunci"
    )
    assert Browser().post("/lapor", {**form, "text": "Sesuatu yang lain.", "kunci": fresh}).status_code == 303


def test_each_form_has_a_key_of_its_own(stack: Stack) -> None:
    found = {
        tag["value"]
        for _ in range(2)
        for tag in Tags(Browser().get("/lapor").body.decode()).all("input")
        if tag.get("name") == "kunci"
    }
    assert len(found) == 2
    assert all(len(str(value)) >= 22 for value in found)


def test_a_category_with_questions_asks_them_on_a_second_page_that_carries_everything_along(
    stack: Stack,
) -> None:
    form = {**REPORT, "category": "lampu_jalan", "kunci": key()}
    asked = Browser().post("/lapor", form)
    assert asked.status_code == 200
    assert cases() == 0
    tags = Tags(asked.body.decode())
    kept = {str(t["name"]): str(t["value"]) for t in tags.all("input") if t.get("type") == "hidden"}
    assert "answers.nomor_tiang" in {t.get("name") for t in tags.all("input")}
    sent = Browser().post("/lapor", {**kept, "answers.nomor_tiang": "DPS-77"})
    assert sent.status_code == 303
    case = stored(code_of(urlsplit(sent.headers["Location"]).path))
    assert dict(case.answers) == {"nomor_tiang": "DPS-77"}
    assert case.text.endswith("\nSudah dua minggu.")
    back = Browser().post("/lapor", {**kept, "ubah": "1"})
    assert (back.status_code, cases()) == (200, cases())
    assert "Sudah dua minggu.</textarea>" in back.body.decode()


def test_a_report_about_an_office_asks_which_and_reaches_no_desk_but_triage(stack: Stack) -> None:
    village = officer_browser(f"village_head@{PANJER}")
    form = {**REPORT, "about": "1", "kunci": key()}
    asked = Browser().post("/lapor", form)
    assert asked.status_code == 200
    assert "about_staff.office" in asked.body.decode()
    sent = Browser().post("/lapor", {**form, "asked_about": "1", "about_staff.office": PANJER})
    case = stored(code_of(urlsplit(sent.headers["Location"]).path))
    assert (case.sealed, case.accused) == (True, PANJER)
    assert case.code not in text_of(village.get("/o")) + text_of(village.get("/o?which=area"))
    assert village.get(f"/o/{short(case.code)}").status_code == 404


def test_who_ticks_the_box_and_names_nobody_is_heard_by_triage_first_all_the_same(stack: Stack) -> None:
    assert stored(code_of(file(about="1", asked_about="1"))).sealed


def test_naming_an_office_without_ticking_the_box_seals_the_report_all_the_same(stack: Stack) -> None:
    assert stored(code_of(file(**{"about_staff.office": PANJER}))).sealed


def test_an_emergency_says_whom_to_call_before_anything_else(stack: Stack) -> None:
    by_words = file(category="", text="Ada kebakaran di rumah tetangga, api besar!")
    read = text_of(Browser().get(by_words))
    assert read.index("telepon sekarang") < read.index(code_of(by_words))
    assert "112" in read.partition(code_of(by_words))[0]
    assert "telepon sekarang" not in text_of(Browser().get(file()))


def test_a_category_that_asks_about_danger_offers_the_call_before_its_question(stack: Stack) -> None:
    asked = Browser().post("/lapor", {**REPORT, "kunci": key(), "category": "tindak_pidana"})
    body = asked.body.decode()
    assert body.index('href="tel:110"') < body.index("Apakah ada orang dalam bahaya sekarang?")
    own = file(category="tindak_pidana", asked="tindak_pidana", **{"answers.bahaya": "ya"})
    read = Browser().get(f"{own}?baru=1").body.decode().partition("<main")[2]
    assert read.index('href="tel:110"') < read.index(code_of(own))
    assert stored(code_of(own)).danger == "police"


def test_the_desk_of_an_emergency_offers_calling_back_first_and_then_the_rest(stack: Stack) -> None:
    head = an_officer("office_head@bpbd")
    case = a_case(category="kebakaran", phone=(phone := cast.a_phone()), now=utc_now()).complaint
    duty, triage = officer_browser("duty@bpbd"), officer_browser("triage@diskominfos")
    listed = triage.get("/o").body.decode()
    assert case.code in listed
    assert 'href="tel:113"' in listed
    path = f"/o/{short(case.code)}"
    page = duty.get(path).body.decode()
    forms = re.findall(rf'action="[^"]*{path}/(\w+)"', page)
    assert forms[:2] == ["reveal", "confirm"]
    assert "Belum dipastikan" in page
    assert f'href="tel:{head.phone}"' in page
    shown = duty.post(f"{path}/reveal", {"version": version_in(duty.get(path))})
    assert f'href="tel:{phone}"' in shown.body.decode()
    assert "Made Contoh" not in shown.body.decode()
    assert duty.post(f"{path}/confirm", {"version": version_in(duty.get(path))}).status_code == 303
    assert "Sudah dipastikan" in duty.get(path).body.decode()
    assert case.code not in triage.get("/o").body.decode()


def test_an_emergency_is_raised_and_lowered_from_the_desk(stack: Stack) -> None:
    code = code_of(file())
    path, triage = f"/o/{short(code)}", officer_browser("triage@diskominfos")
    form = triage.get(f"{path}/raise")
    refused = triage.post(f"{path}/raise", {"version": version_in(form), "text": "Api besar."})
    assert refused.status_code == 422
    said = {"version": version_in(form), "danger": "fire", "text": "Api besar."}
    assert triage.post(f"{path}/raise", said).status_code == 303
    assert stored(code).danger == "fire"
    form = triage.get(f"{path}/lower")
    done = triage.post(
        f"{path}/lower",
        {"version": version_in(form), "category": "", "misuse": "1", "text": "Hanya asap."},
    )
    assert done.status_code == 303
    assert stored(code).emergency(cast.city()) is None


def test_a_signed_in_citizen_finds_a_report_without_contact_among_their_own(stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone, now=utc_now())
    browser = Browser(cookie=f"sesi={signin.token(cast.citizen(phone), now=utc_now())}")
    code = code_of(file(browser))
    assert code in text_of(browser.get("/saya"))
    assert browser.get(f"/saya/{short(code)}").status_code == 200


# Looking up ---------------------------------------------------------------------------------------------------


def test_a_code_however_typed_leads_to_its_public_page_which_holds_no_secret(stack: Stack) -> None:
    own = file(**{"contact.phone": "0812-3456-7890", "contact.name": "Made Rahasia"})
    code = code_of(own)
    found = Browser().get(f"/lacak?{urlencode({'kode': code.lower().replace('-', ' ')})}")
    assert (found.status_code, found.headers["Location"]) == (303, f"/l/{short(code)}")
    page = Browser().get(found.headers["Location"])
    read = page.body.decode()
    assert "Dinas" in read
    assert "WITA" in read
    for hidden in ("Jalan berlubang", "Made Rahasia", "81234567890", own.split("/")[3]):
        assert hidden not in read


def test_the_public_page_tells_of_a_missed_deadline(stack: Stack) -> None:
    filed = a_case(now=cast.later(days=-60))
    assert "Terlambat" in text_of(Browser().get(f"/l/{short(filed.complaint.code)}"))


@pytest.mark.parametrize(
    "path",
    ["/l/0000000000", "/l/%00%ff", "/l/%3Cscript%3E", "/k/0000000000/abc", "/k/x/y", "/o/xx/sort", "/saya/x"],
)
def test_what_does_not_exist_is_a_friendly_page_in_the_visitors_language(stack: Stack, path: str) -> None:
    officer = officer_browser("staff@dlhk")
    for language, words in (("id", "Tidak ditemukan"), ("en", "Not found")):
        officer.language = language
        if path.startswith("/saya"):
            officer.cookie = f"sesi={signin.token(cast.citizen('+628111'), now=utc_now())}"
        answer = officer.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert words in text_of(answer)


def test_the_language_asked_for_stays_in_the_links(stack: Stack) -> None:
    links = [
        str(tag["href"])
        for tag in Tags(Browser().get("/?lang=en").body.decode()).all("a")
        if str(tag.get("href")).startswith("/")
    ]
    assert links
    assert all("lang=" in link for link in links)
    sent = Browser().post("/lapor?lang=en", {**REPORT, "kunci": key()})
    assert parse_qs(urlsplit(sent.headers["Location"]).query)["lang"] == ["en"]
    assert stored(code_of(urlsplit(sent.headers["Location"]).path)).language == "en"


# Signing in ---------------------------------------------------------------------------------------------------


def test_an_officer_signs_in_by_code_answers_and_the_reporter_reads_it(stack: Stack) -> None:
    own = file()
    code = code_of(own)
    browser = Browser()
    employee = an_officer("staff@pupr", name="Ni Luh Sari")
    refused = browser.get(f"/o/{short(code)}")
    assert (refused.status_code, refused.headers["Location"]) == (
        303,
        f"/masuk?{urlencode({'lanjut': f'/o/{short(code)}'})}",
    )
    form = Tags(browser.get(refused.headers["Location"]).body.decode())
    assert [t["value"] for t in form.all("input") if "checked" in t] == ["officer"]
    asked = browser.post("/masuk", {"as": "officer", "phone": employee.phone, "lanjut": f"/o/{short(code)}"})
    where = parse_qs(urlsplit(asked.headers["Location"]).query)
    challenge = where["tantangan"][0]
    wrong = browser.post("/masuk/kode", {"challenge": challenge, "digits": "12345"})
    assert (wrong.status_code, browser.cookie) == (422, "")
    right = {"challenge": challenge, "digits": keys.one_time_digits(challenge), "lanjut": where["lanjut"][0]}
    asked = browser.post("/masuk/kode", right)
    assert (asked.status_code, browser.cookie) == (422, "")
    assert 'name="pin"' in asked.body.decode()
    done = browser.post("/masuk/kode", {**right, "pin": "240681"})
    assert done.headers["Location"] == f"/o/{short(code)}"
    said = done.headers["Set-Cookie"]
    assert {"Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Lax"} <= set(said.split("; "))
    page = browser.get(f"/o/{short(code)}")
    replied = browser.post(
        f"/o/{short(code)}/reply",
        {"version": version_in(page), "text": "Tim kami menambalnya besok pagi."},
    )
    assert replied.headers["Location"] == f"/o/{short(code)}?ok=reply"
    assert "Jawaban Anda sudah dikirim" in text_of(browser.get(replied.headers["Location"]))
    assert "Tim kami menambalnya besok pagi." in text_of(Browser().get(own))


def test_an_unknown_number_is_answered_like_a_known_one(stack: Stack) -> None:
    known = an_officer("staff@pupr")
    answers = [
        Browser().post("/masuk", {"as": "officer", "phone": phone}) for phone in (known.phone, cast.a_phone())
    ]
    assert {answer.status_code for answer in answers} == {303}
    assert {urlsplit(answer.headers["Location"]).path for answer in answers} == {"/masuk/kode"}


def test_too_many_codes_for_one_number_are_refused_on_a_page_that_says_when(stack: Stack) -> None:
    phone = cast.a_phone()
    answers = [Browser().post("/masuk", {"phone": phone}) for _ in range(signin.PER_NUMBER_HOUR + 1)]
    assert [answer.status_code for answer in answers] == [303] * signin.PER_NUMBER_HOUR + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Terlalu banyak" in text_of(answers[-1])


@pytest.mark.parametrize(
    "target",
    [
        "https://jahat.example/",
        "//jahat.example/o",
        "/\\jahat.example",
        "/o/../../jahat",
        "javascript:alert(1)",
        "/o\r\nSet-Cookie: x=1",
        "/keluar",
        "/o?x=//jahat.example",
        "o",
    ],
)
def test_signing_in_leads_nowhere_but_to_our_own_private_pages(stack: Stack, target: str) -> None:
    employee = an_officer("staff@pupr")
    browser = Browser()
    shown = browser.get(f"/masuk?{urlencode({'lanjut': target})}").body.decode()
    assert 'name="lanjut"' not in shown
    asked = browser.post("/masuk", {"as": "officer", "phone": employee.phone, "lanjut": target})
    assert "lanjut" not in asked.headers["Location"]
    challenge = parse_qs(urlsplit(asked.headers["Location"]).query)["tantangan"][0]
    done = browser.post(
        "/masuk/kode",
        {
            "challenge": challenge,
            "digits": keys.one_time_digits(challenge),
            "pin": "240681",
            "lanjut": target,
        },
    )
    assert done.headers["Location"] == "/o"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://jahat.example"},
        {"Origin": "null"},
        {"Origin": f"https://{HOST}.jahat.example"},
        {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-site"},
        {"Referer": f"https://jahat.example/{HOST}"},
        {},
    ],
)
def test_a_post_that_another_site_caused_changes_nothing(stack: Stack, headers: dict[str, str]) -> None:
    code = code_of(file())
    browser = officer_browser("staff@pupr")
    version = version_in(browser.get(f"/o/{short(code)}"))
    browser.said = {"Host": HOST, **headers}
    answer = browser.post(f"/o/{short(code)}/acknowledge", {"version": version})
    assert answer.status_code == 403
    assert "situs lain" in text_of(answer)
    assert stored(code).status == "received"
    assert browser.post("/keluar").status_code == 403
    browser.said = {"Host": HOST, "Referer": f"https://{HOST}/o/{short(code)}"}
    assert browser.post(f"/o/{short(code)}/acknowledge", {"version": version}).status_code == 303


def test_signing_out_takes_the_cookie_away(stack: Stack) -> None:
    browser = officer_browser("staff@pupr")
    gone = browser.post("/keluar")
    assert all("; Max-Age=0;" in cookie for cookie in gone.headers["Set-Cookie"])
    assert browser.get("/o").status_code == 303


def test_outside_a_local_stage_the_cookie_travels_encrypted_and_plain_origins_are_strangers(
    monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    monkeypatch.setenv("STAGE", "prod")
    settings.cache_clear()
    try:
        assert html.session_cookie("x").startswith("__Host-sesi=x; Path=/;")
        assert html.session_cookie("x").endswith("; Secure")
        plain = {"Origin": f"http://{HOST}", "Host": HOST}
        assert Browser().post("/masuk", {"phone": "0812-3456-7890"}, **plain).status_code == 403
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        settings()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ey.ey.ey", "\u00fc"])
def test_a_cookie_that_is_no_token_is_nobody(stack: Stack, token: str) -> None:
    browser = Browser(cookie=f"sesi={token}")
    assert browser.get("/o").status_code == 303
    assert browser.get("/saya").status_code == 303
    assert browser.get("/lapor").status_code == 200


def test_a_disabled_officer_is_out_at_the_next_page(stack: Stack) -> None:
    employee = an_officer("staff@pupr")
    who = signin.Who(signin.Kind.OFFICER, employee.officer.id)
    browser = Browser(cookie=f"sesi={signin.token(who, now=utc_now())}")
    assert browser.get("/o").status_code == 200
    cast.disable(employee)
    assert browser.get("/o").status_code == 303


def test_words_written_after_the_sign_in_ran_out_are_shown_again(stack: Stack) -> None:
    code = code_of(file())
    answer = Browser().post(f"/o/{short(code)}/reply", {"version": "1", "text": "Jawaban panjang saya."})
    assert answer.status_code == 401
    assert "Jawaban panjang saya." in text_of(answer)


# The officer's desk -------------------------------------------------------------------------------------------


def test_the_inbox_shows_the_most_urgent_first_with_the_time_that_is_left(stack: Stack) -> None:
    early, late = (
        a_case(now=cast.later(days=days), category="jalan_rusak").complaint.code for days in (-40, 40)
    )
    read = text_of(officer_browser("staff@pupr").get("/o"))
    assert read.index(early) < read.index(late)
    assert re.search(rf"{early}.*terlambat \d+ hari.*{late}.*sisa \d+ hari", read)


def test_pages_of_the_inbox_follow_each_other(stack: Stack) -> None:
    codes = {a_case(category="jalan_rusak", now=cast.later(minutes=n)).complaint.code for n in range(23)}
    browser, path, seen = officer_browser("staff@pupr"), "/o", []
    for _ in range(3):
        page = browser.get(path)
        seen += re.findall(r">(DPS-\w{5}-\w{5})</a>", page.body.decode())
        further = [
            str(t["href"])
            for t in Tags(page.body.decode()).all("a")
            if re.search("cursor=[^&]*$", str(t["href"]))
        ]
        if not further:
            break
        path = further[0]
    assert sorted(seen) == sorted(codes)


def test_who_was_slower_reads_what_happened_and_keeps_the_words(stack: Stack) -> None:
    code = code_of(file())
    one, other = officer_browser("staff@pupr"), officer_browser("duty@pupr")
    seen = version_in(one.get(f"/o/{short(code)}"))
    other.post(f"/o/{short(code)}/start", {"version": seen})
    lost = one.post(f"/o/{short(code)}/reply", {"version": seen, "text": "Kami akan datang Senin."})
    read = text_of(lost)
    assert lost.status_code == 412
    assert "Ada yang lebih dulu" in read
    assert "mulai mengerjakan" in read
    assert "Kami akan datang Senin.</textarea>" in lost.body.decode()
    assert not any(event.act is Act.REPLY for event in complaints.get(code).history)
    assert version_in(lost) != seen
    again = one.post(
        f"/o/{short(code)}/reply", {"version": version_in(lost), "text": "Kami akan datang Senin."}
    )
    assert again.status_code == 303


def test_words_for_an_act_that_is_no_longer_open_are_still_shown(stack: Stack) -> None:
    own = file()
    code = code_of(own)
    officer = officer_browser("staff@pupr")
    seen = version_in(officer.get(f"/o/{short(code)}"))
    Browser().post(f"{own}/withdraw", {"reason": "solved"})
    lost = officer.post(f"/o/{short(code)}/reply", {"version": seen, "text": "Besok kami ke sana."})
    assert lost.status_code == 412
    assert "Besok kami ke sana." in text_of(lost)


def test_only_the_acts_that_are_open_to_this_officer_have_a_form(stack: Stack) -> None:
    code = code_of(file())

    def acts(browser: Browser) -> set[str]:
        body = browser.get(f"/o/{short(code)}").body.decode()
        return set(re.findall(rf"/o/{short(code)}/(\w+)", body)) - {"berkas", "sekitar", "foto"}

    handling_acts = {"acknowledge", "reply", "ask", "start", "resolve", "pass_on", "refer", "merge", "note"}
    handling_acts |= {"split", "tighten"}
    assert acts(officer_browser("staff@pupr")) == handling_acts
    assert acts(officer_browser("district_head@51.71.01")) == set()
    assert acts(officer_browser("triage@diskominfos")) == {
        "sort",
        "release",
        "hide",
        "refer",
        "reject",
        "raise",
        "merge",
        "moderate",
        "tighten",
    }
    assert officer_browser("staff@dlhk").get(f"/o/{short(code)}").status_code == 404
    forbidden = officer_browser("staff@pupr").post(f"/o/{short(code)}/release", {"version": "1"})
    assert (forbidden.status_code, stored(code).screening) == (403, "held")


def test_every_act_of_an_officer_works_from_its_form(stack: Stack) -> None:
    triage, roads, rubbish = (
        officer_browser("triage@diskominfos", "staff@diskominfos"),
        officer_browser("staff@pupr"),
        officer_browser("staff@dlhk"),
    )
    own = file(
        category="",
        text="Ada hal aneh di sudut jalan kami.",
        identity="shown",
        **{"contact.phone": "0812-3456-7890"},
    )
    code = code_of(own)
    path = f"/o/{short(code)}"

    def act(browser: Browser, name: str, **fields: str) -> HTTPResponse:
        form = browser.get(f"{path}/{name}") if name in desk._WIDE else browser.get(path)
        answer = browser.post(f"{path}/{name}", {"version": version_in(form), **fields})
        assert answer.status_code in (200, 303), text_of(answer)
        return answer

    act(triage, "sort", category="jalan_rusak")
    act(triage, "release")
    act(triage, "hide", reason="Memuat nama orang")
    act(roads, "acknowledge")
    shown = act(roads, "reveal")
    assert "+6281234567890" in text_of(shown)
    assert "+6281234567890" not in text_of(roads.get(path))
    act(roads, "pass_on", office="dlhk", text="Ini sampah, bukan jalan.")
    act(rubbish, "start")
    act(rubbish, "refer", agency="pln", text="Mohon bantuan memadamkan dulu.")
    act(rubbish, "resolve", text="Sudah diangkut.")
    done = [event.act for event in complaints.get(code).history]
    assert [str(a) for a in done] == [
        "file", "sort", "release", "hide", "acknowledge", "reveal", "pass_on", "start", "refer", "resolve",
    ]  # fmt: skip
    other = code_of(file())
    path = f"/o/{short(other)}"
    act(triage, "reject", reason="duplicate", text="Sudah dilaporkan kemarin.")
    assert stored(other).status == "rejected"


def test_a_rung_acknowledges_with_one_tap_and_opening_the_page_does_not(stack: Stack) -> None:
    code = code_of(file())
    triage, head = officer_browser("triage@diskominfos"), officer_browser("division_head@pupr")
    path = f"/o/{short(code)}"
    triage.post(f"{path}/release", {"version": version_in(triage.get(path))})
    assert "acknowledge_rung" not in head.get(path).body.decode()
    promised = stored(code).clocks.next_due
    escalation.sweep(now=promised)
    before = stored(code)
    page = head.get(path)
    assert f"{path}/acknowledge_rung" in page.body.decode()
    assert head.get(f"{path}/acknowledge_rung").status_code == 303
    assert stored(code) == before
    assert head.post(f"{path}/acknowledge_rung", {"version": version_in(page)}).status_code == 303
    event = complaints.get(code).history[-1]
    assert (event.act, event.data["post"]) == ("acknowledge_rung", "division_head@pupr")
    after = head.get(path)
    assert f"{path}/acknowledge_rung" not in after.body.decode()
    assert "Kepala Bidang" in text_of(after)
    assert "sudah menerima penyampaian" in text_of(after)
    assert "sudah menerima penyampaian" in text_of(Browser().get(f"/l/{short(code)}"))


def test_triage_decides_an_accusation_before_anybody_else_hears_of_it(stack: Stack) -> None:
    code = code_of(file(text="Oknum lurah minta pungli untuk surat.", **{"about_staff.office": PANJER}))
    triage = officer_browser("triage@diskominfos")
    form = triage.get(f"/o/{short(code)}/sort")
    fields = {"version": version_in(form), "category": "pelayanan_desa_kelurahan"}
    undecided = triage.post(f"/o/{short(code)}/sort", fields)
    assert undecided.status_code == 422
    assert "#accusation" in undecided.body.decode()
    decided = triage.post(f"/o/{short(code)}/sort", {**fields, "accusation": "yes"})
    assert decided.status_code == 303
    assert not stored(code).sealed
    assert stored(code).office != PANJER


@pytest.mark.parametrize("version", ["", "abc", "-1", "1.5", "9" * 12, "\u0663"])
def test_an_act_without_the_version_that_was_seen_is_refused(stack: Stack, version: str) -> None:
    code = code_of(file())
    answer = officer_browser("staff@pupr").post(f"/o/{short(code)}/acknowledge", {"version": version})
    assert (answer.status_code, stored(code).status) == (400, "received")


# The reporter -------------------------------------------------------------------------------------------------


def test_a_reporter_edits_adds_reopens_and_rates_from_the_page_of_the_link(stack: Stack) -> None:
    own = file()
    code = code_of(own)
    visitor = Browser(said={"Host": HOST, "Origin": "null"})  # what browsers send from a no-referrer page
    assert visitor.post(f"{own}/edit", {"text": "Jalan berlubang di depan SD 3."}).status_code == 303
    assert (
        visitor.post(f"{own}/message", {"text": "Ada anak jatuh."}).headers["Location"] == f"{own}?ok=message"
    )
    assert "Pesan Anda sudah terkirim" in text_of(visitor.get(f"{own}?ok=message"))
    officer = officer_browser("staff@pupr")
    path = f"/o/{short(code)}"
    read = text_of(officer.get(path))
    assert "Jalan berlubang di depan SD 3." in read
    assert "Ada anak jatuh." in read
    solve = {"text": "Sudah ditambal."}
    officer.post(f"{path}/resolve", {**solve, "version": version_in(officer.get(path))})
    assert visitor.post(f"{own}/reopen", {"text": "Masih berlubang."}).status_code == 303
    officer.post(f"{path}/resolve", {**solve, "version": version_in(officer.get(path))})
    wrong = visitor.post(f"{own}/rate", {"score": "9", "words": "Bagus"})
    assert (wrong.status_code, "Bagus" in text_of(wrong)) == (422, True)
    assert visitor.post(f"{own}/rate", {"score": "5", "words": "Terima kasih"}).status_code == 303
    assert (stored(code).rating, stored(code).status) == (5, "closed")
    late = visitor.post(f"{own}/withdraw", {"reason": "other", "text": "berubah pikiran"})
    assert (late.status_code, stored(code).status) == (409, "closed")
    assert "tidak cocok dengan keadaan" in text_of(late)


def test_the_reporter_answers_with_one_tap_and_opening_the_page_answers_nothing(stack: Stack) -> None:
    officer = officer_browser("staff@pupr")
    for act, status in (("agree", "closed"), ("reopen", "reopened")):
        own = file()
        code, visitor = code_of(own), Browser()
        path = f"/o/{short(code)}"
        officer.post(f"{path}/resolve", {"text": "Sudah.", "version": version_in(officer.get(path))})
        page = visitor.get(own).body.decode()
        assert page.count('class="big') == 2
        assert visitor.get(f"{own}/{act}").status_code == 303
        assert stored(code).status == "resolved"
        fields = {"text": "Belum beres"} if act == "reopen" else {}
        assert visitor.post(f"{own}/{act}", fields).status_code == 303
        assert stored(code).status == status
        assert 'class="big' not in visitor.get(own).body.decode()


def test_a_fix_that_needs_four_eyes_is_approved_from_the_page_of_somebody_else(stack: Stack) -> None:
    own = file(category="lubang_terbuka")
    code, path = code_of(own), f"/o/{short(code_of(own))}"
    doer, head = officer_browser("staff@pupr"), officer_browser("division_head@pupr")
    bare = doer.post(f"{path}/resolve", {"text": "Sudah ditutup.", "version": version_in(doer.get(path))})
    assert (bare.status_code, 'id="proof-e"' in bare.body.decode()) == (422, True)
    proof = {"text": "Sudah ditutup rapat.", "proof": "Berita acara 12, <b>pengawas</b> hadir."}
    for answer in ("send_back", "approve"):
        doer.post(f"{path}/resolve", {**proof, "version": version_in(doer.get(path))})
        assert stored(code).status == "confirming"
        assert "Menunggu konfirmasi" in text_of(Browser().get(f"/l/{short(code)}"))
        # Outside nobody reads what nobody has approved; inside, whoever approves reads the proof.
        assert "Sudah ditutup rapat" not in text_of(Browser().get(own))
        assert f"{path}/approve" not in doer.get(path).body.decode()
        page = head.get(path)
        assert "pengawas hadir" not in page.body.decode()
        assert "&lt;b&gt;pengawas" in page.body.decode()
        said = {"text": "Masih goyang."} if answer == "send_back" else {}
        head.post(f"{path}/{answer}", {**said, "version": version_in(page)})
        assert "Masih goyang" not in text_of(Browser().get(own))
    assert stored(code).status == "resolved"
    assert "Sudah ditutup rapat" in text_of(Browser().get(own))


def test_triage_sorts_routes_and_publishes_with_one_form(stack: Stack) -> None:
    own = file(category="")
    code, path = code_of(own), f"/o/{short(code_of(own))}"
    triage = officer_browser("triage@diskominfos")
    form = triage.get(f"{path}/sort")
    assert 'name="publish"' in form.body.decode()
    fields = {"version": version_in(form), "category": "jalan_rusak", "publish": "1"}
    assert triage.post(f"{path}/sort", fields).status_code == 303
    case = stored(code)
    assert (case.office, case.screening, case.version) == ("pupr", "released", 2)
    assert 'name="publish"' not in triage.get(f"{path}/sort").body.decode()


def test_a_head_sets_a_new_date_and_everybody_reads_both(stack: Stack) -> None:
    own = file(category="lubang_terbuka")
    code, path = code_of(own), f"/o/{short(code_of(own))}"
    triage = officer_browser("triage@diskominfos")
    triage.post(f"{path}/release", {"version": version_in(triage.get(path))})
    head, staff = officer_browser("office_head@pupr"), officer_browser("staff@pupr")
    assert f"{path}/schedule" not in staff.get(path).body.decode()
    form = head.get(f"{path}/schedule")
    assert 'type="date"' in form.body.decode()
    day = (utc_now() + timedelta(days=60)).date().isoformat()
    fields = {"version": version_in(form), "until": day, "reason": "material", "text": "Menunggu tutup baja."}
    bare = head.post(f"{path}/schedule", fields)
    assert (bare.status_code, 'id="interim-e"' in bare.body.decode()) == (422, True)
    assert "Menunggu tutup baja." in text_of(bare)
    done = head.post(f"{path}/schedule", {**fields, "interim": "Dipasang pagar & lampu."})
    assert done.status_code == 303
    for page in (Browser().get(f"/l/{short(code)}"), Browser().get(own), head.get(path)):
        read = text_of(page)
        assert "Dijadwalkan" in read
        assert "Tanggal baru" in read
        assert "Janji semula" in read
        assert "Menunggu tutup baja." in read
        assert "Dipasang pagar &amp; lampu." in page.body.decode()
    assert code in text_of(Browser().get("/dijadwalkan"))
    assert "/dijadwalkan" in Browser().get("/").body.decode()
    assert f"{path}/schedule" not in head.get(path).body.decode()


def test_the_secretary_decides_on_a_far_date_from_the_page_of_the_case(stack: Stack) -> None:
    code = code_of(file())
    path = f"/o/{short(code)}"
    head, secretary = officer_browser("office_head@pupr"), officer_browser("secretary@city")
    assert f"{path}/grant_date" not in secretary.get(path).body.decode()
    day = (utc_now() + timedelta(days=400)).date().isoformat()
    fields = {"until": day, "reason": "budget_year", "text": "Menunggu anggaran tahun depan."}
    for answer, said in (("decline_date", {"text": "Terlalu lama."}), ("grant_date", {})):
        head.post(f"{path}/schedule", {**fields, "version": version_in(head.get(f"{path}/schedule"))})
        assert stored(code).new_date is None
        assert "Menunggu anggaran" not in text_of(Browser().get(f"/l/{short(code)}"))
        page = secretary.get(path)
        assert "Menunggu anggaran tahun depan." in text_of(page)
        assert secretary.post(f"{path}/{answer}", {**said, "version": version_in(page)}).status_code == 303
    assert stored(code).status == "scheduled"


def test_a_signed_in_citizen_acts_on_their_own_case_and_on_no_other(stack: Stack) -> None:
    phone = cast.a_phone()
    mine = a_case(phone=phone, now=utc_now()).complaint.code
    other = a_case(phone=cast.a_phone(), now=utc_now()).complaint.code
    browser = Browser(cookie=f"sesi={signin.token(cast.citizen(phone), now=utc_now())}")
    listed = text_of(browser.get("/saya"))
    assert mine in listed
    assert other not in listed
    assert browser.post(f"/saya/{short(mine)}/message", {"text": "Masih ada."}).status_code == 303
    before = cast.everything()
    assert browser.get(f"/saya/{short(other)}").status_code == 404
    assert browser.post(f"/saya/{short(other)}/withdraw", {"reason": "other"}).status_code == 404
    assert cast.everything() == before


def test_loading_the_address_of_an_act_does_nothing(stack: Stack) -> None:
    phone = cast.a_phone()
    filed: intake.Filed = a_case(phone=phone, now=utc_now(), category="jalan_rusak")
    tail = short(filed.complaint.code)
    citizen = Browser(cookie=f"sesi={signin.token(cast.citizen(phone), now=utc_now())}")
    officer = officer_browser("staff@pupr")
    before = cast.everything()
    for act in ("withdraw", "message", "edit", "rate", "agree", "reopen", "appeal"):
        assert Browser().get(f"/k/{tail}/{filed.secret}/{act}").status_code == 303
        assert citizen.get(f"/saya/{tail}/{act}").status_code == 303
    for act in (
        "reply",
        "resolve",
        "acknowledge",
        "approve",
        "send_back",
        "grant_date",
        "pass_on",
        "refer",
    ):
        assert officer.get(f"/o/{tail}/{act}").status_code in (200, 303)
    assert cast.everything() == before


# What holds for every page ------------------------------------------------------------------------------------


def every_page(stack: Stack) -> Iterator[tuple[str, HTTPResponse]]:
    """Each kind of page once, filled with text that would do harm where it was not escaped."""
    long = f"{ATTACK} {'kata ' * 60}"
    own = file(
        text=long,
        identity="shown",
        **{
            "place.words": ATTACK,
            "contact.phone": "0812-3456-7890",
            "contact.name": ATTACK,
            "about_staff.words": ATTACK,
            "about_staff.office": "dlhk",
        },
    )
    path = f"/o/{short(code_of(own))}"
    triage = officer_browser("triage@diskominfos", "staff@diskominfos", name=ATTACK)
    Browser().post(f"{own}/message", {"text": ATTACK})
    yield "sealed", triage.get(path)
    yield "sort", triage.get(f"{path}/sort")
    fields = {
        "version": version_in(triage.get(path)),
        "category": "jalan_rusak",
        "accusation": "no",
        "text": ATTACK,
    }
    assert triage.post(f"{path}/sort", fields).status_code == 303
    triage.post(f"{path}/release", {"version": version_in(triage.get(path))})
    roads = officer_browser("staff@pupr", name=ATTACK)
    yield "inbox", triage.get("/o?which=screening")
    yield "case", roads.get(path)
    head = officer_browser("office_head@pupr", name=ATTACK)
    yield "schedule", head.get(f"{path}/schedule")
    yield "pass on", roads.get(f"{path}/pass_on")
    yield "refer", roads.get(f"{path}/refer")
    yield "note", roads.get(f"{path}/note")
    other = code_of(file(text=long, **{"place.words": ATTACK}))
    asked = {"version": "1", "agency": "bpjn", "text": ATTACK}
    assert roads.post(f"/o/{short(other)}/refer", asked).status_code == 303
    yield "referred", roads.get(f"/o/{short(other)}")
    link = re.search(r"/t/[0-9A-Za-z]+\.[a-z2-7]+", roads.get(f"/o/{short(other)}").body.decode())
    assert link is not None
    yield "agency", Browser().get(link[0])
    yield "agency's faults", Browser().post(link[0], {"text": ATTACK, "day": ATTACK})
    Browser().post(link[0], {"text": ATTACK, "answer": "done"})
    yield "void link", Browser().post(link[0], {"text": ATTACK, "answer": "done"})
    yield "reject", triage.get(f"{path}/reject")
    yield "contact", roads.post(f"{path}/reveal", {"version": version_in(roads.get(path))})
    yield "lost race", roads.post(f"{path}/reply", {"version": "1", "text": ATTACK})
    an_officer("division_head@pupr")
    escalation.sweep(now=stored(code_of(own)).clocks.next_due)
    case = stored(code_of(own))
    (post,) = case.rungs
    ((head, _),) = people.holders([post])[post].officers
    clock = next(c for c in case.clocks.running() if c.rung)
    secret = keys.rung_link(case.code, head, post, str(clock.name), str(clock.climbed))
    yield "rung", Browser().get(f"/r/{short(case.code)}.{secret}")
    yield "public", Browser().get(f"/l/{short(code_of(own))}")
    yield "own", Browser().get(f"{own}?baru=1")
    yield "own dossier", Browser().get(f"{own}/berkas")
    yield "dossier", triage.get(f"{path}/berkas")
    yield "find", triage.post("/o/cari", {"text": ATTACK[:60], "office": "dlhk"})
    yield "find's faults", triage.post("/o/cari", {"phone": ATTACK[:20], "since": ATTACK[:20]})
    yield "many", triage.get(f"/o/banyak?k={path.rpartition('/')[2]}")
    yield "around", roads.get(f"{path}/sekitar")
    yield "home", Browser().get("/")
    yield "scheduled", Browser().get("/dijadwalkan")
    yield "search", Browser().get(f"/lacak?{urlencode({'kode': ATTACK[:30]})}")
    yield "form", Browser().get("/lapor")
    far = {**REPORT, "about": "1", "asked_about": "1", "place.pin": "-8.3405, 115.0920", "place.area": ""}
    yield "far away", Browser().post("/lapor", {**far, "about_staff.office": "dlhk"})
    yield (
        "faults",
        Browser().post("/lapor", {**REPORT, "place.pin": ATTACK, "text": ATTACK, ATTACK: "x"}),
    )
    yield (
        "second step",
        Browser().post(
            "/lapor",
            {**REPORT, "category": "lampu_jalan", "text": ATTACK, "about": "1", "place.words": ATTACK},
        ),
    )
    yield "sign-in", Browser().post("/masuk", {"phone": ATTACK})
    yield "digits", Browser().post("/masuk/kode", {"challenge": ATTACK, "digits": "1"})
    yield "session over", Browser().post(f"{path}/reply", {"text": ATTACK})
    citizen = Browser(cookie=f"sesi={signin.token(cast.citizen('+6281234567890'), now=utc_now())}")
    yield "mine", citizen.get("/saya")
    yield "not found", Browser().get("/l/%3Cscript%3E")


def test_every_page_is_small_safe_labelled_and_escapes_what_people_wrote(stack: Stack) -> None:
    style = len(Browser().get("/gaya.css").body)
    for name, answer in every_page(stack):
        body = answer.body.decode()
        tags = Tags(body)
        assert answer.status_code < 500, name
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8", name
        assert len(answer.body) + style < 20_000, f"{name}: {len(answer.body)}"
        assert "<script" not in body, name
        assert "onerror=alert" not in re.sub(r"&lt;[^<]*", "", body), name
        assert not [t for t, a in tags.found if t == "img" or any(k.startswith("on") for k in a)], name
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "script" not in policy, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin"), name
        assert "Access-Control-Allow-Origin" not in answer.headers, name
        if name not in ("home", "scheduled", "public"):
            assert answer.headers["Cache-Control"] == "no-store", name
        sources = [a.get("src") or a.get("href") for t, a in tags.found if t in ("link", "img", "iframe")]
        assert all(str(source).startswith(("/", "data:,")) for source in sources), name
        ids = [a["id"] for _, a in tags.found if a.get("id")]
        assert len(ids) == len(set(ids)), f"{name}: {ids}"
        labelled = {a.get("for") for a in tags.all("label")}
        for tag in ("input", "select", "textarea"):
            for attrs in tags.all(tag):
                if attrs.get("type") not in ("hidden", "radio", "checkbox"):
                    assert attrs.get("id") in labelled, f"{name}: {attrs}"


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/lapor", b"text=" + b"a" * 70_000, {}, 413),
        ("/lapor", b"&".join(b"f%d=1" % n for n in range(200)), {}, 400),
        ("/lapor", b"text=%00%01%ff%fe&place=x&place.area=y&answers.=1&answers.x.y=2", {}, 422),
        ("/lapor", b"place.pin=nan%2Cinf&text=%ED%A0%80", {}, 422),
        ("/lapor", b"place.pin=999%2C999&text=Jalan+berlubang+dalam", {}, 422),
        ("/lapor", b"{}", {"Content-Type": "application/json"}, 415),
        ("/lapor", b"", {}, 422),
        ("/masuk", b"phone=%00&as=raja", {}, 422),
        ("/masuk/kode", b"challenge=%00&digits=%F0%9F%98%80", {}, 422),
        ("/masuk/kode", b"", {}, 422),
        ("/k/0000000000/%00/withdraw", b"", {}, 404),
    ],
)
def test_bad_input_is_a_clear_page_and_never_our_fault(
    stack: Stack, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    before = cast.rows()
    answer = Browser()._ask("POST", path, body, {**HERE, **form, **headers})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert cast.rows() == before


def test_a_method_that_a_page_does_not_have_is_a_page_too(stack: Stack) -> None:
    answer = Browser()._ask("DELETE", "/lapor", b"", HERE)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"].startswith("text/html")


# Texts --------------------------------------------------------------------------------------------------------


def test_both_languages_have_every_text_with_the_same_names_to_fill_in() -> None:
    ours, theirs = html.texts("id"), html.texts("en")
    assert list(ours) == list(theirs)
    for name, text in ours.items():
        assert text.strip(), name
        assert theirs[name].strip(), name
        assert sorted(re.findall(r"{(\w*)}", text)) == sorted(re.findall(r"{(\w*)}", theirs[name])), name


def test_every_text_that_a_template_names_exists_and_none_lies_unused() -> None:
    known = set(html.texts("id"))
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in [*html.TEMPLATES.glob("*.html"), *html.HERE.glob("*.py")]
    )
    named = set(re.findall(r"\bt\.([a-z]\w*)", sources)) - {"get"}
    named |= set(re.findall(r"""texts(?:\(language\))?\["(\w+)"\]""", sources))
    assert named <= known, named - known
    made = (
        "f_",
        "do_",
        "done_",
        "kind_",
        "identity_",
        "publication_",
        "score_",
        "promise_",
        "tab_",
        "look_",
        "reject_",
    )
    made += (
        "flaw_",
        "screening_",
        "day",
        "hour",
        "minute",
        "left",
        "late_by",
        "reopen_",
        "message_",
        "edit_",
        "appeal_",
        "withdraw_",
        "grant_",
        "uphold_",
        "task_",
        "photo_",
        "proof_hint_",
        "box_",
        "state_",
        "ban_",
        "act_do_",
        "act_words_",
        "channel_",
    )
    unused = {name for name in known - named if not name.startswith(made)}
    assert unused == set()


def test_every_act_has_its_words() -> None:
    texts = html.texts("id")
    for act in [
        *desk._DOES,
        Act.MESSAGE,
        Act.EDIT,
        Act.RATE,
        Act.AGREE,
        Act.REOPEN,
        Act.APPEAL,
        Act.WITHDRAW,
    ]:
        assert f"do_{act}" in texts
        assert f"done_{act}" in texts


def test_handling_knows_every_act_that_the_desk_offers() -> None:
    inside = set(deskwork.DOES)
    elsewhere = {act for act in desk._DOES if not hasattr(handling, str(act)) and act not in inside}
    assert elsewhere == {
        Act.REVEAL,
        Act.RAISE,
        Act.MERGE,
        Act.UNMERGE,
        Act.GRANT,
        Act.UPHOLD,
        Act.CONTINUE,
        Act.MODERATE,
        Act.REVERT,
        Act.TIGHTEN,
    }


# Reports about one thing ----------------------------------------------------------------------------------------

AT = {"place.area": "", "place.pin": "-8.69, 115.22"}


def released(**changes: Any) -> str:
    code = code_of(file(**{**AT, **changes}))
    triage = an_officer("triage@diskominfos").officer
    handling.release(code, triage, if_match=1, now=utc_now())
    return code


def test_before_filing_what_is_near_is_offered_joined_with_one_tap_and_never_forced(stack: Stack) -> None:
    code, before = released(), cases()
    again = {**REPORT, **AT, "kunci": key()}
    step = Browser().post("/lapor", again)
    assert step.status_code == 200
    assert code in text_of(step)
    assert cases() == before
    joined = Browser().post("/lapor", {**again, "dekat": "1", "gabung": short(code)})
    path = urlsplit(joined.headers["Location"]).path
    assert path.startswith(f"/j/{short(code)}/")
    assert "ikut" in text_of(Browser().get(path))
    assert complaints.get(code).joined == 1
    filed = Browser().post("/lapor", {**again, "kunci": key(), "dekat": "1"})
    assert urlsplit(filed.headers["Location"]).path.startswith("/k/")


def test_the_public_page_leads_to_a_form_to_join_and_the_own_page_judges_the_solution(stack: Stack) -> None:
    code = released()
    public = Browser().get(f"/l/{short(code)}")
    assert f"/l/{short(code)}/gabung" in public.body.decode()
    form = Browser().get(f"/l/{short(code)}/gabung")
    assert form.status_code == 200
    wrong = Browser().post(f"/l/{short(code)}/gabung", {"kunci": key(), "contact.phone": "12"})
    assert (wrong.status_code, complaints.get(code).joined) == (422, 0)
    told = Browser().post(f"/l/{short(code)}/gabung", {"kunci": key(), "contact.phone": "081234567899"})
    assert urlsplit(told.headers["Location"]).path == f"/l/{short(code)}"
    assert "tercatat ikut" in text_of(Browser().get(f"/l/{short(code)}?ikut=1"))
    alone = Browser().post(f"/l/{short(code)}/gabung", {"kunci": key()})
    path = urlsplit(alone.headers["Location"]).path
    assert Browser().get(path[:-1] + ("a" if path[-1] != "a" else "b")).status_code == 404
    officer = an_officer("staff@pupr").officer
    handling.resolve(code, officer, "Sudah ditambal.", if_match=2, now=utc_now())
    page = Browser().get(path)
    assert f"{path}/rate" in page.body.decode()
    assert Browser().post(f"{path}/rate", {}).status_code == 422
    assert Browser().post(f"{path}/rate", {"score": "2"}).status_code == 303
    assert Browser().post(f"{path}/rate", {"score": "2"}).status_code == 409
    no = Browser().post(f"{path}/no", {"text": "Masih berlubang di depan rumah."})
    own = urlsplit(no.headers["Location"]).path
    assert code in text_of(Browser().get(own))
    closed = Browser().post(f"/l/{short(code)}/gabung", {"kunci": key()})
    assert closed.status_code == 409


def test_an_officer_merges_and_undoes_it_on_the_case_s_page(stack: Stack) -> None:
    master, other = released(), released(dekat="1")
    desk_of = officer_browser("staff@pupr")
    page = desk_of.get(f"/o/{short(other)}")
    typed = {"version": version_in(page), "master": short(master)}
    wrong = desk_of.post(f"/o/{short(other)}/merge", {**typed, "master": short(other)})
    assert wrong.status_code == 422
    assert "aduan ini sendiri" in text_of(wrong)
    done = desk_of.post(f"/o/{short(other)}/merge", typed)
    assert done.status_code == 303
    page = desk_of.get(f"/o/{short(other)}")
    assert master in text_of(page)
    assert other in text_of(desk_of.get(f"/o/{short(master)}"))
    assert master in text_of(Browser().get(f"/l/{short(other)}"))
    undone = desk_of.post(f"/o/{short(other)}/unmerge", {"version": version_in(page)})
    assert undone.status_code == 303
    assert stored(other).merged is None
