"""A table with an account and a key in it, as the stores would have put them there."""

from typing import TYPE_CHECKING, Any

from openmind_llm.domain.ports import KnownAccount, KnownKey
from openmind_llm.storage import items, records
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB


def fill(dynamodb: "DynamoDB", account: KnownAccount, key: KnownKey) -> None:
    account_id, key_id = account.account.account_id, key.record.key_id
    _put(dynamodb, records.account_key(account_id), records.account_values(account.account) | dict(account.counters))
    _put(dynamodb, records.key_key(key_id), records.key_values(key.record) | dict(key.counters))


def _put(dynamodb: "DynamoDB", key: items.Item, values: dict[str, Any]) -> None:
    dynamodb.put_item(TableName=TABLE, Item=key | items.typed(values))


def item(dynamodb: "DynamoDB", pk: str, sk: str) -> dict[str, Any]:
    """Its plain values; empty if there is none."""
    return items.plain(dynamodb.get_item(TableName=TABLE, Key=items.key(pk, sk)).get("Item", {}))
