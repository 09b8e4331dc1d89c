"""The use case: one completion request from bytes to answer, whole or as a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import (
    answers,
    catalogues,
    exchanges,
    filters,
    json_body,
    listening,
    metering,
    recording,
    relaying,
    screening,
    usage,
)
from openmind_llm.domain.answers import Answer, Promised, StreamedAnswer
from openmind_llm.domain.attempts import budget, table
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Catalogue, Route
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.domain.chunks import Tally
from openmind_llm.domain.exchanges import Exchange
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import admission, guard
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.metering import Meter
from openmind_llm.domain.ports import Upstream
from openmind_llm.domain.recording import Recorder
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.telemetry import Plainly, Summary, Telemetry
from openmind_llm.errors import (
    GatewayError,
    InternalError,
    ModelNotServedError,
    ProviderUnavailableError,
    UnknownModelError,
)

_NOTHING: Mapping[str, str] = MappingProxyType({})
_PLAINLY = Plainly()
_UNREAD = Catalogue((), ())


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came in. `noted` are further fields of its line in the log.

    `timeout` and `fallback` are the values of the headers of domain.attempts.budget and domain.fallbacks. `catalogue`
    holds for it from its start, where Completions.dated puts it in, to its end: nothing mixes two versions.
    """

    caller: Caller
    provider: str
    raw: bytes
    request_id: str
    noted: Mapping[str, str] = _NOTHING
    timeout: str | None = None
    fallback: str | None = None
    catalogue: Catalogue = _UNREAD


@dataclass(slots=True)
class Reply:
    """What the client gets: JSON texts, one for a whole answer, else one for each chunk.

    `payloads` raises GatewayError in the middle of a stream. Whoever relays it does so for `total_s` seconds at most;
    it sets `is_client_gone` when nobody listens any more, and may then read on for `drain_s` seconds.
    `may_be_cached` counts at its end: whether a later request may be answered by it.
    """

    headers: dict[str, str]
    is_stream: bool
    payloads: AsyncIterator[bytes]
    drain_s: float = 0
    total_s: float | None = None
    is_client_gone: bool = False
    may_be_cached: bool = True


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that a stream is read on without its client, that a request may take, and that credit is held at most."""

    drain_s: float
    total_s: float = 870
    hold_s: int = 900


_LATER_S = 1
"""Than the provider's own time is up: whoever relays an answer only has a say where a client does not read."""


class Completions:
    """`now` gives seconds since the epoch."""

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        known: Catalogues,
        upstream: Upstream,
        attempts: Attempts,
        ledger: Ledger,
        now: Callable[[], float],
        times: Times,
        *,
        telemetry: Telemetry = _PLAINLY,
    ) -> None:
        self._known = known
        self._upstream = upstream
        self._attempts = attempts
        self._ledger = ledger
        self._now = now
        self._times = times
        self._telemetry = telemetry

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Reply]:
        """Entered once the answer, or the first chunk of it, is in; raises GatewayError up to then.

        Every call leaves one line in the log, without content; every request that was admitted leaves one ledger row.
        """
        with self.told(call) as facts:
            async with self.answered(await self.dated(call, facts), facts) as reply:
                yield reply

    async def dated(self, call: Call, facts: dict[str, Any]) -> Call:
        """With the catalogue that holds now. Raises CatalogueUnusableError and LedgerUnavailableError."""
        catalogue = await catalogues.current(self._known)
        facts["catalogue_version"] = catalogue.version
        return replace(call, catalogue=catalogue)

    @asynccontextmanager
    async def answered(
        self, call: Call, facts: dict[str, Any], recorder: Recorder | None = None
    ) -> AsyncIterator[Reply]:
        """The same without the line: `facts` are its fields. With a recorder the answer is kept.

        With one, StillRunningError is raised if another request has taken its place.
        """
        async with metering.Disclosing(self._ledger, call.caller):
            prepared = self._prepared(call, facts, recorder)
            exchange = await screening.passed(self._ledger, prepared)
        ask = exchanges.asks(exchange, self._times.hold_s)
        meter = Meter(self._ledger, exchange, ask, self._now, facts, self._times.total_s)
        answer = self._stream if exchange.request.is_stream else self._whole
        async with AsyncExitStack() as stack:
            with _unknown_to_the_provider(call, exchange.route):
                reply = await stack.enter_async_context(answer(exchange, meter))
            if meter.logs_content:
                await stack.enter_async_context(listening.of(reply, exchange.content, self._telemetry, is_wanted=True))
            if recorder is not None:
                await stack.enter_async_context(recording.of(reply, recorder))
            yield reply

    def require_allowed(self, call: Call, standing: Standing) -> None:
        """To use the model, and to say what it says. Nothing is asked of the body where nothing is set.

        Raises ModelNotAllowedError, ContentBlockedError, FiltersUnreadableError, and what speaks against the body.
        """
        found = filters.of(standing.account)
        if found.searches or guard.is_limited(standing):
            request, route = exchanges.routed(call.catalogue, call.provider, call.raw, self._now())
            admission.require_allowed(standing, route)
            found.read(request)

    def named(self, call: Call, facts: dict[str, Any]) -> ChatRequest:
        """The checked request; adds to the facts what it asks for, by the catalogue's names. Raises as `routed`."""
        return self._routed(call, facts, self._now())[0]

    def _routed(self, call: Call, facts: dict[str, Any], now_s: float) -> tuple[ChatRequest, Route]:
        facts["provider"] = call.catalogue.provider(call.provider).name
        request, route = exchanges.routed(call.catalogue, call.provider, call.raw, now_s)
        facts.update(model=route.model.name, upstream_model=route.shown_id, is_stream=request.is_stream)
        return request, route

    def _prepared(self, call: Call, facts: dict[str, Any], recorder: Recorder | None) -> Exchange:
        started = self._now()
        request, route = self._routed(call, facts, started)
        itinerary = exchanges.itinerary(call.catalogue, request, route, call.fallback, started)
        timeout_s = budget.timeout_s(call.timeout)
        size = len(call.raw)
        return Exchange(call.caller, call.request_id, started, request, itinerary, recorder, timeout_s, size)

    @asynccontextmanager
    async def _whole(self, exchange: Exchange, meter: Meter) -> AsyncIterator[Reply]:
        async with AsyncExitStack() as stack:
            async with meter.asking() as course:
                ask = partial(self._complete, meter)
                answer = await self._attempts.answer(course, ask, stack, exchange.caller.account_id)
            reported = answer.body.get("usage")
            used = usage.read(reported) or usage.estimate(exchange.request.prompt, answers.texts(answer.choices))
            try:
                if not answer.choices:
                    empty = ProviderUnavailableError(meter.route.provider.name, may_have_cost=True)
                    raise meter.billed(empty, used, reported)
                promised = Promised(f"chatcmpl-{exchange.request_id}", int(self._now()), meter.route.upstream_id)
                body = json_body.text(exchange.filters.written(answers.whole(answer, promised, used)))
                headers = answers.headers(answer, meter.adjusted, used) | meter.headers(used, reported)
                payloads = relaying.Once(body)
                yield Reply(headers, is_stream=False, payloads=payloads, may_be_cached=meter.may_be_cached)
            finally:
                await meter.close(used, reported, "completed" if answer.choices else "broken")

    async def _complete(self, meter: Meter, target: Target, patience: Patience) -> Answer:
        """What says nothing, and tells no usage, is no answer."""
        answer = await self._upstream.complete(target, meter.request(target.route), patience)
        if not answer.choices and usage.read(answer.body.get("usage")) is None:
            raise table.unavailable(target.route.provider.name, "broken")
        return answer

    @asynccontextmanager
    async def _stream(self, exchange: Exchange, meter: Meter) -> AsyncIterator[Reply]:
        tally, outcome = Tally(exchange.request), ""
        async with AsyncExitStack() as stack:
            async with meter.asking() as course:
                ask = partial(self._begin, stack, meter)
                answer = await self._attempts.answer(course, ask, stack, exchange.caller.account_id)
            relayed = relaying.payloads(answer, tally, meter, exchange.filters.stream())
            payloads = await stack.enter_async_context(aclosing(relayed))
            reply = Reply(
                answers.stream_headers(answer, meter.adjusted) | meter.headers(),
                is_stream=True,
                payloads=payloads,
                drain_s=self._times.drain_s,
                total_s=meter.left_s() + _LATER_S,
                may_be_cached=meter.may_be_cached,
            )
            try:
                yield reply
            except asyncio.CancelledError:
                outcome = "stopped"
                raise
            finally:
                await meter.close(tally.used(), tally.reported, outcome or _outcome(reply, tally))

    async def _begin(self, stack: AsyncExitStack, meter: Meter, target: Target, patience: Patience) -> StreamedAnswer:
        """Entered once the first chunk is in."""
        stream = self._upstream.stream(target, meter.request(target.route), patience)
        return await stack.enter_async_context(stream)

    @contextmanager
    def told(self, call: Call) -> Iterator[dict[str, Any]]:
        """Leaves the call's line in the log, with the fields that are added meanwhile."""
        facts: dict[str, Any] = {
            "request_id": call.request_id,
            "key_id": call.caller.key_id,
            "account_id": call.caller.account_id,
            **call.noted,
        }
        started = self._now()
        try:
            yield facts
            facts["status"] = 200
        except GatewayError as error:
            facts |= {"status": error.status, "error_class": type(error).__name__}
            raise
        except OSError:  # whoever relays the answer has lost the client
            raise
        except Exception:
            facts |= {"status": InternalError.status, "error_class": InternalError.__name__}
            raise
        finally:
            facts["duration_ms"] = round((self._now() - started) * 1000)
            self._telemetry.tell(Summary(facts, tuple(facts.pop("attempts", ()))))


@contextmanager
def _unknown_to_the_provider(call: Call, route: Route) -> Iterator[None]:
    """A model that only the client named is the client's mistake; one that the catalogue names is ours."""
    try:
        yield
    except ModelNotServedError as error:
        if route.is_exact:
            raise
        provider = route.provider.name
        unknown = UnknownModelError(route.upstream_id, provider, call.catalogue.prefixes(provider))
        unknown.headers = error.headers
        raise unknown from None


def _outcome(reply: Reply, tally: Tally) -> str:
    if reply.is_client_gone:
        return "client_gone"
    return "completed" if tally.has_ended(cleanly=True) else "broken"
