"""What an operator does with accounts and their credit."""

import pytest

from tests.unit.cli.conftest import Run, shown


def test_an_account_is_opened_listed_and_shown(run: Run) -> None:
    run("accounts", "open", "acme", "--plan", "starter")
    run("accounts", "open", "user_2x")

    listed = run("accounts", "list").cells("ACCOUNT", "PLAN", "STATE", "BALANCE", "CHARGED", "KEYS")
    assert listed == [["acme", "starter", "open", "2500", "0", "0"], ["user_2x", "free", "open", "50", "0", "0"]]
    told = shown(run, "acme")
    assert (told["balance"], told["of the month"], told["granted"]) == ("2500", "2500 of 2500", "2500")


def test_an_account_is_opened_once(run: Run) -> None:
    run("accounts", "open", "acme")

    said = run("accounts", "open", "acme")

    assert (said.code, said.error) == (1, "openmind-llm: there is an account acme already\n")


def test_an_account_is_closed_and_reopened(run: Run) -> None:
    run("accounts", "open", "acme")

    run("accounts", "close", "acme")
    closed = shown(run, "acme")["state"]
    run("accounts", "reopen", "acme")

    assert (closed, shown(run, "acme")["state"]) == ("closed", "open")


def test_a_plan_is_cancelled_and_goes_on_after_all(run: Run) -> None:
    run("accounts", "open", "acme")

    run("accounts", "cancel", "acme")
    cancelled = shown(run, "acme")["state"]
    run("accounts", "cancel", "acme", "--undo")

    assert (cancelled, shown(run, "acme")["state"]) == ("cancelled", "open")


def test_a_plan_is_changed_at_once(run: Run) -> None:
    run("accounts", "open", "acme")

    run("accounts", "plan", "acme", "builder")

    assert (shown(run, "acme")["plan"], shown(run, "acme")["balance"]) == ("builder", "15000")


def test_credit_is_granted_and_taken_back(run: Run) -> None:
    run("accounts", "open", "acme")

    granted = run("credit", "grant", "acme", "100.5", "--note", "welcome")
    taken = run("credit", "grant", "acme", "-150")

    assert granted.error == "100.5 OMCU granted to acme, which has 150.5 now\n"
    assert taken.error == "-150 OMCU granted to acme, which has 0.5 now\n"


def test_more_credit_than_there_is_cannot_be_taken_back(run: Run) -> None:
    run("accounts", "open", "acme")

    said = run("credit", "grant", "acme", "-51")

    assert (said.code, said.error) == (1, "openmind-llm: acme has 50 OMCU: no more can be taken back\n")


@pytest.mark.parametrize(
    "words",
    [
        ["accounts", "show"],
        ["accounts", "close"],
        ["accounts", "reopen"],
        ["accounts", "cancel"],
        ["audit"],
    ],
)
def test_an_account_that_is_not_there_is_refused_in_one_line(run: Run, words: list[str]) -> None:
    said = run(*words, "nobody")

    assert (said.code, said.rows, said.error) == (1, [], "openmind-llm: User not found\n")
