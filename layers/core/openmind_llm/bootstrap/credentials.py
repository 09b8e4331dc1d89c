"""Wires what checks and keeps keys. The authorizer loads this alone: neither FastAPI nor the HTTP client."""

import time
from collections.abc import Callable

from openmind_llm.bootstrap import signals
from openmind_llm.domain import keys
from openmind_llm.domain.keys import Caller, Find
from openmind_llm.errors import AuthenticationError
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.keys import DynamoKeys
from openmind_llm.storage.secrets import Secret


def key_store(settings: Settings) -> DynamoKeys:
    return DynamoKeys(clients.dynamodb(settings), settings.table_name)


def secret(settings: Settings, secret_id: str) -> Secret:
    told = signals.create(settings)
    return Secret(clients.secretsmanager(settings), secret_id, settings.secrets_max_age_s, time.time, told)


def kept_pepper(settings: Settings) -> Callable[[], bytes]:
    """Read again now and then."""
    kept = secret(settings, settings.key_pepper_secret)
    return lambda: kept.text().encode()


def authenticator(settings: Settings, *finds: Find) -> Callable[[str], Caller]:
    """From a key to its caller, by the first of `finds` that knows it. Raises AuthenticationError."""
    pepper = kept_pepper(settings)
    return lambda key: keys.authenticate(key, finds, pepper, time.time())


def authorizer(settings: Settings) -> Callable[[str], Caller]:
    """The authenticator of the authorizer. Whatever fails but a key is told.

    No metric of AWS says it: a caller's bad key is an error of that function, too. Raises AuthenticationError.
    """
    authenticate, told = authenticator(settings, key_store(settings).get), signals.create(settings)

    def watched(key: str) -> Caller:
        try:
            return authenticate(key)
        except AuthenticationError:
            raise
        except Exception as error:
            told.tell("authorizer failed", {"AuthorizerFailures": 1}, {"cause": type(error).__name__})
            raise

    return watched
