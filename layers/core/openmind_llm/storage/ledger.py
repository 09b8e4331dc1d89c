"""The ledger in DynamoDB: each step one transaction over the account, the key and the request's own row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.domain.ledger import rows
from openmind_llm.domain.ports import Written
from openmind_llm.storage import claims, items, records
from openmind_llm.storage.availability import available
from openmind_llm.storage.table import FAILED, Table, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmind_llm.domain.ledger.admission import Admission
    from openmind_llm.domain.ledger.credit import Renewal
    from openmind_llm.domain.ledger.rows import Entry, Hold
    from openmind_llm.domain.ledger.settlement import Settlement
    from openmind_llm.domain.ledger.standing import Standing
    from openmind_llm.storage.items import Item
    from openmind_llm.storage.wire.operations import DynamoDB


class DynamoLedger:
    """See domain.ports.LedgerStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
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

    @available
    def hold(self, account_id: str, request_id: str) -> Hold | None:
        row = self._table.get(records.row_key(account_id, request_id))
        return records.hold(account_id, row) if row.get("state") == records.HELD else None

    @available
    def admit(self, admission: Admission) -> Written:
        hold = admission.hold
        row = records.row_key(hold.account_id, hold.request_id) | items.typed(records.hold_values(hold))
        account = self._table.update(records.account_key(hold.account_id)).moves(admission.account_moves)
        key = self._table.update(records.key_key(hold.key_id)).moves(admission.key_moves)
        claim = [claims.placed(self._table, admission.claim)] if admission.claim else []
        codes = self._table.write(self._table.new(row), account.operation(), key.operation(), *claim)
        if claim and codes and codes[0] != FAILED and codes[-1] == FAILED:
            return Written.TAKEN
        return written(codes)

    @available
    def settle(self, settlement: Settlement) -> Written:
        entry = settlement.entry
        account = self._table.update(records.account_key(entry.hold.account_id)).moves(settlement.account_moves)
        key = self._table.update(records.key_key(entry.hold.key_id)).moves(settlement.key_moves)
        operations = (self._settled(entry), account.operation(), key.operation(), self._rolled_up(entry))
        ended = [claims.ended(self._table, settlement)] if entry.hold.idempotency else []
        codes = self._table.write(*operations, *ended)
        if ended and codes and codes[0] != FAILED and codes[-1] == FAILED:
            codes = self._table.write(*operations)
        return written(codes)

    @available
    def rule_out(self, entry: Entry) -> Written:
        values = records.hold_values(entry.hold) | records.entry_values(entry)
        lasting = {name: value for name, value in values.items() if name not in records.ONLY_WHILE_HELD}
        row = records.row_key(entry.hold.account_id, entry.hold.request_id) | items.typed(lasting)
        return written(self._table.write(self._table.new(row), self._rolled_up(entry)))

    @available
    def renew(self, renewal: Renewal) -> Written:
        account = self._table.update(records.account_key(renewal.account_id)).moves(renewal.moves).sets(renewal.values)
        codes = self._table.write(account.operation(), self._table.new(records.audit_item(renewal.audit)))
        return Written.STALE if codes else Written.DONE

    @available
    def expired_holds(self, now_s: int) -> list[tuple[str, str]]:
        rows = [row for shard in records.SHARDS for row in self._expired(shard, now_s)]
        return [(row["pk"].removeprefix(records.LEDGER), row["sk"]) for row in rows]

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
