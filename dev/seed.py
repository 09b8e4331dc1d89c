"""Fills the emulator with what a deployed stack has: the table of the template, the secrets, one key with a plan."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml

from openmind_llm import plans
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import AccountExistsError, Accounts
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.errors import KeyNotFoundError
from openmind_llm.storage import boto, records
from openmind_llm.storage.accounts import DynamoAccounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
TABLE = "openmind-local"
PEPPER_SECRET = "openmind-local/key-pepper"  # noqa: S105 - a name
PROVIDER_KEYS_SECRET = "openmind-local/provider-keys"  # noqa: S105 - a name
PLACES = {
    "TABLE_NAME": TABLE,
    "KEY_PEPPER_SECRET": PEPPER_SECRET,
    "PROVIDER_KEYS_SECRET": PROVIDER_KEYS_SECRET,
}
"""What a deployed function's environment says of them."""

ACCOUNT = "local"
_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, whose values do not matter here."""


_TemplateLoader.add_multi_constructor("!", lambda _, __, node: node.value)


def create_table(client: DynamoDBClient, name: str = TABLE) -> None:
    """The table as template.yaml describes it, unless it is there."""
    try:
        client.create_table(TableName=name, **_table_properties())
    except client.exceptions.ResourceInUseException:
        return


def create_secret(client: SecretsManagerClient, name: str, text: str, *, replace: bool) -> None:
    try:
        client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:
        if replace:
            client.put_secret_value(SecretId=name, SecretString=text)


def fill(provider_keys: Mapping[str, str]) -> None:
    """Table and secrets. The pepper of an earlier run stays, so that its keys stay valid."""
    create_table(boto3.client("dynamodb"))
    secretsmanager = boto3.client("secretsmanager")
    create_secret(secretsmanager, PEPPER_SECRET, secrets.token_hex(32), replace=False)
    create_secret(secretsmanager, PROVIDER_KEYS_SECRET, json.dumps(dict(provider_keys)), replace=True)


def seed_key(key: str, plan: str, account_id: str = ACCOUNT) -> None:
    """Stores `key` for the local account, which is opened if need be, in place of a record of an earlier run."""
    pepper = boto3.client("secretsmanager").get_secret_value(SecretId=PEPPER_SECRET)["SecretString"].encode()
    dynamodb = boto3.client("dynamodb")
    accounts = Accounts(DynamoAccounts(boto.dynamodb(dynamodb), TABLE), plans.load(), lambda: pepper, time.time)
    open_account(accounts, account_id, plan)
    with contextlib.suppress(KeyNotFoundError):
        accounts.delete_key(account_id, keys.key_id(key), "local development")
    dynamodb.delete_item(TableName=TABLE, Key=records.key_key(keys.key_id(key)))
    accounts.create_key(account_id, "local development", KeySettings(name="local development"), key)


def open_account(accounts: Accounts, account_id: str, plan: str) -> None:
    """With its plan, and the plan's credit to begin with."""
    try:
        accounts.open(account_id, plan, "local development")
    except AccountExistsError:
        accounts.set_plan(account_id, plan, "local development")


def _table_properties() -> Any:
    template = yaml.load(TEMPLATE.read_text(), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
    tables = (r for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table")
    properties = next(tables)["Properties"]
    return {name: properties[name] for name in _TABLE_PROPERTIES if name in properties}
