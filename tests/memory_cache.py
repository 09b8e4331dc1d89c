"""The cache of answers in memory, and completions that use it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from openmind_llm.domain.caching import Caching
from openmind_llm.domain.completions import Completions
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.repeats import Repeats
from openmind_llm.domain.replays import Replays
from openmind_llm.domain.response_cache import CachedAnswer, CacheStore, Place


@dataclass
class MemoryCache:
    """See domain.response_cache.CacheStore. `failing` maps operations to what they raise; `calls` counts them all."""

    kept: dict[Place, CachedAnswer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)

    def answer(self, place: Place) -> CachedAnswer | None:
        self._called("answer")
        return self.kept.get(place)

    def put(self, place: Place, answer: CachedAnswer) -> None:
        self._called("put")
        self.kept[place] = answer

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.failing:
            raise self.failing[operation]


def caching(
    completions: Completions,
    ledger: Ledger,
    answers: AnswerStore,
    now: Callable[[], float],
    cache: CacheStore | None = None,
) -> Caching:
    replays = Replays(completions, ledger)
    repeats = Repeats(completions, ledger, replays, answers, now)
    return Caching(completions, ledger, repeats, replays, cache or MemoryCache(), now)
