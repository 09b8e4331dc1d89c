"""Accounts over the ledger in memory, at a time that the test sets."""

from datetime import UTC, datetime

from openmind_llm import plans
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.errors import (
    AuthenticationError,
)
from tests.fakes import FakeClock
from tests.memory_ledger import MemoryLedgerStore

OMCU = 1_000_000
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
NEXT = datetime(2026, 2, 28, 12, tzinfo=UTC).timestamp()
STARTER = "starter"
"""2500 OMCU a month, and five keys."""

HER, HIM = "user_her", "user_him"


def pepper() -> bytes:
    return b"pepper"


class Bench:
    """Accounts over a store, at a time that the test sets."""

    def __init__(self) -> None:
        self.store = MemoryLedgerStore()
        self.clock = FakeClock()
        self.clock.now = NOON
        self.pauses: list[float] = []
        self.accounts = Accounts(self.store, plans.load(), pepper, self.clock, self.pauses.append)

    def opened(self, plan: str = STARTER, account_id: str = HER) -> Accounts:
        self.accounts.open(account_id, plan, "operator")
        return self.accounts

    def balance(self, account_id: str = HER) -> int:
        return self.accounts.get(account_id).counters["balance"]

    def is_whole(self, account_id: str = HER) -> bool:
        counters = self.store.counters(account_id)
        return counters["granted"] == counters["balance"] + counters["held"] + counters["charged"]

    def lets_in(self, key: str) -> bool:
        try:
            keys.authenticate(key, [self._record], pepper, self.clock.now)
        except AuthenticationError:
            return False
        return True

    def _record(self, key_id: str) -> KeyRecord | None:
        known = self.store.key(key_id)
        return known.record if known else None
