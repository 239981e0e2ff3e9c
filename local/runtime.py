"""Runs a function of the package as Lambda does: AWS's own runtime client, and a stand-in for the Runtime API it asks.

The process sees the unpacked zip, the standard library and the runtime client, and nothing of the environment that
developers work in: what the package lacks is missing here too. Lambda's code folder is read-only, so no bytecode is
written. What the stand-in does not do: limits of memory and time, freezing between events, Lambda's own copy of the
SDK (which we do not lean on).
"""

from __future__ import annotations

import compileall
import importlib.metadata
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.engines import ACCESS_KEY, REGION, SECRET_KEY

_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_API = "/2018-06-01/runtime"
_PATIENCE = 60.0
"""Seconds for an answer; a cold start of uncompiled code on a busy machine takes some."""


class RuntimeMissing(Exception):
    """AWS's runtime client is not installed, or has no wheel for this Python."""


class FunctionFailed(Exception):
    """A handler raised, or the function did not even start; says what Lambda would have been told, and the log."""

    def __init__(self, error: Mapping[str, Any], log: str) -> None:
        super().__init__(f"{error.get('errorType')}: {error.get('errorMessage')}\n{log[-3000:]}")
        self.error = dict(error)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a function's process took until it was stopped."""

    cpu_ms: float
    """User and system time of all its threads."""
    init_cpu_ms: float
    """Of it until the function first asked for an event; its main thread alone."""
    peak_mb: float
    """The most memory it held at once, in MB of 2^20 bytes."""


@contextmanager
def runtime_client() -> Iterator[Path]:
    """A folder that holds AWS's runtime client, compiled, and nothing else of our environment."""
    with tempfile.TemporaryDirectory(prefix="pro-runtime-") as name:
        folder = Path(name)
        for distribution in _CLIENT:
            try:
                files = importlib.metadata.files(distribution) or []
            except importlib.metadata.PackageNotFoundError as error:
                raise RuntimeMissing(distribution) from error
            for file in files:
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    kept = folder / file
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(Path(str(file.locate())), kept)
        compileall.compile_dir(folder, quiet=2)
        yield folder


class Function:
    """One function's process. ``with Function(...) as function: function.invoke(event)``.

    ``task_root`` is the unpacked zip, ``layer`` what Lambda unpacks under ``/opt``, ``handler`` as Lambda is told it
    ("app.app"), ``environment`` the settings the stage gives the function; the engines' credentials and region are
    added, as Lambda adds its own.
    """

    def __init__(
        self,
        client: Path,
        task_root: Path,
        handler: str,
        environment: Mapping[str, str],
        *,
        name: str = "function",
        memory: int = 512,
        seconds: float = 60,
        under: Sequence[str] = (),
        patience: float = _PATIENCE,
        layer: Path | None = None,
    ) -> None:
        self._patience = patience
        self._cost: Cost | None = None
        self._server = _Api(f"arn:aws:lambda:{REGION}:123456789012:function:{name}", seconds)
        self._log = tempfile.TemporaryFile(prefix="pro-function-")  # noqa: SIM115  closed by `stop`
        variables = {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stand-in",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": handler,
            "PYTHONPATH": os.pathsep.join(
                map(str, [task_root, *([layer / "python"] if layer else []), client])
            ),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
        }
        # -S: nothing of this interpreter's own packages. -P: the folder it starts in is none of them either.
        command = [*under, sys.executable, "-S", "-P", "-m", "awslambdaric", handler]
        self._process = subprocess.Popen(
            command,
            env=variables,
            cwd=task_root,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self._server.pid = self._process.pid
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def __enter__(self) -> Function:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Hand over one event and answer what the handler returned. Raises FunctionFailed."""
        self._server.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        waits_until = time.monotonic() + self._patience
        while True:
            try:
                kind, body = self._server.answers.get(timeout=0.2)
            except queue.Empty:
                if self._ended():
                    raise FunctionFailed({"errorType": "Exited"}, self.log) from None
                if time.monotonic() > waits_until:
                    raise FunctionFailed({"errorType": "Timeout"}, self.log) from None
                continue
            answer = json.loads(body) if body else None
            if kind != "response":
                raise FunctionFailed(answer or {}, self.log)
            return answer

    @property
    def log(self) -> str:
        """All that the function has printed so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def stop(self) -> Cost:
        """End the process once it has asked for its next event, and answer what it took."""
        if self._cost is None:
            waits_until = time.monotonic() + 5
            while not (self._server.idle.wait(0.02) or self._ended() or time.monotonic() > waits_until):
                pass
            # Not by Popen's own methods: they would reap the process and throw away what it took.
            os.kill(self._process.pid, signal.SIGTERM)
            _, _, usage = os.wait4(self._process.pid, 0)
            self._process.returncode = 0
            cpu_ms = (usage.ru_utime + usage.ru_stime) * 1000
            self._cost = Cost(cpu_ms, self._server.init_cpu_ms, self._server.peak_mb)
            self._server.events.put(None)
            self._server.shutdown()
            self._server.server_close()
            self._log.close()
        return self._cost

    def _ended(self) -> bool:
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


class _Api(ThreadingHTTPServer):
    """The Runtime API: hands out events one by one and takes what came of each."""

    daemon_threads = True

    def __init__(self, arn: str, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.arn = arn
        self.seconds = seconds
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.idle = threading.Event()
        self.pid = 0
        self.asked = 0
        self.init_cpu_ms = 0.0
        self.peak_mb = 0.0

    def look(self) -> None:
        """Note what the process has taken, at the moment it asks for an event."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        self.peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        if not self.asked:
            ran = Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]
            self.init_cpu_ms = int(ran) / 1e6
        self.asked += 1


class _Requests(BaseHTTPRequestHandler):
    server: _Api
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != f"{_API}/invocation/next":
            self._answer(404, b"{}")
            return
        self.server.look()
        if self.server.events.empty():
            self.server.idle.set()
        found = self.server.events.get()
        self.server.idle.clear()
        if found is None:  # the function was stopped
            self.close_connection = True
            return
        request_id, body = found
        ends = int((time.time() + self.server.seconds) * 1000)
        trace = (
            f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=1"
        )
        self._answer(
            200,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(ends),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.arn,
                "Lambda-Runtime-Trace-Id": trace,
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.rpartition("/")[2]  # response, or error (of an event, or of init)
        self._answer(202, b'{"status":"OK"}')
        self.server.answers.put((kind, body))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class gives it
        """Nothing: the function's own log is what matters."""
