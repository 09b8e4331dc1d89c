"""The use case: what a key may do, and what it has done today and this month."""

from collections.abc import Callable
from datetime import UTC, datetime

from openmind_llm.classes import dataclass
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.domain.ledger import admission, limits
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.plans import Plan
from openmind_llm.domain.ports import ReportStore
from openmind_llm.domain.reports import usage


@dataclass(frozen=True, slots=True)
class OwnKey:
    """Amounts are in micro-OMCU. `credit_left` is what one request may hold at most; a budget's rest is None without.

    `today` and `this_month` are UTC's: see ROLLUP_COUNTERS.
    """

    record: KeyRecord
    plan: Plan
    credit_left: int
    day_left: int | None
    month_left: int | None
    today: Counters
    this_month: Counters


class OwnKeys:
    """`now` gives seconds since the epoch. Blocking."""

    def __init__(self, ledger: Ledger, store: ReportStore, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._store = store
        self._now = now

    def get(self, caller: Caller) -> OwnKey:
        """From a fresh look. Raises AuthenticationError, LedgerUnavailableError."""
        standing, plan = self._ledger.current(caller)
        now = self._now()
        day, month = limits.windows(standing.key.limits, now)
        today = datetime.fromtimestamp(now, UTC).date()
        rolled = self._store.rollups(caller.account_id, today.replace(day=1).isoformat(), today.isoformat())
        lines = usage.grouped(usage.of_key(rolled, caller.key_id), ("day",))
        return OwnKey(
            record=standing.key,
            plan=plan,
            credit_left=admission.credit_left(standing, now),
            day_left=day.left(standing.key_counters),
            month_left=month.left(standing.key_counters),
            today=usage.total(line for line in lines if line.group == (today.isoformat(),)),
            this_month=usage.total(lines),
        )
