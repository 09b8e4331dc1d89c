"""Usage entries in DynamoDB: one item for each request that reached a model, under its account and in order of time."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from openmind_llm.domain.usage import UsageEntry

logger = logging.getLogger(__name__)

type Item = dict[str, Any]


class DynamoUsageLog:
    """See domain.ports.UsageLog."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def open(self, entry: UsageEntry) -> None:
        """A late repetition, such as boto3 makes after a time-out, does not open again what was closed."""
        self._write(entry, self._client.put_item, Item=_item(entry), ConditionExpression="attribute_not_exists(pk)")

    def close(self, entry: UsageEntry) -> None:
        self._write(
            entry,
            self._client.put_item,
            Item=_item(entry),
            ConditionExpression="attribute_not_exists(pk) OR outcome = :open",
            ExpressionAttributeValues={":open": {"S": "open"}},
        )

    def forget(self, entry: UsageEntry) -> None:
        self._write(entry, self._client.delete_item, Key=_key(entry))

    def _write(self, entry: UsageEntry, operation: Any, **request: Any) -> None:
        """What cannot be written is logged, whole."""
        try:
            operation(TableName=self._table, **request)
        except (BotoCoreError, ClientError) as error:
            if not _is_closed(error):
                facts = {"cause": type(error).__name__, "entry": dataclasses.asdict(entry)}
                logger.error("usage entry not written", extra=facts)


def _key(entry: UsageEntry) -> Item:
    """By account and time, and by nothing that the index of keys by account would copy."""
    return {"pk": {"S": f"USAGE#{entry.account_id}"}, "sk": {"S": f"{entry.started_at}#{entry.request_id}"}}


def _item(entry: UsageEntry) -> Item:
    facts = dataclasses.asdict(entry)
    counts = facts.pop("usage")
    del facts["account_id"]
    return _key(entry) | {name: _typed(value) for name, value in (facts | counts).items()}


def _typed(value: str | int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _is_closed(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConditionalCheckFailedException"
