"""What ministack leaves out when it makes a REST API of an OpenAPI document, and of integrations that stream."""

import json
from typing import Any

from ministack.services import apigateway_v1

from dev.aws import streams
from dev.aws.patches import Function, PatchError, change, theirs

_ANY = "x-amazon-apigateway-any-method"
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_BINARY = "x-amazon-apigateway-binary-media-types"
_STREAMED = "/response-streaming-invocations"
_CREATED = 201


def apply() -> None:
    """Raises PatchError."""
    theirs(apigateway_v1, "_OPENAPI_HTTP_METHODS").add("any")
    change(apigateway_v1, "_import_path_item", _with_any_method)
    change(apigateway_v1, "_import_rest_api", _with_extensions)
    change(apigateway_v1, "_invoke_lambda_proxy_v1", _streaming_if_asked)
    change(apigateway_v1, "run_reentrant", streams.opened_early)
    change(apigateway_v1, "_lambda_proxy_response", _streamed_response)


def _with_any_method(original: Function) -> Function:
    """Ministack passes over a path's `x-amazon-apigateway-any-method`, which is most of our paths."""

    def import_path_item(api_id: str, path: str, path_item: dict[str, Any], *rest: Any) -> None:
        named = {"any" if name == _ANY else name: operation for name, operation in path_item.items()}
        original(api_id, path, named, *rest)

    return import_path_item


def _with_extensions(original: Function) -> Function:
    """Ministack passes over gateway responses and binary media types: our errors and bodies would differ from AWS's."""

    def import_rest_api(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        binary = {"binaryMediaTypes": spec[_BINARY]} if _BINARY in spec else {}
        api_id: str = original(spec, {**(base_data or {}), **binary})
        for kind, response in spec.get(_RESPONSES, {}).items():
            status, _, body = theirs(apigateway_v1, "_put_gateway_response")(api_id, kind, response)
            if status != _CREATED:
                raise PatchError(f"gateway response {kind}: {json.loads(body)}")
        return api_id

    return import_rest_api


def _streaming_if_asked(original: Function) -> Function:
    """Ministack looks for a function by all of `.../functions/<arn>/response-streaming-invocations`, and finds none."""

    async def invoke(integration: dict[str, Any], *rest: Any, **named: Any) -> Any:
        function, streamed, _ = integration.get("uri", "").partition(_STREAMED)
        if not streamed:
            return await original(integration, *rest, **named)
        with streams.wanted():
            return await original({**integration, "uri": f"{function}/invocations"}, *rest, **named)

    return invoke


def _streamed_response(original: Function) -> Function:
    def proxy_response(result: dict[str, Any]) -> Any:
        answer = result.get("body")
        if not isinstance(answer, streams.Opened):
            return original(result)
        repeated = {"multiValueHeaders": answer.repeated} if answer.repeated else {}
        return {"statusCode": answer.status, "headers": answer.headers, "body": answer.response(), **repeated}, None

    return proxy_response
