"""Which connection a request gets, and which are kept."""

import asyncio
import gc
import math
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from openmind_llm.providers.http import pool
from openmind_llm.providers.http.client import HttpClient, Response
from openmind_llm.providers.http.connection import Connection
from openmind_llm.providers.http.errors import BrokenError, HttpError, UnreachableError
from openmind_llm.providers.http.requests import Origin, Request
from tests.unit.providers.http.playing import CLOSES, OK, SHORT, Provider, client, deadline, provider, read, send

type Play = Callable[[Provider, HttpClient], Awaitable[None]]

SLOW = [OK + b"content-length: 2\r\n\r\n"]
"""The head alone."""


def played(play: Play, *answer: bytes) -> None:
    async def whole() -> None:
        async with provider(*answer) as one, client() as http:
            await play(one, http)

    asyncio.run(whole())


async def heard_of(http: HttpClient, idle: int) -> None:
    """Waits until so many are idle."""
    async with asyncio.timeout(5):
        while http.pool.idle != idle:  # noqa: ASYNC110 - what is waited for is the loop's own work
            await asyncio.sleep(0)


def test_one_request_after_another_has_the_same_connection() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        for _ in range(3):
            assert await read(http, one.url) == b"hi"
        assert (len(one.heard), len(one.writers), http.pool.idle) == (3, 1, 1)

    played(play, SHORT)


def test_two_at_once_have_one_each_and_the_one_used_last_goes_first() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        first, second = await send(http, one.url), await send(http, one.url)
        last = second._connection
        for response in (first, second):
            await response.read(10, deadline())
            response.close()
        assert http.pool.idle == 2

        again = await send(http, one.url)

        assert again._connection is last
        again.close()

    played(play, SHORT)


def test_each_origin_has_connections_of_its_own() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        async with provider(SHORT) as other:
            await read(http, other.url)
            assert (len(one.heard), len(other.heard), http.pool.idle) == (1, 1, 2)

    played(play, SHORT)


def test_one_that_was_idle_for_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        monkeypatch.setattr(pool, "KEEPALIVE_S", -1.0)
        await read(http, one.url)
        assert len(one.writers) == 2

    played(play, SHORT)


def test_those_that_were_idle_for_too_long_are_closed_when_another_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        responses = [await send(http, one.url) for _ in range(3)]
        monkeypatch.setattr(pool, "KEEPALIVE_S", -1.0)
        for response in responses:
            await response.read(10, deadline())
            response.close()
        assert (http.pool.idle, http.pool.busy) == (0, 0)

    played(play, SHORT)


def test_no_more_than_the_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_IDLE", 2)

    async def play(one: Provider, http: HttpClient) -> None:
        responses = [await send(http, one.url) for _ in range(4)]
        for response in responses:
            await response.read(10, deadline())
            response.close()
        assert (http.pool.idle, http.pool.busy) == (2, 0)

    played(play, SHORT)


def test_one_that_the_provider_closes_is_not_used() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        one.writers[0].close()
        await heard_of(http, 0)

        assert await read(http, one.url) == b"hi"

    played(play, SHORT)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["closes", "says so"])
def test_one_that_was_closed_while_the_loop_stood_still_is_not_used(says: bytes) -> None:
    """As it does between two requests that one environment is frozen in between."""

    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        with socket.socket(fileno=os.dup(one.writers[0].get_extra_info("socket").fileno())) as wire:
            if says:
                wire.send(says)
            else:
                wire.shutdown(socket.SHUT_WR)
        assert http.pool.idle == 1

        assert await read(http, one.url) == b"hi"
        assert len(one.writers) == 2

    played(play, SHORT)


def test_one_that_closes_on_a_request_is_broken_and_the_request_is_not_sent_twice() -> None:
    """It may have been read."""

    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        one.answer = [CLOSES]
        request = Request("POST", one.url, {}, b"{}")
        with pytest.raises(BrokenError):
            await http.send(request, deadline())
        assert (len(one.heard), request.is_sent, http.pool.idle, http.pool.busy) == (2, True, 0, 0)

    played(play, SHORT)


def test_more_than_the_most_at_once_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_CONNECTIONS", 2)

    async def play(one: Provider, http: HttpClient) -> None:
        assert await asyncio.gather(*(read(http, one.url) for _ in range(9))) == [b"hi"] * 9
        assert len(one.writers) == 2

    played(play, SHORT)


def test_who_waits_for_a_place_waits_no_longer_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_CONNECTIONS", 1)

    async def play(one: Provider, http: HttpClient) -> None:
        held = await send(http, one.url)
        request = Request("POST", one.url, {}, b"{}")
        with pytest.raises(TimeoutError):
            await http.send(request, deadline(0.05))
        assert not request.is_sent
        held.close()
        one.answer = [SHORT]
        assert await read(http, one.url) == b"hi"

    played(play, *SLOW)


def test_an_idle_one_makes_place_for_another_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_CONNECTIONS", 1)

    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        async with provider(SHORT) as other:
            await read(http, other.url)
        assert (http.pool.idle, http.pool.busy) == (1, 0)

    played(play, SHORT)


async def refuses(_: Origin, __: Callable[[], Connection]) -> None:
    raise ConnectionRefusedError


async def has_no_name(_: Origin, __: Callable[[], Connection]) -> None:
    "a" * 100 + ".example".encode("idna").decode()
    raise UnicodeError


async def hangs(_: Origin, __: Callable[[], Connection]) -> None:
    await asyncio.Event().wait()


def failure(connect: pool.Connect, within_s: float) -> tuple[type[Exception], bool, int]:
    """Its class, whether something was sent, and how many connections are left."""

    async def play() -> tuple[type[Exception], bool, int]:
        async with HttpClient(connect) as http:
            request = Request("POST", "http://acme.example/", {}, b"{}")
            with pytest.raises((HttpError, TimeoutError)) as raised:
                await http.send(request, deadline(within_s))
            return raised.type, request.is_sent, http.pool.busy

    return asyncio.run(play())


@pytest.mark.parametrize("connect", [refuses, has_no_name])
def test_a_provider_that_is_not_there_is_unreachable(connect: pool.Connect) -> None:
    assert failure(connect, 5) == (UnreachableError, False, 0)


def test_a_connection_that_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 0.01)

    assert failure(hangs, 5) == (UnreachableError, False, 0)


def test_a_deadline_that_comes_first_is_told_as_one() -> None:
    assert failure(hangs, 0.01) == (TimeoutError, False, 0)


def test_an_exchange_leaves_nothing_to_the_garbage_collector() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        await read(http, one.url)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await read(http, one.url)
            assert gc.collect() < 20
        finally:
            gc.enable()

    played(play, SHORT)


def test_a_response_is_closed_once() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        response: Response = await send(http, one.url)
        response.close()
        response.close()
        assert http.pool._places._value == pool.MAX_CONNECTIONS

    played(play, *SLOW)


def test_a_request_may_have_all_the_time_there_is() -> None:
    async def play(one: Provider, http: HttpClient) -> None:
        response = await http.send(Request("GET", one.url, {}), math.inf)
        assert await response.read(10, math.inf) == b"hi"
        response.close()

    played(play, SHORT)
