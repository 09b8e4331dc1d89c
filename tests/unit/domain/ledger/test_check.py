"""Every way in which a ledger may not add up is found, and a sound one is left alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.ledger.check import Facts, discrepancies
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, RollupKey
from openmind_llm.domain.ports import KnownKey
from openmind_llm.domain.usage import Usage
from tests.fakes import FakeClock
from tests.memory_ledger import MemoryLedgerStore, new_key
from tests.spending import NOON, Spending, clock_at, two_accounts

type Plant = Callable[[Facts], Facts]


def facts(store: MemoryLedgerStore, now_s: float = NOON) -> Facts:
    return Facts(
        account_id="account-1",
        counters=dict(store.counters("account-1")) | {"keys": 2},
        keys=store.keys("account-1"),
        holds=[hold for hold in store.holds.values() if hold.account_id == "account-1"],
        entries=[entry for entry in store.entries.values() if entry.hold.account_id == "account-1"],
        rollups={key: counts for key, counts in store.rollups.items() if key.account_id == "account-1"},
        granted=store.counters("account-1")["granted"],
        now_s=now_s,
    )


def used() -> Facts:
    """Of an account with both of its keys in use: three settled requests, one open."""
    store = two_accounts()
    spending = Spending(store)
    for key_id, model in (("key-1", "gpt-4o"), ("key-1", "gpt-4o-mini"), ("key-2", "gpt-4o")):
        spending.sent(key_id, model=model, used=Usage(10, 2, 1, 20, 5, is_exact=key_id == "key-1"))
    spending.opened("key-2")
    return facts(store)


def test_a_sound_ledger_has_no_discrepancies() -> None:
    assert discrepancies(used()) == []


def counted(name: str, by: int) -> Plant:
    return lambda seen: replace(seen, counters={**seen.counters, name: seen.counters[name] + by})


def key_counted(name: str, by: int) -> Plant:
    def plant(seen: Facts) -> Facts:
        first, *rest = seen.keys
        changed = KnownKey(first.record, {**first.counters, name: first.counters[name] + by})
        return replace(seen, keys=[changed, *rest])

    return plant


def first_rollup(**by: int) -> Plant:
    def plant(seen: Facts) -> Facts:
        key = min(seen.rollups, key=repr)
        changed = {name: count + by.get(name, 0) for name, count in seen.rollups[key].items()}
        return replace(seen, rollups={**seen.rollups, key: changed})

    return plant


def overdrawn(seen: Facts) -> Facts:
    counters = {**seen.counters, "balance": -5, "granted": seen.counters["held"] + seen.counters["charged"] - 5}
    return replace(seen, counters=counters, granted=counters["granted"])


def revoked(seen: Facts) -> Facts:
    first, *rest = seen.keys
    return replace(seen, keys=[KnownKey(replace(first.record, is_active=False), first.counters), *rest])


def unknown_rollup(seen: Facts) -> Facts:
    key = RollupKey("account-1", "2026-11-23", "key-1", "openai", "gpt-4o")
    return replace(seen, rollups={**seen.rollups, key: dict.fromkeys(ROLLUP_COUNTERS, 0) | {"requests": 1}})


PLANTED: dict[str, tuple[Plant, str]] = {
    "credit from nowhere": (counted("balance", 1), "account: granted is"),
    "granted without an audit": (lambda seen: replace(seen, granted=seen.granted - 1), "but its audit's credit"),
    "an overdrawn account": (overdrawn, "account: balance is -5"),
    "too much held": (counted("held", 1), "account: held is"),
    "a hold that is not counted": (counted("open_holds", -1), "account: open_holds is 0"),
    "charged without a row": (counted("charged", 3), "account: charged is"),
    "a key too few": (counted("keys", -1), "account: keys is 1"),
    "a revoked key that is still counted": (revoked, "account: keys is 2"),
    "a key charged without a row": (key_counted("charged", 7), "key key-1: charged is"),
    "a key with a hold that is not there": (key_counted("open_holds", 1), "key key-1: open_holds is 1"),
    "a hold that is lost": (lambda seen: replace(seen, holds=[]), "account: held is"),
    "a row that is lost": (lambda seen: replace(seen, entries=seen.entries[1:]), "account: charged is"),
    "a key that is lost": (lambda seen: replace(seen, keys=seen.keys[1:]), "key key-1: there are rows of it"),
    "a line for requests that never were": (unknown_rollup, "rollup 2026-11-23 key-1 openai gpt-4o: requests is 1"),
    "a line that is lost": (lambda seen: replace(seen, rollups={}), "requests is 0, but its rows: 1"),
    "a hold that was never swept": (lambda seen: replace(seen, now_s=NOON + 900 + 601), "overdue, 10 minutes"),
} | {f"a line with too much {n}": (first_rollup(**{n: 1}), f"gpt-4o: {n} is") for n in ROLLUP_COUNTERS}


@pytest.mark.parametrize(("plant", "told"), PLANTED.values(), ids=PLANTED)
def test_a_discrepancy_is_found(plant: Plant, told: str) -> None:
    found = discrepancies(plant(used()))

    assert any(told in line for line in found), found


@pytest.mark.parametrize("name", ROLLUP_COUNTERS)
def test_a_line_that_is_off_in_one_number_is_told_of_that_one_alone(name: str) -> None:
    assert len(discrepancies(first_rollup(**{name: -1})(used()))) == 1


def test_a_hold_may_be_late_until_it_is_swept() -> None:
    assert discrepancies(replace(used(), now_s=NOON + 900 + 599)) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["key-1", "key-2"]),
        st.sampled_from(["gpt-4o", "gpt-4o-mini", "gpt-5"]),
        st.sampled_from(["open", "send", "sweep"]),
        st.integers(0, 10_000),
    ),
    max_size=12,
)


@given(STEPS)
def test_whatever_requests_do_the_ledger_stays_sound(steps: list[tuple[str, str, str, int]]) -> None:
    store, clock = two_accounts(), clock_at()
    spending = Spending(store, clock)
    for key_id, model, step, number in steps:
        _do(spending, clock, step, {"key_id": key_id, "model": model}, number)

    assert discrepancies(facts(store, NOON)) == []


def _do(spending: Spending, clock: FakeClock, step: str, fields: dict[str, Any], number: int) -> None:
    if step == "open":
        spending.opened(**fields)
    elif step == "send":
        spending.sent(**fields, used=Usage(number, 0, 0, number, 0, is_exact=number % 2 == 0))
    else:
        clock.now += number
        spending.ledger.sweep()


def test_only_active_keys_are_counted() -> None:
    store = two_accounts(new_key("key-1", is_active=False))
    sound = facts(store)

    assert discrepancies(replace(sound, counters={**sound.counters, "keys": 1})) == []
