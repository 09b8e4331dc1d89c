"""HTTP/1.1 messages as they arrive, for the bench's own servers and clients: little, and the same for all gateways."""

from collections.abc import Callable
from dataclasses import dataclass, field

_END = b"\r\n\r\n"
_LINE = b"\r\n"


@dataclass(slots=True)
class Head:
    """First line and headers of a message; names are in lower case."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return int(self.line.split(" ", 2)[1])

    @property
    def target(self) -> str:
        return self.line.split(" ", 2)[1]


class Messages:
    """Cuts what arrives into messages. Calls back for each piece of a body as it comes, and for each message's end."""

    def __init__(
        self, on_head: Callable[[Head], None], on_data: Callable[[bytes], None], on_end: Callable[[], None]
    ) -> None:
        self._on_head, self._on_data, self._on_end = on_head, on_data, on_end
        self._buffer = bytearray()
        self._left = 0
        self._step: Callable[[], bool] = self._head

    def feed(self, data: bytes) -> None:
        """Raises ValueError for what is not HTTP."""
        self._buffer += data
        while self._step():
            pass

    def _taken(self, end: bytes) -> bytes | None:
        """What comes before `end`, which goes with it; None where that has not come yet."""
        at = self._buffer.find(end)
        if at < 0:
            return None
        taken = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return taken

    def _head(self) -> bool:
        raw = self._taken(_END)
        if raw is None:
            return False
        line, *fields = raw.decode("latin-1").split("\r\n")
        pairs = (one.partition(":") for one in fields)
        head = Head(line, {name.strip().lower(): value.strip() for name, _, value in pairs})
        self._left = int(head.headers.get("content-length", "0"))
        self._on_head(head)
        if head.headers.get("transfer-encoding", "").lower() == "chunked":
            self._step = self._chunk_size
        elif self._left:
            self._step = self._body
        else:
            self._on_end()
        return True

    def _body(self) -> bool:
        self._pass_on()
        if self._left:
            return False
        self._step = self._head
        self._on_end()
        return True

    def _chunk_size(self) -> bool:
        line = self._taken(_LINE)
        if line is None:
            return False
        self._left = int(line.partition(b";")[0], 16)
        self._step = self._chunk if self._left else self._trailers
        return True

    def _chunk(self) -> bool:
        """Of a large chunk, what is there is given on at once."""
        self._pass_on()
        if self._left or self._taken(_LINE) is None:
            return False
        self._step = self._chunk_size
        return True

    def _trailers(self) -> bool:
        line = self._taken(_LINE)
        if line == b"":
            self._step = self._head
            self._on_end()
        return line is not None

    def _pass_on(self) -> None:
        taken = bytes(self._buffer[: self._left])
        if taken:
            del self._buffer[: len(taken)]
            self._left -= len(taken)
            self._on_data(taken)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
