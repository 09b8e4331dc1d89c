"""What one request may take, retries and fallbacks included: time, and calls."""

import re

from openmind_llm.classes import dataclass
from openmind_llm.errors import InvalidRequestError

TIMEOUT_HEADER = "x-request-timeout-ms"

LEAST_ATTEMPT_S = 0.1
"""Seconds. With less time left, no call is begun."""

SHARE = 2 / 3
"""Of the time that is left, as long as there is a fallback: one that hangs must not use up the time of the next."""

_MILLISECONDS = re.compile("[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Budget:
    """`deadline` is in seconds since the epoch; `attempts` are calls to providers."""

    deadline: float
    attempts: int

    def left_s(self, now: float) -> float:
        return self.deadline - now


def timeout_s(told: str | None) -> float | None:
    """Of the header's value, in seconds; None without one. Raises InvalidRequestError."""
    if told is None:
        return None
    if not _MILLISECONDS.fullmatch(told):
        raise InvalidRequestError(f"{TIMEOUT_HEADER} must be a positive integer of milliseconds")
    return int(told) / 1000
