"""One connection: one exchange at a time, by one waiter and one timer, and nothing that a cancellation could lose."""

import asyncio
import select
from collections.abc import Callable
from typing import cast

from openmind_llm.providers.http.answer import Answer
from openmind_llm.providers.http.errors import BrokenError, HttpError
from openmind_llm.providers.http.requests import Origin, Request

MAX_WAITING_BYTES = 256 * 1024
"""Of a body whose reader is behind. Beyond them the provider has to wait."""


class Connection(asyncio.Protocol):
    """Deadlines are in the loop's time. `on_lost` is called at least once."""

    def __init__(self, origin: Origin, on_lost: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._error: HttpError | None = None
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._is_there: Callable[[], bool] = bool
        self._timer: asyncio.Handle | None = None
        self._rings_at = self._deadline = 0.0

    def is_quiet(self) -> bool:
        """Open, and with nothing to read: what a provider says unasked is that it closes."""
        if self._transport is None or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    async def ask(self, request: Request, deadline: float) -> Answer:
        """The answer, whose head is in. Raises HttpError, TimeoutError."""
        if self._transport is None or self._transport.is_closing():
            raise BrokenError("the connection was lost")
        self._answer = answer = Answer()
        request.is_sent = True
        self._transport.write(request.head + request.body)
        await self._until(answer.has_head, deadline)
        return answer

    async def piece(self, answer: Answer, deadline: float) -> bytes | None:
        """What has come in, None at the end. Raises HttpError, TimeoutError."""
        await self._until(answer.has_more, deadline)
        taken = answer.take()
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    def rest(self) -> bool:
        """After an exchange: whether another may follow."""
        answer, transport = self._answer, self._transport
        self._answer = None
        if answer is None or transport is None:
            return False
        answer.drop()
        is_done = answer.is_complete and answer.is_reusable and not transport.get_write_buffer_size()
        return is_done and not (self._is_paused or transport.is_closing())

    def abort(self) -> None:
        """Closes at once."""
        if self._answer is not None:
            self._answer.drop()
        if self._transport is not None:
            self._transport.abort()
        self._on_lost(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.is_complete:
            self.abort()
            return
        try:
            answer.feed(data)
        except HttpError as error:
            self._fail(error)
            return
        if answer.waiting_bytes > MAX_WAITING_BYTES and not answer.is_complete:
            self._is_paused = True
            cast("asyncio.Transport", self._transport).pause_reading()
        if self._waiter is not None and self._is_there():
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        answer = self._answer
        if answer is None or answer.is_complete:
            return
        try:
            if exc is not None:
                raise BrokenError("the connection broke")
            answer.end()
        except HttpError as error:
            self._fail(error)
        self._wake()

    def _fail(self, error: HttpError) -> None:
        self._error = self._error or error
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _until(self, is_there: Callable[[], bool], deadline: float) -> None:
        if self._loop.time() >= deadline:  # even if something is there: a provider that never pauses is late, too
            raise TimeoutError
        while not is_there():
            if self._error is not None:
                raise self._error
            self._waiter, self._is_there = self._loop.create_future(), is_there
            self._arm(deadline)
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _arm(self, deadline: float) -> None:
        """One timer serves many waits: where it goes off too early for the present one, it is set anew."""
        self._deadline = deadline
        if self._timer is not None:
            if self._rings_at <= deadline:
                return
            self._timer.cancel()
        self._rings_at = deadline  # uvloop's handles do not always know
        self._timer = self._loop.call_at(deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._rings_at < self._deadline:
            self._arm(self._deadline)
        else:
            self._waiter.set_exception(TimeoutError())
