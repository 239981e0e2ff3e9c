"""The app behind the local gateway, on the real engines: what a caller over HTTP sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from chalice import Chalice

from local.server import Answer, Gateway
from tests import stack as stacks

PHONE = "+6281234567890"
"""The number of the citizen that tests file as."""


@dataclass(frozen=True, slots=True)
class Api:
    """A caller: ``call`` sends JSON (or bytes as they are) and answers what came back."""

    gateway: Gateway

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.gateway.handle(method, target, list(sent.items()), raw, "203.0.113.7")
        return Reply(answer)


class Reply:
    """An answer, with its headers by lower-case name."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.text = answer.body.decode("utf-8")
        self.headers = {name.lower(): value for name, value in answer.headers}

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@pytest.fixture(scope="session")
def gateway(engines_up: stacks.Stack) -> Iterator[Gateway]:
    from app import app

    # A gateway gives the app a class of its own, so whoever had one before is undone first.
    app.__class__ = Chalice
    yield Gateway(app, account_id=stacks.ACCOUNT)
    app.__class__ = Chalice


@pytest.fixture
def api(gateway: Gateway, stack: stacks.Stack) -> Api:
    """The app with empty tables."""
    return Api(gateway)


def token_of(kind: str, identity: str) -> str:
    """A token as sign-in would give it."""
    from chalicelib.settings import utc_now
    from chalicelib.usecases import signin

    return signin.token(signin.Who(signin.Kind(kind), identity), now=utc_now())


def citizen(phone: str = PHONE) -> str:
    """The token of whoever has this phone."""
    from chalicelib import keys

    return token_of("citizen", keys.person_id(phone))


def officer(*posts: str, office: str, identity: str = "petugas") -> str:
    """Register an officer with these duties and answer a token."""
    from chalicelib.domain.people import Duty, Officer
    from chalicelib.store import people

    duties = tuple(Duty.parse(post) for post in posts)
    people.save_officer(Officer(identity, "Ni Made Uji", "Petugas", office, duties), b"")
    return token_of("officer", identity)


def tables() -> dict[str, set[str]]:
    """Every row of every table, as it stands."""
    from chalicelib.store.tables import TABLES

    return {
        table.Meta.table_name: {
            json.dumps(row.serialize(), sort_keys=True, default=repr) for row in table.scan()
        }
        for table in TABLES
    }


def a_report(**fields: Any) -> dict[str, Any]:
    """A report that is fine as it stands."""
    return {
        "category": "jalan_rusak",
        "text": "Jalan berlubang dalam di depan balai banjar, motor sering jatuh.",
        "place": {"lat": -8.69, "lon": 115.22, "words": "depan balai banjar"},
        "contact": {"phone": "0812-3456-7890", "name": "Ibu Uji"},
        **fields,
    }
