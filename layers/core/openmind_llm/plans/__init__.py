"""Loads the plans, a file of data beside this module. Credit and budgets are in OMCU there.

An operator changes plans, or adds some, without touching the file: by the JSON text of `PLAN_OVERRIDES`.
"""

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openmind_llm.domain import money
from openmind_llm.domain.plans import Limits, Plan, Plans

type Row = dict[str, Any]

_FILE = Path(__file__).parent / "plans.json"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

_USUAL: Row = {"timeout_s": None, "max_attempts": 4, "max_input_bytes": None, "max_input_tokens": None}
"""What holds for a plan that does not say otherwise."""

_NEW_ROW: Row = {
    "is_offered": False,
    "limits": {"tokens_per_minute": None, "day_budget": None, "month_budget": None},
}
"""What a plan that an operator adds need not say."""


class PlanOverrideError(Exception):
    """The operator's changes to the plans cannot be read; the text says which and why."""


def load(overrides: str = "[]") -> Plans:
    """The plans as they were packaged, with the operator's changes: a JSON list of rows, each with the fields to set.

    A row is found by its `name`, and of its `limits` only those that are named change; a name that is not there is
    added. Raises PlanOverrideError.
    """
    rows: dict[str, Row] = {row["name"]: row for row in json.loads(_FILE.read_bytes())}
    plans = {name: _plan(row) for name, row in rows.items()}
    for change in _changes(overrides):
        name = str(change.get("name"))
        plans[name] = _changed(rows.get(name, _NEW_ROW), change)
    return Plans(plans.values())


def _changes(overrides: str) -> list[Row]:
    try:
        changes = json.loads(overrides or "[]")
    except ValueError:
        raise PlanOverrideError("the plan overrides are not JSON") from None
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise PlanOverrideError("the plan overrides must be a list of objects")
    names = [str(change.get("name")) for change in changes]
    if len(set(names)) < len(names):
        raise PlanOverrideError("the plan overrides name a plan twice")
    return changes


def _changed(row: Row, change: Row) -> Plan:
    try:
        return _plan(row | change | {"limits": row["limits"] | _object("limits", change.get("limits", {}))})
    except KeyError as error:
        raise PlanOverrideError(f"plan override of {change.get('name')!r}: {error.args[0]} is missing") from None
    except (TypeError, ValueError) as error:
        raise PlanOverrideError(f"plan override of {change.get('name')!r}: {error}") from None


def _plan(row: Row) -> Plan:
    """Raises KeyError for a missing field, TypeError or ValueError for any other mistake."""
    row = _USUAL | row
    _refuse_unknown(row, (field.name for field in dataclasses.fields(Plan)))
    return Plan(
        name=_name(row["name"]),
        title=_title(row["title"]),
        is_offered=_boolean("is_offered", row["is_offered"]),
        monthly_credit=_amount("monthly_credit", row["monthly_credit"]),
        max_keys=_count_or_none("max_keys", row["max_keys"]),
        output_tokens=_count("output_tokens", row["output_tokens"]),
        limits=_limits(row["limits"]),
        timeout_s=_count_or_none("timeout_s", row["timeout_s"]),
        max_attempts=_count("max_attempts", row["max_attempts"]),
        max_input_bytes=_count_or_none("max_input_bytes", row["max_input_bytes"]),
        max_input_tokens=_count_or_none("max_input_tokens", row["max_input_tokens"]),
    )


def _limits(row: Row) -> Limits:
    _refuse_unknown(row, (field.name for field in dataclasses.fields(Limits)))
    if (row["requests_per_second"] is None) != (row["burst"] is None):
        raise ValueError("requests_per_second and burst must both be null or neither")
    counts = ("requests_per_second", "burst", "tokens_per_minute", "concurrency")
    budgets = ("day_budget", "month_budget")
    return Limits(
        **{name: _count_or_none(name, row[name]) for name in counts},
        **{name: None if row[name] is None else _amount(name, row[name]) for name in budgets},
    )


def _refuse_unknown(row: Row, known: Iterable[str]) -> None:
    unknown = ", ".join(sorted(row.keys() - known))
    if unknown:
        raise ValueError(f"there is no field {unknown}")


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("name must be up to 32 lower-case letters, digits, - and _, a letter first")
    return value


def _title(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("title must be a text")
    return value


def _object(field: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise TypeError(f"{field} must be an object")
    return value


def _boolean(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be true or false")
    return value


def _count(field: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{field} must be a positive integer")
    return value


def _count_or_none(field: str, value: Any) -> int | None:
    return None if value is None else _count(field, value)


def _amount(field: str, value: Any) -> int:
    """Micro-OMCU from OMCU."""
    try:
        amount = money.micro(value)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
    if amount < 0:
        raise ValueError(f"{field} must not be negative")
    return amount
