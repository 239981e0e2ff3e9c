"""Made-up requests of every kind against the running app: no 5xx, and no answer that docs/openapi.yaml does not tell.

FUZZ_EXAMPLES sets how many are made up per operation (`make fuzz` takes more); the coverage of edge values comes on
top and does not depend on it.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.store import complaints
from local.server import Server
from tests import stack as stacks
from tests.contract.conftest import Api, a_report, citizen, officer

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_path(str(stacks.PROJECT / "docs" / "openapi.yaml"))


@dataclass(frozen=True, slots=True)
class Town:
    """A running service with something in it, so that made-up requests reach more than a 404."""

    url: str
    reporter: str
    officer: str
    codes: tuple[str, ...]


@pytest.fixture
def town(api: Api) -> Iterator[Town]:
    server = Server(0, api.gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    staff = officer("triage@diskominfos", "duty@pupr", "village_head@51.71.01.1004", office="pupr")
    reports = (
        a_report(identity="shown"),
        a_report(publication="private"),
        a_report(about_staff={"office": "dlhk"}),
        a_report(category=None),
    )
    codes = tuple(api.call("POST", "/v1/complaints", report).json["code"] for report in reports)
    path, said = f"/v1/office/complaints/{codes[0]}/resolution", {"text": "Sudah ditambal."}
    api.call("POST", path, said, token=staff, headers={"If-Match": '"1"'})
    yield Town(f"http://127.0.0.1:{server.server_address[1]}", citizen(), staff, codes)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.fuzz
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # The tables are emptied per operation and not per request: what one leaves behind, the next may meet.
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)
def test_no_made_up_request_breaks_the_service(case: schemathesis.Case[Any], town: Town) -> None:
    turn = next(_turns)
    headers = case.headers
    if "/me/" in case.path:
        headers["Authorization"] = f"Bearer {town.reporter}"
    elif "/office/" in case.path:
        headers["Authorization"] = f"Bearer {town.officer}"
    if "code" in (case.path_parameters or {}) and turn % 4:
        # A real case three times of four, and mostly in the version that it has by now.
        code = case.path_parameters["code"] = town.codes[turn // 4 % len(town.codes)]
        if "If-Match" in headers and turn % 3:
            headers["If-Match"] = f'"{complaints.get_head(code).complaint.version}"'
    if turn % 2:
        case.body = real(case.body)
        case.query = real(case.query)
    case.call_and_validate(base_url=town.url, checks=CHECKS)


def real(value: Any) -> Any:
    """The same with words that the city knows, where made-up ones would only ever be unknown."""
    if not isinstance(value, dict):
        return value
    return {
        name: WORDS[name] if name in WORDS and isinstance(part, str) else real(part)
        for name, part in value.items()
    }


WORDS = {
    "category": "sampah",
    "office": "dlhk",
    "agency": "pln",
    "area": "51.71.01.1004",
    "hamlet": "51.71.01.1004/celuk",
    "accused": "51.71.01.1004",
    "phone": "0812-3456-7890",
    "email": "ibu@contoh.id",
    "month": "2026-11",
    "box": "115.21,-8.70,115.23,-8.68",
}
_turns = itertools.count()
