"""Messages: which are accepted, and what they say."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Never

from dev.simulator.quirks import Quirks
from dev.simulator.refusals import RefusedError

type Message = dict[str, Any]

ROLES = ("system", "developer", "user", "assistant", "tool", "function")

_DATA_URL = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,(.+)", re.DOTALL)
_WEB_URL = re.compile(r"https?://[^\s/]+\S*")
_DETAILS = (None, "auto", "low", "high", "original")


def check(quirks: Quirks, messages: list[Any]) -> None:
    """Raises RefusedError, with the place of the offender."""
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            _refuse(f"{place}.role", f"expected one of {', '.join(ROLES)}")
        for name in quirks.refused_message_fields & message.keys():
            _refuse(f"{place}.{name}", "this field is not supported")
        _check_content(place, message)


def text(message: Message) -> str:
    """All text of one message; parts are joined by line ends."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] == "text")


def written(message: Message) -> str:
    """All that the model reads of a message besides images: its text, its name, its tool calls."""
    calls = message.get("tool_calls")
    return text(message) + str(message.get("name") or "") + (json.dumps(calls) if calls else "")


def images(message: Message) -> int:
    content = message.get("content")
    return sum(part["type"] == "image_url" for part in content) if isinstance(content, list) else 0


def last_user_text(messages: list[Message]) -> str:
    """Empty where the user said nothing."""
    return next((text(message) for message in reversed(messages) if message["role"] == "user"), "")


def _check_content(place: str, message: Message) -> None:
    content = message.get("content")
    if content is None:
        if message["role"] != "assistant":
            _refuse(f"{place}.content", "expected a string or an array of parts, got null")
    elif isinstance(content, list):
        for index, part in enumerate(content):
            _check_part(f"{place}.content[{index}]", part)
    elif not isinstance(content, str):
        _refuse(f"{place}.content", "expected a string or an array of parts")
    if not _are_calls(message.get("tool_calls")):
        _refuse(f"{place}.tool_calls", "expected an array of calls, each with an id and a function")
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        _refuse(f"{place}.tool_call_id", "missing required parameter")


def _are_calls(calls: Any) -> bool:
    return calls is None or (isinstance(calls, list) and bool(calls) and all(map(_is_call, calls)))


def _is_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(call.get("id"), str):
        return False
    return isinstance(function.get("name"), str) and isinstance(function.get("arguments"), str)


def _check_part(place: str, part: Any) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    check_ = _PARTS.get(kind) if isinstance(kind, str) else None
    if check_ is None:
        _refuse(f"{place}.type", f"expected one of {', '.join(_PARTS)}")
    for trouble in check_(part):
        _refuse(place, trouble)


def _text_troubles(part: dict[str, Any]) -> Iterator[str]:
    if not isinstance(part.get("text"), str):
        yield "expected a string in 'text'"


def _refusal_troubles(part: dict[str, Any]) -> Iterator[str]:
    if not isinstance(part.get("refusal"), str):
        yield "expected a string in 'refusal'"


def _image_troubles(part: dict[str, Any]) -> Iterator[str]:
    image = part.get("image_url")
    if not isinstance(image, dict) or not isinstance(image.get("url"), str):
        yield "expected an object with a 'url' in 'image_url'"
        return
    if image.get("detail") not in _DETAILS:
        yield "invalid image detail"
    data = _DATA_URL.fullmatch(image["url"])
    if data is None and not _WEB_URL.fullmatch(image["url"]):
        yield "invalid image URL: expected a web URL or a data URL of a png, jpeg, gif or webp image in base64"
    if data is not None and not _is_base64(data[2]):
        yield "invalid base64 data in the image URL"


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False


def _refuse(place: str, trouble: str) -> Never:
    raise RefusedError(400, f"Invalid '{place}': {trouble}.", param=place, code="invalid_value")


_PARTS: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "text": _text_troubles,
    "image_url": _image_troubles,
    "refusal": _refusal_troubles,
}
