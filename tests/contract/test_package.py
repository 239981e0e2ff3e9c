"""What is deployed: the zip that Chalice makes of the staging copy, file by file."""

from __future__ import annotations

import ast
import importlib.util
import json
import pickle
import re
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib import cities
from infra import package
from tests.stack import PROJECT

LIBRARIES = {
    *(
        "aws_lambda_powertools",
        "_cffi_backend",
        "aws_xray_sdk",
        "botocore",
        "chalice",
        "cryptography",
        "dateutil",
        "jinja2",
        "jmespath",
        "jwt",
    ),
    *("markupsafe", "phonenumbers", "pynamodb", "six.pyc", "typing_extensions.pyc", "urllib3", "wrapt"),
}
PICTURES = {"PIL", "pillow.libs", "_pi_heif", "pi_heif", "pi_heif.libs"}
OURS = {"app.py", "__pycache__", "chalicelib"}
ELF_MACHINES = {"arm64": 183, "x86_64": 62}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(tmp_path_factory.mktemp("arm64") / "stage", machine="arm64")


@pytest.fixture(scope="module")
def packed(staged: Path) -> package.Packed:
    return package.pack(staged, staged.parent / "out")


@pytest.fixture(scope="module")
def files(packed: package.Packed) -> Iterator[Mapping[str, bytes]]:
    with zipfile.ZipFile(packed.zip) as made:
        yield {name: made.read(name) for name in made.namelist()}


def test_the_zip_is_small(packed: package.Packed) -> None:
    assert packed.zipped <= package.MOST_BYTES == 10_000_000
    assert packed.unzipped <= 35_000_000


def test_it_holds_the_app_its_libraries_and_nothing_else(files: Mapping[str, bytes]) -> None:
    tops = {name.partition("/")[0].partition(".cpython")[0] for name in files}
    described = {top for top in tops if top.endswith(".dist-info")}
    assert tops - described == LIBRARIES | OURS


@pytest.mark.parametrize("wanted", ["METADATA", "licenses|LICENSE|NOTICE"])
def test_a_scanner_can_tell_each_library_and_its_licence(wanted: str, files: Mapping[str, bytes]) -> None:
    described = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    shown = {name.partition("/")[0] for name in files if re.search(rf"\.dist-info/({wanted})", name)}
    # Its wheel brings no licence file; its METADATA names the licence.
    assert described - shown <= ({"phonenumberslite", "six"} if wanted != "METADATA" else set()), (
        described - shown
    )


def test_nothing_of_the_workshop_is_in_it(files: Mapping[str, bytes]) -> None:
    strange = re.compile(
        r"^(docs|local|infra|boto3|s3transfer|awslambdaric|moto|pip|setuptools|click|yaml)(/|$)"
        r"|(^|/)(tests?|deployed)/|(^|/)\.|\.(pyi|csv|c|h|pyx|md)$|requirements|policy-"
    )
    assert not [name for name in files if strange.search(name) and "licenses" not in name]


def test_everything_of_the_project_that_runs_is_in_it(files: Mapping[str, bytes]) -> None:
    wanted = {"app.py": PROJECT / "app.py"} | {
        str(path.relative_to(PROJECT)): path
        for path in (PROJECT / "chalicelib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name: files.get(name) for name in wanted} == {
        name: path.read_bytes() for name, path in wanted.items()
    }
    made = {f"chalicelib/cities/{city}/{cities.READY}" for city in cities.available()}
    ours = {name for name in files if name.startswith("chalicelib/") and "__pycache__" not in name}
    assert ours == {*wanted, *made} - {"app.py"}


@pytest.mark.parametrize("city", cities.available())
def test_a_city_that_is_ready_made_is_the_one_that_its_files_tell(
    city: str, files: Mapping[str, bytes]
) -> None:
    ready = pickle.loads(files[f"chalicelib/cities/{city}/{cities.READY}"])  # noqa: S301  made by the test itself
    read = cities.load(city)
    assert {name: repr(value) for name, value in vars(ready).items() if name != "geography"} == {
        name: repr(getattr(read, name)) for name in vars(ready) if name != "geography"
    }
    for area in read.areas.values():
        assert ready.geography.locate(area.centroid) == read.geography.locate(area.centroid)


def test_all_code_is_compiled_for_this_python_and_never_checked_again(files: Mapping[str, bytes]) -> None:
    tag = sys.implementation.cache_tag
    for name in files:
        if name.endswith(".py"):
            folder, _, stem = name.rpartition("/")
            assert f"{folder}/__pycache__/{stem[:-3]}.{tag}.pyc".lstrip("/") in files, name
    compiled = {name: body for name, body in files.items() if name.endswith(".pyc")}
    assert len(compiled) > 500
    for name, body in compiled.items():
        assert body[:4] == importlib.util.MAGIC_NUMBER, name
        assert struct.unpack("<I", body[4:8]) == (0b01,), f"{name} is checked by its time or its source"


def test_what_opens_pictures_is_a_layer_compiled_for_where_lambda_puts_it(staged: Path) -> None:
    """That the two functions that get it need no more, and all others none of it, the runtime's replays hold."""
    layer = staged / package.LAYER / "python"
    tops = {path.name.partition(".cpython")[0] for path in layer.iterdir()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PICTURES
    assert {top.partition("-")[0] for top in tops - PICTURES} == {"pillow", "pi_heif"}
    assert not list(layer.rglob("*.py"))
    code = (layer / "PIL" / "Image.pyc").read_bytes()
    assert struct.unpack("<I", code[4:8]) == (0b01,)
    assert b"/opt/python/PIL/Image.py" in code
    machines = {struct.unpack("<H", path.read_bytes()[18:20])[0] for path in layer.rglob("*.so*")}
    assert machines == {ELF_MACHINES["arm64"]}
    assert sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) <= 22_000_000


def test_only_our_sources_and_chalices_two_are_in_it(files: Mapping[str, bytes]) -> None:
    sources = [name for name in files if name.endswith(".py")]
    strangers = [name for name in sources if not name.startswith("chalicelib/")]
    assert sorted(strangers) == ["app.py", "chalice/__init__.py", "chalice/app.py"]


def test_compiled_libraries_are_for_the_machine_that_runs_them(
    packed: package.Packed, files: Mapping[str, bytes]
) -> None:
    found = {
        name: struct.unpack("<H", body[18:20])[0] for name, body in files.items() if body[:4] == b"\x7fELF"
    }
    assert found, "MarkupSafe and wrapt are compiled"
    assert set(found.values()) == {ELF_MACHINES["arm64"]}
    template = json.loads(packed.template.read_text(encoding="utf-8"))
    functions = [
        r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"
    ]
    assert {tuple(made["Architectures"]) for made in functions} == {("arm64",)}
    assert {made["Runtime"] for made in functions} == {f"python{package.RUNNING}"}


def test_the_sdk_brings_the_data_of_our_services_and_no_others(files: Mapping[str, bytes]) -> None:
    services = {
        name.split("/")[2] for name in files if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert services == set(package.services(PROJECT / "chalicelib")) >= {"dynamodb", "kms", "sns", "ssm"}
    (model,) = [name for name in files if name.startswith("botocore/data/ssm/") and "service-2" in name]
    assert set(json.loads(files[model])["operations"]) == {"GetParameter"}
    endpoints = json.loads(files["botocore/data/endpoints.json"])
    (partition,) = endpoints["partitions"]
    assert "ap-southeast-3" in partition["regions"]


def test_all_entries_can_be_read_by_lambdas_user(packed: package.Packed) -> None:
    with zipfile.ZipFile(packed.zip) as made:
        modes = {entry.filename: entry.external_attr >> 16 for entry in made.infolist()}
    assert not [name for name, mode in modes.items() if mode & 0o444 != 0o444]


# What is asked of whoever builds it ----------------------------------------------------------------------------


def test_a_service_that_is_not_written_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter.py").write_text(
        "from chalicelib import aws\n\ndef call(name):\n    aws.client(name)\n"
    )
    with pytest.raises(package.CannotPackage, match=r"adapter\.py:4"):
        package.services(tmp_path)


def test_a_service_keeps_all_it_can_unless_every_call_of_it_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from chalicelib import aws\naws.client('ssm').get_parameter(Name='x')\n")
    (tmp_path / "b.py").write_text(
        "from chalicelib import aws\nkept = aws.client('sns')\naws.client('sns').publish()\n"
    )
    assert package.services(tmp_path) == {
        "dynamodb": None,
        "ssm": frozenset({"get_parameter"}),
        "sns": None,
    }


def test_adapters_make_clients_by_one_function_alone() -> None:
    """So that `services` finds each of them."""
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        calls = [
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr == "create_client"
        ]
        assert not calls or path.name == "aws.py", path


@pytest.mark.parametrize(
    ("how", "why"),
    [({"python": "3.99"}, r"3\.99"), ({"machine": "sparc"}, "sparc")],
    ids=["python", "machine"],
)
def test_what_cannot_run_is_not_built(how: dict[str, str], why: str, tmp_path: Path) -> None:
    with pytest.raises(package.CannotPackage, match=why):
        package.build(tmp_path / "stage", **how)
    assert not (tmp_path / "stage").exists()


def test_a_folder_that_is_no_staging_copy_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(package.CannotPackage, match=r"thesis\.txt"):
        package.build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
