"""What was used, read from the ledger in memory."""

from dataclasses import dataclass

from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import Entry, Hold, RollupKey, hold_of
from tests.memory_ledger import MemoryLedgerStore


@dataclass
class MemoryReports:
    """See domain.ports.ReportStore. `ledger` is where requests are written; `looks` counts the reads of day lines."""

    ledger: MemoryLedgerStore
    looks: int = 0

    def rollups(self, account_id: str, first: str, last: str) -> list[tuple[RollupKey, Counters]]:
        self.looks += 1
        lines = self.ledger.rollups.items()
        return [(key, counts) for key, counts in lines if key.account_id == account_id and first <= key.day <= last]

    def row(self, account_id: str, request_id: str) -> Hold | Entry | None:
        return next((row for row in self.rows(account_id) if hold_of(row).request_id == request_id), None)

    def rows(self, account_id: str, since: str = "", until: str = "~") -> list[Hold | Entry]:
        rows: list[Hold | Entry] = [*self.ledger.holds.values(), *self.ledger.entries.values()]
        return [r for r in rows if hold_of(r).account_id == account_id and since <= hold_of(r).request_id <= until]
