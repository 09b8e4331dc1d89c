"""One request from bytes to answer, with a provider that does as the test says."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from openmind_llm import plans
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.providers import table
from tests.fakes import FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import MemoryLedgerStore, ledger, open_store

CATALOGUE = table.load()


CALLER = Caller(key_id="key-1", account_id="account-1")


PLANS = plans.load()


CAP = PLANS.get("unlimited").output_tokens


USER = {"role": "user", "content": "my secret plan"}


@dataclass(frozen=True)
class Made:
    """What came of a request."""

    body: dict[str, Any]
    headers: dict[str, str]
    store: MemoryLedgerStore

    @property
    def entry(self) -> Entry:
        return self.store.entries["request-1"]


def create(
    port: FakeUpstreamPort,
    provider: str = "openai",
    model: str = "gpt-4o",
    clock: Any = lambda: 1000.9,
    store: MemoryLedgerStore | None = None,
    noted: dict[str, str] | None = None,
    **fields: Any,
) -> Made:
    store = store or open_store()
    raw = json.dumps({"model": model, "messages": [USER]} | fields).encode()
    completions = Completions(
        Fixed(CATALOGUE), port, attempts(clock), ledger(store, PLANS, clock), clock, Times(drain_s=1)
    )

    async def ask() -> tuple[dict[str, Any], dict[str, str]]:
        async with completions.open(Call(CALLER, provider, raw, "request-1", noted or {})) as reply:
            return json.loads(await anext(reply.payloads)), reply.headers

    body, headers = asyncio.run(ask())
    return Made(body, headers, store)
