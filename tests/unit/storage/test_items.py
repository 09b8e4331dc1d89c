"""Expressions of DynamoDB, as its documentation wants them."""

from openmind_llm.domain.ledger.counters import Move
from openmind_llm.storage.items import Update

KEY = {"pk": {"S": "KEY#1"}, "sk": {"S": "KEY"}}


def test_an_update_without_anything_to_write_is_a_check() -> None:
    """DynamoDB refuses an empty UpdateExpression, and wants one in each Update of a transaction."""
    update = Update("table", KEY).moves([Move("spent", at_most=5)])

    assert update.operation() == {
        "ConditionCheck": {
            "TableName": "table",
            "Key": KEY,
            "ConditionExpression": "#0 <= :0",
            "ExpressionAttributeNames": {"#0": "spent"},
            "ExpressionAttributeValues": {":0": {"N": "5"}},
        }
    }


def test_a_check_without_a_condition_is_that_the_item_is_there() -> None:
    """A check needs one."""
    assert Update("table", KEY).operation() == {
        "ConditionCheck": {"TableName": "table", "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}
    }
