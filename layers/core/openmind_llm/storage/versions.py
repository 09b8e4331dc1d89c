"""New versions of functions, asked before requests are, and the report on them to CodeDeploy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from openmind_llm.domain.rollouts import STREAM, Event, VersionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_codedeploy.client import CodeDeployClient
    from mypy_boto3_lambda.client import LambdaClient

READ_S = 30
"""How long a version may be silent."""

STREAM_S = 60
"""How long a stream may last."""

PAUSES_S = (1, 2, 4, 8, 8)
"""Before each further try where a permission is not there: IAM takes seconds to make a new one known."""


class LambdaVersions:
    """See domain.rollouts.Versions. `arns` by function; `now` gives seconds."""

    def __init__(
        self,
        client: LambdaClient,
        arns: Mapping[str, str],
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._arns = arns
        self._now = now
        self._sleep = sleep

    def ask(self, function: str, event: Event) -> bytes:
        if function not in self._arns:
            raise VersionFailedError(f"it is not known which version of {function} is the new one")
        arn, payload = self._arns[function], json.dumps(event).encode()
        ask = self._streamed if function == STREAM else self._whole
        try:
            return _when_permitted(lambda: ask(arn, payload), self._sleep)
        except ReadTimeoutError:
            raise VersionFailedError(f"it was silent for {READ_S} s") from None

    def _whole(self, arn: str, payload: bytes) -> bytes:
        return self._client.invoke(FunctionName=arn, Payload=payload)["Payload"].read()

    def _streamed(self, arn: str, payload: bytes) -> bytes:
        ends_at, read = self._now() + STREAM_S, b""
        for part in self._client.invoke_with_response_stream(FunctionName=arn, Payload=payload)["EventStream"]:
            read += part.get("PayloadChunk", {}).get("Payload", b"")
            if error := part.get("InvokeComplete", {}).get("ErrorCode"):
                raise VersionFailedError(f"it ended with {error}")
            if self._now() > ends_at:
                raise VersionFailedError(f"its stream did not end within {STREAM_S} s")
        return read


class CodeDeployReports:
    """See domain.rollouts.Reports. The event is the one with which CodeDeploy called."""

    def __init__(self, client: CodeDeployClient, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def tell(self, event: Mapping[str, str], *, is_good: bool) -> None:
        _when_permitted(lambda: self._put(event, "Succeeded" if is_good else "Failed"), self._sleep)

    def _put(self, event: Mapping[str, str], status: Any) -> None:
        self._client.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )


def _when_permitted[T](call: Callable[[], T], sleep: Callable[[float], None]) -> T:
    for pause_s in PAUSES_S:
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
        sleep(pause_s)
    return call()
