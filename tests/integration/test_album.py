"""Photos in plain pages: sent without a script by S3's own way back, looked at, decided on."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from chalicelib import photos as bucket
from chalicelib.domain.photos import For, Shown
from chalicelib.domain.tracking import short
from chalicelib.settings import utc_now
from chalicelib.store import photos as store
from chalicelib.usecases import handling
from chalicelib.usecases import photos as evidence
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, a_case, an_officer
from tests.integration.test_pages import Browser, Tags, officer_browser, text_of
from tests.integration.test_photos import a_jpeg
from tests.stack import Stack


def field(page: str, name: str) -> str:
    return str(next(each["value"] for each in Tags(page).all("input") if each.get("name") == name))


def send_one(browser: Browser, path: str, fields: dict[str, str], seed: int) -> str:
    """Ask for the form, post a photo to the bucket, and answer the address that S3 leads back to."""
    asked = browser.post(f"{path}/foto", {"act": "ask", **fields})
    assert asked.status_code == 200, text_of(asked)
    page = asked.body.decode()
    (form,) = [each for each in Tags(page).all("form") if each.get("enctype") == "multipart/form-data"]
    host = "{0.scheme}://{0.netloc}".format(urlsplit(str(form["action"])))
    assert f"form-action 'self' {host}" in asked.headers["Content-Security-Policy"]
    key, back = field(page, "key"), urlsplit(field(page, "success_action_redirect"))
    assert back.path == f"{path}/foto"
    bucket.write(key, a_jpeg(seed), "image/jpeg")
    return f"{back.path}?{back.query}&bucket=x&key={key}&etag=y"


def test_a_citizen_answers_with_photos_and_triage_decides_on_them_without_a_script(stack: Stack) -> None:
    bucket.delete("")
    now = utc_now()
    office = an_officer("staff@dlhk", office="dlhk").officer
    filed = a_case(phone=cast.a_phone(), now=now)
    code = filed.complaint.code
    path = f"/k/{short(code)}/{filed.secret}"
    citizen = Browser()
    assert "Belum ada foto" in text_of(citizen.get(f"{path}/foto"))
    assert citizen.post(f"{path}/foto", {"act": "ask"}).status_code == 409  # nothing was asked
    handling.ask(code, office, "Di sisi mana?", if_match=1, now=now)
    before = cast.rows()
    citizen.get(f"{path}/foto")
    assert cast.rows() == before  # looking makes nothing
    address = send_one(citizen, path, {}, 21)
    page = citizen.get(address)
    assert "1 dari 5 foto" in text_of(page)
    sent = [
        str(each["value"]) for each in Tags(page.body.decode()).all("input") if each.get("name") == "photos"
    ]
    assert len(set(sent)) == 1
    assert citizen.post(f"{path}/foto", {"question": "1", "text": "", "photos": sent[0]}).status_code == 422
    done = citizen.post(f"{path}/foto", {"question": "1", "text": "Sisi timur.", "photos": sent[0]})
    assert (done.status_code, urlsplit(done.headers["Location"]).path) == (303, path)
    (photo,) = store.of_case(code)
    assert (photo.id, photo.purpose) == (sent[0], For.ANSWER)
    evidence.work(photo.id, now=now)
    own = citizen.get(f"{path}/foto")
    assert "menunggu ditinjau" in text_of(own)
    assert "copies/" in own.body.decode()

    triage = officer_browser(f"triage@{TRIAGE_OFFICE}", office=TRIAGE_OFFICE)
    desk = f"/o/{short(code)}"

    def decide(act: str, **fields: str) -> int:
        version = str(store.get(photo.id).version)
        answer = triage.post(f"{desk}/foto", {"act": act, "photo": photo.id, "version": version, **fields})
        evidence.work(photo.id, now=now)
        return answer.status_code

    assert "Tutupi bagian foto" in text_of(triage.get(f"{desk}/foto"))
    assert decide("redact", left="10", top="x", width="5", height="5") == 422
    assert decide("redact", left="10", top="20", width="50", height="50") == 303
    assert decide("redact", boxes="0.1,0.2,0.5,0.5;", left="0", top="0", width="5", height="5") == 303
    assert store.get(photo.id).boxes == ((0.1, 0.2, 0.5, 0.5), (0.0, 0.0, 0.05, 0.05))
    assert decide("redact", none="1") == 303
    assert store.get(photo.id).boxes == ()
    assert decide("hide", reason="Wajah anak.") == 303
    assert "Wajah anak." in text_of(citizen.get(f"{path}/foto"))
    assert decide("release") == 303
    assert decide("release") == 409
    assert store.get(photo.id).shown is Shown.RELEASED
    public = Browser().get(f"/l/{short(code)}/foto")
    assert "Belum ada foto" in text_of(public)  # the case itself was not released
    preview = f"/l/{short(code)}/gambar"
    assert Browser().get(preview).headers["Location"].endswith("/app/icon-512.png")
    handling.release(
        code, an_officer(f"triage@{TRIAGE_OFFICE}", office=TRIAGE_OFFICE).officer, if_match=3, now=now
    )
    public = Browser().get(f"/l/{short(code)}/foto")
    assert re.search(r"copies/[\w-]+/small\.webp", public.body.decode())
    assert public.headers["Cache-Control"] == "no-store"
    page = Browser().get(f"/l/{short(code)}").body.decode()
    assert f"/l/{short(code)}/foto" in page
    # What a shared link shows of itself: a picture at an address that lasts.
    shown = {each["property"]: each["content"] for each in Tags(page).all("meta") if "property" in each}
    assert urlsplit(str(shown["og:image"])).path == preview
    assert "sampah" in str(shown["og:description"]).lower()
    picture = Browser().get(preview)
    assert picture.status_code == 303
    assert re.search(r"copies/[\w-]+/large\.jpg", str(picture.headers["Location"]))


def test_an_office_sends_its_proof_and_calls_the_case_solved_on_one_page(stack: Stack) -> None:
    bucket.delete("")
    filed = a_case(phone=cast.a_phone(), now=utc_now())
    code = filed.complaint.code
    desk = f"/o/{short(code)}"
    browser = officer_browser("staff@dlhk", office="dlhk")
    page = browser.get(f"{desk}/foto").body.decode()
    version = field(page, "version")
    address = send_one(browser, desk, {"version": version}, 22)
    again = send_one(
        browser, desk, {"version": version, "photos": parse_qs(urlsplit(address).query)["key"][0][3:]}, 23
    )
    page = browser.get(again).body.decode()
    sent = sorted({str(each["value"]) for each in Tags(page).all("input") if each.get("name") == "photos"})
    assert len(sent) == 2
    said = {"act": "resolve", "version": version, "text": "Sudah diangkut.", "photos": sent}
    assert browser.post(f"{desk}/foto", said).status_code == 303
    assert {photo.id for photo in store.of_case(code)} == set(sent)
    assert cast.stored(code).status == "resolved"


def test_a_photo_that_a_category_demands_leads_from_the_form_to_the_second_person(stack: Stack) -> None:
    bucket.delete("")
    code = a_case(category="lampu_lalu_lintas", now=utc_now()).complaint.code
    desk = f"/o/{short(code)}"
    doer, head = officer_browser("staff@dishub"), officer_browser("division_head@dishub")
    page = doer.get(desk)
    assert "wajib disertai foto" in text_of(page)
    assert f"{desk}/foto" in page.body.decode()
    version = field(doer.get(f"{desk}/foto").body.decode(), "version")
    bare = doer.post(f"{desk}/resolve", {"text": "Menyala.", "proof": "Berita acara 12.", "version": version})
    assert (bare.status_code, "berdasarkan foto" in text_of(bare)) == (422, True)
    address = send_one(doer, desk, {"version": version}, 31)
    sent = field(doer.get(address).body.decode(), "photos")
    said = {"act": "resolve", "version": version, "text": "Menyala.", "photos": sent}
    assert doer.post(f"{desk}/foto", said).status_code == 303
    page = head.get(desk)
    assert "Foto bukti: 1" in text_of(page)
    assert f"{desk}/approve" not in page.body.decode()  # it was not opened yet
    evidence.work(sent, now=utc_now())
    page = head.get(desk)
    assert f"{desk}/approve" in page.body.decode()
    assert "copies/" in head.get(f"{desk}/foto").body.decode()
    done = head.post(f"{desk}/approve", {"version": field(page.body.decode(), "version")})
    assert (done.status_code, cast.stored(code).status) == (303, "resolved")
