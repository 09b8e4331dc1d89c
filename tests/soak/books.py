"""What the ledger says of a soak."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
from botocore.config import Config

from openmind_llm.domain.ledger import inspection
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.inspection import Inspection
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.domain.ledger.rows import Entry, Hold
from openmind_llm.settings import Settings
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.reports import DynamoReports
from tests.soak.wishes import CALLERS

ACCOUNTS = sorted({who.account for who in CALLERS})


@dataclass(frozen=True)
class Books:
    """`discrepancies`: what `openmind-llm ledger check` finds. `open_holds` and `held` are sums over all counters."""

    entries: dict[str, Entry]
    holds: list[Hold]
    discrepancies: list[str]
    open_holds: int
    held: int


class Reader:
    """Patient, as the product is not: the emulator takes seconds for thousands of rows. Blocking."""

    def __init__(self, settings: Settings) -> None:
        client = boto.dynamodb(boto3.client("dynamodb", config=Config(read_timeout=120)))
        self._accounts = DynamoAccounts(client, settings.table_name)
        self._rows = DynamoReports(client, settings.table_name)

    def open_holds(self) -> int:
        """As accounts and keys count them."""
        return sum(counters["open_holds"] for counters in self._counters())

    def read(self) -> Books:
        rows = [row for account in ACCOUNTS for row in self._rows.rows(account)]
        found = inspection.inspect(iter(ACCOUNTS), self._inspection)
        counters = list(self._counters())
        return Books(
            entries={row.hold.request_id: row for row in rows if isinstance(row, Entry)},
            holds=[row for row in rows if isinstance(row, Hold)],
            discrepancies=[f"{account}: {line}" for account, lines in found for line in lines],
            open_holds=sum(one["open_holds"] for one in counters),
            held=sum(one.get("held", 0) for one in counters),
        )

    def _inspection(self, account: str) -> Inspection:
        return Inspection(account, self._accounts, self._rows, Clock(time.time, time.sleep), overdue_s=0)

    def _counters(self) -> Iterator[Counters]:
        """Of each account, and of each of its keys."""
        for account in ACCOUNTS:
            known = self._accounts.account(account)
            if known is not None:
                yield known.counters
            yield from (key.counters for key in self._accounts.keys(account))
