"""Wires what owners and operators do with accounts and keys."""

import time
from collections.abc import Callable

from openmind_llm import plans
from openmind_llm.bootstrap import credentials
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeyRules
from openmind_llm.domain.owners import Owners
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.providers import table
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.secrets import SecretUnreadableError


def accounts(settings: Settings) -> Accounts:
    """Raises PlanOverrideError."""
    return _accounts(settings, credentials.kept_pepper(settings))


def owners(settings: Settings) -> Owners:
    """Raises PlanOverrideError, and UnknownPlanError for the plan of new accounts."""
    if settings.default_plan:
        plans.load(settings.plan_overrides).get(settings.default_plan)
    pepper = credentials.kept_pepper(settings)

    def readable() -> bytes:
        try:
            return pepper()
        except SecretUnreadableError:
            raise LedgerUnavailableError from None

    return Owners(_accounts(settings, readable), rules(), settings.default_plan)


def rules() -> KeyRules:
    return KeyRules(table.provider_names(), time.time)


def _accounts(settings: Settings, pepper: Callable[[], bytes]) -> Accounts:
    store = DynamoAccounts(clients.dynamodb(settings), settings.table_name)
    return Accounts(store, plans.load(settings.plan_overrides), pepper, time.time)
