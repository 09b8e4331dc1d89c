"""The nightly inspection in the translated template."""

from tests.integration.conftest import Template
from tests.integration.translated import of_type, properties

TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
INDEX = {"Fn::Sub": "${Table.Arn}/index/by-account"}


def test_it_runs_every_night(template: Template) -> None:
    assert properties(template, "InspectFunctionNightly")["ScheduleExpression"] == "cron(17 3 * * ? *)"


def test_it_is_on_unless_turned_off_and_then_nothing_of_it_is_there(template: Template) -> None:
    """Its role and its permission, too."""
    of_it = {name: one for name, one in template["Resources"].items() if name.startswith("Inspect")}

    assert template["Parameters"]["Inspection"]["Default"] == "on"
    assert {"InspectFunction", "InspectRole", "InspectLogs", "InspectFunctionNightly"} <= set(of_it)
    assert {one.get("Condition") for one in of_it.values()} == {"IsInspected", "HasInspectionAlarms"}


def test_it_may_read_the_table_and_the_provider_keys_and_write_nothing(template: Template) -> None:
    (policy,) = properties(template, "InspectRole")["Policies"]
    allowed = {
        (action, repr(resource))
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }

    assert allowed == {
        ("dynamodb:Scan", repr(TABLE)),
        ("dynamodb:GetItem", repr(TABLE)),
        ("dynamodb:BatchGetItem", repr(TABLE)),
        ("dynamodb:Query", repr(TABLE)),
        ("dynamodb:Query", repr(INDEX)),
        ("secretsmanager:GetSecretValue", repr({"Ref": "ProviderKeysSecret"})),
        ("logs:CreateLogStream", repr({"Fn::GetAtt": ["InspectLogs", "Arn"]})),
        ("logs:PutLogEvents", repr({"Fn::GetAtt": ["InspectLogs", "Arn"]})),
    }


def test_it_is_not_run_again_for_what_it_has_told(template: Template) -> None:
    (config,) = of_type(template, "AWS::Lambda::EventInvokeConfig").values()

    assert config["Properties"]["MaximumRetryAttempts"] == 0
    assert config["Properties"]["FunctionName"] == {"Ref": "InspectFunction"}


def test_it_knows_the_operators_changes_of_the_catalogue(template: Template) -> None:
    variables = properties(template, "InspectFunction")["Environment"]["Variables"]

    assert variables["MODEL_OVERRIDES"] == {"Ref": "ModelOverrides"}


def _listed(one: object) -> list[object]:
    return one if isinstance(one, list) else [one]
