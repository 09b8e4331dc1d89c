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

READ = ("messages", "prediction", "prompt", "system", "instructions", "input")
"""Fields of a request in which everything is a text. Most are no field of the contract, and pass through it."""

DESCRIBED = ("tools", "functions", "response_format")
"""Those in which only descriptions are: the rest is the form that an answer has to have."""

_DESCRIPTIONS = frozenset({"description", "title", "default", "const", "enum", "examples"})


def read_by_model(body: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The body with its texts changed."""
    read = {name: changed(body[name], change, (name,)) for name in READ if name in body}
    described = {name: _described(body[name], change, (name,)) for name in DESCRIBED if name in body}
    return {**body, **read, **described}


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
                if name in _DESCRIPTIONS and isinstance(one, str | list)
                else _described(one, change, (*path, name))
                for name, one in value.items()
            }
        case list():
            return [_described(one, change, (*path, index)) for index, one in enumerate(value)]
        case _:
            return value
