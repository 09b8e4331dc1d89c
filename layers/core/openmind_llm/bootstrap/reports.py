"""Wires what tells callers about their usage, and operators whether the ledger is sound."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from openmind_llm.api.quotes import QuotesEndpoint
from openmind_llm.api.reports import Reports
from openmind_llm.bootstrap import credentials
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.ledger.inspection import Inspection
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.owners import Owners
from openmind_llm.domain.quotes import Quotes
from openmind_llm.domain.reports.own_key import OwnKeys
from openmind_llm.domain.reports.usage import UsageReports
from openmind_llm.providers import dialect
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.reports import DynamoReports


def reports(settings: Settings, catalogue: Catalogue, ledger: Ledger, owners: Owners) -> Reports:
    return Reports(
        keys=OwnKeys(ledger, store(settings), time.time),
        usage=usage(settings),
        quotes=QuotesEndpoint(Quotes(catalogue, ledger, dialect.adjust, time.time), settings.max_body_bytes),
        today=lambda: datetime.now(UTC).date(),
        account_of=lambda user: owners.account(user)[0].account.account_id,
    )


def store(settings: Settings) -> DynamoReports:
    return DynamoReports(clients.dynamodb(), settings.table_name)


def usage(settings: Settings) -> UsageReports:
    return UsageReports(store(settings), credentials.kept_pepper(settings))


def inspection(settings: Settings, overdue_s: float) -> Callable[[str], Inspection]:
    """From an account's id to what checks it."""
    accounts, rows = DynamoAccounts(clients.dynamodb(), settings.table_name), store(settings)
    clock = Clock(time.time, time.sleep)
    return lambda account_id: Inspection(account_id, accounts, rows, clock, overdue_s)
