"""One text, whole or as it comes: what the rules leave of it.

All rules look at the text as it was written, so that it does not matter in which order they stand, or where it was cut.
What a match covers is replaced once, also where two rules meet in it.
"""

import time
from collections.abc import Callable

from openmind_llm.domain.filters.refusals import ContentBlockedError, FiltersTooSlowError
from openmind_llm.domain.filters.rules import LOOK_BEHIND, Search

REDACTED = "[redacted]"

MOST_HELD = 4_096
"""Characters of a match that has not ended yet: beyond, it is taken as it stands."""


PIECE = 4_096
"""Characters that are searched at once: `a+@` tries n of them in n²/2 ways, and a body of 4 MB would take days."""

MOST_S = 5.0


class Effort:
    """What looking may take: `MOST_S` of the thread's own seconds in all. Who waits for others is not slow."""

    def __init__(self, now: Callable[[], float] = time.thread_time) -> None:
        self._now = now
        self._ends_at = now() + MOST_S

    def require_left(self) -> None:
        """Raises FiltersTooSlowError."""
        if self._now() > self._ends_at:
            raise FiltersTooSlowError


class Passage:
    """Positions count from the start of what is kept: a little of what has been told, then what is held back.

    `most` are the characters of a match up to which none of it is told before all of it is there.
    """

    def __init__(self, searches: tuple[Search, ...], most: int = LOOK_BEHIND) -> None:
        self._searches = searches
        self._reach = [search.reach(most) for search in searches]
        self._kept = ""
        self._told = 0
        """Up to here everything has been given out, or replaced."""
        self._looked = [0] * len(searches)
        """Where each rule looks next: no match begins before that is not in `_found`."""
        self._found: list[tuple[int, int]] = []
        self._context = max((search.shape.behind for search in searches), default=0)

    def take(self, text: str, *, is_last: bool = False, effort: Effort | None = None) -> str:
        """What may be told now. Nothing is held back of the last one. Raises ContentBlockedError."""
        effort = effort or Effort()
        last = max(0, len(text) - 1) // PIECE * PIECE
        pieces = range(0, last + 1, PIECE)
        return "".join(self._taken(text[at : at + PIECE], effort, is_last=is_last and at == last) for at in pieces)

    def _taken(self, text: str, effort: Effort, *, is_last: bool) -> str:
        self._kept += text
        for index in range(len(self._searches)):
            self._looked[index] = self._look(index, self._looked[index], is_last=is_last)
            effort.require_left()
        told = self._tell(min(self._looked, default=len(self._kept)))
        self._forget()
        return told

    def _look(self, index: int, start: int, *, is_last: bool) -> int:
        """Where to look next."""
        search, end = self._searches[index], len(self._kept)
        settled = end if is_last else end - self._reach[index]
        while start < settled and (match := search.compiled.search(self._kept, start)):
            if match.start() >= settled:
                break
            is_over = is_last or match.end() + search.shape.ahead <= end or end - match.start() > MOST_HELD
            if not is_over:
                return match.start()
            if search.rule.action == "block":
                raise ContentBlockedError(search.rule.name)
            self._found.append(match.span())
            start = match.end()
        return max(start, settled)

    def _tell(self, end: int) -> str:
        pieces, at = [], self._told
        for first, last in sorted(span for span in self._found if span[0] < end):
            if first >= at:
                pieces += [self._kept[at:first], REDACTED]
            at = max(at, last)
        pieces.append(self._kept[at:end])
        self._found = [span for span in self._found if span[0] >= end]
        self._told = max(at, end)
        return "".join(pieces)

    def _forget(self) -> None:
        """All but what a match may still depend on."""
        done = min([self._told, *self._looked]) - self._context
        if done > 0:
            self._kept = self._kept[done:]
            self._told -= done
            self._looked = [at - done for at in self._looked]
            self._found = [(first - done, last - done) for first, last in self._found]


def whole(searches: tuple[Search, ...], text: str, effort: Effort | None = None) -> str:
    """Raises ContentBlockedError. The effort is shared by all texts that it is given with."""
    return Passage(searches, MOST_HELD).take(text, is_last=True, effort=effort)
