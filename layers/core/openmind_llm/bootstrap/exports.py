"""Wires the export of settled rows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openmind_llm.bootstrap import signals
from openmind_llm.domain.exports.batches import Batches
from openmind_llm.domain.exports.days import Days
from openmind_llm.domain.exports.ports import Shelf
from openmind_llm.settings import MissingSettingError, Settings
from openmind_llm.storage import changes, clients
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.reports import DynamoReports
from openmind_llm.storage.shelves import Bucket, Folder

S3 = "s3://"


def batches(settings: Settings) -> Callable[[Mapping[str, Any]], int]:
    """From an event of the table's stream to how many rows were written. Raises MissingSettingError."""
    if not settings.usage_bucket:
        raise MissingSettingError("USAGE_BUCKET is not set")
    exporting = Batches(Bucket(clients.s3(), settings.usage_bucket), signals.create(settings))
    return lambda event: exporting.export(*changes.settled(event))


def days(settings: Settings, to: str) -> Days:
    """`to`: see shelf."""
    dynamodb, table = clients.dynamodb(settings), settings.table_name
    return Days(DynamoAccounts(dynamodb, table), DynamoReports(dynamodb, table), shelf(to))


def shelf(to: str) -> Shelf:
    """A folder's path, or `s3://bucket/prefix`. Raises ValueError."""
    if not to.startswith(S3):
        return Folder(Path(to))
    bucket, _, prefix = to.removeprefix(S3).partition("/")
    if not bucket:
        raise ValueError(f"{to} names no bucket")
    return Bucket(clients.s3(), bucket, prefix)
