"""What an operator does with keys."""

import re

import boto3
import pytest

from dev import seed
from openmind_llm.domain import keys
from openmind_llm.storage import boto
from openmind_llm.storage.keys import DynamoKeys
from tests.unit.cli.conftest import PEPPER, Run, shown


def lets_in(key: str) -> bool:
    found = DynamoKeys(boto.dynamodb(boto3.client("dynamodb")), seed.TABLE).get(keys.key_id(key))
    return found is not None and found.is_active and found.digest == keys.digest(key, PEPPER.encode())


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

    key = run("keys", "create", "--account", "acme", *words.split(), *limits.split(), "--cache-max-age", "60").only

    record = DynamoKeys(boto.dynamodb(boto3.client("dynamodb")), seed.TABLE).get(key[9:25])
    assert record is not None
    assert record.expires_at == 4_073_500_800
    assert record.allowed_models == {"gpt-4o", "openai/gpt-5"}
    assert record.allowed_providers == {"openai"}
    assert record.cache_max_age_s == 60
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
    assert run("accounts", "list").cells("ACCOUNT") == []


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
    assert sorted(everyone.cells(*columns)) == sorted(
        [[ids[0], "acme", "a key", "-", "0"], [ids[1], "umbrella", "a key", "-", "0"]]
    )
    assert one.cells("ID") == [[ids[1]]]


def test_a_revoked_key_is_refused_and_no_longer_listed(run: Run) -> None:
    key = run("keys", "create", "--account", "acme").only

    said = run("keys", "revoke", key[9:25])

    assert (said.code, said.error) == (0, f"key {key[9:25]} revoked\n")
    assert not lets_in(key)
    assert run("keys", "list").cells("ID") == []


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
    run("keys", "update", key_id, "--cache-max-age", "60")

    cleared = ("--clear", "allowed_models", "--clear", "cache_max_age_seconds")
    said = run("keys", "update", key_id, "--name", "robot", "--day-budget", "3", *cleared)

    record = DynamoKeys(boto.dynamodb(boto3.client("dynamodb")), seed.TABLE).get(key_id)
    assert said.code == 0
    assert record is not None
    assert (record.name, record.allowed_models, record.cache_max_age_s) == ("robot", frozenset(), None)
    assert (record.limits.day_budget, record.limits.concurrency) == (3_000_000, 2)
