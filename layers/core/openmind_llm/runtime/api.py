"""Lambda's Runtime API over HTTP/1.1: requests on one kept connection, each response stream on one of its own.

Protocol: the Lambda developer guide, "Using the Lambda runtime API" and "Building a custom runtime".
"""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from openmind_llm.runtime.faults import BODY_HEADER, TYPE_HEADER, Fault

_READ_LIMIT = 1024 * 1024
"""Bytes of a reply's head; also how much asyncio reads ahead."""
_STREAMING = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{TYPE_HEADER}, {BODY_HEADER}",
}


class RuntimeApiError(Exception):
    """The Runtime API is not there, or says what this runtime does not understand."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the Runtime API; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
        self._kept: tuple[StreamReader, StreamWriter] | None = None

    async def next(self) -> Invocation:
        """Waits as long as it takes. Raises RuntimeApiError."""
        while True:
            reply = await self._request("GET", "invocation/next")
            if reply.status == HTTPStatus.OK:
                return _invocation(reply)
            if reply.status != HTTPStatus.NO_CONTENT:  # which emulators say when nothing has come for a while
                raise RuntimeApiError(f"invocation/next: {reply.status}")

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

    async def open_response(self, invocation: Invocation) -> tuple[StreamReader, StreamWriter, bytes]:
        """A connection, and the head that is to be sent on it first. Raises OSError."""
        reader, writer = await self._connect()
        writer.transport.set_write_buffer_limits(high=0)  # a write waits as soon as the reader is slow
        return reader, writer, self._head("POST", f"{invocation.path}/response", _STREAMING | invocation.headers())

    def close(self) -> None:
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        length = {"Content-Length": str(len(body))} if body else {}
        message = self._head(method, path, {**(headers or {}), **length}) + body
        if self._kept is not None:
            try:
                return await self._ask(self._kept, message)
            except (OSError, EOFError):
                self.close()  # gone since the last request: no reason to give up
        try:
            self._kept = await self._connect()
            return await self._ask(self._kept, message)
        except (OSError, EOFError) as error:
            raise RuntimeApiError(f"{path}: {type(error).__name__}") from error

    async def _ask(self, connection: tuple[StreamReader, StreamWriter], message: bytes) -> Reply:
        reader, writer = connection
        writer.write(message)
        await writer.drain()
        reply = await read_reply(reader)
        if reply.headers.get("connection", "").lower() == "close":
            self.close()
        return reply

    async def _connect(self) -> tuple[StreamReader, StreamWriter]:
        host, _, port = self._place.partition(":")
        return await asyncio.open_connection(host, int(port or 80), limit=_READ_LIMIT)

    def _head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {self._base}/{path} HTTP/1.1", f"Host: {self._place}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def read_reply(reader: StreamReader) -> Reply:
    """Raises OSError or EOFError for a connection that breaks, RuntimeApiError for what is not HTTP."""
    try:
        status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        return Reply(int(status_line.split()[1]), headers, await _read_body(reader, headers))
    except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise RuntimeApiError(f"not a reply: {type(error).__name__}") from error


async def _read_body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = bytearray()
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        """Trailers, of which we want none."""
    return bytes(body)


def _invocation(reply: Reply) -> Invocation:
    given = {name.removeprefix("lambda-runtime-"): value for name, value in reply.headers.items()}
    deadline = _monotonic(given.get("deadline-ms", ""))
    context = Context(given.get("aws-request-id", ""), given.get("invoked-function-arn", ""), deadline)
    return Invocation(reply.body, context, given.get("trace-id"), given.get("invocation-id"))


def _monotonic(epoch_ms: str) -> float | None:
    """None for what is not in the future: cargo-lambda says 1970 for every invocation."""
    remaining = int(epoch_ms) / 1000 - time.time() if epoch_ms.isdecimal() else 0
    return time.monotonic() + remaining if remaining > 0 else None
