"""The operations that this gateway asks for, by the names of boto3, with its arguments and answers."""

from __future__ import annotations

from typing import Any, Protocol


class Service(Protocol):
    """What carries them out: ours, or boto3's as `storage.boto` has it."""

    def call(self, operation: str, request: dict[str, Any], /) -> Any:
        """Raises ServiceError, UnreachableError."""

    def close(self) -> None:
        """What is kept of connections."""


class DynamoDB:
    """Each raises ServiceError, UnreachableError."""

    def __init__(self, service: Service) -> None:
        self._call = service.call
        self.close = service.close

    def batch_get_item(self, **request: Any) -> Any:
        return self._call("BatchGetItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self._call("DeleteItem", request)

    def get_item(self, **request: Any) -> Any:
        return self._call("GetItem", request)

    def put_item(self, **request: Any) -> Any:
        return self._call("PutItem", request)

    def query(self, **request: Any) -> Any:
        return self._call("Query", request)

    def scan(self, **request: Any) -> Any:
        return self._call("Scan", request)

    def transact_write_items(self, **request: Any) -> Any:
        return self._call("TransactWriteItems", request)

    def update_item(self, **request: Any) -> Any:
        return self._call("UpdateItem", request)


class SecretsManager:
    """Each raises ServiceError, UnreachableError."""

    def __init__(self, service: Service) -> None:
        self._call = service.call
        self.close = service.close

    def get_secret_value(self, **request: Any) -> Any:
        return self._call("GetSecretValue", request)

    def put_secret_value(self, **request: Any) -> Any:
        return self._call("PutSecretValue", request)

    def update_secret_version_stage(self, **request: Any) -> Any:
        return self._call("UpdateSecretVersionStage", request)
