"""Whoever settles a hold, and however many try at once: it is charged once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dev import seed
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Entry, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Limits, Plan, Plans
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import TooManyRequestsError
from openmind_llm.storage.ledger import DynamoLedger
from openmind_llm.storage.wire.operations import DynamoDB
from tests.integration.ledger import racers
from tests.integration.ledger.conftest import Open

NOON = 20_000 * 86_400 + 43_200
HOLD_S = 180
HOLDS = 8
ONE_AT_A_TIME = Plan("one", "One", False, 0, None, 4096, Limits(concurrency=1))
RACE = Plan("race", "Race", False, 0, None, 4096, Limits())
ENDING = Ending("completed", Usage(7, 0, 0, 9, 0, is_exact=True), Bill(1234, 5), (NOON + 60) * 1000, Timing(60_000))


class Together(DynamoLedger):
    """Whose sweepers have all seen the holds before one of them settles any."""

    barrier = threading.Barrier(1)

    def expired_holds(self, now_s: int) -> list[tuple[str, str]]:
        found = super().expired_holds(now_s)
        self.barrier.wait(30)
        return found


def ledger_of_a_process(client: DynamoDB, now: float, barrier: threading.Barrier | None = None) -> Ledger:
    clock, store = Clock(lambda: now, time.sleep), Together(client, seed.TABLE)
    store.barrier = barrier or store.barrier
    return Ledger(store, Plans([RACE, ONE_AT_A_TIME]), clock, Seen(30, time.monotonic))


def admitted(ledger: Ledger, account_id: str) -> Admission:
    return ledger.admit(Caller(f"key-{account_id}", account_id), racers.ask(NOON))


def test_two_sweepers_and_a_late_settlement_of_the_same_holds_charge_each_once(
    open_account: Open, client: DynamoDB
) -> None:
    books = open_account()
    late = ledger_of_a_process(client, NOON)
    together = threading.Barrier(3)
    sweepers = [ledger_of_a_process(client, NOON + HOLD_S + 1, together) for _ in range(2)]
    holds = [admitted(late, books.account_id).hold for _ in range(HOLDS)]

    def settle() -> list[Entry | None]:
        together.wait(30)
        return [late.settle(hold, ENDING) for hold in reversed(holds)]

    with ThreadPoolExecutor(3) as threads:
        settling, sweeping = threads.submit(settle), [threads.submit(ledger.sweep) for ledger in sweepers]
        settled = [entry for entry in settling.result() if entry is not None]
        entries = settled + [entry for done in sweeping for entry in done.result()]

    assert sorted(entry.hold.request_id for entry in entries) == sorted(hold.request_id for hold in holds)
    assert books.account()["charged"] == sum(entry.charge for entry in entries)
    assert books.account()["open_holds"] == 0
    books.require_exact()


def test_a_request_that_died_keeps_others_out_until_its_hold_is_over_and_no_longer(
    open_account: Open, client: DynamoDB
) -> None:
    books = open_account(plan="one")
    admitted(ledger_of_a_process(client, NOON), books.account_id)

    assert ledger_of_a_process(client, NOON + HOLD_S).sweep() == []
    with pytest.raises(TooManyRequestsError):
        admitted(ledger_of_a_process(client, NOON), books.account_id)
    assert len(ledger_of_a_process(client, NOON + HOLD_S + 1).sweep()) == 1
    assert admitted(ledger_of_a_process(client, NOON), books.account_id).hold.amount > 0
    ledger_of_a_process(client, NOON + HOLD_S + 1).sweep()
    books.require_exact()
