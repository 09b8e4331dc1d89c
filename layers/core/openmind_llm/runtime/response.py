"""A streamed response on its way to the Runtime API: prelude, eight NULs, chunks, and trailers if it fails."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from openmind_llm.runtime.api import RuntimeApiError, read_reply
from openmind_llm.runtime.faults import Fault

_ACCEPTED = range(200, 300)


class ClientDisconnectedError(OSError):
    """Nobody reads this response any more."""


class ResponseStream:
    """One chunk for each write, sent at once; a write waits while the reader is slow.

    Whoever stops reading says so by ending the connection, or by refusing before the end: then `over` is set, and
    nothing more is sent. Lambda itself is not known to do either; the emulators do. To accept before the end, as
    cargo-lambda does, is in order.
    """

    def __init__(self, reader: StreamReader, writer: StreamWriter, head: bytes, over: asyncio.Event) -> None:
        self._writer = writer
        self._head = head
        self._over = over
        self._is_gone = False
        self._has_ended = False
        self._is_answered = asyncio.Event()
        self._answer = asyncio.create_task(self._watch(reader))

    async def write(self, data: bytes) -> None:
        """`data` is framed already; the head goes along with the first. Raises ClientDisconnectedError."""
        if not self._is_gone:
            head, self._head = self._head, b""
            self._writer.write(head + data)
            try:
                await self._writer.drain()
                await asyncio.sleep(0)  # an application that only sends would keep the deadline and _watch from running
            except OSError:
                self._give_up()
        if self._is_gone:
            raise ClientDisconnectedError

    async def end(self, last: bytes = b"", fault: Fault | None = None) -> None:
        """Raises ClientDisconnectedError."""
        self._has_ended = True
        await self.write(last + b"0\r\n" + (fault.trailers() if fault else b"") + b"\r\n")

    async def answered(self) -> None:
        """Until the Runtime API has taken the response, or has gone."""
        with suppress(OSError):
            await self._writer.drain()  # who accepts before the end has not had all of it
        await self._is_answered.wait()

    def close(self) -> None:
        """At once, with what a slow reader has left unread."""
        self._answer.cancel()
        self._writer.transport.abort()

    async def _watch(self, reader: StreamReader) -> None:
        with suppress(OSError, EOFError, RuntimeApiError):
            reply = await read_reply(reader)
            if reply.status in _ACCEPTED:
                self._is_answered.set()
                await reader.read()
            else:
                Fault("Runtime.ResponseRefused", f"The Runtime API refused the response: {reply.status}").log()
                self._give_up()
        if not self._has_ended:
            self._give_up()
        self._is_answered.set()

    def _give_up(self) -> None:
        self._is_gone = True
        self._over.set()
        self._writer.transport.abort()  # also ends the wait of a write


def chunk(data: bytes) -> bytes:
    """Nothing for no data: a chunk of no bytes would end the response."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def prelude(status: int, headers: Iterable[tuple[bytes, bytes]], *, joins: bool) -> bytes:
    """Status and headers as chunks; `joins`: a header that is repeated becomes one. Raises ValueError.

    The delimiter is a chunk of its own: cargo-lambda refuses it with anything else.
    """
    metadata = json.dumps(_metadata(status, headers, joins=joins)).encode()  # ASCII, so never a NUL
    return chunk(metadata) + chunk(bytes(8))


def _metadata(status: int, headers: Iterable[tuple[bytes, bytes]], *, joins: bool) -> dict[str, Any]:
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        if any(control in value for control in (b"\r", b"\n", b"\0")):
            raise ValueError("a header's value holds a line break or NUL")
        values[name.decode("latin-1").lower()].append(value.decode("latin-1"))
    cookies = values.pop("set-cookie", [])
    single = {name: ", ".join(several) for name, several in values.items() if joins or len(several) == 1}
    repeated = {name: several for name, several in values.items() if name not in single}
    # Headers and cookies even if there are none: cargo-lambda answers 500 to a prelude without them.
    metadata = {"statusCode": status, "headers": single, "cookies": cookies}
    return metadata | ({"multiValueHeaders": repeated} if repeated else {})
