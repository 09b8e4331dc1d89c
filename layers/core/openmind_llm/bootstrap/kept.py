"""Wires what requests read and write beside the ledger. The sweeper does without it."""

from dataclasses import dataclass

from openmind_llm.bootstrap import ledgers
from openmind_llm.domain.attempts.breaker import HealthStore
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.cached_answers import DynamoCache
from openmind_llm.storage.health import DynamoHealth


@dataclass(frozen=True, slots=True)
class Kept:
    """The answers of requests with an `Idempotency-Key`, those in the cache, and the health of the providers."""

    answers: AnswerStore
    cache: CacheStore
    health: HealthStore


def with_ledger(settings: Settings) -> tuple[Ledger, Kept]:
    """And the ledger, all by one client. Raises PlanOverrideError."""
    dynamodb, table = clients.dynamodb_for_requests(), settings.table_name
    kept = Kept(DynamoAnswers(dynamodb, table), DynamoCache(dynamodb, table), DynamoHealth(dynamodb, table))
    return ledgers.ledger(settings, dynamodb), kept
