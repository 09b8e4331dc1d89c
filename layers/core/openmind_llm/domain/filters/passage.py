"""One text, whole or as it comes: what the rules leave of it.

All rules look at the text as it was written, so that it does not matter in which order they stand, or where it was cut.
What a match covers is replaced once, also where two rules meet in it.
"""

from openmind_llm.domain.filters.refusals import ContentBlockedError
from openmind_llm.domain.filters.rules import Search

REDACTED = "[redacted]"

MOST_HELD = 4_096
"""Characters of a match that has not ended yet: beyond, it is taken as it stands."""


class Passage:
    """Positions count from the start of what is kept: a little of what has been told, then what is held back."""

    def __init__(self, searches: tuple[Search, ...]) -> None:
        self._searches = searches
        self._kept = ""
        self._told = 0
        """Up to here everything has been given out, or replaced."""
        self._looked = [0] * len(searches)
        """Where each rule looks next: no match begins before that is not in `_found`."""
        self._found: list[tuple[int, int]] = []
        self._context = max((search.shape.behind for search in searches), default=0)

    def take(self, text: str, *, is_last: bool = False) -> str:
        """What may be told now. Nothing is held back of the last one. Raises ContentBlockedError."""
        self._kept += text
        for index, search in enumerate(self._searches):
            self._looked[index] = self._look(search, self._looked[index], is_last=is_last)
        told = self._tell(min(self._looked, default=len(self._kept)))
        self._forget()
        return told

    def _look(self, search: Search, start: int, *, is_last: bool) -> int:
        """Where to look next."""
        end = len(self._kept)
        settled = end if is_last else end - search.reach
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


def whole(searches: tuple[Search, ...], text: str) -> str:
    """Raises ContentBlockedError."""
    return Passage(searches).take(text, is_last=True)
