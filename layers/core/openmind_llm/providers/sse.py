"""Server-sent events as the providers send them: bytes in whatever pieces in, the data of whole events out.

The WHATWG rules as far as they matter here: lines end in LF or CRLF, a blank line ends an event, lines that begin
with a colon are comments, the `data` lines of an event belong together. Every other field is passed over.
"""

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event that is longer than the longest buffered answer is no event."""


BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLongError(Exception):
    """The provider does not end its event."""


class Decoder:
    """Feed it what comes in; it gives back what is complete. It may be fed no more after an exception."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._is_new = True

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that `piece` completes; comments and empty events give none."""
        return self._whole_events(piece) or self._completed(piece)

    def _whole_events(self, piece: bytes) -> list[bytes]:
        """The short way for nearly every piece: events of one line of data each, and nothing else. None for others."""
        if self._rest or self._data or not piece.endswith(b"\n\n") or b"\r" in piece:
            return []
        events = piece[:-2].split(b"\n\n")
        if piece.count(b"\n") != 2 * len(events) or not all(event.startswith(b"data: ") for event in events):
            return []
        self._is_new = False
        return [event[6:] for event in events if len(event) > len(b"data: ")]

    def _completed(self, piece: bytes) -> list[bytes]:
        self._rest += piece
        if b"\n" not in piece:
            self._refuse_endless()
            return []
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        if self._is_new and lines:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
            self._is_new = False
        events = [self._event() for line in lines if self._ends_event(line)]
        self._refuse_endless()
        return [event for event in events if event]

    def _ends_event(self, line: bytearray) -> bool:
        line = line.removesuffix(b"\r")
        if line.startswith(b"data:"):
            self._data.append(bytes(line[5:].removeprefix(b" ")))
        return not line

    def _event(self) -> bytes:
        data, self._data = b"\n".join(self._data), []
        return data

    def _refuse_endless(self) -> None:
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise EventTooLongError
