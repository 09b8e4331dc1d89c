"""How long a provider is waited for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from openmind_llm.providers.http.client import HttpClient
from openmind_llm.providers.http.connection import Connection
from openmind_llm.providers.http.requests import Origin, Request
from tests.unit.providers.http.playing import OK, client, deadline, provider, send

HEAD = OK + b"content-length: 10\r\n\r\n"


class Wire(asyncio.Transport):
    """Takes everything, and sends what a test says at once."""

    def write(self, _: object) -> None:
        """To nowhere."""

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        """Nothing to close."""

    def get_write_buffer_size(self) -> int:
        return 0


class Timers:
    """Those that the running loop is asked for from now on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._call_at = asyncio.get_running_loop().call_at
        self._made: list[asyncio.Handle] = []
        patch.setattr(asyncio.get_running_loop(), "call_at", self._noted)

    def _noted(self, when: float, ring: Callable[[], None]) -> asyncio.Handle:
        self._made.append(self._call_at(when, ring))
        return self._made[-1]

    def waiting(self) -> int:
        return len([one for one in self._made if not one.cancelled()])


def test_a_provider_that_is_silent_is_given_up_at_the_deadline_and_not_before() -> None:
    async def play() -> None:
        async with provider() as played, client() as http:
            until = deadline(0.05)
            request = Request("POST", played.url, {}, b"{}")
            with pytest.raises(TimeoutError):
                await http.send(request, until)
            assert asyncio.get_running_loop().time() >= until - 0.001
            assert request.is_sent
            assert (http.pool.idle, http.pool.busy) == (0, 0)

    asyncio.run(play())


def test_a_silence_within_a_body_ends_at_its_own_deadline() -> None:
    async def play() -> None:
        async with provider(HEAD) as played, client() as http:
            response = await send(http, played.url)
            for within_s in (0.05, 0.02):
                with pytest.raises(TimeoutError):
                    await response.piece(deadline(within_s))
            response.close()

    asyncio.run(play())


def test_a_deadline_that_has_passed_ends_the_reading_even_of_a_provider_that_never_pauses() -> None:
    async def play() -> None:
        async with provider(HEAD + b"0123") as played, client() as http:
            response = await send(http, played.url)
            with pytest.raises(TimeoutError):
                await response.piece(deadline(-1))
            response.close()

    asyncio.run(play())


def test_finishing_takes_no_longer_than_it_may_and_fails_without_a_word() -> None:
    async def play(http: HttpClient, url: str) -> None:
        response = await send(http, url)
        await response.finish(0.02)
        response.close()
        assert (http.pool.idle, http.pool.busy) == (0, 0)

    async def whole() -> None:
        async with provider(HEAD) as played, client() as http:
            await play(http, played.url)

    asyncio.run(whole())


def one_piece_after_another(play: Callable[[Connection], Awaitable[None]]) -> None:
    async def whole() -> None:
        connection = Connection(Origin("http", "acme.example", 80), lambda _: None)
        connection.connection_made(Wire())
        await play(connection)

    asyncio.run(whole())


def test_one_timer_serves_all_the_pieces_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(connection: Connection) -> None:
        loop, timers = asyncio.get_running_loop(), Timers(monkeypatch)
        loop.call_soon(connection.data_received, OK + b"content-length: 100\r\n\r\n")
        answer = await connection.ask(Request("GET", "http://acme.example/", {}), deadline(60))
        for _ in range(50):
            loop.call_soon(connection.data_received, b"a")
            assert await connection.piece(answer, deadline(60)) == b"a"
        assert timers.waiting() == 1
        connection.connection_lost(None)
        assert timers.waiting() == 0

    one_piece_after_another(play)


def test_a_timer_that_was_set_for_an_earlier_piece_waits_on_for_the_later_one() -> None:
    async def play(connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(connection.data_received, HEAD)
        answer = await connection.ask(Request("GET", "http://acme.example/", {}), deadline(0.02))
        loop.call_later(0.06, connection.data_received, b"late")

        assert await connection.piece(answer, deadline(5)) == b"late"

    one_piece_after_another(play)
