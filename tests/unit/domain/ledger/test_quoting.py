"""A quote says what the admission would, and leaves everything as it was."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.quoting import Quoted
from openmind_llm.domain.plans import Limits
from openmind_llm.errors import AuthenticationError, GatewayError
from tests.memory_ledger import MemoryLedgerStore, new_account, new_key, open_store
from tests.spending import NOON, Spending, an_ask, clock_at

CALLER = Caller("key-1", "account-1")


def everything(store: MemoryLedgerStore) -> Any:
    return copy.deepcopy((store.known_accounts, store.known_keys, store.holds, store.entries, store.audits))


def quoted(store: MemoryLedgerStore, **ask: Any) -> Quoted:
    before = everything(store)
    quote = Spending(store).ledger.quote(CALLER, an_ask(NOON, **ask))
    assert everything(store) == before
    return quote


def admitted(store: MemoryLedgerStore, **ask: Any) -> tuple[tuple[int, int] | None, GatewayError | None]:
    """What is held, or why it is not."""
    try:
        hold = Spending(store).ledger.admit(CALLER, an_ask(NOON, **ask)).hold
    except GatewayError as refusal:
        return None, refusal
    return (hold.amount, hold.output_cap), None


CASES: dict[str, tuple[MemoryLedgerStore, dict[str, Any]]] = {
    "usual": (open_store(), {}),
    "without a cap": (open_store(), {"asked_output": None}),
    "several choices": (open_store(), {"choices": 3}),
    "little credit": (open_store(new_account(credit=6_000_000)), {"asked_output": None}),
    "too little credit": (open_store(new_account(credit=1000)), {}),
    "no credit": (open_store(new_account(credit=0)), {"asked_output": None}),
    "a budget that is used up": (open_store(key=new_key(limits=Limits(day_budget=10))), {}),
    "another model": (open_store(key=new_key(allowed_models=frozenset({"gpt-5"}))), {}),
    "too many tokens": (open_store(key=new_key(limits=Limits(tokens_per_minute=10))), {}),
    "no place": (open_store(key=new_key(limits=Limits(concurrency=0))), {}),
}


def told(refusal: GatewayError | None) -> tuple[type, str] | None:
    return (type(refusal), refusal.message) if refusal else None


@pytest.mark.parametrize(("store", "ask"), CASES.values(), ids=CASES)
def test_a_quote_is_what_the_admission_would_be(store: MemoryLedgerStore, ask: dict[str, Any]) -> None:
    quote = quoted(store, **ask)
    held, refusal = admitted(store, **ask)

    assert told(quote.refusal) == told(refusal)
    assert held in {None, (quote.amount, quote.output_cap)}


def test_some_of_the_cases_are_refused_and_some_are_not() -> None:
    statuses = [refusal.status if (refusal := quoted(s, **a).refusal) else 200 for s, a in CASES.values()]

    assert sorted(set(statuses)) == [200, 402, 403, 429]


def test_a_refused_request_is_told_what_it_would_take() -> None:
    refused, taken = quoted(open_store(new_account(credit=1000))), quoted(open_store())

    assert (refused.amount, refused.output_cap, refused.credit_left) == (taken.amount, 200, 1000)


def test_quotes_take_nothing_from_a_rate() -> None:
    store = open_store(key=new_key(limits=Limits(requests_per_second=1, burst=1)))

    assert [quoted(store).refusal for _ in range(5)] == [None] * 5


def test_a_renewal_that_is_due_is_foreseen_and_not_made() -> None:
    due = new_account("builder", credit=0)
    due = replace(due, counters={**due.counters, "period_end": int(NOON)})

    quote = quoted(open_store(due))

    assert quote.credit_left == plans.load().get("builder").monthly_credit
    assert quote.refusal is None


def test_a_cancelled_plan_is_quoted_by_the_one_that_follows() -> None:
    due = new_account("enterprise", credit=0)
    due = replace(
        due,
        account=replace(due.account, cancel_at_period_end=True),
        counters={**due.counters, "period_end": int(NOON)},
    )

    standing, plan = Spending(open_store(due)).ledger.current(CALLER)

    assert (plan.name, standing.account.plan) == ("free", "free")


@pytest.mark.parametrize("key", [new_key(is_active=False), new_key(expires_at=int(NOON))])
def test_a_key_that_is_no_longer_valid_gets_no_quote(key: Any) -> None:
    with pytest.raises(AuthenticationError):
        Spending(open_store(key=key), clock_at()).ledger.quote(CALLER, an_ask(NOON))
