"""An account is checked as it was at one moment, also while its requests come and go."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from openmind_llm.domain.ledger import inspection
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.check import discrepancies
from openmind_llm.domain.ledger.inspection import ATTEMPTS, Inspection, MovingError
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.domain.ledger.rows import Bill, Entry, Hold, Timing
from openmind_llm.domain.ledger.settlement import NOTHING, Ending
from openmind_llm.domain.plans import UNLIMITED, Plans
from openmind_llm.domain.ports import KnownAccount
from openmind_llm.errors import NoSuchUserError
from tests.memory_ledger import MemoryLedgerStore
from tests.memory_reports import MemoryReports
from tests.spending import PLANS, Spending, clock_at, two_accounts

REFUSED = Ending("refused", NOTHING, Bill(0, 0), 0, Timing(1))


def sound() -> MemoryLedgerStore:
    """Two accounts whose credit and keys are on record."""
    store = two_accounts()
    for account_id, keys in (("account-1", 2), ("account-2", 1)):
        known = store.known_accounts[account_id]
        store.known_accounts[account_id] = KnownAccount(known.account, {**known.counters, "keys": keys})
        store.audits.append(AuditRow(account_id, 0, "test", "open", account_id, known.counters["granted"]))
    return store


class BusyReports(MemoryReports):
    """Something happens whenever its rows have been read, as often as it says. It tells from where they were."""

    def __init__(self, ledger: MemoryLedgerStore, happens: Callable[[], object], times: int) -> None:
        super().__init__(ledger)
        self.happens = happens
        self.times = times
        self.since: list[str] = []

    def rows(self, account_id: str, since: str = "", until: str = "~") -> list[Hold | Entry]:
        self.since.append(since)
        rows = super().rows(account_id, since, until)
        if self.times:
            self.times -= 1
            self.happens()
        return rows


def inspecting(
    store: MemoryLedgerStore, reports: MemoryReports | None = None, account: str = "account-1"
) -> Inspection:
    clock = Clock(clock_at(), lambda _: None)
    return Inspection(account, store, reports or MemoryReports(store), clock, 600)


def test_a_sound_account_is_found_sound() -> None:
    store = sound()
    Spending(store).sent()
    Spending(store).opened("key-2")

    assert inspecting(store).discrepancies() == []


def test_what_is_wrong_is_told() -> None:
    store = sound()
    Spending(store).sent()
    store.entries.clear()

    assert any("account: charged" in line for line in inspecting(store).discrepancies())


def happenings(store: MemoryLedgerStore) -> dict[str, Callable[[], object]]:
    spending = Spending(store)
    held = iter([spending.opened("key-2") for _ in range(3)])

    def settled() -> None:
        spending.ledger.settle(next(held), REFUSED)

    return {"admitted": spending.opened, "sent": spending.sent, "refused": settled}


@pytest.mark.parametrize("what", ["admitted", "sent", "refused"])
def test_what_happens_during_a_look_is_no_discrepancy(what: str) -> None:
    store = sound()
    happens = happenings(store)[what]

    facts = inspecting(store, BusyReports(store, happens, times=3)).facts()

    assert discrepancies(facts) == []
    assert len(facts.holds) + len(facts.entries) == len(store.holds) + len(store.entries)


def test_a_request_that_came_and_went_is_noticed_where_the_account_is_as_before() -> None:
    """One is admitted and refused for nothing: every counter of account and key is what it was."""
    store = sound()
    spending = Spending(store, plans=Plans([replace(PLANS.get("unlimited"), limits=UNLIMITED)]))
    spending.sent()
    before = store.known_accounts["account-1"], store.known_keys["key-1"]

    def come_and_go() -> None:
        spending.ledger.settle(spending.opened(), REFUSED)

    reports = BusyReports(store, come_and_go, times=1)
    facts = inspecting(store, reports).facts()

    assert (store.known_accounts["account-1"], store.known_keys["key-1"]) == before
    assert len(reports.since) == 2
    assert discrepancies(facts) == []


def test_rows_that_cannot_have_changed_are_read_once() -> None:
    store = sound()
    Spending(store, clock_at(clock_at().now - 86_400)).sent()
    reports = BusyReports(store, Spending(store).sent, times=2)

    inspecting(store, reports).facts()

    assert reports.since[0] == ""
    assert all(since > min(store.entries) for since in reports.since[1:])


def test_a_hold_that_is_open_for_long_is_read_until_it_is_settled() -> None:
    store = sound()
    hold = Spending(store, clock_at(clock_at().now - 86_400)).opened()
    spending = Spending(store)
    reports = BusyReports(store, lambda: spending.ledger.settle(hold, REFUSED), times=1)

    facts = inspecting(store, reports).facts()

    assert discrepancies(facts) == []
    assert facts.holds == []


def test_an_account_that_never_rests_is_not_judged() -> None:
    store = sound()
    reports = BusyReports(store, Spending(store).sent, times=ATTEMPTS)

    with pytest.raises(MovingError, match="account-1 was not checked"):
        inspecting(store, reports).facts()


def test_an_account_that_is_not_there_cannot_be_checked() -> None:
    with pytest.raises(NoSuchUserError):
        inspecting(sound(), account="account-9").facts()


def test_every_account_with_something_wrong_is_listed_and_those_that_never_rest() -> None:
    store = sound()
    Spending(store).sent()
    store.entries.clear()
    busy = BusyReports(store, lambda: Spending(store).sent("key-3", "account-2"), times=ATTEMPTS)

    def inspect(account_id: str) -> Inspection:
        return inspecting(store, busy if account_id == "account-2" else None, account_id)

    found = dict(inspection.inspect(named("account-1", "account-2"), inspect))

    assert len(found["account-1"]) > 1
    assert found["account-2"] == ["account account-2 was not checked: too much is going on"]


def named(*account_ids: str) -> Iterator[str]:
    return iter(account_ids)
