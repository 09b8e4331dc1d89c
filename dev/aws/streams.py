"""An answer that is given while its function still runs: from the thread that serves its Runtime API to the client."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, BinaryIO

from ministack.core.responses import StreamingResponse

from dev.aws.patches import Function

DELIMITER = bytes(8)
"""Between the prelude, which is JSON, and the body."""
_FAILED = b"lambda-runtime-function-error-type"
_AHEAD = 16
"""So many pieces wait for a slow client before the function has to."""
_is_wanted: ContextVar[bool] = ContextVar("is_wanted", default=False)
_listening: ContextVar["Pieces | None"] = ContextVar("listening", default=None)


class Pieces:
    """The pieces of one answer. None ends it; `is_cut` says that it ended too early."""

    def __init__(self) -> None:
        self.is_cut = False
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)

    def put(self, piece: bytes | None) -> None:
        """From another thread; waits while the client is slow."""
        asyncio.run_coroutine_threadsafe(self._queue.put(piece), self._loop).result()

    async def get(self) -> bytes | None:
        return await self._queue.get()


@dataclass(frozen=True)
class Opened:
    """An answer of which status and headers are known."""

    status: int
    headers: dict[str, str]
    repeated: dict[str, list[str]]
    first: bytes
    pieces: Pieces

    def response(self) -> StreamingResponse:
        return StreamingResponse(self._run)

    async def _run(self, send: Any, _: Any) -> None:
        """A client that has gone keeps nobody: what is sent to it is lost, and the function is read to its end."""
        piece: bytes | None = self.first
        while piece is not None:
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await self.pieces.get()
        if not self.pieces.is_cut:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def passed_on(body: BinaryIO, pieces: Pieces | None) -> Iterator[bytes]:
    """The chunks of a request to the Runtime API, which `pieces` is given as they come, cut if the request fails."""
    is_whole = False
    try:
        while size := int(body.readline(), 16):
            piece = body.read(size)
            body.readline()
            if pieces is not None:
                pieces.put(piece)
            yield piece
        is_whole = not _trailers(body)
    finally:
        if pieces is not None:
            pieces.is_cut = not is_whole
            pieces.put(None)


def _trailers(body: BinaryIO) -> bool:
    """Whether they tell of an error."""
    lines = list(iter(lambda: body.readline().strip(), b""))
    return any(line.lower().startswith(_FAILED) for line in lines)


@contextmanager
def wanted() -> Iterator[None]:
    """What is invoked within it is answered as a stream, if it streams."""
    token = _is_wanted.set(True)
    try:
        yield
    finally:
        _is_wanted.reset(token)


def listener() -> Pieces | None:
    """Who waits for the pieces of the invocation that this thread makes."""
    return _listening.get()


def opened_early(original: Function) -> Function:
    """Ministack waits for the end of an invocation: here it is given back as soon as the prelude has come."""

    async def run(function: Function, *arguments: Any, **named: Any) -> Any:
        if not _is_wanted.get():
            return await original(function, *arguments, **named)
        pieces = Pieces()
        token = _listening.set(pieces)
        try:
            whole = asyncio.create_task(original(function, *arguments, **named))
        finally:
            _listening.reset(token)
        opening = asyncio.create_task(_opened(pieces))
        await asyncio.wait({whole, opening}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            return await whole
        opened = opening.result()
        return await whole if opened is None else {"body": opened}

    return run


async def _opened(pieces: Pieces) -> Opened | None:
    """None if it ends without a prelude."""
    seen = b""
    while DELIMITER not in seen:
        piece = await pieces.get()
        if piece is None:
            return None
        seen += piece
    head, _, first = seen.partition(DELIMITER)
    prelude = json.loads(head)
    repeated = dict(prelude.get("multiValueHeaders", {}))
    if prelude.get("cookies"):
        repeated["set-cookie"] = prelude["cookies"]
    return Opened(prelude["statusCode"], dict(prelude.get("headers", {})), repeated, first, pieces)
