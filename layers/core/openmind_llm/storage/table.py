"""The one table: reads of single items, and writes of several that are made as a whole or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.ports import Written
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import items
from openmind_llm.storage.items import Item, Update
from openmind_llm.storage.wire.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openmind_llm.storage.wire.operations import DynamoDB

BATCH = 100
"""Items that DynamoDB gives at once."""

TRIES = 5
"""Of a batch that DynamoDB gives in parts: it may stop at 16 MB, and 100 items of ours have a few."""

FAILED = "ConditionalCheckFailed"
_PASSING = frozenset({"None", FAILED, "TransactionConflict"})
"""Why a transaction may be cancelled without anything being wrong."""


class Table:
    """Raises AwsError."""

    def __init__(self, client: DynamoDB, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Item) -> dict[str, Any]:
        """Empty if there is none."""
        found = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return items.plain(found.get("Item", {}))

    def glance(self, key: Item) -> dict[str, Any]:
        """As it was a moment ago, at half the price. Empty if there is none."""
        found = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=False)
        return items.plain(found.get("Item", {}))

    def batch(self, keys: list[Item]) -> list[dict[str, Any]]:
        """Those of the items that are there, in any order."""
        return [one for start in range(0, len(keys), BATCH) for one in self._batch(keys[start : start + BATCH])]

    def query(self, condition: str, values: Item, **more: Any) -> Iterator[dict[str, Any]]:
        """Of all pages. `more` are further arguments of DynamoDB's Query."""
        request = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values, **more}
        return self._all(self._client.query, request)

    def scan(self, sort_key: str) -> Iterator[dict[str, Any]]:
        """Reads the whole table: for an operator, never for a request."""
        request = {"FilterExpression": "sk = :sk", "ExpressionAttributeValues": {":sk": {"S": sort_key}}}
        return self._all(self._client.scan, request)

    def update(self, key: Item) -> Update:
        return Update(self._name, key)

    def new(self, item: Item) -> Item:
        """The operation that puts an item which is not there yet."""
        return {"Put": {"TableName": self._name, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def put(self, item: Item) -> None:
        """In place of one that may be there."""
        self._client.put_item(TableName=self._name, Item=item)

    def updated(self, update: Update) -> dict[str, Any]:
        """The item as it is after this one write; empty, and nothing is written, where a condition does not hold."""
        try:
            done = self._client.update_item(**update.operation()["Update"], ReturnValues="ALL_NEW")
        except ServiceError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return {}
        return items.plain(done["Attributes"])

    def delete(self, key: Item) -> None:
        """Whether it is there or not."""
        self._client.delete_item(TableName=self._name, Key=key)

    def new_or(self, item: Item, condition: str, values: Item) -> Item:
        """The operation that puts an item which is not there yet, or of which `condition` holds. Names are `#name`."""
        names = {name: name.removeprefix("#") for name in re.findall(r"#\w+", condition)}
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": f"attribute_not_exists(pk) OR {condition}",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    def gone(self, key: Item, name: str, value: str) -> Item:
        """The operation that deletes an item if its attribute has this value."""
        return {
            "Delete": {
                "TableName": self._name,
                "Key": key,
                "ConditionExpression": "#name = :value",
                "ExpressionAttributeNames": {"#name": name},
                "ExpressionAttributeValues": {":value": {"S": value}},
            }
        }

    def write(self, *operations: Any) -> list[str]:
        """Empty when it was written; else, for each operation, why it was not ("None": not its fault)."""
        try:
            self._client.transact_write_items(TransactItems=operations)
        except ServiceError as error:
            if not error.reasons or not _PASSING.issuperset(error.reasons):
                raise
            return list(error.reasons)
        return []

    def _all(self, page: Callable[..., Any], request: Item) -> Iterator[dict[str, Any]]:
        start: Item = {}
        while True:
            found = page(TableName=self._name, **request, **start)
            yield from map(items.plain, found["Items"])
            if not found.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": found["LastEvaluatedKey"]}

    def _batch(self, keys: list[Item]) -> list[dict[str, Any]]:
        """Raises LedgerUnavailableError where DynamoDB goes on leaving some out, as it does when it is throttled."""
        found: list[dict[str, Any]] = []
        request: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
        for _ in range(TRIES):
            answer = self._client.batch_get_item(RequestItems=request)
            found.extend(map(items.plain, answer["Responses"].get(self._name, [])))
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise LedgerUnavailableError


def written(codes: list[str]) -> Written:
    """What Table.write says, of operations of which the first can be done only once."""
    if not codes:
        return Written.DONE
    return Written.ALREADY if codes[0] == FAILED else Written.STALE
