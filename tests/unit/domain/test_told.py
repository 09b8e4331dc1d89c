"""What a request leaves for whoever keeps watch: its facts, and what was tried."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain.attempts import table
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.telemetry import Summary
from openmind_llm.errors import GatewayError
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeTelemetry, FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import ledger, open_store
from tests.unit.domain.completing import CALLER, CATALOGUE, PLANS, USER

CALL = Call(CALLER, "openai", json.dumps({"model": "gpt-4o", "messages": [USER]}).encode(), "request-1")
STREAMED = replace(CALL, raw=json.dumps({"model": "gpt-4o", "messages": [USER], "stream": True}).encode())


class SlowUpstream(FakeUpstreamPort):
    """Each call takes its time."""

    def __init__(self, clock: FakeClock, took_s: float) -> None:
        super().__init__(completion())
        self.chunks = [
            {"choices": [{"index": 0, "delta": {"content": "Hello!"}, "finish_reason": "stop"}]},
        ]
        self._clock, self._took_s = clock, took_s

    async def complete(self, *asked: Any) -> Any:
        self._clock.now += self._took_s
        return await super().complete(*asked)

    def stream(self, *asked: Any) -> Any:
        self._clock.now += self._took_s
        return super().stream(*asked)


def asked(
    port: FakeUpstreamPort, call: Call = CALL, clock: FakeClock | None = None, failure: Exception | None = None
) -> tuple[Summary, dict[str, str]]:
    """What was told of a request, and the headers of its answer. `failure` meets whoever relays it."""
    now, telemetry, headers = clock or FakeClock(), FakeTelemetry(), {}
    completions = Completions(
        Fixed(CATALOGUE),
        port,
        attempts(now),
        ledger(open_store(), PLANS, now),
        now,
        Times(drain_s=1),
        telemetry=telemetry,
    )

    async def ask() -> None:
        async with completions.open(call) as reply:
            headers.update(reply.headers)
            if failure:
                raise failure
            [payload async for payload in reply.payloads]

    try:
        asyncio.run(ask())
    except (GatewayError, RuntimeError, OSError) as error:
        headers.update(getattr(error, "headers", {}))
    (summary,) = telemetry.told
    return summary, headers


def test_an_answer_is_told_with_its_attempt() -> None:
    summary, _ = asked(FakeUpstreamPort(completion()))

    (attempt,) = summary.attempts
    assert (attempt.provider, attempt.model, attempt.means) == ("openai", "gpt-4o", "")
    assert (summary.facts["status"], summary.facts["outcome"]) == (200, "completed")
    assert "attempts" not in summary.facts


def test_the_state_of_holds_and_breakers_is_told() -> None:
    summary, _ = asked(FakeUpstreamPort(completion()))

    assert (summary.facts["open_holds"], summary.facts["breaker_open"]) == (1, 0)


def test_a_failure_is_told_with_its_class_and_all_attempts() -> None:
    port = FakeUpstreamPort(completion())
    port.error = table.unavailable("openai", "outage")

    summary, _ = asked(port)

    assert {attempt.means for attempt in summary.attempts} == {"outage"}
    assert len(summary.attempts) > 1
    assert (summary.facts["status"], summary.facts["error_class"]) == (503, "ProviderUnavailableError")


def test_a_request_that_is_refused_reached_nobody() -> None:
    summary, headers = asked(FakeUpstreamPort(completion()), replace(CALL, raw=b"{"))

    assert (summary.facts["status"], summary.attempts) == (400, ())
    assert "x-openmind-overhead-ms" not in headers


def test_a_fault_of_ours_is_told_as_one() -> None:
    summary, _ = asked(FakeUpstreamPort(completion()), failure=RuntimeError("bug"))

    assert (summary.facts["status"], summary.facts["error_class"]) == (500, "InternalError")


def test_a_client_that_is_lost_is_no_error() -> None:
    summary, _ = asked(FakeUpstreamPort(completion()), failure=OSError("gone"))

    assert not {"status", "error_class"} & set(summary.facts)


def test_what_the_provider_took_is_told_apart_from_what_we_took() -> None:
    clock = FakeClock()

    summary, headers = asked(SlowUpstream(clock, 0.5), clock=clock)

    assert headers["x-openmind-overhead-ms"] == "0"
    assert headers["x-openmind-upstream-first-byte-ms"] == headers["x-openmind-total-ms"] == "500"
    assert (summary.facts["overhead_ms"], summary.facts["upstream_first_ms"]) == (0, 500)
    assert "first_ms" not in summary.facts


def test_of_a_stream_the_first_event_is_told() -> None:
    clock = FakeClock()

    summary, headers = asked(SlowUpstream(clock, 0.5), STREAMED, clock)

    assert (summary.facts["first_ms"], summary.facts["overhead_ms"]) == (500, 0)
    assert headers["x-openmind-upstream-first-byte-ms"] == "500"
    assert "x-openmind-total-ms" not in headers


@pytest.mark.parametrize("call", [CALL, STREAMED])
def test_nothing_that_was_said_is_told(call: Call) -> None:
    summary, _ = asked(SlowUpstream(FakeClock(), 0), call)

    assert USER["content"] not in repr(summary)
    assert "Hello" not in repr(summary)
