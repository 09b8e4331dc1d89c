"""A deployment in moto, as the command line finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from dev import seed
from openmind_llm import cli
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from tests.fakes import FakeClock
from tests.spending import PLANS, Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

TABLE = "table"
KEY_ID = "key1key1key1key1"
KEY = f"om1_test_{KEY_ID}{'0' * 64}"

ENVIRONMENT = {
    "TABLE_NAME": TABLE,
    "KEY_PEPPER_SECRET": "pepper",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}

type Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb")
        seed.create_table(client, TABLE)
        yield client


@pytest.fixture
def deployed(dynamodb: DynamoDBClient) -> Callable[[FakeClock], Spending]:
    """An account `acme` with one key, whose requests are sent at the time of a clock."""

    def opened(clock: FakeClock) -> Spending:
        accounts = Accounts(DynamoAccounts(dynamodb, TABLE), PLANS, lambda: b"pepper", clock)
        accounts.open("acme", "enterprise", "test")
        accounts.grant("acme", 10**9, "test")
        accounts.create_key("acme", "test", KeySettings(), KEY)
        return Spending(DynamoLedger(dynamodb, TABLE), clock)

    return opened


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """From arguments to the exit code and what was written to standard output and to standard error."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        written = capsys.readouterr()
        return code, written.out, written.err

    return ran
