"""A way to DynamoDB that fails when it is told to: an HTTP proxy on a real socket."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer

SLOWER_THAN_ANY_TIMEOUT_S = 1.0
"""See storage.clients."""


@dataclass(frozen=True)
class Fault:
    """`forwarded`: DynamoDB does what it was asked all the same. Without `error`, the answer is lost: the connection
    closes, `after_s` later. `late_s` forwards it only then.
    """

    error: str = ""
    status: int = 400
    forwarded: bool = False
    after_s: float = 0
    late_s: float = 0


THROTTLED = Fault("ProvisionedThroughputExceededException")
BROKEN = Fault("InternalServerError", 500)
UNREACHED = Fault()
ANSWER_LOST = Fault(forwarded=True)
SILENT = Fault(after_s=SLOWER_THAN_ANY_TIMEOUT_S)
ANSWER_TOO_LATE = Fault(forwarded=True, after_s=SLOWER_THAN_ANY_TIMEOUT_S)
DONE_LATER = Fault(late_s=0.3)
"""The client is told of a failure before the write is made."""


@dataclass(frozen=True)
class Call:
    """`target` is the operation's name; `is_admission` and `is_settlement` tell the ledger's two writes apart."""

    target: str
    body: bytes

    @property
    def is_admission(self) -> bool:
        return self.target == "TransactWriteItems" and b'"open_holds"' in self.body and b"ROLLUP#" not in self.body

    @property
    def is_settlement(self) -> bool:
        return self.target == "TransactWriteItems" and b'"open_holds"' in self.body and b"ROLLUP#" in self.body


class FaultyDynamo(LoopbackServer):
    """Serves on loopback until closed. `fault` says what becomes of each call; `calls` are all that came."""

    def __init__(self, target_url: str) -> None:
        self.calls: list[Call] = []
        self.fault: Callable[[Call], Fault | None] = lambda _: None
        self.target = urlsplit(target_url).netloc
        self._late: list[threading.Thread] = []
        super().__init__(type("Handler", (_Handler,), {"dynamo": self}), daemon_threads=True)

    def reset(self) -> None:
        self.wait_for_late_calls()
        self.calls.clear()
        self.fault = lambda _: None

    def forward_later(self, send: Callable[[], object], delay_s: float) -> None:
        def late() -> None:
            time.sleep(delay_s)
            send()

        self._late.append(threading.Thread(target=late))
        self._late[-1].start()

    def wait_for_late_calls(self) -> None:
        while self._late:
            self._late.pop().join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dynamo: FaultyDynamo

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        call = Call(self.headers.get("x-amz-target", "").rpartition(".")[2], raw)
        self.dynamo.calls.append(call)
        fault = self.dynamo.fault(call)
        if fault is None:
            self._answer(*self._forwarded(raw))
        else:
            self._fail(fault, raw)

    def _fail(self, fault: Fault, raw: bytes) -> None:
        if fault.forwarded:
            self._forwarded(raw)
        if fault.late_s:
            self.dynamo.forward_later(lambda: self._forwarded(raw), fault.late_s)
        if fault.error:
            told = {"__type": f"com.amazonaws.dynamodb.v20120810#{fault.error}", "message": "as the test says"}
            self._answer(fault.status, json.dumps(told).encode())
        else:
            time.sleep(fault.after_s)
            self.close_connection = True

    def _forwarded(self, raw: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.dynamo.target)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        connection.request("POST", self.path, raw, headers)
        answer = connection.getresponse()
        answered = answer.status, answer.read()
        connection.close()
        return answered

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
