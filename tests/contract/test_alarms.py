"""Alarms and the dashboard watch what the code counts, under the very names it counts by."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

import app  # noqa: F401  it names the city and the stage that every count bears
from chalicelib.observability import count, gauge, metrics
from chalicelib.settings import settings
from local.apply import read_template
from tests.stack import PROJECT

OURS = "ProDenpasarPlus"
RESOURCES = {
    name: resource
    for part in ("data", "edge")
    for name, resource in read_template(PROJECT / "infra" / f"{part}.yaml")["Resources"].items()
}
ALARMS: dict[str, dict[str, Any]] = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
OWN_ALARMS = {name: alarm for name, alarm in ALARMS.items() if alarm.get("Namespace") == OURS}
GAUGES = {"OldestErasure", "SweepLag", "OldestUnrouted"}

NO_ALARM: Mapping[str, str] = {
    "ContactsWiped": "the retention of contacts at work",
    "ErasuresAsked": "a right that somebody used; one that waits too long is OldestErasure",
    "Escalated": "the ladder at work; whoever it reaches is told",
    "CeilingsNear": "the secretary has each of them on the list of the day",
    "EmergenciesCapped": "a cap at work: triage sees each of them first, within minutes",
    "EscalatedRung*": "as above, by rung",
    "BulkActs": "how often staff act on many cases at once is nobody's fault",
    "CasesIndexed": "the index of staff's search at work",
    "Searches": "how often staff search is nobody's fault",
    "Joined": "people who join are nobody's fault",
    "Recurred": "the honest fix rate reads it; no single one is an incident",
    "Filed": "how many reports come is nobody's fault",
    "FirstReplies": "offices answer for it, by the ladder",
    "FirstRepliesOnTime": "as above",
    "ListsWritten": "the lists at work",
    "NoticesExpired": "a message that nobody needs any more; many of them follow NoticesFailed or RelayStuck",
    "NoticesHeld": "quiet hours at work",
    "NoticesRepeated": "one message may have come twice: nothing is left to do about it",
    "NoticesSent": "the good case",
    "NoticesSpared": "a wish, one message for several, or a spent budget, which has an alarm of its own",
    "DigestsWritten": "the digests at work",
    "SmsSent": "what SMS cost; an office that spends too much is SmsBudgetNear",
    "PhotosReady": "the good case",
    "PhotosRefused": "what strangers send; each of them is told why",
    "Resumed": "a pause ended by itself, as promised",
    "Warned": "warnings at work",
}
"""Counts that wake nobody, each with the reason."""


def counted() -> set[str]:
    """Every name that the code counts by, read from the source; a name with a number in it ends in a star."""
    found = set()
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ("count", "gauge") or not node.args:
                continue
            name = node.args[0]
            if isinstance(name, ast.JoinedStr):
                found.add("".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in name.values))
            else:
                assert isinstance(name, ast.Constant), f"{path.name} counts by a name that nobody can look up"
                found.add(str(name.value))
    return found


def dimensions(alarm: Mapping[str, Any]) -> dict[str, str]:
    values = {"City": settings().city, "Stage": settings().stage}
    return {
        each["Name"]: values[each["Value"]["Ref"]] if isinstance(each["Value"], dict) else each["Value"]
        for each in alarm["Dimensions"]
    }


def written(name: str) -> dict[str, Any]:
    """What a count or a gauge puts into the log."""
    metrics.clear_metrics()
    (gauge if name in GAUGES else count)(name, 1)
    found: dict[str, Any] = json.loads(json.dumps(metrics.serialize_metric_set()))
    metrics.clear_metrics()
    return found


@pytest.mark.parametrize("name", sorted(OWN_ALARMS))
def test_an_alarm_watches_what_is_counted(name: str) -> None:
    alarm = OWN_ALARMS[name]
    found = written(alarm["MetricName"])
    (group,) = found["_aws"]["CloudWatchMetrics"]
    assert group["Namespace"] == alarm["Namespace"]
    (metric,) = group["Metrics"]
    assert metric["Name"] == alarm["MetricName"]
    assert metric["Unit"] == ("Seconds" if alarm["MetricName"] in GAUGES else "Count")
    assert alarm["Statistic"] == ("Maximum" if alarm["MetricName"] in GAUGES else "Sum")
    assert {key: found[key] for key in group["Dimensions"][0]} == dimensions(alarm)
    assert alarm["MetricName"] in counted()


def test_a_sweep_that_does_not_run_is_an_alarm_within_minutes() -> None:
    alarm = ALARMS["SweepStopped"]
    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("SweepRan", "breaching")
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Sum",
        1,
        "LessThanThreshold",
    )
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 600


@pytest.mark.parametrize(
    "metric",
    [
        "SweepFailures",
        "NoticesDead",
        "NoticesFailed",
        "VacantRungs",
        "EmergenciesUnanswered",
        "RoutingRulesFailed",
        "PhotosFailed",
        "OfficesUnreachable",
        "SmsBudgetNear",
        "SmsBudgetSpent",
    ],
)
def test_every_failure_that_the_code_counts_tells_somebody(metric: str) -> None:
    (alarm,) = [each for each in OWN_ALARMS.values() if each["MetricName"] == metric]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"


def test_whatever_is_counted_has_an_alarm_or_a_reason_to_have_none() -> None:
    watched = {alarm["MetricName"] for alarm in OWN_ALARMS.values()}
    assert counted() - watched == set(NO_ALARM)


def test_whatever_is_counted_is_on_the_dashboard() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = {
        re.sub(r"\d+$", "*", metric[1])
        for widget in json.loads(body)["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == OURS
    }
    assert shown == counted()


def test_the_dashboard_shows_each_count_as_its_city_and_stage_write_it() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if metric[0] != OURS:
                continue
            given = dict(zip(metric[2:-1:2], metric[3:-1:2], strict=True))
            (group,) = written(metric[1])["_aws"]["CloudWatchMetrics"]
            assert set(given) == set(group["Dimensions"][0])
            assert given == {"service": "pro-denpasar-plus", "city": "${City}", "stage": "${Stage}"}


def test_every_alarm_has_a_topic_to_go_to_and_a_line_in_the_runbook() -> None:
    page = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    names = {
        alarm["AlarmName"]["Fn::Sub"].removeprefix("${App}-${City}-${Stage}-") for alarm in ALARMS.values()
    }
    assert told == names
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == alarm["OKActions"], name
        assert "AlarmTopic" in json.dumps(alarm["AlarmActions"]), name
        assert alarm["AlarmDescription"], name
