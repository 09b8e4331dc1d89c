"""The keys of one provider within the text of the provider keys' secret, as an operator changes them.

What is not understood is left as it is: other providers, and rows that are of no use.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from openmind_llm.classes import dataclass
from openmind_llm.storage import provider_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST, LONGEST = 8, 512
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_OURS = ("om1_live_", "om1_test_")


class KeyRowsError(ValueError):
    """The change cannot be made; the text says why, and holds no key."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as it is shown: `key_id` is its name, or a part of its hash. `is_usable`: requests are made with it."""

    key_id: str
    weight: int
    is_usable: bool


def providers(text: str) -> list[str]:
    """Those that have a place in the secret. Raises KeyRowsError."""
    return sorted(_document(text))


def rows(text: str, provider: str) -> list[KeyRow]:
    """Raises KeyRowsError."""
    return [row for row, _ in _rows(_document(text), provider)]


def added(text: str, provider: str, key: str, weight: int, name: str | None) -> tuple[str, KeyRow]:
    """The new text, and what was put into it. Raises KeyRowsError."""
    if not 1 <= weight <= provider_keys.MAX_WEIGHT:
        raise KeyRowsError(f"a weight is from 1 to {provider_keys.MAX_WEIGHT}")
    told: Any = {"key": key} | ({"weight": weight} if weight != 1 else {}) | ({"name": name} if name else {})
    read = provider_keys.read(provider, told)
    if read is None:
        raise KeyRowsError("a name has up to 32 letters, digits, _ and -")
    document = _document(text)
    there = _rows(document, provider)
    if any(provider_keys.secret_of(one) == key for _, one in there):
        raise KeyRowsError("this key is there already")
    if any(row.key_id == read.key_id for row, _ in there):
        raise KeyRowsError(f"there is a key named {read.key_id} already: give another --name")
    kept = [one for _, one in there]
    return _text(document, provider, [*kept, told if len(told) > 1 else key]), KeyRow(read.key_id, weight, True)


def removed(text: str, provider: str, key_id: str, *, may_be_last: bool) -> str:
    """The new text. Raises KeyRowsError."""
    document = _document(text)
    there = _rows(document, provider)
    if all(row.key_id != key_id for row, _ in there):
        known = ", ".join(row.key_id for row, _ in there) or "none"
        raise KeyRowsError(f"{provider} has no key {key_id}; it has: {known}")
    kept = [(row, one) for row, one in there if row.key_id != key_id]
    if not may_be_last and not any(row.is_usable for row, _ in kept):
        raise KeyRowsError(f"{key_id} is the last key of {provider}, which would answer nobody then: say --force")
    return _text(document, provider, [one for _, one in kept])


def check_form(key: str) -> None:
    """Raises KeyRowsError for what cannot be a provider's key."""
    if key.startswith(_OURS):
        raise KeyRowsError("this is a key of this gateway, and not of a provider")
    if not SHORTEST <= len(key) <= LONGEST or not _PRINTABLE.fullmatch(key):
        raise KeyRowsError(f"a key has {SHORTEST} to {LONGEST} printable characters without spaces")


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise KeyRowsError("the secret is no JSON object: put it right with `aws secretsmanager put-secret-value`")
    return document


def _rows(document: dict[str, Any], provider: str) -> list[tuple[KeyRow, Any]]:
    """Each with what stands in the secret.

    Of two keys with one name the gateway uses the first. The second is told by a hash: neither goes for the other.
    """
    return list(_read(provider, provider_keys.listed(document.get(provider))))


def _read(provider: str, told: list[Any]) -> Iterator[tuple[KeyRow, Any]]:
    seen: dict[str, str] = {}
    for one in told:
        key = provider_keys.read(provider, one)
        if key is None or seen.get(key.key_id, key.secret) != key.secret:
            told_by = provider_keys.short_hash(json.dumps(one, sort_keys=True))
            yield KeyRow(told_by, key.weight if key else 0, is_usable=False), one
        else:
            yield KeyRow(key.key_id, key.weight, is_usable=key.key_id not in seen), one
            seen[key.key_id] = key.secret


def _text(document: dict[str, Any], provider: str, kept: list[Any]) -> str:
    """A single plain key needs no list."""
    told = kept[0] if len(kept) == 1 and isinstance(kept[0], str) else kept
    return json.dumps({**document, provider: told} if kept else {n: v for n, v in document.items() if n != provider})
