"""The completions path over a ledger in memory, with clients and a provider that do as the test says."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.api.asgi import App, Message
from openmind_llm.api.completions import CompletionsEndpoint
from openmind_llm.api.middleware import Door, Outermost, RequireKey
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.domain.completions import Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.providers import table
from tests import memory_cache, memory_ledger
from tests.fake_upstream import USAGE, chunk, completion
from tests.fakes import FakeClock, FakeUpstreamPort, Fixed, attempts
from tests.memory_cache import MemoryCache
from tests.memory_ledger import MemoryLedgerStore

CATALOGUE = table.load()
KEYS = {"first-key": Caller("key-1", "account-1"), "second-key": Caller("key-2", "account-2")}
HELLO = [chunk({"content": "Hello"}), chunk(finish_reason="stop"), chunk(choices=[], usage=USAGE)]
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
STREAM = CHAT | {"stream": True, "stream_options": {"include_usage": True}}

both = pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])


@dataclass(frozen=True)
class Answer:
    """What came back. `pieces` are the parts of the body as they were sent."""

    status: int
    headers: dict[str, str]
    pieces: list[bytes]

    @property
    def error(self) -> str:
        return str(json.loads(b"".join(self.pieces))["error"])


class Client:
    """Sends one request. It leaves after `leaves_after` pieces of the answer, where that is set."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.started = asyncio.Event()
        self._leaves_after = leaves_after
        self._has_left = asyncio.Event()
        self._start: Message = {}
        self._pieces: list[bytes] = []

    async def post(self, app: App, headers: Iterable[tuple[str, str]], body: dict[str, Any], provider: str) -> Answer:
        self._pending = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        path = f"/api/core/{provider}/chat/completions"
        await app({"type": "http", "method": "POST", "path": path, "headers": raw}, self._receive, self._send)
        named = {name.decode(): value.decode() for name, value in self._start["headers"]}
        return Answer(self._start["status"], named, self._pieces)

    async def _receive(self) -> Message:
        if self._pending:
            return self._pending.pop()
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.started.set()
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._pieces.append(message["body"])
        if not message.get("more_body") or len(self._pieces) == self._leaves_after:
            self._has_left.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


class Gateway:
    """Two accounts with a key each, on the plan `unlimited`."""

    def __init__(self, store: MemoryLedgerStore | None = None, upstream: FakeUpstreamPort | None = None) -> None:
        self.clock = FakeClock()
        self.upstream = upstream or FakeUpstreamPort(completion(), headers={"x-openmind-provider-request-id": "req_1"})
        self.upstream.chunks = list(HELLO)
        self.store = store or MemoryLedgerStore()
        for caller in KEYS.values():
            self.store.known_accounts[caller.account_id] = memory_ledger.new_account(account_id=caller.account_id)
            self.store.known_keys[caller.key_id] = memory_ledger.new_key(caller.key_id, caller.account_id)
        self.cache = MemoryCache()
        self.ledger = memory_ledger.ledger(self.store, plans.load(), self.clock)
        self.app = self._app()

    def ask(self, key: str | None = "k", body: dict[str, Any] = CHAT, **more: Any) -> Answer:
        return asyncio.run(self.post(key, body, **more))

    async def post(
        self,
        key: str | None = "k",
        body: dict[str, Any] = CHAT,
        *,
        by: str = "first-key",
        provider: str = "openai",
        client: Client | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        headers = [("content-type", "application/json"), ("x-api-key", by), *headers]
        headers += [] if key is None else [("idempotency-key", key)]
        return await (client or Client()).post(self.app, headers, body, provider)

    def use_up_credit(self, left: int = 0) -> None:
        """But for so many micro-OMCU."""
        known = self.store.known_accounts["account-1"]
        granted = known.counters["granted"] - known.counters["balance"] + left
        counters = dict(known.counters) | {"balance": left, "granted": granted}
        self.store.known_accounts["account-1"] = replace(known, counters=counters)
        self.clock.now += 31  # what was seen of it is forgotten

    @property
    def charged(self) -> int:
        return self.store.counters("account-1")["charged"]

    @property
    def attempts(self) -> int:
        return len(self.upstream.asked)

    def _app(self) -> App:
        completions = Completions(
            Fixed(CATALOGUE),
            self.upstream,
            attempts(self.clock),
            self.ledger,
            self.clock,
            Times(drain_s=5, hold_s=900),
        )
        caching = memory_cache.caching(completions, self.ledger, self.store, self.clock, self.cache)
        endpoint = CompletionsEndpoint(caching, 10**7, 15)
        return Outermost(
            RequireKey(CompletionsAlone(endpoint), Door(KEYS.__getitem__, self.ledger.standing)), self.clock
        )


def change_key(gateway: Gateway, **fields: Any) -> None:
    known = gateway.store.known_keys["key-1"]
    gateway.store.known_keys["key-1"] = replace(known, record=replace(known.record, **fields))


def change_account(gateway: Gateway, **fields: Any) -> None:
    known = gateway.store.known_accounts["account-1"]
    gateway.store.known_accounts["account-1"] = replace(known, account=replace(known.account, **fields))
