"""What a message of an answer says, whole or as the delta of a stream; nothing in it is taken for granted."""

from collections.abc import Iterator
from typing import Any


def objects(found: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of them."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def written(message: Any) -> Iterator[str]:
    """What the model wrote: content, reasoning, the arguments of its tool calls."""
    if isinstance(message, dict):
        yield from (text for text in _texts(message) if isinstance(text, str))


def _texts(message: dict[str, Any]) -> Iterator[Any]:
    yield from (message.get(name) for name in ("content", "reasoning", "reasoning_content"))
    for call in objects(message.get("tool_calls")):
        function = call.get("function")
        yield function.get("arguments") if isinstance(function, dict) else None
