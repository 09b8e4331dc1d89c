"""Strict JSON: one text has one meaning, for us and for whoever reads it after us."""

import json
from typing import Any, Never

from openmind_llm.errors import InvalidRequestError

MAX_DEPTH = 128
"""Levels of nesting. Tool schemas of real clients need about 20; the parser itself gives up near 10,000."""


_STRICT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: json.dumps makes one for each text that is not written in its default form."""


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises InvalidRequestError.

    Refused beyond what `json.loads` refuses: other encodings than UTF-8, a byte order mark, NaN and infinities,
    repeated names, deep nesting. A text that two parsers may read differently could name one model to us and
    another to the provider.
    """
    value = _loads(body)
    if not isinstance(value, dict):
        raise InvalidRequestError("Invalid JSON: the body must be an object")
    if _may_be_deep(body) and _depth(value) > MAX_DEPTH:
        raise InvalidRequestError(f"Invalid JSON: nested deeper than {MAX_DEPTH} levels")
    return value


def dump(value: dict[str, Any]) -> bytes:
    """Compact UTF-8. Raises InvalidRequestError for what no JSON text can hold (an infinity, half a surrogate pair)."""
    try:
        return _STRICT.encode(value).encode()
    except ValueError:
        raise InvalidRequestError("Invalid JSON") from None


def text(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 of what a provider sent; half of a surrogate pair stays the escape that it was."""
    try:
        return _COMPACT.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _loads(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise InvalidRequestError(f"Invalid JSON: nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise InvalidRequestError("Invalid JSON") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidRequestError("Invalid JSON: repeated name in an object")
    return members


def _refuse_constant(name: str) -> Never:
    raise InvalidRequestError(f"Invalid JSON: {name} is not a number")


def _may_be_deep(body: bytes) -> bool:
    """Cheap, and false for nearly every body: depth cannot exceed the count of opening brackets."""
    return body.count(b"[") + body.count(b"{") > MAX_DEPTH


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
    return depth


def _children(parent: dict[str, Any] | list[Any]) -> Any:
    return parent.values() if isinstance(parent, dict) else parent
