"""An AWS that stands before another one and remembers what it was asked for."""

import http.client
import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer

_PASSED_ON = ("x-amz-target", "content-type", "authorization", "x-amz-date")


class RecordedAws(LoopbackServer):
    """`calls`: names of operations; those of a transaction with what it writes."""

    def __init__(self, url: str) -> None:
        self.calls: list[str] = []
        super().__init__(type("Handler", (_Handler,), {"aws": self, "behind": urlsplit(url).netloc}))

    def taken(self) -> list[str]:
        calls, self.calls = self.calls, []
        return calls


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    disable_nagle_algorithm = True
    aws: RecordedAws
    behind: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.aws.calls.append(_told(self.headers["x-amz-target"], body))
        headers = {name: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
        connection = http.client.HTTPConnection(self.behind, timeout=5)
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\ncontent-type: {answer.headers['content-type']}\r\n"
        self.wfile.write(f"{head}content-length: {len(told)}\r\n\r\n".encode() + told)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def _told(target: str, body: bytes) -> str:
    operation = target.rpartition(".")[2]
    written = [kind for one in json.loads(body).get("TransactItems", ()) for kind in one]
    return " ".join([operation, *written])
