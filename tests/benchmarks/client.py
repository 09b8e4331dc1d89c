"""The one client of all gateways that listen: closed loop, so many kept connections, no library between."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.benchmarks import canned
from tests.benchmarks.outcome import Outcome, Watch
from tests.benchmarks.wire import Head, Messages

TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gateway takes completions, and what it wants to be told."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    model: str = canned.MODEL

    def request(self, *, stream: bool, size: int = 0) -> bytes:
        body = canned.question(stream=stream, size=size, model=self.model)
        named = {
            "host": f"127.0.0.1:{self.port}",
            "content-type": "application/json",
            "accept": "text/event-stream" if stream else "application/json",
            "content-length": str(len(body)),
            **self.headers,
        }
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self) -> None:
        self._messages = Messages(self._begin, self._take, self._end)
        self._transport: asyncio.Transport | None = None
        self._watch: Watch | None = None
        self._status = 0
        self._done: asyncio.Future[Outcome] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._done is not None:
            self._finish("the connection was closed in the middle")

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        self._messages.feed(data)

    def _acknowledge(self) -> None:
        """At once, which Linux forgets each time: a gateway that leaves Nagle's algorithm on would wait for it."""
        if self._transport is not None and hasattr(socket, "TCP_QUICKACK"):
            self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def ask(self, request: bytes, *, stream: bool) -> asyncio.Future[Outcome]:
        assert self._transport is not None
        self._done = asyncio.get_running_loop().create_future()
        self._status = 0
        self._watch = Watch(stream=stream)
        self._transport.write(request)
        return self._done

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _begin(self, head: Head) -> None:
        self._status = head.status

    def _take(self, data: bytes) -> None:
        if self._watch is not None:
            self._watch.take(data)

    def _end(self) -> None:
        self._finish("")

    def _finish(self, broken: str) -> None:
        done, watch = self._done, self._watch
        self._done = self._watch = None
        if done is not None and watch is not None and not done.done():
            done.set_result(watch.outcome(self._status, broken))


async def load(target: Target, *, times: int, connections: int, stream: bool, size: int = 0) -> list[Outcome]:
    """So many requests in all. Raises OSError where nobody listens, TimeoutError where nobody answers."""
    left = iter(range(times))
    request = target.request(stream=stream, size=size)
    outcomes: list[Outcome] = []

    async def one() -> None:
        connection = await _connected(target.port)
        for _ in left:
            if not connection.is_open:
                connection = await _connected(target.port)
            outcomes.append(await asyncio.wait_for(connection.ask(request, stream=stream), TIMEOUT_S))
        connection.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(one())
    return outcomes


async def _connected(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection
