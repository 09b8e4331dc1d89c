"""What a check before a rollout talks to: Lambda and CodeDeploy on loopback, as boto3 sees them."""

import json
import struct
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

type Answers = Callable[[str, dict[str, Any]], bytes]
"""From the function's name and an event to what the function answers."""


class FakeReleases:
    """`reports` are the statuses that CodeDeploy was told. `refusals`: so many calls are refused for want of a right.

    `broken_stream` is the error with which streams end, if they do.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.reports: list[str] = []
        self.asked: list[str] = []
        self.refusals = 0
        self.broken_stream = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if self.refusals:
            self.refusals -= 1
            return 403, b'{"__type": "AccessDeniedException", "message": "not yet"}'
        if path == "/":
            self.reports.append(body["status"])
            return 200, b"{}"
        name = unquote(path.split("/")[3])
        self.asked.append(name)
        said = self.answers(name, body)
        return 200, self._streamed(said) if path.endswith("response-streaming-invocations") else said

    def _streamed(self, said: bytes) -> bytes:
        end = json.dumps({"ErrorCode": self.broken_stream} if self.broken_stream else {}).encode()
        halves = said[: len(said) // 2], said[len(said) // 2 :]
        return b"".join([*(_event("PayloadChunk", half) for half in halves), _event("InvokeComplete", end)])


def _event(kind: str, payload: bytes) -> bytes:
    """In AWS's event stream encoding."""
    content = "application/octet-stream" if kind == "PayloadChunk" else "application/json"
    told = {":message-type": "event", ":event-type": kind, ":content-type": content}
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in told.items()
    )
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _handler(fake: FakeReleases) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = fake.answer(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.send_header("x-amzn-errortype", "AccessDeniedException" if status >= 400 else "")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
