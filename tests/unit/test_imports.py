"""The dependency rule, held by reading the source: which part may import what.

    domain  <-  cities, store, photos, pictures, sns, mail, keys  <-  usecases  <-  http, jobs  <-  app.py

A part imports only what stands left of it and never its neighbour; http and jobs reach the store and the
adapters only through a use case. Imports inside functions and under ``TYPE_CHECKING`` count like all others.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ADAPTERS = frozenset(
    {
        *("photos", "pictures", "sns", "mail", "keys", "oidc", "pool"),
        *("gateway", "whatsapp", "webpush", "webhooks"),
    }
)
SHARED = frozenset({"settings", "observability"})
BESIDE = frozenset({"cities", "store", *ADAPTERS})

# Part -> the parts of chalicelib it may import, besides itself. A part that is missing here is a fault, too:
# a new room is a decision, so it is made in this table.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "settings": frozenset(),
    "observability": frozenset({"settings"}),
    "cities": frozenset({"domain"}) | SHARED,
    "store": frozenset({"domain"}) | SHARED,
    "aws": SHARED,
    # How the roads beside AWS's own are configured, and one way to speak HTTP to them.
    "roads": frozenset({"domain", "aws"}) | SHARED,
    **{adapter: frozenset({"domain", "aws", "roads"}) | SHARED for adapter in ADAPTERS},
    "usecases": frozenset({"domain"}) | BESIDE | SHARED,
    # A view shows the names of a city's areas and offices: the profile is data, so it may be read directly.
    "http": frozenset({"domain", "cities", "usecases"}) | SHARED,
    "jobs": frozenset({"domain", "cities", "usecases"}) | SHARED,
    "app": frozenset({"http", "jobs"}) | SHARED,
}

# Library -> the only parts that may import it. Where a library is not named, any part but domain may.
AWS = ADAPTERS | {"aws", "roads"}
ONLY_IN: dict[str, frozenset[str]] = {
    "pynamodb": frozenset({"store"}),
    "boto3": AWS,
    "botocore": AWS,
    "s3transfer": AWS,
    "mypy_boto3_kms": AWS,
    "mypy_boto3_s3": AWS,
    "mypy_boto3_sesv2": AWS,
    "mypy_boto3_sns": AWS,
    "mypy_boto3_ssm": AWS,
    "urllib3": AWS,
    "jwt": frozenset({"oidc", "usecases", "webpush"}),
    "cryptography": frozenset({"keys", "webpush"}),
    "chalice": frozenset({"http", "jobs", "app"}),
    "aws_lambda_powertools": frozenset({"observability"}),
    "PIL": frozenset({"pictures"}),
    "pi_heif": frozenset({"pictures"}),
}

NEVER_DEPLOYED = frozenset({"local", "infra", "tests"})


@dataclass(frozen=True, slots=True)
class Import:
    """One import: ``module`` is absolute and dotted, the imported name included, which may be a module."""

    line: int
    module: str


def imports_of(source: str, package: str) -> Iterator[Import]:
    """Every import in a module of ``package`` (dotted, for relative imports), wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(node.lineno, f"{base}.{alias.name}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "import_module",
            "importlib.import_module",
            "__import__",
        }:
            match node.args:
                case [ast.Constant(value=str(module)), *_]:
                    yield Import(node.lineno, module)


def part_of(path: str) -> str:
    """The part a file (relative to the root) belongs to: ``chalicelib/store/outbox.py`` -> ``store``."""
    parts = Path(path).with_suffix("").parts
    return parts[0] if len(parts) == 1 else parts[1]


def violations(sources: Iterable[tuple[str, str]]) -> list[str]:
    """What breaks the rule in these (path relative to the root, source) pairs, one sentence each."""
    found = []
    for path, source in sources:
        part = part_of(path)
        if part == "__init__":  # chalicelib/__init__.py only makes the package
            if any(imports_of(source, "chalicelib")):
                found.append(f"{path}: chalicelib/__init__.py imports nothing; every Lambda would pay for it")
            continue
        if part not in MAY_IMPORT:
            found.append(f"{path}: `{part}` is not in the table of parts of tests/unit/test_imports.py")
            continue
        package = ".".join(Path(path).parent.parts)
        found += [
            f"{path}:{an_import.line}: {fault}"
            for an_import in imports_of(source, package)
            if (fault := fault_of(part, an_import.module))
        ]
    return found


def fault_of(part: str, module: str) -> str | None:
    """Why ``part`` may not import ``module``; None when it may."""
    top, *rest = module.split(".")
    if top in NEVER_DEPLOYED:
        return f"{part} imports {top}, which is never deployed"
    if top == "app":
        return f"{part} imports app.py, which stands above all"
    if top == "chalicelib":
        other = rest[0] if rest else "*"
        if other != part and other not in MAY_IMPORT[part]:
            return f"{part} may not import {other}"
        return None
    if part == "domain" and top not in sys.stdlib_module_names:
        return f"domain imports the standard library only, not {top}"
    if part not in ONLY_IN.get(top, {part}):
        return f"{top} is for {', '.join(sorted(ONLY_IN[top]))} only, not for {part}"
    return None


def project_sources() -> list[tuple[str, str]]:
    files = [*sorted((ROOT / "chalicelib").rglob("*.py")), *ROOT.glob("app.py")]
    return [(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in files]


def test_every_module_keeps_the_dependency_rule():
    sources = project_sources()
    assert len(sources) > 5, "the walk must have found the project"
    faults = violations(sources)
    assert not faults, "\n".join(["the dependency rule is broken:", *faults])


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("chalicelib/domain/complaint.py", "from chalicelib.store import complaints"),
        ("chalicelib/domain/complaint.py", "from chalicelib.settings import settings"),
        ("chalicelib/domain/complaint.py", "import jinja2"),
        ("chalicelib/domain/complaint.py", "from ..store import complaints"),
        ("chalicelib/domain/complaint.py", "from .. import settings"),
        ("chalicelib/cities/__init__.py", "from chalicelib.store import people"),
        ("chalicelib/store/complaints.py", "from chalicelib import sns"),
        ("chalicelib/store/complaints.py", "import chalicelib.usecases.intake"),
        ("chalicelib/store/complaints.py", "import boto3"),
        ("chalicelib/sns.py", "from chalicelib import mail"),
        ("chalicelib/sns.py", "from pynamodb.models import Model"),
        ("chalicelib/usecases/intake.py", "from chalicelib.http import forms"),
        ("chalicelib/usecases/intake.py", "from botocore.exceptions import ClientError"),
        ("chalicelib/usecases/intake.py", "from chalice import NotFoundError"),
        ("chalicelib/http/complaints.py", "from chalicelib.store import complaints"),
        ("chalicelib/http/complaints.py", "def post():\n    from chalicelib.store import complaints"),
        ("chalicelib/http/complaints.py", "if TYPE_CHECKING:\n    from chalicelib.store import complaints"),
        ("chalicelib/http/complaints.py", "import_module('chalicelib.store')"),
        ("chalicelib/http/complaints.py", "from chalicelib import photos"),
        ("chalicelib/http/complaints.py", "from chalicelib.jobs import relay"),
        ("chalicelib/http/complaints.py", "from chalicelib import *"),
        ("chalicelib/jobs/relay.py", "from chalicelib.http import views"),
        ("chalicelib/jobs/relay.py", "from aws_lambda_powertools import Logger"),
        ("chalicelib/jobs/relay.py", "import app"),
        ("chalicelib/observability.py", "from chalicelib.domain import clock"),
        ("chalicelib/usecases/intake.py", "from local import clock"),
        ("chalicelib/usecases/intake.py", "from tests.builders import a_complaint"),
        ("chalicelib/usecases/intake.py", "import infra.posts"),
        ("chalicelib/__init__.py", "from chalicelib.domain import clock"),
        ("chalicelib/helpers.py", ""),
        ("app.py", "from chalicelib.usecases import intake"),
        ("app.py", "from chalicelib.store import tables"),
    ],
)
def test_a_module_that_breaks_the_rule_is_named(path, source):
    (only,) = violations([(path, source)])
    assert only.startswith(path)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "chalicelib/domain/complaint.py",
            "from chalicelib.domain.clock import Span\nimport tomllib\nfrom . import geo",
        ),
        (
            "chalicelib/cities/__init__.py",
            "from chalicelib.domain.city import City\nfrom chalicelib.settings import settings",
        ),
        (
            "chalicelib/store/complaints.py",
            "from pynamodb.models import Model\nfrom chalicelib.store import tables",
        ),
        ("chalicelib/keys.py", "import boto3\nfrom chalicelib import settings"),
        (
            "chalicelib/usecases/intake.py",
            "from chalicelib import cities, sns\nfrom chalicelib.store import complaints",
        ),
        (
            "chalicelib/http/complaints.py",
            "from chalice import Blueprint\nfrom chalicelib.usecases import intake",
        ),
        ("chalicelib/observability.py", "from aws_lambda_powertools import Logger"),
        (
            "app.py",
            "import chalice\nfrom chalicelib.http import public\nimport chalicelib.jobs.relay",
        ),
    ],
)
def test_what_the_rule_allows_passes(path, source):
    assert violations([(path, source)]) == []
