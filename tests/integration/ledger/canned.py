"""A provider whose answers come the same way each time.

A whole one comes in one piece, a stream's chunks one after the other, each when the one before has been passed on.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests import fake_upstream
from tests.fake_runtime_api import TIMEOUT_S, Received
from tests.loopback import LoopbackServer

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n\r\n"
CONTENT = fake_upstream.event(fake_upstream.chunk({"content": "Hello"}))
LAST = fake_upstream.event(fake_upstream.chunk(finish_reason="stop"))
END = LAST + fake_upstream.event(fake_upstream.chunk(choices=[], usage=fake_upstream.USAGE)) + fake_upstream.DONE


class Canned(LoopbackServer):
    """`chunks` is how many the next stream has, before its end."""

    def __init__(self) -> None:
        self.chunks = 1
        self._passed_on = threading.Semaphore(0)
        super().__init__(type("Handler", (_Handler,), {"canned": self}))

    def on_chunk(self, received: Received, _: Any) -> None:
        """For the Runtime API, which the function sends its answer to."""
        if b"data: " in received.chunks[-1]:
            self._passed_on.release()

    def wait(self) -> None:
        """Until the last chunk has been passed on."""
        assert self._passed_on.acquire(timeout=TIMEOUT_S)

    def begin(self) -> None:
        """Forgets the chunks that nobody waited for."""
        while self._passed_on.acquire(blocking=False):
            pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    disable_nagle_algorithm = True
    canned: Canned

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked.get("stream"):
            self._stream()
        else:
            body = json.dumps(fake_upstream.completion()).encode()
            self.wfile.write(_HEAD % (b"application/json", b"content-length: %d" % len(body)) + body)

    def _stream(self) -> None:
        self.canned.begin()
        head = _HEAD % (b"text/event-stream", b"transfer-encoding: chunked")
        for _ in range(self.canned.chunks):
            self.wfile.write(head + _framed(CONTENT))
            self.canned.wait()
            head = b""
        self.wfile.write(_framed(END) + b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
