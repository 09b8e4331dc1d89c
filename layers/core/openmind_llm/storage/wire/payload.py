"""Between requests and answers as boto3 has them and JSON as AWS has it: they differ in bytes alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def encoded(request: Mapping[str, Any]) -> bytes:
    return _encode(request).encode()


def decoded(body: bytes) -> dict[str, Any]:
    """Raises ValueError for what is no object. DynamoDB's `B` are bytes in it."""
    found = json.loads(body, object_hook=_with_bytes) if b'"B"' in body else json.loads(body)
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004 - the caller knows one error for all that is none
    return found


def _text(value: Any) -> str:
    """Raises TypeError."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is nothing for JSON")


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute that is named "B" has a typed value, not a text."""
    text = value.get("B")
    return {"B": base64.b64decode(text)} if isinstance(text, str) else value


_encode = json.JSONEncoder(separators=(",", ":"), default=_text).encode
