"""The little of ASGI that the completions path needs, so that it runs without a framework."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

from openmind_llm.errors import BodyTooLargeError

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]


class App(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class ClientGoneError(Exception):
    """The client left before its request was whole."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request's body. Raises BodyTooLargeError past `limit` bytes, ClientGoneError."""
    parts: list[bytes] = []
    size, is_whole = 0, False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise BodyTooLargeError(f"The body must not be larger than {limit} bytes")
        is_whole = not message.get("more_body", False)
    return b"".join(parts)  # one part, as on Lambda, is not copied


async def send_start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def send_json(send: Send, status: int, content: bytes, headers: Mapping[str, str]) -> None:
    """`content` is the JSON text."""
    fields = {"content-type": "application/json", "content-length": str(len(content)), **headers}
    await send_start(send, status, fields)
    await send({"type": "http.response.body", "body": content})


def header(scope: Scope, name: str) -> str:
    """The first value of a header (lower-case name), or an empty text."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def joined(scope: Scope, name: str) -> str | None:
    """All values of a header (lower-case name), with commas between; None without one."""
    found = [value for one, value in headers(scope) if one == name]
    return ",".join(found) if found else None


def headers(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
