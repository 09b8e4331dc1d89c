"""Wires what tells an operator whether the ledger is sound. No function loads it."""

import time
from collections.abc import Callable

from openmind_llm.bootstrap import reports
from openmind_llm.domain.ledger.inspection import Inspection
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.accounts import DynamoAccounts


def inspection(settings: Settings, overdue_s: float) -> Callable[[str], Inspection]:
    """From an account's id to what checks it."""
    accounts, rows = DynamoAccounts(clients.dynamodb(), settings.table_name), reports.store(settings)
    clock = Clock(time.time, time.sleep)
    return lambda account_id: Inspection(account_id, accounts, rows, clock, overdue_s)
