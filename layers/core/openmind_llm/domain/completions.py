"""The use case: one completion request from bytes to answer, whole or as a stream."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from openmind_llm.domain import answers, json_body, metering, requests, usage
from openmind_llm.domain.answers import Promised, StreamedAnswer
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.chunks import Tally
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.metering import Exchange, Meter
from openmind_llm.domain.ports import Upstream, UsageLog
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderUnavailableError,
    StreamBrokenError,
    UnknownModelError,
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Reply:
    """What the client gets: JSON texts, one for a whole answer, else one for each chunk.

    `payloads` raises GatewayError in the middle of a stream. Whoever relays it does so for `total_s` seconds at most;
    it sets `is_client_gone` when nobody listens any more, and may then read on for `drain_s` seconds.
    """

    headers: dict[str, str]
    is_stream: bool
    payloads: AsyncIterator[bytes]
    drain_s: float = 0
    total_s: float | None = None
    is_client_gone: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a stream is read on without its client, and that it may take in all."""

    drain_s: float
    total_s: float | None = None


class Completions:
    """`now` gives seconds since the epoch."""

    def __init__(
        self, catalogue: Catalogue, upstream: Upstream, log: UsageLog, now: Callable[[], float], limits: Limits
    ) -> None:
        self._catalogue = catalogue
        self._upstream = upstream
        self._log = log
        self._now = now
        self._limits = limits

    @asynccontextmanager
    async def open(self, caller: Caller, provider: str, raw: bytes, request_id: str) -> AsyncIterator[Reply]:
        """Entered once the answer, or the first chunk of it, is in; raises GatewayError up to then.

        Every call leaves one line in the log, without content; every answer that began leaves one usage entry.
        """
        facts: dict[str, Any] = {
            "request_id": request_id,
            "key_id": caller.key_id,
            "account_id": caller.account_id,
        }
        with self._told(facts):
            exchange = self._prepare(caller, provider, raw, request_id, facts)
            answer = self._stream if exchange.request.is_stream else self._whole
            async with answer(exchange, facts) as reply:
                yield reply

    def _prepare(self, caller: Caller, provider: str, raw: bytes, request_id: str, facts: dict[str, Any]) -> Exchange:
        facts["provider"] = self._catalogue.provider(provider).name
        request = requests.parse(raw)
        started = self._now()
        route = self._catalogue.resolve(provider, request.model, metering.day(started))
        for field in route.provider.refused_fields & request.body.keys():
            raise InvalidRequestError(f"{field} is not supported: name one model")
        facts |= {
            "model": route.model.name,
            "upstream_model": metering.shown_name(route),
            "is_stream": request.is_stream,
        }
        return Exchange(caller, request_id, started, request, route)

    @asynccontextmanager
    async def _whole(self, exchange: Exchange, facts: dict[str, Any]) -> AsyncIterator[Reply]:
        meter = Meter(self._log, exchange, self._now, facts)
        async with self._unknown_to_the_provider(exchange), meter.asking():
            answer = await self._upstream.complete(exchange.route, exchange.request)
            reported = usage.read(answer.body.get("usage"))
            if not answer.choices and reported is None:
                raise ProviderUnavailableError(exchange.route.provider.name, may_have_cost=True)
        counted = reported or usage.estimate(exchange.request.body, answers.texts(answer.choices))
        try:
            if not answer.choices:
                raise ProviderUnavailableError(exchange.route.provider.name)
            promised = Promised(f"chatcmpl-{exchange.request_id}", int(self._now()), exchange.route.upstream_id)
            body = json_body.text(answers.whole(answer, promised, counted))
            async with aclosing(_once(body)) as payloads:
                yield Reply(answers.headers(answer, counted), is_stream=False, payloads=payloads)
        finally:
            await meter.close(counted, "completed" if answer.choices else "broken")

    @asynccontextmanager
    async def _stream(self, exchange: Exchange, facts: dict[str, Any]) -> AsyncIterator[Reply]:
        meter, tally, outcome = Meter(self._log, exchange, self._now, facts), Tally(exchange.request), ""
        async with AsyncExitStack() as stack:
            async with self._unknown_to_the_provider(exchange), meter.asking():
                answer = await stack.enter_async_context(self._upstream.stream(exchange.route, exchange.request))
            payloads = await stack.enter_async_context(aclosing(_payloads(answer, tally, exchange.route.provider.name)))
            reply = Reply(
                answers.stream_headers(answer),
                is_stream=True,
                payloads=payloads,
                drain_s=self._limits.drain_s,
                total_s=self._limits.total_s,
            )
            try:
                yield reply
            except asyncio.CancelledError:
                outcome = "stopped"
                raise
            finally:
                await meter.close(tally.used(), outcome or _outcome(reply, tally))

    @asynccontextmanager
    async def _unknown_to_the_provider(self, exchange: Exchange) -> AsyncIterator[None]:
        """A model that only the client named is the client's mistake; one that the catalogue names is ours."""
        try:
            yield
        except ModelNotServedError as error:
            if exchange.route.is_exact:
                raise
            provider = exchange.route.provider.name
            unknown = UnknownModelError(exchange.request.model, provider, self._catalogue.prefixes(provider))
            unknown.headers = error.headers
            raise unknown from None

    @contextmanager
    def _told(self, facts: dict[str, Any]) -> Iterator[None]:
        started = self._now()
        try:
            yield
            facts["status"] = 200
        except GatewayError as error:
            facts |= {"status": error.status, "error_class": type(error).__name__}
            raise
        finally:
            facts["duration_ms"] = round((self._now() - started) * 1000)
            logger.info("completion", extra=facts)


async def _payloads(answer: StreamedAnswer, tally: Tally, provider: str) -> AsyncGenerator[bytes]:
    try:
        async for chunk in answer.chunks:
            payload = tally.take(chunk)
            if payload is not None:
                yield payload
    except GatewayError:
        if not tally.has_ended(cleanly=False):
            raise
    if not tally.has_ended(cleanly=True):
        raise StreamBrokenError(provider, "ended its stream before its answer was complete")
    closing = tally.closing()
    if closing is not None:
        yield closing


async def _once(payload: bytes) -> AsyncGenerator[bytes]:
    yield payload


def _outcome(reply: Reply, tally: Tally) -> str:
    if reply.is_client_gone:
        return "client_gone"
    return "completed" if tally.has_ended(cleanly=True) else "broken"
