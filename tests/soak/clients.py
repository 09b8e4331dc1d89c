"""The clients of a soak: each sends what it wants, and tells what became of it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx

from tests import canaries
from tests.soak.wishes import Wish

MARGIN_S = 30.0
"""Beyond its deadline an answer may take so long on a busy machine: admitting and settling take their time."""

DONE = "[DONE]"


class End(StrEnum):
    """How a client saw its request end."""

    WHOLE = "whole answer"
    DONE = "whole stream"
    BROKEN = "error in a stream"
    REFUSED = "error"
    LEFT = "client left"
    CUT = "cut off without a word"
    HUNG = "no end in time"


@dataclass
class Told:
    """What a client got. `status` 0: no headers came. `cost` is in OMCU, empty where none was told."""

    wish: Wish
    end: End = End.CUT
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    error: str = ""
    cost: str = ""
    events: int = 0
    took_s: float = 0

    @property
    def request_id(self) -> str:
        return str(self.headers.get("x-request-id", ""))

    @property
    def is_replay(self) -> bool:
        return "x-openmind-idempotent-replay" in self.headers

    @property
    def attempts(self) -> int | None:
        """None where it was not told."""
        told = self.headers.get("x-openmind-attempts")
        return None if told is None else int(told)

    @property
    def is_fallback(self) -> bool:
        served = self.headers.get("x-openmind-served-by", "")
        return bool(served) and served.partition("/")[0] != self.wish.provider and not self.is_replay


class Client:
    """Waits for an answer `longest_s` seconds and MARGIN_S, where its wish does not say less."""

    def __init__(self, http: httpx.AsyncClient, longest_s: float) -> None:
        self._http = http
        self._longest_s = longest_s

    async def ask(self, wish: Wish) -> Told:
        told, started = Told(wish), time.monotonic()
        deadline_s = self._longest_s if wish.deadline_ms is None else wish.deadline_ms / 1000
        try:
            async with asyncio.timeout(deadline_s + MARGIN_S):
                await self._asked(wish, told)
        except TimeoutError:
            told.end = End.HUNG
        except httpx.HTTPError as error:
            told.end, told.error = End.CUT, type(error).__name__
        told.took_s = time.monotonic() - started
        return told

    async def _asked(self, wish: Wish, told: Told) -> None:
        try:
            async with asyncio.timeout(wish.leaves_after_s):
                await self._received(wish, told)
        except TimeoutError:
            told.end = End.LEFT

    async def _received(self, wish: Wish, told: Told) -> None:
        path = f"/api/core/{wish.provider}/chat/completions"
        async with self._http.stream("POST", path, json=wish.body, headers=wish.headers) as response:
            told.status, told.headers = response.status_code, response.headers
            canaries.look_through("answer", [repr(response.headers)])
            if told.status == httpx.codes.OK and wish.is_stream:
                await _read_events(response, told)
            else:
                _read_whole(await response.aread(), told)


def _read_whole(raw: bytes, told: Told) -> None:
    canaries.look_through("answer", [raw.decode()])
    body = json.loads(raw)
    if told.status == httpx.codes.OK:
        told.end, told.cost = End.WHOLE, told.headers["x-openmind-cost"]
    else:
        told.end, told.error = End.REFUSED, body["error"]


async def _read_events(response: httpx.Response, told: Told) -> None:
    async with aclosing(_events(response)) as events:
        async for data in events:
            canaries.look_through("event", [data])
            told.events += 1
            if data == DONE:
                told.end = End.DONE
                continue
            _read_event(json.loads(data), told)
            if told.events == told.wish.leaves_after:
                told.end = End.LEFT
                return


def _read_event(body: dict[str, Any], told: Told) -> None:
    if "error" in body:
        told.end, told.error = End.BROKEN, body["error"]["message"]
    told.cost = body.get("x_openmind_cost", told.cost)


async def _events(response: httpx.Response) -> AsyncGenerator[str]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
