"""What an operator does by hand, against a table in moto."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from dev import seed
from openmind_llm import cli
from openmind_llm.domain import keys
from openmind_llm.storage.keys import DynamoKeys

PEPPER = "pepper"


@dataclass(frozen=True)
class Said:
    """How a command ended. Standard error is one text, standard output rows of cells."""

    code: int
    rows: list[list[str]]
    error: str

    @property
    def only(self) -> str:
        ((word,),) = self.rows
        return word


type Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`openmind-llm` with these words; `typed` is standard input."""
    for name in ("AWS_ENDPOINT_URL", "PLAN_OVERRIDES", "MODEL_OVERRIDES", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    aws = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (aws | seed.PLACES | {"USER": "alice"}).items():
        monkeypatch.setenv(name, value)

    def told(*words: str, typed: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(words)
        out, error = capsys.readouterr()
        return Said(code, [re.split(" {2,}", line) for line in out.splitlines()], error)

    with mock_aws():
        seed.create_table(boto3.client("dynamodb"))
        seed.create_secret(boto3.client("secretsmanager"), seed.PEPPER_SECRET, PEPPER, replace=False)
        yield told


def lets_in(key: str) -> bool:
    found = DynamoKeys(boto3.client("dynamodb"), seed.TABLE).get(keys.key_id(key))
    return found is not None and found.is_active and found.digest == keys.digest(key, PEPPER.encode())


def cells(said: Said, *names: str) -> list[list[str]]:
    """Those columns of every row."""
    columns = [said.rows[0].index(name) for name in names]
    return [[row[column] for column in columns] for row in said.rows[1:]]


def shown(run: Run, account: str) -> dict[str, str]:
    return {row[0].removesuffix(":"): row[1] for row in run("accounts", "show", account).rows}


def test_a_key_for_a_new_account_opens_it_on_the_named_plan(run: Run) -> None:
    said = run("keys", "create", "--account", "acme", "--plan", "builder", "--name", "first key")

    assert said.code == 0
    assert re.fullmatch(r"om1_live_[0-9a-f]{80}", said.only)
    assert said.error == f"key {said.only[9:25]} created for account acme; it is shown only now:\n"
    assert lets_in(said.only)
    assert shown(run, "acme")["plan"] == "builder"


def test_a_key_for_an_account_that_is_there_leaves_its_plan(run: Run) -> None:
    run("accounts", "open", "acme", "--plan", "builder")

    run("keys", "create", "--account", "acme")

    assert shown(run, "acme")["plan"] == "builder"


def test_a_key_minted_elsewhere_is_taken_from_standard_input(run: Run) -> None:
    said = run("keys", "create", "--account", "acme", "--key-from-stdin", typed="a-key-of-ours\n")

    assert said.only == "a-key-of-ours"
    assert lets_in("a-key-of-ours")


def test_a_text_that_cannot_be_a_key_is_refused_in_one_line(run: Run) -> None:
    said = run("keys", "create", "--account", "acme", "--key-from-stdin", typed="a key\n")

    assert (said.code, said.rows) == (1, [])
    assert said.error == "openmind-llm: a key has 8 to 256 printable characters without spaces\n"


def test_a_key_is_created_with_all_that_can_be_set(run: Run) -> None:
    words = "--expires 2099-01-31 --allow-model gpt-4o --allow-model openai/gpt-5 --allow-provider openai"
    limits = "--day-budget 1.5 --month-budget 20 --rps 2 --burst 4 --tokens-per-minute 5000 --concurrency 3"

    key = run("keys", "create", "--account", "acme", *words.split(), *limits.split()).only

    record = DynamoKeys(boto3.client("dynamodb"), seed.TABLE).get(key[9:25])
    assert record is not None
    assert record.expires_at == 4_073_500_800
    assert record.allowed_models == {"gpt-4o", "openai/gpt-5"}
    assert record.allowed_providers == {"openai"}
    held_to = record.limits
    assert (held_to.requests_per_second, held_to.burst, held_to.tokens_per_minute, held_to.concurrency) == (
        2,
        4,
        5000,
        3,
    )
    assert (held_to.day_budget, held_to.month_budget) == (1_500_000, 20_000_000)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--expires", "2001-01-01"], "expires_at must be in the future"),
        (["--burst", "2"], "burst needs requests_per_second: set both, or neither"),
        (["--day-budget", "much"], "day_budget_omcu: not an amount: 'much'"),
        (["--allow-provider", "acme"], "allowed_providers may hold openai, deepseek, gemini, xai, nearai, openrouter"),
        (["--plan", "gold"], "there is no plan 'gold'; there are"),
    ],
)
def test_a_setting_that_makes_no_sense_creates_nothing(run: Run, words: list[str], text: str) -> None:
    said = run("keys", "create", "--account", "acme", *words)

    assert said.code == 1
    assert said.error.startswith(f"openmind-llm: {text}")
    assert said.error.count("\n") == 1
    assert cells(run("accounts", "list"), "ACCOUNT") == []


def test_more_keys_than_the_plan_allows_are_refused_in_one_line(run: Run) -> None:
    run("keys", "create", "--account", "acme")

    said = run("keys", "create", "--account", "acme")

    assert said.code == 1
    assert said.error == (
        "openmind-llm: API key limit reached. Your free plan allows up to 1 API key. "
        "Please delete an existing key or upgrade your plan.\n"
    )


def test_keys_are_listed_of_all_accounts_or_of_one(run: Run) -> None:
    ids = [run("keys", "create", "--account", name, "--name", "a key").only[9:25] for name in ("acme", "umbrella")]

    everyone, one = run("keys", "list"), run("keys", "list", "--account", "umbrella")

    columns = ("ID", "ACCOUNT", "NAME", "EXPIRES", "CHARGED")
    assert sorted(cells(everyone, *columns)) == sorted(
        [[ids[0], "acme", "a key", "-", "0"], [ids[1], "umbrella", "a key", "-", "0"]]
    )
    assert cells(one, "ID") == [[ids[1]]]


def test_a_revoked_key_is_refused_and_no_longer_listed(run: Run) -> None:
    key = run("keys", "create", "--account", "acme").only

    said = run("keys", "revoke", key[9:25])

    assert (said.code, said.error) == (0, f"key {key[9:25]} revoked\n")
    assert not lets_in(key)
    assert cells(run("keys", "list"), "ID") == []


@pytest.mark.parametrize("command", ["revoke", "rotate", "update"])
def test_a_key_that_is_not_there_is_refused_in_one_line(run: Run, command: str) -> None:
    said = run("keys", command, "0123456789abcdef")

    assert (said.code, said.error) == (1, "openmind-llm: API key not found\n")


def test_a_rotated_key_is_shown_once_and_says_how_long_the_old_one_is_good(run: Run) -> None:
    old = run("keys", "create", "--account", "acme").only

    said = run("keys", "rotate", old[9:25], "--overlap", "60")

    assert said.only[:25] == old[:25]
    assert lets_in(said.only)
    assert "the old one is good for 60 s" in said.error


def test_an_update_sets_and_clears(run: Run) -> None:
    key_id = run("keys", "create", "--account", "acme", "--allow-model", "gpt-4o", "--concurrency", "2").only[9:25]

    said = run("keys", "update", key_id, "--name", "robot", "--day-budget", "3", "--clear", "allowed_models")

    record = DynamoKeys(boto3.client("dynamodb"), seed.TABLE).get(key_id)
    assert said.code == 0
    assert record is not None
    assert (record.name, record.allowed_models) == ("robot", frozenset())
    assert (record.limits.day_budget, record.limits.concurrency) == (3_000_000, 2)


def test_an_account_is_opened_listed_and_shown(run: Run) -> None:
    run("accounts", "open", "acme", "--plan", "starter")
    run("accounts", "open", "user_2x")

    listed = cells(run("accounts", "list"), "ACCOUNT", "PLAN", "STATE", "BALANCE", "CHARGED", "KEYS")
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


def test_the_plans_are_listed_with_the_operators_changes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAN_OVERRIDES", '[{"name": "free", "monthly_credit": 12.5}]')

    listed = cells(run("plans", "list"), "PLAN", "OMCU/MONTH", "KEYS", "REQUESTS/S", "OFFERED")

    assert ["free", "12.5", "1", "1", "yes"] in listed
    assert ["starter", "2500", "5", "5", "no"] in listed


def test_the_audit_tells_who_did_it_by_the_name_on_this_machine(run: Run) -> None:
    run("accounts", "open", "acme")
    run("credit", "grant", "acme", "-1.5", "--note", "a mistake")

    told = cells(run("audit", "acme"), "WHO", "WHAT", "OF", "CREDIT", "DETAIL")

    assert told == [
        ["operator alice", "open", "acme", "50", "plan='free'"],
        ["operator alice", "grant", "acme", "-1.5", "note='a mistake' omcu='-1.5'"],
    ]


def test_a_name_that_is_not_known_leaves_the_operator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USER")
    run("accounts", "open", "acme")

    assert cells(run("audit", "acme"), "WHO") == [["operator"]]


def test_a_table_that_is_not_there_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "no-such-table")

    said = run("accounts", "open", "acme")

    assert said.code == 1
    assert re.fullmatch(r"openmind-llm: An error occurred \(ResourceNotFoundException\).*\n", said.error)


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
