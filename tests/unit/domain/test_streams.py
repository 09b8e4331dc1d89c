"""One streamed request from bytes to its last chunk, with a provider that does as the test says."""

import asyncio
import json
import threading
from typing import Any

import pytest

from openmind_llm.domain.completions import Completions, Limits, Reply
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.usage import UsageEntry
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
from tests.fakes import FakeUpstreamPort, MemoryUsageLog

CATALOGUE = table.load()
CALLER = Caller(key_id="key-1", account_id="account-1", plan="builder")
HELLO = [chunk({"content": "Hello"}), chunk(finish_reason="stop")]
BROKEN = StreamBrokenError("openai", "broke off")


class Streamed:
    """Reads one stream to its end, and keeps what came of it."""

    def __init__(self, *chunks: dict[str, Any] | Exception, model: str = "gpt-4o", **answer: Any) -> None:
        self.port = FakeUpstreamPort({}, **answer)
        self.port.chunks = list(chunks)
        self.log: MemoryUsageLog = MemoryUsageLog()
        self.payloads: list[Any] = []
        self.error: GatewayError | None = None
        self._model = model

    def read(self) -> "Streamed":
        asyncio.run(self._read())
        return self

    async def _read(self) -> None:
        body = {"model": self._model, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        completions = Completions(CATALOGUE, self.port, self.log, lambda: 1000.9, Limits(drain_s=1))
        async with completions.open(CALLER, "openai", json.dumps(body).encode(), "request-1") as reply:
            self.headers = reply.headers
            try:
                await self.relay(reply)
            except GatewayError as error:
                self.error = error

    async def relay(self, reply: Reply) -> None:
        async for payload in reply.payloads:
            self.payloads.append(json.loads(payload))


def test_the_chunks_come_in_their_order() -> None:
    stream = Streamed(*HELLO, adjusted=("-seed",), headers={"x-ratelimit-limit": "9"}).read()

    assert stream.payloads == HELLO
    assert stream.headers == {"x-ratelimit-limit": "9", "x-openmind-adjusted": "-seed"}


def test_a_whole_stream_is_recorded_with_the_usage_that_the_provider_tells() -> None:
    stream = Streamed(*HELLO, chunk(choices=[], usage=USAGE)).read()

    (entry,) = stream.log.entries
    assert (entry.outcome, entry.usage.completion_tokens, entry.usage.is_exact) == ("completed", 18, True)
    assert (entry.account_id, entry.key_id, entry.provider, entry.model) == ("account-1", "key-1", "openai", "gpt-4o")
    assert (entry.is_stream, entry.started_at) == (True, "1970-01-01T00:16:40.900Z")


@pytest.mark.parametrize("chunks", [[chunk({"content": "Hel"})], [chunk({"content": "Hel"}), BROKEN]])
def test_a_stream_that_ends_early_is_an_error_and_recorded_at_an_estimate(chunks: list[Any]) -> None:
    stream = Streamed(*chunks).read()

    (entry,) = stream.log.entries
    assert stream.payloads == [chunk({"content": "Hel"})]
    assert isinstance(stream.error, StreamBrokenError)
    assert (entry.outcome, entry.usage.is_exact, entry.usage.completion_tokens) == ("broken", False, 1)


def test_a_break_after_the_last_word_is_no_error() -> None:
    """Only the usage is lost."""
    stream = Streamed(*HELLO, BROKEN).read()

    (entry,) = stream.log.entries
    assert (stream.payloads, stream.error) == (HELLO, None)
    assert (entry.outcome, entry.usage.is_exact) == ("completed", False)


def test_an_error_after_the_last_word_is_no_error() -> None:
    """What the client sees and what is written down are the same: whole."""
    stream = Streamed(*HELLO, RateLimitError("slow down", retry_after_s=1)).read()

    (entry,) = stream.log.entries
    assert (stream.payloads, stream.error, entry.outcome) == (HELLO, None, "completed")


def test_an_error_that_the_provider_sends_ends_the_stream() -> None:
    stream = Streamed(HELLO[0], RateLimitError("slow down", retry_after_s=1)).read()

    assert isinstance(stream.error, RateLimitError)
    assert [entry.outcome for entry in stream.log.entries] == ["broken"]


def test_a_stream_whose_client_leaves_is_recorded_as_such() -> None:
    class Left(Streamed):
        async def relay(self, reply: Reply) -> None:
            await anext(reply.payloads)
            reply.is_client_gone = True
            await super().relay(reply)

    stream = Left(*HELLO, chunk(choices=[], usage=USAGE)).read()

    (entry,) = stream.log.entries
    assert (entry.outcome, entry.usage.is_exact, entry.usage.prompt_tokens) == ("client_gone", True, 12)


def test_a_stream_that_is_stopped_is_recorded_as_such() -> None:
    class Stopped(Streamed):
        async def relay(self, reply: Reply) -> None:
            await anext(reply.payloads)
            raise asyncio.CancelledError

    stream = Stopped(*HELLO)
    with pytest.raises(asyncio.CancelledError):
        stream.read()

    assert [(entry.outcome, entry.usage.is_exact) for entry in stream.log.entries] == [("stopped", False)]


@pytest.mark.parametrize("error", [ProviderUnavailableError("openai"), RateLimitError("slow", retry_after_s=1)])
def test_a_refusal_before_the_first_chunk_is_raised_and_not_recorded(error: GatewayError) -> None:
    stream = Streamed()
    stream.port.error = error

    with pytest.raises(type(error)):
        stream.read()

    assert stream.log.entries == []


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

    assert [(entry.outcome, entry.usage.output) for entry in stream.log.entries] == [("stopped", 0)]


def test_a_request_that_is_stopped_before_its_provider_is_asked_is_not_recorded() -> None:
    class SlowLog(MemoryUsageLog):
        opening, may_open = threading.Event(), threading.Event()

        def open(self, entry: UsageEntry) -> None:
            self.opening.set()
            self.may_open.wait(5)
            super().open(entry)

    stream, log = Streamed(*HELLO), SlowLog()
    stream.log = log

    async def stopped() -> None:
        task = asyncio.create_task(stream._read())
        await asyncio.to_thread(log.opening.wait, 5)
        task.cancel()
        await asyncio.sleep(0)
        log.may_open.set()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())

    assert (log.entries, stream.port.asked) == ([], [])
