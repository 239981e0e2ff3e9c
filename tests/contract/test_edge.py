"""What stands in front of the API: its own answers in our shape, the one door, the headers. As the templates say it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib.http import problems
from local.apply import read_template
from tests.stack import PROJECT

EDGE = read_template(PROJECT / "infra" / "edge.yaml")
DATA = read_template(PROJECT / "infra" / "data.yaml")["Resources"]
MADE = EDGE["Resources"]
ANSWERS: dict[str, dict[str, Any]] = {
    resource["Properties"]["ResponseType"]: resource["Properties"]
    for resource in MADE.values()
    if resource["Type"] == "AWS::ApiGateway::GatewayResponse"
}
DISTRIBUTION = MADE["Distribution"]["Properties"]["DistributionConfig"]

# The gateway's own answers ------------------------------------------------------------------------------------


def words() -> dict[str, set[str]]:
    """The titles of every slug of the app, in both languages, as a gateway has to say them."""
    told: dict[str, set[str]] = {}
    for _, slug, titles in (*problems.TABLE.values(), *((0, *each) for each in problems.PLAIN.values())):
        told.setdefault(slug, set()).add(f"{titles['id']} / {titles['en']}")
    return told


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_the_gateway_refuses_as_the_app_does(kind: str) -> None:
    answer = ANSWERS[kind]
    headers = {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in answer["ResponseParameters"].items()
    }
    body = json.loads(answer["ResponseTemplates"]["application/json"])
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    slug = body["type"].removeprefix("/problems/")
    assert body["title"] in words()[slug]
    assert f"## {slug}\n" in (PROJECT / "docs" / "problems.md").read_text(encoding="utf-8")
    if kind.startswith("DEFAULT_"):
        assert "StatusCode" not in answer  # whatever it was
    else:
        assert str(body["status"]) == answer["StatusCode"]
    assert ("Retry-After" in headers) is (body["status"] in (429, 503))


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_browser_of_another_site_may_read_the_gateway_s_refusal(kind: str) -> None:
    from app import app

    assert app.api.cors is not True
    wanted = app.api.cors.get_access_control_headers()
    told = ANSWERS[kind]["ResponseParameters"]
    origin = told["gatewayresponse.header.Access-Control-Allow-Origin"]
    assert origin == f"'{wanted['Access-Control-Allow-Origin']}'"
    named = set(told["gatewayresponse.header.Access-Control-Allow-Headers"].strip("'").split(","))
    assert {"Authorization", "Idempotency-Key", "If-Match", "Accept-Language"} <= named
    assert named <= {*wanted["Access-Control-Allow-Headers"].split(",")}
    exposed = told["gatewayresponse.header.Access-Control-Expose-Headers"].strip("'")
    assert exposed == wanted["Access-Control-Expose-Headers"]


def test_every_answer_that_a_gateway_makes_is_ours() -> None:
    # What has none of its own falls to these two.
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(ANSWERS)
    # An unknown path is 403 "Missing Authentication Token" to a gateway, and 404 to everybody else.
    assert ANSWERS["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    assert ANSWERS["UNAUTHORIZED"]["StatusCode"] == "401"
    assert ANSWERS["THROTTLED"]["StatusCode"] == "429"


# The one door -------------------------------------------------------------------------------------------------


def test_a_call_past_the_edge_is_refused_and_two_secrets_are_good_while_one_is_changed() -> None:
    acl = MADE["ApiAcl"]["Properties"]
    assert acl["DefaultAction"] == {"Block": {}}
    first, second = acl["Rules"]
    assert second["Fn::If"][0] == "HasSecretBefore"
    for rule, secret in ((first, "EdgeSecret"), (second["Fn::If"][1], "EdgeSecretBefore")):
        match = rule["Statement"]["ByteMatchStatement"]
        assert rule["Action"] == {"Allow": {}}
        assert match["FieldToMatch"] == {"SingleHeader": {"Name": "x-edge-secret"}}
        assert (match["PositionalConstraint"], match["SearchString"]) == ("EXACTLY", {"Ref": secret})
        assert EDGE["Parameters"][secret]["NoEcho"] is True
    association = MADE["ApiAclAssociation"]["Properties"]
    assert association["ResourceArn"]["Fn::Sub"].endswith("/restapis/${ApiId}/stages/${Stage}")


def test_the_api_knows_a_new_secret_before_the_edge_sends_it() -> None:
    (api,) = [origin for origin in DISTRIBUTION["Origins"] if origin["Id"] == "api"]
    assert api["OriginCustomHeaders"] == [
        {"HeaderName": "X-Edge-Secret", "HeaderValue": {"Ref": "EdgeSecret"}}
    ]
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert MADE["Distribution"]["DependsOn"] == "ApiAclAssociation"
    assert MADE["ApiAclAssociation"]["Properties"]["WebACLArn"] == {"Fn::GetAtt": ["ApiAcl", "Arn"]}


def test_the_caller_s_address_comes_from_the_edge_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from types import SimpleNamespace

    from chalicelib import settings as current
    from chalicelib.http import requests

    header = EDGE["Outputs"]["ClientHeader"]["Value"]
    code = MADE["TellsTheAddress"]["Properties"]["FunctionCode"]["Fn::Sub"]
    assert f"request.headers['{header.lower()}'] = {{value: event.viewer.ip}}" in code
    associated = DISTRIBUTION["DefaultCacheBehavior"]["FunctionAssociations"]
    assert associated == [
        {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["TellsTheAddress", "FunctionARN"]}}
    ]
    request: Any = SimpleNamespace(
        headers={header: "203.0.113.9"}, context={"identity": {"sourceIp": "198.51.100.1"}}
    )
    assert requests.client(request) == "198.51.100.1"  # no edge: anybody may have written it
    behind = replace(current.settings(), client_header=header)
    monkeypatch.setattr(requests, "settings", lambda: behind)
    assert requests.client(request) == "203.0.113.9"
    request.headers[header] = "not an address"
    assert requests.client(request) == "198.51.100.1"


# Headers and caches -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["AppHeaders", "WebHeaders"])
def test_every_answer_bears_strict_headers(policy: str) -> None:
    config = MADE[policy]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31536000
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    assert security["ContentTypeOptions"] == {"Override": True}
    content = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    text = content if isinstance(content, str) else content["Fn::Sub"][0]
    assert text.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in text
    for word in ("unsafe", "*", "http:"):
        assert word not in text


def test_what_a_page_says_of_itself_is_not_written_over() -> None:
    # A page whose path holds a secret says no-referrer; the edge's word is for answers that say nothing.
    security = MADE["AppHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert security["ReferrerPolicy"]["Override"] is False
    assert security["ContentSecurityPolicy"]["Override"] is False


def test_the_web_client_may_reach_the_photo_bucket_that_the_data_stack_makes() -> None:
    content = MADE["WebHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    _, given = content["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    bucket = DATA["PhotoBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    assert given["Photos"]["Fn::Sub"].startswith(f"https://{bucket}.s3.")
    (web,) = [origin for origin in DISTRIBUTION["Origins"] if origin["Id"] == "web"]
    assert web["DomainName"]["Fn::Sub"].startswith(DATA["WebBucket"]["Properties"]["BucketName"]["Fn::Sub"])


def test_nobody_is_shown_what_was_drawn_for_another() -> None:
    cache = MADE["AppCache"]["Properties"]["CachePolicyConfig"]
    key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
    assert (cache["MinTTL"], cache["DefaultTTL"]) == (0, 0)  # what says nothing is not kept
    assert key["CookiesConfig"]["CookieBehavior"] == "all"
    assert key["QueryStringsConfig"]["QueryStringBehavior"] == "all"
    assert {"Accept-Language", "Authorization"} <= set(key["HeadersConfig"]["Headers"])
    kept = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in DISTRIBUTION["CustomErrorResponses"]}
    assert set(kept.values()) == {0}
    assert {403, 404, 500, 502, 503, 504} <= set(kept)


def test_everybody_comes_over_tls() -> None:
    behaviours = [DISTRIBUTION["DefaultCacheBehavior"], *DISTRIBUTION["CacheBehaviors"]]
    assert {each["ViewerProtocolPolicy"] for each in behaviours} == {"redirect-to-https"}
    certificate = DISTRIBUTION["ViewerCertificate"]["Fn::If"][1]
    assert certificate["MinimumProtocolVersion"] == "TLSv1.2_2021"
    buckets = {name for name, resource in DATA.items() if resource["Type"] == "AWS::S3::Bucket"}
    told = {
        resource["Properties"]["Bucket"]["Ref"]: resource["Properties"]["PolicyDocument"]["Statement"]
        for resource in DATA.values()
        if resource["Type"] == "AWS::S3::BucketPolicy"
    }
    assert set(told) == buckets
    for name in buckets:
        deny = told[name][0]
        assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": False}})
        bucket = DATA[name]["Properties"]
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["LifecycleConfiguration"]["Rules"]


def test_whoever_signs_in_by_the_pool_has_a_second_factor() -> None:
    pool = DATA["UserPool"]["Properties"]
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    client = DATA["UserPoolClient"]["Properties"]
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]


def test_every_excuse_of_the_security_scan_gives_its_reason() -> None:
    for part in ("data", "edge", "global"):
        for name, resource in read_template(PROJECT / "infra" / f"{part}.yaml")["Resources"].items():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
                assert re.fullmatch(r"CKV2?_AWS_\d+", skip["id"]), name
                assert len(skip["comment"]) > 30, name


def test_no_way_leads_from_the_edge_to_the_photos() -> None:
    """So hiding or erasing one leaves nothing at the edge: people read copies from the bucket, by links of minutes."""
    origins = {origin["Id"]: json.dumps(origin["DomainName"]) for origin in DISTRIBUTION["Origins"]}
    assert set(origins) == {"api", "web"}
    assert "execute-api" in origins["api"]
    assert "-web-" in origins["web"]
    behaviours = [DISTRIBUTION["DefaultCacheBehavior"], *DISTRIBUTION["CacheBehaviors"]]
    assert {each["TargetOriginId"] for each in behaviours} == {"api", "web"}
    bucket = DATA["PhotoBucket"]["Properties"]
    assert "-photos-" in json.dumps(bucket["BucketName"])
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    statements = DATA["PhotoBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}  # nobody is let in, CloudFront not either
