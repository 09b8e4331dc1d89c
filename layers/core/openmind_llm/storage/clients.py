"""Clients of AWS: short timeouts, few retries, so that a sick service costs a caller seconds and not minutes.

DynamoDB and Secrets Manager are asked by `storage.wire` where the environment says all that it needs, else by boto3.
boto3 is loaded only where it is asked: it takes longer than all else that the stream function loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from openmind_llm.storage.wire import place
from openmind_llm.storage.wire.operations import DynamoDB, SecretsManager
from openmind_llm.storage.wire.service import DYNAMODB, SECRETS_MANAGER, Service, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.config import Config
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_codedeploy.client import CodeDeployClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client

    from openmind_llm.storage.wire import operations
    from openmind_llm.storage.wire import service as services


class Told(Protocol):
    """See settings.Settings."""

    @property
    def aws(self) -> Mapping[str, str]: ...

    @property
    def trace_header(self) -> Callable[[], str]: ...


def dynamodb(told: Told) -> DynamoDB:
    """Some 6 s at the worst: the authorizer has 10 s for all it does."""
    return DynamoDB(_service(DYNAMODB, told, Waiting(1, 1, 3)))


def dynamodb_for_requests(told: Told) -> DynamoDB:
    """Some 3 s at the worst: a caller waits for its admission, and what cannot be settled is swept."""
    return DynamoDB(_service(DYNAMODB, told, Waiting(0.5, 0.7, 2)))


def dynamodb_for_inspections(told: Told) -> DynamoDB:
    """Nobody waits for them: a page of an account with thousands of rows may take longer than a second."""
    return DynamoDB(_service(DYNAMODB, told, Waiting(2, 20, 5)))


def secretsmanager(told: Told) -> SecretsManager:
    """Some 4 s at the worst: a secret that was read once serves on."""
    return SecretsManager(_service(SECRETS_MANAGER, told, Waiting(1, 1, 2)))


def _service(protocol: services.Protocol, told: Told, waiting: Waiting) -> operations.Service:
    where = place.read(told.aws, told.trace_header)
    return _boto(protocol.name, waiting) if where is None else Service(protocol, where, waiting)


def _boto(name: str, waiting: Waiting) -> operations.Service:
    from openmind_llm.storage.boto import Boto  # noqa: PLC0415

    return Boto(_client(name, config=_config(waiting)))


def _config(waiting: Waiting) -> Config:
    from botocore.config import Config  # noqa: PLC0415

    return Config(
        connect_timeout=waiting.connect_s,
        read_timeout=waiting.read_s,
        retries={"mode": "standard", "total_max_attempts": waiting.attempts},
        tcp_keepalive=True,
    )


def _client(name: str, **more: Any) -> Any:
    import boto3  # noqa: PLC0415

    make: Any = boto3.client
    return make(name, **more)


def s3() -> S3Client:
    """Some 30 s at the worst: nobody waits for a file."""
    made: S3Client = _client("s3", config=_config(Waiting(2, 10, 3)))
    return made


def cloudformation() -> CloudFormationClient:
    """For a command of the operator's, who can wait."""
    made: CloudFormationClient = _client("cloudformation")
    return made


def codedeploy() -> CodeDeployClient:
    """For a command of the operator's, and for a report that has to arrive."""
    made: CodeDeployClient = _client("codedeploy", config=_config(Waiting(2, 5, 3)))
    return made


def lambdas(read_s: float) -> LambdaClient:
    """Never asks twice by itself: a function may have begun with the first."""
    made: LambdaClient = _client("lambda", config=_config(Waiting(2, read_s, 1)))
    return made
