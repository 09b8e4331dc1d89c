"""What the cache of answers promises: to the same request of the same account, an answer that it had lately.

Nothing of this applies to a request that did not opt in: see domain.cache_control. With it, the answer lies compressed
in the operator's table, encrypted at rest, for as long as was asked for.
"""

import hashlib
import json
from typing import Any, Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain.taping import Stored

MOST_BYTES = 350_000
"""Of one answer, compressed: one item of DynamoDB holds 400 kB, its names included. A larger one is not kept."""

HEADER = "x-openmind-cache"
HIT, MISS, BYPASS, TOO_LARGE = "hit", "miss", "bypass", "too-large"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a request is, if there is one: `identity` tells it from all others of its account."""

    account_id: str
    identity: str


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """It was whole at `stored_at` and is good until `expires_at`, both in seconds since the epoch."""

    stored: Stored
    stored_at: int
    expires_at: int

    def age_s(self, now_s: float) -> int:
        return max(0, int(now_s) - self.stored_at)

    def is_good(self, now_s: float, max_age_s: int) -> bool:
        """To whoever stored it, and to whoever asks for it now."""
        return now_s < self.expires_at and self.age_s(now_s) <= max_age_s


class CacheStore(Protocol):
    """Where answers are kept. Blocking; each raises LedgerUnavailableError."""

    def answer(self, place: Place) -> CachedAnswer | None:
        """It may have expired."""

    def put(self, place: Place, answer: CachedAnswer) -> None:
        """Instead of one that may be there."""


def identity(provider: str, body: dict[str, Any], fallback: str | None = None, extra: str | None = None) -> str:
    """Of all that makes two requests of an account the same one, but for the order of names in the checked `body`.

    `fallback` is the header that names other models to ask; `extra` is whatever else shapes an answer.
    """
    named = [provider, body, fallback, extra]
    return hashlib.sha256(json.dumps(named, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
