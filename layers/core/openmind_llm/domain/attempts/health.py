"""What the loop asks, and tells, of the ways to the providers."""

from collections.abc import Callable
from typing import Protocol

from openmind_llm.domain.attempts.target import Patience, Target


class Health(Protocol):
    """What is known of the ways to the providers. Never raises; blocking, but where another word is said."""

    def is_well(self, provider: str) -> bool:
        """Whether it is known at once, without blocking, that every way to it is open: `opens_at` says so, too."""

    def opens_at(self, target: Target, patience_s: float) -> float:
        """0 where a call may be made, which may be the one that finds out whether the way is open again.

        Of every call that is made, one of the others is told.
        """

    def answered(self, target: Target, first_s: float | None, account_id: str) -> Callable[[], object] | None:
        """What is left to do about it, which blocks; None where nothing is. This does not block.

        `first_s` until a stream's first event; None of a whole answer, which takes as long as it is.
        """

    def failed(self, target: Target, means: str, patience: Patience, account_id: str) -> None: ...

    def set_aside(self, target: Target, means: str, for_s: int) -> None:
        """The key as a whole."""

    def told_nothing(self, target: Target) -> None:
        """The call ended in a way that is not the provider's."""


class Unwatched:
    """Every way is always open. See Health."""

    def is_well(self, _: str) -> bool:
        return True

    def opens_at(self, _: Target, __: float) -> float:
        return 0

    def answered(self, target: Target, first_s: float | None, account_id: str) -> None:
        """Nobody keeps count."""

    def failed(self, target: Target, means: str, patience: Patience, account_id: str) -> None:
        """Nobody keeps count."""

    def set_aside(self, target: Target, means: str, for_s: int) -> None:
        """Each request finds out for itself."""

    def told_nothing(self, target: Target) -> None:
        """Nobody keeps count."""
