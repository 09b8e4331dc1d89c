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
    return with_answers(settings)[0]


def with_answers(settings: Settings) -> tuple[Ledger, DynamoAnswers]:
    """And the answers of requests with an `Idempotency-Key`, by the same client. Raises PlanOverrideError."""
    dynamodb, seen = clients.dynamodb_for_requests(), Seen(settings.seen_max_age_s, time.monotonic)
    store, clock = DynamoLedger(dynamodb, settings.table_name), Clock(time.time, time.sleep)
    ledger = Ledger(store, plans.load(settings.plan_overrides), clock, seen)
    return ledger, DynamoAnswers(dynamodb, settings.table_name)
