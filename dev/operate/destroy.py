"""Deleting a stack, and telling what is left and how that would be deleted."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from dev.operate.target import Target
from dev.outputs import outputs
from dev.start import StartError

type Kept = tuple[str, str]
"""Type and physical id."""

FREE = {"AWS::S3::BucketPolicy", "AWS::Lambda::Version"}
"""Goes with what it is of, whatever its policy: a bucket, a function."""

ARTEFACTS = "aws-sam-cli-managed-default"


def confirm(target: Target, environ: Mapping[str, str], ask: Callable[[str], str]) -> None:
    """Raises StartError. What runs by itself, and prod, must say CONFIRM: nobody is asked."""
    said = environ.get("CONFIRM", "")
    if not said and target.stage != "prod":
        said = _answer(ask, f"Deletes stack {target.stack}; table and secrets are kept. Type its name to go on: ")
    if said != target.stack:
        raise StartError(f"nothing was deleted: say CONFIRM={target.stack}")


def _answer(ask: Callable[[str], str], question: str) -> str:
    try:
        return ask(question)
    except EOFError:  # nobody is there
        return ""


def run(target: Target) -> Iterable[str]:
    """Lines to print. Raises StartError."""
    client = boto3.client("cloudformation")
    try:
        (stack,) = client.describe_stacks(StackName=target.stack)["Stacks"]
    except ClientError as error:
        raise StartError(f"there is no stack {target.stack} ({error.response['Error']['Code']})") from None
    stage = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}.get("Stage", target.stage)
    if stage != target.stage:  # else prod would go by the easier rules of dev
        raise StartError(f"nothing was deleted: stack {target.stack} is of stage {stage}, not {target.stage}")
    kept = _kept(client, stack["StackId"])
    yield f"deleting {target.stack} …"
    client.delete_stack(StackName=stack["StackId"])
    try:
        client.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"])
    except WaiterError:
        why = f"aws cloudformation describe-stack-events --stack-name {stack['StackId']}"
        raise StartError(f"stack {target.stack} was not deleted altogether: {why}") from None
    yield from left(target, kept, _bucket(client))


def left(target: Target, kept: Iterable[Kept], bucket: str) -> Iterable[str]:
    """What is still there, and the commands that would delete it, each for good."""
    kept = list(kept)
    yield f"{target.stack} is deleted, with its functions, API, roles, alarms and logs. Kept, and paid for:"
    yield from (f"  {kind} {name}" for kind, name in kept)
    yield "To bring the data into a new stack: docs/operations.md, Restoring. To delete them for good:"
    yield from (f"  {command}" for kind, name in kept for command in _commands(kind, name, target.stage))
    if bucket:
        yield f"  aws s3 rm --recursive s3://{bucket}/{target.stack}/"


def _commands(kind: str, name: str, stage: str) -> Iterable[str]:
    if kind == "AWS::DynamoDB::Table":
        if stage == "prod":
            yield f"aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled"
        yield f"aws dynamodb delete-table --table-name {name}"
    elif kind == "AWS::SecretsManager::Secret":
        yield f"aws secretsmanager delete-secret --secret-id {name} --recovery-window-in-days 30"
    elif kind == "AWS::S3::Bucket":
        yield f"aws s3 rb --force s3://{name}"
    else:
        yield f"# by hand: {kind} {name}"


def _kept(client: Any, stack: str) -> list[Kept]:
    """By the deployed template's own words: this clone may be another."""
    body = client.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    resources = _resources(body)
    retained = {
        name
        for name, r in resources.items()
        if str(r.get("DeletionPolicy", "")).startswith("Retain") and r["Type"] not in FREE
    }
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    there = [summary for page in pages for summary in page["StackResourceSummaries"]]
    return [
        (r["ResourceType"], r["PhysicalResourceId"])
        for r in there
        if r["LogicalResourceId"] in retained and r["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _resources(body: Any) -> dict[str, Any]:
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - slow, and needed here alone

    found: dict[str, Any] = (yaml_parse(body) if isinstance(body, str) else body)["Resources"]
    return found


def _bucket(client: Any) -> str:
    """Where SAM keeps what it uploads; empty if it keeps nothing here."""
    try:
        return outputs(ARTEFACTS, client).get("SourceBucket", "")
    except ClientError:
        return ""
