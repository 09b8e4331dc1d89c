"""The use case: a completion that is asked for once more, under the `Idempotency-Key` that it had."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from openmind_llm.domain import idempotency, metering, recording
from openmind_llm.domain.completions import Call, Completions, Reply
from openmind_llm.domain.idempotency import AnswerStore, Record, StillRunningError
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.recording import Recorder


class Repeats:
    """Completions, each answered, and charged, once for its key. `now` gives seconds since the epoch.

    A replay has no ledger row, holds nothing and takes no token of a rate, so that a caller gets what it has paid for
    with its credit used up, too; it takes `total_s` seconds at most.
    """

    def __init__(
        self,
        completions: Completions,
        ledger: Ledger,
        answers: AnswerStore,
        now: Callable[[], float],
        total_s: float | None = None,
    ) -> None:
        self._completions = completions
        self._ledger = ledger
        self._answers = answers
        self._now = now
        self._total_s = total_s

    @asynccontextmanager
    async def open(self, call: Call, key: str | None = None) -> AsyncIterator[Reply]:
        """See Completions.open. `key` is the header's value, None without one: then this is Completions.open.

        Raises InvalidRequestError, IdempotencyKeyReusedError, StillRunningError and AnswerNotKeptError, too.
        """
        if key is None:
            async with self._completions.open(call) as reply:
                yield reply
            return
        with self._completions.told(call) as facts:
            async with AsyncExitStack() as stack:
                yield await self._answered_once(stack, call, key, facts)

    async def _answered_once(self, stack: AsyncExitStack, call: Call, key: str, facts: dict[str, Any]) -> Reply:
        async with metering.disclosing(self._ledger, call.caller):
            record_id = idempotency.record_id(key)
        recorder = Recorder(self._answers, record_id, idempotency.body_hash(call.provider, call.raw))
        replay = await self._replay(stack, call, recorder, facts)
        if replay is not None:
            return replay
        try:
            return await stack.enter_async_context(self._completions.answered(call, facts, recorder))
        except StillRunningError:  # another request took the key since we looked
            replay = await self._replay(stack, call, recorder, facts)
            if replay is None:
                raise
            return replay

    async def _replay(
        self, stack: AsyncExitStack, call: Call, recorder: Recorder, facts: dict[str, Any]
    ) -> Reply | None:
        """None where the request is to be made. The caller's key, and what it may use, is looked at afresh before."""
        record = await asyncio.to_thread(self._answers.record, call.caller.account_id, recorder.record_id)
        if record is None or idempotency.is_free(record, self._now()):
            return None
        standing = await asyncio.to_thread(self._ledger.standing, call.caller)
        async with metering.disclosing(self._ledger, call.caller):
            self._completions.require_allowed(call, standing)
            reply = await self._replied(stack, call, record, recorder.body_hash)
        facts["replay_of"] = record.claim.request_id
        return reply

    async def _replied(self, stack: AsyncExitStack, call: Call, record: Record, body_hash: str) -> Reply:
        kept = idempotency.kept_for(record, body_hash)
        parts = await asyncio.to_thread(self._answers.parts, record)
        told = {
            "x-openmind-idempotent-replay": "true",
            "x-openmind-original-request-id": record.claim.request_id,
            "x-openmind-cost": "0",
        }
        payloads = await stack.enter_async_context(aclosing(recording.replayed(parts)))
        now = await asyncio.to_thread(self._ledger.disclosed, call.caller)
        return Reply({**kept.headers, **now, **told}, kept.is_stream, payloads, total_s=self._total_s)
