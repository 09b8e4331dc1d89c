"""Sends requests and gives their answers. No redirects, no cookies, no proxies, nothing from the environment."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from openmind_llm import tls
from openmind_llm.providers.http import pool
from openmind_llm.providers.http.answer import Answer
from openmind_llm.providers.http.connection import Connection
from openmind_llm.providers.http.encodings import inflater
from openmind_llm.providers.http.errors import AnswerTooLongError, HttpError
from openmind_llm.providers.http.pool import Connect, Pool
from openmind_llm.providers.http.requests import Request

SUCCESS = range(200, 300)


class Response:
    """An answer that has begun. Must be closed, which takes no time: what was read to its end leaves its connection."""

    def __init__(self, connection: Connection, answer: Answer, of: Pool) -> None:
        """Raises BrokenError."""
        self.status, self.headers = answer.status, answer.headers
        self._connection = connection
        self._answer = answer
        self._pool = of
        self._inflater = inflater(answer.headers.get("content-encoding", ""))
        self._parts: Iterator[bytes] = iter(())
        self._is_closed = False

    @property
    def is_success(self) -> bool:
        return self.status in SUCCESS

    async def piece(self, deadline: float) -> bytes | None:
        """What has come in since; None at the end. Raises HttpError, TimeoutError."""
        if self._inflater is None:
            return await self._connection.piece(self._answer, deadline)
        while True:
            for part in self._parts:
                return part
            packed = await self._connection.piece(self._answer, deadline)
            if packed is None:
                self._inflater.end()
                return None
            self._parts = self._inflater.parts(packed)

    async def read(self, most_bytes: int, deadline: float) -> bytes:
        """All of it. Raises AnswerTooLongError, HttpError, TimeoutError."""
        content = bytearray()
        while (piece := await self.piece(deadline)) is not None:
            content += piece
            if len(content) > most_bytes:
                raise AnswerTooLongError
        return bytes(content)

    async def finish(self, within_s: float) -> None:
        """Reads on to the end, so that the connection can be kept."""
        if self._answer.is_complete:
            return
        deadline = asyncio.get_running_loop().time() + within_s
        with suppress(HttpError, TimeoutError):
            while await self._connection.piece(self._answer, deadline) is not None:
                pass

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._pool.give_back(self._connection)


class HttpClient:
    """Serves one event loop."""

    def __init__(self, connect: Connect) -> None:
        self.pool = Pool(connect)

    async def send(self, request: Request, deadline: float) -> Response:
        """Raises HttpError, TimeoutError."""
        connection = await self.pool.take(request.origin, deadline)
        try:
            answer = await connection.ask(request, deadline)
            return Response(connection, answer, self.pool)
        except BaseException:
            self.pool.give_back(connection)
            raise

    def close(self) -> None:
        self.pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


def client() -> HttpClient:
    """Trusts whom the system trusts."""
    return HttpClient(pool.over(tls.trusting()))
