"""A proxy that does what one in front of a gateway should not: holds streams back, and rewrites errors."""

import http.client
import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer

HTTP_ERROR = 400
DROPPED = {"transfer-encoding", "content-length", "connection"}


class BrokenProxy(LoopbackServer):
    """In front of the gateway at `behind`."""

    def __init__(self, behind: str) -> None:
        super().__init__(type("Handler", (_Handler,), {"behind": urlsplit(behind).netloc}), daemon_threads=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behind: str

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        connection = http.client.HTTPConnection(self.behind, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED}
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
            self._answer(reply, reply.read())
        finally:
            connection.close()

    do_GET = do_POST = do_OPTIONS = _relay  # noqa: N815 - names of BaseHTTPRequestHandler

    def _answer(self, reply: http.client.HTTPResponse, raw: bytes) -> None:
        if reply.status >= HTTP_ERROR:
            raw = json.dumps({"message": "Forbidden"}).encode()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
