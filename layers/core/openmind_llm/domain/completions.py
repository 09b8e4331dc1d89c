"""The use case: one completion request from bytes to answer, whole or as a stream."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openmind_llm import redaction
from openmind_llm.domain import answers, json_body, requests, usage
from openmind_llm.domain.answers import Promised, StreamedAnswer
from openmind_llm.domain.catalogue import Catalogue, Route
from openmind_llm.domain.chunks import Tally
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ports import Upstream, UsageLog
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage, UsageEntry
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderUnavailableError,
    StreamBrokenError,
    UnknownModelError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A checked request on its way to its model. `started` is in seconds since the epoch."""

    caller: Caller
    request_id: str
    started: float
    request: ChatRequest
    route: Route


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
        route = self._catalogue.resolve(provider, request.model)
        for field in route.provider.refused_fields & request.body.keys():
            raise InvalidRequestError(f"{field} is not supported: name one model")
        facts |= {"model": route.model.name, "upstream_model": _named(route), "is_stream": request.is_stream}
        return Exchange(caller, request_id, self._now(), request, route)

    @asynccontextmanager
    async def _whole(self, exchange: Exchange, facts: dict[str, Any]) -> AsyncIterator[Reply]:
        async with self._asked(exchange, facts):
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
            await self._close(exchange, counted, "completed" if answer.choices else "broken", facts)

    @asynccontextmanager
    async def _stream(self, exchange: Exchange, facts: dict[str, Any]) -> AsyncIterator[Reply]:
        tally, outcome = Tally(exchange.request), ""
        async with AsyncExitStack() as stack:
            async with self._asked(exchange, facts):
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
                await self._close(exchange, tally.used(), outcome or _outcome(reply, tally), facts)

    @asynccontextmanager
    async def _asked(self, exchange: Exchange, facts: dict[str, Any]) -> AsyncIterator[None]:
        """Around the asking of the provider: a refusal is forgotten, unless it may have cost something."""
        asked_for = usage.estimate(exchange.request.body, ())
        opened = self._entry(exchange, asked_for, "open")
        await self._open(opened)
        try:
            yield
        except GatewayError as error:
            if isinstance(error, ProviderUnavailableError) and error.may_have_cost:
                await self._close(exchange, asked_for, "unanswered", facts)
            else:
                await asyncio.to_thread(self._log.forget, opened)
            raise self._ours(error, exchange) from None
        except BaseException:
            await self._close(exchange, asked_for, "stopped", facts)
            raise

    async def _open(self, entry: UsageEntry) -> None:
        """A request that is stopped meanwhile has not reached its provider; a write that is on its way cannot be."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._log.open, entry))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            await asyncio.to_thread(self._log.forget, entry)
            raise

    def _ours(self, error: GatewayError, exchange: Exchange) -> GatewayError:
        """A model that only the client named is the client's mistake; one that the catalogue names is ours."""
        if not isinstance(error, ModelNotServedError) or exchange.route.is_exact:
            return error
        provider = exchange.route.provider.name
        unknown = UnknownModelError(exchange.request.model, provider, self._catalogue.prefixes(provider))
        unknown.headers = error.headers
        return unknown

    async def _close(self, exchange: Exchange, used: Usage, outcome: str, facts: dict[str, Any]) -> None:
        facts |= {"outcome": outcome} | _token_facts(used)
        await asyncio.to_thread(self._log.close, self._entry(exchange, used, outcome))

    def _entry(self, exchange: Exchange, used: Usage, outcome: str) -> UsageEntry:
        started = datetime.fromtimestamp(exchange.started, UTC).isoformat(timespec="milliseconds")
        return UsageEntry(
            request_id=exchange.request_id,
            account_id=exchange.caller.account_id,
            key_id=exchange.caller.key_id,
            provider=exchange.route.provider.name,
            model=exchange.route.model.name,
            upstream_model=_named(exchange.route),
            is_stream=exchange.request.is_stream,
            outcome=outcome,
            usage=used,
            started_at=started.replace("+00:00", "Z"),
            duration_ms=round((self._now() - exchange.started) * 1000),
        )

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


def _named(route: Route) -> str:
    """A name that is admitted by its prefix is the client's text, and anything may follow."""
    return redaction.shown(route.upstream_id)


def _outcome(reply: Reply, tally: Tally) -> str:
    if reply.is_client_gone:
        return "client_gone"
    return "completed" if tally.has_ended(cleanly=True) else "broken"


def _token_facts(counted: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counted.input,
        "cached_input_tokens": counted.cached_input,
        "cache_write_tokens": counted.cache_write,
        "output_tokens": counted.output,
        "reasoning_tokens": counted.reasoning,
        "usage_is_exact": counted.is_exact,
    }
