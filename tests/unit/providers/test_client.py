"""The one HTTP client against a provider on a real socket: what becomes of its connections."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError, ProviderUnavailableError
from openmind_llm.providers import client, table
from openmind_llm.providers.client import HttpUpstream
from openmind_llm.providers.http import client as http_client
from openmind_llm.providers.http import pool
from openmind_llm.providers.http.client import HttpClient
from openmind_llm.providers.http.pool import Connect
from openmind_llm.providers.streams import Clocks
from tests.fake_upstream import EVENTS, SILENCE, FakeUpstream, HangUpError, Stream, json_reply

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
REQUEST = ChatRequest("gpt-4o", BODY)
KEY = ProviderKey("key-1", "sk-1")
PATIENCE = Patience(5, 5)

type Use = Callable[[HttpUpstream, Route], Awaitable[None]]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def route(provider: FakeUpstream) -> Route:
    provider.reset()
    found = table.load().resolve("openai", "gpt-4o", "2026-11-23")
    return replace(found, provider=replace(found.provider, base_url=provider.url))


@asynccontextmanager
async def upstream() -> AsyncIterator[tuple[HttpUpstream, HttpClient]]:
    async with http_client.client() as http:
        yield HttpUpstream(http, Clocks(5, 5, 5)), http


async def read_all(asked: HttpUpstream, route: Route) -> None:
    async with asked.stream(Target(route, KEY), REQUEST, PATIENCE) as answer:
        async for _ in answer.chunks:
            pass


async def read_one(asked: HttpUpstream, route: Route) -> None:
    async with asked.stream(Target(route, KEY), REQUEST, PATIENCE) as answer:
        await anext(answer.chunks)


def left_after(use: Use, route: Route) -> tuple[int, int]:
    """How many connections are free for the next request, and how many are lost to it."""

    async def play() -> tuple[int, int]:
        async with upstream() as (asked, http):
            with suppress(GatewayError):
                await use(asked, route)
            return http.pool.idle, http.pool.busy

    return asyncio.run(play())


def test_a_stream_that_was_read_to_its_end_leaves_its_connection_to_the_next(route: Route) -> None:
    assert left_after(read_all, route) == (1, 0)


def test_a_stream_that_was_left_early_leaves_no_connection(route: Route, provider: FakeUpstream) -> None:
    left = threading.Event()

    def slow() -> Iterator[bytes]:
        yield EVENTS[0]
        left.wait(5)

    provider.answer = lambda _: Stream(slow())

    assert left_after(read_one, route) == (0, 0)
    left.set()


def test_a_stream_that_broke_leaves_no_connection(route: Route, provider: FakeUpstream) -> None:
    def breaking() -> Iterator[bytes]:
        yield EVENTS[0]
        raise HangUpError

    provider.answer = lambda _: Stream(breaking())

    assert left_after(read_all, route) == (0, 0)


def test_a_refusal_holds_no_connection(route: Route, provider: FakeUpstream) -> None:
    provider.answer = lambda _: json_reply({"error": {"message": "no"}}, 400)

    assert left_after(read_all, route) == (1, 0)


def test_a_stream_that_begins_with_an_error_loses_no_connection(route: Route, provider: FakeUpstream) -> None:
    provider.streams(b'data: {"error": {"message": "no"}}\n\n', *EVENTS)

    _, lost = left_after(read_all, route)

    assert lost == 0


def test_events_are_asked_for_as_they_are(route: Route, provider: FakeUpstream) -> None:
    left_after(read_all, route)

    assert provider.received[0].headers["accept-encoding"] == "identity"


async def never(*_: object) -> None:
    """Does not connect."""
    await asyncio.Event().wait()


def failure_of(connect: Connect, route: Route, *, is_stream: bool) -> ProviderUnavailableError:
    """Of a call that has 300 ms."""
    request, patience = ChatRequest("gpt-4o", BODY | {"stream": is_stream}), Patience(0.3, 0.3)

    async def ask() -> None:
        async with HttpClient(connect) as http:
            asked = HttpUpstream(http, Clocks(5, 5, 5))
            if not is_stream:
                await asked.complete(Target(route, KEY), request, patience)
                return
            async with asked.stream(Target(route, KEY), request, patience):
                pass

    with pytest.raises(ProviderUnavailableError) as raised:
        asyncio.run(ask())
    return raised.value


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_was_never_sent_cannot_have_cost_anything(route: Route, is_stream: bool) -> None:
    error = failure_of(never, route, is_stream=is_stream)

    assert (error.means, error.may_have_cost, error.may_retry) == ("timeout", False, True)


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_was_sent_may_have_cost(route: Route, provider: FakeUpstream, is_stream: bool) -> None:
    provider.answer = lambda _: SILENCE

    error = failure_of(pool.over(ssl.create_default_context()), route, is_stream=is_stream)

    assert (error.means, error.may_have_cost, error.may_retry) == ("timeout", True, False)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_more_than_is_ever_taken_says_so_and_may_have_cost(
    provider: FakeUpstream, route: Route, is_stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 100)
    provider.answer = lambda _: json_reply({"choices": [{"message": {"content": "a" * 1000}}]})

    async def ask() -> None:
        async with upstream() as (asked, _):
            if is_stream:
                await read_all(asked, route)
            else:
                await asked.complete(Target(route, KEY), REQUEST, PATIENCE)

    with pytest.raises(ProviderUnavailableError) as refused:
        asyncio.run(ask())

    assert (refused.value.means, refused.value.may_have_cost) == ("too_large", True)
