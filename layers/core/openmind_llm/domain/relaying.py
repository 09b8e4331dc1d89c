"""What of an answer goes on to the client, payload by payload."""

from collections.abc import AsyncGenerator
from typing import Self

from openmind_llm.domain.answers import StreamedAnswer
from openmind_llm.domain.chunks import Chunk, Tally
from openmind_llm.domain.filters.streams import StreamFilter
from openmind_llm.domain.metering import Meter
from openmind_llm.errors import GatewayError, StreamBrokenError


async def payloads(answer: StreamedAnswer, tally: Tally, meter: Meter, passing: StreamFilter) -> AsyncGenerator[bytes]:
    broken: GatewayError | None = None
    try:
        async for chunk in answer.chunks:
            tally.follow(chunk)
            for payload in _shown(tally, passing.take(chunk)):
                yield payload
    except GatewayError as error:
        broken = None if tally.has_ended(cleanly=False) else error
    for payload in _shown(tally, passing.end()):
        yield payload
    if broken is not None:
        raise broken
    if not tally.has_ended(cleanly=True):
        raise StreamBrokenError(meter.route.provider.name, "ended its stream before its answer was complete")
    closing = tally.closing(meter.cost(tally.used(), tally.reported))
    if closing is not None:
        yield closing


def _shown(tally: Tally, chunks: list[Chunk]) -> list[bytes]:
    return [payload for one in chunks if (payload := tally.shown(one)) is not None]


class Once:
    """One payload, without the cost of an asynchronous generator."""

    def __init__(self, payload: bytes) -> None:
        self._payload: bytes | None = payload

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        payload, self._payload = self._payload, None
        if payload is None:
            raise StopAsyncIteration
        return payload
