"""What the table holds of one account, and whether it all adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev import seed
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS
from openmind_llm.domain.ports import Written
from openmind_llm.storage import boto, items, records
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.table import Table
from tests.memory_ledger import new_account, new_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from openmind_llm.domain.ledger.audit import AuditRow
    from openmind_llm.domain.plans import Limits

_OF_ROWS = ("input", "cached_input", "cache_write", "output", "reasoning", "charge", "cost", "shortfall")


@dataclass
class Books:
    """Of an account with one key."""

    client: DynamoDBClient
    account_id: str
    key_id: str

    def __post_init__(self) -> None:
        self._table = Table(boto.dynamodb(self.client), seed.TABLE)

    def open(self, audit: AuditRow, *, plan: str, credit: int, key_limits: Limits | None = None) -> None:
        known = new_account(plan, self.account_id, credit)
        settings = {} if key_limits is None else {"limits": key_limits}
        key = new_key(self.key_id, self.account_id, **settings)
        accounts = DynamoAccounts(boto.dynamodb(self.client), seed.TABLE)
        assert accounts.open(known.account, known.counters, audit) is Written.DONE
        assert accounts.add_key(key.record, (), audit)

    def account(self) -> dict[str, int]:
        return records.counters(self._table.get(records.account_key(self.account_id)), ACCOUNT_COUNTERS)

    def key(self) -> dict[str, int]:
        return records.counters(self._table.get(records.key_key(self.key_id)), KEY_COUNTERS)

    def rows(self) -> list[dict[str, Any]]:
        return self._under(f"LEDGER#{self.account_id}")

    def rollups(self) -> list[dict[str, Any]]:
        return self._under(f"ROLLUP#{self.account_id}")

    def all_items(self) -> list[items.Item]:
        """As DynamoDB has them."""
        pages = self.client.get_paginator("scan").paginate(TableName=seed.TABLE)
        return [item for page in pages for item in page["Items"] if self.account_id in str(item)]

    def require_exact(self) -> None:
        """Counters, rows and rollups tell the same to the last micro-OMCU."""
        account, key, rows = self.account(), self.key(), self.rows()
        held = [row for row in rows if row["state"] == records.HELD]
        settled = [row for row in rows if row["state"] == records.SETTLED]
        require_balanced(account)
        assert account["held"] == sum(row["hold"] for row in held)
        assert account["charged"] == key["charged"] == sum(row["charge"] for row in settled)
        assert account["open_holds"] == key["open_holds"] == len(held)
        assert key["day_used"] == key["month_used"] == account["held"] + account["charged"]
        self._require_rolled_up(settled)

    def _require_rolled_up(self, settled: list[dict[str, Any]]) -> None:
        rolled = {name: sum(line[name] for line in self.rollups()) for name in ROLLUP_COUNTERS}
        summed = {name: sum(row[name] for row in settled) for name in _OF_ROWS}
        estimated = sum(not row["is_exact"] for row in settled)
        assert rolled == summed | {"requests": len(settled), "estimated": estimated}

    def _under(self, pk: str) -> list[dict[str, Any]]:
        return list(self._table.query("pk = :pk", {":pk": {"S": pk}}, ConsistentRead=True))


def require_balanced(account: dict[str, int]) -> None:
    """Of the counters as they were at one moment."""
    assert account["granted"] == account["balance"] + account["held"] + account["charged"]
    assert account["balance"] >= 0
    assert account["held"] >= 0
    assert account["charged"] <= account["granted"]
