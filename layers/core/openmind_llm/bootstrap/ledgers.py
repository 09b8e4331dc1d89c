"""Wires the ledger, and all else that requests read and write beside it."""

import time
from dataclasses import dataclass

from openmind_llm import plans
from openmind_llm.domain.attempts.breaker import HealthStore
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.cached_answers import DynamoCache
from openmind_llm.storage.health import DynamoHealth
from openmind_llm.storage.ledger import DynamoLedger


@dataclass(frozen=True, slots=True)
class Kept:
    """The answers of requests with an `Idempotency-Key`, those in the cache, and the health of the providers."""

    answers: AnswerStore
    cache: CacheStore
    health: HealthStore


def ledger(settings: Settings) -> Ledger:
    """Raises PlanOverrideError."""
    return with_answers(settings)[0]


def with_answers(settings: Settings) -> tuple[Ledger, Kept]:
    """And what is kept beside it, by the same client. Raises PlanOverrideError."""
    dynamodb, table = clients.dynamodb_for_requests(), settings.table_name
    clock, seen = Clock(time.time, time.sleep), Seen(settings.seen_max_age_s, time.monotonic)
    ledger = Ledger(DynamoLedger(dynamodb, table), plans.load(settings.plan_overrides), clock, seen)
    return ledger, Kept(DynamoAnswers(dynamodb, table), DynamoCache(dynamodb, table), DynamoHealth(dynamodb, table))
