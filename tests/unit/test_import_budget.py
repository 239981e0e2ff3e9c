"""What a cold start loads: counts of modules, which come out the same everywhere, instead of milliseconds.

Every Lambda imports all of app.py, so each import at the top of a module there is paid by every function of the city.
A budget that is too small is no fault of the test: raise it in the change that needs it, and say there what it buys.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stack import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]

FUNCTIONS: Mapping[str, tuple[str, int]] = {
    # function: (what its handler loads beside app.py, the most modules outside the standard library, which differs
    # between versions of Python)
    "the API": ("", 301),
    "the authorizer": ("import jwt", 365),
    "relay_notices": ("import chalicelib.usecases.delivery", 303),
    "sweep_deadlines": ("import chalicelib.usecases.escalation", 303),
    "send_lists": ("import chalicelib.usecases.lists", 302),
    "sweep_outbox": ("import chalicelib.usecases.delivery", 303),
}

NEVER_AT_IMPORT = {
    "jwt": "only sign-in and the authorizer read tokens",
    "cryptography": "comes with jwt",
    "phonenumbers": "only a form with a phone needs it",
    "jinja2": "only the server-rendered pages need it",
    "pydantic": "forms are plain code",
    "aws_xray_sdk": "the Tracer is left out",
    "aws_lambda_powertools.utilities.idempotency": "the guard is a row of our own transaction",
    "requests": "nothing deployed speaks HTTP but the SDK",
    "chalice.cli": "belongs to the deploying machine",
    "chalice.local": "belongs to the deploying machine",
    "moto": "a stand-in of the developers",
    "local": "the embedded stack is never deployed",
    "infra": "deploys, and is never deployed",
    "tests": "never deployed",
    "chalicelib.usecases.delivery": "only the relay and its sweep send",
    "chalicelib.usecases.escalation": "only the sweep climbs",
    "chalicelib.usecases.lists": "only its job and the relay write lists",
}

_PROBE = """
import json, os, sys
import app
from chalicelib import aws
from chalicelib.store import tables
clients = len(aws._clients) + sum(table._connection is not None for table in tables.TABLES)
print(json.dumps({"modules": sorted(sys.modules), "clients": clients}), flush=True)
for extra in sys.argv[1:]:
    if os.fork() == 0:  # each function is a process of its own that has imported the app
        exec(extra)
        tops = (name.partition(".")[0] for name in sys.modules)
        print(json.dumps(sum(top not in sys.stdlib_module_names for top in tops)), flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(extra)
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a fresh interpreter has loaded once it has imported the app, and how much once each function is ready."""

    modules: frozenset[str]
    clients: int
    counts: Mapping[str, int]


@pytest.fixture(scope="module")
def imported() -> Imported:
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _PROBE, *(extra for extra, _ in FUNCTIONS.values())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    app, *counts = map(json.loads, done.stdout.splitlines())
    return Imported(frozenset(app["modules"]), app["clients"], dict(zip(FUNCTIONS, counts, strict=True)))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_stays_within_its_budget_of_modules(function: str, imported: Imported) -> None:
    assert imported.counts[function] <= FUNCTIONS[function][1]


@pytest.mark.parametrize("module", NEVER_AT_IMPORT)
def test_what_few_requests_need_is_not_loaded_by_all(module: str, imported: Imported) -> None:
    found = sorted(name for name in imported.modules if name == module or name.startswith(f"{module}."))
    assert not found, f"{found[:3]}: {NEVER_AT_IMPORT[module]}"


def test_importing_the_app_makes_no_client(imported: Imported) -> None:
    """One costs more than all of our own modules; a function makes those that it uses."""
    assert imported.clients == 0
