"""A streamed answer on the wire: server-sent events, kept alive through silences, ended in one of two ways.

A whole stream ends with `data: [DONE]`; one that failed ends with `data: {"error": {…}}` and without it, so that a
cut stream can be told from a whole one.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openmind_llm.api.asgi import Receive, Send, send_start
from openmind_llm.domain.completions import Reply
from openmind_llm.errors import DeadlineExceededError, GatewayError, InternalError

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
LAST_WORDS_S = 0.3
"""How long a client that does not read may hold up the end: after it, the usage is still to be written down."""

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
"""The last one stops proxies of the nginx kind from collecting the events."""


class EventStream:
    """One response. `keep_alive_s` is the longest silence that the client gets to hear.

    When the client leaves, the answer is read on for `reply.drain_s` seconds: what the provider writes is billed all
    the same, and only its end tells how much that was.
    """

    def __init__(self, reply: Reply, receive: Receive, send: Send, keep_alive_s: float) -> None:
        self._reply = reply
        self._receive = receive
        self._send = send
        self._keep_alive_s = keep_alive_s
        self._now = asyncio.get_running_loop().time
        self._sent_at = self._now()
        self._is_sending = asyncio.Lock()
        self._limit = asyncio.timeout(reply.total_s)
        self._has_ended = False

    async def relay(self) -> None:
        """Sends all of it. When its time is up, or it is cancelled for want of time, it tells the client so."""
        await send_start(self._send, 200, {**HEADERS, **self._reply.headers})
        try:
            async with self._limit, self._attended():
                await self._relay_to_an_end()
        except TimeoutError:
            if not self._limit.expired():
                raise

    async def _relay_to_an_end(self) -> None:
        try:
            await self._relay_events()
        except GatewayError as error:
            await self._write(_error(error), is_last=True)
        except asyncio.CancelledError:
            await self._say_last(DeadlineExceededError())
            raise
        except Exception:
            await self._say_last(InternalError())
            raise

    async def _say_last(self, error: GatewayError) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._write(_error(error), is_last=True)

    async def _relay_events(self) -> None:
        async for payload in self._reply.payloads:
            await self._write(b"data: " + payload + b"\n\n")
        await self._write(DONE, is_last=True)

    async def _write(self, event: bytes, *, is_last: bool = False) -> None:
        """To a client that is gone it writes nothing. Of two writers, one waits: an event is never cut by another."""
        async with self._is_sending:
            if self._reply.is_client_gone:
                return
            self._has_ended = is_last
            try:
                await self._send({"type": "http.response.body", "body": event, "more_body": not is_last})
            except OSError:
                self._client_left()
            self._sent_at = self._now()

    def _client_left(self) -> None:
        if not self._reply.is_client_gone:
            self._reply.is_client_gone = True
            drained_at, ends_at = self._now() + self._reply.drain_s, self._limit.when()
            if not self._limit.expired():
                self._limit.reschedule(drained_at if ends_at is None else min(drained_at, ends_at))

    @asynccontextmanager
    async def _attended(self) -> AsyncIterator[None]:
        """While the events come: fills silences, and notices when the client leaves in one."""
        tasks = [asyncio.create_task(self._keep_alive()), asyncio.create_task(self._notice_departure())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_alive(self) -> None:
        while not self._reply.is_client_gone:
            silence_s = self._now() - self._sent_at
            if silence_s >= self._keep_alive_s:
                await self._write(KEEP_ALIVE)
            else:
                await asyncio.sleep(self._keep_alive_s - silence_s)

    async def _notice_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._has_ended:  # a server says so at the end of a response, too
            self._client_left()


def _error(error: GatewayError) -> bytes:
    body = {"error": {"message": error.message, "type": error.type, "code": error.code}}
    return b"data: " + json.dumps(body, ensure_ascii=False).encode(errors="replace") + b"\n\n"
