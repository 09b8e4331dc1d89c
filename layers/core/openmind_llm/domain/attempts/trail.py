"""What was tried for a request, in order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a provider. `model` is the public row's name; `started` is in seconds since the epoch.

    `first_ms` is None where no byte came, or nobody looked. `means` is "" where it answered, else the row of the retry
    table: input, key, credit, model, rate, conflict, outage, unreachable, broken, timeout, unconfigured or refused.
    """

    provider: str
    model: str
    upstream_model: str
    key_id: str
    started: float
    duration_ms: int
    first_ms: int | None
    means: str = ""
