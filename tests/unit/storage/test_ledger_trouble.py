"""What the ledger makes of a table that fails, and of transactions that meet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.ledger.settlement import Settlement
from openmind_llm.domain.ports import LedgerStore, Written
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage.ledger import DynamoLedger
from openmind_llm.storage.wire.errors import ServiceError
from tests.memory_ledger import open_store
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB
from tests.unit.storage.holding import ACCOUNT, KEY, NOW_S, REQUEST, admission_of, settlement_of

CALLS: dict[str, Callable[[LedgerStore, Admission, Entry], Any]] = {
    "standing": lambda store, *_: store.standing("key-1", "account-1"),
    "hold": lambda store, *_: store.hold("account-1", REQUEST),
    "admit": lambda store, admission, _: store.admit(admission),
    "settle": lambda store, _, entry: store.settle(Settlement(entry, (), ())),
    "expired_holds": lambda store, *_: store.expired_holds(int(NOW_S)),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_table_that_cannot_be_used_means_that_the_ledger_is_unavailable(dynamodb: "DynamoDB", call: str) -> None:
    known = open_store(ACCOUNT, KEY)
    one = admission_of(known)
    entry = settlement_of(known, one.hold).entry

    with pytest.raises(LedgerUnavailableError):
        CALLS[call](DynamoLedger(dynamodb, "no-such-table"), one, entry)


@dataclass
class Conflicting:
    """A client whose transactions meet those of others."""

    real: "DynamoDB"
    codes: list[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def transact_write_items(self, **_: Any) -> None:
        raise ServiceError("TransactWriteItems", "TransactionCanceledException", reasons=tuple(self.codes))


@pytest.mark.parametrize(
    ("codes", "written"),
    [
        (["None", "TransactionConflict", "None"], Written.STALE),
        (["TransactionConflict", "None", "None"], Written.STALE),
        (["ConditionalCheckFailed", "TransactionConflict", "None"], Written.ALREADY),
    ],
)
def test_a_transaction_that_meets_another_is_stale(dynamodb: "DynamoDB", codes: list[str], written: Written) -> None:
    client: Any = Conflicting(dynamodb, codes)

    assert DynamoLedger(client, TABLE).admit(admission_of(open_store(ACCOUNT, KEY))) is written


@pytest.mark.parametrize("codes", [["None", "ThrottlingError", "None"], []])
def test_a_transaction_that_is_cancelled_for_want_of_capacity_or_without_a_reason_makes_the_ledger_unavailable(
    dynamodb: "DynamoDB", codes: list[str]
) -> None:
    client: Any = Conflicting(dynamodb, codes)

    with pytest.raises(LedgerUnavailableError):
        DynamoLedger(client, TABLE).admit(admission_of(open_store(ACCOUNT, KEY)))


class Throttled:
    """Gives no item of a batch, and says that it would have to be asked for again."""

    def __init__(self) -> None:
        self.asked = 0

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.asked += 1
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}


def test_a_batch_that_is_never_given_whole_makes_the_ledger_unavailable() -> None:
    client: Any = Throttled()

    with pytest.raises(LedgerUnavailableError):
        DynamoLedger(client, TABLE).standing("key-1", "account-1")

    assert client.asked == 5
