"""Lambda's Runtime API over HTTP/1.1, on one kept connection.

Protocol: the Lambda developer guide, "Using the Lambda runtime API" and "Building a custom runtime".
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from openmind_llm.runtime.connection import Connection, Reply, RuntimeApiError
from openmind_llm.runtime.faults import BODY_HEADER, TYPE_HEADER, Fault

_STREAMING = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{TYPE_HEADER}, {BODY_HEADER}",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda says of an invocation; `deadline` is a value of time.monotonic(), None if there is none."""

    request_id: str
    invoked_function_arn: str
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Invocation:
    """An event with what came along. `invocation_id` is to be given back, if there is one."""

    event: bytes
    context: Context
    trace_id: str | None
    invocation_id: str | None

    @property
    def path(self) -> str:
        return f"invocation/{self.context.request_id}"

    def headers(self) -> dict[str, str]:
        return {"Lambda-Runtime-Invocation-Id": self.invocation_id} if self.invocation_id else {}


class RuntimeApi:
    """`address` is AWS_LAMBDA_RUNTIME_API: a host, a port and, with some emulators, a path before the usual one."""

    def __init__(self, address: str) -> None:
        self._place, _, prefix = address.partition("/")
        self._base = "/".join(("", *filter(None, prefix.split("/")), "2018-06-01/runtime"))
        self._kept: Connection | None = None
        self._is_idle = False
        self._is_stopped = False

    async def next(self) -> Invocation | None:
        """Waits as long as it takes. None once it is stopped. Raises RuntimeApiError."""
        await asyncio.sleep(0)  # a signal that came in the meantime is heard first
        while not self._is_stopped:
            reply = await self._idle()
            if reply is not None and reply.status == HTTPStatus.OK:
                return _invocation(reply)
            if reply is not None and reply.status != HTTPStatus.NO_CONTENT:  # of emulators, while nothing comes
                raise RuntimeApiError(f"invocation/next: {reply.status}")
        return None

    def stop(self) -> None:
        """Nothing more is asked for: an invocation that was handed out then would be lost. One that is in is not."""
        self._is_stopped = True
        if self._is_idle:
            self.close()

    async def _idle(self) -> Reply | None:
        """None if it was stopped meanwhile."""
        self._is_idle = True
        try:
            return await self._request("GET", "invocation/next")
        except RuntimeApiError:
            if self._is_stopped:
                return None
            raise
        finally:
            self._is_idle = False

    async def fail(self, invocation: Invocation, fault: Fault) -> None:
        """Only as long as no byte of a response has been sent. Raises RuntimeApiError."""
        await self._request("POST", f"{invocation.path}/error", fault.headers() | invocation.headers(), fault.body())

    async def fail_phase(self, phase: str, fault: Fault) -> None:
        """`phase` is "init" or "restore". Raises RuntimeApiError."""
        await self._request("POST", f"{phase}/error", fault.headers(), fault.body())

    async def restored(self) -> None:
        """Returns in each environment that is made from the snapshot. Raises RuntimeApiError."""
        reply = await self._request("GET", "restore/next")
        self.close()  # it may not have survived
        if reply.status != HTTPStatus.OK:
            raise RuntimeApiError(f"restore/next: {reply.status}")

    async def open_response(self, invocation: Invocation) -> tuple[Connection, bytes]:
        """A connection, and the head that is to be sent on it first. Raises OSError."""
        return await self._connected(), self._response_head(invocation)

    def response_at_hand(self, invocation: Invocation) -> tuple[Connection, bytes] | None:
        """The same, where the connection that the event came on is still there."""
        if self._kept is None or not self._kept.is_open:
            return None
        return self._kept, self._response_head(invocation)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        length = {"Content-Length": str(len(body))} if body else {}
        message = self._head(method, path, {**(headers or {}), **length}) + body
        if self._kept is not None and self._kept.is_open:
            try:
                return await self._kept.ask(message)
            except (OSError, EOFError):
                self.close()  # gone since the last request: no reason to give up
        try:
            return await (await self._connected()).ask(message)
        except (OSError, EOFError) as error:
            raise RuntimeApiError(f"{path}: {type(error).__name__}") from error

    async def _connected(self) -> Connection:
        """The kept connection, if it is still fit for a request. Raises OSError."""
        if self._kept is None or not self._kept.is_open:
            self.close()
            host, _, port = self._place.partition(":")
            _, self._kept = await asyncio.get_running_loop().create_connection(Connection, host, int(port or 80))
            if self._is_idle and self._is_stopped:
                self.close()
                raise EOFError
        return self._kept

    def _response_head(self, invocation: Invocation) -> bytes:
        return self._head("POST", f"{invocation.path}/response", _STREAMING | invocation.headers())

    def _head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {self._base}/{path} HTTP/1.1", f"Host: {self._place}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _invocation(reply: Reply) -> Invocation:
    given = {name.removeprefix("lambda-runtime-"): value for name, value in reply.headers.items()}
    deadline = _monotonic(given.get("deadline-ms", ""))
    context = Context(given.get("aws-request-id", ""), given.get("invoked-function-arn", ""), deadline)
    return Invocation(reply.body, context, given.get("trace-id"), given.get("invocation-id"))


def _monotonic(epoch_ms: str) -> float | None:
    """None for what is not in the future: cargo-lambda says 1970 for every invocation."""
    remaining = int(epoch_ms) / 1000 - time.time() if epoch_ms.isdecimal() else 0
    return time.monotonic() + remaining if remaining > 0 else None
