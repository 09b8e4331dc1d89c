"""One answer as it comes in: its head, and what of its body waits to be read."""

from collections import deque

import httptools

from openmind_llm.providers.http.errors import BrokenError

MAX_HEAD_BYTES = 64 * 1024
"""Of a head, of trailers, and of all else that stands between two pieces of a body."""

_FIRST_FINAL_STATUS = 200


class Answer:
    """Feed it what comes in. The methods that begin with `on_` are the parser's."""

    __slots__ = (
        "_head_bytes",
        "_is_informational",
        "_is_until_close",
        "_parser",
        "_skipped_bytes",
        "has_begun",
        "headers",
        "is_complete",
        "is_reusable",
        "pieces",
        "status",
        "waiting_bytes",
    )

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.has_begun = self.is_complete = self.is_reusable = False
        self._is_informational = self._is_until_close = False
        self._head_bytes = self._skipped_bytes = 0
        # The parser keeps our methods alive, and so us, until it is dropped.
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Raises BrokenError. What follows a complete answer is its own fault, not the answer's."""
        if self._parser is None:
            return
        self._skipped_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self.is_complete:
                raise BrokenError("no HTTP answer") from None
            self.is_reusable = False
        if self._skipped_bytes > MAX_HEAD_BYTES and not self.is_complete:
            raise BrokenError("the head does not end")

    def end(self) -> None:
        """The connection has ended. Raises BrokenError if the answer has not."""
        if not (self.has_begun and self._is_until_close):
            raise BrokenError("the connection ended before the answer")
        self.is_complete = True

    def drop(self) -> None:
        """Takes in no more."""
        self._parser = None

    def take(self) -> bytes | None:
        """All that waits; None at the end."""
        if not self.pieces:
            return None
        taken = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
        self.pieces.clear()
        self.waiting_bytes = 0
        return taken

    def has_head(self) -> bool:
        return self.has_begun

    def has_more(self) -> bool:
        """Something to take, or the end."""
        return bool(self.pieces) or self.is_complete

    def on_message_begin(self) -> None:
        """A second answer is one that nobody has asked for."""
        if self.is_complete:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_begun:  # a trailer
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise BrokenError("the head is too long")
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        if self.has_begun or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        self._is_informational = self.status < _FIRST_FINAL_STATUS
        if self._is_informational:
            self.headers = {}
            return
        coding = self.headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise BrokenError("an unknown transfer-encoding")
        self._is_until_close = coding is None and "content-length" not in self.headers
        self.is_reusable = self._parser.should_keep_alive()
        self.has_begun = True
        self._skipped_bytes = 0

    def on_body(self, data: bytes) -> None:
        if not self.is_complete:
            self.pieces.append(data)
            self.waiting_bytes += len(data)
            self._skipped_bytes = 0

    def on_message_complete(self) -> None:
        if not self._is_informational:
            self.is_complete = True
