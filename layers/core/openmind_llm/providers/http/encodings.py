"""Bodies that come compressed, though none is asked for so."""

import zlib
from collections.abc import Iterator

from openmind_llm.providers.http.errors import BrokenError

MAX_PART_BYTES = 64 * 1024
"""Of what is unpacked at once: a small piece may hold a very large one."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS
_KNOWN = ("gzip", "x-gzip", "deflate")


class Inflater:
    """Unpacks one body."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._is_new = True

    def parts(self, data: bytes) -> Iterator[bytes]:
        """What `data` holds. Raises BrokenError for what cannot be unpacked, and for what follows the end."""
        try:
            while data:
                part = self._unpacked(data)
                data = self._stream.unconsumed_tail
                if part:
                    yield part
        except zlib.error:
            raise BrokenError("cannot be unpacked") from None
        if self._stream.unused_data:
            raise BrokenError("more follows what was packed")

    def end(self) -> None:
        """Raises BrokenError if the body was cut off."""
        if not (self._is_new or self._stream.eof):
            raise BrokenError("cut off")

    def _unpacked(self, data: bytes) -> bytes:
        was_new, self._is_new = self._is_new, False
        try:
            return self._stream.decompress(data, MAX_PART_BYTES)
        except zlib.error:
            if not was_new:
                raise
            self._stream = zlib.decompressobj(_BARE)  # what some call deflate
            return self._stream.decompress(data, MAX_PART_BYTES)


def inflater(encoding: str) -> Inflater | None:
    """By the value of `content-encoding`; None for a body that is not packed. Raises BrokenError for any other."""
    if encoding in {"", "identity"}:
        return None
    if encoding.strip().lower() not in _KNOWN:
        raise BrokenError("an unknown content-encoding")
    return Inflater()
