"""One invocation as its application sees it: receive() and send() of ASGI, and how it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from openmind_llm.runtime.api import Invocation, RuntimeApi
from openmind_llm.runtime.asgi import Message
from openmind_llm.runtime.connection import Connection
from openmind_llm.runtime.events import Request
from openmind_llm.runtime.faults import Fault
from openmind_llm.runtime.response import ClientDisconnectedError, ResponseStream, chunk, prelude

NO_RESPONSE = Fault("Runtime.NoResponse", "The application ended without a response")
INCOMPLETE = Fault("Runtime.IncompleteResponse", "The application ended before its response did")


class Exchange:
    """Nothing goes out before the first body message: until then, a fault can still become Lambda's own error."""

    def __init__(self, api: RuntimeApi, invocation: Invocation, request: Request) -> None:
        self._api = api
        self._invocation = invocation
        self._joins_headers = request.joins_headers
        self._body: bytes | None = request.body
        self._prelude: bytes | None = None
        self._stream: ResponseStream | None = None
        self._opening = asyncio.Lock()
        self.on_answer: Callable[[], None] = _ignored
        """Called when the Runtime API has taken the response, or has gone."""
        self._over = asyncio.Event()
        """The response is complete, or there is nobody to get it."""

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Raises ClientDisconnectedError once it is over; RuntimeError for a message out of turn; ValueError."""
        if self._over.is_set():
            raise ClientDisconnectedError
        if message["type"] == "http.response.body" and self._prelude is not None:
            await self._send_body(chunk(message.get("body", b"")), is_last=not message.get("more_body", False))
        elif message["type"] == "http.response.start" and self._prelude is None:
            self._prelude = prelude(message["status"], message.get("headers", ()), joins=self._joins_headers)
        else:
            raise RuntimeError(f"{message['type']} out of turn")

    @property
    def is_whole(self) -> bool:
        """It has been ended, and taken; there is nothing left to say."""
        return self._stream is not None and self._stream.is_answered

    @property
    def is_awaited(self) -> bool:
        """It has been ended, and the Runtime API has not said yet whether it takes it."""
        return self._over.is_set() and self._stream is not None and self._stream.is_awaited

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def finish(self, fault: Fault | None) -> Fault | None:
        """Says what the application has left unsaid; gives back what went wrong. Raises RuntimeApiError."""
        try:
            if not self._over.is_set():
                fault = fault or self._omission()
                with suppress(ClientDisconnectedError):
                    await self._conclude(fault)
            if self._stream is not None:
                await self._stream.answered()
        finally:
            self.close()
        return fault

    def _omission(self) -> Fault | None:
        """A response that has been started but has no body is a whole one."""
        if self._stream is not None:
            return INCOMPLETE
        return NO_RESPONSE if self._prelude is None else None

    async def _conclude(self, fault: Fault | None) -> None:
        if fault is not None and self._stream is None:
            self._over.set()
            await self._api.fail(self._invocation, fault)
        else:
            await self._end(b"", fault)

    async def _send_body(self, data: bytes, *, is_last: bool) -> None:
        if is_last:
            await self._end(data, None)
        else:
            stream = self._stream or await self._open()
            await stream.write(data)

    async def _end(self, last: bytes, fault: Fault | None) -> None:
        stream = self._stream or await self._open()
        self._over.set()
        await stream.end(last, fault)

    def _answered(self) -> None:
        self.on_answer()

    async def _open(self) -> ResponseStream:
        at_hand = self._api.response_at_hand(self._invocation)
        return await self._connect() if at_hand is None else self._begun(*at_hand)

    async def _connect(self) -> ResponseStream:
        """A lock, since an application may send from two tasks, such as its own and that of a heartbeat."""
        async with self._opening:
            if self._stream is not None:
                return self._stream
            try:
                return self._begun(*await self._api.open_response(self._invocation))
            except OSError:
                self._over.set()
                raise ClientDisconnectedError from None

    def _begun(self, connection: Connection, head: bytes) -> ResponseStream:
        self._stream = ResponseStream(connection, head + (self._prelude or b""), self._over.set, self._answered)
        return self._stream


def _ignored() -> None:
    """Nobody has asked to be told."""
