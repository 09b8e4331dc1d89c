"""JSON on the wire."""

import asyncio
import json
from typing import Any

from openmind_llm.api.asgi import Message, send_json


def sent(body: dict[str, Any], headers: dict[str, str]) -> list[Message]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_json(send, 200, body, headers))
    return messages


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    """A provider that cuts its text between tokens can send one, and no UTF-8 can hold it."""
    _, content = sent({"text": "cut \ud83d", "\ude00": "whole \U0001f600"}, {})

    assert json.loads(content["body"]) == {"text": "cut ?", "?": "whole \U0001f600"}


def test_a_header_that_latin_1_cannot_hold_is_sent_all_the_same() -> None:
    start, _ = sent({}, {"x-openmind-provider-request-id": "req_\u2603"})

    assert (b"x-openmind-provider-request-id", b"req_?") in start["headers"]


def test_the_length_is_that_of_the_bytes() -> None:
    start, content = sent({"text": "\u00e9\u2603"}, {})

    assert (b"content-length", str(len(content["body"])).encode()) in start["headers"]
