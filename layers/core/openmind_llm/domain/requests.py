"""The body of a completion request: what the contract says of it is checked, everything else passes through."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import json_body, messages, usage
from openmind_llm.domain.usage import Prompt
from openmind_llm.errors import InvalidRequestError

type Check = Callable[[str, Any], Any]
"""From a field's name and value to the value as it is sent. Raises InvalidRequestError."""

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""The contract names system, user and assistant; the others are what its clients send with tools."""

MOST_INTEGER = 2**53 - 1
"""Beyond it two readers of JSON may see two numbers, and amounts outgrow what can be stored and shown."""

CLIENT_TOOLS = ("function", "custom")
"""Kinds of tools that whoever asks runs by itself."""

CAPS = ("max_tokens", "max_completion_tokens")
"""Names of the cap of an answer, in tokens."""

_MODEL_NAME = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class ChatRequest:
    """A checked body. `body` is what was validated and is the only source of what is sent."""

    model: str
    body: dict[str, Any]

    @property
    def is_stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def asked_output(self) -> int | None:
        """The cap of the answer that the caller named, in tokens. Of two names, which one counts is the provider's."""
        return max(self.caps.values(), default=None)

    @property
    def caps(self) -> dict[str, int]:
        """Those that the caller named, by their names."""
        return {name: self.body[name] for name in CAPS if self.body.get(name) is not None}

    @cached_property
    def prompt(self) -> Prompt:
        """Measured once: it takes as long as writing the body anew."""
        return usage.measure(self.body)

    @property
    def choices(self) -> int:
        """How many answers are asked for, each of which may reach the cap."""
        return int(self.body.get("n") or 1)

    def capped(self, tokens: int) -> "ChatRequest":
        """With a cap for the answer, unless there is one."""
        if self.asked_output is not None:
            return self
        return ChatRequest(self.model, self.body | {"max_tokens": tokens})

    def lowered(self, tokens: int) -> "ChatRequest":
        """With no cap above so many."""
        return ChatRequest(self.model, self.body | {name: min(cap, tokens) for name, cap in self.caps.items()})


def parse(raw: bytes) -> ChatRequest:
    """Raises InvalidRequestError with a text that names the field and the rule."""
    body = json_body.parse(raw)
    _refuse_look_alikes(body)
    _check_model(body.get("model"))
    _check_messages(body.get("messages"))
    for field, check in _OPTIONAL.items():
        if body.get(field) is not None:
            body[field] = check(field, body[field])
    return ChatRequest(model=body["model"], body=body)


def asks_for_server_tools(body: dict[str, Any]) -> bool:
    """Tools that the provider itself runs, and bills by the call. What is malformed is for the provider to refuse."""
    kinds = [tool.get("type") for tool in messages.objects(body.get("tools"))]
    return any(isinstance(kind, str) and kind not in CLIENT_TOOLS for kind in kinds)


def _refuse_look_alikes(body: dict[str, Any]) -> None:
    """`Model` beside `model`: some servers match names regardless of case and would read the other one."""
    for name in body:
        folded = name.casefold()
        if folded != name and folded in _CHECKED:
            raise InvalidRequestError(f"{folded} must be spelled in lower case")


def _check_model(model: Any) -> None:
    if model is None or model == "":
        raise InvalidRequestError("model is required")
    if not isinstance(model, str):
        raise InvalidRequestError("model must be a string")
    if not _MODEL_NAME.fullmatch(model):
        raise InvalidRequestError("model must be at most 200 printable characters without spaces")


def _check_messages(messages: Any) -> None:
    if messages is None:
        raise InvalidRequestError("messages is required")
    if not isinstance(messages, list):
        raise InvalidRequestError("messages must be an array")
    if not messages:
        raise InvalidRequestError("messages must not be empty")
    for index, message in enumerate(messages):
        _check_message(f"messages[{index}]", message)


def _check_message(where: str, message: Any) -> None:
    if not isinstance(message, dict):
        raise InvalidRequestError(f"{where} must be an object")
    role = message.get("role")
    if role not in ROLES or not isinstance(role, str):
        raise InvalidRequestError(f"{where}.role must be one of {', '.join(ROLES)}")
    content = message.get("content")
    if content is None and role != "assistant":
        raise InvalidRequestError(f"{where}.content is required")
    if content is not None:
        _check_content(f"{where}.content", content)


def _check_content(where: str, content: Any) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise InvalidRequestError(f"{where} must be a string or an array of parts")
    for index, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise InvalidRequestError(f"{where}[{index}] must be an object with a type")


def _number(low: float, high: float) -> Check:
    def check(field: str, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidRequestError(f"{field} must be a number")
        if not low <= value <= high:
            raise InvalidRequestError(f"{field} must be between {low} and {high}")
        return value

    return check


def _positive_integer(field: str, value: Any) -> int:
    """JSON knows one kind of number: 100.0 is an integer, and is sent as 100."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise InvalidRequestError(f"{field} must be an integer")
    if value < 1:
        raise InvalidRequestError(f"{field} must be at least 1")
    if value > MOST_INTEGER:
        raise InvalidRequestError(f"{field} must be at most {MOST_INTEGER}")
    return int(value)


def _boolean(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequestError(f"{field} must be a boolean")
    return value


def _object(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequestError(f"{field} must be an object")
    return value


_OPTIONAL: dict[str, Check] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "frequency_penalty": _number(-2, 2),
    "presence_penalty": _number(-2, 2),
    "max_tokens": _positive_integer,
    "max_completion_tokens": _positive_integer,
    "n": _positive_integer,
    "stream": _boolean,
    "stream_options": _object,
}
"""Null stands for absent, as at the providers."""

_CHECKED = frozenset({"model", "messages", *_OPTIONAL})
