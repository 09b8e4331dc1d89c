"""Keeps what is relayed of an answer, for whoever asks for it again. Only with an `Idempotency-Key`."""

from __future__ import annotations

import logging
import zlib
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from openmind_llm.domain import idempotency
from openmind_llm.domain.idempotency import KEPT_OUTCOMES, MOST_BYTES, PART_BYTES, Kept
from openmind_llm.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

    from openmind_llm.domain.completions import Reply
    from openmind_llm.domain.idempotency import AnswerStore, Claim

logger = logging.getLogger(__name__)

_READ_BYTES = 64 * 1024
"""What is decompressed at once."""


class Recorder:
    """Of one answer. Holds MOST_BYTES at most, compressed.

    An answer is whole once its only payload, or the last of its stream, was given to whoever relays it.
    """

    def __init__(self, store: AnswerStore, record_id: str, body_hash: str) -> None:
        self.record_id = record_id
        self.body_hash = body_hash
        self._store = store
        self._compressor = zlib.compressobj()
        self._packed = bytearray()
        self._is_whole = False
        self._is_too_large = False
        self._is_stream = False
        self._headers: dict[str, str] = {}

    async def relayed(self, reply: Reply, payloads: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """The same payloads, on their way to the client."""
        self._headers, self._is_stream = idempotency.described(reply.headers), reply.is_stream
        async for payload in payloads:
            self._take(payload)
            self._is_whole = not reply.is_stream
            yield payload
        self._is_whole = True

    def keep(self, claim: Claim, outcome: str) -> Kept | None:
        """Stores the answer, to be called before the request is settled. Blocking.

        None where there is nothing to keep, or it could not be stored: then the claim is to be given up.
        """
        if not self._is_whole or outcome not in KEPT_OUTCOMES:
            return None
        self._append(self._compressor.flush())
        if self._is_too_large:
            return Kept(self._is_stream, self._headers, parts=0)
        parts = [bytes(self._packed[at : at + PART_BYTES]) for at in range(0, len(self._packed), PART_BYTES)]
        try:
            self._store.write_parts(claim, parts)
        except LedgerUnavailableError:
            logger.error("answer not kept", extra={"request_id": claim.request_id, "account_id": claim.account_id})
            return None
        return Kept(self._is_stream, self._headers, len(parts))

    def _take(self, payload: bytes) -> None:
        """Payloads are JSON texts on one line: what joins them is in none of them."""
        if not self._is_too_large:
            self._append(self._compressor.compress(payload + b"\n"))

    def _append(self, packed: bytes) -> None:
        self._packed += packed
        if len(self._packed) > MOST_BYTES:
            self._is_too_large = True
            self._packed.clear()


@asynccontextmanager
async def of(reply: Reply, recorder: Recorder | None) -> AsyncIterator[None]:
    """While the reply is relayed."""
    if recorder is None:
        yield
        return
    async with aclosing(recorder.relayed(reply, reply.payloads)) as payloads:
        reply.payloads = payloads
        yield


async def replayed(parts: Sequence[bytes]) -> AsyncGenerator[bytes]:
    """The payloads that were kept, one after the other: what is decompressed may be a thousand times as large."""
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
