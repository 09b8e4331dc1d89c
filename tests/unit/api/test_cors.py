"""Pages of another origin, where the operator lets them in."""

import asyncio
from typing import Any

from openmind_llm.api.asgi import Message, Receive, Scope, Send, send_json
from openmind_llm.api.cors import Cors

ORIGIN = "https://robots.example"
PREFLIGHT = {
    "method": "OPTIONS",
    "headers": [
        (b"origin", ORIGIN.encode()),
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-headers", b"authorization, content-type"),
    ],
}


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await send_json(send, 401, b'{"error":"no"}', {})


def answer(**scope: Any) -> tuple[int, dict[bytes, bytes]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    whole = {"type": "http", "method": "POST", "path": "/x", "headers": []} | scope
    asyncio.run(Cors(inner, ORIGIN)(whole, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_preflight_is_answered_without_a_key() -> None:
    status, headers = answer(**PREFLIGHT)

    assert status == 204
    assert headers[b"access-control-allow-origin"] == ORIGIN.encode()
    assert headers[b"access-control-allow-headers"] == b"authorization, content-type"
    assert b"POST" in headers[b"access-control-allow-methods"]


def test_every_other_answer_names_the_origin_and_lets_its_headers_be_read() -> None:
    status, headers = answer()

    assert status == 401
    assert headers[b"access-control-allow-origin"] == ORIGIN.encode()
    assert headers[b"access-control-expose-headers"] == b"*"


def test_options_that_are_no_preflight_go_on() -> None:
    status, _ = answer(method="OPTIONS")

    assert status == 401
