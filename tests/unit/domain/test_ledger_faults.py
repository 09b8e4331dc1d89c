"""A store that fails, or answers after it was given up: nothing is charged twice, or for what was never sent."""

from dataclasses import replace

import pytest

from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.ledger import SETTLE_TRIES, SETTLE_WITHIN_S, Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Entry, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Limits, Plan, Plans
from openmind_llm.domain.ports import Written
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.providers import table
from tests.fakes import FakeClock
from tests.memory_ledger import MemoryLedgerStore, ledger, new_account, open_store

CALLER = Caller("key-1", "account-1")
PLANS = Plans([Plan("unlimited", "Unlimited", False, 0, None, 4096, Limits())])
ROUTE = table.load().resolve("openai", "gpt-4o-mini", "2026-11-25")
ASK = Ask("request-1", 1_000_000, 180, ROUTE, False, 1000, 1000, 1000)


def ending(charge: int) -> Ending:
    return Ending("completed", Usage(1, 0, 0, 1, 0, is_exact=True), Bill(charge, 1), 1_001_000, Timing(1000))


def open_ledger(store: MemoryLedgerStore) -> Ledger:
    """Of one more process."""
    return ledger(store, PLANS, FakeClock())


class LateStore(MemoryLedgerStore):
    """Its admissions fail, and are made only when the test says so."""

    late: Admission | None = None

    def admit(self, admission: Admission) -> Written:
        self.late = admission
        raise LedgerUnavailableError

    def arrive(self) -> Written:
        assert self.late is not None
        return super().admit(self.late)


def test_a_settlement_that_fails_is_tried_again() -> None:
    store = open_store()
    hold = open_ledger(store).admit(CALLER, ASK).hold
    store.failing = {"settle"}
    waited: list[float] = []

    def recovers(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == SETTLE_TRIES - 1:
            store.failing = set()

    settling = Ledger(store, PLANS, Clock(FakeClock(), recovers), Seen(30, FakeClock()))

    assert isinstance(settling.settle(hold, ending(5)), Entry)
    assert len(waited) == SETTLE_TRIES - 1
    assert store.counters("account-1")["charged"] == 5


def test_a_settlement_that_goes_on_failing_is_given_up_and_leaves_the_hold() -> None:
    store = open_store()
    settling = open_ledger(store)
    hold = settling.admit(CALLER, ASK).hold
    store.failing = {"settle"}

    with pytest.raises(LedgerUnavailableError):
        settling.settle(hold, ending(5))

    assert store.calls.count("settle") == SETTLE_TRIES
    assert store.counters("account-1")["held"] == hold.amount


def test_no_try_to_settle_begins_after_its_time() -> None:
    store, clock = open_store(), FakeClock()

    def takes_long(_: float) -> None:
        clock.now += SETTLE_WITHIN_S + 1

    settling = Ledger(store, PLANS, Clock(clock, takes_long), Seen(30, clock))
    hold = settling.admit(CALLER, ASK).hold
    store.failing = {"settle"}

    with pytest.raises(LedgerUnavailableError):
        settling.settle(hold, ending(5))

    assert store.calls.count("settle") == 1


def test_a_settlement_whose_answer_was_lost_charges_once() -> None:
    store = open_store()
    settling = open_ledger(store)
    hold = settling.admit(CALLER, ASK).hold
    store.lost = {"settle"}

    with pytest.raises(LedgerUnavailableError):
        settling.settle(hold, ending(5))
    store.lost = set()

    assert settling.settle(hold, ending(5)) is None
    assert store.counters("account-1")["charged"] == 5


def test_an_admission_whose_answer_was_lost_is_taken_back() -> None:
    store = open_store()
    store.lost = {"admit"}

    with pytest.raises(LedgerUnavailableError):
        open_ledger(store).admit(CALLER, ASK)

    assert store.holds == {}
    assert store.entries["request-1"].outcome == "refused"
    assert store.counters("account-1")["held"] == 0


def test_an_admission_that_arrives_after_it_was_given_up_holds_nothing() -> None:
    opened = open_store()
    store = LateStore(opened.known_accounts, opened.known_keys)

    with pytest.raises(LedgerUnavailableError):
        open_ledger(store).admit(CALLER, ASK)

    assert store.arrive() is Written.ALREADY
    assert store.holds == {}
    assert store.counters("account-1")["held"] == 0
    assert store.entries["request-1"].outcome == "refused"


def test_a_hold_that_was_placed_with_other_numbers_is_settled_by_its_own() -> None:
    store = open_store()
    placed = open_ledger(store).admit(CALLER, ASK).hold
    other = open_ledger(store)

    found = other.admit(CALLER, replace(ASK, asked_output=10)).hold
    other.settle(found, ending(5))

    assert found == placed
    assert store.counters("account-1")["held"] == 0


def test_nothing_is_let_off_because_the_credit_was_looked_at_too_long_ago() -> None:
    store = open_store(new_account(credit=10**9))
    settling = open_ledger(store)
    hold = settling.admit(CALLER, replace(ASK, asked_output=1)).hold
    account = store.known_accounts["account-1"]
    spent = {**account.counters, "granted": hold.amount, "balance": 0}
    granted = account.counters
    store.known_accounts["account-1"] = replace(account, counters=spent)
    settling.standing(CALLER)
    store.known_accounts["account-1"] = replace(account, counters=granted)

    entry = settling.settle(hold, ending(hold.amount + 7))

    assert entry is not None
    assert (entry.charge, entry.shortfall) == (hold.amount + 7, 0)
