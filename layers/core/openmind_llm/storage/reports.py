"""What was used, as the ledger has written it down in DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, RollupKey
from openmind_llm.storage import items, records
from openmind_llm.storage.availability import available
from openmind_llm.storage.table import Table

if TYPE_CHECKING:
    from openmind_llm.domain.ledger.counters import Counters
    from openmind_llm.domain.ledger.rows import Entry, Hold
    from openmind_llm.storage.wire.operations import DynamoDB

_AFTER_SEPARATOR = "$"
"""The character after `#`, which ends the day in a rollup's sort key: no line of the day is behind it."""

_AFTER_IDS = "~"
"""Behind every request's id, which is of hex digits."""


class DynamoReports:
    """See domain.ports.ReportStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
    def rollups(self, account_id: str, first: str, last: str) -> list[tuple[RollupKey, Counters]]:
        of_days = {
            ":pk": {"S": f"ROLLUP#{account_id}"},
            ":first": {"S": first},
            ":last": {"S": f"{last}{_AFTER_SEPARATOR}"},
        }
        found = self._table.query("pk = :pk AND sk BETWEEN :first AND :last", of_days, ConsistentRead=True)
        return [(_rollup_key(account_id, one["sk"]), records.counters(one, ROLLUP_COUNTERS)) for one in found]

    @available
    def row(self, account_id: str, request_id: str) -> Hold | Entry | None:
        found = self._table.get(records.row_key(account_id, request_id))
        return _row(account_id, found) if found else None

    @available
    def rows(self, account_id: str, since: str = "", until: str = "") -> list[Hold | Entry]:
        condition = "pk = :pk AND sk BETWEEN :since AND :until"
        values = {":pk": records.LEDGER + account_id, ":since": since or "0", ":until": until or _AFTER_IDS}
        found = self._table.query(condition, items.typed(values), ConsistentRead=True)
        return [_row(account_id, one) for one in found]


def _rollup_key(account_id: str, sort_key: str) -> RollupKey:
    day, key_id, provider, model = sort_key.split("#", 3)
    return RollupKey(account_id, day, key_id, provider, model)


def _row(account_id: str, values: dict[str, Any]) -> Hold | Entry:
    is_held = values["state"] == records.HELD
    return records.hold(account_id, values) if is_held else records.entry(account_id, values)
