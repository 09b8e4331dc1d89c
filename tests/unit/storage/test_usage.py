"""Usage entries in DynamoDB."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm.domain.usage import Usage, UsageEntry
from openmind_llm.storage.usage import DynamoUsageLog
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ENTRY = UsageEntry(
    request_id="request-1",
    account_id="acme",
    key_id="key-1",
    provider="openai",
    model="gpt-4o",
    upstream_model="gpt-4o",
    is_stream=True,
    outcome="completed",
    usage=Usage(input=10, cached_input=2, cache_write=0, output=7, reasoning=5, is_exact=True),
    started_at="2026-11-25T21:00:00.000Z",
    duration_ms=1500,
)


def items(dynamodb: "DynamoDBClient") -> list[dict[str, Any]]:
    return dynamodb.scan(TableName=TABLE)["Items"]


def test_an_entry_is_one_item_under_its_account(dynamodb: "DynamoDBClient") -> None:
    DynamoUsageLog(dynamodb, TABLE).close(ENTRY)

    (item,) = items(dynamodb)
    assert (item["pk"]["S"], item["sk"]["S"]) == ("USAGE#acme", "2026-11-25T21:00:00.000Z#request-1")
    assert {name: item[name]["N"] for name in ("input", "cached_input", "cache_write", "output", "reasoning")} == {
        "input": "10", "cached_input": "2", "cache_write": "0", "output": "7", "reasoning": "5",
    }  # fmt: skip
    assert (item["is_exact"], item["is_stream"], item["outcome"]) == (
        {"BOOL": True},
        {"BOOL": True},
        {"S": "completed"},
    )


def test_a_request_that_was_opened_is_closed_with_what_it_used(dynamodb: "DynamoDBClient") -> None:
    log = DynamoUsageLog(dynamodb, TABLE)
    log.open(replace(ENTRY, outcome="open"))

    log.close(ENTRY)

    assert [item["outcome"]["S"] for item in items(dynamodb)] == ["completed"]


def test_a_request_that_was_never_closed_stays_open(dynamodb: "DynamoDBClient") -> None:
    DynamoUsageLog(dynamodb, TABLE).open(replace(ENTRY, outcome="open"))

    assert [item["outcome"]["S"] for item in items(dynamodb)] == ["open"]


def test_a_late_repetition_does_not_open_it_again(dynamodb: "DynamoDBClient") -> None:
    log = DynamoUsageLog(dynamodb, TABLE)
    log.close(ENTRY)

    log.open(replace(ENTRY, outcome="open"))

    assert [item["outcome"]["S"] for item in items(dynamodb)] == ["completed"]


def test_a_request_without_an_answer_is_forgotten(dynamodb: "DynamoDBClient") -> None:
    log = DynamoUsageLog(dynamodb, TABLE)
    log.open(replace(ENTRY, outcome="open"))

    log.forget(ENTRY)

    assert items(dynamodb) == []


def test_it_is_not_among_the_accounts_keys(dynamodb: "DynamoDBClient") -> None:
    DynamoUsageLog(dynamodb, TABLE).close(ENTRY)

    (item,) = items(dynamodb)
    assert "account_id" not in item


def test_a_request_is_closed_once(dynamodb: "DynamoDBClient") -> None:
    log = DynamoUsageLog(dynamodb, TABLE)
    log.close(ENTRY)

    log.close(replace(ENTRY, outcome="broken"))

    assert [item["outcome"]["S"] for item in items(dynamodb)] == ["completed"]


def test_an_entry_that_cannot_be_written_is_in_the_log_whole(
    dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        DynamoUsageLog(dynamodb, "no-such-table").close(ENTRY)

    logged = caplog.records[-1].__dict__["entry"]
    assert (logged["request_id"], logged["usage"]["output"]) == ("request-1", 7)
