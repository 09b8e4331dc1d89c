"""Asks the simulator by ASGI calls, without a server."""

import asyncio
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from dev.simulator.app import Simulator

NOW = 1_795_000_000
PROVIDERS = ("openai", "deepseek", "gemini", "xai", "nearai", "openrouter")
REQUEST_ID = "req_1"

type Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What was sent: `pieces` are the ASGI body messages, `waits` what was slept in between."""

    status: int
    headers: dict[str, str]
    pieces: list[bytes]
    is_whole: bool
    waits: list[float]

    @property
    def raw(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def message(self) -> Any:
        return self.json["choices"][0]["message"]

    @property
    def chunks(self) -> list[Any]:
        """The events of a stream, without comments and `[DONE]`."""
        lines = [line.removeprefix("data: ") for line in self.raw.decode().split("\n") if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line != "[DONE]"]


def request(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A body with one user message; other fields go on top."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}


def ask(provider: str, body: Any, *, pause_s: float = 0) -> Reply:
    return send(f"/{provider}/chat/completions", json.dumps(body).encode(), pause_s=pause_s)


def send(path: str, raw: bytes, *, method: str = "POST", pause_s: float = 0) -> Reply:
    """A simulator that stops without an answer gives status 0."""
    inbox: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}, {"type": "http.disconnect"}]
    outbox: list[Message] = []
    waits: list[float] = []

    async def receive() -> Message:
        return inbox.pop(0)

    async def deliver(message: Message) -> None:
        outbox.append(message)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    simulator = Simulator(pause_s=pause_s, now=lambda: NOW, sleep=sleep, new_id=lambda: REQUEST_ID)
    asyncio.run(_run(simulator, {"type": "http", "method": method, "path": path}, receive, deliver))
    return _reply(outbox, waits)


async def _run(simulator: Simulator, *arguments: Any) -> None:
    await simulator(*arguments)


def _reply(outbox: list[Message], waits: list[float]) -> Reply:
    if not outbox:
        return Reply(0, {}, [], is_whole=False, waits=waits)
    start, *bodies = outbox
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    pieces = [message["body"] for message in bodies if message["body"]]
    return Reply(start["status"], headers, pieces, bodies[-1]["more_body"] is False, waits)
