"""The health of providers in memory: what several breakers share in a test."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from openmind_llm.domain.attempts.breaker import HealthUnavailableError, Tally
from openmind_llm.domain.attempts.cells import Cell, Counts, Opening


@dataclass
class MemoryHealthStore:
    """See domain.attempts.breaker.HealthStore. `calls` counts by name; while `is_down` all of them fail."""

    is_down: bool = False
    stored: dict[Cell, Opening] = field(default_factory=dict)
    counts: dict[tuple[Cell, int], Counts] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def openings(self, provider: str) -> dict[Cell, Opening]:
        self._called("openings")
        with self._lock:
            return {cell: opening for cell, opening in self.stored.items() if cell.provider == provider}

    def swap(self, cell: Cell, seen: Opening | None, new: Opening | None) -> bool:
        self._called("swap")
        with self._lock:
            if self.stored.get(cell) != seen:
                return False
            self.stored.pop(cell, None)
            if new is not None:
                self.stored[cell] = new
            return True

    def add(self, tally: Tally) -> Counts:
        self._called("add")
        with self._lock:
            known = self.counts.get((tally.cell, tally.bucket), Counts({}, {}))
            answers = _added(known.answers, tally.tag, tally.answers)
            added = Counts(answers, _added(known.failures, tally.tag, tally.failures))
            self.counts[tally.cell, tally.bucket] = added
            return added

    def forget(self, cell: Cell, bucket: int) -> None:
        self._called("forget")
        with self._lock:
            self.counts.pop((cell, bucket), None)

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if self.is_down:
            raise HealthUnavailableError("down")


def _added(counts: Mapping[str, int], tag: str, by: int) -> dict[str, int]:
    return dict(counts) | ({tag: counts.get(tag, 0) + by} if by else {})


def write(what: Callable[[], object] | None) -> None:
    """What a breaker says is to be written of an answer."""
    if what is not None:
        what()
