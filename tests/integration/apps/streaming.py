"""An application for the emulators, which does what the path says."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]

HEADERS = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        message = await receive()
        await ROUTES[scope["path"]](message["body"], receive, send)


async def _start(send: Send) -> None:
    await send({"type": "http.response.start", "status": 201, "headers": HEADERS})


async def _body(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _echo(body: bytes, _: Receive, send: Send) -> None:
    """The process, and the body in chunks of a byte."""
    await _start(send)
    await _body(send, b"%d " % os.getpid(), more=True)
    for byte in body:
        await _body(send, bytes([byte]), more=True)
    await _body(send, b"", more=False)


async def _no_headers(_: bytes, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await _body(send, b"", more=False)


async def _wait(_: bytes, __: Receive, ___: Send) -> None:
    await asyncio.Event().wait()


async def _block(_: bytes, __: Receive, ___: Send) -> None:
    """Nothing else can run in this process."""
    threading.Event().wait()


async def _crash(_: bytes, __: Receive, ___: Send) -> None:
    os._exit(1)


async def _fail_midway(_: bytes, __: Receive, send: Send) -> None:
    await _start(send)
    await _body(send, b"half", more=True)
    raise KeyError


async def _obey(_: bytes, receive: Receive, send: Send) -> None:
    """Each line from CONTROL_PORT becomes a chunk, the end of lines the end of the response; tells of a disconnect."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["CONTROL_PORT"]))
    telling = asyncio.create_task(_tell(receive, writer))
    await _start(send)
    with suppress(OSError):
        while line := await reader.readline():
            await _body(send, line, more=True)
        await _body(send, b"", more=False)
    await telling
    writer.close()


async def _tell(receive: Receive, writer: asyncio.StreamWriter) -> None:
    message = await receive()
    writer.write(message["type"].encode() + b"\n")
    await writer.drain()


ROUTES = {
    "/echo": _echo,
    "/no-headers": _no_headers,
    "/wait": _wait,
    "/block": _block,
    "/crash": _crash,
    "/fail-midway": _fail_midway,
    "/obey": _obey,
}
