"""Where the time of a request went: to the gateway itself, or to its providers and the waits between them."""

from collections.abc import Sequence

from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts.trail import Attempt


@dataclass(frozen=True, slots=True)
class Timings:
    """In milliseconds, up to the first byte of the answer; `total` is None for a stream, which has just begun.

    `upstream_first_byte` is that of the attempt that answered, if one did and it is known.
    """

    overhead: int
    upstream_first_byte: int | None
    total: int | None

    def headers(self) -> dict[str, str]:
        told = {
            "x-openmind-overhead-ms": self.overhead,
            "x-openmind-upstream-first-byte-ms": self.upstream_first_byte,
            "x-openmind-total-ms": self.total,
        }
        return {name: str(value) for name, value in told.items() if value is not None}

    def facts(self) -> dict[str, int]:
        """The fields of the request's line in the log; its whole time is there already."""
        told = {"overhead_ms": self.overhead, "upstream_first_ms": self.upstream_first_byte}
        return {name: value for name, value in told.items() if value is not None}


def reckon(started: float, now: float, attempts: Sequence[Attempt], *, is_stream: bool) -> Timings:
    """`now` is when the answer's headers are made; both are in seconds since the epoch, as the attempts' are.

    An attempt that brought a stream has ended with the stream's first event.
    """
    whole = now - started
    last = attempts[-1] if attempts else None
    away = last.started + last.duration_ms / 1000 - attempts[0].started if last else 0.0
    return Timings(
        overhead=_ms(whole - away),
        upstream_first_byte=last.first_ms if last and not last.means else None,
        total=None if is_stream else _ms(whole),
    )


def _ms(seconds: float) -> int:
    """Not below zero, wherever a clock was set back."""
    return max(0, round(seconds * 1000))
