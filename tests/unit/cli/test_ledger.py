"""An operator has the ledger checked, and swept."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dev.seed import TABLE
from openmind_llm.storage import records
from tests.fakes import FakeClock
from tests.spending import Spending, clock_at
from tests.unit.cli.conftest import KEY_ID, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

HOUR_S = 3600


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def now(deployed: Callable[[FakeClock], Spending]) -> Spending:
    """Requests of this moment, of which one is open."""
    spending = deployed(clock_at(time.time()))
    spending.sent(KEY_ID, "acme")
    spending.opened(KEY_ID, "acme")
    return spending


@pytest.fixture
def left(deployed: Callable[[FakeClock], Spending]) -> str:
    """The id of a request whose function died an hour ago."""
    return deployed(clock_at(time.time() - HOUR_S)).opened(KEY_ID, "acme").request_id


@pytest.mark.parametrize("whose", ["acme", "--all"])
def test_a_sound_ledger_is_called_sound(run: Run, now: Spending, whose: str) -> None:
    assert run("ledger", "check", whose) == (0, "", "the ledger is sound\n")


@pytest.mark.parametrize("whose", ["acme", "--all"])
def test_what_does_not_add_up_is_listed_and_fails(
    run: Run, now: Spending, dynamodb: "DynamoDBClient", whose: str
) -> None:
    dynamodb.update_item(
        TableName=TABLE,
        Key=records.account_key("acme"),
        UpdateExpression="SET charged = charged + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    code, out, err = run("ledger", "check", whose)

    assert code == 1
    assert "acme: account: charged is" in out
    assert "acme: account: granted is" in out
    assert err == "openmind-llm: 2 found\n"


@pytest.mark.parametrize(("minutes", "code"), [("44", 1), ("46", 0)])
def test_a_hold_is_overdue_after_as_many_minutes_as_is_said(run: Run, left: str, minutes: str, code: int) -> None:
    """It was for a quarter of an hour."""
    exit_code, out, _ = run("ledger", "check", "acme", "--overdue-minutes", minutes)

    assert exit_code == code
    assert (f"acme: hold {left}: overdue, 45 minutes past its time" in out) is (code == 1)


def test_a_sweep_settles_what_is_past_its_time_once(run: Run, left: str) -> None:
    first, second = run("ledger", "sweep"), run("ledger", "sweep")

    assert first[1].startswith(f"{left}  acme  openai/gpt-4o  ")
    assert (first[0], first[2], second) == (0, "1 settled\n", (0, "", "0 settled\n"))
    assert run("ledger", "check", "acme")[0] == 0


@pytest.mark.parametrize("whose", [(), ("acme", "--all")])
def test_a_check_is_of_one_account_or_of_all(run: Run, whose: tuple[str, ...]) -> None:
    code, _, err = run("ledger", "check", *whose)

    assert (code, err) == (1, "openmind-llm: name an account, or say --all\n")


def test_an_account_that_is_not_there_is_not_sound(run: Run) -> None:
    code, _, err = run("ledger", "check", "nobody")

    assert (code, err) == (1, "openmind-llm: User not found\n")
