"""A streamed response on its way to the Runtime API: prelude, eight NULs, chunks, and trailers if it fails."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from openmind_llm.runtime.connection import Connection, Reply
from openmind_llm.runtime.faults import Fault

_ACCEPTED = range(200, 300)
_WRITES_OF_A_TURN = 16
_CONTROL = re.compile(rb"[\r\n\0]")


class ClientDisconnectedError(OSError):
    """Nobody reads this response any more."""


class ResponseStream:
    """One chunk for each write, sent at once; a write waits while the reader is slow.

    Whoever stops reading says so by ending the connection, or by refusing before the end: then `on_over` is called, and
    nothing more is sent. Lambda itself is not known to do either; the emulators do. To accept before the end, as
    cargo-lambda does, is in order: after it, the connection is of no further use.
    """

    def __init__(
        self, connection: Connection, head: bytes, on_over: Callable[[], None], on_answer: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._head = head
        self._on_over = on_over
        self._on_answer = on_answer
        self._is_gone = False
        self._has_ended = False
        self._writes = 0
        self._may_keep = False
        self._has_begun = False
        self._is_accepted = False
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def write(self, data: bytes) -> None:
        """`data` is framed already; the head goes along with the first. Raises ClientDisconnectedError."""
        await self._send(data)
        self._writes += 1
        if self._writes % _WRITES_OF_A_TURN == 0:  # who only sends keeps the deadline, and whoever watches, waiting
            await asyncio.sleep(0)

    async def end(self, last: bytes = b"", fault: Fault | None = None) -> None:
        """Raises ClientDisconnectedError."""
        self._has_ended = True
        await self._send(last + b"0\r\n" + (fault.trailers() if fault else b"") + b"\r\n")

    async def answered(self) -> None:
        """Until the Runtime API has taken the response, or has gone."""
        await self._connection.drained()  # who accepts before the end has not had all of it
        if not self._answered.done():
            await asyncio.shield(self._answered)

    @property
    def is_awaited(self) -> bool:
        return not self._answered.done()

    @property
    def is_answered(self) -> bool:
        return self._has_ended and self._answered.done()

    def close(self) -> None:
        """The connection stays for the next request if the response was accepted, and after its end."""
        if not self._may_keep:
            self._connection.close()

    async def _send(self, data: bytes) -> None:
        if not self._is_gone:
            self._put(data)
            if not self._connection.is_drained:
                await self._connection.drained()
            if self._connection.has_ended and not self._is_accepted:
                self._give_up()
        if self._is_gone:
            raise ClientDisconnectedError

    def _put(self, data: bytes) -> None:
        if self._has_begun:
            self._connection.write(data)
        else:
            self._has_begun = True
            self._connection.begin(self._head + data, self._replied)

    def _replied(self, told: Reply | Exception) -> None:
        if isinstance(told, Exception):
            self._left()
        elif told.status in _ACCEPTED:
            self._is_accepted = True
            self._may_keep = self._has_ended and self._connection.is_drained
            self._connection.on_end = self._left
            self._answer()
        else:
            Fault("Runtime.ResponseRefused", f"The Runtime API refused the response: {told.status}").log()
            self._give_up()

    def _left(self) -> None:
        if not self._has_ended:
            self._give_up()
        self._answer()

    def _give_up(self) -> None:
        self._is_gone = True
        self._on_over()
        self._answer()
        self._connection.close()  # also ends the wait of a write

    def _answer(self) -> None:
        if not self._answered.done():
            self._answered.set_result(None)
            self._on_answer()


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
        if _CONTROL.search(value):
            raise ValueError("a header's value holds a line break or NUL")
        values[name.decode("latin-1").lower()].append(value.decode("latin-1"))
    cookies = values.pop("set-cookie", [])
    single = {name: ", ".join(several) for name, several in values.items() if joins or len(several) == 1}
    repeated = {name: several for name, several in values.items() if name not in single}
    # Headers and cookies even if there are none: cargo-lambda answers 500 to a prelude without them.
    metadata = {"statusCode": status, "headers": single, "cookies": cookies}
    return metadata | ({"multiValueHeaders": repeated} if repeated else {})
