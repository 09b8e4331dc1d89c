"""The application as the peers are measured: without key check, limits and ledger.

Off: `RequireKey` (no key is looked for, no digest reckoned), admission and settlement (no limits, no reckoning of holds
and charges, no writes), and what is read of DynamoDB beside them (the providers' health, what was set of the
catalogue). All else is the product's own, and so is how it is put together: parsing, checks, routing, attempts, the
breaker's loop, adjustments, prices of usage, headers, the line in the log and its metrics.
"""

from types import ModuleType
from typing import cast
from unittest.mock import patch

from openmind_llm.api.asgi import App, Receive, Scope, Send
from openmind_llm.api.middleware import Door
from openmind_llm.bootstrap import completions
from openmind_llm.bootstrap.kept import Kept
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from tests.benchmarks.apps.null_ledger import CALLER, NullHealth, NullLedger, NullVersions

_NEVER_ASKED = object()
"""No request of the bench wants its answer kept."""


class Everyone:
    """In place of RequireKey: lets everyone in, as the same caller."""

    def __init__(self, served: App, _: Door) -> None:
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["caller"] = CALLER
        await self._served(scope, receive, send)


def switch_off(composition: ModuleType) -> None:
    """`composition` is the module whose `create` is called from here on. Raises AttributeError: it has changed."""
    patch.object(composition, "with_ledger", _without_ledger).start()
    patch.object(completions, "RequireKey", Everyone).start()


def _without_ledger(_: Settings) -> tuple[NullLedger, Kept]:
    answers, cache = cast("AnswerStore", _NEVER_ASKED), cast("CacheStore", _NEVER_ASKED)
    return NullLedger(), Kept(answers=answers, cache=cache, health=NullHealth(), catalogue=NullVersions())
