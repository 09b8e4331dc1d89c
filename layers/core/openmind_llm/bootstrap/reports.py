"""Wires what tells callers about their keys, their usage, and what a request would cost."""

import time
from datetime import UTC, datetime

from openmind_llm.api.quotes import QuotesEndpoint
from openmind_llm.api.reports import Reports
from openmind_llm.bootstrap import credentials
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.owners import Owners
from openmind_llm.domain.quotes import Quotes
from openmind_llm.domain.reports.own_key import OwnKeys
from openmind_llm.domain.reports.usage import UsageReports
from openmind_llm.providers import dialect
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.reports import DynamoReports


def reports(settings: Settings, known: Catalogues, ledger: Ledger, owners: Owners) -> Reports:
    rows = store(settings)
    return Reports(
        keys=OwnKeys(ledger, rows, time.time),
        usage=UsageReports(rows, credentials.kept_pepper(settings)),
        quotes=QuotesEndpoint(Quotes(known, ledger, dialect.adjust, time.time), settings.max_body_bytes),
        today=lambda: datetime.now(UTC).date(),
        account_of=lambda user: owners.account(user)[0].account.account_id,
    )


def store(settings: Settings) -> DynamoReports:
    return DynamoReports(clients.dynamodb(settings), settings.table_name)


def usage(settings: Settings) -> UsageReports:
    return UsageReports(store(settings), credentials.kept_pepper(settings))
