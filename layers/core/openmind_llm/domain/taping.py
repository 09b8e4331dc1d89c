"""What is relayed of an answer, compressed, so that it can be stored and given again, payload by payload."""

from __future__ import annotations

import zlib
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from openmind_llm.classes import dataclass
from openmind_llm.domain import idempotency

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence

    from openmind_llm.domain.completions import Reply

_READ_BYTES = 64 * 1024
"""What is decompressed at once."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as the request `request_id` got it. `headers` describe it; `parts` are what a Tape held of it."""

    request_id: str
    is_stream: bool
    headers: Mapping[str, str]
    parts: Sequence[bytes]


class Tape:
    """Of one answer. Holds `most_bytes` at most, compressed, and nothing of a larger one.

    An answer is whole once its only payload, or the last of its stream, was given to whoever relays it.
    """

    def __init__(self, most_bytes: int) -> None:
        self.is_whole = False
        self.is_stream = False
        self.headers: dict[str, str] = {}
        self._most_bytes = most_bytes
        self._compressor = zlib.compressobj()
        self._packed = bytearray()
        self._is_too_large = False

    async def relayed(self, reply: Reply, payloads: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """The same payloads, on their way to the client."""
        self.headers, self.is_stream = idempotency.described(reply.headers), reply.is_stream
        async for payload in payloads:
            self._take(payload)
            self.is_whole = not reply.is_stream
            yield payload
        self.is_whole = True

    def content(self) -> bytes | None:
        """All of it, to be asked for once, at its end; None of one that is too large."""
        self._append(self._compressor.flush())
        return None if self._is_too_large else bytes(self._packed)

    def _take(self, payload: bytes) -> None:
        """Payloads are JSON texts on one line: what joins them is in none of them."""
        if not self._is_too_large:
            self._append(self._compressor.compress(payload + b"\n"))

    def _append(self, packed: bytes) -> None:
        self._packed += packed
        if len(self._packed) > self._most_bytes:
            self._is_too_large = True
            self._packed.clear()


@asynccontextmanager
async def of(reply: Reply, tape: Tape) -> AsyncIterator[None]:
    """While the reply is relayed."""
    async with aclosing(tape.relayed(reply, reply.payloads)) as payloads:
        reply.payloads = payloads
        yield


async def played(parts: Sequence[bytes]) -> AsyncGenerator[bytes]:
    """The payloads that were taped, one after the other: what is decompressed may be a thousand times as large."""
    line = bytearray()
    for piece in _unpacked(parts):
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield bytes(line + end)
            line.clear()
        line += rest


def _unpacked(parts: Sequence[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj()
    for part in parts:
        packed = part
        while packed:
            yield decompressor.decompress(packed, _READ_BYTES)
            packed = decompressor.unconsumed_tail
    yield decompressor.flush()
