"""Wires what tells an operator whether models and ledger are as they should be. No function that serves loads it."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import catalogues, credentials, signals
from openmind_llm.domain.inspections.ledgers import Ledgers
from openmind_llm.domain.inspections.models import ModelCheck
from openmind_llm.domain.inspections.nightly import Nightly
from openmind_llm.domain.ledger.inspection import Inspection
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.providers.listings import HttpListings
from openmind_llm.storage import clients
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.catalogue import DynamoCatalogue
from openmind_llm.storage.provider_keys import SecretProviderKeys
from openmind_llm.storage.reports import DynamoReports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openmind_llm.domain.attempts.target import ProviderKey
    from openmind_llm.settings import Settings
    from openmind_llm.storage.wire.operations import DynamoDB

OVERDUE_S = 10 * 60
"""How long past its time an open hold is a finding. The sweeper comes every five minutes."""


def nightly(settings: Settings) -> Nightly:
    """Raises nothing but what boto3 does: each run reads the catalogue anew."""
    dynamodb = clients.dynamodb_for_inspections(settings)
    accounts = DynamoAccounts(dynamodb, settings.table_name)

    def account_ids() -> list[str]:
        return [known.account.account_id for known in accounts.accounts()]

    ledgers = Ledgers(account_ids, _inspection(settings, dynamodb, OVERDUE_S), time.time, _shuffled)
    return Nightly(_models(settings, dynamodb), ledgers, signals.create(settings), time.time)


def models(settings: Settings) -> ModelCheck:
    return _models(settings, clients.dynamodb_for_inspections(settings))


def _models(settings: Settings, dynamodb: DynamoDB) -> ModelCheck:
    store = DynamoCatalogue(dynamodb, settings.table_name)
    return ModelCheck(lambda: catalogues.in_force(settings, store), listings(settings))


def listings(settings: Settings) -> HttpListings:
    """By the operator's keys. A secret that cannot be read is not the same as no key: SecretUnreadableError."""
    secret = credentials.secret(settings, settings.provider_keys_secret)
    known = SecretProviderKeys(secret)

    def keys(provider: str) -> Sequence[ProviderKey]:
        secret.text()
        return known.all(provider)

    return HttpListings(keys)


def inspection(settings: Settings, overdue_s: float) -> Callable[[str], Inspection]:
    """From an account's id to what checks it."""
    return _inspection(settings, clients.dynamodb_for_inspections(settings), overdue_s)


def _inspection(settings: Settings, dynamodb: DynamoDB, overdue_s: float) -> Callable[[str], Inspection]:
    accounts, rows = DynamoAccounts(dynamodb, settings.table_name), DynamoReports(dynamodb, settings.table_name)
    clock = Clock(time.time, time.sleep)
    return lambda account_id: Inspection(account_id, accounts, rows, clock, overdue_s)


def _shuffled(account_ids: list[str]) -> list[str]:
    return random.sample(account_ids, len(account_ids))
