"""AWS clients: short timeouts, few retries, so that a sick service costs a caller seconds and not minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_codedeploy.client import CodeDeployClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient


def _waiting(connect_s: float, read_s: float, attempts: int) -> Config:
    return Config(
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


def dynamodb() -> DynamoDBClient:
    """Some 6 s at the worst: the authorizer has 10 s for all it does."""
    return boto3.client("dynamodb", config=_waiting(1, 1, 3))


def dynamodb_for_requests() -> DynamoDBClient:
    """Some 3 s at the worst: a caller waits for its admission, and what cannot be settled is swept."""
    return boto3.client("dynamodb", config=_waiting(0.5, 0.7, 2))


def dynamodb_for_inspections() -> DynamoDBClient:
    """Nobody waits for them: a page of an account with thousands of rows may take longer than a second."""
    return boto3.client("dynamodb", config=_waiting(2, 20, 5))


def secretsmanager() -> SecretsManagerClient:
    """Some 4 s at the worst: a secret that was read once serves on."""
    return boto3.client("secretsmanager", config=_waiting(1, 1, 2))


def s3() -> S3Client:
    """Some 30 s at the worst: nobody waits for a file."""
    return boto3.client("s3", config=_waiting(2, 10, 3))


def cloudformation() -> CloudFormationClient:
    """For a command of the operator's, who can wait."""
    return boto3.client("cloudformation")


def codedeploy() -> CodeDeployClient:
    """For a command of the operator's, and for a report that has to arrive."""
    return boto3.client("codedeploy", config=_waiting(2, 5, 3))


def lambdas(read_s: float) -> LambdaClient:
    """Never asks twice by itself: a function may have begun with the first."""
    return boto3.client("lambda", config=_waiting(2, read_s, 1))
