"""Claims and answers in the table and in memory: both do the same. Races between two processes want ministack."""

from typing import TYPE_CHECKING

import pytest

from openmind_llm import plans
from openmind_llm.domain.idempotency import KEPT_S, Claim, Kept, Record, StillRunningError
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import settlement
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.ports import LedgerStore
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.providers import table
from openmind_llm.storage import claims
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.ledger import DynamoLedger
from tests import memory_ledger
from tests.fakes import FakeClock
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.domain.idempotency import AnswerStore
    from openmind_llm.storage.wire.operations import DynamoDB

CALLER = Caller("key-1", "account-1")
ROUTE = table.load().resolve("openai", "gpt-4o", "2026-11-25")
KEPT = Kept(is_stream=True, headers={"x-openmind-adjusted": "-seed"}, parts=2)
USED = Usage(10, 0, 0, 5, 0, is_exact=True)


class Stored:
    """A ledger over one of the stores, with one account."""

    def __init__(self, store: LedgerStore, answers: "AnswerStore") -> None:
        self.clock = FakeClock()
        self.answers = answers
        self.ledger = Ledger(store, plans.load(), Clock(self.clock, lambda _: None), Seen(30, self.clock))

    def admit(self, request_id: str, idempotency: str = "record", body_hash: str = "hash") -> Admission:
        ask = Ask(request_id, 0, 900, ROUTE, False, 10, 10, 16, idempotency=idempotency, body_hash=body_hash)
        return self.ledger.admit(CALLER, ask)

    def settle(self, admission: Admission, kept: Kept | None = None) -> None:
        ending = Ending("completed", USED, Bill(5, 5), 2_000_000, Timing(5), kept)
        assert self.ledger.settle(admission.hold, ending) is not None

    def record(self, account_id: str = "account-1") -> Record | None:
        return self.answers.record(account_id, "record")


@pytest.fixture(params=["memory", "dynamo"])
def stored(request: pytest.FixtureRequest, dynamodb: "DynamoDB") -> Stored:
    if request.param == "memory":
        memory = memory_ledger.open_store()
        return Stored(memory, memory)
    accounts, account = DynamoAccounts(dynamodb, TABLE), memory_ledger.new_account()
    audit = AuditRow("account-1", 0, "test", "open", "account-1")
    assert accounts.open(account.account, account.counters, audit)
    accounts.add_key(memory_ledger.new_key().record, (Move("keys", by=1),), audit)
    return Stored(DynamoLedger(dynamodb, TABLE), DynamoAnswers(dynamodb, TABLE))


def test_a_claim_is_placed_with_the_hold(stored: Stored) -> None:
    admission = stored.admit("request-1")

    claim = Claim("account-1", "record", "hash", "request-1", 1000, 1900, 1000 + KEPT_S)
    assert admission.claim == claim
    assert stored.record() == Record(claim)
    assert stored.record("account-2") is None


def test_a_request_without_a_key_claims_nothing(stored: Stored) -> None:
    admission = stored.admit("request-1", "")
    stored.settle(admission)

    assert admission.claim is None
    assert stored.record() is None


def test_what_is_claimed_is_not_admitted_again(stored: Stored) -> None:
    stored.admit("request-1")
    before = stored.ledger.standing(CALLER)

    with pytest.raises(StillRunningError):
        stored.admit("request-2")

    assert stored.ledger.standing(CALLER) == before


def test_the_settlement_tells_of_the_answer(stored: Stored) -> None:
    admission = stored.admit("request-1")
    stored.settle(admission, KEPT)

    assert admission.claim
    assert stored.record() == Record(admission.claim, KEPT)
    with pytest.raises(StillRunningError):
        stored.admit("request-2")


def test_a_settlement_that_keeps_nothing_removes_the_record(stored: Stored) -> None:
    stored.settle(stored.admit("request-1"))

    assert stored.record() is None
    stored.settle(stored.admit("request-2"), KEPT)
    assert stored.record()


@pytest.mark.parametrize(("is_done", "after_s"), [(False, 900), (True, KEPT_S)])
def test_a_record_that_is_past_its_time_is_replaced(stored: Stored, is_done: bool, after_s: int) -> None:
    """DynamoDB removes it late."""
    first = stored.admit("request-1")
    if is_done:
        stored.settle(first, KEPT)
    stored.clock.now += after_s - 1
    with pytest.raises(StillRunningError):
        stored.admit("request-2")
    stored.clock.now += 1

    second = stored.admit("request-2")

    assert second.claim
    assert stored.record() == Record(second.claim)


@pytest.mark.parametrize("kept", [KEPT, None])
def test_a_settlement_leaves_a_record_alone_that_is_anothers_by_now(stored: Stored, kept: Kept | None) -> None:
    first = stored.admit("request-1")
    stored.clock.now += 900
    second = stored.admit("request-2")

    stored.settle(first, kept)

    assert second.claim
    assert stored.record() == Record(second.claim)


def test_a_sweep_removes_the_record_of_a_dead_request(stored: Stored) -> None:
    stored.admit("11111111-1111-7111-8111-111111111111")
    stored.clock.now += 901

    (entry,) = stored.ledger.sweep()

    assert entry.outcome == "abandoned"
    assert stored.record() is None


def test_a_withdrawn_hold_takes_its_record_along(stored: Stored) -> None:
    admission = stored.admit("request-1")

    stored.ledger.settle(admission.hold, settlement.refused(admission.hold, 1_000_000))

    assert stored.record() is None


def test_parts_come_back_in_their_order(stored: Stored) -> None:
    admission = stored.admit("request-1")
    parts = [bytes([number]) * 350_000 for number in range(12)]
    assert admission.claim

    stored.answers.write_parts(admission.claim, parts)
    stored.settle(admission, Kept(is_stream=False, headers={}, parts=12))

    record = stored.record()
    assert record
    assert stored.answers.parts(record) == parts


def test_parts_expire_with_their_record_and_lie_beside_it(stored: Stored, dynamodb: "DynamoDB") -> None:
    claim = Claim("account-1", "record", "hash", "request-1", 1000, 1900, 87_400)

    DynamoAnswers(dynamodb, TABLE).write_parts(claim, [b"one"])

    found = dynamodb.get_item(TableName=TABLE, Key=claims.part_key(claim, 0))["Item"]
    assert found["pk"]["S"] == claims.record_key("account-1", "record")["pk"]["S"] == "IDEMPOTENCY#account-1#record"
    assert found["sk"]["S"] == "PART#request-1#0000"
    assert (found["ttl"]["N"], found["content"]["B"]) == ("87400", b"one")


def test_parts_of_an_earlier_request_are_not_taken_for_anothers(dynamodb: "DynamoDB") -> None:
    answers = DynamoAnswers(dynamodb, TABLE)
    claim = Claim("account-1", "record", "hash", "request-2", 1000, 1900, 87_400)
    answers.write_parts(Claim("account-1", "record", "hash", "request-1", 0, 900, 86_400), [b"old", b"older"])
    answers.write_parts(claim, [b"new", b"newer"])

    assert answers.parts(Record(claim, KEPT)) == [b"new", b"newer"]


def test_an_answer_of_which_a_part_is_missing_is_none(dynamodb: "DynamoDB") -> None:
    answers = DynamoAnswers(dynamodb, TABLE)
    claim = Claim("account-1", "record", "hash", "request-1", 1000, 1900, 87_400)
    answers.write_parts(claim, [b"one"])

    with pytest.raises(LedgerUnavailableError):
        answers.parts(Record(claim, KEPT))


def test_a_table_that_cannot_be_used_is_a_ledger_that_is_not_available(dynamodb: "DynamoDB") -> None:
    with pytest.raises(LedgerUnavailableError):
        DynamoAnswers(dynamodb, "no-table").record("account-1", "record")
