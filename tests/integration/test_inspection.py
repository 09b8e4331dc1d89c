"""The nightly inspection as it is wired, over a table of its own."""

import json
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient

from dev.seed import PROVIDER_KEYS_SECRET, TABLE
from openmind_llm.bootstrap import inspections
from openmind_llm.settings import Settings
from openmind_llm.storage import records
from openmind_llm.storage.secrets import SecretUnreadableError
from openmind_llm.storage.wire.service import Service
from tests.fakes import FakeClock
from tests.integration.conftest import Template
from tests.integration.translated import properties
from tests.spending import Spending, clock_at
from tests.unit.cli.conftest import KEY_ID, deployed, dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["deployed", "dynamodb"]


@pytest.fixture
def account(deployed: Callable[[FakeClock], Spending], monkeypatch: pytest.MonkeyPatch) -> Spending:
    """One that has sent a request, on a stack without provider keys. Nobody waits between two looks."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    boto3.client("secretsmanager").create_secret(Name=PROVIDER_KEYS_SECRET, SecretString=json.dumps({}))
    spending = deployed(clock_at(time.time()))
    spending.sent(KEY_ID, "acme")
    return spending


def run() -> dict[str, int]:
    return inspections.nightly(Settings.from_env(os.environ)).run(900)


def break_counter(dynamodb: "DynamoDBClient") -> None:
    dynamodb.update_item(
        TableName=TABLE,
        Key=records.account_key("acme"),
        UpdateExpression="SET charged = charged + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def test_a_sound_ledger_is_found_sound(account: Spending) -> None:
    assert run()["sound_accounts"] == 1


def test_what_does_not_add_up_is_a_metric_with_the_account_beside_it(
    account: Spending, dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    break_counter(dynamodb)

    result = run()

    (line,) = [vars(record) for record in caplog.records if "LedgerDiscrepancies" in vars(record)]
    assert (line["LedgerDiscrepancies"], line["account_id"]) == (2, "acme")
    assert any(text.startswith("account: charged is") for text in line["found"])
    assert result["unsound_accounts"] == 1


def test_it_does_what_its_role_allows_and_nothing_else(
    account: Spending, dynamodb: "DynamoDBClient", template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    client_class: Any = BaseClient
    call = client_class._make_api_call

    def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        asked.add(f"{client.meta.service_model.service_name}:{operation}")
        return call(client, operation, parameters)

    by_wire = Service.call

    def watched_by_wire(service: Service, operation: str, request: dict[str, Any]) -> Any:
        asked.add(f"{service.name}:{operation}")
        return by_wire(service, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", watched)
    monkeypatch.setattr(Service, "call", watched_by_wire)
    break_counter(dynamodb)
    asked.clear()

    run()

    (policy,) = properties(template, "InspectRole")["Policies"]
    actions = [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]]
    allowed = {one for action in actions for one in ([action] if isinstance(action, str) else action)}
    assert asked == {action for action in allowed if not action.startswith("logs:")}


def test_keys_that_cannot_be_read_are_no_quiet_night_and_the_ledger_is_checked_all_the_same(
    account: Spending, dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    boto3.client("secretsmanager").delete_secret(SecretId=PROVIDER_KEYS_SECRET, ForceDeleteWithoutRecovery=True)

    with pytest.raises(SecretUnreadableError):
        run()

    assert "ledger inspected" in caplog.text
