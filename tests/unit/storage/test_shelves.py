"""Files in a bucket and in a folder: one suite for both, so that they stay alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from openmind_llm.domain.exports.ports import Shelf
from openmind_llm.storage.shelves import Bucket, Folder
from tests.moto_account import account

type Read = Callable[[], dict[str, bytes]]


@pytest.fixture
def aws() -> Iterator[None]:
    with account():
        yield


def _in_bucket() -> dict[str, bytes]:
    s3 = boto3.client("s3")
    names = [one["Key"] for one in s3.list_objects_v2(Bucket="usage-bucket").get("Contents", [])]
    return {name: s3.get_object(Bucket="usage-bucket", Key=name)["Body"].read() for name in names}


@pytest.fixture(params=["bucket", "folder"])
def kept(request: pytest.FixtureRequest, aws: None, tmp_path: Path) -> tuple[Shelf, Read]:
    """A shelf, and what is on it."""
    if request.param == "bucket":
        boto3.client("s3").create_bucket(Bucket="usage-bucket")
        return Bucket(boto3.client("s3"), "usage-bucket"), _in_bucket
    return Folder(tmp_path), lambda: {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }


def test_a_file_is_put_under_its_name(kept: tuple[Shelf, Read]) -> None:
    shelf, read = kept

    shelf.put("usage/date=2026-11-24/1-2.jsonl.gz", b"content")

    assert read() == {"usage/date=2026-11-24/1-2.jsonl.gz": b"content"}


def test_a_file_takes_the_place_of_one_of_its_name(kept: tuple[Shelf, Read]) -> None:
    shelf, read = kept
    shelf.put("usage/one", b"first")

    shelf.put("usage/one", b"second")

    assert read() == {"usage/one": b"second"}


@pytest.mark.parametrize(("prefix", "name"), [("", "usage/1"), ("a/b", "a/b/usage/1"), ("a/", "a/usage/1")])
def test_names_in_a_bucket_begin_with_its_prefix(aws: None, prefix: str, name: str) -> None:
    boto3.client("s3").create_bucket(Bucket="usage-bucket")

    Bucket(boto3.client("s3"), "usage-bucket", prefix).put("usage/1", b"")

    assert list(_in_bucket()) == [name]


def test_a_bucket_that_is_not_there_is_an_error(aws: None) -> None:
    with pytest.raises(ClientError):
        Bucket(boto3.client("s3"), "no-such-bucket").put("usage/1", b"")
