"""The data folder: one instance at a time, readable, and no engine of an earlier life still writing to it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.console import Trouble


class DataFolder:
    """DATA_DIR, locked for as long as this process lives.

    ``dynamodb/`` and ``s3/`` hold what the engines store, ``aws-state.json`` the keys that must not change,
    ``run/`` the pid files, ``logs/`` what the engines said. The lock is the kernel's: a killed process frees it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.dynamodb = self.path / "dynamodb"
        self.s3 = self.path / "s3"
        self.aws_state = self.path / "aws-state.json"
        self.messages = self.path / "messages.jsonl"
        self._run = self.path / "run"
        self._lock: IO[str] | None = None

    def open(self, port: int) -> None:
        """Take the folder for the instance on ``port``.

        Ends engines that a killed instance left behind. Raises Trouble if the folder cannot be used, belongs to a
        running instance, or holds something that is broken.
        """
        try:
            for folder in (self.logs, self.dynamodb, self.s3, self._run):
                folder.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise Trouble(
                f"Folder data {self.path} tidak dapat dipakai: {error.strerror}.",
                f"The data folder {self.path} cannot be used: {error.strerror}.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            other = lock.read().strip() or "?"
            lock.close()
            raise Trouble(
                f"Folder data {self.path} sedang dipakai ({other}); hentikan itu, atau pilih DATA_DIR lain.",
                f"The data folder {self.path} is in use ({other}); stop that one, or choose another DATA_DIR.",
            ) from None
        lock.truncate(0)
        lock.write(f"pid {os.getpid()}, port {port}")
        lock.flush()
        self._lock = lock
        try:
            self._end_leftovers()
            self._check()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remember(self, name: str, pid: int) -> None:
        """Write down an engine, so that the next start can end it if this process is killed."""
        (self._run / f"{name}.pid").write_text(json.dumps({"pid": pid, "born": _born(pid)}), encoding="utf-8")

    def forget(self, name: str) -> None:
        """The engine has ended."""
        (self._run / f"{name}.pid").unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        for file in self._run.glob("*.pid"):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                noted = json.loads(file.read_text(encoding="utf-8"))
                # The moment of birth tells an engine of ours from a stranger that was given its number since.
                if noted["born"] is not None and _born(noted["pid"]) == noted["born"]:
                    end_group(noted["pid"])
            file.unlink(missing_ok=True)

    def _check(self) -> None:
        if self.aws_state.exists():
            try:
                state = json.loads(self.aws_state.read_text(encoding="utf-8"))
                readable = isinstance(state, dict) and isinstance(state["account_id"], str)
            except (ValueError, KeyError, OSError):
                readable = False
            if not readable:
                raise self._corrupt(self.aws_state)
        for database in self.dynamodb.glob("*.db"):
            connection = sqlite3.connect(database)
            try:
                # Also plays back what a killed engine had in its journal.
                answer = connection.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                raise self._corrupt(database) from error
            finally:
                connection.close()
            if answer != ("ok",):
                raise self._corrupt(database)

    def _corrupt(self, file: Path) -> Trouble:
        return Trouble(
            f"Data lokal rusak: {file}. Pulihkan berkas itu, atau hapus folder {self.path} untuk mulai kosong.",
            f"Local data is corrupt: {file}. Restore that file, or delete {self.path} to start empty.",
        )


def end_group(pid: int, patience: float = 5.0) -> None:
    """End the process group that ``pid`` leads: asked first, forced after ``patience`` seconds."""
    for kind, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(pid, kind)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if _born(pid) is None:
                return
            time.sleep(0.02)


def _born(pid: int) -> str | None:
    """When a process was started, as the system writes it; None if there is none (a zombie counts as none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        said = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
        state, _, born = said.stdout.strip().partition(" ")
        return None if not born or state.startswith("Z") else born.strip()
    # After the name in brackets, which may hold spaces: state is the first field, the start time the twentieth.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the engines of one instance listen, all on loopback."""

    dynamodb: int
    aws: int
    s3: int
    master: int
    volume: int
    filer: int
    admin: int


def engine_ports(port: int) -> Ports:
    """Free ports for the engines of the instance on ``port``; the same ones each time if they are free.

    Each PORT has a row of ten between 12000 and 21999, below what systems give to outgoing connections;
    SeaweedFS takes each of its ports plus 10000 as well. Raises Trouble if ``port`` itself is taken.
    """
    if not 1 <= port <= 65535:
        raise Trouble(f"PORT={port} bukan nomor port.", f"PORT={port} is not a port number.")
    if not is_free(port):
        raise Trouble(
            f"Port {port} sudah dipakai program lain; coba yang lain, misalnya: PORT={port + 10} make run",
            f"Port {port} is taken by another program; try another, for example: PORT={port + 10} make run",
        )
    for step in range(1000):
        first = 12000 + (port + step) % 1000 * 10
        row = range(first, first + 7)
        if port not in row and all(is_free(each) and is_free(each + 10000) for each in row):
            return Ports(*row)
    raise Trouble("Tidak ada port bebas untuk mesin lokal.", "There is no free port for the local engines.")


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        # As servers do: a port that only remembers closed connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
