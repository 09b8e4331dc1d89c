"""What a message of an answer says, whole or as the delta of a stream; nothing in it is taken for granted."""

from typing import Any

_TEXTS = ("content", "reasoning", "reasoning_content")


def objects(found: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of them."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def written(message: Any) -> list[str]:
    """What the model wrote: content, reasoning, the arguments of its tool calls."""
    if not isinstance(message, dict):
        return []
    found = [text for name in _TEXTS if isinstance(text := message.get(name), str)]
    for call in objects(message.get("tool_calls")):
        function = call.get("function")
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str):
            found.append(arguments)
    return found
