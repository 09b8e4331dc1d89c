"""The export function as it is wired: a recorded change of the table becomes a file in the bucket."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from openmind_llm.bootstrap import exports
from openmind_llm.settings import MissingSettingError, Settings
from tests.moto_account import account
from tests.unit.domain.exports.shelves import read

EVENT = json.loads((Path(__file__).parents[3] / "events" / "export_stream.json").read_text())
SETTINGS = {"TABLE_NAME": "table", "KEY_PEPPER_SECRET": "pepper"}


@pytest.fixture
def aws() -> Iterator[None]:
    with account():
        yield


def test_a_recorded_change_becomes_a_file_of_its_day(aws: None) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="usage-bucket")

    count = exports.batches(Settings.from_env(SETTINGS | {"USAGE_BUCKET": "usage-bucket"}))(EVENT)

    (file,) = s3.list_objects_v2(Bucket="usage-bucket")["Contents"]
    place = EVENT["Records"][0]["dynamodb"]["SequenceNumber"]
    assert (count, file["Key"]) == (1, f"usage/date=2026-11-24/{place}-{place}.jsonl.gz")
    (line,) = read(s3.get_object(Bucket="usage-bucket", Key=file["Key"])["Body"].read())
    assert (line["account_id"], line["charge_micro_omcu"]) == ("acme", 4_760_000)


def test_without_a_bucket_the_function_does_not_start() -> None:
    with pytest.raises(MissingSettingError, match="USAGE_BUCKET"):
        exports.batches(Settings.from_env(SETTINGS))
