"""The one HTTP client against a provider on a real socket: what becomes of its connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError, ProviderNotConfiguredError
from openmind_llm.providers import client, table
from openmind_llm.providers.client import HttpUpstream
from openmind_llm.providers.streams import Clocks
from tests.fake_upstream import EVENTS, FakeUpstream, HangUpError, Stream, json_reply

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
REQUEST = ChatRequest("gpt-4o", BODY)

type Use = Callable[[HttpUpstream, Route], Awaitable[None]]


class OneKey:
    """See domain.ports.ProviderKeys."""

    def __init__(self, key: str = "sk-1") -> None:
        self._key = key

    def get(self, _: str) -> str:
        return self._key


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
async def upstream(key: str = "sk-1") -> AsyncIterator[tuple[HttpUpstream, httpx.AsyncClient]]:
    async with client.client() as http:
        yield HttpUpstream(OneKey(key), http, Clocks(5, 5, 5)), http


def connections(http: httpx.AsyncClient) -> list[Any]:
    pool: Any = http._transport
    return list(pool._pool.connections)


async def read_all(asked: HttpUpstream, route: Route) -> None:
    async with asked.stream(route, REQUEST) as answer:
        async for _ in answer.chunks:
            pass


async def read_one(asked: HttpUpstream, route: Route) -> None:
    async with asked.stream(route, REQUEST) as answer:
        await anext(answer.chunks)


def left_after(use: Use, route: Route) -> list[bool]:
    """Whether each connection that is left is free for the next request."""

    async def play() -> list[bool]:
        async with upstream() as (asked, http):
            with suppress(GatewayError):
                await use(asked, route)
            return [one.is_idle() for one in connections(http)]

    return asyncio.run(play())


def test_a_stream_that_was_read_to_its_end_leaves_its_connection_to_the_next(route: Route) -> None:
    assert left_after(read_all, route) == [True]


def test_a_stream_that_was_left_early_leaves_no_connection(route: Route) -> None:
    assert left_after(read_one, route) == []


def test_a_stream_that_broke_leaves_no_connection(route: Route, provider: FakeUpstream) -> None:
    def breaking() -> Iterator[bytes]:
        yield EVENTS[0]
        raise HangUpError

    provider.answer = lambda _: Stream(breaking())

    assert left_after(read_all, route) == []


def test_a_refusal_holds_no_connection(route: Route, provider: FakeUpstream) -> None:
    provider.answer = lambda _: json_reply({"error": {"message": "no"}}, 400)

    assert left_after(read_all, route) in ([], [True])


def test_a_stream_that_begins_with_an_error_leaves_no_connection(route: Route, provider: FakeUpstream) -> None:
    provider.streams(b'data: {"error": {"message": "no"}}\n\n', *EVENTS)

    assert left_after(read_all, route) == []


def test_events_are_asked_for_as_they_are(route: Route, provider: FakeUpstream) -> None:
    left_after(read_all, route)

    assert provider.received[0].headers["accept-encoding"] == "identity"


def test_a_key_that_no_header_can_hold_is_none(route: Route) -> None:
    async def play() -> None:
        async with upstream("sk-ключ") as (asked, _):
            await asked.complete(route, REQUEST)

    with pytest.raises(ProviderNotConfiguredError):
        asyncio.run(play())
