"""What was used, on the wire. Amounts are exact decimals of OMCU, as text, under names that end in `_omcu`.

What a provider charges the operator is not told to callers.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from openmind_llm.domain import keys, money, pricing
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import Entry, Hold
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.quotes import Quote
from openmind_llm.domain.reports import sheet
from openmind_llm.domain.reports.own_key import OwnKey
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.domain.reports.usage import Line, Page, hold_of
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError

TOKENS = ("input", "cached_input", "cache_write", "output", "reasoning")
"""Classes that do not overlap."""

COLUMNS = ("requests", "estimated", *(f"{name}_tokens" for name in TOKENS), "charge_omcu")
BUDGETS = ("day_budget", "month_budget")


def usage(page: Page) -> dict[str, Any]:
    return {
        "object": "usage",
        "from": page.query.first,
        "to": page.query.last,
        "group_by": list(page.query.group_by),
        "data": [_line(page.query, line) for line in page.lines],
        "totals": counts(page.totals),
        "next_cursor": page.next_cursor or None,
    }


def usage_sheet(page: Page) -> str:
    """The lines of `usage`, with the names of their fields above them; no totals."""
    rows = ((*line.group, *counts(line.counts).values()) for line in page.lines)
    return sheet.text((*page.query.group_by, *COLUMNS), rows)


def counts(summed: Counters) -> dict[str, int | str]:
    tokens = {f"{name}_tokens": summed[name] for name in TOKENS}
    return (
        {name: summed[name] for name in ("requests", "estimated")}
        | tokens
        | {"charge_omcu": money.text(summed["charge"])}
    )


def own_key(key: OwnKey) -> dict[str, Any]:
    record = key.record
    return _named(record) | {
        "plan": key.plan.name,
        "limits": _limits(record.limits),
        "plan_limits": _limits(key.plan.limits),
        "credit_remaining_omcu": money.text(key.credit_left),
        "budget_remaining": {"day_omcu": _amount(key.day_left), "month_omcu": _amount(key.month_left)},
        "usage": {"today": counts(key.today), "this_month": counts(key.this_month)},
    }


def request(row: Hold | Entry) -> dict[str, Any]:
    """What is known only at its end is null while it is open."""
    hold, ended = hold_of(row), _ended(row)
    return {
        "id": hold.request_id,
        "object": "request",
        "state": "settled" if isinstance(row, Entry) else "held",
        "key_id": hold.key_id,
        "provider": hold.provider,
        "model": hold.model,
        "upstream_model": hold.upstream_model,
        "price_version": hold.price_version,
        "is_stream": hold.is_stream,
        "max_tokens": hold.output_cap,
        "started_at": _moment(hold.started_at / 1000),
        "hold_omcu": money.text(hold.amount),
        **ended,
    }


def quote(quoted: Quote) -> dict[str, Any]:
    route, ask, told = quoted.route, quoted.ask, quoted.quoted
    version = route.price.version if route.is_exact else f"{route.price.version} ceiling"
    return {
        "object": "quote",
        "provider": route.provider.name,
        "model": route.model.name,
        "upstream_model": route.upstream_id,
        "is_exact": route.is_exact,
        "adjusted": list(quoted.adjusted),
        "price": {
            "version": version,
            "micro_omcu_per_token": {name: pricing.per_token(route.price, name) for name in TOKENS},
        },
        "assumes": {"input_tokens": ask.input_bound, "output_tokens": told.output_cap * ask.choices},
        "max_tokens": told.output_cap,
        "hold_omcu": money.text(told.amount),
        "max_cost_omcu": money.text(told.amount),
        "credit_remaining_omcu": money.text(told.credit_left),
        "would_be_admitted": told.refusal is None,
        "refusal": _refusal(told.refusal),
    }


def _line(query: UsageQuery, line: Line) -> dict[str, Any]:
    return dict(zip(query.group_by, line.group, strict=True)) | counts(line.counts)


def _named(record: KeyRecord) -> dict[str, Any]:
    return {
        "object": "key",
        "id": record.key_id,
        "name": record.name,
        "prefix": record.prefix,
        "created_at": record.created_at,
        "expires_at": None if record.expires_at is None else _moment(record.expires_at),
        "allowed_models": sorted(record.allowed_models),
        "allowed_providers": sorted(record.allowed_providers),
    }


def _limits(limits: Limits) -> dict[str, Any]:
    values: Mapping[str, int | None] = asdict(limits)
    rates = {name: value for name, value in values.items() if name not in BUDGETS}
    return rates | {f"{name}_omcu": _amount(values[name]) for name in BUDGETS}


def _ended(row: Hold | Entry) -> dict[str, Any]:
    entry = row if isinstance(row, Entry) else None
    return {
        "settled_at": entry and _moment(entry.settled_at / 1000),
        "charge_omcu": entry and money.text(entry.charge),
        "outcome": entry and entry.outcome,
        "usage": entry and _tokens(entry.usage),
        "usage_is_exact": entry and entry.usage.is_exact,
        "estimate_reason": (entry and entry.reason) or None,
        "latency": entry and {"first_ms": entry.timing.first_ms, "duration_ms": entry.timing.duration_ms},
        "attempts": entry and entry.timing.attempts,
    }


def _tokens(used: Usage) -> dict[str, int]:
    return {f"{name}_tokens": getattr(used, name) for name in TOKENS}


def _refusal(error: GatewayError | None) -> dict[str, Any] | None:
    return None if error is None else {"status": error.status, "error": error.message}


def _amount(amount: int | None) -> str | None:
    return None if amount is None else money.text(amount)


def _moment(seconds: float) -> str:
    return keys.written(datetime.fromtimestamp(seconds, UTC))
