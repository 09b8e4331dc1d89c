"""What holds for all commands: who did it is told, and what went wrong, in one line."""

import re

import pytest

from tests.unit.cli.conftest import Run


def test_the_plans_are_listed_with_the_operators_changes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAN_OVERRIDES", '[{"name": "free", "monthly_credit": 12.5}]')

    listed = run("plans", "list").cells("PLAN", "OMCU/MONTH", "KEYS", "REQUESTS/S", "OFFERED")

    assert ["free", "12.5", "1", "1", "yes"] in listed
    assert ["starter", "2500", "5", "5", "no"] in listed


def test_the_audit_tells_who_did_it_by_the_name_on_this_machine(run: Run) -> None:
    run("accounts", "open", "acme")
    run("credit", "grant", "acme", "-1.5", "--note", "a mistake")

    told = run("audit", "acme").cells("WHO", "WHAT", "OF", "CREDIT", "DETAIL")

    assert told == [
        ["operator alice", "open", "acme", "50", "plan='free'"],
        ["operator alice", "grant", "acme", "-1.5", "note='a mistake' omcu='-1.5'"],
    ]


def test_a_name_that_is_not_known_leaves_the_operator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USER")
    run("accounts", "open", "acme")

    assert run("audit", "acme").cells("WHO") == [["operator"]]


def test_a_table_that_is_not_there_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "no-such-table")

    said = run("accounts", "open", "acme")

    assert said.code == 1
    assert re.fullmatch(r"openmind-llm: TransactWriteItems: ResourceNotFoundException.*\n", said.error)


def test_a_stack_that_is_not_there_is_told_in_one_line(run: Run) -> None:
    said = run("--stack", "nowhere", "accounts", "list")

    assert said.code == 1
    assert said.error.startswith("openmind-llm: ")
    assert said.error.count("\n") == 1


@pytest.mark.parametrize(
    "words", [[], ["keys"], ["keys", "create"], ["accounts", "open"], ["keys", "update", "x", "--rps", "x"]]
)
def test_a_line_that_is_not_understood_ends_with_two(run: Run, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)

    assert ended.value.code == 2
