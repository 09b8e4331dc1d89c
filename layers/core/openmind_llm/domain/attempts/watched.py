"""The breaker, as the loop sees it: by targets. See domain.attempts.health.Health."""

from collections.abc import Callable

from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.cells import Cell, Phase
from openmind_llm.domain.attempts.target import Patience, Target

PROBED_BY_ANOTHER_S = 2
"""How long a way counts as closed that another request is trying at the moment."""


class Watched:
    """`now` gives seconds since the epoch."""

    def __init__(self, breaker: Breaker, now: Callable[[], float]) -> None:
        self._breaker = breaker
        self._now = now

    def is_well(self, provider: str) -> bool:
        return self._breaker.is_well(provider)

    def opens_at(self, target: Target, patience_s: float) -> float:
        cell = _cell(target)
        state = self._breaker.looked(cell.provider).state(cell)
        if state.phase is Phase.OPEN:
            return state.until
        if state.phase is Phase.CLOSED or self._breaker.claim_probe(cell, patience_s):
            return 0
        return self._now() + PROBED_BY_ANOTHER_S

    def answered(self, target: Target, first_s: float | None, account_id: str) -> Callable[[], object] | None:
        """A model that thinks before it writes may take long to its first word, and is well."""
        thinks = target.route.model.capabilities.get("reasoning")
        return self._breaker.answered(_cell(target), None if thinks else first_s, first_s is not None, account_id)

    def failed(self, target: Target, means: str, patience: Patience, account_id: str) -> None:
        self._breaker.failed(_cell(target), means, patience.first_s, account_id)

    def set_aside(self, target: Target, means: str, for_s: int) -> None:
        self._breaker.set_aside(_cell(target), means, for_s)

    def told_nothing(self, target: Target) -> None:
        self._breaker.told_nothing(_cell(target))


def _cell(target: Target) -> Cell:
    """By the row of the model: a name that is admitted by its prefix is the client's."""
    return Cell(target.route.provider.name, target.route.model.name, target.key.key_id)
