"""A settled request is in the bucket, once, whatever S3 does meanwhile: by the template's own stream and filter."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.integration.conftest import Template
from tests.integration.translated import of_type
from tests.spending import Spending

WAIT_S = 60


def _lines(bucket: str, account: str) -> list[dict[str, Any]]:
    """Those of an account, in all files. None while there is no bucket."""
    s3 = boto3.client("s3")
    if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        return []
    names = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    files = (s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names)
    lines = (json.loads(line) for file in files for line in gzip.decompress(file).splitlines())
    return [line for line in lines if line["account_id"] == account]


def _until[T](found: Callable[[], T]) -> T:
    """Something is found. Raises AssertionError where that takes too long."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if something := found():
            return something
        time.sleep(0.1)
    raise AssertionError("nothing was found in time")


def _source() -> dict[str, Any]:
    (source,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return dict(source)


def _changes(stack: dict[str, str]) -> Iterator[Any]:
    """All that the table's stream tells."""
    streams = boto3.client("dynamodbstreams")
    (stream,) = streams.list_streams(TableName=stack["TableName"])["Streams"]
    described = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    for shard in described["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while found := streams.get_records(ShardIterator=iterator):
            yield from found["Records"]
            iterator = found.get("NextShardIterator", "")
            if not found["Records"] or not iterator:
                break


def _is_let_through(pattern: Any, value: Any) -> bool:
    """As Lambda filters: every key must be there, and one of its values fit."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(_is_let_through(part, value.get(key)) for key, part in pattern.items())
    return any(str(value).startswith(one["prefix"]) if isinstance(one, dict) else one == value for one in pattern)


def test_a_settled_request_is_one_line_of_one_file(
    stack: dict[str, str], spending: Spending, request: pytest.FixtureRequest
) -> None:
    account = request.node.name

    request_id = spending.sent(f"key-{account}", account)

    (line,) = _until(lambda: _lines(stack["UsageBucket"], account))
    assert (line["request_id"], line["outcome"], line["key_id"]) == (request_id, "completed", f"key-{account}")
    (file,) = boto3.client("s3").list_objects_v2(Bucket=stack["UsageBucket"])["Contents"]
    assert file["Key"].startswith("usage/date=2026-11-24/")


def test_nothing_is_lost_while_the_bucket_cannot_be_written_to(
    stack: dict[str, str], spending: Spending, request: pytest.FixtureRequest
) -> None:
    account, bucket, s3 = request.node.name, stack["UsageBucket"], boto3.client("s3")
    for one in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=one["Key"])
    s3.delete_bucket(Bucket=bucket)

    sent = [spending.sent(f"key-{account}", account) for _ in range(3)]
    _until(lambda: _source()["LastProcessingResult"] == "FAILED")
    assert _lines(bucket, account) == []
    s3.create_bucket(Bucket=bucket)

    lines = _until(lambda: _lines(bucket, account))
    assert [line["request_id"] for line in lines] == sent


def test_the_filter_lets_settled_rows_through_and_nothing_else(
    stack: dict[str, str], spending: Spending, request: pytest.FixtureRequest, template: Template
) -> None:
    """Of all that a ledger writes: accounts, keys, audits, day lines, rows that are held and rows that are settled."""
    account = request.node.name
    (source,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    (filter_,) = source["Properties"]["FilterCriteria"]["Filters"]

    settled, held = spending.sent(f"key-{account}", account), spending.opened(f"key-{account}", account)

    changes = [change for change in _changes(stack) if account in json.dumps(change["dynamodb"]["Keys"])]
    passed = [change for change in changes if _is_let_through(json.loads(filter_["Pattern"]), change)]
    kinds = {change["dynamodb"]["Keys"]["pk"]["S"].partition("#")[0] for change in changes}
    assert [change["dynamodb"]["Keys"]["sk"]["S"] for change in passed] == [settled]
    assert kinds == {"ACCOUNT", "KEY", "LEDGER", "ROLLUP", "AUDIT"}
    assert held.request_id in {change["dynamodb"]["Keys"]["sk"]["S"] for change in changes}
