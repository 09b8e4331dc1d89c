"""What a request costs in DynamoDB: calls, and write units by its rules.

A write unit is a started kB of an item as it is after the write (or before it, if it was larger then); in a transaction
it counts twice. An index that an item enters or leaves is one more unit.
"""

import json
import sys
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dev import seed
from dev.cost import data
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Limits, Plan, Plans
from openmind_llm.domain.ports import Written
from openmind_llm.domain.usage import Usage
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from tests.integration.ledger import racers
from tests.integration.ledger.books import Books
from tests.memory_ledger import new_account
from tests.watched_dynamodb import watched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KB = 1024
MANY = 10**12
LIMITS = Limits(MANY, MANY, 10**9, MANY, MANY * 1000, MANY * 1000)
PLAN = Plan("enterprise", "Enterprise", False, 0, None, 16_384, Limits(10**6, 10**6, 10**9, 10**6))
LONG_MODEL = "m" * 64


class Counted:
    """What one client sends, and the operations of each write."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.writes: list[list[str]] = []
        self.client = watched(self._sent)

    def _sent(self, operation: str, body: bytes) -> None:
        self.calls.append(operation)
        if operation == "TransactWriteItems":
            operations = json.loads(body)["TransactItems"]
            self.writes.append([kind for one in operations for kind in one])

    def taken(self) -> list[str]:
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def books(dynamodb: "DynamoDBClient") -> Books:
    """An account and a key with long names and every limit."""
    account_id, key_id = f"auth0|{uuid.uuid4().hex * 2}", uuid.uuid4().hex[:16]
    accounts, audit = (
        DynamoAccounts(boto.dynamodb(dynamodb), seed.TABLE),
        AuditRow(account_id, 0, "test", "open", account_id),
    )
    known = new_account("enterprise", account_id)
    record = KeyRecord(key_id, account_id, "n" * 100, "om1_live_KKKK", "d" * 64, "2026-11-25T00:00:00.000Z")
    record = replace(
        record,
        updated_at="2026-11-25T00:00:00.000Z",
        retired_digest="e" * 64,
        retired_until=1_800_000_000,
        expires_at=1_900_000_000,
        limits=LIMITS,
    )
    assert accounts.open(known.account, known.counters, audit) is Written.DONE
    assert accounts.add_key(record, (), audit)
    return Books(dynamodb, account_id, key_id)


def admit(ledger: Ledger, books: Books, idempotency: str = "") -> Admission:
    """With names as long as a provider may have them."""
    asked = racers.ask(time.time())
    route = replace(asked.route, model=replace(asked.route.model, name=LONG_MODEL), upstream_id="u" * 128)
    return ledger.admit(Caller(books.key_id, books.account_id), replace(asked, route=route, idempotency=idempotency))


def ask(ledger: Ledger, books: Books, idempotency: str = "") -> None:
    """With counts that are as large as they get."""
    admission = admit(ledger, books, idempotency)
    used = Usage(10**6, 10**6, 10**6, 10**6, 10**6, is_exact=False)
    timing = Timing(900_000, 240_000, 3)
    ledger.settle(admission.hold, Ending("client_gone", used, Bill(10**9, 10**9), int(time.time() * 1000), timing))


def test_a_warm_request_is_two_round_trips_and_16_write_units(books: Books) -> None:
    counted = Counted()
    store = DynamoLedger(counted.client, seed.TABLE)
    ledger = Ledger(store, Plans([PLAN]), Clock(time.time, time.sleep), Seen(30, time.monotonic))

    assert ledger.key(books.key_id) is not None
    assert counted.taken() == ["GetItem", "BatchGetItem"]
    ask(ledger, books)
    assert counted.taken() == ["TransactWriteItems", "TransactWriteItems"]
    ledger.standing(Caller(books.key_id, books.account_id))
    assert counted.taken() == ["BatchGetItem"]

    admit(ledger, books)
    sizes = {kind(item): size(item) for item in books.all_items()}
    admission, settlement, _ = counted.writes
    sys.stdout.write(f"\nadmission {admission}, settlement {settlement}, bytes {sizes}\n")
    assert admission == ["Put", "Update", "Update"]
    assert settlement == ["Update", "Update", "Update", "Update"]
    assert sizes.keys() == {"ACCOUNT", "KEY", "AUDIT", "ROLLUP", "LEDGER held", "LEDGER settled"}
    assert all(size < KB for size in sizes.values())
    assert units(admission) == 7
    assert units(settlement) == 9
    assert data.load().found["write_units"] == units(admission) + units(settlement)
    assert data.load().found["row_bytes"] == sizes["LEDGER settled"]


def test_an_idempotency_key_is_one_more_write_at_either_end(books: Books) -> None:
    """Beside the look for the record before, and the parts of the answer."""
    counted = Counted()
    store = DynamoLedger(counted.client, seed.TABLE)
    ledger = Ledger(store, Plans([PLAN]), Clock(time.time, time.sleep), Seen(30, time.monotonic))

    ask(ledger, books, "i" * 64)

    assert counted.writes == [["Put", "Update", "Update", "Put"], ["Update", "Update", "Update", "Update", "Delete"]]


def units(operations: list[str]) -> int:
    """Of items under a kB; the row enters the index of open holds, or leaves it."""
    return 2 * len(operations) + 1


def kind(item: dict[str, Any]) -> str:
    return " ".join([item["pk"]["S"].partition("#")[0], *(item["state"].values() if "state" in item else ())])


def size(item: dict[str, Any]) -> int:
    """Bytes, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size(*value.items()) for name, value in item.items())


def _size(one: tuple[str, Any]) -> int:
    match one:
        case "S", text:
            return len(text.encode())
        case "N", digits:
            return len(digits.strip("-").rstrip("0")) // 2 + 2
        case "SS", texts:
            return sum(len(text.encode()) for text in texts)
        case _:
            return 1
