"""Connections that are kept for the next request, and how many there may be."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from openmind_llm.providers.http.connection import Connection
from openmind_llm.providers.http.errors import UnreachableError
from openmind_llm.providers.http.requests import Origin

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 60.0
MAX_CONNECTIONS = 1000
MAX_IDLE = 100

_NEXT_ADDRESS_S = 0.25
"""How long an address may be silent before the next one of its host is tried beside it (RFC 8305)."""

type Connect = Callable[[Origin, Callable[[], Connection]], Awaitable[Any]]


class Pool:
    """Who takes a connection gives it back, whatever became of it."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._open: set[Connection] = set()
        self._idle: dict[Connection, float] = {}
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)
        """One for each exchange: while one has a place and no connection, fewer than the most are busy."""

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def busy(self) -> int:
        return len(self._open) - len(self._idle)

    async def take(self, origin: Origin, deadline: float) -> Connection:
        """Raises UnreachableError, TimeoutError."""
        if self._places.locked():
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            return self._kept(origin) or await self._new(origin, deadline)
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: Connection) -> None:
        self._places.release()
        if not connection.rest():
            connection.abort()
            return
        now = asyncio.get_running_loop().time()
        self._idle[connection] = now
        for oldest, since in list(self._idle.items()):
            if len(self._idle) <= MAX_IDLE and since > now - KEEPALIVE_S:
                break
            oldest.abort()

    def close(self) -> None:
        for connection in list(self._open):
            connection.abort()

    def _kept(self, origin: Origin) -> Connection | None:
        """The one that was used last."""
        if not self._idle:
            return None
        expired = asyncio.get_running_loop().time() - KEEPALIVE_S
        for connection in [one for one in reversed(self._idle) if one.origin == origin]:
            if self._idle.pop(connection) > expired and connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def _new(self, origin: Origin, deadline: float) -> Connection:
        if len(self._open) >= MAX_CONNECTIONS:
            next(iter(self._idle)).abort()
        connection = Connection(origin, self._lost)
        self._open.add(connection)
        try:
            await self._connected(origin, connection, deadline)
        except BaseException:
            self._open.discard(connection)
            raise
        return connection

    async def _connected(self, origin: Origin, connection: Connection, deadline: float) -> None:
        latest = asyncio.get_running_loop().time() + CONNECT_TIMEOUT_S
        try:
            async with asyncio.timeout_at(min(latest, deadline)):
                await self._connect(origin, lambda: connection)
        except TimeoutError:
            if deadline <= latest:
                raise
            raise UnreachableError("no connection in time") from None
        except (OSError, UnicodeError) as error:  # a failure of TLS is an OSError; no host has a name of such letters
            raise UnreachableError(type(error).__name__) from None

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._idle.pop(connection, None)


def _is_name(host: str) -> bool:
    return ":" not in host and not host.replace(".", "").isdigit()


def _racing(host: str) -> dict[str, Any]:
    """Uvloop takes the addresses one after the other.

    asyncio loses a socket to the garbage collector if it is stopped in the midst of a race, and so races only names.
    """
    is_asyncio = isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop)
    return {"happy_eyeballs_delay": _NEXT_ADDRESS_S} if is_asyncio and _is_name(host) else {}


def over(context: ssl.SSLContext) -> Connect:
    """Connects to the first address of the host that answers."""

    async def connect(origin: Origin, made: Callable[[], Connection]) -> None:
        await asyncio.get_running_loop().create_connection(
            made,
            origin.host,
            origin.port,
            ssl=context if origin.scheme == "https" else None,
            **_racing(origin.host),
        )

    return connect
