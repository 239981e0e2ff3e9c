"""What somebody would try who means no good: another office's cases, a coarsened place, fields and headers."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from chalicelib.domain.geo import Point, coarsen, distance_m
from chalicelib.domain.tracking import tracking_code
from chalicelib.domain.visibility import PIN_METRES
from chalicelib.store import complaints
from chalicelib.usecases import indexing
from tests.integration import people as cast
from tests.integration.people import TRIAGE_OFFICE, an_officer
from tests.integration.test_http import REPORT, Answer, Api, api, problem

__all__ = ["api"]
NOBODYS = tracking_code("DPS", b"\x07" * 12)
"""A code that could be one, and is nobody's."""
HELD_BACK = "Gang Kamboja nomor tiga, rumah cat hijau."


def filed(api: Api, **changes: Any) -> tuple[str, str]:
    answer = api.post("/v1/complaints", {**REPORT, **changes}, Idempotency_Key=cast.a_key())
    assert answer.status == 201, answer.body
    return answer.body["code"], answer.body["secret"]


def bare(answer: Answer, code: str) -> tuple[int, dict[str, str], str]:
    """An answer as it is to be compared: without the code that was asked for and without what each answer has anew."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date", "content-length")}
    body = {k: v for k, v in answer.body.items() if k not in ("request_id", "trace_id")}
    return answer.status, headers, json.dumps(body).replace(code, "?")


# Another office's case ------------------------------------------------------------------------------------------


def test_another_office_s_private_case_cannot_be_told_from_one_that_never_was(api: Api) -> None:
    code, _ = filed(api, text=HELD_BACK, publication="private")
    indexing.sweep()
    stranger = api.as_officer(an_officer("staff@pupr"))
    base = "/v1/office/complaints"
    for end in ("", "/dossier", "/photos", "/context", "/reply-templates", "/public-text"):
        there, nowhere = stranger.get(f"{base}/{code}{end}"), stranger.get(f"{base}/{NOBODYS}{end}")
        assert bare(there, code) == bare(nowhere, NOBODYS), end
        assert there.status == 404
        assert "etag" not in there.headers
    for etag in ('"1"', "*"):
        again = stranger.get(f"{base}/{code}", If_None_Match=etag)
        assert bare(again, code) == bare(stranger.get(f"{base}/{NOBODYS}", If_None_Match=etag), NOBODYS)
    for version in ("1", "2"):  # neither the right version nor a wrong one says that there is a case
        for act, said in (
            ("replies", {"text": "Tim ke sana."}),
            ("tightening", {"publication": "private", "reason": "Uji."}),
        ):
            there = stranger.post(f"{base}/{code}/{act}", said, If_Match=version)
            assert bare(there, code) == bare(
                stranger.post(f"{base}/{NOBODYS}/{act}", said, If_Match=version), NOBODYS
            )
    bulk = {"act": "release", "cases": [{"code": code, "version": 1}, {"code": NOBODYS, "version": 1}]}
    done = stranger.post("/v1/office/bulk", bulk)
    assert done.status == 200, done.body
    hidden, missing = done.body["results"]
    assert hidden["refused"]["status"] == missing["refused"]["status"] == 404

    for query in ({"text": "kamboja"}, {"text": code}, {"office": "dlhk"}, {"area": cast.PANJER}):
        assert stranger.post("/v1/office/search", query).body["complaints"] == [], query
    lists = ("", "?which=screening", "?which=area", "?which=top", "?office=dlhk", "?which=emergency")
    for which in lists:
        assert code not in json.dumps(stranger.get(f"{base}{which}").body), which
    assert code not in json.dumps(stranger.get("/v1/office/work").body)
    for public in ("/v1/complaints", f"/v1/complaints?area={cast.PANJER}", "/open311/v2/requests.json"):
        assert code not in json.dumps(api.get(public).body)
    own = api.as_officer(an_officer("staff@dlhk"))
    assert own.post("/v1/office/search", {"text": "kamboja"}).body["complaints"][0]["code"] == code


def test_a_refused_reader_causes_the_same_work_as_one_who_asks_for_nothing(api: Api) -> None:
    # No clock is compared: the same requests to the store, of the same sizes, take the same time.
    code, _ = filed(api, publication="private")
    stranger = api.as_officer(an_officer("staff@pupr"))

    def work(asked: str, method: str = "GET", end: str = "") -> list[str]:
        with cast.calls() as seen:
            path = f"/v1/office/complaints/{asked}{end}"
            answer = (
                stranger.get(path)
                if method == "GET"
                else stranger.post(path, {"text": "Uji coba."}, If_Match="1")
            )
        assert answer.status == 404
        return [name for name, _ in seen]

    for method, end in (("GET", ""), ("GET", "/photos"), ("GET", "/dossier"), ("POST", "/replies")):
        assert work(code, method, end) == work(NOBODYS, method, end), end


@pytest.mark.parametrize(
    "post", ["operations@bpbd", "auditor@inspektorat", "secretary@city", "mayor@city", "operator@diskominfos"]
)
def test_who_only_watches_finds_a_private_case_by_no_word_of_it(post: str, api: Api) -> None:
    code, _ = filed(api, text=HELD_BACK, publication="private")
    sealed, _ = filed(api, text="Petugas meminta uang di loket Kamboja.", about_staff={"office": "dlhk"})
    shown, _ = filed(api, text="Sampah menumpuk di jalan Kamboja.")
    triage = api.as_officer(an_officer(f"triage@{TRIAGE_OFFICE}"))
    assert triage.post(f"/v1/office/complaints/{shown}/release", If_Match="1").status == 201
    desk, case = api.as_officer(an_officer("staff@dlhk")), f"/v1/office/complaints/{code}"
    said = "Cek gang Kamboja."
    part = {"office": "pupr", "text": said, "due": "2026-12-02"}
    for version, (act, body) in enumerate(
        (("notes", {"text": said}), ("tasks", {"tasks": [part]}), ("questions", {"text": said})), start=1
    ):
        assert desk.post(f"{case}/{act}", body, If_Match=str(version)).status == 201, act
    indexing.sweep()
    office = "setda" if post.endswith("@city") else ""
    watcher = api.as_officer(an_officer(post, office=office))
    found = {row["code"] for row in watcher.post("/v1/office/search", {"text": "kamboja"}).body["complaints"]}
    assert found == {shown}
    by_code = watcher.post("/v1/office/search", {"text": code}).body["complaints"]
    everything = [watcher.get("/v1/office/complaints?office=dlhk").body, by_code]
    one = watcher.get(f"/v1/office/complaints/{code}")
    everything += [
        one.body,
        *(watcher.get(f"{case}{end}").body for end in ("/dossier", "/photos", "/context")),
    ]
    told = json.dumps(everything).replace("jalan Kamboja", "")
    assert "Kamboja" not in told, told[max(told.find("Kamboja") - 700, 0) : told.find("Kamboja") + 90]
    assert sealed not in json.dumps(everything)
    assert problem(watcher.get(f"/v1/office/complaints/{sealed}"))[0] == 404
    if post.startswith("operator"):
        assert problem(one)[0] == 404


# A coarsened place ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "pin"), [("air_bersih", "home"), ("sampah", "street")])
def test_no_radius_order_or_offer_tells_two_places_of_one_square_apart(
    category: str, pin: str, api: Api
) -> None:
    size = PIN_METRES[pin]
    middle = coarsen(Point(-8.6885, 115.2205), size)
    # Two true places far apart within the same square.
    corners = [
        Point(middle.lat + dy * size / 111_195 * 0.35, middle.lon + dx * size / 111_195 * 0.35)
        for dy, dx in ((1, 1), (-1, -1))
    ]
    assert {coarsen(corner, size) for corner in corners} == {middle}
    triage, codes = api.as_officer(an_officer(f"triage@{TRIAGE_OFFICE}")), []
    for corner in corners:
        code, _ = filed(
            api, category=category, place={"lat": round(corner.lat, 6), "lon": round(corner.lon, 6)}
        )
        assert triage.post(f"/v1/office/complaints/{code}/release", If_Match="1").status == 201
        codes.append(code)
    probes = [*corners, middle]
    probes += [
        Point(middle.lat + dy / 1000, middle.lon + dx / 1000)
        for dy, dx in itertools.product((-3, 1, 2), repeat=2)
    ]
    for place in probes:
        probe = Point(round(place.lat, 6), round(place.lon, 6))
        at = f"lat={probe.lat}&lon={probe.lon}"
        for radius in (150, 500):
            answer = api.get(f"/v1/complaints?{at}&radius={radius}")
            assert answer.status == 200, answer.body
            listed = {row["code"] for row in answer.body["complaints"]}
            assert listed in (set(), set(codes)), (probe, radius)
            assert bool(listed) == (distance_m(probe, middle) <= radius), (probe, radius)
        offers = api.get(f"/v1/nearby?category={category}&{at}").body["complaints"]
        assert {each["distance_m"] for each in offers} <= {round(distance_m(probe, middle), -1)}
        assert len(offers) in ((0,) if pin == "home" else (0, 2))
    pins = [api.get(f"/v1/complaints/{code}").body["point"] for code in codes]
    assert pins[0] == pins[1]
    told = api.client.http.get("/v1/complaints?format=geojson").body.decode()
    assert all(f"{round(corner.lat, 6)}" not in told for corner in corners)


# Fields, headers, lines -----------------------------------------------------------------------------------------

OURS = {
    "status": "closed", "office": "pupr", "code": "DPS-00000-00001", "level": 9, "screening": "released",
    "sealed": False, "private": False, "accused": None, "citizen": "x", "citizen_id": "x", "filed_by": "x",
    "version": 7, "paged": True, "reviewed": False, "danger": "fire", "role": "administrator",
    "duties": ["mayor@city"], "wakes_at": "2030-01-01T00:00:00Z",
}  # fmt: skip


def test_no_field_that_is_ours_can_be_sent_with_a_form(api: Api) -> None:
    for name, value in OURS.items():
        refused = api.post("/v1/complaints", {**REPORT, name: value})
        assert problem(refused)[0] == 422, name
        for inside in ("place", "contact"):
            nested = {**REPORT, "contact": {"phone": "0812-0000-4321"}, "place": dict(REPORT["place"])}
            nested[inside] = {**nested[inside], name: value}
            assert problem(api.post("/v1/complaints", nested))[0] == 422, (inside, name)
    code, secret = filed(api)
    desk = api.as_officer(an_officer("staff@dlhk"))
    me = Api(api.client, api.post("/v1/auth/links", {"code": code, "secret": secret}).body["token"])
    for name, value in OURS.items():
        reply = {"text": "Tim menuju lokasi.", name: value}
        assert problem(desk.post(f"/v1/office/complaints/{code}/replies", reply, If_Match="1"))[0] == 422, (
            name
        )
        assert (
            problem(me.post(f"/v1/me/complaints/{code}/messages", {"text": "Masih ada.", name: value}))[0]
            == 422
        )
    assert complaints.get_head(code).complaint.version == 1


def test_no_header_or_line_of_a_log_can_be_forged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="pro-denpasar-plus")
    line = 'x\r\nSet-Cookie: sesi=jahat\r\n{"level":"INFO","message":"an administrator closed a door"}'
    filed(
        api, text=f"Sampah menumpuk.\r\n{line}", place={**REPORT["place"], "words": line.replace("\r\n", " ")}
    )
    for path in (
        "/v1/complaints/%0d%0aSet-Cookie:%20sesi=jahat",
        "/v1/complaints?cursor=%0d%0aSet-Cookie:%20sesi=jahat&lang=%0d%0aX-Jahat:%201",
        "/lacak?kode=%0d%0aSet-Cookie:%20sesi=jahat",
        "/masuk?lanjut=%0d%0aLocation:%20https://jahat.example",
        "/l/%0d%0aSet-Cookie:%20sesi=jahat",
    ):
        answer = api.client.http.get(path, headers={"Accept-Language": "id%0d%0aX-Jahat: 1"})
        assert answer.status_code < 500
        told = json.dumps(dict(answer.headers.items()))
        assert "jahat" not in told.lower().replace("%", ""), path
        assert "\\r" not in told
    # What somebody wrote reaches no line at all, so none can begin another; and a line is one JSON object.
    for record in (
        each for each in caplog.records if each.name.startswith(("pro-denpasar-plus", "chalicelib"))
    ):
        said = f"{record.getMessage()} {record.__dict__}"
        assert "closed a door" not in said
        assert "\n" not in record.getMessage()


def test_a_secret_link_opens_nothing_once_altered_and_no_other_case(api: Api) -> None:
    code, secret = filed(api)
    other, _ = filed(api)
    good = {"code": code, "secret": secret}
    spoiled = [
        {**good, "secret": secret[:n] + ("a" if secret[n] != "a" else "b") + secret[n + 1 :]}
        for n in (0, 9, 19)
    ]
    spoiled += [{**good, "code": other}, {**good, "secret": secret[:-1]}, {**good, "secret": f"{secret}a"}]
    for said in spoiled:
        assert problem(api.post("/v1/auth/links", said))[0] in (401, 422), said
    token = api.post("/v1/auth/links", good).body["token"]
    mine = Api(api.client, token)
    assert mine.get(f"/v1/me/complaints/{code}").status == 200
    for path in (
        f"/v1/me/complaints/{other}",
        f"/v1/me/complaints/{other}/dossier",
        f"/v1/me/complaints/{other}/photos",
    ):
        assert problem(mine.get(path))[0] == 404
    assert problem(mine.post(f"/v1/me/complaints/{other}/withdrawal", {"reason": "other"}))[0] == 404
    assert problem(mine.get("/v1/office/me"))[0] == 401
