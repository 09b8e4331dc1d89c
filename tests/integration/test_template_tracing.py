"""What the parameters Tracing and Metrics make of the stack, read from the translated template."""

from typing import Any

import pytest

from tests.integration.conftest import Template
from tests.integration.translated import of_type, properties

TRACED = ["RouteFunction", "StreamFunction"]


def _conditional(template: Template, role: str) -> list[Any]:
    return [policy["Fn::If"] for policy in properties(template, role)["Policies"] if "Fn::If" in policy]


def test_tracing_is_off_by_default(template: Template) -> None:
    parameter = template["Parameters"]["Tracing"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("PassThrough", ["PassThrough", "Active"])
    assert template["Conditions"]["IsTraced"] == {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]}


def test_what_answers_completions_is_traced_where_it_is_asked_for(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    modes = {name: properties(template, name).get("TracingConfig", {}).get("Mode") for name in functions}

    assert {name: mode for name, mode in modes.items() if mode} == {name: {"Ref": "Tracing"} for name in TRACED}


def test_the_api_is_traced_with_it(template: Template) -> None:
    (stage,) = of_type(template, "AWS::ApiGateway::Stage").values()

    assert stage["Properties"]["TracingEnabled"] == {"Fn::If": ["IsTraced", True, False]}


@pytest.mark.parametrize("role", ["RouteRole", "StreamRole"])
def test_traces_may_be_sent_where_tracing_is_on_alone(template: Template, role: str) -> None:
    """X-Ray knows no resources: this is the one wildcard that a role may have."""
    ((condition, policy, otherwise),) = _conditional(template, role)

    assert (condition, otherwise) == ("IsTraced", {"Ref": "AWS::NoValue"})
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}
    ]


def test_no_other_role_depends_on_a_condition(template: Template) -> None:
    roles = of_type(template, "AWS::IAM::Role")

    assert {role for role in roles if _conditional(template, role)} == {"RouteRole", "StreamRole"}


def test_metrics_are_told_by_model_unless_the_operator_says_otherwise(template: Template) -> None:
    parameter = template["Parameters"]["Metrics"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("model", ["off", "stage", "provider", "model"])


def test_what_answers_completions_knows_of_stage_and_metrics(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    told = {name: properties(template, name)["Environment"]["Variables"] for name in functions}

    metrics = {"Fn::If": ["HasOnlyAlarms", "stage", {"Ref": "Metrics"}]}
    assert [name for name, variables in told.items() if variables.get("METRICS") == metrics] == TRACED
    assert all(variables["STAGE"] == {"Ref": "Stage"} for variables in told.values())
