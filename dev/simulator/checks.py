"""Types and ranges of the fields beside the messages, the same at every provider."""

import re
from collections.abc import Callable
from typing import Any

from dev.simulator.quirks import Quirks
from dev.simulator.refusals import RefusedError

type Body = dict[str, Any]
type Check = Callable[[Any], bool]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAX_STOPS = 4
_MAX_TOOLS = 128
_TOOL_CHOICES = ("none", "auto", "required")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def check(quirks: Quirks, body: Body) -> None:
    """Null stands for absent. Raises RefusedError."""
    for name, (holds, wanted) in _FIELDS.items():
        if body.get(name) is not None and not holds(body[name]):
            raise RefusedError(400, f"Invalid value for '{name}': expected {wanted}.", param=name, code="invalid_value")
    if (body.get("n") or 1) > quirks.max_choices:
        raise RefusedError(400, f"Invalid 'n': the largest value is {quirks.max_choices}.", param="n")
    _check_tool_choice(body)
    _check_response_format(quirks, body)


def _number(low: float, high: float) -> tuple[Check, str]:
    return lambda value: is_number(value) and low <= value <= high, f"a number from {low} to {high}"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_stop(value: Any) -> bool:
    texts = [value] if isinstance(value, str) else value
    return isinstance(texts, list) and len(texts) <= _MAX_STOPS and all(isinstance(text, str) for text in texts)


def _is_tools(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_TOOLS and all(map(_is_tool, value))


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or tool.get("type") != "function":
        return False
    name, parameters = function.get("name"), function.get("parameters")
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and isinstance(parameters, dict | None)


def _is_tool_choice(value: Any) -> bool:
    return value in _TOOL_CHOICES if isinstance(value, str) else _chosen(value) is not None


def _chosen(value: Any) -> str | None:
    function = value.get("function") if isinstance(value, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and value.get("type") == "function" else None


def _check_tool_choice(body: Body) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    named = _chosen(choice)
    if not names and choice not in ("auto", "none"):
        text = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        raise RefusedError(400, text, param="tool_choice")
    if named is not None and named not in names:
        text = f"Invalid value for 'tool_choice': no function named '{named}' was specified in the 'tools' parameter."
        raise RefusedError(400, text, param="tool_choice")


def _check_response_format(quirks: Quirks, body: Body) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    if wanted["type"] not in quirks.response_formats:
        raise RefusedError(400, "This response_format type is unavailable now", param="response_format")
    if wanted["type"] == "json_object" and quirks.json_word and "json" not in str(body["messages"]).lower():
        raise RefusedError(400, quirks.json_word, param="messages")


def _is_response_format(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("type") not in ("text", "json_object", "json_schema"):
        return False
    return value["type"] != "json_schema" or _is_named_schema(value.get("json_schema"))


def _is_named_schema(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("schema"), dict):
        return False
    name = value.get("name")
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


_BOOLEAN: tuple[Check, str] = (lambda value: isinstance(value, bool), "a boolean")
_COUNT: tuple[Check, str] = (_is_positive, "an integer of at least 1")

_FIELDS: dict[str, tuple[Check, str]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "frequency_penalty": _number(-2, 2),
    "presence_penalty": _number(-2, 2),
    "max_tokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "n": _COUNT,
    "stream": _BOOLEAN,
    "parallel_tool_calls": _BOOLEAN,
    "stream_options": (lambda value: isinstance(value, dict), "an object"),
    "reasoning_effort": (lambda value: value in _EFFORTS, f"one of {', '.join(_EFFORTS)}"),
    "stop": (_is_stop, f"a string or an array of at most {_MAX_STOPS} strings"),
    "tools": (_is_tools, f"an array of at most {_MAX_TOOLS} tools of type 'function', each with a name"),
    "tool_choice": (_is_tool_choice, "'none', 'auto', 'required' or a function's name"),
    "response_format": (
        _is_response_format,
        "'text', 'json_object' or a named 'json_schema' with its schema",
    ),
}
