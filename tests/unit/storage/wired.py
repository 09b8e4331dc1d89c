"""Our own client, as the environment says."""

import os
from collections.abc import Callable, Mapping

from openmind_llm.storage.wire import place
from openmind_llm.storage.wire.operations import DynamoDB, SecretsManager
from openmind_llm.storage.wire.service import DYNAMODB, SECRETS_MANAGER, Protocol, Service, Timers, Waiting

WAITING = Waiting(5, 20, 1)


def wired(variables: Mapping[str, str] = os.environ) -> DynamoDB:
    return DynamoDB(service(variables))


def wired_secrets() -> SecretsManager:
    return SecretsManager(service(os.environ, SECRETS_MANAGER))


def service(
    variables: Mapping[str, str],
    protocol: Protocol = DYNAMODB,
    waiting: Waiting = WAITING,
    timers: Timers | None = None,
    trace: Callable[[], str] = str,
) -> Service:
    found = place.read(variables, trace)
    assert found is not None
    return Service(protocol, found, waiting, timers)
