"""AWS clients: short timeouts, few retries, so that a sick service costs a caller seconds and not minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)


_CONFIG_OF_SECRETS = _CONFIG.merge(Config(read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}))
"""A secret that was read once serves on: not worth waiting for, and the authorizer has 10 s for all it does."""


_CONFIG_OF_THE_LOG = _CONFIG.merge(
    Config(connect_timeout=0.5, read_timeout=0.7, retries={"mode": "standard", "total_max_attempts": 2})
)


def dynamodb() -> DynamoDBClient:
    return boto3.client("dynamodb", config=_CONFIG)


def dynamodb_for_the_log() -> DynamoDBClient:
    """A caller waits for what is written down, but not long; what cannot be written is logged instead."""
    return boto3.client("dynamodb", config=_CONFIG_OF_THE_LOG)


def secretsmanager() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=_CONFIG_OF_SECRETS)


def cloudformation() -> CloudFormationClient:
    return boto3.client("cloudformation", config=_CONFIG)
