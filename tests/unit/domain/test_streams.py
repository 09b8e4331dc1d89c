"""One streamed request from bytes to its last chunk, with a provider that does as the test says."""

import asyncio
import json
import threading
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain import money
from openmind_llm.domain.completions import Call, Completions, Reply, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.ports import Written
from openmind_llm.errors import (
    GatewayError,
    ModelNotServedError,
    ProviderUnavailableError,
    RateLimitError,
    StreamBrokenError,
    UnknownModelError,
)
from openmind_llm.providers import table
from tests.fake_upstream import USAGE, chunk
from tests.fakes import FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import MemoryLedgerStore, ledger, new_account, open_store

CATALOGUE = table.load()
CALLER = Caller(key_id="key-1", account_id="account-1")
PLANS = plans.load()
HELLO = [chunk({"content": "Hello"}), chunk(finish_reason="stop")]
BROKEN = StreamBrokenError("openai", "broke off")


class Streamed:
    """Reads one stream to its end, and keeps what came of it."""

    def __init__(self, *chunks: dict[str, Any] | Exception, model: str = "gpt-4o", **answer: Any) -> None:
        self.port = FakeUpstreamPort({}, **answer)
        self.port.chunks = list(chunks)
        self.store: MemoryLedgerStore = open_store()
        self.payloads: list[Any] = []
        self.error: GatewayError | None = None
        self.fields: dict[str, Any] = {}
        self._model = model

    @property
    def entries(self) -> list[Entry]:
        assert not self.store.holds
        return list(self.store.entries.values())

    def read(self) -> "Streamed":
        asyncio.run(self._read())
        return self

    async def _read(self) -> None:
        body = {"model": self._model, "messages": [{"role": "user", "content": "Hi"}], "stream": True} | self.fields
        kept = ledger(self.store, PLANS, lambda: 1000.9)
        completions = Completions(
            Fixed(CATALOGUE), self.port, attempts(lambda: 1000.9), kept, lambda: 1000.9, Times(drain_s=1)
        )
        async with completions.open(Call(CALLER, "openai", json.dumps(body).encode(), "request-1")) as reply:
            self.headers = reply.headers
            try:
                await self.relay(reply)
            except GatewayError as error:
                self.error = error

    async def relay(self, reply: Reply) -> None:
        async for payload in reply.payloads:
            self.payloads.append(json.loads(payload))


def test_the_chunks_come_in_their_order() -> None:
    stream = Streamed(*HELLO, adjusted=("-seed",), headers={"openai-processing-ms": "9"}).read()

    assert stream.payloads == HELLO
    assert stream.headers["openai-processing-ms"] == "9"
    assert stream.headers["x-openmind-adjusted"] == "+max_tokens, -seed"


def test_a_stream_begins_with_its_hold_and_tells_no_cost_yet() -> None:
    stream = Streamed(*HELLO).read()

    (entry,) = stream.entries
    assert stream.headers["x-openmind-hold"] == money.text(entry.hold.amount)
    assert money.micro(stream.headers["x-openmind-credit-remaining"]) == 10**15 - entry.hold.amount
    assert "x-openmind-cost" not in stream.headers


def test_the_last_chunk_tells_the_cost_to_who_asked_for_usage() -> None:
    stream = Streamed(*HELLO, chunk(choices=[], usage=USAGE))
    stream.fields = {"stream_options": {"include_usage": True}}
    stream.read()

    (entry,) = stream.entries
    assert stream.payloads[-1] == chunk(choices=[], usage=USAGE) | {"x_openmind_cost": money.text(entry.charge)}


def test_the_last_chunk_tells_no_more_than_the_credit_that_was_there() -> None:
    stream = Streamed(*HELLO, chunk(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 10_000}))
    stream.store = open_store(new_account(credit=money.micro("10")))
    stream.fields = {"stream_options": {"include_usage": True}, "max_tokens": 20}
    stream.read()

    (entry,) = stream.entries
    assert entry.shortfall > 0
    assert stream.payloads[-1]["x_openmind_cost"] == money.text(entry.charge) == "10"


def test_a_whole_stream_is_recorded_with_the_usage_that_the_provider_tells() -> None:
    stream = Streamed(*HELLO, chunk(choices=[], usage=USAGE)).read()

    (entry,) = stream.entries
    assert (entry.outcome, entry.usage.completion_tokens, entry.usage.is_exact) == ("completed", 18, True)
    hold = entry.hold
    assert (hold.account_id, hold.key_id, hold.provider, hold.model) == ("account-1", "key-1", "openai", "gpt-4o")
    assert (hold.is_stream, hold.started_at, entry.settled_at) == (True, 1_000_900, 1_000_900)


@pytest.mark.parametrize("chunks", [[chunk({"content": "Hel"})], [chunk({"content": "Hel"}), BROKEN]])
def test_a_stream_that_ends_early_is_an_error_and_recorded_at_an_estimate(chunks: list[Any]) -> None:
    stream = Streamed(*chunks).read()

    (entry,) = stream.entries
    assert stream.payloads == [chunk({"content": "Hel"})]
    assert isinstance(stream.error, StreamBrokenError)
    assert (entry.outcome, entry.usage.is_exact, entry.usage.completion_tokens) == ("broken", False, 1)


def test_a_break_after_the_last_word_is_no_error() -> None:
    """Only the usage is lost."""
    stream = Streamed(*HELLO, BROKEN).read()

    (entry,) = stream.entries
    assert (stream.payloads, stream.error) == (HELLO, None)
    assert (entry.outcome, entry.usage.is_exact) == ("completed", False)


def test_an_error_after_the_last_word_is_no_error() -> None:
    """What the client sees and what is written down are the same: whole."""
    stream = Streamed(*HELLO, RateLimitError("slow down", retry_after_s=1)).read()

    (entry,) = stream.entries
    assert (stream.payloads, stream.error, entry.outcome) == (HELLO, None, "completed")


def test_an_error_that_the_provider_sends_ends_the_stream() -> None:
    stream = Streamed(HELLO[0], RateLimitError("slow down", retry_after_s=1)).read()

    assert isinstance(stream.error, RateLimitError)
    assert [entry.outcome for entry in stream.entries] == ["broken"]


def test_a_stream_whose_client_leaves_is_recorded_as_such() -> None:
    class Left(Streamed):
        async def relay(self, reply: Reply) -> None:
            await anext(reply.payloads)
            reply.is_client_gone = True
            await super().relay(reply)

    stream = Left(*HELLO, chunk(choices=[], usage=USAGE)).read()

    (entry,) = stream.entries
    assert (entry.outcome, entry.usage.is_exact, entry.usage.prompt_tokens) == ("client_gone", True, 12)


def test_a_stream_that_is_stopped_is_recorded_as_such() -> None:
    class Stopped(Streamed):
        async def relay(self, reply: Reply) -> None:
            await anext(reply.payloads)
            raise asyncio.CancelledError

    stream = Stopped(*HELLO)
    with pytest.raises(asyncio.CancelledError):
        stream.read()

    assert [(entry.outcome, entry.usage.is_exact) for entry in stream.entries] == [("stopped", False)]


@pytest.mark.parametrize("error", [ProviderUnavailableError("openai"), RateLimitError("slow", retry_after_s=1)])
def test_a_refusal_before_the_first_chunk_is_raised_and_costs_nothing(error: GatewayError) -> None:
    stream = Streamed()
    stream.port.error = error

    with pytest.raises(type(error)):
        stream.read()

    assert [(entry.outcome, entry.charge) for entry in stream.entries] == [("refused", 0)]


@pytest.mark.parametrize(("model", "kind"), [("gpt-4o", ModelNotServedError), ("gpt-4o-made-up", UnknownModelError)])
def test_a_model_that_the_provider_has_not_is_the_mistake_of_who_named_it(model: str, kind: type[GatewayError]) -> None:
    stream = Streamed(model=model)
    stream.port.error = ModelNotServedError("openai")

    with pytest.raises(kind) as raised:
        stream.read()

    assert type(raised.value) is kind


def test_a_request_that_is_stopped_before_its_first_chunk_is_recorded_as_such() -> None:
    stream = Streamed()
    stream.port.error = asyncio.CancelledError()

    with pytest.raises(asyncio.CancelledError):
        stream.read()

    (entry,) = stream.entries
    assert (entry.outcome, entry.usage.is_exact) == ("stopped", False)
    assert (entry.usage, entry.charge) == (entry.hold.assumed, entry.hold.assumed_bill.charge)


def test_a_request_that_is_stopped_before_its_provider_is_asked_costs_nothing() -> None:
    class SlowStore(MemoryLedgerStore):
        admitting, may_admit = threading.Event(), threading.Event()

        def admit(self, admission: Admission) -> Written:
            self.admitting.set()
            self.may_admit.wait(5)
            return super().admit(admission)

    known = open_store()
    stream, store = Streamed(*HELLO), SlowStore(known.known_accounts, known.known_keys)
    stream.store = store

    async def stopped() -> None:
        task = asyncio.create_task(stream._read())
        await asyncio.to_thread(store.admitting.wait, 5)
        task.cancel()
        await asyncio.sleep(0)
        store.may_admit.set()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())

    assert ([(entry.outcome, entry.charge) for entry in stream.entries], stream.port.asked) == ([("refused", 0)], [])
