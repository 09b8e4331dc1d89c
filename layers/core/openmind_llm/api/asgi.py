"""The little of ASGI that the completions path needs, so that it runs without a framework."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
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
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLargeError(f"The body must not be larger than {limit} bytes")
        if not message.get("more_body", False):
            return bytes(body)


async def send_json(send: Send, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    fields = {"content-type": "application/json", "content-length": str(len(content))} | headers
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


def header(scope: Scope, name: str) -> str:
    """The first value of a header (lower-case name), or an empty text."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def headers(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
