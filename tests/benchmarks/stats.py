"""Numbers of many requests and rounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.outcome import Outcome


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so much of them is not above (nearest rank). Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]


@dataclass(frozen=True, slots=True)
class Round:
    """One gateway, one case, one round: milliseconds.

    `held`: of the chunk, by its place in a stream, that is delayed most at the median: a gateway that waits for
    something does so in each stream. `worst` is the largest of a stream at the median, which chance has a part in.
    """

    cpu: float
    p50: float
    p90: float
    p99: float
    first: float
    delay: float
    held: float
    worst: float
    gap: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The rounds of a case together: medians over the rounds, and how far the CPU of the rounds lies apart."""

    cpu: float
    cpu_least: float
    cpu_most: float
    p50: float
    p90: float
    p99: float
    first: float
    delay: float
    held: float
    worst: float
    gap: float


def of_round(cpu_ms: float, outcomes: Sequence[Outcome]) -> Round:
    """`cpu_ms` is of all of them together."""
    latencies = [one.latency for one in outcomes]
    delays = [delay for one in outcomes for delay in one.delays]
    return Round(
        cpu=cpu_ms / len(outcomes),
        p50=percentile(latencies, 0.5),
        p90=percentile(latencies, 0.9),
        p99=percentile(latencies, 0.99),
        first=median(one.first for one in outcomes),
        delay=median(delays) if delays else 0,
        held=max((median(place) for place in zip(*(one.delays for one in outcomes), strict=True)), default=0),
        worst=median(one.worst for one in outcomes),
        gap=median(one.gap for one in outcomes),
    )


def together(rounds: Iterable[Round]) -> Measured:
    kept = list(rounds)
    cpu = [one.cpu for one in kept]

    def middle(name: str) -> float:
        return float(median(getattr(one, name) for one in kept))

    names = ("p50", "p90", "p99", "first", "delay", "held", "worst", "gap")
    return Measured(median(cpu), min(cpu), max(cpu), **{name: middle(name) for name in names})
