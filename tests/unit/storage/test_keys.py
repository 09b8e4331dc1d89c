"""What the authorizer reads of a key."""

from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm.domain.plans import Limits
from openmind_llm.domain.ports import KnownKey
from openmind_llm.storage.keys import DynamoKeys
from tests.memory_ledger import new_account, new_key
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.filled import fill

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB

EVERYTHING: dict[str, Any] = {
    "expires_at": 1_900_000_000,
    "retired_digest": "digest before",
    "retired_until": 1_800_000_000,
    "allowed_models": frozenset({"gpt-4o", "xai/grok-4"}),
    "allowed_providers": frozenset({"openai"}),
    "cache_max_age_s": 3600,
    "limits": Limits(requests_per_second=5, burst=10, concurrency=3, month_budget=7_000_000),
}


def stored(dynamodb: "DynamoDB", key: KnownKey) -> DynamoKeys:
    fill(dynamodb, new_account(), key)
    return DynamoKeys(dynamodb, TABLE)


@pytest.mark.parametrize("settings", [{}, {"is_active": False}, EVERYTHING], ids=["plain", "revoked", "everything"])
def test_a_record_comes_back_whole(dynamodb: "DynamoDB", settings: dict[str, Any]) -> None:
    key = new_key(**settings)

    assert stored(dynamodb, key).get("key-1") == key.record


def test_an_unknown_id_gives_nothing(dynamodb: "DynamoDB") -> None:
    assert stored(dynamodb, new_key()).get("key-2") is None


def test_no_attribute_of_a_key_holds_what_is_not_set(dynamodb: "DynamoDB") -> None:
    """An absent attribute says the same, and costs nothing."""
    stored(dynamodb, new_key())

    item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "KEY#key-1"}, "sk": {"S": "KEY"}})["Item"]
    assert not {"expires_at", "allowed_models", "allowed_providers", "cache_max_age_s", "concurrency"} & item.keys()
