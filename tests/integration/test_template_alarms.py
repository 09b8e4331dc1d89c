"""That an alarm watches what there is to watch, says what it means, and reaches whoever is to know."""

import json
import re
from typing import Any

import pytest

from tests.integration.conftest import ROOT, Template
from tests.integration.translated import of_type, properties
from tests.integration.watched import OF_AWS, OURS, Watched, error_classes, told_of_all

CLOCKED = {"SweeperMissingAlarm", "InspectionMissingAlarm"}
PARTS = {
    "HasAlarms": {"Fn::Equals": [{"Ref": "Alarms"}, "on"]},
    "HasInspectionAlarms": {"Fn::And": [{"Condition": "HasAlarms"}, {"Condition": "IsInspected"}]},
    "HasExportAlarms": {"Fn::And": [{"Condition": "HasAlarms"}, {"Condition": "HasUsageExport"}]},
}
"""Conditions of alarms: what is not there is not watched."""

TO = [
    {"Fn::If": ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]},
    {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]},
]
LATE_S = 900
"""Lambda dates what it tells of an invocation to its start, and a stream may take as long."""


def alarms(template: Template) -> dict[str, Any]:
    """Those that watch the gateway; those of a rollout are CodeDeploy's."""
    found = of_type(template, "AWS::CloudWatch::Alarm")
    return {name: one["Properties"] for name, one in found.items() if not name.endswith("RolloutAlarm")}


def watched(alarm: dict[str, Any]) -> list[Watched]:
    parts = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one] or [alarm]
    return [
        Watched(part["Namespace"], part["MetricName"], {d["Name"]: d["Value"] for d in part.get("Dimensions", [])})
        for part in parts
    ]


def all_watched(template: Template) -> list[tuple[str, Watched]]:
    return [(name, one) for name, alarm in alarms(template).items() for one in watched(alarm)]


def test_there_are_alarms(template: Template) -> None:
    assert len(alarms(template)) >= 30


def test_an_alarm_watches_a_metric_that_the_gateway_tells(template: Template) -> None:
    known = told_of_all()
    ours = [(name, one) for name, one in all_watched(template) if one.namespace == OURS]

    assert len(ours) > 15
    assert [name for name, one in ours if one.kind not in known] == []
    assert {str(one.dimensions["stage"]) for _, one in ours} == {str({"Ref": "Stage"})}


def test_an_alarm_of_a_class_of_errors_names_one_that_there_is(template: Template) -> None:
    named = {one.dimensions["error_class"] for _, one in all_watched(template) if "error_class" in one.dimensions}

    assert named == {"ProviderNotConfiguredError", "ModelNotServedError"}
    assert named <= error_classes()


def test_an_alarm_watches_metrics_of_aws_as_aws_names_them(template: Template) -> None:
    others = [(name, one) for name, one in all_watched(template) if one.namespace != OURS]

    assert [name for name, one in others if one.kind not in OF_AWS[one.namespace]] == []


def test_what_an_alarm_of_aws_watches_is_of_this_stack(template: Template) -> None:
    """API Gateway's metrics go by the API's name, not by its id: SAM names it after the stack."""
    referred = [
        value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        for _, one in all_watched(template)
        for name, value in one.dimensions.items()
        if one.namespace != OURS and name != "Operation"
    ]

    assert properties(template, "Api")["Body"]["info"]["title"] == {"Ref": "AWS::StackName"}
    assert set(referred) - {"AWS::StackName", "Stage"} <= template["Resources"].keys()


def test_alarms_cannot_be_had_without_the_lines_that_they_watch(template: Template) -> None:
    """Above INFO neither requests nor, at ERROR, signals are told, and no alarm would ever say a word."""
    rule = template["Rules"]["AlarmsNeedTheLinesThatTheyWatch"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Alarms"}, "on"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Contains": [["DEBUG", "INFO"], {"Ref": "LogLevel"}]}


def test_an_alarm_says_in_a_sentence_what_it_means_and_where_it_is_explained(template: Template) -> None:
    texts = {name: alarm["AlarmDescription"].strip() for name, alarm in alarms(template).items()}
    form = r"(Act now|In the morning): [^;\n]+; runbook: "

    assert {name for name, text in texts.items() if not re.fullmatch(form + name, text)} == set()


def test_an_alarm_tells_whoever_is_to_know_and_an_urgent_one_also_that_it_is_over(template: Template) -> None:
    told = {name: (alarm["AlarmActions"], alarm.get("OKActions")) for name, alarm in alarms(template).items()}
    is_urgent = {name: alarm["AlarmDescription"].startswith("Act now") for name, alarm in alarms(template).items()}

    assert told == {name: (TO, TO if urgent else None) for name, urgent in is_urgent.items()}


def test_silence_is_trouble_of_what_runs_by_the_clock_alone(template: Template) -> None:
    """What is idle tells nothing, and is well."""
    by_silence: dict[str, set[str]] = {}
    for name, alarm in alarms(template).items():
        by_silence.setdefault(alarm["TreatMissingData"], set()).add(name)

    assert by_silence.pop("breaching") == CLOCKED
    assert by_silence.keys() == {"notBreaching"}


def test_the_sweepers_silence_is_noticed_after_four_runs(template: Template) -> None:
    alarm = properties(template, "SweeperMissingAlarm")
    (rule,) = [r for r in of_type(template, "AWS::Events::Rule").values() if "SweepFunction" in json.dumps(r)]

    assert rule["Properties"]["ScheduleExpression"] == "rate(5 minutes)"
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (300, 4, 1)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"


@pytest.mark.parametrize("name", ["StreamErrorsAlarm", "StreamDurationAlarm"])
def test_what_lambda_tells_late_is_not_missed(template: Template, name: str) -> None:
    alarm = properties(template, name)

    assert (
        alarm["Period"] * (alarm["EvaluationPeriods"] - 1)
        >= LATE_S
        == properties(template, "StreamFunction")["Timeout"]
    )
    assert alarm["DatapointsToAlarm"] == 1


def test_a_stream_that_ends_by_itself_is_shorter_than_what_the_alarm_waits_for(template: Template) -> None:
    function, alarm = properties(template, "StreamFunction"), properties(template, "StreamDurationAlarm")
    ends_s = float(function["Environment"]["Variables"]["UPSTREAM_TIMEOUT_S"])

    assert (ends_s + 6) * 1000 < alarm["Threshold"] < function["Timeout"] * 1000


def test_an_alarm_asks_no_more_periods_than_cloudwatch_allows(template: Template) -> None:
    """A day in all, where a period is shorter than an hour; seven with longer ones."""
    asked = {name: (_period(alarm), alarm["EvaluationPeriods"]) for name, alarm in alarms(template).items()}

    assert {n for n, (period, count) in asked.items() if period * count > 86_400 * (1 if period < 3600 else 7)} == set()


def test_an_expression_knows_all_that_it_reckons_with(template: Template) -> None:
    for name, alarm in alarms(template).items():
        for one in alarm.get("Metrics", []):
            if "Expression" in one:
                text = one["Expression"] if isinstance(one["Expression"], str) else one["Expression"]["Fn::Sub"]
                names = set(re.findall(r"(?<!\{)\b[a-z]\w*", text))
                assert names == {other["Id"] for other in alarm["Metrics"] if other is not one}, name


def _period(alarm: dict[str, Any]) -> int:
    periods = {one["MetricStat"]["Period"] for one in alarm.get("Metrics", []) if "MetricStat" in one}
    (period,) = periods or {alarm["Period"]}
    return int(period)


def test_there_are_no_alarms_where_they_are_turned_off(template: Template) -> None:
    conditions = {one["Condition"] for name, one in template["Resources"].items() if name in alarms(template)}
    parameter = template["Parameters"]["Alarms"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("on", ["on", "off"])
    assert {name: template["Conditions"][name] for name in conditions} == PARTS


def test_an_alarm_is_there_where_what_it_watches_is(template: Template) -> None:
    """A nightly metric, too, is only told where there is somebody who looks."""
    nightly = {"LedgerDiscrepancies", "ModelsRetiring", "ModelsMissing", "PricesDrifted"}
    resources = template["Resources"]

    for name, one in all_watched(template):
        named = [v.get("Ref") or v["Fn::GetAtt"][0] for v in one.dimensions.values() if isinstance(v, dict)]
        needed = {resources[part].get("Condition") for part in named if part in resources} - {None}
        needed |= {"IsInspected"} if one.name in nightly else set()
        given = json.dumps(PARTS[resources[name]["Condition"]])
        assert all(f'"{condition}"' in given for condition in needed), name


def test_an_address_has_a_topic_of_the_stack(template: Template) -> None:
    """Under no key of KMS: CloudWatch may not publish under the one that AWS manages."""
    topic = template["Resources"]["AlarmTopic"]

    assert topic["Condition"] == "HasAlarmEmail"
    assert topic["Properties"] == {"Subscription": [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]}


def test_none_but_this_accounts_alarms_may_publish_there(template: Template) -> None:
    policy = properties(template, "AlarmTopicPolicy")

    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": {"Ref": "AlarmTopic"},
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }
    ]


def test_what_the_alarms_cost_is_told(template: Template) -> None:
    """By the metric: one that reckons with two costs twice."""
    metrics = {name: len(watched(alarm)) for name, alarm in alarms(template).items()}
    usual = {n: count for n, count in metrics.items() if template["Resources"][n]["Condition"] != "HasExportAlarms"}
    text = (ROOT / "docs" / "observability.md").read_text()

    assert f"{len(usual)} alarms\nthat watch {sum(usual.values())} metrics, {sum(usual.values()) / 10:.2f} USD" in text


def test_every_metric_that_is_watched_is_explained(template: Template) -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    ours = {one.name for _, one in all_watched(template) if one.namespace == OURS}

    assert {name for name in ours if f"`{name}`" not in text} == set()
