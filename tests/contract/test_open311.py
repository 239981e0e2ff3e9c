"""Open311 GeoReport v2 over HTTP on the real engines: JSON and XML alike, and every answer against its schema."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from chalicelib import cities
from chalicelib.settings import utc_now
from chalicelib.usecases import api_keys
from local import open311 as fixture
from tests import stack as stacks
from tests.contract.conftest import Api, Reply, a_report, officer, tables

BASE = "/open311/v2"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCHEMAS: Mapping[str, Any] = json.loads(
    (stacks.PROJECT / "docs" / "open311.schema.json").read_text(encoding="utf-8")
)
LISTS = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "attributes": "attribute",
    "notes": "note",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
AT = {"lat": "-8.690000", "long": "115.220000"}
CITY = fixture.with_services(stacks.CITY)


@pytest.fixture
def o3(api: Api) -> Iterator[Client]:
    cities.lend(stacks.CITY, CITY)
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    yield Client(api, api_keys.issue("Uji", scopes, now=utc_now(), per_hour=0)[1])
    cities.lend(stacks.CITY, None)


class Client:
    """A client of Open311 that holds every answer against the schema of its format."""

    def __init__(self, api: Api, key: str) -> None:
        self.api, self.key = api, key

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        reply = self.raw("GET", path, **query)
        assert reply.status == expect, reply.text
        return checked(path, reply)

    def both(self, path: str, expect: int = 200, **query: Any) -> Any:
        """The resource in both formats, which must say the same."""
        as_json = self.get(f"{path}.json", expect, **query)
        as_xml = self.get(f"{path}.xml", expect, **query)
        assert as_xml == texts(as_json)
        return as_json

    def raw(self, method: str, path: str, body: bytes | None = None, **query: Any) -> Reply:
        target = f"{BASE}/{path}" + (f"?{urlencode(query)}" if query else "")
        return self.api.call(method, target, body, headers=FORM)

    def post(
        self, expect: int = 201, fields: list[tuple[str, str]] | None = None, form: str = "json", **said: Any
    ) -> Any:
        given = {"api_key": self.key, "service_code": "uji_biasa", **AT, **said}
        pairs = [(name, str(value)) for name, value in given.items() if value is not None]
        reply = self.raw("POST", f"requests.{form}", urlencode([*pairs, *(fields or [])]).encode())
        assert reply.status == expect, reply.text
        return checked(f"requests.{form}", reply)

    def update(self, expect: int = 201, **said: Any) -> Any:
        given = {"api_key": self.key, **said}
        reply = self.raw("POST", "servicerequestupdates.json", urlencode(given).encode())
        assert reply.status == expect, reply.text
        return checked("servicerequestupdates.json", reply)

    def filed(self, **said: Any) -> str:
        code: str = self.post(**said)[0]["service_request_id"]
        return code


def checked(path: str, reply: Reply) -> Any:
    """The answer as a value, after its type, its form and its schema were looked at."""
    form = path.rpartition(".")[2]
    kind = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}[form]
    assert reply.headers["content-type"] == kind
    resource = "errors" if reply.status >= 400 else path.split(".")[0].split("/")[0]
    if reply.status < 400 and path.startswith("services/"):
        resource = "service_definition"
    if form == "json":
        value = json.loads(reply.text, parse_constant=pytest.fail)
        schema = {**SCHEMAS, "$ref": f"#/$defs/{resource}"}
        assert [e.message for e in Draft202012Validator(schema).iter_errors(value)] == [], reply.text[:2000]
        return value
    assert reply.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    root = ET.fromstring(reply.text)  # noqa: S314  our own answer
    names = {
        "errors": "errors",
        "services": "services",
        "discovery": "discovery",
        "tokens": "service_requests",
    }
    names |= {"requests": "service_requests", "servicerequestupdates": "service_request_updates"}
    assert root.tag == names.get(resource, resource)
    assert not [
        e for e in root.iter() if e.attrib or (len(e) and (e.text or "").strip()) or (e.tail or "").strip()
    ]
    return from_xml(root)


def from_xml(element: ET.Element) -> Any:
    if element.tag in LISTS:
        assert {child.tag for child in element} <= {LISTS[element.tag]}
        return [from_xml(child) for child in element]
    if len(element):
        assert len({child.tag for child in element}) == len(element)
        return {child.tag: from_xml(child) for child in element}
    return element.text or ""


def texts(value: Any) -> Any:
    """A JSON answer as the XML would read: all texts."""
    if isinstance(value, dict):
        return {name: texts(part) for name, part in value.items()} or ""
    if isinstance(value, list):
        return [texts(part) for part in value]
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


# What there is ------------------------------------------------------------------------------------------------


def test_discovery_services_and_definitions_say_the_same_in_both_formats(o3: Client) -> None:
    found = o3.both("discovery")
    assert found["endpoints"][0]["url"].endswith(BASE)
    assert found == o3.get("discovery.json")  # not "now" on every call
    services = {each["service_code"]: each for each in o3.both("services")}
    assert {each["type"] for each in services.values()} == {"realtime", "batch", "blackbox"}
    assert len(services) == len(CITY.categories)
    for code, service in services.items():
        assert not set(code) & set(",/?# ")
        attributes = o3.both(f"services/{code}")["attributes"]
        assert service["metadata"] is bool(attributes)
        assert [a["order"] for a in attributes] == list(range(1, len(attributes) + 1))
    every = o3.get("services/uji_lengkap.json")["attributes"]
    assert {a["datatype"] for a in every} == {
        "string",
        "number",
        "datetime",
        "text",
        "singlevaluelist",
        "multivaluelist",
    }
    assert [a["code"] for a in every if not a["variable"]] == ["info"]
    assert "private" in services["uji_tertutup"]["keywords"].split(",")


def test_what_there_is_not_is_refused_in_the_format_asked_for(o3: Client) -> None:
    for path in (
        "services/uji.json",
        "services/uji_biasaa.xml",
        "services/UJI_BIASA.json",
        "requests/abc.xml",
        "requests/-1.json",
        f"requests/{'9' * 60}.json",
        "requests/DPS-00000-00000.xml",
        "tokens/nothing.json",
        "requests/%3Cb%3E.json",
        "requests/a%00b.xml",
    ):
        assert o3.get(path, 404)[0]["code"] == "404"
    for path in (
        "services",
        "services.txt",
        "nothing.json",
        ".json",
        "requests/x",
        "services.JSON",
        "x/y.json",
    ):
        assert o3.raw("GET", path).status == 404
    for form in ("json", "xml"):
        for path in ("discovery", "services", "services/uji_biasa", "requests", "servicerequestupdates"):
            assert o3.get(f"{path}.{form}", 404, jurisdiction_id="paris.fr")[0]["code"] == "404"
            o3.get(f"{path}.{form}", jurisdiction_id="")
            o3.get(f"{path}.{form}", jurisdiction_id=CITY.id)
    for method, path in (("PUT", "services.json"), ("DELETE", "requests.xml"), ("POST", "services.json")):
        reply = o3.raw(method, path, b"a=b")
        assert reply.status == 405
        checked(path, reply)
    assert o3.get("services.json", 200, Accept="text/xml")  # unknown arguments are ignored
    reply = o3.api.call("GET", f"{BASE}/services.json", headers={"Accept": "text/xml"})
    assert reply.headers["content-type"].startswith("application/json")


# Filing -------------------------------------------------------------------------------------------------------

ODD = "Baris satu\r\nbaris dua & <b>tebal</b> ]]> {{7*7}} '); DROP TABLE x; \U0001f6b2 é"


def test_a_posted_request_reads_back_as_it_went_in(o3: Client) -> None:
    code = o3.filed(
        description=ODD,
        address_string="Jalan Uji 5 & <Timur>",
        address_id="00123",
        email="ibu@contoh.id",
        first_name="Ketut",
        last_name="Rahasia",
        phone="0812-3456-7890",
        device_id="hp-1",
        account_id="akun-9",
        media_url="https://foto.example.id/1.jpg",
        status="closed",
        requested_datetime="2020-01-01T00:00:00Z",
        service_request_id="DPS-00000-00000",
    )
    found = o3.both(f"requests/{code}")[0]
    assert o3.both("requests", service_request_id=code) == [found]
    assert found["description"] == ODD
    assert (found["address"], found["address_id"]) == ("Jalan Uji 5 & <Timur>", "00123")
    assert found["media_url"] == "https://foto.example.id/1.jpg"
    assert found["status"] == "open"
    assert abs(found["lat"] - -8.69) < 0.001
    assert found["zipcode"]
    assert found["requested_datetime"] <= found["updated_datetime"] < found["expected_datetime"]
    for query in ({}, {"extensions": "true"}):
        for form in ("json", "xml"):
            shown = o3.raw("GET", f"requests/{code}.{form}", **query).text
            for secret in ("ibu@contoh.id", "Ketut", "Rahasia", "7890", "hp-1", "akun-9", o3.key):
                assert secret not in shown


def test_each_type_of_service_is_answered_in_its_own_way(o3: Client) -> None:
    for form in ("json", "xml"):
        batch = o3.post(form=form, service_code="uji_antre")[0]
        assert "service_request_id" not in batch
        known = o3.both(f"tokens/{batch['token']}")[0]
        assert known["token"] == batch["token"]
        o3.get(f"requests/{known['service_request_id']}.json")
        black = o3.post(form=form, service_code="uji_tertutup", description="Rahasia warga")[0]
        assert not {"token", "service_request_id"} & set(black)
    # What is private is in no list, whatever is asked.
    assert all(r["service_code"] != "uji_tertutup" for r in o3.get("requests.json", extensions="true"))
    assert o3.get("requests.json", service_code="uji_tertutup") == []


def test_answers_to_every_datatype_land_in_the_case(o3: Client) -> None:
    from chalicelib.store import complaints

    several = [("attribute[cuaca][]", "hujan"), ("attribute[cuaca][]", "angin"), ("attribute[info]", "x")]
    odd = [("attribute[", "x"), ("attribute[a][b]", "y"), ("attribute[uprn]", "1"), ("attribute[]", "z")]
    good = {
        "service_code": "uji_lengkap",
        "attribute[nama]": "bangku",
        "attribute[jumlah]": "2.5",
        "attribute[kapan]": "2026-01-31T08:15:30+08:00",
        "attribute[cerita]": "Panjang\nsekali",
        "attribute[warna]": "biru",
    }
    code = o3.filed(fields=several + odd, **good)
    assert complaints.get(code).complaint.answers == {
        "nama": "bangku",
        "jumlah": 2.5,
        "kapan": "2026-01-31T00:15:30+00:00",
        "cerita": "Panjang\nsekali",
        "warna": "biru",
        "cuaca": ["angin", "hujan"],
    }
    shown = {a["code"]: a["value"] for a in o3.both(f"requests/{code}", extensions="true")[0]["attributes"]}
    assert shown == {
        "jumlah": 2.5,
        "kapan": "2026-01-31T00:15:30+00:00",
        "warna": "Biru",
        "cuaca": "Angin, Hujan",
    }
    assert o3.filed(fields=[("attribute[cuaca]", "panas")], **good)
    before = tables()
    for name, value in (
        ("nama", ""),
        ("nama", None),
        ("jumlah", "nan"),
        ("jumlah", "1_0"),
        ("jumlah", "1e400"),
        ("jumlah", "٣"),
        ("kapan", "2026-02-30T00:00:00Z"),
        ("kapan", "2026-01-31"),
        ("kapan", "2026-01-31T25:00:00Z"),
        ("warna", "Biru"),
        ("warna", "hijau"),
    ):
        said = o3.post(400, **{**good, f"attribute[{name}]": value})
        assert any(name in each["description"] for each in said), (name, value, said)
    assert "cuaca" in o3.post(400, fields=[("attribute[cuaca][]", "salju")], **good)[0]["description"]
    assert tables() == before


def test_a_refused_post_names_the_fault_and_leaves_nothing_behind(o3: Client) -> None:
    before = tables()
    for form in ("json", "xml"):
        for key in (
            None,
            "",
            "wrong",
            "o3_aaaaaaaa_" + "a" * 32,
            o3.key[:-1] + ("b" if o3.key[-1] == "a" else "a"),
        ):
            assert o3.post(403, form=form, api_key=key)[0]["code"] == "403"
        assert o3.post(404, form=form, service_code="tidak_ada")[0]["code"] == "404"
        assert o3.post(404, form=form, jurisdiction_id="paris.fr")[0]["code"] == "404"
        for wrong, named in (
            ({"service_code": None}, "service_code"),
            ({"lat": None}, "lat"),
            ({"long": ""}, "long"),
            ({"lat": None, "long": None}, "lat"),
            ({"lat": "nan"}, "lat"),
            ({"lat": "inf"}, "lat"),
            ({"lat": "1_0"}, "lat"),
            ({"lat": "0x10"}, "lat"),
            ({"lat": "12,5"}, "lat"),
            ({"lat": "-8.6９"}, "lat"),
            ({"lat": "91"}, "lat"),
            ({"long": "181"}, "long"),
            ({"lat": "48.85", "long": "2.35"}, "lat"),  # another city
            ({"description": "a" * 4001}, "description"),
            ({"address_string": "a" * 501}, "address_string"),
        ):
            assert named in o3.post(400, form=form, **wrong)[0]["description"]
    assert tables() == before


def test_the_least_and_the_most_that_a_post_may_say(o3: Client) -> None:
    assert o3.filed()
    assert o3.filed(lat=None, long=None, address_string="Jalan Gajah Mada 1")
    assert o3.filed(lat=None, long=None, address_id="A-7")
    # A category that needs a place takes an address as one: triage finds the village.
    assert o3.filed(lat=None, long=None, address_string="Jalan Gajah Mada 1", service_code="jalan_rusak")
    long = "é" * 3999 + "\U0001f6b2"
    assert o3.get(f"requests/{o3.filed(description=long)}.json")[0]["description"] == long
    # Real clients type anything into these, put the key into the query, and repeat what comes once.
    odd = {"phone": "555-1234", "email": "bukan surel", "media_url": "javascript:alert(1)"}
    code = o3.filed(**odd)
    assert o3.get(f"requests/{code}.json")[0]["media_url"] is None
    links = [("media_url", "https://a.example.id/1.jpg"), ("media_url", "https://a.example.id/2.jpg")]
    assert o3.get(f"requests/{o3.filed(fields=links)}.json")[0]["media_url"].endswith("/1.jpg")
    body = urlencode({"service_code": "uji_biasa", **AT}).encode()
    assert o3.raw("POST", "requests.xml", body, api_key=o3.key, jurisdiction_id="").status == 201
    # What XML cannot hold is taken out at the door, or it would break the list for everybody.
    code = o3.filed(description="a\x00b\x0bc\x1fd\ufffee\tf\ng")
    assert o3.both(f"requests/{code}")[0]["description"] == "abcde\tf\ng"
    assert o3.both("requests")
    # An old client that says how its letters are written is believed.
    for charset in ("ISO-8859-1", '"windows-1252"', "latin1"):
        body = f"api_key={o3.key}&service_code=uji_biasa&lat=-8.69&long=115.22&description=caf%E9".encode()
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        reply = o3.api.call("POST", f"{BASE}/requests.json", body, headers={"Content-Type": kind})
        code = reply.json[0]["service_request_id"]
        assert o3.both(f"requests/{code}")[0]["description"] == "café"


def test_a_body_of_any_kind_is_taken_or_refused(o3: Client) -> None:
    bodies: list[tuple[str, bytes]] = [
        ("application/json", b"{}"),
        ("application/json", b"\xff"),
        ("text/plain", b"hello"),
        ("application/x-www-form-urlencoded; charset=klingon", b"a=%E9"),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"%zz=%&&==&api_key=%ff%fe&lat=%00"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=" * 2000),
        ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(5000))),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 600_000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'),
        ("", b"a=b"),
        ("?", b"\x00"),
    ]
    for kind, body in bodies:
        for form in ("json", "xml"):
            reply = o3.api.call("POST", f"{BASE}/requests.{form}", body, headers={"Content-Type": kind})
            assert 400 <= reply.status < 500, (kind, body[:60], reply.text)
            checked(f"requests.{form}", reply)


def a_photo(form: str = "PNG") -> bytes:
    picture, out = Image.new("RGB", (640, 480), (90, 120, 150)), BytesIO()
    picture.paste((200, 30, 30), (100, 100, 400, 300))
    picture.save(out, form)
    return out.getvalue()


PNG = a_photo()


def multipart(fields: Mapping[str, str], *files: tuple[str, str, bytes]) -> tuple[str, bytes]:
    parts = [
        f'--bb\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in fields.items()
    ]
    for name, called, content in files:
        head = f'--bb\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n'
        parts.append(f"{head}Content-Type: image/png\r\n\r\n".encode() + content + b"\r\n")
    return "multipart/form-data; boundary=bb", b"".join(parts) + b"--bb--\r\n"


def test_a_multipart_post_comes_as_base64_and_is_read(o3: Client) -> None:
    said = {"api_key": o3.key, "service_code": "uji_biasa", **AT, "description": ODD}

    def post(*files: tuple[str, str, bytes]) -> Reply:
        kind, body = multipart(said, *files)
        return o3.api.call("POST", f"{BASE}/requests.json", body, headers={"Content-Type": kind})

    for files in ((), (("media", "", b""),), (("photo1", "../../x.svg", PNG), ("media", "a.png", PNG))):
        reply = post(*files)
        assert reply.status == 201, reply.text
        code = checked("requests.json", reply)[0]["service_request_id"]
        assert o3.get(f"requests/{code}.json")[0]["description"] == ODD
    before = tables()
    for content in (b"<svg onload=alert(1)>", b"<html>", b"GIF87", b"MZ" + b"x" * 100):
        reply = post(("media", "a.png", content))
        assert reply.status == 400, reply.text
        checked("requests.json", reply)
    assert post(("media", "a.png", PNG + b"x" * 4_600_000)).status == 413
    assert tables() == before


def test_a_photo_takes_the_way_of_every_photo_and_is_shown_once_it_may_be(o3: Client) -> None:
    import urllib.request

    from chalicelib.store import complaints
    from chalicelib.usecases import photos

    def post(service: str) -> str:
        said = {"api_key": o3.key, "service_code": service, **AT, "description": "Lihat foto ini."}
        kind, body = multipart(said, ("media", "x.html", a_photo("JPEG")), ("photo2", "", b""))
        reply = o3.api.call("POST", f"{BASE}/requests.json", body, headers={"Content-Type": kind})
        assert reply.status == 201, reply.text
        code: str = reply.json[0]["service_request_id"]
        for photo in (complaints.get(code).spoken or {})["photos"]:
            photos.work(photo, now=utc_now())
        return code

    code = post("uji_biasa")
    url = o3.both(f"requests/{code}")[0]["media_url"]
    assert o3.get("requests.json")[0]["media_url"] == url
    path = url.partition(BASE)[2]
    sent = o3.api.call("GET", f"{BASE}{path}")
    assert (sent.status, sent.text) == (302, "")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(sent.headers["location"], timeout=20) as answer:
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.read(3) == b"\xff\xd8\xff"
    # What the city has not released is not shown, whoever knows its name.
    held = post("jalan_rusak")
    assert o3.get(f"requests/{held}.json")[0]["media_url"] is None
    photo = (complaints.get(held).spoken or {})["photos"][0]
    assert o3.raw("GET", f"media/{photo}.jpg").status == 404
    for odd in ("media/x.jpg", "media/x.svg", "media/.jpg", "media/x", f"media/{photo}.json"):
        assert o3.raw("GET", odd).status == 404


def test_a_gateway_is_told_to_hand_photos_on_as_base64() -> None:
    from app import app

    assert "multipart/form-data" in app.api.binary_types
    routes = [route for route in app.routes if route.startswith("/open311/")]
    assert all("*/*" in entry.content_types for route in routes for entry in app.routes[route].values())


def test_keys_have_a_scope_a_rate_and_an_end(o3: Client) -> None:
    from chalicelib.store.tables import PersonRow

    now = utc_now()
    key, text = api_keys.issue("Satu per jam", [api_keys.FILE], now=now, per_hour=1)
    assert text not in "".join(tables()[PersonRow.Meta.table_name])
    o3.post(api_key=text)
    reply = o3.raw(
        "POST", "requests.json", urlencode({"api_key": text, "service_code": "uji_biasa", **AT}).encode()
    )
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) > 0
    _, weak = api_keys.issue("Hanya memberi kabar", [api_keys.UPDATE], now=now)
    assert o3.post(403, api_key=weak)
    api_keys.revoke(key.id, now=now)
    assert o3.post(403, api_key=text)
    assert {each.client for each in api_keys.every() if each.revoked_at} == {"Satu per jam"}


def test_parallel_posts_have_ids_of_their_own(o3: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: o3.filed(description=f"nomor {n}"), range(16)))
    assert len(set(codes)) == 16
    assert {r["service_request_id"] for r in o3.get("requests.json")} == set(codes)


# Lists --------------------------------------------------------------------------------------------------------


def filed_at(
    o3: Client, at: datetime, category: str = "uji_biasa", lat: float = -8.69, long: float = 115.22
) -> str:
    """A request of another moment, through the same use case."""
    from chalicelib.domain.city import Kind
    from chalicelib.domain.complaint import Filing, Place
    from chalicelib.domain.geo import Point
    from chalicelib.usecases import open311
    from chalicelib.usecases.intake import Contact

    key = next(iter(api_keys.every()))
    place = Place(Point(lat, long))
    filing = Filing(Kind.COMPLAINT, "Uji daftar.", "id", "open311", category=category, place=place)
    return open311.file(filing, Contact(), key, {}, now=at).complaint.code


def ids(found: Any) -> list[str]:
    return [each["service_request_id"] for each in found]


def z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


DAY = timedelta(days=1)


def test_lists_hold_what_was_asked_for_newest_first(o3: Client) -> None:
    now = utc_now()
    ages = (200, 100, 89, 40, 39, 2, 1)
    made = [filed_at(o3, now - age * DAY, "uji_antre" if age == 40 else "uji_biasa") for age in ages]
    old, hundred, *recent = made
    newest_first = recent[::-1]
    assert ids(o3.both("requests")) == newest_first
    # By id, everything else is overridden; what is unknown or said twice does no harm.
    asked = f" {old} ,,{old},DPS-00000-00000,{recent[0]},x"
    found = o3.both("requests", service_request_id=asked, status="closed", start_date=z(now), page="0")
    assert ids(found) == [recent[0], old]
    assert o3.both("requests", service_request_id="DPS-00000-00000") == []
    # Services.
    assert ids(o3.get("requests.json", service_code="uji_antre")) == [recent[1]]
    assert ids(o3.get("requests.json", service_code="uji_biasa, uji_antre ,tidak_ada")) == newest_first
    many = ",".join(CITY.categories)
    assert ids(o3.get("requests.json", service_code=many)) == newest_first
    assert o3.get("requests.json", service_code="tidak_ada") == []
    assert o3.get("requests.json", service_code="uji") == []
    # Dates, both ends included at the second that is shown.
    shown = {each["service_request_id"]: each["requested_datetime"] for each in o3.get("requests.json")}
    second, third = recent[1], recent[2]
    span = {"start_date": shown[second], "end_date": shown[third]}
    assert ids(o3.both("requests", **span)) == [third, second]
    utc = {name: z(datetime.fromisoformat(value)) for name, value in span.items()}
    assert ids(o3.get("requests.json", **utc)) == [third, second]
    assert ids(o3.get("requests.json", start_date=shown[third])) == [*recent[:1:-1]]
    assert ids(o3.get("requests.json", end_date=shown[second])) == [*recent[1::-1], hundred]
    assert ids(o3.get("requests.json", start_date=z(now - 101 * DAY), end_date=z(now - 99 * DAY))) == [
        hundred
    ]
    unescaped = o3.api.call("GET", f"{BASE}/requests.json?start_date={shown[third]}")
    assert unescaped.status == 200  # the plus of its zone is a blank by then
    assert o3.get("requests.json", start_date=z(now - 90 * DAY), end_date=z(now))
    assert o3.get("requests.json", start_date=z(now + DAY)) == []
    for start, end in (
        (now - 91 * DAY, now),
        (now - 200 * DAY, None),
        (now, now - DAY),
        (now - 300 * DAY, now - 209 * DAY - timedelta(hours=23)),
    ):
        query = {"start_date": z(start)} | ({"end_date": z(end)} if end else {})
        o3.get("requests.xml", 400, **query)
    for far in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        o3.get("requests.json", 400, start_date=far)
        o3.get("requests.json", 400, end_date=far)
    for far in ("0001-01-01T00:00:00Z", "0001-03-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert o3.raw("GET", "requests.json", start_date=far).status in (200, 400)
        assert o3.raw("GET", "requests.json", end_date=far).status in (200, 400)
    for wrong in (
        "2026-02-30T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T08:15:30Zx",
        "2026-01-31T08:15:30",
        "2026-01-31",
        "2026-01-31T08:15:30+25:00",
        "kemarin",
        "٢٠٢٦-01-31T08:15:30Z",
    ):
        for name in ("start_date", "end_date", "updated_after", "updated_before"):
            assert name in o3.get("requests.json", 400, **{name: wrong})[0]["description"]
    for name in ("start_date", "end_date", "status", "service_code", "page", "page_size", "lat", "radius"):
        assert ids(o3.get("requests.json", **{name: ""})) == newest_first


def test_pages_put_together_are_the_whole_list(o3: Client) -> None:
    now = utc_now()
    made = [filed_at(o3, now - n * DAY) for n in range(7)]
    for name in ("page_size", "per_page"):
        pages = [ids(o3.both("requests", page=n, **{name: 3})) for n in (1, 2, 3, 4)]
        assert pages == [made[:3], made[3:6], made[6:], []]
    assert ids(o3.get("requests.json", page_size=4)) == made[:4]
    assert ids(o3.get("requests.json", page=1)) == made
    assert ids(o3.get("requests.json", page=1, page_size=5000)) == made
    assert o3.get("requests.json", page=999999) == []
    for name in ("page", "page_size", "per_page"):
        for wrong in ("0", "-1", "x", "1.5", "9" * 23, "１"):
            o3.get("requests.json", 400, **{name: wrong})


def test_a_circle_is_a_circle_in_metres(o3: Client) -> None:
    from chalicelib.domain.geo import Point, distance_m

    now = utc_now()
    centre = Point(-8.69, 115.22)
    points = [(-8.69, 115.22), (-8.6925, 115.2225), (-8.70, 115.22), (-8.66, 115.21), (-8.65, 115.25)]
    for n, (lat, long) in enumerate(points):
        filed_at(o3, now - n * DAY, lat=lat, long=long)
    o3.post(lat=None, long=None, address_string="tanpa titik")
    everything = o3.get("requests.json")
    assert len(everything) == 6
    for radius in ("0", "100", "380", "500", "1200", "4000", "50000.5"):
        near = [
            r["service_request_id"]
            for r in everything
            if r["lat"] is not None and distance_m(Point(r["lat"], r["long"]), centre) <= float(radius)
        ]
        assert ids(o3.get("requests.json", lat="-8.69", long="115.22", radius=radius)) == near, radius
        # In pages, too.
        first = o3.get("requests.json", lat="-8.69", long="115.22", radius=radius, page=1, page_size=2)
        assert ids(first) == near[:2]
    good = {"lat": "-8.69", "long": "115.22", "radius": "100"}
    for name, wrong in (("radius", "-1"), ("radius", "nan"), ("lat", "91"), ("long", "1e2"), ("radius", "")):
        o3.get("requests.json", 400, **{**good, name: wrong})
    assert o3.get("requests.json", lat="90", long="180", radius="5000000") == []


def test_closing_moves_a_request_and_makes_an_update(o3: Client) -> None:
    now = utc_now()
    first, second = filed_at(o3, now - 10 * DAY), filed_at(o3, now - 5 * DAY)
    assert o3.get("servicerequestupdates.json") == []  # filing is no news to whoever filed
    before = o3.get(f"requests/{first}.json")[0]
    said = {
        "service_request_id": first,
        "update_id": "u-1",
        "status": "CLOSED",
        "description": "Beres & bersih.",
    }
    made = o3.update(**said)[0]["update_id"]
    assert o3.update(**said)[0]["update_id"] == made  # once per id of theirs
    o3.update(400, **{**said, "description": "Lain"})
    after = o3.both(f"requests/{first}")[0]
    assert (before["status"], after["status"]) == ("open", "closed")
    assert after["updated_datetime"] > before["updated_datetime"]
    assert after == o3.get(f"requests/{first}.json")[0]  # reading moves nothing
    assert ids(o3.get("requests.json", status="closed")) == [first]
    assert ids(o3.get("requests.json", status="open")) == [second]
    assert ids(o3.get("requests.json", status="open,closed")) == [second, first]
    o3.get("requests.json", 400, status="solved")
    moved = after["updated_datetime"]
    assert ids(o3.get("requests.json", updated_after=moved)) == [first]
    assert ids(o3.get("requests.json", updated_before=moved)) == [second, first]
    assert ids(o3.get("requests.json", updated_after=z(now - 6 * DAY), updated_before=z(now - DAY))) == [
        second
    ]
    assert ids(o3.get("requests.json", updated_after=moved, updated_before=moved, page_size=1)) == [first]
    assert o3.get("requests.json", updated_after=z(utc_now() + DAY)) == []
    assert o3.get("requests.json", updated_after=moved, status="open") == []
    (told,) = o3.both("servicerequestupdates", start_date=moved, end_date=moved)
    assert told["update_id"] == made
    assert (told["service_request_id"], told["status"]) == (first, "CLOSED")
    assert (told["updated_datetime"], told["description"]) == (moved, "Beres & bersih.")
    assert o3.get("servicerequestupdates.json", start_date=z(now - 9 * DAY), end_date=z(now - DAY)) == []
    o3.get("servicerequestupdates.xml", 400, start_date=z(now))
    o3.get("servicerequestupdates.xml", 400, end_date=z(now))
    o3.get("servicerequestupdates.json", 400, start_date=z(now - 91 * DAY), end_date=z(now))


def test_updates_are_taken_from_offices_and_from_whoever_filed(o3: Client) -> None:
    now = utc_now()
    _, reporter = api_keys.issue("Warga", [api_keys.FILE, api_keys.UPDATE], now=now, per_hour=0)
    _, stranger = api_keys.issue("Lain", [api_keys.FILE, api_keys.UPDATE], now=now, per_hour=0)
    code = o3.filed(api_key=reporter)
    for key in ("", "x"):
        assert o3.update(403, api_key=key, service_request_id=code, status="CLOSED")
    assert o3.update(403, api_key=stranger, service_request_id=code, status="CLOSED")
    assert o3.update(404, service_request_id="DPS-00000-00000", status="CLOSED")
    assert o3.update(404, service_request_id="x", status="CLOSED")
    assert o3.update(400, status="CLOSED")
    assert o3.update(400, service_request_id=code, status="<b>")
    assert o3.update(400, service_request_id=code, status="OPEN")  # says nothing
    assert o3.update(400, service_request_id=code, status="OPEN", updated_datetime="kemarin")

    def status() -> str:
        found: str = o3.get(f"requests/{code}.json", extensions="true")[0]["extended_attributes"]["status"]
        return found

    o3.update(service_request_id=code, status="INVESTIGATING")
    assert status() == "acknowledged"
    o3.update(service_request_id=code, status="IN_PROGRESS", description="Tim berangkat.")
    assert status() == "in_progress"
    o3.update(api_key=reporter, service_request_id=code, status="OPEN", description="Masih ada lubangnya.")
    o3.update(service_request_id=code, status="FIXED", email="a@b.id", first_name="X", title="MR")
    assert status() == "resolved"
    o3.update(api_key=reporter, service_request_id=code, status="OPEN", description="Belum beres.")
    assert status() == "reopened"
    o3.update(service_request_id=code, status="CLOSED", description="Sekarang beres.")
    o3.update(api_key=reporter, service_request_id=code, status="CLOSED", description="Ya.")
    assert status() == "closed"
    o3.update(400, service_request_id=code, status="CLOSED")
    told = [(u["status"], u["description"]) for u in o3.get("servicerequestupdates.json")][::-1]
    assert [state for state, _ in told] == [
        "INVESTIGATING",
        "IN_PROGRESS",
        "CLOSED",
        "OPEN",
        "CLOSED",
        "CLOSED",
    ]
    # What the reporter wrote is between them and the office.
    assert not {"Masih ada lubangnya.", "Belum beres.", "Ya."} & {words for _, words in told}
    assert "Tim berangkat." in {words for _, words in told}
    # The same as notes of the request, oldest first, in the list and alone; nothing of them without being asked for.
    notes = o3.both(f"requests/{code}", extensions="true")[0]["notes"]
    assert [(note["status"], note["description"]) for note in notes] == told
    assert o3.both("requests", extensions="true")[0]["notes"] == notes
    assert "notes" not in o3.get(f"requests/{code}.json", extensions="")[0]


# Privacy ------------------------------------------------------------------------------------------------------


def test_what_the_city_holds_back_is_held_back_here(o3: Client) -> None:
    held = o3.api.call("POST", "/v1/complaints", a_report()).json["code"]
    private = o3.api.call("POST", "/v1/complaints", a_report(publication="private")).json["code"]
    sealed = o3.api.call("POST", "/v1/complaints", a_report(about_staff={"office": "dlhk"})).json["code"]
    assert ids(o3.both("requests")) == [held]
    found = o3.both(f"requests/{held}", extensions="true")[0]
    assert (found["description"], found["lat"], found["long"], found["address"]) == (None, None, None, None)
    for code in (private, sealed):
        for form in ("json", "xml"):
            o3.get(f"requests/{code}.{form}", 404)
        assert o3.get("requests.json", service_request_id=code) == []
        assert o3.update(404, service_request_id=code, status="CLOSED")
    triage = officer("triage@diskominfos", office="diskominfos", identity="pemilah")
    headers = {"If-Match": '"1"'}
    o3.api.call("POST", f"/v1/office/complaints/{held}/release", {}, token=triage, headers=headers)
    found = o3.both(f"requests/{held}")[0]
    assert found["description"] == a_report()["text"]
    assert found["address"] is None  # words for a place are for the office
    # Hidden again, it takes its words with it, also out of the updates.
    said = {"service_request_id": held, "status": "OPEN", "description": "Kami ke sana besok."}
    o3.update(**said)
    assert [u["description"] for u in o3.get("servicerequestupdates.json")] == ["Kami ke sana besok."]
    o3.api.call(
        "POST",
        f"/v1/office/complaints/{held}/hiding",
        {"reason": "Nama orang."},
        token=triage,
        headers={"If-Match": '"3"'},
    )
    assert o3.get(f"requests/{held}.json")[0]["description"] is None
    assert "Kami ke sana besok." not in o3.raw("GET", "servicerequestupdates.json").text
    # An accusation in the text is told to nobody, though its sender gets an id.
    code = o3.filed(description="Petugasnya minta uang rokok supaya cepat.")
    o3.get(f"requests/{code}.json", 404)


def test_a_list_too_large_for_one_answer_is_cut_or_asked_for_by_the_page(o3: Client) -> None:
    from chalicelib.http.open311 import answers

    assert answers.fits("a" * 5_000_000 + "") is False
    assert answers.fits("a" * 4_000_000)
    assert not answers.fits("\U0001f6b2" * 500_000)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_made_up_queries_never_break_it(o3: Client, form: str) -> None:
    o3.filed(description=ODD)
    junk = (
        "",
        "0",
        "-1",
        "x",
        "9" * 30,
        "nan",
        "é",
        "\x00",
        "%",
        "'",
        "true",
        "a,b",
        "1e9",
        "[]",
        "\ud83d",
        "None",
        "𝟏",
    )
    names = (
        *("service_request_id", "service_code", "status", "start_date", "end_date", "updated_after"),
        *(
            "updated_before",
            "page",
            "page_size",
            "lat",
            "long",
            "radius",
            "extensions",
            "jurisdiction_id",
            "lang",
        ),
    )
    for name in names:
        for value in junk:
            said = quote(value, errors="surrogatepass")
            target = f"{BASE}/requests.{form}?{name}={said}"
            reply = o3.api.call("GET", target)
            assert reply.status < 500, target
            checked(f"requests.{form}", reply)
    for value in (*junk[1:], "a" * 190, "a" * 3000, "\U0001f6b2" * 190):
        said = quote(value, safe="", errors="surrogatepass")
        for resource in ("services", "requests", "tokens"):
            reply = o3.api.call("GET", f"{BASE}/{resource}/{said}.{form}")
            assert reply.status == 404, value
            checked(f"{resource}/x.{form}", reply)
        assert o3.api.call("GET", f"{BASE}/media/{said}.jpg").status == 404, value
    assert re.match("[{<[]", reply.text)
