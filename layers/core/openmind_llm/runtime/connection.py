"""A connection to the Runtime API: one request at a time, and the reply to it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_READ_LIMIT = 1024 * 1024
"""Bytes of a reply's head."""


class RuntimeApiError(Exception):
    """The Runtime API is not there, or says what this runtime does not understand."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the Runtime API; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


type OnReply = Callable[[Reply | Exception], None]


class Connection(asyncio.Protocol):
    """Bare asyncio: its streams take twice the CPU for the same bytes.

    What is told instead of a reply is an EOFError or OSError where the connection breaks, and a RuntimeApiError for
    what is not HTTP.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._read = bytearray()
        self._on_reply: OnReply | None = None
        self._may_write: asyncio.Future[None] | None = None
        self._closes = False
        self._ended: Exception | None = None
        self.on_end: Callable[[], None] | None = None
        """Called once, when nothing more can be sent or read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # a write waits as soon as the reader is slow

    @property
    def is_open(self) -> bool:
        """Fit for a request: nothing has come that was not asked for."""
        return not (self._ended or self._closes or self._read)

    @property
    def has_ended(self) -> bool:
        return self._ended is not None

    def ask(self, message: bytes) -> "asyncio.Future[Reply]":
        """`message` is a whole request."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.begin(message, lambda told: _settle(reply, told))
        return reply

    def begin(self, message: bytes, on_reply: OnReply) -> None:
        """`message` is a request, or the beginning of one; `write` sends more of it. `on_reply` is called once."""
        if self._ended is not None:
            on_reply(self._ended)
            return
        self._on_reply, self.on_end = on_reply, None
        self._transport.write(message)

    def write(self, data: bytes) -> None:
        if self._ended is None:
            self._transport.write(data)

    @property
    def is_drained(self) -> bool:
        """Nothing that was written waits to be sent."""
        return self._may_write is None

    async def drained(self) -> None:
        """Until what was written is sent, or cannot be any more. For several writers at once."""
        while self._may_write is not None:
            await asyncio.shield(self._may_write)

    def close(self) -> None:
        """At once, with what a slow reader has left unread."""
        self._end(ConnectionAbortedError())
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._on_reply is None:
            return
        try:
            reply = _taken(self._read)
        except (ValueError, IndexError) as error:
            self._tell(RuntimeApiError(f"not a reply: {type(error).__name__}"))
            return
        if reply is not None:
            self._closes = reply.headers.get("connection", "").lower() == "close"
            self._tell(reply)

    def eof_received(self) -> None:
        self._end(EOFError())

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or EOFError())

    def pause_writing(self) -> None:
        self._may_write = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        waiting, self._may_write = self._may_write, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _end(self, error: Exception) -> None:
        if self._ended is not None:
            return
        self._ended = error
        self._tell(error)
        self.resume_writing()
        if self.on_end is not None:
            self.on_end()

    def _tell(self, told: Reply | Exception) -> None:
        on_reply, self._on_reply = self._on_reply, None
        if on_reply is not None:
            on_reply(told)


def _settle(reply: asyncio.Future[Reply], told: Reply | Exception) -> None:
    if reply.done():  # nobody waits for it any more
        return
    if isinstance(told, Reply):
        reply.set_result(told)
    else:
        reply.set_exception(told)


def _taken(read: bytearray) -> Reply | None:
    """The reply at the beginning, which is taken away; None while it is not whole. Raises ValueError, IndexError."""
    end = read.find(_END_OF_HEAD)
    if end < 0:
        if len(read) > _READ_LIMIT:
            raise ValueError
        return None
    status_line, *lines = read[:end].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    found = _body(read, end + len(_END_OF_HEAD), headers)
    if found is None:
        return None
    body, after = found
    del read[:after]
    return Reply(int(status_line.split()[1]), headers, body)


def _body(read: bytearray, start: int, headers: Mapping[str, str]) -> tuple[bytes, int] | None:
    """And where it ends."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _unchunked(read, start)
    after = start + int(headers.get("content-length", "0"))
    return (bytes(memoryview(read)[start:after]), after) if len(read) >= after else None


def _unchunked(read: bytearray, start: int) -> tuple[bytes, int] | None:
    """Trailers are passed over."""
    body = bytearray()
    while (line_end := read.find(b"\r\n", start)) >= 0:
        size = int(read[start:line_end].partition(b";")[0], 16)
        start = line_end + 2
        if size == 0:
            ends_at = line_end if read.startswith(b"\r\n", start) else start
            after = read.find(_END_OF_HEAD, ends_at)
            return (bytes(body), after + len(_END_OF_HEAD)) if after >= 0 else None
        body += read[start : start + size]
        start += size + 2
    return None
