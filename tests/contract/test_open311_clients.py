"""Clients of Open311 that are in use, as they were published, against the running service.

Two of them were written for Python 2: what that had under other names is put there before they are imported, and not a
line of theirs is changed.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import xmltodict

from chalicelib import cities
from chalicelib.settings import utc_now
from chalicelib.usecases import api_keys
from local import open311 as fixture
from local.server import Gateway, Server
from tests import stack as stacks

WORDS = "Lubang & batu <besar> di jalan,\nsejak kemarin."
SAID = {"service_code": "uji_biasa", "lat": -8.69, "long": 115.22, "description": WORDS}


@pytest.fixture
def town(gateway: Gateway, stack: stacks.Stack) -> Iterator[tuple[str, str]]:
    """The address of Open311 as a city would type it, with a slash at its end, and a key."""
    cities.lend(stacks.CITY, fixture.with_services(stacks.CITY))
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    _, key = api_keys.issue("Uji", scopes, now=utc_now(), per_hour=0)
    server = Server(0, gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/open311/v2/", key
    server.shutdown()
    server.server_close()
    thread.join()
    cities.lend(stacks.CITY, None)


def file(town: tuple[str, str], **said: Any) -> str:
    """A request, by the client that posts."""
    url, key = town
    answer = three().Three(url, api_key=key).post(**{**SAID, **said})
    code: str = answer[0]["service_request_id"]
    return code


def three() -> ModuleType:
    if not hasattr(itertools, "ifilter"):
        itertools.ifilter = filter  # type: ignore[attr-defined]  # what Python 2 called it
    return pytest.importorskip("three", reason="make setup installs it")


def open311(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package ``open311`` 1.1: its modules name each other as Python 2 found them, beside themselves."""
    spec = importlib.util.find_spec("open311")
    if spec is None or not spec.origin:
        pytest.skip("make setup installs it")
    home = Path(spec.origin).parent

    def load(name: str, path: str) -> ModuleType:
        found = importlib.util.spec_from_file_location(name, home / path)
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        monkeypatch.setitem(sys.modules, name, module)
        found.loader.exec_module(module)
        return module

    load("object_dict", "api/xml2dict/object_dict.py")
    load("xml2dict", "api/xml2dict/xml2dict.py").__dict__["xml2dict"] = None
    monkeypatch.setitem(sys.modules, "api", load("api.api", "api/api.py"))
    module = load("open311", "open311.py")
    # Its own parser ended with Python 3.9; "developers can overwrite this method", it says.
    monkeypatch.setattr(module.Open311, "_xml_to_dict", lambda _, text: xmltodict.parse(text))
    return module


@pytest.mark.parametrize("form", ["json", "xml"])
def test_georeport_reads_all_that_it_knows(town: tuple[str, str], form: str) -> None:
    georeport = pytest.importorskip("georeport", reason="make setup installs it")
    codes = [file(town), file(town)]
    client = georeport.GeoReport(town[0], output_format=form)
    services = {each["service_code"]: each for each in client.get_service_list()}
    assert services["uji_lengkap"]["metadata"] in (True, "true")
    definition = client.get_service_definition("uji_lengkap")
    assert len(definition["attributes"] if form == "json" else definition["attributes"]["attribute"]) == 7
    found = client.get_service_requests()
    assert {each["service_request_id"] for each in found} == set(codes)
    one = client.get_service_request(codes[0])
    assert one["description"] == WORDS
    assert client.get_service_requests(service_code="uji_biasa", status="open")


def test_three_posts_a_photo_and_pages(town: tuple[str, str]) -> None:
    url, key = town
    client = three().Three(url, api_key=key)
    assert client.discovery()["endpoints"][0]["type"] == "test"
    assert client.services("uji_lengkap")["service_code"] == "uji_lengkap"
    code = file(town, name="Made Uji", address="Jalan Uji 1", phone="555-5555")
    assert client.request(code)[0]["address"] == "Jalan Uji 1"
    photo = BytesIO(b"\xff\xd8\xff\xe0" + b"x" * 500)
    assert client.post(media=photo, **SAID)[0]["service_request_id"]
    tomorrow = utc_now() + timedelta(days=1)
    days = [f"{at:%m-%d-%Y}" for at in (tomorrow - timedelta(days=3), tomorrow)]
    assert len(client.requests("uji_biasa", between=days, count=1)) == 1
    assert len(client.requests(between=days)) == 2
    token = client.post(**{**SAID, "service_code": "uji_antre"})[0]["token"]
    assert client.token(token)[0]["service_request_id"]
    # What is refused is read like any other answer.
    refused = three().Three(url).post(**SAID)
    assert refused[0]["code"] == "403"


def test_open311_speaks_xml_with_its_key_in_the_query(
    town: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, key = town
    module = open311(monkeypatch)
    client = module.Open311(endpoint=url.rstrip("/"), api_key=key, jurisdiction="")
    assert {"uji_biasa", "uji_antre"} <= {each["service_code"] for each in client.service_list()}
    # Its posts are texts, which the library beneath wants as bytes since Python 3.
    beneath = sys.modules["open311"].__dict__["urlopen"]
    monkeypatch.setitem(
        sys.modules["open311"].__dict__, "urlopen", lambda where, data: beneath(where, data.encode())
    )
    made = client.post_service_request(**SAID)
    code = made["service_requests"]["request"]["service_request_id"]
    client.post_service_request(**SAID)
    assert len(client.service_requests()) == 2
    one = client.get_service_request(code)
    assert one["service_requests"]["request"]["status"] == "open"
    batch = client.post_service_request(**{**SAID, "service_code": "uji_antre"})
    token = batch["service_requests"]["request"]["token"]
    assert client.request_id_from_token(token)["service_request_id"]


def test_fixmystreet_s_way_of_filing_and_following(town: tuple[str, str]) -> None:
    """The calls of its Open311 library: urlencoded or multipart, XML back, tokens asked for, updates by UTC spans."""
    import urllib.request
    import xml.etree.ElementTree as ET
    from urllib.parse import urlencode

    url, key = town
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, said: dict[str, Any] | None = None) -> ET.Element:
        data = urlencode(said, doseq=True).encode() if said else None
        with opener.open(url + path, data=data, timeout=20) as answer:
            assert answer.headers["content-type"] == "text/xml; charset=utf-8"
            return ET.fromstring(answer.read())  # noqa: S314  our own answer

    report = {
        **SAID,
        "api_key": key,
        "jurisdiction_id": "",
        "lat": "-8.690000",
        "long": "115.220000",
        "email": "ibu@contoh.id",
        "deviceid": "x",
        "first_name": "Ibu",
        "last_name": "Uji",
        "media_url": ["https://foto.example.id/1.jpg", "https://foto.example.id/2.jpg"],
        "attribute[easting]": "1",
        "attribute[northing]": "2",
        "attribute[fixmystreet_id]": "77",
    }
    code = ask("requests.xml", report).findtext("request/service_request_id")
    token = ask("requests.xml", {**report, "service_code": "uji_antre"}).findtext("request/token")
    assert ask(f"tokens/{token}.xml").findtext("request/service_request_id")
    update = {
        "api_key": key,
        "service_request_id": code,
        "update_id": "901",
        "status": "CLOSED",
        "updated_datetime": utc_now().isoformat(timespec="seconds"),
        "description": "Sudah rapi.",
        "email": "ibu@contoh.id",
        "title": "",
    }
    made = ask("servicerequestupdates.xml", update).findtext("request_update/update_id")
    span = {
        "api_key": key,
        "start_date": (utc_now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_date": (utc_now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    (told,) = ask(f"servicerequestupdates.xml?{urlencode(span)}")
    assert (told.findtext("update_id"), told.findtext("status")) == (made, "CLOSED")
    assert told.findtext("description") == "Sudah rapi."
