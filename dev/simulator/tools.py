"""Which tools the simulated model calls, and with what.

Under "auto" it calls the tools that the last user message names, else the first one (the first two where
`parallel_tool_calls` is true), unless a tool has just answered. `parallel_tool_calls: false` leaves one.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from dev.simulator import messages, phrases
from dev.simulator.refusals import RefusedError
from dev.simulator.request import Request
from dev.simulator.schema.references import UnsatisfiableError
from dev.simulator.schema.values import value

type Tool = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """`arguments` is JSON text; `signature` is what Gemini wants back in the next turn."""

    id: str
    name: str
    arguments: str
    signature: str | None = None

    def wire(self, arguments: str) -> dict[str, Any]:
        """With these of its arguments: in a stream, the first of them."""
        function = {"name": self.name, "arguments": arguments}
        signed = {"extra_content": {"google": {"thought_signature": self.signature}}} if self.signature else {}
        return {"id": self.id, "type": "function", "function": function} | signed


def calls(request: Request, choice: int) -> tuple[Call, ...]:
    """Those of choice number `choice`; none where the model answers in words."""
    chosen = _chosen(request)
    return tuple(_call(request, tool, f"{choice}{number}") for number, tool in enumerate(chosen))


def _chosen(request: Request) -> list[Tool]:
    wanted = request.body.get("tool_choice") or "auto"
    if isinstance(wanted, dict):
        return [tool for tool in request.tools if tool["name"] == wanted["function"]["name"]][:1]
    has_answer = wanted == "auto" and request.messages[-1]["role"] == "tool"
    if wanted == "none" or has_answer:
        return []
    is_parallel = request.body.get("parallel_tool_calls")
    named = _named(request)
    found = named or request.tools[: 2 if is_parallel else 1]
    return found[:1] if is_parallel is False else found


def _named(request: Request) -> list[Tool]:
    text = messages.last_user_text(request.messages)
    return [tool for tool in request.tools if re.search(rf"(?<![\w-]){re.escape(tool['name'])}(?![\w-])", text)]


def _call(request: Request, tool: Tool, number: str) -> Call:
    schema = {"type": "object"} | (tool.get("parameters") or {})
    try:
        arguments = value(schema, phrases.hints(request))
    except UnsatisfiableError as error:
        text = f"Invalid schema for function '{tool['name']}': {error}."
        raise RefusedError(400, text, param="tools", code="invalid_function_parameters") from None
    call_id = f"call_{request.digest[:22]}{number}"
    return Call(call_id, tool["name"], json.dumps(arguments, ensure_ascii=False), _signature(request))


def _signature(request: Request) -> str | None:
    is_signed = re.search(request.quirks.signs_calls, request.model)
    return base64.b64encode(bytes.fromhex(request.digest)).decode() if is_signed else None
