"""Two requests with one `Idempotency-Key` at once."""

import asyncio
from typing import Any

from openmind_llm.domain.answers import Answer as ProviderAnswer
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.idempotency import Record
from openmind_llm.domain.requests import ChatRequest
from tests.fake_upstream import completion
from tests.fakes import FakeUpstreamPort
from tests.memory_ledger import MemoryLedgerStore
from tests.unit.api.repeating import STREAM, Gateway


class WaitingUpstream(FakeUpstreamPort):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__(completion())
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def complete(self, target: Target, request: ChatRequest, _: Patience) -> ProviderAnswer:
        self.was_asked.set()
        await self.may_answer.wait()
        return await super().complete(target, request, _)


def test_while_the_first_is_running_the_second_is_told_to_wait() -> None:
    async def both_at_once() -> Any:
        upstream = WaitingUpstream()
        gateway = Gateway(upstream=upstream)
        first = asyncio.create_task(gateway.post())
        await upstream.was_asked.wait()
        second = await gateway.post()
        other = await gateway.post(body=STREAM)
        upstream.may_answer.set()
        return await first, second, other, await gateway.post(), gateway

    first, second, other, third, gateway = asyncio.run(both_at_once())

    assert (second.status, second.headers["retry-after"]) == (409, "1")
    assert "x-should-retry" not in second.headers
    assert "still running" in second.error
    assert other.status == 422
    assert third.pieces == first.pieces
    assert gateway.attempts == 1


class LateLookStore(MemoryLedgerStore):
    """Its first looks at a record are from before it was there."""

    looks = 0
    misses = 2

    def record(self, account_id: str, record_id: str) -> Record | None:
        self.looks += 1
        return None if self.looks <= self.misses else super().record(account_id, record_id)


def test_of_two_that_saw_no_record_one_is_admitted() -> None:
    async def both_at_once() -> Any:
        upstream = WaitingUpstream()
        gateway = Gateway(LateLookStore(), upstream)
        first = asyncio.create_task(gateway.post())
        await upstream.was_asked.wait()
        second = await gateway.post()
        upstream.may_answer.set()
        return await first, second, gateway

    first, second, gateway = asyncio.run(both_at_once())

    assert (first.status, second.status) == (200, 409)
    assert len(gateway.store.entries) == gateway.attempts == 1
    assert not gateway.store.holds


def test_who_lost_the_race_to_an_answer_gets_that_answer() -> None:
    gateway = Gateway(LateLookStore())
    first = gateway.ask()

    again = gateway.ask()

    assert again.pieces == first.pieces
    assert again.headers["x-openmind-idempotent-replay"] == "true"
    assert gateway.attempts == 1
