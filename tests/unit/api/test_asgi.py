"""JSON on the wire."""

import asyncio

from openmind_llm.api.asgi import Message, send_json


def sent(content: bytes, headers: dict[str, str]) -> list[Message]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_json(send, 200, content, headers))
    return messages


def test_a_header_that_latin_1_cannot_hold_is_sent_all_the_same() -> None:
    start, _ = sent(b"{}", {"x-openmind-provider-request-id": "req_\u2603"})

    assert (b"x-openmind-provider-request-id", b"req_?") in start["headers"]


def test_the_length_is_that_of_the_bytes() -> None:
    start, content = sent('{"text": "\u00e9\u2603"}'.encode(), {})

    assert (b"content-length", str(len(content["body"])).encode()) in start["headers"]
