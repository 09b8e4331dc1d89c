"""Accounts and keys in DynamoDB, as their owners and operators change them: every change with its audit row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS
from openmind_llm.domain.ports import KnownAccount, KnownKey
from openmind_llm.storage import items, records
from openmind_llm.storage.availability import available
from openmind_llm.storage.table import Table, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmind_llm.domain.keys import KeyRecord
    from openmind_llm.domain.ledger.audit import AuditRow
    from openmind_llm.domain.ledger.counters import Counters, Move
    from openmind_llm.domain.ledger.standing import Account
    from openmind_llm.domain.ports import Plain, Written
    from openmind_llm.storage.wire.operations import DynamoDB

ACCOUNT_INDEX = "by-account"
_FIXED = ("key_id", "account_id", "created_at")


class DynamoAccounts:
    """See domain.ports.AccountStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
    def account(self, account_id: str) -> KnownAccount | None:
        found = self._table.get(records.account_key(account_id))
        return _known_account(found) if found else None

    @available
    def accounts(self) -> Iterator[KnownAccount]:
        return iter([_known_account(found) for found in self._table.scan("ACCOUNT")])

    @available
    def open(self, account: Account, counters: Counters, audit: AuditRow) -> Written:
        values = records.account_values(account) | dict(counters)
        item = records.account_key(account.account_id) | items.typed(values)
        return written(self._table.write(self._table.new(item), self._audited(audit)))

    @available
    def change(self, account_id: str, moves: tuple[Move, ...], values: Mapping[str, Plain], audit: AuditRow) -> bool:
        account = self._table.update(records.account_key(account_id)).moves(moves).sets(values)
        return not self._table.write(account.operation(), self._audited(audit))

    @available
    def key(self, key_id: str) -> KnownKey | None:
        found = self._table.get(records.key_key(key_id))
        return _known_key(found) if found else None

    @available
    def keys(self, account_id: str) -> list[KnownKey]:
        found = self._table.query(
            "account_id = :account AND begins_with(pk, :prefix)",
            {":account": {"S": account_id}, ":prefix": {"S": "KEY#"}},
            IndexName=ACCOUNT_INDEX,
        )
        return [_known_key(one) for one in self._table.batch([items.key(key["pk"], key["sk"]) for key in found])]

    @available
    def add_key(self, record: KeyRecord, account_moves: tuple[Move, ...], audit: AuditRow) -> Written:
        values = records.key_values(record) | dict.fromkeys(KEY_COUNTERS, 0)
        item = records.key_key(record.key_id) | items.typed(values)
        account = self._table.update(records.account_key(record.account_id)).moves(account_moves)
        return written(self._table.write(self._table.new(item), account.operation(), self._audited(audit)))

    @available
    def change_key(self, record: KeyRecord, version: int, account_moves: tuple[Move, ...], audit: AuditRow) -> bool:
        values = {name: value for name, value in records.key_values(record).items() if name not in _FIXED}
        key = self._table.update(records.key_key(record.key_id)).only_if("version", version)
        operations = [key.sets(values | {"version": version + 1}).operation(), self._audited(audit)]
        if account_moves:
            account = self._table.update(records.account_key(record.account_id)).moves(account_moves)
            operations.append(account.operation())
        return not self._table.write(*operations)

    @available
    def audit(self, account_id: str) -> Iterator[AuditRow]:
        pk = {":pk": {"S": f"AUDIT#{account_id}"}}
        return iter([records.audit_row(row) for row in self._table.query("pk = :pk", pk, ConsistentRead=True)])

    def _audited(self, audit: AuditRow) -> Any:
        return self._table.new(records.audit_item(audit))


def _known_account(values: dict[str, Any]) -> KnownAccount:
    return KnownAccount(records.account(values), records.counters(values, ACCOUNT_COUNTERS))


def _known_key(values: dict[str, Any]) -> KnownKey:
    return KnownKey(records.key_record(values), records.counters(values, KEY_COUNTERS))
