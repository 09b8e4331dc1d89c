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

    def add(self, entry: UsageEntry) -> None:
        """The item's key holds the request's id, and an item that is there stays. What cannot be written is logged."""
        try:
            self._client.put_item(
                TableName=self._table, Item=_item(entry), ConditionExpression="attribute_not_exists(pk)"
            )
        except (BotoCoreError, ClientError) as error:
            if not _is_there(error):
                facts = {"cause": type(error).__name__, "entry": dataclasses.asdict(entry)}
                logger.error("usage entry not written", extra=facts)


def _item(entry: UsageEntry) -> Item:
    facts = dataclasses.asdict(entry)
    counts = facts.pop("usage")
    return {
        # Not as an attribute of its own: the index of keys by account would hold a copy of each entry.
        "pk": {"S": f"USAGE#{facts.pop('account_id')}"},
        "sk": {"S": f"{entry.created_at}#{entry.request_id}"},
        **{name: _typed(value) for name, value in (facts | counts).items()},
    }


def _typed(value: str | int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _is_there(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConditionalCheckFailedException"
