"""Accounts, keys and ledger rows as items of the table: where each is, and what its attributes are called."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from openmind_llm.domain import ids
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.rows import Bill, Entry, Hold, RollupKey, Timing
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS, Account, Standing
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.ports import Plain
from openmind_llm.domain.rates import TOKEN_CLASSES
from openmind_llm.domain.usage import Usage
from openmind_llm.storage import items
from openmind_llm.storage.items import Item

HELD, SETTLED = "held", "settled"
LEDGER = "LEDGER#"
"""Before the account's id: where its rows are."""

HOLD_INDEX = "open-holds"
SHARDS = "0123456789abcdef"
"""Of the index of open holds, which all accounts write to: by the last character of the request's id."""

ONLY_WHILE_HELD = ("hold_shard", "assumed_input", "assumed_output", "assumed_charge", "assumed_cost")
_LIMITS = tuple(field.name for field in fields(Limits))


def account_key(account_id: str) -> Item:
    return items.key(f"ACCOUNT#{account_id}", "ACCOUNT")


def key_key(key_id: str) -> Item:
    return items.key(f"KEY#{key_id}", "KEY")


def row_key(account_id: str, request_id: str) -> Item:
    """A request's id begins with its time: an account's rows lie in the order of their requests."""
    return items.key(LEDGER + account_id, request_id)


def rollup_key(key: RollupKey) -> Item:
    return items.key(f"ROLLUP#{key.account_id}", f"{key.day}#{key.key_id}#{key.provider}#{key.model}")


def account_values(account: Account) -> dict[str, Plain]:
    values = asdict(account)
    del values["account_id"]  # the index of keys by account would copy it
    return values


def account(values: dict[str, Any]) -> Account:
    known = {field.name: values[field.name] for field in fields(Account) if field.name in values}
    return Account(account_id=values["pk"].removeprefix("ACCOUNT#"), **known)


def key_values(record: KeyRecord) -> dict[str, Plain]:
    values = {field.name: getattr(record, field.name) for field in fields(KeyRecord) if field.name != "limits"}
    return values | asdict(record.limits)


def key_record(values: dict[str, Any]) -> KeyRecord:
    known = {field.name: values[field.name] for field in fields(KeyRecord) if field.name in values}
    return KeyRecord(**known, limits=Limits(**{name: values.get(name) for name in _LIMITS}))


def hold_values(hold: Hold) -> dict[str, Plain]:
    return {
        "state": HELD,
        "hold_shard": hold.request_id[-1],
        "key_id": hold.key_id,
        "provider": hold.provider,
        "model": hold.model,
        "upstream_model": hold.upstream_model,
        "price_version": hold.price_version,
        "is_stream": hold.is_stream,
        "started_at": hold.started_at,
        "expires_at": hold.expires_at,
        "hold": hold.amount,
        "output_cap": hold.output_cap,
        "input_bound": hold.input_bound,
        "tokens": hold.tokens,
        "day": hold.day,
        "month": hold.month,
        "idempotency": hold.idempotency or None,
        "assumed_input": hold.assumed.input,
        "assumed_output": hold.assumed.output,
        "assumed_charge": hold.assumed_bill.charge,
        "assumed_cost": hold.assumed_bill.cost,
    }


def hold(account_id: str, values: dict[str, Any]) -> Hold:
    """Of a settled row, what was assumed is gone and reads as nothing."""
    return Hold(
        request_id=values["sk"],
        account_id=account_id,
        key_id=values["key_id"],
        provider=values["provider"],
        model=values["model"],
        upstream_model=values["upstream_model"],
        price_version=values["price_version"],
        is_stream=values["is_stream"],
        started_at=values["started_at"],
        expires_at=values["expires_at"],
        amount=values["hold"],
        output_cap=values["output_cap"],
        input_bound=values["input_bound"],
        tokens=values["tokens"],
        day=values["day"],
        month=values["month"],
        idempotency=values.get("idempotency", ""),
        fallback_of=values.get("fallback_of", ""),
        assumed=Usage(values.get("assumed_input", 0), 0, 0, values.get("assumed_output", 0), 0, is_exact=False),
        assumed_bill=Bill(values.get("assumed_charge", 0), values.get("assumed_cost", 0)),
    )


def entry_values(entry: Entry) -> dict[str, Plain]:
    """What a settlement adds to the row of its hold, or changes there: who answered may not be who was asked."""
    hold = entry.hold
    return {
        "state": SETTLED,
        "provider": hold.provider,
        "model": hold.model,
        "upstream_model": hold.upstream_model,
        "price_version": hold.price_version,
        "fallback_of": hold.fallback_of or None,
        "outcome": entry.outcome,
        "reason": entry.reason or None,
        **entry.usage.by_class,
        "is_exact": entry.usage.is_exact,
        "charge": entry.charge,
        "shortfall": entry.shortfall,
        "cost": entry.bill.cost,
        "is_cost_reported": entry.bill.is_cost_reported,
        "settled_at": entry.settled_at,
        "duration_ms": entry.timing.duration_ms,
        "first_ms": entry.timing.first_ms,
        "attempts": entry.timing.attempts,
    }


def entry(account_id: str, values: dict[str, Any]) -> Entry:
    counts = {name: values[name] for name in TOKEN_CLASSES}
    charge, shortfall = values["charge"], values["shortfall"]
    return Entry(
        hold=hold(account_id, values),
        outcome=values["outcome"],
        usage=Usage(**counts, is_exact=values["is_exact"]),
        bill=Bill(charge + shortfall, values["cost"], is_cost_reported=values["is_cost_reported"]),
        charge=charge,
        shortfall=shortfall,
        reason=values.get("reason", ""),
        settled_at=values["settled_at"],
        timing=Timing(values["duration_ms"], values.get("first_ms"), values["attempts"]),
    )


def standing(account_values: dict[str, Any], key_values: dict[str, Any]) -> Standing:
    return Standing(
        account(account_values),
        key_record(key_values),
        counters(account_values, ACCOUNT_COUNTERS),
        counters(key_values, KEY_COUNTERS),
    )


def counters(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, int]:
    return {name: values.get(name, 0) for name in names}


def audit_row(values: dict[str, Any]) -> AuditRow:
    named = {name: values[name] for name in ("at", "actor", "action", "subject", "credit")}
    detail = json.loads(values["detail"])
    return AuditRow(account_id=values["pk"].removeprefix("AUDIT#"), **named, detail=detail)


def audit_item(row: AuditRow) -> Item:
    values: dict[str, Plain] = {
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "credit": row.credit,
        "detail": json.dumps(dict(row.detail)),
    }
    return items.key(f"AUDIT#{row.account_id}", ids.new(row.at)) | items.typed(values)
