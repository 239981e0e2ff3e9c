"""What a cold start loads: counts of modules, which come out the same everywhere, instead of milliseconds.

Chalice names a handler to Lambda by the module that it stands in: the API's Lambda imports all of app.py, but that of
a blueprint's function its own module alone. A budget that is too small is no fault of the test: raise it in the change
that needs it, and say there what it buys.
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
    # handler: (what it imports when it runs, the most modules outside the standard library, which differs between
    # versions of Python)
    "app.app": ("", 315),
    "chalicelib.http.auth.signed_in": ("import jwt", 337),
    "chalicelib.jobs.relay.relay_notices": ("import chalicelib.usecases.delivery", 251),
    "chalicelib.jobs.sweeps.sweep_deadlines": ("import chalicelib.usecases.escalation", 248),
    "chalicelib.jobs.sweeps.send_lists": ("import chalicelib.usecases.lists", 268),
    "chalicelib.jobs.sweeps.index_cases": ("import chalicelib.usecases.indexing", 252),
    "chalicelib.jobs.pictures.on_photo": ("import chalicelib.usecases.photos", 256),
    "chalicelib.jobs.pictures.sweep_photos": ("import chalicelib.usecases.photos", 256),
    "chalicelib.jobs.sweeps.sweep_outbox": ("import chalicelib.usecases.delivery", 251),
}

NEVER_AT_IMPORT = {
    "boto3": "botocore's clients do, and bring no s3transfer",
    "s3transfer": "comes with boto3, and multiprocessing with it",
    "jwt": "only sign-in and the authorizer read tokens",
    "cryptography": "comes with jwt",
    "phonenumbers": "only a form with a phone needs it",
    "jinja2": "only the server-rendered pages need it",
    "pydantic": "forms are plain code",
    "aws_xray_sdk": "the tracer is for stages that turn X-Ray on",
    "aws_lambda_powertools.utilities.idempotency": "the guard is a row of our own transaction",
    "requests": "nothing deployed speaks HTTP but the SDK",
    "tomllib": "a package brings its cities ready made",
    "chalice.cli": "belongs to the deploying machine",
    "chalice.local": "belongs to the deploying machine",
    "moto": "a stand-in of the developers",
    "local": "the embedded stack is never deployed",
    "infra": "deploys, and is never deployed",
    "tests": "never deployed",
    "chalicelib.cities.profile": "a package brings its cities ready made",
    "chalicelib.usecases.delivery": "only the relay and its sweep send",
    "chalicelib.usecases.escalation": "only the sweep climbs",
    "PIL": "only the child that opens pictures",
    "chalicelib.pictures": "only the two functions that work on photos",
    "chalicelib.usecases.indexing": "only its job keeps the index",
    "chalicelib.usecases.lists": "only its job and the relay write lists",
}

ONLY_REQUESTS = ("app", "chalicelib.http", "chalicelib.usecases.reading", "chalicelib.usecases.intake")
"""What a job must not load: it answers nobody."""

_PROBE = """
import importlib, json, sys
module, later = sys.argv[1:]
importlib.import_module(module)
first = sorted(sys.modules)
tables = sys.modules.get("chalicelib.store.tables")
aws = sys.modules.get("chalicelib.aws")
clients = len(aws._clients) if aws else 0
clients += sum(table._connection is not None for table in tables.TABLES) if tables else 0
exec(later)
print(json.dumps({"first": first, "all": sorted(sys.modules), "clients": clients}))
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a fresh interpreter has loaded once it has imported a handler's module, and once it has run."""

    first: frozenset[str]
    all: frozenset[str]
    clients: int


@pytest.fixture(scope="module")
def imported() -> Mapping[str, Imported]:
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    found = {}
    for handler, (later, _) in FUNCTIONS.items():
        command = [sys.executable, "-c", _PROBE, handler.rpartition(".")[0], later]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        found[handler] = Imported(frozenset(said["first"]), frozenset(said["all"]), said["clients"])
    return found


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_a_function_stays_within_its_budget_of_modules(
    handler: str, imported: Mapping[str, Imported]
) -> None:
    tops = [name.partition(".")[0] for name in imported[handler].all]
    assert sum(top not in sys.stdlib_module_names for top in tops) <= FUNCTIONS[handler][1]


@pytest.mark.parametrize("module", NEVER_AT_IMPORT)
def test_what_few_requests_need_is_not_loaded_by_all(module: str, imported: Mapping[str, Imported]) -> None:
    for handler, loaded in imported.items():
        found = sorted(name for name in loaded.first if name == module or name.startswith(f"{module}."))
        assert not found, f"{handler}: {found[:3]}: {NEVER_AT_IMPORT[module]}"


@pytest.mark.parametrize("handler", [name for name in FUNCTIONS if ".jobs." in name])
def test_a_job_loads_nothing_that_answers_requests(handler: str, imported: Mapping[str, Imported]) -> None:
    # A list is read as its reader would read it.
    reads = (
        {"chalicelib.usecases.reading", "chalicelib.usecases.intake"} if "send_lists" in handler else set()
    )
    assert not imported[handler].all & {*ONLY_REQUESTS} - reads


def test_every_function_of_the_app_has_a_budget() -> None:
    from app import app

    handlers = {source.handler_string for source in (*app.event_sources, *app.pure_lambda_functions)}
    authorizers = {authorizer.handler_string for authorizer in app.builtin_auth_handlers}
    assert set(FUNCTIONS) == {"app.app", *handlers, *authorizers}


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_importing_a_function_makes_no_client(handler: str, imported: Mapping[str, Imported]) -> None:
    """One costs more than all of our own modules; only the Lambda that runs a handler makes it while it starts."""
    assert imported[handler].clients == 0
