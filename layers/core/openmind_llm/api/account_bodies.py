"""Keys and balances as the account API shows them: neither a secret nor a hash is among it."""

from typing import Any

from openmind_llm.domain import money, utc
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.ports import KnownAccount, KnownKey


def key(known: KnownKey) -> dict[str, Any]:
    """The documented fields first. Whole OMCU are rounded down; the exact amount stands beside."""
    record, charged = known.record, known.counters["charged"]
    return {
        "id": record.key_id,
        "user_id": record.account_id,
        "name": record.name,
        "prefix": record.prefix,
        "total_cost": charged // money.MICRO,
        "deleted": not record.is_active,
        "created_at": record.created_at,
        "updated_at": record.updated_at or record.created_at,
        "total_cost_micro_omcu": charged,
        "expires_at": moment(record.expires_at),
        "allowed_models": sorted(record.allowed_models),
        "allowed_providers": sorted(record.allowed_providers),
        "cache_max_age_seconds": record.cache_max_age_s,
        "limits": limits(record.limits),
    }


def balance(known: KnownAccount) -> dict[str, Any]:
    """Whole OMCU, rounded down: what a request may hold is never less than what is told."""
    counters = known.counters
    return {
        "plan": known.account.plan,
        "omcu_balance": counters["balance"] // money.MICRO,
        "monthly_unused_omcu": credit.monthly_unused(counters) // money.MICRO,
        "monthly_total_omcu": counters["period_credit"] // money.MICRO,
        "current_period_end": moment(counters["period_end"]),
        "cancel_at_period_end": known.account.cancel_at_period_end,
        "omcu_balance_micro": counters["balance"],
    }


def limits(of: Limits) -> dict[str, Any]:
    """Budgets as exact decimal text, which no client rounds."""
    return {
        "requests_per_second": of.requests_per_second,
        "burst": of.burst,
        "tokens_per_minute": of.tokens_per_minute,
        "concurrency": of.concurrency,
        "day_budget_omcu": omcu(of.day_budget),
        "month_budget_omcu": omcu(of.month_budget),
    }


def omcu(amount: int | None) -> str | None:
    return None if amount is None else money.text(amount)


def moment(seconds: int | None) -> str | None:
    return None if seconds is None else utc.text(seconds)
