"""Wires the ledger, and the answers that are kept."""

import time
from dataclasses import dataclass

from openmind_llm import plans
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.cached_answers import DynamoCache
from openmind_llm.storage.ledger import DynamoLedger


@dataclass(frozen=True, slots=True)
class Kept:
    """The answers of requests with an `Idempotency-Key`, and those in the cache."""

    answers: AnswerStore
    cache: CacheStore


def ledger(settings: Settings) -> Ledger:
    """Raises PlanOverrideError."""
    return with_answers(settings)[0]


def with_answers(settings: Settings) -> tuple[Ledger, Kept]:
    """And what is kept of answers, by the same client. Raises PlanOverrideError."""
    dynamodb, seen = clients.dynamodb_for_requests(), Seen(settings.seen_max_age_s, time.monotonic)
    store, clock = DynamoLedger(dynamodb, settings.table_name), Clock(time.time, time.sleep)
    ledger = Ledger(store, plans.load(settings.plan_overrides), clock, seen)
    return ledger, Kept(DynamoAnswers(dynamodb, settings.table_name), DynamoCache(dynamodb, settings.table_name))
