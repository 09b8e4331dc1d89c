"""What was tried for one request."""

from openmind_llm.classes import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a provider. `model` is the public name of the catalogue's row; `key_id` tells keys apart.

    `started` is in seconds since the epoch. `first_ms` is the time to the answer, or to its first event. `means` is
    empty where there was one, else a row of domain.attempts.table.RULES. `waited_ms` is the pause before the call.
    """

    provider: str
    model: str
    upstream_model: str
    key_id: str
    started: float
    duration_ms: int
    first_ms: int | None = None
    means: str = ""
    waited_ms: int = 0
