"""Where the texts are: in what a model reads, and in what it writes.

Whatever is not known to be something else is a text, so that a field which is new to us is filtered, too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

type Path = tuple[str | int, ...]
"""Of a text within a value: names, and numbers in lists."""

type Change = Callable[[Path, str], str]

NO_TEXTS = frozenset({
    "role",
    "type",
    "id",
    "name",
    "tool_call_id",
    "url",
    "image_url",
    "data",
    "file_data",
    "file_id",
    "format",
    "detail",
    "signature",
    "thought_signature",
    "encrypted_content",
})  # fmt: skip
"""Names of what a model does not read as words, or what breaks if it is changed: ids, addresses, packed files."""

NO_PROMPTS = frozenset({
    "model",
    "tool_choice",
    "function_call",
    "user",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
})  # fmt: skip
"""Fields of a request of which no model reads anything. All others go to providers that may have it read, whether we
know of it or not (`documents`, `system`), and are filtered."""

DESCRIBED = ("tools", "functions", "response_format")
"""Those in which only descriptions are: the rest is the form that an answer has to have."""

_DESCRIPTIONS = frozenset({"description", "title", "default", "const", "enum", "examples", "$comment", "definition"})


def read_by_model(body: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The body with its texts changed."""
    return {name: _field(name, value, change) for name, value in body.items()}


def _field(name: str, value: Any, change: Change) -> Any:
    if name in NO_PROMPTS:
        return value
    return (_described if name in DESCRIBED else changed)(value, change, (name,))


def changed(value: Any, change: Change, path: Path = ()) -> Any:
    match value:
        case str():
            return change(path, value)
        case dict():
            return {
                name: one if name in NO_TEXTS and isinstance(one, str) else changed(one, change, (*path, name))
                for name, one in value.items()
            }
        case list():
            return [changed(one, change, (*path, place(one, index))) for index, one in enumerate(value)]
        case _:
            return value


def place(item: Any, position: int) -> int:
    """Of an item in a list that comes in pieces: the one that it says itself."""
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int) else position


def built(texts: Iterable[tuple[Path, str]]) -> dict[str, Any]:
    """The least that has these texts in their places."""
    root: dict[Any, Any] = {}
    for path, text in texts:
        at = root
        for step in path[:-1]:
            at = at.setdefault(step, {})
        at[path[-1]] = text
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {step: _listed(one) for step, one in value.items()}
    if not all(isinstance(step, int) for step in inner):
        return inner
    return [{"index": step, **one} if isinstance(one, dict) else one for step, one in inner.items()]


def _described(value: Any, change: Change, path: Path) -> Any:
    match value:
        case dict():
            return {
                name: changed(one, change, (*path, name))
                if name in _DESCRIPTIONS and isinstance(one, str | list | dict)
                else _described(one, change, (*path, name))
                for name, one in value.items()
            }
        case list():
            return [_described(one, change, (*path, index)) for index, one in enumerate(value)]
        case _:
            return value
