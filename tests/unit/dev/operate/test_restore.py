"""Making a stack's table what another one is."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from dev.operate.restore import copy, run
from dev.operate.target import Target
from dev.start import StartError
from tests.moto_account import account

TARGET = Target("dev", "one", {})
STACK = """
Resources:
  Any: {Type: AWS::SNS::Topic}
Outputs:
  TableName: {Value: ours}
  KeyPepperSecret: {Value: pepper}
"""


def _table(name: str) -> None:
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def _put(table: str, pk: str, value: int) -> None:
    boto3.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": "x"}, "v": {"N": str(value)}})


def _values(table: str) -> dict[str, int]:
    items = boto3.client("dynamodb").scan(TableName=table)["Items"]
    return {item["pk"]["S"]: int(item["v"]["N"]) for item in items}


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with account():
        boto3.client("cloudformation").create_stack(StackName="one", TemplateBody=STACK)
        boto3.client("secretsmanager").create_secret(Name="pepper", SecretString="new pepper")
        _table("ours")
        _table("then")
        yield


def test_the_table_holds_what_the_other_holds_and_nothing_else() -> None:
    for pk in map(str, range(60)):
        _put("then", pk, 1)
    _put("ours", "0", 2)
    _put("ours", "newer", 2)

    assert copy("then", "ours") == (60, 1)
    assert _values("ours") == dict.fromkeys(map(str, range(60)), 1)


def test_a_second_time_changes_nothing() -> None:
    _put("then", "a", 1)
    copy("then", "ours")

    assert copy("then", "ours") == (1, 0)


def test_keys_go_on_working_by_the_pepper_that_hashed_them() -> None:
    boto3.client("secretsmanager").create_secret(Name="old", SecretString="old pepper")

    run(TARGET, {"FROM": "then", "PEPPER": "old", "CONFIRM": "one"})

    assert boto3.client("secretsmanager").get_secret_value(SecretId="pepper")["SecretString"] == "old pepper"


@pytest.mark.parametrize("source", ["no-such-table", "of-others"])
def test_the_pepper_stays_where_there_is_nothing_to_copy(source: str) -> None:
    """With another pepper, no key of the stack is of use."""
    boto3.client("secretsmanager").create_secret(Name="old", SecretString="old pepper")
    boto3.client("dynamodb").create_table(
        TableName="of-others",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    with pytest.raises((StartError, ClientError)):
        run(TARGET, {"FROM": source, "PEPPER": "old", "CONFIRM": "one"})

    assert boto3.client("secretsmanager").get_secret_value(SecretId="pepper")["SecretString"] == "new pepper"


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"CONFIRM": "one"}, "say FROM="),
        ({"FROM": "then"}, "say CONFIRM=one"),
        ({"FROM": "ours", "CONFIRM": "one"}, "is the stack's own table"),
    ],
)
def test_nothing_is_replaced_by_mistake(environ: dict[str, str], why: str) -> None:
    _put("ours", "kept", 1)

    with pytest.raises(StartError, match=why):
        run(TARGET, environ)

    assert _values("ours") == {"kept": 1}
