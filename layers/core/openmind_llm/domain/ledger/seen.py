"""What was last seen of keys and accounts: good to reckon with, never to refuse by."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from openmind_llm.domain.ledger.standing import Standing

MOST = 1000
"""Keys that are remembered."""


class Seen:
    """Forgets after `max_age_s`, counted from the last look or the last write. Any thread may use it."""

    def __init__(self, max_age_s: float, now: Callable[[], float]) -> None:
        self._max_age_s = max_age_s
        self._now = now
        self._kept: OrderedDict[str, tuple[Standing, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key_id: str) -> Standing | None:
        standing, seen_at = self._kept.get(key_id, (None, 0.0))
        return standing if self._now() - seen_at < self._max_age_s else None

    def put(self, standing: Standing) -> None:
        with self._lock:
            self._kept[standing.key.key_id] = (standing, self._now())
            self._kept.move_to_end(standing.key.key_id)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
