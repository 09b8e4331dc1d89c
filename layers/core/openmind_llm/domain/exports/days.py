"""A whole day once more, from the table: what the stream has missed, or what was settled before there was one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from openmind_llm.classes import dataclass
from openmind_llm.domain import ids
from openmind_llm.domain.exports import lines
from openmind_llm.domain.exports.ports import Shelf
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.ports import AccountStore, ReportStore

ROWS_OF_A_FILE = 50_000

MARGIN = timedelta(minutes=15)
"""Of the time in a request's id, which was there before the request began: no function lives longer."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`open` requests of the day are not settled, and so not exported."""

    rows: int = 0
    files: int = 0
    open: int = 0


class Days:
    """Blocking; raises LedgerUnavailableError, and what the shelf raises."""

    def __init__(self, accounts: AccountStore, reports: ReportStore, shelf: Shelf) -> None:
        self._accounts = accounts
        self._reports = reports
        self._shelf = shelf
        self._open = 0

    def export(self, day: date, rows_of_a_file: int = ROWS_OF_A_FILE) -> Exported:
        """All accounts. Another run writes the same files anew: rows are added to a day, and never taken away."""
        self._open, done, waiting = 0, Exported(), list[Entry]()
        for entry in self._entries(day):
            waiting.append(entry)
            if len(waiting) == rows_of_a_file:
                done, waiting = self._put(day, done, waiting), []
        if waiting:
            done = self._put(day, done, waiting)
        return replace(done, open=self._open)

    def _put(self, day: date, done: Exported, entries: list[Entry]) -> Exported:
        self._shelf.put(f"usage/date={day}/table-{done.files:05}.jsonl.gz", lines.packed(entries))
        return replace(done, rows=done.rows + len(entries), files=done.files + 1)

    def _entries(self, day: date) -> Iterator[Entry]:
        began = datetime(day.year, day.month, day.day, tzinfo=UTC)
        since, until = _id_at(began - MARGIN), _id_at(began + timedelta(days=1) + MARGIN)
        for account_id in sorted(known.account.account_id for known in self._accounts.accounts()):
            of_day = [r for r in self._reports.rows(account_id, since, until) if lines.day(r) == day.isoformat()]
            entries = [row for row in of_day if isinstance(row, Entry)]
            self._open += len(of_day) - len(entries)
            yield from entries


def _id_at(moment: datetime) -> str:
    return ids.first(int(moment.timestamp() * 1000))
