"""The staging copy that is deployed: its settings, and the zip of it that a rollback goes back to."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from infra.target import PROJECT, Halt, Target


def write_config(
    path: Path,
    target: Target,
    api_stage: str,
    values: Mapping[str, str],
    layers: Mapping[str, str] | None = None,
) -> None:
    """Give a project folder's Chalice settings this city, this stage and the app's settings.

    ``layers`` says which version of a layer (ARN) a function gets, by the function's name in config.json.
    """
    config = json.loads(path.read_text(encoding="utf-8"))
    stage = config["stages"].get(target.stage, {})
    config["app_name"] = target.chalice_name
    config["stages"] = {
        target.stage: {
            **stage,
            "api_gateway_stage": api_stage,
            "environment_variables": dict(sorted(values.items())),
            "tags": target.tags,
        }
    }
    for function, arn in (layers or {}).items():
        config["lambda_functions"][function]["layers"] = [arn]
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def build(folder: Path) -> object:
    """Make the staging copy; raises Halt with the reason where it cannot be made."""
    from infra import package

    try:
        return package.build(folder)
    except package.CannotPackage as error:
        raise Halt(f"Paket gagal dibuat: {error}", f"The package was not made: {error}") from error


def pack(folder: Path, archive: Path) -> str:
    """Zip a staging copy without what belongs to one deploy; the same content gives the same bytes."""
    left_out = {folder / ".chalice" / "deployed", folder / ".chalice" / "deployments"}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not left_out & set(path.parents):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def commit() -> str:
    """What is deployed, in git's short words."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "?"


def shown(path: Path) -> Path:
    """A path as an operator reads it: from the project's folder on."""
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


def write_config_of_stage(path: Path, target: Target, values: Mapping[str, str]) -> None:
    """Write one stage's settings into a config.json and leave the others alone."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["stages"].setdefault(target.stage, {})["environment_variables"] = dict(sorted(values.items()))
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
