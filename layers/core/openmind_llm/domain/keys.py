"""API keys: how they are made, told apart, stored and checked.

A key reads `om1_live_` or `om1_test_`, then a 16-character id, then the secret. The id is public and finds the
record; the record holds a keyed hash of the whole key, never the key.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable

from openmind_llm.classes import dataclass
from openmind_llm.domain import utc
from openmind_llm.domain.plans import UNLIMITED, Limits
from openmind_llm.errors import AuthenticationError

type Find = Callable[[str], KeyRecord | None]
"""From a key's id to its record. May block."""

MODES = ("live", "test")
MAX_LENGTH = 256
"""Characters. A longer text is refused before any work is spent on it."""

CREDENTIAL_HEADERS = ("authorization", "x-api-key")

_SHAPE = re.compile(r"om1_(?:live|test)_([A-Za-z0-9]{16})[A-Za-z0-9]{16,}")
_PRINTABLE = re.compile(rf"[\x21-\x7e]{{8,{MAX_LENGTH}}}")
_SECRET_BYTES = 32
_PROOF_LENGTH = 16
"""Of a digest's characters, none of which tells anything without the pepper."""
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of a key. `created_at` and `updated_at` are ISO 8601 in UTC, other times seconds since the epoch.

    After a rotation the secret before it, `retired_digest`, is good until `retired_until`. `allowed_models` holds
    names with or without `provider/` before them; empty, like `allowed_providers`, it allows all. `cache_max_age_s`
    holds for requests that do not say themselves what may come from the cache; None: nothing.
    """

    key_id: str
    account_id: str
    name: str
    prefix: str
    digest: str
    created_at: str
    updated_at: str = ""
    is_active: bool = True
    expires_at: int | None = None
    retired_digest: str = ""
    retired_until: int = 0
    allowed_models: frozenset[str] = frozenset()
    allowed_providers: frozenset[str] = frozenset()
    cache_max_age_s: int | None = None
    limits: Limits = UNLIMITED


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as far as a checked key tells.

    `proof` tells one secret of the key from another, and is of no use to make one; empty where no secret was shown.
    """

    key_id: str
    account_id: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at what was used: `key_id` is the one key that is seen; None sees the whole account."""

    account_id: str
    key_id: str | None = None


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


def record(key: str, pepper: bytes, *, account_id: str, name: str, now_s: float) -> KeyRecord:
    """What is to be stored of a key. An empty `name` becomes the documented `api-key-<unix ms>`."""
    created_at = utc.text(now_s)
    return KeyRecord(
        key_id=key_id(key),
        account_id=account_id,
        name=name or f"api-key-{int(now_s * 1000)}",
        prefix=prefix(key),
        digest=digest(key, pepper),
        created_at=created_at,
        updated_at=created_at,
    )


def renew(record: KeyRecord) -> str:
    """Another key with the same id."""
    mode = record.prefix.split("_")[1] if record.prefix else MODES[0]
    return f"om1_{mode}_{record.key_id}{secrets.token_hex(_SECRET_BYTES)}"


def authenticate(key: str, finds: Iterable[Find], pepper: Callable[[], bytes], now_s: float) -> Caller:
    """The caller behind a key, by the first of `finds` whose record it fits. Raises AuthenticationError."""
    id_, shown = key_id(key), digest(key, pepper())
    for find in finds:
        record = find(id_)
        good = _digests(record, now_s) if record is not None and is_valid(record, now_s) else [""]
        # All of them, and one for a key that is not there: the time it takes tells nothing.
        matches = [hmac.compare_digest(shown, expected) for expected in good]
        if record is not None and any(matches):
            return Caller(record.key_id, record.account_id, shown[:_PROOF_LENGTH])
    raise AuthenticationError


def is_valid(record: KeyRecord, now_s: float) -> bool:
    """Neither revoked nor expired."""
    return record.is_active and (record.expires_at is None or now_s < record.expires_at)


def is_proof(proof: str, record: KeyRecord, now_s: float) -> bool:
    """Whether the secret behind it is still one of the key's: it may have been replaced since it was checked."""
    return not proof or any(good.startswith(proof) for good in _digests(record, now_s))


def _digests(record: KeyRecord, now_s: float) -> list[str]:
    return [record.digest, record.retired_digest] if now_s < record.retired_until else [record.digest]


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
