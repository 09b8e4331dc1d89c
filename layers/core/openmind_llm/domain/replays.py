"""How an answer that was stored is given again, whatever it was stored for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from openmind_llm.domain import metering, taping
from openmind_llm.domain.aside import aside
from openmind_llm.domain.completions import Call, Completions, Reply
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.taping import Stored


class Replays:
    """A replay has no ledger row, holds nothing and takes no token of a rate; it takes `total_s` seconds at most."""

    def __init__(self, completions: Completions, ledger: Ledger, total_s: float | None = None) -> None:
        self._completions = completions
        self._ledger = ledger
        self._total_s = total_s

    @asynccontextmanager
    async def allowed(self, call: Call) -> AsyncIterator[Standing]:
        """Once the caller's key, and what it may use, was looked at afresh. What is raised within discloses, too.

        Raises AuthenticationError, LedgerUnavailableError, and what Completions.require_allowed raises.
        """
        standing = await aside(self._ledger.standing, call.caller)
        async with metering.Disclosing(self._ledger, call.caller):
            self._completions.require_allowed(call, standing)
            yield standing

    async def reply(self, stack: AsyncExitStack, call: Call, stored: Stored) -> Reply:
        """Only within `allowed`. The payloads are closed with the stack."""
        payloads = await stack.enter_async_context(aclosing(taping.played(stored.parts)))
        now = await aside(self._ledger.disclosed, call.caller)
        told = {"x-openmind-original-request-id": stored.request_id, "x-openmind-cost": "0"}
        return Reply({**stored.headers, **now, **told}, stored.is_stream, payloads, total_s=self._total_s)
