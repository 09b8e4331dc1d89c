"""The way to the providers' connections, on which a request can be stopped at any moment.

httpcore 1.0.9 loses a connection, and its place in the pool, for good if its task is cancelled right after it has
connected, or while it closes a response: what is not to be stopped there is shielded from anyio's cancellation, and not
from asyncio's. So it works in tasks of its own here, which are stopped in anyio's way, and not before it has connected.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from typing import Any, cast

import anyio
import httpx
from anyio.lowlevel import checkpoint

_IS_CONNECTED = "http11.send_request_headers.started"
"""The name that httpcore gives to the moment from which on it looks after the connection whatever happens.

What is sent is sent later. We speak HTTP/1.1 alone.
"""

_SENT = "openmind_llm.sent"
"""The extension of a request of which something may have been sent."""


def is_sent(request: httpx.Request) -> bool:
    """Until something of it is sent, it cannot have cost anything."""
    return bool(request.extensions.get(_SENT))


class _Work[T]:
    """Something that httpcore does."""

    def __init__(self, work: Awaitable[T]) -> None:
        self._work = work
        self._scope = anyio.CancelScope()
        self.is_unwanted = False
        self.task = asyncio.create_task(self._done())

    async def stop_here(self) -> None:
        """Within the work."""
        self._scope.cancel()
        await checkpoint()

    async def stop(self) -> T | None:
        """What has come of it all the same."""
        self._scope.cancel()
        await asyncio.wait({self.task})
        return None if self.task.exception() else self.task.result()

    async def _done(self) -> T | None:
        with self._scope:
            return await self._work
        return None


class SteadyTransport(httpx.AsyncHTTPTransport):
    """Whoever is cancelled waits for nothing: what is left to be done is done behind its back."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        may_stop = asyncio.Event()

        async def trace(name: str, _: Any) -> None:
            if name != _IS_CONNECTED:
                return
            may_stop.set()
            if asking.is_unwanted:  # its caller was told that nothing was sent
                await asking.stop_here()
            request.extensions[_SENT] = True

        request.extensions = {**request.extensions, "trace": trace}
        asking = _Work(super().handle_async_request(request))
        asking.task.add_done_callback(lambda _: may_stop.set())
        try:
            response = cast("httpx.Response", await asyncio.shield(asking.task))
        except asyncio.CancelledError:
            asking.is_unwanted = True
            self.keep(_given_up(asking, may_stop))
            raise
        response.stream = _Stream(self, cast("httpx.AsyncByteStream", response.stream))
        return response

    def keep[T](self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task that lives until it is done: the loop itself does not keep it alive."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Stream(httpx.AsyncByteStream):
    """Of one response."""

    def __init__(self, transport: SteadyTransport, stream: httpx.AsyncByteStream) -> None:
        self._transport = transport
        self._stream = stream
        self._reading: _Work[bytes | None] | None = None

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        parts = aiter(self._stream)
        while True:
            self._reading = _Work(anext(parts, None))
            part = await asyncio.shield(self._reading.task)
            if part is None:
                return
            yield part

    async def aclose(self) -> None:
        await asyncio.shield(self._transport.keep(self._closed()))

    async def _closed(self) -> None:
        if self._reading is not None:
            await self._reading.stop()
        await self._stream.aclose()


async def _given_up(asking: _Work[httpx.Response], may_stop: asyncio.Event) -> None:
    """At once, or once it has connected: that does not take longer than CONNECT_TIMEOUT_S."""
    await may_stop.wait()
    response = await asking.stop()
    if response is not None:
        await response.aclose()
