"""What was used, on the wire. Amounts are exact decimals of OMCU, as text, under names that end in `_omcu`.

What a provider charges the operator is not told to callers.
"""

from typing import Any

from openmind_llm.api import account_bodies
from openmind_llm.api.account_bodies import moment, omcu
from openmind_llm.domain import money, utc
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import Entry, Hold, hold_of
from openmind_llm.domain.quotes import Quote
from openmind_llm.domain.rates import TOKEN_CLASSES
from openmind_llm.domain.reports import sheet
from openmind_llm.domain.reports.own_key import OwnKey
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.domain.reports.usage import Line, Page
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError

COLUMNS = ("requests", "estimated", *(f"{name}_tokens" for name in TOKEN_CLASSES), "charge_omcu")


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
    tokens = {f"{name}_tokens": summed[name] for name in TOKEN_CLASSES}
    return (
        {name: summed[name] for name in ("requests", "estimated")}
        | tokens
        | {"charge_omcu": money.text(summed["charge"])}
    )


def own_key(key: OwnKey) -> dict[str, Any]:
    record = key.record
    return _named(record) | {
        "plan": key.plan.name,
        "limits": account_bodies.limits(record.limits),
        "plan_limits": account_bodies.limits(key.plan.limits),
        "credit_remaining_omcu": money.text(key.credit_left),
        "budget_remaining": {"day_omcu": omcu(key.day_left), "month_omcu": omcu(key.month_left)},
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
        "fallback_of": hold.fallback_of or None,
        "price_version": hold.price_version,
        "is_stream": hold.is_stream,
        "max_tokens": hold.output_cap,
        "started_at": utc.text(hold.started_at / 1000),
        "hold_omcu": money.text(hold.amount),
        **ended,
    }


def quote(quoted: Quote) -> dict[str, Any]:
    route, ask, told = quoted.route, quoted.ask, quoted.quoted
    return {
        "object": "quote",
        "provider": route.provider.name,
        "model": route.model.name,
        "upstream_model": route.upstream_id,
        "is_exact": route.is_exact,
        "adjusted": list(quoted.adjusted),
        "price": {
            "version": route.price_version,
            "micro_omcu_per_token": {name: route.price.per_token[name] for name in TOKEN_CLASSES},
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
        "expires_at": moment(record.expires_at),
        "allowed_models": sorted(record.allowed_models),
        "allowed_providers": sorted(record.allowed_providers),
        "cache_max_age_seconds": record.cache_max_age_s,
    }


def _ended(row: Hold | Entry) -> dict[str, Any]:
    entry = row if isinstance(row, Entry) else None
    return {
        "settled_at": entry and utc.text(entry.settled_at / 1000),
        "charge_omcu": entry and money.text(entry.charge),
        "outcome": entry and entry.outcome,
        "usage": entry and _tokens(entry.usage),
        "usage_is_exact": entry and entry.usage.is_exact,
        "estimate_reason": (entry and entry.reason) or None,
        "latency": entry and {"first_ms": entry.timing.first_ms, "duration_ms": entry.timing.duration_ms},
        "attempts": entry and entry.timing.attempts,
    }


def _tokens(used: Usage) -> dict[str, int]:
    return {f"{name}_tokens": count for name, count in used.by_class.items()}


def _refusal(error: GatewayError | None) -> dict[str, Any] | None:
    return None if error is None else {"status": error.status, "error": error.message}
