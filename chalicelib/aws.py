"""One session and one client per AWS service, shared by the adapters: a session is the dearest thing to make.

botocore's own: boto3 around it would bring s3transfer and multiprocessing to every cold start, and nothing used here.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's own, which is not the built-in one
    HTTPClientError,
    NoCredentialsError,
)
from botocore.handlers import add_expect_header
from botocore.session import Session, get_session

from chalicelib.settings import LOCAL, settings

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"max_attempts": 2, "mode": "standard"})
# Short enough that a gateway request (29 s) never dies of one slow call.

_LATER_CODES = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
        *("RequestLimitExceeded", "ProvisionedThroughputExceededException", "LimitExceededException"),
        *("KMSThrottling", "SendingPausedException", "InternalError", "ServiceUnavailable"),
        # A right or a credential of ours that is missing: a wrong policy must not throw away what waits behind it.
        *("AuthorizationError", "AccessDenied", "AccessDeniedException", "KMSAccessDenied"),
        *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
        *("SignatureDoesNotMatch", "RequestExpired"),
    }
)

_clients: dict[str, Any] = {}
_sessions: list[Session] = []
_making = Lock()


def client(service: str) -> Any:
    """The client of a service; made on first use, by one thread at a time (a session is not thread-safe)."""
    found = _clients.get(service)
    if found is None:
        with _making:
            if not _sessions:
                _sessions.append(get_session())
            make: Any = _sessions[0].create_client  # its type is one overload per service
            found = _clients.get(service) or make(service, config=_of(service))
            if service == "s3":
                # Else each write waits for a leave of its own before it begins: ours are small, and none is refused.
                found.meta.events.unregister("before-call.s3", add_expect_header)
            _clients[service] = found
    return found


def _of(service: str) -> Config:
    """Links to S3 are signed for the bucket's own host in its region, and by the present method, which not all
    regions do by default; engines on this machine have one host for all buckets."""
    if service != "s3":
        return _CONFIG
    signed = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    if settings().stage == LOCAL:
        signed = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return _CONFIG.merge(signed)


def passing(error: BotoCoreError | ClientError) -> str:
    """Name the trouble where the same call may work later: network, throttling, 5xx, a missing right of ours.

    Empty where the request itself was refused.
    """
    later = isinstance(error, HTTPClientError | ConnectionError | NoCredentialsError)
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        later = code_of(error) in _LATER_CODES or status >= 500
    return code_of(error) if later else ""


def code_of(error: BotoCoreError | ClientError) -> str:
    """The name of an error and nothing of its message, which may repeat what was sent."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or type(error).__name__
    return type(error).__name__


def forget_clients() -> None:
    """Drop all clients, for a process whose endpoints changed (tests, the local stack)."""
    _clients.clear()
    _sessions.clear()
