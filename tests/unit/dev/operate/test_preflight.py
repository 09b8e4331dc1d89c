"""What is in the way of a deployment, by what the account tells."""

from collections.abc import Iterator

import boto3
import pytest

from dev.operate.preflight import Account, faults, look
from dev.operate.target import Target
from dev.start import StartError
from tests.moto_account import REGION
from tests.moto_account import account as emulated_account


def _found(account: dict[str, object] | None = None, **parameters: str) -> list[str]:
    seen = Account("123456789012", "eu-west-1", **(account or {}))  # type: ignore[arg-type]
    return list(faults(seen, Target("dev", "openmind-llm-dev", parameters)))


@pytest.fixture
def aws() -> Iterator[None]:
    with emulated_account():
        yield


def test_an_account_that_is_ready_has_nothing_in_the_way() -> None:
    assert _found({"log_role": "", "executions": 1000, "unreserved": 1000, "stack_status": "UPDATE_COMPLETE"}) == []


def test_an_access_log_needs_the_accounts_role() -> None:
    assert _found({"log_role": ""}, AccessLogs="on") == [
        "AccessLogs=on needs API Gateway's log role, once in eu-west-1: make account"
    ]


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/logs", None])
def test_an_access_log_is_fine_where_the_role_is_there_or_cannot_be_seen(role: str | None) -> None:
    assert _found({"log_role": role}, AccessLogs="on") == []


def test_the_parameter_that_the_stack_has_counts_too() -> None:
    """A deployment that does not name it leaves it as it is."""
    assert _found({"log_role": "", "stack_parameters": {"AccessLogs": "on"}}) != []


@pytest.mark.parametrize(("unreserved", "is_enough"), [(1000, True), (400, True), (399, False), (10, False)])
def test_a_hundred_executions_stay_for_all(unreserved: int, is_enough: bool) -> None:
    found = _found({"executions": 1000, "unreserved": unreserved}, StreamConcurrency="200", AuthConcurrency="100")

    assert (found == []) is is_enough


@pytest.mark.parametrize("value", ["many", "00", "-1", ""])
def test_what_is_set_aside_is_a_number(value: str) -> None:
    assert _found(AuthConcurrency=value) == ["AuthConcurrency has to be a whole number, 0 for none set aside"]


def test_what_may_be_set_aside_is_told() -> None:
    (fault,) = _found({"executions": 10, "unreserved": 10}, StreamConcurrency="5")

    assert "is 5, but only 0 of the account's 10 executions may be set aside in eu-west-1" in fault


def test_what_the_stack_has_set_aside_it_keeps() -> None:
    before = {"executions": 1000, "unreserved": 100, "stack_parameters": {"StreamConcurrency": "900"}}

    assert _found(before, StreamConcurrency="900") == []
    assert _found(before, StreamConcurrency="800", RouteConcurrency="100") == []
    assert _found(before, StreamConcurrency="901") != []


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("UPDATE_IN_PROGRESS", "wait until it is done"),
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name openmind-llm-dev"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name openmind-llm-dev"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_told_with_the_way_out(status: str, told: str) -> None:
    (fault,) = _found({"stack_status": status})

    assert told in fault


@pytest.mark.parametrize("status", ["", "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_can_be_deployed_to_is_let_be(status: str) -> None:
    assert _found({"stack_status": status}) == []


def test_a_stack_keeps_its_stage() -> None:
    """The stage is part of every path."""
    (fault,) = _found({"stack_parameters": {"Stage": "prod"}})

    assert "is of stage prod, not dev" in fault


@pytest.mark.usefixtures("aws")
def test_the_account_is_looked_at() -> None:
    parameter = {"Parameters": {"Stage": {"Type": "String"}}, "Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    boto3.client("cloudformation").create_stack(
        StackName="openmind-llm-dev",
        TemplateBody=str(parameter).replace("'", '"'),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "dev"}],
    )

    seen = look(Target("dev", "openmind-llm-dev", {}))

    assert (seen.id, seen.region, seen.stack_status) == ("123456789012", REGION, "CREATE_COMPLETE")
    assert seen.stack_parameters == {"Stage": "dev"}


@pytest.mark.usefixtures("aws")
def test_a_stack_that_is_not_there_yet_is_fine() -> None:
    assert look(Target("dev", "openmind-llm-dev", {})).stack_status == ""


def test_who_has_no_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(StartError, match="no region: set AWS_REGION"):
        look(Target("dev", "openmind-llm-dev", {}))


def test_who_has_no_credentials_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(StartError, match="no AWS credentials"):
        look(Target("dev", "openmind-llm-dev", {}))
