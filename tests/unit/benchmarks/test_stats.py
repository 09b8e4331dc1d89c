import pytest

from tests.benchmarks import stats
from tests.benchmarks.outcome import Outcome


def outcome(latency: float, *delays: float, first: float = 1, gap: float = 2) -> Outcome:
    return Outcome("", latency, first, list(delays), gap)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.9, 9), (0.91, 10), (0.99, 10), (1.0, 10)]
)
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert stats.percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], share) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        stats.percentile([], 0.5)


def test_a_round_divides_its_cpu_among_the_requests() -> None:
    assert stats.of_round(30, [outcome(1), outcome(2), outcome(3)]).cpu == 10


def test_a_chunk_that_each_stream_holds_back_is_told_from_one_that_chance_delays() -> None:
    holding = stats.of_round(1, [outcome(1, 0.1, 9.0), outcome(1, 0.2, 8.0), outcome(1, 0.1, 7.0)])
    stalled = stats.of_round(1, [outcome(1, 0.1, 9.0), outcome(1, 9.0, 0.3), outcome(1, 0.1, 0.4)])

    assert holding.held == 8.0
    assert stalled.held == 0.4
    assert stalled.worst == 9.0


def test_rounds_together_are_their_median_with_the_spread_of_their_cpu() -> None:
    rounds = [stats.of_round(cpu, [outcome(latency)]) for cpu, latency in ((5, 30), (1, 10), (3, 20))]

    together = stats.together(rounds)

    assert (together.cpu, together.cpu_least, together.cpu_most, together.p50) == (3, 1, 5, 20)
