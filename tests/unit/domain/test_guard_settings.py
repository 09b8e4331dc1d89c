"""What an operator sets of an account beside its plan."""

import json
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain import guard_settings
from openmind_llm.domain.filters.rules import FilterError
from openmind_llm.domain.guard_settings import UNREADABLE, GuardSettings
from openmind_llm.domain.ledger.standing import Account
from openmind_llm.errors import InvalidRequestError, LedgerUnavailableError, NoSuchUserError
from tests.unit.domain.account_bench import HER, Bench

RULES = [{"name": "ids", "pattern": r"\d{9}", "action": "redact", "on": "both"}]
ALL: dict[str, Any] = {
    "allowed_models": ["gpt-5*", "openai/gpt-4o"],
    "denied_models": ["gpt-5-nano"],
    "filters": RULES,
    "logs_content": True,
}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.opened()
    return bench


def guard(bench: Bench, **asked: Any) -> Account:
    bench.accounts.guard(HER, lambda before: guard_settings.changed(before, asked), "operator alice")
    return bench.accounts.get(HER).account


def test_everything_is_off_at_first(bench: Bench) -> None:
    account = bench.accounts.get(HER).account

    assert GuardSettings.read(account) == GuardSettings(frozenset(), frozenset(), None, logs_content=False)


def test_what_is_set_is_there_until_it_is_taken_away(bench: Bench) -> None:
    account = guard(bench, **ALL)

    assert account.allowed_models == {"gpt-5*", "openai/gpt-4o"}
    assert account.denied_models == {"gpt-5-nano"}
    assert json.loads(account.filters or "") == RULES
    assert account.logs_content
    assert GuardSettings.read(guard(bench, **dict.fromkeys(ALL))) == GuardSettings()


def test_a_change_leaves_what_it_does_not_name(bench: Bench) -> None:
    guard(bench, **ALL)

    account = guard(bench, denied_models=["gpt-5"])

    assert (account.denied_models, account.logs_content) == (frozenset({"gpt-5"}), True)


def test_no_rules_are_no_filters(bench: Bench) -> None:
    guard(bench, **ALL)

    assert guard(bench, filters=[]).filters is None


def test_a_change_raises_the_version_so_that_admissions_see_it(bench: Bench) -> None:
    before = bench.store.counters(HER)["version"]

    guard(bench, **ALL)

    assert bench.store.counters(HER)["version"] == before + 1


def test_the_audit_tells_what_was_changed_and_no_pattern(bench: Bench) -> None:
    guard(bench, **ALL)
    guard(bench, denied_models=None, logs_content=True)

    _, first, second = bench.accounts.audit(HER)
    assert (first.actor, first.action, first.credit) == ("operator alice", "guard", 0)
    assert first.detail == {
        "allowed_models": "gpt-5* openai/gpt-4o",
        "denied_models": "gpt-5-nano",
        "filters": "ids (redact both)",
        "logs_content": "on",
    }
    assert second.detail == {"denied_models": ""}


@pytest.mark.parametrize(
    ("asked", "error", "why"),
    [
        ({"allowed_models": ["a b"]}, InvalidRequestError, "allowed_models must hold names"),
        ({"denied_models": ["gpt-*-mini"]}, InvalidRequestError, "denied_models takes a \\* only at the end"),
        ({"denied_models": "gpt-5"}, InvalidRequestError, "denied_models must be an array"),
        ({"filters": [{}]}, FilterError, "rule 1"),
        ({"filters": {}}, FilterError, "array"),
    ],
)
def test_what_will_not_do_is_refused_and_changes_nothing(
    bench: Bench, asked: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        guard(bench, **asked)

    assert bench.accounts.get(HER).account == Account(HER, "starter", int(bench.clock.now))


def test_filters_that_cannot_be_read_are_told_as_such() -> None:
    assert GuardSettings(filters="[").texts["filters"] == UNREADABLE


def test_an_account_that_is_not_there_cannot_be_guarded(bench: Bench) -> None:
    with pytest.raises(NoSuchUserError):
        bench.accounts.guard("nobody", lambda before: before, "operator")


def test_a_change_that_others_were_faster_than_is_made_of_what_they_left(bench: Bench) -> None:
    calls: list[GuardSettings] = []

    def slowly(before: GuardSettings) -> GuardSettings:
        calls.append(before)
        if len(calls) == 1:
            guard(bench, denied_models=["gpt-5"])
        return replace(before, logs_content=True)

    bench.accounts.guard(HER, slowly, "operator")

    account = bench.accounts.get(HER).account
    assert (len(calls), account.denied_models, account.logs_content) == (2, frozenset({"gpt-5"}), True)


def test_a_change_that_is_never_fast_enough_is_given_up(bench: Bench) -> None:
    def never(before: GuardSettings) -> GuardSettings:
        guard(bench, logs_content=not before.logs_content)
        return before

    with pytest.raises(LedgerUnavailableError):
        bench.accounts.guard(HER, never, "operator")
