"""Answers as providers frame them, byte for byte, and what is no answer."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from openmind_llm.providers.http.answer import MAX_HEAD_BYTES
from openmind_llm.providers.http.connection import MAX_WAITING_BYTES
from openmind_llm.providers.http.errors import AnswerTooLongError, BrokenError
from tests.unit.providers.http.playing import CLOSES, OK, SHORT, client, deadline, provider, read, send

CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def heard(*answer: bytes) -> tuple[int, dict[str, str], bytes, int]:
    """Status, headers, body; and how many connections were kept. Raises HttpError."""

    async def play() -> tuple[int, dict[str, str], bytes, int]:
        async with provider(*answer) as played, client() as http:
            response = await send(http, played.url)
            try:
                body = await response.read(10_000_000, deadline())
            finally:
                response.close()
            return response.status, response.headers, body, http.pool.idle

    return asyncio.run(play())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout_at(deadline()):
        for _ in iter(is_so, True):
            await asyncio.sleep(0)


def bytewise(answer: bytes) -> list[bytes]:
    return [bytes([one]) for one in answer]


@pytest.mark.parametrize(
    ("answer", "body", "kept"),
    [
        ([SHORT], b"hi", 1),
        (bytewise(SHORT), b"hi", 1),
        ([CHUNKED + b"1\r\nh\r\n", b"1\r\ni\r\n0\r\n\r\n"], b"hi", 1),
        ([CHUNKED + b'1;a=b\r\nh\r\n1;c="d"\r\ni\r\n0\r\nx-later: 1\r\n\r\n'], b"hi", 1),
        (bytewise(CHUNKED + b"2;a=b\r\nhi\r\n0\r\nx-later: 1\r\n\r\n"), b"hi", 1),
        ([OK + b"\r\nhi", b" there", CLOSES], b"hi there", 0),
        ([b"HTTP/1.0 200 OK\r\n\r\nhi", CLOSES], b"hi", 0),
        ([b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi"], b"hi", 0),
        ([b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi"], b"hi", 1),
        ([OK + b"connection: close\r\ncontent-length: 2\r\n\r\nhi"], b"hi", 0),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b"", 1),
        ([OK + b"content-length: 0\r\n\r\n"], b"", 1),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", SHORT], b"hi", 1),
        ([b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + SHORT], b"hi", 1),
        ([SHORT + b"garbage"], b"hi", 0),
        ([SHORT + SHORT], b"hi", 0),
        ([OK + b"connection: close\r\ncontent-length: 2\r\n\r\nhigarbage"], b"hi", 0),
    ],
)
def test_a_body_ends_where_its_framing_says(answer: Sequence[bytes], body: bytes, kept: int) -> None:
    status, _, found, idle = heard(*answer)

    assert (found, idle) == (body, kept)
    assert status // 100 == 2


def test_a_header_that_comes_twice_has_both_values_and_one_that_comes_late_none() -> None:
    _, headers, _, _ = heard(CHUNKED[:-2] + b"X-Id: a\r\nx-id: \xe9\r\n\r\n0\r\nx-late: 1\r\n\r\n")

    assert headers == {"transfer-encoding": "chunked", "x-id": "a, é"}


def test_headers_of_what_comes_ahead_of_an_answer_are_not_the_answers() -> None:
    _, headers, _, _ = heard(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + SHORT)

    assert headers == {"content-length": "2"}


@pytest.mark.parametrize(
    "answer",
    [
        [CLOSES],
        [b"HTTP/1.1 2", CLOSES],
        [OK + b"content-length: 3\r\n\r\nhi", CLOSES],
        [OK + b"content-length: 3\r\n", CLOSES],
        [CHUNKED + b"3\r\nhi", CLOSES],
        [CHUNKED + b"2\r\nhi\r\n", CLOSES],
        [CHUNKED + b"x\r\nhi\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", CLOSES],
        [b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
        [b"SSH-2.0-OpenSSH_9.9\r\n"],
        [b"HTTP/2 200 OK\r\n\r\n"],
        [OK + b"transfer-encoding: gzip\r\n\r\nhi", CLOSES],
        [OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\nhi"],
        [OK + b"content-length: -2\r\n\r\nhi"],
        [OK + b"content-encoding: br\r\ncontent-length: 2\r\n\r\nhi"],
        [OK + b"x: " + b"a" * (MAX_HEAD_BYTES + 1) + b"\r\ncontent-length: 2\r\n\r\nhi"],
        [OK, *[b"x: " + b"a" * 60_000] * 2],
        [b"HTTP/1.1 100 " + b"a" * 60_000 + b"\r\n\r\n"] * 2,
        [CHUNKED + b"2\r\nhi\r\n0\r\nx: ", *[b"a" * 60_000] * 20],
    ],
)
def test_what_is_no_answer_is_broken(answer: Sequence[bytes]) -> None:
    with pytest.raises(BrokenError):
        heard(*answer)


def test_a_head_may_be_long() -> None:
    _, headers, _, _ = heard(OK + b"x: " + b"a" * 60_000 + b"\r\ncontent-length: 0\r\n\r\n")

    assert len(headers["x"]) == 60_000


def test_what_came_before_the_break_is_there_to_read() -> None:
    async def play() -> bytes | None:
        async with provider(CHUNKED + b"2\r\nhi\r\n", CLOSES) as played, client() as http:
            response = await send(http, played.url)
            first = await response.piece(deadline())
            with pytest.raises(BrokenError):
                await response.piece(deadline())
            response.close()
            return first

    assert asyncio.run(play()) == b"hi"


def test_more_than_is_taken_is_refused_and_its_connection_closed() -> None:
    async def play() -> tuple[int, int]:
        async with provider(OK + b"content-length: 1000\r\n\r\n", b"x" * 500) as played, client() as http:
            response = await send(http, played.url)
            with pytest.raises(AnswerTooLongError):
                await response.read(499, deadline())
            response.close()
            return http.pool.idle, http.pool.busy

    assert asyncio.run(play()) == (0, 0)


def test_an_answer_may_come_before_the_request_is_through_and_ends_its_connection() -> None:
    async def play() -> tuple[bytes, int]:
        async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(SHORT)
            writers.append(writer)

        writers: list[asyncio.StreamWriter] = []
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server, client() as http:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            body = await read(http, url, b"x" * 50_000_000)
            for writer in writers:
                writer.transport.abort()
            return body, http.pool.idle

    assert asyncio.run(play()) == (b"hi", 0)


def test_a_reader_that_is_behind_holds_the_provider_up_and_gets_all_of_it() -> None:
    whole = 40_000_000

    async def play() -> tuple[int, int]:
        async with provider(OK + b"content-length: %d\r\n\r\n" % whole, b"x" * whole) as played, client() as http:
            response = await send(http, played.url)
            await asyncio.wait_for(played_out(played.writers[0]), 5)
            most = response._answer.waiting_bytes
            got = 0
            while (piece := await response.piece(deadline())) is not None:
                got += len(piece)
                most = max(most, len(piece))
            response.close()
            return got, most

    async def played_out(writer: asyncio.StreamWriter) -> None:
        """Until nothing more goes through."""
        left = -1
        while left != writer.transport.get_write_buffer_size():
            left = writer.transport.get_write_buffer_size()
            for _ in range(50):
                await asyncio.sleep(0)

    got, most = asyncio.run(play())

    assert got == whole
    assert most <= 2 * 256 * 1024


def test_what_a_reader_that_is_behind_has_not_read_of_a_broken_answer_is_there_to_read() -> None:
    async def play() -> int:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            writer.write(OK + b"content-length: 1000000\r\n\r\n" + b"x" * 900_000)

        writers: list[asyncio.StreamWriter] = []
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, client() as http:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            response = await send(http, url, b"x" * 50_000_000)
            await until(lambda: response._connection._is_paused)
            writers[0].transport.abort()
            await until(lambda: not http.pool.busy)  # it hears of it by what it has still to send
            first = await response.piece(deadline())
            with pytest.raises(BrokenError):
                await response.piece(deadline())
            response.close()
            return len(first or b"")

    assert asyncio.run(play()) > MAX_WAITING_BYTES
