"""Writes down what each request uses: opened before its provider is asked, closed once with what the answer used."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openmind_llm import redaction
from openmind_llm.domain import usage
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ports import UsageLog
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage, UsageEntry
from openmind_llm.errors import GatewayError, ProviderUnavailableError


@dataclass(frozen=True, slots=True)
class Exchange:
    """A checked request on its way to its model. `started` is in seconds since the epoch."""

    caller: Caller
    request_id: str
    started: float
    request: ChatRequest
    route: Route


class Meter:
    """Of one exchange. `facts` are the fields of its line in the log, which gets what was used, too."""

    def __init__(self, log: UsageLog, exchange: Exchange, now: Callable[[], float], facts: dict[str, Any]) -> None:
        self._log = log
        self._exchange = exchange
        self._now = now
        self._facts = facts

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Around the asking of the provider: a refusal is forgotten, unless it may have cost something."""
        asked_for = usage.estimate(self._exchange.request.body, ())
        opened = self._entry(asked_for, "open")
        await self._open(opened)
        try:
            yield
        except GatewayError as error:
            if isinstance(error, ProviderUnavailableError) and error.may_have_cost:
                await self.close(asked_for, "unanswered")
            else:
                await asyncio.to_thread(self._log.forget, opened)
            raise
        except BaseException:
            await self.close(asked_for, "stopped")
            raise

    async def close(self, used: Usage, outcome: str) -> None:
        self._facts |= {"outcome": outcome} | _token_facts(used)
        await asyncio.to_thread(self._log.close, self._entry(used, outcome))

    async def _open(self, entry: UsageEntry) -> None:
        """A request that is stopped meanwhile has not reached its provider; a write that is on its way cannot be."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._log.open, entry))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            await asyncio.to_thread(self._log.forget, entry)
            raise

    def _entry(self, used: Usage, outcome: str) -> UsageEntry:
        exchange = self._exchange
        started = datetime.fromtimestamp(exchange.started, UTC).isoformat(timespec="milliseconds")
        return UsageEntry(
            request_id=exchange.request_id,
            account_id=exchange.caller.account_id,
            key_id=exchange.caller.key_id,
            provider=exchange.route.provider.name,
            model=exchange.route.model.name,
            upstream_model=shown_name(exchange.route),
            is_stream=exchange.request.is_stream,
            outcome=outcome,
            usage=used,
            started_at=started.replace("+00:00", "Z"),
            duration_ms=round((self._now() - exchange.started) * 1000),
        )


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
