"""What is configured against what the code needs: stage settings and names. test_policies.py holds the policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import settings as current
from chalicelib.settings import MissingSettings, Settings
from local.apply import Stack, read_template
from tests import stack as stacks

CHALICE = stacks.PROJECT / ".chalice"
CONFIG: Mapping[str, Any] = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))
TEMPLATE = read_template(stacks.PROJECT / "infra" / "data.yaml")
STAGES = pytest.mark.parametrize("stage", CONFIG["stages"])

ONLY_KNOWN_AFTER_DEPLOY = {
    "TOPIC_ARN_PREFIX": "holds the account's number",
    "PHOTO_BUCKET": "holds the account's number",
    "OUTBOX_STREAM_ARN": "holds the moment the stream was made",
    "BASE_URL": "the API's own address, or the city's domain",
}
"""Settings that no file in git can hold; the deploy fills them in from the data stack's outputs."""


# Settings -----------------------------------------------------------------------------------------------------


@STAGES
def test_a_stage_names_only_settings_that_the_code_knows(stage: str) -> None:
    known = {field.name.upper() for field in fields(Settings)}
    given = set(CONFIG["stages"][stage]["environment_variables"])
    # The log level is read by Powertools itself.
    assert given - {"POWERTOOLS_LOG_LEVEL"} <= known


@STAGES
def test_a_stage_lacks_only_what_a_deploy_finds_out(stage: str) -> None:
    given: dict[str, str] = CONFIG["stages"][stage]["environment_variables"]
    with pytest.raises(MissingSettings) as caught:
        Settings.from_env(given)
    assert set(str(caught.value).split(", ")) == set(ONLY_KNOWN_AFTER_DEPLOY)
    whole = Settings.from_env({**given, **dict.fromkeys(ONLY_KNOWN_AFTER_DEPLOY, "x")})
    assert whole.stage == stage


@STAGES
def test_the_names_of_a_stage_are_those_that_cloudformation_makes(stage: str) -> None:
    given: dict[str, str] = CONFIG["stages"][stage]["environment_variables"]
    parameters = {"App": "pro", "City": given["CITY"], "Stage": stage}
    assert Stack(TEMPLATE, parameters, "1" * 12, {}, None).resolve(  # type: ignore[arg-type]  # makes nothing
        {name: {"Fn::Sub": text} for name, text in named_in_template().items()}
    ) == {
        "table": f"{given['TABLE_PREFIX']}complaints",
        "alias": given["KMS_KEY_ID"],
        "parameter": given["SERVER_KEY_PARAMETER"],
    }


def named_in_template() -> dict[str, str]:
    made, outputs = TEMPLATE["Resources"], TEMPLATE["Outputs"]
    return {
        "table": made["ComplaintsTable"]["Properties"]["TableName"]["Fn::Sub"],
        "alias": made["DataKeyAlias"]["Properties"]["AliasName"]["Fn::Sub"],
        "parameter": outputs["ServerKeyParameter"]["Value"]["Fn::Sub"],
    }


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(MissingSettings) as caught:
        Settings.from_env({"STAGE": "prod"})
    missing = str(caught.value).split(", ")
    assert set(missing) == {f.name.upper() for f in fields(Settings) if f.default is MISSING} - {"STAGE"}


@STAGES
def test_the_clock_cannot_be_moved_where_it_counts(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(current.settings(), stage=stage)
    monkeypatch.setattr(current, "settings", lambda: elsewhere)
    before = current.utc_now()
    with pytest.raises(RuntimeError):
        current.move_clock(timedelta(hours=1))
    assert current.utc_now() - before < timedelta(minutes=30)


def test_no_stage_that_is_deployed_is_local() -> None:
    assert current.LOCAL not in CONFIG["stages"]
    assert all(
        told["environment_variables"]["STAGE"] == name == told["api_gateway_stage"]
        for name, told in CONFIG["stages"].items()
    )


def test_a_request_ends_before_the_gateway_gives_up_on_it() -> None:
    # After 29 seconds.
    assert CONFIG["lambda_functions"]["api_handler"]["lambda_timeout"] <= 29
