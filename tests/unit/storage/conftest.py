"""A table as the template describes it, in moto: for single calls. Races want ministack."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from dev import seed
from openmind_llm.storage import boto
from openmind_llm.storage.wire.operations import DynamoDB
from tests.moto_account import account
from tests.unit.storage.wired import wired

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

TABLE = "table"


@functools.cache
def _client() -> "DynamoDBClient":
    """Making one takes longer than most tests. All of them talk to the one server of moto's."""
    return boto3.client("dynamodb")


@pytest.fixture
def by_boto3() -> Iterator[DynamoDB]:
    with account():
        seed.create_table(_client(), TABLE)
        yield boto.dynamodb(_client())


@pytest.fixture
def by_wire() -> Iterator[DynamoDB]:
    with account():
        seed.create_table(_client(), TABLE)
        yield wired()


@pytest.fixture(params=["by_boto3", "by_wire"])
def dynamodb(request: pytest.FixtureRequest) -> DynamoDB:
    """By each of the clients there are."""
    client: DynamoDB = request.getfixturevalue(request.param)
    return client
