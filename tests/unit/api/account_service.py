"""The account API over a ledger in memory."""

import json
from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

from openmind_llm import plans
from openmind_llm.api import accounts, app
from openmind_llm.api.asgi import App, Receive, Scope, Send
from openmind_llm.api.middleware import Door, Outermost, RequireKey
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.key_settings import KeyRules
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.owners import Owners
from openmind_llm.errors import AuthenticationError
from openmind_llm.providers import table
from tests.fakes import FakeClock, FakeLogins, Fixed
from tests.memory_ledger import MemoryLedgerStore

NOW = datetime(2026, 11, 26, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()
HER, HIM = "user_2her", "user_2him"
CREATE, LIST = "/api/core/api_keys/create", "/api/core/api_keys"
DELETE, ROTATE, UPDATE = (f"/api/core/api_keys/{verb}" for verb in ("delete", "rotate", "update"))
BALANCE = "/api/core/account/balance"
ROUTES = [("POST", CREATE), ("GET", LIST), ("POST", DELETE), ("POST", ROTATE), ("POST", UPDATE), ("GET", BALANCE)]
NO_LIMITS = dict.fromkeys(
    ("requests_per_second", "burst", "tokens_per_minute", "concurrency", "day_budget_omcu", "month_budget_omcu")
)


async def no_completions(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError


class Service:
    """The application over a ledger in memory; requests come with the login of a user."""

    def __init__(self, default_plan: str = "starter") -> None:
        self.store, self.logins, self.clock = MemoryLedgerStore(), FakeLogins(), FakeClock()
        self.clock.now = NOW
        self.accounts = Accounts(self.store, plans.load(), lambda: b"pepper", self.clock, lambda _: None)
        self.catalogue: Catalogue = table.load("")
        rules = KeyRules([provider.name for provider in self.catalogue.providers()], self.clock)
        self.owners = Owners(self.accounts, rules, default_plan)
        self.client = TestClient(self._served(), raise_server_exceptions=False)

    def _served(self) -> Any:
        served: App = app.create(Fixed(self.catalogue), no_completions, accounts.router(self.owners))
        return Outermost(RequireKey(served, Door(self._authenticate, lambda _: None, self.logins.user)), self.clock)

    def _authenticate(self, key: str) -> Caller:
        def found(key_id: str) -> Any:
            known = self.store.key(key_id)
            return known.record if known else None

        return keys.authenticate(key, [found], lambda: b"pepper", self.clock.now)

    def ask(self, method: str, path: str, body: Any = None, user: str = HER, **more: Any) -> tuple[int, Any]:
        headers = more.pop("headers", {"authorization": f"Bearer login.{user}"})
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.client.request(method, path, headers=headers, content=content)
        return answer.status_code, answer.json()

    def create(self, body: Any = None, user: str = HER) -> Any:
        status, answer = self.ask("POST", CREATE, body, user)
        assert status == 200, answer
        return answer

    def listed(self, user: str = HER) -> Any:
        return self.ask("GET", LIST, user=user)[1]["api_keys"]

    def lets_in(self, key: str) -> bool:
        try:
            self._authenticate(key)
        except AuthenticationError:
            return False
        return True
