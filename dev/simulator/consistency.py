"""What OpenAI refuses although each field by itself is in order."""

from collections.abc import Iterator
from typing import Any

from dev.simulator.refusals import RefusedError

type Body = dict[str, Any]

_NESTING = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf", "prefixItems")


def check(body: Body) -> None:
    """Raises RefusedError."""
    if body.get("tools") == []:
        text = "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead."
        raise RefusedError(400, text, param="tools", code="empty_array")
    if body.get("stream_options") is not None and not body.get("stream"):
        text = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise RefusedError(400, text, param="stream_options")
    _check_tool_messages(body["messages"])
    _check_tools(body.get("tools") or [])
    _check_response_format(body.get("response_format") or {})


def _check_tool_messages(messages: list[Body]) -> None:
    """Each tool call is answered before the talk goes on, and nothing else is answered."""
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                raise RefusedError(400, text + "with 'tool_calls'.", param=f"messages.[{index}].role")
            open_calls.remove(message["tool_call_id"])
        else:
            _check_answered(open_calls, index)
            open_calls = {str(call.get("id")) for call in message.get("tool_calls") or ()}
    _check_answered(open_calls, len(messages))


def _check_answered(open_calls: set[str], index: int) -> None:
    if open_calls:
        text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        text += f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
        raise RefusedError(400, text, param=f"messages.[{index}].role")


def _check_tools(tools: list[Body]) -> None:
    for index, tool in enumerate(tools):
        function = tool["function"]
        if function.get("strict") is True:
            for trouble in _troubles(function.get("parameters") or {}, ()):
                text = f"Invalid schema for function '{function['name']}': {trouble}"
                param = f"tools[{index}].function.parameters"
                raise RefusedError(400, text, param=param, code="invalid_function_parameters")


def _check_response_format(wanted: Body) -> None:
    named = wanted.get("json_schema") or {}
    if named.get("strict") is True:
        for trouble in _troubles(named["schema"], ()):
            text = f"Invalid schema for response_format '{named['name']}': {trouble}"
            raise RefusedError(400, text, param="response_format")


def _troubles(schema: Any, place: tuple[str, ...]) -> Iterator[str]:
    """Strict: every object names all its properties as required and allows no others."""
    if not isinstance(schema, dict):
        return
    if not place and schema.get("type") != "object":
        yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if schema.get("type") == "object":
        yield from _object_troubles(schema, place)
    for name, child in _children(schema):
        yield from _troubles(child, (*place, name))


def _object_troubles(schema: Body, place: tuple[str, ...]) -> Iterator[str]:
    where = f"In context=({', '.join(map(repr, place))})"
    if schema.get("additionalProperties") is not False:
        yield f"{where}, 'additionalProperties' is required to be supplied and to be false."
    required = schema.get("required")
    named = required if isinstance(required, list) else []
    properties = schema.get("properties")
    missing = [name for name in (properties if isinstance(properties, dict) else ()) if name not in named]
    if missing:
        yield (
            f"{where}, 'required' is required to be supplied and to be an array including every key in properties. "
            f"Missing '{missing[0]}'."
        )


def _children(schema: Body) -> Iterator[tuple[str, Any]]:
    for keyword in _NESTING:
        if isinstance(schema.get(keyword), dict):
            yield from schema[keyword].items()
    for keyword in _LISTS:
        if isinstance(schema.get(keyword), list):
            yield from ((str(number), child) for number, child in enumerate(schema[keyword]))
    if "items" in schema:
        yield "items", schema["items"]
