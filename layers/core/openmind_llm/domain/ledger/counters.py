"""Numbers that many processes change at once, and changes that are made only while the numbers allow them."""

from collections.abc import Iterable, Mapping

from openmind_llm.classes import dataclass

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


def applied(moves: Iterable[Move], counters: Counters) -> dict[str, int] | None:
    """The counters after the moves; None if one of them is not allowed."""
    after = dict(counters)
    for move in moves:
        value = counters[move.counter]
        if move.at_least is not None and value < move.at_least:
            return None
        if move.at_most is not None and value > move.at_most:
            return None
        after[move.counter] = value + move.by if move.to is None else move.to
    return after
