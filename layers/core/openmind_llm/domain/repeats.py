"""The use case: a completion that is asked for once more, under the `Idempotency-Key` that it had."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from openmind_llm.domain import idempotency, metering
from openmind_llm.domain.aside import aside
from openmind_llm.domain.completions import Call, Completions, Reply
from openmind_llm.domain.idempotency import AnswerStore, Record, StillRunningError
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.recording import Recorder
from openmind_llm.domain.replays import Replays
from openmind_llm.domain.taping import Stored


class Repeats:
    """Completions, each answered, and charged, once for its key. `now` gives seconds since the epoch.

    A caller gets what it has paid for with its credit used up, too: see Replays.
    """

    def __init__(
        self,
        completions: Completions,
        ledger: Ledger,
        replays: Replays,
        answers: AnswerStore,
        now: Callable[[], float],
    ) -> None:
        self._completions = completions
        self._ledger = ledger
        self._replays = replays
        self._answers = answers
        self._now = now

    @asynccontextmanager
    async def answered(self, call: Call, facts: dict[str, Any], key: str) -> AsyncIterator[Reply]:
        """See Completions.answered. `key` is the header's value.

        Raises InvalidRequestError, IdempotencyKeyReusedError, StillRunningError and AnswerNotKeptError, too.
        """
        async with AsyncExitStack() as stack:
            yield await self._answered_once(stack, call, key, facts)

    async def _answered_once(self, stack: AsyncExitStack, call: Call, key: str, facts: dict[str, Any]) -> Reply:
        async with metering.Disclosing(self._ledger, call.caller):
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
        """None where the request is to be made."""
        record = await aside(self._answers.record, call.caller.account_id, recorder.record_id)
        if record is None or idempotency.is_free(record, self._now()):
            return None
        async with self._replays.allowed(call):
            reply = await self._replays.reply(stack, call, await self._stored(record, recorder.body_hash))
        reply.headers["x-openmind-idempotent-replay"] = "true"
        facts["replay_of"] = record.claim.request_id
        return reply

    async def _stored(self, record: Record, body_hash: str) -> Stored:
        kept = idempotency.kept_for(record, body_hash)
        parts = await aside(self._answers.parts, record)
        return Stored(record.claim.request_id, kept.is_stream, kept.headers, parts)
