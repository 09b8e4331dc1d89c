"""HTTP as a client sees it, on real sockets: whole answers, and streams piece by piece with their times."""

import contextlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 120.0
_MOST_OF_A_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Raises ValueError for what is no JSON."""
        return json.loads(self.raw)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one read gave, so many seconds after the request was sent: an HTTP chunk, where the answer has them."""

    at_s: float
    raw: bytes


@dataclass(frozen=True, slots=True)
class Streamed:
    status: int
    headers: Mapping[str, str]
    pieces: tuple[Piece, ...]

    @property
    def whole(self) -> Answer:
        return Answer(self.status, self.headers, b"".join(piece.raw for piece in self.pieces))


class Door:
    """A base URL. Every request has a connection of its own; all raise OSError and http.client.HTTPException."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError(f"'{url}' is no http(s) URL")
        self.url = url.rstrip("/")
        self.host = parts.hostname or ""
        self._is_tls = parts.scheme == "https"
        self._netloc = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._timeout_s = timeout_s

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        with self._sent(method, path, headers or {}, body) as reply:
            return Answer(reply.status, _headers(reply), reply.read())

    def stream(self, path: str, headers: Mapping[str, str], body: bytes, leave_after: int = 0) -> Streamed:
        """With `leave_after`, the connection is closed once so many pieces with content have come."""
        started = time.monotonic()
        with self._sent("POST", path, headers, body) as reply:
            pieces: list[Piece] = []
            for raw in _reads(reply):
                pieces.append(Piece(time.monotonic() - started, raw))
                if leave_after and len(pieces) >= leave_after:
                    break
            return Streamed(reply.status, _headers(reply), tuple(pieces))

    @contextmanager
    def _sent(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Iterator[http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(self._netloc, timeout=self._timeout_s)
        try:
            # Refused before all of it was sent, as a body that is too large may be: the answer may be there.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self._prefix + path, body or None, dict(headers))
            with connection.getresponse() as reply:
                yield reply
        finally:
            connection.close()


def _reads(reply: http.client.HTTPResponse) -> Iterator[bytes]:
    while raw := reply.read1(_MOST_OF_A_PIECE):
        yield raw


def _headers(reply: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.getheaders()}
