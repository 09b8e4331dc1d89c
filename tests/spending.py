"""Requests that run through a ledger, and what they leave there."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from openmind_llm import plans
from openmind_llm.domain import ids
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import admission
from openmind_llm.domain.ledger.admission import Ask
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Hold, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Plans
from openmind_llm.domain.ports import KnownKey, LedgerStore
from openmind_llm.domain.usage import Usage
from openmind_llm.providers import table
from tests.fakes import FakeClock
from tests.memory_ledger import MemoryLedgerStore, new_account, new_key

CATALOGUE = table.load()
PLANS = plans.load()

NOON = 1_795_521_600.0
"""2026-11-24, 12:00 UTC, in seconds since the epoch."""

DAY_S = 86_400


def clock_at(now: float = NOON) -> FakeClock:
    clock = FakeClock()
    clock.now = now
    return clock


def two_accounts(own: KnownKey | None = None) -> MemoryLedgerStore:
    """account-1 has key-1 and key-2, account-2 has key-3; audit rows say where their credit is from."""
    keys = (own or new_key("key-1"), new_key("key-2"), new_key("key-3", "account-2"))
    accounts = (new_account(), new_account(account_id="account-2"))
    return MemoryLedgerStore(
        {known.account.account_id: known for known in accounts}, {known.record.key_id: known for known in keys}
    )


@dataclass
class Spending:
    """Sends requests at the time of `clock`."""

    store: LedgerStore
    clock: FakeClock = field(default_factory=clock_at)
    plans: Plans = PLANS

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store, self.plans, Clock(self.clock, lambda _: None), Seen(0, self.clock))

    def opened(self, key_id: str = "key-1", account_id: str = "account-1", **ask: Any) -> Hold:
        caller, asked = Caller(key_id, account_id), an_ask(self.clock.now, **ask)
        return self.ledger.admit(caller, asked).hold

    def sent(self, key_id: str = "key-1", account_id: str = "account-1", used: Usage | None = None, **ask: Any) -> str:
        """The id of a request that was charged for."""
        asked = an_ask(self.clock.now, **ask)
        hold = self.ledger.admit(Caller(key_id, account_id), asked).hold
        used = used or Usage(10, 2, 1, 20, 5, is_exact=True)
        bill = admission.bill(asked.route, used, None)
        ending = Ending("completed", used, bill, int(self.clock.now * 1000) + 900, Timing(900, 300))
        self.ledger.settle(hold, ending)
        return hold.request_id

    def on(self, days: int) -> "Spending":
        """The same, so many days later."""
        return Spending(self.store, clock_at(self.clock.now + days * DAY_S))


def an_ask(now_s: float, provider: str = "openai", model: str = "gpt-4o", **fields: Any) -> Ask:
    ms = int(now_s * 1000)
    values: dict[str, Any] = {
        "request_id": ids.new(ms),
        "started_ms": ms,
        "hold_s": 900,
        "route": CATALOGUE.resolve(provider, model, "2026-11-24"),
        "is_stream": False,
        "input_bound": 100,
        "input_estimate": 50,
        "asked_output": 200,
    }
    return Ask(**values | fields)


def an_id() -> str:
    """Of no request."""
    return ids.new(secrets.randbelow(10**12))
