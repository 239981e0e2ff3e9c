"""What importing app.py costs beside a bare Chalice app."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

from local.bench import counting
from local.bench.report import Section
from local.bench.world import environment

ABOUT = "Each from the start of the interpreter, with bytecode in place; modules by sys.modules."

_CASES = {
    "Python alone": "pass",
    "a bare Chalice app": "from chalice import Chalice; app = Chalice('bare')",
    "the SDK's session": "import botocore.session; botocore.session.get_session()",
    "PynamoDB": "import pynamodb.models",
    "app.py": "import app",
    "app.py and the tables' client": (
        "import app; from chalicelib.store.tables import connection; connection().client"
    ),
}
_REPORT = "\nimport sys, json, time; print(json.dumps([len(sys.modules), time.process_time_ns()]))"


@dataclass(frozen=True, slots=True)
class Import:
    modules: int
    work: float


def count() -> dict[str, Import]:
    found = {}
    with counting.bytecode_folder() as folder:
        variables = {**environment(1, 1)}
        for name, code in _CASES.items():
            whole = {**os.environ, **variables, "PYTHONPYCACHEPREFIX": folder, "PYTHONHASHSEED": "0"}
            whole.pop("PYTHONDONTWRITEBYTECODE", None)
            command = [sys.executable, "-c", code + _REPORT]
            counting.run(command, whole)  # compiles
            runs = [json.loads(counting.run(command, whole)) for _ in range(5)]
            modules, work = runs[0][0], min(run[1] for run in runs) / 1e6
            if counting.valgrind():
                (work,) = counting.segments(["-c", code], variables, folder, marked=False)
            found[name] = Import(modules, work)
    return found


def tell(section: Section, found: dict[str, Import]) -> None:
    bare = found["a bare Chalice app"]
    for name, cost in found.items():
        section.add(name, cost.work, counting.unit(), note=f"{cost.modules} modules")
    ours = found["app.py"]
    section.add("app.py beside bare Chalice", ours.work / bare.work, "x")
    section.add("modules beside bare Chalice", ours.modules / bare.modules, "x")
