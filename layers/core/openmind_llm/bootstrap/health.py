"""Wires what all environments know of the providers' health."""

import random
import time

from openmind_llm.domain.attempts.breaker import Breaker, HealthStore
from openmind_llm.domain.attempts.health import Health, Unwatched
from openmind_llm.domain.attempts.rules import BreakerRules
from openmind_llm.domain.attempts.watched import Watched
from openmind_llm.settings import Settings


def ways(settings: Settings, store: HealthStore) -> Health:
    """What is known of the ways to the providers."""
    return Watched(breaker(settings, store), time.time) if settings.breaker_failures else Unwatched()


def breaker(settings: Settings, store: HealthStore) -> Breaker:
    return Breaker(store, time.time, random.random, BreakerRules(failures=settings.breaker_failures))
