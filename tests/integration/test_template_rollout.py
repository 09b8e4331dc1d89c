"""How new versions come to be used, read from the translated template: with the parameter Rollout, and without."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dev import deployed, translation
from tests.integration.conftest import TEMPLATE, Template, translate
from tests.integration.translated import api, integrations, of_type, properties

FUNCTIONS = ("AuthFunction", "RouteFunction", "StreamFunction")
CANARY = "Canary10Percent5Minutes"
OTHER = {
    "Stage": "prod",
    "LogLevel": "ERROR",
    "Tracing": "Active",
    "Metrics": "off",
    "Alarms": "off",
    "BreakerFailures": "7",
}
"""Values that are not the defaults, where any text would not do."""

UNPUBLISHED = {"ReservedConcurrentExecutions", "Tags", "Description"}
"""Properties of a function that are not of its versions, or only tell of the others."""


@pytest.fixture(scope="module")
def gradual() -> Template:
    return translate(TEMPLATE.read_text(), Rollout=CANARY)


@pytest.fixture(scope="module")
def uploaded() -> str:
    """The template with code in S3, named after its hash, as `sam deploy` writes it."""
    return re.sub(r"(CodeUri|ContentUri): (functions|layers)/(\w+)", r"\1: s3://code/\3-1", TEMPLATE.read_text())


def _versions(template: Template) -> dict[str, str]:
    """The logical id of each function's version: CloudFormation publishes one where it changes."""
    found = of_type(template, "AWS::Lambda::Version")
    return {version["Properties"]["FunctionName"]["Ref"]: name for name, version in found.items()}


def _parameters(value: Any) -> Iterator[str]:
    """Names that are referred to, anywhere within."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "Fn::Sub":
                yield from re.findall(r"\$\{(\w+)\}", json.dumps(inner))
            elif name == "Fn::If":
                yield from _decides(inner[0])
                yield from _parameters(inner[1:])
            elif name == "Ref":
                yield inner
            else:
                yield from _parameters(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parameters(inner)


@cache
def _decides(condition: str) -> set[str]:
    """Parameters that a condition looks at, also by way of others."""
    conditions = translate(TEMPLATE.read_text())["Conditions"]
    text = json.dumps(conditions[condition])
    further = [_decides(name) for name in re.findall(r'"Condition": "(\w+)"', text)]
    return set(re.findall(r'"Ref": "(\w+)"', text)).union(*further)


def _used(template: Template, function: str) -> set[str]:
    own = {name: value for name, value in properties(template, function).items() if name not in UNPUBLISHED}
    return set(_parameters(own)) & set(template["Parameters"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_callers_reach_a_function_by_its_alias(template: Template, name: str) -> None:
    alias = properties(template, f"{name}Aliaslive")

    assert alias["Name"] == "live"
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [_versions(template)[name], "Version"]}


def test_nobody_may_call_what_is_behind_the_aliases(template: Template) -> None:
    """API Gateway, its authorizer and the function URL all name an alias; the sweeper has none."""
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    called = {json.dumps(permission["Properties"]["FunctionName"]) for permission in permissions}

    assert {name for name in FUNCTIONS for one in called if f'{{"Ref": "{name}Aliaslive"}}' in one} == set(FUNCTIONS)
    assert not [name for name in FUNCTIONS for one in called if f'"{name}"' in one]


def test_every_parameter_of_the_api_document_deploys_the_api_anew(uploaded: str) -> None:
    """What API Gateway serves is what was last deployed, not what the document says."""

    def deployed(**parameters: str) -> list[str]:
        return list(of_type(translate(uploaded, **parameters), "AWS::ApiGateway::Deployment"))

    used = set(_parameters(api(translate(uploaded)))) & set(translate(uploaded)["Parameters"])

    assert used == {"CorsAllowOrigin"}
    assert deployed(CorsAllowOrigin="https://a.example") != deployed() == deployed(ThrottleRate="7")


def test_every_integration_leads_to_an_alias(template: Template) -> None:
    uris = {integration["uri"]["Fn::Sub"] for integration in integrations(template).values()}

    assert {re.findall(r"\$\{(\w+Function\w*)[.}]", uri)[0] for uri in uris} == {
        "RouteFunctionAliaslive",
        "StreamFunctionAliaslive",
    }


def test_versions_stay_for_a_way_back(template: Template) -> None:
    policies = [version["DeletionPolicy"] for version in of_type(template, "AWS::Lambda::Version").values()]

    assert policies == ["Retain"] * len(FUNCTIONS)


@pytest.mark.parametrize("layer", ["core", *deployed.LAYERS])
def test_a_changed_layer_publishes_new_versions_of_those_that_have_it(uploaded: str, layer: str) -> None:
    """The functions' own code is wiring, and stays the same."""
    having = {name for name, layers in translation.layers(uploaded).items() if f"{layer.title()}Layer" in layers}
    before = _versions(translate(uploaded))
    after = _versions(translate(uploaded.replace(f"s3://code/{layer}-1", f"s3://code/{layer}-2")))

    assert {name for name in FUNCTIONS if before[name] != after[name]} == having & set(FUNCTIONS)


def test_the_same_code_and_parameters_publish_nothing(uploaded: str) -> None:
    """Lambda refuses a version that is the same as the one before, and the deployment would fail."""
    assert _versions(translate(uploaded)) == _versions(translate(uploaded, Rollout=CANARY, LogRetentionDays="90"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_of_a_function_publishes_a_new_version_of_it(uploaded: str, name: str) -> None:
    """SAM itself looks at how a property is written, not at a parameter's value: see the ADR."""
    template = translate(uploaded)
    used = _used(template, name)
    before = _versions(template)[name]
    changed = {p for p in used if _versions(translate(uploaded, **{p: OTHER.get(p, "another")}))[name] != before}

    assert len(used) > 2
    assert used - changed == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_of_a_version_hangs_on_no_condition(template: Template, name: str) -> None:
    """What turns a condition is a parameter that is not named there, and would publish nothing: no version has it."""
    own = {one: value for one, value in properties(template, name).items() if one not in UNPUBLISHED}

    assert '"Fn::If"' not in json.dumps(own)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_other_parameter_publishes_a_version(name: str) -> None:
    """It would be the same as the one before, which Lambda refuses."""
    function = TEMPLATE.read_text().partition(f"\n  {name}:\n")[2]
    told = set(re.findall(r"!Ref (\w+)", function.partition("Description: !Select")[2].partition("DeploymentPref")[0]))

    assert told == _used(translate(TEMPLATE.read_text()), name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_description_is_its_first_text_alone(template: Template, name: str) -> None:
    """Lambda takes 256 characters; the values behind it are for SAM."""
    (_, parts) = properties(template, name)["Description"]["Fn::Join"]

    assert parts[0]["Fn::Select"][0] == 0
    assert len(parts[0]["Fn::Select"][1][0]) < 256
    assert parts[1] == ""


def test_there_is_nothing_of_codedeploy_unless_it_is_asked_for(template: Template) -> None:
    """What the template itself has of it is under the condition."""
    ours = {n: r for n, r in template["Resources"].items() if "CodeDeploy" in r["Type"] or "Rollout" in n}

    assert template["Parameters"]["Rollout"]["Default"] == "AllAtOnce"
    assert {resource.get("Condition") for resource in ours.values()} == {"IsGradual"}
    assert not [name for name in FUNCTIONS if "UpdatePolicy" in template["Resources"][f"{name}Aliaslive"]]


def test_all_that_refers_to_the_rollouts_resources_is_under_their_condition(template: Template) -> None:
    """CloudFormation refuses a reference to what a condition leaves out."""
    left_out = {n for n, r in template["Resources"].items() if r.get("Condition") == "IsGradual"}
    others = {n: r for n, r in template["Resources"].items() if n not in left_out}

    assert not [name for name, resource in others.items() for one in left_out if f'"{one}"' in json.dumps(resource)]


def test_every_kind_of_rollout_is_told_from_none(template: Template) -> None:
    kinds = set(template["Parameters"]["Rollout"]["AllowedValues"])

    assert set(template["Mappings"]["Rollouts"]) == kinds
    assert {kind for kind in kinds if template["Mappings"]["Rollouts"][kind]["IsGradual"] == "false"} == {"AllAtOnce"}
    assert template["Conditions"]["IsGradual"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rollout"}, "AllAtOnce"]}]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_rollout_checks_the_new_version_first(gradual: Template, name: str) -> None:
    policy = gradual["Resources"][f"{name}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]

    assert policy == {
        "ApplicationName": {"Ref": "ServerlessDeploymentApplication"},
        "DeploymentGroupName": {"Ref": f"{name}DeploymentGroup"},
        "BeforeAllowTrafficHook": {"Ref": "RolloutFunction"},
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_rollout_goes_back_on_failure_on_an_alarm_and_when_stopped(gradual: Template, name: str) -> None:
    group = properties(gradual, f"{name}DeploymentGroup")

    assert group["AutoRollbackConfiguration"] == {
        "Enabled": True,
        "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
    }
    assert group["DeploymentConfigName"] == {
        "Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": CANARY}]
    }
    assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["DeployRole", "Arn"]}


@pytest.mark.parametrize(("name", "kinds"), [("Auth", 2), ("Route", 3), ("Stream", 3)])
def test_a_rollout_has_alarms_of_its_own_function(gradual: Template, name: str, kinds: int) -> None:
    alarms = properties(gradual, f"{name}FunctionDeploymentGroup")["AlarmConfiguration"]
    watching = {alarm["Name"]["Ref"] for alarm in alarms["Alarms"]}
    defined = {one for one in of_type(gradual, "AWS::CloudWatch::Alarm") if one.endswith("RolloutAlarm")}

    assert alarms["Enabled"]
    assert watching == {one for one in defined if one.startswith(name)}
    assert len(watching) == kinds


@pytest.mark.parametrize("name", ["Auth", "Route", "Stream"])
def test_alarms_watch_the_new_version_behind_the_alias(gradual: Template, name: str) -> None:
    """Lambda counts by executed version where an alias leads to two."""
    version = {"Fn::GetAtt": [_versions(gradual)[f"{name}Function"], "Version"]}
    own = [json.dumps(properties(gradual, f"{name}{kind}RolloutAlarm")) for kind in ("Errors", "Slow")]

    assert all(json.dumps({"Name": "ExecutedVersion", "Value": version}) in one for one in own)
    assert all(f"${{{name}Function}}:live" in one for one in own)


def test_rollout_alarms_are_quick_and_quiet_without_requests(gradual: Template) -> None:
    """A canary takes five minutes; what nobody calls has not failed."""
    alarms = [a["Properties"] for n, a in of_type(gradual, "AWS::CloudWatch::Alarm").items() if "Rollout" in n]
    periods = {int(found) for alarm in alarms for found in re.findall(r'"Period": (\d+)', json.dumps(alarm))}

    assert {alarm["TreatMissingData"] for alarm in alarms} == {"notBreaching"}
    assert {alarm["EvaluationPeriods"] for alarm in alarms} == {3}
    assert periods == {60}


@pytest.mark.parametrize("name", ["Route", "Stream"])
def test_faults_are_counted_from_the_lines_that_tell_of_them(gradual: Template, name: str) -> None:
    counted, alarm = properties(gradual, f"{name}Faults"), properties(gradual, f"{name}FaultsRolloutAlarm")
    (metric,) = counted["MetricTransformations"]

    assert counted["LogGroupName"] == {"Ref": f"{name}Logs"}
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    told = re.findall(r'\$\.message = "([^"]+)"', counted["FilterPattern"])
    sources = "".join(path.read_text() for path in (TEMPLATE.parent / "layers/core/openmind_llm").rglob("*.py"))
    assert len(told) == 4
    assert [line for line in told if f'("{line}", ' not in sources] == []


def _statements(template: Template, role: str) -> list[dict[str, Any]]:
    (policy,) = properties(template, role)["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def test_codedeploy_may_move_the_aliases_read_the_alarms_and_call_the_check(gradual: Template) -> None:
    """And nothing else; SAM makes no role of its own beside this one."""
    moves, calls, reads = _statements(gradual, "DeployRole")
    alarms = [n for n in of_type(gradual, "AWS::CloudWatch::Alarm") if n.endswith("RolloutAlarm")]

    assert "CodeDeployServiceRole" not in gradual["Resources"]
    assert moves["Action"] == ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
    assert moves["Resource"] == [
        arn for name in FUNCTIONS for arn in ({"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}:live"})
    ]
    assert (calls["Action"], calls["Resource"]) == (
        "lambda:InvokeFunction",
        {"Fn::GetAtt": ["RolloutFunction", "Arn"]},
    )
    assert reads["Action"] == "cloudwatch:DescribeAlarms"
    assert sorted(arn["Fn::GetAtt"][0] for arn in reads["Resource"]) == sorted(alarms)


def test_the_check_may_call_the_new_versions_alone(gradual: Template) -> None:
    statement = _statements(gradual, "RolloutRole")[0]

    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == [{"Ref": _versions(gradual)[name]} for name in FUNCTIONS]


def test_the_check_reports_to_this_stacks_application_alone(gradual: Template) -> None:
    """The one wildcard: its groups wait for the role of CodeDeploy, which waits for the check."""
    statements = _statements(gradual, "RolloutRole")
    wild = [statement for statement in statements if "*" in json.dumps(statement)]

    assert [statement["Action"] for statement in wild] == ["codedeploy:PutLifecycleEventHookExecutionStatus"]
    assert wild[0]["Resource"]["Fn::Sub"].endswith(":deploymentgroup:${ServerlessDeploymentApplication}/*")
    assert [s for s in _statements(gradual, "DeployRole") if "*" in json.dumps(s)] == []


def test_the_check_knows_the_versions_that_are_to_be_checked(gradual: Template) -> None:
    variables = properties(gradual, "RolloutFunction")["Environment"]["Variables"]
    versions = _versions(gradual)

    assert [variables[f"{name}_VERSION"] for name in ("AUTH", "ROUTE", "STREAM")] == [
        {"Ref": versions[name]} for name in FUNCTIONS
    ]


@pytest.mark.parametrize(
    ("model", "is_allowed"),
    [("", True), ("openai/gpt-4o-mini", True), ("openrouter/meta/llama-4:free", True), ("gpt-4o-mini", False)],
)
def test_the_model_of_the_check_names_its_provider(template: Template, model: str, is_allowed: bool) -> None:
    assert bool(re.fullmatch(template["Parameters"]["RolloutModel"]["AllowedPattern"], model)) is is_allowed
