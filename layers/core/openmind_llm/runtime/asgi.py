"""The types of ASGI, and its lifespan protocol as seen by a server."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

VERSIONS = {"version": "3.0", "spec_version": "2.4"}
"""Since 2.4, send() raises OSError when the client is gone."""


class StartupFailedError(Exception):
    """The application said `lifespan.startup.failed`; why, it may have logged."""


class Lifespan:
    """Startup and shutdown of an application, which need not support them: then nothing happens."""

    def __init__(self, app: App) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises StartupFailedError."""
        self._task = asyncio.create_task(self._run())
        if await self._ask("lifespan.startup") == "lifespan.startup.failed":
            raise StartupFailedError

    async def stop(self) -> None:
        await self._ask("lifespan.shutdown")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": VERSIONS, "state": self.state}
        try:
            await self._app(scope, self._asked.get, self._said.put)
        except Exception:  # noqa: BLE001 - by the specification, this is how an application says that it has no lifespan
            return

    async def _ask(self, kind: str) -> str | None:
        """What the application answered; None if it has ended instead."""
        if self._task is None or self._task.done():
            return None
        await self._asked.put({"type": kind})
        answer = asyncio.create_task(self._said.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not self._said.empty() or answer.done():
            return str((await answer)["type"])
        answer.cancel()
        return None
