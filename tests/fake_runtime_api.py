"""Lambda's Runtime API on a real socket: hands out invocations, records byte for byte what comes back, misbehaves."""

from __future__ import annotations

import base64
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self

TIMEOUT_S = 20
type OnChunk = Callable[[Received, socket.socket], None]


class HangUp(Exception):  # noqa: N818 - an order to the fake, not an error
    """Raised by a test's `on_chunk`: closes the connection without an answer."""


@dataclass
class Received:
    """One request as it came in; `chunks` grows while it comes."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    whole: threading.Event = field(default_factory=threading.Event)
    connection: int = 0

    @property
    def is_whole(self) -> bool:
        return self.whole.is_set()

    @property
    def kind(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def prelude(self) -> Any:
        return json.loads(self.chunks[0])

    @property
    def payload(self) -> list[bytes]:
        """The chunks after prelude and delimiter."""
        assert self.chunks[1] == bytes(8)
        return self.chunks[2:]

    @property
    def trailing_error(self) -> Any:
        return json.loads(base64.b64decode(self.trailers["lambda-runtime-function-error-body"]))


@dataclass(frozen=True)
class Given:
    """One invocation to hand out."""

    event: bytes
    headers: dict[str, str]


class FakeRuntimeApi:
    """Serves on loopback until closed. `on_idle` is called when a runtime asks for more than has been given."""

    def __init__(self, prefix: str = "") -> None:
        self.received: list[Received] = []
        self.on_idle: Callable[[], object] = lambda: None
        self.is_idle = threading.Event()
        self.on_chunk: OnChunk = lambda _received, _connection: None
        self.next_replies: list[bytes] = []
        self.closes_after_events = False
        self.chunk_replies = False
        self.restore_status = b"200 OK"
        self._given: queue.Queue[Given | None] = queue.Queue()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._prefix = f"/{prefix}" if prefix else ""
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}{self._prefix}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._connections:
            _shut(connection)
        for _thread in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
            assert not thread.is_alive()
        for connection in self._connections:
            connection.close()

    def give(self, event: Any, **headers: str) -> None:
        """`event` as JSON or bytes; headers as `deadline_ms="…"`, of which some have defaults."""
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        names = {
            "aws_request_id": f"request-{self._given.qsize() + 1}",
            "invoked_function_arn": "arn:function",
        } | headers
        named = {f"Lambda-Runtime-{name.title().replace('_', '-')}": value for name, value in names.items()}
        self._given.put(Given(raw, named))

    def of_kind(self, kind: str) -> list[Received]:
        return [received for received in self.received if received.kind == kind]

    @property
    def response(self) -> Received:
        """The only response."""
        (response,) = self.of_kind("response")
        return response

    @property
    def error(self) -> Received:
        """The only error."""
        (error,) = self.of_kind("error")
        return error

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._converse, connection, len(self._connections))

    def _converse(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            try:
                while (received := self._read_head(stream)) is not None:
                    received.connection = number
                    self.received.append(received)
                    self._read_body(stream, received, connection)
                    self._reply(connection, received)
            except (HangUp, OSError, ValueError):
                _shut(connection)

    def _read_head(self, stream: BinaryIO) -> Received | None:
        line = stream.readline().decode()
        if not line:
            return None
        method, path, _ = line.split()
        assert path.startswith(f"{self._prefix}/2018-06-01/runtime/"), path
        return Received(method, path, _read_fields(stream))

    def _read_body(self, stream: BinaryIO, received: Received, connection: socket.socket) -> None:
        if received.headers.get("transfer-encoding") != "chunked":
            received.body = stream.read(int(received.headers.get("content-length", "0")))
            received.whole.set()
            return
        while size := int(stream.readline(), 16):
            data = stream.read(size)
            if len(data) < size:
                raise HangUp
            received.chunks.append(data)
            assert stream.read(2) == b"\r\n"
            self.on_chunk(received, connection)
        received.trailers = _read_fields(stream)
        received.whole.set()

    def _reply(self, connection: socket.socket, received: Received) -> None:
        if received.path.endswith("invocation/next"):
            connection.sendall(self._next())
            if self.closes_after_events:
                raise HangUp
        elif received.path.endswith("restore/next"):
            connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % self.restore_status)
        else:
            connection.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{"status":"OK"}')

    def _next(self) -> bytes:
        if self.next_replies:
            reply = self.next_replies.pop(0)
            if not reply:
                raise HangUp
            return reply
        try:
            given = self._given.get_nowait()
        except queue.Empty:
            self.is_idle.set()
            self.on_idle()
            given = self._given.get(timeout=TIMEOUT_S)
        if given is None:
            raise HangUp
        head = "".join(f"{name}: {value}\r\n" for name, value in given.headers.items())
        if self.chunk_replies:
            parts = [given.event[at : at + 10] for at in range(0, len(given.event), 10)]
            framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            return f"HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode() + framed
        return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(given.event)}\r\n\r\n".encode() + given.event


def _read_fields(stream: BinaryIO) -> dict[str, str]:
    fields = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return fields


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
