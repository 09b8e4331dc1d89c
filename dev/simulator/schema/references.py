"""`$ref` within one document: `#`, JSON pointers and anchors."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

type Schema = Any
"""An object or a boolean; a client may send anything."""


class UnsatisfiableError(Exception):
    """No value was found: there is none, or the schema is malformed or beyond this module."""


class Document:
    """The root of all references."""

    def __init__(self, root: Schema) -> None:
        self._root = root

    def resolve(self, reference: str) -> Schema:
        if not reference.startswith("#"):
            raise UnsatisfiableError(f"$ref to another document: {reference}")
        pointer = unquote(reference[1:])
        return self._pointed(pointer) if pointer[:1] in {"", "/"} else self._anchored(pointer)

    def _pointed(self, pointer: str) -> Schema:
        found = self._root
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, IndexError, ValueError, TypeError):
                raise UnsatisfiableError(f"$ref to nothing: #{pointer}") from None
        return found

    def _anchored(self, anchor: str) -> Schema:
        for schema in _objects(self._root):
            if schema.get("$anchor") == anchor:
                return schema
        raise UnsatisfiableError(f"$ref to nothing: #{anchor}")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from _objects(child)
