"""The ledger in DynamoDB: each step one transaction over the account, the key and the request's own row."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.domain.ledger import rows
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS, Standing
from openmind_llm.domain.ports import Written
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import items, records
from openmind_llm.storage.items import Item, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from openmind_llm.domain.ledger.admission import Admission
    from openmind_llm.domain.ledger.credit import Renewal
    from openmind_llm.domain.ledger.rows import Entry, Hold
    from openmind_llm.domain.ledger.settlement import Settlement

logger = logging.getLogger(__name__)

_PASSING = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict"})


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
        self._client = client
        self._table = table

    @_available
    def standing(self, key_id: str, account_id: str | None = None) -> Standing | None:
        if account_id is None:
            account_id = self._get(records.key_key(key_id)).get("account_id")
        if account_id is None:
            return None
        wanted = [records.key_key(key_id), records.account_key(account_id)]
        found = self._client.batch_get_item(RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}})
        if found.get("UnprocessedKeys"):
            raise LedgerUnavailableError
        by_kind = {one["sk"]["S"]: items.plain(one) for one in found["Responses"].get(self._table, [])}
        key, account = by_kind.get("KEY"), by_kind.get("ACCOUNT")
        if key is None or account is None or key["account_id"] != account_id:
            return None
        return Standing(
            records.account(account_id, account),
            records.key_record(key),
            {name: account.get(name, 0) for name in ACCOUNT_COUNTERS},
            {name: key.get(name, 0) for name in KEY_COUNTERS},
        )

    @_available
    def hold(self, account_id: str, request_id: str) -> Hold | None:
        return self._hold(account_id, records.row_key(account_id, request_id))

    @_available
    def admit(self, admission: Admission) -> Written:
        hold = admission.hold
        row = records.row_key(hold.account_id, hold.request_id) | items.typed(records.hold_values(hold))
        return self._write(
            {"Put": {"TableName": self._table, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Update": self._update(records.account_key(hold.account_id)).moves(admission.account_moves).request()},
            {"Update": self._update(records.key_key(hold.key_id)).moves(admission.key_moves).request()},
        )

    @_available
    def settle(self, settlement: Settlement) -> Written:
        entry = settlement.entry
        return self._write(
            {"Update": self._settled(entry)},
            {"Update": self._update(_account(entry)).moves(settlement.account_moves).request()},
            {"Update": self._update(records.key_key(entry.hold.key_id)).moves(settlement.key_moves).request()},
            {"Update": self._rolled_up(entry)},
        )

    @_available
    def renew(self, renewal: Renewal) -> Written:
        account = self._update(records.account_key(renewal.account_id)).moves(renewal.moves)
        account.sets({"plan": renewal.plan, "cancel_at_period_end": False})
        audit = {"TableName": self._table, "Item": records.audit_item(renewal.audit)}
        return self._write({"Update": account.request()}, {"Put": audit})

    @_available
    def expired_holds(self, now_s: int) -> list[Hold]:
        keys = [key for shard in records.SHARDS for key in self._expired(shard, now_s)]
        holds = (self._hold(key["pk"]["S"].removeprefix("LEDGER#"), key) for key in keys)
        return [hold for hold in holds if hold is not None]

    def _settled(self, entry: Entry) -> Item:
        row = self._update(records.row_key(entry.hold.account_id, entry.hold.request_id))
        row.only_if("state", records.HELD).sets(records.entry_values(entry)).removes(records.ONLY_WHILE_HELD)
        return row.request()

    def _rolled_up(self, entry: Entry) -> Item:
        key, counts = rows.rollup(entry)
        return self._update(records.rollup_key(key)).adds(counts).request()

    def _expired(self, shard: str, now_s: int) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=records.HOLD_INDEX,
            KeyConditionExpression="hold_shard = :shard AND expires_at < :now",
            ExpressionAttributeValues={":shard": {"S": shard}, ":now": {"N": str(now_s)}},
        )
        for page in pages:
            yield from ({"pk": found["pk"], "sk": found["sk"]} for found in page["Items"])

    def _hold(self, account_id: str, key: Item) -> Hold | None:
        row = self._get(key)
        return records.hold(account_id, row) if row.get("state") == records.HELD else None

    def _get(self, key: Item) -> dict[str, Any]:
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return items.plain(found.get("Item", {}))

    def _update(self, key: Item) -> Update:
        return Update(self._table, key)

    def _write(self, *operations: Any) -> Written:
        """The first one tells whether it was done before."""
        try:
            self._client.transact_write_items(TransactItems=operations)
        except self._client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
            if not _PASSING.issuperset(codes):
                raise
            return Written.ALREADY if codes[0] == "ConditionalCheckFailed" else Written.STALE
        return Written.DONE


def _account(entry: Entry) -> Item:
    return records.account_key(entry.hold.account_id)
