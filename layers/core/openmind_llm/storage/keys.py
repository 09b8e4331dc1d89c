"""API key records in DynamoDB: one item each, found by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from openmind_llm.domain.keys import KeyRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ACCOUNT_INDEX = "by-account"
_SORT_KEY = "KEY"
_FIELDS = ("key_id", "account_id", "plan", "name", "prefix", "digest", "created_at")

type Item = dict[str, Any]


class DynamoKeyStore:
    """See domain.ports.KeyStore."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key_id: str) -> KeyRecord | None:
        found = self._client.get_item(TableName=self._table, Key=_key(key_id), ConsistentRead=True)
        return _record(found["Item"]) if "Item" in found else None

    def add(self, record: KeyRecord) -> None:
        self._write(
            self._client.put_item,
            record.key_id,
            Item=_item(record),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def revoke(self, key_id: str) -> None:
        self._write(
            self._client.update_item,
            key_id,
            Key=_key(key_id),
            UpdateExpression="SET is_active = :no",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":no": {"BOOL": False}},
        )

    def records(self, account_id: str | None = None) -> list[KeyRecord]:
        """One account's keys by its index; all keys by a scan, which only an operator's command asks for."""
        if account_id is None:
            pages = self._client.get_paginator("scan").paginate(TableName=self._table, **_only_keys())
            return [_record(item) for page in pages for item in page["Items"]]
        query = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=ACCOUNT_INDEX,
            KeyConditionExpression="account_id = :account AND begins_with(pk, :prefix)",
            ExpressionAttributeValues={":account": {"S": account_id}, ":prefix": {"S": "KEY#"}},
        )
        return [_record(item) for page in query for item in page["Items"]]

    def _write(self, operation: Any, key_id: str, **request: Any) -> None:
        try:
            operation(TableName=self._table, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise KeyError(key_id) from None


def _key(key_id: str) -> Item:
    return {"pk": {"S": f"KEY#{key_id}"}, "sk": {"S": _SORT_KEY}}


def _only_keys() -> Item:
    return {"FilterExpression": "sk = :sort", "ExpressionAttributeValues": {":sort": {"S": _SORT_KEY}}}


def _item(record: KeyRecord) -> Item:
    fields = {name: {"S": getattr(record, name)} for name in _FIELDS}
    return _key(record.key_id) | fields | {"is_active": {"BOOL": record.is_active}}


def _record(item: Item) -> KeyRecord:
    return KeyRecord(**{name: item[name]["S"] for name in _FIELDS}, is_active=item["is_active"]["BOOL"])
