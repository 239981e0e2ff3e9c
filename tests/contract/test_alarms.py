"""Alarms watch what the code counts, under the very names it counts by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import app  # noqa: F401  it names the city and the stage that every count bears
from chalicelib.observability import count, metrics
from chalicelib.settings import settings
from local.apply import read_template
from tests.stack import PROJECT

TEMPLATE = read_template(PROJECT / "infra" / "data.yaml")
ALARMS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}


def dimensions(alarm: Mapping[str, Any]) -> dict[str, str]:
    values = {"City": settings().city, "Stage": settings().stage}
    return {
        each["Name"]: values[each["Value"]["Ref"]] if isinstance(each["Value"], dict) else each["Value"]
        for each in alarm["Dimensions"]
    }


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_watches_what_is_counted(name: str) -> None:
    alarm = ALARMS[name]
    metrics.clear_metrics()
    count(alarm["MetricName"])
    written = json.loads(json.dumps(metrics.serialize_metric_set()))
    metrics.clear_metrics()
    (group,) = written["_aws"]["CloudWatchMetrics"]
    assert group["Namespace"] == alarm["Namespace"]
    assert [metric["Name"] for metric in group["Metrics"]] == [alarm["MetricName"]]
    assert {key: written[key] for key in group["Dimensions"][0]} == dimensions(alarm)


def test_a_sweep_that_does_not_run_is_an_alarm_within_minutes() -> None:
    alarm = ALARMS["SweepStopped"]
    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("SweepRan", "breaching")
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Sum",
        1,
        "LessThanThreshold",
    )
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 600


@pytest.mark.parametrize("metric", ["SweepFailures", "NoticesDead", "NoticesFailed", "VacantRungs"])
def test_every_failure_that_the_code_counts_tells_somebody(metric: str) -> None:
    (alarm,) = [each for each in ALARMS.values() if each["MetricName"] == metric]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"
