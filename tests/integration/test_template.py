"""What CloudFormation would make, read from the translated template: SAM may drop a property without a word."""

import re

import pytest

from openmind_llm.api.middleware import LOGIN_PATHS
from tests.integration.conftest import Template
from tests.integration.translated import api, of_type, properties

API_GATEWAY_TIMEOUT_S = 29
CHAT_PATH = "/api/core/{provider}/chat/completions"
CHAT = (CHAT_PATH, "post")
ANY = "x-amazon-apigateway-any-method"
PREFLIGHTS = ((CHAT_PATH, "options"), ("/{proxy+}", "options"))
LOGINS = tuple((path, ANY) for path in sorted(LOGIN_PATHS))
KEY_OR_LOGIN = (("/api/core/usage", ANY), ("/api/core/usage/{request_id}", ANY))
"""The authorizer knows keys alone: the function checks either."""

PUBLIC = (("/health", ANY), ("/openapi.json", ANY), ("/docs", ANY), *KEY_OR_LOGIN, *LOGINS, *PREFLIGHTS)
GUARDED = (CHAT, (CHAT_PATH, ANY), ("/", ANY), ("/{proxy+}", ANY))
REFERRING = (
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::MetricFilter",
)
"""What names a function without naming itself."""

NAMES = (
    *("FunctionName", "TableName", "RoleName", "LogGroupName", "PolicyName", "ManagedPolicyName", "BucketName"),
    *("AlarmName", "DashboardName", "TopicName", "ApplicationName", "QueueName", "Name"),
)


def _arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


@pytest.mark.parametrize(
    "name", ["AuthFunction", "RouteFunction", "StreamFunction", "ExportFunction", "InspectFunction"]
)
def test_functions_run_python_on_arm(template: Template, name: str) -> None:
    """The layers hold code for this Python and this processor only."""
    function = properties(template, name)

    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_layers_are_for_the_functions(template: Template) -> None:
    """Each layer says what it was built for."""
    layers = of_type(template, "AWS::Lambda::LayerVersion").values()
    built_for = [(x["Properties"]["CompatibleRuntimes"], x["Properties"]["CompatibleArchitectures"]) for x in layers]

    assert built_for == [(["python3.13"], ["arm64"])] * 4


def test_api_is_regional(template: Template) -> None:
    """Responses can be streamed for minutes by a regional API, but not by an edge-optimised one."""
    assert properties(template, "Api")["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_stage_is_the_only_one(template: Template) -> None:
    """SAM adds a second stage to APIs without an OpenAPI version."""
    stages = of_type(template, "AWS::ApiGateway::Stage").values()

    assert [stage["Properties"]["StageName"] for stage in stages] == [{"Ref": "Stage"}]


def test_bodies_arrive_byte_for_byte(template: Template) -> None:
    """API Gateway makes text of every body that is not listed as binary."""
    assert api(template)["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_authorizer_sees_whole_requests(template: Template) -> None:
    """Either header may carry the key, so no identity source is named, which the cache would need."""
    scheme = api(template)["components"]["securitySchemes"]["KeyAuthorizer"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]

    assert authorizer["type"] == "request"
    assert authorizer["authorizerResultTtlInSeconds"] == 0
    assert "identitySource" not in authorizer


def test_authorizer_is_the_auth_function(template: Template) -> None:
    """API Gateway may call it, and calls it."""
    scheme = api(template)["components"]["securitySchemes"]["KeyAuthorizer"]
    _, variables = scheme["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"]
    permissions = of_type(template, "AWS::Lambda::Permission").values()

    assert variables["__FunctionArn__"]["Fn::Select"][0] == 0
    assert variables["__FunctionArn__"]["Fn::Select"][1][0] == {"Ref": "AuthFunctionAliaslive"}
    assert variables["__FunctionArn__"] in [p["Properties"]["FunctionName"] for p in permissions]


@pytest.mark.parametrize(("path", "method"), PUBLIC)
def test_public_path_needs_no_key(template: Template, path: str, method: str) -> None:
    """Health checks, the API description and its page are open to all; logins are checked by the function."""
    assert api(template)["paths"][path][method]["security"] == [{"NONE": []}]


@pytest.mark.parametrize(("path", "method"), GUARDED)
def test_other_path_needs_a_key(template: Template, path: str, method: str) -> None:
    """The authorizer stands before everything that is not public."""
    assert api(template)["paths"][path][method]["security"] == [{"KeyAuthorizer": []}]


def test_there_are_no_more_paths(template: Template) -> None:
    """A path that is added has to be listed here as public or guarded."""
    paths = {(path, method) for path, methods in api(template)["paths"].items() for method in methods}

    assert paths == {*PUBLIC, *GUARDED}


def test_cors_is_off_by_default(template: Template) -> None:
    """And one parameter turns it on, for the functions' answers and for API Gateway's own."""
    assert template["Parameters"]["CorsAllowOrigin"]["Default"] == ""
    assert template["Conditions"]["HasCors"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsAllowOrigin"}, ""]}]}


@pytest.mark.parametrize("name", ["OidcIssuer", "OidcAudience"])
def test_logins_are_off_by_default(template: Template, name: str) -> None:
    assert template["Parameters"][name]["Default"] == ""


@pytest.mark.parametrize(
    ("issuer", "is_allowed"),
    [
        ("", True),
        ("https://clerk.example.com", True),
        ("https://id.example:8443/realms/one/", True),
        ("http://clerk.example.com", False),
        ("https://", False),
        ("https://id.example/?a=b", False),
        ("https://id.example/ x", False),
    ],
)
def test_an_issuer_is_an_https_url(template: Template, issuer: str, is_allowed: bool) -> None:
    pattern = template["Parameters"]["OidcIssuer"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, issuer)) is is_allowed


def test_only_the_account_api_knows_of_the_issuer(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    knowing = {n for n in functions if "OIDC_ISSUER" in properties(template, n)["Environment"]["Variables"]}

    assert knowing == {"RouteFunction"}


def test_provider_timeout_comes_before_the_gateways(template: Template) -> None:
    """A caller whose provider is slow gets our answer, not API Gateway's."""
    route = properties(template, "RouteFunction")
    waits_s = float(route["Environment"]["Variables"]["UPSTREAM_TIMEOUT_S"])

    assert waits_s < API_GATEWAY_TIMEOUT_S < route["Timeout"]


def test_the_sweeper_runs_every_five_minutes(template: Template) -> None:
    """The bound on how long a dead request keeps its credit is stated with it."""
    assert properties(template, "SweepFunctionRegularly")["ScheduleExpression"] == "rate(5 minutes)"


def test_the_authorizer_is_not_told_of_the_provider_keys(template: Template) -> None:
    """What a function may not read, it does not know."""
    functions = of_type(template, "AWS::Lambda::Function")
    told = [n for n, f in functions.items() if "PROVIDER_KEYS_SECRET" in f["Properties"]["Environment"]["Variables"]]

    assert set(told) == {"RouteFunction", "StreamFunction", "InspectFunction", "RolloutFunction"}


@pytest.mark.parametrize("name", ["Auth", "Route", "Stream", "Sweep", "Export", "Inspect", "Rollout"])
def test_logs_are_json_and_do_not_stay_forever(template: Template, name: str) -> None:
    """In a group of the stack's own: the one that Lambda makes by itself is never emptied."""
    logging = properties(template, f"{name}Function")["LoggingConfig"]

    assert (logging["LogFormat"], logging["LogGroup"]) == ("JSON", {"Ref": f"{name}Logs"})
    assert properties(template, f"{name}Logs")["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_table_has_the_keys_that_storage_uses(template: Template) -> None:
    """Items by pk and sk, an account's items by its index."""
    table = properties(template, "Table")

    assert _key_names(table["KeySchema"]) == {"HASH": "pk", "RANGE": "sk"}
    assert [(i["IndexName"], _key_names(i["KeySchema"])) for i in table["GlobalSecondaryIndexes"]] == [
        ("by-account", {"HASH": "account_id", "RANGE": "pk"}),
        ("open-holds", {"HASH": "hold_shard", "RANGE": "expires_at"}),
    ]


def _key_names(schema: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in schema}


def test_table_costs_nothing_while_idle(template: Template) -> None:
    """Paid by request."""
    assert properties(template, "Table")["BillingMode"] == "PAY_PER_REQUEST"


def test_table_can_be_restored_and_is_encrypted(template: Template) -> None:
    """To any second of the last weeks; with a key whose uses are on record."""
    table = properties(template, "Table")

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["Table", "KeyPepperSecret", "ProviderKeysSecret"])
def test_state_outlives_the_stack(template: Template, name: str) -> None:
    """Keys, their pepper and the operator's provider keys cannot be made again."""
    resource = template["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_pepper_is_made_by_the_deployment(template: Template) -> None:
    """Nobody has to know it; any change of this line replaces it, and with it every key."""
    generated = properties(template, "KeyPepperSecret")["GenerateSecretString"]

    assert generated == {"PasswordLength": 64, "ExcludePunctuation": True}


def test_provider_keys_are_left_to_the_operator(template: Template) -> None:
    """A change of this value, and only that, overwrites what the operator has put in."""
    assert properties(template, "ProviderKeysSecret")["SecretString"] == "{}"


def test_nothing_is_named_by_hand(template: Template) -> None:
    """Two stacks in one account do not meet. A domain is named by the operator, and its record by the domain."""
    named_outside = {*REFERRING, "AWS::Route53::RecordSet"}
    ours = {n: r["Properties"] for n, r in template["Resources"].items() if r["Type"] not in named_outside}
    named = [(name, property_) for name, properties in ours.items() for property_ in NAMES if property_ in properties]
    layers = [x["Properties"]["LayerName"] for x in of_type(template, "AWS::Lambda::LayerVersion").values()]

    assert named == []
    assert all(layer["Fn::Sub"].startswith("${AWS::StackName}-") for layer in layers)


def test_outputs_say_where_everything_is(template: Template) -> None:
    """What the command line and the operator ask the stack for."""
    exports = {"UsageBucket", "ExportFailures"}
    assert set(template["Outputs"]) - exports == {
        *("ApiUrl", "DomainUrl", "StreamUrl", "TableName", "KeyPepperSecret", "ProviderKeysSecret", "DashboardUrl"),
    }
