"""The routes that tell callers about themselves, over a ledger in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx

from openmind_llm.api import app
from openmind_llm.api.asgi import Receive, Scope, Send
from openmind_llm.api.middleware import Door, Outermost, RequireKey
from openmind_llm.api.quotes import QuotesEndpoint
from openmind_llm.api.reports import Reports, router
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeyRules
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.owners import Owners
from openmind_llm.domain.quotes import Quotes
from openmind_llm.domain.reports.own_key import OwnKeys
from openmind_llm.domain.reports.usage import UsageReports
from openmind_llm.errors import AuthenticationError, UserNotFoundError
from openmind_llm.providers import dialect
from tests.fakes import Fixed
from tests.memory_ledger import MemoryLedgerStore
from tests.memory_reports import MemoryReports
from tests.spending import CATALOGUE, PLANS, Spending, two_accounts

ACCOUNTS = {"key-1": "account-1", "key-2": "account-1", "key-3": "account-2"}


CALLERS = {key_id: Caller(key_id, account_id) for key_id, account_id in ACCOUNTS.items()}


LOGIN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"


NEWCOMER = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiIn0.c2ln"


QUOTE = "/api/core/openai/chat/completions/quote"


BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}


def authenticate(key: str) -> Caller:
    """A key reads like its id."""
    if key not in CALLERS:
        raise AuthenticationError
    return CALLERS[key]


def user(login: str) -> str:
    """A login reads like the first of its users."""
    if login not in {LOGIN, NEWCOMER}:
        raise UserNotFoundError
    return "account-1" if login == LOGIN else "newcomer"


async def no_completions(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nothing is sent")


@dataclass
class Service:
    """Asks with key-1 unless told otherwise."""

    store: MemoryLedgerStore = field(default_factory=two_accounts)
    user: Callable[[str], str] | None = None

    def get(self, path: str, key: str | None = "key-1", **query: str) -> httpx.Response:
        return self.ask("GET", path, key, params=query)

    def ask(self, method: str, path: str, key: str | None = "key-1", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        more["headers"] = headers | more.pop("headers", {})

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._served), base_url="http://x") as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())

    def quote(self, key: str | None = "key-1", path: str = QUOTE, **fields: Any) -> httpx.Response:
        return self.ask("POST", path, key, json=BODY | fields)

    @cached_property
    def _served(self) -> Any:
        spending = Spending(self.store)
        stored, ledger, clock = MemoryReports(self.store), spending.ledger, spending.clock
        accounts = Accounts(self.store, PLANS, lambda: b"pepper", clock)
        owners = Owners(accounts, KeyRules(["openai"], clock), "")
        reports = Reports(
            OwnKeys(ledger, stored, clock),
            UsageReports(stored, lambda: b"pepper"),
            QuotesEndpoint(Quotes(Fixed(CATALOGUE), ledger, dialect.adjust, clock), 10_000),
            lambda: datetime.fromtimestamp(clock(), UTC).date(),
            lambda user: owners.account(user)[0].account.account_id,
        )
        served = app.create(Fixed(CATALOGUE), no_completions, router(reports))
        return Outermost(RequireKey(served, Door(authenticate, ledger.standing, self.user)), clock)


def used() -> Service:
    """By each of the three keys, on three days."""
    service = Service()
    for key_id, caller in CALLERS.items():
        for days in (-2, -1, 0):
            Spending(service.store).on(days).sent(key_id, caller.account_id)
    return service
