"""The process that is counted: makes the recorded requests again with the network replaced by the recording.

Called with the tape and a file to write labels to: one `[label, milliseconds of CPU, times]` per stretch, in the order
of the marks that valgrind cuts its counts by.
"""

from __future__ import annotations

import base64
import copy
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

TIMES = 4
WARM = 2

_labels: list[tuple[str, float, int]] = []
_since = 0


def mark(label: str, times: int = 1) -> None:
    """End a stretch and name it."""
    global _since
    os.getppid()
    now = time.process_time_ns()
    _labels.append((label, (now - _since) / 1e6, times))
    _since = now


def ready(label: str) -> None:
    """End a stretch that prepared the next. What lives now is left alone by the garbage collector from here on: a
    walk over all of it would fall into one stretch or another by chance."""
    gc.collect()
    gc.freeze()
    mark(label)


class Tape:
    """Answers the SDK out of the recording: bytes to its transport, or what it parsed to its callers."""

    def __init__(self) -> None:
        from botocore import client, httpsession

        # Both are private to botocore: the one place where bytes leave it, and the one where all calls enter.
        self._client: Any = client.BaseClient
        self._call: Any = vars(client.BaseClient)["_make_api_call"]
        transport: Any = httpsession.URLLib3Session
        transport.send = lambda session, request: self._send(request)
        self._answers: dict[str, Iterator[dict[str, Any]]] = {}
        self._parsed: list[Any] = []

    def put(self, answers: list[dict[str, Any]]) -> None:
        """Answer each operation in the order recorded, over and over."""
        by_target: dict[str, list[dict[str, Any]]] = {}
        for answer in answers:
            ready = {**answer, "body": base64.b64decode(answer["body"])}
            by_target.setdefault(answer["target"], []).append(ready)
        self._answers = {target: cycle(found) for target, found in by_target.items()}

    def learn(self) -> None:
        """Let the SDK work, and keep what it makes of each answer."""
        self._parsed = []

        def keep(client: Any, operation: str, arguments: Any) -> Any:
            result = self._call(client, operation, arguments)
            self._parsed.append(copy.deepcopy(result))
            return result

        self._client._make_api_call = keep

    def skip_sdk(self, times: int) -> None:
        """From now on answer what was learned, a fresh copy each time, made beforehand."""
        ready = iter([copy.deepcopy(result) for _ in range(times) for result in self._parsed])
        self._client._make_api_call = lambda client, operation, arguments: next(ready)

    def restore(self) -> None:
        self._client._make_api_call = self._call

    def _send(self, request: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        answer = next(self._answers[text(request.headers["X-Amz-Target"])])
        response: Any = AWSResponse(request.url, answer["status"], answer["headers"], None)
        response._content = answer["body"]
        return response


def text(header: str | bytes) -> str:
    return header if isinstance(header, str) else header.decode()


def main() -> None:
    tape_path, labels_path = map(Path, sys.argv[1:])
    recorded = json.loads(tape_path.read_text(encoding="utf-8"))
    from app import app
    from chalicelib import settings
    from local.bench.world import context

    settings.move_clock(datetime.fromisoformat(recorded["now"]) - datetime.now(UTC))
    tape = Tape()
    mark("start|")
    for request in recorded["requests"]:
        name, event = request["name"], request["event"]
        tape.put(request["answers"])
        once = _query if event is None else partial(_request, app, event, request["status"])
        ready("between|")
        once()
        mark(f"{name}|first")
        for _ in range(WARM):
            once()
        ready("warm|")
        for _ in range(TIMES):
            once()
        mark(f"{name}|full", TIMES)
        tape.learn()
        once()
        tape.skip_sdk(WARM + TIMES)
        for _ in range(WARM):
            once()
        ready("learn|")
        for _ in range(TIMES):
            once()
        mark(f"{name}|own", TIMES)
        tape.restore()
        if event is not None:
            plain = _plain(event, json.loads(request["body"]))
            for _ in range(WARM):
                plain(event, context())
            ready("plain|")
            for _ in range(TIMES):
                plain(event, context())
            mark(f"{name}|plain", TIMES)
    labels_path.write_text(json.dumps(_labels), encoding="utf-8")


def _request(app: Any, event: dict[str, Any], status: int) -> None:
    from local.bench.world import context

    answer = app(copy.copy(event), context())
    if answer["statusCode"] != status:
        raise RuntimeError(f"{answer['statusCode']}, recorded {status}: {answer['body']}")


def _query() -> None:
    from local.bench.plain import Full

    list(Full.query("area", limit=50, page_size=50))


def _plain(event: dict[str, Any], body: Any) -> Any:
    """A Chalice app with one route that gives the same answer without doing anything for it."""
    from chalice.app import Chalice

    app = Chalice("plain", configure_logs=False)

    def view(**_: str) -> Any:
        request = app.current_request
        if request is not None and request.method != "GET":
            request.json_body  # noqa: B018  parses what was sent
        return body

    if "{" in event["resource"]:
        app.route(event["resource"], methods=[event["httpMethod"]])(view)
    else:
        app.route(event["resource"], methods=[event["httpMethod"]])(lambda: view())
    return app


if __name__ == "__main__":
    main()
