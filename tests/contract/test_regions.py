"""Where everything runs (PP 71/2019): each service and region that templates, policies and code name, and no other."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra import topics
from local.apply import read_template
from tests.stack import PROJECT

HOME, VIRGINIA = "ap-southeast-3", "us-east-1"
TEMPLATES = {path.stem: read_template(path) for path in sorted((PROJECT / "infra").glob("*.yaml"))}

SERVICE_OF_TYPE = {
    "ApiGateway": "apigateway",
    "CertificateManager": "acm",
    "CloudFront": "cloudfront",
    "CloudWatch": "cloudwatch",
    "Cognito": "cognito",
    "DynamoDB": "dynamodb",
    "KMS": "kms",
    "Lambda": "lambda",
    "Logs": "logs",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "WAFv2": "wafv2",
}
OTHER_NAMES = {"sesv2": "ses", "cognito-idp": "cognito"}
"""Services that boto3 calls otherwise than IAM does."""

MAY_NAME_VIRGINIA = {
    "infra/global.yaml": "is deployed there",
    "infra/edge.yaml": "takes the certificate and the web ACL from there",
    "infra/prices.toml": "says of which region a list price is",
    "infra/target.py": "says to the deploy where global.yaml goes",
}

_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-(?:gov-)?(?:[a-z]+)-\d\b")


def page() -> dict[str, str]:
    """What the service itself runs on, and where."""
    return _table("service")


def tools() -> dict[str, str]:
    """What an operator's tools ask besides, and where."""
    return _table("asked by tools")


def _table(heading: str) -> dict[str, str]:
    text = (PROJECT / "docs" / "data-at-home.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"| {heading} |")
    return dict(
        re.findall(r"^\| `([\w-]+)` \| ([\w, -]+) \| .{5,} \|$", rest.partition("\n\n")[0], re.MULTILINE)
    )


def in_templates() -> dict[str, set[str]]:
    """Services by template."""
    found = {
        name: {
            SERVICE_OF_TYPE[resource["Type"].split("::")[1]] for resource in template["Resources"].values()
        }
        for name, template in TEMPLATES.items()
    }
    from chalicelib import cities

    made = topics.template(cities.load("denpasar"))["Resources"].values()
    found["topics"] = {SERVICE_OF_TYPE[resource["Type"].split("::")[1]] for resource in made}
    return found


def in_policies() -> set[str]:
    found = set()
    for path in (PROJECT / ".chalice").glob("policy-*.json"):
        for statement in json.loads(path.read_text(encoding="utf-8"))["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                found.add(action.partition(":")[0])
    return found


def calls_of_boto(folder: str = "chalicelib") -> Iterator[tuple[Path, ast.Call]]:
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("client", "Session", "resource")
            ):
                yield path, node


def in_code(folder: str = "chalicelib") -> set[str]:
    found = {"dynamodb"}  # by way of PynamoDB
    for _, call in calls_of_boto(folder):
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.add(OTHER_NAMES.get(first.value, first.value))
    return found


def test_every_service_that_is_touched_is_on_the_page_and_no_other() -> None:
    # Chalice makes the functions, the API, the schedules and the roles.
    touched = {"lambda", "apigateway", *in_policies(), *in_code()}
    for services in in_templates().values():
        touched |= services
    assert touched == set(page())


def test_every_service_that_an_operator_s_tools_ask_is_on_the_page() -> None:
    assert in_code("infra") <= set(page()) | set(tools())
    assert not set(page()) & set(tools())
    assert {where for service, where in tools().items() if service != "cloudformation"} == {HOME}


def test_everything_that_can_hold_what_people_sent_is_at_home() -> None:
    elsewhere = {service: where for service, where in page().items() if where != HOME}
    # The certificate and the web ACL, and the distribution that both are for.
    assert elsewhere == {"acm": VIRGINIA, "wafv2": f"{HOME}, {VIRGINIA}", "cloudfront": "everywhere"}


def test_only_certificate_and_web_acl_are_in_virginia() -> None:
    types = {resource["Type"] for resource in TEMPLATES["global"]["Resources"].values()}
    assert types == {"AWS::CertificateManager::Certificate", "AWS::WAFv2::WebACL"}
    (rule,) = TEMPLATES["global"]["Rules"].values()
    assert rule["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, VIRGINIA]}


@pytest.mark.parametrize(("template", "acl"), [("global", "EdgeAcl"), ("edge", "ApiAcl")])
def test_no_web_acl_keeps_a_sample_of_a_request(template: str, acl: str) -> None:
    said = json.dumps(TEMPLATES[template]["Resources"][acl])
    assert '"SampledRequestsEnabled": true' not in said
    assert said.count('"SampledRequestsEnabled": false') == said.count('"VisibilityConfig"')
    assert not any("Logging" in r["Type"] for r in TEMPLATES[template]["Resources"].values())


def test_nothing_is_copied_to_another_region() -> None:
    for name, template in TEMPLATES.items():
        said = json.dumps(template)
        for word in (
            "GlobalTable",
            "ReplicationConfiguration",
            "ReplicaSpecification",
            "MultiRegion",
            "S3KeyPrefix",
        ):
            assert word not in said, (name, word)


def test_no_file_names_a_region_but_home() -> None:
    files = [
        *(PROJECT / "infra").glob("*.*"),
        *(PROJECT / ".chalice").glob("*.json"),
        *(PROJECT / "chalicelib").rglob("*.py"),
        PROJECT / "app.py",
    ]
    for path in files:
        name = path.relative_to(PROJECT).as_posix()
        named = set(_REGION.findall(path.read_text(encoding="utf-8")))
        allowed = {HOME, VIRGINIA} if name in MAY_NAME_VIRGINIA else {HOME}
        assert named <= allowed, name


def test_the_code_asks_for_no_region_of_its_own() -> None:
    # Where Lambda runs is where its clients call.
    made: Mapping[str, list[str]] = {
        path.name: [keyword.arg or "" for keyword in call.keywords] for path, call in calls_of_boto()
    }
    assert made
    assert all("region_name" not in keywords for keywords in made.values())
    assert not re.search(
        r"^\s*region\s*=", (PROJECT / "chalicelib/store/tables.py").read_text(), re.MULTILINE
    )


def test_every_policy_names_home() -> None:
    for path in (PROJECT / ".chalice").glob("policy-*.json"):
        for arn in re.findall(r'"(arn:aws:[^"]+)"', path.read_text(encoding="utf-8")):
            # What DirectSms leaves out; and a bucket's name is the only one of its kind, so its ARN holds no region.
            if arn != "arn:aws:sns:*:*:*" and not arn.startswith("arn:aws:s3:::pro-*-photos-*"):
                assert arn.split(":")[3] == HOME, (path.name, arn)
