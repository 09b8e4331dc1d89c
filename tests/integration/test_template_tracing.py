"""What the parameters Tracing and Metrics make of the stack, read from the translated template."""

from tests.integration.conftest import Template
from tests.integration.translated import of_type, properties

TRACED = ["RouteFunction", "StreamFunction"]


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


def test_traces_may_be_sent_where_tracing_is_on_alone(template: Template) -> None:
    """Who may is in permissions.py."""
    assert template["Resources"]["TracingPolicy"]["Condition"] == "IsTraced"


def test_metrics_are_told_by_model_unless_the_operator_says_otherwise(template: Template) -> None:
    parameter = template["Parameters"]["Metrics"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("model", ["off", "stage", "provider", "model"])


def test_what_answers_completions_knows_of_stage_and_metrics(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    told = {name: properties(template, name)["Environment"]["Variables"] for name in functions}

    assert [name for name, variables in told.items() if variables.get("METRICS") == {"Ref": "Metrics"}] == TRACED
    assert [name for name, variables in told.items() if variables.get("ALARMS") == {"Ref": "Alarms"}] == TRACED
    assert all(variables["STAGE"] == {"Ref": "Stage"} for variables in told.values())
