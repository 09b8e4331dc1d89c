"""One streamed exchange with a provider: its events as chunks, its silences and failures as errors of ours."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator

from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.target import Patience
from openmind_llm.domain.catalogue import Provider
from openmind_llm.domain.chunks import Chunk
from openmind_llm.errors import GatewayError, ProviderUnavailableError, StreamBrokenError
from openmind_llm.providers import refusals, replies
from openmind_llm.providers.http.client import Response
from openmind_llm.providers.http.errors import HttpError
from openmind_llm.providers.sse import Decoder, EventTooLongError

logger = logging.getLogger(__name__)

DONE = b"[DONE]"
END_TIMEOUT_S = 1.0
"""How long a provider may take to end its response after `[DONE]`; one that ends it keeps its connection."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds until the first chunk is in, of silence between two pieces, and for a whole exchange."""

    first_s: float
    idle_s: float
    total_s: float

    def within(self, patience: Patience) -> "Clocks":
        return Clocks(min(self.first_s, patience.first_s), self.idle_s, min(self.total_s, patience.total_s))


class EventSource:
    """The events of a response that has begun. Errors take their turn among the chunks that came before them."""

    def __init__(self, provider: Provider, response: Response, secret: str, clocks: Clocks, started: float) -> None:
        self._provider = provider
        self._response = response
        self._secret = secret
        self._loop = asyncio.get_running_loop()
        self._clocks = clocks
        self._ends_at = started + clocks.total_s
        self._decoder = Decoder()
        self._waiting: deque[Chunk | GatewayError] = deque()
        self._has_ended = False

    async def begin(self, deadline: float) -> None:
        """Waits for the first event. Raises GatewayError if it is an error, ProviderUnavailableError if none comes.

        Raises HttpError, EventTooLongError and TimeoutError, too.
        """
        while not self._waiting and not self._has_ended:
            await self._read(deadline)
        if not self._waiting:
            raise table.unavailable(self._provider.name, "broken")
        first = self._waiting[0]
        if isinstance(first, GatewayError):
            raise first

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """Raises StreamBrokenError, or the error that the provider sent, after the chunks that came before it."""
        while True:
            while self._waiting:
                item = self._waiting.popleft()
                if isinstance(item, GatewayError):
                    raise self._after_the_first(item)
                yield item
            if self._has_ended:
                return
            await self._read_in_time()

    async def finish(self) -> None:
        """Reads what follows `[DONE]`, so that the connection can be kept."""
        if self._has_ended:
            await self._response.finish(END_TIMEOUT_S)

    async def _read(self, deadline: float) -> None:
        piece = await self._response.piece(deadline)
        if piece is None:
            self._has_ended = True
            return
        for data in self._decoder.feed(piece):
            if data == DONE:
                self._has_ended = True
                return
            self._waiting.append(self._item(data))

    async def _read_in_time(self) -> None:
        idle_at = self._loop.time() + self._clocks.idle_s
        try:
            await self._read(min(idle_at, self._ends_at))
        except TimeoutError:
            silent = f"sent nothing for {self._clocks.idle_s:g} s"
            how = silent if idle_at < self._ends_at else "took longer than the request may take"
            raise StreamBrokenError(self._provider.name, how) from None
        except (HttpError, EventTooLongError) as error:
            facts = {"provider": self._provider.name, "cause": type(error).__name__}
            logger.warning("provider broke off", extra=facts)
            raise StreamBrokenError(self._provider.name, "broke off in the middle of its answer") from None

    def _item(self, data: bytes) -> Chunk | GatewayError:
        body = refusals.parse(data)
        if not isinstance(body, dict):
            return table.unavailable(self._provider.name, "broken")
        status = refusals.hidden_status(body)
        if status is None:
            return Chunk(data, body)
        told = replies.without_our_key(data, self._secret)
        return replies.refusal(self._provider, status, self._response.headers, told)

    def _after_the_first(self, error: GatewayError) -> GatewayError:
        """An outage here is no failure to connect."""
        if isinstance(error, ProviderUnavailableError):
            return StreamBrokenError(self._provider.name, "failed in the middle of its answer")
        return error
