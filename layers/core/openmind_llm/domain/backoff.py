"""How long to wait before another attempt."""

import random


def pause_s(attempt: int, first_s: float, longest_s: float) -> float:
    """Full jitter, so that those that met do not meet again. `attempt` counts from 0."""
    return random.uniform(0, min(longest_s, first_s * 2**attempt))  # noqa: S311 - no secret
