"""API key records in DynamoDB: one item each, found by its id. This is all that the authorizer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.storage import items, records

if TYPE_CHECKING:
    from openmind_llm.domain.keys import KeyRecord
    from openmind_llm.storage.wire.operations import DynamoDB


class DynamoKeys:
    """See domain.keys.Find."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key_id: str) -> KeyRecord | None:
        found = self._client.get_item(TableName=self._table, Key=records.key_key(key_id), ConsistentRead=True)
        return records.key_record(items.plain(found["Item"])) if "Item" in found else None
