"""What every server of the tests' own has in common: a free port of loopback, and a thread that ends with it."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """With the usual 5, those who come together wait a second for their connection."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left early is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LoopbackServer:
    """Serves on loopback while it is entered. Without `daemon_threads`, it ends no sooner than its last answer."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], *, daemon_threads: bool = False) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.daemon_threads = daemon_threads
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
