"""A provider of our own on a real socket: records what it gets, answers what the test says."""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import LoopbackServer


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    raw: bytes
    method: str = "POST"

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Reply:
    """What to answer. `status` 0 closes the connection without a word; -1 answers nothing until the server stops."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


@dataclass(frozen=True)
class Stream:
    """A response in pieces, each on the wire before the next is asked for. `HangUp` among them breaks it off."""

    pieces: Iterable[bytes]
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})


class HangUpError(Exception):
    """Raised by the pieces of a stream: the connection closes in the middle of the response."""


HANG_UP = Reply(status=0)
SILENCE = Reply(status=-1)


def completion(**changes: Any) -> dict[str, Any]:
    """A plain good answer, with fields replaced by `changes`; a value of None removes the field."""
    whole = {
        "id": "chatcmpl-upstream",
        "object": "chat.completion",
        "created": 1_764_000_000,
        "model": "upstream-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 18, "total_tokens": 30},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def chunk(delta: dict[str, Any] | None = None, finish_reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """A chunk of a plain good stream, with fields replaced by `changes`."""
    return {
        "id": "chatcmpl-upstream",
        "object": "chat.completion.chunk",
        "created": 1_764_000_000,
        "model": "upstream-model",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish_reason}],
    } | changes


def event(body: Any) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


USAGE = {"prompt_tokens": 12, "completion_tokens": 18, "total_tokens": 30}
DONE = b"data: [DONE]\n\n"
EVENTS = (
    event(chunk({"role": "assistant", "content": ""})),
    event(chunk({"content": "Hello"})),
    event(chunk({"content": "!"})),
    event(chunk(finish_reason="stop")),
    event(chunk(choices=[], usage=USAGE)),
    DONE,
)
"""A whole stream that says "Hello!" and tells its usage."""


def plain(received: Received) -> "Reply | Stream":
    """A good answer, whole or as a stream."""
    return Stream(EVENTS) if received.body.get("stream") else json_reply(completion())


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"} | named)


class FakeUpstream(LoopbackServer):
    """Serves on loopback until closed. `answer` may be replaced at any time."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply | Stream] = plain
        self.stopping = threading.Event()
        super().__init__(type("Handler", (_Handler,), {"upstream": self}))

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        super().__exit__()

    def reset(self) -> None:
        self.received.clear()
        self.answer = plain

    def streams(self, *pieces: bytes) -> None:
        self.answer = lambda _: Stream(pieces)

    def replies(self, body: Any, status: int = 200, **headers: str) -> None:
        self.answer = lambda _: json_reply(body, status, **headers)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    upstream: FakeUpstream

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, raw, self.command)
        self.upstream.received.append(received)
        reply = self.upstream.answer(received)
        if isinstance(reply, Stream):
            self._stream(reply)
        elif reply.status <= 0:
            self._say_nothing(reply)
        else:
            self._start(reply.status, reply.headers | {"content-length": str(len(reply.body))})
            self.wfile.write(reply.body)

    do_GET = do_POST  # noqa: N815 - the name that the server looks for

    def _stream(self, reply: Stream) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._start(200, reply.headers | {"transfer-encoding": "chunked"})
        try:
            for piece in reply.pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        except (HangUpError, OSError):
            self.close_connection = True

    def _say_nothing(self, reply: Reply) -> None:
        self.close_connection = True
        if reply is SILENCE:
            self.upstream.stopping.wait(30)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""
