"""The package for Lambda: a staging copy of the project that Chalice packages and deploys (``make package``).

Chalice alone ships every source file uncompiled, and Lambda's code folder is read-only, so each cold start would
compile again all that it imports; and it ships all of the SDK's data, four hundred services of which we call five.
The staging copy holds what runs and nothing else:

    <stage_dir>/app.py, chalicelib/     our sources, with bytecode beside them
    <stage_dir>/vendor/                 what requirements.txt pins, as bytecode; the SDK's data for our services alone
    <stage_dir>/vendor/chalice/         bytecode for Chalice's own two runtime modules, whose sources it adds by itself
    <stage_dir>/layers/pictures/python/ the decoders of pictures, as a layer of the two functions that open any
    <stage_dir>/requirements.txt        empty: Chalice shall fetch nothing more
    <stage_dir>/.chalice/               config.json with the architecture, and the policies

``chalice package`` and ``chalice deploy`` are then run in that folder (see `chalice`). It is made anew each time: its
bytecode is never checked against sources again. What is kept and what is left out, and why: docs/adr/0020.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import gzip
import json
import os
import pickle
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
MACHINES: Mapping[str, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of its two architectures, and what wheels call them."""
MOST_BYTES = 10_000_000
"""The deployed zip is at most this long; cryptography is half of it."""
LAYER = Path("layers", "pictures")
"""The layer in a staging copy, as Lambda unpacks it under ``/opt``."""
LAYERED = ("on_photo", "sweep_photos")
"""The functions that open pictures; a test holds that no other does."""
_PICTURES = (
    *("PIL", "pillow-*.dist-info", "pillow.libs"),
    *("pi_heif", "_pi_heif*.so", "pi_heif-*.dist-info", "pi_heif.libs"),
)

_LAMBDA_ROOT, _LAYER_ROOT = "/var/task", "/opt/python"
_GLIBC = {
    "3.11": ("2014", "_2_17", "_2_24", "_2_26"),
    "": ("2014", "_2_17", "_2_24", "_2_26", "_2_28", "_2_34"),
}
"""Wheels that run on Lambda's Linux: Amazon Linux 2 (glibc 2.26) under Python 3.11, Amazon Linux 2023 (2.34) since.

One does not, and is taken all the same: what reads HEIC, on x86_64 under Python 3.11, where no stage runs. It is loaded
for a HEIC alone, and there such a picture is refused as broken (docs/adr/0017).
"""
_BEYOND: Mapping[tuple[str, str], tuple[str, ...]] = {("3.11", "x86_64"): ("_2_28",)}


class CannotPackage(Exception):
    """Why no package was made, in one sentence for whoever runs this."""


def build(
    stage_dir: Path,
    *,
    python: str = RUNNING,
    machine: str = "arm64",
    project: Path = PROJECT,
    trimmed: bool = True,
) -> Path:
    """Make the staging copy in ``stage_dir`` and answer it; Chalice's commands are then run there.

    ``stage_dir`` is emptied first, but for ``.chalice/deployed``, which is the deployment's memory. ``python`` is
    Lambda's minor version, "3.11"; it must be that of the interpreter that runs this, for bytecode fits one version
    alone and Chalice takes its own for Lambda's. ``machine`` is ``arm64`` or ``x86_64``. Needs the package index for
    the wheels that requirements.txt pins by hash. Raises CannotPackage.

    ``project`` and ``trimmed`` are for the bench, which holds this package against others made in the same way.
    """
    if python != RUNNING:
        raise CannotPackage(f"Lambda's Python is {python}, this is {RUNNING}: run this with Python {python}")
    if machine not in MACHINES:
        raise CannotPackage(f"{machine} is no architecture of Lambda: {' or '.join(MACHINES)}")
    _empty(stage_dir)
    sources = [path for path in (project / "chalicelib").rglob("*") if _belongs(path)]
    for path in (project / "app.py", *sources):
        kept = stage_dir / path.relative_to(project)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    (stage_dir / "requirements.txt").write_text("", encoding="utf-8")
    _settings(project / ".chalice", stage_dir / ".chalice", machine)
    vendor = stage_dir / "vendor"
    _fetch(project / "requirements.txt", vendor, python, machine)
    if project == PROJECT:
        _read_cities(stage_dir / "chalicelib" / "cities")
    if trimmed:
        trim(vendor, services(project / "chalicelib"))
        if project == PROJECT:
            _lay_apart(vendor, stage_dir / LAYER / "python")
    _compile(stage_dir)
    return stage_dir


@dataclass(frozen=True, slots=True)
class Packed:
    """What ``chalice package`` made of a staging copy."""

    zip: Path
    """As Lambda gets it."""
    template: Path
    """The SAM template beside it, which names each function, its handler, memory, timeout and events."""
    zipped: int
    """Bytes."""
    unzipped: int

    def unpack(self, folder: Path) -> Path:
        """Unpack as Lambda does: every file is as old as it is unpacked, for all to read."""
        with zipfile.ZipFile(self.zip) as made:
            made.extractall(folder)
        return folder


def pack(stage_dir: Path, out: Path, *, stage: str = "dev") -> Packed:
    """Let ``chalice package`` make zip and template of a staging copy in the folder ``out``; raises CannotPackage.

    Settings that only the stacks of a stage know are given stand-ins: Chalice imports the app to find its functions,
    but the zip holds no settings. (The deploy gives the real ones, to the functions.)
    """
    out.mkdir(parents=True, exist_ok=True)
    # Absolute, or Chalice looks for it within the project.
    chalice(
        stage_dir, "package", "--stage", stage, str(out.resolve()), environment=_stand_ins(stage_dir, stage)
    )
    path = out / "deployment.zip"
    with zipfile.ZipFile(path) as made:
        unzipped = sum(entry.file_size for entry in made.infolist())
    return Packed(path, out / "sam.json", path.stat().st_size, unzipped)


def chalice(stage_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command of Chalice in a staging copy and answer what it printed. Raises CannotPackage with what it said.

    ``environment`` is added to ours. No bytecode is written into the staging copy by that import of the app.
    """
    whole = {**os.environ, **(environment or {}), "PYTHONDONTWRITEBYTECODE": "1"}
    # As a module: the `chalice` program need not be on the path, and its first line may name another Python.
    program = "import sys; from chalice.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--project-dir", str(stage_dir.resolve()), *arguments]
    done = subprocess.run(command, env=whole, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotPackage(f"chalice {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def services(code: Path) -> dict[str, frozenset[str] | None]:
    """Which AWS services the code under a folder calls: each ``aws.client("name")``, and the tables'.

    With each the methods it is asked for, where every call stands right behind the client (``aws.client("ssm")
    .get_parameter(...)``); None where a client is handed on and might be asked for anything. Read from the source, so
    that a new adapter cannot be forgotten here. Raises CannotPackage where a name is not written out.
    """
    made: list[tuple[str, ast.Call]] = []
    asked: dict[int, str] = {}
    # All trees are kept to the end: nodes are told apart by their ids, and one that is gone gives its id to another.
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(code.rglob("*.py"))}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
                asked[id(node.value)] = node.attr
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "aws.client":
                match node.args:
                    case [ast.Constant(value=str(name))]:
                        made.append((name, node))
                    case _:
                        where = f"{path.relative_to(code.parent)}:{node.lineno}"
                        raise CannotPackage(f"{where}: aws.client needs the service's name, written out")
    found: dict[str, frozenset[str] | None] = {"dynamodb": None}  # PynamoDB asks for it by itself
    for name in {name for name, _ in made}:
        methods = [asked.get(id(node)) for other, node in made if other == name]
        known = frozenset(method for method in methods if method)
        found[name] = known if None not in methods else None
    return found


# What is left out ---------------------------------------------------------------------------------------------

_NEVER_USED = (
    "bin",
    "aws_lambda_powertools/event_handler",  # Chalice routes
    # Of Powertools we log, count and trace.
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            *("auth_alpha", "batch", "circuit_breaker", "data_classes", "data_masking", "feature_flags"),
            *("idempotency", "kafka", "metadata", "parameters", "parser", "streaming", "validation"),
        )
    ),
    "phonenumbers/shortdata/region_*",  # numbers that only a country's own callers can dial: read when asked for
    *(
        "boto3",
        "boto3-*.dist-info",
        "s3transfer",
        "s3transfer-*.dist-info",
    ),  # ours asks botocore, which is their core
    # They build modules that call C; ours come built, and need _cffi_backend alone.
    *("cffi", "pycparser", "pycparser-*.dist-info"),
    "dateutil/zoneinfo/*.tar.gz",  # zones come from fixed offsets of the city's profile
    # What ships beside the code of libraries and never runs.
    # Of Pillow what writes letters and draws into windows, with the libraries that only it needs.
    *(f"PIL/_imaging{part}*.so" for part in ("ft", "tk", "math", "morph")),
    *(f"pillow.libs/lib{name}*" for name in ("freetype", "harfbuzz", "brotli", "png16")),
    *("**/*.pyi", "**/py.typed", "**/*.c", "**/*.h", "**/*.pyx", "**/tests", "**/__pycache__"),
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "WHEEL", "top_level.txt")),
    # Of the SDK's data: examples for its documentation.
    "botocore/data/*/*/examples-1.json",
)
"""Left out of ``vendor``. METADATA and licences stay: scanners of a function's packages read their versions there."""


def trim(vendor: Path, used: Mapping[str, frozenset[str] | None]) -> None:
    """Leave out of ``vendor`` what never runs, and the SDK's data for what is not ``used`` (see `services`)."""
    for pattern in _NEVER_USED:
        for path in list(vendor.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    data = vendor / "botocore" / "data"
    kept = frozenset(used)
    if missing := [service for service in kept if not (data / service).is_dir()]:
        raise CannotPackage(f"the SDK does not know {', '.join(sorted(missing))}")
    for service in list(data.iterdir()):
        if service.is_dir() and service.name not in kept:
            shutil.rmtree(service)
            continue
        for older in sorted(service.iterdir())[:-1] if service.is_dir() else ():
            shutil.rmtree(older)  # only the newest version of an API is ever asked for
    for packed in list(
        data.rglob("*.json.gz")
    ):  # the zip compresses it again; a cold start need not unpack twice
        packed.with_suffix("").write_bytes(_terse(json.loads(gzip.decompress(packed.read_bytes()))))
        packed.unlink()
    for model in data.rglob("service-2.json"):
        described: Any = _undocumented(json.loads(model.read_bytes()))
        for setting in described.get("clientContextParams", {}).values():
            setting["documentation"] = ""  # botocore reads it of these, and of nothing else
        methods = used[model.parent.parent.name]
        model.write_bytes(_terse(described if methods is None else _only(described, methods)))
    endpoints = data / "endpoints.json"
    regions = json.loads(endpoints.read_bytes())
    regions["partitions"] = [
        {**partition, "services": {k: v for k, v in partition["services"].items() if k in kept}}
        for partition in regions["partitions"]
        if partition["partition"] == "aws"
    ]
    endpoints.write_bytes(_terse(regions))


def _lay_apart(vendor: Path, layer: Path) -> None:
    """Take out of ``vendor`` what opens pictures: it would be a third of every function's zip, and two need it."""
    layer.mkdir(parents=True)
    for pattern in _PICTURES:
        found = list(vendor.glob(pattern))
        if not found:
            raise CannotPackage(f"requirements.txt brings no {pattern}")
        for path in found:
            path.rename(layer / path.name)


def _only(model: Any, methods: frozenset[str]) -> Any:
    """A model of a service with these methods of its client alone, and the shapes that they speak of."""
    from botocore import xform_name

    operations = {name: it for name, it in model["operations"].items() if xform_name(name) in methods}
    if len(operations) != len(methods):
        raise CannotPackage(f"{model['metadata']['serviceId']} has no {', '.join(sorted(methods))}")
    reached: set[str] = set()
    ahead: list[Any] = list(operations.values())
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict):
            shape = node.get("shape")
            if isinstance(shape, str) and shape not in reached:
                reached.add(shape)
                ahead.append(model["shapes"][shape])
            ahead += node.values()
        elif isinstance(node, list):
            ahead += node
    shapes = {name: it for name, it in model["shapes"].items() if name in reached}
    return {**model, "operations": operations, "shapes": shapes}


def _undocumented(node: object) -> object:
    """A model of a service without its documentation, which is most of it and which nothing here reads."""
    if isinstance(node, dict):
        # A member may be called "documentation" as well; then it is a shape, not a text.
        return {
            name: _undocumented(value)
            for name, value in node.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return [_undocumented(value) for value in node] if isinstance(node, list) else node


def _terse(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


# How it is made -----------------------------------------------------------------------------------------------


def _empty(stage_dir: Path) -> None:
    """Make the folder empty but for the deployment's memory. Refuses a folder that is not such a copy."""
    stage_dir.mkdir(parents=True, exist_ok=True)
    strangers = {path.name for path in stage_dir.iterdir()} - {
        *("app.py", "chalicelib", "vendor", "layers", "requirements.txt", ".chalice"),
    }
    if strangers or stage_dir.resolve() == PROJECT:
        raise CannotPackage(f"{stage_dir} is not a staging copy: it holds {', '.join(sorted(strangers))}")
    for path in [*stage_dir.iterdir(), *(stage_dir / ".chalice").glob("*")]:
        if path.name in {".chalice", "deployed"}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


def _settings(folder: Path, copy: Path, machine: str) -> None:
    copy.mkdir(exist_ok=True)
    for policy in folder.glob("policy-*.json"):
        shutil.copyfile(policy, copy / policy.name)
    config = json.loads((folder / "config.json").read_bytes())
    config["lambda_architecture"] = machine
    (copy / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _read_cities(folder: Path) -> None:
    """Put each city beside its files as `cities.load` answers it: what is read and checked here need not be there."""
    from chalicelib import cities

    for city_id in cities.available():
        (folder / city_id / cities.READY).write_bytes(pickle.dumps(cities.load(city_id), protocol=5))


def _fetch(requirements: Path, vendor: Path, python: str, machine: str) -> None:
    """Put the wheels that are pinned into ``vendor``, for Lambda's machine and not for this one."""
    glibc = (*_GLIBC.get(python, _GLIBC[""]), *_BEYOND.get((python, machine), ()))
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--target", str(vendor), "--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *(f"--platform=manylinux{version}_{MACHINES[machine]}" for version in glibc),
        *("--implementation=cp", f"--python-version={python}", f"--abi=cp{python.replace('.', '')}"),
        *("--abi=abi3", "--abi=none", "--requirement", str(requirements)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotPackage(f"pip could not fetch the wheels for {machine}:\n{done.stderr}")


def _compile(stage_dir: Path) -> None:
    """Compile all of it; bytecode says where the sources will lie in Lambda. Libraries keep their bytecode alone.

    Our own sources stay, for the lines that a traceback shows; a library's line can be looked up by its pinned
    version. Lambda's files are younger than the zip says and read-only, so bytecode that is checked by time would
    never hold: this is checked by nothing, and made anew with each package.
    """
    vendor = stage_dir / "vendor"
    runtime = vendor / "chalice"
    runtime.mkdir()
    import chalice as framework

    source = Path(framework.__file__).parent
    for name in ("__init__.py", "app.py"):
        shutil.copyfile(source / name, runtime / name)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for path in [*(stage_dir / "chalicelib").rglob("*.py"), *runtime.glob("*.py"), stage_dir / "app.py"]:
        inside = path.relative_to(vendor if path.is_relative_to(vendor) else stage_dir)
        py_compile.compile(str(path), dfile=f"{_LAMBDA_ROOT}/{inside}", doraise=True, invalidation_mode=mode)
    (stage_dir / "__pycache__").rename(vendor / "__pycache__")  # for app.py, which Chalice puts at the root
    for name in ("__init__.py", "app.py"):
        (runtime / name).unlink()  # Chalice adds these two itself
    for libraries, root in ((vendor, _LAMBDA_ROOT), (stage_dir / LAYER / "python", _LAYER_ROOT)):
        if not libraries.is_dir():
            continue
        done = compileall.compile_dir(
            libraries,
            quiet=2,
            legacy=True,
            invalidation_mode=mode,
            stripdir=str(libraries),
            prependdir=root,
            workers=0,
        )
        if not done:
            raise CannotPackage("a library does not compile")
        for path in list(libraries.rglob("*.py")):
            path.unlink()


def _stand_ins(stage_dir: Path, stage: str) -> dict[str, str]:
    from chalicelib.settings import Settings

    config = json.loads((stage_dir / ".chalice" / "config.json").read_bytes())
    if stage not in config["stages"]:
        raise CannotPackage(f".chalice/config.json has no stage {stage}")
    known = config["stages"][stage].get("environment_variables", {})
    unknown = {field.name.upper(): "unknown" for field in fields(Settings) if field.default is MISSING}
    return {"AWS_DEFAULT_REGION": "ap-southeast-3", **unknown, **known}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json")
    parser.add_argument("--machine", default="arm64", choices=sorted(MACHINES))
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "package", help="the staging copy")
    asked = parser.parse_args()
    try:
        build(asked.out, machine=asked.machine)
        packed = pack(asked.out, asked.out.parent, stage=asked.stage)
    except CannotPackage as why:
        print(why, file=sys.stderr)
        return 1
    print(f"  {asked.out}: the staging copy, for Python {RUNNING} on {asked.machine}")
    print(f"  {packed.zip}: {packed.zipped / 1e6:.1f} MB, {packed.unzipped / 1e6:.1f} MB unpacked")
    print(f"  {asked.out / LAYER}: lapisan / layer of {', '.join(LAYERED)}")
    if packed.zipped > MOST_BYTES:
        print(f"  more than {MOST_BYTES / 1e6:g} MB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
