"""API keys: how they are made, told apart, stored and checked.

A key reads `om1_live_` or `om1_test_`, then a 16-character id, then the secret. The id is public and finds the
record; the record holds a keyed hash of the whole key, never the key.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from openmind_llm.domain.ports import KeyStore
from openmind_llm.errors import AuthenticationError

MODES = ("live", "test")
MAX_LENGTH = 256
"""Characters. A longer text is refused before any work is spent on it."""

_SHAPE = re.compile(r"om1_(?:live|test)_([A-Za-z0-9]{16})[A-Za-z0-9]{16,}")
_PRINTABLE = re.compile(rf"[\x21-\x7e]{{8,{MAX_LENGTH}}}")
_SECRET_BYTES = 32
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of a key. `created_at` is ISO 8601 in UTC."""

    key_id: str
    account_id: str
    plan: str
    name: str
    prefix: str
    digest: str
    created_at: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as far as a checked key tells."""

    key_id: str
    account_id: str
    plan: str


def mint(mode: str) -> str:
    """A new key: 64 bits of id, 256 bits of secret."""
    return f"om1_{mode}_{secrets.token_hex(_ID_BYTES)}{secrets.token_hex(_SECRET_BYTES)}"


def key_id(key: str) -> str:
    """The id inside a key of our shape, else one derived from it: a key minted elsewhere shows none of itself.

    Raises AuthenticationError for a text that cannot be a key.
    """
    if len(key) > MAX_LENGTH or not _PRINTABLE.fullmatch(key):
        raise AuthenticationError
    shaped = _SHAPE.fullmatch(key)
    return shaped[1] if shaped else hashlib.sha256(key.encode()).hexdigest()[:16]


def prefix(key: str) -> str:
    """The part that may be shown in lists."""
    shaped = _SHAPE.fullmatch(key)
    return key[: len("om1_live_") + 4] if shaped else ""


def digest(key: str, pepper: bytes) -> str:
    """HMAC-SHA256 in hexadecimal: a stolen table is of no use without the pepper."""
    return hmac.new(pepper, key.encode(), hashlib.sha256).hexdigest()


def record(key: str, pepper: bytes, *, account_id: str, plan: str, name: str, now: datetime) -> KeyRecord:
    """What is to be stored of a key. An empty `name` becomes the documented `api-key-<unix ms>`."""
    return KeyRecord(
        key_id=key_id(key),
        account_id=account_id,
        plan=plan,
        name=name or f"api-key-{int(now.timestamp() * 1000)}",
        prefix=prefix(key),
        digest=digest(key, pepper),
        created_at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def authenticate(key: str, store: KeyStore, pepper: Callable[[], bytes]) -> Caller:
    """The caller behind a key. Raises AuthenticationError."""
    record = store.get(key_id(key))
    expected = record.digest if record else ""
    matches = hmac.compare_digest(digest(key, pepper()), expected)
    if record is None or not matches or not record.is_active:
        raise AuthenticationError
    return Caller(key_id=record.key_id, account_id=record.account_id, plan=record.plan)


def presented(headers: Iterable[tuple[str, str]]) -> str:
    """The key among a request's headers (lower-case names). Raises AuthenticationError if there is none, or two."""
    found = {_credential(name, value.strip()) for name, value in headers}
    found.discard("")
    if len(found) != 1:
        raise AuthenticationError
    return found.pop()


def _credential(name: str, value: str) -> str:
    if name == "x-api-key":
        return value
    scheme, _, bearer = value.partition(" ")
    return bearer.strip() if name == "authorization" and scheme.lower() == "bearer" else ""
