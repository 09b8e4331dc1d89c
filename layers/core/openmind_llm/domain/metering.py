"""Puts credit aside before a provider is asked, and charges once what the answer used, however it ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from openmind_llm import redaction
from openmind_llm.domain import requests, usage
from openmind_llm.domain.catalogue import Catalogue, Route
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import admission, disclosure, settlement
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.rows import Timing
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.recording import Recorder
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError, InvalidRequestError, ProviderUnavailableError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A checked request on its way to its model. `started` is in seconds since the epoch.

    With a recorder, the answer is kept.
    """

    caller: Caller
    request_id: str
    started: float
    request: ChatRequest
    route: Route
    recorder: Recorder | None = None


def routed(catalogue: Catalogue, provider: str, raw: bytes, now_s: float) -> tuple[ChatRequest, Route]:
    """The checked body and where it goes. Raises UnknownProviderError, InvalidRequestError and UnknownModelError."""
    catalogue.provider(provider)
    request = requests.parse(raw)
    route = catalogue.resolve(provider, request.model, day(now_s))
    for field in route.provider.refused_fields & request.body.keys():
        raise InvalidRequestError(f"{field} is not supported: name one model")
    for field in route.provider.unpriced_fields & request.body.keys():
        raise InvalidRequestError(f"{field} is not supported: only tokens are priced")
    if requests.asks_for_server_tools(request.body):
        raise InvalidRequestError("tools[].type must be function or custom: only tokens are priced")
    return request, route


def asks(exchange: Exchange, hold_s: int) -> Ask:
    """What the exchange wants put aside, for `hold_s` seconds at most."""
    request, route = exchange.request, exchange.route
    prompt, recorder = usage.measure(request.body), exchange.recorder
    return Ask(
        request_id=exchange.request_id,
        started_ms=int(exchange.started * 1000),
        hold_s=hold_s,
        route=route,
        is_stream=request.is_stream,
        input_bound=prompt.bound(route.model.image_tokens, route.model.context_window),
        input_estimate=prompt.estimate,
        asked_output=request.asked_output,
        choices=request.choices,
        idempotency=recorder.record_id if recorder else "",
        body_hash=recorder.body_hash if recorder else "",
    )


class Meter:
    """Of one exchange. `facts` are the fields of its line in the log, which gets what was used, too."""

    def __init__(
        self, ledger: Ledger, exchange: Exchange, ask: Ask, now: Callable[[], float], facts: dict[str, Any]
    ) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._ask = ask
        self._now = now
        self._facts = facts
        self._admission: Admission
        self._first_ms: int | None = None

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[ChatRequest]:
        """Around the asking of the provider, with the request as it is admitted. A refusal costs nothing.

        Raises what Ledger.admit raises.
        """
        await self._admit()
        try:
            yield self._exchange.request.capped(self._admission.hold.output_cap)
        except GatewayError as error:
            await self._unanswered(error)
            raise
        except BaseException:
            await self.close(self._admission.hold.assumed, None, "stopped")
            raise
        self._first_ms = self._elapsed_ms()

    async def close(self, used: Usage, reported: Any, outcome: str) -> None:
        """`reported` is the provider's own usage object. What cannot be charged now is, once the hold has expired."""
        bill = admission.bill(self._exchange.route, used, reported)
        await self._settle(Ending(outcome, used, bill, self._now_ms(), self._timing()))

    def headers(self, used: Usage | None = None, reported: Any = None) -> dict[str, str]:
        """Limits and credit; with what was used, its cost."""
        bill = None if used is None else admission.bill(self._exchange.route, used, reported)
        return disclosure.of_admission(self._admission, bill, self._now())

    def billed(self, error: GatewayError, used: Usage, reported: Any) -> GatewayError:
        """The error with headers that tell what the request came to all the same."""
        error.headers = {**error.headers, **self.headers(used, reported)}
        return error

    def cost(self, used: Usage, reported: Any) -> dict[str, str]:
        """The fields of a stream's last chunk that tell it."""
        return disclosure.in_chunk(self._admission, admission.bill(self._exchange.route, used, reported))

    @property
    def adjusted(self) -> tuple[str, ...]:
        """What the admission changed in the request."""
        return capping(self._ask.asked_output)

    async def _admit(self) -> None:
        """A request that is stopped meanwhile has not reached its provider."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._ledger.admit, self._exchange.caller, self._ask))
        is_stopped = await _is_stopped_before(writing)
        if is_stopped and writing.exception() is not None:
            raise asyncio.CancelledError
        self._admission = writing.result()
        if is_stopped:
            await self._settle(settlement.refused(self._admission.hold, self._now_ms()))
            raise asyncio.CancelledError

    async def _unanswered(self, error: GatewayError) -> None:
        hold = self._admission.hold
        if isinstance(error, ProviderUnavailableError) and error.may_have_cost:
            asked = Usage(hold.assumed.input, 0, 0, 0, 0, is_exact=False)
            await self.close(asked, None, "unanswered")
            self.billed(error, asked, None)
        else:
            await self._settle(settlement.refused(hold, self._now_ms()))
            self.billed(error, settlement.NOTHING, None)

    async def _settle(self, ending: Ending) -> None:
        self._facts |= {"outcome": ending.outcome, "charge": ending.bill.charge, "cost": ending.bill.cost}
        self._facts |= _token_facts(ending.usage)
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, ending))
        is_stopped = await _is_stopped_before(writing)
        error = writing.exception()
        if error is not None:  # of whatever kind: what was answered is not to be lost for it
            cause = {"cause": type(error).__name__}
            logger.error("not settled: the hold will be swept", extra=self._facts | cause)
        if is_stopped:
            raise asyncio.CancelledError

    def _write(self, ending: Ending) -> None:
        """What is kept of the answer first: the charge tells that it is there."""
        recorder, claim = self._exchange.recorder, self._admission.claim
        kept = recorder.keep(claim, ending.outcome) if recorder and claim else None
        self._ledger.settle(self._admission.hold, replace(ending, kept=kept))

    def _timing(self) -> Timing:
        return Timing(self._elapsed_ms(), self._first_ms)

    def _elapsed_ms(self) -> int:
        return round((self._now() - self._exchange.started) * 1000)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


async def _is_stopped_before(writing: asyncio.Future[Any]) -> bool:
    """Waits for its end, however often it is told to stop: a write that waits for a thread would never be made."""
    is_stopped = False
    while not writing.done():
        try:
            await asyncio.wait({writing})
        except asyncio.CancelledError:
            is_stopped = True
    return is_stopped


def capping(asked_output: int | None) -> tuple[str, ...]:
    """What an admission changes in a request, in the words of `x-openmind-adjusted`."""
    return () if asked_output else ("+max_tokens",)


def shown_name(route: Route) -> str:
    """A name that is admitted by its prefix is the client's text, and anything may follow."""
    return redaction.shown(route.upstream_id)


def day(seconds: float) -> str:
    """The date in UTC of a time since the epoch, `YYYY-MM-DD`."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _token_facts(counted: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counted.input,
        "cached_input_tokens": counted.cached_input,
        "cache_write_tokens": counted.cache_write,
        "output_tokens": counted.output,
        "reasoning_tokens": counted.reasoning,
        "usage_is_exact": counted.is_exact,
    }
