"""What an operator sees of an account's usage."""

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dev.seed import TABLE
from openmind_llm.domain import money
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.storage import boto
from openmind_llm.storage.reports import DynamoReports
from tests.fakes import FakeClock
from tests.spending import Spending, clock_at
from tests.unit.cli.conftest import KEY_ID, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NOVEMBER = ("usage", "acme", "--from", "2026-11-01", "--to", "2026-11-30")


@pytest.fixture
def entries(deployed: Callable[[FakeClock], Spending], dynamodb: "DynamoDBClient") -> list[Entry]:
    """Of requests to two models, on two days."""
    spending = deployed(clock_at())
    for days, model in ((0, "gpt-4o"), (0, "gpt-4o-mini"), (1, "gpt-4o")):
        spending.on(days).sent(KEY_ID, "acme", model=model)
    rows = DynamoReports(boto.dynamodb(dynamodb), TABLE).rows("acme")
    return [row for row in rows if isinstance(row, Entry)]


def test_a_table_has_a_line_for_each_group_and_the_total(run: Run, entries: list[Entry]) -> None:
    code, out, _ = run(*NOVEMBER)

    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0][:2] == ["DAY", "REQUESTS"]
    assert [line[:2] for line in lines[1:]] == [["2026-11-24", "2"], ["2026-11-25", "1"], ["total", "3"]]
    assert lines[0].index("COST_USD") == lines[0].index("CHARGE_OMCU") + 1


def test_it_tells_what_the_providers_charge(run: Run, entries: list[Entry]) -> None:
    _, out, _ = run(*NOVEMBER, "--csv", "--group-by", "provider")

    (row,) = csv.DictReader(io.StringIO(out, newline=""))
    assert row["provider"] == "openai"
    assert row["cost_usd"] == money.text(sum(entry.bill.cost for entry in entries)) != "0"
    assert row["charge_omcu"] == money.text(sum(entry.charge for entry in entries))


def test_it_may_be_grouped_by_key_and_model(run: Run, entries: list[Entry]) -> None:
    _, out, _ = run(*NOVEMBER, "--group-by", "model,key", "--csv")

    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [(row["model"], row["key"], row["requests"]) for row in rows] == [
        ("gpt-4o", KEY_ID, "2"),
        ("gpt-4o-mini", KEY_ID, "1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("usage", "nobody"), "User not found"),
        ((*NOVEMBER, "--group-by", "week"), "group_by must be a list of day,key,model,provider"),
        (("usage", "acme", "--from", "soon"), "from must be a day in the form YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_shown_is_refused(run: Run, entries: list[Entry], arguments: tuple[str, ...], told: str) -> None:
    code, out, err = run(*arguments)

    assert (code, out) == (1, "")
    assert told in err
