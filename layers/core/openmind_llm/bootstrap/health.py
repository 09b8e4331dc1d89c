"""Wires what all environments know of the providers' health."""

import random
import time
from typing import TYPE_CHECKING

from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.rules import BreakerRules
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.health import DynamoHealth

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def breaker(settings: Settings, dynamodb: "DynamoDBClient | None" = None) -> Breaker:
    """By the ledger's client, where it is given: then the connections are open already."""
    store = DynamoHealth(dynamodb or clients.dynamodb_for_requests(), settings.table_name)
    return Breaker(store, time.time, random.random, BreakerRules(failures=settings.breaker_failures))
