"""What would make a deployment fail later, or half-way: looked at before anything is built."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from dev.operate.target import Target, defaults
from dev.start import StartError

KEPT_UNRESERVED = 100
"""Lambda lets nobody set the last 100 executions of an account aside."""

CONCURRENCY = ("AuthConcurrency", "RouteConcurrency", "StreamConcurrency")
STUCK = {
    "ROLLBACK_COMPLETE": "its first deployment failed and left an empty stack: "
    "aws cloudformation delete-stack --stack-name {stack}, then again",
    "ROLLBACK_FAILED": "its first deployment failed, and so did its undoing: "
    "aws cloudformation delete-stack --stack-name {stack}, then again",
    "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback --stack-name {stack}, then again",
    "DELETE_FAILED": "see what could not be deleted: aws cloudformation describe-stack-events --stack-name {stack}",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What the account told. None is what could not be seen, and then is not judged."""

    id: str
    region: str
    stack_status: str = ""
    stack_parameters: Mapping[str, str] = field(default_factory=dict)
    log_role: str | None = None
    executions: int | None = None
    unreserved: int | None = None


def look(target: Target) -> Account:
    """Raises StartError where there is nobody to ask, or no right to."""
    session = boto3.session.Session()
    if not session.region_name:
        raise StartError("no region: set AWS_REGION, or the region of your profile")
    identity = _identity(session)
    status, parameters = _stack(session, target.stack)
    limits = _or_none(lambda: session.client("lambda").get_account_settings()["AccountLimit"]) or {}
    account = _or_none(lambda: session.client("apigateway").get_account())
    return Account(
        id=identity,
        region=session.region_name,
        stack_status=status,
        stack_parameters=parameters,
        log_role=None if account is None else account.get("cloudwatchRoleArn", ""),
        executions=limits.get("ConcurrentExecutions"),
        unreserved=limits.get("UnreservedConcurrentExecutions"),
    )


def faults(account: Account, target: Target) -> Iterable[str]:
    """One line for each thing in the way."""
    values = defaults() | dict(account.stack_parameters) | dict(target.parameters)
    stack = f"stack {target.stack}"
    if account.stack_status.endswith("_IN_PROGRESS") and account.stack_status != "REVIEW_IN_PROGRESS":
        yield f"{stack} is being changed at this moment ({account.stack_status}): wait until it is done"
    if account.stack_status in STUCK:
        yield f"{stack} is {account.stack_status}: {STUCK[account.stack_status].format(stack=target.stack)}"
    if account.stack_parameters.get("Stage", target.stage) != target.stage:
        yield f"{stack} is of stage {account.stack_parameters['Stage']}, not {target.stage}: say another STACK"
    if values["AccessLogs"] == "on" and not account.log_role and account.log_role is not None:
        yield f"AccessLogs=on needs API Gateway's log role, once in {account.region}: make account"
    yield from _concurrency(account, values)


def _concurrency(account: Account, values: Mapping[str, str]) -> Iterable[str]:
    """What this stack has set aside already it may keep."""
    wrong = [name for name in CONCURRENCY if not re.fullmatch("0|[1-9][0-9]*", values[name])]
    if wrong:  # 00, too, would be a reservation of nothing: a function that never runs
        yield f"{', '.join(wrong)} has to be a whole number, 0 for none set aside"
        return
    asked = sum(int(values[name]) for name in CONCURRENCY)
    had = sum(int(account.stack_parameters.get(name, 0)) for name in CONCURRENCY)
    if account.unreserved is None or asked <= had:
        return
    free = max(0, account.unreserved - KEPT_UNRESERVED) + had
    if asked > free:
        yield (
            f"{' + '.join(CONCURRENCY)} is {asked}, but only {free} of the account's {account.executions} executions "
            f"may be set aside in {account.region}: lower them, or ask for a quota (Lambda, concurrent executions)"
        )


def _identity(session: boto3.session.Session) -> str:
    try:
        return str(session.client("sts").get_caller_identity()["Account"])
    except NoCredentialsError:
        raise StartError("no AWS credentials: log in (aws login, aws sso login), or set AWS_PROFILE") from None
    except ClientError as error:
        raise StartError(
            f"AWS does not accept the credentials ({error.response['Error']['Code']}): log in again"
        ) from None
    except BotoCoreError as error:
        raise StartError(f"AWS cannot be asked ({type(error).__name__}): {' '.join(str(error).split())}") from None


def _stack(session: boto3.session.Session, name: str) -> tuple[str, dict[str, str]]:
    try:
        (found,) = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise StartError(f"stack {name} cannot be seen ({error.response['Error']['Code']})") from None
        return "", {}
    return found["StackStatus"], {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])}


def _or_none(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (BotoCoreError, ClientError):
        return None
