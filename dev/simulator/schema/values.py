"""Proposals for any schema, and the one that the check lets through."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from dev.simulator.schema.check import accepts
from dev.simulator.schema.flatten import Flat, Flattener, Path, kinds, merge
from dev.simulator.schema.references import Document, Schema, UnsatisfiableError
from dev.simulator.schema.scalars import VARIANTS, numbers, strings

MAX_REPEATS = 2
MAX_PROPOSALS = 20_000
MAX_DEPTH = 64
MAX_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Hints:
    """What makes a value plausible: values to try first, by property name, and a text that may name a choice."""

    by_name: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    text: str = ""


def value(schema: Schema, hints: Hints) -> Any:
    """The same for the same arguments. Raises UnsatisfiableError."""
    document = Document(schema)
    try:
        for repeats in range(MAX_REPEATS + 1):
            proposer = _Proposer(document, hints, Flattener(document, repeats))
            for found in proposer.values(schema, _Place()):
                return found
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError, re.PatternError) as error:
        raise UnsatisfiableError(f"malformed schema: {type(error).__name__}") from error
    raise UnsatisfiableError("no value was found for the schema")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the value: the name of the property, the references followed, the depth."""

    name: str = ""
    path: Path = ()
    depth: int = 0

    def child(self, name: str) -> "_Place":
        return replace(self, name=name, depth=self.depth + 1)


class _Stream:
    """Values that are found when they are asked for, and come round again when there are no more."""

    def __init__(self, values: Iterator[Any]) -> None:
        self._values = values
        self._found: list[Any] = []

    def has_any(self) -> bool:
        return bool(self._upto(1))

    def at(self, index: int) -> Any:
        found = self._upto(index + 1)
        return found[index % len(found)]

    def _upto(self, length: int) -> list[Any]:
        self._found += islice(self._values, max(0, length - len(self._found)))
        return self._found


class _Proposer:
    def __init__(self, document: Document, hints: Hints, flattener: Flattener) -> None:
        self._document = document
        self._hints = hints
        self._flattener = flattener
        self._spent = count(1)
        self._makers: dict[str, Callable[[Flat, _Place], Iterator[Any]]] = {
            "object": self._objects,
            "array": self._arrays,
            "string": lambda schema, place: strings(schema, place.name),
            "number": lambda schema, _: numbers(schema, is_integer=False),
            "integer": lambda schema, _: numbers(schema, is_integer=True),
            "boolean": lambda *_: iter((True, False)),
            "null": lambda *_: iter((None,)),
        }

    def values(self, schema: Schema, place: _Place) -> Iterator[Any]:
        if place.depth > MAX_DEPTH:
            return
        for proposal in self._proposals(schema, place):
            if next(self._spent) > MAX_PROPOSALS:
                raise UnsatisfiableError("the schema takes too long")
            if accepts(schema, proposal, self._document):
                yield proposal

    def _proposals(self, schema: Schema, place: _Place) -> Iterator[Any]:
        yield from self._hints.by_name.get(place.name, ())
        for flat, path in self._flattener.flat(schema, place.path):
            yield from self._of_flat(flat, replace(place, path=path))

    def _of_flat(self, flat: Flat, place: _Place) -> Iterator[Any]:
        yield from (flat[name] for name in ("const", "default") if name in flat)
        if "enum" in flat:
            yield from sorted(flat["enum"], key=lambda one: not self._is_named(one))
            return
        for kind in () if "const" in flat else kinds(flat):
            yield from self._makers[kind](flat, place)

    def _is_named(self, choice: Any) -> bool:
        return isinstance(choice, str) and bool(choice) and choice.lower() in self._hints.text.lower()

    def _objects(self, flat: Flat, place: _Place) -> Iterator[dict[str, Any]]:
        required = list(flat.get("required", ()))
        optional = [name for name in flat.get("properties", {}) if name not in required]
        for wanted in (_in_order(flat, required + optional), required):
            names = wanted + self._more_names(flat, wanted, place)
            streams = {name: _Stream(self.values(_member(flat, name), place.child(name))) for name in names}
            for index in range(VARIANTS):
                kept = {name: stream for name, stream in streams.items() if stream.has_any()}
                if not kept.keys() >= set(required):
                    return
                yield {name: stream.at(index) for name, stream in kept.items()}

    def _more_names(self, flat: Flat, names: list[str], place: _Place) -> list[str]:
        """For an object that must have more members than it names, or that names none."""
        is_map = not names and (isinstance(flat.get("additionalProperties"), dict) or "patternProperties" in flat)
        missing = max(flat.get("minProperties", 0) - len(names), int(is_map))
        if not missing:
            return []
        schemas = [{"pattern": pattern, "type": "string"} for pattern in flat.get("patternProperties", ())]
        schemas.append(merge({"type": "string"}, flat.get("propertyNames", True)))
        schema = schemas[0] if flat.get("additionalProperties") is False else schemas[-1]
        found = (name for name in self.values(schema, place.child("name")) if name not in names)
        return list(dict.fromkeys(islice(found, missing)))

    def _arrays(self, flat: Flat, place: _Place) -> Iterator[list[Any]]:
        prefix = flat.get("prefixItems", [])
        least, most = flat.get("minItems", 0), min(flat.get("maxItems", MAX_ITEMS), MAX_ITEMS)
        plausible = max(least, len(prefix) or 1)
        for length in dict.fromkeys((plausible, least, plausible + 1, plausible + 2)):
            if length <= most:
                yield from self._of_length(flat, length, place)

    def _of_length(self, flat: Flat, length: int, place: _Place) -> Iterator[list[Any]]:
        streams = self._item_streams(flat, length, place)
        for index in range(VARIANTS):
            if not all(stream.has_any() for stream in streams):
                return
            yield [stream.at(index + number) for number, stream in enumerate(streams)]

    def _item_streams(self, flat: Flat, length: int, place: _Place) -> list[_Stream]:
        prefix, items = flat.get("prefixItems", []), flat.get("items", True)
        wanted = flat.get("minContains", 1) if "contains" in flat else 0
        schemas = [*prefix, *[{"allOf": [items, flat.get("contains")]}] * wanted]
        inner = place.child(_singular(place.name))
        first = [_Stream(self.values(schema, inner)) for schema in schemas[:length]]
        rest = _Stream(self.values(items, inner))
        return first + [rest] * (length - len(first))


def _in_order(flat: Flat, names: list[str]) -> list[str]:
    """As the schema lists its properties."""
    listed = list(flat.get("properties", {}))
    return sorted(names, key=lambda name: listed.index(name) if name in listed else len(listed))


def _member(flat: Flat, name: str) -> Schema:
    """All that is said of the member `name`."""
    said = [schema for pattern, schema in flat.get("patternProperties", {}).items() if re.search(pattern, name)]
    said += [flat["properties"][name]] if name in flat.get("properties", {}) else []
    return {"allOf": said} if said else flat.get("additionalProperties", True)


def _singular(name: str) -> str:
    return name.removesuffix("s")
