"""Reads what a check of an account needs, while requests are running.

No read spans several items at one moment, so it is made sure that nothing happened in between. The rows are read
between two looks at everything else, day lines outermost and the account innermost:

- A settlement adds to a day line, which only ever grows: if the lines are the same at both looks, nothing was settled.
- Then an admission between the looks would still be open, and the account's counters would tell it.
- Credit and keys change only with a new row of the audit.

Where something did happen, it is read again. Settled rows never change, so only those are which may be new or were
held: the window is a few round trips long, however many rows there are.
"""

from collections.abc import Callable, Iterator, Mapping

from openmind_llm.classes import dataclass
from openmind_llm.domain import ids
from openmind_llm.domain.ledger import check
from openmind_llm.domain.ledger.check import Facts
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.domain.ledger.rows import Entry, Hold, RollupKey, hold_of
from openmind_llm.domain.ports import AccountStore, KnownKey, ReportStore
from openmind_llm.errors import NoSuchUserError

ATTEMPTS = 20
PAUSE_S = 0.3
LATE_MS = 20 * 60 * 1000
"""A row may be written this long after its request began, which its id tells: longer than any request takes."""

ALWAYS = ("0000-00-00", "9999-99-99")


class MovingError(ValueError):
    """Requests of the account came and went too fast for a look at one moment."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """All but the rows."""

    counters: Counters
    keys: tuple[KnownKey, ...]
    granted: tuple[int, ...]
    rollups: Mapping[RollupKey, Counters]


class Inspection:
    """Of one account. Blocking; raises NoSuchUserError, LedgerUnavailableError and MovingError."""

    def __init__(
        self, account_id: str, accounts: AccountStore, reports: ReportStore, clock: Clock, overdue_s: float
    ) -> None:
        self._account_id = account_id
        self._accounts = accounts
        self._reports = reports
        self._clock = clock
        self._overdue_s = overdue_s
        self._rows: dict[str, Hold | Entry] = {}
        self._read_ms: int | None = None

    def discrepancies(self) -> list[str]:
        """What two looks in a row find: an index may be a moment behind its table."""
        first = check.discrepancies(self.facts())
        if not first:
            return []
        self._clock.sleep(1)
        return check.discrepancies(self.facts())

    def facts(self) -> Facts:
        """As all of it was at one moment."""
        for _ in range(ATTEMPTS):
            before = self._looked_inwards()
            self._read_rows()
            if self._looked_outwards() == before:
                return self._facts(before)
            self._clock.sleep(PAUSE_S)
        raise MovingError(f"account {self._account_id} was not checked: too much is going on")

    def _facts(self, frame: _Frame) -> Facts:
        return Facts(
            account_id=self._account_id,
            counters=frame.counters,
            keys=frame.keys,
            holds=[row for row in self._rows.values() if isinstance(row, Hold)],
            entries=[row for row in self._rows.values() if isinstance(row, Entry)],
            rollups=frame.rollups,
            granted=sum(frame.granted),
            now_s=self._clock.now(),
            overdue_s=self._overdue_s,
        )

    def _looked_inwards(self) -> _Frame:
        rollups, granted, keys = self._rollups(), self._granted(), self._keys()
        return _Frame(self._counters(), keys, granted, rollups)

    def _looked_outwards(self) -> _Frame:
        counters = self._counters()
        return _Frame(counters, self._keys(), self._granted(), self._rollups())

    def _read_rows(self) -> None:
        began_ms = int(self._clock.now() * 1000)
        rows = self._reports.rows(self._account_id, min(self._may_have_changed(), default=""))
        self._rows |= {hold_of(row).request_id: row for row in rows}
        self._read_ms = began_ms

    def _may_have_changed(self) -> Iterator[str]:
        if self._read_ms is not None:
            yield ids.first(self._read_ms - LATE_MS)
            yield from (request_id for request_id, row in self._rows.items() if isinstance(row, Hold))

    def _counters(self) -> Counters:
        known = self._accounts.account(self._account_id)
        if known is None:
            raise NoSuchUserError
        return known.counters

    def _keys(self) -> tuple[KnownKey, ...]:
        return tuple(sorted(self._accounts.keys(self._account_id), key=lambda known: known.record.key_id))

    def _granted(self) -> tuple[int, ...]:
        return tuple(row.credit for row in self._accounts.audit(self._account_id))

    def _rollups(self) -> dict[RollupKey, Counters]:
        return dict(self._reports.rollups(self._account_id, *ALWAYS))


def inspect(account_ids: Iterator[str], inspection: Callable[[str], Inspection]) -> Iterator[tuple[str, list[str]]]:
    """Each account that something is wrong with, or that could not be checked."""
    for account_id in account_ids:
        try:
            found = inspection(account_id).discrepancies()
        except MovingError as error:
            found = [str(error)]
        if found:
            yield account_id, found
