"""What the loop asks, and tells, of the ways to the providers."""

from typing import Protocol

from openmind_llm.domain.attempts.target import Patience, Target


class Health(Protocol):
    """What is known of the ways to the providers. Blocking, and never raises."""

    def opens_at(self, target: Target, patience_s: float) -> float:
        """0 where a call may be made, which may be the one that finds out whether the way is open again.

        Of every call that is made, one of the others is told.
        """

    def answered(self, target: Target, first_s: float | None, account_id: str) -> None:
        """`first_s` until a stream's first event; None of a whole answer, which takes as long as it is."""

    def failed(self, target: Target, means: str, patience: Patience, account_id: str) -> None: ...

    def set_aside(self, target: Target, means: str, for_s: int) -> None:
        """The key as a whole."""

    def told_nothing(self, target: Target) -> None:
        """The call ended in a way that is not the provider's."""


class Unwatched:
    """Every way is always open. See Health."""

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
