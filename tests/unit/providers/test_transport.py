"""A request that is stopped at any moment, by a provider in the same event loop: so that each step of it is met."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from openmind_llm.providers import client
from openmind_llm.providers.transport import is_sent

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n"
ANSWERS = {
    "whole": [HEAD + b"0123456789" * 2],
    "in two pieces": [HEAD + b"0123456789", b"0123456789"],
    "broken off": [HEAD + b"0123456789", b""],
    "none": [b""],
}
"""What is sent, a step of the loop between two pieces; nothing closes the connection."""

STEPS = 60
"""Of the loop, more than any of these takes."""


@asynccontextmanager
async def provider(answer: Sequence[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Gives its URL, and what it has heard."""
    heard: list[bytes] = []

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                heard.append(head)
                for piece in answer:
                    if not piece:
                        raise ConnectionError
                    writer.write(piece)
                    await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
        server.close()
        server.abort_clients()


async def read(http: httpx.AsyncClient, url: str) -> None:
    with suppress(httpx.HTTPError):
        async with http.stream("GET", url) as response:
            async for _ in response.aiter_bytes():
                pass


async def stopped(http: httpx.AsyncClient, url: str, steps: int, more: Sequence[int]) -> None:
    """After so many steps; then again, if it has not ended by then, after `more`."""
    task = asyncio.create_task(read(http, url))
    for pause in (steps, *more):
        for _ in range(pause):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait({task})
    await settled()


async def settled() -> None:
    """Waits for all that is done behind the back of who was stopped; the provider waits for the next request."""
    for _ in range(100):
        await asyncio.sleep(0)
    left = {one for one in asyncio.all_tasks() - {asyncio.current_task()} if "serve" not in repr(one.get_coro())}
    if left:
        await asyncio.wait(left, timeout=5)


async def lost(http: httpx.AsyncClient) -> list[str]:
    """Connections that no request will ever get, and places in the pool; the others are closed."""
    pool: Any = http._transport
    found = [repr(one) for one in pool._pool.connections if not (one.is_idle() or one.is_closed())]
    found += [f"{len(pool._pool._requests)} requests"] if pool._pool._requests else []
    for one in pool._pool.connections:
        await one.aclose()
    return found


@pytest.mark.parametrize("more", [(), (1,), (2,)], ids=lambda more: f"stopped {1 + len(more)} times {more}")
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_request_that_is_stopped_at_any_moment_loses_no_connection(
    answer: Sequence[bytes], more: Sequence[int]
) -> None:
    async def play() -> dict[int, list[str]]:
        found = {}
        async with provider(answer) as (url, _), client.client() as http:
            for steps in range(STEPS):
                await stopped(http, url, steps, more)
                found[steps] = await lost(http)
        return {steps: left for steps, left in found.items() if left}

    assert asyncio.run(play()) == {}


def test_what_was_stopped_before_it_was_sent_is_not_sent_after_all() -> None:
    """Whoever stopped it was told so: it is asked for elsewhere, and nobody pays for this one."""

    async def play() -> tuple[set[str], set[str]]:
        unsent = set()
        async with provider(ANSWERS["whole"]) as (url, heard), client.client() as http:
            for steps in range(STEPS):
                request = http.build_request("GET", f"{url}/{steps}")
                task = asyncio.create_task(http.send(request))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task})
                if not is_sent(request):
                    unsent.add(f"GET /{steps} ")
                await settled()
                await lost(http)
            return unsent, {f"{head.decode().partition('HTTP')[0]}" for head in heard}

    unsent, heard = asyncio.run(play())

    assert len(unsent) in range(2, STEPS)
    assert not unsent & heard
