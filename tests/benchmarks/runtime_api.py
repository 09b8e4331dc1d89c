"""Lambda's Runtime API, as lean as it can be: one environment, one event at a time, each chunk seen as it comes.

Not tests/fake_runtime_api.py: that one records everything, in threads, which would take the time that is measured.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.benchmarks.outcome import Outcome, Watch
from tests.benchmarks.wire import Head, Messages

DELIMITER = bytes(8)
TIMEOUT_S = 120
_ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}'
_DEADLINE_MS = 900_000


class RuntimeApi:
    """Hands out one event at a time, and watches the answer to it."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: asyncio.Future[_Connection] = asyncio.get_running_loop().create_future()
        self._answered: asyncio.Future[Outcome] | None = None
        self._watch: Watch | None = None
        self._number = 0

    async def idle(self) -> None:
        """Until the environment asks for the next event. Raises TimeoutError."""
        await asyncio.wait_for(asyncio.shield(self._waiting), TIMEOUT_S)

    async def ask(self, event: bytes, *, stream: bool) -> Outcome:
        """From the event handed out to the end of its answer. Raises TimeoutError."""
        await self.idle()
        connection = self._waiting.result()
        loop = asyncio.get_running_loop()
        self._waiting, self._answered = loop.create_future(), loop.create_future()
        self._number += 1
        self._watch = Watch(stream=stream)
        connection.hand_out(event, f"request-{self._number}")
        return await asyncio.wait_for(self._answered, TIMEOUT_S)

    def asked_for_next(self, connection: "_Connection") -> None:
        if not self._waiting.done():
            self._waiting.set_result(connection)

    def took(self, data: bytes) -> None:
        if self._watch is not None:
            self._watch.take(data)

    def ended(self, status: int, broken: str = "") -> None:
        watch, self._watch = self._watch, None
        if watch is not None and self._answered is not None and not self._answered.done():
            self._answered.set_result(watch.outcome(status, broken))


class _Connection(asyncio.Protocol):
    """Of the environment: one for events, or one for an answer, or one after the other."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._messages = Messages(self._begin, self._take, self._end)
        self._transport: asyncio.Transport | None = None
        self._kind = ""
        self._prelude: bytearray | None = None
        self._status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._messages.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._kind == "response":
            self._api.ended(0, "the environment closed its answer in the middle")

    def hand_out(self, event: bytes, request_id: str) -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(event)}\r\n"
            f"Lambda-Runtime-Aws-Request-Id: {request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + _DEADLINE_MS}\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:stream\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-6924a1c0-0123456789abcdef01234567;Sampled=0\r\n\r\n"
        )
        self._write(head.encode() + event)

    def _begin(self, head: Head) -> None:
        self._kind = head.target.rpartition("/")[2]
        self._prelude = bytearray() if self._kind == "response" else None
        self._status = 0

    def _take(self, data: bytes) -> None:
        if self._kind != "response":
            return
        if self._prelude is None:
            self._api.took(data)
            return
        self._prelude += data
        metadata, end, rest = self._prelude.partition(DELIMITER)
        if end:
            self._prelude = None
            self._status = 200 if b'"statusCode": 200' in metadata or b'"statusCode":200' in metadata else 500
            if rest:
                self._api.took(bytes(rest))

    def _end(self) -> None:
        kind, self._kind = self._kind, ""
        if kind == "next":
            self._api.asked_for_next(self)
            return
        self._write(_ACCEPTED)
        if kind == "response":
            self._api.ended(self._status)
        elif kind == "error":
            self._api.ended(0, "the environment reported an error")

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


@asynccontextmanager
async def listening() -> AsyncIterator[RuntimeApi]:
    api = RuntimeApi()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(api), "127.0.0.1", 0)
    api.port = server.sockets[0].getsockname()[1]
    try:
        yield api
    finally:
        server.close()
