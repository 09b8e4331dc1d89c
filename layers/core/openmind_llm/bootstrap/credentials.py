"""Wires what checks and keeps keys. The authorizer loads this alone: neither FastAPI nor the HTTP client."""

import time
from collections.abc import Callable

from openmind_llm.domain import keys
from openmind_llm.domain.keys import Caller, Find
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.keys import DynamoKeys
from openmind_llm.storage.secrets import Secret


def key_store(settings: Settings) -> DynamoKeys:
    return DynamoKeys(clients.dynamodb(), settings.table_name)


def secret(settings: Settings, secret_id: str) -> Secret:
    return Secret(clients.secretsmanager(), secret_id, settings.secrets_max_age_s, time.time)


def kept_pepper(settings: Settings) -> Callable[[], bytes]:
    """Read again now and then."""
    kept = secret(settings, settings.key_pepper_secret)
    return lambda: kept.text().encode()


def authenticator(settings: Settings, *finds: Find) -> Callable[[str], Caller]:
    """From a key to its caller, by the first of `finds` that knows it. Raises AuthenticationError."""
    pepper = kept_pepper(settings)
    return lambda key: keys.authenticate(key, finds, pepper, time.time())
