"""A stand-in for a clean AWS account: moto, mended where Chalice and it disagree. A program that serves until killed.

moto keeps what it is told and runs none of it, so what a test sees here is what *would be made*; docs/unproven.md says
what only AWS can show.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any


def mend() -> None:
    """What stock moto gets wrong about an API that is imported as Swagger 2.0, as Chalice does."""
    from moto.apigateway.models import APIGatewayBackend

    put = APIGatewayBackend.put_rest_api
    bring = APIGatewayBackend.import_rest_api

    def described(document: dict[str, Any]) -> dict[str, Any]:
        document["info"].setdefault("description", "")
        if document.pop("swagger", None):
            document["openapi"] = "3.0.1"
        for path in document.get("paths", {}).values():
            for method in path.values():
                integration = method.get("x-amazon-apigateway-integration", {})
                if integration.get("type") == "mock":  # moto asks for what a mock has not
                    integration.setdefault("uri", "")
                    integration.setdefault("httpMethod", "POST")
        return document

    def put_rest_api(self: Any, function_id: str, api_doc: dict[str, Any], *more: Any, **named: Any) -> Any:
        return put(self, function_id, described(api_doc), *more, **named)

    def import_rest_api(self: Any, api_doc: dict[str, Any], *more: Any, **named: Any) -> Any:
        return bring(self, described(api_doc), *more, **named)

    APIGatewayBackend.put_rest_api = put_rest_api  # type: ignore[method-assign]  # moto offers no hook
    APIGatewayBackend.import_rest_api = import_rest_api  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", required=True)
    given = parser.parse_args()
    mend()
    from moto.server import main as serve

    sys.exit(serve(["-H", "127.0.0.1", "-p", given.port]))


if __name__ == "__main__":
    main()
