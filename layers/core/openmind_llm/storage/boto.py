"""boto3's clients behind the same operations and errors as ours. See storage.wire.operations.Service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.storage.wire.errors import ServiceError, UnreachableError
from openmind_llm.storage.wire.operations import DynamoDB

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Boto:
    """`client`: of the service whose operations are called."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def call(self, operation: str, request: dict[str, Any], /) -> Any:
        try:
            return getattr(self._client, _method(operation))(**request)
        except ClientError as error:
            raise _refusal(operation, error.response) from None
        except BotoCoreError as error:
            raise UnreachableError(operation, type(error).__name__, str(error)) from None

    def close(self) -> None:
        self._client.close()


def dynamodb(client: BaseClient) -> DynamoDB:
    """By a client that somebody else has made."""
    return DynamoDB(Boto(client))


def _method(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _refusal(operation: str, response: Any) -> ServiceError:
    told = response["Error"]
    reasons = tuple(one.get("Code", "None") for one in response.get("CancellationReasons", ()))
    return ServiceError(operation, told["Code"], told.get("Message", "").partition("\n")[0], reasons)
