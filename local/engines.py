"""The real engines, as child processes that never outlive their parent.

DynamoDB Local stores the tables, SeaweedFS the photos, moto plays SNS, SQS, KMS and SSM. Each runs in a process
group of its own, so that a Ctrl-C in the terminal reaches this process alone, which then stops them in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from local import fetch, loopback
from local.console import Trouble
from local.folder import DataFolder, Ports

REGION = "ap-southeast-3"
"""Jakarta, as in production."""

# Not secrets: the engines listen on loopback only and need some pair to check signatures against.
ACCESS_KEY = "local"
SECRET_KEY = "local-secret"

_PROJECT = Path(__file__).resolve().parent.parent


class Engine(ABC):
    """One child process with a port; ``start`` returns at once, ``wait`` when it answers."""

    name = "engine"
    patience = 60.0
    """Seconds until a start counts as failed. A first start on a slow disk takes its time."""

    def __init__(self, port: int, folder: DataFolder | None = None) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The program and its arguments."""

    def environment(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves; may raise OSError while it does not."""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the process. Call it from a thread that lives as long as the engine: on Linux the engine is
        killed when the thread that started it ends, which is how not even kill -9 leaves it behind."""
        command = [str(part) for part in self.command()]
        log = Path(os.devnull) if self._folder is None else self._folder.logs / f"{self.name}.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment()},
                cwd=fetch.ENGINES if self._folder is None else self._folder.path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        if self._folder is not None:
            self._folder.remember(self.name, self._process.pid)

    def wait(self) -> None:
        """Return once it serves. Raises Trouble, with the engine's last words, if it does not."""
        until = time.monotonic() + self.patience
        while self.running and time.monotonic() < until:
            with contextlib.suppress(OSError):
                if self.answers():
                    return
            time.sleep(0.05)
        words = self._last_words()
        self.stop()
        raise Trouble(
            f"{self.name} tidak mau menyala. {words}",
            f"{self.name} does not start. {words}",
        )

    def start(self) -> str:
        """Launch, wait, and answer the endpoint's URL."""
        self.launch()
        self.wait()
        return self.endpoint

    def ask_to_stop(self) -> None:
        """Say goodbye without waiting; ``stop`` waits."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)

    def stop(self, patience: float = 8.0) -> None:
        """End it and all it started; harmless when it has ended already. SeaweedFS takes two seconds."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        if self._folder is not None:
            self._folder.forget(self.name)

    def _last_words(self) -> str:
        if self._folder is None:
            return ""
        log = self._folder.logs / f"{self.name}.log"
        with contextlib.suppress(OSError):
            lines = [
                line
                for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
                if line.strip()
            ]
            return f"{lines[-1][:300]} ({log})" if lines else f"({log})"
        return ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()


class DynamoDB(Engine):
    """DynamoDB Local: on disk in a data folder, or in memory for a test session.

    ``DynamoDB().start()`` answers the endpoint of an empty in-memory store on a free port; ``stop()`` ends it.
    """

    name = "dynamodb"

    def __init__(self, folder: DataFolder | None = None, port: int | None = None) -> None:
        super().__init__(some_free_port() if port is None else port, folder)

    def command(self) -> Sequence[str | Path]:
        home = fetch.dynamodb_home()
        where: list[str | Path] = (
            ["-inMemory"] if self._folder is None else ["-dbPath", self._folder.dynamodb]
        )
        return [
            fetch.java(),
            # Measured on two cores: 1.8 s to the first answer instead of 2.3, 1.7 s of CPU instead of 3.
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx1g",
            f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
            "-cp",
            f"{loopback.class_folder(fetch.ENGINES)}{os.pathsep}{home / 'DynamoDBLocal.jar'}",
            loopback.NAME,
            "-sharedDb",  # else each key and region sees a database of its own
            "-disableTelemetry",
            *where,
            "-port",
            str(self.port),
        ]

    def environment(self) -> Mapping[str, str]:
        library = None if self._folder is None else fetch.eatmydata()
        preload = {} if library is None else {"LD_PRELOAD": str(library)}
        return {"DDB_LOCAL_TELEMETRY": "0", **preload}

    def answers(self) -> bool:
        # Any signature will do here; what counts is that the store behind the port answers too.
        status = _post(
            self.port,
            "/",
            b"{}",
            {
                "X-Amz-Target": "DynamoDB_20120810.ListTables",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/{REGION}/dynamodb/aws4_request, "
                "SignedHeaders=host, Signature=0",
            },
        )
        return status == 200


class ObjectStore(Engine):
    """SeaweedFS as S3; checks signatures, expiry and the conditions of a presigned POST, as moto does not."""

    name = "seaweedfs"

    def __init__(self, folder: DataFolder, ports: Ports) -> None:
        super().__init__(ports.s3, folder)
        self._store = folder.s3
        self._ports = ports

    def command(self) -> Sequence[str | Path]:
        return [
            fetch.weed(),
            "-logtostderr=true",
            "mini",
            f"-dir={self._store}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={self._ports.s3}",
            f"-master.port={self._ports.master}",
            f"-volume.port={self._ports.volume}",
            f"-filer.port={self._ports.filer}",
            f"-admin.port={self._ports.admin}",
            "-webdav=false",
            "-admin.ui=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]

    def environment(self) -> Mapping[str, str]:
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def answers(self) -> bool:
        """A written object: the port opens before volumes can take a write, once for 19 s."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, read_timeout=5),
        )
        try:
            with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket="readiness")
            client.put_object(Bucket="readiness", Key="probe", Body=b"ready")
        except (BotoCoreError, ClientError):
            return False
        return True


class Aws(Engine):
    """moto with what must not change put back from the data folder; see local/aws.py."""

    name = "aws"

    def __init__(self, folder: DataFolder, port: int, server_key_parameter: str) -> None:
        super().__init__(port, folder)
        self._arguments: list[str | Path] = [
            "--port",
            str(port),
            "--state",
            folder.aws_state,
            "--messages",
            folder.messages,
        ]
        self._arguments += ["--server-key", server_key_parameter]

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-P", "-m", "local.aws", *self._arguments]

    def environment(self) -> Mapping[str, str]:
        return {"PYTHONPATH": str(_PROJECT)}

    def answers(self) -> bool:
        return _post(self.port, "/_local/ready", b"", {}) == 200


def some_free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _post(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Status of a POST to loopback; OSError if nobody answers. Goes round any proxy that is set."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes the engine: ask Linux to kill it when its parent dies."""
    libc = _LIBC
    if libc is None:
        return None  # elsewhere the pid files do it, at the next start

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return prepare
