"""A key that lives as long as one run: with a small budget, and revoked at the end whatever happens."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dev.smoke.stack import Stack
from openmind_llm.bootstrap import accounting
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import AccountExistsError, Accounts
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.money import MICRO
from openmind_llm.domain.plans import UNLIMITED
from openmind_llm.errors import KeyNotFoundError
from openmind_llm.settings import Settings
from openmind_llm.storage.stack import stack_environment

ACCOUNT = "smoke"
ACTOR = "smoke"
PLAN = "standard"
"""Of an account that is not there yet. It lets through what the rows send at once."""

LIFETIME_S = 3600
BUDGET = 500 * MICRO
"""Micro-OMCU a day for the key, and at least the account's balance."""


@dataclass(frozen=True)
class Loan:
    key: str
    settings: Settings
    account_id: str = ACCOUNT

    @property
    def key_id(self) -> str:
        return keys.key_id(self.key)

    def revoke(self) -> None:
        """Once or more often."""
        with contextlib.suppress(KeyNotFoundError):
            accounting.accounts(self.settings).delete_key(self.account_id, self.key_id, ACTOR)


@contextmanager
def lent(stack: Stack) -> Iterator[Loan]:
    """Raises what the storage raises."""
    settings = Settings.from_env(stack_environment(stack.name))
    accounts = accounting.accounts(settings)
    _open(accounts)
    asked = KeySettings("smoke", int(time.time()) + LIFETIME_S, limits=replace(UNLIMITED, day_budget=BUDGET))
    loan = Loan(keys.mint("live"), settings)
    try:
        accounts.create_key(ACCOUNT, ACTOR, asked, loan.key)
        yield loan
    finally:
        loan.revoke()


def _open(accounts: Accounts) -> None:
    with contextlib.suppress(AccountExistsError):
        accounts.open(ACCOUNT, PLAN, ACTOR)
    missing = BUDGET - accounts.get(ACCOUNT).counters["balance"]
    if missing > 0:
        accounts.grant(ACCOUNT, missing, ACTOR, "for a smoke test")
