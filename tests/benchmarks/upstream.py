"""`python -m tests.benchmarks.upstream PORT`: a provider that has its answers ready. A process of its own.

Whole answers come at once; streams in chunks 2 ms apart, each in a write of its own, without Nagle's delay.
"""

import asyncio
import socket
import sys

from tests.benchmarks import canned
from tests.benchmarks.wire import Head, Messages, chunk

_WHOLE = canned.whole()
_WHOLE_REPLY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_0123456789abcdef\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_WHOLE), _WHOLE)
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-request-id: req_0123456789abcdef\r\ntransfer-encoding: chunked\r\n\r\n"
)


class Provider(asyncio.Protocol):
    """One kept connection."""

    def __init__(self) -> None:
        self._messages = Messages(self._begin, self._take, self._answer)
        self._body = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._messages.feed(data)

    def _begin(self, head: Head) -> None:
        self._body.clear()
        if "100-continue" in head.headers.get("expect", ""):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _take(self, data: bytes) -> None:
        self._body += data

    def _answer(self) -> None:
        tail = bytes(self._body[-2000:]) + bytes(self._body[:2000])  # the prompt may be of any size
        body = tail.replace(b" ", b"")
        if b'"stream":true' not in body:
            self._write(_WHOLE_REPLY)
            return
        asked = b'"include_usage":true' in body
        self._write(_STREAM_HEAD)
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + canned.PACE_S, self._go_on, 0, loop.time() + canned.PACE_S, asked)

    def _go_on(self, number: int, due: float, asked: bool) -> None:
        if number == canned.CHUNKS:
            self._write(chunk(canned.last(with_usage=asked)) + b"0\r\n\r\n")
            return
        self._write(chunk(canned.piece(number)))
        due += canned.PACE_S
        asyncio.get_running_loop().call_at(due, self._go_on, number + 1, due, asked)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
