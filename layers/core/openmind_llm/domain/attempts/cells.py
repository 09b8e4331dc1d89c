"""What of the providers fails or works as one, and what is known of it: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

KEY_AS_A_WHOLE = "*"
"""In place of a model."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A model of a provider by one of its keys.

    All three names are the catalogue's or the operator's, never a client's, and so there are few cells: `model` is the
    row that serves a name, not the name.
    """

    provider: str
    model: str
    key_id: str

    @property
    def key(self) -> Cell:
        """Its key as a whole."""
        return Cell(self.provider, KEY_AS_A_WHOLE, self.key_id)


class Phase(IntEnum):
    """In the order of how much it keeps away."""

    CLOSED = 0
    HALF_OPEN = 1
    """One attempt may go: see Breaker.claim_probe."""
    OPEN = 2


@dataclass(frozen=True, slots=True, order=True)
class State:
    """`until`, in seconds since the epoch, and `why`: of an open one."""

    phase: Phase
    until: float = 0.0
    why: str = ""


CLOSED = State(Phase.CLOSED)
HALF_OPEN = State(Phase.HALF_OPEN)


@dataclass(frozen=True, slots=True)
class Opening:
    """What is stored of a cell that is not closed; of a closed one there is nothing.

    Times are in whole seconds since the epoch. `for_s`: how long it was opened for; the next time it is longer.
    `probe_until`: whoever claimed the probe has this long to tell how it went.
    """

    until: int
    for_s: int
    why: str
    probe_until: int = 0

    def state(self, now: float) -> State:
        until = max(self.until, self.probe_until)
        return State(Phase.OPEN, until, self.why) if now < until else HALF_OPEN


@dataclass(frozen=True, slots=True)
class Look:
    """What was known of a provider's cells at one moment."""

    openings: Mapping[Cell, Opening]
    at: float
    forget_s: float

    def state(self, cell: Cell) -> State:
        """Of the cell and of its key, whichever keeps away more."""
        return max(self._alone(cell), self._alone(cell.key))

    def opening(self, cell: Cell) -> Opening | None:
        """None where it is closed."""
        found = self.openings.get(cell)
        return None if found is None or self.is_over(found) else found

    def is_over(self, opening: Opening) -> bool:
        """Nobody has asked for it in a long time: its model or its key may be gone."""
        return self.at >= max(opening.until, opening.probe_until) + self.forget_s

    def _alone(self, cell: Cell) -> State:
        opening = self.opening(cell)
        return CLOSED if opening is None else opening.state(self.at)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one cell in one bucket of time, by the account's tag."""

    answers: Mapping[str, int]
    failures: Mapping[str, int]
