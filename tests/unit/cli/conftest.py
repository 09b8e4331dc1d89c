"""A deployment in moto, as the command line finds it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest

from dev import seed
from dev.seed import TABLE
from openmind_llm import cli
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from tests.fakes import FakeClock
from tests.moto_account import account
from tests.spending import PLANS, Spending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

PEPPER = "pepper"
KEY_ID = "key1key1key1key1"
KEY = f"om1_test_{KEY_ID}{'0' * 64}"


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    error: str

    @property
    def rows(self) -> list[list[str]]:
        """The cells of standard output."""
        return [re.split(" {2,}", line) for line in self.out.splitlines()]

    @property
    def only(self) -> str:
        ((word,),) = self.rows
        return word

    def cells(self, *names: str) -> list[list[str]]:
        """Those columns of every row."""
        columns = [self.rows[0].index(name) for name in names]
        return [[row[column] for column in columns] for row in self.rows[1:]]


type Run = Callable[..., Said]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    for name in ("PLAN_OVERRIDES", "MODEL_OVERRIDES", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (seed.PLACES | {"USER": "alice"}).items():
        monkeypatch.setenv(name, value)
    with account():
        client = boto3.client("dynamodb")
        seed.create_table(client)
        seed.create_secret(boto3.client("secretsmanager"), seed.PEPPER_SECRET, PEPPER, replace=False)
        yield client


@pytest.fixture
def run(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`openmind-llm` with these words; `typed` is standard input."""

    def told(*words: str, typed: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(words)
        return Said(code, *capsys.readouterr())

    return told


@pytest.fixture
def deployed(dynamodb: DynamoDBClient) -> Callable[[FakeClock], Spending]:
    """An account `acme` with one key, whose requests are sent at the time of a clock."""

    def opened(clock: FakeClock) -> Spending:
        accounts = Accounts(DynamoAccounts(boto.dynamodb(dynamodb), TABLE), PLANS, PEPPER.encode, clock)
        accounts.open("acme", "enterprise", "test")
        accounts.grant("acme", 10**9, "test")
        accounts.create_key("acme", "test", KeySettings(), KEY)
        return Spending(DynamoLedger(boto.dynamodb(dynamodb), TABLE), clock)

    return opened


def shown(run: Run, account: str) -> dict[str, str]:
    """What `accounts show` says."""
    return {row[0].removesuffix(":"): row[1] for row in run("accounts", "show", account).rows}
