"""The misbehaving provider of a soak, on a real socket."""

import asyncio
import json
import math
import random
from asyncio import StreamReader, StreamWriter
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from tests import canaries
from tests.soak import faults
from tests.soak.faults import Cut, Script

SECOND_KEY = f"{canaries.PROVIDER_KEY}-second"

IDLE_S = 2.0
"""A connection without a call is closed after this time, as real providers do."""


class Provider:
    """Serves on loopback while it is entered. `calls` counts by marker, `injected` by the name of the fault.

    What a call gets is decided by the seed, its marker, and how often that was seen. Unless `is_faulty`, it is good.
    """

    def __init__(self, seed: int) -> None:
        self.calls: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self.is_faulty = False
        self.port = 0
        self._seed = seed
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._server.abort_clients()
        await self._server.wait_closed()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Whether the connection is kept. Raises TimeoutError if no call comes."""
        async with asyncio.timeout(IDLE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        named = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = json.loads(await reader.readexactly(int(named["content-length"])))
        is_second_key = named["authorization"] == f"Bearer {SECOND_KEY}".lower()
        return await _played(self._script(body, is_second_key=is_second_key), reader, writer)

    def _script(self, body: Any, *, is_second_key: bool) -> Script:
        marker, is_stream = body["messages"][0]["content"], body.get("stream", False)
        self.calls[marker] += 1
        chance = random.Random(f"{self._seed}/{marker}/{self.calls[marker]}")  # noqa: S311 - no secret
        if not self.is_faulty:
            return faults.good(chance, is_stream=is_stream)
        name, script = faults.drawn(chance, is_stream=is_stream, is_second_key=is_second_key)
        if name:
            self.injected[name] += 1
        return script


async def _played(script: Script, reader: StreamReader, writer: StreamWriter) -> bool:
    for step in script:
        if isinstance(step, Cut):
            return False
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif await _is_left_within(step, reader):
            return False
    return True


async def _is_left_within(pause_s: float, reader: StreamReader) -> bool:
    """Waits, unless the gateway closes the connection; it sends nothing while it waits for an answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(pause_s) else pause_s):
            await reader.read(1)
            return True
    return False
