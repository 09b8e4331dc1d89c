"""A provider in the same event loop, which sends byte for byte what a test says."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from openmind_llm.providers.http.client import HttpClient, Response
from openmind_llm.providers.http.pool import over
from openmind_llm.providers.http.requests import Request

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"content-length: 2\r\n\r\nhi"
CLOSES = b""
"""Among the pieces of an answer: the connection is closed."""
PATIENCE_S = 5.0


@dataclass
class Provider:
    """`answer` is sent a step of the loop between two pieces. `connections` counts those that were made."""

    answer: Sequence[bytes]
    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    writers: list[StreamWriter] = field(default_factory=list)

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.heard.append(head + await reader.readexactly(int(length or b"0")))
                await self._say(writer)
        writer.close()

    async def _say(self, writer: StreamWriter) -> None:
        for piece in self.answer:
            if piece == CLOSES:
                raise ConnectionError
            writer.write(piece)
            await asyncio.sleep(0)


@asynccontextmanager
async def provider(*answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    played = Provider(answer)
    async with await asyncio.start_server(played.serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        played.url = f"http://127.0.0.1:{port}" if context is None else f"https://localhost:{port}"
        try:
            yield played
        finally:
            server.close()
            for writer in played.writers:
                writer.transport.abort()


def client() -> HttpClient:
    return HttpClient(over(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))


def deadline(within_s: float = PATIENCE_S) -> float:
    return asyncio.get_running_loop().time() + within_s


async def send(http: HttpClient, url: str, body: bytes = b"{}") -> Response:
    return await http.send(Request("POST", url, {}, body), deadline())


async def read(http: HttpClient, url: str, body: bytes = b"{}") -> bytes:
    response = await send(http, url, body)
    try:
        return await response.read(10_000_000, deadline())
    finally:
        response.close()
