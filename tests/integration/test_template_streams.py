"""That completions stream once deployed: where a property is spelled slightly wrong, SAM buffers without a word."""

import json

from tests.integration.conftest import Template
from tests.integration.translated import integrations, of_type, properties

CHAT = ("/api/core/{provider}/chat/completions", "post")


def test_completions_stream_from_the_stream_function(template: Template) -> None:
    """The transfer mode and, with it, another action of Lambda's API and another date than for buffered answers."""
    integration = integrations(template)[CHAT]

    assert integration["type"] == "aws_proxy"
    assert integration["responseTransferMode"] == "STREAM"
    assert integration["timeoutInMillis"] == 900_000
    assert integration["uri"]["Fn::Sub"] == (
        "arn:aws:apigateway:${AWS::Region}:lambda:path/2021-11-15/functions/"
        "${StreamFunctionAliaslive}/response-streaming-invocations"
    )


def test_all_else_leads_to_the_route_function(template: Template) -> None:
    """As a buffered proxy integration, which passes the request on as it is."""
    others = [integration for path, integration in integrations(template).items() if path != CHAT]

    assert {integration["type"] for integration in others} == {"aws_proxy"}
    assert not [integration for integration in others if "responseTransferMode" in integration]
    assert all("${RouteFunctionAliaslive}/invocations" in i["uri"]["Fn::Sub"] for i in others)


def test_stream_function_runs_in_our_runtime(template: Template) -> None:
    """For as long as Lambda and API Gateway allow."""
    function = properties(template, "StreamFunction")

    assert function["Handler"] == "handler.app"
    assert function["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/python/openmind-llm-runtime"
    assert function["Timeout"] == 900


def test_function_url_streams_to_whoever_has_a_key(template: Template) -> None:
    """The key is checked by the function."""
    url = properties(template, "StreamFunctionUrl")

    assert (url["AuthType"], url["InvokeMode"]) == ("NONE", "RESPONSE_STREAM")
    assert url["TargetFunctionArn"] == {"Ref": "StreamFunctionAliaslive"}


def test_function_url_has_both_permissions(template: Template) -> None:
    """Since October 2025 a call needs the second one too."""
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    to_all = [p for p in permissions if p["Principal"] == "*"]

    assert {p["Action"] for p in to_all} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert [p["InvokedViaFunctionUrl"] for p in to_all if p["Action"] == "lambda:InvokeFunction"] == [True]
    assert {json.dumps(p["FunctionName"]) for p in to_all} == {'{"Ref": "StreamFunctionAliaslive"}'}


def test_api_gateway_may_invoke_the_stream_function(template: Template) -> None:
    """For this one method."""
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    ours = [p for p in permissions if p["Principal"] == "apigateway.amazonaws.com"]
    arns = [p["SourceArn"] for p in ours if p["FunctionName"] == {"Ref": "StreamFunctionAliaslive"}]

    assert len(arns) == 1
    assert "/POST/api/core/*/chat/completions" in json.dumps(arns[0])


def test_streams_end_before_the_function_does(template: Template) -> None:
    """With time left to say so and to write down the usage."""
    function = properties(template, "StreamFunction")

    assert float(function["Environment"]["Variables"]["UPSTREAM_TIMEOUT_S"]) <= function["Timeout"] - 30
