"""Every answer that API Gateway can make by itself has the form of ours."""

import json
import re
from typing import Any

import botocore.session
import pytest

from openmind_llm.errors import AuthenticationError
from tests.integration.conftest import Template
from tests.integration.translated import api

STATUSES = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "404",
    "INTEGRATION_FAILURE": "503",
    "INTEGRATION_TIMEOUT": "503",
    "INVALID_API_KEY": "401",
    "INVALID_SIGNATURE": "404",
    "MISSING_AUTHENTICATION_TOKEN": "404",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}


def _response(template: Template, kind: str) -> Any:
    return api(template)["x-amazon-apigateway-gateway-responses"][kind]


def _headers(template: Template, kind: str) -> dict[str, Any]:
    parameters = _response(template, kind)["responseParameters"]
    return {name.removeprefix("gatewayresponse.header."): value for name, value in parameters.items()}


def _body(template: Template, kind: str) -> Any:
    """What a client reads, with each variable replaced by what API Gateway puts there."""
    text = _response(template, kind)["responseTemplates"]["application/json"]
    quoted = text.replace("$context.error.messageString", '"a \\"quoted\\" message"')
    return json.loads(re.sub(r"\$context(\.\w+)+", "text", quoted))


@pytest.mark.parametrize("kind", STATUSES)
def test_gateway_response_names_the_origin_if_there_is_one(template: Template, kind: str) -> None:
    """Else a page could not read why it was refused."""
    condition, origin, nothing = _headers(template, kind)["Access-Control-Allow-Origin"]["Fn::If"]

    assert (condition, origin) == ("HasCors", {"Fn::Sub": "'${CorsAllowOrigin}'"})
    assert nothing == {"Ref": "AWS::NoValue"}


def test_every_gateway_response_is_shaped(template: Template) -> None:
    """All that API Gateway's own API model knows of, and our table of statuses with it."""
    model = botocore.session.get_session().get_service_model("apigateway")
    known = set(model.shape_for("GatewayResponseType").metadata["enum"])

    assert set(api(template)["x-amazon-apigateway-gateway-responses"]) == known
    assert set(STATUSES) == known


@pytest.mark.parametrize("kind", STATUSES)
def test_gateway_response_has_our_form(template: Template, kind: str) -> None:
    """JSON with the one member `error`, a text."""
    body = _body(template, kind)

    assert list(body) == ["error"]
    assert isinstance(body["error"], str)


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_gateway_response_has_the_contracts_status(template: Template, kind: str, status: str | None) -> None:
    """Unknown kinds keep their status; the others have the one of the error table."""
    assert _response(template, kind).get("statusCode") == status


@pytest.mark.parametrize("kind", STATUSES)
def test_gateway_response_names_the_request(template: Template, kind: str) -> None:
    """By the id that the functions' answers have, too."""
    assert _headers(template, kind)["x-request-id"] == "context.requestId"


@pytest.mark.parametrize("kind", [kind for kind, status in STATUSES.items() if status in {"429", "503", "504"}])
def test_gateway_response_says_when_to_return(template: Template, kind: str) -> None:
    """Where waiting helps."""
    assert re.fullmatch(r"'\d+'", _headers(template, kind)["Retry-After"])


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "INVALID_API_KEY"])
def test_refused_key_reads_as_in_the_application(template: Template, kind: str) -> None:
    """One text at every door."""
    assert _body(template, kind) == {"error": AuthenticationError().message}
