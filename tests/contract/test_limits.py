"""docs/limits.md against the templates, the settings of the functions and the code: a page that cannot lie."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib import pictures
from chalicelib.domain import photos as rules
from chalicelib.http import requests
from chalicelib.usecases import handling, intake, photos, pins, search, signin
from local.apply import read_template
from tests.stack import PROJECT

CONFIG: Mapping[str, Any] = json.loads((PROJECT / ".chalice" / "config.json").read_text(encoding="utf-8"))
EDGE = read_template(PROJECT / "infra" / "edge.yaml")["Resources"]
GLOBAL = read_template(PROJECT / "infra" / "global.yaml")["Resources"]
LIMITED_STAGES = ("staging", "prod")
ACCOUNT_CONCURRENCY, KEPT_UNRESERVED = 1000, 100
"""AWS's own: what an account may run at a time by default, and what of it cannot be reserved."""


def told() -> dict[str, int]:
    page = (PROJECT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert all(len(why) > 5 for _, _, why in rows)
    assert len(rows) == len({name for name, _, _ in rows})
    return {name: int(number) for name, number, _ in rows}


def edge_rules() -> dict[str, Any]:
    return {rule["Name"]: rule["Statement"] for rule in GLOBAL["EdgeAcl"]["Properties"]["Rules"]}


def reserved(stage: str) -> dict[str, int]:
    functions = CONFIG["stages"][stage]["lambda_functions"]
    return {name: functions[name]["reserved_concurrency"] for name in CONFIG["lambda_functions"]}


def set_at_the_edge() -> dict[str, int]:
    rules = edge_rules()
    distribution = EDGE["Distribution"]["Properties"]["DistributionConfig"]
    (api,) = [origin for origin in distribution["Origins"] if origin["Id"] == "api"]
    assert all(
        rule["RateBasedStatement"]["EvaluationWindowSec"] == 300
        for rule in rules.values()
        if "RateBasedStatement" in rule
    )
    return {
        "edge-body-bytes": rules["body-too-large"]["SizeConstraintStatement"]["Size"],
        "edge-sign-ins-per-address-5min": rules["flood-of-sign-ins"]["RateBasedStatement"]["Limit"],
        "edge-writes-per-address-5min": rules["flood-of-writes"]["RateBasedStatement"]["Limit"],
        "edge-reads-per-address-5min": rules["flood-of-reads"]["RateBasedStatement"]["Limit"],
        "edge-cache-seconds": EDGE["AppCache"]["Properties"]["CachePolicyConfig"]["MaxTTL"],
        "origin-read-seconds": api["CustomOriginConfig"]["OriginReadTimeout"],
    }


def set_at_the_gateway() -> dict[str, int]:
    plan = EDGE["PartnerPlan"]["Properties"]
    return {
        "partner-requests-per-second": plan["Throttle"]["RateLimit"],
        "partner-burst": plan["Throttle"]["BurstLimit"],
        "partner-requests-per-day": plan["Quota"]["Limit"],
    }


def set_for_functions() -> dict[str, int]:
    from app import app

    kept = reserved("prod")
    (relay,) = [source for source in app.event_sources if source.name == "relay_notices"]
    retries = {
        each["Properties"]["MaximumRetryAttempts"]
        for each in EDGE.values()
        if each["Type"] == "AWS::Lambda::EventInvokeConfig"
    }
    assert len(retries) == 1
    return {
        **{f"concurrent-{name}": number for name, number in kept.items()},
        "concurrent-all": sum(kept.values()),
        **{f"seconds-{name}": own["lambda_timeout"] for name, own in CONFIG["lambda_functions"].items()},
        "relay-batch": relay.batch_size,
        "sweep-retries": retries.pop(),
    }


def set_in_the_app() -> dict[str, int]:
    return {
        "body-bytes": requests.MOST_BYTES,
        "codes-per-number-hour": signin.PER_NUMBER_HOUR,
        "codes-per-number-day": signin.PER_NUMBER_DAY,
        "codes-per-day": signin.PER_DAY,
        "codes-per-address-hour": signin.PER_ADDRESS_HOUR,
        "reports-per-person-day": intake.PER_PERSON_DAY,
        "reports-per-address-hour": intake.PER_ADDRESS_HOUR,
        "reports-per-address-day-anonymous": intake.PER_ADDRESS_DAY_ANONYMOUS,
        "reports-per-day": intake.PER_DAY,
        "photo-bytes": rules.MOST_BYTES,
        "photo-pixels": pictures.MOST_PIXELS,
        "photo-memory-bytes": pictures.MOST_MEMORY,
        "photos-per-act": rules.PER_ACT,
        "photo-links-per-act-day": rules.PER_DRAFT,
        "photo-links-per-address-hour": photos.PER_ADDRESS_HOUR,
        "photo-links-per-day": photos.PER_DAY,
        "photo-link-seconds": int(rules.LINK_LASTS.total_seconds()),
        "phone-searches-per-officer-hour": search.PHONES_PER_HOUR,
        "pins-per-hour": pins.PER_HOUR,
        "pins-per-day": pins.PER_DAY,
        "messages-per-case-day": handling.MESSAGES_PER_DAY,
    }


def test_every_limit_is_told_as_it_is_set() -> None:
    page = told()
    # The stage's throttle is set by `make deploy`, since Chalice owns the stage.
    throttle = {"stage-requests-per-second": 300, "stage-burst": 600}
    if importlib.util.find_spec("infra.gateway") is not None:
        gateway = importlib.import_module("infra.gateway")
        throttle = {"stage-requests-per-second": gateway.RATE, "stage-burst": gateway.BURST}
    assert page == {
        **set_at_the_edge(),
        **throttle,
        **set_at_the_gateway(),
        **set_for_functions(),
        **set_in_the_app(),
    }


def test_a_flood_of_reads_cannot_take_what_the_sweep_needs() -> None:
    from app import app

    minutes = {"sweep_deadlines": 1, "sweep_outbox": 5}
    schedules = {
        source.name: source.schedule_expression for source in app.event_sources if source.name in minutes
    }
    for stage in LIMITED_STAGES:
        kept = reserved(stage)
        # Every function has its own part, so that nothing is left to race for.
        assert set(kept) == set(CONFIG["lambda_functions"])
        assert sum(kept.values()) <= ACCOUNT_CONCURRENCY - KEPT_UNRESERVED
        for name, every in minutes.items():
            assert schedules[name] in (f"rate({every} minute)", f"rate({every} minutes)")
            longest = CONFIG["lambda_functions"][name]["lambda_timeout"]
            overlapping = -(-longest // (every * 60))
            assert kept[name] > overlapping, "a sweep that takes its whole time would stop the next one"


def test_both_serious_stages_have_the_same_limits_and_dev_reserves_nothing() -> None:
    assert reserved("staging") == reserved("prod")
    assert "lambda_functions" not in CONFIG["stages"]["dev"]  # a new account has nothing to reserve


def test_the_app_takes_no_larger_body_than_the_edge_lets_through_and_looks_at() -> None:
    assert set_at_the_edge()["edge-body-bytes"] == requests.MOST_BYTES
    looked_at = GLOBAL["EdgeAcl"]["Properties"]["AssociationConfig"]["RequestBody"]["CLOUDFRONT"]
    assert looked_at["DefaultSizeInspectionLimit"] == f"KB_{requests.MOST_BYTES // 1024}"
    assert edge_rules()["body-too-large"]["SizeConstraintStatement"]["FieldToMatch"]["Body"] == {
        "OversizeHandling": "MATCH"
    }


def test_a_signing_in_phone_meets_its_own_limit_long_before_its_operator_s() -> None:
    page = told()
    assert (
        page["codes-per-number-hour"]
        < page["codes-per-address-hour"]
        < page["edge-sign-ins-per-address-5min"] * 12
    )
