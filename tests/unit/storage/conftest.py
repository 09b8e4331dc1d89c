"""A table as the template describes it, in moto: for single calls. Races want ministack."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from dev import seed
from tests.moto_account import account

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

TABLE = "table"


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    with account():
        client = boto3.client("dynamodb")
        seed.create_table(client, TABLE)
        yield client
