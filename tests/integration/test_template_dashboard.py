"""That the dashboard is one: its body is a text to CloudFormation, which looks at nothing in it."""

import json
import re
from typing import Any

import pytest

from tests.integration.conftest import Template
from tests.integration.test_template_alarms import alarms
from tests.integration.translated import properties
from tests.integration.watched import OF_AWS, OURS, Watched, told_of_all

SEARCH = re.compile(r"SEARCH\('\{OpenMind,([a-z_,]+)\} MetricName=\(?((?:\"\w+\"(?: OR )?)+)\)? stage=\"<Stage>\"'")
OPTIONS = {"id", "label", "stat", "color", "visible", "yAxis", "expression"}


def body(template: Template, *, is_whole: bool = True) -> dict[str, Any]:
    """With `<Name>` for what CloudFormation puts in; not whole, it is that of a stack without inspection and export."""
    text, variables = properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"]
    for name, condition in (("OfInspection", "HasInspectionAlarms"), ("OfExport", "HasExportAlarms")):
        given, there, absent = variables[name]["Fn::If"]
        assert (given, absent) == (condition, "")
        text = text.replace(f"${{{name}}}", there["Fn::Sub"] if is_whole else absent)
    made: dict[str, Any] = json.loads(re.sub(r"\$\{([\w:.]+)\}", r"<\1>", text))
    return made


def widgets(template: Template, kind: str) -> list[dict[str, Any]]:
    return [one["properties"] for one in body(template)["widgets"] if one["type"] == kind]


def rows(template: Template) -> list[list[Any]]:
    return [row for one in widgets(template, "metric") for row in one["metrics"]]


def shown(template: Template) -> list[Watched]:
    """Without options, a row is: namespace, name, and then dimensions, each with its value."""
    plain = [[part for part in row if isinstance(part, str)] for row in rows(template)]
    return [Watched(row[0], row[1], dict(zip(row[2::2], row[3::2], strict=True))) for row in plain if row]


def searched(template: Template) -> list[Watched]:
    texts = [row[0]["expression"] for row in rows(template) if isinstance(row[0], dict)]
    found = [SEARCH.search(text) for text in texts]
    assert all(found)
    return [
        Watched(OURS, name, dict.fromkeys(one[1].split(","), "any"))
        for one in found
        if one
        for name in re.findall(r"\w+", one[2].replace(" OR ", " "))
    ]


def test_every_metric_of_ours_on_the_dashboard_is_told(template: Template) -> None:
    known = told_of_all("provider")
    ours = [one for one in [*shown(template), *searched(template)] if one.namespace == OURS]

    assert len(ours) > 20
    assert [one for one in ours if one.kind not in known] == []
    assert {one.dimensions["stage"] for one in ours} == {"<Stage>", "any"}


def test_every_other_metric_is_named_as_aws_names_it(template: Template) -> None:
    others = [one for one in shown(template) if one.namespace != OURS]

    assert len(others) > 20
    assert [one for one in others if one.kind not in OF_AWS[one.namespace]] == []
    assert {value for one in others for name, value in one.dimensions.items() if name == "ApiName"} == {
        "<AWS::StackName>"
    }


@pytest.mark.parametrize(
    "name",
    ["Requests", "Overhead", "TimeToFirstToken", "Retries", "FallbackAnswers", "BreakerOpen", "HoldsOpen", "HoldsSwept",
     "Throttles", "ConcurrentExecutions", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "Latency",
     "InputTokens", "OutputTokens", "CostMicroUsd", "Errors"],
)  # fmt: skip
def test_the_dashboard_shows(template: Template, name: str) -> None:
    assert name in {one.name for one in [*shown(template), *searched(template)]}


def test_every_alarm_is_on_the_dashboard_with_its_state(template: Template) -> None:
    (widget,) = widgets(template, "alarm")

    assert set(widget["alarms"]) == {f"<{name}.Arn>" for name in alarms(template)}


def test_alarms_that_are_not_there_are_not_on_it(template: Template) -> None:
    """An ARN of what does not exist keeps a stack from being made."""
    (widget,) = [one["properties"] for one in body(template, is_whole=False)["widgets"] if one["type"] == "alarm"]
    there = {name for name in alarms(template) if template["Resources"][name]["Condition"] == "HasAlarms"}

    assert set(widget["alarms"]) == {f"<{name}.Arn>" for name in there}


def test_the_dashboard_leads_to_what_the_runbook_says_of_each_alarm(template: Template) -> None:
    (widget,) = widgets(template, "text")
    links = set(re.findall(r"\(<Runbook>#([a-z-]+)\)", widget["markdown"]))

    assert links == {name.lower() for name in alarms(template)} | {"no-alarm-but-something-is-wrong"}


def test_widgets_have_a_place_and_options_that_cloudwatch_knows(template: Template) -> None:
    made = body(template)["widgets"]
    options = {name for row in rows(template) for part in row if isinstance(part, dict) for name in part}

    assert all(0 < one["width"] <= 24 and one["height"] > 0 for one in made)
    assert {one["region"] for one in widgets(template, "metric")} == {"<AWS::Region>"}
    assert options <= OPTIONS


def test_the_dashboard_is_there_with_the_alarms_and_the_stack_says_where(template: Template) -> None:
    dashboard, output = template["Resources"]["Dashboard"], template["Outputs"]["DashboardUrl"]

    assert (dashboard["Condition"], output["Condition"]) == ("HasAlarms", "HasAlarms")
    assert output["Value"]["Fn::Sub"].endswith("#dashboards/dashboard/${Dashboard}")
