"""One session and one client per AWS service, shared by the adapters: a session is the dearest thing to make."""

from __future__ import annotations

from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"max_attempts": 2, "mode": "standard"})
# Short enough that a gateway request (29 s) never dies of one slow call.

_clients: dict[str, Any] = {}
_making = Lock()


def client(service: str) -> Any:
    """The client of a service; made on first use, by one thread at a time (boto3's session is not thread-safe)."""
    found = _clients.get(service)
    if found is None:
        with _making:
            make: Any = boto3.client  # its type is one overload per service
            found = _clients.get(service) or make(service, config=_CONFIG)
            _clients[service] = found
    return found


def forget_clients() -> None:
    """Drop all clients, for a process whose endpoints changed (tests, the local stack)."""
    _clients.clear()
