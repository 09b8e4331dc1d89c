"""A schema without `$ref`, `allOf`, `anyOf`, `oneOf` and `if`: each way through them is one flat schema.

What is lost on the way (of two patterns, say, the second) only makes for worse proposals: the check reads the
schema as it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lcm
from typing import Any

from dev.simulator.schema.references import Document, Schema

type Flat = dict[str, Any]
type Path = tuple[str, ...]
"""The references that were followed to get here."""

NOTHING: Flat = {"enum": []}
_CONDITIONS = ("if", "then", "else")
_BRANCHING = ("$ref", "anyOf", "oneOf", "if")


@dataclass(frozen=True, slots=True)
class Flattener:
    """`repeats` is how often a reference may lead to itself."""

    document: Document
    repeats: int

    def flat(self, schema: Schema, path: Path) -> Iterator[tuple[Flat, Path]]:
        if isinstance(schema, bool):
            schema = {} if schema else NOTHING
        for name, follow in self._steps().items():
            if name in schema:
                yield from follow(schema, path)
                return
        yield schema, path

    def _steps(self) -> dict[str, Callable[[Flat, Path], Iterator[tuple[Flat, Path]]]]:
        return {
            "$ref": self._reference,
            "anyOf": lambda schema, path: self._branches(schema, "anyOf", path),
            "oneOf": lambda schema, path: self._branches(schema, "oneOf", path),
            "if": self._conditions,
            "allOf": self._all,
        }

    def _reference(self, schema: Flat, path: Path) -> Iterator[tuple[Flat, Path]]:
        reference = schema["$ref"]
        if path.count(reference) <= self.repeats:
            target = self.document.resolve(reference)
            yield from self.flat(merge(_without(schema, "$ref"), target), (*path, reference))

    def _branches(self, schema: Flat, name: str, path: Path) -> Iterator[tuple[Flat, Path]]:
        for branch in schema[name]:
            yield from self.flat(merge(_without(schema, name), branch), path)

    def _conditions(self, schema: Flat, path: Path) -> Iterator[tuple[Flat, Path]]:
        rest = _without(schema, *_CONDITIONS)
        chosen = merge(merge(rest, schema["if"]), schema.get("then", True))
        yield from self.flat(chosen, path)
        yield from self.flat(merge(rest, schema.get("else", True)), path)

    def _all(self, schema: Flat, path: Path) -> Iterator[tuple[Flat, Path]]:
        merged = _without(schema, "allOf")
        for part in schema["allOf"]:
            merged = merge(merged, part)
        yield from self.flat(merged, path)


def merge(first: Flat, second: Schema) -> Flat:
    """Both at once. Where both branch in the same way, the second waits in `allOf`."""
    if isinstance(second, bool):
        return first if second else NOTHING
    if any(name in first and name in second for name in _BRANCHING):
        return first | {"allOf": [*first.get("allOf", []), second]}
    shared = {name: _both(name, first[name], second[name]) for name in first.keys() & second.keys()}
    merged: Flat = first | second | shared
    return merged


def kinds(schema: Flat) -> list[str]:
    """As `type` says, else as the keywords suggest; null comes last."""
    said = schema.get("type")
    if said is None:
        return [kind for kind, names in _SUGGESTIONS.items() if names & schema.keys()] or _ANY_KIND
    return sorted([said] if isinstance(said, str) else said, key=lambda kind: kind == "null")


def _both(name: str, first: Any, second: Any) -> Any:
    combine = _COMBINERS.get(name)
    return combine(first, second) if combine else first


def _without(schema: Flat, *names: str) -> Flat:
    return {name: said for name, said in schema.items() if name not in names}


def _members(first: Any, second: Any) -> Any:
    shared = {name: _all_of(first[name], second[name]) for name in first.keys() & second.keys()}
    return first | second | shared


def _all_of(first: Schema, second: Schema) -> Schema:
    return {"allOf": [first, second]}


def _common(first: Any, second: Any) -> list[Any]:
    others = [second] if isinstance(second, str) else second
    return [one for one in ([first] if isinstance(first, str) else first) if one in others]


def _common_kinds(first: Any, second: Any) -> list[str]:
    wide, narrow = _with_integer(first), _with_integer(second)
    return [kind for kind in wide if kind in narrow]


def _with_integer(said: Any) -> list[str]:
    """An integer is a number."""
    listed = [said] if isinstance(said, str) else list(said)
    return [*listed, "integer"] if "number" in listed and "integer" not in listed else listed


def _multiple(first: Any, second: Any) -> Any:
    return lcm(first, second) if isinstance(first, int) and isinstance(second, int) else max(first, second)


_COMBINERS: dict[str, Callable[[Any, Any], Any]] = {
    "allOf": lambda first, second: [*first, *second],
    "type": _common_kinds,
    "enum": _common,
    "required": lambda first, second: [*first, *(name for name in second if name not in first)],
    "properties": _members,
    "patternProperties": _members,
    "items": _all_of,
    "additionalProperties": _all_of,
    "propertyNames": _all_of,
    "contains": _all_of,
    "multipleOf": _multiple,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
}

_SUGGESTIONS: dict[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties", "patternProperties", "minProperties"},
    "array": {"items", "prefixItems", "minItems", "contains", "uniqueItems"},
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}
_ANY_KIND = ["string", "object", "array", "number", "boolean", "null"]
