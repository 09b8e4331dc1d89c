"""The ledger in DynamoDB: each step one transaction over the account, the key and the request's own row."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.domain.ledger import rows
from openmind_llm.domain.ports import Written
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import items, records
from openmind_llm.storage.table import FAILED, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from openmind_llm.domain.ledger.admission import Admission
    from openmind_llm.domain.ledger.credit import Renewal
    from openmind_llm.domain.ledger.rows import Entry, Hold
    from openmind_llm.domain.ledger.settlement import Settlement
    from openmind_llm.domain.ledger.standing import Standing
    from openmind_llm.storage.items import Item

logger = logging.getLogger(__name__)


def _available[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Whatever boto3 raises means that the ledger cannot be used."""

    @functools.wraps(operation)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (BotoCoreError, ClientError) as error:
            cause = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            logger.error("ledger unavailable", extra={"operation": operation.__name__, "cause": cause})
            raise LedgerUnavailableError from None

    return guarded


class DynamoLedger:
    """See domain.ports.LedgerStore."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    @_available
    def standing(self, key_id: str, account_id: str | None = None) -> Standing | None:
        account_id = account_id or self._table.get(records.key_key(key_id)).get("account_id")
        if account_id is None:
            return None
        found = {
            one["sk"]: one for one in self._table.batch([records.key_key(key_id), records.account_key(account_id)])
        }
        if len(found) < 2 or found["KEY"]["account_id"] != account_id:  # noqa: PLR2004 - the two that were asked for
            return None
        return records.standing(found["ACCOUNT"], found["KEY"])

    @_available
    def hold(self, account_id: str, request_id: str) -> Hold | None:
        return self._hold(account_id, request_id)

    @_available
    def admit(self, admission: Admission) -> Written:
        hold = admission.hold
        row = records.row_key(hold.account_id, hold.request_id) | items.typed(records.hold_values(hold))
        account = self._table.update(records.account_key(hold.account_id)).moves(admission.account_moves)
        key = self._table.update(records.key_key(hold.key_id)).moves(admission.key_moves)
        return _written(self._table.write(self._table.new(row), account.operation(), key.operation()))

    @_available
    def settle(self, settlement: Settlement) -> Written:
        entry = settlement.entry
        account = self._table.update(records.account_key(entry.hold.account_id)).moves(settlement.account_moves)
        key = self._table.update(records.key_key(entry.hold.key_id)).moves(settlement.key_moves)
        operations = (self._settled(entry), account.operation(), key.operation(), self._rolled_up(entry))
        return _written(self._table.write(*operations))

    @_available
    def rule_out(self, entry: Entry) -> Written:
        values = records.hold_values(entry.hold) | records.entry_values(entry)
        lasting = {name: value for name, value in values.items() if name not in records.ONLY_WHILE_HELD}
        row = records.row_key(entry.hold.account_id, entry.hold.request_id) | items.typed(lasting)
        return _written(self._table.write(self._table.new(row), self._rolled_up(entry)))

    @_available
    def renew(self, renewal: Renewal) -> Written:
        account = self._table.update(records.account_key(renewal.account_id)).moves(renewal.moves)
        account.sets({"plan": renewal.plan, "cancel_at_period_end": False})
        return _written(self._table.write(account.operation(), self._table.new(records.audit_item(renewal.audit))))

    @_available
    def expired_holds(self, now_s: int) -> list[Hold]:
        rows = [row for shard in records.SHARDS for row in self._expired(shard, now_s)]
        holds = (self._hold(row["pk"].removeprefix("LEDGER#"), row["sk"]) for row in rows)
        return [hold for hold in holds if hold is not None]

    def _settled(self, entry: Entry) -> Item:
        row = self._table.update(records.row_key(entry.hold.account_id, entry.hold.request_id))
        row.only_if("state", records.HELD).sets(records.entry_values(entry)).removes(records.ONLY_WHILE_HELD)
        return row.operation()

    def _rolled_up(self, entry: Entry) -> Item:
        key, counts = rows.rollup(entry)
        return self._table.update(records.rollup_key(key)).adds(counts).operation()

    def _expired(self, shard: str, now_s: int) -> Iterator[dict[str, str]]:
        values = {":shard": {"S": shard}, ":now": {"N": str(now_s)}}
        return self._table.query("hold_shard = :shard AND expires_at < :now", values, IndexName=records.HOLD_INDEX)

    def _hold(self, account_id: str, request_id: str) -> Hold | None:
        row = self._table.get(records.row_key(account_id, request_id))
        return records.hold(account_id, row) if row.get("state") == records.HELD else None


def _written(codes: list[str]) -> Written:
    """The first operation is the one that can be done only once."""
    if not codes:
        return Written.DONE
    return Written.ALREADY if codes[0] == FAILED else Written.STALE
