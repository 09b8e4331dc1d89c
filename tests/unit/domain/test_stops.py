"""Requests that are stopped at any of their steps: what was asked is charged once, and no credit stays held."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain.answers import Answer
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.caching import Asked
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import check
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError, RateLimitError
from openmind_llm.providers import table
from tests import memory_cache
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import MemoryLedgerStore, ledger, open_store

CATALOGUE = table.load()
PLANS = plans.load()
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
CHUNKS: list[dict[str, Any] | Exception] = [
    {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}},
]
MOST_STEPS = 60


class PausingUpstream(FakeUpstreamPort):
    """May be stopped wherever a provider is waited for."""

    async def complete(self, target: Target, request: ChatRequest, _: Patience) -> Answer:
        answer = await super().complete(target, request, _)
        await asyncio.sleep(0)
        return answer

    async def _each(self) -> AsyncIterator[Chunk]:
        async for chunk in super()._each():
            await asyncio.sleep(0)
            yield chunk


def a_request(store: MemoryLedgerStore, port: FakeUpstreamPort, asked: Asked, **fields: Any) -> Any:
    clock = FakeClock()
    spending = ledger(store, PLANS, clock)
    completions = Completions(Fixed(CATALOGUE), port, attempts(clock), spending, clock, Times(drain_s=1))
    call = Call(Caller("key-1", "account-1"), "openai", json.dumps(BODY | fields).encode(), "request-1", {})

    async def send() -> None:
        async with memory_cache.caching(completions, spending, store, clock).open(call, asked) as reply:
            async for _ in reply.payloads:
                await asyncio.sleep(0)

    return send()


async def stopped_after(steps: int, request: Any, times: int) -> None:
    task = asyncio.create_task(request)
    for _ in range(steps):
        await asyncio.sleep(0)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with contextlib.suppress(asyncio.CancelledError, GatewayError):
        await task


async def _in_steps(work: Any, *args: Any) -> Any:
    """As asyncio.to_thread with a thread that is not free yet: what is given up before it starts is never done."""
    await asyncio.sleep(0)
    done = work(*args)
    await asyncio.sleep(0)
    return done


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("asked", [Asked(), Asked("a-key"), Asked(None, "max-age=60")], ids=["", "key", "cached"])
@pytest.mark.parametrize(("fields", "error"), [({}, None), ({"stream": True}, None), ({}, RateLimitError("slow down"))])
def test_a_request_that_is_stopped_at_any_step_leaves_no_hold(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], error: GatewayError | None, asked: Asked, times: int
) -> None:
    monkeypatch.setattr(asyncio, "to_thread", _in_steps)
    outcomes = []
    for steps in range(MOST_STEPS):
        store, port = open_store(), PausingUpstream(completion())
        port.chunks, port.error = CHUNKS, error

        asyncio.run(stopped_after(steps, a_request(store, port, asked, **fields), times))

        outcomes += [entry.outcome for entry in store.entries.values()]
        assert store.holds == {}, steps
        assert not any(record.kept is None for record in store.records.values()), steps
        assert list(check.of_account(store.counters("account-1"))) == []
        assert len(store.entries) >= len(port.asked)
    assert outcomes
