"""A settled row as one line of JSON, and rows as a file of them. The fields are documented in docs/export.md.

What was said is in no row, and neither is a secret: a key is told by its id.
"""

import gzip
import json
from collections.abc import Iterable
from typing import Any

from openmind_llm.domain import utc
from openmind_llm.domain.ledger.rows import Entry, Hold, hold_of

VERSION = 1
"""Of the fields. A new field leaves it; a field that goes, or comes to mean something else, raises it."""


def line(entry: Entry) -> dict[str, Any]:
    """Every field is always there, and null where there is nothing to tell."""
    hold, used, bill = entry.hold, entry.usage, entry.bill
    return {
        "version": VERSION,
        "request_id": hold.request_id,
        "account_id": hold.account_id,
        "key_id": hold.key_id,
        "started_at": utc.text(hold.started_at / 1000),
        "settled_at": utc.text(entry.settled_at / 1000),
        "provider": hold.provider,
        "model": hold.model,
        "upstream_model": hold.upstream_model,
        "fallback_of": hold.fallback_of or None,
        "price_version": hold.price_version,
        "is_stream": hold.is_stream,
        "outcome": entry.outcome,
        "reason": entry.reason or None,
        "usage_is_exact": used.is_exact,
        **{f"{name}_tokens": count for name, count in used.by_class.items()},
        "hold_micro_omcu": hold.amount,
        "charge_micro_omcu": entry.charge,
        "shortfall_micro_omcu": entry.shortfall,
        "cost_micro_usd": bill.cost,
        "cost_is_reported": bill.is_cost_reported,
        "attempts": entry.timing.attempts,
        "duration_ms": entry.timing.duration_ms,
        "first_ms": entry.timing.first_ms,
    }


def packed(entries: Iterable[Entry]) -> bytes:
    """Gzipped, a line for each. The same rows are the same bytes, whenever they are packed."""
    text = "".join(json.dumps(line(entry), separators=(",", ":")) + "\n" for entry in entries)
    return gzip.compress(text.encode(), mtime=0)


def day(row: Hold | Entry) -> str:
    """That of the request's start, as in the account's usage report."""
    return utc.day(hold_of(row).started_at / 1000)
