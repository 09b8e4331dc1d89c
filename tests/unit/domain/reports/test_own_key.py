"""What a key is told of itself."""

from dataclasses import replace

import pytest

from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.reports.own_key import OwnKey, OwnKeys
from openmind_llm.errors import AuthenticationError
from tests.memory_ledger import MemoryLedgerStore, new_key
from tests.memory_reports import MemoryReports
from tests.spending import NOON, Spending, two_accounts

CALLER = Caller("key-1", "account-1")


def described(store: MemoryLedgerStore, days: int = 0) -> OwnKey:
    spending = Spending(store).on(days)
    return OwnKeys(spending.ledger, MemoryReports(store), spending.clock).get(CALLER)


def test_it_has_used_what_its_own_requests_of_today_and_of_this_month_have() -> None:
    store = two_accounts()
    Spending(store).on(-24).sent()  # 31 October
    Spending(store).on(-23).sent()
    Spending(store).sent()
    Spending(store).sent("key-2")
    Spending(store).sent("key-3", "account-2")

    key = described(store)

    assert (key.today["requests"], key.this_month["requests"]) == (1, 2)
    assert key.this_month["charge"] == 2 * key.today["charge"] > 0


def test_a_key_that_was_never_used_has_used_nothing() -> None:
    key = described(two_accounts())

    assert key.today == key.this_month == dict.fromkeys(ROLLUP_COUNTERS, 0)


def test_what_is_left_of_a_budget_counts_open_requests_and_comes_back_with_its_window() -> None:
    store = two_accounts(new_key("key-1", limits=Limits(day_budget=10**9)))
    hold = Spending(store).opened()

    today, tomorrow = described(store), described(store, days=1)

    assert (today.day_left, today.month_left) == (10**9 - hold.amount, None)
    assert today.credit_left == today.day_left
    assert tomorrow.day_left == 10**9


def test_what_is_left_is_seen_afresh() -> None:
    store = two_accounts()
    before = described(store)
    known = store.known_accounts["account-1"]
    store.known_accounts["account-1"] = replace(known, counters={**known.counters, "balance": 7})

    assert before.credit_left > described(store).credit_left == 7


def test_a_period_that_is_over_is_told_as_the_next_one_and_nothing_is_written() -> None:
    store = two_accounts()
    known = store.known_accounts["account-1"]
    counters = {**known.counters, "balance": 0, "granted": 0, "period_end": int(NOON)}
    store.known_accounts["account-1"] = replace(
        known, account=replace(known.account, plan="builder"), counters=counters
    )

    key = described(store)

    assert key.credit_left == key.plan.monthly_credit > 0
    assert store.counters("account-1") == counters


def test_a_revoked_key_is_told_nothing() -> None:
    with pytest.raises(AuthenticationError):
        described(two_accounts(new_key("key-1", is_active=False)))
