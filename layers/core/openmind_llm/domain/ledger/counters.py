"""Numbers that many processes change at once, and changes that are made only while the numbers allow them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

type Counters = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one counter: set `to`, else moved `by`; made only while the counter is within its bounds.

    The bounds are inclusive. A set of moves is made as a whole or not at all.
    """

    counter: str
    by: int = 0
    to: int | None = None
    at_least: int | None = None
    at_most: int | None = None

    def allows(self, value: int) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def applied(self, value: int) -> int:
        return value + self.by if self.to is None else self.to


def applied(moves: Iterable[Move], counters: Counters) -> dict[str, int] | None:
    """The counters after the moves; None if one of them is not allowed."""
    moves = tuple(moves)
    if not all(move.allows(counters[move.counter]) for move in moves):
        return None
    return dict(counters) | {move.counter: move.applied(counters[move.counter]) for move in moves}
