"""A stand-in for an AWS account, to deploy to: moto on a port of its own, and what moto lacks or answers wrongly.

Everything proven on it is simulated, and the tests that use it say so in their names. It is a class with plain
attributes: a test changes what "AWS" answers by setting one.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from werkzeug.serving import make_server

from tests import account

StartResponse = Callable[..., Any]
Environ = dict[str, Any]
PROBLEM = "application/problem+json"


class StandIn:
    """One account, and the city's site as it would be behind the edge. ``url`` is where both are."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        _mend_moto()
        self.sandbox = False
        self.sms_limit = 500.0
        self.sender_registered: bool | None = True
        self.sms_refused = False
        self.concurrency = 1000
        self.quotas = 2500.0
        self.region_state = "opted-in"
        self.sweep_answer: object = {"finished": True}
        self.direct_refused = True
        self.break_on: str = ""
        """An API action (``CreateFunction``, ``POST /restapis`` ...) that answers 500 for as long as it stands here."""
        self.calls: list[str] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._one_at_a_time = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """An empty account that answers as a good one does."""
        client = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=60)
        client.request("POST", "/moto-api/reset")
        assert client.getresponse().status == 200
        client.close()
        self.sandbox, self.sms_limit, self.sender_registered, self.sms_refused = False, 500.0, True, False
        self.concurrency, self.quotas, self.region_state = 1000, 2500.0, "opted-in"
        self.sweep_answer, self.break_on, self.direct_refused = {"finished": True}, "", True
        self.calls.clear()

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        asked = (
            parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0] or target or f"{method} {path}"
        )
        self.calls.append(asked)
        if self.break_on and re.search(self.break_on, asked):
            return _refusal(start, environ, asked)
        if path.startswith("/langsung"):
            return _json(start, 403 if self.direct_refused else 200, {})
        if path.startswith("/situs"):
            return self._site(path.removeprefix("/situs"), environ, start)
        if self.sms_refused and asked == "GetSMSSandboxAccountStatus":
            return _refusal(start, environ, asked)
        special = self._special(asked, path, body)
        if special is not None:
            return _json(start, *special) if not isinstance(special, str) else _xml(start, special)
        if method == "PUT" and path.startswith("/tags/arn"):
            with self._one_at_a_time:
                self._apis()[path.rpartition("/")[2]].tags.update(json.loads(body)["tags"])
            return _json(start, 204, {})
        environ["wsgi.input"] = _Again(body)
        with self._one_at_a_time:
            return list(self._moto(environ, start))

    def _special(self, asked: str, path: str, body: bytes) -> tuple[int, object] | str | None:
        match asked:
            case "GetSMSSandboxAccountStatus":
                inside = f"<IsInSandbox>{str(self.sandbox).lower()}</IsInSandbox>"
                return f"<{asked}Response><{asked}Result>{inside}</{asked}Result></{asked}Response>"
            case "DescribeSpendLimits":
                limit = {"Name": "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", "EnforcedLimit": self.sms_limit}
                return 200, {"SpendLimits": [{**limit, "MaxLimit": self.sms_limit, "Overridden": False}]}
            case "DescribeSenderIds":
                known = [] if self.sender_registered is None else [{"Registered": self.sender_registered}]
                return 200, {"SenderIds": known}
            case "GetServiceQuota":
                return 200, {"Quota": {"QuotaCode": json.loads(body)["QuotaCode"], "Value": self.quotas}}
            case "DescribeRegions":
                state = f"<optInStatus>{self.region_state}</optInStatus>"
                item = f"<item><regionName>ap-southeast-3</regionName>{state}</item>"
                return f"<DescribeRegionsResponse><regionInfo>{item}</regionInfo></DescribeRegionsResponse>"
        if path.endswith(("/account-settings", "/account-settings/")):
            return 200, {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}
        if path.endswith("/invocations"):
            return 200, self.sweep_answer
        return None

    def _site(self, path: str, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        """What a caller sees; the gateway's own answers are those that the gateway was given."""
        headers = [("Access-Control-Allow-Origin", "*")]
        if path == "/v1/health":
            return _json(start, 200, {"status": "ok"}, headers)
        if path == "/":
            start(
                "200 OK", [("Content-Type", "text/html"), ("Content-Security-Policy", "default-src 'self'")]
            )
            return [b"<!doctype html>"]
        if path == "/v1/me/complaints":
            return _json(start, 401, {"status": 401}, headers)
        given = self._gateway_answers()
        if "MISSING_AUTHENTICATION_TOKEN" not in given:
            return _json(start, 403, {"message": "Missing Authentication Token"})
        return _json(start, 403, {"status": 403}, [*headers, ("Content-Type", PROBLEM)])

    def wipe_gateway_answers(self) -> None:
        """What a re-import does."""
        for api in self._apis().values():
            api.gateway_responses.clear()

    def _gateway_answers(self) -> set[str]:
        with self._one_at_a_time:
            return {kind for api in self._apis().values() for kind in api.gateway_responses}

    def _apis(self) -> dict[str, Any]:
        from moto.apigateway.models import apigateway_backends

        apis: dict[str, Any] = apigateway_backends["123456789012"]["ap-southeast-3"].apis
        return apis


class _Again:
    """A request's body, read once already."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    def read(self, size: int = -1) -> bytes:
        size = len(self._left) if size < 0 else size
        now, self._left = self._left[:size], self._left[size:]
        return now

    def readline(self, size: int = -1) -> bytes:
        end = self._left.find(b"\n") + 1 or len(self._left)
        return self.read(end)


def _json(
    start: StartResponse, status: int, answer: object, headers: list[tuple[str, str]] | None = None
) -> Iterable[bytes]:
    body = json.dumps(answer).encode()
    given = headers or []
    kind = [] if any(name == "Content-Type" for name, _ in given) else [("Content-Type", "application/json")]
    start(f"{status} -", [*kind, *given, ("Content-Length", str(len(body)))])
    return [body]


def _refusal(start: StartResponse, environ: Environ, asked: str) -> Iterable[bytes]:
    """A refusal in the words of the service that was asked."""
    if environ.get("HTTP_X_AMZ_TARGET") or re.search(r"^\w+ /(\d{4}-\d\d-\d\d|restapis)", asked):
        return _json(start, 400, {"__type": "RefusedInTest", "message": "refused in the test"})
    error = "<Error><Code>RefusedInTest</Code><Message>refused in the test</Message></Error>"
    return _xml(start, error if " /" in asked else f"<ErrorResponse>{error}</ErrorResponse>", "400 -")


def _xml(start: StartResponse, text: str, status: str = "200 OK") -> Iterable[bytes]:
    start(status, [("Content-Type", "text/xml"), ("Content-Length", str(len(text)))])
    return [text.encode()]


_mended = False


def _mend_moto() -> None:
    """What a deploy by change sets and a record made from what AWS reports need of moto, beside `account.mend`."""
    global _mended
    if _mended:
        return
    _mended = True
    account.mend()
    from moto.cloudformation.models import CloudFormationBackend

    execute = CloudFormationBackend.execute_change_set

    def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        """A stack made by a change set has outputs and exports, too, and may import those of others."""
        for stack in self.stacks.values():
            stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
        execute(self, change_set_name, stack_name)
        for stack in self.stacks.values():
            stack._parse_template()
            stack.output_map = stack._create_output_map()
            for export in stack.exports:
                self.exports[export.name] = export

    def list_event_source_mappings(self: Any, event_source_arn: str, function_name: str) -> list[Any]:
        """By the function's name, also where the mapping was made with its ARN."""
        return [
            each
            for each in self._event_source_mappings.values()
            if not function_name or each.function_arn.rpartition(":")[2] == function_name.rpartition(":")[2]
        ]

    from moto.awslambda.models import LambdaBackend
    from moto.cloudformation import parsing
    from moto.cloudformation.exceptions import ValidationError
    from moto.dynamodb.models.table import Table
    from moto.kms.models import Key

    make_table, make_key = Table.create_from_cloudformation_json, Key.create_from_cloudformation_json

    def table(name: str, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        """CloudFormation's spelling of encryption is not the API's."""
        said = properties["Properties"].pop("SSESpecification", None)
        made = make_table(name, properties, *rest, **named)
        if said and said.get("SSEEnabled"):
            made.sse_specification = {"Enabled": True, **said}
        return made

    def key(name: str, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        """A key's policy is text, as the API gives it."""
        properties["Properties"]["KeyPolicy"] = json.dumps(properties["Properties"]["KeyPolicy"])
        return make_key(name, properties, *rest, **named)

    Table.create_from_cloudformation_json = table  # type: ignore[method-assign]
    Key.create_from_cloudformation_json = key  # type: ignore[method-assign]
    parse = parsing.parse_output

    def parse_output(*given: Any) -> Any:
        """An output that names a resource which moto drops is missing, and no crash."""
        try:
            return parse(*given)
        except ValidationError:
            return None

    parsing.parse_output = parse_output
    LambdaBackend.list_event_source_mappings = list_event_source_mappings  # type: ignore[method-assign]
    CloudFormationBackend.execute_change_set = execute_change_set  # type: ignore[method-assign]
