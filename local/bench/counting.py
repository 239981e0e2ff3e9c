"""Counting instructions of a Python process: valgrind where it is installed, else CPU time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.bench.world import PROJECT
from local.console import Trouble

MARK = "getppid"
"""A call into the C library that nothing else here makes: valgrind writes its counts down and starts from zero."""


def valgrind() -> str | None:
    return shutil.which("valgrind")


def unit() -> str:
    return "M instr" if valgrind() else "ms CPU"


def how() -> str:
    binary = valgrind()
    if binary is None:
        return "CPU time in their place, for valgrind is not installed here"
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{said} (callgrind, user space of one process)"


def bytecode_folder() -> tempfile.TemporaryDirectory[str]:
    """Where the counted processes keep their bytecode: a first run fills it, so no later one counts the compiler."""
    return tempfile.TemporaryDirectory(prefix="pro-bench-pyc-")


def segments(
    arguments: Sequence[str], environment: Mapping[str, str], folder: str, *, marked: bool
) -> list[float]:
    """Run Python and count each stretch between two marks, in millions; without marks the whole run as one."""
    variables = {
        **os.environ,
        **environment,
        "PYTHONHASHSEED": "0",
        "PYTHONPYCACHEPREFIX": folder,
        "PYTHONPATH": str(PROJECT),
    }
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    binary = valgrind()
    if binary is None:
        raise AssertionError("count CPU time in the process itself")
    with tempfile.TemporaryDirectory(prefix="pro-bench-") as out:
        command = [binary, "--tool=callgrind", f"--callgrind-out-file={out}/counts"]
        command += [f"--dump-before={MARK}"] if marked else []
        run([*command, sys.executable, "-P", *arguments], variables)
        found = sorted(Path(out).iterdir(), key=_part)
        return [total(path) / 1e6 for path in found]


def run(command: Sequence[str], variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=dict(variables), cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = done.stderr.strip()[-1500:]
        raise Trouble(f"Proses yang dihitung gagal: {words}", f"The process that was counted failed: {words}")
    return done.stdout


def _part(path: Path) -> int:
    """The last part has no number."""
    return int(path.suffix[1:] or 10**9)


def total(path: Path) -> int:
    """Instructions in a file of callgrind's."""
    found = re.search(rb"^totals: (\d+)", path.read_bytes(), re.MULTILINE)
    if found is None:
        raise Trouble("Keluaran valgrind tidak terbaca.", "The output of valgrind cannot be read.")
    return int(found[1])
