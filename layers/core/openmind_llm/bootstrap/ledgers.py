"""Wires the ledger, and the answers that are kept for a repeat."""

import time

from openmind_llm import plans
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.ledger import DynamoLedger


def ledger(settings: Settings) -> Ledger:
    """Raises PlanOverrideError."""
    store = DynamoLedger(clients.dynamodb_for_requests(), settings.table_name)
    seen = Seen(settings.seen_max_age_s, time.monotonic)
    return Ledger(store, plans.load(settings.plan_overrides), Clock(time.time, time.sleep), seen)


def answers(settings: Settings) -> DynamoAnswers:
    """Of requests with an `Idempotency-Key`."""
    return DynamoAnswers(clients.dynamodb_for_requests(), settings.table_name)
