"""Making a stack's table what another table is: a copy restored to a point in time, or what a deleted stack has left.

The stack must rest meanwhile. What is interrupted is done again from the start.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from dev.operate.target import Target
from dev.outputs import outputs
from dev.start import StartError

type Key = tuple[str, str]


def run(target: Target, environ: Mapping[str, str]) -> str:
    """FROM is a table, PEPPER the secret that its keys were hashed by, where it is another. Raises StartError."""
    source, pepper = environ.get("FROM", ""), environ.get("PEPPER", "")
    if not source:
        raise StartError("say FROM=<the table to copy>")
    if environ.get("CONFIRM", "") != target.stack:
        raise StartError(f"this replaces all that the table of {target.stack} holds: say CONFIRM={target.stack}")
    there = outputs(target.stack)
    if source == there["TableName"]:
        raise StartError(f"{source} is the stack's own table")
    _look(source)
    if pepper:
        secrets = boto3.client("secretsmanager")
        value = secrets.get_secret_value(SecretId=pepper)["SecretString"]
        secrets.put_secret_value(SecretId=there["KeyPepperSecret"], SecretString=value)
    copied, removed = copy(source, there["TableName"])
    return f"{there['TableName']}: {copied} items copied from {source}, {removed} removed"


def _look(source: str) -> None:
    """Before anything is replaced. Raises StartError where this is no table of ours, or not yet one."""
    found = boto3.client("dynamodb").describe_table(TableName=source)["Table"]
    if found["TableStatus"] != "ACTIVE":
        raise StartError(f"{source} is {found['TableStatus']}: aws dynamodb wait table-exists --table-name {source}")
    if {part["AttributeName"] for part in found["KeySchema"]} != {"pk", "sk"}:
        raise StartError(f"{source} is not a table of the gateway")


def copy(source: str, destination: str) -> tuple[int, int]:
    """How many items were written, and how many removed, so that both tables hold the same."""
    dynamodb = boto3.resource("dynamodb")
    kept: set[Key] = set()
    with dynamodb.Table(destination).batch_writer() as writer:
        for item in _items(dynamodb.Table(source)):
            writer.put_item(Item=item)
            kept.add(_key(item))
    newer = [_key(item) for item in _items(dynamodb.Table(destination)) if _key(item) not in kept]
    with dynamodb.Table(destination).batch_writer() as writer:
        for pk, sk in newer:
            writer.delete_item(Key={"pk": pk, "sk": sk})
    return len(kept), len(newer)


def _key(item: Mapping[str, Any]) -> Key:
    return str(item["pk"]), str(item["sk"])


def _items(table: Any) -> Iterator[dict[str, Any]]:
    page = table.scan(ConsistentRead=True)
    yield from page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
        yield from page["Items"]
