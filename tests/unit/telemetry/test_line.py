"""The line of a request, as it stands in the log."""

from typing import Any

import pytest

from openmind_llm.domain.telemetry import Summary
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments
from tests import canaries
from tests.unit.telemetry.telling import FACTS, PARENT, ROOT, SAMPLED, attempt, line_of, lines, told, written

CLIENTS = "0af7651916cd43dd8448eb211c80319c"


def test_a_request_is_one_line_with_its_facts() -> None:
    made = line_of(told())

    assert made["message"] == "completion"
    assert {name: made[name] for name in FACTS} == FACTS


def test_every_attempt_is_in_it() -> None:
    made = line_of(told(attempt("rate"), attempt(provider="xai", model="grok-4")))

    assert made["attempts"] == 2
    assert made["tried"] == [
        {"provider": "openai", "model": "gpt-4o", "key_id": "main", "means": "rate", "ms": 250},
        {"provider": "xai", "model": "grok-4", "key_id": "main", "means": "answered", "ms": 250},
    ]


def test_a_request_that_reached_no_provider_says_so() -> None:
    made = line_of(told())

    assert (made["attempts"], made["tried"]) == (0, [])


@pytest.mark.parametrize(
    ("header", "given", "trace_id"),
    [
        (SAMPLED, "", "5759e988bd862e3fe1be46a994272793"),
        (SAMPLED, CLIENTS, "5759e988bd862e3fe1be46a994272793"),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", CLIENTS, CLIENTS),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", "", "5759e988bd862e3fe1be46a994272793"),
        ("", CLIENTS, CLIENTS),
        ("Root=nonsense;Sampled=1", CLIENTS, CLIENTS),
    ],
)
def test_the_trace_is_x_rays_where_it_keeps_one_else_the_clients(header: str, given: str, trace_id: str) -> None:
    made = line_of(told(trace_id=given), lines(header))

    assert made["trace_id"] == trace_id


def test_without_a_trace_there_is_no_id_of_one() -> None:
    assert "trace_id" not in line_of(told(trace_id=""))


def test_the_trace_is_looked_up_anew_for_each_request() -> None:
    headers = iter(["", SAMPLED])
    telemetry = lines()
    telemetry._trace_header = lambda: next(headers)

    assert ["trace_id" in line_of(told(), telemetry) for _ in range(2)] == [False, True]


def test_where_lines_are_off_none_is_made() -> None:
    with written("WARNING") as output:
        lines().tell(told())

        assert output() == []


class _BrokenMetrics(Metrics):
    def fields(self, summary: Summary) -> dict[str, Any]:
        raise ValueError(canaries.PROVIDER_KEY)


class _BrokenSegments(Segments):
    def send(self, *_: Any) -> None:
        raise OSError(canaries.PROVIDER_KEY)


def test_metrics_that_fail_leave_the_line_without_them() -> None:
    with written() as output:
        lines(metrics=_BrokenMetrics("prod", "model")).tell(told())
        failure, made = output()

    assert (failure["part"], failure["cause"]) == ("metrics", "ValueError")
    assert made["message"] == "completion"
    assert "_aws" not in made


def test_a_trace_that_fails_is_told_and_raises_nothing() -> None:
    telemetry = lines()
    telemetry._segments = _BrokenSegments(None)

    with written() as output:
        telemetry.tell(told())

        assert [one["message"] for one in output()] == ["completion", "not told"]


def test_a_fact_that_logging_does_not_take_raises_nothing() -> None:
    """A LogRecord has fields of its own."""
    with written() as output:
        lines().tell(told(message="completion"))
        (made,) = output()

    assert (made["part"], made["cause"]) == ("line", "KeyError")
