"""The sweeper: whatever is wrong with one hold, the others are settled."""

from dataclasses import replace

import pytest

from openmind_llm.domain.ledger.rows import Hold
from openmind_llm.domain.plans import Plans
from openmind_llm.errors import LedgerUnavailableError
from tests.memory_ledger import MemoryLedgerStore
from tests.spending import DAY_S, PLANS, Spending, clock_at, two_accounts


class PartlyUnreadable(MemoryLedgerStore):
    """One of its rows raises `error`."""

    unreadable: str = ""
    error: Exception = KeyError("tokens")

    def hold(self, account_id: str, request_id: str) -> Hold | None:
        if request_id == self.unreadable:
            raise self.error
        return super().hold(account_id, request_id)


@pytest.mark.parametrize("error", [KeyError("tokens"), LedgerUnavailableError()])
def test_a_hold_that_cannot_be_read_keeps_no_other_from_being_swept(error: Exception) -> None:
    known = two_accounts()
    store = PartlyUnreadable(known.known_accounts, known.known_keys)
    spending = Spending(store)
    first, others = spending.opened(), [spending.opened() for _ in range(3)]
    store.unreadable, store.error = first.request_id, error

    swept = spending.on(1).ledger.sweep()

    assert [entry.hold for entry in swept] == others
    assert list(store.holds) == [first.request_id]


def test_a_hold_whose_plan_is_gone_is_swept_like_any_other() -> None:
    store = two_accounts()
    spending = Spending(store)
    spending.opened()
    without = Plans([plan for plan in PLANS.all() if plan.name != "unlimited"])
    other = replace(store.known_accounts["account-2"].account, plan="free")
    store.known_accounts["account-2"] = replace(store.known_accounts["account-2"], account=other)
    spending.opened("key-3", "account-2")

    swept = Spending(store, clock_at(spending.clock.now + DAY_S), without).ledger.sweep()

    assert [entry.outcome for entry in swept] == ["abandoned", "abandoned"]
    assert store.holds == {}
