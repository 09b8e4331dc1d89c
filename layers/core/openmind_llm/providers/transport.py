"""The way to the providers' connections, on which a request can be stopped at any moment.

httpcore 1.0.9 loses a connection, and its place in the pool, for good if its task is cancelled right after it has
connected, or while it closes a response: its shields are anyio's, which asyncio's own cancellation goes through. So it
works in tasks of its own here, which are cancelled only where it can bear it.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, cast

import httpx

_IS_CONNECTED = "http11.send_request_headers.started"
"""The name that httpcore gives to the moment from which on it looks after the connection whatever happens.

What is sent is sent later. We speak HTTP/1.1 alone.
"""

_SENT = "openmind_llm.sent"
"""The extension of a request of which something may have been sent."""


def is_sent(request: httpx.Request) -> bool:
    """Until something of it is sent, it cannot have cost anything."""
    return bool(request.extensions.get(_SENT))


class SteadyTransport(httpx.AsyncHTTPTransport):
    """Whoever is cancelled waits for nothing: what is left to be done is done behind its back."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        may_stop = asyncio.Event()

        async def trace(name: str, _: Any) -> None:
            if name == _IS_CONNECTED:
                request.extensions[_SENT] = True
                may_stop.set()

        request.extensions = {**request.extensions, "trace": trace}
        asking = self._begin(super().handle_async_request(request))
        asking.add_done_callback(lambda _: may_stop.set())
        try:
            response = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._begin(_given_up(asking, may_stop))
            raise
        response.stream = _Stream(self, cast("httpx.AsyncByteStream", response.stream))
        return response

    async def closed(self, stream: httpx.AsyncByteStream) -> None:
        await asyncio.shield(self._begin(stream.aclose()))

    def _begin[T](self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """The loop itself does not keep a task alive."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Stream(httpx.AsyncByteStream):
    """Of one response."""

    def __init__(self, transport: SteadyTransport, stream: httpx.AsyncByteStream) -> None:
        self._transport = transport
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._transport.closed(self._stream)


async def _given_up(asking: "asyncio.Task[httpx.Response]", may_stop: asyncio.Event) -> None:
    """At once, or once it has connected: that does not take longer than CONNECT_TIMEOUT_S."""
    await may_stop.wait()
    asking.cancel()
    await asyncio.wait({asking})
    if not asking.cancelled() and asking.exception() is None:
        await asking.result().aclose()
