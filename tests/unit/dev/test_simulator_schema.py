"""Values for JSON Schemas."""

import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.simulator.schema.patterns import UnsupportedPatternError, writer
from dev.simulator.schema.references import UnsatisfiableError
from dev.simulator.schema.values import Hints, value

SETTINGS = settings(deadline=None, database=None, derandomize=True)

HARD: dict[str, Any] = {
    "anything": {},
    "true": True,
    "const": {"const": {"a": [1, None]}},
    "enum of all kinds": {"enum": [None, 3, "x"]},
    "integer enum that is not a boolean": {"type": "integer", "enum": [True, 1]},
    "closed object": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "required without a schema": {"type": "object", "required": ["a", "b"]},
    "additional by schema": {"required": ["a"], "additionalProperties": {"type": "boolean"}},
    "many properties": {"type": "object", "minProperties": 5, "maxProperties": 5},
    "names by pattern": {"type": "object", "minProperties": 3, "propertyNames": {"pattern": "^[a-z]{3}$"}},
    "members by pattern": {
        "type": "object",
        "patternProperties": {"^x-\\d+$": {"type": "number"}},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "map": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}, "minItems": 1}},
    "an impossible option": {"type": "object", "properties": {"a": False, "b": {"type": "null"}}},
    "no more than one": {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"], "maxProperties": 1},
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    "nested": {
        "type": "object",
        "properties": {
            "pose": {
                "type": "object",
                "properties": {"x": {"type": "number", "minimum": -1, "maximum": 1}, "frame": {"const": "map"}},
                "required": ["x", "frame"],
                "additionalProperties": False,
            }
        },
        "required": ["pose"],
    },
    "definitions": {
        "$defs": {"Step": {"enum": ["left", "right"]}, "Steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}}},
        "type": "object",
        "properties": {"steps": {"$ref": "#/$defs/Steps", "minItems": 4}},
        "required": ["steps"],
    },
    "anchor": {"$defs": {"x": {"$anchor": "here", "type": "integer", "minimum": 7}}, "$ref": "#here"},
    "escaped pointer": {"$defs": {"a/b~c": {"type": "null"}}, "$ref": "#/$defs/a~1b~0c"},
    "pointer into a list": {"allOf": [{"type": "integer"}, {"minimum": 9}], "properties": {"a": {"$ref": "#/allOf/0"}}},
    "linked list": {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                },
                "required": ["value", "next"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/Node",
    },
    "tree": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["name", "children"],
    },
    "expression": {
        "$defs": {
            "Expression": {"oneOf": [{"$ref": "#/$defs/Sum"}, {"$ref": "#/$defs/Literal"}]},
            "Sum": {
                "type": "object",
                "properties": {"left": {"$ref": "#/$defs/Expression"}, "right": {"$ref": "#/$defs/Expression"}},
                "required": ["left", "right"],
                "additionalProperties": False,
            },
            "Literal": {"type": "number"},
        },
        "$ref": "#/$defs/Expression",
    },
    "a recursion that is needed": {
        "type": "object",
        "properties": {"inner": {"$ref": "#"}, "depth": {"type": "integer"}},
        "required": ["depth"],
        "minProperties": 2,
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            {"properties": {"a": {"maxLength": 3}}},
        ]
    },
    "all of two references": {
        "$defs": {"A": {"required": ["a"]}, "B": {"required": ["b"], "properties": {"b": {"type": "null"}}}},
        "allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "type": "object",
    },
    "all of any of": {
        "allOf": [
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        ]
    },
    "any of with siblings": {"type": "string", "anyOf": [{"minLength": 50}, {"pattern": "^a+$"}], "maxLength": 20},
    "one of numbers": {"type": "integer", "oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]},
    "one of two members": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "one of by a tag": {
        "oneOf": [
            {"properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}, "required": ["kind", "r"]},
            {"properties": {"kind": {"const": "point"}}, "required": ["kind"]},
        ],
        "type": "object",
    },
    "not": {"type": "string", "not": {"enum": ["simulated text"]}},
    "if then": {
        "type": "object",
        "properties": {"country": {"enum": ["US", "NL"]}, "zip": {"type": "string"}},
        "required": ["country", "zip"],
        "if": {"properties": {"country": {"const": "US"}}},
        "then": {"properties": {"zip": {"pattern": "^\\d{5}$"}}},
        "else": {"properties": {"zip": {"pattern": "^\\d{4}[A-Z]{2}$"}}},
    },
    "else": {"type": "integer", "if": {"minimum": 0}, "then": {"maximum": -1}, "else": {"multipleOf": 4}},
    "nullable": {"type": ["null", "string"], "minLength": 2},
    "at least": {"type": "integer", "minimum": 1_000_000},
    "at most": {"type": "integer", "maximum": -7},
    "open interval": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "narrow interval": {"type": "number", "minimum": 0.25, "maximum": 0.26},
    "open below": {"type": "number", "exclusiveMinimum": 0.5},
    "just below": {"type": "number", "exclusiveMaximum": 1, "minimum": 0.9},
    "step of a tenth": {"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 2},
    "integer step": {"type": "integer", "multipleOf": 7, "minimum": 50, "exclusiveMaximum": 57},
    "integer by halves": {"type": "integer", "multipleOf": 2.5, "minimum": 1},
    "two steps": {"type": "integer", "minimum": 1, "allOf": [{"multipleOf": 4}, {"multipleOf": 6}]},
    "long text": {"type": "string", "minLength": 200},
    "short text": {"type": "string", "maxLength": 2},
    "empty text": {"type": "string", "maxLength": 0},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-\\d{4}(-(alpha|beta))?$"},
    "pattern with length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 40},
    "pattern without anchors": {"type": "string", "pattern": "robot"},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^[a-z]+$"}, {"pattern": "^.{4}$"}]},
    "semantic version": {"type": "string", "pattern": "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$"},
    "array": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
    "unique items": {"type": "array", "items": {"type": "string"}, "minItems": 5, "uniqueItems": True},
    "unique objects": {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"enum": ["x", "y", "z"]}}, "required": ["a"]},
        "minItems": 3,
        "uniqueItems": True,
    },
    "unique booleans": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
    "tuple": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": False,
        "minItems": 2,
    },
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}, "minContains": 2},
    "no items": {"type": "array", "maxItems": 0},
    "a default that fits": {"type": "integer", "minimum": 3, "default": 8},
    "a default that does not fit": {"type": "integer", "minimum": 3, "default": 1},
    **{
        f"format {name}": {"type": "string", "format": name}
        for name in (
            "date-time",
            "date",
            "time",
            "duration",
            "email",
            "hostname",
            "ipv4",
            "ipv6",
            "uuid",
            "uri",
            "regex",
        )
    },
    "format with length": {"type": "string", "format": "email", "maxLength": 18},
    "unknown format": {"type": "string", "format": "colour"},
}


def _check(schema: Any, found: Any) -> None:
    validator = jsonschema.Draft202012Validator
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(found)


@pytest.mark.parametrize("name", HARD)
def test_the_value_obeys_a_hard_schema(name: str) -> None:
    """Another validator agrees."""
    _check(HARD[name], value(HARD[name], Hints()))


@settings(SETTINGS)
@given(schema=st.sampled_from(list(HARD.values())), text=st.text(max_size=20), hint=st.text(max_size=5) | st.integers())
def test_hints_never_make_a_value_wrong(schema: Any, text: str, hint: Any) -> None:
    """They are proposals like the others: what does not fit is passed over."""
    by_name = dict.fromkeys(("", "a", "b", "value", "steps", "step", "name", "kind"), (hint,))

    _check(schema, value(schema, Hints(by_name, text)))


def _bounded(kind: str) -> st.SearchStrategy[Any]:
    bounds = st.tuples(st.integers(-50, 50), st.integers(0, 20))
    return bounds.map(lambda b: {"type": kind, "minimum": b[0], "maximum": b[0] + b[1]})


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(["a", "action", "value", "type", "x y"]), inner, max_size=3)
    return members.flatmap(
        lambda found: st.builds(
            lambda required, more: {
                "type": "object",
                "properties": found,
                "required": sorted(required),
                "additionalProperties": more,
            },
            st.sets(st.sampled_from(sorted(found)), max_size=3) if found else st.just(set[str]()),
            st.booleans(),
        )
    )


def _arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda items, least, more: {"type": "array", "items": items, "minItems": least, "maxItems": least + more},
        inner,
        st.integers(0, 3),
        st.integers(0, 2),
    )


_TEXTS = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda sizes: {"type": "string", "minLength": sizes[0], "maxLength": sum(sizes)}
)
_LEAVES = (
    _bounded("integer")
    | _bounded("number")
    | _TEXTS
    | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["integer", "null"]}, {"const": 0}])
    | st.lists(st.integers() | st.text(max_size=3) | st.none(), min_size=1, max_size=4).map(lambda e: {"enum": e})
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: (
        _objects(inner)
        | _arrays(inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
        | inner.map(lambda one: {"allOf": [one, {"title": "again"}]})
    ),
    max_leaves=8,
)


@settings(SETTINGS)
@given(schema=_SCHEMAS)
def test_the_value_obeys_any_ordinary_schema(schema: Any) -> None:
    """Every schema of the usual kinds gets a value, and a valid one."""
    _check(schema, value(schema, Hints()))


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"enum": []},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"$ref": "#"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.com/schema.json"},
        {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}},
        {"type": "string", "pattern": "(?=never)x^"},
        {"type": "string", "pattern": "(["},
        {"type": "string", "pattern": "^((a{1000}){1000}){1000}$"},
        {"type": "string", "minLength": 1_000_000_000},
        {"type": "array", "minItems": 1_000_000_000},
        {"type": "object", "minProperties": 1_000_000_000},
        {"type": "robot"},
        {"type": 5},
        {"properties": 5, "type": "object"},
        {"type": "integer", "minimum": "low"},
    ],
)
def test_a_schema_without_a_value_is_reported(schema: Any) -> None:
    """Impossible, endless, malformed or beyond the simulator: one error for all."""
    with pytest.raises(UnsatisfiableError):
        value(schema, Hints())


def test_the_same_arguments_give_the_same_value() -> None:
    """Nothing is left to chance."""
    assert value(HARD["nested"], Hints()) == value(HARD["nested"], Hints())


def test_options_are_filled_in() -> None:
    """A plausible object has what its schema names, required or not."""
    found = value({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}, Hints())

    assert found == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "abc",
        "^a.c$",
        "^a|b$",
        "^(?:ab|cd)+$",
        "^(?P<year>\\d{4})$",
        "^[^abc]$",
        "^[]a]$",
        "^[a-]+$",
        "^[\\w.+-]+@[\\w-]+\\.[a-z]{2,}$",
        "^\\x41\\u0042$",
        "^\\s\\S\\D\\W$",
        "^a*b?c{0}d{2,3}?$",
        "^((a?){0}){999}(a|){3}$",
        "^\\{\\}\\(\\)\\[\\]\\.$",
    ],
)
def test_a_written_text_matches_its_pattern(pattern: str) -> None:
    """In several lengths and variants."""
    write = writer(pattern)

    assert all(re.search(pattern, write(n)) for n in range(1, 5))


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?i)a", "(a)\\1", "\\bword", "a++", "*", "(a", "a)", "[a", "\\", "\\xZZ"]
)
def test_a_pattern_beyond_the_simple_is_not_guessed(pattern: str) -> None:
    """Look-around, back references and broken patterns are reported."""
    with pytest.raises(UnsupportedPatternError):
        writer(pattern)
