"""What the ledger says of a soak."""

from dataclasses import dataclass

from openmind_llm.bootstrap import inspections, reports
from openmind_llm.domain.ledger.rows import Entry, Hold
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.accounts import DynamoAccounts
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


def open_holds(settings: Settings) -> int:
    """As accounts and keys count them."""
    return sum(counters["open_holds"] for counters in _counters(settings))


def read(settings: Settings) -> Books:
    store, inspect = reports.store(settings), inspections.inspection(settings, overdue_s=0)
    rows = [row for account in ACCOUNTS for row in store.rows(account)]
    found = [f"{account}: {line}" for account in ACCOUNTS for line in inspect(account).discrepancies()]
    counters = _counters(settings)
    return Books(
        entries={row.hold.request_id: row for row in rows if isinstance(row, Entry)},
        holds=[row for row in rows if isinstance(row, Hold)],
        discrepancies=found,
        open_holds=sum(one["open_holds"] for one in counters),
        held=sum(one.get("held", 0) for one in counters),
    )


def _counters(settings: Settings) -> list[dict[str, int]]:
    store = DynamoAccounts(clients.dynamodb(), settings.table_name)
    known = [store.account(account) for account in ACCOUNTS]
    of_accounts = [dict(one.counters) for one in known if one is not None]
    return of_accounts + [dict(one.counters) for account in ACCOUNTS for one in store.keys(account)]
