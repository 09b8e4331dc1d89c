"""A service of AWS on loopback, which answers each request as it is told, byte by byte."""

import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

CLOSE, HANG = b"close", b"hang"
"""Instead of an answer."""


def answer(body: bytes, status: int = 200, more: str = "", crc: int | None = None) -> bytes:
    told = zlib.crc32(body) if crc is None else crc
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nx-amz-crc32: {told}\r\n{more}\r\n"
    return head.encode() + body


class FakeAws:
    """`turns`: what each connection, in their order, answers to its requests; then it is closed."""

    def __init__(self, listener: socket.socket, turns: Sequence[Sequence[bytes]]) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.is_closed = threading.Event()
        self._listener = listener
        self._turns = turns
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        socket.socket.shutdown(self._listener, socket.SHUT_RDWR)
        self._thread.join(10)

    def _serve(self) -> None:
        for answers in self._turns:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._answer(connection, answers)
            self.is_closed.set()

    def _answer(self, connection: socket.socket, answers: Sequence[bytes]) -> None:
        for told in answers:
            with connection.makefile("rb") as reading:
                lines = list(iter(reading.readline, b"\r\n"))
                if b"" in lines[-1:] or not lines:
                    return
                length = next(int(line.split()[1]) for line in lines if line.startswith(b"Content-Length"))
                self.heads.append(b"".join(lines).decode())
                self.bodies.append(reading.read(length))
            if told == HANG:
                self._over.wait(30)
            elif told != CLOSE:
                connection.sendall(told)


@contextmanager
def fake_aws(*turns: Sequence[bytes], tls: ssl.SSLContext | None = None) -> Iterator[FakeAws]:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        listener = tls.wrap_socket(plain, server_side=True) if tls else plain
        fake = FakeAws(listener, turns)
        try:
            yield fake
        finally:
            fake.stop()
            listener.close()
