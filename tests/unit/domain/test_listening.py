"""What an account's log hears of an answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from openmind_llm.domain import listening
from openmind_llm.domain.completions import Reply
from openmind_llm.domain.telemetry import Content
from tests.fakes import FakeTelemetry

ASKED = Content("request-1", "account-1", [{"role": "user", "content": "Hi"}], "")
WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}}]}
CHUNKS = [
    {"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("Hel", "lo!")
] + [{"choices": [], "usage": {"total_tokens": 3}}]  # fmt: skip


def heard(payloads: list[dict[str, Any]], *, is_wanted: bool = True, most: int = 9) -> tuple[list[Content], list[Any]]:
    """What was told, and what the client got, which leaves after `most` payloads."""
    telemetry, got = FakeTelemetry(), []

    async def each() -> AsyncGenerator[bytes]:
        for one in payloads:
            yield json.dumps(one).encode()

    async def relay() -> None:
        reply = Reply({}, is_stream=len(payloads) > 1, payloads=each())
        async with listening.of(reply, ASKED, telemetry, is_wanted=is_wanted):
            async for payload in reply.payloads:
                got.append(json.loads(payload))
                if len(got) == most:
                    raise OSError("the client has left")

    try:
        asyncio.run(relay())
    except OSError:
        assert len(got) == most
    return telemetry.contents, got


@pytest.mark.parametrize("payloads", [[WHOLE], CHUNKS])
def test_question_and_answer_are_told_once(payloads: list[dict[str, Any]]) -> None:
    contents, _ = heard(payloads)

    assert contents == [Content("request-1", "account-1", ASKED.messages, "Hello!")]


@pytest.mark.parametrize("is_wanted", [True, False])
def test_the_client_gets_the_same_either_way(is_wanted: bool) -> None:
    _, got = heard(CHUNKS, is_wanted=is_wanted)

    assert got == CHUNKS


def test_nothing_is_told_where_it_is_not_wanted() -> None:
    contents, _ = heard([WHOLE], is_wanted=False)

    assert contents == []


def test_of_a_client_that_left_what_came_is_told() -> None:
    contents, _ = heard(CHUNKS, most=1)

    assert [content.answer for content in contents] == ["Hel"]
