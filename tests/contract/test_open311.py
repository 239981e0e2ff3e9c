"""Open311 GeoReport v2 over HTTP on the real engines: JSON and XML alike, and every answer against its schema."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator

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
    names = {"errors": "errors", "services": "services", "discovery": "discovery", "tokens": "service_requests"}
    names |= {"requests": "service_requests", "servicerequestupdates": "service_request_updates"}
    assert root.tag == names.get(resource, resource)
    assert not [e for e in root.iter() if e.attrib or (len(e) and (e.text or "").strip()) or (e.tail or "").strip()]
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
    for path in ("services", "services.txt", "nothing.json", ".json", "requests/x", "services.JSON", "x/y.json"):
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
