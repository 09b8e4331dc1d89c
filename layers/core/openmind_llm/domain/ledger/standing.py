"""An account and one of its keys: what is set for them, and the counters that requests change."""

import re
from dataclasses import replace

from openmind_llm.classes import dataclass
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger import counters as moving
from openmind_llm.domain.ledger.counters import Counters, Move

ACCOUNT_ID = re.compile(r"[A-Za-z0-9_.:@|-]{1,128}")
"""Of an account, and so of a user, whose account has the same id."""

ACCOUNT_COUNTERS = (
    "version",
    "granted",
    "balance",
    "held",
    "charged",
    "open_holds",
    "keys",
    "period_end",
    "period_credit",
    "period_charged",
    "requests_full_at",
    "tokens_full_at",
)
"""`version` rises with every change of what is set; `keys` counts those that are not revoked. Credit is in micro-OMCU:
`granted = balance + held + charged`.

`period_end` is in seconds since the epoch; `period_credit` is this period's allowance.
"""

KEY_COUNTERS = (
    "version",
    "charged",
    "open_holds",
    "requests_full_at",
    "tokens_full_at",
    "day",
    "day_used",
    "month",
    "month_used",
)


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays. `created_at` is in seconds since the epoch and fixes the day on which periods end.

    What an operator has set: `allowed_models` and `denied_models` are names as in domain.ledger.guard, empty sets of no
    effect; `filters` is the JSON text of the content filters; `logs_content`: requests and answers may be logged.
    """

    account_id: str
    plan: str
    created_at: int
    is_active: bool = True
    cancel_at_period_end: bool = False
    allowed_models: frozenset[str] = frozenset()
    denied_models: frozenset[str] = frozenset()
    filters: str | None = None
    logs_content: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Both as they were at one moment."""

    account: Account
    key: KeyRecord
    account_counters: Counters
    key_counters: Counters

    def after(self, account_moves: tuple[Move, ...], key_moves: tuple[Move, ...]) -> "Standing":
        """As far as one process can tell: others may have moved the counters, too."""
        account = moving.applied(account_moves, self.account_counters)
        key = moving.applied(key_moves, self.key_counters)
        if account is None or key is None:
            return self
        return replace(self, account_counters=account, key_counters=key)


def new_counters(names: tuple[str, ...]) -> dict[str, int]:
    return dict.fromkeys(names, 0)
