"""Whether a value obeys a schema. `unevaluated…`, `$dynamicRef` and references to other documents are not read."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dev.simulator.schema.formats import FORMATS
from dev.simulator.schema.references import Document, Schema


@dataclass(frozen=True, slots=True)
class Place:
    """The schema that a keyword stands in, and its document."""

    schema: dict[str, Any]
    document: Document

    def accepts(self, schema: Schema, value: Any) -> bool:
        return accepts(schema, value, self.document)

    def limit(self, name: str, default: int) -> int:
        return int(self.schema.get(name, default))


type Rule = Callable[[Any, Any, Place], bool]


def accepts(schema: Schema, value: Any, document: Document) -> bool:
    """May raise TypeError, ValueError, AttributeError or RecursionError for a malformed schema."""
    if isinstance(schema, bool):
        return schema
    place = Place(schema, document)
    return all(_RULES[name](said, value, place) for name, said in schema.items() if name in _RULES)


def same(first: Any, second: Any) -> bool:
    """As JSON: true is not 1."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def is_kind(value: Any, kind: str) -> bool:
    return _KINDS[kind](value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value == int(value),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _for(kind: str, rule: Rule) -> Rule:
    """A keyword says nothing about values of other kinds."""
    return lambda said, value, place: not is_kind(value, kind) or rule(said, value, place)


def _type(said: Any, value: Any, _place: Place) -> bool:
    return any(is_kind(value, kind) for kind in ([said] if isinstance(said, str) else said))


def _multiple_of(said: Any, value: Any, _place: Place) -> bool:
    """Exact, and also by the arithmetic of floats, as some validators do it."""
    is_exact = Fraction(str(value)) % Fraction(str(said)) == 0
    return is_exact and (isinstance(said, int) or (value / said).is_integer())


def _format(said: Any, value: Any, _place: Place) -> bool:
    return said not in FORMATS or FORMATS[said].holds(value)


def _unique_items(said: Any, value: Any, _place: Place) -> bool:
    return not said or len({json.dumps(item, sort_keys=True) for item in value}) == len(value)


def _items(said: Any, value: Any, place: Place) -> bool:
    first = len(place.schema.get("prefixItems", []))
    return all(place.accepts(said, item) for item in value[first:])


def _prefix_items(said: Any, value: Any, place: Place) -> bool:
    return all(place.accepts(schema, item) for schema, item in zip(said, value, strict=False))


def _contains(said: Any, value: Any, place: Place) -> bool:
    found = sum(place.accepts(said, item) for item in value)
    return place.limit("minContains", 1) <= found <= place.limit("maxContains", len(value))


def _properties(said: Any, value: Any, place: Place) -> bool:
    return all(place.accepts(schema, value[name]) for name, schema in said.items() if name in value)


def _pattern_properties(said: Any, value: Any, place: Place) -> bool:
    return all(
        place.accepts(schema, member)
        for pattern, schema in said.items()
        for name, member in value.items()
        if re.search(pattern, name)
    )


def _additional_properties(said: Any, value: Any, place: Place) -> bool:
    named, patterns = place.schema.get("properties", {}), place.schema.get("patternProperties", {})
    return all(
        place.accepts(said, member)
        for name, member in value.items()
        if name not in named and not any(re.search(pattern, name) for pattern in patterns)
    )


def _dependent_required(said: Any, value: Any, _place: Place) -> bool:
    return all(other in value for name, others in said.items() if name in value for other in others)


def _dependent_schemas(said: Any, value: Any, place: Place) -> bool:
    return all(place.accepts(schema, value) for name, schema in said.items() if name in value)


def _if(said: Any, value: Any, place: Place) -> bool:
    outcome = "then" if place.accepts(said, value) else "else"
    return place.accepts(place.schema.get(outcome, True), value)


_RULES: dict[str, Rule] = {
    "$ref": lambda said, value, place: place.accepts(place.document.resolve(said), value),
    "type": _type,
    "enum": lambda said, value, _: any(same(value, one) for one in said),
    "const": lambda said, value, _: same(value, said),
    "minimum": _for("number", lambda said, value, _: value >= said),
    "maximum": _for("number", lambda said, value, _: value <= said),
    "exclusiveMinimum": _for("number", lambda said, value, _: value > said),
    "exclusiveMaximum": _for("number", lambda said, value, _: value < said),
    "multipleOf": _for("number", _multiple_of),
    "minLength": _for("string", lambda said, value, _: len(value) >= said),
    "maxLength": _for("string", lambda said, value, _: len(value) <= said),
    "pattern": _for("string", lambda said, value, _: re.search(said, value) is not None),
    "format": _for("string", _format),
    "minItems": _for("array", lambda said, value, _: len(value) >= said),
    "maxItems": _for("array", lambda said, value, _: len(value) <= said),
    "uniqueItems": _for("array", _unique_items),
    "prefixItems": _for("array", _prefix_items),
    "items": _for("array", _items),
    "contains": _for("array", _contains),
    "required": _for("object", lambda said, value, _: all(name in value for name in said)),
    "minProperties": _for("object", lambda said, value, _: len(value) >= said),
    "maxProperties": _for("object", lambda said, value, _: len(value) <= said),
    "properties": _for("object", _properties),
    "patternProperties": _for("object", _pattern_properties),
    "additionalProperties": _for("object", _additional_properties),
    "propertyNames": _for("object", lambda said, value, place: all(place.accepts(said, name) for name in value)),
    "dependentRequired": _for("object", _dependent_required),
    "dependentSchemas": _for("object", _dependent_schemas),
    "allOf": lambda said, value, place: all(place.accepts(schema, value) for schema in said),
    "anyOf": lambda said, value, place: any(place.accepts(schema, value) for schema in said),
    "oneOf": lambda said, value, place: sum(place.accepts(schema, value) for schema in said) == 1,
    "not": lambda said, value, place: not place.accepts(said, value),
    "if": _if,
}
