"""API Gateway in front of the Chalice app: the same events in, the same answers out, many requests at a time.

Chalice's own local server leaves out much that API Gateway sends (request id, path, the caller's address), closes
the connection when an authorizer raises, has no limits, and takes 45 ms per request; so this is a gateway of ours.
Not imitated: the authorizer's result cache, throttling, the 29 s limit.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from chalice.app import Chalice, ChaliceAuthorizer

from local.context import Context
from local.engines import REGION

MAX_REQUEST = 10 * 1024 * 1024
"""Bytes of body that API Gateway takes; more is 413."""
MAX_ANSWER = 6 * 1024 * 1024
"""Bytes that a Lambda may answer; more is 502."""
GATEWAY_SECONDS = 29.0

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LocalRequest:
    """What a page of the local stack is called with. ``path`` is not decoded; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    client: str


Page = Callable[[LocalRequest], tuple[int, Mapping[str, str], bytes]]
"""Answers status, headers and body."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes = b""


class _PerThread:
    """Mixed into the app's class: in Lambda one request runs at a time, here each thread has its own."""

    _here = threading.local()

    @property
    def current_request(self) -> Any:
        return getattr(self._here, "request", None)

    @current_request.setter
    def current_request(self, value: Any) -> None:
        self._here.request = value

    @property
    def lambda_context(self) -> Any:
        return getattr(self._here, "context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._here.context = value


class Gateway:
    """Turns HTTP requests into Lambda proxy events (REST API) for ``app``, and its answers into HTTP."""

    def __init__(self, app: Chalice, *, account_id: str, stage: str = "local") -> None:
        app.__class__ = type("ThreadedChalice", (_PerThread, app.__class__), {})
        self._app = app
        self._account_id = account_id
        self._stage = stage
        # Literal segments before variables, as API Gateway chooses.
        routes = sorted(app.routes, key=lambda route: [part.startswith("{") for part in route.split("/")])
        self._routes = [(route, re.compile(_pattern(route))) for route in routes]

    def handle(self, method: str, target: str, headers: Headers, body: bytes, client: str) -> Answer:
        """One request. ``target`` is the path with its query as it came, ``client`` the caller's address."""
        context = Context(
            f"{self._app.app_name}-{self._stage}",
            region=REGION,
            account_id=self._account_id,
            seconds=GATEWAY_SECONDS,
        )
        if len(body) > MAX_REQUEST:
            return _gateway_answer(413, {"message": "Request Too Long"}, context)
        path = urlsplit(target).path
        route, captured = self._match(path)
        if route is None:
            return _gateway_answer(403, {"message": "Missing Authentication Token"}, context)
        if method == "OPTIONS" and "OPTIONS" not in self._app.routes[route]:
            return self._preflight(route)
        event = self._event(method, target, route, captured, headers, body, client, context)
        refused = self._authorize(event, route, method, context)
        if refused is not None:
            return refused
        try:
            return _proxied(self._app(event, context), context)
        except Exception:  # noqa: BLE001  # whatever leaves the handler is API Gateway's 502
            traceback.print_exc()
            return _gateway_answer(502, {"message": "Internal server error"}, context)

    def _match(self, path: str) -> tuple[str | None, dict[str, str]]:
        if len(path) > 1:
            path = path.removesuffix("/")
        for route, pattern in self._routes:
            if found := pattern.fullmatch(path):
                names = re.findall(r"\{([^}]+)\}", route)
                return route, dict(zip(names, found.groups(), strict=True))
        return None, {}

    def _event(
        self,
        method: str,
        target: str,
        route: str,
        captured: Mapping[str, str],
        headers: Headers,
        body: bytes,
        client: str,
        context: Context,
    ) -> dict[str, Any]:
        address = urlsplit(target)
        query = parse_qs(address.query, keep_blank_values=True)
        many: dict[str, list[str]] = {}
        for name, value in headers:
            many.setdefault(name, []).append(value)
        forwarded = next((name for name in many if name.lower() == "x-forwarded-for"), "X-Forwarded-For")
        many[forwarded] = [", ".join([*many.get(forwarded, []), client])]
        many["X-Forwarded-Proto"] = ["http"]
        lower = {name.lower(): values[-1] for name, values in many.items()}
        moment = time.time()
        event: dict[str, Any] = {
            "resource": route,
            "path": address.path,
            "httpMethod": method,
            "headers": {name: values[-1] for name, values in many.items()},
            "multiValueHeaders": many,
            # API Gateway sends null where there is nothing.
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": dict(captured) or None,
            "stageVariables": None,
            "requestContext": {
                "resourceId": "local",
                "resourcePath": route,
                "httpMethod": method,
                "path": address.path,
                "accountId": self._account_id,
                "apiId": "local",
                "stage": self._stage,
                "domainName": lower.get("host", ""),
                "protocol": "HTTP/1.1",
                "requestId": context.aws_request_id,
                "extendedRequestId": context.aws_request_id,
                "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(moment)),
                "requestTimeEpoch": int(moment * 1000),
                "identity": {"sourceIp": client, "userAgent": lower.get("user-agent")},
            },
            "body": None,
            "isBase64Encoded": False,
        }
        if body:
            kind = lower.get("content-type", "").partition(";")[0].strip().lower()
            event["isBase64Encoded"] = kind in self._app.api.binary_types
            # What is not UTF-8 reaches a Lambda with replacement characters.
            event["body"] = (
                base64.b64encode(body).decode()
                if event["isBase64Encoded"]
                else body.decode("utf-8", "replace")
            )
        return event

    def _authorize(self, event: dict[str, Any], route: str, method: str, context: Context) -> Answer | None:
        """Ask the route's authorizer; puts what it says into the event, or answers why not."""
        entry = self._app.routes[route].get(method)
        if entry is None or entry.authorizer is None:
            return None
        authorizer: object = entry.authorizer
        if not isinstance(authorizer, ChaliceAuthorizer):
            raise TypeError(f"{route}: the local gateway knows only authorizers that the app itself defines")
        wanted = (authorizer.config.header or "Authorization").lower()
        token = next((value for name, value in event["headers"].items() if name.lower() == wanted), "")
        if not token:
            return _gateway_answer(401, {"message": "Unauthorized"}, context, "UnauthorizedException")
        arn = f"arn:aws:execute-api:{REGION}:{self._account_id}:local/{self._stage}/{method}{event['path']}"
        asked = Context(
            f"{self._app.app_name}-{self._stage}-{authorizer.name}",
            region=REGION,
            account_id=self._account_id,
            seconds=10,
        )
        try:
            asking = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
            said = authorizer(asking, cast("dict[str, Any]", asked))  # Chalice calls a context a dict
            principal, claims = said["principalId"], said.get("context") or {}
            effect = _effect(said["policyDocument"], arn)
        except Exception as error:  # noqa: BLE001  # the authorizer is the app's, and this is what AWS makes of it
            if str(error) == "Unauthorized":
                return _gateway_answer(401, {"message": "Unauthorized"}, context, "UnauthorizedException")
            traceback.print_exc()
            return _gateway_answer(500, {"message": None}, context, "AuthorizerFailureException")
        if effect != "Allow":
            words = "User is not authorized to access this resource"
            if effect == "Deny":
                words += " with an explicit deny"
            return _gateway_answer(403, {"Message": words}, context, "AccessDeniedException")
        if not all(isinstance(value, str | int | float | bool) for value in claims.values()):
            return _gateway_answer(500, {"message": None}, context, "AuthorizerConfigurationException")
        event["requestContext"]["authorizer"] = {
            **{name: _as_text(value) for name, value in claims.items()},
            "principalId": principal,
            "integrationLatency": 0,
        }
        return None

    def _preflight(self, route: str) -> Answer:
        """CORS preflight: API Gateway answers it itself, from what Chalice put into the API's definition."""
        routed: Mapping[str, Any] = self._app.routes[route]  # typed as if each had CORS
        entries = {method: entry for method, entry in routed.items() if entry.cors is not None}
        if not entries:
            return Answer(200, [("Access-Control-Allow-Methods", "OPTIONS")])
        allowed = next(iter(entries.values())).cors.get_access_control_headers()
        methods = ",".join([*entries, "OPTIONS"])
        return Answer(200, [*allowed.items(), ("Access-Control-Allow-Methods", methods)])


def _pattern(route: str) -> str:
    parts = []
    for part in route.split("/"):
        if part.startswith("{"):
            parts.append("(.+)" if part.endswith("+}") else "([^/]+)")
        else:
            parts.append(re.escape(part))
    return "/".join(parts)


def _effect(policy: Mapping[str, Any], arn: str) -> str | None:
    """``Deny`` if any statement says so, else ``Allow`` if one does, else None."""
    effects = set()
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            if re.fullmatch(re.escape(resource).replace(r"\*", ".*").replace(r"\?", "."), arn):
                effects.add(statement["Effect"])
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else None


def _as_text(value: object) -> str:
    """Claims reach the handler as text, whatever the authorizer gave."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _proxied(answer: Mapping[str, Any], context: Context) -> Answer:
    """A Lambda's answer as API Gateway sends it on."""
    if len(json.dumps(answer)) > MAX_ANSWER:
        return _gateway_answer(502, {"message": "Internal server error"}, context)
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers += [(name, str(value)) for value in values]
    headers.append(("x-amzn-RequestId", context.aws_request_id))
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Answer(int(answer["statusCode"]), headers, data)


def _gateway_answer(status: int, body: object, context: Context, kind: str | None = None) -> Answer:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", context.aws_request_id)]
    if kind is not None:
        headers.append(("x-amzn-ErrorType", kind))
    return Answer(status, headers, json.dumps(body).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "pro-local"
    sys_version = ""
    # One packet per answer: headers and body in two would wait 40 ms for each other (Nagle, delayed ACK).
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75  # seconds that an idle connection is kept

    server: Server

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            return
        client = self.client_address[0]
        path = urlsplit(self.path).path
        page = self.server.page(path)
        if page is not None:
            answer = self._page(page, path, body, client)
        else:
            answer = self.server.gateway.handle(self.command, self.path, self.headers.items(), body, client)
        self._send(answer)

    def __getattr__(self, name: str) -> Any:
        """The library looks for do_GET and its like; the app decides which methods there are."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _page(self, page: Page, path: str, body: bytes, client: str) -> Answer:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, said, data = page(LocalRequest(self.command, path, query, headers, body, client))
        except Exception:  # noqa: BLE001  # a broken page must not take the connection with it
            traceback.print_exc()
            return Answer(
                500, [("Content-Type", "text/plain; charset=utf-8")], traceback.format_exc().encode()
            )
        return Answer(status, list(said.items()), data)

    def _body(self) -> bytes | None:
        """The request's body; None if it was refused, and the answer sent."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        given = self.headers.get("Content-Length", "0")
        if not given.isdigit():
            return self._refuse(400, "Bad Request")
        if int(given) > MAX_REQUEST:
            return self._refuse(413, "Request Too Long")
        body = self.rfile.read(int(given))
        return body if len(body) == int(given) else self._refuse(400, "Bad Request")

    def _chunks(self) -> bytes | None:
        body = bytearray()
        try:
            while size := int(self.rfile.readline(100).partition(b";")[0], 16):
                if size < 0 or len(body) + size > MAX_REQUEST:
                    return self._refuse(413, "Request Too Long")
                body += self.rfile.read(size)
                self.rfile.readline(3)
            while self.rfile.readline(1000).strip():  # trailers
                pass
        except ValueError:
            return self._refuse(400, "Bad Request")
        return bytes(body)

    def _refuse(self, status: int, words: str) -> bytes | None:
        # What follows on this connection would be the rest of the body.
        self.close_connection = True
        body = json.dumps({"message": words}).encode()
        self._send(Answer(status, [("Content-Type", "application/json"), ("Connection", "close")], body))
        return None

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)

    def log_message(self, *said: Any) -> None:
        """The app logs its requests; a second line helps nobody."""


class Server(ThreadingHTTPServer):
    """The whole service on loopback: ``pages`` first, then the gateway.

    ``pages`` maps a path to what serves it; one that ends in ``/`` serves all below it, but for ``/`` itself, which is
    one page. It may grow later.
    """

    daemon_threads = True
    request_queue_size = 256  # fifty clients that retry at once must not be turned away

    def __init__(self, port: int, gateway: Gateway, pages: dict[str, Page] | None = None) -> None:
        self.gateway = gateway
        self.pages: dict[str, Page] = {} if pages is None else pages
        super().__init__(("127.0.0.1", port), _Handler)

    def page(self, path: str) -> Page | None:
        """What serves ``path``: the page itself, else the longest folder above it."""
        if path in self.pages:
            return self.pages[path]
        folders = (folder for folder in self.pages if folder.endswith("/") and folder != "/")
        above = [folder for folder in folders if path.startswith(folder)]
        return self.pages[max(above, key=len)] if above else None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is no fault of ours; anything else is shown."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
