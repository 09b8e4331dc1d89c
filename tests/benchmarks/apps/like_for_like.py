"""The application as the peers are measured: without key check, limits and ledger.

Off: `RequireKey` (no key is looked for, no digest reckoned), admission and settlement (no limits, no reckoning of holds
and charges, no writes), and what is read of DynamoDB beside them (the providers' health, what was set of the
catalogue). All else is the product's: parsing, checks, routing, attempts, the breaker's loop, adjustments, prices of
usage, headers, the line in the log and its metrics.
"""

import time
from typing import cast

from openmind_llm.api import app
from openmind_llm.api.asgi import App, Receive, Scope, Send
from openmind_llm.api.middleware import Outermost
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.bootstrap import catalogues, completions
from openmind_llm.bootstrap.kept import Kept
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from tests.benchmarks.apps.null_ledger import CALLER, NullHealth, NullLedger, NullVersions

_NEVER_ASKED = object()
"""No request of the bench wants its answer kept."""


class Everyone:
    """Is let in, as the same caller."""

    def __init__(self, served: App) -> None:
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["caller"] = CALLER
        await self._served(scope, receive, send)


def create(settings: Settings) -> App:
    """In place of bootstrap.completions.create."""
    known, kept = _known(settings)
    return _answering(CompletionsAlone(completions.endpoint(settings, known, NullLedger(), kept)))


def create_whole(settings: Settings) -> App:
    """In place of bootstrap.application.create, as far as completions go."""
    known, kept = _known(settings)
    return _answering(app.create(known, completions.endpoint(settings, known, NullLedger(), kept)))


def _known(settings: Settings) -> tuple[Catalogues, Kept]:
    answers, cache = cast("AnswerStore", _NEVER_ASKED), cast("CacheStore", _NEVER_ASKED)
    kept = Kept(answers, cache, NullHealth(), NullVersions())
    return catalogues.create(settings, kept.catalogue), kept


def _answering(served: App) -> App:
    return Outermost(Everyone(served), time.time)
