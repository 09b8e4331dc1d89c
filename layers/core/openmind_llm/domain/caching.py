"""The use case: a completion that may be answered by what the same request was answered before."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import cache_control, metering, response_cache, taping
from openmind_llm.domain.aside import aside
from openmind_llm.domain.cache_control import Policy
from openmind_llm.domain.completions import Call, Completions, Reply
from openmind_llm.domain.filters.refusals import FiltersChangedError
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.repeats import Repeats
from openmind_llm.domain.replays import Replays
from openmind_llm.domain.response_cache import BYPASS, HEADER, HIT, MISS, TOO_LARGE, CachedAnswer, CacheStore, Place
from openmind_llm.domain.taping import Stored, Tape
from openmind_llm.errors import GatewayError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the headers of a request ask for, as they are. None: the header is not there."""

    idempotency_key: str | None = None
    cache_control: str | None = None


@dataclass(frozen=True, slots=True)
class _Lookup:
    """An answer that may be there, and what may be done with one.

    `filters` are the content filters that its account had lately.
    """

    place: Place
    policy: Policy
    filters: str | None


class Caching:
    """Completions, some of them from the cache. `now` gives seconds since the epoch.

    Two same requests at a time are both made. No trouble with the cache is a request's: it is logged.
    """

    def __init__(
        self,
        completions: Completions,
        ledger: Ledger,
        repeats: Repeats,
        replays: Replays,
        store: CacheStore,
        now: Callable[[], float],
    ) -> None:
        self._completions = completions
        self._ledger = ledger
        self._repeats = repeats
        self._replays = replays
        self._store = store
        self._now = now

    @asynccontextmanager
    async def open(self, call: Call, asked: Asked) -> AsyncIterator[Reply]:
        """See Completions.open, and Repeats.answered, which is asked where nothing is cached."""
        with self._completions.told(call) as facts:
            begun = await self._completions.dated(call, facts)
            async with AsyncExitStack() as stack:
                yield await self._answered(stack, begun, asked, facts)

    async def _answered(self, stack: AsyncExitStack, call: Call, asked: Asked, facts: dict[str, Any]) -> Reply:
        policy, key = await self._policy(call, asked.cache_control), asked.idempotency_key
        if policy is not None and key is not None:
            return await self._bypassed(stack, call, key, facts)
        lookup = await self._lookup(call, policy, facts) if policy else None
        if lookup is None:
            return await stack.enter_async_context(self._asked_first(call, facts, key))
        found = await self._found(call, lookup)
        if found is not None:
            return await self._replayed(stack, call, lookup, found, facts)
        facts["cache"] = MISS if lookup.policy.looks else BYPASS
        return await stack.enter_async_context(self._fresh(call, lookup, facts))

    def _asked_first(self, call: Call, facts: dict[str, Any], key: str | None) -> AbstractAsyncContextManager[Reply]:
        return self._completions.answered(call, facts) if key is None else self._repeats.answered(call, facts, key)

    async def _bypassed(self, stack: AsyncExitStack, call: Call, key: str, facts: dict[str, Any]) -> Reply:
        """With an `Idempotency-Key`, which must not have two answers."""
        facts["cache"] = BYPASS
        reply = await stack.enter_async_context(self._repeats.answered(call, facts, key))
        reply.headers[HEADER] = BYPASS
        return reply

    async def _policy(self, call: Call, header: str | None) -> Policy | None:
        async with metering.Disclosing(self._ledger, call.caller):
            control = cache_control.read(header or "")
        return control.policy(None if control.is_final else await self._usual_age_s(call))

    async def _usual_age_s(self, call: Call) -> int | None:
        """Of the key. What speaks against the key, or its look, is said by the admission."""
        try:
            record = self._ledger.seen_key(call.caller.key_id)
            record = record or (await aside(self._ledger.lately, call.caller)).key
        except GatewayError:
            return None
        return record.cache_max_age_s

    async def _lookup(self, call: Call, policy: Policy, facts: dict[str, Any]) -> _Lookup | None:
        """None where nobody can answer: who is asked to says why."""
        try:
            request = self._completions.named(call, facts)
            account = (await aside(self._ledger.lately, call.caller)).account
        except GatewayError:
            return None
        identity = response_cache.identity(call.provider, request.body, call.fallback, account.filters)
        return _Lookup(Place(account.account_id, identity), policy, account.filters)

    async def _found(self, call: Call, lookup: _Lookup) -> CachedAnswer | None:
        if not lookup.policy.looks:
            return None
        try:
            found = await aside(self._store.answer, lookup.place)
        except Exception as error:  # noqa: BLE001 - an item that cannot be read, too
            _troubled("cache not read", call, error)
            return None
        return found if found and found.is_good(self._now(), lookup.policy.max_age_s) else None

    async def _replayed(
        self, stack: AsyncExitStack, call: Call, lookup: _Lookup, found: CachedAnswer, facts: dict[str, Any]
    ) -> Reply:
        stored = found.stored
        async with self._replays.allowed(call) as standing:
            if standing.account.filters != lookup.filters:  # as an admission would say
                raise FiltersChangedError
            reply = await self._replays.reply(stack, call, stored)
        reply.headers |= {HEADER: HIT, "age": str(found.age_s(self._now()))}
        facts |= {"cache": HIT, "is_stream": stored.is_stream, "replay_of": stored.request_id}
        return reply

    @asynccontextmanager
    async def _fresh(self, call: Call, lookup: _Lookup, facts: dict[str, Any]) -> AsyncIterator[Reply]:
        tape = Tape(response_cache.MOST_BYTES)
        async with self._completions.answered(call, facts) as reply, taping.of(reply, tape):
            reply.headers[HEADER] = facts["cache"]
            yield reply
        if tape.is_whole and reply.may_be_cached:
            await self._store_answer(call, lookup, tape, facts)

    async def _store_answer(self, call: Call, lookup: _Lookup, tape: Tape, facts: dict[str, Any]) -> None:
        content, now = tape.content(), int(self._now())
        if content is None:
            facts["cache"] = TOO_LARGE
            return
        stored = Stored(call.request_id, tape.is_stream, tape.headers, [content])
        answer = CachedAnswer(stored, now, now + lookup.policy.max_age_s)
        try:
            await aside(self._store.put, lookup.place, answer)
        except Exception as error:  # noqa: BLE001 - the client has its answer
            _troubled("answer not cached", call, error)


def _troubled(what: str, call: Call, error: Exception) -> None:
    """Told without its text, which may quote the answer."""
    facts = {"request_id": call.request_id, "account_id": call.caller.account_id, "cause": type(error).__name__}
    logger.error(what, extra=facts)
