"""The key of a run on a stack."""

import json
from collections.abc import Iterator

import boto3
import pytest

from dev import seed
from dev.smoke import loan
from dev.smoke.stack import Stack
from openmind_llm.bootstrap import accounting
from tests.moto_account import account

OUTPUTS = {"TableName": seed.TABLE, "KeyPepperSecret": seed.PEPPER_SECRET, "ProviderKeysSecret": "provider-keys"}


class PreemptedError(Exception):
    """Whatever ends a run."""


@pytest.fixture
def stack() -> Iterator[Stack]:
    """In moto: its table, its pepper, and what its outputs say."""
    with account():
        seed.create_table(boto3.client("dynamodb"))
        seed.create_secret(boto3.client("secretsmanager"), seed.PEPPER_SECRET, "pepper", replace=False)
        template = {
            "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "logs"}}},
            "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
        }
        boto3.client("cloudformation").create_stack(StackName="a-stack", TemplateBody=json.dumps(template))
        yield Stack("a-stack")


def keys(lent: loan.Loan) -> list[str]:
    return [known.record.key_id for known in accounting.accounts(lent.settings).keys(loan.ACCOUNT)]


def test_a_key_is_good_for_the_run_alone(stack: Stack) -> None:
    with loan.lent(stack) as lent:
        during = keys(lent)

    assert during == [lent.key_id]
    assert keys(lent) == []


def test_a_key_is_revoked_whatever_ends_the_run(stack: Stack) -> None:
    with pytest.raises(PreemptedError), loan.lent(stack) as lent:
        raise PreemptedError

    assert keys(lent) == []


def test_a_key_may_be_revoked_before_the_end(stack: Stack) -> None:
    with loan.lent(stack) as lent:
        lent.revoke()

    assert keys(lent) == []


def test_a_key_has_a_small_budget_and_an_end(stack: Stack) -> None:
    with loan.lent(stack) as lent:
        (known,) = accounting.accounts(lent.settings).keys(loan.ACCOUNT)

    assert known.record.limits.day_budget == loan.BUDGET
    assert known.record.expires_at is not None


def test_an_account_that_spent_its_credit_gets_enough_for_a_run(stack: Stack) -> None:
    with loan.lent(stack) as lent:
        accounts = accounting.accounts(lent.settings)
        balance = accounts.get(loan.ACCOUNT).counters["balance"]
        accounts.grant(loan.ACCOUNT, 5 - balance, "test")

    with loan.lent(stack):
        assert accounts.get(loan.ACCOUNT).counters["balance"] == loan.BUDGET
