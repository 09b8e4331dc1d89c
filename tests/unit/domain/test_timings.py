"""Where the time of a request went."""

import pytest

from openmind_llm.domain import timings
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.timings import Timings

STARTED = 1000.0


def attempt(started: float, duration_ms: int, first_ms: int | None = None, means: str = "") -> Attempt:
    return Attempt("openai", "gpt-4o", "gpt-4o", "key-1", started, duration_ms, first_ms, means)


def test_what_the_provider_took_is_no_overhead() -> None:
    tried = [attempt(1000.010, 500, 120)]

    assert timings.reckon(STARTED, 1000.525, tried, is_stream=False) == Timings(25, 120, 525)


def test_neither_are_failed_attempts_and_the_waits_between() -> None:
    tried = [attempt(1000.010, 100, means="rate"), attempt(1000.710, 200, means="outage"), attempt(1001.410, 500, 90)]

    assert timings.reckon(STARTED, 1001.930, tried, is_stream=False) == Timings(30, 90, 1930)


def test_a_stream_has_no_total_when_it_begins() -> None:
    tried = [attempt(1000.010, 200, 200)]

    assert timings.reckon(STARTED, 1000.215, tried, is_stream=True) == Timings(15, 200, None)


def test_without_an_attempt_all_is_overhead() -> None:
    assert timings.reckon(STARTED, 1000.007, (), is_stream=False) == Timings(7, None, 7)


def test_where_no_attempt_answered_there_is_no_first_byte() -> None:
    tried = [attempt(1000.010, 100, 50, means="outage")]

    assert timings.reckon(STARTED, 1000.115, tried, is_stream=False) == Timings(15, None, 115)


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_clock_that_is_set_back_makes_no_negative_times(is_stream: bool) -> None:
    assert timings.reckon(STARTED, 990.0, [attempt(1000.01, 5)], is_stream=is_stream).overhead == 0


def test_headers_tell_what_is_known() -> None:
    assert Timings(25, 120, 525).headers() == {
        "x-openmind-overhead-ms": "25",
        "x-openmind-upstream-first-byte-ms": "120",
        "x-openmind-total-ms": "525",
    }
    assert Timings(0, None, None).headers() == {"x-openmind-overhead-ms": "0"}


def test_the_line_tells_them_too() -> None:
    assert Timings(25, 120, 525).facts() == {"overhead_ms": 25, "upstream_first_ms": 120}
    assert Timings(25, None, None).facts() == {"overhead_ms": 25}
