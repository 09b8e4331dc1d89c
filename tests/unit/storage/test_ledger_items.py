"""What the ledger's items look like in the table."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openmind_llm.domain import ids
from openmind_llm.domain.ledger import settlement
from openmind_llm.domain.ledger.rows import Bill, Timing
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.usage import Usage
from openmind_llm.storage import records
from openmind_llm.storage.ledger import DynamoLedger
from tests.memory_ledger import open_store
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.filled import fill, item

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB
from tests.unit.storage.holding import (
    ACCOUNT,
    ENDING,
    KEY,
    NOW_MS,
    NOW_S,
    REQUEST,
    USED,
    admission_of,
    admitted,
    settlement_of,
)


@pytest.fixture
def in_table(dynamodb: "DynamoDB") -> DynamoLedger:
    fill(dynamodb, ACCOUNT, KEY)
    return DynamoLedger(dynamodb, TABLE)


def test_a_key_has_no_standing_with_another_account(in_table: DynamoLedger) -> None:
    assert in_table.standing("key-1", "account-2") is None


def test_every_last_character_of_an_id_has_its_shard(in_table: DynamoLedger) -> None:
    requests = [ids.new(NOW_MS)[:-1] + shard for shard in "0123456789abcdef"]
    for one in requests:
        admitted(in_table, one, 10)

    assert {request_id for _, request_id in in_table.expired_holds(int(NOW_S) + 11)} == set(requests)


def test_a_hold_is_one_item_under_its_account(in_table: DynamoLedger, dynamodb: "DynamoDB") -> None:
    hold = admitted(in_table)

    row = item(dynamodb, "LEDGER#account-1", REQUEST)
    assert (row["state"], row["hold_shard"], row["hold"]) == ("held", REQUEST[-1], hold.amount)
    assert (row["expires_at"], row["started_at"]) == (int(NOW_S) + 900, NOW_MS)
    assert (row["provider"], row["model"], row["upstream_model"]) == ("openai", "gpt-4o", "gpt-4o")
    assert (row["is_stream"], row["output_cap"], row["input_bound"], row["tokens"]) == (True, 100, 200, 300)
    assert (row["assumed_input"], row["assumed_output"]) == (130, 100)
    assert (row["assumed_charge"], row["assumed_cost"]) == (hold.assumed_bill.charge, hold.assumed_bill.cost)


def test_a_settled_row_tells_what_was_used_and_leaves_the_index_of_open_holds(
    in_table: DynamoLedger, dynamodb: "DynamoDB"
) -> None:
    in_table.settle(settlement_of(in_table, admitted(in_table)))

    row = item(dynamodb, "LEDGER#account-1", REQUEST)
    assert (row["state"], row["outcome"], row["charge"], row["shortfall"]) == ("settled", "completed", 9_000, 0)
    assert [row[name] for name in ("input", "cached_input", "cache_write", "output", "reasoning")] == [
        100,
        20,
        3,
        40,
        5,
    ]
    assert (row["is_exact"], row["cost"], row["is_cost_reported"]) == (True, 700, True)
    assert (row["duration_ms"], row["first_ms"], row["attempts"]) == (1500, 300, 1)
    assert row["settled_at"] == NOW_MS + 1500
    assert not {"hold_shard", "assumed_input", "assumed_output", "assumed_charge", "assumed_cost"} & row.keys()


ENDINGS = [
    ENDING,
    Ending("broken", replace(USED, is_exact=False), Bill(12, 1), NOW_MS + 9, Timing(9)),
    settlement.refused(admission_of(open_store(ACCOUNT, KEY)).hold, NOW_MS + 5),
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.outcome)
def test_an_entry_is_read_as_it_was_written(in_table: DynamoLedger, dynamodb: "DynamoDB", ending: Ending) -> None:
    """But for what was assumed, which is gone."""
    settled = settlement_of(in_table, admitted(in_table), ending)
    in_table.settle(settled)

    read = records.entry("account-1", item(dynamodb, "LEDGER#account-1", REQUEST))

    nothing = Usage(0, 0, 0, 0, 0, is_exact=False)
    hold = replace(settled.entry.hold, assumed=nothing, assumed_bill=Bill(0, 0))
    assert read == replace(settled.entry, hold=hold)


def test_a_row_is_not_among_the_accounts_keys(in_table: DynamoLedger, dynamodb: "DynamoDB") -> None:
    admitted(in_table)

    assert "account_id" not in item(dynamodb, "LEDGER#account-1", REQUEST)


def test_the_days_line_adds_up_its_requests(in_table: DynamoLedger, dynamodb: "DynamoDB") -> None:
    endings = [ENDING, replace(ENDING, usage=replace(USED, is_exact=False), bill=Bill(1_000, 300))]
    for number, ending in enumerate(endings):
        in_table.settle(settlement_of(in_table, admitted(in_table, ids.new(NOW_MS + number)), ending))

    line = item(dynamodb, "ROLLUP#account-1", "2025-11-24#key-1#openai#gpt-4o")
    summed = {name: value for name, value in line.items() if name not in ("pk", "sk")}
    assert summed == {
        "requests": 2,
        "estimated": 1,
        "input": 200,
        "cached_input": 40,
        "cache_write": 6,
        "output": 80,
        "reasoning": 10,
        "charge": 10_000,
        "cost": 1_000,
        "shortfall": 0,
    }
