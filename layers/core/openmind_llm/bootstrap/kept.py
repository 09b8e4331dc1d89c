"""Wires what requests read and write beside the ledger. The sweeper does without it."""

from openmind_llm.bootstrap import ledgers
from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts.breaker import HealthStore
from openmind_llm.domain.catalogues import VersionStore
from openmind_llm.domain.idempotency import AnswerStore
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.response_cache import CacheStore
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.answers import DynamoAnswers
from openmind_llm.storage.cached_answers import DynamoCache
from openmind_llm.storage.catalogue import DynamoCatalogue
from openmind_llm.storage.health import DynamoHealth


@dataclass(frozen=True, slots=True)
class Kept:
    """Answers to give again (by `Idempotency-Key`, from the cache), providers' health, and what is set of models."""

    answers: AnswerStore
    cache: CacheStore
    health: HealthStore
    catalogue: VersionStore


def with_ledger(settings: Settings) -> tuple[Ledger, Kept]:
    """And the ledger, all by one client. Raises PlanOverrideError."""
    dynamodb, table = clients.dynamodb_for_requests(settings), settings.table_name
    answers, cache = DynamoAnswers(dynamodb, table), DynamoCache(dynamodb, table)
    kept = Kept(answers, cache, DynamoHealth(dynamodb, table), DynamoCatalogue(dynamodb, table))
    return ledgers.ledger(settings, dynamodb), kept
