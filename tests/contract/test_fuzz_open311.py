"""Made-up requests to Open311: no 5xx, and every answer in the form asked for and as its schema says.

FUZZ_EXAMPLES sets how many are made up (`make fuzz` takes more).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import cities
from chalicelib.settings import utc_now
from chalicelib.usecases import api_keys
from tests import stack as stacks
from tests.contract.conftest import Api
from tests.contract.test_open311 import AT, BASE, CITY, PNG, Client, checked, multipart

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4")) * 5
ARGUMENTS = (
    *("service_request_id", "service_code", "status", "start_date", "end_date", "updated_after", "lang"),
    *("updated_before", "page", "page_size", "per_page", "lat", "long", "radius", "extensions"),
    *("jurisdiction_id", "api_key"),
)
FIELDS = (
    *("api_key", "service_code", "lat", "long", "address_string", "address_id", "description", "email"),
    *("phone", "first_name", "media_url", "service_request_id", "update_id", "status", "updated_datetime"),
    *("attribute[nama]", "attribute[cuaca][]", "attribute[", "attribute[a][b]", "attribute[kapan]"),
)


@pytest.fixture
def o3(api: Api) -> Iterator[Client]:
    cities.lend(stacks.CITY, CITY)
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    yield Client(api, api_keys.issue("Uji", scopes, now=utc_now(), per_hour=0)[1])
    cities.lend(stacks.CITY, None)


def said(*real: str) -> st.SearchStrategy[str]:
    """A value: one that means something, or any text at all."""
    return st.one_of(st.sampled_from(real), st.text(max_size=60), st.just("x" * 3000))


MEANT = (
    *("", "open", "closed", "1", "0", "-1", "true", "uji_biasa", "uji_lengkap", "uji_antre", "CLOSED"),
    *("2026-11-20T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-8.69", "115.22", "nan"),
)
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.fuzz
@many
@given(
    resource=st.sampled_from(["discovery", "services", "requests", "servicerequestupdates", "tokens"]),
    name=st.one_of(st.none(), said("uji_biasa", "DPS-00000-00000")),
    query=st.dictionaries(st.sampled_from(ARGUMENTS), said(*MEANT), max_size=5),
    form=st.sampled_from(["json", "xml"]),
)
def test_no_made_up_reading_breaks_open311(
    o3: Client, resource: str, name: str | None, query: dict[str, str], form: str
) -> None:
    path = resource if name is None else f"{resource}/{quote(name, safe='')}"
    reply = o3.api.call("GET", f"{BASE}/{path}.{form}?{urlencode(query)}")
    assert reply.status < 500, (path, query, reply.text)
    if name is None or "/" not in name:
        checked(f"{resource if name is None else f'{resource}/x'}.{form}", reply)


@pytest.mark.fuzz
@many
@given(
    resource=st.sampled_from(["requests", "servicerequestupdates"]),
    fields=st.dictionaries(st.sampled_from(FIELDS), said(*MEANT), max_size=6),
    keyed=st.booleans(),
    placed=st.booleans(),
    photo=st.one_of(st.none(), st.binary(max_size=80), st.just(PNG)),
    form=st.sampled_from(["json", "xml"]),
)
def test_no_made_up_post_breaks_open311(
    o3: Client,
    resource: str,
    fields: dict[str, str],
    keyed: bool,
    placed: bool,
    photo: bytes | None,
    form: str,
) -> None:
    sent = {**(AT if placed else {}), **fields, **({"api_key": o3.key} if keyed else {})}
    if photo is None:
        kind, body = "application/x-www-form-urlencoded", urlencode(sent).encode()
    else:
        kind, body = multipart(sent, ("media", "a", photo))
    reply = o3.api.call("POST", f"{BASE}/{resource}.{form}", body, headers={"Content-Type": kind})
    assert reply.status < 500, (sent, reply.text)
    checked(f"{resource}.{form}", reply)
