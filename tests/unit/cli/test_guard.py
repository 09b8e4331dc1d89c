"""What an operator sets of an account beside its plan."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dev.seed import TABLE
from openmind_llm.domain import filters
from openmind_llm.domain.filters.refusals import FiltersUnreadableError
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from tests.unit.cli.conftest import Run, shown

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

RULES = [
    {"name": "ids", "pattern": "[0-9]{9}", "action": "redact", "on": "both"},
    {"name": "projects", "pattern": "(?i)apollo", "action": "block", "on": "input"},
]
NAMES = ("allowed models", "denied models", "filters", "logs content")


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "filters.json"
    path.write_text(json.dumps(RULES))
    return str(path)


@pytest.fixture(autouse=True)
def _opened(run: Run) -> None:
    run("accounts", "open", "acme")


def settings(run: Run) -> list[str]:
    told = shown(run, "acme")
    return [told[name] for name in NAMES]


def test_everything_is_off_at_first(run: Run) -> None:
    assert settings(run) == ["-", "-", "-", "off"]


def test_what_is_set_is_shown_and_told_in_the_audit(run: Run, rules: str) -> None:
    words = ("--allow-model", "gpt-5*", "--allow-model", "gpt-4o", "--deny-model", "openai/gpt-5-nano")

    said = run("accounts", "guard", "acme", *words, "--filters", rules, "--log-content", "on")

    assert (said.code, said.out, said.error) == (0, "", "account acme changed\n")
    assert settings(run) == ["gpt-4o gpt-5*", "openai/gpt-5-nano", "ids (redact both), projects (block input)", "on"]
    audited = run("audit", "acme").out
    assert "operator alice" in audited
    assert "ids (redact both)" in audited
    assert "apollo" not in audited


def test_what_is_cleared_is_told_in_the_audit(run: Run) -> None:
    run("accounts", "guard", "acme", "--deny-model", "gpt-4o")

    run("accounts", "guard", "acme", "--clear", "denied_models")

    assert run("audit", "acme").cells("WHAT", "DETAIL")[1:] == [
        ["guard", "denied_models='gpt-4o'"],
        ["guard", "denied_models=''"],
    ]


def test_what_is_not_named_stays_and_what_is_cleared_goes(run: Run, rules: str) -> None:
    run("accounts", "guard", "acme", "--allow-model", "gpt-5", "--deny-model", "gpt-4o", "--filters", rules)

    run("accounts", "guard", "acme", "--clear", "allowed_models", "--clear", "filters", "--log-content", "on")

    assert settings(run) == ["-", "gpt-4o", "-", "on"]


def test_content_is_no_longer_logged_once_it_is_switched_off(run: Run) -> None:
    run("accounts", "guard", "acme", "--log-content", "on")

    run("accounts", "guard", "acme", "--log-content", "off")

    assert settings(run)[3] == "off"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (
            {"name": "x", "pattern": "(a+)+", "action": "block", "on": "both"},
            "a repeat without bound is within",
        ),
        ({"name": "x", "pattern": "a*", "action": "block", "on": "both"}, "it matches the empty text"),
        ({"name": "x"}, "rule 1 must be an object with name, pattern, action and on"),
    ],
)
def test_rules_that_will_not_do_are_refused_in_one_line(
    run: Run, tmp_path: Path, rule: dict[str, str], why: str
) -> None:
    path = tmp_path / "filters.json"
    path.write_text(json.dumps([rule]))

    said = run("accounts", "guard", "acme", "--filters", str(path))

    assert (said.code, said.error.count("\n"), why in said.error) == (1, 1, True)
    assert settings(run)[2] == "-"


@pytest.mark.parametrize(("content", "why"), [("[", "is no JSON"), (None, "No such file or directory")])
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    run: Run, tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "filters.json"
    if content is not None:
        path.write_text(content)

    said = run("accounts", "guard", "acme", "--filters", str(path))

    assert (said.code, said.error.count("\n"), why in said.error) == (1, 1, True)


def test_nothing_to_change_is_told_to_be_nothing(run: Run) -> None:
    said = run("accounts", "guard", "acme")

    assert (said.code, said.error) == (1, "openmind-llm: nothing to change: see `accounts guard --help`\n")


def test_an_account_that_is_not_there_is_refused(run: Run) -> None:
    said = run("accounts", "guard", "nobody", "--log-content", "on")

    assert (said.code, said.error) == (1, "openmind-llm: User not found\n")


@pytest.mark.parametrize("stored", [{"S": "["}, {"L": []}, {"BOOL": False}, {"N": "1"}, {"S": ""}, {"M": {}}])
def test_filters_that_were_spoilt_in_the_table_are_shown_as_such_and_let_nothing_pass(
    run: Run, dynamodb: "DynamoDBClient", stored: dict[str, object]
) -> None:
    dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": "ACCOUNT"}},
        UpdateExpression="SET filters = :spoilt",
        ExpressionAttributeValues={":spoilt": stored},
    )

    assert settings(run)[2] == "unreadable: every request is refused"
    known = DynamoAccounts(boto.dynamodb(dynamodb), TABLE).account("acme")
    assert known is not None
    with pytest.raises(FiltersUnreadableError):
        filters.of(known.account)
