"""A request that is stopped at any moment, by a provider in the same event loop: so that each step of it is met."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from openmind_llm.providers.http.client import HttpClient
from openmind_llm.providers.http.errors import HttpError
from openmind_llm.providers.http.pool import MAX_CONNECTIONS
from openmind_llm.providers.http.requests import Request
from tests.unit.providers.http.playing import CLOSES, OK, client, deadline, provider, read

HEAD = OK + b"content-length: 20\r\n\r\n"
ANSWERS = {
    "whole": [HEAD + b"0123456789" * 2],
    "in two pieces": [HEAD + b"0123456789", b"0123456789"],
    "broken off": [HEAD + b"0123456789", CLOSES],
    "none": [CLOSES],
}
STEPS = 60
"""Of the loop, more than any of these takes."""


async def steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def stopped(http: HttpClient, url: str, after: int, more: Sequence[int]) -> None:
    """After so many steps; then again, if it has not ended by then, after `more`."""
    task = asyncio.create_task(read(http, url))
    for pause in (after, *more):
        await steps(pause)
        task.cancel()
    with suppress(asyncio.CancelledError, HttpError):
        await task


@pytest.mark.parametrize("more", [(), (1,), (2,)], ids=lambda more: f"stopped {1 + len(more)} times {more}")
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
def test_a_request_that_is_stopped_at_any_moment_loses_no_connection(
    answer: Sequence[bytes], more: Sequence[int], is_kept: bool
) -> None:
    async def play() -> dict[int, tuple[int, int]]:
        found = {}
        async with provider(*answer) as played, client() as http:
            for after in range(STEPS):
                if not is_kept:
                    http.close()
                await stopped(http, played.url, after, more)
                found[after] = (http.pool.busy, MAX_CONNECTIONS - http.pool._places._value)
            played.answer = ANSWERS["whole"]
            assert await read(http, played.url) == b"0123456789" * 2
        return {after: left for after, left in found.items() if any(left)}

    assert asyncio.run(play()) == {}


def test_what_was_stopped_before_it_was_sent_is_not_sent_after_all() -> None:
    """Whoever stopped it was told so: it is asked for elsewhere, and nobody pays for this one."""

    async def play() -> tuple[set[bytes], set[bytes]]:
        unsent = set()
        async with provider(*ANSWERS["whole"]) as played, client() as http:
            for after in range(STEPS):
                http.close()
                request = Request("GET", f"{played.url}/{after}", {})
                task = asyncio.create_task(http.send(request, deadline()))
                await steps(after)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    (await task).close()
                if not request.is_sent:
                    unsent.add(b"/%d" % after)
            await steps(100)
            return unsent, {head.split()[1] for head in played.heard}

    unsent, heard = asyncio.run(play())

    assert len(unsent) in range(2, STEPS)
    assert not unsent & heard
    assert heard
