"""One connection of HTTP/1.1, which asks and is answered in turns."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl

_AT_ONCE = 65536


class Peer(NamedTuple):
    """Who is connected to, and how long that and each wait for something of an answer may take, in seconds."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    connect_s: float
    read_s: float


class Answer(NamedTuple):
    """Names of headers are in lower case. `is_last`: the connection cannot be used again."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_last: bool


class BrokenError(Exception):
    """`why` in one word. `is_unheard`: the peer closed, and sent nothing."""

    def __init__(self, why: str, *, is_unheard: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_unheard = is_unheard


class Connection:
    """Raises BrokenError, after which it is to be closed."""

    __slots__ = ("_buffer", "_is_heard", "_poll", "_socket")

    def __init__(self, peer: Peer) -> None:
        self._buffer, self._is_heard = b"", False
        try:
            self._socket = _connected(peer)
        except TimeoutError:
            raise BrokenError("ConnectTimeout") from None
        except OSError as error:
            raise BrokenError(type(error).__name__) from None
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def is_dropped(self) -> bool:
        """Whether the peer has closed it, or sent what nobody asked for."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> Answer:
        self._buffer, self._is_heard = b"", False
        try:
            self._socket.sendall(request)
            return self._answer()
        except TimeoutError:
            raise BrokenError("ReadTimeout") from None
        except OSError as error:
            raise BrokenError(type(error).__name__, is_unheard=not self._is_heard) from None
        except (ValueError, IndexError):
            raise BrokenError("NoHttp") from None

    def _answer(self) -> Answer:
        version, status, headers = _head(self._until(b"\r\n\r\n"))
        is_last = headers.get("connection", "").lower() == "close" or version == b"HTTP/1.0"
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return Answer(status, headers, self._chunked(), is_last)
        length = headers.get("content-length")
        if length is None:
            return Answer(status, headers, self._rest(), is_last=True)
        body = self._exactly(int(length))
        return Answer(status, headers, body, is_last or bool(self._buffer))

    def _chunked(self) -> bytes:
        chunks = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            chunks.append(self._exactly(size))
            self._until(b"\r\n")
        while self._until(b"\r\n"):
            pass  # a trailer
        return b"".join(chunks)

    def _until(self, end: bytes) -> bytes:
        """Without the end itself."""
        while end not in self._buffer:
            if len(self._buffer) > _AT_ONCE:
                raise ValueError
            self._buffer += self._received()
        before, _, self._buffer = self._buffer.partition(end)
        return before

    def _exactly(self, length: int) -> bytes:
        if length < 0:
            raise ValueError
        parts, missing = [self._buffer], length - len(self._buffer)
        while missing > 0:
            part = self._received()
            parts.append(part)
            missing -= len(part)
        joined = b"".join(parts) if len(parts) > 1 else self._buffer
        self._buffer = joined[length:]
        return joined[:length]

    def _rest(self) -> bytes:
        while part := self._socket.recv(_AT_ONCE):
            self._buffer += part
        return self._buffer

    def _received(self) -> bytes:
        part = self._socket.recv(_AT_ONCE)
        if not part:
            raise BrokenError("Closed", is_unheard=not self._is_heard)
        self._is_heard = True
        return part


def _connected(peer: Peer) -> socket.socket:
    connected = socket.create_connection((peer.host, peer.port), timeout=peer.connect_s)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        secured = peer.tls.wrap_socket(connected, server_hostname=peer.host) if peer.tls else connected
        secured.settimeout(peer.read_s)
    except BaseException:
        connected.close()
        raise
    return secured


def _head(head: bytes) -> tuple[bytes, int, dict[str, str]]:
    """Raises ValueError for what is none."""
    first, *lines = head.split(b"\r\n")
    version, status = first.split(b" ", 2)[:2]
    if not version.startswith(b"HTTP/1."):
        raise ValueError
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return version, int(status), {name.lower(): value.strip() for name, _, value in pairs}
